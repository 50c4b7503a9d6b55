/* Whole chats of one person on several devices: what is decided on one is known to all. */
#include "node/chat/self.h"
#include "tests/lib/chat_world.h"

static void say(struct world *w, struct world_person *p, const struct chat_conversation *id,
                const char *text)
{
    struct chat_entry_id entry;
    assert_ok(chat_send(p->chat, &w->t.env, id, span_str(text), NULL, &entry));
}

/* B writes to A first. */
static struct chat_conversation asked(struct world *w, struct world_person *a,
                                      struct world_person *b)
{
    char card[CHAT_CARD_TEXT_MAX];
    struct chat_conversation id;
    assert_ok(chat_card(a->chat, &w->t.env, false, card));
    assert_ok(chat_contact(b->chat, &w->t.env, span_str(card), &id));
    say(w, b, &id, "hello");
    return id;
}

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
    char text[CHAT_PAIR_TEXT_MAX], words[CHAT_SIX_WORDS_MAX];
    struct chat_event ev;
    struct world_person *p = offered(w, text);
    world_run(w, 5);
    assert_ok(chat_pair_accept(keeper->chat, &w->t.env, span_str(text), words));
    world_run(w, 60);
    assert_true(world_event(p, CHAT_EVENT_PAIRED, &ev));
    return p;
}

static struct world_person *online(struct world *w)
{
    struct world_person *p = world_born(w);
    world_online(w, p, true);
    return p;
}

static struct chat_account account_of(struct world_person *p)
{
    struct chat_person self;
    assert_ok(chat_self(p->chat, &self));
    return self.account;
}

static struct chat_person seen_by(struct world_person *p, const struct chat_account *whom)
{
    struct chat_person known = {0};
    enum err err = chat_person(p->chat, whom, &known);
    assert_true(err == OK || err == ERR_NOT_FOUND);
    return known;
}

static struct chat_summary summary(struct world_person *p, const struct chat_conversation *id)
{
    struct chat_summary s;
    assert_ok(chat_conversation(p->chat, id, &s));
    return s;
}

static size_t links_of(struct world_person *p)
{
    char card[CHAT_CARD_TEXT_MAX];
    size_t cursor = 0, n = 0;
    while (chat_links(p->chat, &cursor, card))
        n++;
    return n;
}

static struct chat_entry_id last_entry(struct world_person *p, const struct chat_conversation *id)
{
    struct chat_entry e;
    assert_ok(chat_history(p->chat, id, NULL, true, &e));
    return e.id;
}

static void a_request_accepted_on_one_device_is_accepted_on_all(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 1);
    struct world_person *a = online(&w), *b = online(&w);
    world_run(&w, 30);
    struct world_person *a2 = paired(&w, a);
    world_run(&w, 700);
    struct chat_conversation id = asked(&w, a, b);
    world_run(&w, 800);
    assert_int_equal(summary(a, &id).state, CHAT_REQUESTED);
    assert_int_equal(summary(a2, &id).state, CHAT_REQUESTED);
    assert_ok(chat_accept(a2->chat, &w.t.env, &id));
    world_run(&w, 60);
    assert_int_equal(summary(a, &id).state, CHAT_JOINED);
    struct chat_account ben = account_of(b);
    assert_int_equal(seen_by(a, &ben).consent, CHAT_CONSENT_GIVEN);
    say(&w, a, &id, "from the first");
    world_run(&w, 60);
    assert_true(world_reads(b, &id, "from the first"));
    assert_true(world_reads(a2, &id, "from the first"));
    world_clear(&w);
}

