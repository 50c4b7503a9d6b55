#include "node/chat/vault/vault.h"
#include "store/kv_ops.h"
#include "tests/lib/testing.h"
#include "tests/lib/wipe_memory.h"

#include <stdlib.h>

static const char *const tables[] = {VAULT_KV_TABLES};
static const struct keyring_lock lock = {
    .key_file = {(const uint8_t *)"0123456789abcdef0123456789abcdef", 32}};

struct bench {
    struct test_env t;
    struct kv *kv;
    struct wipe_memory wipe;
    struct vault *v;
};

static void bench_up(struct bench *b)
{
    test_env_init(&b->t, 5);
    assert_ok(kv_open_mem(&b->kv, tables));
    wipe_memory_init(&b->wipe);
    assert_err(vault_exists(b->kv), ERR_NOT_FOUND);
    assert_ok(vault_create(&b->v, b->kv, &b->wipe.file, &lock, &b->t.env));
    assert_ok(vault_exists(b->kv));
}

static void bench_reopen(struct bench *b)
{
    vault_drop(b->v);
    assert_ok(vault_open(&b->v, b->kv, &b->wipe.file, &lock, &b->t.env));
}

static void bench_down(struct bench *b)
{
    vault_close(b->v);
    kv_close(b->kv);
    test_env_clear(&b->t);
}

static void put(struct bench *b, enum vault_table t, struct span key, struct span value)
{
    vault_begin(b->v);
    assert_ok(vault_put(b->v, t, key, value));
    assert_ok(vault_commit(b->v, &b->t.env));
}

static void assert_value(struct bench *b, enum vault_table t, struct span key, struct span wanted)
{
    struct buf got = BUF_INIT(VAULT_VALUE_BYTES_MAX);
    assert_ok(vault_get(b->v, t, key, &got));
    assert_span_equal(buf_span(&got), wanted);
    buf_clear(&got);
}

static void a_step_is_seen_inside_and_kept_by_commit(void **state)
{
    (void)state;
    struct bench b;
    bench_up(&b);
    for (unsigned t = 1; t < VAULT_TABLES_COUNT; t++) { /* each kind of table */
        enum vault_table table = (enum vault_table)t;
        vault_begin(b.v);
        assert_ok(vault_put(b.v, table, SPAN_LIT("raya"), SPAN_LIT("one")));
        assert_value(&b, table, SPAN_LIT("raya"), SPAN_LIT("one"));
        vault_abort(b.v);
        assert_err(vault_get(b.v, table, SPAN_LIT("raya"), NULL), ERR_NOT_FOUND);
        put(&b, table, SPAN_LIT("raya"), SPAN_LIT("two"));
        put(&b, table, SPAN_LIT("empty"), SPAN_EMPTY);
        bench_reopen(&b);
        assert_value(&b, table, SPAN_LIT("raya"), SPAN_LIT("two"));
        assert_value(&b, table, SPAN_LIT("empty"), SPAN_EMPTY);
        vault_begin(b.v);
        assert_ok(vault_delete(b.v, table, SPAN_LIT("raya")));
        assert_err(vault_get(b.v, table, SPAN_LIT("raya"), NULL), ERR_NOT_FOUND);
        assert_err(vault_delete(b.v, table, SPAN_LIT("raya")), ERR_NOT_FOUND);
        vault_abort(b.v);
        assert_value(&b, table, SPAN_LIT("raya"), SPAN_LIT("two"));
        vault_begin(b.v);
        assert_ok(vault_delete(b.v, table, SPAN_LIT("raya")));
        assert_ok(vault_commit(b.v, &b.t.env));
        bench_reopen(&b);
        assert_err(vault_get(b.v, table, SPAN_LIT("raya"), NULL), ERR_NOT_FOUND);
    }
    bench_down(&b);
}

