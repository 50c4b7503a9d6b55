/* Reinitialised and branched groups, proposals from outside, PSKs, new signature keys, skipped
 * generations, and several states of one epoch side by side. */
#include "tests/lib/mls_people.h"

#define MEMBERS 4u

struct scene {
    struct person p[MEMBERS + 1], second[MEMBERS]; /* second: the same people's other packages */
    struct buf message;
};

static int setup(void **state)
{
    struct scene *c = calloc(1, sizeof *c);
    struct mls_commit_out out;
    struct buf list = BUF_INIT(1 << 20);

    assert_non_null(c);
    c->message = BUF_INIT(1 << 20);
    for (uint32_t i = 0; i <= MEMBERS; i++)
        person_init(&c->p[i], mls_suite(3), i + 1);
    assert_ok(mls_group_new(&c->p[0].w, mls_suite(3), &c->p[0].client, SPAN_LIT("group"),
                            SPAN_EMPTY, &c->p[0].g));
    for (size_t i = 1; i < MEMBERS; i++)
        assert_ok(mls_make_add(buf_span(&c->p[i].package), &list));
    struct mls_commit_options o = {.proposals = buf_span(&list)};
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

    for (size_t i = 0; i <= MEMBERS; i++)
        person_clear(&c->p[i]);
    buf_clear(&c->message);
    free(c);
    return 0;
}

static void commit_list(struct scene *c, size_t author, struct mls_commit_options o,
                        struct mls_commit_out *out)
{
    assert_ok(mls_commit(c->p[author].g, &c->p[author].w, &o, out));
    for (size_t i = 0; i < MEMBERS; i++)
        if (i != author && c->p[i].g != NULL)
            person_follow(&c->p[i], buf_span(&out->commit));
    person_adopt(&c->p[author], out->next);
    out->next = NULL;
    for (size_t i = 1; i < MEMBERS; i++)
        if (c->p[i].g != NULL && c->p[0].g != NULL)
            assert_span_equal(mls_group_epoch_authenticator(c->p[i].g),
                              mls_group_epoch_authenticator(c->p[0].g));
}

/* New packages of members 1..3, for a group of `suite`; they keep names and signature keys apart.
 */
static void second_packages(struct scene *c, const struct mls_suite *suite, struct buf *all)
{
    for (uint32_t i = 0; i < MEMBERS; i++) {
        person_init(&c->second[i], suite, 50 + i);
        c->second[i].client.credential = c->p[i].client.credential;
        person_new_package(&c->second[i]);
        if (i > 0)
            assert_ok(buf_append(all, buf_span(&c->second[i].package)));
    }
}

