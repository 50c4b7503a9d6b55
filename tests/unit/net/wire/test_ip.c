#include "net/wire/ip.h"
#include "tests/lib/testing.h"

static void text_is_canonical(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"192.0.2.1", "192.0.2.1"},
        {"::", "::"},
        {"::1", "::1"},
        {"1::", "1::"},
        {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"}, /* a single group is not shortened */
        {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},          /* the longest run */
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},    /* the first of equal ones */
        {"::ffff:192.0.2.1", "192.0.2.1"},
        {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
        {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
        {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
        {"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
        {"fe80::", "fe80::"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t ip[16], again[16];
        char text[IP_TEXT_MAX];
        if (ip_parse(span_str(cases[i][0]), ip) != OK)
            fail_msg("refused %s", cases[i][0]);
        ip_text(ip, text);
        assert_string_equal(text, cases[i][1]);
        assert_ok(ip_parse(span_str(text), again));
        assert_memory_equal(again, ip, 16);
    }
}

static void malformed_text_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",         "1.2.3",
                                      "1.2.3.4.", "1.2.3.256",
                                      "01.2.3.4", "1..3.4",
                                      "1.2.3.4 ", ":",
                                      ":::",      "1:2:3:4:5:6:7",
                                      "1:2",      "1::2::3",
                                      "12345::",  "1:2:3:4:5:6:7:8:9",
                                      "::1.2.3",  "1:2:3:4:5:6:7:8::",
                                      ":1::",     "1:2:3:4:5:6:7:1.2.3.4",
                                      "g::",      "::1%eth0",
                                      "1:",       "::1:",
                                      "1.2.3.4::"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint8_t ip[16];
        if (ip_parse(span_str(bad[i]), ip) != ERR_FORMAT)
            fail_msg("accepted %s", bad[i]);
    }
}

static void private_ranges_are_known(void **state)
{
    (void)state;
    static const char *const private[] = {
        "127.0.0.1", "10.1.2.3", "172.31.0.1", "192.168.1.1", "100.64.1.1", "169.254.1.1",
        "0.0.0.0",   "::",       "::1",        "fe80::1",     "fd00::1"};
    static const char *const public[] = {"8.8.8.8", "172.32.0.1", "100.128.0.1", "2001:db8::1"};
    uint8_t ip[16];
    for (size_t i = 0; i < sizeof private / sizeof *private; i++) {
        assert_ok(ip_parse(span_str(private[i]), ip));
        assert_true(ip_is_private(ip));
    }
    for (size_t i = 0; i < sizeof public / sizeof *public; i++) {
        assert_ok(ip_parse(span_str(public[i]), ip));
        assert_false(ip_is_private(ip));
        assert_false(ip_is_loopback(ip));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_canonical),
        cmocka_unit_test(malformed_text_is_refused),
        cmocka_unit_test(private_ranges_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
