/* The only place where claims meet the truth. Formulas: attack.h. */
#include "crypto/base/map.h"
#include "sim/attack/attack.h"
#include "sim/random.h"

#include <stdlib.h>

#define LN2 0.69314718055994531
#define Z95 1.959964

struct level { /* answers of equal likeness */
    double answers, right;
};

struct judged { /* a claim */
    unsigned evidence;
    size_t first, levels; /* in score->levels */
    double listed, possible, rights;
};

struct person { /* whose claims hang together */
    double claims, right;
};

struct score {
    const struct truth *truth;
    struct judged *judged;
    size_t judged_count, judged_cap;
    struct level *levels;
    size_t levels_count, levels_cap;
    struct map persons; /* number -> struct person */
    uint64_t claims, right, wanted;
    double inverse_ranks;
    bool ranked;
};

static void *need(void *p)
{
    if (p == NULL)
        abort();
    return p;
}

struct score *score_new(const struct truth *truth)
{
    static const uint8_t seed[16];
    struct score *s = calloc(1, sizeof *s);

    if (s == NULL)
        return NULL;
    s->truth = truth;
    map_init(&s->persons, seed, SIZE_MAX);
    return s;
}

void score_free(struct score *s)
{
    struct person *p;
    size_t cursor = 0;

    if (s == NULL)
        return;
    while ((p = map_next(&s->persons, &cursor, NULL)) != NULL)
        free(p);
    map_clear(&s->persons);
    free(s->judged);
    free(s->levels);
    free(s);
}

/* ---- a claim ---- */

static int likelier(const void *a, const void *b)
{
    const struct answer *x = a, *y = b;

    if (x->likeness > y->likeness || x->likeness < y->likeness)
        return x->likeness > y->likeness ? -1 : 1;
    return x->who < y->who ? -1 : x->who > y->who;
}

static bool tied(const struct answer *a, const struct answer *b)
{
    return !(a->likeness > b->likeness) && !(a->likeness < b->likeness);
}

static struct level *level_add(struct score *s)
{
    if (s->levels_count == s->levels_cap) {
        s->levels_cap = s->levels_cap * 2 + 1024;
        s->levels = need(realloc(s->levels, s->levels_cap * sizeof *s->levels));
    }
    s->levels[s->levels_count] = (struct level){0};
    return &s->levels[s->levels_count++];
}

static struct judged *judged_add(struct score *s)
{
    if (s->judged_count == s->judged_cap) {
        s->judged_cap = s->judged_cap * 2 + 256;
        s->judged = need(realloc(s->judged, s->judged_cap * sizeof *s->judged));
    }
    return &s->judged[s->judged_count++];
}

/* Expected place of the first right one of a tie: (n + 1) / (right + 1). */
static double rank_of(const struct level *l, size_t levels, double possible)
{
    double before = 0;

    for (size_t i = 0; i < levels; before += l[i++].answers)
        if (l[i].right > 0)
            return before + (l[i].answers + 1) / (l[i].right + 1);
    return before + (possible > before ? (possible - before + 1) / 2 : 1);
}

static void count(struct score *s, uint64_t number, double claims, double right)
{
    struct person *p = map_get(&s->persons, MAP_KEY(number));

    if (p == NULL) {
        p = need(calloc(1, sizeof *p));
        if (map_put(&s->persons, MAP_KEY(number), p) != OK)
            abort();
    }
    p->claims += claims;
    p->right += right;
    s->claims += (uint64_t)claims;
    s->right += (uint64_t)right;
}

/* Levels hold shares of the right answers that there are, once they are ranked. */
static void judge(struct score *s, const struct claim *c, const struct truth_row *row,
                  const struct answer *sorted)
{
    struct judged *j = judged_add(s);
    struct level *l = NULL;
    double hits = 0, first = 0, rights = (double)row->rights(s->truth->ctx, c->subject);

    *j = (struct judged){.evidence = c->evidence < SCORE_EVIDENCE ? c->evidence : 0,
                         .first = s->levels_count,
                         .listed = (double)c->count,
                         .possible =
                             row->possible != NULL ? (double)row->possible(s->truth->ctx) : 0};
    s->ranked = row->possible != NULL;
    for (size_t i = 0; i < c->count; i++) {
        bool right = row->right(s->truth->ctx, c->subject, sorted[i].who);
        if (l == NULL || (!tied(&sorted[i - 1], &sorted[i]) && j->levels < SCORE_LEVELS)) {
            l = level_add(s);
            j->levels++;
        }
        l->answers++;
        l->right += right;
        hits += right;
        first = i == 0 ? right : first;
    }
    l = &s->levels[j->first];
    s->inverse_ranks += 1 / rank_of(l, j->levels, j->possible);
    j->rights = rights > hits ? rights : hits > 1 ? hits : 1;
    for (size_t i = 0; i < j->levels; i++)
        l[i].right /= j->rights;
    count(s, row->person(s->truth->ctx, c->subject), c->all ? (double)c->count : 1,
          c->all ? hits : first);
}

