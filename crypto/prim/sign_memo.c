#include "crypto/prim/sign_memo.h"

#include <stdlib.h>

#define KEY_BYTES SHA256_BYTES

struct memo {
    unsigned begun;
    size_t mask;
    uint64_t hits;
    uint8_t keys[][KEY_BYTES]; /* zeros: none */
};

static _Thread_local struct memo *memo;

enum err sign_memo_begin(size_t entries)
{
    size_t n = 1;

    if (memo != NULL) {
        memo->begun++;
        return OK;
    }
    while (n < entries)
        n *= 2;
    struct memo *m = calloc(1, sizeof *m + n * KEY_BYTES);
    if (m == NULL)
        return ERR_MEMORY;
    m->mask = n - 1;
    m->begun = 1;
    memo = m;
    return OK;
}

void sign_memo_end(void)
{
    if (memo == NULL || --memo->begun > 0)
        return;
    free(memo);
    memo = NULL;
}

uint64_t sign_memo_hits(void)
{
    return memo == NULL ? 0 : memo->hits;
}

bool sign_memo_on(void)
{
    return memo != NULL;
}

enum err sign_memo_verify(const uint8_t pk[ED25519_PUBLIC_BYTES], struct span msg,
                          const uint8_t sig[ED25519_SIGNATURE_BYTES],
                          enum err (*verify)(const uint8_t *pk, struct span msg,
                                             const uint8_t *sig))
{
    const struct span parts[] = {span_of(pk, ED25519_PUBLIC_BYTES),
                                 span_of(sig, ED25519_SIGNATURE_BYTES), msg};
    uint8_t key[KEY_BYTES];
    uint64_t place;

    sha256_parts(parts, 3, key);
    memcpy(&place, key, sizeof place);
    uint8_t *known = memo->keys[place & memo->mask];
    if (memcmp(known, key, sizeof key) == 0) {
        memo->hits++;
        return OK;
    }
    TRY(verify(pk, msg, sig));
    memcpy(known, key, sizeof key);
    return OK;
}
