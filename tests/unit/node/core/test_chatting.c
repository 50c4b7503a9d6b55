/* Chats on the core over played streams: what reaches them, what becomes of what they publish, ask
 * and listen to. */
#include "net/services/filter.h"
#include "tests/lib/fake_chat.h"
#include "tests/lib/pushing.h"

#include <stdlib.h>

#define B00 SPAN_LIT("/sotto/1/b00/bin")

struct options {
    bool relay, archive;
    uint16_t network; /* shards in it; 0: static sharding, on shard 0 */
};

static void begin_with(struct world *w, struct options o)
{
    static const uint16_t shards[] = {0};
    *w = (struct world){0};
    w->f = fake_new(&w->streams);
    if (o.archive)
        assert_ok(archive_open_mem(&w->archive, (const uint8_t[16]){1}));
    w->config = (struct core_config){.key = w->f->key,
                                     .archive = w->archive,
                                     .streams = &w->streams,
                                     .agent_version = "test",
                                     .cluster = 66,
                                     .shards_in_network = o.network,
                                     .shards = shards,
                                     .shards_count = 1,
                                     .hashes = true,
                                     .relay = o.relay,
                                     .store_queue_bytes = 4u << 20,
                                     .store_page_max = 100,
                                     .message_bytes_max = 153600,
                                     .connections_max = 50,
                                     .connections_per_ip = 8};
    assert_ok(core_new(&w->c, &w->config, w->f->env));
    pump(w);
}

static struct chat *attach(struct world *w)
{
    struct chat *c = calloc(1, sizeof *c);
    assert_non_null(c);
    c->due = MONO_NEVER;
    assert_ok(chatting_attach(w->c, w->f->env, c, &fake_chat_calls));
    pump(w);
    return c;
}

/* A peer that lists these protocols. */
static void peer_with(struct world *w, uint64_t peer, const char *const *protocols)
{
    struct identify_self self = {.protocols = protocols};
    struct buf b = BUF_INIT(4096);
    if (host_peer(w->c->host, peer) == NULL)
        fake_peer_up(w->f, peer);
    uint64_t s = fake_incoming(w->f, peer, IDENTIFY_PUSH_PROTOCOL);
    assert_ok(identify_message_encode(&self, &b));
    fake_frame(w->f, s, buf_span(&b));
    fake_end(w->f, s);
    chatting_peers_changed(w->c); /* as metadata's answer does */
    pump(w);
    buf_clear(&b);
}

static const char *const pushers[] = {LIGHTPUSH_PROTOCOL, NULL};
static const char *const stores[] = {STORE_QUERY_PROTOCOL, NULL};
static const char *const filters[] = {FILTER_SUBSCRIBE_PROTOCOL, NULL};

/* ---- messages ---- */

static void each_chat_gets_what_is_under_its_prefix_once(void **state)
{
    (void)state;
    struct world w;
    struct core_message ours = {.payload = SPAN_LIT("x"), .content_topic = B00};
    struct core_message theirs = {.payload = SPAN_LIT("y"), .content_topic = SPAN_LIT("/a/1/b/c")};
    struct core_message near = {.payload = SPAN_LIT("z"),
                                .content_topic = SPAN_LIT("/sotto/2/b/c")};
    begin_with(&w, (struct options){.relay = true, .network = 1});
    struct chat *a = attach(&w), *b = attach(&w);
    assert_err(chatting_attach(w.c, w.f->env, a, &fake_chat_calls), ERR_EXISTS);
    relay_peer(&w);
    assert_ok(core_publish(w.c, w.f->env, SPAN_EMPTY, &ours, NULL));
    assert_ok(core_publish(w.c, w.f->env, SPAN_EMPTY, &theirs, NULL));
    assert_ok(core_publish(w.c, w.f->env, SPAN_EMPTY, &near, NULL));
    pump(&w);
    assert_string_equal(a->payloads, "x");
    assert_string_equal(b->payloads, "x");
    core_detach_chat(w.c, w.f->env, a);
    ours.payload = SPAN_LIT("2");
    assert_ok(core_publish(w.c, w.f->env, SPAN_EMPTY, &ours, NULL));
    pump(&w);
    assert_string_equal(a->payloads, "x");
    assert_string_equal(b->payloads, "x2");
    free(a);
    end(&w);
    free(b);
}

