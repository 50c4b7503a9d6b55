/* What a person sees: the same for everybody who has the same entries, whatever came when. */
#include "node/chat/view.h"
#include "tests/lib/testing.h"

#define DAY_MS 86400000

struct fact { /* an entry */
    struct entry_place place;
    uint8_t account;
    struct content content;
};

static struct entry_id id_of(uint8_t n)
{
    return (struct entry_id){{n}};
}

static struct fact fact(uint8_t id, uint64_t at_ms, uint8_t account, struct content c)
{
    return (struct fact){{at_ms, id_of(id)}, account, c};
}

static void apply(struct view *v, const struct fact *f)
{
    struct entry_author author = {0};
    struct buf b = BUF_INIT(ENTRY_CONTENT_MAX);
    memset(author.account, f->account, 32);
    assert_ok(content_encode(&f->content, &b));
    assert_ok(view_apply(v, &f->place, &author, buf_span(&b)));
    buf_clear(&b);
}

static bool is_nine(const void *state, const uint8_t account[32])
{
    (void)state;
    return account[0] == 9;
}

static struct view *fresh(void)
{
    static const uint8_t seed[16];
    const struct view_rights rights = {is_nine, NULL};
    uint8_t self[32];
    struct view *v;
    memset(self, 1, sizeof self);
    assert_ok(view_new(&v, self, seed, &rights));
    return v;
}

#define TEXT(s)    ((struct content){.tag = CONTENT_TEXT, .text = SPAN_LIT(s)})
#define EDIT(n, s) ((struct content){.tag = CONTENT_EDIT, .target = id_of(n), .text = SPAN_LIT(s)})
#define DELETE(n)  ((struct content){.tag = CONTENT_DELETE, .target = id_of(n)})
#define REACT(n, s, o)                                                                             \
    ((struct content){.tag = CONTENT_REACTION, .target = id_of(n), .text = SPAN_LIT(s), .on = (o)})

/* How line `n` is after these facts in every order that a seed gives. */
static void in_any_order(struct fact *facts, size_t count, uint8_t n,
                         void (*check)(const struct view *v, const struct view_line *line))
{
    struct test_env t;
    test_env_init(&t, 1);
    for (size_t round = 0; round < 60; round++) {
        struct view *v = fresh();
        struct view_line line;
        for (size_t i = count; i > 1; i--) {
            size_t j = (size_t)rng_below(t.env.rng, i);
            struct fact f = facts[i - 1];
            facts[i - 1] = facts[j];
            facts[j] = f;
        }
        for (size_t twice = 0; twice < 2; twice++)
            for (size_t i = 0; i < count; i++)
                apply(v, &facts[i]);
        struct entry_id id = id_of(n);
        size_t at = view_index(v, &id);
        assert_true(at < view_count(v));
        view_line(v, at, &line);
        check(v, &line);
        view_free(v);
    }
    test_env_clear(&t);
}

static void check_edit(const struct view *v, const struct view_line *line)
{
    (void)v;
    assert_true(line->edited && !line->deleted);
    assert_span_equal(line->text, SPAN_LIT("third"));
}

static void the_last_edit_of_its_account_holds(void **state)
{
    (void)state;
    struct fact facts[] = {
        fact(1, 100, 2, TEXT("first")),       fact(2, 200, 2, EDIT(1, "second")),
        fact(3, 300, 2, EDIT(1, "third")),    fact(4, 400, 3, EDIT(1, "not mine")),
        fact(5, 250, 9, EDIT(1, "an admin")), fact(6, 50, 2, EDIT(1, "earlier than its line")),
    };
    in_any_order(facts, sizeof facts / sizeof *facts, 1, check_edit);
}

static void check_deleted(const struct view *v, const struct view_line *line)
{
    struct view_line other;
    assert_true(line->deleted && !line->edited);
    assert_int_equal(line->text.len, 0);
    assert_int_equal(line->reactions_count, 0);
    assert_int_equal(view_count(v), 3);
    struct entry_id id = id_of(2);
    view_line(v, view_index(v, &id), &other);
    assert_false(other.deleted); /* somebody else's wish */
    id = id_of(3);
    view_line(v, view_index(v, &id), &other);
    assert_true(other.deleted); /* by one who may */
}

static void what_its_account_deletes_is_gone_and_stays_gone(void **state)
{
    (void)state;
    struct fact facts[] = {
        fact(1, 100, 2, TEXT("a")),    fact(2, 101, 2, TEXT("b")),
        fact(3, 102, 2, TEXT("c")),    fact(4, 200, 2, DELETE(1)),
        fact(5, 300, 2, EDIT(1, "x")), fact(6, 150, 3, REACT(1, "!", 1)),
        fact(7, 200, 3, DELETE(2)),    fact(8, 200, 9, DELETE(3)),
    };
    in_any_order(facts, sizeof facts / sizeof *facts, 1, check_deleted);
}

static void check_reactions(const struct view *v, const struct view_line *line)
{
    (void)v;
    assert_int_equal(line->reactions_count, 2);
    assert_span_equal(line->reactions[0].emoji, SPAN_LIT("+"));
    assert_int_equal(line->reactions[0].count, 2);
    assert_true(line->reactions[0].mine);
    assert_span_equal(line->reactions[1].emoji, SPAN_LIT("-"));
    assert_int_equal(line->reactions[1].count, 1);
    assert_false(line->reactions[1].mine);
}

