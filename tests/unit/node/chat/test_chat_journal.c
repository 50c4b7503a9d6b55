/* The journal of a whole chat: what has a number, and how much of it there may be. */
#include "node/chat/talk.h"
#include "tests/lib/chat_world.h"

static struct chat_conversation contact(struct world *w, struct world_person *from,
                                        struct world_person *to)
{
    char card[CHAT_CARD_TEXT_MAX];
    struct chat_conversation id;
    struct chat_entry_id entry;
    assert_ok(chat_card(to->chat, &w->t.env, false, card));
    assert_ok(chat_contact(from->chat, &w->t.env, span_str(card), &id));
    assert_ok(chat_send(from->chat, &w->t.env, &id, SPAN_LIT("hello"), NULL, &entry));
    return id;
}

/* Let this one take everything that is in the stores, and write nothing of it. */
static void hear_all(struct world *w, struct world_person *p)
{
    for (; p->heard < w->messages_count; p->heard++)
        chat_received(p->chat, &w->t.env, span_str(w->messages[p->heard].topic),
                      span_of(w->messages[p->heard].payload, w->messages[p->heard].len));
}

static void an_event_is_seen_when_it_is_on_the_disk(void **state)
{
    (void)state;
    struct world w;
    struct chat_event ev;
    world_init(&w, 1);
    struct world_person *a = world_born(&w), *b = world_born(&w);
    world_online(&w, a, true);
    world_online(&w, b, true);
    world_run(&w, 60);
    a->online = false; /* for the world: the test delivers */
    (void)contact(&w, b, a);
    world_run(&w, 60);
    uint64_t before = chat_event_last(a->chat);
    hear_all(&w, a);
    assert_true(vault_in_step(a->chat->vault)); /* the request was taken, */
    assert_true(a->chat->journal_last > before);
    assert_int_equal(chat_event_last(a->chat), before); /* and nobody sees it yet: */
    assert_err(chat_event(a->chat, before, &ev), ERR_NOT_FOUND);
    world_restart(&w, a); /* a kill, and it never was */
    assert_int_equal(chat_event_last(a->chat), before);
    assert_err(chat_event(a->chat, before, &ev), ERR_NOT_FOUND);
    world_online(&w, a, true);
    world_run(&w, 60);
    assert_true(world_event(a, CHAT_EVENT_REQUEST, &ev));
    world_clear(&w);
}

/* Frames of a kind that nobody knows, from a member. */
static void say_news(struct world *w, struct world_person *p, const struct chat_conversation *id)
{
    struct talk *t = talks_find(p->chat, id->bytes);
    struct eid head = branches_head(t->branches);
    struct frames f = {.count = 0};
    step_open(p->chat);
    assert_ok(frames_add(&f, 99, SPAN_LIT("of tomorrow")));
    assert_ok(frames_add(&f, 98, SPAN_LIT("of tomorrow")));
    assert_ok(talk_publish(p->chat, &w->t.env, t, &head, &f, 0));
    world_run(w, 1);
}

static unsigned count_events(struct world_person *p, enum chat_event_kind kind)
{
    struct chat_event ev;
    unsigned n = 0;
    for (uint64_t at = 0; chat_event(p->chat, at, &ev) == OK; at = ev.number)
        n += ev.kind == kind;
    return n;
}

static void what_nobody_knows_does_not_fill_the_journal(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 2);
    struct world_person *a = world_born(&w), *b = world_born(&w);
    world_online(&w, a, true);
    world_online(&w, b, true);
    world_run(&w, 60);
    struct chat_conversation id = contact(&w, b, a);
    world_run(&w, 60);
    for (int i = 0; i < 20; i++)
        say_news(&w, b, &id);
    assert_int_equal(count_events(a, CHAT_EVENT_UNSUPPORTED), 1);
    world_restart(&w, a);
    for (int i = 0; i < 20; i++)
        say_news(&w, b, &id);
    assert_int_equal(count_events(a, CHAT_EVENT_UNSUPPORTED), 2); /* once in each run */
    world_clear(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_seen_when_it_is_on_the_disk),
        cmocka_unit_test(what_nobody_knows_does_not_fill_the_journal),
    };
    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
