/* Workload: messages at an even pace, or as a Poisson process, each by somebody at random. */
#include "sim/run/inside.h"

static void say(void *step)
{
    const struct step *s = step;
    struct run *r = s->run;

    speak(r, r->speakers[sim_random(r->sim, SIM_RANDOM_STEADY, r->speakers_count)], UINT32_MAX, 0);
}

void steady_plan(struct run *r)
{
    double gap = 60.0 * (double)NS_PER_S / r->sc->steady_per_minute, t = (double)run_begin_ns(r);

    if (r->sc->steady_per_minute <= 0 || r->speakers_count == 0)
        return;
    while (t < (double)run_end_ns(r)) {
        run_at(r, (int64_t)t, say, 0, 0, 0);
        t += r->sc->steady_poisson != 0 ? sim_exponential(r->sim, SIM_RANDOM_STEADY, gap) : gap;
    }
}
