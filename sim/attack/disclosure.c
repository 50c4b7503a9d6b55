/* Statistical disclosure: whoever is active soon after a target, more often than otherwise, talks
 * with it (Kesdogan and Danezis; receipts make it quick: Martiny et al., NDSS 2021). The activity
 * is what first-sent concludes: who wrote something, and when. Topics are not looked at.
 */
#include "sim/attack/guesses.h"

#include <stdlib.h>

#define WINDOW_NS  (2 * NS_PER_S) /* a receipt or a quick answer comes within */
#define ROUNDS_MIN 5u             /* messages of a target before it is judged */

struct act { /* somebody was active */
    int64_t at_ns;
    uint32_t node;
};

struct state {
    struct guesses *guesses;
    uint32_t nodes;
};

static void *start(const struct attack_setup *setup)
{
    struct state *s = calloc(1, sizeof *s);

    if (s == NULL)
        return NULL;
    s->nodes = setup->nodes;
    s->guesses = guesses_new(setup);
    if (s->guesses != NULL)
        return s;
    free(s);
    return NULL;
}

static void copy(void *state, const struct tap_copy *c)
{
    struct state *s = state;

    guesses_note(s->guesses, c, c->at_ns - c->delay_ns);
}

static int by_time(const void *a, const void *b)
{
    const struct act *x = a, *y = b;

    if (x->at_ns != y->at_ns)
        return x->at_ns < y->at_ns ? -1 : 1;
    return x->node < y->node ? -1 : x->node > y->node;
}

static struct act *acts_of(struct state *s, size_t *count)
{
    struct act *acts = calloc(map_count(&s->guesses->by_message) + 1, sizeof *acts);
    struct guess *g;
    size_t cursor = 0;

    *count = 0;
    while (acts != NULL && (g = map_next(&s->guesses->by_message, &cursor, NULL)) != NULL)
        acts[(*count)++] = (struct act){g->at_ns, g->node};
    if (acts != NULL)
        qsort(acts, *count, sizeof *acts, by_time);
    return acts;
}

/* Whom a target's windows hold more often than chance would have it: rate in windows minus rate
 * overall, each other node counted once per window. */
static void judge(const struct state *s, const struct act *acts, size_t count, uint32_t target,
                  const uint32_t *all, uint32_t *in_windows, struct score *score)
{
    uint32_t rounds = 0, best = target;
    double most = 0, span_ns = (double)(acts[count - 1].at_ns - acts[0].at_ns) + 1;

    memset(in_windows, 0, s->nodes * sizeof *in_windows);
    for (size_t i = 0; i < count; i++) {
        if (acts[i].node != target)
            continue;
        rounds++;
        for (size_t j = i + 1; j < count && acts[j].at_ns <= acts[i].at_ns + WINDOW_NS; j++)
            in_windows[acts[j].node]++;
    }
    if (rounds < ROUNDS_MIN)
        return;
    for (uint32_t n = 0; n < s->nodes; n++) {
        double chance = (double)all[n] * (double)WINDOW_NS / span_ns;
        double excess = (double)in_windows[n] / rounds - chance;
        if (n != target && excess > most) {
            most = excess;
            best = n;
        }
    }
    if (best != target)
        claim_contact_of_nodes(score, target, best);
}

static void conclude(void *state, struct score *score)
{
    struct state *s = state;
    size_t count;
    struct act *acts = acts_of(s, &count);
    uint32_t *all = calloc(s->nodes, sizeof *all), *in_windows = calloc(s->nodes, sizeof *all);

    if (acts == NULL || all == NULL || in_windows == NULL)
        abort();
    for (size_t i = 0; i < count; i++)
        all[acts[i].node]++;
    for (uint32_t n = 0; n < s->nodes && count > 0; n++)
        if (all[n] >= ROUNDS_MIN)
            judge(s, acts, count, n, all, in_windows, score);
    score->wanted = 0; /* the best guess of each target: what is not claimed is not missed */
    free(acts);
    free(all);
    free(in_windows);
}

static void end(void *state)
{
    struct state *s = state;

    guesses_free(s->guesses);
    free(s);
}

const struct attack attack_disclosure = {
    .name = "disclosure",
    .position = "relays that collude",
    .question = "whom a person talks with: who is active soon after it, more often than by chance",
    .start = start,
    .copy = copy,
    .conclude = conclude,
    .end = end,
};
