/* Two hundred engines in virtual time, joined by links with delay: nodes come and go, the network
 * is cut in two and heals. Every message reaches every node that was up from 10 s before to 10 s
 * after its publication, exactly once, and two runs of one seed agree on every event. */
#include "crypto/base/heap.h"
#include "net/gossipsub/gossipsub.h"
#include "net/wire/peer_id.h"
#include "tests/lib/testing.h"

#include <stdlib.h>

#define NODES        200u
#define DEGREE       12u /* links that a node keeps by dialing */
#define MESSAGES_MAX 1024u
#define SETTLE_NS    (10 * NS_PER_S)
#define TOPIC        SPAN_LIT("/waku/2/rs/66/0")

struct node {
    struct test_env t;
    struct gossipsub *g;
    bool up;
    int64_t up_since, down_since;
    uint16_t got[MESSAGES_MAX]; /* times delivered */
};

struct parcel { /* an RPC on its way */
    struct heap_node timer;
    int64_t at;
    uint64_t order;
    uint32_t from, to, link;
    size_t len;
    uint8_t bytes[];
};

struct message {
    int64_t at;
    uint32_t by;
};

struct network {
    struct node nodes[NODES];
    uint32_t link[NODES][NODES]; /* generation of the link, 0: none; symmetric */
    uint32_t links;
    struct heap parcels;
    uint64_t order;
    int64_t now;
    uint64_t rng_state;
    struct rng rng;
    struct test_env rng_env;
    bool cut; /* even and odd nodes do not reach each other */
    struct message sent[MESSAGES_MAX];
    uint32_t sent_count;
    uint64_t digest;
};

static bool sooner(const struct heap_node *a, const struct heap_node *b)
{
    const struct parcel *x = (const void *)a, *y = (const void *)b; /* the node comes first in it */
    return x->at != y->at ? x->at < y->at : x->order < y->order;
}

static void note(struct network *w, uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t words[4] = {a, b, c, (uint64_t)w->now};
    for (size_t i = 0; i < 4; i++) {
        w->digest ^= words[i];
        w->digest *= 0x100000001b3u;
        w->digest ^= w->digest >> 29;
    }
}

static uint64_t pick(struct network *w, uint64_t bound)
{
    return rng_below(&w->rng_env.rng, bound);
}

static struct peer_id id_of(uint32_t node)
{
    struct peer_id id = {.len = 36, .bytes = {0x00, 0x22}};
    id.bytes[34] = (uint8_t)(node >> 8);
    id.bytes[35] = (uint8_t)node;
    return id;
}

/* A peer's number at a node names the link, so that a new link is a new peer. */
static uint64_t number(uint32_t link, uint32_t node)
{
    return (uint64_t)link << 16 | node;
}

static void send_all(struct network *w, uint32_t from, uint64_t peer)
{
    struct node *n = &w->nodes[from];
    struct gossipsub_rpc_out out;
    while (gossipsub_next_rpc(n->g, &n->t.env, peer, 1u << 20, &out)) {
        size_t len = out.bytes - out.head_len, at = 0;
        struct parcel *p = malloc(sizeof *p + len);
        assert_non_null(p);
        *p = (struct parcel){.order = w->order++,
                             .from = from,
                             .to = (uint32_t)(peer & 0xffff),
                             .link = (uint32_t)(peer >> 16),
                             .len = len};
        p->at = w->now + (int64_t)(5 + (p->from * 7 + p->to * 7) % 60) * NS_PER_MS;
        for (size_t i = 0; i < out.count; i++) {
            memcpy(p->bytes + at, out.parts[i]->bytes, out.parts[i]->len);
            at += out.parts[i]->len;
        }
        assert_ok(heap_insert(&w->parcels, &p->timer));
    }
}

