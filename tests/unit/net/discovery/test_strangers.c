/* What strangers cost: floods, forgeries, replays, endless answers. */
#include "tests/lib/discnet.h"

#include "crypto/prim/aead.h"

/* A packet of random content from a name that nobody knows. */
static void knock(struct net *n, struct net_node *to, const struct udp_addr *from,
                  const uint8_t id[ENR_ID_BYTES])
{
    struct packet p = {.flag = PACKET_MESSAGE};
    struct buf out = BUF_INIT(DISCV5_PACKET_MAX);
    uint8_t iv[PACKET_IV_BYTES], noise[44];
    rng_fill(&n->t.rng, p.nonce, sizeof p.nonce);
    rng_fill(&n->t.rng, iv, sizeof iv);
    rng_fill(&n->t.rng, noise, sizeof noise);
    memcpy(p.src_id, id, ENR_ID_BYTES);
    packet_head(&p, (const uint8_t *)DISCV5_PROTOCOL_WAKU, iv);
    assert_ok(packet_write(&p, to->record.node_id, &out));
    assert_ok(buf_append(&out, SPAN_ARRAY(noise)));
    discv5_datagram(to->d, &n->t.env, from, buf_span(&out));
    buf_clear(&out);
}

static struct span bytes_out(struct net_node *node, struct buf *b)
{
    struct discv5_out out;
    while (discv5_poll(node->d, &out))
        if (out.kind == DISCV5_OUT_DATAGRAM)
            assert_ok(buf_append(b, out.bytes));
    return buf_span(b);
}

static void nobody_gets_more_than_was_sent(void **state)
{
    (void)state;
    struct net n;
    net_init(&n, 1);
    struct net_node *a = net_add_next(&n);
    struct udp_addr victim = net_addr(198, 51, 100, 1, 53);
    for (unsigned i = 0; i < 1000; i++) {
        uint8_t id[ENR_ID_BYTES];
        rng_fill(&n.t.rng, id, sizeof id);
        knock(&n, a, &victim, id);
    }
    const struct discv5_counters *c = discv5_counters(a->d);
    assert_int_equal(c->challenges, DISCV5_UNKNOWN_BURST); /* of one address, at once */
    assert_true(c->bytes_out < c->bytes_in / 10);
    assert_int_equal(c->limited, 1000 - DISCV5_UNKNOWN_BURST);
    struct buf b = BUF_INIT(1u << 20);
    assert_int_equal(bytes_out(a, &b).len, 63 * DISCV5_UNKNOWN_BURST); /* WHOAREYOUs: the least */
    test_env_advance(&n.t, NS_PER_S);
    uint8_t id[ENR_ID_BYTES] = {1};
    for (unsigned i = 0; i < 100; i++)
        knock(&n, a, &victim, id);
    assert_int_equal(c->challenges, DISCV5_UNKNOWN_BURST + DISCV5_UNKNOWN_PER_IP_S);
    buf_clear(&b);
    net_clear(&n);
}

static void a_flood_of_spoofed_sources_is_bounded(void **state)
{
    (void)state;
    struct net n;
    size_t challenges;
    net_init(&n, 2);
    struct net_node *a = net_add_next(&n), *b = net_add_next(&n);
    struct discv5_out out;
    assert_ok(discv5_bootstrap(b->d, &a->record));
    net_run(&n, 2 * NS_PER_S); /* a knows b */
    for (unsigned second = 0; second < 5; second++) {
        for (unsigned i = 0; i < 5000; i++) {
            struct udp_addr from = net_addr(20, second, i / 200, i % 200, 9000);
            uint8_t id[ENR_ID_BYTES];
            rng_fill(&n.t.rng, id, sizeof id);
            knock(&n, a, &from, id);
        }
        while (discv5_poll(a->d, &out))
            ;
        test_env_advance(&n.t, NS_PER_S);
    }
    const struct discv5_counters *c = discv5_counters(a->d);
    assert_in_range(c->challenges, 5000, 6200); /* DISCV5_UNKNOWN_ALL_S, and the first burst */
    discv5_sessions(a->d, &challenges);
    assert_true(challenges <= DISCV5_CHALLENGES_MAX);
    assert_int_equal(discv5_nodes(a->d, NULL), 1); /* no stranger got into the table */
    /* and in the middle of it, whom we know is answered */
    for (unsigned i = 0; i < 5000; i++) {
        struct udp_addr from = net_addr(30, 0, i / 200, i % 200, 9000);
        uint8_t id[ENR_ID_BYTES] = {2, (uint8_t)(i >> 8), (uint8_t)i};
        knock(&n, a, &from, id);
    }
    while (discv5_poll(a->d, &out))
        ;
    uint64_t before = c->challenges;
    struct kept_key key = kept_key_of(b->record.node_id, &b->addr);
    kept_drop(&a->d->sessions, &key); /* as if a had been restarted */
    knock(&n, a, &b->addr, b->record.node_id);
    assert_int_equal(c->challenges, before + 1);
    net_clear(&n);
}

