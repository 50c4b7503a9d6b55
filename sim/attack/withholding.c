/* Withholding: a spy that is a hop of a stem swallows what it is handed and waits who publishes it
 * when nothing comes. That is the author or a hop upstream; the one that handed it over comes
 * second (first-sent has it first). */
#include "sim/attack/guesses.h"

#include <stdlib.h>

struct state {
    struct guesses *handed, *published;
};

static void end(void *state)
{
    struct state *s = state;

    if (s->handed != NULL)
        guesses_free(s->handed);
    if (s->published != NULL)
        guesses_free(s->published);
    free(s);
}

static void *start(const struct attack_setup *setup)
{
    struct state *s = calloc(1, sizeof *s);

    if (s == NULL)
        return NULL;
    s->handed = guesses_new(setup);
    s->published = guesses_new(setup);
    if (s->handed != NULL && s->published != NULL)
        return s;
    end(s);
    return NULL;
}

static void copy(void *state, const struct tap_copy *c)
{
    struct state *s = state;

    guesses_note(c->pushed ? s->handed : s->published, c, c->at_ns - c->delay_ns);
}

enum evidence {
    PUBLISHED_ONLY,
    HANDED_AND_PUBLISHED_BY_ONE,
    HANDED_BY_ANOTHER,
};

static void conclude(void *state, struct score *score)
{
    const struct state *s = state;
    const struct guess *p, *h;

    for (size_t cursor = 0; (p = map_next(&s->published->by_message, &cursor, NULL)) != NULL;) {
        uint64_t message = p->message;
        const struct guess_node *who = guess_best(p), *by = NULL;
        struct answer answers[2] = {{who->node, 1}};
        struct claim c = {QUESTION_AUTHOR, message, answers, 1, false, PUBLISHED_ONLY};
        h = map_get(&s->handed->by_message, MAP_KEY(message));
        if (h != NULL)
            by = guess_best(h);
        if (by != NULL && by->node == who->node)
            c.evidence = HANDED_AND_PUBLISHED_BY_ONE;
        if (by != NULL && by->node != who->node) {
            c.evidence = HANDED_BY_ANOTHER;
            answers[c.count++] = (struct answer){by->node, 0};
        }
        claim(score, &c);
    }
}

const struct attack attack_withholding = {
    .name = "withholding",
    .position = "relays that collude and swallow what stems hand them",
    .question = "who wrote a message: who handed it to us, and who published it at last",
    .start = start,
    .copy = copy,
    .conclude = conclude,
    .end = end,
};
