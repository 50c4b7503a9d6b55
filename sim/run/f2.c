/* Workload of tier F2: members write by Zipf and commit at random; each is up and away by turns. */
#include "sim/run/f2.h"

#include <stdlib.h>

#define DRAWS 64u /* until somebody is found who is up */

static uint64_t mixed(uint64_t z)
{
    z += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Time is cut into sessions, each member's at another phase: in each it is up with the same chance.
 */
bool f2_up(const struct run *r, uint32_t member, int64_t at_ns)
{
    uint64_t own = mixed(member ^ (uint64_t)r->sc->scenario_seed << 32);
    uint64_t length = (uint64_t)r->members->session_ns;
    uint64_t session = ((uint64_t)at_ns + own % length) / length;

    return (double)(mixed(own ^ session) >> 11) * 0x1p-53 < r->sc->members_online;
}

int64_t f2_cost(const struct run *r, int64_t ns)
{
    return (int64_t)((double)ns * r->sc->members_slowness);
}

/* ---- who they are ---- */

static bool serves(const struct run *r, uint32_t node)
{
    const struct person *p = &r->people[node];
    return p->role == ROLE_RELAY && (r->sc->roles_services > 0 ? p->serves : !p->spy);
}

/* Each gets a service by chance; then they are sorted by it. */
static void attach(struct run *r, struct members *k)
{
    uint32_t *nodes = run_need(calloc(r->nodes, sizeof *nodes)), count = 0;

    for (uint32_t i = 0; i < r->nodes; i++)
        if (serves(r, i))
            nodes[count++] = i;
    k->from = run_need(calloc((size_t)r->nodes + 2, sizeof *k->from));
    k->order = run_need(calloc(k->count, sizeof *k->order));
    for (uint32_t i = 0; i < k->count; i++) {
        struct member *m = &k->all[i];
        double us = sim_lognormal(r->sim, SIM_RANDOM_MEMBERS, r->sc->members_access_ms * 1000, .5);
        m->service = nodes[sim_random(r->sim, SIM_RANDOM_MEMBERS, count)];
        m->access_us = us < 1e9 ? (uint32_t)us : 1000000000;
        k->from[m->service + 2]++;
    }
    for (uint32_t n = 2; n < r->nodes + 2; n++)
        k->from[n] += k->from[n - 1];
    for (uint32_t i = 0; i < k->count; i++)
        k->order[k->from[k->all[i].service + 1]++] = i;
    free(nodes);
}

static void warm(struct run *r, struct crowd *c)
{
    uint32_t commits = (uint32_t)(r->sc->members_warm * c->count);

    for (uint32_t i = 0; i < commits; i++)
        f2_tree_commit(&c->tree, (uint32_t)sim_random(r->sim, SIM_RANDOM_MEMBERS, c->count));
}

static void gather(struct run *r, struct members *k)
{
    uint32_t size = (uint32_t)r->sc->members_conversation;

    if (size == 0 || size > k->count)
        size = k->count;
    k->crowds_count = (k->count + size - 1) / size;
    k->crowds = run_need(calloc(k->crowds_count, sizeof *k->crowds));
    for (uint32_t i = 0; i < k->crowds_count; i++) {
        struct crowd *c = &k->crowds[i];
        c->first = i * size;
        c->count = c->first + size < k->count ? size : k->count - c->first;
        for (uint32_t j = 0; j < c->count; j++)
            k->all[c->first + j].conversation = i;
        if (f2_tree_init(&c->tree, c->count) != OK)
            run_need(NULL);
        warm(r, c);
    }
}

/* ---- what leaves ---- */

static uint32_t post_new(struct run *r, uint32_t author, uint32_t bytes, uint32_t commit)
{
    struct members *k = r->members;
    struct crowd *c = &k->crowds[k->all[author].conversation];

    if (k->posts_count == k->posts_cap) {
        k->posts_cap = k->posts_cap == 0 ? 256 : 2 * k->posts_cap;
        k->posts = run_need(realloc(k->posts, k->posts_cap * sizeof *k->posts));
    }
    c->posts = run_need(realloc(c->posts, (c->posts_count + 1) * sizeof *c->posts));
    c->posts[c->posts_count] = k->posts_count;
    k->posts[k->posts_count] =
        (struct post){.at_ns = sim_now(r->sim),
                      .author = author,
                      .conversation = k->all[author].conversation,
                      .seq = c->posts_count++,
                      .bytes = bytes,
                      .chunks = (bytes + F2_CHUNK_BYTES - 1) / F2_CHUNK_BYTES,
                      .commit = commit,
                      .arrived = run_need(calloc(r->nodes, sizeof(uint16_t)))};
    return k->posts_count++;
}

/* Its service publishes it, in as many messages as it takes. */
static void leaves(struct run *r, uint32_t number)
{
    struct post *p = &r->members->posts[number];
    uint32_t node = r->members->all[p->author].service, left = p->bytes;

    f2_settle(r, p->author, p->seq);
    f2_have(r, p->author, p);
    run_at(r, p->at_ns + RUN_MARGIN_NS, f2_judge, number, 0, 0);
    for (uint32_t chunks = p->chunks; chunks > 0; chunks--) { /* posts may move meanwhile */
        uint32_t bytes = left < F2_CHUNK_BYTES ? left : F2_CHUNK_BYTES;
        speak_post(r, node, number, bytes);
        left -= bytes;
    }
}

static bool can_speak(const struct run *r, uint32_t member)
{
    return f2_up(r, member, sim_now(r->sim)) && sim_is_up(r->sim, r->members->all[member].service);
}

static void text(void *step)
{
    struct run *r = ((const struct step *)step)->run;
    struct members *k = r->members;
    const struct crowd *c =
        &k->crowds[sim_random(r->sim, SIM_RANDOM_MEMBERS_SPEAK, k->crowds_count)];
    uint32_t active = (uint32_t)(r->sc->members_active * c->count);

    for (unsigned i = 0; i < DRAWS; i++) {
        uint32_t who = c->first + sim_zipf(r->sim, SIM_RANDOM_MEMBERS_SPEAK,
                                           active > 0 ? active : 1, r->sc->groups_sender_exponent);
        if (!can_speak(r, who))
            continue;
        uint32_t number = post_new(r, who, speak_size(r, 0), 0);
        k->posts[number].under = f2_epoch_now(&k->all[who], sim_now(r->sim));
        k->texts++;
        leaves(r, number);
        return;
    }
    k->refused++;
}

/* The commit is made; its author follows it, unless a better one came meanwhile. */
static void commit_leaves(void *step)
{
    const struct step *s = step;
    struct run *r = s->run;
    struct members *k = r->members;
    uint32_t who = s->a, epoch = s->b;

    if (!can_speak(r, who)) {
        k->refused++;
        return;
    }
    uint32_t number = post_new(r, who, s->c, epoch);
    struct crowd *c = &k->crowds[k->all[who].conversation];
    uint32_t parent = k->epochs[epoch].parent;
    k->epochs[epoch].post = number;
    k->posts[number].begun_ns = s->ns;
    c->commits[c->commits_count++ % F2_RIVALS] = epoch;
    k->commits++;
    uint32_t *rivals = parent == 0 ? &c->begun : &k->epochs[parent].children;
    k->forks += ++*rivals == 2;
    leaves(r, number);
    f2_choose(r, who, sim_now(r->sim));
}

static void commit(void *step)
{
    struct run *r = ((const struct step *)step)->run;
    struct members *k = r->members;
    struct crowd *c = &k->crowds[sim_random(r->sim, SIM_RANDOM_MEMBERS_SPEAK, k->crowds_count)];

    for (unsigned i = 0; i < DRAWS; i++) {
        uint32_t leaf = (uint32_t)sim_random(r->sim, SIM_RANDOM_MEMBERS_SPEAK, c->count);
        struct member *m = &k->all[c->first + leaf];
        if (!can_speak(r, c->first + leaf))
            continue;
        struct f2_commit what = f2_tree_commit(&c->tree, leaf);
        int64_t takes = f2_cost(r, F2_COMMIT_NS + (int64_t)what.seals * F2_SEAL_NS);
        what.bytes += F2_CREDENTIAL_BYTES;
        uint32_t under = f2_epoch_now(m, sim_now(r->sim));
        m->cpu_ns += (uint64_t)takes;
        k->commit_bytes += what.bytes;
        k->commit_seals += what.seals;
        k->making_ns += (double)takes;
        k->largest = what.bytes > k->largest ? what.bytes : k->largest;
        uint32_t epoch = f2_epoch_add(r, under);
        run_at(r, sim_now(r->sim) + takes, commit_leaves, c->first + leaf, epoch, what.bytes);
        r->steps->ns = sim_now(r->sim);
        return;
    }
    k->refused++;
}

/* ---- a run ---- */

static void plan(struct run *r, double per_minute, void (*fn)(void *step))
{
    double t = (double)run_begin_ns(r), gap = 60.0 * (double)NS_PER_S / per_minute;

    if (per_minute <= 0)
        return;
    while ((t += sim_exponential(r->sim, SIM_RANDOM_MEMBERS_SPEAK, gap)) < (double)run_end_ns(r))
        run_at(r, (int64_t)t, fn, 0, 0, 0);
}

void f2_plan(struct run *r)
{
    const struct scenario *sc = r->sc;

    if (sc->members_count < 2)
        return;
    struct members *k = r->members = run_need(calloc(1, sizeof *k));
    k->count = (uint32_t)sc->members_count;
    k->all = run_need(calloc(k->count, sizeof *k->all));
    k->session_ns = (int64_t)(sc->members_session_s * (double)NS_PER_S);
    k->seconds_of_byte = sc->members_down_mbit > 0 ? 8e-6 / sc->members_down_mbit : 0;
    f2_epoch_add(r, 0);
    attach(r, k);
    gather(r, k);
    plan(r, sc->members_per_minute, text);
    plan(r, sc->members_commits_per_minute, commit);
}

void f2_free(struct run *r)
{
    struct members *k = r->members;

    if (k == NULL)
        return;
    for (uint32_t i = 0; i < k->crowds_count; i++) {
        f2_tree_clear(&k->crowds[i].tree);
        free(k->crowds[i].posts);
    }
    for (uint32_t i = 0; i < k->posts_count; i++)
        free(k->posts[i].arrived);
    free(k->crowds);
    free(k->posts);
    free(k->epochs);
    free(k->order);
    free(k->from);
    free(k->all);
    free(k);
    r->members = NULL;
}
