/* What a conversation itself tells: the same lines at the same places for everybody. */
#include "tests/lib/chat_world.h"

#define LINES_MAX 32

struct told {
    struct chat_entry_id id[LINES_MAX];
    enum chat_notice kind[LINES_MAX];
    int64_t time_ns[LINES_MAX];
    char text[LINES_MAX][160];
    size_t count;
};

/* All notices of a conversation, in order. */
static struct told told(struct world_person *p, const struct chat_conversation *id)
{
    struct told all = {.count = 0};
    struct chat_entry e;
    struct chat_entry_id at, *from = NULL;
    while (chat_history(p->chat, id, from, false, &e) == OK) {
        at = e.id;
        from = &at;
        if (e.content != CHAT_NOTICE)
            continue;
        assert_true(all.count < LINES_MAX && e.text.len < sizeof all.text[0]);
        all.id[all.count] = e.id;
        all.kind[all.count] = (enum chat_notice)e.tag;
        all.time_ns[all.count] = e.time_ns;
        memcpy(all.text[all.count], e.text.ptr, e.text.len);
        all.text[all.count++][e.text.len] = '\0';
    }
    for (size_t i = 0; i < all.count; i++) { /* one by one as well */
        assert_ok(chat_entry(p->chat, id, &all.id[i], &e));
        assert_int_equal(e.time_ns, all.time_ns[i]);
    }
    return all;
}

