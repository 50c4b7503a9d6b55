/* A network in user space: N + 1 network namespaces, each with a TUN device whose other end is this
 * process, which forwards IPv4 packets as the [links] of a scenario file say: delay of each pair,
 * jitter, loss, uplinks and downlinks with a queue. The kernel's netem is not everywhere; this
 * wants namespaces and /dev/net/tun only, and an ordinary user may have both.
 *
 *     netlab SCENARIO NODES COMMAND [ARG...]
 *
 * COMMAND runs in namespace 0 as 10.66.0.1. Node i is 10.66.0.(1+i), all of them are in
 * NETLAB_HOSTS; a process is started there with `nsenter -t PID -n`, the PIDs are in NETLAB_PIDS.
 * Between node 0 and the others nothing is delayed, lost or counted,
 * so that a test looks in without being seen. Reads SIGUSR1: prints counts so far; at the end, too:
 *
 *     netlab packets=N bytes=N lost=N full=N
 *
 * As in sim/wire.c, what one node sends to another stays in order. Exit: that of COMMAND; 77 where
 * this cannot be had here.
 */
#define _GNU_SOURCE
#include "crypto/base/env.h"
#include "sim/scenario/scenario.h"
#include "tests/netlab/spaces.h"

#include <arpa/inet.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NODES_MAX   250u
#define PACKETS_MAX 200000u           /* under way at once; more are lost as by a full router */
#define QUEUE_NS    (500 * NS_PER_MS) /* of an uplink or downlink: longer waits are losses */
#define READS_MAX   64                /* packets of one node before others have their turn */

struct packet {
    int64_t at_ns;
    uint64_t number; /* of two at the same time the older goes first */
    uint32_t to, len;
    uint8_t bytes[MTU];
};

static struct node {
    int tun;
    pid_t holder;
    int64_t up_free_ns, down_free_ns;
    uint64_t bytes_out; /* sent to other nodes, IP headers included */
} nodes[NODES_MAX + 1];
static uint32_t nodes_count; /* with node 0 */
static int64_t last_ns[NODES_MAX + 1][NODES_MAX + 1];
static struct packet *heap[PACKETS_MAX];
static size_t heap_count;
static uint64_t packets, bytes_sent, lost, full, numbers;
static struct scenario sc;
static uint64_t dice;

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* ---- chance: splitmix64 ---- */

static double mixed(uint64_t z)
{
    z += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (double)((z ^ z >> 31) >> 11) / 9007199254740992.0;
}

static double chance(void)
{
    dice += 0x9e3779b97f4a7c15u;
    return mixed(dice);
}

/* ---- when a packet arrives: the same rules as sim/wire.c and sim/run/links.c ---- */

static int64_t delay_of(uint32_t a, uint32_t b)
{
    double spread = sc.links_delay_max_ms > 0 ? sc.links_delay_max_ms - sc.links_delay_ms : 0;
    uint64_t pair = (uint64_t)(a < b ? a : b) << 32 | (a < b ? b : a);
    return (int64_t)((sc.links_delay_ms + spread * mixed((uint64_t)sc.scenario_seed ^ pair)) *
                     (double)NS_PER_MS);
}

/* False: it waits too long. */
static bool through(int64_t *at_ns, int64_t *free_at_ns, size_t bytes, double mbit)
{
    if (mbit <= 0)
        return true;
    int64_t from = *free_at_ns > *at_ns ? *free_at_ns : *at_ns;
    if (from - *at_ns > QUEUE_NS)
        return false;
    *at_ns = *free_at_ns = from + (int64_t)((double)bytes * 8000 / mbit);
    return true;
}

/* False: it never does. */
static bool arrival(uint32_t from, uint32_t to, size_t len, int64_t *at_ns)
{
    if (from == 0 || to == 0)
        return true;
    packets++;
    bytes_sent += len;
    nodes[from].bytes_out += len;
    if (chance() * 100 < sc.links_loss_percent) {
        lost++;
        return false;
    }
    if (!through(at_ns, &nodes[from].up_free_ns, len, sc.links_up_mbit)) {
        full++;
        return false;
    }
    int64_t delay = delay_of(from, to), earliest = *at_ns;
    double jitter =
        sc.links_jitter_ms * (double)NS_PER_MS + (double)delay * sc.links_jitter_percent / 100;
    *at_ns += delay + (int64_t)((2 * chance() - 1) * jitter);
    if (*at_ns < earliest)
        *at_ns = earliest;
    if (!through(at_ns, &nodes[to].down_free_ns, len, sc.links_down_mbit)) {
        full++;
        return false;
    }
    if (*at_ns <= last_ns[from][to])
        *at_ns = last_ns[from][to] + 1;
    last_ns[from][to] = *at_ns;
    return true;
}

/* ---- packets under way: a heap ---- */

static bool before(const struct packet *a, const struct packet *b)
{
    return a->at_ns < b->at_ns || (a->at_ns == b->at_ns && a->number < b->number);
}

static void push(struct packet *p)
{
    size_t i = heap_count++;
    for (; i > 0 && before(p, heap[(i - 1) / 2]); i = (i - 1) / 2)
        heap[i] = heap[(i - 1) / 2];
    heap[i] = p;
}

static struct packet *pop(void)
{
    struct packet *first = heap[0], *last = heap[--heap_count];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < heap_count; i = child) {
        child += child + 1 < heap_count && before(heap[child + 1], heap[child]);
        if (!before(heap[child], last))
            break;
        heap[i] = heap[child];
    }
    heap[i] = last;
    return first;
}

/* ---- forwarding ---- */

