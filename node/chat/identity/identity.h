/* An account: a hash-chained log of signed events that certifies itself. No server, no chain of
 * blocks, no directory: whoever has the log can check it, and its name is the hash of its
 * beginning.
 *
 *     inception -> install_add, install_revoke, rotate_root, checkpoint ... -> tombstone or move
 *                  recover (by the key that is on no device) at any place
 *
 * In:  encoded events and logs, foreign or our own. Out: the state they add up to, or which branch
 * of two holds. Pure: no clock (an event's time is for people), no randomness, no file.
 *
 * Bytes of an event, packed (crypto/pack):
 *
 *     [type, version 1, seq, prev 32, time_s, body, signatures, extensions]
 *
 * body is an array whose fields the type's row in event.c names; signatures are an array of 64-byte
 * Ed25519 signatures, one for each signer of that row. Signed under "sotto/1/identity/event" is
 * account id (zeros in an inception) || the same array without signatures. The event's hash, which
 * the next event repeats as prev, is that of the same bytes under "sotto/1/identity/previous", so a
 * signature made anew does not fork a log. account id: the inception's bytes under
 * "sotto/1/identity/account-id".
 *
 * A log as sent: an array of events: inception, all rotations and recoveries before the last
 * checkpoint, that checkpoint, and everything after it.
 *
 * Bounds: params.h. @source CHAT.md 2, which docs/protocol.md supersedes
 */
#pragma once

#include "crypto/base/buf.h"
#include "crypto/keyring/keyring.h"
#include "crypto/pack/pack.h"
#include "node/chat/envelope/params.h"

#define ACCOUNT_ID_BYTES 32u
#define ACCOUNT_TEXT_MAX 65u /* chars with NUL: "sotto1", 52 of data, 6 of checksum */

enum identity_type { /* numbers on the wire */
    IDENTITY_INCEPTION = 1,
    IDENTITY_INSTALL_ADD = 2,
    IDENTITY_INSTALL_REVOKE = 3,
    IDENTITY_ROTATE_ROOT = 4,
    IDENTITY_RECOVER = 5,
    IDENTITY_TOMBSTONE = 6,
    IDENTITY_MOVE = 7,
    IDENTITY_CHECKPOINT = 8,
};

enum identity_reason { /* why an installation was revoked; others are shown as UNSPECIFIED */
    IDENTITY_REASON_UNSPECIFIED = 0,
    IDENTITY_REASON_RETIRED = 1,
    IDENTITY_REASON_LOST = 2,
    IDENTITY_REASON_STOLEN = 3,
};

struct installation {
    uint8_t key[ED25519_PUBLIC_BYTES];
    uint64_t capabilities; /* bits, docs/protocol.md */
};

struct installations {
    struct installation list[IDENTITY_INSTALLATIONS_MAX]; /* in order of their keys' bytes */
    size_t count;
};

struct identity_event {
    enum identity_type type;
    uint64_t seq;
    uint8_t prev[32];
    uint64_t time_s; /* since 1970, by the signer's clock */
    /* the body: which of these it has is the type's row */
    uint8_t root[32], next_root[32];        /* the root key; the hash of the one after */
    uint8_t recovery_key[32], recovery[32]; /* revealed; the hash of the next */
    uint8_t installation[32], moved_to[32]; /* moved_to: an account id */
    uint64_t policy, capabilities, reason;
    struct installations installations;
    uint8_t signatures[2][64];
    struct pack_extensions extensions; /* bytes borrowed */
};

/** Decode one event.
 *
 * @return OK; ERR_FORMAT; ERR_LIMIT over IDENTITY_EVENT_BYTES_MAX; ERR_UNSUPPORTED a later version,
 *         an unknown type or critical extension: "needs a newer version"
 */
enum err identity_event_decode(struct span in, struct identity_event *out) MUST_CHECK;

/** Append an event with its signatures. ERR_LIMIT too large; ERR_FULL; ERR_MEMORY. */
enum err identity_event_encode(const struct identity_event *e, struct buf *out) MUST_CHECK;

