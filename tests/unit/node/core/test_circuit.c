/* Whole nodes: a relay, one behind a NAT, and those who want to reach it. */
#include "net/reach/reach.h"
#include "tests/lib/corelinks.h"

static struct cl_world *w;
static struct cl_node *relay, *hidden, *caller, *open_caller;

static int start(void **state)
{
    struct core_config config = cl_config();

    (void)state;
    w = calloc(1, sizeof *w);
    cl_start(w);
    config.circuit_relay = true;
    relay = cl_add(w, config, false);
    config.circuit_relay = false;
    caller = cl_add(w, config, true);
    config.relay_client = true;
    hidden = cl_add(w, config, true);
    open_caller = cl_add(w, cl_config(), false);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    cl_stop(w);
    free(w);
    return 0;
}

static void circuit_addr(char out[600])
{
    snprintf(out, 600, "%s/p2p-circuit/p2p/%s", relay->full, core_id(hidden->core));
}

static void reserve(void)
{
    cl_connect(hidden, relay->full);
    cl_run(w, NS_PER_S);
}

static void call(void)
{
    char addr[600];

    circuit_addr(addr);
    cl_connect(caller, addr);
}

static void a_hidden_node_announces_its_place_at_a_relay(void **state)
{
    (void)state;
    struct core_reach reach;
    char text[MULTIADDR_TEXT_MAX], expected[600];
    size_t count;

    reserve();
    core_reach(relay->core, &reach);
    assert_int_equal(reach.relay_reservations, 1);
    assert_int_equal(reach.relay->reserved, 1);
    const struct multiaddr *list = core_announced(hidden->core, &count);
    assert_int_equal(count, 2);
    multiaddr_text(&list[1], text);
    snprintf(expected, sizeof expected, "%s/p2p-circuit", relay->full);
    assert_string_equal(text, expected);
    cl_run(w, 1900 * NS_PER_S); /* renewed at half its hour */
    core_reach(relay->core, &reach);
    assert_int_equal(reach.relay->reserved, 2);
    cl_run(w, 7200 * NS_PER_S);
    core_reach(relay->core, &reach);
    assert_int_equal(reach.relay_reservations, 1);
}

static void the_place_is_lost_with_the_relay(void **state)
{
    (void)state;
    size_t count;

    reserve();
    hidden->core->streams.disconnect(hidden->core->streams.impl, &w->t.env, cl_peer(hidden, relay),
                                     OK);
    cl_settle(w);
    core_announced(hidden->core, &count);
    assert_int_equal(count, 1);
    struct core_reach reach;
    core_reach(relay->core, &reach);
    assert_int_equal(reach.relay_reservations, 0);
}

static void a_circuit_joins_two_who_cannot_dial_each_other(void **state)
{
    (void)state;
    struct core_reach reach;

    cl_connect(caller, hidden->full);
    assert_int_equal(caller->said[CORE_EVENT_DIALED].err, ERR_REFUSED);
    reserve();
    call();
    assert_int_equal(caller->told[CORE_EVENT_DIALED], 2);
    assert_ok(caller->said[CORE_EVENT_DIALED].err);
    assert_true(cl_peer(caller, hidden) != 0 && cl_peer(hidden, caller) != 0);
    core_reach(relay->core, &reach);
    assert_int_equal(reach.relay_circuits, 1);
    cl_run(w, NS_PER_S);
    const struct host_peer *p = host_peer(caller->core->host, cl_peer(caller, hidden));
    assert_true(p->limited && p->identified && p->metadata_known);
    assert_ok(core_ping(caller->core, &w->t.env, p->peer, 5));
    cl_settle(w);
    assert_int_equal(caller->told[CORE_EVENT_PONG], 1);
    assert_ok(caller->said[CORE_EVENT_PONG].err);
}

static void relay_does_not_run_on_limited_circuits(void **state)
{
    (void)state;
    struct gossipsub_peer_view view;

    reserve();
    call();
    cl_run(w, 5 * NS_PER_S);
    assert_false(gossipsub_peer_get(core_gossipsub(caller->core), cl_peer(caller, hidden), &view));
    assert_false(gossipsub_peer_get(core_gossipsub(hidden->core), cl_peer(hidden, caller), &view));
    assert_true(gossipsub_peer_get(core_gossipsub(hidden->core), cl_peer(hidden, relay), &view));
}

static void a_circuit_ends_when_its_time_is_over(void **state)
{
    (void)state;
    struct core_reach reach;

    reserve();
    call();
    cl_run(w, (CIRCUIT_SECONDS - 2) * NS_PER_S);
    assert_true(cl_peer(caller, hidden) != 0);
    cl_run(w, 3 * NS_PER_S);
    assert_int_equal(cl_peer(caller, hidden), 0);
    assert_int_equal(cl_peer(hidden, caller), 0);
    core_reach(relay->core, &reach);
    assert_int_equal(reach.relay_circuits, 0);
    assert_int_equal(reach.relay->cut, 1);
    assert_true(cl_peer(hidden, relay) != 0); /* only the circuit */
    call();                                   /* and again */
    assert_true(cl_peer(caller, hidden) != 0);
}

/* Pings go on until the relay cuts: never more than the limit passes. */
static void a_circuit_ends_when_its_bytes_are_used(void **state)
{
    (void)state;
    struct core_reach reach;
    unsigned pings = 0;

    reserve();
    call();
    for (; pings < 5000 && cl_peer(caller, hidden) != 0; pings++) {
        if (core_ping(caller->core, &w->t.env, cl_peer(caller, hidden), 5) != OK)
            break;
        cl_settle(w);
    }
    assert_true(pings > 100 && pings < 5000);
    core_reach(relay->core, &reach);
    assert_int_equal(reach.relay->cut, 1);
    assert_true(reach.relay->bytes > CIRCUIT_BYTES && reach.relay->bytes <= 2 * CIRCUIT_BYTES);
    assert_int_equal(cl_peer(hidden, caller), 0);
}

