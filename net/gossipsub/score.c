#include "net/gossipsub/score.h"

#include <stdlib.h>

#define BEHAVIOUR_MAX 1e9 /* points; far beyond every threshold, and its square is finite */

/* --- counters ----------------------------------------------------------------------------------
 */

void score_graft(struct member *m, const struct env *env)
{
    m->graft_ns = env->now.ns;
    m->mesh_ns = 0;
    m->deliveries_due = false;
    m->peer->score_stale = true;
}

static double deficit(const struct gossipsub *g, const struct member *m)
{
    const struct gossipsub_topic_score *w = topic_weights(g, m->topic);

    return m->deliveries_due && m->deliveries < w->mesh_deliveries_threshold
               ? w->mesh_deliveries_threshold - m->deliveries
               : 0;
}

/* [1.1, "P3 and P3b"]: the failure sticks when it leaves the mesh with a deficit */
void score_prune(const struct gossipsub *g, struct member *m)
{
    double missing = deficit(g, m);

    m->failures += missing * missing;
    m->deliveries_due = false;
    m->mesh_ns = 0;
    m->peer->score_stale = true;
}

static void count_capped(double *counter, double cap)
{
    *counter = *counter + 1 > cap ? cap : *counter + 1;
}

void score_first_delivery(const struct gossipsub *g, struct member *m)
{
    count_capped(&m->first, topic_weights(g, m->topic)->first_deliveries_cap);
    score_near_first_delivery(g, m);
}

void score_near_first_delivery(const struct gossipsub *g, struct member *m)
{
    if (member_in_mesh(m))
        count_capped(&m->deliveries, topic_weights(g, m->topic)->mesh_deliveries_cap);
    m->peer->score_stale = true;
}

void score_invalid(struct member *m)
{
    m->invalid += 1;
    m->peer->score_stale = true;
}

void score_penalty(struct peer *p, double points)
{
    p->behaviour = p->behaviour + points > BEHAVIOUR_MAX ? BEHAVIOUR_MAX : p->behaviour + points;
    p->score_stale = true;
}

bool score_is_clean(const struct member *m)
{
    return m->first <= 0 && m->deliveries <= 0 && m->failures <= 0 && m->invalid <= 0;
}

/* --- decay [1.1, "Parameter Decay"] -------------------------------------------------------------
 */

static void decay(const struct gossipsub *g, double *counter, double factor)
{
    *counter *= factor;
    if (*counter < g->params.decay_to_zero)
        *counter = 0;
}

static void decay_member(const struct gossipsub *g, const struct env *env, struct member *m)
{
    const struct gossipsub_topic_score *w = topic_weights(g, m->topic);

    decay(g, &m->first, w->first_deliveries_decay);
    decay(g, &m->deliveries, w->mesh_deliveries_decay);
    decay(g, &m->failures, w->mesh_failure_decay);
    decay(g, &m->invalid, w->invalid_decay);
    if (!member_in_mesh(m))
        return;
    m->mesh_ns = env->now.ns - m->graft_ns; /* lazily, as P1 is defined */
    if (m->mesh_ns > w->mesh_deliveries_activation_ns)
        m->deliveries_due = true;
}

/* Scores of peers that left do not decay: going away for a while repairs nothing. */
void score_decay(struct gossipsub *g, const struct env *env)
{
    struct peer *p;

    for (size_t cursor = 0; (p = map_next(&g->peers, &cursor, NULL)) != NULL;) {
        for (uint32_t i = 0; i < p->member_count; i++)
            decay_member(g, env, p->members[i]);
        decay(g, &p->behaviour, g->params.behaviour_decay);
        p->score_stale = true;
    }
}

/* --- the function [1.1, "The Score Function"] ----------------------------------------------------
 */

static double topic_part(const struct gossipsub *g, const struct member *m)
{
    const struct gossipsub_topic_score *w = topic_weights(g, m->topic);
    double p1 = (double)(m->mesh_ns / w->time_in_mesh_quantum_ns);
    double missing = member_in_mesh(m) ? deficit(g, m) : 0;
    double sum = 0;

    if (p1 > w->time_in_mesh_cap)
        p1 = w->time_in_mesh_cap;
    if (member_in_mesh(m))
        sum += w->time_in_mesh_weight * p1;
    sum += w->first_deliveries_weight * m->first;
    sum += w->mesh_deliveries_weight * (missing * missing);
    sum += w->mesh_failure_weight * m->failures;
    sum += w->invalid_weight * (m->invalid * m->invalid);
    return w->topic_weight * sum;
}

static double colocation(const struct gossipsub *g, const struct peer *p)
{
    if (p->ip == NULL || p->ip->peers <= g->params.colocation_threshold)
        return 0;
    double surplus = (double)(p->ip->peers - g->params.colocation_threshold);
    return surplus * surplus;
}

double peer_score(const struct gossipsub *g, struct peer *p)
{
    if (p->score_stale) {
        double topics = 0, cap = g->params.topic_score_cap;
        for (uint32_t i = 0; i < p->member_count; i++)
            topics += topic_part(g, p->members[i]);
        if (cap > 0 && topics > cap)
            topics = cap;
        p->score_cache = topics + g->params.app_weight * p->app +
                         g->params.behaviour_weight * (p->behaviour * p->behaviour);
        p->score_stale = false;
    }
    return p->score_cache + g->params.colocation_weight * colocation(g, p);
}

/* --- addresses ----------------------------------------------------------------------------------
 */

static bool in_subnet(const struct gossipsub_subnet *s, struct span ip)
{
    if (s->len != ip.len)
        return false;
    for (uint32_t bit = 0; bit < s->bits; bit++)
        if (((s->bytes[bit / 8] ^ ip.ptr[bit / 8]) >> (7 - bit % 8) & 1) != 0)
            return false;
    return true;
}

/* An IPv4 address may come dressed as IPv6. */
static struct span undressed(struct span ip)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

    return ip.len == 16 && span_starts(ip, SPAN_ARRAY(mapped)) ? span_after(ip, sizeof mapped) : ip;
}

/* Whoever has an IPv6 address has its /64 as well. */
static struct span same_holder(struct span ip)
{
    return ip.len == 16 ? span_sub(ip, 0, 8) : ip;
}

static struct ip_group *group_of(struct gossipsub *g, struct span key)
{
    struct ip_group *group = map_get(&g->ips, key);

    if (group != NULL)
        return group;
    group = calloc(1, sizeof *group);
    if (group == NULL)
        return NULL;
    memcpy(group->bytes, key.ptr, key.len);
    group->len = (uint8_t)key.len;
    if (map_put(&g->ips, key, group) == OK)
        return group;
    free(group);
    return NULL;
}

void score_ip_up(struct gossipsub *g, struct peer *p, struct span ip)
{
    if (ip.len != 4 && ip.len != 16)
        return;
    ip = undressed(ip);
    for (uint32_t i = 0; i < g->params.colocation_exempt_count; i++)
        if (in_subnet(&g->params.colocation_exempt[i], ip))
            return;
    p->ip = group_of(g, same_holder(ip));
    if (p->ip != NULL)
        p->ip->peers++;
}

void score_ip_down(struct gossipsub *g, struct peer *p)
{
    struct ip_group *group = p->ip;

    p->ip = NULL;
    if (group == NULL || --group->peers > 0)
        return;
    (void)map_take(&g->ips, span_of(group->bytes, group->len));
    free(group);
}
