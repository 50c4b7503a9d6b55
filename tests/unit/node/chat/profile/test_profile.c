/* Founding and joining: what a newcomer refuses, addresses by the week, the 65th installation. */
#include "tests/lib/profile_people.h"

struct scene {
    struct account a[3];
    struct device d[3];
    struct making m;
    struct profile_data data;
    const struct identity_log *shown[3]; /* what the blob is given */
};

static const struct identity_log *find(void *ctx, const uint8_t *account)
{
    struct scene *s = ctx;
    for (size_t i = 0; i < 3; i++)
        if (s->shown[i] != NULL && memcmp(identity_log_now(s->a[i].log)->account, account, 32) == 0)
            return s->shown[i];
    return NULL;
}

static const uint8_t *id_of(const struct scene *s, size_t i)
{
    return identity_log_now(s->a[i].log)->account;
}

static int setup(void **state)
{
    struct scene *s = calloc(1, sizeof *s);

    assert_non_null(s);
    making_init(&s->m);
    for (uint32_t i = 0; i < 3; i++) {
        account_init(&s->a[i], i + 1);
        device_init(&s->d[i], &s->a[i], MLS_SUITE_XWING);
        s->shown[i] = s->a[i].log;
    }
    s->data.type = PROFILE_GROUP;
    assert_ok(profile_data_set_role(&s->data, id_of(s, 0), PROFILE_OWNER));
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct scene *s = *state;

    making_clear(&s->m);
    for (size_t i = 0; i < 3; i++) {
        device_clear(&s->d[i]);
        account_clear(&s->a[i]);
    }
    free(s);
    return 0;
}

/* d[0] founds with this extension list and suite, and adds d[1] (and d[2]) without any policy. */
static void found(struct scene *s, struct span extensions, uint16_t suite, size_t members)
{
    struct device *d = &s->d[0];

    assert_ok(mls_group_new(&d->w, mls_suite(suite), &d->us.client,
                            SPAN_LIT("0123456789abcdef0123456789abcdef"), extensions, &d->g));
    assert_ok(profile_address_begin(d->g, &d->address));
    for (size_t i = 1; i < members; i++)
        making_add(&s->m, &s->d[i]);
    d->lawless = true;
    assert_ok(device_commit(d, &s->m));
    device_take_own(d, &s->m);
}

static void found_with(struct scene *s, size_t members)
{
    struct buf list = BUF_INIT(8192);

    assert_ok(profile_data_extensions(&s->data, &list));
    found(s, buf_span(&list), MLS_SUITE_XWING, members);
    buf_clear(&list);
}

static void refuses(struct scene *s, enum policy_why why)
{
    struct profile_joined j;

    assert_err(device_join(&s->d[1], &s->d[0], &s->m, find, s, &j), ERR_REFUSED);
    if (j.why != why)
        fail_msg("%s", policy_text(j.why));
    assert_null(j.group);
    assert_null(s->d[1].g);
}

static void who_joins_gets_data_address_and_who_invited(void **state)
{
    struct scene *s = *state;
    struct profile_joined j;

    found_with(s, 3);
    assert_ok(device_join(&s->d[1], &s->d[0], &s->m, find, s, &j));
    assert_true(profile_data_same(&j.data, &s->data));
    assert_memory_equal(&j.address, &s->d[0].address, sizeof j.address);
    assert_memory_equal(j.invited_by.account, id_of(s, 0), 32);
    assert_int_equal(j.logs_count, 3);
    profile_joined_clear(&j);

    struct envelope_keys ours, theirs; /* and both name the same keys */
    assert_ok(profile_envelope_keys(s->d[0].g, &ours));
    assert_ok(profile_envelope_keys(s->d[1].g, &theirs));
    assert_memory_equal(&ours, &theirs, sizeof ours);
    assert_memory_not_equal(ours.header, ours.body, 32);
}

/* The two then read each other, and nobody's head is hidden. */
static void members_read_each_other(void **state)
{
    struct scene *s = *state;
    struct profile_joined j;
    struct profile_heads heads = {.seq = 1}, got;
    struct buf ad = BUF_INIT(64), message = BUF_INIT(8192);
    struct mls_event e;

    found_with(s, 2);
    assert_ok(device_join(&s->d[1], &s->d[0], &s->m, find, s, &j));
    profile_joined_clear(&j);
    memcpy(heads.head, identity_log_now(s->a[0].log)->head, 32);
    assert_ok(profile_heads_encode(&heads, &ad));
    assert_ok(mls_encrypt(s->d[0].g, &s->d[0].w, SPAN_LIT("hello"),
                          &(struct mls_send){.authenticated_data = buf_span(&ad)}, &message));
    assert_ok(policy_expect(&s->d[1].policy, buf_span(&message)));
    assert_ok(mls_receive(s->d[1].g, &s->d[1].w, buf_span(&message), &e));
    assert_int_equal(e.kind, MLS_EVENT_APPLICATION);
    assert_span_equal(buf_span(&e.data), SPAN_LIT("hello"));
    assert_ok(profile_heads_decode(buf_span(&e.authenticated_data), &got));
    assert_memory_equal(got.head, heads.head, 32);
    mls_event_clear(&e);
    buf_clear(&ad);
    buf_clear(&message);
}