static void sessions_are_bounded(void **state)
{
    (void)state;
    struct kept k;
    uint8_t seed[16] = {1};
    kept_init(&k, seed, sizeof(struct session), 100);
    for (unsigned i = 0; i < 1000; i++) {
        struct udp_addr addr = net_addr(1, 2, i / 200, i % 200, 9000);
        uint8_t id[ENR_ID_BYTES] = {(uint8_t)(i >> 8), (uint8_t)i}, first[ENR_ID_BYTES] = {0};
        struct udp_addr first_addr = net_addr(1, 2, 0, 0, 9000);
        struct kept_key key = kept_key_of(id, &addr), old = kept_key_of(first, &first_addr);
        assert_non_null(kept_touch(&k, &key));
        assert_non_null(kept_touch(&k, &old)); /* in use: it stays */
        assert_true(map_count(&k.map) <= 100);
    }
    kept_clear(&k);
}

/* ---- on the way ---- */

struct tape {
    struct net_packet packets[64];
    size_t count;
    int change; /* flip a byte of the n-th datagram; -1: none */
};

static void record_all(struct net *n, const struct net_packet *p)
{
    struct tape *t = n->tap_state;
    if (t->count < 64) {
        t->packets[t->count] = *p;
        t->packets[t->count++].bytes = blob_ref(p->bytes);
    }
}

static void tape_clear(struct tape *t)
{
    while (t->count > 0)
        blob_unref(t->packets[--t->count].bytes);
}

static void replays_do_nothing(void **state)
{
    (void)state;
    struct net n;
    struct tape tape = {.change = -1};
    net_init(&n, 3);
    n.tap = record_all;
    n.tap_state = &tape;
    struct net_node *a = net_add_next(&n), *b = net_add_next(&n);
    assert_ok(discv5_bootstrap(b->d, &a->record));
    net_run(&n, NS_PER_S);
    uint64_t shaken = discv5_counters(a->d)->handshakes + discv5_counters(b->d)->handshakes;
    size_t nodes = discv5_nodes(a->d, NULL) + discv5_nodes(b->d, NULL);
    n.tap = NULL;
    for (size_t i = 0; i < tape.count; i++)
        for (unsigned twice = 0; twice < 2; twice++)
            net_deliver(&n, &tape.packets[i]);
    assert_int_equal(discv5_counters(a->d)->handshakes + discv5_counters(b->d)->handshakes, shaken);
    assert_int_equal(discv5_nodes(a->d, NULL) + discv5_nodes(b->d, NULL), nodes);
    net_run(&n, 30 * NS_PER_S); /* and both go on */
    size_t proven;
    discv5_nodes(a->d, &proven);
    assert_int_equal(proven, 1);
    tape_clear(&tape);
    net_clear(&n);
}

