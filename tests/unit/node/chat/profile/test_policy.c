/* Which commits are valid: everything that is refused, one by one, and what is not. Refused commits
 * are made by a device that asks no policy; whoever follows is an ordinary member. */
#include "tests/lib/profile_people.h"

enum {
    ANN, /* owner, two devices */
    BOB, /* admin, two devices */
    CID, /* member, one device */
    DAN, /* not in the group, one device */
    ACCOUNTS
};
enum {
    ANN1,
    ANN2,
    BOB1,
    BOB2,
    CID1,
    MEMBERS,
    DAN1 = MEMBERS,
    DEVICES
};

struct scene {
    struct account a[ACCOUNTS];
    struct device d[DEVICES], spare;
    struct making m;
    struct profile_data data;
};

static const struct identity_log *find(void *ctx, const uint8_t *account)
{
    struct scene *s = ctx;
    for (size_t i = 0; i < ACCOUNTS; i++)
        if (memcmp(identity_log_now(s->a[i].log)->account, account, 32) == 0)
            return s->a[i].log;
    return NULL;
}

static const uint8_t *id_of(const struct scene *s, size_t account)
{
    return identity_log_now(s->a[account].log)->account;
}

static void role(struct scene *s, size_t account, enum profile_role role)
{
    assert_ok(profile_data_set_role(&s->data, id_of(s, account), role));
}

static void again(struct scene *s)
{
    making_clear(&s->m);
    making_init(&s->m);
}

/* ANN1 begins, the others among the members join. */
static void begin(struct scene *s, size_t members)
{
    assert_ok(profile_found(&s->d[ANN1].us, &s->d[ANN1].w, &s->data, &s->d[ANN1].g));
    assert_ok(profile_address_begin(s->d[ANN1].g, &s->d[ANN1].address));
    for (size_t i = 1; i < members; i++)
        making_add(&s->m, &s->d[i]);
    assert_ok(device_commit(&s->d[ANN1], &s->m));
    device_take_own(&s->d[ANN1], &s->m);
    for (size_t i = 1; i < members; i++) {
        struct profile_joined j;
        assert_ok(device_join(&s->d[i], &s->d[ANN1], &s->m, find, s, &j));
        assert_memory_equal(j.invited_by.key, keyring_public(s->d[ANN1].key).ptr, 32);
        profile_joined_clear(&j);
    }
    again(s);
}

static struct scene *scene_new(void)
{
    static const size_t owner_of[] = {ANN, ANN, BOB, BOB, CID, DAN};
    struct scene *s = calloc(1, sizeof *s);

    assert_non_null(s);
    making_init(&s->m);
    for (uint32_t i = 0; i < ACCOUNTS; i++)
        account_init(&s->a[i], i + 1);
    for (size_t i = 0; i < DEVICES; i++)
        device_init(&s->d[i], &s->a[owner_of[i]], MLS_SUITE_XWING);
    for (size_t i = 0; i < DEVICES; i++) { /* what it says now is the end of its log */
        device_refresh(&s->d[i]);
        device_package(&s->d[i], MLS_SUITE_XWING);
    }
    return s;
}

static int group(void **state)
{
    struct scene *s = scene_new();

    s->data = (struct profile_data){.type = PROFILE_GROUP, .name = "Garden", .name_len = 6};
    role(s, ANN, PROFILE_OWNER);
    role(s, BOB, PROFILE_ADMIN);
    begin(s, MEMBERS);
    *state = s;
    return 0;
}

/* Ann and Bob with two devices each. */
static int direct(void **state)
{
    struct scene *s = scene_new();

    s->data = (struct profile_data){.type = PROFILE_DIRECT};
    role(s, ANN, PROFILE_MEMBER);
    role(s, BOB, PROFILE_MEMBER);
    begin(s, CID1);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct scene *s = *state;

    for (size_t i = 0; i < DEVICES; i++)
        device_clear(&s->d[i]);
    if (s->spare.of != NULL)
        device_clear(&s->spare);
    for (size_t i = 0; i < ACCOUNTS; i++)
        account_clear(&s->a[i]);
    making_clear(&s->m);
    free(s);
    return 0;
}

/* With SOTTO_CORPUS set the bytes become seeds of fuzz_profile. */
static void keep(const char *name, struct span bytes)
{
    char path[200];
    const char *dir = getenv("SOTTO_CORPUS");
    if (dir == NULL || bytes.len > 8192)
        return;
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes.ptr, 1, bytes.len, f), bytes.len);
    (void)fclose(f);
}

/* The commit in s->m by `by`, made without asking anybody, is refused by all others. */
static void refused(struct scene *s, size_t by, enum policy_why why)
{
    s->d[by].lawless = true;
    assert_ok(device_commit(&s->d[by], &s->m));
    for (size_t i = 0; i < DEVICES; i++) {
        struct device *d = &s->d[i];
        if (i == by || d->g == NULL)
            continue;
        uint64_t epoch = mls_group_context(d->g)->epoch;
        enum err err = device_follow(d, buf_span(&s->m.out.commit));
        if (d->policy.verdict.why != why)
            fail_msg("refused because: %s", policy_text(d->policy.verdict.why));
        assert_int_equal(mls_err_class(err), ERR_REFUSED);
        assert_int_equal(mls_group_context(d->g)->epoch, epoch);
    }
    again(s);
    s->d[by].lawless = false;
}

