/* sim: the other world. The real node/core on virtual links, in virtual time, from one seed.
 *
 * What goes in: nodes (a core_config each), links with delay, jitter, bandwidth and loss, faults
 * (crash, restart, partition), and steps of a scenario at given times. What comes out: what each
 * node tells its user, handed to watchers, and a digest of every event: two runs of one seed agree
 * byte for byte, whatever compiler or machine.
 *
 *     events (heap by time, destination, source, number)
 *        |  one event
 *        v
 *     world: node[dst].core <- core_bytes, core_tick, ...   then core_pump, core_poll, next
 * deadline |  port->write, dial, job
 *        v
 *     links: departure by bandwidth, arrival by delay + jitter + loss   -> events
 *
 * Tiers: F0, every byte through multistream, Noise and yamux over virtual links; F1, the same core
 * over the stream pipe (sim/pipe.h), which costs a tenth of that and is calibrated from F0.
 */
#pragma once

#include "node/core/core.h"

enum sim_tier {
    SIM_F0,
    SIM_F1
};

struct sim_link { /* one direction */
    int64_t delay_ns;
    int64_t jitter_ns;         /* uniform in [-jitter, +jitter]; a stream stays in order */
    int64_t bytes_per_s;       /* 0: unlimited */
    uint32_t loss_per_million; /* of segments; a loss costs one more round trip, as TCP would */
};

struct sim;

struct sim_bytes { /* bytes that arrive */
    uint32_t src, dst;
    const char *protocol; /* F1: of the stream; NULL in F0 */
    const void *stream;   /* F1: names it while it lives */
    struct span bytes;    /* F0: encrypted; F1: in clear */
};

struct sim_params {
    uint64_t seed;
    enum sim_tier tier;
    uint32_t nodes_max;
    bool trace;           /* nodes log everything to stderr, with virtual times */
    uint32_t trace_node;  /* only this one; UINT32_MAX: all */
    struct sim_link link; /* of every link, unless one of these says otherwise: */
    void (*link_between)(const void *ctx, uint32_t a, uint32_t b, struct sim_link *link); /* or NULL
                                                                                           */
    const void *link_ctx;
    /* bytes of a stream that arrive, and vanish: a node that swallows what it is sent. F1 only; or
     * NULL */
    bool (*swallow)(const void *ctx, const struct sim_bytes *b);
    const void *swallow_ctx;
};

/** What watchers are told; `ctx` first. Each may be NULL. Checkers (sim/check_*.h) are watchers. */
struct sim_watcher {
    void *ctx;
    void (*event)(void *ctx, struct sim *s, uint32_t node, const struct core_event *ev);
    void (*published)(void *ctx, struct sim *s, uint32_t node, const uint8_t hash[32]);
    void (*life)(void *ctx, struct sim *s, uint32_t node, bool up);
    void (*bytes)(void *ctx, struct sim *s, const struct sim_bytes *b);
    /* that leave a node for the wire: what stands on the cable */
    void (*segment)(void *ctx, struct sim *s, uint32_t src, uint32_t dst, int64_t at_ns,
                    size_t bytes);
};

enum err sim_new(struct sim **out, const struct sim_params *params) MUST_CHECK;
void sim_free(struct sim *s);

/** At most 8 watchers, copied; before the first node is added. */
void sim_watch(struct sim *s, const struct sim_watcher *w);

/** Add a node that is up from now on. `config` without keyring and archive: both are made here, the
 * keyring from the seed, the archive in memory when `store`.
 *
 * @param node  receives its number, 0 upwards (out)
 */
enum err sim_add_node(struct sim *s, const struct core_config *config, bool store,
                      uint32_t *node) MUST_CHECK;

/** Let `a` dial `b`. Nothing happens when one of them is down. */
void sim_connect(struct sim *s, uint32_t a, uint32_t b);

/** Kill a node: what was not committed is gone, its links end at the other side one delay later. */
void sim_crash(struct sim *s, uint32_t node);

/** Start a crashed node again with its key and what its archive had committed. */
enum err sim_restart(struct sim *s, uint32_t node) MUST_CHECK;

bool sim_is_up(const struct sim *s, uint32_t node);
uint32_t sim_nodes(const struct sim *s);

/** The core of a node that is up; for looking in and for core_subscribe and the like, followed by
 * sim_touch so that it is pumped. NULL when it is down. */
struct core *sim_core(struct sim *s, uint32_t node);
struct archive *sim_archive(struct sim *s, uint32_t node);
const struct env *sim_env(struct sim *s, uint32_t node);
void sim_touch(struct sim *s, uint32_t node);

/** core_publish at a node. */
enum err sim_publish(struct sim *s, uint32_t node, struct span pubsub_topic,
                     const struct core_message *m) MUST_CHECK;

/** Cut (or restore) both directions between nodes of different sides: bytes wait, as with TCP,
 * and dials fail. side[i] of node i; NULL heals. */
void sim_partition(struct sim *s, const uint8_t *side);

/** Another link model for what `a` sends to `b`. */
enum err sim_link_between(struct sim *s, uint32_t a, uint32_t b,
                          const struct sim_link *link) MUST_CHECK;

/** The link from `a` to `b`. */
void sim_link_of(const struct sim *s, uint32_t a, uint32_t b, struct sim_link *out);

/** What a node's own access takes, both ways, in bytes a second; 0: unlimited. */
void sim_rates(struct sim *s, uint32_t node, int64_t up_bytes_s, int64_t down_bytes_s);

/** Bytes on the wire that a node has sent and was sent. */
void sim_node_bytes(const struct sim *s, uint32_t node, uint64_t *in, uint64_t *out);

/** Is there a connection between them? Tier F1 only. */
bool sim_linked(const struct sim *s, uint32_t a, uint32_t b);

/** Call fn(ctx) at a virtual time, ns since the start. */
enum err sim_at(struct sim *s, int64_t at_ns, void (*fn)(void *ctx), void *ctx) MUST_CHECK;

/** Run all events up to and including this time. */
void sim_run(struct sim *s, int64_t until_ns);

int64_t sim_now(const struct sim *s);

/** Randomness of the scenario: one stream per purpose, so that one more use elsewhere does not
 * disturb it. */
uint64_t sim_random(struct sim *s, uint32_t purpose, uint64_t below);

/** Digest of everything that has happened. */
uint64_t sim_digest(const struct sim *s);

struct sim_stats {
    uint64_t events, bytes, segments, lost, dials, broken; /* broken: lines of that level */
    uint64_t pending;                                      /* events now */
};
const struct sim_stats *sim_stats(const struct sim *s);
