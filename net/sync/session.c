/* A session: its payloads, its deadlines, its end. */
#include "net/sync/state.h"

#include <stdlib.h>

struct session *session_of_peer(const struct sync *s, uint64_t peer)
{
    for (size_t i = 0; i < SYNC_SESSIONS_MAX; i++)
        if (s->sessions[i] != NULL && s->sessions[i]->peer == peer)
            return s->sessions[i];
    return NULL;
}

struct session *session_numbered(const struct sync *s, uint64_t number)
{
    for (size_t i = 0; i < SYNC_SESSIONS_MAX; i++)
        if (s->sessions[i] != NULL && s->sessions[i]->number == number)
            return s->sessions[i];
    return NULL;
}

enum err session_new(struct sync *s, const struct env *env, uint64_t peer, bool initiator,
                     struct session **out)
{
    uint8_t seed[16];
    size_t at = 0, incoming = 0;

    if (session_of_peer(s, peer) != NULL)
        return ERR_EXISTS;
    for (size_t i = 0; i < SYNC_SESSIONS_MAX; i++)
        incoming += s->sessions[i] != NULL && !s->sessions[i]->initiator;
    if (!initiator && incoming == SYNC_SESSIONS_IN_MAX)
        return ERR_FULL;
    while (at < SYNC_SESSIONS_MAX && s->sessions[at] != NULL)
        at++;
    if (at == SYNC_SESSIONS_MAX)
        return ERR_FULL;
    struct session *x = calloc(1, sizeof *x);
    if (x == NULL)
        return ERR_MEMORY;
    rng_fill(env->rng, seed, sizeof seed);
    *x = (struct session){.number = ++s->last_session,
                          .peer = peer,
                          .initiator = initiator,
                          .from_ns = sync_oldest_ns(s, env),
                          .to_ns = env->wall.ns - s->params.jitter_ns,
                          .payload_due = mono_add(env->now, SYNC_PAYLOAD_NS),
                          .reconcile_due = mono_add(env->now, SYNC_RECONCILE_NS),
                          .want_due = MONO_NEVER,
                          .send_due = MONO_NEVER,
                          .session_due = mono_add(env->now, SYNC_SESSION_NS)};
    if (!initiator) { /* the peer chose the range by its own clock */
        x->from_ns -= SYNC_WINDOW_NS;
        x->to_ns = env->wall.ns + SYNC_WINDOW_AHEAD_NS;
        if (x->from_ns < s->ids.floor_ns)
            x->from_ns = s->ids.floor_ns;
    }
    frames_init(&x->frames, SYNC_PAYLOAD_IN_BYTES_MAX);
    differences_init(&x->found, seed);
    fifo_init(&x->held, sizeof(struct blob *), SYNC_HELD_MAX);
    s->sessions[at] = x;
    *out = x;
    return OK;
}

void session_free(struct session *x)
{
    struct blob *b;

    if (x == NULL)
        return;
    while (fifo_pop(&x->held, &b))
        blob_unref(b);
    fifo_clear(&x->held);
    differences_clear(&x->found);
    frames_clear(&x->frames);
    free(x);
}

/* ---- payloads ---- */

static enum err send_reply(struct sync *s, const struct env *env, struct session *x)
{
    struct blob *b = blob_new(buf_span(&s->reply));

    if (b == NULL)
        return ERR_MEMORY;
    s->counters.payload_bytes_out += b->len;
    x->payload_due = mono_add(env->now, SYNC_PAYLOAD_NS);
    sync_emit(s, env,
              &(struct out_slot){.out = {.kind = SYNC_OUT_SEND,
                                         .stream_kind = SYNC_RECONCILIATION,
                                         .session = x->number,
                                         .peer = x->peer,
                                         .stream = x->stream,
                                         .bytes = b}});
    return OK;
}

static void own_scope(const struct sync *s, struct session *x, struct scope *out)
{
    *out = (struct scope){.kind = x->scope, .shards_count = s->shards_count};
    memcpy(out->shards, s->shards, s->shards_count * sizeof *s->shards);
}

static bool has_shard(const struct scope *c, uint16_t shard)
{
    for (size_t i = 0; i < c->shards_count; i++)
        if (c->shards[i] == shard)
            return true;
    return c->all;
}

