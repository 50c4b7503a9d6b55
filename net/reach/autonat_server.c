/* Dialing back those who ask, and nobody else. */
#include "net/reach/announce.h"
#include "net/reach/autonat_inside.h"
#include "net/wire/ip.h"

#include <stdlib.h>

static void answer(struct autonat *a, uint64_t stream, enum autonat_status status, const char *text,
                   const struct multiaddr *addr)
{
    struct autonat_output o = {.out = {.kind = AUTONAT_OUT_ANSWER, .stream = stream},
                               .bytes = BUF_INIT(AUTONAT_MESSAGE_MAX)};
    struct autonat_message m = {.is_answer = true,
                                .status = (uint32_t)status,
                                .text = span_str(text),
                                .addr = addr == NULL ? SPAN_EMPTY : multiaddr_span(addr)};

    a->counters.refused += status == AUTONAT_DIAL_REFUSED;
    a->counters.malformed += status == AUTONAT_BAD_REQUEST;
    if (autonat_encode(&m, &o.bytes) != OK || autonat_emit(a, &o) != OK)
        buf_clear(&o.bytes); /* without memory there is no answer: the stream times out */
}

/* ---- limits ---- */

static bool is_recent(const struct autonat *a, const struct env *env, struct span key)
{
    const struct mono *at = map_get(&a->recent, key);

    return at != NULL && env->now.ns - at->ns < AUTONAT_PEER_PAUSE_MS * NS_PER_MS;
}

static enum err remember(struct autonat *a, const struct env *env, struct span key)
{
    struct mono *at = map_take(&a->recent, key);
    size_t cursor = 0;
    struct span oldest;

    if (at == NULL && (at = malloc(sizeof *at)) == NULL)
        return ERR_MEMORY;
    *at = env->now;
    if (map_count(&a->recent) >= AUTONAT_RECENT_MAX && map_next(&a->recent, &cursor, &oldest))
        free(map_take(&a->recent, oldest));
    enum err err = map_put(&a->recent, key, at);
    if (err != OK)
        free(at);
    return err;
}

static bool minute_is_full(struct autonat *a, const struct env *env)
{
    if (env->now.ns - a->minute_from.ns >= 60 * NS_PER_S) {
        a->minute_from = env->now;
        a->minute_count = 0;
    }
    return a->minute_count >= AUTONAT_MINUTE_MAX;
}

/* ---- whom and where ---- */

static void add(struct autonat_request_dial *d, const struct multiaddr *addr)
{
    struct multiaddr m = *addr;

    multiaddr_drop_peer(&m);
    if (multiaddr_add_peer(&m, &d->peer) != OK)
        return;
    for (size_t i = 0; i < d->count; i++)
        if (multiaddr_eq(&d->addrs[i], &m))
            return;
    if (d->count < AUTONAT_ADDRS_MAX)
        d->addrs[d->count++] = m;
}

/* Of an address that the peer names only port and transport are taken: the IP is the one it is seen
 * at. Ports under 1024 are those of other services, and dialing them would knock on doors of a NAT
 * that the peer shares with others; only 80 and 443 are usual for WebSockets. */
static void take(struct autonat_request_dial *d, const uint8_t ip[16], struct span bytes)
{
    struct multiaddr named, at;
    struct multiaddr_part part;

    if (multiaddr_from_bytes(bytes, &named) != OK ||
        multiaddr_find(&named, MULTIADDR_P2P_CIRCUIT, &part) ||
        !multiaddr_find(&named, MULTIADDR_TCP, &part) || announce_rebase_ip(&named, ip, &at) != OK)
        return;
    uint16_t port = multiaddr_port(&part);
    if (port >= 1024 || port == 80 || port == 443)
        add(d, &at);
}

