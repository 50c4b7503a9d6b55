/* Streams of one connection between two processes: opened, a byte echoed, closed; and bytes a
 * second through one. JSON lines, see figures.h; beside it peers/libp2p.mjs streams. */
#include "tests/bench/conn_ends.h"

#define RUNS       5
#define COUNT      20000u
#define SINK_BYTES (256u << 20)
#define CHUNK      (64u << 10)

static const char *const echo[] = {ECHO, NULL};
static const char *const sink[] = {SINK, NULL};
static struct end *end;
static bool up;
static unsigned opened, done, owed;
static struct blob *chunk;
static size_t sunk;
static uint64_t answer;

static void echo_told(struct conn_stream *s, const struct conn_event *ev)
{
    if (ev->kind == CONN_OPENED) {
        must(conn_write(s, SPAN_LIT("x"), NULL, 0) == OK, "write");
        conn_close_write(s);
    } else if (ev->kind == CONN_END) {
        conn_release(s);
        done++;
        owed++;
    }
}

static void sink_fill(struct conn_stream *s)
{
    while (sunk < SINK_BYTES && conn_write(s, (struct span){0}, &chunk, 1) == OK)
        sunk += CHUNK;
    if (sunk == SINK_BYTES && !s->write_closed)
        conn_close_write(s);
}

static void sink_told(struct conn_stream *s, const struct conn_event *ev)
{
    if (ev->kind == CONN_OPENED || ev->kind == CONN_WRITABLE) {
        sink_fill(s);
    } else if (ev->kind == CONN_BYTES) {
        must(ev->bytes.len == sizeof answer, "the count in pieces");
        memcpy(&answer, ev->bytes.ptr, sizeof answer);
    } else if (ev->kind == CONN_END) {
        conn_release(s);
    }
}

static void told(struct end *e, const struct conn_event *ev)
{
    (void)e;
    must(ev->kind != CONN_DOWN && ev->kind != CONN_REFUSED && ev->kind != CONN_RESET, "lost");
    if (ev->kind == CONN_UP)
        up = true;
    else if (ev->stream->number == 1)
        sink_told(ev->stream, ev);
    else
        echo_told(ev->stream, ev);
}

static double open_and_close(unsigned parallel)
{
    double from = seconds_now();
    struct conn_stream *s;
    opened = done = 0;
    owed = parallel;
    while (done < COUNT) {
        for (; owed > 0; owed--) {
            if (opened < COUNT) {
                opened++;
                must(conn_open(end->conn, &env, echo, &s) == OK, "open");
            }
        }
        end_pump(end, told);
        if (owed == 0)
            ends_turn(-1, told);
    }
    return COUNT / (seconds_now() - from);
}

static double pour(void)
{
    double from = seconds_now();
    struct conn_stream *s;
    sunk = 0;
    answer = 0;
    must(conn_open(end->conn, &env, sink, &s) == OK, "open");
    s->number = 1;
    end_pump(end, told);
    while (answer == 0)
        ends_turn(-1, told);
    must(answer == SINK_BYTES, "bytes were lost");
    return SINK_BYTES / 1e6 / (seconds_now() - from);
}

int main(void)
{
    static const unsigned parallel[] = {1, 32};
    pid_t server;
    double values[RUNS];
    char metric[48];
    uint16_t port = serve(&server);
    ends_init(2);
    chunk = blob_alloc(CHUNK);
    must(chunk != NULL, "memory");
    end = dial(port);
    end_pump(end, told);
    while (!up)
        ends_turn(-1, told);
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < RUNS; i++)
            values[i] = open_and_close(parallel[k]);
        snprintf(metric, sizeof metric, "open_echo_close_par%u", parallel[k]);
        figure("streams", metric, "stream/s", "sotto", values, RUNS);
    }
    for (size_t i = 0; i < RUNS; i++)
        values[i] = pour();
    figure("streams", "one_stream", "MB/s", "sotto", values, RUNS);
    server_end(server);
    return 0;
}
