/* message-protection, welcome, passive-client-*: whole messages and whole groups. */
#include "crypto/mls/group_state.h"
#include "tests/vectors/mls/run.h"

/* -- message-protection -- */

#define SENDER 1u /* the formats' document: leaf 1 of 2 sends */

struct protection {
    struct vector *t;
    struct buf context;
    struct mls_secret membership_key, sender_data, encryption;
    struct raw_signer raw;
    struct mls_signer signer;
};

/* Some generators leave out leading zeros of NIST private keys. */
static struct span padded(struct vector *t, struct span key, size_t len)
{
    uint8_t *out = arena_alloc(t->a, len);

    assert(out != NULL && key.len <= len);
    memcpy(out + (len - key.len), key.ptr, key.len);
    return span_of(out, len);
}

static bool setup(struct vector *t, struct protection *p)
{
    struct mls_group_context c = {MLS_VERSION_10,      t->s->code,
                                  hex(t, "group_id"),  json_u64(t->v, "epoch"),
                                  hex(t, "tree_hash"), hex(t, "confirmed_transcript_hash"),
                                  SPAN_EMPTY,          SPAN_EMPTY};
    *p = (struct protection){.t = t, .context = BUF_INIT(1 << 16)};
    struct writer w = writer_to(&p->context);
    mls_write_group_context(&w, &c);
    p->membership_key = secret_of(t, t->v, "membership_key");
    p->sender_data = secret_of(t, t->v, "sender_data_secret");
    p->encryption = secret_of(t, t->v, "encryption_secret");
    p->raw =
        (struct raw_signer){t->s, padded(t, hex(t, "signature_priv"), t->s->sign->secret_bytes),
                            hex(t, "signature_pub")};
    p->signer = (struct mls_signer){p->raw.pub, sign_raw, &p->raw};
    NEED_OK(writer_status(&w));
    return true;
}

/* Open one message of either kind; is its body the raw value? */
static bool opens(struct protection *p, struct span message, struct span raw)
{
    const struct mls_suite *s = p->t->s;
    struct mls_message m;
    CLEARED(mls_opened_clear) struct mls_opened o = {0};
    CLEARED(mls_secret_tree_clear) struct mls_secret_tree secrets = {0};

    NEED_OK(mls_secret_tree_init(&secrets, s, 2, &p->encryption));
    NEED_OK(mls_message_decode(message, &m));
    if (m.wire_format == MLS_WIRE_PUBLIC_MESSAGE)
        NEED_OK(mls_public_unprotect(s, &p->membership_key, &m.public_message,
                                     buf_span(&p->context), &o));
    else
        NEED_OK(mls_private_unprotect(&secrets, &p->sender_data, &m.private_message, UINT32_MAX,
                                      NULL, NULL, &o));
    NEED(o.content.sender.index == SENDER);
    NEED_OK(mls_content_verify(s, p->raw.pub, &o, buf_span(&p->context)));
    NEED_SAME(o.content.content_type == MLS_CONTENT_APPLICATION ? o.content.application
                                                                : o.content.body,
              raw);
    return true;
}

static bool protect(struct protection *p, uint8_t content_type, uint16_t format, struct span body,
                    struct buf *out, enum err wanted)
{
    const struct mls_suite *s = p->t->s;
    struct mls_framed_content c = {.group_id = hex(p->t, "group_id"),
                                   .epoch = json_u64(p->t->v, "epoch"),
                                   .sender = {MLS_SENDER_MEMBER, SENDER},
                                   .content_type = content_type,
                                   .body = body};
    CLEARED(buf_clear) struct buf framed = BUF_INIT(1 << 20);
    struct writer w = writer_to(&framed);
    uint8_t sig[MLS_SIGNATURE_MAX], tag[MLS_HASH_MAX] = {7};
    size_t sig_len;
    CLEARED(mls_secret_tree_clear) struct mls_secret_tree secrets = {0};

    NEED_OK(mls_secret_tree_init(&secrets, s, 2, &p->encryption));
    mls_write_framed_content(&w, &c);
    c.encoded = buf_span(&framed);
    NEED_OK(mls_content_sign(&p->signer, format, c.encoded, buf_span(&p->context), sig, &sig_len));
    struct mls_content_auth auth = {span_of(sig, sig_len), span_of(tag, s->hash->bytes)};
    enum err err =
        format == MLS_WIRE_PUBLIC_MESSAGE
            ? mls_public_protect(s, &p->membership_key, &c, &auth, buf_span(&p->context), out)
            : mls_private_protect(&secrets, &p->sender_data, &c, &auth, 13, p->t->rng, out);
    NEED((int)err == (int)wanted);
    return true;
}

