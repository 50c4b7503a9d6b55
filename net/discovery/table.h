/* Whom we know: a bucket of at most 16 nodes for each log distance from us, and a few spares to
 * each for when one of them is gone. Nodes of one address are bounded, per bucket and in all, so
 * that nobody fills the table from one machine. Only what has answered us is handed on.
 *
 * @source ethereum/devp2p discv5-theory.md "Node Table"
 */
#pragma once

#include "crypto/base/env.h"
#include "net/discovery/kept.h"
#include "net/discovery/params.h"

struct node {
    struct enr enr;
    struct udp_addr addr; /* what its record says */
    bool proven;          /* has answered from there */
    bool asked;           /* a PING is under way */
    uint8_t fails;        /* PINGs without answer since the last answer */
    struct mono checked;
};

struct bucket {
    struct node *nodes[DISCV5_BUCKET_NODES], *spares[DISCV5_BUCKET_SPARES]; /* oldest first */
    uint8_t count, spare_count;
};

struct table {
    uint8_t self[ENR_ID_BYTES];
    size_t ip_max, bucket_ip_max; /* nodes of one address; 0: any number */
    size_t count, proven;         /* nodes in buckets */
    struct bucket buckets[DISCV5_BUCKETS];
};

/** Bits of the longest differing suffix, 0..256. */
unsigned log_distance(const uint8_t a[ENR_ID_BYTES], const uint8_t b[ENR_ID_BYTES]);

/** Is `a` closer to the target than `b`? */
bool is_closer(const uint8_t target[ENR_ID_BYTES], const uint8_t a[ENR_ID_BYTES],
               const uint8_t b[ENR_ID_BYTES]);

void table_init(struct table *t, const uint8_t self[ENR_ID_BYTES]);
void table_clear(struct table *t);

/** The node of this id in a bucket; NULL. */
struct node *table_find(const struct table *t, const uint8_t id[ENR_ID_BYTES]);

/** Take a record: as a node, as a spare of a full bucket, or as the newer one of a known node.
 *
 * A record with another address makes its node unproven again.
 *
 * @return the node, when it stands in a bucket now; NULL: spare, refused, or no memory
 */
struct node *table_add(struct table *t, const struct enr *enr, const struct udp_addr *addr);

void table_prove(struct table *t, struct node *n, struct mono now);

/** Drop a node; its youngest spare takes the place. */
void table_remove(struct table *t, struct node *n);

/** Step through the nodes; start with *cursor = 0. NULL at the end. */
struct node *table_next(const struct table *t, size_t *cursor);

/** Proven nodes at a log distance from us, 1..256, longest known first. How many of `max`. */
size_t table_at(const struct table *t, unsigned distance, struct node **out, size_t max);

/** The nodes closest to a target, closest first. How many of `max`. */
size_t table_closest(const struct table *t, const uint8_t target[ENR_ID_BYTES], struct node **out,
                     size_t max);
