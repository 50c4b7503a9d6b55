/* Members who commit at once, slowly connected, parted for an hour, some of them malicious: every
 * honest one ends in one epoch, and nothing written is lost. FROM TO [slow]: seeds, and with
 * log-uniform delays; else seed 1. Twice ten seeds: ./check sim; twice 100: ./check bench forks. */
#include "tests/lib/forks.h"

static int by_time(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static bool run(uint64_t seed, bool slow)
{
    struct forks_result r;

    forks_run(seed, slow, &r);
    qsort(r.times, r.times_count, sizeof *r.times, by_time);
    printf(
        "seed %3u: %s, %s; %u commits, %u forks, %u rewinds, %u rejoins, %u beacons, "
        "%u withdrawals, %u for evidence, %u sent again; a fork lasts %.0f s (p50), %.0f s (p99);"
        " one epoch %.0f s after the last round\n",
        (unsigned)seed, r.one_epoch ? "one epoch" : "NOT ONE EPOCH",
        r.all_read ? "all read" : "NOT ALL READ", r.commits, r.forks, r.rewinds, r.rejoins,
        r.beacons, r.withdrawals, r.evidence, r.resent,
        r.times_count ? (double)r.times[r.times_count / 2] / 1e9 : 0,
        r.times_count ? (double)r.times[r.times_count * 99 / 100] / 1e9 : 0,
        (double)r.converged_ns / 1e9);
    free(r.times);
    (void)fflush(stdout);
    return r.one_epoch && r.all_read;
}

int main(int argc, char **argv)
{
    uint64_t from = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    uint64_t to = argc > 2 ? strtoull(argv[2], NULL, 10) : from;
    bool slow = argc > 3 && strcmp(argv[3], "slow") == 0;
    unsigned bad = 0;

    for (uint64_t seed = from; seed <= to; seed++)
        bad += !run(seed, slow);
    return bad > 0;
}
