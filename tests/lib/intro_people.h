/* Accounts with installations, and the parts and stamped bodies that they lay out: for the tests of
 * first contact. Seeds are fixed, so everything but what an rng draws is the same in every run. */
#pragma once

#include "crypto/hpke/hpke.h"
#include "node/chat/intro/invite.h"
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

/* ---- invites, made by who should not ---- */

/* What is signed: the content with the recipients behind the account. */
static inline void intro_sign_for(struct invite *i, struct span recipients,
                                  const struct keyring_key *signer)
{
    struct buf bytes = BUF_INIT(INVITE_BYTES_MAX);
    struct pack_writer w = pack_writer_to(&bytes);
    pack_write_array(&w, 11);
    pack_write_uint(&w, INTRO_INVITE_CONTENT);
    pack_write_uint(&w, 1);
    pack_write_bin(&w, SPAN_ARRAY(i->account));
    pack_write_raw(&w, recipients);
    pack_write_uint(&w, i->purpose);
    pack_write_bin(&w, i->log);
    pack_write_bin(&w, i->welcome);
    pack_write_bin(&w, i->message);
    pack_write_uint(&w, i->day);
    pack_write_bin(&w, SPAN_ARRAY(i->installation));
    pack_write_extensions(&w, &i->extensions);
    assert_ok(keyring_sign_label(signer, LABEL_INTRO_INVITE, buf_span(&bytes), i->signature));
    buf_clear(&bytes);
}

/* What somebody who opened an invite can make of it: the same content, sealed anew; `signer` NULL:
 * under the signature that it had. */
static inline void intro_reseal(struct invite *i, const uint8_t account[32], const struct part *to,
                                const struct keyring_key *signer, struct rng *rng, struct buf *body)
{
    static const uint8_t nonce[AEAD_NONCE_BYTES], key[32] = {5};
    struct hpke_suite s = {&hpke_xwing, &hash_sha256, &aead_chacha20poly1305};
    uint8_t aad[48], enc[PREKEY_ENC_BYTES], wrapped[48];
    static uint8_t sealed[INVITE_BYTES_MAX];
    struct buf list = BUF_INIT(INVITE_BYTES_MAX), plain = list, ad = list;
    struct pack_writer w = pack_writer_to(&list);
    memcpy(aad, account, 32);
    prekey_id(to->prekey, aad + 32);
    assert_ok(hpke_seal(&s, rng, SPAN_ARRAY(to->prekey), SPAN_LIT("sotto/1/intro/seal"),
                        SPAN_ARRAY(aad), SPAN_ARRAY(key), enc, wrapped));
    pack_write_array(&w, 1);
    pack_write_array(&w, 3);
    pack_write_bin(&w, span_of(aad + 32, 16));
    pack_write_bin(&w, SPAN_ARRAY(enc));
    pack_write_bin(&w, SPAN_ARRAY(wrapped));
    if (signer != NULL)
        intro_sign_for(i, buf_span(&list), signer);
    w = pack_writer_to(&plain);
    pack_write_array(&w, 11);
    pack_write_uint(&w, INTRO_INVITE_CONTENT);
    pack_write_uint(&w, 1);
    pack_write_bin(&w, SPAN_ARRAY(i->account));
    pack_write_uint(&w, i->purpose);
    pack_write_bin(&w, i->log);
    pack_write_bin(&w, i->welcome);
    pack_write_bin(&w, i->message);
    pack_write_uint(&w, i->day);
    pack_write_bin(&w, SPAN_ARRAY(i->installation));
    pack_write_bin(&w, SPAN_ARRAY(i->signature));
    pack_write_extensions(&w, &i->extensions);
    w = pack_writer_to(&ad);
    pack_write_raw(&w, buf_span(&list));
    pack_write_extensions(&w, &i->extensions);
    struct span text = buf_span(&plain);
    assert_ok(aead_seal_once(&aead_chacha20poly1305, key, nonce, buf_span(&ad), &text, 1, sealed));
    buf_reset(body);
    w = pack_writer_to(body);
    pack_write_array(&w, 5);
    pack_write_uint(&w, INTRO_INVITE);
    pack_write_uint(&w, 1);
    pack_write_raw(&w, buf_span(&list));
    pack_write_bin(&w, span_of(sealed, text.len + AEAD_TAG_BYTES));
    pack_write_extensions(&w, &i->extensions);
    assert_ok(pack_writer_status(&w));
    buf_clear(&list);
    buf_clear(&plain);
    buf_clear(&ad);
}
