/* Delivery over a network that loses, repeats and reorders: nothing lost, nothing twice, the same
 * order for everybody, whoever sleeps, crashes or lies. */
#include "node/chat/delivery/delivery.h"
#include "tests/lib/talk.h"

#include <stdlib.h>

#define PEOPLE_MAX 5
#define SENT_MAX   8192
#define SHOWN_MAX  512
#define STORE_MAX  2048

struct record {
    enum delivery_table table;
    uint8_t key[DELIVERY_KEY_BYTES];
    size_t key_bytes;
    struct buf value;
};

struct person {
    struct talker who;
    struct delivery *d;
    struct record store[STORE_MAX];
    size_t store_count;
    struct entry_id shown[SHOWN_MAX];
    size_t shown_count, failed, lost, fetches;
    uint64_t since;
    bool asleep, mute; /* mute: publishing fails */
};

struct sent { /* a message on the way to one person */
    size_t from, to;
    int64_t at;
    struct buf bytes;
};

struct net {
    struct test_env t;
    struct person *people;
    size_t count;
    struct sent *sent;
    size_t sent_count;
    unsigned lose_percent, repeat_percent;
    int64_t delay_ms;
    uint8_t eid[16];
    uint64_t messages;
};

static bool anybody(const void *state, const struct entry_author *who)
{
    const struct net *n = state;
    for (size_t i = 0; i < n->count; i++)
        if (entry_author_eq(&n->people[i].who.author, who))
            return true;
    return false;
}

static void wake(struct net *n, struct person *p)
{
    struct delivery_member list[PEOPLE_MAX];
    const struct delivery_config config = {.conversation = TALK_CONVERSATION,
                                           .self = p->who.author,
                                           .key = p->who.key,
                                           .receipts = true,
                                           .authors = anybody,
                                           .authors_state = n};
    assert_ok(delivery_new(&p->d, &n->t.env, &config));
    for (int table = DELIVERY_STATE; table <= DELIVERY_ENTRIES; table++)
        for (size_t i = 0; i < p->store_count; i++)
            if ((int)p->store[i].table == table)
                assert_ok(delivery_load(p->d, &n->t.env, p->store[i].table,
                                        span_of(p->store[i].key, p->store[i].key_bytes),
                                        buf_span(&p->store[i].value)));
    for (size_t i = 0; i < n->count; i++)
        list[i] = (struct delivery_member){n->people[i].who.author, n->people[i].since};
    assert_ok(delivery_members(p->d, list, n->count));
    delivery_epoch(p->d, &n->t.env, n->eid, 1);
    delivery_ready(p->d, &n->t.env, true);
}

static void begin(struct net *n, uint64_t seed, size_t count)
{
    *n = (struct net){.count = count, .delay_ms = 2000};
    test_env_init(&n->t, seed);
    n->people = calloc(count, sizeof *n->people);
    n->sent = calloc(SENT_MAX, sizeof *n->sent);
    for (size_t i = 0; i < count; i++)
        talker_init(&n->people[i].who, (uint8_t)(i + 1), 1);
    for (size_t i = 0; i < count; i++)
        wake(n, &n->people[i]);
}

static void end(struct net *n)
{
    for (size_t i = 0; i < n->count; i++) {
        struct person *p = &n->people[i];
        delivery_free(p->d);
        for (size_t k = 0; k < p->store_count; k++)
            buf_clear(&p->store[k].value);
        talker_clear(&p->who);
    }
    for (size_t i = 0; i < n->sent_count; i++)
        buf_clear(&n->sent[i].bytes);
    free(n->sent);
    free(n->people);
    test_env_clear(&n->t);
}

static struct record *find(struct person *p, const struct delivery_record *rec)
{
    for (size_t i = 0; i < p->store_count; i++)
        if (p->store[i].table == rec->table && p->store[i].key_bytes == rec->key_bytes &&
            memcmp(p->store[i].key, rec->key, rec->key_bytes) == 0)
            return &p->store[i];
    return NULL;
}

/* One transaction. */
static void keep(struct net *n, struct person *p)
{
    struct delivery_record rec;
    struct buf value = BUF_INIT(1 << 20);
    while (delivery_store(p->d, &n->t.env, &rec, &value) == OK) {
        struct record *r = find(p, &rec);
        if (rec.erase) {
            assert_non_null(r);
            buf_clear(&r->value);
            *r = p->store[--p->store_count];
            continue;
        }
        if (r == NULL) {
            assert_true(p->store_count < STORE_MAX);
            r = &p->store[p->store_count++];
            *r = (struct record){.table = rec.table, .key_bytes = rec.key_bytes};
            memcpy(r->key, rec.key, sizeof r->key);
        }
        buf_clear(&r->value);
        buf_init(&r->value, 1 << 20);
        assert_ok(buf_append(&r->value, buf_span(&value)));
    }
    buf_clear(&value);
}

