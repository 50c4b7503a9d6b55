/* Our own account's keys and events: account.c. */
#pragma once

#include "node/chat/inside.h"

struct words { /* the 24 words as a handle that derives */
    struct keyring *ring;
    struct keyring_key *key;
};

enum err words_open(struct words *w, const uint8_t entropy[KEYRING_WORDS_ENTROPY]) MUST_CHECK;
void words_close(struct words *w);

/** The account that begins with these words, and the private link under which its log can always be
 * found again. */
enum err words_account(const struct words *w, struct card *card) MUST_CHECK;

/** A new account, this installation its keeper. */
enum err account_new(struct chat *c, const struct env *env, const struct words *w) MUST_CHECK;

/** A new installation that knows the words, and waits for the account's log. */
enum err account_lost(struct chat *c, const struct env *env, const struct words *w,
                      const uint8_t entropy[KEYRING_WORDS_ENTROPY]) MUST_CHECK;

/** The log is here: take the account back. ERR_NOT_FOUND the log promises other words. */
enum err account_recover(struct chat *c, const struct env *env) MUST_CHECK;

/** A further device of an account that is not known yet. */
enum err account_further(struct chat *c, const struct env *env) MUST_CHECK;

/** A checkpoint goes before the event that would make the log too long to be sent. */
enum err account_checkpoint(struct chat *c, const struct env *env) MUST_CHECK;

/** Do we hold the root key that is in force? */
bool account_is_keeper(const struct chat *c);

/** May the root sign now? Not before stores were read since we came online: another keeper, or we
 * before a backup was put back, may have signed already. ERR_REFUSED not the keeper; ERR_BUSY. */
enum err account_may_sign(const struct chat *c) MUST_CHECK;

/** Append an event, signed. ERR_ARGUMENT we are not the keeper. */
enum err account_event(struct chat *c, const struct env *env, struct identity_event *e) MUST_CHECK;

enum err account_open_keys(struct chat *c) MUST_CHECK;
enum err account_keep_ring(struct chat *c, const struct env *env) MUST_CHECK;
enum err account_load_ring(struct chat *c) MUST_CHECK;
