#include "tests/lib/gossip.h"

static uint8_t kilobyte[1024];

static void say_kb(struct script *s, uint64_t peer, uint32_t serial)
{
    memcpy(kilobyte, &serial, sizeof serial);
    script_message(s, peer, TOPIC, SPAN_ARRAY(kilobyte));
}

static enum err publish_kb(struct script *s, uint32_t serial, struct gossipsub_published *how)
{
    memcpy(kilobyte, &serial, sizeof serial);
    return gossipsub_publish(s->g, s->env, TOPIC, SPAN_ARRAY(kilobyte), how);
}

/* room for about eight messages */
static struct gossipsub_params small(void)
{
    struct gossipsub_params p = script_params();
    p.message_bytes_max = 2000;
    p.peer_queue_bytes_max = 9000;
    return p;
}

static void slow_peer_loses_messages_and_slows_nobody(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = small();
    struct gossipsub_peer_view v;
    uint32_t heard = 0;
    script_begin(&s, &p);
    script_join(&s, 1, 3);
    script_hush(&s, 1, 3);
    for (uint32_t i = 0; i < 100; i++) {
        say_kb(&s, 1, i);
        heard += script_hear(&s, 2).messages; /* peer 3 reads nothing */
    }
    assert_int_equal(heard, 100);
    assert_true(gossipsub_peer_get(s.g, 3, &v));
    assert_true(v.queued_bytes <= p.peer_queue_bytes_max);
    uint32_t kept = script_hear(&s, 3).messages;
    assert_int_equal(kept, 8);
    assert_int_equal(gossipsub_counts(s.g)->dropped_messages, 100 - kept);
    assert_int_equal(gossipsub_counts(s.g)->queued_bytes, 0);
    script_end(&s);
}

static void ihave_gives_way_to_messages_at_the_bound(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = small();
    script_begin(&s, &p);
    script_join(&s, 1, 6);
    script_up(&s, 7);
    script_hush(&s, 1, 7);
    for (uint32_t i = 0; i < 60; i++)
        say_kb(&s, 1, i);
    script_beat(&s); /* gossip waits for peer 7 now */
    script_graft(&s, 7, TOPIC);
    for (uint32_t i = 100; i < 120; i++)
        say_kb(&s, 1, i);
    struct heard h = script_hear(&s, 7);
    assert_int_equal(h.messages, 8);
    assert_int_equal(h.ihave, 0);
    assert_true(gossipsub_counts(s.g)->dropped_ihave > 0);
    script_end(&s);
}

static void control_has_room_when_the_queue_is_full(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = small();
    script_begin(&s, &p);
    script_join(&s, 1, 3);
    script_hush(&s, 1, 3);
    for (uint32_t i = 0; i < 50; i++)
        say_kb(&s, 1, i);
    assert_ok(gossipsub_subscribe(s.g, s.env, OTHER_TOPIC));
    gossipsub_unsubscribe(s.g, s.env, TOPIC);
    struct heard h = script_hear(&s, 3);
    assert_true(h.subscribe == 1 && h.unsubscribe == 1 && h.prune == 1 && h.messages == 8);
    script_end(&s);
}

static void control_lane_holds_two_entries_per_topic_at_most(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    script_up(&s, 1);
    for (int i = 0; i < 50; i++) {
        assert_ok(gossipsub_subscribe(s.g, s.env, TOPIC));
        gossipsub_unsubscribe(s.g, s.env, TOPIC);
    }
    assert_true(fifo_count(&peer_get(s.g, 1)->queue.controls) <= 2);
    struct heard h = script_hear(&s, 1);
    assert_true(h.unsubscribe == 1 && h.subscribe == 0); /* the last word */
    script_end(&s);
}

static void own_publications_get_err_full_and_are_not_lost(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = small();
    struct gossipsub_published how;
    uint32_t sent = 0;
    script_begin(&s, &p);
    script_join(&s, 1, 1);
    script_hush(&s, 1, 1);
    while (publish_kb(&s, sent, &how) == OK)
        sent++;
    assert_int_equal(sent, 8);
    assert_err(publish_kb(&s, sent, &how), ERR_FULL);
    assert_int_equal(gossipsub_counts(s.g)->dropped_messages, 0);
    assert_int_equal(script_hear(&s, 1).messages, 8);
    assert_ok(publish_kb(&s, sent, &how)); /* the same message, later */
    assert_int_equal(how.peers, 1);
    script_end(&s);
}

