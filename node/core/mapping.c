/* Port mapping as jobs: the engine (net/reach/portmap.h) says what to ask the gateway, the world's
 * function asks, on the lane of what waits for others. */
#include "node/core/inside.h"

#include <stdlib.h>

struct mapping_job {
    struct job job;
    core_map_ports *ask;
    struct portmap_request request;
    struct portmap_answer answer;
};

static void run(struct job *job)
{
    struct mapping_job *j = (struct mapping_job *)job;

    j->ask(&j->request, &j->answer);
}

static void drop(struct job *job)
{
    free(job);
}

static void tell(const struct env *env, const struct mapping_job *j)
{
    const char *method = j->request.method == PORTMAP_UPNP ? "upnp" : "pmp";

    if (j->answer.err == OK)
        log_info(env, "nat", "%s method=%s port=%u", j->request.unmap ? "unmapped" : "mapped",
                 method, j->answer.external[0]);
    else
        log_debug(env, "nat", "not mapped method=%s err=%s", method, err_name(j->answer.err));
}

static void done(void *owner, const struct env *env, struct job *job)
{
    struct core *c = owner;
    struct mapping_job *j = (struct mapping_job *)job;

    tell(env, j);
    if (portmap_done(&c->mapping, env, &j->answer)) {
        reaching_update(c, env);
        discovering_changed(c);
    }
    free(j);
}

void mapping_pump(struct core *c, const struct env *env)
{
    struct portmap_request request;

    if (c->stopping)
        portmap_stop(&c->mapping, env);
    if (!portmap_poll(&c->mapping, env, &request))
        return;
    struct mapping_job *j = calloc(1, sizeof *j);
    if (j != NULL) {
        *j = (struct mapping_job){.job = {JOB_NET, run, done, drop, .owner = c},
                                  .ask = c->config.map_ports,
                                  .request = request};
        if (core_queue_job(c, &j->job) == OK)
            return;
        free(j);
    }
    portmap_done(&c->mapping, env, &(struct portmap_answer){.err = ERR_MEMORY});
}

void mapping_tick(struct core *c, const struct env *env)
{
    if (portmap_tick(&c->mapping, env))
        reaching_update(c, env);
}

/* The addresses where we listen, as they are behind the gateway. */
size_t mapping_addrs(const struct core *c, struct multiaddr *out, size_t max)
{
    const struct addr_list *bound = &c->reaching.bound;
    size_t n = 0;

    for (size_t i = 0; i < bound->count && n < max; i++) {
        uint8_t ip[16], outside[16];
        uint16_t port, external;
        if (multiaddr_ip(&bound->addrs[i], ip, &port) &&
            portmap_outside(&c->mapping, false, port, outside, &external) &&
            announce_mapped(&bound->addrs[i], outside, external, &out[n]) == OK)
            n++;
    }
    return n;
}

bool core_mapped_udp(const struct core *c, uint16_t internal, uint8_t ip[16], uint16_t *external)
{
    return portmap_outside(&c->mapping, true, internal, ip, external);
}

void mapping_init(struct core *c, const struct env *env)
{
    const struct core_config *k = &c->config;

    if (k->map_ports != NULL)
        portmap_start(&c->mapping, env, k->map_methods, c->map_gateway, k->map, k->map_count);
}
