/* Many connections of one machine to a node, each of a peer of its own: upgraded, identified in
 * both directions, then at rest. bench_idle_client tcp|ws|wss PORT COUNT Prints "up SECONDS" when
 * all are, holds them until its input ends, prints "held N" and ends with 0 when none was lost. Run
 * by idle.mjs. */
#include "crypto/keyring/keyring.h"
#include "crypto/prim/drbg.h"
#include "net/conn/conn.h"
#include "net/identify/identify.h"
#include "net/noise/noise.h"
#include "tests/bench/figures.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define UNDER_WAY  64u   /* upgrades at once: under the node's bound of half-open links */
#define PER_SOURCE 5000u /* connections of one loopback address: under the range of its ports */
#define READ_BYTES 65536u

static const char *const protocols[] = {IDENTIFY_PROTOCOL, NULL};

struct end {
    int fd;
    SSL *tls;
    bool shaken, asked, answered; /* identify: we were told, we told */
    struct keyring_host *key;
    struct noise_self *self;
    struct conn_common common;
    struct conn *conn; /* NULL: lost */
};

static struct drbg drbg;
static struct rng rng;
static struct arena scratch;
static struct env env = {.rng = &rng, .scratch = &scratch};
static SSL_CTX *tls_context;
static struct end *ends;
static size_t count, begun, ready, lost;
static int poller;
static uint16_t port;
static const char *kind;

static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "bench_idle_client: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int dial(size_t number)
{
    struct sockaddr_in from = {.sin_family = AF_INET,
                               .sin_addr.s_addr =
                                   htonl(0x7f000002u + (uint32_t)(number / PER_SOURCE))};
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    must(fd >= 0, "socket");
    setsockopt(fd, IPPROTO_IP, 24 /* IP_BIND_ADDRESS_NO_PORT */, &one, sizeof one);
    must(bind(fd, (struct sockaddr *)&from, sizeof from) == 0, "bind");
    must(connect(fd, (struct sockaddr *)&to, sizeof to) == 0, "connect");
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

static void begin(struct end *e)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = e};

    e->fd = dial((size_t)(e - ends));
    must(keyring_host_new(&e->key, &rng, KEYRING_HOST_ED25519) == OK, "key");
    must(noise_self_new(&e->self, &env, e->key, &aead_chacha20poly1305) == OK, "noise");
    conn_common_init(&e->common, e->self, protocols, 65536, NULL);
    enum err err = strcmp(kind, "tcp") == 0
                       ? conn_new(&e->conn, &e->common, e, &env, true, NULL)
                       : conn_new_ws(&e->conn, &e->common, e, &env, true, NULL, "localhost");
    must(err == OK, "conn");
    if (tls_context != NULL) {
        e->tls = SSL_new(tls_context);
        must(e->tls != NULL && SSL_set_fd(e->tls, e->fd) == 1, "tls");
        SSL_set_connect_state(e->tls);
    }
    e->shaken = e->tls == NULL;
    must(epoll_ctl(poller, EPOLL_CTL_ADD, e->fd, &ev) == 0, "epoll");
}

static void lose(struct end *e)
{
    conn_free(e->conn);
    e->conn = NULL;
    close(e->fd);
    lost++;
}

/* What identify says of this peer. */
static void tell(struct end *e, struct conn_stream *s)
{
    struct identify *g = identify_new(&env);
    struct identify_self self = {.protocol_version = SPAN_LIT("bench"),
                                 .agent_version = SPAN_LIT("bench"),
                                 .public_key = keyring_host_public(e->key),
                                 .protocols = protocols};
    struct buf message = BUF_INIT(4096);
    struct blob *b = NULL;

    must(g != NULL && identify_describe(g, &self) == OK &&
             identify_peer_up(g, 1, conn_remote(e->conn), NULL) == OK &&
             identify_message(g, 1, &message) == OK && (b = blob_new(buf_span(&message))) != NULL &&
             conn_write(s, SPAN_EMPTY, &b, 1) == OK,
         "identify");
    conn_close_write(s);
    blob_unref(b);
    buf_clear(&message);
    identify_free(g);
}

static void release_when_done(struct conn_stream *s)
{
    if (conn_stream_done(s))
        conn_release(s);
}