/* Everything that a person can decide, on one device; then the other way round. */
static void decide_all(struct world *w, struct world_person *p, const struct chat_account *ben,
                       const struct chat_conversation *id, bool on, char card[CHAT_CARD_TEXT_MAX])
{
    const struct env *env = &w->t.env;
    assert_ok(chat_set_name(p->chat, env, ben, on ? SPAN_LIT("Ben") : SPAN_LIT("Benjamin")));
    assert_ok(chat_set_verified(p->chat, env, ben, on));
    assert_ok(chat_set_muted(p->chat, env, id, on));
    assert_ok(chat_set_policy(p->chat, env, on ? CHAT_POLICY_LINKS : CHAT_POLICY_OPEN));
    assert_ok(chat_set_receipts(p->chat, env, !on));
    assert_ok(chat_set_profile(p->chat, env, on ? SPAN_LIT("Ana") : SPAN_LIT("Ana M.")));
    if (on)
        assert_ok(chat_card(p->chat, env, true, card));
    else
        assert_ok(chat_unlink(p->chat, env, span_str(card)));
}

static void all_decided(struct world_person *p, const struct chat_account *ben,
                        const struct chat_conversation *id, bool on)
{
    struct chat_person known = seen_by(p, ben), self;
    assert_string_equal(known.name, on ? "Ben" : "Benjamin");
    assert_int_equal(known.verified, on);
    assert_int_equal(summary(p, id).muted, on);
    assert_int_equal(p->chat->policy, on ? CHAT_POLICY_LINKS : CHAT_POLICY_OPEN);
    assert_int_equal(p->chat->receipts, !on);
    assert_ok(chat_self(p->chat, &self));
    assert_string_equal(self.calls_self, on ? "Ana" : "Ana M.");
    assert_int_equal(links_of(p), on ? 1 : 0);
}

static size_t self_devices(struct world_person *p)
{
    const struct talk *t = self_talk(p->chat);
    return t == NULL ? 0 : t->roster_count;
}

static void what_is_decided_on_one_device_is_known_to_all(void **state)
{
    (void)state;
    struct world w;
    char card[CHAT_CARD_TEXT_MAX];
    struct chat_summary s;
    world_init(&w, 2);
    struct world_person *a = online(&w), *b = online(&w);
    world_run(&w, 30);
    struct chat_conversation id = asked(&w, a, b);
    struct chat_account ben = account_of(b);
    world_run(&w, 60);
    assert_ok(chat_accept(a->chat, &w.t.env, &id));
    struct world_person *a2 = paired(&w, a);
    assert_int_equal(seen_by(a2, &ben).consent, CHAT_CONSENT_GIVEN);
    world_run(&w, 900);
    assert_int_equal(self_devices(a), 2);
    assert_int_equal(self_devices(a2), 2);
    w.loss_percent = 30;
    decide_all(&w, a2, &ben, &id, true, card);
    world_restart(&w, a2); /* what was decided is said after it */
    world_run(&w, 900);
    all_decided(a, &ben, &id, true);
    decide_all(&w, a, &ben, &id, false, card);
    world_run(&w, 20);
    world_restart(&w, a2);
    world_restart(&w, a);
    world_run(&w, 900);
    all_decided(a2, &ben, &id, false);
    assert_ok(chat_block(a2->chat, &w.t.env, &ben, true));
    world_run(&w, 900);
    assert_int_equal(seen_by(a, &ben).consent, CHAT_CONSENT_BLOCKED);
    assert_ok(chat_block(a->chat, &w.t.env, &ben, false));
    world_run(&w, 3600);
    assert_int_equal(seen_by(a2, &ben).consent, CHAT_CONSENT_GIVEN);
    size_t cursor = 0, shown = 0; /* self/1 is in no list */
    while (chat_conversations(a->chat, &cursor, &s))
        shown++;
    assert_int_equal(shown, 1);
    assert_err(chat_conversation(a->chat, &self_talk(a->chat)->id, &s), ERR_NOT_FOUND);
    struct chat_event ev;
    a->cursor = 0;
    while (world_event(a, CHAT_EVENT_CONVERSATION, &ev))
        assert_memory_not_equal(ev.conversation.bytes, self_talk(a->chat)->id.bytes, 32);
    world_clear(&w);
}

