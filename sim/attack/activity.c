/* Activity: when somebody writes. Light clients push what they write to a service; who also
 * subscribes or asks there is one, and not a node that hands on a stem. Each minute in which such a
 * client pushed something is claimed to be one in which its person wrote. */
#include "sim/attack/clients.h"

#include <stdlib.h>

#define SLOT_NS (60 * NS_PER_S)

struct state {
    struct clients *asked, *pushed; /* a push is remembered as a set without topics */
};

static void end(void *state)
{
    struct state *s = state;

    if (s->asked != NULL)
        clients_free(s->asked);
    if (s->pushed != NULL)
        clients_free(s->pushed);
    free(s);
}

static void *start(const struct attack_setup *setup)
{
    struct state *s = calloc(1, sizeof *s);

    (void)setup;
    if (s == NULL)
        return NULL;
    s->asked = clients_new();
    s->pushed = clients_new();
    if (s->asked != NULL && s->pushed != NULL)
        return s;
    end(s);
    return NULL;
}

static void request(void *state, const struct tap_request *r)
{
    struct state *s = state;

    clients_note(r->kind == TAP_PUSH ? s->pushed : s->asked, r);
}

static void conclude(void *state, struct score *score)
{
    const struct state *s = state;
    const struct client *one;

    for (size_t cursor = 0; (one = map_next(&s->pushed->by_id, &cursor, NULL)) != NULL;) {
        uint64_t id = one->id;
        int64_t last = -1;
        if (map_get(&s->asked->by_id, MAP_KEY(id)) == NULL)
            continue;
        for (size_t i = 0; i < one->count; i++) {
            int64_t slot = one->sets[i].at_ns / SLOT_NS * SLOT_NS;
            if (slot != last)
                claim_one(score, QUESTION_WROTE, id, (uint64_t)slot);
            last = slot;
        }
    }
}

const struct attack attack_activity = {
    .name = "activity",
    .position = "services that collude",
    .question = "in which minutes a light client's person writes: when it pushes something",
    .start = start,
    .request = request,
    .conclude = conclude,
    .end = end,
};
