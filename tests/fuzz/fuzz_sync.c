/* The engine: bytes choose calls, peers, streams, times, payloads and messages. Its bounds must
 * hold after every call, nothing is taken that was not announced, everything is freed. */
#include "crypto/base/reader.h"
#include "net/sync/state.h"
#include "net/wire/varint.h"
#include "tests/lib/testing.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct world {
    struct test_env t;
    struct sync *s;
    struct reader in;
    uint64_t sessions[8], streams[16];
    size_t sessions_count, streams_count;
    uint64_t next_stream;
};

static void note_stream(struct world *w, uint64_t stream)
{
    w->streams[w->streams_count++ % 16] = stream;
}

static uint64_t pick_stream(struct world *w, uint8_t n)
{
    size_t have = w->streams_count < 16 ? w->streams_count : 16;
    return have == 0 ? 1 : w->streams[n % have];
}

static void pump(struct world *w)
{
    struct sync_out o;

    while (sync_poll(w->s, &o)) {
        if (o.kind == SYNC_OUT_OPEN)
            w->sessions[w->sessions_count++ % 8] = o.session;
        if (o.kind == SYNC_OUT_SEND)
            blob_unref(o.bytes);
        if (o.kind == SYNC_OUT_FETCH && (o.count == 0 || o.count > SYNC_FETCH_MAX))
            abort();
        if (o.kind == SYNC_OUT_MESSAGE && (o.message.len == 0 || o.topic.len == 0))
            abort();
    }
}

static void check(const struct world *w)
{
    for (size_t i = 0; i < SYNC_SESSIONS_MAX; i++) {
        const struct session *x = w->s->sessions[i];
        if (x == NULL)
            continue;
        if (x->rounds > SYNC_ROUNDS_MAX || x->held_bytes > SYNC_HELD_BYTES_MAX ||
            x->from_ns < w->s->ids.floor_ns - SYNC_WINDOW_NS)
            abort();
    }
    if (w->s->ids.count > 64)
        abort();
}

static void give_bytes(struct world *w, uint8_t n)
{
    uint8_t head[PB_VARINT_BYTES_MAX];
    size_t size = read_be16(&w->in) % 512;
    struct span body = read_bytes(&w->in, size < w->in.rest.len ? size : w->in.rest.len);
    uint64_t stream = pick_stream(w, n);

    if (n & 128) { /* a whole frame, else raw */
        size_t len = varint_encode(body.len, head);
        if (sync_bytes(w->s, &w->t.env, stream, span_of(head, len)) != OK)
            return;
    }
    (void)!sync_bytes(w->s, &w->t.env, stream, body);
}

static void add_id(struct world *w, uint8_t n)
{
    uint8_t hash[32] = {n};

    if (sync_add(w->s, &w->t.env, hash, w->t.env.wall.ns - n * 20 * NS_PER_S,
                 SPAN_LIT("/waku/2/rs/66/0"), SPAN_LIT("/a/1/b/c")) != OK)
        abort();
}

static void step(struct world *w)
{
    uint8_t what = read_u8(&w->in), n = read_u8(&w->in);
    const struct env *env = &w->t.env;
    uint64_t session = w->sessions[n % 8];

    switch (what % 12) {
    case 0:
        (void)!sync_begin(w->s, env, n % 6);
        break;
    case 1:
        sync_opened(w->s, env, session, n & 64 ? SYNC_TRANSFER : SYNC_RECONCILIATION,
                    ++w->next_stream);
        note_stream(w, w->next_stream);
        break;
    case 2:
        sync_unopened(w->s, env, session, SYNC_TRANSFER, ERR_REFUSED);
        break;
    case 3:
        if (sync_incoming(w->s, env, n % 6, ++w->next_stream,
                          n & 64 ? SYNC_TRANSFER : SYNC_RECONCILIATION) == OK)
            note_stream(w, w->next_stream);
        break;
    case 4:
    case 5:
        give_bytes(w, n);
        break;
    case 6:
        sync_end(w->s, env, pick_stream(w, n));
        break;
    case 7:
        sync_gone(w->s, env, pick_stream(w, n), ERR_CLOSED);
        break;
    case 8:
        sync_drained(w->s, env, pick_stream(w, n));
        break;
    case 9:
        sync_fetched(w->s, env, session, SPAN_LIT("/waku/2/rs/66/0"), SPAN_LIT("m"));
        sync_fetch_end(w->s, env, session);
        break;
    case 10:
        test_env_advance(&w->t, (int64_t)n * 200 * NS_PER_MS);
        sync_tick(w->s, env);
        break;
    case 11:
        if (n & 128)
            sync_pause(w->s, env, (n & 64) != 0);
        else
            add_id(w, n);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct world w = {.in = reader_of(span_of(data, len))};
    const uint16_t shards[] = {0, 1};
    struct sync_params p = {.cluster = 66,
                            .range_ns = SYNC_RANGE_NS_DEFAULT,
                            .jitter_ns = SYNC_JITTER_NS_DEFAULT,
                            .ids_max = 64,
                            .message_bytes_max = 1000};

    test_env_init(&w.t, 1);
    if (sync_new(&w.s, &w.t.env, &p) != OK)
        abort();
    sync_set_shards(w.s, shards, 2);
    if (read_u8(&w.in) & 1)
        sync_ready(w.s);
    for (uint8_t i = 0; i < 40; i++)
        add_id(&w, i);
    for (int i = 0; i < 400 && w.in.rest.len > 0; i++) {
        step(&w);
        check(&w);
        pump(&w);
    }
    sync_free(w.s);
    test_env_clear(&w.t);
    return 0;
}
