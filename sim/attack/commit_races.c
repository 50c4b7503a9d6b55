/* Commit races: when something happens to a group, its members may all commit at once, and commits
 * are large. Nodes whose large messages come on one topic within a minute, again and again, are in
 * one group. */
#include "sim/attack/guesses.h"

#include <stdlib.h>

#define RACE_NS      (60 * NS_PER_S)
#define COMMIT_BYTES 2048u /* no text is so long */

struct commit {
    int64_t at_ns;
    uint64_t topic;
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

    if (c->bytes >= COMMIT_BYTES)
        guesses_note(s->guesses, c, c->at_ns - c->delay_ns);
}

static size_t commits_of(const struct state *s, struct commit *out)
{
    const struct guess *g;
    size_t n = 0;

    for (size_t cursor = 0; (g = map_next(&s->guesses->by_message, &cursor, NULL)) != NULL;)
        out[n++] = (struct commit){guess_best(g)->at_ns, g->topic, guess_best(g)->node};
    return n;
}

static bool race(const struct commit *a, const struct commit *b)
{
    return a->topic == b->topic && a->node != b->node && a->at_ns <= b->at_ns + RACE_NS &&
           b->at_ns <= a->at_ns + RACE_NS;
}

static void judge(const struct state *s, const struct commit *commits, size_t count, uint32_t node,
                  struct answer *answers, struct score *score)
{
    struct claim c = {QUESTION_GROUP_NODE, node, answers, 0, false, 0};

    for (uint32_t n = 0; n < s->nodes; n++)
        answers[n] = (struct answer){n, 0};
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count && commits[i].node == node; j++)
            if (race(&commits[i], &commits[j]))
                answers[commits[j].node].likeness += 1;
    for (uint32_t n = 0; n < s->nodes; n++)
        if (answers[n].likeness > 0)
            answers[c.count++] = answers[n];
    claim(score, &c);
}

static void conclude(void *state, struct score *score)
{
    const struct state *s = state;
    struct commit *commits = calloc(map_count(&s->guesses->by_message) + 1, sizeof *commits);
    struct answer *answers = calloc(s->nodes, sizeof *answers);

    if (commits == NULL || answers == NULL)
        abort();
    size_t count = commits_of(s, commits);
    for (uint32_t n = 0; n < s->nodes; n++)
        judge(s, commits, count, n, answers, score);
    free(commits);
    free(answers);
}

static void end(void *state)
{
    struct state *s = state;

    guesses_free(s->guesses);
    free(s);
}

const struct attack attack_commit_races = {
    .name = "commit-races",
    .position = "relays that collude",
    .question = "who is in a group with a person: whose commits race with its own",
    .start = start,
    .copy = copy,
    .conclude = conclude,
    .end = end,
};
