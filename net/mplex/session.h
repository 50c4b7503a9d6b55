/* Private to net/mplex: one session. Both ends number their streams alone, so the key of a stream
 * is its id and who opened it: id << 1 | inbound. */
#pragma once

#include "net/mplex/mplex.h"

struct mplex {
    struct mux mux; /* first: struct mux * is struct mplex * */
    uint64_t head;  /* of the current frame: id << 3 | flag */
    uint64_t value; /* varint under way */
    uint8_t shift;
    bool in_length;             /* the head is known, its length follows */
    uint32_t left;              /* bytes of the current frame still to come */
    struct mux_stream *current; /* whose data it is; NULL: skipped */
    uint64_t next_id;
    uint64_t skip_frames; /* messages for dead streams that may still be under way */
};

/** @see struct muxer */
enum err mplex_feed(struct mux *m, const struct env *env, struct span *in, struct mux_event *ev);

/** Write a frame's head and length; at most 14 bytes. Returns how many. */
size_t mplex_write_head(uint8_t *out, uint64_t id, enum mplex_flag flag, size_t length);