static void there_is_room_for_so_many_chats(void **state)
{
    (void)state;
    struct world w;
    struct chat *all[CORE_CHATS_MAX], one = {0};
    begin_with(&w, (struct options){.relay = true, .network = 1});
    for (size_t i = 0; i < CORE_CHATS_MAX; i++)
        all[i] = attach(&w);
    assert_err(chatting_attach(w.c, w.f->env, &one, &fake_chat_calls), ERR_FULL);
    core_detach_chat(w.c, w.f->env, all[3]);
    assert_ok(chatting_attach(w.c, w.f->env, &one, &fake_chat_calls));
    end(&w);
    for (size_t i = 0; i < CORE_CHATS_MAX; i++)
        free(all[i]);
}

static void its_time_is_kept(void **state)
{
    (void)state;
    struct world w;
    begin_with(&w, (struct options){.relay = true, .network = 1});
    struct chat *a = attach(&w);
    a->due = mono_add(w.f->env->now, 7 * NS_PER_S);
    run(&w, 6 * NS_PER_S);
    assert_int_equal(a->ticks, 0);
    run(&w, 2 * NS_PER_S);
    assert_int_equal(a->ticks, 1);
    end(&w);
    free(a);
}

static void it_is_told_when_there_are_peers(void **state)
{
    (void)state;
    struct world w;
    begin_with(&w, (struct options){.relay = true, .network = 1});
    struct chat *a = attach(&w);
    assert_int_equal(a->online_told, 0);
    relay_peer(&w);
    assert_true(a->online);
    struct chat *b = attach(&w);
    assert_true(b->online);
    fake_peer_down(w.f, 2);
    pump(&w);
    assert_false(a->online || b->online);
    assert_int_equal(a->online_told, 2);
    end(&w);
    free(a);
    free(b);
}

/* ---- publishing ---- */

static void want_publish(struct chat *c, uint64_t ticket, struct span topic, const char *payload)
{
    struct chat_out *o = fake_chat_wants(c, CHAT_OUT_PUBLISH, ticket);
    o->topic = topic;
    o->payload = span_str(payload);
    o->timestamp_ns = INT64_C(1767225600) * NS_PER_S;
}

static void it_publishes_by_our_relay(void **state)
{
    (void)state;
    struct world w;
    begin_with(&w, (struct options){.relay = true, .network = 1});
    struct chat *a = attach(&w);
    want_publish(a, 5, B00, "one");
    pump(&w);
    assert_int_equal(a->published, 1);
    assert_err(a->err, ERR_NOT_FOUND); /* nobody would have got it */
    relay_peer(&w);
    want_publish(a, 6, B00, "two");
    pump(&w);
    assert_int_equal(a->ticket, 6);
    assert_ok(a->err);
    assert_string_equal(a->payloads, "two"); /* another account of this node may wait for it */
    want_publish(a, 7, B00, "");
    pump(&w);
    assert_int_equal(a->ticket, 7);
    assert_err(a->err, ERR_REFUSED);
    assert_int_equal(w.told[CORE_EVENT_PUSHED], 0); /* none of that is the user's */
    end(&w);
    free(a);
}

static void the_users_pushes_stay_the_users(void **state)
{
    (void)state;
    struct world w;
    struct core_message m = {.payload = SPAN_LIT("x"), .content_topic = B00};
    begin_with(&w, (struct options){.relay = true, .network = 1});
    struct chat *a = attach(&w);
    relay_peer(&w);
    want_publish(a, 1, B00, "one");
    assert_ok(core_push(w.c, w.f->env, SPAN_EMPTY, &m, 1));
    pump(&w);
    assert_int_equal(a->published, 1);
    assert_int_equal(w.told[CORE_EVENT_PUSHED], 1);
    assert_int_equal(w.ticket, 1);
    end(&w);
    free(a);
}

/* The last push to a peer is answered. */
static void answer_push(struct world *w, uint64_t peer, uint32_t status)
{
    struct lightpush_request r;
    struct lightpush_answer a = {.result = {.status = status}};
    struct buf b = BUF_INIT(1000);
    const char *why;
    uint64_t s = fake_find(w->f, peer, LIGHTPUSH_PROTOCOL, true);
    assert_true(s != 0);
    fake_opened(w->f, s);
    pump(w);
    assert_ok(lightpush_codecs[LIGHTPUSH_V3].read_request(fake_wrote(w->f, s), &r, &why));
    a.request_id = r.request_id;
    assert_ok(lightpush_codecs[LIGHTPUSH_V3].write_answer(&a, &b));
    fake_frame(w->f, s, buf_span(&b));
    fake_end(w->f, s);
    pump(w);
    buf_clear(&b);
}