/* ... by an ordinary device is followed by all, who then agree. */
static void taken(struct scene *s, size_t by, enum commit_class cls)
{
    enum err made = device_commit(&s->d[by], &s->m);
    if (made != OK)
        fail_msg("not made: %s", policy_text(s->d[by].policy.verdict.why));
    assert_int_equal(s->d[by].policy.verdict.cls, cls);
    for (size_t i = 0; i < DEVICES; i++) {
        struct device *d = &s->d[i];
        if (i == by || d->g == NULL)
            continue;
        enum err err = device_follow(d, buf_span(&s->m.out.commit));
        if (err != OK)
            fail_msg("not followed: %s", policy_text(d->policy.verdict.why));
        assert_int_equal(d->policy.verdict.cls, cls);
        assert_int_equal(d->policy.verdict.role, s->d[by].policy.verdict.role);
    }
    device_take_own(&s->d[by], &s->m);
    for (size_t i = 0; i < DEVICES; i++)
        if (s->d[i].g != NULL)
            assert_span_equal(mls_group_epoch_authenticator(s->d[i].g),
                              mls_group_epoch_authenticator(s->d[by].g));
}

static void bring(struct scene *s, size_t account)
{
    assert_ok(evidence_bring(&s->m.evidence, s->a[account].log));
}

/* ---- adding ---- */

static void a_member_may_not_add_an_account(void **state)
{
    struct scene *s = *state;
    making_add(&s->m, &s->d[DAN1]);
    bring(s, DAN);
    refused(s, CID1, POLICY_MAY_NOT_ADD);

    making_add(&s->m, &s->d[DAN1]);
    bring(s, DAN);
    taken(s, BOB2, COMMIT_ADDS);
    struct profile_joined j;
    assert_ok(device_join(&s->d[DAN1], &s->d[BOB2], &s->m, find, s, &j));
    assert_int_equal(j.data.type, PROFILE_GROUP);
    profile_joined_clear(&j);
}

static void a_member_may_when_the_policy_says_so(void **state)
{
    struct scene *s = *state;
    s->data.policy = PROFILE_MEMBERS_ADD;
    making_data(&s->m, &s->data);
    taken(s, ANN1, COMMIT_UPDATES);
    again(s);
    making_add(&s->m, &s->d[DAN1]);
    bring(s, DAN);
    taken(s, CID1, COMMIT_ADDS);
}

static void nobody_is_added_without_a_log(void **state)
{
    struct scene *s = *state;
    making_add(&s->m, &s->d[DAN1]);
    refused(s, ANN1, POLICY_NO_LOG);
    making_add(&s->m, &s->d[DAN1]);
    bring(s, CID);
    refused(s, ANN1, POLICY_NO_LOG);
}

static void a_revoked_device_is_not_added(void **state)
{
    struct scene *s = *state;
    making_add(&s->m, &s->d[DAN1]);
    account_revoke(&s->a[DAN], s->a[DAN].log, s->d[DAN1].key);
    bring(s, DAN);
    refused(s, ANN1, POLICY_NOT_ACTIVE);
}

static void a_key_that_is_in_no_log_is_not_added(void **state)
{
    struct scene *s = *state;
    struct identity_log *fantasy = log_copy(s->a[DAN].log); /* never told to anybody */
    struct keyring_key *key = account_install(&s->a[DAN], fantasy);
    struct profile_us us;
    struct mls_world w = s->d[DAN1].w;

    assert_ok(profile_us_init(&us, key, identity_log_now(fantasy), NOW_S));
    w.signer = &us.signer;
    buf_reset(&s->d[DAN1].package);
    assert_ok(profile_package(&us, &w, MLS_SUITE_XWING, &s->d[DAN1].keys, &s->d[DAN1].package));
    making_add(&s->m, &s->d[DAN1]);
    bring(s, DAN);
    refused(s, ANN1, POLICY_OLD_LOG); /* it claims to know more of the log than the log */
    profile_us_clear(&us);
    keyring_close(key);
    identity_log_free(fantasy);
}

static void a_credential_of_another_key_is_not_added(void **state)
{
    struct scene *s = *state;
    struct device *dan = &s->d[DAN1];
    struct profile_us us = dan->us;

    us.client.credential.identity = buf_span(&s->d[CID1].us.bytes);
    buf_reset(&dan->package);
    assert_ok(profile_package(&us, &dan->w, MLS_SUITE_XWING, &dan->keys, &dan->package));
    making_add(&s->m, dan);
    bring(s, DAN);
    refused(s, ANN1, POLICY_CREDENTIAL);
}

