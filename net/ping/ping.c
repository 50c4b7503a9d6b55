#include "net/ping/ping.h"

void ping_init(struct ping *p, const struct env *env, int64_t interval_ns, int64_t timeout_ns)
{
    *p = (struct ping){.interval_ns = interval_ns, .timeout_ns = timeout_ns, .deadline = env->now};
}

struct mono ping_deadline(const struct ping *p)
{
    return p->deadline;
}

/* One slot is enough: a pong cannot come before the ping was polled and sent. */
static void emit(struct ping *p, struct ping_out out)
{
    p->out = out;
    p->has_out = true;
}

void ping_tick(struct ping *p, const struct env *env)
{
    if (env->now.ns < p->deadline.ns)
        return; /* an early wake-up is harmless, so drivers may be lazy about timers */
    if (p->waiting) {
        p->waiting = false;
        p->deadline = MONO_NEVER;
        emit(p, (struct ping_out){.kind = PING_OUT_TIMEOUT});
        return;
    }
    rng_fill(env->rng, p->payload, PING_BYTES);
    p->waiting = true;
    p->received = 0;
    p->sent_at = env->now;
    p->deadline = mono_add(env->now, p->timeout_ns);
    emit(p, (struct ping_out){.kind = PING_OUT_SEND, .send = SPAN_ARRAY(p->payload)});
}

enum err ping_feed(struct ping *p, const struct env *env, struct span in)
{
    if (in.len == 0)
        return OK;
    if (!p->waiting || in.len > (size_t)(PING_BYTES - p->received))
        return ERR_PROTOCOL;
    if (memcmp(p->payload + p->received, in.ptr, in.len) != 0)
        return ERR_PROTOCOL;
    p->received = (uint8_t)(p->received + in.len);
    if (p->received < PING_BYTES)
        return OK;
    p->waiting = false;
    p->deadline = mono_add(env->now, p->interval_ns);
    emit(p, (struct ping_out){.kind = PING_OUT_PONG, .rtt_ns = env->now.ns - p->sent_at.ns});
    return OK;
}

bool ping_poll(struct ping *p, struct ping_out *out)
{
    if (!p->has_out)
        return false;
    *out = p->out;
    p->has_out = false;
    return true;
}

enum err ping_echo_feed(struct ping_echo *e, struct span in, size_t *used, struct buf *out)
{
    *used = 0;
    while (*used < in.len) {
        size_t rest = in.len - *used, missing = PING_BYTES - e->len;
        if (rest >= missing)
            TRY(buf_reserve(out, PING_BYTES)); /* before anything is taken */
        size_t take = rest < missing ? rest : missing;
        memcpy(e->part + e->len, in.ptr + *used, take);
        e->len = (uint8_t)(e->len + take);
        *used += take;
        if (e->len < PING_BYTES)
            break;
        e->len = 0;
        TRY(buf_append(out, SPAN_ARRAY(e->part)));
    }
    return OK;
}
