/* The whole node above the upper line (net/host/streams.h): fuzz bytes play its peers, its clocks,
 * its user, its disk and its threads. Peers come and go, streams open, break, stall and carry sound
 * and broken messages; jobs are done in any order that lanes allow, commits fail, the wall clock
 * jumps. Whatever happens: no leak, nothing logged as broken, the pump comes to rest and so does
 * the timer. */
#include "crypto/keyring/keyring.h"
#include "net/services/store_query.h"
#include "net/waku/waku.h"
#include "net/wire/multiaddr.h"
#include "net/wire/peer_id.h"
#include "net/wire/varint.h"
#include "node/core/core.h"
#include "node/core/params.h"
#include "store/batch.h"
#include "tests/lib/testing.h"

#include "net/host/streams.h"
#include <stdlib.h>

#define PEERS     6u
#define STREAMS   64u
#define EVENTS    128u
#define JOBS      (CORE_QUERIES_MAX + 8u) /* more are refused by the core */
#define OPS_MAX   300u
#define REST_MAX  200 /* pumps and ticks after which a node must have come to rest */
#define TOPIC     "/waku/2/rs/66/0"
#define BYTES_MAX 70000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct fake_stream {
    uint64_t id, peer; /* id 0: free */
    bool opening;      /* ours, not negotiated yet */
    bool certain;      /* one protocol was proposed: may be written to at once */
    bool paused, write_closed, read_closed;
    const char *protocol;
    size_t unread; /* bytes that the peer has not taken */
};

struct fake_archive {
    struct archive base; /* first */
    struct archive *mem;
    bool failing;
};

struct world {
    struct test_env t;
    struct core *core;
    struct streams streams;
    struct port port;
    struct fake_archive archive;
    const char *const *served;
    uint64_t peers[PEERS]; /* 0: not connected */
    struct peer_id ids[PEERS];
    struct multiaddr remote;
    uint64_t next_peer, next_stream;
    struct fake_stream table[STREAMS];
    struct stream_event events[EVENTS];
    size_t events_count;
    struct buf bytes[EVENTS]; /* of events */
    struct job *jobs[JOB_LANES][JOBS];
    size_t jobs_count[JOB_LANES];
    bool full; /* writes are refused */
    uint8_t last_hash[32];
    uint64_t ticket;
};

/* ---- what the core asks of its streams ---- */

static struct fake_stream *find(struct world *w, uint64_t id)
{
    for (size_t i = 0; i < STREAMS; i++)
        if (w->table[i].id == id && id != 0)
            return &w->table[i];
    return NULL;
}

static struct fake_stream *add(struct world *w, uint64_t peer)
{
    for (size_t i = 0; i < STREAMS; i++)
        if (w->table[i].id == 0) {
            w->table[i] = (struct fake_stream){.id = ++w->next_stream, .peer = peer};
            return &w->table[i];
        }
    return NULL;
}

static bool is_up(const struct world *w, uint64_t peer)
{
    for (size_t i = 0; i < PEERS; i++)
        if (w->peers[i] == peer)
            return peer != 0;
    return false;
}

static enum err fake_open(void *impl, const struct env *env, uint64_t peer,
                          const char *const *protocols, uint64_t *stream)
{
    struct world *w = impl;
    struct fake_stream *s = is_up(w, peer) ? add(w, peer) : NULL;
    (void)env;

    if (s == NULL)
        return is_up(w, peer) ? ERR_LIMIT : ERR_NOT_FOUND;
    s->opening = true;
    s->certain = protocols[1] == NULL;
    s->protocol = protocols[0];
    *stream = s->id;
    return OK;
}

static size_t fake_room(void *impl, uint64_t stream)
{
    struct world *w = impl;
    struct fake_stream *s = find(w, stream);

    return s == NULL || (s->opening && !s->certain) || w->full || s->unread >= STREAM_SEND_BYTES_MAX
               ? 0
               : STREAM_SEND_BYTES_MAX - s->unread;
}

