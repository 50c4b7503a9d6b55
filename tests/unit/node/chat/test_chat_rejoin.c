/* Whole chats that lose each other: cut networks, backups put back, members who cheat or flood. */
#include "node/chat/rejoining.h"
#include "tests/lib/chat_world.h"

#define PEOPLE 4u

static struct world w;
static struct world_person *people[PEOPLE];
static struct chat_conversation group;

static void say(struct world_person *p, const char *text)
{
    struct chat_entry_id entry;
    assert_ok(chat_send(p->chat, &w.t.env, &group, span_str(text), NULL, &entry));
}

static void befriend(struct world_person *a, struct world_person *b)
{
    char card[CHAT_CARD_TEXT_MAX];
    struct chat_conversation id;
    struct chat_entry_id entry;
    world_online(&w, a, true);
    world_online(&w, b, true);
    world_run(&w, 30);
    assert_ok(chat_card(a->chat, &w.t.env, false, card));
    assert_ok(chat_contact(b->chat, &w.t.env, span_str(card), &id));
    assert_ok(chat_send(b->chat, &w.t.env, &id, SPAN_LIT("hello"), NULL, &entry));
    world_run(&w, 60);
    assert_ok(chat_accept(a->chat, &w.t.env, &id));
    assert_ok(chat_send(a->chat, &w.t.env, &id, SPAN_LIT("hello"), NULL, &entry));
    world_run(&w, 60);
}

static void begin(uint64_t seed, size_t count)
{
    struct chat_account members[PEOPLE];
    world_init(&w, seed + (getenv("SEED") != NULL ? strtoull(getenv("SEED"), NULL, 10) : 0));
    people[0] = world_born(&w);
    for (size_t i = 1; i < count; i++) {
        people[i] = world_born(&w);
        befriend(people[0], people[i]);
        memcpy(members[i - 1].bytes, people[i]->chat->self.account, 32);
    }
    assert_ok(chat_found(people[0]->chat, &w.t.env, CHAT_GROUP, SPAN_LIT("tea"), members, count - 1,
                         &group));
    world_run(&w, 120);
    for (size_t i = 1; i < count; i++)
        assert_ok(chat_set_role(people[0]->chat, &w.t.env, &group, &members[i - 1], CHAT_OWNER));
    world_run(&w, 120);
    for (size_t i = 0; i < count; i++)
        say(people[i], "here");
    world_run(&w, 120);
}

static struct talk *talk_of(struct world_person *p)
{
    return talks_find(p->chat, group.bytes);
}

static struct eid head_of(struct world_person *p)
{
    return branches_head(talk_of(p)->branches);
}

static uint64_t epoch_of(struct world_person *p)
{
    struct eid head = head_of(p);
    return mls_group_context(branches_group(talk_of(p)->branches, &head))->epoch;
}

static enum chat_conversation_state state_of(struct world_person *p)
{
    struct chat_summary s;
    assert_ok(chat_conversation(p->chat, &group, &s));
    return s.state;
}

static void rename_group(struct world_person *p, const char *name)
{
    assert_ok(chat_set_group_name(p->chat, &w.t.env, &group, span_str(name)));
}

static bool all_in_one(size_t count)
{
    struct eid head = head_of(people[0]);
    for (size_t i = 1; i < count; i++) {
        struct eid other = head_of(people[i]);
        if (!eid_eq(&head, &other))
            return false;
    }
    return true;
}

static void all_read(size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++)
        if (!world_reads(people[i], &group, text))
            fail_msg("person %zu does not read \"%s\"", i, text);
}

static void reconnect(size_t count)
{
    w.cut = false;
    for (size_t i = 0; i < count; i++) {
        world_online(&w, people[i], false);
        world_online(&w, people[i], true);
    }
}

/* ---- (a) ---- */

