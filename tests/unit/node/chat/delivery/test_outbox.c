/* The outbox: an entry is sent until every other account has it, and no longer. */
#include "node/chat/delivery/outbox.h"
#include "tests/lib/talk.h"

#define HOUR_NS (3600 * NS_PER_S)
#define DAY_NS  (24 * HOUR_NS)

struct scene {
    struct test_env t;
    struct talker me, ben[2], cleo, other_me; /* ben has two devices */
    struct outbox *o;
    struct timeline *line;
    struct buf content, bytes;
};

static void members(struct scene *s, bool cleo)
{
    struct entry_author list[4] = {s->ben[0].author, s->ben[1].author, s->other_me.author,
                                   s->cleo.author};
    assert_ok(outbox_members(s->o, list, cleo ? 4 : 3));
}

static void begin(struct scene *s)
{
    static const uint8_t seed[16];
    *s = (struct scene){0};
    test_env_init(&s->t, 1);
    talker_init(&s->me, 1, 1);
    talker_init(&s->other_me, 1, 2);
    talker_init(&s->ben[0], 2, 1);
    talker_init(&s->ben[1], 2, 2);
    talker_init(&s->cleo, 3, 1);
    buf_init(&s->content, 1000);
    buf_init(&s->bytes, 2000);
    assert_ok(outbox_new(&s->o, s->me.author.account));
    assert_ok(timeline_new(&s->line, seed));
    members(s, true);
}

static void end(struct scene *s)
{
    outbox_free(s->o);
    timeline_free(s->line);
    talker_clear(&s->me);
    talker_clear(&s->other_me);
    talker_clear(&s->ben[0]);
    talker_clear(&s->ben[1]);
    talker_clear(&s->cleo);
    buf_clear(&s->content);
    buf_clear(&s->bytes);
    test_env_clear(&s->t);
}

static struct entry_place say(struct scene *s, const char *text)
{
    struct entry e = {0};
    struct entry_place place;
    enum timeline_verdict v;
    talk_text(&s->content, text);
    e.content = buf_span(&s->content);
    timeline_next(s->line, &s->t.env, &e);
    buf_reset(&s->bytes);
    place = (struct entry_place){e.lamport, talk_sign(&s->me, &e, &s->bytes)};
    assert_ok(timeline_add(
        s->line, &s->t.env,
        &(struct timeline_in){
            .entry = &e, .id = place.id, .author = s->me.author, .bytes = buf_span(&s->bytes)},
        &v));
    assert_ok(outbox_add(s->o, &s->t.env, &place, buf_span(&s->bytes)));
    return place;
}

static size_t due(struct scene *s)
{
    size_t cursor = 0, count = 0;
    struct entry_place place;
    struct span bytes;
    while (outbox_due(s->o, &s->t.env, &cursor, &place, &bytes))
        count++;
    return count;
}

static void acked(struct scene *s, const struct talker *by, const struct entry_place *place)
{
    timeline_mark(s->line, &place->id, 1, outbox_pending(s->o, by->author.installation));
    outbox_acked(s->o, &s->t.env, s->line, by->author.installation);
}

static struct outbox_out expect(struct scene *s, enum outbox_state state)
{
    struct outbox_out out;
    assert_true(outbox_poll(s->o, &out));
    assert_int_equal(out.state, state);
    return out;
}

static void quiet(struct scene *s)
{
    struct outbox_out out;
    assert_false(outbox_poll(s->o, &out));
}

