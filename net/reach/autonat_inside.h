/* The parts of struct autonat: private to autonat_*.c. */
#pragma once

#include "crypto/base/fifo.h"
#include "crypto/base/map.h"
#include "net/reach/autonat.h"

struct autonat_output {
    struct autonat_out out; /* its spans and pointers are set when it is polled */
    struct buf bytes;
    struct autonat_request_dial *dial;
};

/* a dial-back under way */
struct autonat_request_dial {
    uint64_t ticket, stream;
    struct peer_id peer;
    struct multiaddr addrs[AUTONAT_ADDRS_MAX];
    size_t count;
};

struct autonat_peer { /* that may be asked */
    uint64_t peer;
    uint8_t ip[16];
    struct mono since, asked_at; /* asked_at 0: never */
    bool asking;
};

struct autonat_said {
    uint8_t ip[16];
    bool reachable;
    struct mono at;
};

struct autonat {
    struct autonat_params params;
    struct autonat_counters counters;
    struct fifo out;
    struct buf lent;
    /* server */
    struct map dials;  /* by ticket: struct autonat_request_dial */
    struct map recent; /* peer id or IP -> struct mono of the last dial-back; oldest first */
    uint64_t next_ticket;
    struct mono minute_from;
    unsigned minute_count;
    /* client */
    struct map peers; /* struct autonat_peer */
    struct autonat_said said[AUTONAT_ANSWERS_MAX];
    size_t said_count;
    struct mono round_at;
    enum autonat_reach reach;
};

/** ERR_FULL, ERR_MEMORY: what the output owns is still the caller's. */
enum err autonat_emit(struct autonat *a, const struct autonat_output *o) MUST_CHECK;
