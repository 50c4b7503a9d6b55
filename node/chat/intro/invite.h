/* Invites: the one message that goes out before there is a conversation, to all installations of an
 * account at once.
 *
 *     invite   [19, 1, recipients, sealed, extensions]
 *     recipients  [[prekey id 16, enc 1120, key 48], ...]   1..10, one a part that it is for
 *     sealed      ChaCha20-Poly1305 of the content under a fresh key, nonce of zeros, associated
 *                 data recipients || extensions as packed
 *     key         that key, by HPKE (X-Wing, HKDF-SHA256, ChaCha20-Poly1305, base mode) to the
 *                 prekey; info "sotto/1/intro/seal", associated data account || prekey id
 *     content  [20, 1, account 32, purpose, log, welcome, message, day, installation 32,
 *               signature 64, extensions]
 *
 * account is the recipient's; log the inviter's, whole; welcome an MLS Welcome for the parts' key
 * packages; message the first MLS message of that group, the only thing that is shown. Signed under
 * "sotto/1/intro/invite" by an installation of the log: the content without the signature and with
 * `recipients` behind account. So the signature holds for this account, these prekeys and these
 * encapsulations: who received it cannot hand it on as if it were for another.
 *
 * Pure. Bounds: params.h. @source CHAT.md 3; docs/protocol/intro.md
 */
#pragma once

#include "node/chat/intro/bundle.h"

enum invite_purpose {   /* numbers on the wire */
    INVITE_WELCOME = 1, /* into a group: welcome and message */
};

struct invite {
    uint8_t account[ACCOUNT_ID_BYTES]; /* of the recipient */
    enum invite_purpose purpose;
    struct span log, welcome, message;          /* borrowed; welcome may be a reference to a blob */
    uint32_t day;                               /* of the envelope's keys */
    uint8_t installation[ED25519_PUBLIC_BYTES]; /* of the inviter */
    uint8_t signature[64];
    struct pack_extensions extensions;
};

/** Make an invite for the parts; its encoding, a body for intro.h, is appended.
 *
 * @param invite  installation and signature are filled in (in/out)
 * @param signer  our installation key (in)
 * @param parts   at least 1 (in)
 * @return OK; ERR_LIMIT over INVITE_BYTES_MAX; ERR_AUTH a prekey is no key; codes of signing
 */
enum err invite_seal(struct invite *invite, const struct keyring_key *signer,
                     const struct part *parts, size_t count, struct rng *rng,
                     struct buf *out) MUST_CHECK;

/* an invite as it came: nothing verified, nothing opened */
struct invite_sealed {
    struct invite_recipient {
        uint8_t prekey_id[PREKEY_ID_BYTES];
        struct span enc, key;
    } recipients[BUNDLE_PARTS_MAX];
    size_t count;
    struct span packed; /* the recipients as they stand */
    struct span sealed;
    struct pack_extensions extensions;
};

/** OK; ERR_FORMAT; ERR_LIMIT; ERR_UNSUPPORTED. */
enum err invite_decode(struct span body, struct invite_sealed *out) MUST_CHECK;

/* whom an invite is opened for */
struct invite_key {
    const uint8_t *account; /* ACCOUNT_ID_BYTES */
    const uint8_t *id;      /* PREKEY_ID_BYTES */
    struct span secret;     /* PREKEY_SECRET_BYTES */
};

/** Open with our prekey, and check all that the bytes alone can show: that it is for this account,
 * prekey and day, and that the installation that it names has signed it. Whether that installation
 * is one of the log, and the log itself, is for who reads the log.
 *
 * @param day   of the envelope's keys (in)
 * @param keep  holds what `out` points to (cleared first)
 * @param hash  of all that is signed: an invite is taken once (out)
 * @return OK; ERR_NOT_FOUND not for this prekey; ERR_AUTH not sealed or not signed for us;
 *         ERR_PROTOCOL of another day; ERR_FORMAT; ERR_LIMIT; ERR_UNSUPPORTED; ERR_MEMORY
 */
enum err invite_open(const struct invite_sealed *sealed, const struct invite_key *key, uint32_t day,
                     struct buf *keep, struct invite *out, uint8_t hash[32]) MUST_CHECK;
