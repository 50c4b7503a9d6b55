#include "net/sync/sync.h"

#include "net/sync/state.h"
#include "net/waku/waku.h"

#include <stdlib.h>

/* ---- outputs ---- */

static void slot_clear(struct out_slot *slot)
{
    blob_unref(slot->holder);
    *slot = (struct out_slot){0};
}

void sync_emit(struct sync *s, const struct env *env, struct out_slot *slot)
{
    if (fifo_push(&s->out, slot) == OK)
        return;
    log_unusual(env, "sync", "output lost kind=%d waiting=%zu", (int)slot->out.kind,
                fifo_count(&s->out));
    blob_unref(slot->out.bytes);
    slot_clear(slot);
}

bool sync_poll(struct sync *s, struct sync_out *out)
{
    slot_clear(&s->told);
    while (fifo_pop(&s->out, &s->told)) {
        *out = s->told.out;
        if (out->kind != SYNC_OUT_FETCH)
            return true;
        const struct session *x = session_numbered(s, out->session);
        if (x == NULL)
            continue; /* it ended meanwhile */
        out->hashes = (const uint8_t(*)[32])x->asked;
        out->count = x->asked_count;
        return true;
    }
    return false;
}

const struct sync_counters *sync_counters(const struct sync *s)
{
    return &s->counters;
}

/* ---- life ---- */

enum err sync_new(struct sync **out, const struct env *env, const struct sync_params *params)
{
    struct sync *s = calloc(1, sizeof *s);
    uint8_t seed[16];

    if (s == NULL)
        return ERR_MEMORY;
    s->params = *params;
    rng_fill(env->rng, seed, sizeof seed);
    ids_init(&s->ids, seed, params->ids_max);
    fifo_init(&s->out, sizeof(struct out_slot), SYNC_OUTS_MAX);
    buf_init(&s->reply, SYNC_PAYLOAD_OUT_BYTES_MAX);
    buf_init(&s->scratch, SYNC_PAYLOAD_OUT_BYTES_MAX);
    *out = s;
    return OK;
}

void sync_free(struct sync *s)
{
    struct out_slot slot;

    if (s == NULL)
        return;
    for (size_t i = 0; i < SYNC_SESSIONS_MAX; i++)
        session_free(s->sessions[i]);
    for (size_t i = 0; i < SYNC_INLETS_MAX; i++) {
        if (s->inlets[i] != NULL)
            frames_clear(&s->inlets[i]->frames);
        free(s->inlets[i]);
    }
    while (fifo_pop(&s->out, &slot)) {
        blob_unref(slot.out.bytes);
        slot_clear(&slot);
    }
    slot_clear(&s->told);
    fifo_clear(&s->out);
    buf_clear(&s->reply);
    buf_clear(&s->scratch);
    ids_clear(&s->ids);
    free(s);
}

/* ---- what the archive holds ---- */

static int by_number(const void *a, const void *b)
{
    return *(const uint16_t *)a - *(const uint16_t *)b;
}

void sync_set_shards(struct sync *s, const uint16_t *shards, size_t count)
{
    s->shards_count = count < SYNC_TOPICS_MAX ? count : SYNC_TOPICS_MAX;
    memcpy(s->shards, shards, s->shards_count * sizeof *shards);
    qsort(s->shards, s->shards_count, sizeof *s->shards, by_number);
}

int64_t sync_oldest_ns(const struct sync *s, const struct env *env)
{
    int64_t oldest = env->wall.ns - s->params.jitter_ns - s->params.range_ns;

    oldest = oldest > s->ids.floor_ns ? oldest : s->ids.floor_ns;
    return oldest > 0 ? oldest : 0;
}

enum err sync_add(struct sync *s, const struct env *env, const uint8_t hash[32], int64_t time_ns,
                  struct span pubsub_topic, struct span content_topic)
{
    struct sync_id id = SYNC_ID_AT(time_ns);
    struct waku_shard shard;

    memcpy(id.hash, hash, sizeof id.hash);
    ids_prune(&s->ids,
              env->wall.ns - s->params.jitter_ns - s->params.range_ns - 2 * SYNC_WINDOW_NS);
    if (waku_shard_parse(pubsub_topic, &shard) != OK || shard.cluster != s->params.cluster ||
        time_ns < 0)
        return OK;
    enum err err = ids_add(&s->ids, shard.index, ids_content_key(&s->ids, content_topic), &id);
    return err == ERR_MEMORY ? err : OK;
}

