/* Large conversations of whole chats. GROUP_SIZE and CROWD_SIZE in the environment make them larger
 * than ctest has time for; then the figures are printed. */
#define WORLD_PEOPLE_MAX 256u
#include "node/chat/self.h"
#include "tests/lib/chat_world.h"

#include <time.h>

static size_t size_of(const char *variable, size_t small)
{
    const char *text = getenv(variable);
    size_t size = text == NULL ? small : (size_t)strtoul(text, NULL, 10);
    assert_true(size >= small && size <= WORLD_PEOPLE_MAX);
    return size;
}

static double cpu_s(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static void figure(const struct world *w, const char *what, double since_s)
{
    if (getenv("GROUP_SIZE") != NULL || getenv("CROWD_SIZE") != NULL)
        printf("  %-40s %4zu people %10u bytes published %8.1f CPU-s\n", what, w->count,
               w->published_bytes, cpu_s() - since_s);
}

/* `a` knows `b`, and has its bundle: as it would have found it, without the stamps. */
static void acquaint(struct world *w, struct world_person *a, struct world_person *b)
{
    struct person *p = people_get(a->chat, b->chat->self.account);
    struct buf log = BUF_INIT(IDENTITY_SENT_BYTES_MAX), body = BUF_INIT(BUNDLE_BYTES_MAX);
    struct prekey *k;
    assert_non_null(p);
    p->consent = CHAT_CONSENT_GIVEN;
    p->changed = true;
    step_open(b->chat);
    assert_ok(prekeys_current(b->chat, &w->t.env, &k));
    assert_ok(identity_log_write(b->chat->me->log, &log));
    const struct bundle bundle = {.log = buf_span(&log), .parts = {buf_span(&k->part)}, .count = 1};
    assert_ok(bundle_encode(&bundle, &body));
    assert_ok(step_close(b->chat, &w->t.env));
    if (p->found == NULL)
        assert_ok(found_new(p->account, &p->found));
    assert_ok(found_add(p->found, buf_span(&body)));
    step_open(a->chat);
    assert_ok(people_learn_log(a->chat, &w->t.env, found_log(p->found)));
    assert_ok(step_close(a->chat, &w->t.env));
    buf_clear(&log);
    buf_clear(&body);
}

/* People who know the first of them, and he them, all online. */
static struct world *people(size_t count, uint64_t seed)
{
    struct world *w = malloc(sizeof *w);
    assert_non_null(w);
    world_init(w, seed);
    for (size_t i = 0; i < count; i++) {
        struct world_person *p = world_born(w);
        if (i > 0) {
            acquaint(w, &w->people[0], p);
            acquaint(w, p, &w->people[0]);
        }
        world_online(w, p, true);
        p->chat->bundle_at = MONO_NEVER; /* known already; work for nothing */
    }
    world_run(w, 1);
    return w;
}

static void people_clear_all(struct world *w)
{
    world_clear(w);
    free(w);
}

static struct chat_conversation found(struct world *w, enum chat_type type, size_t count)
{
    struct chat_account list[WORLD_PEOPLE_MAX];
    struct chat_conversation id;
    for (size_t i = 1; i < count; i++)
        memcpy(list[i - 1].bytes, w->people[i].chat->self.account, 32);
    assert_ok(chat_found(w->people[0].chat, &w->t.env, type, SPAN_LIT("all of us"), list, count - 1,
                         &id));
    return id;
}

static void say(struct world *w, size_t who, const struct chat_conversation *id, const char *text)
{
    struct chat_entry_id entry;
    assert_ok(chat_send(w->people[who].chat, &w->t.env, id, span_str(text), NULL, &entry));
}

static size_t leaves_at(const struct world_person *p, const struct chat_conversation *id)
{
    const struct talk *t = talks_find(p->chat, id->bytes);
    return t == NULL ? 0 : t->roster_count;
}

static void many_are_let_in_by_one_commit_and_one_copy_of_the_welcome(void **state)
{
    (void)state;
    size_t count = size_of("GROUP_SIZE", 26);
    double at = cpu_s();
    struct world *w = people(count, 21);
    figure(w, "born", at);
    struct chat_conversation id = found(w, CHAT_GROUP, count);
    world_run(w, 60);
    figure(w, "founded in one go", at);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(leaves_at(&w->people[i], &id), count);
    struct eid head = branches_head(talks_find(w->people[0].chat, id.bytes)->branches);
    assert_int_equal(
        mls_group_context(branches_group(talks_find(w->people[0].chat, id.bytes)->branches, &head))
            ->epoch,
        1); /* one commit */
    assert_int_equal(w->people[0].chat->welcomes_out_count, 1);
    say(w, 0, &id, "welcome, all");
    world_run(w, 30);
    for (size_t i = 1; i < count; i++)
        assert_true(world_reads(&w->people[i], &id, "welcome, all"));
    people_clear_all(w);
}

/* Who was removed and is added again reads on, and what it has read stays, also after a restart. */
static void who_was_removed_is_added_again(void **state)
{
    (void)state;
    struct world *w = people(3, 31);
    struct world_person *p = &w->people[2];
    struct chat_account who;
    struct chat_summary s;
    struct chat_event ev;
    memcpy(who.bytes, p->chat->self.account, sizeof who.bytes);
    struct chat_conversation id = found(w, CHAT_GROUP, 3);
    world_run(w, 60);
    say(w, 0, &id, "all of us");
    say(w, 2, &id, "here");
    world_run(w, 60);
    assert_ok(chat_remove(w->people[0].chat, &w->t.env, &id, &who));
    world_run(w, 120);
    assert_ok(chat_conversation(p->chat, &id, &s));
    assert_int_equal(s.state, CHAT_LEFT);
    say(w, 1, &id, "without you");
    world_run(w, 60);
    p->cursor = chat_event_last(p->chat);
    assert_ok(chat_add(w->people[0].chat, &w->t.env, &id, &who, 1));
    world_run(w, 800); /* nobody speaks: its Welcome waits for T */
    assert_ok(chat_conversation(p->chat, &id, &s));
    assert_int_equal(s.state, CHAT_REQUESTED); /* perhaps it had left itself: it is asked */
    assert_true(world_event(p, CHAT_EVENT_REQUEST, &ev));
    assert_ok(chat_accept(p->chat, &w->t.env, &id));
    say(w, 2, &id, "back");
    say(w, 1, &id, "with you");
    world_run(w, 60);
    assert_false(world_reads(p, &id, "without you"));
    for (unsigned round = 0; round < 2; round++) {
        for (size_t i = 0; i < 3; i++) {
            assert_true(world_reads(&w->people[i], &id, "all of us"));
            assert_true(world_reads(&w->people[i], &id, "here"));
            assert_true(world_reads(&w->people[i], &id, "back"));
            assert_true(world_reads(&w->people[i], &id, "with you"));
            assert_int_equal(leaves_at(&w->people[i], &id), 3);
        }
        world_restart(w, p);
        world_run(w, 60);
        say(w, 2, &id, "and again");
        world_run(w, 60);
        assert_true(world_reads(&w->people[0], &id, "and again"));
    }
    people_clear_all(w);
}

/* As nobody's program does who is honest: a group of its own under the id of one that it was in. */
static void found_under(struct world *w, struct world_person *p, const struct chat_conversation *id,
                        enum chat_type type)
{
    struct talk *t = talks_find(p->chat, id->bytes);
    struct talk_world tw;
    struct mls_group *g;
    struct buf extensions = BUF_INIT(PROFILE_DATA_BYTES_MAX + 16);
    t->type = type;
    t->data = (struct profile_data){.type = (enum profile_type)type};
    assert_ok(profile_data_set_role(&t->data, p->chat->self.account, PROFILE_OWNER));
    assert_ok(profile_data_extensions(&t->data, &extensions));
    step_open(p->chat);
    assert_ok(talk_world_init(&tw, p->chat, &w->t.env));
    assert_ok(mls_group_new(&tw.mls, mls_suite(profile_rules(t->data.type)->suite), &tw.us.client,
                            SPAN_ARRAY(id->bytes), buf_span(&extensions), &g));
    assert_ok(profile_address_begin(g, &t->address));
    t->state = CHAT_JOINED;
    t->wishes_count = 0;
    assert_ok(talk_anew(p->chat, &w->t.env, t, &tw, g));
    talk_world_clear(&tw);
    assert_ok(step_close(p->chat, &w->t.env));
    buf_clear(&extensions);
}

static uint64_t epoch_at(const struct world_person *p, const struct chat_conversation *id)
{
    const struct talk *t = talks_find(p->chat, id->bytes);
    struct eid head = branches_head(t->branches);
    return mls_group_context(branches_group(t->branches, &head))->epoch;
}

static enum chat_conversation_state state_at(struct world_person *p,
                                             const struct chat_conversation *id)
{
    struct chat_summary s;
    assert_ok(chat_conversation(p->chat, id, &s));
    return s.state;
}

/* A group is founded under the id, goes on to epoch `epoch`, and then its victim is invited. */
static void lure(struct world *w, const struct chat_conversation *id, enum chat_type type,
                 uint64_t epoch)
{
    struct world_person *mallory = &w->people[1];
    struct chat_account vera;
    char name[32];
    memcpy(vera.bytes, w->people[2].chat->self.account, sizeof vera.bytes);
    found_under(w, mallory, id, type);
    for (unsigned i = 0; i < 20 && epoch_at(mallory, id) < epoch; i++) {
        (void)snprintf(name, sizeof name, "ours %u", i);
        assert_ok(chat_set_group_name(mallory->chat, &w->t.env, id, span_str(name)));
        world_run(w, 20);
    }
    assert_true(epoch_at(mallory, id) >= epoch);
    assert_ok(chat_add(mallory->chat, &w->t.env, id, &vera, 1));
    world_run(w, 800);
    say(w, 1, id, "what did I miss?");
    world_run(w, 600);
    assert_false(world_reads(mallory, id, "without them"));
}

static void who_was_removed_gets_nothing_by_a_group_under_the_old_id(void **state)
{
    (void)state;
    struct world *w = people(3, 41);
    struct world_person *mallory = &w->people[1], *vera = &w->people[2];
    struct chat_account them, her;
    memcpy(them.bytes, mallory->chat->self.account, sizeof them.bytes);
    memcpy(her.bytes, vera->chat->self.account, sizeof her.bytes);
    acquaint(w, mallory, vera);
    acquaint(w, vera, mallory);
    struct chat_conversation id = found(w, CHAT_GROUP, 3);
    world_run(w, 60);
    step_open(vera->chat); /* she was asked, once */
    self_decided(vera->chat, &w->t.env, DECISION_TAKES_PART, SPAN_ARRAY(id.bytes));
    assert_ok(step_close(vera->chat, &w->t.env));
    say(w, 1, &id, "all of us");
    world_run(w, 60);
    assert_ok(chat_remove(w->people[0].chat, &w->t.env, &id, &them));
    world_run(w, 120);
    say(w, 0, &id, "without them");
    say(w, 2, &id, "a secret");
    world_run(w, 60);
    assert_true(world_reads(vera, &id, "without them"));
    assert_ok(chat_remove(w->people[0].chat, &w->t.env, &id, &her));
    world_run(w, 120);
    assert_int_equal(state_at(mallory, &id), CHAT_LEFT);
    assert_int_equal(state_at(vera, &id), CHAT_LEFT);
    uint64_t last = epoch_at(vera, &id);

    lure(w, &id, CHAT_GROUP, 0); /* of an epoch that was long ago */
    assert_true(epoch_at(mallory, &id) <= last);
    assert_int_equal(state_at(vera, &id), CHAT_LEFT);
    lure(w, &id, CHAT_CROWD, last + 1); /* of another type */
    assert_int_equal(state_at(vera, &id), CHAT_LEFT);
    assert_int_equal(epoch_at(vera, &id), last);

    lure(w, &id, CHAT_GROUP, last + 1); /* as if it went on: she is asked */
    assert_int_equal(state_at(vera, &id), CHAT_REQUESTED);
    assert_ok(chat_accept(vera->chat, &w->t.env, &id));
    say(w, 2, &id, "who is here?");
    world_run(w, 60);
    assert_true(world_reads(mallory, &id, "who is here?"));
    say(w, 1, &id, "only me");
    world_run(w, 1800);
    assert_true(world_reads(vera, &id, "without them"));
    assert_false(world_reads(mallory, &id, "without them"));
    assert_false(world_reads(mallory, &id, "a secret"));
    people_clear_all(w);
}

/* A crowd is founded, one more joins late, one is removed, and all who are in it read all. */
static void a_crowd_is_founded_joined_and_spoken_in(void **state)
{
    (void)state;
    size_t count = size_of("CROWD_SIZE", 8);
    double at = cpu_s();
    struct world *w = people(count, 23);
    struct chat_account last;
    char text[32];
    memcpy(last.bytes, w->people[count - 1].chat->self.account, 32);
    struct chat_conversation id = found(w, CHAT_CROWD, count - 1);
    world_run(w, 60);
    figure(w, "crowd founded", at);
    for (size_t i = 0; i < count - 1; i++)
        assert_int_equal(leaves_at(&w->people[i], &id), count - 1);
    assert_ok(chat_add(w->people[0].chat, &w->t.env, &id, &last, 1));
    world_run(w, 800); /* nobody speaks: its Welcome waits for T */
    for (size_t i = 0; i < count; i++)
        assert_int_equal(leaves_at(&w->people[i], &id), count);
    w->loss_percent = 20;
    for (size_t i = 0; i < 4; i++) {
        (void)snprintf(text, sizeof text, "line %zu", i);
        say(w, i == 3 ? count - 1 : i, &id, text);
        world_run(w, 20);
    }
    world_run(w, 2400);
    figure(w, "crowd has spoken", at);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < 4; k++) {
            (void)snprintf(text, sizeof text, "line %zu", k);
            assert_true(world_reads(&w->people[i], &id, text));
        }
    people_clear_all(w);
}

