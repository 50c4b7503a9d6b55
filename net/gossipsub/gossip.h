/* IHAVE, IWANT, IDONTWANT, and the promises that an IHAVE makes. */
#pragma once

#include "net/gossipsub/rpc.h"
#include "net/gossipsub/state.h"

/* `body`: one entry of the control list; `budget`: ids that this RPC may still name (in/out) */
void gossip_on_ihave(struct gossipsub *g, const struct env *env, struct peer *p, struct span body,
                     uint32_t *budget);
void gossip_on_iwant(struct gossipsub *g, const struct env *env, struct peer *p, struct span body,
                     uint32_t *budget);
void gossip_on_idontwant(struct gossipsub *g, struct peer *p, struct span body, uint32_t *budget);

/** Tell some peers outside the mesh what came in the last windows of a topic. */
void gossip_emit(struct gossipsub *g, const struct env *env, struct topic *t);

/** Penalise the promises that were not kept. */
void promises_check(struct gossipsub *g, const struct env *env);

/** Forget the old ones of a peer's IDONTWANTs. */
void unwanted_expire(const struct gossipsub *g, struct peer *p);
