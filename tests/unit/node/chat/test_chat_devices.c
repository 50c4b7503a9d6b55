/* Whole chats with several devices: paired, revoked, lost, taken back. */
#include "node/chat/account.h"
#include "tests/lib/chat_world.h"

static void say(struct world *w, struct world_person *p, const struct chat_conversation *id,
                const char *text)
{
    struct chat_entry_id entry;
    assert_ok(chat_send(p->chat, &w->t.env, id, span_str(text), NULL, &entry));
}

/* Two who know each other, online. */
static struct chat_conversation friends(struct world *w, struct world_person *a,
                                        struct world_person *b)
{
    char card[CHAT_CARD_TEXT_MAX];
    struct chat_conversation id;
    world_online(w, a, true);
    world_online(w, b, true);
    world_run(w, 30);
    assert_ok(chat_card(a->chat, &w->t.env, false, card));
    assert_ok(chat_contact(b->chat, &w->t.env, span_str(card), &id));
    say(w, b, &id, "hello");
    world_run(w, 60);
    assert_ok(chat_accept(a->chat, &w->t.env, &id));
    say(w, a, &id, "hello yourself");
    world_run(w, 60);
    assert_true(world_reads(b, &id, "hello yourself"));
    return id;
}

/* A place whose device offers itself. */
static struct world_person *offered(struct world *w, char text[CHAT_PAIR_TEXT_MAX])
{
    struct world_person *p = world_place(w);
    struct chat_config config = world_config(p);
    assert_ok(chat_pair(&p->chat, &config, &w->t.env, text));
    world_online(w, p, true);
    return p;
}

static struct world_person *paired(struct world *w, struct world_person *keeper)
{
    char text[CHAT_PAIR_TEXT_MAX], words[CHAT_SIX_WORDS_MAX], same[CHAT_SIX_WORDS_MAX];
    struct chat_event ev;
    struct world_person *p = offered(w, text);
    world_run(w, 20);
    assert_err(chat_pair_words(p->chat, same), ERR_NOT_FOUND);
    assert_ok(chat_pair_accept(keeper->chat, &w->t.env, span_str(text), words));
    world_run(w, 20);
    assert_true(world_event(p, CHAT_EVENT_PAIRED, &ev));
    assert_ok(chat_pair_words(p->chat, same));
    assert_string_equal(words, same);
    return p;
}

static struct chat_account account_of(struct world_person *p)
{
    struct chat_person self;
    assert_ok(chat_self(p->chat, &self));
    return self.account;
}

static size_t devices_of(struct world_person *viewer, const struct chat_account *account)
{
    struct chat_device d;
    size_t cursor = 0, n = 0;
    while (chat_devices(viewer->chat, account, &cursor, &d))
        n++;
    return n;
}

static struct chat_installation device_of(struct world_person *p)
{
    struct chat_installation key;
    memcpy(key.bytes, p->chat->self.installation, sizeof key.bytes);
    return key;
}

static void a_second_device_is_let_in_and_reads_what_is_new(void **state)
{
    (void)state;
    struct world w;
    struct chat_event ev;
    struct chat_person known;
    world_init(&w, 1);
    struct world_person *a = world_born(&w), *b = world_born(&w);
    struct chat_conversation id = friends(&w, a, b);
    struct chat_account ana = account_of(a), ben = account_of(b);
    assert_ok(chat_set_name(a->chat, &w.t.env, &ben, SPAN_LIT("Ben")));
    struct world_person *a2 = paired(&w, a);
    struct chat_installation second = device_of(a2);
    assert_ok(chat_person(a2->chat, &ben, &known)); /* contacts were handed over */
    assert_string_equal(known.name, "Ben");
    assert_int_equal(known.consent, CHAT_CONSENT_GIVEN);
    world_run(&w, 800); /* nobody speaks: the Welcome waits for T */
    assert_true(world_event(b, CHAT_EVENT_DEVICE_ADDED, &ev));
    assert_memory_equal(ev.account.bytes, ana.bytes, 32);
    assert_memory_equal(ev.installation.bytes, second.bytes, 32);
    assert_int_equal(devices_of(a, &ana), 2);
    assert_int_equal(devices_of(a2, &ana), 2);
    assert_int_equal(devices_of(b, &ana), 2);
    struct chat_summary s;
    assert_ok(chat_conversation(a2->chat, &id, &s));
    assert_int_equal(s.state, CHAT_JOINED);
    assert_int_equal(s.installations, 3);
    say(&w, b, &id, "to both");
    world_run(&w, 60);
    assert_true(world_reads(a, &id, "to both"));
    assert_true(world_reads(a2, &id, "to both"));
    assert_false(world_reads(a2, &id, "hello"));
    say(&w, a2, &id, "from the second");
    world_run(&w, 60);
    assert_true(world_reads(a, &id, "from the second"));
    assert_true(world_reads(b, &id, "from the second"));
    world_clear(&w);
}

