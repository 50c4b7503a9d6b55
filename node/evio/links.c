/* TCP links: nonblocking sockets, read into one buffer for all, written straight from the span. */
#define _GNU_SOURCE /* accept4 */
#include "node/evio/inside.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum link_state {
    LINK_CONNECTING,
    LINK_UP,
    LINK_LINGERING
};

struct link {
    struct evio *evio;
    uint64_t id;
    int fd;
    enum link_state state;
    struct event readable, writable;
    bool paused;
    struct link *next, *prev; /* while lingering */
    struct mono linger_until;
};

static const struct timeval linger_time = {EVIO_LINGER_MS / 1000, EVIO_LINGER_MS % 1000 * 1000};

/* ---- addresses ---- */

static socklen_t to_sockaddr(const struct endpoint *ep, struct sockaddr_storage *ss)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

    memset(ss, 0, sizeof *ss);
    if (memcmp(ep->ip, mapped, sizeof mapped) == 0) {
        struct sockaddr_in *v4 = (struct sockaddr_in *)ss;
        v4->sin_family = AF_INET;
        v4->sin_port = htons(ep->port);
        memcpy(&v4->sin_addr, ep->ip + 12, 4);
        return sizeof *v4;
    }
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ss;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(ep->port);
    memcpy(&v6->sin6_addr, ep->ip, 16);
    return sizeof *v6;
}

static struct endpoint from_sockaddr(const struct sockaddr_storage *ss)
{
    struct endpoint ep = {.kind = LINK_TCP};

    if (ss->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)ss;
        ep.ip[10] = ep.ip[11] = 0xff;
        memcpy(ep.ip + 12, &v4->sin_addr, 4);
        ep.port = ntohs(v4->sin_port);
    } else {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)ss;
        memcpy(ep.ip, &v6->sin6_addr, 16);
        ep.port = ntohs(v6->sin6_port);
    }
    return ep;
}

/* ---- a link's end ---- */

static void free_link(struct link *l)
{
    event_del(&l->readable);
    event_del(&l->writable);
    close(l->fd);
    free(l);
}

static void unlinger(struct link *l)
{
    if (l->prev != NULL)
        l->prev->next = l->next;
    else
        l->evio->lingering = l->next;
    if (l->next != NULL)
        l->next->prev = l->prev;
    free_link(l);
}

static void lost(struct link *l, enum err why)
{
    struct evio *e = l->evio;
    uint64_t id = l->id;

    map_take(&e->links, MAP_KEY(id));
    free_link(l);
    core_link_down(e->core, &e->env, id, why);
}

static enum err why_of(int error)
{
    switch (error) {
    case ECONNREFUSED:
        return ERR_REFUSED;
    case ETIMEDOUT:
        return ERR_TIMEOUT;
    case ENETUNREACH:
    case EHOSTUNREACH:
        return ERR_NOT_FOUND;
    default:
        return ERR_CLOSED;
    }
}

/* ---- events ---- */

/* What a peer still sends after our graceful close is read and forgotten: closing a socket with
 * unread bytes would reset it, and our last words with it. */
static void on_lingering(struct link *l, short what)
{
    if (!(what & EV_TIMEOUT) && l->evio->env.now.ns < l->linger_until.ns) {
        ssize_t n = recv(l->fd, l->evio->read_buffer, EVIO_READ_BYTES, 0);
        if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
            return;
    }
    unlinger(l);
}

