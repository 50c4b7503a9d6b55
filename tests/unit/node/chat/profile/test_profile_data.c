/* Credentials and group data as bytes. */
#include "node/chat/profile/profile_data.h"
#include "tests/lib/testing.h"

#include <stdlib.h>

/* With SOTTO_CORPUS set the bytes become the seed corpus of fuzz_profile. */
static void keep(const char *name, struct span bytes)
{
    char path[200];
    const char *dir = getenv("SOTTO_CORPUS");
    if (dir == NULL)
        return;
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes.ptr, 1, bytes.len, f), bytes.len);
    (void)fclose(f);
}

static struct profile_data group_data(void)
{
    struct profile_data d = {.type = PROFILE_GROUP, .name = "Garden", .name_len = 6, .policy = 3};
    const uint8_t owner[32] = {9}, admin[32] = {4};
    assert_ok(profile_data_set_role(&d, owner, PROFILE_OWNER));
    assert_ok(profile_data_set_role(&d, admin, PROFILE_ADMIN));
    return d;
}

static void group_data_comes_back_and_its_roles_are_in_order(void **state)
{
    (void)state;
    struct profile_data d = group_data(), got;
    struct buf list = BUF_INIT(8192), bytes = BUF_INIT(8192);

    assert_ok(profile_data_extensions(&d, &list));
    assert_ok(profile_data_find(buf_span(&list), &got));
    assert_true(profile_data_same(&d, &got));
    assert_int_equal(got.roles[0].role, PROFILE_ADMIN); /* account 04.. stands before 09.. */
    assert_int_equal(profile_data_role(&got, (const uint8_t[32]){9}), PROFILE_OWNER);
    assert_int_equal(profile_data_role(&got, (const uint8_t[32]){5}), PROFILE_MEMBER);
    assert_err(profile_data_find(SPAN_EMPTY, &got), ERR_NOT_FOUND);
    assert_ok(profile_data_encode(&d, &bytes));
    keep("data", buf_span(&bytes));

    assert_ok(profile_data_set_role(&d, (const uint8_t[32]){4}, PROFILE_MEMBER));
    assert_false(profile_data_lists(&d, (const uint8_t[32]){4}));
    assert_int_equal(d.roles_count, 1);
    buf_clear(&list);
    buf_clear(&bytes);
}

static void groups_without_an_owner_and_directs_with_a_name_do_not_exist(void **state)
{
    (void)state;
    struct profile_data d = group_data();
    struct buf bytes = BUF_INIT(8192);

    assert_ok(profile_data_set_role(&d, (const uint8_t[32]){9}, PROFILE_MEMBER));
    assert_err(profile_data_encode(&d, &bytes), ERR_ARGUMENT);

    struct profile_data direct = {.type = PROFILE_DIRECT};
    assert_ok(profile_data_set_role(&direct, (const uint8_t[32]){1}, PROFILE_MEMBER));
    assert_err(profile_data_encode(&direct, &bytes), ERR_ARGUMENT); /* with whom? */
    assert_ok(profile_data_set_role(&direct, (const uint8_t[32]){2}, PROFILE_MEMBER));
    assert_ok(profile_data_encode(&direct, &bytes));
    direct.name[0] = 'x';
    direct.name_len = 1;
    assert_err(profile_data_encode(&direct, &bytes), ERR_ARGUMENT);
    buf_clear(&bytes);
}

/* [49, 1, 2, "Garden", 3, roles, [[7, false, aa]]] */
static void what_a_later_version_wrote_survives_a_change_of_the_name(void **state)
{
    (void)state;
    struct profile_data d = group_data(), got;
    struct buf bytes = BUF_INIT(8192), again = BUF_INIT(8192);

    assert_ok(profile_data_encode(&d, &bytes));
    buf_truncate(&bytes, bytes.len - 1); /* the empty extension array */
    assert_ok(buf_append(&bytes, test_hex("91930700c401aa")));
    assert_ok(profile_data_decode(buf_span(&bytes), &got));
    got.name[0] = 'H';
    assert_ok(profile_data_encode(&got, &again));
    assert_span_equal(span_sub(buf_span(&again), again.len - 7, 7), test_hex("91930700c401aa"));

    buf_truncate(&bytes, bytes.len - 7);
    assert_ok(buf_append(&bytes, test_hex("91930701c401aa")));
    assert_err(profile_data_decode(buf_span(&bytes), &got), ERR_UNSUPPORTED);
    buf_clear(&bytes);
    buf_clear(&again);
}

static void a_credential_names_the_key_of_its_leaf(void **state)
{
    (void)state;
    struct profile_credential c = {.account = {1}, .key = {2}, .seq = 300, .head = {3}}, got;
    struct profile_heads h = {.seq = 300, .head = {3}};
    struct buf bytes = BUF_INIT(512), heads = BUF_INIT(512);

    assert_ok(profile_credential_encode(&c, &bytes));
    keep("credential", buf_span(&bytes));
    struct mls_leaf_node leaf = {.credential = {MLS_CREDENTIAL_BASIC, buf_span(&bytes)},
                                 .signature_key = SPAN_ARRAY(c.key)};
    assert_ok(profile_credential_of(&leaf, &got));
    assert_memory_equal(&got, &c, sizeof c);
    leaf.signature_key = SPAN_ARRAY(c.account);
    assert_err(profile_credential_of(&leaf, &got), ERR_FORMAT);
    leaf.signature_key = SPAN_ARRAY(c.key);
    leaf.credential.type = MLS_CREDENTIAL_X509;
    assert_err(profile_credential_of(&leaf, &got), ERR_FORMAT);
    bytes.ptr[2] = 2; /* version */
    assert_err(profile_credential_decode(buf_span(&bytes), &got), ERR_UNSUPPORTED);
    assert_ok(profile_heads_encode(&h, &heads));
    keep("heads", buf_span(&heads));
    buf_clear(&bytes);
    buf_clear(&heads);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(group_data_comes_back_and_its_roles_are_in_order),
        cmocka_unit_test(groups_without_an_owner_and_directs_with_a_name_do_not_exist),
        cmocka_unit_test(what_a_later_version_wrote_survives_a_change_of_the_name),
        cmocka_unit_test(a_credential_names_the_key_of_its_leaf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
