/* Cases in the manner of the toml-test suite: documents that must be read, and ones that must not.
 */
#include "node/conf/toml.h"
#include "tests/lib/testing.h"

#include <math.h>
#include <stdio.h>

static struct arena arena;
static struct toml_error error;

static struct toml_value *read_ok(const char *text)
{
    struct toml_value *root = NULL;
    arena_clear(&arena);
    arena_init(&arena, 4u << 20);
    enum err err = toml_read(span_str(text), &arena, &root, &error);
    if (err != OK)
        fail_msg("%s\n%u: %s", text, error.line, error.reason);
    return root;
}

/* The value at a path of keys separated by blanks. */
static struct toml_value *at(struct toml_value *v, const char *path)
{
    while (*path != '\0') {
        size_t n = strcspn(path, " ");
        v = toml_get(v, span_of(path, n));
        assert_non_null(v);
        path += n + (path[n] == ' ');
    }
    return v;
}

static void reads_integers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
    } cases[] = {{"a=0", 0},
                 {"a=+99", 99},
                 {"a=-17", -17},
                 {"a=-0", 0},
                 {"a=1_000", 1000},
                 {"a=0xDEAD_beef", 0xdeadbeef},
                 {"a=0o755", 0755},
                 {"a=0b1101", 13},
                 {"a=9223372036854775807", INT64_MAX},
                 {"a=-9223372036854775808", INT64_MIN},
                 {"a=0x7fffffffffffffff", INT64_MAX}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct toml_value *v = at(read_ok(cases[i].text), "a");
        assert_int_equal(v->kind, TOML_INTEGER);
        assert_int_equal(v->integer, cases[i].value);
    }
}

static void reads_floats(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
    } cases[] = {{"a=1.5", 1.5},      {"a=-0.01", -0.01},         {"a=5e+22", 5e22},
                 {"a=1e06", 1e6},     {"a=6.626e-34", 6.626e-34}, {"a=9_224.5_0", 9224.5},
                 {"a=inf", HUGE_VAL}, {"a=-inf", -HUGE_VAL}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct toml_value *v = at(read_ok(cases[i].text), "a");
        assert_int_equal(v->kind, TOML_FLOAT);
        assert_true(v->real <= cases[i].value && v->real >= cases[i].value);
    }
    assert_true(isnan(at(read_ok("a=+nan"), "a")->real));
}