static void pump(struct network *w, uint32_t i)
{
    struct node *n = &w->nodes[i];
    struct gossipsub_out out;
    while (gossipsub_poll(n->g, &out)) {
        if (out.kind == GOSSIPSUB_OUT_READY) {
            send_all(w, i, out.peer);
        } else if (out.kind == GOSSIPSUB_OUT_MESSAGE) {
            uint32_t m;
            memcpy(&m, out.data.ptr, sizeof m);
            n->got[m]++;
            note(w, 1, i, m);
            gossipsub_verdict(n->g, &n->t.env, out.ticket, GOSSIPSUB_ACCEPT);
        } else {
            assert_int_equal(out.kind, GOSSIPSUB_OUT_CONNECT);
        }
    }
    arena_reset(n->t.env.scratch);
}

static void set_time(struct network *w, uint32_t i)
{
    test_env_advance(&w->nodes[i].t, w->now - w->nodes[i].t.env.now.ns);
}

static bool crosses(uint32_t a, uint32_t b)
{
    return ((a ^ b) & 1) != 0;
}

static void connect(struct network *w, uint32_t a, uint32_t b)
{
    if (a == b || w->link[a][b] != 0 || !w->nodes[a].up || !w->nodes[b].up ||
        (w->cut && crosses(a, b)))
        return;
    uint32_t link = ++w->links;
    w->link[a][b] = w->link[b][a] = link;
    struct peer_id ida = id_of(a), idb = id_of(b);
    uint8_t ipa[4] = {10, 0, (uint8_t)(a >> 8), (uint8_t)a},
            ipb[4] = {10, 0, (uint8_t)(b >> 8), (uint8_t)b};
    set_time(w, a);
    set_time(w, b);
    assert_ok(gossipsub_peer_up(w->nodes[a].g, &w->nodes[a].t.env, number(link, b), &idb,
                                "/vac/waku/relay/2.0.0", true, SPAN_ARRAY(ipb)));
    assert_ok(gossipsub_peer_up(w->nodes[b].g, &w->nodes[b].t.env, number(link, a), &ida,
                                "/vac/waku/relay/2.0.0", false, SPAN_ARRAY(ipa)));
    pump(w, a);
    pump(w, b);
}

static void disconnect(struct network *w, uint32_t a, uint32_t b)
{
    uint32_t link = w->link[a][b];
    if (link == 0)
        return;
    w->link[a][b] = w->link[b][a] = 0;
    uint32_t ends[2] = {a, b};
    for (size_t i = 0; i < 2; i++) {
        struct node *n = &w->nodes[ends[i]];
        if (n->g == NULL)
            continue;
        set_time(w, ends[i]);
        gossipsub_peer_down(n->g, &n->t.env, number(link, ends[1 - i]));
        pump(w, ends[i]);
    }
}

static void start(struct network *w, uint32_t i)
{
    struct node *n = &w->nodes[i];
    struct gossipsub_params p = gossipsub_params_default();
    test_env_init(&n->t, w->rng_state++ * 1000003u + i);
    set_time(w, i);
    n->g = gossipsub_new(&p, &n->t.env);
    assert_non_null(n->g);
    n->up = true;
    n->up_since = w->now;
    n->down_since = INT64_MAX;
    assert_ok(gossipsub_subscribe(n->g, &n->t.env, TOPIC));
    note(w, 2, i, 0);
}

/* What a peer manager does: dial until there are links enough. */
static void dial(struct network *w, uint32_t i)
{
    uint32_t links = 0;
    for (uint32_t k = 0; k < NODES; k++)
        links += w->link[i][k] != 0;
    for (uint32_t tries = 0; links < DEGREE && tries < 4 * DEGREE; tries++) {
        uint32_t to = (uint32_t)pick(w, NODES), before = w->links;
        connect(w, i, to);
        links += w->links - before;
    }
}

static void dial_all(struct network *w)
{
    for (uint32_t i = 0; i < NODES; i++)
        if (w->nodes[i].up)
            dial(w, i);
}

