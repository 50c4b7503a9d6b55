/* /chat/v1 over a played chat: who may ask, every route, what leaves, and events that nobody loses.
 */
#include "node/api/chat.h"
#include "tests/lib/fake_node.h"
#include "tests/lib/fake_room.h"

#define TOKEN "6f2a"
#define TALK  "/chat/v1/conversations/" ID1

#define ID1   "0100000000000000000000000000000000000000000000000000000000000000"
#define OTHER "0700000000000000000000000000000000000000000000000000000000000000"
#define SELF  "5e00000000000000000000000000000000000000000000000000000000000000"
#define NONE  "ee00000000000000000000000000000000000000000000000000000000000000"
#define ENTRY "01000000000000000000000000000000"

static struct test_env t;
static struct fake_node node;
static struct api *api;
static struct api_response r;
static struct chat *ada, *bot;

static int fresh(void **state)
{
    (void)state;
    test_env_init(&t, 1);
    node = (struct fake_node){.topics_count = 0};
    struct api_backend b = fake_backend(&node);
    static const char *const origins[] = {"http://good.example"};
    const struct api_config c = {.origins = origins,
                                 .origins_count = 1,
                                 .cache_capacity = 1,
                                 .version = "v1",
                                 .storenode = ""};
    if (api_new(&api, &c, &b, &t.env) != OK || fake_new_chat(&ada) != OK ||
        fake_new_chat(&bot) != OK)
        return -1;
    const struct api_chat list[] = {{"ada", ada}, {"bot", bot}};
    return api_serve_chats(api, &(struct api_chats){TOKEN, list, 2}) == OK ? 0 : -1;
}

static int done(void **state)
{
    (void)state;
    api_response_clear(&r);
    api_free(api);
    chat_close(ada);
    chat_close(bot);
    test_env_clear(&t);
    return 0;
}

static struct api_request rq_of(enum api_method method, const char *target, const char *body)
{
    return (struct api_request){.method = method,
                                .target = span_str(target),
                                .host = SPAN_LIT("127.0.0.1:8645"),
                                .authorization = SPAN_LIT("Bearer " TOKEN),
                                .content_type = SPAN_LIT("application/json"),
                                .body = body == NULL ? SPAN_EMPTY : span_str(body)};
}

static bool send(const struct api_request *rq, uint64_t ticket)
{
    api_response_clear(&r);
    memset(&r, 0, sizeof r);
    bool answered = api_request(api, &t.env, ticket, rq, &r);
    arena_reset(t.env.scratch);
    return answered;
}

static int ask(enum api_method method, const char *target, const char *body)
{
    struct api_request rq = rq_of(method, target, body);
    assert_true(send(&rq, 7));
    return r.status;
}

/* A body that is JSON and has this part. */
static void assert_has(const char *part)
{
    char text[65536];
    assert_true(r.body.len < sizeof text);
    memcpy(text, r.body.ptr, r.body.len);
    text[r.body.len] = '\0';
    if (strstr(text, part) == NULL)
        fail_msg("no %s in %s", part, text);
    if (strcmp(r.type, "application/json") == 0) {
        json_t *j = json_loadb(text, r.body.len, JSON_DECODE_ANY, NULL);
        assert_non_null(j);
        json_decref(j);
    }
}

/* ---- who may ask ---- */

static void without_the_token_nothing_is_told(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",           "Bearer",      "Bearer 6f2",  "Bearer 6f2a ", "6f2a",
        "Basic 6f2a", "bearer 6f2a", "Bearer 6f2b", "Bearer  6f2a", "Bearer 6f2a6f2a"};
    for (size_t i = 0; i < api_chat_routes_count; i++)
        for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
            char target[256] = "";
            for (const char *at = api_chat_routes[i].path; *at != '\0'; at++) {
                strncat(target, *at == '{' ? ID1 : (char[]){*at, 0},
                        sizeof target - 1 - strlen(target));
                if (*at == '{')
                    at = strchr(at, '}');
            }
            struct api_request rq = rq_of(api_chat_routes[i].method, target, NULL);
            rq.authorization = span_str(bad[k]);
            assert_true(send(&rq, 7));
            assert_int_equal(r.status, 401);
        }
    struct api_request rq = rq_of(API_GET, "/chat/v1/no/such", NULL);
    rq.authorization = SPAN_EMPTY;
    assert_true(send(&rq, 7));
    assert_int_equal(r.status, 401); /* not even what there is */
}

