/* The insides of sim/: nodes, connections and how an event reaches them. Private to the room. */
#pragma once

#include "crypto/base/fifo.h"
#include "crypto/base/map.h"
#include "crypto/prim/drbg.h"
#include "net/wire/peer_id.h"
#include "sim/events.h"
#include "sim/sim.h"

#define SIM_PORT 60000u /* every node listens here, at fd00:0:HIGH:LOW::1 */
#define SIM_SEND_BYTES_MAX                                                                         \
    (256u << 10) /* bytes under way in one direction, as socket buffers hold */
#define SIM_JOB_NS       (2 * NS_PER_MS) /* virtual time of a job: one fdatasync */
#define SIM_SIGNATURES   (1u << 17) /* tier F1: equal ones of the last so many are verified once */
#define SIM_WATCHERS_MAX 8u
#define SIM_PURPOSES_MAX 64u /* sim/random.h */

struct sim_end { /* one end of a connection */
    uint32_t node;
    uint64_t link;           /* id in that node's core; 0: not told yet, or gone */
    bool paused;             /* core does not want bytes */
    bool blocked;            /* core was refused bytes: SIM_WRITABLE is owed */
    bool ended;              /* this end closed or died */
    size_t in_flight;        /* bytes sent from here and not yet read at the other end */
    int64_t free_at_ns;      /* when our uplink has sent what was written */
    int64_t last_arrival_ns; /* of what we sent: a stream stays in order */
    struct fifo held;        /* struct blob * that arrived here and may not be read yet */
    bool told_down_later;    /* the other end ended; held comes first */
    enum err why;
};

struct sim_conn {
    uint32_t refs;         /* ends that hold it and events under way */
    struct sim_end end[2]; /* 0 dialed, 1 was dialed */
};

struct sim_node {
    struct sim *sim;
    uint32_t number;
    bool up;
    uint64_t generation; /* counts lives; a timer of an older one is void */
    uint64_t next_link;  /* odd ids of incoming links */
    uint64_t sent;       /* events made by this node, for their order */
    struct core *core;
    struct keyring_host *key;
    struct peer_id id;
    struct archive *archive;
    struct core_config config;
    struct drbg drbg;
    struct rng rng;
    struct env env;
    struct port port;
    struct map links;  /* link id -> struct sim_conn */
    struct map routes; /* node number -> struct sim_link, where not the default */
    struct sim_event *timer;
    struct pipe_node *pipe;           /* F1 */
    int64_t up_bytes_s, down_bytes_s; /* 0: unlimited */
    int64_t up_free_ns, down_free_ns; /* when those queues are empty */
    uint64_t bytes_in, bytes_out;
};

struct sim {
    struct sim_params params;
    struct sim_events events;
    struct sim_node **nodes;
    uint32_t nodes_count;
    int64_t now_ns;
    uint64_t digest;
    uint64_t calls; /* scenario steps made so far, for their order */
    struct log log;
    struct arena scratch; /* one node is awake at a time */
    struct sim_watcher watchers[SIM_WATCHERS_MAX];
    size_t watchers_count;
    const uint8_t *side; /* partition; NULL: whole */
    uint8_t *side_copy;
    struct pipe_note *spare_notes;
    struct map pairs; /* F1: nodes with a connection between them, or a dial under way */
    uint64_t random[SIM_PURPOSES_MAX];
    struct sim_stats stats;
};

/** Queue an event from `src` (its kind, dst and payload filled in) at a time. Memory is a bound of
 * the machine here: without it the run stops with a message. */
void sim_post(struct sim_node *src, struct sim_event *e, int64_t at_ns);
struct sim_event *sim_make(struct sim *s, enum sim_event_kind kind, uint32_t dst);

/** When `bytes` bytes that `src` begins to send now arrive at `dst`, by the link's model. */
int64_t sim_arrival(struct sim_node *src, uint32_t dst, size_t bytes, int64_t *free_at_ns,
                    int64_t *last_arrival_ns);

/** Keep an event back that waits for the downlink of its node: its time is moved, and it is queued
 * again (true). */
bool sim_waits_for_downlink(struct sim_node *dst, struct sim_event *e);

bool sim_parted(const struct sim *s, uint32_t a, uint32_t b);

/** Tell the watchers what arrives: of a link (F0) or of a stream (F1). */
void sim_tell_bytes(struct sim *s, const struct sim_bytes *b);
void sim_tell_segment(struct sim *s, uint32_t src, uint32_t dst, int64_t at_ns, size_t bytes);

void sim_set_clock(struct sim_node *n);

#define SIM_TELL(s, member, ...)                                                                   \
    do {                                                                                           \
        for (size_t w_ = 0; w_ < (s)->watchers_count; w_++)                                        \
            if ((s)->watchers[w_].member != NULL)                                                  \
                (s)->watchers[w_].member((s)->watchers[w_].ctx, (s), __VA_ARGS__);                 \
    } while (0)

/** Pump the core, tell the watchers, set the timer. */
void sim_pump(struct sim_node *n);

/* links.c */
extern const struct port sim_port;
void sim_link_event(struct sim *s, struct sim_event *e);
void sim_link_forget(struct sim_event *e); /* free what an undelivered event owns */
void sim_links_drop(struct sim_node *n);   /* crash */
void sim_links_heal(struct sim_node *n);

/* pipe.c */
enum err pipe_node_new(struct pipe_node **out, struct sim_node *n) MUST_CHECK;
void pipe_node_free(struct pipe_node *p);
const struct streams *pipe_streams(struct pipe_node *p);
void pipe_connect(struct sim_node *a, struct sim_node *b);
void pipe_event(struct sim *s, struct sim_event *e);
void pipe_heal(struct sim_node *n);
void pipe_drop(struct sim_node *n);
void pipe_note_free(struct pipe_note *note);
void pipe_notes_clear(struct sim *s); /* those to spare */

/** Mix into the digest of the run. */
void sim_mix(struct sim *s, const struct sim_event *e, struct span bytes);
