/* Keys of libp2p/specs peer-ids.md, and signatures of every type (tests/vectors/libp2p/SOURCES). */
#include "crypto/keyring/keyring.h"
#include "crypto/prim/pubkeys.h"
#include "net/wire/public_key.h"
#include "tests/lib/testing.h"

#include <string.h>

#define MSG SPAN_LIT("noise-libp2p-static-key:")

#define VECTORS_MAX 32u
#define BYTES_MAX   4096u

static struct {
    char name[64];
    uint8_t bytes[BYTES_MAX];
    size_t len;
} vectors[VECTORS_MAX];
static size_t vector_count;

static int read_vectors(void **state)
{
    (void)state;
    FILE *f = fopen("tests/vectors/libp2p/keys.txt", "r");
    struct span value;

    assert_non_null(f);
    while (test_vector_next(f, vectors[vector_count].name, &value)) {
        assert_true(value.len <= BYTES_MAX && vector_count + 1 < VECTORS_MAX);
        memcpy(vectors[vector_count].bytes, value.ptr, value.len);
        vectors[vector_count++].len = value.len;
    }
    return fclose(f);
}

static struct span vector(const char *name)
{
    for (size_t i = 0; i < vector_count; i++)
        if (strcmp(vectors[i].name, name) == 0)
            return span_of(vectors[i].bytes, vectors[i].len);
    fail_msg("no vector %s", name);
    return SPAN_EMPTY;
}

static struct span data_of(struct span key)
{
    struct public_key k;

    assert_ok(public_key_decode(key, &k));
    return k.data;
}

static void host_keys_give_the_published_public_keys(void **state)
{
    (void)state;
    static const struct {
        enum keyring_host_kind kind;
        const char *secret, *public;
    } cases[] = {
        {KEYRING_HOST_ED25519, "ed25519_private", "ed25519_public"},
        {KEYRING_HOST_SECP256K1, "secp256k1_private", "secp256k1_public"},
    };
    for (size_t i = 0; i < 2; i++) {
        struct keyring_host *h;
        struct keyring_signature sig;
        struct span secret = vector(cases[i].secret); /* 4 bytes of protobuf, 32 of secret, ... */
        assert_ok(keyring_host_from_bytes(&h, cases[i].kind, secret.ptr + 4));
        assert_span_equal(keyring_host_public(h), vector(cases[i].public));
        assert_ok(keyring_host_sign(h, MSG, &sig));
        struct span made = span_of(sig.bytes, sig.len);
        assert_ok(public_key_verify(keyring_host_public(h), MSG, made));
        assert_err(public_key_verify(keyring_host_public(h), SPAN_LIT("x"), made), ERR_AUTH);
        sig.bytes[10] ^= 1;
        assert_err(public_key_verify(keyring_host_public(h), MSG, made), ERR_AUTH);
        made.len--;
        assert_err(public_key_verify(keyring_host_public(h), MSG, made), ERR_AUTH);
        keyring_host_free(h);
    }
}

static void rsa_and_ecdsa_signatures_are_verified(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {{"rsa_public", "rsa_sig"}, {"ecdsa_public", "ec_sig"}};
    for (size_t i = 0; i < 2; i++) {
        struct span key = vector(pairs[i][0]), sig = vector(pairs[i][1]);
        assert_ok(public_key_verify(key, MSG, sig));
        assert_err(public_key_verify(key, SPAN_LIT("noise-libp2p-static-key"), sig), ERR_AUTH);
        assert_err(public_key_verify(key, MSG, span_sub(sig, 0, sig.len - 1)), ERR_AUTH);
        assert_err(public_key_verify(key, MSG, SPAN_EMPTY), ERR_AUTH);
        uint8_t bad[600];
        memcpy(bad, sig.ptr, sig.len);
        bad[sig.len / 2] ^= 1;
        assert_err(public_key_verify(key, MSG, span_of(bad, sig.len)), ERR_AUTH);
    }
    assert_ok(rsa_sha256_verify(vector("rsa2048_der"), MSG, vector("rsa2048_sig")));
    assert_err(rsa_sha256_verify(vector("rsa2048_der"), MSG, vector("pss_sig")), ERR_AUTH);
}

static void other_keys_are_refused(void **state)
{
    (void)state;
    struct span rsa = vector("rsa2048_der"), ec = data_of(vector("ecdsa_public"));
    struct span sig = vector("ec_sig");
    assert_err(rsa_sha256_verify(vector("rsa1024_der"), MSG, vector("rsa1024_sig")),
               ERR_UNSUPPORTED);
    assert_err(rsa_sha256_verify(ec, MSG, sig), ERR_UNSUPPORTED);
    assert_err(ecdsa_p256_verify(rsa, MSG, sig), ERR_UNSUPPORTED);
    assert_err(ecdsa_p256_verify(vector("p384_der"), MSG, sig), ERR_UNSUPPORTED);
    assert_err(ecdsa_p256_verify(span_sub(ec, 0, ec.len - 1), MSG, sig), ERR_FORMAT);
    assert_err(ecdsa_p256_verify(SPAN_EMPTY, MSG, sig), ERR_FORMAT);
    uint8_t longer[PKIX_DER_BYTES_MAX + 1] = {0};
    memcpy(longer, ec.ptr, ec.len);
    assert_err(ecdsa_p256_verify(span_of(longer, ec.len + 1), MSG, sig), ERR_FORMAT);
    assert_err(ecdsa_p256_verify(SPAN_ARRAY(longer), MSG, sig), ERR_FORMAT);
    longer[ec.len - 1] ^= 1; /* off the curve */
    assert_err(ecdsa_p256_verify(span_of(longer, ec.len), MSG, sig), ERR_FORMAT);
}

static void only_the_one_encoding_is_read(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "0801",
        "08011201",
        "1201610801",
        "0801120161 1800",
        "088100120161",
        "08011281006161",
        "0801120261",
        "120161",
    };
    struct public_key k;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (public_key_decode(test_hex(bad[i]), &k) != ERR_FORMAT)
            fail_msg("accepted %s", bad[i]);
    assert_err(public_key_decode(test_hex("0804120161"), &k), ERR_UNSUPPORTED);
    assert_ok(public_key_decode(test_hex("0801120161"), &k));
    /* the type is known, but the key is too short for it */
    assert_err(public_key_verify(test_hex("0801120161"), MSG, SPAN_EMPTY), ERR_FORMAT);
    assert_err(public_key_verify(test_hex("0802120161"), MSG, SPAN_EMPTY), ERR_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(host_keys_give_the_published_public_keys),
        cmocka_unit_test(rsa_and_ecdsa_signatures_are_verified),
        cmocka_unit_test(other_keys_are_refused),
        cmocka_unit_test(only_the_one_encoding_is_read),
    };
    return cmocka_run_group_tests(tests, read_vectors, NULL);
}
