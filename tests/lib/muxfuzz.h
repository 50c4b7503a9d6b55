/* A muxer as an engine: fuzz bytes choose calls of its owner and what the peer sends; a second,
 * honest session on the other end of a lossless link must never be offended by the first. */
#pragma once

#include "crypto/base/reader.h"
#include "tests/lib/muxpair.h"

#define MUX_FUZZ_STREAMS 64u

struct mux_fuzz {
    struct test_env t;
    struct mux *mux[2];
    struct mux_stream *streams[2][MUX_FUZZ_STREAMS]; /* slots; NULL: free */
    struct buf wire[2];                              /* towards mux[i] */
    bool hostile;                                    /* mux[1] also gets raw bytes */
    bool broken;
};

static inline void mux_fuzz_forget(struct mux_fuzz *f, int side, struct mux_stream *s)
{
    for (size_t i = 0; i < MUX_FUZZ_STREAMS; i++)
        if (f->streams[side][i] == s)
            f->streams[side][i] = NULL;
}

static inline void mux_fuzz_keep(struct mux_fuzz *f, int side, struct mux_stream *s)
{
    for (size_t i = 0; i < MUX_FUZZ_STREAMS; i++)
        if (f->streams[side][i] == NULL) {
            f->streams[side][i] = s;
            return;
        }
    f->mux[side]->kind->reset(f->mux[side], s);
}

static inline void mux_fuzz_release(struct mux_fuzz *f, int side, struct mux_stream *s)
{
    if (!s->closing || !s->ended)
        return;
    mux_fuzz_forget(f, side, s);
    mux_release(f->mux[side], s);
}

static inline void mux_fuzz_event(struct mux_fuzz *f, int side, const struct mux_event *ev)
{
    switch (ev->kind) {
    case MUX_INCOMING:
        mux_fuzz_keep(f, side, ev->stream);
        break;
    case MUX_BYTES:
        f->mux[side]->kind->taken(f->mux[side], &f->t.env, ev->stream, ev->bytes.len);
        break;
    case MUX_END:
        mux_fuzz_release(f, side, ev->stream);
        break;
    case MUX_RESET:
        mux_fuzz_forget(f, side, ev->stream);
        break;
    case MUX_GO_AWAY:
        break;
    }
}

static inline void mux_fuzz_feed(struct mux_fuzz *f, int side, struct span in)
{
    struct mux_event ev;
    enum err err;

    while ((err = f->mux[side]->kind->feed(f->mux[side], &f->t.env, &in, &ev)) == OK)
        mux_fuzz_event(f, side, &ev);
    if (err == ERR_MORE)
        return;
    if (!f->hostile && err != ERR_BUSY)
        abort(); /* an honest session offended the other */
    f->broken = true;
}

/* What is due at one side goes to the other, at most `max` bytes of it at once. */
static inline void mux_fuzz_move(struct mux_fuzz *f, int from, size_t max)
{
    struct span parts[64];
    size_t count, bytes = mux_gather(f->mux[from], &f->t.env, 4096, parts, 64, &count);

    for (size_t i = 0; i < count; i++)
        assert_ok(buf_append(&f->wire[1 - from], parts[i]));
    if (bytes > 4096)
        abort();
    mux_sent(f->mux[from]);
    struct buf *to = &f->wire[1 - from];
    size_t n = max < to->len ? max : to->len;
    uint8_t *copy = malloc(n + 1);
    if (n > 0)
        memcpy(copy, to->ptr, n);
    buf_drop(to, n);
    mux_fuzz_feed(f, 1 - from, span_of(copy, n));
    free(copy);
}

static inline void mux_fuzz_op(struct mux_fuzz *f, uint8_t op, uint8_t arg, struct reader *r)
{
    int side = op & 1;
    struct mux *m = f->mux[side];
    struct mux_stream *s = f->streams[side][arg % MUX_FUZZ_STREAMS];
    struct blob *b;

    switch (op >> 1 & 7) {
    case 0:
        if (m->kind->open(m, &f->t.env, &s) == OK)
            mux_fuzz_keep(f, side, s);
        break;
    case 1:
        b = blob_alloc((size_t)arg * 97 + 1);
        memset(b->bytes, arg, b->len);
        if (s != NULL && !s->closing && s->send.bytes < 65536 && chain_reserve(&s->send, 1) == OK) {
            chain_add_blob(&s->send, b);
            mux_queued(m, s);
        }
        blob_unref(b);
        break;
    case 2:
        if (s != NULL) {
            mux_close_write(m, s);
            mux_fuzz_release(f, side, s);
        }
        break;
    case 3:
        if (s != NULL) {
            mux_fuzz_forget(f, side, s);
            m->kind->reset(m, s);
        }
        break;
    case 4:
        if (s != NULL)
            s->wants_room = true;
        while (mux_take_writable(m) != NULL)
            continue;
        break;
    case 5:
        test_env_advance(&f->t, arg * NS_PER_MS);
        if (arg == 255)
            m->kind->go_away(m, OK);
        else
            m->kind->ping(m, &f->t.env);
        break;
    case 6:
        mux_fuzz_move(f, side, (size_t)arg * 37);
        break;
    case 7:
        if (f->hostile)
            mux_fuzz_feed(f, 1, read_bytes(r, arg < r->rest.len ? arg : r->rest.len));
        break;
    }
}

static inline int mux_fuzz(const struct muxer *kind, const uint8_t *data, size_t len)
{
    struct mux_fuzz f = {0};
    struct reader r = reader_of(span_of(data, len));
    struct mux_params params = {.stream_bytes = sizeof(struct mux_stream),
                                .inbound_max = 20,
                                .outbound_max = 40,
                                .send_low = 100};

    test_env_init(&f.t, 1);
    for (int i = 0; i < 2; i++) {
        buf_init(&f.wire[i], SIZE_MAX);
        assert_ok(kind->make(&f.mux[i], &f.t.env, i == 0, &params));
    }
    f.hostile = read_u8(&r) & 1;
    while (r.rest.len >= 2 && !f.broken) {
        uint8_t op = read_u8(&r), arg = read_u8(&r);
        mux_fuzz_op(&f, op, arg, &r);
    }
    for (int i = 0; i < 2; i++) {
        kind->destroy(f.mux[i]);
        buf_clear(&f.wire[i]);
    }
    test_env_clear(&f.t);
    return 0;
}
