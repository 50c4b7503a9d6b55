/* What is known, for how long, and what strangers who tell much can take. */
#include "tests/lib/peers.h"

static enum err tell_via(struct kit *k, uint32_t who, uint32_t ip, uint64_t via)
{
    struct peer_id id = kit_id(who);
    struct multiaddr m = kit_addr(ip, 60000);
    return peers_candidate(
        k->p, k->env,
        &(struct peers_candidate){
            .id = &id, .addrs = &m, .addrs_count = 1, .source = PEERS_PX, .via = via});
}

static void begin_idle(struct kit *k, uint32_t capacity) /* nothing is dialed */
{
    kit_begin(k);
    k->params.out_target = 0;
    k->params.capacity = capacity;
    peers_free(k->p);
    kit_begin(k);
}

static void one_teller_fills_its_own_share_only(void **state)
{
    struct kit k = {0};
    size_t taken = 0;
    (void)state;
    begin_idle(&k, 1000);
    for (uint32_t i = 1; i <= 100; i++)
        assert_ok(kit_tell(&k, i, PEERS_DISCV5));
    for (uint32_t i = 1000; i < 1001000; i++)
        taken += tell_via(&k, i, i, 77) == OK;
    assert_int_equal(taken, PEERS_TELLER_MAX);
    assert_ok(tell_via(&k, 2000000, 2000000, 78)); /* another one has a share of its own */
    for (uint32_t i = 1; i <= 100; i++)
        assert_true(kit_known(&k, i));
    assert_int_equal(peers_counters(k.p)->known, 100 + PEERS_TELLER_MAX + 1);
    kit_end(&k);
}

static void a_tellers_share_is_free_again_when_its_peers_were_tried(void **state)
{
    struct kit k = {0};
    (void)state;
    kit_begin(&k);
    for (uint32_t i = 1; i <= PEERS_TELLER_MAX; i++)
        assert_ok(tell_via(&k, i, i, 77));
    assert_err(tell_via(&k, 500, 500, 77), ERR_LIMIT);
    kit_run(&k, 200); /* ten are dialed */
    assert_ok(tell_via(&k, 500, 500, 77));
    kit_end(&k);
}

static void a_million_from_one_address_are_five(void **state)
{
    struct kit k = {0};
    size_t taken = 0;
    (void)state;
    begin_idle(&k, 1000);
    for (uint32_t i = 1; i <= 1000000; i++)
        taken += tell_via(&k, i, 9, i) == OK; /* each told by another */
    assert_int_equal(taken, PEERS_PER_IP);
    struct peer_id id = kit_id(2000000);
    struct multiaddr m = kit_addr(9, 1);
    struct peers_candidate c = {.id = &id, .addrs = &m, .addrs_count = 1, .source = PEERS_STATIC};
    assert_ok(peers_candidate(k.p, k.env, &c)); /* but the operator may */
    kit_end(&k);
}

static void a_full_book_keeps_who_worked_and_who_was_named(void **state)
{
    struct kit k = {0};
    (void)state;
    begin_idle(&k, 10);
    assert_ok(kit_tell(&k, 1, PEERS_STATIC));
    assert_ok(kit_tell(&k, 2, PEERS_DISCV5));
    kit_connect(&k, 2, true);
    kit_lose(&k, 2, OK); /* worked */
    kit_connect(&k, 3, false);
    for (uint32_t i = 10; i < 5010; i++)
        (void)kit_tell(&k, i, PEERS_DISCV5);
    assert_true(kit_known(&k, 1) && kit_known(&k, 2) && kit_known(&k, 3));
    assert_true(kit_known(&k, 5009)); /* the newest */
    assert_false(kit_known(&k, 10));
    assert_int_equal(peers_counters(k.p)->known, 12); /* ten, and two that are held */
    kit_end(&k);
}

