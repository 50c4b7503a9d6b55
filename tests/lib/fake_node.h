/* A backend of node/api that remembers what it was asked: for tests and fuzz targets. */
#pragma once

#include "net/gossipsub/gossipsub.h"
#include "net/services/filter.h"
#include "net/services/store_query.h"
#include "node/api/api.h"

#include <stdio.h>
#include <string.h>

struct fake_node {
    char topics[8][64];
    size_t topics_count;
    enum err publish_err, query_err, connect_err;
    char published_topic[64];
    uint8_t payload[64];
    size_t payload_len;
    struct core_message published;
    unsigned publishes, queries, connects;
    uint64_t ticket; /* the last one */
    char peer_addr[256], cursor_hex[65];
    struct store_query query; /* spans are not kept */
    size_t query_topics;
    char level[16], hinted[16];
    int64_t clock_ns; /* 0: unknown */
    enum err filter_err;
    unsigned filters;             /* requests */
    struct filter_request filter; /* the last one; spans are dead */
    char filter_topic[64];
    size_t criteria; /* of our subscribers; 0: three */
};

static enum err fake_filter(void *state, const struct env *env, const struct filter_request *r,
                            uint64_t ticket)
{
    struct fake_node *f = state;
    (void)env;
    f->filters++;
    f->filter = *r;
    snprintf(f->filter_topic, sizeof f->filter_topic, "%.*s", (int)r->pubsub_topic.len,
             r->pubsub_topic.len == 0 ? "" : (const char *)r->pubsub_topic.ptr);
    f->ticket = ticket;
    return f->filter_err;
}

static bool fake_filter_next(void *state, size_t cursor[2], struct filter_criterion_view *out)
{
    static const struct peer_id ids[2] = {{.len = 2, .bytes = {0, 1}}, {.len = 2, .bytes = {0, 2}}};
    const struct fake_node *f = state;
    if (cursor[0] == (f->criteria == 0 ? 3 : f->criteria))
        return false;
    *out = (struct filter_criterion_view){&ids[cursor[0] / 2 % 2], SPAN_LIT("/waku/2/rs/66/3"),
                                          SPAN_LIT("/a/1/b/proto")};
    cursor[0]++;
    return true;
}

static enum err fake_publish(void *state, const struct env *env, struct span topic,
                             const struct core_message *m)
{
    struct fake_node *f = state;
    (void)env;
    f->publishes++;
    f->published = *m;
    f->payload_len = m->payload.len < sizeof f->payload ? m->payload.len : sizeof f->payload;
    memcpy(f->payload, m->payload.ptr, f->payload_len);
    snprintf(f->published_topic, sizeof f->published_topic, "%.*s", (int)topic.len,
             topic.len == 0 ? "" : (const char *)topic.ptr);
    return f->publish_err;
}

static enum err fake_push(void *state, const struct env *env, struct span topic,
                          const struct core_message *m, uint64_t ticket)
{
    struct fake_node *f = state;
    f->ticket = ticket;
    return fake_publish(state, env, topic, m);
}

static enum err fake_subscribe(void *state, const struct env *env, struct span topic)
{
    struct fake_node *f = state;
    (void)env;
    if (f->topics_count == 8)
        return ERR_FULL;
    snprintf(f->topics[f->topics_count++], 64, "%.*s", (int)topic.len, (const char *)topic.ptr);
    return OK;
}

static enum err fake_unsubscribe(void *state, const struct env *env, struct span topic)
{
    struct fake_node *f = state;
    (void)env;
    for (size_t i = 0; i < f->topics_count; i++)
        if (span_eq(span_str(f->topics[i]), topic)) {
            memmove(f->topics[i], f->topics[f->topics_count - 1], 64);
            f->topics_count--;
        }
    return OK;
}

static enum err fake_shard_of(void *state, struct span content_topic, char out[32])
{
    (void)state;
    if (content_topic.len == 0 || content_topic.ptr[0] != '/')
        return ERR_ARGUMENT;
    snprintf(out, 32, "/waku/2/rs/66/3");
    return OK;
}

static enum err fake_connect(void *state, const struct env *env, struct span multiaddr,
                             uint64_t ticket)
{
    struct fake_node *f = state;
    (void)env;
    (void)multiaddr;
    f->connects++;
    f->ticket = ticket;
    return f->connect_err;
}

static enum err fake_query(void *state, const struct env *env, const struct store_query *q,
                           struct span peer_addr, uint64_t ticket)
{
    struct fake_node *f = state;
    (void)env;
    f->queries++;
    f->ticket = ticket;
    f->query = *q;
    f->query.hashes = NULL;
    f->query_topics = q->content_topics_count;
    snprintf(f->peer_addr, sizeof f->peer_addr, "%.*s", (int)peer_addr.len,
             peer_addr.len == 0 ? "" : (const char *)peer_addr.ptr);
    return f->query_err;
}

