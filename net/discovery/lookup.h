/* One walk towards a target: the closest nodes that were heard of, three of them asked at a time,
 * until the 16 closest have answered or failed.
 *
 * @source ethereum/devp2p discv5-theory.md "Lookup"
 */
#pragma once

#include "net/discovery/table.h"

enum candidate_state {
    CANDIDATE_NEW,
    CANDIDATE_ASKED,
    CANDIDATE_DONE,
    CANDIDATE_FAILED,
};

struct candidate {
    struct enr enr;
    struct udp_addr addr;
    enum candidate_state state;
};

struct lookup {
    uint8_t target[ENR_ID_BYTES];
    size_t count;                                      /* 0: none under way */
    struct candidate *candidates[DISCV5_LOOKUP_NODES]; /* closest first; owned */
};

/** Begin at the closest nodes of the table; whatever was under way is forgotten. */
void lookup_start(struct lookup *l, const struct table *t, const uint8_t target[ENR_ID_BYTES]);
void lookup_clear(struct lookup *l);

/** A record was heard of. */
void lookup_add(struct lookup *l, const struct enr *enr, const struct udp_addr *addr);

/** Whom to ask next: asked from now on. NULL: nobody at the moment, or the end. */
struct candidate *lookup_next(struct lookup *l);

/** The answer, or that there was none. */
void lookup_answered(struct lookup *l, const uint8_t id[ENR_ID_BYTES], bool failed);

/** Nobody left to ask, and nobody asked. */
bool lookup_ended(const struct lookup *l);

/** The distances at which a node should be asked for the target, closest first. */
void lookup_distances(const uint8_t target[ENR_ID_BYTES], const uint8_t node[ENR_ID_BYTES],
                      uint16_t out[3]);
