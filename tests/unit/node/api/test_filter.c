/* /filter/v2 against a fake node: nwaku's shapes, codes, and what is kept for whom. */
#include "node/api/api.h"
#include "tests/lib/fake_node.h"
#include "tests/lib/testing.h"

#define TOPIC "\"/a/1/b/proto\""

static struct test_env t;
static struct fake_node node;
static struct api *api;
static struct api_response r;

static int fresh_with(bool filter)
{
    test_env_init(&t, 1);
    node = (struct fake_node){0};
    struct api_backend b = fake_backend(&node);
    struct api_config c = {.admin = true,
                           .cache_capacity = 3,
                           .version = "v1",
                           .relay = true,
                           .filter = filter,
                           .storenode = ""};
    return api_new(&api, &c, &b, &t.env) == OK ? 0 : -1;
}

static int fresh(void **state)
{
    (void)state;
    return fresh_with(true);
}

static int done(void **state)
{
    (void)state;
    api_response_clear(&r);
    api_free(api);
    test_env_clear(&t);
    return 0;
}

static bool send(enum api_method method, const char *target, const char *body)
{
    struct api_request rq = {.method = method,
                             .target = span_str(target),
                             .host = SPAN_LIT("127.0.0.1:8645"),
                             .content_type = SPAN_LIT("application/json"),
                             .body = body == NULL ? SPAN_EMPTY : span_str(body)};
    api_response_clear(&r);
    memset(&r, 0, sizeof r);
    bool answered = api_request(api, &t.env, 77, &rq, &r);
    arena_reset(t.env.scratch);
    return answered;
}

static void assert_answer(int status, const char *body)
{
    assert_int_equal(r.status, status);
    assert_span_equal(buf_span(&r.body), span_str(body));
}

static bool body_has(const char *part)
{
    size_t len = strlen(part);
    for (size_t i = 0; i + len <= r.body.len; i++)
        if (memcmp(r.body.ptr + i, part, len) == 0)
            return true;
    return false;
}

/* The service answers the request with this ticket. */
static void answered(uint64_t ticket, enum err err, uint32_t status, const char *text)
{
    uint64_t late;
    api_event(api, &t.env,
              &(struct core_event){.kind = CORE_EVENT_FILTER_ANSWER,
                                   .ticket = ticket,
                                   .err = err,
                                   .status = status,
                                   .text = span_str(text)});
    api_response_clear(&r);
    memset(&r, 0, sizeof r);
    if (api_poll(api, &late, &r))
        assert_int_equal(late, 77);
}

static void subscribe(void)
{
    assert_false(send(API_POST, "/filter/v2/subscriptions",
                      "{\"requestId\":\"1\",\"contentFilters\":[" TOPIC
                      "],\"pubsubTopic\":\"/waku/2/rs/66/3\"}"));
    answered(node.ticket, OK, 200, "OK");
    assert_answer(200, "{\"requestId\":\"1\",\"statusDesc\":\"OK\"}");
}

static void pushed(void)
{
    static const uint8_t message[] = "\x0a\x01x\x12\x0c/a/1/b/proto";
    api_event(api, &t.env,
              &(struct core_event){.kind = CORE_EVENT_FILTERED,
                                   .pubsub_topic = SPAN_LIT("/waku/2/rs/66/3"),
                                   .message = span_of(message, sizeof message - 1)});
}

static void assert_messages(const char *wanted)
{
    assert_true(send(API_GET, "/filter/v2/messages/%2Fa%2F1%2Fb%2Fproto", NULL));
    assert_answer(200, wanted);
}

