/* Ethereum node records: what a node says of itself, signed by its key. Waku nodes are found by
 * them: discv5, DNS lists and peer exchange carry nothing else. Only the identity scheme "v4"
 * (secp256k1, Keccak-256) exists; a node whose host key is of another kind has no record.
 *
 * A struct enr made by any function here is well formed and its signature was verified. Keys that
 * we do not know are kept (they are part of what is signed), and enr_get finds them.
 *
 * Making one takes two steps, because this room holds no keys:
 *
 *     enr_content_encode(&content, &encoded);
 *     keccak256(encoded, hash);            the caller signs `hash` with the host key
 *     enr_from_content(encoded, signature, &record);
 *
 * A key of EIP-778 with a value of a wrong size makes the record malformed. A Waku key whose value
 * cannot be read counts as absent; so does "rsv" beside "rs".
 *
 * @source EIP-778 (ethereum/devp2p enr.md); 31/WAKU2-ENR; WAKU2-RELAY-SHARDING. In "rsv" shard n is
 * bit n % 8, counted from the least, of byte n / 8: so nwaku and go-waku write it, while the text
 * counts from the end.
 */
#pragma once

#include "crypto/base/buf.h"
#include "net/wire/multiaddr.h"

#define ENR_TEXT_MAX        (4u + BASE64_CHARS(ENR_BYTES_MAX)) /* chars with NUL */
#define ENR_ID_BYTES        32u
#define ENR_KEY_BYTES       33u
#define ENR_SIGNATURE_BYTES 64u

enum enr_offer { /* bits of "waku2" */
    ENR_RELAY = 1,
    ENR_STORE = 2,
    ENR_FILTER = 4,
    ENR_LIGHTPUSH = 8,
    ENR_SYNC = 16,
    ENR_MIX = 32, /* nwaku; not in the text of 31 */
};

struct enr {
    uint16_t len;
    uint8_t bytes[ENR_BYTES_MAX]; /* as it was signed */
    uint64_t seq;                 /* grows with every change */
    uint8_t node_id[ENR_ID_BYTES];
    uint8_t public_key[ENR_KEY_BYTES]; /* compressed */
    bool has_ip4, has_ip6;
    uint8_t ip4[16], ip6[16];      /* as in net/wire/ip.h */
    uint16_t tcp, udp, tcp6, udp6; /* 0: none; an ip6 without ports of its own uses tcp and udp */
    bool is_waku;                  /* there is a "waku2" */
    uint8_t offers;                /* enum enr_offer */
    bool sharded;                  /* there is an "rs" or "rsv" */
    uint16_t cluster;
    uint8_t shards[ENR_SHARDS_MAX / 8]; /* shard n: bit n % 8 of byte n / 8 */
};

/** Decode and verify a record.
 *
 * @return OK; ERR_FORMAT; ERR_LIMIT over ENR_BYTES_MAX; ERR_UNSUPPORTED another identity scheme;
 *         ERR_AUTH; `out` is undefined on failure
 */
enum err enr_decode(struct span in, struct enr *out) MUST_CHECK;

/** Decode and verify "enr:...". As enr_decode. */
enum err enr_parse(struct span text, struct enr *out) MUST_CHECK;

/** Write "enr:..." and NUL. */
void enr_text(const struct enr *e, char out[ENR_TEXT_MAX]);

/** The value of any key, when it is a string; false when there is none. Borrowed from `e`. */
bool enr_get(const struct enr *e, struct span key, struct span *value);

bool enr_has_shard(const struct enr *e, uint16_t cluster, uint16_t shard);

/** The libp2p name of the node. */
void enr_peer_id(const struct enr *e, struct peer_id *out);

/** Where libp2p connections to the node lead, best first, without its /p2p: ip and tcp, ip6 and
 * tcp6, then "multiaddrs" (those with a protocol that we do not know are left out; an address that
 * ends at another peer is a circuit through it).
 *
 * @return how many of at most `max`
 */
size_t enr_addresses(const struct enr *e, struct multiaddr *out, size_t max);

/** Where its discv5 listens over IPv4, or over IPv6. False: it does not say. */
bool enr_udp(const struct enr *e, bool v6, uint8_t ip[16], uint16_t *port);

static inline struct span enr_span(const struct enr *e)
{
    return span_of(e->bytes, e->len);
}

/* ---- making one (enr_make.c) ---- */

struct enr_content {
    uint64_t seq;
    uint8_t public_key[ENR_KEY_BYTES];
    bool has_ip4, has_ip6;
    uint8_t ip4[16], ip6[16];      /* as in net/wire/ip.h */
    uint16_t tcp, udp, tcp6, udp6; /* 0: none */
    uint8_t offers;                /* 0: no "waku2" */
    bool sharded;
    uint16_t cluster;
    const uint16_t *shards; /* borrowed; each below ENR_SHARDS_MAX */
    size_t shards_count;
    struct multiaddr multiaddrs[ENR_MULTIADDRS_MAX]; /* without /p2p but for circuits */
    size_t multiaddrs_count;
};

/** Put announced addresses into the content: the first public (or else the first) /ip4/tcp and
 * /ip6/tcp into their keys, every other one into `multiaddrs`; a last /p2p is cut off.
 */
void enr_content_addresses(struct enr_content *c, const struct multiaddr *addrs, size_t count);

/** Append what is signed: the RLP list of seq, keys and values. When the record would be too long,
 * multiaddrs are left out from the last one on, then IPv6.
 *
 * @return OK; ERR_LIMIT; ERR_ARGUMENT a shard over the bound; ERR_FULL; ERR_MEMORY
 */
enum err enr_content_encode(const struct enr_content *c, struct buf *out) MUST_CHECK;

/** The record of a content and its signature (r, s over its Keccak-256). As enr_decode. */
enum err enr_from_content(struct span content, const uint8_t signature[ENR_SIGNATURE_BYTES],
                          struct enr *out) MUST_CHECK;
