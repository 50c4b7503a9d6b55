/* Our pubsub topics: the relay's subscriptions, and the shards that metadata answers with. */
#include "net/sync/sync.h"
#include "net/waku/waku.h"
#include "node/core/inside.h"

#include <stdlib.h>

struct topic {
    bool has_shard; /* of our cluster */
    uint16_t shard;
    size_t len;
    char name[];
};

static void tell_shards(struct core *c, const struct env *env)
{
    struct topics *t = &c->topics;
    size_t cursor = 0;
    const struct topic *topic;

    t->shards_count = 0;
    while ((topic = map_next(&t->names, &cursor, NULL)) != NULL)
        if (topic->has_shard)
            t->shards[t->shards_count++] = topic->shard;
    host_set_shards(c->host, t->shards, t->shards_count);
    if (host_sync(c->host) != NULL)
        sync_set_shards(host_sync(c->host), t->shards, t->shards_count);
    candidates_shards(c, env);
    discovering_changed(c);
}

enum err core_subscribe(struct core *c, const struct env *env, struct span pubsub_topic)
{
    struct waku_shard shard;

    if (map_get(&c->topics.names, pubsub_topic) != NULL)
        return OK;
    if (host_gossipsub(c->host) == NULL)
        return ERR_NOT_FOUND;
    struct topic *t = calloc(1, sizeof *t + pubsub_topic.len + 1);
    if (t == NULL)
        return ERR_MEMORY;
    t->len = pubsub_topic.len;
    if (pubsub_topic.len > 0)
        memcpy(t->name, pubsub_topic.ptr, pubsub_topic.len);
    enum err err = gossipsub_subscribe(host_gossipsub(c->host), env, pubsub_topic);
    if (err == OK) {
        err = map_put(&c->topics.names, pubsub_topic, t);
        if (err != OK)
            gossipsub_unsubscribe(host_gossipsub(c->host), env, pubsub_topic);
    }
    if (err != OK) {
        free(t);
        return err;
    }
    /* a topic beyond the shards of a network is relayed, but neither records nor metadata name it
     */
    t->has_shard = waku_shard_parse(pubsub_topic, &shard) == OK &&
                   shard.cluster == c->config.cluster && shard.index < WAKU_SHARDS_MAX;
    t->shard = t->has_shard ? shard.index : 0;
    tell_shards(c, env);
    return OK;
}

enum err core_unsubscribe(struct core *c, const struct env *env, struct span pubsub_topic)
{
    struct topic *t = map_take(&c->topics.names, pubsub_topic);

    if (t == NULL)
        return ERR_NOT_FOUND;
    gossipsub_unsubscribe(host_gossipsub(c->host), env, span_of(t->name, t->len));
    free(t);
    tell_shards(c, env);
    return OK;
}

bool core_topics(const struct core *c, size_t *cursor, struct span *out)
{
    const struct topic *t = map_next(&c->topics.names, cursor, NULL);

    if (t == NULL)
        return false;
    *out = span_of(t->name, t->len);
    return true;
}

enum err core_shard_of(const struct core *c, struct span content_topic, char out[32])
{
    struct waku_shard shard;

    if (c->config.shards_in_network == 0)
        return ERR_ARGUMENT;
    if (waku_autoshard(content_topic, c->config.cluster, c->config.shards_in_network, &shard) != OK)
        return ERR_ARGUMENT;
    waku_shard_text(shard, out);
    return OK;
}

enum err topics_init(struct core *c, const struct env *env)
{
    uint8_t seed[16];
    char name[WAKU_SHARD_TEXT_MAX];

    rng_fill(env->rng, seed, sizeof seed);
    map_init(&c->topics.names, seed, CORE_TOPICS_MAX);
    c->has_static_shard = c->config.shards_in_network == 0 && c->config.shards_count > 0;
    c->static_shard = c->has_static_shard ? c->config.shards[0] : 0;
    for (size_t i = 0; i < c->config.shards_count && c->config.relay; i++) {
        struct waku_shard shard = {c->config.cluster, c->config.shards[i]};
        waku_shard_text(shard, name);
        TRY(core_subscribe(c, env, span_str(name)));
    }
    return OK;
}

void topics_clear(struct core *c)
{
    size_t cursor = 0;
    struct topic *t;

    while ((t = map_next(&c->topics.names, &cursor, NULL)) != NULL)
        free(t);
    map_clear(&c->topics.names);
}
