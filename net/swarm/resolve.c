/* From multiaddrs to endpoints: dns, dns4, dns6, and dnsaddr, whose TXT records name further
 * addresses. */
#include "net/swarm/inner.h"

#include <stdio.h>

#define DNS_A    1 /* RFC 1035 3.2.2 */
#define DNS_TXT  16
#define DNS_AAAA 28 /* RFC 3596 2.1 */

/* what an address says, without its peer */
struct route {
    enum multiaddr_code name_code; /* MULTIADDR_IP4, IP6 or one of the DNS ones */
    struct span name;              /* of a DNS one */
    struct span sni;
    struct endpoint at;
};

/* The transport after /tcp: nothing, /ws, /wss, /tls/ws, /tls/sni/NAME/ws. */
static enum err read_transport(const struct multiaddr *addr, size_t *cursor, struct route *r)
{
    struct multiaddr_part part;
    bool tls = false;

    while (multiaddr_next(addr, cursor, &part)) {
        if (part.code == MULTIADDR_TLS)
            tls = true;
        else if (part.code == MULTIADDR_SNI && tls)
            r->sni = part.value;
        else if (part.code == MULTIADDR_WS)
            r->at.kind = tls ? LINK_WSS : LINK_WS;
        else if (part.code == MULTIADDR_WSS)
            r->at.kind = LINK_WSS;
        else if (part.code != MULTIADDR_P2P)
            return ERR_UNSUPPORTED; /* circuits and others are not ours */
    }
    return tls && r->at.kind != LINK_WSS ? ERR_UNSUPPORTED : OK;
}

static enum err read_route(const struct multiaddr *addr, struct route *r)
{
    struct multiaddr_part part;
    size_t cursor = 0;

    *r = (struct route){.at.kind = LINK_TCP};
    if (!multiaddr_next(addr, &cursor, &part))
        return ERR_FORMAT;
    r->name_code = part.code;
    r->name = part.value;
    switch ((int)part.code) {
    case MULTIADDR_IP4:
        ip_from_v4(part.value.ptr, r->at.ip);
        break;
    case MULTIADDR_IP6:
        memcpy(r->at.ip, part.value.ptr, 16);
        break;
    case MULTIADDR_DNS:
    case MULTIADDR_DNS4:
    case MULTIADDR_DNS6:
        break;
    case MULTIADDR_DNSADDR:
        return OK; /* what follows it is the peer */
    default:
        return ERR_UNSUPPORTED;
    }
    if (!multiaddr_next(addr, &cursor, &part) || part.code != MULTIADDR_TCP)
        return ERR_UNSUPPORTED;
    r->at.port = multiaddr_port(&part);
    return read_transport(addr, &cursor, r);
}

/* The name that TLS and HTTP are told: that of /sni, or the one that is looked up. */
static bool read_host(const struct route *r, char host[256])
{
    bool named = r->name_code != MULTIADDR_IP4 && r->name_code != MULTIADDR_IP6;
    struct span name = r->sni.len > 0 ? r->sni : named ? r->name : SPAN_EMPTY;

    host[0] = 0;
    if (r->at.kind == LINK_TCP || name.len == 0 || name.len > 255 ||
        memchr(name.ptr, 0, name.len) != NULL)
        return false;
    memcpy(host, name.ptr, name.len);
    host[name.len] = 0;
    return true;
}

static void add_lookup(struct swarm *s, const struct env *env, struct dial *d,
                       const struct route *r, int type, unsigned depth,
                       const struct peer_id *suffix)
{
    struct span name = r->name;
    int prefix = type == DNS_TXT ? (int)sizeof "_dnsaddr." - 1 : 0;

    if (d->lookups_used == SWARM_DIAL_LOOKUPS_MAX || name.len == 0 ||
        memchr(name.ptr, 0, name.len) != NULL ||
        name.len + (size_t)prefix >= sizeof d->lookups[0].name)
        return;
    struct lookup *l = &d->lookups[d->lookups_used++];
    *l = (struct lookup){.query = s->next_query += 2,
                         .type = type,
                         .depth = depth,
                         .port = r->at.port,
                         .kind = r->at.kind};
    if (suffix != NULL)
        l->suffix = *suffix;
    snprintf(l->name, sizeof l->name, "%.*s%.*s", prefix, "_dnsaddr.", (int)name.len,
             (const char *)name.ptr);
    (void)read_host(r, l->host);
    d->lookups_waiting++;
    d->resolve_by = mono_add(env->now, SWARM_RESOLVE_TIMEOUT_MS * NS_PER_MS);
}

/* Does the address lead to the peer that is wanted, as far as it says? The first that names one
 * decides when the caller did not. */
static bool right_peer(const struct swarm *s, struct dial *d, const struct multiaddr *addr,
                       struct peer_id *named)
{
    if (!multiaddr_peer(addr, named)) {
        named->len = 0;
        return true;
    }
    if (peer_id_eq(named, &s->self))
        return false;
    if (d->peer.len == 0)
        d->peer = *named;
    return peer_id_eq(named, &d->peer);
}

