/* Peers and their connections; what to do when there are two. */
#include "net/swarm/inner.h"

#include <stdlib.h>

struct peer *peer_find(const struct swarm *s, const struct peer_id *id)
{
    return map_get(&s->peers_by_id, peer_id_span(id));
}

uint64_t swarm_find(const struct swarm *s, const struct peer_id *peer)
{
    const struct peer *p = peer_find(s, peer);

    return p == NULL ? 0 : p->number;
}

void swarm_protect(struct swarm *s, uint64_t peer, bool protected_)
{
    struct peer *p = map_get(&s->peers, MAP_KEY(peer));

    if (p != NULL)
        p->protected_ = protected_;
}

struct link *peer_link(const struct peer *p)
{
    struct link *circuit = NULL;

    for (struct link *l = p->links; l != NULL; l = l->peer_next) {
        if (!l->redundant && !l->circuit)
            return l;
        if (!l->redundant && circuit == NULL)
            circuit = l;
    }
    return circuit != NULL ? circuit : p->links;
}

bool peer_limited(const struct peer *p)
{
    for (const struct link *l = p->links; l != NULL; l = l->peer_next)
        if (!l->limited)
            return false;
    return true;
}

static enum err peer_new(struct swarm *s, const struct peer_id *id, struct peer **out)
{
    struct peer *p = calloc(1, sizeof *p);

    if (p == NULL)
        return ERR_MEMORY;
    p->id = *id;
    p->number = ++s->next_peer;
    enum err err = map_put(&s->peers, MAP_KEY(p->number), p);
    if (err == OK)
        err = map_put(&s->peers_by_id, peer_id_span(&p->id), p);
    if (err != OK) {
        map_take(&s->peers, MAP_KEY(p->number));
        free(p);
        return err;
    }
    s->counters.peers++;
    *out = p;
    return OK;
}

/* Both ends dialed: the connection dialed by the smaller id stays. Who dialed the other one closes
 * it after a grace, so that a peer with another rule has closed its choice before. */
static void settle(struct swarm *s, const struct env *env, struct link *fresh)
{
    struct peer *p = fresh->peer;
    bool ours_stays = span_cmp(peer_id_span(&s->self), peer_id_span(&p->id)) < 0;

    for (struct link *old = p->links; old != NULL; old = old->peer_next) {
        if (old->circuit || fresh->circuit || old->outbound == fresh->outbound || old->redundant ||
            env->now.ns - old->up_at.ns > SWARM_REDUNDANT_WINDOW_MS * NS_PER_MS)
            continue;
        struct link *lesser = old->outbound == ours_stays ? fresh : old;
        lesser->redundant = true;
        if (lesser->outbound)
            lesser->close_at = mono_add(env->now, SWARM_REDUNDANT_GRACE_MS * NS_PER_MS);
        link_arm(s, lesser);
        return;
    }
}

/* A direct connection takes the place of circuits: new streams use it, and what runs on the others
 * has a while to end (libp2p/specs relay/DCUtR.md, step 6). */
static void retire_circuits(struct swarm *s, const struct env *env, const struct link *fresh)
{
    for (struct link *l = fresh->peer->links; l != NULL && !fresh->circuit; l = l->peer_next) {
        if (!l->circuit || l->redundant)
            continue;
        l->redundant = true;
        l->close_at = mono_add(env->now, SWARM_CIRCUIT_GRACE_MS * NS_PER_MS);
        link_arm(s, l);
    }
}

enum err peer_attach(struct swarm *s, const struct env *env, struct link *l, bool *fresh)
{
    const struct peer_id *id = conn_remote(l->conn);
    struct peer *p = peer_find(s, id);

    *fresh = p == NULL;
    if (p == NULL)
        TRY(peer_new(s, id, &p));
    l->peer = p;
    l->up_at = env->now;
    settle(s, env, l);
    struct link **end = &p->links;
    while (*end != NULL)
        end = &(*end)->peer_next;
    *end = l;
    l->peer_next = NULL;
    retire_circuits(s, env, l);
    return OK;
}

/* What the host began without limits has no place on a limited circuit: the peer goes, and may come
 * back by a circuit of its own. */
static void close_limited(struct swarm *s, struct peer *p)
{
    for (struct link *l = p->links; l != NULL; l = l->peer_next) {
        conn_fail(l->conn, ERR_CLOSED);
        link_ready(s, l);
    }
}

bool peer_detach(struct swarm *s, struct link *l)
{
    struct peer *p = l->peer;
    bool kept = false;

    if (p == NULL)
        return false;
    for (struct link **i = &p->links; *i != NULL;) {
        if (*i == l) {
            *i = l->peer_next;
            continue;
        }
        kept |= !(*i)->redundant;
        i = &(*i)->peer_next;
    }
    l->peer = NULL;
    if (p->links != NULL) {
        for (struct link *i = p->links; i != NULL && !kept; i = i->peer_next) {
            i->redundant = false; /* it is all we have now */
            i->close_at = MONO_NEVER;
        }
        if (!l->limited && peer_limited(p))
            close_limited(s, p);
        return false;
    }
    s->departed = p->id;
    map_take(&s->peers, MAP_KEY(p->number));
    map_take(&s->peers_by_id, peer_id_span(&p->id));
    s->counters.peers--;
    free(p);
    return true;
}

void peer_close_redundant(struct swarm *s, const struct env *env, struct link *l)
{
    l->close_at = MONO_NEVER;
    if (!l->redundant || l->peer == NULL || peer_link(l->peer) == l)
        return;
    s->counters.conns_redundant++;
    conn_close(l->conn, env, OK);
}