static void take(uint32_t from)
{
    static struct packet *p;
    for (int i = 0; i < READS_MAX; i++) {
        if (p == NULL && (p = malloc(sizeof *p)) == NULL)
            return;
        ssize_t n = read(nodes[from].tun, p->bytes, sizeof p->bytes);
        if (n < 20)
            return;
        uint32_t to = (uint32_t)p->bytes[16] << 24 | (uint32_t)p->bytes[17] << 16 |
                      (uint32_t)p->bytes[18] << 8 | p->bytes[19];
        if (p->bytes[0] >> 4 != 4 || to < address_of(0) || to >= address_of(nodes_count))
            continue; /* IPv6, groups, the world */
        p->to = to - address_of(0);
        p->len = (uint32_t)n;
        p->at_ns = now_ns();
        p->number = numbers++;
        if (heap_count == PACKETS_MAX)
            full++;
        else if (arrival(from, p->to, p->len, &p->at_ns)) {
            push(p);
            p = NULL;
        }
    }
}

static void deliver(void)
{
    for (int64_t now = now_ns(); heap_count > 0 && heap[0]->at_ns <= now;) {
        struct packet *p = pop();
        (void)!write(nodes[p->to].tun, p->bytes,
                     p->len); /* full: the kernel drops it, as it would */
        free(p);
    }
}

static void tell(void)
{
    fprintf(stderr, "netlab packets=%llu bytes=%llu lost=%llu full=%llu\n",
            (unsigned long long)packets, (unsigned long long)bytes_sent, (unsigned long long)lost,
            (unsigned long long)full);
}

static void describe(void)
{
    static char hosts[NODES_MAX * 20], pids[NODES_MAX * 12];
    size_t h = 0, p = 0;
    for (uint32_t i = 1; i < nodes_count; i++) {
        struct in_addr in = {htonl(address_of(i))};
        h += (size_t)snprintf(hosts + h, sizeof hosts - h, "%s%s", i > 1 ? " " : "", inet_ntoa(in));
        p += (size_t)snprintf(pids + p, sizeof pids - p, "%s%d", i > 1 ? " " : "", nodes[i].holder);
    }
    setenv("NETLAB_HOSTS", hosts, 1);
    setenv("NETLAB_PIDS", pids, 1);
}

static void read_scenario(const char *path)
{
    static char text[1u << 20];
    struct scenario_error e = {.line = 0};
    FILE *f = fopen(path, "r");
    if (f == NULL)
        die(2, path);
    size_t len = fread(text, 1, sizeof text, f);
    fclose(f);
    scenario_init(&sc);
    enum err err = scenario_read(&sc, span_of(text, len), &e);
    if (err == OK)
        err = scenario_check(&sc, &e);
    if (err != OK) {
        fprintf(stderr, "netlab: %s:%u: %s\n", path, e.line, e.reason);
        exit(2);
    }
    if (sc.links_model != 0) {
        fprintf(stderr, "netlab: %s: only links.model = \"uniform\"\n", path);
        exit(2);
    }
}

static int signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* The command has ended: its exit status; else -1. */
static int ended(int fd)
{
    struct signalfd_siginfo info;
    int status;
    while (read(fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGUSR1)
            tell();
        else if (info.ssi_signo != SIGCHLD)
            kill(nodes[0].holder, (int)info.ssi_signo);
    }
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
        if (pid == nodes[0].holder)
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return -1;
}

static int forward(int signal_fd)
{
    struct epoll_event ready[64], e = {.events = EPOLLIN};
    int loop = epoll_create1(EPOLL_CLOEXEC), clock = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    for (uint32_t i = 0; i < nodes_count; i++) {
        e.data.u32 = i;
        epoll_ctl(loop, EPOLL_CTL_ADD, nodes[i].tun, &e);
    }
    e.data.u32 = NODES_MAX + 1;
    epoll_ctl(loop, EPOLL_CTL_ADD, signal_fd, &e);
    e.data.u32 = NODES_MAX + 2;
    epoll_ctl(loop, EPOLL_CTL_ADD, clock, &e);
    for (int status = -1;;) {
        int64_t at = heap_count > 0 ? heap[0]->at_ns : 0;
        struct itimerspec when = {.it_value = {at / NS_PER_S, at % NS_PER_S}};
        timerfd_settime(clock, TFD_TIMER_ABSTIME, &when, NULL);
        int n = epoll_wait(loop, ready, 64, -1);
        for (int i = 0; i < n; i++)
            if (ready[i].data.u32 < nodes_count)
                take(ready[i].data.u32);
            else if (ready[i].data.u32 == NODES_MAX + 1)
                status = ended(signal_fd);
        deliver();
        if (status >= 0)
            return status;
    }
}

int main(int argc, char **argv)
{
    nodes_count = argc > 3 ? (uint32_t)strtoul(argv[2], NULL, 10) + 1 : 0;
    if (nodes_count < 2 || nodes_count > NODES_MAX + 1) {
        fprintf(stderr, "usage: netlab SCENARIO NODES COMMAND [ARG...], 1 to %u nodes\n",
                NODES_MAX);
        return 2;
    }
    read_scenario(argv[1]);
    dice = (uint64_t)sc.scenario_seed * 0x2545f4914f6cdd1du;
    become_root();
    const struct sched_param first = {.sched_priority = 1}; /* not late where the machine is busy */
    (void)!sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &first);
    int fd = signals();
    for (uint32_t i = 1; i < nodes_count; i++)
        nodes[i].holder = hold(i, NULL, &nodes[i].tun);
    describe();
    nodes[0].holder = hold(0, argv + 3, &nodes[0].tun);
    int status = forward(fd);
    tell();
    for (uint32_t i = 1; i < nodes_count; i++)
        kill(nodes[i].holder, SIGKILL);
    scenario_clear(&sc);
    return status;
}
