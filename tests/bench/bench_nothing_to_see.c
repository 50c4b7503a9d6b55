/* What the network sees of 50 people (tests/lib/busy_hour.h): hours of five blocks of ten, until
 * there are 10,000 payloads of each size class, or as many as the argument says. No figure of
 * speed: the probability of the least probable byte offset, of all and of the worst conversation,
 * if payloads are random bytes. Fails when one is below 1e-6, or when a fixed nonce or a part of a
 * group's id outside is NOT seen. */
#include "tests/bench/figures.h"
#include "tests/lib/busy_hour.h"

#define BENCH  "nothing_to_see"
#define PEOPLE 50u
#define BLOCK  10u
#define PAUSE  300 /* ms between what people do */
#define HOURS  40u /* at most */
#define SAID   "random bytes"

static struct hour hour;
static struct hour_sums sums[HOUR_SIGHTS];

static void say(const char *metric, const char *unit, double value)
{
    figure(BENCH, metric, unit, SAID, &value, 1);
}

/* One hour; true: nothing shows of its conversations. The stand-ins are for the first alone. */
static bool run(uint64_t seed, double *worst)
{
    struct hour_verdict v;
    hour_meet(&hour, seed, PEOPLE, BLOCK);
    hour_talk(&hour, PAUSE);
    bool good = hour.strangers == 0 && hour.odd_topics == 0 && hour.odd_times == 0;
    for (size_t i = 1; i < HOUR_SIGHTS && hour.sums[i] != NULL; i++) {
        v = hour_judge(hour.sums[i]);
        good = good && v.chance_of_one <= LOOKS_SHOWS;
        hour_sums_clear(hour.sums[i], true);
        hour.sums[i] = NULL;
    }
    v = hour_judge(&sums[HOUR_TRUE]);
    *worst = v.chance_of_one < *worst ? v.chance_of_one : *worst;
    (void)fprintf(stderr, "hour %u: p %.3g at %zu of %zu; of one %.3g at %zu of %zu, %zu judged\n",
                  (unsigned)seed, v.chance, v.offset, looks_class_bytes(v.cls), v.chance_of_one,
                  v.offset_of_one, looks_class_bytes(v.cls_of_one), v.judged);
    hour_sums_clear(&sums[HOUR_TRUE], false);
    world_clear(&hour.w);
    return good && v.chance_of_one > LOOKS_SHOWS;
}

int main(int argc, char **argv)
{
    double worst = 1;
    bool good = true;
    unsigned hours = 0;
    hour.classes = LOOKS_CLASSES;
    hour.wanted = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000;
    for (size_t i = 0; i < HOUR_SIGHTS; i++)
        hour.sums[i] = &sums[i];
    while (good && hours < HOURS && (hours == 0 || !hour_enough(&hour))) {
        hours++;
        good = run(hours, &worst);
    }
    struct hour_verdict v = hour_judge(&sums[HOUR_TRUE]);
    good = good && hour_enough(&hour) && v.chance > LOOKS_SHOWS;
    say("hours_of_50_people", "h", hours);
    for (unsigned i = 0; i < LOOKS_CLASSES; i++) {
        char metric[64];
        (void)snprintf(metric, sizeof metric, "payloads_of_%zu", looks_class_bytes(i));
        say(metric, "payloads", (double)sums[HOUR_TRUE].all.count[i]);
    }
    say("p_of_worst_offset", "p", v.chance);
    say("p_of_worst_offset_of_one_conversation", "p", worst);
    hour_sums_clear(&sums[HOUR_TRUE], true);
    return good ? 0 : 1;
}
