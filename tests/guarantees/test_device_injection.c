/* Promise: a new device cannot take part unseen, and is evicted (CHAT.md 0, 2). Here: a thief who
 * has the root key of an account, but not its 24 words, lets a device of his own in. The owner and
 * every contact are told; taking the account back evicts it, and it reads nothing from then on.
 * Root keys that are merely outdated, two keepers by accident and a restored backup leave every
 * account as it should be.
 *
 * Seen to fail: README.md. */
#include "node/chat/account.h"
#include "node/chat/handover.h"
#include "node/chat/letting.h"
#include "tests/lib/chat_people.h"

/* ---- the thief ---- */

struct root { /* as somebody else holds it, with what lies beside it on the disk: */
    struct keyring *ring;
    struct keyring_key *key;
    uint8_t words_card[CARD_SECRET_BYTES]; /* where the account's own devices meet */
};

/* The first root key of these words; the words themselves stay with their owner. */
static struct root stolen_root(const struct world_person *owner)
{
    uint8_t entropy[KEYRING_WORDS_ENTROPY], seed[32];
    struct keyring_words_fault fault;
    struct words words;
    struct root r;
    assert_ok(keyring_words_to(span_str(owner->words), entropy, &fault));
    assert_ok(words_open(&words, entropy));
    assert_ok(identity_words_key(words.key, LABEL_WORDS_NEXT_ROOT, 0, seed));
    words_close(&words);
    assert_ok(keyring_new(&r.ring));
    assert_ok(keyring_add(r.ring, SPAN_LIT("root"), KEYRING_ED25519, KEYRING_MAY_SIGN_LABEL, seed));
    assert_ok(keyring_open(r.ring, SPAN_LIT("root"), KEYRING_MAY_SIGN_LABEL, &r.key));
    memcpy(r.words_card, owner->chat->words_secret, sizeof r.words_card);
    return r;
}

static void root_clear(struct root *r)
{
    keyring_close(r->key);
    keyring_free(r->ring);
}

/* What everybody with a card of the account can read: its log. */
static struct identity_log *public_log(struct world_person *reader,
                                       const struct chat_account *account)
{
    struct buf bytes = BUF_INIT(IDENTITY_SENT_BYTES_MAX);
    struct identity_log *log;
    assert_ok(identity_log_write(people_find(reader->chat, account->bytes)->log, &bytes));
    assert_ok(identity_log_read(buf_span(&bytes), &log));
    buf_clear(&bytes);
    return log;
}

static void hear(struct world *w, struct world_person *p, struct span message)
{
    step_open(p->chat);
    letting_told(p->chat, &w->t.env, message);
    assert_ok(step_close(p->chat, &w->t.env));
}

/* A device that lets itself in with the stolen key, by the program's own code. */
static struct world_person *inject(struct world *w, const struct root *root,
                                   struct identity_log *log)
{
    char text[CHAT_PAIR_TEXT_MAX], words[PAIR_WORDS_MAX];
    struct buf proposal = BUF_INIT(ENVELOPE_BYTES_MAX), finish = BUF_INIT(ENVELOPE_BYTES_MAX);
    struct buf blob = BUF_INIT(HANDOVER_BYTES_MAX);
    struct handover nothing = {.policy = CHAT_POLICY_OPEN, .receipts = true};
    uint64_t now_s = (uint64_t)(w->t.env.wall.ns / NS_PER_S);
    struct identity_event event = {.time_s = now_s};
    struct pair_offer offer;
    struct span package;
    struct world_person *thief = people_offer(w, text);

    assert_ok(pair_offer_parse(span_str(text), &offer));
    assert_ok(pair_propose(&offer, log, root->key, &event, words, &proposal));
    hear(w, thief, buf_span(&proposal));
    assert_int_equal(thief->chat->letting->state, LETTING_REPLIED);
    assert_ok(pair_accept(&offer, &event, buf_span(&thief->chat->letting->message), now_s, log,
                          &package));
    memcpy(nothing.words_secret, root->words_card, sizeof nothing.words_secret);
    assert_ok(handover_encode(&nothing, &blob));
    assert_ok(pair_finish(log, buf_span(&blob), &finish));
    hear(w, thief, buf_span(&finish));
    assert_int_equal(thief->chat->phase, CHAT_PHASE_READY);
    buf_clear(&proposal);
    buf_clear(&finish);
    buf_clear(&blob);
    return thief;
}

