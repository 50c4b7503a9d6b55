#include "tests/lib/gossip.h"

/* --- degrees [1.0, "Mesh Maintenance"] ----------------------------------------------------------
 */

static void grafts_up_to_d_when_mesh_is_low(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    assert_ok(gossipsub_subscribe(s.g, s.env, TOPIC));
    script_up_range(&s, 1, 3);
    script_beat(&s);
    assert_int_equal(script_mesh(&s), 3); /* all there are, below D_low */
    script_up_range(&s, 4, 20);
    script_beat(&s);
    assert_int_equal(script_mesh(&s), 6);
    uint32_t grafts = 0;
    for (uint64_t i = 1; i <= 20; i++) {
        struct heard h = script_hear(&s, i);
        assert_int_equal(h.subscribe, 1);
        assert_int_equal(h.graft, script_in_mesh(&s, i));
        grafts += h.graft;
    }
    assert_int_equal(grafts, 6);
    script_end(&s);
}

static void leaves_the_mesh_alone_between_d_low_and_d_high(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    p.d_out = 0;
    script_begin(&s, &p);
    script_join(&s, 1, 4);
    script_up_range(&s, 5, 30);
    assert_int_equal(script_mesh(&s), 4);
    script_run(&s, 10 * NS_PER_S);
    assert_int_equal(script_mesh(&s), 4);
    for (uint64_t i = 5; i <= 8; i++)
        script_graft(&s, i, TOPIC);
    script_run(&s, 10 * NS_PER_S);
    assert_int_equal(script_mesh(&s), 8);
    script_end(&s);
}

static void prunes_to_d_when_mesh_is_high(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    script_join(&s, 1, 4);
    for (uint64_t i = 5; i <= 12; i++) { /* outbound ones are accepted beyond D_high */
        script_up_outbound(&s, i);
        script_graft(&s, i, TOPIC);
    }
    assert_int_equal(script_mesh(&s), 12);
    script_hush(&s, 1, 12);
    script_beat(&s);
    assert_int_equal(script_mesh(&s), 6);
    uint32_t prunes = 0;
    for (uint64_t i = 1; i <= 12; i++)
        prunes += script_hear(&s, i).prune;
    assert_int_equal(prunes, 6);
    script_end(&s);
}

/* --- joining and leaving [1.0, "Topic Membership"]
 * ------------------------------------------------ */

static void hello_announces_all_topics_to_a_new_peer(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    assert_ok(gossipsub_subscribe(s.g, s.env, TOPIC));
    assert_ok(gossipsub_subscribe(s.g, s.env, OTHER_TOPIC));
    script_up_as(&s, 1, "/meshsub/1.0.0", false);
    assert_int_equal(script_hear(&s, 1).subscribe, 2);
    script_end(&s);
}

static void subscriptions_are_announced_to_all_peers(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    script_up_as(&s, 1, "/meshsub/1.1.0", false); /* in no topic at all */
    script_up(&s, 2);
    assert_ok(gossipsub_subscribe(s.g, s.env, OTHER_TOPIC));
    for (uint64_t i = 1; i <= 2; i++)
        assert_int_equal(script_hear(&s, i).subscribe, 1);
    gossipsub_unsubscribe(s.g, s.env, OTHER_TOPIC);
    for (uint64_t i = 1; i <= 2; i++)
        assert_int_equal(script_hear(&s, i).unsubscribe, 1);
    script_end(&s);
}

static void join_takes_fanout_peers_first_and_sends_graft(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    bool fanout[41] = {false};
    uint32_t kept = 0;
    script_begin(&s, &p);
    script_up_range(&s, 1, 40);
    assert_ok(gossipsub_publish(s.g, s.env, TOPIC, SPAN_LIT("a"), NULL));
    for (uint64_t i = 1; i <= 40; i++)
        fanout[i] = script_hear(&s, i).messages > 0;
    assert_ok(gossipsub_subscribe(s.g, s.env, TOPIC));
    for (uint64_t i = 1; i <= 40; i++) {
        assert_int_equal(script_hear(&s, i).graft, script_in_mesh(&s, i));
        kept += fanout[i] && script_in_mesh(&s, i);
    }
    assert_int_equal(kept, 6);
    assert_int_equal(script_mesh(&s), 6);
    script_end(&s);
}

