/* Inside crypto/hpke: LabeledExtract and LabeledExpand. */
#pragma once

#include "crypto/prim/hkdf.h"

/** @source RFC 9180 4 */
void hpke_labeled_extract(const struct hash *hash, struct span suite_id, struct span salt,
                          struct span label, struct span ikm, uint8_t *out);

/** `context` comes in at most two parts. @source RFC 9180 4 */
void hpke_labeled_expand(const struct hash *hash, struct span suite_id, const uint8_t *prk,
                         struct span label, struct span context, struct span context_more,
                         uint8_t *out, size_t len);

/** SHAKE256.LabeledDerive with an empty context, for DeriveKeyPair of the post-quantum KEMs.
 *
 * @source draft-ietf-hpke-pq 4; draft-ietf-hpke-hpke 4
 */
void hpke_labeled_derive(uint16_t kem_id, struct span ikm, struct span label, uint8_t *out,
                         size_t len);