static void pages_of_strangers_are_refused_with_the_token_too(void **state)
{
    (void)state;
    struct api_request rq = rq_of(API_GET, "/chat/v1/self", NULL);
    rq.host = SPAN_LIT("evil.example");
    assert_true(send(&rq, 7));
    assert_int_equal(r.status, 403);
    rq = rq_of(API_GET, "/chat/v1/self", NULL);
    rq.origin = SPAN_LIT("http://evil.example");
    assert_true(send(&rq, 7));
    assert_int_equal(r.status, 403);
    rq.origin = SPAN_LIT("http://good.example");
    assert_true(send(&rq, 7));
    assert_int_equal(r.status, 200);
    assert_string_equal(r.allow_origin, "http://good.example");
    rq.method = API_OPTIONS; /* a browser asks first, and has no token for that */
    rq.authorization = SPAN_EMPTY;
    assert_true(send(&rq, 7));
    assert_int_equal(r.status, 200);
    assert_string_equal(r.allow, "GET, PUT, OPTIONS");
}

static void paths_and_methods(void **state)
{
    (void)state;
    assert_int_equal(ask(API_GET, "/chat/v1", NULL), 404);
    assert_int_equal(ask(API_GET, "/chat/v2/self", NULL), 404);
    assert_int_equal(ask(API_GET, "/chat/v1/self/", NULL), 404);
    assert_int_equal(ask(API_DELETE, "/chat/v1/self", NULL), 405);
    assert_string_equal(r.allow, "GET, PUT, OPTIONS");
    assert_int_equal(ask(API_GET, "/chat/v1/self?account=nobody", NULL), 404);
    assert_int_equal(ask(API_PUT, "/chat/v1/self", "{"), 400);
    assert_int_equal(ask(API_PUT, "/chat/v1/self", "{\"callsSelf\":7}"), 400);
    assert_int_equal(ask(API_GET, "/chat/v1/self", "{}"), 413);
    struct api_request rq = rq_of(API_PUT, "/chat/v1/self", "{}");
    rq.content_type = SPAN_LIT("text/plain");
    assert_true(send(&rq, 7));
    assert_int_equal(r.status, 415);
    static char large[API_CHAT_BODY_BYTES_MAX + 2];
    memset(large, ' ', sizeof large - 1);
    assert_int_equal(ask(API_PUT, "/chat/v1/self", large), 413);
}

static void a_node_without_chats_has_no_such_routes(void **state)
{
    (void)state;
    struct api *plain;
    struct api_backend b = fake_backend(&node);
    const struct api_config c = {.cache_capacity = 1, .version = "v1", .storenode = ""};
    struct api_request rq = rq_of(API_GET, "/chat/v1/self", NULL);
    assert_ok(api_new(&plain, &c, &b, &t.env));
    assert_true(api_request(plain, &t.env, 7, &rq, &r));
    assert_int_equal(r.status, 404);
    assert_err(api_serve_chats(plain, &(struct api_chats){TOKEN, NULL, 0}), ERR_ARGUMENT);
    const struct api_chat one = {"ada", ada};
    assert_err(api_serve_chats(plain, &(struct api_chats){"", &one, 1}), ERR_ARGUMENT);
    assert_int_equal(api_body_bytes_max(plain), API_BODY_BYTES_MAX);
    assert_int_equal(api_body_bytes_max(api), API_FILE_BYTES_MAX);
    api_free(plain);
}

/* ---- the routes ---- */

