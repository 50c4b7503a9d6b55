/* The messages that all stores under measure hold: 1,000 content topics, ten messages a second, 1
 * KB payloads, pseudo-random hashes; and how figures are said. One .c file a program includes it.
 */
#pragma once

#include "crypto/base/span.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SET_TOPICS   1000u
#define SET_PAYLOAD  1024u
#define SET_PUBSUB   "/waku/2/rs/0/0"
#define SET_START_NS 1700000000000000000ll
#define SET_STEP_NS  100000000ll
#define SET_BATCH    1000u
#define SET_PAGE     100u
#define SET_QUERIES  2000u
#define SET_FOLDER   "build/bench-store" /* a disk, not a tmpfs */

static uint8_t set_payload[SET_PAYLOAD];

static inline uint64_t set_mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static inline uint64_t set_random(void)
{
    static uint64_t state = 1;
    return set_mix(state++);
}

static inline void set_hash(uint64_t i, uint8_t hash[32])
{
    for (uint64_t k = 0; k < 4; k++) {
        uint64_t v = set_mix(i * 4 + k + 1);
        memcpy(hash + 8 * k, &v, 8);
    }
}

static inline unsigned set_topic(uint64_t i)
{
    return (unsigned)(set_mix(i ^ 0xabcdef) % SET_TOPICS);
}

static inline size_t set_topic_name(unsigned topic, char name[48])
{
    return (size_t)snprintf(name, 48, "/bench/1/topic-%04u/proto", topic);
}

static inline int64_t set_time(uint64_t i)
{
    return SET_START_NS + (int64_t)i * SET_STEP_NS;
}

/* Payload of message i, as a stand-in for an encoded one: topic name, then bytes. */
static inline size_t set_message(uint64_t i, uint8_t out[SET_PAYLOAD + 48])
{
    size_t n = set_topic_name(set_topic(i), (char *)out);
    memcpy(set_payload, &i, sizeof i);
    memcpy(out + n, set_payload, SET_PAYLOAD);
    return n + SET_PAYLOAD;
}

static inline void set_init(void)
{
    for (size_t i = 0; i < SET_PAYLOAD; i += 8) {
        uint64_t v = set_random();
        memcpy(set_payload + i, &v, 8);
    }
    mkdir("build", 0755);
    mkdir(SET_FOLDER, 0755);
}

static inline uint64_t set_rows(int argc, char **argv)
{
    return argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
}

static inline double set_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline int set_order(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* One figure: the median of `values`, which are sorted. */
static inline void set_say(const char *peer, const char *metric, const char *unit, double *values,
                           size_t runs)
{
    qsort(values, runs, sizeof *values, set_order);
    printf("{\"bench\":\"store\",\"metric\":\"%s\",\"value\":%.4g,\"unit\":\"%s\",\"peer\":\"%s\","
           "\"runs\":%zu,\"min\":%.4g,\"max\":%.4g}\n",
           metric, values[runs / 2], unit, peer, runs, values[0], values[runs - 1]);
    fflush(stdout);
}

static inline void set_say_one(const char *peer, const char *metric, const char *unit, double value)
{
    set_say(peer, metric, unit, &value, 1);
}

/* The median and the 99th percentile of latencies, in ms. */
static inline void set_say_latency(const char *peer, const char *metric, double *ms, size_t count)
{
    char name[96];
    snprintf(name, sizeof name, "%s_p50", metric);
    set_say(peer, name, "ms", ms, count);
    snprintf(name, sizeof name, "%s_p99", metric);
    double p99 = ms[count * 99 / 100];
    printf("{\"bench\":\"store\",\"metric\":\"%s\",\"value\":%.4g,\"unit\":\"ms\",\"peer\":\"%s\","
           "\"runs\":%zu,\"min\":%.4g,\"max\":%.4g}\n",
           name, p99, peer, count, ms[0], ms[count - 1]);
    fflush(stdout);
}
