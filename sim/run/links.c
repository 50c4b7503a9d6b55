/* How far apart nodes are: four models. Delays between regions are half of the round trips that
 * SimBlock gives for 2019 (dsg-titech/simblock, NetworkConfiguration.java LATENCY_2019,
 * Apache-2.0), and so are the regions' shares of nodes and their bandwidths. The classes are those
 * of the Vac studies: 40 to 130 ms, 50 to 150 Mbit/s. */
#include "sim/run/inside.h"

#include <stdlib.h>

static const struct region world[] = {
    {"NA", .3316, 19.2, 52},     {"EU", .4998, 20.7, 40},   {"SA", .0090, 5.8, 18},
    {"APAC", .1177, 15.7, 22.8}, {"JP", .0224, 10.2, 22.8}, {"AU", .0195, 11.3, 29.9},
};
static const int world_round_trip_ms[6][6] = {
    {32, 124, 184, 198, 151, 189}, {124, 11, 227, 237, 252, 294}, {184, 227, 88, 325, 301, 322},
    {198, 237, 325, 85, 58, 198},  {151, 252, 301, 58, 12, 126},  {189, 294, 322, 198, 126, 16},
};

static const struct region classes[] = {
    {"40 ms", .2, 50, 50},    {"62 ms", .2, 75, 75},    {"85 ms", .2, 100, 100},
    {"108 ms", .2, 125, 125}, {"130 ms", .2, 150, 150},
};
static const int class_ms[] = {40, 62, 85, 108, 130};

static void take_regions(struct run *r, const struct region *list, size_t count)
{
    memcpy(r->regions, list, count * sizeof *list);
    r->regions_count = count;
    r->between = run_need(calloc(count * count, sizeof *r->between));
}

static enum err uniform(struct run *r)
{
    static const struct region everywhere[] = {{"all", 1, 0, 0}};

    take_regions(r, everywhere, 1);
    return OK;
}

static enum err regions(struct run *r)
{
    take_regions(r, world, 6);
    for (size_t i = 0; i < 36; i++)
        r->between[i] = world_round_trip_ms[i / 6][i % 6] * NS_PER_MS / 2;
    return OK;
}

static enum err five_classes(struct run *r)
{
    take_regions(r, classes, 5);
    for (size_t i = 0; i < 25; i++)
        r->between[i] = (class_ms[i / 5] + class_ms[i % 5]) * NS_PER_MS / 2;
    return OK;
}

static enum err matrix(struct run *r)
{
    return matrix_read(r, r->options->matrix);
}

static enum err (*const models[])(struct run *r) = {uniform, regions, five_classes, matrix};

enum err links_init(struct run *r)
{
    const struct scenario *sc = r->sc;

    TRY(models[(size_t)sc->links_model](r));
    for (uint32_t i = 0; i < r->nodes; i++) {
        struct person *p = &r->people[i];
        double at = sim_uniform(r->sim, SIM_RANDOM_LINKS), sum = 0;
        while (p->region + 1u < r->regions_count && (sum += r->regions[p->region].share) < at)
            p->region++;
        if (sc->links_access_ms > 0)
            p->access_ns =
                (int64_t)(sim_lognormal(r->sim, SIM_RANDOM_LINKS, sc->links_access_ms, 0.5) *
                          (double)NS_PER_MS);
    }
    return OK;
}

/* The same number for a pair in both directions, in [0, 1). */
static double of_pair(uint64_t seed, uint32_t a, uint32_t b)
{
    uint64_t z = (seed ^ ((uint64_t)(a < b ? a : b) << 32 | (a < b ? b : a))) + 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (double)((z ^ z >> 31) >> 11) / 9007199254740992.0;
}

void links_between(const void *run, uint32_t a, uint32_t b, struct sim_link *link)
{
    const struct run *r = run;
    const struct scenario *sc = r->sc;
    const struct person *from = &r->people[a], *to = &r->people[b];
    double ns;

    if (sc->links_model == 0) {
        double spread =
            sc->links_delay_max_ms > 0 ? sc->links_delay_max_ms - sc->links_delay_ms : 0;
        ns = (sc->links_delay_ms + spread * of_pair((uint64_t)sc->scenario_seed, a, b)) *
             (double)NS_PER_MS;
    } else {
        ns = (double)r->between[from->region * r->regions_count + to->region];
    }
    ns = (ns + (double)(from->access_ns + to->access_ns)) * r->slow;
    *link = (struct sim_link){.delay_ns = (int64_t)ns,
                              .jitter_ns = (int64_t)(sc->links_jitter_ms * (double)NS_PER_MS +
                                                     ns * sc->links_jitter_percent / 100),
                              .loss_per_million = (uint32_t)(sc->links_loss_percent * 10000)};
}