static struct world_person *copied(struct world *w, const struct world_person *p)
{
    struct world_person *copy = world_place(w);
    struct kv_txn *from, *to;
    struct chat_config config = world_config(copy);

    assert_ok(kv_begin(p->kv, false, &from));
    assert_ok(kv_begin(copy->kv, true, &to));
    for (unsigned table = 0; chat_tables[table] != NULL; table++) {
        struct span key, value;
        enum err err = kv_seek(from, table, SPAN_EMPTY, &key, &value);
        while (err == OK) {
            assert_ok(kv_put(to, table, key, value));
            err = kv_next(from, table, key, &key, &value);
        }
        assert_int_equal(err, ERR_NOT_FOUND);
    }
    kv_abort(from);
    assert_ok(kv_commit(to));
    memcpy(copy->wipe.page, p->wipe.page, sizeof copy->wipe.page);
    copy->wipe.there = true;
    assert_ok(chat_open(&copy->chat, &config, &w->t.env));
    return copy;
}

/* Everything that was published since, to a copy that says nothing. */
static void overhear(struct world *w, struct world_person *copy)
{
    for (; copy->heard < w->messages_count; copy->heard++) {
        const struct world_message *m = &w->messages[copy->heard];
        chat_received(copy->chat, &w->t.env, span_str(m->topic), span_of(m->payload, m->len));
        assert_ok(step_close(copy->chat, &w->t.env));
    }
}

