/* The meshes: JOIN, LEAVE, GRAFT, PRUNE, and their upkeep at each heartbeat. */
#pragma once

#include "net/gossipsub/rpc.h"
#include "net/gossipsub/state.h"

/* which members may be picked */
typedef bool member_filter(struct gossipsub *g, const struct env *env, struct member *m);

/** Up to `want` random ones of `list` that pass the filter, in scratch memory.
 *
 * @param out  receives the array (out)
 * @return how many; 0 also when scratch memory is out
 */
size_t members_pick(struct gossipsub *g, const struct env *env, struct member *const *list,
                    size_t count, member_filter *fits, size_t want, struct member ***out);

/** Put an array of members into random order. */
void members_shuffle(const struct env *env, struct member **list, size_t count);

void mesh_join(struct gossipsub *g, const struct env *env, struct topic *t);
void mesh_leave(struct gossipsub *g, const struct env *env, struct topic *t);

/** Add to the mesh and send GRAFT. */
void mesh_graft(struct gossipsub *g, const struct env *env, struct member *m);

/** Remove from the mesh, back off, send PRUNE; `px`: with peers to go to instead. */
void mesh_prune(struct gossipsub *g, const struct env *env, struct member *m, bool px,
                int64_t backoff_ns);

void mesh_on_graft(struct gossipsub *g, const struct env *env, struct peer *p, struct span topic);
void mesh_on_prune(struct gossipsub *g, const struct env *env, struct peer *p,
                   const struct rpc_prune *prune);

/* maintain.c: one heartbeat's work on one topic */
void mesh_maintain(struct gossipsub *g, const struct env *env, struct topic *t);
void mesh_graft_opportunistically(struct gossipsub *g, const struct env *env, struct topic *t);
void fanout_maintain(struct gossipsub *g, const struct env *env, struct topic *t);
void fanout_fill(struct gossipsub *g, const struct env *env, struct topic *t);
void fanout_drop(struct gossipsub *g, struct topic *t);
member_filter may_graft;
