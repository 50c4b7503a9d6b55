#include "node/evio/token_file.h"
#include "tests/lib/archive_model.h"
#include "tests/lib/testing.h"

static void a_token_is_made_once_and_only_for_its_owner(void **state)
{
    (void)state;
    struct test_env t;
    char folder[64], path[96], other[96], token[TOKEN_TEXT_BYTES], again[TOKEN_TEXT_BYTES];
    struct stat st;
    test_env_init(&t, 1);
    model_folder(folder);
    snprintf(path, sizeof path, "%s/token", folder);
    snprintf(other, sizeof other, "%s/other", folder);
    assert_ok(token_file(path, &t.rng, token));
    assert_int_equal(strlen(token), TOKEN_TEXT_BYTES - 1);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_ok(token_file(path, &t.rng, again));
    assert_string_equal(token, again);
    assert_int_equal(symlink("token", other), 0);
    assert_err(token_file(other, &t.rng, again), ERR_REFUSED);
    assert_int_equal(chmod(path, 0644), 0);
    assert_err(token_file(path, &t.rng, again), ERR_REFUSED);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(truncate(path, 63), 0);
    assert_err(token_file(path, &t.rng, again), ERR_FORMAT);
    model_folder_remove(folder);
    test_env_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_made_once_and_only_for_its_owner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
