/* When leaves get fresh keys and who must go, in virtual time over real groups. */
#include "tests/lib/profile_people.h"

#include "node/chat/profile/healing.h"

#define MANY 18u /* more leaves than commit their own updates */
#define DAY  86400

struct scene {
    struct test_env t;
    struct account a[MANY];
    struct device d[MANY];
    size_t count;
    struct making m;
    struct profile_data data;
    struct healing *h; /* of d[1] */
};

static const struct identity_log *find(void *ctx, const uint8_t *account)
{
    struct scene *s = ctx;
    for (size_t i = 0; i < s->count; i++)
        if (memcmp(identity_log_now(s->a[i].log)->account, account, 32) == 0)
            return s->a[i].log;
    return NULL;
}

static const uint8_t *id_of(const struct scene *s, size_t i)
{
    return identity_log_now(s->a[i].log)->account;
}

/* d[0] founds, the others join; the engine is that of d[1]. */
static void begin(struct scene *s, enum profile_type type, size_t count, enum profile_role ours)
{
    uint16_t suite = profile_rules(type)->suite;
    bool roles = profile_rules(type)->roles;

    test_env_init(&s->t, 9);
    s->count = count;
    s->data.type = type;
    making_init(&s->m);
    for (size_t i = 0; i < count; i++) {
        account_init(&s->a[i], (uint32_t)i + 1);
        device_init(&s->d[i], &s->a[i], suite);
        if (!roles)
            assert_ok(profile_data_set_role(&s->data, id_of(s, i), PROFILE_MEMBER));
    }
    if (roles) {
        assert_ok(profile_data_set_role(&s->data, id_of(s, 0), PROFILE_OWNER));
        assert_ok(profile_data_set_role(&s->data, id_of(s, 1), ours));
    }
    assert_ok(profile_found(&s->d[0].us, &s->d[0].w, &s->data, &s->d[0].g));
    assert_ok(profile_address_begin(s->d[0].g, &s->d[0].address));
    for (size_t i = 1; i < count; i++)
        making_add(&s->m, &s->d[i]);
    assert_ok(device_commit(&s->d[0], &s->m));
    device_take_own(&s->d[0], &s->m);
    for (size_t i = 1; i < count; i++) {
        struct profile_joined j;
        assert_ok(device_join(&s->d[i], &s->d[0], &s->m, find, s, &j));
        profile_joined_clear(&j);
    }
    assert_ok(healing_new(&s->h, type));
    assert_ok(healing_epoch(s->h, &s->t.env, s->d[1].g));
    healing_tick(s->h, &s->t.env);
}

static void commit(struct scene *s, size_t by)
{
    making_clear(&s->m);
    making_init(&s->m);
    assert_ok(device_commit(&s->d[by], &s->m));
    device_take_own(&s->d[by], &s->m);
    for (size_t i = 0; i < s->count; i++)
        if (i != by)
            assert_ok(device_follow(&s->d[i], buf_span(&s->m.out.commit)));
    assert_ok(healing_epoch(s->h, &s->t.env, s->d[1].g));
}

static void end(struct scene *s)
{
    healing_free(s->h);
    making_clear(&s->m);
    for (size_t i = 0; i < s->count; i++) {
        device_clear(&s->d[i]);
        account_clear(&s->a[i]);
    }
    test_env_clear(&s->t);
    free(s);
}

static struct scene *scene_of(enum profile_type type, size_t count, enum profile_role ours)
{
    struct scene *s = calloc(1, sizeof *s);
    assert_non_null(s);
    begin(s, type, count, ours);
    return s;
}

static void pass(struct scene *s, int64_t seconds)
{
    test_env_advance(&s->t, seconds * NS_PER_S);
    healing_tick(s->h, &s->t.env);
}

/* Let time pass from deadline to deadline; what came, and after how many seconds. */
static enum healing_kind wait_for(struct scene *s, int64_t at_most_s, int64_t *took_s)
{
    enum healing_kind kind;
    int64_t start = s->t.env.now.ns, until = start + at_most_s * NS_PER_S;

    for (;;) {
        if (healing_poll(s->h, &kind)) {
            *took_s = (s->t.env.now.ns - start) / NS_PER_S;
            return kind;
        }
        int64_t at = healing_deadline(s->h).ns;
        if (at > until)
            return HEALING_NOTHING;
        test_env_advance(&s->t, at > s->t.env.now.ns ? at - s->t.env.now.ns : 1);
        healing_tick(s->h, &s->t.env);
    }
}