static uint64_t pushed_to(struct world *w);

/* The network sees topic, payload and the second that the chat gave: a Waku message says nothing
 * else of it. */
static void no_field_of_the_network_says_more(void **state)
{
    (void)state;
    struct world w;
    struct lightpush_request r;
    struct waku_message m;
    const char *why;
    begin_with(&w, (struct options){.network = 8});
    struct chat *a = attach(&w);
    peer_with(&w, 2, pushers);
    want_publish(a, 2, B00, "x");
    pump(&w);
    uint64_t peer = pushed_to(&w), s = fake_find(w.f, peer, LIGHTPUSH_PROTOCOL, true);
    fake_opened(w.f, s);
    pump(&w);
    assert_ok(lightpush_codecs[LIGHTPUSH_V3].read_request(fake_wrote(w.f, s), &r, &why));
    assert_ok(waku_message_decode(r.message, &m));
    assert_span_equal(m.payload, SPAN_LIT("x"));
    assert_span_equal(m.content_topic, B00);
    assert_true(m.timestamp_ns == INT64_C(1767225600) * NS_PER_S);
    assert_int_equal(m.meta.len, 0);
    assert_int_equal(m.proof.len, 0);
    assert_int_equal(m.version, 0);
    assert_false(m.ephemeral);
    end(&w);
    free(a);
}

static uint64_t pushed_to(struct world *w)
{
    for (uint64_t peer = 1; peer < 10; peer++) {
        uint64_t s = fake_find(w->f, peer, LIGHTPUSH_PROTOCOL, true);
        if (s != 0 && !fake_at(w->f, s)->ended_write)
            return peer;
    }
    return 0;
}

static void a_light_one_publishes_through_one_service_until_it_fails(void **state)
{
    (void)state;
    struct world w;
    begin_with(&w, (struct options){.network = 8});
    struct chat *a = attach(&w);
    want_publish(a, 1, B00, "x");
    pump(&w);
    assert_err(a->err, ERR_NOT_FOUND);
    for (uint64_t peer = 1; peer <= 4; peer++)
        peer_with(&w, peer, pushers);
    assert_true(a->online);
    want_publish(a, 2, B00, "x");
    pump(&w);
    uint64_t first = pushed_to(&w);
    answer_push(&w, first, 200);
    assert_int_equal(a->ticket, 2);
    assert_ok(a->err);
    for (uint64_t ticket = 3; ticket < 8; ticket++) {
        want_publish(a, ticket, B00, "x");
        pump(&w);
        assert_int_equal(pushed_to(&w), first);
        answer_push(&w, first, ticket == 7 ? 505 : 200);
    }
    assert_err(a->err, ERR_NOT_FOUND);
    want_publish(a, 9, B00, "x");
    pump(&w);
    assert_true(pushed_to(&w) != 0 && pushed_to(&w) != first);
    end(&w);
    free(a);
}

static void static_sharding_has_one_shard_for_all(void **state)
{
    (void)state;
    struct world w;
    begin_with(&w, (struct options){.relay = true});
    struct chat *a = attach(&w);
    relay_peer(&w);
    want_publish(a, 1, SPAN_LIT("/sotto/1/i7f/bin"), "x");
    pump(&w);
    assert_int_equal(a->published, 1);
    assert_ok(a->err);
    assert_string_equal(a->payloads, "x");
    end(&w);
    free(a);
}

/* ---- what was missed ---- */

struct page {
    unsigned count;
    int64_t first_ns;
    bool more, lies;
};

static void want_fetch(struct chat *c, uint64_t ticket, uint64_t other_than,
                       const struct span *topics, size_t count)
{
    struct chat_out *o = fake_chat_wants(c, CHAT_OUT_FETCH, ticket);
    o->other_than = other_than;
    o->from_ns = 1000;
    o->to_ns = 9000;
    o->topics = topics;
    o->topics_count = count;
}

/* The peer whose store was asked, and the question; 0: none. */
static uint64_t asked(struct world *w, uint64_t *stream)
{
    for (uint64_t id = w->f->streams_count; id > 0; id--) {
        const struct fake_stream *s = fake_at(w->f, id);
        if (s->outbound && !s->reset && strcmp(s->protocol, STORE_QUERY_PROTOCOL) == 0 &&
            s->wrote.len == 0) {
            *stream = id;
            return s->peer;
        }
    }
    return 0;
}

