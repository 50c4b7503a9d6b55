/* The conductor: birth and death, our own topics, and who reads which part of an RPC. */
#include "net/gossipsub/gossipsub.h"

#include "net/gossipsub/cache.h"
#include "net/gossipsub/gossip.h"
#include "net/gossipsub/mesh.h"
#include "net/gossipsub/message.h"
#include "net/gossipsub/score.h"

#include <stdlib.h>

struct gossipsub *gossipsub_new(const struct gossipsub_params *p, const struct env *env)
{
    assert(gossipsub_params_check(p) == OK);
    struct gossipsub *g = calloc(1, sizeof *g);
    uint8_t seed[16];

    if (g == NULL)
        return NULL;
    g->params = *p;
    rng_fill(env->rng, g->key, sizeof g->key);
    rng_fill(env->rng, seed, sizeof seed);
    map_init(&g->peers, seed, GOSSIPSUB_PEERS_MAX);
    map_init(&g->retained, seed, (size_t)p->retained_peers_max + 1);
    map_init(&g->topics, seed, GOSSIPSUB_TOPICS_MAX + GOSSIPSUB_OWN_TOPICS_MAX);
    map_init(&g->ips, seed, GOSSIPSUB_PEERS_MAX);
    caches_init(g);
    outputs_init(g);
    return g;
}

void gossipsub_free(struct gossipsub *g)
{
    struct topic *t;

    if (g == NULL)
        return;
    taken_release(g);
    outputs_free(g);
    validating_free(g);
    peers_forget_all(g);
    caches_free(g);
    for (size_t cursor = 0; (t = map_next(&g->topics, &cursor, NULL)) != NULL;) {
        t->refs = 1; /* ours: subscription, fanout, weights */
        topic_unref(g, t);
    }
    map_clear(&g->topics);
    map_clear(&g->ips);
    free(g->promises);
    free(g->direct);
    free(g);
}

/* --- our topics --------------------------------------------------------------------------------
 */

static void announce(struct gossipsub *g, struct topic *t, enum control_kind kind, uint64_t *count)
{
    struct peer *p;

    for (size_t cursor = 0; (p = map_next(&g->peers, &cursor, NULL)) != NULL;)
        *count += queue_control(g, p, kind, t, 0, NULL);
}

enum err gossipsub_subscribe(struct gossipsub *g, const struct env *env, struct span topic)
{
    if (topic.len == 0 || topic.len > GOSSIPSUB_TOPIC_BYTES_MAX)
        return ERR_ARGUMENT;
    struct topic *t = topic_get(g, topic);
    if (t != NULL && t->subscribed)
        return OK;
    if (g->own_topics >= GOSSIPSUB_OWN_TOPICS_MAX)
        return ERR_FULL;
    t = topic_make(g, topic, true);
    if (t == NULL)
        return ERR_MEMORY;
    t->subscribed = true; /* the reference stays with it */
    g->own_topics++;
    g->counts.subscriptions++;
    announce(g, t, CONTROL_SUBSCRIBE, &g->counts.sent_subscriptions);
    mesh_join(g, env, t);
    heartbeat_start(g, env);
    return OK;
}

void gossipsub_unsubscribe(struct gossipsub *g, const struct env *env, struct span topic)
{
    struct topic *t = topic_get(g, topic);

    if (t == NULL || !t->subscribed)
        return;
    g->own_topics--;
    g->counts.unsubscriptions++;
    announce(g, t, CONTROL_UNSUBSCRIBE, &g->counts.sent_unsubscriptions);
    mesh_leave(g, env, t);
    t->subscribed = false;
    topic_unref(g, t);
}

/* --- RPCs --------------------------------------------------------------------------------------
 */

/* what one RPC may still bring */
struct budget {
    uint32_t subscriptions, messages, controls[CONTROL_FIELD_IDONTWANT + 1], ids;
    bool broken; /* something was left out */
};

static bool spend(struct gossipsub *g, struct budget *b, uint32_t *left)
{
    if (*left > 0) {
        --*left;
        return true;
    }
    g->counts.over_limit++;
    b->broken = true;
    return false;
}

