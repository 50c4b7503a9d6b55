/* Getting to know each other in person: a second door, for simulations and tests. Bundles are
 * handed over instead of laid out and looked up, which costs the proof of work of their stamps.
 * All else is checked as if it had come by the network. */
#pragma once

#include "node/chat/chat.h"

/** Append the bundle that others would find under our cards. From now on it is not laid out there.
 * ERR_FULL; ERR_MEMORY; codes of kv. */
enum err acquaint_bundle(struct chat *c, const struct env *env, struct buf *out) MUST_CHECK;

/** Take the bundle of somebody; he becomes a contact with consent.
 *
 * @param who  whose it is (out)
 * @return OK; ERR_FORMAT, ERR_UNSUPPORTED, ERR_LIMIT no bundle of this version; ERR_AUTH and others
 *         of a log that does not hold; ERR_ARGUMENT our own; ERR_FULL; ERR_MEMORY; codes of kv
 */
enum err acquaint_take(struct chat *c, const struct env *env, struct span bundle,
                       struct chat_account *who) MUST_CHECK;
