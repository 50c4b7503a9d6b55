#include "tests/lib/gossip.h"

/* A full mesh of eight; peer 30 is refused. Peers 10..29 are in the topic, outside the mesh. */
static struct heard refuse(struct script *s, const struct gossipsub_params *p, const char *protocol)
{
    script_begin(s, p);
    assert_ok(gossipsub_subscribe(s->g, s->env, TOPIC));
    script_up_range(s, 1, 8);
    for (uint64_t i = 1; i <= 8; i++)
        script_graft(s, i, TOPIC);
    script_up_range(s, 10, 29);
    for (uint64_t i = 1; i <= 29; i++)
        gossipsub_peer_record(s->g, i, SPAN_LIT("signed"));
    for (uint64_t i = 10; i <= 25; i++)
        gossipsub_peer_app_score(s->g, i, -1);
    script_up_as(s, 30, protocol, false);
    script_subscription(s, 30, TOPIC, true);
    script_graft(s, 30, TOPIC);
    return script_hear(s, 30);
}

static void oversubscription_prunes_with_peers_of_good_score_and_their_records(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    assert_true(p.px_peers > p.d_high);
    struct heard h = refuse(&s, &p, "/meshsub/1.1.0");
    assert_int_equal(h.prune, 1);
    assert_int_equal(h.px, 12); /* 1..8 and 26..29: neither the negative ones nor itself */
    assert_int_equal(h.px_records, 12);
    assert_int_equal(h.prune_backoff_s, 60);
    script_end(&s);
}

static void px_is_not_sent_to_1_0_peers_or_when_switched_off(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    struct heard h = refuse(&s, &p, "/meshsub/1.0.0");
    assert_true(h.prune == 1 && h.px == 0);
    script_end(&s);
    p.px = false;
    h = refuse(&s, &p, "/meshsub/1.1.0");
    assert_true(h.prune == 1 && h.px == 0);
    script_end(&s);
}

static void px_is_not_sent_to_negative_scores(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    (void)refuse(&s, &p, "/meshsub/1.1.0");
    gossipsub_peer_app_score(s.g, 1, -1);
    script_beat(&s);
    struct heard h = script_hear(&s, 1);
    assert_true(h.prune == 1 && h.px == 0);
    script_end(&s);
}

static void px_is_accepted_from_the_threshold_on(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    p.accept_px_threshold = 5;
    script_begin(&s, &p);
    script_join(&s, 1, 2);
    gossipsub_peer_app_score(s.g, 1, 4.9);
    gossipsub_peer_app_score(s.g, 2, 5);
    script_prune(&s, 1, 60, 77);
    assert_int_equal(s.connects, 0);
    script_prune(&s, 2, 60, 77);
    assert_int_equal(s.connects, 1);
    struct peer_id id = script_id(77);
    assert_true(peer_id_eq(&s.connect_id, &id));
    assert_int_equal(s.connect_record_len, 8); /* the record goes along, for the host to verify */
    script_prune(&s, 2, 60, 78);               /* not in our mesh any more: no more of it */
    assert_int_equal(s.connects, 1);
    script_end(&s);
}

static void bootstrapper_refuses_every_graft_with_peers(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    p.d = p.d_low = p.d_high = p.d_score = p.d_out = 0;
    script_begin(&s, &p);
    assert_ok(gossipsub_subscribe(s.g, s.env, TOPIC));
    script_up_range(&s, 1, 5);
    script_up_outbound(&s, 6);
    script_hush(&s, 1, 6);
    for (uint64_t i = 5; i <= 6; i++) {
        script_graft(&s, i, TOPIC);
        struct heard h = script_hear(&s, i);
        assert_true(h.prune == 1 && h.px == 5);
    }
    script_run(&s, 5 * NS_PER_S);
    assert_int_equal(script_mesh(&s), 0);
    script_end(&s);
}

/* --- explicit peers [1.1, "Explicit Peering Agreements"]
 * ------------------------------------------- */

static void make_direct(struct script *s, uint64_t peer)
{
    struct peer_id id = script_id(peer);
    assert_ok(gossipsub_direct(s->g, s->env, &id, true));
    script_pump(s);
}

static void explicit_peers_are_connected_to_and_again_every_five_minutes(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    make_direct(&s, 1);
    assert_int_equal(s.connects, 1);
    script_run(&s, 302 * NS_PER_S);
    assert_int_equal(s.connects, 2);
    script_up(&s, 1);
    script_run(&s, 302 * NS_PER_S);
    assert_int_equal(s.connects, 2);
    gossipsub_peer_down(s.g, s.env, 1);
    script_run(&s, 302 * NS_PER_S);
    assert_int_equal(s.connects, 3);
    script_end(&s);
}

static void explicit_peers_get_every_message_outside_the_mesh(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    make_direct(&s, 9);
    script_join(&s, 1, 8);
    script_up(&s, 9);
    script_run(&s, 3 * NS_PER_S);
    assert_false(script_in_mesh(&s, 9));
    (void)script_hear(&s, 9);
    script_say(&s, 1, "a");
    assert_int_equal(script_hear(&s, 9).messages, 1);
    assert_ok(gossipsub_publish(s.g, s.env, TOPIC, SPAN_LIT("mine"), NULL));
    assert_int_equal(script_hear(&s, 9).messages, 1);
    script_end(&s);
}

static void explicit_peers_are_listened_to_whatever_their_score(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    make_direct(&s, 1);
    script_join(&s, 1, 2);
    gossipsub_peer_app_score(s.g, 1, 2 * p.graylist_threshold);
    script_say(&s, 1, "a");
    assert_int_equal(s.messages, 1);
    script_beat(&s);
    assert_int_equal(s.disconnects, 0);
    script_end(&s);
}

static void graft_of_an_explicit_peer_is_an_error_and_pruned(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    make_direct(&s, 1);
    script_join(&s, 1, 2);
    (void)script_hear(&s, 1);
    script_graft(&s, 1, TOPIC);
    assert_false(script_in_mesh(&s, 1));
    assert_int_equal(script_hear(&s, 1).prune, 1);
    script_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(oversubscription_prunes_with_peers_of_good_score_and_their_records),
        cmocka_unit_test(px_is_not_sent_to_1_0_peers_or_when_switched_off),
        cmocka_unit_test(px_is_not_sent_to_negative_scores),
        cmocka_unit_test(px_is_accepted_from_the_threshold_on),
        cmocka_unit_test(bootstrapper_refuses_every_graft_with_peers),
        cmocka_unit_test(explicit_peers_are_connected_to_and_again_every_five_minutes),
        cmocka_unit_test(explicit_peers_get_every_message_outside_the_mesh),
        cmocka_unit_test(explicit_peers_are_listened_to_whatever_their_score),
        cmocka_unit_test(graft_of_an_explicit_peer_is_an_error_and_pruned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