static void what_was_read_on_one_device_is_read_on_all(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 3);
    struct world_person *a = online(&w), *b = online(&w);
    world_run(&w, 30);
    struct world_person *a2 = paired(&w, a);
    world_run(&w, 700);
    struct chat_conversation id = asked(&w, a, b);
    world_run(&w, 800);
    assert_ok(chat_accept(a->chat, &w.t.env, &id));
    world_run(&w, 60);
    world_online(&w, a2, false);
    say(&w, b, &id, "one");
    say(&w, b, &id, "two");
    world_run(&w, 30);
    struct chat_entry_id two = last_entry(a, &id);
    assert_ok(chat_set_read(a->chat, &w.t.env, &id, &two));
    assert_int_equal(summary(a, &id).unread, 0);
    world_run(&w, 60);
    say(&w, b, &id, "three");
    world_run(&w, 12 * 3600);
    world_online(&w, a2, true); /* all of it from stores */
    world_run(&w, 900);
    assert_true(world_reads(a2, &id, "three"));
    assert_int_equal(summary(a2, &id).unread, 1);
    struct chat_entry_id three = last_entry(a2, &id);
    assert_ok(chat_set_read(a2->chat, &w.t.env, &id, &three));
    world_run(&w, 120);
    assert_int_equal(summary(a, &id).unread, 0);
    world_clear(&w);
}

static void devices_come_late_and_stay_away(void **state)
{
    (void)state;
    struct world w;
    char card[CHAT_CARD_TEXT_MAX], text[CHAT_PAIR_TEXT_MAX], words[CHAT_SIX_WORDS_MAX];
    world_init(&w, 4);
    struct world_person *a = online(&w), *b = online(&w);
    world_run(&w, 30);
    struct chat_conversation id = asked(&w, a, b);
    struct chat_account ben = account_of(b);
    world_run(&w, 60);
    assert_ok(chat_accept(a->chat, &w.t.env, &id));
    struct world_person *a2 = paired(&w, a);
    world_run(&w, 900);
    world_online(&w, a2, false);
    decide_all(&w, a, &ben, &id, true, card);
    struct world_person *a3 = offered(&w, text);
    assert_ok(chat_pair_accept(a->chat, &w.t.env, span_str(text), words));
    world_run(&w, 30);
    assert_int_equal(a3->chat->policy, CHAT_POLICY_LINKS); /* with the hand-over */
    assert_int_equal(links_of(a3), 1);
    assert_ok(chat_set_name(a2->chat, &w.t.env, &ben, SPAN_LIT("B."))); /* of one who is off */
    world_run(&w, 30 * 3600);
    all_decided(a3, &ben, &id, true);
    assert_int_equal(self_devices(a3), 3);
    world_online(&w, a2, true);
    world_run(&w, 1800);
    assert_int_equal(a2->chat->policy, CHAT_POLICY_LINKS);
    assert_int_equal(links_of(a2), 1);
    assert_string_equal(seen_by(a, &ben).name, "B."); /* decided last */
    assert_string_equal(seen_by(a2, &ben).name, "B.");
    assert_string_equal(seen_by(a3, &ben).name, "B.");
    struct chat_installation gone;
    memcpy(gone.bytes, a2->chat->self.installation, sizeof gone.bytes);
    assert_ok(chat_revoke(a->chat, &w.t.env, &gone, CHAT_REASON_STOLEN));
    world_run(&w, 900);
    assert_int_equal(self_devices(a), 2);
    assert_int_equal(self_devices(a3), 2);
    assert_null(self_talk(a2->chat));
    assert_ok(chat_set_name(a3->chat, &w.t.env, &ben, SPAN_LIT("not for the thief")));
    world_run(&w, 900);
    assert_string_equal(seen_by(a, &ben).name, "not for the thief");
    assert_string_equal(seen_by(a2, &ben).name, "B.");
    world_clear(&w);
}

