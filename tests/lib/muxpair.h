/* A muxer under test, and what it says, for the tests of net/yamux and net/mplex. */
#pragma once

#include "net/wire/mux.h"
#include "tests/lib/testing.h"

#include <stdlib.h>

struct mux_side {
    struct mux *mux;
    struct buf out;        /* frames gathered */
    struct mux_event last; /* of the last feed that gave one; spans in the input */
    size_t events;
};

static inline void mux_side_init(struct mux_side *s, const struct muxer *kind,
                                 const struct test_env *t, bool dialer, uint32_t inbound_max)
{
    struct mux_params p = {.stream_bytes = sizeof(struct mux_stream),
                           .inbound_max = inbound_max,
                           .outbound_max = 1000,
                           .send_low = 1000};

    *s = (struct mux_side){0};
    buf_init(&s->out, SIZE_MAX);
    assert_ok(kind->make(&s->mux, &t->env, dialer, &p));
}

static inline void mux_side_clear(struct mux_side *s)
{
    s->mux->kind->destroy(s->mux);
    buf_clear(&s->out);
}

/* All frames that are due, in s->out. */
static inline struct span mux_side_out(struct mux_side *s, const struct test_env *t)
{
    struct span parts[64];
    size_t count;

    buf_clear(&s->out);
    for (;;) {
        size_t bytes = mux_gather(s->mux, &t->env, 65519, parts, 64, &count), sum = 0;
        assert_true(bytes <= 65519 && count <= 64);
        for (size_t i = 0; i < count; i++) {
            assert_ok(buf_append(&s->out, parts[i]));
            sum += parts[i].len;
        }
        assert_int_equal(sum, bytes);
        mux_sent(s->mux);
        if (bytes == 0)
            return buf_span(&s->out);
    }
}

/* Feed all of `in`; every event is kept in turn by `last`. */
static inline enum err mux_side_feed(struct mux_side *s, const struct test_env *t, struct span in)
{
    struct mux_event ev;
    enum err err;

    while ((err = s->mux->kind->feed(s->mux, &t->env, &in, &ev)) == OK) {
        s->last = ev;
        s->events++;
        if (ev.kind == MUX_BYTES)
            s->mux->kind->taken(s->mux, &t->env, ev.stream, ev.bytes.len);
    }
    return err;
}

/* One event; what is left of `in` is fed later. */
static inline enum err mux_side_next(struct mux_side *s, const struct test_env *t, struct span *in)
{
    return s->mux->kind->feed(s->mux, &t->env, in, &s->last);
}

static inline void mux_side_queue(struct mux_side *s, struct mux_stream *st, struct span bytes)
{
    struct blob *b = blob_new(bytes);

    assert_non_null(b);
    assert_ok(chain_reserve(&st->send, 1));
    chain_add_blob(&st->send, b);
    blob_unref(b);
    mux_queued(s->mux, st);
}
