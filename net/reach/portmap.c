#include "net/reach/portmap.h"

#include <stdio.h>
#include <string.h>

static unsigned lowest(unsigned methods)
{
    return methods & (~methods + 1);
}

void portmap_start(struct portmap *p, const struct env *env, unsigned methods, const char *gateway,
                   const struct portmap_port *ports, size_t count)
{
    *p = (struct portmap){.methods = methods, .pause_ms = PORTMAP_RETRY_MS, .at = env->now};
    p->count = count < PORTMAP_PORTS_MAX ? count : PORTMAP_PORTS_MAX;
    memcpy(p->ports, ports, p->count * sizeof *ports);
    snprintf(p->gateway, sizeof p->gateway, "%s", gateway);
    p->method = lowest(methods);
    p->state = methods != 0 && p->count > 0 ? PORTMAP_TRYING : PORTMAP_OFF;
}

static bool is_mapped(const struct portmap *p)
{
    return p->state == PORTMAP_MAPPED || p->state == PORTMAP_RENEWING;
}

void portmap_stop(struct portmap *p, const struct env *env)
{
    bool mapped = is_mapped(p);

    if (p->state == PORTMAP_OFF || p->state == PORTMAP_STOPPING)
        return;
    /* what is being asked for may still be given: it is taken back as well */
    p->state = mapped || p->asked ? PORTMAP_STOPPING : PORTMAP_OFF;
    p->at = env->now;
}

bool portmap_idle(const struct portmap *p)
{
    return p->state == PORTMAP_OFF && !p->asked;
}

bool portmap_poll(struct portmap *p, const struct env *env, struct portmap_request *out)
{
    if (p->state == PORTMAP_OFF || p->asked || p->at.ns > env->now.ns)
        return false;
    *out = (struct portmap_request){.method = p->method,
                                    .unmap = p->state == PORTMAP_STOPPING,
                                    .count = p->count,
                                    .lease_s = PORTMAP_LEASE_S};
    memcpy(out->gateway, p->gateway, sizeof out->gateway);
    memcpy(out->ports, p->ports, sizeof out->ports);
    if (p->state == PORTMAP_MAPPED)
        p->state = PORTMAP_RENEWING;
    p->asked = true;
    p->unmapping = out->unmap;
    return true;
}

static void take(struct portmap *p, const struct env *env, const struct portmap_answer *a)
{
    int64_t lease = a->lease_s == 0                    ? PORTMAP_LEASE_S
                    : a->lease_s < PORTMAP_LEASE_MIN_S ? PORTMAP_LEASE_MIN_S
                                                       : (int64_t)a->lease_s;

    p->state = PORTMAP_MAPPED;
    p->mapped = *a;
    p->pause_ms = PORTMAP_RETRY_MS;
    p->until = a->lease_s == 0 ? MONO_NEVER : mono_add(env->now, lease * NS_PER_S);
    p->at = mono_add(env->now, lease * NS_PER_S / 2);
    for (size_t i = 0; i < p->count; i++)
        p->ports[i].external = a->external[i]; /* the same again, if it may be */
}

/* The next method; after the last a pause, and from the first again. */
static void next_method(struct portmap *p, const struct env *env)
{
    unsigned rest = p->methods & ~(p->method | (p->method - 1));

    if (rest != 0) {
        p->method = lowest(rest);
        p->at = env->now;
        return;
    }
    p->method = lowest(p->methods);
    p->at = mono_add(env->now, p->pause_ms * NS_PER_MS);
    p->pause_ms = p->pause_ms * 2 < PORTMAP_RETRY_MS_MAX ? p->pause_ms * 2 : PORTMAP_RETRY_MS_MAX;
}

bool portmap_done(struct portmap *p, const struct env *env, const struct portmap_answer *answer)
{
    bool stopping = p->state == PORTMAP_STOPPING, was = is_mapped(p);
    struct portmap_answer before = p->mapped;

    p->asked = false;
    if (stopping) { /* this was the unmapping, or a mapping that is to be taken back now */
        p->state = p->unmapping || answer->err != OK ? PORTMAP_OFF : PORTMAP_STOPPING;
        return false;
    }
    if (answer->err == OK) {
        take(p, env, answer);
        return !was || memcmp(before.ip, p->mapped.ip, 16) != 0 ||
               memcmp(before.external, p->mapped.external, sizeof before.external) != 0;
    }
    if (was) {
        p->state = PORTMAP_MAPPED;
        p->at = mono_add(env->now, PORTMAP_RENEW_RETRY_MS * NS_PER_MS);
    } else {
        next_method(p, env);
    }
    return false;
}

bool portmap_tick(struct portmap *p, const struct env *env)
{
    if (!is_mapped(p) || p->until.ns > env->now.ns)
        return false;
    p->state = PORTMAP_TRYING;
    p->method = lowest(p->methods);
    p->at = env->now;
    return true;
}

struct mono portmap_deadline(const struct portmap *p)
{
    struct mono at = p->state == PORTMAP_OFF || p->asked ? MONO_NEVER : p->at;

    return is_mapped(p) ? mono_min(at, p->until) : at;
}

bool portmap_outside(const struct portmap *p, bool udp, uint16_t internal, uint8_t ip[16],
                     uint16_t *external)
{
    for (size_t i = 0; i < p->count && is_mapped(p); i++)
        if (p->ports[i].udp == udp && p->ports[i].internal == internal) {
            memcpy(ip, p->mapped.ip, 16);
            *external = p->mapped.external[i];
            return true;
        }
    return false;
}