static void accounts_and_persons(void **state)
{
    (void)state;
    assert_int_equal(ask(API_GET, "/chat/v1/accounts", NULL), 200);
    assert_has("{\"name\":\"bot\",\"account\":\"" SELF "\"}");
    assert_int_equal(ask(API_PUT, "/chat/v1/self?account=bot",
                         "{\"callsSelf\":\"Bot\",\"policy\":\"links\",\"receipts\":true}"),
                     200);
    assert_string_equal(bot->profile, "Bot");
    assert_string_equal(ada->profile, "");
    assert_true(bot->policy == CHAT_POLICY_LINKS && bot->receipts);
    assert_int_equal(ask(API_PUT, "/chat/v1/self", "{\"policy\":\"none\"}"), 400);
    assert_int_equal(ask(API_GET, "/chat/v1/self?account=bot", NULL), 200);
    assert_has("\"callsSelf\":\"Bot\"");
    assert_int_equal(ask(API_GET, "/chat/v1/people", NULL), 200);
    assert_has(
        "\"callsSelf\":\"\\\"Bea\\\"\\n\""); /* what a stranger calls himself stays a string */
    assert_int_equal(ask(API_GET, "/chat/v1/people/" OTHER, NULL), 200);
    assert_int_equal(ask(API_GET, "/chat/v1/people/" NONE, NULL), 404);
    assert_int_equal(ask(API_GET, "/chat/v1/people/zz", NULL), 400);
    assert_int_equal(ask(API_PUT, "/chat/v1/people/" OTHER, "{\"verified\":true,\"blocked\":true}"),
                     200);
    assert_true(ada->verified && ada->blocked);
    assert_int_equal(ask(API_PUT, "/chat/v1/people/" OTHER, "{\"verified\":1}"), 400);
    assert_int_equal(ask(API_GET, "/chat/v1/people/" OTHER "/safety", NULL), 200);
    assert_has("{\"safetyNumber\":\"11111 22222\"}");
    assert_int_equal(ask(API_GET, "/chat/v1/people/" SELF "/devices", NULL), 200);
    assert_has("\"keeper\":true");
    assert_int_equal(ask(API_DELETE, "/chat/v1/devices/" NONE "?reason=lost", NULL), 404);
    assert_int_equal(ask(API_DELETE, "/chat/v1/devices/" NONE "?reason=bored", NULL), 400);
    assert_int_equal(ask(API_POST, "/chat/v1/rekey", NULL), 200);
}

static void cards_and_contacts(void **state)
{
    (void)state;
    assert_int_equal(ask(API_GET, "/chat/v1/card", NULL), 200);
    assert_has("{\"card\":\"sottocard1self\"}");
    assert_int_equal(ask(API_POST, "/chat/v1/links", NULL), 200);
    assert_int_equal(ask(API_GET, "/chat/v1/links", NULL), 200);
    assert_has("[\"sottocard1link\"]");
    assert_int_equal(ask(API_DELETE, "/chat/v1/links", "{\"card\":\"sottocard1link\"}"), 200);
    assert_int_equal(ask(API_DELETE, "/chat/v1/links", "{\"card\":\"sottocard1link\"}"), 404);
    assert_int_equal(ask(API_POST, "/chat/v1/contacts", "{\"card\":\"nonsense\"}"), 400);
    assert_int_equal(ask(API_POST, "/chat/v1/contacts", "{}"), 400);
    assert_int_equal(ask(API_POST, "/chat/v1/contacts", "{\"card\":\"sottocard1x\"}"), 200);
    assert_has("{\"conversation\":\"" ID1 "\"}");
    assert_string_equal(node.hinted, "");
    assert_int_equal(ask(API_POST, "/chat/v1/contacts", "{\"card\":\"sottocard1hint\"}"), 200);
    assert_string_equal(node.hinted, "a record"); /* its owner's node is looked for */
}

