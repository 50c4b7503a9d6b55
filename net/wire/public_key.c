#include "net/wire/public_key.h"

#include "crypto/prim/pubkeys.h"
#include "crypto/prim/secp.h"
#include "crypto/prim/sign.h"
#include "net/wire/varint.h"

#define KEY_OF_TYPE 0x08u /* protobuf key of field 1, varint */
#define KEY_OF_DATA 0x12u /* protobuf key of field 2, bytes */

/* Not by pb_next: there is one right encoding only. */
enum err public_key_decode(struct span in, struct public_key *out)
{
    struct reader r = reader_of(in);
    uint8_t type_key = read_u8(&r);
    uint64_t type = read_varint(&r);
    uint8_t data_key = read_u8(&r);
    struct span data = read_varint_bytes(&r);

    TRY(reader_end(&r));
    if (type_key != KEY_OF_TYPE || data_key != KEY_OF_DATA)
        return ERR_FORMAT;
    if (type > PUBLIC_KEY_ECDSA)
        return ERR_UNSUPPORTED;
    *out = (struct public_key){(enum public_key_type)type, data};
    return OK;
}

static enum err verify_ed25519(struct span key, struct span msg, struct span sig)
{
    if (key.len != ED25519_PUBLIC_BYTES)
        return ERR_FORMAT;
    if (sig.len != ED25519_SIGNATURE_BYTES)
        return ERR_AUTH;
    return ed25519_verify(key.ptr, msg, sig.ptr);
}

static enum err verify_secp256k1(struct span key, struct span msg, struct span sig)
{
    if (key.len != SECP_PUBLIC_BYTES)
        return ERR_FORMAT; /* a second form would be a second peer id */
    return secp_verify_der(key, msg, sig);
}

enum err public_key_verify(struct span key, struct span msg, struct span sig)
{
    struct public_key k;

    TRY(public_key_decode(key, &k));
    switch (k.type) {
    case PUBLIC_KEY_RSA:
        return rsa_sha256_verify(k.data, msg, sig);
    case PUBLIC_KEY_ED25519:
        return verify_ed25519(k.data, msg, sig);
    case PUBLIC_KEY_SECP256K1:
        return verify_secp256k1(k.data, msg, sig);
    case PUBLIC_KEY_ECDSA:
        return ecdsa_p256_verify(k.data, msg, sig);
    }
    return ERR_UNSUPPORTED;
}
