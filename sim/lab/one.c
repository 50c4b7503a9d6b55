/* One run: its progress, its figures on the terminal. */
#include "sim/lab/lab.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct watch {
    double from_s, told_s;
    const char *name;
};

double lab_now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void progress(void *ctx, double part)
{
    struct watch *w = ctx;
    double now = lab_now_s(), left = part > 0 ? (now - w->from_s) * (1 - part) / part : 0;

    if (now - w->told_s < 2)
        return;
    w->told_s = now;
    fprintf(stderr, isatty(2) ? "\r%s: %.0f %%, %.0f s left   " : "%s: %.0f %%, %.0f s left\n",
            w->name, 100 * part, left);
}

static void print_metrics(const struct run_result *r)
{
    for (size_t i = 0; i < r->metrics_count; i++) {
        const struct run_metric *m = &r->metrics[i];
        printf("%-32s %14.6g %s", m->name, m->value, m->unit);
        if (m->interval)
            printf("  (95 %%: %.4f to %.4f of %.0f)", m->lower, m->upper, m->n);
        printf("\n");
    }
}

static bool print_asserts(const struct scenario *sc, const struct run_result *r)
{
    bool all = true;

    for (size_t i = 0; i < sc->asserts_count; i++) {
        const struct scenario_assert *a = &sc->asserts[i];
        double value = 0;
        bool holds = run_holds(r, a, &value);
        printf("%s: %s of %s is %.6g, wanted %s %.6g (line %u)\n", holds ? "holds" : "broken",
               a->side, a->metric, value, a->op, a->value, a->line);
        all = all && holds;
    }
    return all;
}

static void options_of(const struct lab_options *o, char *matrix, struct run_options *out)
{
    *out = (struct run_options){.matrix = matrix != NULL ? span_str(matrix) : SPAN_EMPTY,
                                .trace = o->node != NULL,
                                .trace_node = UINT32_MAX};
    if (o->node != NULL)
        out->trace_node = (uint32_t)strtoul(o->node, NULL, 10);
    if (o->until != NULL)
        out->until_ns = (int64_t)(strtod(o->until, NULL) * 1e9);
}

enum lab_exit lab_run_one(const struct lab_options *o, const char *file,
                          const char *const *settings, size_t count)
{
    struct scenario sc;
    struct scenario_error e = {0};
    struct run_options options;
    struct run_result *r = calloc(1, sizeof *r);
    char *matrix;
    enum lab_exit status = LAB_GOOD;

    if (r == NULL)
        return LAB_MEMORY;
    if (!lab_load(file, settings, count, &sc, &matrix)) {
        scenario_clear(&sc);
        free(r);
        return LAB_USAGE;
    }
    options_of(o, matrix, &options);
    struct watch w = {lab_now_s(), lab_now_s(), sc.scenario_name};
    if (!o->quiet) {
        printf("scenario %s, seed %.0f\n", sc.scenario_name, sc.scenario_seed);
        fflush(stdout);
        options.progress_ctx = &w;
        options.progress = progress;
    }
    enum err err = run_scenario(&sc, &options, r, &e);
    double wall_s = lab_now_s() - w.from_s;
    if (err != OK) {
        fprintf(stderr, "%s: %s\n", file, e.reason[0] != '\0' ? e.reason : err_text(err));
        status = err == ERR_MEMORY ? LAB_MEMORY : LAB_USAGE;
    } else {
        if (!o->quiet) {
            if (isatty(2))
                fputs("\r                                        \r", stderr);
            print_metrics(r);
            printf("events %" PRIu64 " in %.1f s, %.0f a second\n", r->stats.events, wall_s,
                   (double)r->stats.events / wall_s);
            if (r->broken[0] != '\0')
                printf("first delivery that is not right: %s\n", r->broken);
        }
        bool holds = o->quiet || print_asserts(&sc, r);
        for (size_t i = 0; o->quiet && i < sc.asserts_count; i++) {
            double value;
            holds = run_holds(r, &sc.asserts[i], &value) && holds;
        }
        if (!o->quiet)
            printf("digest %016" PRIx64 "\n", r->digest);
        status = holds ? LAB_GOOD : LAB_PROPERTY;
        if (o->out != NULL && !lab_write(o->out, &sc, r, wall_s))
            status = LAB_DISK;
    }
    scenario_clear(&sc);
    free(matrix);
    free(r);
    return status;
}
