/* The messages that are held, and what may happen to each. */
#include "net/waku/stem.h"

#include "crypto/base/fifo.h"
#include "crypto/base/heap.h"
#include "net/waku/hops.h"

#include <stdlib.h>

struct held {
    struct heap_node due;
    struct mono safe, answer_by; /* the earlier one is when it is fluffed */
    uint64_t number;
    uint8_t hash[32];
    uint64_t from[2]; /* who pushed it, and who pushed it again; 0: nobody, or we */
    uint64_t hop;     /* whom it was pushed to last */
    bool own, again, fluffing;
    struct blob *topic, *data;
    uint64_t askers[STEM_ASKERS_MAX];
    size_t askers_count;
};

struct share { /* of the foreign messages that are held */
    uint64_t peer;
    size_t count;
};

struct stem {
    struct hops hops;
    struct map by_hash, by_number; /* of struct held */
    struct map shares;             /* peer -> struct share */
    struct heap by_due;
    struct fifo out; /* of struct stem_out; topic and data are looked up when polled */
    size_t own_count, own_bytes, foreign_count, foreign_bytes;
    uint64_t next;
    struct stem_counters counters;
};

static struct mono due_of(const struct held *m)
{
    return mono_min(m->safe, m->answer_by);
}

static bool sooner(const struct heap_node *a, const struct heap_node *b)
{
    const struct held *x = CONTAINER_OF(a, struct held, due);
    const struct held *y = CONTAINER_OF(b, struct held, due);

    return due_of(x).ns != due_of(y).ns ? due_of(x).ns < due_of(y).ns : x->number < y->number;
}

struct stem *stem_new(const struct env *env, const uint8_t seed[32])
{
    struct stem *s = calloc(1, sizeof *s);
    uint8_t map_seed[16];

    if (s == NULL)
        return NULL;
    rng_fill(env->rng, map_seed, sizeof map_seed);
    hops_init(&s->hops, env, seed);
    map_init(&s->by_hash, map_seed, STEM_OWN_MAX + STEM_FOREIGN_MAX);
    map_init(&s->by_number, map_seed, STEM_OWN_MAX + STEM_FOREIGN_MAX);
    map_init(&s->shares, map_seed, STEM_FOREIGN_MAX);
    heap_init(&s->by_due, sooner);
    fifo_init(&s->out, sizeof(struct stem_out), STEM_OUT_MAX);
    s->next = 1;
    return s;
}

/* ---- accounts ---- */

static bool has_room(const struct stem *s, const struct stem_message *m)
{
    uint64_t from = m->from;
    const struct share *share = map_get(&s->shares, MAP_KEY(from));

    if (m->from == 0)
        return s->own_count < STEM_OWN_MAX && s->own_bytes + m->data->len <= STEM_OWN_BYTES_MAX;
    return s->foreign_count < STEM_FOREIGN_MAX &&
           s->foreign_bytes + m->data->len <= STEM_FOREIGN_BYTES_MAX &&
           (share == NULL || share->count < STEM_FOREIGN_PEER_MAX);
}

static bool hold_share(struct stem *s, uint64_t peer)
{
    struct share *share = map_get(&s->shares, MAP_KEY(peer));

    if (share == NULL) {
        share = calloc(1, sizeof *share);
        if (share == NULL || map_put(&s->shares, MAP_KEY(peer), share) != OK) {
            free(share);
            return false;
        }
    }
    share->count++;
    return true;
}

static void drop_share(struct stem *s, uint64_t peer)
{
    struct share *share = map_get(&s->shares, MAP_KEY(peer));

    if (share != NULL && --share->count == 0)
        free(map_take(&s->shares, MAP_KEY(peer)));
}

static void count(struct stem *s, const struct held *m, bool more)
{
    size_t *n = m->own ? &s->own_count : &s->foreign_count;
    size_t *bytes = m->own ? &s->own_bytes : &s->foreign_bytes;

    *n += more ? 1 : (size_t)-1;
    *bytes += more ? m->data->len : (size_t)0 - m->data->len;
}

static void held_free(struct held *m)
{
    blob_unref(m->topic);
    blob_unref(m->data);
    free(m);
}

static void forget(struct stem *s, struct held *m)
{
    map_take(&s->by_hash, SPAN_ARRAY(m->hash));
    map_take(&s->by_number, MAP_KEY(m->number));
    heap_remove(&s->by_due, &m->due);
    count(s, m, false);
    if (!m->own)
        drop_share(s, m->from[0]);
    held_free(m);
}

