/* The inside of a conversation: talk_*.c, talks.c and who works on one.
 *
 *     talk_world.c   what MLS asks of us; envelope keys and addresses of its epochs
 *     talk_plan.c    what is owed or wished for, as one commit to be made
 *     talk_heal.c    fresh keys, and who must go (healing.h)
 *     talk_commit.c  commits of ours: made, sent, noted
 *     talk_in.c      envelopes, opened and taken frame by frame
 *     talk_out.c     parcels and other frames out, epochs adopted
 *     talk_anew.c    let in again where we had left
 *     talk_record.c  how it lies in the vault
 */
#pragma once

#include "node/chat/commits/guests.h"
#include "node/chat/envelope/frame.h"
#include "node/chat/inside.h"
#include "node/chat/profile/healing.h"

#define WEEK_S 604800

/* Everything that MLS asks while we work on one conversation; stays where it is. */
struct talk_world {
    struct profile_us us;
    struct policy policy;
    struct mls_world mls;
    struct branches_world branches;
};

/* ---- talk_world.c ---- */

/** ERR_REFUSED: we have no account yet. */
enum err talk_world_init(struct talk_world *w, struct chat *c, const struct env *env) MUST_CHECK;
void talk_world_clear(struct talk_world *w);

/** Note the keys of an epoch whose exporter is still there. */
enum err keys_note(struct chat *c, const struct env *env, struct talk *t,
                   const struct mls_group *g) MUST_CHECK;
const struct talk_keys *keys_of(const struct talk *t, const struct eid *eid);
/** The keys that this envelope may be under; NULL: none of ours. */
const struct talk_keys *keys_match(const struct talk *t, struct span envelope);
void keys_expire(struct talk *t, const struct env *env);
void keys_drop(struct talk *t, const struct eid *eid);
void keys_write(struct pack_writer *w, const struct talk *t);
void keys_read(struct pack_reader *r, struct talk *t);

uint64_t week_of(int64_t wall_ns);
/** The bucket of the week at that wall time. */
uint8_t talk_bucket(const struct talk *t, int64_t wall_ns);

/* ---- talk_plan.c ---- */

struct plan { /* one commit to be made */
    struct buf proposals;
    struct evidence_draft evidence;
    struct part *newcomers; /* owned; by account, their spans borrowed from what was found */
    size_t newcomers_count, newcomers_cap;
    struct guest guests[EVIDENCE_REJOINS_MAX]; /* let in again */
    size_t guests_count;
    size_t leaves, leaves_max; /* of the epoch that it makes */
    size_t room;               /* bytes for Adds and their evidence */
    enum profile_role role;    /* of ours, in force */
    uint32_t removed[PLAN_REMOVALS_MAX];
    size_t removed_count;
    bool alone;   /* nobody else is a member: nobody follows it */
    bool changes; /* it is more than an update of our leaf */
    bool more;    /* not all had room: another one follows */
    bool waits;   /* it founds, and somebody is still looked for */
};

void plan_init(struct plan *p);
void plan_clear(struct plan *p);
enum err plan_remove(struct plan *p, uint32_t leaf) MUST_CHECK;
/** Bytes of an envelope that are left for Adds and their evidence. */
size_t plan_room(const struct mls_group *g);
/** What logs oblige us to and what is wished for. */
enum err plan_make(struct chat *c, const struct env *env, struct talk *t,
                   struct plan *p) MUST_CHECK;
/** Who was silent for too long goes as well. */
enum err plan_silent(const struct talk *t, struct plan *p) MUST_CHECK;
/** Take away the wishes that the head fulfils. */
void talk_settle_wishes(struct talk *t);
/** Installations that a conversation of this type may have here. */
size_t talk_leaves_max(const struct talk *t);

/* ---- talk_commit.c ---- */

/** Make a commit to `parent` (mostly the head), send it, invite and answer whom it brings in. */
enum err talk_commit(struct chat *c, const struct env *env, struct talk *t, struct plan *plan,
                     const struct eid *parent) MUST_CHECK;
/** Commit what logs oblige us to, what is wished for, and what healing asks; nothing: no commit. */
enum err talk_reconcile(struct chat *c, const struct env *env, struct talk *t,
                        enum healing_kind why) MUST_CHECK;

/* ---- talk_heal.c ---- */

/** The head is the epoch of `g`. */
enum err talk_heal_epoch(struct chat *c, const struct env *env, struct talk *t,
                         const struct mls_group *g) MUST_CHECK;
