/* Store-query linkage: a client that comes back under a new peer id asks for the same topics. Each
 * peer id is linked with the earlier one whose questions are most alike. */
#include "sim/attack/clients.h"

#include <stdlib.h>

#define ALIKE_PERCENT 50u /* of the topics of both together */

static void *start(const struct attack_setup *setup)
{
    (void)setup;
    return clients_new();
}

static void request(void *state, const struct tap_request *r)
{
    if (r->kind == TAP_STORE && r->topics_count > 0)
        clients_note(state, r);
}

/* Jaccard's index of what they asked first, in percent. */
static size_t likeness(const struct client *a, const struct client *b)
{
    const struct topic_set *x = &a->sets[0], *y = &b->sets[0];
    size_t common = topic_sets_common(x, y), all = x->count + y->count - common;

    return all == 0 ? 0 : common * 100 / all;
}

static void conclude(void *state, struct score *score)
{
    const struct clients *c = state;
    const struct client *later, *earlier;
    size_t outer = 0, inner;
    struct answer *answers = calloc(map_count(&c->by_id) + 1, sizeof *answers);

    if (answers == NULL)
        abort();
    while ((later = map_next(&c->by_id, &outer, NULL)) != NULL) {
        struct claim best = {QUESTION_SAME_PERSON, later->id, answers, 0, false, 0};
        for (inner = 0; (earlier = map_next(&c->by_id, &inner, NULL)) != NULL && earlier != later;)
            if (likeness(earlier, later) >= ALIKE_PERCENT)
                answers[best.count++] =
                    (struct answer){earlier->id, (double)likeness(earlier, later)};
        claim(score, &best);
    }
    free(answers);
}

const struct attack attack_store_linkage = {
    .name = "store-linkage",
    .position = "stores that collude",
    .question = "which peer ids belong to one person: those that ask for the same topics",
    .start = start,
    .request = request,
    .conclude = conclude,
    .end = clients_free,
};
