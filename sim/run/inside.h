/* Private to sim/run: one run, and what its files do for each other. */
#pragma once

#include "net/gossipsub/gossipsub.h"
#include "sim/attack/tap.h"
#include "sim/random.h"
#include "sim/run/run.h"

#define RUN_MARGIN_NS     (10 * NS_PER_S) /* up from before to after a message: it is owed */
#define RUN_REGIONS_MAX   64u
#define RUN_MESSAGES_MAX  (4u << 20)
#define RUN_TOPICS_OF_MAX 64u /* content topics that one person follows */

enum role {
    ROLE_RELAY,
    ROLE_LIGHT,
};

struct person { /* by node */
    enum role role;
    bool stores, serves, unreachable, spy, tells, spams;
    uint8_t region;
    int64_t access_ns;
    uint32_t *conversations; /* indexes */
    uint32_t conversations_count;
    bool looks;         /* topology.c will look at its connections */
    int64_t up_from_ns; /* INT64_MAX: down */
    int64_t was_up_ns;  /* the life before began then, and */
    int64_t down_at_ns; /* ended then */
    uint32_t service;   /* of a light client: the node that serves it */
    uint32_t lives;
};

enum conversation_kind {
    CONVERSATION_DIRECT,
    CONVERSATION_GROUP,
};

struct conversation {
    enum conversation_kind kind;
    uint32_t *members; /* nodes; of a group the most talkative first */
    uint32_t count;
    bool told; /* a member of it tells the adversary what it reads */
};

struct message {
    int64_t at_ns;
    uint32_t author;
    uint32_t conversation; /* UINT32_MAX: none */
    bool receipt, spam, direct;
    uint32_t post; /* of f2.c, + 1; 0: none */
    bool cut;      /* the network was not whole: nothing is owed */
    bool refused;  /* the author was told that it did not go out: nothing is owed */
    uint8_t *got;  /* by node, how often; until it is judged */
};

struct region {
    const char *name;
    double share; /* of the nodes */
    double up_mbit, down_mbit;
};

struct run {
    const struct scenario *sc;
    const struct run_options *options;
    struct sim *sim;
    uint32_t nodes;
    struct person *people;
    uint32_t *speakers; /* nodes of people who speak */
    uint32_t speakers_count;
    struct conversation *conversations;
    uint32_t conversations_count;
    struct message *messages;
    uint32_t messages_count, messages_cap, judged;
    struct step *steps;
    struct gossipsub_params gossip; /* read again at every restart of a node */
    /* links */
    struct region regions[RUN_REGIONS_MAX];
    size_t regions_count;
    int64_t *between; /* one-way delays, regions_count squared */
    double slow;
    /* faults */
    uint8_t *side;
    uint32_t partitions;
    int64_t whole_from_ns; /* when the network was healed last */
    /* the adversary */
    struct tap *tap;
    bool *own, *services, *victims;
    uint64_t *client_ids, next_client;
    uint32_t *client_nodes; /* by peer id, 1 upwards */
    uint64_t client_nodes_cap;
    const struct attack *attacks[TAP_ATTACKS_MAX];
    size_t attacks_count;
    /* counted */
    uint64_t refused, owed, delivered, missing, twice, pushed_bad, queries, query_errors;
    uint64_t light_owed, light_delivered, spam_sent;
    uint64_t bytes_before, sampled_messages, sampled_deliveries, sampled_bytes;
    struct gossipsub_counts gossip_before;
    struct chats *chats;     /* chats.c; NULL: nobody has one */
    struct members *members; /* f2.c; NULL: tier F2 is not used */
    struct closed *closed;   /* closed.c; NULL: not asked for */
    struct run_result *out;
    struct scenario_error *error;
};

struct step { /* argument of a call at a time; kept until the end of the run */
    struct run *run;
    uint32_t a, b, c;
    int64_t ns; /* for who wants to keep a time */
    struct step *next;
};

/** Call fn with a step at a virtual time. */
void run_at(struct run *r, int64_t ns, void (*fn)(void *step), uint32_t a, uint32_t b, uint32_t c);

static inline int64_t run_begin_ns(const struct run *r)
{
    return (int64_t)(r->sc->net_warm_up_s * (double)NS_PER_S);
}
static inline int64_t run_end_ns(const struct run *r)
{
    return run_begin_ns(r) + (int64_t)(r->sc->net_seconds * (double)NS_PER_S);
}