static void an_entry_is_sent_until_every_other_account_has_it(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    struct entry_place a = say(&s, "a"), b = say(&s, "b");
    size_t sent = 0;
    assert_int_equal(due(&s), 2);
    for (size_t hours = 0; hours < 48; hours++) {
        if (due(&s) > 0) {
            sent++;
            outbox_taken(s.o, &s.t.env, &a.id);
            outbox_taken(s.o, &s.t.env, &b.id);
            outbox_sent(s.o, &a.id);
            outbox_sent(s.o, &b.id);
        }
        test_env_advance(&s.t, HOUR_NS);
        outbox_tick(s.o, &s.t.env);
    }
    assert_true(sent >= 5 && sent <= 9);
    (void)expect(&s, OUTBOX_SENT);
    (void)expect(&s, OUTBOX_SENT);
    quiet(&s);

    acked(&s, &s.ben[1], &b); /* b is behind a: both are there */
    struct outbox_out out = expect(&s, OUTBOX_DELIVERED);
    assert_true(entry_author_eq(&out.who, &s.ben[1].author));
    assert_int_equal(out.accounts, 1);
    assert_int_equal(out.accounts_all, 2);
    (void)expect(&s, OUTBOX_DELIVERED);
    acked(&s, &s.other_me, &b); /* our own device is shown, and not waited for */
    assert_int_equal(expect(&s, OUTBOX_DELIVERED).accounts, 1);
    (void)expect(&s, OUTBOX_DELIVERED);
    test_env_advance(&s.t, DAY_NS);
    assert_int_equal(due(&s), 2);
    acked(&s, &s.cleo, &a);
    assert_int_equal(expect(&s, OUTBOX_DELIVERED).accounts, 2);
    assert_int_equal(due(&s), 1);
    assert_int_equal(outbox_count(s.o), 1);
    acked(&s, &s.cleo, &b);
    acked(&s, &s.cleo, &b); /* said twice, shown once */
    (void)expect(&s, OUTBOX_DELIVERED);
    quiet(&s);
    test_env_advance(&s.t, DAY_NS);
    assert_int_equal(due(&s), 0);
    /* still watched: another device, and reading */
    acked(&s, &s.ben[0], &b);
    (void)expect(&s, OUTBOX_DELIVERED);
    (void)expect(&s, OUTBOX_DELIVERED);
    outbox_read(s.o, s.cleo.author.installation, &a);
    out = expect(&s, OUTBOX_READ);
    assert_true(entry_id_eq(&out.id, &a.id));
    struct outbox_status st;
    struct entry_author who[8];
    assert_true(outbox_status(s.o, &a.id, &st));
    assert_int_equal(st.state, OUTBOX_READ);
    assert_int_equal(st.installations, 4);
    assert_int_equal(st.installations_all, 4);
    assert_int_equal(outbox_holders(s.o, &a.id, who, 8), 4);
    assert_true(outbox_status(s.o, &b.id, &st));
    assert_int_equal(st.state, OUTBOX_DELIVERED);
    quiet(&s);
    end(&s);
}

static void who_leaves_is_not_waited_for_and_who_joins_is_not_expected(void **state)
{
    (void)state;
    struct scene s;
    struct outbox_status st;
    begin(&s);
    members(&s, false);
    struct entry_place a = say(&s, "a");
    members(&s, true); /* cleo joins after it was written */
    outbox_taken(s.o, &s.t.env, &a.id);
    assert_true(outbox_status(s.o, &a.id, &st));
    assert_int_equal(st.accounts_all, 1);
    acked(&s, &s.ben[0], &a);
    assert_int_equal(outbox_count(s.o), 0);

    struct entry_place b = say(&s, "b");
    outbox_taken(s.o, &s.t.env, &b.id);
    acked(&s, &s.ben[0], &b);
    assert_int_equal(outbox_count(s.o), 1);
    members(&s, false); /* cleo leaves without having it */
    test_env_advance(&s.t, 120 * NS_PER_S);
    outbox_tick(s.o, &s.t.env);
    assert_int_equal(outbox_count(s.o), 0);
    assert_int_equal(due(&s), 0);
    end(&s);
}

static void what_a_store_holds_is_not_repeated_soon(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    struct entry_place a = say(&s, "a");
    outbox_taken(s.o, &s.t.env, &a.id);
    outbox_sent(s.o, &a.id);
    outbox_stored(s.o, &s.t.env, &a.id);
    (void)expect(&s, OUTBOX_SENT);
    (void)expect(&s, OUTBOX_STORED);
    test_env_advance(&s.t, 5 * HOUR_NS);
    assert_int_equal(due(&s), 0);
    test_env_advance(&s.t, 2 * HOUR_NS);
    assert_int_equal(due(&s), 1); /* a store may have lied */
    end(&s);
}

static void an_entry_that_cannot_arrive_fails_with_a_reason(void **state)
{
    (void)state;
    struct scene s;
    bool gone = false;
    struct entry_place place;
    begin(&s);
    struct entry_place a = say(&s, "a");
    test_env_advance(&s.t, 30 * DAY_NS - NS_PER_S);
    outbox_tick(s.o, &s.t.env);
    quiet(&s);
    assert_int_equal(due(&s), 1);
    test_env_advance(&s.t, 61 * NS_PER_S);
    outbox_tick(s.o, &s.t.env);
    assert_int_equal(expect(&s, OUTBOX_FAILED).reason, OUTBOX_EXPIRED);
    assert_int_equal(due(&s), 0);
    assert_true(outbox_changed(s.o, &place, &gone));
    assert_true(gone && entry_id_eq(&place.id, &a.id));
    assert_false(outbox_changed(s.o, &place, &gone));
    struct entry_place b = say(&s, "b");
    outbox_failed(s.o, &b.id, OUTBOX_REMOVED);
    assert_int_equal(expect(&s, OUTBOX_FAILED).reason, OUTBOX_REMOVED);
    end(&s);
}

