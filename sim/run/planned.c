/* Events that a scenario plans: what goes wrong, when, and for how long. */
#include "sim/run/inside.h"

static void cut(struct run *r,
                bool (*away)(struct run *r, const struct scenario_event *e, uint32_t node),
                const struct scenario_event *e)
{
    int64_t now = sim_now(r->sim);

    for (uint32_t i = 0; i < r->nodes; i++)
        r->side[i] = away(r, e, i);
    for (uint32_t i = r->judged; i < r->messages_count; i++) /* those under way may not arrive */
        r->messages[i].cut = r->messages[i].cut || r->messages[i].at_ns > now - RUN_MARGIN_NS;
    r->partitions++;
    sim_partition(r->sim, r->side);
}

static void heal(struct run *r, const struct scenario_event *e)
{
    (void)e;
    r->partitions--;
    r->whole_from_ns = sim_now(r->sim) + RUN_MARGIN_NS;
    sim_partition(r->sim, NULL);
}

static bool by_chance(struct run *r, const struct scenario_event *e, uint32_t node)
{
    (void)node;
    return sim_uniform(r->sim, SIM_RANDOM_EVENTS) < e->share;
}

static bool in_region(struct run *r, const struct scenario_event *e, uint32_t node)
{
    return r->people[node].region == (uint8_t)e->region;
}

static void partition(struct run *r, const struct scenario_event *e)
{
    cut(r, by_chance, e);
}

static void region_loss(struct run *r, const struct scenario_event *e)
{
    cut(r, in_region, e);
}

static void kill_some(struct run *r, const struct scenario_event *e)
{
    for (uint32_t i = 0; i < r->nodes; i++)
        if (by_chance(r, e, i))
            churn_leave(r, i, (int64_t)(e->for_s * (double)NS_PER_S));
}

static void slow(struct run *r, const struct scenario_event *e)
{
    r->slow = e->factor > 0 ? e->factor : 1;
}

static void quick(struct run *r, const struct scenario_event *e)
{
    (void)e;
    r->slow = 1;
}

static const struct {
    void (*begin)(struct run *r, const struct scenario_event *e);
    void (*end)(struct run *r, const struct scenario_event *e); /* NULL: nothing to do */
} rows[] = {                                                    /* by enum scenario_event_kind */
            {partition, heal},
            {kill_some, NULL},
            {region_loss, heal},
            {slow, quick}};

static void begins(void *step)
{
    const struct step *s = step;
    const struct scenario_event *e = &s->run->sc->events[s->a];

    rows[e->kind].begin(s->run, e);
}

static void ends(void *step)
{
    const struct step *s = step;
    const struct scenario_event *e = &s->run->sc->events[s->a];

    rows[e->kind].end(s->run, e);
}

void planned_plan(struct run *r)
{
    for (uint32_t i = 0; i < r->sc->events_count; i++) {
        const struct scenario_event *e = &r->sc->events[i];
        int64_t at = run_begin_ns(r) + (int64_t)(e->at_s * (double)NS_PER_S);
        run_at(r, at, begins, i, 0, 0);
        if (rows[e->kind].end != NULL && e->for_s > 0)
            run_at(r, at + (int64_t)(e->for_s * (double)NS_PER_S), ends, i, 0, 0);
    }
}
