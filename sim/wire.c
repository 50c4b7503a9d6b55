/* How long bytes take from node to node: they wait for the uplink of the sender, travel for the
 * delay of the link with its jitter, and wait for the downlink of the receiver.
 *
 * Uplinks are first come, first served over all connections of a node. A loss costs one more round
 * trip, as TCP would make it; there is no slow start.
 */
#include "sim/world.h"

#include <stdlib.h>

void sim_link_of(const struct sim *s, uint32_t a, uint32_t b, struct sim_link *out)
{
    uint32_t to = b;
    const struct sim_link *own = map_get(&s->nodes[a]->routes, MAP_KEY(to));

    *out = own != NULL ? *own : s->params.link;
    if (own == NULL && s->params.link_between != NULL)
        s->params.link_between(s->params.link_ctx, a, b, out);
}

void sim_rates(struct sim *s, uint32_t node, int64_t up_bytes_s, int64_t down_bytes_s)
{
    s->nodes[node]->up_bytes_s = up_bytes_s;
    s->nodes[node]->down_bytes_s = down_bytes_s;
}

/* When `bytes` bytes have left a queue that is free at *free_at_ns. */
static int64_t through(int64_t now, int64_t *free_at_ns, size_t bytes, int64_t bytes_s)
{
    int64_t leave = *free_at_ns > now ? *free_at_ns : now;

    if (bytes_s > 0)
        leave += (int64_t)bytes * NS_PER_S / bytes_s;
    *free_at_ns = leave;
    return leave;
}

static int64_t jitter(struct sim_node *src, int64_t jitter_ns)
{
    return (int64_t)rng_below(&src->rng, 2 * (uint64_t)jitter_ns + 1) - jitter_ns;
}

int64_t sim_arrival(struct sim_node *src, uint32_t dst, size_t bytes, int64_t *free_at_ns,
                    int64_t *last_arrival_ns)
{
    struct sim *s = src->sim;
    struct sim_link l;

    sim_link_of(s, src->number, dst, &l);
    int64_t leave = through(s->now_ns, free_at_ns, bytes, l.bytes_per_s);
    if (src->up_bytes_s > 0)
        leave = through(leave, &src->up_free_ns, bytes, src->up_bytes_s);
    int64_t at = leave + l.delay_ns;
    if (l.jitter_ns > 0)
        at += jitter(src, l.jitter_ns);
    if (l.loss_per_million > 0 && rng_below(&src->rng, 1000000) < l.loss_per_million) {
        at += 2 * l.delay_ns;
        s->stats.lost++;
    }
    if (at < leave)
        at = leave;
    if (at <= *last_arrival_ns)
        at = *last_arrival_ns + 1;
    *last_arrival_ns = at;
    s->stats.bytes += bytes;
    s->stats.segments++;
    src->bytes_out += bytes;
    s->nodes[dst]->bytes_in += bytes;
    sim_tell_segment(s, src->number, dst, leave, bytes);
    return at;
}

bool sim_waits_for_downlink(struct sim_node *dst, struct sim_event *e)
{
    if (dst->down_bytes_s == 0 || e->bytes == 0)
        return false;
    int64_t at = through(dst->sim->now_ns, &dst->down_free_ns, e->bytes, dst->down_bytes_s);
    e->bytes = 0; /* it passes once */
    if (at == dst->sim->now_ns)
        return false;
    e->at_ns = at;
    return true;
}

bool sim_parted(const struct sim *s, uint32_t a, uint32_t b)
{
    return s->side != NULL && s->side[a] != s->side[b];
}