static void bounds_are_errors(void **state)
{
    (void)state;
    static uint8_t large[VAULT_VALUE_BYTES_MAX + 1];
    uint8_t key[VAULT_KEY_BYTES_MAX + 1] = {0};
    struct bench b;
    bench_up(&b);
    vault_begin(b.v);
    assert_err(vault_put(b.v, VAULT_T_LOGS, SPAN_EMPTY, SPAN_LIT("x")), ERR_ARGUMENT);
    assert_err(vault_put(b.v, VAULT_T_LOGS, SPAN_ARRAY(key), SPAN_LIT("x")), ERR_ARGUMENT);
    assert_err(vault_put(b.v, VAULT_T_LOGS, SPAN_LIT("k"), SPAN_ARRAY(large)), ERR_ARGUMENT);
    for (uint8_t i = 0; i < 3; i++)
        assert_ok(
            vault_put(b.v, VAULT_T_LOGS, span_of(&i, 1), span_of(large, VAULT_VALUE_BYTES_MAX)));
    assert_ok(
        vault_put(b.v, VAULT_T_LOGS, SPAN_LIT("k"), span_of(large, VAULT_VALUE_BYTES_MAX / 2)));
    assert_err(vault_put(b.v, VAULT_T_LOGS, SPAN_LIT("l"), span_of(large, VAULT_VALUE_BYTES_MAX)),
               ERR_FULL);
    assert_ok(vault_commit(b.v, &b.t.env));
    assert_value(&b, VAULT_T_LOGS, SPAN_LIT("k"), span_of(large, VAULT_VALUE_BYTES_MAX / 2));
    bench_down(&b);
}

/* ---- order ---- */

#define MODEL 3000u

static struct span model_key(uint32_t n, uint8_t out[12])
{
    uint32_t mixed = n * 2654435761u;
    memset(out, 'k', 12);
    for (size_t i = 0; i < 4; i++)
        out[3 + i] = (uint8_t)(mixed >> 8 * (3 - i));
    out[0] = (uint8_t)(n % 3); /* three prefixes */
    return span_of(out, 4 + n % 9);
}

static int by_key(const void *a, const void *b)
{
    const struct vault_key *x = a, *y = b;
    return span_cmp(span_of(x->bytes, x->len), span_of(y->bytes, y->len));
}

static void assert_order(struct bench *b, const struct vault_key *model, size_t count,
                         struct span prefix)
{
    struct vault_key at = {0};
    size_t first = 0, last;
    while (first < count && !span_starts(span_of(model[first].bytes, model[first].len), prefix))
        first++;
    last = first;
    while (last < count && span_starts(span_of(model[last].bytes, model[last].len), prefix)) {
        assert_ok(vault_next(b->v, VAULT_T_ENTRIES, prefix, &at, NULL));
        assert_span_equal(span_of(at.bytes, at.len), span_of(model[last].bytes, model[last].len));
        last++;
    }
    assert_err(vault_next(b->v, VAULT_T_ENTRIES, prefix, &at, NULL), ERR_NOT_FOUND);
    at.len = 0;
    while (last-- > first) {
        assert_ok(vault_prev(b->v, VAULT_T_ENTRIES, prefix, &at, NULL));
        assert_span_equal(span_of(at.bytes, at.len), span_of(model[last].bytes, model[last].len));
    }
    assert_err(vault_prev(b->v, VAULT_T_ENTRIES, prefix, &at, NULL), ERR_NOT_FOUND);
}

