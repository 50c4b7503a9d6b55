/* Dials: from addresses to one connection. Addresses are tried in order, each a little after the
 * one before, as RFC 8305 does. */
#include "net/swarm/inner.h"

#include <stdlib.h>

static void dial_free(struct dial *d)
{
    for (size_t i = 0; i < d->targets_count; i++) {
        free((void *)(uintptr_t)d->targets[i].at.host);
        free(d->targets[i].relay);
    }
    free(d);
}

static void dial_remove(struct swarm *s, struct dial *d)
{
    struct dial **i = &s->dials;

    while (*i != d)
        i = &(*i)->next;
    *i = d->next;
    s->dials_count--;
    dial_free(d);
}

static void report(struct swarm *s, uint64_t dial, enum err err, uint64_t peer,
                   const struct multiaddr *at)
{
    struct swarm_dialed out = {.dial = dial, .peer = peer, .err = err};

    if (at != NULL)
        out.at = *at;
    enum err pushed = fifo_push(&s->dialed, &out);

    (void)pushed; /* memory is out: the caller's own time-out has to do */
}

bool swarm_poll_dialed(struct swarm *s, struct swarm_dialed *out)
{
    return fifo_pop(&s->dialed, out);
}

static bool same_endpoint(const struct endpoint *a, const struct endpoint *b)
{
    return memcmp(a->ip, b->ip, 16) == 0 && a->port == b->port && a->kind == b->kind;
}

void dial_add_target(struct swarm *s, const struct env *env, struct dial *d,
                     const struct endpoint *at)
{
    if (d->targets_count == SWARM_DIAL_ADDRS_MAX || at->port == 0)
        return;
    for (size_t i = 0; i < d->targets_count; i++)
        if (d->targets[i].relay == NULL && same_endpoint(&d->targets[i].at, at))
            return;
    if (!(d->flags & SWARM_DIAL_FORCE) && backoff_active(s, env, at)) {
        d->backed_off++;
        return;
    }
    struct endpoint copy = *at;
    if (at->host != NULL) {
        copy.host = strdup(at->host);
        if (copy.host == NULL)
            return;
    }
    d->targets[d->targets_count++].at = copy;
}

void dial_add_circuit(struct dial *d, const struct multiaddr *relay)
{
    if (d->targets_count == SWARM_DIAL_ADDRS_MAX)
        return;
    struct target *t = &d->targets[d->targets_count];
    *t = (struct target){.relay = malloc(sizeof *relay)};
    if (t->relay == NULL)
        return;
    *t->relay = *relay;
    d->targets_count++;
}

/* Drop the links that a dial no longer needs. */
static void abandon_links(struct swarm *s, struct dial *d)
{
    size_t cursor = 0;
    struct link *l;

    while ((l = map_next(&s->links, &cursor, NULL)) != NULL) {
        if (l->dial != d)
            continue;
        l->dial = NULL;
        if (l->conn == NULL) {
            link_leave(s, l);
        } else {
            conn_fail(l->conn, ERR_CLOSED);
            link_ready(s, l);
        }
    }
}

static void dial_end(struct swarm *s, struct dial *d, enum err err, uint64_t peer,
                     const struct multiaddr *at)
{
    abandon_links(s, d);
    report(s, d->number, err, peer, at);
    dial_remove(s, d);
}

static enum err try_next(struct swarm *s, const struct env *env, struct dial *d)
{
    struct target *t = &d->targets[d->targets_next++];
    struct link *l;

    TRY(limits_outbound(s));
    TRY(link_new(s, env, s->next_link += 2, true, &t->at, &l));
    s->counters.dials_started++;
    l->dial = d;
    l->dial_due = true;
    l->at.listen_port = s->params.listen_port || (d->flags & SWARM_DIAL_PUNCH);
    l->give_up =
        mono_add(env->now,
                 (t->relay != NULL ? SWARM_CIRCUIT_TIMEOUT_MS : SWARM_DIAL_TIMEOUT_MS) * NS_PER_MS);
    if (t->relay != NULL) {
        enum err err = multiaddr_add(t->relay, MULTIADDR_P2P_CIRCUIT, SPAN_EMPTY);
        assert(err == OK); /* there was room when it was read */
        l->circuit = true;
        l->remote = *t->relay;
    }
    link_arm(s, l);
    link_dirty(s, l);
    d->active++;
    d->next_at = mono_add(env->now, SWARM_DIAL_STAGGER_MS * NS_PER_MS);
    return OK;
}

/* Begin the next address when its time has come; end the dial when there is none. */
void dial_advance(struct swarm *s, const struct env *env, struct dial *d)
{
    while (d->targets_next < d->targets_count &&
           (d->active == 0 || (d->flags & SWARM_DIAL_PUNCH) || d->next_at.ns <= env->now.ns)) {
        enum err err = try_next(s, env, d);
        if (err != OK)
            d->err = err;
    }
    if (d->active > 0 || d->targets_next < d->targets_count || d->lookups_waiting > 0)
        return;
    if (d->err == OK)
        d->err = d->backed_off > 0 ? ERR_BUSY : ERR_NOT_FOUND;
    dial_end(s, d, d->err, 0, NULL);
}

