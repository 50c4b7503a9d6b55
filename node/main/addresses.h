/* What the node announces and shows: multiaddrs of the addresses it listens at. */
#pragma once

#include "node/conf/conf.h"

#define ADDRESSES_MAX 64

struct addresses {
    char *announced[ADDRESSES_MAX]; /* told to peers, without /p2p */
    size_t announced_count;
    char *local; /* reaches us from this machine; NULL: none */
};

/** Add what listening at `ip` means: itself, or for 0.0.0.0 and :: the addresses of the machine
 * (loopback only when there is no other).
 *
 * @param transport  after the port: "", "/ws" or "/wss" (in)
 * @return OK; ERR_MEMORY
 */
enum err addresses_listen(struct addresses *a, const char *ip, uint16_t port,
                          const char *transport) MUST_CHECK;

/** Add what --dns4-domain-name and --nat=extip: make of a port; nothing under
 * --ext-multiaddr-only. ERR_MEMORY. */
enum err addresses_named(struct addresses *a, const struct conf *c, uint16_t port,
                         const char *transport) MUST_CHECK;

/** Add --ext-multiaddr, with --ext-multiaddr-only in place of all others. ERR_MEMORY. */
enum err addresses_told(struct addresses *a, const struct conf *c) MUST_CHECK;
void addresses_clear(struct addresses *a);
