/* Requests against a fake node: paths, shapes and codes of nwaku's REST API. */
#include "net/services/lightpush.h"
#include "node/api/api.h"
#include "node/api/json.h"
#include "node/api/room.h"
#include "tests/lib/fake_node.h"
#include "tests/lib/testing.h"

#define SHARD3 "%2Fwaku%2F2%2Frs%2F66%2F3"

static struct test_env t;
static struct fake_node node;
static struct api *api;
static struct api_response r;

static int fresh(void **state)
{
    (void)state;
    static const char *const origins[] = {"localhost:*"};
    test_env_init(&t, 1);
    node = (struct fake_node){.topics = {"/waku/2/rs/66/3"}, .topics_count = 1};
    struct api_backend b = fake_backend(&node);
    struct api_config c = {.admin = true,
                           .origins = origins,
                           .origins_count = 1,
                           .cache_capacity = 3,
                           .version = "v1",
                           .relay = true,
                           .store = true,
                           .storenode = ""};
    return api_new(&api, &c, &b, &t.env) == OK ? 0 : -1;
}

static int done(void **state)
{
    (void)state;
    api_response_clear(&r);
    api_free(api);
    test_env_clear(&t);
    return 0;
}

static bool send(enum api_method method, const char *target, const char *body, const char *type)
{
    struct api_request rq = {.method = method,
                             .target = span_str(target),
                             .host = SPAN_LIT("127.0.0.1:8645"),
                             .content_type = type == NULL ? SPAN_EMPTY : span_str(type),
                             .body = body == NULL ? SPAN_EMPTY : span_str(body)};
    api_response_clear(&r);
    memset(&r, 0, sizeof r);
    bool answered = api_request(api, &t.env, 77, &rq, &r);
    arena_reset(t.env.scratch);
    return answered;
}

static int status(enum api_method method, const char *target, const char *body)
{
    assert_true(send(method, target, body, "application/json"));
    return r.status;
}

static void assert_body(const char *wanted)
{
    assert_span_equal(buf_span(&r.body), span_str(wanted));
}

static bool body_has(const char *part)
{
    size_t len = strlen(part);
    for (size_t i = 0; i + len <= r.body.len; i++)
        if (memcmp(r.body.ptr + i, part, len) == 0)
            return true;
    return false;
}

