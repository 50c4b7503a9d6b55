#include "net/gossipsub/px.h"

#include "net/gossipsub/control.h"
#include "net/gossipsub/mesh.h"
#include "net/gossipsub/score.h"

#include <stdlib.h>

/* --- offering [1.1, "PRUNE Backoff and Peer Exchange"]
 * -------------------------------------------- */

static bool may_offer(struct gossipsub *g, const struct env *env, struct member *m)
{
    (void)env;
    return m->peer->protocol->mesh && peer_score(g, m->peer) >= 0;
}

struct blob *px_offer(struct gossipsub *g, const struct env *env, const struct member *pruned)
{
    const struct topic *t = pruned->topic;
    struct member **picked;
    struct buf out = BUF_INIT((size_t)g->params.px_peers *
                              (GOSSIPSUB_RECORD_BYTES_MAX + PEER_ID_BYTES_MAX + 16));
    struct writer w = writer_to(&out);

    if (peer_score(g, pruned->peer) < 0)
        return NULL; /* nothing is told to those */
    size_t n = members_pick(g, env, t->members, t->member_count, may_offer,
                            (size_t)g->params.px_peers + 1, &picked);
    for (size_t i = 0, told = 0; i < n && told < g->params.px_peers; i++) {
        const struct peer *p = picked[i]->peer;
        if (p == pruned->peer)
            continue;
        control_write_px(&w, peer_id_span(&p->id),
                         p->record == NULL ? SPAN_EMPTY : blob_span(p->record));
        told++;
    }
    struct blob *b = out.len > 0 && writer_status(&w) == OK ? blob_new(buf_span(&out)) : NULL;
    buf_clear(&out);
    return b;
}

/* --- accepting
 * ------------------------------------------------------------------------------------ */

void px_accept(struct gossipsub *g, const struct env *env, struct peer *p,
               const struct rpc_prune *prune)
{
    struct rpc_px px;
    struct peer_id id;
    size_t read = 0, taken = 0;

    if (!g->params.px || peer_score(g, p) < g->params.accept_px_threshold)
        return;
    for (struct pb q = pb_of(prune->body); rpc_next_px(&q, &px);) {
        if (++read > GOSSIPSUB_PX_PEERS_IN_MAX || taken >= g->params.px_peers) {
            g->counts.over_limit++;
            break;
        }
        if (peer_id_from_bytes(px.peer_id, &id) != OK || px.record.len > GOSSIPSUB_RECORD_BYTES_MAX)
            continue;
        if (output_connect(g, &id, px.record)) {
            g->counts.px_accepted++;
            taken++;
        }
    }
    if (taken > 0)
        log_debug(env, "gossipsub", "px peer=%llu count=%zu", (unsigned long long)p->number, taken);
}

/* --- explicit peers [1.1, "Explicit Peering Agreements"]
 * -------------------------------------------- */

static struct direct *find(const struct gossipsub *g, const struct peer_id *id)
{
    for (uint32_t i = 0; i < g->direct_count; i++)
        if (peer_id_eq(&g->direct[i].id, id))
            return &g->direct[i];
    return NULL;
}

bool direct_connected(struct gossipsub *g, const struct peer_id *id, bool connected)
{
    struct direct *d = find(g, id);

    if (d != NULL)
        d->connected = connected;
    return d != NULL;
}

/* The peer when it is connected; it may be in meshes, which explicit peers must not be. */
static bool mark_peer(struct gossipsub *g, const struct env *env, const struct peer_id *id,
                      bool direct)
{
    struct peer *p;

    for (size_t cursor = 0; (p = map_next(&g->peers, &cursor, NULL)) != NULL;) {
        if (!peer_id_eq(&p->id, id))
            continue;
        peer_set_direct(g, p, direct);
        for (uint32_t i = 0; direct && i < p->member_count; i++)
            if (member_in_mesh(p->members[i]))
                mesh_prune(g, env, p->members[i], false, g->params.prune_backoff_ns);
        return true;
    }
    return false;
}

enum err gossipsub_direct(struct gossipsub *g, const struct env *env, const struct peer_id *id,
                          bool direct)
{
    struct direct *d = find(g, id);

    if (!direct) {
        if (d != NULL)
            *d = g->direct[--g->direct_count];
        (void)mark_peer(g, env, id, false);
        return OK;
    }
    if (d != NULL)
        return OK;
    if (g->direct_count >= GOSSIPSUB_DIRECT_PEERS_MAX)
        return ERR_FULL;
    if (g->direct == NULL)
        g->direct = calloc(GOSSIPSUB_DIRECT_PEERS_MAX, sizeof *g->direct);
    if (g->direct == NULL)
        return ERR_MEMORY;
    d = &g->direct[g->direct_count++];
    *d = (struct direct){.id = *id, .connected = mark_peer(g, env, id, true)};
    if (!d->connected)
        (void)output_connect(g, id, SPAN_EMPTY);
    heartbeat_start(g, env);
    return OK;
}

void direct_tick(struct gossipsub *g, const struct env *env)
{
    if (env->now.ns < g->direct_next_ns)
        return;
    g->direct_next_ns = mono_add(env->now, g->params.direct_connect_ns).ns;
    for (uint32_t i = 0; i < g->direct_count; i++)
        if (!g->direct[i].connected)
            (void)output_connect(g, &g->direct[i].id, SPAN_EMPTY);
}
