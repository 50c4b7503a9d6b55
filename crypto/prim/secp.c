#include "crypto/prim/secp.h"

#include "crypto/base/wipe.h"
#include "crypto/prim/sha2.h"

#include <secp256k1.h>
#include <secp256k1_ecdh.h>

/* A context for one use of a secret, blinded by a value that only its holder can know. Making one
 * costs two base multiplications; signing is rare (once a process, once a record). */
static secp256k1_context *blinded(const uint8_t secret[32])
{
    static const char label[] = "sotto secp256k1 blinding";
    uint8_t in[sizeof label + 32], seed[32];
    secp256k1_context *c = secp256k1_context_create(SECP256K1_CONTEXT_NONE);

    if (c == NULL)
        return NULL;
    memcpy(in, label, sizeof label);
    memcpy(in + sizeof label, secret, 32);
    sha256(SPAN_ARRAY(in), seed);
    int blinded_ok = secp256k1_context_randomize(c, seed);
    assert(blinded_ok == 1);
    wipe(in, sizeof in);
    wipe(seed, sizeof seed);
    return c;
}

enum err secp_public(const uint8_t secret[SECP_SECRET_BYTES], uint8_t pub[SECP_PUBLIC_BYTES])
{
    secp256k1_pubkey point;
    size_t len = SECP_PUBLIC_BYTES;
    secp256k1_context *c = blinded(secret);

    if (c == NULL)
        return ERR_MEMORY;
    int made = secp256k1_ec_pubkey_create(c, &point, secret);
    if (made == 1)
        secp256k1_ec_pubkey_serialize(c, pub, &len, &point, SECP256K1_EC_COMPRESSED);
    secp256k1_context_destroy(c);
    return made == 1 ? OK : ERR_ARGUMENT;
}

static enum err sign(const uint8_t secret[SECP_SECRET_BYTES], const uint8_t hash[32],
                     secp256k1_ecdsa_signature *sig)
{
    secp256k1_context *c = blinded(secret);

    if (c == NULL)
        return ERR_MEMORY;
    int made = secp256k1_ecdsa_sign(c, sig, hash, secret, NULL, NULL);
    secp256k1_context_destroy(c);
    return made == 1 ? OK : ERR_ARGUMENT;
}

enum err secp_sign_hash(const uint8_t secret[SECP_SECRET_BYTES], const uint8_t hash[32],
                        uint8_t sig[SECP_COMPACT_BYTES])
{
    secp256k1_ecdsa_signature s;

    TRY(sign(secret, hash, &s));
    secp256k1_ecdsa_signature_serialize_compact(secp256k1_context_static, sig, &s);
    return OK;
}

enum err secp_sign_der(const uint8_t secret[SECP_SECRET_BYTES], struct span msg,
                       uint8_t sig[SECP_DER_BYTES_MAX], size_t *sig_len)
{
    secp256k1_ecdsa_signature s;
    uint8_t hash[32];

    sha256(msg, hash);
    TRY(sign(secret, hash, &s));
    *sig_len = SECP_DER_BYTES_MAX;
    int fits = secp256k1_ecdsa_signature_serialize_der(secp256k1_context_static, sig, sig_len, &s);
    assert(fits == 1);
    return OK;
}

static enum err read_point(struct span pub, secp256k1_pubkey *point)
{
    /* a hybrid form exists too, which nobody sends */
    bool known = (pub.len == 33 && (pub.ptr[0] == 2 || pub.ptr[0] == 3)) ||
                 (pub.len == 65 && pub.ptr[0] == 4);

    if (!known || secp256k1_ec_pubkey_parse(secp256k1_context_static, point, pub.ptr, pub.len) != 1)
        return ERR_FORMAT;
    return OK;
}

enum err secp_verify_hash(struct span pub, const uint8_t hash[32],
                          const uint8_t sig[SECP_COMPACT_BYTES])
{
    const secp256k1_context *c = secp256k1_context_static;
    secp256k1_pubkey point;
    secp256k1_ecdsa_signature s;

    TRY(read_point(pub, &point));
    if (secp256k1_ecdsa_signature_parse_compact(c, &s, sig) != 1)
        return ERR_AUTH;
    return secp256k1_ecdsa_verify(c, &s, hash, &point) == 1 ? OK : ERR_AUTH;
}

enum err secp_verify_der(struct span pub, struct span msg, struct span sig)
{
    const secp256k1_context *c = secp256k1_context_static;
    secp256k1_pubkey point;
    secp256k1_ecdsa_signature s;
    uint8_t hash[32];

    TRY(read_point(pub, &point));
    if (sig.len == 0 || secp256k1_ecdsa_signature_parse_der(c, &s, sig.ptr, sig.len) != 1)
        return ERR_AUTH;
    sha256(msg, hash);
    return secp256k1_ecdsa_verify(c, &s, hash, &point) == 1 ? OK : ERR_AUTH;
}

/* The "hash" of the library's ECDH: the compressed point itself. */
static int whole_point(unsigned char *out, const unsigned char *x, const unsigned char *y,
                       void *data)
{
    (void)data;
    out[0] = (unsigned char)(2 | (y[31] & 1));
    memcpy(out + 1, x, 32);
    return 1;
}

enum err secp_ecdh(const uint8_t secret[SECP_SECRET_BYTES], struct span pub,
                   uint8_t out[SECP_PUBLIC_BYTES])
{
    secp256k1_pubkey point;

    TRY(read_point(pub, &point));
    int made = secp256k1_ecdh(secp256k1_context_static, out, &point, secret, whole_point, NULL);
    return made == 1 ? OK : ERR_ARGUMENT;
}

enum err secp_uncompressed(struct span pub, uint8_t out[64])
{
    secp256k1_pubkey point;
    uint8_t whole[65];
    size_t len = sizeof whole;

    TRY(read_point(pub, &point));
    secp256k1_ec_pubkey_serialize(secp256k1_context_static, whole, &len, &point,
                                  SECP256K1_EC_UNCOMPRESSED);
    memcpy(out, whole + 1, 64);
    return OK;
}
