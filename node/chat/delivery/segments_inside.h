/* The inside of segments: private to segments*.c. */
#pragma once

#include "node/chat/delivery/segments.h"

struct segments_group {
    size_t first, data, parity; /* number of its first segment, and how many */
};

struct segments {
    uint64_t file_bytes;
    size_t data, count; /* of all groups; with parity */
    size_t bytes;       /* of one */
    size_t depth;
    uint8_t hash[32], root[32];
    uint8_t *pieces;     /* owned, count * bytes */
    uint8_t (*tree)[32]; /* owned; NULL while collecting */
    bool has[SEGMENTS_MAX];
};

size_t segments_groups(const struct segments *s);
struct segments_group segments_group(const struct segments *s, size_t g);
struct span segments_bytes(const struct segments *s, size_t i);

/** Compute the parity of a group. ERR_MEMORY. */
enum err segments_add_parity(struct segments *s, size_t g) MUST_CHECK;

/** Compute the data segments that a group lacks; it has enough others. ERR_MEMORY. */
enum err segments_recover(struct segments *s, size_t g) MUST_CHECK;
