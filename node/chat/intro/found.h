/* What was found of one account: all its bundles put together.
 *
 *     bodies of stamped messages, from anybody -> found_add -> the log that holds, the parts to
 *                                                              write to
 *
 * The longest valid log wins, and at a fork the branch with the better right (identity.h), whoever
 * brought it and in whatever order: withholding a revocation takes withholding every bundle that
 * has it. Of each installation the newest part counts. Whoever holds the card can add bundles, but
 * only the account's own keys can make a log or part that is taken.
 *
 * Pure; not saved: it is looked up again. @source CHAT.md 3; docs/protocol/intro.md
 */
#pragma once

#include "node/chat/intro/bundle.h"

struct found;

/** OK; ERR_MEMORY. */
enum err found_new(const uint8_t account[ACCOUNT_ID_BYTES], struct found **out) MUST_CHECK;
void found_free(struct found *f); /* accepts NULL */

/** Take in the body of a stamped message, whose stamp was checked (found_received does). Parts that
 * do not hold are left out in silence; the log counts without them.
 *
 * @return OK; ERR_FORMAT, ERR_LIMIT, ERR_UNSUPPORTED no bundle of this version; ERR_ARGUMENT
 *         another account's; codes of identity_log_read; ERR_MEMORY. Unchanged on failure
 */
enum err found_add(struct found *f, struct span body) MUST_CHECK;

/** Take in an envelope that came in the bucket of `card`, of any of the days a bundle may be of.
 *
 * @param now_s  wall time (in)
 * @return as found_add; ERR_NOT_FOUND nothing under that card; ERR_REFUSED no stamp of
 *         STAMP_BITS_BUNDLE bits: nothing was verified
 */
enum err found_received(struct found *f, const struct card *card, uint64_t now_s,
                        struct span envelope) MUST_CHECK;

/** The log that holds; NULL: nothing was found yet. */
const struct identity_log *found_log(const struct found *f);

/** The two events of the newest fork that was met; NULL: none. For the person: an alarm. */
const struct identity_fork *found_fork(const struct found *f);

/** The parts that may be written to, by rising installation key; at most BUNDLE_PARTS_MAX. Borrowed
 * until the next found_add. */
size_t found_parts(const struct found *f, uint64_t now_s, struct part out[BUNDLE_PARTS_MAX]);
