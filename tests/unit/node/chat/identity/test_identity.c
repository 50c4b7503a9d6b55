/* Accounts as scripts: who signs what, who is believed, and which branch of a fork holds. */
#include "node/chat/identity/identity.h"
#include "tests/lib/testing.h"

/* a person with 24 words, a keeper and spare devices */
struct person {
    struct test_env t;
    struct keyring *ring;
    struct keyring_key *words, *root, *recovery, *device[12];
    struct identity_log *log;
    unsigned names;
};

static struct keyring_key *key_of(struct person *p, const uint8_t seed[32])
{
    char name[16];
    struct keyring_key *key;
    (void)snprintf(name, sizeof name, "k%u", p->names++);
    assert_ok(keyring_add(p->ring, span_str(name), KEYRING_ED25519, KEYRING_MAY_SIGN_LABEL, seed));
    assert_ok(keyring_open(p->ring, span_str(name), KEYRING_MAY_SIGN_LABEL, &key));
    return key;
}

static struct keyring_key *drawn(struct person *p)
{
    uint8_t seed[32];
    rng_fill(p->t.env.rng, seed, sizeof seed);
    return key_of(p, seed);
}

/* The key that the words hold for this place. */
static struct keyring_key *of_words(struct person *p, enum label label, uint32_t n)
{
    uint8_t seed[32];
    assert_ok(identity_words_key(p->words, label, n, seed));
    return key_of(p, seed);
}

static void promise_of(struct person *p, enum label words, enum label promise, uint32_t n,
                       uint8_t out[32])
{
    struct keyring_key *key = of_words(p, words, n);
    identity_promise(promise, keyring_public(key).ptr, out);
    keyring_close(key);
}

static void put(uint8_t out[32], const struct keyring_key *key)
{
    memcpy(out, keyring_public(key).ptr, 32);
}

static enum err make(struct person *p, struct identity_log *log, struct identity_event *e,
                     const struct keyring_key *installation)
{
    e->time_s = 1767225600;
    return identity_log_make(log, e, &(struct identity_keys){p->root, installation, p->recovery});
}

static enum err add_device(struct person *p, struct identity_log *log, size_t i)
{
    struct identity_event e = {.type = IDENTITY_INSTALL_ADD, .capabilities = 5};
    put(e.installation, p->device[i]);
    return make(p, log, &e, p->device[i]);
}

static enum err revoke_device(struct person *p, struct identity_log *log, size_t i)
{
    struct identity_event e = {.type = IDENTITY_INSTALL_REVOKE, .reason = IDENTITY_REASON_LOST};
    put(e.installation, p->device[i]);
    return make(p, log, &e, NULL);
}

/* The root becomes the one of the words; `next` is kept in p->root. */
static enum err rotate(struct person *p, struct identity_log *log)
{
    unsigned n = identity_log_now(log)->rotations + 1;
    struct identity_event e = {.type = IDENTITY_ROTATE_ROOT};
    keyring_close(p->root);
    p->root = of_words(p, LABEL_WORDS_NEXT_ROOT, n);
    put(e.root, p->root);
    promise_of(p, LABEL_WORDS_NEXT_ROOT, LABEL_IDENTITY_NEXT_ROOT, n + 1, e.next_root);
    return make(p, log, &e, NULL);
}

static enum err recover(struct person *p, struct identity_log *log, size_t keep)
{
    const struct identity *now = identity_log_now(log);
    unsigned n = now->rotations + 1;
    struct identity_event e = {.type = IDENTITY_RECOVER, .installations = now->installations};
    e.installations.count = keep < now->installations.count ? keep : now->installations.count;
    keyring_close(p->root);
    p->root = drawn(p);
    put(e.root, p->root);
    put(e.recovery_key, p->recovery);
    promise_of(p, LABEL_WORDS_NEXT_ROOT, LABEL_IDENTITY_NEXT_ROOT, n + 1, e.next_root);
    promise_of(p, LABEL_WORDS_RECOVERY, LABEL_IDENTITY_RECOVERY, n, e.recovery);
    return make(p, log, &e, NULL);
}

static enum err checkpoint(struct person *p, struct identity_log *log)
{
    const struct identity *now = identity_log_now(log);
    struct identity_event e = {
        .type = IDENTITY_CHECKPOINT, .policy = now->policy, .installations = now->installations};
    memcpy(e.root, now->root, 32);
    memcpy(e.next_root, now->next_root, 32);
    memcpy(e.recovery, now->recovery, 32);
    return make(p, log, &e, NULL);
}