static enum autonat_status check(struct autonat *a, const struct env *env,
                                 const struct autonat_message *m, const struct peer_id *peer,
                                 const uint8_t ip[16], const char **text)
{
    *text = "malformed";
    if (m->is_answer || !m->has_peer)
        return AUTONAT_BAD_REQUEST;
    *text = "peer id mismatch";
    if (m->peer_id.len > 0 && !span_eq(m->peer_id, peer_id_span(peer)))
        return AUTONAT_BAD_REQUEST;
    *text = "not a public address";
    if (ip_is_private(ip) && !a->params.private_counts)
        return AUTONAT_DIAL_REFUSED;
    *text = "too many requests";
    if (is_recent(a, env, peer_id_span(peer)) || is_recent(a, env, span_of(ip, 16)) ||
        map_count(&a->dials) >= AUTONAT_DIALS_MAX || minute_is_full(a, env))
        return AUTONAT_DIAL_REFUSED;
    return AUTONAT_OK;
}

static enum err begin(struct autonat *a, const struct env *env, struct autonat_request_dial *d,
                      const uint8_t ip[16])
{
    struct autonat_output o = {.out = {.kind = AUTONAT_OUT_DIAL, .ticket = d->ticket}, .dial = d};
    uint64_t ticket = d->ticket;

    TRY(remember(a, env, peer_id_span(&d->peer)));
    TRY(remember(a, env, span_of(ip, 16)));
    TRY(map_put(&a->dials, MAP_KEY(ticket), d));
    enum err err = autonat_emit(a, &o);
    if (err != OK) {
        map_take(&a->dials, MAP_KEY(ticket));
        return err;
    }
    a->minute_count++;
    a->counters.dial_backs++;
    return OK;
}

static bool direct_ip(const struct multiaddr *remote, uint8_t ip[16])
{
    struct multiaddr_part part;
    uint16_t port;

    return !multiaddr_find(remote, MULTIADDR_P2P_CIRCUIT, &part) && multiaddr_ip(remote, ip, &port);
}

void autonat_server_request(struct autonat *a, const struct env *env, uint64_t stream,
                            const struct peer_id *peer, const struct multiaddr *remote,
                            struct span request)
{
    struct autonat_message m;
    uint8_t ip[16];
    const char *text = "malformed";
    bool direct = direct_ip(remote, ip);
    enum autonat_status status = AUTONAT_BAD_REQUEST;

    if (autonat_decode(request, &m) == OK)
        status = direct ? check(a, env, &m, peer, ip, &text) : AUTONAT_DIAL_REFUSED;
    if (status != AUTONAT_OK) {
        answer(a, stream, status, direct ? text : "relayed", NULL);
        return;
    }
    struct autonat_request_dial *d = calloc(1, sizeof *d);
    if (d == NULL) {
        answer(a, stream, AUTONAT_INTERNAL_ERROR, "no memory", NULL);
        return;
    }
    *d = (struct autonat_request_dial){.ticket = ++a->next_ticket, .stream = stream, .peer = *peer};
    for (size_t i = 0; i < m.addrs_count; i++)
        take(d, ip, m.addrs[i]);
    if (d->count == 0) {
        free(d);
        answer(a, stream, AUTONAT_DIAL_REFUSED, "no address to dial", NULL);
    } else if (begin(a, env, d, ip) != OK) {
        free(d);
        answer(a, stream, AUTONAT_INTERNAL_ERROR, "no memory", NULL);
    }
}

void autonat_server_dialed(struct autonat *a, uint64_t ticket, enum err err,
                           const struct multiaddr *at)
{
    struct autonat_request_dial *d = map_take(&a->dials, MAP_KEY(ticket));

    if (d == NULL)
        return;
    a->counters.dial_backs_ok += err == OK;
    if (err == OK)
        answer(a, d->stream, AUTONAT_OK, "", at);
    else if (err_actor(err) == ERR_ACTOR_LOCAL)
        answer(a, d->stream, AUTONAT_DIAL_REFUSED, "busy", NULL); /* says nothing about the peer */
    else
        answer(a, d->stream, AUTONAT_DIAL_ERROR, "all dials failed", NULL);
    free(d);
}