static void heard(struct scene *s, size_t from)
{
    healing_heard(s->h, &s->t.env, keyring_public(s->d[from].key).ptr);
}

static void who_joined_renews_its_leaf_with_its_first_message(void **state)
{
    (void)state;
    struct scene *s = scene_of(PROFILE_GROUP, 3, PROFILE_ADMIN);
    assert_int_equal(healing_before(s->h, &s->t.env), HEALING_UPDATE);
    commit(s, 1);
    assert_int_equal(healing_before(s->h, &s->t.env), HEALING_NOTHING);
    end(s);
}

static void in_a_direct_conversation_each_turn_heals_but_not_within_ten_minutes(void **state)
{
    (void)state;
    struct scene *s = scene_of(PROFILE_DIRECT, 2, PROFILE_MEMBER);
    commit(s, 1);
    pass(s, 601);
    assert_int_equal(healing_before(s->h, &s->t.env), HEALING_NOTHING); /* our turn still */
    heard(s, 0);
    assert_int_equal(healing_before(s->h, &s->t.env), HEALING_UPDATE);
    commit(s, 1);
    healing_sent(s->h, &s->t.env);
    heard(s, 0);
    pass(s, 599);
    assert_int_equal(healing_before(s->h, &s->t.env), HEALING_NOTHING);
    pass(s, 1);
    assert_int_equal(healing_before(s->h, &s->t.env), HEALING_UPDATE);
    commit(s, 0); /* the other's commit does not renew our leaf */
    assert_int_equal(healing_before(s->h, &s->t.env), HEALING_UPDATE);
    end(s);
}

static void a_leaf_of_a_day_is_renewed_without_a_message(void **state)
{
    (void)state;
    struct scene *s = scene_of(PROFILE_DIRECT, 2, PROFILE_MEMBER);
    int64_t took;
    commit(s, 1);
    assert_int_equal(wait_for(s, 2 * DAY, &took), HEALING_UPDATE);
    assert_in_range(took, DAY, DAY + 3600 + 600);
    commit(s, 1);
    assert_int_equal(wait_for(s, DAY - 1, &took), HEALING_NOTHING);
    end(s);
}

static void in_a_group_a_hundred_messages_or_seven_days_heal(void **state)
{
    (void)state;
    struct scene *s = scene_of(PROFILE_GROUP, 3, PROFILE_ADMIN);
    int64_t took;
    commit(s, 1);
    for (unsigned i = 0; i < 100; i++) {
        heard(s, 0);
        assert_int_equal(healing_before(s->h, &s->t.env), HEALING_NOTHING);
        healing_sent(s->h, &s->t.env);
    }
    assert_int_equal(healing_before(s->h, &s->t.env), HEALING_UPDATE);
    commit(s, 1);
    assert_int_equal(wait_for(s, 8 * DAY, &took), HEALING_UPDATE);
    assert_in_range(took, 7 * DAY, 7 * DAY + 3600 + 600);
    end(s);
}

static void a_commit_that_loses_leaves_the_leaf_as_old_as_it_was(void **state)
{
    (void)state;
    struct scene *s = scene_of(PROFILE_DIRECT, 2, PROFILE_MEMBER);
    commit(s, 1);
    assert_ok(healing_epoch(s->h, &s->t.env, s->d[1].g));
    assert_int_equal(healing_before(s->h, &s->t.env), HEALING_NOTHING);
    pass(s, DAY - 60);
    making_clear(&s->m);
    making_init(&s->m);
    assert_ok(device_commit(&s->d[1], &s->m)); /* on time, but it is not to hold */
    assert_ok(healing_epoch(s->h, &s->t.env, s->m.out.next));
    assert_int_equal(healing_before(s->h, &s->t.env), HEALING_NOTHING);
    assert_ok(healing_epoch(s->h, &s->t.env, s->d[1].g));
    pass(s, 120);
    assert_int_equal(healing_before(s->h, &s->t.env), HEALING_UPDATE);
    end(s);
}