static void conversations_and_members(void **state)
{
    (void)state;
    size_t talk = fake_talk_new(ada, CHAT_DIRECT, "bea", CHAT_REQUESTED);
    assert_int_equal(ask(API_GET, "/chat/v1/conversations", NULL), 200);
    assert_has("\"state\":\"requested\"");
    assert_int_equal(ask(API_POST, TALK "/accept", NULL), 200);
    assert_int_equal(ask(API_GET, TALK, NULL), 200);
    assert_has("\"state\":\"joined\"");
    assert_int_equal(ask(API_GET, "/chat/v1/conversations/" NONE, NULL), 404);
    fake_say(ada, talk, "hello");
    assert_int_equal(ask(API_PUT, TALK,
                         "{\"muted\":true,\"draft\":\"unsent\",\"read\":\"" ENTRY
                         "\",\"disappearing\":60,\"name\":\"b\"}"),
                     200);
    assert_true(ada->talks[0].summary.muted && ada->talks[0].summary.disappearing_s == 60);
    assert_int_equal(ask(API_GET, TALK "/draft", NULL), 200);
    assert_has("{\"draft\":\"unsent\"}");
    assert_int_equal(ask(API_PUT, TALK, "{\"muted\":false,\"disappearing\":-1}"), 400);
    assert_true(ada->talks[0].summary.muted); /* nothing of it was done */
    assert_int_equal(ask(API_POST, TALK "/typing", NULL), 200);
    assert_int_equal(
        ask(API_POST, "/chat/v1/conversations", "{\"name\":\"g\",\"accounts\":[\"" OTHER "\"]}"),
        200);
    assert_int_equal(ada->talks[1].summary.type, CHAT_GROUP);
    assert_int_equal(ask(API_POST, "/chat/v1/conversations",
                         "{\"type\":\"crowd\",\"name\":\"g\",\"accounts\":[]}"),
                     200);
    assert_int_equal(ada->talks[2].summary.type, CHAT_CROWD);
    assert_int_equal(ask(API_POST, "/chat/v1/conversations",
                         "{\"type\":\"self\",\"name\":\"g\",\"accounts\":[]}"),
                     400);
    assert_int_equal(ask(API_POST, "/chat/v1/conversations", "{\"name\":\"g\",\"accounts\":[7]}"),
                     400);
    assert_int_equal(ask(API_GET, TALK "/members", NULL), 200);
    assert_has("\"role\":\"owner\"");
    assert_int_equal(ask(API_POST, TALK "/members", "[\"" OTHER "\"]"), 200);
    assert_int_equal(ask(API_POST, TALK "/members", "[]"), 400);
    assert_int_equal(ask(API_PUT, TALK "/members/" OTHER, "{\"role\":\"admin\"}"), 200);
    assert_int_equal(ask(API_PUT, TALK "/members/" OTHER, "{\"role\":\"king\"}"), 400);
    assert_int_equal(ask(API_DELETE, TALK "/members/" OTHER, NULL), 200);
    assert_int_equal(ask(API_DELETE, TALK, NULL), 200);
    assert_int_equal(ada->talks[0].summary.state, CHAT_LEFT);
    assert_int_equal(ask(API_POST, TALK "/entries", "{\"text\":\"x\"}"), 403);
}

