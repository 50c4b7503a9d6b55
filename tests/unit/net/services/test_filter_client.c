/* The subscribing end of filter: questions, what is accepted of a service, and what is done when it
 * forgets us or goes. */
#include "crypto/base/writer.h"
#include "net/services/filter.h"
#include "net/waku/waku.h"
#include "tests/lib/testing.h"

#include <stdlib.h>

#define TOPIC "/waku/2/rs/66/3"

struct fixture {
    struct test_env t;
    struct filter_client *c;
    struct filter_client_out out; /* the last one */
    struct filter_request asked;  /* of the last REQUEST */
    struct blob *keep;
};

static struct fixture *begin(void)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    test_env_init(&f->t, 5);
    assert_ok(filter_client_new(&f->c, &f->t.env));
    return f;
}

static void end(struct fixture *f)
{
    blob_unref(f->keep);
    filter_client_free(f->c);
    test_env_clear(&f->t);
    free(f);
}

static bool next(struct fixture *f, enum filter_client_kind kind)
{
    const char *why;
    blob_unref(f->keep);
    f->keep = NULL;
    if (!filter_client_poll(f->c, &f->out))
        return false;
    f->keep = f->out.bytes;
    assert_int_equal(f->out.kind, kind);
    if (kind == FILTER_CLIENT_REQUEST)
        assert_ok(filter_request_decode(blob_span(f->out.bytes), &f->asked, &why));
    return true;
}

/* The service answers the last REQUEST. */
static void answer(struct fixture *f, uint32_t status, bool right_id)
{
    struct buf b = BUF_INIT(4096);
    struct filter_answer a = {right_id ? f->asked.request_id : SPAN_LIT("N/A"), status,
                              SPAN_LIT("so")};
    assert_ok(filter_answer_encode(&a, &b));
    filter_client_answer(f->c, &f->t.env, f->out.ask, buf_span(&b));
    buf_clear(&b);
}

static void ask(struct fixture *f, enum filter_kind kind, const char *topic, uint64_t ticket)
{
    struct span s = topic == NULL ? SPAN_EMPTY : span_str(topic);
    assert_ok(filter_client_ask(f->c, &f->t.env, kind, topic == NULL ? SPAN_EMPTY : SPAN_LIT(TOPIC),
                                &s, topic != NULL, ticket));
    assert_true(next(f, FILTER_CLIENT_REQUEST));
    assert_int_equal(f->asked.kind, kind);
}

static void subscribe(struct fixture *f, const char *topic)
{
    ask(f, FILTER_SUBSCRIBE, topic, 7);
    answer(f, 200, true);
    assert_true(next(f, FILTER_CLIENT_DONE));
    assert_int_equal(f->out.status, 200);
    assert_int_equal(f->out.ticket, 7);
}

static enum err push(struct fixture *f, uint64_t peer, const char *pubsub, const char *topic,
                     uint8_t n)
{
    struct waku_message m = {
        .payload = span_of(&n, 1), .content_topic = span_str(topic), .timestamp_ns = 5};
    struct buf b = BUF_INIT(4096), p = BUF_INIT(4096);
    struct writer w = writer_to(&p);
    assert_ok(waku_message_encode(&m, &b));
    write_u8(&w, 0x0a);
    write_u8(&w, (uint8_t)b.len);
    write_bytes(&w, buf_span(&b));
    write_u8(&w, 0x12);
    write_u8(&w, (uint8_t)strlen(pubsub));
    write_bytes(&w, span_str(pubsub));
    enum err err = filter_client_push(f->c, &f->t.env, peer, buf_span(&p));
    buf_clear(&b);
    buf_clear(&p);
    return err;
}

static void tick(struct fixture *f, int64_t ns)
{
    test_env_advance(&f->t, ns);
    filter_client_tick(f->c, &f->t.env);
}