/* What both of us hold. False: nothing, so there is nothing to compare. */
static bool common_view(const struct sync *s, const struct scope *theirs, struct ids_view *v)
{
    size_t common = 0;

    v->sets_count = v->contents_count = 0;
    for (size_t i = 0; i < s->shards_count; i++)
        common += has_shard(theirs, s->shards[i]);
    if (theirs->kind == SCOPE_SHARDS && /* as nwaku had it: all or nothing */
        (theirs->foreign || common != s->shards_count || common != theirs->shards_count))
        return false;
    for (size_t i = 0; i < s->ids.sets_count; i++) {
        uint16_t shard = s->ids.sets[i].shard;
        for (size_t k = 0; k < s->shards_count; k++)
            if (s->shards[k] == shard && has_shard(theirs, shard))
                v->sets[v->sets_count++] = &s->ids.sets[i];
    }
    for (size_t i = 0; i < theirs->contents_count; i++)
        v->contents[v->contents_count++] = ids_content_key(&s->ids, theirs->contents[i]);
    return common > 0;
}

enum err session_start(struct sync *s, const struct env *env, struct session *x)
{
    const struct sync_id lower = SYNC_ID_AT(x->from_ns), upper = SYNC_ID_AT(x->to_ns);
    struct payload_writer w;
    struct scope own;
    struct ids_view view;
    uint8_t sum[32];
    size_t count;

    own_scope(s, x, &own);
    common_view(s, &own, &view);
    buf_reset(&s->reply);
    payload_begin(&w, &s->reply, s->params.cluster, &own, &lower);
    ids_fingerprint(&view, &lower, &upper, sum, &count);
    TRY(payload_fingerprint(&w, &upper, sum));
    TRY(payload_end(&w));
    return send_reply(s, env, x);
}

static enum err reconciled(struct sync *s, const struct env *env, struct session *x)
{
    x->reconciled = true;
    x->payload_due = x->reconcile_due = MONO_NEVER;
    if (map_count(&x->found.wants) > 0)
        x->want_due = mono_add(env->now, SYNC_TRANSFER_NS);
    sync_emit(
        s, env,
        &(struct out_slot){.out = {.kind = SYNC_OUT_CLOSE, .peer = x->peer, .stream = x->stream}});
    frames_clear(&x->frames);
    if (fifo_count(&x->held) == 0)
        return OK;
    s->counters.lies++;
    return ERR_PROTOCOL; /* it sent what it never announced */
}

static enum err answer_nothing(struct sync *s, const struct env *env, struct session *x)
{
    struct writer w;

    buf_reset(&s->reply);
    w = writer_to(&s->reply);
    write_u8(&w, 0);
    TRY(writer_status(&w));
    TRY(send_reply(s, env, x));
    return reconciled(s, env, x);
}

static enum err answer(struct sync *s, const struct env *env, struct session *x,
                       struct payload_reader *r, const struct ids_view *view)
{
    struct scope own;
    struct payload_writer w;
    struct comparing c = {.view = view,
                          .from_ns = x->from_ns,
                          .to_ns = x->to_ns,
                          .found = &x->found,
                          .reply = &w,
                          .scratch = &s->scratch};

    own_scope(s, x, &own);
    buf_reset(&s->reply);
    payload_begin(&w, &s->reply, s->params.cluster, &own, &r->bound);
    TRY(compare_payload(&c, r));
    TRY(payload_end(&w));
    transfer_retry_held(s, env, x);
    TRY(send_reply(s, env, x));
    return w.any ? OK : reconciled(s, env, x);
}

enum err session_payload(struct sync *s, const struct env *env, struct session *x, struct span in)
{
    struct scope theirs;
    struct payload_reader r;
    struct ids_view view;

    s->counters.payload_bytes_in += in.len;
    if (++x->rounds > SYNC_ROUNDS_MAX)
        return ERR_LIMIT;
    enum err err = payload_open(in, s->params.cluster, &theirs, &r);
    if (err == ERR_NOT_FOUND)
        return reconciled(s, env, x);
    TRY(err);
    x->scope = theirs.kind;
    if (!common_view(s, &theirs, &view))
        return answer_nothing(s, env, x);
    return answer(s, env, x, &r, &view);
}

/* ---- the end ---- */

struct memory *memory_of(const struct sync *s, uint64_t peer)
{
    for (size_t i = 0; i < s->memories_count; i++)
        if (s->memories[i].peer == peer)
            return (struct memory *)(uintptr_t)&s->memories[i];
    return NULL;
}

/* At the bound the one that ends first makes room: a peer may then come a little too soon. */
struct memory *memory_make(struct sync *s, const struct env *env, uint64_t peer)
{
    struct memory *m = memory_of(s, peer), *first = NULL;

