/* The simulator: the agenda alone (as ns-3's bare core is measured: take one, plan another), and
 * relay networks of the real node in tier F1, one process each for its memory. Times are of the
 * processor. */
#include "sim/events.h"
#include "sim/run/run.h"
#include "tests/bench/figures.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define TAKEN 3000000u

static double cpu_s(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (double)u.ru_utime.tv_sec + (double)u.ru_utime.tv_usec / 1e6;
}

static void one(const char *metric, const char *unit, const char *peer, double value)
{
    figure("sim", metric, unit, peer, &value, 1);
}

static void must(enum err err)
{
    if (err != OK)
        exit(1);
}

/* Delays are spread over a second, as those of nodes are. */
static void agenda(size_t pending, const char *metric, double ns3)
{
    static struct sim_events q;
    uint64_t x = 1;
    int64_t now = 0;

    sim_events_init(&q);
    for (size_t i = 0; i < pending; i++) {
        struct sim_event *e = sim_event_new(&q);
        x = x * 6364136223846793005u + 1442695040888963407u;
        e->at_ns = (int64_t)(x >> 34);
        e->number = i;
        must(sim_event_add(&q, e));
    }
    double from = cpu_s();
    for (uint32_t i = 0; i < TAKEN; i++) {
        struct sim_event *e;
        must(sim_event_take(&q, INT64_MAX, &e));
        now = e->at_ns;
        x = x * 6364136223846793005u + 1442695040888963407u;
        e->at_ns = now + (int64_t)(x >> 34);
        must(sim_event_add(&q, e));
    }
    one(metric, "events/s", "sotto", TAKEN / (cpu_s() - from));
    one(metric, "events/s", "ns-3, measured before", ns3);
}

/* A message a second, 1 kB, ten connections each; warm-up and 20 s. */
static void network(uint32_t nodes)
{
    char text[400], name[64];
    struct scenario sc;
    struct scenario_error e;
    struct run_options options = {.trace_node = UINT32_MAX};
    struct run_result *r = calloc(1, sizeof *r);
    struct rusage usage;

    snprintf(text, sizeof text,
             "[scenario]\nname = \"bench\"\n[net]\nnodes = %u\nconnections = 10\nwarm_up_s = 5\n"
             "seconds = 20\ncool_down_s = 2\n[payload]\nbytes = 1000\n[node]\nstem = false\n"
             "[steady]\nper_minute = 60\n",
             nodes);
    scenario_init(&sc);
    must(scenario_read(&sc, span_str(text), &e));
    must(run_scenario(&sc, &options, r, &e));
    double s = cpu_s();
    getrusage(RUSAGE_SELF, &usage);
    snprintf(name, sizeof name, "%u nodes: events", nodes);
    one(name, "events/s", "sotto", (double)r->stats.events / s);
    snprintf(name, sizeof name, "%u nodes: segments on the wire", nodes);
    one(name, "segments/s", "sotto", (double)r->stats.segments / s);
    snprintf(name, sizeof name, "%u nodes: virtual seconds", nodes);
    one(name, "s in a second of CPU", "sotto", 27 / s);
    snprintf(name, sizeof name, "%u nodes: memory of a node", nodes);
    one(name, "kB", "sotto", (double)usage.ru_maxrss / nodes);
}

static int apart(uint32_t nodes)
{
    int status = 1;

    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        network(nodes);
        _exit(0);
    }
    return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : 1;
}

int main(void)
{
    int bad = apart(1000) | apart(10000); /* first: a child has the memory of its parent */

    agenda(1000, "agenda, 1,000 pending", 8.7e6);
    agenda(100000, "agenda, 100,000 pending", 3.2e6);
    agenda(1000000, "agenda, 1,000,000 pending", 1.7e6);
    return bad;
}
