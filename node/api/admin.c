/* /admin/v1: nwaku rest_api/endpoint/admin/handlers.nim. */
#include "net/wire/multiaddr.h"
#include "node/api/room.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const service_protocols[] = {
    "/vac/waku/relay/2.0.0",
    "/vac/waku/filter-subscribe/2.0.0-beta1",
    "/vac/waku/filter-push/2.0.0-beta1",
    "/vac/waku/store-query/3.0.0",
    "/vac/waku/lightpush/2.0.0-beta1",
    "/vac/waku/lightpush/3.0.0",
    "/vac/waku/peer-exchange/2.0.0-alpha1",
    "/vac/waku/reconciliation/1.0.0",
    "/vac/waku/transfer/1.0.0",
};
#define SERVICES (sizeof service_protocols / sizeof service_protocols[0])

static bool speaks(const struct core_peer *p, const char *protocol)
{
    for (size_t i = 0; i < p->protocols_count; i++)
        if (strcmp(p->protocols[i], protocol) == 0)
            return true;
    return false;
}

static bool on_shard(const struct core_peer *p, uint64_t shard)
{
    for (size_t i = 0; i < p->shards_count; i++)
        if (p->shards[i] == shard)
            return true;
    return false;
}

static const char *connectedness(const struct core_peer *p)
{
    if (p->connected)
        return "Connected";
    return p->failed ? "CannotConnect" : p->reached ? "CanConnect" : "NotConnected";
}

/* `services`: only those of service_protocols */
static json_t *json_peer(const struct core_peer *p, bool services)
{
    json_t *j = json_object(), *protocols = json_array(), *shards = json_array();
    for (size_t i = 0; !services && i < p->protocols_count; i++)
        json_array_append_new(protocols, json_span(span_str(p->protocols[i])));
    for (size_t i = 0; services && i < SERVICES; i++)
        if (speaks(p, service_protocols[i]))
            json_array_append_new(protocols, json_string(service_protocols[i]));
    for (size_t i = 0; i < p->shards_count; i++)
        json_array_append_new(shards, json_integer(p->shards[i]));
    json_object_set_new(j, "multiaddr", json_string(p->address));
    json_object_set_new(j, "protocols", protocols);
    json_object_set_new(j, "shards", shards);
    json_object_set_new(j, "connected", json_string(connectedness(p)));
    json_object_set_new(j, "agent", json_span(span_str(p->agent == NULL ? "" : p->agent)));
    json_object_set_new(j, "origin", json_string(p->origin == NULL ? "UnknownOrigin" : p->origin));
    json_object_set_new(j, "score", json_real(p->score));
    return j;
}

bool admin_peers(struct call *c)
{
    json_t *list = json_array();
    struct core_peer p;
    for (size_t cursor = 0; c->a->backend.peers(c->a->backend.state, &cursor, &p);)
        json_array_append_new(list, json_peer(&p, false));
    return answer_json(c, 200, list);
}

bool admin_service(struct call *c)
{
    json_t *list = json_array();
    struct core_peer p;
    for (size_t cursor = 0; c->a->backend.peers(c->a->backend.state, &cursor, &p);) {
        json_t *j = json_peer(&p, true);
        if (json_array_size(json_object_get(j, "protocols")) > 0)
            json_array_append(list, j);
        json_decref(j);
    }
    return answer_json(c, 200, list);
}

static bool connected(struct call *c, const uint64_t *shard)
{
    json_t *list = json_array();
    struct core_peer p;
    for (size_t cursor = 0; c->a->backend.peers(c->a->backend.state, &cursor, &p);)
        if (p.connected && (shard == NULL || on_shard(&p, *shard)))
            json_array_append_new(list, json_peer(&p, false));
    return answer_json(c, 200, list);
}

static bool shard_parameter(struct call *c, uint64_t *shard)
{
    return http_number(c->parameter, UINT16_MAX, shard) ||
           !answer_text(c, 400, "Invalid shardId: a number in 0..65535 is expected");
}

bool admin_connected(struct call *c)
{
    return connected(c, NULL);
}

