/* Engines over a virtual network: who finds whom, and what strangers get. */
#include "tests/lib/discnet.h"

static size_t pairs_found(const struct net *n)
{
    size_t found = 0;
    for (size_t i = 0; i < n->count; i++)
        for (size_t k = 0; k < n->count; k++)
            found += i != k && net_has_found(&n->nodes[i], &n->nodes[k]);
    return found;
}

static void two_meet(void **state)
{
    (void)state;
    struct net n;
    size_t proven;
    net_init(&n, 1);
    struct net_node *a = net_add_next(&n), *b = net_add_next(&n);
    assert_ok(discv5_bootstrap(b->d, &a->record));
    net_run(&n, NS_PER_S);
    assert_int_equal(discv5_nodes(a->d, &proven), 1);
    assert_int_equal(proven, 1); /* by the handshake */
    assert_int_equal(discv5_nodes(b->d, &proven), 1);
    assert_int_equal(proven, 1); /* by the PONG */
    assert_true(net_has_found(a, b) && net_has_found(b, a));
    assert_int_equal(discv5_counters(a->d)->challenges, 1);
    assert_int_equal(discv5_counters(a->d)->handshakes, 1);
    size_t cursor = 0;
    const struct enr *e = discv5_next(a->d, &cursor);
    assert_span_equal(enr_span(e), enr_span(&b->record));
    assert_null(discv5_next(a->d, &cursor));
    net_run(&n, 60 * NS_PER_S); /* the session lasts: nobody is asked again who it is */
    assert_int_equal(discv5_counters(a->d)->challenges, 1);
    assert_int_equal(discv5_counters(b->d)->timeouts, 0);
    net_clear(&n);
}

static void all_find_all_from_one_bootstrap(void **state)
{
    (void)state;
    static const struct {
        unsigned nodes, loss;
        int64_t seconds;
    } rows[] = {{10, 0, 15}, {10, 20, 30}, {40, 5, 90}};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        struct net n;
        net_init(&n, 7 + r);
        n.loss_percent = rows[r].loss;
        for (size_t i = 0; i < rows[r].nodes; i++)
            net_add_next(&n);
        for (size_t i = 1; i < n.count; i++)
            assert_ok(discv5_bootstrap(n.nodes[i].d, &n.nodes[0].record));
        net_run(&n, rows[r].seconds * NS_PER_S);
        size_t all = n.count * (n.count - 1), found = pairs_found(&n);
        if (rows[r].loss == 0 ? found != all : found * 100 < all * 97)
            fail_msg("%u nodes, %u %% loss: %zu of %zu", rows[r].nodes, rows[r].loss, found, all);
        net_clear(&n);
    }
}

static void both_begin_at_once(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed < 20; seed++) {
        struct net n;
        net_init(&n, seed);
        struct net_node *a = net_add_next(&n), *b = net_add_next(&n);
        assert_ok(discv5_bootstrap(a->d, &b->record));
        assert_ok(discv5_bootstrap(b->d, &a->record));
        net_run(&n, 30 * NS_PER_S);
        assert_int_equal(discv5_counters(a->d)->timeouts + discv5_counters(b->d)->timeouts, 0);
        assert_in_range(discv5_counters(a->d)->challenges, 0, 2);
        net_clear(&n);
    }
}

static void requests_wait_for_a_handshake_under_way(void **state)
{
    (void)state;
    static const uint16_t own = 0;
    struct net n;
    net_init(&n, 11);
    struct net_node *a = net_add_next(&n), *b = net_add_next(&n);
    for (unsigned i = 0; i < 5; i++)
        assert_true(request_begin(b->d, &n.t.env, &a->record, &a->addr, FOR_RECORD, &own, 1));
    assert_int_equal(requests_for(b->d, FOR_RECORD), 5);
    assert_int_equal(discv5_counters(b->d)->datagrams_out, 1); /* one knock */
    net_outputs(&n, b);
    net_run(&n, 500 * NS_PER_MS);
    assert_int_equal(requests_for(b->d, FOR_RECORD), 0);
    assert_int_equal(discv5_counters(b->d)->timeouts, 0);
    assert_int_equal(discv5_counters(a->d)->challenges, 1);
    assert_int_equal(discv5_counters(a->d)->handshakes, 1);
    /* nobody there: one after the other knocks, and all end */
    struct udp_addr nowhere = net_addr(203, 0, 113, 9, 9000);
    for (unsigned i = 0; i < DISCV5_REQUESTS_MAX; i++)
        assert_true(request_begin(b->d, &n.t.env, &a->record, &nowhere, FOR_RECORD, &own, 1));
    assert_false(request_begin(b->d, &n.t.env, &a->record, &nowhere, FOR_RECORD, &own, 1));
    net_run(&n, 3 * NS_PER_S);
    assert_int_equal(requests_for(b->d, FOR_RECORD), 0);
    assert_int_equal(discv5_counters(b->d)->timeouts, DISCV5_REQUESTS_MAX);
    net_clear(&n);
}

