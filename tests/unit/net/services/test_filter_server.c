/* The serving end of filter: every status code, both sides of every limit, pushes and who loses
 * them, time. */
#include "net/services/filter.h"
#include "net/wire/varint.h"
#include "tests/lib/testing.h"

#include <stdlib.h>

#define TOPIC "/waku/2/rs/66/3"

struct fixture {
    struct test_env t;
    struct filter_server *s;
};

static struct peer_id id_of(uint64_t peer)
{
    struct peer_id id = {.len = 36};
    memcpy(id.bytes, &peer, sizeof peer);
    return id;
}

static struct fixture *begin(uint32_t subscribers, uint32_t criteria)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct filter_params p = {subscribers, criteria, 300 * NS_PER_S};
    assert_non_null(f);
    test_env_init(&f->t, 5);
    assert_ok(filter_server_new(&f->s, &f->t.env, &p));
    return f;
}

static void end(struct fixture *f)
{
    filter_server_free(f->s);
    test_env_clear(&f->t);
    free(f);
}

static const struct filter_server_counters *counts(const struct fixture *f)
{
    return filter_server_counters(f->s);
}

static uint32_t send(struct fixture *f, uint64_t peer, struct span request)
{
    struct buf out = BUF_INIT(FILTER_ANSWER_BYTES_MAX);
    struct peer_id id = id_of(peer);
    struct filter_answer a;
    assert_ok(filter_server_request(f->s, &f->t.env, peer, &id, request, &out));
    assert_ok(filter_answer_decode(buf_span(&out), &a));
    assert_true(a.desc.len > 0);
    uint32_t status = a.status;
    buf_clear(&out);
    return status;
}

static uint32_t ask_list(struct fixture *f, uint64_t peer, enum filter_kind kind,
                         const char *pubsub, const char *const *topics, size_t count)
{
    struct filter_request r = {.request_id = SPAN_LIT("7"), .kind = kind};
    struct buf b = BUF_INIT(FILTER_REQUEST_BYTES_MAX * 2);
    r.pubsub_topic = span_str(pubsub);
    assert_true(count <= FILTER_TOPICS_MAX);
    for (size_t i = 0; i < count; i++)
        r.content_topics[r.count++] = span_str(topics[i]);
    assert_ok(filter_request_encode(&r, &b));
    uint32_t status = send(f, peer, buf_span(&b));
    buf_clear(&b);
    return status;
}

static uint32_t ask(struct fixture *f, uint64_t peer, enum filter_kind kind, const char *topic)
{
    return ask_list(f, peer, kind, topic == NULL ? "" : TOPIC, &topic, topic != NULL);
}

static void publish(struct fixture *f, const char *topic, uint8_t number, size_t bytes)
{
    uint8_t hash[32] = {number, (uint8_t)bytes}, *message = calloc(1, bytes);
    assert_non_null(message);
    memcpy(hash + 2, topic, strlen(topic) < 30 ? strlen(topic) : 30);
    filter_server_message(f->s, &f->t.env, SPAN_LIT(TOPIC), span_str(topic), hash,
                          span_of(message, bytes));
    free(message);
}

/* Take all that may go now; true: it went. How many there were for `peer`. */
static unsigned pushes_to(struct fixture *f, uint64_t peer, enum err went)
{
    struct filter_server_out out;
    unsigned n = 0;
    while (filter_server_poll(f->s, &out)) {
        n += out.peer == peer;
        filter_server_pushed(f->s, &f->t.env, out.push, went);
    }
    return n;
}

static void run(struct fixture *f, int64_t ns)
{
    test_env_advance(&f->t, ns);
    filter_server_tick(f->s, &f->t.env);
}

/* ---- requests ---- */

