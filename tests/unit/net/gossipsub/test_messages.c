#include "tests/lib/gossip.h"

static struct heard after_message(struct script *s, uint64_t from, uint64_t to, const char *text)
{
    script_say(s, from, text);
    return script_hear(s, to);
}

/* --- forwarding [1.0, "Message Processing"]
 * ------------------------------------------------------- */

static void valid_messages_go_to_the_mesh_but_not_back(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    script_join(&s, 1, 10);
    script_hush(&s, 1, 10);
    script_say(&s, 1, "a");
    for (uint64_t i = 1; i <= 10; i++)
        assert_int_equal(script_hear(&s, i).messages, i != 1 && script_in_mesh(&s, i));
    script_end(&s);
}

static void seen_messages_are_not_forwarded_again(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    script_join(&s, 1, 4);
    script_hush(&s, 1, 4);
    assert_int_equal(after_message(&s, 1, 3, "a").messages, 1);
    assert_int_equal(after_message(&s, 2, 3, "a").messages, 0);
    assert_int_equal(s.messages, 1);
    script_run(&s, p.seen_ttl_ns - 3 * NS_PER_S);
    script_hush(&s, 1, 4);
    assert_int_equal(after_message(&s, 2, 3, "a").messages, 0);
    script_run(&s, 5 * NS_PER_S); /* seen_ttl is over */
    script_hush(&s, 1, 4);
    assert_int_equal(after_message(&s, 2, 3, "a").messages, 1);
    script_end(&s);
}

static void our_own_message_is_not_forwarded_when_it_returns(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    script_join(&s, 1, 3);
    script_hush(&s, 1, 3);
    assert_ok(gossipsub_publish(s.g, s.env, TOPIC, SPAN_LIT("mine"), NULL));
    script_hush(&s, 1, 3);
    assert_int_equal(after_message(&s, 1, 2, "mine").messages, 0);
    assert_int_equal(s.messages, 0);
    assert_err(gossipsub_publish(s.g, s.env, TOPIC, SPAN_LIT("mine"), NULL), ERR_EXISTS);
    script_end(&s);
}

static void messages_of_topics_we_are_not_in_are_dropped(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    script_join(&s, 1, 3);
    script_message(&s, 1, OTHER_TOPIC, SPAN_LIT("a"));
    assert_int_equal(s.messages, 0);
    assert_int_equal(gossipsub_counts(s.g)->foreign, 1);
    script_end(&s);
}

static void data_is_forwarded_byte_for_byte_and_names_nobody(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    script_join(&s, 1, 3);
    script_hush(&s, 1, 3);
    struct span data =
        test_hex("0a01611202 2f74 1800 f80100"); /* defaults written out, as js does */
    script_message(&s, 1, TOPIC, data);
    struct heard h = script_hear(&s, 2);
    assert_span_equal(span_of(h.last_data, h.last_data_len), data);
    assert_false(h.named);
    assert_ok(gossipsub_publish(s.g, s.env, TOPIC, SPAN_LIT("mine"), NULL));
    h = script_hear(&s, 2);
    assert_true(h.messages == 1 && !h.named);
    script_end(&s);
}

static void message_id_is_the_sha256_of_the_data_unless_configured(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    uint8_t id[GOSSIPSUB_ID_BYTES];
    script_begin(&s, &p);
    script_join(&s, 1, 1);
    script_say(&s, 1, "abc");
    script_hash("abc", id);
    assert_memory_equal(s.last_id, id, sizeof id);
    script_end(&s);
}

static void first_byte_id(struct span topic, struct span data, uint8_t id[GOSSIPSUB_ID_BYTES])
{
    (void)topic;
    memset(id, data.ptr[0], GOSSIPSUB_ID_BYTES);
}

static void message_id_function_is_a_parameter(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    p.message_id = first_byte_id;
    script_begin(&s, &p);
    script_join(&s, 1, 1);
    script_say(&s, 1, "abc");
    script_say(&s, 1, "axx"); /* the same id */
    assert_int_equal(s.messages, 1);
    script_end(&s);
}

/* --- StrictNoSign [pubsub, "Signature Policy Options"]
 * ---------------------------------------------- */

