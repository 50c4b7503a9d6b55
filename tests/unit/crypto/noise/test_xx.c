#include "crypto/noise/noise.h"
#include "tests/lib/testing.h"

struct pair {
    struct test_env t;
    struct noise_xx ends[2];
    struct buf wire, payload;
};

static void start(struct pair *p, const struct aead *aead)
{
    test_env_init(&p->t, 7);
    for (size_t i = 0; i < 2; i++) {
        struct noise_keypair s;
        noise_keypair_new(&s, &p->t.rng);
        noise_xx_init(&p->ends[i], i == 0, aead, &s, SPAN_EMPTY);
    }
    p->wire = p->payload = BUF_INIT(1000);
}

static void stop(struct pair *p)
{
    buf_clear(&p->wire);
    buf_clear(&p->payload);
    test_env_clear(&p->t);
}

static void write_next(struct pair *p, size_t i)
{
    buf_reset(&p->wire);
    assert_ok(noise_xx_write(&p->ends[i], &p->t.rng, SPAN_LIT("payload"), &p->wire));
}

static void a_damaged_message_changes_nothing(void **state)
{
    (void)state;
    struct pair p;
    start(&p, &aead_chacha20poly1305);
    for (size_t step = 0; step < 3; step++) {
        struct noise_xx *reader = &p.ends[1 - step % 2], before = *reader;
        write_next(&p, step % 2);
        for (size_t i = 0; i < p.wire.len; i++) {
            p.wire.ptr[i] ^= 0x10;
            enum err err = noise_xx_read(reader, buf_span(&p.wire), &p.payload);
            p.wire.ptr[i] ^= 0x10;
            if (step == 0) { /* nothing is authenticated yet; the next message will be wrong */
                assert_ok(err);
                *reader = before;
                buf_reset(&p.payload);
                continue;
            }
            assert_err(err, ERR_AUTH);
            assert_memory_equal(reader, &before, sizeof before);
            assert_int_equal(p.payload.len, 0);
        }
        for (size_t cut = 0; cut < p.wire.len - (step == 0 ? 7 : 0); cut++)
            assert_int_not_equal(noise_xx_read(reader, span_of(p.wire.ptr, cut), &p.payload), OK);
        assert_ok(noise_xx_read(reader, buf_span(&p.wire), &p.payload));
        assert_span_equal(buf_span(&p.payload), SPAN_LIT("payload"));
        buf_reset(&p.payload);
    }
    stop(&p);
}

static void a_key_of_small_order_is_refused(void **state)
{
    (void)state;
    struct pair p;
    uint8_t zero[32] = {0};
    start(&p, &aead_chacha20poly1305);
    assert_ok(noise_xx_read(&p.ends[1], SPAN_ARRAY(zero), &p.payload));
    assert_err(noise_xx_write(&p.ends[1], &p.t.rng, SPAN_EMPTY, &p.wire), ERR_AUTH);
    assert_int_equal(p.wire.len, 0);
    stop(&p);
}

static void no_nonce_is_used_twice(void **state)
{
    (void)state;
    struct pair p;
    struct noise_cipher send[2], receive[2];
    struct span msg = SPAN_LIT("hello");
    uint8_t sealed[21], again[21], plain[5];
    start(&p, &aead_chacha20poly1305);
    for (size_t step = 0; step < 3; step++) {
        write_next(&p, step % 2);
        assert_ok(noise_xx_read(&p.ends[1 - step % 2], buf_span(&p.wire), &p.payload));
    }
    for (size_t i = 0; i < 2; i++)
        assert_ok(noise_xx_split(&p.ends[i], &send[i], &receive[i]));
    assert_ok(noise_cipher_seal(&send[0], &msg, 1, sealed));
    assert_ok(noise_cipher_seal(&send[0], &msg, 1, again));
    assert_memory_not_equal(sealed, again, sizeof sealed);
    assert_err(noise_cipher_open(&receive[1], SPAN_ARRAY(again), plain), ERR_AUTH);
    assert_ok(noise_cipher_open(&receive[1], SPAN_ARRAY(sealed), plain)); /* still in step */
    assert_err(noise_cipher_open(&receive[1], SPAN_ARRAY(sealed), plain), ERR_AUTH);
    assert_ok(noise_cipher_open(&receive[1], SPAN_ARRAY(again), plain));

    send[0].nonce = receive[1].nonce = UINT64_MAX - 1;
    assert_ok(noise_cipher_seal(&send[0], &msg, 1, sealed));
    assert_ok(noise_cipher_open(&receive[1], SPAN_ARRAY(sealed), plain));
    assert_err(noise_cipher_seal(&send[0], &msg, 1, sealed), ERR_LIMIT);
    assert_err(noise_cipher_open(&receive[1], SPAN_ARRAY(sealed), plain), ERR_LIMIT);
    for (size_t i = 0; i < 2; i++) {
        noise_cipher_clear(&send[i]);
        noise_cipher_clear(&receive[i]);
    }
    stop(&p);
}

static void the_null_cipher_shakes_hands_too(void **state)
{
    (void)state;
    struct pair p;
    start(&p, &aead_null);
    for (size_t step = 0; step < 3; step++) {
        write_next(&p, step % 2);
        assert_ok(noise_xx_read(&p.ends[1 - step % 2], buf_span(&p.wire), &p.payload));
    }
    assert_true(noise_xx_done(&p.ends[0]));
    stop(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_damaged_message_changes_nothing),
        cmocka_unit_test(a_key_of_small_order_is_refused),
        cmocka_unit_test(no_nonce_is_used_twice),
        cmocka_unit_test(the_null_cipher_shakes_hands_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