void sync_ready(struct sync *s)
{
    s->ready = true;
}

void sync_forget(struct sync *s, const struct env *env)
{
    uint8_t seed[16];

    memcpy(seed, s->ids.seed, sizeof seed);
    for (size_t i = 0; i < SYNC_SESSIONS_MAX; i++)
        if (s->sessions[i] != NULL)
            session_end(s, env, s->sessions[i], ERR_BUSY, "the ids are read again");
    ids_clear(&s->ids);
    ids_init(&s->ids, seed, s->params.ids_max);
    s->ready = false;
}

bool sync_is_ready(const struct sync *s)
{
    return s->ready;
}

size_t sync_ids(const struct sync *s)
{
    return s->ids.count;
}

/* ---- sessions ---- */

enum err sync_begin(struct sync *s, const struct env *env, uint64_t peer)
{
    struct session *x;

    if (!s->ready)
        return ERR_BUSY;
    TRY(session_new(s, env, peer, true, &x));
    s->counters.sessions_begun++;
    sync_emit(s, env,
              &(struct out_slot){.out = {.kind = SYNC_OUT_OPEN,
                                         .stream_kind = SYNC_RECONCILIATION,
                                         .session = x->number,
                                         .peer = peer}});
    return OK;
}

void sync_opened(struct sync *s, const struct env *env, uint64_t session, enum sync_kind kind,
                 uint64_t stream)
{
    struct session *x = session_numbered(s, session);

    if (x == NULL) {
        sync_emit(s, env, &(struct out_slot){.out = {.kind = SYNC_OUT_RESET, .stream = stream}});
        return;
    }
    if (kind == SYNC_TRANSFER) {
        x->sending = SENDING_OPEN;
        x->out_stream = stream;
        x->draining = false;
        session_settle(s, env, x);
        return;
    }
    x->stream = stream;
    enum err err = session_start(s, env, x);
    if (err != OK)
        session_end(s, env, x, err, "no payload");
}

void sync_unopened(struct sync *s, const struct env *env, uint64_t session, enum sync_kind kind,
                   enum err why)
{
    struct session *x = session_numbered(s, session);

    if (x != NULL)
        session_end(s, env, x, why == OK ? ERR_CLOSED : why,
                    kind == SYNC_TRANSFER ? "no stream for messages" : "no stream");
}

static enum err begin_incoming(struct sync *s, const struct env *env, uint64_t peer,
                               uint64_t stream)
{
    const struct memory *m = memory_of(s, peer);
    struct session *x;

    if (!s->ready)
        return ERR_BUSY;
    if (m != NULL && (m->pause.ns > env->now.ns || m->shun.ns > env->now.ns))
        return ERR_REFUSED;
    TRY(session_new(s, env, peer, false, &x));
    memory_make(s, env, peer)->pause = mono_add(env->now, SYNC_PEER_PAUSE_NS);
    x->stream = stream;
    s->counters.sessions_served++;
    return OK;
}

static enum err add_inlet(struct sync *s, const struct env *env, uint64_t peer, uint64_t stream)
{
    if (session_of_peer(s, peer) == NULL)
        return ERR_PROTOCOL;
    struct inlet **at = transfer_place(s, env, peer);
    if (at == NULL)
        return ERR_FULL;
    struct inlet *n = calloc(1, sizeof *n);
    if (n == NULL)
        return ERR_MEMORY;
    n->stream = stream;
    n->peer = peer;
    frames_init(&n->frames, s->params.message_bytes_max + SYNC_TOPIC_BYTES_MAX + 64);
    *at = n;
    return OK;
}

enum err sync_incoming(struct sync *s, const struct env *env, uint64_t peer, uint64_t stream,
                       enum sync_kind kind)
{
    if (kind == SYNC_TRANSFER)
        return add_inlet(s, env, peer, stream);
    enum err err = begin_incoming(s, env, peer, stream);
    s->counters.sessions_refused += err != OK;
    return err;
}

static struct session *session_on(const struct sync *s, uint64_t stream)
{
    for (size_t i = 0; i < SYNC_SESSIONS_MAX; i++)
        if (s->sessions[i] != NULL && s->sessions[i]->stream == stream)
            return s->sessions[i];
    return NULL;
}