static void a_group_is_reinitialised_with_another_suite(void **state)
{
    struct scene *c = *state;
    struct mls_reinit r = {SPAN_LIT("next"), MLS_VERSION_10, MLS_SUITE_XWING, SPAN_EMPTY}, got;
    struct buf list = BUF_INIT(1 << 20), packages = BUF_INIT(1 << 20);
    struct mls_commit_out out;
    struct mls_group *g;

    assert_ok(mls_make_reinit(&r, &list));
    commit_list(c, 1, (struct mls_commit_options){.proposals = buf_span(&list)}, &out);
    mls_commit_out_clear(&out);
    assert_true(mls_group_suspended(c->p[2].g, &got));
    assert_span_equal(got.group_id, SPAN_LIT("next"));
    assert_err(mls_encrypt(c->p[2].g, &c->p[2].w, SPAN_LIT("x"), NULL, &c->message),
               mls_fail(MLS_SUSPENDED));
    assert_err(mls_commit(c->p[2].g, &c->p[2].w, NULL, &out), mls_fail(MLS_SUSPENDED));

    second_packages(c, mls_suite(MLS_SUITE_XWING), &packages);
    struct mls_successor s = {.client = &c->second[0].client, .key_packages = buf_span(&packages)};
    assert_ok(mls_reinit_group(c->p[0].g, &c->second[0].w, &s, &out));
    for (size_t i = 1; i < MEMBERS; i++) {
        struct mls_join j = {.welcome = buf_span(&out.welcome),
                             .key_package = buf_span(&c->second[i].package),
                             .keys = &c->second[i].keys};
        assert_err(mls_group_join(&c->second[i].w, &j, &g), mls_fail(MLS_PSK_UNKNOWN));
        j.parent = c->p[i].g;
        assert_ok(mls_group_join(&c->second[i].w, &j, &g));
        assert_span_equal(mls_group_epoch_authenticator(g),
                          mls_group_epoch_authenticator(out.next));
        mls_group_free(g);
    }
    mls_commit_out_clear(&out);
    /* somebody is left out: no successor */
    struct reader first = reader_of(buf_span(&packages));
    struct mls_key_package k;
    mls_read_key_package(&first, &k);
    s.key_packages = k.encoded;
    assert_ok(mls_reinit_group(c->p[0].g, &c->second[0].w, &s, &out));
    struct mls_join j = {.welcome = buf_span(&out.welcome),
                         .key_package = buf_span(&c->second[1].package),
                         .keys = &c->second[1].keys,
                         .parent = c->p[1].g};
    assert_err(mls_group_join(&c->second[1].w, &j, &g), mls_fail(MLS_REINIT_MISMATCH));
    mls_commit_out_clear(&out);
    for (size_t i = 0; i < MEMBERS; i++)
        person_clear(&c->second[i]);
    buf_clear(&list);
    buf_clear(&packages);
}

static void some_members_branch_off(void **state)
{
    struct scene *c = *state;
    struct buf packages = BUF_INIT(1 << 20);
    struct mls_commit_out out;
    struct mls_group *g;

    second_packages(c, mls_suite(3), &packages);
    struct mls_successor s = {.client = &c->second[0].client,
                              .group_id = SPAN_LIT("branch"),
                              .key_packages = buf_span(&c->second[1].package)};
    assert_ok(mls_branch_group(c->p[0].g, &c->second[0].w, &s, &out));
    struct mls_join j = {.welcome = buf_span(&out.welcome),
                         .key_package = buf_span(&c->second[1].package),
                         .keys = &c->second[1].keys,
                         .parent = c->p[1].g};
    assert_ok(mls_group_join(&c->second[1].w, &j, &g));
    assert_span_equal(mls_group_epoch_authenticator(g), mls_group_epoch_authenticator(out.next));
    mls_group_free(g);
    mls_commit_out_clear(&out);
    /* a stranger among them */
    s.key_packages = buf_span(&packages);
    buf_reset(&packages);
    assert_ok(buf_append(&packages, buf_span(&c->second[1].package)));
    assert_ok(buf_append(&packages, buf_span(&c->p[MEMBERS].package)));
    s.key_packages = buf_span(&packages);
    assert_ok(mls_branch_group(c->p[0].g, &c->second[0].w, &s, &out));
    j.welcome = buf_span(&out.welcome);
    assert_err(mls_group_join(&c->second[1].w, &j, &g), mls_fail(MLS_BRANCH_MISMATCH));
    mls_commit_out_clear(&out);
    for (size_t i = 0; i < MEMBERS; i++)
        person_clear(&c->second[i]);
    buf_clear(&packages);
}

static void a_successor_without_its_psk_is_none(void **state)
{
    struct scene *c = *state;
    struct person *x = &c->p[MEMBERS];
    struct buf list = BUF_INIT(1 << 20);
    struct mls_commit_out out;
    struct mls_group *g, *fresh;

    assert_ok(mls_group_new(&c->p[0].w, mls_suite(3), &c->p[0].client, SPAN_LIT("branch"),
                            SPAN_EMPTY, &fresh));
    assert_ok(mls_make_add(buf_span(&x->package), &list));
    struct mls_commit_options o = {.proposals = buf_span(&list)};
    assert_ok(mls_commit(fresh, &c->p[0].w, &o, &out));
    struct mls_join j = {.welcome = buf_span(&out.welcome),
                         .key_package = buf_span(&x->package),
                         .keys = &x->keys,
                         .parent = c->p[1].g};
    assert_err(mls_group_join(&x->w, &j, &g), mls_fail(MLS_SUCCESSOR_UNBOUND));
    j.parent = NULL; /* a group of its own it may be */
    assert_ok(mls_group_join(&x->w, &j, &g));
    mls_group_free(g);
    mls_group_free(fresh);
    mls_commit_out_clear(&out);
    buf_clear(&list);
}