/* One whose thief does not look what the owner has done meanwhile: his log is another branch, and
 * he lays it out. */
static struct world_person *inject_blindly(struct world *w, const struct root *root,
                                           struct identity_log *log)
{
    w->stores = false;
    struct world_person *thief = inject(w, root, log);
    size_t published = w->messages_count;
    world_run(w, 120);
    assert_true(w->messages_count > published);
    w->stores = true;
    return thief;
}

/* ---- told, evicted ---- */

#define CONTACTS 2u

struct scene {
    struct world w;
    struct world_person *owner, *contacts[CONTACTS];
    struct chat_account ana;
    struct chat_conversation direct[CONTACTS], group;
};

static void scene_init(struct scene *s, uint64_t seed)
{
    struct chat_account members[CONTACTS];
    world_init(&s->w, people_seed(seed));
    s->owner = world_born(&s->w);
    for (size_t i = 0; i < CONTACTS; i++) {
        s->contacts[i] = world_born(&s->w);
        s->direct[i] = people_meet(&s->w, s->owner, s->contacts[i]);
        members[i] = people_account(s->contacts[i]);
    }
    s->ana = people_account(s->owner);
    assert_ok(chat_found(s->owner->chat, &s->w.t.env, CHAT_GROUP, SPAN_LIT("tea"), members,
                         CONTACTS, &s->group));
    world_run(&s->w, 120);
}

static bool notice_of_device(struct world_person *p, const struct chat_conversation *id)
{
    struct chat_entry e;
    struct chat_entry_id at;
    const struct chat_entry_id *from = NULL;
    while (chat_history(p->chat, id, from, true, &e) == OK) {
        if (e.content == CHAT_NOTICE && e.tag == CHAT_NOTICE_DEVICE_ADDED)
            return true;
        at = e.id;
        from = &at;
    }
    return false;
}

static void everybody_says(struct scene *s, const char *text)
{
    for (size_t i = 0; i < CONTACTS; i++) {
        people_say(&s->w, s->contacts[i], &s->direct[i], text);
        people_say(&s->w, s->contacts[i], &s->group, text);
    }
    world_run(&s->w, 120);
}

static void accept_all(struct scene *s, struct world_person *p)
{
    struct chat_summary m;
    size_t cursor = 0;
    while (chat_conversations(p->chat, &cursor, &m))
        if (m.state == CHAT_REQUESTED)
            assert_ok(chat_accept(p->chat, &s->w.t.env, &m.id));
    world_run(&s->w, 10);
}

static struct world_person *taken_back(struct scene *s)
{
    struct world_person *fresh = world_place(&s->w);
    struct chat_config config = world_config(fresh);
    struct chat_event ev;
    assert_ok(chat_recover(&fresh->chat, &config, &s->w.t.env, span_str(s->owner->words)));
    world_online(&s->w, fresh, true);
    world_run(&s->w, 60);
    assert_true(world_event(fresh, CHAT_EVENT_RECOVERED, &ev));
    world_run(&s->w, 120); /* bundles are laid out within a minute, heard by those who are there */
    return fresh;
}