static bool fake_topics(void *state, size_t *cursor, struct span *out)
{
    struct fake_node *f = state;
    if (*cursor >= f->topics_count)
        return false;
    *out = span_str(f->topics[(*cursor)++]);
    return true;
}

static bool fake_peers(void *state, size_t *cursor, struct core_peer *out)
{
    static const char *const protocols[] = {"/ipfs/ping/1.0.0", "/vac/waku/store-query/3.0.0"};
    static const uint16_t shards[] = {3, 5};
    (void)state;
    if (*cursor >= 2)
        return false;
    *out = (struct core_peer){.peer = ++*cursor,
                              .connected = *cursor == 1,
                              .agent = "js",
                              .protocols = protocols,
                              .protocols_count = 2,
                              .shards = shards,
                              .shards_count = 2,
                              .score = 1.5};
    snprintf(out->id, sizeof out->id, "16Uiu2HAm6HZZr7aToTvEBPpiys4UxajCTU97zj5v7RNR2gbniy1D");
    snprintf(out->address, sizeof out->address, "/ip4/1.2.3.4/tcp/1/p2p/%s", out->id);
    return true;
}

static bool fake_topic_peer(void *state, struct span topic, bool mesh, size_t i,
                            struct core_peer *out)
{
    size_t cursor = 0;
    (void)topic;
    return i == 0 && !mesh && fake_peers(state, &cursor, out);
}

static bool fake_topic_view(void *state, size_t *cursor, struct gossipsub_topic_view *out)
{
    (void)state;
    if ((*cursor)++ > 0)
        return false;
    *out = (struct gossipsub_topic_view){
        .name = SPAN_LIT("/waku/2/rs/66/3"), .subscribed = true, .mesh = 6, .members = 9};
    return true;
}

static bool fake_services(void *state, size_t *cursor, struct core_service *out)
{
    (void)state;
    *out = (struct core_service){
        .protocol = "/vac/waku/store-query/3.0.0", .limit_per_s = 0.5, .served = 7, .rejected = 3};
    return (*cursor)++ == 0;
}

static const char *fake_address(void *state, size_t i)
{
    (void)state;
    return i == 0 ? "/ip4/127.0.0.1/tcp/60000/p2p/16Uiu2HAm" : NULL;
}

static enum err fake_health(void *state)
{
    (void)state;
    return OK;
}

static bool fake_clock(void *state, int64_t *ns)
{
    *ns = ((struct fake_node *)state)->clock_ns;
    return *ns != 0;
}

static bool fake_log_level(void *state, const char *name)
{
    struct fake_node *f = state;
    snprintf(f->level, sizeof f->level, "%s", name);
    return strcmp(name, "DEBUG") == 0;
}

static void fake_numbers(void *state, struct api_numbers *out)
{
    static const struct api_histogram ran = {.buckets = {0, 2, 1}, .count = 3, .sum = 0.004};
    (void)state;
    *out = (struct api_numbers){.resident_bytes = 1000000, .open_fds = 9};
    out->lanes[JOB_STORE] = (struct api_lane){&ran, &ran, 5};
}

static const char *fake_enr(void *state)
{
    (void)state;
    return "enr:-fake";
}

static inline void fake_node_hint(void *state, const struct env *env, struct span encoded_enr)
{
    (void)env;
    snprintf(((struct fake_node *)state)->hinted, 16, "%.*s", (int)encoded_enr.len,
             (const char *)encoded_enr.ptr);
}

static inline struct api_backend fake_backend(struct fake_node *f)
{
    return (struct api_backend){.state = f,
                                .publish = fake_publish,
                                .push = fake_push,
                                .subscribe = fake_subscribe,
                                .unsubscribe = fake_unsubscribe,
                                .shard_of = fake_shard_of,
                                .hint = fake_node_hint,
                                .connect = fake_connect,
                                .query = fake_query,
                                .filter = fake_filter,
                                .filter_next = fake_filter_next,
                                .topics = fake_topics,
                                .peers = fake_peers,
                                .topic_peer = fake_topic_peer,
                                .topic_view = fake_topic_view,
                                .services = fake_services,
                                .address = fake_address,
                                .enr = fake_enr,
                                .archive_health = fake_health,
                                .clock_offset = fake_clock,
                                .log_level = fake_log_level,
                                .numbers = fake_numbers};
}