static void answer_fetch(struct world *w, uint64_t s, struct page page, struct store_query *out)
{
    static struct store_answer a;
    struct buf b = BUF_INIT(1u << 20), all = BUF_INIT(1u << 20);
    size_t at[100];
    const char *why;
    fake_opened(w->f, s);
    pump(w);
    assert_ok(store_query_decode(fake_wrote(w->f, s), out, &why));
    a = (struct store_answer){.request_id = out->request_id, .status = STORE_STATUS_OK};
    for (unsigned i = 0; i < page.count; i++) {
        char letter = (char)('a' + i % 26);
        struct waku_message m = {.payload = span_of(&letter, 1),
                                 .content_topic =
                                     page.lies ? SPAN_LIT("/a/1/b/c") : out->content_topics[0],
                                 .timestamp_ns = page.first_ns + i};
        at[i] = all.len;
        assert_ok(waku_message_encode(&m, &all));
    }
    for (unsigned i = 0; i < page.count; i++) {
        size_t until = i + 1 < page.count ? at[i + 1] : all.len;
        a.entries[a.count++] =
            (struct store_entry){.hash = {(uint8_t)i, 1},
                                 .has_data = true,
                                 .message = span_of(all.ptr + at[i], until - at[i]),
                                 .pubsub_topic = out->pubsub_topic};
    }
    a.has_cursor = page.more;
    a.cursor[0] = 9;
    assert_ok(store_answer_encode(&a, &b));
    fake_frame(w->f, s, buf_span(&b));
    fake_end(w->f, s);
    pump(w);
    buf_clear(&b);
    buf_clear(&all);
}

static void a_fetch_reads_all_pages(void **state)
{
    (void)state;
    struct world w;
    struct store_query q;
    uint64_t s;
    begin_with(&w, (struct options){.network = 8});
    struct chat *a = attach(&w);
    const struct span topics[] = {B00, SPAN_LIT("/sotto/1/i7f/bin"), SPAN_LIT("/sotto/1/bff/bin")};
    char pubsub[WAKU_SHARD_TEXT_MAX];
    assert_ok(core_shard_of(w.c, B00, pubsub));
    want_fetch(a, 1, 0, topics, 3);
    pump(&w);
    assert_int_equal(a->fetched, 1);
    assert_err(a->err, ERR_NOT_FOUND);
    peer_with(&w, 1, stores);
    want_fetch(a, 2, 0, topics, 3);
    pump(&w);
    assert_int_equal(asked(&w, &s), 1);
    answer_fetch(&w, s, (struct page){.count = 2, .first_ns = 2000, .more = true}, &q);
    assert_int_equal(q.content_topics_count, 3);
    assert_span_equal(q.content_topics[1], topics[1]);
    assert_span_equal(q.pubsub_topic, span_str(pubsub));
    assert_true(q.forward && q.time_start_ns == 1000 && q.time_end_ns == 9000 && !q.has_cursor);
    assert_int_equal(asked(&w, &s), 1);
    answer_fetch(&w, s, (struct page){.count = 1, .first_ns = 3000}, &q);
    assert_true(q.has_cursor && q.cursor[0] == 9);
    assert_int_equal(a->fetched, 2);
    assert_int_equal(a->ticket, 2);
    assert_ok(a->err);
    assert_string_equal(a->payloads, "aba");
    assert_int_equal(w.told[CORE_EVENT_STORE_ANSWER], 0);
    end(&w);
    free(a);
}

