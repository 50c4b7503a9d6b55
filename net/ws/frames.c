/* Frames, through wslay's frame layer. Its context has a buffer of 4 KiB, so it is lent to who is
 * at work: bytes that we gave it and bytes that came out are counted, and when they are equal and
 * no frame is open, nothing is in it and the next socket may have it. */
#include "net/ws/inner.h"

#include <stdlib.h>
#include <wslay/wslay.h>

struct ws_codec {
    struct wslay_frame_context *ctx;
    /* of the call that is under way */
    const struct env *env;
    struct span *in;
    uint64_t *fed;
    struct buf *wire;
    size_t at;     /* where the next bytes go */
    bool in_place; /* the payload lies there already: write over it */
};

/* ---- what wslay asks of us ---- */

static ssize_t give(uint8_t *out, size_t len, int flags, void *arg)
{
    struct ws_codec *c = arg;
    (void)flags;

    size_t n = c->in->len < len ? c->in->len : len;
    if (n == 0)
        return -1; /* nothing more for now */
    memcpy(out, c->in->ptr, n);
    *c->in = span_after(*c->in, n);
    *c->fed += n;
    return (ssize_t)n;
}

static ssize_t put(const uint8_t *bytes, size_t len, int flags, void *arg)
{
    struct ws_codec *c = arg;
    (void)flags;

    if (!c->in_place)
        return buf_append(c->wire, span_of(bytes, len)) == OK ? (ssize_t)len : -1;
    assert(len <= c->wire->len - c->at);
    if (bytes != c->wire->ptr + c->at)
        memcpy(c->wire->ptr + c->at, bytes, len);
    c->at += len;
    return (ssize_t)len;
}

static int draw_mask(uint8_t *out, size_t len, void *arg)
{
    struct ws_codec *c = arg;

    rng_fill(c->env->rng, out, len);
    return 0;
}

/* ---- lending ---- */

void ws_codec_free(struct ws_codec *c)
{
    if (c == NULL)
        return;
    wslay_frame_context_free(c->ctx);
    free(c);
}

static enum err take_codec(struct ws *w)
{
    static const struct wslay_frame_callbacks callbacks = {put, give, draw_mask};
    struct ws_codec **spare = &w->common->spare[w->dialer];

    if (w->codec != NULL)
        return OK;
    w->fed = w->parsed = 0;
    w->codec = *spare;
    *spare = NULL;
    if (w->codec != NULL)
        return OK;
    struct ws_codec *c = calloc(1, sizeof *c);
    if (c == NULL || wslay_frame_context_init(&c->ctx, &callbacks, c) != 0) {
        free(c);
        return ERR_MEMORY;
    }
    w->codec = c;
    return OK;
}

static void give_back(struct ws *w)
{
    struct ws_codec **spare = &w->common->spare[w->dialer];

    if (w->codec == NULL || w->frame_left > 0 || w->fed != w->parsed || w->out_len > 0)
        return;
    if (*spare == NULL)
        *spare = w->codec;
    else
        ws_codec_free(w->codec);
    w->codec = NULL;
}

/* ---- sending ---- */

static enum err send_frame(struct ws *w, const struct env *env, uint8_t opcode, size_t len,
                           struct span now, struct buf *wire)
{
    struct wslay_frame_iocb io = {.fin = 1,
                                  .opcode = opcode,
                                  .payload_length = len,
                                  .mask = w->dialer,
                                  .data = now.ptr,
                                  .data_length = now.len};
    size_t before = wire->len;

    TRY(buf_reserve(wire, WS_HEADER_BYTES_MAX + now.len)); /* so that no part of it can fail */
    TRY(take_codec(w));
    w->codec->env = env;
    w->codec->wire = wire;
    w->codec->in_place = false;
    ssize_t n = wslay_frame_send(w->codec->ctx, &io);
    assert(n == (ssize_t)now.len && wire->len > before);
    return OK;
}

static enum err send_control(struct ws *w, const struct env *env, uint8_t opcode,
                             struct span payload, struct buf *wire)
{
    enum err err = send_frame(w, env, opcode, payload.len, payload, wire);

    give_back(w);
    return err;
}

enum err ws_begin(struct ws *w, const struct env *env, size_t len, struct buf *wire)
{
    assert(w->out_len == 0 && len > 0);
    if (w->closing || w->state != WS_FRAMES)
        return ERR_CLOSED;
    TRY(send_frame(w, env, WSLAY_BINARY_FRAME, len, SPAN_EMPTY, wire));
    w->out_at = wire->len;
    w->out_len = len;
    return OK;
}

void ws_end(struct ws *w, const struct env *env, struct buf *wire)
{
    struct wslay_frame_iocb io = {.fin = 1,
                                  .opcode = WSLAY_BINARY_FRAME,
                                  .payload_length = w->out_len,
                                  .mask = w->dialer,
                                  .data = wire->ptr + w->out_at,
                                  .data_length = w->out_len};

    assert(w->out_len > 0 && wire->len == w->out_at + w->out_len);
    w->codec->env = env;
    w->codec->wire = wire;
    w->codec->at = w->out_at;
    w->codec->in_place = true;
    ssize_t n = wslay_frame_send(w->codec->ctx, &io);
    assert(n == (ssize_t)w->out_len);
    w->out_len = 0;
    give_back(w);
}

bool ws_pong_due(const struct ws *w)
{
    return w->pong_due && !w->closing;
}