/* Above 16 leaves the others heal a device that only proposes. */
static void a_copied_device_reads_nothing_after_the_promised_update(void **state)
{
    (void)state;
    size_t count = 18;
    struct world *w = people(count, 24);
    struct chat_conversation id = found(w, CHAT_GROUP, count);
    world_run(w, 60);
    say(w, 3, &id, "before"); /* its leaf is fresh from here on */
    world_run(w, 900);
    struct world_person *thief = copied(w, &w->people[3]);
    say(w, 0, &id, "while it is copied");
    world_run(w, 60);
    overhear(w, thief);
    assert_true(world_reads(thief, &id, "while it is copied"));
    world_run(w, 7 * 86400 + 3600); /* online, without a word of the copied device */
    overhear(w, thief);
    say(w, 0, &id, "after the promised update");
    world_run(w, 60);
    overhear(w, thief);
    assert_true(world_reads(&w->people[3], &id, "after the promised update"));
    assert_false(world_reads(thief, &id, "after the promised update"));
    people_clear_all(w);
}

static struct eid head_of(const struct world_person *p, const struct chat_conversation *id)
{
    return branches_head(talks_find(p->chat, id->bytes)->branches);
}

/* All that was published since `from` but the first message of the second and third person. */
static void hear_but_the_first(struct world *w, struct world_person *p, size_t from)
{
    bool passed[3] = {true};
    for (p->heard = from; p->heard < w->messages_count; p->heard++) {
        const struct world_message *m = &w->messages[p->heard];
        if (passed[m->side])
            chat_received(p->chat, &w->t.env, span_str(m->topic), span_of(m->payload, m->len));
        passed[m->side] = true;
    }
}

