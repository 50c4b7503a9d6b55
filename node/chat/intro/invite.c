/* Invites: sealed once for many, signed for these. */
#include "node/chat/intro/invite.h"

#include "crypto/base/wipe.h"
#include "crypto/hpke/hpke.h"

#define KEY_BYTES    32u
#define SEALED_KEY   (KEY_BYTES + AEAD_TAG_BYTES)
#define PACKED_MAX   (BUNDLE_PARTS_MAX * (PREKEY_ID_BYTES + PREKEY_ENC_BYTES + SEALED_KEY + 16u) + 8u)
#define CONTENT_KEEP (2u * INVITE_BYTES_MAX)

static struct hpke_suite suite(void)
{
    return (struct hpke_suite){&hpke_xwing, &hash_sha256, &aead_chacha20poly1305};
}

/* The account and prekey that a key is wrapped for. */
struct wrapped_for {
    uint8_t bytes[ACCOUNT_ID_BYTES + PREKEY_ID_BYTES];
};

static struct wrapped_for wrapped_for(const uint8_t *account, const uint8_t *prekey_id)
{
    struct wrapped_for w;

    memcpy(w.bytes, account, ACCOUNT_ID_BYTES);
    memcpy(w.bytes + ACCOUNT_ID_BYTES, prekey_id, PREKEY_ID_BYTES);
    return w;
}

/* ---- the content ---- */

/* As it is sealed, or (recipients not empty) as it is signed. */
static enum err write_content(const struct invite *i, struct span recipients, struct buf *out)
{
    struct pack_writer w = pack_writer_to(out);

    pack_write_array(&w, 11);
    pack_write_uint(&w, INTRO_INVITE_CONTENT);
    pack_write_uint(&w, 1);
    pack_write_bin(&w, SPAN_ARRAY(i->account));
    if (recipients.len > 0)
        pack_write_raw(&w, recipients);
    pack_write_uint(&w, (uint64_t)i->purpose);
    pack_write_bin(&w, i->log);
    pack_write_bin(&w, i->welcome);
    pack_write_bin(&w, i->message);
    pack_write_uint(&w, i->day);
    pack_write_bin(&w, SPAN_ARRAY(i->installation));
    if (recipients.len == 0)
        pack_write_bin(&w, SPAN_ARRAY(i->signature));
    pack_write_extensions(&w, &i->extensions);
    return pack_writer_status(&w);
}

static enum err read_content(struct span in, struct invite *out)
{
    struct pack_reader r;

    *out = (struct invite){0};
    TRY(intro_object(in, INVITE_BYTES_MAX, INTRO_INVITE_CONTENT, 9, &r));
    pack_read_fixed(&r, out->account, sizeof out->account);
    uint64_t purpose = pack_read_uint(&r, UINT64_MAX);
    out->log = pack_read_bin(&r, 1, IDENTITY_SENT_BYTES_MAX);
    out->welcome = pack_read_bin(&r, 0, INVITE_BYTES_MAX);
    out->message = pack_read_bin(&r, 0, INVITE_BYTES_MAX);
    out->day = (uint32_t)pack_read_uint(&r, UINT32_MAX);
    pack_read_fixed(&r, out->installation, sizeof out->installation);
    pack_read_fixed(&r, out->signature, sizeof out->signature);
    pack_read_extensions(&r, &out->extensions);
    TRY(pack_end(&r));
    TRY(pack_extensions_known(&out->extensions, NULL, 0));
    if (purpose != INVITE_WELCOME)
        return ERR_UNSUPPORTED;
    out->purpose = (enum invite_purpose)purpose;
    return out->welcome.len > 0 ? OK : ERR_FORMAT;
}

/* ---- making ---- */

