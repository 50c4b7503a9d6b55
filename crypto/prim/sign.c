#include "crypto/prim/sign.h"

enum err sign_public(const struct sign *s, const uint8_t *secret, uint8_t *pub)
{
    return s->public_of(s, secret, pub);
}

enum err sign_make(const struct sign *s, const uint8_t *secret, const uint8_t *pub, struct span msg,
                   uint8_t *sig, size_t *sig_len)
{
    return s->make(s, secret, pub, msg, sig, sig_len);
}

enum err sign_verify(const struct sign *s, struct span pub, struct span msg, struct span sig)
{
    if (pub.len != s->public_bytes || sig.len > s->signature_bytes_max)
        return ERR_AUTH;
    return s->verify(s, pub.ptr, msg, sig);
}