/* Above 16 leaves a commit gathers what others propose, each in front of its first words. */
static void who_missed_the_proposals_of_a_commit_reads_stores_and_follows_it(void **state)
{
    (void)state;
    size_t count = 17, from;
    struct world *w = people(count, 25);
    struct world_person *deaf = &w->people[5];
    struct chat_conversation id = found(w, CHAT_GROUP, count);
    world_run(w, 60);
    struct eid before = head_of(&w->people[0], &id), now = before, its;
    from = w->messages_count;
    deaf->online = false;
    for (size_t i = 1; i < 3; i++) {
        w->people[i].side = (unsigned)i;
        say(w, i, &id, "first words of a fresh leaf");
    }
    world_run(w, 1);
    hear_but_the_first(w, deaf, from);
    deaf->online = true;
    for (unsigned i = 0; i < 60 && eid_eq(&now, &before); i++) {
        world_run(w, 10);
        now = head_of(&w->people[0], &id);
    }
    assert_false(eid_eq(&now, &before));
    world_run(w, 20);
    its = head_of(deaf, &id);
    assert_true(eid_eq(&now, &its));
    people_clear_all(w);
}

/* The private key of an update that was proposed is on the disk before anybody hears of it. */
static void who_was_killed_after_proposing_follows_the_commit_of_it(void **state)
{
    (void)state;
    size_t count = 17;
    struct world *w = people(count, 27);
    struct chat_conversation id = found(w, CHAT_GROUP, count);
    world_run(w, 60);
    struct eid before = head_of(&w->people[0], &id), now = before;
    say(w, 5, &id, "first words of a fresh leaf");
    world_run(w, 1);
    world_restart(w, &w->people[5]);
    for (unsigned i = 0; i < 60 && eid_eq(&now, &before); i++) {
        world_run(w, 10);
        now = head_of(&w->people[0], &id);
    }
    assert_false(eid_eq(&now, &before));
    world_run(w, 20);
    struct eid its = head_of(&w->people[5], &id);
    assert_true(eid_eq(&now, &its));
    people_clear_all(w);
}

