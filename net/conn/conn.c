/* The life of a connection. */
#include "net/conn/conn.h"

#include "net/conn/inner.h"

#include <stdlib.h>

#define IN_BYTES_MAX (2u + 65535u) /* one noise frame */

static const char *const both_muxers[] = {"/yamux/1.0.0", "/mplex/6.7.0", NULL};

void conn_common_init(struct conn_common *c, const struct noise_self *noise,
                      const char *const *protocols, size_t stream_bytes_max,
                      const char *const *muxers)
{
    *c = (struct conn_common){
        .noise = noise,
        .protocols = protocols,
        .stream_bytes_max = stream_bytes_max,
        .muxers = muxers != NULL ? muxers : both_muxers,
    };
    buf_init(&c->spare_plain, CONN_PLAIN_BYTES_MAX);
    buf_init(&c->spare_wire, CONN_WIRE_BYTES_MAX);
    buf_init(&c->answer, MULTISTREAM_OUT_BYTES_MAX);
}

void conn_common_clear(struct conn_common *c)
{
    buf_clear(&c->spare_plain);
    buf_clear(&c->spare_wire);
    buf_clear(&c->answer);
    ws_common_clear(&c->ws);
}

static struct conn *make(struct conn_common *common, void *owner, const struct env *env,
                         bool dialer, const struct peer_id *expected)
{
    struct conn *c = calloc(1, sizeof *c);

    if (c == NULL)
        return NULL;
    c->common = common;
    c->owner = owner;
    c->dialer = dialer;
    if (expected != NULL)
        c->expected = *expected;
    c->heard = env->now;
    c->until = mono_add(env->now, CONN_UPGRADE_TIMEOUT_MS * NS_PER_MS);
    buf_init(&c->in, IN_BYTES_MAX);
    buf_init(&c->plain, CONN_PLAIN_BYTES_MAX);
    buf_init(&c->wire, CONN_WIRE_BYTES_MAX);
    return c;
}

static enum err made(struct conn **out, struct conn *c, enum err err)
{
    if (err == OK)
        *out = c;
    else
        conn_free(c);
    return err;
}

enum err conn_new(struct conn **out, struct conn_common *common, void *owner, const struct env *env,
                  bool dialer, const struct peer_id *expected)
{
    struct conn *c = make(common, owner, env, dialer, expected);

    return c == NULL ? ERR_MEMORY : made(out, c, conn_upgrade_start(c));
}

enum err conn_new_ws(struct conn **out, struct conn_common *common, void *owner,
                     const struct env *env, bool dialer, const struct peer_id *expected,
                     const char *host)
{
    struct conn *c = make(common, owner, env, dialer, expected);

    if (c == NULL)
        return ERR_MEMORY;
    enum err err = ws_new(&c->ws, &common->ws, dialer);
    if (err == OK && dialer)
        err = ws_dial(c->ws, env, host, &c->wire);
    return made(out, c, err);
}

void conn_free(struct conn *c)
{
    size_t cursor = 0;
    struct mux_stream *s;

    if (c == NULL)
        return;
    if (c->mux != NULL) {
        while ((s = mux_each(c->mux, &cursor)) != NULL)
            conn_stream_detach(conn_stream_of(s));
        c->mux->kind->destroy(c->mux);
    }
    ws_free(c->ws);
    multistream_clear(&c->select);
    noise_free(c->noise);
    buf_clear(&c->in);
    buf_clear(&c->plain);
    buf_clear(&c->wire);
    buf_clear(&c->delivering);
    free(c);
}

void conn_fail(struct conn *c, enum err why)
{
    if (c->state >= CONN_ENDING)
        return;
    c->state = CONN_ENDING;
    c->why = why;
    c->until = MONO_NEVER;
}

void conn_close(struct conn *c, const struct env *env, enum err why)
{
    if (c->state >= CONN_CLOSING)
        return;
    if (c->state < CONN_OPEN) {
        conn_fail(c, why);
        return;
    }
    c->state = CONN_CLOSING;
    c->why = why;
    c->until = mono_add(env->now, CONN_CLOSE_TIMEOUT_MS * NS_PER_MS);
    c->mux->kind->go_away(c->mux, why);
}

/* ---- events ---- */

static bool held_full(const struct conn *c)
{
    return c->held_bytes >= CONN_HELD_BYTES_MAX;
}

/* Has something arrived that was not given yet? */
static bool undelivered(const struct conn *c)
{
    return c->held_bytes > 0 || c->resumed_first != NULL ||
           (c->feed_due && c->plain.len > c->plain_off);
}

void conn_carrier_ended(struct conn *c, const struct env *env, enum err why)
{
    bool open = c->state == CONN_OPEN || c->state == CONN_CLOSING;

    if (!open || !undelivered(c)) {
        conn_fail(c, why);
        return;
    }
    c->ended = true;
    c->ended_why = why;
    c->until = mono_add(env->now, CONN_DRAIN_TIMEOUT_MS * NS_PER_MS);
}

