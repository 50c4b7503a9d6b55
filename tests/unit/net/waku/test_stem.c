/* The stem in virtual time: where a message goes, when it is published after all, what is kept
 * from strangers, and that nobody can take the place of others. */
#include "net/waku/stem.h"
#include "tests/lib/testing.h"

#include <stdlib.h>

#define TOPIC SPAN_LIT("/waku/2/rs/66/0")
#define PEERS 40

static struct test_env t;
static struct stem *s;
static struct peer_id ids[PEERS + 1];
static struct stem_peer peers[PEERS];

static void make(uint64_t seed)
{
    uint8_t secret[32] = {9};
    test_env_init(&t, seed);
    s = stem_new(&t.env, secret);
    assert_non_null(s);
    for (size_t i = 0; i < PEERS; i++) {
        ids[i] = (struct peer_id){.len = 36, .bytes = {0, 0x22, 8, 2, (uint8_t)i}};
        peers[i] = (struct stem_peer){.peer = i + 1, .id = &ids[i], .outbound = i < PEERS / 2};
    }
}

static int set_up(void **state)
{
    (void)state;
    make(5);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    stem_free(s);
    test_env_clear(&t);
    return 0;
}

static enum stem_verdict take_among(uint32_t n, uint64_t from, uint64_t asker, size_t first,
                                    size_t count)
{
    uint8_t hash[32] = {0};
    struct blob *data = blob_new(SPAN_LIT("a message"));
    memcpy(hash, &n, sizeof n);
    enum stem_verdict v = stem_take(s, &t.env,
                                    &(struct stem_message){.hash = hash,
                                                           .from = from,
                                                           .topic = TOPIC,
                                                           .data = data,
                                                           .asker = asker,
                                                           .peers = peers + first,
                                                           .peers_count = count});
    blob_unref(data);
    return v;
}

static enum stem_verdict take(uint32_t n, uint64_t from, uint64_t asker)
{
    return take_among(n, from, asker, 0, PEERS);
}

static enum stem_sight seen(uint32_t n)
{
    uint8_t hash[32] = {0};
    memcpy(hash, &n, sizeof n);
    return stem_seen(s, hash);
}

/* The next output that is no WARM. */
static bool polled(struct stem_out *o)
{
    while (stem_poll(s, o))
        if (o->kind != STEM_WARM)
            return true;
    return false;
}

static struct stem_out expect(enum stem_kind kind)
{
    struct stem_out o;
    assert_true(polled(&o));
    assert_int_equal(o.kind, kind);
    return o;
}

static void expect_nothing(void)
{
    struct stem_out o;
    assert_false(polled(&o));
}

static void advance(int64_t ms)
{
    test_env_advance(&t, ms * NS_PER_MS);
    stem_tick(s, &t.env);
}

/* Until an epoch in which messages of peers are handed on. */
static void wait_for_stem_epoch(void)
{
    for (uint32_t n = 1000000;; n++) {
        if (take(n, 1, 0) == STEM_HELD) {
            expect(STEM_PUSH);
            assert_int_equal(seen(n), STEM_FOREIGN);
            return;
        }
        test_env_advance(&t, STEM_EPOCH_S * NS_PER_S);
    }
}

/* ---- own messages ---- */

static void own_messages_go_to_one_peer_for_a_day(void **state)
{
    (void)state;
    uint64_t guard = 0;
    for (uint32_t n = 0; n < 100; n++) { /* every ten minutes */
        assert_int_equal(take(n, 0, 0), STEM_HELD);
        struct stem_out o = expect(STEM_PUSH);
        assert_span_equal(o.topic, TOPIC);
        assert_span_equal(blob_span(o.data), SPAN_LIT("a message"));
        guard = guard == 0 ? o.peer : guard;
        assert_int_equal(o.peer, guard);
        assert_true(o.peer <= PEERS / 2); /* one that we dialed */
        assert_int_equal(seen(n), STEM_OWN);
        test_env_advance(&t, 600 * NS_PER_S);
    }
    unsigned changed = 0;
    for (uint32_t day = 0; day < 20; day++) {
        test_env_advance(&t, STEM_GUARD_S * NS_PER_S);
        assert_int_equal(take(1000 + day, 0, 0), STEM_HELD);
        uint64_t peer = expect(STEM_PUSH).peer;
        changed += peer != guard;
        guard = peer;
        assert_int_equal(seen(1000 + day), STEM_OWN);
    }
    assert_in_range(changed, 12, 20);
}

