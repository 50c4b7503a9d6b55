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
