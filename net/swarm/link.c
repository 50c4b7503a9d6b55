/* Links: what the world and we have between us, from dial or accept to close. */
#include "net/swarm/inner.h"

#include <stdio.h>
#include <stdlib.h>

struct link *link_find(const struct swarm *s, uint64_t id)
{
    return map_get(&s->links, MAP_KEY(id));
}

static void write_remote(struct link *l)
{
    if (multiaddr_add_endpoint(&l->remote, l->at.ip, MULTIADDR_TCP, l->at.port) != OK)
        return; /* cannot be: it fits */
    if (l->at.kind != LINK_TCP) {
        enum multiaddr_code code = l->at.kind == LINK_WS ? MULTIADDR_WS : MULTIADDR_WSS;
        enum err err = multiaddr_add(&l->remote, code, SPAN_EMPTY);
        assert(err == OK);
    }
}

enum err link_new(struct swarm *s, const struct env *env, uint64_t id, bool outbound,
                  const struct endpoint *at, struct link **out)
{
    struct link *l = calloc(1, sizeof *l);

    if (l == NULL)
        return ERR_MEMORY;
    l->id = id;
    l->outbound = outbound;
    l->at = *at;
    l->at.host = NULL;
    l->since = env->now;
    l->give_up = l->close_at = l->due = MONO_NEVER;
    write_remote(l);
    if (at->host != NULL) {
        l->at.host = strdup(at->host);
        if (l->at.host == NULL) {
            free(l);
            return ERR_MEMORY;
        }
    }
    enum err err = map_put(&s->links, MAP_KEY(l->id), l);
    if (err == OK)
        err = heap_insert(&s->timers, &l->timer);
    if (err != OK) {
        map_take(&s->links, MAP_KEY(l->id));
        free((void *)(uintptr_t)l->at.host);
        free(l);
        return err;
    }
    ++*(outbound ? &s->outbound : &s->inbound);
    *out = l;
    return OK;
}

/* ---- lists: of links to poll, of links to pump ---- */

void link_ready(struct swarm *s, struct link *l)
{
    if (l->ready)
        return;
    l->ready = true;
    l->ready_next = NULL;
    if (s->ready_last == NULL)
        s->ready_first = l;
    else
        s->ready_last->ready_next = l;
    s->ready_last = l;
}

void link_dirty(struct swarm *s, struct link *l)
{
    if (l->dirty)
        return;
    l->dirty = true;
    l->dirty_next = NULL;
    if (s->dirty_last == NULL)
        s->dirty_first = l;
    else
        s->dirty_last->dirty_next = l;
    s->dirty_last = l;
}

struct link *link_take_dirty(struct swarm *s)
{
    struct link *l = s->dirty_first;

    if (l == NULL)
        return NULL;
    s->dirty_first = l->dirty_next;
    if (s->dirty_first == NULL)
        s->dirty_last = NULL;
    l->dirty = false;
    return l;
}

static void ready_remove(struct swarm *s, struct link *l)
{
    struct link *before = NULL;

    if (!l->ready)
        return;
    for (struct link *i = s->ready_first; i != l; i = i->ready_next)
        before = i;
    if (before == NULL)
        s->ready_first = l->ready_next;
    else
        before->ready_next = l->ready_next;
    if (s->ready_last == l)
        s->ready_last = before;
    l->ready = false;
}

static void dirty_remove(struct swarm *s, struct link *l)
{
    struct link *before = NULL;

    if (!l->dirty)
        return;
    for (struct link *i = s->dirty_first; i != l; i = i->dirty_next)
        before = i;
    if (before == NULL)
        s->dirty_first = l->dirty_next;
    else
        before->dirty_next = l->dirty_next;
    if (s->dirty_last == l)
        s->dirty_last = before;
    l->dirty = false;
}

/* ---- end ---- */

static void leave_half_open(struct swarm *s, struct link *l)
{
    if (l->state == LINK_UPGRADING && !l->outbound)
        s->half_open--;
}

void link_leave(struct swarm *s, struct link *l)
{
    leave_half_open(s, l);
    ready_remove(s, l);
    l->state = LINK_LEAVING;
    l->give_up = l->close_at = MONO_NEVER;
    link_dirty(s, l);
}

void link_free(struct swarm *s, struct link *l)
{
    leave_half_open(s, l);
    ready_remove(s, l);
    dirty_remove(s, l);
    heap_remove(&s->timers, &l->timer);
    map_take(&s->links, MAP_KEY(l->id));
    --*(l->outbound ? &s->outbound : &s->inbound);
    conn_free(l->conn);
    free((void *)(uintptr_t)l->at.host);
    free(l);
}

/* ---- time ---- */

bool link_before(const struct heap_node *a, const struct heap_node *b)
{
    const struct link *x =
        (const struct link *)(const void *)((const char *)a - offsetof(struct link, timer));
    const struct link *y =
        (const struct link *)(const void *)((const char *)b - offsetof(struct link, timer));

    return x->due.ns != y->due.ns ? x->due.ns < y->due.ns : x->id < y->id;
}

static struct mono wanted(const struct link *l)
{
    struct mono at = mono_min(l->give_up, l->close_at);

    return l->conn == NULL ? at : mono_min(at, conn_deadline(l->conn));
}

void link_arm(struct swarm *s, struct link *l)
{
    struct mono at = wanted(l);

    if (at.ns >= l->due.ns)
        return; /* an early wake-up is harmless, and most deadlines only move away */
    l->due = at;
    heap_moved(&s->timers, &l->timer);
}