static void each_kind_has_its_answers(void **state)
{
    (void)state;
    struct fixture *f = begin(10, 10);
    assert_int_equal(ask(f, 1, FILTER_PING, NULL), 404);
    assert_int_equal(ask(f, 1, FILTER_UNSUBSCRIBE, "/a"), 404);
    assert_int_equal(ask(f, 1, FILTER_UNSUBSCRIBE_ALL, NULL), 404);
    assert_int_equal(ask(f, 1, FILTER_SUBSCRIBE, "/a"), 200);
    assert_int_equal(ask(f, 1, FILTER_PING, NULL), 200);
    assert_int_equal(ask(f, 1, FILTER_SUBSCRIBE, "/a"), 200); /* again: refreshed */
    assert_int_equal(counts(f)->criteria, 1);
    assert_int_equal(ask(f, 1, FILTER_SUBSCRIBE, "/b"), 200);
    assert_int_equal(ask(f, 1, FILTER_UNSUBSCRIBE, "/c"), 404);
    assert_int_equal(ask(f, 1, FILTER_UNSUBSCRIBE, "/a"), 200);
    assert_int_equal(ask(f, 1, FILTER_PING, NULL), 200);
    assert_int_equal(ask(f, 1, FILTER_UNSUBSCRIBE, "/b"), 200); /* the last */
    assert_int_equal(ask(f, 1, FILTER_PING, NULL), 404);
    assert_int_equal(ask(f, 1, FILTER_SUBSCRIBE, "/a"), 200);
    assert_int_equal(ask(f, 1, FILTER_UNSUBSCRIBE_ALL, NULL), 200);
    assert_int_equal(ask(f, 1, FILTER_PING, NULL), 404);
    assert_int_equal(counts(f)->subscribers, 0);
    assert_int_equal(counts(f)->criteria, 0);
    end(f);
}

static void bad_requests_get_400(void **state)
{
    (void)state;
    struct fixture *f = begin(10, 200);
    const char *topics[FILTER_TOPICS_MAX] = {NULL};
    char names[FILTER_TOPICS_MAX][8], longest[FILTER_TOPIC_BYTES_MAX + 2];
    for (size_t i = 0; i < FILTER_TOPICS_MAX; i++) {
        snprintf(names[i], sizeof names[i], "/%zu", i);
        topics[i] = names[i];
    }
    assert_int_equal(ask_list(f, 1, FILTER_SUBSCRIBE, "", topics, 1), 400);
    assert_int_equal(ask_list(f, 1, FILTER_SUBSCRIBE, TOPIC, topics, 0), 400);
    assert_int_equal(ask_list(f, 1, FILTER_UNSUBSCRIBE, "", topics, 1), 400);
    assert_int_equal(ask_list(f, 1, FILTER_UNSUBSCRIBE, TOPIC, topics, 0), 400);
    assert_int_equal(ask_list(f, 1, FILTER_SUBSCRIBE, TOPIC, topics, FILTER_TOPICS_MAX), 200);
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(ask(f, 1, FILTER_SUBSCRIBE, longest), 400);
    longest[FILTER_TOPIC_BYTES_MAX] = '\0';
    assert_int_equal(ask(f, 1, FILTER_SUBSCRIBE, longest), 200);
    /* 101 topics; no request id; an unknown kind; no protobuf; nothing */
    struct buf b = BUF_INIT(4096);
    assert_ok(buf_append(&b, SPAN_LIT("\x0a\x01i\x10\x01\x52\x02/p")));
    for (int i = 0; i < 101; i++)
        assert_ok(buf_append(&b, SPAN_LIT("\x5a\x01/")));
    assert_int_equal(send(f, 1, buf_span(&b)), 400);
    buf_truncate(&b, b.len - 3);
    assert_int_equal(send(f, 1, buf_span(&b)), 200);
    buf_clear(&b);
    assert_int_equal(send(f, 1, SPAN_LIT("\x10\x01\x52\x02/p\x5a\x01/")), 400);
    assert_int_equal(send(f, 1, SPAN_LIT("\x0a\x01i\x10\x04")), 400);
    assert_int_equal(send(f, 1, SPAN_LIT("\x0a\x01i\x10\x00")), 200); /* a ping */
    assert_int_equal(send(f, 1, SPAN_LIT("\x0a\xff")), 400);
    assert_int_equal(send(f, 1, SPAN_EMPTY), 400);
    assert_int_equal(counts(f)->malformed, 10);
    end(f);
}

static void over_the_rate_is_429_with_the_request_id(void **state)
{
    (void)state;
    struct fixture *f = begin(1, 1);
    struct buf out = BUF_INIT(4096);
    struct filter_answer a;
    assert_ok(filter_server_refuse(f->s, &f->t.env, SPAN_LIT("\x0a\x02id"), &out));
    assert_ok(filter_answer_decode(buf_span(&out), &a));
    assert_int_equal(a.status, 429);
    assert_span_equal(a.request_id, SPAN_LIT("id"));
    assert_int_equal(counts(f)->over_rate, 1);
    buf_clear(&out);
    end(f);
}