static enum err write_recipient(struct pack_writer *w, const struct invite *i, const struct part *p,
                                const uint8_t key[KEY_BYTES], struct rng *rng)
{
    struct hpke_suite s = suite();
    uint8_t id[PREKEY_ID_BYTES], enc[PREKEY_ENC_BYTES], sealed[SEALED_KEY];

    prekey_id(p->prekey, id);
    struct wrapped_for to = wrapped_for(i->account, id);
    TRY(hpke_seal(&s, rng, SPAN_ARRAY(p->prekey), label_text(LABEL_INTRO_INVITE_SEAL),
                  SPAN_ARRAY(to.bytes), span_of(key, KEY_BYTES), enc, sealed));
    pack_write_array(w, 3);
    pack_write_bin(w, SPAN_ARRAY(id));
    pack_write_bin(w, SPAN_ARRAY(enc));
    pack_write_bin(w, SPAN_ARRAY(sealed));
    return pack_writer_status(w);
}

static enum err write_recipients(const struct invite *i, const struct part *parts, size_t count,
                                 const uint8_t key[KEY_BYTES], struct rng *rng, struct buf *out)
{
    struct pack_writer w = pack_writer_to(out);

    pack_write_array(&w, count);
    for (size_t n = 0; n < count; n++)
        TRY(write_recipient(&w, i, &parts[n], key, rng));
    return pack_writer_status(&w);
}

static enum err sign(struct invite *i, const struct keyring_key *signer, struct span recipients)
{
    struct buf bytes = BUF_INIT(CONTENT_KEEP);
    struct span pub = keyring_public(signer);

    if (pub.len != sizeof i->installation)
        return ERR_UNSUPPORTED;
    memcpy(i->installation, pub.ptr, pub.len);
    enum err err = write_content(i, recipients, &bytes);
    if (err == OK)
        err = keyring_sign_label(signer, LABEL_INTRO_INVITE, buf_span(&bytes), i->signature);
    buf_clear(&bytes);
    return err;
}

/* What is bound to the content without being in it: everything of the outer object but `sealed`. */
static enum err associated(struct span recipients, const struct pack_extensions *x, struct buf *out)
{
    struct pack_writer w = pack_writer_to(out);

    pack_write_raw(&w, recipients);
    pack_write_extensions(&w, x);
    return pack_writer_status(&w);
}

static enum err write_sealed(struct span recipients, struct span content,
                             const uint8_t key[KEY_BYTES], struct buf *out)
{
    static const uint8_t nonce[AEAD_NONCE_BYTES];
    static const struct pack_extensions none;
    struct buf ad = BUF_INIT(PACKED_MAX + 8), sealed = BUF_INIT(INVITE_BYTES_MAX);
    struct pack_writer w = pack_writer_to(out);
    uint8_t *at = NULL;
    enum err err = associated(recipients, &none, &ad);

    if (err == OK)
        err = buf_extend(&sealed, content.len + AEAD_TAG_BYTES, &at);
    if (err == OK)
        err = aead_seal_once(&aead_chacha20poly1305, key, nonce, buf_span(&ad), &content, 1, at);
    if (err == OK) {
        pack_write_array(&w, 5);
        pack_write_uint(&w, INTRO_INVITE);
        pack_write_uint(&w, 1);
        pack_write_raw(&w, recipients);
        pack_write_bin(&w, buf_span(&sealed));
        pack_write_extensions(&w, &none);
        err = pack_writer_status(&w);
    }
    buf_clear(&ad);
    buf_clear(&sealed);
    return err;
}

enum err invite_seal(struct invite *invite, const struct keyring_key *signer,
                     const struct part *parts, size_t count, struct rng *rng, struct buf *out)
{
    struct buf packed = BUF_INIT(PACKED_MAX), content = BUF_INIT(INVITE_BYTES_MAX);
    uint8_t key[KEY_BYTES];
    size_t from = out->len;

    assert(count >= 1 && count <= BUNDLE_PARTS_MAX);
    rng_fill(rng, key, sizeof key);
    enum err err = write_recipients(invite, parts, count, key, rng, &packed);
    if (err == OK)
        err = sign(invite, signer, buf_span(&packed));
    if (err == OK)
        err = write_content(invite, SPAN_EMPTY, &content);
    if (err == OK)
        err = write_sealed(buf_span(&packed), buf_span(&content), key, out);
    if (err == ERR_FULL || (err == OK && out->len - from > INVITE_BYTES_MAX))
        err = ERR_LIMIT;
    if (err != OK)
        buf_truncate(out, from);
    wipe(key, sizeof key);
    buf_clear(&packed);
    buf_clear(&content);
    return err;
}