static void another_protocol_id_is_another_network(void **state)
{
    (void)state;
    struct net n;
    struct discv5_params eth = net_params();
    eth.protocol = "discv5";
    net_init(&n, 1);
    struct net_node *a = net_add_next(&n), *b = net_add(&n, eth, net_addr(192, 9, 9, 9, 9000));
    assert_ok(discv5_bootstrap(b->d, &a->record));
    net_run(&n, 3 * NS_PER_S);
    assert_true(discv5_counters(a->d)->malformed > 0);
    assert_int_equal(discv5_counters(a->d)->datagrams_out, 0); /* no answer at all */
    net_clear(&n);
}

static void other_clusters_are_known_but_not_told(void **state)
{
    (void)state;
    struct net n;
    struct discv5_params any = net_params();
    any.any_cluster = true;
    net_init(&n, 1);
    struct net_node *a = net_add_next(&n), *b = net_add_next(&n), *c = net_add_next(&n),
                    *all = net_add(&n, any, net_addr(192, 9, 9, 9, 9000));
    b->content.cluster = 1;
    b->content.seq = 2;
    assert_ok(record_sign(b->key, &b->content, &b->record));
    discv5_set_self(b->d, &b->record);
    c->content.offers = 0; /* no "waku2": 31/WAKU2-ENR says to filter it out */
    c->content.seq = 2;
    assert_ok(record_sign(c->key, &c->content, &c->record));
    discv5_set_self(c->d, &c->record);
    for (size_t i = 1; i < n.count; i++)
        assert_ok(discv5_bootstrap(n.nodes[i].d, &a->record));
    net_run(&n, 15 * NS_PER_S);
    assert_int_equal(discv5_nodes(a->d, NULL), 3);
    assert_false(net_has_found(a, b) || net_has_found(a, c));
    assert_true(net_has_found(all, b) && net_has_found(all, a));
    assert_false(net_has_found(all, c));
    net_clear(&n);
}

static void who_is_silent_is_dropped(void **state)
{
    (void)state;
    struct net n;
    size_t proven;
    net_init(&n, 3);
    for (size_t i = 0; i < 5; i++)
        net_add_next(&n);
    for (size_t i = 1; i < n.count; i++)
        assert_ok(discv5_bootstrap(n.nodes[i].d, &n.nodes[0].record));
    net_run(&n, 20 * NS_PER_S);
    assert_int_equal(discv5_nodes(n.nodes[1].d, &proven), 4);
    n.nodes[2].down = true;
    net_run(&n, 5 * 60 * NS_PER_S);
    assert_int_equal(discv5_nodes(n.nodes[1].d, &proven), 3);
    assert_int_equal(proven, 3);
    /* and when all are gone, it begins again at the bootstrap list */
    for (size_t i = 0; i < 5; i++)
        n.nodes[i].down = i != 1;
    net_run(&n, 5 * 60 * NS_PER_S);
    n.nodes[0].down = false;
    net_run(&n, 20 * NS_PER_S);
    assert_int_equal(discv5_nodes(n.nodes[1].d, &proven), 1);
    assert_int_equal(proven, 1);
    net_clear(&n);
}

static void a_newer_record_spreads(void **state)
{
    (void)state;
    struct net n;
    size_t cursor = 0;
    const struct enr *e;
    net_init(&n, 4);
    struct net_node *a = net_add_next(&n), *b = net_add_next(&n);
    assert_ok(discv5_bootstrap(b->d, &a->record));
    net_run(&n, 5 * NS_PER_S);
    a->shard = 5;
    a->content.seq = 2;
    net_sign(a);
    discv5_set_self(a->d, &a->record);
    net_run(&n, 30 * NS_PER_S); /* a PING or PONG says the new seq; FINDNODE 0 fetches it */
    e = discv5_next(b->d, &cursor);
    assert_int_equal(e->seq, 2);
    assert_true(enr_has_shard(e, 66, 5));
    assert_int_equal(b->found, 2); /* told again */
    net_clear(&n);
}

