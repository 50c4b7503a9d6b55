/* The attacks of a scenario, and what came of them. */
#include "sim/run/inside.h"

#include <stdio.h>

enum err adversary_init(struct run *r)
{
    char name[64];
    const char *at = r->sc->adversary_attacks;
    struct tap_setup setup = {.known = {r->nodes, r->own, 0, r->victims},
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

static void add(struct run *r, const char *attack, const char *metric, const char *unit,
                double value)
{
    char name[64];

    snprintf(name, sizeof name, "%s.%s", attack, metric);
    measure_add(r, name, unit, value);
}

static void add_share(struct run *r, const char *attack, const char *metric, double value, double n,
                      double lower, double upper)
{
    char name[64];

    snprintf(name, sizeof name, "%s.%s", attack, metric);
    measure_share(r, name, value, n, lower, upper);
}

void adversary_measure(struct run *r)
{
    struct truth truth;

    truth_of(r, &truth);
    for (size_t i = 0; i < r->attacks_count; i++) {
        const char *name = r->attacks[i]->name;
        struct score *score = run_need(score_new(&truth));
        struct score_result s;
        tap_conclude(r->tap, i, score);
        score_result(score, &s);
        score_free(score);
        add_share(r, name, "precision", s.precision, (double)s.claims, s.lower, s.upper);
        if (s.wanted > 0)
            add_share(r, name, "recall", s.recall, (double)s.wanted, s.recall_lower,
                      s.recall_upper);
        if (!s.ranked)
            continue;
        add(r, name, "inverse_rank", "mean of 1 / rank", s.inverse_rank);
        add(r, name, "entropy", "bits", s.entropy);
        add(r, name, "set", "candidates", s.set);
    }
}

void adversary_free(struct run *r)
{
    tap_free(r->tap);
}
