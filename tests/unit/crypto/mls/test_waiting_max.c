/* A commit that takes no more than so many of the waiting proposals. */
#include "tests/lib/mls_people.h"

#define MEMBERS 8u
#define FLOOD   70u /* Adds that wait, more than the 64 of a commit */

struct scene {
    struct person p[MEMBERS], guest; /* the guest has a new key with each package */
    struct buf message, body, list;
    struct mls_commit_out out;
};

static const struct mls_suite *suite;

static int setup(void **state)
{
    struct scene *c = calloc(1, sizeof *c);

    assert_non_null(c);
    suite = mls_suite(3);
    c->message = c->body = c->list = BUF_INIT(1 << 24);
    for (uint32_t i = 0; i < MEMBERS; i++)
        person_init(&c->p[i], suite, i + 1);
    person_init(&c->guest, suite, MEMBERS + 1);
    assert_ok(mls_group_new(&c->p[0].w, suite, &c->p[0].client, SPAN_LIT("group"), SPAN_EMPTY,
                            &c->p[0].g));
    for (size_t i = 1; i < MEMBERS; i++)
        assert_ok(mls_make_add(buf_span(&c->p[i].package), &c->list));
    struct mls_commit_options o = {.proposals = buf_span(&c->list)};
    assert_ok(mls_commit(c->p[0].g, &c->p[0].w, &o, &c->out));
    person_adopt(&c->p[0], c->out.next);
    c->out.next = NULL;
    for (size_t i = 1; i < MEMBERS; i++)
        person_join(&c->p[i], buf_span(&c->out.welcome));
    *state = c;
    return 0;
}

static int teardown(void **state)
{
    struct scene *c = *state;

    for (size_t i = 0; i < MEMBERS; i++)
        person_clear(&c->p[i]);
    person_clear(&c->guest);
    buf_clear(&c->message);
    buf_clear(&c->body);
    buf_clear(&c->list);
    mls_commit_out_clear(&c->out);
    free(c);
    return 0;
}

/* c->message reaches all but its author. */
static void deliver(struct scene *c, size_t author)
{
    struct mls_event e;

    for (size_t i = 0; i < MEMBERS; i++)
        if (i != author) {
            assert_ok(mls_receive(c->p[i].g, &c->p[i].w, buf_span(&c->message), &e));
            mls_event_clear(&e);
        }
    buf_reset(&c->message);
}

static void propose_update(struct scene *c, size_t author)
{
    assert_ok(mls_propose_update(c->p[author].g, &c->p[author].w, NULL, NULL, NULL, &c->message));
    deliver(c, author);
}

static void propose_remove(struct scene *c, size_t author, uint32_t leaf)
{
    buf_reset(&c->body);
    assert_ok(mls_make_remove(leaf, &c->body));
    assert_ok(mls_propose(c->p[author].g, &c->p[author].w, buf_span(&c->body), NULL, &c->message));
    deliver(c, author);
}

static void propose_add(struct scene *c, size_t author, struct span package)
{
    buf_reset(&c->body);
    assert_ok(mls_make_add(package, &c->body));
    assert_ok(mls_propose(c->p[author].g, &c->p[author].w, buf_span(&c->body), NULL, &c->message));
    deliver(c, author);
}

/* Somebody nobody knows yet. */
static void propose_stranger(struct scene *c, size_t author)
{
    person_new_signature_key(&c->guest);
    person_new_package(&c->guest);
    propose_add(c, author, buf_span(&c->guest.package));
}

/* Member 0 commits at most so many, and all can follow; the group stays where it is. */
static void commit(struct scene *c, size_t most, struct span values)
{
    struct mls_commit_options o = {.waiting_max = most, .proposals = values};
    struct mls_event e;

    mls_commit_out_clear(&c->out);
    assert_ok(mls_commit(c->p[0].g, &c->p[0].w, &o, &c->out));
    for (size_t i = 1; i < MEMBERS; i++) {
        assert_ok(mls_receive(c->p[i].g, &c->p[i].w, buf_span(&c->out.commit), &e));
        if (e.kind == MLS_EVENT_COMMIT) {
            assert_span_equal(mls_group_epoch_authenticator(e.next),
                              mls_group_epoch_authenticator(c->out.next));
            assert_int_equal(mls_group_waiting(e.next), 0); /* 12.4: nothing waits on */
        }
        mls_event_clear(&e);
    }
    assert_int_equal(mls_group_waiting(c->out.next), 0);
}

static struct span key_of(const struct mls_group *g, uint32_t leaf)
{
    return mls_tree_leaf(mls_group_tree(g), leaf)->node.encryption_key;
}

/* Has the commit renewed this member's leaf? */
static bool updated(const struct scene *c, uint32_t leaf)
{
    return !span_eq(key_of(c->out.next, leaf), key_of(c->p[0].g, leaf));
}