static void an_outbox_comes_back_from_its_records(void **state)
{
    (void)state;
    struct scene s;
    struct outbox *back;
    struct outbox_status was, is;
    struct entry_place place;
    struct buf record = BUF_INIT(1 << 16);
    bool gone;
    begin(&s);
    struct entry_place a = say(&s, "a"), b = say(&s, "b");
    outbox_taken(s.o, &s.t.env, &a.id);
    outbox_sent(s.o, &a.id);
    acked(&s, &s.ben[0], &a);
    assert_ok(outbox_new(&back, s.me.author.account));
    assert_ok(outbox_save_peers(s.o, &record));
    assert_ok(outbox_load_peers(back, buf_span(&record)));
    size_t records = 0;
    while (outbox_changed(s.o, &place, &gone)) {
        assert_false(gone);
        buf_reset(&record);
        assert_ok(outbox_save(s.o, &s.t.env, &place.id, &record));
        assert_ok(outbox_load(back, TALK_CONVERSATION, &s.me.author, &s.t.env, buf_span(&record)));
        records++;
    }
    assert_int_equal(records, 2);
    for (size_t i = 0; i < 2; i++) {
        const struct entry_id *id = i == 0 ? &a.id : &b.id;
        assert_true(outbox_status(s.o, id, &was) && outbox_status(back, id, &is));
        assert_int_equal(was.state, is.state);
        assert_int_equal(was.accounts, is.accounts);
        assert_int_equal(was.installations, is.installations);
        assert_int_equal(was.installations_all, is.installations_all);
    }
    assert_int_equal(outbox_deadline(s.o, true).ns, outbox_deadline(back, true).ns);
    outbox_free(s.o);
    s.o = back;
    assert_int_equal(due(&s), 1);
    acked(&s, &s.cleo, &a);
    assert_int_equal(outbox_count(s.o), 1); /* ben's acknowledgement was not forgotten */
    for (size_t cut = 0; cut < record.len; cut++)
        assert_err(
            outbox_load(s.o, TALK_CONVERSATION, &s.me.author, &s.t.env, span_of(record.ptr, cut)),
            ERR_CORRUPT);
    buf_clear(&record);
    end(&s);
}

static void the_outbox_has_a_bound(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    struct entry_place p = {0};
    for (size_t i = 0; i < OUTBOX_ENTRIES_MAX; i++) {
        p.id.bytes[0] = (uint8_t)i;
        p.id.bytes[1] = (uint8_t)(i >> 8);
        p.lamport = i;
        assert_ok(outbox_add(s.o, &s.t.env, &p, SPAN_LIT("x")));
    }
    p.lamport++;
    p.id.bytes[2] = 1;
    assert_err(outbox_add(s.o, &s.t.env, &p, SPAN_LIT("x")), ERR_FULL);
    /* what everybody has makes room for what they have not */
    members(&s, false);
    members(&s, true);
    struct entry_author nobody[1] = {s.other_me.author};
    assert_ok(outbox_members(s.o, nobody, 0));
    p.id.bytes[2] = 0;
    p.id.bytes[0] = p.id.bytes[1] = 0;
    outbox_taken(s.o, &s.t.env, &p.id);
    test_env_advance(&s.t, 120 * NS_PER_S);
    outbox_tick(s.o, &s.t.env);
    p.id.bytes[2] = 1;
    assert_int_equal(outbox_count(s.o), OUTBOX_ENTRIES_MAX - 1);
    assert_ok(outbox_add(s.o, &s.t.env, &p, SPAN_LIT("x")));
    assert_int_equal(outbox_count(s.o), OUTBOX_ENTRIES_MAX);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_is_sent_until_every_other_account_has_it),
        cmocka_unit_test(who_leaves_is_not_waited_for_and_who_joins_is_not_expected),
        cmocka_unit_test(what_a_store_holds_is_not_repeated_soon),
        cmocka_unit_test(an_entry_that_cannot_arrive_fails_with_a_reason),
        cmocka_unit_test(an_outbox_comes_back_from_its_records),
        cmocka_unit_test(the_outbox_has_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
