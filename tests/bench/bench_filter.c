/* A node with 1,000 filter subscribers, all of one content topic, in a process of ours that holds
 * their connections: is every push received once, how late, and up to which rate? The publisher
 * lives in the same process, so that one clock measures. JSON lines, see figures.h.
 *
 *     publisher --relay--> node under test --1,000 pushes a message, a stream each--> subscribers
 */
#include "crypto/keyring/keyring.h"
#include "crypto/prim/drbg.h"
#include "net/services/filter.h"
#include "node/core/core.h"
#include "tests/bench/figures.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SUBSCRIBERS   1000u
#define BYTES         1024u
#define RATE          10u
#define SECONDS       10u
#define DRAIN_S       1.0 /* after the last message: then what is missing is lost */
#define NUMBERS_MAX   (1u << 16)
#define DIALS_AT_ONCE 32u
#define PUBSUB        "/waku/2/rs/66/0"
#define CONTENT       "/bench/1/filter/proto"

struct member { /* subscriber, or (the last) publisher */
    struct core *core;
    struct keyring_host *key;
    uint64_t link;
    int fd;
    bool up, wants_write, paused, known, subscribed, asked;
    struct port port;
    uint8_t got[NUMBERS_MAX / 8];
};

static struct member members[SUBSCRIBERS + 1];
static int epoll_fd;
static struct drbg drbg;
static struct rng rng;
static struct arena scratch;
static struct env env;
static uint16_t node_port;
static char node_addr[160];
static pid_t node_pid;

static double *late; /* of the run, in ms */
static size_t late_count, late_cap, received, twice, subscribed, known;

/* ---- the world of a core: one TCP link ---- */

static void watch(struct member *m)
{
    struct epoll_event ev = {.data.u32 = (uint32_t)(m - members)};
    ev.events = (m->paused ? 0 : EPOLLIN) | (m->wants_write || !m->up ? EPOLLOUT : 0);
    epoll_ctl(epoll_fd, EPOLL_CTL_MOD, m->fd, &ev);
}

static void port_dial(void *world, uint64_t link, const struct endpoint *to)
{
    struct member *m = world;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(node_port)};
    struct epoll_event ev = {.events = EPOLLOUT, .data.u32 = (uint32_t)(m - members)};
    int one = 1;
    (void)to;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    m->link = link;
    m->fd = socket(AF_INET, SOCK_STREAM, 0);
    fcntl(m->fd, F_SETFL, O_NONBLOCK);
    setsockopt(m->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    (void)!connect(m->fd, (struct sockaddr *)&at, sizeof at);
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, m->fd, &ev);
}