/* Stores do not have the proposal when they are read for it. It comes later, and what the others
 * say after the commit makes us look again. */
static void a_commit_that_overtakes_its_proposals_is_taken_with_them(void **state)
{
    (void)state;
    struct world *w = people(3, 26);
    struct world_person *late = &w->people[1];
    struct chat_conversation id = found(w, CHAT_GROUP, 3);
    world_run(w, 60);
    for (size_t i = 0; i < 3; i++)
        say(w, i, &id, "here");
    world_run(w, 200);
    struct eid before = head_of(&w->people[0], &id), its = head_of(late, &id);
    assert_true(eid_eq(&before, &its));
    w->stores_keep_s = 1;
    size_t from = w->messages_count;
    late->online = false; /* the network is as slow for it as can be */
    assert_ok(chat_leave(w->people[2].chat, &w->t.env, &id));
    world_run(w, 20);
    struct eid now = head_of(&w->people[0], &id);
    assert_false(eid_eq(&now, &before));
    for (size_t i = w->messages_count; i-- > from;) { /* the last one first */
        if (i == from)
            world_run(w, 5);
        chat_received(late->chat, &w->t.env, span_str(w->messages[i].topic),
                      span_of(w->messages[i].payload, w->messages[i].len));
    }
    its = head_of(late, &id);
    assert_false(eid_eq(&now, &its));
    world_run(w, 65);
    its = head_of(late, &id);
    assert_true(eid_eq(&now, &its));
    people_clear_all(w);
}

static void more_than_the_type_holds_are_refused_before_anything_is_made(void **state)
{
    (void)state;
    struct world *w = people(1, 22);
    struct chat *c = w->people[0].chat;
    struct chat_account list[PLAN_MEMBERS_MAX];
    struct chat_conversation id;
    for (size_t i = 0; i < PLAN_MEMBERS_MAX; i++) {
        rng_fill(&w->t.rng, list[i].bytes, sizeof list[i].bytes);
        assert_non_null(people_get(c, list[i].bytes));
    }
    const struct span name = SPAN_LIT("all of us");
    assert_int_equal(chat_found(c, &w->t.env, CHAT_GROUP, name, list, 64, &id), ERR_LIMIT);
    assert_int_equal(chat_found(c, &w->t.env, CHAT_CROWD, name, list, PLAN_MEMBERS_MAX, &id),
                     ERR_LIMIT);
    size_t cursor = 0;
    struct chat_summary s;
    assert_false(chat_conversations(c, &cursor, &s));
    assert_ok(chat_found(c, &w->t.env, CHAT_GROUP, name, list, 60, &id));
    assert_int_equal(chat_add(c, &w->t.env, &id, &list[60], 64), ERR_LIMIT);
    people_clear_all(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_are_let_in_by_one_commit_and_one_copy_of_the_welcome),
        cmocka_unit_test(a_crowd_is_founded_joined_and_spoken_in),
        cmocka_unit_test(who_was_removed_is_added_again),
        cmocka_unit_test(who_was_removed_gets_nothing_by_a_group_under_the_old_id),
        cmocka_unit_test(a_copied_device_reads_nothing_after_the_promised_update),
        cmocka_unit_test(who_missed_the_proposals_of_a_commit_reads_stores_and_follows_it),
        cmocka_unit_test(who_was_killed_after_proposing_follows_the_commit_of_it),
        cmocka_unit_test(a_commit_that_overtakes_its_proposals_is_taken_with_them),
        cmocka_unit_test(more_than_the_type_holds_are_refused_before_anything_is_made),
    };
    cmocka_set_test_filter(getenv("TEST")); /* one alone, by name */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