static void a_member_adds_his_own_new_device(void **state)
{
    struct scene *s = *state;
    device_init(&s->spare, &s->a[CID], MLS_SUITE_XWING);
    device_refresh(&s->d[CID1]);
    making_add(&s->m, &s->spare);
    bring(s, CID);
    taken(s, CID1, COMMIT_ADDS);
}

/* A revoked device comes back, by a log that ends before that; and a new one, by the whole log. */
static void a_member_adds_no_device_of_an_account_that_stays(void **state)
{
    struct scene *s = *state;
    struct identity_log *before = log_copy(s->a[ANN].log);

    account_revoke(&s->a[ANN], s->a[ANN].log, s->d[ANN2].key);
    making_remove(&s->m, device_leaf(&s->d[ANN2]));
    bring(s, ANN);
    taken(s, CID1, COMMIT_REMOVES_EVIDENCE);
    again(s);
    making_add(&s->m, &s->d[ANN2]);
    assert_ok(evidence_bring(&s->m.evidence, before));
    refused(s, CID1, POLICY_MAY_NOT_ADD);
    device_init(&s->spare, &s->a[ANN], MLS_SUITE_XWING);
    making_add(&s->m, &s->spare);
    bring(s, ANN);
    refused(s, CID1, POLICY_MAY_NOT_ADD);
    making_add(&s->m, &s->spare);
    bring(s, ANN);
    taken(s, BOB1, COMMIT_ADDS);
    identity_log_free(before);
}

/* All its leaves go, by what its log says: anybody brings in what the log has instead. Not when one
 * of them stays, be it in a new place. */
static void a_member_brings_in_an_account_that_goes_whole(void **state)
{
    struct scene *s = *state;
    struct account *ann = &s->a[ANN];

    device_init(&s->spare, ann, MLS_SUITE_XWING);
    account_revoke(ann, ann->log, s->d[ANN2].key);
    making_remove(&s->m, device_leaf(&s->d[ANN2]));
    making_add(&s->m, &s->spare);
    bring(s, ANN);
    refused(s, CID1, POLICY_MAY_NOT_ADD);
    account_revoke(ann, ann->log, s->d[ANN1].key);
    making_remove(&s->m, device_leaf(&s->d[ANN1]));
    making_remove(&s->m, device_leaf(&s->d[ANN2]));
    making_add(&s->m, &s->spare);
    bring(s, ANN);
    taken(s, CID1, COMMIT_REMOVES_EVIDENCE);
    assert_null(s->d[ANN1].g);
    assert_null(s->d[ANN2].g);
}

static void an_account_has_ten_leaves_at_most(void **state)
{
    struct scene *s = *state;
    struct device *more = calloc(9, sizeof *more);

    assert_non_null(more);
    for (size_t i = 0; i < 9; i++)
        device_init(&more[i], &s->a[CID], MLS_SUITE_XWING);
    device_refresh(&s->d[CID1]);
    for (size_t i = 0; i < 9; i++)
        making_add(&s->m, &more[i]);
    bring(s, CID);
    taken(s, CID1, COMMIT_ADDS);
    again(s);

    account_revoke(&s->a[CID], s->a[CID].log, more[0].key); /* its leaf is still there */
    device_init(&s->spare, &s->a[CID], MLS_SUITE_XWING);
    making_add(&s->m, &s->spare);
    bring(s, CID);
    refused(s, CID1, POLICY_TOO_MANY_OF_ACCOUNT);
    for (size_t i = 0; i < 9; i++)
        device_clear(&more[i]);
    free(more);
}

/* ---- removing ---- */

static void a_member_may_not_remove_another(void **state)
{
    struct scene *s = *state;
    making_remove(&s->m, device_leaf(&s->d[BOB2]));
    refused(s, CID1, POLICY_MAY_NOT_REMOVE);
    bring(s, BOB); /* a log that has the device is no evidence */
    making_remove(&s->m, device_leaf(&s->d[BOB2]));
    refused(s, CID1, POLICY_MAY_NOT_REMOVE);
}

static void an_admin_may_not_remove_the_owner(void **state)
{
    struct scene *s = *state;
    making_remove(&s->m, device_leaf(&s->d[ANN1]));
    making_remove(&s->m, device_leaf(&s->d[ANN2]));
    refused(s, BOB1, POLICY_MAY_NOT_REMOVE);
    making_remove(&s->m, device_leaf(&s->d[CID1]));
    taken(s, BOB1, COMMIT_REMOVES_OTHER);
    assert_null(s->d[CID1].g);
}

static void who_is_removed_loses_his_role_in_the_same_commit(void **state)
{
    struct scene *s = *state;
    making_remove(&s->m, device_leaf(&s->d[BOB1]));
    making_remove(&s->m, device_leaf(&s->d[BOB2]));
    refused(s, ANN1, POLICY_ROLE_STAYS);
    making_remove(&s->m, device_leaf(&s->d[BOB1]));
    making_remove(&s->m, device_leaf(&s->d[BOB2]));
    role(s, BOB, PROFILE_MEMBER);
    making_data(&s->m, &s->data);
    taken(s, ANN1, COMMIT_REMOVES_OTHER);
}