static bool both_ways(struct protection *p, uint8_t type, const char *raw_key, const char *key,
                      uint16_t format)
{
    struct vector *t = p->t;
    struct span raw = hex(t, raw_key);
    CLEARED(buf_clear) struct buf body = BUF_INIT(1 << 20);
    CLEARED(buf_clear) struct buf out = BUF_INIT(1 << 20);
    struct writer w = writer_to(&body);

    if (type == MLS_CONTENT_APPLICATION)
        mls_write_vector(&w, raw);
    else
        write_bytes(&w, raw);
    NEED(opens(p, hex(t, key), raw));
    NEED(protect(p, type, format, buf_span(&body), &out, OK));
    NEED(opens(p, buf_span(&out), raw));
    return true;
}

static void protection_clear(struct protection *p)
{
    buf_clear(&p->context);
}

bool run_message_protection(struct vector *t)
{
    CLEARED(protection_clear) struct protection p = {0};
    CLEARED(buf_clear) struct buf out = BUF_INIT(1 << 20);

    NEED(setup(t, &p));
    NEED(both_ways(&p, MLS_CONTENT_PROPOSAL, "proposal", "proposal_pub", MLS_WIRE_PUBLIC_MESSAGE));
    NEED(
        both_ways(&p, MLS_CONTENT_PROPOSAL, "proposal", "proposal_priv", MLS_WIRE_PRIVATE_MESSAGE));
    NEED(both_ways(&p, MLS_CONTENT_COMMIT, "commit", "commit_pub", MLS_WIRE_PUBLIC_MESSAGE));
    NEED(both_ways(&p, MLS_CONTENT_COMMIT, "commit", "commit_priv", MLS_WIRE_PRIVATE_MESSAGE));
    NEED(both_ways(&p, MLS_CONTENT_APPLICATION, "application", "application_priv",
                   MLS_WIRE_PRIVATE_MESSAGE));
    NEED(protect(&p, MLS_CONTENT_APPLICATION, MLS_WIRE_PUBLIC_MESSAGE, hex(t, "application"), &out,
                 mls_fail(MLS_WRONG_CONTENT)));
    return true;
}

/* -- welcome -- */

static bool group_info_holds(struct vector *t, struct span plain, const struct mls_secret *joiner)
{
    struct reader r = reader_of(plain);
    struct mls_group_info info;
    struct mls_secret psk;
    struct mls_epoch_secrets e;
    uint8_t tag[MLS_HASH_MAX];

    mls_read_group_info(&r, &info);
    NEED_OK(mls_read_end(&r));
    NEED_OK(mls_verify(t->s, hex(t, "signer_pub"), "GroupInfoTBS", &info.tbs, 1, info.signature));
    mls_psk_begin(&psk);
    mls_epoch_derive(t->s, joiner, &psk, info.context.encoded, &e);
    mls_mac(t->s, mls_secret_span(t->s, &e.confirmation_key),
            info.context.confirmed_transcript_hash, tag);
    NEED_SAME(span_of(tag, t->s->hash->bytes), info.confirmation_tag);
    return true;
}

bool run_welcome(struct vector *t)
{
    struct mls_message m, k;
    struct mls_encrypted_secrets entry;
    struct mls_seal_context context;
    struct mls_group_secrets secrets;
    struct mls_secret joiner = {0}, psk, welcome;
    uint8_t ref[MLS_HASH_MAX], key[MLS_AEAD_KEY_MAX], nonce[MLS_AEAD_NONCE];
    bool found = false;

    NEED_OK(mls_message_decode(hex(t, "welcome"), &m));
    NEED_OK(mls_message_decode(hex(t, "key_package"), &k));
    NEED(m.wire_format == MLS_WIRE_WELCOME && k.wire_format == MLS_WIRE_KEY_PACKAGE);
    mls_key_package_ref(t->s, k.key_package.encoded, ref);
    struct reader list = reader_of(m.welcome.secrets);
    while (!found && mls_read_more(&list)) {
        mls_read_encrypted_secrets(&list, &entry);
        found = span_eq(entry.new_member, span_of(ref, t->s->hash->bytes));
    }
    NEED(found);
    uint8_t *plain = arena_alloc(t->a, entry.sealed.ciphertext.len);
    mls_seal_context_init(&context, t->s, "Welcome", m.welcome.group_info);
    NEED_OK(mls_open(&context, hex(t, "init_priv"), k.key_package.init_key, entry.sealed.kem_output,
                     entry.sealed.ciphertext, plain));
    struct reader r = reader_of(span_of(plain, entry.sealed.ciphertext.len - MLS_AEAD_TAG));
    mls_read_group_secrets(&r, &secrets);
    NEED_OK(mls_read_end(&r));
    memcpy(joiner.bytes, secrets.joiner_secret.ptr, secrets.joiner_secret.len);
    mls_psk_begin(&psk);
    mls_welcome_secret(t->s, &joiner, &psk, &welcome);
    mls_welcome_key(t->s, &welcome, key, nonce);
    uint8_t *info = arena_alloc(t->a, m.welcome.group_info.len);
    NEED_OK(aead_open_once(t->s->aead, key, nonce, SPAN_EMPTY, m.welcome.group_info, info));
    return group_info_holds(t, span_of(info, m.welcome.group_info.len - MLS_AEAD_TAG), &joiner);
}

