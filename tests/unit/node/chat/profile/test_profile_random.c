/* Random groups: accounts with several devices do anything at all, allowed or not. Whatever the
 * maker of a commit is told by its own policy, every other member says the same of it, whatever it
 * has heard; what is valid takes all to the same epoch, what is not leaves all where they are. */
#include "node/chat/profile/healing.h"
#include "tests/lib/profile_people.h"

#define ACCOUNTS 6u
#define DEVICES  24u
#define STEPS    70u

struct scene {
    struct account a[ACCOUNTS];
    struct device d[DEVICES]; /* .of NULL: not there; .g NULL: not in the group */
    bool revoked[DEVICES];
    struct drbg drbg;
    struct rng rng;
    struct making m;
    enum profile_type type;
    unsigned valid, refused, whys[POLICY_WHY_COUNT];
};

static unsigned any(struct scene *s, unsigned bound)
{
    return (unsigned)rng_below(&s->rng, bound);
}

static const struct identity_log *find(void *ctx, const uint8_t *account)
{
    struct scene *s = ctx;
    for (size_t i = 0; i < ACCOUNTS; i++)
        if (memcmp(identity_log_now(s->a[i].log)->account, account, 32) == 0)
            return s->a[i].log;
    return NULL;
}

static const uint8_t *id_of(const struct account *a)
{
    return identity_log_now(a->log)->account;
}

static struct device *member(struct scene *s)
{
    for (;;) {
        struct device *d = &s->d[any(s, DEVICES)];
        if (d->of != NULL && d->g != NULL)
            return d;
    }
}

/* A device of `a` in a free place, in its log; NULL: no room. */
static struct device *new_device(struct scene *s, struct account *a)
{
    for (size_t i = 0; i < DEVICES; i++) {
        struct device *d = &s->d[i];
        if (d->of != NULL && (d->g != NULL || !s->revoked[i]))
            continue;
        if (identity_log_now(a->log)->installations.count >= 4)
            return NULL;
        if (d->of != NULL)
            device_clear(d);
        s->revoked[i] = false;
        device_init(d, a, profile_rules(s->type)->suite);
        return d;
    }
    return NULL;
}

static uint32_t any_leaf(struct scene *s, const struct device *d)
{
    uint32_t leaf;
    for (;;) {
        const struct mls_tree *t = mls_group_tree(d->g);
        if (mls_tree_next_member(t, any(s, t->leaves), &leaf) && leaf != device_leaf(d))
            return leaf;
        if (mls_tree_members(t) == 1)
            return UINT32_MAX;
    }
}

static void bring(struct scene *s, const struct account *a)
{
    if (any(s, 8) != 0) /* sometimes it is forgotten */
        assert_ok(evidence_bring(&s->m.evidence, a->log));
}

/* ---- what a commit may hold ---- */

static struct device *add(struct scene *s, const struct device *by, struct account *a)
{
    struct device *fresh = new_device(s, a);
    (void)by;
    if (fresh == NULL)
        return NULL;
    making_add(&s->m, fresh);
    bring(s, a);
    return fresh;
}

static void remove_leaf(struct scene *s, const struct device *by)
{
    struct profile_credential c;
    uint32_t leaf = any_leaf(s, by);
    if (leaf == UINT32_MAX)
        return;
    making_remove(&s->m, leaf);
    assert_ok(policy_member(mls_group_tree(by->g), leaf, &c));
    if (any(s, 2) == 0)
        assert_ok(evidence_bring(&s->m.evidence, find(s, c.account)));
}

static void rule(struct scene *s, const struct device *by)
{
    struct profile_data data;
    assert_ok(profile_data_find(mls_group_context(by->g)->extensions, &data));
    switch (any(s, 3)) {
    case 0:
        data.name[0] = (uint8_t)('a' + any(s, 26));
        data.name_len = 1;
        break;
    case 1:
        data.policy = any(s, 4);
        break;
    default:
        assert_ok(profile_data_set_role(&data, id_of(&s->a[any(s, ACCOUNTS)]),
                                        (enum profile_role)any(s, 3)));
    }
    struct buf probe = BUF_INIT(PROFILE_DATA_BYTES_MAX);
    if (profile_data_encode(&data, &probe) == OK)
        making_data(&s->m, &data);
    buf_clear(&probe);
}

