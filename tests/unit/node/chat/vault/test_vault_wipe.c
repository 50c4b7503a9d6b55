/* What was deleted opens no more with the files as they are later: on a real LMDB and a real page,
 * whose raw bytes are searched. */
#include "node/chat/vault/vault_inside.h"
#include "node/evio/wipe_file.h"
#include "tests/lib/archive_model.h"
#include "tests/lib/testing.h"

static const char *const tables[] = {VAULT_KV_TABLES};
static const struct keyring_lock lock = {
    .key_file = {(const uint8_t *)"0123456789abcdef0123456789abcdef", 32}};
static char folder[64];

struct disk {
    struct test_env t;
    struct kv *kv;
    struct wipe_disk wipe;
    struct vault *v;
};

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

static void disk_open(struct disk *d, bool create)
{
    assert_ok(kv_open_lmdb(&d->kv, folder, tables));
    assert_ok(wipe_disk_open(&d->wipe, folder));
    assert_ok(create ? vault_create(&d->v, d->kv, &d->wipe.file, &lock, &d->t.env)
                     : vault_open(&d->v, d->kv, &d->wipe.file, &lock, &d->t.env));
}

static void disk_shut(struct disk *d, bool kill)
{
    if (kill)
        vault_drop(d->v);
    else
        vault_close(d->v);
    kv_close(d->kv);
    wipe_disk_close(&d->wipe);
}

static struct span file_bytes(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    fseek(f, 0, SEEK_END);
    size_t len = (size_t)ftell(f);
    rewind(f);
    uint8_t *bytes = malloc(len);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, len, f), len);
    fclose(f);
    return span_of(bytes, len);
}

static void file_put(const char *name, struct span bytes)
{
    char path[128], fresh[140];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    snprintf(fresh, sizeof fresh, "%s.new", path);
    FILE *f = fopen(fresh, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes.ptr, 1, bytes.len, f), bytes.len);
    fclose(f);
    assert_int_equal(rename(fresh, path), 0);
}

static void drop(struct span s)
{
    free((void *)(uintptr_t)s.ptr);
}

static bool holds(struct span where, struct span what)
{
    for (size_t i = 0; i + what.len <= where.len; i++)
        if (memcmp(where.ptr + i, what.ptr, what.len) == 0)
            return true;
    return false;
}

/* Any 32 bytes that stand in `where` as the wipe key. */
static bool opens_with(struct span where, const struct vault_name *name, const uint8_t *wrap)
{
    uint8_t own[WIPE_KEY_BYTES];
    for (size_t i = 0; i + WIPE_KEY_BYTES <= where.len; i++)
        if (vault_unwrap(where.ptr + i, name, span_of(wrap, VAULT_WRAP_BYTES), own) == OK)
            return true;
    return false;
}

static void put(struct disk *d, enum vault_table t, struct span key, struct span value)
{
    vault_begin(d->v);
    assert_ok(vault_put(d->v, t, key, value));
    assert_ok(vault_commit(d->v, &d->t.env));
}

static void wrap_of(struct disk *d, enum vault_table t, struct span key, struct vault_name *name,
                    uint8_t wrap[VAULT_WRAP_BYTES])
{
    struct kv_txn *txn;
    struct span stored;
    assert_ok(vault_name_of(d->v, t, key, name));
    assert_ok(kv_begin(d->kv, false, &txn));
    assert_ok(kv_get(txn, vault_table_spec(t)->domain, SPAN_ARRAY(name->bytes), &stored));
    assert_int_equal(stored.len, VAULT_WRAP_BYTES);
    memcpy(wrap, stored.ptr, stored.len);
    kv_abort(txn);
}

/* How a secret dies: by the deadline, or because the person closes the program, or at the next
 * opening after a kill. */
enum way {
    BY_TICK,
    BY_CLOSE,
    BY_OPEN,
    WAYS
};

