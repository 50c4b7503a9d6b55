/* NAT-PMP (RFC 6886): one UDP question and answer at a time with the default gateway. */
#include "net/wire/ip.h"
#include "node/nat/inside.h"

#include <arpa/inet.h>
#include <natpmp.h>
#include <sys/select.h>
#include <time.h>

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static enum err error_of(int result)
{
    if (result == NATPMP_ERR_NOGATEWAYSUPPORT || result == NATPMP_ERR_CANNOTGETGATEWAY)
        return ERR_NOT_FOUND;
    return result == NATPMP_TRYAGAIN ? ERR_TIMEOUT : ERR_REFUSED;
}

/* The answer to what was sent, repeated as libnatpmp does, but not for its 64 seconds. */
static enum err wait_for(natpmp_t *n, natpmpresp_t *answer)
{
    int64_t end = now_ms() + NAT_PMP_MS;
    int result = NATPMP_TRYAGAIN;

    while (result == NATPMP_TRYAGAIN && now_ms() < end) {
        struct timeval wait;
        fd_set fds;
        FD_ZERO(&fds);
        FD_SET(n->s, &fds);
        getnatpmprequesttimeout(n, &wait);
        select(n->s + 1, &fds, NULL, NULL, &wait);
        result = readnatpmpresponseorretry(n, answer);
    }
    return result == 0 ? OK : error_of(result);
}

static enum err public_address(natpmp_t *n, uint8_t ip[16])
{
    natpmpresp_t answer;
    char text[INET_ADDRSTRLEN] = "";

    if (sendpublicaddressrequest(n) < 0)
        return ERR_IO;
    TRY(wait_for(n, &answer));
    inet_ntop(AF_INET, &answer.pnu.publicaddress.addr, text, sizeof text);
    return nat_public(text, ip) ? OK : ERR_UNSUPPORTED;
}

static enum err map(natpmp_t *n, const struct portmap_port *port, uint32_t lease_s,
                    natpmpresp_t *answer)
{
    uint16_t wanted = port->external != 0 ? port->external : port->internal;

    if (sendnewportmappingrequest(n, port->udp ? NATPMP_PROTOCOL_UDP : NATPMP_PROTOCOL_TCP,
                                  port->internal, lease_s == 0 ? 0 : wanted, lease_s) < 0)
        return ERR_IO;
    return wait_for(n, answer);
}

static enum err map_all(natpmp_t *n, const struct portmap_request *request,
                        struct portmap_answer *answer)
{
    natpmpresp_t given;

    TRY(public_address(n, answer->ip));
    answer->lease_s = request->lease_s;
    for (size_t i = 0; i < request->count; i++) {
        TRY(map(n, &request->ports[i], request->lease_s, &given));
        answer->external[i] = given.pnu.newportmapping.mappedpublicport;
        if (given.pnu.newportmapping.lifetime < answer->lease_s)
            answer->lease_s = given.pnu.newportmapping.lifetime;
    }
    return OK;
}

void nat_pmp(const struct portmap_request *request, struct portmap_answer *answer)
{
    natpmp_t n;
    natpmpresp_t given;
    struct in_addr gateway = {0};
    bool forced = request->gateway[0] != '\0';

    if (forced && inet_pton(AF_INET, request->gateway, &gateway) != 1) {
        answer->err = ERR_ARGUMENT;
        return;
    }
    if (initnatpmp(&n, forced, gateway.s_addr) != 0) {
        answer->err = ERR_NOT_FOUND;
        return;
    }
    answer->err = OK;
    if (request->unmap)
        for (size_t i = 0; i < request->count && answer->err == OK; i++)
            answer->err = map(&n, &request->ports[i], 0, &given); /* RFC 6886 3.4 */
    else
        answer->err = map_all(&n, request, answer);
    closenatpmp(&n);
}
