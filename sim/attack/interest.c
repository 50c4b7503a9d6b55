/* Interest: a client asks for what it wants. Each content topic that it subscribes to, or asks a
 * store for, is claimed to be one of its own; cover topics are wrong claims. */
#include "sim/attack/clients.h"

#include <stdlib.h>

static void *start(const struct attack_setup *setup)
{
    (void)setup;
    return clients_new();
}

static void request(void *state, const struct tap_request *r)
{
    if (r->kind != TAP_PUSH && r->topics_count > 0)
        clients_note(state, r);
}

static void add(struct claim *c, struct answer *answers, uint64_t topic)
{
    for (size_t i = 0; i < c->count; i++)
        if (answers[i].who == topic)
            return;
    answers[c->count++] = (struct answer){topic, 0};
}

static void conclude(void *state, struct score *score)
{
    const struct clients *all = state;
    const struct client *one;

    for (size_t cursor = 0; (one = map_next(&all->by_id, &cursor, NULL)) != NULL;) {
        struct answer *answers = calloc(one->count * TAP_TOPICS_MAX, sizeof *answers);
        struct claim c = {QUESTION_INTEREST, one->id, answers, 0, true, 0};
        if (answers == NULL)
            abort();
        for (size_t i = 0; i < one->count; i++)
            for (size_t k = 0; k < one->sets[i].count; k++)
                add(&c, answers, one->sets[i].topics[k]);
        claim(score, &c);
        free(answers);
    }
}

const struct attack attack_interest = {
    .name = "interest",
    .position = "filter services and stores that collude",
    .question = "which content topics are a client's own: those that it asks for",
    .start = start,
    .request = request,
    .conclude = conclude,
    .end = clients_free,
};