static void stop(struct network *w, uint32_t i)
{
    for (uint32_t k = 0; k < NODES; k++)
        disconnect(w, i, k);
    gossipsub_free(w->nodes[i].g);
    test_env_clear(&w->nodes[i].t);
    w->nodes[i].g = NULL;
    w->nodes[i].up = false;
    w->nodes[i].down_since = w->now;
    note(w, 3, i, 0);
}

static void arrive(struct network *w, struct parcel *p)
{
    struct node *n = &w->nodes[p->to];
    if (w->link[p->from][p->to] == p->link) {
        set_time(w, p->to);
        assert_ok(
            gossipsub_rpc(n->g, &n->t.env, number(p->link, p->from), span_of(p->bytes, p->len)));
        pump(w, p->to);
    }
    free(p);
}

static uint32_t first_due(const struct network *w, int64_t *due)
{
    uint32_t first = NODES;
    *due = INT64_MAX;
    for (uint32_t i = 0; i < NODES; i++) {
        int64_t d = w->nodes[i].up ? gossipsub_deadline(w->nodes[i].g).ns : INT64_MAX;
        if (d < *due) {
            *due = d;
            first = i;
        }
    }
    return first;
}

static void run_until(struct network *w, int64_t end)
{
    for (;;) {
        int64_t due;
        uint32_t i = first_due(w, &due);
        for (;;) { /* everything that arrives before the next heartbeat */
            struct heap_node *h = heap_peek(&w->parcels);
            struct parcel *p = h == NULL ? NULL : CONTAINER_OF(h, struct parcel, timer);
            if (p == NULL || p->at > end || p->at >= due)
                break;
            heap_remove(&w->parcels, &p->timer);
            w->now = p->at;
            arrive(w, p);
        }
        if (i == NODES || due > end)
            break;
        w->now = due;
        set_time(w, i);
        gossipsub_tick(w->nodes[i].g, &w->nodes[i].t.env);
        pump(w, i);
    }
    w->now = end;
}

static void publish(struct network *w)
{
    uint32_t by = (uint32_t)pick(w, NODES), m = w->sent_count;
    while (!w->nodes[by].up)
        by = (by + 1) % NODES;
    struct node *n = &w->nodes[by];
    uint8_t data[100] = {0};
    memcpy(data, &m, sizeof m);
    memcpy(data + 4, &w->now, sizeof w->now);
    set_time(w, by);
    assert_ok(gossipsub_publish(n->g, &n->t.env, TOPIC, SPAN_ARRAY(data), NULL));
    n->got[m]++;
    w->sent[m] = (struct message){.at = w->now, .by = by};
    w->sent_count++;
    pump(w, by);
}

static struct network *begin(uint64_t seed)
{
    struct network *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->rng_state = seed;
    test_env_init(&w->rng_env, seed);
    w->now = w->rng_env.env.now.ns;
    w->digest = 0xcbf29ce484222325u;
    heap_init(&w->parcels, sooner);
    for (uint32_t i = 0; i < NODES; i++)
        start(w, i);
    dial_all(w);
    run_until(w, w->now + 15 * NS_PER_S);
    return w;
}

static uint64_t end(struct network *w)
{
    struct heap_node *h;
    uint64_t digest = w->digest;
    while ((h = heap_peek(&w->parcels)) != NULL) {
        struct parcel *p = CONTAINER_OF(h, struct parcel, timer);
        heap_remove(&w->parcels, h);
        free(p);
    }
    heap_clear(&w->parcels);
    for (uint32_t i = 0; i < NODES; i++)
        if (w->nodes[i].up)
            stop(w, i);
    test_env_clear(&w->rng_env);
    free(w);
    return digest;
}

/* Was the node up all the time around the message? */
static bool owed(const struct network *w, const struct node *n, const struct message *m)
{
    return n->up && n->up_since <= m->at - SETTLE_NS && w->now >= m->at + SETTLE_NS;
}