void stem_free(struct stem *s)
{
    struct held *m;

    if (s == NULL)
        return;
    for (size_t cursor = 0; (m = map_next(&s->by_number, &cursor, NULL)) != NULL;)
        forget(s, m);
    map_clear(&s->by_hash);
    map_clear(&s->by_number);
    map_clear(&s->shares);
    heap_clear(&s->by_due);
    fifo_clear(&s->out);
    hops_clear(&s->hops);
    free(s);
}

/* ---- outputs ---- */

static void emit(struct stem *s, struct stem_out out)
{
    (void)!fifo_push(&s->out, &out); /* memory is out: the fail-safe or a time-out ends it */
}

static void tell_askers(struct stem *s, struct held *m, enum err err, uint32_t relay_peers)
{
    for (size_t i = 0; i < m->askers_count; i++)
        emit(s,
             (struct stem_out){
                 .kind = STEM_DONE, .asker = m->askers[i], .err = err, .relay_peers = relay_peers});
    m->askers_count = 0;
}

static void push_to(struct stem *s, struct held *m, uint64_t hop)
{
    m->hop = hop;
    emit(s, (struct stem_out){.kind = STEM_PUSH, .number = m->number, .peer = hop});
    emit(s, (struct stem_out){.kind = STEM_WARM, .peer = hop});
}

/* Its due time changes: out of the heap with the old one, in with the new one. */
static void set_times(struct stem *s, struct held *m, struct mono safe, struct mono answer_by)
{
    heap_remove(&s->by_due, &m->due);
    m->safe = safe;
    m->answer_by = answer_by;
    bool room = heap_insert(&s->by_due, &m->due) == OK;
    assert(room); /* it had a place */
}

static void fluff(struct stem *s, struct held *m)
{
    if (m->fluffing)
        return;
    m->fluffing = true;
    set_times(s, m, MONO_NEVER, MONO_NEVER);
    emit(s, (struct stem_out){.kind = STEM_FLUFF, .number = m->number, .own = m->own});
}

bool stem_poll(struct stem *s, struct stem_out *out)
{
    while (fifo_pop(&s->out, out)) {
        if (out->kind != STEM_PUSH && out->kind != STEM_FLUFF)
            return true;
        const struct held *m = map_get(&s->by_number, MAP_KEY(out->number));
        if (m == NULL || (out->kind == STEM_PUSH && m->fluffing))
            continue; /* it was seen meanwhile, or its time is over */
        out->topic = blob_span(m->topic);
        out->data = m->data;
        out->hash = m->hash;
        return true;
    }
    return false;
}

/* ---- taking ---- */

static void add_asker(struct stem *s, const struct env *env, struct held *m, uint64_t asker)
{
    if (asker == 0)
        return;
    if (m->askers_count == STEM_ASKERS_MAX) {
        emit(s, (struct stem_out){.kind = STEM_DONE, .asker = asker, .err = ERR_FULL});
        return;
    }
    m->askers[m->askers_count++] = asker;
    if (!m->fluffing && m->answer_by.ns == MONO_NEVER.ns)
        set_times(s, m, m->safe, mono_add(env->now, STEM_ANSWER_MS * NS_PER_MS));
}

/* It came round, or who sent it asks again. Once it goes on by another way: to fluff it here would
 * name a node that may be its author. */
static void take_again(struct stem *s, const struct env *env, struct held *m,
                       const struct stem_message *given)
{
    add_asker(s, env, m, given->asker);
    if (m->fluffing || given->from == m->from[0] || given->from == m->from[1])
        return;
    uint64_t not [] = {m->from[0], m->hop};
    uint64_t hop = m->again ? 0 : hops_other(&s->hops, env, given, not, 2);
    m->from[1] = given->from;
    m->again = true;
    if (hop == 0) {
        fluff(s, m);
        return;
    }
    s->counters.again++;
    push_to(s, m, hop);
}

static struct held *held_new(const struct env *env, const struct stem_message *given,
                             uint64_t number)
{
    struct held *m = calloc(1, sizeof *m);
    bool own = given->from == 0;
    int64_t least_ms = own ? STEM_OWN_SAFE_MS_MIN : STEM_SAFE_MS_MIN;
    int64_t most_ms = own ? STEM_OWN_SAFE_MS_MAX : STEM_SAFE_MS_MAX;

    if (m == NULL || (m->topic = blob_new(given->topic)) == NULL) {
        free(m);
        return NULL;
    }
    m->data = blob_ref(given->data);
    m->number = number;
    m->own = own;
    m->from[0] = given->from;
    m->answer_by = MONO_NEVER;
    uint64_t extra_ns = rng_below(env->rng, (uint64_t)((most_ms - least_ms) * NS_PER_MS) + 1);
    m->safe = mono_add(env->now, least_ms * NS_PER_MS + (int64_t)extra_ns);
    memcpy(m->hash, given->hash, sizeof m->hash);
    return m;
}

