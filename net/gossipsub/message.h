/* A message's way through the router. */
#pragma once

#include "net/gossipsub/rpc.h"
#include "net/gossipsub/state.h"

/** One message from a peer, whatever it is. */
void message_receive(struct gossipsub *g, const struct env *env, struct peer *p, struct span body);

/** Compute the id; returns the key under which the caches know it. */
uint64_t message_id(const struct gossipsub *g, struct span topic, struct span data, uint8_t *id);

/** Settle what seen says about a message whose verdict has come. */
void seen_settle(struct gossipsub *g, const struct env *env, uint64_t key, uint64_t ticket,
                 enum seen_state state);

/* validating.c */
bool validating_add(struct gossipsub *g, const struct validating *v, uint64_t *ticket);
void validating_drop(struct gossipsub *g, uint64_t ticket);
void validating_also(struct validating *v, uint64_t peer); /* another one sent it meanwhile */