static void a_peer_has_so_many_criteria_and_no_more(void **state)
{
    (void)state;
    struct fixture *f = begin(10, 3);
    const char *two[] = {"/c", "/d"}, *again[] = {"/a", "/c"};
    assert_int_equal(ask(f, 1, FILTER_SUBSCRIBE, "/a"), 200);
    assert_int_equal(ask(f, 1, FILTER_SUBSCRIBE, "/b"), 200);
    assert_int_equal(ask_list(f, 1, FILTER_SUBSCRIBE, TOPIC, two, 2), 503);
    assert_int_equal(counts(f)->criteria, 2); /* all of a request, or nothing */
    assert_int_equal(ask_list(f, 1, FILTER_SUBSCRIBE, TOPIC, again, 2), 200);
    assert_int_equal(ask(f, 1, FILTER_SUBSCRIBE, "/d"), 503);
    assert_int_equal(ask(f, 2, FILTER_SUBSCRIBE, "/d"), 200); /* another peer */
    assert_int_equal(ask(f, 1, FILTER_UNSUBSCRIBE, "/b"), 200);
    assert_int_equal(ask(f, 1, FILTER_SUBSCRIBE, "/d"), 200);
    end(f);
}

static void so_many_peers_are_served_and_who_is_away_makes_room(void **state)
{
    (void)state;
    struct fixture *f = begin(2, 3);
    struct peer_id one = id_of(1);
    assert_int_equal(ask(f, 1, FILTER_SUBSCRIBE, "/a"), 200);
    assert_int_equal(ask(f, 2, FILTER_SUBSCRIBE, "/a"), 200);
    assert_int_equal(ask(f, 3, FILTER_SUBSCRIBE, "/a"), 503);
    assert_int_equal(counts(f)->refused, 1);
    filter_server_peer_down(f->s, &f->t.env, 1);
    assert_int_equal(ask(f, 3, FILTER_SUBSCRIBE, "/a"), 200);
    filter_server_peer_up(f->s, &f->t.env, 1, &one);
    assert_int_equal(ask(f, 1, FILTER_PING, NULL), 404);
    assert_int_equal(ask(f, 2, FILTER_PING, NULL), 200);
    assert_int_equal(counts(f)->subscribers, 2);
    end(f);
}

static void the_index_of_all_is_bounded(void **state)
{
    (void)state;
    struct fixture *f = begin(100000, 1000000);
    char longest[FILTER_TOPIC_BYTES_MAX + 1];
    uint32_t status = 200;
    size_t taken = 0;
    memset(longest, 'y', sizeof longest);
    longest[FILTER_TOPIC_BYTES_MAX] = '\0';
    for (unsigned i = 0; status == 200 && i < 100000; i++) {
        int n = snprintf(longest, 16, "%u", i);
        longest[n] = 'y';
        status = ask(f, 1 + i % 200, FILTER_SUBSCRIBE, longest);
        taken += status == 200;
    }
    assert_int_equal(status, 503);
    assert_true(taken > FILTER_CRITERIA_BYTES_MAX / 2500 &&
                taken < FILTER_CRITERIA_BYTES_MAX / 2000);
    assert_int_equal(ask(f, 1, FILTER_UNSUBSCRIBE_ALL, NULL), 200);
    assert_int_equal(ask(f, 1, FILTER_SUBSCRIBE, longest), 200);
    end(f);
}

