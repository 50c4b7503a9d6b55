/* What conversations add to MLS in MLS's own places, as bytes: who a leaf is, what a group is.
 *
 *     credential (basic)        [48, 1, account 32, installation key 32, seq, head 32, extensions]
 *     group data (extension     [49, 1, type, name, policy, [[account 32, role], ...], extensions]
 *       0xF0A0 of the context)
 *     heads (authenticated      [51, 1, seq, head 32, extensions]
 *       data of messages)
 *
 * Roles stand in order of their accounts. A direct/1 and a self/1 list the accounts that they are
 * between, two or one, with role 0, and never change; a group/1 and crowd/1 list those who are more
 * than members, with at least one owner.
 *
 * Pure. @source CHAT.md 4, docs/protocol/conversations.md
 */
#pragma once

#include "crypto/mls/mls.h"
#include "crypto/pack/pack.h"
#include "node/chat/commits/ticket.h"
#include "node/chat/identity/identity.h"

#define PROFILE_EXTENSION   0xF0A0u /* type of our group context extension; private use */
#define PROFILE_LAST_RESORT 0x000Au /* of key packages, RFC 9420 17.3 */

enum profile_object { /* first number of an object */
    PROFILE_OBJECT_CREDENTIAL = 48,
    PROFILE_OBJECT_DATA = 49,
    PROFILE_OBJECT_EVIDENCE = 50,
    PROFILE_OBJECT_HEADS = 51,
    PROFILE_OBJECT_WELCOME = 52,
    PROFILE_OBJECT_PAIR_OFFER = 53,
    PROFILE_OBJECT_PAIR_PROPOSAL = 54,
    PROFILE_OBJECT_STATE = 55, /* at rest */
    PROFILE_OBJECT_PAIR_REPLY = 56,
    PROFILE_OBJECT_PAIR_FINISH = 57,
    PROFILE_OBJECT_HANDOVER = 58,
    PROFILE_OBJECT_WELCOME_REF = 59,
    PROFILE_OBJECT_DECISIONS = 60,
};

struct profile_credential {
    uint8_t account[ACCOUNT_ID_BYTES];
    uint8_t key[ED25519_PUBLIC_BYTES]; /* the installation's; also the leaf's signature key */
    uint64_t seq;                      /* where the account's log stood, by this installation */
    uint8_t head[32];
};

/** OK; ERR_FORMAT; ERR_UNSUPPORTED "needs a newer version". */
enum err profile_credential_decode(struct span in, struct profile_credential *out) MUST_CHECK;
enum err profile_credential_encode(const struct profile_credential *c, struct buf *out) MUST_CHECK;

/** The credential of a leaf node. ERR_FORMAT also when it is no basic one, or names another key
 * than the leaf. */
enum err profile_credential_of(const struct mls_leaf_node *leaf,
                               struct profile_credential *out) MUST_CHECK;

enum profile_type { /* numbers on the wire; chat.h has the same */
    PROFILE_DIRECT = 1,
    PROFILE_GROUP = 2,
    PROFILE_CROWD = 3,
    PROFILE_SELF = 4,
};

enum profile_role {
    PROFILE_MEMBER = 0,
    PROFILE_ADMIN = 1,
    PROFILE_OWNER = 2,
};

enum profile_policy {             /* bits */
    PROFILE_MEMBERS_ADD = 1,      /* every member may add accounts */
    PROFILE_MEMBERS_NAME = 2,     /* every member may change the name */
    PROFILE_POLICY_KNOWN = 1 | 2, /* others are kept and have no meaning here */
};

/* what a type is: one row each, in profile_data.c */
struct profile_rules {
    enum profile_type type;
    uint16_t suite;
    uint32_t leaves_max, accounts_max;
    bool roles;         /* group data lists roles; else the accounts it is between */
    bool post_quantum;  /* what is said at creation */
    uint32_t heal_days; /* an update at the latest after so long online */
};

/** NULL: no such type. */
const struct profile_rules *profile_rules(uint64_t type);

struct profile_role_entry {
    uint8_t account[ACCOUNT_ID_BYTES];
    enum profile_role role;
};

struct profile_data {
    enum profile_type type;
    uint8_t name[PROFILE_NAME_BYTES_MAX]; /* UTF-8 */
    size_t name_len;
    uint64_t policy; /* bits */
    struct profile_role_entry roles[PROFILE_ROLES_MAX];
    size_t roles_count;
    uint8_t extra[PROFILE_EXTRA_BYTES_MAX]; /* its extension array, kept as it stands */
    size_t extra_len;                       /* 0: an empty array */
};

/** Find it in the extensions of a group context.
 *
 * @return OK; ERR_NOT_FOUND the extension is not there; ERR_FORMAT; ERR_LIMIT; ERR_UNSUPPORTED an
 *         unknown type, a later version, or a critical extension
 */
enum err profile_data_find(struct span extensions, struct profile_data *out) MUST_CHECK;
enum err profile_data_decode(struct span in, struct profile_data *out) MUST_CHECK;

/** Append the extension list that holds it and nothing else. ERR_ARGUMENT: not well formed. */
enum err profile_data_extensions(const struct profile_data *d, struct buf *out) MUST_CHECK;
enum err profile_data_encode(const struct profile_data *d, struct buf *out) MUST_CHECK;

/** The role that is listed for an account; PROFILE_MEMBER when none is. */
enum profile_role profile_data_role(const struct profile_data *d, const uint8_t account[32]);

/** Is the account on the list, with whatever role? */
bool profile_data_lists(const struct profile_data *d, const uint8_t account[32]);

/** Set or take away (PROFILE_MEMBER, in types with roles) a role. ERR_FULL. */
enum err profile_data_set_role(struct profile_data *d, const uint8_t account[32],
                               enum profile_role role) MUST_CHECK;

bool profile_data_same(const struct profile_data *a, const struct profile_data *b);

struct profile_heads {
    uint64_t seq;
    uint8_t head[32];
};

enum err profile_heads_decode(struct span in, struct profile_heads *out) MUST_CHECK;
enum err profile_heads_encode(const struct profile_heads *h, struct buf *out) MUST_CHECK;

/* ---- for all objects of profile_object ---- */

/** Open [type, 1, `fields` fields, extensions] and stand at the first field. */
enum err profile_open(struct span in, enum profile_object type, size_t fields,
                      struct pack_reader *r) MUST_CHECK;

/** Read the extensions and the end; a critical one is ERR_UNSUPPORTED. */
enum err profile_close(struct pack_reader *r) MUST_CHECK;

/** Begin writing such an object; end it with profile_end. */
struct pack_writer profile_begin(struct buf *out, enum profile_object type, size_t fields);
enum err profile_end(struct pack_writer *w) MUST_CHECK;