/* /../p2p/RELAY/p2p-circuit, maybe with /p2p/TARGET; one circuit, not one in another. */
static bool read_circuit(const struct multiaddr *addr, struct multiaddr *relay)
{
    struct multiaddr_part part;
    struct peer_id id;
    size_t cursor = 0;
    unsigned circuits = 0;

    *relay = (struct multiaddr){0};
    while (multiaddr_next(addr, &cursor, &part)) {
        circuits += part.code == MULTIADDR_P2P_CIRCUIT;
        if (circuits == 0 && multiaddr_add(relay, part.code, part.value) != OK)
            return false;
    }
    struct multiaddr whole = *relay;
    return circuits == 1 && multiaddr_peer(relay, &id) &&
           multiaddr_add(&whole, MULTIADDR_P2P_CIRCUIT, SPAN_EMPTY) == OK;
}

/* True: it is one, and was taken or is not for us. */
static bool resolve_circuit(struct swarm *s, struct dial *d, const struct multiaddr *addr)
{
    struct multiaddr_part part;
    struct multiaddr relay;
    struct peer_id named;

    if (!multiaddr_find(addr, MULTIADDR_P2P_CIRCUIT, &part))
        return false;
    if (read_circuit(addr, &relay) && right_peer(s, d, addr, &named) && d->peer.len > 0)
        dial_add_circuit(d, &relay);
    return true;
}

void resolve_addr(struct swarm *s, const struct env *env, struct dial *d,
                  const struct multiaddr *addr, unsigned depth)
{
    struct route r;
    struct peer_id named;
    char host[256];

    if (resolve_circuit(s, d, addr))
        return;
    if (read_route(addr, &r) != OK || !right_peer(s, d, addr, &named))
        return;
    const struct peer_id *suffix = named.len > 0 ? &named : NULL;
    switch ((int)r.name_code) {
    case MULTIADDR_DNSADDR:
        if (depth < SWARM_DNSADDR_DEPTH_MAX)
            add_lookup(s, env, d, &r, DNS_TXT, depth + 1, suffix);
        return;
    case MULTIADDR_DNS:
    case MULTIADDR_DNS4:
        add_lookup(s, env, d, &r, DNS_A, depth, suffix);
        if (r.name_code == MULTIADDR_DNS4)
            return;
        __attribute__((fallthrough));
    case MULTIADDR_DNS6:
        add_lookup(s, env, d, &r, DNS_AAAA, depth, suffix);
        return;
    default:
        break;
    }
    if (read_host(&r, host))
        r.at.host = host;
    dial_add_target(s, env, d, &r.at);
}

struct lookup *resolve_unasked(struct swarm *s)
{
    for (struct dial *d = s->dials; d != NULL; d = d->next)
        for (size_t i = 0; i < d->lookups_used; i++)
            if (d->lookups[i].query != 0 && !d->lookups[i].asked)
                return &d->lookups[i];
    return NULL;
}

/* ---- answers ---- */

static void on_text(struct swarm *s, const struct env *env, struct dial *d, const struct lookup *l,
                    struct span text)
{
    struct multiaddr addr;
    struct peer_id named;

    if (!span_starts(text, SPAN_LIT("dnsaddr=")) ||
        multiaddr_parse(span_after(text, 8), &addr) != OK)
        return; /* other TXT records live under the name as well */
    if (l->suffix.len > 0 && (!multiaddr_peer(&addr, &named) || !peer_id_eq(&named, &l->suffix)))
        return;
    resolve_addr(s, env, d, &addr, l->depth);
}

static void on_ip(struct swarm *s, const struct env *env, struct dial *d, const struct lookup *l,
                  struct span ip)
{
    struct endpoint at = {.port = l->port, .kind = l->kind};

    if (l->type == DNS_A && ip.len == 4)
        ip_from_v4(ip.ptr, at.ip);
    else if (l->type == DNS_AAAA && ip.len == 16)
        memcpy(at.ip, ip.ptr, 16);
    else
        return;
    if (l->host[0] != 0)
        at.host = l->host;
    dial_add_target(s, env, d, &at);
}

static struct lookup *find_lookup(struct swarm *s, uint64_t query, struct dial **dial)
{
    for (struct dial *d = s->dials; d != NULL; d = d->next)
        for (size_t i = 0; i < d->lookups_used; i++)
            if (d->lookups[i].query == query) {
                *dial = d;
                return &d->lookups[i];
            }
    return NULL;
}

void swarm_resolved(struct swarm *s, const struct env *env, uint64_t query, enum err err,
                    const struct span *records, size_t count)
{
    struct dial *d = NULL;
    struct lookup *l = query == 0 ? NULL : find_lookup(s, query, &d);

    if (l == NULL)
        return;
    struct lookup answered = *l; /* new lookups may follow */
    l->query = 0;
    d->lookups_waiting--;
    if (err != OK)
        d->err = err;
    for (size_t i = 0; err == OK && i < count; i++) {
        if (answered.type == DNS_TXT)
            on_text(s, env, d, &answered, records[i]);
        else
            on_ip(s, env, d, &answered, records[i]);
    }
    dial_advance(s, env, d);
}