static void a_branch_begins_with_its_first_commit_and_one_psk(void **state)
{
    struct scene *c = *state;
    struct person *x = &c->p[MEMBERS];
    struct buf list = BUF_INIT(1 << 20);
    struct mls_commit_options o = {.resumes = c->p[0].g, .resume_usage = MLS_PSK_BRANCH};
    struct mls_commit_out out;
    struct mls_group *g;

    assert_ok(mls_make_add(buf_span(&x->package), &list));
    assert_ok(mls_make_psk_resumption(&c->p[0].w, mls_suite(3), SPAN_LIT("group"), 1,
                                      MLS_PSK_BRANCH, &list));
    o.proposals = buf_span(&list);
    assert_ok(mls_commit(c->p[0].g, &c->p[0].w, &o, &out)); /* to epoch 2 of the old group */
    struct mls_join j = {.welcome = buf_span(&out.welcome),
                         .key_package = buf_span(&x->package),
                         .keys = &x->keys,
                         .parent = c->p[0].g};
    assert_err(mls_group_join(&x->w, &j, &g), mls_fail(MLS_WELCOME_EPOCH));
    mls_commit_out_clear(&out);
    assert_ok(mls_make_psk_resumption(&c->p[0].w, mls_suite(3), SPAN_LIT("group"), 1,
                                      MLS_PSK_BRANCH, &list));
    o.proposals = buf_span(&list);
    assert_ok(mls_commit(c->p[0].g, &c->p[0].w, &o, &out));
    j.welcome = buf_span(&out.welcome);
    assert_err(mls_group_join(&x->w, &j, &g), mls_fail(MLS_WELCOME_PSKS));
    mls_commit_out_clear(&out);
    buf_clear(&list);
}

static void deliver_to_all(struct scene *c, struct span message, enum err wanted)
{
    struct mls_event e;

    for (size_t i = 0; i < MEMBERS; i++) {
        assert_err(mls_receive(c->p[i].g, &c->p[i].w, message, &e), wanted);
        if (wanted == OK)
            mls_event_clear(&e);
    }
}

static void an_external_sender_proposes(void **state)
{
    struct scene *c = *state;
    struct person *x = &c->p[MEMBERS];
    struct buf extensions = BUF_INIT(1 << 16), list = BUF_INIT(1 << 16);
    struct writer w = writer_to(&extensions);
    struct mls_external_sender sender = {x->signer.public_key, x->client.credential};
    struct mls_commit_out out;
    const struct mls_suite *s = mls_suite(3);

    write_be16(&w, MLS_EXTENSION_EXTERNAL_SENDERS);
    size_t data = mls_vector_begin(&w), senders = mls_vector_begin(&w);
    mls_write_external_sender(&w, &sender);
    mls_vector_end(&w, senders);
    mls_vector_end(&w, data);
    assert_ok(mls_make_remove(3, &list));
    assert_ok(
        mls_propose_external(&x->w, s, SPAN_LIT("group"), 1, 0, buf_span(&list), &c->message));
    deliver_to_all(c, buf_span(&c->message), mls_fail(MLS_EXTERNAL_SENDER_UNKNOWN));

    struct buf change = BUF_INIT(1 << 16);
    assert_ok(mls_make_extensions(buf_span(&extensions), &change));
    commit_list(c, 0, (struct mls_commit_options){.proposals = buf_span(&change)}, &out);
    mls_commit_out_clear(&out);
    buf_reset(&c->message);
    assert_ok(
        mls_propose_external(&x->w, s, SPAN_LIT("group"), 2, 1, buf_span(&list), &c->message));
    deliver_to_all(c, buf_span(&c->message), mls_fail(MLS_EXTERNAL_SENDER_UNKNOWN));
    buf_reset(&c->message);
    assert_ok(
        mls_propose_external(&x->w, s, SPAN_LIT("group"), 2, 0, buf_span(&list), &c->message));
    deliver_to_all(c, buf_span(&c->message), OK);
    commit_list(c, 1, (struct mls_commit_options){0}, &out);
    assert_null(c->p[3].g); /* removed by a stranger's word that the group trusts */
    mls_commit_out_clear(&out);
    static const uint8_t external_init[] = {0, 6, 1, 0};
    buf_reset(&c->message);
    assert_ok(mls_propose_external(&x->w, s, SPAN_LIT("group"), 3, 0, SPAN_ARRAY(external_init),
                                   &c->message));
    struct mls_event e;
    assert_err(mls_receive(c->p[0].g, &c->p[0].w, buf_span(&c->message), &e),
               mls_fail(MLS_EXTERNAL_TYPE));
    buf_clear(&extensions);
    buf_clear(&list);
    buf_clear(&change);
}

