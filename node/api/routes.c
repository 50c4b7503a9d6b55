/* The table of routes, and finding one. A more exact path stands before one with {x}. */
#include "node/api/room.h"

#include <stdio.h>

/* clang-format off */
#define M API_BODY_BYTES_MAX
#define L API_LIST_BYTES_MAX
const struct route api_routes[] = {
    {API_GET, "/health", info_health, false, 0, "Health of the node and its protocols", "", "", "Health", ""},
    {API_GET, "/info", info_info, false, 0, "Addresses of the node", "", "", "Info", ""},
    {API_GET, "/version", info_version, false, 0, "Version", "", "", "", ""},
    {API_GET, "/debug/v1/info", info_info, false, 0, "Addresses of the node", "", "", "Info", ""},
    {API_GET, "/debug/v1/version", info_version, false, 0, "Version", "", "", "", ""},
    {API_GET, "/openapi.json", info_openapi, false, 0, "This description", "", "", "Any", ""},
    {API_GET, "/metrics", info_metrics, false, 0, "Metrics in the text format of Prometheus", "", "", "", ""},
    {API_POST, "/relay/v1/subscriptions", relay_subscribe, false, L, "Subscribe to pubsub topics", "", "Strings", "", "400 500"},
    {API_DELETE, "/relay/v1/subscriptions", relay_unsubscribe, false, L, "Unsubscribe from pubsub topics", "", "Strings", "", "400"},
    {API_GET, "/relay/v1/messages/{pubsubTopic}", relay_messages, false, 0, "Messages of a pubsub topic since the last call", "", "", "Messages", "404"},
    {API_POST, "/relay/v1/messages/{pubsubTopic}", relay_publish, false, M, "Publish on a pubsub topic", "", "Message", "", "400 503"},
    {API_POST, "/relay/v1/auto/subscriptions", auto_subscribe, false, L, "Subscribe to content topics", "", "Strings", "", "400 500"},
    {API_DELETE, "/relay/v1/auto/subscriptions", auto_unsubscribe, false, L, "Unsubscribe from content topics", "", "Strings", "", "400"},
    {API_GET, "/relay/v1/auto/messages/{contentTopic}", auto_messages, false, 0, "Messages of a content topic since the last call", "", "", "Messages", "404"},
    {API_POST, "/relay/v1/auto/messages", auto_publish, false, M, "Publish; the shard follows from the content topic", "", "Message", "", "400 503"},
    {API_POST, "/lightpush/v3/message", lightpush_v3_message, false, M, "Publish as a lightpush client: here, or through --lightpushnode", "", "Push", "Pushed", "400 413 420 421 429 500 503 505"},
    {API_POST, "/lightpush/v1/message", lightpush_v1_message, false, M, "The same, answered in text", "", "Push", "", "400 429 503"},
    {API_GET, "/store/v3/messages", store_messages, false, 0, "Query our archive, or with peerAddr another one",
     "peerAddr includeData pubsubTopic contentTopics startTime endTime hashes cursor ascending pageSize", "", "StoreAnswer", "400 412 429 500 503 504"},
    {API_DELETE, "/filter/v2/subscriptions/all", filter_unsubscribe_all, false, L, "End all subscriptions with the filter service", "", "FilterId", "FilterAnswer", "400 404 429 500 503 504"},
    {API_POST, "/filter/v2/subscriptions", filter_subscribe, false, L, "Subscribe with a filter service; without pubsubTopic the shards follow from the content topics", "", "FilterTopics", "FilterAnswer", "400 429 500 503 504"},
    {API_PUT, "/filter/v2/subscriptions", filter_subscribe, false, L, "Add to the subscription, or refresh it", "", "FilterTopics", "FilterAnswer", "400 429 500 503 504"},
    {API_DELETE, "/filter/v2/subscriptions", filter_unsubscribe, false, L, "Unsubscribe from content topics", "", "FilterTopics", "FilterAnswer", "400 404 429 500 503 504"},
    {API_GET, "/filter/v2/subscriptions/{requestId}", filter_ping, false, 0, "Does the filter service know us?", "", "", "FilterAnswer", "404 429 500 503 504"},
    {API_GET, "/filter/v2/messages/{contentTopic}", filter_messages, false, 0, "Messages that were pushed since the last call", "", "", "Messages", "400"},
    {API_GET, "/admin/v1/peers", admin_peers, true, 0, "All known peers", "", "", "Peers", ""},
    {API_POST, "/admin/v1/peers", admin_connect, true, L, "Connect to peers", "", "Strings", "", "400 503 504"},
    {API_GET, "/admin/v1/peers/stats", admin_stats, true, 0, "Numbers of peers by kind", "", "", "Any", ""},
    {API_GET, "/admin/v1/peers/service", admin_service, true, 0, "Peers that serve a protocol", "", "", "Peers", ""},
    {API_GET, "/admin/v1/peers/connected", admin_connected, true, 0, "Connected peers", "", "", "Peers", ""},
    {API_GET, "/admin/v1/peers/connected/on/{shardId}", admin_connected_on, true, 0, "Connected peers of a shard", "", "", "Peers", "400"},
    {API_GET, "/admin/v1/peers/relay", admin_relay, true, 0, "Relay peers by shard", "", "", "PeersOfShards", "503"},
    {API_GET, "/admin/v1/peers/relay/on/{shardId}", admin_relay_on, true, 0, "Relay peers of a shard", "", "", "PeersOfShard", "400 503"},
    {API_GET, "/admin/v1/peers/mesh", admin_mesh, true, 0, "Mesh peers by shard", "", "", "PeersOfShards", "503"},
    {API_GET, "/admin/v1/peers/mesh/on/{shardId}", admin_mesh_on, true, 0, "Mesh peers of a shard", "", "", "PeersOfShard", "400 503"},
    {API_GET, "/admin/v1/peers/{peerId}", admin_peer, true, 0, "One peer", "", "", "Peer", "400 404"},
    {API_GET, "/admin/v1/peer/{peerId}", admin_peer, true, 0, "One peer", "", "", "Peer", "400 404"},
    {API_GET, "/admin/v1/filter/subscriptions", admin_filter, true, 0, "Filter subscriptions that we serve", "", "", "FilterSubscribers", "400"},
    {API_POST, "/admin/v1/log-level/{logLevel}", admin_log_level, true, L, "Change the log level", "", "", "", "400"},
};
/* clang-format on */
const size_t api_routes_count = sizeof api_routes / sizeof api_routes[0];