static void join_fills_up_with_other_members_of_the_topic(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    script_up_range(&s, 1, 20);
    assert_ok(gossipsub_subscribe(s.g, s.env, TOPIC));
    assert_int_equal(script_mesh(&s), 6); /* at once, not at the heartbeat */
    script_end(&s);
}

static void leave_prunes_the_mesh_with_the_unsubscribe_backoff(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    uint32_t prunes = 0;
    script_begin(&s, &p);
    script_join(&s, 1, 6);
    script_hush(&s, 1, 6);
    gossipsub_unsubscribe(s.g, s.env, TOPIC);
    assert_int_equal(script_mesh(&s), 0);
    for (uint64_t i = 1; i <= 6; i++) {
        struct heard h = script_hear(&s, i);
        assert_int_equal(h.unsubscribe, 1);
        assert_int_equal(h.px, 0);
        prunes += h.prune;
        if (h.prune > 0)
            assert_int_equal(h.prune_backoff_s, p.unsubscribe_backoff_ns / NS_PER_S);
    }
    assert_int_equal(prunes, 6);
    script_end(&s);
}

static void rejoining_waits_for_the_unsubscribe_backoff(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    script_join(&s, 1, 6);
    gossipsub_unsubscribe(s.g, s.env, TOPIC);
    assert_ok(gossipsub_subscribe(s.g, s.env, TOPIC));
    assert_int_equal(script_mesh(&s), 0);
    script_run(&s, p.unsubscribe_backoff_ns);
    assert_int_equal(script_mesh(&s), 0); /* the slack */
    script_run(&s, 4 * NS_PER_S);
    assert_int_equal(script_mesh(&s), 6);
    script_end(&s);
}

/* --- GRAFT and PRUNE
 * ------------------------------------------------------------------------------- */

static void graft_of_a_subscribed_topic_is_accepted(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    assert_ok(gossipsub_subscribe(s.g, s.env, TOPIC));
    script_up(&s, 1);
    script_graft(&s, 1, TOPIC);
    assert_true(script_in_mesh(&s, 1));
    struct heard h = script_hear(&s, 1);
    assert_true(h.prune == 0 && h.graft == 0);
    script_end(&s);
}

static void graft_of_an_unknown_topic_is_ignored(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    assert_ok(gossipsub_subscribe(s.g, s.env, TOPIC));
    script_up(&s, 1);
    (void)script_hear(&s, 1);
    script_graft(&s, 1, OTHER_TOPIC);
    assert_int_equal(script_hear(&s, 1).rpcs, 0);
    script_end(&s);
}

static void prune_removes_from_the_mesh_and_backs_off_as_told(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    script_join(&s, 1, 1);
    script_prune(&s, 1, 30, 0);
    assert_false(script_in_mesh(&s, 1));
    script_run(&s, 31 * NS_PER_S); /* 30 s and the slack are not over */
    assert_false(script_in_mesh(&s, 1));
    script_run(&s, 3 * NS_PER_S);
    assert_true(script_in_mesh(&s, 1));
    script_end(&s);
}

static void prune_without_a_backoff_counts_as_the_default(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    script_join(&s, 1, 1);
    script_prune(&s, 1, 0, 0);
    script_run(&s, 61 * NS_PER_S);
    assert_false(script_in_mesh(&s, 1));
    script_run(&s, 4 * NS_PER_S);
    assert_true(script_in_mesh(&s, 1));
    script_end(&s);
}

static void graft_inside_the_backoff_is_pruned_penalised_and_extends_it(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    script_join(&s, 1, 1);
    script_prune(&s, 1, 60, 0);
    (void)script_hear(&s, 1);
    script_run(&s, 40 * NS_PER_S);
    script_graft(&s, 1, TOPIC);
    assert_false(script_in_mesh(&s, 1));
    assert_int_equal(script_hear(&s, 1).prune, 1);
    assert_score(&s, 1, p.behaviour_weight); /* 1 point, squared */
    script_run(&s, 50 * NS_PER_S);           /* beyond the first backoff, inside the extended one */
    assert_false(script_in_mesh(&s, 1));
    script_end(&s);
}

