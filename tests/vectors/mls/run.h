/* What the runners of the MLS working group's vector formats share. A runner checks one vector and
 * says in words what was wrong. */
#pragma once

#include "crypto/mls/suite.h"
#include "tests/lib/json.h"

#include <stdio.h>

struct vector {
    struct arena *a;      /* emptied after each vector */
    const struct json *v; /* the vector */
    struct rng *rng;      /* seeded */
    const struct mls_suite *s;
};

typedef bool vector_runner(struct vector *t);

vector_runner run_deserialization, run_tree_math, run_messages;
vector_runner run_crypto_basics, run_key_schedule, run_psk_secret, run_transcript_hashes,
    run_secret_tree;
vector_runner run_tree_operations, run_tree_validation, run_treekem;
vector_runner run_message_protection, run_welcome, run_passive_client;

/* The NEEDs below return from the middle of a runner: what it holds is declared with this and
 * cleared on every way out. `fn` accepts an object of zeros. */
#define CLEARED(fn) __attribute__((cleanup(fn)))

/** Prints where and what; returns false. */
bool wrong(const char *file, int line, const char *what);
bool same(struct span got, struct span wanted, const char *file, int line, const char *what);
bool fine(enum err err, const char *file, int line, const char *what);

#define NEED(cond)                                                                                 \
    do {                                                                                           \
        if (!(cond))                                                                               \
            return wrong(__FILE__, __LINE__, #cond);                                               \
    } while (0)
#define NEED_OK(expr)                                                                              \
    do {                                                                                           \
        if (!fine((expr), __FILE__, __LINE__, #expr))                                              \
            return false;                                                                          \
    } while (0)
#define NEED_SAME(got, wanted)                                                                     \
    do {                                                                                           \
        if (!same((got), (wanted), __FILE__, __LINE__, #got))                                      \
            return false;                                                                          \
    } while (0)

/** Hex member `key` of the vector. */
static inline struct span hex(struct vector *t, const char *key)
{
    return json_hex(t->a, t->v, key);
}

/** A hex member as a secret of the suite's length. */
static inline struct mls_secret secret_of(struct vector *t, const struct json *v, const char *key)
{
    struct span s = json_hex(t->a, v, key);
    struct mls_secret k = {0};
    if (s.len > 0 && s.len <= sizeof k.bytes)
        memcpy(k.bytes, s.ptr, s.len);
    return k;
}

/* a raw signature key as a signer */
struct raw_signer {
    const struct mls_suite *s;
    struct span secret, pub;
};

static inline enum err sign_raw(void *ctx, struct span message, uint8_t *sig, size_t *sig_len)
{
    const struct raw_signer *k = ctx;
    return sign_make(k->s->sign, k->secret.ptr, k->pub.ptr, message, sig, sig_len);
}
