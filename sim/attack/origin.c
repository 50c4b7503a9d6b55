/* Origin: a watcher of all cables sees no contents, but a node that sends something as large as a
 * message when nothing as large came in lately has written it itself. */
#include "sim/attack/attack.h"

#include <stdlib.h>

#define QUIET_NS      (2 * NS_PER_S) /* nothing of that size came in so lately */
#define SIZE_SLACK    24u            /* bytes by which hops differ: framing */
#define MESSAGE_BYTES 200u           /* smaller segments are control and not looked at */
#define RECENT        64u            /* sizes remembered per node */
#define CLAIMS_MAX    (1u << 20)

struct seen {
    int64_t at_ns;
    size_t bytes;
};

struct origin {
    int64_t at_ns;
    uint32_t node;
};

struct state {
    struct seen *recent; /* [node * RECENT + i], a ring: in and out alike */
    uint8_t *next;
    struct origin *claims;
    size_t count;
    const bool *own;
};

static void *start(const struct attack_setup *setup)
{
    struct state *s = calloc(1, sizeof *s);

    if (s == NULL)
        return NULL;
    s->own = setup->own;
    s->recent = calloc((size_t)setup->nodes * RECENT, sizeof *s->recent);
    s->next = calloc(setup->nodes, 1);
    s->claims = calloc(CLAIMS_MAX, sizeof *s->claims);
    if (s->recent == NULL || s->next == NULL || s->claims == NULL)
        abort();
    return s;
}

static bool known(const struct state *s, uint32_t node, const struct tap_segment *g)
{
    const struct seen *r = &s->recent[(size_t)node * RECENT];

    for (size_t i = 0; i < RECENT; i++)
        if (r[i].bytes + SIZE_SLACK >= g->bytes && r[i].bytes <= g->bytes + SIZE_SLACK &&
            r[i].at_ns >= g->at_ns - QUIET_NS)
            return true;
    return false;
}

static void remember(struct state *s, uint32_t node, const struct tap_segment *g)
{
    s->recent[(size_t)node * RECENT + s->next[node]] = (struct seen){g->at_ns, g->bytes};
    s->next[node] = (uint8_t)((s->next[node] + 1) % RECENT);
}

static void segment(void *state, const struct tap_segment *g)
{
    struct state *s = state;

    if (g->bytes < MESSAGE_BYTES)
        return;
    if (!known(s, g->from, g) && s->count < CLAIMS_MAX && !s->own[g->from])
        s->claims[s->count++] = (struct origin){g->at_ns, g->from};
    remember(s, g->from, g);
    remember(s, g->to, g);
}

static void conclude(void *state, struct score *score)
{
    struct state *s = state;

    for (size_t i = 0; i < s->count; i++)
        claim_one(score, QUESTION_ORIGIN, s->claims[i].node, (uint64_t)s->claims[i].at_ns);
}

static void end(void *state)
{
    struct state *s = state;

    free(s->recent);
    free(s->next);
    free(s->claims);
    free(s);
}

const struct attack attack_origin = {
    .name = "origin",
    .position = "a watcher of all cables",
    .question = "who wrote something, and when: a message leaves that never came in",
    .start = start,
    .segment = segment,
    .conclude = conclude,
    .end = end,
};
