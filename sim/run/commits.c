/* Workload: now and then something happens to a group, and some of its members commit: one after
 * the other has noticed, or all at once. A commit is long, and told from texts by that. */
#include "sim/run/inside.h"

static void commit(void *step)
{
    const struct step *s = step;

    speak(s->run, s->a, s->b, SPEAK_COMMIT);
}

/* The first of a shuffle of the members. */
static void happens(void *step)
{
    const struct step *s = step;
    struct run *r = s->run;
    const struct conversation *c = &r->conversations[s->a];
    uint32_t left = c->count, racers = (uint32_t)r->sc->commits_racers;

    for (uint32_t i = 0; i < c->count && racers > 0; i++, left--) {
        if (sim_random(r->sim, SIM_RANDOM_COMMITS, left) >= racers)
            continue;
        racers--;
        double after = r->sc->commits_spread_s * sim_uniform(r->sim, SIM_RANDOM_COMMITS);
        run_at(r, sim_now(r->sim) + (int64_t)(after * (double)NS_PER_S), commit, c->members[i],
               s->a, 0);
    }
}

void commits_plan(struct run *r)
{
    double mean = 3600.0 * (double)NS_PER_S / r->sc->commits_per_hour;

    for (uint32_t i = 0; i < r->conversations_count && r->sc->commits_per_hour > 0; i++) {
        double t = (double)run_begin_ns(r);
        if (r->conversations[i].kind != CONVERSATION_GROUP)
            continue;
        while ((t += sim_exponential(r->sim, SIM_RANDOM_COMMITS, mean)) < (double)run_end_ns(r))
            run_at(r, (int64_t)t, happens, i, 0, 0);
    }
}