static void kinds_are(struct world_person *p, const struct chat_conversation *id,
                      const enum chat_notice *kinds, size_t count)
{
    struct told all = told(p, id);
    if (getenv("WORLD_LOG") != NULL)
        for (size_t i = 0; i < all.count; i++)
            printf("  %s\n", all.text[i]);
    assert_int_equal(all.count, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(all.kind[i], kinds[i]);
}

/* What `one` has, `all` has in the same order; who joins, or comes back, has not what it missed. */
static void same_lines(struct world_person *all, struct world_person *one,
                       const struct chat_conversation *id)
{
    struct told x = told(all, id), y = told(one, id);
    size_t k = 0;
    assert_true(y.count > 0);
    for (size_t i = 0; i < y.count; i++, k++) {
        while (k < x.count && memcmp(x.id[k].bytes, y.id[i].bytes, sizeof y.id[i].bytes) != 0)
            k++;
        assert_true(k < x.count);
        assert_int_equal(x.kind[k], y.kind[i]);
        assert_int_equal(x.time_ns[k], y.time_ns[i]);
    }
}

static struct chat_account account_of(struct world_person *p)
{
    struct chat_person self;
    assert_ok(chat_self(p->chat, &self));
    return self.account;
}

static struct world_person *online(struct world *w)
{
    struct world_person *p = world_born(w);
    world_online(w, p, true);
    return p;
}

static struct chat_conversation friends(struct world *w, struct world_person *a,
                                        struct world_person *b)
{
    char card[CHAT_CARD_TEXT_MAX];
    struct chat_conversation id;
    struct chat_entry_id entry;
    assert_ok(chat_card(a->chat, &w->t.env, false, card));
    assert_ok(chat_contact(b->chat, &w->t.env, span_str(card), &id));
    assert_ok(chat_send(b->chat, &w->t.env, &id, SPAN_LIT("hello"), NULL, &entry));
    world_run(w, 60);
    assert_ok(chat_accept(a->chat, &w->t.env, &id));
    world_run(w, 30);
    return id;
}

static struct chat_summary summary(struct world_person *p, const struct chat_conversation *id)
{
    struct chat_summary s;
    assert_ok(chat_conversation(p->chat, id, &s));
    return s;
}

static void say(struct world *w, struct world_person *p, const struct chat_conversation *id,
                const char *text)
{
    struct chat_entry_id entry;
    assert_ok(chat_send(p->chat, &w->t.env, id, span_str(text), NULL, &entry));
    world_run(w, 30);
}

static void who_came_and_went_is_told_alike_to_all(void **state)
{
    (void)state;
    struct world w;
    struct chat_conversation id;
    world_init(&w, 1);
    struct world_person *a = online(&w), *b = online(&w), *k = online(&w);
    world_run(&w, 30);
    (void)friends(&w, a, b);
    (void)friends(&w, a, k);
    struct chat_account ben = account_of(b), kim = account_of(k);
    assert_ok(chat_set_name(a->chat, &w.t.env, &ben, SPAN_LIT("Ben")));
    assert_ok(chat_set_name(a->chat, &w.t.env, &kim, SPAN_LIT("Kim")));
    assert_ok(chat_found(a->chat, &w.t.env, CHAT_GROUP, SPAN_LIT("garden"), &ben, 1, &id));
    world_run(&w, 900);
    say(&w, b, &id, "first");
    assert_ok(chat_add(a->chat, &w.t.env, &id, &kim, 1));
    world_run(&w, 900);
    say(&w, k, &id, "second");
    assert_ok(chat_set_group_name(a->chat, &w.t.env, &id, SPAN_LIT("orchard")));
    world_run(&w, 120);
    w.loss_percent = 30;
    assert_ok(chat_set_role(a->chat, &w.t.env, &id, &ben, CHAT_ADMIN));
    world_run(&w, 900);
    unsigned unread = summary(b, &id).unread;
    assert_ok(chat_remove(b->chat, &w.t.env, &id, &kim));
    world_run(&w, 900);
    world_restart(&w, a);
    world_restart(&w, b);
    world_restart(&w, k); /* what it missed is in the stores */
    world_run(&w, 900);
    static const enum chat_notice all[] = {CHAT_NOTICE_ADDED, CHAT_NOTICE_ADDED, CHAT_NOTICE_NAMED,
                                           CHAT_NOTICE_ROLE, CHAT_NOTICE_REMOVED};
    kinds_are(a, &id, all, 5);
    kinds_are(b, &id, all + 1, 4); /* not of what was before it came */
    kinds_are(k, &id, all + 2, 3); /* and the last line tells whom it was about */
    same_lines(a, b, &id);
    same_lines(a, k, &id);
    struct told lines = told(a, &id);
    assert_string_equal(lines.text[0], "You added Ben");
    assert_string_equal(lines.text[1], "You added Kim");
    assert_string_equal(lines.text[2], "You named the group orchard");
    assert_string_equal(lines.text[3], "You made Ben an admin");
    assert_string_equal(lines.text[4], "Ben removed Kim");
    lines = told(k, &id);
    assert_non_null(strstr(lines.text[2], " removed you"));
    assert_int_equal(summary(b, &id).unread, unread); /* nobody is called for it */
    struct chat_entry e;
    assert_ok(chat_history(a->chat, &id, NULL, false, &e)); /* between what was said */
    assert_int_equal(e.content, CHAT_NOTICE);
    assert_ok(chat_history(a->chat, &id, &e.id, false, &e));
    assert_span_equal(e.text, SPAN_LIT("first"));
    assert_ok(chat_history(a->chat, &id, &e.id, false, &e));
    assert_int_equal(e.content, CHAT_NOTICE);
    assert_ok(chat_history(a->chat, &id, &e.id, false, &e));
    assert_span_equal(e.text, SPAN_LIT("second"));
    assert_ok(chat_history(a->chat, &id, &e.id, true, &e));
    assert_int_equal(e.content, CHAT_NOTICE);
    w.loss_percent = 0; /* who leaves says so once */
    assert_ok(chat_leave(b->chat, &w.t.env, &id));
    world_run(&w, 900);
    lines = told(a, &id);
    assert_string_equal(lines.text[lines.count - 1], "Ben left");
    world_clear(&w);
}

static void of_two_commits_at_once_the_one_that_holds_is_told(void **state)
{
    (void)state;
    struct world w;
    struct chat_conversation id;
    world_init(&w, 2);
    struct world_person *a = online(&w), *b = online(&w), *k = online(&w);
    world_run(&w, 30);
    (void)friends(&w, a, b);
    (void)friends(&w, a, k);
    struct chat_account both[2] = {account_of(b), account_of(k)};
    assert_ok(chat_found(a->chat, &w.t.env, CHAT_GROUP, SPAN_LIT("garden"), both, 2, &id));
    world_run(&w, 900);
    assert_ok(chat_set_role(a->chat, &w.t.env, &id, &both[0], CHAT_ADMIN));
    world_run(&w, 900);
    for (int round = 0; round < 3; round++) {
        world_online(&w, a, false);
        world_online(&w, b, false);
        char one[16], two[16];
        snprintf(one, sizeof one, "one %d", round);
        snprintf(two, sizeof two, "two %d", round);
        world_online(&w, a, true);
        world_online(&w, b, true);
        assert_ok(chat_set_group_name(a->chat, &w.t.env, &id, span_str(one)));
        assert_ok(chat_set_group_name(b->chat, &w.t.env, &id, span_str(two)));
        world_run(&w, 1800);
    }
    struct told x = told(a, &id), y = told(b, &id), z = told(k, &id);
    assert_string_equal(summary(a, &id).name, summary(k, &id).name);
    same_lines(a, b, &id);
    same_lines(a, k, &id);
    assert_true(z.count >= 4 && x.count >= z.count && y.count >= z.count);
    char last[300];
    snprintf(last, sizeof last, "named the group %s", summary(k, &id).name);
    size_t named = z.count;
    while (named > 0 && z.kind[named - 1] != CHAT_NOTICE_NAMED)
        named--;
    assert_true(named > 0);
    assert_non_null(strstr(z.text[named - 1], last)); /* and of the loser nothing */
    world_clear(&w);
}

static void a_device_of_a_contact_is_told_and_unread(void **state)
{
    (void)state;
    struct world w;
    char text[CHAT_PAIR_TEXT_MAX], words[CHAT_SIX_WORDS_MAX];
    struct chat_conversation group;
    world_init(&w, 3);
    struct world_person *a = online(&w), *b = online(&w), *k = online(&w);
    world_run(&w, 30);
    struct chat_conversation id = friends(&w, a, b);
    (void)friends(&w, a, k);
    struct chat_account ana = account_of(a), both[2] = {account_of(b), account_of(k)};
    assert_ok(chat_found(a->chat, &w.t.env, CHAT_GROUP, SPAN_LIT("garden"), both, 2, &group));
    world_run(&w, 900);
    assert_ok(chat_set_name(b->chat, &w.t.env, &ana, SPAN_LIT("Ana")));
    unsigned direct = summary(b, &id).unread, in_group = summary(b, &group).unread;
    struct world_person *a2 = world_place(&w);
    struct chat_config config = world_config(a2);
    assert_ok(chat_pair(&a2->chat, &config, &w.t.env, text));
    world_online(&w, a2, true);
    assert_ok(chat_pair_accept(a->chat, &w.t.env, span_str(text), words));
    world_run(&w, 1800);
    static const enum chat_notice came[] = {CHAT_NOTICE_DEVICE_ADDED, CHAT_NOTICE_DEVICE_REVOKED};
    kinds_are(b, &id, came, 1);
    kinds_are(b, &group, came, 1);
    same_lines(k, b, &group);
    assert_string_equal(told(b, &id).text[0], "Ana added a device: verify it");
    assert_int_equal(summary(b, &id).unread, direct + 1);
    assert_int_equal(summary(b, &group).unread, in_group);
    assert_int_equal(told(a, &id).count, 0); /* one's own are elsewhere */
    struct chat_installation second;
    memcpy(second.bytes, a2->chat->self.installation, sizeof second.bytes);
    assert_ok(chat_revoke(a->chat, &w.t.env, &second, CHAT_REASON_LOST));
    world_run(&w, 900);
    kinds_are(b, &id, came, 2);
    same_lines(k, b, &group);
    world_clear(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_came_and_went_is_told_alike_to_all),
        cmocka_unit_test(of_two_commits_at_once_the_one_that_holds_is_told),
        cmocka_unit_test(a_device_of_a_contact_is_told_and_unread),
    };
    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
