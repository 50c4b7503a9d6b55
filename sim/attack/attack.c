#include "sim/attack/attack.h"

extern const struct attack attack_first_spy, attack_first_sent, attack_non_mesh,
    attack_topic_linkage, attack_intersection, attack_store_linkage, attack_disclosure,
    attack_origin, attack_sizes, attack_linkage, attack_topic_pairs, attack_interest,
    attack_membership, attack_activity, attack_insider, attack_eclipse, attack_withholding,
    attack_commit_races;

/* One row each: docs/your-first-attack.md. */
const struct attack *const attacks[] = {
    &attack_first_spy,
    &attack_first_sent,
    &attack_non_mesh,
    &attack_topic_linkage,
    &attack_intersection,
    &attack_store_linkage,
    &attack_disclosure,
    &attack_origin,
    &attack_sizes,
    &attack_linkage,
    &attack_topic_pairs,
    &attack_interest,
    &attack_membership,
    &attack_activity,
    &attack_insider,
    &attack_eclipse,
    &attack_withholding,
    &attack_commit_races,
    NULL,
};

const struct attack *attack_find(const char *name)
{
    for (size_t i = 0; attacks[i] != NULL; i++)
        if (strcmp(name, attacks[i]->name) == 0)
            return attacks[i];
    return NULL;
}
