/* A Noise end that a stranger talks to: raw bytes before, in and after the handshake. The first
 * byte chooses how far an honest partner goes before the rest of the input is fed. */
#include "net/noise/noise.h"

#include "crypto/keyring/keyring.h"
#include "crypto/prim/drbg.h"
#include "net/noise/payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct drbg drbg;
static struct rng rng;
static struct env env = {.rng = &rng};
static struct noise_self *self;

static void set_up(void)
{
    struct keyring_host *host;
    const uint8_t seed[DRBG_SEED_BYTES] = {1};

    drbg_init(&drbg, seed);
    rng = drbg_rng(&drbg);
    enum err err = keyring_host_new(&host, &rng, KEYRING_HOST_ED25519);
    assert(err == OK);
    err = noise_self_new(&self, &env, host, &aead_null);
    assert(err == OK);
    keyring_host_free(host);
}

static void shake(struct noise *ends[2], unsigned messages)
{
    for (unsigned i = 0; i < messages; i++) {
        struct buf wire = BUF_INIT(10000), plain = BUF_INIT(10000);
        size_t used;
        enum err err = noise_handshake_out(ends[i % 2], &env, &wire);
        assert(err == OK);
        err = noise_feed(ends[1 - i % 2], &env, buf_span(&wire), &used, &plain);
        assert(err == OK && used == wire.len && plain.len == 0);
        buf_clear(&wire);
        buf_clear(&plain);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct noise *ends[2];
    struct buf plain = BUF_INIT(4000), wire = BUF_INIT(10000);
    struct peer_id id;
    size_t used;

    if (self == NULL)
        set_up();
    if (len == 0)
        return 0;
    for (size_t i = 0; i < 2; i++) {
        enum err err = noise_new(&ends[i], &env, i == 0, self, NULL);
        assert(err == OK);
    }
    shake(ends, data[0] % 4);
    struct span in = span_of(data + 1, len - 1);
    struct noise *victim = ends[data[0] / 4 % 2];
    if (noise_feed(victim, &env, in, &used, &plain) == OK)
        assert(used <= in.len && plain.len <= used);
    (void)!noise_handshake_out(victim, &env, &wire);
    if (len >= 32)
        (void)!noise_payload_verify(in, data, &id);
    noise_free(ends[0]);
    noise_free(ends[1]);
    buf_clear(&plain);
    buf_clear(&wire);
    return 0;
}
