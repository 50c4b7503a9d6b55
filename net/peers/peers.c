/* What the node tells of peers, and the outputs. */
#include "net/peers/inside.h"

#include <stdlib.h>

/* ---- outputs ---- */

void peers_emit(struct peers *p, const struct env *env, struct out_slot *slot)
{
    if (fifo_push(&p->out, slot) == OK)
        return;
    log_unusual(env, "peers", "output lost kind=%d", slot->out.kind);
    free(slot->addrs);
}

bool peers_poll(struct peers *p, struct peers_out *out)
{
    free(p->told.addrs);
    p->told.addrs = NULL;
    if (!fifo_pop(&p->out, &p->told))
        return false;
    *out = p->told.out;
    return true;
}

/* ---- time ---- */

void peers_wake(struct peers *p, const struct env *env)
{
    struct mono next = mono_add(p->rounded, PEERS_ROUND_MS * NS_PER_MS);

    p->due = mono_min(p->due, next.ns > env->now.ns ? next : env->now);
}

struct mono peers_deadline(const struct peers *p)
{
    return mono_min(p->due, p->sweep);
}

void peers_tick(struct peers *p, const struct env *env)
{
    if (p->sweep.ns <= env->now.ns) {
        book_sweep(p, env);
        p->sweep = mono_add(env->now, PEERS_SWEEP_MS * NS_PER_MS);
    }
    if (p->due.ns > env->now.ns)
        return;
    p->rounded = env->now;
    p->due = MONO_NEVER;
    slots_round(p, env);
}

static int64_t doubled(int64_t least_ms, int64_t most_ms, unsigned failures)
{
    while (failures-- > 1 && least_ms < most_ms)
        least_ms *= 2;
    return least_ms < most_ms ? least_ms : most_ms;
}

/* Half of the pause is jitter, so that peers that lost each other do not return in step. */
static struct mono pause_after(const struct env *env, int64_t ms)
{
    uint64_t jitter = rng_below(env->rng, (uint64_t)ms * NS_PER_MS / 2 + 1);

    return mono_add(env->now, ms * NS_PER_MS / 2 + (int64_t)jitter);
}

void peers_failed(struct peers *p, const struct env *env, struct entry *e)
{
    e->failures += e->failures < 64;
    int64_t ms = e->fixed ? doubled(PEERS_STATIC_MS_MIN, PEERS_STATIC_MS_MAX, e->failures)
                          : doubled(PEERS_BACKOFF_MS_MIN, PEERS_BACKOFF_MS_MAX, e->failures);

    e->next_dial = pause_after(env, ms);
    if (!e->fixed && e->failures >= (e->worked_s != 0 ? PEERS_FAILURES_KNOWN : PEERS_FAILURES_MAX))
        e->next_dial = MONO_NEVER; /* the next sweep, or a full book, forgets it */
    book_shelve(p, env, e);
    book_trim(p);
    peers_wake(p, env);
}

/* ---- candidates ---- */

static bool is_own_choice(enum peers_source source)
{
    return source == PEERS_STATIC || source == PEERS_ASKED || source == PEERS_BOOTSTRAP ||
           source == PEERS_STORED;
}

/* The address that decides whose share a peer takes: its first with an IP, but for relays'. */
static bool first_ip(const struct entry *e, uint8_t ip[16])
{
    struct multiaddr m;
    struct multiaddr_part part;
    uint16_t port;

    for (size_t cursor = 0; book_addr(e, &cursor, &m);)
        if (!multiaddr_find(&m, MULTIADDR_P2P_CIRCUIT, &part) && multiaddr_ip(&m, ip, &port))
            return true;
    return false;
}

static enum err take_addresses(struct peers *p, struct entry *e, const struct peers_candidate *c)
{
    uint8_t ip[16];
    bool own = is_own_choice(c->source);

    TRY(book_learn(p, e, c->addrs, c->addrs_count, !own && c->source != PEERS_MDNS));
    if (e->connected)
        return OK; /* it counts for where it is connected from */
    return book_group(p, e, first_ip(e, ip) ? ip : NULL, !own && !e->fixed);
}

