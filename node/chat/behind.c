/* Are we behind? A commit that was lost on its way shows by what follows it: payloads of our
 * buckets that no key opens. Stores are read then, soon the first time. Others' payloads lie in the
 * same buckets: each reading in vain doubles the time to the next. (A commit of which something is
 * missing: parking.c.) */
#include "node/chat/inside.h"

void behind_begin(struct chat *c, const struct env *env)
{
    c->behind =
        (struct behind){.at = MONO_NEVER, .mark = parked_mark(c->parked), .read_ns = env->wall.ns};
}

void behind_parked(struct chat *c, const struct env *env)
{
    struct behind *b = &c->behind;
    unsigned doubled = b->vain < BEHIND_STEPS_MAX ? b->vain : BEHIND_STEPS_MAX;
    uint64_t wait_ms = (BEHIND_LOOK_S * 1000 + rng_below(env->rng, BEHIND_LOOK_S * 1000))
                       << doubled;

    if (b->at.ns == MONO_NEVER.ns)
        b->at = mono_add(env->now, (int64_t)wait_ms * NS_PER_MS);
}

/* From where the last reading ended. */
static int64_t since(const struct chat *c, const struct env *env)
{
    int64_t from = c->behind.read_ns - (int64_t)BEHIND_BACK_S * NS_PER_S;
    int64_t earliest = env->wall.ns - (int64_t)TALK_BEACON_S * NS_PER_S;

    return from < earliest ? earliest : from;
}

void behind_tick(struct chat *c, const struct env *env)
{
    struct behind *b = &c->behind;

    if (env->now.ns < behind_deadline(c).ns)
        return;
    b->at = MONO_NEVER;
    if (!parked_since(c->parked, b->mark))
        return; /* it has been opened meanwhile */
    b->mark = parked_mark(c->parked);
    b->keys = c->keys_noted;
    b->looking = true;
    network_gap(c, env, since(c, env));
}

void behind_read(struct chat *c, bool moved)
{
    struct behind *b = &c->behind;

    if (b->looking)
        b->vain = moved || c->keys_noted != b->keys ? 0 : b->vain + 1;
    b->looking = false;
    b->read_ns = c->catchup.to.ns;
}

struct mono behind_deadline(const struct chat *c)
{
    return c->online && c->catchup.state == SWEEP_IDLE ? c->behind.at : MONO_NEVER;
}
