/* Whole chats: people who meet, talk, go and come back. */
#include "tests/lib/chat_world.h"

static struct chat_conversation contact(struct world *w, struct world_person *from,
                                        struct world_person *to)
{
    char card[CHAT_CARD_TEXT_MAX];
    struct chat_conversation id;
    assert_ok(chat_card(to->chat, &w->t.env, false, card));
    assert_ok(chat_contact(from->chat, &w->t.env, span_str(card), &id));
    return id;
}

static void say(struct world *w, struct world_person *p, const struct chat_conversation *id,
                const char *text)
{
    struct chat_entry_id entry;
    assert_ok(chat_send(p->chat, &w->t.env, id, span_str(text), NULL, &entry));
}

static void two_people_meet_and_talk(void **state)
{
    (void)state;
    struct world w;
    struct chat_event ev;
    world_init(&w, 1);
    struct world_person *a = world_born(&w), *b = world_born(&w);
    world_online(&w, a, true);
    world_online(&w, b, true);
    world_run(&w, 60);
    struct chat_conversation id = contact(&w, b, a);
    say(&w, b, &id, "hello");
    world_run(&w, 120);
    assert_true(world_event(a, CHAT_EVENT_REQUEST, &ev));
    assert_memory_equal(ev.conversation.bytes, id.bytes, sizeof id.bytes);
    assert_true(world_reads(a, &id, "hello"));
    assert_ok(chat_accept(a->chat, &w.t.env, &id));
    say(&w, a, &id, "hello yourself");
    world_run(&w, 120);
    assert_true(world_reads(b, &id, "hello yourself"));
    world_clear(&w);
}

/* As a light client hears: what it has asked for and nothing else. */
static void a_fresh_link_is_listened_to_at_once(void **state)
{
    (void)state;
    struct world w;
    struct chat_event ev;
    char card[CHAT_CARD_TEXT_MAX];
    struct chat_conversation id;
    world_init(&w, 8);
    w.by_topic = true;
    struct world_person *a = world_born(&w), *b = world_born(&w);
    world_online(&w, a, true);
    world_online(&w, b, true);
    world_run(&w, 30);
    assert_ok(chat_card(a->chat, &w.t.env, true, card));
    world_run(&w, 90);
    assert_ok(chat_contact(b->chat, &w.t.env, span_str(card), &id));
    say(&w, b, &id, "hello");
    world_run(&w, 120);
    assert_true(world_event(a, CHAT_EVENT_REQUEST, &ev));
    assert_true(world_reads(a, &id, "hello"));
    world_clear(&w);
}

/* Two who know each other, online. */
static struct chat_conversation friends(struct world *w, struct world_person *a,
                                        struct world_person *b)
{
    world_online(w, a, true);
    world_online(w, b, true);
    world_run(w, 30);
    struct chat_conversation id = contact(w, b, a);
    say(w, b, &id, "hello");
    world_run(w, 60);
    assert_ok(chat_accept(a->chat, &w->t.env, &id));
    say(w, a, &id, "hello yourself");
    world_run(w, 60);
    assert_true(world_reads(b, &id, "hello yourself"));
    return id;
}

static void who_was_away_for_three_days_finds_who_wrote(void **state)
{
    (void)state;
    struct world w;
    struct chat_event ev;
    char card[CHAT_CARD_TEXT_MAX];
    struct chat_conversation id;
    world_init(&w, 2);
    struct world_person *a = world_born(&w), *b = world_born(&w);
    world_online(&w, a, true);
    world_run(&w, 30);
    assert_ok(chat_card(a->chat, &w.t.env, true, card));
    world_run(&w, 30);
    world_online(&w, a, false);
    world_online(&w, b, true);
    assert_ok(chat_contact(b->chat, &w.t.env, span_str(card), &id));
    say(&w, b, &id, "are you there?");
    world_run(&w, 3600);
    say(&w, b, &id, "well, later");
    world_run(&w, 3 * 86400);
    world_online(&w, a, true);
    world_run(&w, 60);
    assert_true(world_event(a, CHAT_EVENT_REQUEST, &ev));
    assert_true(world_reads(a, &id, "are you there?"));
    assert_true(world_reads(a, &id, "well, later"));
    assert_ok(chat_accept(a->chat, &w.t.env, &id));
    say(&w, a, &id, "here I am");
    world_run(&w, 60);
    assert_true(world_reads(b, &id, "here I am"));
    world_clear(&w);
}

static void a_restart_loses_nothing(void **state)
{
    (void)state;
    struct world w;
    char text[32];
    world_init(&w, 3);
    struct world_person *a = world_born(&w), *b = world_born(&w);
    struct chat_conversation id = friends(&w, a, b);
    for (int i = 0; i < 20; i++) {
        struct world_person *from = i % 2 == 0 ? a : b;
        (void)snprintf(text, sizeof text, "line %d", i);
        say(&w, from, &id, text);
        world_restart(&w, from); /* before it could leave */
        world_run(&w, 20);
        world_restart(&w, i % 2 == 0 ? b : a);
        world_run(&w, 20);
    }
    world_run(&w, 600);
    for (int i = 0; i < 20; i++) {
        (void)snprintf(text, sizeof text, "line %d", i);
        assert_true(world_reads(a, &id, text));
        assert_true(world_reads(b, &id, text));
    }
    world_clear(&w);
}