static enum err fake_write(void *impl, uint64_t stream, struct span head, struct blob *const *parts,
                           size_t count)
{
    struct fake_stream *s = find(impl, stream);
    size_t total = head.len;

    if (s == NULL || s->write_closed)
        return ERR_CLOSED;
    if (s->opening && !s->certain)
        return ERR_BUSY;
    assert(head.len <= 32 && count <= 64);
    for (size_t i = 0; i < count; i++)
        total += parts[i]->len;
    if (total > fake_room(impl, stream))
        return ERR_FULL;
    s->unread += total;
    return OK;
}

static size_t fake_unsent(void *impl, uint64_t stream)
{
    const struct fake_stream *s = find(impl, stream);

    return s == NULL ? 0 : s->unread;
}

static void maybe_gone(struct fake_stream *s)
{
    if (s->write_closed && s->read_closed)
        s->id = 0;
}

static void fake_close_write(void *impl, uint64_t stream)
{
    struct fake_stream *s = find(impl, stream);

    if (s == NULL)
        return;
    s->write_closed = true;
    maybe_gone(s);
}

static void fake_reset(void *impl, uint64_t stream)
{
    struct fake_stream *s = find(impl, stream);

    if (s != NULL)
        s->id = 0;
}

static void fake_pause(void *impl, uint64_t stream, bool paused)
{
    struct fake_stream *s = find(impl, stream);

    if (s != NULL)
        s->paused = paused;
}

static void push(struct world *w, struct stream_event ev, struct span bytes)
{
    if (w->events_count == EVENTS)
        return;
    struct buf *b = &w->bytes[w->events_count];
    buf_reset(b);
    assert_ok(buf_append(b, bytes));
    ev.bytes = buf_span(b);
    w->events[w->events_count++] = ev;
}

/* Its streams are dead already when the core hears of it. */
static void peer_gone(struct world *w, uint64_t peer, enum err why)
{
    for (size_t i = 0; i < PEERS; i++) {
        if (w->peers[i] != peer || peer == 0)
            continue;
        w->peers[i] = 0;
        for (size_t k = 0; k < STREAMS; k++)
            if (w->table[k].peer == peer)
                w->table[k].id = 0;
        push(w,
             (struct stream_event){
                 .kind = STREAM_PEER_DOWN, .peer = peer, .peer_id = &w->ids[i], .err = why},
             SPAN_EMPTY);
    }
}

static void fake_disconnect(void *impl, const struct env *env, uint64_t peer, enum err why)
{
    (void)env;
    peer_gone(impl, peer, why);
}

static bool fake_poll(void *impl, const struct env *env, struct stream_event *ev)
{
    struct world *w = impl;
    static size_t next;
    (void)env;

    if (next >= w->events_count) {
        next = w->events_count = 0;
        return false;
    }
    *ev = w->events[next++];
    return true;
}

static enum err fake_serve(void *impl, const char *const *protocols)
{
    (void)impl, (void)protocols;
    return OK;
}

/* ---- disk and threads ---- */

static struct fake_archive *archive_of(struct archive *a)
{
    return (struct fake_archive *)(void *)a;
}

static enum err fake_commit(struct archive *a, struct archive_batch *b)
{
    struct fake_archive *f = archive_of(a);
    return f->failing ? ERR_DISK_FULL : f->mem->ops->commit(f->mem, b);
}

static enum err fake_query(struct archive *a, const struct archive_query *q, struct archive_page *p)
{
    struct fake_archive *f = archive_of(a);
    return f->failing ? ERR_IO : f->mem->ops->query(f->mem, q, p);
}

static enum err fake_stats(struct archive *a, struct archive_stats *out)
{
    return archive_of(a)->mem->ops->stats(archive_of(a)->mem, out);
}

static enum err fake_retain(struct archive *a, const struct retention *keep, int64_t now_ns,
                            struct archive_stats *removed)
{
    return archive_of(a)->mem->ops->retain(archive_of(a)->mem, keep, now_ns, removed);
}