static void one_full_peer_does_not_stop_publishing_to_others(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = small();
    struct gossipsub_published how;
    script_begin(&s, &p);
    script_join(&s, 1, 2);
    script_hush(&s, 1, 2);
    for (uint32_t i = 0; i < 20; i++) {
        assert_ok(publish_kb(&s, i, &how));
        assert_int_equal(how.peers + how.full, 2);
        (void)script_hear(&s, 1);
    }
    assert_int_equal(how.full, 1);
    script_end(&s);
}

static void many_messages_travel_in_one_rpc_of_64_parts(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    script_join(&s, 1, 2);
    script_hush(&s, 1, 2);
    for (uint32_t i = 0; i < 200; i++)
        say_kb(&s, 1, i);
    struct heard h = script_hear(&s, 2);
    assert_int_equal(h.messages, 200);
    assert_true(h.rpcs <= 4 && h.largest_part_count <= GOSSIPSUB_OUT_PARTS);
    script_end(&s);
}

static void rpcs_never_exceed_the_room_of_the_stream(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    script_join(&s, 1, 2);
    script_hush(&s, 1, 2);
    for (uint32_t i = 0; i < 20; i++)
        say_kb(&s, 1, i);
    script_ihave(&s, 2, "x", 300);
    assert_ok(gossipsub_subscribe(s.g, s.env, OTHER_TOPIC));
    assert_int_equal(script_hear_room(&s, 2, 20).rpcs, 0);
    struct heard h = script_hear_room(&s, 2, 500); /* the helper checks each against the room */
    assert_true(h.iwant_ids > 0 && h.messages == 0 && h.subscribe == 1);
    h = script_hear_room(&s, 2, 3000);
    assert_int_equal(h.messages, 20);
    script_end(&s);
}

static void the_largest_message_fits_the_room_of_a_stream(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    static uint8_t data[GOSSIPSUB_MESSAGE_BYTES_MAX];
    script_begin(&s, &p);
    script_join(&s, 1, 2);
    script_hush(&s, 1, 2);
    script_message(&s, 1, TOPIC, SPAN_ARRAY(data));
    assert_int_equal(script_hear_room(&s, 2, 1u << 20).messages, 1);
    p.message_bytes_max++;
    assert_err(gossipsub_params_check(&p), ERR_ARGUMENT);
    script_end(&s);
}

static void ready_is_announced_once_until_the_queue_is_empty(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    struct gossipsub_out out;
    uint32_t ready = 0;
    script_begin(&s, &p);
    script_join(&s, 1, 2);
    script_hush(&s, 1, 2);
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < 10; i++) {
            uint32_t serial = (uint32_t)round * 10 + i;
            assert_ok(publish_kb(&s, serial, NULL));
        }
        while (gossipsub_poll(s.g, &out))
            ready += out.kind == GOSSIPSUB_OUT_READY;
        script_hush(&s, 1, 2);
    }
    assert_int_equal(ready, 4); /* two peers, two rounds */
    script_end(&s);
}

static void peer_that_takes_nothing_loses_its_queue(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    script_join(&s, 1, 2);
    script_hush(&s, 1, 2);
    for (uint32_t i = 0; i < 20; i++)
        say_kb(&s, 1, i);
    script_run(&s, p.peer_queue_stall_ns - 2 * NS_PER_S);
    assert_true(gossipsub_counts(s.g)->queued_bytes > 20000);
    script_run(&s, 4 * NS_PER_S);
    assert_int_equal(gossipsub_counts(s.g)->queued_bytes, 0);
    assert_int_equal(script_hear(&s, 2).messages, 0);
    script_end(&s);
}

static void caches_are_bounded_in_bytes(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    p.mcache_bytes_max = 20000;
    p.seen_bytes_max = 100 * recent_cost(sizeof(struct seen));
    script_begin(&s, &p);
    script_join(&s, 1, 2);
    for (uint32_t i = 0; i < 500; i++)
        say_kb(&s, 1, i);
    const struct gossipsub_counts *c = gossipsub_counts(s.g);
    assert_true(c->mcache_bytes <= 20000 && c->mcache_messages > 10);
    assert_int_equal(c->seen_entries, 100);
    script_run(&s, p.seen_ttl_ns + 2 * NS_PER_S);
    c = gossipsub_counts(s.g);
    assert_true(c->mcache_bytes == 0 && c->mcache_messages == 0 && c->seen_entries == 0);
    script_end(&s);
}

