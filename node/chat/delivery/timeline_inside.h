/* The inside of a timeline: private to timeline*.c. */
#pragma once

#include "crypto/base/fifo.h"
#include "crypto/base/map.h"
#include "node/chat/delivery/timeline.h"

struct timeline_node {
    struct entry_place place;
    struct entry_author author;
    uint64_t epoch;
    int64_t received_ms;
    struct buf bytes;
    struct entry_id parents[ENTRY_PARENTS_MAX];
    struct timeline_node *at[ENTRY_PARENTS_MAX]; /* NULL: not here, or outside */
    bool outside[ENTRY_PARENTS_MAX];
    size_t parents_count;
    size_t followers; /* complete entries that name it */
    uint64_t mark;
    bool held, complete, leaving;
};

struct timeline_nodes { /* owned array of borrowed nodes */
    struct timeline_node **list;
    size_t count, cap;
};

struct timeline {
    struct map nodes;            /* id -> node, held ones too */
    struct timeline_nodes order; /* by place */
    struct timeline_nodes held;  /* by place */
    struct timeline_nodes open;  /* not complete; by place */
    struct timeline_nodes heads; /* complete, followed by no complete one */
    struct map gaps;             /* id -> timeline_gap */
    struct map outside;          /* id -> any */
    struct fifo out;
    uint64_t mark;
    uint64_t own, seen; /* lamports: our last, the highest in order */
    struct entry_place horizon;
    bool changed;
};

/** Where a place is or belongs in a list. */
size_t timeline_nodes_find(const struct timeline_nodes *l, const struct entry_place *place);
enum err timeline_nodes_room(struct timeline_nodes *l) MUST_CHECK;
/** There is room. */
void timeline_nodes_insert(struct timeline_nodes *l, struct timeline_node *n);
void timeline_nodes_remove(struct timeline_nodes *l, const struct timeline_node *n);

struct timeline_node *timeline_node_of(const struct timeline *t, const struct entry_id *id);
void timeline_node_free(struct timeline_node *n);

/** Make a node of an entry, known by its id and in no list. */
enum err timeline_node_new(struct timeline *t, const struct env *env, const struct timeline_in *in,
                           struct timeline_node **out) MUST_CHECK;

/** Put a node into the order; with `tell` it is polled. ERR_FULL, ERR_MEMORY: nothing changed. */
enum err timeline_put(struct timeline *t, const struct env *env, struct timeline_node *n,
                      bool tell) MUST_CHECK;

/** Find the parents of a node that has come into the order, and what waited for it. */
void timeline_join(struct timeline *t, const struct env *env, struct timeline_node *n);

/** Whatever has its whole past now is complete. */
void timeline_settle(struct timeline *t);

/** It is here. */
void timeline_gap_close(struct timeline *t, const struct entry_id *id);
