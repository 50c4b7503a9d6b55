/* Store sync: one engine for all peers; its streams live as long as a session and carry many frames
 * each way, so they are no exchanges. */
#include "net/sync/sync.h"

#include "net/host/adapter.h"
#include "net/wire/varint.h"

#include <stdlib.h>

struct sync_adapter {
    struct sync *engine;
    bool paused, told_paused; /* reading messages; what the engine was told */
};

struct sync_stream {  /* state of a stream */
    uint64_t session; /* outbound: whose */
    enum sync_kind kind;
    bool open, closing;  /* closing: when all is written */
    bool held;           /* the engine does not want to read it now */
    struct fifo waiting; /* struct blob *: the stream was full */
};

static const char *const reconciliation[] = {SYNC_RECONCILIATION_PROTOCOL, NULL};
static const char *const transfer[] = {SYNC_TRANSFER_PROTOCOL, NULL};

static struct sync_stream *stream_state(uint64_t session, enum sync_kind kind)
{
    struct sync_stream *st = calloc(1, sizeof *st);

    if (st == NULL)
        return NULL;
    st->session = session;
    st->kind = kind;
    fifo_init(&st->waiting, sizeof(struct blob *), HOST_SYNC_WAITING_MAX);
    return st;
}

static void ended(struct host *h, struct host_stream *s)
{
    struct sync_stream *st = s->state;
    struct blob *b;
    (void)h;

    while (st != NULL && fifo_pop(&st->waiting, &b))
        blob_unref(b);
    if (st != NULL)
        fifo_clear(&st->waiting);
    free(st);
    s->state = NULL;
}

/* ---- writing ---- */

static void flush(struct host *h, const struct env *env, struct host_stream *s)
{
    struct sync_stream *st = s->state;
    struct blob **first;
    uint8_t head[PB_VARINT_BYTES_MAX];

    while ((first = fifo_peek(&st->waiting)) != NULL) {
        struct blob *b = *first;
        size_t n = varint_encode(b->len, head);
        if (h->streams.write(h->streams.impl, s->id, span_of(head, n), &b, 1) != OK)
            return; /* full: the stream says when there is room */
        fifo_pop(&st->waiting, &b);
        blob_unref(b);
    }
    if (st->kind == SYNC_TRANSFER && s->outbound)
        sync_drained(h->sync->engine, env, s->id);
    if (st->closing)
        host_close_write(h, s);
}

static void drop(struct host *h, const struct env *env, uint64_t stream, enum err why)
{
    struct host_stream *s = host_stream(h, stream);

    sync_gone(h->sync->engine, env, stream, why);
    if (s != NULL && s->adapter == &adapter_sync)
        host_reset(h, s);
}

static void send(struct host *h, const struct env *env, const struct sync_out *out)
{
    struct host_stream *s = host_stream(h, out->stream);
    struct blob *b = out->bytes;

    if (s == NULL || fifo_push(&((struct sync_stream *)s->state)->waiting, &b) != OK) {
        blob_unref(b);
        drop(h, env, out->stream, ERR_FULL);
        return;
    }
    flush(h, env, s);
}

static void close_when_written(struct host *h, uint64_t stream)
{
    struct host_stream *s = host_stream(h, stream);

    if (s == NULL)
        return;
    struct sync_stream *st = s->state;
    st->closing = true;
    if (fifo_count(&st->waiting) == 0)
        host_close_write(h, s);
}

static void set_reading(struct host *h, const struct host_stream *s)
{
    const struct sync_stream *st = s->state;

    if (st != NULL && !s->outbound && st->kind == SYNC_TRANSFER)
        h->streams.pause(h->streams.impl, s->id, st->held || h->sync->paused);
}

static void hold(struct host *h, uint64_t stream, bool held)
{
    struct host_stream *s = host_stream(h, stream);

    if (s == NULL)
        return;
    ((struct sync_stream *)s->state)->held = held;
    set_reading(h, s);
}

static void open_stream(struct host *h, const struct env *env, const struct sync_out *out)
{
    struct sync_stream *st = stream_state(out->session, out->stream_kind);
    const char *const *protocols = out->stream_kind == SYNC_TRANSFER ? transfer : reconciliation;
    uint64_t stream;
    enum err err = st == NULL ? ERR_MEMORY
                              : host_open(h, env, &adapter_sync, out->peer, protocols, st, &stream);

    if (err != OK)
        sync_unopened(h->sync->engine, env, out->session, out->stream_kind, err);
}

/* ---- what the node as a whole has to do ---- */

static void tell(struct host *h, const struct env *env, const struct sync_out *out)
{
    struct host_sync *told = calloc(1, sizeof *told);

    if (told == NULL) {
        if (out->kind == SYNC_OUT_FETCH)
            sync_fetch_end(h->sync->engine, env, out->session);
        return;
    }
    *told = (struct host_sync){.initiator = out->initiator,
                               .rounds = out->rounds,
                               .differences = out->differences,
                               .received = out->received,
                               .sent = out->sent,
                               .count = out->count};
    if (out->kind == SYNC_OUT_FETCH)
        memcpy(told->hashes, out->hashes, out->count * sizeof *told->hashes);
    host_emit(
        h, env,
        &(struct host_out_slot){
            .out = {.kind = out->kind == SYNC_OUT_FETCH ? HOST_OUT_SYNC_FETCH : HOST_OUT_SYNC_ENDED,
                    .peer = out->peer,
                    .ticket = out->session,
                    .err = out->err,
                    .sync = told},
            .object = told,
            .drop = free});
}