static void only_what_we_subscribed_to_is_taken_and_once(void **state)
{
    (void)state;
    struct fixture *f = begin();
    filter_client_use(f->c, &f->t.env, 1);
    assert_err(push(f, 1, TOPIC, "/a", 1), ERR_REFUSED);
    subscribe(f, "/a");
    assert_ok(push(f, 1, TOPIC, "/a", 1));
    assert_true(next(f, FILTER_CLIENT_MESSAGE));
    assert_span_equal(f->out.pubsub_topic, SPAN_LIT(TOPIC));
    struct waku_message m;
    uint8_t hash[32];
    assert_ok(waku_message_decode(f->out.message, &m));
    waku_message_hash(SPAN_LIT(TOPIC), &m, hash);
    assert_memory_equal(hash, f->out.hash, 32);
    assert_ok(push(f, 1, TOPIC, "/a", 1)); /* again */
    assert_err(push(f, 2, TOPIC, "/a", 2), ERR_REFUSED);
    assert_err(push(f, 1, TOPIC, "/b", 2), ERR_REFUSED);
    assert_err(push(f, 1, "/waku/2/rs/66/4", "/a", 2), ERR_REFUSED);
    assert_err(filter_client_push(f->c, &f->t.env, 1, SPAN_LIT("\x0a\xff")), ERR_FORMAT);
    assert_err(filter_client_push(f->c, &f->t.env, 1, SPAN_LIT("\x0a\x02\x0a\x00")), ERR_FORMAT);
    assert_false(next(f, FILTER_CLIENT_MESSAGE));
    const struct filter_client_counters *n = filter_client_counters(f->c);
    assert_int_equal(n->messages, 1);
    assert_int_equal(n->duplicates, 1);
    assert_int_equal(n->unwanted, 4);
    assert_int_equal(n->malformed, 2);
    end(f);
}

static void a_refused_subscription_is_none(void **state)
{
    (void)state;
    struct fixture *f = begin();
    assert_err(filter_client_ask(f->c, &f->t.env, FILTER_PING, SPAN_EMPTY, NULL, 0, 1),
               ERR_NOT_FOUND);
    filter_client_use(f->c, &f->t.env, 1);
    ask(f, FILTER_SUBSCRIBE, "/a", 3);
    answer(f, 503, true);
    assert_true(next(f, FILTER_CLIENT_DONE));
    assert_int_equal(f->out.status, 503);
    assert_span_equal(f->out.desc, SPAN_LIT("so"));
    assert_err(push(f, 1, TOPIC, "/a", 1), ERR_REFUSED);
    ask(f, FILTER_SUBSCRIBE, "/a", 4);
    answer(f, 200, false); /* to another question */
    assert_true(next(f, FILTER_CLIENT_DONE));
    assert_int_equal(f->out.err, ERR_PROTOCOL);
    ask(f, FILTER_SUBSCRIBE, "/a", 5);
    answer(f, 429, false); /* as nwaku gives it */
    assert_true(next(f, FILTER_CLIENT_DONE));
    assert_int_equal(f->out.err, OK);
    assert_int_equal(f->out.status, 429);
    ask(f, FILTER_SUBSCRIBE, "/a", 6);
    tick(f, FILTER_ASK_TIMEOUT_NS - 1);
    assert_false(next(f, FILTER_CLIENT_DONE));
    tick(f, 1);
    assert_true(next(f, FILTER_CLIENT_DONE));
    assert_int_equal(f->out.err, ERR_TIMEOUT);
    assert_err(push(f, 1, TOPIC, "/a", 1), ERR_REFUSED);
    end(f);
}

static void after_an_unsubscribe_nothing_is_taken(void **state)
{
    (void)state;
    struct fixture *f = begin();
    filter_client_use(f->c, &f->t.env, 1);
    subscribe(f, "/a");
    subscribe(f, "/b");
    subscribe(f, "/c");
    ask(f, FILTER_UNSUBSCRIBE, "/a", 3);
    answer(f, 404, true);
    assert_true(next(f, FILTER_CLIENT_DONE));
    assert_err(push(f, 1, TOPIC, "/a", 1), ERR_REFUSED);
    assert_ok(push(f, 1, TOPIC, "/b", 1));
    assert_true(next(f, FILTER_CLIENT_MESSAGE));
    ask(f, FILTER_UNSUBSCRIBE_ALL, NULL, 4);
    answer(f, 200, true);
    assert_true(next(f, FILTER_CLIENT_DONE));
    assert_err(push(f, 1, TOPIC, "/b", 2), ERR_REFUSED);
    tick(f, 2 * FILTER_PING_NS); /* no more pings */
    assert_false(next(f, FILTER_CLIENT_REQUEST));
    assert_int_equal(filter_client_deadline(f->c).ns, MONO_NEVER.ns);
    end(f);
}

static void a_service_that_forgot_us_is_asked_again(void **state)
{
    (void)state;
    struct fixture *f = begin();
    filter_client_use(f->c, &f->t.env, 1);
    subscribe(f, "/a");
    subscribe(f, "/b");
    tick(f, FILTER_PING_NS);
    assert_true(next(f, FILTER_CLIENT_REQUEST));
    assert_int_equal(f->asked.kind, FILTER_PING);
    answer(f, 200, true);
    assert_false(next(f, FILTER_CLIENT_REQUEST));
    tick(f, FILTER_PING_NS);
    assert_true(next(f, FILTER_CLIENT_REQUEST));
    answer(f, 404, true);
    assert_true(next(f, FILTER_CLIENT_REQUEST));
    assert_int_equal(f->asked.kind, FILTER_SUBSCRIBE);
    assert_int_equal(f->asked.count, 2);
    assert_span_equal(f->asked.pubsub_topic, SPAN_LIT(TOPIC));
    answer(f, 200, true);
    assert_false(next(f, FILTER_CLIENT_DONE)); /* the user did not ask */
    end(f);
}