static void post(struct net *n, size_t from, size_t to, struct span bytes)
{
    int64_t delay = (int64_t)rng_below(n->t.env.rng, (uint64_t)n->delay_ms + 1);
    struct sent *s = &n->sent[n->sent_count];
    assert_true(n->sent_count < SENT_MAX);
    *s = (struct sent){.from = from, .to = to, .at = n->t.env.now.ns + delay * NS_PER_MS};
    buf_init(&s->bytes, 1 << 20);
    assert_ok(buf_append(&s->bytes, bytes));
    n->sent_count++;
}

static void spread(struct net *n, size_t from, struct span bytes)
{
    n->messages++;
    for (size_t to = 0; to < n->count; to++) {
        if (to == from || rng_below(n->t.env.rng, 100) < n->lose_percent)
            continue;
        post(n, from, to, bytes);
        if (rng_below(n->t.env.rng, 100) < n->repeat_percent)
            post(n, from, to, bytes);
    }
}

/* Outputs of one person; what is sealed is "encrypted" as it stands. */
static void serve(struct net *n, size_t i)
{
    struct person *p = &n->people[i];
    struct delivery_out out;
    struct buf bytes = BUF_INIT(1 << 20);
    for (;;) {
        keep(n, p);
        if (!delivery_poll(p->d, &n->t.env, &out))
            break;
        buf_reset(&bytes);
        assert_ok(buf_append(&bytes, out.bytes));
        if (out.kind == DELIVERY_ENTRY) {
            for (size_t k = 0; k < p->shown_count; k++)
                assert_false(entry_id_eq(&p->shown[k], &out.place.id)); /* nothing twice */
            p->shown[p->shown_count++] = out.place.id;
        } else if (out.kind == DELIVERY_SEAL) {
            assert_ok(delivery_sealed(p->d, &n->t.env, out.token, n->eid, buf_span(&bytes)));
        } else if (out.kind == DELIVERY_PUBLISH) {
            if (!p->mute)
                spread(n, i, buf_span(&bytes));
            delivery_published(p->d, &n->t.env, out.token, p->mute ? ERR_CLOSED : OK);
        } else if (out.kind == DELIVERY_CHANGE) {
            p->failed += out.change.state == OUTBOX_FAILED;
        } else if (out.kind == DELIVERY_LOST) {
            p->lost++;
        } else if (out.kind == DELIVERY_FETCH) {
            p->fetches++;
        }
    }
    buf_clear(&bytes);
}

static void run(struct net *n, int64_t seconds)
{
    int64_t until = n->t.env.now.ns + seconds * NS_PER_S;
    while (n->t.env.now.ns < until) {
        int64_t next = until;
        for (size_t i = 0; i < n->count; i++)
            if (!n->people[i].asleep)
                next =
                    mono_min((struct mono){next}, delivery_deadline(n->people[i].d, &n->t.env)).ns;
        for (size_t i = 0; i < n->sent_count; i++)
            next = next < n->sent[i].at ? next : n->sent[i].at;
        if (next > n->t.env.now.ns)
            test_env_advance(&n->t, next - n->t.env.now.ns);
        else
            test_env_advance(&n->t, NS_PER_MS);
        for (size_t i = 0; i < n->sent_count;) {
            struct sent s = n->sent[i];
            if (s.at > n->t.env.now.ns) {
                i++;
                continue;
            }
            n->sent[i] = n->sent[--n->sent_count];
            if (!n->people[s.to].asleep) {
                assert_ok(delivery_receive(n->people[s.to].d, &n->t.env,
                                           &n->people[s.from].who.author, 1, buf_span(&s.bytes)));
                serve(n, s.to);
            }
            buf_clear(&s.bytes);
        }
        for (size_t i = 0; i < n->count; i++) {
            if (n->people[i].asleep)
                continue;
            delivery_tick(n->people[i].d, &n->t.env);
            serve(n, i);
        }
    }
}

static struct entry_id say(struct net *n, size_t i, const char *text)
{
    struct buf content = BUF_INIT(1000);
    struct entry_id id;
    talk_text(&content, text);
    assert_ok(delivery_say(n->people[i].d, &n->t.env, buf_span(&content), &id));
    buf_clear(&content);
    serve(n, i);
    return id;
}