static void a_member_without_a_log_is_not_believed(void **state)
{
    struct scene *s = *state;
    struct buf blob = BUF_INIT(WELCOME_BYTES_MAX);

    found_with(s, 3);
    s->shown[2] = NULL;
    assert_err(profile_welcome_write(s->d[0].g, buf_span(&s->m.out.welcome), &s->d[0].address, find,
                                     s, &blob),
               ERR_NOT_FOUND); /* an honest member does not send such a blob */
    assert_int_equal(blob.len, 0);
    s->shown[2] = s->a[1].log; /* another's log in its place */
    refuses(s, POLICY_NO_LOG);
    buf_clear(&blob);
}

static void a_key_that_its_log_never_had_is_not_believed(void **state)
{
    struct scene *s = *state;
    struct account twin;
    struct identity_log *before;

    account_init(&twin, 3); /* the same account as a[2], before its device */
    before = twin.log;
    found_with(s, 3);
    s->shown[2] = before;
    refuses(s, POLICY_OLD_LOG);
    account_clear(&twin);
}

static void a_member_who_was_revoked_meanwhile_does_not_hinder(void **state)
{
    struct scene *s = *state;
    struct profile_joined j;

    found_with(s, 3);
    account_revoke(&s->a[2], s->a[2].log, s->d[2].key);
    assert_ok(device_join(&s->d[1], &s->d[0], &s->m, find, s, &j));
    profile_joined_clear(&j);
}

static void a_direct_conversation_with_a_third_is_none(void **state)
{
    struct scene *s = *state;

    s->data = (struct profile_data){.type = PROFILE_DIRECT};
    assert_ok(profile_data_set_role(&s->data, id_of(s, 0), PROFILE_MEMBER));
    assert_ok(profile_data_set_role(&s->data, id_of(s, 1), PROFILE_MEMBER));
    found_with(s, 3);
    refuses(s, POLICY_NOT_LISTED);
}

static void a_group_with_other_extensions_is_not_joined(void **state)
{
    struct scene *s = *state;
    struct buf list = BUF_INIT(8192);
    struct writer w = writer_to(&list);

    assert_ok(profile_data_extensions(&s->data, &list));
    mls_write_extension(&w, MLS_EXTENSION_EXTERNAL_SENDERS, SPAN_LIT("\0"));
    found(s, buf_span(&list), MLS_SUITE_XWING, 2);
    refuses(s, POLICY_EXTENSIONS);
    buf_clear(&list);
}

static void a_group_without_data_is_not_joined(void **state)
{
    struct scene *s = *state;
    found(s, SPAN_EMPTY, MLS_SUITE_XWING, 2);
    refuses(s, POLICY_DATA);
}

static void a_crowd_in_the_suite_of_a_group_is_not_joined(void **state)
{
    struct scene *s = *state;
    s->data.type = PROFILE_CROWD;
    found_with(s, 2);
    refuses(s, POLICY_SUITE);
}

static void only_who_fits_founds(void **state)
{
    struct scene *s = *state;
    struct mls_group *g = NULL;

    assert_err(profile_found(&s->d[1].us, &s->d[1].w, &s->data, &g), ERR_ARGUMENT); /* no owner */
    s->data = (struct profile_data){.type = PROFILE_SELF};
    assert_ok(profile_data_set_role(&s->data, id_of(s, 0), PROFILE_MEMBER));
    assert_err(profile_found(&s->d[1].us, &s->d[1].w, &s->data, &g), ERR_ARGUMENT);
    assert_ok(profile_found(&s->d[0].us, &s->d[0].w, &s->data, &g));
    assert_int_equal(mls_group_suite(g)->code, MLS_SUITE_XWING);
    mls_group_free(g);
}

