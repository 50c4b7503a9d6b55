/* What is due at the waterline. */
#include "net/swarm/inner.h"

static void pump_refused(struct swarm *s, const struct port *port)
{
    uint64_t id;

    while (fifo_pop(&s->refused, &id))
        if (id != 0)
            port->close(port->world, id, false);
}

static void pump_lookups(struct swarm *s, const struct port *port)
{
    struct lookup *l;

    while ((l = resolve_unasked(s)) != NULL) {
        l->asked = true;
        port->resolve(port->world, l->query, l->name, l->type);
    }
}

static void write_once(struct swarm *s, struct link *l, const struct port *port)
{
    struct span wire = conn_wire(l->conn);
    size_t n = l->circuit ? carrier_write(s, l, wire) : port->write(port->world, l->id, wire);

    assert(n <= wire.len);
    l->blocked = n < wire.len;
    l->bytes_out += n;
    s->counters.bytes_out += n;
    s->counters.writes++;
    conn_wrote(l->conn, n);
}

/* Seal and write in turn until there is nothing more, or the carrier is full. */
static void pump_conn(struct swarm *s, const struct env *env, struct link *l,
                      const struct port *port)
{
    unsigned writes = 0;

    while (!l->blocked) {
        conn_seal(l->conn, env);
        if (conn_wire(l->conn).len == 0)
            break;
        if (writes++ == SWARM_WRITES_MAX) {
            link_dirty(s, l); /* others first */
            break;
        }
        write_once(s, l, port);
    }
    bool pause = conn_wants_pause(l->conn);
    if (pause != l->paused) {
        l->paused = pause;
        if (l->circuit)
            carrier_pause(s, l, pause);
        else
            port->pause(port->world, l->id, pause);
    }
    if (conn_pollable(l->conn))
        link_ready(s, l);
    link_arm(s, l);
}

static void want_circuit(struct swarm *s, const struct env *env, struct link *l)
{
    if (fifo_push(&s->circuits, &l->id) != OK)
        swarm_circuit_failed(s, env, l->id, ERR_FULL);
}

static void pump_leaving(struct swarm *s, struct link *l, const struct port *port)
{
    if (!l->gone && !l->dial_due) {
        if (l->conn != NULL && !l->blocked && conn_wire(l->conn).len > 0)
            write_once(s, l, port);
        if (l->circuit)
            carrier_close(s, l, l->conn != NULL);
        else
            port->close(port->world, l->id, l->conn != NULL);
    }
    link_free(s, l);
}

bool swarm_pump(struct swarm *s, const struct env *env, const struct port *port)
{
    struct link *l, *last = s->dirty_last;

    pump_refused(s, port);
    pump_lookups(s, port);
    while ((l = link_take_dirty(s)) != NULL) {
        bool end = l == last;
        if (l->state == LINK_LEAVING) {
            pump_leaving(s, l, port);
        } else if (l->dial_due) {
            l->dial_due = false;
            if (l->circuit)
                want_circuit(s, env, l);
            else
                port->dial(port->world, l->id, &l->at);
        } else if (l->conn != NULL && !l->gone) {
            pump_conn(s, env, l, port);
        }
        if (end)
            break;
    }
    return s->ready_first != NULL || s->dirty_first != NULL || fifo_count(&s->circuits) > 0;
}
