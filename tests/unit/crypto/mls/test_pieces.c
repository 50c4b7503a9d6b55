/* The small parts: key multiset, census, codec edges, certificates, tree of many. */
#include "crypto/mls/x509.h"
#include "tests/lib/mls_people.h"

/* -- keyset -- */

static void a_keyset_counts_like_a_list_and_forks_stay_apart(void **state)
{
    struct test_env t;
    struct mls_keyset sets[2] = {{0}, {0}};
    uint32_t counts[2][64] = {{0}};
    (void)state;

    test_env_init(&t, 7);
    for (int step = 0; step < 20000; step++) {
        unsigned which = (unsigned)rng_below(&t.rng, 2), key = (unsigned)rng_below(&t.rng, 64);
        struct span k = span_of(&key, sizeof key);
        if (rng_below(&t.rng, 500) == 0) { /* one becomes a fork of the other */
            mls_keyset_clear(&sets[which]);
            sets[which] = mls_keyset_fork(&sets[!which]);
            memcpy(counts[which], counts[!which], sizeof counts[which]);
        } else if (rng_below(&t.rng, 2) && counts[which][key] > 0) {
            assert_ok(mls_keyset_remove(&sets[which], k));
            counts[which][key]--;
        } else {
            assert_ok(mls_keyset_add(&sets[which], k));
            counts[which][key]++;
        }
        assert_int_equal(mls_keyset_count(&sets[which], k), counts[which][key]);
        uint32_t repeated = 0;
        for (int i = 0; i < 64; i++)
            repeated += counts[which][i] > 1;
        assert_int_equal(sets[which].repeated, repeated);
    }
    for (unsigned which = 0; which < 2; which++)
        for (unsigned key = 0; key < 64; key++)
            assert_int_equal(mls_keyset_count(&sets[which], span_of(&key, sizeof key)),
                             counts[which][key]);
    mls_keyset_clear(&sets[0]);
    mls_keyset_clear(&sets[1]);
    test_env_clear(&t);
}

/* -- codec -- */

static void lengths_take_their_shortest_form(void **state)
{
    static const struct {
        const char *hex;
        bool good;
    } cases[] = {{"00", true},        {"3f", false},       {"4040", false}, {"403f", false},
                 {"80000001", false}, {"80003fff", false}, {"c0", false},   {"4040ff", false}};
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct reader r = reader_of(test_hex(cases[i].hex));
        mls_read_vector(&r);
        assert_int_equal(mls_read_end(&r) == OK, cases[i].good);
    }
    for (size_t len = 0; len < 70000; len += len < 200 || (len > 16300 && len < 16500) ? 1 : 977) {
        struct buf out = BUF_INIT(1 << 20);
        struct writer w = writer_to(&out);
        size_t mark = mls_vector_begin(&w);
        uint8_t *fill;
        assert_ok(buf_extend(&out, len, &fill));
        if (len > 0)
            memset(fill, 5, len);
        mls_vector_end(&w, mark);
        struct reader r = reader_of(buf_span(&out));
        assert_int_equal(mls_read_vector(&r).len, len);
        assert_ok(mls_read_end(&r));
        buf_clear(&out);
    }
}

/* -- certificates -- */

static void a_certificate_must_hold_the_leafs_key(void **state)
{
    /* CN=raya, self-signed Ed25519, made for this test */
    struct span der = test_hex(
        "308201343081e7a0030201020214464a76afc0047b1eccf2f4fcfb8e1aa30aee73aa300506032b657030"
        "0f310d300b06035504030c04726179613020170d3236313132343030323435355a180f32313236313033"
        "313030323435355a300f310d300b06035504030c0472617961302a300506032b657003210043e8c08908"
        "346d71789f2f852b60bb69d607d33251f5e66a61bb2da5b5a6124ba3533051301d0603551d0e04160414"
        "9b875665fc1a61ec3677cf508417e9fb34965a76301f0603551d230418301680149b875665fc1a61ec36"
        "77cf508417e9fb34965a76300f0603551d130101ff040530030101ff300506032b6570034100db4378d3"
        "f5b53d1cd080c94d3ad484209dc439cea178f6d8aaddae2ee8a57ef1362d2564419afc57dd379b921f0d"
        "e280b5cee6f8b3482b6db81cfa4adcb79901");
    struct span key = test_hex("43e8c08908346d71789f2f852b60bb69d607d33251f5e66a61bb2da5b5a6124b");
    struct buf list = BUF_INIT(1 << 16);
    struct writer w = writer_to(&list);
    uint8_t other[32] = {1};
    (void)state;

    mls_write_vector(&w, der);
    assert_ok(mls_x509_check(buf_span(&list), key));
    assert_err(mls_x509_check(buf_span(&list), SPAN_ARRAY(other)),
               mls_fail(MLS_CERTIFICATE_KEY_DIFFERS));
    for (size_t i = 0; i < list.len; i++)
        assert_err(mls_x509_check(span_sub(buf_span(&list), 0, i), key),
                   mls_fail(MLS_CERTIFICATE_KEY_DIFFERS));
    buf_clear(&list);
}

/* -- trees -- */

static struct mls_leaf *leaf_number(struct person *p, uint32_t i)
{
    struct mls_leaf_node content = {.credential = p->client.credential,
                                    .capabilities = mls_capabilities_default(),
                                    .source = MLS_LEAF_KEY_PACKAGE};
    uint8_t key[32] = {0}, sign[32] = {1};
    struct mls_signer signer = p->signer;
    struct mls_leaf *leaf;

