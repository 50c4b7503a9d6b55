/* Is a commit valid? A function of the parent's state, the commit, and the evidence in it; of
 * nothing else, or members would part over what each of them has heard.
 *
 *     message -> policy_expect (its evidence) -> mls_receive, branches_follow --hooks--> verdict
 *     evidence -> policy_making               -> mls_commit, branches_commit  --hooks--> verdict
 *
 * Who may do what (roles are those in force, see policy_role):
 *
 *     add a device of one's own account    everybody; its log, carried along, has the key
 *     add a device of another account      direct, self: everybody, of the accounts listed;
 *                                          group, crowd: admins, or all by PROFILE_MEMBERS_ADD;
 *                                          everybody, when by evidence all its leaves go with it
 *     remove a device of one's own account everybody (so do leaving, and the removal of a revoked)
 *     remove a device by evidence          everybody: the log no longer has the key, or two tickets
 *     remove a device, the account stays   direct, self: everybody; group, crowd: admins (silence)
 *     remove an account                    group, crowd: admins those below them; its role goes
 *                                          in the same commit
 *     remove and add one's own key         everybody, with that installation's rejoin request
 *     change the name                      group, crowd: admins, or all by PROFILE_MEMBERS_NAME
 *     change roles and policy              owners; everybody may lower himself
 *     update the own leaf                  everybody; a changed credential needs its log
 *
 * A proposal that was sent ahead is judged by the right of its sender; an Update sent ahead keeps
 * its credential. While a group has one member only, no evidence is needed: nobody follows that
 * commit, and who joins checks everything (profile_joined).
 *
 * Learning of a revocation never makes a commit invalid: it obliges (healing.h).
 *
 * Pure. @source CHAT.md 4, 5.2; docs/protocol/conversations.md
 */
#pragma once

#include "node/chat/commits/dag.h"
#include "node/chat/profile/evidence.h"

#define POLICY_WHY_TABLE(X)                                                                        \
    X(POLICY_FINE, "fine")                                                                         \
    X(POLICY_OUTSIDER, "somebody outside proposes or joins by himself")                            \
    X(POLICY_CREDENTIAL, "a credential is malformed or names another key than its leaf")           \
    X(POLICY_CREDENTIAL_CHANGED, "a leaf takes another account, or goes back in its log")          \
    X(POLICY_PROPOSAL_TYPE, "a proposal of a kind that conversations do not have")                 \
    X(POLICY_DATA, "the group data are missing or malformed")                                      \
    X(POLICY_EVIDENCE, "the evidence is malformed or proves nothing")                              \
    X(POLICY_NO_LOG, "the log of an account that is needed is not there")                          \
    X(POLICY_OLD_LOG, "a log ends before what is known of the account")                            \
    X(POLICY_NOT_ACTIVE, "the log does not have this installation")                                \
    X(POLICY_NOT_LISTED, "the account is none of those this conversation is between")              \
    X(POLICY_MAY_NOT_ADD, "adding devices of others needs an admin")                               \
    X(POLICY_MAY_NOT_REMOVE, "no role, log or proof allows this removal")                          \
    X(POLICY_ROLE_STAYS, "a removed account keeps its role")                                       \
    X(POLICY_MAY_NOT_NAME, "changing the name needs an admin")                                     \
    X(POLICY_MAY_NOT_RULE, "changing roles and policy needs an owner")                             \
    X(POLICY_TYPE, "a conversation cannot change its type")                                        \
    X(POLICY_EXTENSIONS, "the group context has other extensions than ours")                       \
    X(POLICY_TOO_MANY_OF_ACCOUNT, "more than ten installations of an account")                     \
    X(POLICY_TOO_MANY, "more installations than the type holds: continue as crowd/1")              \
    X(POLICY_SUITE, "another cipher suite than the type has")                                      \
    X(POLICY_NEWER, "evidence or group data of a newer version")

enum policy_why {
#define X(name, text) name,
    POLICY_WHY_TABLE(X)
#undef X
    POLICY_WHY_COUNT
};

/** One clause; static storage. */
const char *policy_text(enum policy_why why);

struct policy_verdict {
    enum policy_why why; /* the first rule that was broken */
    enum commit_class cls;
    enum profile_role role; /* of the committer; 0 in types without roles */
    bool removes;           /* somebody is removed, for good: a new address secret (profile.h) */
    bool rejoins;           /* a leaf is replaced on request: shown to all */
    bool replaces_us;       /* ours is: we are beaten, not removed */
    uint64_t week;          /* of the evidence; 0: none */
};

/* The context of the hooks: one for a call into MLS. About 6 KiB. */
struct policy {
    struct evidence evidence;
    struct policy_verdict verdict;
    bool making;
};

void policy_init(struct policy *p);
void policy_clear(struct policy *p);

/** A message is going to be received: take the evidence out of it. Messages that are no commit have
 * none. `message` must outlive the call into MLS.
 *
 * @return OK; ERR_REFUSED with POLICY_EVIDENCE; ERR_MEMORY; codes of mls_message_decode
 */
enum err policy_expect(struct policy *p, struct span message) MUST_CHECK;

/** A commit of ours is going to be made with this evidence as its authenticated data. */
enum err policy_making(struct policy *p, struct span evidence) MUST_CHECK;

/* For struct mls_world, ctx: struct policy. ERR_REFUSED: p->verdict.why says which rule. */
enum err policy_credential(void *ctx, const struct mls_claim *claim) MUST_CHECK;
enum err policy_proposal(void *ctx, const struct mls_group *g,
                         const struct mls_listed *proposal) MUST_CHECK;
enum err policy_commit(void *ctx, const struct mls_commit_view *view) MUST_CHECK;

/* For struct branches_world, ctx: struct policy, or NULL for voters. */
void policy_judged(void *ctx, enum commit_class *cls, uint32_t *role);
size_t policy_voters(void *ctx, const struct mls_group *g, struct dag_voter *out);

/** The role of an account that is in force: the listed one, but those who have the highest role of
 * all accounts present are owners, so that a group whose owner left is not without one. */
enum profile_role policy_role(const struct profile_data *data, const struct mls_tree *tree,
                              const uint8_t account[32]);

/** The credential of a leaf. ERR_NOT_FOUND blank; ERR_FORMAT. */
enum err policy_member(const struct mls_tree *tree, uint32_t leaf,
                       struct profile_credential *out) MUST_CHECK;

/** The leaves of an account, rising; returns how many, of which at most `max` are written. */
size_t policy_leaves(const struct mls_tree *tree, const uint8_t account[32], uint32_t *out,
                     size_t max);
