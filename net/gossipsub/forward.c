/* From a verdict, or a publication, to the queues of peers. */
#include "crypto/prim/sha2.h"
#include "net/gossipsub/cache.h"
#include "net/gossipsub/mesh.h"
#include "net/gossipsub/message.h"
#include "net/gossipsub/score.h"

#include <stdlib.h>

uint64_t message_id(const struct gossipsub *g, struct span topic, struct span data, uint8_t *id)
{
    if (g->params.message_id != NULL)
        g->params.message_id(topic, data, id);
    else
        sha256(data, id);
    return message_key(g, id);
}

void seen_settle(struct gossipsub *g, const struct env *env, uint64_t key, uint64_t ticket,
                 enum seen_state state)
{
    struct seen *s = seen_get(g, key);

    if (s == NULL || s->state != SEEN_VALIDATING || s->value != (uint32_t)ticket)
        return; /* forgotten meanwhile */
    s->state = state;
    s->value = (uint64_t)env->now.ns & ((UINT64_C(1) << 62) - 1);
}

/* --- forwarding ----------------------------------------------------------------------------------
 */

static bool has_it(const struct validating *v, const struct peer *p)
{
    if (v->from == p->number)
        return true;
    for (uint32_t i = 0; i < v->also_count; i++)
        if (v->also[i] == p->number)
            return true;
    return false;
}

/* [1.2]: peers that said IDONTWANT must be skipped */
static bool is_unwanted(struct gossipsub *g, const struct peer *p, uint64_t key)
{
    if (recent_get(&p->unwanted, key) == NULL)
        return false;
    g->counts.idontwant_saved++;
    return true;
}

static void send(struct gossipsub *g, const struct env *env, struct peer *p,
                 const struct validating *v)
{
    if (has_it(v, p) || is_unwanted(g, p, v->key))
        return;
    if (queue_message(g, env, p, v->blob, v->key))
        g->counts.sent_messages++;
}

static void forward(struct gossipsub *g, const struct env *env, const struct validating *v)
{
    const struct topic *t = v->topic;

    for (uint32_t i = 0; i < t->mesh_count; i++)
        send(g, env, t->mesh[i]->peer, v);
    if (g->flood_peers == 0)
        return;
    for (uint32_t i = 0; i < t->member_count; i++) { /* floodsub and explicit peers, outside it */
        struct member *m = t->members[i];
        if (m->peer->flood && !member_in_mesh(m))
            send(g, env, m->peer, v);
    }
}

/* --- verdicts
 * ------------------------------------------------------------------------------------- */

static void credit(struct gossipsub *g, uint64_t number, struct topic *t, bool first)
{
    struct peer *p = peer_get(g, number);
    struct member *m = p == NULL ? NULL : member_make(g, p, t);

    if (m == NULL)
        return;
    if (first)
        score_first_delivery(g, m);
    else
        score_near_first_delivery(g, m);
}

static void blame(struct gossipsub *g, uint64_t number, struct topic *t)
{
    struct peer *p = peer_get(g, number);
    struct member *m = p == NULL ? NULL : member_make(g, p, t);

    if (m != NULL)
        score_invalid(m);
}

static void accept(struct gossipsub *g, const struct env *env, const struct validating *v)
{
    credit(g, v->from, v->topic, true);
    for (uint32_t i = 0; i < v->also_count; i++)
        credit(g, v->also[i], v->topic, false);
    v->topic->messages++;
    v->topic->message_bytes += v->data.len;
    if (!v->topic->subscribed)
        return; /* we left while it was validated */
    cache_put(g, v->key, v->id, v->topic, v->blob, v->from);
    forward(g, env, v);
    g->counts.rebroadcasted++;
}

void gossipsub_verdict(struct gossipsub *g, const struct env *env, uint64_t ticket,
                       enum gossipsub_verdict verdict)
{
    static const enum seen_state states[] = {[GOSSIPSUB_ACCEPT] = SEEN_ACCEPTED,
                                             [GOSSIPSUB_REJECT] = SEEN_REJECTED,
                                             [GOSSIPSUB_IGNORE] = SEEN_IGNORED};
    const struct validating *v = validating_get(g, ticket);

    if (v == NULL)
        return;
    seen_settle(g, env, v->key, ticket, states[verdict]);
    switch (verdict) {
    case GOSSIPSUB_ACCEPT:
        g->counts.accepted++;
        accept(g, env, v);
        break;
    case GOSSIPSUB_REJECT:
        g->counts.rejected++;
        blame(g, v->from, v->topic);
        for (uint32_t i = 0; i < v->also_count; i++)
            blame(g, v->also[i], v->topic);
        break;
    case GOSSIPSUB_IGNORE:
        g->counts.ignored++;
        break;
    }
    validating_drop(g, ticket);
}