static void a_peer_takes_so_much_of_the_index_and_no_more(void **state)
{
    (void)state;
    struct fixture *f = begin(10, 1000000);
    char longest[FILTER_TOPIC_BYTES_MAX + 1];
    uint32_t status = 200;
    unsigned taken = 0;
    memset(longest, 'y', sizeof longest);
    longest[FILTER_TOPIC_BYTES_MAX] = '\0';
    for (unsigned i = 0; status == 200; i++) {
        int n = snprintf(longest, 16, "%u", i);
        longest[n] = 'y';
        status = ask(f, 1, FILTER_SUBSCRIBE, longest);
        taken += status == 200;
    }
    assert_int_equal(status, 503);
    assert_true(taken > FILTER_CRITERIA_PEER_BYTES_MAX / 2500 &&
                taken < FILTER_CRITERIA_PEER_BYTES_MAX / 2000);
    assert_int_equal(ask(f, 2, FILTER_SUBSCRIBE, longest), 200); /* another */
    assert_int_equal(ask(f, 1, FILTER_UNSUBSCRIBE, "0yyy"), 404);
    assert_int_equal(ask(f, 1, FILTER_UNSUBSCRIBE_ALL, NULL), 200);
    for (unsigned i = 0; i < 1000; i++) { /* what --filter-max-criteria promises, fits */
        char usual[100];
        snprintf(usual, sizeof usual, "/an-application/1/a-name-of-fifty-or-sixty-bytes-%u/proto",
                 i);
        assert_int_equal(ask(f, 1, FILTER_SUBSCRIBE, usual), 200);
    }
    end(f);
}

/* ---- pushes ---- */

static void only_who_asked_for_both_topics_gets_a_message_and_once(void **state)
{
    (void)state;
    struct fixture *f = begin(10, 10);
    const char *same = "/a";
    assert_int_equal(ask(f, 1, FILTER_SUBSCRIBE, "/a"), 200);
    assert_int_equal(ask(f, 2, FILTER_SUBSCRIBE, "/b"), 200);
    assert_int_equal(ask_list(f, 3, FILTER_SUBSCRIBE, "/waku/2/rs/66/4", &same, 1), 200);
    publish(f, "/a", 1, 100);
    assert_int_equal(pushes_to(f, 1, OK), 1);
    assert_int_equal(counts(f)->pushes, 1);
    publish(f, "/a", 1, 100); /* by lightpush, after relay */
    assert_int_equal(pushes_to(f, 1, OK), 0);
    assert_int_equal(counts(f)->duplicates, 1);
    publish(f, "/c", 2, 100);
    publish(f, "/b", 3, 100);
    assert_int_equal(pushes_to(f, 2, OK), 1);
    test_env_advance(&f->t, FILTER_SEEN_NS - 1);
    publish(f, "/a", 1, 100);
    assert_int_equal(counts(f)->duplicates, 2);
    test_env_advance(&f->t, 1);
    publish(f, "/a", 1, 100);
    assert_int_equal(pushes_to(f, 1, OK), 1);
    assert_int_equal(counts(f)->queued_bytes, 0);
    end(f);
}

static void a_push_says_its_topic_and_holds_the_message(void **state)
{
    (void)state;
    struct fixture *f = begin(10, 10);
    struct filter_server_out out;
    struct filter_push p;
    uint64_t len;
    size_t used;
    assert_int_equal(ask(f, 1, FILTER_SUBSCRIBE, "/a"), 200);
    filter_server_message(f->s, &f->t.env, SPAN_LIT(TOPIC), SPAN_LIT("/a"), (uint8_t[32]){9},
                          SPAN_LIT("the message"));
    assert_true(filter_server_poll(f->s, &out));
    assert_ok(varint_decode(blob_span(out.frame), &len, &used));
    assert_int_equal(len + used, out.frame->len);
    assert_ok(filter_push_decode(span_after(blob_span(out.frame), used), &p));
    assert_span_equal(p.message, SPAN_LIT("the message"));
    assert_span_equal(p.pubsub_topic, SPAN_LIT(TOPIC));
    filter_server_pushed(f->s, &f->t.env, out.push, OK);
    filter_server_pushed(f->s, &f->t.env, out.push, OK); /* told twice: ignored */
    assert_int_equal(counts(f)->pushes, 1);
    end(f);
}

static void one_copy_is_shared_and_turns_are_fair(void **state)
{
    (void)state;
    struct fixture *f = begin(10, 10);
    struct filter_server_out a, b, c;
    assert_int_equal(ask(f, 1, FILTER_SUBSCRIBE, "/a"), 200);
    assert_int_equal(ask(f, 2, FILTER_SUBSCRIBE, "/a"), 200);
    publish(f, "/a", 1, 1000);
    publish(f, "/a", 2, 1000);
    assert_true(counts(f)->queued_bytes < 2 * 1100);
    assert_true(filter_server_poll(f->s, &a) && filter_server_poll(f->s, &b));
    assert_true(filter_server_poll(f->s, &c));
    assert_int_equal(a.peer, 1);
    assert_int_equal(b.peer, 2); /* not twice to 1 */
    assert_ptr_equal(a.frame, b.frame);
    assert_ptr_not_equal(a.frame, c.frame);
    end(f);
}

