/* Which peers are dialed, which are asked to leave, when others are called for. */
#include "tests/lib/peers.h"

/* 60 connections, half of them relay: 10 out, 20 in */
static void fills_relay_slots_ten_dials_at_a_time(void **state)
{
    struct kit k = {0};
    (void)state;
    kit_begin(&k);
    k.params.out_target = 12;
    peers_free(k.p);
    kit_begin(&k);
    for (uint32_t i = 1; i <= 30; i++)
        assert_ok(kit_tell(&k, i, PEERS_DISCV5));
    kit_run(&k, 1000);
    assert_int_equal(kit_count(&k, PEERS_OUT_DIAL), PEERS_DIALS_MAX);
    assert_int_equal(k.outs[0].addrs, 1);
    kit_accept(&k, 3);
    kit_run(&k, 1000);
    assert_int_equal(kit_count(&k, PEERS_OUT_DIAL), 2); /* up to out_target */
    kit_accept(&k, 3);
    kit_run(&k, 600000);
    assert_int_equal(kit_count(&k, PEERS_OUT_DIAL), 0);
    assert_int_equal(kit_count(&k, PEERS_OUT_WANT), 0); /* all is well: nobody is bothered */
    kit_end(&k);
}

static void slots_are_shared_as_nwaku_does(void **state)
{
    struct peers_params p;
    (void)state;
    peers_params_default(&p, 150, 60);
    assert_int_equal(p.out_target, 30);
    assert_int_equal(p.in_target, 60);
    assert_int_equal(p.service_max, 60);
    peers_params_default(&p, 50, 50);
    assert_int_equal(p.out_target, 8);
    assert_int_equal(p.in_target, 17);
    peers_params_default(&p, 7, 50); /* rounded up, as ceil does */
    assert_int_equal(p.out_target + p.in_target, 4);
}

static void a_new_candidate_is_dialed_at_once(void **state)
{
    struct kit k = {0};
    (void)state;
    kit_begin(&k);
    kit_run(&k, 500);
    assert_ok(kit_tell(&k, 1, PEERS_PX));
    kit_run(&k, PEERS_ROUND_MS);
    assert_true(kit_has(&k, PEERS_OUT_DIAL, 1));
    kit_end(&k);
}

static void a_shard_with_few_peers_comes_first(void **state)
{
    struct kit k = {0};
    (void)state;
    kit_begin(&k);
    k.params.out_target = 4;
    k.params.shard_target = 2;
    peers_free(k.p);
    kit_begin(&k);
    for (uint32_t i = 1; i <= 20; i++)
        assert_ok(kit_tell_of(&k, i, i <= 15 ? 1 : 2, PEERS_CAN_RELAY));
    kit_run(&k, 200);
    size_t second = 0;
    for (size_t i = 0; i < k.outs_count; i++)
        second += k.outs[i].kind == PEERS_OUT_DIAL && k.outs[i].who > 15;
    assert_int_equal(second, 2);
    assert_int_equal(kit_count(&k, PEERS_OUT_DIAL), 4);
    kit_end(&k);
}

static void a_starving_shard_gets_a_slot_beyond_the_target(void **state)
{
    struct kit k = {0};
    (void)state;
    kit_begin(&k);
    for (uint32_t i = 1; i <= 10; i++)
        assert_ok(kit_tell_of(&k, i, 1, PEERS_CAN_RELAY));
    kit_run(&k, 200);
    kit_accept(&k, 1);
    assert_ok(kit_tell_of(&k, 50, 1, PEERS_CAN_RELAY));
    assert_ok(kit_tell_of(&k, 51, 2, PEERS_CAN_RELAY));
    kit_run(&k, 200);
    assert_false(kit_has(&k, PEERS_OUT_DIAL, 50));
    assert_true(kit_has(&k, PEERS_OUT_DIAL, 51));
    kit_end(&k);
}

static void peers_without_our_shards_or_relay_are_not_dialed_for_relay(void **state)
{
    struct kit k = {0};
    (void)state;
    kit_begin(&k);
    assert_ok(kit_tell_of(&k, 1, 4, PEERS_CAN_RELAY));
    assert_ok(kit_tell_of(&k, 2, 1, PEERS_CAN_STORE));
    kit_run(&k, 1000);
    assert_int_equal(kit_count(&k, PEERS_OUT_DIAL), 0);
    kit_end(&k);
}

