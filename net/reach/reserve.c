#include "net/reach/reserve.h"

#include <string.h>

static struct reserve_peer *find(struct reserve *r, uint64_t peer)
{
    for (size_t i = 0; i < CIRCUIT_RESERVE_PEERS_MAX; i++)
        if (r->peers[i].peer == peer)
            return &r->peers[i];
    return NULL;
}

static bool holds(const struct reserve_peer *p)
{
    return p->peer != 0 && p->state >= RESERVE_HELD;
}

/* Held, or being asked for. */
static unsigned under_way(const struct reserve *r)
{
    unsigned n = 0;

    for (size_t i = 0; i < CIRCUIT_RESERVE_PEERS_MAX; i++)
        n += r->peers[i].peer != 0 && r->peers[i].state != RESERVE_IDLE;
    return n;
}

void reserve_set(struct reserve *r, bool on)
{
    r->on = on;
}

void reserve_peer_up(struct reserve *r, const struct env *env, uint64_t peer)
{
    struct reserve_peer *p = find(r, peer) == NULL ? find(r, 0) : NULL;

    if (p != NULL)
        *p = (struct reserve_peer){
            .peer = peer, .at = env->now, .pause_ms = CIRCUIT_RESERVE_PAUSE_MS};
}

bool reserve_peer_down(struct reserve *r, uint64_t peer)
{
    struct reserve_peer *p = peer == 0 ? NULL : find(r, peer);
    bool held = p != NULL && holds(p);

    if (p != NULL)
        *p = (struct reserve_peer){.peer = 0};
    return held;
}

bool reserve_answer(struct reserve *r, const struct env *env, uint64_t peer, uint64_t seconds)
{
    struct reserve_peer *p = peer == 0 ? NULL : find(r, peer);

    if (p == NULL)
        return false;
    if (seconds < CIRCUIT_RESERVE_LIFE_MIN_S) {
        bool held = holds(p);
        p->state = RESERVE_IDLE;
        p->at = mono_add(env->now, p->pause_ms * NS_PER_MS);
        p->pause_ms = p->pause_ms * 2 < CIRCUIT_RESERVE_PAUSE_MAX ? p->pause_ms * 2
                                                                  : CIRCUIT_RESERVE_PAUSE_MAX;
        return held;
    }
    int64_t life =
        seconds > CIRCUIT_RESERVE_LIFE_MAX_S ? CIRCUIT_RESERVE_LIFE_MAX_S : (int64_t)seconds;
    p->state = RESERVE_HELD;
    p->pause_ms = CIRCUIT_RESERVE_PAUSE_MS;
    p->until = mono_add(env->now, life * NS_PER_S);
    p->at = mono_add(env->now, life * NS_PER_S / 2);
    return true;
}

bool reserve_held(const struct reserve *r, uint64_t peer)
{
    for (size_t i = 0; i < CIRCUIT_RESERVE_PEERS_MAX; i++)
        if (r->peers[i].peer == peer)
            return peer != 0 && holds(&r->peers[i]);
    return false;
}

uint64_t reserve_poll(struct reserve *r, const struct env *env)
{
    if (!r->on)
        return 0;
    for (size_t i = 0; i < CIRCUIT_RESERVE_PEERS_MAX; i++) {
        struct reserve_peer *p = &r->peers[i];
        if (p->peer == 0 || p->at.ns > env->now.ns)
            continue;
        if (p->state == RESERVE_HELD)
            p->state = RESERVE_RENEWING;
        else if (p->state == RESERVE_IDLE && under_way(r) < CIRCUIT_RESERVE_WANTED)
            p->state = RESERVE_ASKING;
        else
            continue;
        return p->peer;
    }
    return 0;
}

bool reserve_tick(struct reserve *r, const struct env *env)
{
    bool lost = false;

    for (size_t i = 0; i < CIRCUIT_RESERVE_PEERS_MAX; i++) {
        struct reserve_peer *p = &r->peers[i];
        if (!holds(p) || p->until.ns > env->now.ns)
            continue;
        p->state = RESERVE_IDLE;
        lost = true;
    }
    return lost;
}

struct mono reserve_deadline(const struct reserve *r)
{
    struct mono at = MONO_NEVER;
    bool room = r->on && under_way(r) < CIRCUIT_RESERVE_WANTED;

    for (size_t i = 0; i < CIRCUIT_RESERVE_PEERS_MAX; i++) {
        const struct reserve_peer *p = &r->peers[i];
        if (p->peer == 0)
            continue;
        if (holds(p))
            at = mono_min(at, p->until);
        if ((p->state == RESERVE_HELD && r->on) || (p->state == RESERVE_IDLE && room))
            at = mono_min(at, p->at);
    }
    return at;
}