static void pay_debts(struct scene *s, const struct device *by)
{
    struct healing_debt debt[8];
    size_t count = healing_owed(by->g, find, s, id_of(by->of), debt, 8);
    for (size_t i = 0; i < count && i < 8; i++) {
        making_remove(&s->m, debt[i].leaf);
        assert_ok(evidence_bring(&s->m.evidence, find(s, debt[i].account)));
    }
}

static void revoke_some(struct scene *s)
{
    size_t i = any(s, DEVICES);
    if (s->d[i].of == NULL || s->revoked[i] ||
        identity_log_now(s->d[i].of->log)->installations.count < 2)
        return;
    account_revoke(s->d[i].of, s->d[i].of->log, s->d[i].key);
    s->revoked[i] = true;
}

/* ---- the world ---- */

static void refresh(struct scene *s)
{
    for (size_t i = 0; i < DEVICES; i++)
        if (s->d[i].of != NULL && !s->revoked[i])
            device_refresh(&s->d[i]);
}

/* Somebody proposes ahead: fresh keys, or to go. */
static void propose(struct scene *s, struct device *by)
{
    struct buf message = BUF_INIT(1 << 16), remove = BUF_INIT(64);

    policy_clear(&by->policy);
    if (any(s, 6) != 0) {
        assert_ok(mls_propose_update(by->g, &by->w, NULL, NULL, NULL, &message));
    } else {
        assert_ok(
            mls_make_remove(any(s, 2) != 0 ? device_leaf(by) : any_leaf(s, member(s)), &remove));
        if (mls_propose(by->g, &by->w, buf_span(&remove), NULL, &message) != OK)
            buf_reset(&message);
    }
    for (size_t i = 0; i < DEVICES && message.len > 0; i++) {
        struct mls_event e;
        if (s->d[i].of == NULL || s->d[i].g == NULL || &s->d[i] == by)
            continue;
        assert_ok(policy_expect(&s->d[i].policy, buf_span(&message)));
        assert_ok(mls_receive(s->d[i].g, &s->d[i].w, buf_span(&message), &e));
        assert_int_equal(e.kind, MLS_EVENT_PROPOSAL);
        mls_event_clear(&e);
    }
    buf_clear(&message);
    buf_clear(&remove);
}

static void all_agree(struct scene *s, const struct device *by)
{
    uint32_t leaves[IDENTITY_INSTALLATIONS_MAX];
    for (size_t i = 0; i < DEVICES; i++)
        if (s->d[i].of != NULL && s->d[i].g != NULL) {
            assert_span_equal(mls_group_epoch_authenticator(s->d[i].g),
                              mls_group_epoch_authenticator(by->g));
            assert_memory_equal(&s->d[i].address, &by->address, sizeof by->address);
        }
    for (size_t i = 0; i < ACCOUNTS; i++)
        assert_in_range(policy_leaves(mls_group_tree(by->g), id_of(&s->a[i]), leaves,
                                      IDENTITY_INSTALLATIONS_MAX),
                        0, IDENTITY_INSTALLATIONS_MAX);
}

static void everybody_follows(struct scene *s, struct device *by, struct device *joins)
{
    struct policy_verdict said = by->policy.verdict;
    struct profile_joined j;

    for (size_t i = 0; i < DEVICES; i++) {
        struct device *d = &s->d[i];
        if (d->of == NULL || d->g == NULL || d == by)
            continue;
        enum err err = device_follow(d, buf_span(&s->m.out.commit));
        if (err != OK)
            fail_msg("the maker says fine, another: %s", policy_text(d->policy.verdict.why));
        assert_memory_equal(&d->policy.verdict, &said, sizeof said);
    }
    device_take_own(by, &s->m);
    if (joins != NULL && s->m.out.added_count == 1) {
        assert_ok(device_join(joins, by, &s->m, find, s, &j));
        profile_joined_clear(&j);
    }
    all_agree(s, by);
    s->valid++;
}

