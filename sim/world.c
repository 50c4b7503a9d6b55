#include "sim/world.h"

#include "crypto/base/siphash.h"
#include "crypto/keyring/keyring.h"
#include "crypto/prim/large_memo.h"
#include "crypto/prim/sign_memo.h"
#include "store/archive.h"

#include <stdio.h>
#include <stdlib.h>

#define SIM_WALL_NS (1767225600 * NS_PER_S) /* 2026-01-01: when every run begins */

static void log_line(void *sink, enum log_level level, const struct env *env, const char *room,
                     const char *text)
{
    struct sim *s = sink;

    const struct sim_node *n = CONTAINER_OF(env, struct sim_node, env);

    s->stats.broken += level == LOG_BROKEN;
    if (s->params.trace_node != UINT32_MAX && s->params.trace_node != n->number &&
        level != LOG_BROKEN)
        return;
    fprintf(stderr, "%lld.%09lld node %u %s %s: %s\n",
            (long long)((env->now.ns - NS_PER_S) / NS_PER_S), (long long)(env->now.ns % NS_PER_S),
            n->number, log_level_name(level), room, text);
}

/* Memory is a bound of the machine here: without it the run stops with a message. */
static void sim_out_of_memory(const struct sim *s)
{
    fprintf(stderr, "sim: out of memory with %zu events pending\n", s->events.pending);
    exit(3);
}

static struct sim_event *sim_take(struct sim *s, int64_t until_ns)
{
    struct sim_event *e;

    if (sim_event_take(&s->events, until_ns, &e) != OK)
        sim_out_of_memory(s);
    return e;
}

/* Events that a run leaves behind own things: give them back. */
static void drop_pending(struct sim *s)
{
    struct sim_event *e;

    while ((e = sim_take(s, INT64_MAX)) != NULL) {
        if (e->kind == SIM_JOB)
            e->u.job.job->drop(e->u.job.job);
        else if (e->kind == SIM_STREAM)
            pipe_note_free(e->u.note);
        else if (e->kind >= SIM_DIAL && e->kind <= SIM_READABLE)
            sim_link_forget(e);
        sim_event_free(&s->events, e);
    }
}

/* Tier F1: equal signatures are verified once, equal large messages hashed and opened once. */
static enum err remember(void)
{
    TRY(sign_memo_begin(SIM_SIGNATURES));
    enum err err = large_memo_begin();
    if (err != OK)
        sign_memo_end();
    return err;
}

enum err sim_new(struct sim **out, const struct sim_params *params)
{
    struct sim *s = calloc(1, sizeof *s);
    struct sim_node **nodes = calloc(params->nodes_max, sizeof *nodes);

    if (s == NULL || nodes == NULL || (params->tier == SIM_F1 && remember() != OK)) {
        free(s);
        free(nodes);
        return ERR_MEMORY;
    }
    s->params = *params;
    s->nodes = nodes;
    s->log =
        (struct log){.min = params->trace ? LOG_TRACE : LOG_BROKEN, .line = log_line, .sink = s};
    sim_events_init(&s->events);
    arena_init(&s->scratch, (size_t)16 << 20);
    map_init(&s->pairs, (const uint8_t[16]){0}, SIZE_MAX);
    *out = s;
    return OK;
}

void sim_watch(struct sim *s, const struct sim_watcher *w)
{
    assert(s->watchers_count < SIM_WATCHERS_MAX && s->nodes_count == 0);
    s->watchers[s->watchers_count++] = *w;
}

void sim_tell_bytes(struct sim *s, const struct sim_bytes *b)
{
    SIM_TELL(s, bytes, b);
}

void sim_tell_segment(struct sim *s, uint32_t src, uint32_t dst, int64_t at_ns, size_t bytes)
{
    SIM_TELL(s, segment, src, dst, at_ns, bytes);
}

/* ---- events ---- */

struct sim_event *sim_make(struct sim *s, enum sim_event_kind kind, uint32_t dst)
{
    struct sim_event *e = sim_event_new(&s->events);

    if (e == NULL)
        sim_out_of_memory(s);
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
    if (sim_event_add(&src->sim->events, e) != OK)
        sim_out_of_memory(src->sim);
}

static uint64_t word(const uint8_t *p)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < 8; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

/* Quick, over four lanes; nobody chooses bytes against it. */
static uint64_t content_of(struct span bytes)
{
    static const uint64_t odd = 0x9e3779b97f4a7c15u;
    uint64_t lane[4] = {bytes.len, 1, 2, 3};
    uint8_t rest[32] = {0};
    size_t i = 0;

    for (; i + 32 <= bytes.len; i += 32)
        for (unsigned k = 0; k < 4; k++) {
            lane[k] = (lane[k] ^ word(bytes.ptr + i + (size_t)8 * k)) * odd;
            lane[k] ^= lane[k] >> 32;
        }
    if (i < bytes.len)
        memcpy(rest, bytes.ptr + i, bytes.len - i);
    for (unsigned k = 0; k < 4; k++) {
        lane[k] = (lane[k] ^ word(rest + (size_t)8 * k)) * odd;
        lane[k] ^= lane[k] >> 32;
    }
    return ((lane[0] * odd ^ lane[1]) * odd ^ lane[2]) * odd ^ lane[3];
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
    uint64_t content = bytes.len > 0 ? content_of(bytes) : 0;

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

void sim_set_clock(struct sim_node *n)
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
            SIM_TELL(n->sim, event, n->number, &ev);
        }
    } while (more);
    set_timer(n);
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
    SIM_TELL(n->sim, life, n->number, true);
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
    n->next_link = 1;
    n->env = (struct env){.rng = &n->rng, .log = &n->sim->log, .scratch = &n->sim->scratch};
    sim_set_clock(n);
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
        arena_reset(&s->scratch);
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
    SIM_TELL(s, life, node, false);
}

enum err sim_restart(struct sim *s, uint32_t node)
{
    struct sim_node *n = s->nodes[node];

    if (n->up)
        return ERR_EXISTS;
    sim_set_clock(n);
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
    pipe_notes_clear(s);
    if (s->params.tier == SIM_F1) {
        sign_memo_end();
        large_memo_end();
    }
    map_clear(&s->pairs);
    arena_clear(&s->scratch);
    free(s->side_copy);
    free(s->nodes);
    free(s);
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
        sim_tell_bytes(s, &(struct sim_bytes){
                              .src = e->src, .dst = e->dst, .bytes = blob_span(e->u.link.bytes)});
    if (n != NULL)
        sim_set_clock(n);
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

    while ((e = sim_take(s, until_ns)) != NULL) {
        s->now_ns = e->at_ns;
        if (e->bytes > 0 && sim_waits_for_downlink(s->nodes[e->dst], e)) {
            if (sim_event_add(&s->events, e) != OK)
                sim_out_of_memory(s);
            continue;
        }
        s->stats.events++;
        run_event(s, e);
        arena_reset(&s->scratch);
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
