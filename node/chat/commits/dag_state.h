/* Inside of the commit DAG: what dag*.c share. */
#pragma once

#include "crypto/base/blob.h"
#include "crypto/base/fifo.h"
#include "node/chat/commits/dag.h"

#define NEVER INT64_MAX

struct dag_voters { /* shared by the epochs that have the same */
    size_t refs, count;
    struct dag_voter list[DAG_VOTERS_MAX];
};

struct dag_node {                              /* first what every judgement looks at */
    struct dag_node *parent, *child, *sibling; /* the first child, the next child of `parent` */
    struct dag_voters *voters;                 /* of a ticket only: those of its parent */
    uint64_t epoch;                            /* its own MLS number */
    uint64_t votes;                            /* bit i: voter i of the parent acked it */
    uint64_t support;                          /* ... or something behind it; from the votes */
    size_t present;                            /* installations seen last here or behind it */
    bool held;                                 /* its state was at hand once; else a ticket only */
    bool rewind, receive;                      /* what is left of it */
    bool own;                                  /* our commit */
    bool doubled; /* two tickets of its leaf for its parent are known */
    bool evidence_told, lost_told, fork_told;
    bool given_up;  /* our commit, to be withdrawn: counts before `withdrawal` is signed */
    bool certified; /* by acks to it */
    bool settled;   /* it or a descendant is certified */
    bool peopled;   /* somebody else is there, or behind it */
    bool usable;    /* it or a descendant is whole */
    bool path;      /* from the root to the head */
    bool dirty;
    int64_t seen_ns;
    int64_t child_ns;   /* first child held; NEVER: none */
    int64_t adopted_ns; /* first child adopted; NEVER: none */
    int64_t left_ns;    /* when it was no longer the head; NEVER: it is */
    int64_t signed_ns;  /* our ack to it; NEVER: none */
    struct blob *bytes; /* of the ticket; NULL: a beginning */
    struct blob *withdrawal;
    uint8_t rank[32];
    struct ticket ticket; /* without extensions; of a beginning only eid and epoch are set */
};

struct dag_list { /* an ack list */
    struct blob *bytes;
    uint8_t key[32];  /* who acks */
    struct eid *eids; /* owned */
    size_t count;
    uint8_t name[16];
    int64_t seen_ns;
    bool dirty;
};

struct dag_place {
    uint8_t key[32];
    struct eid eid;
    int64_t seen_ns;
};

struct dag {
    uint8_t group[GROUP_ID_BYTES], key[32];
    struct dag_node **nodes; /* owned; parents before their children */
    size_t count, cap;       /* to DAG_NODES_MAX */
    uint16_t *index; /* owned, 2 * cap: place in `nodes`, + 1, by the name's first bytes; 0: free */
    struct dag_node *root, *head, *certified; /* certified: the deepest on the path, else root */
    struct dag_node *winner;                  /* cannot be followed and would win; NULL: none */
    struct dag_list *lists;                   /* owned; oldest first */
    size_t lists_count, lists_cap;
    bool sweep; /* some node may not be needed any more */
    struct dag_place places[DAG_PLACES_MAX];
    size_t places_count;
    bool moved, states_moved, places_moved; /* since the way was judged: the order, what is held,
                                               who is where */
    bool catching_up;
    bool doubted;      /* our states are an older copy */
    int64_t acks_ns;   /* when we last looked for acks that are due */
    int64_t life_ns;   /* when the next state dies or a commit of ours is lonely; INT64_MIN: look */
    int64_t awake_ns;  /* end of the last catch-up */
    int64_t asleep_ns; /* its beginning */
    int64_t lone_ns;   /* last acks that travelled alone; INT64_MIN: never */
    int64_t lone_at;   /* the next; NEVER: none is planned */
    int64_t beacons[DAG_BEACONS_DAY]; /* the last ones, newest first; INT64_MIN: none */
    int64_t beacon_at;                /* because we woke or are uncertified; NEVER */
    bool beacon_woke;
    int64_t rejoin_at;
    unsigned rejoin_tries;
    int64_t answer_at, answered_ns;     /* a beacon to another branch; NEVER, INT64_MIN */
    struct eid answer_eid, answer_from; /* the fork; what it said that it has */
    const struct dag_node *swept;       /* the certified node for which lists were looked through */
    struct fifo out;
    struct fifo gone;              /* struct dag_record: to be deleted */
    struct eid root_eid, head_eid; /* while loading */
    bool dirty;
};

static inline bool dag_withdrawn(const struct dag_node *n)
{
    return n->withdrawal != NULL || n->given_up;
}

void dag_emit(struct dag *d, enum dag_out_kind kind, const struct dag_node *n,
              const struct dag_node *other); /* dag.c */

/* dag_node.c */
void dag_index(struct dag *d, size_t from); /* the nodes from there on; 0: anew */
struct dag_node *dag_find(const struct dag *d, const struct eid *eid);
void dag_voters_unref(struct dag_voters *v);
enum err dag_insert(struct dag *d, struct dag_node *n); /* links it; ERR_FULL, ERR_MEMORY */
void dag_node_free(struct dag_node *n);
struct dag_node *dag_node_new(void);

/* dag_said.c */
void dag_note_place(struct dag *d, const uint8_t key[32], const struct dag_node *at, int64_t now);

/* dag_order.c */
size_t dag_quorum(size_t voters);
bool dag_before(const struct dag_node *a, const struct dag_node *b); /* a wins over its sibling b */
int dag_voter(const struct dag_voters *v, const uint8_t key[32]);    /* index; -1: none */
void dag_raise(struct dag *d, struct dag_node *n);                   /* it has votes */
void dag_recount(struct dag *d, struct dag_node *n);                 /* its voters changed */
void dag_count_list(struct dag *d, const struct dag_list *l, struct dag_node *only);
void dag_mark_doubles(struct dag *d, struct dag_node *fresh);
void dag_move_place(struct dag_node *from, struct dag_node *to);      /* NULL: from, to nowhere */
bool dag_below(const struct dag_node *n, const struct dag_node *top); /* top or a descendant */
void dag_decide(struct dag *d, const struct env *env);                /* votes to head */

const struct dag_node *dag_next_on_path(const struct dag_node *n);     /* dag_list.c */
const struct dag_node *dag_older(const struct dag *d, unsigned tries); /* settled, receive */

/* dag_life.c */
void dag_give_up(struct dag *d, int64_t now);        /* commits of ours that nobody followed */
void dag_live(struct dag *d, const struct env *env); /* what is due now */
void dag_answer(struct dag *d, const struct env *env, const struct dag_node *stranger,
                const struct dag_node *from);
int64_t dag_rewind_ends(const struct dag *d, const struct dag_node *n);

/* dag_prune.c */
void dag_drop(struct dag *d, struct dag_node *n, enum dag_out_kind part);
void dag_prune(struct dag *d, const struct env *env);
void dag_list_clear(struct dag_list *l);

/* dag_list.c */
enum err dag_list_add(struct dag *d, struct span bytes, int64_t seen_ns, struct dag_list **out);

/* dag_save.c */
void dag_forget_record(struct dag *d, enum dag_record_kind kind, const uint8_t name[16]);
