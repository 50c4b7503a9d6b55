/* First contact of whole chats: how long keys live that strangers write to, who is invited how
 * long. */
#include "node/chat/intro/intro.h"
#include "node/chat/intro/timetable.h"
#include "tests/lib/chat_world.h"

#define DAY_S 86400

static uint64_t oldest_prekey_s(const struct world_person *p)
{
    uint64_t oldest = UINT64_MAX;
    for (size_t i = 0; i < p->chat->prekeys_count; i++)
        if (p->chat->prekeys[i].issued_s < oldest)
            oldest = p->chat->prekeys[i].issued_s;
    return oldest;
}

static void prekeys_die_on_time_online_and_offline(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 1);
    struct world_person *a = world_born(&w);
    world_online(&w, a, true);
    world_run(&w, 60);
    uint64_t first = oldest_prekey_s(a);
    world_run(&w, 5 * DAY_S / 2);
    world_online(&w, a, false); /* the first has a successor, and may be needed yet */
    assert_int_equal(oldest_prekey_s(a), first);
    world_run(&w, 3 * DAY_S); /* the inbox is not read: so it stays, */
    assert_int_equal(oldest_prekey_s(a), first);
    world_run(&w, (int64_t)first + PREKEY_LIFE_S - w.t.env.wall.ns / NS_PER_S - 60);
    assert_int_equal(oldest_prekey_s(a), first);
    world_run(&w, 120); /* at the latest for 14 days, */
    assert_true(oldest_prekey_s(a) > first);
    uint64_t second = oldest_prekey_s(a);
    assert_true(second != UINT64_MAX);
    world_online(&w, a, true);
    world_run(&w, 120); /* and is gone once the inbox was read */
    assert_true(oldest_prekey_s(a) > second);
    world_clear(&w);
}

static void say(struct world *w, struct world_person *p, const struct chat_conversation *id,
                const char *text)
{
    struct chat_entry_id entry;
    assert_ok(chat_send(p->chat, &w->t.env, id, span_str(text), NULL, &entry));
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

/* Looking for the stamp takes a while: an end in the midst of it must not lose the invite. */
static void an_invite_that_is_not_stamped_yet_leaves_after_a_kill(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 3);
    struct world_person *a = world_born(&w), *b = world_born(&w);
    world_online(&w, a, true);
    world_run(&w, 30);
    world_online(&w, b, true);
    world_run(&w, 30);
    struct chat_conversation id = contact(&w, b, a);
    for (int i = 0; i < 120000 && b->chat->waiting_count == 0; i++) {
        (void)world_pump(&w, b);
        test_env_advance(&w.t, NS_PER_MS);
        chat_tick(b->chat, &w.t.env);
    }
    assert_int_equal(b->chat->waiting_count, 1);
    for (int i = 0; i < 1000 && !b->chat->waiting[0]->stamping; i++) {
        (void)world_pump(&w, b);
        test_env_advance(&w.t, NS_PER_MS);
        chat_tick(b->chat, &w.t.env);
    }
    assert_true(b->chat->waiting[0]->stamping);
    assert_true(fifo_count(&b->chat->stampings) > 0);
    (void)world_pump(&w, b); /* it is written that it is under way */
    world_restart(&w, b);
    world_run(&w, 120);
    struct chat_summary s;
    assert_ok(chat_conversation(a->chat, &id, &s));
    assert_int_equal(s.state, CHAT_REQUESTED);
    world_clear(&w);
}

/* A second device, let in by a keeper who goes as soon as its log has it. */
static struct world_person *paired(struct world *w, struct world_person *keeper)
{
    char text[CHAT_PAIR_TEXT_MAX], words[CHAT_SIX_WORDS_MAX];
    struct chat_event ev;
    struct world_person *p = world_place(w);
    struct chat_config config = world_config(p);
    assert_ok(chat_pair(&p->chat, &config, &w->t.env, text));
    world_online(w, p, true);
    world_run(w, 5);
    assert_ok(chat_pair_accept(keeper->chat, &w->t.env, span_str(text), words));
    while (identity_log_now(keeper->chat->me->log)->installations.count == 1) {
        (void)world_pump(w, keeper);
        (void)world_pump(w, p);
        (void)world_hear(w, p);
        (void)world_hear(w, keeper);
        test_env_advance(&w->t, NS_PER_MS);
        chat_tick(keeper->chat, &w->t.env);
        chat_tick(p->chat, &w->t.env);
    }
    (void)world_pump(w, keeper);
    world_online(w, keeper, false);
    world_run(w, 20);
    assert_true(world_event(p, CHAT_EVENT_PAIRED, &ev));
    return p;
}

