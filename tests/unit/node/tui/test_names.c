#include "node/tui/inside.h"
#include "tests/lib/testing.h"

static void days_are_those_of_the_calendar(void **state)
{
    (void)state;
    static const struct {
        int64_t seconds, offset_s;
        const char *day, *minute;
    } cases[] = {
        {0, 0, "Thu 01 Jan 1970", "00:00"},          {951782400, 0, "Tue 29 Feb 2000", "00:00"},
        {1835481599, 0, "Tue 29 Feb 2028", "23:59"}, {1835481599, 3600, "Wed 01 Mar 2028", "00:59"},
        {4107542400, 0, "Mon 01 Mar 2100", "00:00"}, /* 2100 has no leap day */
        {1798761599, 0, "Thu 31 Dec 2026", "23:59"}, {-5, 0, "Thu 01 Jan 1970", "00:00"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tui t = {.utc_offset_s = cases[i].offset_s};
        char text[24];
        time_text(&t, cases[i].seconds * NS_PER_S, text, true);
        assert_string_equal(text, cases[i].day);
        time_text(&t, cases[i].seconds * NS_PER_S, text, false);
        assert_string_equal(text, cases[i].minute);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(days_are_those_of_the_calendar)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
