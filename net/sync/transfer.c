/* The messages of a session, in and out. */
#include "net/sync/state.h"
#include "net/waku/waku.h"
#include "net/wire/protobuf.h"

#include <stdlib.h>

enum {
    FIELD_TOPIC = 1,
    FIELD_MESSAGE = 2,
};

enum err sync_transfer_decode(struct span in, struct span *topic, struct span *message)
{
    struct pb p = pb_of(in);

    *topic = *message = SPAN_EMPTY;
    for (struct pb_field f; pb_next(&p, &f);) {
        if (f.number == FIELD_TOPIC)
            *topic = pb_bytes(&p, &f);
        else if (f.number == FIELD_MESSAGE)
            *message = pb_bytes(&p, &f);
    }
    TRY(pb_status(&p));
    if (topic->len > SYNC_TOPIC_BYTES_MAX)
        return ERR_LIMIT;
    return topic->len == 0 || message->len == 0 ? ERR_FORMAT : OK;
}

/* ---- out ---- */

static void open_stream(struct sync *s, const struct env *env, struct session *x)
{
    x->sending = SENDING_OPENS;
    x->send_due = mono_add(env->now, SYNC_TRANSFER_NS);
    sync_emit(s, env,
              &(struct out_slot){.out = {.kind = SYNC_OUT_OPEN,
                                         .stream_kind = SYNC_TRANSFER,
                                         .session = x->number,
                                         .peer = x->peer}});
}

static void fetch(struct sync *s, const struct env *env, struct session *x)
{
    x->asked_count = 0;
    while (x->asked_count < SYNC_FETCH_MAX && fifo_pop(&x->found.sends, x->asked[x->asked_count]))
        x->asked_count++;
    x->fetching = true;
    x->send_due = MONO_NEVER; /* the archive has no deadline */
    sync_emit(
        s, env,
        &(struct out_slot){.out = {.kind = SYNC_OUT_FETCH, .session = x->number, .peer = x->peer}});
}

static void close_stream(struct sync *s, const struct env *env, struct session *x)
{
    x->sending = SENDING_CLOSED;
    x->send_due = MONO_NEVER;
    sync_emit(s, env,
              &(struct out_slot){
                  .out = {.kind = SYNC_OUT_CLOSE, .peer = x->peer, .stream = x->out_stream}});
}

void transfer_send(struct sync *s, const struct env *env, struct session *x)
{
    bool more = fifo_count(&x->found.sends) > 0;

    if (more && (x->sending == SENDING_NOT || x->sending == SENDING_CLOSED))
        open_stream(s, env, x);
    if (x->sending != SENDING_OPEN || x->fetching || x->draining)
        return;
    if (more)
        fetch(s, env, x);
    else if (x->reconciled)
        close_stream(s, env, x);
}

void sync_fetched(struct sync *s, const struct env *env, uint64_t session, struct span topic,
                  struct span message)
{
    struct session *x = session_numbered(s, session);
    struct buf bytes = BUF_INIT(s->params.message_bytes_max + SYNC_TOPIC_BYTES_MAX + 64);
    struct writer w = writer_to(&bytes);

    if (x == NULL || x->sending != SENDING_OPEN)
        return;
    pb_put_bytes(&w, FIELD_TOPIC, topic);
    pb_put_bytes(&w, FIELD_MESSAGE, message);
    struct blob *b = writer_status(&w) == OK ? blob_new(buf_span(&bytes)) : NULL;
    buf_clear(&bytes);
    if (b == NULL)
        return; /* memory, or larger than peers take: the next session tries again */
    s->counters.transfer_bytes_out += b->len;
    s->counters.messages_out++;
    x->sent++;
    x->draining = true;
    sync_emit(s, env,
              &(struct out_slot){.out = {.kind = SYNC_OUT_SEND,
                                         .stream_kind = SYNC_TRANSFER,
                                         .session = x->number,
                                         .peer = x->peer,
                                         .stream = x->out_stream,
                                         .bytes = b}});
}

void sync_fetch_end(struct sync *s, const struct env *env, uint64_t session)
{
    struct session *x = session_numbered(s, session);

    if (x == NULL)
        return;
    x->fetching = false;
    x->send_due = mono_add(env->now, SYNC_TRANSFER_NS);
    session_settle(s, env, x);
}

void sync_drained(struct sync *s, const struct env *env, uint64_t stream)
{
    for (size_t i = 0; i < SYNC_SESSIONS_MAX; i++) {
        struct session *x = s->sessions[i];
        if (x == NULL || x->out_stream != stream || x->fetching)
            continue;
        x->draining = false;
        x->send_due = mono_add(env->now, SYNC_TRANSFER_NS);
        session_settle(s, env, x);
    }
}

/* ---- in ---- */

struct inlet **transfer_place(struct sync *s, const struct env *env, uint64_t peer)
{
    struct inlet **at = NULL;

