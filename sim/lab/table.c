#include "sim/lab/table.h"

#include "sim/random.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>

static const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    return s != NULL ? s : "";
}

static double number_of(const json_t *o, const char *key)
{
    return json_number_value(json_object_get(o, key));
}

static bool same_but_seed(json_t *a, json_t *b)
{
    const char *key;
    json_t *v;

    json_object_foreach(a, key, v) if (strcmp(key, "scenario.seed") != 0 &&
                                       !json_equal(v, json_object_get(b, key))) return false;
    return true;
}

static struct group *group_of(struct table *t, const json_t *head)
{
    json_t *parameters = json_object_get(head, "parameters");

    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->groups[i].scenario, text_of(head, "scenario")) == 0 &&
            same_but_seed(t->groups[i].parameters, parameters))
            return &t->groups[i];
    if (t->count == GROUPS_MAX)
        return NULL;
    struct group *g = &t->groups[t->count++];
    snprintf(g->scenario, sizeof g->scenario, "%s", text_of(head, "scenario"));
    snprintf(g->about, sizeof g->about, "%s", text_of(head, "about"));
    g->parameters = json_incref(parameters);
    g->cells = calloc(RUN_METRICS_MAX, sizeof *g->cells);
    return g->cells != NULL ? g : NULL;
}

static struct cell *cell_of(struct group *g, const json_t *metric)
{
    for (size_t i = 0; i < g->cells_count; i++)
        if (strcmp(g->cells[i].name, text_of(metric, "name")) == 0)
            return &g->cells[i];
    if (g->cells_count == RUN_METRICS_MAX)
        return NULL;
    struct cell *c = &g->cells[g->cells_count++];
    snprintf(c->name, sizeof c->name, "%s", text_of(metric, "name"));
    snprintf(c->unit, sizeof c->unit, "%s", text_of(metric, "unit"));
    return c;
}

static void take_metric(struct table *t, struct group *g, const json_t *head, const json_t *o)
{
    struct cell *c = cell_of(g, o);

    if (c == NULL || c->count == SEEDS_MAX)
        return;
    c->values[c->count++] = number_of(o, "value");
    c->interval = json_object_get(o, "lower") != NULL;
    c->lower = number_of(o, "lower");
    c->upper = number_of(o, "upper");
    if (t->csv == NULL)
        return;
    fprintf(t->csv, "%s,%s,%.0f,%s,%.12g,", text_of(head, "id"), text_of(head, "scenario"),
            number_of(head, "seed"), c->name, number_of(o, "value"));
    if (c->interval)
        fprintf(t->csv, "%.12g,%.12g,%.0f", c->lower, c->upper, number_of(o, "n"));
    else
        fprintf(t->csv, ",,");
    fprintf(t->csv, ",%s\n", c->unit);
}

static struct asserted *claim_of(struct group *g, const json_t *o)
{
    double bound = number_of(o, "bound");

    for (size_t i = 0; i < g->claims_count; i++) {
        struct asserted *c = &g->claims[i];
        if (strcmp(c->metric, text_of(o, "metric")) == 0 && strcmp(c->op, text_of(o, "op")) == 0 &&
            strcmp(c->side, text_of(o, "side")) == 0 && c->bound >= bound && c->bound <= bound)
            return c;
    }
    if (g->claims_count == CLAIMS_MAX)
        return NULL;
    struct asserted *c = &g->claims[g->claims_count++];
    *c = (struct asserted){.bound = bound};
    snprintf(c->metric, sizeof c->metric, "%s", text_of(o, "metric"));
    snprintf(c->side, sizeof c->side, "%s", text_of(o, "side"));
    snprintf(c->op, sizeof c->op, "%s", text_of(o, "op"));
    return c;
}

static void take_assert(struct group *g, const json_t *o)
{
    struct asserted *c = claim_of(g, o);
    double value = number_of(o, "value");

    if (c == NULL)
        return;
    if (json_is_true(json_object_get(o, "holds"))) {
        c->holds++;
        return;
    }
    if (c->broken++ == 0 || fabs(value - c->bound) > fabs(c->worst - c->bound))
        c->worst = value;
}