static void a_newcomer_proposes_itself(void **state)
{
    struct scene *c = *state;
    struct person *x = &c->p[MEMBERS];
    struct mls_commit_out out;

    assert_ok(mls_propose_self(&x->w, mls_suite(3), SPAN_LIT("group"), 1, buf_span(&x->package),
                               &c->message));
    deliver_to_all(c, buf_span(&c->message), OK);
    assert_int_equal(mls_group_waiting(c->p[2].g), 1);
    commit_list(c, 2, (struct mls_commit_options){0}, &out);
    person_join(x, buf_span(&out.welcome));
    assert_span_equal(mls_group_epoch_authenticator(x->g),
                      mls_group_epoch_authenticator(c->p[0].g));
    mls_commit_out_clear(&out);
}

static void past_epochs_are_proven_by_resumption_psks(void **state)
{
    struct scene *c = *state;
    struct buf list = BUF_INIT(1 << 16);
    struct mls_commit_out out;

    for (size_t i = 0; i < MEMBERS; i++)
        mls_group_keep_resumptions(c->p[i].g, 2);
    for (int i = 0; i < 2; i++) {
        commit_list(c, 0, (struct mls_commit_options){0}, &out);
        mls_commit_out_clear(&out);
    }
    assert_ok(mls_make_psk_resumption(&c->p[0].w, mls_suite(3), SPAN_LIT("group"), 1,
                                      MLS_PSK_APPLICATION, &list));
    commit_list(c, 0, (struct mls_commit_options){.proposals = buf_span(&list)}, &out);
    mls_commit_out_clear(&out);
    /* one epoch further it is forgotten */
    assert_err(mls_commit(c->p[0].g, &c->p[0].w,
                          &(struct mls_commit_options){.proposals = buf_span(&list)}, &out),
               mls_fail(MLS_PSK_UNKNOWN));
    buf_clear(&list);
}

static void a_member_changes_its_signature_key(void **state)
{
    struct scene *c = *state;
    struct person *x = &c->p[MEMBERS]; /* lends its key and name */
    struct mls_commit_out out;
    struct mls_event e;

    x->client.grease = true;
    commit_list(c, 1, (struct mls_commit_options){.client = &x->client, .signer = &x->signer},
                &out);
    mls_commit_out_clear(&out);
    assert_span_equal(mls_tree_leaf(mls_group_tree(c->p[0].g), 1)->node.signature_key,
                      x->signer.public_key);
    assert_ok(mls_encrypt(c->p[1].g, &c->p[1].w, SPAN_LIT("x"), NULL, &c->message)); /* old key */
    assert_err(mls_receive(c->p[0].g, &c->p[0].w, buf_span(&c->message), &e),
               mls_fail(MLS_BAD_SIGNATURE));
    buf_reset(&c->message);
    assert_ok(mls_encrypt(c->p[1].g, &x->w, SPAN_LIT("x"), NULL, &c->message));
    assert_ok(mls_receive(c->p[0].g, &c->p[0].w, buf_span(&c->message), &e));
    mls_event_clear(&e);
}

