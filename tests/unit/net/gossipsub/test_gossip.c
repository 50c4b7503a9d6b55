#include "tests/lib/gossip.h"

/* 20 peers in the topic, 6 of them in the mesh: how many others heard gossip */
static uint32_t hearers(struct script *s, uint64_t first, uint64_t last, uint32_t *ids)
{
    uint32_t n = 0;
    for (uint64_t i = first; i <= last; i++) {
        struct heard h = script_hear(s, i);
        n += h.ihave > 0;
        assert_false(h.ihave > 0 && script_in_mesh(s, i));
        if (h.ihave > 0 && ids != NULL)
            *ids = h.ihave_ids;
    }
    return n;
}

static void ihave_goes_to_d_lazy_peers_outside_the_mesh(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    uint32_t ids = 0;
    script_begin(&s, &p);
    script_join(&s, 1, 20);
    script_hush(&s, 1, 20);
    script_say(&s, 1, "a");
    script_say(&s, 1, "b");
    script_hush(&s, 1, 20);
    script_beat(&s);
    assert_int_equal(hearers(&s, 1, 20, &ids), p.d_lazy);
    assert_int_equal(ids, 2);
    script_end(&s);
}

static void gossip_factor_takes_over_when_there_are_many_peers(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    script_join(&s, 1, 86);
    script_say(&s, 1, "a");
    script_hush(&s, 1, 86);
    script_beat(&s);
    assert_int_equal(hearers(&s, 1, 86, NULL), (86 - script_mesh(&s)) / 4);
    script_end(&s);
}

static void ids_are_gossiped_for_mcache_gossip_heartbeats_and_kept_for_mcache_len(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    script_join(&s, 1, 20);
    script_say(&s, 1, "a");
    script_hush(&s, 1, 20);
    for (uint32_t i = 0; i < p.mcache_len + 1; i++) {
        script_beat(&s);
        assert_int_equal(hearers(&s, 1, 20, NULL) > 0, i < p.mcache_gossip);
        script_iwant(&s, 19, "a");
        bool answered = script_hear(&s, 19).messages > 0;
        assert_int_equal(answered, i + 1 < p.mcache_len && i < p.retransmissions_max);
    }
    script_iwant(&s, 18, "a");
    assert_int_equal(script_hear(&s, 18).messages, 0); /* gone for everyone */
    script_end(&s);
}

static void mcache_windows_hold_mcache_len_heartbeats(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    script_join(&s, 1, 20);
    script_say(&s, 1, "a");
    for (uint32_t i = 1; i <= p.mcache_len; i++) {
        script_hush(&s, 1, 20);
        script_iwant(&s, i, "a");
        assert_int_equal(script_hear(&s, i).messages, 1);
        script_beat(&s);
    }
    script_hush(&s, 1, 20);
    script_iwant(&s, 15, "a");
    assert_int_equal(script_hear(&s, 15).messages, 0);
    script_end(&s);
}

static void iwant_asks_for_what_was_not_seen(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    uint8_t id[GOSSIPSUB_ID_BYTES];
    script_begin(&s, &p);
    script_join(&s, 1, 10);
    script_say(&s, 1, "known");
    script_hush(&s, 1, 10);
    script_ihave(&s, 2, "known", 0);
    assert_int_equal(script_hear(&s, 2).iwant_ids, 0);
    script_ihave(&s, 2, "news", 0);
    struct heard h = script_hear(&s, 2);
    assert_int_equal(h.iwant_ids, 1);
    script_hash("news", id);
    assert_memory_equal(h.last_iwant, id, sizeof id);
    script_end(&s);
}

static void ihave_of_topics_we_are_not_in_is_ignored(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    script_up(&s, 1);
    script_ihave(&s, 1, "news", 0);
    assert_int_equal(script_hear(&s, 1).iwant, 0);
    script_end(&s);
}

static void iwant_is_answered_with_the_message_a_limited_number_of_times(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    script_join(&s, 1, 20);
    script_say(&s, 1, "a");
    script_hush(&s, 1, 20);
    for (uint32_t i = 0; i < 2 * p.retransmissions_max; i++) {
        script_iwant(&s, 7, "a");
        struct heard h = script_hear(&s, 7);
        assert_int_equal(h.messages, i < p.retransmissions_max);
        if (h.messages > 0)
            assert_span_equal(span_of(h.last_data, h.last_data_len), SPAN_LIT("a"));
    }
    script_iwant(&s, 8, "a"); /* another peer has its own allowance */
    assert_int_equal(script_hear(&s, 8).messages, 1);
    script_iwant(&s, 8, "never heard of");
    assert_int_equal(script_hear(&s, 8).messages, 0);
    script_end(&s);
}