static void strangers_that_failed_make_room_first(void **state)
{
    struct kit k = {0};
    (void)state;
    kit_begin(&k);
    k.params.out_target = 1;
    k.params.shard_target = 0;
    k.params.capacity = 3;
    peers_free(k.p);
    kit_begin(&k);
    assert_ok(kit_tell(&k, 1, PEERS_DISCV5));
    kit_run(&k, 200);
    kit_fail(&k, 1, ERR_TIMEOUT);
    assert_ok(kit_tell(&k, 2, PEERS_DISCV5));
    assert_ok(kit_tell(&k, 3, PEERS_DISCV5));
    assert_ok(kit_tell(&k, 4, PEERS_DISCV5));
    assert_false(kit_known(&k, 1));
    assert_true(kit_known(&k, 2) && kit_known(&k, 3) && kit_known(&k, 4));
    kit_end(&k);
}

/* Milliseconds until it is dialed again, at most `most`. */
static int64_t again(struct kit *k, uint32_t who, int64_t most)
{
    struct mono from = k->env->now;
    for (int64_t ms = 0; ms <= most; ms += 100) {
        kit_run(k, 100);
        if (kit_has(k, PEERS_OUT_DIAL, who))
            return (k->env->now.ns - from.ns) / NS_PER_MS;
    }
    return -1;
}

static void failures_make_the_pauses_longer_until_it_is_hopeless(void **state)
{
    struct kit k = {0};
    int64_t pause = PEERS_BACKOFF_MS_MIN;
    (void)state;
    kit_begin(&k);
    assert_ok(kit_tell(&k, 1, PEERS_DISCV5));
    kit_run(&k, 200);
    for (unsigned i = 1; i < PEERS_FAILURES_MAX; i++, pause *= 2) {
        kit_fail(&k, 1, ERR_TIMEOUT);
        assert_in_range(again(&k, 1, 2 * pause), pause / 2, pause + 200);
    }
    kit_fail(&k, 1, ERR_TIMEOUT);
    assert_ok(kit_tell(&k, 1, PEERS_DISCV5)); /* told again: that is no reason */
    kit_run(&k, PEERS_HOPELESS_MS - 120000);
    assert_int_equal(kit_count(&k, PEERS_OUT_DIAL), 0);
    assert_true(kit_known(&k, 1));
    kit_run(&k, 240000);
    assert_false(kit_known(&k, 1));
    kit_end(&k);
}

static void the_operators_peers_are_tried_for_ever(void **state)
{
    struct kit k = {0};
    (void)state;
    kit_begin(&k);
    assert_ok(kit_tell(&k, 1, PEERS_STATIC));
    kit_run(&k, 200);
    assert_true(kit_has(&k, PEERS_OUT_DIAL, 1));
    kit_fail(&k, 1, ERR_TIMEOUT);
    assert_in_range(again(&k, 1, 5000), PEERS_STATIC_MS_MIN / 2, PEERS_STATIC_MS_MIN + 200);
    for (int i = 0; i < 40; i++) {
        kit_fail(&k, 1, ERR_TIMEOUT);
        assert_in_range(again(&k, 1, 2 * PEERS_STATIC_MS_MAX), 1, PEERS_STATIC_MS_MAX + 200);
    }
    kit_connect(&k, 1, true);
    kit_run(&k, PEERS_STEADY_MS + 1000);
    kit_lose(&k, 1, ERR_CLOSED); /* by accident: soon */
    assert_in_range(again(&k, 1, 5000), PEERS_STATIC_MS_MIN / 2, PEERS_STATIC_MS_MIN + 200);
    kit_end(&k);
}

static void who_throws_us_out_at_once_is_not_hammered(void **state)
{
    struct kit k = {0};
    int64_t last = 0;
    (void)state;
    kit_begin(&k);
    assert_ok(kit_tell(&k, 1, PEERS_DISCV5));
    kit_run(&k, 200);
    for (int i = 0; i < 5; i++) {
        kit_connect(&k, 1, true);
        kit_run(&k, 1000);
        kit_lose(&k, 1, ERR_CLOSED);
        last = again(&k, 1, 200000);
        assert_true(last > 0);
    }
    assert_true(last >= PEERS_BACKOFF_MS_MIN * 16 / 2);
    kit_end(&k);
}

