/* How often a peer may ask: the texts of --rate-limit, buckets, and what an exchange does with
 * them. */
#include "net/host/rates.h"
#include "net/services/store_query.h"
#include "tests/lib/fake_streams.h"

/* ---- settings ---- */

static void settings_as_nwaku_reads_them(void **state)
{
    (void)state;
    struct rate_setting s[RATE_SERVICES];
    const char *texts[] = {"10/1s",          "store:100/2s", " LightPush : 5 / 10m ",
                           "lightpush:6/1h", "px:1/500ms",   "storev2:9/9s"};
    assert_ok(rate_settings_parse(texts, 6, s));
    assert_int_equal(s[RATE_STORE].volume, 100);
    assert_int_equal(s[RATE_STORE].period_ns, 2 * NS_PER_S);
    assert_int_equal(s[RATE_LIGHTPUSH].volume, 6); /* the last one wins */
    assert_int_equal(s[RATE_LIGHTPUSH_V2].period_ns, 3600 * NS_PER_S);
    assert_int_equal(s[RATE_PEER_EXCHANGE].period_ns, NS_PER_S / 2);
    assert_int_equal(s[RATE_FILTER].volume, 30); /* its own, also beside one for all */
    assert_int_equal(s[RATE_FILTER].period_ns, 60 * NS_PER_S);
    const char *exact[] = {"storev3:7/1s", "store:8/1s", "9/1s", "filter:0/1s"};
    assert_ok(rate_settings_parse(exact, 4, s));
    assert_int_equal(s[RATE_STORE].volume, 7);
    assert_int_equal(s[RATE_LIGHTPUSH].volume, 9);
    assert_int_equal(s[RATE_FILTER].volume, 0);
    assert_ok(rate_settings_parse(NULL, 0, s));
    assert_int_equal(s[RATE_STORE].volume, 0);
}

static void settings_that_are_none(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",        "store",       "store:",       "store:1", "1/",
        "1/1",     "1/1d",        "relay:1/1s",   "-1/1s",   "1/1sx",
        "store 1", "global:1/1s", "1/100000001s", "1//1s",   "store::1/1s"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (host_check_rate_limit(bad[i]) != ERR_ARGUMENT)
            fail_msg("taken: %s", bad[i]);
    assert_ok(host_check_rate_limit("100000000/1s"));
}

static void a_bucket_is_filled_a_period_after_it_was_full(void **state)
{
    (void)state;
    struct rate_setting s = {2, 1000};
    struct rate_bucket b = {2, {0}};
    assert_true(rate_bucket_take(&b, s, (struct mono){500})); /* full until now */
    assert_true(rate_bucket_take(&b, s, (struct mono){501}));
    assert_false(rate_bucket_take(&b, s, (struct mono){502}));
    assert_false(rate_bucket_take(&b, s, (struct mono){1499}));
    assert_true(rate_bucket_take(&b, s, (struct mono){1500}));
    assert_true(rate_bucket_take(&b, s, (struct mono){1501}));
    assert_false(rate_bucket_take(&b, s, (struct mono){2499}));
}

/* ---- exchanges ---- */

static struct fake_host *begin(const char *limit)
{
    struct streams streams;
    struct fake_host *f = fake_new(&streams);
    struct host_params p = {.key = f->key,
                            .agent_version = "test",
                            .cluster = 66,
                            .listen = &f->addr,
                            .listen_count = 1,
                            .store = true,
                            .rate_limits = &limit,
                            .rate_limits_count = 1,
                            .gossipsub = gossipsub_params_default(),
                            .message_bytes_max = 153600};
    assert_ok(host_new(&f->h, f->env, &p, &streams));
    for (uint64_t peer = 1; peer <= 3; peer++)
        fake_peer_up(f, peer);
    fake_pump(f);
    return f;
}