static void told(struct end *e, const struct conn_event *ev)
{
    struct conn_stream *s;
    bool was = e->asked && e->answered;

    switch (ev->kind) {
    case CONN_UP:
        must(conn_open(e->conn, &env, protocols, &s) == OK, "open");
        break;
    case CONN_INCOMING:
        ev->stream->number = 1;
        tell(e, ev->stream);
        break;
    case CONN_END:
        if (ev->stream->number == 1) {
            e->answered = true;
        } else {
            e->asked = true;
            conn_close_write(ev->stream);
        }
        release_when_done(ev->stream);
        break;
    case CONN_OPENED:
    case CONN_REFUSED:
    case CONN_BYTES:
    case CONN_RESET:
    case CONN_WRITABLE:
    case CONN_DOWN:
        break;
    }
    ready += !was && e->asked && e->answered;
}

static void write_end(struct end *e)
{
    struct span wire;

    conn_seal(e->conn, &env);
    while ((wire = conn_wire(e->conn)).len > 0) { /* little is written, sockets have room */
        ssize_t n = e->tls != NULL ? SSL_write(e->tls, wire.ptr, (int)wire.len)
                                   : send(e->fd, wire.ptr, wire.len, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        conn_wrote(e->conn, (size_t)n);
    }
}

static void pump(struct end *e)
{
    struct conn_event ev;
    bool down = false;

    while (!down && conn_poll(e->conn, &env, &ev)) {
        down = ev.kind == CONN_DOWN;
        told(e, &ev);
    }
    if (!down)
        write_end(e);
    arena_reset(&scratch);
    if (down)
        lose(e);
}

static void serve(struct end *e)
{
    static uint8_t bytes[READ_BYTES];
    ssize_t n = -1;

    if (!e->shaken) {
        e->shaken = SSL_do_handshake(e->tls) == 1;
        if (!e->shaken)
            return;
        write_end(e);
    }
    while ((n = e->tls != NULL ? SSL_read(e->tls, bytes, sizeof bytes)
                               : recv(e->fd, bytes, sizeof bytes, 0)) > 0)
        conn_feed(e->conn, &env, span_of(bytes, (size_t)n));
    if (e->tls != NULL ? SSL_get_error(e->tls, (int)n) != SSL_ERROR_WANT_READ
                       : n == 0 || errno != EAGAIN) {
        lose(e);
        return;
    }
    pump(e);
}

static void turn(int wait_ms)
{
    struct epoll_event events[256];
    static int64_t ticked_ns;
    int n = epoll_wait(poller, events, 256, wait_ms);

    env.now.ns = (int64_t)(seconds_now() * 1e9);
    for (int i = 0; i < n; i++)
        if (((struct end *)events[i].data.ptr)->conn != NULL)
            serve(events[i].data.ptr);
    if (env.now.ns - ticked_ns < NS_PER_S)
        return;
    ticked_ns = env.now.ns;
    for (size_t i = 0; i < begun; i++)
        if (ends[i].conn != NULL && ends[i].shaken) {
            conn_tick(ends[i].conn, &env);
            pump(&ends[i]);
        }
}

static void connect_all(void)
{
    while (ready + lost < count) {
        while (begun < count && begun - ready - lost < UNDER_WAY) {
            struct end *e = &ends[begun++];
            begin(e);
            if (e->tls != NULL)
                e->shaken = SSL_do_handshake(e->tls) == 1;
            if (e->shaken)
                write_end(e);
        }
        turn(100);
    }
}

int main(int argc, char **argv)
{
    struct rlimit files = {0};
    const uint8_t seed[DRBG_SEED_BYTES] = {(uint8_t)getpid(), (uint8_t)(getpid() >> 8)};

    must(argc == 4, "tcp|ws|wss PORT COUNT");
    kind = argv[1];
    port = (uint16_t)atoi(argv[2]);
    count = (size_t)atol(argv[3]);
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    must(files.rlim_cur > count + 16, "too few files are allowed");
    signal(SIGPIPE, SIG_IGN);
    drbg_init(&drbg, seed);
    rng = drbg_rng(&drbg);
    arena_init(&scratch, 1u << 20);
    ends = calloc(count, sizeof *ends);
    poller = epoll_create1(0);
    must(ends != NULL && poller >= 0, "memory");
    if (strcmp(kind, "wss") == 0)
        tls_context = SSL_CTX_new(TLS_client_method());
    double from = seconds_now();
    env.now.ns = (int64_t)(from * 1e9);
    connect_all();
    printf("up %.3f\n", seconds_now() - from);
    fflush(stdout);
    struct pollfd in = {.fd = 0, .events = POLLIN};
    while (poll(&in, 1, 0) == 0)
        turn(100);
    printf("held %zu\n", count - lost);
    return lost == 0 ? 0 : 1;
}
