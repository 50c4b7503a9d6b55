/* UDP: one socket an address we listen at; a datagram leaves through one of its own family. */
#define _GNU_SOURCE /* SOCK_NONBLOCK */
#include "node/evio/addresses.h"
#include "node/evio/inside.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct datagrams *u = arg;
    struct evio *e = u->evio;
    uint8_t bytes[EVIO_UDP_BYTES];
    (void)what;

    evio_wake(e);
    for (int i = 0; i < EVIO_UDP_READS && e->core != NULL; i++) {
        struct sockaddr_storage ss;
        socklen_t len = sizeof ss;
        ssize_t n = recvfrom(fd, bytes, sizeof bytes, 0, (struct sockaddr *)&ss, &len);
        if (n < 0 && errno == ECONNREFUSED)
            continue; /* of a datagram sent before: nobody listens there */
        if (n < 0)
            return;
        struct endpoint from = endpoint_from(&ss);
        core_datagram(e->core, &e->env, &from, span_of(bytes, (size_t)n));
    }
}

enum err evio_listen_udp(struct evio *e, const char *ip, uint16_t port, uint16_t *bound)
{
    struct endpoint at = {.port = port};
    struct datagrams *u = &e->datagrams[e->datagrams_count];
    struct sockaddr_storage ss;

    if (e->datagrams_count == EVIO_UDP_MAX)
        return ERR_FULL;
    TRY(endpoint_parse(ip, &at));
    TRY(endpoint_bind(&at, SOCK_DGRAM, &u->fd));
    socklen_t len = sizeof ss;
    getsockname(u->fd, (struct sockaddr *)&ss, &len);
    *bound = endpoint_from(&ss).port;
    u->evio = e;
    u->family = ss.ss_family;
    event_assign(&u->ready, e->base, u->fd, EV_READ | EV_PERSIST, on_readable, u);
    event_add(&u->ready, NULL);
    e->datagrams_count++;
    return OK;
}

void datagrams_send(void *world, const struct endpoint *to, struct span bytes)
{
    struct evio *e = world;
    struct sockaddr_storage ss;
    socklen_t len = endpoint_to(to, &ss);

    if (multicast_send(e, to, bytes))
        return;
    for (size_t i = 0; i < e->datagrams_count; i++) {
        const struct datagrams *u = &e->datagrams[i];
        if (u->family != ss.ss_family)
            continue;
        /* a full socket or a missing route loses it, as the network may */
        ssize_t sent = sendto(u->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT,
                              (struct sockaddr *)&ss, len);
        (void)sent;
        return;
    }
}

void datagrams_clear(struct evio *e)
{
    multicast_clear(e);
    for (size_t i = 0; i < e->datagrams_count; i++) {
        event_del(&e->datagrams[i].ready);
        close(e->datagrams[i].fd);
    }
    e->datagrams_count = 0;
}
