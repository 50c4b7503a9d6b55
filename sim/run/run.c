#include "sim/run/inside.h"

#include <stdio.h>
#include <stdlib.h>

/* One row per workload; each plans nothing when its parameters are zero. */
static void (*const workloads[])(struct run *r) = {steady_plan, direct_plan, groups_plan,
                                                   spam_plan,   fetch_plan,  commits_plan,
                                                   chats_plan,  f2_plan};

void *run_need(void *p)
{
    if (p == NULL) {
        fprintf(stderr, "sim: out of memory\n");
        exit(3);
    }
    return p;
}

void run_at(struct run *r, int64_t ns, void (*fn)(void *step), uint32_t a, uint32_t b, uint32_t c)
{
    struct step *s = run_need(malloc(sizeof *s));

    *s = (struct step){.run = r, .a = a, .b = b, .c = c, .next = r->steps};
    r->steps = s;
    if (sim_at(r->sim, ns, fn, s) != OK)
        abort();
}

/* A triangle of the day's length: 1 at noon, 1 / peak at midnight; the phase by region. */
bool run_awake(struct run *r, uint32_t node, uint32_t purpose, int64_t at_ns)
{
    double day = r->sc->day_length_s * 1e9, low = 1 / r->sc->day_peak;

    if (day <= 0)
        return true;
    double t = (double)at_ns / day + (double)r->people[node].region / 6;
    double phase = t - (double)(int64_t)t;
    double noon = phase < 0.5 ? 2 * phase : 2 - 2 * phase;
    return sim_uniform(r->sim, purpose) < low + (1 - low) * noon;
}

static void on_event(void *ctx, struct sim *s, uint32_t node, const struct core_event *ev)
{
    struct run *r = ctx;

    (void)s;
    if (ev->kind == CORE_EVENT_PEER_DOWN)
        topology_lost(r, node);
    else if (ev->kind == CORE_EVENT_PUSHED)
        delivery_pushed(r, ev);
    else
        delivery_event(r, node, ev);
    chats_event(r, node);
}

static void on_life(void *ctx, struct sim *s, uint32_t node, bool up)
{
    (void)s;
    delivery_life(ctx, node, up);
    chats_life(ctx, node, up);
}

/* A spy that holds takes pushes and says nothing. */
static bool held(const void *ctx, const struct sim_bytes *b)
{
    const struct run *r = ctx;

    return r->own[b->dst] && b->protocol != NULL && strstr(b->protocol, "/lightpush/") != NULL;
}

static enum err make_world(struct run *r)
{
    struct sim_params params = {.seed = (uint64_t)r->sc->scenario_seed,
                                .tier = r->sc->net_tier == 0 ? SIM_F0 : SIM_F1,
                                .nodes_max = r->nodes,
                                .trace = r->options->trace,
                                .trace_node = r->options->trace_node,
                                .link_between = links_between,
                                .link_ctx = r,
                                .swallow = r->sc->adversary_hold != 0 ? held : NULL,
                                .swallow_ctx = r};
    struct sim_watcher own = {.ctx = r, .event = on_event, .life = on_life};

    TRY(sim_new(&r->sim, &params));
    TRY(links_init(r));
    TRY(roles_init(r));
    TRY(adversary_init(r));
    sim_watch(r->sim, &own);
    if (r->tap != NULL) {
        struct sim_watcher tap = tap_watcher(r->tap);
        sim_watch(r->sim, &tap);
    }
    TRY(roles_add_nodes(r));
    closed_init(r);
    people_meet(r);
    for (uint32_t i = 0; i < r->nodes; i++)
        topology_join(r, i);
    for (size_t i = 0; i < sizeof workloads / sizeof *workloads; i++)
        workloads[i](r);
    churn_plan(r);
    planned_plan(r);
    return OK;
}

static void run_to(struct run *r, int64_t until_ns, int64_t step_ns, int64_t all_ns, bool sample)
{
    while (sim_now(r->sim) < until_ns) {
        int64_t next = sim_now(r->sim) + step_ns;
        sim_run(r->sim, next < until_ns ? next : until_ns);
        delivery_judge(r, false);
        if (sample)
            measure_sample(r);
        if (r->options->progress != NULL)
            r->options->progress(r->options->progress_ctx,
                                 (double)sim_now(r->sim) / (double)all_ns);
    }
}