static void a_restart_finds_the_same_guard(void **state)
{
    (void)state;
    assert_int_equal(take(1, 0, 0), STEM_HELD);
    uint64_t guard = expect(STEM_PUSH).peer;
    stem_free(s);
    test_env_clear(&t);
    make(77); /* other randomness, the same secret */
    assert_int_equal(take(1, 0, 0), STEM_HELD);
    assert_int_equal(expect(STEM_PUSH).peer, guard);
}

/* A guard that is away is not given up at once, and comes back to its place; in a day there are at
 * most STEM_GUARDS_MAX of them. */
static void guards_that_go_and_come(void **state)
{
    (void)state;
    uint64_t at[STEM_GUARDS_MAX + 1];
    struct stem_peer kept[PEERS];
    memcpy(kept, peers, sizeof kept);
    size_t gone = 0;
    for (uint32_t n = 0; n < STEM_GUARDS_MAX; n++) {
        assert_int_equal(take_among(n, 0, 0, gone, PEERS - gone), STEM_HELD);
        at[n] = expect(STEM_PUSH).peer;
        for (size_t i = gone; i < PEERS; i++)
            if (peers[i].peer == at[n]) { /* it leaves */
                struct stem_peer leaving = peers[i];
                peers[i] = peers[gone];
                peers[gone++] = leaving;
                break;
            }
    }
    assert_true(at[0] != at[1] && at[1] != at[2] && at[0] != at[2]);
    assert_int_equal(take_among(10, 0, 0, gone, PEERS - gone), STEM_NOW);
    assert_int_equal(take_among(11, 0, 0, gone - 2, PEERS - gone + 2), STEM_HELD);
    assert_int_equal(expect(STEM_PUSH).peer, at[1]); /* the second one is back */
    assert_int_equal(take_among(12, 0, 0, 0, PEERS), STEM_HELD);
    assert_int_equal(expect(STEM_PUSH).peer, at[0]);
    /* away for an hour: replaced */
    assert_int_equal(take_among(13, 0, 0, gone, PEERS - gone), STEM_NOW);
    test_env_advance(&t, STEM_GUARD_GONE_S * NS_PER_S);
    assert_int_equal(take_among(14, 0, 0, gone, PEERS - gone), STEM_HELD);
    memcpy(peers, kept, sizeof kept);
}

static void without_a_hop_own_messages_are_published_at_once(void **state)
{
    (void)state;
    assert_int_equal(take_among(1, 0, 7, 0, 0), STEM_NOW);
    expect_nothing();
    assert_int_equal(stem_counters(s)->direct, 1);
    assert_int_equal(stem_deadline(s).ns, MONO_NEVER.ns);
}

static void an_own_message_is_hidden_until_it_is_public(void **state)
{
    (void)state;
    uint8_t hash[32] = {0};
    hash[0] = 3;
    assert_int_equal(take(3, 0, 0), STEM_HELD);
    assert_true(stem_hides(s, hash));
    assert_int_equal(stem_hidden(s), 1);
    assert_int_equal(seen(3), STEM_OWN);
    assert_false(stem_hides(s, hash));
    assert_int_equal(take(3, 0, 0), STEM_HELD);
    advance(STEM_OWN_SAFE_MS_MAX);
    struct stem_out o = expect(STEM_FLUFF);
    assert_true(o.own && stem_hides(s, hash));
    stem_fluffed(s, &t.env, o.number, OK, 5);
    assert_false(stem_hides(s, hash));
    assert_int_equal(stem_hidden(s), 0);
}

