/* The session, and what goes out. */
#include "net/mplex/mplex.h"

#include "net/mplex/session.h"

#include <stdio.h>
#include <stdlib.h>

static struct mplex *of(struct mux *m)
{
    return (struct mplex *)(void *)m;
}

static size_t put_varint(uint8_t *out, uint64_t v)
{
    size_t n = 0;

    for (; v >= 0x80; v >>= 7)
        out[n++] = (uint8_t)(v | 0x80);
    out[n++] = (uint8_t)v;
    return n;
}

size_t mplex_write_head(uint8_t *out, uint64_t id, enum mplex_flag flag, size_t length)
{
    size_t n = put_varint(out, id << 3 | (uint64_t)flag);

    return n + put_varint(out + n, length);
}

static void mplex_destroy(struct mux *m)
{
    mux_clear(m);
    free(of(m));
}

static enum err mplex_make(struct mux **out, const struct env *env, bool dialer,
                           const struct mux_params *params)
{
    struct mplex *x = calloc(1, sizeof *x);

    if (x == NULL)
        return ERR_MEMORY;
    enum err err = mux_init(&x->mux, &muxer_mplex, env, dialer, params);
    if (err != OK) {
        mplex_destroy(&x->mux);
        return err;
    }
    *out = &x->mux;
    return OK;
}

static enum err mplex_open(struct mux *m, const struct env *env, struct mux_stream **out)
{
    struct mplex *x = of(m);

    (void)env;
    if (m->peer_left || m->left || x->next_id >= MPLEX_ID_MAX)
        return ERR_CLOSED;
    TRY(mux_add(m, x->next_id << 1, false, out));
    x->next_id++;
    (*out)->send_window = UINT64_MAX;
    (*out)->opening = true;
    mux_queued(m, *out);
    return OK;
}

static enum mplex_flag by_role(const struct mux_stream *s, enum mplex_flag receiver)
{
    return s->inbound ? receiver : (enum mplex_flag)(receiver + 1);
}

/* The stream's name is its number, as js and go do; it serves nothing. */
static size_t put_new(uint8_t *out, uint64_t id)
{
    char name[24];
    int len = snprintf(name, sizeof name, "%llu", (unsigned long long)id);
    size_t n = mplex_write_head(out, id, MPLEX_NEW, (size_t)len);

    memcpy(out + n, name, (size_t)len);
    return n + (size_t)len;
}

static void mplex_turn(struct mux *m, const struct env *env, struct mux_stream *s, size_t data,
                       struct mux_turn *t)
{
    uint64_t id = s->id >> 1;
    size_t n = 0;

    (void)m;
    (void)env;
    if (s->opening)
        n += put_new(t->bytes, id);
    s->opening = false;
    if (data > 0)
        n += mplex_write_head(t->bytes + n, id, by_role(s, MPLEX_MESSAGE_RECEIVER), data);
    t->head_len = (uint8_t)n;
    if (s->closing && !s->closed && s->send.bytes == data) {
        t->tail_len =
            (uint8_t)mplex_write_head(t->bytes + n, id, by_role(s, MPLEX_CLOSE_RECEIVER), 0);
        s->closed = true;
    }
}

static void mplex_reset(struct mux *m, struct mux_stream *s)
{
    struct mplex *x = of(m);

    if (!s->opening) { /* else the peer never heard of it */
        uint8_t frame[16];
        size_t n = mplex_write_head(frame, s->id >> 1, by_role(s, MPLEX_RESET_RECEIVER), 0);
        if (!s->closed) /* js: never CLOSE and RESET both */
            mux_control(m, span_of(frame, n));
        x->skip_frames += MPLEX_SKIPPED_FRAMES;
    }
    if (x->current == s)
        x->current = NULL; /* the rest of its frame is skipped */
    mux_forget(m, s);
}

static void mplex_taken(struct mux *m, const struct env *env, struct mux_stream *s, size_t bytes)
{
    (void)m;
    (void)env;
    (void)s;
    (void)bytes;
}

static void mplex_go_away(struct mux *m, enum err why)
{
    (void)why; /* it has no words for it */
    m->left = true;
}

static bool mplex_ping(struct mux *m, const struct env *env)
{
    (void)m;
    (void)env;
    return false;
}

const struct muxer muxer_mplex = {
    .id = "/mplex/6.7.0",
    .make = mplex_make,
    .destroy = mplex_destroy,
    .feed = mplex_feed,
    .turn = mplex_turn,
    .open = mplex_open,
    .reset = mplex_reset,
    .taken = mplex_taken,
    .go_away = mplex_go_away,
    .ping = mplex_ping,
};
