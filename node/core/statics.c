/* Peers that the operator named: we stay connected with them, whatever happens, with a growing
 * pause between attempts. */
#include "node/core/inside.h"

#include <stdlib.h>

struct static_peer {
    struct multiaddr addr;
    struct peer_id id;
    uint64_t peer;     /* 0: not connected */
    uint64_t dial;     /* 0: not dialing */
    struct mono retry; /* when to dial; MONO_NEVER while dialing or connected */
    int64_t pause_ns;  /* before the next attempt after a failure */
    struct mono up_at; /* when it was connected */
};

enum err statics_init(struct core *c, const struct env *env)
{
    struct statics *s = &c->statics;

    if (c->config.statics_count > CORE_STATICS_MAX)
        return ERR_LIMIT;
    s->list = calloc(c->config.statics_count + 1, sizeof *s->list);
    if (s->list == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < c->config.statics_count; i++) {
        struct static_peer *p = &s->list[s->count];
        TRY(multiaddr_parse(span_str(c->config.statics[i]), &p->addr));
        if (!multiaddr_peer(&p->addr, &p->id))
            return ERR_ARGUMENT;
        p->retry = env->now;
        p->pause_ns = CORE_STATIC_RETRY_MS_MIN * NS_PER_MS;
        s->count++;
    }
    return OK;
}

void statics_clear(struct core *c)
{
    free(c->statics.list);
    c->statics = (struct statics){0};
}

static void later(struct static_peer *p, const struct env *env)
{
    p->peer = p->dial = 0;
    p->retry = mono_add(env->now, p->pause_ns + (int64_t)rng_below(env->rng, NS_PER_S));
    p->pause_ns *= 2;
    if (p->pause_ns > CORE_STATIC_RETRY_MS_MAX * NS_PER_MS)
        p->pause_ns = CORE_STATIC_RETRY_MS_MAX * NS_PER_MS;
}

static void up(struct core *c, const struct env *env, struct static_peer *p, uint64_t peer)
{
    if (host_peer(c->host, peer) == NULL) { /* it came and went before we were told */
        later(p, env);
        return;
    }
    p->peer = peer;
    p->dial = 0;
    p->retry = MONO_NEVER;
    p->up_at = env->now;
    swarm_protect(c->swarm, peer, true);
}

static void try_dial(struct core *c, const struct env *env, struct static_peer *p)
{
    uint64_t peer = swarm_find(c->swarm, &p->id);

    if (peer != 0) {
        up(c, env, p, peer);
        return;
    }
    p->retry = MONO_NEVER;
    enum err err = swarm_dial(c->swarm, env, &p->id, &p->addr, 1, SWARM_DIAL_FORCE, &p->dial);
    if (err != OK)
        later(p, env);
}

void statics_tick(struct core *c, const struct env *env)
{
    for (size_t i = 0; i < c->statics.count && c->swarm != NULL && !c->stopping; i++)
        if (c->statics.list[i].retry.ns <= env->now.ns)
            try_dial(c, env, &c->statics.list[i]);
}

void statics_dialed(struct core *c, const struct env *env, const struct swarm_dialed *d)
{
    for (size_t i = 0; i < c->statics.count; i++) {
        struct static_peer *p = &c->statics.list[i];
        if (p->dial != d->dial)
            continue;
        if (d->err == OK) {
            up(c, env, p, d->peer);
            return;
        }
        log_info(env, "static", "not reached err=%s", err_name(d->err));
        later(p, env);
    }
}

void statics_lost(struct core *c, const struct env *env, uint64_t peer)
{
    for (size_t i = 0; i < c->statics.count; i++) {
        struct static_peer *p = &c->statics.list[i];
        if (p->peer != peer)
            continue;
        if (env->now.ns - p->up_at.ns >= CORE_STATIC_STEADY_MS * NS_PER_MS)
            p->pause_ns = CORE_STATIC_RETRY_MS_MIN * NS_PER_MS;
        later(p, env);
    }
}

struct mono statics_deadline(const struct core *c)
{
    struct mono due = MONO_NEVER;

    for (size_t i = 0; i < c->statics.count && c->swarm != NULL && !c->stopping; i++)
        due = mono_min(due, c->statics.list[i].retry);
    return due;
}