static void check_field_rejected(uint32_t field, bool empty)
{
    struct script s;
    struct gossipsub_params p = script_params();
    struct buf b = BUF_INIT(4096);
    struct writer w = writer_to(&b);
    script_begin(&s, &p);
    script_join(&s, 1, 2);
    script_hush(&s, 1, 2);
    size_t at = pb_begin(&w, RPC_PUBLISH);
    pb_put_bytes(&w, MESSAGE_DATA, SPAN_LIT("data"));
    pb_put_bytes(&w, MESSAGE_TOPIC, TOPIC);
    pb_put_bytes(&w, field, empty ? SPAN_EMPTY : SPAN_LIT("who"));
    pb_end(&w, at);
    script_rpc(&s, 1, &b);
    assert_int_equal(s.messages, 0);
    assert_int_equal(script_hear(&s, 2).messages, 0);
    assert_score(&s, 1, p.topic_score.invalid_weight);
    script_say(&s, 2, "data"); /* the unsigned one is not hindered by it */
    assert_int_equal(s.messages, 1);
    buf_clear(&b);
    script_end(&s);
}

static void messages_with_from_seqno_signature_or_key_are_rejected(void **state)
{
    (void)state;
    static const uint32_t fields[] = {MESSAGE_FROM, MESSAGE_SEQNO, MESSAGE_SIGNATURE, MESSAGE_KEY};
    for (size_t i = 0; i < 4; i++) {
        check_field_rejected(fields[i], false);
        check_field_rejected(fields[i], true); /* present though empty */
    }
}

/* --- validation [1.1, "Extended Validators"]
 * --------------------------------------------------------- */

static void nothing_is_forwarded_before_the_verdict(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    script_join(&s, 1, 3);
    script_hush(&s, 1, 3);
    s.manual = true;
    assert_int_equal(after_message(&s, 1, 2, "a").messages, 0);
    gossipsub_verdict(s.g, s.env, s.ticket, GOSSIPSUB_ACCEPT);
    assert_int_equal(script_hear(&s, 2).messages, 1);
    gossipsub_verdict(s.g, s.env, s.ticket, GOSSIPSUB_ACCEPT); /* a second verdict is ignored */
    assert_int_equal(script_hear(&s, 2).messages, 0);
    script_end(&s);
}

static void rejected_messages_are_not_forwarded_and_cost_p4(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    script_join(&s, 1, 3);
    script_hush(&s, 1, 3);
    s.verdict = GOSSIPSUB_REJECT;
    assert_int_equal(after_message(&s, 1, 2, "a").messages, 0);
    assert_score(&s, 1, p.topic_score.invalid_weight);
    script_iwant(&s, 2, "a");
    assert_int_equal(script_hear(&s, 2).messages, 0);
    script_end(&s);
}

static void ignored_messages_are_not_forwarded_and_cost_nothing(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    script_join(&s, 1, 3);
    script_hush(&s, 1, 3);
    s.verdict = GOSSIPSUB_IGNORE;
    assert_int_equal(after_message(&s, 1, 2, "a").messages, 0);
    assert_int_equal(after_message(&s, 3, 2, "a").messages, 0);
    assert_score(&s, 1, 0);
    assert_score(&s, 3, 0);
    script_end(&s);
}

static void peers_that_sent_it_meanwhile_do_not_get_it_back(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    script_join(&s, 1, 3);
    script_hush(&s, 1, 3);
    s.manual = true;
    script_say(&s, 1, "a");
    script_say(&s, 2, "a");
    gossipsub_verdict(s.g, s.env, s.ticket, GOSSIPSUB_ACCEPT);
    assert_int_equal(script_hear(&s, 2).messages, 0);
    assert_int_equal(script_hear(&s, 3).messages, 1);
    script_end(&s);
}

static void too_much_waiting_for_verdicts_stops_reading_and_loses_nothing(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    struct span at;
    p.validating_bytes_max = 10;
    script_begin(&s, &p);
    script_join(&s, 1, 2);
    s.manual = true;
    script_say(&s, 1, "first");
    struct blob *b = rpc_encode_message(TOPIC, SPAN_LIT("second"), &at);
    assert_err(gossipsub_rpc(s.g, s.env, 2, blob_span(b)), ERR_FULL);
    gossipsub_verdict(s.g, s.env, s.ticket, GOSSIPSUB_ACCEPT);
    assert_ok(gossipsub_rpc(s.g, s.env, 2, blob_span(b)));
    script_pump(&s);
    assert_int_equal(s.messages, 2);
    blob_unref(b);
    script_end(&s);
}