static void message_arrives(const char *pubsub, const char *content, int n)
{
    uint8_t bytes[256];
    size_t len = strlen(content);
    struct core_event ev = {.kind = CORE_EVENT_MESSAGE, .pubsub_topic = span_str(pubsub)};
    bytes[0] = 0x0a; /* payload: one byte */
    bytes[1] = 1;
    bytes[2] = (uint8_t)n;
    bytes[3] = 0x12;
    bytes[4] = (uint8_t)len;
    memcpy(bytes + 5, content, len);
    memcpy(bytes + 5 + len, "\x50\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11); /* timestamp */
    ev.message = span_of(bytes, 5 + len + 11);
    api_event(api, &t.env, &ev);
}

static void health_info_and_version_have_nwakus_shapes(void **state)
{
    (void)state;
    assert_int_equal(status(API_GET, "/health", NULL), 200);
    assert_string_equal(r.type, "application/json");
    assert_true(body_has("\"nodeHealth\":\"READY\""));
    assert_true(body_has("{\"Relay\":\"READY\"}"));
    assert_false(body_has("warnings"));
    node.clock_ns = -5 * NS_PER_S; /* as far as it may be */
    assert_int_equal(status(API_GET, "/health", NULL), 200);
    assert_false(body_has("warnings"));
    node.clock_ns = -5 * NS_PER_S - 1;
    assert_int_equal(status(API_GET, "/health", NULL), 200);
    assert_true(body_has("\"warnings\":[\"The clock is 5.0 s behind"));
    node.clock_ns = 90 * NS_PER_S;
    assert_int_equal(status(API_GET, "/health", NULL), 200);
    assert_true(body_has("\"warnings\":[\"The clock is 90.0 s ahead of"));
    assert_int_equal(status(API_GET, "/info", NULL), 200);
    assert_body("{\"listenAddresses\":[\"/ip4/127.0.0.1/tcp/60000/p2p/"
                "16Uiu2HAm\"],\"enrUri\":\"enr:-fake\"}");
    assert_int_equal(status(API_GET, "/debug/v1/version", NULL), 200);
    assert_string_equal(r.type, "text/plain");
    assert_body("v1");
}

static void unknown_paths_and_methods_are_told_apart(void **state)
{
    (void)state;
    assert_int_equal(status(API_GET, "/no/such/route", NULL), 404);
    assert_int_equal(status(API_GET, "/relay/v1/messages/", NULL), 404);
    assert_int_equal(status(API_POST, "/health", NULL), 405);
    assert_string_equal(r.allow, "GET, OPTIONS");
    assert_int_equal(status(API_OPTIONS, "/relay/v1/messages/x", NULL), 200);
    assert_string_equal(r.allow, "GET, POST, OPTIONS");
}

static void relay_messages_are_given_once(void **state)
{
    (void)state;
    assert_int_equal(status(API_POST, "/relay/v1/subscriptions", "[\"/waku/2/rs/66/4\"]"), 200);
    assert_int_equal(node.topics_count, 2);
    message_arrives("/waku/2/rs/66/4", "/a/1/b/proto", 1);
    message_arrives("/waku/2/rs/66/3", "/a/1/b/proto", 2);
    assert_int_equal(status(API_GET, "/relay/v1/messages/%2Fwaku%2F2%2Frs%2F66%2F4", NULL), 200);
    assert_body("[{\"payload\":\"AQ==\",\"contentTopic\":\"/a/1/b/proto\",\"version\":0,"
                "\"timestamp\":9223372036854775807,\"ephemeral\":false,\"proof\":\"\"}]");
    assert_int_equal(status(API_GET, "/relay/v1/messages/%2Fwaku%2F2%2Frs%2F66%2F4", NULL), 200);
    assert_body("[]");
    assert_int_equal(status(API_GET, "/relay/v1/messages/%2Fwaku%2F2%2Frs%2F66%2F9", NULL), 404);
    assert_int_equal(status(API_DELETE, "/relay/v1/subscriptions", "[\"/waku/2/rs/66/4\"]"), 200);
    assert_int_equal(status(API_GET, "/relay/v1/messages/%2Fwaku%2F2%2Frs%2F66%2F4", NULL), 404);
    /* a topic of the configuration is kept from the first question on */
    assert_int_equal(status(API_GET, "/relay/v1/messages/" SHARD3, NULL), 200);
    message_arrives("/waku/2/rs/66/3", "/a/1/b/proto", 3);
    assert_int_equal(status(API_GET, "/relay/v1/messages//waku/2/rs/66/3", NULL), 200);
    assert_true(body_has("Aw=="));
}

static void caches_keep_the_newest(void **state)
{
    (void)state;
    assert_int_equal(status(API_POST, "/relay/v1/auto/subscriptions", "[\"/a/1/b/proto\"]"), 200);
    for (int i = 0; i < 5; i++)
        message_arrives("/waku/2/rs/66/3", "/a/1/b/proto", i);
    message_arrives("/waku/2/rs/66/3", "/a/1/other/proto", 9);
    assert_int_equal(status(API_GET, "/relay/v1/auto/messages/%2Fa%2F1%2Fb%2Fproto", NULL), 200);
    json_t *j = json_loadb((char *)r.body.ptr, r.body.len, 0, NULL);
    assert_int_equal(json_array_size(j), 3);
    assert_string_equal(json_string_value(json_object_get(json_array_get(j, 0), "payload")),
                        "Ag==");
    json_decref(j);
    assert_int_equal(status(API_DELETE, "/relay/v1/auto/subscriptions", "[\"/a/1/b/proto\"]"), 200);
    assert_int_equal(status(API_GET, "/relay/v1/auto/messages/%2Fa%2F1%2Fb%2Fproto", NULL), 404);
}

/* Longer ones than a key of a map may be, too. */
static void long_topics_are_400(void **state)
{
    (void)state;
    static const struct {
        const char *target, *head, *tail;
        char fill;
    } rows[] = {{"/relay/v1/auto/subscriptions", "[\"/a/1/", "/proto\"]", 'b'},
                {"/relay/v1/subscriptions", "[\"/waku/2/rs/66/", "3\"]", '0'}};
    static char body[70100];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t head = strlen(rows[i].head), fill = 70000;
        memcpy(body, rows[i].head, head);
        memset(body + head, rows[i].fill, fill);
        strcpy(body + head + fill, rows[i].tail);
        assert_int_equal(status(API_POST, rows[i].target, body), 400);
        assert_int_equal(status(API_DELETE, rows[i].target, body), 400);
    }
}

