/* The core over played streams, or over a played port: its archive, its queries, its static peers,
 * its end. Jobs are run by the test, when it likes. */
#include "net/ping/params.h"
#include "net/swarm/params.h"
#include "node/core/inside.h"
#include "store/batch.h"
#include "store/peers.h"
#include "tests/lib/fake_streams.h"

#define TOPIC SPAN_LIT("/waku/2/rs/66/0")

/* an archive in memory that fails when it is told to */
struct flaky {
    struct archive base; /* first */
    struct archive *real;
    enum err commit_err, query_err;
    unsigned commits, retains;
};

static enum err flaky_commit(struct archive *a, struct archive_batch *b)
{
    struct flaky *f = (struct flaky *)a;
    f->commits++;
    return f->commit_err != OK ? f->commit_err : archive_commit(f->real, b);
}

static enum err flaky_query(struct archive *a, const struct archive_query *q,
                            struct archive_page *p)
{
    struct flaky *f = (struct flaky *)a;
    return f->query_err != OK ? f->query_err : archive_query(f->real, q, p);
}

static enum err flaky_retain(struct archive *a, const struct retention *keep, int64_t now_ns,
                             struct archive_stats *removed)
{
    struct flaky *f = (struct flaky *)a;
    f->retains++;
    return archive_retain(f->real, keep, now_ns, removed);
}

static const struct archive_ops flaky_ops = {
    .commit = flaky_commit, .query = flaky_query, .retain = flaky_retain};

struct world {
    struct fake_host *f;
    struct streams streams;
    struct flaky archive;
    struct core_config config;
    struct core *c;
    struct port port;
    struct job *jobs[2048];
    size_t jobs_count;
    uint64_t dials[64];
    int64_t dialed_at[64];
    size_t dials_count;
    bool closed;
    unsigned told[CORE_EVENT_PONG + 1];
    struct core_event said[CORE_EVENT_PONG + 1];
    size_t entries; /* of the last store answer */
};

static void port_dial(void *world, uint64_t link, const struct endpoint *to)
{
    struct world *w = world;
    (void)to;
    assert_true(w->dials_count < 64);
    w->dialed_at[w->dials_count] = w->f->env->now.ns;
    w->dials[w->dials_count++] = link;
}

static size_t port_write(void *world, uint64_t link, struct span bytes)
{
    (void)world, (void)link;
    return bytes.len;
}

static void port_pause(void *world, uint64_t link, bool paused)
{
    (void)world, (void)link, (void)paused;
}

static void port_close(void *world, uint64_t link, bool flush)
{
    struct world *w = world;
    (void)link, (void)flush;
    w->closed = true;
}

static void port_resolve(void *world, uint64_t query, const char *name, int type)
{
    (void)world, (void)query, (void)name, (void)type;
}

static void port_datagram(void *world, const struct endpoint *to, struct span bytes)
{
    (void)world, (void)to, (void)bytes;
}

static void port_job(void *world, struct job *job)
{
    struct world *w = world;
    assert_true(w->jobs_count < 2048);
    w->jobs[w->jobs_count++] = job;
}

static void pump(struct world *w)
{
    struct core_event ev;
    bool more;
    do {
        more = core_pump(w->c, w->f->env, &w->port);
        while (core_poll(w->c, &ev)) {
            more = true;
            w->told[ev.kind]++;
            w->said[ev.kind] = ev;
            if (ev.kind == CORE_EVENT_STORE_ANSWER && ev.err == OK)
                w->entries = ev.answer->count;
        }
    } while (more);
    arena_reset(w->f->env->scratch);
}

/* All jobs that were handed out, in order. */
static void work(struct world *w)
{
    while (w->jobs_count > 0) {
        struct job *j = w->jobs[0];
        memmove(w->jobs, w->jobs + 1, --w->jobs_count * sizeof *w->jobs);
        j->run(j);
        core_job_done(w->c, w->f->env, j);
        pump(w);
    }
}

static void run(struct world *w, int64_t ns)
{
    int64_t end = w->f->env->now.ns + ns;
    while (core_deadline(w->c).ns <= end) {
        if (core_deadline(w->c).ns > w->f->env->now.ns)
            test_env_advance(&w->f->t, core_deadline(w->c).ns - w->f->env->now.ns);
        core_tick(w->c, w->f->env);
        pump(w);
    }
    test_env_advance(&w->f->t, end - w->f->env->now.ns);
}

