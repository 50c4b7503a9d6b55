/* Statistical disclosure: whoever is active soon after a target, more often than otherwise, talks
 * with it (Kesdogan and Danezis; receipts make it quick: Martiny et al., NDSS 2021). How soon is
 * tried out. The activity is what first-sent concludes: who wrote something, and when. Topics are
 * not looked at.
 */
#include "sim/attack/guesses.h"

#include <math.h>
#include <stdlib.h>

#define ROUNDS_MIN 5u /* messages of a target before it is judged */

/* Within which a receipt or an answer may come. */
static const int64_t windows_ns[] = {2 * NS_PER_S, 12 * NS_PER_S, 75 * NS_PER_S};
#define WINDOWS (sizeof windows_ns / sizeof *windows_ns)

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
        acts[(*count)++] = (struct act){guess_best(g)->at_ns, guess_best(g)->node};
    if (acts != NULL)
        qsort(acts, *count, sizeof *acts, by_time);
    return acts;
}

struct table { /* of one target */
    const struct act *acts;
    size_t count;
    uint32_t *all, *windows; /* by node: its acts; windows of the target that hold one */
    uint32_t *last;          /* by node: the window that was counted last, from 1 */
    double span_ns;
};

/* Windows after acts of the target that hold each node; returns how many there are. */
static uint32_t windows(const struct state *s, struct table *t, uint32_t target, int64_t window_ns)
{
    uint32_t rounds = 0;

    memset(t->windows, 0, s->nodes * sizeof *t->windows);
    memset(t->last, 0, s->nodes * sizeof *t->last);
    for (size_t i = 0; i < t->count; i++) {
        if (t->acts[i].node != target)
            continue;
        rounds++;
        for (size_t j = i + 1; j < t->count && t->acts[j].at_ns <= t->acts[i].at_ns + window_ns;
             j++) {
            t->windows[t->acts[j].node] += t->last[t->acts[j].node] != rounds;
            t->last[t->acts[j].node] = rounds;
        }
    }
    return rounds;
}

/* By how many deviations a node is in windows more often than its rate makes it. */
static double surprise(const struct table *t, uint32_t node, uint32_t rounds, int64_t window_ns)
{
    double chance = (double)t->all[node] * (double)window_ns / t->span_ns;
    double mean = rounds * (chance < 1 ? chance : 1);

    return (t->windows[node] - mean) / sqrt(mean + 0.25);
}

static void judge(const struct state *s, struct table *t, uint32_t target, struct answer *answers,
                  struct score *score)
{
    struct claim c = {QUESTION_CONTACT_NODE, target, answers, 0, false, 0};

    for (uint32_t n = 0; n < s->nodes; n++)
        answers[n] = (struct answer){n, 0};
    for (size_t w = 0; w < WINDOWS; w++) {
        uint32_t rounds = windows(s, t, target, windows_ns[w]);
        for (uint32_t n = 0; n < s->nodes; n++) {
            double much = surprise(t, n, rounds, windows_ns[w]);
            answers[n].likeness = much > answers[n].likeness ? much : answers[n].likeness;
        }
    }
    for (uint32_t n = 0; n < s->nodes; n++)
        if (n != target && answers[n].likeness > 0)
            answers[c.count++] = answers[n];
    claim(score, &c);
}

static void conclude(void *state, struct score *score)
{
    struct state *s = state;
    struct table t = {0};
    struct act *acts = acts_of(s, &t.count);
    struct answer *answers = calloc(s->nodes, sizeof *answers);

    t.acts = acts;
    t.all = calloc(s->nodes, sizeof *t.all);
    t.windows = calloc(s->nodes, sizeof *t.windows);
    t.last = calloc(s->nodes, sizeof *t.last);
    if (acts == NULL || answers == NULL || t.all == NULL || t.windows == NULL || t.last == NULL)
        abort();
    if (t.count > 0)
        t.span_ns = (double)(acts[t.count - 1].at_ns - acts[0].at_ns) + 1;
    for (size_t i = 0; i < t.count; i++)
        t.all[acts[i].node]++;
    for (uint32_t n = 0; n < s->nodes; n++)
        if (t.all[n] >= ROUNDS_MIN)
            judge(s, &t, n, answers, score);
    free(acts);
    free(answers);
    free(t.all);
    free(t.windows);
    free(t.last);
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
