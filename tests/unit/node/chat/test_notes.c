/* What a person sees of a conversation: the same for everybody who has the same entries, whatever
 * came when. Every set of entries here is taken in every order, each entry twice. */
#include "node/chat/notes.h"
#include "tests/lib/chat_world.h"

#define FACTS_MAX 7u
#define HOUR_MS   3600000

struct fact { /* an entry */
    struct entry_place place;
    uint8_t account; /* 1: ours */
    struct content content;
};

struct scene {
    struct world w;
    struct chat *c;
    struct talk *t;
    uint64_t now_ms;
    const struct fact *facts;
    size_t count;
};

#define ID(n)      ((struct entry_id){{n}})
#define AT(n, at)  ((struct entry_place){s->now_ms + (uint64_t)(at), ID(n)})
#define TEXT(s)    ((struct content){.tag = CONTENT_TEXT, .text = SPAN_LIT(s)})
#define EDIT(n, s) ((struct content){.tag = CONTENT_EDIT, .target = ID(n), .text = SPAN_LIT(s)})
#define DELETE(n)  ((struct content){.tag = CONTENT_DELETE, .target = ID(n)})
#define REACT(n, s, o)                                                                             \
    ((struct content){.tag = CONTENT_REACTION, .target = ID(n), .text = SPAN_LIT(s), .on = (o)})
#define TIMER(n) ((struct content){.tag = CONTENT_TIMER, .seconds = (n)})
#define CALL(s)  ((struct content){.tag = CONTENT_PROFILE, .name = SPAN_LIT(s)})

static struct content vanishing(struct content c, uint64_t seconds)
{
    c.vanishes_s = seconds;
    return c;
}

static void begin(struct scene *s)
{
    world_init(&s->w, 1);
    s->c = world_born(&s->w)->chat;
    s->now_ms = (uint64_t)(s->w.t.env.wall.ns / NS_PER_MS);
    for (int i = 2; i < 10; i++) {
        uint8_t account[32];
        memset(account, i, sizeof account);
        assert_non_null(people_get(s->c, account));
    }
}

static void row_of(const struct scene *s, const struct fact *f, struct buf *row)
{
    struct buf content = BUF_INIT(ENTRY_CONTENT_MAX), bytes = BUF_INIT(ENTRY_BYTES_MAX);
    struct entry e = {.lamport = f->place.lamport};
    struct timeline_in in = {.entry = &e, .id = f->place.id};
    assert_ok(content_encode(&f->content, &content));
    e.content = buf_span(&content);
    assert_ok(entry_encode(&e, &bytes));
    memset(in.author.account, f->account, 32);
    if (f->account == 1)
        memcpy(in.author.account, s->c->self.account, 32);
    in.bytes = buf_span(&bytes);
    assert_ok(timeline_record_of(&in, 0, row));
    buf_clear(&content);
    buf_clear(&bytes);
}

static void take(struct scene *s, const struct fact *f)
{
    struct buf row = BUF_INIT(ENTRY_BYTES_MAX + 1024);
    struct row_key key = entry_key(s->t, &f->place);
    row_of(s, f, &row);
    entry_row_arrived(s->c, &s->w.t.env, s->t, &f->place, buf_span(&row), false);
    if (!entry_gone(s->c, s->t, &f->place.id))
        step_put(s->c, VAULT_T_ENTRIES, row_span(&key), &row);
    buf_clear(&row);
}

