/* libcrypto's SHA256_CTX and SHA512_CTX are used directly although OpenSSL 3 marks them as
 * deprecated in favour of EVP: they are values. An EVP context cannot be copied without an
 * allocation and a reference count, which costs more than the compression it saves (32 bytes:
 * 67 ns here, 89 ns through a kept EVP_MD_CTX, 340 ns through SHA256()); tests/bench/bench_prim.c
 * measures all of them. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/prim/sha2.h"

#include "crypto/base/wipe.h"
#include "crypto/prim/large_memo.h"

#include <openssl/sha.h>

_Static_assert(sizeof(SHA256_CTX) <= HASH_STATE_WORDS * sizeof(uint64_t), "room for SHA-256");
_Static_assert(sizeof(SHA512_CTX) <= HASH_STATE_WORDS * sizeof(uint64_t), "room for SHA-512");

/* The libcrypto calls below return 1 always; they have no way to fail. */

static void sha256_init(uint64_t *words)
{
    (void)SHA256_Init((SHA256_CTX *)(void *)words);
}

static void sha256_add(uint64_t *words, const uint8_t *in, size_t len)
{
    (void)SHA256_Update((SHA256_CTX *)(void *)words, in, len);
}

static void sha256_end(uint64_t *words, uint8_t *out)
{
    (void)SHA256_Final(out, (SHA256_CTX *)(void *)words);
}

static void sha384_init(uint64_t *words)
{
    (void)SHA384_Init((SHA512_CTX *)(void *)words);
}

static void sha512_init(uint64_t *words)
{
    (void)SHA512_Init((SHA512_CTX *)(void *)words);
}

static void sha512_add(uint64_t *words, const uint8_t *in, size_t len)
{
    (void)SHA512_Update((SHA512_CTX *)(void *)words, in, len);
}

static void sha512_end(uint64_t *words, uint8_t *out) /* the context knows which of the two it is */
{
    (void)SHA512_Final(out, (SHA512_CTX *)(void *)words);
}

const struct hash hash_sha256 = {"SHA-256",   32,         64,        sizeof(SHA256_CTX),
                                 sha256_init, sha256_add, sha256_end};
const struct hash hash_sha384 = {"SHA-384",   48,         128,       sizeof(SHA512_CTX),
                                 sha384_init, sha512_add, sha512_end};
const struct hash hash_sha512 = {"SHA-512",   64,         128,       sizeof(SHA512_CTX),
                                 sha512_init, sha512_add, sha512_end};

void hash_init(struct hash_state *s, const struct hash *hash)
{
    s->hash = hash;
    hash->init(s->words);
}

void hash_add(struct hash_state *s, struct span in)
{
    assert(s->hash != NULL);
    if (in.len > 0)
        s->hash->add(s->words, in.ptr, in.len);
}

void hash_end(struct hash_state *s, uint8_t *out)
{
    assert(s->hash != NULL);
    s->hash->end(s->words, out);
    hash_clear(s);
}

void hash_clear(struct hash_state *s)
{
    if (s->hash != NULL)
        wipe(s->words, s->hash->state_bytes);
    s->hash = NULL;
}

void hash_parts(const struct hash *hash, const struct span *parts, size_t count, uint8_t *out)
{
    struct hash_state s;
    bool large = large_memo_takes(parts, count);

    if (large && large_memo_get(hash, parts, count, out, hash->bytes))
        return;
    hash_init(&s, hash);
    for (size_t i = 0; i < count; i++)
        hash_add(&s, parts[i]);
    if (!large) {
        hash_end(&s, out);
        return;
    }
    uint8_t digest[HASH_BYTES_MAX]; /* `out` may overlap the parts */
    hash_end(&s, digest);
    large_memo_keep(hash, parts, count, span_of(digest, hash->bytes));
    memcpy(out, digest, hash->bytes);
}

void sha256_parts(const struct span *parts, size_t count, uint8_t out[SHA256_BYTES])
{
    SHA256_CTX c;

    if (large_memo_takes(parts, count)) {
        hash_parts(&hash_sha256, parts, count, out);
        return;
    }
    (void)SHA256_Init(&c);
    for (size_t i = 0; i < count; i++) {
        if (parts[i].len > 0)
            (void)SHA256_Update(&c, parts[i].ptr, parts[i].len);
    }
    (void)SHA256_Final(out, &c);
    wipe(&c, sizeof c);
}

void sha256(struct span in, uint8_t out[SHA256_BYTES])
{
    sha256_parts(&in, 1, out);
}