static void who_turns_out_useless_is_let_go_and_left_alone(void **state)
{
    struct kit k = {0};
    (void)state;
    kit_begin(&k);
    assert_ok(kit_tell(&k, 1, PEERS_DISCV5));
    assert_ok(kit_tell(&k, 2, PEERS_STATIC));
    assert_ok(kit_tell(&k, 3, PEERS_ASKED));
    kit_run(&k, 200);
    for (uint32_t i = 1; i <= 3; i++) {
        assert_true(kit_has(&k, PEERS_OUT_DIAL, i));
        kit_connect(&k, i, true);
        kit_identify(&k, i, 4, PEERS_CAN_RELAY); /* not our shards */
    }
    kit_run(&k, 1000);
    assert_true(kit_has(&k, PEERS_OUT_DISCONNECT, 1));
    assert_int_equal(kit_count(&k, PEERS_OUT_DISCONNECT), 1); /* not who was named or asked for */
    kit_lose(&k, 1, OK);
    kit_run(&k, PEERS_LEFT_MS - 2000);
    assert_false(kit_has(&k, PEERS_OUT_DIAL, 1));
    kit_end(&k);
}

static void service_slots_are_filled_by_capability(void **state)
{
    struct kit k = {0};
    (void)state;
    kit_begin(&k);
    k.params.relay = false;
    k.params.service_target[1] = 2; /* store */
    k.params.service_target[2] = 1; /* filter */
    peers_free(k.p);
    kit_begin(&k);
    for (uint32_t i = 1; i <= 5; i++)
        assert_ok(kit_tell_of(&k, i, 1, PEERS_CAN_RELAY | PEERS_CAN_STORE));
    assert_ok(kit_tell_of(&k, 6, 1, PEERS_CAN_RELAY | PEERS_CAN_LIGHTPUSH));
    kit_run(&k, 200);
    assert_int_equal(kit_count(&k, PEERS_OUT_DIAL), 2);
    assert_int_equal(kit_count(&k, PEERS_OUT_WANT), 1);
    for (size_t i = 0; i < k.outs_count; i++)
        if (k.outs[i].kind == PEERS_OUT_WANT)
            assert_int_equal(k.outs[i].capabilities, PEERS_CAN_FILTER);
    assert_ok(kit_tell_of(&k, 7, 1, PEERS_CAN_FILTER));
    kit_run(&k, 200);
    assert_true(kit_has(&k, PEERS_OUT_DIAL, 7));
    kit_end(&k);
}

static void surplus_that_dialed_us_leaves_the_youngest_first(void **state)
{
    struct kit k = {0};
    (void)state;
    kit_begin(&k); /* 20 in */
    for (uint32_t i = 1; i <= 20; i++) {
        kit_connect(&k, i, false);
        kit_identify(&k, i, 3, PEERS_CAN_RELAY);
    }
    kit_run(&k, 1000);
    assert_int_equal(kit_count(&k, PEERS_OUT_DISCONNECT), 0); /* at the bound */
    for (uint32_t i = 21; i <= 23; i++) {
        kit_connect(&k, i, false);
        kit_identify(&k, i, 3, PEERS_CAN_RELAY);
    }
    struct peer_id meshed = kit_id(23);
    peers_set_mesh(k.p, &meshed, true);
    assert_ok(kit_tell(&k, 22, PEERS_STATIC));
    kit_run(&k, 1000);
    assert_int_equal(kit_count(&k, PEERS_OUT_DISCONNECT), 3); /* over it */
    assert_false(kit_has(&k, PEERS_OUT_DISCONNECT, 23));
    assert_false(kit_has(&k, PEERS_OUT_DISCONNECT, 22));
    assert_true(kit_has(&k, PEERS_OUT_DISCONNECT, 21));
    assert_true(kit_has(&k, PEERS_OUT_DISCONNECT, 20));
    kit_end(&k);
}

static void light_clients_do_not_take_relay_slots(void **state)
{
    struct kit k = {0};
    (void)state;
    kit_begin(&k);
    for (uint32_t i = 1; i <= 50; i++) {
        kit_connect(&k, i, false);
        kit_identify(&k, i, 3, PEERS_CAN_FILTER);
    }
    kit_run(&k, 1000);
    assert_int_equal(kit_count(&k, PEERS_OUT_DISCONNECT), 0);
    kit_end(&k);
}

static void no_dial_beyond_the_connections(void **state)
{
    struct kit k = {0};
    (void)state;
    kit_begin(&k);
    for (uint32_t i = 1; i <= 58; i++)
        kit_connect(&k, i, false);
    for (uint32_t i = 100; i < 110; i++)
        assert_ok(kit_tell(&k, i, PEERS_DISCV5));
    kit_run(&k, 1000);
    assert_int_equal(kit_count(&k, PEERS_OUT_DIAL), 2);
    kit_end(&k);
}

