/* Bundles and parts as bytes, and which part may be believed. */
#include "node/chat/intro/bundle.h"

#include "node/chat/identity/identity_log.h"

/* ---- parts ---- */

static enum err write_part(const struct part *p, bool sealed, struct buf *out)
{
    struct pack_writer w = pack_writer_to(out);

    pack_write_array(&w, sealed ? 14 : 13);
    pack_write_uint(&w, INTRO_PART);
    pack_write_uint(&w, 1);
    pack_write_bin(&w, SPAN_ARRAY(p->account));
    pack_write_uint(&w, p->seq);
    pack_write_bin(&w, SPAN_ARRAY(p->head));
    pack_write_bin(&w, SPAN_ARRAY(p->installation));
    pack_write_uint(&w, p->issued_s);
    pack_write_uint(&w, p->expiry_s);
    pack_write_bin(&w, SPAN_ARRAY(p->prekey));
    pack_write_bin(&w, p->key_package);
    pack_write_uint(&w, p->policy);
    pack_write_uint(&w, p->bits);
    if (sealed)
        pack_write_bin(&w, SPAN_ARRAY(p->signature));
    pack_write_extensions(&w, &p->extensions);
    return pack_writer_status(&w);
}

enum err part_encode(const struct part *p, struct buf *out)
{
    size_t from = out->len;
    enum err err = write_part(p, true, out);

    if (err == OK && out->len - from > PART_BYTES_MAX)
        err = ERR_LIMIT;
    if (err != OK)
        buf_truncate(out, from);
    return err;
}

enum err part_decode(struct span in, struct part *out)
{
    struct pack_reader r;

    *out = (struct part){0};
    TRY(intro_object(in, PART_BYTES_MAX, INTRO_PART, 12, &r));
    pack_read_fixed(&r, out->account, sizeof out->account);
    out->seq = pack_read_uint(&r, UINT64_MAX);
    pack_read_fixed(&r, out->head, sizeof out->head);
    pack_read_fixed(&r, out->installation, sizeof out->installation);
    out->issued_s = pack_read_uint(&r, UINT32_MAX);
    out->expiry_s = pack_read_uint(&r, UINT32_MAX);
    pack_read_fixed(&r, out->prekey, PREKEY_BYTES);
    out->key_package = pack_read_bin(&r, 1, PART_PACKAGE_BYTES_MAX);
    out->policy = pack_read_uint(&r, UINT64_MAX);
    out->bits = (unsigned)pack_read_uint(&r, STAMP_BITS_MAX);
    pack_read_fixed(&r, out->signature, sizeof out->signature);
    pack_read_extensions(&r, &out->extensions);
    TRY(pack_end(&r));
    if (out->expiry_s <= out->issued_s || out->expiry_s - out->issued_s > PART_LIFE_S ||
        out->policy == 0)
        return ERR_FORMAT;
    return pack_extensions_known(&out->extensions, NULL, 0);
}

static enum err signed_bytes(const struct part *p, struct buf *out)
{
    *out = BUF_INIT(PART_BYTES_MAX);
    enum err err = write_part(p, false, out);
    if (err != OK)
        buf_clear(out);
    return err == ERR_FULL ? ERR_LIMIT : err;
}

enum err part_sign(struct part *p, const struct keyring_key *key)
{
    struct span pub = keyring_public(key);
    struct buf bytes;

    if (pub.len != sizeof p->installation)
        return ERR_UNSUPPORTED;
    memcpy(p->installation, pub.ptr, pub.len);
    TRY(signed_bytes(p, &bytes));
    enum err err = keyring_sign_label(key, LABEL_INTRO_PART, buf_span(&bytes), p->signature);
    buf_clear(&bytes);
    return err;
}

enum err part_verify(const struct part *p)
{
    struct buf bytes;