static void where_we_are_is_what_most_say(void **state)
{
    (void)state;
    struct net n;
    struct discv5_params p = net_params();
    p.auto_update = true;
    net_init(&n, 5);
    struct net_node *a = net_add(&n, p, net_addr(192, 9, 9, 9, 9000));
    a->content.seq = 2; /* it believes to be elsewhere */
    memcpy(a->content.ip4, net_addr(10, 0, 0, 1, 0).ip, 16);
    assert_ok(record_sign(a->key, &a->content, &a->record));
    discv5_set_self(a->d, &a->record);
    for (size_t i = 0; i < 2; i++)
        assert_ok(discv5_bootstrap(a->d, &net_add_next(&n)->record));
    net_run(&n, 20 * NS_PER_S);
    assert_int_equal(a->endpoint.port, 0); /* two are too few */
    struct net_node *c = net_add_next(&n);
    assert_ok(discv5_bootstrap(c->d, &n.nodes[1].record));
    net_run(&n, 60 * NS_PER_S);
    assert_true(udp_addr_eq(&a->endpoint, &a->addr));
    net_clear(&n);
}

static void votes_count_by_address(void **state)
{
    (void)state;
    struct net n;
    struct discv5_params p = net_params();
    struct discv5_out out;
    p.auto_update = true;
    net_init(&n, 5);
    struct net_node *a = net_add(&n, p, net_addr(192, 9, 9, 9, 9000));
    struct udp_addr lie = net_addr(198, 51, 100, 66, 1), truth = net_addr(198, 51, 100, 1, 9000);
    for (uint16_t i = 0; i < 100; i++) { /* one machine with many names */
        struct udp_addr voter = net_addr(203, 0, 113, 1, (uint16_t)(1000 + i));
        upkeep_vote(a->d, &n.t.env, &voter, &lie);
    }
    assert_false(discv5_poll(a->d, &out));
    for (unsigned i = 2; i < 5; i++) {
        struct udp_addr voter = net_addr(203, 0, 113, i, 9000);
        upkeep_vote(a->d, &n.t.env, &voter, &truth);
    }
    assert_true(discv5_poll(a->d, &out));
    assert_true(out.kind == DISCV5_OUT_ENDPOINT && udp_addr_eq(&out.to, &truth));
    /* no majority, no change; nor a private address told by a public one */
    struct udp_addr home = net_addr(10, 0, 0, 5, 9000);
    for (unsigned i = 5; i < 7; i++) {
        struct udp_addr voter = net_addr(203, 0, 113, i, 9000);
        upkeep_vote(a->d, &n.t.env, &voter, &lie);
    }
    for (unsigned i = 20; i < 40; i++) {
        struct udp_addr voter = net_addr(203, 0, 113, i, 9000);
        upkeep_vote(a->d, &n.t.env, &voter, &home);
    }
    assert_false(discv5_poll(a->d, &out));
    net_clear(&n);
}

static void a_key_of_another_kind_has_no_discovery(void **state)
{
    (void)state;
    struct test_env t;
    struct keyring_host *h;
    struct enr_content c = {.seq = 1};
    struct enr e = {0};
    struct discv5 *d;
    struct discv5_params p = net_params();
    test_env_init(&t, 1);
    assert_ok(keyring_host_new(&h, &t.rng, KEYRING_HOST_ED25519));
    assert_err(record_sign(h, &c, &e), ERR_UNSUPPORTED);
    p.key = h;
    assert_err(discv5_new(&d, &t.env, &p, &e), ERR_UNSUPPORTED);
    keyring_host_free(h);
    test_env_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_meet),
        cmocka_unit_test(all_find_all_from_one_bootstrap),
        cmocka_unit_test(both_begin_at_once),
        cmocka_unit_test(requests_wait_for_a_handshake_under_way),
        cmocka_unit_test(another_protocol_id_is_another_network),
        cmocka_unit_test(other_clusters_are_known_but_not_told),
        cmocka_unit_test(who_is_silent_is_dropped),
        cmocka_unit_test(a_newer_record_spreads),
        cmocka_unit_test(where_we_are_is_what_most_say),
        cmocka_unit_test(votes_count_by_address),
        cmocka_unit_test(a_key_of_another_kind_has_no_discovery),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
