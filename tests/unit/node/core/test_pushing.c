/* Lightpush through the core over played streams: who may push what, what becomes of it, and pushes
 * of the user through a service node. */
#include "tests/lib/pushing.h"

static void what_is_refused_and_with_which_code(void **state)
{
    (void)state;
    static uint8_t large[153600];
    struct world w;
    struct buf b = BUF_INIT(1);
    struct span ct = SPAN_LIT("/a/1/b/c"), x = SPAN_LIT("x");
    begin(&w, true, false);
    assert_int_equal(push(&w, LIGHTPUSH_V3, TOPIC, message_of(&b, x, ct, 1)).status, 505);
    assert_int_equal(core_counters(w.c)->messages_published, 0); /* nobody would have got it */
    relay_peer(&w);
    assert_int_equal(
        push(&w, LIGHTPUSH_V3, TOPIC, message_of(&b, span_of(large, sizeof large), ct, 1)).status,
        413);
    assert_int_equal(
        push(&w, LIGHTPUSH_V3, SPAN_LIT("/waku/2/rs/66/5"), message_of(&b, x, ct, 1)).status, 421);
    assert_int_equal(push(&w, LIGHTPUSH_V3, TOPIC, SPAN_LIT("\xff\xff")).status, 400);
    assert_int_equal(push(&w, LIGHTPUSH_V3, TOPIC, message_of(&b, SPAN_EMPTY, ct, 1)).status, 420);
    assert_int_equal(push(&w, LIGHTPUSH_V3, TOPIC, message_of(&b, x, SPAN_EMPTY, 1)).status, 420);
    struct lightpush_result r =
        push(&w, LIGHTPUSH_V3, SPAN_EMPTY, message_of(&b, x, SPAN_LIT("none"), 1));
    assert_int_equal(r.status, 420);
    assert_true(r.desc[0] != '\0');
    assert_int_equal(core_counters(w.c)->messages_published, 0);
    assert_int_equal(w.told[CORE_EVENT_MESSAGE], 0);
    assert_int_equal(push(&w, LIGHTPUSH_V3, TOPIC, message_of(&b, x, ct, 1)).status, 200);
    core_stop(w.c, w.f->env);
    assert_int_equal(push(&w, LIGHTPUSH_V3, TOPIC, message_of(&b, x, ct, 2)).status, 503);
    buf_clear(&b);
    end(&w);
}

static bool holds(struct span all, struct span part)
{
    for (size_t i = 0; i + part.len <= all.len; i++)
        if (memcmp(all.ptr + i, part.ptr, part.len) == 0)
            return true;
    return false;
}

static void a_pushed_message_is_relayed_and_shown(void **state)
{
    (void)state;
    struct world w;
    struct buf b = BUF_INIT(1);
    begin(&w, true, false);
    relay_peer(&w);
    uint64_t out = fake_find(w.f, 2, gossipsub_protocols[0], true);
    for (size_t v = 0; v < LIGHTPUSH_VERSIONS; v++) {
        fake_at(w.f, out)->wrote.len = 0;
        struct span m = message_of(&b, SPAN_LIT("hello"), SPAN_LIT("/a/1/b/c"), 5 + (int64_t)v);
        struct lightpush_result r =
            push(&w, (enum lightpush_version)v, v == 0 ? SPAN_EMPTY : TOPIC, m);
        assert_int_equal(r.status, 200);
        if (v == LIGHTPUSH_V3)
            assert_int_equal(r.relay_peers, 1);
        assert_true(holds(buf_span(&fake_at(w.f, out)->wrote), m)); /* byte for byte */
        assert_int_equal(w.told[CORE_EVENT_MESSAGE], v + 1);
        /* again: what was asked has happened */
        assert_int_equal(push(&w, (enum lightpush_version)v, TOPIC, m).status, 200);
        assert_int_equal(w.told[CORE_EVENT_MESSAGE], v + 1);
    }
    buf_clear(&b);
    end(&w);
}

static void a_message_without_a_time_gets_ours(void **state)
{
    (void)state;
    struct world w;
    struct buf b = BUF_INIT(1);
    struct waku_message m = {.payload = SPAN_LIT("x"), .content_topic = SPAN_LIT("/a/1/b/c")};
    uint8_t hash[32];
    begin(&w, true, false);
    relay_peer(&w);
    assert_int_equal(
        push(&w, LIGHTPUSH_V3, TOPIC, message_of(&b, m.payload, m.content_topic, 0)).status, 200);
    m.timestamp_ns = w.f->env->wall.ns;
    waku_message_hash(TOPIC, &m, hash);
    assert_memory_equal(w.hash, hash, 32);
    buf_clear(&b);
    end(&w);
}

/* ---- of the user ---- */

static const struct core_message mine = {.payload = {(const uint8_t *)"x", 1},
                                         .content_topic = {(const uint8_t *)"/a/1/b/c", 8}};