static enum err enter(struct stem *s, struct held *m)
{
    TRY(map_put(&s->by_hash, SPAN_ARRAY(m->hash), m));
    TRY(map_put(&s->by_number, MAP_KEY(m->number), m));
    TRY(heap_insert(&s->by_due, &m->due));
    return m->own || hold_share(s, m->from[0]) ? OK : ERR_MEMORY;
}

static bool hold(struct stem *s, const struct env *env, const struct stem_message *given,
                 uint64_t hop)
{
    struct held *m = held_new(env, given, s->next++);

    if (m == NULL)
        return false;
    if (enter(s, m) != OK) {
        map_take(&s->by_hash, SPAN_ARRAY(m->hash));
        map_take(&s->by_number, MAP_KEY(m->number));
        heap_remove(&s->by_due, &m->due);
        held_free(m);
        return false;
    }
    count(s, m, true);
    add_asker(s, env, m, given->asker);
    push_to(s, m, hop);
    return true;
}

enum stem_verdict stem_take(struct stem *s, const struct env *env, const struct stem_message *m)
{
    struct held *known = map_get(&s->by_hash, span_of(m->hash, 32));
    uint64_t *reason = &s->counters.direct, hop = 0;

    hops_turn(&s->hops, env);
    if (known != NULL) {
        take_again(s, env, known, m);
        return STEM_HELD;
    }
    if (!has_room(s, m))
        reason = &s->counters.full;
    else if (m->from == 0)
        hop = hops_guard(&s->hops, env, m);
    else if (s->hops.fluffing)
        reason = &s->counters.fluffed;
    else
        hop = hops_relay(&s->hops, env, m);
    if (hop == 0 || !hold(s, env, m, hop)) {
        (*reason)++;
        return STEM_NOW;
    }
    (*(m->from == 0 ? &s->counters.own : &s->counters.relayed))++;
    return STEM_HELD;
}

/* ---- what happens to them ---- */

void stem_answered(struct stem *s, const struct env *env, uint64_t number, bool fine,
                   uint32_t relay_peers)
{
    struct held *m = map_get(&s->by_number, MAP_KEY(number));
    (void)env;

    if (m == NULL || m->fluffing)
        return;
    if (!fine) {
        s->counters.refused++;
        fluff(s, m);
        return;
    }
    tell_askers(s, m, OK, relay_peers);
    set_times(s, m, m->safe, MONO_NEVER);
}

void stem_fluffed(struct stem *s, const struct env *env, uint64_t number, enum err err,
                  uint32_t relay_peers)
{
    struct held *m = map_get(&s->by_number, MAP_KEY(number));

    if (m == NULL)
        return;
    if (err == ERR_FULL) {
        m->fluffing = false;
        set_times(s, m, mono_add(env->now, STEM_RETRY_MS * NS_PER_MS), MONO_NEVER);
        return;
    }
    tell_askers(s, m, err, relay_peers);
    forget(s, m);
}

enum stem_sight stem_seen(struct stem *s, const uint8_t hash[32])
{
    struct held *m = map_get(&s->by_hash, span_of(hash, 32));

    if (m == NULL)
        return STEM_UNKNOWN;
    enum stem_sight sight = m->own ? STEM_OWN : STEM_FOREIGN;
    s->counters.seen++;
    tell_askers(s, m, OK, 0);
    forget(s, m);
    return sight;
}

bool stem_hides(const struct stem *s, const uint8_t hash[32])
{
    const struct held *m = map_get(&s->by_hash, span_of(hash, 32));

    return m != NULL && m->own;
}

size_t stem_hidden(const struct stem *s)
{
    return s->own_count;
}

struct mono stem_deadline(const struct stem *s)
{
    const struct heap_node *n = heap_peek(&s->by_due);

    return n == NULL ? MONO_NEVER : due_of(CONTAINER_OF(n, struct held, due));
}

void stem_tick(struct stem *s, const struct env *env)
{
    struct heap_node *n;

    while ((n = heap_peek(&s->by_due)) != NULL) {
        struct held *m = CONTAINER_OF(n, struct held, due);
        if (due_of(m).ns > env->now.ns)
            return;
        if (m->answer_by.ns <= env->now.ns)
            s->counters.refused++;
        else
            s->counters.failsafe++;
        fluff(s, m);
    }
}

const struct stem_counters *stem_counters(const struct stem *s)
{
    return &s->counters;
}
