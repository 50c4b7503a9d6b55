/* The attacks of a scenario and the truth that they are measured by. */
#include "sim/run/inside.h"

#include <stdio.h>
#include <stdlib.h>

static uint32_t author(void *ctx, uint64_t message)
{
    const struct run *r = ctx;

    return message < r->messages_count ? r->messages[message].author : UINT32_MAX;
}

static bool receipt(void *ctx, uint64_t message)
{
    const struct run *r = ctx;

    return message < r->messages_count && r->messages[message].receipt;
}

/* Messages are in order of time. */
static bool wrote(void *ctx, uint32_t node, int64_t from_ns, int64_t to_ns)
{
    const struct run *r = ctx;
    uint32_t low = 0, high = r->messages_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (r->messages[middle].at_ns < from_ns)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < r->messages_count && r->messages[low].at_ns <= to_ns; low++)
        if (r->messages[low].author == node)
            return true;
    return false;
}

static bool contact(void *ctx, uint32_t a, uint32_t b)
{
    return people_share(ctx, a, b);
}

static uint32_t node_of(void *ctx, uint64_t client)
{
    const struct run *r = ctx;

    return r->client_nodes[client];
}

enum err adversary_init(struct run *r)
{
    char name[64];
    const char *at = r->sc->adversary_attacks;
    struct tap_setup setup = {.known = {r->nodes, r->own, 0},
                              .services = r->services,
                              .client_ids = r->client_ids,
                              .links = r->sc->adversary_links != 0};

    for (at += strspn(at, " "); *at != '\0'; at += strspn(at, " ")) {
        size_t len = strcspn(at, " ");
        snprintf(name, sizeof name, "%.*s", (int)len, at);
        at += len;
        const struct attack *a = attack_find(name);
        if (a == NULL || r->attacks_count == TAP_ATTACKS_MAX) {
            snprintf(r->error->reason, sizeof r->error->reason,
                     "adversary.attacks: there is no attack %s (sotto-sim attacks lists them)",
                     name);
            return ERR_ARGUMENT;
        }
        r->attacks[r->attacks_count] = setup.attacks[r->attacks_count] = a;
        r->attacks_count++;
    }
    setup.attacks_count = r->attacks_count;
    return r->attacks_count == 0 ? OK : tap_new(&r->tap, &setup);
}

static uint64_t contacts(const struct run *r)
{
    uint64_t pairs = 0;

    for (uint32_t i = 0; i < r->conversations_count; i++)
        pairs += (uint64_t)r->conversations[i].count * (r->conversations[i].count - 1) / 2;
    return pairs;
}

void adversary_measure(struct run *r)
{
    struct truth truth = {r,          author, wrote, contact, receipt, node_of, r->messages_count,
                          contacts(r)};
    char name[64];

    for (size_t i = 0; i < r->attacks_count; i++) {
        struct score score = {.truth = &truth};
        struct score_result s;
        tap_conclude(r->tap, i, &score);
        score_result(&score, &s);
        snprintf(name, sizeof name, "%s.precision", r->attacks[i]->name);
        measure_share(r, name, s.precision, (double)s.claims, s.lower, s.upper);
        if (s.wanted == 0)
            continue;
        snprintf(name, sizeof name, "%s.recall", r->attacks[i]->name);
        measure_share(r, name, s.recall, (double)s.wanted, s.recall_lower, s.recall_upper);
    }
}

void adversary_free(struct run *r)
{
    tap_free(r->tap);
}