static void secrets_die_with_their_wipe_key(void **state)
{
    (void)state;
    const struct span key = SPAN_LIT("conversation 1");
    struct disk d;
    test_env_init(&d.t, 3);
    disk_open(&d, true);
    for (unsigned round = 0; round < 2 * WAYS; round++) {
        enum vault_table t = round % 2 == 0 ? VAULT_T_GROUPS : VAULT_T_ENTRIES;
        uint8_t old_wrap[VAULT_WRAP_BYTES];
        struct vault_name name;
        put(&d, t, key, SPAN_LIT("a chain key that must die"));
        put(&d, t, SPAN_LIT("stays"), SPAN_LIT("alive"));
        wrap_of(&d, t, key, &name, old_wrap);
        struct span page_before = file_bytes("wipe.key"), kv_before = file_bytes("kv.mdb");
        assert_true(opens_with(page_before, &name, old_wrap)); /* the search finds what is there */
        assert_false(opens_with(kv_before, &name, old_wrap));  /* and needs the page */
        vault_begin(d.v);
        if (round % 3 == 0)
            assert_ok(vault_delete(d.v, t, key));
        else
            assert_ok(vault_put(d.v, t, key, SPAN_LIT("its successor")));
        assert_ok(vault_commit(d.v, &d.t.env));
        switch ((enum way)(round / 2)) {
        case BY_TICK:
            test_env_advance(&d.t, (VAULT_WIPE_EVERY_S - 1) * NS_PER_S);
            assert_true(vault_deadline(d.v).ns <= d.t.env.now.ns + NS_PER_S);
            assert_ok(vault_tick(d.v, &d.t.env)); /* not sooner */
            drop(page_before);
            page_before = file_bytes("wipe.key");
            assert_true(opens_with(page_before, &name, old_wrap));
            test_env_advance(&d.t, NS_PER_S);
            assert_ok(vault_tick(d.v, &d.t.env));
            break;
        case BY_CLOSE:
        case BY_OPEN:
            disk_shut(&d, round / 2 == BY_OPEN);
            if (round / 2 == BY_OPEN)
                disk_open(&d, false);
            break;
        case WAYS:
            break;
        }
        struct span page = file_bytes("wipe.key"), kv = file_bytes("kv.mdb");
        assert_false(opens_with(page, &name, old_wrap));
        assert_false(opens_with(kv, &name, old_wrap));
        if (round / 2 == BY_CLOSE)
            disk_open(&d, false);
        struct buf got = BUF_INIT(100);
        assert_ok(vault_get(d.v, t, SPAN_LIT("stays"), &got));
        assert_span_equal(buf_span(&got), SPAN_LIT("alive"));
        buf_clear(&got);
        assert_int_equal(vault_deadline(d.v).ns, MONO_NEVER.ns);
        drop(page);
        drop(kv);
        drop(page_before);
        drop(kv_before);
    }
    disk_shut(&d, false);
    test_env_clear(&d.t);
}

static void no_name_and_no_plaintext_lies_on_the_disk(void **state)
{
    (void)state;
    static const char *const files[] = {"kv.mdb", "wipe.key", "lock"};
    struct disk d;
    test_env_init(&d.t, 4);
    disk_open(&d, true);
    for (unsigned t = 1; t < VAULT_TABLES_COUNT; t++)
        for (unsigned i = 0; i < 40; i++) {
            char key[32], value[64];
            snprintf(key, sizeof key, "raya-%u-%u", t, i);
            snprintf(value, sizeof value, "meet me at the harbour %u", i);
            put(&d, (enum vault_table)t, span_str(key), span_str(value));
        }
    assert_ok(vault_turn(d.v, &d.t.env));
    disk_shut(&d, false);
    for (size_t i = 0; i < 3; i++) {
        struct span bytes = file_bytes(files[i]);
        assert_false(holds(bytes, SPAN_LIT("raya")));
        assert_false(holds(bytes, SPAN_LIT("harbour")));
        assert_false(holds(bytes, SPAN_LIT("VAULT_T")));
        drop(bytes);
    }
    test_env_clear(&d.t);
}

static void a_seldom_deleted_domain_keeps_its_key(void **state)
{
    (void)state;
    struct disk d;
    uint8_t before[WIPE_KEY_BYTES];
    test_env_init(&d.t, 5);
    disk_open(&d, true);
    memcpy(before, d.v->slot.keys[VAULT_ENTRIES - 1], sizeof before);
    put(&d, VAULT_T_ENTRIES, SPAN_LIT("e"), SPAN_LIT("new entries delete nothing"));
    assert_int_equal(vault_deadline(d.v).ns, MONO_NEVER.ns);
    put(&d, VAULT_T_GROUPS, SPAN_LIT("g"), SPAN_LIT("1"));
    put(&d, VAULT_T_GROUPS, SPAN_LIT("g"), SPAN_LIT("2"));
    test_env_advance(&d.t, VAULT_WIPE_EVERY_S * NS_PER_S);
    assert_ok(vault_tick(d.v, &d.t.env));
    assert_memory_equal(before, d.v->slot.keys[VAULT_ENTRIES - 1], sizeof before);
    disk_shut(&d, false);
    test_env_clear(&d.t);
}

/* ---- backups ---- */

