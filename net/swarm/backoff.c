/* Addresses that failed are left alone for a while. */
#include "net/swarm/inner.h"

#include <stdlib.h>

struct backoff {
    struct mono until;
    unsigned failures;
};

#define KEY_BYTES 19u

static struct span key_of(const struct endpoint *at, uint8_t out[KEY_BYTES])
{
    memcpy(out, at->ip, 16);
    out[16] = (uint8_t)(at->port >> 8);
    out[17] = (uint8_t)at->port;
    out[18] = (uint8_t)at->kind;
    return span_of(out, KEY_BYTES);
}

bool backoff_active(const struct swarm *s, const struct env *env, const struct endpoint *at)
{
    uint8_t key[KEY_BYTES];
    const struct backoff *b = map_get(&s->backoffs, key_of(at, key));

    return b != NULL && b->until.ns > env->now.ns;
}

static struct backoff *backoff_add(struct swarm *s, struct span key)
{
    struct backoff *b = calloc(1, sizeof *b);
    enum err err = b == NULL ? ERR_MEMORY : map_put(&s->backoffs, key, b);

    if (err == ERR_FULL) { /* the oldest makes room */
        size_t cursor = 0;
        struct span oldest;
        if (map_next(&s->backoffs, &cursor, &oldest) != NULL)
            free(map_take(&s->backoffs, oldest));
        err = map_put(&s->backoffs, key, b);
    }
    if (err != OK) {
        free(b);
        return NULL;
    }
    return b;
}

void backoff_failed(struct swarm *s, const struct env *env, const struct endpoint *at)
{
    uint8_t bytes[KEY_BYTES];
    struct span key = key_of(at, bytes);
    struct backoff *b = map_get(&s->backoffs, key);
    int64_t ms = SWARM_BACKOFF_MS_MIN;

    if (b == NULL)
        b = backoff_add(s, key);
    if (b == NULL)
        return;
    for (unsigned i = 0; i < b->failures && ms < SWARM_BACKOFF_MS_MAX; i++)
        ms *= 2;
    if (ms > SWARM_BACKOFF_MS_MAX)
        ms = SWARM_BACKOFF_MS_MAX;
    if (b->failures < 32)
        b->failures++;
    /* jitter, so that peers that lost each other do not return in step */
    ms = ms / 2 + (int64_t)rng_below(env->rng, (uint64_t)(ms / 2) + 1);
    b->until = mono_add(env->now, ms * NS_PER_MS);
}

void backoff_clear(struct swarm *s, const struct endpoint *at)
{
    uint8_t key[KEY_BYTES];

    free(map_take(&s->backoffs, key_of(at, key)));
}

void backoff_free_all(struct swarm *s)
{
    size_t cursor = 0;
    struct backoff *b;

    while ((b = map_next(&s->backoffs, &cursor, NULL)) != NULL)
        free(b);
    map_clear(&s->backoffs);
}
