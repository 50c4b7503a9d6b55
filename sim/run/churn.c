/* Nodes leave and come back: a share of all each minute, or sessions of log-normal lengths. */
#include "sim/run/inside.h"

static void come_back(void *step)
{
    const struct step *s = step;
    struct run *r = s->run;

    if (sim_restart(r->sim, s->a) != OK)
        return;
    roles_new_client(r, s->a);
    topology_join(r, s->a);
}

void churn_leave(struct run *r, uint32_t node, int64_t for_ns)
{
    if (!sim_is_up(r->sim, node))
        return;
    sim_crash(r->sim, node);
    if (for_ns > 0)
        run_at(r, sim_now(r->sim) + for_ns, come_back, node, 0, 0);
}

static void somebody_leaves(void *step)
{
    const struct step *s = step;
    struct run *r = s->run;

    churn_leave(r, (uint32_t)sim_random(r->sim, SIM_RANDOM_CHURN, r->nodes),
                (int64_t)(r->sc->churn_away_s * (double)NS_PER_S));
}

static int64_t drawn(struct run *r, double median_s, double sigma)
{
    double s = sim_lognormal(r->sim, SIM_RANDOM_CHURN, median_s, sigma);

    return (int64_t)((s < 1e8 ? s : 1e8) * (double)NS_PER_S) + NS_PER_MS;
}

static void session_ends(void *step)
{
    const struct step *s = step;
    struct run *r = s->run;
    int64_t away = drawn(r, r->sc->churn_down_median_s, r->sc->churn_down_sigma);

    churn_leave(r, s->a, away);
    run_at(r, sim_now(r->sim) + away + drawn(r, r->sc->churn_up_median_s, r->sc->churn_up_sigma),
           session_ends, s->a, 0, 0);
}

void churn_plan(struct run *r)
{
    const struct scenario *sc = r->sc;
    int64_t begin = run_begin_ns(r), end = run_end_ns(r);
    double per_minute = sc->churn_percent_per_minute / 100 * r->nodes;

    if (sc->churn_model == 1) {
        for (uint32_t i = 0; i < r->nodes; i++)
            if (!r->people[i].stores && !r->people[i].serves)
                run_at(r, begin + drawn(r, sc->churn_up_median_s, sc->churn_up_sigma), session_ends,
                       i, 0, 0);
        return;
    }
    if (per_minute <= 0)
        return;
    for (double t = (double)begin; t < (double)end; t += 60.0 * (double)NS_PER_S / per_minute)
        run_at(r, (int64_t)t, somebody_leaves, 0, 0, 0);
}
