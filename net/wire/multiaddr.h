/* Where to reach a peer: a chain of components such as /ip4/192.0.2.1/tcp/60000/p2p/16Uiu2...
 * A struct multiaddr made by any function here is well formed: only known protocols, values of the
 * right size, at most MULTIADDR_BYTES_MAX bytes. Peers send protocols that we do not know; then
 * that one address is ERR_UNSUPPORTED and the caller goes on with the next.
 *
 * Spoken: ip4 ip6 dns dns4 dns6 dnsaddr tcp udp ws wss tls sni quic quic-v1 webtransport
 * webrtc-direct http noise p2p p2p-circuit; "ipfs" is read as p2p.
 *
 * @source multiformats/multiaddr README and protocols.csv
 */
#pragma once

#include "net/wire/peer_id.h"

enum multiaddr_code {
    MULTIADDR_IP4 = 4,
    MULTIADDR_TCP = 6,
    MULTIADDR_IP6 = 41,
    MULTIADDR_DNS = 53,
    MULTIADDR_DNS4 = 54,
    MULTIADDR_DNS6 = 55,
    MULTIADDR_DNSADDR = 56,
    MULTIADDR_UDP = 273,
    MULTIADDR_WEBRTC_DIRECT = 280,
    MULTIADDR_P2P_CIRCUIT = 290,
    MULTIADDR_P2P = 421,
    MULTIADDR_TLS = 448,
    MULTIADDR_SNI = 449,
    MULTIADDR_NOISE = 454,
    MULTIADDR_QUIC = 460,
    MULTIADDR_QUIC_V1 = 461,
    MULTIADDR_WEBTRANSPORT = 465,
    MULTIADDR_WS = 477,
    MULTIADDR_WSS = 478,
    MULTIADDR_HTTP = 480,
};

struct multiaddr {
    uint16_t len; /* 0: none */
    uint8_t bytes[MULTIADDR_BYTES_MAX];
};

struct multiaddr_part {
    enum multiaddr_code code;
    struct span value; /* without its length: 4, 16 or 2 bytes, a name, a peer id; borrowed */
};

/** Check and copy a binary address. `out` is unchanged on failure.
 *
 * @return OK; ERR_FORMAT empty or malformed; ERR_UNSUPPORTED an unknown protocol; ERR_LIMIT
 */
enum err multiaddr_from_bytes(struct span bytes, struct multiaddr *out) MUST_CHECK;

/** Read text, e.g. "/dns4/node.example.org/tcp/443/wss". `out` is unchanged on failure.
 *
 * @return OK; ERR_FORMAT; ERR_UNSUPPORTED an unknown protocol; ERR_LIMIT
 */
enum err multiaddr_parse(struct span text, struct multiaddr *out) MUST_CHECK;

/** Write canonical text and NUL; "" for an empty address. */
void multiaddr_text(const struct multiaddr *m, char out[MULTIADDR_TEXT_MAX]);

/** Step through the components; start with *cursor = 0. False at the end. */
bool multiaddr_next(const struct multiaddr *m, size_t *cursor, struct multiaddr_part *part);

/** The first component with this code; false when there is none. */
bool multiaddr_find(const struct multiaddr *m, enum multiaddr_code code,
                    struct multiaddr_part *part);

/** Append a component; `value` as in struct multiaddr_part.
 *
 * @return OK; ERR_FORMAT a value that the protocol does not take; ERR_LIMIT; unchanged on failure
 */
enum err multiaddr_add(struct multiaddr *m, enum multiaddr_code code, struct span value) MUST_CHECK;

/** Append /ip4 or /ip6 (16 bytes, IPv4 mapped) and /tcp or /udp. OK; ERR_LIMIT. */
enum err multiaddr_add_endpoint(struct multiaddr *m, const uint8_t ip[16], enum multiaddr_code code,
                                uint16_t port) MUST_CHECK;

/** Append /p2p/ID. OK; ERR_LIMIT. */
enum err multiaddr_add_peer(struct multiaddr *m, const struct peer_id *id) MUST_CHECK;

/** The peer that the whole address leads to: the last component, when it is /p2p. */
bool multiaddr_peer(const struct multiaddr *m, struct peer_id *id);

/** Cut off a last /p2p component, if there is one. */
void multiaddr_drop_peer(struct multiaddr *m);

/** Begins with /ip4 or /ip6: the address as 16 bytes, and the port of a /tcp or /udp after it (0:
 * none). */
bool multiaddr_ip(const struct multiaddr *m, uint8_t ip[16], uint16_t *port);

/** The port in the value of /tcp or /udp. */
uint16_t multiaddr_port(const struct multiaddr_part *part);

static inline struct span multiaddr_span(const struct multiaddr *m)
{
    return span_of(m->bytes, m->len);
}

static inline bool multiaddr_eq(const struct multiaddr *a, const struct multiaddr *b)
{
    return span_eq(multiaddr_span(a), multiaddr_span(b));
}