static void a_slow_subscriber_loses_and_others_do_not(void **state)
{
    (void)state;
    struct fixture *f = begin(10, 10);
    struct filter_server_out out;
    unsigned slow = 0, quick = 0;
    assert_int_equal(ask(f, 1, FILTER_SUBSCRIBE, "/a"), 200);
    assert_int_equal(ask(f, 2, FILTER_SUBSCRIBE, "/a"), 200);
    for (unsigned i = 0; i < FILTER_PUSH_STREAMS_MAX + FILTER_QUEUE_MAX + 10; i++) {
        publish(f, "/a", (uint8_t)i, 100 + (i >> 8));
        while (filter_server_poll(f->s, &out)) {
            slow += out.peer == 1;
            quick += out.peer == 2;
            if (out.peer == 2)
                filter_server_pushed(f->s, &f->t.env, out.push, OK);
        }
    }
    assert_int_equal(slow, FILTER_PUSH_STREAMS_MAX);
    assert_int_equal(quick, FILTER_PUSH_STREAMS_MAX + FILTER_QUEUE_MAX + 10);
    assert_int_equal(counts(f)->pushes_dropped, 10);
    assert_int_equal(ask(f, 1, FILTER_UNSUBSCRIBE_ALL, NULL), 200);
    assert_int_equal(counts(f)->queued_bytes, 0);
    end(f);
}

static void a_queue_is_bounded_in_bytes(void **state)
{
    (void)state;
    struct fixture *f = begin(10, 10);
    assert_int_equal(ask(f, 1, FILTER_SUBSCRIBE, "/a"), 200);
    for (unsigned i = 0; i < FILTER_QUEUE_BYTES_MAX / 150000 + 5; i++)
        publish(f, "/a", (uint8_t)i, 150000);
    assert_true(counts(f)->queued_bytes <= FILTER_QUEUE_BYTES_MAX);
    assert_true(counts(f)->queued_bytes > FILTER_QUEUE_BYTES_MAX - 151000);
    assert_int_equal(counts(f)->pushes_dropped, 5 + 0);
    end(f);
}

static void all_queues_are_bounded_and_who_is_behind_loses(void **state)
{
    (void)state;
    struct fixture *f = begin(1000, 10);
    char topic[8];
    unsigned full = FILTER_QUEUES_BYTES_MAX / (13 * 150000) + 2;
    assert_int_equal(ask(f, 999, FILTER_SUBSCRIBE, "/quick"), 200);
    for (unsigned peer = 1; peer <= full; peer++) {
        snprintf(topic, sizeof topic, "/%u", peer);
        assert_int_equal(ask(f, peer, FILTER_SUBSCRIBE, topic), 200);
        for (uint8_t i = 0; i < 13; i++)
            publish(f, topic, i, 150000);
    }
    assert_true(counts(f)->queued_bytes > FILTER_QUEUES_BYTES_MAX);
    assert_true(counts(f)->queued_bytes < FILTER_QUEUES_BYTES_MAX + full * 152000);
    uint64_t dropped = counts(f)->pushes_dropped;
    publish(f, "/1", 200, 100);
    assert_int_equal(counts(f)->pushes_dropped, dropped + 1);
    publish(f, "/quick", 201, 100);
    assert_int_equal(counts(f)->pushes_dropped, dropped + 1);
    assert_int_equal(pushes_to(f, 999, OK), 1);
    end(f);
}

/* ---- time, and peers that go ---- */

