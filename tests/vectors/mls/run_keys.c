/* crypto-basics, key-schedule, psk_secret, transcript-hashes, secret-tree: derivations. */
#include "crypto/mls/schedule.h"
#include "crypto/mls/secret_tree.h"
#include "tests/vectors/mls/run.h"

static bool signing(struct vector *t, const struct json *v)
{
    struct raw_signer raw = {t->s, json_hex(t->a, v, "priv"), json_hex(t->a, v, "pub")};
    struct mls_signer signer = {raw.pub, sign_raw, &raw};
    struct span content = json_hex(t->a, v, "content");
    char label[64] = {0};
    uint8_t sig[MLS_SIGNATURE_MAX];
    size_t sig_len;

    memcpy(label, json_text(v, "label").ptr, json_text(v, "label").len);
    NEED_OK(mls_verify(t->s, raw.pub, label, &content, 1, json_hex(t->a, v, "signature")));
    NEED_OK(mls_sign(&signer, label, &content, 1, sig, &sig_len));
    NEED_OK(mls_verify(t->s, raw.pub, label, &content, 1, span_of(sig, sig_len)));
    return true;
}

static bool sealing(struct vector *t, const struct json *v)
{
    struct span secret = json_hex(t->a, v, "priv"), pub = json_hex(t->a, v, "pub");
    struct span plain = json_hex(t->a, v, "plaintext");
    struct mls_seal_context c;
    char label[64] = {0};
    uint8_t enc[MLS_KEM_OUTPUT_MAX], sealed[256], opened[256], seed[HPKE_RANDOM_BYTES_MAX];

    memcpy(label, json_text(v, "label").ptr, json_text(v, "label").len);
    mls_seal_context_init(&c, t->s, label, json_hex(t->a, v, "context"));
    NEED_OK(mls_open(&c, secret, pub, json_hex(t->a, v, "kem_output"),
                     json_hex(t->a, v, "ciphertext"), opened));
    NEED_SAME(span_of(opened, plain.len), plain);
    rng_fill(t->rng, seed, sizeof seed);
    NEED_OK(mls_seal(&c, pub, plain, seed, enc, sealed));
    NEED_OK(mls_open(&c, secret, pub, span_of(enc, mls_kem_output_bytes(t->s)),
                     span_of(sealed, plain.len + MLS_AEAD_TAG), opened));
    NEED_SAME(span_of(opened, plain.len), plain);
    return true;
}

bool run_crypto_basics(struct vector *t)
{
    const struct json *v = json_get(t->v, "ref_hash");
    uint8_t out[256];
    size_t nh = t->s->hash->bytes;

    mls_ref_hash_raw(t->s, json_text(v, "label"), json_hex(t->a, v, "value"), out);
    NEED_SAME(span_of(out, nh), json_hex(t->a, v, "out"));

    v = json_get(t->v, "expand_with_label");
    mls_expand(t->s, json_hex(t->a, v, "secret"), json_text(v, "label"),
               json_hex(t->a, v, "context"), out, json_u64(v, "length"));
    NEED_SAME(span_of(out, json_u64(v, "length")), json_hex(t->a, v, "out"));

    v = json_get(t->v, "derive_secret");
    mls_expand(t->s, json_hex(t->a, v, "secret"), json_text(v, "label"), SPAN_EMPTY, out, nh);
    NEED_SAME(span_of(out, nh), json_hex(t->a, v, "out"));

    v = json_get(t->v, "derive_tree_secret");
    char label[64] = {0};
    memcpy(label, json_text(v, "label").ptr, json_text(v, "label").len);
    mls_derive_tree(t->s, json_hex(t->a, v, "secret"), label, (uint32_t)json_u64(v, "generation"),
                    out, json_u64(v, "length"));
    NEED_SAME(span_of(out, json_u64(v, "length")), json_hex(t->a, v, "out"));

    return signing(t, json_get(t->v, "sign_with_label")) &&
           sealing(t, json_get(t->v, "encrypt_with_label"));
}

