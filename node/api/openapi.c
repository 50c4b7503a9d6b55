/* The OpenAPI description, out of the table of routes. */
#include "node/api/room.h"

#include <stdio.h>

static const char schemas[] =
    "{\"Any\":{},"
    "\"Strings\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
    "\"Message\":{\"type\":\"object\",\"required\":[\"payload\",\"contentTopic\"],\"properties\":{"
    "\"payload\":{\"type\":\"string\",\"format\":\"byte\"},"
    "\"contentTopic\":{\"type\":\"string\"},"
    "\"version\":{\"type\":\"integer\",\"format\":\"int32\"},"
    "\"timestamp\":{\"type\":\"integer\",\"format\":\"int64\",\"description\":\"ns since 1970\"},"
    "\"meta\":{\"type\":\"string\",\"format\":\"byte\"},"
    "\"ephemeral\":{\"type\":\"boolean\"},"
    "\"proof\":{\"type\":\"string\",\"format\":\"byte\",\"readOnly\":true}}},"
    "\"Messages\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/Message\"}},"
    "\"StoreAnswer\":{\"type\":\"object\",\"properties\":{"
    "\"requestId\":{\"type\":\"string\"},\"statusCode\":{\"type\":\"integer\"},"
    "\"statusDesc\":{\"type\":\"string\"},"
    "\"messages\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{"
    "\"messageHash\":{\"type\":\"string\",\"description\":\"0x and 64 hexadecimal digits\"},"
    "\"message\":{\"$ref\":\"#/components/schemas/Message\"},"
    "\"pubsubTopic\":{\"type\":\"string\"}}}},"
    "\"paginationCursor\":{\"type\":\"string\"}}},"
    "\"Push\":{\"type\":\"object\",\"required\":[\"message\"],\"properties\":{"
    "\"pubsubTopic\":{\"type\":\"string\"},"
    "\"message\":{\"$ref\":\"#/components/schemas/Message\"}}},"
    "\"Pushed\":{\"type\":\"object\",\"properties\":{"
    "\"relayPeerCount\":{\"type\":\"integer\"},\"statusDesc\":{\"type\":\"string\"}}},"
    "\"Health\":{\"type\":\"object\",\"properties\":{\"nodeHealth\":{\"type\":\"string\"},"
    "\"connectionStatus\":{\"type\":\"string\"},"
    "\"reachability\":{\"type\":\"string\"},"
    "\"protocolsHealth\":{\"type\":\"array\",\"items\":{\"type\":\"object\"}}}},"
    "\"Info\":{\"type\":\"object\",\"properties\":{"
    "\"listenAddresses\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
    "\"enrUri\":{\"type\":\"string\"}}},"
    "\"FilterId\":{\"type\":\"object\",\"required\":[\"requestId\"],"
    "\"properties\":{\"requestId\":{\"type\":\"string\"}}},"
    "\"FilterTopics\":{\"type\":\"object\",\"required\":[\"requestId\",\"contentFilters\"],"
    "\"properties\":{\"requestId\":{\"type\":\"string\"},"
    "\"contentFilters\":{\"$ref\":\"#/components/schemas/Strings\"},"
    "\"pubsubTopic\":{\"type\":\"string\"}}},"
    "\"FilterAnswer\":{\"type\":\"object\",\"properties\":{"
    "\"requestId\":{\"type\":\"string\"},\"statusDesc\":{\"type\":\"string\"}}},"
    "\"FilterSubscribers\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{"
    "\"peerId\":{\"type\":\"string\"},\"filterCriteria\":{\"type\":\"array\",\"items\":{"
    "\"type\":\"object\",\"properties\":{\"pubsubTopic\":{\"type\":\"string\"},"
    "\"contentTopic\":{\"type\":\"string\"}}}}}}},"
    "\"Peer\":{\"type\":\"object\",\"properties\":{\"multiaddr\":{\"type\":\"string\"},"
    "\"protocols\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
    "\"shards\":{\"type\":\"array\",\"items\":{\"type\":\"integer\"}},"
    "\"connected\":{\"type\":\"string\"},\"agent\":{\"type\":\"string\"},"
    "\"origin\":{\"type\":\"string\"},\"score\":{\"type\":\"number\"}}},"
    "\"Peers\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/Peer\"}},"
    "\"PeersOfShard\":{\"type\":\"object\",\"properties\":{\"shard\":{\"type\":\"integer\"},"
    "\"peers\":{\"$ref\":\"#/components/schemas/Peers\"}}},"
    "\"PeersOfShards\":{\"type\":\"array\","
    "\"items\":{\"$ref\":\"#/components/schemas/PeersOfShard\"}}}";

