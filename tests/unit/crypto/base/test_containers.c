#include "crypto/base/fifo.h"
#include "crypto/base/heap.h"
#include "crypto/base/map.h"
#include "crypto/base/siphash.h"
#include "tests/lib/testing.h"

static const uint8_t seed[16] = {1, 2, 3};

static void siphash_agrees_with_the_reference_vector(void **state)
{
    (void)state;
    uint8_t key[16], in[15];
    for (uint8_t i = 0; i < 16; i++)
        key[i] = i;
    for (uint8_t i = 0; i < 15; i++)
        in[i] = i;
    assert_true(siphash(key, SPAN_ARRAY(in)) == 0xa129ca6149be45e5u); /* the paper's appendix A */
}

static void map_keeps_what_was_put_and_iterates_in_insertion_order(void **state)
{
    (void)state;
    struct map m;
    static uint32_t values[1000];
    map_init(&m, seed, 1000);
    for (uint32_t i = 0; i < 1000; i++) {
        values[i] = i;
        uint8_t long_key[40] = {0};
        memcpy(long_key, &i, 4);
        assert_ok(map_put(&m, span_of(long_key, i % 2 ? 40 : 4), &values[i]));
    }
    uint32_t extra = 5000;
    assert_err(map_put(&m, MAP_KEY(extra), &extra), ERR_FULL);
    uint32_t two = 2;
    assert_err(map_put(&m, MAP_KEY(two), &two), ERR_EXISTS);
    for (uint32_t i = 0; i < 1000; i += 4)
        assert_ptr_equal(map_take(&m, MAP_KEY(i)), &values[i]);
    assert_null(map_get(&m, MAP_KEY((uint32_t){4})));
    assert_int_equal(map_count(&m), 750);

    size_t cursor = 0, seen = 0;
    uint32_t last = 0, *v;
    while ((v = map_next(&m, &cursor, NULL)) != NULL) {
        assert_true(*v > last || seen == 0);
        last = *v;
        seen++;
    }
    assert_int_equal(seen, 750);
    for (uint32_t i = 0; i < 1000; i += 4) /* room again, through a rebuild */
        assert_ok(map_put(&m, MAP_KEY(i), &values[i]));
    assert_int_equal(map_count(&m), 1000);
    map_clear(&m);
    assert_null(map_get(&m, MAP_KEY(two)));
}

struct timer {
    struct heap_node node;
    int key;
};

static bool sooner(const struct heap_node *a, const struct heap_node *b)
{
    const struct timer *x = (const void *)a, *y = (const void *)b;
    return x->key != y->key ? x->key < y->key : x < y;
}

static void heap_gives_the_least_first_after_removals_and_changes(void **state)
{
    (void)state;
    struct test_env t;
    struct heap h;
    static struct timer timers[500];
    test_env_init(&t, 7);
    heap_init(&h, sooner);
    for (size_t i = 0; i < 500; i++) {
        timers[i].key = (int)rng_below(&t.rng, 1000);
        assert_ok(heap_insert(&h, &timers[i].node));
    }
    for (size_t i = 0; i < 500; i += 3)
        heap_remove(&h, &timers[i].node);
    heap_remove(&h, &timers[0].node); /* in no heap: nothing happens */
    for (size_t i = 1; i < 500; i += 3) {
        timers[i].key = (int)rng_below(&t.rng, 1000);
        heap_moved(&h, &timers[i].node);
    }
    int last = -1, count = 0;
    struct heap_node *n;
    while ((n = heap_peek(&h)) != NULL) {
        struct timer *least = CONTAINER_OF(n, struct timer, node);
        assert_true(least->key >= last);
        last = least->key;
        heap_remove(&h, n);
        count++;
    }
    assert_int_equal(count, 333);
    heap_clear(&h);
    test_env_clear(&t);
}

static void fifo_is_bounded_and_keeps_order(void **state)
{
    (void)state;
    struct fifo f;
    int v, next_in = 0, next_out = 0;
    fifo_init(&f, sizeof(int), 10);
    for (int round = 0; round < 20; round++) {
        while (fifo_count(&f) < 10) {
            assert_ok(fifo_push(&f, &next_in));
            next_in++;
        }
        assert_err(fifo_push(&f, &next_in), ERR_FULL);
        for (int i = 0; i < 7; i++) {
            assert_true(fifo_pop(&f, &v));
            assert_int_equal(v, next_out++);
        }
    }
    next_out--;
    assert_ok(fifo_push_front(&f, &next_out)); /* what was popped last is the oldest again */
    assert_int_equal(*(int *)fifo_peek(&f), next_out);
    fifo_clear(&f);
    assert_false(fifo_pop(&f, &v));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(siphash_agrees_with_the_reference_vector),
        cmocka_unit_test(map_keeps_what_was_put_and_iterates_in_insertion_order),
        cmocka_unit_test(heap_gives_the_least_first_after_removals_and_changes),
        cmocka_unit_test(fifo_is_bounded_and_keeps_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