/* All that is shown, as text. */
static void look(struct scene *s, struct buf *out)
{
    char line[256];
    struct chat_entry e;
    struct chat_entry_id at;
    uint8_t two[32];
    memset(two, 2, sizeof two);
    for (const struct chat_entry_id *from = NULL;
         chat_history(s->c, &s->t->id, from, false, &e) == OK; from = &at) {
        at = e.id;
        (void)snprintf(line, sizeof line, "%d %.*s%s%s%s", at.bytes[0], (int)e.text.len,
                       (const char *)e.text.ptr, e.edited ? " edited" : "",
                       e.deleted ? " deleted" : "", e.vanishes_ns != 0 ? " vanishing" : "");
        assert_ok(buf_append(out, span_str(line)));
        for (size_t i = 0; i < e.reactions_count; i++) {
            (void)snprintf(line, sizeof line, " %s%u%s", e.reactions[i].text, e.reactions[i].count,
                           e.reactions[i].mine ? "*" : "");
            assert_ok(buf_append(out, span_str(line)));
        }
        assert_ok(buf_append(out, SPAN_LIT("\n")));
    }
    talk_show_last(s->c, s->t);
    (void)snprintf(line, sizeof line, "last %s, timer %u, 2 is %s", s->t->last,
                   (unsigned)s->t->disappearing_s, people_find(s->c, two)->calls_self);
    assert_ok(buf_append(out, span_str(line)));
}

/* Of a fact that is gone nothing is on the disk. */
static void is_erased(struct scene *s, const struct fact *f)
{
    struct row_key key = entry_key(s->t, &f->place);
    assert_err(vault_get(s->c->vault, VAULT_T_ENTRIES, row_span(&key), NULL), ERR_NOT_FOUND);
}

static void in_this_order(struct scene *s, const size_t *order, const char *expected,
                          const size_t *erased, size_t erased_count)
{
    struct buf seen = BUF_INIT(4096);
    uint8_t id[32], two[32];
    memset(two, 2, sizeof two);
    people_find(s->c, two)->called_at = (struct entry_place){.lamport = 0};
    rng_fill(s->w.t.env.rng, id, sizeof id);
    step_open(s->c);
    s->c->vanish_ns = 0;
    s->t = talks_new(s->c, &s->w.t.env, id, CHAT_GROUP);
    assert_non_null(s->t);
    for (size_t i = 0; i < s->count; i++) {
        take(s, &s->facts[order[i]]);
        take(s, &s->facts[order[i / 2]]); /* and an earlier one again */
    }
    vanishing_tick(s->c, &s->w.t.env);
    look(s, &seen);
    if (!span_eq(buf_span(&seen), span_str(expected)))
        fail_msg("order %zu %zu %zu...:\n%.*s", order[0], order[1], order[2], (int)seen.len,
                 (const char *)seen.ptr);
    for (size_t i = 0; i < erased_count; i++)
        is_erased(s, &s->facts[erased[i]]);
    vault_abort(s->c->vault);
    (void)map_take(&s->c->talks, SPAN_ARRAY(id));
    free(s->t);
    buf_clear(&seen);
}

/* Heap's way through all orders. */
static void in_every_order(struct scene *s, const char *expected, const size_t *erased,
                           size_t erased_count)
{
    size_t order[FACTS_MAX], turn[FACTS_MAX] = {0};
    assert_true(s->count <= FACTS_MAX);
    for (size_t i = 0; i < s->count; i++)
        order[i] = i;
    in_this_order(s, order, expected, erased, erased_count);
    for (size_t i = 1; i < s->count;) {
        if (turn[i] == i) {
            turn[i++] = 0;
            continue;
        }
        size_t j = i % 2 == 0 ? 0 : turn[i], swap = order[i];
        order[i] = order[j];
        order[j] = swap;
        in_this_order(s, order, expected, erased, erased_count);
        turn[i]++;
        i = 1;
    }
}

static void all_orders(struct scene *s, const struct fact *facts, size_t count,
                       const char *expected)
{
    s->facts = facts;
    s->count = count;
    in_every_order(s, expected, NULL, 0);
}

#define COUNT_OF(a) (sizeof(a) / sizeof *(a))

