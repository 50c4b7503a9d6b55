/* Limits of crypto/mls: unit and source beside each. */
#pragma once

#include <stdint.h>

/* bytes; RFC 9420 2.1.2 allows vectors up to 2^30 - 1, we hold what a group of MLS_LEAVES_MAX needs
 */
#define MLS_MESSAGE_BYTES_MAX (64u << 20)
#define MLS_VECTOR_BYTES_MAX  ((1u << 30) - 1)

/* leaves of a tree, a power of two; ours (CHAT.md promises 10,000 members) */
#define MLS_LEAVES_MAX (1u << 17)
#define MLS_LEVELS_MAX 18 /* levels of nodes above and including the leaves of such a tree */

/* entries of one list of a Capabilities or RequiredCapabilities structure; ours */
#define MLS_CAPABILITIES_MAX 512

/* different values that all members of a group list together, of all kinds; ours: a sorted table is
 * cheap up to here, and a hostile tree of 650 KB could list every number there is */
#define MLS_CENSUS_MAX 8192

/* proposals waiting in one epoch, and their bytes; ours. No sender may use it all up, or a flood
 * would keep out what the others' commits refer to; all who are no members count as one sender */
#define MLS_WAITING_MAX              1024
#define MLS_WAITING_BYTES_MAX        (4u << 20)
#define MLS_WAITING_SENDER_MAX       128
#define MLS_WAITING_SENDER_BYTES_MAX (1u << 20)

/* proposals in one commit; ours (a commit may add a whole group) */
#define MLS_PROPOSALS_COMMIT_MAX MLS_LEAVES_MAX

/* PSKs in one commit or Welcome; RFC 9420 8.4 counts them in 16 bits */
#define MLS_PSKS_MAX 256

/* generations of one sender's ratchet that a message may skip, and skipped keys that are kept;
 * CHAT.md 9 (RFC 9420 15.3 leaves it to the application) */
#define MLS_SKIP_MAX 1000

/* past epochs whose resumption PSK a group state keeps (RFC 9420 8.6 leaves it open); ours */
#define MLS_RESUMPTIONS_MAX 16

/* seconds; longest lifetime accepted in a key package when the caller sets none: no limit, because
 * RFC 9420 7.2 leaves the figure to the application (node/chat sets 7 days) */
#define MLS_LIFETIME_UNLIMITED UINT64_MAX

/* bytes; the largest of the suites: SHA-512, P-521 points and X-Wing keys, DER ECDSA over P-521 */
#define MLS_HASH_MAX       64
#define MLS_PRIVATE_MAX    66
#define MLS_PUBLIC_MAX     1216
#define MLS_KEM_OUTPUT_MAX 1120
#define MLS_SIGNATURE_MAX  144
#define MLS_AEAD_KEY_MAX   32
#define MLS_AEAD_NONCE     12
#define MLS_AEAD_TAG       16
