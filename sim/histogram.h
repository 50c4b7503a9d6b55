/* A histogram of times with buckets of 1/32 of their value: 0.1 ms to hours in 8 KiB, whatever the
 * number of samples. */
#pragma once

#include "crypto/base/env.h"

#define HISTOGRAM_UNIT_NS (NS_PER_MS / 10) /* shorter times count as this */
#define HISTOGRAM_STEPS   32u              /* buckets per doubling */
#define HISTOGRAM_BUCKETS (32u * HISTOGRAM_STEPS)

struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS];
    uint64_t all;
    int64_t max_ns, sum_ns;
};

void histogram_add(struct histogram *h, int64_t ns);

/** Middle of the bucket in which the share `part` (0..1) of all samples is reached; 0: none. */
int64_t histogram_quantile(const struct histogram *h, double part);

/** Where a bucket begins, ns. */
int64_t histogram_edge(size_t bucket);