static bool secret_is(struct vector *t, const struct mls_secret *got, const struct json *v,
                      const char *key)
{
    return same(mls_secret_span(t->s, got), json_hex(t->a, v, key), __FILE__, __LINE__, key);
}

static bool epoch_is(struct vector *t, const struct mls_epoch_secrets *e, const struct json *v)
{
    NEED(secret_is(t, &e->init, v, "init_secret"));
    NEED(secret_is(t, &e->sender_data, v, "sender_data_secret"));
    NEED(secret_is(t, &e->encryption, v, "encryption_secret"));
    NEED(secret_is(t, &e->exporter, v, "exporter_secret"));
    NEED(secret_is(t, &e->authenticator, v, "epoch_authenticator"));
    NEED(secret_is(t, &e->external, v, "external_secret"));
    NEED(secret_is(t, &e->confirmation_key, v, "confirmation_key"));
    NEED(secret_is(t, &e->membership_key, v, "membership_key"));
    NEED(secret_is(t, &e->resumption, v, "resumption_psk"));
    return true;
}

static bool epoch_step(struct vector *t, const struct json *v, uint64_t number,
                       struct mls_secret *init)
{
    struct span tree_hash = json_hex(t->a, v, "tree_hash");
    struct mls_group_context c = {
        MLS_VERSION_10, t->s->code, hex(t, "group_id"),
        number,         tree_hash,  json_hex(t->a, v, "confirmed_transcript_hash"),
        SPAN_EMPTY,     SPAN_EMPTY};
    struct mls_secret commit = secret_of(t, v, "commit_secret");
    struct mls_secret psk = secret_of(t, v, "psk_secret");
    struct mls_secret joiner, welcome;
    struct mls_epoch_secrets e;
    struct mls_key_pair external;
    CLEARED(buf_clear) struct buf context = BUF_INIT(1 << 16);
    struct writer w = writer_to(&context);

    mls_write_group_context(&w, &c);
    NEED_OK(writer_status(&w));
    NEED_SAME(buf_span(&context), json_hex(t->a, v, "group_context"));
    mls_joiner_secret(t->s, init, &commit, buf_span(&context), &joiner);
    NEED(secret_is(t, &joiner, v, "joiner_secret"));
    mls_welcome_secret(t->s, &joiner, &psk, &welcome);
    NEED(secret_is(t, &welcome, v, "welcome_secret"));
    mls_epoch_derive(t->s, &joiner, &psk, buf_span(&context), &e);
    NEED(epoch_is(t, &e, v));
    NEED_OK(mls_derive_key_pair(t->s, mls_secret_span(t->s, &e.external), &external));
    NEED_SAME(span_of(external.pub, mls_public_bytes(t->s)), json_hex(t->a, v, "external_pub"));

    const struct json *x = json_get(v, "exporter");
    uint8_t out[256];
    NEED(json_u64(x, "length") <= sizeof out);
    NEED_OK(mls_export_secret(t->s, &e.exporter, json_text(x, "label"),
                              json_hex(t->a, x, "context"), out, json_u64(x, "length")));
    NEED_SAME(span_of(out, json_u64(x, "length")), json_hex(t->a, x, "secret"));
    *init = e.init;
    return true;
}

bool run_key_schedule(struct vector *t)
{
    struct mls_secret init = secret_of(t, t->v, "initial_init_secret");
    uint64_t number = 0;

    for (JSON_EACH(v, json_get(t->v, "epochs")))
        NEED(epoch_step(t, v, number++, &init));
    return true;
}

bool run_psk_secret(struct vector *t)
{
    const struct json *psks = json_get(t->v, "psks");
    struct mls_secret out;
    uint16_t i = 0;

    mls_psk_begin(&out);
    for (JSON_EACH(v, psks)) {
        struct mls_psk_id id = {.type = MLS_PSK_EXTERNAL,
                                .id = json_hex(t->a, v, "psk_id"),
                                .nonce = json_hex(t->a, v, "psk_nonce")};
        CLEARED(buf_clear) struct buf encoded = BUF_INIT(1 << 16);
        struct writer w = writer_to(&encoded);
        mls_write_psk_id(&w, &id);
        NEED_OK(writer_status(&w));
        NEED_OK(mls_psk_fold(t->s, buf_span(&encoded), json_hex(t->a, v, "psk"), i++,
                             (uint16_t)psks->count, &out));
    }
    NEED(secret_is(t, &out, t->v, "psk_secret"));
    return true;
}