static void oversize_messages_are_invalid(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    static uint8_t data[1001];
    p.message_bytes_max = 1000;
    script_begin(&s, &p);
    script_join(&s, 1, 2);
    script_message(&s, 1, TOPIC, span_of(data, 1001));
    assert_int_equal(s.messages, 0);
    assert_score(&s, 1, p.topic_score.invalid_weight);
    script_message(&s, 2, TOPIC, span_of(data, 1000));
    assert_int_equal(s.messages, 1);
    assert_err(gossipsub_publish(s.g, s.env, TOPIC, span_of(data, 1001), NULL), ERR_ARGUMENT);
    script_end(&s);
}

/* --- publishing and fanout
 * --------------------------------------------------------------------------- */

static uint32_t count_messages(struct script *s, uint64_t first, uint64_t last)
{
    uint32_t n = 0;
    for (uint64_t i = first; i <= last; i++)
        n += script_hear(s, i).messages;
    return n;
}

static void publishing_goes_to_the_mesh(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    struct gossipsub_published how;
    script_begin(&s, &p);
    script_join(&s, 1, 20);
    script_hush(&s, 1, 20);
    assert_ok(gossipsub_publish(s.g, s.env, TOPIC, SPAN_LIT("a"), &how));
    assert_int_equal(how.peers, 6);
    for (uint64_t i = 1; i <= 20; i++)
        assert_int_equal(script_hear(&s, i).messages, script_in_mesh(&s, i));
    script_end(&s);
}

static void publishing_unsubscribed_goes_to_d_fanout_peers_that_stay_the_same(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    struct gossipsub_published how;
    bool first[21];
    script_begin(&s, &p);
    script_up_range(&s, 1, 20);
    assert_ok(gossipsub_publish(s.g, s.env, TOPIC, SPAN_LIT("a"), &how));
    assert_int_equal(how.peers, 6);
    for (uint64_t i = 1; i <= 20; i++)
        first[i] = script_hear(&s, i).messages > 0;
    script_run(&s, 10 * NS_PER_S);
    script_hush(&s, 1, 20);
    assert_ok(gossipsub_publish(s.g, s.env, TOPIC, SPAN_LIT("b"), &how));
    for (uint64_t i = 1; i <= 20; i++)
        assert_int_equal(script_hear(&s, i).messages > 0, first[i]);
    script_end(&s);
}

static uint32_t fanout(struct script *s)
{
    struct gossipsub_topic_view v;
    return gossipsub_topic_get(s->g, TOPIC, &v) ? v.fanout : 0;
}

static void fanout_is_filled_up_and_forgotten_after_its_ttl(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    script_up_range(&s, 1, 6);
    assert_ok(gossipsub_publish(s.g, s.env, TOPIC, SPAN_LIT("a"), NULL));
    assert_int_equal(fanout(&s), 6);
    gossipsub_peer_down(s.g, s.env, 1);
    gossipsub_peer_down(s.g, s.env, 2);
    script_up_range(&s, 7, 12);
    assert_int_equal(fanout(&s), 4);
    script_beat(&s);
    assert_int_equal(fanout(&s), 6);
    script_run(&s, p.fanout_ttl_ns - 5 * NS_PER_S);
    assert_int_equal(fanout(&s), 6);
    script_run(&s, 7 * NS_PER_S);
    assert_int_equal(fanout(&s), 0);
    script_end(&s);
}

static void fanout_topics_emit_gossip_too(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    uint32_t heard = 0;
    script_begin(&s, &p);
    script_up_range(&s, 1, 20);
    assert_ok(gossipsub_publish(s.g, s.env, TOPIC, SPAN_LIT("a"), NULL));
    script_hush(&s, 1, 20);
    script_beat(&s);
    for (uint64_t i = 1; i <= 20; i++)
        heard += script_hear(&s, i).ihave;
    assert_int_equal(heard, p.d_lazy);
    script_end(&s);
}

