/* A core over played streams with a light client (peer 1) and a relay peer (peer 2): for tests of
 * lightpush and of the stem. */
#pragma once

#include "net/identify/identify.h"
#include "net/identify/message.h"
#include "net/services/lightpush.h"
#include "net/waku/waku.h"
#include "node/core/inside.h"
#include "tests/lib/fake_streams.h"

#define TOPIC SPAN_LIT("/waku/2/rs/66/0")

struct world {
    struct fake_host *f;
    struct streams streams;
    struct core_config config;
    struct core *c;
    struct archive *archive;
    struct store_answer answer; /* the last one of the user; its spans are dead */
    unsigned told[CORE_EVENT_PUSHED + 1];
    struct lightpush_result pushed;
    uint64_t ticket;
    uint8_t hash[32];
    struct job *jobs[16];
    size_t jobs_count;
};

static inline void keep_job(void *world, struct job *job)
{
    struct world *w = world;
    assert_true(w->jobs_count < 16);
    w->jobs[w->jobs_count++] = job;
}

static inline void pump(struct world *w)
{
    const struct port port = {.world = w, .job = keep_job};
    struct core_event ev;
    bool more;
    do {
        more = core_pump(w->c, w->f->env, &port);
        while (core_poll(w->c, &ev)) {
            more = true;
            w->told[ev.kind]++;
            if (ev.kind == CORE_EVENT_MESSAGE)
                memcpy(w->hash, ev.hash, 32);
            if (ev.kind == CORE_EVENT_PUSHED) {
                w->pushed = *ev.pushed;
                w->ticket = ev.ticket;
            }
            if (ev.kind == CORE_EVENT_STORE_ANSWER && ev.err == OK)
                w->answer = *ev.answer;
        }
    } while (more);
    arena_reset(w->f->env->scratch);
    while (w->jobs_count > 0) {
        struct job *j = w->jobs[0];
        memmove(w->jobs, w->jobs + 1, --w->jobs_count * sizeof *w->jobs);
        j->run(j);
        core_job_done(w->c, w->f->env, j);
        pump(w);
    }
}

/* Let time pass, with every deadline in it. */
static inline void run(struct world *w, int64_t ns)
{
    int64_t until = w->f->env->now.ns + ns;
    while (core_deadline(w->c).ns <= until) {
        if (core_deadline(w->c).ns > w->f->env->now.ns)
            test_env_advance(&w->f->t, core_deadline(w->c).ns - w->f->env->now.ns);
        core_tick(w->c, w->f->env);
        pump(w);
    }
    test_env_advance(&w->f->t, until - w->f->env->now.ns);
}

static inline void begin(struct world *w, bool relay, bool stem)
{
    static const uint16_t shards[] = {0};
    *w = (struct world){0};
    w->f = fake_new(&w->streams);
    if (stem)
        assert_ok(archive_open_mem(&w->archive, (const uint8_t[16]){1}));
    w->config = (struct core_config){.key = w->f->key,
                                     .archive = w->archive,
                                     .streams = &w->streams,
                                     .agent_version = "test",
                                     .cluster = 66,
                                     .shards_in_network = 1,
                                     .shards = shards,
                                     .shards_count = 1,
                                     .hashes = true,
                                     .relay = relay,
                                     .lightpush = true,
                                     .stem = stem,
                                     .filter = true,
                                     .filter_subscribers_max = 10,
                                     .filter_criteria_max = 10,
                                     .filter_timeout_s = 300,
                                     .store_queue_bytes = 4u << 20,
                                     .store_page_max = 100,
                                     .message_bytes_max = 153600,
                                     .connections_max = 50,
                                     .connections_per_ip = 8};
    assert_ok(core_new(&w->c, &w->config, w->f->env));
    fake_peer_up(w->f, 1); /* the client */
    pump(w);
}

static inline void end(struct world *w)
{
    core_free(w->c);
    archive_close(w->archive);
    fake_host_free(w->f);
}

/* Peer 2 relays the topic and is in our mesh. */
static inline void relay_peer(struct world *w)
{
    static const uint8_t subscribe_and_graft[] = "\x0a\x13\x08\x01\x12\x0f/waku/2/rs/66/0"
                                                 "\x1a\x13\x1a\x11\x0a\x0f/waku/2/rs/66/0";
    fake_peer_up(w->f, 2);
    pump(w);
    uint64_t out = fake_find(w->f, 2, "/meshsub/1.2.0", true);
    if (out == 0)
        out = fake_find(w->f, 2, gossipsub_protocols[0], true);
    fake_opened(w->f, out);
    uint64_t in = fake_incoming(w->f, 2, "/meshsub/1.1.0");
    fake_frame(w->f, in, span_of(subscribe_and_graft, sizeof subscribe_and_graft - 1));
    pump(w);
    assert_int_equal(core_mesh_size(w->c, TOPIC), 1);
}

static inline struct span message_of(struct buf *b, struct span payload, struct span content_topic,
                                     int64_t time_ns)
{
    struct waku_message m = {
        .payload = payload, .content_topic = content_topic, .timestamp_ns = time_ns};
    buf_clear(b);
    buf_init(b, 400000);
    assert_ok(waku_message_encode(&m, b));
    return buf_span(b);
}

/* One push, and what it was answered. */
static inline struct lightpush_result push(struct world *w, enum lightpush_version v,
                                           struct span topic, struct span message)
{
    struct lightpush_request r = {SPAN_LIT("id"), topic, message};
    struct lightpush_answer a;
    struct buf b = BUF_INIT(LIGHTPUSH_REQUEST_BYTES_MAX);
    uint64_t s = fake_incoming(w->f, 1, lightpush_codecs[v].id);
    assert_ok(lightpush_codecs[v].write_request(&r, &b));
    fake_frame(w->f, s, buf_span(&b));
    pump(w);
    buf_clear(&b);
    assert_true(fake_at(w->f, s)->ended_write);
    assert_ok(lightpush_codecs[v].read_answer(fake_wrote(w->f, s), &a));
    assert_span_equal(a.request_id, SPAN_LIT("id"));
    fake_end(w->f, s);
    pump(w);
    return a.result;
}

/* A peer says that it serves a version of lightpush. */
static inline void serves(struct world *w, uint64_t peer, const char *protocol)
{
    const char *const protocols[] = {protocol, NULL};
    struct identify_self self = {.protocols = protocols};
    struct buf b = BUF_INIT(4096);
    uint64_t s = fake_incoming(w->f, peer, IDENTIFY_PUSH_PROTOCOL);
    assert_ok(identify_message_encode(&self, &b));
    fake_frame(w->f, s, buf_span(&b));
    fake_end(w->f, s);
    pump(w);
    buf_clear(&b);
}
