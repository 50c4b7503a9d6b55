#include "node/core/clock.h"
#include "node/core/params.h"

#include <stdlib.h>

struct sample {
    uint64_t topic; /* a hash: who collides with another topic replaces its sample, no more */
    int64_t offset_ns;
};

struct clock_vote {
    struct sample samples[CLOCK_SAMPLES_MAX]; /* one a topic */
    size_t count, next;                       /* next: the oldest, when all are used */
};

void clock_init(struct clock_watch *c, struct rng *rng)
{
    uint8_t seed[16];

    rng_fill(rng, seed, sizeof seed);
    map_init(&c->votes, seed, CLOCK_PEERS_MAX);
}

void clock_clear(struct clock_watch *c)
{
    size_t cursor = 0;
    struct clock_vote *v;

    while ((v = map_next(&c->votes, &cursor, NULL)) != NULL)
        free(v);
    map_clear(&c->votes);
}

void clock_peer_down(struct clock_watch *c, uint64_t peer)
{
    free(map_take(&c->votes, MAP_KEY(peer)));
}

static uint64_t hash_of(struct span topic)
{
    uint64_t h = 14695981039346656037u; /* FNV-1a */

    for (size_t i = 0; i < topic.len; i++)
        h = (h ^ topic.ptr[i]) * 1099511628211u;
    return h;
}

static struct clock_vote *vote_of(struct clock_watch *c, uint64_t peer)
{
    struct clock_vote *v = map_get(&c->votes, MAP_KEY(peer));

    if (v != NULL)
        return v;
    v = calloc(1, sizeof *v);
    if (v != NULL && map_put(&c->votes, MAP_KEY(peer), v) != OK) {
        free(v);
        v = NULL;
    }
    return v;
}

void clock_sample(struct clock_watch *c, const struct env *env, uint64_t peer,
                  struct span content_topic, int64_t timestamp_ns)
{
    struct clock_vote *v = timestamp_ns <= 0 || env->wall.ns <= 0 ? NULL : vote_of(c, peer);
    struct sample s = {hash_of(content_topic), env->wall.ns - timestamp_ns};

    if (v == NULL)
        return;
    for (size_t i = 0; i < v->count; i++)
        if (v->samples[i].topic == s.topic) {
            v->samples[i] = s;
            return;
        }
    v->samples[v->next] = s;
    v->next = (v->next + 1) % CLOCK_SAMPLES_MAX;
    v->count += v->count < CLOCK_SAMPLES_MAX;
}

static int order(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* The lower of the two in the middle, when there are two. */
static int64_t median(int64_t *values, size_t count)
{
    qsort(values, count, sizeof *values, order);
    return values[(count - 1) / 2];
}

bool clock_offset(const struct clock_watch *c, int64_t *ns)
{
    size_t cursor = 0, count = 0;
    const struct clock_vote *v;

    if (map_count(&c->votes) < CLOCK_PEERS_MIN)
        return false;
    int64_t *votes = calloc(map_count(&c->votes), sizeof *votes);
    if (votes == NULL)
        return false;
    while ((v = map_next(&c->votes, &cursor, NULL)) != NULL) {
        int64_t offsets[CLOCK_SAMPLES_MAX];
        for (size_t i = 0; i < v->count; i++)
            offsets[i] = v->samples[i].offset_ns;
        votes[count++] = median(offsets, v->count);
    }
    *ns = median(votes, count);
    free(votes);
    return true;
}