/* ---- messages of peers ---- */

static void each_peer_has_one_relay_an_epoch(void **state)
{
    (void)state;
    uint64_t relays[2] = {0}, of[PEERS + 1] = {0};
    wait_for_stem_epoch();
    for (uint32_t n = 0; n < 8 * PEERS; n++) {
        uint64_t from = n % PEERS + 1;
        assert_int_equal(take(n, from, 0), STEM_HELD);
        uint64_t hop = expect(STEM_PUSH).peer;
        assert_true(hop != from); /* never back */
        assert_true(of[from] == 0 || of[from] == hop);
        of[from] = hop;
        for (size_t i = 0; i < 2; i++)
            if (relays[i] == 0 || relays[i] == hop) {
                relays[i] = hop;
                hop = 0;
                break;
            }
        assert_int_equal(hop, 0); /* two of them, not more */
        assert_int_equal(seen(n), STEM_FOREIGN);
    }
    assert_true(relays[1] != 0);
}

/* q = 0.2 of the epochs, and within one all alike. */
static void some_epochs_fluff(void **state)
{
    (void)state;
    unsigned fluffing = 0;
    for (uint32_t epoch = 0; epoch < 1000; epoch++) {
        enum stem_verdict first = take(3 * epoch, 1, 0);
        assert_int_equal(take(3 * epoch + 1, 2, 0), first);
        assert_int_equal(take(3 * epoch + 2, 0, 0), STEM_HELD); /* own ones always go on */
        fluffing += first == STEM_NOW;
        for (uint32_t k = 0; k < 3; k++)
            (void)seen(3 * epoch + k);
        struct stem_out o;
        while (polled(&o))
            assert_int_equal(o.kind, STEM_PUSH);
        test_env_advance(&t, STEM_EPOCH_S * NS_PER_S);
    }
    assert_in_range(fluffing, 160, 240);
}

static void what_comes_round_goes_on_once_more(void **state)
{
    (void)state;
    assert_int_equal(take(1, 0, 0), STEM_HELD);
    uint64_t hop = expect(STEM_PUSH).peer;
    assert_int_equal(take(1, 9, 4), STEM_HELD);
    struct stem_out o = expect(STEM_PUSH);
    assert_true(o.peer != hop && o.peer != 9);
    assert_int_equal(stem_counters(s)->again, 1);
    assert_int_equal(take(1, 9, 5), STEM_HELD); /* asked again by the same: no third way */
    expect_nothing();
    assert_int_equal(take(1, 11, 6), STEM_HELD); /* and a third one ends it */
    o = expect(STEM_FLUFF);
    stem_fluffed(s, &t.env, o.number, OK, 3);
    for (uint64_t asker = 4; asker <= 6; asker++) {
        o = expect(STEM_DONE);
        assert_int_equal(o.asker, asker);
        assert_int_equal(o.relay_peers, 3);
    }
    expect_nothing();
}

static void with_nobody_else_what_comes_round_is_published(void **state)
{
    (void)state;
    assert_int_equal(take_among(1, 0, 0, 0, 2), STEM_HELD);
    uint64_t hop = expect(STEM_PUSH).peer;
    assert_int_equal(take_among(1, hop == 1 ? 2 : 1, 0, 0, 2), STEM_HELD);
    expect(STEM_FLUFF);
}

/* ---- answers and times ---- */

static void the_answer_is_the_next_hops(void **state)
{
    (void)state;
    assert_int_equal(take(1, 0, 42), STEM_HELD);
    struct stem_out o = expect(STEM_PUSH);
    advance(1000);
    stem_answered(s, &t.env, o.number, true, 8);
    o = expect(STEM_DONE);
    assert_int_equal(o.asker, 42);
    assert_ok(o.err);
    assert_int_equal(o.relay_peers, 8);
    advance(STEM_OWN_SAFE_MS_MAX); /* it said so, but nobody has seen the message: a black hole */
    o = expect(STEM_FLUFF);
    stem_fluffed(s, &t.env, o.number, OK, 6);
    expect_nothing(); /* told once */
    assert_int_equal(stem_counters(s)->failsafe, 1);
    assert_int_equal(stem_deadline(s).ns, MONO_NEVER.ns);
}

