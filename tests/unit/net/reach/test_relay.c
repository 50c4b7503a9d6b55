/* The limits of a circuit relay, from both sides, and the reservations of its clients. */
#include "net/reach/reach.h"
#include "net/wire/ip.h"
#include "tests/lib/testing.h"

static struct test_env t;
static struct relay *r;

static int start(void **state)
{
    struct relay_params p = RELAY_PARAMS_DEFAULT;

    (void)state;
    test_env_init(&t, 5);
    p.reservations_max = 20;
    p.reservations_ip_max = 3;
    p.circuits_max = 10;
    p.circuits_peer_max = 4;
    p.limit.bytes = 1000;
    assert_ok(relay_new(&r, &t.env, &p));
    return 0;
}

static int stop(void **state)
{
    (void)state;
    relay_free(r);
    test_env_clear(&t);
    return 0;
}

static enum circuit_status reserve(uint64_t peer, unsigned host)
{
    uint8_t ip[16], v4[4] = {203, 0, (uint8_t)(host >> 8), (uint8_t)host};
    uint64_t expire = 0;

    ip_from_v4(v4, ip);
    enum circuit_status status = relay_reserve(r, &t.env, peer, ip, &expire);
    if (status == CIRCUIT_OK)
        assert_int_equal(expire, t.env.wall.ns / NS_PER_S + CIRCUIT_TTL_S);
    return status;
}

static void reservations_are_bounded_in_all_and_for_an_address(void **state)
{
    (void)state;
    for (uint64_t i = 1; i <= 3; i++)
        assert_int_equal(reserve(i, 1), CIRCUIT_OK);
    assert_int_equal(reserve(4, 1), CIRCUIT_RESERVATION_REFUSED);
    assert_int_equal(reserve(1, 1), CIRCUIT_OK); /* renewed */
    assert_int_equal(relay_reservations(r), 3);
    for (uint64_t i = 5; i <= 21; i++)
        assert_int_equal(reserve(i, (unsigned)i), CIRCUIT_OK);
    assert_int_equal(relay_reservations(r), 20);
    for (uint64_t i = 100; i < 10100; i++) /* a flood */
        assert_int_equal(reserve(i, (unsigned)i), CIRCUIT_RESERVATION_REFUSED);
    assert_int_equal(relay_reservations(r), 20);
    relay_peer_down(r, 7);
    assert_int_equal(reserve(100, 100), CIRCUIT_OK);
    test_env_advance(&t, CIRCUIT_TTL_S * NS_PER_S); /* all are over */
    assert_int_equal(reserve(200, 200), CIRCUIT_OK);
    assert_int_equal(relay_reservations(r), 1);
}

static void circuits_lead_only_to_those_who_reserved(void **state)
{
    (void)state;
    uint64_t circuit;

    assert_int_equal(relay_connect(r, &t.env, 1, 2, &circuit), CIRCUIT_NO_RESERVATION);
    assert_int_equal(relay_connect(r, &t.env, 1, 0, &circuit), CIRCUIT_NO_RESERVATION);
    assert_int_equal(reserve(2, 1), CIRCUIT_OK);
    assert_int_equal(relay_connect(r, &t.env, 2, 2, &circuit), CIRCUIT_NO_RESERVATION);
    assert_int_equal(relay_connect(r, &t.env, 1, 2, &circuit), CIRCUIT_OK);
    test_env_advance(&t, CIRCUIT_TTL_S * NS_PER_S);
    assert_int_equal(relay_connect(r, &t.env, 1, 2, &circuit), CIRCUIT_NO_RESERVATION);
}

