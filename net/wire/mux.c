#include "net/wire/mux.h"

#include <stdlib.h>

enum err mux_init(struct mux *m, const struct muxer *kind, const struct env *env, bool dialer,
                  const struct mux_params *params)
{
    uint8_t seed[16];

    assert(params->stream_bytes >= sizeof(struct mux_stream));
    rng_fill(env->rng, seed, sizeof seed);
    m->kind = kind;
    m->params = *params;
    m->dialer = dialer;
    map_init(&m->streams, seed, (size_t)params->inbound_max + params->outbound_max);
    buf_init(&m->control, MUX_CONTROL_BYTES_MAX);
    return OK;
}

static void stream_free(struct mux_stream *s)
{
    chain_clear(&s->send);
    free(s);
}

void mux_clear(struct mux *m)
{
    size_t cursor = 0;
    struct mux_stream *s;

    mux_free_dead(m);
    while ((s = map_next(&m->streams, &cursor, NULL)) != NULL)
        stream_free(s);
    map_clear(&m->streams);
    buf_clear(&m->control);
}

/* ---- the table ---- */

enum err mux_add(struct mux *m, uint64_t id, bool inbound, struct mux_stream **out)
{
    size_t *count = inbound ? &m->inbound : &m->outbound;

    if (*count >= (inbound ? m->params.inbound_max : m->params.outbound_max))
        return ERR_LIMIT;
    struct mux_stream *s = calloc(1, m->params.stream_bytes);
    if (s == NULL)
        return ERR_MEMORY;
    s->id = id;
    s->inbound = inbound;
    enum err err = map_put(&m->streams, MAP_KEY(s->id), s);
    if (err != OK) {
        free(s);
        return err == ERR_FULL ? ERR_LIMIT : err;
    }
    ++*count;
    *out = s;
    return OK;
}

struct mux_stream *mux_find(const struct mux *m, uint64_t id)
{
    return map_get(&m->streams, MAP_KEY(id));
}

/* ---- lists ---- */

static void ring_add(struct mux *m, struct mux_stream *s)
{
    if (s->ready)
        return;
    s->ready = true;
    if (m->ready == NULL) {
        m->ready = s->ready_next = s->ready_prev = s;
        return;
    }
    s->ready_next = m->ready; /* behind the last */
    s->ready_prev = m->ready->ready_prev;
    s->ready_prev->ready_next = s;
    m->ready->ready_prev = s;
}

static void ring_remove(struct mux *m, struct mux_stream *s)
{
    if (!s->ready)
        return;
    s->ready = false;
    if (s->ready_next == s) {
        m->ready = NULL;
        return;
    }
    s->ready_next->ready_prev = s->ready_prev;
    s->ready_prev->ready_next = s->ready_next;
    if (m->ready == s)
        m->ready = s->ready_next;
}

static void writable_add(struct mux *m, struct mux_stream *s)
{
    if (s->writable)
        return;
    s->writable = true;
    s->writable_next = NULL;
    if (m->writable_last == NULL)
        m->writable_first = s;
    else
        m->writable_last->writable_next = s;
    m->writable_last = s;
}

static void writable_remove(struct mux *m, struct mux_stream *s)
{
    struct mux_stream *before = NULL;

    if (!s->writable)
        return;
    for (struct mux_stream *i = m->writable_first; i != s; i = i->writable_next)
        before = i;
    if (before == NULL)
        m->writable_first = s->writable_next;
    else
        before->writable_next = s->writable_next;
    if (m->writable_last == s)
        m->writable_last = before;
    s->writable = false;
}

struct mux_stream *mux_take_writable(struct mux *m)
{
    struct mux_stream *s = m->writable_first;

    if (s != NULL)
        writable_remove(m, s);
    return s;
}

/* What a queue costs in memory: small parts cost more than their bytes. */
static void recount(struct mux *m, struct mux_stream *s)
{
    size_t now = s->send.bytes + s->send.count * MUX_PART_COST;

    m->unsent += now - s->counted;
    s->counted = now;
}

static void detach(struct mux *m, struct mux_stream *s)
{
    m->unsent -= s->counted;
    s->counted = 0;
    ring_remove(m, s);
    writable_remove(m, s);
    map_take(&m->streams, MAP_KEY(s->id));
    --*(s->inbound ? &m->inbound : &m->outbound);
    if (s->unacked)
        m->unacked--;
}

void mux_forget(struct mux *m, struct mux_stream *s)
{
    detach(m, s);
    stream_free(s);
}

void mux_forget_later(struct mux *m, struct mux_stream *s)
{
    mux_free_dead(m);
    detach(m, s);
    m->dead = s;
}

void mux_free_dead(struct mux *m)
{
    if (m->dead != NULL)
        stream_free(m->dead);
    m->dead = NULL;
}