static void no_byte_of_a_handshake_may_change(void **state)
{
    (void)state;
    struct net n;
    struct tape tape = {.change = -1};
    net_init(&n, 4);
    n.tap = record_all;
    n.tap_state = &tape;
    struct net_node *a = net_add_next(&n), *b = net_add_next(&n);
    assert_ok(discv5_bootstrap(b->d, &a->record));
    net_run(&n, 70 * NS_PER_MS); /* knock, WHOAREYOU, and the handshake is on its way */
    assert_int_equal(tape.count, 3);
    struct net_packet *shake = &tape.packets[2];
    assert_true(udp_addr_eq(&shake->to, &a->addr) && discv5_sessions(a->d, NULL) == 0);
    for (size_t i = 0; i < shake->bytes->len; i += 7) {
        struct challenge *c;
        struct kept_key key = kept_key_of(b->record.node_id, &b->addr);
        uint8_t bytes[DISCV5_PACKET_MAX];
        memcpy(bytes, shake->bytes->bytes, shake->bytes->len);
        bytes[i] ^= 0x10;
        discv5_datagram(a->d, &n.t.env, &b->addr, span_of(bytes, shake->bytes->len));
        if (discv5_sessions(a->d, NULL) != 0)
            fail_msg("byte %zu changed", i);
        c = kept_get(&a->d->challenges, &key);
        if (c != NULL)
            c->tries = 0;
    }
    /* only so many are looked at */
    uint64_t bad = discv5_counters(a->d)->handshakes_bad;
    assert_true(bad > 0);
    struct kept_key key = kept_key_of(b->record.node_id, &b->addr);
    struct challenge *c = kept_get(&a->d->challenges, &key);
    assert_non_null(c);
    c->tries = DISCV5_CHALLENGE_TRIES;
    net_deliver(&n, shake);
    assert_int_equal(discv5_sessions(a->d, NULL), 0);
    c->tries = DISCV5_CHALLENGE_TRIES - 1;
    net_deliver(&n, shake);
    assert_int_equal(discv5_sessions(a->d, NULL), 1); /* the true one still counts */
    tape_clear(&tape);
    net_clear(&n);
}

/* Mallory has b's record and nothing of its key. */
static void nobody_shakes_hands_for_another(void **state)
{
    (void)state;
    for (unsigned truly = 0; truly < 2; truly++) {
        struct net n;
        net_init(&n, 12);
        struct net_node *a = net_add_next(&n), *b = net_add_next(&n), *m = net_add_next(&n);
        struct kept_key key = kept_key_of(b->record.node_id, &m->addr);
        knock(&n, a, &m->addr, b->record.node_id);
        struct challenge *c = kept_get(&a->d->challenges, &key);
        assert_non_null(c);
        struct handshake h = {b->record.node_id, a->record.node_id, SPAN_ARRAY(c->data)};
        struct packet p = {.flag = PACKET_HANDSHAKE};
        struct session_keys keys;
        struct session s = {0};
        struct message ping = {.kind = MESSAGE_PING, .enr_seq = 1};
        struct buf plain = BUF_INIT(256), out = BUF_INIT(DISCV5_PACKET_MAX);
        uint8_t secret[32] = {5}, ephemeral[33], signature[64], iv[PACKET_IV_BYTES] = {9};
        assert_ok(session_keys_initiate(secret, a->record.public_key, &h, ephemeral, &keys));
        assert_ok(id_proof_sign(truly ? b->key : m->key, &h, SPAN_ARRAY(ephemeral), signature));
        session_add(&s, &keys, true);
        memcpy(p.src_id, b->record.node_id, ENR_ID_BYTES);
        p.signature = SPAN_ARRAY(signature);
        p.ephemeral = SPAN_ARRAY(ephemeral);
        p.record = enr_span(&b->record);
        packet_head(&p, (const uint8_t *)DISCV5_PROTOCOL_WAKU, iv);
        assert_ok(message_write(&ping, &plain));
        assert_ok(packet_write(&p, a->record.node_id, &out));
        assert_ok(session_seal(&s, p.nonce, packet_ad(&p), buf_span(&plain), &out));
        discv5_datagram(a->d, &n.t.env, &m->addr, buf_span(&out));
        assert_int_equal(discv5_sessions(a->d, NULL), truly);
        assert_int_equal(discv5_counters(a->d)->handshakes_bad, !truly);
        buf_clear(&plain);
        buf_clear(&out);
        net_clear(&n);
    }
}

static void another_address_is_another_session(void **state)
{
    (void)state;
    struct net n;
    struct tape tape = {.change = -1};
    net_init(&n, 5);
    struct net_node *a = net_add_next(&n), *b = net_add_next(&n);
    assert_ok(discv5_bootstrap(b->d, &a->record));
    net_run(&n, NS_PER_S);
    n.tap = record_all;
    n.tap_state = &tape;
    net_run(&n, 15 * NS_PER_S);
    struct udp_addr elsewhere = net_addr(203, 0, 113, 7, 9000);
    uint64_t asked = discv5_counters(a->d)->challenges;
    for (size_t i = 0; i < tape.count; i++)
        if (udp_addr_eq(&tape.packets[i].to, &a->addr)) {
            discv5_datagram(a->d, &n.t.env, &elsewhere, blob_span(tape.packets[i].bytes));
            break;
        }
    assert_int_equal(discv5_counters(a->d)->challenges, asked + 1); /* who are you? */
    tape_clear(&tape);
    net_clear(&n);
}