static void on_subscription(struct gossipsub *g, struct peer *p, struct span body)
{
    struct rpc_subscription s = rpc_subscription(body);

    if (!s.subscribe) {
        struct topic *t = topic_get(g, s.topic);
        struct member *m = t == NULL ? NULL : member_get(p, t);
        g->counts.received_unsubscriptions++;
        if (m != NULL)
            member_leave(g, m);
        return;
    }
    g->counts.received_subscriptions++;
    struct topic *t = topic_make(g, s.topic, false);
    if (t == NULL) {
        g->counts.over_limit++;
        return;
    }
    struct member *m = member_make(g, p, t);
    if (m != NULL)
        (void)member_join(m);
    topic_unref(g, t);
}

static void on_control(struct gossipsub *g, const struct env *env, struct peer *p,
                       const struct pb_field *f, uint32_t *ids)
{
    struct rpc_prune prune;

    switch (f->number) {
    case CONTROL_FIELD_IHAVE:
        gossip_on_ihave(g, env, p, f->bytes, ids);
        break;
    case CONTROL_FIELD_IWANT:
        gossip_on_iwant(g, env, p, f->bytes, ids);
        break;
    case CONTROL_FIELD_GRAFT:
        mesh_on_graft(g, env, p, rpc_topic(f->bytes));
        break;
    case CONTROL_FIELD_PRUNE:
        prune = rpc_prune(f->bytes);
        mesh_on_prune(g, env, p, &prune);
        break;
    case CONTROL_FIELD_IDONTWANT:
        gossip_on_idontwant(g, p, f->bytes, ids);
        break;
    default:
        break;
    }
}

static void on_controls(struct gossipsub *g, const struct env *env, struct peer *p,
                        struct span control, struct budget *b)
{
    struct pb list = pb_of(control);

    for (struct pb_field f; pb_next(&list, &f);)
        if (f.number <= CONTROL_FIELD_IDONTWANT && spend(g, b, &b->controls[f.number]))
            on_control(g, env, p, &f, &b->ids);
}

/* Payload first, control after it [1.0, "Message Processing"]. */
static void process(struct gossipsub *g, const struct env *env, struct peer *p, struct span rpc,
                    struct budget *b)
{
    struct pb payload = pb_of(rpc), control = payload;
    struct span body;

    for (struct pb_field f; pb_next(&payload, &f);) {
        if (f.number == RPC_SUBSCRIPTIONS && spend(g, b, &b->subscriptions))
            on_subscription(g, p, f.bytes);
        else if (f.number == RPC_PUBLISH && spend(g, b, &b->messages))
            message_receive(g, env, p, f.bytes);
    }
    while (rpc_next(&control, RPC_CONTROL, &body))
        on_controls(g, env, p, body, b);
}

enum err gossipsub_rpc(struct gossipsub *g, const struct env *env, uint64_t peer, struct span rpc)
{
    struct peer *p = peer_get(g, peer);
    struct budget b = {.subscriptions = GOSSIPSUB_RPC_SUBSCRIPTIONS_MAX,
                       .messages = GOSSIPSUB_RPC_MESSAGES_MAX,
                       .ids = GOSSIPSUB_RPC_IDS_MAX};

    if (p == NULL)
        return ERR_NOT_FOUND;
    if (rpc.len > GOSSIPSUB_RPC_BYTES_MAX)
        return ERR_LIMIT;
    if (!p->direct && peer_score(g, p) < g->params.graylist_threshold) {
        g->counts.graylisted++;
        return OK;
    }
    if (g->validating_bytes >= g->params.validating_bytes_max)
        return ERR_FULL;
    TRY(rpc_check(rpc));
    for (uint32_t i = 1; i <= CONTROL_FIELD_IDONTWANT; i++)
        b.controls[i] = GOSSIPSUB_RPC_CONTROLS_MAX;
    process(g, env, p, rpc, &b);
    if (b.broken)
        score_penalty(p, 1);
    return OK;
}

const struct gossipsub_counts *gossipsub_counts(struct gossipsub *g)
{
    g->counts.peers = map_count(&g->peers);
    g->counts.topics = g->own_topics;
    g->counts.seen_entries = g->seen.count;
    g->counts.mcache_messages = g->cache.count;
    g->counts.mcache_bytes = g->cache_bytes;
    g->counts.validating = g->validating_used;
    g->counts.queued_bytes = g->queued_bytes;
    return &g->counts;
}
