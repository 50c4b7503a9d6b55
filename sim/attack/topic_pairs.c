/* Topic pairs: who writes on one content topic talks with each other. First-sent says who wrote
 * each message; two nodes are as close as the topics that both are thought to write on are their
 * own. */
#include "sim/attack/guesses.h"

#include <stdlib.h>

#define MESSAGES_MIN 3u /* of a node on a topic: one or two are accidents */

struct topic {
    uint32_t *by_node; /* messages that each is thought to have written */
    uint32_t all;
};

struct state {
    struct guesses *guesses;
    struct map topics; /* topic -> struct topic */
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

static void note(struct state *s, const struct guess *g)
{
    struct topic *t = map_get(&s->topics, MAP_KEY(g->topic));

    if (t == NULL) {
        t = calloc(1, sizeof *t);
        if (t == NULL || map_put(&s->topics, MAP_KEY(g->topic), t) != OK)
            abort();
        t->by_node = calloc(s->nodes, sizeof *t->by_node);
        if (t->by_node == NULL)
            abort();
    }
    t->by_node[guess_best(g)->node]++;
    t->all++;
}

/* What both have of the topics that they share. */
static double closeness(const struct state *s, uint32_t a, uint32_t b)
{
    const struct topic *t;
    double sum = 0;

    for (size_t cursor = 0; (t = map_next(&s->topics, &cursor, NULL)) != NULL;) {
        uint32_t less = t->by_node[a] < t->by_node[b] ? t->by_node[a] : t->by_node[b];
        if (less >= MESSAGES_MIN)
            sum += (double)less / t->all;
    }
    return sum;
}

static void conclude(void *state, struct score *score)
{
    struct state *s = state;
    const struct guess *g;
    struct answer *answers = calloc(s->nodes, sizeof *answers);

    if (answers == NULL)
        abort();
    for (size_t cursor = 0; (g = map_next(&s->guesses->by_message, &cursor, NULL)) != NULL;)
        note(s, g);
    for (uint32_t a = 0; a < s->nodes; a++) {
        struct claim c = {QUESTION_CONTACT_NODE, a, answers, 0, false, 0};
        for (uint32_t b = 0; b < s->nodes; b++) {
            double close = a != b ? closeness(s, a, b) : 0;
            if (close > 0)
                answers[c.count++] = (struct answer){b, close};
        }
        claim(score, &c);
    }
    free(answers);
}

static void end(void *state)
{
    struct state *s = state;
    struct topic *t;

    for (size_t cursor = 0; (t = map_next(&s->topics, &cursor, NULL)) != NULL;) {
        free(t->by_node);
        free(t);
    }
    map_clear(&s->topics);
    guesses_free(s->guesses);
    free(s);
}

const struct attack attack_topic_pairs = {
    .name = "topic-pairs",
    .position = "relays that collude",
    .question = "whom a person talks with: who else writes on the same content topic",
    .start = start,
    .copy = copy,
    .conclude = conclude,
    .end = end,
};