/* 0: the archive is asked */
static unsigned ask(struct fake_host *f, uint64_t peer)
{
    struct store_query q = {.request_id = SPAN_LIT("id")};
    struct store_answer *a = calloc(1, sizeof *a);
    struct buf b = BUF_INIT(4096);
    unsigned asked = f->told[HOST_OUT_QUERY], status = 0;
    uint64_t s = fake_incoming(f, peer, STORE_QUERY_PROTOCOL);
    assert_non_null(a);
    assert_ok(store_query_encode(&q, &b));
    fake_frame(f, s, buf_span(&b));
    buf_clear(&b);
    fake_pump(f);
    if (f->told[HOST_OUT_QUERY] > asked) {
        host_answer(f->h, f->env, f->said[HOST_OUT_QUERY].ticket, OK, a);
        fake_pump(f);
    } else {
        assert_ok(store_answer_decode(fake_wrote(f, s), a));
        status = a->status;
        assert_span_equal(a->request_id, SPAN_LIT("id"));
        assert_true(fake_at(f, s)->ended_write);
    }
    free(a);
    return status;
}

static void a_peer_over_the_rate_is_told_429_and_others_are_served(void **state)
{
    (void)state;
    struct fake_host *f = begin("store:4/1s"); /* a peer: 30 in 10 s; all: 4 in 1 s */
    for (int i = 0; i < 4; i++)
        assert_int_equal(ask(f, 1), 0);
    assert_int_equal(ask(f, 1), 429);
    assert_int_equal(ask(f, 2), 429); /* the service has given all it has */
    test_env_advance(&f->t, NS_PER_S);
    assert_int_equal(ask(f, 2), 0);
    for (int s = 0; s < 9; s++) { /* 5 asked, 429 counted; at most 30 of one peer in 10 s */
        for (int i = 0; i < 3; i++)
            (void)ask(f, 1);
        if (s < 8)
            test_env_advance(&f->t, NS_PER_S - 1);
    }
    assert_int_equal(ask(f, 1), 429);
    test_env_advance(&f->t, NS_PER_S);
    assert_int_equal(ask(f, 3), 0);
    const struct host_rate *r = host_rate(f->h, 0);
    assert_string_equal(r->protocol, STORE_QUERY_PROTOCOL);
    assert_true(r->served + r->rejected == 4 + 2 + 1 + 27 + 1 + 1);
    assert_true(r->rejected >= 3);
    assert_true(r->bytes_in > 0 && r->bytes_out > 0);
    assert_true(r->limit_per_s > 3.9 && r->limit_per_s < 4.1);
    fake_host_free(f);
}

static void to_come_again_does_not_help(void **state)
{
    (void)state;
    struct fake_host *f = begin("store:2/1m"); /* a peer: 4 in 3 min, all: 2 a minute */
    for (int minute = 0; minute < 2; minute++) {
        assert_int_equal(ask(f, 1), 0);
        assert_int_equal(ask(f, 1), 0);
        test_env_advance(&f->t, 60 * NS_PER_S);
    }
    fake_peer_down(f, 1);
    fake_peer_up(f, 1);
    fake_pump(f);
    assert_int_equal(ask(f, 1), 429);
    assert_int_equal(ask(f, 2), 0);
    test_env_advance(&f->t, 60 * NS_PER_S);
    assert_int_equal(ask(f, 1), 0); /* 3 min after its first */
    fake_host_free(f);
}

static void without_a_limit_nobody_waits(void **state)
{
    (void)state;
    struct fake_host *f = begin("filter:1/1h");
    for (int i = 0; i < 500; i++)
        assert_int_equal(ask(f, 1), 0);
    fake_host_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_as_nwaku_reads_them),
        cmocka_unit_test(settings_that_are_none),
        cmocka_unit_test(a_bucket_is_filled_a_period_after_it_was_full),
        cmocka_unit_test(a_peer_over_the_rate_is_told_429_and_others_are_served),
        cmocka_unit_test(to_come_again_does_not_help),
        cmocka_unit_test(without_a_limit_nobody_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
