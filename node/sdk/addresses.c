/* The addresses of the machine, as multiaddrs. */
#define _DEFAULT_SOURCE /* getifaddrs */
#include "node/sdk/addresses.h"
#include "net/wire/ip.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

static enum err announce(struct addresses *a, const char *text)
{
    for (size_t i = 0; i < a->announced_count; i++)
        if (strcmp(a->announced[i], text) == 0)
            return OK;
    if (a->announced_count == ADDRESSES_MAX)
        return OK; /* more than any peer reads */
    a->announced[a->announced_count] = strdup(text);
    if (a->announced[a->announced_count] == NULL)
        return ERR_MEMORY;
    a->announced_count++;
    return OK;
}

/* where we listen: the port and what runs over it */
struct place {
    uint16_t port;
    const char *transport;
};

static enum err add(struct addresses *a, const uint8_t ip[16], struct place at, bool announced)
{
    char text[IP_TEXT_MAX], addr[IP_TEXT_MAX + 32];
    ip_text(ip, text);
    snprintf(addr, sizeof addr, "/%s/%s/tcp/%u%s", ip_v4(ip) != NULL ? "ip4" : "ip6", text, at.port,
             at.transport);
    if (ip_is_loopback(ip) && a->local == NULL) {
        a->local = strdup(addr);
        if (a->local == NULL)
            return ERR_MEMORY;
    }
    return announced ? announce(a, addr) : OK;
}

static bool of_interface(const struct ifaddrs *i, uint8_t ip[16])
{
    if (i->ifa_addr == NULL || (i->ifa_flags & IFF_UP) == 0)
        return false;
    if (i->ifa_addr->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, i->ifa_addr, sizeof v4);
        ip_from_v4((const uint8_t *)&v4.sin_addr, ip);
        return true;
    }
    if (i->ifa_addr->sa_family != AF_INET6)
        return false;
    struct sockaddr_in6 v6;
    memcpy(&v6, i->ifa_addr, sizeof v6);
    memcpy(ip, &v6.sin6_addr, 16);
    return !IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr);
}

/* Those of one family; loopback only if `loopback`. How many in `found`. */
static enum err add_interfaces(struct addresses *a, bool v4, struct place at, bool loopback,
                               size_t *found)
{
    struct ifaddrs *list = NULL;
    enum err err = OK;
    uint8_t ip[16];
    if (getifaddrs(&list) != 0)
        return OK; /* nothing to announce; peers that dial us are told by identify */
    for (struct ifaddrs *i = list; i != NULL && err == OK; i = i->ifa_next) {
        if (!of_interface(i, ip) || (ip_v4(ip) != NULL) != v4)
            continue;
        bool announced = !ip_is_loopback(ip) || loopback;
        err = add(a, ip, at, announced);
        *found += announced;
    }
    freeifaddrs(list);
    return err;
}

enum err addresses_listen(struct addresses *a, const char *ip, uint16_t port, const char *transport)
{
    static const uint8_t v4_any[16] = {[10] = 0xff, [11] = 0xff}, v6_any[16];
    const struct place at = {port, transport};
    uint8_t bytes[16];
    size_t found = a->announced_count;
    TRY(ip_parse(span_str(ip), bytes));
    bool v4 = memcmp(bytes, v4_any, 16) == 0;
    if (!v4 && memcmp(bytes, v6_any, 16) != 0)
        return add(a, bytes, at, true);
    TRY(add_interfaces(a, v4, at, false, &found));
    return found > 0 ? OK : add_interfaces(a, v4, at, true, &found);
}

/* One component: where this machine is, as seen from outside. */
enum err addresses_outside(struct addresses *a, const struct conf *c)
{
    char text[IP_TEXT_MAX + 8];
    const char *nat = conf_text(c, CONF_NAT), *name = conf_text(c, CONF_DNS4_DOMAIN_NAME);
    uint8_t ip[16];
    if (*name != '\0')
        snprintf(a->outside[a->outside_count++], ADDRESSES_TEXT, "/dns4/%.253s", name);
    if (strncmp(nat, "extip:", 6) != 0)
        return OK;
    TRY(ip_parse(span_str(nat + 6), ip));
    ip_text(ip, text);
    snprintf(a->outside[a->outside_count++], ADDRESSES_TEXT, "/%s/%s",
             ip_v4(ip) != NULL ? "ip4" : "ip6", text);
    return OK;
}

void addresses_clear(struct addresses *a)
{
    while (a->announced_count > 0)
        free(a->announced[--a->announced_count]);
    free(a->local);
    a->local = NULL;
}