static void cut_for_an_hour(uint64_t seed, size_t count, bool restarts)
{
    bool rejoined = false;
    struct chat_event ev;
    begin(seed, count);
    for (size_t i = 2; i < count; i++)
        people[i]->side = 1;
    w.cut = true;
    rename_group(people[0], "this side");
    rename_group(people[2], "that side");
    for (unsigned i = 0; i < 6; i++) {
        char text[32];
        world_run(&w, 600);
        (void)snprintf(text, sizeof text, "cut %u", i);
        say(people[i % count], text);
        if (restarts)
            world_restart(&w, people[(i + 1) % count]);
    }
    world_run(&w, 60);
    assert_false(all_in_one(count));
    reconnect(count);
    for (unsigned i = 0; i < 40; i++) {
        world_run(&w, 60);
        for (size_t k = 0; k < count; k++)
            rejoined |= state_of(people[k]) == CHAT_REJOINING;
        if (i == 3) /* said while one half cannot take part: it goes out afterwards */
            for (size_t k = 0; k < count; k++)
                say(people[k], k == 0   ? "meanwhile 0"
                               : k == 1 ? "meanwhile 1"
                               : k == 2 ? "meanwhile 2"
                                        : "meanwhile 3");
        if (restarts && i < 20)
            world_restart(&w, people[i % count]);
    }
    assert_true(rejoined);
    assert_true(all_in_one(count));
    for (unsigned i = 0; i < 6; i++) {
        char text[32];
        (void)snprintf(text, sizeof text, "cut %u", i);
        all_read(count, text);
    }
    for (unsigned i = 0; i < count; i++) {
        char text[32];
        (void)snprintf(text, sizeof text, "meanwhile %u", i);
        all_read(count, text);
        assert_int_equal(state_of(people[i]), CHAT_JOINED);
        assert_true(world_event(people[i], CHAT_EVENT_REJOINED, &ev));
    }
    say(people[count - 1], "together");
    world_run(&w, 60);
    all_read(count, "together");
    world_clear(&w);
}

static void both_sides_of_a_cut_end_in_one_epoch_and_read_all(void **state)
{
    (void)state;
    cut_for_an_hour(1, 3, false);
}

static void restarts_do_not_hinder_coming_back(void **state)
{
    (void)state;
    cut_for_an_hour(2, 4, true);
}

/* ---- (b) ---- */

static void put_back(uint64_t seed, bool elsewhere, bool commits)
{
    struct chat_event ev;
    begin(seed, 3);
    struct world_person *p = people[2];
    struct world_copy copy = world_copy(p);
    for (unsigned i = 0; i < 4; i++) { /* the world goes on, and so does it */
        char text[32];
        (void)snprintf(text, sizeof text, "name %u", i);
        if (commits)
            rename_group(people[i % 3], text);
        world_run(&w, 300);
        (void)snprintf(text, sizeof text, "after %u", i);
        say(people[(i + 1) % 3], text);
        (void)snprintf(text, sizeof text, "its own %u", i);
        say(p, text);
        world_run(&w, 300);
    }
    for (unsigned i = 0; i < 2; i++)
        people[i]->cursor = chat_event_last(people[i]->chat);
    world_put_back(&w, p, &copy, elsewhere);
    assert_false(world_reads(p, &group, "its own 3"));
    say(p, "who am I");
    world_run(&w, 60);
    say(people[0], "meanwhile");
    world_run(&w, 1500);
    assert_int_equal(state_of(p), CHAT_JOINED);
    assert_true(all_in_one(3));
    assert_false(talk_of(p)->state == CHAT_LEFT);
    for (unsigned i = 0; i < 4; i++) {
        char text[32];
        (void)snprintf(text, sizeof text, "after %u", i);
        all_read(3, text);
        (void)snprintf(text, sizeof text, "its own %u", i);
        all_read(3, text);
    }
    all_read(3, "who am I");
    all_read(3, "meanwhile");
    say(p, "back");
    say(people[1], "welcome back");
    world_run(&w, 120);
    all_read(3, "back");
    all_read(3, "welcome back");
    for (unsigned i = 0; i < 2; i++) {
        struct world_person *other = people[i];
        uint64_t from = other->cursor;
        assert_false(world_event(other, CHAT_EVENT_FROZEN, &ev));
        other->cursor = from;
        assert_false(world_event(other, CHAT_EVENT_EXPELLED, &ev));
        other->cursor = from;
        assert_true(world_event(other, CHAT_EVENT_REJOINED, &ev));
        assert_memory_equal(ev.account.bytes, p->chat->self.account, 32);
    }
    world_clear(&w);
}

static void a_backup_that_is_put_back_rejoins(void **state)
{
    (void)state;
    put_back(3, true, true);
}

/* The files do not tell, what it sent itself does. */
static void a_snapshot_of_the_disk_rejoins_as_well(void **state)
{
    (void)state;
    put_back(4, false, true);
}

/* It can even follow the commit that lets it in, which removes its old leaf. */
static void a_backup_of_the_same_epoch_rejoins_too(void **state)
{
    (void)state;
    put_back(8, true, false);
}

/* ---- (c) ---- */

