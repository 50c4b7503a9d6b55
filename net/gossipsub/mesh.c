#include "net/gossipsub/mesh.h"

#include "net/gossipsub/px.h"
#include "net/gossipsub/score.h"

/* --- picking -----------------------------------------------------------------------------------
 */

void members_shuffle(const struct env *env, struct member **list, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        size_t j = rng_below(env->rng, i);
        struct member *m = list[i - 1];
        list[i - 1] = list[j];
        list[j] = m;
    }
}

size_t members_pick(struct gossipsub *g, const struct env *env, struct member *const *list,
                    size_t count, member_filter *fits, size_t want, struct member ***out)
{
    struct member **found =
        count == 0 || want == 0 ? NULL : arena_alloc(env->scratch, count * sizeof(*found));
    size_t n = 0;

    *out = found;
    if (found == NULL)
        return 0;
    for (size_t i = 0; i < count; i++)
        if (fits(g, env, list[i]))
            found[n++] = list[i];
    want = want < n ? want : n;
    for (size_t i = 0; i < want; i++) { /* the first `want` steps of a shuffle */
        size_t j = i + rng_below(env->rng, n - i);
        struct member *m = found[i];
        found[i] = found[j];
        found[j] = m;
    }
    return want;
}

/* --- backoff ------------------------------------------------------------------------------------
 */

static void back_off(struct member *m, const struct env *env, int64_t ns)
{
    int64_t until = mono_add(env->now, ns).ns;

    if (until > m->backoff_until_ns)
        m->backoff_until_ns = until;
}

/* Explicit peers are outside all meshes; a negative score bars the way; a backoff is waited for in
 * full and with slack, as the other side's clock decides [1.1]. */
bool may_graft(struct gossipsub *g, const struct env *env, struct member *m)
{
    int64_t slack = (int64_t)g->params.backoff_slack * g->params.heartbeat_ns;

    return m->place != 0 && !member_in_mesh(m) && !m->peer->direct && m->peer->protocol->mesh &&
           (m->backoff_until_ns == 0 || m->backoff_until_ns + slack <= env->now.ns) &&
           peer_score(g, m->peer) >= 0;
}

/* --- both ways -----------------------------------------------------------------------------------
 */

void mesh_graft(struct gossipsub *g, const struct env *env, struct member *m)
{
    if (!mesh_insert(m))
        return;
    score_graft(m, env);
    if (queue_control(g, m->peer, CONTROL_GRAFT, m->topic, 0, NULL))
        g->counts.sent_graft++;
    log_debug(env, "gossipsub", "graft peer=%llu", (unsigned long long)m->peer->number);
}

static void send_prune(struct gossipsub *g, const struct env *env, struct member *m, bool px,
                       int64_t backoff_ns)
{
    bool extended = m->peer->protocol->px;
    uint64_t backoff_s = extended ? (uint64_t)(backoff_ns / NS_PER_S) : 0;
    struct blob *peers = extended && px ? px_offer(g, env, m) : NULL;

    if (queue_control(g, m->peer, CONTROL_PRUNE, m->topic, backoff_s, peers))
        g->counts.sent_prune++;
    blob_unref(peers);
}

void mesh_prune(struct gossipsub *g, const struct env *env, struct member *m, bool px,
                int64_t backoff_ns)
{
    mesh_remove(g, m);
    back_off(m, env, backoff_ns);
    m->pruned_ns = env->now.ns;
    send_prune(g, env, m, px, backoff_ns);
    log_debug(env, "gossipsub", "prune peer=%llu", (unsigned long long)m->peer->number);
}

static bool is_fanout(struct gossipsub *g, const struct env *env, struct member *m)
{
    return m->fanout && may_graft(g, env, m);
}

/* [1.0, "Topic Membership"]: fanout peers first, then others, up to D */
void mesh_join(struct gossipsub *g, const struct env *env, struct topic *t)
{
    member_filter *const wanted[] = {is_fanout, may_graft};
    struct member **picked;

    for (size_t round = 0; round < 2 && t->mesh_count < g->params.d; round++) {
        size_t n = members_pick(g, env, t->members, t->member_count, wanted[round],
                                g->params.d - t->mesh_count, &picked);
        for (size_t i = 0; i < n; i++)
            mesh_graft(g, env, picked[i]);
    }
    fanout_drop(g, t);
}

void mesh_leave(struct gossipsub *g, const struct env *env, struct topic *t)
{
    while (t->mesh_count > 0)
        mesh_prune(g, env, t->mesh[t->mesh_count - 1], false, g->params.unsubscribe_backoff_ns);
}

/* --- what peers ask ------------------------------------------------------------------------------
 */

/* A GRAFT inside the backoff: prune again, extend, penalise; twice when it came at once [1.1]. */
static void refuse_early_graft(struct gossipsub *g, const struct env *env, struct member *m)
{
    bool flood = env->now.ns - m->pruned_ns < g->params.graft_flood_ns;

    g->counts.backoff_violations++;
    score_penalty(m->peer, flood ? 2 : 1);
    mesh_prune(g, env, m, false, g->params.prune_backoff_ns);
    log_debug(env, "gossipsub", "graft_in_backoff peer=%llu", (unsigned long long)m->peer->number);
}

void mesh_on_graft(struct gossipsub *g, const struct env *env, struct peer *p, struct span topic)
{
    struct topic *t = topic_get(g, topic);

    g->counts.received_graft++;
    if (t == NULL || !t->subscribed || !p->protocol->mesh)
        return; /* unknown topics are ignored: an answer would be an amplifier [1.1] */
    struct member *m = member_make(g, p, t);
    if (m == NULL || !member_join(m)) /* who asks for the messages is in the topic */
        return;
    if (member_in_mesh(m))
        return;
    if (p->direct) { /* an error of the other operator [1.1, "Explicit Peering Agreements"] */
        log_unusual(env, "gossipsub", "graft_from_direct peer=%llu", (unsigned long long)p->number);
        mesh_prune(g, env, m, false, g->params.prune_backoff_ns);
    } else if (env->now.ns < m->backoff_until_ns) {
        refuse_early_graft(g, env, m);
    } else if (peer_score(g, p) < 0) {
        mesh_prune(g, env, m, false, g->params.prune_backoff_ns);
    } else if (g->params.d == 0 || (t->mesh_count >= g->params.d_high && !p->outbound)) {
        mesh_prune(g, env, m, g->params.px, g->params.prune_backoff_ns);
    } else if (mesh_insert(m)) {
        score_graft(m, env);
    }
}

void mesh_on_prune(struct gossipsub *g, const struct env *env, struct peer *p,
                   const struct rpc_prune *prune)
{
    struct topic *t = topic_get(g, prune->topic);
    struct member *m = t == NULL ? NULL : member_get(p, t);

    g->counts.received_prune++;
    if (m == NULL)
        return;
    bool was_in_mesh = member_in_mesh(m);
    uint64_t wanted_s = prune->backoff_s < GOSSIPSUB_PRUNE_BACKOFF_S_MAX
                            ? prune->backoff_s
                            : GOSSIPSUB_PRUNE_BACKOFF_S_MAX;
    mesh_remove(g, m);
    back_off(m, env,
             prune->has_backoff && wanted_s > 0 ? (int64_t)wanted_s * NS_PER_S
                                                : g->params.prune_backoff_ns);
    if (was_in_mesh && p->protocol->px) /* so a PRUNE costs them a GRAFT of ours */
        px_accept(g, env, p, prune);
}