static void without_a_reservation_there_is_no_circuit(void **state)
{
    (void)state;
    struct core_reach reach;

    call();
    assert_int_equal(caller->said[CORE_EVENT_DIALED].err, ERR_NOT_FOUND);
    assert_int_equal(cl_peer(caller, hidden), 0);
    core_reach(relay->core, &reach);
    assert_int_equal(reach.relay->connects_refused, 1);
    cl_connect(hidden, open_caller->full); /* no relay: it does not serve hop */
    assert_true(cl_peer(hidden, open_caller) != 0);
}

/* Whom the called one can dial is dialed, and what waited for that begins. */
static void a_direct_connection_takes_the_place_of_the_circuit(void **state)
{
    (void)state;
    struct core_reach reach;
    struct gossipsub_peer_view view;
    char addr[600];

    reserve();
    circuit_addr(addr);
    cl_connect(open_caller, addr);
    uint64_t before = cl_peer(open_caller, hidden);
    assert_true(before != 0);
    cl_run(w, NS_PER_S);
    assert_false(host_peer(hidden->core->host, cl_peer(hidden, open_caller))->limited);
    assert_false(host_peer(open_caller->core->host, before)->limited);
    cl_run(w, NS_PER_S);
    assert_true(
        gossipsub_peer_get(core_gossipsub(hidden->core), cl_peer(hidden, open_caller), &view));
    cl_run(w, (SWARM_CIRCUIT_GRACE_MS + 1000) * NS_PER_MS);
    core_reach(relay->core, &reach);
    assert_int_equal(reach.relay_circuits, 0);
    assert_int_equal(cl_peer(open_caller, hidden), before); /* the same peer all the time */
    assert_int_equal(open_caller->told[CORE_EVENT_PEER_DOWN], 0);
    core_reach(hidden->core, &reach);
    assert_int_equal(reach.dcutr->direct, 1);
}

/* Both behind NATs that let in only whom they dial. */
static void two_behind_nats_dial_each_other_at_once(void **state)
{
    (void)state;
    struct core_config config = cl_config();
    struct core_reach reach;
    char addr[600];

    config.relay_client = true;
    struct cl_node *other = cl_add(w, config, true);
    reserve();
    cl_connect(other, relay->full);
    cl_run(w, NS_PER_S);
    circuit_addr(addr);
    cl_connect(other, addr);
    assert_true(cl_peer(other, hidden) != 0);
    cl_run(w, 2 * NS_PER_S);
    core_reach(hidden->core, &reach);
    assert_int_equal(reach.dcutr->begun, 1);
    assert_int_equal(reach.dcutr->direct, 1);
    core_reach(other->core, &reach);
    assert_int_equal(reach.dcutr->asked, 1);
    assert_int_equal(reach.dcutr->direct, 1);
    assert_false(host_peer(hidden->core->host, cl_peer(hidden, other))->limited);
    cl_run(w, (SWARM_CIRCUIT_GRACE_MS + 1000) * NS_PER_MS);
    core_reach(relay->core, &reach);
    assert_int_equal(reach.relay_circuits, 0);
    assert_ok(core_ping(other->core, &w->t.env, cl_peer(other, hidden), 5));
    cl_settle(w);
    assert_ok(other->said[CORE_EVENT_PONG].err);
    assert_int_equal(other->told[CORE_EVENT_PONG], 1);
}

/* A NAT that gives each dial another port cannot be met: three tries, and the circuit stays. */
static void what_cannot_be_punched_is_tried_three_times(void **state)
{
    (void)state;
    struct core_reach reach;

    reserve();
    call(); /* the caller does not dial from its port */
    cl_run(w, 60 * NS_PER_S);
    core_reach(hidden->core, &reach);
    assert_int_equal(reach.dcutr->begun, 1);
    assert_int_equal(reach.dcutr->failed, 1);
    assert_int_equal(reach.dcutr->direct, 0);
    core_reach(caller->core, &reach);
    assert_int_equal(reach.dcutr->asked, DCUTR_TRIES_MAX);
    assert_true(host_peer(caller->core->host, cl_peer(caller, hidden))->limited);
}

static void who_goes_takes_the_circuit_along(void **state)
{
    (void)state;
    struct core_reach reach;

    reserve();
    call();
    hidden->core->streams.disconnect(hidden->core->streams.impl, &w->t.env, cl_peer(hidden, relay),
                                     OK);
    cl_run(w, NS_PER_S);
    assert_int_equal(cl_peer(caller, hidden), 0);
    assert_int_equal(cl_peer(hidden, caller), 0);
    core_reach(relay->core, &reach);
    assert_int_equal(reach.relay_circuits, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
        T(a_hidden_node_announces_its_place_at_a_relay),
        T(the_place_is_lost_with_the_relay),
        T(a_circuit_joins_two_who_cannot_dial_each_other),
        T(relay_does_not_run_on_limited_circuits),
        T(a_circuit_ends_when_its_time_is_over),
        T(a_circuit_ends_when_its_bytes_are_used),
        T(without_a_reservation_there_is_no_circuit),
        T(a_direct_connection_takes_the_place_of_the_circuit),
        T(two_behind_nats_dial_each_other_at_once),
        T(what_cannot_be_punched_is_tried_three_times),
        T(who_goes_takes_the_circuit_along),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