static void lists_beyond_their_limits_are_cut_and_cost_score(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    struct buf b = BUF_INIT(1u << 22);
    struct writer w = writer_to(&b);
    struct gossipsub_peer_view v;
    char name[32];
    script_begin(&s, &p);
    script_up(&s, 1);
    for (uint32_t i = 0; i < 100000; i++) {
        snprintf(name, sizeof name, "t%u", i);
        size_t at = pb_begin(&w, RPC_SUBSCRIPTIONS);
        pb_put_bool(&w, SUBOPTS_SUBSCRIBE, true);
        pb_put_bytes(&w, SUBOPTS_TOPIC, span_str(name));
        pb_end(&w, at);
    }
    script_rpc(&s, 1, &b);
    assert_true(gossipsub_peer_get(s.g, 1, &v));
    assert_true(v.topics <= GOSSIPSUB_PEER_TOPICS_MAX);
    assert_true(script_score(&s, 1) < 0);
    assert_true(gossipsub_counts(s.g)->over_limit > 90000);
    buf_clear(&b);
    script_end(&s);
}

static void malformed_rpcs_change_nothing(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    script_join(&s, 1, 2);
    script_hush(&s, 1, 2);
    /* a good subscription, then a cut message */
    struct span bad = test_hex("0a05 0801 120174 1205 1203");
    assert_err(gossipsub_rpc(s.g, s.env, 1, bad), ERR_FORMAT);
    assert_null(topic_get(s.g, SPAN_LIT("t")));
    assert_err(gossipsub_rpc(s.g, s.env, 99, bad), ERR_NOT_FOUND);
    assert_err(gossipsub_rpc(s.g, s.env, 1, test_hex("1a04 1a020801")), ERR_FORMAT);
    static uint8_t huge[GOSSIPSUB_RPC_BYTES_MAX + 1];
    assert_err(gossipsub_rpc(s.g, s.env, 1, SPAN_ARRAY(huge)), ERR_LIMIT);
    assert_ok(gossipsub_rpc(s.g, s.env, 1, SPAN_EMPTY));
    script_end(&s);
}

static void engine_without_peers_and_topics_is_small_and_sleeps(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    assert_true(sizeof *s.g < 8192);
    assert_int_equal(gossipsub_deadline(s.g).ns, MONO_NEVER.ns);
    script_up(&s, 1);
    assert_true(gossipsub_deadline(s.g).ns <= s.env->now.ns + p.heartbeat_ns);
    gossipsub_peer_down(s.g, s.env, 1);
    script_run(&s, 2 * NS_PER_S);
    assert_int_equal(gossipsub_deadline(s.g).ns, MONO_NEVER.ns);
    script_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slow_peer_loses_messages_and_slows_nobody),
        cmocka_unit_test(ihave_gives_way_to_messages_at_the_bound),
        cmocka_unit_test(control_has_room_when_the_queue_is_full),
        cmocka_unit_test(control_lane_holds_two_entries_per_topic_at_most),
        cmocka_unit_test(own_publications_get_err_full_and_are_not_lost),
        cmocka_unit_test(one_full_peer_does_not_stop_publishing_to_others),
        cmocka_unit_test(many_messages_travel_in_one_rpc_of_64_parts),
        cmocka_unit_test(rpcs_never_exceed_the_room_of_the_stream),
        cmocka_unit_test(the_largest_message_fits_the_room_of_a_stream),
        cmocka_unit_test(ready_is_announced_once_until_the_queue_is_empty),
        cmocka_unit_test(peer_that_takes_nothing_loses_its_queue),
        cmocka_unit_test(caches_are_bounded_in_bytes),
        cmocka_unit_test(lists_beyond_their_limits_are_cut_and_cost_score),
        cmocka_unit_test(malformed_rpcs_change_nothing),
        cmocka_unit_test(engine_without_peers_and_topics_is_small_and_sleeps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