static void above_sixteen_leaves_updates_are_proposed_and_one_member_gathers_them(void **state)
{
    (void)state;
    struct scene *s = scene_of(PROFILE_CROWD, MANY, PROFILE_ADMIN);
    int64_t took;
    assert_int_equal(healing_before(s->h, &s->t.env), HEALING_PROPOSE);
    healing_proposal(s->h, &s->t.env, s->d[1].g); /* nobody else is heard: ours is the least rank */
    assert_int_equal(wait_for(s, 3600, &took), HEALING_GATHER);
    assert_in_range(took, 60, 300);

    healing_proposal(s->h, &s->t.env, s->d[1].g);
    commit(s, 0); /* another was faster */
    assert_int_equal(wait_for(s, 3600, &took), HEALING_NOTHING);

    for (size_t i = 0; i < MANY; i++)
        if (i != 1)
            heard(s, i); /* seventeen others are online: one of them has a smaller rank */
    unsigned first = 0;
    for (unsigned epoch = 0; epoch < 4; epoch++) {
        healing_proposal(s->h, &s->t.env, s->d[1].g);
        for (size_t i = 0; i < MANY; i++)
            if (i != 1)
                heard(s, i);
        assert_int_equal(wait_for(s, 3600, &took), HEALING_GATHER);
        first += took < 300;
        commit(s, 0);
    }
    assert_true(first < 4);
    end(s);
}

static void a_revoked_device_goes_before_anything_is_sent(void **state)
{
    (void)state;
    struct scene *s = scene_of(PROFILE_DIRECT, 2, PROFILE_MEMBER);
    struct healing_debt debt[4];
    int64_t took;

    commit(s, 1);
    assert_int_equal(healing_owed(s->d[1].g, find, s, id_of(s, 1), debt, 4), 0);
    account_revoke(&s->a[0], s->a[0].log, s->d[0].key);
    assert_int_equal(healing_owed(s->d[1].g, find, s, id_of(s, 1), debt, 4), 1);
    assert_int_equal(debt[0].leaf, device_leaf(&s->d[0]));
    assert_false(debt[0].own);
    healing_owe(s->h, &s->t.env, 1, false);
    assert_int_equal(healing_before(s->h, &s->t.env), HEALING_REMOVE);
    assert_int_equal(wait_for(s, 3600, &took), HEALING_REMOVE); /* also without a message */
    assert_in_range(took, 60, 300);
    healing_owe(s->h, &s->t.env, 0, false);
    healing_owe(s->h, &s->t.env, 1, true); /* one of our own account's */
    assert_int_equal(wait_for(s, 3600, &took), HEALING_REMOVE);
    assert_in_range(took, 0, 60);
    end(s);
}

/* Thirty days online, with d[2] silent. */
static void month(struct scene *s)
{
    enum healing_kind kind;
    for (unsigned day = 0; day < 31; day++) {
        heard(s, 0);
        pass(s, DAY);
        while (healing_poll(s->h, &kind))
            assert_int_not_equal(kind, HEALING_SILENT);
    }
}

static void a_device_silent_for_thirty_days_online_is_removed_by_an_admin(void **state)
{
    (void)state;
    struct scene *s = scene_of(PROFILE_GROUP, 3, PROFILE_ADMIN);
    uint32_t leaves[4];
    int64_t took;
    commit(s, 1);
    for (unsigned day = 0; day < 29; day++) {
        heard(s, 0);
        pass(s, DAY);
    }
    assert_int_equal(healing_silent(s->h, s->d[1].g, leaves, 4), 0);
    enum healing_kind kind;
    while (healing_poll(s->h, &kind))
        assert_int_not_equal(kind, HEALING_SILENT);
    pass(s, DAY);
    heard(s, 0);
    while ((kind = wait_for(s, DAY / 2, &took)) == HEALING_UPDATE)
        continue;
    assert_int_equal(kind, HEALING_SILENT);
    assert_int_equal(healing_silent(s->h, s->d[1].g, leaves, 4), 1);
    assert_int_equal(leaves[0], device_leaf(&s->d[2]));
    making_clear(&s->m);
    making_init(&s->m);
    making_remove(&s->m, leaves[0]);
    assert_ok(device_commit(&s->d[1], &s->m)); /* and it is valid */
    end(s);
}

