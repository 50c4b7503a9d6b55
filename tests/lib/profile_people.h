/* Accounts with devices, for tests of conversations: real logs, real MLS, the hooks of policy.h. */
#pragma once

#include "crypto/prim/drbg.h"
#include "node/chat/profile/profile.h"
#include "tests/lib/testing.h"

#include <stdlib.h>

#define NOW_S 1767225600u /* 2026-01-01 */

struct account {
    struct keyring *ring;
    struct keyring_key *root, *next, *recovery;
    struct identity_log *log;
    unsigned names;
    struct drbg drbg;
    struct rng rng;
};

struct device {
    struct account *of;
    struct keyring_key *key;
    struct profile_us us;
    struct policy policy;
    struct mls_world w;
    struct buf package;
    struct mls_package_keys keys;
    struct mls_group *g;
    struct profile_address address;
    bool lawless; /* makes commits without asking the policy */
};

static inline struct keyring_key *account_key(struct account *a)
{
    char name[16];
    struct keyring_key *key;

    (void)snprintf(name, sizeof name, "k%u", a->names++);
    assert_ok(keyring_draw(a->ring, &a->rng, span_str(name), KEYRING_ED25519,
                           KEYRING_MAY_SIGN | KEYRING_MAY_SIGN_LABEL));
    assert_ok(
        keyring_open(a->ring, span_str(name), KEYRING_MAY_SIGN | KEYRING_MAY_SIGN_LABEL, &key));
    return key;
}

static inline void account_event(struct account *a, struct identity_log *log,
                                 struct identity_event *e, const struct keyring_key *installation)
{
    e->time_s = NOW_S;
    assert_ok(
        identity_log_make(log, e, &(struct identity_keys){a->root, installation, a->recovery}));
}

static inline void account_init(struct account *a, uint32_t number)
{
    uint8_t seed[DRBG_SEED_BYTES] = {(uint8_t)number, (uint8_t)(number >> 8), 5};
    struct identity_event e = {.type = IDENTITY_INCEPTION};

    *a = (struct account){0};
    drbg_init(&a->drbg, seed);
    a->rng = drbg_rng(&a->drbg);
    assert_ok(keyring_new(&a->ring));
    a->root = account_key(a);
    a->next = account_key(a);
    a->recovery = account_key(a);
    memcpy(e.root, keyring_public(a->root).ptr, 32);
    identity_promise(LABEL_IDENTITY_NEXT_ROOT, keyring_public(a->next).ptr, e.next_root);
    identity_promise(LABEL_IDENTITY_RECOVERY, keyring_public(a->recovery).ptr, e.recovery);
    assert_ok(identity_log_new(&a->log));
    account_event(a, a->log, &e, NULL);
}

static inline void account_clear(struct account *a)
{
    identity_log_free(a->log);
    keyring_close(a->root);
    keyring_close(a->next);
    keyring_close(a->recovery);
    keyring_free(a->ring);
    drbg_clear(&a->drbg);
}

/* A second object of the same log. */
static inline struct identity_log *log_copy(const struct identity_log *log)
{
    struct buf bytes = BUF_INIT(IDENTITY_SENT_BYTES_MAX);
    struct identity_log *out;

    assert_ok(identity_log_write(log, &bytes));
    assert_ok(identity_log_read(buf_span(&bytes), &out));
    buf_clear(&bytes);
    return out;
}

static inline void account_revoke(struct account *a, struct identity_log *log,
                                  const struct keyring_key *key)
{
    struct identity_event e = {.type = IDENTITY_INSTALL_REVOKE, .reason = IDENTITY_REASON_STOLEN};

    memcpy(e.installation, keyring_public(key).ptr, 32);
    account_event(a, log, &e, NULL);
}

static inline struct keyring_key *account_install(struct account *a, struct identity_log *log)
{
    struct identity_event e = {.type = IDENTITY_INSTALL_ADD};
    struct keyring_key *key = account_key(a);

    memcpy(e.installation, keyring_public(key).ptr, 32);
    account_event(a, log, &e, key);
    return key;
}

/* What it says of itself follows its account's log. */
static inline void device_refresh(struct device *d)
{
    profile_us_clear(&d->us);
    assert_ok(profile_us_init(&d->us, d->key, identity_log_now(d->of->log), NOW_S));
    d->w = profile_world(&d->us, &d->policy, &d->of->rng, NOW_S);
}

static inline void device_package(struct device *d, uint16_t suite)
{
    buf_reset(&d->package);
    assert_ok(profile_package(&d->us, &d->w, suite, &d->keys, &d->package));
}