static void ordered_tables_step_both_ways(void **state)
{
    (void)state;
    static struct vault_key model[MODEL];
    static bool gone[MODEL];
    size_t count = 0;
    uint8_t key[12];
    struct bench b;
    bench_up(&b);
    assert_order(&b, model, 0, SPAN_EMPTY);
    vault_begin(b.v);
    for (uint32_t i = 0; i < MODEL; i++) {
        struct span k = model_key(i, key);
        if (vault_get(b.v, VAULT_T_ENTRIES, k, NULL) == ERR_NOT_FOUND) {
            model[count].len = (uint8_t)k.len;
            memcpy(model[count++].bytes, k.ptr, k.len);
        }
        assert_ok(vault_put(b.v, VAULT_T_ENTRIES, k, k));
        if (i % 500 == 499) {
            assert_ok(vault_commit(b.v, &b.t.env));
            vault_begin(b.v);
        }
    }
    vault_abort(b.v);
    bench_reopen(&b);
    qsort(model, count, sizeof model[0], by_key);
    assert_order(&b, model, count, SPAN_EMPTY);
    for (uint8_t p = 0; p < 4; p++)
        assert_order(&b, model, count, span_of(&p, 1));
    vault_begin(b.v);
    for (size_t i = 0; i < count; i++)
        if ((gone[i] = i > 100 && i % 40 != 0))
            assert_ok(vault_delete(b.v, VAULT_T_ENTRIES, span_of(model[i].bytes, model[i].len)));
    assert_ok(vault_commit(b.v, &b.t.env));
    size_t left = 0;
    for (size_t i = 0; i < count; i++)
        if (!gone[i])
            model[left++] = model[i];
    assert_order(&b, model, left, SPAN_EMPTY);
    vault_begin(b.v);
    for (size_t i = 0; i < left; i++)
        assert_ok(vault_delete(b.v, VAULT_T_ENTRIES, span_of(model[i].bytes, model[i].len)));
    assert_order(&b, model, 0, SPAN_EMPTY);
    assert_ok(vault_put(b.v, VAULT_T_ENTRIES, SPAN_LIT("again"), SPAN_EMPTY));
    assert_ok(vault_commit(b.v, &b.t.env));
    assert_value(&b, VAULT_T_ENTRIES, SPAN_LIT("again"), SPAN_EMPTY);
    bench_down(&b);
}

/* ---- locks ---- */

static void a_passphrase_opens_and_changes(void **state)
{
    (void)state;
    struct bench b;
    const struct scrypt_cost cheap = {4, 8, 1};
    const struct keyring_lock raya = {.passphrase = SPAN_LIT("raya"), .cost = cheap};
    const struct keyring_lock other = {.passphrase = SPAN_LIT("other"), .cost = cheap};
    struct vault *v;
    uint8_t before[WIPE_PAGE_BYTES];
    bench_up(&b);
    put(&b, VAULT_T_SECRETS, SPAN_LIT("k"), SPAN_LIT("v"));
    assert_err(vault_create(&v, b.kv, &b.wipe.file, &lock, &b.t.env), ERR_EXISTS);
    assert_err(vault_relock(b.v,
                            &(struct keyring_lock){.key_file = SPAN_LIT("zzzzzzzzzzzzzzzzzzz"
                                                                        "zzzzzzzzzzzzzzzzz")},
                            &raya, &b.t.env),
               ERR_AUTH);
    assert_ok(vault_relock(b.v, &lock, &raya, &b.t.env));
    memcpy(before, b.wipe.page, sizeof before);
    assert_ok(vault_relock(b.v, &raya, &other, &b.t.env));
    vault_close(b.v);
    b.v = NULL;
    assert_err(vault_open(&v, b.kv, &b.wipe.file, &lock, &b.t.env), ERR_ARGUMENT);
    assert_err(vault_open(&v, b.kv, &b.wipe.file, &raya, &b.t.env), ERR_AUTH);
    assert_ok(vault_open(&b.v, b.kv, &b.wipe.file, &other, &b.t.env));
    assert_value(&b, VAULT_T_SECRETS, SPAN_LIT("k"), SPAN_LIT("v"));
    /* nothing of the old lock is left in the page */
    for (size_t i = 0; i + 32 <= WIPE_PAGE_BYTES; i += 32)
        for (size_t j = 100; j < 700; j += 32)
            assert_memory_not_equal(b.wipe.page + i, before + WIPE_SLOT_BYTES + j, 32);
    bench_down(&b);
}

