/* Private to sim/attack: tap.c follows streams, tap_relay.c and tap_services.c read what is in
 * them. */
#pragma once

#include "crypto/base/map.h"
#include "net/wire/frame.h"
#include "sim/attack/tap.h"

struct tap {
    struct tap_setup setup;
    void *states[TAP_ATTACKS_MAX];
    struct map streams; /* where a message is cut by the end of a write: stream -> struct frames */
    struct map meshes;  /* (spy, other) -> struct tap_mesh */
    struct map wanted;  /* (spy, id) that the spy asked for: not NULL */
};

struct tap_mesh {
    bool in;
    int64_t until_ns; /* it left: what is under way still counts */
};

/* One whole message of a stream between `b->src` and `b->dst`. */
void tap_relay(struct tap *t, struct sim *s, const struct sim_bytes *b, struct span rpc);
void tap_service(struct tap *t, struct sim *s, const struct sim_bytes *b, struct span request);

/* A copy of a message arrives at a spy, or what a spy sent arrives. */
void tap_copy_of(struct tap *t, struct sim *s, const struct sim_bytes *b, struct span message,
                 struct tap_copy *c, bool out);
