/* Two sync engines with an archive each, and the streams between them. What goes over the wire is
 * counted; a test may look at each frame, change it, or play one of the two itself. */
#pragma once

#include "crypto/base/map.h"
#include "net/sync/sync.h"
#include "net/waku/waku.h"
#include "net/wire/protobuf.h"
#include "net/wire/varint.h"
#include "tests/lib/testing.h"

#include <stdlib.h>
#include <string.h>

#define PAIR_STREAMS_MAX 64u
#define PAIR_CLUSTER     66u

struct pair_message {
    int64_t time_ns;
    uint16_t shard;
    uint32_t number, payload_bytes;
    uint8_t hash[32];
};

struct pair_stream {
    bool used, closed[2];
    unsigned opener;
    enum sync_kind kind;
};

struct pair_end {
    bool ended;
    enum err err;
    uint64_t rounds, differences, received, sent;
};

struct pair {
    struct test_env t;
    struct sync *side[2]; /* NULL: the test plays it */
    struct map has[2];    /* hash -> struct pair_message */
    struct pair_stream streams[PAIR_STREAMS_MAX];
    size_t streams_count;
    uint64_t bytes[2][2]; /* sent: by side, by kind of stream */
    unsigned holds[2];    /* streams that a side did not want to read */
    uint64_t messages[2]; /* that a side was given to store */
    struct pair_end end[2];
    struct pair_message *all; /* owned */
    size_t all_count, all_cap;
};

static inline void pair_init(struct pair *p, const struct sync_params *params)
{
    static const uint16_t shards[] = {0, 1, 2, 3, 4, 5, 6, 7};
    uint8_t seed[16] = {1};

    memset(p, 0, sizeof *p);
    test_env_init(&p->t, 1);
    for (int i = 0; i < 2; i++) {
        assert_ok(sync_new(&p->side[i], &p->t.env, params));
        sync_set_shards(p->side[i], shards, 8);
        map_init(&p->has[i], seed, 2000000);
    }
}

static inline void pair_clear(struct pair *p)
{
    for (int i = 0; i < 2; i++) {
        sync_free(p->side[i]);
        map_clear(&p->has[i]);
    }
    free(p->all);
    test_env_clear(&p->t);
}

/* A message of that number, encoded behind `out`. */
static inline void pair_encode(const struct pair_message *m, struct buf *out)
{
    static uint8_t payload[160000];
    char topic[64];
    snprintf(topic, sizeof topic, "/sotto/1/sync-%u/bin", m->number % 5);
    memset(payload, (int)(m->number % 251), m->payload_bytes);
    memcpy(payload, &m->number, sizeof m->number);
    assert_ok(
        waku_message_encode(&(struct waku_message){.payload = span_of(payload, m->payload_bytes),
                                                   .content_topic = span_str(topic),
                                                   .timestamp_ns = m->time_ns},
                            out));
}

static inline size_t pair_topic(const struct pair_message *m, char out[WAKU_SHARD_TEXT_MAX])
{
    return waku_shard_text((struct waku_shard){PAIR_CLUSTER, m->shard}, out);
}

static inline void pair_hash(struct pair_message *m)
{
    struct buf b = BUF_INIT(200000);
    struct waku_message w;
    char topic[WAKU_SHARD_TEXT_MAX];
    pair_encode(m, &b);
    assert_ok(waku_message_decode(buf_span(&b), &w));
    waku_message_hash(span_of(topic, pair_topic(m, topic)), &w, m->hash);
    buf_clear(&b);
}

/* Reserve room for messages, whose addresses stay. */
static inline void pair_reserve(struct pair *p, size_t count)
{
    p->all = calloc(count, sizeof *p->all);
    p->all_cap = count;
    assert_non_null(p->all);
}

static inline struct pair_message *pair_message(struct pair *p, int64_t ago_ns, uint16_t shard,
                                                uint32_t payload_bytes)
{
    assert_true(p->all_count < p->all_cap);
    struct pair_message *m = &p->all[p->all_count++];
    *m = (struct pair_message){.time_ns = p->t.env.wall.ns - ago_ns,
                               .shard = shard,
                               .number = (uint32_t)p->all_count,
                               .payload_bytes = payload_bytes};
    pair_hash(m);
    return m;
}

static inline void pair_store(struct pair *p, unsigned side, struct pair_message *m)
{
    char topic[WAKU_SHARD_TEXT_MAX], content[64];
    size_t len = pair_topic(m, topic);
    snprintf(content, sizeof content, "/sotto/1/sync-%u/bin", m->number % 5);
    enum err err = map_put(&p->has[side], SPAN_ARRAY(m->hash), m);
    if (err == ERR_EXISTS)
        return;
    assert_ok(err);
    if (p->side[side] != NULL)
        assert_ok(sync_add(p->side[side], &p->t.env, m->hash, m->time_ns, span_of(topic, len),
                           span_str(content)));
}

static inline uint64_t pair_open(struct pair *p, unsigned opener, enum sync_kind kind)
{
    assert_true(p->streams_count < PAIR_STREAMS_MAX);
    p->streams[p->streams_count++] =
        (struct pair_stream){.used = true, .opener = opener, .kind = kind};
    return p->streams_count; /* numbers from 1 */
}