bool admin_connected_on(struct call *c)
{
    uint64_t shard;
    return shard_parameter(c, &shard) ? connected(c, &shard) : true;
}

bool admin_peer(struct call *c)
{
    struct peer_id id;
    char text[PEER_ID_TEXT_MAX];
    struct core_peer p;
    if (peer_id_parse(c->parameter, &id) != OK)
        return answer_text(c, 400, "Invalid argument: a peer id is expected");
    peer_id_text(&id, text);
    for (size_t cursor = 0; c->a->backend.peers(c->a->backend.state, &cursor, &p);)
        if (strcmp(p.id, text) == 0)
            return answer_json(c, 200, json_peer(&p, false));
    return answer_text(c, 404, "Peer with ID %s not found", text);
}

/* Shard of "/waku/2/rs/<cluster>/<shard>" */
static bool shard_of(struct span topic, uint64_t *shard)
{
    size_t at = topic.len;
    while (at > 0 && topic.ptr[at - 1] != '/')
        at--;
    return span_starts(topic, SPAN_LIT("/waku/2/rs/")) &&
           http_number(span_after(topic, at), UINT16_MAX, shard);
}

static json_t *json_shard(struct api *a, struct span topic, uint64_t shard, bool mesh)
{
    json_t *j = json_object(), *list = json_array();
    struct core_peer p;
    for (size_t i = 0; a->backend.topic_peer(a->backend.state, topic, mesh, i, &p); i++)
        json_array_append_new(list, json_peer(&p, false));
    json_object_set_new(j, "shard", json_integer((json_int_t)shard));
    json_object_set_new(j, "peers", list);
    return j;
}

static json_t *json_shards(struct api *a, bool mesh)
{
    json_t *list = json_array();
    struct span topic;
    uint64_t shard;
    for (size_t cursor = 0; a->backend.topics(a->backend.state, &cursor, &topic);)
        if (shard_of(topic, &shard))
            json_array_append_new(list, json_shard(a, topic, shard, mesh));
    return list;
}

static bool no_relay(struct call *c)
{
    return !c->a->config.relay &&
           answer_text(c, 503, "Error: Relay Protocol is not mounted to the node");
}

static bool of_shard(struct call *c, bool mesh)
{
    struct api *a = c->a;
    uint64_t shard, found;
    struct span topic;
    if (no_relay(c) || !shard_parameter(c, &shard))
        return true;
    for (size_t cursor = 0; a->backend.topics(a->backend.state, &cursor, &topic);)
        if (shard_of(topic, &found) && found == shard)
            return answer_json(c, 200, json_shard(a, topic, shard, mesh));
    return answer_json(c, 200, json_pack("{s:i, s:[]}", "shard", (int)shard, "peers"));
}

bool admin_relay(struct call *c)
{
    return no_relay(c) || answer_json(c, 200, json_shards(c->a, false));
}
bool admin_relay_on(struct call *c)
{
    return of_shard(c, false);
}
bool admin_mesh(struct call *c)
{
    return no_relay(c) || answer_json(c, 200, json_shards(c->a, true));
}
bool admin_mesh_on(struct call *c)
{
    return of_shard(c, true);
}

static json_t *shard_stats(struct api *a, bool mesh)
{
    json_t *shards = json_shards(a, mesh), *stats = json_object(), *v;
    size_t i, total = 0;
    json_array_foreach(shards, i, v)
    {
        char name[24];
        size_t n = json_array_size(json_object_get(v, "peers"));
        snprintf(name, sizeof name, "%d", (int)json_integer_value(json_object_get(v, "shard")));
        json_object_set_new(stats, name, json_integer((json_int_t)n));
        total += n;
    }
    json_object_set_new(stats, mesh ? "Total mesh peers" : "Total relay peers",
                        json_integer((json_int_t)total));
    json_decref(shards);
    return stats;
}