static void ihave_messages_beyond_the_limit_of_a_heartbeat_are_ignored(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    char text[32];
    script_begin(&s, &p);
    script_join(&s, 1, 3);
    script_hush(&s, 1, 3);
    for (uint32_t i = 0; i < p.ihave_messages_max + 5; i++) {
        snprintf(text, sizeof text, "m%u", i);
        script_ihave(&s, 1, text, 0);
    }
    assert_int_equal(script_hear(&s, 1).iwant_ids, p.ihave_messages_max);
    script_beat(&s);
    script_ihave(&s, 1, "later", 0);
    assert_int_equal(script_hear(&s, 1).iwant_ids, 1);
    script_end(&s);
}

static void ids_beyond_the_limit_of_a_heartbeat_are_ignored(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    p.ihave_ids_max = 100;
    script_begin(&s, &p);
    script_join(&s, 1, 3);
    script_hush(&s, 1, 3);
    script_ihave(&s, 1, "a", 80);
    script_ihave(&s, 1, "b", 80);
    script_ihave(&s, 1, "c", 80);
    assert_int_equal(script_hear(&s, 1).iwant_ids, 100);
    script_end(&s);
}

static void broken_promise_costs_p7(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    script_join(&s, 1, 3);
    script_ihave(&s, 1, "bogus", 10);
    assert_score(&s, 1, 0);
    script_run(&s, p.iwant_followup_ns + NS_PER_S);
    assert_score(&s, 1, p.behaviour_weight); /* one id of the ten was watched */
    assert_int_equal(gossipsub_counts(s.g)->broken_promises, 1);
    script_end(&s);
}

static void promise_is_kept_by_the_message_from_anyone(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    script_join(&s, 1, 3);
    script_ihave(&s, 1, "news", 0);
    script_run(&s, NS_PER_S);
    script_say(&s, 2, "news");
    script_run(&s, p.iwant_followup_ns + 2 * NS_PER_S);
    assert_true(script_score(&s, 1) >= 0);
    script_end(&s);
}

static void gossip_threshold_silences_both_ways(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    script_join(&s, 1, 2);
    script_up_range(&s, 3, 4);
    gossipsub_peer_app_score(s.g, 3, p.gossip_threshold - 1);
    gossipsub_peer_app_score(s.g, 4, p.gossip_threshold);
    script_hush(&s, 1, 4);
    script_say(&s, 1, "a");
    script_beat(&s);
    assert_int_equal(script_hear(&s, 3).ihave, 0);
    assert_int_equal(script_hear(&s, 4).ihave, 1); /* negative, but not below */
    script_ihave(&s, 3, "news", 0);
    script_ihave(&s, 4, "news", 0);
    assert_int_equal(script_hear(&s, 3).iwant_ids, 0);
    assert_int_equal(script_hear(&s, 4).iwant_ids, 1);
    script_iwant(&s, 3, "a");
    script_iwant(&s, 4, "a");
    assert_int_equal(script_hear(&s, 3).messages, 0);
    assert_int_equal(script_hear(&s, 4).messages, 1);
    script_end(&s);
}

static void idontwant_skips_the_message_for_that_peer(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    script_join(&s, 1, 4);
    script_hush(&s, 1, 4);
    script_idontwant(&s, 2, "a");
    script_say(&s, 1, "a");
    assert_int_equal(script_hear(&s, 2).messages, 0);
    assert_int_equal(script_hear(&s, 3).messages, 1);
    script_say(&s, 1, "b");
    script_idontwant(&s, 2, "b"); /* too late for forwarding, in time for the queue */
    assert_int_equal(script_hear(&s, 2).messages, 0);
    assert_int_equal(gossipsub_counts(s.g)->idontwant_saved, 2);
    script_end(&s);
}

static void idontwant_cancels_a_queued_answer_to_iwant(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    script_join(&s, 1, 20);
    script_say(&s, 1, "a");
    script_hush(&s, 1, 20);
    script_iwant(&s, 9, "a");
    script_idontwant(&s, 9, "a");
    assert_int_equal(script_hear(&s, 9).messages, 0);
    script_end(&s);
}

static void idontwant_is_forgotten_after_some_heartbeats(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    script_join(&s, 1, 4);
    script_hush(&s, 1, 4);
    script_idontwant(&s, 2, "a");
    for (uint32_t i = 0; i <= p.idontwant_ttl; i++)
        script_beat(&s);
    script_say(&s, 1, "a");
    assert_int_equal(script_hear(&s, 2).messages, 1);
    script_end(&s);
}

