/* The report of runs on disk: what a reader must find in it. */
#include "sim/lab/lab.h"
#include "tests/lib/testing.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct folder {
    char dir[64];
    char page[128], csv[128];
};

static void folder_make(struct folder *f)
{
    *f = (struct folder){.dir = "/tmp/sotto-page-XXXXXX"};
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->page, sizeof f->page, "%s/report.html", f->dir);
    snprintf(f->csv, sizeof f->csv, "%s/metrics.csv", f->dir);
}

static void put_run(const struct folder *f, const char *name, unsigned seed, const char *stem,
                    const char *rest)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s.jsonl", f->dir, name);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fprintf(out,
            "{\"kind\":\"run\",\"format\":1,\"id\":\"%s\",\"scenario\":\"s\",\"about\":\"a < b & "
            "c\",\"seed\":%u,\"parameters\":{\"scenario.seed\":\"%u\",\"node.stem\":\"%s\"}}\n%s",
            name, seed, seed, stem, rest);
    assert_int_equal(fclose(out), 0);
}

static char *read_all(const char *path)
{
    FILE *f = fopen(path, "r");
    char *text = calloc(1, 1u << 20);
    assert_non_null(f);
    assert_non_null(text);
    (void)!fread(text, 1, (1u << 20) - 1, f);
    fclose(f);
    return text;
}

static void folder_drop(struct folder *f)
{
    static const char *const names[] = {"a.jsonl", "b.jsonl", "c.jsonl"};
    char path[128];
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", f->dir, names[i]);
        assert_true(unlink(path) == 0 || errno == ENOENT);
    }
    assert_int_equal(unlink(f->page), 0);
    assert_int_equal(unlink(f->csv), 0);
    assert_int_equal(rmdir(f->dir), 0);
}

#define METRIC(name, value, unit)                                                                  \
    "{\"kind\":\"metric\",\"name\":\"" name "\",\"value\":" value ",\"unit\":\"" unit "\"}\n"
#define ASSERTED(value, holds)                                                                     \
    "{\"kind\":\"assert\",\"metric\":\"first-sent.precision\",\"side\":\"upper\",\"op\":\"<=\","   \
    "\"bound\":0.3,\"value\":" value ",\"holds\":" holds "}\n"

static void a_page_explains_itself(void **state)
{
    (void)state;
    struct folder f;
    folder_make(&f);
    put_run(&f, "a", 1, "true",
            METRIC("first-sent.precision", "0.2", "share") METRIC("latency.p50", "100", "ms")
                METRIC("bytes.per_node_s", "1234567.25", "bytes each way")
                    ASSERTED("0.25", "true"));
    put_run(&f, "b", 2, "true",
            METRIC("first-sent.precision", "0.3", "share") METRIC("latency.p50", "900", "ms")
                METRIC("bytes.per_node_s", "1234567.25", "bytes each way")
                    ASSERTED("0.35", "false"));
    put_run(&f, "c", 1, "false", METRIC("latency.p50", "50", "ms") METRIC("new.thing", "3", "x"));
    struct lab_options o = {.files = {f.dir}, .files_count = 1};
    assert_int_equal(lab_report(&o), LAB_GOOD);
    char *page = read_all(f.page);
    assert_non_null(strstr(page, "a &lt; b &amp; c"));
    assert_non_null(strstr(page, "s<br>node.stem=true<br><small>2 runs"));
    assert_non_null(strstr(page, "s<br>node.stem=false<br><small>1 run<"));
    assert_non_null(strstr(page, "<td>0.25<br><small>0 to 0.885</small>")); /* t = 12.7, n = 2 */
    assert_non_null(strstr(page, "<td>500<br><small>0 to 5,582</small>"));  /* no time is less */
    assert_non_null(strstr(page, "<td>1,234,567<td>"));                     /* no exponent */
    assert_non_null(strstr(page, "who wrote a message"));               /* the attack's question */
    assert_non_null(strstr(page, "half of them took at most so long")); /* the metric's words */
    assert_non_null(strstr(page, "new.thing"));                         /* one that nobody knows */
    assert_non_null(strstr(page, "first-sent.precision, upper &lt;= 0.3<td>holds in 1"));
    assert_non_null(strstr(page, "broken in 1, worst 0.35"));
    free(page);
    folder_drop(&f);
}

static void a_folder_without_runs_is_said(void **state)
{
    (void)state;
    struct folder f;
    folder_make(&f);
    struct lab_options o = {.files = {f.dir}, .files_count = 1};
    assert_int_equal(lab_report(&o), LAB_DISK);
    (void)unlink(f.page);
    (void)unlink(f.csv);
    assert_int_equal(rmdir(f.dir), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_explains_itself),
        cmocka_unit_test(a_folder_without_runs_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
