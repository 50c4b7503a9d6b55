/* /health, /info, /version and what describes itself. */
#include "net/services/filter.h"
#include "node/api/room.h"

#include <stdio.h>

static json_t *protocol(const char *name, const char *health, const char *desc)
{
    json_t *j = json_object();
    json_object_set_new(j, name, json_string(health));
    if (desc != NULL)
        json_object_set_new(j, "desc", json_string(desc));
    return j;
}

static size_t connected_peers(struct api *a)
{
    size_t n = 0;
    struct core_peer p;
    for (size_t cursor = 0; a->backend.peers(a->backend.state, &cursor, &p);)
        n += p.connected;
    return n;
}

static bool has_filter_service(struct api *a)
{
    struct core_peer p;
    for (size_t cursor = 0; a->backend.peers(a->backend.state, &cursor, &p);)
        for (size_t i = 0; p.connected && i < p.protocols_count; i++)
            if (strcmp(p.protocols[i], FILTER_SUBSCRIBE_PROTOCOL) == 0)
                return true;
    return false;
}

/* Both ends; the words are nwaku's (node_health_monitor.nim). */
static void add_filter(struct api *a, json_t *list, size_t peers)
{
    bool relays = a->config.relay && peers > 0;
    json_array_append_new(
        list, !a->config.filter ? protocol("Filter", "NOT_MOUNTED", NULL)
              : relays
                  ? protocol("Filter", "READY", NULL)
                  : protocol("Filter", "NOT_READY",
                             "Relay is not ready, filter will not be able to sort out messages"));
    json_array_append_new(
        list, has_filter_service(a)
                  ? protocol("Filter Client", "READY", NULL)
                  : protocol("Filter Client", "NOT_READY", "No Filter service peer available yet"));
}

/* What an operator should look at although all protocols work; absent when there is nothing. */
static void add_warnings(struct api *a, json_t *health)
{
    int64_t ns;
    char text[160];
    if (!a->backend.clock_offset(a->backend.state, &ns) ||
        (ns <= API_CLOCK_WARN_NS && ns >= -API_CLOCK_WARN_NS))
        return;
    snprintf(text, sizeof text,
             "The clock is %.1f s %s that of the peers: what is published here may not be archived",
             (double)(ns < 0 ? -ns : ns) / NS_PER_S, ns < 0 ? "behind" : "ahead of");
    json_object_set_new(health, "warnings", json_pack("[s]", text));
}

bool info_health(struct call *c)
{
    static const char *const absent[] = {"Rln Relay", "Mix"};
    struct api *a = c->a;
    size_t peers = connected_peers(a);
    enum err archive = a->config.store ? a->backend.archive_health(a->backend.state) : OK;
    static const char *const reach[] = {"Unknown", "Reachable", "NotReachable"};
    struct api_numbers n = {0};
    a->backend.numbers(a->backend.state, &n);
    json_t *list = json_array();
    json_array_append_new(list, !a->config.relay ? protocol("Relay", "NOT_MOUNTED", NULL)
                                : peers == 0 ? protocol("Relay", "NOT_READY", "No connected peers")
                                             : protocol("Relay", "READY", NULL));
    json_array_append_new(list, !a->config.store ? protocol("Store", "NOT_MOUNTED", NULL)
                                : archive != OK  ? protocol("Store", "NOT_READY", err_text(archive))
                                                 : protocol("Store", "READY", NULL));
    static const char *const pushes[] = {"Lightpush", "Legacy Lightpush"};
    for (size_t i = 0; i < 2; i++)
        json_array_append_new(list, !a->config.lightpush ? protocol(pushes[i], "NOT_MOUNTED", NULL)
                                    : peers == 0
                                        ? protocol(pushes[i], "NOT_READY", "No connected peers")
                                        : protocol(pushes[i], "READY", NULL));
    add_filter(a, list, peers);
    json_array_append_new(
        list, protocol("Rendezvous", a->config.rendezvous ? "READY" : "NOT_MOUNTED", NULL));
    json_array_append_new(
        list, protocol("Peer Exchange", a->config.peer_exchange ? "READY" : "NOT_MOUNTED", NULL));
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++)
        json_array_append_new(list, protocol(absent[i], "NOT_MOUNTED", NULL));
    json_t *health = json_pack("{s:s, s:s, s:s, s:o}", "nodeHealth", "READY", "connectionStatus",
                               peers == 0  ? "Disconnected"
                               : peers < 4 ? "PartiallyConnected"
                                           : "Connected",
                               "reachability", reach[n.reach], "protocolsHealth", list);
    add_warnings(a, health);
    return answer_json(c, 200, health);
}

bool info_info(struct call *c)
{
    json_t *addresses = json_array();
    const char *text;
    for (size_t i = 0; (text = c->a->backend.address(c->a->backend.state, i)) != NULL; i++)
        json_array_append_new(addresses, json_string(text));
    return answer_json(c, 200,
                       json_pack("{s:o, s:s}", "listenAddresses", addresses, "enrUri",
                                 c->a->backend.enr(c->a->backend.state)));
}

bool info_version(struct call *c)
{
    return answer_text(c, 200, "%s", c->a->config.version);
}

bool info_openapi(struct call *c)
{
    c->out->status = 200;
    c->out->type = "application/json";
    return api_openapi(&c->out->body) == OK || answer_text(c, 500, "memory is out");
}

bool info_metrics(struct call *c)
{
    c->out->status = 200;
    c->out->type = "text/plain; version=0.0.4; charset=utf-8";
    return api_metrics(c->a, c->env, &c->out->body) == OK || answer_text(c, 500, "memory is out");
}
