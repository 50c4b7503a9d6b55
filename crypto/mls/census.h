/* How many members list a capability or use a credential type: what the rules "supported by all
 * members" (RFC 9420 7.3, 11.1, 12.2) need at O(1), without walking the tree. Shared between forks,
 * copied when changed.
 *
 * Bound: a leaf lists at most MLS_CAPABILITIES_MAX values of a kind, a group MLS_CENSUS_MAX
 * different ones; a few dozen in practice. What goes beyond is MLS_TOO_MANY.
 */
#pragma once

#include "crypto/mls/wire.h"

enum mls_census_kind {
    MLS_CENSUS_EXTENSION,
    MLS_CENSUS_PROPOSAL,
    MLS_CENSUS_CREDENTIAL,
    MLS_CENSUS_CREDENTIAL_USED,
    MLS_CENSUS_VERSION,
    MLS_CENSUS_SUITE
};

struct mls_census {
    struct mls_census_table *table; /* counted; NULL: empty */
};

struct mls_census mls_census_fork(const struct mls_census *c);
void mls_census_clear(struct mls_census *c);

/** Count the values of one leaf in (`by` = 1) or out (-1). OK; ERR_MEMORY, the census unusable. */
enum err mls_census_leaf(struct mls_census *c, const struct mls_leaf_node *leaf, int by) MUST_CHECK;

/** Members with this value. */
uint32_t mls_census_count(const struct mls_census *c, enum mls_census_kind kind, uint16_t value);

/** Step through the values of a kind that somebody has, in order; start with *cursor = 0. */
bool mls_census_next(const struct mls_census *c, enum mls_census_kind kind, size_t *cursor,
                     uint16_t *value, uint32_t *count);
