#include "sim/world.h"

#include "crypto/base/siphash.h"
#include "crypto/keyring/keyring.h"
#include "store/archive.h"

#include <stdio.h>
#include <stdlib.h>

#define SIM_WALL_NS (1767225600 * NS_PER_S) /* 2026-01-01: when every run begins */

static uint64_t mixed(uint64_t z)
{
    z += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

uint64_t sim_random(struct sim *s, uint32_t purpose, uint64_t below)
{
    assert(purpose < SIM_PURPOSES_MAX && below > 0);
    s->random[purpose] = mixed(s->random[purpose] ^ mixed(s->params.seed + purpose));
    return s->random[purpose] % below;
}

static void log_line(void *sink, enum log_level level, const struct env *env, const char *room,
                     const char *text)
{
    struct sim *s = sink;

    s->stats.broken += level == LOG_BROKEN;
    fprintf(stderr, "%lld.%09lld %s %s: %s\n", (long long)((env->now.ns - NS_PER_S) / NS_PER_S),
            (long long)(env->now.ns % NS_PER_S), log_level_name(level), room, text);
}

/* Events that a run leaves behind own things: give them back. */
static void drop_pending(struct sim *s)
{
    struct sim_event *e;

    while ((e = sim_event_take(&s->events, INT64_MAX)) != NULL) {
        if (e->kind == SIM_JOB)
            e->u.job.job->drop(e->u.job.job);
        else if (e->kind == SIM_STREAM)
            pipe_note_free(e->u.note);
        else if (e->kind >= SIM_DIAL && e->kind <= SIM_READABLE)
            sim_link_forget(e);
        sim_event_free(&s->events, e);
    }
}

enum err sim_new(struct sim **out, const struct sim_params *params)
{
    struct sim *s = calloc(1, sizeof *s);
    struct sim_node **nodes = calloc(params->nodes_max, sizeof *nodes);

    if (s == NULL || nodes == NULL) {
        free(s);
        free(nodes);
        return ERR_MEMORY;
    }
    s->params = *params;
    s->nodes = nodes;
    s->log =
        (struct log){.min = params->trace ? LOG_TRACE : LOG_BROKEN, .line = log_line, .sink = s};
    sim_events_init(&s->events);
    *out = s;
    return OK;
}

void sim_watch(struct sim *s, const struct sim_watcher *w)
{
    assert(s->watchers_count < SIM_WATCHERS_MAX && s->nodes_count == 0);
    s->watchers[s->watchers_count++] = *w;
}

#define TELL(s, member, ...)                                                                       \
    do {                                                                                           \
        for (size_t w_ = 0; w_ < (s)->watchers_count; w_++)                                        \
            if ((s)->watchers[w_].member != NULL)                                                  \
                (s)->watchers[w_].member((s)->watchers[w_].ctx, (s), __VA_ARGS__);                 \
    } while (0)

void sim_tell_bytes(struct sim *s, uint32_t src, uint32_t dst, struct span bytes)
{
    TELL(s, bytes, src, dst, bytes);
}

/* ---- events ---- */

struct sim_event *sim_make(struct sim *s, enum sim_event_kind kind, uint32_t dst)
{
    struct sim_event *e = sim_event_new(&s->events);

    if (e == NULL) {
        fprintf(stderr, "sim: out of memory with %zu events pending\n", s->events.pending);
        exit(3);
    }
    e->kind = kind;
    e->dst = dst;
    return e;
}

void sim_post(struct sim_node *src, struct sim_event *e, int64_t at_ns)
{
    assert(at_ns >= src->sim->now_ns);
    e->at_ns = at_ns;
    e->src = src->number;
    e->number = src->sent++;
    if (sim_event_add(&src->sim->events, e) != OK) {
        fprintf(stderr, "sim: out of memory with %zu events pending\n", src->sim->events.pending);
        exit(3);
    }
}

enum err sim_at(struct sim *s, int64_t at_ns, void (*fn)(void *ctx), void *ctx)
{
    if (at_ns < s->now_ns)
        return ERR_ARGUMENT;
    struct sim_event *e = sim_make(s, SIM_CALL, UINT32_MAX);
    e->at_ns = at_ns;
    e->src = UINT32_MAX;
    e->number = s->calls++;
    e->u.call.fn = fn;
    e->u.call.ctx = ctx;
    return sim_event_add(&s->events, e);
}

int64_t sim_arrival(struct sim_node *src, uint32_t dst, size_t bytes, int64_t *free_at_ns,
                    int64_t *last_arrival_ns)
{
    struct sim *s = src->sim;
    const struct sim_link *l = map_get(&src->routes, MAP_KEY(dst));
    if (l == NULL)
        l = &s->params.link;

    int64_t leave = *free_at_ns > s->now_ns ? *free_at_ns : s->now_ns;
    if (l->bytes_per_s > 0)
        leave += (int64_t)bytes * NS_PER_S / l->bytes_per_s;
    *free_at_ns = leave;
    int64_t at = leave + l->delay_ns;
    if (l->jitter_ns > 0)
        at += (int64_t)rng_below(&src->rng, 2 * (uint64_t)l->jitter_ns + 1) - l->jitter_ns;
    if (l->loss_per_million > 0 && rng_below(&src->rng, 1000000) < l->loss_per_million) {
        at += 2 * l->delay_ns;
        s->stats.lost++;
    }
    if (at < leave)
        at = leave;
    if (at <= *last_arrival_ns)
        at = *last_arrival_ns + 1;
    *last_arrival_ns = at;
    s->stats.bytes += bytes;
    s->stats.segments++;
    return at;
}

bool sim_parted(const struct sim *s, uint32_t a, uint32_t b)
{
    return s->side != NULL && s->side[a] != s->side[b];
}

void sim_mix(struct sim *s, const struct sim_event *e, struct span bytes)
{
    struct {
        uint64_t before;
        int64_t at;
        uint64_t number;
        uint32_t dst, src, kind, len;
    } record = {s->digest, e->at_ns,          e->number,          e->dst,
                e->src,    (uint32_t)e->kind, (uint32_t)bytes.len};
    static const uint8_t key[16] = "sotto sim digest";
    uint64_t content = bytes.len > 0 ? siphash(key, bytes) : 0;

    s->digest = siphash(key, span_of(&record, sizeof record)) ^ content;
}

/* ---- nodes ---- */

static void set_timer(struct sim_node *n)
{
    struct mono due = core_deadline(n->core);
    int64_t at = due.ns - NS_PER_S; /* a node's clock shows 1 s when a run begins */

    if (at < n->sim->now_ns)
        at = n->sim->now_ns;
    if (n->timer != NULL && n->timer->at_ns == at)
        return;
    if (n->timer != NULL) {
        sim_event_cancel(&n->sim->events, n->timer);
        sim_event_free(&n->sim->events, n->timer);
        n->timer = NULL;
    }
    if (due.ns == MONO_NEVER.ns)
        return;
    n->timer = sim_make(n->sim, SIM_TIMER, n->number);
    n->timer->u.generation = n->generation;
    sim_post(n, n->timer, at);
}

static void set_clock(struct sim_node *n)
{
    n->env.now.ns = n->sim->now_ns + NS_PER_S;
    n->env.wall.ns = n->sim->now_ns + SIM_WALL_NS;
}

void sim_pump(struct sim_node *n)
{
    struct core_event ev;
    bool more;

    do {
        more = core_pump(n->core, &n->env, &n->port);
        while (core_poll(n->core, &ev)) {
            more = true;
            TELL(n->sim, event, n->number, &ev);
        }
    } while (more);
    set_timer(n);
    arena_reset(&n->scratch);
}

static enum err start(struct sim_node *n)
{
    n->generation++;
    n->core = NULL;
    if (n->sim->params.tier == SIM_F1) {
        TRY(pipe_node_new(&n->pipe, n));
        n->config.streams = pipe_streams(n->pipe);
    }
    TRY(core_new(&n->core, &n->config, &n->env));
    n->up = true;
    TELL(n->sim, life, n->number, true);
    sim_pump(n);
    return OK;
}

static enum err node_init(struct sim_node *n, const struct core_config *config, bool store)
{
    uint8_t seed[32] = {0}, map_seed[16] = {0};
    uint64_t words[2] = {n->sim->params.seed, n->number};

    memcpy(seed, words, sizeof words);
    drbg_init(&n->drbg, seed);
    n->rng = drbg_rng(&n->drbg);
    map_init(&n->links, map_seed, SIZE_MAX);
    map_init(&n->routes, map_seed, SIZE_MAX);
    arena_init(&n->scratch, (size_t)16 << 20);
    n->next_link = 1;
    n->env = (struct env){.rng = &n->rng, .log = &n->sim->log, .scratch = &n->scratch};
    set_clock(n);
    n->port = sim_port;
    n->port.world = n;
    n->config = *config;
    TRY(keyring_host_new(&n->key, &n->rng, KEYRING_HOST_ED25519));
    peer_id_from_key(keyring_host_public(n->key), &n->id);
    n->config.key = n->key;
    if (store)
        TRY(archive_open_mem(&n->archive, map_seed));
    n->config.archive = n->archive;
    return OK;
}

static void node_free(struct sim_node *n)
{
    struct sim_link *l;
    size_t cursor = 0;

    core_free(n->core);
    pipe_node_free(n->pipe);
    archive_close(n->archive);
    keyring_host_free(n->key);
    while ((l = map_next(&n->routes, &cursor, NULL)) != NULL)
        free(l);
    map_clear(&n->routes);
    map_clear(&n->links);
    arena_clear(&n->scratch);
    drbg_clear(&n->drbg);
    free(n);
}

enum err sim_add_node(struct sim *s, const struct core_config *config, bool store, uint32_t *node)
{
    if (s->nodes_count == s->params.nodes_max)
        return ERR_FULL;
    struct sim_node *n = calloc(1, sizeof *n);
    if (n == NULL)
        return ERR_MEMORY;
    n->sim = s;
    n->number = s->nodes_count;
    enum err err = node_init(n, config, store);
    if (err == OK) {
        s->nodes[s->nodes_count++] = n;
        *node = n->number;
        err = start(n);
        if (err != OK)
            s->nodes_count--;
    }
    if (err != OK)
        node_free(n);
    return err;
}

void sim_crash(struct sim *s, uint32_t node)
{
    struct sim_node *n = s->nodes[node];

    if (!n->up)
        return;
    n->up = false;
    if (n->timer != NULL) {
        sim_event_cancel(&s->events, n->timer);
        sim_event_free(&s->events, n->timer);
        n->timer = NULL;
    }
    sim_links_drop(n);
    if (n->pipe != NULL)
        pipe_drop(n);
    core_free(n->core);
    n->core = NULL;
    pipe_node_free(n->pipe);
    n->pipe = NULL;
    TELL(s, life, node, false);
}

enum err sim_restart(struct sim *s, uint32_t node)
{
    struct sim_node *n = s->nodes[node];

    if (n->up)
        return ERR_EXISTS;
    set_clock(n);
    return start(n);
}

void sim_free(struct sim *s)
{
    if (s == NULL)
        return;
    for (uint32_t i = 0; i < s->nodes_count; i++)
        sim_crash(s, i);
    drop_pending(s);
    for (uint32_t i = 0; i < s->nodes_count; i++)
        node_free(s->nodes[i]);
    sim_events_clear(&s->events);
    free(s->side_copy);
    free(s->nodes);
    free(s);
}

bool sim_is_up(const struct sim *s, uint32_t node)
{
    return s->nodes[node]->up;
}

uint32_t sim_nodes(const struct sim *s)
{
    return s->nodes_count;
}

struct core *sim_core(struct sim *s, uint32_t node)
{
    set_clock(s->nodes[node]);
    return s->nodes[node]->core;
}

struct archive *sim_archive(struct sim *s, uint32_t node)
{
    return s->nodes[node]->archive;
}

const struct env *sim_env(struct sim *s, uint32_t node)
{
    set_clock(s->nodes[node]);
    return &s->nodes[node]->env;
}

void sim_touch(struct sim *s, uint32_t node)
{
    set_clock(s->nodes[node]);
    if (s->nodes[node]->up)
        sim_pump(s->nodes[node]);
}

/* ---- what a scenario does ---- */

void sim_connect(struct sim *s, uint32_t a, uint32_t b)
{
    struct sim_node *x = s->nodes[a], *y = s->nodes[b];
    char addr[160];

    if (!x->up || !y->up)
        return;
    set_clock(x);
    if (s->params.tier == SIM_F1) {
        pipe_connect(x, y);
        return;
    }
    uint32_t n = b + 1;
    snprintf(addr, sizeof addr, "/ip6/fd00:0:%x:%x::1/tcp/%u/p2p/%s", n >> 16, n & 0xffff, SIM_PORT,
             core_id(y->core));
    enum err err = core_connect(x->core, &x->env, span_str(addr), 0);
    if (err != OK && err != ERR_EXISTS && err != ERR_BUSY && err != ERR_FULL)
        log_broken(&x->env, "sim", "connect %s: %s", addr, err_name(err));
    sim_pump(x);
}

enum err sim_publish(struct sim *s, uint32_t node, struct span pubsub_topic,
                     const struct core_message *m)
{
    struct sim_node *n = s->nodes[node];
    uint8_t hash[32];

    if (!n->up)
        return ERR_CLOSED;
    set_clock(n);
    TRY(core_publish(n->core, &n->env, pubsub_topic, m, hash));
    TELL(s, published, node, hash);
    sim_pump(n);
    return OK;
}

void sim_partition(struct sim *s, const uint8_t *side)
{
    free(s->side_copy);
    s->side = s->side_copy = NULL;
    if (side != NULL) {
        s->side_copy = calloc(s->params.nodes_max, 1); /* who comes later is on side 0 */
        if (s->side_copy == NULL)
            abort();
        memcpy(s->side_copy, side, s->nodes_count);
        s->side = s->side_copy;
    }
    for (uint32_t i = 0; i < s->nodes_count; i++)
        if (s->nodes[i]->up)
            s->params.tier == SIM_F1 ? pipe_heal(s->nodes[i]) : sim_links_heal(s->nodes[i]);
}

enum err sim_link_between(struct sim *s, uint32_t a, uint32_t b, const struct sim_link *link)
{
    struct sim_node *n = s->nodes[a];
    struct sim_link *l = map_get(&n->routes, MAP_KEY(b));

    if (l != NULL) {
        *l = *link;
        return OK;
    }
    l = malloc(sizeof *l);
    if (l == NULL)
        return ERR_MEMORY;
    *l = *link;
    enum err err = map_put(&n->routes, MAP_KEY(b), l);
    if (err != OK)
        free(l);
    return err;
}

/* ---- the run ---- */

/* A job runs at its end in virtual time: a crash before that loses it. */
static void run_job(struct sim_node *n, struct job *job, uint64_t generation)
{
    if (!n->up || generation != n->generation) {
        job->drop(job);
        return;
    }
    job->run(job);
    core_job_done(n->core, &n->env, job);
    sim_pump(n);
}

static void run_event(struct sim *s, struct sim_event *e)
{
    struct sim_node *n = e->dst < s->nodes_count ? s->nodes[e->dst] : NULL;
    bool bytes = e->kind == SIM_BYTES;

    sim_mix(s, e, bytes ? blob_span(e->u.link.bytes) : SPAN_EMPTY);
    if (bytes)
        sim_tell_bytes(s, e->src, e->dst, blob_span(e->u.link.bytes));
    if (n != NULL)
        set_clock(n);
    switch (e->kind) {
    case SIM_CALL:
        e->u.call.fn(e->u.call.ctx);
        break;
    case SIM_TIMER:
        n->timer = NULL;
        core_tick(n->core, &n->env);
        sim_pump(n);
        break;
    case SIM_JOB:
        run_job(n, e->u.job.job, e->u.job.generation);
        break;
    case SIM_STREAM:
        pipe_event(s, e);
        break;
    case SIM_DIAL:
    case SIM_UP:
    case SIM_DOWN:
    case SIM_BYTES:
    case SIM_WRITABLE:
    case SIM_READABLE:
        sim_link_event(s, e);
        break;
    }
}

void sim_run(struct sim *s, int64_t until_ns)
{
    struct sim_event *e;

    while ((e = sim_event_take(&s->events, until_ns)) != NULL) {
        s->now_ns = e->at_ns;
        s->stats.events++;
        run_event(s, e);
        sim_event_free(&s->events, e);
    }
    s->now_ns = until_ns;
    s->stats.pending = s->events.pending;
}

int64_t sim_now(const struct sim *s)
{
    return s->now_ns;
}

uint64_t sim_digest(const struct sim *s)
{
    return s->digest;
}

const struct sim_stats *sim_stats(const struct sim *s)
{
    return &s->stats;
}