static void a_silent_subscription_ends_and_a_ping_keeps_it(void **state)
{
    (void)state;
    struct fixture *f = begin(10, 10);
    assert_int_equal(ask(f, 1, FILTER_SUBSCRIBE, "/a"), 200);
    assert_int_equal(ask(f, 2, FILTER_SUBSCRIBE, "/a"), 200);
    assert_int_equal(ask(f, 3, FILTER_SUBSCRIBE, "/a"), 200);
    run(f, 200 * NS_PER_S);
    assert_int_equal(ask(f, 1, FILTER_PING, NULL), 200);
    assert_int_equal(ask(f, 2, FILTER_SUBSCRIBE, "/a"), 200);
    run(f, 100 * NS_PER_S - 1);
    assert_int_equal(counts(f)->subscribers, 3);
    run(f, 1);
    assert_int_equal(counts(f)->subscribers, 2);
    assert_int_equal(counts(f)->timed_out, 1);
    assert_int_equal(ask(f, 3, FILTER_PING, NULL), 404);
    run(f, 200 * NS_PER_S);
    assert_int_equal(counts(f)->subscribers, 0);
    assert_int_equal(filter_server_deadline(f->s).ns, MONO_NEVER.ns);
    end(f);
}

static void who_comes_again_in_time_is_still_subscribed(void **state)
{
    (void)state;
    struct fixture *f = begin(10, 10);
    struct peer_id one = id_of(1), two = id_of(2);
    assert_int_equal(ask(f, 1, FILTER_SUBSCRIBE, "/a"), 200);
    assert_int_equal(ask(f, 2, FILTER_SUBSCRIBE, "/a"), 200);
    publish(f, "/a", 1, 100);
    filter_server_peer_down(f->s, &f->t.env, 1);
    filter_server_peer_down(f->s, &f->t.env, 2);
    publish(f, "/a", 2, 100); /* nobody is here: lost */
    assert_int_equal(counts(f)->queued_bytes, 0);
    run(f, FILTER_AWAY_NS - 1);
    filter_server_peer_up(f->s, &f->t.env, 11, &one);
    run(f, 1);
    filter_server_peer_up(f->s, &f->t.env, 12, &two);
    publish(f, "/a", 3, 100);
    assert_int_equal(pushes_to(f, 11, OK), 1);
    assert_int_equal(counts(f)->unreachable, 1);
    assert_int_equal(counts(f)->subscribers, 1);
    run(f, 300 * NS_PER_S - FILTER_AWAY_NS - 1); /* its time-out goes on from its last request */
    assert_int_equal(counts(f)->subscribers, 1);
    run(f, 1);
    assert_int_equal(counts(f)->subscribers, 0);
    end(f);
}

static void an_identity_has_one_subscription(void **state)
{
    (void)state;
    struct fixture *f = begin(10, 10);
    struct peer_id one = id_of(1);
    struct buf out = BUF_INIT(4096);
    assert_int_equal(ask(f, 1, FILTER_SUBSCRIBE, "/a"), 200);
    /* a new connection, before the end of the old one was heard of */
    assert_ok(filter_server_request(f->s, &f->t.env, 8, &one,
                                    SPAN_LIT("\x0a\x01i\x10\x01\x52\x02/p\x5a\x01/"), &out));
    buf_clear(&out);
    filter_server_peer_down(f->s, &f->t.env, 1);
    publish(f, "/a", 1, 100);
    assert_int_equal(pushes_to(f, 8, OK), 1);
    assert_int_equal(counts(f)->subscribers, 1);
    assert_int_equal(counts(f)->criteria, 2);
    end(f);
}

static void who_takes_nothing_for_a_minute_is_dropped(void **state)
{
    (void)state;
    struct fixture *f = begin(10, 10);
    assert_int_equal(ask(f, 1, FILTER_SUBSCRIBE, "/a"), 200);
    publish(f, "/a", 1, 100);
    assert_int_equal(pushes_to(f, 1, ERR_TIMEOUT), 1);
    run(f, FILTER_AWAY_NS - 1);
    publish(f, "/a", 2, 100);
    assert_int_equal(pushes_to(f, 1, ERR_TIMEOUT), 1);
    assert_int_equal(counts(f)->subscribers, 1);
    publish(f, "/a", 3, 100);
    assert_int_equal(pushes_to(f, 1, OK), 1); /* forgiven */
    publish(f, "/a", 4, 100);
    assert_int_equal(pushes_to(f, 1, ERR_TIMEOUT), 1);
    run(f, FILTER_AWAY_NS - 1);
    publish(f, "/a", 5, 100);
    assert_int_equal(pushes_to(f, 1, ERR_TIMEOUT), 1);
    assert_int_equal(counts(f)->subscribers, 1);
    run(f, 1);
    publish(f, "/a", 6, 100);
    assert_int_equal(pushes_to(f, 1, ERR_CLOSED), 1);
    assert_int_equal(counts(f)->subscribers, 0);
    assert_int_equal(counts(f)->unreachable, 1);
    end(f);
}

