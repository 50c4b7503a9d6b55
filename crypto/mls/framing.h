/* Message framing (RFC 9420 6): signing, protecting and unprotecting FramedContent. */
#pragma once

#include "crypto/mls/schedule.h"
#include "crypto/mls/secret_tree.h"

/* content with its proof, and whatever it was opened from */
struct mls_opened {
    uint16_t wire_format;
    struct mls_framed_content content; /* views into `framed`, `plain` or the message */
    struct mls_content_auth auth;
    struct span membership_tag;
    struct buf plain, framed;     /* of a PrivateMessage: secret */
    struct mls_ratchet_step step; /* to be taken once everything is verified */
    bool has_step;
};

void mls_opened_clear(struct mls_opened *o);

/** Sign. `context` is the encoded GroupContext for members and external commits, else empty.
 *
 * @param framed  encoded FramedContent (in)
 * @source RFC 9420 6.1
 */
enum err mls_content_sign(const struct mls_signer *signer, uint16_t wire_format, struct span framed,
                          struct span context, uint8_t *sig, size_t *sig_len) MUST_CHECK;

/** OK; MLS_BAD_SIGNATURE; ERR_MEMORY. */
enum err mls_content_verify(const struct mls_suite *s, struct span public_key,
                            const struct mls_opened *o, struct span context) MUST_CHECK;

/** Write the MLSMessage of a PublicMessage; the membership tag is added for members.
 *
 * @return OK; MLS_WRONG_CONTENT application data; ERR_MEMORY
 * @source RFC 9420 6.2
 */
enum err mls_public_protect(const struct mls_suite *s, const struct mls_secret *membership_key,
                            const struct mls_framed_content *content,
                            const struct mls_content_auth *auth, struct span context,
                            struct buf *out) MUST_CHECK;

/** A decoded PublicMessage; the membership tag of members is checked.
 *
 * @return OK; MLS_BAD_MEMBERSHIP_TAG; MLS_WRONG_CONTENT application data; ERR_MEMORY
 */
enum err mls_public_unprotect(const struct mls_suite *s, const struct mls_secret *membership_key,
                              const struct mls_public_message *m, struct span context,
                              struct mls_opened *out) MUST_CHECK;

/** Write the MLSMessage of a PrivateMessage; one generation of the sender's ratchet is used up.
 *
 * @param content  of a member (in)
 * @param padding  zero bytes to add (in)
 * @return OK; MLS_GENERATION_SPENT; MLS_DROPPED; ERR_MEMORY; the ratchet is as before on failure
 * @source RFC 9420 6.3
 */
enum err mls_private_protect(struct mls_secret_tree *secrets, const struct mls_secret *sender_data,
                             const struct mls_framed_content *content,
                             const struct mls_content_auth *auth, size_t padding, struct rng *rng,
                             struct buf *out) MUST_CHECK;

/** Decrypt a PrivateMessage; the ratchet moves only when the caller takes out->step.
 *
 * @return OK; MLS_BAD_SENDER_DATA; MLS_BAD_SENDER a blank leaf; MLS_OWN_MESSAGE; codes of
 *         mls_secret_tree_peek; MLS_BAD_CIPHERTEXT; MLS_MALFORMED; MLS_BAD_PADDING; ERR_MEMORY
 * @param own      our leaf, or UINT32_MAX (in)
 * @param present  tells whether a leaf is a member; NULL: all are (in)
 */
enum err mls_private_unprotect(const struct mls_secret_tree *secrets,
                               const struct mls_secret *sender_data,
                               const struct mls_private_message *m, uint32_t own,
                               bool (*present)(const void *tree, uint32_t leaf), const void *tree,
                               struct mls_opened *out) MUST_CHECK;

/** AuthenticatedContent's hash as a ProposalRef. @source RFC 9420 5.2 */
enum err mls_proposal_ref(const struct mls_suite *s, const struct mls_opened *o,
                          uint8_t *out) MUST_CHECK;
