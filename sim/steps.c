/* What a scenario does to the world, and where it looks in. */
#include "sim/world.h"

#include <stdio.h>
#include <stdlib.h>

bool sim_is_up(const struct sim *s, uint32_t node)
{
    return s->nodes[node]->up;
}

uint32_t sim_nodes(const struct sim *s)
{
    return s->nodes_count;
}

void sim_node_bytes(const struct sim *s, uint32_t node, uint64_t *in, uint64_t *out)
{
    *in = s->nodes[node]->bytes_in;
    *out = s->nodes[node]->bytes_out;
}

struct core *sim_core(struct sim *s, uint32_t node)
{
    sim_set_clock(s->nodes[node]);
    return s->nodes[node]->core;
}

struct archive *sim_archive(struct sim *s, uint32_t node)
{
    return s->nodes[node]->archive;
}

const struct env *sim_env(struct sim *s, uint32_t node)
{
    sim_set_clock(s->nodes[node]);
    return &s->nodes[node]->env;
}

void sim_touch(struct sim *s, uint32_t node)
{
    sim_set_clock(s->nodes[node]);
    if (s->nodes[node]->up)
        sim_pump(s->nodes[node]);
}

enum err sim_at(struct sim *s, int64_t at_ns, void (*fn)(void *ctx), void *ctx)
{
    if (at_ns < s->now_ns)
        return ERR_ARGUMENT;
    struct sim_event *e = sim_make(s, SIM_CALL, UINT32_MAX);
    e->at_ns = at_ns;
    e->src = UINT32_MAX;
    e->number = s->calls++;
    e->u.call.fn = fn;
    e->u.call.ctx = ctx;
    return sim_event_add(&s->events, e);
}

void sim_connect(struct sim *s, uint32_t a, uint32_t b)
{
    struct sim_node *x = s->nodes[a], *y = s->nodes[b];
    char addr[160];

    if (!x->up || !y->up)
        return;
    sim_set_clock(x);
    if (s->params.tier == SIM_F1) {
        pipe_connect(x, y);
        return;
    }
    uint32_t n = b + 1;
    snprintf(addr, sizeof addr, "/ip6/fd00:0:%x:%x::1/tcp/%u/p2p/%s", n >> 16, n & 0xffff, SIM_PORT,
             core_id(y->core));
    enum err err = core_connect(x->core, &x->env, span_str(addr), 0);
    if (err != OK && err != ERR_EXISTS && err != ERR_BUSY && err != ERR_FULL)
        log_broken(&x->env, "sim", "connect %s: %s", addr, err_name(err));
    sim_pump(x);
}

enum err sim_publish(struct sim *s, uint32_t node, struct span pubsub_topic,
                     const struct core_message *m)
{
    struct sim_node *n = s->nodes[node];
    uint8_t hash[32];

    if (!n->up)
        return ERR_CLOSED;
    sim_set_clock(n);
    TRY(core_publish(n->core, &n->env, pubsub_topic, m, hash));
    SIM_TELL(s, published, node, hash);
    sim_pump(n);
    return OK;
}

void sim_partition(struct sim *s, const uint8_t *side)
{
    free(s->side_copy);
    s->side = s->side_copy = NULL;
    if (side != NULL) {
        s->side_copy = calloc(s->params.nodes_max, 1); /* who comes later is on side 0 */
        if (s->side_copy == NULL)
            abort();
        memcpy(s->side_copy, side, s->nodes_count);
        s->side = s->side_copy;
    }
    for (uint32_t i = 0; i < s->nodes_count; i++)
        if (s->nodes[i]->up)
            s->params.tier == SIM_F1 ? pipe_heal(s->nodes[i]) : sim_links_heal(s->nodes[i]);
}

enum err sim_link_between(struct sim *s, uint32_t a, uint32_t b, const struct sim_link *link)
{
    struct sim_node *n = s->nodes[a];
    struct sim_link *l = map_get(&n->routes, MAP_KEY(b));

    if (l != NULL) {
        *l = *link;
        return OK;
    }
    l = malloc(sizeof *l);
    if (l == NULL)
        return ERR_MEMORY;
    *l = *link;
    enum err err = map_put(&n->routes, MAP_KEY(b), l);
    if (err != OK)
        free(l);
    return err;
}
