/* How the C benches say a figure: one JSON line, {bench, metric, value, unit, peer, runs, min,
 * max}, the value being the median. tests/bench/run.mjs gathers them. Include it in one .c file a
 * program. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline int figure_order(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/** The p-quantile of `values`, which it sorts. */
static inline double figure_quantile(double *values, size_t count, double p)
{
    qsort(values, count, sizeof *values, figure_order);
    size_t at = (size_t)((double)count * p);
    return values[at < count ? at : count - 1];
}

/** Print one figure; `values` holds one value a run and is sorted. */
static inline void figure(const char *bench, const char *metric, const char *unit, const char *peer,
                          double *values, size_t runs)
{
    double upper = figure_quantile(values, runs, 0.5);
    double median = runs % 2 ? upper : (values[runs / 2 - 1] + upper) / 2;
    printf("{\"bench\":\"%s\",\"metric\":\"%s\",\"value\":%.4g,\"unit\":\"%s\",\"peer\":\"%s\","
           "\"runs\":%zu,\"min\":%.4g,\"max\":%.4g}\n",
           bench, metric, median, unit, peer, runs, values[0], values[runs - 1]);
    fflush(stdout);
}
