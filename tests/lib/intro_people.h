/* Accounts with installations, and the parts and stamped bodies that they lay out: for the tests of
 * first contact. Seeds are fixed, so everything but what an rng draws is the same in every run. */
#pragma once

#include "crypto/hpke/hpke.h"
#include "node/chat/intro/bundle.h"
#include "tests/lib/testing.h"

#define INTRO_DEVICES 3u

struct intro_person {
    struct keyring *ring;
    struct keyring_key *root, *device[INTRO_DEVICES];
    struct identity_log *log;
    uint8_t account[ACCOUNT_ID_BYTES];
    uint8_t secret[INTRO_DEVICES][PREKEY_SECRET_BYTES];
    uint8_t prekey[INTRO_DEVICES][PREKEY_BYTES];
};

static inline struct keyring_key *intro_key(struct intro_person *p, uint8_t a, uint8_t b)
{
    uint8_t seed[32] = {a, b};
    char name[16];
    struct keyring_key *key;
    (void)snprintf(name, sizeof name, "%u.%u", a, b);
    assert_ok(keyring_add(p->ring, span_str(name), KEYRING_ED25519, KEYRING_MAY_SIGN_LABEL, seed));
    assert_ok(keyring_open(p->ring, span_str(name), KEYRING_MAY_SIGN_LABEL, &key));
    return key;
}

static inline void intro_make(struct intro_person *p, struct identity_event *e, size_t device)
{
    e->time_s = 1767225600;
    assert_ok(identity_log_make(
        p->log, e, &(struct identity_keys){.root = p->root, .installation = p->device[device]}));
}

static inline void intro_add_device(struct intro_person *p, size_t i)
{
    struct identity_event e = {.type = IDENTITY_INSTALL_ADD};
    memcpy(e.installation, keyring_public(p->device[i]).ptr, 32);
    intro_make(p, &e, i);
}

static inline void intro_revoke_device(struct intro_person *p, size_t i)
{
    struct identity_event e = {.type = IDENTITY_INSTALL_REVOKE, .reason = IDENTITY_REASON_STOLEN};
    memcpy(e.installation, keyring_public(p->device[i]).ptr, 32);
    intro_make(p, &e, i);
}

/* The account of that number, with its first `devices` installations. */
static inline void intro_person_init(struct intro_person *p, uint8_t number, size_t devices)
{
    struct identity_event e = {.type = IDENTITY_INCEPTION};
    *p = (struct intro_person){0};
    assert_ok(keyring_new(&p->ring));
    p->root = intro_key(p, number, 100);
    assert_ok(identity_log_new(&p->log));
    memcpy(e.root, keyring_public(p->root).ptr, 32);
    memset(e.next_root, number, 32);
    memset(e.recovery, number, 32);
    for (size_t i = 0; i < INTRO_DEVICES; i++) {
        uint8_t ikm[32] = {number, (uint8_t)i};
        p->device[i] = intro_key(p, number, (uint8_t)(i + 1));
        assert_ok(hpke_derive_key_pair(&hpke_xwing, SPAN_ARRAY(ikm), p->secret[i], p->prekey[i]));
    }
    intro_make(p, &e, 0);
    for (size_t i = 0; i < devices; i++)
        intro_add_device(p, i);
    memcpy(p->account, identity_log_now(p->log)->account, ACCOUNT_ID_BYTES);
}

static inline void intro_person_clear(struct intro_person *p)
{
    identity_log_free(p->log);
    keyring_close(p->root);
    for (size_t i = 0; i < INTRO_DEVICES; i++)
        keyring_close(p->device[i]);
    keyring_free(p->ring);
}

/* A part of one installation as of now; the key package is a text. */
static inline struct part intro_part(struct intro_person *p, size_t device, uint64_t issued_s)
{
    const struct identity *now = identity_log_now(p->log);
    struct part part = {.seq = now->seq,
                        .issued_s = issued_s,
                        .expiry_s = issued_s + PART_LIFE_S,
                        .key_package = SPAN_LIT("key package"),
                        .policy = INTRO_POLICY_OPEN,
                        .bits = 8};
    memcpy(part.account, p->account, 32);
    memcpy(part.head, now->head, 32);
    memcpy(part.prekey, p->prekey[device], PREKEY_BYTES);
    assert_ok(part_sign(&part, p->device[device]));
    return part;
}

/* A body: the log as it is now and these parts; append to `out`. */
static inline void intro_bundle(const struct identity_log *log, const struct part *parts,
                                size_t count, struct buf *out)
{
    struct buf sent = BUF_INIT(IDENTITY_SENT_BYTES_MAX);
    struct buf bytes[BUNDLE_PARTS_MAX];
    struct bundle b = {.count = count};
    assert_ok(identity_log_write(log, &sent));
    b.log = buf_span(&sent);
    for (size_t i = 0; i < count; i++) {
        bytes[i] = BUF_INIT(PART_BYTES_MAX);
        assert_ok(part_encode(&parts[i], &bytes[i]));
        b.parts[i] = buf_span(&bytes[i]);
    }
    assert_ok(bundle_encode(&b, out));
    for (size_t i = 0; i < count; i++)
        buf_clear(&bytes[i]);
    buf_clear(&sent);
}