    for (size_t i = 0; i < SYNC_INLETS_MAX; i++) {
        const struct inlet *n = s->inlets[i];
        if (n != NULL && n->peer == peer)
            return NULL;
        bool better = n == NULL ? at == NULL || *at != NULL
                                : at == NULL && session_of_peer(s, n->peer) == NULL;
        if (better)
            at = &s->inlets[i];
    }
    if (at == NULL || *at == NULL)
        return at;
    sync_emit(s, env, &(struct out_slot){.out = {.kind = SYNC_OUT_RESET, .stream = (*at)->stream}});
    frames_clear(&(*at)->frames);
    free(*at);
    *at = NULL;
    return at;
}

struct arrived {
    struct sync_id id;
    struct span topic, message, content_topic;
};

static bool is_ours(const struct sync *s, struct span topic)
{
    struct waku_shard shard;

    if (waku_shard_parse(topic, &shard) != OK || shard.cluster != s->params.cluster)
        return false;
    for (size_t i = 0; i < s->shards_count; i++)
        if (s->shards[i] == shard.index)
            return true;
    return false;
}

static enum err verify(const struct sync *s, const struct session *x, struct span in,
                       struct arrived *out)
{
    struct waku_message m;

    TRY(sync_transfer_decode(in, &out->topic, &out->message));
    if (!is_ours(s, out->topic))
        return ERR_PROTOCOL;
    if (out->message.len > s->params.message_bytes_max)
        return ERR_LIMIT;
    TRY(waku_message_decode(out->message, &m));
    if (!m.has_payload || !m.has_content_topic || m.ephemeral || m.timestamp_ns < x->from_ns ||
        m.timestamp_ns >= x->to_ns)
        return ERR_PROTOCOL;
    out->content_topic = m.content_topic;
    out->id.time_ns = m.timestamp_ns;
    waku_message_hash(out->topic, &m, out->id.hash);
    return OK;
}

static void take(struct sync *s, const struct env *env, struct session *x, struct blob *holder,
                 const struct arrived *a)
{
    struct out_slot slot = {.holder = blob_ref(holder),
                            .out = {.kind = SYNC_OUT_MESSAGE,
                                    .peer = x->peer,
                                    .session = x->number,
                                    .topic = a->topic,
                                    .message = a->message,
                                    .content_topic = a->content_topic,
                                    .time_ns = a->id.time_ns}};

    memcpy(slot.out.hash, a->id.hash, sizeof slot.out.hash);
    slot.out.holder = holder;
    s->counters.messages_in++;
    x->received++;
    if (x->reconciled)
        x->want_due =
            map_count(&x->found.wants) == 0 ? MONO_NEVER : mono_add(env->now, SYNC_TRANSFER_NS);
    sync_emit(s, env, &slot);
}

static void hold_stream(struct sync *s, const struct env *env, struct session *x, bool on)
{
    if (x->holding == on)
        return;
    x->holding = on;
    for (size_t i = 0; i < SYNC_INLETS_MAX; i++)
        if (s->inlets[i] != NULL && s->inlets[i]->peer == x->peer)
            sync_emit(s, env,
                      &(struct out_slot){.out = {.kind = on ? SYNC_OUT_HOLD : SYNC_OUT_GO_ON,
                                                 .peer = x->peer,
                                                 .stream = s->inlets[i]->stream}});
}

static enum err hold(struct session *x, struct blob *b)
{
    if (x->reconciled || x->held_bytes + b->len + sizeof *b > SYNC_HELD_BYTES_MAX)
        return ERR_PROTOCOL;
    enum err err = fifo_push(&x->held, &b);
    if (err != OK)
        return err == ERR_FULL ? ERR_PROTOCOL : err;
    blob_ref(b);
    x->held_bytes += b->len + sizeof *b;
    return OK;
}

void transfer_retry_held(struct sync *s, const struct env *env, struct session *x)
{
    struct arrived a;
    struct blob *b;

    for (size_t i = fifo_count(&x->held); i > 0 && fifo_pop(&x->held, &b); i--) {
        x->held_bytes -= b->len + sizeof *b;
        if (verify(s, x, blob_span(b), &a) == OK && differences_take(&x->found, &a.id))
            take(s, env, x, b, &a);
        else if (hold(x, b) != OK)
            log_unusual(env, "sync", "a held message was lost");
        blob_unref(b);
    }
    hold_stream(s, env, x, x->held_bytes > SYNC_HELD_ENOUGH);
}

enum err transfer_message(struct sync *s, const struct env *env, uint64_t peer, struct span in)
{
    struct session *x = session_of_peer(s, peer);
    struct arrived a;

    s->counters.transfer_bytes_in += in.len;
    if (x == NULL)
        return ERR_PROTOCOL; /* late, or never asked for: of no use */
    struct blob *b = blob_new(in);
    enum err err = b == NULL ? ERR_MEMORY : verify(s, x, blob_span(b), &a);
    if (err == OK) {
        if (differences_take(&x->found, &a.id))
            take(s, env, x, b, &a);
        else
            err = hold(x, b);
        hold_stream(s, env, x, x->held_bytes > SYNC_HELD_ENOUGH);
    }
    blob_unref(b);
    if (err == OK) {
        session_settle(s, env, x);
        return OK;
    }
    s->counters.lies += err_actor(err) == ERR_ACTOR_PEER;
    session_end(s, env, x, err, "a message that was not announced, or is not what it should be");
    return err;
}