static void circuits_are_bounded_for_each_end_and_in_all(void **state)
{
    (void)state;
    uint64_t circuit, first = 0;

    for (uint64_t i = 1; i <= 12; i++)
        assert_int_equal(reserve(i, (unsigned)i), CIRCUIT_OK);
    for (uint64_t i = 2; i <= 5; i++) {
        assert_int_equal(relay_connect(r, &t.env, 1, i, &circuit), CIRCUIT_OK);
        first = first == 0 ? circuit : first;
    }
    assert_int_equal(relay_connect(r, &t.env, 1, 6, &circuit), CIRCUIT_RESOURCE_LIMIT_EXCEEDED);
    assert_int_equal(relay_connect(r, &t.env, 6, 1, &circuit), CIRCUIT_RESOURCE_LIMIT_EXCEEDED);
    relay_closed(r, first);
    assert_int_equal(relay_connect(r, &t.env, 6, 1, &circuit), CIRCUIT_OK);
    for (uint64_t i = 0; i < 6; i++)
        assert_int_equal(relay_connect(r, &t.env, 20 + i, 7 + i, &circuit), CIRCUIT_OK);
    assert_int_equal(relay_circuits(r), 10);
    assert_int_equal(relay_connect(r, &t.env, 30, 12, &circuit), CIRCUIT_RESOURCE_LIMIT_EXCEEDED);
}

static void each_way_has_its_bytes_and_no_more(void **state)
{
    (void)state;
    uint64_t circuit;

    assert_int_equal(reserve(2, 1), CIRCUIT_OK);
    assert_int_equal(relay_connect(r, &t.env, 1, 2, &circuit), CIRCUIT_OK);
    assert_int_equal(relay_count(r, circuit, true, 999), 999);
    assert_int_equal(relay_count(r, circuit, true, 1), 1);
    assert_int_equal(relay_counters(r)->cut, 0);
    assert_int_equal(relay_count(r, circuit, true, 1), 0);
    assert_int_equal(relay_counters(r)->cut, 1);
    assert_int_equal(relay_count(r, circuit, false, 4000), 1000);
    relay_closed(r, circuit);
    assert_int_equal(relay_count(r, circuit, false, 1), 0);
}

static void a_circuit_has_its_time(void **state)
{
    (void)state;
    uint64_t a, b;

    assert_int_equal(reserve(2, 1), CIRCUIT_OK);
    assert_int_equal(relay_deadline(r).ns, MONO_NEVER.ns);
    assert_int_equal(relay_connect(r, &t.env, 1, 2, &a), CIRCUIT_OK);
    test_env_advance(&t, NS_PER_S);
    assert_int_equal(relay_connect(r, &t.env, 3, 2, &b), CIRCUIT_OK);
    test_env_advance(&t, (CIRCUIT_SECONDS - 1) * NS_PER_S);
    assert_int_equal(relay_deadline(r).ns, t.env.now.ns);
    assert_int_equal(relay_expired(r, &t.env), a);
    assert_int_equal(relay_expired(r, &t.env), 0);
    test_env_advance(&t, NS_PER_S);
    assert_int_equal(relay_expired(r, &t.env), b);
    assert_int_equal(relay_circuits(r), 0);
}

/* ---- the client ---- */

static void two_relays_are_kept_and_renewed(void **state)
{
    (void)state;
    struct reserve v = {.on = false};

    for (uint64_t i = 1; i <= 4; i++)
        reserve_peer_up(&v, &t.env, i);
    assert_int_equal(reserve_poll(&v, &t.env), 0);
    reserve_set(&v, true);
    assert_int_equal(reserve_poll(&v, &t.env), 1);
    assert_int_equal(reserve_poll(&v, &t.env), 2);
    assert_int_equal(reserve_poll(&v, &t.env), 0);
    assert_true(reserve_answer(&v, &t.env, 1, 3600));
    assert_false(reserve_answer(&v, &t.env, 2, 0)); /* refused: the next one */
    assert_int_equal(reserve_poll(&v, &t.env), 3);
    assert_true(reserve_answer(&v, &t.env, 3, 600));
    assert_true(reserve_held(&v, 1) && reserve_held(&v, 3) && !reserve_held(&v, 2));
    assert_int_equal(reserve_deadline(&v).ns, t.env.now.ns + 300 * NS_PER_S);
    test_env_advance(&t, 300 * NS_PER_S);
    assert_int_equal(reserve_poll(&v, &t.env), 3);
    assert_true(reserve_held(&v, 3));
    assert_true(reserve_answer(&v, &t.env, 3, 0)); /* lost */
    assert_false(reserve_held(&v, 3));
    assert_int_equal(reserve_poll(&v, &t.env), 2); /* its pause is over */
    assert_true(reserve_peer_down(&v, 1));
    assert_false(reserve_peer_down(&v, 1));
}