static void begin(struct world *w)
{
    static const uint16_t shards[] = {0};
    static const uint8_t seed[16] = {1};
    *w = (struct world){0};
    w->f = fake_new(&w->streams);
    w->archive.base.ops = &flaky_ops;
    assert_ok(archive_open_mem(&w->archive.real, seed));
    w->port = (struct port){w,          port_dial,    port_write,    port_pause,
                            port_close, port_resolve, port_datagram, port_job};
    w->config = (struct core_config){.key = w->f->key,
                                     .archive = &w->archive.base,
                                     .streams = &w->streams,
                                     .agent_version = "test",
                                     .cluster = 66,
                                     .shards_in_network = 8,
                                     .shards = shards,
                                     .shards_count = 1,
                                     .relay = true,
                                     .message_bytes_max = 153600,
                                     .store_queue_bytes = 4u << 20,
                                     .store_page_max = 100,
                                     .connections_max = 50,
                                     .connections_per_ip = 8};
}

static void make(struct world *w)
{
    assert_ok(core_new(&w->c, &w->config, w->f->env));
    pump(w);
}

static void end(struct world *w)
{
    for (size_t i = 0; i < w->jobs_count; i++)
        w->jobs[i]->drop(w->jobs[i]);
    core_free(w->c);
    archive_close(w->archive.real);
    fake_host_free(w->f);
}

static enum err publish(struct world *w, unsigned n, size_t bytes)
{
    static uint8_t payload[200000];
    struct core_message m = {.payload = span_of(payload, bytes),
                             .content_topic = SPAN_LIT("/a/1/b/c")};
    memcpy(payload, &n, sizeof n);
    return core_publish(w->c, w->f->env, TOPIC, &m, NULL);
}

static uint64_t stored(struct world *w)
{
    struct archive_stats s;
    assert_ok(archive_stats(w->archive.real, &s));
    return s.entries;
}

/* ---- publishing ---- */

static void what_may_not_be_published(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    make(&w);
    struct core_message m = {.payload = SPAN_LIT("x"), .content_topic = SPAN_LIT("/a/1/b/c")};
    assert_err(core_publish(w.c, w.f->env, SPAN_LIT("/waku/2/rs/66/5"), &m, NULL), ERR_NOT_FOUND);
    assert_err(publish(&w, 1, 153600), ERR_LIMIT);
    m.content_topic = SPAN_LIT("malformed");
    assert_err(core_publish(w.c, w.f->env, SPAN_EMPTY, &m, NULL), ERR_ARGUMENT);
    m.content_topic = SPAN_EMPTY;
    assert_err(core_publish(w.c, w.f->env, TOPIC, &m, NULL), ERR_ARGUMENT);
    m = (struct core_message){.content_topic = SPAN_LIT("/a/1/b/c")};
    assert_err(core_publish(w.c, w.f->env, TOPIC, &m, NULL), ERR_ARGUMENT);
    assert_int_equal(core_counters(w.c)->messages_published, 0);
    pump(&w);
    assert_int_equal(w.told[CORE_EVENT_MESSAGE], 0);
    assert_ok(publish(&w, 1, 100));
    pump(&w);
    assert_int_equal(w.told[CORE_EVENT_MESSAGE], 1);
    core_stop(w.c, w.f->env);
    assert_err(publish(&w, 2, 100), ERR_FULL);
    end(&w);
}

static void ephemeral_and_ill_timed_ones_are_not_stored(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    make(&w);
    struct core_message m = {
        .payload = SPAN_LIT("x"), .content_topic = SPAN_LIT("/a/1/b/c"), .ephemeral = true};
    assert_ok(core_publish(w.c, w.f->env, TOPIC, &m, NULL));
    m.ephemeral = false;
    m.timestamp_ns = w.f->env->wall.ns - 60 * NS_PER_S;
    assert_ok(core_publish(w.c, w.f->env, TOPIC, &m, NULL));
    pump(&w);
    work(&w);
    assert_int_equal(core_counters(w.c)->archive_skipped, 2);
    assert_int_equal(w.told[CORE_EVENT_MESSAGE], 2);
    assert_int_equal(stored(&w), 0);
    end(&w);
}

