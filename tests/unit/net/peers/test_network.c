/* Hundreds of managers that know one bootstrap node, ask for peers when they lack some, and learn
 * who is connected: in virtual time, without a network. All have their slots filled within half a
 * minute, and afterwards nobody comes or goes. */
#include "tests/lib/peers.h"

#define NODES     300
#define ANSWER_MS 300 /* a question for peers, there and back */

struct node {
    struct peers *p;
    uint8_t up[NODES / 8 + 1];
    bool asked;
};

struct net {
    struct test_env t;
    struct node nodes[NODES];
    size_t links, opened, closed;
};

static bool is_up(const struct node *n, uint32_t who)
{
    return n->up[who / 8] >> who % 8 & 1;
}

static void set_up(struct net *w, uint32_t a, uint32_t b, bool up)
{
    w->nodes[a].up[b / 8] ^= (uint8_t)(1u << b % 8);
    w->nodes[b].up[a / 8] ^= (uint8_t)(1u << a % 8);
    w->opened += up;
    w->closed += !up;
}

static void meet(struct net *w, uint32_t from, uint32_t to)
{
    struct peer_id ids[2] = {kit_id(from + 1), kit_id(to + 1)};
    struct multiaddr addrs[2] = {kit_addr(from, 60000), kit_addr(to, 60000)};
    struct peers_shards shards = kit_shards(0xff);
    uint32_t who[2] = {from, to};

    if (!is_up(&w->nodes[from], to))
        set_up(w, from, to, true);
    for (int i = 0; i < 2; i++) {
        struct peers *p = w->nodes[who[i]].p;
        peers_connected(p, &w->t.env, &ids[!i], who[!i] + 1u, &addrs[!i], i == 0);
        peers_identified(p, &w->t.env, &ids[!i], PEERS_CAN_RELAY | PEERS_CAN_PX, &shards);
    }
    peers_dialed(w->nodes[from].p, &w->t.env, &ids[1], OK);
}

static void part(struct net *w, uint32_t a, uint32_t b)
{
    struct peer_id ids[2] = {kit_id(a + 1), kit_id(b + 1)};

    if (!is_up(&w->nodes[a], b))
        return;
    set_up(w, a, b, false);
    peers_disconnected(w->nodes[a].p, &w->t.env, &ids[1], OK);
    peers_disconnected(w->nodes[b].p, &w->t.env, &ids[0], ERR_CLOSED);
}

/* Peer exchange: who is connected tells a few of those it knows. */
static void tell(struct net *w, uint32_t who)
{
    struct node *n = &w->nodes[who];
    uint32_t from = (uint32_t)rng_below(w->t.env.rng, NODES);

    while (!is_up(n, from % NODES)) {
        from++;
        if (from > 2 * NODES)
            return; /* nobody is connected */
    }
    for (int i = 0; i < 20; i++) {
        uint32_t other = (uint32_t)rng_below(w->t.env.rng, NODES);
        struct peer_id id = kit_id(other + 1);
        struct multiaddr m = kit_addr(other, 60000);
        struct peers_view v;
        struct peers_candidate c = {
            .id = &id, .addrs = &m, .addrs_count = 1, .source = PEERS_PX, .via = from % NODES + 1};
        if (peers_find(w->nodes[from % NODES].p, &id, &v))
            (void)peers_candidate(n->p, &w->t.env, &c);
    }
}

static void step(struct net *w, uint32_t who)
{
    struct node *n = &w->nodes[who];
    struct peers_out out;

    peers_tick(n->p, &w->t.env);
    while (peers_poll(n->p, &out))
        switch (out.kind) {
        case PEERS_OUT_DIAL:
            meet(w, who, kit_who(&out.id) - 1);
            break;
        case PEERS_OUT_DISCONNECT:
            part(w, who, (uint32_t)out.peer - 1);
            break;
        case PEERS_OUT_WANT:
            n->asked = true;
            break;
        }
}

static void run(struct net *w, int64_t ms)
{
    for (int64_t at = 0; at < ms; at += 50) {
        test_env_advance(&w->t, 50 * NS_PER_MS);
        for (uint32_t i = 0; i < NODES; i++)
            step(w, i);
        if (at % ANSWER_MS == 0)
            for (uint32_t i = 0; i < NODES; i++) {
                if (w->nodes[i].asked)
                    tell(w, i);
                w->nodes[i].asked = false;
            }
    }
}

static void begin(struct net *w)
{
    static const uint16_t shards[] = {0, 1, 2, 3, 4, 5, 6, 7};
    struct peers_params params;

    test_env_init(&w->t, 11);
    peers_params_default(&params, 150, 60);
    params.cluster = 66;
    for (uint32_t i = 0; i < NODES; i++) {
        params.self = kit_id(i + 1);
        assert_ok(peers_new(&w->nodes[i].p, &w->t.env, &params));
        peers_set_shards(w->nodes[i].p, &w->t.env, shards, 8);
        struct peer_id id = kit_id(1);
        struct multiaddr m = kit_addr(0, 60000);
        struct peers_candidate boot = {
            .id = &id, .addrs = &m, .addrs_count = 1, .source = PEERS_DISCV5};
        (void)peers_candidate(w->nodes[i].p, &w->t.env, &boot);
    }
}

static void fills_in_half_a_minute_and_comes_to_rest(void **state)
{
    static struct net w;
    size_t short_of = 0, most = 0;
    (void)state;
    begin(&w);
    run(&w, 30000);
    for (uint32_t i = 0; i < NODES; i++) {
        const struct peers_counters *n = peers_counters(w.nodes[i].p);
        short_of += n->relay_out + n->relay_in < 8; /* gossipsub D is 6 */
        most = n->connected > most ? n->connected : most;
    }
    assert_int_equal(short_of, 0);
    assert_true(most <= 150);
    run(&w, 300000);
    size_t opened = w.opened, closed = w.closed;
    run(&w, 600000);
    printf("%u nodes: %zu opened and %zu closed in 330 s, %zu and %zu in the ten minutes after\n",
           NODES, opened, closed, w.opened - opened, w.closed - closed);
    assert_in_range(w.closed - closed, 0, NODES / 10); /* per node and ten minutes: a tenth */
    for (uint32_t i = 0; i < NODES; i++)
        peers_free(w.nodes[i].p);
    test_env_clear(&w.t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_in_half_a_minute_and_comes_to_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
