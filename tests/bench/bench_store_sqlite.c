/* The peer: SQLite with the archive schema, pragmas and query shapes of nwaku's sqlite driver.
 * usage: bench_store_sqlite [ROWS] */
#include "tests/bench/store_set.h"

#include <sqlite3.h>

#define PEER      "sqlite, nwaku schema"
#define FILE_NAME SET_FOLDER "/nwaku.sqlite"
#define SECONDS                                                                                    \
    75 /* for the bulk of the inserts: it does not reach a million rows in that time               \
        */
#define COLUMNS "messageHash, pubsubTopic, contentTopic, payload, version, timestamp, meta"
#define SELECT  "SELECT " COLUMNS " FROM Message WHERE "
#define ORDERED " ORDER BY timestamp ASC, messageHash ASC LIMIT 100;"

static sqlite3 *db;
static sqlite3_stmt *insertion;
static double ms[SET_QUERIES];

static void must(int rc)
{
    if (rc != SQLITE_OK && rc != SQLITE_DONE && rc != SQLITE_ROW) {
        fprintf(stderr, "sqlite: %s\n", sqlite3_errmsg(db));
        exit(1);
    }
}

static void run(const char *sql)
{
    must(sqlite3_exec(db, sql, NULL, NULL, NULL));
}

static void bind_blob(sqlite3_stmt *s, int at, const void *bytes, size_t len)
{
    must(sqlite3_bind_blob(s, at, bytes, (int)len, SQLITE_TRANSIENT));
}

static void insert(uint64_t i)
{
    uint8_t hash[32];
    char topic[48];
    set_hash(i, hash);
    memcpy(set_payload, &i, sizeof i);
    bind_blob(insertion, 1, hash, 32);
    bind_blob(insertion, 2, SET_PUBSUB, sizeof SET_PUBSUB - 1);
    bind_blob(insertion, 3, topic, set_topic_name(set_topic(i), topic));
    bind_blob(insertion, 4, set_payload, SET_PAYLOAD);
    must(sqlite3_bind_int64(insertion, 5, 1));
    must(sqlite3_bind_int64(insertion, 6, set_time(i)));
    bind_blob(insertion, 7, "", 0);
    must(sqlite3_step(insertion));
    must(sqlite3_reset(insertion));
}

static uint64_t insert_one_by_one(uint64_t i, const char *metric)
{
    double rates[3];
    for (size_t n = 0; n < 3; n++) {
        uint64_t from = i;
        double start = set_now();
        while (set_now() - start < 1)
            insert(i++);
        rates[n] = (double)(i - from) / (set_now() - start);
    }
    set_say(PEER, metric, "msg/s", rates, 3);
    return i;
}

static uint64_t insert_batches(uint64_t i, uint64_t rows)
{
    double start = set_now();
    uint64_t from = i;
    while (i < rows && set_now() - start < SECONDS) {
        run("BEGIN");
        for (unsigned k = 0; k < SET_BATCH; k++)
            insert(i++);
        run("COMMIT");
    }
    set_say_one(PEER, "insert_batch1000_durable", "msg/s",
                (double)(i - from) / (set_now() - start));
    set_say_one(PEER, "rows", "", (double)i);
    return i;
}

/* Read all rows, columns too. */
static void drain(sqlite3_stmt *s)
{
    static uint8_t row[SET_PAYLOAD + 256];
    while (sqlite3_step(s) == SQLITE_ROW)
        for (int c = 0; c < 7; c++) {
            int len = sqlite3_column_bytes(s, c);
            const void *bytes = sqlite3_column_blob(s, c);
            if (len > 0 && (size_t)len < sizeof row)
                memcpy(row, bytes, (size_t)len);
        }
    must(sqlite3_finalize(s));
}

static sqlite3_stmt *prepare(const char *sql)
{
    sqlite3_stmt *s;
    must(sqlite3_prepare_v2(db, sql, -1, &s, NULL));
    return s;
}

