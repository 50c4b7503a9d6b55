/* Bundles: what an account lays out so that somebody with its card can write first, while nobody of
 * it is online.
 *
 *     bundle  [17, 1, log, [part, ...], extensions]
 *     part    [18, 1, account 32, seq, head 32, installation 32, issued_s, expiry_s, prekey 1216,
 *              key package, policy, stamp bits, signature 64, extensions]
 *
 * log is the whole log as it is sent (identity.h). One part belongs to one installation, which
 * signs it under "sotto/1/intro/part": the same array without the signature. seq and head name the
 * state of the log that it knew. prekey is an X-Wing key that an invite is sealed to; the key
 * package is MLS's, of last resort: both serve every stranger of a day, so that fetching or using
 * them changes nothing that anybody could see.
 *
 * Extension 1 of a part, not critical: a key package for crowds, whose suite is another.
 *
 * An installation publishes the log with its own part. Readers put together what they find
 * (found.h).
 *
 * Pure. Bounds: params.h. @source CHAT.md 3; docs/protocol/intro.md
 */
#pragma once

#include "crypto/keyring/keyring.h"
#include "node/chat/identity/identity.h"
#include "node/chat/intro/intro.h"

enum intro_policy {          /* who may write first; numbers on the wire */
    INTRO_POLICY_OPEN = 1,   /* whoever pays the stamp */
    INTRO_POLICY_LINKS = 2,  /* holders of a private link, with a stamp */
    INTRO_POLICY_GROUPS = 3, /* who is in a group with it, or holds a private link; with a stamp */
};

#define PART_CROWD_PACKAGE 1u /* extension */

struct part {
    uint8_t account[ACCOUNT_ID_BYTES];
    uint64_t seq; /* of the last event that the installation knew */
    uint8_t head[32];
    uint8_t installation[ED25519_PUBLIC_BYTES];
    uint64_t issued_s, expiry_s; /* since 1970 */
    uint8_t prekey[PREKEY_BYTES];
    struct span key_package; /* borrowed */
    uint64_t policy;         /* enum intro_policy; later ones are shown as refusing strangers */
    unsigned bits;           /* of the stamp of an invite, 0..STAMP_BITS_MAX */
    uint8_t signature[64];
    struct pack_extensions extensions; /* bytes borrowed */
};

struct bundle {
    struct span log; /* borrowed */
    struct span parts[BUNDLE_PARTS_MAX];
    size_t count; /* 0: an account that has nobody to write to, but a log to show */
    struct pack_extensions extensions;
};

/** OK; ERR_FORMAT; ERR_LIMIT; ERR_UNSUPPORTED a later version or a critical extension. A part that
 * lives for longer than PART_LIFE_S is ERR_FORMAT. */
enum err part_decode(struct span in, struct part *out) MUST_CHECK;
enum err bundle_decode(struct span in, struct bundle *out) MUST_CHECK;

/** Append. ERR_LIMIT over PART_BYTES_MAX or BUNDLE_BYTES_MAX; ERR_FULL; ERR_MEMORY. */
enum err part_encode(const struct part *p, struct buf *out) MUST_CHECK;
enum err bundle_encode(const struct bundle *b, struct buf *out) MUST_CHECK;

/** Fill in `installation` and `signature`. As keyring_sign_label; ERR_MEMORY. */
enum err part_sign(struct part *p, const struct keyring_key *key) MUST_CHECK;

/** Does its installation sign it? OK; ERR_AUTH; ERR_MEMORY. */
enum err part_verify(const struct part *p) MUST_CHECK;

/** The name of a prekey. */
void prekey_id(const uint8_t prekey[PREKEY_BYTES], uint8_t out[PREKEY_ID_BYTES]);

enum part_verdict {
    PART_GOOD,
    PART_OTHER_ACCOUNT,
    PART_EXPIRED,
    PART_EARLY,          /* issued over PART_SKEW_S in the future */
    PART_REVOKED,        /* its installation is not (or no longer) one of the account */
    PART_OUTDATED,       /* its installation did not know of the last revocation */
    PART_OTHER_BRANCH,   /* it knew a log that is not this one, or one that goes on further */
    PART_NOBODY_TO_TRUST /* the account has ended, moved, or its log is frozen */
};

/** May this part, verified, be written to, by all that the log says?
 *
 * Where the log as sent has a gap behind the state that the part names, nobody knows whether there
 * was a revocation in it: PART_OUTDATED, until the installation has published again.
 *
 * @param now_s  wall time (in)
 */
enum part_verdict part_judge(const struct part *p, const struct identity_log *log, uint64_t now_s);
