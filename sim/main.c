/* sotto-sim: scenarios in virtual time from the command line. */
#include "sim/relay.h"
#include "sim/stem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    EXIT_GOOD,
    EXIT_PROPERTY,
    EXIT_USAGE,
    EXIT_MEMORY
};

static const char usage[] =
    "sotto-sim relay [--seed N] [--tier f0|f1] [--nodes N] [--degree N] [--seconds N]\n"
    "                [--per-minute N] [--payload-bytes N] [--churn-percent N]\n"
    "                [--partition-from-s N] [--partition-for-s N] [--store 0|1]\n"
    "                [--trace 0|1]\n"
    "                [--delay-ms N] [--jitter-ms N] [--bytes-per-s N] [--loss-per-million N]\n"
    "\n"
    "Runs a relay network in virtual time, checks that every message reaches every node that is\n"
    "up from 10 s before to 10 s after it, once, and prints figures and the digest of the run.\n"
    "The same seed gives the same digest.\n"
    "\n"
    "sotto-sim stem [--seed N] [--nodes N] [--spies N] [--messages N] [--degree N]\n"
    "               [--per-second N] [--stem 0|1]\n"
    "\n"
    "Runs one relay network twice, with the stem and without, and lets spies guess who wrote each\n"
    "message. With the stem the 95 % upper bound of their precision must be at most 0.30, without\n"
    "it the precision at least 0.60, and every message must arrive everywhere. --stem 0 leaves it\n"
    "off in both runs, to see the test fail.\n"
    "\n"
    "exit status: 0 all properties hold, 1 one is broken, 2 usage, 3 out of memory\n";

static bool number(const char *text, int64_t max, int64_t *out)
{
    char *end;
    long long v = strtoll(text, &end, 10);

    *out = v;
    return *text != '\0' && *end == '\0' && v >= 0 && v <= max;
}

/* One option of the relay scenario; false: unknown or out of range. */
static bool set(struct relay_scenario *sc, const char *name, const char *value)
{
    int64_t v = 0;

    if (strcmp(name, "--tier") == 0) {
        sc->tier = strcmp(value, "f0") == 0 ? SIM_F0 : SIM_F1;
        return strcmp(value, "f0") == 0 || strcmp(value, "f1") == 0;
    }
    const struct {
        const char *name;
        int64_t max;
        uint32_t *u32;
        int64_t *i64;
        int64_t unit;
    } table[] = {
        {"--nodes", 1000000, &sc->nodes, NULL, 1},
        {"--degree", 100, &sc->degree, NULL, 1},
        {"--per-minute", 1000000, &sc->per_minute, NULL, 1},
        {"--payload-bytes", 150000, &sc->payload_bytes, NULL, 1},
        {"--churn-percent", 100, &sc->churn_percent, NULL, 1},
        {"--loss-per-million", 1000000, &sc->link.loss_per_million, NULL, 1},
        {"--seconds", 1000000, NULL, &sc->seconds, 1},
        {"--partition-from-s", 1000000, NULL, &sc->partition_from_s, 1},
        {"--partition-for-s", 1000000, NULL, &sc->partition_for_s, 1},
        {"--delay-ms", 600000, NULL, &sc->link.delay_ns, NS_PER_MS},
        {"--jitter-ms", 600000, NULL, &sc->link.jitter_ns, NS_PER_MS},
        {"--bytes-per-s", INT64_MAX, NULL, &sc->link.bytes_per_s, 1},
    };

    if (strcmp(name, "--seed") == 0 && number(value, INT64_MAX, &v)) {
        sc->seed = (uint64_t)v;
        return true;
    }
    if (strcmp(name, "--store") == 0 && number(value, 1, &v)) {
        sc->store = v == 1;
        return true;
    }
    if (strcmp(name, "--trace") == 0 && number(value, 1, &v)) {
        sc->trace = v == 1;
        return true;
    }
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (strcmp(name, table[i].name) != 0 || !number(value, table[i].max, &v))
            continue;
        if (table[i].u32 != NULL)
            *table[i].u32 = (uint32_t)v;
        else
            *table[i].i64 = v * table[i].unit;
        return true;
    }
    return false;
}

static int report(const struct relay_scenario *sc, const struct relay_result *r, double wall_s)
{
    const struct delivery_report *d = &r->delivery;

    printf("published        %" PRIu64 " (%" PRIu64 " refused)\n", d->published, r->refused);
    printf("deliveries owed  %" PRIu64 ", missing %" PRIu64 ", twice %" PRIu64 "\n", d->owed,
           d->missing, d->twice);
    printf("latency          p50 %.1f ms, p99 %.1f ms, max %.1f ms\n",
           (double)d->latency_p50_ns / 1e6, (double)d->latency_p99_ns / 1e6,
           (double)d->latency_max_ns / 1e6);
    printf("events           %" PRIu64 " in %.1f s of this machine: %.0f a second\n",
           r->stats.events, wall_s, (double)r->stats.events / wall_s);
    printf("wire bytes       %" PRIu64 ", %.0f a second and node\n", r->stats.bytes,
           (double)r->stats.bytes / (double)(sc->seconds + sc->warm_up_s) / sc->nodes);
    if (sc->store)
        printf("archived         at least %" PRIu64 " by each store that was always up\n",
               r->archived_min);
    if (d->first[0] != '\0')
        printf("broken           %s\n", d->first);
    if (r->stats.broken > 0)
        printf("broken           %" PRIu64 " lines of level broken were logged\n", r->stats.broken);
    printf("digest           %016" PRIx64 "\n", r->digest);
    return d->missing + d->twice + r->stats.broken > 0 ? EXIT_PROPERTY : EXIT_GOOD;
}

