/* A person with a real chat (node/chat) on a node of the simulator: real keys, real MLS, a vault in
 * memory. The node carries the chat as the program's own core does (core_attach_chat).
 *
 * What differs from a person outside: no passphrase (a key file instead, so scrypt does not run),
 * and people get to know each other in person (node/chat/acquaint.h), so no stamp is worked out.
 * Tier F1 verifies equal signatures once (crypto/prim/sign_memo.h), and hashes and opens equal
 * large messages once (crypto/prim/large_memo.h).
 */
#pragma once

#include "node/chat/chat.h"
#include "sim/sim.h"

struct sim_chat;

/** A new account on a node that is up. ERR_MEMORY; codes of chat_create and core_attach_chat. */
enum err sim_chat_new(struct sim_chat **out, struct sim *s, uint32_t node, bool light) MUST_CHECK;

/** Somebody takes up a copy of its disk on another node. As sim_chat_new; codes of chat_open. */
enum err sim_chat_copy(struct sim_chat **out, struct sim_chat *of, uint32_t node) MUST_CHECK;

/** Its 24 words. */
const char *sim_chat_words(const struct sim_chat *p);

/** Its node runs no more: after sim_free. Accepts NULL. */
void sim_chat_free(struct sim_chat *p);

/** The node has come up again and carries it anew. As core_attach_chat. */
enum err sim_chat_attach(struct sim_chat *p) MUST_CHECK;

uint32_t sim_chat_node(const struct sim_chat *p);
struct chat *sim_chat_of(struct sim_chat *p);
struct chat_account sim_chat_account(const struct sim_chat *p);

/** `a` gets to know `b`. */
enum err sim_chat_acquaint(struct sim_chat *a, struct sim_chat *b) MUST_CHECK;

/** The next event of the journal that was not read yet; those dropped meanwhile are passed over. */
bool sim_chat_next(struct sim_chat *p, struct chat_event *out);
