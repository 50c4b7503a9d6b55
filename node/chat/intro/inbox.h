/* The inbox: what strangers may cost us, and which of their invites is followed.
 *
 *     envelope -> card and day -> prekey of ours -> stamp -> never seen -> rate
 *                                                     symmetric so far; now it costs something:
 *              -> decapsulation, signature -> log, with all we know of that account -> blocked?
 *              -> room among those who wait -> GroupInfo's signer -> INBOX_TAKEN
 *
 * Everything that a stranger makes us compute is behind a stamp that is used up by it, and behind a
 * rate for each address; everything that he makes us keep is behind a bound on the accounts that
 * wait for an answer. What is refused for a bound is not forgotten: it is taken when it is read
 * from a store again (struct inbox_result says so with `again`).
 *
 * An account without consent is followed in silence: taken.asks says that nobody may be told, by
 * acknowledgement or receipt, until the person has accepted.
 *
 * To be stored: inbox_save after every inbox_receive that `changed` and after inbox_answered, in
 * one transaction with what was taken. Pure; keys, logs, consent and MLS are asked of a world.
 *
 * Bounds: params.h. @source CHAT.md 3; docs/protocol/intro.md
 */
#pragma once

#include "crypto/base/env.h"
#include "node/chat/intro/invite.h"

struct inbox;

enum err inbox_new(struct inbox **out) MUST_CHECK; /* OK; ERR_MEMORY */
void inbox_free(struct inbox *in);                 /* accepts NULL */

enum inbox_consent {
    INBOX_CONSENT_NONE,
    INBOX_CONSENT_GIVEN,
    INBOX_CONSENT_BLOCKED
};

struct inbox_prekey {
    struct span secret; /* PREKEY_SECRET_BYTES, borrowed during the call */
    unsigned bits;      /* of the stamp that its part asked for */
};

struct inbox_group {                      /* what joining by a Welcome showed */
    uint8_t signer[ED25519_PUBLIC_BYTES]; /* installation that signed the GroupInfo */
};

/* What the inbox asks. All hooks are set. */
struct inbox_world {
    void *ctx;
    /** The prekey of that name; false: not ours, or it has died. */
    bool (*prekey)(void *ctx, const uint8_t id[PREKEY_ID_BYTES], struct inbox_prekey *out);
    /** What we know of an account; NULL: nothing. Borrowed during the call. */
    const struct identity_log *(*known)(void *ctx, const uint8_t account[ACCOUNT_ID_BYTES]);
    enum inbox_consent (*consent)(void *ctx, const uint8_t account[ACCOUNT_ID_BYTES]);
    /** Join by the invite's Welcome, on trial, with the key package beside that prekey. `log` is
     * the inviter's, verified. OK; ERR_EXISTS or MLS_GROUP_EXISTS we are in that group; ERR_MORE
     * its Welcome has yet to be fetched; others: no Welcome for us. */
    enum err (*join)(void *ctx, const struct invite *invite, const struct identity_log *log,
                     const uint8_t prekey_id[PREKEY_ID_BYTES], struct inbox_group *out);
};

enum inbox_verdict {
    INBOX_TAKEN,
    INBOX_NOT_OURS, /* no envelope under this card, no invite, or for no prekey of ours */
    INBOX_MALFORMED,
    INBOX_NEWER_VERSION, /* the person should be told that somebody uses a newer version */
    INBOX_STAMP_SHORT,   /* less work than the prekey's part asked for */
    INBOX_STAMP_USED,
    INBOX_TOO_FAST,        /* over the rate of this address: again */
    INBOX_NOT_SEALED,      /* not sealed or signed for this account and prekey */
    INBOX_WRONG_DAY,       /* the day it was signed for is not that of the envelope */
    INBOX_BAD_LOG,         /* the inviter's log does not hold */
    INBOX_NOT_INSTALLED,   /* its installation is none of the account, by all we know: or revoked */
    INBOX_NOBODY_TO_TRUST, /* the account has ended, moved, or its log is frozen */
    INBOX_BLOCKED,
    INBOX_REPLAYED,       /* the same invite, taken before */
    INBOX_TOO_MANY_ASK,   /* no room among those who wait for an answer: again */
    INBOX_SIGNER_DIFFERS, /* who welcomes us is not who invites us */
    INBOX_GROUP_AGAIN,    /* we are in that group */
    INBOX_WAITS,          /* its Welcome has yet to be fetched: again, when it is here */
    INBOX_NO_WELCOME,     /* the Welcome does not lead into a group */
    INBOX_FAILED,         /* on our side: `err`; again */
    INBOX_VERDICTS
};

/** One English clause. Static storage. */
const char *inbox_verdict_text(enum inbox_verdict v);

struct inbox_result {
    enum inbox_verdict verdict;
    enum err err;
    bool again;   /* nothing was kept of it: to be read from a store once more, later */
    bool changed; /* inbox_save */
    /* INBOX_TAKEN: */
    struct invite invite; /* points into keep */
    struct buf keep;
    struct identity_log *log; /* the inviter's, with what we knew merged in; owned */
    uint8_t hash[32];
    uint8_t prekey_id[PREKEY_ID_BYTES];
    struct inbox_group group;
    bool asks; /* no consent yet: to be followed in silence */
};

void inbox_result_clear(struct inbox_result *r);

struct inbox_address {
    const struct card *card;
    unsigned number; /* below INBOX_ADDRESSES_MAX: whose rate counts */
};

/** An envelope came in the bucket of one of our addresses, from anybody.
 *
 * @param out  clear it, whatever the verdict (out)
 */
void inbox_receive(struct inbox *in, const struct env *env, const struct inbox_world *world,
                   const struct inbox_address *address, struct span envelope,
                   struct inbox_result *out);

/** The person has accepted or blocked an account, or the request was dropped: its place is free. */
void inbox_answered(struct inbox *in, const uint8_t account[ACCOUNT_ID_BYTES]);

/** Accounts that wait for an answer. */
size_t inbox_asking(const struct inbox *in);

/** Append the record: [24, 1, stamps, invites, [[account, invites], ...], extensions]; stamps and
 * invites are rows of day (4 bytes) and the first 16 bytes of a hash. ERR_FULL; ERR_MEMORY. */
enum err inbox_save(const struct inbox *in, struct buf *out) MUST_CHECK;

/** OK; ERR_CORRUPT; ERR_UNSUPPORTED; ERR_MEMORY. */
enum err inbox_load(struct span record, struct inbox **out) MUST_CHECK;
