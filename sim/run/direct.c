/* Workload: one-to-one conversations that flare up. Bursts come as a Poisson process; how many
 * messages one has and how long the next takes are log-normal (heavy-tailed: Hong et al. 2008). */
#include "sim/run/inside.h"

static void say(void *step)
{
    const struct step *s = step;
    struct run *r = s->run;
    const struct conversation *c = &r->conversations[s->a];

    speak(r, c->members[s->c % 2], s->a, 0);
    if (s->b <= 1)
        return;
    double gap = sim_lognormal(r->sim, SIM_RANDOM_DIRECT, r->sc->direct_gap_median_s,
                               r->sc->direct_gap_sigma);
    uint32_t turn = sim_random(r->sim, SIM_RANDOM_DIRECT, 10) < 7 ? s->c + 1 : s->c;
    run_at(r, sim_now(r->sim) + (int64_t)((gap < 1e6 ? gap : 1e6) * (double)NS_PER_S), say, s->a,
           s->b - 1, turn);
}

void direct_plan(struct run *r)
{
    double mean = 3600.0 * (double)NS_PER_S / r->sc->direct_bursts_per_hour;

    for (uint32_t i = 0; i < r->conversations_count && r->sc->direct_bursts_per_hour > 0; i++) {
        double t = (double)run_begin_ns(r);
        if (r->conversations[i].kind != CONVERSATION_DIRECT)
            continue;
        while ((t += sim_exponential(r->sim, SIM_RANDOM_DIRECT, mean)) < (double)run_end_ns(r)) {
            double n = sim_lognormal(r->sim, SIM_RANDOM_DIRECT, r->sc->direct_burst_median,
                                     r->sc->direct_burst_sigma);
            uint32_t first = (uint32_t)sim_random(r->sim, SIM_RANDOM_DIRECT, 2);
            if (run_awake(r, r->conversations[i].members[first], SIM_RANDOM_DIRECT, (int64_t)t))
                run_at(r, (int64_t)t, say, i, n < 1000 ? (uint32_t)n + 1 : 1000, first);
        }
    }
}
