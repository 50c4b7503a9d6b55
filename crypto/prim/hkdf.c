#include "crypto/prim/hkdf.h"

#include "crypto/base/wipe.h"

/* key ^ pad, in words: byte by byte it would cost as much as a compression */
static void xor_pad(uint64_t block[HASH_BLOCK_MAX / 8], uint8_t pad)
{
    for (size_t i = 0; i < HASH_BLOCK_MAX / 8; i++)
        block[i] ^= pad * 0x0101010101010101u;
}

void hmac_key_init(struct hmac_key *k, const struct hash *hash, struct span key)
{
    uint64_t block[HASH_BLOCK_MAX / 8] = {0};

    if (key.len > hash->block_bytes)
        hash_parts(hash, &key, 1, (uint8_t *)block);
    else if (key.len > 0)
        memcpy(block, key.ptr, key.len);

    xor_pad(block, 0x36);
    hash_init(&k->inner, hash);
    hash_add(&k->inner, span_of(block, hash->block_bytes));
    xor_pad(block, 0x36 ^ 0x5c);
    hash_init(&k->outer, hash);
    hash_add(&k->outer, span_of(block, hash->block_bytes));
    wipe(block, sizeof block);
}

void hmac_key_clear(struct hmac_key *k)
{
    wipe(k, sizeof *k);
}

/* MAC of parts || tail, without copying the caller's parts for one more byte or block */
static void mac(const struct hmac_key *k, struct span head, const struct span *parts, size_t count,
                struct span tail, uint8_t *out)
{
    uint8_t digest[HASH_BYTES_MAX];
    struct hash_state s;
    size_t bytes = k->inner.hash->bytes;

    hash_fork(&s, &k->inner);
    hash_add(&s, head);
    for (size_t i = 0; i < count; i++)
        hash_add(&s, parts[i]);
    hash_add(&s, tail);
    hash_end(&s, digest);

    hash_fork(&s, &k->outer);
    hash_add(&s, span_of(digest, bytes));
    hash_end(&s, out);
    wipe(digest, sizeof digest);
}

void hmac_with(const struct hmac_key *k, const struct span *parts, size_t count, uint8_t *out)
{
    mac(k, SPAN_EMPTY, parts, count, SPAN_EMPTY, out);
}

void hmac(const struct hash *hash, struct span key, const struct span *parts, size_t count,
          uint8_t *out)
{
    struct hmac_key k;

    hmac_key_init(&k, hash, key);
    hmac_with(&k, parts, count, out);
    hmac_key_clear(&k);
}

void hkdf_extract_parts(const struct hash *hash, struct span salt, const struct span *parts,
                        size_t count, uint8_t *out)
{
    hmac(hash, salt, parts, count, out); /* an empty salt pads to the same block as Nh zeros */
}

void hkdf_extract(const struct hash *hash, struct span salt, struct span ikm, uint8_t *out)
{
    hkdf_extract_parts(hash, salt, &ikm, 1, out);
}

void hkdf_expand_with(const struct hmac_key *prk, const struct span *info, size_t count,
                      uint8_t *out, size_t len)
{
    const struct hash *hash = prk->inner.hash;
    uint8_t t[HASH_BYTES_MAX];
    struct span before = SPAN_EMPTY; /* T(0) */

    assert(len <= HKDF_EXPAND_MAX(hash));
    for (uint8_t i = 1; len > 0; i++) { /* T(i) = HMAC(PRK, T(i-1) || info || i) */
        mac(prk, before, info, count, span_of(&i, 1), t);
        size_t n = len < hash->bytes ? len : hash->bytes;
        memcpy(out, t, n);
        out += n;
        len -= n;
        before = span_of(t, hash->bytes);
    }
    wipe(t, sizeof t);
}

void hkdf_expand_parts(const struct hash *hash, struct span prk, const struct span *info,
                       size_t count, uint8_t *out, size_t len)
{
    struct hmac_key k;

    hmac_key_init(&k, hash, prk);
    hkdf_expand_with(&k, info, count, out, len);
    hmac_key_clear(&k);
}

void hkdf_expand(const struct hash *hash, struct span prk, struct span info, uint8_t *out,
                 size_t len)
{
    hkdf_expand_parts(hash, prk, &info, 1, out, len);
}
