#include "net/gossipsub/score.h"
#include "tests/lib/gossip.h"

/* One peer, weights as the test wants them, decay by hand. */
static struct gossipsub_params plain(void)
{
    struct gossipsub_params p = script_params();
    p.decay_interval_ns = 10 * NS_PER_S;
    p.topic_score.time_in_mesh_weight = 0;
    p.topic_score.first_deliveries_weight = 0;
    p.opportunistic_graft_threshold = 0;
    p.disconnect_graylisted = false;
    return p;
}

static void say_many(struct script *s, uint64_t peer, const char *prefix, uint32_t count)
{
    char text[64];
    for (uint32_t i = 0; i < count; i++) {
        snprintf(text, sizeof text, "%s %u", prefix, i);
        script_say(s, peer, text);
    }
}

static void p1_counts_whole_quanta_in_the_mesh_up_to_its_cap(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = plain();
    p.topic_score.time_in_mesh_weight = 0.5;
    p.topic_score.time_in_mesh_quantum_ns = 4 * NS_PER_S;
    p.topic_score.time_in_mesh_cap = 5;
    p.topic_score.topic_weight = 2;
    script_begin(&s, &p);
    assert_ok(gossipsub_subscribe(s.g, s.env, TOPIC));
    script_up(&s, 1);
    script_graft(&s, 1, TOPIC);
    assert_score(&s, 1, 0); /* computed at the decay only */
    script_run(&s, 11 * NS_PER_S);
    double two_quanta = 2 * (0.5 * 2);
    assert_score(&s, 1, two_quanta); /* 10 s and some are 2 quanta of 4 s */
    script_run(&s, 60 * NS_PER_S);
    assert_score(&s, 1, 2 * (0.5 * 5)); /* the cap */
    script_prune(&s, 1, 0, 0);
    assert_score(&s, 1, 0); /* only while it is in the mesh */
    script_end(&s);
}

static void p2_counts_first_deliveries_up_to_its_cap(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = plain();
    p.topic_score.first_deliveries_weight = 2;
    p.topic_score.first_deliveries_cap = 7;
    script_begin(&s, &p);
    script_join(&s, 1, 2);
    say_many(&s, 1, "a", 3);
    say_many(&s, 2, "a", 3); /* not the first */
    assert_score(&s, 1, 2 * 3);
    assert_score(&s, 2, 0);
    say_many(&s, 1, "b", 10);
    assert_score(&s, 1, 2 * 7);
    script_end(&s);
}

static struct gossipsub_params with_p3(void)
{
    struct gossipsub_params p = plain();
    p.topic_score.mesh_deliveries_weight = -1;
    p.topic_score.mesh_deliveries_threshold = 4;
    p.topic_score.mesh_deliveries_cap = 5;
    p.topic_score.mesh_deliveries_decay = 0.999999;
    p.topic_score.mesh_deliveries_activation_ns = 15 * NS_PER_S;
    p.topic_score.mesh_deliveries_window_ns = 5 * NS_PER_MS;
    p.topic_score.mesh_failure_decay = 0.5;
    return p;
}

static void p3_is_the_square_of_the_delivery_deficit_after_activation(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = with_p3();
    p.decay_to_zero = 1e-12;
    script_begin(&s, &p);
    assert_ok(gossipsub_subscribe(s.g, s.env, TOPIC));
    script_up(&s, 1);
    script_graft(&s, 1, TOPIC);
    script_say(&s, 1, "one");
    gossipsub_peer_app_score(s.g, 1, 100); /* else the deficit would get it pruned */
    script_run(&s, 11 * NS_PER_S);
    assert_score(&s, 1, 100); /* not yet active */
    script_run(&s, 9500 * NS_PER_MS);
    double deficit = 4 - 1;
    assert_true(script_score(&s, 1) < 100 - deficit * deficit + 0.001);
    assert_true(script_score(&s, 1) > 100 - deficit * deficit - 0.001);
    script_end(&s);
}