/** A log has changed. */
void talk_heal_owe(struct chat *c, const struct env *env, struct talk *t);
/** A proposal came that waits in the head. */
void talk_heal_proposal(const struct env *env, struct talk *t);
/** Does a proposal of that type wait, of that leaf or (NULL) of any? */
bool talk_waits_for(const struct mls_group *g, enum mls_proposal_type type, const uint32_t *leaf);
/** Does the removal wait that somebody proposed, himself or another? */
bool talk_somebody_leaves(const struct talk *t);
enum err talk_heal(struct chat *c, const struct env *env, struct talk *t,
                   enum healing_kind kind) MUST_CHECK;
/** A message follows: what has to go out in front of it. On failure it must not be said yet. */
enum err talk_heal_before(struct chat *c, const struct env *env, struct talk *t) MUST_CHECK;
void talk_heal_tick(struct chat *c, const struct env *env, struct talk *t);
struct mono talk_heal_deadline(const struct chat *c, const struct talk *t);
enum err talk_heal_save(struct chat *c, struct talk *t, struct buf *value) MUST_CHECK;
enum err talk_heal_load(struct chat *c, struct talk *t, struct buf *value) MUST_CHECK;

/* ---- talk_in.c ---- */

enum talk_verdict {
    TALK_NOT_OURS, /* no key of ours opens it */
    TALK_AGAIN,    /* it needs an epoch that is not here yet */
    TALK_LACKS,    /* a commit in it gathers proposals that are not here */
    TALK_TAKEN,
};

/** An envelope of one of our buckets. */
enum talk_verdict talk_received(struct chat *c, const struct env *env, struct talk *t,
                                struct span topic, struct span envelope);

/* ---- talk_out.c ---- */

/** Who speaks from a leaf. */
bool talk_author_at(const struct mls_group *g, uint32_t leaf, struct entry_author *out);
/** Publish frames under the keys of an epoch. `token` 0: nobody waits for the outcome. */
enum err talk_publish(struct chat *c, const struct env *env, struct talk *t, const struct eid *eid,
                      const struct frames *frames, uint64_t token) MUST_CHECK;
/** The same with the acks of epochs that are due: they ride on whatever leaves. `f` gets them. */
enum err talk_send(struct chat *c, const struct env *env, struct talk *t, const struct eid *eid,
                   struct frames *f, uint64_t token) MUST_CHECK;
/** Work in the head: its members, roles, keys. */
enum err talk_adopt(struct chat *c, const struct env *env, struct talk *t) MUST_CHECK;
/** Outputs of the branches and of delivery. */
void talk_pump(struct chat *c, const struct env *env, struct talk *t);

/* ---- talk_anew.c ---- */

/** As talk_begin, of a conversation that we had left or were removed from: what was said stays. */
enum err talk_anew(struct chat *c, const struct env *env, struct talk *t,
                   const struct talk_world *w, struct mls_group *first) MUST_CHECK;

/* ---- talks.c ---- */

/** Begin with the state of the epoch that we made or joined; `first` is taken. */
enum err talk_begin(struct chat *c, const struct env *env, struct talk *t,
                    const struct talk_world *w, struct mls_group *first) MUST_CHECK;
uint64_t members_since(struct talk *t, const struct entry_author *who, uint64_t epoch);
void members_forget(struct talk *t, const struct entry_author *who);
struct mono talk_deadline(const struct talk *t, const struct env *env);
/** We are no member any more. */
void talk_removed(struct chat *c, const struct env *env, struct talk *t);
/** Two conversations of the same two: one stays. */
void talks_pair(struct chat *c, const struct env *env, struct talk *t);

/** By its id. ERR_NOT_FOUND. */
enum err talks_named(const struct chat *c, const struct chat_conversation *id,
                     struct talk **out) MUST_CHECK;
/** Nobody may see that we are there: a request that is not accepted, or who is blocked. */
bool talk_silent(const struct chat *c, const struct talk *t);
enum err talk_deliver(struct chat *c, const struct env *env, struct talk *t) MUST_CHECK;

/* ---- wishing.c ---- */

/** Found a conversation of one, with these group data. */
enum err talk_found(struct chat *c, const struct env *env, const struct profile_data *data,
                    struct talk **out) MUST_CHECK;
enum err wish_append(struct talk *t, const struct wish *wish) MUST_CHECK; /* ERR_FULL */
enum err talk_wish(struct talk *t, const struct env *env, const struct wish *wish) MUST_CHECK;
/** In the step under way: a request is answered with yes; we leave, with all our devices. */
enum err talk_accept(struct chat *c, const struct env *env, struct talk *t) MUST_CHECK;
enum err talk_leave(struct chat *c, const struct env *env, struct talk *t) MUST_CHECK;