static void a_silent_device_goes_when_its_account_stays(void **state)
{
    struct scene *s = *state;
    making_remove(&s->m, device_leaf(&s->d[ANN2]));
    taken(s, BOB1, COMMIT_UPDATES); /* it wins against nothing */
    assert_null(s->d[ANN2].g);
}

static void anybody_who_knows_of_a_revocation_removes_the_device(void **state)
{
    struct scene *s = *state;
    account_revoke(&s->a[ANN], s->a[ANN].log, s->d[ANN2].key);
    making_remove(&s->m, device_leaf(&s->d[ANN2]));
    bring(s, ANN);
    taken(s, CID1, COMMIT_REMOVES_EVIDENCE);
    assert_null(s->d[ANN2].g);
}

static void a_log_from_before_convicts_nobody(void **state)
{
    struct scene *s = *state;
    struct identity_log *before = log_copy(s->a[BOB].log); /* without the new device */

    device_init(&s->spare, &s->a[BOB], MLS_SUITE_XWING);
    device_refresh(&s->d[BOB1]);
    making_add(&s->m, &s->spare);
    bring(s, BOB);
    taken(s, BOB1, COMMIT_ADDS);
    uint32_t leaf = s->m.out.added[0];
    again(s);
    making_remove(&s->m, leaf);
    assert_ok(evidence_bring(&s->m.evidence, before));
    refused(s, CID1, POLICY_OLD_LOG);
    identity_log_free(before);
}

/* The root key signs two logs: the device that only one of them has is removed by whoever holds
 * both. */
static void an_equivocation_removes_what_only_one_branch_has(void **state)
{
    struct scene *s = *state;
    struct account *bob = &s->a[BOB];
    struct identity_log *other = log_copy(bob->log);
    struct keyring_key *shown_elsewhere = account_install(bob, other);
    struct buf branch = BUF_INIT(IDENTITY_SENT_BYTES_MAX);

    device_init(&s->spare, bob, MLS_SUITE_XWING); /* on bob->log */
    device_refresh(&s->d[BOB1]);
    making_add(&s->m, &s->spare);
    bring(s, BOB);
    taken(s, BOB1, COMMIT_ADDS);
    uint32_t leaf = s->m.out.added[0];
    again(s);

    assert_ok(identity_log_write(other, &branch));
    making_remove(&s->m, leaf);
    assert_ok(evidence_bring_sent(&s->m.evidence, buf_span(&branch)));
    refused(s, CID1, POLICY_OLD_LOG); /* one branch alone proves nothing */
    making_remove(&s->m, leaf);
    bring(s, BOB);
    assert_ok(evidence_bring_sent(&s->m.evidence, buf_span(&branch)));
    taken(s, CID1, COMMIT_REMOVES_EVIDENCE);
    keep("evidence_fork", buf_span(&s->m.bytes));
    buf_clear(&branch);
    keyring_close(shown_elsewhere);
    identity_log_free(other);
}

static struct ticket ticket_of(const struct device *d, uint8_t eid, struct buf *out)
{
    struct ticket t = {.epoch = 7, .cls = COMMIT_ADDS, .leaf = 3};

    memcpy(t.group, mls_group_context(d->g)->group_id.ptr, GROUP_ID_BYTES);
    t.parent.bytes[0] = 9;
    t.eid.bytes[0] = eid;
    assert_ok(ticket_sign(&t, d->key));
    assert_ok(ticket_encode(&t, out));
    return t;
}

static void two_tickets_for_one_parent_remove_their_leaf(void **state)
{
    struct scene *s = *state;
    struct buf one = BUF_INIT(1024), two = BUF_INIT(1024);

    (void)ticket_of(&s->d[ANN2], 1, &one);
    (void)ticket_of(&s->d[ANN2], 2, &two);
    making_remove(&s->m, device_leaf(&s->d[ANN2]));
    assert_ok(evidence_bring_double(&s->m.evidence, buf_span(&one), buf_span(&one)));
    refused(s, CID1, POLICY_EVIDENCE); /* one ticket, twice */
    making_remove(&s->m, device_leaf(&s->d[BOB2]));
    assert_ok(evidence_bring_double(&s->m.evidence, buf_span(&one), buf_span(&two)));
    refused(s, CID1, POLICY_MAY_NOT_REMOVE); /* of somebody else */
    making_remove(&s->m, device_leaf(&s->d[ANN2]));
    assert_ok(evidence_bring_double(&s->m.evidence, buf_span(&one), buf_span(&two)));
    taken(s, CID1, COMMIT_REMOVES_EVIDENCE);
    keep("evidence_double", buf_span(&s->m.bytes));
    buf_clear(&one);
    buf_clear(&two);
}

