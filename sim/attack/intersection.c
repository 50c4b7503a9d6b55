/* Intersection over subscriptions: two clients of a filter service that share a topic in every
 * epoch have a conversation. With topics of their own one epoch is enough; buckets that stay hide
 * it among those who share a bucket by chance; buckets that move let chance die out (THREATS 4.5).
 */
#include "sim/attack/clients.h"

#include <stdlib.h>

#define SAME_EPOCH_NS (5 * NS_PER_S) /* renewals at the beginning of an epoch come within it */

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

/* What a client follows at a time; NULL: it has not come yet. All change at the beginning of an
 * epoch, but not in the same moment. */
static const struct topic_set *follows(const struct client *c, int64_t at_ns)
{
    const struct topic_set *latest = NULL;

    for (size_t i = 0; i < c->count && c->sets[i].at_ns <= at_ns + SAME_EPOCH_NS; i++)
        latest = &c->sets[i];
    return latest;
}

/* At every change of `a`, whenever both were there? */
static bool shares_at_changes_of(const struct client *a, const struct client *b)
{
    for (size_t i = 0; i < a->count; i++) {
        const struct topic_set *other = follows(b, a->sets[i].at_ns);
        if (other != NULL && topic_sets_common(&a->sets[i], other) == 0)
            return false;
    }
    return true;
}

static bool always_share(const struct client *a, const struct client *b)
{
    return shares_at_changes_of(a, b) && shares_at_changes_of(b, a);
}

static void conclude(void *state, struct score *score)
{
    const struct clients *c = state;
    const struct client *a, *b;
    size_t outer = 0, inner;
    struct answer *answers = calloc(map_count(&c->by_id) + 1, sizeof *answers);

    if (answers == NULL)
        abort();
    while ((a = map_next(&c->by_id, &outer, NULL)) != NULL) {
        struct claim all = {QUESTION_CONTACT, a->id, answers, 0, true, 0};
        for (inner = 0; (b = map_next(&c->by_id, &inner, NULL)) != NULL;)
            if (a != b && always_share(a, b))
                answers[all.count++] = (struct answer){b->id, 0};
        claim(score, &all);
    }
    free(answers);
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
