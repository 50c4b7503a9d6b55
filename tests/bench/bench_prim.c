/* The primitives beside OpenSSL's one-shot and EVP functions and libsodium: JSON lines, one a
 * metric and peer. Usage: bench_prim [milliseconds a round, 40]. Each figure is the median of
 * ROUNDS. */
#include "crypto/hpke/hpke.h"
#include "crypto/prim/keccak.h"
#include "crypto/prim/mlkem768.h"
#include "crypto/prim/sign.h"
#include "tests/bench/figures.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/sha.h>
#include <sodium.h>

#define ROUNDS 5u

static double round_s = 0.04;
static uint8_t buf[4096], out[4096], key[64] = {1}, pub[64], sig[64];
static uint8_t big_pub[2400], big_secret[2400], big_out[2400];
static struct aead_key chacha, aes128, aes256;
static EVP_MD_CTX *md_ctx;
static EVP_MD *md_sha256, *md_shake;
static EVP_KDF_CTX *kdf_ctx;
static EVP_PKEY *ed_private, *ed_public, *x_private, *x_public;

static void must(bool good)
{
    if (!good)
        abort();
}

static void measure(const char *metric, const char *peer, void (*once)(void))
{
    double rates[ROUNDS];

    for (size_t r = 0; r < ROUNDS; r++) {
        double start = seconds_now(), took = 0;
        unsigned long count = 0;
        for (unsigned long batch = 1; took < round_s; batch *= 2, took = seconds_now() - start) {
            for (unsigned long i = 0; i < batch; i++)
                once();
            count += batch;
        }
        rates[r] = (double)count / took;
    }
    figure("prim", metric, "1/s", peer, rates, ROUNDS);
}

/* hashes */

static void sha256_32(void)
{
    sha256(span_of(buf, 32), buf);
}
static void sha256_1k(void)
{
    sha256(span_of(buf, 1024), buf);
}
static void sha256_32_kept(void)
{
    must(EVP_DigestInit_ex2(md_ctx, md_sha256, NULL) && EVP_DigestUpdate(md_ctx, buf, 32) &&
         EVP_DigestFinal_ex(md_ctx, buf, NULL));
}
static void sha256_32_once(void)
{
    must(SHA256(buf, 32, out) != NULL);
    buf[0] = out[0];
}
static void sha256_32_sodium(void)
{
    must(crypto_hash_sha256(buf, buf, 32) == 0);
}
static void sha256_1k_sodium(void)
{
    must(crypto_hash_sha256(buf, buf, 1024) == 0);
}
static void hmac_ours(void)
{
    struct span in = span_of(buf, 32);
    hmac(&hash_sha256, span_of(key, 32), &in, 1, buf);
}
static void hmac_openssl(void)
{
    must(HMAC(EVP_sha256(), key, 32, buf, 32, buf, NULL) != NULL);
}
static void hkdf_ours(void)
{
    uint8_t prk[32];
    hkdf_extract(&hash_sha256, span_of(key, 32), span_of(buf, 32), prk);
    hkdf_expand(&hash_sha256, SPAN_ARRAY(prk), SPAN_LIT("info"), buf, 64);
}
static void hkdf_openssl(void)
{
    char name[] = "SHA256", info[] = "info";
    OSSL_PARAM p[] = {OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, name, 0),
                      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, key, 32),
                      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, buf, 32),
                      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, 4),
                      OSSL_PARAM_construct_end()};
    must(EVP_KDF_derive(kdf_ctx, buf, 64, p) == 1);
}
static void shake_ours(void)
{
    shake256(span_of(buf, 32), buf, 32);
}
static void shake_openssl(void)
{
    must(EVP_DigestInit_ex2(md_ctx, md_shake, NULL) && EVP_DigestUpdate(md_ctx, buf, 32) &&
         EVP_DigestFinalXOF(md_ctx, buf, 32));
}

/* AEAD, 1 KB */

