/* Where others connect: listening sockets. */
#define _GNU_SOURCE /* accept4 */
#include "node/evio/addresses.h"
#include "node/evio/inside.h"

#include <errno.h>
#include <unistd.h>

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
        struct endpoint from = endpoint_from(&ss);
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

static enum err listen_at(const struct endpoint *at, int *out, uint16_t *bound)
{
    struct sockaddr_storage ss;
    socklen_t len = sizeof ss;
    int one = 1;

    TRY(endpoint_bind(at, SOCK_STREAM, out));
    if (listen(*out, EVIO_BACKLOG) != 0) {
        enum err err = endpoint_bind_error(errno);
        close(*out);
        return err;
    }
    /* after the bind, so that a second node still finds the port taken; for listeners_bind */
    setsockopt(*out, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
    getsockname(*out, (struct sockaddr *)&ss, &len);
    *bound = endpoint_from(&ss).port;
    return OK;
}

void listeners_bind(struct evio *e, int fd, int family)
{
    struct sockaddr_storage ss;
    socklen_t len;
    int one = 1;

    for (size_t i = 0; i < e->listeners_count; i++) {
        len = sizeof ss;
        if (e->listeners[i].kind != LINK_TCP ||
            getsockname(e->listeners[i].fd, (struct sockaddr *)&ss, &len) != 0 ||
            ss.ss_family != family)
            continue;
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
        if (bind(fd, (struct sockaddr *)&ss, len) != 0)
            log_debug(&e->env, "evio", "listen port not taken errno=%d", errno);
        return;
    }
}

enum err evio_listen(struct evio *e, const char *ip, uint16_t port, enum link_kind kind,
                     uint16_t *bound)
{
    struct endpoint at = {.port = port};
    struct listener *li = &e->listeners[e->listeners_count];

    if (e->listeners_count == EVIO_LISTENERS_MAX)
        return ERR_FULL;
    TRY(endpoint_parse(ip, &at));
    TRY(listen_at(&at, &li->fd, bound));
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