static void a_device_that_was_revoked_reads_nothing_more(void **state)
{
    (void)state;
    struct world w;
    struct chat_event ev;
    world_init(&w, 2);
    struct world_person *a = world_born(&w), *b = world_born(&w);
    struct chat_conversation id = friends(&w, a, b);
    struct chat_account ana = account_of(a);
    struct world_person *a2 = paired(&w, a);
    struct chat_installation second = device_of(a2), first = device_of(a);
    world_run(&w, 800);
    say(&w, b, &id, "to both");
    world_run(&w, 60);
    assert_true(world_reads(a2, &id, "to both"));
    assert_err(chat_revoke(a2->chat, &w.t.env, &first, CHAT_REASON_LOST), ERR_REFUSED);
    assert_err(chat_revoke(a->chat, &w.t.env, &first, CHAT_REASON_LOST), ERR_REFUSED);
    assert_ok(chat_revoke(a->chat, &w.t.env, &second, CHAT_REASON_STOLEN));
    world_restart(&w, a);
    world_run(&w, 120);
    assert_true(world_event(b, CHAT_EVENT_DEVICE_ADDED, &ev));
    assert_true(world_event(b, CHAT_EVENT_DEVICE_REVOKED, &ev));
    assert_memory_equal(ev.account.bytes, ana.bytes, 32);
    assert_memory_equal(ev.installation.bytes, second.bytes, 32);
    assert_int_equal(devices_of(b, &ana), 1);
    say(&w, b, &id, "to the first only");
    world_restart(&w, a2);
    world_run(&w, 700);
    assert_true(world_reads(a, &id, "to the first only"));
    assert_false(world_reads(a2, &id, "to the first only"));
    struct chat_summary s;
    assert_ok(chat_conversation(a2->chat, &id, &s));
    assert_int_equal(s.state, CHAT_LEFT);
    assert_ok(chat_conversation(b->chat, &id, &s));
    assert_int_equal(s.installations, 2);
    world_run(&w, 2 * 86400);
    assert_ok(chat_conversation(b->chat, &id, &s));
    assert_int_equal(s.installations, 2); /* it does not come back */
    world_clear(&w);
}

static void restarts_and_losses_do_not_hinder_pairing(void **state)
{
    (void)state;
    struct world w;
    struct chat_event ev;
    char text[CHAT_PAIR_TEXT_MAX], words[CHAT_SIX_WORDS_MAX], same[CHAT_SIX_WORDS_MAX];
    world_init(&w, 3);
    struct world_person *a = world_born(&w), *b = world_born(&w);
    struct chat_conversation id = friends(&w, a, b);
    struct world_person *a2 = offered(&w, text);
    w.loss_percent = 100; /* stores only */
    world_restart(&w, a2);
    assert_ok(chat_pair_accept(a->chat, &w.t.env, span_str(text), words));
    world_restart(&w, a); /* before anything could leave */
    world_run(&w, 150);
    world_restart(&w, a2);
    world_restart(&w, a);
    world_run(&w, 600);
    assert_true(world_event(a2, CHAT_EVENT_PAIRED, &ev));
    assert_ok(chat_pair_words(a2->chat, same));
    assert_string_equal(words, same);
    world_restart(&w, a2);
    w.loss_percent = 0;
    world_run(&w, 3700);
    assert_err(chat_pair_words(a2->chat, same), ERR_NOT_FOUND); /* forgotten after an hour */
    say(&w, b, &id, "to both"); /* whatever was lost meanwhile hinders nobody */
    world_run(&w, 700);
    say(&w, b, &id, "once more");
    world_run(&w, 60);
    assert_true(world_reads(a, &id, "to both"));
    assert_true(world_reads(a, &id, "once more"));
    assert_true(world_reads(a2, &id, "once more"));
    world_clear(&w);
}