static void the_criteria_can_be_seen(void **state)
{
    (void)state;
    struct fixture *f = begin(10, 10);
    struct filter_criterion_view v;
    size_t cursor[2] = {0}, n = 0;
    assert_int_equal(ask(f, 1, FILTER_SUBSCRIBE, "/a"), 200);
    assert_int_equal(ask(f, 1, FILTER_SUBSCRIBE, "/b"), 200);
    assert_int_equal(ask(f, 2, FILTER_SUBSCRIBE, "/a"), 200);
    for (; filter_server_next(f->s, cursor, &v); n++) {
        struct peer_id wanted = id_of(n == 2 ? 2 : 1);
        assert_true(peer_id_eq(v.id, &wanted));
        assert_span_equal(v.pubsub_topic, SPAN_LIT(TOPIC));
        assert_span_equal(v.content_topic, n == 1 ? SPAN_LIT("/b") : SPAN_LIT("/a"));
    }
    assert_int_equal(n, 3);
    end(f);
}

/* The index against a plain table, by chance. */
static void the_index_agrees_with_a_table(void **state)
{
    (void)state;
    struct fixture *f = begin(100, 100);
    bool table[8][12] = {{false}};
    for (unsigned step = 0; step < 4000; step++) {
        uint64_t peer = rng_below(&f->t.rng, 8), topic = rng_below(&f->t.rng, 12);
        char name[8];
        snprintf(name, sizeof name, "/%u", (unsigned)topic);
        bool subscribe = rng_below(&f->t.rng, 2) == 0, was = table[peer][topic];
        uint32_t status = ask(f, peer + 1, subscribe ? FILTER_SUBSCRIBE : FILTER_UNSUBSCRIBE, name);
        assert_int_equal(status, subscribe || was ? 200 : 404);
        table[peer][topic] = subscribe;
        if (step % 16 == 0) {
            struct filter_server_out out;
            unsigned wanted = 0, got = 0;
            for (size_t p = 0; p < 8; p++)
                wanted += table[p][topic];
            publish(f, name, (uint8_t)step, 50 + (step >> 8));
            while (filter_server_poll(f->s, &out)) {
                assert_true(table[out.peer - 1][topic]);
                filter_server_pushed(f->s, &f->t.env, out.push, OK);
                got++;
            }
            assert_int_equal(got, wanted);
        }
    }
    end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_has_its_answers),
        cmocka_unit_test(bad_requests_get_400),
        cmocka_unit_test(over_the_rate_is_429_with_the_request_id),
        cmocka_unit_test(a_peer_has_so_many_criteria_and_no_more),
        cmocka_unit_test(so_many_peers_are_served_and_who_is_away_makes_room),
        cmocka_unit_test(the_index_of_all_is_bounded),
        cmocka_unit_test(a_peer_takes_so_much_of_the_index_and_no_more),
        cmocka_unit_test(only_who_asked_for_both_topics_gets_a_message_and_once),
        cmocka_unit_test(a_push_says_its_topic_and_holds_the_message),
        cmocka_unit_test(one_copy_is_shared_and_turns_are_fair),
        cmocka_unit_test(a_slow_subscriber_loses_and_others_do_not),
        cmocka_unit_test(a_queue_is_bounded_in_bytes),
        cmocka_unit_test(all_queues_are_bounded_and_who_is_behind_loses),
        cmocka_unit_test(a_silent_subscription_ends_and_a_ping_keeps_it),
        cmocka_unit_test(who_comes_again_in_time_is_still_subscribed),
        cmocka_unit_test(an_identity_has_one_subscription),
        cmocka_unit_test(who_takes_nothing_for_a_minute_is_dropped),
        cmocka_unit_test(the_criteria_can_be_seen),
        cmocka_unit_test(the_index_agrees_with_a_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
