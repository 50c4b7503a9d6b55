/* What every unit test starts with: cmocka, a fake clock, seeded randomness, hex. */
#pragma once

#include "crypto/base/env.h"
#include "crypto/base/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

struct test_env {
    struct env env; /* now = 1 s, wall = 2026-01-01, log collects broken lines */
    struct rng rng;
    struct arena scratch;
    struct log log;
    uint64_t rng_state;
};

/** A fresh environment; the same seed gives the same random bytes. */
void test_env_init(struct test_env *t, uint64_t seed);

/** Free it; fails the test when anything was logged as broken. */
void test_env_clear(struct test_env *t);

/** Move both clocks forward. */
void test_env_advance(struct test_env *t, int64_t ns);

/** Bytes of a hex literal (spaces allowed, at most 64 KiB), in one of eight rotating static
 * buffers. */
struct span test_hex(const char *hex);

/** The next line "name hex" of a vector file; false at its end. `value` as from test_hex. */
bool test_vector_next(FILE *f, char name[64], struct span *value);

#define assert_ok(expr)          assert_int_equal((expr), OK)
#define assert_err(expr, wanted) assert_int_equal((expr), (wanted))
#define assert_span_equal(a, b)  test_assert_span_equal((a), (b), #a, __FILE__, __LINE__)

void test_assert_span_equal(struct span got, struct span wanted, const char *what, const char *file,
                            int line);
