/* What arrives: frames become events. */
#include "net/mplex/session.h"

static enum err event(struct mux_event *ev, enum mux_event_kind kind, struct mux_stream *s)
{
    *ev = (struct mux_event){.kind = kind, .stream = s};
    return OK;
}

/* One varint of at most 9 bytes, fed in any pieces. */
static enum err next_varint(struct mplex *x, struct span *in, uint64_t *out)
{
    while (in->len > 0) {
        uint8_t byte = in->ptr[0];
        *in = span_after(*in, 1);
        if (x->shift > 56)
            return ERR_PROTOCOL;
        x->value |= (uint64_t)(byte & 0x7f) << x->shift;
        x->shift = (uint8_t)(x->shift + 7);
        if (!(byte & 0x80)) {
            *out = x->value;
            x->value = 0;
            x->shift = 0;
            return OK;
        }
    }
    return ERR_MORE;
}

static void send_reset(struct mplex *x, uint64_t id, enum mplex_flag flag)
{
    uint8_t frame[16];
    size_t n = mplex_write_head(frame, id, flag, 0);

    mux_control(&x->mux, span_of(frame, n));
    x->skip_frames += MPLEX_SKIPPED_FRAMES;
}

static enum err on_new(struct mplex *x, uint64_t id, struct mux_event *ev)
{
    struct mux_stream *s = NULL;

    x->current = NULL; /* the name is skipped */
    if (mux_find(&x->mux, id << 1 | 1) != NULL)
        return ERR_PROTOCOL;
    enum err err = x->mux.left ? ERR_LIMIT : mux_add(&x->mux, id << 1 | 1, true, &s);
    if (err == ERR_LIMIT) {
        send_reset(x, id, MPLEX_RESET_RECEIVER);
        return ERR_MORE;
    }
    TRY(err);
    s->send_window = UINT64_MAX;
    return event(ev, MUX_INCOMING, s);
}

static enum err on_message(struct mplex *x, struct mux_stream *s)
{
    if (s != NULL && s->ended)
        return ERR_PROTOCOL;
    if (s == NULL && x->skip_frames-- == 0)
        return ERR_PROTOCOL; /* no reset of ours explains so many */
    x->current = s;
    return ERR_MORE;
}

static enum err on_close(struct mux_stream *s, struct mux_event *ev)
{
    if (s == NULL || s->ended)
        return ERR_MORE;
    s->ended = true;
    return event(ev, MUX_END, s);
}

static enum err on_reset(struct mplex *x, struct mux_stream *s, struct mux_event *ev)
{
    if (s == NULL)
        return ERR_MORE;
    mux_forget_later(&x->mux, s);
    return event(ev, MUX_RESET, s);
}

static enum err on_frame(struct mplex *x, struct mux_event *ev)
{
    uint64_t id = x->head >> 3;
    unsigned flag = x->head & 7;
    /* what a receiver sends belongs to a stream that we opened */
    bool inbound = flag == MPLEX_MESSAGE_INITIATOR || flag == MPLEX_CLOSE_INITIATOR ||
                   flag == MPLEX_RESET_INITIATOR;
    struct mux_stream *s = mux_find(&x->mux, id << 1 | inbound);

    x->current = NULL;
    if (flag > MPLEX_RESET_INITIATOR)
        return ERR_PROTOCOL;
    switch ((enum mplex_flag)flag) {
    case MPLEX_NEW:
        return on_new(x, id, ev);
    case MPLEX_MESSAGE_RECEIVER:
    case MPLEX_MESSAGE_INITIATOR:
        return on_message(x, s);
    case MPLEX_CLOSE_RECEIVER:
    case MPLEX_CLOSE_INITIATOR:
        return on_close(s, ev);
    case MPLEX_RESET_RECEIVER:
    case MPLEX_RESET_INITIATOR:
        return on_reset(x, s, ev);
    }
    return ERR_PROTOCOL;
}

static enum err next_frame(struct mplex *x, struct span *in, struct mux_event *ev)
{
    uint64_t length;

    if (!x->in_length) {
        TRY(next_varint(x, in, &x->head));
        x->in_length = true;
    }
    TRY(next_varint(x, in, &length));
    x->in_length = false;
    if (length > MPLEX_FRAME_BYTES_MAX)
        return ERR_LIMIT;
    x->left = (uint32_t)length;
    return on_frame(x, ev);
}

enum err mplex_feed(struct mux *m, const struct env *env, struct span *in, struct mux_event *ev)
{
    struct mplex *x = (struct mplex *)(void *)m;
    enum err err = ERR_MORE;

    (void)env;
    mux_free_dead(m);
    TRY(m->failed);
    while (err == ERR_MORE) {
        if (x->left > 0 && in->len > 0) {
            size_t n = x->left < in->len ? x->left : in->len;
            *ev = (struct mux_event){MUX_BYTES, x->current, span_sub(*in, 0, n)};
            *in = span_after(*in, n);
            x->left -= (uint32_t)n;
            if (x->current != NULL)
                return OK;
        }
        if (in->len == 0)
            return ERR_MORE;
        if (x->left > 0)
            continue;
        if (mux_blocked(m))
            return ERR_BUSY;
        err = next_frame(x, in, ev);
    }
    return err;
}
