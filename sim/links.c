/* Tier F0: struct port over virtual connections. A connection is two directions of in-order bytes;
 * each end may pause, block, close or die. */
#include "sim/world.h"

#include <stdlib.h>

static void conn_unref(struct sim_conn *c)
{
    if (--c->refs > 0)
        return;
    for (int i = 0; i < 2; i++) {
        struct blob *b;
        while (fifo_pop(&c->end[i].held, &b))
            blob_unref(b);
        fifo_clear(&c->end[i].held);
    }
    free(c);
}

static struct sim_node *node_of(struct sim_node *n, uint32_t number)
{
    return n->sim->nodes[number];
}

/* Which end of the connection has this link of this node? */
static int end_of(const struct sim_conn *c, const struct sim_node *n, uint64_t link)
{
    return c->end[0].node == n->number && c->end[0].link == link ? 0 : 1;
}

static void post_link(struct sim_node *from, struct sim_conn *c, int told, enum sim_event_kind kind,
                      int64_t at_ns, struct blob *bytes, enum err why)
{
    struct sim_event *e = sim_make(from->sim, kind, c->end[told].node);

    c->refs++;
    e->u.link.conn = c;
    e->u.link.end = told;
    e->u.link.bytes = bytes;
    e->bytes = bytes != NULL ? bytes->len : kind == SIM_DOWN ? 40 : 0;
    e->u.link.why = why;
    sim_post(from, e, at_ns);
}

/* ---- struct port ---- */

static void port_dial(void *world, uint64_t link, const struct endpoint *to)
{
    struct sim_node *n = world;
    uint32_t dst = 0;
    struct sim_conn *c = calloc(1, sizeof *c);

    if (c == NULL)
        abort();
    for (size_t i = 4; i < 8; i++)
        dst = dst << 8 | to->ip[i];
    fifo_init(&c->end[0].held, sizeof(struct blob *), SIZE_MAX);
    fifo_init(&c->end[1].held, sizeof(struct blob *), SIZE_MAX);
    c->refs = 1; /* the dialer's */
    c->end[0].node = n->number;
    c->end[0].link = link;
    if (map_put(&n->links, MAP_KEY(link), c) != OK)
        abort();
    n->sim->stats.dials++;
    if (dst == 0 || dst > n->sim->nodes_count || to->port != SIM_PORT) {
        c->end[1].node = n->number;
        c->end[1].ended = true;
        post_link(n, c, 0, SIM_DOWN, n->sim->now_ns + NS_PER_MS, NULL, ERR_REFUSED);
        return;
    }
    c->end[1].node = dst - 1;
    int64_t at = sim_arrival(n, dst - 1, 60, &c->end[0].free_at_ns, &c->end[0].last_arrival_ns);
    post_link(n, c, 1, SIM_DIAL, at, NULL, OK);
}

static size_t port_write(void *world, uint64_t link, struct span bytes)
{
    struct sim_node *n = world;
    struct sim_conn *c = map_get(&n->links, MAP_KEY(link));
    if (c == NULL)
        return bytes.len; /* into the void, as with a socket whose peer is gone */
    int own = end_of(c, n, link);
    struct sim_end *e = &c->end[own];

    size_t take = SIM_SEND_BYTES_MAX - e->in_flight;
    if (take < bytes.len)
        e->blocked = true;
    else
        take = bytes.len;
    if (take == 0)
        return 0;
    struct blob *b = blob_new(span_sub(bytes, 0, take));
    if (b == NULL)
        abort();
    e->in_flight += take;
    int64_t at = sim_arrival(n, c->end[!own].node, take, &e->free_at_ns, &e->last_arrival_ns);
    post_link(n, c, !own, SIM_BYTES, at, b, OK);
    return take;
}