static const struct archive_ops fake_ops = {
    .commit = fake_commit, .query = fake_query, .stats = fake_stats, .retain = fake_retain};

static void fake_job(void *world, struct job *job)
{
    struct world *w = world;

    assert(w->jobs_count[job->lane] < JOBS);
    w->jobs[job->lane][w->jobs_count[job->lane]++] = job;
}

static void do_job(struct world *w, unsigned lane)
{
    if (w->jobs_count[lane] == 0)
        return;
    struct job *job = w->jobs[lane][0];
    memmove(w->jobs[lane], w->jobs[lane] + 1, --w->jobs_count[lane] * sizeof job);
    job->run(job);
    core_job_done(w->core, &w->t.env, job);
}

/* ---- sound messages, to be bent ---- */

static void field(struct buf *out, unsigned number, struct span value)
{
    struct writer w = writer_to(out);

    write_varint(&w, number << 3 | 2);
    write_varint(&w, value.len);
    write_bytes(&w, value);
    assert_ok(writer_status(&w));
}

static void number_field(struct buf *out, unsigned number, uint64_t value)
{
    struct writer w = writer_to(out);

    write_varint(&w, number << 3);
    write_varint(&w, value);
    assert_ok(writer_status(&w));
}

static void rpc_message(struct world *w, struct buf *out, uint8_t arg)
{
    struct buf waku = BUF_INIT(BYTES_MAX), message = BUF_INIT(BYTES_MAX);
    uint8_t payload[32] = {arg, (uint8_t)w->next_stream};

    field(&waku, 1, SPAN_ARRAY(payload));
    field(&waku, 2, SPAN_LIT("/fuzz/1/core/proto"));
    number_field(&waku, 10, (uint64_t)w->t.env.wall.ns * 2 + (arg & 1));
    sha256(buf_span(&waku), w->last_hash);
    field(&message, 2, buf_span(&waku));
    field(&message, 4, SPAN_LIT(TOPIC));
    field(out, 2, buf_span(&message));
    buf_clear(&waku);
    buf_clear(&message);
}

static void rpc_control(struct world *w, struct buf *out, uint8_t arg)
{
    struct buf one = BUF_INIT(4096), control = BUF_INIT(4096);
    uint8_t id[32] = {arg};
    struct span ids = arg & 8 ? SPAN_ARRAY(w->last_hash) : SPAN_ARRAY(id);
    unsigned kind = arg % 5 + 1;

    if (kind == 1 || kind == 3 || kind == 4)
        field(&one, 1, SPAN_LIT(TOPIC));
    if (kind == 1)
        field(&one, 2, ids);
    if (kind == 2 || kind == 5)
        field(&one, 1, ids);
    if (kind == 4)
        number_field(&one, 3, arg);
    field(&control, kind, buf_span(&one));
    field(out, 3, buf_span(&control));
    buf_clear(&one);
    buf_clear(&control);
}

static void rpc(struct world *w, struct buf *out, uint8_t arg)
{
    struct buf sub = BUF_INIT(4096);

    switch (arg >> 6) {
    case 0:
        number_field(&sub, 1, arg & 1);
        field(&sub, 2, SPAN_LIT(TOPIC));
        field(out, 1, buf_span(&sub));
        break;
    case 1:
        rpc_control(w, out, arg);
        break;
    default:
        for (int i = 0; i <= arg % 3; i++)
            rpc_message(w, out, (uint8_t)(arg + i));
    }
    buf_clear(&sub);
}

static void query(struct world *w, struct buf *out, uint8_t arg)
{
    field(out, 1, SPAN_LIT("id"));
    number_field(out, 2, arg & 1);
    if (arg & 2)
        field(out, 10, SPAN_LIT(TOPIC));
    if (arg & 2)
        field(out, 11, SPAN_LIT("/fuzz/1/core/proto"));
    if (arg & 4)
        field(out, 20, SPAN_ARRAY(w->last_hash));
    if (arg & 8)
        field(out, 51, SPAN_ARRAY(w->last_hash));
    number_field(out, 52, arg & 16);
    number_field(out, 53, arg);
}