static void generations_can_be_reserved(void **state)
{
    struct scene *c = *state;
    struct mls_group *restored;
    struct mls_event e;

    assert_ok(mls_group_fork(c->p[0].g, &restored)); /* an older copy of the state */
    assert_ok(mls_encrypt(c->p[0].g, &c->p[0].w, SPAN_LIT("x"), NULL, &c->message));
    assert_ok(mls_receive(c->p[1].g, &c->p[1].w, buf_span(&c->message), &e));
    mls_event_clear(&e);
    assert_int_equal(mls_send_generation(restored), 0);
    assert_ok(mls_send_skip_to(restored, 32));
    assert_int_equal(mls_send_generation(restored), 32);
    buf_reset(&c->message);
    assert_ok(mls_encrypt(restored, &c->p[0].w, SPAN_LIT("y"), NULL, &c->message));
    assert_ok(mls_receive(c->p[1].g, &c->p[1].w, buf_span(&c->message), &e));
    assert_int_equal(e.generation, 32);
    mls_event_clear(&e);
    mls_group_free(restored);
}

/* The commit DAG: two commits on one parent, both followed, the parent still opens its messages. */
static void siblings_live_beside_their_parent(void **state)
{
    struct scene *c = *state;
    struct mls_commit_out one, two;
    struct mls_event first, second, e;

    assert_ok(mls_commit(c->p[0].g, &c->p[0].w, NULL, &one));
    assert_ok(mls_commit(c->p[1].g, &c->p[1].w, NULL, &two));
    assert_ok(mls_encrypt(c->p[3].g, &c->p[3].w, SPAN_LIT("old"), NULL, &c->message));
    assert_ok(mls_receive(c->p[2].g, &c->p[2].w, buf_span(&one.commit), &first));
    assert_ok(mls_receive(c->p[2].g, &c->p[2].w, buf_span(&two.commit), &second));
    assert_span_equal(mls_group_epoch_authenticator(first.next),
                      mls_group_epoch_authenticator(one.next));
    assert_span_equal(mls_group_epoch_authenticator(second.next),
                      mls_group_epoch_authenticator(two.next));
    assert_ok(mls_receive(c->p[2].g, &c->p[2].w, buf_span(&c->message), &e));
    mls_event_clear(&e);
    mls_event_clear(&first);
    mls_event_clear(&second);
    mls_commit_out_clear(&one);
    mls_commit_out_clear(&two);
}

static void every_error_has_a_name_a_class_and_a_text(void **state)
{
    (void)state;
    assert_string_equal(mls_err_name(mls_fail(MLS_WRONG_EPOCH)), "MLS_WRONG_EPOCH");
    assert_int_equal(mls_err_class(mls_fail(MLS_BAD_SIGNATURE)), ERR_AUTH);
    assert_int_equal(mls_err_class(ERR_FULL), ERR_FULL);
    assert_string_equal(mls_err_name(ERR_FULL), "ERR_FULL");
    assert_string_equal(mls_err_section(mls_fail(MLS_REMOVE_BLANK)), "12.1.3");
    assert_true(strlen(mls_err_text(mls_fail(MLS_TREE_FULL))) > 0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_group_is_reinitialised_with_another_suite),
        CASE(some_members_branch_off),
        CASE(a_successor_without_its_psk_is_none),
        CASE(a_branch_begins_with_its_first_commit_and_one_psk),
        CASE(an_external_sender_proposes),
        CASE(a_newcomer_proposes_itself),
        CASE(past_epochs_are_proven_by_resumption_psks),
        CASE(a_member_changes_its_signature_key),
        CASE(generations_can_be_reserved),
        CASE(siblings_live_beside_their_parent),
        cmocka_unit_test(every_error_has_a_name_a_class_and_a_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
