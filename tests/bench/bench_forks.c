/* Members who commit at once (tests/lib/forks.h), seeds 1 to 100 or as many as the first argument
 * says, with mostly quick and with log-uniform delays, or only one of them. Not of speed: how
 * often, how long and at what cost members are of different minds. Fails when one seed does not end
 * in one epoch or an entry is not read by everybody. */
#include "tests/bench/figures.h"
#include "tests/lib/forks.h"

#define BENCH    "forks"
#define SEEDS    100
#define FORK_MAX (SEEDS * FORKS_COMMITS)

enum measure {
    FORKS_PER_1000,
    REWINDS,
    REJOINS,
    BEACONS,
    ONE_EPOCH_AFTER_S,
    MEASURES
};

static const struct {
    const char *metric, *unit;
} names[MEASURES] = {
    [FORKS_PER_1000] = {"forks_per_1000_commits", "forks"},
    [REWINDS] = {"rewinds_of_all_members", "rewinds"},
    [REJOINS] = {"rejoins_of_all_members", "rejoins"},
    [BEACONS] = {"beacons_of_all_members", "beacons"},
    [ONE_EPOCH_AFTER_S] = {"one_epoch_after_last_commit", "s"},
};

static double values[MEASURES][SEEDS], lasted[FORK_MAX];
static size_t lasted_count;

static void take(size_t at, const struct forks_result *r)
{
    values[FORKS_PER_1000][at] = 1000.0 * r->forks / r->commits;
    values[REWINDS][at] = r->rewinds;
    values[REJOINS][at] = r->rejoins;
    values[BEACONS][at] = r->beacons;
    values[ONE_EPOCH_AFTER_S][at] = (double)r->converged_ns / 1e9;
    for (size_t i = 0; i < r->times_count && lasted_count < FORK_MAX; i++)
        lasted[lasted_count++] = (double)r->times[i] / 1e9;
}

static void count(const char *metric, const char *peer, size_t n)
{
    double value = (double)n;
    figure(BENCH, metric, "seeds", peer, &value, 1);
}

static bool run(size_t seeds, bool slow)
{
    const char *peer = slow ? "log-uniform delays" : "mostly quick";
    size_t together = 0, read = 0;

    lasted_count = 0;
    for (size_t i = 0; i < seeds; i++) {
        struct forks_result r;
        forks_run(i + 1, slow, &r);
        take(i, &r);
        together += r.one_epoch;
        read += r.all_read;
        free(r.times);
    }
    count("seeds", peer, seeds);
    count("ended_in_one_epoch", peer, together);
    count("everything_read_by_everybody", peer, read);
    for (size_t m = 0; m < MEASURES; m++)
        figure(BENCH, names[m].metric, names[m].unit, peer, values[m], seeds);
    double p50 = figure_quantile(lasted, lasted_count, 0.5);
    double p99 = figure_quantile(lasted, lasted_count, 0.99);
    figure(BENCH, "a_fork_lasts_p50", "s", peer, &p50, 1);
    figure(BENCH, "a_fork_lasts_p99", "s", peer, &p99, 1);
    return together == seeds && read == seeds;
}

int main(int argc, char **argv)
{
    size_t seeds = argc > 1 ? strtoull(argv[1], NULL, 10) : SEEDS;
    const char *only = argc > 2 ? argv[2] : NULL;
    bool good = true;

    if (seeds == 0 || seeds > SEEDS ||
        (only != NULL && strcmp(only, "quick") != 0 && strcmp(only, "slow") != 0)) {
        (void)fprintf(stderr, "bench_forks [SEEDS [quick|slow]]: 1 to %d seeds\n", SEEDS);
        return 2;
    }
    if (only == NULL || strcmp(only, "quick") == 0)
        good = run(seeds, false);
    if (only == NULL || strcmp(only, "slow") == 0)
        good = run(seeds, true) && good;
    return good ? 0 : 1;
}