/* More topics than a query takes: one after another, each over the whole span. */
static void a_fetch_of_many_topics_asks_for_some_at_a_time(void **state)
{
    (void)state;
    struct world w;
    struct store_query q;
    uint64_t s;
    char names[2 * CORE_CHAT_SLICE + 2][32];
    struct span topics[2 * CORE_CHAT_SLICE + 2];
    size_t count = 2 * CORE_CHAT_SLICE + 2;
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(names[i], sizeof names[i], "/sotto/1/b%02x/bin", (unsigned)i);
        topics[i] = span_str(names[i]);
    }
    begin_with(&w, (struct options){.network = 8});
    struct chat *a = attach(&w);
    peer_with(&w, 1, stores);
    want_fetch(a, 1, 0, topics, count);
    pump(&w);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(a->fetched, 0);
        assert_int_equal(asked(&w, &s), 1);
        answer_fetch(&w, s, (struct page){.count = 2, .first_ns = 2000, .more = i == 0}, &q);
        if (i == 0) {
            assert_int_equal(asked(&w, &s), 1);
            answer_fetch(&w, s, (struct page){.count = 1, .first_ns = 3000}, &q);
            assert_true(q.has_cursor);
        }
        assert_int_equal(q.content_topics_count, i < 2 ? CORE_CHAT_SLICE : 2);
        assert_span_equal(q.content_topics[0], topics[i * CORE_CHAT_SLICE]);
        assert_true(i == 0 || (!q.has_cursor && q.time_start_ns == 1000));
    }
    assert_int_equal(a->fetched, 1);
    assert_ok(a->err);
    assert_int_equal(a->received, 7);
    end(&w);
    free(a);
}

/* Questions that one store has and has not answered. */
static unsigned under_way(const struct world *w)
{
    unsigned count = 0;
    for (uint64_t id = 1; id <= w->f->streams_count; id++) {
        const struct fake_stream *s = fake_at(w->f, id);
        count += s->outbound && !s->reset && strcmp(s->protocol, STORE_QUERY_PROTOCOL) == 0 &&
                 s->wrote.len == 0;
    }
    return count;
}

static void chats_of_one_node_do_not_ask_a_store_more_than_it_takes(void **state)
{
    (void)state;
    struct world w;
    struct store_query q;
    uint64_t s;
    struct chat *all[CORE_CHAT_ASKING_MAX + 2];
    const struct span topics[] = {B00};
    begin_with(&w, (struct options){.network = 8});
    peer_with(&w, 1, stores);
    for (size_t i = 0; i < CORE_CHAT_ASKING_MAX + 2; i++) {
        all[i] = attach(&w);
        want_fetch(all[i], 1, 0, topics, 1);
    }
    pump(&w);
    assert_int_equal(under_way(&w), CORE_CHAT_ASKING_MAX);
    for (size_t i = 0; i < CORE_CHAT_ASKING_MAX + 2; i++) {
        assert_int_equal(asked(&w, &s), 1);
        answer_fetch(&w, s, (struct page){.count = 1, .first_ns = 2000}, &q);
    }
    for (size_t i = 0; i < CORE_CHAT_ASKING_MAX + 2; i++) {
        assert_int_equal(all[i]->fetched, 1);
        assert_ok(all[i]->err);
    }
    end(&w);
    for (size_t i = 0; i < CORE_CHAT_ASKING_MAX + 2; i++)
        free(all[i]);
}

/* Four that read page after page, and a fifth: it comes to its turn. */
static void who_reads_without_end_does_not_keep_others_waiting(void **state)
{
    (void)state;
    struct world w;
    struct store_query q;
    uint64_t s;
    struct chat *all[CORE_CHAT_ASKING_MAX + 1], *last;
    const struct span topics[] = {B00}, other[] = {SPAN_LIT("/sotto/1/b01/bin")};
    bool came = false;
    begin_with(&w, (struct options){.network = 8});
    peer_with(&w, 1, stores);
    for (size_t i = 0; i < CORE_CHAT_ASKING_MAX; i++) {
        all[i] = attach(&w);
        want_fetch(all[i], 1, 0, topics, 1);
    }
    last = all[CORE_CHAT_ASKING_MAX] = attach(&w);
    want_fetch(last, 1, 0, other, 1);
    pump(&w);
    for (unsigned i = 0; i < 2 * CORE_CHAT_ASKING_MAX && !came; i++) {
        assert_int_equal(asked(&w, &s), 1);
        answer_fetch(&w, s, (struct page){.count = 1, .first_ns = 2000, .more = true}, &q);
        came = span_eq(q.content_topics[0], other[0]);
    }
    assert_true(came);
    end(&w);
    for (size_t i = 0; i <= CORE_CHAT_ASKING_MAX; i++)
        free(all[i]);
}