static uint32_t missing(const struct network *w, uint32_t from)
{
    uint32_t n = 0;
    for (uint32_t m = from; m < w->sent_count; m++)
        for (uint32_t i = 0; i < NODES; i++)
            n += owed(w, &w->nodes[i], &w->sent[m]) && w->nodes[i].got[m] == 0;
    return n;
}

static uint32_t doubled(const struct network *w)
{
    uint32_t n = 0;
    for (uint32_t m = 0; m < w->sent_count; m++)
        for (uint32_t i = 0; i < NODES; i++)
            n += w->nodes[i].got[m] > 1;
    return n;
}

/* One in ten nodes leaves for a while, over and over; a node that comes back is a new one. */
static uint64_t churn(uint64_t seed)
{
    struct network *w = begin(seed);
    uint32_t away[NODES / 10], count = 0;

    for (uint32_t step = 0; step < 120; step++) { /* a minute */
        publish(w);
        run_until(w, w->now + NS_PER_S / 4);
        if (count == NODES / 10) {
            uint32_t back = away[0];
            memmove(away, away + 1, --count * sizeof *away);
            memset(w->nodes[back].got, 0, sizeof w->nodes[back].got);
            start(w, back);
        }
        uint32_t victim = (uint32_t)pick(w, NODES);
        if (w->nodes[victim].up) {
            stop(w, victim);
            away[count++] = victim;
        }
        dial_all(w);
        run_until(w, w->now + NS_PER_S / 4);
    }
    run_until(w, w->now + SETTLE_NS);
    assert_int_equal(missing(w, 0), 0);
    assert_int_equal(doubled(w), 0);
    return end(w);
}

static void every_message_reaches_every_node_under_churn(void **state)
{
    (void)state;
    (void)churn(1);
}

static void two_runs_of_one_seed_have_one_digest(void **state)
{
    (void)state;
    assert_true(churn(7) == churn(7));
    assert_true(churn(8) != churn(7));
}

static void network_heals_after_a_partition(void **state)
{
    (void)state;
    struct network *w = begin(3);

    w->cut = true;
    for (uint32_t a = 0; a < NODES; a++)
        for (uint32_t b = a + 1; b < NODES; b++)
            if (crosses(a, b))
                disconnect(w, a, b);
    dial_all(w);
    run_until(w, w->now + 5 * NS_PER_S);
    publish(w);
    run_until(w, w->now + 20 * NS_PER_S);
    assert_int_equal(missing(w, 0), NODES / 2); /* one half of them cannot have it */
    w->cut = false;
    for (uint32_t a = 0; a < NODES; a++)
        for (uint32_t k = 0; k < DEGREE / 2; k++)
            connect(w, a, (uint32_t)pick(w, NODES));
    run_until(w, w->now + SETTLE_NS);
    uint32_t healed = w->sent_count;
    for (uint32_t i = 0; i < 20; i++) {
        publish(w);
        run_until(w, w->now + NS_PER_S / 2);
    }
    run_until(w, w->now + SETTLE_NS);
    assert_int_equal(missing(w, healed), 0);
    assert_int_equal(doubled(w), 0);
    (void)end(w);
}

static void mesh_degrees_stay_in_their_bounds(void **state)
{
    (void)state;
    struct network *w = begin(4);
    const struct gossipsub_params p = gossipsub_params_default();

    run_until(w, w->now + 20 * NS_PER_S);
    for (uint32_t i = 0; i < NODES; i++) {
        struct gossipsub_topic_view v;
        assert_true(gossipsub_topic_get(w->nodes[i].g, TOPIC, &v));
        assert_true(v.mesh >= p.d_low && v.mesh <= p.d_high + p.d_out);
    }
    (void)end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_reaches_every_node_under_churn),
        cmocka_unit_test(two_runs_of_one_seed_have_one_digest),
        cmocka_unit_test(network_heals_after_a_partition),
        cmocka_unit_test(mesh_degrees_stay_in_their_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
