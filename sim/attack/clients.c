#include "sim/attack/clients.h"

#include <stdlib.h>

struct clients *clients_new(void)
{
    static const uint8_t seed[16];
    struct clients *c = calloc(1, sizeof *c);

    if (c != NULL)
        map_init(&c->by_id, seed, SIZE_MAX);
    return c;
}

void clients_free(void *clients)
{
    struct clients *c = clients;
    struct client *one;
    size_t cursor = 0;

    while ((one = map_next(&c->by_id, &cursor, NULL)) != NULL) {
        free(one->sets);
        free(one);
    }
    map_clear(&c->by_id);
    free(c);
}

void clients_note(struct clients *c, const struct tap_request *r)
{
    uint64_t id = r->client;
    struct client *one = map_get(&c->by_id, MAP_KEY(id));

    if (one == NULL) {
        one = calloc(1, sizeof *one);
        if (one == NULL || map_put(&c->by_id, MAP_KEY(id), one) != OK)
            abort();
        one->id = id;
    }
    one->sets = realloc(one->sets, (one->count + 1) * sizeof *one->sets);
    if (one->sets == NULL)
        abort();
    struct topic_set *set = &one->sets[one->count++];
    set->at_ns = r->at_ns;
    set->count = r->topics_count;
    memcpy(set->topics, r->topics, r->topics_count * sizeof *r->topics);
}

size_t topic_sets_common(const struct topic_set *a, const struct topic_set *b)
{
    size_t common = 0;

    for (size_t i = 0; i < a->count; i++)
        for (size_t j = 0; j < b->count; j++)
            common += a->topics[i] == b->topics[j];
    return common;
}
