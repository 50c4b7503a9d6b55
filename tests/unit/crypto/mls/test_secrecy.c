/* What a stolen state opens: nothing that was opened before (forward secrecy), nothing after its
 * owner's next update (healing). The thief gets all three parts of the state and tries every key on
 * everything. */
#include "crypto/mls/secret_node.h"
#include "tests/lib/mls_people.h"

#define MEMBERS 6u

struct scene {
    struct person p[MEMBERS];
    struct buf message;
};

static int setup(void **state)
{
    struct scene *c = calloc(1, sizeof *c);
    struct mls_commit_out out;
    struct buf list = BUF_INIT(1 << 20);

    assert_non_null(c);
    c->message = BUF_INIT(1 << 20);
    for (uint32_t i = 0; i < MEMBERS; i++)
        person_init(&c->p[i], mls_suite(3), i + 1);
    assert_ok(mls_group_new(&c->p[0].w, mls_suite(3), &c->p[0].client, SPAN_LIT("group"),
                            SPAN_EMPTY, &c->p[0].g));
    for (size_t i = 1; i < MEMBERS; i++)
        assert_ok(mls_make_add(buf_span(&c->p[i].package), &list));
    struct mls_commit_options o = {.proposals = buf_span(&list), .with_path = true};
    assert_ok(mls_commit(c->p[0].g, &c->p[0].w, &o, &out));
    person_adopt(&c->p[0], out.next);
    out.next = NULL;
    for (size_t i = 1; i < MEMBERS; i++)
        person_join(&c->p[i], buf_span(&out.welcome));
    mls_commit_out_clear(&out);
    buf_clear(&list);
    *state = c;
    return 0;
}

static int teardown(void **state)
{
    struct scene *c = *state;

    for (size_t i = 0; i < MEMBERS; i++)
        person_clear(&c->p[i]);
    buf_clear(&c->message);
    free(c);
    return 0;
}

/* The theft: everything a state holds, through its bytes. */
static struct mls_group *steal(const struct mls_group *g)
{
    struct buf parts[3] = {BUF_INIT(1 << 24), BUF_INIT(1 << 24), BUF_INIT(1 << 24)};
    struct mls_group *copy;

    for (int i = 0; i < 3; i++)
        assert_ok(mls_save(g, (enum mls_part)i, &parts[i]));
    assert_ok(mls_load(buf_span(&parts[0]), buf_span(&parts[1]), buf_span(&parts[2]), &copy));
    for (int i = 0; i < 3; i++)
        buf_clear(&parts[i]);
    return copy;
}

static bool contains(struct span hay, struct span needle)
{
    for (size_t i = 0; i + needle.len <= hay.len; i++)
        if (memcmp(hay.ptr + i, needle.ptr, needle.len) == 0)
            return true;
    return false;
}

static void commit_of(struct scene *c, size_t author, struct buf *out)
{
    struct mls_commit_options o = {.send.public_message = true};
    struct mls_commit_out made;

    assert_ok(mls_commit(c->p[author].g, &c->p[author].w, &o, &made));
    for (size_t i = 0; i < MEMBERS; i++)
        if (i != author)
            assert_true(person_follow(&c->p[i], buf_span(&made.commit)));
    person_adopt(&c->p[author], made.next);
    made.next = NULL;
    buf_reset(out);
    assert_ok(buf_append(out, buf_span(&made.commit)));
    mls_commit_out_clear(&made);
}

/* Does any key of the stolen state open any ciphertext of a commit's path? `context` is the
 * provisional context, which the thief is simply given. */
static bool any_key_opens(const struct mls_group *stolen, struct span commit, struct span context)
{
    const struct mls_suite *s = stolen->suite;
    struct mls_message m;
    struct mls_seal_context sealed;
    struct mls_path_node n;
    struct mls_hpke_ciphertext ct;
    uint8_t plain[MLS_HASH_MAX], pub[MLS_PUBLIC_MAX];

    assert_ok(mls_message_decode(commit, &m));
    mls_seal_context_init(&sealed, s, "UpdatePathNode", context);
    struct reader nodes = reader_of(m.public_message.content.commit.path.nodes);
    while (mls_read_more(&nodes)) {
        mls_read_path_node(&nodes, &n);
        struct reader list = reader_of(n.secrets);
        while (mls_read_more(&list)) {
            mls_read_hpke_ciphertext(&list, &ct);
            for (unsigned level = 0; level < MLS_LEVELS_MAX; level++) {
                struct span key = span_of(stolen->keys.secrets[level], mls_private_bytes(s));
                if (!stolen->keys.have[level])
                    continue;
                assert_ok(mls_public_of(s, key, pub));
                if (mls_open(&sealed, key, span_of(pub, mls_public_bytes(s)), ct.kem_output,
                             ct.ciphertext, plain) == OK)
                    return true;
            }
        }
    }
    return false;
}

/* The provisional context of the epoch that `g` is in: the confirmed transcript hash is the old
 * one. */