/* ---- answers ---- */

/* A peer with a session that says what the test wants. */
struct liar {
    struct net n;
    struct net_node *a, *b;
    struct request *r;
};

static void liar_init(struct liar *l, uint16_t distance)
{
    net_init(&l->n, 6);
    l->a = net_add_next(&l->n);
    l->b = net_add_next(&l->n);
    assert_ok(discv5_bootstrap(l->b->d, &l->a->record));
    net_run(&l->n, 500 * NS_PER_MS);
    assert_true(
        request_begin(l->a->d, &l->n.t.env, &l->b->record, &l->b->addr, FOR_LOOKUP, &distance, 1));
    for (size_t i = 0; i < DISCV5_REQUESTS_MAX; i++)
        if (l->a->d->requests[i].state != REQUEST_FREE)
            l->r = &l->a->d->requests[i];
}

static void say(struct liar *l, struct message *m)
{
    memcpy(m->id, l->r->message.id, sizeof m->id);
    m->id_len = l->r->message.id_len;
    request_answered(l->a->d, &l->n.t.env, l->b->record.node_id, &l->b->addr, m);
}

static void totals_must_be_true(void **state)
{
    (void)state;
    static const uint64_t bad[] = {0, DISCV5_TOTAL_MAX + 1, UINT64_MAX};
    for (size_t i = 0; i < 3; i++) {
        struct liar l;
        struct message m = {.kind = MESSAGE_NODES, .total = bad[i]};
        liar_init(&l, 256);
        say(&l, &m);
        assert_int_equal(l.r->state, REQUEST_FREE);
        assert_int_equal(discv5_counters(l.a->d)->answers_bad, 1);
        net_clear(&l.n);
    }
    struct liar l;
    struct message m = {.kind = MESSAGE_NODES, .total = DISCV5_TOTAL_MAX};
    liar_init(&l, 256);
    for (size_t i = 0; i < DISCV5_TOTAL_MAX; i++) { /* as many as it said */
        assert_int_equal(l.r->state, REQUEST_SENT);
        say(&l, &m);
    }
    assert_int_equal(l.r->state, REQUEST_FREE);
    assert_int_equal(discv5_counters(l.a->d)->answers_bad, 0);
    say(&l, &m); /* and one more */
    assert_int_equal(discv5_counters(l.a->d)->answers_bad, 1);
    net_clear(&l.n);
    liar_init(&l, 256);
    m.total = 3;
    say(&l, &m);
    m.total = 4; /* it changes its mind */
    say(&l, &m);
    assert_int_equal(discv5_counters(l.a->d)->answers_bad, 1);
    assert_int_equal(l.r->state, REQUEST_FREE);
    net_clear(&l.n);
}

static void only_what_was_asked_is_taken(void **state)
{
    (void)state;
    struct liar l;
    struct enr fresh[40];
    struct message m = {.kind = MESSAGE_NODES, .total = 3};
    liar_init(&l, 256);
    size_t right = 0, nodes = discv5_nodes(l.a->d, NULL);
    for (unsigned i = 0; i < 16; i++) {
        struct net_node other = {.addr = net_addr(198, 51, 100, i + 1, 9000)};
        assert_ok(keyring_host_new(&other.key, &l.n.t.rng, KEYRING_HOST_SECP256K1));
        other.content.seq = 1;
        net_sign(&other);
        keyring_host_free(other.key);
        fresh[i] = other.record;
        m.records[m.count++] = enr_span(&fresh[i]);
        right += log_distance(fresh[i].node_id, l.b->record.node_id) == 256;
    }
    say(&l, &m);
    assert_true(right > 0 && right < 16);
    assert_int_equal(discv5_counters(l.a->d)->records_bad, 16 - right);
    assert_int_equal(discv5_nodes(l.a->d, NULL), nodes + right);
    assert_int_equal(l.r->state, REQUEST_FREE); /* 16 records are enough, whatever the total */
    net_clear(&l.n);
    /* a public node cannot tell of what is in our own network */
    liar_init(&l, 256);
    m.count = 0;
    for (unsigned i = 0; m.count < 1; i++) {
        struct net_node other = {.addr = net_addr(10, 0, 0, 5, 9000)};
        assert_ok(keyring_host_new(&other.key, &l.n.t.rng, KEYRING_HOST_SECP256K1));
        other.content.seq = 1;
        net_sign(&other);
        keyring_host_free(other.key);
        fresh[0] = other.record;
        if (log_distance(fresh[0].node_id, l.b->record.node_id) == 256)
            m.records[m.count++] = enr_span(&fresh[0]);
    }
    say(&l, &m);
    assert_int_equal(discv5_counters(l.a->d)->records_bad, 1);
    net_clear(&l.n);
}

