#include "sim/histogram.h"

static size_t bucket_of(int64_t ns)
{
    uint64_t units = ns > HISTOGRAM_UNIT_NS ? (uint64_t)(ns / (HISTOGRAM_UNIT_NS / HISTOGRAM_STEPS))
                                            : HISTOGRAM_STEPS;
    size_t doubling = 0;

    while (units >= 2 * HISTOGRAM_STEPS) {
        units /= 2;
        doubling++;
    }
    size_t bucket = doubling * HISTOGRAM_STEPS + (size_t)units - HISTOGRAM_STEPS;
    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

int64_t histogram_edge(size_t bucket)
{
    int64_t units = (int64_t)(HISTOGRAM_STEPS + bucket % HISTOGRAM_STEPS);

    return (units << bucket / HISTOGRAM_STEPS) * (HISTOGRAM_UNIT_NS / HISTOGRAM_STEPS);
}

void histogram_add(struct histogram *h, int64_t ns)
{
    h->counts[bucket_of(ns)]++;
    h->all++;
    h->sum_ns += ns;
    if (ns > h->max_ns)
        h->max_ns = ns;
}

int64_t histogram_quantile(const struct histogram *h, double part)
{
    double wanted = part * (double)h->all, seen = 0;

    for (size_t i = 0; i < HISTOGRAM_BUCKETS && h->all > 0; i++) {
        seen += (double)h->counts[i];
        if (h->counts[i] > 0 && seen >= wanted)
            return (histogram_edge(i) + histogram_edge(i + 1)) / 2;
    }
    return 0;
}
