/* What the node announces and shows: multiaddrs of the addresses it listens at. */
#pragma once

#include "node/conf/conf.h"

#define ADDRESSES_MAX  64
#define ADDRESSES_TEXT 264

struct addresses {
    char *announced[ADDRESSES_MAX]; /* where we listen, without /p2p */
    size_t announced_count;
    char *local;                     /* reaches us from this machine; NULL: none */
    char outside[2][ADDRESSES_TEXT]; /* hosts that are announced in the place of ours */
    size_t outside_count;
};

/** Add what listening at `ip` means: itself, or for 0.0.0.0 and :: the addresses of the machine
 * (loopback only when there is no other).
 *
 * @param transport  after the port: "", "/ws" or "/wss" (in)
 * @return OK; ERR_MEMORY
 */
enum err addresses_listen(struct addresses *a, const char *ip, uint16_t port,
                          const char *transport) MUST_CHECK;

/** Take --dns4-domain-name and --nat=extip:. ERR_FORMAT. */
enum err addresses_outside(struct addresses *a, const struct conf *c) MUST_CHECK;
void addresses_clear(struct addresses *a);
