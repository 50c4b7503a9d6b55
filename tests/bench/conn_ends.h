/* Two processes with net/conn over TCP on loopback, no node around them: a server that echoes and
 * counts, and a client that is the benchmark. Include it in one .c file a program. */
#pragma once

#include "crypto/keyring/keyring.h"
#include "crypto/prim/drbg.h"
#include "net/conn/conn.h"
#include "net/noise/noise.h"
#include "tests/bench/figures.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ENDS_MAX   64 /* connections of one process */
#define ECHO       "/bench/echo/1"
#define SINK       "/bench/sink/1"
#define READ_BYTES (256u << 10)

struct end {
    int fd; /* -1: free */
    struct conn *conn;
    void *ctx;
};

typedef void end_told(struct end *e, const struct conn_event *ev);

static const char *const protocols[] = {ECHO, SINK, NULL};
static struct end ends[ENDS_MAX];
static struct drbg drbg;
static struct rng rng;
static struct arena scratch;
static struct env env = {.rng = &rng, .scratch = &scratch};
static struct conn_common common;
static struct noise_self *self;

static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void tell_time(void)
{
    env.now.ns = (int64_t)(seconds_now() * 1e9);
}

static void ends_init(uint8_t seed)
{
    uint8_t bytes[DRBG_SEED_BYTES] = {seed};
    struct keyring_host *key;
    drbg_init(&drbg, bytes);
    rng = drbg_rng(&drbg);
    arena_init(&scratch, 1u << 20);
    tell_time();
    must(keyring_host_new(&key, &rng, KEYRING_HOST_ED25519) == OK, "key");
    must(noise_self_new(&self, &env, key, &aead_chacha20poly1305) == OK, "noise");
    keyring_host_free(key);
    conn_common_init(&common, self, protocols, 1u << 20, false);
    for (size_t i = 0; i < ENDS_MAX; i++)
        ends[i].fd = -1;
}

static struct end *end_new(int fd, bool dialer)
{
    int one = 1;
    for (struct end *e = ends; e < ends + ENDS_MAX; e++) {
        if (e->fd >= 0)
            continue;
        *e = (struct end){.fd = fd};
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        fcntl(fd, F_SETFL, O_NONBLOCK);
        must(conn_new(&e->conn, &common, e, &env, dialer, NULL) == OK, "conn_new");
        return e;
    }
    must(false, "too many connections");
    return NULL;
}

static void end_free(struct end *e)
{
    conn_free(e->conn);
    close(e->fd);
    e->conn = NULL;
    e->fd = -1;
}

/* Write what the socket takes; false: nothing was left, or it took nothing. */
static bool end_write(struct end *e)
{
    conn_seal(e->conn, &env);
    struct span wire = conn_wire(e->conn);
    if (wire.len == 0)
        return false;
    ssize_t n = send(e->fd, wire.ptr, wire.len, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN)
        conn_fail(e->conn, ERR_CLOSED);
    if (n > 0)
        conn_wrote(e->conn, (size_t)n);
    return n > 0;
}

/* Events out, bytes down, until nothing moves. The connection is freed after CONN_DOWN. */
static void end_pump(struct end *e, end_told *told)
{
    struct conn_event ev;
    bool moved = true, down = false;
    while (moved && !down) {
        moved = false;
        while (!down && conn_poll(e->conn, &env, &ev)) {
            moved = true;
            down = ev.kind == CONN_DOWN;
            told(e, &ev);
        }
        moved = (!down && end_write(e)) || moved;
    }
    arena_reset(&scratch);
    if (down)
        end_free(e);
}

static void end_read(struct end *e, end_told *told)
{
    static uint8_t bytes[READ_BYTES];
    ssize_t n = recv(e->fd, bytes, sizeof bytes, 0);
    if (n > 0)
        conn_feed(e->conn, &env, span_of(bytes, (size_t)n));
    else if (n == 0 || errno != EAGAIN)
        conn_fail(e->conn, ERR_CLOSED);
    end_pump(e, told);
}

/* Wait for sockets once and serve them; `listening` may be -1. */
static void ends_turn(int listening, end_told *told)
{
    struct pollfd fds[ENDS_MAX + 1];
    struct end *of[ENDS_MAX];
    nfds_t count = 0;
    for (struct end *e = ends; e < ends + ENDS_MAX; e++) {
        if (e->fd < 0)
            continue;
        short want = conn_wants_pause(e->conn) ? 0 : POLLIN;
        if (conn_wire(e->conn).len > 0)
            want |= POLLOUT;
        of[count] = e;
        fds[count++] = (struct pollfd){.fd = e->fd, .events = want};
    }
    fds[count] = (struct pollfd){.fd = listening, .events = POLLIN};
    if (poll(fds, count + 1, 1000) < 0)
        return;
    tell_time();
    for (nfds_t i = 0; i < count; i++) {
        if (fds[i].revents & (POLLIN | POLLHUP | POLLERR))
            end_read(of[i], told);
        else if (fds[i].revents & POLLOUT)
            end_pump(of[i], told);
    }
    if (fds[count].revents & POLLIN)
        end_new(accept(listening, NULL, NULL), false);
}

/* ---- the server ---- */

static void served(struct end *e, const struct conn_event *ev)
{
    static uint64_t counted; /* of the one sink */
    struct conn_stream *s = ev->stream;
    (void)e;
    if (ev->kind == CONN_INCOMING) {
        counted = 0;
    } else if (ev->kind == CONN_BYTES && strcmp(s->protocol, SINK) == 0) {
        counted += ev->bytes.len;
    } else if (ev->kind == CONN_BYTES) {
        if (conn_write(s, ev->bytes, NULL, 0) == OK)
            conn_close_write(s);
    } else if (ev->kind == CONN_END) {
        if (strcmp(s->protocol, SINK) == 0 &&
            conn_write(s, span_of((const uint8_t *)&counted, sizeof counted), NULL, 0) == OK)
            conn_close_write(s);
        if (conn_stream_done(s))
            conn_release(s);
    }
}

/* Fork it; returns its port. */
static uint16_t serve(pid_t *pid)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    must(fd >= 0 && bind(fd, (struct sockaddr *)&a, len) == 0 && listen(fd, 128) == 0, "listen");
    must(getsockname(fd, (struct sockaddr *)&a, &len) == 0, "getsockname");
    *pid = fork();
    if (*pid == 0) {
        ends_init(1);
        for (;;)
            ends_turn(fd, served);
    }
    close(fd);
    return ntohs(a.sin_port);
}

static struct end *dial(uint16_t port)
{
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    must(fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) == 0, "connect");
    return end_new(fd, true);
}

static void server_end(pid_t pid)
{
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
}
