/* A member joins a peer and a topic: subscription, mesh, fanout, backoff, counters. */
#include "net/gossipsub/score.h"

#include <stdlib.h>

static bool list_add(struct member ***list, uint32_t *count, uint32_t *cap, struct member *m)
{
    if (*count == *cap) {
        uint32_t more = *cap == 0 ? 4 : *cap * 2;
        struct member **next = realloc(*list, more * sizeof(struct member *));
        if (next == NULL)
            return false;
        *list = next;
        *cap = more;
    }
    (*list)[(*count)++] = m;
    return true;
}

/* where a topic is, or would be, among the members of a peer */
static uint32_t find(const struct peer *p, const struct topic *t)
{
    uint32_t low = 0, high = p->member_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (p->members[middle]->topic->serial < t->serial)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct member *member_get(const struct peer *p, const struct topic *t)
{
    uint32_t i = find(p, t);

    return i < p->member_count && p->members[i]->topic == t ? p->members[i] : NULL;
}

struct member *member_make(struct gossipsub *g, struct peer *p, struct topic *t)
{
    struct member *m = member_get(p, t);

    if (m != NULL)
        return m;
    if (p->member_count >= GOSSIPSUB_PEER_TOPICS_MAX) {
        g->counts.over_limit++;
        return NULL;
    }
    m = calloc(1, sizeof *m);
    if (m == NULL)
        return NULL;
    uint32_t i = find(p, t);
    if (!list_add(&p->members, &p->member_count, &p->member_cap, m)) {
        free(m);
        return NULL;
    }
    memmove(p->members + i + 1, p->members + i, (p->member_count - 1 - i) * sizeof *p->members);
    p->members[i] = m;
    m->peer = p;
    m->topic = topic_ref(t);
    return m;
}

bool member_join(struct member *m)
{
    struct topic *t = m->topic;

    if (m->place != 0)
        return true;
    if (!list_add(&t->members, &t->member_count, &t->member_cap, m))
        return false;
    m->place = t->member_count;
    return true;
}

bool mesh_insert(struct member *m)
{
    struct topic *t = m->topic;

    if (m->mesh_place != 0)
        return true;
    if (!list_add(&t->mesh, &t->mesh_count, &t->mesh_cap, m))
        return false;
    m->mesh_place = t->mesh_count;
    m->peer->mesh_count++;
    m->fanout = false;
    return true;
}

void mesh_remove(struct gossipsub *g, struct member *m)
{
    struct topic *t = m->topic;

    if (m->mesh_place == 0)
        return;
    score_prune(g, m);
    struct member *last = t->mesh[--t->mesh_count];
    t->mesh[m->mesh_place - 1] = last;
    last->mesh_place = m->mesh_place;
    m->mesh_place = 0;
    m->peer->mesh_count--;
}

void member_leave(struct gossipsub *g, struct member *m)
{
    struct topic *t = m->topic;

    mesh_remove(g, m);
    m->fanout = false;
    if (m->place == 0)
        return;
    struct member *last = t->members[--t->member_count];
    t->members[m->place - 1] = last;
    last->place = m->place;
    m->place = 0;
}

static void drop(struct gossipsub *g, struct peer *p, uint32_t i)
{
    struct member *m = p->members[i];

    memmove(p->members + i, p->members + i + 1, (--p->member_count - i) * sizeof *p->members);
    member_leave(g, m);
    topic_unref(g, m->topic);
    free(m);
}

/* [1.1]: a backoff is kept until it and its slack are over, counters until they have decayed */
static bool is_over(const struct gossipsub *g, const struct env *env, const struct member *m)
{
    int64_t slack = (int64_t)g->params.backoff_slack * g->params.heartbeat_ns;

    return m->place == 0 && m->mesh_place == 0 && score_is_clean(m) &&
           (m->backoff_until_ns == 0 || m->backoff_until_ns + slack <= env->now.ns);
}

void members_tidy(struct gossipsub *g, const struct env *env, struct peer *p)
{
    for (uint32_t i = p->member_count; i-- > 0;)
        if (is_over(g, env, p->members[i]))
            drop(g, p, i);
}

void members_free(struct gossipsub *g, struct peer *p)
{
    while (p->member_count > 0)
        drop(g, p, p->member_count - 1);
    free(p->members);
    p->members = NULL;
    p->member_cap = 0;
}