static void another_vaults_page_is_refused(void **state)
{
    (void)state;
    struct bench a, b;
    struct vault *v;
    bench_up(&a);
    bench_up(&b);
    uint8_t differs[16];
    rng_fill(b.t.env.rng, differs, sizeof differs); /* the two benches have one seed */
    vault_drop(b.v);
    kv_close(b.kv);
    assert_ok(kv_open_mem(&b.kv, tables));
    assert_ok(vault_create(&b.v, b.kv, &b.wipe.file, &lock, &b.t.env));
    assert_err(vault_open(&v, a.kv, &b.wipe.file, &lock, &a.t.env), ERR_CORRUPT);
    b.wipe.there = false;
    assert_err(vault_open(&v, b.kv, &b.wipe.file, &lock, &b.t.env), ERR_CORRUPT);
    bench_down(&a);
    bench_down(&b);
}

static void a_ring_is_one_value(void **state)
{
    (void)state;
    struct bench b;
    struct keyring *ring, *again;
    struct keyring_key *x, *y;
    bench_up(&b);
    assert_ok(keyring_new(&ring));
    assert_ok(keyring_draw(ring, b.t.env.rng, SPAN_LIT("root"), KEYRING_ED25519, KEYRING_MAY_SIGN));
    vault_begin(b.v);
    assert_ok(vault_put_ring(b.v, &b.t.env, SPAN_LIT("account"), ring));
    assert_ok(vault_commit(b.v, &b.t.env));
    bench_reopen(&b);
    assert_err(vault_get_ring(b.v, SPAN_LIT("none"), &again), ERR_NOT_FOUND);
    assert_ok(vault_get_ring(b.v, SPAN_LIT("account"), &again));
    assert_ok(keyring_open(ring, SPAN_LIT("root"), KEYRING_MAY_SIGN, &x));
    assert_ok(keyring_open(again, SPAN_LIT("root"), KEYRING_MAY_SIGN, &y));
    assert_true(keyring_same(x, y));
    keyring_close(x);
    keyring_close(y);
    keyring_free(ring);
    keyring_free(again);
    bench_down(&b);
}

/* ---- generations ---- */

static void a_generation_is_never_given_twice(void **state)
{
    (void)state;
    struct bench b;
    struct span name = SPAN_LIT("conversation and epoch");
    uint64_t last = 0, got;
    bench_up(&b);
    assert_ok(vault_generation(b.v, &b.t.env, name, &got));
    assert_int_equal(got, 0);
    for (unsigned round = 0; round < 200; round++) {
        bool in_step = rng_below(&b.t.rng, 2) == 0;
        uint64_t given = last; /* the highest of this round */
        if (in_step)
            vault_begin(b.v);
        for (uint64_t n = rng_below(&b.t.rng, 40); n > 0; n--) {
            assert_ok(vault_generation(b.v, &b.t.env, name, &got));
            assert_true(got > given);
            given = got;
        }
        if (!in_step || rng_below(&b.t.rng, 2) == 0) {
            last = given; /* may have left */
            if (in_step)
                assert_ok(vault_commit(b.v, &b.t.env));
        } else {
            vault_abort(b.v); /* what it gave has not left */
        }
        if (rng_below(&b.t.rng, 3) == 0)
            bench_reopen(&b);
    }
    vault_begin(b.v);
    assert_ok(vault_generation_end(b.v, name));
    assert_ok(vault_commit(b.v, &b.t.env));
    bench_down(&b);
}

static void thirty_two_generations_cost_one_write(void **state)
{
    (void)state;
    struct bench b;
    struct vault *v;
    uint64_t got;
    bench_up(&b);
    for (unsigned i = 0; i < VAULT_RESERVED; i++)
        assert_ok(vault_generation(b.v, &b.t.env, SPAN_LIT("g"), &got));
    assert_int_equal(got, VAULT_RESERVED - 1);
    assert_ok(vault_open(&v, b.kv, &b.wipe.file, &lock, &b.t.env));
    assert_ok(vault_generation(v, &b.t.env, SPAN_LIT("g"), &got));
    assert_int_equal(got, VAULT_RESERVED);
    vault_drop(v);
    bench_down(&b);
}

/* ---- disks that fail ---- */

static const struct kv_ops *sound;
static int commits_fail;
static enum err commit_error;

static enum err failing_commit(struct kv_txn *txn)
{
    if (commits_fail == 0)
        return sound->commit(txn);
    commits_fail--;
    sound->abort(txn);
    return commit_error;
}

