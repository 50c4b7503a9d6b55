#include "net/discovery/record.h"

#include "crypto/prim/keccak.h"
#include "net/discovery/params.h"

enum err record_sign(const struct keyring_host *key, struct enr_content *content, struct enr *out)
{
    struct buf encoded = BUF_INIT(RECORD_CONTENT_MAX);
    uint8_t hash[32], signature[ENR_SIGNATURE_BYTES];

    if (keyring_host_kind(key) != KEYRING_HOST_SECP256K1)
        return ERR_UNSUPPORTED;
    memcpy(content->public_key, keyring_host_raw_public(key).ptr, ENR_KEY_BYTES);
    enum err err = enr_content_encode(content, &encoded);
    if (err == OK) {
        keccak256(buf_span(&encoded), hash);
        err = keyring_host_sign_hash(key, hash, signature);
    }
    if (err == OK)
        err = enr_from_content(buf_span(&encoded), signature, out);
    buf_clear(&encoded);
    return err;
}
