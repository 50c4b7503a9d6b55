/* The bound: bare LMDB with the same messages, in one file of three trees. main: (time, hash) ->
 * record, appended; hashes: hash -> time; topics: (topic, time, hash prefix) -> nothing.
 * usage: bench_store_lmdb [ROWS] */
#define _DEFAULT_SOURCE /* endian.h */

#include "tests/bench/store_set.h"

#include <endian.h>
#include <lmdb.h>

#define PEER      "bare lmdb"
#define FILE_NAME SET_FOLDER "/bare.mdb"
#define SECONDS   90 /* for the bulk of the inserts */

static MDB_env *env;
static MDB_dbi records, hashes, topics;
static double ms[SET_QUERIES];
static uint8_t copied[SET_PAGE * (SET_PAYLOAD + 256)];

static void must(int rc)
{
    if (rc != 0) {
        fprintf(stderr, "lmdb: %s\n", mdb_strerror(rc));
        exit(1);
    }
}

static MDB_txn *begin(unsigned flags)
{
    MDB_txn *txn;
    must(mdb_txn_begin(env, NULL, flags, &txn));
    return txn;
}

static void record_key(uint8_t key[40], uint64_t big_time, const uint8_t hash[32])
{
    memcpy(key, &big_time, 8);
    memcpy(key + 8, hash, 32);
}

static void insert(MDB_txn *txn, uint64_t i)
{
    uint8_t key[40], hash[32], topic_key[18], message[SET_PAYLOAD + 48];
    uint64_t ns = htobe64((uint64_t)set_time(i));
    uint16_t topic = htobe16((uint16_t)set_topic(i));
    set_hash(i, hash);
    record_key(key, ns, hash);
    memcpy(topic_key, &topic, 2);
    memcpy(topic_key + 2, &ns, 8);
    memcpy(topic_key + 10, hash, 8);
    MDB_val k = {40, key}, v = {set_message(i, message), message};
    must(mdb_put(txn, records, &k, &v, MDB_APPEND));
    k = (MDB_val){32, hash};
    v = (MDB_val){8, &ns};
    must(mdb_put(txn, hashes, &k, &v, 0));
    k = (MDB_val){18, topic_key};
    v = (MDB_val){0, NULL};
    must(mdb_put(txn, topics, &k, &v, 0));
}

static uint64_t insert_one_by_one(uint64_t i, const char *metric)
{
    double rates[3];
    for (size_t run = 0; run < 3; run++) {
        uint64_t from = i;
        double start = set_now();
        while (set_now() - start < 1) {
            MDB_txn *txn = begin(0);
            insert(txn, i++);
            must(mdb_txn_commit(txn));
        }
        rates[run] = (double)(i - from) / (set_now() - start);
    }
    set_say(PEER, metric, "msg/s", rates, 3);
    return i;
}

static uint64_t insert_batches(uint64_t i, uint64_t rows)
{
    double start = set_now(), last = start, tail = 0;
    uint64_t from = i, last_i = i;
    while (i < rows && set_now() - start < SECONDS) {
        MDB_txn *txn = begin(0);
        for (unsigned k = 0; k < SET_BATCH; k++)
            insert(txn, i++);
        must(mdb_txn_commit(txn));
        double now = set_now();
        if (now - last > 1) {
            tail = (double)(i - last_i) / (now - last);
            last = now;
            last_i = i;
        }
    }
    set_say_one(PEER, "insert_batch1000_durable", "msg/s",
                (double)(i - from) / (set_now() - start));
    set_say_one(PEER, "insert_batch1000_durable_last_second", "msg/s", tail);
    set_say_one(PEER, "rows", "", (double)i);
    return i;
}

static size_t copy(size_t at, const MDB_val *v)
{
    memcpy(copied + at, v->mv_data, v->mv_size);
    return at + v->mv_size;
}

static void get_record(MDB_txn *txn, const uint8_t hash[32], uint8_t key[40], MDB_val *v)
{
    MDB_val k = {32, (void *)(uintptr_t)hash};
    uint64_t ns;
    must(mdb_get(txn, hashes, &k, v));
    memcpy(&ns, v->mv_data, 8);
    record_key(key, ns, hash);
}