static void nobody_is_put_in_a_new_place_without_asking(void **state)
{
    struct scene *s = *state;
    struct device *cid = &s->d[CID1];
    struct buf request = BUF_INIT(8192);
    struct profile_joined j;

    device_package(cid, MLS_SUITE_XWING);
    making_remove(&s->m, device_leaf(cid));
    making_add(&s->m, cid);
    bring(s, CID);
    refused(s, BOB1, POLICY_EVIDENCE);

    struct rejoin r = {.eids = {{{1}}}, .count = 1, .key_package = buf_span(&cid->package)};
    memcpy(r.group, mls_group_context(cid->g)->group_id.ptr, GROUP_ID_BYTES);
    assert_ok(rejoin_sign(&r, cid->key));
    assert_ok(rejoin_encode(&r, &request));
    making_remove(&s->m, device_leaf(cid));
    making_add(&s->m, cid);
    bring(s, CID);
    assert_ok(evidence_bring_rejoin(&s->m.evidence, buf_span(&request)));
    device_adopt(cid, NULL); /* it has lost its way */
    taken(s, BOB1, COMMIT_ADDS);
    assert_true(s->d[ANN1].policy.verdict.rejoins);
    keep("evidence_rejoin", buf_span(&s->m.bytes));
    keep("package", buf_span(&cid->package));
    assert_ok(device_join(cid, &s->d[BOB1], &s->m, find, s, &j));
    profile_joined_clear(&j);
    buf_clear(&request);
}

/* Its only leaf asked to be put in a new place: that brings in no other one beside it, not even if
 * it has committed twice. */
static void a_member_adds_nothing_beside_a_rejoin(void **state)
{
    struct scene *s = *state;
    struct buf request = BUF_INIT(8192), one = BUF_INIT(1024), two = BUF_INIT(1024);

    making_remove(&s->m, device_leaf(&s->d[BOB2]));
    taken(s, BOB1, COMMIT_REMOVES_EVIDENCE);
    again(s);
    device_package(&s->d[BOB1], MLS_SUITE_XWING);
    struct rejoin r = {.eids = {{{1}}}, .count = 1, .key_package = buf_span(&s->d[BOB1].package)};
    memcpy(r.group, mls_group_context(s->d[BOB1].g)->group_id.ptr, GROUP_ID_BYTES);
    assert_ok(rejoin_sign(&r, s->d[BOB1].key));
    assert_ok(rejoin_encode(&r, &request));
    (void)ticket_of(&s->d[BOB1], 1, &one);
    (void)ticket_of(&s->d[BOB1], 2, &two);
    making_remove(&s->m, device_leaf(&s->d[BOB1]));
    making_add(&s->m, &s->d[BOB1]);
    making_add(&s->m, &s->d[BOB2]);
    bring(s, BOB);
    assert_ok(evidence_bring_rejoin(&s->m.evidence, buf_span(&request)));
    assert_ok(evidence_bring_double(&s->m.evidence, buf_span(&one), buf_span(&two)));
    refused(s, CID1, POLICY_MAY_NOT_ADD);
    buf_clear(&request);
    buf_clear(&one);
    buf_clear(&two);
}

/* Dan leaves, by a Remove of his own that was sent ahead: no member brings him in with it again. */
static void who_leaves_is_not_brought_in_again(void **state)
{
    struct scene *s = *state;
    struct buf remove = BUF_INIT(64), message = BUF_INIT(65536);
    struct profile_joined j;

    making_add(&s->m, &s->d[DAN1]);
    bring(s, DAN);
    taken(s, BOB1, COMMIT_ADDS);
    assert_ok(device_join(&s->d[DAN1], &s->d[BOB1], &s->m, find, s, &j));
    profile_joined_clear(&j);
    again(s);
    device_init(&s->spare, &s->a[DAN], MLS_SUITE_XWING);
    assert_ok(mls_make_remove(device_leaf(&s->d[DAN1]), &remove));
    policy_clear(&s->d[DAN1].policy);
    assert_ok(mls_propose(s->d[DAN1].g, &s->d[DAN1].w, buf_span(&remove), NULL, &message));
    for (size_t i = 0; i < MEMBERS; i++) {
        struct mls_event e;
        assert_ok(policy_expect(&s->d[i].policy, buf_span(&message)));
        assert_ok(mls_receive(s->d[i].g, &s->d[i].w, buf_span(&message), &e));
        mls_event_clear(&e);
    }
    making_add(&s->m, &s->spare);
    bring(s, DAN);
    refused(s, CID1, POLICY_MAY_NOT_ADD);
    buf_clear(&remove);
    buf_clear(&message);
}

static void who_leaves_is_removed_by_anybody(void **state)
{
    struct scene *s = *state;
    struct buf remove = BUF_INIT(64), message = BUF_INIT(65536);

    assert_ok(mls_make_remove(device_leaf(&s->d[BOB1]), &remove));
    policy_clear(&s->d[BOB1].policy);
    assert_ok(mls_propose(s->d[BOB1].g, &s->d[BOB1].w, buf_span(&remove), NULL, &message));
    for (size_t i = 0; i < MEMBERS; i++) {
        struct mls_event e;
        if (i == BOB1)
            continue;
        assert_ok(policy_expect(&s->d[i].policy, buf_span(&message)));
        assert_ok(mls_receive(s->d[i].g, &s->d[i].w, buf_span(&message), &e));
        assert_int_equal(e.kind, MLS_EVENT_PROPOSAL);
        mls_event_clear(&e);
    }
    taken(s, CID1, COMMIT_REMOVES_EVIDENCE);
    assert_null(s->d[BOB1].g);
    buf_clear(&remove);
    buf_clear(&message);
}

