#include "node/chat/sweep.h"

static struct wall on_grid(struct wall t)
{
    int64_t grid = SWEEP_GRID_S * NS_PER_S;
    return t.ns <= 0 ? (struct wall){0} : (struct wall){t.ns - t.ns % grid};
}

void sweep_start(struct sweep *s, const struct env *env, struct wall from)
{
    *s = (struct sweep){.state = SWEEP_DUE, .from = on_grid(from), .to = env->wall, .at = env->now};
}

bool sweep_ask(struct sweep *s, const struct env *env, uint64_t ticket, uint64_t *other_than)
{
    if (s->state != SWEEP_DUE || env->now.ns < s->at.ns)
        return false;
    s->state = SWEEP_ASKING;
    s->ticket = ticket;
    *other_than = s->first;
    return true;
}

static void try_again(struct sweep *s, const struct env *env)
{
    int64_t wait = SWEEP_RETRY_S;
    for (unsigned i = 0; i < s->tries && wait < SWEEP_RETRY_S_MAX; i++)
        wait *= 2;
    s->tries++;
    s->at = mono_add(env->now, (wait < SWEEP_RETRY_S_MAX ? wait : SWEEP_RETRY_S_MAX) * NS_PER_S);
    s->state = SWEEP_DUE;
}

bool sweep_answered(struct sweep *s, const struct env *env, uint64_t ticket, enum err err)
{
    if (s->state != SWEEP_ASKING || s->ticket != ticket)
        return false;
    if (err == OK) {
        s->stores++;
        s->tries = 0;
        s->at = env->now;
        s->state = s->stores == 2 ? SWEEP_ENDED : SWEEP_DUE;
        if (s->stores == 1)
            s->first = ticket;
    } else if (s->stores == 1 && (err == ERR_NOT_FOUND || s->tries + 1 >= SWEEP_TRIES_MAX)) {
        s->state = SWEEP_ENDED; /* one answer is better than to wait for ever */
    } else {
        try_again(s, env);
    }
    return true;
}

struct mono sweep_deadline(const struct sweep *s)
{
    return s->state == SWEEP_DUE ? s->at : MONO_NEVER;
}