static void who_leaves_on_one_device_leaves_on_all(void **state)
{
    (void)state;
    struct world w;
    struct chat_conversation id;
    world_init(&w, 5);
    struct world_person *a = online(&w), *b = online(&w);
    world_run(&w, 30);
    struct world_person *a2 = paired(&w, a);
    world_run(&w, 700);
    struct chat_conversation direct = asked(&w, a, b);
    world_run(&w, 800);
    assert_ok(chat_accept(a->chat, &w.t.env, &direct));
    world_run(&w, 60);
    struct chat_account ana = account_of(a), ben = account_of(b);
    assert_ok(chat_found(a->chat, &w.t.env, CHAT_GROUP, SPAN_LIT("garden"), &ben, 1, &id));
    world_run(&w, 900);
    assert_int_equal(summary(b, &id).installations, 3);
    assert_int_equal(summary(a2, &id).state, CHAT_JOINED);
    assert_ok(chat_leave(a2->chat, &w.t.env, &id));
    world_run(&w, 900);
    assert_int_equal(summary(a, &id).state, CHAT_LEFT);
    assert_int_equal(summary(b, &id).installations, 1);
    world_run(&w, 12 * 3600);
    assert_int_equal(summary(b, &id).installations, 1);
    assert_int_equal(summary(a, &direct).state, CHAT_JOINED);
    (void)ana;
    world_clear(&w);
}

static void the_other_devices_join_though_the_founder_is_off(void **state)
{
    (void)state;
    struct world w;
    struct chat_conversation id;
    world_init(&w, 6);
    struct world_person *a = online(&w), *b = online(&w);
    world_run(&w, 30);
    struct chat_conversation direct = asked(&w, a, b);
    world_run(&w, 60);
    assert_ok(chat_accept(a->chat, &w.t.env, &direct));
    struct world_person *a2 = paired(&w, a);
    world_run(&w, 900);
    world_online(&w, a2, false);
    struct chat_account ben = account_of(b);
    assert_ok(chat_found(a->chat, &w.t.env, CHAT_GROUP, SPAN_LIT("garden"), &ben, 1, &id));
    for (int i = 0; i < 200 && a->online; i++) { /* off as soon as B is in */
        struct chat_summary s;
        world_run(&w, 1);
        if (chat_conversation(b->chat, &id, &s) == OK)
            world_online(&w, a, false);
    }
    assert_false(a->online);
    world_online(&w, a2, true);
    for (int i = 0; i < 36 && summary(b, &id).installations < 3; i++)
        world_run(&w, 3600);
    world_run(&w, 900);
    assert_int_equal(summary(b, &id).installations, 3);
    assert_int_equal(summary(a2, &id).state, CHAT_JOINED);
    say(&w, b, &id, "who is here");
    world_run(&w, 60);
    assert_true(world_reads(a2, &id, "who is here"));
    world_clear(&w);
}

static void after_recovery_there_is_a_new_one(void **state)
{
    (void)state;
    struct world w;
    struct chat_event ev;
    world_init(&w, 7);
    struct world_person *a = online(&w);
    world_run(&w, 30);
    struct world_person *a2 = paired(&w, a);
    world_run(&w, 900);
    struct chat_conversation old = self_talk(a->chat)->id;
    struct world_person *fresh = world_place(&w);
    struct chat_config config = world_config(fresh);
    assert_ok(chat_recover(&fresh->chat, &config, &w.t.env, span_str(a->words)));
    world_online(&w, fresh, true);
    world_run(&w, 900);
    assert_true(world_event(fresh, CHAT_EVENT_RECOVERED, &ev));
    struct world_person *second = paired(&w, fresh);
    world_run(&w, 900);
    assert_int_equal(self_devices(fresh), 2);
    assert_int_equal(self_devices(second), 2);
    assert_memory_not_equal(self_talk(second->chat)->id.bytes, old.bytes, 32);
    assert_ok(chat_set_profile(second->chat, &w.t.env, SPAN_LIT("Ana again")));
    world_run(&w, 900);
    struct chat_person self;
    assert_ok(chat_self(fresh->chat, &self));
    assert_string_equal(self.calls_self, "Ana again");
    assert_ok(chat_self(a2->chat, &self));
    assert_string_equal(self.calls_self, "");
    world_clear(&w);
}

/* ---- the same state, whatever the order ---- */

#define THINGS 12u

