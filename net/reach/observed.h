/* Where others see us: identify tells each peer its observed address, and every peer has one vote,
 * its last. A vote counts once for each address that voters come from, so that one machine with
 * many peer ids is one voter. nim-libp2p AddressManager has the same threshold.
 *
 * The IP is what an outgoing connection has in common with the address that others could dial; the
 * port is ours only when we dial from the port that we listen at (behind a NAT: --relay-client).
 */
#pragma once

#include "net/reach/params.h"
#include "net/wire/multiaddr.h"

struct observed_vote {
    uint8_t from[16]; /* the voter's IP */
    uint8_t ip[16];
    uint16_t port;
};

struct observed { /* zero: no votes */
    struct observed_vote votes[OBSERVED_VOTES_MAX];
    size_t count, next; /* next: the oldest, when all are used */
};

/** A peer at `from` sees us at `addr`.
 *
 * @param private_counts  loopback and private addresses are taken for public ones: closed networks
 * @return true: taken; false: no address of /ip4 or /ip6 with /tcp, a circuit, or not a public one
 */
bool observed_add(struct observed *o, const uint8_t from[16], const struct multiaddr *addr,
                  bool private_counts);

/** The IP that at least OBSERVED_VOTES_MIN voters see, most votes first; false: none. */
bool observed_ip(const struct observed *o, uint8_t ip[16]);

/** IP and port by number of votes: a hint where to punch a hole, from one vote on.
 *
 * @return how many were written as /ip/tcp, at most `max`
 */
size_t observed_addrs(const struct observed *o, struct multiaddr *out, size_t max);