/* Seven accounts with ten devices each do not fit into a group; a crowd takes them. */
static void the_65th_installation_is_told_to_continue_as_a_crowd(void **state)
{
    struct scene *s = *state;
    struct account *a = calloc(7, sizeof *a);
    struct device *d = calloc(70, sizeof *d);

    assert_true(a != NULL && d != NULL);
    assert_ok(profile_found(&s->d[0].us, &s->d[0].w, &s->data, &s->d[0].g));
    for (uint32_t i = 0; i < 7; i++) {
        account_init(&a[i], 100 + i);
        for (size_t k = 0; k < 10; k++)
            device_init(&d[10 * i + k], &a[i], MLS_SUITE_XWING);
    }
    for (size_t i = 0; i < 64; i++) /* with the founder's */
        making_add(&s->m, &d[i]);
    assert_err(device_commit(&s->d[0], &s->m), MLS_COMMIT_REJECTED);
    assert_int_equal(s->d[0].policy.verdict.why, POLICY_TOO_MANY);

    making_clear(&s->m);
    making_init(&s->m);
    for (size_t i = 0; i < 63; i++)
        making_add(&s->m, &d[i]);
    assert_ok(device_commit(&s->d[0], &s->m)); /* 64 do */
    for (size_t i = 0; i < 70; i++)
        device_clear(&d[i]);
    for (size_t i = 0; i < 7; i++)
        account_clear(&a[i]);
    free(a);
    free(d);
}

static void a_key_package_says_whose_it_is_and_lasts_a_week(void **state)
{
    struct scene *s = *state;
    struct profile_credential c;
    struct span package = buf_span(&s->d[1].package);

    assert_ok(profile_package_read(package, MLS_SUITE_XWING, NOW_S, &c));
    assert_memory_equal(c.account, id_of(s, 1), 32);
    assert_ok(profile_package_read(package, MLS_SUITE_XWING, NOW_S + PROFILE_PACKAGE_LIFE_S, &c));
    assert_err(
        profile_package_read(package, MLS_SUITE_XWING, NOW_S + PROFILE_PACKAGE_LIFE_S + 1, &c),
        MLS_LEAF_EXPIRED);
    assert_true(profile_package_read(package, MLS_SUITE_X25519_CHACHA, NOW_S, &c) != OK);
    assert_err(
        profile_package_read(span_sub(package, 0, package.len - 1), MLS_SUITE_XWING, NOW_S, &c),
        ERR_FORMAT);
}

static void last_weeks_bucket_is_listened_to_for_an_hour(void **state)
{
    (void)state;
    struct profile_address a = {.now = {1}};
    uint64_t week = 2922;
    uint8_t out[2];

    while (profile_address_bucket(&a, week) == profile_address_bucket(&a, week - 1))
        week++;
    assert_int_equal(profile_address_listen(&a, week * PROFILE_WEEK_S, out), 2);
    assert_int_equal(out[0], profile_address_bucket(&a, week));
    assert_int_equal(out[1], profile_address_bucket(&a, week - 1));
    assert_int_equal(profile_address_listen(&a, week * PROFILE_WEEK_S + 3599, out), 2);
    assert_int_equal(profile_address_listen(&a, week * PROFILE_WEEK_S + 3600, out), 1);
}

/* Clocks of committers differ: what is due is never put off, nor made due earlier. */
static void two_removals_in_a_week_turn_once(void **state)
{
    struct scene *s = *state;
    struct profile_address a;

    found_with(s, 2);
    assert_ok(profile_address_begin(s->d[0].g, &a));
    struct profile_address first = a;
    assert_ok(profile_address_turn(&a, s->d[0].g, 10));
    assert_int_equal(a.next_from, 11);
    assert_ok(profile_address_turn(&a, s->d[0].g, 9)); /* a clock that is behind */
    assert_int_equal(a.next_from, 11);
    assert_memory_equal(a.now, first.now, 32);
    assert_ok(profile_address_turn(&a, s->d[0].g, 11)); /* the first has come into force */
    assert_int_equal(a.next_from, 12);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_joins_gets_data_address_and_who_invited),
        TEST(members_read_each_other),
        TEST(a_member_without_a_log_is_not_believed),
        TEST(a_key_that_its_log_never_had_is_not_believed),
        TEST(a_member_who_was_revoked_meanwhile_does_not_hinder),
        TEST(a_direct_conversation_with_a_third_is_none),
        TEST(a_group_with_other_extensions_is_not_joined),
        TEST(a_group_without_data_is_not_joined),
        TEST(a_crowd_in_the_suite_of_a_group_is_not_joined),
        TEST(only_who_fits_founds),
        TEST(the_65th_installation_is_told_to_continue_as_a_crowd),
        TEST(a_key_package_says_whose_it_is_and_lasts_a_week),
        TEST(last_weeks_bucket_is_listened_to_for_an_hour),
        TEST(two_removals_in_a_week_turn_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
