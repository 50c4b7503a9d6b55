/* What we tell others about where we are: one list, for identify and for the node record.
 *
 * As nwaku does it (waku/node/net_config.nim): an address from outside (--nat=extip, a port
 * mapping, --dns4-domain-name) stands in the place of those we listen at; --ext-multiaddr adds to
 * them, or with --ext-multiaddr-only is all there is. Where others see us counts when autonat has
 * confirmed it (nim-libp2p AutonatService). Circuit addresses are added last.
 */
#pragma once

#include "net/reach/params.h"
#include "net/wire/multiaddr.h"

struct announce_list { /* borrowed; multiaddrs without the last /p2p */
    const struct multiaddr *addrs;
    size_t count;
};

struct announce {
    struct announce_list bound;  /* where we listen */
    struct announce_list heads;  /* /ip4/.., /ip6/.., /dns4/.. of one component: the host as seen
                                    from  outside, in place of that in `bound` */
    struct announce_list mapped; /* whole addresses that a gateway forwards to us */
    struct announce_list given;  /* --ext-multiaddr */
    bool given_only;
    bool reachable;                /* autonat says so */
    const uint8_t *observed_ip;    /* 16 bytes, the address that others see; NULL: unknown */
    struct announce_list circuits; /* /p2p/RELAY/p2p-circuit */
};

/** Write the list, without repetitions.
 *
 * @return how many, at most REACH_ADDRS_MAX; more are left out
 */
size_t announce_write(const struct announce *a, struct multiaddr out[REACH_ADDRS_MAX]);

/** The same address at another host: /ip4 or /ip6 of `addr` replaced by `head`, when both are of
 * one family (dns4 is of ip4, dns6 of ip6).
 *
 * @return OK; ERR_UNSUPPORTED it does not begin with an address of that family; ERR_LIMIT
 */
enum err announce_rebase(const struct multiaddr *addr, const struct multiaddr *head,
                         struct multiaddr *out) MUST_CHECK;

/** Where a gateway forwards a port of ours: the IP and the port replaced. As announce_rebase. */
enum err announce_mapped(const struct multiaddr *addr, const uint8_t ip[16], uint16_t port,
                         struct multiaddr *out) MUST_CHECK;

/** With an IP as head, 16 bytes. */
enum err announce_rebase_ip(const struct multiaddr *addr, const uint8_t ip[16],
                            struct multiaddr *out) MUST_CHECK;
