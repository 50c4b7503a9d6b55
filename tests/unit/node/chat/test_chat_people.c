/* Whole chats: who may be heard, and who is not. */
#include "tests/lib/chat_world.h"

static struct chat_entry_id say(struct world *w, struct world_person *p,
                                const struct chat_conversation *id, const char *text)
{
    struct chat_entry_id entry;
    assert_ok(chat_send(p->chat, &w->t.env, id, span_str(text), NULL, &entry));
    return entry;
}

static struct chat_conversation contact(struct world *w, struct world_person *from,
                                        struct world_person *to)
{
    char card[CHAT_CARD_TEXT_MAX];
    struct chat_conversation id;
    assert_ok(chat_card(to->chat, &w->t.env, false, card));
    assert_ok(chat_contact(from->chat, &w->t.env, span_str(card), &id));
    say(w, from, &id, "hello");
    return id;
}

static struct chat_account account_of(struct world_person *p)
{
    struct chat_person self;
    assert_ok(chat_self(p->chat, &self));
    return self.account;
}

static struct chat_summary summary_of(struct world_person *p, const struct chat_conversation *id)
{
    struct chat_summary s;
    assert_ok(chat_conversation(p->chat, id, &s));
    return s;
}

static unsigned delivered(struct world_person *p, const struct chat_conversation *id,
                          const struct chat_entry_id *entry)
{
    struct chat_entry e;
    assert_ok(chat_entry(p->chat, id, entry, &e));
    return e.delivered;
}

static enum chat_consent consent_of(struct world_person *p, const struct chat_account *who)
{
    struct chat_person known;
    return chat_person(p->chat, who, &known) == OK ? known.consent : CHAT_CONSENT_NONE;
}

static void who_was_blocked_sees_no_sign_of_life(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 1);
    struct world_person *a = world_born(&w), *b = world_born(&w);
    struct chat_account ben = account_of(b);
    world_online(&w, a, true);
    world_online(&w, b, true);
    world_run(&w, 30);
    struct chat_conversation id = contact(&w, b, a);
    world_run(&w, 60);
    assert_int_equal(summary_of(a, &id).state, CHAT_REQUESTED);
    assert_ok(chat_block(a->chat, &w.t.env, &ben, true));
    assert_ok(chat_block(a->chat, &w.t.env, &ben, false)); /* it is a request again, */
    assert_int_equal(consent_of(a, &ben), CHAT_CONSENT_ASKED);
    struct chat_entry_id line = say(&w, b, &id, "are you there?");
    world_run(&w, 600);
    assert_int_equal(delivered(b, &id, &line), 0); /* followed silently */
    assert_ok(chat_accept(a->chat, &w.t.env, &id));
    world_run(&w, 600);
    assert_int_equal(delivered(b, &id, &line), 1);
    assert_ok(chat_block(a->chat, &w.t.env, &ben, true));
    world_restart(&w, a); /* what is blocked stays so */
    line = say(&w, b, &id, "what have I done?");
    world_run(&w, 600);
    assert_int_equal(delivered(b, &id, &line), 0);
    assert_false(world_reads(a, &id, "what have I done?"));
    assert_ok(chat_block(a->chat, &w.t.env, &ben, false));
    assert_int_equal(consent_of(a, &ben), CHAT_CONSENT_GIVEN);
    world_run(&w, 90000);
    assert_int_equal(delivered(b, &id, &line), 1);
    assert_true(world_reads(a, &id, "what have I done?"));
    world_clear(&w);
}

/* Three who are in a group; the founder is the first. */
static struct chat_conversation group_of(struct world *w, struct world_person *all[3])
{
    struct chat_account others[2];
    struct chat_conversation id;
    for (int i = 0; i < 3; i++)
        world_online(w, all[i], true);
    world_run(w, 30);
    for (int i = 1; i < 3; i++) {
        struct chat_conversation direct = contact(w, all[0], all[i]);
        world_run(w, 60);
        assert_ok(chat_accept(all[i]->chat, &w->t.env, &direct));
        others[i - 1] = account_of(all[i]);
    }
    world_run(w, 60);
    assert_ok(chat_found(all[0]->chat, &w->t.env, CHAT_GROUP, SPAN_LIT("three"), others, 2, &id));
    world_run(w, 60);
    for (int i = 1; i < 3; i++)
        assert_int_equal(summary_of(all[i], &id).state, CHAT_JOINED);
    return id;
}

