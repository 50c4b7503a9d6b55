/* The archive: durable inserts, pages, bytes on disk, memory. Beside it bench_store_lmdb (bare
 * LMDB) and bench_store_sqlite (nwaku's schema) do the same. usage: bench_store [ROWS] */
#include "store/archive.h"
#include "tests/bench/store_set.h"

#include <dirent.h>

#define PEER "sotto"

static struct archive *archive;
static struct archive_page page;
static double ms[SET_QUERIES];

static void must(enum err err, const char *what)
{
    if (err == OK)
        return;
    fprintf(stderr, "%s: %s\n", what, err_name(err));
    exit(1);
}

static void clean(void)
{
    DIR *dir = opendir(SET_FOLDER);
    for (struct dirent *d; dir != NULL && (d = readdir(dir)) != NULL;) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", SET_FOLDER, d->d_name);
        if (d->d_name[0] != '.')
            unlink(path);
    }
    if (dir != NULL)
        closedir(dir);
}

static void insert(uint64_t from, uint64_t count)
{
    struct archive_batch *b = archive_batch_new(ARCHIVE_BATCH_BYTES_MAX);
    for (uint64_t i = from; i < from + count; i++) {
        uint8_t hash[32], message[SET_PAYLOAD + 48];
        char topic[48];
        size_t topic_len = set_topic_name(set_topic(i), topic);
        set_hash(i, hash);
        struct blob *blob = blob_new(span_of(message, set_message(i, message)));
        must(archive_batch_add(b, hash, set_time(i), SPAN_LIT(SET_PUBSUB),
                               span_of(topic, topic_len), blob, blob_span(blob)),
             "add");
        blob_unref(blob);
    }
    must(archive_commit(archive, b), "commit");
    archive_batch_free(b);
}

static uint64_t insert_one_by_one(uint64_t i, const char *metric)
{
    double rates[3];
    for (size_t run = 0; run < 3; run++) {
        uint64_t from = i;
        double start = set_now();
        while (set_now() - start < 1)
            insert(i++, 1);
        rates[run] = (double)(i - from) / (set_now() - start);
    }
    set_say(PEER, metric, "msg/s", rates, 3);
    return i;
}

static uint64_t insert_batches(uint64_t i, uint64_t rows)
{
    double start = set_now(), last = start, tail = 0, worst = 0;
    uint64_t from = i, last_i = i;
    while (i < rows) {
        double before = set_now();
        insert(i, SET_BATCH);
        i += SET_BATCH;
        double now = set_now();
        worst = now - before > worst ? now - before : worst;
        if (now - last > 1) {
            tail = (double)(i - last_i) / (now - last);
            last = now;
            last_i = i;
        }
    }
    set_say_one(PEER, "insert_batch1000_durable", "msg/s",
                (double)(i - from) / (set_now() - start));
    set_say_one(PEER, "insert_batch1000_durable_last_second", "msg/s", tail);
    set_say_one(PEER, "insert_batch1000_longest_commit", "ms", worst * 1000);
    return i;
}

static void ask(const struct archive_query *q, size_t want, double *out)
{
    double start = set_now();
    must(archive_query(archive, q, &page), "query");
    *out = (set_now() - start) * 1000;
    if (page.count != want) {
        fprintf(stderr, "a page of %zu\n", page.count);
        exit(1);
    }
}

static void ask_pages(uint64_t rows)
{
    struct archive_query q = ARCHIVE_QUERY_ALL;
    uint8_t cursor[32];
    q.limit = SET_PAGE;
    q.cursor = cursor;
    q.pubsub_topic = SPAN_LIT(SET_PUBSUB);
    for (size_t n = 0; n < SET_QUERIES; n++) {
        set_hash(set_random() % (rows - 200), cursor);
        ask(&q, SET_PAGE, &ms[n]);
    }
    set_say_latency(PEER, "query_page100_pubsub_cursor", ms, SET_QUERIES);
}

static void ask_topics(uint64_t rows)
{
    struct archive_query q = ARCHIVE_QUERY_ALL;
    char name[48];
    size_t want = rows / SET_TOPICS / 2 > 150 ? SET_PAGE : 0;
    q.limit = SET_PAGE;
    q.pubsub_topic = SPAN_LIT(SET_PUBSUB);
    for (size_t n = 0; n < SET_QUERIES; n++) {
        struct span topic =
            span_of(name, set_topic_name((unsigned)(set_random() % SET_TOPICS), name));
        uint64_t from = set_random() % (rows / 2);
        q.content_topics = &topic;
        q.content_topics_count = 1;
        q.time_start_ns = set_time(from);
        q.time_end_ns = set_time(from + rows / 2);
        if (want > 0)
            ask(&q, want, &ms[n]);
    }
    if (want > 0)
        set_say_latency(PEER, "query_page100_one_of_1000_content_topics", ms, SET_QUERIES);
}

static void ask_hashes(uint64_t rows)
{
    struct archive_query q = ARCHIVE_QUERY_ALL;
    uint8_t hashes[SET_PAGE][32];
    q.limit = SET_PAGE;
    q.hashes = (const uint8_t(*)[32])hashes;
    q.hashes_count = SET_PAGE;
    for (size_t n = 0; n < SET_QUERIES / 2; n++) {
        for (size_t k = 0; k < SET_PAGE; k++)
            set_hash((set_random() % (rows / SET_PAGE)) * SET_PAGE + k, hashes[k]);
        ask(&q, SET_PAGE, &ms[n]);
    }
    set_say_latency(PEER, "query_100_by_hash", ms, SET_QUERIES / 2);
}

static void say_memory(const char *metric)
{
    FILE *f = fopen("/proc/self/status", "r");
    char line[256];
    long kb;
    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        if (sscanf(line, "RssAnon: %ld kB", &kb) == 1)
            set_say_one(PEER, metric, "MB", (double)kb / 1024);
    if (f != NULL)
        fclose(f);
}

int main(int argc, char **argv)
{
    uint64_t rows = set_rows(argc, argv);
    struct archive_stats stats;
    struct archive_report report;
    set_init();
    clean();
    archive_page_init(&page);
    must(archive_open_lmdb(&archive, SET_FOLDER, NULL), "open");
    uint64_t i = insert_one_by_one(0, "insert_commit_each_durable_empty_db");
    i = insert_batches(i, rows);
    must(archive_stats(archive, &stats), "stats");
    set_say_one(PEER, "bytes_per_message", "B", (double)stats.bytes / (double)stats.entries);
    i = insert_one_by_one(i, "insert_commit_each_durable_full_db");
    say_memory("rss_anon_after_inserts");
    ask_pages(rows);
    ask_topics(rows);
    ask_hashes(rows);
    say_memory("rss_anon_after_queries");
    double start = set_now();
    must(archive_verify(archive, NULL, NULL, &report), "verify");
    set_say_one(PEER, "verify_all", "s", set_now() - start);
    if (report.broken > 0 || report.entries != i)
        must(ERR_CORRUPT, report.first);
    archive_page_clear(&page);
    archive_close(archive);
    start = set_now();
    must(archive_open_lmdb(&archive, SET_FOLDER, NULL), "open");
    set_say_one(PEER, "open_full_db", "ms", (set_now() - start) * 1000);
    archive_close(archive);
    clean();
    return 0;
}
