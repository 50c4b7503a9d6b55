/* The peer score of gossipsub 1.1: counters P1..P7, their decay, and their sum. */
#pragma once

#include "net/gossipsub/state.h"

/** The weighted sum, now. */
double peer_score(const struct gossipsub *g, struct peer *p);

/** Entering and leaving a mesh (P1, P3, P3b). */
void score_graft(struct member *m, const struct env *env);
void score_prune(const struct gossipsub *g, struct member *m);

/** A valid message: first from m (P2, P3), or again inside the window (P3). */
void score_first_delivery(const struct gossipsub *g, struct member *m);
void score_near_first_delivery(const struct gossipsub *g, struct member *m);

/** A message that failed validation (P4). */
void score_invalid(struct member *m);

/** Misbehaviour (P7). */
void score_penalty(struct peer *p, double points);

/** Decay every counter of the connected peers, count their time in meshes. */
void score_decay(struct gossipsub *g, const struct env *env);

/** Is there anything about the topic that must outlive the connection? */
bool score_is_clean(const struct member *m);

/** Join and leave the group of an address; exempt and unknown addresses have none. */
void score_ip_up(struct gossipsub *g, struct peer *p, struct span ip);
void score_ip_down(struct gossipsub *g, struct peer *p);
