/* Both engines of filter: each 4 bytes choose a call, a peer, a topic and a step of time. The
 * server's numbers must agree with what can be seen of it, and nothing may be owed at the end. */
#include "net/services/filter.h"
#include "net/waku/waku.h"
#include "tests/lib/testing.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define OPEN_MAX 256

struct world {
    struct test_env t;
    struct filter_server *s;
    struct filter_client *c;
    uint64_t connection[8], next_connection; /* of 8 identities; 0: away */
    uint64_t open[OPEN_MAX];                 /* pushes on their way */
    size_t open_count;
    uint64_t ask;
    uint32_t message;
};

static struct peer_id id_of(uint8_t peer)
{
    return (struct peer_id){.len = 3, .bytes = {0, 1, peer}};
}

static void request(struct world *w, uint8_t peer, uint8_t kind, uint8_t topic)
{
    static const struct span names[] = {{(const uint8_t *)"/a", 2},
                                        {(const uint8_t *)"/b", 2},
                                        {(const uint8_t *)"/c", 2},
                                        {(const uint8_t *)"/d", 2}};
    struct filter_request r = {.request_id = SPAN_LIT("i"), .kind = (enum filter_kind)(kind & 3)};
    struct buf in = BUF_INIT(1000), out = BUF_INIT(1000);
    struct peer_id id = id_of(peer);
    if ((kind & 4) == 0) {
        r.pubsub_topic = SPAN_LIT("/p");
        r.content_topics[r.count++] = names[topic & 3];
        r.content_topics[r.count++] = names[topic >> 2 & 3];
    }
    if (w->connection[peer] == 0 || (kind & 8) != 0) { /* a new connection, maybe a second one */
        w->connection[peer] = w->next_connection++;
        filter_server_peer_up(w->s, &w->t.env, w->connection[peer], &id);
    }
    if (filter_request_encode(&r, &in) != OK ||
        filter_server_request(w->s, &w->t.env, w->connection[peer], &id, buf_span(&in), &out) != OK)
        abort();
    buf_clear(&in);
    buf_clear(&out);
}

static void leave(struct world *w, uint8_t peer)
{
    if (w->connection[peer] != 0)
        filter_server_peer_down(w->s, &w->t.env, w->connection[peer]);
    w->connection[peer] = 0;
}

static void publish(struct world *w, uint8_t topic, uint8_t size)
{
    static const uint8_t zeros[200000];
    uint8_t hash[32] = {0};
    char name[3] = {'/', (char)('a' + (topic & 3)), '\0'};
    uint32_t number = (size & 1) != 0 ? ++w->message : w->message;
    memcpy(hash, &number, sizeof number);
    filter_server_message(w->s, &w->t.env, SPAN_LIT("/p"), span_str(name), hash,
                          span_of(zeros, 1 + (size_t)size * 700));
}

static void take_pushes(struct world *w, uint8_t most)
{
    struct filter_server_out out;
    for (; most > 0 && w->open_count < OPEN_MAX && filter_server_poll(w->s, &out); most--)
        w->open[w->open_count++] = out.push;
}

static void finish_push(struct world *w, uint8_t which, uint8_t how)
{
    if (w->open_count == 0)
        return;
    size_t i = which % w->open_count;
    filter_server_pushed(w->s, &w->t.env, w->open[i], (how & 1) != 0 ? OK : ERR_TIMEOUT);
    w->open[i] = w->open[--w->open_count];
}

static void client(struct world *w, uint8_t what, uint8_t topic)
{
    struct span name = {(const uint8_t *)"/a\0/b\0/c\0/d" + 3 * (topic & 3), 2};
    static const uint8_t pushed[] = "\x0a\x07\x0a\x01x\x12\x02/a\x12\x02/p";
    if (what < 64)
        filter_client_use(w->c, &w->t.env, what & 3);
    else if (what < 128)
        (void)!filter_client_ask(w->c, &w->t.env, (enum filter_kind)(what & 3),
                                 (what & 1) != 0 ? SPAN_LIT("/p") : SPAN_EMPTY, &name,
                                 (what & 3) == 1 || (what & 3) == 2, 1);
    else if (what < 160)
        (void)!filter_client_push(w->c, &w->t.env, what & 3, span_of(pushed, sizeof pushed - 1));
    else if (what < 192)
        filter_client_gone(w->c, &w->t.env, w->ask, ERR_CLOSED);
    else
        filter_client_answer(w->c, &w->t.env, w->ask,
                             what < 224 ? SPAN_LIT("\x0a\x01i\x50\xad\x03")
                                        : SPAN_LIT("\x50\xad\x03"));
    for (struct filter_client_out o; filter_client_poll(w->c, &o); blob_unref(o.bytes))
        if (o.kind == FILTER_CLIENT_REQUEST)
            w->ask = o.ask;
}

static void check(const struct world *w)
{
    const struct filter_server_counters *n = filter_server_counters(w->s);
    struct filter_criterion_view v;
    size_t cursor[2] = {0}, seen = 0;
    while (filter_server_next(w->s, cursor, &v))
        seen++;
    if (seen != n->criteria || n->subscribers > 5 || (n->subscribers == 0) != (n->criteria == 0))
        abort();
}

static void step(struct world *w, const uint8_t in[4])
{
    uint8_t peer = in[1] & 7;
    switch (in[0] & 7) {
    case 0:
    case 1:
        request(w, peer, in[2], in[3]);
        break;
    case 2:
        leave(w, peer);
        break;
    case 3:
        publish(w, in[1], in[2]);
        break;
    case 4:
        take_pushes(w, in[1]);
        break;
    case 5:
        finish_push(w, in[1], in[2]);
        break;
    case 6:
        client(w, in[1], in[2]);
        break;
    default:
        test_env_advance(&w->t, (int64_t)in[1] * in[2] * 10 * NS_PER_MS);
        filter_server_tick(w->s, &w->t.env);
        filter_client_tick(w->c, &w->t.env);
        break;
    }
    check(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct world w;
    struct filter_params p = {5, 3, 100 * NS_PER_S};
    w = (struct world){.next_connection = 1};
    test_env_init(&w.t, 1);
    if (filter_server_new(&w.s, &w.t.env, &p) != OK || filter_client_new(&w.c, &w.t.env) != OK)
        abort();
    for (size_t i = 0; i + 4 <= len && i < 4000; i += 4)
        step(&w, data + i);
    for (uint8_t peer = 0; peer < 8; peer++)
        leave(&w, peer);
    test_env_advance(&w.t, 200 * NS_PER_S);
    filter_server_tick(w.s, &w.t.env);
    if (filter_server_counters(w.s)->subscribers != 0 ||
        filter_server_counters(w.s)->queued_bytes != 0)
        abort();
    filter_server_free(w.s);
    filter_client_free(w.c);
    test_env_clear(&w.t);
    return 0;
}