static bool told_of(struct world_person *p, const struct chat_entry_id *entry)
{
    struct chat_event ev;
    for (uint64_t at = 0; chat_event(p->chat, at, &ev) == OK; at = ev.number)
        if (ev.kind == CHAT_EVENT_ENTRY && memcmp(&ev.entry, entry, sizeof *entry) == 0)
            return true;
    return false;
}

static void entries_of_who_is_blocked_are_hidden_in_groups(void **state)
{
    (void)state;
    struct world w;
    struct chat_entry e;
    world_init(&w, 2);
    struct world_person *all[3] = {world_born(&w), world_born(&w), world_born(&w)};
    struct chat_conversation id = group_of(&w, all);
    struct world_person *a = all[1], *b = all[2];
    struct chat_account ben = account_of(b);
    struct chat_entry_id mine = say(&w, a, &id, "mine");
    world_run(&w, 20);
    struct chat_entry_id before = say(&w, b, &id, "before");
    world_run(&w, 20);
    assert_int_equal(summary_of(a, &id).unread, 1);
    assert_true(told_of(a, &before));
    assert_ok(chat_block(a->chat, &w.t.env, &ben, true));
    assert_int_equal(summary_of(a, &id).unread, 0);
    assert_string_equal(summary_of(a, &id).last, "mine");
    struct chat_entry_id after = say(&w, b, &id, "after");
    assert_ok(chat_react(b->chat, &w.t.env, &id, &mine, SPAN_LIT("+"), true));
    world_run(&w, 20);
    assert_true(world_reads(all[0], &id, "after"));
    world_restart(&w, a);
    world_run(&w, 20);
    assert_false(world_reads(a, &id, "before") || world_reads(a, &id, "after"));
    assert_err(chat_entry(a->chat, &id, &after, &e), ERR_NOT_FOUND);
    assert_false(told_of(a, &after));
    assert_int_equal(summary_of(a, &id).unread, 0);
    assert_string_equal(summary_of(a, &id).last, "mine");
    assert_ok(chat_entry(a->chat, &id, &mine, &e));
    assert_int_equal(e.reactions_count, 0);
    assert_ok(chat_block(a->chat, &w.t.env, &ben, false));
    assert_true(world_reads(a, &id, "before") && world_reads(a, &id, "after"));
    assert_string_equal(summary_of(a, &id).last, "after");
    assert_ok(chat_entry(a->chat, &id, &mine, &e));
    assert_int_equal(e.reactions_count, 1);
    world_clear(&w);
}

static void what_fails_changes_nobody(void **state)
{
    (void)state;
    struct world w;
    char text[CHAT_PAIR_TEXT_MAX], card[CHAT_CARD_TEXT_MAX];
    struct chat_conversation id;
    world_init(&w, 3);
    struct world_person *a = world_born(&w), *p = world_place(&w);
    struct chat_config config = world_config(p);
    struct chat_account ana = account_of(a);
    assert_ok(chat_card(a->chat, &w.t.env, true, card));
    assert_ok(chat_pair(&p->chat, &config, &w.t.env, text));
    assert_err(chat_contact(p->chat, &w.t.env, span_str(card), &id), ERR_REFUSED);
    assert_int_equal(consent_of(p, &ana), CHAT_CONSENT_NONE); /* let in by nobody yet */
    world_restart(&w, p);
    assert_int_equal(consent_of(p, &ana), CHAT_CONSENT_NONE);
    world_clear(&w);
}