static void another_cluster_is_refused_and_remembered(void **state)
{
    struct kit k = {0};
    struct peer_id id = kit_id(1);
    struct multiaddr m = kit_addr(1, 60000);
    struct peers_candidate c = {.id = &id,
                                .addrs = &m,
                                .addrs_count = 1,
                                .source = PEERS_PX,
                                .cluster_known = true,
                                .cluster = 16};
    (void)state;
    kit_begin(&k);
    assert_err(peers_candidate(k.p, k.env, &c), ERR_REFUSED);
    c.cluster = 66;
    assert_ok(peers_candidate(k.p, k.env, &c)); /* it lies */
    kit_run(&k, 200);
    kit_connect(&k, 1, true);
    kit_lose(&k, 1, ERR_REFUSED);
    assert_err(peers_candidate(k.p, k.env, &c), ERR_REFUSED);
    kit_run(&k, PEERS_FOREIGN_MS - 120000);
    assert_int_equal(kit_count(&k, PEERS_OUT_DIAL), 0);
    kit_run(&k, 240000);
    assert_ok(peers_candidate(k.p, k.env, &c)); /* it may have changed */
    kit_end(&k);
}

static void what_was_never_needed_is_forgotten(void **state)
{
    struct kit k = {0};
    (void)state;
    begin_idle(&k, 100);
    assert_ok(kit_tell(&k, 1, PEERS_DISCV5));
    kit_run(&k, PEERS_UNTRIED_MS - 120000);
    assert_true(kit_known(&k, 1));
    kit_run(&k, 240000);
    assert_false(kit_known(&k, 1));
    kit_end(&k);
}

static void ourselves_and_what_cannot_be_dialed_are_refused(void **state)
{
    static const char *const none[] = {"/ip4/8.8.8.8/tcp/0", "/ip4/192.168.1.1/tcp/1",
                                       "/ip4/127.0.0.1/tcp/1", "/ip6/fd00::1/tcp/1"};
    struct kit k = {0};
    struct peer_id id = kit_id(1);
    struct multiaddr m;
    struct peers_candidate c = {.id = &id, .addrs = &m, .addrs_count = 1, .source = PEERS_PX};
    (void)state;
    kit_begin(&k);
    assert_err(kit_tell(&k, 0, PEERS_PX), ERR_ARGUMENT);
    for (size_t i = 0; i < 4; i++) {
        assert_ok(multiaddr_parse(span_str(none[i]), &m));
        assert_err(peers_candidate(k.p, k.env, &c), ERR_NOT_FOUND);
    }
    c.source = PEERS_MDNS; /* of our own network */
    assert_ok(peers_candidate(k.p, k.env, &c));
    c.addrs_count = 0;
    id = kit_id(2);
    assert_err(peers_candidate(k.p, k.env, &c), ERR_NOT_FOUND);
    kit_end(&k);
}

static void eight_addresses_the_newest_first(void **state)
{
    struct kit k = {0};
    struct peer_id id = kit_id(1);
    struct multiaddr m, list[PEERS_ADDRS_MAX];
    struct peers_candidate c = {.id = &id, .addrs = &m, .addrs_count = 1, .source = PEERS_DISCV5};
    (void)state;
    begin_idle(&k, 100);
    for (uint16_t port = 1; port <= 20; port++) {
        m = kit_addr(1, port);
        assert_ok(multiaddr_add_peer(&m, &id));
        assert_ok(peers_candidate(k.p, k.env, &c));
        assert_ok(peers_candidate(k.p, k.env, &c));
    }
    assert_int_equal(peers_addrs(k.p, &id, list), PEERS_ADDRS_MAX);
    for (uint16_t i = 0; i < PEERS_ADDRS_MAX; i++) {
        m = kit_addr(1, (uint16_t)(20 - i));
        assert_true(multiaddr_eq(&list[i], &m));
    }
    kit_end(&k);
}