/* Not at once: the core is in the middle of its pump. What comes meanwhile is held as well. */
static void deliver_later(struct sim_node *n, struct sim_conn *c, int own)
{
    const struct sim_end *e = &c->end[own];

    if (fifo_count(&e->held) > 0 || e->told_down_later)
        post_link(n, c, own, SIM_READABLE, n->sim->now_ns, NULL, OK);
}

static void port_pause(void *world, uint64_t link, bool paused)
{
    struct sim_node *n = world;
    struct sim_conn *c = map_get(&n->links, MAP_KEY(link));
    if (c == NULL)
        return;
    int own = end_of(c, n, link);

    c->end[own].paused = paused;
    if (!paused)
        deliver_later(n, c, own);
}

/* This end is gone; the other end learns of it after what is under way to it. */
static void end_link(struct sim_node *n, struct sim_conn *c, int own, enum err why)
{
    struct sim_end *e = &c->end[own];

    e->ended = true;
    e->link = 0;
    if (!c->end[!own].ended) {
        int64_t at = sim_arrival(n, c->end[!own].node, 40, &e->free_at_ns, &e->last_arrival_ns);
        post_link(n, c, !own, SIM_DOWN, at, NULL, why);
    }
    conn_unref(c);
}

static void port_close(void *world, uint64_t link, bool flush)
{
    struct sim_node *n = world;
    struct sim_conn *c = map_take(&n->links, MAP_KEY(link));

    (void)flush; /* what was accepted is under way already */
    if (c != NULL)
        end_link(n, c, end_of(c, n, link), ERR_CLOSED);
}

static void port_resolve(void *world, uint64_t query, const char *name, int type)
{
    struct sim_node *n = world;

    (void)name, (void)type;
    core_resolved(n->core, &n->env, query, ERR_NOT_FOUND, NULL, 0); /* no names in here */
}

static void port_datagram(void *world, const struct endpoint *to, struct span bytes)
{
    (void)world, (void)to, (void)bytes; /* lost: no datagram service yet */
}

static void port_job(void *world, struct job *job)
{
    struct sim_node *n = world;
    struct sim_event *e = sim_make(n->sim, SIM_JOB, n->number);

    e->u.job.job = job;
    e->u.job.generation = n->generation;
    sim_post(n, e, n->sim->now_ns + SIM_JOB_NS);
}

const struct port sim_port = {NULL,       port_dial,    port_write,    port_pause,
                              port_close, port_resolve, port_datagram, port_job};

/* ---- events ---- */

static void dialed(struct sim_node *n, struct sim_node *dialer, struct sim_conn *c)
{
    struct sim_end *own = &c->end[1];

    if (!n->up || sim_parted(n->sim, n->number, dialer->number)) {
        own->ended = true;
        post_link(n, c, 0, SIM_DOWN, n->sim->now_ns + NS_PER_S, NULL, ERR_TIMEOUT);
        return;
    }
    own->link = n->next_link;
    n->next_link += 2;
    c->refs++;
    if (map_put(&n->links, MAP_KEY(own->link), c) != OK)
        abort();
    int64_t at = sim_arrival(n, dialer->number, 60, &own->free_at_ns, &own->last_arrival_ns);
    post_link(n, c, 0, SIM_UP, at, NULL, OK);
    struct endpoint from = {.ip = {[0] = 0xfd, [15] = 1}, .port = SIM_PORT, .kind = LINK_TCP};
    uint32_t v = dialer->number + 1;
    for (size_t i = 0; i < 4; i++)
        from.ip[7 - i] = (uint8_t)(v >> (8 * i));
    core_link_incoming(n->core, &n->env, own->link, &from);
}

static void read_bytes(struct sim_node *n, struct sim_conn *c, int own, struct span bytes)
{
    struct sim_end *here = &c->end[own], *there = &c->end[!own];

    there->in_flight -= bytes.len;
    if (there->blocked && !there->ended && there->in_flight < SIM_SEND_BYTES_MAX / 2) {
        there->blocked = false;
        int64_t at = sim_arrival(n, there->node, 40, &here->free_at_ns, &here->last_arrival_ns);
        post_link(n, c, !own, SIM_WRITABLE, at, NULL, OK);
    }
    core_bytes(n->core, &n->env, here->link, bytes);
}