static void crash(struct net *n, size_t i)
{
    delivery_free(n->people[i].d);
    wake(n, &n->people[i]);
}

/* Everybody has so many, in one order, and nothing is waited for. */
static void agree(struct net *n, size_t count)
{
    for (size_t i = 0; i < n->count; i++) {
        const struct timeline *t = delivery_timeline(n->people[i].d);
        const struct timeline *first = delivery_timeline(n->people[0].d);
        assert_int_equal(timeline_count(t), count);
        assert_int_equal(n->people[i].shown_count, count);
        assert_int_equal(timeline_gaps(t), 0);
        assert_int_equal(outbox_count(delivery_outbox(n->people[i].d)), 0);
        assert_int_equal(n->people[i].failed + n->people[i].lost, 0);
        for (size_t k = 0; k < count; k++) {
            struct timeline_entry a = timeline_at(t, k), b = timeline_at(first, k);
            assert_int_equal(entry_place_cmp(&a.place, &b.place), 0);
        }
    }
}

static void nothing_is_lost_nothing_comes_twice_and_all_have_one_order(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct net n;
        size_t said = 0;
        begin(&n, seed, 2 + seed % 4);
        n.lose_percent = seed < 3 ? 0 : 20;
        n.repeat_percent = 20;
        n.delay_ms = 8000;
        for (size_t k = 0; k < 40; k++) {
            size_t who = (size_t)rng_below(n.t.env.rng, n.count);
            (void)say(&n, who, "a word");
            said++;
            run(&n, (int64_t)rng_below(n.t.env.rng, 6));
            if (rng_below(n.t.env.rng, 8) == 0) /* killed at any time, started again */
                crash(&n, (size_t)rng_below(n.t.env.rng, n.count));
        }
        run(&n, 24 * 3600);
        agree(&n, said);
        end(&n);
    }
}

static void who_sleeps_for_three_days_misses_nothing(void **state)
{
    (void)state;
    struct net n;
    begin(&n, 11, 3);
    n.lose_percent = 10;
    n.people[2].asleep = true;
    for (size_t k = 0; k < 12; k++) {
        (void)say(&n, k % 2, "while you slept");
        run(&n, 6 * 3600);
    }
    assert_int_equal(n.people[2].shown_count, 0);
    assert_true(outbox_count(delivery_outbox(n.people[0].d)) > 0);
    n.people[2].asleep = false;
    run(&n, 3 * 86400);
    agree(&n, 12);
    end(&n);
}

static void an_author_who_went_away_is_answered_for(void **state)
{
    (void)state;
    struct net n;
    begin(&n, 12, 3);
    n.people[2].asleep = true;
    (void)say(&n, 0, "one");
    run(&n, 50);               /* it would be sent again after 60 */
    n.people[0].asleep = true; /* only 1 has it; then 2 hears of it from 1 */
    n.people[2].asleep = false;
    (void)say(&n, 1, "two");
    run(&n, 600);
    assert_int_equal(n.people[2].shown_count, 2);
    assert_int_equal(delivery_counters(n.people[2].d)->repaired, 1);
    assert_true(n.people[2].fetches >= 1); /* stores were asked before */
    struct timeline_entry e = timeline_at(delivery_timeline(n.people[2].d), 0);
    assert_true(entry_author_eq(&e.author, &n.people[0].who.author));
    end(&n);
}