static int unknown(const char *name, const char *value)
{
    fprintf(stderr, "sotto-sim: %s %s: unknown option or value out of range\n", name, value);
    return EXIT_USAGE;
}

static int failed(enum err err)
{
    fprintf(stderr, "sotto-sim: %s\n", err_text(err));
    return err == ERR_MEMORY ? EXIT_MEMORY : EXIT_USAGE;
}

static int run_relay(int argc, char **argv)
{
    struct relay_scenario sc = RELAY_SCENARIO_DEFAULT;
    struct relay_result result;
    struct timespec from, to;

    for (int i = 2; i + 1 < argc; i += 2)
        if (!set(&sc, argv[i], argv[i + 1]))
            return unknown(argv[i], argv[i + 1]);
    printf("seed             %" PRIu64 "\n", sc.seed);
    clock_gettime(CLOCK_MONOTONIC, &from);
    enum err err = relay_run(&sc, &result);
    clock_gettime(CLOCK_MONOTONIC, &to);
    if (err != OK)
        return failed(err);
    return report(&sc, &result,
                  (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9);
}

/* ---- stem ---- */

static bool set_stem(struct stem_scenario *sc, const char *name, const char *value)
{
    const struct {
        const char *name;
        int64_t max;
        uint32_t *at;
    } table[] = {
        {"--nodes", 10000, &sc->nodes},        {"--spies", 10000, &sc->spies},
        {"--messages", 100000, &sc->messages}, {"--degree", 100, &sc->degree},
        {"--per-second", 1000, &sc->per_s},
    };
    int64_t v = 0;

    if (strcmp(name, "--seed") == 0 && number(value, INT64_MAX, &v)) {
        sc->seed = (uint64_t)v;
        return true;
    }
    if (strcmp(name, "--stem") == 0 && number(value, 1, &v)) {
        sc->stem = v == 1;
        return true;
    }
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(name, table[i].name) == 0 && number(value, table[i].max, &v)) {
            *table[i].at = (uint32_t)v;
            return true;
        }
    return false;
}

static bool report_stem(const struct stem_scenario *sc, const char *name,
                        const struct stem_result *r)
{
    const struct attack_report *a = &r->attack;

    printf("%-8s first-sent precision %.3f (95 %%: %.3f to %.3f), %u of %u messages\n", name,
           a->precision, a->lower, a->upper, a->right, a->messages);
    printf("         latency p50 %.0f ms, p95 %.0f ms; %.0f bytes a message and node; "
           "fail-safe %" PRIu64 ", no hop %" PRIu64 "\n",
           (double)r->latency_p50_ns / 1e6, (double)r->latency_p95_ns / 1e6,
           (double)r->bytes / sc->messages / sc->nodes, r->failsafe, r->direct);
    printf("         deliveries owed %" PRIu64 ", missing %" PRIu64 ", twice %" PRIu64
           "; refused %" PRIu64 "; digest %016" PRIx64 "\n",
           r->delivery.owed, r->delivery.missing, r->delivery.twice, r->refused, r->digest);
    if (r->delivery.first[0] != '\0')
        printf("broken   %s\n", r->delivery.first);
    return r->delivery.missing + r->delivery.twice + r->refused == 0;
}

static int run_stem(int argc, char **argv)
{
    struct stem_scenario with = STEM_SCENARIO_DEFAULT, without;
    struct stem_result hidden, open;

    for (int i = 2; i + 1 < argc; i += 2)
        if (!set_stem(&with, argv[i], argv[i + 1]))
            return unknown(argv[i], argv[i + 1]);
    without = with;
    without.stem = false;
    printf("seed     %" PRIu64 ", %u nodes, %u of them spies\n", with.seed, with.nodes, with.spies);
    enum err err = stem_run(&with, &hidden);
    if (err == OK)
        err = stem_run(&without, &open);
    if (err != OK)
        return failed(err);
    bool whole = report_stem(&with, "stem", &hidden);
    whole = report_stem(&without, "without", &open) && whole;
    bool good = whole && hidden.attack.upper <= STEM_PRECISION_MAX &&
                open.attack.precision >= STEM_PRECISION_OFF;
    printf("%s\n", good ? "holds" : "broken");
    return good ? EXIT_GOOD : EXIT_PROPERTY;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
    } scenarios[] = {{"relay", run_relay}, {"stem", run_stem}};

    for (size_t i = 0; i < 2 && argc >= 2 && argc % 2 == 0; i++)
        if (strcmp(argv[1], scenarios[i].name) == 0)
            return scenarios[i].run(argc, argv);
    fputs(usage, stderr);
    return EXIT_USAGE;
}
