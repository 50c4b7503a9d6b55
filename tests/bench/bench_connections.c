/* Connections opened and closed a second between two processes: TCP, multistream, Noise XX, yamux,
 * go-away. JSON lines, see figures.h; beside it peers/libp2p.mjs connections. */
#include "tests/bench/conn_ends.h"

#define RUNS  5
#define COUNT 1000u

static uint16_t port;
static unsigned dialed, closed;

/* Dialing from inside the event of another connection would free it under our feet: note it. */
static unsigned owed;

static void told(struct end *e, const struct conn_event *ev)
{
    if (ev->kind == CONN_UP)
        conn_close(e->conn, &env, OK);
    if (ev->kind != CONN_DOWN)
        return;
    closed++;
    owed++;
}

static double run(unsigned parallel)
{
    double from = seconds_now();
    dialed = closed = 0;
    owed = parallel;
    while (closed < COUNT) {
        for (; owed > 0; owed--) {
            if (dialed < COUNT) {
                dialed++;
                end_pump(dial(port), told);
            }
        }
        ends_turn(-1, told);
    }
    return COUNT / (seconds_now() - from);
}

int main(void)
{
    static const unsigned parallel[] = {1, 8};
    pid_t server;
    double values[RUNS];
    char metric[48];
    port = serve(&server);
    ends_init(2);
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < RUNS; i++)
            values[i] = run(parallel[k]);
        snprintf(metric, sizeof metric, "opened_and_closed_par%u", parallel[k]);
        figure("connections", metric, "conn/s", "sotto", values, RUNS);
    }
    server_end(server);
    return 0;
}
