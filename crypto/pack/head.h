/* The first bytes of an element: private to the room. */
#pragma once

#include "crypto/pack/pack.h"

enum pack_kind {
    PACK_UINT,
    PACK_INT, /* below zero */
    PACK_BIN,
    PACK_STR,
    PACK_ARRAY,
};

struct pack_head {
    enum pack_kind kind;
    size_t bytes;   /* of the head itself */
    uint64_t value; /* the number (two's complement), bytes that follow, or elements */
};

/** Read a head. OK; ERR_FORMAT not of our subset, not the shortest form, or cut short. */
enum err pack_head(struct span in, struct pack_head *out) MUST_CHECK;