static void a_second_opinion_is_another_stores(void **state)
{
    (void)state;
    struct world w;
    struct store_query q;
    uint64_t s;
    const struct span topics[] = {B00};
    begin_with(&w, (struct options){.network = 8});
    struct chat *a = attach(&w);
    peer_with(&w, 1, stores);
    want_fetch(a, 1, 0, topics, 1);
    pump(&w);
    assert_int_equal(asked(&w, &s), 1);
    answer_fetch(&w, s, (struct page){.count = 1, .first_ns = 2000}, &q);
    want_fetch(a, 2, 1, topics, 1);
    pump(&w);
    assert_int_equal(a->ticket, 2);
    assert_err(a->err, ERR_NOT_FOUND);
    peer_with(&w, 2, stores);
    for (uint64_t ticket = 3; ticket < 13; ticket++) {
        want_fetch(a, ticket, 1, topics, 1);
        pump(&w);
        assert_int_equal(asked(&w, &s), 2);
        answer_fetch(&w, s, (struct page){.count = 1, .first_ns = 2000}, &q);
        assert_int_equal(a->ticket, ticket);
        assert_ok(a->err);
    }
    end(&w);
    free(a);
}

static void our_archive_is_the_other_store(void **state)
{
    (void)state;
    struct world w;
    struct store_query q;
    uint64_t s;
    const struct span topics[] = {B00};
    begin_with(&w, (struct options){.relay = true, .archive = true, .network = 1});
    struct chat *a = attach(&w);
    relay_peer(&w);
    want_publish(a, 1, B00, "kept");
    pump(&w);
    a->payloads[0] = '\0';
    int64_t now = INT64_C(1767225600) * NS_PER_S;
    want_fetch(a, 2, 0, topics, 1); /* nobody else is there */
    a->outs[a->last - 1].from_ns = now - NS_PER_S;
    a->outs[a->last - 1].to_ns = now + NS_PER_S;
    pump(&w);
    assert_int_equal(a->ticket, 2);
    assert_ok(a->err);
    assert_string_equal(a->payloads, "kept");
    want_fetch(a, 3, 2, topics, 1);
    pump(&w);
    assert_err(a->err, ERR_NOT_FOUND);
    peer_with(&w, 1, stores);
    want_fetch(a, 4, 0, topics, 1); /* it may have the same hole as the chat: a peer first */
    pump(&w);
    assert_int_equal(asked(&w, &s), 1);
    answer_fetch(&w, s, (struct page){.count = 1, .first_ns = 2000}, &q);
    want_fetch(a, 5, 4, topics, 1);
    pump(&w);
    assert_int_equal(asked(&w, &s), 0);
    assert_int_equal(a->ticket, 5);
    assert_ok(a->err);
    end(&w);
    free(a);
}

static void a_store_that_lies_is_left_for_another(void **state)
{
    (void)state;
    struct world w;
    struct store_query q;
    uint64_t s;
    const struct span topics[] = {B00};
    const struct page lies[] = {{.count = 1, .first_ns = 2000, .lies = true},
                                {.count = 1, .first_ns = 900},
                                {.count = 1, .first_ns = 9500}};
    for (size_t i = 0; i < 3; i++) {
        begin_with(&w, (struct options){.network = 8});
        struct chat *a = attach(&w);
        peer_with(&w, 1, stores);
        peer_with(&w, 2, stores);
        want_fetch(a, 1, 0, topics, 1);
        pump(&w);
        uint64_t first = asked(&w, &s);
        answer_fetch(&w, s, (struct page){.count = 2, .first_ns = 1800, .more = true}, &q);
        assert_int_equal(asked(&w, &s), first);
        answer_fetch(&w, s, lies[i], &q);
        assert_int_equal(a->received, 2);
        assert_int_equal(asked(&w, &s), 3 - first);
        answer_fetch(&w, s, (struct page){.count = 1, .first_ns = 2500}, &q);
        assert_true(q.time_start_ns == 1801 && !q.has_cursor); /* from the last good one on */
        assert_int_equal(a->fetched, 1);
        assert_ok(a->err);
        want_fetch(a, 2, 1, topics, 1); /* the one that told the end counts */
        pump(&w);
        assert_int_equal(asked(&w, &s), first);
        end(&w);
        free(a);
    }
}

