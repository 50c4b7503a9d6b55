/* The order of a conversation: the same for everybody, whatever came when, once each. */
#include "node/chat/delivery/timeline.h"
#include "tests/lib/talk.h"

/* a conversation that was really held: entries with their bytes, in the order they were said */
#define SAID_MAX 400

struct said {
    struct entry_id id;
    struct talker *by;
    struct buf bytes;
};

struct scene {
    struct test_env t;
    struct talker people[3];
    struct buf content;
    struct said said[SAID_MAX];
    size_t count;
};

static void begin(struct scene *s, uint64_t seed)
{
    *s = (struct scene){0};
    test_env_init(&s->t, seed);
    for (uint8_t i = 0; i < 3; i++)
        talker_init(&s->people[i], i, 0);
    buf_init(&s->content, 1000);
}

static void end(struct scene *s)
{
    for (size_t i = 0; i < s->count; i++)
        buf_clear(&s->said[i].bytes);
    for (size_t i = 0; i < 3; i++)
        talker_clear(&s->people[i]);
    buf_clear(&s->content);
    test_env_clear(&s->t);
}

static struct timeline *fresh(void)
{
    static const uint8_t seed[16];
    struct timeline *t;
    assert_ok(timeline_new(&t, seed));
    return t;
}

static enum err add(struct scene *s, struct timeline *t, const struct said *said,
                    enum timeline_verdict *verdict)
{
    struct entry e;
    assert_ok(entry_decode(buf_span(&said->bytes), &e));
    return timeline_add(t, &s->t.env,
                        &(struct timeline_in){.entry = &e,
                                              .id = said->id,
                                              .author = said->by->author,
                                              .bytes = buf_span(&said->bytes)},
                        verdict);
}

static enum timeline_verdict add_ok(struct scene *s, struct timeline *t, size_t i)
{
    enum timeline_verdict v;
    assert_ok(add(s, t, &s->said[i], &v));
    return v;
}

static struct said *say(struct scene *s, size_t who, struct timeline *t, uint64_t lamport)
{
    struct said *said = &s->said[s->count];
    struct entry e = {.lamport = lamport};
    char text[32];
    assert_true(s->count < SAID_MAX);
    (void)snprintf(text, sizeof text, "number %zu", s->count++);
    talk_text(&s->content, text);
    e.content = buf_span(&s->content);
    if (t != NULL)
        timeline_next(t, &s->t.env, &e);
    said->by = &s->people[who];
    buf_init(&said->bytes, 2000);
    said->id = talk_sign(said->by, &e, &said->bytes);
    return said;
}

static size_t drain(struct timeline *t)
{
    struct timeline_out out;
    size_t count = 0;
    while (timeline_poll(t, &out))
        count++;
    return count;
}

/* Three people talk, each hearing the others late or not yet. */
static void converse(struct scene *s, size_t count)
{
    struct timeline *t[3] = {fresh(), fresh(), fresh()};
    size_t heard[3] = {0};
    for (size_t i = 0; i < count; i++) {
        size_t who = (size_t)rng_below(s->t.env.rng, 3);
        size_t first = s->count;
        for (; heard[who] < s->count && rng_below(s->t.env.rng, 4) != 0; heard[who]++)
            (void)add_ok(s, t[who], heard[who]);
        (void)say(s, who, t[who], 0);
        (void)add_ok(s, t[who], first);
        test_env_advance(&s->t, (int64_t)rng_below(s->t.env.rng, 3000) * NS_PER_MS);
    }
    for (size_t i = 0; i < 3; i++)
        timeline_free(t[i]);
}

static void everybody_has_the_same_order_whatever_came_when_and_how_often(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct scene s;
        begin(&s, seed);
        converse(&s, 120);
        struct timeline *sorted = fresh(), *mixed = fresh();
        for (size_t i = 0; i < s.count; i++)
            (void)add_ok(&s, sorted, i);
        size_t told = 0;
        bool came[SAID_MAX] = {0};
        for (size_t left = s.count; left > 0;) { /* at random, some of them many times */
            size_t i = (size_t)rng_below(s.t.env.rng, s.count);
            enum timeline_verdict v = add_ok(&s, mixed, i);
            assert_int_equal(v, came[i] ? TIMELINE_DUPLICATE : TIMELINE_NEW);
            left -= !came[i];
            came[i] = true;
            told += drain(mixed);
        }
        assert_int_equal(told, s.count);
        assert_int_equal(timeline_count(mixed), s.count);
        for (size_t i = 0; i < s.count; i++) {
            struct timeline_entry a = timeline_at(sorted, i), b = timeline_at(mixed, i);
            assert_int_equal(entry_place_cmp(&a.place, &b.place), 0);
            assert_true(a.complete && b.complete);
            if (i > 0) {
                struct timeline_entry before = timeline_at(mixed, i - 1);
                assert_true(entry_place_cmp(&before.place, &b.place) < 0);
            }
        }
        assert_int_equal(timeline_gaps(mixed), 0);
        timeline_free(sorted);
        timeline_free(mixed);
        end(&s);
    }
}

