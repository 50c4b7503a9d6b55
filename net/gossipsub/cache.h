/* What was seen (ids) and what can still be sent again (messages). */
#pragma once

#include "net/gossipsub/state.h"

void caches_init(struct gossipsub *g);
void caches_free(struct gossipsub *g);

/* --- seen ids; the oldest give way at the bound in bytes --- */
struct seen *seen_get(const struct gossipsub *g, uint64_t key);
bool seen_add(struct gossipsub *g, uint64_t key, enum seen_state state, uint64_t value);
void seen_expire(struct gossipsub *g, const struct env *env);

/* --- mcache [1.0, "Message Cache"] --- */
struct cached *cache_get(const struct gossipsub *g, uint64_t key);

/** mcache.put: keeps references of topic and blob. Without memory the message is not kept. */
void cache_put(struct gossipsub *g, uint64_t key, const uint8_t *id, struct topic *t,
               struct blob *b, uint64_t from);

/** mcache.get_gossip_ids: pointers to ids of the last windows, oldest first, in scratch memory. */
size_t cache_gossip_ids(const struct gossipsub *g, const struct env *env, const struct topic *t,
                        const uint8_t ***out);

/** mcache.shift: begin a new window, forget those older than mcache_len. */
void cache_shift(struct gossipsub *g);

/** The record of what one peer has to do with a cached message; NULL when there are too many. */
struct sent_to *cached_peer(struct gossipsub *g, struct cached *c, uint64_t peer);