static void p3_is_zero_when_the_threshold_is_met(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = with_p3();
    script_begin(&s, &p);
    assert_ok(gossipsub_subscribe(s.g, s.env, TOPIC));
    script_up(&s, 1);
    script_graft(&s, 1, TOPIC);
    say_many(&s, 1, "m", 9); /* capped at 5, above 4 */
    script_run(&s, 21 * NS_PER_S);
    assert_score(&s, 1, 0);
    assert_true(script_in_mesh(&s, 1));
    script_end(&s);
}

/* deliveries of peer 2 that is in the mesh, after `late_ns` behind peer 1's */
static double deliveries_after(int64_t late_ns, bool before_verdict, uint32_t copies)
{
    struct script s;
    struct gossipsub_params p = with_p3();
    script_begin(&s, &p);
    assert_ok(gossipsub_subscribe(s.g, s.env, TOPIC));
    script_up_range(&s, 1, 2);
    script_graft(&s, 1, TOPIC);
    script_graft(&s, 2, TOPIC);
    s.manual = before_verdict;
    script_say(&s, 1, "m");
    test_env_advance(&s.t, late_ns);
    for (uint32_t i = 0; i < copies; i++)
        script_say(&s, 2, "m");
    if (before_verdict)
        gossipsub_verdict(s.g, s.env, s.ticket, GOSSIPSUB_ACCEPT);
    double n = member_get(peer_get(s.g, 2), topic_get(s.g, TOPIC))->deliveries;
    script_end(&s);
    return n;
}

static void near_first_deliveries_count_inside_the_window_and_once(void **state)
{
    (void)state;
    assert_true(script_near(deliveries_after(4 * NS_PER_MS, false, 1), 1));
    assert_true(script_near(deliveries_after(6 * NS_PER_MS, false, 1), 0));
    assert_true(script_near(deliveries_after(NS_PER_MS, false, 5), 1)); /* no score by replaying */
}

static void duplicates_during_validation_count_as_near_first(void **state)
{
    (void)state;
    assert_true(script_near(deliveries_after(NS_PER_S, true, 1), 1));
    assert_true(script_near(deliveries_after(NS_PER_S, true, 3), 1));
}

static void p3b_keeps_the_deficit_of_a_pruned_peer(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = with_p3();
    p.topic_score.mesh_deliveries_weight = 0;
    p.topic_score.mesh_failure_weight = -2;
    script_begin(&s, &p);
    assert_ok(gossipsub_subscribe(s.g, s.env, TOPIC));
    script_up(&s, 1);
    script_graft(&s, 1, TOPIC);
    script_run(&s, 21 * NS_PER_S);
    assert_score(&s, 1, 0);
    script_prune(&s, 1, 0, 0);
    assert_score(&s, 1, -2 * (4.0 * 4.0)); /* sticks after the prune */
    script_run(&s, 10 * NS_PER_S);
    assert_score(&s, 1, -2 * (4.0 * 4.0) * 0.5);
    script_end(&s);
}

static void p4_is_the_square_of_invalid_messages_for_everyone_who_sent_them(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = plain();
    p.topic_score.invalid_weight = -1;
    script_begin(&s, &p);
    script_join(&s, 1, 3);
    s.verdict = GOSSIPSUB_REJECT;
    say_many(&s, 1, "bad", 3);
    assert_score(&s, 1, -9);
    script_say(&s, 2, "bad 0"); /* known to be invalid */
    assert_score(&s, 2, -1);
    s.manual = true;
    script_say(&s, 1, "slow");
    script_say(&s, 3, "slow"); /* while it is validated */
    gossipsub_verdict(s.g, s.env, s.ticket, GOSSIPSUB_REJECT);
    assert_score(&s, 3, -1);
    assert_score(&s, 1, -16);
    script_end(&s);
}

