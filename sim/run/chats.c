/* Workload: people with real chats, in groups that the first of each founds. Messages are Poisson,
 * from a group at random and by Zipf from its members as in groups.c; what arrives is read from the
 * journals of the chats, as a person's program would. */
#include "sim/run/chats.h"
#include "crypto/prim/large_memo.h"
#include "crypto/prim/sign_memo.h"

#include <stdio.h>
#include <stdlib.h>

static void broke(struct run *r, enum err err)
{
    if (err == OK)
        return;
    r->chats->bad++;
    if (r->out->broken[0] == '\0')
        snprintf(r->out->broken, sizeof r->out->broken, "a chat was not made, met or founded: %s",
                 err_name(err));
}

struct group *chats_group_of(const struct chats *k, uint32_t person)
{
    return &k->groups[person / k->size];
}

/* ---- what is read ---- */

/* All installations of the group are seen from here. */
static void joined(struct run *r, uint32_t i)
{
    struct chats *k = r->chats;
    const struct group *g = chats_group_of(k, i);
    struct chat_summary s;

    if (k->joined_ns[i] >= 0 || chat_conversation(sim_chat_of(k->people[i]), &g->id, &s) != OK ||
        s.state != CHAT_JOINED || s.installations < g->count)
        return;
    k->joined_ns[i] = sim_now(r->sim);
    histogram_add(&k->joining, k->joined_ns[i] - g->founded_ns);
}

static void heard(struct run *r, uint32_t i, const struct chat_event *e)
{
    struct said *m = map_get(&r->chats->said, SPAN_ARRAY(e->entry.bytes));
    uint32_t member = i % r->chats->size;

    if (m == NULL || m->by[member] == 2 || m->author == i)
        return;
    m->got += m->by[member] == 1;
    m->by[member] = 2;
    histogram_add(&r->chats->latency, sim_now(r->sim) - m->at_ns);
}

static void told(struct run *r, uint32_t i, const struct chat_event *e)
{
    if ((unsigned)e->kind < CHATS_KINDS)
        r->chats->told[e->kind]++;
    if (e->kind == CHAT_EVENT_ENTRY)
        heard(r, i, e);
    else if (e->kind == CHAT_EVENT_CONVERSATION)
        joined(r, i);
    freeze_told(r, i, e);
}

void chats_event(struct run *r, uint32_t node)
{
    struct chats *k = r->chats;
    uint32_t first = k == NULL ? 0 : k->place[node];
    struct chat_event e;

    for (uint32_t i = first; i > 0 && i < first + k->per_node && i <= k->count; i++)
        while (sim_chat_next(k->people[i - 1], &e))
            told(r, i - 1, &e);
    if (k != NULL)
        freeze_event(r, node);
}

void chats_life(struct run *r, uint32_t node, bool up)
{
    struct chats *k = r->chats;
    uint32_t first = k == NULL || !up ? 0 : k->place[node];

    for (uint32_t i = first; i > 0 && i < first + k->per_node && i <= k->count; i++)
        broke(r, sim_chat_attach(k->people[i - 1]));
}

/* What happens without a message of the network: twice a second. */
static void look(void *step)
{
    const struct step *s = step;

    for (uint32_t i = 0; i < s->run->chats->count; i++) {
        if (i % s->run->chats->per_node == 0)
            chats_event(s->run, sim_chat_node(s->run->chats->people[i]));
        joined(s->run, i);
    }
    storm_look(s->run);
}

/* ---- what is done ---- */

/* Owed by those who had joined when it was said. */
static void note(struct run *r, struct said *m, uint32_t author)
{
    const struct chats *k = r->chats;
    const struct group *g = chats_group_of(k, author);

    m->at_ns = sim_now(r->sim);
    m->author = author;
    m->by = run_need(calloc(g->count, 1));
    for (uint32_t i = 0; i < g->count; i++)
        if (g->first + i != author && k->joined_ns[g->first + i] >= 0) {
            m->by[i] = 1;
            m->owed++;
        }
}

bool chats_can(struct run *r, uint32_t person)
{
    return r->chats->joined_ns[person] >= 0 &&
           sim_is_up(r->sim, sim_chat_node(r->chats->people[person]));
}