static void graft_right_after_our_prune_is_penalised_twice(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    script_join(&s, 1, 1);
    gossipsub_peer_app_score(s.g, 1, -1);
    script_beat(&s); /* pruned for its score */
    gossipsub_peer_app_score(s.g, 1, 0);
    assert_false(script_in_mesh(&s, 1));
    script_graft(&s, 1, TOPIC);
    assert_score(&s, 1, p.behaviour_weight * 4);
    script_end(&s);
}

static void backoff_survives_a_disconnection(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    script_join(&s, 1, 1);
    script_prune(&s, 1, 60, 0);
    gossipsub_peer_down(s.g, s.env, 1);
    script_run(&s, 10 * NS_PER_S);
    script_up(&s, 1);
    script_run(&s, 10 * NS_PER_S);
    assert_false(script_in_mesh(&s, 1));
    script_end(&s);
}

static void prune_carries_the_backoff_to_1_1_peers_only(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    assert_ok(gossipsub_subscribe(s.g, s.env, TOPIC));
    script_up_as(&s, 1, "/meshsub/1.0.0", false);
    script_up_as(&s, 2, "/vac/waku/relay/2.0.0", false);
    for (uint64_t i = 1; i <= 2; i++) {
        script_graft(&s, i, TOPIC);
        gossipsub_peer_app_score(s.g, i, -1);
    }
    script_hush(&s, 1, 2);
    script_beat(&s);
    struct heard old = script_hear(&s, 1), waku = script_hear(&s, 2);
    assert_true(old.prune == 1 && old.prune_backoff_s == 0);
    assert_true(waku.prune == 1 && waku.prune_backoff_s == 60);
    script_end(&s);
}

/* --- outbound quotas [1.1]
 * -------------------------------------------------------------------------- */

static void full_mesh_accepts_grafts_of_outbound_peers_only(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    assert_ok(gossipsub_subscribe(s.g, s.env, TOPIC));
    script_up_range(&s, 1, 9);
    for (uint64_t i = 1; i <= 8; i++)
        script_graft(&s, i, TOPIC);
    script_hush(&s, 1, 9);
    script_graft(&s, 9, TOPIC);
    assert_false(script_in_mesh(&s, 9));
    assert_int_equal(script_hear(&s, 9).prune, 1);
    script_up_outbound(&s, 10);
    script_graft(&s, 10, TOPIC);
    assert_true(script_in_mesh(&s, 10));
    script_end(&s);
}

static uint32_t outbound_in_mesh(struct script *s, uint64_t first, uint64_t last)
{
    uint32_t n = 0;
    for (uint64_t i = first; i <= last; i++)
        n += script_in_mesh(s, i);
    return n;
}

static void pruning_keeps_d_out_outbound_peers(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    assert_ok(gossipsub_subscribe(s.g, s.env, TOPIC));
    script_up_range(&s, 1, 8);
    for (uint64_t i = 1; i <= 8; i++) {
        script_graft(&s, i, TOPIC);
        gossipsub_peer_app_score(s.g, i, 100); /* better than the outbound ones */
    }
    for (uint64_t i = 9; i <= 12; i++) {
        script_up_outbound(&s, i);
        script_graft(&s, i, TOPIC);
    }
    script_beat(&s);
    assert_int_equal(script_mesh(&s), 6);
    assert_true(outbound_in_mesh(&s, 9, 12) >= p.d_out);
    script_end(&s);
}

static void heartbeat_grafts_outbound_peers_up_to_d_out(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    script_join(&s, 1, 6);
    for (uint64_t i = 7; i <= 12; i++)
        script_up_outbound(&s, i);
    script_beat(&s);
    assert_int_equal(outbound_in_mesh(&s, 7, 12), p.d_out);
    script_end(&s);
}

/* --- scores in the mesh [1.1, "Heartbeat Maintenance"]
 * ------------------------------------------------ */

static void negative_scores_are_pruned_and_not_grafted(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    script_join(&s, 1, 2);
    gossipsub_peer_app_score(s.g, 1, -0.001);
    script_hush(&s, 1, 2);
    script_beat(&s);
    assert_false(script_in_mesh(&s, 1));
    struct heard h = script_hear(&s, 1);
    assert_true(h.prune == 1 && h.px == 0);
    script_up(&s, 3);
    gossipsub_peer_app_score(s.g, 3, -0.001);
    script_beat(&s);
    assert_false(script_in_mesh(&s, 3));
    script_graft(&s, 3, TOPIC);
    assert_false(script_in_mesh(&s, 3));
    assert_int_equal(script_hear(&s, 3).prune, 1);
    script_end(&s);
}