static void born(struct person *p, uint64_t seed)
{
    struct identity_event e = {.type = IDENTITY_INCEPTION, .policy = 1};
    uint8_t words[32];
    *p = (struct person){0};
    test_env_init(&p->t, seed);
    assert_ok(keyring_new(&p->ring));
    rng_fill(p->t.env.rng, words, sizeof words);
    assert_ok(keyring_add(p->ring, SPAN_LIT("words"), KEYRING_SECRET, KEYRING_MAY_DERIVE, words));
    assert_ok(keyring_open(p->ring, SPAN_LIT("words"), KEYRING_MAY_DERIVE, &p->words));
    p->root = drawn(p);
    p->recovery = of_words(p, LABEL_WORDS_RECOVERY, 0);
    for (size_t i = 0; i < 12; i++)
        p->device[i] = drawn(p);
    put(e.root, p->root);
    promise_of(p, LABEL_WORDS_NEXT_ROOT, LABEL_IDENTITY_NEXT_ROOT, 1, e.next_root);
    promise_of(p, LABEL_WORDS_RECOVERY, LABEL_IDENTITY_RECOVERY, 0, e.recovery);
    assert_ok(identity_log_new(&p->log));
    assert_ok(make(p, p->log, &e, NULL));
    assert_ok(add_device(p, p->log, 0));
}

static void gone(struct person *p)
{
    identity_log_free(p->log);
    keyring_close(p->words);
    keyring_close(p->root);
    keyring_close(p->recovery);
    for (size_t i = 0; i < 12; i++)
        keyring_close(p->device[i]);
    keyring_free(p->ring);
    test_env_clear(&p->t);
}

/* What others see of a log: written, sent, read. */
static struct identity_log *seen(const struct identity_log *log)
{
    struct buf bytes = BUF_INIT(IDENTITY_SENT_BYTES_MAX);
    struct identity_log *copy;
    assert_ok(identity_log_write(log, &bytes));
    assert_ok(identity_log_read(buf_span(&bytes), &copy));
    buf_clear(&bytes);
    return copy;
}

static bool has(const struct person *p, const struct identity_log *log, size_t i)
{
    return identity_has(identity_log_now(log), keyring_public(p->device[i]).ptr, NULL);
}

static enum identity_verdict learn(struct identity_log *ours, const struct identity_log *theirs)
{
    enum identity_verdict verdict;
    struct identity_fork fork;
    assert_ok(identity_log_merge(ours, theirs, &verdict, &fork));
    identity_fork_clear(&fork);
    return verdict;
}

/* ---- a life ---- */

static void an_account_keeps_its_name_while_all_keys_change(void **state)
{
    (void)state;
    struct person p;
    uint8_t account[32];
    born(&p, 1);
    const struct identity *now = identity_log_now(p.log);
    memcpy(account, now->account, 32);
    assert_ok(add_device(&p, p.log, 1));
    assert_ok(revoke_device(&p, p.log, 0));
    assert_ok(rotate(&p, p.log));
    assert_ok(rotate(&p, p.log));
    assert_ok(recover(&p, p.log, 10));
    assert_memory_equal(now->account, account, 32);
    assert_int_equal(now->rotations, 3);
    assert_false(has(&p, p.log, 0));
    assert_true(has(&p, p.log, 1));
    struct identity_log *copy = seen(p.log);
    assert_memory_equal(identity_log_now(copy)->head, now->head, 32);
    char text[ACCOUNT_TEXT_MAX];
    uint8_t again[32];
    identity_text(account, text);
    assert_int_equal(strlen(text) + 1, ACCOUNT_TEXT_MAX);
    assert_ok(identity_parse(span_str(text), again));
    assert_memory_equal(again, account, 32);
    identity_log_free(copy);
    gone(&p);
}