static void reads_strings(void **state)
{
    (void)state;
    static const struct {
        const char *text, *value;
    } cases[] = {
        {"a=\"\"", ""},
        {"a=''", ""},
        {"a=\"b\\tc\\\"\\\\\\u00e9\\U0001F600\"", "b\tc\"\\\xc3\xa9\xf0\x9f\x98\x80"},
        {"a='C:\\temp'", "C:\\temp"},
        {"a=\"\"\"\nx\ny\"\"\"", "x\ny"},
        {"a=\"\"\"one \\\n   two \\\n\n  three\"\"\"", "one two three"},
        {"a=\"\"\"q\"\" q\"\"\"\"\"", "q\"\" q\"\""},
        {"a=\"\"\"\"\"\"", ""},
        {"a='''\nx\\y'''", "x\\y"},
        {"a='''''q'''", "''q"},
        {"a=\"\"\"x\r\ny\"\"\"", "x\ny"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct toml_value *v = at(read_ok(cases[i].text), "a");
        assert_int_equal(v->kind, TOML_STRING);
        assert_span_equal(v->text, span_str(cases[i].value));
    }
}

static void reads_moments(void **state)
{
    (void)state;
    static const char *const cases[] = {"1979-05-27T07:32:00Z",
                                        "1979-05-27T00:32:00-07:00",
                                        "1979-05-27T00:32:00.999999+01:00",
                                        "1979-05-27 07:32:00z",
                                        "1979-05-27T07:32:00",
                                        "2024-02-29",
                                        "07:32:00.5"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[64];
        snprintf(text, sizeof text, "a = %s # c\nb=1", cases[i]);
        struct toml_value *root = read_ok(text);
        assert_int_equal(at(root, "a")->kind, TOML_DATE);
        assert_span_equal(at(root, "a")->text, span_str(cases[i]));
        assert_int_equal(at(root, "b")->integer, 1);
    }
}

static void reads_tables_and_arrays(void **state)
{
    (void)state;
    struct toml_value *root = read_ok(
        "# c\r\n\"quoted key\" = 1\n'' = 2\n3.14 = 3\n[x.y.z] # made on the way\nw=1\n[x]\n"
        "d.e = true\nd . f = false\n[[p]]\nn='a'\n[p.sub]\nk=1\n[[p]]\nn='b'\n[[p.q]]\nm=1\n"
        "[i]\nt = { a = 1, b.c = [ 1, 2, # two\n 3, ] , d = {} }\nm = [[1],[\"x\"]]");
    assert_int_equal(at(root, "")->kind, TOML_TABLE);
    assert_int_equal(toml_get(root, SPAN_LIT("quoted key"))->integer, 1);
    assert_int_equal(toml_get(root, SPAN_LIT(""))->integer, 2);
    assert_int_equal(at(root, "3 14")->integer, 3);
    assert_int_equal(at(root, "x y z w")->integer, 1);
    assert_true(at(root, "x d e")->truth);
    assert_false(at(root, "x d f")->truth);
    assert_int_equal(at(root, "x d f")->line, 9);
    struct toml_value *p = at(root, "p");
    assert_span_equal(at(p->first, "n")->text, SPAN_LIT("a"));
    assert_int_equal(at(p->first, "sub k")->integer, 1);
    assert_int_equal(at(p->last, "q")->first->first->integer, 1);
    assert_int_equal(at(root, "i t b c")->last->integer, 3);
}

static const char *const no_toml[] = {
    "a",
    "a=",
    "=1",
    "a=1 b=2",
    "a=01",
    "a=1__0",
    "a=_1",
    "a=1_",
    "a=0x",
    "a=0x_1",
    "a=+0x1",
    "a=0b2",
    "a=9223372036854775808",
    "a=-9223372036854775809",
    "a=1.",
    "a=.1",
    "a=1.e2",
    "a=1e",
    "a=1e1.5",
    "a=03.1",
    "a=1._1",
    "a=infinity",
    "a=True",
    "a=yes",
    "a=\"x",
    "a='x",
    "a=\"\"\"x\"\"",
    "a=\"\n\"",
    "a=\"\\x41\"",
    "a=\"\\u12\"",
    "a=\"\\ud800\"",
    "a=\"\\U00110000\"",
    "a='\x01'",
    "a='\xff'",
    "a='\xed\xa0\x80'",
    "# \x7f",
    "# \xc0\x80",
    "a=1\na=2",
    "a.b=1\na=2",
    "a=1\na.b=2",
    "[a]\n[a]",
    "a=1\n[a]",
    "[a]\nb=1\n[a.b]",
    "a={b=1}\n[a.c]",
    "a={b=1}\na.c=2",
    "a.b=1\n[a]",
    "[a]\nb.c=1\n[a.b]\nd=1",
    "[[a]]\n[a]",
    "a=[]\n[[a]]",
    "[a]\n[[a]]",
    "[[a.b]]\n[a]\nb.c=1",
    "a={b=1,}",
    "a={b=1\n}",
    "a={b=1,b=2}",
    "a=[1 2]",
    "a=[1,,2]",
    "a=[1",
    "[a",
    "[]",
    "[a]]",
    "[[a]",
    "[ [a]]",
    "[a.]",
    "[.a]",
    "a..b=1",
    "a b=1",
    "\"\"\"a\"\"\"=1",
    "a=1979-13-01",
    "a=1979-02-29",
    "a=1979-05-27T25:00:00",
    "a=1979-05-27T07:32",
    "a=1979-05-27T07:32:00.",
    "a=07:32:00Z",
    "a=1979-05-27 ",
    "a=1\rb=2",
    ("\xef\xbb\xbf\xef\xbb\xbf"
     "a=1"),
    "a={x.y=1, x.y.z=2}",
    "t={a.b=1}\n[t.a]\nc=1",
};

static void refuses_what_is_no_toml(void **state)
{
    (void)state;
    size_t good = 0; /* one of them is valid TOML on purpose: see below */
    for (size_t i = 0; i < sizeof no_toml / sizeof no_toml[0]; i++) {
        struct toml_value *root = NULL;
        arena_clear(&arena);
        arena_init(&arena, 1u << 20);
        enum err err = toml_read(span_str(no_toml[i]), &arena, &root, &error);
        if (err == OK && strcmp(no_toml[i], "a=1979-05-27 ") != 0)
            fail_msg("was read: %s", no_toml[i]);
        good += err == OK;
        if (err != OK)
            assert_true(error.reason[0] != '\0' && error.line > 0);
    }
    assert_int_equal(good, 1); /* a date may be followed by a blank */
}

static void names_the_line_and_the_reason(void **state)
{
    (void)state;
    struct toml_value *root = NULL;
    arena_clear(&arena);
    arena_init(&arena, 1u << 20);
    assert_err(toml_read(SPAN_LIT("a=1\n\nb='''\n\n'''\nc=?"), &arena, &root, &error), ERR_FORMAT);
    assert_int_equal(error.line, 6);
    assert_string_equal(error.reason, "a value is expected here");
}

static void depth_and_size_are_bounded(void **state)
{
    (void)state;
    static char deep[20000];
    struct toml_value *root = NULL;
    memset(deep, '[', sizeof deep);
    memcpy(deep, "a=", 2);
    arena_clear(&arena);
    arena_init(&arena, 4u << 20);
    assert_err(toml_read(SPAN_ARRAY(deep), &arena, &root, &error), ERR_FORMAT);
    assert_string_equal(error.reason, "nested too deeply");
    assert_err(toml_read(span_of(deep, TOML_BYTES_MAX + 1), &arena, &root, &error), ERR_LIMIT);
    arena_clear(&arena);
    arena_init(&arena, 10);
    assert_err(toml_read(SPAN_LIT("a=1"), &arena, &root, &error), ERR_MEMORY);
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_integers),
        cmocka_unit_test(reads_floats),
        cmocka_unit_test(reads_strings),
        cmocka_unit_test(reads_moments),
        cmocka_unit_test(reads_tables_and_arrays),
        cmocka_unit_test(refuses_what_is_no_toml),
        cmocka_unit_test(names_the_line_and_the_reason),
        cmocka_unit_test(depth_and_size_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