static void link_fired(struct swarm *s, const struct env *env, struct link *l)
{
    if (l->state == LINK_DIALING && l->give_up.ns <= env->now.ns) {
        dial_failed(s, env, l, ERR_TIMEOUT);
        link_leave(s, l);
    } else if (l->conn != NULL && l->state != LINK_LEAVING) {
        if (l->close_at.ns <= env->now.ns)
            peer_close_redundant(s, env, l);
        conn_tick(l->conn, env);
        link_ready(s, l);
        link_dirty(s, l);
    }
    /* what the poll is to do with it now must not fire again before that poll */
    struct mono soonest = mono_add(env->now, NS_PER_MS);
    l->due = wanted(l);
    if (l->due.ns < soonest.ns)
        l->due = soonest;
    heap_moved(&s->timers, &l->timer);
}

void swarm_tick(struct swarm *s, const struct env *env)
{
    struct heap_node *n;

    while ((n = heap_peek(&s->timers)) != NULL) {
        struct link *l = CONTAINER_OF(n, struct link, timer);
        if (l->due.ns > env->now.ns)
            break;
        link_fired(s, env, l);
    }
    dial_tick(s, env);
}

struct mono swarm_deadline(const struct swarm *s)
{
    struct heap_node *n = heap_peek(&s->timers);
    struct mono at = dial_deadline(s);

    if (s->ready_first != NULL || s->dirty_first != NULL)
        return (struct mono){0};
    return n == NULL ? at : mono_min(at, CONTAINER_OF(n, struct link, timer)->due);
}

/* ---- the world speaks ---- */

/* Of a request: the name that was dialed, or the address; RFC 9110 7.2 */
static void write_host(const struct link *l, char *out, size_t size)
{
    char ip[IP_TEXT_MAX];
    uint16_t usual = l->at.kind == LINK_WSS ? 443 : 80;
    bool brackets = l->at.host == NULL && ip_v4(l->at.ip) == NULL;

    ip_text(l->at.ip, ip);
    int len = snprintf(out, size, brackets ? "[%s]" : "%s", l->at.host != NULL ? l->at.host : ip);
    if (l->at.port != usual && len > 0 && (size_t)len < size)
        snprintf(out + len, size - (size_t)len, ":%u", l->at.port);
}

enum err link_upgrade(struct swarm *s, const struct env *env, struct link *l)
{
    const struct peer_id *expected =
        l->dial != NULL && l->dial->peer.len > 0 ? &l->dial->peer : NULL;
    bool dialer = l->outbound && (l->dial == NULL || !(l->dial->flags & SWARM_DIAL_LISTENER));
    char host[WS_HOST_BYTES_MAX];

    if (l->at.kind == LINK_TCP) {
        TRY(conn_new(&l->conn, &s->common, l, env, dialer, expected));
    } else {
        write_host(l, host, sizeof host);
        TRY(conn_new_ws(&l->conn, &s->common, l, env, l->outbound, expected, host));
    }
    l->state = LINK_UPGRADING;
    l->give_up = MONO_NEVER;
    link_arm(s, l);
    link_dirty(s, l);
    return OK;
}

void swarm_link_incoming(struct swarm *s, const struct env *env, uint64_t link,
                         const struct endpoint *from)
{
    struct link *l = NULL;
    enum err err = limits_inbound(s, env, from);

    s->counters.links_incoming++;
    if (err == OK)
        err = link_new(s, env, link, false, from, &l);
    if (err == OK) {
        err = link_upgrade(s, env, l);
        if (err == OK) {
            s->half_open++;
            return;
        }
        link_free(s, l);
    }
    s->counters.links_incoming_refused++;
    log_debug(env, "swarm", "refuse link=%llu err=%s", (unsigned long long)link, err_name(err));
    if (fifo_push(&s->refused, &link) != OK)
        log_unusual(env, "swarm", "forget link=%llu: too many to refuse", (unsigned long long)link);
}

void swarm_link_up(struct swarm *s, const struct env *env, uint64_t link)
{
    struct link *l = link_find(s, link);

    if (l == NULL || l->state != LINK_DIALING)
        return;
    enum err err = link_upgrade(s, env, l);
    if (err != OK) {
        dial_failed(s, env, l, err);
        link_leave(s, l);
    }
}

/* A link that we refused ended before the port was told: the id is dead and must not be used. */
static void forget_refused(struct swarm *s, uint64_t link)
{
    for (size_t i = 0; i < fifo_count(&s->refused); i++) {
        uint64_t *id = fifo_at(&s->refused, i);
        if (*id == link)
            *id = 0;
    }
}

void swarm_link_down(struct swarm *s, const struct env *env, uint64_t link, enum err why)
{
    struct link *l = link_find(s, link);

    if (l == NULL) {
        forget_refused(s, link);
        return;
    }
    l->gone = true;
    if (l->state == LINK_DIALING)
        dial_failed(s, env, l, why == OK ? ERR_CLOSED : why);
    if (l->conn == NULL || l->state == LINK_LEAVING) {
        link_free(s, l);
        return;
    }
    conn_carrier_ended(l->conn, env, why == OK ? ERR_CLOSED : why);
    link_ready(s, l);
    link_arm(s, l);
}

void swarm_bytes(struct swarm *s, const struct env *env, uint64_t link, struct span bytes)
{
    struct link *l = link_find(s, link);

    if (l == NULL || l->conn == NULL || l->state == LINK_LEAVING)
        return;
    l->bytes_in += bytes.len;
    s->counters.bytes_in += bytes.len;
    conn_feed(l->conn, env, bytes);
    link_ready(s, l);
    link_dirty(s, l);
}

void swarm_writable(struct swarm *s, const struct env *env, uint64_t link)
{
    struct link *l = link_find(s, link);

    (void)env;
    if (l == NULL)
        return;
    l->blocked = false;
    link_dirty(s, l);
}
