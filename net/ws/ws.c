/* The life of a WebSocket. */
#include "net/ws/inner.h"

#include <stdlib.h>

void ws_common_clear(struct ws_common *c)
{
    for (size_t i = 0; i < 2; i++) {
        ws_codec_free(c->spare[i]);
        c->spare[i] = NULL;
    }
}

enum err ws_new(struct ws **out, struct ws_common *common, bool dialer)
{
    struct ws *w = calloc(1, sizeof *w);

    if (w == NULL)
        return ERR_MEMORY;
    w->common = common;
    w->dialer = dialer;
    buf_init(&w->head, WS_HEAD_BYTES_MAX);
    *out = w;
    return OK;
}

void ws_free(struct ws *w)
{
    if (w == NULL)
        return;
    ws_codec_free(w->codec);
    buf_clear(&w->head);
    free(w);
}

bool ws_open(const struct ws *w)
{
    return w->state == WS_FRAMES;
}

bool ws_closing(const struct ws *w)
{
    return w->closing;
}

static enum err feed_head(struct ws *w, struct span *in, struct buf *wire)
{
    enum err err = ws_head_take(&w->head, in);

    if (err == ERR_MORE)
        return err;
    if (err != OK && !w->dialer)
        ws_reject(err, wire);
    if (err == OK)
        err = w->dialer ? ws_judge(w) : ws_answer(w, wire);
    buf_clear(&w->head);
    w->state = err == OK ? WS_FRAMES : WS_ENDED;
    return err;
}

enum err ws_feed(struct ws *w, const struct env *env, struct span *in, struct span *payload,
                 struct buf *wire)
{
    *payload = SPAN_EMPTY;
    switch (w->state) {
    case WS_HEAD:
        return feed_head(w, in, wire);
    case WS_FRAMES:
        break;
    case WS_ENDED:
        return ERR_CLOSED;
    }
    enum err err = ws_frames_feed(w, env, in, payload, wire);
    if (err != OK && err != ERR_MORE)
        w->state = WS_ENDED;
    return err;
}
