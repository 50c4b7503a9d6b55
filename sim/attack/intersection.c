/* Intersection over subscriptions: two clients of a filter service that share a topic in every
 * epoch have a conversation. With topics of their own one epoch is enough; buckets that stay hide
 * it among those who share a bucket by chance; buckets that move let chance die out (THREATS 4.5).
 */
#include "sim/attack/clients.h"

static void *start(const struct attack_setup *setup)
{
    (void)setup;
    return clients_new();
}

static void request(void *state, const struct tap_request *r)
{
    if (r->kind == TAP_SUBSCRIBE)
        clients_note(state, r);
}

/* The i-th subscription of one and of the other belong to the same epoch: all change at once. */
static bool always_share(const struct client *a, const struct client *b)
{
    size_t epochs = a->count < b->count ? a->count : b->count;

    for (size_t i = 0; i < epochs; i++)
        if (topic_sets_common(&a->sets[i], &b->sets[i]) == 0)
            return false;
    return epochs > 0;
}

static void conclude(void *state, struct score *score)
{
    const struct clients *c = state;
    const struct client *a, *b;
    size_t outer = 0;

    while ((a = map_next(&c->by_id, &outer, NULL)) != NULL) {
        size_t inner = outer;
        while ((b = map_next(&c->by_id, &inner, NULL)) != NULL)
            if (always_share(a, b))
                claim_contact(score, a->id, b->id);
    }
}

const struct attack attack_intersection = {
    .name = "intersection",
    .position = "filter services that collude",
    .question = "who has a conversation with whom: clients that always share a topic",
    .start = start,
    .request = request,
    .conclude = conclude,
    .end = clients_free,
};