/* ---- the archive's queue ---- */

/* WAIT: an own message that was taken is stored; at the bound none is taken, and peers wait. */
static void a_full_queue_refuses_and_then_goes_on(void **state)
{
    (void)state;
    struct world w;
    unsigned taken = 0;
    begin(&w);
    make(&w);
    fake_peer_up(w.f, 1);
    pump(&w);
    uint64_t in = fake_incoming(w.f, 1, "/meshsub/1.1.0");
    pump(&w);
    while (publish(&w, taken, 100000) == OK) {
        taken++;
        pump(&w);
        assert_true(taken < 1000);
    }
    assert_err(publish(&w, 5000, 100000), ERR_FULL);
    assert_true(fake_at(w.f, in)->paused);
    assert_true(core_archive_waiting(w.c, NULL) <= w.config.store_queue_bytes);
    work(&w);
    assert_int_equal(core_counters(w.c)->archive_dropped, 0);
    assert_int_equal(stored(&w), taken);
    assert_int_equal(core_counters(w.c)->archive_stored, taken);
    assert_int_equal(core_archive_waiting(w.c, NULL), 0);
    assert_false(fake_at(w.f, in)->paused);
    assert_ok(publish(&w, 5000, 100000));
    end(&w);
}

/* The smallest queue that an operator can ask for: 1 MiB. */
static void a_small_queue_does_not_stop_the_relay(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    w.config.store_queue_bytes = 1u << 20;
    make(&w);
    fake_peer_up(w.f, 1);
    pump(&w);
    uint64_t in = fake_incoming(w.f, 1, "/meshsub/1.1.0");
    pump(&w);
    assert_ok(publish(&w, 1, 100));
    pump(&w);
    assert_false(fake_at(w.f, in)->paused);
    work(&w);
    assert_false(fake_at(w.f, in)->paused);
    end(&w);
}

static void a_full_queue_drops_and_counts(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    w.config.store_overflow = CORE_OVERFLOW_DROP;
    make(&w);
    for (unsigned n = 0; n < 60; n++) {
        assert_ok(publish(&w, n, 100000));
        pump(&w);
    }
    assert_int_equal(w.told[CORE_EVENT_MESSAGE], 60);
    uint64_t dropped = core_counters(w.c)->archive_dropped;
    assert_in_range(dropped, 1, 59);
    work(&w);
    assert_int_equal(stored(&w), 60 - dropped);
    end(&w);
}

static void a_failing_disk_stops_nothing_and_loses_nothing_that_fits(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    make(&w);
    fake_peer_up(w.f, 1);
    pump(&w);
    uint64_t in = fake_incoming(w.f, 1, "/meshsub/1.1.0");
    w.archive.commit_err = ERR_DISK_FULL;
    for (unsigned n = 0; n < 20; n++) {
        assert_ok(publish(&w, n, 100000));
        pump(&w);
        work(&w);
    }
    assert_err(core_archive_health(w.c), ERR_DISK_FULL);
    assert_int_equal(w.archive.commits, 1); /* not again and again */
    run(&w, 3 * NS_PER_S + NS_PER_MS);
    work(&w);
    run(&w, 1100 * NS_PER_MS);
    work(&w);
    assert_in_range(w.archive.commits, 2, 6);
    assert_int_equal(core_counters(w.c)->archive_errors, w.archive.commits);
    for (unsigned n = 20; n < 60; n++) { /* over the bound: relayed, not stored */
        assert_ok(publish(&w, n, 100000));
        pump(&w);
    }
    assert_false(fake_at(w.f, in)->paused);
    uint64_t dropped = core_counters(w.c)->archive_dropped;
    assert_in_range(dropped, 1, 40);
    w.archive.commit_err = OK;
    for (int i = 0; i < 5; i++) {
        run(&w, 1100 * NS_PER_MS);
        work(&w);
    }
    assert_ok(core_archive_health(w.c));
    assert_int_equal(stored(&w), 60 - dropped);
    end(&w);
}