/* ---- opening ---- */

enum err invite_decode(struct span body, struct invite_sealed *out)
{
    struct pack_reader r, list;

    *out = (struct invite_sealed){0};
    TRY(intro_object(body, INVITE_BYTES_MAX, INTRO_INVITE, 3, &r));
    out->packed = pack_read_raw(&r);
    out->sealed = pack_read_bin(&r, AEAD_TAG_BYTES + 1, INVITE_BYTES_MAX);
    pack_read_extensions(&r, &out->extensions);
    TRY(pack_end(&r));
    TRY(pack_open(out->packed, &list));
    out->count = pack_read_array(&list, 1, BUNDLE_PARTS_MAX);
    for (size_t i = 0; i < out->count; i++) {
        struct invite_recipient *to = &out->recipients[i];
        (void)pack_read_array(&list, 3, 3);
        pack_read_fixed(&list, to->prekey_id, PREKEY_ID_BYTES);
        to->enc = pack_read_bin(&list, PREKEY_ENC_BYTES, PREKEY_ENC_BYTES);
        to->key = pack_read_bin(&list, SEALED_KEY, SEALED_KEY);
    }
    TRY(pack_end(&list));
    return pack_extensions_known(&out->extensions, NULL, 0);
}

static const struct invite_recipient *ours(const struct invite_sealed *s, const uint8_t *id)
{
    for (size_t i = 0; i < s->count; i++)
        if (memcmp(s->recipients[i].prekey_id, id, PREKEY_ID_BYTES) == 0)
            return &s->recipients[i];
    return NULL;
}

static enum err open_content(const struct invite_sealed *s, const struct invite_key *key,
                             struct buf *keep)
{
    static const uint8_t nonce[AEAD_NONCE_BYTES];
    const struct invite_recipient *to = ours(s, key->id);
    struct hpke_suite hpke = suite();
    struct buf ad = BUF_INIT(ENVELOPE_BYTES_MAX + PACKED_MAX);
    uint8_t content_key[KEY_BYTES], *at = NULL;

    if (to == NULL)
        return ERR_NOT_FOUND;
    struct wrapped_for us = wrapped_for(key->account, key->id);
    enum err err =
        hpke_open(&hpke, to->enc, key->secret, SPAN_EMPTY, label_text(LABEL_INTRO_INVITE_SEAL),
                  SPAN_ARRAY(us.bytes), to->key, content_key);
    if (err == OK)
        err = associated(s->packed, &s->extensions, &ad);
    if (err == OK)
        err = buf_extend(keep, s->sealed.len - AEAD_TAG_BYTES, &at);
    if (err == OK)
        err = aead_open_once(&aead_chacha20poly1305, content_key, nonce, buf_span(&ad), s->sealed,
                             at);
    wipe(content_key, sizeof content_key);
    buf_clear(&ad);
    return err;
}

static enum err verify(const struct invite *i, struct span recipients, uint8_t hash[32])
{
    struct buf bytes = BUF_INIT(CONTENT_KEEP);
    enum err err = write_content(i, recipients, &bytes);
    struct span part = buf_span(&bytes);

    if (err == OK)
        err = label_verify(LABEL_INTRO_INVITE, i->installation, part, i->signature);
    if (err == OK)
        label_hash(LABEL_INTRO_INVITE_HASH, &part, 1, hash);
    buf_clear(&bytes);
    return err;
}

enum err invite_open(const struct invite_sealed *sealed, const struct invite_key *key, uint32_t day,
                     struct buf *keep, struct invite *out, uint8_t hash[32])
{
    buf_reset(keep);
    *out = (struct invite){0};
    enum err err = open_content(sealed, key, keep);
    if (err == OK)
        err = read_content(buf_span(keep), out);
    if (err == OK && memcmp(out->account, key->account, ACCOUNT_ID_BYTES) != 0)
        err = ERR_AUTH;
    if (err == OK)
        err = verify(out, sealed->packed, hash);
    if (err == OK && out->day != day)
        err = ERR_PROTOCOL;
    if (err != OK) {
        *out = (struct invite){0};
        buf_reset(keep);
    }
    return err;
}