static void a_long_log_is_sent_short(void **state)
{
    (void)state;
    struct person p;
    born(&p, 2);
    for (int i = 0; i < 120; i++) {
        if (identity_log_wants_checkpoint(p.log))
            assert_ok(checkpoint(&p, p.log));
        if (i == 30 || i == 31)
            assert_ok(rotate(&p, p.log));
        assert_ok(add_device(&p, p.log, 1));
        assert_ok(revoke_device(&p, p.log, 1));
    }
    struct buf bytes = BUF_INIT(IDENTITY_SENT_BYTES_MAX);
    assert_ok(identity_log_write(p.log, &bytes));
    struct identity_log *copy = seen(p.log);
    assert_memory_equal(identity_log_now(copy), identity_log_now(p.log), sizeof(struct identity));
    assert_int_equal(identity_log_event(copy, 5).len, 0);
    assert_true(identity_log_event(p.log, 5).len > 0);
    assert_int_equal(learn(p.log, copy), IDENTITY_SAME);
    assert_ok(add_device(&p, p.log, 2));
    struct identity_log *newer = seen(p.log);
    assert_int_equal(learn(copy, newer), IDENTITY_EXTENDED);
    assert_true(has(&p, copy, 2));
    assert_int_equal(learn(newer, copy), IDENTITY_SAME);
    identity_log_free(newer);
    identity_log_free(copy);
    buf_clear(&bytes);
    gone(&p);
}

/* ---- what is refused ---- */

static void nobody_but_the_root_changes_devices(void **state)
{
    (void)state;
    struct person p, thief;
    born(&p, 3);
    born(&thief, 4);
    struct identity_event e = {.type = IDENTITY_INSTALL_ADD};
    put(e.installation, thief.device[0]);
    struct identity_keys keys = {thief.root, thief.device[0], NULL};
    assert_err(identity_log_make(p.log, &e, &keys), ERR_AUTH);
    keys.root = p.root;
    keys.installation = p.device[1]; /* the new installation has to agree as well */
    assert_err(identity_log_make(p.log, &e, &keys), ERR_AUTH);
    keys.installation = NULL;
    assert_err(identity_log_make(p.log, &e, &keys), ERR_ARGUMENT);
    assert_int_equal(identity_log_now(p.log)->seq, 1);
    gone(&thief);
    gone(&p);
}

static void only_the_promised_root_follows(void **state)
{
    (void)state;
    struct person p;
    born(&p, 5);
    struct identity_event e = {.type = IDENTITY_ROTATE_ROOT};
    struct keyring_key *own = drawn(&p);
    put(e.root, own);
    struct identity_keys keys = {own, NULL, NULL};
    assert_err(identity_log_make(p.log, &e, &keys), ERR_AUTH);
    keyring_close(own);
    struct keyring_key *was = p.recovery;
    p.recovery = drawn(&p);
    assert_err(recover(&p, p.log, 10), ERR_AUTH);
    keyring_close(was);
    gone(&p);
}

static void a_root_that_was_replaced_signs_nothing(void **state)
{
    (void)state;
    struct person p;
    born(&p, 6);
    struct keyring_key *old = p.root;
    p.root = drawn(&p);
    assert_ok(rotate(&p, p.log));
    struct identity_event e = {.type = IDENTITY_INSTALL_ADD};
    put(e.installation, p.device[3]);
    struct identity_keys keys = {old, p.device[3], NULL};
    assert_err(identity_log_make(p.log, &e, &keys), ERR_AUTH);
    keyring_close(old);
    gone(&p);
}

static void devices_are_added_once_and_are_ten(void **state)
{
    (void)state;
    struct person p;
    born(&p, 7);
    assert_err(add_device(&p, p.log, 0), ERR_PROTOCOL);
    assert_err(revoke_device(&p, p.log, 1), ERR_PROTOCOL);
    for (size_t i = 1; i < IDENTITY_INSTALLATIONS_MAX; i++)
        assert_ok(add_device(&p, p.log, i));
    assert_err(add_device(&p, p.log, 11), ERR_LIMIT);
    assert_ok(checkpoint(&p, p.log));
    assert_ok(recover(&p, p.log, 10));
    struct identity_event e = {.type = IDENTITY_RECOVER}; /* a snapshot invents no device */
    put(e.installations.list[0].key, p.device[11]);
    e.installations.count = 1;
    assert_err(make(&p, p.log, &e, NULL), ERR_PROTOCOL);
    gone(&p);
}

static void nothing_follows_the_end(void **state)
{
    (void)state;
    struct person p;
    born(&p, 8);
    struct identity_event e = {.type = IDENTITY_MOVE};
    put(e.recovery_key, p.recovery);
    memset(e.moved_to, 7, 32);
    assert_ok(make(&p, p.log, &e, NULL));
    assert_int_equal(identity_log_now(p.log)->status, IDENTITY_MOVED);
    assert_err(add_device(&p, p.log, 1), ERR_PROTOCOL);
    gone(&p);
}