static void provisional(const struct mls_group *g, const struct mls_group *before, struct buf *out)
{
    struct mls_group_context c = g->context;
    struct writer w = writer_to(out);

    c.confirmed_transcript_hash = before->context.confirmed_transcript_hash;
    buf_reset(out);
    mls_write_group_context(&w, &c);
    assert_ok(writer_status(&w));
}

/* -- forward secrecy -- */

static void a_stolen_state_does_not_open_what_was_opened(void **state)
{
    struct scene *c = *state;
    struct buf sent[4];
    struct mls_event e;

    for (size_t i = 0; i < 4; i++) {
        sent[i] = BUF_INIT(1 << 16);
        assert_ok(mls_encrypt(c->p[0].g, &c->p[0].w, SPAN_LIT("secret"), NULL, &sent[i]));
    }
    for (size_t i = 0; i < 4; i += 2) { /* 0 and 2 arrive, 1 and 3 are late */
        assert_ok(mls_receive(c->p[1].g, &c->p[1].w, buf_span(&sent[i]), &e));
        mls_event_clear(&e);
    }
    struct mls_group *stolen = steal(c->p[1].g);
    assert_err(mls_receive(stolen, &c->p[1].w, buf_span(&sent[0]), &e), mls_fail(MLS_KEY_CONSUMED));
    assert_err(mls_receive(stolen, &c->p[1].w, buf_span(&sent[2]), &e), mls_fail(MLS_KEY_CONSUMED));
    assert_ok(
        mls_receive(stolen, &c->p[1].w, buf_span(&sent[1]), &e)); /* not opened yet: it does */
    mls_event_clear(&e);
    assert_err(mls_receive(stolen, &c->p[1].w, buf_span(&sent[1]), &e),
               mls_fail(MLS_KEY_CONSUMED)); /* but once */
    assert_ok(mls_receive(stolen, &c->p[1].w, buf_span(&sent[3]), &e));
    mls_event_clear(&e);
    mls_group_free(stolen);
    /* nor does the author's state open its own words */
    stolen = steal(c->p[0].g);
    stolen->own = 1; /* the thief lies about who he is */
    assert_err(mls_receive(stolen, &c->p[1].w, buf_span(&sent[3]), &e), mls_fail(MLS_KEY_CONSUMED));
    mls_group_free(stolen);
    for (size_t i = 0; i < 4; i++)
        buf_clear(&sent[i]);
}

static void the_secrets_of_an_epoch_leave_with_it(void **state)
{
    struct scene *c = *state;
    struct mls_group *old = steal(c->p[1].g);
    struct buf commit = BUF_INIT(1 << 20), bytes = BUF_INIT(1 << 24);
    struct mls_event e;

    assert_ok(mls_encrypt(c->p[2].g, &c->p[2].w, SPAN_LIT("x"), NULL, &c->message));
    struct span sender_data = mls_secret_span(old->suite, &old->sender_data);
    assert_ok(mls_receive(c->p[1].g, &c->p[1].w, buf_span(&c->message), &e));
    mls_event_clear(&e);
    commit_of(c, 0, &commit);
    person_bytes(c->p[1].g, &bytes);
    assert_false(contains(buf_span(&bytes), sender_data));
    assert_false(contains(buf_span(&bytes), mls_secret_span(old->suite, &old->init)));
    assert_false(contains(buf_span(&bytes), mls_secret_span(old->suite, &old->exporter)));
    assert_false(contains(buf_span(&bytes), mls_secret_span(old->suite, &old->resumption)));
    assert_false(contains(buf_span(&bytes), mls_secret_span(old->suite, &old->membership_key)));
    for (unsigned level = 1; level < MLS_LEVELS_MAX; level++) /* keys the path replaced */
        if (old->keys.have[level] && level >= mls_common_level(0, 1))
            assert_false(contains(buf_span(&bytes), span_of(old->keys.secrets[level], 32)));
    mls_group_free(old);
    buf_clear(&commit);
    buf_clear(&bytes);
}

static void the_root_of_the_secret_tree_dies_with_the_first_message(void **state)
{
    struct scene *c = *state;
    struct buf before = BUF_INIT(1 << 20), after = BUF_INIT(1 << 20);
    struct mls_event e;

    assert_ok(mls_save(c->p[1].g, MLS_PART_RECEIVE, &before));
    struct span root =
        span_sub(buf_span(&before), before.len - 32, 32); /* one live node: the root */
    assert_ok(mls_encrypt(c->p[0].g, &c->p[0].w, SPAN_LIT("x"), NULL, &c->message));
    assert_ok(mls_receive(c->p[1].g, &c->p[1].w, buf_span(&c->message), &e));
    mls_event_clear(&e);
    assert_ok(mls_save(c->p[1].g, MLS_PART_RECEIVE, &after));
    assert_false(contains(buf_span(&after), root));
    static const struct mls_secret zeros;
    const struct mls_secret_node *n = c->p[1].g->secrets.root; /* nor in memory, down to the leaf */
    for (; n->sender == NULL; n = n->side[0])
        assert_memory_equal(&n->secret, &zeros, sizeof zeros);
    assert_memory_equal(&n->secret, &zeros, sizeof zeros);
    buf_clear(&before);
    buf_clear(&after);
}