static void who_is_seen_before_its_answer_is_answered_too(void **state)
{
    (void)state;
    assert_int_equal(take(1, 0, 42), STEM_HELD);
    struct stem_out o = expect(STEM_PUSH);
    assert_int_equal(seen(1), STEM_OWN);
    uint64_t number = o.number;
    o = expect(STEM_DONE);
    assert_ok(o.err);
    assert_int_equal(o.relay_peers, 0);
    stem_answered(s, &t.env, number, true, 8); /* late: nothing */
    expect_nothing();
    advance(10000);
    expect_nothing();
}

static void refusal_and_silence_are_published_here(void **state)
{
    (void)state;
    assert_int_equal(take(1, 0, 1), STEM_HELD);
    struct stem_out o = expect(STEM_PUSH);
    stem_answered(s, &t.env, o.number, false, 0);
    o = expect(STEM_FLUFF);
    stem_fluffed(s, &t.env, o.number, ERR_NOT_FOUND, 0);
    o = expect(STEM_DONE);
    assert_err(o.err, ERR_NOT_FOUND);
    int64_t begin = t.env.now.ns;
    for (uint32_t n = 10; n < 40; n++)
        assert_int_equal(take(n, 0, n), STEM_HELD);
    for (uint32_t n = 10; n < 40; n++)
        expect(STEM_PUSH);
    unsigned published = 0;
    while (published < 30) {
        test_env_advance(&t, stem_deadline(s).ns - t.env.now.ns);
        stem_tick(s, &t.env);
        while (polled(&o) && o.kind == STEM_FLUFF) {
            assert_in_range(t.env.now.ns - begin, STEM_SAFE_MS_MIN * NS_PER_MS,
                            STEM_ANSWER_MS * NS_PER_MS); /* never later: somebody waits */
            published++;
            stem_fluffed(s, &t.env, o.number, OK, 1);
        }
    }
}

/* A hop that swallows what it is handed waits for whoever publishes: that is never the author while
 * there is another hop between. */
static void hops_give_up_before_the_author(void **state)
{
    (void)state;
    struct stem_out o;
    int64_t begin = t.env.now.ns;
    for (uint32_t n = 0; n < 200; n++)
        assert_int_equal(take(n, n % 2 == 0 ? 0 : 5, 0), STEM_HELD); /* own, and of peer 5 */
    while (polled(&o))
        ;
    for (bool own_came = false; stem_deadline(s).ns != MONO_NEVER.ns;) {
        assert_true(stem_deadline(s).ns - begin <= STEM_OWN_SAFE_MS_MAX * NS_PER_MS);
        test_env_advance(&t, stem_deadline(s).ns - t.env.now.ns);
        stem_tick(s, &t.env);
        while (polled(&o)) {
            own_came = own_came || o.own;
            assert_true(o.own || !own_came);
            stem_fluffed(s, &t.env, o.number, OK, 1);
        }
    }
}

static void the_fail_safe_is_spread_over_two_seconds(void **state)
{
    (void)state;
    struct stem_out o;
    int64_t begin = t.env.now.ns;
    unsigned early = 0;
    for (uint32_t n = 0; n < 400; n++)
        assert_int_equal(take(n, 0, 0), STEM_HELD);
    while (polled(&o))
        ;
    advance(STEM_OWN_SAFE_MS_MIN - 1);
    expect_nothing();
    while (stem_deadline(s).ns != MONO_NEVER.ns) {
        assert_in_range(stem_deadline(s).ns - begin, STEM_OWN_SAFE_MS_MIN * NS_PER_MS,
                        STEM_OWN_SAFE_MS_MAX * NS_PER_MS);
        early += stem_deadline(s).ns - begin < 5000 * NS_PER_MS;
        test_env_advance(&t, stem_deadline(s).ns - t.env.now.ns);
        stem_tick(s, &t.env);
        while (polled(&o))
            stem_fluffed(s, &t.env, o.number, OK, 1);
    }
    assert_in_range(early, 150, 250);
}