static void what_is_under_way_for_a_chat_that_went_is_dropped(void **state)
{
    (void)state;
    struct world w;
    struct store_query q;
    uint64_t s;
    const struct span topics[] = {B00};
    begin_with(&w, (struct options){.network = 8});
    struct chat *a = attach(&w);
    peer_with(&w, 1, stores);
    peer_with(&w, 2, pushers);
    want_fetch(a, 1, 0, topics, 1);
    want_publish(a, 2, B00, "x");
    pump(&w);
    assert_int_equal(asked(&w, &s), 1);
    core_detach_chat(w.c, w.f->env, a);
    struct chat *b = attach(&w); /* takes its place */
    answer_fetch(&w, s, (struct page){.count = 1, .first_ns = 2000}, &q);
    answer_push(&w, 2, 200);
    assert_int_equal(a->fetched + a->published + a->received, 0);
    assert_int_equal(b->fetched + b->published + b->received, 0);
    assert_int_equal(map_count(&w.c->chatting->works), 0);
    end(&w);
    free(a);
    free(b);
}

/* ---- listening ---- */

static void want_listen(struct chat *c, const struct span *topics, size_t count)
{
    struct chat_out *o = fake_chat_wants(c, CHAT_OUT_LISTEN, 0);
    o->topics = topics;
    o->topics_count = count;
}

static void relay_takes_the_shard_and_leaves_what_was_its_own(void **state)
{
    (void)state;
    struct world w;
    char pubsub[WAKU_SHARD_TEXT_MAX];
    begin_with(&w, (struct options){.relay = true, .network = 8});
    assert_ok(core_shard_of(w.c, B00, pubsub));
    assert_null(map_get(&w.c->topics.names, span_str(pubsub)));
    struct chat *a = attach(&w), *b = attach(&w);
    assert_non_null(map_get(&w.c->topics.names, span_str(pubsub)));
    core_detach_chat(w.c, w.f->env, a);
    pump(&w);
    assert_non_null(map_get(&w.c->topics.names, span_str(pubsub)));
    assert_ok(core_unsubscribe(w.c, w.f->env, span_str(pubsub))); /* by REST: not while in use */
    core_tick(w.c, w.f->env);
    pump(&w);
    assert_non_null(map_get(&w.c->topics.names, span_str(pubsub)));
    core_detach_chat(w.c, w.f->env, b);
    pump(&w);
    assert_int_equal(map_count(&w.c->topics.names), 1); /* of the configuration */
    assert_ok(core_subscribe(w.c, w.f->env, span_str(pubsub)));
    assert_ok(chatting_attach(w.c, w.f->env, a, &fake_chat_calls));
    pump(&w);
    core_detach_chat(w.c, w.f->env, a);
    pump(&w);
    assert_non_null(map_get(&w.c->topics.names, span_str(pubsub))); /* the user's */
    end(&w);
    free(a);
    free(b);
}

static unsigned subscribed[10]; /* topics by peer */

/* All questions to filter services are answered; how many topics each has. */
static void answer_filters(struct world *w, uint32_t status)
{
    for (uint64_t id = 1; id <= w->f->streams_count; id++) {
        const struct fake_stream *fs = fake_at(w->f, id);
        struct filter_request r;
        struct buf b = BUF_INIT(4096);
        const char *why;
        if (!fs->outbound || fs->reset || fs->wrote.len > 0 ||
            strcmp(fs->protocol, FILTER_SUBSCRIBE_PROTOCOL) != 0)
            continue;
        fake_opened(w->f, id);
        pump(w);
        assert_ok(filter_request_decode(fake_wrote(w->f, id), &r, &why));
        if (r.kind == FILTER_SUBSCRIBE && status == 200)
            subscribed[fs->peer] += (unsigned)r.count;
        if (r.kind == FILTER_UNSUBSCRIBE)
            subscribed[fs->peer] -= (unsigned)r.count;
        struct filter_answer a = {r.request_id, status, SPAN_EMPTY};
        assert_ok(filter_answer_encode(&a, &b));
        fake_frame(w->f, id, buf_span(&b));
        fake_end(w->f, id);
        pump(w);
        buf_clear(&b);
    }
}

static void push_of_filter(struct world *w, uint64_t peer, struct span topic, const char *payload)
{
    char pubsub[WAKU_SHARD_TEXT_MAX];
    struct waku_message m = {
        .payload = span_str(payload), .content_topic = topic, .timestamp_ns = 1};
    struct buf b = BUF_INIT(1000);
    assert_ok(core_shard_of(w->c, topic, pubsub));
    assert_ok(waku_message_encode(&m, &b));
    struct filter_push push = {.message = buf_span(&b), .pubsub_topic = span_str(pubsub)};
    struct blob *frame = filter_push_frame(&push);
    assert_non_null(frame);
    fake_bytes(w->f, fake_incoming(w->f, peer, FILTER_PUSH_PROTOCOL), blob_span(frame));
    pump(w);
    blob_unref(frame);
    buf_clear(&b);
}