static enum err live(struct run *r)
{
    int64_t begin = run_begin_ns(r), end = run_end_ns(r);
    int64_t all = end + (int64_t)(r->sc->net_cool_down_s * (double)NS_PER_S);
    int64_t step = (end - begin) / 100 > NS_PER_S / 10 ? (end - begin) / 100 : NS_PER_S / 10;

    TRY(make_world(r));
    if (r->options->until_ns > 0 && r->options->until_ns < all) {
        sim_run(r->sim, r->options->until_ns);
        r->out->digest = sim_digest(r->sim);
        return OK;
    }
    run_to(r, begin, step, all, false);
    measure_begin(r);
    run_to(r, end, step, all, true);
    uint64_t bytes = sim_stats(r->sim)->bytes;
    run_to(r, all, step, all, false);
    delivery_judge(r, true);
    r->bytes_before += sim_stats(r->sim)->bytes - bytes; /* bytes of the cool-down count not */
    adversary_measure(r);
    measure_end(r);
    chats_measure(r);
    f2_measure(r);
    r->out->digest = sim_digest(r->sim);
    r->out->stats = *sim_stats(r->sim);
    return OK;
}

static void clear(struct run *r)
{
    sim_free(r->sim);
    chats_free(r);
    f2_free(r);
    adversary_free(r);
    closed_free(r);
    for (uint32_t i = 0; i < r->messages_count; i++)
        free(r->messages[i].got);
    for (uint32_t i = 0; i < r->conversations_count; i++)
        free(r->conversations[i].members);
    for (uint32_t i = 0; i < r->nodes && r->people != NULL; i++)
        free(r->people[i].conversations);
    while (r->steps != NULL) {
        struct step *s = r->steps;
        r->steps = s->next;
        free(s);
    }
    free(r->messages);
    free(r->conversations);
    free(r->people);
    free(r->speakers);
    free(r->between);
    free(r->side);
    free(r->own);
    free(r->services);
    free(r->victims);
    free(r->client_ids);
    free(r->client_nodes);
}

enum err run_scenario(const struct scenario *sc, const struct run_options *options,
                      struct run_result *out, struct scenario_error *e)
{
    uint32_t n = (uint32_t)sc->net_nodes;
    struct run r = {.sc = sc, .options = options, .nodes = n, .slow = 1, .next_client = 1};

    *out = (struct run_result){0};
    r.out = out;
    r.error = e;
    r.people = run_need(calloc(n, sizeof *r.people));
    r.side = run_need(calloc(n, 1));
    r.own = run_need(calloc(n, sizeof *r.own));
    r.victims = run_need(calloc(n, sizeof *r.victims));
    r.services = run_need(calloc(n, sizeof *r.services));
    r.client_ids = run_need(calloc(n, sizeof *r.client_ids));
    for (uint32_t i = 0; i < n; i++)
        r.people[i].up_from_ns = r.people[i].was_up_ns = INT64_MAX;
    enum err err = live(&r);
    clear(&r);
    return err;
}

const struct run_metric *run_metric(const struct run_result *r, const char *name)
{
    for (size_t i = 0; i < r->metrics_count; i++)
        if (strcmp(r->metrics[i].name, name) == 0)
            return &r->metrics[i];
    return NULL;
}

bool run_holds(const struct run_result *r, const struct scenario_assert *a, double *value)
{
    const struct run_metric *m = run_metric(r, a->metric);

    if (m == NULL)
        return false;
    *value = m->value;
    if (m->interval && strcmp(a->side, "lower") == 0)
        *value = m->lower;
    if (m->interval && strcmp(a->side, "upper") == 0)
        *value = m->upper;
    if (strcmp(a->op, "==") == 0)
        return *value >= a->value && *value <= a->value;
    bool less = a->op[0] == '<', equal = a->op[1] == '=';
    return (less ? *value < a->value : *value > a->value) ||
           (equal && *value >= a->value && *value <= a->value);
}