static void who_commits_twice_is_removed_and_all_are_told(void **state)
{
    (void)state;
    struct chat_event ev;
    begin(5, 3);
    struct world_person *bad = people[2];
    struct world_copy copy = world_copy(bad);
    /* a twin in the same state, who hears nobody */
    struct world_person *twin = world_place(&w);
    kv_close(twin->kv);
    twin->kv = copy.kv;
    twin->wipe = copy.wipe;
    twin->wipe.file.state = &twin->wipe;
    struct chat_config config = world_config(twin);
    assert_ok(chat_open(&twin->chat, &config, &w.t.env));
    w.stores = false; /* or it would learn what it is */
    world_online(&w, twin, true);
    world_run(&w, 1);
    rename_group(bad, "one thing");
    rename_group(twin, "and the other");
    world_run(&w, 5);
    world_online(&w, twin, false);
    w.stores = true;
    world_restart(&w, people[0]);
    world_run(&w, 900);
    world_restart(&w, people[1]);
    world_run(&w, 900);
    assert_int_equal(state_of(bad), CHAT_LEFT);
    assert_true(all_in_one(2));
    say(people[0], "among ourselves");
    world_run(&w, 120);
    all_read(2, "among ourselves");
    assert_false(world_reads(bad, &group, "among ourselves"));
    for (unsigned i = 0; i < 2; i++) {
        struct chat_summary s;
        people[i]->cursor = 0;
        assert_true(world_event(people[i], CHAT_EVENT_EXPELLED, &ev));
        assert_memory_equal(ev.account.bytes, bad->chat->self.account, 32);
        assert_false(world_event(people[i], CHAT_EVENT_EXPELLED, &ev));
        assert_ok(chat_conversation(people[i]->chat, &group, &s));
        assert_int_equal(s.accounts, 2);
    }
    world_clear(&w);
}

/* ---- (e) ---- */

static void request(struct world_person *p, struct buf *package)
{
    struct talk *t = talk_of(p);
    struct buf bytes = BUF_INIT(REJOIN_BYTES_MAX);
    struct frames f = {.count = 0};
    struct eid head = branches_head(t->branches);
    struct rejoin q = {.eids = {head}, .count = 1, .key_package = buf_span(package)};
    memcpy(q.group, group.bytes, sizeof q.group);
    assert_ok(rejoin_sign(&q, p->chat->installation));
    assert_ok(rejoin_encode(&q, &bytes));
    assert_ok(frames_add(&f, FRAME_REJOIN, buf_span(&bytes)));
    step_open(p->chat);
    assert_ok(talk_publish(p->chat, &w.t.env, t, &head, &f, 0));
    buf_clear(&bytes);
}

static void who_floods_with_requests_costs_few_commits(void **state)
{
    (void)state;
    begin(6, 2);
    struct world_person *bad = people[1];
    struct talk_world world;
    struct chat_event ev;
    unsigned let_in = 0;
    uint64_t before = epoch_of(people[0]);
    size_t published = w.messages_count;
    assert_ok(talk_world_init(&world, bad->chat, &w.t.env));
    for (unsigned minute = 0; minute < 75; minute++) {
        struct rejoining *r;
        assert_ok(rejoining_of(bad->chat, talk_of(bad), &r));
        if (r->package.len == 0) /* it keeps it, so that it is let in and goes on */
            assert_ok(
                profile_package(&world.us, &world.mls, MLS_SUITE_XWING, &r->keys, &r->package));
        r->package_ns = w.t.env.wall.ns;
        for (unsigned i = 0; i < 34; i++)
            request(bad, &r->package);
        world_run(&w, 60);
        let_in += world_event(people[0], CHAT_EVENT_REJOINED, &ev);
    }
    talk_world_clear(&world);
    assert_int_equal(state_of(bad), CHAT_JOINED);
    assert_in_range(let_in, 2, 5); /* after 10, 30 and 70 min */
    assert_in_range(epoch_of(people[0]) - before, 2, 12);
    assert_true(w.messages_count - published < 75 * 34 + 200);
    say(people[0], "still here");
    world_run(&w, 60);
    assert_true(world_reads(bad, &group, "still here"));
    assert_true(talk_of(people[0])->rejoining->let_in_count <= REJOIN_LET_IN_MAX);
    world_clear(&w);
}

/* She asks once as she does, and is let in; an hour and more later nothing is left of that package.
 * What she asked with is returned, and the epoch that she asked in. */
