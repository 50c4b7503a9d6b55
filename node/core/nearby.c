/* The local network: mDNS, when the operator asks for it. */
#include "net/discovery/discovery.h"
#include "node/core/inside.h"

#include "net/wire/ip.h"

enum err nearby_init(struct core *c, const struct env *env)
{
    size_t count;
    const struct multiaddr *addrs = core_announced(c, &count);

    return c->config.mdns ? mdns_new(&c->mdns, env, &c->self, addrs, count) : OK;
}

void nearby_clear(struct core *c)
{
    mdns_free(c->mdns);
    c->mdns = NULL;
}

void core_multicast(struct core *c, const struct env *env, struct span bytes)
{
    enum err err = c->mdns == NULL || c->stopping ? OK : mdns_receive(c->mdns, env, bytes);

    if (err != OK)
        log_debug(env, "mdns", "not read bytes=%zu err=%s", bytes.len, err_name(err));
}

void nearby_tick(struct core *c, const struct env *env)
{
    if (c->mdns != NULL && !c->stopping)
        mdns_tick(c->mdns, env);
}

void nearby_pump(struct core *c, const struct env *env, const struct port *port)
{
    struct endpoint group = {.port = MDNS_PORT};
    struct mdns_out out;

    while (c->mdns != NULL && mdns_poll(c->mdns, &out))
        switch (out.kind) {
        case MDNS_OUT_SEND:
            if (ip_parse(SPAN_LIT(MDNS_GROUP), group.ip) == OK)
                port->datagram(port->world, &group, out.bytes);
            break;
        case MDNS_OUT_PEER:
            candidates_address(c, env, &out.addr, PEERS_MDNS);
            break;
        }
}

struct mono nearby_deadline(const struct core *c)
{
    return c->mdns == NULL || c->stopping ? MONO_NEVER : mdns_deadline(c->mdns);
}