static void filter_request(struct buf *out, uint8_t arg)
{
    field(out, 1, SPAN_LIT("id"));
    number_field(out, 2, arg & 3);
    field(out, 10, SPAN_LIT(TOPIC));
    field(out, 11, arg & 4 ? SPAN_LIT("/fuzz/1/other/proto") : SPAN_LIT("/fuzz/1/core/proto"));
}

/* What the stream's protocol carries, framed, with one bit turned when `bend` says so. */
static void sound(struct world *w, const struct fake_stream *s, uint8_t arg, uint8_t bend,
                  struct buf *out)
{
    struct buf body = BUF_INIT(BYTES_MAX);
    struct writer to = writer_to(out);

    if (strstr(s->protocol, "sub/") != NULL) {
        rpc(w, &body, arg);
    } else if (strstr(s->protocol, "store") != NULL) {
        query(w, &body, arg);
    } else if (strstr(s->protocol, "filter-subscribe") != NULL) {
        filter_request(&body, arg);
    } else if (strstr(s->protocol, "metadata") != NULL) {
        number_field(&body, 1, arg & 1 ? 66 : arg);
        number_field(&body, 2, arg >> 2);
    } else if (strstr(s->protocol, "ping") != NULL) {
        assert_ok(buf_append(out, span_of(w->last_hash, arg % 33)));
    } else {
        field(&body, 3, SPAN_LIT("/ipfs/id/push/1.0.0"));
        field(&body, 6, SPAN_LIT("agent"));
    }
    if (body.len > 0) {
        write_varint(&to, body.len);
        write_bytes(&to, buf_span(&body));
        assert_ok(writer_status(&to));
    }
    if (bend > 127 && out->len > 0)
        out->ptr[bend % out->len] ^= (uint8_t)(1u << bend % 8);
    buf_clear(&body);
}

/* ---- what fuzz bytes choose ---- */

static const char *const protocols[] = {"/meshsub/1.1.0",
                                        "/meshsub/1.2.0",
                                        "/ipfs/ping/1.0.0",
                                        "/ipfs/id/1.0.0",
                                        "/ipfs/id/push/1.0.0",
                                        "/vac/waku/store-query/3.0.0",
                                        "/vac/waku/filter-subscribe/2.0.0-beta1",
                                        "/vac/waku/metadata/1.0.0",
                                        "/floodsub/1.0.0",
                                        "/vac/waku/filter-push/2.0.0-beta1"};

static void peer_op(struct world *w, uint8_t arg)
{
    unsigned i = arg % PEERS;

    if (w->peers[i] != 0) {
        if (arg & 128)
            peer_gone(w, w->peers[i], ERR_CLOSED);
        return;
    }
    w->peers[i] = ++w->next_peer;
    push(w,
         (struct stream_event){.kind = STREAM_PEER_UP,
                               .peer = w->peers[i],
                               .peer_id = &w->ids[i],
                               .remote = &w->remote,
                               .outbound = arg & 64},
         SPAN_EMPTY);
}

static void incoming_op(struct world *w, uint8_t arg)
{
    uint64_t peer = w->peers[arg % PEERS];
    struct fake_stream *s = peer == 0 ? NULL : add(w, peer);

    if (s == NULL)
        return;
    s->protocol = protocols[(arg >> 3) % (sizeof protocols / sizeof *protocols)];
    push(w,
         (struct stream_event){
             .kind = STREAM_INCOMING, .peer = peer, .stream = s->id, .protocol = s->protocol},
         SPAN_EMPTY);
}

static struct fake_stream *some_stream(struct world *w, uint8_t arg)
{
    for (unsigned i = 0; i < STREAMS; i++)
        if (w->table[(arg + i) % STREAMS].id != 0)
            return &w->table[(arg + i) % STREAMS];
    return NULL;
}