static void a_reaction_is_as_its_account_last_said(void **state)
{
    (void)state;
    struct fact facts[] = {
        fact(1, 100, 2, TEXT("a")),        fact(2, 200, 1, REACT(1, "+", 1)),
        fact(3, 210, 3, REACT(1, "+", 1)), fact(4, 220, 4, REACT(1, "+", 1)),
        fact(5, 230, 4, REACT(1, "+", 0)), fact(6, 240, 3, REACT(1, "-", 1)),
        fact(7, 250, 1, REACT(1, "-", 1)), fact(8, 260, 1, REACT(1, "-", 0)),
        fact(9, 215, 3, REACT(1, "+", 0)), fact(10, 216, 3, REACT(1, "+", 1)),
    };
    in_any_order(facts, sizeof facts / sizeof *facts, 1, check_reactions);
}

static void lines_disappear_at_the_time_that_was_in_force_for_them(void **state)
{
    (void)state;
    struct test_env t;
    struct entry_place gone;
    struct view_line line;
    test_env_init(&t, 2);
    uint64_t now = (uint64_t)(t.env.wall.ns / NS_PER_MS);
    struct content timer = {.tag = CONTENT_TIMER, .seconds = 86400};
    struct content never = {.tag = CONTENT_TIMER, .seconds = 0};
    struct fact facts[] = {
        fact(3, now + 2, 2, TEXT("for a day")),
        fact(1, now, 2, TEXT("before")),
        fact(5, now + 4, 2, TEXT("after")),
        fact(4, now + 3, 2, never),
        fact(2, now + 1, 2, timer),
    };
    struct view *v = fresh();
    for (size_t i = 0; i < 5; i++)
        apply(v, &facts[i]);
    assert_int_equal(view_count(v), 5);
    view_line(v, 2, &line);
    assert_int_equal(line.expires_ms, now + 2 + DAY_MS);
    assert_false(view_expire(v, &t.env, &gone));
    assert_int_equal(view_deadline(v, &t.env).ns, t.env.now.ns + (DAY_MS + 2) * NS_PER_MS);
    test_env_advance(&t, (DAY_MS + 2) * NS_PER_MS);
    assert_true(view_expire(v, &t.env, &gone));
    assert_int_equal(gone.id.bytes[0], 3);
    assert_false(view_expire(v, &t.env, &gone));
    apply(v, &facts[0]); /* it does not come again */
    assert_int_equal(view_count(v), 4);
    assert_int_equal(view_index(v, &facts[0].place.id), 4);
    view_free(v);
    test_env_clear(&t);
}

static void names_fallbacks_and_long_contents_are_shown(void **state)
{
    (void)state;
    struct view *v = fresh();
    struct view_line line;
    struct entry_author a = {0};
    uint8_t account[32];
    struct buf b = BUF_INIT(1000);
    struct fact facts[] = {
        fact(1, 100, 2, ((struct content){.tag = CONTENT_PROFILE, .name = SPAN_LIT("Raya")})),
        fact(2, 90, 2, ((struct content){.tag = CONTENT_PROFILE, .name = SPAN_LIT("old")})),
        fact(3, 110, 2, ((struct content){.tag = CONTENT_LONG, .size = 9})),
        fact(4, 120, 2, ((struct content){.tag = CONTENT_REPLY, .target = id_of(3)})),
    };
    for (size_t i = 0; i < 4; i++)
        apply(v, &facts[i]);
    memset(account, 2, 32);
    assert_span_equal(view_name(v, account), SPAN_LIT("Raya"));
    memset(account, 3, 32);
    assert_int_equal(view_name(v, account).len, 0);
    view_line(v, 2, &line);
    assert_int_equal(line.kind, VIEW_LONG);
    assert_ok(content_encode(&TEXT("the whole story"), &b));
    assert_ok(view_expand(v, &line.place.id, buf_span(&b)));
    view_line(v, 2, &line);
    assert_int_equal(line.kind, VIEW_TEXT);
    assert_span_equal(line.text, SPAN_LIT("the whole story"));
    assert_err(view_expand(v, &line.place.id, buf_span(&b)), ERR_NOT_FOUND);
    view_line(v, 3, &line);
    assert_true(line.replies);
    /* of a newer version, and malformed: a line nevertheless */
    assert_ok(view_apply(v, &(struct entry_place){200, id_of(8)}, &a,
                         test_hex("96 01 7f 01 c4020102 a3 706f6c 90")));
    assert_ok(view_apply(v, &(struct entry_place){201, id_of(9)}, &a, test_hex("01")));
    view_line(v, 4, &line);
    assert_int_equal(line.kind, VIEW_UNKNOWN);
    assert_span_equal(line.text, SPAN_LIT("pol"));
    view_line(v, 5, &line);
    assert_int_equal(line.kind, VIEW_UNKNOWN);
    view_free(v);
    buf_clear(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_edit_of_its_account_holds),
        cmocka_unit_test(what_its_account_deletes_is_gone_and_stays_gone),
        cmocka_unit_test(a_reaction_is_as_its_account_last_said),
        cmocka_unit_test(lines_disappear_at_the_time_that_was_in_force_for_them),
        cmocka_unit_test(names_fallbacks_and_long_contents_are_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