static struct decision thing(struct world *w, uint8_t values[][40], size_t i)
{
    static uint8_t account[2][32] = {{0xaa}, {0xbb}};
    struct decision d = {.place.lamport = 1000 + rng_below(&w->t.rng, 4)};
    static const enum decision_kind of[] = {DECISION_NAME,   DECISION_CONSENT,  DECISION_VERIFIED,
                                            DECISION_POLICY, DECISION_RECEIPTS, DECISION_LINK};
    d.kind = of[i % 6];
    d.subject = i % 6 < 3 ? SPAN_ARRAY(account[rng_below(&w->t.rng, 2)]) : SPAN_EMPTY;
    if (d.kind == DECISION_LINK)
        d.subject = span_of(account[0], CARD_SECRET_BYTES);
    rng_fill(&w->t.rng, d.place.id.bytes, sizeof d.place.id.bytes);
    values[i][0] = (uint8_t)(d.kind == DECISION_CONSENT ? 2 * rng_below(&w->t.rng, 2)
                                                        : rng_below(&w->t.rng, 2));
    d.value = span_of(values[i], 1);
    if (d.kind == DECISION_NAME) {
        values[i][0] = 0xa1;
        values[i][1] = (uint8_t)('a' + rng_below(&w->t.rng, 26));
        d.value = span_of(values[i], 2);
    }
    return d;
}

static void hear(struct world *w, struct world_person *p, const struct decision *list)
{
    struct decision mixed[THINGS];
    struct buf bytes = BUF_INIT(CONTENT_TEXT_MAX);
    memcpy(mixed, list, sizeof mixed);
    for (size_t i = THINGS; i-- > 1;) {
        size_t k = rng_below(&w->t.rng, i + 1);
        struct decision swap = mixed[i];
        mixed[i] = mixed[k];
        mixed[k] = swap;
    }
    for (size_t i = 0; i < THINGS; i += 3) { /* in several pieces, one of them twice */
        buf_reset(&bytes);
        assert_ok(decisions_encode(&mixed[i], 3, &bytes));
        assert_ok(self_take(p->chat, &w->t.env, buf_span(&bytes)));
    }
    assert_ok(self_take(p->chat, &w->t.env, buf_span(&bytes)));
    buf_clear(&bytes);
    assert_ok(step_close(p->chat, &w->t.env));
}

static void in_every_order_devices_end_in_the_same_state(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 8);
    struct world_person *p[6];
    for (size_t i = 0; i < 6; i++)
        p[i] = world_born(&w);
    for (int round = 0; round < 20; round++) {
        uint8_t values[THINGS][40] = {{0}};
        struct decision list[THINGS];
        struct chat_account who[2] = {{{0xaa}}, {{0xbb}}};
        for (size_t i = 0; i < THINGS; i++)
            list[i] = thing(&w, values, i);
        for (size_t i = 0; i < 6; i++)
            hear(&w, p[i], list);
        world_restart(&w, p[round % 6]);
        for (size_t i = 1; i < 6; i++) {
            for (int k = 0; k < 2; k++) {
                struct chat_person one = seen_by(p[0], &who[k]), other = seen_by(p[i], &who[k]);
                assert_string_equal(one.name, other.name);
                assert_int_equal(one.consent, other.consent);
                assert_int_equal(one.verified, other.verified);
            }
            assert_int_equal(p[0]->chat->policy, p[i]->chat->policy);
            assert_int_equal(p[0]->chat->receipts, p[i]->chat->receipts);
            assert_int_equal(links_of(p[0]), links_of(p[i]));
        }
    }
    world_clear(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_accepted_on_one_device_is_accepted_on_all),
        cmocka_unit_test(what_is_decided_on_one_device_is_known_to_all),
        cmocka_unit_test(what_was_read_on_one_device_is_read_on_all),
        cmocka_unit_test(devices_come_late_and_stay_away),
        cmocka_unit_test(who_leaves_on_one_device_leaves_on_all),
        cmocka_unit_test(the_other_devices_join_though_the_founder_is_off),
        cmocka_unit_test(after_recovery_there_is_a_new_one),
        cmocka_unit_test(in_every_order_devices_end_in_the_same_state),
    };
    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
