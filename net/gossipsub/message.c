#include "net/gossipsub/message.h"

#include "net/gossipsub/cache.h"
#include "net/gossipsub/score.h"

/* --- receiving ---------------------------------------------------------------------------------
 */

static void invalid_from(struct gossipsub *g, struct peer *p, struct topic *t)
{
    struct member *m = p == NULL ? NULL : member_make(g, p, t);

    if (m != NULL)
        score_invalid(m);
}

/* Does anyone look at the counter? */
static bool deliveries_count(const struct gossipsub *g, const struct topic *t)
{
    const struct gossipsub_topic_score *w = topic_weights(g, t);
    return w->mesh_deliveries_weight < 0 || w->mesh_failure_weight < 0;
}

/* [1.1, P3]: once per peer and message, inside the window after the verdict */
static void near_first(struct gossipsub *g, const struct env *env, struct peer *p, struct topic *t,
                       const struct seen *s)
{
    struct member *m = member_get(p, t);
    struct cached *c = cache_get(g, s->key);

    if (m == NULL || !member_in_mesh(m) || c == NULL || c->from == p->number ||
        env->now.ns - (int64_t)s->value > topic_weights(g, t)->mesh_deliveries_window_ns)
        return;
    struct sent_to *record = cached_peer(g, c, p->number);
    if (record == NULL || record->credited)
        return;
    record->credited = true;
    score_near_first_delivery(g, m);
}

static void duplicate(struct gossipsub *g, const struct env *env, struct peer *p, struct topic *t,
                      const struct seen *s)
{
    g->counts.duplicates++;
    switch ((enum seen_state)s->state) {
    case SEEN_VALIDATING:
        validating_also(&g->validating[s->value], p->number);
        return;
    case SEEN_ACCEPTED:
        if (deliveries_count(g, t))
            near_first(g, env, p, t, s);
        return;
    case SEEN_REJECTED:
        invalid_from(g, p, t);
        return;
    case SEEN_IGNORED:
        return;
    }
}

/* [1.2]: tell the mesh at once, before validation, that no second copy is needed */
static void announce_large(struct gossipsub *g, const struct validating *v, const struct peer *from)
{
    if (v->data.len < g->params.idontwant_bytes_min)
        return;
    for (uint32_t i = 0; i < v->topic->mesh_count; i++) {
        struct peer *p = v->topic->mesh[i]->peer;
        if (p != from && p->protocol->idontwant && queue_idontwant(g, p, v->id))
            g->counts.sent_idontwant++;
    }
}

static void validate(struct gossipsub *g, const struct env *env, struct peer *p, struct topic *t,
                     struct span data, const uint8_t *id, uint64_t key)
{
    struct validating v = {.topic = t, .key = key, .from = p->number, .received_ns = env->now.ns};
    uint64_t ticket;

    v.blob = rpc_encode_message(topic_name(t), data, &v.data);
    if (v.blob == NULL || !validating_add(g, &v, &ticket)) {
        blob_unref(v.blob);
        g->counts.dropped_validating++;
        return;
    }
    topic_ref(t);
    memcpy(validating_get(g, ticket)->id, id, GOSSIPSUB_ID_BYTES);
    if (!seen_add(g, key, SEEN_VALIDATING, (uint32_t)ticket) || !output_message(g, ticket)) {
        seen_settle(g, env, key, ticket, SEEN_IGNORED);
        validating_drop(g, ticket);
        g->counts.dropped_validating++;
        return;
    }
    g->counts.received++;
    announce_large(g, validating_get(g, ticket), p);
}

void message_receive(struct gossipsub *g, const struct env *env, struct peer *p, struct span body)
{
    struct rpc_message m = rpc_message(body);
    struct topic *t = topic_get(g, m.topic);
    uint8_t id[GOSSIPSUB_ID_BYTES];

    g->counts.received_messages++;
    if (t == NULL || !t->subscribed) {
        g->counts.foreign++;
        return;
    }
    if (m.named || m.data.len > g->params.message_bytes_max) { /* StrictNoSign: reject */
        g->counts.rejected++;
        invalid_from(g, p, t);
        log_debug(env, "gossipsub", "invalid peer=%llu signed=%d bytes=%zu",
                  (unsigned long long)p->number, m.named, m.data.len);
        return;
    }
    uint64_t key = message_id(g, m.topic, m.data, id);
    const struct seen *s = seen_get(g, key);
    if (s != NULL)
        duplicate(g, env, p, t, s);
    else
        validate(g, env, p, t, m.data, id, key);
}
