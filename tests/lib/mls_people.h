/* Members for MLS tests: each with a signature key, randomness of its own, a key package and, once
 * in a group, a state. Header only, because the rooms that use it are few. */
#pragma once

#include "crypto/mls/group_state.h"
#include "crypto/prim/drbg.h"
#include "tests/lib/testing.h"

#include <stdio.h>
#include <stdlib.h>

struct person {
    const struct mls_suite *s;
    struct drbg drbg;
    struct rng rng;
    uint8_t secret[SIGN_SECRET_BYTES_MAX], pub[SIGN_PUBLIC_BYTES_MAX];
    char name[32];
    struct mls_signer signer;
    struct mls_world w;
    struct mls_client client;
    struct mls_package_keys keys;
    struct buf package; /* KeyPackage */
    struct mls_group *g;
};

static inline enum err person_sign(void *ctx, struct span message, uint8_t *sig, size_t *sig_len)
{
    const struct person *p = ctx;
    return sign_make(p->s->sign, p->secret, p->pub, message, sig, sig_len);
}

/* Draw until the scheme takes it: NIST scalars may be out of range. */
static inline void person_new_signature_key(struct person *p)
{
    do {
        rng_fill(&p->rng, p->secret, p->s->sign->secret_bytes);
        if (p->s->sign == &sign_ecdsa_p521_sha512)
            p->secret[0] &= 1;
    } while (sign_public(p->s->sign, p->secret, p->pub) != OK);
    p->signer = (struct mls_signer){span_of(p->pub, p->s->sign->public_bytes), person_sign, p};
}

static inline void person_new_package(struct person *p)
{
    buf_reset(&p->package);
    assert_ok(mls_key_package_new(&p->w, p->s, &p->client, SPAN_EMPTY, &p->keys, &p->package));
}

/** `p` must stay where it is. */
static inline void person_init(struct person *p, const struct mls_suite *s, uint32_t number)
{
    uint8_t seed[DRBG_SEED_BYTES] = {(uint8_t)number, (uint8_t)(number >> 8),
                                     (uint8_t)(number >> 16), 77};

    *p = (struct person){.s = s, .package = BUF_INIT(1 << 20)};
    drbg_init(&p->drbg, seed);
    p->rng = drbg_rng(&p->drbg);
    snprintf(p->name, sizeof p->name, "member-%u", number);
    person_new_signature_key(p);
    p->w = (struct mls_world){.rng = &p->rng, .signer = &p->signer};
    p->client = (struct mls_client){.credential = {MLS_CREDENTIAL_BASIC, span_str(p->name)},
                                    .not_after = UINT64_MAX,
                                    .grease = number % 3 == 0};
    p->w.grease = p->client.grease;
    person_new_package(p);
}

static inline void person_clear(struct person *p)
{
    mls_group_free(p->g);
    buf_clear(&p->package);
    drbg_clear(&p->drbg);
}

static inline void person_adopt(struct person *p, struct mls_group *next)
{
    mls_group_free(p->g);
    p->g = next;
}

static inline void person_join(struct person *p, struct span welcome)
{
    struct mls_join j = {
        .welcome = welcome, .key_package = buf_span(&p->package), .keys = &p->keys};
    struct mls_group *g;

    assert_ok(mls_group_join(&p->w, &j, &g));
    person_adopt(p, g);
}

/** `p` follows a commit; true when it is still a member. */
static inline bool person_follow(struct person *p, struct span commit)
{
    struct mls_event e;

    assert_ok(mls_receive(p->g, &p->w, commit, &e));
    assert_true(e.kind == MLS_EVENT_COMMIT || e.kind == MLS_EVENT_REMOVED);
    person_adopt(p, e.next);
    e.next = NULL;
    mls_event_clear(&e);
    return p->g != NULL;
}

/** `body` as a PublicMessage to the group of `g`, whose keys are used, from `sender`, signed by `p`
 * whatever it says; with a made-up confirmation tag. */
static inline void person_say(struct person *p, const struct mls_group *g, struct mls_sender sender,
                              uint8_t type, struct span body, struct buf *out)
{
    struct buf framed = BUF_INIT(1 << 24);
    struct writer w = writer_to(&framed);
    uint8_t sig[MLS_SIGNATURE_MAX], tag[MLS_HASH_MAX] = {0};
    size_t sig_len;
    bool knows = sender.type == MLS_SENDER_MEMBER || sender.type == MLS_SENDER_NEW_MEMBER_COMMIT;
    struct mls_framed_content content = {.group_id = g->context.group_id,
                                         .epoch = g->context.epoch,
                                         .sender = sender,
                                         .content_type = type,
                                         .body = body};

    mls_write_framed_content(&w, &content);
    content.encoded = buf_span(&framed);
    assert_ok(mls_content_sign(&p->signer, MLS_WIRE_PUBLIC_MESSAGE, content.encoded,
                               knows ? buf_span(&g->context_bytes) : SPAN_EMPTY, sig, &sig_len));
    struct mls_content_auth auth = {span_of(sig, sig_len), span_of(tag, g->suite->hash->bytes)};
    buf_reset(out);
    assert_ok(mls_public_protect(g->suite, &g->membership_key, &content, &auth,
                                 buf_span(&g->context_bytes), out));
    buf_clear(&framed);
}

/** All parts of a state as bytes: what "unchanged" means. */
static inline void person_bytes(const struct mls_group *g, struct buf *out)
{
    buf_clear(out);
    assert_ok(mls_save(g, MLS_PART_PUBLIC, out));
    assert_ok(mls_save(g, MLS_PART_REWIND, out));
    assert_ok(mls_save(g, MLS_PART_RECEIVE, out));
}
