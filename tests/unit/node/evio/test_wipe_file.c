#include "node/evio/wipe_file.h"
#include "tests/lib/archive_model.h"
#include "tests/lib/testing.h"

static char folder[64];

static int set_up(void **state)
{
    (void)state;
    model_folder(folder);
    return mkdir(folder, 0700) == 0 || access(folder, W_OK) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    model_folder_remove(folder);
    return 0;
}

static void path_of(const char *name, char out[128])
{
    snprintf(out, 128, "%s/%s", folder, name);
}

static void what_was_overwritten_is_gone_from_the_file(void **state)
{
    (void)state;
    struct wipe_disk w;
    uint8_t page[WIPE_PAGE_BYTES], place[WIPE_PLACE_BYTES], again[WIPE_PLACE_BYTES];
    uint8_t raw[2 * WIPE_PAGE_BYTES];
    char path[128];
    struct stat st, later;

    path_of("wipe.key", path);
    assert_ok(wipe_disk_open(&w, folder));
    assert_err(w.file.read(w.file.state, page, place), ERR_NOT_FOUND);
    assert_ok(w.file.write_sync(w.file.state, WIPE_SLOT_BYTES, SPAN_LIT("a secret that must die")));
    assert_ok(w.file.read(w.file.state, page, place));
    assert_memory_equal(page + WIPE_SLOT_BYTES, "a secret", 8);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(st.st_size, WIPE_PAGE_BYTES);
    wipe_disk_close(&w);

    assert_ok(wipe_disk_open(&w, folder));
    assert_ok(w.file.write_sync(w.file.state, WIPE_SLOT_BYTES, SPAN_LIT("zzzzzzzzzzzzzzzzzzzzzz")));
    assert_ok(w.file.read(w.file.state, page, again));
    assert_memory_equal(place, again, sizeof place);
    wipe_disk_close(&w);

    /* the same file and blocks, and no trace */
    assert_int_equal(stat(path, &later), 0);
    assert_int_equal(later.st_ino, st.st_ino);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fread(raw, 1, sizeof raw, f), WIPE_PAGE_BYTES);
    fclose(f);
    for (size_t i = 0; i + 8 <= WIPE_PAGE_BYTES; i++)
        assert_memory_not_equal(raw + i, "a secret", 8);
}

static void a_copy_has_another_place(void **state)
{
    (void)state;
    struct wipe_disk w;
    uint8_t page[WIPE_PAGE_BYTES], place[WIPE_PLACE_BYTES], other[WIPE_PLACE_BYTES];
    char path[128], copy[128];

    path_of("wipe.key", path);
    path_of("copy", copy);
    assert_ok(wipe_disk_open(&w, folder));
    assert_ok(w.file.write_sync(w.file.state, 0, SPAN_LIT("x")));
    assert_ok(w.file.read(w.file.state, page, place));
    wipe_disk_close(&w);
    FILE *f = fopen(copy, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(page, 1, sizeof page, f), sizeof page);
    fclose(f);
    assert_int_equal(rename(copy, path), 0); /* as a restored backup */
    assert_ok(wipe_disk_open(&w, folder));
    assert_ok(w.file.read(w.file.state, page, other));
    assert_memory_not_equal(place, other, sizeof place);
    wipe_disk_close(&w);
}

static void what_is_no_file_of_ours_is_refused(void **state)
{
    (void)state;
    struct wipe_disk w;
    char path[128], target[128];

    path_of("wipe.key", path);
    path_of("target", target);
    assert_int_equal(symlink(target, path), 0);
    assert_err(wipe_disk_open(&w, folder), ERR_IO);
    assert_int_equal(unlink(path), 0);
    FILE *f = fopen(target, "wb");
    assert_non_null(f);
    fclose(f);
    assert_int_equal(link(target, path), 0);
    assert_err(wipe_disk_open(&w, folder), ERR_IO);
}

#define UNIT(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(what_was_overwritten_is_gone_from_the_file),
        UNIT(a_copy_has_another_place),
        UNIT(what_is_no_file_of_ours_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