/* -- passive-client-* -- */

static enum err find_psk(void *ctx, const struct mls_psk_id *id, struct buf *out)
{
    struct vector *t = ctx;

    for (JSON_EACH(v, json_get(t->v, "external_psks")))
        if (id->type == MLS_PSK_EXTERNAL && span_eq(id->id, json_hex(t->a, v, "psk_id")))
            return buf_append(out, json_hex(t->a, v, "psk"));
    return ERR_NOT_FOUND;
}

static bool keys_fit(struct vector *t, const struct mls_key_package *k,
                     struct mls_package_keys *keys)
{
    struct span init = padded(t, hex(t, "init_priv"), mls_private_bytes(t->s));
    struct span leaf = padded(t, hex(t, "encryption_priv"), mls_private_bytes(t->s));
    struct span sign = padded(t, hex(t, "signature_priv"), t->s->sign->secret_bytes);
    uint8_t pub[MLS_PUBLIC_MAX];

    memcpy(keys->init, init.ptr, init.len);
    memcpy(keys->leaf, leaf.ptr, leaf.len);
    NEED_OK(mls_public_of(t->s, init, pub));
    NEED_SAME(span_of(pub, mls_public_bytes(t->s)), k->init_key);
    NEED_OK(mls_public_of(t->s, leaf, pub));
    NEED_SAME(span_of(pub, mls_public_bytes(t->s)), k->leaf.encryption_key);
    NEED_OK(sign_public(t->s->sign, sign.ptr, pub));
    NEED_SAME(span_of(pub, t->s->sign->public_bytes), k->leaf.signature_key);
    return true;
}

/* One message that must be of this kind; a commit moves the group on. */
static bool receive(const struct mls_world *w, struct span message, enum mls_event_kind kind,
                    struct mls_group **g)
{
    CLEARED(mls_event_clear) struct mls_event e = {0};

    NEED_OK(mls_receive(*g, w, message, &e));
    NEED(e.kind == kind);
    if (kind == MLS_EVENT_COMMIT) {
        mls_group_free(*g);
        *g = e.next;
        e.next = NULL;
    }
    return true;
}

static bool follow_epoch(struct vector *t, const struct mls_world *w, const struct json *v,
                         struct mls_group **g)
{
    for (JSON_EACH(p, json_get(v, "proposals")))
        NEED(receive(w, json_bytes(t->a, p), MLS_EVENT_PROPOSAL, g));
    NEED(receive(w, json_hex(t->a, v, "commit"), MLS_EVENT_COMMIT, g));
    NEED_SAME(mls_group_epoch_authenticator(*g), json_hex(t->a, v, "epoch_authenticator"));
    return true;
}

static void group_drop(struct mls_group **g)
{
    mls_group_free(*g);
}

bool run_passive_client(struct vector *t)
{
    struct mls_world w = {.rng = t->rng, .ctx = t, .psk = find_psk};
    struct mls_message package;
    struct mls_package_keys keys = {0};
    struct mls_join join = {.welcome = hex(t, "welcome"), .keys = &keys};
    struct reader tree = reader_of(hex(t, "ratchet_tree"));
    CLEARED(group_drop) struct mls_group *g = NULL;

    NEED_OK(mls_message_decode(hex(t, "key_package"), &package));
    NEED(package.wire_format == MLS_WIRE_KEY_PACKAGE);
    NEED(keys_fit(t, &package.key_package, &keys));
    join.key_package = package.key_package.encoded;
    if (tree.rest.len > 0)
        join.ratchet_tree = mls_read_vector(&tree);
    NEED_OK(mls_group_join(&w, &join, &g));
    mls_group_keep_resumptions(g, MLS_RESUMPTIONS_MAX);
    NEED_SAME(mls_group_epoch_authenticator(g), hex(t, "initial_epoch_authenticator"));
    for (JSON_EACH(v, json_get(t->v, "epochs")))
        NEED(follow_epoch(t, &w, v, &g));
    return true;
}
