/* Making and checking leaf nodes and key packages (RFC 9420 7.2, 7.3, 10). */
#pragma once

#include "crypto/mls/tree.h"

/* What a leaf is judged against. Zero fields are not checked. */
struct mls_leaf_rules {
    const struct mls_suite *suite;
    uint64_t now_s;          /* seconds since 1970; 0: lifetimes are not compared with the clock */
    uint64_t lifetime_max_s; /* 0: unlimited */
    struct span group_extensions; /* of the GroupContext that will hold it */
};

/** Sign a leaf node.
 *
 * @param content   all fields but the signature (in)
 * @param group_id  for sources update and commit (in)
 * @param index     likewise (in)
 * @param out       the leaf with one reference (out)
 * @return OK; ERR_MEMORY; what the signer returns
 * @source RFC 9420 7.2 (LeafNodeTBS)
 */
enum err mls_leaf_sign(const struct mls_leaf_node *content, const struct mls_signer *signer,
                       struct span group_id, uint32_t index, struct mls_leaf **out) MUST_CHECK;

/** OK; MLS_BAD_LEAF_SIGNATURE; ERR_MEMORY. */
enum err mls_leaf_verify(const struct mls_suite *s, const struct mls_leaf_node *leaf,
                         struct span group_id, uint32_t index) MUST_CHECK;

/** Everything that can be said about a leaf alone: source, lifetime, key lengths, its extensions
 * and credential listed in its capabilities, the group's version, suite, extensions and required
 * capabilities supported. Not the signature, not the other members.
 *
 * @return OK; MLS_BAD_LEAF_SOURCE and the other codes of "leaves and key packages"
 * @source RFC 9420 7.2, 7.3, 13.4
 */
enum err mls_leaf_check(const struct mls_leaf_node *leaf, enum mls_leaf_source source,
                        const struct mls_leaf_rules *rules) MUST_CHECK;

/** The group context extensions alone: known structures decode, none twice. */
enum err mls_group_extensions_check(struct span extensions) MUST_CHECK;

/** Sign a key package around a signed leaf; the encoding is appended to `out`. */
enum err mls_key_package_sign(const struct mls_suite *s, struct span init_key,
                              const struct mls_leaf *leaf, struct span extensions,
                              const struct mls_signer *signer, struct buf *out) MUST_CHECK;

/** A key package with its leaf: everything but the rules about other members.
 *
 * @return OK; MLS_KEY_PACKAGE_MISMATCH; MLS_INIT_KEY_REUSED; MLS_BAD_KEY_PACKAGE_SIGNATURE; codes
 * of mls_leaf_check and mls_leaf_verify
 * @source RFC 9420 10.1
 */
enum err mls_key_package_check(const struct mls_key_package *k,
                               const struct mls_leaf_rules *rules) MUST_CHECK;

/** Hash that names a key package. @source RFC 9420 5.2 */
void mls_key_package_ref(const struct mls_suite *s, struct span encoded, uint8_t *out);