static void entries_are_said_read_and_changed(void **state)
{
    (void)state;
    size_t talk = fake_talk_new(ada, CHAT_DIRECT, "bea", CHAT_JOINED);
    fake_say(ada, talk, "\x1b[2Jhello");
    assert_int_equal(ask(API_POST, TALK "/entries", "{\"text\":\"yes\",\"replyTo\":\"" ENTRY "\"}"),
                     200);
    assert_has("{\"entry\":\"02000000000000000000000000000000\"}");
    assert_int_equal(ask(API_POST, TALK "/entries", "{\"text\":\"yes\",\"replyTo\":\"01\"}"), 400);
    assert_int_equal(ask(API_POST, "/chat/v1/conversations/" NONE "/entries", "{\"text\":\"x\"}"),
                     404);
    assert_int_equal(ask(API_POST, TALK "/entries",
                         "{\"custom\":{\"domain\":\"game\",\"tag\":3,\"payload\":\"AQI=\","
                         "\"fallback\":\"a move\"}}"),
                     200);
    assert_int_equal(
        ask(API_POST, TALK "/entries",
            "{\"custom\":{\"domain\":\"game\",\"tag\":3,\"payload\":\"!\",\"fallback\":\"\"}}"),
        400);
    static char large[CHAT_TEXT_BYTES_MAX + 64] = "{\"text\":\"";
    memset(large + 9, 'x', CHAT_TEXT_BYTES_MAX + 1);
    memcpy(large + 9 + CHAT_TEXT_BYTES_MAX + 1, "\"}", 3);
    assert_int_equal(ask(API_POST, TALK "/entries", large), 413);
    assert_has("at most 65536 bytes");
    assert_int_equal(ask(API_PUT, TALK "/entries/" ENTRY, large), 413);
    assert_has("at most 65536 bytes");
    assert_int_equal(ask(API_GET, TALK "/entries", NULL), 200);
    assert_has("\"text\":\"\\u001B[2Jhello\"");
    assert_has("\"replyTo\":\"" ENTRY "\"");
    assert_has("\"custom\":{\"domain\":\"game\",\"tag\":3,\"payload\":\"AQI=\"}");
    assert_int_equal(ask(API_GET, TALK "/entries?limit=1", NULL), 200);
    assert_has("[{\"entry\":\"03000000000000000000000000000000\"");
    assert_int_equal(
        ask(API_GET, TALK "/entries?limit=1&before=03000000000000000000000000000000", NULL), 200);
    assert_has("[{\"entry\":\"02000000000000000000000000000000\"");
    assert_int_equal(ask(API_GET, TALK "/entries?after=" ENTRY, NULL), 200);
    assert_has("[{\"entry\":\"02000000000000000000000000000000\"");
    assert_int_equal(ask(API_GET, TALK "/entries?limit=0", NULL), 400);
    assert_int_equal(ask(API_GET, TALK "/entries?limit=101", NULL), 400);
    assert_int_equal(ask(API_GET, TALK "/entries?before=7", NULL), 400);
    assert_int_equal(ask(API_GET, TALK "/entries/" ENTRY, NULL), 200);
    assert_int_equal(ask(API_GET, TALK "/entries/ff000000000000000000000000000000", NULL), 404);
    assert_int_equal(ask(API_PUT, TALK "/entries/" ENTRY, "{\"text\":\"other words\"}"),
                     403); /* not ours */
    assert_int_equal(
        ask(API_PUT, TALK "/entries/02000000000000000000000000000000", "{\"text\":\"no\"}"), 200);
    assert_int_equal(ask(API_PUT, TALK "/entries/" ENTRY "/reactions", "{\"reaction\":\"+1\"}"),
                     200);
    assert_int_equal(ada->entries[0].e.reactions_count, 1);
    assert_int_equal(
        ask(API_PUT, TALK "/entries/" ENTRY "/reactions", "{\"reaction\":\"+1\",\"on\":false}"),
        200);
    assert_int_equal(ada->entries[0].e.reactions_count, 0);
    assert_int_equal(ask(API_DELETE, TALK "/entries/02000000000000000000000000000000", NULL), 200);
    assert_true(ada->entries[1].e.deleted);
    assert_int_equal(ask(API_GET, "/chat/v1/search?word=hello", NULL), 200);
    assert_has(ENTRY);
    assert_int_equal(ask(API_GET, "/chat/v1/search?word=", NULL), 400);
    assert_int_equal(ask(API_GET, "/chat/v1/search?word=nowhere", NULL), 200);
    assert_span_equal(buf_span(&r.body), SPAN_LIT("[]"));
}

static void files_go_as_bytes_and_come_as_nothing_that_runs(void **state)
{
    (void)state;
    fake_talk_new(ada, CHAT_DIRECT, "bea", CHAT_JOINED);
    struct api_request rq = rq_of(API_POST, TALK "/files?name=a.html&type=text/html", "<script>");
    assert_true(send(&rq, 7));
    assert_int_equal(r.status, 415);
    rq.content_type = SPAN_LIT("application/octet-stream");
    assert_true(send(&rq, 7));
    assert_int_equal(r.status, 200);
    assert_has(ENTRY);
    assert_int_equal(ask(API_GET, TALK "/entries/" ENTRY, NULL), 200);
    assert_has("\"file\":{\"name\":\"a.html\",\"type\":\"text/html\",\"bytes\":8,\"here\":true}");
    assert_int_equal(ask(API_GET, TALK "/entries/" ENTRY "/file", NULL), 200);
    assert_span_equal(buf_span(&r.body), SPAN_LIT("<script>"));
    assert_string_equal(r.type, "application/octet-stream");
    assert_int_equal(ask(API_POST, TALK "/entries/" ENTRY "/file", NULL), 409);
    rq.target = SPAN_LIT(TALK "/files");
    assert_true(send(&rq, 7));
    assert_int_equal(r.status, 400); /* no name */
}

