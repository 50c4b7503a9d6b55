/* What each protocol id can do: one row per id, no switch anywhere. */
#pragma once

#include <stdbool.h>

struct gossipsub_protocol {
    const char *id;
    bool mesh;      /* GRAFT, PRUNE, IHAVE, IWANT; without it: everything is sent (floodsub) */
    bool px;        /* backoff and peers in PRUNE [1.1] */
    bool idontwant; /* [1.2] */
};

/** The row of a protocol id, NULL when it is none of ours. */
const struct gossipsub_protocol *gossipsub_protocol_find(const char *id);
