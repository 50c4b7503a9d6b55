/* A struct streams that the test plays: peers, streams and bytes come by its calls, what the host
 * writes is kept. With a whole host on top, and what its host_poll said. */
#pragma once

#include "crypto/keyring/keyring.h"
#include "net/host/host.h"
#include "net/services/store_query.h"
#include "net/wire/varint.h"
#include "tests/lib/testing.h"

#include <stdlib.h>
#include <string.h>

#define FAKE_STREAMS_MAX 6000u
#define FAKE_EVENTS_MAX  20000u

struct fake_stream {
    uint64_t id, peer;
    const char *protocol; /* proposed first, or negotiated */
    bool outbound, ended_write, reset, paused, wants_room;
    size_t room; /* bytes that the host may still write */
    struct buf wrote;
};

struct fake_event {
    struct stream_event event;
    uint8_t *bytes; /* owned */
};

struct fake_host {
    struct test_env t;
    const struct env *env;
    struct keyring_host *key;
    struct host *h;
    struct fake_stream streams[FAKE_STREAMS_MAX]; /* stream n is [n - 1] */
    uint64_t streams_count;
    struct fake_event events[FAKE_EVENTS_MAX];
    size_t first, last; /* of those not polled */
    uint8_t *lent;
    size_t room; /* of new streams */
    const char *served[64];
    uint64_t disconnected; /* the last peer that the host disconnected */
    enum err open_err;
    struct peer_id ids[64];
    struct multiaddr addr;
    /* what host_poll said */
    unsigned told[HOST_OUT_CONNECT + 1];
    struct host_out said[HOST_OUT_CONNECT + 1]; /* the last of each kind; its spans are dead */
    uint32_t answer_status;
    size_t answer_entries;
    bool no_poll; /* leave the outputs where they are */
};

static inline struct fake_stream *fake_at(struct fake_host *f, uint64_t id)
{
    assert_true(id > 0 && id <= f->streams_count);
    return &f->streams[id - 1];
}

static inline uint64_t fake_new_stream(struct fake_host *f, uint64_t peer, const char *protocol,
                                       bool outbound)
{
    assert_true(f->streams_count < FAKE_STREAMS_MAX);
    f->streams[f->streams_count] = (struct fake_stream){.id = f->streams_count + 1,
                                                        .peer = peer,
                                                        .protocol = protocol,
                                                        .outbound = outbound,
                                                        .room = f->room,
                                                        .wrote = BUF_INIT((size_t)64 << 20)};
    return ++f->streams_count;
}

/* ---- struct streams ---- */

static inline enum err fake_open(void *impl, const struct env *env, uint64_t peer,
                                 const char *const *protocols, uint64_t *stream)
{
    struct fake_host *f = impl;
    (void)env;
    if (f->open_err != OK)
        return f->open_err;
    *stream = fake_new_stream(f, peer, protocols[0], true);
    return OK;
}

static inline enum err fake_write(void *impl, uint64_t stream, struct span head,
                                  struct blob *const *parts, size_t count)
{
    struct fake_stream *s = fake_at(impl, stream);
    size_t len = head.len;
    assert_false(s->reset); /* the number is dead */
    for (size_t i = 0; i < count; i++)
        len += parts[i]->len;
    if (s->ended_write)
        return ERR_CLOSED;
    if (len > s->room) {
        s->wants_room = true;
        return ERR_FULL;
    }
    s->room -= len;
    assert_ok(buf_append(&s->wrote, head));
    for (size_t i = 0; i < count; i++)
        assert_ok(buf_append(&s->wrote, blob_span(parts[i])));
    return OK;
}

static inline size_t fake_room(void *impl, uint64_t stream)
{
    return fake_at(impl, stream)->room;
}

static inline size_t fake_unsent(void *impl, uint64_t stream)
{
    return ((struct fake_host *)impl)->room - fake_at(impl, stream)->room;
}

static inline void fake_close_write(void *impl, uint64_t stream)
{
    assert_false(fake_at(impl, stream)->reset);
    fake_at(impl, stream)->ended_write = true;
}