static void wrong_bodies_are_400(void **state)
{
    (void)state;
    static const char *const subscriptions[] = {
        "not json",           "{\"a\":1}", "[1]", "[\"/not/a/shard\"]", "[\"/waku/2/rs/66/70000\"]",
        "[\"/waku/2/rs/66\"]"};
    static const char *const messages[] = {
        "x{",
        "[]",
        "{\"contentTopic\":\"/a/1/b/c\"}",
        "{\"payload\":\"\",\"contentTopic\":\"/a/1/b/c\"}",
        "{\"payload\":\"***\",\"contentTopic\":\"/a/1/b/c\"}",
        "{\"payload\":\"AA==\"}",
        "{\"payload\":\"AA==\",\"contentTopic\":7}",
        "{\"payload\":\"AA==\",\"contentTopic\":\"/a/1/b/c\",\"timestamp\":1.5}",
        "{\"payload\":\"AA==\",\"contentTopic\":\"/a/1/b/c\",\"timestamp\":9223372036854775808}",
        "{\"payload\":\"AA==\",\"contentTopic\":\"/a/1/b/c\",\"version\":-1}",
        "{\"payload\":\"AA==\",\"contentTopic\":\"/a/1/b/c\",\"ephemeral\":1}",
        "{\"payload\":\"AA==\",\"payload\":\"AA==\",\"contentTopic\":\"/a/1/b/c\"}",
    };
    for (size_t i = 0; i < sizeof subscriptions / sizeof subscriptions[0]; i++)
        assert_int_equal(status(API_POST, "/relay/v1/subscriptions", subscriptions[i]), 400);
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        assert_int_equal(status(API_POST, "/relay/v1/messages/" SHARD3, messages[i]), 400);
        assert_int_equal(status(API_POST, "/relay/v1/auto/messages", messages[i]), 400);
    }
    assert_int_equal(node.publishes, 0);
}

static void publishing_maps_errors_to_codes(void **state)
{
    (void)state;
    static const char body[] = "{\"payload\":\"AQID\",\"contentTopic\":\"/a/1/b/c\","
                               "\"timestamp\":1700000000123456789,\"ephemeral\":true,"
                               "\"meta\":\"/w==\",\"unknown\":[]}";
    static const struct {
        enum err err;
        int status;
    } codes[] = {{OK, 200},         {ERR_FULL, 503},     {ERR_NOT_FOUND, 400}, {ERR_LIMIT, 400},
                 {ERR_EXISTS, 200}, {ERR_ARGUMENT, 400}, {ERR_MEMORY, 500}};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        node.publish_err = codes[i].err;
        assert_int_equal(status(API_POST, "/relay/v1/messages/" SHARD3, body), codes[i].status);
    }
    assert_string_equal(node.published_topic, "/waku/2/rs/66/3");
    assert_int_equal(node.published.timestamp_ns, 1700000000123456789);
    assert_memory_equal(node.payload, "\1\2\3", 3);
    assert_true(node.published.ephemeral);
    node.publish_err = OK;
    assert_int_equal(status(API_POST, "/relay/v1/auto/messages", body), 200);
    assert_string_equal(node.published_topic, "");
}

/* ---- lightpush ---- */

#define PUSH "{\"message\":{\"payload\":\"AQID\",\"contentTopic\":\"/a/1/b/c\"}}"

