/* Addresses that a peer has signed: a PeerRecord inside a signed Envelope. Identify, gossipsub's
 * peer exchange and rendezvous carry them. Making one takes two steps, because this room holds no
 * keys:
 *
 *     peer_record_encode(id, seq, addrs, ..., &record);
 *     envelope_to_sign(record, &message);      the caller signs `message` with the host key
 *     envelope_encode(public_key, record, signature, &envelope);
 *
 * @source libp2p/specs RFC 0002 (envelope), RFC 0003 (record); domain "libp2p-peer-record" and
 * payload type 0x0301 as go-libp2p, js-libp2p and nim-libp2p use them
 */
#pragma once

#include "crypto/base/buf.h"
#include "net/wire/multiaddr.h"

#define PEER_RECORD_ADDRS_MAX 64u   /* addresses read from one record; own bound */
#define PEER_RECORD_BYTES_MAX 8192u /* bytes of an envelope; what identify allows */

struct peer_record {
    struct peer_id id;
    uint64_t seq; /* grows with every record of this peer; not a timestamp */
    size_t count;
    struct span addrs[PEER_RECORD_ADDRS_MAX]; /* binary multiaddrs, not checked; borrowed */
};

/** Encode the record that will be signed. OK; ERR_FULL; ERR_MEMORY. */
enum err peer_record_encode(const struct peer_id *id, uint64_t seq, const struct multiaddr *addrs,
                            size_t count, struct buf *out) MUST_CHECK;

/** Append the bytes to sign for this record. OK; ERR_FULL; ERR_MEMORY. */
enum err envelope_to_sign(struct span record, struct buf *out) MUST_CHECK;

/** Append the envelope. OK; ERR_FULL; ERR_MEMORY. */
enum err envelope_encode(struct span public_key, struct span record, struct span signature,
                         struct buf *out) MUST_CHECK;

/* What an envelope is for: its signature holds for that only. RFC 0002. */
struct envelope_kind {
    const char *domain;
    struct span type; /* multicodec, as bytes */
    bool nested;      /* of records: an address is a message of its own */
    bool mix_key;     /* of records: field 4, text of a mix key, is there and may be empty */
};

extern const struct envelope_kind envelope_peer_record; /* RFC 0003 */
extern const struct envelope_kind envelope_waku;        /* logos-delivery waku_peer_record.nim */
extern const struct envelope_kind envelope_voucher;     /* relay/circuit-v2.md "Vouchers" */

/** The same for other payloads. */
enum err envelope_to_sign_as(const struct envelope_kind *kind, struct span payload,
                             struct buf *out) MUST_CHECK;
enum err envelope_encode_as(const struct envelope_kind *kind, struct span public_key,
                            struct span payload, struct span signature, struct buf *out) MUST_CHECK;

/** As peer_record_encode and peer_record_open, for records of this kind. */
enum err envelope_record(const struct envelope_kind *kind, const struct peer_id *id, uint64_t seq,
                         const struct multiaddr *addrs, size_t count, struct buf *out) MUST_CHECK;
enum err envelope_open_record(const struct envelope_kind *kind, struct span envelope,
                              struct peer_record *out) MUST_CHECK;

/** Verify an envelope; the payload is borrowed from it. As peer_record_open. */
enum err envelope_open_as(const struct envelope_kind *kind, struct span envelope,
                          struct span *payload) MUST_CHECK;

/** Open and verify an envelope with a peer record.
 *
 * Addresses beyond PEER_RECORD_ADDRS_MAX are left out. Spans are borrowed from `envelope`.
 *
 * @return OK; ERR_FORMAT; ERR_UNSUPPORTED another payload or key type; ERR_LIMIT too long;
 *         ERR_AUTH bad signature, or a record about another peer than the signer
 */
enum err peer_record_open(struct span envelope, struct peer_record *out) MUST_CHECK;