static void p5_is_what_the_application_says_times_its_weight(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = plain();
    p.app_weight = 3;
    script_begin(&s, &p);
    script_up(&s, 1);
    gossipsub_peer_app_score(s.g, 1, -2.5);
    assert_score(&s, 1, -7.5);
    gossipsub_peer_app_score(s.g, 1, 4);
    assert_score(&s, 1, 12);
    script_end(&s);
}

static void up_at(struct script *s, uint64_t peer, const char *ip_hex)
{
    struct peer_id id = script_id(peer);
    assert_ok(
        gossipsub_peer_up(s->g, s->env, peer, &id, "/meshsub/1.1.0", false, test_hex(ip_hex)));
}

static void p6_is_the_square_of_the_peers_too_many_on_one_address(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = plain();
    p.colocation_threshold = 2;
    p.colocation_weight = -3;
    script_begin(&s, &p);
    up_at(&s, 1, "01020304");
    up_at(&s, 2, "01020304");
    up_at(&s, 9, "01020305");
    assert_score(&s, 1, 0);
    up_at(&s, 3, "01020304");
    up_at(&s, 4, "00000000000000000000ffff01020304"); /* the same, written as IPv6 */
    assert_score(&s, 1, -3 * 4.0);
    assert_score(&s, 4, -3 * 4.0);
    assert_score(&s, 9, 0);
    gossipsub_peer_down(s.g, s.env, 4);
    assert_score(&s, 1, -3 * 1.0);
    up_at(&s, 11, "20010db8000000010000000000000001"); /* one /64 is one holder */
    up_at(&s, 12, "20010db8000000010000000000000002");
    up_at(&s, 13, "20010db8000000010000000000000003");
    assert_score(&s, 13, -3);
    script_end(&s);
}

static void p6_spares_exempt_subnets_and_loopback_by_default(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = plain();
    p.colocation_threshold = 1;
    p.colocation_exempt[p.colocation_exempt_count++] =
        (struct gossipsub_subnet){.bytes = {10, 64}, .len = 4, .bits = 10};
    script_begin(&s, &p);
    for (uint64_t i = 1; i <= 5; i++)
        up_at(&s, i, i % 2 == 0 ? "7f000001" : "00000000000000000000ffff7f000001");
    for (uint64_t i = 6; i <= 10; i++)
        up_at(&s, i, "0a7f0001");
    for (uint64_t i = 11; i <= 12; i++)
        up_at(&s, i, "0a800001");
    assert_score(&s, 5, 0);
    assert_score(&s, 10, 0);
    assert_score(&s, 12, -50);
    script_end(&s);
}

static void p7_is_the_square_of_the_penalty_counter_and_decays(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = plain();
    p.behaviour_weight = -10;
    p.behaviour_decay = 0.5;
    script_begin(&s, &p);
    script_join(&s, 1, 1);
    score_penalty(peer_get(s.g, 1), 3);
    assert_score(&s, 1, -90);
    script_run(&s, 10 * NS_PER_S);
    assert_score(&s, 1, -10 * 1.5 * 1.5);
    script_end(&s);
}

static void counters_decay_by_their_factor_and_end_at_zero(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = plain();
    p.topic_score.first_deliveries_weight = 1;
    p.topic_score.first_deliveries_cap = 1000;
    p.topic_score.first_deliveries_decay = 0.97;
    p.decay_to_zero = 100;
    script_begin(&s, &p);
    script_join(&s, 1, 1);
    say_many(&s, 1, "m", 120);
    assert_score(&s, 1, 120);
    script_run(&s, 10 * NS_PER_S);
    assert_score(&s, 1, 120 * 0.97); /* the specification's own example: 116.4 */
    for (int i = 0; i < 6; i++)
        script_run(&s, 10 * NS_PER_S);
    assert_score(&s, 1, 0); /* below decay_to_zero */
    script_end(&s);
}