void claim(struct score *s, const struct claim *c)
{
    const struct truth_row *row = &s->truth->rows[c->question];

    if (row->right == NULL || c->count == 0 || row->rights(s->truth->ctx, c->subject) == UINT64_MAX)
        return;
    s->wanted = row->wanted != NULL ? row->wanted(s->truth->ctx) : 0;
    struct answer *sorted = need(calloc(c->count, sizeof *sorted));
    memcpy(sorted, c->answers, c->count * sizeof *sorted);
    qsort(sorted, c->count, sizeof *sorted, likelier);
    judge(s, c, row, sorted);
    free(sorted);
}

void claim_one(struct score *s, enum question question, uint64_t subject, uint64_t who)
{
    const struct answer answer = {who, 0};

    claim(s, &(struct claim){question, subject, &answer, 1, false, 0});
}

/* ---- what came of it ---- */

/* As many independent claims would have the variance of these. */
static double independent(const struct score *s, double share)
{
    double persons = (double)map_count(&s->persons), claims = (double)s->claims, squares = 0;
    const struct person *p;

    if (persons < 2)
        return 1;
    for (size_t cursor = 0; (p = map_next(&s->persons, &cursor, NULL)) != NULL;)
        squares += (p->right - share * p->claims) * (p->right - share * p->claims);
    double variance = persons / (persons - 1) * squares / claims / claims;
    double t = num_quantile_t95((uint32_t)persons - 1), n = persons < claims ? persons : claims;
    if (variance > 0)
        n = share * (1 - share) / variance;
    return (n < claims ? n : claims) * (Z95 / t) * (Z95 / t);
}

/* By evidence: how often the right answer is at which level. */
static void calibrate(const struct score *s, double q[SCORE_EVIDENCE][SCORE_LEVELS])
{
    double claims[SCORE_EVIDENCE] = {0};

    memset(q, 0, SCORE_EVIDENCE * sizeof *q);
    for (size_t i = 0; i < s->judged_count; i++) {
        const struct judged *j = &s->judged[i];
        claims[j->evidence]++;
        for (size_t l = 0; l < j->levels; l++)
            q[j->evidence][l] += s->levels[j->first + l].right;
    }
    for (size_t e = 0; e < SCORE_EVIDENCE; e++)
        for (size_t l = 0; l < SCORE_LEVELS && claims[e] > 0; l++)
            q[e][l] /= claims[e];
}

static double log2_of(double x)
{
    return num_ln(x) / LN2;
}

/* -p log2 (p / among): mass p, shared by so many. */
static double bits(double p, double among)
{
    return p > 1e-12 ? -p * log2_of(p / (among > 1 ? among : 1)) : 0;
}

static double entropy_of(const struct score *s, const struct judged *j, const double *q)
{
    double rest = 1, sum = 0;

    for (size_t l = 0; l < j->levels; l++) {
        sum += bits(q[l], s->levels[j->first + l].answers);
        rest -= q[l];
    }
    sum += bits(rest, j->possible - j->listed) - log2_of(j->rights);
    return sum > 0 ? sum : 0;
}

void score_result(const struct score *s, struct score_result *out)
{
    double q[SCORE_EVIDENCE][SCORE_LEVELS], claims = (double)s->claims, sum = 0;

    *out = (struct score_result){.claims = s->claims,
                                 .right = s->right,
                                 .wanted = s->wanted,
                                 .persons = map_count(&s->persons),
                                 .ranked = s->ranked};
    if (s->claims > 0)
        out->precision = (double)s->right / claims;
    double n = s->claims > 0 ? independent(s, out->precision) : 0;
    num_wilson95(out->precision, n, &out->lower, &out->upper);
    calibrate(s, q);
    for (size_t i = 0; i < s->judged_count; i++)
        sum += entropy_of(s, &s->judged[i], q[s->judged[i].evidence]);
    if (s->judged_count > 0) {
        out->inverse_rank = s->inverse_ranks / (double)s->judged_count;
        out->entropy = sum / (double)s->judged_count;
        out->set = num_exp(out->entropy * LN2);
    }
    if (s->wanted == 0)
        return;
    double wanted = (double)s->wanted;
    out->recall = (double)(s->right < s->wanted ? s->right : s->wanted) / wanted;
    num_wilson95(out->recall, claims > 0 ? wanted * n / claims : 0, &out->recall_lower,
                 &out->recall_upper);
}