static void full_queues_are_tried_again(void **state)
{
    (void)state;
    assert_int_equal(take(1, 0, 1), STEM_HELD);
    struct stem_out o = expect(STEM_PUSH);
    stem_answered(s, &t.env, o.number, false, 0);
    for (int i = 0; i < 5; i++) {
        o = expect(STEM_FLUFF);
        stem_fluffed(s, &t.env, o.number, ERR_FULL, 0);
        expect_nothing();
        advance(STEM_RETRY_MS);
    }
    o = expect(STEM_FLUFF);
    stem_fluffed(s, &t.env, o.number, OK, 2);
    assert_int_equal(expect(STEM_DONE).relay_peers, 2);
}

/* ---- bounds ---- */

static void a_flood_of_peers_leaves_room_for_own_messages(void **state)
{
    (void)state;
    struct stem_out o;
    uint32_t n = 0, held = 0;
    wait_for_stem_epoch();
    for (; n < STEM_FOREIGN_PEER_MAX; n++)
        assert_int_equal(take(n, 1, 0), STEM_HELD);
    assert_int_equal(take(n++, 1, 0), STEM_NOW); /* one peer */
    assert_int_equal(stem_counters(s)->full, 1);
    for (uint64_t from = 2; from < 30; from++)
        for (uint32_t k = 0; k < STEM_FOREIGN_PEER_MAX; k++)
            held += take(n++, from, 0) == STEM_HELD;
    assert_int_equal(held + STEM_FOREIGN_PEER_MAX, STEM_FOREIGN_MAX); /* all of them */
    while (polled(&o))
        ;
    for (uint32_t k = 0; k < STEM_OWN_MAX; k++)
        assert_int_equal(take(n++, 0, 0), STEM_HELD);
    assert_int_equal(take(n++, 0, 0), STEM_NOW);
    assert_int_equal(seen(0), STEM_FOREIGN);
    assert_int_equal(take(n++, 1, 0), STEM_HELD); /* room again */
}

static void askers_of_one_message_are_bounded(void **state)
{
    (void)state;
    assert_int_equal(take(1, 0, 1), STEM_HELD);
    expect(STEM_PUSH);
    for (uint64_t a = 2; a <= STEM_ASKERS_MAX; a++)
        assert_int_equal(take(1, 0, a), STEM_HELD);
    expect_nothing();
    assert_int_equal(take(1, 0, 99), STEM_HELD);
    struct stem_out o = expect(STEM_DONE);
    assert_int_equal(o.asker, 99);
    assert_err(o.err, ERR_FULL);
}

#define UNIT(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(own_messages_go_to_one_peer_for_a_day),
        UNIT(a_restart_finds_the_same_guard),
        UNIT(guards_that_go_and_come),
        UNIT(without_a_hop_own_messages_are_published_at_once),
        UNIT(an_own_message_is_hidden_until_it_is_public),
        UNIT(each_peer_has_one_relay_an_epoch),
        UNIT(some_epochs_fluff),
        UNIT(what_comes_round_goes_on_once_more),
        UNIT(with_nobody_else_what_comes_round_is_published),
        UNIT(the_answer_is_the_next_hops),
        UNIT(who_is_seen_before_its_answer_is_answered_too),
        UNIT(refusal_and_silence_are_published_here),
        UNIT(hops_give_up_before_the_author),
        UNIT(the_fail_safe_is_spread_over_two_seconds),
        UNIT(full_queues_are_tried_again),
        UNIT(a_flood_of_peers_leaves_room_for_own_messages),
        UNIT(askers_of_one_message_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