/* CID1 proposes what it may not; the others' commits leave it out. */
static void what_its_sender_may_not_is_left_out_of_our_commits(void **state)
{
    struct scene *s = *state;
    struct buf remove = BUF_INIT(64), message = BUF_INIT(65536);
    struct mls_event e;

    assert_ok(mls_make_remove(device_leaf(&s->d[BOB2]), &remove));
    assert_ok(mls_propose(s->d[CID1].g, &s->d[CID1].w, buf_span(&remove), NULL, &message));
    assert_ok(policy_expect(&s->d[ANN1].policy, buf_span(&message)));
    assert_ok(mls_receive(s->d[ANN1].g, &s->d[ANN1].w, buf_span(&message), &e));
    mls_event_clear(&e);
    taken(s, ANN1, COMMIT_UPDATES);
    assert_int_equal(s->m.out.skipped_count, 1);
    assert_non_null(s->d[BOB2].g);
    buf_clear(&remove);
    buf_clear(&message);
}

/* ---- leaves ---- */

static void a_leaf_cannot_become_another_account(void **state)
{
    struct scene *s = *state;
    struct profile_us own = s->d[CID1].us;

    s->d[CID1].us.credential = s->d[BOB1].us.credential; /* of BOB1, with the key of CID1 */
    memcpy(s->d[CID1].us.credential.key, own.credential.key, 32);
    struct buf bytes = BUF_INIT(512);
    assert_ok(profile_credential_encode(&s->d[CID1].us.credential, &bytes));
    s->d[CID1].us.client.credential.identity = buf_span(&bytes);
    refused(s, CID1, POLICY_CREDENTIAL_CHANGED);
    s->d[CID1].us = own;
    buf_clear(&bytes);
}

static void a_leaf_follows_its_log_and_shows_it(void **state)
{
    struct scene *s = *state;
    struct profile_credential c;

    device_init(&s->spare, &s->a[CID], MLS_SUITE_XWING); /* the log goes on */
    device_refresh(&s->d[CID1]);
    taken(s, CID1, COMMIT_UPDATES); /* device_commit brings the log */
    assert_ok(policy_member(mls_group_tree(s->d[ANN1].g), device_leaf(&s->d[CID1]), &c));
    assert_int_equal(c.seq, identity_log_now(s->a[CID].log)->seq);
    again(s);

    struct profile_us old = s->d[CID1].us;
    struct buf bytes = BUF_INIT(512);
    s->d[CID1].us.credential.seq--; /* back again */
    assert_ok(profile_credential_encode(&s->d[CID1].us.credential, &bytes));
    s->d[CID1].us.client.credential.identity = buf_span(&bytes);
    refused(s, CID1, POLICY_CREDENTIAL_CHANGED);
    s->d[CID1].us = old;
    buf_clear(&bytes);
}

static void a_device_gets_a_new_key_and_its_leaf_follows(void **state)
{
    struct scene *s = *state;
    struct keyring_key *old = s->d[CID1].key;
    struct profile_us before = s->d[CID1].us;
    struct profile_credential c;

    s->d[CID1].key = account_install(&s->a[CID], s->a[CID].log);
    account_revoke(&s->a[CID], s->a[CID].log, old);
    s->d[CID1].us = (struct profile_us){0};
    device_refresh(&s->d[CID1]);
    s->d[CID1].w.signer = &before.signer; /* the commit is still signed by the old leaf */
    before.signer.ctx = &before;
    taken(s, CID1, COMMIT_UPDATES);
    assert_ok(policy_member(mls_group_tree(s->d[ANN1].g), device_leaf(&s->d[CID1]), &c));
    assert_memory_equal(c.key, keyring_public(s->d[CID1].key).ptr, 32);
    device_refresh(&s->d[CID1]);
    again(s);
    taken(s, CID1, COMMIT_UPDATES); /* it goes on under the new key */
    profile_us_clear(&before);
    keyring_close(old);
}

/* ---- group data ---- */

static void only_admins_name_the_group(void **state)
{
    struct scene *s = *state;
    s->data.name[0] = 'H';
    making_data(&s->m, &s->data);
    refused(s, CID1, POLICY_MAY_NOT_NAME);
    making_data(&s->m, &s->data);
    taken(s, BOB1, COMMIT_UPDATES);
}

static void only_owners_give_roles(void **state)
{
    struct scene *s = *state;
    role(s, CID, PROFILE_ADMIN);
    making_data(&s->m, &s->data);
    refused(s, BOB1, POLICY_MAY_NOT_RULE);
    making_data(&s->m, &s->data);
    refused(s, CID1, POLICY_MAY_NOT_RULE);
    making_data(&s->m, &s->data);
    taken(s, ANN2, COMMIT_UPDATES);
}