static struct eid let_in_once(struct world_person *vera, struct buf *package, struct buf *asked)
{
    struct talk_world world;
    struct rejoining *r;
    struct chat_event ev;
    struct eid head = head_of(vera);
    struct rejoin q = {.eids = {head}, .count = 1};
    assert_ok(rejoining_of(vera->chat, talk_of(vera), &r));
    assert_ok(talk_world_init(&world, vera->chat, &w.t.env));
    assert_ok(profile_package(&world.us, &world.mls, MLS_SUITE_XWING, &r->keys, &r->package));
    talk_world_clear(&world);
    r->package_ns = w.t.env.wall.ns;
    assert_ok(buf_append(package, buf_span(&r->package)));
    request(vera, package);
    q.key_package = buf_span(package);
    memcpy(q.group, group.bytes, sizeof q.group);
    assert_ok(rejoin_sign(&q, vera->chat->installation));
    assert_ok(rejoin_encode(&q, asked));
    people[0]->cursor = chat_event_last(people[0]->chat);
    world_run(&w, 900);
    assert_true(world_event(people[0], CHAT_EVENT_REJOINED, &ev));
    for (unsigned i = 0; i < 3; i++)
        say(people[i], "she is in");
    world_run(&w, REJOIN_KEPT_S + 600);
    assert_int_equal(r->package.len, 0);
    assert_int_equal(state_of(vera), CHAT_JOINED);
    for (unsigned i = 0; i < 3; i++)
        people[i]->cursor = chat_event_last(people[i]->chat);
    return head;
}

static void replay(struct world_person *p, const struct eid *door, struct span asked)
{
    struct talk *t = talk_of(p);
    struct frames f = {.count = 0};
    struct eid head = branches_head(t->branches);
    assert_ok(frames_add(&f, FRAME_REJOIN, asked));
    step_open(p->chat);
    t->active = true;
    if (door != NULL)
        assert_ok(doors_publish(p->chat, &w.t.env, t, door, &f));
    else
        assert_ok(talk_publish(p->chat, &w.t.env, t, &head, &f, 0));
}

static void an_old_request_sent_again_lets_nobody_in(void **state)
{
    (void)state;
    struct buf package = BUF_INIT(REJOIN_PACKAGE_MAX), asked = BUF_INIT(REJOIN_BYTES_MAX);
    struct chat_event ev;
    begin(11, 3);
    struct world_person *vera = people[2];
    struct eid door = let_in_once(vera, &package, &asked);
    for (unsigned i = 0; i < 30; i++) {
        replay(people[1], i % 2 == 0 ? NULL : &door, buf_span(&asked));
        world_run(&w, 60);
        assert_int_equal(state_of(vera), CHAT_JOINED);
    }
    assert_false(world_event(people[0], CHAT_EVENT_REJOINED, &ev));
    assert_true(all_in_one(3));
    say(people[0], "still here");
    say(vera, "me too");
    world_run(&w, 60);
    all_read(3, "still here");
    all_read(3, "me too");
    buf_clear(&asked);
    buf_clear(&package);
    world_clear(&w);
}

/* {Remove, Add} with the old request as its evidence is valid for all; nobody gets a Welcome. */
static void replace(struct world_person *bad, const uint8_t key[32], struct span package,
                    struct span asked)
{
    struct talk *t = talk_of(bad);
    struct eid head = branches_head(t->branches);
    const struct mls_tree *tree = mls_group_tree(branches_group(t->branches, &head));
    struct profile_credential who = {0};
    struct plan *p = malloc(sizeof *p);
    uint32_t leaf = 0;
    assert_non_null(p);
    plan_init(p);
    for (uint32_t from = 0; mls_tree_next_member(tree, from, &leaf); from = leaf + 1)
        if (policy_member(tree, leaf, &who) == OK && memcmp(who.key, key, 32) == 0)
            break;
    assert_memory_equal(who.key, key, 32);
    assert_ok(evidence_bring(&p->evidence, people_find(bad->chat, who.account)->log));
    assert_ok(evidence_bring_rejoin(&p->evidence, asked));
    assert_ok(plan_remove(p, leaf));
    assert_ok(mls_make_add(package, &p->proposals));
    step_open(bad->chat);
    t->active = true;
    assert_ok(talk_commit(bad->chat, &w.t.env, t, p, &head));
    plan_clear(p);
    free(p);
}

