/* Answers to rejoin requests: sealed for one, cut and put together. */
#include "node/chat/commits/answer.h"
#include "tests/lib/mls_people.h"

#include <stdlib.h>

static struct test_env t;
static uint8_t group[GROUP_ID_BYTES] = {7};

static void a_guest_opens_what_was_sealed_for_it(void **state)
{
    (void)state;
    struct person guest, other;
    struct buf sealed = BUF_INIT(ANSWER_BYTES_MAX), keep = BUF_INIT(ANSWER_BYTES_MAX);
    struct answer a = {.ticket = SPAN_LIT("ticket"),
                       .beacons = {SPAN_LIT("first"), SPAN_LIT("second")},
                       .beacons_count = 2,
                       .welcome = SPAN_LIT("blob")},
                  got;
    test_env_init(&t, 1);
    person_init(&guest, mls_suite(MLS_SUITE_XWING), 1);
    person_init(&other, mls_suite(MLS_SUITE_XWING), 2);
    struct answer_to to = {mls_suite(MLS_SUITE_XWING), group, buf_span(&guest.package)};
    assert_ok(answer_seal(&a, &to, t.env.rng, &sealed));
    assert_ok(answer_open(buf_span(&sealed), &to, guest.keys.init, &keep, &got));
    assert_span_equal(got.ticket, a.ticket);
    assert_int_equal(got.beacons_count, 2);
    assert_span_equal(got.beacons[1], a.beacons[1]);
    assert_span_equal(got.welcome, a.welcome);
    assert_err(answer_open(buf_span(&sealed), &to, other.keys.init, &keep, &got), ERR_AUTH);
    uint8_t elsewhere[GROUP_ID_BYTES] = {8};
    struct answer_to wrong = to;
    wrong.group = elsewhere;
    assert_err(answer_open(buf_span(&sealed), &wrong, guest.keys.init, &keep, &got), ERR_AUTH);
    wrong = to;
    wrong.key_package = SPAN_LIT("no key package");
    assert_err(answer_seal(&a, &wrong, t.env.rng, &sealed), ERR_FORMAT);
    sealed.ptr[sealed.len / 2] ^= 1;
    assert_err(answer_open(buf_span(&sealed), &to, guest.keys.init, &keep, &got), ERR_AUTH);
    buf_clear(&sealed);
    buf_clear(&keep);
    person_clear(&guest);
    person_clear(&other);
    test_env_clear(&t);
}

static struct answer_part part_of(struct span whole, uint32_t i, uint32_t count)
{
    struct answer_part p = {.answer = {1}, .number = i, .count = count};
    size_t at = (size_t)i * ANSWER_PART_BYTES, left = whole.len - at;
    p.bytes = span_of(whole.ptr + at, left < ANSWER_PART_BYTES ? left : ANSWER_PART_BYTES);
    return p;
}

static void parts_come_in_any_order(void **state)
{
    (void)state;
    size_t len = 2 * ANSWER_PART_BYTES + 5;
    uint8_t *bytes = malloc(len);
    struct answer_parts parts = {0};
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(i * 31 >> 3);
    struct span whole = span_of(bytes, len);
    struct answer_part p[3] = {part_of(whole, 0, 3), part_of(whole, 1, 3), part_of(whole, 2, 3)};
    assert_int_equal(answer_parts_whole(&parts).len, 0);
    assert_ok(answer_parts_begin(&parts, &p[2]));
    assert_ok(answer_parts_add(&parts, &p[2]));
    assert_ok(answer_parts_add(&parts, &p[0]));
    assert_err(answer_parts_add(&parts, &p[0]), ERR_EXISTS);
    assert_int_equal(answer_parts_whole(&parts).len, 0);
    struct answer_part lie = p[1];
    lie.count = 4;
    assert_err(answer_parts_add(&parts, &lie), ERR_PROTOCOL);
    lie = p[1];
    lie.answer[0] = 2;
    assert_err(answer_parts_add(&parts, &lie), ERR_PROTOCOL);
    assert_ok(answer_parts_add(&parts, &p[1]));
    assert_span_equal(answer_parts_whole(&parts), whole);
    answer_parts_clear(&parts);
    free(bytes);
}

static void check_part(struct answer_part *p, enum err expected)
{
    struct buf bytes = BUF_INIT(ENVELOPE_BYTES_MAX);
    struct answer_part got;
    assert_ok(answer_part_encode(p, &bytes));
    assert_err(answer_part_decode(buf_span(&bytes), &got), expected);
    buf_clear(&bytes);
}

static void a_part_keeps_its_bounds(void **state)
{
    (void)state;
    uint8_t *bytes = calloc(1, ANSWER_PART_BYTES + 1);
    struct answer_part p = {.number = 0, .count = 2, .bytes = {bytes, ANSWER_PART_BYTES}};
    check_part(&p, OK);
    p.bytes.len--; /* only the last is shorter */
    check_part(&p, ERR_FORMAT);
    p.number = 1;
    check_part(&p, OK);
    p.number = 2;
    check_part(&p, ERR_FORMAT);
    p.number = 0;
    p.count = ANSWER_PARTS_MAX + 1;
    check_part(&p, ERR_FORMAT);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_guest_opens_what_was_sealed_for_it),
        cmocka_unit_test(parts_come_in_any_order),
        cmocka_unit_test(a_part_keeps_its_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
