/* Peers that come, go, and are remembered for a while. */
#include "net/gossipsub/px.h"
#include "net/gossipsub/score.h"

#include <stdlib.h>

struct peer *peer_get(const struct gossipsub *g, uint64_t number)
{
    return map_get(&g->peers, MAP_KEY(number));
}

static void peer_free(struct gossipsub *g, struct peer *p)
{
    score_ip_down(g, p);
    queue_free(g, &p->queue);
    members_free(g, p);
    recent_clear(&p->unwanted);
    blob_unref(p->record);
    free(p);
}

/* its score and backoffs of last time, or a blank one */
static struct peer *remember(struct gossipsub *g, const struct peer_id *id)
{
    struct peer *p = map_take(&g->retained, peer_id_span(id));

    if (p == NULL)
        p = calloc(1, sizeof *p);
    if (p == NULL)
        return NULL;
    p->id = *id;
    p->score_stale = true;
    p->ihaves = p->asked = p->idontwants = 0;
    queue_init(&p->queue, g);
    recent_init(&p->unwanted, sizeof(struct unwanted), g->params.idontwant_ids_max);
    return p;
}

void peer_set_direct(struct gossipsub *g, struct peer *p, bool direct)
{
    bool flood = direct || !p->protocol->mesh;

    p->direct = direct;
    g->flood_peers += (uint32_t)flood - (uint32_t)p->flood;
    p->flood = flood;
}

/* the hello packet: all topics that we are in [1.0] */
static void greet(struct gossipsub *g, struct peer *p)
{
    struct topic *t;

    for (size_t cursor = 0; (t = map_next(&g->topics, &cursor, NULL)) != NULL;)
        if (t->subscribed && queue_control(g, p, CONTROL_SUBSCRIBE, t, 0, NULL))
            g->counts.sent_subscriptions++;
}

enum err gossipsub_peer_up(struct gossipsub *g, const struct env *env, uint64_t peer,
                           const struct peer_id *id, const char *protocol, bool outbound,
                           struct span ip)
{
    const struct gossipsub_protocol *row = gossipsub_protocol_find(protocol);

    if (row == NULL)
        return ERR_UNSUPPORTED;
    if (peer_get(g, peer) != NULL)
        return ERR_EXISTS;
    struct peer *p = remember(g, id);
    if (p == NULL)
        return ERR_MEMORY;
    enum err err = map_put(&g->peers, MAP_KEY(peer), p);
    if (err != OK) {
        peer_free(g, p);
        return err;
    }
    p->number = peer;
    p->protocol = row;
    p->outbound = outbound;
    p->connected = true;
    p->disconnecting = p->flood = false;
    peer_set_direct(g, p, direct_connected(g, id, true));
    score_ip_up(g, p, ip);
    greet(g, p);
    heartbeat_start(g, env);
    log_debug(env, "gossipsub", "peer_up peer=%llu protocol=%s", (unsigned long long)peer, row->id);
    return OK;
}

void gossipsub_peer_renew(struct gossipsub *g, uint64_t peer)
{
    struct peer *p = peer_get(g, peer);

    if (p == NULL)
        return;
    greet(g, p);
    for (uint32_t i = 0; i < p->member_count; i++) {
        const struct member *m = p->members[i];
        if (m->mesh_place != 0 && queue_control(g, p, CONTROL_GRAFT, m->topic, 0, NULL))
            g->counts.sent_graft++;
    }
}

/* When there are too many memories, the oldest goes. */
static void retain(struct gossipsub *g, const struct env *env, struct peer *p)
{
    size_t cursor = 0;
    struct span key;

    p->retain_until_ns = env->now.ns + g->params.retain_score_ns;
    if (map_count(&g->retained) >= g->params.retained_peers_max) {
        struct peer *oldest = map_next(&g->retained, &cursor, &key);
        if (oldest != NULL) {
            (void)map_take(&g->retained, key);
            peer_free(g, oldest);
        }
    }
    if (map_put(&g->retained, peer_id_span(&p->id), p) != OK)
        peer_free(g, p);
}

void gossipsub_peer_down(struct gossipsub *g, const struct env *env, uint64_t peer)
{
    struct peer *p = map_take(&g->peers, MAP_KEY(peer));

    if (p == NULL)
        return;
    (void)direct_connected(g, &p->id, false);
    g->flood_peers -= p->flood;
    p->connected = p->flood = false;
    for (uint32_t i = 0; i < p->member_count; i++)
        member_leave(g, p->members[i]);
    members_tidy(g, env, p);
    score_ip_down(g, p);
    queue_free(g, &p->queue);
    recent_clear(&p->unwanted);
    blob_unref(p->record);
    p->record = NULL;
    if (p->member_count > 0 || p->behaviour > 0)
        retain(g, env, p);
    else
        peer_free(g, p);
}

void peers_tidy(struct gossipsub *g, const struct env *env)
{
    struct peer *p;
    struct span key;

    for (size_t cursor = 0; (p = map_next(&g->peers, &cursor, NULL)) != NULL;)
        members_tidy(g, env, p);
    for (size_t cursor = 0; (p = map_next(&g->retained, &cursor, &key)) != NULL;)
        if (p->retain_until_ns <= env->now.ns) {
            (void)map_take(&g->retained, key);
            peer_free(g, p);
        }
}

static void free_all(struct gossipsub *g, struct map *peers)
{
    struct peer *p;

    for (size_t cursor = 0; (p = map_next(peers, &cursor, NULL)) != NULL;)
        peer_free(g, p);
    map_clear(peers);
}

void peers_forget_all(struct gossipsub *g)
{
    free_all(g, &g->peers);
    free_all(g, &g->retained);
}

void gossipsub_peer_record(struct gossipsub *g, uint64_t peer, struct span record)
{
    struct peer *p = peer_get(g, peer);

    if (p == NULL)
        return;
    blob_unref(p->record);
    p->record =
        record.len == 0 || record.len > GOSSIPSUB_RECORD_BYTES_MAX ? NULL : blob_new(record);
}

void gossipsub_peer_app_score(struct gossipsub *g, uint64_t peer, double score)
{
    struct peer *p = peer_get(g, peer);

    if (p == NULL)
        return;
    p->app = score;
    p->score_stale = true;
}

/* --- watching ----------------------------------------------------------------------------------
 */

static void view(const struct gossipsub *g, struct peer *p, struct gossipsub_peer_view *out)
{
    *out = (struct gossipsub_peer_view){.peer = p->number,
                                        .id = &p->id,
                                        .protocol = p->protocol->id,
                                        .outbound = p->outbound,
                                        .direct = p->direct,
                                        .score = peer_score(g, p),
                                        .meshes = p->mesh_count,
                                        .queued_bytes = p->queue.bytes,
                                        .dropped_messages = p->queue.dropped};
    for (uint32_t i = 0; i < p->member_count; i++)
        out->topics += p->members[i]->place != 0;
}

bool gossipsub_peer_next(const struct gossipsub *g, size_t *cursor, struct gossipsub_peer_view *out)
{
    struct peer *p = map_next(&g->peers, cursor, NULL);

    if (p != NULL)
        view(g, p, out);
    return p != NULL;
}

bool gossipsub_peer_get(const struct gossipsub *g, uint64_t peer, struct gossipsub_peer_view *out)
{
    struct peer *p = peer_get(g, peer);

    if (p != NULL)
        view(g, p, out);
    return p != NULL;
}
