/* Topic linkage: messages on one content topic come from few people. The first-sent guesses of a
 * topic vote; a guess that few others support is replaced by the most frequent one (THREATS 4.2).
 */
#include "sim/attack/guesses.h"

#include <stdlib.h>

#define SUPPORT_PERCENT 20u /* of a topic's guesses: an author, not an accident */

struct votes { /* of one topic */
    uint32_t *by_node;
    uint32_t all;
};

struct state {
    struct guesses *guesses;
    struct map topics; /* topic -> struct votes */
    uint32_t nodes;
};

static void *start(const struct attack_setup *setup)
{
    static const uint8_t seed[16];
    struct state *s = calloc(1, sizeof *s);

    if (s == NULL)
        return NULL;
    s->nodes = setup->nodes;
    s->guesses = guesses_new(setup);
    map_init(&s->topics, seed, SIZE_MAX);
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

static struct votes *votes_of(struct state *s, uint64_t topic)
{
    struct votes *v = map_get(&s->topics, MAP_KEY(topic));

    if (v != NULL)
        return v;
    v = calloc(1, sizeof *v);
    if (v == NULL || map_put(&s->topics, MAP_KEY(topic), v) != OK)
        abort();
    v->by_node = calloc(s->nodes, sizeof *v->by_node);
    if (v->by_node == NULL)
        abort();
    return v;
}

static void vote(struct state *s, const struct guess *g)
{
    struct votes *v = votes_of(s, g->topic);

    v->by_node[guess_best(g)->node]++;
    v->all++;
}

/* First-sent's order among the nodes that have votes; who has hardly any comes behind all that have
 * more. */
static double likeness(const struct votes *v, const struct guess *g, uint32_t node)
{
    bool first = guess_best(g)->node == node;
    bool supported = v->by_node[node] * 100u >= v->all * SUPPORT_PERCENT;

    return v->by_node[node] + (first && supported ? v->all : 0);
}

static void conclude(void *state, struct score *score)
{
    struct state *s = state;
    struct guess *g;
    size_t cursor = 0;
    struct answer *answers = calloc(s->nodes, sizeof *answers);

    if (answers == NULL)
        abort();
    while ((g = map_next(&s->guesses->by_message, &cursor, NULL)) != NULL)
        vote(s, g);
    for (cursor = 0; (g = map_next(&s->guesses->by_message, &cursor, NULL)) != NULL;) {
        const struct votes *v = votes_of(s, g->topic);
        struct claim c = {QUESTION_AUTHOR, g->message, answers, 0, false, guess_best(g)->pushed};
        for (uint32_t n = 0; n < s->nodes; n++)
            if (v->by_node[n] > 0)
                answers[c.count++] = (struct answer){n, likeness(v, g, n)};
        claim(score, &c);
    }
    free(answers);
}

static void end(void *state)
{
    struct state *s = state;
    struct votes *v;
    size_t cursor = 0;

    while ((v = map_next(&s->topics, &cursor, NULL)) != NULL) {
        free(v->by_node);
        free(v);
    }
    map_clear(&s->topics);
    guesses_free(s->guesses);
    free(s);
}

const struct attack attack_topic_linkage = {
    .name = "topic-linkage",
    .position = "relays that collude",
    .question = "who wrote a message: first-sent, and what else is on its content topic",
    .start = start,
    .copy = copy,
    .conclude = conclude,
    .end = end,
};