static inline void fake_reset(void *impl, uint64_t stream)
{
    assert_false(fake_at(impl, stream)->reset);
    fake_at(impl, stream)->reset = true;
}

static inline void fake_pause(void *impl, uint64_t stream, bool paused)
{
    fake_at(impl, stream)->paused = paused;
}

static inline void fake_disconnect(void *impl, const struct env *env, uint64_t peer, enum err why)
{
    (void)env, (void)why;
    ((struct fake_host *)impl)->disconnected = peer;
}

static inline bool fake_poll(void *impl, const struct env *env, struct stream_event *ev)
{
    struct fake_host *f = impl;
    (void)env;
    free(f->lent);
    f->lent = NULL;
    while (f->first < f->last) {
        struct fake_event *e = &f->events[f->first++];
        *ev = e->event;
        f->lent = e->bytes;
        if (ev->stream == 0 || !fake_at(f, ev->stream)->reset)
            return true;
        free(f->lent); /* no event follows a reset */
        f->lent = NULL;
    }
    f->first = f->last = 0;
    return false;
}

static inline enum err fake_serve(void *impl, const char *const *protocols)
{
    struct fake_host *f = impl;
    size_t n = 0;
    for (; protocols[n] != NULL; n++)
        f->served[n] = protocols[n];
    f->served[n] = NULL;
    return OK;
}

/* ---- the test plays the network ---- */

static inline void fake_event(struct fake_host *f, struct stream_event ev, struct span bytes)
{
    struct fake_event *e = &f->events[f->last++];
    assert_true(f->last <= FAKE_EVENTS_MAX);
    e->event = ev;
    e->bytes = bytes.len == 0 ? NULL : malloc(bytes.len);
    if (e->bytes != NULL)
        memcpy(e->bytes, bytes.ptr, bytes.len);
    e->event.bytes = span_of(e->bytes, bytes.len);
}

static inline void fake_stream_event(struct fake_host *f, uint64_t stream,
                                     enum stream_event_kind kind, enum err err)
{
    const struct fake_stream *s = fake_at(f, stream);
    fake_event(
        f,
        (struct stream_event){
            .kind = kind, .peer = s->peer, .stream = stream, .protocol = s->protocol, .err = err},
        SPAN_EMPTY);
}

static inline void fake_opened(struct fake_host *f, uint64_t stream)
{
    fake_stream_event(f, stream, STREAM_OPENED, OK);
}

static inline void fake_end(struct fake_host *f, uint64_t stream)
{
    fake_stream_event(f, stream, STREAM_END, OK);
}

/* The peer resets, or (STREAM_REFUSED) does not open it. */
static inline void fake_break(struct fake_host *f, uint64_t stream, enum stream_event_kind kind,
                              enum err err)
{
    fake_stream_event(f, stream, kind, err);
}

static inline uint64_t fake_incoming(struct fake_host *f, uint64_t peer, const char *protocol)
{
    uint64_t id = fake_new_stream(f, peer, protocol, false);
    fake_stream_event(f, id, STREAM_INCOMING, OK);
    return id;
}

static inline void fake_bytes(struct fake_host *f, uint64_t stream, struct span bytes)
{
    fake_event(f,
               (struct stream_event){
                   .kind = STREAM_BYTES, .peer = fake_at(f, stream)->peer, .stream = stream},
               bytes);
}

/* with its length before it */
static inline void fake_frame(struct fake_host *f, uint64_t stream, struct span body)
{
    struct buf b = BUF_INIT((size_t)8 << 20);
    uint8_t head[10];
    assert_ok(buf_append(&b, span_of(head, varint_encode(body.len, head))));
    assert_ok(buf_append(&b, body));
    fake_bytes(f, stream, buf_span(&b));
    buf_clear(&b);
}

static inline void fake_peer_up(struct fake_host *f, uint64_t peer)
{
    assert_true(peer < 64);
    f->ids[peer] = (struct peer_id){.len = 36, .bytes = {0x00, 0x22, 0x08, 0x02}};
    f->ids[peer].bytes[35] = (uint8_t)peer;
    fake_event(
        f,
        (struct stream_event){
            .kind = STREAM_PEER_UP, .peer = peer, .peer_id = &f->ids[peer], .remote = &f->addr},
        SPAN_EMPTY);
}

