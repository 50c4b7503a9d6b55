/* The ordered ids against a plain array, and with a million of them. */
#include "net/sync/ids.h"
#include "tests/lib/testing.h"

#include <stdlib.h>
#include <time.h>

static const uint8_t seed[16] = {3};
static uint64_t z;

static uint64_t next(void)
{
    uint64_t x = z += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static struct sync_id random_id(uint64_t span)
{
    struct sync_id id = SYNC_ID_AT((int64_t)(next() % span));
    for (size_t i = 0; i < 4; i++) {
        uint64_t v = next();
        memcpy(id.hash + 8 * i, &v, 8);
    }
    return id;
}

static struct ids_view view_of(const struct ids *ids)
{
    struct ids_view v = {0};
    for (size_t i = 0; i < ids->sets_count; i++)
        v.sets[v.sets_count++] = &ids->sets[i];
    return v;
}

struct plain {
    struct sync_id id;
    uint16_t shard;
    uint64_t content;
};

static void expect(const struct ids *ids, const struct ids_view *v, const struct plain *all,
                   size_t n, struct sync_id from, struct sync_id to)
{
    uint8_t sum[32], want[32] = {0};
    size_t count, wanted = 0, walked = 0, set;
    (void)ids;
    for (size_t i = 0; i < n; i++) {
        bool meant = v->contents_count == 0 || v->contents[0] == all[i].content;
        if (!meant || sync_id_cmp(&all[i].id, &from) < 0 || sync_id_cmp(&all[i].id, &to) >= 0)
            continue;
        for (size_t k = 0; k < 32; k++)
            want[k] ^= all[i].id.hash[k];
        wanted++;
    }
    ids_fingerprint(v, &from, &to, sum, &count);
    assert_int_equal(count, wanted);
    assert_memory_equal(sum, want, 32);
    struct ids_cursor c;
    const struct sync_id *at;
    struct sync_id last = SYNC_ID_AT(INT64_MIN);
    for (ids_walk(&c, v, &from, &to); (at = ids_peek(&c, &set)) != NULL; ids_next(&c, set)) {
        assert_true(sync_id_cmp(&last, at) < 0);
        last = *at;
        walked++;
    }
    assert_int_equal(walked, wanted);
}

static void as_a_plain_array(void **state)
{
    static struct plain all[4000];
    (void)state;
    for (unsigned narrow = 0; narrow < 2; narrow++) {
        struct ids ids;
        uint64_t span = narrow ? 50 : 1000000;
        ids_init(&ids, seed, SYNC_IDS_MAX);
        for (size_t i = 0; i < 4000; i++) {
            all[i] = (struct plain){random_id(span), (uint16_t)(next() % 5), next() % 3};
            assert_ok(ids_add(&ids, all[i].shard, all[i].content, &all[i].id));
            assert_err(ids_add(&ids, all[i].shard, all[i].content, &all[i].id), ERR_EXISTS);
        }
        struct ids_view v = view_of(&ids);
        for (int i = 0; i < 60; i++) {
            struct sync_id a = random_id(span), b = random_id(span);
            v.contents_count = i % 3 == 0;
            v.contents[0] = 1;
            if (sync_id_cmp(&a, &b) < 0)
                expect(&ids, &v, all, 4000, a, b);
        }
        v.contents_count = 0;
        expect(&ids, &v, all, 4000, SYNC_ID_AT(0), SYNC_ID_AT(INT64_MAX));
        ids_clear(&ids);
    }
}

static void pruning_forgets_what_is_older(void **state)
{
    struct ids ids;
    (void)state;
    ids_init(&ids, seed, SYNC_IDS_MAX);
    for (int i = 0; i < 3000; i++) {
        struct sync_id id = SYNC_ID_AT(i);
        assert_ok(ids_add(&ids, (uint16_t)(i % 2), 0, &id));
    }
    ids_prune(&ids, 1001);
    assert_int_equal(ids.count, 1999);
    struct ids_view v = view_of(&ids);
    uint8_t sum[32];
    size_t count;
    ids_fingerprint(&v, &SYNC_ID_AT(0), &SYNC_ID_AT(1500), sum, &count);
    assert_int_equal(count, 499);
    assert_err(ids_add(&ids, 0, 0, &SYNC_ID_AT(1000)), ERR_NOT_FOUND);
    assert_err(ids_add(&ids, 1, 0, &SYNC_ID_AT(1001)), ERR_EXISTS);
    ids_clear(&ids);
}

static void at_the_bound_the_oldest_go(void **state)
{
    struct ids ids;
    (void)state;
    ids_init(&ids, seed, 1000);
    for (int i = 0; i < 5000; i++) {
        struct sync_id id = SYNC_ID_AT(i);
        assert_ok(ids_add(&ids, (uint16_t)(i % 3), 0, &id));
        assert_true(ids.count <= 1000);
    }
    assert_true(ids.count > 200);
    assert_true(ids.floor_ns > 4000 && ids.floor_ns < 5000);
    assert_true(ids_has(&ids, 4999 % 3, &SYNC_ID_AT(4999)));
    ids_clear(&ids);
}

static void cuts_are_even_and_ascend(void **state)
{
    struct ids ids;
    int64_t cuts[8];
    uint8_t sum[32];
    size_t count;
    (void)state;
    ids_init(&ids, seed, SYNC_IDS_MAX);
    for (int i = 0; i < 8000; i++) { /* bursts: most in a thousandth of the time */
        struct sync_id id = random_id(1000);
        id.time_ns = i < 400 ? (int64_t)(next() % 1000000) : 500000 + id.time_ns;
        (void)!ids_add(&ids, (uint16_t)(i % 8), 0, &id);
    }
    struct ids_view v = view_of(&ids);
    struct sync_id from = SYNC_ID_AT(0), to = SYNC_ID_AT(1000000);
    size_t n = ids_cut(&v, &from, &to, 8, cuts);
    assert_int_equal(n, 7);
    for (size_t i = 0; i <= n; i++) {
        struct sync_id end = i == n ? to : SYNC_ID_AT(cuts[i]);
        assert_true(sync_id_cmp(&from, &end) < 0);
        ids_fingerprint(&v, &from, &end, sum, &count);
        assert_in_range(count, 600, 1500);
        from = end;
    }
    ids_clear(&ids);

    /* one time at the front of a range, one other: told apart; a single time: not */
    ids_init(&ids, seed, SYNC_IDS_MAX);
    for (int i = 0; i < 100; i++) {
        struct sync_id id = random_id(1);
        id.time_ns = i == 99 ? 50 : 10;
        assert_ok(ids_add(&ids, 0, 0, &id));
    }
    v = view_of(&ids);
    assert_int_equal(ids_cut(&v, &SYNC_ID_AT(10), &SYNC_ID_AT(60), 8, cuts), 1);
    assert_int_equal(cuts[0], 11);
    assert_int_equal(ids_cut(&v, &SYNC_ID_AT(10), &SYNC_ID_AT(11), 8, cuts), 0);
    ids_clear(&ids);
}

static void a_million_ids(void **state)
{
    struct ids ids;
    uint8_t sum[32];
    size_t count;
    (void)state;
    ids_init(&ids, seed, SYNC_IDS_MAX);
    for (int i = 0; i < 1000000; i++) {
        struct sync_id id = random_id(1000);
        id.time_ns = (int64_t)i * 1000 - id.time_ns * 2; /* nearly in order */
        if (id.time_ns < 0)
            id.time_ns = 0;
        (void)!ids_add(&ids, (uint16_t)(i % 8), 0, &id);
    }
    assert_int_equal(ids.count, 1000000);
    size_t chunks = 0;
    for (size_t i = 0; i < ids.sets_count; i++)
        chunks += ids.sets[i].chunks_count;
    assert_true(chunks * sizeof(struct ids_chunk) < 100000000);
    struct ids_view v = view_of(&ids);
    clock_t begin = clock();
    for (int i = 0; i < 1000; i++)
        ids_fingerprint(&v, &SYNC_ID_AT(i), &SYNC_ID_AT(1000000000 - i), sum, &count);
    double us = (double)(clock() - begin) / CLOCKS_PER_SEC * 1000;
    print_message("%zu MB, a range of a million in %.0f us\n",
                  chunks * sizeof(struct ids_chunk) / 1000000, us);
    assert_true(us < 5000);
    ids_clear(&ids);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_a_plain_array),
        cmocka_unit_test(pruning_forgets_what_is_older),
        cmocka_unit_test(at_the_bound_the_oldest_go),
        cmocka_unit_test(cuts_are_even_and_ascend),
        cmocka_unit_test(a_million_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
