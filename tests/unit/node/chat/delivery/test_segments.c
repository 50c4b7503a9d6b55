/* Segments: any enough of them make the file, and nobody else's make anything. */
#include "node/chat/delivery/segments.h"
#include "tests/lib/testing.h"

#include <stdlib.h>

#define FILE_MAX (16u << 20)

static struct buf file_of(struct test_env *t, size_t bytes)
{
    struct buf file = BUF_INIT(FILE_MAX);
    uint8_t *at;
    assert_ok(buf_extend(&file, bytes, &at));
    rng_fill(t->env.rng, at, bytes);
    return file;
}

static struct segments *cut(const struct buf *file, struct segments **collector)
{
    struct segments *s;
    uint8_t hash[32], root[32];
    assert_ok(segments_cut(buf_span(file), &s));
    segments_announce(s, hash, root);
    assert_ok(segments_collect(file->len, hash, root, collector));
    return s;
}

static void give(struct segments *from, struct segments *to, size_t i, enum err wanted)
{
    struct buf b = BUF_INIT(70000);
    assert_ok(segments_write(from, i, &b));
    assert_true(b.len <= 65499); /* the content of a 64 KiB envelope */
    assert_err(segments_take(to, buf_span(&b)), wanted);
    buf_clear(&b);
}

static void any_enough_segments_make_the_file(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 64, 5000, 65024, 65025, 8 * 65024, 20 * 65024 + 7, 5000000};
    struct test_env t;
    test_env_init(&t, 1);
    for (size_t n = 0; n < sizeof sizes / sizeof *sizes; n++) {
        struct buf file = file_of(&t, sizes[n]), back = BUF_INIT(FILE_MAX);
        struct segments *c, *s = cut(&file, &c);
        size_t count = segments_count(sizes[n]), data = (sizes[n] + 65023) / 65024;
        assert_int_equal(count, data + (data + 7) / 8);
        for (size_t left = data; left > 0;) { /* at random, until there are enough */
            assert_int_equal(segments_needed(c), left);
            assert_err(segments_file(c, &back), ERR_MORE);
            size_t i = (size_t)rng_below(t.env.rng, count);
            bool had = segments_has(c, i);
            give(s, c, i, had ? ERR_EXISTS : OK);
            left -= !had;
        }
        assert_ok(segments_file(c, &back));
        assert_span_equal(buf_span(&back), buf_span(&file));
        segments_free(s);
        segments_free(c);
        buf_clear(&file);
        buf_clear(&back);
    }
    test_env_clear(&t);
}

static void a_large_file_has_groups_and_each_bears_its_losses(void **state)
{
    (void)state;
    struct test_env t;
    test_env_init(&t, 2);
    size_t bytes = 226 * 65024 + 1; /* 224 + 28, 3 + 1 */
    struct buf file = file_of(&t, bytes), back = BUF_INIT(FILE_MAX);
    struct segments *c, *s = cut(&file, &c);
    assert_int_equal(segments_count(bytes), 256);
    for (size_t i = 28; i < 252; i++) /* the first 28 are lost: all the parity there is */
        give(s, c, i, OK);
    for (size_t i = 253; i < 256; i++)
        give(s, c, i, OK);
    assert_ok(segments_file(c, &back));
    assert_span_equal(buf_span(&back), buf_span(&file));
    segments_free(s);
    segments_free(c);
    buf_clear(&file);
    buf_clear(&back);
    test_env_clear(&t);
}

static void a_segment_that_is_not_the_authors_is_refused(void **state)
{
    (void)state;
    struct test_env t;
    test_env_init(&t, 3);
    struct buf file = file_of(&t, 200000), other = file_of(&t, 200000), b = BUF_INIT(70000);
    struct segments *c, *c2, *s = cut(&file, &c), *foreign = cut(&other, &c2);
    size_t refused = 0;
    give(foreign, c, 0, ERR_AUTH);
    assert_ok(segments_write(s, 2, &b));
    for (size_t i = 0; i < b.len; i += i < 40 ? 1 : 97) {
        b.ptr[i] ^= 1;
        enum err err = segments_take(c, buf_span(&b));
        assert_true(err == ERR_AUTH || err == ERR_FORMAT || err == ERR_UNSUPPORTED);
        refused += err == ERR_AUTH;
        b.ptr[i] ^= 1;
    }
    assert_true(refused > 100);
    assert_int_equal(segments_needed(c), 4);
    for (size_t cut_at = 0; cut_at < 40; cut_at++)
        assert_err(segments_take(c, span_of(b.ptr, cut_at)), ERR_FORMAT);
    segments_free(s);
    segments_free(c);
    segments_free(c2);
    segments_free(foreign);
    buf_clear(&file);
    buf_clear(&other);
    buf_clear(&b);
    test_env_clear(&t);
}

static void a_file_that_is_not_the_announced_one_is_refused(void **state)
{
    (void)state;
    struct test_env t;
    test_env_init(&t, 4);
    struct buf file = file_of(&t, 1000), back = BUF_INIT(FILE_MAX);
    struct segments *s, *c;
    uint8_t hash[32], root[32];
    assert_ok(segments_cut(buf_span(&file), &s));
    segments_announce(s, hash, root);
    hash[0] ^= 1;
    assert_ok(segments_collect(file.len, hash, root, &c));
    give(s, c, 0, OK);
    segments_free(s);
    assert_err(segments_file(c, &back), ERR_AUTH);
    assert_int_equal(back.len, 0);
    assert_err(segments_cut(SPAN_EMPTY, &s), ERR_ARGUMENT);
    assert_err(segments_collect(CONTENT_ATTACHMENT_MAX + 1, hash, root, &s), ERR_ARGUMENT);
    assert_null(s);
    assert_true(segments_count(CONTENT_ATTACHMENT_MAX) <= SEGMENTS_MAX);
    segments_free(c);
    buf_clear(&file);
    buf_clear(&back);
    test_env_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_enough_segments_make_the_file),
        cmocka_unit_test(a_large_file_has_groups_and_each_bears_its_losses),
        cmocka_unit_test(a_segment_that_is_not_the_authors_is_refused),
        cmocka_unit_test(a_file_that_is_not_the_announced_one_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
