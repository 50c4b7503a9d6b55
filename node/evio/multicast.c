/* One socket that belongs to a multicast group: mDNS. It shares its port with other programs of
 * this machine, as every mDNS responder does. */
#define _GNU_SOURCE /* SOCK_NONBLOCK, SO_REUSEPORT, struct ip_mreq, IP_MULTICAST_ALL */
#include "node/evio/addresses.h"
#include "node/evio/inside.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct multicast *m = arg;
    struct evio *e = m->evio;
    uint8_t bytes[EVIO_MULTICAST_BYTES];
    (void)what;

    evio_wake(e);
    for (int i = 0; i < EVIO_UDP_READS && e->core != NULL; i++) {
        ssize_t n = recv(fd, bytes, sizeof bytes, 0);
        if (n < 0)
            return;
        core_multicast(e->core, &e->env, span_of(bytes, (size_t)n));
    }
}

static bool set(int fd, int level, int option, const void *value, size_t len)
{
    return setsockopt(fd, level, option, value, (socklen_t)len) == 0;
}

/* Our own datagrams come back too: other nodes may run on this machine. */
static bool join(int fd, const struct sockaddr_in *group, struct in_addr via)
{
    const int on = 1, off = 0;
    const unsigned char ttl = 255, loop = 1; /* RFC 6762 11 */
    const struct ip_mreq membership = {.imr_multiaddr = group->sin_addr, .imr_interface = via};
    struct sockaddr_in at = *group;

    at.sin_addr.s_addr = htonl(INADDR_ANY);
    return set(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) &&
           set(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) &&
           set(fd, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof off) &&
           set(fd, IPPROTO_IP, IP_MULTICAST_TTL, &ttl, sizeof ttl) &&
           set(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &loop, sizeof loop) &&
           set(fd, IPPROTO_IP, IP_MULTICAST_IF, &via, sizeof via) &&
           bind(fd, (const struct sockaddr *)&at, sizeof at) == 0 &&
           set(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &membership, sizeof membership);
}

enum err evio_join(struct evio *e, const char *group, uint16_t port, const char *via)
{
    struct endpoint to = {.port = port}, from = {.port = 0};
    struct sockaddr_storage group_ss, via_ss;
    struct multicast *m = &e->multicast;

    TRY(endpoint_parse(group, &to));
    TRY(endpoint_parse(via, &from));
    endpoint_to(&to, &group_ss);
    endpoint_to(&from, &via_ss);
    if (group_ss.ss_family != AF_INET || via_ss.ss_family != AF_INET || m->joined)
        return ERR_ARGUMENT;
    m->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (m->fd < 0)
        return ERR_IO;
    if (!join(m->fd, (const struct sockaddr_in *)&group_ss,
              ((const struct sockaddr_in *)&via_ss)->sin_addr)) {
        enum err err = endpoint_bind_error(errno);
        close(m->fd);
        return err;
    }
    m->evio = e;
    m->joined = true;
    event_assign(&m->ready, e->base, m->fd, EV_READ | EV_PERSIST, on_readable, m);
    event_add(&m->ready, NULL);
    return OK;
}

bool multicast_send(struct evio *e, const struct endpoint *to, struct span bytes)
{
    struct sockaddr_storage ss;
    socklen_t len = endpoint_to(to, &ss);

    if (ss.ss_family != AF_INET ||
        !IN_MULTICAST(ntohl(((const struct sockaddr_in *)&ss)->sin_addr.s_addr)))
        return false;
    if (e->multicast.joined) {
        ssize_t sent = sendto(e->multicast.fd, bytes.ptr, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT,
                              (struct sockaddr *)&ss, len);
        (void)sent; /* the network may lose it as well */
    }
    return true;
}

void multicast_clear(struct evio *e)
{
    if (!e->multicast.joined)
        return;
    event_del(&e->multicast.ready);
    close(e->multicast.fd);
    e->multicast.joined = false;
}