static void take_properties(struct entry *e, const struct peers_candidate *c)
{
    e->fixed |= c->source == PEERS_STATIC || c->source == PEERS_BOOTSTRAP;
    e->asked |= c->source == PEERS_ASKED;
    if (e->connected && e->identified)
        return; /* it said so itself */
    if (c->shards != NULL) {
        e->shards = *c->shards;
        e->shards_known = true;
    }
    if (c->capabilities_known) {
        e->capabilities = c->capabilities;
        e->capabilities_known = true;
    }
}

static enum err add_candidate(struct peers *p, const struct env *env,
                              const struct peers_candidate *c)
{
    struct entry *e;

    TRY(book_add(p, env, c->id, c->source, c->via, &e));
    enum err err = take_addresses(p, e, c);
    if (err != OK) {
        book_remove(p, e);
        return err;
    }
    take_properties(e, c);
    if (e->fixed)
        book_shelve(p, env, e);
    p->counters.candidates_new++;
    book_trim(p); /* the newcomer is the youngest of its shelf */
    return book_find(p, c->id) == NULL ? ERR_FULL : OK;
}

static enum err take_candidate(struct peers *p, const struct env *env,
                               const struct peers_candidate *c)
{
    struct entry *e = book_find(p, c->id);

    if (peer_id_eq(c->id, &p->params.self))
        return ERR_ARGUMENT;
    if ((c->cluster_known && c->cluster != p->params.cluster) || (e != NULL && e->foreign))
        return ERR_REFUSED;
    if (e == NULL)
        return add_candidate(p, env, c);
    if (c->addrs_count > 0)
        TRY(take_addresses(p, e, c));
    take_properties(e, c);
    if (e->fixed && e->shelf != SHELF_HELD)
        book_shelve(p, env, e);
    p->generation += e->worked_s != 0;
    return OK;
}

enum err peers_candidate(struct peers *p, const struct env *env, const struct peers_candidate *c)
{
    enum err err = take_candidate(p, env, c);

    p->counters.candidates++;
    p->counters.candidates_refused += err != OK;
    if (err == OK)
        peers_wake(p, env);
    return err;
}

/* ---- connections ---- */

static int64_t unix_s(const struct env *env)
{
    return env->wall.ns / NS_PER_S > 0 ? env->wall.ns / NS_PER_S : 1;
}

void peers_connected(struct peers *p, const struct env *env, const struct peer_id *id,
                     uint64_t peer, const struct multiaddr *remote, bool outbound)
{
    struct entry *e = book_find(p, id);
    uint8_t ip[16];
    uint16_t port;

    if (e == NULL && book_add(p, env, id, PEERS_IDENTIFY, 0, &e) != OK) {
        log_unusual(env, "peers", "no room for a connected peer known=%zu", map_count(&p->entries));
        return;
    }
    p->counters.connected += !e->connected;
    e->by_us = e->dialing;
    book_set_active(e, true, false);
    enum err err = book_group(p, e, multiaddr_ip(remote, ip, &port) ? ip : NULL, false);
    if (err == OK && outbound) /* the address that works goes first */
        err = book_learn(p, e, remote, 1, false);
    if (err != OK)
        log_unusual(env, "peers", "address not kept err=%s", err_name(err));
    e->peer = peer;
    e->outbound = outbound;
    e->identified = e->in_mesh = e->leaving = false;
    e->worked_s = unix_s(env);
    book_shelve(p, env, e);
    p->generation++;
    peers_wake(p, env);
}

void peers_identified(struct peers *p, const struct env *env, const struct peer_id *id,
                      unsigned capabilities, const struct peers_shards *shards)
{
    struct entry *e = book_find(p, id);

    if (e == NULL || !e->connected)
        return;
    e->identified = e->capabilities_known = true;
    e->capabilities = capabilities;
    e->shards_known = shards != NULL;
    if (shards != NULL)
        e->shards = *shards;
    p->generation++;
    peers_wake(p, env);
}

static bool was_steady(const struct env *env, const struct entry *e)
{
    return env->now.ns - e->since.ns >= PEERS_STEADY_MS * NS_PER_MS;
}

void peers_disconnected(struct peers *p, const struct env *env, const struct peer_id *id,
                        enum err why)
{
    struct entry *e = book_find(p, id);

