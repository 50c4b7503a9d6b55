/* Stream multiplexer with flow control: /yamux/1.0.0.
 *
 * Spec: libp2p/specs yamux/README.md r0; hashicorp/yamux spec.md.
 *
 * In, out, drivers, life of a stream: net/wire/mux.h; this is the muxer behind that door.
 * Bounds:  params.h; mux_params. A window of 256 KiB a stream, grown up to 4 MiB when half of it is
 *          used up within four round trips (measured by pings), 16 MiB of growth a connection.
 *
 *     stream:  opening -- SYN --> open -- FIN sent --> half closed --\
 *                                    \-- FIN received --> ended -----+--> gone
 *                                     \-- RST either way --------------> gone
 *
 * Odd ids are the dialer's, even ones the listener's. Ends the connection: bad version or type, a
 * window overrun, data after FIN, ids that never were, data for reset streams beyond what their
 * windows allowed. Frames that were under way when a stream ended are skipped.
 */
#pragma once

#include "crypto/base/reader.h"
#include "net/wire/mux.h"
#include "net/yamux/params.h"

#define YAMUX_HEADER_BYTES 12u

enum yamux_type {
    YAMUX_DATA,
    YAMUX_WINDOW_UPDATE,
    YAMUX_PING,
    YAMUX_GO_AWAY,
};

#define YAMUX_SYN 1u
#define YAMUX_ACK 2u
#define YAMUX_FIN 4u
#define YAMUX_RST 8u

struct yamux_header {
    uint8_t version, type;
    uint16_t flags;
    uint32_t stream, length;
};

/** Decode the first 12 bytes of `in`.
 *
 * @return OK; ERR_MORE fewer than 12 bytes; ERR_FORMAT version or type unknown
 */
enum err yamux_read_header(struct span in, struct yamux_header *hd) MUST_CHECK;

/** Encode a header. */
void yamux_write_header(const struct yamux_header *hd, uint8_t out[YAMUX_HEADER_BYTES]);

extern const struct muxer muxer_yamux;