/* ---- saying.c ---- */
/** Say it, in the step under way. ERR_REFUSED: left, or a request. */
enum err talk_say(struct chat *c, const struct env *env, struct talk *t,
                  const struct content *content, struct chat_entry_id *out) MUST_CHECK;

/* ---- showing.c ---- */
/** An entry and its content, whose spans are c->row's. As chat_entry. */
enum err entry_content(struct chat *c, const struct chat_conversation *conversation,
                       const struct chat_entry_id *entry, struct chat_entry *out,
                       struct content *k) MUST_CHECK;

/* ---- talk_record.c ---- */
/** The record of a conversation that is not here, from an export: left, readable. ERR_EXISTS. */
enum err talk_restore(struct chat *c, const struct env *env, struct span id,
                      struct span record) MUST_CHECK;

/* ---- entries.c ---- */
/** Read the start of the last line anew, for the list of conversations. */
void talk_show_last(struct chat *c, struct talk *t);
void entry_arrived(struct chat *c, const struct env *env, struct talk *t,
                   const struct entry_place *place);
/** The same of a row that is or will be in the table of entries. `quiet`: nobody is told. */
void entry_row_arrived(struct chat *c, const struct env *env, struct talk *t,
                       const struct entry_place *place, struct span row, bool quiet);
bool entry_stored(struct chat *c, const struct talk *t, const struct entry_id *id);
/** Was it here, and its time is over? */
bool entry_gone(struct chat *c, const struct talk *t, const struct entry_id *id);
void entry_passing(struct chat *c, const struct env *env, struct talk *t,
                   const struct entry_author *who, struct span content);

/* ---- rejoining.c (rejoining.h) ---- */
struct rejoining;
void rejoining_free(struct rejoining *r); /* accepts NULL */
void rejoining_save(struct chat *c, struct talk *t);
enum err rejoining_load(struct chat *c, const struct env *env, struct talk *t) MUST_CHECK;
/** The state that the person sees, as the DAG says. */
void rejoin_pump(struct chat *c, const struct env *env, struct talk *t);
void rejoin_tick(struct chat *c, const struct env *env, struct talk *t);
struct mono rejoin_deadline(const struct talk *t, const struct env *env);

/* ---- rejoin_ask.c ---- */
/** DAG_OUT_REJOIN: ask to be let in. ERR_NOT_FOUND: the keys to ask under are gone. */
enum err rejoin_ask(struct chat *c, const struct env *env, struct talk *t,
                    const struct eid *winner) MUST_CHECK;
/** A part of an answer came. */
enum err rejoin_answered(struct chat *c, const struct env *env, struct talk *t,
                         struct span bytes) MUST_CHECK;
/** A commit to `parent` takes us out of one leaf and into another: that removes nobody. Without a
 * Welcome that we wait for (an old request of ours was sent again) we ask to be let in. */
void rejoin_replaced(struct chat *c, const struct env *env, struct talk *t,
                     const struct eid *parent, const struct evidence *e);
/** Something under our name, or a commit, cannot be opened: MLS_OWN_MESSAGE of a commit,
 * MLS_OWN_AHEAD, MLS_KEY_CONSUMED.
 *
 * @param at      the epoch that it belongs to (in)
 * @param ticket  of the commit; empty: it is none (in)
 */
void rejoin_not_followed(struct chat *c, const struct env *env, struct talk *t,
                         const struct eid *at, struct span ticket, enum err why);

/* ---- rejoin_answer.c ---- */
/** A request came under the keys of `under`. */
enum err rejoin_requested(struct chat *c, const struct env *env, struct talk *t,
                          const struct eid *under, bool door, struct span bytes) MUST_CHECK;
/** A commit of ours lets plan->guests in. */
enum err rejoin_made(struct chat *c, const struct env *env, struct talk *t,
                     const struct branches_made *m, const struct plan *plan) MUST_CHECK;
/** A commit was followed, with this evidence. */
void rejoin_followed(struct chat *c, const struct env *env, struct talk *t,
                     const struct evidence *e, const struct eid *in);
/** The head is another one. */
void rejoin_moved(const struct env *env, struct talk *t);

/* ---- culprits.c ---- */
/** Two tickets, verified, that may prove a double commit. */
void culprit_found(struct chat *c, const struct env *env, struct talk *t, struct span a,
                   struct span b);
bool culprit_is(const struct talk *t, const uint8_t key[32]);
/** Remove those who are in `g`, with the proof. */
enum err culprits_plan(const struct talk *t, const struct mls_group *g, struct plan *p) MUST_CHECK;
