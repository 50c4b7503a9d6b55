/* Parked payloads: found again when their key appears, and bounded whatever comes. */
#include "node/chat/envelope/parked.h"
#include "tests/lib/testing.h"

#define TOPIC SPAN_LIT("/sotto/1/b07/bin")

static struct parked *fresh(void)
{
    static const uint8_t seed[16];
    struct parked *p;
    assert_ok(parked_new(&p, seed));
    return p;
}

static struct envelope_keys keys_of(uint8_t n)
{
    struct envelope_keys k;
    memset(k.header, n, sizeof k.header);
    memset(k.body, n + 100, sizeof k.body);
    return k;
}

static void park(struct parked *p, struct test_env *t, uint8_t key, size_t len)
{
    static const uint8_t zeros[ENVELOPE_BYTES_MAX];
    struct envelope_keys k = keys_of(key);
    struct buf b = BUF_INIT(ENVELOPE_BYTES_MAX);
    assert_ok(envelope_seal(&k, t->env.rng, TOPIC, span_of(zeros, len), &b));
    assert_ok(parked_add(p, &t->env, 7, 1, buf_span(&b), false));
    assert_ok(parked_add(p, &t->env, 7, 1, buf_span(&b), false)); /* once */
    buf_clear(&b);
}

static void a_payload_waits_until_its_key_appears(void **state)
{
    (void)state;
    struct test_env t;
    struct parked_item it;
    struct buf content = BUF_INIT(ENVELOPE_BYTES_MAX);
    test_env_init(&t, 1);
    struct parked *p = fresh();
    for (uint8_t i = 0; i < 30; i++)
        park(p, &t, i % 3, 100u + i);
    assert_int_equal(parked_count(p), 30);
    struct envelope_keys k = keys_of(2);
    size_t opened = 0;
    for (uint64_t cursor = 0; parked_next(p, k.header, &cursor, &it); opened++) {
        assert_ok(envelope_open(&k, TOPIC, it.payload, &content));
        assert_int_equal(content.len, 102 + 3 * opened); /* oldest first */
        assert_int_equal(it.bucket, 7);
        parked_take(p, it.number);
    }
    assert_int_equal(opened, 10);
    assert_int_equal(parked_count(p), 20);
    uint64_t again = 0;
    assert_false(parked_next(p, k.header, &again, &it));
    parked_free(p);
    buf_clear(&content);
    test_env_clear(&t);
}

/* Those alone that were opened before. */
static void what_waits_for_an_epoch_is_found_again(void **state)
{
    (void)state;
    struct test_env t;
    struct parked_item it;
    test_env_init(&t, 1);
    struct parked *p = fresh();
    for (uint8_t i = 0; i < 30; i++)
        park(p, &t, i % 3, 100u + i);
    struct envelope_keys k = keys_of(2);
    uint64_t cursor = 0;
    assert_false(parked_again(p, k.header, false, &cursor, &it));
    cursor = 0;
    assert_true(parked_next(p, k.header, &cursor, &it));
    assert_true(parked_next(p, k.header, &cursor, &it));
    uint64_t second = it.number;
    parked_known(p, second);
    parked_known(p, second);
    cursor = 0;
    assert_true(parked_again(p, k.header, false, &cursor, &it));
    assert_int_equal(it.number, second);
    assert_false(parked_again(p, k.header, false, &cursor, &it));
    parked_take(p, second);
    parked_known(p, second);
    cursor = 0;
    assert_false(parked_again(p, k.header, false, &cursor, &it));
    parked_free(p);
    test_env_clear(&t);
}

static void after_seven_days_it_is_gone(void **state)
{
    (void)state;
    struct test_env t;
    struct parked_item it;
    struct envelope_keys k = keys_of(1);
    uint64_t cursor = 0;
    test_env_init(&t, 2);
    struct parked *p = fresh();
    assert_int_equal(parked_deadline(p).ns, MONO_NEVER.ns);
    park(p, &t, 1, 100);
    test_env_advance(&t, 604799 * NS_PER_S);
    parked_tick(p, &t.env);
    park(p, &t, 1, 100);
    assert_int_equal(parked_count(p), 2);
    test_env_advance(&t, 2 * NS_PER_S);
    assert_true(parked_deadline(p).ns <= t.env.now.ns);
    parked_tick(p, &t.env);
    assert_int_equal(parked_count(p), 1);
    assert_true(parked_next(p, k.header, &cursor, &it));
    parked_free(p);
    test_env_clear(&t);
}

static void a_flood_costs_bounded_memory(void **state)
{
    (void)state;
    static uint8_t payload[ENVELOPE_BYTES_MAX];
    struct test_env t;
    test_env_init(&t, 3);
    struct parked *p = fresh();
    assert_err(parked_add(p, &t.env, 0, 0, span_of(payload, 511), false), ERR_ARGUMENT);
    for (uint32_t i = 0; i < 600; i++) {
        memcpy(payload, &i, sizeof i);
        assert_ok(parked_add(p, &t.env, 0, 0, SPAN_ARRAY(payload), false));
        assert_true(parked_bytes(p) <= PARKED_BYTES_MAX);
    }
    assert_int_equal(parked_count(p), 512); /* the newest */
    parked_free(p);
    test_env_clear(&t);
}

/* Three tries or an hour; what comes again at the same instant is no try. */
static void what_lacks_something_is_tried_a_few_times(void **state)
{
    (void)state;
    struct test_env t;
    struct parked_item it;
    uint64_t cursor = 0;
    test_env_init(&t, 1);
    struct parked *p = fresh();
    struct envelope_keys k = keys_of(1);
    park(p, &t, 1, 100);
    park(p, &t, 1, 200);
    assert_true(parked_next(p, k.header, &cursor, &it));
    assert_false(it.lacks || parked_is_lacking(p, it.payload));
    assert_int_equal(parked_lacks(p, &t.env, it.payload), PARKED_LACKS_FIRST);
    assert_true(parked_is_lacking(p, it.payload));
    assert_int_equal(parked_lacks(p, &t.env, it.payload), PARKED_LACKS);
    cursor = 0;
    assert_false(parked_again(p, k.header, false, &cursor, &it));
    for (unsigned i = 1; i <= PARKED_TRIES_MAX; i++) {
        cursor = 0;
        assert_true(parked_again(p, k.header, true, &cursor, &it) && it.lacks);
        t.env.now.ns += NS_PER_S;
        assert_int_equal(parked_lacks(p, &t.env, it.payload),
                         i < PARKED_TRIES_MAX ? PARKED_LACKS : PARKED_LACKS_VAIN);
    }
    parked_take(p, it.number);
    cursor = 0;
    assert_true(parked_next(p, k.header, &cursor, &it));
    assert_int_equal(parked_lacks(p, &t.env, it.payload), PARKED_LACKS_FIRST);
    t.env.now.ns += PARKED_LACKS_S * NS_PER_S;
    assert_int_equal(parked_lacks(p, &t.env, it.payload), PARKED_LACKS_VAIN);
    parked_free(p);
    test_env_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_payload_waits_until_its_key_appears),
        cmocka_unit_test(what_waits_for_an_epoch_is_found_again),
        cmocka_unit_test(after_seven_days_it_is_gone),
        cmocka_unit_test(a_flood_costs_bounded_memory),
        cmocka_unit_test(what_lacks_something_is_tried_a_few_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