    if (e == NULL || !e->connected)
        return;
    bool steady = was_steady(env, e);
    p->counters.connected--;
    book_set_active(e, false, false);
    e->peer = 0;
    e->in_mesh = e->identified = e->by_us = false;
    e->worked_s = unix_s(env);
    p->generation++;
    if (e->addrs_count == 0) { /* it came to us and said not where it is */
        book_remove(p, e);
        peers_wake(p, env);
        return;
    }
    if (why == ERR_REFUSED && !e->fixed) {
        e->foreign = true;
        e->worked_s = 0;
        e->failures = 1;
        e->next_dial = MONO_NEVER;
        book_shelve(p, env, e);
        book_trim(p);
    } else if (e->leaving) {
        e->next_dial = mono_add(env->now, PEERS_LEFT_MS * NS_PER_MS);
        book_shelve(p, env, e);
        book_trim(p);
    } else {
        if (steady)
            e->failures = 0;
        peers_failed(p, env, e);
        e->failures -= steady; /* no fault of its address: only the pause */
    }
    peers_wake(p, env);
}

void peers_dialed(struct peers *p, const struct env *env, const struct peer_id *id, enum err err)
{
    struct entry *e = book_find(p, id);

    p->counters.dials_ok += err == OK;
    p->counters.dials_timeout += err == ERR_TIMEOUT;
    p->counters.dials_failed += err != OK && err != ERR_TIMEOUT;
    if (e == NULL || !e->dialing)
        return;
    if (err == OK) /* peers_connected will follow; else it is dialed again */
        return;
    book_set_active(e, false, false);
    if (err != ERR_BUSY && err != ERR_FULL && err != ERR_LIMIT && err != ERR_MEMORY) {
        peers_failed(p, env, e);
        return;
    }
    e->next_dial = pause_after(env, PEERS_BACKOFF_MS_MIN); /* a bound of ours: no fault of its */
    book_shelve(p, env, e);
    book_trim(p);
    peers_wake(p, env);
}

void peers_set_mesh(struct peers *p, const struct peer_id *id, bool in_mesh)
{
    struct entry *e = book_find(p, id);

    if (e != NULL && e->connected)
        e->in_mesh = in_mesh;
}

void peers_set_shards(struct peers *p, const struct env *env, const uint16_t *shards, size_t count)
{
    p->shards = (struct peers_shards){0};
    p->shards_count = count;
    for (size_t i = 0; i < count; i++)
        peers_shards_add(&p->shards, shards[i]);
    peers_wake(p, env);
}

/* ---- life ---- */

void peers_params_default(struct peers_params *p, uint32_t connections_max, uint32_t relay_percent)
{
    uint32_t relay = (uint32_t)(((uint64_t)connections_max * relay_percent + 99) / 100);

    *p = (struct peers_params){.relay = true,
                               .connections_max = connections_max,
                               .out_target = relay / 3,
                               .in_target = relay - relay / 3,
                               .shard_target = PEERS_SHARD_TARGET,
                               .service_max = connections_max - relay,
                               .per_ip = PEERS_PER_IP,
                               .capacity = PEERS_CAPACITY};
}

enum err peers_new(struct peers **out, const struct env *env, const struct peers_params *params)
{
    struct peers *p = calloc(1, sizeof *p);
    uint8_t seed[16];

    if (p == NULL)
        return ERR_MEMORY;
    rng_fill(env->rng, seed, sizeof seed);
    p->params = *params;
    map_init(&p->entries, seed, (size_t)params->capacity + PEERS_HELD_MAX);
    map_init(&p->groups, seed, (size_t)params->capacity + PEERS_HELD_MAX);
    map_init(&p->tellers, seed, (size_t)params->capacity + 1);
    fifo_init(&p->out, sizeof(struct out_slot), PEERS_OUT_MAX);
    p->due = p->rounded = p->want = env->now;
    p->sweep = mono_add(env->now, PEERS_SWEEP_MS * NS_PER_MS);
    p->want_ms = PEERS_WANT_MS_MIN;
    *out = p;
    return OK;
}

void peers_free(struct peers *p)
{
    struct out_slot slot;
    struct entry *e;

    if (p == NULL)
        return;
    for (size_t cursor = 0; (e = map_next(&p->entries, &cursor, NULL)) != NULL;)
        book_remove(p, e);
    while (fifo_pop(&p->out, &slot))
        free(slot.addrs);
    free(p->told.addrs);
    fifo_clear(&p->out);
    map_clear(&p->entries);
    map_clear(&p->groups);
    map_clear(&p->tellers);
    free(p);
}