static void seal_with(struct aead_key *k)
{
    struct span in = span_of(buf, 1024);
    must(aead_seal(k, key, SPAN_LIT("ad"), &in, 1, out) == OK);
}
static void seal_chacha(void)
{
    seal_with(&chacha);
}
static void seal_aes128(void)
{
    seal_with(&aes128);
}
static void seal_aes256(void)
{
    seal_with(&aes256);
}
static void seal_chacha_new_key(void)
{
    struct span in = span_of(buf, 1024);
    must(aead_seal_once(&aead_chacha20poly1305, key, key, SPAN_LIT("ad"), &in, 1, out) == OK);
}
static void open_chacha(void)
{
    must(aead_open(&chacha, key, SPAN_LIT("ad"), span_of(out, 1040), big_out) == OK);
}
static void seal_chacha_fetching(void)
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int n;
    must(EVP_EncryptInit_ex(c, EVP_chacha20_poly1305(), NULL, key, key) == 1 &&
         EVP_EncryptUpdate(c, NULL, &n, key, 2) == 1 &&
         EVP_EncryptUpdate(c, out, &n, buf, 1024) == 1 && EVP_EncryptFinal_ex(c, out, &n) == 1 &&
         EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, 16, out + 1024) == 1);
    EVP_CIPHER_CTX_free(c);
}
static void seal_chacha_sodium(void)
{
    must(crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, buf, 1024, key, 2, NULL, key, key) ==
         0);
}

/* curves */

static void x25519_ours(void)
{
    must(x25519(key, pub, out) == OK);
}
static void x25519_public_ours(void)
{
    x25519_public(key, out);
}
static void x25519_openssl(void)
{
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_pkey(NULL, x_private, NULL);
    size_t len = 32;
    must(EVP_PKEY_derive_init(c) == 1 && EVP_PKEY_derive_set_peer(c, x_public) == 1 &&
         EVP_PKEY_derive(c, out, &len) == 1);
    EVP_PKEY_CTX_free(c);
}
static void sign_ours(void)
{
    ed25519_sign(key, pub, span_of(buf, 100), sig);
}
static void verify_ours(void)
{
    must(ed25519_verify(pub, span_of(key, 64), sig) == OK);
}
static void sign_openssl(void)
{
    size_t len = 64;
    must(EVP_MD_CTX_reset(md_ctx) == 1 &&
         EVP_DigestSignInit(md_ctx, NULL, NULL, NULL, ed_private) == 1 &&
         EVP_DigestSign(md_ctx, out, &len, buf, 100) == 1);
}
static void verify_openssl(void)
{
    must(EVP_MD_CTX_reset(md_ctx) == 1 &&
         EVP_DigestVerifyInit(md_ctx, NULL, NULL, NULL, ed_public) == 1 &&
         EVP_DigestVerify(md_ctx, sig, 64, key, 64) == 1);
}

/* KEMs, and HPKE of 100 bytes */

static void mlkem_key_pair(void)
{
    mlkem768_key_pair(key, big_pub, big_secret);
}
static void mlkem_encap(void)
{
    must(mlkem768_encap(big_pub, key, big_out, out) == OK);
}
static void mlkem_decap(void)
{
    mlkem768_decap(big_secret, big_out, out);
}

static void fill(void *state, uint8_t *to, size_t len)
{
    (void)state;
    memset(to, 0x5a, len);
}

static struct rng rng = {fill, NULL};
static struct hpke_suite suite = {&hpke_x25519, &hash_sha256, &aead_chacha20poly1305};
static uint8_t hpke_secret[66], hpke_pub[1216], hpke_enc[1120], hpke_sealed[116];

static void hpke_seal_100(void)
{
    must(hpke_seal(&suite, &rng, span_of(hpke_pub, suite.kem->public_bytes), SPAN_LIT("info"),
                   SPAN_EMPTY, span_of(buf, 100), hpke_enc, hpke_sealed) == OK);
}
static void hpke_open_100(void)
{
    must(hpke_open(&suite, span_of(hpke_enc, suite.kem->enc_bytes),
                   span_of(hpke_secret, suite.kem->secret_bytes),
                   span_of(hpke_pub, suite.kem->public_bytes), SPAN_LIT("info"), SPAN_EMPTY,
                   SPAN_ARRAY(hpke_sealed), out) == OK);
}

