#include "crypto/prim/scrypt.h"

#include <openssl/err.h>
#include <openssl/evp.h>

enum err scrypt(struct span passphrase, struct span salt, struct scrypt_cost cost, uint8_t *out,
                size_t len)
{
    if (cost.log_n == 0 || cost.log_n > SCRYPT_LOG_N_MAX || cost.r == 0 || cost.r > SCRYPT_R_MAX ||
        cost.p == 0 || cost.p > SCRYPT_P_MAX)
        return ERR_LIMIT;

    uint64_t n = (uint64_t)1 << cost.log_n;
    uint64_t memory = 128 * n * cost.r + ((uint64_t)1 << 20); /* and libcrypto's own blocks */
    const char *pass = passphrase.len == 0 ? "" : (const char *)passphrase.ptr;
    if (EVP_PBE_scrypt(pass, passphrase.len, salt.ptr, salt.len, n, cost.r, cost.p, memory, out,
                       len) == 1)
        return OK;
    ERR_clear_error();
    return ERR_MEMORY;
}