static void idontwant_is_bounded_per_heartbeat_and_in_memory(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    p.idontwant_messages_max = 3;
    p.idontwant_ids_max = 50;
    script_begin(&s, &p);
    script_join(&s, 1, 4);
    script_hush(&s, 1, 4);
    script_ids(&s, 2, CONTROL_FIELD_IDONTWANT, "x", 200);
    assert_int_equal(peer_get(s.g, 2)->unwanted.count, 50);
    script_idontwant(&s, 2, "1");
    script_idontwant(&s, 2, "2");
    script_idontwant(&s, 2, "3"); /* the fourth message */
    script_say(&s, 1, "2");
    script_say(&s, 1, "3");
    assert_int_equal(script_hear(&s, 2).messages, 1);
    script_end(&s);
}

static void large_messages_are_announced_to_1_2_mesh_peers_before_validation(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    static uint8_t data[8192];
    script_begin(&s, &p);
    assert_ok(gossipsub_subscribe(s.g, s.env, TOPIC));
    script_up_range(&s, 1, 2);
    script_up_as(&s, 3, "/vac/waku/relay/2.0.0", false);
    script_subscription(&s, 3, TOPIC, true);
    script_beat(&s);
    script_up(&s, 4); /* not in the mesh */
    script_hush(&s, 1, 4);
    s.manual = true;
    script_message(&s, 1, TOPIC, span_of(data, p.idontwant_bytes_min));
    assert_int_equal(script_hear(&s, 1).idontwant, 0); /* the sender */
    assert_int_equal(script_hear(&s, 2).idontwant_ids, 1);
    assert_int_equal(script_hear(&s, 3).idontwant, 0); /* speaks 1.1 */
    assert_int_equal(script_hear(&s, 4).idontwant, 0);
    script_message(&s, 1, TOPIC, span_of(data, p.idontwant_bytes_min - 1));
    assert_int_equal(script_hear(&s, 2).idontwant, 0); /* small ones are not worth it */
    script_end(&s);
}

static void idontwant_goes_out_ahead_of_queued_messages(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    static uint8_t data[8192];
    struct gossipsub_rpc_out out;
    script_begin(&s, &p);
    script_join(&s, 1, 3);
    script_hush(&s, 1, 3);
    script_message(&s, 1, TOPIC, SPAN_ARRAY(data)); /* waits for peer 2 with an IDONTWANT */
    struct heard h = {0};
    assert_true(gossipsub_next_rpc(s.g, s.env, 2, 1u << 20, &out));
    hear_rpc(&h, blob_span(out.parts[0]));
    assert_true(h.idontwant == 1 && h.messages == 0 && out.count == 1);
    assert_true(gossipsub_next_rpc(s.g, s.env, 2, 1u << 20, &out));
    hear_rpc(&h, blob_span(out.parts[0]));
    assert_int_equal(h.messages, 1);
    script_end(&s);
}

static void idontwant_on_older_protocols_is_ignored(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    assert_ok(gossipsub_subscribe(s.g, s.env, TOPIC));
    script_up(&s, 1);
    script_up_as(&s, 2, "/vac/waku/relay/2.0.0", false);
    script_subscription(&s, 2, TOPIC, true);
    script_beat(&s);
    script_hush(&s, 1, 2);
    script_idontwant(&s, 2, "a");
    script_say(&s, 1, "a");
    assert_int_equal(script_hear(&s, 2).messages, 1);
    assert_true(script_score(&s, 2) >= 0);
    script_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ihave_goes_to_d_lazy_peers_outside_the_mesh),
        cmocka_unit_test(gossip_factor_takes_over_when_there_are_many_peers),
        cmocka_unit_test(ids_are_gossiped_for_mcache_gossip_heartbeats_and_kept_for_mcache_len),
        cmocka_unit_test(mcache_windows_hold_mcache_len_heartbeats),
        cmocka_unit_test(iwant_asks_for_what_was_not_seen),
        cmocka_unit_test(ihave_of_topics_we_are_not_in_is_ignored),
        cmocka_unit_test(iwant_is_answered_with_the_message_a_limited_number_of_times),
        cmocka_unit_test(ihave_messages_beyond_the_limit_of_a_heartbeat_are_ignored),
        cmocka_unit_test(ids_beyond_the_limit_of_a_heartbeat_are_ignored),
        cmocka_unit_test(broken_promise_costs_p7),
        cmocka_unit_test(promise_is_kept_by_the_message_from_anyone),
        cmocka_unit_test(gossip_threshold_silences_both_ways),
        cmocka_unit_test(idontwant_skips_the_message_for_that_peer),
        cmocka_unit_test(idontwant_cancels_a_queued_answer_to_iwant),
        cmocka_unit_test(idontwant_is_forgotten_after_some_heartbeats),
        cmocka_unit_test(idontwant_is_bounded_per_heartbeat_and_in_memory),
        cmocka_unit_test(large_messages_are_announced_to_1_2_mesh_peers_before_validation),
        cmocka_unit_test(idontwant_goes_out_ahead_of_queued_messages),
        cmocka_unit_test(idontwant_on_older_protocols_is_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