/* Streams first, so that nobody hears of a stream of a connection that is down. */
static bool poll_ending(struct conn *c, struct conn_event *ev)
{
    struct mux_stream *m;

    while (c->mux != NULL && (m = mux_each(c->mux, &c->end_cursor)) != NULL) {
        struct conn_stream *s = conn_stream_of(m);
        bool silent = c->refused == s || (s->negotiation != NULL && m->inbound);
        *ev = (struct conn_event){
            .kind = s->negotiation != NULL ? CONN_REFUSED : CONN_RESET, .err = c->why, .stream = s};
        conn_stream_detach(s);
        if (!silent)
            return true;
    }
    c->state = CONN_GONE;
    *ev = (struct conn_event){.kind = CONN_DOWN, .err = c->why};
    return true;
}

/* The peer broke the muxer's rules: tell it so, and end. */
static void violated(struct conn *c, const struct env *env, enum err err)
{
    log_unusual(env, "conn", "muxer violated err=%s muxer=%s", err_name(err), conn_muxer(c));
    c->mux->failed = OK;
    c->mux->kind->go_away(c->mux, err);
    conn_seal(c, env);
    conn_fail(c, err);
}

static bool poll_mux(struct conn *c, const struct env *env, struct conn_event *ev)
{
    while (c->state < CONN_ENDING && c->feed_due && !held_full(c)) {
        struct mux_event mev;
        struct span rest = span_after(buf_span(&c->plain), c->plain_off);
        enum err err = c->mux->kind->feed(c->mux, env, &rest, &mev);
        c->plain_off = c->plain.len - rest.len;
        if (err == ERR_BUSY)
            return false;
        if (err == ERR_MORE) {
            c->feed_due = false;
            conn_plain_done(c);
            return false;
        }
        if (err != OK)
            violated(c, env, err);
        else if (conn_on_mux(c, env, &mev, ev))
            return true;
    }
    return false;
}

bool conn_poll(struct conn *c, const struct env *env, struct conn_event *ev)
{
    buf_clear(&c->delivering);
    if (c->state < CONN_OPEN || c->state == CONN_GONE)
        return false;
    if (c->refused != NULL && c->state < CONN_ENDING)
        conn_reset(c->refused);
    if (c->state < CONN_ENDING) {
        if (c->up_due) {
            c->up_due = false;
            *ev = (struct conn_event){.kind = CONN_UP};
            return true;
        }
        if (conn_poll_waiting(c, env, ev) || poll_mux(c, env, ev))
            return true;
        if (c->ended && !undelivered(c))
            conn_fail(c, c->ended_why);
    }
    return c->state == CONN_ENDING && poll_ending(c, ev);
}

bool conn_pollable(const struct conn *c)
{
    if (c->state < CONN_OPEN || c->state == CONN_GONE)
        return false;
    if (c->state == CONN_ENDING || c->up_due || c->refused != NULL || conn_waiting(c))
        return true;
    if (c->ended && !undelivered(c))
        return true;
    return c->feed_due && !held_full(c) && !mux_blocked(c->mux);
}

bool conn_wants_pause(const struct conn *c)
{
    if (c->state != CONN_OPEN && c->state != CONN_CLOSING)
        return false;
    return held_full(c) || mux_blocked(c->mux) || c->plain.len - c->plain_off > CONN_PLAIN_PAUSE;
}

/* ---- time ---- */

struct mono conn_deadline(const struct conn *c)
{
    struct mono next = c->until;

    if (c->state >= CONN_ENDING)
        return MONO_NEVER;
    if (c->negotiating_first != NULL)
        next = mono_min(next, c->negotiating_first->negotiate_until);
    if (c->state == CONN_OPEN && c->mux->kind == &muxer_yamux && !conn_wants_pause(c))
        next =
            mono_min(next, mono_add(c->heard, (c->pinged ? CONN_IDLE_DEAD_MS : CONN_IDLE_PING_MS) *
                                                  NS_PER_MS));
    return next;
}

static void keep_alive(struct conn *c, const struct env *env)
{
    int64_t silent = env->now.ns - c->heard.ns;

    if (conn_wants_pause(c)) {
        c->heard = env->now; /* it is us who do not listen */
    } else if (!c->pinged && silent >= CONN_IDLE_PING_MS * NS_PER_MS) {
        c->pinged = c->mux->kind->ping(c->mux, env);
    } else if (c->pinged && silent >= CONN_IDLE_DEAD_MS * NS_PER_MS) {
        conn_fail(c, ERR_TIMEOUT);
    }
}

void conn_tick(struct conn *c, const struct env *env)
{
    if (c->state >= CONN_ENDING)
        return;
    if (env->now.ns >= c->until.ns)
        conn_fail(c, c->state == CONN_CLOSING ? c->why : ERR_TIMEOUT);
    else if (c->state == CONN_OPEN)
        keep_alive(c, env);
}

/* ---- looking in ---- */

const struct peer_id *conn_remote(const struct conn *c)
{
    return c->noise != NULL && noise_ready(c->noise) ? noise_remote(c->noise) : NULL;
}

void *conn_owner(const struct conn *c)
{
    return c->owner;
}

const char *conn_muxer(const struct conn *c)
{
    return c->mux == NULL ? NULL : c->mux->kind->id;
}

size_t conn_streams(const struct conn *c, bool inbound)
{
    if (c->mux == NULL)
        return 0;
    return inbound ? c->mux->inbound : c->mux->outbound;
}