/* ---- going out ---- */

void mux_queued(struct mux *m, struct mux_stream *s)
{
    recount(m, s);
    ring_add(m, s);
}

void mux_close_write(struct mux *m, struct mux_stream *s)
{
    s->closing = true;
    ring_add(m, s);
}

void mux_release(struct mux *m, struct mux_stream *s)
{
    assert(s->closing && s->ended && !s->released);
    s->released = true;
    if (s->closed)
        mux_forget(m, s);
}

struct mux_stream *mux_each(const struct mux *m, size_t *cursor)
{
    struct mux_stream *s;

    do
        s = map_next(&m->streams, cursor, NULL);
    while (s != NULL && s->released);
    return s;
}

bool mux_unsent(const struct mux *m)
{
    size_t cursor = 0;
    struct mux_stream *s;

    if (m->control.len > 0)
        return true;
    while ((s = map_next(&m->streams, &cursor, NULL)) != NULL)
        if (s->send.bytes > 0 || (s->closing && !s->closed))
            return true;
    return false;
}

void mux_control(struct mux *m, struct span frame)
{
    enum err err = buf_append(&m->control, frame);

    if (err != OK)
        m->failed = err;
}

bool mux_blocked(const struct mux *m)
{
    return m->control.len >= MUX_CONTROL_BLOCKED;
}

/* One stream's turn at the front of the ring. The chain is gathered before its head is written,
 * because the number of parts may be what limits it. */
static size_t gather_turn(struct mux *m, const struct env *env, size_t room, struct span *parts,
                          size_t parts_max, size_t *count)
{
    struct mux_stream *s = m->ready;
    struct mux_turn *t = &m->turns[m->turns_count];
    size_t n = 0, data_max = room - MUX_TURN_BYTES_MAX;

    ring_remove(m, s);
    if (s->send_window < data_max)
        data_max = (size_t)s->send_window;
    t->stream = s;
    t->head_len = t->tail_len = 0;
    t->data = chain_gather(&s->send, data_max, parts + 1, parts_max - 2, &n);
    m->kind->turn(m, env, s, t->data, t);
    size_t bytes = t->head_len + t->data + t->tail_len;
    if (bytes == 0)
        return 0;
    parts[0] = span_of(t->bytes, t->head_len);
    *count = n + 1;
    if (t->tail_len > 0)
        parts[(*count)++] = span_of(t->bytes + t->head_len, t->tail_len);
    m->turns_count++;
    return bytes;
}

size_t mux_gather(struct mux *m, const struct env *env, size_t bytes_max, struct span *parts,
                  size_t parts_max, size_t *count)
{
    size_t bytes = 0;

    assert(bytes_max >= 512 && parts_max >= 64);
    *count = 0;
    m->turns_count = 0;
    if (m->control.len > 0) {
        bytes = m->control.len < bytes_max ? m->control.len : bytes_max;
        parts[(*count)++] = span_of(m->control.ptr, bytes);
    }
    m->control_gathered = bytes;
    while (m->ready != NULL && m->turns_count < MUX_TURNS_MAX && parts_max - *count >= 8 &&
           bytes_max - bytes >= 256) {
        size_t used = 0;
        bytes += gather_turn(m, env, bytes_max - bytes, parts + *count, parts_max - *count, &used);
        *count += used;
    }
    return bytes;
}

static void turn_sent(struct mux *m, struct mux_turn *t)
{
    struct mux_stream *s = t->stream;

    chain_drop(&s->send, t->data);
    recount(m, s);
    if (s->closed && s->ended && s->released) {
        mux_forget(m, s);
        return;
    }
    if (s->send.bytes > 0)
        ring_add(m, s);
    if (s->wants_room && s->send.bytes <= m->params.send_low) {
        s->wants_room = false;
        writable_add(m, s);
    }
}

/* There is room again for all: who was refused because of others is told. */
static void uncrowd(struct mux *m)
{
    size_t cursor = 0;
    struct mux_stream *s;

    if (!m->crowded || m->unsent > m->params.unsent_low)
        return;
    m->crowded = false;
    while ((s = mux_each(m, &cursor)) != NULL) {
        if (!s->wants_room || s->send.bytes > m->params.send_low)
            continue;
        s->wants_room = false;
        writable_add(m, s);
    }
}

void mux_sent(struct mux *m)
{
    buf_drop(&m->control, m->control_gathered);
    m->control_gathered = 0;
    for (size_t i = 0; i < m->turns_count; i++)
        turn_sent(m, &m->turns[i]);
    m->turns_count = 0;
    uncrowd(m);
    if (m->control.len == 0 && m->control.cap > 4096)
        buf_clear(&m->control);
}
