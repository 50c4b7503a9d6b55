/* mDNS: what is said and heard on the local network, and how much of it. */
#include "net/discovery/mdns.h"
#include "tests/lib/testing.h"

static const char *const ids[] = {"16Uiu2HAm6HZZr7aToTvEBPpiys4UxajCTU97zj5v7RNR2gbniy1D",
                                  "16Uiu2HAmTUbnxLGT9JvV6mu9oPyDjqHK4Phs1VDJNUgESgNSkuby"};

struct node {
    struct mdns *m;
    unsigned sent, peers;
    struct multiaddr last;
    uint8_t bytes[MDNS_BYTES_MAX];
    size_t len;
};

static void begin(struct node *n, struct test_env *t, int who)
{
    struct peer_id id;
    struct multiaddr addrs[2];
    *n = (struct node){.m = NULL};
    assert_ok(peer_id_parse(span_str(ids[who]), &id));
    assert_ok(multiaddr_parse(SPAN_LIT("/ip4/192.168.1.7/tcp/60000"), &addrs[0]));
    assert_ok(multiaddr_parse(SPAN_LIT("/ip6/fd00::7/tcp/60000"), &addrs[1]));
    assert_ok(mdns_new(&n->m, &t->env, &id, addrs, 2));
}

/* Let time pass and take what comes out; the last datagram stays in n->bytes. */
static void run(struct node *n, struct test_env *t, int64_t ms)
{
    struct mdns_out out;
    int64_t end = t->env.now.ns + ms * NS_PER_MS;
    n->sent = n->peers = 0;
    do {
        mdns_tick(n->m, &t->env);
        while (mdns_poll(n->m, &out))
            if (out.kind == MDNS_OUT_SEND) {
                n->sent++;
                n->len = out.bytes.len;
                memcpy(n->bytes, out.bytes.ptr, n->len);
            } else {
                n->peers++;
                n->last = out.addr;
            }
        if (t->env.now.ns < end)
            test_env_advance(t, 10 * NS_PER_MS);
    } while (t->env.now.ns < end);
}

static void a_question_is_answered_and_the_answer_understood(void **state)
{
    struct test_env t;
    struct node a, b;
    char text[MULTIADDR_TEXT_MAX];
    (void)state;
    test_env_init(&t, 4);
    begin(&a, &t, 0);
    begin(&b, &t, 1);
    run(&a, &t, 10);
    assert_int_equal(a.sent, 1);
    assert_span_equal(
        span_of(a.bytes, a.len),
        test_hex("0000 0000 0001 0000 0000 0000 04 5f703270 04 5f756470 05 6c6f63616c "
                 "00 000c 0001"));
    run(&b, &t, 500); /* its own question goes out */
    assert_ok(mdns_receive(b.m, &t.env, span_of(a.bytes, a.len)));
    run(&b, &t, 10);
    assert_int_equal(b.sent, 1);
    assert_ok(mdns_receive(a.m, &t.env, span_of(b.bytes, b.len)));
    run(&a, &t, 10);
    assert_int_equal(a.peers, 2);
    multiaddr_text(&a.last, text);
    assert_string_equal(text, "/ip6/fd00::7/tcp/60000/p2p/"
                              "16Uiu2HAmTUbnxLGT9JvV6mu9oPyDjqHK4Phs1VDJNUgESgNSkuby");
    assert_ok(mdns_receive(b.m, &t.env, span_of(b.bytes, b.len))); /* itself */
    run(&b, &t, 10);
    assert_int_equal(b.peers, 0);
    mdns_free(a.m);
    mdns_free(b.m);
    test_env_clear(&t);
}

static void a_flood_of_questions_is_answered_once_a_second(void **state)
{
    struct test_env t;
    struct node a;
    (void)state;
    test_env_init(&t, 4);
    begin(&a, &t, 0);
    run(&a, &t, 10);
    struct span question = span_of(a.bytes, a.len);
    uint8_t copy[MDNS_BYTES_MAX];
    memcpy(copy, question.ptr, question.len);
    question.ptr = copy;
    unsigned sent = 0;
    for (int i = 0; i < 1000; i++) {
        assert_ok(mdns_receive(a.m, &t.env, question));
        run(&a, &t, 10);
        sent += a.sent;
    }
    assert_in_range(sent, 9, 14); /* ten seconds; its own questions are among them */
    mdns_free(a.m);
    test_env_clear(&t);
}

static void asks_soon_and_then_seldom(void **state)
{
    struct test_env t;
    struct node a;
    (void)state;
    test_env_init(&t, 4);
    begin(&a, &t, 0);
    run(&a, &t, 30000);
    assert_in_range(a.sent, 3, 4); /* 0, 1, 5, 21 s */
    run(&a, &t, 600000);
    assert_in_range(a.sent, 8, 12);
    mdns_free(a.m);
    test_env_clear(&t);
}

static void malformed_messages_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "0000",
        "0000 8400 0000 0001 0000 0000",                 /* a record is missing */
        "0000 0000 0001 0000 0000 0000 c00c 000c 0001",  /* a name that points at itself */
        "0000 0000 0001 0000 0000 0000 c0ff 000c 0001",  /* ... and ahead */
        "0000 0000 0001 0000 0000 0000 40 00 000c 0001", /* no label */
        "0000 0000 ffff 0000 0000 0000",                 /* too many */
        "0000 8400 0000 0001 0000 0000 00 0010 0001 00000000 00ff", /* data that ends too early */
    };
    struct test_env t;
    struct node a;
    (void)state;
    test_env_init(&t, 4);
    begin(&a, &t, 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_err(mdns_receive(a.m, &t.env, test_hex(bad[i])), ERR_FORMAT);
    mdns_free(a.m);
    test_env_clear(&t);
}

static void a_flood_of_peers_is_cut(void **state)
{
    struct test_env t;
    struct node a, b;
    unsigned told = 0;
    (void)state;
    test_env_init(&t, 4);
    begin(&a, &t, 0);
    begin(&b, &t, 1);
    run(&a, &t, 10);
    run(&b, &t, 1200);
    assert_ok(mdns_receive(b.m, &t.env, span_of(a.bytes, a.len)));
    run(&b, &t, 10);
    for (int i = 0; i < 1000; i++)
        assert_ok(mdns_receive(a.m, &t.env, span_of(b.bytes, b.len)));
    run(&a, &t, 10);
    told = a.peers;
    assert_int_equal(told, MDNS_PEERS_S_MAX);
    mdns_free(a.m);
    mdns_free(b.m);
    test_env_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_is_answered_and_the_answer_understood),
        cmocka_unit_test(a_flood_of_questions_is_answered_once_a_second),
        cmocka_unit_test(asks_soon_and_then_seldom),
        cmocka_unit_test(malformed_messages_are_refused),
        cmocka_unit_test(a_flood_of_peers_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
