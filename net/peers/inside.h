/* The parts of struct peers: private to the room.
 *
 *     book.c    entries, whom to forget when there is no room, who told and from which address
 *     peers.c   what the node tells, and outputs
 *     slots.c   a round: whom to dial, whom to ask to leave, what is missing
 *     record.c  an entry as bytes
 *     view.c    looking in
 */
#pragma once

#include "crypto/base/fifo.h"
#include "crypto/base/map.h"
#include "net/peers/peers.h"

enum shelf {      /* the list an entry is in, in the order in which they make room */
    SHELF_FAILED, /* a stranger that was not reached; the oldest failure first */
    SHELF_UNTRIED,
    SHELF_WORKED, /* the one seen longest ago first */
    SHELF_HELD,   /* connected, being dialed, or named by the operator: stays */
    SHELVES,
};

struct group { /* what comes from one IPv4 address or IPv6 /64 */
    uint8_t key[9];
    uint8_t key_len;
    uint32_t entries, active; /* active: connected or being dialed */
};

struct teller {
    uint64_t via;
    uint32_t untried;
};

struct entry {
    struct peer_id id;
    struct entry *prev, *next; /* on its shelf */
    enum shelf shelf;
    enum peers_source source;
    struct teller *teller; /* while untried */
    struct group *group;   /* NULL: no IP address, or exempt */
    uint8_t *addrs;        /* owned: 2 bytes of length and the address, each */
    size_t addrs_bytes;
    unsigned addrs_count;
    unsigned capabilities, failures;
    bool capabilities_known, shards_known;
    bool fixed; /* the operator named it */
    bool asked; /* a person or a service of ours dialed it: not asked to leave */
    bool dialing, connected, outbound, by_us, identified, in_mesh, leaving, foreign;
    uint64_t peer;
    struct peers_shards shards;
    struct mono since; /* of the shelf: told, dialed, connected, failed */
    struct mono next_dial;
    int64_t worked_s;
};

struct out_slot {
    struct peers_out out;
    struct multiaddr *addrs; /* owned */
};

struct peers {
    struct peers_params params;
    struct peers_shards shards; /* ours */
    size_t shards_count;
    struct map entries, groups, tellers;
    struct entry *first[SHELVES], *last[SHELVES];
    size_t shelved; /* all but SHELF_HELD */
    struct fifo out;
    struct out_slot told;
    struct mono due, rounded, sweep;
    struct mono want; /* not before */
    int64_t want_ms;
    uint64_t generation;
    struct peers_counters counters;
};

/* ---- book.c ---- */

struct entry *book_find(const struct peers *p, const struct peer_id *id);

/** Room for one more of `c`'s teller and address, and an entry for it on SHELF_UNTRIED. */
enum err book_add(struct peers *p, const struct env *env, const struct peer_id *id,
                  enum peers_source source, uint64_t via, struct entry **out) MUST_CHECK;
void book_remove(struct peers *p, struct entry *e);

/** Put it at the end of the shelf that its state says. */
void book_shelve(struct peers *p, const struct env *env, struct entry *e);

/** Make room until no more than `capacity` are shelved. */
void book_trim(struct peers *p);

/** Put addresses before those known. `strangers`: private ones are left out. ERR_NOT_FOUND: none is
 * left at all. */
enum err book_learn(struct peers *p, struct entry *e, const struct multiaddr *addrs, size_t count,
                    bool strangers) MUST_CHECK;
bool book_addr(const struct entry *e, size_t *cursor, struct multiaddr *out);

/** Count it for the address; `ip` NULL: none. ERR_LIMIT: there are `per_ip` already. */
enum err book_group(struct peers *p, struct entry *e, const uint8_t *ip, bool limited) MUST_CHECK;
void book_set_active(struct entry *e, bool connected, bool dialing);
void book_sweep(struct peers *p, const struct env *env);

/* ---- slots.c ---- */

/** Dial, disconnect and call for candidates, as far as slots are open. */
void slots_round(struct peers *p, const struct env *env);

/* ---- peers.c ---- */

void peers_wake(struct peers *p, const struct env *env);
void peers_emit(struct peers *p, const struct env *env, struct out_slot *slot);

/** A dial or a connection failed: when to try again. */
void peers_failed(struct peers *p, const struct env *env, struct entry *e);