static void the_last_edit_of_its_account_holds(void **state)
{
    (void)state;
    struct scene scene, *s = &scene;
    begin(s);
    const struct fact facts[] = {
        {AT(1, 100), 2, TEXT("first")},       {AT(3, 200), 2, EDIT(1, "second")},
        {AT(9, 200), 2, EDIT(1, "third")}, /* at the same time: the id decides */
        {AT(4, 400), 3, EDIT(1, "not mine")}, {AT(2, 50), 2, EDIT(1, "earlier than its line")},
        {AT(6, 10), 3, TEXT("before")},
    };
    all_orders(s, facts, COUNT_OF(facts), "6 before\n1 third edited\nlast third, timer 0, 2 is ");
    world_clear(&s->w);
}

static void what_its_account_deletes_is_gone_and_stays_gone(void **state)
{
    (void)state;
    struct scene scene, *s = &scene;
    begin(s);
    const struct fact facts[] = {
        {AT(1, 100), 2, TEXT("a")},        {AT(2, 101), 2, TEXT("b")},
        {AT(4, 200), 2, DELETE(1)},        {AT(5, 300), 2, EDIT(1, "x")}, /* behind it, and void */
        {AT(6, 150), 3, REACT(1, "!", 1)}, {AT(7, 200), 3, DELETE(2)},
    };
    all_orders(s, facts, COUNT_OF(facts), "1  deleted\n2 b\nlast b, timer 0, 2 is ");
    world_clear(&s->w);
}

static void a_reaction_is_as_its_account_last_said(void **state)
{
    (void)state;
    struct scene scene, *s = &scene;
    begin(s);
    const struct fact on_and_off[] = {
        {AT(1, 100), 2, TEXT("a")},        {AT(2, 200), 1, REACT(1, "+", 1)},
        {AT(3, 210), 3, REACT(1, "+", 1)}, {AT(5, 230), 4, REACT(1, "+", 0)},
        {AT(4, 220), 4, REACT(1, "+", 1)}, {AT(6, 240), 3, REACT(1, "-", 1)},
    };
    const struct fact off_and_on[] = {
        {AT(1, 100), 2, TEXT("a")},        {AT(8, 260), 1, REACT(1, "-", 0)},
        {AT(7, 250), 1, REACT(1, "-", 1)}, {AT(2, 215), 3, REACT(1, "+", 0)},
        {AT(3, 215), 3, REACT(1, "+", 1)}, /* at the same time: the id decides */
    };
    all_orders(s, on_and_off, COUNT_OF(on_and_off), "1 a +2* -1\nlast a, timer 0, 2 is ");
    all_orders(s, off_and_on, COUNT_OF(off_and_on), "1 a +1\nlast a, timer 0, 2 is ");
    world_clear(&s->w);
}