static void stream_op(struct world *w, uint8_t arg, struct reader *r)
{
    struct fake_stream *s = some_stream(w, arg % STREAMS);
    uint8_t what = read_u8(r), bend = read_u8(r);
    struct buf bytes = BUF_INIT(BYTES_MAX);
    struct stream_event ev = {0};

    if (s == NULL)
        return;
    ev.peer = s->peer;
    ev.stream = s->id;
    ev.protocol = s->protocol;
    if (s->opening) {
        ev.kind = bend < 200 ? STREAM_OPENED : STREAM_REFUSED;
        ev.err = bend == 255 ? ERR_UNSUPPORTED : ERR_TIMEOUT;
        s->opening = false;
        if (ev.kind == STREAM_REFUSED)
            s->id = 0;
        push(w, ev, SPAN_EMPTY);
        return;
    }
    switch (arg >> 6) {
    case 0:
    case 1:
        if (s->read_closed || s->paused)
            return;
        ev.kind = STREAM_BYTES;
        if (bend % 4 != 3)
            sound(w, s, what, bend, &bytes);
        else
            assert_ok(buf_append(&bytes, read_bytes(r, what < r->rest.len ? what : r->rest.len)));
        break;
    case 2:
        ev.kind = STREAM_WRITABLE;
        s->unread = 0;
        break;
    case 3:
        ev.kind = bend & 1 ? STREAM_RESET : STREAM_END;
        if (ev.kind == STREAM_END && s->read_closed)
            return;
        s->read_closed = true;
        if (ev.kind == STREAM_RESET)
            s->id = 0;
        else
            maybe_gone(s);
        break;
    }
    push(w, ev, buf_span(&bytes));
    buf_clear(&bytes);
}

static void user_op(struct world *w, uint8_t arg)
{
    struct core_message m = {.payload = SPAN_LIT("user"),
                             .content_topic = SPAN_LIT("/fuzz/1/core/proto"),
                             .timestamp_ns = arg & 64 ? INT64_MIN + arg : 0};
    struct store_query q = {
        .include_data = true, .has_limit = true, .limit = arg, .forward = arg & 8};
    struct span topic = arg & 8 ? SPAN_LIT(TOPIC) : SPAN_LIT("/waku/2/rs/66/5");
    const struct env *env = &w->t.env;

    switch (arg % 6) {
    case 0:
        (void)!core_publish(w->core, env, arg & 16 ? topic : SPAN_EMPTY, &m, NULL);
        break;
    case 1:
        (void)!core_subscribe(w->core, env, topic);
        break;
    case 2:
        (void)!core_unsubscribe(w->core, env, topic);
        break;
    case 3:
        (void)!core_query(w->core, env, &q, SPAN_EMPTY, ++w->ticket);
        break;
    case 4:
        (void)!core_ping(w->core, env, w->peers[arg % PEERS], ++w->ticket);
        break;
    case 5:
        w->full = arg & 8;
        w->archive.failing = arg & 16;
        break;
    }
}

static void time_op(struct world *w, uint8_t arg)
{
    static const int64_t steps[4] = {NS_PER_MS, 200 * NS_PER_MS, NS_PER_S, 20 * NS_PER_S};

    test_env_advance(&w->t, steps[arg >> 6] * (arg & 31));
    if (arg & 32)
        w->t.env.wall.ns += (arg & 1 ? 1 : -1) * (int64_t)(arg & 31) * 3600 * NS_PER_S;
}

static void pump(struct world *w)
{
    struct core_event ev;
    int rounds = 0;
    bool more;

    do {
        more = core_pump(w->core, &w->t.env, &w->port);
        while (core_poll(w->core, &ev))
            if (ev.message.len > 0)
                (void)!core_message_read(ev.message, &(struct core_message){0});
        arena_reset(&w->t.scratch);
        assert(++rounds < REST_MAX); /* it comes to rest by itself */
    } while (more);
}