static void a_step_outlives_a_full_disk(void **state)
{
    (void)state;
    struct bench b;
    bench_up(&b);
    sound = b.kv->ops;
    struct kv_ops ops = *sound;
    ops.commit = failing_commit;
    b.kv->ops = &ops;
    vault_begin(b.v);
    assert_ok(vault_put(b.v, VAULT_T_OUTBOX, SPAN_LIT("k"), SPAN_LIT("v")));
    commits_fail = 2;
    commit_error = ERR_DISK_FULL;
    assert_err(vault_commit(b.v, &b.t.env), ERR_DISK_FULL);
    assert_err(vault_commit(b.v, &b.t.env), ERR_DISK_FULL);
    assert_true(vault_in_step(b.v));
    assert_value(&b, VAULT_T_OUTBOX, SPAN_LIT("k"), SPAN_LIT("v"));
    assert_ok(vault_commit(b.v, &b.t.env));
    commits_fail = 3; /* the map has grown: run again, inside */
    commit_error = ERR_FULL;
    put(&b, VAULT_T_OUTBOX, SPAN_LIT("k"), SPAN_LIT("w"));
    assert_int_equal(commits_fail, 0);
    commits_fail = 1; /* a turn fails, and is tried again a minute later */
    commit_error = ERR_DISK_FULL;
    test_env_advance(&b.t, VAULT_WIPE_EVERY_S * NS_PER_S);
    assert_err(vault_tick(b.v, &b.t.env), ERR_DISK_FULL);
    assert_value(&b, VAULT_T_OUTBOX, SPAN_LIT("k"), SPAN_LIT("w"));
    assert_int_equal(vault_deadline(b.v).ns, b.t.env.now.ns + 60 * NS_PER_S);
    test_env_advance(&b.t, 60 * NS_PER_S);
    assert_ok(vault_tick(b.v, &b.t.env));
    assert_int_equal(vault_deadline(b.v).ns, MONO_NEVER.ns);
    bench_reopen(&b);
    assert_value(&b, VAULT_T_OUTBOX, SPAN_LIT("k"), SPAN_LIT("w"));
    bench_down(&b);
}

static void a_torn_page_costs_nothing(void **state)
{
    (void)state;
    struct bench b;
    bench_up(&b);
    for (unsigned round = 0; round < 20; round++) {
        uint8_t value[1] = {(uint8_t)round};
        put(&b, VAULT_T_GROUPS, SPAN_LIT("k"), SPAN_ARRAY(value));
        b.wipe.writes_left = (int)(round % 2); /* the new slot, or the zeros over the old */
        assert_err(vault_turn(b.v, &b.t.env), ERR_IO);
        b.wipe.writes_left = -1;
        assert_value(&b, VAULT_T_GROUPS, SPAN_LIT("k"), SPAN_ARRAY(value));
        if (round % 4 > 1) {
            bench_reopen(&b);
        } else { /* the tick does the rest, once */
            test_env_advance(&b.t, 60 * NS_PER_S);
            assert_ok(vault_tick(b.v, &b.t.env));
            assert_int_equal(vault_deadline(b.v).ns, MONO_NEVER.ns);
        }
        assert_int_equal(vault_origin(b.v), VAULT_SAME);
        assert_value(&b, VAULT_T_GROUPS, SPAN_LIT("k"), SPAN_ARRAY(value));
    }
    bench_down(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_is_seen_inside_and_kept_by_commit),
        cmocka_unit_test(bounds_are_errors),
        cmocka_unit_test(ordered_tables_step_both_ways),
        cmocka_unit_test(a_passphrase_opens_and_changes),
        cmocka_unit_test(another_vaults_page_is_refused),
        cmocka_unit_test(a_ring_is_one_value),
        cmocka_unit_test(a_generation_is_never_given_twice),
        cmocka_unit_test(thirty_two_generations_cost_one_write),
        cmocka_unit_test(a_step_outlives_a_full_disk),
        cmocka_unit_test(a_torn_page_costs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