/* ---- how it went ---- */

void dial_failed(struct swarm *s, const struct env *env, struct link *l, enum err why)
{
    struct dial *d = l->dial;

    if (!l->outbound || d == NULL)
        return;
    s->counters.dials_failed++;
    if (!l->circuit)
        backoff_failed(s, env, &l->at);
    l->dial = NULL;
    d->active--;
    d->err = why;
    dial_advance(s, env, d);
}

void dial_succeeded(struct swarm *s, const struct env *env, struct link *l, uint64_t peer)
{
    struct dial *d = l->dial;

    (void)env;
    if (!l->circuit)
        backoff_clear(s, &l->at);
    l->dial = NULL;
    if (d != NULL)
        dial_end(s, d, OK, peer, &l->remote);
}

void dial_tick(struct swarm *s, const struct env *env)
{
    struct dial *next;

    for (struct dial *d = s->dials; d != NULL; d = next) {
        next = d->next;
        if (d->lookups_waiting > 0 && d->resolve_by.ns <= env->now.ns) {
            for (size_t i = 0; i < d->lookups_used; i++)
                d->lookups[i].query = 0;
            d->lookups_waiting = 0;
            d->err = ERR_TIMEOUT;
        }
        dial_advance(s, env, d);
    }
}

struct mono dial_deadline(const struct swarm *s)
{
    struct mono at = MONO_NEVER;

    for (const struct dial *d = s->dials; d != NULL; d = d->next) {
        if (d->targets_next < d->targets_count)
            at = mono_min(at, d->next_at);
        if (d->lookups_waiting > 0)
            at = mono_min(at, d->resolve_by);
    }
    return at;
}

void dial_stop_all(struct swarm *s)
{
    while (s->dials != NULL)
        dial_end(s, s->dials, ERR_CLOSED, 0, NULL);
}

void dial_free_all(struct swarm *s)
{
    while (s->dials != NULL)
        dial_remove(s, s->dials);
}

/* ---- begin ---- */

static bool dialing(const struct swarm *s, const struct peer_id *peer)
{
    for (const struct dial *d = s->dials; d != NULL; d = d->next)
        if (!(d->flags & SWARM_DIAL_PROBE) && d->peer.len > 0 && peer_id_eq(&d->peer, peer))
            return true;
    return false;
}

static const struct peer_id *wanted_peer(const struct peer_id *peer, const struct multiaddr *addrs,
                                         size_t count, struct peer_id *found)
{
    if (peer != NULL)
        return peer;
    for (size_t i = 0; i < count; i++)
        if (multiaddr_peer(&addrs[i], found))
            return found;
    return NULL;
}

/* What forbids a dial before its addresses are looked at. */
static enum err dial_allowed(const struct swarm *s, const struct peer_id *want, unsigned flags)
{
    if (s->stopping)
        return ERR_CLOSED;
    if (want != NULL && peer_id_eq(want, &s->self))
        return ERR_ARGUMENT;
    if (want != NULL && !(flags & SWARM_DIAL_PROBE) && dialing(s, want))
        return ERR_BUSY;
    if (s->dials_count >= SWARM_DIALS_MAX)
        return ERR_FULL;
    return limits_outbound(s);
}

static enum err dial_begin(struct swarm *s, const struct env *env, const struct peer_id *want,
                           const struct multiaddr *addrs, size_t count, unsigned flags)
{
    struct dial *d = calloc(1, sizeof *d);

    if (d == NULL)
        return ERR_MEMORY;
    d->flags = flags;
    if (want != NULL)
        d->peer = *want;
    for (size_t i = 0; i < count; i++)
        resolve_addr(s, env, d, &addrs[i], 0);
    if (d->targets_count == 0 && d->lookups_waiting == 0) {
        enum err err = d->backed_off > 0 ? ERR_BUSY : ERR_NOT_FOUND;
        dial_free(d);
        return err;
    }
    d->number = ++s->next_dial;
    struct dial **end = &s->dials;
    while (*end != NULL)
        end = &(*end)->next;
    *end = d;
    s->dials_count++;
    dial_advance(s, env, d);
    return OK;
}

enum err swarm_dial(struct swarm *s, const struct env *env, const struct peer_id *peer,
                    const struct multiaddr *addrs, size_t count, unsigned flags, uint64_t *dial)
{
    struct peer_id found;
    const struct peer_id *want = wanted_peer(peer, addrs, count, &found);
    const struct peer *known = want == NULL ? NULL : peer_find(s, want);

    if (known != NULL && !(flags & (SWARM_DIAL_AGAIN | SWARM_DIAL_PROBE)) && !s->stopping) {
        *dial = ++s->next_dial;
        report(s, *dial, OK, known->number, NULL);
        return OK;
    }
    enum err err = dial_allowed(s, want, flags);
    if (err == OK)
        err = dial_begin(s, env, want, addrs, count, flags);
    if (err != OK) {
        s->counters.dials_refused++;
        return err;
    }
    *dial = s->next_dial;
    return OK;
}