static void a_dial_whose_end_is_lost_ends(void **state)
{
    struct kit k = {0};
    (void)state;
    kit_begin(&k);
    assert_ok(kit_tell(&k, 1, PEERS_DISCV5));
    kit_run(&k, 200);
    kit_run(&k, PEERS_DIAL_MS - 1000);
    assert_int_equal(kit_count(&k, PEERS_OUT_DIAL), 0);
    kit_run(&k, 1000 + PEERS_BACKOFF_MS_MIN);
    assert_true(kit_has(&k, PEERS_OUT_DIAL, 1));
    kit_end(&k);
}

static void a_guest_without_address_is_forgotten_when_it_leaves(void **state)
{
    struct kit k = {0};
    (void)state;
    kit_begin(&k);
    kit_connect(&k, 1, false);
    assert_true(kit_known(&k, 1));
    kit_lose(&k, 1, OK);
    assert_false(kit_known(&k, 1));
    assert_int_equal(peers_counters(k.p)->connected, 0);
    kit_end(&k);
}

static void records_come_back_and_corrupt_ones_do_not(void **state)
{
    struct kit k = {0};
    struct buf record = BUF_INIT(PEERS_RECORD_BYTES_MAX);
    struct peer_id id = kit_id(1), other = kit_id(2);
    struct peers_view v;
    (void)state;
    begin_idle(&k, 100);
    assert_ok(kit_tell(&k, 1, PEERS_DISCV5));
    assert_err(peers_record(k.p, &id, &record), ERR_NOT_FOUND); /* never reached */
    kit_connect(&k, 1, true);
    kit_identify(&k, 1, 0x8000000000000001, PEERS_CAN_RELAY | PEERS_CAN_PX);
    assert_ok(peers_record(k.p, &id, &record));
    peers_free(k.p);
    kit_begin(&k);
    assert_ok(peers_restore(k.p, k.env, peer_id_span(&id), buf_span(&record)));
    assert_true(peers_find(k.p, &id, &v));
    assert_int_equal(v.capabilities, PEERS_CAN_RELAY | PEERS_CAN_PX);
    assert_true(peers_shards_has(v.shards, 0) && peers_shards_has(v.shards, 63));
    assert_int_equal(v.source, PEERS_STORED);
    assert_true(v.worked_s > 0);
    for (size_t len = 0; len < record.len; len++) /* no prefix is one, but where a field ends */
        if (peers_restore(k.p, k.env, peer_id_span(&other), span_of(record.ptr, len)) == OK)
            fail();
    assert_err(peers_restore(k.p, k.env, SPAN_LIT("no peer id"), buf_span(&record)), ERR_FORMAT);
    buf_clear(&record);
    kit_end(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_teller_fills_its_own_share_only),
        cmocka_unit_test(a_tellers_share_is_free_again_when_its_peers_were_tried),
        cmocka_unit_test(a_million_from_one_address_are_five),
        cmocka_unit_test(a_full_book_keeps_who_worked_and_who_was_named),
        cmocka_unit_test(strangers_that_failed_make_room_first),
        cmocka_unit_test(failures_make_the_pauses_longer_until_it_is_hopeless),
        cmocka_unit_test(the_operators_peers_are_tried_for_ever),
        cmocka_unit_test(who_throws_us_out_at_once_is_not_hammered),
        cmocka_unit_test(another_cluster_is_refused_and_remembered),
        cmocka_unit_test(what_was_never_needed_is_forgotten),
        cmocka_unit_test(ourselves_and_what_cannot_be_dialed_are_refused),
        cmocka_unit_test(eight_addresses_the_newest_first),
        cmocka_unit_test(a_dial_whose_end_is_lost_ends),
        cmocka_unit_test(a_guest_without_address_is_forgotten_when_it_leaves),
        cmocka_unit_test(records_come_back_and_corrupt_ones_do_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