bool admin_stats(struct call *c)
{
    int all = 0, up = 0, cannot = 0, can = 0, by[SERVICES] = {0};
    struct core_peer p;
    for (size_t cursor = 0; c->a->backend.peers(c->a->backend.state, &cursor, &p); all++) {
        up += p.connected;
        cannot += !p.connected && p.failed;
        can += !p.connected && !p.failed && p.reached;
        for (size_t i = 0; i < SERVICES; i++)
            by[i] += speaks(&p, service_protocols[i]);
    }
    json_t *protocols = json_object();
    for (size_t i = 0; i < SERVICES; i++)
        json_object_set_new(protocols, service_protocols[i], json_integer(by[i]));
    return answer_json(c, 200,
                       json_pack("{s:{s:i}, s:{s:i, s:i, s:i, s:i}, s:o, s:o, s:o}", "Sum",
                                 "Total peers", all, "By Connectedness", "Connected", up,
                                 "NotConnected", all - up - cannot - can, "CannotConnect", cannot,
                                 "CanConnect", can, "Relay peers", shard_stats(c->a, false),
                                 "Mesh peers", shard_stats(c->a, true), "By Protocols", protocols));
}

bool admin_log_level(struct call *c)
{
    char name[16];
    snprintf(name, sizeof name, "%.*s", (int)(c->parameter.len < 15 ? c->parameter.len : 15),
             (const char *)c->parameter.ptr);
    if (c->a->backend.log_level(c->a->backend.state, name))
        return answer_text(c, 200, "OK");
    return answer_text(c, 400,
                       "Invalid log-level: %s. Please specify one of TRACE, DEBUG, INFO, NOTICE, "
                       "WARN, ERROR or FATAL",
                       name);
}

/* ---- POST peers: dial them all, answer when all have ended ---- */

static bool addresses_ok(struct call *c, const json_t *list)
{
    size_t i;
    json_t *v;
    json_array_foreach(list, i, v)
    {
        struct multiaddr m;
        struct peer_id id;
        if (multiaddr_parse(span_of(json_string_value(v), json_string_length(v)), &m) != OK ||
            !multiaddr_peer(&m, &id))
            return !answer_text(c, 400,
                                "Couldn't parse remote peer info: %.300s is no multiaddr with /p2p",
                                json_string_value(v));
    }
    return true;
}

static void dialed(struct waiting *w, uint64_t ticket, enum err err)
{
    uint32_t bit = 1u << (ticket - w->first);
    w->unanswered &= ~bit;
    if (err != OK)
        w->failed |= bit;
}

static void answer_dialed(struct call *c, const struct waiting *w)
{
    for (uint32_t i = 0; i < w->count; i++)
        if (w->failed >> i & 1) {
            (void)answer_text(c, 400, "Failed to connect to peer at index: %u - %.300s", i,
                              json_string_value(json_array_get(w->asked, i)));
            return;
        }
    (void)answer_text(c, 200, "OK");
}

bool admin_connect(struct call *c)
{
    struct api_backend *b = &c->a->backend;
    char why[256];
    json_t *list = json_strings(c->rq->body, API_PEERS_ASKED_MAX - 1, why, sizeof why);
    if (list == NULL)
        return answer_text(c, 400, "%s", why);
    uint32_t count = (uint32_t)json_array_size(list);
    struct waiting *w = NULL;
    if (count == 0)
        (void)answer_text(c, 200, "OK");
    else if (addresses_ok(c, list) && (w = waiting_new(c, count)) == NULL)
        (void)answer_text(c, 503, "too many requests are waiting");
    if (w == NULL) {
        json_decref(list);
        return true;
    }
    w->asked = list;
    for (uint32_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        enum err err = b->connect(b->state, c->env, span_str(text), w->first + i);
        if (err != OK)
            dialed(w, w->first + i, err);
    }
    if (w->unanswered != 0)
        return false;
    answer_dialed(c, w);
    waiting_free(w);
    return true;
}

void admin_dialed(struct api *a, const struct env *env, struct waiting *w,
                  const struct core_event *ev)
{
    dialed(w, ev->ticket, ev->err);
    if (w->unanswered != 0)
        return;
    struct api_response r = {.body = BUF_INIT(API_ANSWER_BYTES_MAX)};
    struct call c = {.a = a, .env = env, .out = &r};
    answer_dialed(&c, w);
    waiting_answer(a, w, &r);
}