/* --- publishing
 * ----------------------------------------------------------------------------------- */

static bool may_publish_to(struct gossipsub *g, const struct env *env, struct member *m)
{
    (void)env;
    return m->peer->direct || peer_score(g, m->peer) >= g->params.publish_threshold;
}

static bool is_target(struct gossipsub *g, const struct env *env, struct member *m)
{
    bool chosen = g->params.flood_publish || m->peer->flood || member_in_mesh(m) || m->fanout;
    return chosen && may_publish_to(g, env, m);
}

static bool may_help_out(struct gossipsub *g, const struct env *env, struct member *m)
{
    return !is_target(g, env, m) && may_publish_to(g, env, m);
}

/* Who gets a message of ours, in scratch memory. A mesh below D_low (just joined, or after losses)
 * is helped out by random members up to D: a message of ours has no second chance elsewhere. */
static size_t choose_targets(struct gossipsub *g, const struct env *env, struct topic *t,
                             struct member ***out)
{
    struct member **more;
    struct member **list = arena_alloc(env->scratch, (t->member_count + 1) * sizeof(*list));
    size_t n = 0;

    *out = list;
    if (list == NULL)
        return 0;
    for (uint32_t i = 0; i < t->member_count; i++)
        if (is_target(g, env, t->members[i]))
            list[n++] = t->members[i];
    if (!t->subscribed || t->mesh_count >= g->params.d_low || g->params.d < t->mesh_count)
        return n;
    size_t helpers = members_pick(g, env, t->members, t->member_count, may_help_out,
                                  g->params.d - t->mesh_count, &more);
    for (size_t i = 0; i < helpers; i++)
        list[n++] = more[i];
    return n;
}

static enum err send_out(struct gossipsub *g, const struct env *env, struct topic *t,
                         struct span data, uint64_t key, struct gossipsub_published *how)
{
    struct member **targets;
    struct span at;
    size_t n = choose_targets(g, env, t, &targets), open = 0;
    struct blob *b = rpc_encode_message(topic_name(t), data, &at);

    if (b == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < n; i++)
        open += queue_has_room(g, targets[i]->peer, b->len);
    if ((n > 0 && open == 0) || !seen_add(g, key, SEEN_ACCEPTED, (uint64_t)env->now.ns)) {
        blob_unref(b);
        return n > 0 && open == 0 ? ERR_FULL : ERR_MEMORY;
    }
    cache_put(g, key, how->id, t, b, 0);
    for (size_t i = 0; i < n; i++) {
        if (queue_message(g, env, targets[i]->peer, b, key))
            how->peers++;
        else
            how->full++;
    }
    blob_unref(b);
    return OK;
}

static void enter_fanout(struct gossipsub *g, const struct env *env, struct topic *t)
{
    if (t->subscribed || g->params.flood_publish)
        return; /* no use for a fanout [1.1, "Flood Publishing"] */
    if (!t->fanout) {
        t->fanout = true;
        topic_ref(t);
    }
    t->published_ns = env->now.ns;
    fanout_fill(g, env, t);
}

bool gossipsub_has_seen(const struct gossipsub *g, struct span topic, struct span data)
{
    uint8_t id[GOSSIPSUB_ID_BYTES];

    return seen_get(g, message_id(g, topic, data, id)) != NULL;
}

enum err gossipsub_publish(struct gossipsub *g, const struct env *env, struct span topic,
                           struct span data, struct gossipsub_published *how)
{
    struct gossipsub_published scratch;

    how = how == NULL ? &scratch : how;
    *how = (struct gossipsub_published){0};
    if (topic.len == 0 || topic.len > GOSSIPSUB_TOPIC_BYTES_MAX ||
        data.len > g->params.message_bytes_max)
        return ERR_ARGUMENT;
    uint64_t key = message_id(g, topic, data, how->id);
    if (seen_get(g, key) != NULL)
        return ERR_EXISTS;
    struct topic *t = topic_make(g, topic, false);
    if (t == NULL)
        return ERR_FULL;
    enter_fanout(g, env, t);
    enum err err = send_out(g, env, t, data, key, how);
    topic_unref(g, t);
    if (err == ERR_FULL)
        g->counts.full_publish++;
    if (err != OK)
        return err;
    g->counts.published++;
    g->counts.sent_messages += how->peers;
    heartbeat_start(g, env);
    return OK;
}
