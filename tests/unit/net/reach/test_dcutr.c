/* DCUtR: the steps of both sides, and what a hostile peer can make us do. */
#include "net/reach/reach.h"
#include "tests/lib/testing.h"

static struct test_env t;
static struct dcutr *d;

static int start(void **state)
{
    (void)state;
    test_env_init(&t, 2);
    assert_ok(dcutr_new(&d, &t.env, false));
    return 0;
}

static int stop(void **state)
{
    (void)state;
    dcutr_free(d);
    test_env_clear(&t);
    return 0;
}

static struct dcutr_out next(enum dcutr_out_kind kind)
{
    struct dcutr_out out;

    assert_true(dcutr_poll(d, &out));
    assert_int_equal(out.kind, kind);
    return out;
}

static void nothing(void)
{
    struct dcutr_out out;

    assert_false(dcutr_poll(d, &out));
}

static enum err hear(uint64_t peer, enum dcutr_type type, const char *const *addrs, size_t count)
{
    struct multiaddr list[40];
    struct dcutr_message m = {.type = (uint32_t)type, .addrs_count = count};
    struct buf b = BUF_INIT(DCUTR_MESSAGE_MAX);

    for (size_t i = 0; i < count; i++) {
        assert_ok(multiaddr_parse(span_str(addrs[i]), &list[i]));
        m.addrs[i] = multiaddr_span(&list[i]);
    }
    assert_ok(dcutr_encode(&m, &b));
    enum err err = dcutr_take(d, &t.env, peer, buf_span(&b));
    buf_clear(&b);
    return err;
}

#define LIST(...) ((const char *const[]){__VA_ARGS__})

static void who_was_called_measures_the_round_trip_and_dials_after_half(void **state)
{
    (void)state;
    dcutr_relayed(d, &t.env, 1, true);
    nothing();
    dcutr_identified(d, &t.env, 1, true, NULL, 0);
    next(DCUTR_OUT_OPEN);
    dcutr_opened(d, &t.env, 1);
    assert_int_equal(next(DCUTR_OUT_SAY).say, DCUTR_CONNECT);
    test_env_advance(&t, 80 * NS_PER_MS);
    assert_ok(hear(1, DCUTR_CONNECT, LIST("/ip4/203.0.113.9/tcp/60000"), 1));
    assert_int_equal(next(DCUTR_OUT_SAY).say, DCUTR_SYNC);
    nothing();
    assert_int_equal(dcutr_deadline(d).ns, t.env.now.ns + 40 * NS_PER_MS);
    test_env_advance(&t, 40 * NS_PER_MS);
    dcutr_tick(d, &t.env);
    struct dcutr_out dial = next(DCUTR_OUT_DIAL);
    assert_true(dial.listen && dial.punch);
    assert_int_equal(dial.addrs_count, 1);
    dcutr_direct(d, 1);
    next(DCUTR_OUT_END);
    assert_int_equal(dcutr_counters(d)->direct, 1);
    assert_int_equal(dcutr_deadline(d).ns, MONO_NEVER.ns);
}

static void who_called_dials_at_once_after_sync(void **state)
{
    (void)state;
    dcutr_relayed(d, &t.env, 1, false);
    assert_true(dcutr_incoming(d, &t.env, 1));
    assert_err(hear(1, DCUTR_SYNC, NULL, 0), ERR_PROTOCOL); /* not before CONNECT */
    assert_ok(hear(1, DCUTR_CONNECT, LIST("/ip4/203.0.113.9/tcp/60000"), 1));
    assert_int_equal(next(DCUTR_OUT_SAY).say, DCUTR_CONNECT);
    assert_err(hear(1, DCUTR_CONNECT, LIST("/ip4/203.0.113.8/tcp/60000"), 1), ERR_PROTOCOL);
    assert_ok(hear(1, DCUTR_SYNC, NULL, 0));
    struct dcutr_out dial = next(DCUTR_OUT_DIAL);
    assert_true(dial.punch && !dial.listen);
}

static void a_public_caller_is_dialed_first(void **state)
{
    (void)state;
    struct multiaddr m;

    assert_ok(multiaddr_parse(SPAN_LIT("/ip4/203.0.113.9/tcp/60000"), &m));
    struct span addr = multiaddr_span(&m);
    dcutr_relayed(d, &t.env, 1, true);
    dcutr_identified(d, &t.env, 1, true, &addr, 1);
    struct dcutr_out dial = next(DCUTR_OUT_DIAL);
    assert_true(!dial.punch && !dial.listen);
    dcutr_dialed(d, &t.env, 1, ERR_TIMEOUT);
    next(DCUTR_OUT_OPEN);
}