static size_t count_entries(struct world_person *p, const struct chat_conversation *id)
{
    struct chat_entry e;
    struct chat_entry_id at;
    size_t n = 0;
    for (const struct chat_entry_id *from = NULL; chat_history(p->chat, id, from, false, &e) == OK;
         n++, from = &at)
        at = e.id;
    return n;
}

static void what_is_lost_on_the_way_is_repaired(void **state)
{
    (void)state;
    struct world w;
    char text[32];
    world_init(&w, 4);
    struct world_person *a = world_born(&w), *b = world_born(&w);
    struct chat_conversation id = friends(&w, a, b);
    w.loss_percent = 30;
    for (int i = 0; i < 60; i++) {
        (void)snprintf(text, sizeof text, "line %d", i);
        say(&w, i % 3 == 0 ? a : b, &id, text);
        world_run(&w, 5);
    }
    w.loss_percent = 0;
    world_run(&w, 3600);
    assert_int_equal(count_entries(a, &id), 62);
    assert_int_equal(count_entries(b, &id), 62);
    struct chat_entry ea, eb;
    struct chat_entry_id at;
    const struct chat_entry_id *from = NULL;
    while (chat_history(a->chat, &id, from, false, &ea) == OK) { /* the same order for both */
        assert_ok(chat_history(b->chat, &id, from, false, &eb));
        assert_memory_equal(ea.id.bytes, eb.id.bytes, sizeof ea.id.bytes);
        at = ea.id;
        from = &at;
    }
    world_clear(&w);
}

static struct chat_entry_id last_of(struct world_person *p, const struct chat_conversation *id)
{
    struct chat_entry e;
    assert_ok(chat_history(p->chat, id, NULL, true, &e));
    return e.id;
}

static void lines_are_answered_liked_edited_and_deleted(void **state)
{
    (void)state;
    struct world w;
    struct chat_entry e;
    struct chat_entry_id reply;
    world_init(&w, 5);
    struct world_person *a = world_born(&w), *b = world_born(&w);
    struct chat_conversation id = friends(&w, a, b);
    say(&w, a, &id, "I am heer");
    struct chat_entry_id line = last_of(a, &id);
    world_run(&w, 20);
    assert_err(chat_edit(b->chat, &w.t.env, &id, &line, SPAN_LIT("no")), ERR_REFUSED);
    assert_ok(chat_edit(a->chat, &w.t.env, &id, &line, SPAN_LIT("I am here")));
    assert_ok(chat_react(b->chat, &w.t.env, &id, &line, SPAN_LIT("+1"), true));
    assert_ok(chat_send(b->chat, &w.t.env, &id, SPAN_LIT("so am I"), &line, &reply));
    world_run(&w, 60);
    assert_ok(chat_entry(b->chat, &id, &line, &e));
    assert_true(e.edited);
    assert_span_equal(e.text, SPAN_LIT("I am here"));
    assert_ok(chat_entry(a->chat, &id, &line, &e));
    assert_int_equal(e.reactions_count, 1);
    assert_int_equal(e.state, CHAT_ENTRY_DELIVERED);
    assert_ok(chat_entry(a->chat, &id, &reply, &e));
    assert_memory_equal(e.reply_to.bytes, line.bytes, sizeof line.bytes);
    assert_ok(chat_delete(a->chat, &w.t.env, &id, &line));
    assert_ok(chat_react(b->chat, &w.t.env, &id, &line, SPAN_LIT("+1"), false));
    world_run(&w, 60);
    assert_ok(chat_entry(b->chat, &id, &line, &e));
    assert_true(e.deleted);
    assert_int_equal(e.text.len, 0);
    assert_int_equal(e.reactions_count, 0);
    world_clear(&w);
}

static void same_text(struct world_person *p, const struct chat_conversation *id,
                      const struct chat_entry_id *line, struct span text)
{
    struct chat_entry e;
    assert_ok(chat_entry(p->chat, id, line, &e));
    assert_span_equal(e.text, text);
}

