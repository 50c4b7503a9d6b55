/* Workload: groups of heavy-tailed sizes. A group has messages in proportion to the root of its
 * size, a few of its members write most of them (Zipf). */
#include "sim/run/inside.h"

#include <math.h>

static void say(void *step)
{
    const struct step *s = step;
    struct run *r = s->run;
    const struct conversation *c = &r->conversations[s->a];
    uint32_t who =
        c->members[sim_zipf(r->sim, SIM_RANDOM_GROUPS, c->count, r->sc->groups_sender_exponent)];

    if (run_awake(r, who, SIM_RANDOM_GROUPS, sim_now(r->sim)))
        speak(r, who, s->a, 0);
}

void groups_plan(struct run *r)
{
    double all = 0;

    for (uint32_t i = 0; i < r->conversations_count; i++)
        if (r->conversations[i].kind == CONVERSATION_GROUP)
            all += sqrt(r->conversations[i].count);
    for (uint32_t i = 0; i < r->conversations_count && r->sc->groups_per_minute > 0; i++) {
        double t = (double)run_begin_ns(r), weight = sqrt(r->conversations[i].count) / all;
        if (r->conversations[i].kind != CONVERSATION_GROUP)
            continue;
        double gap = 60.0 * (double)NS_PER_S / (r->sc->groups_per_minute * weight);
        while ((t += sim_exponential(r->sim, SIM_RANDOM_GROUPS, gap)) < (double)run_end_ns(r))
            run_at(r, (int64_t)t, say, i, 0, 0);
    }
}
