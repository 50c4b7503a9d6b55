/* Stream multiplexer without flow control: /mplex/6.7.0. js-waku's SDK speaks no other.
 *
 * Spec: libp2p/specs mplex/README.md r0. What js-mplex does beyond it: it closes the connection
 * when it gets over five frames a second for streams that it no longer has; so CLOSE and RESET are
 * never both sent for one stream, and nothing follows a RESET in either direction.
 *
 * In, out, drivers, life of a stream: net/wire/mux.h; this is the muxer behind that door.
 * Bounds:  frames of 1 MiB; mux_params. Nothing holds a sender back but the connection: an owner
 *          that cannot take more stops to feed.
 *
 *     stream:  opening -- NEW --> open -- CLOSE sent --> half closed --\
 *                                    \-- CLOSE received --> ended -----+--> gone
 *                                     \-- RESET either way -------------> gone
 */
#pragma once

#include "net/mplex/params.h"
#include "net/wire/mux.h"

/* flags in the low three bits of a frame's header; the sender's role in that stream, not in the
 * connection */
enum mplex_flag {
    MPLEX_NEW,
    MPLEX_MESSAGE_RECEIVER,
    MPLEX_MESSAGE_INITIATOR,
    MPLEX_CLOSE_RECEIVER,
    MPLEX_CLOSE_INITIATOR,
    MPLEX_RESET_RECEIVER,
    MPLEX_RESET_INITIATOR,
};

extern const struct muxer muxer_mplex;