static void take_line(struct table *t, struct group *g, const json_t *head, const json_t *o)
{
    const char *kind = text_of(o, "kind");

    if (strcmp(kind, "metric") == 0) {
        take_metric(t, g, head, o);
    } else if (strcmp(kind, "assert") == 0) {
        take_assert(g, o);
    } else if (strcmp(kind, "latency") == 0) {
        double ms = number_of(o, "from_ms");
        size_t i = 0;
        while (i < g->latencies && !(g->latency_ms[i] >= ms && g->latency_ms[i] <= ms))
            i++;
        if (i == HISTOGRAM_BUCKETS)
            return;
        g->latencies += i == g->latencies;
        g->latency_ms[i] = ms;
        g->latency_count[i] += number_of(o, "count");
    }
}

static bool read_run(struct table *t, const char *path)
{
    FILE *f = fopen(path, "r");
    json_t *head = f != NULL ? json_loadf(f, JSON_DISABLE_EOF_CHECK, NULL) : NULL, *o;
    struct group *g = head != NULL ? group_of(t, head) : NULL;

    if (g == NULL) {
        fprintf(stderr, "sotto-sim: %s: no run, or more than %u groups\n", path, GROUPS_MAX);
        json_decref(head);
        if (f != NULL)
            fclose(f);
        return false;
    }
    while ((o = json_loadf(f, JSON_DISABLE_EOF_CHECK, NULL)) != NULL) {
        take_line(t, g, head, o);
        json_decref(o);
    }
    g->runs++;
    json_decref(head);
    fclose(f);
    return true;
}

static int wanted(const struct dirent *d)
{
    size_t len = strlen(d->d_name);

    return len > 6 && strcmp(d->d_name + len - 6, ".jsonl") == 0;
}

bool table_read(struct table *t, const char *dir)
{
    struct dirent **names;
    char path[LAB_PATH_MAX];
    bool good = true;
    int n = scandir(dir, &names, wanted, alphasort);

    if (n <= 0) {
        fprintf(stderr, "sotto-sim: %s: %s\n", dir, n == 0 ? "no runs" : strerror(errno));
        return false;
    }
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]->d_name);
        good = read_run(t, path) && good;
        free(names[i]);
    }
    free(names);
    return good;
}

static bool differs(const struct table *t, const char *key)
{
    for (size_t i = 1; i < t->count; i++)
        if (!json_equal(json_object_get(t->groups[0].parameters, key),
                        json_object_get(t->groups[i].parameters, key)))
            return true;
    return false;
}

void table_label(struct table *t)
{
    for (size_t i = 0; i < t->count; i++) {
        struct group *g = &t->groups[i];
        const char *key;
        json_t *v;
        size_t len = (size_t)snprintf(g->label, sizeof g->label, "%s", g->scenario);
        json_object_foreach(g->parameters, key, v)
        {
            if (strcmp(key, "scenario.seed") == 0 || strcmp(key, "adversary.attacks") == 0 ||
                !differs(t, key) || len + 100 > sizeof g->label)
                continue;
            len += (size_t)snprintf(g->label + len, sizeof g->label - len, " %s=%.40s", key,
                                    json_string_value(v));
        }
    }
}

void table_free(struct table *t)
{
    for (size_t i = 0; i < t->count; i++) {
        json_decref(t->groups[i].parameters);
        free(t->groups[i].cells);
    }
}

const struct cell *group_cell(const struct group *g, const char *name)
{
    for (size_t i = 0; i < g->cells_count; i++)
        if (strcmp(g->cells[i].name, name) == 0)
            return &g->cells[i];
    return NULL;
}

void cell_value(const struct cell *c, double *mean, double *lower, double *upper)
{
    double sum = 0, squares = 0, n = (double)c->count;

    for (size_t i = 0; i < c->count; i++)
        sum += c->values[i];
    *mean = *lower = *upper = n > 0 ? sum / n : 0;
    if (c->count == 1 && c->interval) {
        *lower = c->lower;
        *upper = c->upper;
    }
    if (c->count < 2)
        return;
    for (size_t i = 0; i < c->count; i++)
        squares += (c->values[i] - *mean) * (c->values[i] - *mean);
    double half = num_quantile_t95((uint32_t)c->count - 1) * sqrt(squares / (n - 1) / n);
    *lower -= half;
    *upper += half;
    *lower = *lower > 0 ? *lower : 0; /* no metric is less */
    if (strcmp(c->unit, "share") == 0)
        *upper = *upper < 1 ? *upper : 1;
}
