/* Is the link what was asked for? Run by netlab: sockets in all its namespaces, echoes between all
 * pairs, and the times against the distributions that the scenario means: one way uniform, there
 * and back triangular (Kolmogorov and Smirnov's test), losses binomial.
 *
 *     netlab SCENARIO NODES netlab_echo DELAY_MS JITTER_MS LOSS_PERCENT ECHOES
 *
 * An echo follows another of its pair after more than twice the jitter: order within a pair, which
 * the link keeps as TCP's path does, then changes nothing.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define NODES_MAX  250
#define ECHOES_MAX 100000
#define PORT       7007
#define KS_99      1.628 /* sqrt(n) D stays below at 99 % */

struct echo {
    uint32_t from, to;
    int64_t sent_ns, there_ns;
};

static struct pollfd sockets[NODES_MAX];
static uint32_t hosts[NODES_MAX], count;
static double one_way[ECHOES_MAX], round_trip[ECHOES_MAX];
static int back, there;

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000 + t.tv_nsec;
}

static void fail(const char *what)
{
    fprintf(stderr, "echo: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void open_sockets(void)
{
    char *list = strdup(getenv("NETLAB_PIDS")), *rest = NULL, path[64];
    for (char *pid = strtok_r(list, " ", &rest); pid != NULL; pid = strtok_r(NULL, " ", &rest)) {
        snprintf(path, sizeof path, "/proc/%s/ns/net", pid);
        int ns = open(path, O_RDONLY | O_CLOEXEC), buffer = 8 << 20;
        if (ns < 0 || setns(ns, CLONE_NEWNET) != 0)
            fail(path);
        close(ns);
        int s = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(PORT)};
        (void)setsockopt(s, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer);
        if (s < 0 || bind(s, (struct sockaddr *)&in, sizeof in) != 0)
            fail("socket");
        hosts[count] = 10u << 24 | 66u << 16 | (count + 2);
        sockets[count++] = (struct pollfd){.fd = s, .events = POLLIN};
    }
    free(list);
}

static void send_to(uint32_t from, uint32_t to, const struct echo *e)
{
    struct sockaddr_in in = {
        .sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = htonl(hosts[to])};
    (void)!sendto(sockets[from].fd, e, sizeof *e, 0, (struct sockaddr *)&in, sizeof in);
}

static void receive(uint32_t at)
{
    struct echo e;
    while (recv(sockets[at].fd, &e, sizeof e, 0) == (ssize_t)sizeof e) {
        if (e.to == at) {
            e.there_ns = now_ns();
            one_way[there++] = (double)(e.there_ns - e.sent_ns) / 1e6;
            send_to(at, e.from, &e);
        } else {
            round_trip[back++] = (double)(now_ns() - e.sent_ns) / 1e6;
        }
    }
}

static void wait_until(int64_t until_ns)
{
    for (int64_t left; (left = until_ns - now_ns()) > 0;) {
        struct timespec t = {left / 1000000000, left % 1000000000};
        if (ppoll(sockets, count, &t, NULL) > 0)
            for (uint32_t i = 0; i < count; i++)
                if (sockets[i].revents != 0)
                    receive(i);
    }
}

/* ---- what they should be ---- */

static double uniform(double x, double mean, double jitter)
{
    return jitter == 0 ? x >= mean : fmin(1, fmax(0, (x - mean + jitter) / (2 * jitter)));
}

/* the sum of two such: a triangle */
static double triangle(double x, double mean, double jitter)
{
    double at = (x - 2 * mean) / (2 * jitter);
    if (at <= -1 || at >= 1)
        return at > 0;
    return at < 0 ? (1 + at) * (1 + at) / 2 : 1 - (1 - at) * (1 - at) / 2;
}

static int by_size(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static bool fits(const char *what, double *list, int n, double mean, double jitter,
                 double (*cdf)(double, double, double))
{
    double worst = 0, sum = 0;
    qsort(list, (size_t)n, sizeof *list, by_size);
    for (int i = 0; i < n; i++) {
        double at = cdf(list[i], mean, jitter);
        worst = fmax(worst, fmax(at - (double)i / n, (double)(i + 1) / n - at));
        sum += list[i];
    }
    double limit = KS_99 / sqrt(n);
    printf("%s: n %d, mean %.2f ms, %.1f to %.1f ms, D %.4f (below %.4f)\n", what, n, sum / n,
           n > 0 ? list[0] : 0, n > 0 ? list[n - 1] : 0, worst, limit);
    return n > 0 && worst < limit;
}

static bool share(const char *what, int n, int of, double p)
{
    double off = fabs(n - of * p), limit = 4 * sqrt(of * p * (1 - p)) + 0.5;
    printf("%s: %d of %d, %.0f expected (within %.0f)\n", what, n, of, of * p, limit);
    return off <= limit;
}

int main(int argc, char **argv)
{
    if (argc != 5 || getenv("NETLAB_PIDS") == NULL)
        return 2;
    double delay = atof(argv[1]), jitter = atof(argv[2]), loss = atof(argv[3]) / 100;
    int echoes = atoi(argv[4]), sent = 0;
    const struct sched_param first = {.sched_priority = 1};
    (void)!sched_setscheduler(0, SCHED_RR, &first);
    open_sockets();
    int pairs = (int)(count * (count - 1) / 2), rounds = echoes / pairs + 1;
    int64_t step = (int64_t)((2 * jitter + 5) * 1e6) / pairs, next = now_ns() + step;
    for (int r = 0; r < rounds; r++)
        for (uint32_t a = 0; a < count; a++)
            for (uint32_t b = a + 1; b < count && sent < echoes; b++, sent++, next += step) {
                wait_until(next);
                send_to(a, b, &(struct echo){a, b, now_ns(), 0});
            }
    wait_until(now_ns() + (int64_t)((2 * delay + 2 * jitter + 500) * 1e6));
    bool ok = share("arrived", there, sent, 1 - loss) && share("came back", back, there, 1 - loss);
    ok = fits("one way", one_way, there, delay, jitter, uniform) && ok;
    ok = fits("there and back", round_trip, back, delay, jitter, triangle) && ok;
    return ok ? 0 : 1;
}
