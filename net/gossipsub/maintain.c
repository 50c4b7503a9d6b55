/* A topic's upkeep at the heartbeat [1.0, "Heartbeat"; 1.1, "Outbound Mesh Quotas", "Heartbeat
 * Maintenance", "Opportunistic Grafting"]. */
#include "net/gossipsub/mesh.h"
#include "net/gossipsub/score.h"

/* --- the mesh ------------------------------------------------------------------------------------
 */

static void prune_negative(struct gossipsub *g, const struct env *env, struct topic *t)
{
    for (uint32_t i = t->mesh_count; i-- > 0;)
        if (peer_score(g, t->mesh[i]->peer) < 0)
            mesh_prune(g, env, t->mesh[i], false, g->params.prune_backoff_ns);
}

static void graft_some(struct gossipsub *g, const struct env *env, struct topic *t,
                       member_filter *fits, size_t want)
{
    struct member **picked;
    size_t n = members_pick(g, env, t->members, t->member_count, fits, want, &picked);

    for (size_t i = 0; i < n; i++)
        mesh_graft(g, env, picked[i]);
}

/* best score first; the caller shuffled, so equals are in random order */
static void sort_by_score(struct gossipsub *g, struct member **list, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct member *m = list[i];
        double score = peer_score(g, m->peer);
        size_t j = i;
        for (; j > 0 && peer_score(g, list[j - 1]->peer) < score; j--)
            list[j] = list[j - 1];
        list[j] = m;
    }
}

static size_t count_outbound(struct member *const *list, size_t count)
{
    size_t n = 0;

    for (size_t i = 0; i < count; i++)
        n += list[i]->peer->outbound;
    return n;
}

/* Of `count` members the first `keep` stay: bring outbound ones from behind into that part, in the
 * place of the last inbound ones, until there are d_out of them or none is left. */
static void keep_outbound(struct member **list, size_t count, size_t keep, size_t d_out)
{
    size_t outbound = count_outbound(list, keep), behind = keep, place = keep;

    while (outbound < d_out) {
        while (behind < count && !list[behind]->peer->outbound)
            behind++;
        while (place > 0 && list[place - 1]->peer->outbound)
            place--;
        if (behind == count || place == 0)
            return;
        struct member *m = list[place - 1];
        list[place - 1] = list[behind];
        list[behind] = m;
        outbound++;
    }
}

static void prune_surplus(struct gossipsub *g, const struct env *env, struct topic *t)
{
    size_t count = t->mesh_count, best = g->params.d_score, keep = g->params.d;
    struct member **list = arena_alloc(env->scratch, count * sizeof(*list));

    if (list == NULL)
        return;
    memcpy(list, t->mesh, count * sizeof(*list));
    members_shuffle(env, list, count);
    sort_by_score(g, list, count);
    members_shuffle(env, list + best, count - best); /* the others stay at random */
    keep_outbound(list, count, keep, g->params.d_out);
    for (size_t i = keep; i < count; i++)
        mesh_prune(g, env, list[i], g->params.px, g->params.prune_backoff_ns);
}

static bool may_graft_outbound(struct gossipsub *g, const struct env *env, struct member *m)
{
    return m->peer->outbound && may_graft(g, env, m);
}

void mesh_maintain(struct gossipsub *g, const struct env *env, struct topic *t)
{
    const struct gossipsub_params *p = &g->params;

    prune_negative(g, env, t);
    if (t->mesh_count < p->d_low)
        graft_some(g, env, t, may_graft, p->d - t->mesh_count);
    if (t->mesh_count > p->d_high)
        prune_surplus(g, env, t);
    size_t outbound = count_outbound(t->mesh, t->mesh_count);
    if (t->mesh_count >= p->d_low && outbound < p->d_out)
        graft_some(g, env, t, may_graft_outbound, p->d_out - outbound);
}

/* --- opportunistic grafting
 * ------------------------------------------------------------------------ */

void mesh_graft_opportunistically(struct gossipsub *g, const struct env *env, struct topic *t)
{
    size_t count = t->mesh_count, wanted = g->params.opportunistic_graft_peers;
    struct member **list = count < 2 ? NULL : arena_alloc(env->scratch, count * sizeof(*list));
    struct member **picked;

    if (list == NULL)
        return;
    memcpy(list, t->mesh, count * sizeof(*list));
    sort_by_score(g, list, count);
    double median = peer_score(g, list[count / 2]->peer);
    if (median >= g->params.opportunistic_graft_threshold)
        return;
    size_t n =
        members_pick(g, env, t->members, t->member_count, may_graft, t->member_count, &picked);
    for (size_t i = 0; i < n && wanted > 0; i++)
        if (peer_score(g, picked[i]->peer) > median) {
            mesh_graft(g, env, picked[i]);
            wanted--;
        }
}

/* --- fanout
 * ---------------------------------------------------------------------------------------- */

static bool may_fan_out(struct gossipsub *g, const struct env *env, struct member *m)
{
    (void)env;
    return !m->fanout && !m->peer->direct && m->peer->protocol->mesh &&
           peer_score(g, m->peer) >= g->params.publish_threshold;
}

void fanout_drop(struct gossipsub *g, struct topic *t)
{
    for (uint32_t i = 0; i < t->member_count; i++)
        t->members[i]->fanout = false;
    if (!t->fanout)
        return;
    t->fanout = false;
    topic_unref(g, t);
}

void fanout_fill(struct gossipsub *g, const struct env *env, struct topic *t)
{
    struct member **picked;
    size_t have = 0;

    for (uint32_t i = 0; i < t->member_count; i++) {
        struct member *m = t->members[i];
        if (m->fanout && peer_score(g, m->peer) < g->params.publish_threshold)
            m->fanout = false;
        have += m->fanout;
    }
    if (have >= g->params.d)
        return;
    size_t n =
        members_pick(g, env, t->members, t->member_count, may_fan_out, g->params.d - have, &picked);
    for (size_t i = 0; i < n; i++)
        picked[i]->fanout = true;
}

void fanout_maintain(struct gossipsub *g, const struct env *env, struct topic *t)
{
    if (env->now.ns - t->published_ns > g->params.fanout_ttl_ns)
        fanout_drop(g, t);
    else
        fanout_fill(g, env, t);
}