static void a_checkpoint_says_what_is(void **state)
{
    (void)state;
    struct person p;
    born(&p, 9);
    const struct identity *now = identity_log_now(p.log);
    struct identity_event e = {.type = IDENTITY_CHECKPOINT, .policy = now->policy};
    memcpy(e.root, now->root, 32);
    memcpy(e.next_root, now->next_root, 32);
    memcpy(e.recovery, now->recovery, 32);
    assert_err(make(&p, p.log, &e, NULL), ERR_PROTOCOL); /* it forgets device 0 */
    gone(&p);
}

static void changed_bytes_are_refused(void **state)
{
    (void)state;
    struct person p;
    struct buf bytes = BUF_INIT(IDENTITY_SENT_BYTES_MAX);
    struct identity_log *none;
    born(&p, 10);
    assert_ok(rotate(&p, p.log));
    assert_ok(identity_log_write(p.log, &bytes));
    for (size_t i = 0; i < bytes.len; i++) {
        bytes.ptr[i] ^= 1;
        if (identity_log_read(buf_span(&bytes), &none) == OK) {
            /* a changed inception begins another account, but only with its own signature */
            fail_msg("byte %zu does not matter", i);
        }
        bytes.ptr[i] ^= 1;
    }
    for (size_t n = 0; n < bytes.len; n++)
        assert_int_not_equal(identity_log_read(span_sub(buf_span(&bytes), 0, n), &none), OK);
    buf_clear(&bytes);
    gone(&p);
}

static void later_versions_are_told_apart(void **state)
{
    (void)state;
    struct person p;
    struct identity_event e;
    struct buf bytes = BUF_INIT(IDENTITY_EVENT_BYTES_MAX);
    born(&p, 11);
    assert_ok(buf_append(&bytes, identity_log_event(p.log, 1)));
    bytes.ptr[2] = 2; /* [type, version, ... */
    assert_err(identity_event_decode(buf_span(&bytes), &e), ERR_UNSUPPORTED);
    bytes.ptr[2] = 1;
    bytes.ptr[1] = 99;
    assert_err(identity_event_decode(buf_span(&bytes), &e), ERR_UNSUPPORTED);
    bytes.ptr[1] = IDENTITY_INSTALL_ADD;
    assert_ok(identity_event_decode(buf_span(&bytes), &e));
    e.extensions = (struct pack_extensions){{{9, true, SPAN_EMPTY}}, 1};
    buf_reset(&bytes);
    assert_ok(identity_event_encode(&e, &bytes));
    assert_err(identity_event_decode(buf_span(&bytes), &e), ERR_UNSUPPORTED);
    e.extensions.list[0].critical = false;
    e.extensions.count = 1;
    buf_reset(&bytes);
    assert_ok(identity_event_encode(&e, &bytes));
    assert_ok(identity_event_decode(buf_span(&bytes), &e));
    assert_int_equal(e.extensions.count, 1);
    buf_clear(&bytes);
    gone(&p);
}

static void a_gap_needs_a_checkpoint(void **state)
{
    (void)state;
    struct person p;
    struct buf bytes = BUF_INIT(IDENTITY_SENT_BYTES_MAX);
    struct identity_log *log;
    born(&p, 12);
    assert_ok(rotate(&p, p.log));
    assert_ok(add_device(&p, p.log, 1));
    assert_ok(checkpoint(&p, p.log));
    static const struct {
        uint64_t seqs[4];
        size_t count;
        enum err wanted;
    } rows[] = {{{0, 2, 4}, 3, OK},        {{0, 1, 2, 4}, 4, OK},     {{0, 2}, 2, ERR_PROTOCOL},
                {{0, 3}, 2, ERR_PROTOCOL}, {{0, 4}, 2, ERR_PROTOCOL}, {{0, 4, 2}, 3, ERR_PROTOCOL},
                {{2, 4}, 2, ERR_PROTOCOL}, {{0, 1, 2, 3}, 4, OK}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pack_writer w = pack_writer_to(&bytes);
        buf_reset(&bytes);
        pack_write_array(&w, rows[i].count);
        for (size_t j = 0; j < rows[i].count; j++)
            pack_write_raw(&w, identity_log_event(p.log, rows[i].seqs[j]));
        assert_ok(pack_writer_status(&w));
        assert_err(identity_log_read(buf_span(&bytes), &log), rows[i].wanted);
        identity_log_free(log);
    }
    buf_clear(&bytes);
    gone(&p);
}

