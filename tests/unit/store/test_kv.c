#include "store/kv.h"
#include "tests/lib/archive_model.h"
#include "tests/lib/testing.h"

static const char *const tables[] = {"peers", "sessions", NULL};
static char folder[64];

static int set_up(void **state)
{
    (void)state;
    model_folder(folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    model_folder_remove(folder);
    return 0;
}

static struct kv *open_one(bool disk)
{
    struct kv *kv;
    assert_ok(disk ? kv_open_lmdb(&kv, folder, tables) : kv_open_mem(&kv, tables));
    return kv;
}

/* Both implementations get the same random calls and must give the same answers. */
static void disk_and_memory_agree(void **state)
{
    (void)state;
    struct test_env t;
    struct kv *kvs[2] = {open_one(true), open_one(false)};
    test_env_init(&t, 11);
    for (int round = 0; round < 60; round++) {
        struct kv_txn *txns[2];
        bool write = rng_below(&t.rng, 4) != 0, keep = rng_below(&t.rng, 3) != 0;
        for (int i = 0; i < 2; i++)
            assert_ok(kv_begin(kvs[i], write, &txns[i]));
        for (int call = 0; call < 60; call++) {
            uint8_t key_bytes[2] = {(uint8_t)rng_below(&t.rng, 20), (uint8_t)rng_below(&t.rng, 3)};
            struct span key = span_of(key_bytes, rng_below(&t.rng, 2) + 1), found[2], value[2];
            struct span fresh = span_of(key_bytes, rng_below(&t.rng, 3));
            unsigned table = (unsigned)rng_below(&t.rng, 2);
            uint64_t what = rng_below(&t.rng, 5);
            enum err err[2];
            for (int i = 0; i < 2; i++) {
                found[i] = value[i] = SPAN_EMPTY;
                err[i] = what == 0   ? kv_get(txns[i], table, key, &value[i])
                         : what == 1 ? kv_seek(txns[i], table, key, &found[i], &value[i])
                         : what == 2 ? kv_next(txns[i], table, key, &found[i], &value[i])
                         : what == 3 ? kv_put(txns[i], table, key, fresh)
                                     : kv_delete(txns[i], table, key);
            }
            assert_int_equal(err[0], err[1]);
            assert_true(span_eq(found[0], found[1]));
            assert_true(span_eq(value[0], value[1]));
        }
        for (int i = 0; i < 2; i++)
            if (keep)
                assert_ok(kv_commit(txns[i]));
            else
                kv_abort(txns[i]);
        if (round % 10 == 0) {
            kv_close(kvs[0]);
            kvs[0] = open_one(true);
        }
    }
    kv_close(kvs[0]);
    kv_close(kvs[1]);
    test_env_clear(&t);
}

static void the_map_grows_by_itself(void **state)
{
    (void)state;
    static uint8_t value[1u << 20];
    struct kv *kv = open_one(true);
    struct kv_txn *txn;
    struct span got;
    for (uint32_t n = 0; n < 60;) { /* 60 MB into a map of 16 */
        enum err err = OK;
        assert_ok(kv_begin(kv, true, &txn));
        uint32_t end = n + 20;
        for (uint32_t i = n; i < end && err == OK; i++)
            err = kv_put(txn, 0, span_of(&i, sizeof i), SPAN_ARRAY(value));
        if (err == OK)
            err = kv_commit(txn);
        else
            kv_abort(txn);
        assert_true(err == OK || err == ERR_FULL);
        n = err == OK ? end : n;
    }
    kv_close(kv);
    kv = open_one(true);
    assert_ok(kv_begin(kv, false, &txn));
    for (uint32_t i = 0; i < 60; i++)
        assert_ok(kv_get(txn, 0, span_of(&i, sizeof i), &got));
    assert_err(kv_put(txn, 0, SPAN_LIT("a"), SPAN_LIT("b")), ERR_ARGUMENT);
    kv_close(kv); /* ends the transaction, too */
}

static void refuses_a_second_opening(void **state)
{
    (void)state;
    struct kv *kv = open_one(true), *other;
    assert_err(kv_open_lmdb(&other, folder, tables), ERR_LOCKED);
    kv_close(kv);
}

#define UNIT(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(disk_and_memory_agree),
        UNIT(the_map_grows_by_itself),
        UNIT(refuses_a_second_opening),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