static void what_is_not_renewed_runs_out(void **state)
{
    (void)state;
    struct reserve v = {.on = true};

    reserve_peer_up(&v, &t.env, 1);
    assert_int_equal(reserve_poll(&v, &t.env), 1);
    assert_true(reserve_answer(&v, &t.env, 1, 100));
    test_env_advance(&t, 99 * NS_PER_S);
    assert_false(reserve_tick(&v, &t.env));
    test_env_advance(&t, NS_PER_S);
    assert_true(reserve_tick(&v, &t.env));
    assert_false(reserve_held(&v, 1));
    assert_false(reserve_answer(&v, &t.env, 1, CIRCUIT_RESERVE_LIFE_MIN_S - 1));
    assert_true(reserve_answer(&v, &t.env, 1, UINT64_MAX)); /* an endless promise ends too */
    assert_int_equal(v.peers[0].until.ns, t.env.now.ns + CIRCUIT_RESERVE_LIFE_MAX_S * NS_PER_S);
}

/* ---- messages ---- */

static void stop_and_hop_number_their_fields_differently(void **state)
{
    (void)state;
    struct buf b = BUF_INIT(CIRCUIT_MESSAGE_MAX);
    struct circuit_message m = {.type = CIRCUIT_STATUS, .status = CIRCUIT_OK}, out;

    assert_ok(circuit_encode(CIRCUIT_HOP, &m, &b));
    assert_span_equal(buf_span(&b), SPAN_LIT("\x08\x02\x28\x64"));
    buf_reset(&b);
    assert_ok(circuit_encode(CIRCUIT_STOP, &m, &b));
    assert_span_equal(buf_span(&b), SPAN_LIT("\x08\x01\x20\x64"));
    assert_ok(circuit_decode(CIRCUIT_STOP, buf_span(&b), &out));
    assert_int_equal(out.type, CIRCUIT_STATUS);
    assert_int_equal(out.status, CIRCUIT_OK);
    assert_ok(circuit_decode(CIRCUIT_HOP, SPAN_LIT("\x08\x09"), &out));
    assert_int_equal(out.type, CIRCUIT_NO_TYPE);
    assert_err(circuit_decode(CIRCUIT_HOP, SPAN_LIT("\x12\x05"), &out), ERR_FORMAT);
    buf_clear(&b);
}

static void a_voucher_is_for_one_peer_of_one_relay(void **state)
{
    (void)state;
    struct buf b = BUF_INIT(256);
    struct peer_id relay = {.len = 36, .bytes = {0x00, 0x22, 1}}, peer = relay, other = relay;

    peer.bytes[35] = 1;
    other.bytes[35] = 2;
    assert_ok(circuit_voucher_encode(&relay, &peer, 1700000000, &b));
    assert_ok(circuit_voucher_check(buf_span(&b), &relay, &peer));
    assert_err(circuit_voucher_check(buf_span(&b), &relay, &other), ERR_AUTH);
    assert_err(circuit_voucher_check(buf_span(&b), &other, &peer), ERR_AUTH);
    buf_clear(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
        T(reservations_are_bounded_in_all_and_for_an_address),
        T(circuits_lead_only_to_those_who_reserved),
        T(circuits_are_bounded_for_each_end_and_in_all),
        T(each_way_has_its_bytes_and_no_more),
        T(a_circuit_has_its_time),
        T(two_relays_are_kept_and_renewed),
        T(what_is_not_renewed_runs_out),
        T(stop_and_hop_number_their_fields_differently),
        T(a_voucher_is_for_one_peer_of_one_relay),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