static inline void device_init(struct device *d, struct account *a, uint16_t suite)
{
    *d = (struct device){.of = a, .package = BUF_INIT(PROFILE_PACKAGE_BYTES_MAX)};
    policy_init(&d->policy);
    d->key = account_install(a, a->log);
    device_refresh(d);
    device_package(d, suite);
}

static inline void device_clear(struct device *d)
{
    mls_group_free(d->g);
    policy_clear(&d->policy);
    profile_us_clear(&d->us);
    buf_clear(&d->package);
    keyring_close(d->key);
}

static inline void device_adopt(struct device *d, struct mls_group *next)
{
    mls_group_free(d->g);
    d->g = next;
}

static inline uint32_t device_leaf(const struct device *d)
{
    return mls_group_own_leaf(d->g);
}

/* ---- commits ---- */

struct making {
    struct buf proposals;
    struct evidence_draft evidence;
    struct mls_commit_out out;
    struct buf bytes; /* of the evidence */
    uint64_t week;
};

static inline void making_init(struct making *m)
{
    *m = (struct making){.proposals = BUF_INIT(1 << 20), .bytes = BUF_INIT(1 << 20), .week = 2922};
    evidence_draft_init(&m->evidence);
}

static inline void making_clear(struct making *m)
{
    buf_clear(&m->proposals);
    buf_clear(&m->bytes);
    evidence_draft_clear(&m->evidence);
    mls_commit_out_clear(&m->out);
}

static inline void making_add(struct making *m, const struct device *d)
{
    assert_ok(mls_make_add(buf_span(&d->package), &m->proposals));
}

static inline void making_remove(struct making *m, uint32_t leaf)
{
    assert_ok(mls_make_remove(leaf, &m->proposals));
}

static inline void making_data(struct making *m, const struct profile_data *data)
{
    struct buf list = BUF_INIT(PROFILE_DATA_BYTES_MAX + 16);

    assert_ok(profile_data_extensions(data, &list));
    assert_ok(mls_make_extensions(buf_span(&list), &m->proposals));
    buf_clear(&list);
}

static inline enum err device_commit(struct device *d, struct making *m)
{
    struct mls_world w = d->w;

    if (profile_leaf_is_old(&d->us, d->g))
        assert_ok(evidence_bring(&m->evidence, d->of->log));
    assert_ok(evidence_write(&m->evidence, m->week, &m->bytes));
    if (d->lawless) {
        w.commit = NULL;
        w.proposal = NULL;
        w.credential = NULL;
    } else {
        TRY(policy_making(&d->policy, buf_span(&m->bytes)));
    }
    struct mls_commit_options o =
        profile_commit_options(&d->us, d->g, buf_span(&m->proposals), buf_span(&m->bytes));
    return mls_commit(d->g, &w, &o, &m->out);
}

/* Follow, or say why not; the group stays where it is then. */
static inline enum err device_follow(struct device *d, struct span commit)
{
    struct mls_event e = {0};

    TRY(policy_expect(&d->policy, commit));
    enum err err = mls_receive(d->g, &d->w, commit, &e);
    if (err == OK) {
        assert_true(e.kind == MLS_EVENT_COMMIT || e.kind == MLS_EVENT_REMOVED);
        device_adopt(d, e.next);
        e.next = NULL;
        if (d->g != NULL && d->policy.verdict.removes)
            assert_ok(profile_address_turn(&d->address, d->g, d->policy.verdict.week));
    }
    mls_event_clear(&e);
    return err;
}

static inline void device_take_own(struct device *d, struct making *m)
{
    device_adopt(d, m->out.next);
    m->out.next = NULL;
    if (d->policy.verdict.removes)
        assert_ok(profile_address_turn(&d->address, d->g, d->policy.verdict.week));
}

/* Join by the Welcome of `m`, whose maker has adopted the epoch. */
static inline enum err device_join(struct device *d, const struct device *by, struct making *m,
                                   const struct identity_log *(*find)(void *, const uint8_t *),
                                   void *ctx, struct profile_joined *joined)
{
    struct buf blob = BUF_INIT(WELCOME_BYTES_MAX);

    assert_ok(
        profile_welcome_write(by->g, buf_span(&m->out.welcome), &by->address, find, ctx, &blob));
    enum err err = profile_join(
        &d->w, &(struct profile_join){buf_span(&blob), buf_span(&d->package), &d->keys}, joined);
    if (err == OK) {
        device_adopt(d, joined->group);
        joined->group = NULL;
        d->address = joined->address;
    }
    buf_clear(&blob);
    return err;
}