static void nobody_follows(struct scene *s, struct device *by)
{
    enum policy_why why = by->policy.verdict.why;

    s->whys[why]++;
    s->refused++;
    buf_reset(&s->m.bytes);
    by->lawless = true;
    mls_commit_out_clear(&s->m.out);
    enum err made = device_commit(by, &s->m);
    by->lawless = false;
    if (made != OK)
        return; /* MLS itself forbids it */
    for (size_t i = 0; i < DEVICES; i++) {
        struct device *d = &s->d[i];
        if (d->of == NULL || d->g == NULL || d == by)
            continue;
        assert_int_equal(mls_err_class(device_follow(d, buf_span(&s->m.out.commit))), ERR_REFUSED);
        if (d->policy.verdict.why != why)
            fail_msg("the maker: %s, another: %s", policy_text(why),
                     policy_text(d->policy.verdict.why));
    }
}

static void step(struct scene *s)
{
    struct device *by = member(s), *joins = NULL;

    making_clear(&s->m);
    making_init(&s->m);
    s->m.week = 2922 + any(s, 3);
    if (any(s, 5) == 0)
        revoke_some(s);
    if (any(s, 4) == 0)
        propose(s, member(s));
    switch (any(s, 7)) {
    case 0:
        joins = add(s, by, by->of);
        break;
    case 1:
        joins = add(s, by, &s->a[any(s, ACCOUNTS)]);
        break;
    case 2:
        remove_leaf(s, by);
        break;
    case 3:
        rule(s, by);
        break;
    case 4:
    case 5:
        pay_debts(s, by);
        break;
    default:
        break;
    }
    size_t at = (size_t)(by - s->d);
    bool may = !s->revoked[at]; /* else it goes on under what it has said before */
    refresh(s);
    enum err err = may ? device_commit(by, &s->m) : ERR_BUSY;
    if (err == OK)
        everybody_follows(s, by, joins);
    else if (mls_err_class(err) == ERR_REFUSED)
        nobody_follows(s, by);
}

static void run(enum profile_type type, uint8_t seed, struct scene *s)
{
    uint8_t bytes[DRBG_SEED_BYTES] = {seed, 3};
    struct profile_data data = {.type = type};

    *s = (struct scene){.type = type};
    drbg_init(&s->drbg, bytes);
    s->rng = drbg_rng(&s->drbg);
    making_init(&s->m);
    for (uint32_t i = 0; i < ACCOUNTS; i++)
        account_init(&s->a[i], seed * 100u + i);
    struct device *first = new_device(s, &s->a[0]);
    if (profile_rules(type)->roles) {
        assert_ok(profile_data_set_role(&data, id_of(&s->a[0]), PROFILE_OWNER));
        assert_ok(profile_data_set_role(&data, id_of(&s->a[1]), PROFILE_ADMIN));
    } else {
        assert_ok(profile_data_set_role(&data, id_of(&s->a[0]), PROFILE_MEMBER));
        assert_ok(profile_data_set_role(&data, id_of(&s->a[1]), PROFILE_MEMBER));
    }
    assert_ok(profile_found(&first->us, &first->w, &data, &first->g));
    assert_ok(profile_address_begin(first->g, &first->address));
    for (unsigned i = 0; i < STEPS; i++)
        step(s);
    making_clear(&s->m);
    for (size_t i = 0; i < DEVICES; i++)
        if (s->d[i].of != NULL)
            device_clear(&s->d[i]);
    for (size_t i = 0; i < ACCOUNTS; i++)
        account_clear(&s->a[i]);
}

static void members_agree_about_every_commit_whatever_they_have_heard(void **state)
{
    static const enum profile_type types[] = {PROFILE_GROUP, PROFILE_CROWD, PROFILE_DIRECT};
    struct scene *s = calloc(1, sizeof *s);
    unsigned valid = 0, refused = 0, whys[POLICY_WHY_COUNT] = {0}, kinds = 0;

    (void)state;
    assert_non_null(s);
    for (uint8_t seed = 1; seed <= 9; seed++) {
        run(types[seed % 3], seed, s);
        valid += s->valid;
        refused += s->refused;
        for (unsigned i = 0; i < POLICY_WHY_COUNT; i++)
            whys[i] += s->whys[i];
    }
    for (unsigned i = 0; i < POLICY_WHY_COUNT; i++)
        kinds += whys[i] > 0;
    print_message("%u commits followed, %u refused for %u reasons\n", valid, refused, kinds);
    assert_true(valid > 200 && refused > 40 && kinds >= 5);
    free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_agree_about_every_commit_whatever_they_have_heard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
