/* Packets of discv5: a masked header and, but for WHOAREYOU, a sealed message. No session, no
 * state. The protocol id is a parameter: "discv5", or Waku's "d5waku".
 *
 *     packet = masking-iv || masked(static-header || authdata) || message
 *
 * @source ethereum/devp2p discv5-wire.md v5.1; 33/WAKU2-DISCV5
 */
#pragma once

#include "crypto/base/buf.h"
#include "crypto/base/reader.h"
#include "net/discovery/params.h"
#include "net/wire/enr.h"

#define PACKET_ID_BYTES       6u
#define PACKET_NONCE_BYTES    12u
#define PACKET_IV_BYTES       16u
#define PACKET_STATIC_BYTES   23u
#define PACKET_ID_NONCE_BYTES 16u
#define PACKET_CHALLENGE      (PACKET_IV_BYTES + PACKET_STATIC_BYTES + 24u)
#define PACKET_HEAD_MAX       (PACKET_IV_BYTES + PACKET_STATIC_BYTES + DISCV5_AUTHDATA_MAX)

enum packet_flag {
    PACKET_MESSAGE = 0,
    PACKET_WHOAREYOU = 1,
    PACKET_HANDSHAKE = 2,
};

struct packet {
    enum packet_flag flag;
    uint8_t nonce[PACKET_NONCE_BYTES]; /* of WHOAREYOU: that of the packet it answers */
    uint8_t src_id[ENR_ID_BYTES];      /* not of WHOAREYOU */
    /* WHOAREYOU */
    uint8_t id_nonce[PACKET_ID_NONCE_BYTES];
    uint64_t enr_seq;
    /* handshake; borrowed from `head` when read */
    struct span signature, ephemeral, record;
    /* masking-iv || header, unmasked: what the message is bound to, and the challenge data */
    uint16_t head_len;
    uint8_t head[PACKET_HEAD_MAX];
    struct span message; /* sealed; borrowed from the datagram */
};

/** Unmask and take apart; `p->signature` and so on lie in `p`, which must not be moved.
 *
 * @param protocol  6 bytes
 * @param self      our node id, which masks what is sent to us
 * @return OK; ERR_FORMAT not for us, or malformed; ERR_LIMIT too short or too long; ERR_MEMORY
 */
enum err packet_read(struct packet *p, struct span datagram, const uint8_t protocol[6],
                     const uint8_t self[ENR_ID_BYTES]) MUST_CHECK;

/** Lay out iv and header of `p` in p->head, unmasked, from its other fields. */
void packet_head(struct packet *p, const uint8_t protocol[6], const uint8_t iv[PACKET_IV_BYTES]);

/** Mask p->head for `to` and append it. OK; ERR_FULL; ERR_MEMORY; ERR_CRYPTO. */
enum err packet_write(const struct packet *p, const uint8_t to[ENR_ID_BYTES],
                      struct buf *out) MUST_CHECK;

static inline struct span packet_ad(const struct packet *p)
{
    return span_of(p->head, p->head_len);
}