static void an_admin_may_step_down_and_not_up(void **state)
{
    struct scene *s = *state;
    role(s, BOB, PROFILE_OWNER);
    making_data(&s->m, &s->data);
    refused(s, BOB1, POLICY_MAY_NOT_RULE);
    role(s, BOB, PROFILE_MEMBER);
    making_data(&s->m, &s->data);
    taken(s, BOB1, COMMIT_UPDATES);
}

static void the_policy_is_the_owners(void **state)
{
    struct scene *s = *state;
    s->data.policy = PROFILE_MEMBERS_ADD;
    making_data(&s->m, &s->data);
    refused(s, BOB1, POLICY_MAY_NOT_RULE);
}

static void a_type_is_for_ever(void **state)
{
    struct scene *s = *state;
    s->data.type = PROFILE_CROWD;
    making_data(&s->m, &s->data);
    refused(s, ANN1, POLICY_TYPE);
}

static void group_data_do_not_vanish(void **state)
{
    struct scene *s = *state;
    assert_ok(mls_make_extensions(SPAN_EMPTY, &s->m.proposals));
    refused(s, ANN1, POLICY_DATA);
}

/* external_senders: a stranger could propose. */
static void no_other_extension_enters_the_context(void **state)
{
    struct scene *s = *state;
    struct buf list = BUF_INIT(8192);
    struct writer w = writer_to(&list);

    assert_ok(profile_data_extensions(&s->data, &list));
    mls_write_extension(&w, MLS_EXTENSION_EXTERNAL_SENDERS, SPAN_LIT("\0"));
    assert_ok(mls_make_extensions(buf_span(&list), &s->m.proposals));
    refused(s, ANN1, POLICY_EXTENSIONS);
    buf_clear(&list);
}

static void other_kinds_of_proposals_do_not_exist(void **state)
{
    struct scene *s = *state;
    struct mls_reinit r = {.group_id = SPAN_LIT("new"),
                           .version = MLS_VERSION_10,
                           .cipher_suite = MLS_SUITE_XWING,
                           .extensions = SPAN_EMPTY};
    assert_ok(mls_make_reinit(&r, &s->m.proposals));
    refused(s, ANN1, POLICY_PROPOSAL_TYPE);
}

static void nobody_outside_proposes(void **state)
{
    struct scene *s = *state;
    struct device *d = &s->d[ANN1];
    struct mls_listed l = {.proposal = {.type = MLS_PROPOSAL_REMOVE},
                           .sender = {MLS_SENDER_NEW_MEMBER_PROPOSAL, 0}};
    assert_err(policy_proposal(&d->policy, d->g, &l), ERR_REFUSED);
    assert_int_equal(d->policy.verdict.why, POLICY_OUTSIDER);
}

static void evidence_that_is_none_is_refused(void **state)
{
    struct scene *s = *state;
    assert_ok(evidence_bring_sent(&s->m.evidence, SPAN_LIT("no log")));
    refused(s, BOB1, POLICY_EVIDENCE);
}

/* The owner leaves for good: the admins are owners now, so the group can still be ruled. */
static void a_group_is_never_without_an_owner(void **state)
{
    struct scene *s = *state;
    struct buf remove = BUF_INIT(64), message = BUF_INIT(65536);

    making_remove(&s->m, device_leaf(&s->d[ANN2]));
    taken(s, ANN1, COMMIT_REMOVES_EVIDENCE);
    again(s);
    assert_ok(mls_make_remove(device_leaf(&s->d[ANN1]), &remove));
    policy_clear(&s->d[ANN1].policy);
    assert_ok(mls_propose(s->d[ANN1].g, &s->d[ANN1].w, buf_span(&remove), NULL, &message));
    for (size_t i = BOB1; i < MEMBERS; i++) {
        struct mls_event e;
        assert_ok(policy_expect(&s->d[i].policy, buf_span(&message)));
        assert_ok(mls_receive(s->d[i].g, &s->d[i].w, buf_span(&message), &e));
        mls_event_clear(&e);
    }
    taken(s, BOB1, COMMIT_REMOVES_EVIDENCE);
    again(s);
    role(s, CID, PROFILE_ADMIN);
    making_data(&s->m, &s->data);
    refused(s, CID1, POLICY_MAY_NOT_RULE);
    making_data(&s->m, &s->data);
    taken(s, BOB1, COMMIT_UPDATES);
    assert_int_equal(s->d[BOB1].policy.verdict.role, PROFILE_OWNER);
    buf_clear(&remove);
    buf_clear(&message);
}

/* ---- direct ---- */

static void a_third_account_never_enters_a_direct_conversation(void **state)
{
    struct scene *s = *state;
    making_add(&s->m, &s->d[DAN1]);
    bring(s, DAN);
    refused(s, ANN1, POLICY_NOT_LISTED);
}

static void in_a_direct_conversation_nobody_removes_the_other(void **state)
{
    struct scene *s = *state;
    making_remove(&s->m, device_leaf(&s->d[BOB1]));
    making_remove(&s->m, device_leaf(&s->d[BOB2]));
    refused(s, ANN1, POLICY_MAY_NOT_REMOVE);
    making_remove(&s->m, device_leaf(&s->d[BOB2])); /* silent for 30 days */
    taken(s, ANN1, COMMIT_UPDATES);
    assert_null(s->d[BOB2].g);
    assert_non_null(s->d[BOB1].g);
}