/* What a push is answered with when the core says `result`. */
static void pushed(const char *target, enum lightpush_status code, uint32_t peers)
{
    struct lightpush_result result = lightpush_result(code, NULL);
    struct core_event ev = {.kind = CORE_EVENT_PUSHED, .pushed = &result};
    uint64_t ticket;
    result.relay_peers = peers;
    assert_false(send(API_POST, target, PUSH, "application/json"));
    ev.ticket = node.ticket;
    api_event(api, &t.env, &ev);
    api_event(api, &t.env, &ev); /* a second answer finds nobody */
    api_response_clear(&r);
    assert_true(api_poll(api, &ticket, &r));
    assert_false(api_poll(api, &ticket, &(struct api_response){0}));
    assert_ok(buf_append(&r.body, SPAN_LIT("\0")));
}

static void pushing_answers_with_the_status(void **state)
{
    (void)state;
    static const struct {
        enum lightpush_status status;
        int v3, v1;
    } codes[] = {{LIGHTPUSH_STATUS_OK, 200, 200},        {LIGHTPUSH_STATUS_BAD_REQUEST, 400, 400},
                 {LIGHTPUSH_STATUS_TOO_LARGE, 413, 503}, {LIGHTPUSH_STATUS_TOO_MANY, 429, 429},
                 {LIGHTPUSH_STATUS_NO_PEERS, 505, 503},  {LIGHTPUSH_STATUS_UNAVAILABLE, 503, 503}};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        pushed("/lightpush/v3/message", codes[i].status, 4);
        assert_int_equal(r.status, codes[i].v3);
        assert_string_equal(r.type, "application/json");
        assert_non_null(strstr((char *)r.body.ptr,
                               codes[i].v3 == 200 ? "\"relayPeerCount\":4" : "\"statusDesc\":\""));
        pushed("/lightpush/v1/message", codes[i].status, 4);
        assert_int_equal(r.status, codes[i].v1);
        assert_string_equal(r.type, "text/plain");
    }
    assert_string_equal(node.published_topic, "");
    node.publish_err = ERR_MEMORY;
    assert_int_equal(status(API_POST, "/lightpush/v3/message", PUSH), 500);
}

static void wrong_pushes_are_400(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "x{",
        "[]",
        "{\"pubsubTopic\":\"/waku/2/rs/66/0\"}",
        "{\"message\":7}",
        "{\"pubsubTopic\":7,\"message\":{\"payload\":\"AA==\",\"contentTopic\":\"/a/1/b/c\"}}",
        "{\"message\":{\"payload\":\"AA==\"}}"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        assert_int_equal(status(API_POST, "/lightpush/v3/message", bodies[i]), 400);
        assert_string_equal(r.type, "application/json");
        assert_int_equal(status(API_POST, "/lightpush/v1/message", bodies[i]), 400);
    }
    assert_int_equal(node.publishes, 0);
}

static struct store_answer answer;

static void store_answers_later(void **state)
{
    (void)state;
    assert_false(send(API_GET,
                      "/store/v3/messages?includeData=true&pubsubTopic=" SHARD3
                      "&contentTopics=%2Fa%2F1%2Fb%2Fc,/d/1/e/f&startTime=5&endTime=-1"
                      "&pageSize=500&ascending=false&cursor=0x"
                      "00000000000000000000000000000000000000000000000000000000000000ff",
                      NULL, NULL));
    assert_true(node.query.include_data && node.query.has_pubsub_topic && !node.query.forward);
    assert_int_equal(node.query_topics, 2);
    assert_true(node.query.has_time_start && !node.query.has_time_end && node.query.has_cursor);
    assert_int_equal(node.query.limit, 100);
    assert_int_equal(node.query.cursor[31], 0xff);
    answer = (struct store_answer){.request_id = SPAN_LIT("id"), .status = 200, .count = 1};
    answer.entries[0] =
        (struct store_entry){.hash = {0xab},
                             .has_data = true,
                             .message = SPAN_LIT("\x0a\x01\x01\x12\x02/a\xa8\x01\x00"),
                             .pubsub_topic = SPAN_LIT("/waku/2/rs/66/3")};
    struct core_event ev = {
        .kind = CORE_EVENT_STORE_ANSWER, .ticket = node.ticket, .answer = &answer};
    api_event(api, &t.env, &ev);
    api_event(api, &t.env, &ev); /* a second answer finds nobody */
    uint64_t ticket = 0;
    assert_true(api_poll(api, &ticket, &r));
    assert_int_equal(ticket, 77);
    assert_int_equal(r.status, 200);
    assert_true(body_has("\"messageHash\":\"0xab00"));
    assert_true(body_has("\"statusDesc\":\"OK\""));
    assert_false(api_poll(api, &ticket, &r));
}

