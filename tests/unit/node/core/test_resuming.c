/* Store resume and the archive's side of store sync, over played streams: the test plays the other
 * stores, runs the jobs, and lets the process die when it likes. */
#include "net/host/adapter.h"
#include "net/sync/sync.h"
#include "net/waku/waku.h"
#include "node/core/inside.h"
#include "store/kv.h"
#include "tests/lib/fake_streams.h"

#define TOPIC SPAN_LIT("/waku/2/rs/66/0")

enum lie {
    HONEST,
    WRONG_HASH,
    BACKWARDS, /* older than what it was asked for */
    REFUSES,
};

struct entry {
    int64_t time_ns;
    struct blob *message; /* owned */
    uint8_t hash[32];
};

struct world {
    struct fake_host *f;
    struct streams streams;
    struct archive *archive;
    struct kv *kv;
    struct core_config config;
    struct core *c;
    struct port port;
    struct job *jobs[256];
    size_t jobs_count;
    struct entry all[2000]; /* what the others have, by time */
    size_t count;
    enum lie lie[8]; /* by peer */
    unsigned asked[8];
    uint64_t answered;      /* streams up to this number */
    size_t silent_after;    /* questions that are answered at all */
    int64_t first_start_ns; /* time_start of the first question */
};

static void port_job(void *world, struct job *job)
{
    struct world *w = world;
    assert_true(w->jobs_count < 256);
    w->jobs[w->jobs_count++] = job;
}

static void pump(struct world *w)
{
    struct core_event ev;
    bool more;
    do {
        more = core_pump(w->c, w->f->env, &w->port);
        while (core_poll(w->c, &ev))
            more = true;
    } while (more);
    arena_reset(w->f->env->scratch);
}

static void add_entry(struct world *w, int64_t ago_ns)
{
    struct buf b = BUF_INIT(1000);
    struct entry *e = &w->all[w->count];
    struct waku_message m = {.payload = span_of(&w->count, sizeof w->count),
                             .content_topic = SPAN_LIT("/a/1/b/c"),
                             .timestamp_ns = w->f->env->wall.ns - ago_ns};
    assert_ok(waku_message_encode(&m, &b));
    e->time_ns = m.timestamp_ns;
    e->message = blob_new(buf_span(&b));
    waku_message_hash(TOPIC, &m, e->hash);
    w->count++;
    buf_clear(&b);
}

/* The answer of a store to a question: its page, or its lie. */
static void answer(struct world *w, uint64_t stream, uint64_t peer)
{
    struct store_query q = {0};
    static struct store_answer a;
    struct buf b = BUF_INIT(1u << 20);
    const char *why;
    size_t i = 0;
    assert_ok(store_query_decode(fake_wrote(w->f, stream), &q, &why));
    assert_true(q.forward && q.include_data && q.has_time_start && q.has_time_end);
    if (w->first_start_ns == 0)
        w->first_start_ns = q.time_start_ns;
    a = (struct store_answer){.request_id = q.request_id, .status = STORE_STATUS_OK};
    if (w->lie[peer] == REFUSES)
        a.status = STORE_STATUS_TOO_MANY;
    for (; q.has_cursor && memcmp(w->all[i].hash, q.cursor, 32) != 0; i++)
        assert_true(i < w->count);
    for (i += q.has_cursor; i < w->count && a.status == STORE_STATUS_OK; i++) {
        const struct entry *e = &w->all[i];
        if (e->time_ns < q.time_start_ns && w->lie[peer] != BACKWARDS)
            continue;
        if (e->time_ns > q.time_end_ns)
            break;
        if (a.count == q.limit) {
            a.has_cursor = true;
            memcpy(a.cursor, a.entries[a.count - 1].hash, 32);
            break;
        }
        struct store_entry *to = &a.entries[a.count++];
        *to = (struct store_entry){
            .has_data = true, .message = blob_span(e->message), .pubsub_topic = TOPIC};
        memcpy(to->hash, e->hash, 32);
        to->hash[0] ^= w->lie[peer] == WRONG_HASH;
    }
    assert_ok(store_answer_encode(&a, &b));
    fake_frame(w->f, stream, buf_span(&b));
    fake_end(w->f, stream);
    buf_clear(&b);
    store_query_clear(&q);
}