static void dropped_parts_are_gone(void **state)
{
    struct scene *c = *state;
    struct mls_group *fork;
    struct buf out = BUF_INIT(1 << 20), commit = BUF_INIT(1 << 20);
    struct mls_commit_out made;
    struct mls_event e;
    uint8_t secret[32];

    assert_ok(mls_encrypt(c->p[0].g, &c->p[0].w, SPAN_LIT("x"), NULL, &c->message));
    assert_ok(mls_group_fork(c->p[1].g, &fork));
    mls_drop(fork, MLS_PART_REWIND);
    assert_ok(mls_save(fork, MLS_PART_REWIND, &out));
    assert_int_equal(out.len, 0);
    assert_err(mls_group_export(fork, SPAN_LIT("l"), SPAN_EMPTY, secret, 32),
               mls_fail(MLS_DROPPED));
    assert_err(mls_commit(fork, &c->p[1].w, NULL, &made), mls_fail(MLS_DROPPED));
    assert_ok(mls_receive(fork, &c->p[1].w, buf_span(&c->message), &e)); /* it still opens */
    mls_event_clear(&e);
    mls_drop(fork, MLS_PART_RECEIVE);
    assert_err(mls_receive(fork, &c->p[1].w, buf_span(&c->message), &e), mls_fail(MLS_DROPPED));
    assert_err(mls_encrypt(fork, &c->p[1].w, SPAN_LIT("x"), NULL, &out), mls_fail(MLS_DROPPED));
    mls_group_free(fork);
    commit_of(c, 0, &commit); /* the original was not touched */
    buf_clear(&out);
    buf_clear(&commit);
}

/* -- healing -- */

static void a_stolen_state_follows_until_its_owner_commits(void **state)
{
    struct scene *c = *state;
    struct mls_group *stolen = steal(c->p[1].g), *before;
    struct buf commit = BUF_INIT(1 << 20), context = BUF_INIT(1 << 16);
    struct mls_event e;

    commit_of(c, 0, &commit); /* somebody else's commit does not help */
    assert_ok(mls_receive(stolen, &c->p[1].w, buf_span(&commit), &e));
    assert_span_equal(mls_group_epoch_authenticator(e.next),
                      mls_group_epoch_authenticator(c->p[1].g));
    mls_group_free(stolen);
    stolen = e.next;
    e.next = NULL;
    mls_event_clear(&e);

    before = steal(c->p[2].g);
    commit_of(c, 1, &commit);
    provisional(c->p[1].g, before, &context);
    assert_true(any_key_opens(before, buf_span(&commit), buf_span(&context)));
    assert_false(any_key_opens(stolen, buf_span(&commit), buf_span(&context)));
    mls_group_free(before);
    before = steal(c->p[2].g); /* from then on every commit is closed to the thief */
    commit_of(c, 3, &commit);
    provisional(c->p[3].g, before, &context);
    assert_true(any_key_opens(before, buf_span(&commit), buf_span(&context)));
    assert_false(any_key_opens(stolen, buf_span(&commit), buf_span(&context)));
    assert_ok(mls_encrypt(c->p[0].g, &c->p[0].w, SPAN_LIT("x"), NULL, &c->message));
    assert_int_not_equal(mls_receive(stolen, &c->p[1].w, buf_span(&c->message), &e), OK);
    mls_group_free(before);
    mls_group_free(stolen);
    buf_clear(&commit);
    buf_clear(&context);
}

static void a_committed_update_heals_as_well(void **state)
{
    struct scene *c = *state;
    struct mls_group *stolen = steal(c->p[1].g), *before;
    struct buf commit = BUF_INIT(1 << 20), context = BUF_INIT(1 << 16);
    struct mls_event e;

    assert_ok(mls_propose_update(c->p[1].g, &c->p[1].w, NULL, NULL, NULL, &c->message));
    for (size_t i = 0; i < MEMBERS; i++)
        if (i != 1) {
            assert_ok(mls_receive(c->p[i].g, &c->p[i].w, buf_span(&c->message), &e));
            mls_event_clear(&e);
        }
    before = steal(c->p[4].g);
    commit_of(c, 0, &commit);
    provisional(c->p[0].g, before, &context);
    assert_true(any_key_opens(before, buf_span(&commit), buf_span(&context)));
    assert_false(any_key_opens(stolen, buf_span(&commit), buf_span(&context)));
    mls_group_free(before);
    mls_group_free(stolen);
    buf_clear(&commit);
    buf_clear(&context);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_stolen_state_does_not_open_what_was_opened),
        CASE(the_secrets_of_an_epoch_leave_with_it),
        CASE(the_root_of_the_secret_tree_dies_with_the_first_message),
        CASE(dropped_parts_are_gone),
        CASE(a_stolen_state_follows_until_its_owner_commits),
        CASE(a_committed_update_heals_as_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