/* ---- forks ---- */

/* The thief has the root, not the words. */
static void a_stolen_root_is_undone_from_the_day_of_the_theft(void **state)
{
    (void)state;
    struct person p;
    born(&p, 13);
    struct identity_log *friend = seen(p.log), *thief = seen(p.log);
    assert_ok(add_device(&p, thief, 6));
    assert_ok(add_device(&p, thief, 7));
    assert_int_equal(learn(friend, thief), IDENTITY_EXTENDED);
    assert_true(has(&p, friend, 6)); /* and is told so: that is how the owner hears of it */
    assert_ok(recover(&p, p.log, 10));
    assert_int_equal(learn(friend, p.log), IDENTITY_REPLACED);
    assert_true(has(&p, friend, 0));
    assert_false(has(&p, friend, 6) || has(&p, friend, 7));
    assert_int_equal(learn(friend, thief), IDENTITY_KEPT);
    assert_false(has(&p, friend, 6));
    assert_int_equal(learn(thief, friend), IDENTITY_REPLACED);
    identity_log_free(thief);
    identity_log_free(friend);
    gone(&p);
}

static void an_outdated_root_annoys_nobody(void **state)
{
    (void)state;
    struct person p;
    born(&p, 14);
    struct identity_log *old = seen(p.log), *friend = seen(p.log);
    assert_ok(add_device(&p, old, 6)); /* a backup of the keeper, still with the first root */
    assert_ok(checkpoint(&p, old));    /* which hides what came before */
    assert_ok(rotate(&p, p.log));
    assert_int_equal(learn(friend, p.log), IDENTITY_EXTENDED);
    struct identity_log *sent = seen(old);
    assert_int_equal(learn(friend, sent), IDENTITY_KEPT);
    assert_false(has(&p, friend, 6));
    assert_int_equal(learn(sent, friend), IDENTITY_REPLACED);
    assert_int_equal(identity_log_now(sent)->status, IDENTITY_ALIVE);
    identity_log_free(sent);
    identity_log_free(friend);
    identity_log_free(old);
    gone(&p);
}

static void two_keepers_freeze_until_the_words_speak(void **state)
{
    (void)state;
    struct person p;
    born(&p, 15);
    assert_ok(add_device(&p, p.log, 1));
    struct identity_log *other = seen(p.log), *friend = seen(p.log);
    assert_ok(revoke_device(&p, p.log, 1));
    assert_ok(add_device(&p, other, 2));
    assert_int_equal(learn(friend, p.log), IDENTITY_EXTENDED);
    enum identity_verdict verdict;
    struct identity_fork fork;
    assert_ok(identity_log_merge(friend, other, &verdict, &fork));
    assert_int_equal(verdict, IDENTITY_FORKED);
    assert_int_equal(fork.seq, 3); /* both events are there: a proof that anyone can check */
    assert_span_equal(buf_span(&fork.ours), identity_log_event(p.log, 3));
    assert_span_equal(buf_span(&fork.theirs), identity_log_event(other, 3));
    identity_fork_clear(&fork);
    assert_int_equal(identity_log_now(friend)->status, IDENTITY_FROZEN);
    assert_true(has(&p, friend, 1)); /* as before the fork */
    assert_false(has(&p, friend, 2));

    assert_ok(add_device(&p, p.log, 4)); /* going on along one branch ends nothing */
    assert_int_equal(learn(friend, p.log), IDENTITY_FORKED);
    assert_false(has(&p, friend, 4));
    assert_int_equal(learn(friend, other), IDENTITY_FORKED);

    assert_int_equal(learn(p.log, other), IDENTITY_FORKED); /* the keeper learns of it */
    assert_err(add_device(&p, p.log, 5), ERR_PROTOCOL);
    assert_ok(rotate(&p, p.log));
    assert_int_equal(identity_log_now(p.log)->seq, 3);
    assert_int_equal(learn(friend, p.log), IDENTITY_REPLACED);
    assert_int_equal(identity_log_now(friend)->status, IDENTITY_ALIVE);
    assert_memory_equal(identity_log_now(friend)->head, identity_log_now(p.log)->head, 32);
    assert_int_equal(learn(friend, other), IDENTITY_KEPT);
    identity_log_free(friend);
    identity_log_free(other);
    gone(&p);
}