static void a_thief_of_the_root_key_is_seen_and_evicted(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s, 1);
    struct root root = stolen_root(s.owner);
    struct identity_log *log = public_log(s.contacts[0], &s.ana);
    s.w.by_topic = true; /* nobody hears of it by chance: look-ups alone, once or twice a day */
    struct world_person *thief = inject(&s.w, &root, log);
    struct chat_installation device = people_device(thief);
    world_run(&s.w, 25 * 3600);
    assert_true(people_told(s.owner, CHAT_EVENT_DEVICE_ADDED, &s.ana, &device));
    for (size_t i = 0; i < CONTACTS; i++) {
        assert_true(people_told(s.contacts[i], CHAT_EVENT_DEVICE_ADDED, &s.ana, &device));
        assert_true(notice_of_device(s.contacts[i], &s.direct[i]));
    }
    everybody_says(&s, "what a thief may read");
    size_t before = people_lines(thief);
    print_message("lines that the thief reads while it is let in: %zu\n", before);
    assert_true(before > 0);

    s.w.by_topic = false;
    struct world_person *fresh = taken_back(&s);
    for (size_t i = 0; i < CONTACTS; i++) {
        assert_true(people_told(s.contacts[i], CHAT_EVENT_RECOVERED, &s.ana, NULL));
        assert_true(people_told(s.contacts[i], CHAT_EVENT_DEVICE_REVOKED, &s.ana, &device));
        assert_int_equal(people_devices(s.contacts[i], &s.ana), 1);
    }
    before = people_lines(thief);
    everybody_says(&s, "what no thief reads");
    world_run(&s.w, 900); /* the conversations come to the new device */
    everybody_says(&s, "nor that");
    accept_all(&s, fresh); /* contacts are in no log: who writes is asked for once more */
    for (size_t i = 0; i < CONTACTS; i++)
        assert_true(world_reads(fresh, &s.direct[i], "nor that"));
    assert_true(world_reads(fresh, &s.group, "nor that"));
    people_say(&s.w, fresh, &s.group, "nor what I say");
    world_run(&s.w, 60);
    assert_true(world_reads(s.contacts[0], &s.group, "nor what I say"));
    print_message("lines that the thief reads once it is evicted: %zu\n",
                  people_lines(thief) - before);
    assert_int_equal(people_lines(thief), before);
    struct world_person *again = inject_blindly(&s.w, &root, log); /* where it was taken back */
    for (size_t i = 0; i < CONTACTS; i++) {
        assert_true(people_alive(s.contacts[i], &s.ana));
        assert_int_equal(people_devices(s.contacts[i], &s.ana), 1);
    }
    assert_true(people_alive(fresh, &s.ana));
    assert_int_equal(people_lines(again), 0);
    identity_log_free(log);
    root_clear(&root);
    world_clear(&s.w);
}

/* ---- accidents ---- */

struct home { /* an account with two devices, and one who knows it */
    struct world w;
    struct world_person *keeper, *second, *friend;
    struct chat_account ana;
    struct chat_conversation direct;
};

static void home_init(struct home *h, uint64_t seed)
{
    world_init(&h->w, people_seed(seed));
    h->keeper = world_born(&h->w);
    h->friend = world_born(&h->w);
    h->direct = people_meet(&h->w, h->keeper, h->friend);
    h->ana = people_account(h->keeper);
    h->second = people_pair(&h->w, h->keeper);
    world_run(&h->w, 900); /* it is in the conversation */
}

/* Nothing is frozen or lost, all know of so many devices, and each of them is heard and hears. */
static void all_is_well(struct home *h, struct world_person *const *devices, size_t count)
{
    world_run(&h->w, 900);
    people_say(&h->w, h->friend, &h->direct, "to all of you");
    world_run(&h->w, 120);
    assert_true(people_alive(h->friend, &h->ana));
    assert_int_equal(people_devices(h->friend, &h->ana), count);
    for (size_t i = 0; i < count; i++) {
        char text[] = "from device 0";
        text[sizeof text - 2] += (char)i;
        assert_true(people_alive(devices[i], &h->ana));
        assert_int_equal(people_devices(devices[i], &h->ana), count);
        assert_true(world_reads(devices[i], &h->direct, "to all of you"));
        people_say(&h->w, devices[i], &h->direct, text);
        world_run(&h->w, 120);
        assert_true(world_reads(h->friend, &h->direct, text));
    }
    assert_false(people_told(h->friend, CHAT_EVENT_FROZEN, &h->ana, NULL));
    assert_false(people_told(h->friend, CHAT_EVENT_LOST, &h->ana, NULL));
}

/* The 24 words make another device the keeper while the former one is away, does not know, and
 * revokes that very device. */
