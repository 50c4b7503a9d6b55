/* When a gateway is asked, and what follows from its answers. */
#include "net/reach/reach.h"
#include "tests/lib/testing.h"

static struct test_env t;
static struct portmap p;
static const struct portmap_port ports[] = {{.internal = 60000}, {.udp = true, .internal = 9000}};

static int start(void **state)
{
    (void)state;
    test_env_init(&t, 1);
    portmap_start(&p, &t.env, PORTMAP_UPNP | PORTMAP_PMP, "", ports, 2);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    test_env_clear(&t);
    return 0;
}

static struct portmap_request asked(void)
{
    struct portmap_request r;

    assert_true(portmap_poll(&p, &t.env, &r));
    assert_false(portmap_poll(&p, &t.env, &r)); /* one at a time */
    assert_int_equal(portmap_deadline(&p).ns,
                     p.state == PORTMAP_RENEWING ? p.until.ns : MONO_NEVER.ns);
    return r;
}

static bool answer(enum err err, uint16_t external, uint32_t lease_s)
{
    struct portmap_answer a = {.err = err, .external = {external, 9000}, .lease_s = lease_s};

    a.ip[15] = 7;
    return portmap_done(&p, &t.env, &a);
}

static void run_to_deadline(void)
{
    assert_true(portmap_deadline(&p).ns < MONO_NEVER.ns);
    test_env_advance(&t, portmap_deadline(&p).ns - t.env.now.ns);
}

static void methods_are_tried_in_turn_with_a_growing_pause(void **state)
{
    (void)state;
    struct portmap_request r = asked();

    assert_int_equal(r.method, PORTMAP_UPNP);
    assert_int_equal(r.lease_s, PORTMAP_LEASE_S);
    assert_false(r.unmap);
    assert_false(answer(ERR_NOT_FOUND, 0, 0));
    assert_int_equal(asked().method, PORTMAP_PMP);
    answer(ERR_TIMEOUT, 0, 0);
    assert_false(portmap_poll(&p, &t.env, &r));
    for (int64_t pause = PORTMAP_RETRY_MS; pause < PORTMAP_RETRY_MS_MAX; pause *= 2) {
        assert_int_equal(portmap_deadline(&p).ns, t.env.now.ns + pause * NS_PER_MS);
        run_to_deadline();
        assert_int_equal(asked().method, PORTMAP_UPNP);
        answer(ERR_NOT_FOUND, 0, 0);
        assert_int_equal(asked().method, PORTMAP_PMP);
        answer(ERR_TIMEOUT, 0, 0);
    }
    assert_true(portmap_deadline(&p).ns <= t.env.now.ns + PORTMAP_RETRY_MS_MAX * NS_PER_MS);
}

static void a_mapping_is_renewed_at_half_its_lease(void **state)
{
    (void)state;
    uint8_t ip[16];
    uint16_t external = 0;

    asked();
    assert_true(answer(OK, 61000, 600));
    assert_true(portmap_outside(&p, false, 60000, ip, &external));
    assert_int_equal(external, 61000);
    assert_int_equal(ip[15], 7);
    assert_true(portmap_outside(&p, true, 9000, ip, &external));
    assert_false(portmap_outside(&p, true, 60000, ip, &external));
    assert_int_equal(portmap_deadline(&p).ns, t.env.now.ns + 300 * NS_PER_S);
    run_to_deadline();
    assert_int_equal(asked().ports[0].external, 61000); /* the same again */
    assert_false(answer(OK, 61000, 600));
    run_to_deadline();
    asked();
    assert_true(answer(OK, 61001, 600)); /* the gateway chose another */
}

static void a_lost_gateway_is_believed_until_the_lease_ends(void **state)
{
    (void)state;
    uint8_t ip[16];
    uint16_t external;

    asked();
    assert_true(answer(OK, 61000, 600));
    for (int i = 0; i < 5; i++) { /* 300, 360, ... 540 s */
        run_to_deadline();
        assert_false(portmap_tick(&p, &t.env));
        asked();
        assert_false(answer(ERR_TIMEOUT, 0, 0));
        assert_true(portmap_outside(&p, false, 60000, ip, &external));
    }
    run_to_deadline();
    assert_true(portmap_tick(&p, &t.env));
    assert_false(portmap_outside(&p, false, 60000, ip, &external));
    assert_int_equal(asked().method, PORTMAP_UPNP);
}

static void what_was_mapped_is_unmapped_at_the_end(void **state)
{
    (void)state;
    asked();
    answer(OK, 61000, 600);
    portmap_stop(&p, &t.env);
    assert_false(portmap_idle(&p));
    struct portmap_request r = asked();
    assert_true(r.unmap);
    assert_int_equal(r.ports[0].external, 61000);
    answer(ERR_TIMEOUT, 0, 0); /* whatever came of it */
    assert_true(portmap_idle(&p));
    assert_int_equal(portmap_deadline(&p).ns, MONO_NEVER.ns);
}

static void a_mapping_that_comes_while_stopping_is_taken_back(void **state)
{
    (void)state;
    asked();
    portmap_stop(&p, &t.env);
    assert_false(portmap_idle(&p));
    assert_false(answer(OK, 61000, 600));
    assert_true(asked().unmap);
    answer(OK, 0, 0);
    assert_true(portmap_idle(&p));
    portmap_start(&p, &t.env, PORTMAP_UPNP, "", ports, 2);
    portmap_stop(&p, &t.env); /* nothing was asked */
    assert_true(portmap_idle(&p));
    portmap_start(&p, &t.env, 0, "", ports, 2);
    assert_true(portmap_idle(&p));
}

static void odd_leases_do_not_make_it_ask_all_the_time(void **state)
{
    (void)state;
    asked();
    answer(OK, 61000, 1);
    assert_int_equal(portmap_deadline(&p).ns, t.env.now.ns + PORTMAP_LEASE_MIN_S / 2 * NS_PER_S);
    run_to_deadline();
    asked();
    answer(OK, 61000, 0); /* for ever: looked after all the same */
    assert_int_equal(portmap_deadline(&p).ns, t.env.now.ns + PORTMAP_LEASE_S / 2 * NS_PER_S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
        T(methods_are_tried_in_turn_with_a_growing_pause),
        T(a_mapping_is_renewed_at_half_its_lease),
        T(a_lost_gateway_is_believed_until_the_lease_ends),
        T(what_was_mapped_is_unmapped_at_the_end),
        T(a_mapping_that_comes_while_stopping_is_taken_back),
        T(odd_leases_do_not_make_it_ask_all_the_time),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
