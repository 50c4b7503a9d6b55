/* What is kept per peer, by node id and UDP address: sessions and challenges. A bounded map whose
 * oldest entry makes room for a new one; use makes an entry young again. Keys are tied to the
 * address, so that no packet from elsewhere opens a session (discv5-theory.md "Session Cache").
 */
#pragma once

#include "crypto/base/map.h"
#include "net/wire/enr.h"

struct udp_addr {
    uint8_t ip[16]; /* as in net/wire/ip.h */
    uint16_t port;
};

static inline bool udp_addr_eq(const struct udp_addr *a, const struct udp_addr *b)
{
    return a->port == b->port && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

struct kept_key {
    uint8_t bytes[ENR_ID_BYTES + 16 + 2];
};

struct kept_entry { /* the first member of what is kept */
    struct kept_key key;
    struct kept_entry *older, *younger;
};

struct kept {
    struct map map;
    struct kept_entry *oldest, *youngest;
    size_t entry_bytes, max;
};

void kept_init(struct kept *c, const uint8_t seed[16], size_t entry_bytes, size_t max);

/** Wipe and free all. */
void kept_clear(struct kept *c);

struct kept_key kept_key_of(const uint8_t id[ENR_ID_BYTES], const struct udp_addr *addr);

/** NULL when there is none. */
void *kept_get(const struct kept *c, const struct kept_key *key);

/** The entry of this key, youngest now; a new one is zeros but for its key. NULL: no memory. */
void *kept_touch(struct kept *c, const struct kept_key *key) MUST_CHECK;

/** Wipe and free the entry of this key, if there is one. */
void kept_drop(struct kept *c, const struct kept_key *key);
