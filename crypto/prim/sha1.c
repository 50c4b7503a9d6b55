#define OPENSSL_SUPPRESS_DEPRECATED /* as in sha2.c */
#include "crypto/prim/sha1.h"

#include <openssl/sha.h>

/* The calls return 1 always; they have no way to fail. */
void sha1_parts(const struct span *parts, size_t count, uint8_t out[SHA1_BYTES])
{
    SHA_CTX ctx;

    (void)SHA1_Init(&ctx);
    for (size_t i = 0; i < count; i++)
        if (parts[i].len > 0)
            (void)SHA1_Update(&ctx, parts[i].ptr, parts[i].len);
    (void)SHA1_Final(out, &ctx);
}