static void what_answers_stands_behind_what_it_answers(void **state)
{
    (void)state;
    struct scene s;
    begin(&s, 3);
    converse(&s, 200);
    struct timeline *t = fresh();
    for (size_t i = 0; i < s.count; i++)
        (void)add_ok(&s, t, i);
    size_t most = 0;
    for (size_t i = 0; i < s.count; i++) {
        struct entry e;
        assert_ok(entry_decode(buf_span(&s.said[i].bytes), &e));
        most = e.parents_count > most ? e.parents_count : most;
        assert_true(e.parents_count > 0 || i < 3);
        for (size_t k = 0; k < e.parents_count; k++) {
            struct timeline_entry parent;
            assert_true(timeline_get(t, &e.parents[k], &parent));
            assert_true(parent.place.lamport < e.lamport);
        }
    }
    assert_true(most >= 2);
    timeline_free(t);
    end(&s);
}

static void a_gap_is_seen_and_nothing_waits_for_it(void **state)
{
    (void)state;
    struct scene s;
    struct entry_id ids[TIMELINE_HEADS_MAX];
    begin(&s, 4);
    struct timeline *writer = fresh(), *t = fresh();
    for (size_t i = 0; i < 4; i++) {
        (void)say(&s, 0, writer, 0);
        (void)add_ok(&s, writer, i);
        test_env_advance(&s.t, NS_PER_S);
    }
    (void)add_ok(&s, t, 0);
    (void)add_ok(&s, t, 3); /* names 2 and 1 */
    assert_int_equal(drain(t), 2);
    assert_int_equal(timeline_gaps(t), 2);
    assert_false(timeline_at(t, 1).complete);
    assert_int_equal(timeline_at(t, 1).missing, 2);
    assert_int_equal(timeline_heads(t, ids), 1); /* acknowledged is what is complete */
    assert_true(entry_id_eq(&ids[0], &s.said[0].id));
    assert_int_equal(timeline_beyond(t, ids), 1);
    assert_true(entry_id_eq(&ids[0], &s.said[3].id));
    struct entry e = {0}; /* and parents of ours are complete */
    timeline_next(t, &s.t.env, &e);
    assert_int_equal(e.parents_count, 1);
    assert_true(entry_id_eq(&e.parents[0], &s.said[0].id));

    struct timeline_out out;
    (void)add_ok(&s, t, 1);
    assert_true(timeline_poll(t, &out));
    assert_true(out.late);
    (void)add_ok(&s, t, 2);
    assert_int_equal(timeline_gaps(t), 0);
    assert_true(timeline_at(t, 3).complete);
    assert_int_equal(timeline_heads(t, ids), 1);
    assert_true(entry_id_eq(&ids[0], &s.said[3].id));
    /* what will never come is said so, and no longer waited for */
    struct timeline *u = fresh();
    (void)add_ok(&s, u, 3);
    timeline_outside(u, &s.said[1].id);
    timeline_outside(u, &s.said[2].id);
    assert_true(timeline_at(u, 0).complete);
    assert_int_equal(timeline_gaps(u), 0);
    assert_int_equal(add_ok(&s, u, 2), TIMELINE_NEW); /* it came after all */
    timeline_free(writer);
    timeline_free(t);
    timeline_free(u);
    end(&s);
}

