/* Official vectors of Noise_XX_25519_ChaChaPoly_SHA256, each run from both ends. */
#include "crypto/noise/noise.h"
#include "crypto/prim/dh.h"
#include "tests/lib/testing.h"

#include <string.h>

#define MESSAGES_MAX 8u
#define BYTES_MAX    512u

struct bytes {
    uint8_t ptr[BYTES_MAX];
    size_t len;
};

struct vector {
    struct bytes prologue, statics[2], ephemerals[2], hash, payloads[MESSAGES_MAX],
        ciphertexts[MESSAGES_MAX];
    size_t messages;
};

static void keep(struct bytes *b, struct span value)
{
    assert_true(value.len <= BYTES_MAX);
    memcpy(b->ptr, value.ptr, value.len);
    b->len = value.len;
}

static struct span span_in(const struct bytes *b)
{
    return span_of(b->ptr, b->len);
}

static void take(struct vector *v, const char *name, struct span value)
{
    struct bytes *const places[] = {
        &v->prologue,   &v->prologue,      &v->statics[0], &v->ephemerals[0],
        &v->statics[1], &v->ephemerals[1], &v->hash,       &v->payloads[v->messages]};
    static const char *const names[] = {"init_prologue",  "resp_prologue", "init_static",
                                        "init_ephemeral", "resp_static",   "resp_ephemeral",
                                        "handshake_hash", "payload"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            keep(places[i], value);
    if (strcmp(name, "ciphertext") == 0)
        keep(&v->ciphertexts[v->messages++], value);
    assert_true(v->messages < MESSAGES_MAX);
}

static void fill_fixed(void *state, uint8_t *out, size_t len)
{
    assert_int_equal(len, 32);
    memcpy(out, state, len);
}

static void start(struct noise_xx *x, const struct vector *v, size_t who)
{
    struct noise_keypair s;

    memcpy(s.secret, v->statics[who].ptr, sizeof s.secret);
    x25519_public(s.secret, s.public);
    noise_xx_init(x, who == 0, &aead_chacha20poly1305, &s, span_in(&v->prologue));
}

static void shake_hands(struct vector *v, struct noise_xx ends[2])
{
    for (size_t i = 0; i < 3; i++) {
        size_t writer = i % 2;
        struct rng rng = {fill_fixed, v->ephemerals[writer].ptr};
        struct buf wire = BUF_INIT(BYTES_MAX), payload = BUF_INIT(BYTES_MAX);
        assert_true(noise_xx_writes(&ends[writer]));
        assert_false(noise_xx_writes(&ends[1 - writer]));
        assert_ok(noise_xx_write(&ends[writer], &rng, span_in(&v->payloads[i]), &wire));
        assert_span_equal(buf_span(&wire), span_in(&v->ciphertexts[i]));
        assert_ok(noise_xx_read(&ends[1 - writer], buf_span(&wire), &payload));
        assert_span_equal(buf_span(&payload), span_in(&v->payloads[i]));
        buf_clear(&wire);
        buf_clear(&payload);
    }
}

static void run(struct vector *v)
{
    struct noise_xx ends[2];
    struct noise_cipher send[2], receive[2];
    uint8_t out[BYTES_MAX];

    start(&ends[0], v, 0);
    start(&ends[1], v, 1);
    shake_hands(v, ends);
    assert_true(noise_xx_done(&ends[0]) && noise_xx_done(&ends[1]));
    if (v->hash.len > 0)
        assert_span_equal(SPAN_ARRAY(ends[0].sym.hash), span_in(&v->hash));
    for (size_t i = 0; i < 2; i++)
        assert_ok(noise_xx_split(&ends[i], &send[i], &receive[i]));
    for (size_t i = 3; i < v->messages; i++) {
        size_t from = i % 2;
        struct span payload = span_in(&v->payloads[i]);
        assert_ok(noise_cipher_seal(&send[from], &payload, 1, out));
        assert_span_equal(span_of(out, payload.len + 16), span_in(&v->ciphertexts[i]));
        assert_ok(noise_cipher_open(&receive[1 - from], span_in(&v->ciphertexts[i]), out));
        assert_span_equal(span_of(out, payload.len), payload);
    }
    for (size_t i = 0; i < 2; i++) {
        noise_cipher_clear(&send[i]);
        noise_cipher_clear(&receive[i]);
    }
}

static void every_vector_is_reproduced(void **state)
{
    (void)state;
    static struct vector v;
    FILE *f = fopen("tests/vectors/noise/xx_25519_chachapoly_sha256.txt", "r");
    char name[64];
    struct span value;
    size_t count = 0;

    assert_non_null(f);
    while (test_vector_next(f, name, &value)) {
        if (strcmp(name, "vector") != 0) {
            take(&v, name, value);
            continue;
        }
        if (count++ > 0)
            run(&v);
        memset(&v, 0, sizeof v);
    }
    fclose(f);
    run(&v);
    assert_int_equal(count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_vector_is_reproduced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
