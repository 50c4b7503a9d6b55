#include "sim/attack_first.h"

#include <math.h>
#include <stdlib.h>

struct guess {
    bool any;
    int64_t sent_ns;
    uint32_t node;
};

struct attack_first {
    struct guess *guesses;
    uint32_t messages;
    const bool *spy;
    int64_t (*delay)(const void *ctx, uint32_t src, uint32_t dst);
    const void *ctx;
};

static const uint8_t mark[8] = {0xf1, 0x2a, 0x77, 0x0c, 0x93, 0xe5, 0x41, 0xb8};

void attack_mark(uint32_t number, uint8_t out[ATTACK_MARK_BYTES])
{
    memcpy(out, mark, sizeof mark);
    for (size_t i = 0; i < 4; i++)
        out[8 + i] = (uint8_t)(number >> (8 * i));
}

enum err attack_first_new(struct attack_first **out, uint32_t messages, const bool *spy,
                          int64_t (*delay)(const void *ctx, uint32_t src, uint32_t dst),
                          const void *ctx)
{
    struct attack_first *a = calloc(1, sizeof *a);

    if (a == NULL)
        return ERR_MEMORY;
    *a = (struct attack_first){.messages = messages, .spy = spy, .delay = delay, .ctx = ctx};
    a->guesses = calloc(messages, sizeof *a->guesses);
    if (a->guesses == NULL) {
        free(a);
        return ERR_MEMORY;
    }
    *out = a;
    return OK;
}

void attack_first_free(struct attack_first *a)
{
    if (a == NULL)
        return;
    free(a->guesses);
    free(a);
}

static void note(struct attack_first *a, uint32_t message, uint32_t src, int64_t sent_ns)
{
    struct guess *g = &a->guesses[message];

    if (!g->any || sent_ns < g->sent_ns)
        *g = (struct guess){true, sent_ns, src};
}

static void tap(void *ctx, struct sim *s, const struct sim_bytes *b)
{
    uint32_t src = b->src, dst = b->dst;
    struct span bytes = b->bytes;
    struct attack_first *a = ctx;

    if (!a->spy[dst] || a->spy[src])
        return;
    for (size_t i = 0; i + ATTACK_MARK_BYTES <= bytes.len; i++) {
        const uint8_t *at = memchr(bytes.ptr + i, mark[0], bytes.len - ATTACK_MARK_BYTES - i + 1);
        if (at == NULL)
            return;
        i = (size_t)(at - bytes.ptr);
        uint32_t number = (uint32_t)at[8] | (uint32_t)at[9] << 8 | (uint32_t)at[10] << 16 |
                          (uint32_t)at[11] << 24;
        if (memcmp(at, mark, sizeof mark) == 0 && number < a->messages)
            note(a, number, src, sim_now(s) - a->delay(a->ctx, src, dst));
    }
}

struct sim_watcher attack_first_watcher(struct attack_first *a)
{
    return (struct sim_watcher){.ctx = a, .bytes = tap};
}

/* Wilson's interval of a share p of n, z = 1.96. */
static void interval(double p, double n, double *lower, double *upper)
{
    const double z = 1.959964;
    double middle = (p + z * z / (2 * n)) / (1 + z * z / n);
    double half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n));

    *lower = middle - half;
    *upper = middle + half;
}

void attack_first_report(const struct attack_first *a, const uint32_t *author,
                         struct attack_report *out)
{
    *out = (struct attack_report){.messages = a->messages};
    for (uint32_t i = 0; i < a->messages; i++) {
        out->guessed += a->guesses[i].any;
        out->right += a->guesses[i].any && a->guesses[i].node == author[i];
    }
    out->precision = (double)out->right / a->messages;
    interval(out->precision, a->messages, &out->lower, &out->upper);
}
