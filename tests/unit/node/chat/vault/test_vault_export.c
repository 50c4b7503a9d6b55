#include "node/chat/vault/vault_chunk.h"
#include "tests/lib/testing.h"
#include "tests/lib/wipe_memory.h"

static const char *const tables[] = {VAULT_KV_TABLES};
static const struct keyring_lock lock = {
    .key_file = {(const uint8_t *)"0123456789abcdef0123456789abcdef", 32}};
static const struct keyring_lock raya = {.passphrase = {(const uint8_t *)"raya", 4},
                                         .cost = {4, 8, 1}};

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
    assert_ok(vault_create(&b->v, b->kv, &b->wipe.file, &lock, &b->t.env));
}

static void bench_down(struct bench *b)
{
    vault_close(b->v);
    kv_close(b->kv);
    test_env_clear(&b->t);
}

static struct span value_of(unsigned t, unsigned i, uint8_t *room)
{
    size_t len = i == 7 ? 300000 : 200 + i;
    for (size_t k = 0; k < len; k++)
        room[k] = (uint8_t)(t * 31 + i + k);
    return span_of(room, len);
}

#define ROWS 60u

static void fill(struct bench *b)
{
    static uint8_t room[300000];
    vault_begin(b->v);
    for (unsigned t = 1; t < VAULT_TABLES_COUNT; t++)
        for (unsigned i = 0; i < ROWS; i++) {
            uint8_t key[3] = {(uint8_t)i, (uint8_t)t, 'k'};
            assert_ok(vault_put(b->v, (enum vault_table)t, SPAN_ARRAY(key), value_of(t, i, room)));
        }
    assert_ok(vault_commit(b->v, &b->t.env));
}

static void export_all(struct bench *b, enum vault_export_what what, struct buf *out)
{
    struct vault_export *x;
    enum err err = OK;
    assert_ok(vault_export_new(&x, b->v, what, &raya, &b->t.env));
    while (err == OK) {
        size_t before = out->len;
        err = vault_export_next(x, out);
        assert_true(out->len - before <= VAULT_PART_BYTES_MAX);
    }
    assert_err(err, ERR_NOT_FOUND);
    vault_export_free(x);
}

/* Feed `in` in pieces of `step` bytes; how many records came, each checked. */
static enum err import_all(struct span in, const struct keyring_lock *key, size_t step,
                           size_t *records)
{
    static uint8_t room[300000];
    struct vault_import *x;
    struct vault_record r;
    enum err err = OK;

    *records = 0;
    assert_ok(vault_import_new(&x, key));
    while (err == OK && in.len > 0) {
        struct span piece = span_sub(in, 0, step < in.len ? step : in.len), rest = piece;
        err = vault_import_feed(x, &rest);
        in = span_after(in, piece.len - rest.len);
        while (vault_import_poll(x, &r)) {
            assert_int_equal(r.key.len, 3);
            assert_int_equal(r.key.ptr[1], r.table);
            assert_span_equal(r.value, value_of(r.table, r.key.ptr[0], room));
            ++*records;
        }
    }
    if (err == OK)
        err = vault_import_end(x);
    vault_import_free(x);
    return err;
}

static size_t exported_tables(void)
{
    size_t n = 0;
    for (unsigned t = 1; t < VAULT_TABLES_COUNT; t++)
        n += vault_table_spec((enum vault_table)t)->export == VAULT_EXPORTED;
    return n;
}

static void a_history_comes_back_without_keys(void **state)
{
    (void)state;
    struct buf out = BUF_INIT(64u << 20);
    struct bench b;
    size_t n;
    bench_up(&b);
    fill(&b);
    export_all(&b, VAULT_EXPORT_HISTORY, &out);
    assert_ok(import_all(buf_span(&out), &raya, SIZE_MAX, &n));
    assert_int_equal(n, ROWS * exported_tables());
    assert_ok(import_all(buf_span(&out), &raya, 1000, &n));
    assert_int_equal(n, ROWS * exported_tables());
    for (enum vault_table t = 1; t < VAULT_TABLES_COUNT; t++)
        if (vault_table_spec(t)->domain == VAULT_RATCHETS)
            assert_int_equal(vault_table_spec(t)->export, VAULT_STAYS);
    buf_clear(&out);
    bench_down(&b);
}

static void a_device_comes_whole_and_its_source_stands_still(void **state)
{
    (void)state;
    struct buf out = BUF_INIT(64u << 20);
    struct vault_export *x;
    struct bench b;
    size_t n;
    bench_up(&b);
    fill(&b);
    export_all(&b, VAULT_EXPORT_DEVICE, &out);
    assert_ok(import_all(buf_span(&out), &raya, 65536, &n));
    assert_int_equal(n, ROWS * (VAULT_TABLES_COUNT - 1));
    assert_ok(vault_export_new(&x, b.v, VAULT_EXPORT_DEVICE, &raya, &b.t.env));
    vault_begin(b.v);
    assert_ok(vault_put(b.v, VAULT_T_LOGS, SPAN_LIT("k"), SPAN_LIT("v")));
    assert_err(vault_commit(b.v, &b.t.env), ERR_REFUSED);
    vault_export_free(x);
    assert_ok(vault_commit(b.v, &b.t.env)); /* the person has thought better of it */
    buf_clear(&out);
    bench_down(&b);
}

static void an_empty_vault_is_a_stream_too(void **state)
{
    (void)state;
    struct buf out = BUF_INIT(1u << 20);
    struct bench b;
    size_t n;
    bench_up(&b);
    export_all(&b, VAULT_EXPORT_HISTORY, &out);
    assert_ok(import_all(buf_span(&out), &raya, 1, &n));
    assert_int_equal(n, 0);
    buf_clear(&out);
    bench_down(&b);
}