static void retention_is_looked_at_every_minute(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    w.config.retention = "capacity:1";
    make(&w);
    run(&w, 2 * NS_PER_S);
    assert_int_equal(w.jobs_count, 1);
    run(&w, 600 * NS_PER_S); /* one at a time */
    assert_int_equal(w.jobs_count, 1);
    work(&w);
    assert_in_range(w.archive.retains, 1, 2);
    for (int i = 0; i < 10; i++) {
        run(&w, 60 * NS_PER_S);
        work(&w);
    }
    assert_in_range(w.archive.retains, 10, 12);
    w.config.retention = "nonsense";
    struct core *none = NULL;
    assert_int_not_equal(core_new(&none, &w.config, w.f->env), OK);
    end(&w);
}

/* ---- queries ---- */

static void own_questions_are_answered(void **state)
{
    (void)state;
    struct world w;
    struct store_query q = {.include_data = true};
    begin(&w);
    make(&w);
    for (unsigned n = 0; n < 30; n++)
        assert_ok(publish(&w, n, 100));
    pump(&w);
    work(&w);
    assert_ok(core_query(w.c, w.f->env, &q, SPAN_EMPTY, 3));
    pump(&w);
    assert_int_equal(w.told[CORE_EVENT_STORE_ANSWER], 0);
    work(&w);
    assert_int_equal(w.told[CORE_EVENT_STORE_ANSWER], 1);
    assert_int_equal(w.said[CORE_EVENT_STORE_ANSWER].ticket, 3);
    assert_int_equal(w.entries, STORE_QUERY_PAGE_DEFAULT);
    w.archive.query_err = ERR_IO;
    assert_ok(core_query(w.c, w.f->env, &q, SPAN_EMPTY, 4));
    pump(&w);
    work(&w);
    assert_err(w.said[CORE_EVENT_STORE_ANSWER].err, ERR_IO);
    assert_null(w.said[CORE_EVENT_STORE_ANSWER].answer);
    end(&w);
}

static void so_many_questions_at_a_time(void **state)
{
    (void)state;
    struct world w;
    struct store_query q = {0};
    begin(&w);
    make(&w);
    for (uint64_t n = 0; n < CORE_QUERIES_MAX; n++)
        assert_ok(core_query(w.c, w.f->env, &q, SPAN_EMPTY, n + 1));
    assert_err(core_query(w.c, w.f->env, &q, SPAN_EMPTY, 9999), ERR_FULL);
    pump(&w);
    assert_err(core_query(w.c, w.f->env, &q, SPAN_EMPTY, 9999), ERR_FULL);
    work(&w);
    assert_int_equal(w.told[CORE_EVENT_STORE_ANSWER], CORE_QUERIES_MAX);
    assert_ok(core_query(w.c, w.f->env, &q, SPAN_EMPTY, 9999));
    end(&w);
}

static void a_peers_question_is_answered_or_dies_with_it(void **state)
{
    (void)state;
    struct world w;
    struct store_query q = {.request_id = SPAN_LIT("id"), .include_data = true};
    struct store_answer *a = calloc(1, sizeof *a);
    struct buf b = BUF_INIT(4096);
    begin(&w);
    make(&w);
    assert_ok(publish(&w, 1, 100));
    pump(&w);
    work(&w);
    fake_peer_up(w.f, 1);
    pump(&w);
    assert_ok(store_query_encode(&q, &b));
    uint64_t s = fake_incoming(w.f, 1, STORE_QUERY_PROTOCOL);
    fake_frame(w.f, s, buf_span(&b));
    pump(&w);
    assert_int_equal(w.jobs_count, 1);
    work(&w);
    assert_ok(store_answer_decode(fake_wrote(w.f, s), a));
    assert_int_equal(a->status, 200);
    assert_int_equal(a->count, 1);
    s = fake_incoming(w.f, 1, STORE_QUERY_PROTOCOL);
    fake_frame(w.f, s, buf_span(&b));
    pump(&w);
    fake_peer_down(w.f, 1);
    pump(&w);
    work(&w);
    assert_int_equal(fake_at(w.f, s)->wrote.len, 0);
    buf_clear(&b);
    free(a);
    end(&w);
}

/* ---- static peers: an own swarm over the played port ---- */

#define STATIC_ID "16Uiu2HAm6HZZr7aToTvEBPpiys4UxajCTU97zj5v7RNR2gbniy1D"

static enum err count_row(void *ctx, struct span id, struct span record)
{
    (void)ctx;
    (void)id;
    (void)record;
    return OK;
}