enum err ws_pong(struct ws *w, const struct env *env, struct buf *wire)
{
    assert(ws_pong_due(w));
    TRY(send_control(w, env, WSLAY_PONG, span_of(w->pong, w->pong_len), wire));
    w->pong_due = false;
    return OK;
}

enum err ws_close(struct ws *w, const struct env *env, enum ws_code code, struct buf *wire)
{
    uint8_t bytes[2] = {(uint8_t)(code >> 8), (uint8_t)code};

    if (w->closing || w->state != WS_FRAMES)
        return OK;
    TRY(send_control(w, env, WSLAY_CONNECTION_CLOSE, SPAN_ARRAY(bytes), wire));
    w->closing = true;
    return OK;
}

/* ---- receiving ---- */

static enum err fail(struct ws *w, const struct env *env, enum ws_code code, enum err err,
                     struct buf *wire)
{
    (void)!ws_close(w, env, code, wire); /* a courtesy: we end anyway */
    return err;
}

static size_t header_bytes(const struct wslay_frame_iocb *io)
{
    size_t length = io->payload_length < 126 ? 0 : io->payload_length < 65536 ? 2 : 8;

    return 2 + length + (io->mask ? 4u : 0u);
}

/* RFC 6455 5.1: clients mask, servers do not; 5.2: no extension gave the reserved bits a meaning;
 * 5.4: how messages are cut */
static enum err frame_begins(struct ws *w, const struct wslay_frame_iocb *io)
{
    bool control = wslay_is_ctrl_frame(io->opcode);

    w->opcode = io->opcode;
    w->fin = io->fin;
    w->frame_left = io->payload_length;
    w->parsed += header_bytes(io);
    if ((io->mask != 0) == w->dialer || io->rsv != 0)
        return ERR_PROTOCOL;
    if (control) {
        w->control_len = 0;
        return io->opcode <= WSLAY_PONG ? OK : ERR_PROTOCOL;
    }
    if (io->opcode == WSLAY_TEXT_FRAME)
        return ERR_UNSUPPORTED;
    if (io->opcode > WSLAY_BINARY_FRAME ||
        w->in_message != (io->opcode == WSLAY_CONTINUATION_FRAME))
        return ERR_PROTOCOL;
    if (!w->in_message)
        w->message_bytes = 0;
    if (io->payload_length > WS_MESSAGE_BYTES_MAX - w->message_bytes)
        return ERR_LIMIT;
    w->message_bytes += io->payload_length;
    w->in_message = true;
    return OK;
}

/* RFC 6455 7.4: codes that may travel */
static bool is_code(unsigned code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

/* Their good-bye, answered with the same code (5.5.1). */
static enum err closed(struct ws *w, const struct env *env, struct buf *wire)
{
    unsigned code = WS_NORMAL;

    if (w->control_len >= 2)
        code = (unsigned)w->control[0] << 8 | w->control[1];
    if (w->control_len == 1 || !is_code(code))
        return fail(w, env, WS_PROTOCOL_ERROR, ERR_PROTOCOL, wire);
    TRY(ws_close(w, env, (enum ws_code)code, wire));
    return ERR_CLOSED;
}

static enum err frame_ends(struct ws *w, const struct env *env, struct buf *wire)
{
    switch (w->opcode) {
    case WSLAY_CONNECTION_CLOSE:
        return closed(w, env, wire);
    case WSLAY_PING: /* 5.5.3: the most recent one may stand for all */
        memcpy(w->pong, w->control, w->control_len);
        w->pong_len = w->control_len;
        w->pong_due = true;
        return OK;
    case WSLAY_PONG:
        return OK;
    default:
        w->in_message = !w->fin;
        return OK;
    }
}

static enum ws_code code_of(enum err err)
{
    return err == ERR_UNSUPPORTED ? WS_UNSUPPORTED
           : err == ERR_LIMIT     ? WS_TOO_BIG
                                  : WS_PROTOCOL_ERROR;
}

/* A part of a frame: to the payload, or to what the control frame says. */
static enum err take_part(struct ws *w, const struct wslay_frame_iocb *io, struct span *payload)
{
    bool control = wslay_is_ctrl_frame(w->opcode);

    w->frame_left -= io->data_length;
    w->parsed += io->data_length;
    if (!control) {
        *payload = span_of(io->data, io->data_length);
        return OK;
    }
    if (io->data_length > 0)
        memcpy(w->control + w->control_len, io->data, io->data_length); /* wslay: at most 125 */
    w->control_len = (uint8_t)(w->control_len + io->data_length);
    return OK;
}

enum err ws_frames_feed(struct ws *w, const struct env *env, struct span *in, struct span *payload,
                        struct buf *wire)
{
    struct wslay_frame_iocb io;

    if (w->codec == NULL && in->len == 0)
        return ERR_MORE;
    TRY(take_codec(w));
    do {
        w->codec->in = in;
        w->codec->fed = &w->fed;
        ssize_t n = wslay_frame_recv(w->codec->ctx, &io);
        if (n == WSLAY_ERR_WANT_READ) {
            give_back(w);
            return ERR_MORE;
        }
        enum err err = n < 0 ? ERR_PROTOCOL : w->frame_left == 0 ? frame_begins(w, &io) : OK;
        if (err != OK)
            return fail(w, env, code_of(err), err, wire);
        TRY(take_part(w, &io, payload));
        if (w->frame_left == 0)
            TRY(frame_ends(w, env, wire));
    } while (payload->len == 0);
    return OK;
}