static void what_was_cut_joined_or_changed_is_refused(void **state)
{
    (void)state;
    struct buf out = BUF_INIT(64u << 20), other = BUF_INIT(64u << 20);
    const struct keyring_lock wrong = {.passphrase = SPAN_LIT("other")};
    struct bench b;
    size_t n, head;
    bench_up(&b);
    fill(&b);
    export_all(&b, VAULT_EXPORT_HISTORY, &out);
    struct span all = buf_span(&out);
    head = EXPORT_HEAD_FIXED + (size_t)(all.ptr[10] << 8 | all.ptr[11]);
    size_t chunk = EXPORT_CHUNK_HEAD + VAULT_CHUNK_BYTES + 16;
    assert_true(all.len > head + 3 * chunk);

    assert_err(import_all(all, &wrong, SIZE_MAX, &n), ERR_AUTH);
    assert_err(import_all(all, &lock, SIZE_MAX, &n), ERR_ARGUMENT);
    for (size_t len = 0; len < all.len; len += len < head ? 97 : 30011)
        assert_err(import_all(span_sub(all, 0, len), &raya, SIZE_MAX, &n), ERR_MORE);
    assert_err(import_all(span_sub(all, 0, head + 2 * chunk), &raya, SIZE_MAX, &n), ERR_MORE);

    assert_ok(buf_append(&other, all)); /* behind its end */
    assert_ok(buf_append(&other, SPAN_LIT("x")));
    assert_err(import_all(buf_span(&other), &raya, SIZE_MAX, &n), ERR_FORMAT);
    buf_truncate(&other, all.len);
    for (size_t i = 0; i < chunk; i++) { /* two chunks change places */
        other.ptr[head + i] = all.ptr[head + chunk + i];
        other.ptr[head + chunk + i] = all.ptr[head + i];
    }
    assert_err(import_all(buf_span(&other), &raya, SIZE_MAX, &n), ERR_AUTH);
    memcpy(other.ptr, all.ptr, all.len);
    other.ptr[head] = 1; /* called the last */
    assert_err(import_all(buf_span(&other), &raya, SIZE_MAX, &n), ERR_AUTH);
    memcpy(other.ptr, all.ptr, all.len);
    other.ptr[9] = VAULT_EXPORT_DEVICE; /* called a device */
    assert_err(import_all(buf_span(&other), &raya, SIZE_MAX, &n), ERR_AUTH);
    other.ptr[9] = 3;
    assert_err(import_all(buf_span(&other), &raya, SIZE_MAX, &n), ERR_UNSUPPORTED);
    memcpy(other.ptr, all.ptr, all.len);
    for (size_t i = 0; i < all.len; i += i < head + 8 ? 13 : 50021) {
        other.ptr[i] ^= 0x40;
        assert_int_not_equal(import_all(buf_span(&other), &raya, SIZE_MAX, &n), OK);
        other.ptr[i] ^= 0x40;
    }
    buf_clear(&out);
    buf_clear(&other);
    bench_down(&b);
}

/* ---- an author who knows the passphrase ---- */

static enum err forged(struct bench *b, struct span plain)
{
    struct buf out = BUF_INIT(1u << 20), sealed = BUF_INIT(EXPORT_LOCK_MAX);
    struct keyring *ring;
    uint8_t key[32], fixed[EXPORT_HEAD_FIXED] = "sottoexp\1\1";
    size_t n;

    assert_ok(keyring_new(&ring));
    assert_ok(
        keyring_draw(ring, b->t.env.rng, EXPORT_SECRET_NAME, KEYRING_SECRET, KEYRING_MAY_DERIVE));
    assert_ok(keyring_seal(ring, b->t.env.rng, &raya, &sealed));
    fixed[10] = (uint8_t)(sealed.len >> 8);
    fixed[11] = (uint8_t)sealed.len;
    assert_ok(buf_append(&out, SPAN_ARRAY(fixed)));
    assert_ok(buf_append(&out, buf_span(&sealed)));
    assert_ok(export_key(ring, buf_span(&out), key));
    assert_ok(export_chunk_seal(key, 0, true, plain, &out));
    enum err err = import_all(buf_span(&out), &raya, SIZE_MAX, &n);
    keyring_free(ring);
    buf_clear(&sealed);
    buf_clear(&out);
    return err;
}

static void a_forged_record_is_refused(void **state)
{
    (void)state;
    struct bench b;
    bench_up(&b);
    assert_ok(forged(&b, test_hex("00")));
    assert_err(forged(&b, test_hex("02 01 61 00000000 00")), ERR_FORMAT); /* VAULT_T_RING */
    assert_err(forged(&b, test_hex("ff 01 61 00000000 00")), ERR_UNSUPPORTED);
    assert_err(forged(&b, test_hex("03 00 00000000 00")), ERR_FORMAT);
    assert_err(forged(&b, test_hex("03 01 61 7fffffff 00")), ERR_FORMAT);
    assert_err(forged(&b, test_hex("00 03")), ERR_FORMAT);
    assert_err(forged(&b, test_hex("03 01 61 00000009 00")), ERR_MORE);
    bench_down(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_history_comes_back_without_keys),
        cmocka_unit_test(a_device_comes_whole_and_its_source_stands_still),
        cmocka_unit_test(an_empty_vault_is_a_stream_too),
        cmocka_unit_test(what_was_cut_joined_or_changed_is_refused),
        cmocka_unit_test(a_forged_record_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