static enum chat_conversation_state state_of(struct world_person *p,
                                             const struct chat_conversation *id)
{
    struct chat_summary s;
    return chat_conversation(p->chat, id, &s) == OK ? s.state : CHAT_LEFT;
}

/* The invite of a second device waits until its commit is certified; that the first one speaks
 * meanwhile is no answer to it. */
static void a_device_is_invited_though_another_of_its_account_speaks(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 2);
    struct world_person *a = world_born(&w), *b = world_born(&w);
    world_online(&w, a, true);
    world_online(&w, b, true);
    world_run(&w, 30);
    struct chat_conversation id = contact(&w, b, a);
    world_run(&w, 60);
    assert_ok(chat_accept(a->chat, &w.t.env, &id));
    say(&w, a, &id, "hello yourself");
    world_run(&w, 60);
    assert_int_equal(b->chat->waiting_count, 0); /* it was answered */
    struct world_person *a2 = paired(&w, a);
    world_run(&w, 60);
    world_online(&w, a2, false);
    assert_int_equal(b->chat->waiting_count, 1); /* so it is Ben who lets it in, */
    assert_true(b->chat->waiting[0]->held);      /* when his commit is certified */
    world_online(&w, a, true);
    world_run(&w, 5);
    say(&w, a, &id, "I have a new device");
    world_run(&w, 5);
    assert_true(world_reads(b, &id, "I have a new device"));
    assert_int_equal(b->chat->waiting_count, 1);
    world_restart(&w, b);
    assert_int_equal(b->chat->waiting_count, 1);
    assert_int_equal(b->chat->waiting[0]->invited_count, 1);
    assert_memory_equal(b->chat->waiting[0]->invited[0], a2->chat->self.installation, 32);
    world_run(&w, 700);
    world_online(&w, a2, true);
    world_run(&w, 60);
    assert_int_equal(state_of(a2, &id), CHAT_JOINED);
    say(&w, a2, &id, "here it is");
    world_run(&w, 60);
    assert_true(world_reads(b, &id, "here it is"));
    assert_int_equal(b->chat->waiting_count, 0);
    world_clear(&w);
}

/* What was stamped and did not leave for days: neither its time nor its day is of use any more. */
static void away_with_what_has_not_left(uint64_t seed, bool restarts)
{
    struct world w;
    struct card card;
    struct buf keep = BUF_INIT(CARD_BYTES_MAX);
    struct intro intro;
    char text[CHAT_CARD_TEXT_MAX];
    world_init(&w, seed);
    struct world_person *a = world_born(&w), *b = world_born(&w);
    world_online(&w, a, true);
    test_env_advance(&w.t, NS_PER_MS);
    chat_tick(a->chat, &w.t.env); /* bundles are begun */
    world_online(&w, a, false);
    world_run(&w, 60);
    assert_int_equal(w.messages_count, 0);
    assert_true(fifo_count(&a->chat->ready) > 0);
    world_run(&w, 10 * DAY_S);
    if (restarts)
        world_restart(&w, a);
    assert_true(fifo_count(&a->chat->ready) > 0);
    int64_t back_ns = w.t.env.wall.ns;
    world_online(&w, a, true);
    world_run(&w, 30);
    assert_ok(chat_card(a->chat, &w.t.env, false, text));
    assert_ok(card_parse(span_str(text), &card, &keep));
    size_t of_today = 0;
    for (size_t i = 0; i < w.messages_count; i++) {
        const struct world_message *m = &w.messages[i];
        struct buf opened = BUF_INIT(ENVELOPE_BYTES_MAX);
        uint32_t today = (uint32_t)(back_ns / NS_PER_S / DAY_S);
        assert_true(m->time_ns >= back_ns - NS_PER_S);
        of_today += intro_open(&card, today, span_of(m->payload, m->len), &opened, &intro) == OK;
        assert_int_not_equal(
            intro_open(&card, today - 10, span_of(m->payload, m->len), &opened, &intro), OK);
        buf_clear(&opened);
    }
    assert_int_equal(of_today, 1);
    world_online(&w, b, true);
    struct chat_conversation id = contact(&w, b, a);
    world_run(&w, 60);
    assert_true(world_reads(a, &id, "hello"));
    buf_clear(&keep);
    world_clear(&w);
}

static void what_could_not_leave_for_days_leaves_as_of_today(void **state)
{
    (void)state;
    away_with_what_has_not_left(3, false);
    away_with_what_has_not_left(4, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_invite_that_is_not_stamped_yet_leaves_after_a_kill),
        cmocka_unit_test(prekeys_die_on_time_online_and_offline),
        cmocka_unit_test(a_device_is_invited_though_another_of_its_account_speaks),
        cmocka_unit_test(what_could_not_leave_for_days_leaves_as_of_today),
    };
    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
