/* Ethereum's recursive length prefix: an item is a byte string or a list of items. Each value has
 * one encoding, and no other is read: lengths and lone bytes in their shortest form, integers
 * without leading zeros. Readers are sticky as in crypto/base/reader.h: read the whole structure,
 * then ask reader_end once. Nothing is recursive, so depth costs nothing.
 *
 *     struct reader list = read_rlp_list(&r);
 *     uint64_t seq = read_rlp_uint(&list);
 *
 * @source Ethereum yellow paper, appendix B; ethereum.org "Recursive-length prefix serialization"
 */
#pragma once

#include "crypto/base/reader.h"
#include "crypto/base/writer.h"

struct rlp_item {
    bool is_list;
    struct span body;  /* bytes of a string, or the encoded items of a list; borrowed */
    struct span whole; /* with its prefix; borrowed */
};

/** The next item; poisons `r` when it is none or not in its shortest form. */
struct rlp_item read_rlp(struct reader *r);

/** The next item, which must be a string; borrowed. */
struct span read_rlp_bytes(struct reader *r);

/** The next item, which must be an integer of at most 64 bits. */
uint64_t read_rlp_uint(struct reader *r);

/** The next item, which must be a list: a reader over its items, poisoned when `r` is. */
struct reader read_rlp_list(struct reader *r);

/** More items, and none of the earlier ones was bad? */
static inline bool rlp_more(const struct reader *r)
{
    return !r->failed && r->rest.len > 0;
}

void write_rlp_bytes(struct writer *w, struct span bytes);
void write_rlp_uint(struct writer *w, uint64_t v);

/** Begin a list; what is written until rlp_end are its items. Lists may nest. */
size_t rlp_begin(struct writer *w);

/** End the list that rlp_begin returned `begun` for. */
void rlp_end(struct writer *w, size_t begun);

/** The prefix of a list whose items take `body` bytes, 1..9 bytes; for hashing without copying. */
size_t rlp_list_prefix(size_t body, uint8_t out[9]);
