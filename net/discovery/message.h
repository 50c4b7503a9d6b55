/* What discv5 packets say, unsealed: one type byte and an RLP list. Records in NODES are not
 * decoded here.
 *
 * @source ethereum/devp2p discv5-wire.md v5.1 "Protocol Messages"
 */
#pragma once

#include "net/discovery/params.h"
#include "net/wire/enr.h"

enum message_kind {
    MESSAGE_PING = 1,
    MESSAGE_PONG = 2,
    MESSAGE_FINDNODE = 3,
    MESSAGE_NODES = 4,
    MESSAGE_TALKREQ = 5,
    MESSAGE_TALKRESP = 6,
};

struct message {
    enum message_kind kind;
    uint8_t id[DISCV5_REQUEST_ID_MAX];
    uint8_t id_len;
    uint64_t enr_seq;                         /* PING, PONG */
    uint8_t ip[16];                           /* PONG: where it saw us, as in net/wire/ip.h */
    uint16_t port;                            /* PONG */
    uint16_t distances[DISCV5_DISTANCES_MAX]; /* FINDNODE, 0..256; more are left out */
    size_t count;                             /* of distances, or of records */
    uint64_t total;                           /* NODES */
    struct span records[DISCV5_NODES_MAX];    /* NODES, encoded, borrowed; more are left out */
};

/** Decode.
 *
 * @return OK; ERR_FORMAT; ERR_UNSUPPORTED a type that we do not know
 */
enum err message_read(struct span in, struct message *out) MUST_CHECK;

/** Append the encoding (TALKREQ, which we never ask, is written empty). OK; ERR_FULL; ERR_MEMORY.
 */
enum err message_write(const struct message *m, struct buf *out) MUST_CHECK;

/** Bytes of a NODES message whose records take `records` bytes. */
size_t message_nodes_bytes(size_t records);