static void who_is_replaced_by_an_old_request_comes_back(void **state)
{
    (void)state;
    struct buf package = BUF_INIT(REJOIN_PACKAGE_MAX), asked = BUF_INIT(REJOIN_BYTES_MAX);
    struct chat_event ev;
    bool out = false;
    begin(12, 3);
    struct world_person *vera = people[2];
    (void)let_in_once(vera, &package, &asked);
    for (unsigned round = 0; round < 2; round++) { /* and again: no longer wait the second time */
        replace(people[1], vera->chat->self.installation, buf_span(&package), buf_span(&asked));
        for (unsigned i = 0; i < 20; i++) {
            if (i == 1)
                say(people[0], round == 0 ? "meanwhile" : "once more");
            world_run(&w, 60);
            assert_int_not_equal(state_of(vera), CHAT_LEFT);
            out |= state_of(vera) == CHAT_REJOINING;
        }
        assert_int_equal(state_of(vera), CHAT_JOINED);
        assert_true(all_in_one(3));
    }
    assert_true(out);
    assert_true(world_event(vera, CHAT_EVENT_REJOINED, &ev));
    say(vera, "back");
    world_run(&w, 120);
    all_read(3, "meanwhile");
    all_read(3, "once more");
    all_read(3, "back");
    buf_clear(&asked);
    buf_clear(&package);
    world_clear(&w);
}

/* A conversation of two is certified by both alone: while the other is away nothing is, and that is
 * no reason to flood the network, to hold back what is said, or to let anybody in. */
static void that_the_other_is_away_is_no_reason_to_rejoin(void **state)
{
    (void)state;
    struct chat_event ev;
    begin(7, 2);
    world_online(&w, people[1], false);
    world_run(&w, 700);
    rename_group(people[0], "alone");
    world_run(&w, 60);
    say(people[0], "are you there?");
    size_t published = w.messages_count;
    world_run(&w, 2 * 86400);
    assert_int_equal(state_of(people[0]), CHAT_JOINED);
    assert_true(talk_of(people[0])->rejoining != NULL); /* it did ask, as it cannot know */
    assert_in_range(w.messages_count - published, 10, 300);
    for (size_t i = 0; i < 2; i++)
        people[i]->cursor = chat_event_last(people[i]->chat);
    world_online(&w, people[1], true);
    world_run(&w, 60);
    all_read(2, "are you there?");
    say(people[1], "I am");
    world_run(&w, 1200);
    all_read(2, "I am");
    assert_true(all_in_one(2));
    for (size_t i = 0; i < 2; i++)
        assert_false(world_event(people[i], CHAT_EVENT_REJOINED, &ev));
    world_clear(&w);
}

/* ---- away for long ---- */

/* Stores keep a week. The others make a hundred epochs, one of them is removed, so that the address
 * turns, and a month goes by: keys, address and stores of when it left are of no use any more. */
static void who_was_away_for_forty_days_comes_back_by_itself(void **state)
{
    (void)state;
    struct chat_event ev;
    begin(9, 4);
    struct world_person *p = people[2];
    struct chat_account gone;
    memcpy(gone.bytes, people[3]->chat->self.account, sizeof gone.bytes);
    uint64_t before = epoch_of(people[0]);
    w.stores_keep_s = 7 * 86400;
    world_online(&w, p, false);
    assert_ok(chat_set_role(people[0]->chat, &w.t.env, &group, &gone, CHAT_MEMBER));
    world_run(&w, 90);
    assert_ok(chat_remove(people[0]->chat, &w.t.env, &group, &gone));
    for (unsigned i = 0; i < 100; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "name %u", i);
        rename_group(people[i % 2], name);
        world_run(&w, 20);
        if (i % 25 == 0)
            say(people[(i + 1) % 2], name);
    }
    assert_true(epoch_of(people[0]) - before >= 100);
    for (size_t i = 0; i < 4; i++)
        world_online(&w, people[i], false);
    world_run(&w, 40 * 86400);
    for (size_t i = 0; i < 2; i++) {
        world_restart(&w, people[i]);
        world_online(&w, people[i], true);
        people[i]->cursor = chat_event_last(people[i]->chat);
    }
    world_run(&w, 3600);
    world_restart(&w, p);
    world_online(&w, p, true);
    world_run(&w, 3 * 3600);
    assert_int_equal(state_of(p), CHAT_JOINED);
    assert_true(all_in_one(3));
    assert_true(world_event(people[1], CHAT_EVENT_REJOINED, &ev));
    assert_memory_equal(ev.account.bytes, p->chat->self.account, 32);
    say(people[0], "you are back");
    say(p, "so I am");
    world_run(&w, 120);
    all_read(3, "you are back");
    all_read(3, "so I am");
    world_clear(&w);
}