static void a_subscription_fills_an_inbox(void **state)
{
    (void)state;
    assert_true(send(API_GET, "/filter/v2/messages/%2Fa%2F1%2Fb%2Fproto", NULL));
    assert_int_equal(r.status, 400);
    pushed();
    subscribe();
    assert_int_equal(node.filter.kind, FILTER_SUBSCRIBE);
    assert_string_equal(node.filter_topic, "/waku/2/rs/66/3");
    assert_int_equal(node.filter.count, 1);
    assert_messages("[]");
    pushed();
    assert_messages("[{\"payload\":\"eA==\",\"contentTopic\":\"/a/1/b/proto\",\"version\":0,"
                    "\"timestamp\":0,\"ephemeral\":false}]");
    assert_messages("[]");
    /* the relay's inboxes are others */
    assert_true(send(API_GET, "/relay/v1/auto/messages/%2Fa%2F1%2Fb%2Fproto", NULL));
    assert_int_equal(r.status, 404);
    assert_false(send(API_DELETE, "/filter/v2/subscriptions",
                      "{\"requestId\":\"2\",\"contentFilters\":[" TOPIC "]}"));
    assert_int_equal(node.filter.kind, FILTER_UNSUBSCRIBE);
    assert_string_equal(node.filter_topic, "/waku/2/rs/66/3"); /* by autosharding */
    answered(node.ticket, OK, 404, "NOT_FOUND: never heard of it");
    assert_answer(404, "{\"requestId\":\"2\",\"statusDesc\":\"NOT_FOUND: never heard of it\"}");
    assert_true(send(API_GET, "/filter/v2/messages/%2Fa%2F1%2Fb%2Fproto", NULL));
    assert_int_equal(r.status, 400);
}

static void unsubscribe_all_and_ping(void **state)
{
    (void)state;
    subscribe();
    assert_false(send(API_GET, "/filter/v2/subscriptions/ping%201", NULL));
    assert_int_equal(node.filter.kind, FILTER_PING);
    answered(node.ticket, OK, 200, "OK");
    assert_answer(200, "{\"requestId\":\"ping 1\",\"statusDesc\":\"OK\"}");
    assert_false(send(API_DELETE, "/filter/v2/subscriptions/all", "{\"requestId\":\"3\"}"));
    assert_int_equal(node.filter.kind, FILTER_UNSUBSCRIBE_ALL);
    answered(node.ticket, OK, 200, "OK");
    assert_answer(200, "{\"requestId\":\"3\",\"statusDesc\":\"OK\"}");
    assert_true(send(API_GET, "/filter/v2/messages/%2Fa%2F1%2Fb%2Fproto", NULL));
    assert_int_equal(r.status, 400);
}

static void failures_have_nwakus_codes(void **state)
{
    (void)state;
    static const struct {
        enum err err;
        uint32_t status;
        int http;
    } rows[] = {{OK, 300, 500},         {OK, 400, 400},
                {OK, 404, 404},         {OK, 429, 429},
                {OK, 503, 503},         {OK, 777, 500},
                {ERR_TIMEOUT, 0, 503},  {ERR_CLOSED, 0, 504},
                {ERR_REFUSED, 0, 504},  {ERR_UNSUPPORTED, 0, 504},
                {ERR_PROTOCOL, 0, 500}, {ERR_FORMAT, 0, 500}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_false(send(API_PUT, "/filter/v2/subscriptions",
                          "{\"requestId\":\"1\",\"contentFilters\":[" TOPIC "]}"));
        answered(node.ticket, rows[i].err, rows[i].status, "why");
        assert_int_equal(r.status, rows[i].http);
        assert_string_equal(r.type, "application/json");
        assert_true(send(API_GET, "/filter/v2/messages/%2Fa%2F1%2Fb%2Fproto", NULL));
        assert_int_equal(r.status, 400); /* not subscribed then */
    }
    node.filter_err = ERR_NOT_FOUND;
    assert_true(send(API_POST, "/filter/v2/subscriptions",
                     "{\"requestId\":\"1\",\"contentFilters\":[" TOPIC "]}"));
    assert_answer(503, "{\"requestId\":\"1\",\"statusDesc\":\"SERVICE_UNAVAILABLE: No suitable "
                       "service peer & no discovery method\"}");
    node.filter_err = ERR_FULL;
    assert_true(send(API_GET, "/filter/v2/subscriptions/x", NULL));
    assert_int_equal(r.status, 503);
}