static size_t port_write(void *world, uint64_t link, struct span bytes)
{
    struct member *m = world;
    (void)link;
    ssize_t n = send(m->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
    size_t sent = n < 0 ? 0 : (size_t)n;
    if (sent < bytes.len && !m->wants_write) {
        m->wants_write = true;
        watch(m);
    }
    return sent;
}

static void port_pause(void *world, uint64_t link, bool paused)
{
    struct member *m = world;
    (void)link;
    m->paused = paused;
    watch(m);
}

static void port_close(void *world, uint64_t link, bool flush)
{
    struct member *m = world;
    (void)link, (void)flush;
    close(m->fd);
    m->fd = -1;
}

static void port_resolve(void *world, uint64_t query, const char *name, int type)
{
    (void)world, (void)query, (void)name, (void)type;
}

static void port_datagram(void *world, const struct endpoint *to, struct span bytes)
{
    (void)world, (void)to, (void)bytes;
}

static void port_job(void *world, struct job *job)
{
    struct member *m = world;
    job->run(job);
    core_job_done(m->core, &env, job);
}

static void look_at_clocks(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    env.now.ns = (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
    clock_gettime(CLOCK_REALTIME, &t);
    env.wall.ns = (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* ---- what the cores tell ---- */

static void pushed(struct member *m, const struct core_event *ev)
{
    struct core_message said;
    uint32_t number;
    int64_t sent_ns;
    if (core_message_read(ev->message, &said) != OK || said.payload.len != BYTES)
        return;
    memcpy(&number, said.payload.ptr, sizeof number);
    memcpy(&sent_ns, said.payload.ptr + 8, sizeof sent_ns);
    if (number >= NUMBERS_MAX)
        return;
    twice += (m->got[number / 8] >> number % 8) & 1u;
    m->got[number / 8] |= (uint8_t)(1u << number % 8);
    received++;
    if (late_count < late_cap)
        late[late_count++] = (double)(env.now.ns - sent_ns) / 1e6;
}

static void subscribe(struct member *m)
{
    struct filter_request r = {.kind = FILTER_SUBSCRIBE, .pubsub_topic = SPAN_LIT(PUBSUB)};
    r.content_topics[r.count++] = SPAN_LIT(CONTENT);
    m->asked = core_filter(m->core, &env, &r, 1) == OK;
}

static void told(struct member *m, const struct core_event *ev)
{
    if (ev->kind == CORE_EVENT_PEER_KNOWN && !m->known) {
        m->known = true;
        known++;
    }
    if (ev->kind == CORE_EVENT_PEER_KNOWN && m < members + SUBSCRIBERS && !m->asked)
        subscribe(m);
    if (ev->kind == CORE_EVENT_FILTER_ANSWER && ev->err == OK && ev->status == 200) {
        m->subscribed = true;
        subscribed++;
    }
    if (ev->kind == CORE_EVENT_FILTERED)
        pushed(m, ev);
}

static void pump(struct member *m)
{
    struct core_event ev;
    bool more;
    do {
        more = core_pump(m->core, &env, &m->port);
        while (core_poll(m->core, &ev))
            told(m, &ev);
    } while (more);
    arena_reset(&scratch);
}

/* ---- turning ---- */

static void ready(struct member *m, uint32_t events)
{
    static uint8_t bytes[1 << 18];
    if (!m->up && (events & (EPOLLOUT | EPOLLERR)) != 0) {
        m->up = true;
        watch(m);
        core_link_up(m->core, &env, m->link);
    } else if ((events & EPOLLOUT) != 0 && m->wants_write) {
        m->wants_write = false;
        watch(m);
        core_writable(m->core, &env, m->link);
    }
    if ((events & (EPOLLIN | EPOLLHUP)) != 0 && m->fd >= 0) {
        ssize_t n = recv(m->fd, bytes, sizeof bytes, 0);
        if (n > 0) {
            core_bytes(m->core, &env, m->link, span_of(bytes, (size_t)n));
        } else if (n == 0 || errno != EAGAIN) {
            close(m->fd);
            m->fd = -1;
            core_link_down(m->core, &env, m->link, ERR_CLOSED);
        }
    }
    pump(m);
}

static void tick_all(void)
{
    static int64_t next_ns;
    if (env.now.ns < next_ns)
        return;
    next_ns = env.now.ns + 50 * NS_PER_MS;
    for (size_t i = 0; i <= SUBSCRIBERS; i++)
        if (members[i].core != NULL && core_deadline(members[i].core).ns <= env.now.ns) {
            core_tick(members[i].core, &env);
            pump(&members[i]);
        }
}

static void turn(int wait_ms)
{
    struct epoll_event events[256];
    int n = epoll_wait(epoll_fd, events, 256, wait_ms);
    look_at_clocks();
    for (int i = 0; i < n; i++) {
        look_at_clocks();
        ready(&members[events[i].data.u32], events[i].events);
    }
    tick_all();
}

/* ---- the node under test ---- */

static uint16_t free_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) != 0)
        exit(1);
    close(fd);
    return ntohs(at.sin_port);
}

static void start_node(const char *folder)
{
    char tcp[32], data[96], line[256], id[80] = "";
    int pipes[2];
    node_port = free_port();
    snprintf(tcp, sizeof tcp, "--tcp-port=%u", node_port);
    snprintf(data, sizeof data, "--data-dir=%s", folder);
    if (pipe(pipes) != 0 || (node_pid = fork()) < 0)
        exit(1);
    if (node_pid == 0) {
        dup2(pipes[1], 1);
        execl("build/release/sotto", "sotto", "node", tcp, data, "--listen-address=127.0.0.1",
              "--rest=false", "--store=false", "--ip-colocation-limit=0", "--max-connections=2000",
              "--log-level=ERROR", "--filter-max-peers-to-serve=2000", (char *)NULL);
        _exit(1);
    }
    close(pipes[1]);
    FILE *f = fdopen(pipes[0], "r");
    while (id[0] == '\0' && fgets(line, sizeof line, f) != NULL)
        (void)!sscanf(line, "peer id %79s", id);
    if (id[0] == '\0')
        exit(1);
    snprintf(node_addr, sizeof node_addr, "/ip4/127.0.0.1/tcp/%u/p2p/%s", node_port, id);
}

static void make_member(struct member *m, bool relay)
{
    static const uint16_t shard;
    struct core_config config = {.agent_version = "bench",
                                 .cluster = 66,
                                 .shards = &shard,
                                 .shards_count = relay,
                                 .relay = relay,
                                 .message_bytes_max = 153600,
                                 .connections_max = 10,
                                 .connections_per_ip = 10};
    m->fd = -1;
    m->port = (struct port){m,          port_dial,    port_write,    port_pause,
                            port_close, port_resolve, port_datagram, port_job};
    if (keyring_host_new(&m->key, &rng, KEYRING_HOST_SECP256K1) != OK)
        exit(1);
    config.key = m->key;
    if (core_new(&m->core, &config, &env) != OK ||
        core_connect(m->core, &env, span_str(node_addr), 0) != OK)
        exit(1);
    pump(m);
}

static void connect_all(void)
{
    double until = seconds_now() + 120;
    size_t made = 0;
    while ((subscribed < SUBSCRIBERS || known <= SUBSCRIBERS ||
            core_mesh_size(members[SUBSCRIBERS].core, SPAN_LIT(PUBSUB)) == 0) &&
           seconds_now() < until) {
        for (; made <= SUBSCRIBERS && made < known + DIALS_AT_ONCE; made++)
            make_member(&members[made], made == SUBSCRIBERS);
        turn(10);
    }
    if (subscribed < SUBSCRIBERS) {
        fprintf(stderr, "only %zu of %u subscribed\n", subscribed, SUBSCRIBERS);
        exit(1);
    }
}

/* Processor time of the node so far, in seconds: also on a busy machine it says what a push costs.
 */
static double node_cpu(void)
{
    char path[40];
    unsigned long user = 0, kernel = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)node_pid);
    FILE *f = fopen(path, "r");
    if (f == NULL || fscanf(f, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
                            &kernel) != 2)
        exit(1);
    fclose(f);
    return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