    for (size_t i = 0; m == NULL && i < s->memories_count; i++) {
        struct memory *o = &s->memories[i];
        if (first == NULL ||
            (o->shun.ns > o->pause.ns ? o->shun.ns : o->pause.ns) <
                (first->shun.ns > first->pause.ns ? first->shun.ns : first->pause.ns))
            first = o;
    }
    if (m != NULL)
        return m;
    m = s->memories_count < SYNC_MEMORIES_MAX ? &s->memories[s->memories_count++] : first;
    *m = (struct memory){.peer = peer, .pause = env->now, .shun = env->now};
    return m;
}

static void add(struct sync_histogram *h, const uint64_t *bounds, size_t count, uint64_t value)
{
    size_t i = 0;

    while (i < count && value > bounds[i])
        i++;
    h->buckets[i]++;
    h->count++;
    h->sum += value;
}

static void count_end(struct sync *s, const struct session *x, enum err err)
{
    static const uint64_t rounds[] = SYNC_ROUND_BOUNDS, differences[] = SYNC_DIFFERENCE_BOUNDS;

    s->counters.sessions_done += err == OK;
    s->counters.sessions_failed += err != OK;
    if (err != OK)
        return;
    add(&s->counters.rounds, rounds, sizeof rounds / sizeof *rounds, x->rounds);
    add(&s->counters.differences, differences, sizeof differences / sizeof *differences,
        x->found.count);
}

static void reset_stream(struct sync *s, const struct env *env, uint64_t stream)
{
    if (stream != 0)
        sync_emit(s, env, &(struct out_slot){.out = {.kind = SYNC_OUT_RESET, .stream = stream}});
}

void session_end(struct sync *s, const struct env *env, struct session *x, enum err err,
                 const char *why)
{
    for (size_t i = 0; i < SYNC_SESSIONS_MAX; i++)
        if (s->sessions[i] == x)
            s->sessions[i] = NULL;
    count_end(s, x, err);
    if (err != OK) {
        log_unusual(env, "sync", "session failed peer=%llu: %s (%s)", (unsigned long long)x->peer,
                    why, err_text(err));
        reset_stream(s, env, x->stream);
        reset_stream(s, env, x->out_stream);
        for (size_t i = 0; i < SYNC_INLETS_MAX; i++)
            if (s->inlets[i] != NULL && s->inlets[i]->peer == x->peer)
                reset_stream(s, env, s->inlets[i]->stream);
        if (err_actor(err) == ERR_ACTOR_PEER && err != ERR_CLOSED && err != ERR_UNSUPPORTED)
            memory_make(s, env, x->peer)->shun = mono_add(env->now, SYNC_SHUN_NS);
    }
    sync_emit(s, env,
              &(struct out_slot){.out = {.kind = SYNC_OUT_ENDED,
                                         .session = x->number,
                                         .peer = x->peer,
                                         .err = err,
                                         .initiator = x->initiator,
                                         .rounds = x->rounds,
                                         .differences = x->found.count,
                                         .received = x->received,
                                         .sent = x->sent}});
    session_free(x);
}

void session_settle(struct sync *s, const struct env *env, struct session *x)
{
    transfer_send(s, env, x);
    if (!x->reconciled || map_count(&x->found.wants) > 0 || fifo_count(&x->found.sends) > 0 ||
        x->fetching || x->draining || x->sending == SENDING_OPENS)
        return;
    session_end(s, env, x, OK, "");
}

struct mono session_deadline(const struct sync *s, const struct session *x)
{
    struct mono due = mono_min(mono_min(x->payload_due, x->reconcile_due), x->session_due);

    return mono_min(due, s->paused ? x->send_due : mono_min(x->send_due, x->want_due));
}

void session_tick(struct sync *s, const struct env *env, struct session *x)
{
    if (session_deadline(s, x).ns > env->now.ns)
        return;
    if (x->payload_due.ns <= env->now.ns || x->reconcile_due.ns <= env->now.ns) {
        session_end(s, env, x, ERR_TIMEOUT, "the archives were not compared in time");
    } else if (x->session_due.ns <= env->now.ns) {
        session_end(s, env, x, ERR_TIMEOUT, "the messages were not sent in time");
    } else if (x->want_due.ns <= env->now.ns && !s->paused) {
        s->counters.lies++;
        session_end(s, env, x, ERR_TIMEOUT, "what was announced was not sent");
    } else {
        session_end(s, env, x, ERR_TIMEOUT, "what we send is not read");
    }
}