static void an_entry_ahead_of_the_clock_is_held_until_it_is_due(void **state)
{
    (void)state;
    struct scene s;
    size_t accounts;
    begin(&s, 5);
    uint64_t now = (uint64_t)(s.t.env.wall.ns / NS_PER_MS);
    struct timeline *t = fresh();
    (void)say(&s, 0, NULL, now + TIMELINE_AHEAD_MS);
    (void)say(&s, 0, NULL, now + TIMELINE_AHEAD_MS + 5000);
    (void)say(&s, 1, NULL, now + TIMELINE_AHEAD_MS + 1);
    assert_int_equal(add_ok(&s, t, 0), TIMELINE_NEW);
    assert_int_equal(add_ok(&s, t, 1), TIMELINE_HELD);
    assert_int_equal(add_ok(&s, t, 1), TIMELINE_DUPLICATE);
    assert_int_equal(add_ok(&s, t, 2), TIMELINE_HELD);
    assert_int_equal(timeline_held(t, &accounts), 2);
    assert_int_equal(accounts, 2);
    assert_int_equal(drain(t), 1);
    /* our own counter does not run after it */
    struct entry e = {0};
    timeline_next(t, &s.t.env, &e);
    assert_int_equal(e.lamport, now + TIMELINE_AHEAD_MS);
    assert_int_equal(timeline_deadline(t, &s.t.env).ns, s.t.env.now.ns + NS_PER_MS);
    test_env_advance(&s.t, NS_PER_MS);
    timeline_tick(t, &s.t.env);
    assert_int_equal(drain(t), 1);
    test_env_advance(&s.t, 5 * NS_PER_S);
    timeline_tick(t, &s.t.env);
    assert_int_equal(drain(t), 1);
    assert_int_equal(timeline_count(t), 3);
    assert_int_equal(timeline_deadline(t, &s.t.env).ns, MONO_NEVER.ns);
    timeline_free(t);
    end(&s);
}

static void who_is_always_ahead_holds_a_bounded_room(void **state)
{
    (void)state;
    struct scene s;
    enum timeline_verdict v;
    begin(&s, 6);
    struct timeline *t = fresh();
    for (size_t i = 0; i <= TIMELINE_HELD_AUTHOR_MAX; i++)
        (void)say(&s, 0, NULL, INT64_MAX - i);
    for (size_t i = 0; i < TIMELINE_HELD_AUTHOR_MAX; i++)
        assert_int_equal(add_ok(&s, t, i), TIMELINE_HELD);
    assert_err(add(&s, t, &s.said[TIMELINE_HELD_AUTHOR_MAX], &v), ERR_LIMIT);
    assert_false(timeline_knows(t, &s.said[TIMELINE_HELD_AUTHOR_MAX].id));
    uint64_t now = (uint64_t)(s.t.env.wall.ns / NS_PER_MS);
    (void)say(&s, 1, NULL, now + 2 * TIMELINE_AHEAD_MS);
    assert_int_equal(add_ok(&s, t, s.count - 1), TIMELINE_HELD); /* another one is not hurt */
    timeline_free(t);
    end(&s);
}

static void own_lamports_rise_also_when_the_clock_goes_back(void **state)
{
    (void)state;
    struct scene s;
    struct entry e = {0};
    uint64_t last = 0;
    begin(&s, 7);
    struct timeline *t = fresh();
    for (size_t i = 0; i < 50; i++) {
        s.t.env.wall.ns += i % 10 == 9 ? -3600 * NS_PER_S : NS_PER_S;
        timeline_next(t, &s.t.env, &e);
        assert_true(e.lamport > last);
        last = e.lamport;
    }
    timeline_free(t);
    end(&s);
}

static void an_acknowledgement_of_a_head_is_one_of_its_past(void **state)
{
    (void)state;
    struct scene s;
    begin(&s, 8);
    converse(&s, 150);
    struct timeline *t = fresh();
    for (size_t i = 0; i < s.count; i++)
        (void)add_ok(&s, t, i);
    /* the control: closure by hand, from one entry */
    bool past[SAID_MAX] = {0};
    size_t from = s.count - 5, marked = 0;
    past[from] = true;
    for (size_t i = from + 1; i-- > 0;) {
        struct entry e;
        if (!past[i])
            continue;
        assert_ok(entry_decode(buf_span(&s.said[i].bytes), &e));
        for (size_t k = 0; k < e.parents_count; k++)
            for (size_t j = 0; j < i; j++)
                if (entry_id_eq(&s.said[j].id, &e.parents[k]))
                    past[j] = true;
    }
    timeline_mark(t, &s.said[from].id, 1, 0);
    for (size_t i = 0; i < s.count; i++) {
        assert_int_equal(timeline_marked(t, &s.said[i].id), past[i]);
        marked += past[i];
    }
    assert_true(marked > 50 && marked < s.count);
    timeline_mark(t, &s.said[0].id, 1, 0); /* an earlier mark is gone */
    assert_false(timeline_marked(t, &s.said[from].id));
    timeline_free(t);
    end(&s);
}