static void a_restored_backup_is_noticed(void **state)
{
    (void)state;
    struct disk d;
    test_env_init(&d.t, 6);
    disk_open(&d, true);
    put(&d, VAULT_T_GROUPS, SPAN_LIT("ratchet"), SPAN_LIT("old"));
    put(&d, VAULT_T_LOGS, SPAN_LIT("log"), SPAN_LIT("kept"));
    disk_shut(&d, false);
    struct span kv = file_bytes("kv.mdb"), page = file_bytes("wipe.key");
    disk_open(&d, false);
    assert_int_equal(vault_origin(d.v), VAULT_SAME);
    put(&d, VAULT_T_GROUPS, SPAN_LIT("ratchet"), SPAN_LIT("new"));
    disk_shut(&d, false);

    file_put("kv.mdb", kv); /* the database alone: what it holds of ratchets is dead */
    disk_open(&d, false);
    assert_int_equal(vault_origin(d.v), VAULT_ROLLED_BACK);
    assert_err(vault_get(d.v, VAULT_T_GROUPS, SPAN_LIT("ratchet"), NULL), ERR_NOT_FOUND);
    struct vault_key at = {0};
    assert_err(vault_next(d.v, VAULT_T_GROUPS, SPAN_EMPTY, &at, NULL), ERR_NOT_FOUND);
    assert_ok(vault_get(d.v, VAULT_T_LOGS, SPAN_LIT("log"), NULL));
    disk_shut(&d, false);
    disk_open(&d, false);
    assert_int_equal(vault_origin(d.v), VAULT_ROLLED_BACK); /* until it was dealt with */
    put(&d, VAULT_T_GROUPS, SPAN_LIT("ratchet"), SPAN_LIT("rejoining"));
    put(&d, VAULT_T_GROUPS, SPAN_LIT("ratchet"), SPAN_LIT("rejoined"));
    assert_int_equal(vault_deadline(d.v).ns, MONO_NEVER.ns);
    test_env_advance(&d.t, 2 * VAULT_WIPE_EVERY_S * NS_PER_S);
    assert_ok(vault_tick(d.v, &d.t.env));
    assert_err(vault_relock(d.v, &lock, &lock, &d.t.env), ERR_REFUSED);
    disk_shut(&d, false);
    disk_open(&d, false);
    assert_int_equal(vault_origin(d.v), VAULT_ROLLED_BACK);
    assert_ok(vault_settle(d.v, &d.t.env));
    disk_shut(&d, false);
    disk_open(&d, false);
    assert_int_equal(vault_origin(d.v), VAULT_SAME);
    assert_ok(vault_get(d.v, VAULT_T_GROUPS, SPAN_LIT("ratchet"), NULL));
    disk_shut(&d, false);

    file_put("kv.mdb", kv); /* the whole folder, as it was */
    file_put("wipe.key", page);
    disk_open(&d, false);
    assert_int_equal(vault_origin(d.v), VAULT_COPIED);
    assert_ok(vault_get(d.v, VAULT_T_GROUPS, SPAN_LIT("ratchet"), NULL));
    assert_ok(vault_settle(d.v, &d.t.env));
    disk_shut(&d, false);
    disk_open(&d, false);
    assert_int_equal(vault_origin(d.v), VAULT_SAME);
    disk_shut(&d, false);
    drop(kv);
    drop(page);
    test_env_clear(&d.t);
}

static void a_destroyed_vault_opens_no_more(void **state)
{
    (void)state;
    struct disk d;
    struct vault *v;
    test_env_init(&d.t, 7);
    disk_open(&d, true);
    put(&d, VAULT_T_LOGS, SPAN_LIT("k"), SPAN_LIT("v"));
    assert_ok(vault_destroy(d.v));
    disk_shut(&d, false);
    struct span page = file_bytes("wipe.key");
    for (size_t i = 0; i < page.len; i++)
        assert_int_equal(page.ptr[i], 0);
    drop(page);
    assert_ok(kv_open_lmdb(&d.kv, folder, tables));
    assert_ok(wipe_disk_open(&d.wipe, folder));
    assert_err(vault_open(&v, d.kv, &d.wipe.file, &lock, &d.t.env), ERR_CORRUPT);
    kv_close(d.kv);
    wipe_disk_close(&d.wipe);
    test_env_clear(&d.t);
}

#define UNIT(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(secrets_die_with_their_wipe_key),
        UNIT(no_name_and_no_plaintext_lies_on_the_disk),
        UNIT(a_seldom_deleted_domain_keeps_its_key),
        UNIT(a_restored_backup_is_noticed),
        UNIT(a_destroyed_vault_opens_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