    TRY(signed_bytes(p, &bytes));
    enum err err = label_verify(LABEL_INTRO_PART, p->installation, buf_span(&bytes), p->signature);
    buf_clear(&bytes);
    return err;
}

void prekey_id(const uint8_t prekey[PREKEY_BYTES], uint8_t out[PREKEY_ID_BYTES])
{
    struct span part = span_of(prekey, PREKEY_BYTES);
    uint8_t hash[SHA256_BYTES];

    label_hash(LABEL_INTRO_PREKEY, &part, 1, hash);
    memcpy(out, hash, PREKEY_ID_BYTES);
}

/* ---- bundles ---- */

enum err bundle_encode(const struct bundle *b, struct buf *out)
{
    struct pack_writer w = pack_writer_to(out);
    size_t from = out->len;

    assert(b->count <= BUNDLE_PARTS_MAX);
    pack_write_array(&w, 5);
    pack_write_uint(&w, INTRO_BUNDLE);
    pack_write_uint(&w, 1);
    pack_write_bin(&w, b->log);
    pack_write_array(&w, b->count);
    for (size_t i = 0; i < b->count; i++)
        pack_write_bin(&w, b->parts[i]);
    pack_write_extensions(&w, &b->extensions);
    enum err err = pack_writer_status(&w);
    if (err == OK && out->len - from > BUNDLE_BYTES_MAX)
        err = ERR_LIMIT;
    if (err != OK)
        buf_truncate(out, from);
    return err;
}

enum err bundle_decode(struct span in, struct bundle *out)
{
    struct pack_reader r;

    *out = (struct bundle){0};
    TRY(intro_object(in, BUNDLE_BYTES_MAX, INTRO_BUNDLE, 3, &r));
    out->log = pack_read_bin(&r, 1, IDENTITY_SENT_BYTES_MAX);
    out->count = pack_read_array(&r, 0, BUNDLE_PARTS_MAX);
    for (size_t i = 0; i < out->count; i++)
        out->parts[i] = pack_read_bin(&r, 1, PART_BYTES_MAX);
    pack_read_extensions(&r, &out->extensions);
    TRY(pack_end(&r));
    return pack_extensions_known(&out->extensions, NULL, 0);
}

/* ---- which parts hold ---- */

static bool takes_away(enum identity_type type)
{
    return type == IDENTITY_INSTALL_REVOKE || type == IDENTITY_RECOVER;
}

/* Do we know every event behind `seq`, and is none of them a revocation? */
static bool nobody_left_since(const struct identity_log *log, uint64_t seq)
{
    uint64_t above = UINT64_MAX; /* the event that must come next, going back */

    for (size_t i = log->count; i > 0; i--) {
        const struct log_entry *e = log->entries[i - 1];
        if (above != UINT64_MAX && e->after.seq + 1 != above)
            return seq + 1 >= above;
        if (e->after.seq <= seq)
            return true;
        if (takes_away(e->type))
            return false;
        above = e->after.seq;
    }
    return true;
}

enum part_verdict part_judge(const struct part *p, const struct identity_log *log, uint64_t now_s)
{
    const struct identity *now = identity_log_now(log);
    const struct log_entry *known = log_entry_at(log, p->seq);

    if (memcmp(p->account, now->account, sizeof p->account) != 0)
        return PART_OTHER_ACCOUNT;
    if (now->status != IDENTITY_ALIVE)
        return PART_NOBODY_TO_TRUST;
    if (p->expiry_s <= now_s)
        return PART_EXPIRED;
    if (p->issued_s > now_s + PART_SKEW_S)
        return PART_EARLY;
    if (!identity_has(now, p->installation, NULL))
        return PART_REVOKED;
    if (p->seq > now->seq ||
        (known != NULL && memcmp(known->after.head, p->head, sizeof p->head) != 0))
        return PART_OTHER_BRANCH;
    return nobody_left_since(log, p->seq) ? PART_GOOD : PART_OUTDATED;
}