static void who_lost_every_device_takes_the_account_back(void **state)
{
    (void)state;
    struct world w;
    struct chat_event ev;
    world_init(&w, 4);
    struct world_person *a = world_born(&w), *b = world_born(&w);
    struct chat_conversation id = friends(&w, a, b);
    struct chat_account ana = account_of(a);
    struct world_person *a2 = paired(&w, a);
    world_run(&w, 800);
    struct world_person *fresh = world_place(&w);
    struct chat_config config = world_config(fresh);
    assert_ok(chat_recover(&fresh->chat, &config, &w.t.env, span_str(a->words)));
    world_restart(&w, fresh);
    world_online(&w, fresh, true);
    world_run(&w, 60);
    assert_true(world_event(fresh, CHAT_EVENT_RECOVERED, &ev));
    world_restart(&w, fresh);
    struct chat_account again = account_of(fresh);
    assert_memory_equal(again.bytes, ana.bytes, 32);
    world_run(&w, 900);
    assert_true(world_event(b, CHAT_EVENT_RECOVERED, &ev)); /* the same identity, and told so */
    assert_memory_equal(ev.account.bytes, ana.bytes, 32);
    assert_int_equal(devices_of(b, &ana), 1);
    struct chat_summary s;
    assert_ok(chat_conversation(fresh->chat, &id, &s)); /* it came back by itself */
    assert_int_equal(s.installations, 2);
    if (s.state == CHAT_REQUESTED) /* contacts are in no log: who writes is asked for once more */
        assert_ok(chat_accept(fresh->chat, &w.t.env, &id));
    say(&w, b, &id, "welcome back");
    world_run(&w, 60);
    assert_true(world_reads(fresh, &id, "welcome back"));
    assert_false(world_reads(a, &id, "welcome back"));
    assert_false(world_reads(a2, &id, "welcome back"));
    say(&w, fresh, &id, "I am back");
    world_run(&w, 60);
    assert_true(world_reads(b, &id, "I am back"));
    assert_false(world_reads(a, &id, "I am back"));
    world_clear(&w);
}

static void who_is_no_keeper_lets_nobody_in(void **state)
{
    (void)state;
    struct world w;
    char text[CHAT_PAIR_TEXT_MAX], words[CHAT_SIX_WORDS_MAX];
    world_init(&w, 5);
    struct world_person *a = world_born(&w);
    world_online(&w, a, true);
    struct world_person *a2 = paired(&w, a);
    struct world_person *a3 = offered(&w, text);
    assert_err(chat_pair_accept(a2->chat, &w.t.env, span_str(text), words), ERR_REFUSED);
    assert_err(chat_pair_accept(a3->chat, &w.t.env, span_str(text), words), ERR_REFUSED);
    assert_err(chat_pair_accept(a->chat, &w.t.env, SPAN_LIT("sottopair1nonsense"), words),
               ERR_FORMAT);
    assert_ok(chat_pair_accept(a->chat, &w.t.env, span_str(text), words));
    world_run(&w, 60);
    assert_err(chat_pair_accept(a->chat, &w.t.env, span_str(text), words), ERR_EXISTS);
    struct chat_account ana = account_of(a);
    assert_int_equal(devices_of(a3, &ana), 3);
    world_run(&w, 60);
    assert_int_equal(devices_of(a2, &ana), 3);
    world_clear(&w);
}

static void online_anew(struct world *w, struct world_person *p)
{
    world_online(w, p, false);
    world_online(w, p, true);
}

/* The root key signs once two stores have answered; without them after LOOK_WAIT_S online. */
static void a_root_key_waits_for_two_stores_and_not_for_ever(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 61);
    struct world_person *keeper = world_born(&w);
    world_online(&w, keeper, true);
    assert_err(account_may_sign(keeper->chat), ERR_BUSY);
    world_run(&w, 5);
    assert_ok(account_may_sign(keeper->chat));

    w.one_store = true; /* one that hides, or our own archive */
    online_anew(&w, keeper);
    world_run(&w, LOOK_WAIT_S - 10);
    assert_err(account_may_sign(keeper->chat), ERR_BUSY);
    world_run(&w, 20);
    assert_ok(account_may_sign(keeper->chat));

    online_anew(&w, keeper);
    world_run(&w, 20);
    assert_err(account_may_sign(keeper->chat), ERR_BUSY);
    w.one_store = false; /* a second one is found and asked */
    world_run(&w, INBOX_AGAIN_S);
    assert_ok(account_may_sign(keeper->chat));

    w.stores = false;
    online_anew(&w, keeper);
    world_run(&w, LOOK_WAIT_S - 10);
    assert_err(account_may_sign(keeper->chat), ERR_BUSY);
    world_run(&w, 20);
    assert_ok(account_may_sign(keeper->chat));
    world_clear(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_second_device_is_let_in_and_reads_what_is_new),
        cmocka_unit_test(a_device_that_was_revoked_reads_nothing_more),
        cmocka_unit_test(restarts_and_losses_do_not_hinder_pairing),
        cmocka_unit_test(who_lost_every_device_takes_the_account_back),
        cmocka_unit_test(who_is_no_keeper_lets_nobody_in),
        cmocka_unit_test(a_root_key_waits_for_two_stores_and_not_for_ever),
    };
    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