static const struct {
    const char *code, *text;
} statuses[] = {{"400", "malformed, or not possible"},
                {"401", "no bearer token, or not that of the token file"},
                {"403", "not allowed"},
                {"404", "not found"},
                {"409", "it is there already"},
                {"412", "no store peer"},
                {"413", "the message is too large"},
                {"420", "the message is invalid"},
                {"421", "the pubsub topic is not served"},
                {"429", "too many requests"},
                {"500", "the node failed"},
                {"503", "a bound is reached, try again"},
                {"504", "no answer in time"},
                {"505", "no relay peers"}};

static json_t *content(const char *schema)
{
    char ref[64];
    if (*schema == '\0')
        return json_pack("{s:{s:{s:s}}}", "text/plain", "schema", "type", "string");
    snprintf(ref, sizeof ref, "#/components/schemas/%s", schema);
    const char *type = strcmp(schema, "Bytes") == 0    ? "application/octet-stream"
                       : strcmp(schema, "Events") == 0 ? "text/event-stream"
                                                       : "application/json";
    return json_pack("{s:{s:{s:s}}}", type, "schema", "$ref", ref);
}

/* Names out of a list separated by blanks, or the {x} of a path */
static void parameters(json_t *list, const char *names, const char *where)
{
    while (*names != '\0') {
        size_t n = strcspn(names, " }");
        json_array_append_new(list,
                              json_pack("{s:s%, s:s, s:b, s:{s:s}}", "name", names, n, "in", where,
                                        "required", where[0] == 'p', "schema", "type", "string"));
        names += n;
        names += strspn(names, " }");
    }
}

static json_t *operation(const struct route *r)
{
    json_t *list = json_array(), *answers = json_object();
    for (const char *at = r->path; (at = strchr(at, '{')) != NULL;) {
        char name[32];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(at + 1, "}"), at + 1);
        parameters(list, name, "path");
        at++;
    }
    parameters(list, r->query, "query");
    json_object_set_new(
        answers, "200",
        json_pack("{s:s, s:o}", "description", "OK", "content", content(r->answer)));
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
        if (strstr(r->statuses, statuses[i].code) != NULL)
            json_object_set_new(answers, statuses[i].code,
                                json_pack("{s:s}", "description", statuses[i].text));
    json_t *j = json_pack("{s:s, s:o, s:o}", "summary", r->summary, "parameters", list, "responses",
                          answers);
    if (r->admin)
        json_object_set_new(j, "tags", json_pack("[s]", "admin"));
    if (r->handle == NULL) { /* of a hosted chat */
        json_object_set_new(j, "tags", json_pack("[s]", "chat"));
        json_object_set_new(j, "security", json_pack("[{s:[]}]", "token"));
    }
    if (*r->body != '\0')
        json_object_set_new(j, "requestBody",
                            json_pack("{s:b, s:o}", "required", 1, "content", content(r->body)));
    return j;
}

static int to_buf(const char *data, size_t len, void *out)
{
    return buf_append(out, span_of(data, len)) == OK ? 0 : -1;
}

static void add_routes(json_t *paths, const struct route *routes, size_t count)
{
    static const char *const methods[] = {"get", "post", "put", "delete"};
    for (size_t i = 0; i < count; i++) {
        json_t *path = json_object_get(paths, routes[i].path);
        if (path == NULL) {
            path = json_object();
            json_object_set_new(paths, routes[i].path, path);
            path = json_object_get(paths, routes[i].path);
        }
        json_object_set_new(path, methods[routes[i].method], operation(&routes[i]));
    }
}

enum err api_openapi(struct buf *out)
{
    json_t *paths = json_object(), *all = json_loads(schemas, 0, NULL);
    add_routes(paths, api_routes, api_routes_count);
    add_routes(paths, api_chat_routes, api_chat_routes_count);
    for (size_t i = 0; i < api_chat_schemas_count; i++)
        json_object_set_new(all, api_chat_schemas[i].name,
                            json_loads(api_chat_schemas[i].shape, 0, NULL));
    json_t *j =
        json_pack("{s:s, s:{s:s, s:s, s:s}, s:o, s:{s:o, s:{s:{s:s, s:s}}}}", "openapi", "3.0.3",
                  "info", "title", "sotto REST API", "version", SOTTO_VERSION, "description",
                  "Paths and shapes of the Waku REST API, and the chat. Routes tagged admin need "
                  "--rest-admin; those tagged chat are served for accounts of --chat.",
                  "paths", paths, "components", "schemas", all, "securitySchemes", "token", "type",
                  "http", "scheme", "bearer");
    if (j == NULL)
        return ERR_MEMORY;
    int failed = json_dump_callback(j, to_buf, out, JSON_INDENT(1));
    json_decref(j);
    return failed ? ERR_FULL : OK;
}
