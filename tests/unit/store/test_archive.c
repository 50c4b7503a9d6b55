#include "tests/lib/archive_model.h"
#include "tests/lib/testing.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>

static const uint8_t seed[16] = {3};
static struct model model;
static struct archive_page page;
static char folder[64];

static int set_up(void **state)
{
    (void)state;
    model.count = 0;
    archive_page_init(&page);
    model_folder(folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    archive_page_clear(&page);
    model_folder_remove(folder);
    return 0;
}

/* Commit entries [from, to) in one batch and check every outcome against the model. */
static void commit_range(struct archive *a, uint64_t from, uint64_t to, unsigned topics)
{
    struct archive_batch *b = archive_batch_new(ARCHIVE_BATCH_BYTES_MAX);
    struct model_entry e;
    assert_non_null(b);
    for (uint64_t n = from; n < to; n++) {
        model_make(&e, n, topics);
        assert_ok(model_add(b, &e));
    }
    assert_ok(archive_commit(a, b));
    for (uint64_t n = from; n < to; n++) {
        model_make(&e, n, topics);
        enum archive_outcome want = model_put(&model, &e) ? ARCHIVE_STORED : ARCHIVE_DUPLICATE;
        assert_int_equal(archive_batch_outcome(b, n - from), want);
    }
    archive_batch_free(b);
}

static uint8_t (*random_hashes(struct rng *rng, size_t *count))[32]
{
    static uint8_t hashes[40][32];
    *count = rng_below(rng, 40) + 1;
    for (size_t i = 0; i < *count; i++) {
        if (model.count == 0 || rng_below(rng, 5) == 0)
            rng_fill(rng, hashes[i], 32);
        else
            memcpy(hashes[i], model.entries[rng_below(rng, model.count)].hash, 32);
    }
    return hashes;
}

static void compare_random_query(struct archive *a, struct rng *rng, unsigned topics)
{
    static char names[8][48];
    static uint8_t cursor[32];
    struct span spans[8];
    struct archive_query q = ARCHIVE_QUERY_ALL;
    q.forward = rng_below(rng, 2) == 0;
    q.include_data = rng_below(rng, 3) != 0;
    q.include_topics = rng_below(rng, 2) != 0;
    q.limit = rng_below(rng, 4) == 0 ? 0 : rng_below(rng, 120);
    if (rng_below(rng, 2) == 0)
        q.time_start_ns = (int64_t)rng_below(rng, 1100) - 50;
    if (rng_below(rng, 2) == 0)
        q.time_end_ns = (int64_t)rng_below(rng, 1100) - 50;
    if (rng_below(rng, 3) == 0)
        q.pubsub_topic =
            rng_below(rng, 8) == 0 ? SPAN_LIT("/nowhere") : SPAN_LIT("/waku/2/rs/66/1");
    if (rng_below(rng, 2) == 0) {
        q.content_topics = spans;
        q.content_topics_count = rng_below(rng, 8) + 1;
        for (size_t i = 0; i < q.content_topics_count; i++) {
            snprintf(names[i], sizeof names[i], "/test/1/%u/proto",
                     (unsigned)rng_below(rng, topics + 2));
            spans[i] = span_str(names[i]);
        }
    }
    if (rng_below(rng, 4) == 0) {
        size_t count;
        q.hashes = (const uint8_t(*)[32])random_hashes(rng, &count);
        q.hashes_count = count;
    }
    if (rng_below(rng, 2) == 0) {
        rng_fill(rng, cursor, 32);
        if (model.count > 0 && rng_below(rng, 10) != 0)
            memcpy(cursor, model.entries[rng_below(rng, model.count)].hash, 32);
        q.cursor = cursor;
    }
    struct archive_query *copy = archive_query_copy(&q);
    assert_non_null(copy);
    assert_true(model_agrees(&model, a, copy, &page));
    archive_query_free(copy);
}

/* Random commits (with repetitions) and random queries, by seed. Small retention bounds make many
 * segments; without data at the entries the archive must answer as the model does. */
static void run_property(struct archive *(*reopen)(struct archive *a), uint64_t run)
{
    struct test_env t;
    test_env_init(&t, run);
    unsigned topics = (unsigned)rng_below(&t.rng, 60) + 1;
    struct archive *a = reopen(NULL);
    uint64_t next = 0;
    for (int round = 0; round < 60; round++) {
        uint64_t n = rng_below(&t.rng, 3) == 0 ? rng_below(&t.rng, 120) + 1 : 1;
        uint64_t from = next > 50 && rng_below(&t.rng, 4) == 0 ? next - 50 : next;
        commit_range(a, from, from + n, topics);
        next = from + n > next ? from + n : next;
        for (int i = 0; i < 12; i++)
            compare_random_query(a, &t.rng, topics);
        if (rng_below(&t.rng, 10) == 0)
            a = reopen(a);
    }
    struct archive_report report;
    struct archive_stats stats;
    assert_ok(archive_verify(a, NULL, NULL, &report));
    assert_string_equal(report.first, "");
    assert_int_equal(report.entries, model.count);
    assert_ok(archive_stats(a, &stats));
    assert_int_equal(stats.entries, model.count);
    archive_close(a);
    test_env_clear(&t);
}

static struct retention small_segments = {.capacity = 2500};

static struct archive *reopen_lmdb(struct archive *a)
{
    archive_close(a);
    assert_ok(archive_open_lmdb(&a, folder, &small_segments));
    return a;
}

static struct archive *reopen_mem(struct archive *a)
{
    if (a == NULL)
        assert_ok(archive_open_mem(&a, seed));
    return a;
}

static void answers_as_the_model_on_disk(void **state)
{
    (void)state;
    for (uint64_t run = 1; run <= 6; run++) {
        small_segments.capacity = run % 2 == 0 ? 0 : 2500;
        run_property(reopen_lmdb, run);
        tear_down(NULL);
        set_up(NULL);
    }
}

static void answers_as_the_model_in_memory(void **state)
{
    (void)state;
    for (uint64_t run = 1; run <= 4; run++) {
        run_property(reopen_mem, run);
        model.count = 0;
    }
}

static void walks_pages_in_both_directions(void **state)
{
    (void)state;
    struct archive *a = reopen_lmdb(NULL);
    commit_range(a, 0, 1100, 3);
    for (int forward = 0; forward < 2; forward++) {
        struct archive_query q = ARCHIVE_QUERY_ALL;
        uint8_t cursor[32];
        size_t seen = 0, pages = 0;
        q.forward = forward;
        q.limit = 100;
        do {
            assert_ok(archive_query(a, &q, &page));
            for (size_t i = 0; i < page.count; i++) {
                size_t at = forward ? seen + i : model.count - seen - page.count + i;
                assert_memory_equal(page.entries[i].hash, model.entries[at].hash, 32);
            }
            seen += page.count;
            pages++;
            memcpy(cursor, page.cursor, 32);
            q.cursor = cursor;
        } while (page.more);
        assert_int_equal(seen, model.count);
        assert_int_equal(pages, 11);
        memcpy(cursor, model.entries[forward ? model.count - 1 : 0].hash, 32);
        assert_ok(archive_query(a, &q, &page)); /* at the end: empty, no error */
        assert_int_equal(page.count, 0);
        assert_false(page.more);
    }
    archive_close(a);
}

static void every_entry_again_is_a_duplicate(void **state)
{
    (void)state;
    struct archive *a = reopen_lmdb(NULL);
    for (uint64_t n = 0; n < 1000; n += 250)
        commit_range(a, n, n + 250, 3);
    for (uint64_t n = 0; n < 1000; n++)
        commit_range(a, n, n + 1, 3);
    archive_close(a);
}

static void cuts_a_page_by_bytes_but_keeps_one_entry(void **state)
{
    (void)state;
    struct archive *a = reopen_lmdb(NULL);
    struct archive_query q = ARCHIVE_QUERY_ALL;
    commit_range(a, 0, 200, 3);
    q.page_bytes = 1;
    q.limit = 50;
    for (size_t seen = 0; seen < 20; seen++) {
        uint8_t cursor[32];
        assert_ok(archive_query(a, &q, &page));
        assert_true(page.count >= 1 && page.more);
        memcpy(cursor, page.cursor, 32);
        q.cursor = cursor;
        size_t bytes = 0;
        for (size_t i = 1; i < page.count; i++)
            bytes += page.entries[i].message.len;
        assert_true(bytes <= 1);
    }
    archive_close(a);
}

static void refuses_a_second_opening(void **state)
{
    (void)state;
    struct archive *a = reopen_lmdb(NULL), *b = NULL;
    assert_err(archive_open_lmdb(&b, folder, NULL), ERR_LOCKED);
    pid_t pid = fork();
    if (pid == 0)
        _exit(archive_open_lmdb(&b, folder, NULL) == ERR_LOCKED ? 0 : 1);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    archive_close(a);
    a = reopen_lmdb(NULL);
    archive_close(a);
}

static void retention_removes_whole_segments(void **state)
{
    (void)state;
    struct archive *a;
    struct archive_stats stats, removed;
    struct retention keep = {.capacity = 1000};
    small_segments.capacity = 1000;
    a = reopen_lmdb(NULL);
    for (uint64_t n = 0; n < 3000; n += 50)
        commit_range(a, n, n + 50, 3);
    assert_ok(archive_stats(a, &stats));
    assert_int_equal(stats.entries, model.count);
    assert_true(stats.segments > 10);
    assert_ok(archive_retain(a, &keep, 1000, &removed));
    assert_ok(archive_stats(a, &stats));
    assert_in_range(stats.entries, 1000, 1150);
    assert_int_equal(stats.entries + removed.entries, model.count);

    keep = (struct retention){.size_bytes = stats.bytes / 2};
    assert_ok(archive_retain(a, &keep, 1000, &removed));
    assert_ok(archive_stats(a, &stats));
    assert_true(stats.bytes <= keep.size_bytes && stats.entries > 0);

    keep = (struct retention){.time_ns = 100};
    assert_ok(archive_retain(a, &keep, 500, &removed)); /* segments reach to 1007 */
    assert_int_equal(removed.segments, 0);
    assert_ok(archive_retain(a, &keep, 2000, &removed));
    assert_ok(archive_stats(a, &stats));
    assert_int_equal(stats.entries, 0);
    assert_int_equal(stats.segments, 0);
    model.count = 0;
    commit_range(a, 10, 20, 3); /* and it goes on */
    a = reopen_lmdb(a);
    struct archive_query q = ARCHIVE_QUERY_ALL;
    assert_true(model_agrees(&model, a, &q, &page));
    archive_close(a);
    small_segments.capacity = 2500;
}

static void a_full_disk_is_an_error_and_passes(void **state)
{
    (void)state;
    struct archive *a = reopen_lmdb(NULL);
    struct archive_batch *b = archive_batch_new(ARCHIVE_BATCH_BYTES_MAX);
    struct archive_query q = ARCHIVE_QUERY_ALL;
    struct rlimit before, small;
    struct model_entry e;
    commit_range(a, 0, 100, 3);
    for (uint64_t n = 100; n < 3000; n++) {
        model_make(&e, n, 3);
        assert_ok(model_add(b, &e));
    }
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    small = before;
    small.rlim_cur = 200000;
    setrlimit(RLIMIT_FSIZE, &small);
    for (int i = 0; i < 3; i++) {
        assert_err(archive_commit(a, b), ERR_DISK_FULL);
        assert_int_equal(archive_batch_outcome(b, 0), ARCHIVE_WAITING);
        assert_true(model_agrees(&model, a, &q, &page));
    }
    setrlimit(RLIMIT_FSIZE, &before);
    assert_ok(archive_commit(a, b));
    for (uint64_t n = 100; n < 3000; n++) {
        model_make(&e, n, 3);
        model_put(&model, &e);
    }
    assert_true(model_agrees(&model, a, &q, &page));
    archive_batch_free(b);
    a = reopen_lmdb(a);
    assert_true(model_agrees(&model, a, &q, &page));
    archive_close(a);
}

static void a_dump_carries_everything_to_another_archive(void **state)
{
    (void)state;
    struct archive *a = reopen_lmdb(NULL), *b = reopen_mem(NULL);
    struct archive_report report;
    struct archive_query q = ARCHIVE_QUERY_ALL;
    commit_range(a, 0, 3000, 20);
    FILE *f = tmpfile();
    assert_non_null(f);
    assert_ok(archive_export(a, f, &report));
    assert_int_equal(report.entries, model.count);
    for (int i = 0; i < 2; i++) {
        rewind(f);
        assert_ok(archive_import(b, f, NULL, NULL, &report));
        assert_int_equal(report.stored, i == 0 ? model.count : 0);
        assert_int_equal(report.duplicates, i == 0 ? 0 : model.count);
    }
    q.forward = false;
    assert_true(model_agrees(&model, b, &q, &page));
    assert_int_equal(ftruncate(fileno(f), 5000), 0);
    rewind(f);
    assert_err(archive_import(b, f, NULL, NULL, &report), ERR_FORMAT);
    fclose(f);
    archive_close(a);
    archive_close(b);
}

static void batches_are_bounded_and_merge(void **state)
{
    (void)state;
    struct archive_batch *one = archive_batch_new(2000), *two = archive_batch_new(100000);
    struct model_entry e;
    uint64_t n = 0;
    enum err err;
    do {
        model_make(&e, n++, 3);
        err = model_add(one, &e);
    } while (err == OK);
    assert_int_equal(err, ERR_FULL);
    size_t count = archive_batch_count(one), bytes = archive_batch_bytes(one);
    assert_true(bytes <= 2000);
    assert_ok(model_add(two, &e));
    assert_err(archive_batch_merge(one, two), ERR_FULL);
    assert_ok(archive_batch_merge(two, one));
    assert_int_equal(archive_batch_count(two), count + 1);
    assert_int_equal(archive_batch_count(one), 0);
    for (size_t i = 0; i < count; i++) {
        struct archive_entry got = archive_batch_entry(two, i + 1);
        model_make(&e, i, 3);
        assert_memory_equal(got.hash, e.hash, 32);
        assert_true(span_eq(got.content_topic, span_str(e.content)));
        assert_true(span_eq(got.message, span_of(e.message, e.message_len)));
    }
    archive_batch_free(one);
    archive_batch_free(two);
}

static uint64_t killed_after(int fd)
{
    uint64_t n = 0, got;
    while (read(fd, &got, sizeof got) == (ssize_t)sizeof got)
        n = got;
    return n;
}

/* The child reports how far it has committed; the parent kills it at a random moment and wants
 * every reported entry back, whole and without repair. */
static void nothing_reported_stored_is_lost_by_kill(void **state)
{
    (void)state;
    struct test_env t;
    uint64_t stored = 0;
    test_env_init(&t, 99);
    small_segments.capacity = 2000; /* segments roll while the child is killed */
    for (int round = 0; round < 12; round++) {
        int fds[2];
        assert_int_equal(pipe(fds), 0);
        pid_t pid = fork();
        if (pid == 0) {
            struct archive *a = reopen_lmdb(NULL);
            struct model_entry e;
            for (uint64_t n = stored;;) {
                struct archive_batch *b = archive_batch_new(ARCHIVE_BATCH_BYTES_MAX);
                for (uint64_t end = n + 1 + n % 40; n < end; n++) {
                    model_make(&e, n, 5);
                    if (model_add(b, &e) != OK)
                        _exit(1);
                }
                if (archive_commit(a, b) != OK || write(fds[1], &n, sizeof n) != (ssize_t)sizeof n)
                    _exit(1);
                archive_batch_free(b);
            }
        }
        close(fds[1]);
        struct timespec pause = {0, 20000000 + (long)rng_below(&t.rng, 60000000)};
        nanosleep(&pause, NULL);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        uint64_t reported = killed_after(fds[0]);
        close(fds[0]);
        stored = reported > stored ? reported : stored;

        struct archive *a = reopen_lmdb(NULL);
        struct archive_report report;
        assert_ok(archive_verify(a, NULL, NULL, &report));
        assert_string_equal(report.first, "");
        for (uint64_t n = 0; n < stored; n++) {
            struct archive_query q = ARCHIVE_QUERY_ALL;
            struct model_entry e;
            model_make(&e, n, 5);
            q.hashes = (const uint8_t(*)[32]) & e.hash;
            q.hashes_count = 1;
            assert_ok(archive_query(a, &q, &page));
            assert_int_equal(page.count, 1);
            assert_true(span_eq(page.entries[0].message, span_of(e.message, e.message_len)));
        }
        archive_close(a);
    }
    assert_true(stored > 100);
    small_segments.capacity = 2500;
    test_env_clear(&t);
}

struct reading {
    struct archive *archive;
    atomic_bool stop;
    atomic_uint reported, pages, faults;
};

/* Walk the archive again and again: every page ascends, and a walk that began after so many were
 * reported stored sees at least as many. */
static int read_all_the_time(void *state)
{
    struct reading *r = state;
    struct archive_page *p = malloc(sizeof *p);
    archive_page_init(p);
    while (p != NULL && !atomic_load(&r->stop)) {
        struct archive_query q = ARCHIVE_QUERY_ALL;
        uint8_t cursor[32], last[32];
        unsigned wanted = atomic_load(&r->reported), seen = 0;
        int64_t last_ns = INT64_MIN;
        q.limit = 100;
        do {
            if (archive_query(r->archive, &q, p) != OK)
                atomic_fetch_add(&r->faults, 1);
            for (size_t i = 0; i < p->count; i++, seen++) {
                const struct archive_entry *e = &p->entries[i];
                bool after = e->timestamp_ns > last_ns || memcmp(e->hash, last, 32) > 0;
                if (e->timestamp_ns < last_ns || !after)
                    atomic_fetch_add(&r->faults, 1);
                last_ns = e->timestamp_ns;
                memcpy(last, e->hash, 32);
            }
            memcpy(cursor, p->cursor, 32);
            q.cursor = cursor;
            atomic_fetch_add(&r->pages, 1);
        } while (p->more);
        if (seen < wanted)
            atomic_fetch_add(&r->faults, 1);
    }
    archive_page_clear(p);
    free(p);
    return 0;
}

static void queries_run_while_commits_go_on(void **state)
{
    (void)state;
    struct reading r = {0};
    thrd_t threads[2];
    small_segments.capacity = 2000; /* segments roll under the readers */
    r.archive = reopen_lmdb(NULL);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(thrd_create(&threads[i], read_all_the_time, &r), thrd_success);
    for (uint64_t n = 0; n < 4000; n += 40) {
        commit_range(r.archive, n, n + 40, 5);
        atomic_store(&r.reported, (unsigned)model.count);
    }
    atomic_store(&r.stop, true);
    for (size_t i = 0; i < 2; i++)
        thrd_join(threads[i], NULL);
    assert_int_equal(atomic_load(&r.faults), 0);
    assert_true(atomic_load(&r.pages) > 2);
    archive_close(r.archive);
    small_segments.capacity = 2500;
}

#define UNIT(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(batches_are_bounded_and_merge),
        UNIT(walks_pages_in_both_directions),
        UNIT(every_entry_again_is_a_duplicate),
        UNIT(cuts_a_page_by_bytes_but_keeps_one_entry),
        UNIT(answers_as_the_model_in_memory),
        UNIT(answers_as_the_model_on_disk),
        UNIT(queries_run_while_commits_go_on),
        UNIT(refuses_a_second_opening),
        UNIT(retention_removes_whole_segments),
        UNIT(a_full_disk_is_an_error_and_passes),
        UNIT(a_dump_carries_everything_to_another_archive),
        UNIT(nothing_reported_stored_is_lost_by_kill),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
