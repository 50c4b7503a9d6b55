/* The heartbeat: one pass over promises, scores, peers, topics, caches. */
#include "net/gossipsub/cache.h"
#include "net/gossipsub/gossip.h"
#include "net/gossipsub/mesh.h"
#include "net/gossipsub/px.h"
#include "net/gossipsub/score.h"

#define TIDY_HEARTBEATS 15u /* members and memories are looked through this often */

void heartbeat_start(struct gossipsub *g, const struct env *env)
{
    if (g->beating)
        return;
    g->beating = true;
    /* a random phase keeps a network that was started at once from beating as one */
    uint64_t phase = rng_below(env->rng, (uint64_t)g->params.heartbeat_ns) + 1;
    g->heartbeat_ns = mono_add(env->now, (int64_t)phase).ns;
    g->decay_ns = mono_add(env->now, g->params.decay_interval_ns).ns;
    g->opportunistic_ns = mono_add(env->now, g->params.opportunistic_graft_ns).ns;
    g->direct_next_ns = mono_add(env->now, g->params.direct_connect_ns).ns;
}

static bool is_idle(const struct gossipsub *g)
{
    return map_count(&g->peers) == 0 && map_count(&g->retained) == 0 && g->own_topics == 0 &&
           g->direct_count == 0 && g->cache.count == 0 && g->seen.count == 0 &&
           g->promise_count == 0;
}

static bool is_due(int64_t *next_ns, int64_t interval_ns, const struct env *env)
{
    if (env->now.ns < *next_ns)
        return false;
    *next_ns += interval_ns;
    if (*next_ns <= env->now.ns) /* late by more than one: do not catch up */
        *next_ns = mono_add(env->now, interval_ns).ns;
    return true;
}

static void check_score(struct gossipsub *g, const struct env *env, struct peer *p)
{
    if (p->disconnecting || p->direct || !g->params.disconnect_graylisted ||
        peer_score(g, p) >= g->params.graylist_threshold)
        return;
    p->disconnecting = output_peer(g, GOSSIPSUB_OUT_DISCONNECT, p->number);
    log_unusual(env, "gossipsub", "graylisted peer=%llu score=%g", (unsigned long long)p->number,
                peer_score(g, p));
}

static void look_after_peers(struct gossipsub *g, const struct env *env)
{
    struct peer *p;

    for (size_t cursor = 0; (p = map_next(&g->peers, &cursor, NULL)) != NULL;) {
        p->ihaves = p->asked = p->idontwants = 0;
        unwanted_expire(g, p);
        if (p->queue.bytes > 0 && env->now.ns - p->queue.moved_ns > g->params.peer_queue_stall_ns)
            queue_flush(g, p); /* it reads nothing: what waits there is old news */
        if (!queue_empty(&p->queue)) {
            p->queue.announced = false;
            queue_announce(g, p);
        }
        check_score(g, env, p);
    }
}

static void look_after_topics(struct gossipsub *g, const struct env *env)
{
    bool opportunity = is_due(&g->opportunistic_ns, g->params.opportunistic_graft_ns, env);
    struct topic *t;

    for (size_t cursor = 0; (t = map_next(&g->topics, &cursor, NULL)) != NULL;) {
        if (t->subscribed) {
            mesh_maintain(g, env, t);
            if (opportunity)
                mesh_graft_opportunistically(g, env, t);
            gossip_emit(g, env, t);
        } else if (t->fanout) {
            gossip_emit(g, env, t);
            fanout_maintain(g, env, t);
        }
    }
}

struct mono gossipsub_deadline(const struct gossipsub *g)
{
    return g->beating ? (struct mono){g->heartbeat_ns} : MONO_NEVER;
}

void gossipsub_tick(struct gossipsub *g, const struct env *env)
{
    if (!g->beating || !is_due(&g->heartbeat_ns, g->params.heartbeat_ns, env))
        return;
    promises_check(g, env);
    if (is_due(&g->decay_ns, g->params.decay_interval_ns, env))
        score_decay(g, env);
    look_after_peers(g, env);
    direct_tick(g, env);
    look_after_topics(g, env);
    cache_shift(g);
    seen_expire(g, env);
    if (g->heartbeat % TIDY_HEARTBEATS == 0)
        peers_tidy(g, env);
    g->beating = !is_idle(g);
}