static void a_direct_conversation_has_nothing_to_change(void **state)
{
    struct scene *s = *state;
    s->data.roles[0].account[31] ^= 1;
    making_data(&s->m, &s->data);
    refused(s, ANN1, POLICY_MAY_NOT_RULE);
}

static void a_removal_gives_a_new_address_from_the_next_week_on(void **state)
{
    struct scene *s = *state;
    const struct device *ann = &s->d[ANN1], *bob = &s->d[BOB1];
    struct profile_address before = ann->address;

    assert_memory_equal(&before, &bob->address, sizeof before);
    making_remove(&s->m, device_leaf(&s->d[BOB2]));
    taken(s, ANN1, COMMIT_UPDATES);
    assert_memory_equal(&ann->address, &bob->address, sizeof before);
    assert_int_equal(ann->address.next_from, s->m.week + 1);
    assert_memory_not_equal(ann->address.next, before.now, 32);
    assert_int_equal(profile_address_bucket(&ann->address, s->m.week),
                     profile_address_bucket(&before, s->m.week));
    bool other = false; /* one week may fall on the same bucket by chance */
    for (uint64_t week = s->m.week + 1; week < s->m.week + 9; week++)
        other |=
            profile_address_bucket(&ann->address, week) != profile_address_bucket(&before, week);
    assert_true(other);
}

/* ---- beginning ---- */

static void a_group_of_another_suite_goes_nowhere(void **state)
{
    struct scene *s = *state;
    struct device *ann = &s->d[ANN1];
    struct buf list = BUF_INIT(8192);
    struct mls_group *g;

    assert_ok(profile_data_extensions(&s->data, &list));
    assert_ok(mls_group_new(&ann->w, mls_suite(MLS_SUITE_X25519_CHACHA), &ann->us.client,
                            SPAN_LIT("0123456789abcdef0123456789abcdef"), buf_span(&list), &g));
    device_adopt(ann, g);
    assert_int_equal(mls_err_class(device_commit(ann, &s->m)), ERR_REFUSED);
    assert_int_equal(ann->policy.verdict.why, POLICY_SUITE);
    buf_clear(&list);
}

#define ALL(test)    cmocka_unit_test_setup_teardown(test, group, teardown)
#define DIRECT(test) cmocka_unit_test_setup_teardown(test, direct, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALL(a_member_may_not_add_an_account),
        ALL(a_member_may_when_the_policy_says_so),
        ALL(nobody_is_added_without_a_log),
        ALL(a_revoked_device_is_not_added),
        ALL(a_key_that_is_in_no_log_is_not_added),
        ALL(a_credential_of_another_key_is_not_added),
        ALL(a_member_adds_his_own_new_device),
        ALL(a_member_adds_no_device_of_an_account_that_stays),
        ALL(a_member_brings_in_an_account_that_goes_whole),
        ALL(a_member_adds_nothing_beside_a_rejoin),
        ALL(who_leaves_is_not_brought_in_again),
        ALL(an_account_has_ten_leaves_at_most),
        ALL(a_member_may_not_remove_another),
        ALL(an_admin_may_not_remove_the_owner),
        ALL(who_is_removed_loses_his_role_in_the_same_commit),
        ALL(a_silent_device_goes_when_its_account_stays),
        ALL(anybody_who_knows_of_a_revocation_removes_the_device),
        ALL(a_log_from_before_convicts_nobody),
        ALL(an_equivocation_removes_what_only_one_branch_has),
        ALL(two_tickets_for_one_parent_remove_their_leaf),
        ALL(nobody_is_put_in_a_new_place_without_asking),
        ALL(who_leaves_is_removed_by_anybody),
        ALL(what_its_sender_may_not_is_left_out_of_our_commits),
        ALL(a_leaf_cannot_become_another_account),
        ALL(a_leaf_follows_its_log_and_shows_it),
        ALL(a_device_gets_a_new_key_and_its_leaf_follows),
        ALL(only_admins_name_the_group),
        ALL(only_owners_give_roles),
        ALL(an_admin_may_step_down_and_not_up),
        ALL(the_policy_is_the_owners),
        ALL(a_type_is_for_ever),
        ALL(group_data_do_not_vanish),
        ALL(no_other_extension_enters_the_context),
        ALL(other_kinds_of_proposals_do_not_exist),
        ALL(nobody_outside_proposes),
        ALL(evidence_that_is_none_is_refused),
        ALL(a_group_is_never_without_an_owner),
        ALL(a_group_of_another_suite_goes_nowhere),
        DIRECT(a_third_account_never_enters_a_direct_conversation),
        DIRECT(in_a_direct_conversation_nobody_removes_the_other),
        DIRECT(a_direct_conversation_has_nothing_to_change),
        DIRECT(a_removal_gives_a_new_address_from_the_next_week_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