static bool may_read(const struct sim_node *n, const struct sim_conn *c, int own)
{
    return !c->end[own].paused && !sim_parted(n->sim, c->end[0].node, c->end[1].node);
}

static void arrived(struct sim_node *n, struct sim_conn *c, int own, struct sim_event *e)
{
    struct sim_end *here = &c->end[own];

    if (may_read(n, c, own) && fifo_count(&here->held) == 0) {
        read_bytes(n, c, own, blob_span(e->u.link.bytes));
        return;
    }
    if (fifo_push(&here->held, &e->u.link.bytes) != OK)
        abort();
    e->u.link.bytes = NULL;
}

static void down(struct sim_node *n, struct sim_conn *c, int own, enum err why)
{
    struct sim_end *here = &c->end[own];

    if (fifo_count(&here->held) > 0 || sim_parted(n->sim, here->node, c->end[!own].node)) {
        here->told_down_later = true;
        here->why = why;
        return;
    }
    uint64_t link = here->link;
    here->ended = true;
    here->link = 0;
    map_take(&n->links, MAP_KEY(link));
    conn_unref(c);
    core_link_down(n->core, &n->env, link, why);
}

static void readable(struct sim_node *n, struct sim_conn *c, int own)
{
    struct sim_end *here = &c->end[own];
    struct blob *b;

    while (may_read(n, c, own) && fifo_pop(&here->held, &b)) {
        read_bytes(n, c, own, blob_span(b));
        blob_unref(b);
    }
    if (may_read(n, c, own) && here->told_down_later) {
        here->told_down_later = false;
        down(n, c, own, here->why);
    }
}

void sim_link_forget(struct sim_event *e)
{
    blob_unref(e->u.link.bytes);
    conn_unref(e->u.link.conn);
}

void sim_link_event(struct sim *s, struct sim_event *e)
{
    struct sim_conn *c = e->u.link.conn;
    int own = e->u.link.end;
    struct sim_node *n = s->nodes[c->end[own].node];
    bool alive = n->up && !c->end[own].ended && (e->kind == SIM_DIAL || c->end[own].link != 0);

    if (e->kind == SIM_DIAL)
        dialed(n, node_of(n, c->end[0].node), c);
    else if (alive && e->kind == SIM_UP)
        core_link_up(n->core, &n->env, c->end[own].link);
    else if (alive && e->kind == SIM_DOWN)
        down(n, c, own, e->u.link.why);
    else if (alive && e->kind == SIM_BYTES)
        arrived(n, c, own, e);
    else if (alive && e->kind == SIM_READABLE)
        readable(n, c, own);
    else if (alive && e->kind == SIM_WRITABLE)
        core_writable(n->core, &n->env, c->end[own].link);
    sim_link_forget(e);
    if (n->up)
        sim_pump(n);
}

void sim_links_drop(struct sim_node *n)
{
    size_t cursor = 0;
    struct span key;
    struct sim_conn *c;

    while ((c = map_next(&n->links, &cursor, &key)) != NULL) {
        uint64_t link;
        memcpy(&link, key.ptr, sizeof link);
        map_take(&n->links, MAP_KEY(link));
        end_link(n, c, end_of(c, n, link), ERR_CLOSED);
    }
}

void sim_links_heal(struct sim_node *n)
{
    size_t cursor = 0;
    struct span key;
    struct sim_conn *c;

    while ((c = map_next(&n->links, &cursor, &key)) != NULL) {
        uint64_t link;
        memcpy(&link, key.ptr, sizeof link);
        int own = end_of(c, n, link);
        if (!c->end[own].paused)
            deliver_later(n, c, own);
    }
}