static void flood_publishing_is_off_unless_asked_for(void **state)
{
    (void)state;
    for (int flood = 0; flood < 2; flood++) {
        struct script s;
        struct gossipsub_params p = script_params();
        p.flood_publish = flood == 1;
        script_begin(&s, &p);
        script_join(&s, 1, 20);
        gossipsub_peer_app_score(s.g, 20, p.publish_threshold - 1);
        script_hush(&s, 1, 20);
        assert_ok(gossipsub_publish(s.g, s.env, TOPIC, SPAN_LIT("a"), NULL));
        bool last_in_mesh = script_in_mesh(&s, 20);
        uint32_t n = count_messages(&s, 1, 20);
        assert_int_equal(n, flood ? 19 : 6 - (uint32_t)last_in_mesh);
        script_say(&s, 1, "b"); /* what others say goes to the mesh all the same */
        assert_true(count_messages(&s, 1, 20) <= 6);
        script_end(&s);
    }
}

static void publish_threshold_bars_our_own_messages(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    struct gossipsub_published how;
    script_begin(&s, &p);
    script_up_range(&s, 1, 2);
    gossipsub_peer_app_score(s.g, 1, p.publish_threshold - 1);
    gossipsub_peer_app_score(s.g, 2, p.publish_threshold);
    assert_ok(gossipsub_publish(s.g, s.env, TOPIC, SPAN_LIT("a"), &how));
    assert_int_equal(how.peers, 1);
    assert_int_equal(script_hear(&s, 1).messages, 0);
    assert_int_equal(script_hear(&s, 2).messages, 1);
    script_end(&s);
}

static void graylisted_peers_are_not_listened_to(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    script_join(&s, 1, 3);
    gossipsub_peer_app_score(s.g, 1, p.graylist_threshold - 1);
    gossipsub_peer_app_score(s.g, 2, p.graylist_threshold);
    script_say(&s, 1, "a");
    assert_int_equal(s.messages, 0);
    script_say(&s, 2, "b");
    assert_int_equal(s.messages, 1);
    script_beat(&s);
    assert_int_equal(s.disconnects, 1); /* and the host is asked to part with it, once */
    script_beat(&s);
    assert_int_equal(s.disconnects, 1);
    script_end(&s);
}

static void floodsub_peers_get_every_message_of_their_topics(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    script_join(&s, 1, 8);
    script_up_as(&s, 9, "/floodsub/1.0.0", false);
    script_subscription(&s, 9, TOPIC, true);
    script_beat(&s);
    script_hush(&s, 1, 9);
    assert_int_equal(after_message(&s, 1, 9, "a").messages, 1);
    assert_ok(gossipsub_publish(s.g, s.env, TOPIC, SPAN_LIT("mine"), NULL));
    struct heard h = script_hear(&s, 9);
    assert_true(h.messages == 1 && h.graft == 0 && h.ihave == 0);
    assert_false(script_in_mesh(&s, 9));
    script_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_messages_go_to_the_mesh_but_not_back),
        cmocka_unit_test(seen_messages_are_not_forwarded_again),
        cmocka_unit_test(our_own_message_is_not_forwarded_when_it_returns),
        cmocka_unit_test(messages_of_topics_we_are_not_in_are_dropped),
        cmocka_unit_test(data_is_forwarded_byte_for_byte_and_names_nobody),
        cmocka_unit_test(message_id_is_the_sha256_of_the_data_unless_configured),
        cmocka_unit_test(message_id_function_is_a_parameter),
        cmocka_unit_test(messages_with_from_seqno_signature_or_key_are_rejected),
        cmocka_unit_test(nothing_is_forwarded_before_the_verdict),
        cmocka_unit_test(rejected_messages_are_not_forwarded_and_cost_p4),
        cmocka_unit_test(ignored_messages_are_not_forwarded_and_cost_nothing),
        cmocka_unit_test(peers_that_sent_it_meanwhile_do_not_get_it_back),
        cmocka_unit_test(too_much_waiting_for_verdicts_stops_reading_and_loses_nothing),
        cmocka_unit_test(oversize_messages_are_invalid),
        cmocka_unit_test(publishing_goes_to_the_mesh),
        cmocka_unit_test(publishing_unsubscribed_goes_to_d_fanout_peers_that_stay_the_same),
        cmocka_unit_test(fanout_is_filled_up_and_forgotten_after_its_ttl),
        cmocka_unit_test(fanout_topics_emit_gossip_too),
        cmocka_unit_test(flood_publishing_is_off_unless_asked_for),
        cmocka_unit_test(publish_threshold_bars_our_own_messages),
        cmocka_unit_test(graylisted_peers_are_not_listened_to),
        cmocka_unit_test(floodsub_peers_get_every_message_of_their_topics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