static inline void pair_kill(struct pair *p, uint64_t stream)
{
    struct pair_stream *st = &p->streams[stream - 1];
    if (!st->used)
        return;
    st->used = false;
    for (int i = 0; i < 2; i++)
        if (p->side[i] != NULL)
            sync_gone(p->side[i], &p->t.env, stream, ERR_CLOSED);
}

/* Bytes of `from` reach the other side. */
static inline void pair_deliver(struct pair *p, unsigned from, uint64_t stream, struct span in)
{
    if (p->side[1 - from] == NULL || !p->streams[stream - 1].used)
        return;
    if (sync_bytes(p->side[1 - from], &p->t.env, stream, in) != OK)
        pair_kill(p, stream);
}

static inline void pair_frame(struct pair *p, unsigned from, uint64_t stream, struct span body)
{
    uint8_t head[PB_VARINT_BYTES_MAX];
    size_t n = varint_encode(body.len, head);
    p->bytes[from][p->streams[stream - 1].kind] += n + body.len;
    pair_deliver(p, from, stream, span_of(head, n));
    pair_deliver(p, from, stream, body);
}

static inline void pair_close(struct pair *p, unsigned from, uint64_t stream)
{
    struct pair_stream *st = &p->streams[stream - 1];
    if (!st->used || st->closed[from])
        return;
    st->closed[from] = true;
    if (p->side[1 - from] != NULL)
        sync_end(p->side[1 - from], &p->t.env, stream);
}

/* The outputs of one side, as the world treats them. False: there was none. */
static inline bool pair_step(struct pair *p, unsigned i)
{
    struct sync_out o;
    struct pair_message *m;
    struct buf b = BUF_INIT(200000);
    char topic[WAKU_SHARD_TEXT_MAX];
    uint64_t stream;
    uint8_t hashes[SYNC_FETCH_MAX][32];

    if (p->side[i] == NULL || !sync_poll(p->side[i], &o))
        return false;
    switch (o.kind) {
    case SYNC_OUT_OPEN:
        stream = pair_open(p, i, o.stream_kind);
        if (p->side[1 - i] != NULL &&
            sync_incoming(p->side[1 - i], &p->t.env, 7, stream, o.stream_kind) != OK) {
            p->streams[stream - 1].used = false;
            sync_unopened(p->side[i], &p->t.env, o.session, o.stream_kind, ERR_REFUSED);
            break;
        }
        sync_opened(p->side[i], &p->t.env, o.session, o.stream_kind, stream);
        break;
    case SYNC_OUT_SEND:
        pair_frame(p, i, o.stream, blob_span(o.bytes));
        if (o.stream_kind == SYNC_TRANSFER)
            sync_drained(p->side[i], &p->t.env, o.stream);
        blob_unref(o.bytes);
        break;
    case SYNC_OUT_CLOSE:
        pair_close(p, i, o.stream);
        break;
    case SYNC_OUT_RESET:
        pair_kill(p, o.stream);
        break;
    case SYNC_OUT_HOLD:
    case SYNC_OUT_GO_ON:
        p->holds[i] += o.kind == SYNC_OUT_HOLD;
        break;
    case SYNC_OUT_FETCH:
        memcpy(hashes, o.hashes, o.count * sizeof *hashes);
        for (size_t k = 0; k < o.count; k++) {
            m = map_get(&p->has[i], SPAN_ARRAY(hashes[k]));
            assert_non_null(m);
            buf_reset(&b);
            pair_encode(m, &b);
            sync_fetched(p->side[i], &p->t.env, o.session, span_of(topic, pair_topic(m, topic)),
                         buf_span(&b));
        }
        sync_fetch_end(p->side[i], &p->t.env, o.session);
        break;
    case SYNC_OUT_MESSAGE:
        p->messages[i]++;
        m = map_get(&p->has[1 - i], SPAN_ARRAY(o.hash));
        if (m != NULL)
            pair_store(p, i, m);
        break;
    case SYNC_OUT_ENDED:
        p->end[i] = (struct pair_end){true, o.err, o.rounds, o.differences, o.received, o.sent};
        break;
    }
    buf_clear(&b);
    return true;
}

static inline void pair_run(struct pair *p)
{
    bool moved = true;
    for (long i = 0; moved; i++) {
        assert_true(i < 10000000);
        moved = pair_step(p, 0);
        moved = pair_step(p, 1) || moved;
    }
}

static inline void pair_tick(struct pair *p, int64_t ns)
{
    test_env_advance(&p->t, ns);
    for (int i = 0; i < 2; i++)
        if (p->side[i] != NULL)
            sync_tick(p->side[i], &p->t.env);
    pair_run(p);
}

static inline void pair_ready(struct pair *p)
{
    for (int i = 0; i < 2; i++)
        if (p->side[i] != NULL)
            sync_ready(p->side[i]);
}

#define PAIR_PARAMS                                                                                \
    ((struct sync_params){.cluster = PAIR_CLUSTER,                                                 \
                          .range_ns = SYNC_RANGE_NS_DEFAULT,                                       \
                          .jitter_ns = SYNC_JITTER_NS_DEFAULT,                                     \
                          .ids_max = SYNC_IDS_MAX,                                                 \
                          .message_bytes_max = WAKU_MESSAGE_BYTES_MAX})
