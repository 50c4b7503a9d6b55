/* Domain separation: ONE table of every label that sotto hashes, derives or signs under.
 *
 * A label is "sotto/1/<layer>/<purpose>" and has one use. What goes into a primitive starts with
 * one byte that holds the label's length, then the label:
 *
 *     hash     SHA-256(len || label || parts)
 *     derive   HKDF-SHA256-Expand(secret, len || label || u16 length of context || context)
 *     sign     Ed25519 over len || label || SHA-256(body)
 *     export   the label as it stands, for the MLS exporter
 *
 * All labels are distinct and none begins another, so no input of one purpose is an input of
 * another; and no signed input is an MLS SignContent, which has "MLS 1.0 " where ours have
 * "sotto/1/" (tests/unit/crypto/prim/test_labels.c holds both). A new purpose is a new line here.
 */
#pragma once

#include "crypto/prim/sign.h"

#define LABEL_BYTES_MAX  48u                                   /* longest label */
#define LABEL_SIGNED_MAX (1u + LABEL_BYTES_MAX + SHA256_BYTES) /* longest signed input */

enum label_use {
    LABEL_HASH,
    LABEL_DERIVE,
    LABEL_SIGN,
    LABEL_EXPORT
};

#define LABEL_TABLE(X)                                                                             \
    /* the log that is an account */                                                               \
    X(LABEL_IDENTITY_EVENT, LABEL_SIGN, "identity/event")                                          \
    X(LABEL_IDENTITY_EVENT_HASH, LABEL_HASH, "identity/previous")                                  \
    X(LABEL_IDENTITY_ACCOUNT, LABEL_HASH, "identity/account-id")                                   \
    X(LABEL_IDENTITY_NEXT_ROOT, LABEL_HASH, "identity/next-root")                                  \
    X(LABEL_IDENTITY_RECOVERY, LABEL_HASH, "identity/recovery-key")                                \
    X(LABEL_IDENTITY_SAFETY, LABEL_HASH, "identity/safety-number")                                 \
    X(LABEL_IDENTITY_EQUIVOCATION, LABEL_SIGN, "identity/equivocation")                            \
    /* the 24 words */                                                                             \
    X(LABEL_WORDS_NEXT_ROOT, LABEL_DERIVE, "words/next-root")                                      \
    X(LABEL_WORDS_RECOVERY, LABEL_DERIVE, "words/recovery-key")                                    \
    X(LABEL_WORDS_CARD, LABEL_DERIVE, "words/card")                                                \
    /* being found, first contact */                                                               \
    X(LABEL_INTRO_HEADER, LABEL_DERIVE, "intro/header-key")                                        \
    X(LABEL_INTRO_BUNDLE_KEY, LABEL_DERIVE, "intro/bundle-key")                                    \
    X(LABEL_INTRO_BUCKET, LABEL_DERIVE, "intro/bucket")                                            \
    X(LABEL_INTRO_PART, LABEL_SIGN, "intro/part")                                                  \
    X(LABEL_INTRO_PREKEY, LABEL_HASH, "intro/prekey-id")                                           \
    X(LABEL_INTRO_INVITE, LABEL_SIGN, "intro/invite")                                              \
    X(LABEL_INTRO_INVITE_SEAL, LABEL_EXPORT, "intro/seal")                                         \
    X(LABEL_INTRO_INVITE_HASH, LABEL_HASH, "intro/once")                                           \
    X(LABEL_INTRO_STAMP, LABEL_HASH, "intro/stamp")                                                \
    X(LABEL_INTRO_MINUTE, LABEL_DERIVE, "intro/minute")                                            \
    X(LABEL_INTRO_COVER, LABEL_DERIVE, "intro/cover")                                              \
    X(LABEL_PAIR_SEAL, LABEL_DERIVE, "pair/seal")                                                  \
    X(LABEL_PAIR_WORDS, LABEL_HASH, "pair/words")                                                  \
    /* conversations and their commit DAG */                                                       \
    X(LABEL_GROUP_EID, LABEL_HASH, "group/eid")                                                    \
    X(LABEL_GROUP_RANK, LABEL_HASH, "group/rank")                                                  \
    X(LABEL_GROUP_PAIR, LABEL_HASH, "group/direct")                                                \
    X(LABEL_GROUP_LEAF, LABEL_HASH, "group/own-leaf")                                              \
    X(LABEL_GROUP_TICKET, LABEL_SIGN, "group/ticket")                                              \
    X(LABEL_GROUP_ACK, LABEL_SIGN, "group/ack")                                                    \
    X(LABEL_GROUP_WITHDRAW, LABEL_SIGN, "group/withdraw")                                          \
    X(LABEL_GROUP_BEACON, LABEL_SIGN, "group/beacon")                                              \
    X(LABEL_GROUP_REJOIN, LABEL_SIGN, "group/rejoin")                                              \
    X(LABEL_GROUP_ANSWER, LABEL_EXPORT, "group/answer")                                            \
    X(LABEL_GROUP_GUEST, LABEL_HASH, "group/guest")                                                \
    X(LABEL_GROUP_WELCOME, LABEL_DERIVE, "group/welcome-blob")                                     \
    X(LABEL_GROUP_DOOR, LABEL_EXPORT, "group/door-secret")                                         \
    X(LABEL_GROUP_DOOR_KEYS, LABEL_DERIVE, "group/door-keys")                                      \
    X(LABEL_GROUP_DOOR_BUCKET, LABEL_DERIVE, "group/door-bucket")                                  \
    /* the envelope and its address */                                                             \
    X(LABEL_ENVELOPE_HEADER, LABEL_EXPORT, "envelope/header-key")                                  \
    X(LABEL_ENVELOPE_KEY, LABEL_EXPORT, "envelope/key")                                            \
    X(LABEL_ENVELOPE_ADDRESS, LABEL_EXPORT, "envelope/address-secret")                             \
    X(LABEL_ENVELOPE_CHECK, LABEL_DERIVE, "envelope/check")                                        \
    X(LABEL_ENVELOPE_BUCKET, LABEL_DERIVE, "envelope/bucket")                                      \
    X(LABEL_COVER, LABEL_DERIVE, "envelope/cover")                                                 \
    /* entries */                                                                                  \
    X(LABEL_ENTRY, LABEL_SIGN, "entry/author")                                                     \
    X(LABEL_ENTRY_ID, LABEL_HASH, "entry/id")                                                      \
    X(LABEL_ENTRY_CONTENT, LABEL_HASH, "entry/content")                                            \
    X(LABEL_ENTRY_NOTICE, LABEL_HASH, "entry/notice")                                              \
    X(LABEL_ENTRY_BACKOFF, LABEL_HASH, "entry/who-asks-when")                                      \
    X(LABEL_SEGMENT_LEAF, LABEL_HASH, "segment/leaf")                                              \
    X(LABEL_SEGMENT_NODE, LABEL_HASH, "segment/node")                                              \
    X(LABEL_ATTACHMENT, LABEL_HASH, "entry/attachment")                                            \
    X(LABEL_ATTACHMENT_KEY, LABEL_DERIVE, "entry/segment-key")                                     \
    /* at rest */                                                                                  \
    X(LABEL_STORE_NAME, LABEL_DERIVE, "store/name")                                                \
    X(LABEL_STORE_VALUE, LABEL_DERIVE, "store/value")                                              \
    X(LABEL_STORE_WIPE, LABEL_DERIVE, "store/wipe")                                                \
    X(LABEL_STORE_EXPORT, LABEL_DERIVE, "store/export")                                            \
    X(LABEL_STORE_PAGE, LABEL_HASH, "store/page")                                                  \
    X(LABEL_STORE_CHECK, LABEL_DERIVE, "store/check")                                              \
    X(LABEL_STORE_SALT, LABEL_DERIVE, "store/salt")                                                \
    X(LABEL_STORE_HEAD, LABEL_HASH, "store/head")                                                  \
    X(LABEL_KEYRING_SEAL, LABEL_DERIVE, "keyring/seal")                                            \
    X(LABEL_KEYRING_FILE, LABEL_HASH, "keyring/key-file")