static void wrong_queries_are_400(void **state)
{
    (void)state;
    static const char *const queries[] = {
        "cursor=zz",   "hashes=0x12",       "pageSize=abc",
        "startTime=x", "includeData=maybe", "ascending=up",
        "peerAddr=x",  "contentTopics=%zz", "endTime=9223372036854775808"};
    char target[100];
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        snprintf(target, sizeof target, "/store/v3/messages?%s", queries[i]);
        assert_int_equal(status(API_GET, target, NULL), 400);
    }
    assert_int_equal(node.queries, 0);
    node.query_err = ERR_NOT_FOUND;
    assert_int_equal(status(API_GET, "/store/v3/messages", NULL), 412);
}

static void waiting_requests_are_bounded_and_end(void **state)
{
    (void)state;
    for (unsigned i = 0; i < API_WAITING_MAX; i++)
        assert_false(send(API_GET, "/store/v3/messages", NULL, NULL));
    assert_int_equal(status(API_GET, "/store/v3/messages", NULL), 503);
    api_gone(api, 77); /* all of them have this ticket here */
    assert_int_equal(api_deadline(api).ns, MONO_NEVER.ns);
    assert_false(send(API_GET, "/store/v3/messages", NULL, NULL));
    test_env_advance(&t, API_WAITING_NS);
    api_tick(api, &t.env);
    uint64_t ticket;
    assert_true(api_poll(api, &ticket, &r));
    assert_int_equal(r.status, 504);
}

static void peers_are_listed_in_all_forms(void **state)
{
    (void)state;
    assert_int_equal(status(API_GET, "/admin/v1/peers", NULL), 200);
    json_t *j = json_loadb((char *)r.body.ptr, r.body.len, 0, NULL);
    assert_int_equal(json_array_size(j), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(j, 0), "connected")),
                        "Connected");
    json_decref(j);
    static const char *const good[] = {
        "/admin/v1/peers/stats",
        "/admin/v1/peers/service",
        "/admin/v1/peers/connected",
        "/admin/v1/peers/connected/on/3",
        "/admin/v1/peers/relay",
        "/admin/v1/peers/relay/on/3",
        "/admin/v1/peers/mesh",
        "/admin/v1/peers/mesh/on/9",
        "/admin/v1/peers/16Uiu2HAm6HZZr7aToTvEBPpiys4UxajCTU97zj5v7RNR2gbniy1D",
        "/admin/v1/peer/16Uiu2HAm6HZZr7aToTvEBPpiys4UxajCTU97zj5v7RNR2gbniy1D"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_int_equal(status(API_GET, good[i], NULL), 200);
    assert_int_equal(status(API_GET, "/admin/v1/peers/relay", NULL), 200);
    assert_true(body_has("[{\"shard\":3,\"peers\":[{\"multiaddr\":"));
    assert_int_equal(status(API_GET, "/admin/v1/peers/mesh/on/x", NULL), 400);
    assert_int_equal(status(API_GET, "/admin/v1/peer/nobody", NULL), 400);
    assert_int_equal(status(API_POST, "/admin/v1/log-level/DEBUG", NULL), 200);
    assert_int_equal(status(API_POST, "/admin/v1/log-level/LOUD", NULL), 400);
}

#define ADDR "/ip4/1.2.3.4/tcp/1/p2p/16Uiu2HAm6HZZr7aToTvEBPpiys4UxajCTU97zj5v7RNR2gbniy1D"

