/* No branch and no index on a secret. Each case marks its secrets as undefined; valgrind's memcheck
 * reports whatever then depends on them (tests/ct/run.sh). What a case publishes it declares
 * defined again, and compares, so that a case that did nothing would fail.
 *
 * Not covered: P-256, P-384, P-521 and ECDSA. libcrypto's bignums are built from bytes by a loop
 * that skips leading zero bytes, so the length of a scalar in words shows; the arithmetic after it
 * is libcrypto's constant-time code. The chat's own suites use none of these. */
#include "crypto/base/wipe.h"
#include "crypto/hpke/hpke.h"
#include "crypto/keyring/keyring.h"
#include "crypto/prim/ct.h"
#include "crypto/prim/keccak.h"
#include "crypto/prim/mlkem768.h"
#include "crypto/prim/sign.h"

#include <stdio.h>
#include <stdlib.h>

#define CHECK(expr) ((expr) ? (void)0 : broken(#expr, __LINE__))

static void broken(const char *what, int line)
{
    fprintf(stderr, "line %d: %s\n", line, what);
    exit(1);
}

/* Bytes that look random, and are secret from now on. */
static void secret_fill(void *state, uint8_t *out, size_t len)
{
    uint8_t *next = state;

    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(*next = (uint8_t)(*next * 5 + 77));
    CT_SECRET(out, len);
}

static uint8_t seed_state = 1;
static struct rng secret_rng = {secret_fill, &seed_state};

static bool open_equal(const void *a, const void *b, size_t len)
{
    bool equal = ct_equal(a, b, len);

    CT_PUBLIC(&equal, sizeof equal);
    return equal;
}

static void hashes(void)
{
    uint8_t key[32], out[64];
    struct span in = SPAN_ARRAY(key);

    rng_fill(&secret_rng, key, sizeof key);
    sha256(in, out);
    hash_parts(&hash_sha512, &in, 1, out);
    sha3_256(in, out);
    shake256(in, out, sizeof out);
    hmac(&hash_sha256, in, &in, 1, out);
    hkdf_extract(&hash_sha384, in, in, out);
    hkdf_expand(&hash_sha256, in, SPAN_LIT("info"), out, 64);
}

static void compare(void)
{
    uint8_t a[33], b[33];

    rng_fill(&secret_rng, a, sizeof a);
    memcpy(b, a, sizeof b);
    CHECK(open_equal(a, b, sizeof a));
    b[32] ^= 1;
    CHECK(!open_equal(a, b, sizeof a));
}

static void mlkem(void)
{
    uint8_t seed[64], m[32], pub[MLKEM768_PUBLIC_BYTES], secret[MLKEM768_SECRET_BYTES];
    uint8_t c[MLKEM768_CIPHERTEXT_BYTES], sent[32], got[32];

    rng_fill(&secret_rng, seed, sizeof seed);
    rng_fill(&secret_rng, m, sizeof m);
    mlkem768_key_pair(seed, pub, secret);
    CHECK(mlkem768_encap(pub, m, c, sent) == OK);
    mlkem768_decap(secret, c, got);
    CHECK(open_equal(sent, got, 32));
    c[5] ^= 1;
    mlkem768_decap(secret, c, got); /* implicit rejection looks the same */
    CHECK(!open_equal(sent, got, 32));
}

static void xwing(void)
{
    uint8_t seed[32], random[64], pub[1216], enc[1120], sent[32], got[32];

    rng_fill(&secret_rng, seed, sizeof seed);
    rng_fill(&secret_rng, random, sizeof random);
    CHECK(hpke_public(&hpke_xwing, SPAN_ARRAY(seed), pub) == OK);
    CT_PUBLIC(pub, sizeof pub);
    CHECK(hpke_xwing.encap(&hpke_xwing, random, pub, NULL, enc, sent) == OK);
    CT_PUBLIC(enc, sizeof enc);
    CHECK(hpke_xwing.decap(&hpke_xwing, enc, seed, pub, NULL, got) == OK);
    CHECK(open_equal(sent, got, 32));
}

static void curves(void)
{
    uint8_t a[57], pub[57], b_pub[56], out[56], sig[114];
    size_t len;

    rng_fill(&secret_rng, a, sizeof a);
    x25519_public(a, pub);
    CT_PUBLIC(pub, 32);
    CHECK(x25519(a, pub, out) == OK);
    CHECK(dh_public(&dh_x448, a, b_pub) == OK);
    ed25519_public(a, pub);
    CT_PUBLIC(pub, 32);
    ed25519_sign(a, pub, SPAN_LIT("m"), sig);
    CT_PUBLIC(sig, 64);
    CHECK(ed25519_verify(pub, SPAN_LIT("m"), sig) == OK);
    (void)len;
}