static void whoever_hears_in_another_order_ends_the_same(void **state)
{
    (void)state;
    struct person p;
    born(&p, 16);
    struct identity_log *branch[4];
    for (size_t i = 0; i < 4; i++)
        branch[i] = seen(p.log);
    assert_ok(add_device(&p, branch[0], 2));
    assert_ok(add_device(&p, branch[1], 3));
    struct keyring_key *root = p.root;
    p.root = drawn(&p);
    assert_ok(rotate(&p, branch[2]));
    keyring_close(p.root);
    p.root = root;
    assert_ok(add_device(&p, branch[3], 4));
    root = p.root;
    p.root = drawn(&p);
    assert_ok(recover(&p, branch[3], 1));
    keyring_close(root);
    static const size_t orders[][4] = {{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 3, 0, 2}, {2, 0, 3, 1},
                                       {3, 0, 1, 2}, {0, 2, 1, 3}, {1, 0, 3, 2}, {2, 3, 1, 0}};
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        struct identity_log *friend = seen(p.log);
        for (size_t j = 0; j < 4; j++)
            (void)learn(friend, branch[orders[i][j]]);
        assert_memory_equal(identity_log_now(friend), identity_log_now(branch[3]),
                            sizeof(struct identity));
        identity_log_free(friend);
    }
    for (size_t i = 0; i < 4; i++)
        identity_log_free(branch[i]);
    gone(&p);
}

static void two_recoveries_at_one_place_lose_the_account(void **state)
{
    (void)state;
    struct person p;
    born(&p, 17);
    struct identity_log *a = seen(p.log), *b = seen(p.log);
    assert_ok(recover(&p, a, 10));
    assert_ok(recover(&p, b, 0));
    assert_int_equal(learn(a, b), IDENTITY_FORKED);
    assert_int_equal(identity_log_now(a)->status, IDENTITY_LOST);
    assert_err(rotate(&p, a), ERR_PROTOCOL);
    assert_int_equal(identity_log_now(a)->status, IDENTITY_LOST);
    assert_int_equal(learn(a, p.log), IDENTITY_OLDER);
    identity_log_free(a);
    identity_log_free(b);
    gone(&p);
}

static void another_account_is_no_branch(void **state)
{
    (void)state;
    struct person p, q;
    enum identity_verdict verdict;
    struct identity_fork fork;
    born(&p, 18);
    born(&q, 19);
    assert_err(identity_log_merge(p.log, q.log, &verdict, &fork), ERR_ARGUMENT);
    gone(&q);
    gone(&p);
}

static void both_see_one_safety_number(void **state)
{
    (void)state;
    struct person p, q;
    char ab[72], ba[72], later[72];
    born(&p, 20);
    born(&q, 21);
    identity_safety_number(identity_log_now(p.log), identity_log_now(q.log), ab);
    identity_safety_number(identity_log_now(q.log), identity_log_now(p.log), ba);
    assert_string_equal(ab, ba);
    assert_int_equal(strlen(ab), 71);
    assert_int_equal(strspn(ab, "0123456789 "), 71);
    assert_ok(add_device(&q, q.log, 1));
    identity_safety_number(identity_log_now(p.log), identity_log_now(q.log), later);
    assert_string_not_equal(ab, later); /* a device that only one of them knows of shows */
    gone(&q);
    gone(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_account_keeps_its_name_while_all_keys_change),
        cmocka_unit_test(a_long_log_is_sent_short),
        cmocka_unit_test(nobody_but_the_root_changes_devices),
        cmocka_unit_test(only_the_promised_root_follows),
        cmocka_unit_test(a_root_that_was_replaced_signs_nothing),
        cmocka_unit_test(devices_are_added_once_and_are_ten),
        cmocka_unit_test(nothing_follows_the_end),
        cmocka_unit_test(a_checkpoint_says_what_is),
        cmocka_unit_test(changed_bytes_are_refused),
        cmocka_unit_test(later_versions_are_told_apart),
        cmocka_unit_test(a_gap_needs_a_checkpoint),
        cmocka_unit_test(a_stolen_root_is_undone_from_the_day_of_the_theft),
        cmocka_unit_test(an_outdated_root_annoys_nobody),
        cmocka_unit_test(two_keepers_freeze_until_the_words_speak),
        cmocka_unit_test(whoever_hears_in_another_order_ends_the_same),
        cmocka_unit_test(two_recoveries_at_one_place_lose_the_account),
        cmocka_unit_test(another_account_is_no_branch),
        cmocka_unit_test(both_see_one_safety_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