static void a_new_service_is_asked_for_everything(void **state)
{
    (void)state;
    struct fixture *f = begin();
    char topic[16];
    filter_client_use(f->c, &f->t.env, 1);
    for (int i = 0; i < 150; i++) {
        snprintf(topic, sizeof topic, "/%d", i);
        subscribe(f, topic);
    }
    filter_client_use(f->c, &f->t.env, 0);
    assert_err(push(f, 1, TOPIC, "/0", 1), ERR_REFUSED);
    filter_client_use(f->c, &f->t.env, 2);
    assert_true(next(f, FILTER_CLIENT_REQUEST));
    assert_int_equal(f->out.peer, 2);
    assert_int_equal(f->asked.count, 100);
    answer(f, 200, true);
    assert_true(next(f, FILTER_CLIENT_REQUEST));
    assert_int_equal(f->asked.count, 50);
    answer(f, 200, true);
    assert_false(next(f, FILTER_CLIENT_REQUEST));
    assert_ok(push(f, 2, TOPIC, "/149", 1));
    end(f);
}

static void three_lost_pings_are_a_lost_service(void **state)
{
    (void)state;
    struct fixture *f = begin();
    filter_client_use(f->c, &f->t.env, 1);
    subscribe(f, "/a");
    for (unsigned i = 1; i <= FILTER_PINGS_LOST; i++) {
        tick(f, FILTER_PING_NS);
        assert_true(next(f, FILTER_CLIENT_REQUEST));
        assert_false(next(f, FILTER_CLIENT_LOST));
        filter_client_gone(f->c, &f->t.env, f->out.ask, ERR_CLOSED);
    }
    assert_true(next(f, FILTER_CLIENT_LOST));
    assert_int_equal(f->out.peer, 1);
    end(f);
}

static void what_we_want_is_bounded(void **state)
{
    (void)state;
    struct fixture *f = begin();
    char names[101][8];
    struct span topics[101];
    for (int i = 0; i < 101; i++) {
        snprintf(names[i], sizeof names[i], "/%d", i);
        topics[i] = span_str(names[i]);
    }
    filter_client_use(f->c, &f->t.env, 1);
    assert_err(filter_client_ask(f->c, &f->t.env, FILTER_SUBSCRIBE, SPAN_LIT("/p"), topics, 101, 1),
               ERR_ARGUMENT);
    assert_err(filter_client_ask(f->c, &f->t.env, FILTER_SUBSCRIBE, SPAN_EMPTY, topics, 1, 1),
               ERR_ARGUMENT);
    assert_err(filter_client_ask(f->c, &f->t.env, FILTER_SUBSCRIBE, SPAN_LIT("/p"), NULL, 0, 1),
               ERR_ARGUMENT);
    for (unsigned i = 0; i < FILTER_WANTED_MAX / 100; i++) {
        char pubsub[8];
        snprintf(pubsub, sizeof pubsub, "/p%u", i);
        assert_ok(
            filter_client_ask(f->c, &f->t.env, FILTER_SUBSCRIBE, span_str(pubsub), topics, 100, 1));
        assert_true(next(f, FILTER_CLIENT_REQUEST));
        answer(f, 200, true);
        assert_true(next(f, FILTER_CLIENT_DONE));
    }
    assert_err(filter_client_ask(f->c, &f->t.env, FILTER_SUBSCRIBE, SPAN_LIT("/p"), topics, 1, 1),
               ERR_FULL);
    for (unsigned i = 0; i < FILTER_ASKS_MAX; i++)
        assert_ok(filter_client_ask(f->c, &f->t.env, FILTER_PING, SPAN_EMPTY, NULL, 0, 1));
    assert_err(filter_client_ask(f->c, &f->t.env, FILTER_PING, SPAN_EMPTY, NULL, 0, 1), ERR_FULL);
    end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_we_subscribed_to_is_taken_and_once),
        cmocka_unit_test(a_refused_subscription_is_none),
        cmocka_unit_test(after_an_unsubscribe_nothing_is_taken),
        cmocka_unit_test(a_service_that_forgot_us_is_asked_again),
        cmocka_unit_test(a_new_service_is_asked_for_everything),
        cmocka_unit_test(three_lost_pings_are_a_lost_service),
        cmocka_unit_test(what_we_want_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
