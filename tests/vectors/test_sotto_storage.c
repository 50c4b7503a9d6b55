/* docs/protocol/storage.md, byte for byte. */
#include "node/chat/vault/vault_chunk.h"
#include "tests/lib/json.h"

#include <stdlib.h>

static struct arena arena;
static const struct json *file;

static struct span hex(const struct json *o, const char *key)
{
    return json_hex(&arena, o, key);
}

/* A ring with one known key. */
static struct keyring *ring_of(struct span name, struct span secret)
{
    struct keyring *ring;
    assert_int_equal(secret.len, KEYRING_SECRET_BYTES);
    assert_ok(keyring_new(&ring));
    assert_ok(keyring_add(ring, name, KEYRING_SECRET, KEYRING_MAY_DERIVE, secret.ptr));
    return ring;
}

/* A vault that has its secret and nothing else. */
static struct vault *vault_up(void)
{
    struct vault *v = calloc(1, sizeof *v);
    assert_non_null(v);
    v->ring = ring_of(SPAN_LIT("vault"), hex(file, "secret"));
    assert_ok(keyring_open(v->ring, SPAN_LIT("vault"), KEYRING_MAY_DERIVE, &v->secret));
    return v;
}

static int set_up(void **state)
{
    arena_init(&arena, 4u << 20);
    file = json_load(&arena, "tests/vectors/sotto/storage.json");
    *state = vault_up();
    return 0;
}

static int tear_down(void **state)
{
    vault_drop(*state);
    arena_clear(&arena);
    return 0;
}

static void give_salt(void *state, uint8_t *out, size_t len)
{
    const struct span *salt = state;
    assert_int_equal(len, salt->len);
    memcpy(out, salt->ptr, len);
}

static void names(void **state)
{
    const struct vault *v = *state;
    uint8_t check[VAULT_NAME_BYTES];
    size_t count = 0;
    vault_check_of(v, check);
    assert_span_equal(SPAN_ARRAY(check), hex(file, "check"));
    for (JSON_EACH(c, json_get(file, "names"))) {
        struct vault_name name;
        assert_ok(vault_name_of(v, (enum vault_table)json_u64(c, "table"), hex(c, "key"), &name));
        assert_span_equal(SPAN_ARRAY(name.bytes), hex(c, "name"));
        count++;
    }
    assert_int_equal(count, 3);
}

static void values(void **state)
{
    const struct vault *v = *state;
    size_t count = 0;
    for (JSON_EACH(c, json_get(file, "values"))) {
        struct span salt = hex(c, "salt"), own = hex(c, "own"), sealed = hex(c, "sealed");
        struct rng rng = {give_salt, &salt};
        struct buf out = BUF_INIT(4096);
        struct vault_name name;
        memcpy(name.bytes, hex(c, "name").ptr, sizeof name.bytes);
        const uint8_t *key = own.len == 0 ? NULL : own.ptr;
        assert_ok(vault_seal(v, &name, key, &rng, hex(c, "plain"), &out));
        assert_span_equal(buf_span(&out), sealed);
        buf_reset(&out);
        assert_ok(vault_unseal(v, &name, key, sealed, &out));
        assert_span_equal(buf_span(&out), hex(c, "plain"));
        name.bytes[0] ^= 1;
        assert_err(vault_unseal(v, &name, key, sealed, NULL), ERR_CORRUPT);
        buf_clear(&out);
        count++;
    }
    assert_int_equal(count, 4);
}

static void wraps(void **state)
{
    (void)state;
    size_t count = 0;
    for (JSON_EACH(c, json_get(file, "wraps"))) {
        uint8_t wrap[VAULT_WRAP_BYTES], own[WIPE_KEY_BYTES];
        struct vault_name name;
        memcpy(name.bytes, hex(c, "name").ptr, sizeof name.bytes);
        assert_ok(vault_wrap(hex(c, "wipe_key").ptr, &name, hex(c, "own").ptr, wrap));
        assert_span_equal(SPAN_ARRAY(wrap), hex(c, "wrap"));
        assert_ok(vault_unwrap(hex(c, "wipe_key").ptr, &name, SPAN_ARRAY(wrap), own));
        assert_span_equal(SPAN_ARRAY(own), hex(c, "own"));
        count++;
    }
    assert_int_equal(count, 2);
}

static void slots(void **state)
{
    (void)state;
    const struct json *c = json_get(file, "slot");
    uint8_t bytes[WIPE_SLOT_BYTES];
    struct wipe_slot s;
    assert_int_equal(hex(c, "bytes").len, WIPE_SLOT_BYTES);
    assert_ok(wipe_slot_read(&s, hex(c, "bytes").ptr));
    assert_int_equal(s.number, json_u64(c, "number"));
    assert_span_equal(SPAN_ARRAY(s.place), hex(c, "place"));
    assert_span_equal(SPAN_ARRAY(s.keys[0]), hex(c, "key_1"));
    assert_span_equal(SPAN_ARRAY(s.keys[1]), hex(c, "key_2"));
    assert_span_equal(span_of(s.lock, s.lock_len), hex(c, "lock"));
    assert_ok(wipe_slot_write(&s, bytes));
    assert_span_equal(SPAN_ARRAY(bytes), hex(c, "bytes"));
    for (size_t i = 0; i < 8 + 1 + 8 + 16 + 64 + 2 + 573 + 32; i++) { /* each byte is checked */
        bytes[i] ^= 4;
        assert_int_not_equal(wipe_slot_read(&s, bytes), OK);
        bytes[i] ^= 4;
    }
}

static void exports(void **state)
{
    (void)state;
    const struct json *x = json_get(file, "export");
    struct keyring *ring = ring_of(EXPORT_SECRET_NAME, hex(x, "secret"));
    uint8_t key[32];
    assert_ok(export_key(ring, hex(x, "head"), key));
    assert_span_equal(SPAN_ARRAY(key), hex(x, "key"));
    for (JSON_EACH(c, json_get(x, "chunks"))) {
        struct buf out = BUF_INIT(8192);
        struct span bytes = hex(c, "bytes");
        assert_ok(export_chunk_seal(key, json_u64(c, "number"), json_bool(c, "last"),
                                    hex(c, "plain"), &out));
        assert_span_equal(buf_span(&out), bytes);
        buf_reset(&out);
        assert_ok(export_chunk_open(key, json_u64(c, "number"), json_bool(c, "last"),
                                    span_after(bytes, EXPORT_CHUNK_HEAD), &out));
        assert_span_equal(buf_span(&out), hex(c, "plain"));
        buf_clear(&out);
    }
    keyring_free(ring);
}

#define UNIT(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {UNIT(names), UNIT(values), UNIT(wraps), UNIT(slots),
                                       UNIT(exports)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