static inline void fake_peer_down(struct fake_host *f, uint64_t peer)
{
    fake_event(f, (struct stream_event){.kind = STREAM_PEER_DOWN, .peer = peer, .err = ERR_CLOSED},
               SPAN_EMPTY);
}

/** The last stream of this kind that is not reset; 0: none. */
static inline uint64_t fake_find(struct fake_host *f, uint64_t peer, const char *protocol,
                                 bool outbound)
{
    for (uint64_t id = f->streams_count; id > 0; id--) {
        const struct fake_stream *s = fake_at(f, id);
        if (s->peer == peer && s->outbound == outbound && !s->reset &&
            strcmp(s->protocol, protocol) == 0)
            return id;
    }
    return 0;
}

/** The body of the one frame that was written to a stream. */
static inline struct span fake_wrote(struct fake_host *f, uint64_t stream)
{
    struct span all = buf_span(&fake_at(f, stream)->wrote);
    uint64_t len;
    size_t used;
    assert_ok(varint_decode(all, &len, &used));
    assert_int_equal(len, all.len - used);
    return span_after(all, used);
}

/* ---- the host on top ---- */

static inline void fake_told(struct fake_host *f, const struct host_out *out)
{
    f->told[out->kind]++;
    f->said[out->kind] = *out;
    if (out->kind == HOST_OUT_ANSWER && out->err == OK) {
        f->answer_status = out->answer->status;
        f->answer_entries = out->answer->count;
    }
}

static inline void fake_pump(struct fake_host *f)
{
    struct host_out out;
    bool more;
    do {
        more = host_pump(f->h, f->env);
        while (!f->no_poll && host_poll(f->h, f->env, &out))
            fake_told(f, &out);
    } while (more && !f->no_poll);
    arena_reset(f->env->scratch);
}

/** Let time pass, with every deadline in it. */
static inline void fake_run(struct fake_host *f, int64_t ns)
{
    int64_t end = f->env->now.ns + ns;
    while (host_deadline(f->h).ns <= end) {
        if (host_deadline(f->h).ns > f->env->now.ns)
            test_env_advance(&f->t, host_deadline(f->h).ns - f->env->now.ns);
        host_tick(f->h, f->env);
        fake_pump(f);
    }
    test_env_advance(&f->t, end - f->env->now.ns);
}

/** Only the streams, for what stands on them otherwise. */
static inline struct fake_host *fake_new(struct streams *out)
{
    struct fake_host *f = calloc(1, sizeof *f);
    assert_non_null(f);
    test_env_init(&f->t, 7);
    f->env = &f->t.env;
    f->room = STREAM_SEND_BYTES_MAX;
    assert_ok(multiaddr_parse(SPAN_LIT("/ip4/10.0.0.1/tcp/60000"), &f->addr));
    assert_ok(keyring_host_new(&f->key, &f->t.rng, KEYRING_HOST_SECP256K1));
    *out = (struct streams){f,           fake_open,  fake_write,      fake_room, fake_close_write,
                            fake_reset,  fake_pause, fake_disconnect, fake_poll, fake_serve,
                            fake_unsent, NULL};
    return f;
}

static inline struct fake_host *fake_host_new(bool relay, bool store)
{
    struct streams streams;
    struct fake_host *f = fake_new(&streams);
    struct host_params p = {.key = f->key,
                            .agent_version = "test",
                            .cluster = 66,
                            .listen = &f->addr,
                            .listen_count = 1,
                            .relay = relay,
                            .store = store,
                            .gossipsub = gossipsub_params_default(),
                            .message_bytes_max = 153600,
                            .hashes = true};
    assert_ok(host_new(&f->h, f->env, &p, &streams));
    return f;
}

static inline void fake_host_free(struct fake_host *f)
{
    host_free(f->h);
    for (uint64_t i = 0; i < f->streams_count; i++)
        buf_clear(&f->streams[i].wrote);
    for (; f->first < f->last; f->first++)
        free(f->events[f->first].bytes);
    free(f->lent);
    keyring_host_free(f->key);
    test_env_clear(&f->t);
    free(f);
}