static struct inlet **inlet_on(struct sync *s, uint64_t stream)
{
    for (size_t i = 0; i < SYNC_INLETS_MAX; i++)
        if (s->inlets[i] != NULL && s->inlets[i]->stream == stream)
            return &s->inlets[i];
    return NULL;
}

static enum err inlet_bytes(struct sync *s, const struct env *env, struct inlet *n, struct span in)
{
    struct span message;
    enum err err;

    while ((err = frames_next(&n->frames, &in, &message)) == OK)
        TRY(transfer_message(s, env, n->peer, message));
    if (err == ERR_MORE)
        return OK;
    struct session *x = session_of_peer(s, n->peer);
    if (x != NULL) {
        s->counters.lies++;
        session_end(s, env, x, err, "a message over the bound");
    }
    return err;
}

static enum err payload_bytes(struct sync *s, const struct env *env, struct session *x,
                              struct span in)
{
    uint64_t number = x->number;
    struct span payload;
    enum err err = OK;

    while (!x->reconciled && (err = frames_next(&x->frames, &in, &payload)) == OK) {
        err = session_payload(s, env, x, payload);
        if (err != OK)
            break;
        session_settle(s, env, x);
        x = session_numbered(s, number);
        if (x == NULL)
            return OK;
    }
    if (err == OK || err == ERR_MORE)
        return OK;
    session_end(s, env, x, err, "its payload is not what it should be");
    return err;
}

enum err sync_bytes(struct sync *s, const struct env *env, uint64_t stream, struct span in)
{
    struct inlet **n = inlet_on(s, stream);
    struct session *x = session_on(s, stream);

    if (n != NULL)
        return inlet_bytes(s, env, *n, in);
    return x == NULL ? OK : payload_bytes(s, env, x, in); /* what follows the end is not read */
}

static void drop_inlet(struct inlet **n)
{
    frames_clear(&(*n)->frames);
    free(*n);
    *n = NULL;
}

void sync_end(struct sync *s, const struct env *env, uint64_t stream)
{
    struct inlet **n = inlet_on(s, stream);
    struct session *x = session_on(s, stream);

    if (n != NULL)
        drop_inlet(n); /* another may follow */
    if (x != NULL && !x->reconciled)
        session_end(s, env, x, ERR_CLOSED, "it went away");
}

void sync_gone(struct sync *s, const struct env *env, uint64_t stream, enum err why)
{
    struct inlet **n = inlet_on(s, stream);

    if (n != NULL)
        drop_inlet(n);
    for (size_t i = 0; i < SYNC_SESSIONS_MAX; i++) {
        struct session *x = s->sessions[i];
        if (x == NULL)
            continue;
        bool ours = (x->stream == stream && !x->reconciled) ||
                    (x->out_stream == stream && x->sending == SENDING_OPEN);
        if (ours)
            session_end(s, env, x, why == ERR_TIMEOUT ? why : ERR_CLOSED, "its stream broke");
    }
}

void sync_peer_gone(struct sync *s, const struct env *env, uint64_t peer)
{
    struct session *x = session_of_peer(s, peer);

    if (x != NULL)
        session_end(s, env, x, ERR_CLOSED, "it went away");
}

void sync_pause(struct sync *s, const struct env *env, bool paused)
{
    s->paused = paused;
    for (size_t i = 0; i < SYNC_SESSIONS_MAX; i++)
        if (s->sessions[i] != NULL && s->sessions[i]->want_due.ns != INT64_MAX)
            s->sessions[i]->want_due = mono_add(env->now, SYNC_TRANSFER_NS);
}

bool sync_shuns(const struct sync *s, const struct env *env, uint64_t peer)
{
    const struct memory *m = memory_of(s, peer);

    return m != NULL && m->shun.ns > env->now.ns;
}

void sync_tick(struct sync *s, const struct env *env)
{
    for (size_t i = 0; i < SYNC_SESSIONS_MAX; i++)
        if (s->sessions[i] != NULL)
            session_tick(s, env, s->sessions[i]);
}

struct mono sync_deadline(const struct sync *s)
{
    struct mono due = MONO_NEVER;

    for (size_t i = 0; i < SYNC_SESSIONS_MAX; i++)
        if (s->sessions[i] != NULL)
            due = mono_min(due, session_deadline(s, s->sessions[i]));
    return due;
}