/* 64 KiB go in one message, answered and changed too; one byte more is refused everywhere. */
static void the_longest_text_goes_and_a_longer_one_does_not(void **state)
{
    (void)state;
    struct world w;
    static char bytes[CHAT_TEXT_BYTES_MAX + 1];
    struct span whole = span_of((uint8_t *)bytes, CHAT_TEXT_BYTES_MAX);
    struct span more = span_of((uint8_t *)bytes, sizeof bytes);
    struct chat_entry_id line, reply, none;
    world_init(&w, 9);
    struct world_person *a = world_born(&w), *b = world_born(&w);
    struct chat_conversation id = friends(&w, a, b);
    memset(bytes, 'a', sizeof bytes);
    assert_ok(chat_send(a->chat, &w.t.env, &id, whole, NULL, &line));
    world_run(&w, 60);
    same_text(b, &id, &line, whole);
    assert_ok(chat_send(b->chat, &w.t.env, &id, whole, &line, &reply));
    memset(bytes, 'b', sizeof bytes);
    assert_ok(chat_edit(a->chat, &w.t.env, &id, &line, whole));
    world_run(&w, 60);
    same_text(b, &id, &line, whole);
    assert_err(chat_send(a->chat, &w.t.env, &id, more, NULL, &none), ERR_LIMIT);
    assert_err(chat_send(a->chat, &w.t.env, &id, more, &reply, &none), ERR_LIMIT);
    assert_err(chat_edit(a->chat, &w.t.env, &id, &line, more), ERR_LIMIT);
    world_run(&w, 60);
    struct chat_entry_id last = last_of(b, &id);
    assert_memory_equal(last.bytes, reply.bytes, sizeof last.bytes);
    memset(bytes, 'a', sizeof bytes);
    same_text(a, &id, &reply, whole);
    world_clear(&w);
}

static void a_group_reads_everything_in_one_order(void **state)
{
    (void)state;
    struct world w;
    struct chat_account members[4];
    struct chat_conversation group;
    char text[32];
    world_init(&w, 6);
    struct world_person *a = world_born(&w), *b[4];
    for (int i = 0; i < 4; i++) {
        b[i] = world_born(&w);
        (void)friends(&w, a, b[i]);
        memcpy(members[i].bytes, b[i]->chat->self.account, 32);
    }
    assert_ok(chat_found(a->chat, &w.t.env, CHAT_GROUP, SPAN_LIT("tea"), members, 3, &group));
    world_run(&w, 120);
    for (int i = 0; i < 12; i++) {
        struct world_person *from = i % 4 == 3 ? a : b[i % 4];
        (void)snprintf(text, sizeof text, "line %d", i);
        say(&w, from, &group, text);
        world_run(&w, 10);
    }
    assert_ok(chat_add(a->chat, &w.t.env, &group, &members[3], 1));
    world_run(&w, 700); /* nobody else speaks: the Welcome waits for T */
    say(&w, b[3], &group, "here I am");
    assert_ok(chat_remove(a->chat, &w.t.env, &group, &members[0]));
    world_run(&w, 300);
    say(&w, a, &group, "without you");
    world_run(&w, 300);
    for (int i = 0; i < 12; i++) {
        (void)snprintf(text, sizeof text, "line %d", i);
        for (int k = 0; k < 3; k++)
            assert_true(world_reads(b[k], &group, text));
    }
    assert_true(world_reads(b[1], &group, "here I am"));
    assert_true(world_reads(b[3], &group, "without you"));
    assert_false(world_reads(b[3], &group, "line 3"));
    assert_false(world_reads(b[0], &group, "without you"));
    struct chat_summary s;
    assert_ok(chat_conversation(b[0]->chat, &group, &s));
    assert_int_equal(s.state, CHAT_LEFT);
    assert_ok(chat_conversation(b[1]->chat, &group, &s));
    assert_string_equal(s.name, "tea");
    assert_int_equal(s.accounts, 4);
    world_clear(&w);
}

static void who_leaves_is_gone_for_all(void **state)
{
    (void)state;
    struct world w;
    struct chat_account members[2];
    struct chat_conversation group;
    struct chat_summary s;
    world_init(&w, 7);
    struct world_person *a = world_born(&w), *b[2];
    for (int i = 0; i < 2; i++) {
        b[i] = world_born(&w);
        (void)friends(&w, a, b[i]);
        memcpy(members[i].bytes, b[i]->chat->self.account, 32);
    }
    assert_ok(chat_found(a->chat, &w.t.env, CHAT_GROUP, SPAN_LIT("tea"), members, 2, &group));
    world_run(&w, 120);
    assert_ok(chat_leave(b[1]->chat, &w.t.env, &group));
    world_run(&w, 300);
    say(&w, a, &group, "without you");
    world_run(&w, 300);
    assert_ok(chat_conversation(b[0]->chat, &group, &s));
    assert_int_equal(s.accounts, 2);
    assert_true(world_reads(b[0], &group, "without you"));
    assert_false(world_reads(b[1], &group, "without you"));
    world_clear(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_people_meet_and_talk),
        cmocka_unit_test(a_fresh_link_is_listened_to_at_once),
        cmocka_unit_test(who_was_away_for_three_days_finds_who_wrote),
        cmocka_unit_test(a_restart_loses_nothing),
        cmocka_unit_test(what_is_lost_on_the_way_is_repaired),
        cmocka_unit_test(lines_are_answered_liked_edited_and_deleted),
        cmocka_unit_test(the_longest_text_goes_and_a_longer_one_does_not),
        cmocka_unit_test(a_group_reads_everything_in_one_order),
        cmocka_unit_test(who_leaves_is_gone_for_all),
    };
    cmocka_set_test_filter(getenv("TEST")); /* one alone, by name */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
