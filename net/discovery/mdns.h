/* mDNS: finding libp2p peers on the local network by DNS messages to 224.0.0.251:5353.
 *
 *     in:   mdns_receive(a datagram from the network); mdns_tick
 *     out:  SEND a datagram to the group; PEER with an address of its
 *
 * We ask when we start, soon again, and then now and then; who is asked answers with a random name
 * (so that nobody is known again by it) and its addresses as TXT strings "dnsaddr=<multiaddr>".
 * Answers to questions of others count too: everybody on the network hears them.
 *
 * Nothing here is signed: an address is only where to dial, and Noise proves who answers.
 *
 * Bounds: MDNS_* in params.h: bytes of a datagram, records and addresses taken from one, answers
 * sent and peers told a second.
 *
 * @source libp2p/specs discovery/mdns.md r2; RFC 1035 4, RFC 6762 6 and 18
 */
#pragma once

#include "crypto/base/env.h"
#include "net/discovery/params.h"
#include "net/wire/multiaddr.h"

#define MDNS_GROUP "224.0.0.251"
#define MDNS_PORT  5353

enum mdns_out_kind {
    MDNS_OUT_SEND, /* bytes: to the group */
    MDNS_OUT_PEER, /* addr: with its /p2p */
};

struct mdns_out { /* borrowed until the next call */
    enum mdns_out_kind kind;
    struct span bytes;
    struct multiaddr addr;
};

struct mdns;

/** @param addrs  where we listen, without /p2p; copied, those beyond MDNS_ADDRS_MAX are left out
 * @return OK; ERR_MEMORY */
enum err mdns_new(struct mdns **out, const struct env *env, const struct peer_id *self,
                  const struct multiaddr *addrs, size_t count) MUST_CHECK;
void mdns_free(struct mdns *m);

/** A datagram came to the group. OK; ERR_FORMAT: not a DNS message that we can read. */
enum err mdns_receive(struct mdns *m, const struct env *env, struct span bytes);

struct mono mdns_deadline(const struct mdns *m);
void mdns_tick(struct mdns *m, const struct env *env);
bool mdns_poll(struct mdns *m, struct mdns_out *out);