static void measure_symmetric(void)
{
    measure("sha256 32 B", "sotto", sha256_32);
    measure("sha256 32 B", "openssl EVP kept context", sha256_32_kept);
    measure("sha256 32 B", "openssl SHA256()", sha256_32_once);
    measure("sha256 32 B", "libsodium", sha256_32_sodium);
    measure("sha256 1 KB", "sotto", sha256_1k);
    measure("sha256 1 KB", "libsodium", sha256_1k_sodium);
    measure("hmac-sha256 32 B", "sotto", hmac_ours);
    measure("hmac-sha256 32 B", "openssl HMAC()", hmac_openssl);
    measure("hkdf-sha256 64 B", "sotto", hkdf_ours);
    measure("hkdf-sha256 64 B", "openssl EVP_KDF", hkdf_openssl);
    measure("shake256 32 B", "sotto", shake_ours);
    measure("shake256 32 B", "openssl EVP kept context", shake_openssl);
    measure("chacha20poly1305 seal 1 KB", "sotto", seal_chacha);
    measure("chacha20poly1305 open 1 KB", "sotto", open_chacha);
    measure("chacha20poly1305 seal 1 KB, new key", "sotto", seal_chacha_new_key);
    measure("chacha20poly1305 seal 1 KB, new key", "openssl EVP new context", seal_chacha_fetching);
    measure("chacha20poly1305 seal 1 KB, new key", "libsodium", seal_chacha_sodium);
    measure("aes128gcm seal 1 KB", "sotto", seal_aes128);
    measure("aes256gcm seal 1 KB", "sotto", seal_aes256);
}

static void measure_asymmetric(void)
{
    x25519_public(key, pub);
    x_private = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, key, 32);
    x_public = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, pub, 32);
    measure("x25519 public", "sotto", x25519_public_ours);
    measure("x25519", "sotto", x25519_ours);
    measure("x25519", "openssl", x25519_openssl);
    ed25519_public(key, pub);
    ed_private = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, key, 32);
    ed_public = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, pub, 32);
    measure("ed25519 sign", "sotto", sign_ours);
    measure("ed25519 sign", "openssl", sign_openssl);
    ed25519_sign(key, pub, span_of(key, 64), sig);
    measure("ed25519 verify", "sotto", verify_ours);
    measure("ed25519 verify", "openssl", verify_openssl);
    measure("ml-kem-768 key pair", "sotto", mlkem_key_pair);
    measure("ml-kem-768 encap", "sotto", mlkem_encap);
    measure("ml-kem-768 decap", "sotto", mlkem_decap);

    static const struct hpke_kem *const kems[] = {&hpke_x25519, &hpke_xwing, &hpke_p256};
    for (size_t i = 0; i < 3; i++) {
        char name[64];
        suite.kem = kems[i];
        must(hpke_key_pair(suite.kem, &rng, hpke_secret, hpke_pub) == OK);
        (void)snprintf(name, sizeof name, "hpke seal 100 B, %s", kems[i]->name);
        measure(name, "sotto", hpke_seal_100);
        (void)snprintf(name, sizeof name, "hpke open 100 B, %s", kems[i]->name);
        measure(name, "sotto", hpke_open_100);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1)
        round_s = strtod(argv[1], NULL) / 1000;
    md_ctx = EVP_MD_CTX_new();
    md_sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    md_shake = EVP_MD_fetch(NULL, "SHAKE256", NULL);
    kdf_ctx = EVP_KDF_CTX_new(EVP_KDF_fetch(NULL, "HKDF", NULL));
    must(aead_key_init(&chacha, &aead_chacha20poly1305, key) == OK &&
         aead_key_init(&aes128, &aead_aes128gcm, key) == OK &&
         aead_key_init(&aes256, &aead_aes256gcm, key) == OK);
    measure_symmetric();
    measure_asymmetric();
    return 0;
}