static void a_light_one_spreads_its_topics_over_three_services(void **state)
{
    (void)state;
    struct world w;
    char text[32][32];
    struct span topics[32];
    begin_with(&w, (struct options){.network = 8});
    memset(subscribed, 0, sizeof subscribed);
    struct chat *a = attach(&w);
    for (unsigned i = 0; i < 32; i++) {
        snprintf(text[i], sizeof text[i], "/sotto/1/b%02x/bin", i);
        topics[i] = span_str(text[i]);
    }
    want_listen(a, topics, 32);
    pump(&w);
    peer_with(&w, 1, filters);
    answer_filters(&w, 200);
    assert_int_equal(subscribed[1], 32); /* there is no other */
    for (uint64_t peer = 2; peer <= 4; peer++)
        peer_with(&w, peer, filters);
    answer_filters(&w, 200);
    unsigned sum = 0, used = 0;
    for (size_t i = 1; i <= 4; i++) {
        assert_true(subscribed[i] <= 11);
        sum += subscribed[i];
        used += subscribed[i] > 0;
    }
    assert_int_equal(sum, 32);
    assert_int_equal(used, 3);
    for (unsigned i = 0; i < 32; i++)
        for (uint64_t peer = 1; peer <= 4; peer++)
            push_of_filter(&w, peer, topics[i], "m"); /* only the one that has the topic is heard */
    assert_int_equal(a->received, 32);
    want_listen(a, topics, 5);
    pump(&w);
    answer_filters(&w, 200);
    for (sum = 0, used = 1; used <= 4; used++)
        sum += subscribed[used];
    assert_int_equal(sum, 5);
    end(&w);
    free(a);
}

static void a_refused_subscription_goes_to_another_service(void **state)
{
    (void)state;
    struct world w;
    const struct span topics[] = {B00};
    begin_with(&w, (struct options){.network = 8});
    memset(subscribed, 0, sizeof subscribed);
    struct chat *a = attach(&w);
    peer_with(&w, 1, filters);
    want_listen(a, topics, 1);
    pump(&w);
    answer_filters(&w, 503);
    peer_with(&w, 2, filters);
    run(&w, CORE_CHAT_SUBSCRIBE_MS * NS_PER_MS + NS_PER_S);
    answer_filters(&w, 200);
    assert_int_equal(subscribed[1] + subscribed[2], 1);
    uint64_t one = subscribed[1] == 1 ? 1 : 2;
    fake_peer_down(w.f, one); /* it goes: the other one is asked */
    pump(&w);
    answer_filters(&w, 200);
    assert_int_equal(subscribed[3 - one], 1);
    push_of_filter(&w, 3 - one, B00, "m");
    assert_int_equal(a->received, 1);
    end(&w);
    free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_chat_gets_what_is_under_its_prefix_once),
        cmocka_unit_test(there_is_room_for_so_many_chats),
        cmocka_unit_test(its_time_is_kept),
        cmocka_unit_test(it_is_told_when_there_are_peers),
        cmocka_unit_test(it_publishes_by_our_relay),
        cmocka_unit_test(the_users_pushes_stay_the_users),
        cmocka_unit_test(no_field_of_the_network_says_more),
        cmocka_unit_test(a_light_one_publishes_through_one_service_until_it_fails),
        cmocka_unit_test(static_sharding_has_one_shard_for_all),
        cmocka_unit_test(a_fetch_reads_all_pages),
        cmocka_unit_test(a_fetch_of_many_topics_asks_for_some_at_a_time),
        cmocka_unit_test(chats_of_one_node_do_not_ask_a_store_more_than_it_takes),
        cmocka_unit_test(who_reads_without_end_does_not_keep_others_waiting),
        cmocka_unit_test(a_second_opinion_is_another_stores),
        cmocka_unit_test(our_archive_is_the_other_store),
        cmocka_unit_test(a_store_that_lies_is_left_for_another),
        cmocka_unit_test(what_is_under_way_for_a_chat_that_went_is_dropped),
        cmocka_unit_test(relay_takes_the_shard_and_leaves_what_was_its_own),
        cmocka_unit_test(a_light_one_spreads_its_topics_over_three_services),
        cmocka_unit_test(a_refused_subscription_goes_to_another_service),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