static void pruning_keeps_the_d_score_best_peers(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    p.d_out = 0;
    script_begin(&s, &p);
    assert_ok(gossipsub_subscribe(s.g, s.env, TOPIC));
    for (uint64_t i = 1; i <= 30; i++) {
        script_up_outbound(&s, i);
        script_graft(&s, i, TOPIC);
        gossipsub_peer_app_score(s.g, i, (double)i);
    }
    script_beat(&s);
    assert_int_equal(script_mesh(&s), 6);
    for (uint64_t i = 27; i <= 30; i++)
        assert_true(script_in_mesh(&s, i));
    script_end(&s);
}

/* --- opportunistic grafting [1.1]
 * ------------------------------------------------------------------- */

static void low_median_grafts_better_peers_once_a_minute(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    p.opportunistic_graft_threshold = 5;
    script_begin(&s, &p);
    script_join(&s, 1, 6);
    script_up_range(&s, 7, 16);
    for (uint64_t i = 7; i <= 10; i++)
        gossipsub_peer_app_score(s.g, i, 50);
    script_run(&s, 50 * NS_PER_S);
    assert_int_equal(script_mesh(&s), 6);
    script_run(&s, 12 * NS_PER_S);
    assert_int_equal(script_mesh(&s), 8);
    assert_int_equal(outbound_in_mesh(&s, 7, 10), 2); /* above the median only */
    assert_int_equal(outbound_in_mesh(&s, 11, 16), 0);
    script_end(&s);
}

static void high_median_grafts_nobody(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    p.opportunistic_graft_threshold = 5;
    script_begin(&s, &p);
    script_join(&s, 1, 6);
    for (uint64_t i = 1; i <= 6; i++)
        gossipsub_peer_app_score(s.g, i, 10);
    script_up_range(&s, 7, 16);
    for (uint64_t i = 7; i <= 16; i++)
        gossipsub_peer_app_score(s.g, i, 50);
    script_run(&s, 130 * NS_PER_S);
    assert_int_equal(script_mesh(&s), 6);
    script_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grafts_up_to_d_when_mesh_is_low),
        cmocka_unit_test(leaves_the_mesh_alone_between_d_low_and_d_high),
        cmocka_unit_test(prunes_to_d_when_mesh_is_high),
        cmocka_unit_test(hello_announces_all_topics_to_a_new_peer),
        cmocka_unit_test(subscriptions_are_announced_to_all_peers),
        cmocka_unit_test(join_takes_fanout_peers_first_and_sends_graft),
        cmocka_unit_test(join_fills_up_with_other_members_of_the_topic),
        cmocka_unit_test(leave_prunes_the_mesh_with_the_unsubscribe_backoff),
        cmocka_unit_test(rejoining_waits_for_the_unsubscribe_backoff),
        cmocka_unit_test(graft_of_a_subscribed_topic_is_accepted),
        cmocka_unit_test(graft_of_an_unknown_topic_is_ignored),
        cmocka_unit_test(prune_removes_from_the_mesh_and_backs_off_as_told),
        cmocka_unit_test(prune_without_a_backoff_counts_as_the_default),
        cmocka_unit_test(graft_inside_the_backoff_is_pruned_penalised_and_extends_it),
        cmocka_unit_test(graft_right_after_our_prune_is_penalised_twice),
        cmocka_unit_test(backoff_survives_a_disconnection),
        cmocka_unit_test(prune_carries_the_backoff_to_1_1_peers_only),
        cmocka_unit_test(full_mesh_accepts_grafts_of_outbound_peers_only),
        cmocka_unit_test(pruning_keeps_d_out_outbound_peers),
        cmocka_unit_test(heartbeat_grafts_outbound_peers_up_to_d_out),
        cmocka_unit_test(negative_scores_are_pruned_and_not_grafted),
        cmocka_unit_test(pruning_keeps_the_d_score_best_peers),
        cmocka_unit_test(low_median_grafts_better_peers_once_a_minute),
        cmocka_unit_test(high_median_grafts_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