/* Is the i-th waiting proposal of member 0 told as left out for this reason? */
static bool skipped(const struct scene *c, size_t i, enum err why)
{
    struct mls_listed l = mls_group_waiting_at(c->p[0].g, i);

    for (size_t k = 0; k < c->out.skipped_count; k++)
        if (memcmp(c->out.skipped[k].ref, l.ref, suite->hash->bytes) == 0)
            return c->out.skipped[k].why == why;
    return false;
}

static void a_flood_of_adds_is_cut_at_64_oldest_first(void **state)
{
    struct scene *c = *state;

    for (size_t i = 0; i < FLOOD; i++)
        propose_stranger(c, 1 + i % 7);
    commit(c, 64, SPAN_EMPTY);
    assert_int_equal(c->out.added_count, 64);
    assert_int_equal(c->out.skipped_count, FLOOD - 64);
    for (size_t i = 64; i < FLOOD; i++)
        assert_true(skipped(c, i, mls_fail(MLS_TOO_MANY)));
}

static void without_a_bound_or_within_it_all_go(void **state)
{
    struct scene *c = *state;

    for (size_t i = 0; i < 5; i++)
        propose_stranger(c, 1);
    for (size_t most = 0; most < 8; most++) {
        size_t taken = most == 0 || most > 5 ? 5 : most;
        commit(c, most, SPAN_EMPTY);
        assert_int_equal(c->out.added_count, taken);
        assert_int_equal(c->out.skipped_count, 5 - taken);
    }
}

static void what_is_committed_by_value_does_not_count(void **state)
{
    struct scene *c = *state;

    for (size_t i = 0; i < 3; i++)
        propose_stranger(c, 1);
    person_new_signature_key(&c->guest);
    person_new_package(&c->guest);
    buf_reset(&c->list);
    assert_ok(mls_make_add(buf_span(&c->guest.package), &c->list));
    assert_ok(mls_make_remove(7, &c->list));
    commit(c, 2, buf_span(&c->list));
    assert_int_equal(c->out.added_count, 3);
    assert_true(skipped(c, 2, mls_fail(MLS_TOO_MANY)));
}

static void a_remove_goes_before_whatever_is_older(void **state)
{
    struct scene *c = *state;

    for (size_t i = 0; i < 3; i++)
        propose_stranger(c, 1);
    propose_update(c, 2);
    propose_remove(c, 3, 6);
    commit(c, 2, SPAN_EMPTY);
    assert_int_equal(
        mls_keyset_count(&mls_group_tree(c->out.next)->signature_keys, c->p[6].signer.public_key),
        0);
    assert_int_equal(c->out.added_count, 1);
    assert_int_equal(c->out.skipped_count, 3);
    for (size_t i = 1; i < 4; i++)
        assert_true(skipped(c, i, mls_fail(MLS_TOO_MANY)));
}

static void updates_go_oldest_first_each_leafs_newest(void **state)
{
    struct scene *c = *state;

    propose_update(c, 2); /* superseded: 2's is the youngest then */
    propose_update(c, 3);
    propose_update(c, 4);
    propose_update(c, 2);
    commit(c, 2, SPAN_EMPTY);
    assert_true(updated(c, 3) && updated(c, 4) && !updated(c, 2));
    assert_int_equal(c->out.skipped_count, 2);
    assert_true(skipped(c, 0, mls_fail(MLS_LEAF_CHANGED_TWICE)));
    assert_true(skipped(c, 3, mls_fail(MLS_TOO_MANY)));
}

/* The Add has the signature key that the younger Update lets go of. */
static void what_leans_on_one_left_behind_is_not_taken(void **state)
{
    struct scene *c = *state;

    person_new_package(&c->p[5]);
    propose_add(c, 2, buf_span(&c->p[5].package));
    assert_ok(mls_propose_update(c->p[5].g, &c->p[5].w, NULL, &c->guest.signer, NULL, &c->message));
    deliver(c, 5);
    commit(c, 0, SPAN_EMPTY);
    assert_int_equal(c->out.added_count, 1);
    assert_int_equal(c->out.skipped_count, 0);
    commit(c, 1, SPAN_EMPTY);
    assert_int_equal(c->out.added_count, 0);
    assert_int_equal(c->out.skipped_count, 2);
    assert_true(skipped(c, 0, mls_fail(MLS_ALREADY_MEMBER)));
    assert_true(skipped(c, 1, mls_fail(MLS_TOO_MANY)));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_flood_of_adds_is_cut_at_64_oldest_first),
        CASE(without_a_bound_or_within_it_all_go),
        CASE(what_is_committed_by_value_does_not_count),
        CASE(a_remove_goes_before_whatever_is_older),
        CASE(updates_go_oldest_first_each_leafs_newest),
        CASE(what_leans_on_one_left_behind_is_not_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