static void a_device_that_was_off_for_a_month_condemns_nobody(void **state)
{
    (void)state;
    struct scene *s = scene_of(PROFILE_GROUP, 3, PROFILE_ADMIN);
    uint32_t leaves[4];
    commit(s, 1);
    pass(s, 40 * DAY);
    assert_int_equal(healing_silent(s->h, s->d[1].g, leaves, 4), 0);
    end(s);
}

static void a_member_without_a_role_removes_nobody_for_silence(void **state)
{
    (void)state;
    struct scene *s = scene_of(PROFILE_GROUP, 4, PROFILE_MEMBER);
    uint32_t leaves[4];
    commit(s, 1);
    month(s);
    pass(s, DAY);
    assert_int_equal(healing_silent(s->h, s->d[1].g, leaves, 4), 0);
    end(s);
}

static void the_other_of_a_direct_conversation_always_keeps_a_leaf(void **state)
{
    (void)state;
    struct scene *s = scene_of(PROFILE_DIRECT, 2, PROFILE_MEMBER);
    uint32_t leaves[4];
    commit(s, 1);
    for (unsigned day = 0; day < 40; day++)
        pass(s, DAY);
    assert_int_equal(healing_silent(s->h, s->d[1].g, leaves, 4), 0);
    end(s);
}

static void ages_survive_a_restart(void **state)
{
    (void)state;
    struct scene *s = scene_of(PROFILE_DIRECT, 2, PROFILE_MEMBER);
    struct buf bytes = BUF_INIT(1 << 16), again = BUF_INIT(1 << 16);
    int64_t took;

    commit(s, 1);
    pass(s, DAY - 7200);
    assert_true(healing_changed(s->h));
    assert_ok(healing_save(s->h, &bytes));
    assert_false(healing_changed(s->h));
    healing_free(s->h);
    assert_ok(healing_load(buf_span(&bytes), &s->h));
    assert_ok(healing_epoch(s->h, &s->t.env, s->d[1].g));
    assert_int_equal(healing_before(s->h, &s->t.env), HEALING_NOTHING); /* no joiner any more */
    assert_ok(healing_save(s->h, &again));
    assert_span_equal(buf_span(&again), buf_span(&bytes));
    healing_tick(s->h, &s->t.env);
    assert_int_equal(wait_for(s, DAY, &took), HEALING_UPDATE);
    assert_in_range(took, 7200, 7200 + 3600 + 600);
    bytes.ptr[3] ^= 0x40;
    struct healing *none = NULL;
    assert_err(healing_load(buf_span(&bytes), &none), ERR_CORRUPT);
    buf_clear(&bytes);
    buf_clear(&again);
    end(s);
}

static void nothing_is_due_while_catching_up(void **state)
{
    (void)state;
    struct scene *s = scene_of(PROFILE_DIRECT, 2, PROFILE_MEMBER);
    enum healing_kind kind;
    commit(s, 1);
    healing_catchup(s->h, true);
    pass(s, 3 * DAY);
    assert_false(healing_poll(s->h, &kind));
    assert_int_equal(healing_deadline(s->h).ns, INT64_MAX);
    healing_catchup(s->h, false);
    pass(s, 0);
    pass(s, 601);
    assert_true(healing_poll(s->h, &kind));
    end(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_joined_renews_its_leaf_with_its_first_message),
        cmocka_unit_test(in_a_direct_conversation_each_turn_heals_but_not_within_ten_minutes),
        cmocka_unit_test(a_leaf_of_a_day_is_renewed_without_a_message),
        cmocka_unit_test(in_a_group_a_hundred_messages_or_seven_days_heal),
        cmocka_unit_test(a_commit_that_loses_leaves_the_leaf_as_old_as_it_was),
        cmocka_unit_test(above_sixteen_leaves_updates_are_proposed_and_one_member_gathers_them),
        cmocka_unit_test(a_revoked_device_goes_before_anything_is_sent),
        cmocka_unit_test(a_device_silent_for_thirty_days_online_is_removed_by_an_admin),
        cmocka_unit_test(a_device_that_was_off_for_a_month_condemns_nobody),
        cmocka_unit_test(a_member_without_a_role_removes_nobody_for_silence),
        cmocka_unit_test(the_other_of_a_direct_conversation_always_keeps_a_leaf),
        cmocka_unit_test(ages_survive_a_restart),
        cmocka_unit_test(nothing_is_due_while_catching_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