static void nodes_of_one_address_are_limited(void **state)
{
    (void)state;
    for (size_t limit = 0; limit < 3; limit++) {
        struct table t;
        struct test_env env;
        uint8_t self[ENR_ID_BYTES] = {0};
        size_t in = 0;
        test_env_init(&env, 1);
        table_init(&t, self);
        t.ip_max = limit == 0 ? 0 : 10;
        t.bucket_ip_max = limit == 2 ? 2 : 0;
        for (unsigned i = 0; i < 60; i++) {
            struct enr e = {.seq = 1};
            struct udp_addr addr = net_addr(203, 0, 113, 1, (uint16_t)(9000 + i));
            rng_fill(&env.rng, e.node_id, sizeof e.node_id);
            e.node_id[0] = (uint8_t)(0x80 >> i % 8); /* eight buckets */
            in += table_add(&t, &e, &addr) != NULL;
        }
        assert_int_equal(in, limit == 0 ? 60 : 10);
        for (unsigned i = 0; i < 8; i++)
            assert_true(limit != 2 || t.buckets[255 - i].count <= 2);
        struct enr e = {.seq = 1, .node_id = {0x80, 1}};
        struct udp_addr other = net_addr(203, 0, 113, 2, 9000);
        assert_non_null(table_add(&t, &e, &other));
        table_clear(&t);
        test_env_clear(&env);
    }
}

/* One machine with many keys: it shakes hands, but does not fill what we tell. */
static void one_address_introduces_few_names(void **state)
{
    (void)state;
    struct net n;
    net_init(&n, 21);
    struct net_node *a = net_add_next(&n);
    for (unsigned i = 0; i < 2 * DISCV5_NEWCOMERS_BURST; i++) {
        struct net_node *b =
            net_add(&n, net_params(), net_addr(203, 0, 113, 1, (uint16_t)(9000 + i)));
        assert_ok(discv5_bootstrap(b->d, &a->record));
    }
    net_run(&n, NS_PER_S / 2);
    const struct discv5_counters *c = discv5_counters(a->d);
    assert_true(c->handshakes > DISCV5_NEWCOMERS_BURST + 4);
    assert_in_range(c->found, 1, DISCV5_NEWCOMERS_BURST + 1);
    net_clear(&n);
}

/* A node of the internet that says it listens at our own machine: nobody is sent there. */
static void a_record_does_not_lead_into_private_networks(void **state)
{
    (void)state;
    static const uint8_t inside[][4] = {{127, 0, 0, 1}, {192, 168, 1, 1}, {10, 0, 0, 1}};
    for (size_t i = 0; i < sizeof inside / sizeof *inside; i++) {
        struct net n;
        net_init(&n, 22 + i);
        struct net_node *a = net_add_next(&n), *b = net_add_next(&n);
        ip_from_v4(inside[i], b->content.ip4);
        net_lie(b);
        assert_ok(discv5_bootstrap(b->d, &a->record));
        net_run(&n, 2 * NS_PER_S);
        assert_true(discv5_counters(a->d)->handshakes > 0);
        assert_int_equal(discv5_counters(a->d)->found, 0);
        assert_int_equal(discv5_nodes(a->d, NULL), 0);
        net_clear(&n);
    }
}

static void a_full_bucket_keeps_spares(void **state)
{
    (void)state;
    struct table t;
    struct node *out[DISCV5_NODES_MAX];
    uint8_t self[ENR_ID_BYTES] = {0};
    struct udp_addr addr = net_addr(203, 0, 113, 1, 9000);
    table_init(&t, self);
    for (unsigned i = 0; i < 40; i++) {
        struct enr e = {.seq = 1, .node_id = {0x80, (uint8_t)i}};
        assert_int_equal(table_add(&t, &e, &addr) != NULL, i < DISCV5_BUCKET_NODES);
    }
    assert_int_equal(t.count, DISCV5_BUCKET_NODES);
    assert_int_equal(t.buckets[255].spare_count, DISCV5_BUCKET_SPARES);
    assert_int_equal(table_at(&t, 256, out, 16), 0); /* none has answered yet */
    table_prove(&t, t.buckets[255].nodes[3], (struct mono){1});
    assert_int_equal(table_at(&t, 256, out, 16), 1);
    table_remove(&t, t.buckets[255].nodes[0]);
    assert_int_equal(t.count, DISCV5_BUCKET_NODES); /* the youngest spare moved up */
    assert_int_equal(t.buckets[255].nodes[15]->enr.node_id[1], 39);
    assert_int_equal(t.proven, 1);
    table_clear(&t);
}