static void hpke_with(const struct hpke_kem *kem, const struct aead *aead, bool auth)
{
    struct hpke_suite suite = {kem, &hash_sha256, aead};
    struct hpke_context s, r;
    uint8_t secret[HPKE_SECRET_BYTES_MAX], pub[HPKE_PUBLIC_BYTES_MAX], psk[32];
    uint8_t enc[HPKE_ENC_BYTES_MAX], text[20], sealed[36], back[20];

    rng_fill(&secret_rng, psk, sizeof psk);
    rng_fill(&secret_rng, text, sizeof text);
    CHECK(hpke_key_pair(kem, &secret_rng, secret, pub) == OK);
    CT_PUBLIC(pub, sizeof pub);
    struct span sk = span_of(secret, kem->secret_bytes), pk = span_of(pub, kem->public_bytes);
    struct hpke_mode mode = {.psk = SPAN_ARRAY(psk), .psk_id = SPAN_LIT("id")};
    if (auth)
        mode.auth_secret = sk, mode.auth_public = pk;
    CHECK(hpke_setup_sender(&s, &suite, &secret_rng, pk, SPAN_LIT("info"), &mode, enc) == OK);
    CHECK(hpke_context_seal(&s, SPAN_LIT("ad"), SPAN_ARRAY(text), sealed) == OK);
    CT_PUBLIC(enc, sizeof enc);
    CT_PUBLIC(sealed, sizeof sealed);
    CHECK(hpke_setup_receiver(&r, &suite, span_of(enc, kem->enc_bytes), sk, pk, SPAN_LIT("info"),
                              &mode) == OK);
    CHECK(hpke_context_open(&r, SPAN_LIT("ad"), SPAN_ARRAY(sealed), back) == OK);
    CHECK(open_equal(text, back, sizeof text));
    hpke_context_clear(&s);
    hpke_context_clear(&r);
}

static void hpke_x25519_chacha(void)
{
    hpke_with(&hpke_x25519, &aead_chacha20poly1305, true);
}

static void hpke_xwing_chacha(void)
{
    hpke_with(&hpke_xwing, &aead_chacha20poly1305, false);
}

static void hpke_mlkem_aes(void)
{
    hpke_with(&hpke_mlkem768, &aead_aes256gcm, false);
}

static void aead(void)
{
    static const struct aead *const all[] = {&aead_chacha20poly1305, &aead_aes128gcm,
                                             &aead_aes256gcm};
    uint8_t key[32], text[70], sealed[86], back[70], nonce[12] = {1};
    struct span in = SPAN_ARRAY(text);

    for (size_t i = 0; i < 3; i++) {
        struct aead_key k = {0};
        rng_fill(&secret_rng, key, sizeof key);
        rng_fill(&secret_rng, text, sizeof text);
        CHECK(aead_key_init(&k, all[i], key) == OK);
        CHECK(aead_seal(&k, nonce, SPAN_LIT("ad"), &in, 1, sealed) == OK);
        CT_PUBLIC(sealed, sizeof sealed);
        CHECK(aead_open(&k, nonce, SPAN_LIT("ad"), SPAN_ARRAY(sealed), back) == OK);
        CHECK(open_equal(text, back, sizeof text));
        sealed[3] ^= 1;
        CHECK(aead_open(&k, nonce, SPAN_LIT("ad"), SPAN_ARRAY(sealed), back) == ERR_AUTH);
        aead_key_clear(&k);
    }
}

static void keyring(void)
{
    struct keyring *k = NULL;
    struct keyring_key *a = NULL, *b = NULL;
    uint8_t seed[32], sig[64], out[32];
    unsigned may = KEYRING_MAY_SIGN | KEYRING_MAY_DERIVE;

    rng_fill(&secret_rng, seed, sizeof seed);
    CHECK(keyring_new(&k) == OK);
    CHECK(keyring_add(k, SPAN_LIT("a"), KEYRING_ED25519, may, seed) == OK);
    seed[31] ^= 1;
    CHECK(keyring_add(k, SPAN_LIT("b"), KEYRING_SECRET, may, seed) == OK);
    CHECK(keyring_open(k, SPAN_LIT("a"), may, &a) == OK);
    CHECK(keyring_open(k, SPAN_LIT("b"), may, &b) == OK);
    bool same = keyring_same(a, b);
    CT_PUBLIC(&same, sizeof same);
    CHECK(!same);
    CHECK(keyring_sign(a, SPAN_LIT("m"), sig) == OK);
    CHECK(keyring_derive(b, LABEL_STORE_VALUE, SPAN_LIT("c"), out, 32) == OK);
    keyring_close(a);
    keyring_close(b);
    keyring_free(k);
}

/* The controls: what must be reported. */

static void planted_branch(void)
{
    volatile uint8_t sink = 0;
    uint8_t key[32];

    rng_fill(&secret_rng, key, sizeof key);
    for (size_t i = 0; i < sizeof key; i++) {
        if (key[i] & 1)
            sink = (uint8_t)(sink + 1);
    }
}

static void planted_index(void)
{
    static const uint8_t table[256] = {1, 2, 3};
    volatile uint8_t sink;
    uint8_t key[32];

    rng_fill(&secret_rng, key, sizeof key);
    sink = table[key[7]];
    (void)sink;
}

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
    {"hashes", hashes},
    {"compare", compare},
    {"mlkem", mlkem},
    {"xwing", xwing},
    {"curves", curves},
    {"hpke_x25519_chacha", hpke_x25519_chacha},
    {"hpke_xwing_chacha", hpke_xwing_chacha},
    {"hpke_mlkem_aes", hpke_mlkem_aes},
    {"aead", aead},
    {"keyring", keyring},
    {"planted_branch", planted_branch},
    {"planted_index", planted_index},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (argc < 2 || strcmp(argv[1], "list") == 0)
            puts(cases[i].name);
        else if (strcmp(argv[1], cases[i].name) == 0)
            cases[i].run();
    }
    return 0;
}