static void bad_bodies_are_told_as_json(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "x{",
        "[]",
        "{}",
        "{\"requestId\":5,\"contentFilters\":[\"/a\"]}",
        "{\"requestId\":\"1\"}",
        "{\"requestId\":\"1\",\"contentFilters\":[]}",
        "{\"requestId\":\"1\",\"contentFilters\":[5]}",
        "{\"requestId\":\"1\",\"contentFilters\":[\"\"]}",
        "{\"requestId\":\"1\",\"contentFilters\":[\"no topic\"]}",
        "{\"requestId\":\"1\",\"contentFilters\":[\"/a\"],\"pubsubTopic\":5}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_true(send(API_POST, "/filter/v2/subscriptions", bad[i]));
        assert_int_equal(r.status, 400);
        assert_string_equal(r.type, "application/json");
    }
    assert_true(send(API_DELETE, "/filter/v2/subscriptions/all", "{}"));
    assert_int_equal(r.status, 400);
    assert_int_equal(node.filters, 0);
}

static void a_hundred_topics_and_no_more(void **state)
{
    (void)state;
    char body[2000] = "{\"requestId\":\"1\",\"pubsubTopic\":\"/p\",\"contentFilters\":[\"/0\"";
    for (int i = 1; i < 100; i++)
        strcat(body, ",\"/1\"");
    size_t len = strlen(body);
    strcat(body, "]}");
    assert_false(send(API_POST, "/filter/v2/subscriptions", body));
    assert_int_equal(node.filter.count, 100);
    strcpy(body + len, ",\"/1\"]}");
    assert_true(send(API_POST, "/filter/v2/subscriptions", body));
    assert_int_equal(r.status, 400);
}

static void the_subscribers_of_ours_are_listed(void **state)
{
    (void)state;
    assert_true(send(API_GET, "/admin/v1/filter/subscriptions", NULL));
#define CRITERION "{\"pubsubTopic\":\"/waku/2/rs/66/3\",\"contentTopic\":\"/a/1/b/proto\"}"
    assert_answer(200, "[{\"peerId\":\"12\",\"filterCriteria\":[" CRITERION "," CRITERION
                       "]},{\"peerId\":\"13\",\"filterCriteria\":[" CRITERION "]}]");
    node.criteria = API_CRITERIA_MAX;
    assert_true(send(API_GET, "/admin/v1/filter/subscriptions", NULL));
    assert_int_equal(r.status, 200);
    node.criteria++;
    assert_true(send(API_GET, "/admin/v1/filter/subscriptions", NULL));
    assert_int_equal(r.status, 500);
    assert_true(send(API_GET, "/health", NULL));
    assert_true(body_has("{\"Filter\":\"READY\"}"));
    assert_true(body_has("{\"Filter Client\":\"NOT_READY\""));
    (void)done(state);
    (void)fresh_with(false);
    memset(&r, 0, sizeof r);
    assert_true(send(API_GET, "/admin/v1/filter/subscriptions", NULL));
    assert_int_equal(r.status, 400);
    assert_true(send(API_GET, "/health", NULL));
    assert_true(body_has("{\"Filter\":\"NOT_MOUNTED\"}"));
}

static void a_body_does_not_say_that_it_failed(void **state)
{
    (void)state;
    assert_false(send(API_DELETE, "/filter/v2/subscriptions/all",
                      "{\"requestId\":\"1\",\"failed\":\"x\",\"kind\":9}"));
    answered(node.ticket, OK, 200, "OK");
    assert_answer(200, "{\"requestId\":\"1\",\"statusDesc\":\"OK\"}");
}

static void the_client_may_go_before_the_answer(void **state)
{
    (void)state;
    assert_false(send(API_GET, "/filter/v2/subscriptions/x", NULL));
    api_gone(api, 77);
    answered(node.ticket, OK, 200, "OK");
    assert_int_equal(r.status, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fresh, done)
    const struct CMUnitTest tests[] = {
        T(a_subscription_fills_an_inbox),       T(unsubscribe_all_and_ping),
        T(failures_have_nwakus_codes),          T(bad_bodies_are_told_as_json),
        T(a_hundred_topics_and_no_more),        T(the_subscribers_of_ours_are_listed),
        T(the_client_may_go_before_the_answer), T(a_body_does_not_say_that_it_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