static void no_route_gives_a_key_or_the_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < api_chat_routes_count; i++) {
        char target[256] = "";
        for (const char *at = api_chat_routes[i].path; *at != '\0'; at++) {
            strncat(target, *at == '{' ? ID1 : (char[]){*at, 0},
                    sizeof target - 1 - strlen(target));
            if (*at == '{')
                at = strchr(at, '}');
        }
        struct api_request rq = rq_of(api_chat_routes[i].method, target, NULL);
        if (strstr(target, "/events") == NULL)
            assert_true(send(&rq, 7));
        for (size_t k = 0; k + 6 <= r.body.len; k++)
            assert_memory_not_equal(r.body.ptr + k, "secret", 6);
        assert_null(strstr(target, "words"));
        assert_null(strstr(target, "export"));
    }
}

/* ---- events ---- */

static char got[65536]; /* what the client has read */

static void follow(uint64_t ticket, const char *target, const char *last)
{
    struct api_request rq = rq_of(API_GET, target, NULL);
    rq.last_event_id = last == NULL ? SPAN_EMPTY : span_str(last);
    assert_false(send(&rq, ticket));
    assert_true(r.stream);
    assert_int_equal(r.status, 200);
    assert_string_equal(r.type, "text/event-stream");
}

/* All that is sent to a client; its socket takes it at once when `reads`. */
static bool pump(uint64_t ticket, bool reads)
{
    struct api_stream_out out;
    size_t used = 0;
    bool closed = false;
    got[0] = '\0';
    api_stream_pump(api, &t.env);
    while (api_stream_poll(api, &out)) {
        assert_int_equal(out.ticket, ticket);
        closed = closed || out.close;
        if (out.close)
            continue;
        if (used + out.bytes.len < sizeof got) {
            memcpy(got + used, out.bytes.ptr, out.bytes.len);
            used += out.bytes.len;
            got[used] = '\0';
        }
        size_t n = out.bytes.len;
        if (reads)
            api_stream_sent(api, &t.env, ticket, n);
        if (reads)
            api_stream_pump(api, &t.env);
    }
    return closed;
}

static unsigned count(const char *part)
{
    unsigned n = 0;
    for (const char *at = got; (at = strstr(at, part)) != NULL; at++)
        n++;
    return n;
}

static void events_are_told_and_a_client_that_returns_loses_none(void **state)
{
    (void)state;
    size_t talk = fake_talk_new(ada, CHAT_DIRECT, "bea", CHAT_REQUESTED);
    follow(1, "/chat/v1/events", NULL);
    pump(1, true);
    assert_int_equal(count("event: "), 0); /* what was before it came is history */
    fake_say(ada, talk, "one");
    pump(1, true);
    assert_non_null(strstr(got, "id: 2\nevent: entry\ndata: {\"number\":2,\"kind\":\"entry\""));
    assert_non_null(strstr(got, "\"text\":\"one\""));
    api_gone(api, 1); /* the connection breaks */
    for (int i = 0; i < 50; i++)
        fake_say(ada, talk, "while away");
    pump(1, true);
    assert_int_equal(count("event: "), 0);
    follow(2, "/chat/v1/events", "2"); /* as a browser does by itself */
    pump(2, true);
    assert_int_equal(count("\"text\":\"while away\""), 50);
    assert_non_null(strstr(got, "id: 52\n"));
    api_gone(api, 2);
    follow(3, "/chat/v1/events?after=0", NULL); /* from the beginning */
    pump(3, true);
    assert_int_equal(count("event: entry"), 51);
    assert_int_equal(count("event: request"), 1);
    api_gone(api, 3);
    follow(4, "/chat/v1/events?after=51", "52"); /* the header is the younger one */
    pump(4, true);
    assert_int_equal(count("event: "), 0);
    api_gone(api, 4);
    struct api_request rq = rq_of(API_GET, "/chat/v1/events?after=x", NULL);
    assert_true(send(&rq, 5));
    assert_int_equal(r.status, 400);
}

static void each_account_has_its_own(void **state)
{
    (void)state;
    size_t talk = fake_talk_new(ada, CHAT_DIRECT, "bea", CHAT_JOINED);
    fake_talk_new(bot, CHAT_DIRECT, "bea", CHAT_JOINED);
    follow(1, "/chat/v1/events?account=bot", NULL);
    fake_say(ada, talk, "not for the bot");
    pump(1, true);
    assert_int_equal(count("event: "), 0);
    fake_say(bot, 0, "for the bot");
    pump(1, true);
    assert_int_equal(count("event: entry"), 1);
}