    memcpy(key + 8, &i, sizeof i);
    memcpy(sign + 8, &i, sizeof i);
    content.encryption_key = SPAN_ARRAY(key);
    content.signature_key = SPAN_ARRAY(sign);
    assert_ok(mls_leaf_sign(&content, &signer, SPAN_EMPTY, 0, &leaf));
    return leaf;
}

/* Incremental hashes equal those of a tree read from bytes, whatever was done in between. */
static void hashes_kept_are_hashes_computed(void **state)
{
    struct test_env t;
    struct person p;
    struct mls_tree tree, fork = {0}, copy;
    uint8_t a[MLS_HASH_MAX], b[MLS_HASH_MAX], kept[MLS_HASH_MAX];
    uint32_t number = 0, index;
    (void)state;

    test_env_init(&t, 9);
    person_init(&p, mls_suite(3), 1);
    assert_ok(mls_tree_init(&tree, mls_suite(3)));
    for (int step = 0; step < 300; step++) {
        if (mls_tree_members(&tree) < 2 || rng_below(&t.rng, 3) > 0) {
            struct mls_leaf *leaf = leaf_number(&p, number++);
            assert_ok(mls_tree_add(&tree, leaf, &index));
            mls_leaf_unref(leaf);
        } else if (mls_tree_next_member(&tree, (uint32_t)rng_below(&t.rng, tree.leaves), &index)) {
            assert_ok(mls_tree_remove(&tree, index));
            assert_ok(mls_tree_truncate(&tree));
        }
        mls_tree_hash(&tree, a);
        struct buf bytes = BUF_INIT(1 << 20);
        struct writer w = writer_to(&bytes);
        mls_tree_write(&w, &tree);
        assert_ok(mls_tree_read(buf_span(&bytes), mls_suite(3), &copy));
        mls_tree_hash(&copy, b);
        assert_memory_equal(a, b, 32);
        assert_int_equal(copy.leaves, tree.leaves);
        assert_int_equal(mls_tree_free_leaf(&copy), mls_tree_free_leaf(&tree));
        mls_tree_clear(&copy);
        buf_clear(&bytes);
        if (fork.root != NULL) { /* a fork of long ago is still what it was */
            mls_tree_hash(&fork, b);
            assert_memory_equal(kept, b, 32);
        }
        if (step % 50 == 0) {
            if (fork.root != NULL)
                mls_tree_clear(&fork);
            mls_tree_fork(&tree, &fork);
            memcpy(kept, a, sizeof kept);
        }
    }
    mls_tree_clear(&fork);
    mls_tree_clear(&tree);
    person_clear(&p);
    test_env_clear(&t);
}

/* -- bounds of what a stranger may make us count -- */

static void fill_u16s(uint8_t *out, size_t count, size_t from)
{
    for (size_t i = 0; i < count; i++) {
        out[2 * i] = (uint8_t)((from + i) >> 8);
        out[2 * i + 1] = (uint8_t)(from + i);
    }
}

static void a_census_of_hostile_leaves_is_bounded(void **state)
{
    static uint8_t list[2 * (MLS_CAPABILITIES_MAX + 1)];
    struct mls_census c = {0};
    struct mls_leaf_node leaf = {.credential = {.type = 1}};
    enum err err = OK;
    size_t leaves = 0;
    (void)state;

    leaf.capabilities.extensions = SPAN_ARRAY(list); /* one value too many */
    assert_err(mls_census_leaf(&c, &leaf, 1), mls_fail(MLS_TOO_MANY));
    mls_census_clear(&c);
    leaf.capabilities.extensions = span_of(list, 2 * MLS_CAPABILITIES_MAX);
    for (; err == OK && leaves < 128; leaves++) { /* every leaf lists others */
        fill_u16s(list, MLS_CAPABILITIES_MAX, leaves * MLS_CAPABILITIES_MAX);
        err = mls_census_leaf(&c, &leaf, 1);
    }
    assert_err(err, mls_fail(MLS_TOO_MANY));
    assert_int_equal(leaves, MLS_CENSUS_MAX / MLS_CAPABILITIES_MAX);
    mls_census_clear(&c);
}

static void required_capabilities_are_bounded(void **state)
{
    static uint8_t list[2 * (MLS_CAPABILITIES_MAX + 1)];
    struct buf data = BUF_INIT(1 << 16), extensions = BUF_INIT(1 << 16);
    struct writer w = writer_to(&data), e = writer_to(&extensions);
    (void)state;

    mls_write_vector(&w, SPAN_EMPTY);
    mls_write_vector(&w, SPAN_ARRAY(list));
    mls_write_vector(&w, SPAN_EMPTY);
    mls_write_extension(&e, MLS_EXTENSION_REQUIRED_CAPABILITIES, buf_span(&data));
    assert_ok(writer_status(&e));
    assert_err(mls_group_extensions_check(buf_span(&extensions)), mls_fail(MLS_TOO_MANY));
    buf_clear(&data);
    buf_clear(&extensions);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_keyset_counts_like_a_list_and_forks_stay_apart),
        cmocka_unit_test(lengths_take_their_shortest_form),
        cmocka_unit_test(a_certificate_must_hold_the_leafs_key),
        cmocka_unit_test(hashes_kept_are_hashes_computed),
        cmocka_unit_test(a_census_of_hostile_leaves_is_bounded),
        cmocka_unit_test(required_capabilities_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
