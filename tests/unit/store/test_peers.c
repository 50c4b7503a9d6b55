/* The table of remembered peers, on disk and in memory. */
#include "store/peers.h"
#include "tests/lib/archive_model.h"
#include "tests/lib/testing.h"

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

static struct peer_table *open_one(bool disk)
{
    struct peer_table *t;
    assert_ok(disk ? peer_table_open_lmdb(&t, folder) : peer_table_open_mem(&t));
    return t;
}

struct seen {
    char text[1024];
    size_t len;
};

static enum err note(void *ctx, struct span id, struct span record)
{
    struct seen *s = ctx;
    if (record.ptr[0] == '!')
        return ERR_FORMAT;
    s->len += (size_t)snprintf(s->text + s->len, sizeof s->text - s->len, "%.*s=%.*s ", (int)id.len,
                               (const char *)id.ptr, (int)record.len, (const char *)record.ptr);
    return OK;
}

static void holds(struct peer_table *t, const char *wanted, size_t wanted_skipped)
{
    struct seen s = {.len = 0};
    size_t loaded, skipped;
    assert_ok(peer_table_load(t, note, &s, &loaded, &skipped));
    assert_string_equal(s.text, wanted);
    assert_int_equal(skipped, wanted_skipped);
}

static void save(struct peer_table *t, const char *const *pairs)
{
    struct peer_rows rows = {0};
    for (; *pairs != NULL; pairs += 2)
        assert_ok(peer_rows_add(&rows, span_str(pairs[0]), span_str(pairs[1])));
    assert_ok(peer_table_save(t, &rows));
    peer_rows_clear(&rows);
}

static void a_save_makes_the_table_equal_to_its_rows(void **state)
{
    (void)state;
    for (int disk = 0; disk < 2; disk++) {
        struct peer_table *t = open_one(disk);
        holds(t, "", 0);
        save(t, (const char *[]){"b", "two", "a", "one", NULL});
        holds(t, "a=one b=two ", 0);
        save(t, (const char *[]){"b", "zwei", "c", "!", "d", "four", NULL});
        holds(t, "b=zwei d=four ", 1); /* what is refused costs itself alone */
        if (disk) {
            peer_table_close(t);
            t = open_one(true);
            holds(t, "b=zwei d=four ", 1);
        }
        save(t, (const char *[]){NULL});
        holds(t, "", 0);
        peer_table_close(t);
    }
}

static void rows_are_bounded(void **state)
{
    struct peer_rows rows = {0};
    uint8_t big[PEER_TABLE_RECORD_MAX + 1] = {1};
    char id[16];
    (void)state;
    assert_err(peer_rows_add(&rows, SPAN_EMPTY, SPAN_LIT("x")), ERR_ARGUMENT);
    assert_err(peer_rows_add(&rows, SPAN_LIT("x"), SPAN_EMPTY), ERR_ARGUMENT);
    assert_err(peer_rows_add(&rows, SPAN_LIT("x"), SPAN_ARRAY(big)), ERR_ARGUMENT);
    assert_ok(peer_rows_add(&rows, SPAN_LIT("x"), span_of(big, sizeof big - 1)));
    for (unsigned i = 1; i < PEER_TABLE_ROWS_MAX; i++) {
        snprintf(id, sizeof id, "%u", i);
        assert_ok(peer_rows_add(&rows, span_str(id), SPAN_LIT("x")));
    }
    assert_err(peer_rows_add(&rows, SPAN_LIT("y"), SPAN_LIT("x")), ERR_FULL);
    struct peer_table *t = open_one(true);
    assert_ok(peer_table_save(t, &rows));
    peer_table_close(t);
    peer_rows_clear(&rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_save_makes_the_table_equal_to_its_rows, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(rows_are_bounded, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
