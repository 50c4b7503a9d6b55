/* Entries of a node list in DNS: text to meaning, and who vouches for it. The root is signed; every
 * other entry is named by its hash, so that the root vouches for all.
 *
 *     enrtree-root:v1 e=HASH l=HASH seq=N sig=...    at the domain itself
 *     enrtree-branch:HASH,HASH,...                   at HASH.domain, as those below
 *     enrtree://KEY@domain                           another list
 *     enr:...                                        a node
 *
 * @source EIP-1459
 */
#pragma once

#include "net/discovery/params.h"
#include "net/wire/enr.h"

struct tree_url {
    uint8_t key[ENR_KEY_BYTES]; /* who signs the root */
    char domain[DNS_NAME_MAX + 1];
};

struct tree_hash { /* base 32 as written, upper or lower case; NUL at the end */
    char text[DNS_HASH_CHARS_MAX + 1];
};

struct tree_root {
    struct tree_hash enrs, links;
    uint64_t seq;
};

enum tree_kind {
    TREE_BRANCH,
    TREE_LINK,
    TREE_ENR,
};

struct tree_entry {
    enum tree_kind kind;
    size_t count; /* children of a branch */
    struct tree_hash children[DNS_CHILDREN_MAX];
    struct tree_url link;
    struct enr enr;
};

/** Read "enrtree://KEY@domain". OK; ERR_FORMAT. */
enum err tree_url_parse(struct span text, struct tree_url *out) MUST_CHECK;

/** Read and verify a root. OK; ERR_FORMAT; ERR_AUTH. */
enum err tree_root_open(struct span text, const uint8_t key[ENR_KEY_BYTES],
                        struct tree_root *out) MUST_CHECK;

/** Read an entry, whose hash must be `name`.
 *
 * @return OK; ERR_FORMAT; ERR_AUTH another hash, or a record with a bad signature; ERR_LIMIT more
 *         children than DNS_CHILDREN_MAX; ERR_UNSUPPORTED
 */
enum err tree_entry_open(struct span text, const struct tree_hash *name,
                         struct tree_entry *out) MUST_CHECK;
