/* What the connection stack costs without sockets: swarms joined in memory, real ciphers.
 *
 *     bench_conn [messages]
 *
 * One JSON line a figure. Nanoseconds are CPU time of the whole process over messages, so a message
 * that crosses one connection pays for both of its ends. */
#include "tests/bench/figures.h"
#include "tests/lib/memlinks.h"

static const char *const protocols[] = {"/bench/1.0.0", NULL};
static struct mem_world *w;

#define RUNS 3u

static double cpu_seconds(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void begin(size_t nodes)
{
    w = calloc(1, sizeof *w);
    mem_start(w, 1);
    w->aead = &aead_chacha20poly1305;
    for (size_t i = 0; i < nodes; i++) {
        struct mem_node *n = mem_node_new(w, NULL);
        assert_ok(n->streams.serve(n->swarm, protocols));
    }
}

static void end(void)
{
    mem_stop(w);
    free(w);
}

enum carrier {
    BYTES,
    FRAMES_TO_LISTENER, /* WebSocket frames that are masked */
    FRAMES_TO_DIALER,   /* and that are not */
};

static void connect_by(struct mem_node *from, struct mem_node *to, enum carrier carrier)
{
    struct mem_node *dialer = carrier == FRAMES_TO_DIALER ? to : from;
    struct mem_node *listener = carrier == FRAMES_TO_DIALER ? from : to;
    struct multiaddr m = mem_addr(listener, false);
    uint64_t dial;

    if (carrier != BYTES)
        assert_ok(multiaddr_add(&m, MULTIADDR_WS, SPAN_EMPTY));
    assert_ok(multiaddr_add_peer(&m, &listener->id));
    assert_ok(swarm_dial(dialer->swarm, &w->t.env, NULL, &m, 1, 0, &dial));
    mem_settle(w);
}

static uint64_t open_to(struct mem_node *from, struct mem_node *to, enum carrier carrier)
{
    uint64_t stream = 0;

    connect_by(from, to, carrier);
    assert_ok(from->streams.open(from->swarm, &w->t.env, swarm_find(from->swarm, &to->id),
                                 protocols, &stream));
    mem_settle(w);
    return stream;
}

static const uint8_t head[2] = {0x80, 0x08};

static size_t fill(struct mem_node *n, uint64_t stream, struct blob *b, size_t count)
{
    size_t sent = 0;

    while (sent < count && n->streams.write(n->swarm, stream, SPAN_ARRAY(head), &b, 1) == OK)
        sent++;
    return sent;
}

/* One stream, as fast as it goes. */
static double throughput(size_t messages, size_t bytes, enum carrier carrier)
{
    begin(2);
    struct mem_node *a = &w->nodes[0], *b = &w->nodes[1];
    uint64_t stream = open_to(a, b, carrier);
    struct blob *payload = blob_alloc(bytes);
    size_t sent = 0;

    memset(payload->bytes, 7, bytes);
    double start = cpu_seconds();
    while (b->received_bytes < messages * (bytes + sizeof head)) {
        sent += fill(a, stream, payload, messages - sent);
        mem_step(w);
        a->events_count = b->events_count = 0;
    }
    double value = (cpu_seconds() - start) * 1e9 / (double)messages;
    blob_unref(payload);
    end();
    return value;
}

/* A middle node hands everything on: what it received as bytes leaves as one blob. */
static uint64_t onward;

static void hand_on(struct mem_node *n, const struct stream_event *ev)
{
    if (ev->kind != STREAM_BYTES)
        return;
    for (size_t at = 0; at < ev->bytes.len;) {
        size_t len = ev->bytes.len - at < 1026 ? ev->bytes.len - at : 1026;
        struct blob *b = blob_new(span_sub(ev->bytes, at, len));
        assert_ok(n->streams.write(n->swarm, onward, SPAN_ARRAY(head), &b, 1));
        blob_unref(b);
        at += len;
    }
}

static double relay(size_t messages)
{
    begin(3);
    struct mem_node *a = &w->nodes[0], *m = &w->nodes[1], *c = &w->nodes[2];
    uint64_t stream = open_to(a, m, BYTES);
    onward = open_to(m, c, BYTES);
    struct blob *payload = blob_alloc(1024);
    size_t sent = 0;

    memset(payload->bytes, 7, 1024);
    m->on_event = hand_on;
    double start = cpu_seconds();
    while (c->received_bytes < messages * 1026) {
        if (m->streams.room(m->swarm, onward) > 800000)
            sent += fill(a, stream, payload, messages - sent < 128 ? messages - sent : 128);
        mem_step(w);
        a->events_count = m->events_count = c->events_count = 0;
    }
    double value = (cpu_seconds() - start) * 1e9 / (double)messages;
    blob_unref(payload);
    end();
    return value;
}

static double opens(size_t count)
{
    begin(2);
    struct mem_node *a = &w->nodes[0], *b = &w->nodes[1];
    mem_dial_node(a, b);
    mem_settle(w);
    uint64_t peer = swarm_find(a->swarm, &b->id);
    double start = cpu_seconds();

    for (size_t done = 0; done < count; done += 100) {
        uint64_t streams[100];
        for (size_t i = 0; i < 100; i++)
            assert_ok(a->streams.open(a->swarm, &w->t.env, peer, protocols, &streams[i]));
        mem_settle(w);
        for (size_t i = 0; i < 100; i++)
            a->streams.reset(a->swarm, streams[i]);
        mem_settle(w);
        a->events_count = b->events_count = 0;
    }
    double value = (double)count / (cpu_seconds() - start);
    end();
    return value;
}

static double handshakes(size_t count)
{
    begin(2);
    struct mem_node *a = &w->nodes[0], *b = &w->nodes[1];
    double start = cpu_seconds();

    for (size_t i = 0; i < count; i++) {
        mem_dial_node(a, b);
        mem_settle(w);
        a->streams.disconnect(a->swarm, &w->t.env, swarm_find(a->swarm, &b->id), OK);
        mem_settle(w);
        a->events_count = b->events_count = 0;
    }
    double value = (double)count / (cpu_seconds() - start);
    end();
    return value;
}

int main(int argc, char **argv)
{
    static const struct {
        enum carrier carrier;
        const char *small, *large;
    } streams[] = {
        {BYTES, "stream 1 KB, both ends", "stream 150 KB, both ends"},
        {FRAMES_TO_DIALER, "stream 1 KB, both ends, ws, listener sends",
         "stream 150 KB, both ends, ws, listener sends"},
        {FRAMES_TO_LISTENER, "stream 1 KB, both ends, ws, dialer sends",
         "stream 150 KB, both ends, ws, dialer sends"},
    };
    size_t messages = argc > 1 ? strtoul(argv[1], NULL, 10) : 200000;
    double small[3][RUNS], large[3][RUNS], values[3][RUNS];

    for (size_t i = 0; i < RUNS; i++) {
        for (size_t k = 0; k < 3; k++) {
            small[k][i] = throughput(messages, 1024, streams[k].carrier);
            large[k][i] = throughput(messages / 50, 153600, streams[k].carrier);
        }
        values[0][i] = relay(messages);
        values[1][i] = opens(messages / 10);
        values[2][i] = handshakes(messages / 400);
    }
    for (size_t k = 0; k < 3; k++) {
        figure("conn", streams[k].small, "ns CPU/message", "sotto", small[k], RUNS);
        figure("conn", streams[k].large, "ns CPU/message", "sotto", large[k], RUNS);
    }
    figure("conn", "line of 3, 1 KB, all nodes", "ns CPU/message", "sotto", values[0], RUNS);
    figure("conn", "stream opens, both ends", "1/CPU-s", "sotto", values[1], RUNS);
    figure("conn", "handshakes, both ends", "1/CPU-s", "sotto", values[2], RUNS);
    return 0;
}