static const char *const statics[] = {"/ip4/10.0.0.9/tcp/60000/p2p/" STATIC_ID};

static void begin_static(struct world *w)
{
    begin(w);
    w->config.streams = NULL;
    w->config.statics = statics;
    w->config.statics_count = 1;
    make(w);
}

static void a_static_peer_is_dialed_with_growing_pauses(void **state)
{
    (void)state;
    struct world w;
    begin_static(&w);
    for (size_t n = 0; n < 12; n++) {
        for (int i = 0; i < 100 && w.dials_count == n; i++)
            run(&w, NS_PER_S);
        assert_int_equal(w.dials_count, n + 1);
        core_link_down(w.c, w.f->env, w.dials[n], ERR_REFUSED);
        pump(&w);
    }
    int64_t first = w.dialed_at[1] - w.dialed_at[0], last = w.dialed_at[11] - w.dialed_at[10];
    assert_in_range(first, 1 * NS_PER_S, 3 * NS_PER_S);
    assert_in_range(last, 30 * NS_PER_S, 62 * NS_PER_S);
    end(&w);
}

/* Connected and lost again before the core was told of either. */
static void a_static_peer_that_came_and_went_is_dialed_again(void **state)
{
    (void)state;
    struct world w;
    begin_static(&w);
    run(&w, NS_PER_S);
    assert_int_equal(w.dials_count, 1);
    for (uint64_t dial = 0; dial < 8; dial++)
        candidates_dialed(w.c, w.f->env,
                          &(struct swarm_dialed){.dial = dial, .peer = 77, .err = OK});
    assert_true(candidates_deadline(w.c).ns < w.f->env->now.ns + 10 * NS_PER_S);
    end(&w);
}

/* Two remembered peers, of which one cannot be read: the other is dialed. */
static void remembered_peers_are_dialed_and_the_unreadable_skipped(void **state)
{
    (void)state;
    struct world w;
    struct peer_table *table;
    struct peer_rows rows = {0};
    struct peer_id id, other;
    size_t loaded, skipped;
    begin(&w);
    assert_ok(peer_id_parse(SPAN_LIT(STATIC_ID), &id));
    other = id;
    other.bytes[other.len - 1] ^= 1;
    assert_ok(peer_rows_add(&rows, peer_id_span(&id), test_hex("0a08 040a000009 06ea60 2005")));
    assert_ok(peer_rows_add(&rows, peer_id_span(&other), test_hex("0a08 040a0000")));
    assert_ok(peer_table_open_mem(&table));
    assert_ok(peer_table_save(table, &rows));
    w.config.streams = NULL;
    w.config.known = table;
    w.config.peering = (struct core_peering){.relay_out = 2, .relay_in = 4};
    make(&w);
    run(&w, NS_PER_S);
    assert_int_equal(w.dials_count, 1);
    core_stop(w.c, w.f->env);
    pump(&w);
    work(&w);
    end(&w);
    assert_ok(peer_table_load(table, count_row, NULL, &loaded, &skipped));
    assert_int_equal(loaded, 2); /* nothing changed: nothing was written */
    peer_rows_clear(&rows);
    peer_table_close(table);
}

static void a_dial_of_the_user_is_told(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    w.config.streams = NULL;
    make(&w);
    assert_ok(core_connect(w.c, w.f->env, span_str(statics[0]), 6));
    pump(&w);
    assert_int_equal(w.dials_count, 1);
    core_link_down(w.c, w.f->env, w.dials[0], ERR_REFUSED);
    pump(&w);
    assert_int_equal(w.told[CORE_EVENT_DIALED], 1);
    assert_int_equal(w.said[CORE_EVENT_DIALED].ticket, 6);
    assert_err(w.said[CORE_EVENT_DIALED].err, ERR_REFUSED);
    assert_int_not_equal(core_connect(w.c, w.f->env, SPAN_LIT("nonsense"), 7), OK);
    assert_ok(core_connect(w.c, w.f->env, SPAN_LIT("/ip4/10.0.0.8/tcp/1"), 8)); /* never told */
    end(&w);
}

/* ---- leaving ---- */

