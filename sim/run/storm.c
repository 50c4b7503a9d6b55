/* Fork storms: several members of each group rename it in the same moment, so that several commits
 * to one epoch are on their way at once. The name tells which commit a member is at: a storm is
 * over when all members of the group show one and the same name of it. Whoever did not prevail asks
 * again, as the chat does by itself, so the last name need not be the first that won. */
#include "sim/run/chats.h"

#include <stdio.h>
#include <stdlib.h>

#define NAME "storm %u, by %u"

struct storm { /* the last of a group */
    uint32_t number;
    int64_t at_ns;
    bool open, forked, promoted;
};

struct storms {
    struct storm *of; /* by group */
    uint64_t struck, asked, refused, over, forked, cut;
    struct histogram lasted;
};

static void name_of(struct run *r, uint32_t person, char out[CHAT_NAME_MAX])
{
    const struct chats *k = r->chats;
    struct chat_summary s;

    out[0] = '\0';
    if (chat_conversation(sim_chat_of(k->people[person]), &chats_group_of(k, person)->id, &s) ==
            OK &&
        s.state == CHAT_JOINED)
        memcpy(out, s.name, CHAT_NAME_MAX);
}

/* Do all who are up show one name of this storm? Two of it at once: a fork that people saw. */
static bool same_name(struct run *r, const struct group *g, struct storm *m)
{
    char first[CHAT_NAME_MAX], name[CHAT_NAME_MAX], wanted[32];
    bool same = true;
    int len = snprintf(wanted, sizeof wanted, "storm %u,", m->number);

    first[0] = '\0';
    for (uint32_t i = g->first; i < g->first + g->count; i++) {
        if (!chats_can(r, i))
            continue;
        name_of(r, i, name);
        if (strncmp(name, wanted, (size_t)len) != 0) {
            same = false;
            continue;
        }
        if (first[0] == '\0')
            memcpy(first, name, sizeof first);
        if (strcmp(first, name) == 0)
            continue;
        same = false;
        m->forked = true;
    }
    return same && first[0] != '\0';
}

/* Who storms must be allowed to: the founder makes admins of them. */
static void promote(struct run *r, struct group *g)
{
    struct chats *k = r->chats;
    uint32_t node = sim_chat_node(k->people[g->first]);

    for (uint32_t i = 1; i < g->count && i < (uint32_t)r->sc->chat_storm_members; i++) {
        struct chat_account a = sim_chat_account(k->people[g->first + i]);
        if (chat_set_role(sim_chat_of(k->people[g->first]), sim_env(r->sim, node), &g->id, &a,
                          CHAT_ADMIN) != OK)
            k->storms->refused++;
    }
    sim_touch(r->sim, node);
}

void storm_look(struct run *r)
{
    struct chats *k = r->chats;
    struct storms *s = k->storms;

    for (uint32_t i = 0; s != NULL && i < k->groups_count; i++) {
        struct group *g = &k->groups[i];
        struct storm *m = &s->of[i];
        uint32_t in = 0;
        for (uint32_t j = g->first; j < g->first + g->count; j++)
            in += chats_can(r, j);
        if (!m->promoted && in == g->count && chats_can(r, g->first)) {
            m->promoted = true;
            promote(r, g);
        }
        if (!m->open || !same_name(r, g, m))
            continue;
        m->open = false;
        s->over++;
        s->forked += m->forked;
        histogram_add(&s->lasted, sim_now(r->sim) - m->at_ns);
    }
}

static void strike(void *step)
{
    const struct step *p = step;
    struct run *r = p->run;
    struct chats *k = r->chats;
    struct group *g = &k->groups[p->a];
    struct storm *m = &k->storms->of[p->a];
    char name[CHAT_NAME_MAX];

    k->storms->cut += m->open; /* the last one is not over yet */
    *m = (struct storm){.number = p->b, .at_ns = sim_now(r->sim), .open = true, .promoted = true};
    k->storms->struck++;
    for (uint32_t i = 0; i < g->count && i < (uint32_t)r->sc->chat_storm_members; i++) {
        uint32_t who = g->first + i, node = sim_chat_node(k->people[who]);
        if (!chats_can(r, who))
            continue;
        snprintf(name, sizeof name, NAME, p->b, who);
        k->storms->asked++;
        k->storms->refused +=
            chat_set_group_name(sim_chat_of(k->people[who]), sim_env(r->sim, node), &g->id,
                                span_str(name)) != OK;
        sim_touch(r->sim, node);
    }
}

void storm_plan(struct run *r)
{
    double every = r->sc->chat_storm_every_s * (double)NS_PER_S, t = (double)run_begin_ns(r);
    struct chats *k = r->chats;

    if (every <= 0)
        return;
    k->storms = run_need(calloc(1, sizeof *k->storms));
    k->storms->of = run_need(calloc(k->groups_count, sizeof *k->storms->of));
    for (uint32_t n = 0; t < (double)run_end_ns(r) - every / 2; n++, t += every)
        for (uint32_t i = 0; i < k->groups_count; i++)
            run_at(r, (int64_t)t, strike, i, n, 0);
}

void storm_measure(struct run *r)
{
    struct chats *k = r->chats;
    struct storms *s = k->storms;
    double apart = 0;

    if (s == NULL)
        return;
    storm_look(r);
    for (uint32_t i = 0; i < k->groups_count; i++)
        apart += s->of[i].open;
    measure_add(r, "storm.count", "of all groups", (double)s->struck);
    measure_add(r, "storm.commits_asked", "renames at once", (double)s->asked);
    measure_add(r, "storm.refused", "renames and promotions", (double)s->refused);
    measure_add(r, "storm.over", "storms that ended in one name", (double)s->over);
    measure_add(r, "storm.forked", "of these, members were seen at different names",
                (double)s->forked);
    measure_add(r, "storm.cut", "not over when the next came", (double)s->cut);
    measure_add(r, "storm.apart", "groups without one name in the end", apart);
    chats_times(r, "storm.lasted", &s->lasted, 1e9, "s");
}

void storm_free(struct run *r)
{
    struct storms *s = r->chats->storms;

    if (s != NULL)
        free(s->of);
    free(s);
}
