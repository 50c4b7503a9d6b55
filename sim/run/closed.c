/* Closed forms: what must come out, from the meshes as they are when people speak. They are
 * computed beside the attacks and the counters that they judge, from other sources: the views of
 * the engines.
 *
 * Who wrote it. Without stem and flood-publish an author sends to its mesh alone, and its copies
 * leave a whole link delay before any other. So first-sent is right about a message exactly when
 * one of the D peers in the mesh of its author spies. Of S spies among the N - 1 other nodes none
 * is there with
 *
 *     C(N - 1 - S, D) / C(N - 1, D) = product over i < D of (N - 1 - S - i) / (N - 1 - i)
 *
 * which tends to (1 - f)^D. It holds on average over who spies; in one run the meshes of its few
 * authors decide, and closed.spy_in_mesh counts them.
 *
 * How many copies. Nobody is slower than a link here: of two mesh peers the later one has the
 * message no later than the other's copy arrives, so that every link carries one copy each way, but
 * for the N - 1 links by which somebody got it first: N (D - 1) + 1 copies, and for each of the N -
 * 1 deliveries D - 2 + D / (N - 1) duplicates. What IWANT fetches comes on top. With slower nodes
 * it is less, at the least N D / 2 copies.
 */
#include "crypto/base/map.h"
#include "net/wire/peer_id.h"
#include "sim/run/inside.h"

#include <stdlib.h>

struct closed {
    struct map nodes;    /* peer id -> struct person of the node */
    double messages;     /* whose authors were looked at */
    double near, by_law; /* with a spy in the mesh; by the product above */
    double degrees;
};

static void learn(struct run *r)
{
    static const uint8_t seed[16];

    r->closed = run_need(calloc(1, sizeof *r->closed));
    map_init(&r->closed->nodes, seed, SIZE_MAX);
    for (uint32_t i = 0; i < r->nodes; i++) {
        struct peer_id id;
        if (peer_id_parse(span_str(core_id(sim_core(r->sim, i))), &id) != OK ||
            map_put(&r->closed->nodes, peer_id_span(&id), &r->people[i]) != OK)
            abort();
    }
}

static bool spies(const struct run *r, const struct gossipsub *g, uint64_t peer)
{
    struct gossipsub_peer_view v;
    const struct person *p;

    if (!gossipsub_peer_get(g, peer, &v))
        return false;
    p = map_get(&r->closed->nodes, peer_id_span(v.id));
    return p != NULL && p->spy;
}

/* The chance that no spy is among `degree` peers drawn from all others. */
static double none_of(const struct run *r, double degree)
{
    double others = r->nodes - 1, spies = 0, none = 1;

    for (uint32_t i = 0; i < r->nodes; i++)
        spies += r->people[i].spy;
    for (double i = 0; i < degree; i++)
        none *= others - spies - i > 0 ? (others - spies - i) / (others - i) : 0;
    return none;
}

void closed_init(struct run *r)
{
    if (r->sc->adversary_spies > 0 && r->sc->node_stem == 0 && r->sc->net_shards < 2)
        learn(r);
}

void closed_speaks(struct run *r, uint32_t author)
{
    const struct gossipsub *g = core_gossipsub(sim_core(r->sim, author));
    struct gossipsub_topic_view t;
    size_t cursor = 0, degree = 0;
    uint64_t peer;
    bool near = false;

    if (r->closed == NULL || g == NULL)
        return;
    while (gossipsub_topic_next(g, &cursor, &t))
        if (t.subscribed)
            for (; gossipsub_topic_peer(g, t.name, true, degree, &peer); degree++)
                near = near || spies(r, g, peer);
    r->closed->messages++;
    r->closed->near += near;
    r->closed->degrees += (double)degree;
    r->closed->by_law += 1 - none_of(r, (double)degree);
}

void closed_measure(struct run *r, double degree, double iwants_answered)
{
    const struct closed *c = r->closed;
    double others = r->nodes - 1;

    if (degree > 0)
        measure_add(r, "closed.duplicates", "copies",
                    degree - 2 + degree / others + iwants_answered);
    if (c == NULL || c->messages <= 0)
        return;
    measure_add(r, "closed.first_sent", "share", c->by_law / c->messages);
    measure_add(r, "closed.spy_in_mesh", "share", c->near / c->messages);
    measure_add(r, "closed.author_degree", "peers", c->degrees / c->messages);
}

void closed_free(struct run *r)
{
    if (r->closed != NULL)
        map_clear(&r->closed->nodes);
    free(r->closed);
}