static void a_timeline_comes_back_from_its_records(void **state)
{
    (void)state;
    struct scene s;
    struct buf record = BUF_INIT(1 << 20), again = BUF_INIT(1 << 20);
    begin(&s, 9);
    converse(&s, 100);
    struct timeline *t = fresh(), *u = fresh();
    for (size_t i = 0; i < s.count; i++)
        if (i != 90)
            (void)add_ok(&s, t, i);
    (void)say(&s, 0, NULL, (uint64_t)(s.t.env.wall.ns / NS_PER_MS) + 2 * TIMELINE_AHEAD_MS);
    assert_int_equal(add_ok(&s, t, s.count - 1), TIMELINE_HELD);
    assert_true(timeline_changed(t));
    assert_ok(timeline_save(t, &record));
    assert_false(timeline_changed(t));
    assert_ok(timeline_load(u, TALK_CONVERSATION, &s.t.env, buf_span(&record)));
    for (size_t i = 0; i < timeline_count(t); i++) {
        struct timeline_entry e = timeline_at(t, i);
        buf_reset(&record);
        assert_ok(timeline_record(t, &e.place.id, &record));
        assert_ok(timeline_restore(u, TALK_CONVERSATION, &s.t.env, buf_span(&record)));
    }
    assert_int_equal(drain(u), 0); /* it was shown before */
    assert_int_equal(timeline_count(u), timeline_count(t));
    assert_int_equal(timeline_gaps(u), timeline_gaps(t));
    assert_int_equal(add_ok(&s, u, s.count - 1), TIMELINE_DUPLICATE);
    assert_int_equal(add_ok(&s, u, 90), TIMELINE_NEW);
    assert_ok(timeline_save(u, &again));
    for (size_t cut = 0; cut < again.len; cut++) {
        struct timeline *bad = fresh();
        assert_err(timeline_load(bad, TALK_CONVERSATION, &s.t.env, span_of(again.ptr, cut)),
                   ERR_CORRUPT);
        timeline_free(bad);
    }
    timeline_free(t);
    timeline_free(u);
    buf_clear(&record);
    buf_clear(&again);
    end(&s);
}

/* Unsigned here: what is tested is what is kept. */
static void add_plain(struct scene *s, struct timeline *t, uint64_t lamport, bool follow)
{
    struct entry e = {.lamport = lamport, .content = SPAN_LIT("x")};
    struct timeline_in in = {.entry = &e, .bytes = SPAN_LIT("x")};
    enum timeline_verdict v;
    if (follow) {
        timeline_next(t, &s->t.env, &e);
        e.lamport = lamport;
    }
    for (size_t i = 0; i < 8; i++)
        in.id.bytes[i] = (uint8_t)(lamport >> (8 * i));
    assert_ok(timeline_add(t, &s->t.env, &in, &v));
    (void)drain(t);
    timeline_trim(t);
}

static void memory_is_bounded_and_the_order_does_not_change(void **state)
{
    (void)state;
    for (int follow = 0; follow < 2; follow++) {
        struct scene s;
        begin(&s, 10);
        struct timeline *t = fresh();
        uint64_t base = (uint64_t)(s.t.env.wall.ns / NS_PER_MS);
        for (uint64_t i = 0; i < TIMELINE_ENTRIES_MAX + 2000; i++) {
            add_plain(&s, t, base + i, follow != 0);
            assert_true(timeline_count(t) <= TIMELINE_ENTRIES_MAX);
            if (follow != 0)
                test_env_advance(&s.t, NS_PER_MS);
        }
        struct entry_place horizon = timeline_horizon(t);
        assert_true(horizon.lamport >= base + 1000);
        assert_int_equal(timeline_gaps(t), 0);
        struct entry e = {.lamport = base + 5, .content = SPAN_LIT("y")};
        enum timeline_verdict v;
        struct timeline_in in = {.entry = &e, .id = {{0xff}}, .bytes = SPAN_LIT("y")};
        assert_ok(timeline_add(t, &s.t.env, &in, &v));
        assert_int_equal(v, TIMELINE_OLD);
        timeline_free(t);
        end(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_has_the_same_order_whatever_came_when_and_how_often),
        cmocka_unit_test(what_answers_stands_behind_what_it_answers),
        cmocka_unit_test(a_gap_is_seen_and_nothing_waits_for_it),
        cmocka_unit_test(an_entry_ahead_of_the_clock_is_held_until_it_is_due),
        cmocka_unit_test(who_is_always_ahead_holds_a_bounded_room),
        cmocka_unit_test(own_lamports_rise_also_when_the_clock_goes_back),
        cmocka_unit_test(an_acknowledgement_of_a_head_is_one_of_its_past),
        cmocka_unit_test(a_timeline_comes_back_from_its_records),
        cmocka_unit_test(memory_is_bounded_and_the_order_does_not_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