static void calls_for_candidates_with_growing_pauses(void **state)
{
    struct kit k = {0};
    (void)state;
    kit_begin(&k);
    kit_run(&k, 900);
    assert_int_equal(kit_count(&k, PEERS_OUT_WANT), 1); /* at once */
    assert_memory_equal(&k.outs[0].shards, &(struct peers_shards){{3}}, sizeof k.outs[0].shards);
    kit_run(&k, 30000); /* 1, 3, 7, 15, 31 s */
    assert_int_equal(kit_count(&k, PEERS_OUT_WANT), 4);
    kit_run(&k, 600000);
    assert_in_range(kit_count(&k, PEERS_OUT_WANT), 9, 12); /* once a minute */
    kit_end(&k);
}

static void one_address_has_no_more_than_its_share_of_dials(void **state)
{
    struct kit k = {0};
    size_t refused = 0;
    (void)state;
    kit_begin(&k);
    for (uint32_t i = 1; i <= 9; i++) {
        struct peer_id id = kit_id(i);
        struct multiaddr m = kit_addr(1, (uint16_t)(1000 + i));
        struct peers_candidate c = {
            .id = &id, .addrs = &m, .addrs_count = 1, .source = PEERS_DISCV5};
        refused += peers_candidate(k.p, k.env, &c) == ERR_LIMIT;
    }
    assert_int_equal(refused, 4);
    for (uint32_t i = 20; i <= 22; i++) { /* and it dialed us */
        struct peer_id id = kit_id(i);
        struct multiaddr m = kit_addr(1, (uint16_t)(1000 + i));
        peers_connected(k.p, k.env, &id, i, &m, false);
    }
    kit_run(&k, 1000);
    assert_int_equal(kit_count(&k, PEERS_OUT_DIAL), 2); /* five in all */
    kit_end(&k);
}

static void loopback_is_exempt_from_the_share(void **state)
{
    struct kit k = {0};
    struct multiaddr m;
    (void)state;
    kit_begin(&k);
    k.params.private_addrs = true;
    for (int limited = 0; limited < 2; limited++) {
        k.params.loopback_limited = limited;
        peers_free(k.p);
        kit_begin(&k);
        assert_ok(multiaddr_parse(SPAN_LIT("/ip4/127.0.0.1/tcp/4000"), &m));
        for (uint32_t i = 1; i <= 9; i++) {
            struct peer_id id = kit_id(i);
            struct peers_candidate c = {
                .id = &id, .addrs = &m, .addrs_count = 1, .source = PEERS_DISCV5};
            assert_err(peers_candidate(k.p, k.env, &c), limited && i > 5 ? ERR_LIMIT : OK);
        }
    }
    kit_end(&k);
}

static void a_peer_seen_working_is_preferred(void **state)
{
    struct kit k = {0};
    struct buf record = BUF_INIT(PEERS_RECORD_BYTES_MAX);
    struct peer_id id = kit_id(5);
    (void)state;
    kit_begin(&k);
    k.params.out_target = k.params.shard_target = 1;
    peers_free(k.p);
    kit_begin(&k);
    assert_ok(kit_tell_of(&k, 5, 3, PEERS_CAN_RELAY));
    kit_run(&k, 200);
    kit_connect(&k, 5, true);
    kit_identify(&k, 5, 3, PEERS_CAN_RELAY);
    assert_ok(peers_record(k.p, &id, &record));
    peers_free(k.p);
    kit_begin(&k); /* the next start */
    for (uint32_t i = 1; i <= 30; i++)
        if (i != 5)
            assert_ok(kit_tell_of(&k, i, 3, PEERS_CAN_RELAY));
    assert_ok(peers_restore(k.p, k.env, peer_id_span(&id), buf_span(&record)));
    kit_run(&k, 200);
    assert_int_equal(kit_count(&k, PEERS_OUT_DIAL), 1);
    assert_true(kit_has(&k, PEERS_OUT_DIAL, 5));
    buf_clear(&record);
    kit_end(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_relay_slots_ten_dials_at_a_time),
        cmocka_unit_test(slots_are_shared_as_nwaku_does),
        cmocka_unit_test(a_new_candidate_is_dialed_at_once),
        cmocka_unit_test(a_shard_with_few_peers_comes_first),
        cmocka_unit_test(a_starving_shard_gets_a_slot_beyond_the_target),
        cmocka_unit_test(peers_without_our_shards_or_relay_are_not_dialed_for_relay),
        cmocka_unit_test(who_turns_out_useless_is_let_go_and_left_alone),
        cmocka_unit_test(service_slots_are_filled_by_capability),
        cmocka_unit_test(surplus_that_dialed_us_leaves_the_youngest_first),
        cmocka_unit_test(light_clients_do_not_take_relay_slots),
        cmocka_unit_test(no_dial_beyond_the_connections),
        cmocka_unit_test(calls_for_candidates_with_growing_pauses),
        cmocka_unit_test(one_address_has_no_more_than_its_share_of_dials),
        cmocka_unit_test(loopback_is_exempt_from_the_share),
        cmocka_unit_test(a_peer_seen_working_is_preferred),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
