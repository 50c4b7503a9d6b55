/* Insider: a member of a group reads who wrote each message, by account. Relays that collude with
 * it vote: which node do the messages of one account come from? What links messages for strangers
 * need not be there: the insider links them by reading. */
#include "sim/attack/guesses.h"

#include <stdlib.h>

struct account {
    uint64_t number;
    uint64_t *messages;
    size_t count;
};

struct state {
    struct guesses *guesses;
    struct map accounts; /* number -> struct account */
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
    map_init(&s->accounts, seed, SIZE_MAX);
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

static void read_one(void *state, const struct tap_read *r)
{
    struct state *s = state;
    uint64_t number = r->account;
    struct account *a = map_get(&s->accounts, MAP_KEY(number));

    if (a == NULL) {
        a = calloc(1, sizeof *a);
        if (a == NULL || map_put(&s->accounts, MAP_KEY(number), a) != OK)
            abort();
        a->number = number;
    }
    a->messages = realloc(a->messages, (a->count + 1) * sizeof *a->messages);
    if (a->messages == NULL)
        abort();
    a->messages[a->count++] = r->message;
}

/* A vote for each message; the earliest neighbour has it. */
static void vote(const struct state *s, const struct account *a, struct answer *answers)
{
    for (uint32_t n = 0; n < s->nodes; n++)
        answers[n] = (struct answer){n, 0};
    for (size_t i = 0; i < a->count; i++) {
        uint64_t message = a->messages[i];
        const struct guess *g = map_get(&s->guesses->by_message, MAP_KEY(message));
        if (g != NULL && g->count > 0)
            answers[guess_best(g)->node].likeness += 1;
    }
}

static void conclude(void *state, struct score *score)
{
    const struct state *s = state;
    const struct account *a;
    struct answer *answers = calloc(s->nodes, sizeof *answers);

    if (answers == NULL)
        abort();
    for (size_t cursor = 0; (a = map_next(&s->accounts, &cursor, NULL)) != NULL;) {
        struct claim c = {QUESTION_ACCOUNT, a->number, answers, 0, false, 0};
        vote(s, a, answers);
        for (uint32_t n = 0; n < s->nodes; n++)
            if (answers[n].likeness > 0)
                answers[c.count++] = answers[n];
        claim(score, &c);
    }
    free(answers);
}

static void end(void *state)
{
    struct state *s = state;
    struct account *a;

    for (size_t cursor = 0; (a = map_next(&s->accounts, &cursor, NULL)) != NULL;) {
        free(a->messages);
        free(a);
    }
    map_clear(&s->accounts);
    guesses_free(s->guesses);
    free(s);
}

const struct attack attack_insider = {
    .name = "insider",
    .position = "a member of a group, and relays that collude",
    .question = "which node an account of the group is on: where its messages come from first",
    .start = start,
    .copy = copy,
    .read = read_one,
    .conclude = conclude,
    .end = end,
};