bool run_transcript_hashes(struct vector *t)
{
    struct reader r = reader_of(hex(t, "authenticated_content"));
    struct mls_framed_content content;
    struct mls_content_auth auth;
    uint8_t confirmed[MLS_HASH_MAX], interim[MLS_HASH_MAX], tag[MLS_HASH_MAX];
    size_t nh = t->s->hash->bytes;

    uint16_t format = read_be16(&r);
    mls_read_framed_content(&r, &content);
    mls_read_content_auth(&r, content.content_type, &auth);
    NEED_OK(mls_read_end(&r));
    NEED(content.content_type == MLS_CONTENT_COMMIT);
    mls_confirmed_transcript_hash(t->s, hex(t, "interim_transcript_hash_before"), format,
                                  content.encoded, auth.signature, confirmed);
    NEED_SAME(span_of(confirmed, nh), hex(t, "confirmed_transcript_hash_after"));
    mls_mac(t->s, hex(t, "confirmation_key"), span_of(confirmed, nh), tag);
    NEED_SAME(span_of(tag, nh), auth.confirmation_tag);
    mls_interim_transcript_hash(t->s, span_of(confirmed, nh), auth.confirmation_tag, interim);
    NEED_SAME(span_of(interim, nh), hex(t, "interim_transcript_hash_after"));
    return true;
}

static bool ratchet_key_is(struct vector *t, struct mls_secret_tree *tree, uint32_t leaf,
                           enum mls_ratchet_kind kind, const struct json *v)
{
    bool handshake = kind == MLS_RATCHET_HANDSHAKE;
    CLEARED(mls_ratchet_step_clear) struct mls_ratchet_step step = {0};

    NEED_OK(mls_secret_tree_peek(tree, leaf, kind, (uint32_t)json_u64(v, "generation"), &step));
    NEED_SAME(span_of(step.key.key, t->s->key_bytes),
              json_hex(t->a, v, handshake ? "handshake_key" : "application_key"));
    NEED_SAME(SPAN_ARRAY(step.key.nonce),
              json_hex(t->a, v, handshake ? "handshake_nonce" : "application_nonce"));
    NEED_OK(mls_secret_tree_take(tree, &step));
    return true;
}

bool run_secret_tree(struct vector *t)
{
    const struct json *v = json_get(t->v, "sender_data"), *leaves = json_get(t->v, "leaves");
    struct mls_secret secret = secret_of(t, v, "sender_data_secret");
    uint8_t key[MLS_AEAD_KEY_MAX], nonce[MLS_AEAD_NONCE];
    CLEARED(mls_secret_tree_clear) struct mls_secret_tree tree = {0};
    uint32_t leaf = 0;

    mls_sender_data_key(t->s, &secret, json_hex(t->a, v, "ciphertext"), key, nonce);
    NEED_SAME(span_of(key, t->s->key_bytes), json_hex(t->a, v, "key"));
    NEED_SAME(SPAN_ARRAY(nonce), json_hex(t->a, v, "nonce"));

    secret = secret_of(t, t->v, "encryption_secret");
    NEED_OK(mls_secret_tree_init(&tree, t->s, (uint32_t)leaves->count, &secret));
    for (JSON_EACH(generations, leaves)) {
        for (JSON_EACH(g, generations)) {
            NEED(ratchet_key_is(t, &tree, leaf, MLS_RATCHET_HANDSHAKE, g));
            NEED(ratchet_key_is(t, &tree, leaf, MLS_RATCHET_APPLICATION, g));
        }
        leaf++;
    }
    return true;
}
