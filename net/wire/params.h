/* Limits of the encodings in this room: unit and source. */
#pragma once

#define VARINT_BYTES_MAX       9u         /* bytes; multiformats unsigned-varint: 63 bits */
#define PB_VARINT_BYTES_MAX    10u        /* bytes; protobuf encoding: 64 bits */
#define PB_FIELD_MAX           536870911u /* field number, 2^29 - 1; protobuf encoding */
#define BASE58_BYTES_MAX       128u       /* bytes; own bound: base 58 takes quadratic time */
#define BECH32M_PREFIX_MAX     83u        /* chars; BIP-173 */
#define BECH32M_BYTES_MAX      1200u      /* bytes: a card with three node records; own bound */
#define FRAME_KEEP_BYTES       4096u      /* bytes of buffer an idle stream may keep; own choice */
#define PEER_ID_KEY_INLINE_MAX 42u        /* bytes of a public key put in whole; libp2p peer-ids */
#define PEER_ID_BYTES_MAX      44u        /* bytes: 0x00, length, key */
#define MULTIADDR_BYTES_MAX    512u       /* bytes of one binary address; own bound */
#define MULTIADDR_TEXT_MAX     4096u      /* chars with NUL: the wordiest 512 bytes take 3,585 */
#define DNS_NAME_MAX           253u       /* chars; RFC 1035 2.3.4 in text form */
#define ENR_BYTES_MAX          300u       /* bytes of a record; EIP-778 */
#define ENR_SHARDS_MAX         1024u      /* shards of a cluster; WAKU2-RELAY-SHARDING */
#define ENR_SHARDS_LISTED_MAX  63u        /* more are written as a bit vector; as above */
#define ENR_MULTIADDRS_MAX     8u         /* of our own record; more do not fit into 300 bytes */
