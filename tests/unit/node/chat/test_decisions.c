/* Decisions: bytes, bounds, and that devices agree whatever the order in which they hear. */
#include "node/chat/decisions.h"
#include "tests/lib/testing.h"

static struct decision decided(uint64_t kind, struct span subject, uint64_t lamport, uint8_t id,
                               struct span value)
{
    struct decision d = {
        .kind = kind, .subject = subject, .place.lamport = lamport, .value = value};
    memset(d.place.id.bytes, id, sizeof d.place.id.bytes);
    return d;
}

static void they_are_read_as_they_were_written(void **state)
{
    (void)state;
    static const uint8_t account[32] = {1, 2, 3};
    const struct decision list[] = {
        decided(DECISION_NAME, SPAN_ARRAY(account), 1700000000000u, 7,
                SPAN_LIT("\xa3"
                         "Ben")),
        decided(DECISION_POLICY, SPAN_EMPTY, 5, 8, SPAN_LIT("\x01")),
        decided(4711, SPAN_LIT("a kind of later days"), INT64_MAX, 9, SPAN_LIT("\xc4\x01x")),
    };
    struct decision got[DECISIONS_MAX];
    struct buf bytes = BUF_INIT(CONTENT_TEXT_MAX), again = BUF_INIT(CONTENT_TEXT_MAX);
    size_t count;
    assert_ok(decisions_encode(list, 3, &bytes));
    assert_ok(decisions_decode(buf_span(&bytes), got, &count));
    assert_int_equal(count, 3);
    assert_int_equal(got[2].kind, 4711); /* kept, to be handed on */
    assert_span_equal(got[0].value, list[0].value);
    assert_ok(decisions_encode(got, count, &again));
    assert_span_equal(buf_span(&again), buf_span(&bytes));
    for (size_t len = 0; len < bytes.len; len++)
        assert_int_not_equal(decisions_decode(span_of(bytes.ptr, len), got, &count), OK);
    buf_clear(&bytes);
    buf_clear(&again);
}

static void what_is_out_of_bounds_is_neither_written_nor_read(void **state)
{
    (void)state;
    static const uint8_t large[DECISION_VALUE_MAX + 1] = {0};
    struct decision list[DECISIONS_MAX + 1], got[DECISIONS_MAX];
    struct buf bytes = BUF_INIT(CONTENT_TEXT_MAX);
    size_t count;
    for (size_t i = 0; i <= DECISIONS_MAX; i++)
        list[i] = decided(DECISION_POLICY, SPAN_EMPTY, i, 1, SPAN_LIT("\x01"));
    assert_err(decisions_encode(list, DECISIONS_MAX + 1, &bytes), ERR_ARGUMENT);
    buf_reset(&bytes);
    assert_ok(decisions_encode(list, DECISIONS_MAX, &bytes));
    assert_ok(decisions_decode(buf_span(&bytes), got, &count));
    list[0].value = SPAN_ARRAY(large);
    assert_err(decisions_encode(list, 1, &bytes), ERR_ARGUMENT);
    list[0].value = SPAN_EMPTY;
    assert_err(decisions_encode(list, 1, &bytes), ERR_ARGUMENT);
    list[0].value = SPAN_LIT("\x01");
    list[0].place.lamport = (uint64_t)INT64_MAX + 1;
    assert_err(decisions_encode(list, 1, &bytes), ERR_ARGUMENT);
    buf_reset(&bytes);
    struct pack_writer w = profile_begin(&bytes, PROFILE_OBJECT_DECISIONS, 1);
    pack_write_array(&w, DECISIONS_MAX + 1);
    for (size_t i = 0; i <= DECISIONS_MAX; i++)
        pack_write_uint(&w, 1);
    assert_ok(profile_end(&w));
    assert_int_not_equal(decisions_decode(buf_span(&bytes), got, &count), OK);
    buf_clear(&bytes);
}

/* Hear all of them in this order; what holds at the end. */
static const struct decision *last_of(const struct decision *list, const size_t *order,
                                      size_t count)
{
    const struct decision *holds = &list[order[0]];
    for (size_t i = 1; i < count; i++)
        if (decision_replaces(&list[order[i]], holds))
            holds = &list[order[i]];
    return holds;
}

static bool next_order(size_t *order, size_t count)
{
    size_t i = count - 1, k = count - 1;
    while (i > 0 && order[i - 1] >= order[i])
        i--;
    if (i == 0)
        return false;
    while (order[k] <= order[i - 1])
        k--;
    size_t swap = order[i - 1];
    order[i - 1] = order[k];
    order[k] = swap;
    for (size_t a = i, b = count - 1; a < b; a++, b--) {
        swap = order[a];
        order[a] = order[b];
        order[b] = swap;
    }
    return true;
}

static void in_every_order_the_same_one_holds(void **state)
{
    (void)state;
    const struct decision list[] = {
        decided(DECISION_MUTED, SPAN_EMPTY, 10, 1, SPAN_LIT("\x01")),
        decided(DECISION_MUTED, SPAN_EMPTY, 10, 2, SPAN_LIT("\x00")), /* the same moment */
        decided(DECISION_MUTED, SPAN_EMPTY, 12, 1, SPAN_LIT("\x00")),
        decided(DECISION_MUTED, SPAN_EMPTY, 12, 1, SPAN_LIT("\x01")), /* a liar: two of one name */
        decided(DECISION_MUTED, SPAN_EMPTY, 12, 1, SPAN_LIT("\xcc\xff")),
        decided(DECISION_MUTED, SPAN_EMPTY, 9, 9, SPAN_LIT("\x01")),
    };
    size_t order[6] = {0, 1, 2, 3, 4, 5}, orders = 0;
    do {
        assert_ptr_equal(last_of(list, order, 6), &list[4]);
        orders++;
    } while (next_order(order, 6));
    assert_int_equal(orders, 720);
    for (size_t i = 0; i < 6; i++)
        assert_false(decision_replaces(&list[i], &list[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_are_read_as_they_were_written),
        cmocka_unit_test(what_is_out_of_bounds_is_neither_written_nor_read),
        cmocka_unit_test(in_every_order_the_same_one_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
