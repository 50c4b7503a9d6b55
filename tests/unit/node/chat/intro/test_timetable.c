/* When bundles appear, when their keys die, and behind what a look-up hides. */
#include "node/chat/intro/timetable.h"
#include "tests/lib/testing.h"

#define DAY_S 86400u

static const uint8_t secret[TIMETABLE_SECRET_BYTES] = {7};

static struct card card_of(uint8_t n, bool link)
{
    struct card c = {.private_link = link};
    memset(c.account, n, sizeof c.account);
    if (link)
        c.secret[0] = 1;
    return c;
}

static void each_address_has_a_minute_of_its_own(void **state)
{
    (void)state;
    struct card open = card_of(1, false), link = card_of(1, true);
    const uint8_t other[TIMETABLE_SECRET_BYTES] = {8};
    bool seen[1440] = {false};
    unsigned distinct = 0;
    assert_int_equal(timetable_minute(secret, &open), timetable_minute(secret, &open));
    assert_int_not_equal(timetable_minute(secret, &open), timetable_minute(secret, &link));
    assert_int_not_equal(timetable_minute(secret, &open), timetable_minute(other, &open));
    for (unsigned i = 0; i < 256; i++) {
        struct card c = card_of((uint8_t)i, false);
        unsigned minute = timetable_minute(secret, &c);
        assert_in_range(minute, 0, 1439);
        distinct += !seen[minute];
        seen[minute] = true;
    }
    assert_in_range(distinct, 210, 256);
}

static void a_bundle_comes_once_a_day_at_its_minute(void **state)
{
    (void)state;
    uint64_t now = 20000u * (uint64_t)DAY_S + 5;
    uint64_t first = timetable_next(100, now);
    assert_true(first == 20000u * (uint64_t)DAY_S + 6000);
    for (unsigned i = 0; i < 10; i++)
        assert_true(timetable_next(100, first + i * DAY_S) == first + (i + 1) * DAY_S);
    assert_true(timetable_next(0, now) == 20001u * (uint64_t)DAY_S);
}

static void prekeys_die_two_days_after_their_successor(void **state)
{
    (void)state;
    struct prekey_life life = {.issued_s = 1000000};
    assert_true(prekey_dies_at(&life, UINT64_MAX) == 1000000 + 14 * DAY_S); /* no successor */
    life.replaced_s = 1000000 + DAY_S;
    uint64_t after = life.replaced_s + 2 * DAY_S;
    assert_true(prekey_dies_at(&life, after) == after);
    assert_true(prekey_dies_at(&life, after - 1) == 1000000 + 14 * DAY_S); /* not read up to then */
    life.replaced_s = 1000000 + 13 * DAY_S; /* a device that slept for long */
    assert_true(prekey_dies_at(&life, UINT64_MAX) == 1000000 + 14 * DAY_S);
}

static void a_look_up_hides_behind_the_same_seven_every_time(void **state)
{
    (void)state;
    unsigned places[LOOKUP_BUCKETS] = {0};
    for (unsigned i = 0; i < 256; i++) {
        struct card c = card_of((uint8_t)i, true);
        uint8_t a[LOOKUP_BUCKETS], b[LOOKUP_BUCKETS];
        timetable_cover(secret, &c, a);
        timetable_cover(secret, &c, b);
        assert_memory_equal(a, b, sizeof a);
        unsigned own = 0;
        for (unsigned k = 0; k < LOOKUP_BUCKETS; k++) {
            if (k > 0)
                assert_true(a[k - 1] < a[k]); /* eight different ones, in an order that is silent */
            if (a[k] == card_bucket(&c)) {
                own++;
                places[k]++;
            }
        }
        assert_int_equal(own, 1);
    }
    for (unsigned k = 0; k < LOOKUP_BUCKETS; k++)
        assert_in_range(places[k], 10, 60); /* 32 expected */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_address_has_a_minute_of_its_own),
        cmocka_unit_test(a_bundle_comes_once_a_day_at_its_minute),
        cmocka_unit_test(prekeys_die_two_days_after_their_successor),
        cmocka_unit_test(a_look_up_hides_behind_the_same_seven_every_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