static void stopping_waits_for_the_disk(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    w.config.streams = NULL;
    make(&w);
    for (unsigned n = 0; n < 5; n++)
        assert_ok(publish(&w, n, 100));
    assert_false(core_stopped(w.c));
    core_stop(w.c, w.f->env);
    assert_false(core_stopped(w.c));
    pump(&w);
    assert_false(core_stopped(w.c)); /* the job is out */
    work(&w);
    run(&w, 10 * NS_PER_S);
    work(&w);
    assert_true(core_stopped(w.c));
    assert_int_equal(stored(&w), 5);
    struct store_query q = {0};
    assert_err(core_query(w.c, w.f->env, &q, SPAN_EMPTY, 1), ERR_FULL);
    end(&w);
}

static void stopping_does_not_wait_for_a_broken_disk(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    make(&w);
    w.archive.commit_err = ERR_IO;
    assert_ok(publish(&w, 1, 100));
    core_stop(w.c, w.f->env);
    pump(&w);
    work(&w);
    assert_true(core_stopped(w.c));
    end(&w);
}

/* At any moment: jobs not handed out yet, handed out, answers nobody polled. */
static void a_core_is_freed_with_everything(void **state)
{
    (void)state;
    for (int moment = 0; moment < 6; moment++) {
        struct world w;
        struct store_query q = {.include_data = true};
        begin(&w);
        w.config.retention = "time:10";
        make(&w);
        fake_peer_up(w.f, 1);
        if (moment >= 1)
            assert_ok(publish(&w, 1, 1000));
        if (moment >= 2)
            pump(&w);
        if (moment >= 3)
            assert_ok(publish(&w, 2, 1000));
        assert_ok(core_query(w.c, w.f->env, &q, SPAN_EMPTY, 1));
        if (moment >= 4)
            run(&w, 2 * NS_PER_S);
        if (moment >= 5) { /* run and handed back, but not polled */
            while (w.jobs_count > 0) {
                struct job *j = w.jobs[--w.jobs_count];
                j->run(j);
                core_job_done(w.c, w.f->env, j);
            }
        }
        end(&w);
    }
}

static void topics_come_and_go(void **state)
{
    (void)state;
    struct world w;
    size_t cursor = 0;
    struct span topic;
    begin(&w);
    make(&w);
    assert_ok(core_subscribe(w.c, w.f->env, SPAN_LIT("/waku/2/rs/66/3")));
    assert_ok(core_subscribe(w.c, w.f->env, SPAN_LIT("/waku/2/rs/66/3"))); /* twice is once */
    assert_ok(core_unsubscribe(w.c, w.f->env, TOPIC));
    assert_err(core_unsubscribe(w.c, w.f->env, TOPIC), ERR_NOT_FOUND);
    assert_true(core_topics(w.c, &cursor, &topic));
    assert_span_equal(topic, SPAN_LIT("/waku/2/rs/66/3"));
    assert_false(core_topics(w.c, &cursor, &topic));
    assert_err(publish(&w, 1, 10), ERR_NOT_FOUND);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_may_not_be_published),
        cmocka_unit_test(ephemeral_and_ill_timed_ones_are_not_stored),
        cmocka_unit_test(a_full_queue_refuses_and_then_goes_on),
        cmocka_unit_test(a_small_queue_does_not_stop_the_relay),
        cmocka_unit_test(a_full_queue_drops_and_counts),
        cmocka_unit_test(a_failing_disk_stops_nothing_and_loses_nothing_that_fits),
        cmocka_unit_test(retention_is_looked_at_every_minute),
        cmocka_unit_test(own_questions_are_answered),
        cmocka_unit_test(so_many_questions_at_a_time),
        cmocka_unit_test(a_peers_question_is_answered_or_dies_with_it),
        cmocka_unit_test(a_static_peer_is_dialed_with_growing_pauses),
        cmocka_unit_test(a_static_peer_that_came_and_went_is_dialed_again),
        cmocka_unit_test(remembered_peers_are_dialed_and_the_unreadable_skipped),
        cmocka_unit_test(a_dial_of_the_user_is_told),
        cmocka_unit_test(stopping_waits_for_the_disk),
        cmocka_unit_test(stopping_does_not_wait_for_a_broken_disk),
        cmocka_unit_test(a_core_is_freed_with_everything),
        cmocka_unit_test(topics_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
