#include "net/gossipsub/gossip.h"

#include "net/gossipsub/cache.h"
#include "net/gossipsub/control.h"
#include "net/gossipsub/mesh.h"
#include "net/gossipsub/score.h"

#include <stdlib.h>

/* The next id of a list; ids of another length than ours name nothing that exists. */
static bool next_id(struct gossipsub *g, struct pb *list, uint32_t field, uint32_t *budget,
                    const uint8_t **id)
{
    struct span entry;

    while (rpc_next(list, field, &entry)) {
        if (*budget == 0) {
            g->counts.over_limit++;
            return false;
        }
        --*budget;
        if (entry.len == GOSSIPSUB_ID_BYTES) {
            *id = entry.ptr;
            return true;
        }
    }
    return false;
}

/* --- IHAVE
 * ---------------------------------------------------------------------------------------- */

/* One random id of those asked for is watched [1.1, "Spam Protection Measures"]. */
static void promise(struct gossipsub *g, const struct env *env, const struct peer *p, uint64_t key)
{
    if (g->promise_count >= GOSSIPSUB_PROMISES_MAX)
        return;
    if (g->promise_count == g->promise_cap) {
        uint32_t more = g->promise_cap == 0 ? 8 : g->promise_cap * 2;
        struct promise *next = realloc(g->promises, more * sizeof *next);
        if (next == NULL)
            return;
        g->promises = next;
        g->promise_cap = more;
    }
    g->promises[g->promise_count++] =
        (struct promise){.key = key,
                         .peer = p->number,
                         .until_ns = mono_add(env->now, g->params.iwant_followup_ns).ns};
}

void gossip_on_ihave(struct gossipsub *g, const struct env *env, struct peer *p, struct span body,
                     uint32_t *budget)
{
    const struct topic *t = topic_get(g, rpc_topic(body));
    const uint8_t *id;
    uint64_t watched = 0, asked = 0;

    g->counts.received_ihave++;
    if (peer_score(g, p) < g->params.gossip_threshold || t == NULL || !t->subscribed)
        return;
    if (++p->ihaves > g->params.ihave_messages_max) {
        g->counts.over_limit++;
        return;
    }
    for (struct pb list = pb_of(body);
         p->asked < g->params.ihave_ids_max && next_id(g, &list, IHAVE_ID, budget, &id);) {
        uint64_t key = message_key(g, id);
        if (seen_get(g, key) != NULL || !queue_iwant(g, p, id))
            continue;
        p->asked++;
        if (rng_below(env->rng, ++asked) == 0)
            watched = key;
    }
    g->counts.sent_iwant += asked;
    if (asked > 0)
        promise(g, env, p, watched);
}

void promises_check(struct gossipsub *g, const struct env *env)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < g->promise_count; i++) {
        struct promise *it = &g->promises[i];
        if (it->until_ns > env->now.ns) {
            g->promises[kept++] = *it;
            continue;
        }
        struct peer *p = seen_get(g, it->key) != NULL ? NULL : peer_get(g, it->peer);
        if (p == NULL)
            continue; /* it came, from whomever; or the peer is gone */
        g->counts.broken_promises++;
        score_penalty(p, 1);
    }
    g->promise_count = kept;
    if (kept == 0) {
        free(g->promises);
        g->promises = NULL;
        g->promise_cap = 0;
    }
}

/* --- IWANT
 * ---------------------------------------------------------------------------------------- */

void gossip_on_iwant(struct gossipsub *g, const struct env *env, struct peer *p, struct span body,
                     uint32_t *budget)
{
    const uint8_t *id;

    g->counts.received_iwant++;
    if (peer_score(g, p) < g->params.gossip_threshold)
        return;
    for (struct pb list = pb_of(body); next_id(g, &list, IDS_ID, budget, &id);) {
        struct cached *c = cache_get(g, message_key(g, id));
        struct sent_to *record = c == NULL ? NULL : cached_peer(g, c, p->number);
        if (record == NULL || record->times >= g->params.retransmissions_max)
            continue;
        record->times++;
        if (queue_message(g, env, p, c->blob, c->key))
            g->counts.sent_messages++;
    }
}

/* --- IDONTWANT [1.2]
 * -------------------------------------------------------------------------------- */

void gossip_on_idontwant(struct gossipsub *g, struct peer *p, struct span body, uint32_t *budget)
{
    const uint8_t *id;

    g->counts.received_idontwant++;
    if (!p->protocol->idontwant)
        return;
    if (++p->idontwants > g->params.idontwant_messages_max) {
        g->counts.over_limit++;
        return;
    }
    for (struct pb list = pb_of(body); next_id(g, &list, IDS_ID, budget, &id);) {
        struct unwanted u = {.key = message_key(g, id), .heartbeat = g->heartbeat};
        if (p->unwanted.count > 0 && p->unwanted.count >= p->unwanted.max)
            recent_pop(&p->unwanted);
        (void)!recent_put(&p->unwanted, &u); /* known already, or no memory: it may be sent */
    }
}

void unwanted_expire(const struct gossipsub *g, struct peer *p)
{
    while (p->unwanted.count > 0) {
        const struct unwanted *u = recent_at(&p->unwanted, 0);
        if (u->heartbeat + g->params.idontwant_ttl > g->heartbeat)
            return;
        recent_pop(&p->unwanted);
    }
}

/* --- emission [1.0, "Gossip Emission"; 1.1, "Adaptive Gossip Dissemination"]
 * ------------------------- */

static bool may_hear(struct gossipsub *g, const struct env *env, struct member *m)
{
    (void)env;
    return !member_in_mesh(m) && !m->fanout && !m->peer->direct && m->peer->protocol->mesh &&
           peer_score(g, m->peer) >= g->params.gossip_threshold;
}

/* More ids than fit into one IHAVE: each peer hears of another random stretch. */
static struct blob *some_of(struct gossipsub *g, const struct env *env, const struct topic *t,
                            const uint8_t **ids, size_t count)
{
    size_t max = g->params.ihave_ids_max;
    const uint8_t **part = arena_alloc(env->scratch, max * sizeof(*part));
    size_t start = rng_below(env->rng, count);

    if (part == NULL)
        return NULL;
    for (size_t i = 0; i < max; i++)
        part[i] = ids[(start + i) % count];
    return control_ihave(topic_name(t), part, max);
}

void gossip_emit(struct gossipsub *g, const struct env *env, struct topic *t)
{
    const uint8_t **ids;
    struct member **hearers;
    size_t count = cache_gossip_ids(g, env, t, &ids);

    if (count == 0)
        return;
    size_t n =
        members_pick(g, env, t->members, t->member_count, may_hear, t->member_count, &hearers);
    size_t share = (size_t)(g->params.gossip_factor * (double)n);
    size_t want = share > g->params.d_lazy ? share : g->params.d_lazy;
    bool all = count <= g->params.ihave_ids_max;
    struct blob *b = all ? control_ihave(topic_name(t), ids, count) : NULL;
    for (size_t i = 0; i < n && i < want; i++) {
        struct blob *one = all ? b : some_of(g, env, t, ids, count);
        if (one != NULL && queue_ihave(g, env, hearers[i]->peer, one))
            g->counts.sent_ihave++;
        if (!all)
            blob_unref(one);
    }
    blob_unref(b);
}
