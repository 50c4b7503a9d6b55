/* Who may connect, and who has to make room. */
#include "net/swarm/inner.h"

/* IPv4 addresses count alone, IPv6 by their /64, which one holder has whole. */
static bool same_holder(const uint8_t a[16], const uint8_t b[16])
{
    return memcmp(a, b, ip_v4(a) != NULL ? 16 : 8) == 0;
}

static size_t inbound_from(const struct swarm *s, const uint8_t ip[16])
{
    size_t cursor = 0, n = 0;
    struct link *l;

    while ((l = map_next(&s->links, &cursor, NULL)) != NULL)
        n += !l->outbound && same_holder(ip, l->at.ip);
    return n;
}

static bool may_trim(const struct link *l, const struct env *env)
{
    return !l->outbound && l->state == LINK_UP && !l->peer->protected_ &&
           env->now.ns - l->up_at.ns >= SWARM_TRIM_AGE_MS * NS_PER_MS &&
           conn_streams(l->conn, true) + conn_streams(l->conn, false) == 0;
}

/* Close the oldest incoming connection on which nothing is open. It makes room for the next. */
static void trim(struct swarm *s, const struct env *env)
{
    size_t cursor = 0;
    struct link *l;

    while ((l = map_next(&s->links, &cursor, NULL)) != NULL && !may_trim(l, env))
        continue;
    if (l == NULL)
        return;
    s->counters.conns_trimmed++;
    conn_close(l->conn, env, ERR_FULL);
    link_dirty(s, l);
    link_arm(s, l);
}

/* The oldest link that has not proved itself yields, so that who floods the door with half-open
 * links locks out nobody for longer than the flood lasts. */
static void evict_half_open(struct swarm *s)
{
    size_t cursor = 0;
    struct link *l;

    while ((l = map_next(&s->links, &cursor, NULL)) != NULL)
        if (!l->outbound && l->state == LINK_UPGRADING)
            break;
    if (l == NULL)
        return;
    s->counters.upgrades_failed++;
    link_leave(s, l);
}

enum err limits_inbound(struct swarm *s, const struct env *env, const struct endpoint *from)
{
    const struct swarm_params *p = &s->params;

    if (s->stopping)
        return ERR_CLOSED;
    if (p->half_open_max == 0)
        return ERR_LIMIT;
    if (s->half_open >= p->half_open_max)
        evict_half_open(s);
    if ((p->loopback_limited || !ip_is_loopback(from->ip)) &&
        inbound_from(s, from->ip) >= p->per_ip_max)
        return ERR_LIMIT;
    if (s->inbound + s->outbound + 1 >= p->conns_max || s->inbound + 1 >= p->inbound_max)
        trim(s, env); /* one ahead, so that the next one finds room */
    if (s->inbound + s->outbound >= p->conns_max || s->inbound >= p->inbound_max)
        return ERR_LIMIT;
    return OK;
}

enum err limits_outbound(const struct swarm *s)
{
    if (s->inbound + s->outbound >= s->params.conns_max || s->outbound >= s->params.outbound_max)
        return ERR_LIMIT;
    return OK;
}