/* Under the policy "groups" the open card is for those who are in a group with us. */
static void who_shares_a_group_may_write_first(void **state)
{
    (void)state;
    struct world w;
    struct chat_event ev;
    world_init(&w, 4);
    struct world_person *all[3] = {world_born(&w), world_born(&w), world_born(&w)};
    struct chat_conversation id = group_of(&w, all);
    struct world_person *a = all[1], *b = all[2], *stranger = world_born(&w);
    assert_int_equal(summary_of(a, &id).accounts, 3);
    world_online(&w, stranger, true);
    char open[CHAT_CARD_TEXT_MAX];
    assert_ok(chat_card(a->chat, &w.t.env, false, open));
    assert_ok(chat_set_policy(a->chat, &w.t.env, CHAT_POLICY_GROUPS));
    world_run(&w, 120);
    a->cursor = chat_event_last(a->chat);
    struct chat_conversation from_stranger, from_ben;
    assert_ok(chat_contact(stranger->chat, &w.t.env, span_str(open), &from_stranger));
    say(&w, stranger, &from_stranger, "buy this");
    world_run(&w, 300);
    assert_false(world_event(a, CHAT_EVENT_REQUEST, &ev));
    assert_ok(chat_contact(b->chat, &w.t.env, span_str(open), &from_ben));
    say(&w, b, &from_ben, "it is me");
    world_run(&w, 300);
    a->cursor = 0;
    struct chat_account ben = account_of(b);
    bool asked = false;
    while (world_event(a, CHAT_EVENT_REQUEST, &ev))
        asked |= memcmp(&ev.account, &ben, sizeof ben) == 0;
    assert_true(asked);
    assert_true(world_reads(a, &from_ben, "it is me"));
    world_clear(&w);
}

static unsigned hits(struct world_person *p, const struct chat_conversation *id, const char *word,
                     char found[256])
{
    struct chat_entry e;
    struct chat_entry_id from = {.bytes = {0}};
    unsigned n = 0;
    found[0] = '\0';
    while (chat_search(p->chat, id, span_str(word), &from, &e) == OK) {
        size_t at = strlen(found);
        (void)snprintf(found + at, 256 - at, "%.*s;", (int)e.text.len, (const char *)e.text.ptr);
        from = e.id;
        n++;
    }
    return n;
}

static void a_word_is_found_in_all_conversations_newest_first(void **state)
{
    (void)state;
    struct world w;
    struct chat_conversation one, two;
    struct chat_entry e;
    struct chat_entry_id zeros = {.bytes = {0}};
    char found[256], text[32];
    world_init(&w, 5);
    struct world_person *a = world_born(&w);
    assert_ok(chat_found(a->chat, &w.t.env, CHAT_GROUP, SPAN_LIT("one"), NULL, 0, &one));
    assert_ok(chat_found(a->chat, &w.t.env, CHAT_GROUP, SPAN_LIT("two"), NULL, 0, &two));
    for (int i = 0; i < 6; i++) {
        (void)snprintf(text, sizeof text, "%s %d", i == 3 ? "tea" : "Milk", i);
        say(&w, a, i % 2 == 0 ? &one : &two, text);
        test_env_advance(&w.t, NS_PER_S);
    }
    assert_int_equal(hits(a, NULL, "milk", found), 5);
    assert_string_equal(found, "Milk 5;Milk 4;Milk 2;Milk 1;Milk 0;");
    assert_int_equal(hits(a, &two, "milk", found), 2);
    assert_string_equal(found, "Milk 5;Milk 1;");
    assert_int_equal(hits(a, NULL, "coffee", found), 0);
    assert_err(chat_search(a->chat, NULL, SPAN_EMPTY, &zeros, &e), ERR_ARGUMENT);
    for (unsigned i = 0; i < SEARCH_LOOK_MAX; i++) /* lines that came after it */
        say(&w, a, &one, "x");
    assert_err(chat_search(a->chat, NULL, SPAN_LIT("tea"), &zeros, &e), ERR_MORE);
    struct chat_entry_id from = e.id; /* not yet, and it goes on from there */
    assert_ok(chat_search(a->chat, NULL, SPAN_LIT("tea"), &from, &e));
    assert_span_equal(e.text, SPAN_LIT("tea 3"));
    world_clear(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_was_blocked_sees_no_sign_of_life),
        cmocka_unit_test(entries_of_who_is_blocked_are_hidden_in_groups),
        cmocka_unit_test(what_fails_changes_nobody),
        cmocka_unit_test(who_shares_a_group_may_write_first),
        cmocka_unit_test(a_word_is_found_in_all_conversations_newest_first),
    };
    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