static void score_is_the_weighted_sum_over_topics_with_a_cap(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = plain();
    p.topic_score.first_deliveries_weight = 1;
    p.topic_score.topic_weight = 0.5;
    p.topic_score_cap = 6;
    p.app_weight = 1;
    struct gossipsub_topic_score other = p.topic_score;
    other.topic_weight = 2;
    script_begin(&s, &p);
    assert_ok(gossipsub_topic_score(s.g, s.env, OTHER_TOPIC, &other));
    assert_ok(gossipsub_subscribe(s.g, s.env, OTHER_TOPIC));
    script_join(&s, 1, 1);
    script_say(&s, 1, "a");
    script_say(&s, 1, "b");
    script_message(&s, 1, OTHER_TOPIC, SPAN_LIT("c"));
    gossipsub_peer_app_score(s.g, 1, 10);
    assert_score(&s, 1, 0.5 * 2 + 2.0 * 1 + 10);
    script_message(&s, 1, OTHER_TOPIC, SPAN_LIT("d"));
    script_message(&s, 1, OTHER_TOPIC, SPAN_LIT("e"));
    script_message(&s, 1, OTHER_TOPIC, SPAN_LIT("f"));
    assert_score(&s, 1, 6 + 10); /* 9 is capped, what is not of topics is added after it */
    script_end(&s);
}

static void score_survives_a_disconnection_for_its_time(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = plain();
    p.retain_score_ns = 100 * NS_PER_S;
    p.topic_score.invalid_weight = -1;
    script_begin(&s, &p);
    script_join(&s, 1, 2);
    s.verdict = GOSSIPSUB_REJECT;
    script_say(&s, 1, "bad");
    script_say(&s, 2, "worse");
    gossipsub_peer_down(s.g, s.env, 1);
    gossipsub_peer_down(s.g, s.env, 2);
    script_run(&s, 50 * NS_PER_S);
    script_up(&s, 1);
    assert_score(&s, 1, -1); /* and it did not decay meanwhile */
    script_run(&s, 80 * NS_PER_S);
    script_up(&s, 2);
    assert_score(&s, 2, 0);
    script_end(&s);
}

static void only_configured_weights_contribute(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = plain();
    p.topic_score.topic_weight = 0; /* a topic that is not configured */
    p.topic_score.first_deliveries_weight = 1;
    script_begin(&s, &p);
    script_join(&s, 1, 1);
    s.verdict = GOSSIPSUB_REJECT;
    say_many(&s, 1, "bad", 5);
    assert_score(&s, 1, 0);
    script_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(p1_counts_whole_quanta_in_the_mesh_up_to_its_cap),
        cmocka_unit_test(p2_counts_first_deliveries_up_to_its_cap),
        cmocka_unit_test(p3_is_the_square_of_the_delivery_deficit_after_activation),
        cmocka_unit_test(p3_is_zero_when_the_threshold_is_met),
        cmocka_unit_test(near_first_deliveries_count_inside_the_window_and_once),
        cmocka_unit_test(duplicates_during_validation_count_as_near_first),
        cmocka_unit_test(p3b_keeps_the_deficit_of_a_pruned_peer),
        cmocka_unit_test(p4_is_the_square_of_invalid_messages_for_everyone_who_sent_them),
        cmocka_unit_test(p5_is_what_the_application_says_times_its_weight),
        cmocka_unit_test(p6_is_the_square_of_the_peers_too_many_on_one_address),
        cmocka_unit_test(p6_spares_exempt_subnets_and_loopback_by_default),
        cmocka_unit_test(p7_is_the_square_of_the_penalty_counter_and_decays),
        cmocka_unit_test(counters_decay_by_their_factor_and_end_at_zero),
        cmocka_unit_test(score_is_the_weighted_sum_over_topics_with_a_cap),
        cmocka_unit_test(score_survives_a_disconnection_for_its_time),
        cmocka_unit_test(only_configured_weights_contribute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