static bool play_stores(struct world *w)
{
    bool any = false;
    while (w->answered < w->f->streams_count) {
        struct fake_stream *s = fake_at(w->f, ++w->answered);
        if (strcmp(s->protocol, STORE_QUERY_PROTOCOL) != 0 || !s->outbound)
            continue;
        any = true;
        w->asked[s->peer]++;
        fake_opened(w->f, s->id);
        pump(w);
        if (w->silent_after > 0) {
            w->silent_after--;
            answer(w, s->id, s->peer);
        }
        pump(w);
    }
    return any;
}

static bool work(struct world *w)
{
    bool any = w->jobs_count > 0;
    while (w->jobs_count > 0) {
        struct job *j = w->jobs[0];
        memmove(w->jobs, w->jobs + 1, --w->jobs_count * sizeof *w->jobs);
        j->run(j);
        core_job_done(w->c, w->f->env, j);
        pump(w);
    }
    return any;
}

static void run(struct world *w, int64_t ns)
{
    int64_t end = w->f->env->now.ns + ns;
    pump(w);
    for (;;) {
        while (work(w) || play_stores(w))
            ;
        struct mono due = core_deadline(w->c);
        if (due.ns > end)
            break;
        if (due.ns > w->f->env->now.ns)
            test_env_advance(&w->f->t, due.ns - w->f->env->now.ns);
        core_tick(w->c, w->f->env);
        pump(w);
    }
    test_env_advance(&w->f->t, end - w->f->env->now.ns);
}

static void make(struct world *w)
{
    assert_ok(core_new(&w->c, &w->config, w->f->env));
    pump(w);
}

/* kill -9: what the archive and the table have stays. */
static void die(struct world *w)
{
    for (size_t i = 0; i < w->jobs_count; i++)
        w->jobs[i]->drop(w->jobs[i]);
    w->jobs_count = 0;
    core_free(w->c);
    w->c = NULL;
    w->answered = w->f->streams_count;
}

