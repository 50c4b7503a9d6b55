/* Workload: some relays send as fast as they were told to. */
#include "sim/run/inside.h"

static void say(void *step)
{
    const struct step *s = step;

    speak(s->run, s->a, UINT32_MAX, SPEAK_SPAM);
}

void spam_plan(struct run *r)
{
    const struct scenario *sc = r->sc;
    double from = (double)run_begin_ns(r) + sc->spam_from_s * (double)NS_PER_S;
    double to = from + sc->spam_for_s * (double)NS_PER_S;

    if (to > (double)run_end_ns(r))
        to = (double)run_end_ns(r);
    for (uint32_t i = 0; i < r->nodes && sc->spam_per_minute > 0; i++)
        for (double t = from; r->people[i].spams && t < to;) {
            t += sim_exponential(r->sim, SIM_RANDOM_SPAM,
                                 60.0 * (double)NS_PER_S / sc->spam_per_minute);
            run_at(r, (int64_t)t, say, i, 0, 0);
        }
}
