/* Where others connect: listening sockets, and the addresses of sockets. */
#define _GNU_SOURCE /* accept4 */
#include "node/evio/inside.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

socklen_t evio_to_sockaddr(const struct endpoint *ep, struct sockaddr_storage *ss)
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
        struct endpoint from = from_sockaddr(&ss);
        from.kind = li->kind;
        if (!links_accepted(e, peer, &from))
            return;
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
    socklen_t len = evio_to_sockaddr(at, &ss);
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

void listeners_clear(struct evio *e)
{
    for (size_t i = 0; i < e->listeners_count; i++) {
        event_del(&e->listeners[i].ready);
        event_del(&e->listeners[i].again);
        close(e->listeners[i].fd);
    }
    e->listeners_count = 0;
}