static void a_greedy_peer_is_served_within_its_allowance(void **state)
{
    (void)state;
    struct net n;
    net_init(&n, 9);
    struct net_node *a = net_add_next(&n), *b = net_add_next(&n);
    struct discv5_out out;
    assert_ok(discv5_bootstrap(b->d, &a->record));
    net_run(&n, NS_PER_S);
    struct kept_key key = kept_key_of(b->record.node_id, &b->addr);
    struct session *s = kept_get(&a->d->sessions, &key);
    struct message q = {.kind = MESSAGE_FINDNODE, .count = 1, .distances = {256}};
    struct buf plain = BUF_INIT(256);
    assert_ok(message_write(&q, &plain));
    uint64_t before = discv5_counters(a->d)->limited;
    for (unsigned i = 0; i < 1000; i++) {
        serving_message(a->d, &n.t.env, s, b->record.node_id, &b->addr, buf_span(&plain));
        while (discv5_poll(a->d, &out))
            ;
    }
    assert_in_range(discv5_counters(a->d)->limited - before, 1000 - DISCV5_SERVE_BURST, 810);
    buf_clear(&plain);
    net_clear(&n);
}

static void nodes_fit_into_their_packets(void **state)
{
    (void)state;
    struct net n;
    net_init(&n, 10);
    struct net_node *a = net_add_next(&n), *b = net_add_next(&n);
    struct discv5_out out;
    size_t datagrams = 0;
    assert_ok(discv5_bootstrap(b->d, &a->record));
    net_run(&n, NS_PER_S);
    for (unsigned i = 0; i < 16; i++) { /* sixteen records of the largest size in one bucket */
        struct enr e = {.seq = 1, .len = ENR_BYTES_MAX};
        struct udp_addr addr = net_addr(203, 0, 113, i + 1, 9000);
        memcpy(e.node_id, a->record.node_id, ENR_ID_BYTES);
        e.node_id[1] ^= 0x80; /* distance 248 */
        e.node_id[31] = (uint8_t)i;
        table_prove(&a->d->table, table_add(&a->d->table, &e, &addr), n.t.env.now);
    }
    struct kept_key key = kept_key_of(b->record.node_id, &b->addr);
    struct session *s = kept_get(&a->d->sessions, &key);
    struct message q = {.kind = MESSAGE_FINDNODE, .count = 2, .distances = {248, 0}};
    struct buf plain = BUF_INIT(256);
    assert_ok(message_write(&q, &plain));
    serving_message(a->d, &n.t.env, s, b->record.node_id, &b->addr, buf_span(&plain));
    while (discv5_poll(a->d, &out)) {
        assert_true(out.bytes.len <= DISCV5_PACKET_MAX);
        datagrams++;
    }
    assert_int_equal(datagrams, 6); /* three to a packet */
    assert_int_equal(discv5_counters(a->d)->dropped, 0);
    buf_clear(&plain);
    net_clear(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_gets_more_than_was_sent),
        cmocka_unit_test(a_flood_of_spoofed_sources_is_bounded),
        cmocka_unit_test(sessions_are_bounded),
        cmocka_unit_test(replays_do_nothing),
        cmocka_unit_test(no_byte_of_a_handshake_may_change),
        cmocka_unit_test(nobody_shakes_hands_for_another),
        cmocka_unit_test(another_address_is_another_session),
        cmocka_unit_test(totals_must_be_true),
        cmocka_unit_test(only_what_was_asked_is_taken),
        cmocka_unit_test(nodes_of_one_address_are_limited),
        cmocka_unit_test(one_address_introduces_few_names),
        cmocka_unit_test(a_record_does_not_lead_into_private_networks),
        cmocka_unit_test(a_full_bucket_keeps_spares),
        cmocka_unit_test(a_greedy_peer_is_served_within_its_allowance),
        cmocka_unit_test(nodes_fit_into_their_packets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
