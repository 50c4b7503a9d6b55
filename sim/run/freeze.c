/* Frozen identities: somebody has a copy of a person's disk and its 24 words, and takes it up on
 * another node. Owner and thief change the root key at once: two histories signed with equal right
 * (docs/protocol/identity.md). Whoever comes to know both must freeze the account; nobody may
 * freeze another. Victims are the last of each group, so that the founder is a contact of all. */
#include "sim/run/chats.h"

#include <stdio.h>
#include <stdlib.h>

#define THIEF_AHEAD_NS (2 * NS_PER_S)
#define THIEF_TRIES    240u /* each half a second */

struct thief {
    struct sim_chat *chat;
    uint32_t victim, node;
    int64_t at_ns; /* -1: not yet */
};

struct thieves {
    struct thief *list;
    uint32_t count;
    int64_t *frozen_ns; /* by person: when it learned of the fork in its group; -1 */
    uint64_t wrong, bad;
    struct histogram noticing;
};

static struct thief *thief_of(const struct chats *k, const struct chat_account *victim)
{
    for (uint32_t i = 0; i < k->thieves->count; i++) {
        struct chat_account a = sim_chat_account(k->people[k->thieves->list[i].victim]);
        if (memcmp(a.bytes, victim->bytes, sizeof a.bytes) == 0)
            return &k->thieves->list[i];
    }
    return NULL;
}

void freeze_told(struct run *r, uint32_t person, const struct chat_event *e)
{
    struct chats *k = r->chats;

    if (e->kind != CHAT_EVENT_FROZEN || k->thieves == NULL)
        return;
    const struct thief *t = thief_of(k, &e->account);
    if (t == NULL || t->at_ns < 0) {
        k->thieves->wrong++;
        return;
    }
    if (k->thieves->frozen_ns[person] >= 0)
        return;
    k->thieves->frozen_ns[person] = sim_now(r->sim);
    histogram_add(&k->thieves->noticing, sim_now(r->sim) - t->at_ns);
}

/* What the thief's own journal says is of no interest. */
void freeze_event(struct run *r, uint32_t node)
{
    struct thieves *t = r->chats->thieves;
    struct chat_event e;

    for (uint32_t i = 0; t != NULL && i < t->count; i++)
        while (t->list[i].node == node && t->list[i].chat != NULL &&
               sim_chat_next(t->list[i].chat, &e))
            ;
}

/* The words give both the same next key: only with another time do they sign another event. */
static enum err rotates(struct run *r, struct sim_chat *chat, struct sim_chat *owner)
{
    uint32_t node = sim_chat_node(chat);
    struct env env = *sim_env(r->sim, node);

    if (chat != owner)
        env.wall.ns += THIEF_AHEAD_NS;
    enum err err = chat_rotate(sim_chat_of(chat), &env, span_str(sim_chat_words(owner)));
    sim_touch(r->sim, node);
    return err;
}

static void failed(struct run *r, const char *what, enum err err)
{
    r->chats->thieves->bad++;
    if (r->out->broken[0] == '\0')
        snprintf(r->out->broken, sizeof r->out->broken, "%s: %s", what, err_name(err));
}

/* A root key signs only after its holder has looked into stores (ERR_BUSY before): the thief waits
 * for that, and then both sign before one hears of the other. */
static void sign(void *step)
{
    const struct step *s = step;
    struct run *r = s->run;
    struct thief *t = &r->chats->thieves->list[s->a];
    struct sim_chat *victim = r->chats->people[t->victim];
    enum err err = rotates(r, t->chat, victim);

    if (err == ERR_BUSY && s->b < THIEF_TRIES) {
        run_at(r, sim_now(r->sim) + NS_PER_S / 2, sign, s->a, s->b + 1, 0);
        return;
    }
    t->at_ns = sim_now(r->sim);
    if (err == OK)
        err = rotates(r, victim, victim);
    if (err != OK)
        failed(r, "a root key was not changed twice", err);
}

static void steal(void *step)
{
    const struct step *s = step;
    struct run *r = s->run;
    struct thief *t = &r->chats->thieves->list[s->a];
    enum err err = sim_chat_copy(&t->chat, r->chats->people[t->victim], t->node);

    if (err != OK) {
        failed(r, "a disk was not stolen", err);
        return;
    }
    chats_find_stores(r, t->node);
    sim_touch(r->sim, t->node);
    run_at(r, sim_now(r->sim) + NS_PER_S / 2, sign, s->a, 0, 0);
}

/* Nodes that nobody chats on, the first of them. */
static uint32_t free_node(const struct run *r, uint32_t from)
{
    while (from < r->nodes && (r->people[from].role != ROLE_RELAY || r->chats->place[from] > 0))
        from++;
    return from;
}

void freeze_plan(struct run *r)
{
    struct chats *k = r->chats;
    uint32_t node = 0;

    if (r->sc->chat_thefts_at_s < 0)
        return;
    struct thieves *t = k->thieves = run_need(calloc(1, sizeof *t));
    t->list = run_need(calloc(k->groups_count, sizeof *t->list));
    t->frozen_ns = run_need(calloc(k->count, sizeof *t->frozen_ns));
    for (uint32_t i = 0; i < k->count; i++)
        t->frozen_ns[i] = -1;
    for (uint32_t i = 0; i < k->groups_count; i++) {
        const struct group *g = &k->groups[i];
        node = free_node(r, node);
        if (g->count < 3 || node == r->nodes)
            continue;
        t->list[t->count] =
            (struct thief){.victim = g->first + g->count - 1, .node = node++, .at_ns = -1};
        run_at(r, run_begin_ns(r) + (int64_t)(r->sc->chat_thefts_at_s * (double)NS_PER_S), steal,
               t->count++, 0, 0);
    }
}

void freeze_measure(struct run *r)
{
    struct chats *k = r->chats;
    struct thieves *t = k->thieves;
    double owed = 0, noticed = 0, lower, upper;

    if (t == NULL)
        return;
    for (uint32_t i = 0; i < t->count; i++) {
        const struct group *g = chats_group_of(k, t->list[i].victim);
        for (uint32_t j = g->first; j < g->first + g->count; j++) {
            owed++;
            noticed += t->frozen_ns[j] >= 0;
        }
    }
    num_wilson95(owed > 0 ? noticed / owed : 0, owed, &lower, &upper);
    measure_add(r, "freeze.thefts", "disks and words", t->count);
    measure_add(r, "freeze.failed", "thefts", (double)t->bad);
    measure_share(r, "freeze.noticed", owed > 0 ? noticed / owed : 0, owed, lower, upper);
    measure_add(r, "freeze.wrong", "accounts frozen without a theft", (double)t->wrong);
    chats_times(r, "freeze.noticing", &t->noticing, 1e9, "s after the theft");
}

void freeze_free(struct run *r)
{
    struct thieves *t = r->chats->thieves;

    if (t == NULL)
        return;
    for (uint32_t i = 0; i < t->count; i++)
        sim_chat_free(t->list[i].chat);
    free(t->list);
    free(t->frozen_ns);
    free(t);
}
