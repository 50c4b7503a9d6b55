#include "net/gossipsub/cache.h"

#include <stdlib.h>

#define CACHED_PEERS_MAX 1024u /* peers whose IWANTs for one message are counted */
#define CACHE_ITEMS_MAX  (1u << 24)

void caches_init(struct gossipsub *g)
{
    size_t seen = g->params.seen_bytes_max / recent_cost(sizeof(struct seen));

    recent_init(&g->seen, sizeof(struct seen), seen < CACHE_ITEMS_MAX ? seen : CACHE_ITEMS_MAX);
    recent_init(&g->cache, sizeof(struct cached), CACHE_ITEMS_MAX);
}

/* --- seen --------------------------------------------------------------------------------------
 */

struct seen *seen_get(const struct gossipsub *g, uint64_t key)
{
    return recent_get(&g->seen, key);
}

bool seen_add(struct gossipsub *g, uint64_t key, enum seen_state state, uint64_t value)
{
    struct seen s = {.key = key, .state = state, .value = value & ((UINT64_C(1) << 62) - 1)};

    if (g->seen.count > 0 && g->seen.count >= g->seen.max)
        recent_pop(&g->seen);
    return recent_put(&g->seen, &s) == OK;
}

static int64_t seen_since(const struct gossipsub *g, const struct seen *s)
{
    return s->state == SEEN_VALIDATING ? g->validating[s->value].received_ns : (int64_t)s->value;
}

void seen_expire(struct gossipsub *g, const struct env *env)
{
    while (g->seen.count > 0 &&
           seen_since(g, recent_at(&g->seen, 0)) + g->params.seen_ttl_ns <= env->now.ns)
        recent_pop(&g->seen);
}

/* --- mcache ------------------------------------------------------------------------------------
 */

static size_t cost(const struct cached *c)
{
    return c->blob->len + recent_cost(sizeof *c) + c->sent_count * sizeof *c->sent;
}

static void forget_oldest(struct gossipsub *g)
{
    struct cached c = *(struct cached *)recent_at(&g->cache, 0);

    g->cache_bytes -= cost(&c);
    recent_pop(&g->cache);
    free(c.sent);
    blob_unref(c.blob);
    topic_unref(g, c.topic);
}

struct cached *cache_get(const struct gossipsub *g, uint64_t key)
{
    return recent_get(&g->cache, key);
}

void cache_put(struct gossipsub *g, uint64_t key, const uint8_t *id, struct topic *t,
               struct blob *b, uint64_t from)
{
    struct cached c = {.key = key, .topic = t, .blob = b, .heartbeat = g->heartbeat, .from = from};

    memcpy(c.id, id, sizeof c.id);
    if (recent_put(&g->cache, &c) != OK)
        return;
    topic_ref(t);
    blob_ref(b);
    g->cache_bytes += cost(&c);
    while (g->cache_bytes > g->params.mcache_bytes_max && g->cache.count > 0)
        forget_oldest(g);
}

size_t cache_gossip_ids(const struct gossipsub *g, const struct env *env, const struct topic *t,
                        const uint8_t ***out)
{
    size_t from = g->cache.count, n = 0;

    *out = NULL;
    while (from > 0) {
        const struct cached *c = recent_at(&g->cache, from - 1);
        if (c->heartbeat + g->params.mcache_gossip <= g->heartbeat)
            break;
        from--;
    }
    if (from < g->cache.count)
        *out = arena_alloc(env->scratch, (g->cache.count - from) * sizeof(**out));
    for (size_t i = from; *out != NULL && i < g->cache.count; i++) {
        const struct cached *c = recent_at(&g->cache, i);
        if (c->topic == t)
            (*out)[n++] = c->id;
    }
    return n;
}

void cache_shift(struct gossipsub *g)
{
    g->heartbeat++;
    while (g->cache.count > 0) {
        const struct cached *c = recent_at(&g->cache, 0);
        if (c->heartbeat + g->params.mcache_len > g->heartbeat)
            break;
        forget_oldest(g);
    }
}

struct sent_to *cached_peer(struct gossipsub *g, struct cached *c, uint64_t peer)
{
    for (uint32_t i = 0; i < c->sent_count; i++)
        if (c->sent[i].peer == peer)
            return &c->sent[i];
    if (c->sent_count >= CACHED_PEERS_MAX)
        return NULL;
    struct sent_to *more = realloc(c->sent, (c->sent_count + 1) * sizeof *more);
    if (more == NULL)
        return NULL;
    c->sent = more;
    c->sent[c->sent_count] = (struct sent_to){.peer = peer};
    g->cache_bytes += sizeof *more;
    return &c->sent[c->sent_count++];
}

void caches_free(struct gossipsub *g)
{
    while (g->cache.count > 0)
        forget_oldest(g);
    recent_clear(&g->cache);
    recent_clear(&g->seen);
}
