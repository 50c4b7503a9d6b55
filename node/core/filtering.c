/* Filter: what was accepted, from wherever it came, goes to those who subscribed here; and we are a
 * subscriber of another node ourselves.
 *
 * That node is --filternode, else the first connected peer that serves filter. We stay with it
 * until it goes or answers no more pings; the next one is then asked for all that we had subscribed
 * to.
 */
#include "net/services/filter.h"
#include "net/waku/waku.h"
#include "node/core/inside.h"

/* The message is read once for both: the filter, and our clock. */
void filtering_message(struct core *c, const struct env *env, const struct host_out *out)
{
    struct waku_message m;

    if (waku_message_decode(out->payload, &m) != OK)
        return;
    if (out->peer != 0)
        clock_sample(&c->clock, env, out->peer, m.content_topic, m.timestamp_ns);
    host_filter_message(c->host, env, out->topic, m.content_topic, out->hash, out->payload);
}

static bool serves_filter(const struct host_peer *p)
{
    for (size_t i = 0; i < p->protocols_count; i++)
        if (strcmp(p->protocols[i], FILTER_SUBSCRIBE_PROTOCOL) == 0)
            return true;
    return false;
}

/* Be served by some peer; `except` lost our trust and comes last. */
static void choose(struct core *c, const struct env *env, uint64_t except)
{
    size_t cursor = 0;
    const struct host_peer *p;
    uint64_t last = 0;

    while ((p = host_peers(c->host, &cursor)) != NULL) {
        if (p->going || !serves_filter(p) ||
            (c->filternode.len > 0 && !peer_id_eq(&p->id, &c->filternode)))
            continue;
        if (p->peer != except) {
            host_filter_use(c->host, env, 0, p->peer);
            return;
        }
        last = except;
    }
    host_filter_use(c->host, env, 0, last);
}

void filtering_peers_changed(struct core *c, const struct env *env)
{
    if (host_filter_peer(c->host, 0) == 0)
        choose(c, env, 0);
}

void filtering_told(struct core *c, const struct env *env, const struct host_out *out)
{
    struct event_slot slot = {.event = {.ticket = out->ticket, .peer = out->peer, .err = out->err}};

    if (out->slot != 0) {
        chatting_filter_told(c, env, out);
        return;
    }
    if (out->kind == HOST_OUT_FILTERED)
        chatting_message(c, env, out->payload);
    if (out->kind == HOST_OUT_FILTER_LOST) {
        log_info(env, "filter", "service peer lost peer=%llu", (unsigned long long)out->peer);
        choose(c, env, out->peer);
        return;
    }
    slot.event.kind =
        out->kind == HOST_OUT_FILTERED ? CORE_EVENT_FILTERED : CORE_EVENT_FILTER_ANSWER;
    slot.event.status = out->status;
    slot.topic = blob_new(out->kind == HOST_OUT_FILTERED ? out->topic : out->text);
    if (slot.topic != NULL && out->kind == HOST_OUT_FILTERED)
        slot.event.pubsub_topic = blob_span(slot.topic);
    else if (slot.topic != NULL)
        slot.event.text = blob_span(slot.topic);
    if (out->kind == HOST_OUT_FILTERED) {
        slot.message = blob_ref(out->data);
        slot.event.message = out->payload;
        memcpy(slot.event.hash, out->hash, sizeof slot.event.hash);
    }
    core_emit(c, env, &slot);
}

enum err core_filter(struct core *c, const struct env *env, const struct filter_request *request,
                     uint64_t ticket)
{
    if (c->stopping)
        return ERR_FULL;
    filtering_peers_changed(c, env);
    return host_filter_ask(c->host, env, 0, request, ticket);
}

const struct filter_server *core_filter_server(const struct core *c)
{
    return host_filter_server(c->host);
}

const struct filter_client *core_filter_client(const struct core *c)
{
    return host_filter_client(c->host);
}

enum err filtering_init(struct core *c)
{
    struct multiaddr addr;

    if (c->config.filternode == NULL || *c->config.filternode == '\0')
        return OK;
    TRY(multiaddr_parse(span_str(c->config.filternode), &addr));
    return multiaddr_peer(&addr, &c->filternode) ? OK : ERR_ARGUMENT;
}
