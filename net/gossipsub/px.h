/* Peer exchange on PRUNE, and explicit peers. */
#pragma once

#include "net/gossipsub/rpc.h"
#include "net/gossipsub/state.h"

/** Encoded `peers` fields for a PRUNE: other members with a score of at least 0. NULL: none. */
struct blob *px_offer(struct gossipsub *g, const struct env *env, const struct member *pruned);

/** Ask to connect to the peers of a PRUNE, when the sender's score allows it. */
void px_accept(struct gossipsub *g, const struct env *env, struct peer *p,
               const struct rpc_prune *prune);

/** Note that a peer id came or went; is it an explicit one? */
bool direct_connected(struct gossipsub *g, const struct peer_id *id, bool connected);

/** Ask for the explicit peers that are not connected, when the period is over. */
void direct_tick(struct gossipsub *g, const struct env *env);
