/* Private to net/yamux: one session. */
#pragma once

#include "net/yamux/yamux.h"

struct yamux {
    struct mux mux; /* first: struct mux * is struct yamux * */
    uint8_t partial[YAMUX_HEADER_BYTES];
    uint8_t partial_len;
    bool fin;                   /* the current frame ends its stream, behind its data */
    uint32_t left;              /* data bytes of the current frame still to come */
    struct mux_stream *current; /* whose data it is; NULL: skipped */
    uint32_t next_id;           /* of ours */
    uint32_t peer_id_max;       /* highest id the peer has opened */
    uint64_t skip_bytes;        /* data for dead streams that may still be under way */
    uint64_t grown_bytes;       /* windows beyond YAMUX_WINDOW_BYTES, all streams */
    uint32_t ping_value;
    bool pinging;
    struct mono pinged;
    int64_t rtt_ns; /* 0: not measured */
};

/** Send a frame without data before everything else. */
void yamux_control(struct yamux *y, uint8_t type, uint16_t flags, uint32_t stream, uint32_t length);

/** @see struct muxer */
enum err yamux_feed(struct mux *m, const struct env *env, struct span *in, struct mux_event *ev);
