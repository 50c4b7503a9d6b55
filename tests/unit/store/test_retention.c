#include "store/retention.h"
#include "tests/lib/testing.h"

static struct retention parsed(const char *text)
{
    struct retention r;
    assert_ok(retention_parse(span_str(text), &r));
    return r;
}

static void reads_what_nwaku_reads(void **state)
{
    (void)state;
    assert_true(parsed("time:3600").time_ns == 3600000000000);
    assert_true(parsed("TIME:1").time_ns == 1000000000);
    assert_int_equal(parsed("size:1GB").size_bytes, 1u << 30);
    assert_int_equal(parsed("size:1.5gb").size_bytes, 3u << 29);
    assert_int_equal(parsed("size:.25Mb").size_bytes, 1u << 18);
    assert_int_equal(parsed("capacity:25000").capacity, 25000);
    struct retention all = parsed("time:60;size:2MB;capacity:100");
    assert_true(all.time_ns == 60000000000 && all.size_bytes == 2u << 20 && all.capacity == 100);
    assert_int_equal(parsed("none").time_ns, 0);
    assert_int_equal(parsed("").capacity, 0);
}

static void refuses_everything_else(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "time",
        "time:",
        "time:0",
        "time:-1",
        "time:1.5",
        "time:99999999999",
        "time:1;time:2",
        "size:1",
        "size:0GB",
        "size:GB",
        "size:1KB",
        "size:1.GB",
        "size:1GBx",
        "size:999999999999gb",
        "capacity:0",
        "capacity:x",
        "capacity:1 ",
        "weeks:3",
        ";",
        "none:1",
        "time:1;;size:1GB",
        "capacity:9999999999999999999",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct retention r;
        if (retention_parse(span_str(bad[i]), &r) != ERR_ARGUMENT)
            fail_msg("\"%s\" was accepted", bad[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_nwaku_reads),
        cmocka_unit_test(refuses_everything_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