static void an_outdated_root_key_annoys_nobody(void **state)
{
    (void)state;
    struct home h;
    home_init(&h, 20);
    struct root root = stolen_root(h.keeper);
    struct identity_log *log = public_log(h.friend, &h.ana);
    struct chat_installation second = people_device(h.second);
    world_online(&h.w, h.keeper, false);
    assert_ok(chat_rotate(h.second->chat, &h.w.t.env, span_str(h.keeper->words)));
    world_run(&h.w, 120);
    assert_true(people_told(h.friend, CHAT_EVENT_ROTATED, &h.ana, NULL));
    assert_err(chat_revoke(h.keeper->chat, &h.w.t.env, &second, CHAT_REASON_LOST), ERR_BUSY);
    world_online(&h.w, h.keeper, true);
    world_run(&h.w, 120);
    assert_err(chat_revoke(h.keeper->chat, &h.w.t.env, &second, CHAT_REASON_LOST), ERR_REFUSED);
    struct world_person *const devices[] = {h.keeper, h.second};
    all_is_well(&h, devices, 2);
    struct world_person *thief = inject_blindly(&h.w, &root, log); /* with the former key */
    all_is_well(&h, devices, 2);
    assert_int_equal(people_lines(thief), 0);
    identity_log_free(log);
    root_clear(&root);
    world_clear(&h.w);
}

/* The thief signs where the owner has signed, too: two histories under one key. Everybody is told,
 * nobody follows either, and the words end it, from the day of the theft on. */
static void two_histories_are_told_and_ended_by_the_words(void **state)
{
    (void)state;
    struct home h;
    home_init(&h, 23);
    struct root root = stolen_root(h.keeper);
    struct identity_log *log = public_log(h.friend, &h.ana);
    (void)people_pair(&h.w, h.keeper);
    world_run(&h.w, 120);
    struct world_person *thief = inject_blindly(&h.w, &root, log);
    world_run(&h.w, 120);
    assert_true(people_told(h.friend, CHAT_EVENT_FROZEN, &h.ana, NULL));
    assert_true(people_told(h.keeper, CHAT_EVENT_FROZEN, &h.ana, NULL));
    assert_true(people_told(h.second, CHAT_EVENT_FROZEN, &h.ana, NULL));
    world_online(&h.w, h.friend, false);
    world_restart(&h.w, h.friend); /* and it stays so */
    assert_false(people_alive(h.friend, &h.ana));
    world_online(&h.w, h.friend, true);
    assert_ok(chat_rotate(h.keeper->chat, &h.w.t.env, span_str(h.keeper->words)));
    world_run(&h.w, 120);
    struct world_person *const devices[] = {h.keeper, h.second};
    assert_true(people_alive(h.friend, &h.ana));
    world_run(&h.w, 900);
    assert_int_equal(people_devices(h.friend, &h.ana), 2);
    people_say(&h.w, h.friend, &h.direct, "for those of before");
    world_run(&h.w, 60);
    for (size_t i = 0; i < 2; i++)
        assert_true(world_reads(devices[i], &h.direct, "for those of before"));
    assert_int_equal(people_lines(thief), 0);
    identity_log_free(log);
    root_clear(&root);
    world_clear(&h.w);
}

/* The keeper's folder is set back to what it was before it let a device in, as a snapshot of the
 * disk or (elsewhere) as copied files, and its person, who sees that device no more, acts at once:
 * what the root key signed then would stand where it has signed before. */
static void restored(uint64_t seed, bool elsewhere)
{
    struct home h;
    char text[CHAT_PAIR_TEXT_MAX], words[CHAT_SIX_WORDS_MAX];
    home_init(&h, seed);
    struct world_copy copy = world_copy(h.keeper);
    struct world_person *third = people_pair(&h.w, h.keeper);
    world_run(&h.w, 900);
    assert_int_equal(people_devices(h.friend, &h.ana), 3);
    struct world_person *fourth = people_offer(&h.w, text);
    struct chat_installation second = people_device(h.second);
    world_put_back(&h.w, h.keeper, &copy, elsewhere);
    assert_int_equal(people_devices(h.keeper, &h.ana), 2);
    assert_err(chat_pair_accept(h.keeper->chat, &h.w.t.env, span_str(text), words), ERR_BUSY);
    assert_err(chat_revoke(h.keeper->chat, &h.w.t.env, &second, CHAT_REASON_LOST), ERR_BUSY);
    world_run(&h.w, 5); /* stores are read */
    assert_ok(chat_pair_accept(h.keeper->chat, &h.w.t.env, span_str(text), words));
    world_run(&h.w, 900);
    struct world_person *const devices[] = {h.keeper, h.second, third, fourth};
    all_is_well(&h, devices, 4);
    world_clear(&h.w);
}