/** The hash that the next event repeats. ERR_LIMIT too large; ERR_MEMORY. */
enum err identity_event_hash(const struct identity_event *e, const uint8_t account[32],
                             uint8_t out[32]) MUST_CHECK;

/** The account that an inception begins. ERR_LIMIT; ERR_MEMORY. */
enum err identity_account_of(const struct identity_event *inception, uint8_t out[32]) MUST_CHECK;

enum identity_signer {
    IDENTITY_SIGNER_NONE,
    IDENTITY_SIGNER_ROOT, /* the root in force after the event */
    IDENTITY_SIGNER_INSTALLATION,
    IDENTITY_SIGNER_RECOVERY,
};

/** Who signs events of a type: two, NONE for none. */
const enum identity_signer *identity_signers(enum identity_type type);

/** Put the signature of one signer into an event. ERR_ARGUMENT that type is not signed by it; else
 * as keyring_sign_label. */
enum err identity_event_sign(struct identity_event *e, const uint8_t account[32],
                             enum identity_signer who, const struct keyring_key *key) MUST_CHECK;

/** Verify all signatures of an event, the root's under `root`. OK; ERR_AUTH; ERR_LIMIT;
 * ERR_MEMORY. */
enum err identity_event_verify(const struct identity_event *e, const uint8_t account[32],
                               const uint8_t root[32]) MUST_CHECK;

/* ---- what a log adds up to ---- */

enum identity_status {
    IDENTITY_ALIVE,
    IDENTITY_ENDED,  /* tombstone */
    IDENTITY_MOVED,  /* to moved_to */
    IDENTITY_FROZEN, /* two branches of equal right: as before the fork, until one ends it */
    IDENTITY_LOST,   /* two recoveries at one place: frozen for ever */
};

struct identity {
    uint8_t account[ACCOUNT_ID_BYTES];
    uint64_t seq; /* of the last event */
    uint8_t head[32];
    uint64_t time_s;
    uint8_t root[32], next_root[32], recovery[32], moved_to[32];
    uint64_t policy;
    unsigned rotations; /* of the root, recoveries included: which key of the 24 words is next */
    struct installations installations;
    enum identity_status status;
};

/** Apply one event to the state before it (NULL: it is an inception), signatures included.
 *
 * @return OK; ERR_PROTOCOL not the next event, or not allowed in this state; ERR_AUTH a signature,
 *         or a key that was not committed to; ERR_LIMIT too many installations
 */
enum err identity_apply(const struct identity *before, const struct identity_event *e,
                        struct identity *after) MUST_CHECK;

/** The same for a log as sent, in which events before its checkpoint are left out: only an event
 * that changes keys may come after a gap, and until a checkpoint the state
 * knows keys but no installations. */
enum err identity_apply_after_gap(const struct identity *before, const struct identity_event *e,
                                  struct identity *after) MUST_CHECK;

/** Is this installation active? Its capabilities through `out` (may be NULL). */
bool identity_has(const struct identity *id, const uint8_t key[32], struct installation *out);

/** The account as people see it: bech32m under "sotto". */
void identity_text(const uint8_t account[32], char out[ACCOUNT_TEXT_MAX]);

/** ERR_FORMAT; ERR_UNSUPPORTED another prefix. */
enum err identity_parse(struct span text, uint8_t account[32]) MUST_CHECK;

/** The number two people compare: 60 digits in groups of five, over both accounts and heads, the
 * same in either order.
 *
 * @param out  72 chars (out)
 */
void identity_safety_number(const struct identity *a, const struct identity *b, char out[72]);

/* ---- logs ---- */

struct identity_log;

/** Read a log as sent, all of it verified.
 *
 * @return OK; the codes of decoding and applying; ERR_PROTOCOL a gap that no checkpoint closes
 */
enum err identity_log_read(struct span in, struct identity_log **out) MUST_CHECK;

void identity_log_free(struct identity_log *log); /* accepts NULL */