static bool need_buffer(struct evio *e)
{
    if (e->read_buffer == NULL)
        e->read_buffer = malloc(EVIO_READ_BYTES);
    return e->read_buffer != NULL;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct link *l = arg;
    struct evio *e = l->evio;

    evio_wake(e);
    if (!need_buffer(e))
        return;
    if (l->state == LINK_LINGERING) {
        on_lingering(l, what);
        return;
    }
    ssize_t n = recv(fd, e->read_buffer, EVIO_READ_BYTES, 0);
    if (n > 0)
        core_bytes(e->core, &e->env, l->id, span_of(e->read_buffer, (size_t)n));
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        lost(l, n == 0 ? ERR_CLOSED : why_of(errno));
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct link *l = arg;
    struct evio *e = l->evio;
    int error = 0;
    socklen_t len = sizeof error;
    (void)what;

    evio_wake(e);
    if (l->state == LINK_UP) {
        core_writable(e->core, &e->env, l->id);
        return;
    }
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
    if (error != 0) {
        lost(l, why_of(error));
        return;
    }
    l->state = LINK_UP;
    if (!l->paused)
        event_add(&l->readable, NULL);
    core_link_up(e->core, &e->env, l->id);
}

/* ---- making links ---- */

static struct link *make(struct evio *e, uint64_t id, int fd, enum link_state state)
{
    struct link *l = calloc(1, sizeof *l);
    int one = 1;

    if (l == NULL)
        return NULL;
    *l = (struct link){.evio = e, .id = id, .fd = fd, .state = state};
    event_assign(&l->readable, e->base, fd, EV_READ | EV_PERSIST, on_readable, l);
    event_assign(&l->writable, e->base, fd, EV_WRITE, on_writable, l);
    if (map_put(&e->links, MAP_KEY(id), l) != OK) {
        free(l);
        return NULL;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
    return l;
}

void links_dial(struct evio *e, uint64_t link, const struct endpoint *to)
{
    struct sockaddr_storage ss;
    socklen_t len = to_sockaddr(to, &ss);
    int fd = -1, error = EPROTONOSUPPORT;

    if (to->kind != LINK_WSS) {
        fd = socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        error = errno;
    }
    if (fd >= 0 && connect(fd, (struct sockaddr *)&ss, len) != 0 && errno != EINPROGRESS) {
        error = errno;
        close(fd);
        fd = -1;
    }
    struct link *l = fd < 0 ? NULL : make(e, link, fd, LINK_CONNECTING);
    if (l == NULL) {
        if (fd >= 0)
            close(fd);
        core_link_down(e->core, &e->env, link, why_of(error));
        evio_touch(e);
        return;
    }
    event_add(&l->writable, NULL);
}

static void on_accept(evutil_socket_t fd, short what, void *arg)
{
    struct listener *li = arg;
    struct evio *e = li->evio;
    (void)what;

    evio_wake(e);
    for (int i = 0; i < EVIO_ACCEPTS && e->core != NULL; i++) {
        struct sockaddr_storage ss;
        socklen_t len = sizeof ss;
        int peer = accept4(fd, (struct sockaddr *)&ss, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (peer < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM)) {
            struct timeval pause = {EVIO_ACCEPT_PAUSE_MS / 1000,
                                    EVIO_ACCEPT_PAUSE_MS % 1000 * 1000};
            event_del(&li->ready); /* it would be ready again and again */
            event_add(&li->again, &pause);
            log_unusual(&e->env, "evio", "no descriptors left: not accepting for a second");
        }
        if (peer < 0)
            return;
        struct link *l = make(e, e->next_incoming, peer, LINK_UP);
        if (l == NULL) {
            close(peer);
            return;
        }
        e->next_incoming += 2;
        event_add(&l->readable, NULL);
        struct endpoint from = from_sockaddr(&ss);
        from.kind = li->kind;
        core_link_incoming(e->core, &e->env, l->id, &from);
    }
}

static void on_accept_again(evutil_socket_t fd, short what, void *arg)
{
    struct listener *li = arg;
    (void)fd, (void)what;

    event_add(&li->ready, NULL);
}

static enum err bind_error(int error)
{
    switch (error) {
    case EADDRINUSE:
        return ERR_EXISTS;
    case EACCES:
    case EPERM:
        return ERR_REFUSED;
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
        return ERR_ARGUMENT;
    default:
        return ERR_IO;
    }
}

static enum err bind_socket(const struct endpoint *at, int *out, uint16_t *bound)
{
    struct sockaddr_storage ss;
    socklen_t len = to_sockaddr(at, &ss);
    int one = 1;
    int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return bind_error(errno);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (ss.ss_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&ss, len) != 0 || listen(fd, EVIO_BACKLOG) != 0) {
        enum err err = bind_error(errno);
        close(fd);
        return err;
    }
    len = sizeof ss;
    getsockname(fd, (struct sockaddr *)&ss, &len);
    *bound = from_sockaddr(&ss).port;
    *out = fd;
    return OK;
}