static void a_restored_keeper_freezes_nothing(void **state)
{
    (void)state;
    restored(21, false);
    restored(22, true);
}

/* ---- a removal that is refused ---- */

/* Another branch of that log under the same root, with a device that nobody has. */
static struct identity_log *other_branch(struct world *w, const struct root *root,
                                         const struct identity_log *from)
{
    struct buf bytes = BUF_INIT(IDENTITY_SENT_BYTES_MAX);
    struct identity_event e = {.type = IDENTITY_INSTALL_ADD,
                               .time_s = (uint64_t)(w->t.env.wall.ns / NS_PER_S)};
    struct keyring_key *key;
    struct identity_log *log;
    assert_ok(identity_log_write(from, &bytes));
    assert_ok(identity_log_read(buf_span(&bytes), &log));
    buf_clear(&bytes);
    assert_ok(keyring_draw(root->ring, w->t.env.rng, SPAN_LIT("other"), KEYRING_ED25519,
                           KEYRING_MAY_SIGN_LABEL));
    assert_ok(keyring_open(root->ring, SPAN_LIT("other"), KEYRING_MAY_SIGN_LABEL, &key));
    memcpy(e.installation, keyring_public(key).ptr, sizeof e.installation);
    assert_ok(identity_log_make(log, &e, &(struct identity_keys){root->key, key, NULL}));
    keyring_close(key);
    return log;
}

/* A member who knows another branch than the leaves of the group are on owes the removal of one,
 * and cannot prove it: what he says is read all the same, and the removal stays owed. */
static void a_removal_that_is_refused_silences_nobody(void **state)
{
    (void)state;
    struct home h;
    struct chat_conversation group;
    world_init(&h.w, people_seed(24));
    h.keeper = world_born(&h.w);
    h.friend = world_born(&h.w);
    h.direct = people_meet(&h.w, h.keeper, h.friend);
    h.ana = people_account(h.keeper);
    struct chat_account members[] = {people_account(h.friend)};
    assert_ok(
        chat_found(h.keeper->chat, &h.w.t.env, CHAT_GROUP, SPAN_LIT("tea"), members, 1, &group));
    world_run(&h.w, 120);
    people_say(&h.w, h.friend, &group, "before");
    struct identity_log *log = public_log(h.friend, &h.ana);
    h.second = people_pair(&h.w, h.keeper);
    world_run(&h.w, 900);
    assert_true(world_reads(h.keeper, &group, "before"));

    struct root root = stolen_root(h.keeper);
    struct person *ana = people_find(h.friend->chat, h.ana.bytes);
    identity_log_free(ana->log);
    ana->log = other_branch(&h.w, &root, log);
    talks_log_changed(h.friend->chat, &h.w.t.env, ana);
    struct talk *t = talks_find(h.friend->chat, group.bytes);
    people_say(&h.w, h.friend, &group, "and now");
    world_run(&h.w, 3); /* before it hears of the branch that has won */
    assert_true(world_reads(h.keeper, &group, "and now"));
    assert_int_equal(healing_before(t->healing, &h.w.t.env), HEALING_REMOVE);
    identity_log_free(log);
    root_clear(&root);
    world_clear(&h.w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thief_of_the_root_key_is_seen_and_evicted),
        cmocka_unit_test(an_outdated_root_key_annoys_nobody),
        cmocka_unit_test(two_histories_are_told_and_ended_by_the_words),
        cmocka_unit_test(a_restored_keeper_freezes_nothing),
        cmocka_unit_test(a_removal_that_is_refused_silences_nobody),
    };
    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