static size_t conversed(size_t from)
{
    size_t count = 0;
    for (size_t i = from; i < w.messages_count; i++)
        count += memcmp(w.messages[i].topic, "/sotto/1/b", 10) == 0;
    return count;
}

static bool head_is_certified(struct world_person *p)
{
    struct eid head = head_of(p);
    return dag_is_certified(branches_dag(talk_of(p)->branches), &head);
}

/* All have acked alone within the last hours, and nobody says anything after the last commit: its
 * acks come with beacons, of as few as it takes, and nobody asks to be let in. */
static void a_silent_night_costs_a_few_beacons(void **state)
{
    (void)state;
    begin(8, PEOPLE);
    for (unsigned i = 0; i == 0 || (i < 6 && head_is_certified(people[0])); i++) {
        rename_group(people[i % PEOPLE], i % 2 == 0 ? "coffee" : "water");
        world_run(&w, 300);
    }
    assert_false(head_is_certified(people[0]));
    size_t from = w.messages_count;
    world_run(&w, 3 * 3600);
    assert_true(all_in_one(PEOPLE));
    for (size_t i = 0; i < PEOPLE; i++) {
        assert_true(head_is_certified(people[i]));
        assert_true(talk_of(people[i])->rejoining == NULL);
    }
    assert_in_range(conversed(from), 1, PEOPLE);
    world_clear(&w);
}

/* A commit that does not reach one of them: what the others say in its epoch cannot be opened, and
 * that is sign enough, though it is acks alone. */
static void who_lost_a_commit_follows_soon_though_nobody_speaks(void **state)
{
    (void)state;
    begin(9, PEOPLE);
    world_run(&w, 7 * 3600); /* acks may travel alone again */
    assert_true(all_in_one(PEOPLE));
    people[2]->online = false;
    rename_group(people[0], "water");
    world_run(&w, 2);
    people[2]->heard = w.messages_count;
    people[2]->online = true;
    assert_false(all_in_one(PEOPLE));
    world_run(&w, 110); /* until one acks: 65 s at most; then 40 */
    assert_true(all_in_one(PEOPLE));
    world_clear(&w);
}

/* Strangers' payloads in our bucket all day long do not make us read stores all day long. */
static void strangers_in_the_same_bucket_cost_few_readings(void **state)
{
    (void)state;
    static uint8_t noise[ENVELOPE_BYTES_MIN];
    char topic[ENVELOPE_TOPIC_BYTES];
    size_t readings = 0;
    begin(10, 2);
    for (unsigned i = 0; i < 24 * 60; i++) {
        rng_fill(&w.t.rng, noise, sizeof noise);
        envelope_topic(ENVELOPE_BUCKET, talk_bucket(talk_of(people[1]), w.t.env.wall.ns), topic);
        chat_received(people[1]->chat, &w.t.env, span_str(topic), SPAN_ARRAY(noise));
        int64_t before = people[1]->chat->behind.read_ns;
        world_run(&w, 60);
        readings += people[1]->chat->behind.read_ns != before;
    }
    assert_in_range(readings, 8, 45);
    world_clear(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_sides_of_a_cut_end_in_one_epoch_and_read_all),
        cmocka_unit_test(restarts_do_not_hinder_coming_back),
        cmocka_unit_test(a_backup_that_is_put_back_rejoins),
        cmocka_unit_test(a_snapshot_of_the_disk_rejoins_as_well),
        cmocka_unit_test(a_backup_of_the_same_epoch_rejoins_too),
        cmocka_unit_test(who_commits_twice_is_removed_and_all_are_told),
        cmocka_unit_test(who_floods_with_requests_costs_few_commits),
        cmocka_unit_test(an_old_request_sent_again_lets_nobody_in),
        cmocka_unit_test(who_is_replaced_by_an_old_request_comes_back),
        cmocka_unit_test(that_the_other_is_away_is_no_reason_to_rejoin),
        cmocka_unit_test(who_was_away_for_forty_days_comes_back_by_itself),
        cmocka_unit_test(a_silent_night_costs_a_few_beacons),
        cmocka_unit_test(who_lost_a_commit_follows_soon_though_nobody_speaks),
        cmocka_unit_test(strangers_in_the_same_bucket_cost_few_readings),
    };
    cmocka_set_test_filter(getenv("TEST")); /* one alone, by name */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