static void an_entry_put_into_anothers_mouth_is_refused(void **state)
{
    (void)state;
    struct net n;
    struct entry e;
    struct timeline_entry there;
    struct buf out = BUF_INIT(1 << 18);
    begin(&n, 13, 3);
    struct entry_id id = say(&n, 0, "I said this");
    assert_true(timeline_get(delivery_timeline(n.people[0].d), &id, &there));
    assert_ok(entry_decode(there.bytes, &e));
    const struct entry_author stranger = {{1}, {2}};
    const struct entry_author *mouths[] = {&n.people[2].who.author, &n.people[1].who.author,
                                           &stranger};
    for (size_t i = 0; i < 3; i++) { /* handed on by 1 as 2's, 1's own and a stranger's */
        struct parcel p = {.carried = {{*mouths[i], there.bytes}}, .carried_count = 1};
        buf_reset(&out);
        assert_ok(parcel_encode(&p, &out));
        assert_err(
            delivery_receive(n.people[2].d, &n.t.env, &n.people[1].who.author, 1, buf_span(&out)),
            ERR_AUTH);
        assert_err(delivery_history(n.people[2].d, &n.t.env, mouths[i], there.bytes), ERR_AUTH);
    }
    struct parcel p = {.entries = {there.bytes}, .entries_count = 1}; /* sent as one's own */
    buf_reset(&out);
    assert_ok(parcel_encode(&p, &out));
    assert_err(
        delivery_receive(n.people[2].d, &n.t.env, &n.people[1].who.author, 1, buf_span(&out)),
        ERR_AUTH);
    assert_int_equal(timeline_count(delivery_timeline(n.people[2].d)), 0);
    /* the control: as its author's it is taken, and stays its author's */
    p = (struct parcel){.carried = {{n.people[0].who.author, there.bytes}}, .carried_count = 1};
    buf_reset(&out);
    assert_ok(parcel_encode(&p, &out));
    assert_ok(
        delivery_receive(n.people[2].d, &n.t.env, &n.people[1].who.author, 1, buf_span(&out)));
    there = timeline_at(delivery_timeline(n.people[2].d), 0);
    assert_true(entry_author_eq(&there.author, &n.people[0].who.author));
    buf_clear(&out);
    end(&n);
}

static void what_was_sealed_under_a_left_epoch_is_sealed_again_under_the_same_id(void **state)
{
    (void)state;
    struct net n;
    begin(&n, 14, 2);
    n.people[0].mute = true;
    (void)say(&n, 0, "before the epoch changed");
    run(&n, 2);
    uint8_t next[16] = {9};
    memcpy(n.eid, next, 16);
    delivery_epoch(n.people[0].d, &n.t.env, next, 2);
    n.people[0].mute = false;
    serve(&n, 0);
    run(&n, 60);
    agree(&n, 1);
    end(&n);
}

static void what_was_said_before_a_crash_is_sent_after_it(void **state)
{
    (void)state;
    for (int sealed = 0; sealed < 2; sealed++) {
        struct net n;
        begin(&n, 17, 2);
        n.people[0].mute = true;
        delivery_ready(n.people[0].d, &n.t.env, sealed != 0);
        (void)say(&n, 0, "and then the power went out");
        crash(&n, 0);
        n.people[0].mute = false;
        run(&n, 50);
        assert_int_equal(n.messages, 2); /* it, and its acknowledgement */
        n.people[0].shown_count = 1;
        agree(&n, 1);
        end(&n);
    }
}

static void a_request_is_followed_without_a_sign_of_life(void **state)
{
    (void)state;
    struct net n;
    begin(&n, 15, 2);
    delivery_set_silent(n.people[1].d, true);
    (void)say(&n, 0, "hello, you do not know me");
    run(&n, 3600);
    assert_int_equal(n.people[1].shown_count, 1);
    assert_int_equal(outbox_count(delivery_outbox(n.people[0].d)), 1);
    delivery_set_silent(n.people[1].d, false);
    run(&n, 3600);
    agree(&n, 1);
    end(&n);
}

static void what_is_from_before_ones_time_is_withheld(void **state)
{
    (void)state;
    struct net n;
    begin(&n, 16, 3);
    n.people[2].asleep = true;
    n.people[2].since = 2; /* joined with epoch 2; the entry is of epoch 1 */
    struct entry_id early = say(&n, 0, "before you came");
    run(&n, 50);
    for (size_t i = 0; i < 3; i++)
        crash(&n, i);
    n.people[0].asleep = true;
    n.people[2].asleep = false;
    (void)say(&n, 1, "welcome");
    run(&n, 600);
    struct timeline_entry e;
    assert_int_equal(n.people[2].shown_count, 1);
    assert_false(timeline_get(delivery_timeline(n.people[2].d), &early, &e));
    assert_int_equal(timeline_gaps(delivery_timeline(n.people[2].d)), 0);
    end(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost_nothing_comes_twice_and_all_have_one_order),
        cmocka_unit_test(who_sleeps_for_three_days_misses_nothing),
        cmocka_unit_test(an_author_who_went_away_is_answered_for),
        cmocka_unit_test(an_entry_put_into_anothers_mouth_is_refused),
        cmocka_unit_test(what_was_sealed_under_a_left_epoch_is_sealed_again_under_the_same_id),
        cmocka_unit_test(what_was_said_before_a_crash_is_sent_after_it),
        cmocka_unit_test(a_request_is_followed_without_a_sign_of_life),
        cmocka_unit_test(what_is_from_before_ones_time_is_withheld),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
