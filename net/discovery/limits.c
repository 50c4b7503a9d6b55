#include "net/discovery/limits.h"

#include "crypto/base/siphash.h"
#include "net/wire/ip.h"

#include <stdlib.h>

#define WAYS 4u
#define SETS (DISCV5_LIMITS_MAX / WAYS)

struct limit_slot {
    uint8_t key[16]; /* all zeros is nobody's address */
    struct allowance allowance;
};

bool allowance_take(struct allowance *a, struct mono now, uint32_t per_s, uint32_t burst)
{
    int64_t step = NS_PER_S / per_s;

    if (a->whole_ns < now.ns)
        a->whole_ns = now.ns;
    if (a->whole_ns - now.ns > step * (burst - 1))
        return false;
    a->whole_ns += step;
    return true;
}

enum err limits_init(struct limits *l, struct rng *rng, uint32_t per_s, uint32_t burst)
{
    *l = (struct limits){.per_s = per_s, .burst = burst};
    rng_fill(rng, l->seed, sizeof l->seed);
    l->slots = calloc(DISCV5_LIMITS_MAX, sizeof *l->slots);
    return l->slots == NULL ? ERR_MEMORY : OK;
}

void limits_clear(struct limits *l)
{
    free(l->slots);
    l->slots = NULL;
}

void limits_key(const uint8_t ip[16], uint8_t key[16])
{
    memcpy(key, ip, 16);
    if (ip_v4(ip) == NULL)
        memset(key + 8, 0, 8);
}

bool limits_take(struct limits *l, struct mono now, const uint8_t ip[16])
{
    uint8_t key[16];

    limits_key(ip, key);
    struct limit_slot *set = l->slots + siphash(l->seed, SPAN_ARRAY(key)) % SETS * WAYS;
    struct limit_slot *slot = set;
    for (size_t i = 0; i < WAYS; i++) {
        if (memcmp(set[i].key, key, sizeof key) == 0)
            return allowance_take(&set[i].allowance, now, l->per_s, l->burst);
        if (set[i].allowance.whole_ns < slot->allowance.whole_ns)
            slot = &set[i]; /* whoever took least lately is forgotten */
    }
    memcpy(slot->key, key, sizeof key);
    slot->allowance.whole_ns = 0;
    return allowance_take(&slot->allowance, now, l->per_s, l->burst);
}