static void say(void *step)
{
    const struct step *s = step;
    struct run *r = s->run;
    struct chats *k = r->chats;
    struct group *g = &k->groups[sim_random(r->sim, SIM_RANDOM_CHATS, k->groups_count)];
    uint32_t who =
        g->first + sim_zipf(r->sim, SIM_RANDOM_CHATS, g->count, r->sc->groups_sender_exponent);
    uint32_t node = sim_chat_node(k->people[who]);
    struct said *m = run_need(calloc(1, sizeof *m));
    char text[40];

    snprintf(text, sizeof text, "message %u", s->a);
    enum err err = ERR_CLOSED;
    if (chats_can(r, who))
        err = chat_send(sim_chat_of(k->people[who]), sim_env(r->sim, node), &g->id, span_str(text),
                        NULL, &m->id);
    if (err != OK || map_put(&k->said, SPAN_ARRAY(m->id.bytes), m) != OK) {
        k->refused++;
        free(m);
        return;
    }
    note(r, m, who);
    sim_touch(r->sim, node);
}

static void found(void *step)
{
    const struct step *s = step;
    struct run *r = s->run;
    struct chats *k = r->chats;
    struct group *g = &k->groups[s->a];
    struct chat_account *others = run_need(calloc(g->count, sizeof *others));
    uint32_t node = sim_chat_node(k->people[g->first]);

    for (uint32_t i = 1; i < g->count; i++)
        others[i - 1] = sim_chat_account(k->people[g->first + i]);
    g->founded_ns = sim_now(r->sim);
    broke(r, chat_found(sim_chat_of(k->people[g->first]), sim_env(r->sim, node), CHAT_GROUP,
                        SPAN_LIT("all of us"), others, g->count - 1, &g->id));
    free(others);
    sim_touch(r->sim, node);
}

/* Two stores, as the peer manager would see to. */
void chats_find_stores(struct run *r, uint32_t node)
{
    uint32_t *stores = run_need(calloc(r->nodes, sizeof *stores)), n = 0;

    for (uint32_t i = 0; i < r->nodes; i++)
        if (r->people[i].stores && i != node)
            stores[n++] = i;
    for (int i = 0; i < 2 && n > 0; i++)
        sim_connect(r->sim, node, stores[sim_random(r->sim, SIM_RANDOM_CHATS, n)]);
    free(stores);
}

static void make(struct run *r, uint32_t i)
{
    struct chats *k = r->chats;
    uint32_t node = r->speakers[i / k->per_node], founder = i / k->size * k->size;

    enum err err = sim_chat_new(&k->people[i], r->sim, node, r->people[node].role == ROLE_LIGHT);
    if (err == OK && i != founder)
        err = sim_chat_acquaint(k->people[founder], k->people[i]);
    if (err == OK && i != founder)
        err = sim_chat_acquaint(k->people[i], k->people[founder]);
    broke(r, err);
    k->joined_ns[i] = -1;
    if (err != OK)
        return;
    if (i % k->per_node == 0) {
        k->place[node] = i + 1;
        chats_find_stores(r, node);
    }
    sim_touch(r->sim, node);
}

static void make_all(struct run *r, uint32_t count, uint32_t size)
{
    struct chats *k = r->chats = run_need(calloc(1, sizeof *k));

    map_init(&k->said, (const uint8_t[16]){0}, SIZE_MAX);
    k->size = size;
    k->per_node = (uint32_t)r->sc->chat_per_node;
    k->groups_count = (count + size - 1) / size;
    k->groups = run_need(calloc(k->groups_count, sizeof *k->groups));
    k->people = run_need(calloc(count, sizeof *k->people));
    k->place = run_need(calloc(r->nodes, sizeof *k->place));
    k->joined_ns = run_need(calloc(count, sizeof *k->joined_ns));
    for (; k->count < count && k->bad == 0; k->count++) {
        struct group *g = chats_group_of(k, k->count);
        if (g->count++ == 0)
            g->first = k->count;
        make(r, k->count);
    }
}