static void tell_message(struct host *h, const struct env *env, const struct sync_out *out)
{
    struct blob *topic = blob_new(out->topic);

    if (topic == NULL)
        return;
    struct host_out_slot slot = {.out = {.kind = HOST_OUT_SYNC_MESSAGE,
                                         .peer = out->peer,
                                         .topic = blob_span(topic),
                                         .data = blob_ref(out->holder),
                                         .payload = out->message},
                                 .owned = topic};
    memcpy(slot.out.hash, out->hash, sizeof slot.out.hash);
    host_emit(h, env, &slot);
}

static void take(struct host *h, const struct env *env, const struct sync_out *out)
{
    switch (out->kind) {
    case SYNC_OUT_OPEN:
        open_stream(h, env, out);
        break;
    case SYNC_OUT_SEND:
        send(h, env, out);
        break;
    case SYNC_OUT_CLOSE:
        close_when_written(h, out->stream);
        break;
    case SYNC_OUT_RESET:
        drop(h, env, out->stream, ERR_CLOSED);
        break;
    case SYNC_OUT_HOLD:
        hold(h, out->stream, true);
        break;
    case SYNC_OUT_GO_ON:
        hold(h, out->stream, false);
        break;
    case SYNC_OUT_FETCH:
    case SYNC_OUT_ENDED:
        tell(h, env, out);
        break;
    case SYNC_OUT_MESSAGE:
        tell_message(h, env, out);
        break;
    }
}

static bool pump(struct host *h, const struct env *env)
{
    struct sync_out out;
    bool moved = false;

    if (h->sync->paused != h->sync->told_paused) {
        h->sync->told_paused = h->sync->paused;
        sync_pause(h->sync->engine, env, h->sync->paused);
    }
    while (fifo_count(&h->out) < HOST_OUT_ENOUGH && sync_poll(h->sync->engine, &out)) {
        take(h, env, &out);
        moved = true;
    }
    return moved;
}

/* ---- streams ---- */

static void opened(struct host *h, const struct env *env, struct host_stream *s)
{
    struct sync_stream *st = s->state;

    st->open = true;
    sync_opened(h->sync->engine, env, st->session, st->kind, s->id);
}

static void incoming(struct host *h, const struct env *env, struct host_stream *s)
{
    enum sync_kind kind =
        strcmp(s->protocol, SYNC_TRANSFER_PROTOCOL) == 0 ? SYNC_TRANSFER : SYNC_RECONCILIATION;

    s->state = stream_state(0, kind);
    if (s->state == NULL || sync_incoming(h->sync->engine, env, s->peer, s->id, kind) != OK) {
        host_reset(h, s);
        return;
    }
    if (h->sync->paused)
        set_reading(h, s);
}

static void bytes(struct host *h, const struct env *env, struct host_stream *s, struct span in)
{
    uint64_t id = s->id;
    enum err err = sync_bytes(h->sync->engine, env, id, in);

    if (err != OK)
        drop(h, env, id, err);
}

static void end(struct host *h, const struct env *env, struct host_stream *s)
{
    sync_end(h->sync->engine, env, s->id);
    if (((struct sync_stream *)s->state)->kind == SYNC_TRANSFER)
        host_close_write(h, s);
}

static void writable(struct host *h, const struct env *env, struct host_stream *s)
{
    flush(h, env, s);
}

static void broken(struct host *h, const struct env *env, struct host_stream *s, enum err why)
{
    const struct sync_stream *st = s->state;

    if (s->outbound && !st->open)
        sync_unopened(h->sync->engine, env, st->session, st->kind, why);
    else
        sync_gone(h->sync->engine, env, s->id, why);
}

static void peer_down(struct host *h, const struct env *env, const struct host_peer *p)
{
    if (h->sync != NULL)
        sync_peer_gone(h->sync->engine, env, p->peer);
}

static void tick(struct host *h, const struct env *env)
{
    sync_tick(h->sync->engine, env);
}

static struct mono deadline(const struct host *h)
{
    return sync_deadline(h->sync->engine);
}

static const char *const protocols[] = {SYNC_RECONCILIATION_PROTOCOL, SYNC_TRANSFER_PROTOCOL, NULL};

const struct adapter adapter_sync = {
    .protocols = protocols,
    .peer_down = peer_down,
    .opened = opened,
    .incoming = incoming,
    .bytes = bytes,
    .end = end,
    .writable = writable,
    .broken = broken,
    .ended = ended,
    .pump = pump,
    .tick = tick,
    .deadline = deadline,
};

/* ---- what the host offers ---- */

struct sync *host_sync(struct host *h)
{
    if (h->sync == NULL)
        return NULL;
    host_stir(h); /* the caller may do anything with it */
    return h->sync->engine;
}

void host_pause_sync(struct host *h, bool paused)
{
    size_t cursor = 0;
    const struct host_stream *s;

    if (h->sync == NULL || h->sync->paused == paused)
        return;
    host_stir(h);
    h->sync->paused = paused;
    while ((s = map_next(&h->streams_by_id, &cursor, NULL)) != NULL)
        if (s->adapter == &adapter_sync)
            set_reading(h, s);
}

enum err sync_adapter_new(struct host *h, const struct env *env)
{
    struct sync_params p = {.cluster = h->params.cluster,
                            .range_ns = h->params.sync_range_ns,
                            .jitter_ns = h->params.sync_jitter_ns,
                            .ids_max = SYNC_IDS_MAX,
                            .message_bytes_max = h->params.message_bytes_max};

    if (!host_mounted(h, &adapter_sync))
        return OK;
    h->sync = calloc(1, sizeof *h->sync);
    return h->sync == NULL ? ERR_MEMORY : sync_new(&h->sync->engine, env, &p);
}

void sync_adapter_free(struct host *h)
{
    if (h->sync != NULL)
        sync_free(h->sync->engine);
    free(h->sync);
    h->sync = NULL;
}