/* ---- runs ---- */

static uint32_t number;

static bool publish(void)
{
    uint8_t payload[BYTES] = {0};
    struct core_message m = {.payload = SPAN_ARRAY(payload), .content_topic = SPAN_LIT(CONTENT)};
    look_at_clocks();
    memcpy(payload, &number, sizeof number);
    memcpy(payload + 8, &env.now.ns, sizeof env.now.ns);
    if (core_publish(members[SUBSCRIBERS].core, &env, SPAN_LIT(PUBSUB), &m, NULL) != OK)
        return false;
    number++;
    pump(&members[SUBSCRIBERS]);
    return true;
}

/* Pushes that did not come. */
static size_t run(unsigned rate, unsigned seconds)
{
    size_t count = (size_t)rate * seconds, sent = 0;
    double from = seconds_now(), drained;
    late_count = received = twice = 0;
    while (sent < count) {
        if (seconds_now() >= from + (double)sent / rate && publish())
            sent++;
        turn(1);
    }
    drained = seconds_now() + DRAIN_S;
    while (received < count * SUBSCRIBERS && seconds_now() < drained)
        turn(5);
    size_t missing = count * SUBSCRIBERS - (received - twice);
    for (drained = seconds_now() + 3; missing > 0 && seconds_now() < drained;)
        turn(5); /* the next run begins with empty queues */
    return missing;
}

int main(void)
{
    char folder[] = "/tmp/sotto-bench-XXXXXX";
    struct rlimit files = {4096, 4096};
    uint8_t seed[DRBG_SEED_BYTES] = {9};
    setrlimit(RLIMIT_NOFILE, &files);
    if (mkdtemp(folder) == NULL)
        return 1;
    drbg_init(&drbg, seed);
    rng = drbg_rng(&drbg);
    arena_init(&scratch, 1 << 20);
    env = (struct env){.rng = &rng, .scratch = &scratch};
    look_at_clocks();
    epoll_fd = epoll_create1(0);
    start_node(folder);
    connect_all();

    late_cap = (size_t)RATE * SECONDS * SUBSCRIBERS;
    late = calloc(late_cap, sizeof *late);
    double cpu = node_cpu();
    size_t missing = run(RATE, SECONDS);
    cpu = (node_cpu() - cpu) / (RATE * SECONDS) * 1e3; /* a message goes to 1000 */
    double lost = (double)missing, again = (double)twice;
    double p50 = figure_quantile(late, late_count, 0.5),
           p99 = figure_quantile(late, late_count, 0.99);
    figure("filter", "lost_of_10_a_second_to_1000", "pushes", "sotto", &lost, 1);
    figure("filter", "twice_of_10_a_second_to_1000", "pushes", "sotto", &again, 1);
    figure("filter", "push_latency_p50", "ms", "sotto", &p50, 1);
    figure("filter", "push_latency_p99", "ms", "sotto", &p99, 1);
    figure("filter", "node_cpu_per_1000_pushes", "cpu-ms", "sotto", &cpu, 1);

    double best = missing == 0 ? RATE : 0;
    for (unsigned rate = RATE + 5; rate <= 200 && best > 0; rate += rate < 50 ? 5 : 10) {
        if (run(rate, 5) > 0 || twice > 0)
            break;
        best = rate;
    }
    figure("filter", "lossless_to_1000", "msg/s", "sotto", &best, 1);
    kill(node_pid, SIGTERM);
    waitpid(node_pid, NULL, 0);
    execlp("rm", "rm", "-rf", folder, (char *)NULL);
    return 0;
}
