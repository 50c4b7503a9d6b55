/* What all devices of a person know: its decisions (decisions.h), kept in the vault, and said over
 * self/1, the conversation of one's own installations.
 *
 *     the person decides --self_decided--> row --self_tick--> entry of self/1
 *     another device decided --self_heard, self_take--> row, if it replaces ours --> people, talks,
 *                                                       settings (self_kinds.c)
 *
 * self/1 is founded by the keeper that lets the first device in; devices come and go in it by
 * commits, as in every conversation. It is in nobody's list of conversations and tells the journal
 * nothing. A device that is let in gets the decisions with the hand-over, as many as fit, and when
 * it has come into self/1 the keeper says all of them again, the others what they decided
 * meanwhile.
 *
 *     self.c         the conversation; rows, said and heard
 *     self_kinds.c   what each kind of decision is read from, and what it does
 *
 * @source CHAT.md 2, 4; docs/protocol/self.md
 */
#pragma once

#include "node/chat/decisions.h"
#include "node/chat/talk.h"

/* ---- self.c ---- */

enum err self_load(struct chat *c, const struct env *env) MUST_CHECK;

/** The conversation; NULL: there is none, or we are not in it yet. */
struct talk *self_talk(const struct chat *c);
bool self_is(const struct chat *c, const uint8_t conversation[32]);

/** A device is being let in: there has to be one. */
enum err self_found(struct chat *c, const struct env *env) MUST_CHECK;

/** The person has decided this: as our state has it now. `subject`: empty where the kind has none.
 */
void self_decided(struct chat *c, const struct env *env, enum decision_kind kind,
                  struct span subject);

/** The same, with a value of the caller's. */
void self_decide(struct chat *c, const struct env *env, enum decision_kind kind,
                 struct span subject, struct span value);

/** The decision that holds; `value` gets its value. ERR_NOT_FOUND: none was made. */
enum err self_holds(struct chat *c, enum decision_kind kind, struct span subject,
                    struct buf *value) MUST_CHECK;

/** Step through what was decided about one kind. As vault_next. */
enum err self_next(struct chat *c, enum decision_kind kind, struct vault_key *key,
                   struct decision *out, struct buf *value) MUST_CHECK;

/** Decisions of another device. ERR_FORMAT; ERR_UNSUPPORTED. */
enum err self_take(struct chat *c, const struct env *env, struct span decisions) MUST_CHECK;

/** An entry of self/1 has come. */
void self_heard(struct chat *c, const struct env *env, struct talk *t,
                const struct entry_author *who, const struct content *k);

/** Who is in self/1 from now on; before talk.roster is replaced. */
void self_roster(struct chat *c, const struct env *env, const struct talk *t,
                 const struct delivery_member *list, size_t count);

/** The decisions that there are, as one object, as many as fit in `max` bytes. */
enum err self_snapshot(struct chat *c, size_t max, struct buf *out) MUST_CHECK;

/** We have come into a conversation: what was decided about it before holds. */
void self_talk_born(struct chat *c, const struct env *env, struct talk *t);
/** Was this request accepted on another device? */
bool self_accepted(struct chat *c, const struct talk *t);

void self_tick(struct chat *c, const struct env *env);
struct mono self_deadline(const struct chat *c);

/* ---- self_kinds.c ---- */

/** Our state as the value of a decision. ERR_NOT_FOUND: there is nothing to say. */
enum err self_value(struct chat *c, enum decision_kind kind, struct span subject,
                    struct pack_writer *w) MUST_CHECK;
/** A decision that was not ours holds now. ERR_FORMAT: it cannot be. */
enum err self_apply(struct chat *c, const struct env *env, const struct decision *d) MUST_CHECK;
/** Is it one, by the length of its subject? Kinds that are not known may have any. */
bool self_well_formed(const struct decision *d);