static void only_public_addresses_are_dialed_and_not_many(void **state)
{
    (void)state;
    static const char *const bad[] = {"/ip4/192.168.0.1/tcp/80",      "/ip4/127.0.0.1/tcp/8645",
                                      "/dns4/victim.example/tcp/443", "/ip4/203.0.113.9/udp/53",
                                      "/ip4/169.254.169.254/tcp/80",  "/ip6/::1/tcp/1"};
    const char *many[20];
    char texts[20][64];

    dcutr_relayed(d, &t.env, 1, false);
    assert_true(dcutr_incoming(d, &t.env, 1));
    assert_ok(hear(1, DCUTR_CONNECT, bad, 6));
    next(DCUTR_OUT_SAY);
    assert_err(hear(1, DCUTR_SYNC, NULL, 0), ERR_PROTOCOL); /* nobody to dial */
    dcutr_broken(d, &t.env, 1);
    assert_true(dcutr_incoming(d, &t.env, 1));
    for (int i = 0; i < 20; i++) {
        snprintf(texts[i], sizeof texts[i], "/ip4/203.0.113.%d/tcp/80", i + 1);
        many[i] = texts[i];
    }
    assert_ok(hear(1, DCUTR_CONNECT, many, 20));
    next(DCUTR_OUT_SAY);
    assert_ok(hear(1, DCUTR_SYNC, NULL, 0));
    assert_int_equal(next(DCUTR_OUT_DIAL).addrs_count, DCUTR_ADDRS_MAX);
}

static void a_circuit_is_good_for_three_tries(void **state)
{
    (void)state;
    unsigned tries = 0;

    dcutr_relayed(d, &t.env, 1, false);
    for (int i = 0; i < 100; i++) {
        tries += dcutr_incoming(d, &t.env, 1);
        dcutr_broken(d, &t.env, 1);
        test_env_advance(&t, DCUTR_PAUSE_MS * NS_PER_MS);
        dcutr_tick(d, &t.env);
    }
    assert_int_equal(tries, DCUTR_TRIES_MAX);
    assert_false(dcutr_incoming(d, &t.env, 2)); /* not joined by a circuit */
    assert_err(hear(2, DCUTR_CONNECT, NULL, 0), ERR_CLOSED);
}

static void what_does_not_answer_is_given_up_three_times(void **state)
{
    (void)state;
    struct dcutr_out out;
    unsigned opens = 0;

    dcutr_relayed(d, &t.env, 1, true);
    dcutr_identified(d, &t.env, 1, true, NULL, 0);
    for (int i = 0; i < 20 && dcutr_deadline(d).ns < MONO_NEVER.ns; i++) {
        while (dcutr_poll(d, &out))
            opens += out.kind == DCUTR_OUT_OPEN;
        dcutr_opened(d, &t.env, 1);
        test_env_advance(&t, dcutr_deadline(d).ns - t.env.now.ns);
        dcutr_tick(d, &t.env);
    }
    assert_int_equal(opens, DCUTR_TRIES_MAX);
    assert_int_equal(dcutr_counters(d)->failed, 1);
}

static void upgrades_under_way_are_bounded(void **state)
{
    (void)state;
    struct dcutr_out out;
    unsigned opens = 0;

    for (uint64_t i = 1; i <= 1000; i++) {
        dcutr_relayed(d, &t.env, i, true);
        dcutr_identified(d, &t.env, i, true, NULL, 0);
    }
    while (dcutr_poll(d, &out))
        opens += out.kind == DCUTR_OUT_OPEN;
    assert_int_equal(opens, DCUTR_PEERS_MAX);
    for (uint64_t i = 1; i <= 1000; i++)
        dcutr_gone(d, i);
    dcutr_relayed(d, &t.env, 2000, true);
    dcutr_identified(d, &t.env, 2000, true, NULL, 0);
    assert_int_equal(next(DCUTR_OUT_OPEN).peer, 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
        T(who_was_called_measures_the_round_trip_and_dials_after_half),
        T(who_called_dials_at_once_after_sync),
        T(a_public_caller_is_dialed_first),
        T(only_public_addresses_are_dialed_and_not_many),
        T(a_circuit_is_good_for_three_tries),
        T(what_does_not_answer_is_given_up_three_times),
        T(upgrades_under_way_are_bounded),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