/* Of more emojis than are kept of one account the newest count, and of one entry the most given. */
static void there_are_only_so_many_reactions(void **state)
{
    (void)state;
    struct scene scene, *s = &scene;
    struct fact facts[2 * NOTE_REACTIONS_MAX + 1];
    char emoji[2 * NOTE_REACTIONS_MAX][3];
    size_t order[2 * NOTE_REACTIONS_MAX + 1];
    begin(s);
    s->facts = facts;
    s->count = 2 * NOTE_REACTIONS_MAX + 1;
    facts[0] = (struct fact){AT(99, 0), 2, TEXT("a")};
    for (unsigned i = 0; i < 2 * NOTE_REACTIONS_MAX; i++) {
        memcpy(emoji[i], (char[]){(char)('a' + i), '\0'}, 2);
        facts[i + 1] = (struct fact){
            AT((uint8_t)(i + 1), i),
            3,
            {.tag = CONTENT_REACTION, .target = ID(99), .text = span_str(emoji[i]), .on = true}};
    }
    for (size_t round = 0; round < 60; round++) {
        for (size_t i = 0; i < s->count; i++) {
            size_t j = (size_t)rng_below(s->w.t.env.rng, i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        in_this_order(s, order, "99 a i1 j1 k1 l1 m1 n1 o1 p1\nlast a, timer 0, 2 is ", NULL, 0);
    }
    world_clear(&s->w);
}

static void what_disappears_takes_along_what_was_said_of_it(void **state)
{
    (void)state;
    struct scene scene, *s = &scene;
    const size_t erased[] = {0, 1, 2, 3};
    begin(s);
    const struct fact facts[] = {
        {AT(1, -2 * HOUR_MS), 2, vanishing(TEXT("gone"), 3600)},
        {AT(2, -HOUR_MS), 2, EDIT(1, "gone as well")},
        {AT(3, -HOUR_MS), 3, EDIT(1, "not mine, and gone")},
        {AT(4, -HOUR_MS), 3, REACT(1, "+", 1)},
        {AT(5, -2 * HOUR_MS), 2, TEXT("stays")},
        {AT(6, -HOUR_MS / 2), 3, vanishing(TEXT("for half an hour"), 3600)},
    };
    s->facts = facts;
    s->count = COUNT_OF(facts);
    in_every_order(
        s, "5 stays\n6 for half an hour vanishing\nlast for half an hour, timer 3600, 2 is ",
        erased, COUNT_OF(erased));
    world_clear(&s->w);
}

static void what_vanishes_later_takes_along_what_was_said_of_it(void **state)
{
    (void)state;
    struct scene scene, *s = &scene;
    begin(s);
    const struct fact facts[] = {
        {AT(1, 0), 2, vanishing(TEXT("soon"), 60)},
        {AT(2, 10), 2, EDIT(1, "very soon")},
        {AT(4, 20), 3, REACT(1, "+", 1)},
    };
    uint8_t id[32] = {1};
    struct buf seen = BUF_INIT(4096);
    struct vault_key key = {.len = 0};
    struct reactions r;
    step_open(s->c);
    s->t = talks_new(s->c, &s->w.t.env, id, CHAT_GROUP);
    for (size_t i = 0; i < COUNT_OF(facts); i++)
        take(s, &facts[i]);
    vanishing_tick(s->c, &s->w.t.env);
    look(s, &seen);
    assert_span_equal(buf_span(&seen), SPAN_LIT("1 very soon edited vanishing +1\n"
                                                "last very soon, timer 60, 2 is "));
    test_env_advance(&s->w.t, 61 * NS_PER_S);
    vanishing_tick(s->c, &s->w.t.env);
    buf_reset(&seen);
    look(s, &seen);
    assert_span_equal(buf_span(&seen), SPAN_LIT("last , timer 60, 2 is "));
    for (size_t i = 0; i < COUNT_OF(facts); i++)
        is_erased(s, &facts[i]);
    assert_false(reactions_next(s->c, s->t, &facts[0].place.id, &key, &r));
    assert_int_equal(s->c->vanish_ns, 0);
    take(s, &facts[0]); /* it does not come again */
    is_erased(s, &facts[0]);
    buf_clear(&seen);
    world_clear(&s->w);
}

static void the_timer_and_the_name_are_the_last_that_were_said(void **state)
{
    (void)state;
    struct scene scene, *s = &scene;
    begin(s);
    const struct fact facts[] = {
        {AT(1, 100), 2, TIMER(60)},     {AT(2, 200), 2, TIMER(90)},
        {AT(3, 150), 3, TIMER(0)},      {AT(4, 300), 2, CALL("Ana")},
        {AT(5, 250), 2, CALL("Anita")}, {AT(6, 400), 3, vanishing(TEXT("x"), 7)},
    };
    all_orders(s, facts, COUNT_OF(facts), "6 x vanishing\nlast x, timer 90, 2 is Ana");
    world_clear(&s->w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_edit_of_its_account_holds),
        cmocka_unit_test(what_its_account_deletes_is_gone_and_stays_gone),
        cmocka_unit_test(a_reaction_is_as_its_account_last_said),
        cmocka_unit_test(there_are_only_so_many_reactions),
        cmocka_unit_test(what_disappears_takes_along_what_was_said_of_it),
        cmocka_unit_test(what_vanishes_later_takes_along_what_was_said_of_it),
        cmocka_unit_test(the_timer_and_the_name_are_the_last_that_were_said),
    };
    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