static void the_user_pushes_by_our_relay(void **state)
{
    (void)state;
    struct world w;
    struct core_message none = {.content_topic = SPAN_LIT("/a/1/b/c")};
    begin(&w, true, false);
    assert_ok(core_push(w.c, w.f->env, SPAN_EMPTY, &mine, 7));
    pump(&w);
    assert_int_equal(w.pushed.status, 505);
    relay_peer(&w);
    assert_ok(core_push(w.c, w.f->env, SPAN_EMPTY, &mine, 8));
    pump(&w);
    assert_int_equal(w.pushed.status, 200);
    assert_int_equal(w.pushed.relay_peers, 1);
    assert_int_equal(w.ticket, 8);
    assert_int_equal(w.told[CORE_EVENT_MESSAGE], 1);
    assert_ok(core_push(w.c, w.f->env, SPAN_EMPTY, &none, 9));
    pump(&w);
    assert_int_equal(w.pushed.status, 420);
    assert_int_equal(w.told[CORE_EVENT_PUSHED], 3);
    end(&w);
}

static void through(struct world *w, enum lightpush_version v, const struct lightpush_result *says)
{
    struct lightpush_request r;
    struct lightpush_answer a = {.result = *says};
    struct waku_message m;
    struct buf b = BUF_INIT(1000);
    const char *why;
    assert_ok(core_push(w->c, w->f->env, SPAN_EMPTY, &mine, 3));
    pump(w);
    uint64_t s = fake_find(w->f, 1, lightpush_codecs[v].id, true);
    assert_true(s != 0);
    fake_opened(w->f, s);
    pump(w);
    assert_ok(lightpush_codecs[v].read_request(fake_wrote(w->f, s), &r, &why));
    assert_span_equal(r.pubsub_topic, TOPIC);
    assert_ok(waku_message_decode(r.message, &m));
    assert_int_equal(m.timestamp_ns, w->f->env->wall.ns);
    a.request_id = r.request_id;
    assert_ok(lightpush_codecs[v].write_answer(&a, &b));
    fake_frame(w->f, s, buf_span(&b));
    fake_end(w->f, s);
    pump(w);
    buf_clear(&b);
}

static void the_user_pushes_through_a_service_node(void **state)
{
    (void)state;
    struct world w;
    struct lightpush_result says = {.status = 200, .has_relay_peers = true, .relay_peers = 5};
    begin(&w, false, false);
    assert_ok(core_push(w.c, w.f->env, SPAN_EMPTY, &mine, 2));
    pump(&w);
    assert_int_equal(w.pushed.status, 503); /* nobody serves it */
    serves(&w, 1, LIGHTPUSH_PROTOCOL);
    through(&w, LIGHTPUSH_V3, &says);
    assert_int_equal(w.pushed.status, 200);
    assert_int_equal(w.pushed.relay_peers, 5);
    assert_int_equal(w.ticket, 3);
    says.relay_peers = 0; /* reached nobody: no success */
    through(&w, LIGHTPUSH_V3, &says);
    assert_int_equal(w.pushed.status, 505);
    says = lightpush_result(LIGHTPUSH_STATUS_UNSUPPORTED_TOPIC, "not here");
    through(&w, LIGHTPUSH_V3, &says);
    assert_int_equal(w.pushed.status, 421);
    assert_string_equal(w.pushed.desc, "not here");
    serves(&w, 1, LIGHTPUSH_PROTOCOL_V2);
    says = (struct lightpush_result){.status = 200};
    through(&w, LIGHTPUSH_V2, &says);
    assert_int_equal(w.pushed.status, 200);
    end(&w);
}

static void a_service_node_that_is_silent(void **state)
{
    (void)state;
    struct world w;
    begin(&w, false, false);
    serves(&w, 1, LIGHTPUSH_PROTOCOL);
    assert_ok(core_push(w.c, w.f->env, SPAN_EMPTY, &mine, 2));
    pump(&w);
    test_env_advance(&w.f->t, LIGHTPUSH_CLIENT_TIMEOUT_NS);
    core_tick(w.c, w.f->env);
    pump(&w);
    assert_int_equal(w.pushed.status, 503);
    assert_ok(core_push(w.c, w.f->env, SPAN_EMPTY, &mine, 2));
    pump(&w);
    fake_peer_down(w.f, 1);
    pump(&w);
    assert_int_equal(w.pushed.status, 505);
    assert_int_equal(w.told[CORE_EVENT_PUSHED], 2);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_refused_and_with_which_code),
        cmocka_unit_test(a_pushed_message_is_relayed_and_shown),
        cmocka_unit_test(a_message_without_a_time_gets_ours),
        cmocka_unit_test(the_user_pushes_by_our_relay),
        cmocka_unit_test(the_user_pushes_through_a_service_node),
        cmocka_unit_test(a_service_node_that_is_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
