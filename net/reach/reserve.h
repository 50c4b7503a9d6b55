/* Relays that keep a place for us: a node behind a NAT holds reservations with a few of the peers
 * it is connected with, and renews them at half their time. libp2p/specs relay/circuit-v2.md
 * "Reservation".
 *
 *     peer: known -> ASK -> held -> ASK again at half its time
 *                        -> refused: a pause, which doubles
 *
 * Driven by reserve_tick at reserve_deadline; reserve_poll says whom to ask.
 */
#pragma once

#include "crypto/base/env.h"
#include "net/reach/params.h"

enum reserve_state { /* of a peer */
    RESERVE_IDLE,
    RESERVE_ASKING,
    RESERVE_HELD,
    RESERVE_RENEWING, /* held, and asked again */
};

struct reserve_peer {
    uint64_t peer; /* 0: free */
    enum reserve_state state;
    struct mono at;    /* IDLE: not before; HELD: when to renew */
    struct mono until; /* HELD, RENEWING */
    int64_t pause_ms;
};

struct reserve { /* zero: off */
    bool on;
    struct reserve_peer peers[CIRCUIT_RESERVE_PEERS_MAX];
};

/** Hold reservations from now on, or no longer (they run out). */
void reserve_set(struct reserve *r, bool on);

void reserve_peer_up(struct reserve *r, const struct env *env, uint64_t peer);

/** True: a reservation was lost. */
bool reserve_peer_down(struct reserve *r, uint64_t peer);

/** A relay answered: `seconds` that the place is ours; 0: it did not give one. True: what we hold
 * has changed. */
bool reserve_answer(struct reserve *r, const struct env *env, uint64_t peer, uint64_t seconds);

bool reserve_held(const struct reserve *r, uint64_t peer);

/** Whom to ask now; 0: nobody. */
uint64_t reserve_poll(struct reserve *r, const struct env *env);

/** True: a reservation ran out. */
bool reserve_tick(struct reserve *r, const struct env *env);
struct mono reserve_deadline(const struct reserve *r);