const struct identity *identity_log_now(const struct identity_log *log);

/** A log without events, to which an inception can be appended. ERR_MEMORY. */
enum err identity_log_new(struct identity_log **out) MUST_CHECK;

struct identity_keys { /* handles with KEYRING_MAY_SIGN_LABEL; NULL: not at hand */
    const struct keyring_key *root, *installation, *recovery;
};

/** Make the next event: fill in number, predecessor and signatures of `e`, append it.
 *
 * A log that is frozen takes a rotate_root or recover at the place of the fork; our own events from
 * there on are then void.
 *
 * @return OK; ERR_ARGUMENT a signer's key is not at hand; the codes of applying
 */
enum err identity_log_make(struct identity_log *log, struct identity_event *e,
                           const struct identity_keys *keys) MUST_CHECK;

/** What an event says of a key that it does not show yet. @param label LABEL_IDENTITY_NEXT_ROOT or
 * LABEL_IDENTITY_RECOVERY */
void identity_promise(enum label label, const uint8_t key[32], uint8_t out[32]);

/** Key number `n` of the 24 words, as a seed that the caller wipes: the root after n rotations (n
 * from 1), or the recovery key after them (n from 0).
 *
 * @param words  a handle with KEYRING_MAY_DERIVE (in)
 * @param label  LABEL_WORDS_NEXT_ROOT or LABEL_WORDS_RECOVERY (in)
 * @return OK; ERR_REFUSED
 */
enum err identity_words_key(const struct keyring_key *words, enum label label, uint32_t n,
                            uint8_t seed[32]) MUST_CHECK;

/** Append the next event, as encoded. The log is unchanged on failure. */
enum err identity_log_append(struct identity_log *log, struct span event) MUST_CHECK;

/** Write the log as it is sent. ERR_LIMIT over IDENTITY_SENT_BYTES_MAX. */
enum err identity_log_write(const struct identity_log *log, struct buf *out) MUST_CHECK;

/** Does the keeper owe a checkpoint before its next event? */
bool identity_log_wants_checkpoint(const struct identity_log *log);

/** The event of that number as encoded; empty: not known. Borrowed until the log changes. */
struct span identity_log_event(const struct identity_log *log, uint64_t seq);

/** Is a fork of equal right undecided? Its place and right are not in the log as sent: who stores
 * one stores them beside it. */
bool identity_log_frozen(const struct identity_log *log, uint64_t *seq, uint64_t *right);
/** Take them back; harmless when the log has been decided meanwhile. */
void identity_log_freeze(struct identity_log *log, uint64_t seq, uint64_t right);

/* ---- two logs of one account ---- */

enum identity_verdict {
    IDENTITY_SAME,     /* nothing new */
    IDENTITY_OLDER,    /* theirs is an earlier form of ours */
    IDENTITY_EXTENDED, /* ours continues in theirs: taken over */
    IDENTITY_REPLACED, /* a fork, and theirs has the better right: taken over, ours is void */
    IDENTITY_KEPT,     /* a fork, and ours has the better right */
    IDENTITY_FORKED,   /* a fork of equal right: ours is frozen (or lost) */
};

struct identity_fork {
    uint64_t seq;            /* first number at which the two differ */
    struct buf ours, theirs; /* the two events, if both are known: proof of equivocation */
};

void identity_fork_clear(struct identity_fork *f);

/** Learn another form of an account's log.
 *
 * At a fork the branch wins whose events from there on hold a recover, else the one with a
 * rotate_root; else the root key has signed twice, and trust stays where it was before.
 *
 * @param fork  filled for REPLACED, KEPT and FORKED; clear it (out)
 * @return OK; ERR_ARGUMENT another account; ERR_MEMORY; ours is unchanged on failure
 * @source CHAT.md 2
 */
enum err identity_log_merge(struct identity_log *ours, const struct identity_log *theirs,
                            enum identity_verdict *verdict, struct identity_fork *fork) MUST_CHECK;
