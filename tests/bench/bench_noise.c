/* What the secured channel costs: handshakes a second (both ends), and bytes a second sealed and
 * opened. One JSON line a figure: median of RUNS. */
#include "crypto/keyring/keyring.h"
#include "crypto/prim/drbg.h"
#include "net/noise/noise.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define RUNS       5u
#define HANDSHAKES 500u
#define BYTES      (64u << 20)
#define WIRE_MAX   (1u << 20)

static struct drbg drbg;
static struct rng rng;
static struct env env = {.rng = &rng};
static struct noise_self *self;

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void must(enum err err)
{
    if (err != OK) {
        fprintf(stderr, "%s\n", err_name(err));
        exit(1);
    }
}

static void connect_pair(struct noise *ends[2])
{
    struct buf wire = BUF_INIT(WIRE_MAX), plain = BUF_INIT(WIRE_MAX);
    size_t used;

    for (size_t i = 0; i < 2; i++)
        must(noise_new(&ends[i], &env, i == 0, self, NULL));
    for (size_t i = 0; i < 3; i++) {
        buf_reset(&wire);
        must(noise_handshake_out(ends[i % 2], &env, &wire));
        must(noise_feed(ends[1 - i % 2], &env, buf_span(&wire), &used, &plain));
    }
    buf_clear(&wire);
    buf_clear(&plain);
}

static double handshakes(size_t unused)
{
    (void)unused;
    struct noise *ends[2];
    double begin = seconds();

    for (unsigned i = 0; i < HANDSHAKES; i++) {
        connect_pair(ends);
        noise_free(ends[0]);
        noise_free(ends[1]);
    }
    return HANDSHAKES / (seconds() - begin);
}

static double transport(size_t message)
{
    struct noise *ends[2];
    struct buf wire = BUF_INIT(WIRE_MAX), plain = BUF_INIT(WIRE_MAX);
    uint8_t *bytes = calloc(1, message);
    uint8_t head[12] = {0};
    const struct span parts[2] = {SPAN_ARRAY(head), span_of(bytes, message - sizeof head)};
    size_t used;

    if (bytes == NULL)
        exit(1);
    connect_pair(ends);
    double begin = seconds();
    for (size_t sent = 0; sent < BYTES; sent += message) {
        must(noise_seal(ends[0], parts, 2, &wire));
        if (wire.len < WIRE_MAX / 4)
            continue;
        must(noise_feed(ends[1], &env, buf_span(&wire), &used, &plain));
        wire.len = plain.len = 0;
    }
    double rate = BYTES / (seconds() - begin) / 1e6;
    noise_free(ends[0]);
    noise_free(ends[1]);
    buf_clear(&wire);
    buf_clear(&plain);
    free(bytes);
    return rate;
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void figure(const char *metric, const char *unit, double (*run)(size_t), size_t argument)
{
    double values[RUNS];

    for (size_t i = 0; i < RUNS; i++)
        values[i] = run(argument);
    qsort(values, RUNS, sizeof *values, by_value);
    printf(
        "{\"bench\":\"noise\",\"metric\":\"%s\",\"value\":%.1f,\"unit\":\"%s\",\"peer\":\"sotto\","
        "\"runs\":%u,\"min\":%.1f,\"max\":%.1f}\n",
        metric, values[RUNS / 2], unit, RUNS, values[0], values[RUNS - 1]);
}

static void host_of(enum keyring_host_kind kind)
{
    struct keyring_host *host;

    must(keyring_host_new(&host, &rng, kind));
    noise_self_free(self);
    must(noise_self_new(&self, &env, host, &aead_chacha20poly1305));
    keyring_host_free(host);
}

int main(void)
{
    const uint8_t seed[DRBG_SEED_BYTES] = {1};

    drbg_init(&drbg, seed);
    rng = drbg_rng(&drbg);
    host_of(KEYRING_HOST_ED25519);
    figure("handshakes_ed25519", "1/s both ends on one core", handshakes, 0);
    host_of(KEYRING_HOST_SECP256K1);
    figure("handshakes_secp256k1", "1/s both ends on one core", handshakes, 0);
    figure("seal_open_1k", "MB/s", transport, 1100);
    figure("seal_open_64k", "MB/s", transport, 65519);
    noise_self_free(self);
    return 0;
}
