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

struct tap_read { /* a member of a group who tells reads a message */
    int64_t at_ns;
    uint64_t message;
    uint64_t account; /* of its author, as members know each other: says nothing of nodes */
    uint64_t group;
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
    const bool *victims; /* by node: all its connections are to spies */
};

struct attack {
    const char *name;     /* in scenario files and metrics: "first-sent" */
    const char *position; /* who could do it, in the words of docs/privacy.md */
    const char *question; /* what is found out */
    void *(*start)(const struct attack_setup *setup);    /* NULL: memory is out */
    void (*copy)(void *state, const struct tap_copy *c); /* or NULL */
    void (*sent)(void *state, const struct tap_copy *c); /* or NULL: `spy` sent it to `from` */
    void (*request)(void *state, const struct tap_request *r); /* or NULL */
    void (*read)(void *state, const struct tap_read *r);       /* or NULL */
    void (*segment)(void *state, const struct tap_segment *s); /* or NULL */
    void (*conclude)(void *state, struct score *score);        /* make all claims */
    void (*end)(void *state);
};

extern const struct attack *const attacks[]; /* ends with NULL */

/** By name; NULL: none. */
const struct attack *attack_find(const char *name);

/* ---- claims: score.c ---- */

enum question {
    QUESTION_AUTHOR,       /* subject: a message; answer: the node that wrote it */
    QUESTION_ORIGIN,       /* node; a time at which it wrote something */
    QUESTION_CONTACT,      /* peer id; peer id of somebody that it has a conversation with */
    QUESTION_CONTACT_NODE, /* the same with nodes */
    QUESTION_SAME_PERSON,  /* peer id; another one of the same person */
    QUESTION_RECEIPT,      /* message; 1: it is a receipt, 0: a person wrote it */
    QUESTION_SAME_TALK,    /* message; another one of the same conversation */
    QUESTION_INTEREST,     /* peer id; a content topic of one of its conversations */
    QUESTION_GROUP,        /* peer id; peer id of somebody in a group of its own */
    QUESTION_GROUP_NODE,   /* the same with nodes */
    QUESTION_WROTE,        /* peer id; the beginning of a minute in which its person wrote */
    QUESTION_ACCOUNT,      /* account; the node that it is on */
    QUESTION_VICTIM,       /* a message of a victim; the victim that wrote it */
};
#define QUESTIONS 13u

struct answer {
    uint64_t who;
    double likeness; /* greater is likelier; equal is a tie */
};

struct claim {
    enum question question;
    uint64_t subject;
    const struct answer *answers; /* that are thought possible; no two alike */
    size_t count;
    bool all;          /* all of them are claimed; false: the likeliest is, others are ranked */
    unsigned evidence; /* what it rests on, 0 .. SCORE_EVIDENCE - 1: how well each kind does is
                          known to the adversary */
};

#define SCORE_EVIDENCE 4u
#define SCORE_LEVELS   32u /* of likeness; what comes below is one tie */

void claim(struct score *score, const struct claim *c);

/** One answer and no other. */
void claim_one(struct score *score, enum question question, uint64_t subject, uint64_t who);

/* ---- the truth, and how often claims were right ---- */

struct truth_row { /* of a question; `ctx` first */
    bool (*right)(void *ctx, uint64_t subject, uint64_t who);
    uint64_t (*rights)(void *ctx, uint64_t subject); /* right answers that there are */
    uint64_t (*person)(void *ctx, uint64_t subject); /* whose secret it is: claims about one
                                                        person hang together */
    uint64_t (*possible)(void *ctx);                 /* answers that anybody could name; NULL:
                                                        ranks and sets mean nothing */
    uint64_t (*wanted)(void *ctx);                   /* right answers to all subjects; NULL:
                                                        not counted */
};

struct truth {
    void *ctx;
    struct truth_row rows[QUESTIONS]; /* right == NULL: claims are not counted */
};

struct score; /* of one attack in one run */

struct score *score_new(const struct truth *truth); /* NULL: memory is out */
void score_free(struct score *score);

/* Let p be the adversary's posterior: it knows of each kind of evidence how often the right answer
 * is at which place of its list, shares that among ties, and the rest among all who are not listed.
 *
 *     entropy = mean over claims of -sum p log2 p     set = 2^entropy (Serjantov and Danezis 2002)
 *
 * of each right answer: where a subject has R of them, log2 R is taken off, so that 0 bits is
 * certainty about all.
 *
 * Intervals are Wilson's, 95 %, for as many independent claims as there would be with the same
 * variance: claims about one person count as one draw (cluster-robust variance of a ratio).
 */
struct score_result {
    double precision, lower, upper;            /* right / claims */
    double recall, recall_lower, recall_upper; /* right / wanted */
    double inverse_rank;                       /* mean of 1 / rank of the best right answer */
    double entropy, set;                       /* bits; answers */
    uint64_t claims, right, wanted, persons;
    bool ranked; /* inverse_rank, entropy, set are there */
};

void score_result(const struct score *score, struct score_result *out);