static void begin(struct world *w)
{
    static const uint16_t shards[] = {0};
    static const uint8_t seed[16] = {1};
    static const char *const tables[] = {"resume", NULL};
    memset(w, 0, sizeof *w);
    w->f = fake_new(&w->streams);
    w->silent_after = SIZE_MAX;
    assert_ok(archive_open_mem(&w->archive, seed));
    assert_ok(kv_open_mem(&w->kv, tables));
    w->port = (struct port){.world = w, .job = port_job};
    w->config = (struct core_config){.key = w->f->key,
                                     .archive = w->archive,
                                     .state = w->kv,
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

static void end(struct world *w)
{
    die(w);
    for (size_t i = 0; i < w->count; i++)
        blob_unref(w->all[i].message);
    archive_close(w->archive);
    kv_close(w->kv);
    fake_host_free(w->f);
}

static void peer_with_store(struct world *w, uint64_t peer, const char *protocol)
{
    fake_peer_up(w->f, peer);
    pump(w);
    struct host_peer *p = host_peer_mutable(w->c->host, peer);
    assert_non_null(p);
    size_t bytes = strlen(protocol) + 1;
    p->protocols = malloc(sizeof(char *) + bytes); /* one block, as host.h says */
    assert_non_null(p->protocols);
    p->protocols[0] = memcpy(p->protocols + 1, protocol, bytes);
    p->protocols_count = 1;
}

static uint64_t stored(struct world *w)
{
    struct archive_stats s;
    assert_ok(archive_stats(w->archive, &s));
    return s.entries;
}

/* A first run, which notes its time, and an outage. */
static void away(struct world *w, int64_t ns)
{
    make(w);
    run(w, NS_PER_S);
    die(w);
    test_env_advance(&w->f->t, ns);
}

static struct world w;

static void the_first_start_asks_nobody(void **state)
{
    (void)state;
    begin(&w);
    add_entry(&w, 100 * NS_PER_S);
    make(&w);
    peer_with_store(&w, 1, STORE_QUERY_PROTOCOL);
    run(&w, 300 * NS_PER_S);
    assert_int_equal(w.asked[1], 0);
    end(&w);
}

static void the_gap_is_filled_page_by_page(void **state)
{
    (void)state;
    begin(&w);
    away(&w, 1000 * NS_PER_S);
    for (int i = 0; i < 950; i++)
        add_entry(&w, (990 - i) * NS_PER_S);
    make(&w);
    run(&w, 10 * NS_PER_S); /* nobody there: it waits */
    peer_with_store(&w, 1, STORE_QUERY_PROTOCOL);
    run(&w, 10 * NS_PER_S);
    assert_int_equal(w.asked[1], 10);
    assert_int_equal(stored(&w), 950);
    assert_int_equal(w.c->resuming.state, RESUME_KEEPING);
    run(&w, 300 * NS_PER_S);
    assert_int_equal(w.asked[1], 10);
    end(&w);
}

static void no_gap_is_longer_than_six_hours(void **state)
{
    (void)state;
    begin(&w);
    away(&w, 100 * 3600 * NS_PER_S);
    add_entry(&w, 3600 * NS_PER_S);
    int64_t wall = w.f->env->wall.ns;
    make(&w);
    peer_with_store(&w, 1, STORE_QUERY_PROTOCOL);
    run(&w, 10 * NS_PER_S);
    assert_int_equal(w.first_start_ns, wall - CORE_RESUME_RANGE_NS);
    assert_int_equal(stored(&w), 1);
    end(&w);
}

static void a_liar_is_left_for_another_store(void **state)
{
    static const enum lie lies[] = {WRONG_HASH, BACKWARDS, REFUSES};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        begin(&w);
        add_entry(&w, 5000 * NS_PER_S); /* before the gap */
        away(&w, 1000 * NS_PER_S);
        for (int k = 0; k < 150; k++)
            add_entry(&w, (900 - k) * NS_PER_S);
        make(&w);
        w.lie[1] = lies[i];
        peer_with_store(&w, 1, STORE_QUERY_PROTOCOL);
        run(&w, 2 * NS_PER_S);
        assert_true(w.asked[1] > 0);
        assert_int_equal(stored(&w), 0);
        peer_with_store(&w, 2, STORE_QUERY_PROTOCOL);
        run(&w, 100 * NS_PER_S);
        assert_int_equal(stored(&w), 150);
        assert_true(w.asked[2] > 0);
        end(&w);
    }
}

static void when_nobody_can_tell_it_is_given_up(void **state)
{
    (void)state;
    begin(&w);
    away(&w, 1000 * NS_PER_S);
    make(&w);
    w.lie[1] = REFUSES;
    peer_with_store(&w, 1, STORE_QUERY_PROTOCOL);
    run(&w, 600 * NS_PER_S);
    assert_int_equal(w.asked[1], CORE_RESUME_TRIES_MAX);
    assert_int_equal(w.c->resuming.state, RESUME_KEEPING);
    end(&w);
}

static void a_crash_goes_on_where_it_was(void **state)
{
    (void)state;
    begin(&w);
    away(&w, 2000 * NS_PER_S);
    for (int i = 0; i < 1900; i++)
        add_entry(&w, (1990 - i) * NS_PER_S);
    make(&w);
    w.silent_after = 5;
    peer_with_store(&w, 1, STORE_QUERY_PROTOCOL);
    run(&w, 5 * NS_PER_S);
    assert_int_equal(stored(&w), 500);
    die(&w);
    w.silent_after = SIZE_MAX;
    w.first_start_ns = 0;
    fake_peer_down(w.f, 1);
    make(&w);
    peer_with_store(&w, 2, STORE_QUERY_PROTOCOL);
    run(&w, 10 * NS_PER_S);
    assert_int_equal(w.first_start_ns, w.all[499].time_ns - CORE_RESUME_OVERLAP_NS);
    assert_int_equal(w.asked[2], 15); /* 1,400 and the overlap; not 19 */
    assert_int_equal(stored(&w), 1900);
    end(&w);
}

/* ---- store sync ---- */

static void ids_are_read_at_start_and_follow_the_archive(void **state)
{
    struct archive_batch *b = archive_batch_new(1u << 20);
    (void)state;
    begin(&w);
    w.config.state = NULL;
    w.config.sync_range_ns = 3600 * NS_PER_S;
    w.config.sync_interval_ns = 300 * NS_PER_S;
    w.config.sync_jitter_ns = 20 * NS_PER_S;
    for (int i = 0; i < 350; i++)
        add_entry(&w, (4000 - 10 * i) * NS_PER_S);
    for (size_t i = 0; i < w.count; i++)
        assert_ok(archive_batch_add(b, w.all[i].hash, w.all[i].time_ns, TOPIC, SPAN_LIT("/a/1/b/c"),
                                    w.all[i].message, blob_span(w.all[i].message)));
    assert_ok(archive_commit(w.archive, b));
    archive_batch_free(b);
    make(&w);
    assert_false(sync_is_ready(core_sync(w.c)));
    run(&w, NS_PER_S);
    assert_true(sync_is_ready(core_sync(w.c)));
    assert_int_equal(sync_ids(core_sync(w.c)), 312); /* of the last 3,620 s */
    struct core_message m = {.payload = SPAN_LIT("x"), .content_topic = SPAN_LIT("/a/1/b/c")};
    assert_ok(core_publish(w.c, w.f->env, TOPIC, &m, NULL));
    run(&w, NS_PER_S);
    assert_int_equal(sync_ids(core_sync(w.c)), 313);
    end(&w);
}

static void a_peer_that_speaks_it_is_chosen_now_and_then(void **state)
{
    (void)state;
    begin(&w);
    w.config.state = NULL;
    w.config.sync_range_ns = 3600 * NS_PER_S;
    w.config.sync_interval_ns = 300 * NS_PER_S;
    make(&w);
    run(&w, NS_PER_S);
    peer_with_store(&w, 1, STORE_QUERY_PROTOCOL);
    peer_with_store(&w, 2, SYNC_RECONCILIATION_PROTOCOL);
    run(&w, 265 * NS_PER_S);
    assert_int_equal(fake_find(w.f, 2, SYNC_RECONCILIATION_PROTOCOL, true), 0);
    run(&w, 70 * NS_PER_S);
    assert_int_equal(fake_find(w.f, 1, SYNC_RECONCILIATION_PROTOCOL, true), 0);
    uint64_t stream = fake_find(w.f, 2, SYNC_RECONCILIATION_PROTOCOL, true);
    assert_true(stream > 0 || sync_counters(core_sync(w.c))->sessions_failed > 0);
    assert_int_equal(sync_counters(core_sync(w.c))->sessions_begun, 1);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_start_asks_nobody),
        cmocka_unit_test(the_gap_is_filled_page_by_page),
        cmocka_unit_test(no_gap_is_longer_than_six_hours),
        cmocka_unit_test(a_liar_is_left_for_another_store),
        cmocka_unit_test(when_nobody_can_tell_it_is_given_up),
        cmocka_unit_test(a_crash_goes_on_where_it_was),
        cmocka_unit_test(ids_are_read_at_start_and_follow_the_archive),
        cmocka_unit_test(a_peer_that_speaks_it_is_chosen_now_and_then),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