enum label {
#define X(name, use, text) name,
    LABEL_TABLE(X)
#undef X
    LABEL_COUNT
};

/** "sotto/1/identity/event" and so on; static storage. */
struct span label_text(enum label l);

enum label_use label_use(enum label l);

/** Hash the concatenation of `count` parts (of known lengths, or delimited) under a HASH label. */
void label_hash(enum label l, const struct span *parts, size_t count, uint8_t out[SHA256_BYTES]);

/** The same piece by piece: a SHA-256 under way that has taken the label. */
void label_hash_begin(enum label l, struct hash_state *s);

/** Derive `len` bytes, at most 8,160, from a uniform secret under a DERIVE label.
 *
 * @param context  at most 65,535 bytes (in)
 */
void label_derive(enum label l, struct span secret, struct span context, uint8_t *out, size_t len);

/** What is signed for `body` under a SIGN label.
 *
 * @param out  room (out)
 * @return the filled part of `out`
 */
struct span label_signed(enum label l, struct span body, uint8_t out[LABEL_SIGNED_MAX]);

/** Verify an Ed25519 signature over `body` under a SIGN label. OK; ERR_AUTH.
 *
 * Signing is the keyring's: keyring_sign_label.
 */
enum err label_verify(enum label l, const uint8_t pk[ED25519_PUBLIC_BYTES], struct span body,
                      const uint8_t sig[ED25519_SIGNATURE_BYTES]) MUST_CHECK;