enum err evio_listen(struct evio *e, const char *ip, uint16_t port, enum link_kind kind,
                     uint16_t *bound)
{
    struct endpoint at = {.port = port};
    struct listener *li = &e->listeners[e->listeners_count];

    if (e->listeners_count == EVIO_LISTENERS_MAX)
        return ERR_FULL;
    if (inet_pton(AF_INET, ip, at.ip + 12) == 1)
        at.ip[10] = at.ip[11] = 0xff;
    else if (inet_pton(AF_INET6, ip, at.ip) != 1)
        return ERR_ARGUMENT;
    TRY(bind_socket(&at, &li->fd, bound));
    li->evio = e;
    li->kind = kind;
    event_assign(&li->ready, e->base, li->fd, EV_READ | EV_PERSIST, on_accept, li);
    evtimer_assign(&li->again, e->base, on_accept_again, li);
    event_add(&li->ready, NULL);
    e->listeners_count++;
    return OK;
}

/* ---- struct port ---- */

size_t links_write(void *world, uint64_t link, struct span bytes)
{
    struct evio *e = world;
    struct link *l = map_get(&e->links, MAP_KEY(link));

    if (l == NULL || l->state != LINK_UP)
        return bytes.len; /* it is ending: nobody will read them */
    ssize_t n = send(l->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        event_add(&l->readable, NULL); /* recv tells the error, and the core, from the loop */
        return bytes.len;
    }
    size_t took = n < 0 ? 0 : (size_t)n;
    if (took < bytes.len)
        event_add(&l->writable, NULL);
    return took;
}

void links_pause(void *world, uint64_t link, bool paused)
{
    struct evio *e = world;
    struct link *l = map_get(&e->links, MAP_KEY(link));

    if (l == NULL || l->paused == paused)
        return;
    l->paused = paused;
    if (l->state != LINK_UP)
        return;
    if (paused)
        event_del(&l->readable);
    else
        event_add(&l->readable, NULL);
}

void links_close(void *world, uint64_t link, bool flush)
{
    struct evio *e = world;
    struct link *l = map_take(&e->links, MAP_KEY(link));
    struct linger reset = {1, 0};

    if (l == NULL)
        return;
    if (!flush || l->state != LINK_UP) {
        setsockopt(l->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        free_link(l);
        return;
    }
    shutdown(l->fd, SHUT_WR);
    l->state = LINK_LINGERING;
    l->linger_until = mono_add(e->env.now, EVIO_LINGER_MS * NS_PER_MS);
    event_del(&l->writable);
    event_add(&l->readable, &linger_time);
    l->next = e->lingering;
    if (l->next != NULL)
        l->next->prev = l;
    e->lingering = l;
}

void links_clear(struct evio *e)
{
    size_t cursor = 0;
    struct link *l;

    while ((l = map_next(&e->links, &cursor, NULL)) != NULL)
        free_link(l);
    map_clear(&e->links);
    while (e->lingering != NULL)
        unlinger(e->lingering);
    for (size_t i = 0; i < e->listeners_count; i++) {
        event_del(&e->listeners[i].ready);
        event_del(&e->listeners[i].again);
        close(e->listeners[i].fd);
    }
    e->listeners_count = 0;
}