static void settle(struct world *w)
{
    for (int rounds = 0;; rounds++) {
        pump(w);
        if (core_deadline(w->core).ns > w->t.env.now.ns && w->events_count == 0)
            return;
        assert(rounds < REST_MAX); /* no timer that fires for ever */
        core_tick(w->core, &w->t.env);
    }
}

static void op(struct world *w, struct reader *r)
{
    uint8_t what = read_u8(r), arg = read_u8(r);

    switch (what & 15) {
    case 0:
    case 1:
        peer_op(w, arg);
        break;
    case 2:
    case 3:
        incoming_op(w, arg);
        break;
    case 4:
    case 5:
        time_op(w, arg);
        break;
    case 6:
    case 7:
        user_op(w, arg);
        break;
    case 8:
        do_job(w, JOB_STORE);
        break;
    case 9:
        do_job(w, JOB_WORK);
        break;
    default:
        stream_op(w, arg, r);
    }
    if (what & 128)
        return; /* several events in one wake-up */
    settle(w);
}

/* ---- life ---- */

static const struct keyring_host *identity(void)
{
    static struct keyring_host *key;
    uint8_t secret[KEYRING_SECRET_BYTES] = {7};

    if (key == NULL)
        assert_ok(keyring_host_from_bytes(&key, KEYRING_HOST_SECP256K1, secret));
    return key;
}

static void start(struct world *w)
{
    static const uint16_t shards[] = {0, 1};
    static const uint8_t seed[16];

    test_env_init(&w->t, 1);
    w->streams = (struct streams){
        w,          fake_open,       fake_write, fake_room,  fake_close_write, fake_reset,
        fake_pause, fake_disconnect, fake_poll,  fake_serve, fake_unsent,      NULL};
    w->port = (struct port){.world = w, .job = fake_job};
    w->archive.base.ops = &fake_ops;
    assert_ok(archive_open_mem(&w->archive.mem, seed));
    assert_ok(multiaddr_parse(SPAN_LIT("/ip4/10.0.0.9/tcp/9"), &w->remote));
    for (size_t i = 0; i < PEERS; i++) {
        w->ids[i] = (struct peer_id){.len = 34, .bytes = {0x12, 0x20, (uint8_t)i}};
    }
    for (size_t i = 0; i < EVENTS; i++)
        buf_init(&w->bytes[i], BYTES_MAX);
    struct core_config config = {
        .key = identity(),
        .archive = &w->archive.base,
        .streams = &w->streams,
        .agent_version = "fuzz",
        .cluster = 66,
        .shards_in_network = 8,
        .shards = shards,
        .shards_count = 2,
        .relay = true,
        .filter = true,
        .filter_subscribers_max = 3,
        .filter_criteria_max = 100,
        .filter_timeout_s = 300,
        .message_bytes_max = 153600,
        .store_queue_bytes = 16u << 20,
        .store_page_max = 100,
        .connections_max = 10,
        .retention = "capacity:100",
    };
    assert_ok(core_new(&w->core, &config, &w->t.env));
}

static void stop(struct world *w)
{
    settle(w);
    core_stop(w->core, &w->t.env);
    w->archive.failing = false;
    for (int i = 0; i < REST_MAX && !core_stopped(w->core); i++) {
        do_job(w, JOB_STORE);
        while (w->jobs_count[JOB_WORK] > 0)
            do_job(w, JOB_WORK);
        settle(w);
        test_env_advance(&w->t, NS_PER_S);
    }
    assert(core_stopped(w->core));
    core_free(w->core);
    archive_close(w->archive.mem);
    for (size_t i = 0; i < EVENTS; i++)
        buf_clear(&w->bytes[i]);
    test_env_clear(&w->t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct world *w = calloc(1, sizeof *w);
    struct reader r = reader_of(span_of(data, len));

    if (w == NULL)
        abort();
    start(w);
    for (unsigned i = 0; i < OPS_MAX && r.rest.len >= 2 && !r.failed; i++)
        op(w, &r);
    stop(w);
    free(w);
    return 0;
}
