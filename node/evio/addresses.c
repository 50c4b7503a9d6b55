#define _GNU_SOURCE /* SOCK_NONBLOCK */
#include "node/evio/addresses.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

socklen_t endpoint_to(const struct endpoint *ep, struct sockaddr_storage *ss)
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

struct endpoint endpoint_from(const struct sockaddr_storage *ss)
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

enum err endpoint_parse(const char *ip, struct endpoint *out)
{
    memset(out->ip, 0, sizeof out->ip);
    if (inet_pton(AF_INET, ip, out->ip + 12) == 1)
        out->ip[10] = out->ip[11] = 0xff;
    else if (inet_pton(AF_INET6, ip, out->ip) != 1)
        return ERR_ARGUMENT;
    return OK;
}

enum err endpoint_bind_error(int error)
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

enum err endpoint_bind(const struct endpoint *at, int type, int *out)
{
    struct sockaddr_storage ss;
    socklen_t len = endpoint_to(at, &ss);
    int one = 1;
    int fd = socket(ss.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return endpoint_bind_error(errno);
    if (type == SOCK_STREAM) /* two of one UDP port would take each other's datagrams */
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (ss.ss_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&ss, len) != 0) {
        enum err err = endpoint_bind_error(errno);
        close(fd);
        return err;
    }
    *out = fd;
    return OK;
}
