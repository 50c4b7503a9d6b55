/* RFC 9180's vectors: every KEM it has any for, all four modes, all AEADs, exports; and those of
 * draft-ietf-hpke-pq that use HKDF. */
#include "crypto/hpke/hpke.h"
#include "tests/lib/json.h"

#include <stdio.h>

/* hands out the vector's ikmE as randomness */
static void fill_from_span(void *state, uint8_t *out, size_t len)
{
    struct span *left = state;

    assert_true(len <= left->len);
    memcpy(out, left->ptr, len);
    *left = span_after(*left, len);
}

struct run {
    struct arena *a;
    const struct json *v;
    struct hpke_suite suite;
    struct hpke_context sender, receiver;
};

static struct hpke_suite suite_of(const struct json *v)
{
    static const struct hash *const kdfs[] = {NULL, &hash_sha256, &hash_sha384, &hash_sha512};
    static const struct aead *const aeads[] = {NULL, &aead_aes128gcm, &aead_aes256gcm,
                                               &aead_chacha20poly1305};
    uint64_t aead = json_u64(v, "aead_id");
    struct hpke_suite s = {.kem = hpke_kem_by_id((uint16_t)json_u64(v, "kem_id")),
                           .kdf = kdfs[json_u64(v, "kdf_id")],
                           .aead = aead == 0xffff ? NULL : aeads[aead]};

    assert_non_null(s.kem);
    if (s.kem == &hpke_xwing) /* the file is of draft-ietf-hpke-pq */
        s.kem = &hpke_mlkem768_x25519;
    return s;
}

static void check_keys(struct run *r)
{
    uint8_t secret[HPKE_SECRET_BYTES_MAX], pub[HPKE_PUBLIC_BYTES_MAX];
    const struct hpke_kem *k = r->suite.kem;

    assert_ok(hpke_derive_key_pair(k, json_hex(r->a, r->v, "ikmR"), secret, pub));
    assert_span_equal(span_of(secret, k->secret_bytes), json_hex(r->a, r->v, "skRm"));
    assert_span_equal(span_of(pub, k->public_bytes), json_hex(r->a, r->v, "pkRm"));
    assert_ok(hpke_public(k, span_of(secret, k->secret_bytes), pub));
    assert_span_equal(span_of(pub, k->public_bytes), json_hex(r->a, r->v, "pkRm"));
}

static void check_setup(struct run *r)
{
    const struct json *v = r->v;
    struct span ikm_e = json_hex(r->a, v, "ikmE"), info = json_hex(r->a, v, "info");
    struct span sk = json_hex(r->a, v, "skRm"), pk = json_hex(r->a, v, "pkRm");
    struct span enc = json_hex(r->a, v, "enc");
    struct rng rng = {fill_from_span, &ikm_e};
    struct hpke_mode mode = {.psk = json_hex(r->a, v, "psk"),
                             .psk_id = json_hex(r->a, v, "psk_id"),
                             .auth_secret = json_hex(r->a, v, "skSm"),
                             .auth_public = json_hex(r->a, v, "pkSm")};
    uint8_t made[HPKE_ENC_BYTES_MAX];

    assert_ok(hpke_setup_sender(&r->sender, &r->suite, &rng, pk, info, &mode, made));
    assert_span_equal(span_of(made, r->suite.kem->enc_bytes), enc);
    assert_ok(hpke_setup_receiver(&r->receiver, &r->suite, enc, sk, SPAN_EMPTY, info, &mode));
    struct span exporter = json_hex(r->a, v, "exporter_secret");
    assert_span_equal(span_of(r->sender.exporter_secret, exporter.len), exporter);
    assert_span_equal(span_of(r->receiver.exporter_secret, exporter.len), exporter);
    hpke_context_clear(&r->receiver); /* again with the public key given */
    assert_ok(hpke_setup_receiver(&r->receiver, &r->suite, enc, sk, pk, info, &mode));
}

static void check_messages(struct run *r)
{
    uint8_t out[256];

    for (JSON_EACH(e, json_get(r->v, "encryptions"))) {
        struct span ad = json_hex(r->a, e, "aad"), pt = json_hex(r->a, e, "pt");
        struct span ct = json_hex(r->a, e, "ct");
        r->sender.sequence = r->receiver.sequence = json_u64(e, "seq");
        assert_ok(hpke_context_seal(&r->sender, ad, pt, out));
        assert_span_equal(span_of(out, ct.len), ct);
        out[0] ^= 1;
        assert_err(hpke_context_open(&r->receiver, ad, span_of(out, ct.len), out), ERR_AUTH);
        assert_ok(hpke_context_open(&r->receiver, ad, ct, out));
        assert_span_equal(span_of(out, pt.len), pt);
    }
    for (JSON_EACH(x, json_get(r->v, "exports"))) {
        struct span wanted = json_hex(r->a, x, "exported_value");
        hpke_export(&r->receiver, json_hex(r->a, x, "exporter_context"), out, wanted.len);
        assert_span_equal(span_of(out, wanted.len), wanted);
    }
}

static size_t run_file(const char *path, size_t wanted)
{
    struct arena a;
    size_t count = 0;

    arena_init(&a, (size_t)64 << 20);
    for (JSON_EACH(v, json_load(&a, path))) {
        struct run r = {.a = &a, .v = v, .suite = suite_of(v)};
        check_keys(&r);
        check_setup(&r);
        check_messages(&r);
        hpke_context_clear(&r.sender);
        hpke_context_clear(&r.receiver);
        count++;
    }
    arena_clear(&a);
    assert_int_equal(count, wanted);
    return count;
}

static void rfc_9180(void **state)
{
    (void)state;
    (void)run_file("tests/vectors/hpke_rfc9180.json", 128);
}

static void draft_hpke_pq(void **state)
{
    (void)state;
    (void)run_file("tests/vectors/hpke_pq.json", 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rfc_9180), cmocka_unit_test(draft_hpke_pq)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