static void connecting_answers_when_all_dials_ended(void **state)
{
    (void)state;
    struct core_event ev = {.kind = CORE_EVENT_DIALED};
    uint64_t ticket;
    assert_int_equal(status(API_POST, "/admin/v1/peers", "[\"/not/an/address\"]"), 400);
    assert_int_equal(status(API_POST, "/admin/v1/peers", "[\"/ip4/1.2.3.4/tcp/1\"]"), 400);
    assert_int_equal(node.connects, 0);
    assert_false(
        send(API_POST, "/admin/v1/peers", "[\"" ADDR "\",\"" ADDR "\"]", "application/json"));
    ev.ticket = node.ticket - 1;
    api_event(api, &t.env, &ev);
    assert_false(api_poll(api, &ticket, &r));
    ev.ticket = node.ticket;
    ev.err = ERR_TIMEOUT;
    api_event(api, &t.env, &ev);
    assert_true(api_poll(api, &ticket, &r));
    assert_int_equal(r.status, 400);
    assert_true(body_has("index: 1"));
}

static void strangers_are_kept_out(void **state)
{
    (void)state;
    struct api_request rq = {
        .method = API_GET, .target = SPAN_LIT("/info"), .host = SPAN_LIT("rebound.example.com")};
    assert_true(api_request(api, &t.env, 1, &rq, &r));
    assert_int_equal(r.status, 403);
    api_response_clear(&r);
    rq.host = SPAN_LIT("127.0.0.1:8645");
    rq.fetch_site = SPAN_LIT("cross-site"); /* <img src="http://127.0.0.1:8645/..."> */
    assert_true(api_request(api, &t.env, 1, &rq, &r));
    assert_int_equal(r.status, 403);
    api_response_clear(&r);
    rq.fetch_site = SPAN_LIT("none"); /* a person typed it */
    assert_true(api_request(api, &t.env, 1, &rq, &r));
    assert_int_equal(r.status, 200);
    api_response_clear(&r);
    rq.fetch_site = SPAN_LIT("cross-site");
    rq.origin = SPAN_LIT("https://evil.org");
    assert_true(api_request(api, &t.env, 1, &rq, &r));
    assert_int_equal(r.status, 403);
    assert_string_equal(r.allow_origin, "");
    api_response_clear(&r);
    rq.origin = SPAN_LIT("http://localhost:3000");
    assert_true(api_request(api, &t.env, 1, &rq, &r));
    assert_int_equal(r.status, 200);
    assert_string_equal(r.allow_origin, "http://localhost:3000");
    assert_true(send(API_POST, "/relay/v1/subscriptions", "[]", "text/plain"));
    assert_int_equal(r.status, 415);
    static char big[API_LIST_BYTES_MAX + 2];
    memset(big, ' ', sizeof big - 1);
    assert_int_equal(status(API_POST, "/relay/v1/subscriptions", big), 413);
}

static void admin_routes_do_not_exist_without_their_flag(void **state)
{
    (void)state;
    struct api *plain;
    struct api_backend b = fake_backend(&node);
    struct api_config c = {.cache_capacity = 3, .version = "v1", .storenode = "", .rate = 2};
    struct api_request rq = {.method = API_GET, .target = SPAN_LIT("/admin/v1/peers")};
    assert_ok(api_new(&plain, &c, &b, &t.env));
    static const int wanted[] = {404, 404, 429};
    for (size_t i = 0; i < 3; i++) { /* and two requests a second are answered */
        assert_true(api_request(plain, &t.env, 1, &rq, &r));
        assert_int_equal(r.status, wanted[i]);
        api_response_clear(&r);
    }
    test_env_advance(&t, NS_PER_S / 2);
    assert_true(api_request(plain, &t.env, 1, &rq, &r));
    assert_int_equal(r.status, 404);
    api_free(plain);
}

static void metrics_are_prometheus_text_with_the_dashboards_names(void **state)
{
    (void)state;
    static const char *const names[] = {
#include "tests/unit/node/api/dashboard_names.inc"
    };
    assert_int_equal(status(API_GET, "/metrics", NULL), 200);
    uint8_t nul = 0;
    assert_ok(buf_append(&r.body, span_of(&nul, 1)));
    const char *text = (const char *)r.body.ptr;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char line[128];
        const char *at;
        snprintf(line, sizeof line, "\n%s", names[i]);
        at = strstr(text, line);
        if (at == NULL || strchr(" {", at[strlen(line)]) == NULL)
            fail_msg("/metrics has no %s", names[i]);
    }
    for (const char *l = text; *l != '\0'; l = strchr(l, '\n') + 1) { /* no family twice */
        char head[160];
        if (sscanf(l, "# TYPE %150s", head) != 1)
            continue;
        char line[200];
        snprintf(line, sizeof line, "# TYPE %s ", head);
        assert_null(strstr(l + 1, line));
    }
}

