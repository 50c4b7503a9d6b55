/* Private to sim/lab: results read back, grouped by scenario and parameters; seeds are the sample.
 */
#pragma once

#include "sim/lab/lab.h"

#include <jansson.h>

#define CELLS_MAX  4096u
#define GROUPS_MAX 512u
#define SEEDS_MAX  1024u

struct cell { /* a metric of a group */
    char name[64], unit[32];
    double values[SEEDS_MAX]; /* by run */
    size_t count;
    double lower, upper; /* of a single run with an interval of its own */
    bool interval;
};

#define CLAIMS_MAX 64u

struct asserted { /* an assertion, over the runs of a group */
    char metric[64], side[8], op[4];
    double bound, worst; /* worst: the value furthest from it, of those that break it */
    unsigned holds, broken;
};

struct group {       /* runs that differ in the seed only */
    char label[512]; /* scenario, and the parameters in which groups differ */
    char scenario[64];
    char about[1024];
    json_t *parameters;
    struct cell *cells;
    size_t cells_count, runs;
    struct asserted claims[CLAIMS_MAX];
    size_t claims_count;
    double latency_ms[HISTOGRAM_BUCKETS], latency_count[HISTOGRAM_BUCKETS];
    size_t latencies;
};

struct table {
    struct group groups[GROUPS_MAX];
    size_t count;
    FILE *csv; /* every metric of every run goes here as it is read; NULL: nowhere */
};

/** Read all runs of a folder. False: said on stderr. */
bool table_read(struct table *t, const char *dir);

/** Name the groups by the parameters in which they differ. */
void table_label(struct table *t);
void table_free(struct table *t);
const struct cell *group_cell(const struct group *g, const char *name);

/** Mean over seeds and its 95 % interval (Student), or the run's own. */
void cell_value(const struct cell *c, double *mean, double *lower, double *upper);

/** A page of one file: tables and pictures. */
bool page_write(const struct table *t, FILE *f);
