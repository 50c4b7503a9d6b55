/* Looking in, for REST admin and metrics. */
#include "net/swarm/inner.h"

static void describe(const struct link *l, struct swarm_conn_info *out)
{
    *out = (struct swarm_conn_info){
        .peer = l->peer == NULL ? 0 : l->peer->number,
        .peer_id = l->peer == NULL ? NULL : &l->peer->id,
        .remote = &l->remote,
        .link = l->id,
        .outbound = l->outbound,
        .since = l->since,
        .bytes_in = l->bytes_in,
        .bytes_out = l->bytes_out,
    };
    if (l->conn == NULL)
        return;
    out->muxer = conn_muxer(l->conn);
    out->streams_in = conn_streams(l->conn, true);
    out->streams_out = conn_streams(l->conn, false);
}

bool swarm_each_conn(const struct swarm *s, size_t *cursor, struct swarm_conn_info *out)
{
    const struct link *l = map_next(&s->links, cursor, NULL);

    if (l == NULL)
        return false;
    describe(l, out);
    return true;
}

bool swarm_each_peer(const struct swarm *s, size_t *cursor, struct swarm_conn_info *out)
{
    const struct peer *p = map_next(&s->peers, cursor, NULL);

    if (p == NULL)
        return false;
    describe(peer_link(p), out);
    return true;
}

const struct swarm_counters *swarm_counters(const struct swarm *s)
{
    return &s->counters;
}