static void metrics_tell_how_long_jobs_take(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "\nwaku_archive_insert_duration_seconds_bucket{le=\"0.001\"} 2\n",
        "\nwaku_archive_insert_duration_seconds_bucket{le=\"0.0025\"} 3\n",
        "\nwaku_archive_insert_duration_seconds_bucket{le=\"+Inf\"} 3\n",
        "\nwaku_archive_insert_duration_seconds_sum 0.004\n",
        "\nwaku_archive_query_duration_seconds_count 0\n",
        "\nsotto_commit_wait_seconds_count 3\n",
        "\nsotto_jobs_queued{lane=\"store\"} 5\n",
        "\nwaku_service_requests_limit{service=\"/vac/waku/store-query/3.0.0\"} 0.5\n",
        ",state=\"rejected\"} 3\n",
    };
    uint8_t nul = 0;
    assert_int_equal(status(API_GET, "/metrics", NULL), 200);
    assert_ok(buf_append(&r.body, span_of(&nul, 1)));
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        if (strstr((const char *)r.body.ptr, lines[i]) == NULL)
            fail_msg("/metrics has no%s", lines[i]);
}

static void openapi_is_that_of_the_routes(void **state)
{
    (void)state;
    static char file[400000];
    FILE *f = fopen("docs/openapi.json", "rb");
    assert_non_null(f);
    size_t len = fread(file, 1, sizeof file, f);
    fclose(f);
    assert_int_equal(status(API_GET, "/openapi.json", NULL), 200);
    if (!span_eq(buf_span(&r.body), span_of(file, len - 1)))
        fail_msg("docs/openapi.json is not what `sotto help --openapi` writes");
    json_t *j = json_loadb(file, len, JSON_REJECT_DUPLICATES, NULL),
           *paths = json_object_get(j, "paths");
    size_t operations = 0;
    const char *path;
    json_t *methods;
    json_object_foreach(paths, path, methods) operations += json_object_size(methods);
    assert_int_equal(operations, api_routes_count + api_chat_routes_count);
    json_decref(j);
}

static void base64_is_strict(void **state)
{
    (void)state;
    static const char *const good[] = {"", "Zg==", "Zg", "Zm8=", "Zm9v", "Zm9vYg=="};
    static const char *const bad[] = {"Z", "Zh==", "Zm9=", "Zg=", "====", "Zm9v=", "Zm 9v", "_-__"};
    uint8_t out[16];
    char text[32];
    size_t len;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_ok(base64_decode(span_str(good[i]), out, &len));
        base64_encode(span_of(out, len), text);
        assert_memory_equal(text, good[i], strlen(good[i]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (base64_decode(span_str(bad[i]), out, &len) == OK)
            fail_msg("%s was decoded", bad[i]);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, fresh, done)
    const struct CMUnitTest tests[] = {
        T(health_info_and_version_have_nwakus_shapes),
        T(unknown_paths_and_methods_are_told_apart),
        T(relay_messages_are_given_once),
        T(caches_keep_the_newest),
        T(long_topics_are_400),
        T(wrong_bodies_are_400),
        T(publishing_maps_errors_to_codes),
        T(pushing_answers_with_the_status),
        T(wrong_pushes_are_400),
        T(store_answers_later),
        T(wrong_queries_are_400),
        T(waiting_requests_are_bounded_and_end),
        T(peers_are_listed_in_all_forms),
        T(connecting_answers_when_all_dials_ended),
        T(strangers_are_kept_out),
        T(admin_routes_do_not_exist_without_their_flag),
        T(metrics_are_prometheus_text_with_the_dashboards_names),
        T(metrics_tell_how_long_jobs_take),
        T(openapi_is_that_of_the_routes),
        T(base64_is_strict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