static void ask_page(uint64_t rows)
{
    uint8_t hash[32], key[40];
    MDB_txn *txn = begin(MDB_RDONLY);
    MDB_cursor *c;
    MDB_val k = {40, key}, v;
    size_t at = 0;
    set_hash(set_random() % (rows - 200), hash);
    get_record(txn, hash, key, &v);
    must(mdb_cursor_open(txn, records, &c));
    must(mdb_cursor_get(c, &k, &v, MDB_SET_RANGE));
    for (unsigned n = 0; n < SET_PAGE; n++) {
        must(mdb_cursor_get(c, &k, &v, MDB_NEXT));
        at = copy(at, &v);
    }
    mdb_cursor_close(c);
    mdb_txn_abort(txn);
}

static void ask_topic(uint64_t rows)
{
    uint8_t topic_key[18] = {0}, key[40] = {0};
    uint16_t topic = htobe16((uint16_t)(set_random() % SET_TOPICS));
    uint64_t ns = htobe64((uint64_t)set_time(set_random() % (rows / 2)));
    MDB_txn *txn = begin(MDB_RDONLY);
    MDB_cursor *by_topic, *c;
    MDB_val k = {18, topic_key}, v;
    size_t at = 0;
    memcpy(topic_key, &topic, 2);
    memcpy(topic_key + 2, &ns, 8);
    must(mdb_cursor_open(txn, topics, &by_topic));
    must(mdb_cursor_open(txn, records, &c));
    int rc = mdb_cursor_get(by_topic, &k, &v, MDB_SET_RANGE);
    for (unsigned n = 0; n < SET_PAGE && rc == 0 && memcmp(k.mv_data, &topic, 2) == 0; n++) {
        memcpy(key, (uint8_t *)k.mv_data + 2, 16);
        MDB_val at_key = {40, key}, record;
        must(mdb_cursor_get(c, &at_key, &record, MDB_SET_RANGE));
        at = copy(at, &record);
        rc = mdb_cursor_get(by_topic, &k, &v, MDB_NEXT);
    }
    mdb_cursor_close(by_topic);
    mdb_cursor_close(c);
    mdb_txn_abort(txn);
}

static void ask_hashes(uint64_t rows)
{
    MDB_txn *txn = begin(MDB_RDONLY);
    size_t at = 0;
    for (uint64_t n = 0; n < SET_PAGE; n++) {
        uint8_t hash[32], key[40];
        MDB_val k = {40, key}, v;
        set_hash((set_random() % (rows / SET_PAGE)) * SET_PAGE + n, hash);
        get_record(txn, hash, key, &v);
        must(mdb_get(txn, records, &k, &v));
        at = copy(at, &v);
    }
    mdb_txn_abort(txn);
}

static void measure(void (*ask)(uint64_t rows), uint64_t rows, const char *metric, size_t count)
{
    for (size_t n = 0; n < count; n++) {
        double start = set_now();
        ask(rows);
        ms[n] = (set_now() - start) * 1000;
    }
    set_say_latency(PEER, metric, ms, count);
}

int main(int argc, char **argv)
{
    uint64_t rows = set_rows(argc, argv);
    struct stat st;
    set_init();
    unlink(FILE_NAME);
    must(mdb_env_create(&env));
    must(mdb_env_set_mapsize(env, 16ull << 30));
    must(mdb_env_set_maxdbs(env, 3));
    must(mdb_env_open(env, FILE_NAME, MDB_NOSUBDIR | MDB_NORDAHEAD, 0644));
    MDB_txn *txn = begin(0);
    must(mdb_dbi_open(txn, "records", MDB_CREATE, &records));
    must(mdb_dbi_open(txn, "hashes", MDB_CREATE, &hashes));
    must(mdb_dbi_open(txn, "topics", MDB_CREATE, &topics));
    must(mdb_txn_commit(txn));
    uint64_t i = insert_one_by_one(0, "insert_commit_each_durable_empty_db");
    rows = i = insert_batches(i, rows);
    if (stat(FILE_NAME, &st) == 0)
        set_say_one(PEER, "bytes_per_message", "B", (double)st.st_size / (double)i);
    insert_one_by_one(i, "insert_commit_each_durable_full_db");
    measure(ask_page, rows, "query_page100_pubsub_cursor", SET_QUERIES);
    measure(ask_topic, rows, "query_page100_one_of_1000_content_topics", SET_QUERIES);
    measure(ask_hashes, rows, "query_100_by_hash", SET_QUERIES / 2);
    mdb_env_close(env);
    unlink(FILE_NAME);
    unlink(FILE_NAME "-lock");
    return 0;
}
