/* Attacks: what an adversary concludes from what its position lets it see, and how often it is
 * right. docs/your-first-attack.md builds one.
 *
 *     sim (bytes that arrive) -> tap.c -- struct tap_copy, tap_request, tap_segment --> an attack
 *                                                                        claims |
 *     what really happened (struct truth) ------------------> score.c <---------'
 *
 * An attack is one file and one row of attacks[]. It is told only what a position sees, by the
 * types below: it has no way to the simulator. What is true is joined in score.c alone.
 */
#pragma once

#include "crypto/base/env.h"

/* ---- what positions see ---- */

struct tap_copy { /* one copy of a message arrives at a relay of the adversary */
    int64_t at_ns;
    uint32_t spy, from; /* the relay; the neighbour, by its address */
    uint64_t message;   /* names the message: the same bytes, the same number */
    uint64_t topic;     /* content topic, hashed */
    size_t bytes;       /* of the encoded message */
    int64_t delay_ns;   /* from the neighbour to the relay, as pings tell */
    bool pushed;        /* came by lightpush: on a stem, or from a light client */
    bool asked;         /* answers an IWANT of the relay */
    bool mesh;          /* the neighbour is in the relay's mesh, or was a moment ago */
};

enum tap_request_kind {
    TAP_STORE,
    TAP_SUBSCRIBE,
    TAP_PUSH,
};

#define TAP_TOPICS_MAX 64u /* of one request; more are not told */

struct tap_request { /* a service of the adversary is asked */
    int64_t at_ns;
    enum tap_request_kind kind;
    uint32_t server;
    uint64_t client; /* names a peer id: the same while the client keeps it */
    uint64_t topics[TAP_TOPICS_MAX];
    size_t topics_count;
    uint64_t message; /* TAP_PUSH */
};

struct tap_segment { /* something leaves a node for the wire: a watcher of cables */
    int64_t at_ns;
    uint32_t from, to;
    size_t bytes;
};

/* ---- an attack ---- */

struct score;

struct attack_setup { /* what an adversary knows before it begins */
    uint32_t nodes;
    const bool *own; /* by node: its spies */
    uint32_t own_count;
};

struct attack {
    const char *name;     /* in scenario files and metrics: "first-sent" */
    const char *position; /* who could do it, in the words of docs/privacy.md */
    const char *question; /* what is found out */
    void *(*start)(const struct attack_setup *setup);          /* NULL: memory is out */
    void (*copy)(void *state, const struct tap_copy *c);       /* or NULL */
    void (*request)(void *state, const struct tap_request *r); /* or NULL */
    void (*segment)(void *state, const struct tap_segment *s); /* or NULL */
    void (*conclude)(void *state, struct score *score);        /* make all claims */
    void (*end)(void *state);
};

extern const struct attack *const attacks[]; /* ends with NULL */

/** By name; NULL: none. */
const struct attack *attack_find(const char *name);

/* ---- claims ---- */

/** `node` wrote `message`. */
void claim_author(struct score *score, uint64_t message, uint32_t node);

/** `node` began something at `at_ns` that was its own: wrote a message then. */
void claim_origin(struct score *score, int64_t at_ns, uint32_t node);

/** Whoever used peer id `a` takes part in a conversation with whoever used `b`. */
void claim_contact(struct score *score, uint64_t a, uint64_t b);

/** Nodes `a` and `b` have a conversation. */
void claim_contact_of_nodes(struct score *score, uint32_t a, uint32_t b);

/** Peer ids `a` and `b` belong to one person. */
void claim_same(struct score *score, uint64_t a, uint64_t b);

/** `message` is a receipt and nothing that a person wrote. */
void claim_receipt(struct score *score, uint64_t message, bool receipt);

/* ---- the truth, and how often claims were right ---- */

struct truth {
    void *ctx;
    uint32_t (*author)(void *ctx, uint64_t message); /* UINT32_MAX: unknown message */
    bool (*wrote)(void *ctx, uint32_t node, int64_t from_ns, int64_t to_ns); /* anything */
    bool (*contact)(void *ctx, uint32_t a, uint32_t b);
    bool (*receipt)(void *ctx, uint64_t message);
    uint32_t (*node_of)(void *ctx, uint64_t client); /* of a peer id */
    uint64_t messages;                               /* that honest people wrote */
    uint64_t contacts;                               /* pairs that have a conversation */
};

struct score { /* of one attack in one run */
    const struct truth *truth;
    uint64_t claims, right;
    uint64_t wanted; /* that could have been found; 0: not counted */
};

struct score_result {
    double precision, lower, upper;            /* right / claims, Wilson's 95 % interval */
    double recall, recall_lower, recall_upper; /* right / wanted */
    uint64_t claims, right, wanted;
};

void score_result(const struct score *score, struct score_result *out);
