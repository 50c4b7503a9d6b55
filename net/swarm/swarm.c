/* The swarm as a whole, and its upper line. */
#include "net/swarm/swarm.h"

#include "net/swarm/inner.h"

#include <stdlib.h>

#define REFUSED_MAX  65536u
#define STREAMS_MAX  1048576u
#define CARRIERS_MAX 65536u

enum err swarm_new(struct swarm **out, const struct env *env, const struct swarm_params *params,
                   const struct noise_self *noise, const struct peer_id *self)
{
    struct swarm *s = calloc(1, sizeof *s);
    uint8_t seed[16];

    if (s == NULL)
        return ERR_MEMORY;
    rng_fill(env->rng, seed, sizeof seed);
    s->params = *params;
    s->self = *self;
    conn_common_init(&s->common, noise, s->protocols, STREAM_SEND_BYTES_MAX, params->muxers);
    map_init(&s->links, seed, params->conns_max);
    map_init(&s->streams, seed, STREAMS_MAX);
    map_init(&s->carriers, seed, CARRIERS_MAX);
    fifo_init(&s->circuits, sizeof(uint64_t), SWARM_DIALS_MAX);
    map_init(&s->peers, seed, params->conns_max);
    map_init(&s->peers_by_id, seed, params->conns_max);
    map_init(&s->backoffs, seed, SWARM_BACKOFFS_MAX);
    fifo_init(&s->dialed, sizeof(struct swarm_dialed), SWARM_DIALED_MAX);
    fifo_init(&s->refused, sizeof(uint64_t), REFUSED_MAX);
    heap_init(&s->timers, link_before);
    *out = s;
    return OK;
}

void swarm_free(struct swarm *s)
{
    struct link *l;
    struct peer *p;
    size_t cursor = 0;

    if (s == NULL)
        return;
    while ((l = map_next(&s->links, &cursor, NULL)) != NULL)
        link_free(s, l);
    cursor = 0;
    while ((p = map_next(&s->peers, &cursor, NULL)) != NULL)
        free(p);
    dial_free_all(s);
    backoff_free_all(s);
    map_clear(&s->links);
    map_clear(&s->streams);
    map_clear(&s->carriers);
    fifo_clear(&s->circuits);
    map_clear(&s->peers);
    map_clear(&s->peers_by_id);
    heap_clear(&s->timers);
    fifo_clear(&s->dialed);
    fifo_clear(&s->refused);
    conn_common_clear(&s->common);
    free(s);
}

void swarm_stop(struct swarm *s, const struct env *env)
{
    struct link *l;
    size_t cursor = 0;

    s->stopping = true;
    dial_stop_all(s);
    while ((l = map_next(&s->links, &cursor, NULL)) != NULL) {
        if (l->conn == NULL)
            continue;
        conn_close(l->conn, env, OK);
        link_ready(s, l);
        link_dirty(s, l);
        link_arm(s, l);
    }
}

bool swarm_idle(const struct swarm *s)
{
    return map_count(&s->links) == 0 && s->dials == NULL && fifo_count(&s->refused) == 0;
}

/* ---- the upper line ---- */

static struct conn_stream *find_stream(const struct swarm *s, uint64_t number)
{
    return map_get(&s->streams, MAP_KEY(number));
}

static void touched(struct swarm *s, const struct conn_stream *st)
{
    link_dirty(s, conn_owner(st->conn));
}

static enum err on_open(void *impl, const struct env *env, uint64_t peer,
                        const char *const *protocols, uint64_t *stream)
{
    struct swarm *s = impl;
    struct peer *p = map_get(&s->peers, MAP_KEY(peer));
    struct conn_stream *st;

    if (p == NULL)
        return ERR_NOT_FOUND;
    struct link *l = peer_link(p);
    TRY(conn_open(l->conn, env, protocols, &st));
    st->number = ++s->next_stream;
    enum err err = map_put(&s->streams, MAP_KEY(st->number), st);
    if (err != OK) {
        conn_reset(st);
        return err;
    }
    *stream = st->number;
    touched(s, st);
    link_arm(s, l);
    return OK;
}

static enum err on_write(void *impl, uint64_t stream, struct span head, struct blob *const *parts,
                         size_t count)
{
    struct conn_stream *st = find_stream(impl, stream);

    if (st == NULL)
        return ERR_CLOSED;
    TRY(conn_write(st, head, parts, count));
    touched(impl, st);
    return OK;
}

static size_t on_room(void *impl, uint64_t stream)
{
    struct conn_stream *st = find_stream(impl, stream);

    return st == NULL ? 0 : conn_room(st);
}

static size_t on_unsent(void *impl, uint64_t stream)
{
    struct conn_stream *st = find_stream(impl, stream);

    return st == NULL ? 0 : conn_unsent(st);
}

static void on_close_write(void *impl, uint64_t stream)
{
    struct conn_stream *st = find_stream(impl, stream);

    if (st == NULL)
        return;
    conn_close_write(st);
    touched(impl, st);
    if (conn_stream_done(st)) {
        events_forget_stream(impl, st);
        conn_release(st);
    }
}

static void on_reset(void *impl, uint64_t stream)
{
    struct conn_stream *st = find_stream(impl, stream);

    if (st == NULL)
        return;
    touched(impl, st);
    events_forget_stream(impl, st);
    conn_reset(st);
}

static void on_pause(void *impl, uint64_t stream, bool paused)
{
    struct conn_stream *st = find_stream(impl, stream);

    if (st == NULL)
        return;
    conn_pause(st, paused);
    if (!paused) {
        link_ready(impl, conn_owner(st->conn));
        touched(impl, st);
    }
}

static void on_disconnect(void *impl, const struct env *env, uint64_t peer, enum err why)
{
    struct swarm *s = impl;
    struct peer *p = map_get(&s->peers, MAP_KEY(peer));

    for (struct link *l = p == NULL ? NULL : p->links; l != NULL; l = l->peer_next) {
        conn_close(l->conn, env, why);
        link_ready(s, l);
        link_dirty(s, l);
        link_arm(s, l);
    }
}

static bool on_poll(void *impl, const struct env *env, struct stream_event *ev)
{
    return events_poll(impl, env, ev);
}

static enum err on_serve(void *impl, const char *const *protocols)
{
    struct swarm *s = impl;
    size_t n = 0;

    while (protocols[n] != NULL)
        n++;
    if (n > SWARM_PROTOCOLS_MAX)
        return ERR_FULL;
    for (size_t i = 0; i <= n; i++)
        s->protocols[i] = protocols[i];
    return OK;
}

void swarm_streams(struct swarm *s, struct streams *out)
{
    *out = (struct streams){
        .impl = s,
        .open = on_open,
        .write = on_write,
        .room = on_room,
        .close_write = on_close_write,
        .reset = on_reset,
        .pause = on_pause,
        .disconnect = on_disconnect,
        .poll = on_poll,
        .serve = on_serve,
        .unsent = on_unsent,
        .carry = carrier_begin,
    };
}