void *run_need(void *p); /* memory is a bound of the machine: without it the run stops */

/* links.c, matrix.c */
enum err links_init(struct run *r) MUST_CHECK;
void links_between(const void *run, uint32_t a, uint32_t b, struct sim_link *link);
enum err matrix_read(struct run *r, struct span text) MUST_CHECK;

/* roles.c */
enum err roles_init(struct run *r) MUST_CHECK;
enum err roles_add_nodes(struct run *r) MUST_CHECK;
void roles_new_client(struct run *r, uint32_t node); /* it has a new peer id as attacks see it */

/* topology.c */
void topology_join(struct run *r, uint32_t node);
void topology_lost(struct run *r, uint32_t node);

/* churn.c, planned.c */
void churn_plan(struct run *r);
void churn_leave(struct run *r, uint32_t node, int64_t for_ns); /* 0: for good */
void planned_plan(struct run *r);

/* people.c */
void people_meet(struct run *r);
bool people_share(const struct run *r, uint32_t a, uint32_t b);
size_t people_topic(const struct run *r, uint32_t conversation, int64_t at_ns, char out[64]);
size_t people_inbox(const struct run *r, uint32_t node, int64_t at_ns, char out[64]);
void people_subscribe(struct run *r, uint32_t node);

/** What it follows now, its cover behind its own. */
size_t people_follows(const struct run *r, uint32_t node, char out[RUN_TOPICS_OF_MAX][64]);

/* Workloads: one file and one row of workloads[] in run.c each. */
void steady_plan(struct run *r);
void direct_plan(struct run *r);
void groups_plan(struct run *r);
void spam_plan(struct run *r);
void fetch_plan(struct run *r);
void commits_plan(struct run *r);
void chats_plan(struct run *r);
void f2_plan(struct run *r);

/* f2_hear.c, f2_measure.c: tier F2 */
void f2_arrived(struct run *r, uint32_t node, uint32_t post); /* a message of it */
void f2_measure(struct run *r);
void f2_free(struct run *r);

/* chats.c */
void chats_event(struct run *r, uint32_t node); /* something may have come to its chat */
void chats_life(struct run *r, uint32_t node, bool up);
void chats_measure(struct run *r);
void chats_free(struct run *r); /* after the nodes */

/** Is somebody of this region awake? A time that was drawn is kept with this chance. */
bool run_awake(struct run *r, uint32_t node, uint32_t purpose, int64_t at_ns);

/* speak.c */
#define SPEAK_RECEIPT 1u
#define SPEAK_SPAM    2u
#define SPEAK_COMMIT  4u
/** `author` says something in a conversation (UINT32_MAX: to all) now. */
void speak(struct run *r, uint32_t author, uint32_t conversation, unsigned what);
uint32_t speak_size(struct run *r, unsigned what);
/** A message of a post of abstract members goes out at their service. */
void speak_post(struct run *r, uint32_t node, uint32_t post, uint32_t bytes);

/* receipts.c */
void receipts_due(struct run *r, uint32_t node, const struct message *m);

/* delivery.c */
void delivery_event(struct run *r, uint32_t node, const struct core_event *ev);
void delivery_pushed(struct run *r, const struct core_event *ev); /* an answer to a push */
void delivery_life(struct run *r, uint32_t node, bool up);
/** Was it up from RUN_MARGIN_NS before to RUN_MARGIN_NS after? */
bool delivery_was_there(const struct run *r, uint32_t node, int64_t at_ns);
void delivery_judge(struct run *r, bool all); /* those whose margin has passed */

/* truth.c */
void truth_of(struct run *r, struct truth *out);
uint64_t truth_account(uint32_t node); /* number of the account on a node */

/* adversary.c */
enum err adversary_init(struct run *r) MUST_CHECK;
void adversary_measure(struct run *r);
void adversary_free(struct run *r);

/* closed.c */
void closed_init(struct run *r);
void closed_speaks(struct run *r, uint32_t author);                        /* a relay, now */
void closed_measure(struct run *r, double degree, double iwants_answered); /* both means */
void closed_free(struct run *r);

/* measure.c */
void measure_begin(struct run *r);
void measure_sample(struct run *r);
void measure_end(struct run *r);
void measure_add(struct run *r, const char *name, const char *unit, double value);
void measure_share(struct run *r, const char *name, double value, double n, double lower,
                   double upper);