void chats_plan(struct run *r)
{
    const struct scenario *sc = r->sc;
    uint32_t count = (uint32_t)sc->chat_people, size = (uint32_t)sc->chat_group;
    double t = (double)run_begin_ns(r), end = (double)run_end_ns(r);

    if (count > r->speakers_count * (uint32_t)sc->chat_per_node)
        count = r->speakers_count * (uint32_t)sc->chat_per_node;
    if (count < 2)
        return;
    make_all(r, count, size);
    for (uint32_t i = 0; i < r->chats->groups_count && r->chats->bad == 0; i++)
        if (r->chats->groups[i].count > 1)
            run_at(r, (int64_t)((sc->chat_found_s + i * sc->chat_found_every_s) * (double)NS_PER_S),
                   found, i, 0, 0);
    for (int64_t at = 0; at < run_end_ns(r); at += NS_PER_S / 2)
        run_at(r, at, look, 0, 0, 0);
    storm_plan(r);
    freeze_plan(r);
    if (sc->chat_per_minute <= 0)
        return;
    double gap = 60.0 * (double)NS_PER_S / sc->chat_per_minute;
    for (uint32_t n = 0; (t += sim_exponential(r->sim, SIM_RANDOM_CHATS, gap)) < end; n++)
        run_at(r, (int64_t)t, say, n, 0, 0);
}

/* ---- what came of it ---- */

void chats_times(struct run *r, const char *name, const struct histogram *h, double unit_ns,
                 const char *unit)
{
    char full[64];

    snprintf(full, sizeof full, "%s.p50", name);
    measure_add(r, full, unit, (double)histogram_quantile(h, .5) / unit_ns);
    snprintf(full, sizeof full, "%s.p99", name);
    measure_add(r, full, unit, (double)histogram_quantile(h, .99) / unit_ns);
    snprintf(full, sizeof full, "%s.max", name);
    measure_add(r, full, unit, (double)h->max_ns / unit_ns);
}

void chats_measure(struct run *r)
{
    struct chats *k = r->chats;
    double owed = 0, got = 0, lower, upper, in = 0;
    struct said *m;

    if (k == NULL)
        return;
    for (uint32_t i = 0; i < k->count; i++)
        in += k->joined_ns[i] >= 0;
    for (size_t cursor = 0; (m = map_next(&k->said, &cursor, NULL)) != NULL;) {
        owed += m->owed;
        got += m->got;
    }
    measure_add(r, "chat.people", "installations, real keys and MLS", k->count);
    measure_add(r, "chat.groups", "groups", k->groups_count);
    measure_add(r, "chat.joined", "installations", in);
    measure_add(r, "chat.failed", "people and groups", (double)k->bad);
    chats_times(r, "chat.joining", &k->joining, 1e9, "s after the founding");
    measure_add(r, "chat.said", "messages", (double)map_count(&k->said));
    measure_add(r, "chat.refused", "messages", (double)k->refused);
    num_wilson95(owed > 0 ? got / owed : 0, owed, &lower, &upper);
    measure_share(r, "chat.delivery", owed > 0 ? got / owed : 0, owed, lower, upper);
    chats_times(r, "chat.latency", &k->latency, 1e6, "ms");
    measure_add(r, "chat.rejoined", "told, by all", (double)k->told[CHAT_EVENT_REJOINED]);
    measure_add(r, "chat.expelled", "told, by all", (double)k->told[CHAT_EVENT_EXPELLED]);
    storm_measure(r);
    freeze_measure(r);
    measure_add(r, "chat.signatures_once", "not verified again", (double)sign_memo_hits());
    measure_add(r, "chat.large_once", "digests and decryptions of 4 kB and more not made again",
                (double)large_memo_hits());
}

void chats_free(struct run *r)
{
    struct chats *k = r->chats;
    struct said *m;

    if (k == NULL)
        return;
    storm_free(r);
    freeze_free(r);
    for (uint32_t i = 0; i < k->count; i++)
        sim_chat_free(k->people[i]);
    for (size_t cursor = 0; (m = map_next(&k->said, &cursor, NULL)) != NULL;) {
        free(m->by);
        free(m);
    }
    map_clear(&k->said);
    free(k->people);
    free(k->place);
    free(k->groups);
    free(k->joined_ns);
    free(k);
    r->chats = NULL;
}