/* Does the path fit? Up to one segment goes to `segment`, still encoded. */
static bool fits(const char *pattern, struct span path, struct span *segment)
{
    size_t i = 0;
    *segment = SPAN_EMPTY;
    while (*pattern != '\0') {
        if (*pattern == '{') {
            size_t from = i;
            while (i < path.len && path.ptr[i] != '/')
                i++;
            if (i == from)
                return false;
            *segment = span_sub(path, from, i - from);
            pattern = strchr(pattern, '}') + 1;
        } else if (i < path.len && path.ptr[i] == (uint8_t)*pattern) {
            pattern++;
            i++;
        } else {
            return false;
        }
    }
    return i == path.len;
}

/* A topic written with its slashes, as "/relay/v1/messages//waku/2/rs/66/0", is taken too. */
static bool fits_rest(const char *pattern, struct span path, struct span *segment)
{
    size_t n = strcspn(pattern, "{");
    if (pattern[n] == '\0' || pattern[n + strlen(pattern + n) - 1] != '}' || path.len <= n + 1 ||
        memcmp(path.ptr, pattern, n) != 0 || path.ptr[n] != '/')
        return false;
    *segment = span_after(path, n);
    return true;
}

const char *route_allow(unsigned methods)
{
    static const char *const texts[] = {"",
                                        "GET, OPTIONS",
                                        "POST, OPTIONS",
                                        "GET, POST, OPTIONS",
                                        "PUT, OPTIONS",
                                        "GET, PUT, OPTIONS",
                                        "POST, PUT, OPTIONS",
                                        "GET, POST, PUT, OPTIONS",
                                        "DELETE, OPTIONS",
                                        "GET, DELETE, OPTIONS",
                                        "POST, DELETE, OPTIONS",
                                        "GET, POST, DELETE, OPTIONS",
                                        "PUT, DELETE, OPTIONS",
                                        "GET, PUT, DELETE, OPTIONS",
                                        "POST, PUT, DELETE, OPTIONS",
                                        "GET, POST, PUT, DELETE, OPTIONS"};
    assert(methods < sizeof texts / sizeof texts[0]);
    return texts[methods];
}

const struct route *route_find(struct arena *scratch, enum api_method method, struct span path,
                               bool admin, struct span *parameter, const char **allow)
{
    const struct route *found = NULL;
    const char *pattern = NULL; /* the first that fits; its other methods have the same text */
    unsigned methods = 0;
    for (size_t i = 0; i < api_routes_count; i++) {
        const struct route *r = &api_routes[i];
        struct span segment;
        if ((r->admin && !admin) || (pattern != NULL && strcmp(pattern, r->path) != 0) ||
            (!fits(r->path, path, &segment) && !fits_rest(r->path, path, &segment)))
            continue;
        pattern = r->path;
        methods |= 1u << r->method;
        if (r->method == method && http_decode(scratch, segment, false, parameter))
            found = r;
    }
    *allow = pattern == NULL ? NULL : route_allow(methods);
    return found;
}