static void ask_page(uint64_t rows)
{
    uint8_t hash[32];
    set_hash(set_random() % (rows - 200), hash);
    sqlite3_stmt *s = prepare("SELECT timestamp FROM Message WHERE messageHash = (?)");
    bind_blob(s, 1, hash, 32);
    must(sqlite3_step(s));
    int64_t ns = sqlite3_column_int64(s, 0);
    must(sqlite3_finalize(s));
    s = prepare(SELECT "(timestamp, messageHash) > (?, ?) AND pubsubTopic = (?)" ORDERED);
    must(sqlite3_bind_int64(s, 1, ns));
    bind_blob(s, 2, hash, 32);
    bind_blob(s, 3, SET_PUBSUB, sizeof SET_PUBSUB - 1);
    drain(s);
}

static void ask_topic(uint64_t rows)
{
    char topic[48];
    uint64_t from = set_random() % (rows / 2);
    sqlite3_stmt *s = prepare(SELECT "pubsubTopic = (?) AND contentTopic IN (?) AND "
                                     "timestamp >= (?) AND timestamp <= (?)" ORDERED);
    bind_blob(s, 1, SET_PUBSUB, sizeof SET_PUBSUB - 1);
    bind_blob(s, 2, topic, set_topic_name((unsigned)(set_random() % SET_TOPICS), topic));
    must(sqlite3_bind_int64(s, 3, set_time(from)));
    must(sqlite3_bind_int64(s, 4, set_time(from + rows / 2)));
    drain(s);
}

static void ask_hashes(uint64_t rows)
{
    char sql[1024] = SELECT "messageHash IN (?";
    for (unsigned n = 1; n < SET_PAGE; n++)
        strcat(sql, ", ?");
    strcat(sql, ")" ORDERED);
    sqlite3_stmt *s = prepare(sql);
    for (uint64_t n = 0; n < SET_PAGE; n++) {
        uint8_t hash[32];
        set_hash((set_random() % (rows / SET_PAGE)) * SET_PAGE + n, hash);
        bind_blob(s, (int)n + 1, hash, 32);
    }
    drain(s);
}

static void measure(void (*ask)(uint64_t rows), uint64_t rows, const char *metric, double seconds)
{
    double end = set_now() + seconds;
    size_t n = 0;
    for (; n < SET_QUERIES && (n == 0 || set_now() < end); n++) {
        double start = set_now();
        ask(rows);
        ms[n] = (set_now() - start) * 1000;
    }
    set_say_latency(PEER, metric, ms, n);
}

int main(int argc, char **argv)
{
    uint64_t rows = set_rows(argc, argv);
    struct stat st;
    set_init();
    unlink(FILE_NAME);
    must(sqlite3_open(FILE_NAME, &db));
    run("PRAGMA journal_mode = WAL;");
    run("CREATE TABLE Message (messageHash BLOB NOT NULL PRIMARY KEY, pubsubTopic BLOB NOT NULL, "
        "contentTopic BLOB NOT NULL, payload BLOB, version INTEGER NOT NULL, "
        "timestamp INTEGER NOT NULL, meta BLOB) WITHOUT ROWID; "
        "CREATE INDEX i_ts ON Message (timestamp);");
    insertion = prepare("INSERT INTO Message(" COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?);");
    uint64_t i = insert_one_by_one(0, "insert_commit_each_durable_empty_db");
    rows = i = insert_batches(i, rows);
    insert_one_by_one(i, "insert_commit_each_durable_full_db");
    if (stat(FILE_NAME, &st) == 0)
        set_say_one(PEER, "bytes_per_message", "B", (double)st.st_size / (double)i);
    measure(ask_page, rows, "query_page100_pubsub_cursor", 6);
    measure(ask_topic, rows, "query_page100_one_of_1000_content_topics", 15);
    measure(ask_hashes, rows, "query_100_by_hash", 6);
    must(sqlite3_finalize(insertion));
    sqlite3_close(db);
    unlink(FILE_NAME);
    unlink(FILE_NAME "-wal");
    unlink(FILE_NAME "-shm");
    return 0;
}