static void a_slow_client_is_given_no_more_than_its_buffer_then_closed(void **state)
{
    (void)state;
    static char text[60000];
    size_t talk = fake_talk_new(ada, CHAT_DIRECT, "bea", CHAT_JOINED);
    memset(text, 'x', sizeof text - 1);
    follow(1, "/chat/v1/events", NULL);
    pump(1, true);
    for (int i = 0; i < 30; i++)
        fake_say(ada, talk, text);
    struct api_stream_out out;
    size_t held = 0;
    for (int i = 0; i < 10; i++) {
        api_stream_pump(api, &t.env);
        while (api_stream_poll(api, &out))
            held += out.bytes.len;
    }
    assert_in_range(held, EVENTS_QUEUE_BYTES / 2, EVENTS_QUEUE_BYTES + EVENTS_EVENT_BYTES_MAX);
    for (int i = 0; i < (int)EVENTS_STALL_S + 1; i++) {
        test_env_advance(&t, NS_PER_S);
        api_tick(api, &t.env);
    }
    assert_true(api_stream_poll(api, &out) && out.close);
    follow(2, "/chat/v1/events", "1"); /* it lost nothing */
    unsigned all = 0;
    for (int i = 0; i < 40; i++) {
        api_stream_pump(api, &t.env);
        while (api_stream_poll(api, &out)) {
            for (size_t k = 0; k + 12 < out.bytes.len; k++)
                all += memcmp(out.bytes.ptr + k, "event: entry", 12) == 0;
            api_stream_sent(api, &t.env, 2, out.bytes.len);
        }
    }
    assert_int_equal(all, 30);
}

static void what_is_not_kept_any_more_is_told_as_missed(void **state)
{
    (void)state;
    size_t talk = fake_talk_new(ada, CHAT_DIRECT, "bea", CHAT_JOINED);
    for (int i = 0; i < 20; i++)
        fake_say(ada, talk, "x");
    ada->events_dropped = 10;
    follow(1, "/chat/v1/events?after=3", NULL);
    pump(1, true);
    assert_non_null(
        strstr(got, "id: 21\nevent: missed\ndata: {\"number\":21,\"kind\":\"missed\"}"));
    assert_int_equal(count("event: "), 1);
}

static void typing_is_passed_on_without_a_number(void **state)
{
    (void)state;
    follow(1, "/chat/v1/events", NULL);
    ada->passing = (struct chat_event){.kind = CHAT_EVENT_TYPING, .account = fake_other};
    ada->has_passing = true;
    pump(1, true);
    assert_int_equal(count("event: typing\n"), 1);
    assert_int_equal(count("id: "), 0);
    test_env_advance(&t, 16 * NS_PER_S);
    api_tick(api, &t.env);
    pump(1, true);
    assert_non_null(strstr(got, ":\n\n")); /* still there */
}

static void so_many_may_follow(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < EVENTS_CLIENTS_MAX; i++)
        follow(100 + i, "/chat/v1/events", NULL);
    struct api_request rq = rq_of(API_GET, "/chat/v1/events", NULL);
    assert_true(send(&rq, 7));
    assert_int_equal(r.status, 503);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, fresh, done)
    const struct CMUnitTest tests[] = {
        T(without_the_token_nothing_is_told),
        T(pages_of_strangers_are_refused_with_the_token_too),
        T(paths_and_methods),
        T(a_node_without_chats_has_no_such_routes),
        T(accounts_and_persons),
        T(cards_and_contacts),
        T(conversations_and_members),
        T(entries_are_said_read_and_changed),
        T(files_go_as_bytes_and_come_as_nothing_that_runs),
        T(no_route_gives_a_key_or_the_words),
        T(events_are_told_and_a_client_that_returns_loses_none),
        T(each_account_has_its_own),
        T(a_slow_client_is_given_no_more_than_its_buffer_then_closed),
        T(what_is_not_kept_any_more_is_told_as_missed),
        T(typing_is_passed_on_without_a_number),
        T(so_many_may_follow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
