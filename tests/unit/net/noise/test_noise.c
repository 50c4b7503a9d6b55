#include "net/noise/noise.h"

#include "crypto/keyring/keyring.h"
#include "crypto/noise/noise.h"
#include "net/wire/protobuf.h"
#include "tests/lib/testing.h"

#include <stdlib.h>

#define WIRE_MAX ((size_t)1 << 20)

/* Two ends, 0 dials 1. */
struct pair {
    struct test_env t;
    struct keyring_host *host[2];
    struct noise_self *self[2];
    struct peer_id id[2];
    struct noise *end[2];
    struct buf wire, plain;
};

static void start(struct pair *p, enum keyring_host_kind a, enum keyring_host_kind b)
{
    const enum keyring_host_kind kinds[2] = {a, b};

    *p = (struct pair){.wire = BUF_INIT(WIRE_MAX), .plain = BUF_INIT(WIRE_MAX)};
    test_env_init(&p->t, 3);
    for (size_t i = 0; i < 2; i++) {
        assert_ok(keyring_host_new(&p->host[i], &p->t.rng, kinds[i]));
        peer_id_from_key(keyring_host_public(p->host[i]), &p->id[i]);
        assert_ok(noise_self_new(&p->self[i], &p->t.env, p->host[i], &aead_chacha20poly1305));
    }
    assert_ok(noise_new(&p->end[0], &p->t.env, true, p->self[0], &p->id[1]));
    assert_ok(noise_new(&p->end[1], &p->t.env, false, p->self[1], NULL));
}

static void stop(struct pair *p)
{
    for (size_t i = 0; i < 2; i++) {
        noise_free(p->end[i]);
        noise_self_free(p->self[i]);
        keyring_host_free(p->host[i]);
    }
    buf_clear(&p->wire);
    buf_clear(&p->plain);
    test_env_clear(&p->t);
}

/* What `from` has to say now, fed to the other end in pieces of `step` bytes. */
static enum err carry(struct pair *p, size_t from, size_t step)
{
    struct buf kept = BUF_INIT(WIRE_MAX);
    enum err err = OK;

    buf_reset(&p->wire);
    assert_ok(noise_handshake_out(p->end[from], &p->t.env, &p->wire));
    for (size_t at = 0; at < p->wire.len && err == OK; at += step) {
        size_t used, n = p->wire.len - at < step ? p->wire.len - at : step;
        assert_ok(buf_append(&kept, span_of(p->wire.ptr + at, n)));
        err = noise_feed(p->end[1 - from], &p->t.env, buf_span(&kept), &used, &p->plain);
        buf_drop(&kept, used);
    }
    buf_clear(&kept);
    return err;
}

static void shake_hands(struct pair *p)
{
    for (size_t i = 0; i < 3; i++) {
        assert_false(noise_ready(p->end[1]));
        assert_null(noise_remote(p->end[1]));
        assert_ok(carry(p, i % 2, 100000));
    }
    assert_true(noise_ready(p->end[0]) && noise_ready(p->end[1]));
}

static void both_ends_learn_who_the_other_is(void **state)
{
    (void)state;
    static const enum keyring_host_kind kinds[] = {KEYRING_HOST_ED25519, KEYRING_HOST_SECP256K1};
    for (size_t i = 0; i < 4; i++) {
        struct pair p;
        start(&p, kinds[i & 1], kinds[i >> 1]);
        assert_int_equal(noise_sealed_size(NULL, 0), 0);
        shake_hands(&p);
        assert_true(peer_id_eq(noise_remote(p.end[0]), &p.id[1]));
        assert_true(peer_id_eq(noise_remote(p.end[1]), &p.id[0]));
        assert_int_equal(p.plain.len, 0);
        stop(&p);
    }
}

static void the_first_message_is_bare(void **state)
{
    (void)state;
    struct pair p;
    start(&p, KEYRING_HOST_ED25519, KEYRING_HOST_ED25519);
    assert_ok(noise_handshake_out(p.end[0], &p.t.env, &p.wire));
    assert_int_equal(p.wire.len, 34);
    assert_memory_equal(p.wire.ptr, "\0\x20", 2);
    assert_ok(noise_handshake_out(p.end[0], &p.t.env, &p.wire)); /* nothing more is due */
    assert_int_equal(p.wire.len, 34);
    stop(&p);
}

static void many_small_parts_take_more_frames_and_their_size_is_known(void **state)
{
    (void)state;
    static const size_t counts[] = {NOISE_SEAL_PARTS_MAX, NOISE_SEAL_PARTS_MAX + 1, 1000};
    struct span parts[1000];
    struct pair p;
    size_t used;
    start(&p, KEYRING_HOST_ED25519, KEYRING_HOST_ED25519);
    shake_hands(&p);
    for (size_t i = 0; i < 1000; i++)
        parts[i] = span_of("abc", 3);
    for (size_t i = 0; i < 3; i++) {
        size_t frames = (counts[i] + NOISE_SEAL_PARTS_MAX - 1) / NOISE_SEAL_PARTS_MAX;
        buf_reset(&p.wire);
        buf_reset(&p.plain);
        assert_ok(noise_seal(p.end[0], parts, counts[i], &p.wire));
        assert_int_equal(p.wire.len, counts[i] * 3 + frames * 18);
        assert_int_equal(p.wire.len, noise_sealed_size(parts, counts[i]));
        assert_ok(noise_feed(p.end[1], &p.t.env, buf_span(&p.wire), &used, &p.plain));
        assert_int_equal(p.plain.len, counts[i] * 3);
    }
    stop(&p);
}

static void messages_pass_in_frames(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 12, 65519, 65520, 200000};
    struct pair p;
    uint8_t *bytes = malloc(200000);
    assert_non_null(bytes);
    start(&p, KEYRING_HOST_SECP256K1, KEYRING_HOST_ED25519);
    shake_hands(&p);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (size_t from = 0; from < 2; from++) {
            struct span parts[3] = {span_of("head", 4), span_of(bytes, sizes[i]), SPAN_LIT("tail")};
            size_t used, total = sizes[i] + 8;
            rng_fill(&p.t.rng, bytes, sizes[i]);
            buf_reset(&p.wire);
            buf_reset(&p.plain);
            assert_ok(noise_seal(p.end[from], parts, 3, &p.wire));
            assert_int_equal(p.wire.len, noise_sealed_size(parts, 3));
            assert_ok(noise_feed(p.end[1 - from], &p.t.env, buf_span(&p.wire), &used, &p.plain));
            assert_int_equal(used, p.wire.len);
            assert_int_equal(p.plain.len, total);
            assert_memory_equal(p.plain.ptr, "head", 4);
            if (sizes[i] > 0)
                assert_memory_equal(p.plain.ptr + 4, bytes, sizes[i]);
            assert_memory_equal(p.plain.ptr + total - 4, "tail", 4);
        }
    free(bytes);
    stop(&p);
}

static void many_small_parts_are_gathered(void **state)
{
    (void)state;
    struct pair p;
    struct span parts[200];
    uint8_t bytes[200];
    size_t used;
    start(&p, KEYRING_HOST_ED25519, KEYRING_HOST_ED25519);
    shake_hands(&p);
    buf_reset(&p.wire);
    for (size_t i = 0; i < 200; i++) {
        bytes[i] = (uint8_t)i;
        parts[i] = i % 3 == 0 ? SPAN_EMPTY : span_of(bytes + i, 1);
    }
    assert_ok(noise_seal(p.end[0], parts, 200, &p.wire));
    assert_ok(noise_feed(p.end[1], &p.t.env, buf_span(&p.wire), &used, &p.plain));
    assert_int_equal(p.plain.len, 133);
    for (size_t i = 0, at = 0; i < 200; i++)
        if (i % 3 != 0)
            assert_int_equal(p.plain.ptr[at++], i);
    stop(&p);
}

static void any_cut_of_the_stream_is_fine(void **state)
{
    (void)state;
    for (size_t step = 1; step < 60; step += 7) {
        struct pair p;
        struct span msg = SPAN_LIT("after the handshake");
        start(&p, KEYRING_HOST_ED25519, KEYRING_HOST_SECP256K1);
        for (size_t i = 0; i < 3; i++)
            assert_ok(carry(&p, i % 2, step));
        buf_reset(&p.wire);
        assert_ok(noise_seal(p.end[0], &msg, 1, &p.wire));
        assert_ok(noise_seal(p.end[0], &msg, 1, &p.wire));
        struct span in = buf_span(&p.wire);
        for (size_t end = 1; end <= p.wire.len; end++) {
            size_t used;
            assert_ok(noise_feed(p.end[1], &p.t.env,
                                 span_of(in.ptr, (size_t)(p.wire.ptr + end - in.ptr)), &used,
                                 &p.plain));
            in.ptr += used;
        }
        assert_span_equal(buf_span(&p.plain), SPAN_LIT("after the handshakeafter the handshake"));
        stop(&p);
    }
}

static void transport_may_follow_the_handshake_at_once(void **state)
{
    (void)state;
    struct pair p;
    struct span msg = SPAN_LIT("early");
    size_t used;
    start(&p, KEYRING_HOST_ED25519, KEYRING_HOST_ED25519);
    assert_ok(carry(&p, 0, 1000));
    assert_ok(carry(&p, 1, 1000));
    buf_reset(&p.wire);
    assert_ok(noise_handshake_out(p.end[0], &p.t.env, &p.wire)); /* message 3 */
    assert_true(noise_ready(p.end[0]));
    assert_ok(noise_seal(p.end[0], &msg, 1, &p.wire)); /* and data behind it */
    assert_ok(noise_feed(p.end[1], &p.t.env, buf_span(&p.wire), &used, &p.plain));
    assert_int_equal(used, p.wire.len);
    assert_span_equal(buf_span(&p.plain), msg);
    stop(&p);
}

static void another_peer_than_expected_is_refused(void **state)
{
    (void)state;
    struct pair p;
    start(&p, KEYRING_HOST_ED25519, KEYRING_HOST_ED25519);
    noise_free(p.end[0]);
    assert_ok(noise_new(&p.end[0], &p.t.env, true, p.self[0], &p.id[0]));
    assert_ok(carry(&p, 0, 1000));
    assert_err(carry(&p, 1, 1000), ERR_AUTH);
    assert_false(noise_ready(p.end[0]));
    assert_null(noise_remote(p.end[0]));
    buf_reset(&p.wire); /* and says nothing more */
    assert_err(noise_handshake_out(p.end[0], &p.t.env, &p.wire), ERR_PROTOCOL);
    assert_int_equal(p.wire.len, 0);
    stop(&p);
}

static void a_forged_frame_ends_the_connection(void **state)
{
    (void)state;
    static const char *const forged[] = {"0000", "000f000000000000000000000000000000",
                                         "001000000000000000000000000000000000",
                                         "0011 0000000000000000000000000000000000"};
    for (size_t i = 0; i < sizeof forged / sizeof *forged; i++) {
        struct pair p;
        struct span msg = SPAN_LIT("x");
        size_t used;
        start(&p, KEYRING_HOST_ED25519, KEYRING_HOST_ED25519);
        shake_hands(&p);
        assert_err(noise_feed(p.end[1], &p.t.env, test_hex(forged[i]), &used, &p.plain), ERR_AUTH);
        assert_int_equal(p.plain.len, 0);
        buf_reset(&p.wire);
        assert_ok(noise_seal(p.end[0], &msg, 1, &p.wire));
        assert_err(noise_feed(p.end[1], &p.t.env, buf_span(&p.wire), &used, &p.plain),
                   ERR_PROTOCOL);
        assert_err(noise_seal(p.end[1], &msg, 1, &p.wire), ERR_PROTOCOL);
        assert_null(noise_remote(p.end[1]));
        stop(&p);
    }
}

static void talking_out_of_turn_is_refused(void **state)
{
    (void)state;
    struct pair p;
    uint8_t frame[34] = {0, 32, 9};
    size_t used;
    start(&p, KEYRING_HOST_ED25519, KEYRING_HOST_ED25519);
    assert_err(noise_feed(p.end[0], &p.t.env, SPAN_ARRAY(frame), &used, &p.plain), ERR_PROTOCOL);
    assert_ok(noise_feed(p.end[1], &p.t.env, SPAN_ARRAY(frame), &used, &p.plain));
    assert_int_equal(used, 34);
    assert_err(noise_feed(p.end[1], &p.t.env, SPAN_ARRAY(frame), &used, &p.plain), ERR_PROTOCOL);
    stop(&p);
    start(&p, KEYRING_HOST_ED25519, KEYRING_HOST_ED25519);
    assert_err(noise_feed(p.end[1], &p.t.env, test_hex("1001"), &used, &p.plain), ERR_LIMIT);
    stop(&p);
}

static void a_full_buffer_loses_nothing(void **state)
{
    (void)state;
    struct pair p;
    uint8_t bytes[100] = {1, 2, 3};
    struct span msg = SPAN_ARRAY(bytes);
    struct buf small = BUF_INIT(250), plain = BUF_INIT(250);
    size_t used, more;
    start(&p, KEYRING_HOST_ED25519, KEYRING_HOST_ED25519);
    shake_hands(&p);
    buf_reset(&p.wire);
    for (int i = 0; i < 3; i++)
        assert_ok(noise_seal(p.end[0], &msg, 1, &p.wire));
    assert_err(noise_feed(p.end[1], &p.t.env, buf_span(&p.wire), &used, &plain), ERR_FULL);
    assert_int_equal(used, 2 * 118);
    buf_reset(&plain);
    assert_ok(noise_feed(p.end[1], &p.t.env, span_after(buf_span(&p.wire), used), &more, &plain));
    assert_span_equal(buf_span(&plain), msg);

    assert_ok(noise_seal(p.end[0], &msg, 1, &small));
    assert_ok(noise_seal(p.end[0], &msg, 1, &small));
    assert_err(noise_seal(p.end[0], &msg, 1, &small), ERR_FULL);
    assert_int_equal(small.len, 2 * 118);
    buf_reset(&plain);
    assert_ok(noise_feed(p.end[1], &p.t.env, buf_span(&small), &used, &plain));
    buf_reset(&small);
    assert_ok(noise_seal(p.end[0], &msg, 1, &small)); /* no nonce was lost */
    buf_reset(&plain);
    assert_ok(noise_feed(p.end[1], &p.t.env, buf_span(&small), &used, &plain));
    assert_span_equal(buf_span(&plain), msg);
    buf_clear(&small);
    buf_clear(&plain);
    stop(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ends_learn_who_the_other_is),
        cmocka_unit_test(the_first_message_is_bare),
        cmocka_unit_test(many_small_parts_take_more_frames_and_their_size_is_known),
        cmocka_unit_test(messages_pass_in_frames),
        cmocka_unit_test(many_small_parts_are_gathered),
        cmocka_unit_test(any_cut_of_the_stream_is_fine),
        cmocka_unit_test(transport_may_follow_the_handshake_at_once),
        cmocka_unit_test(another_peer_than_expected_is_refused),
        cmocka_unit_test(a_forged_frame_ends_the_connection),
        cmocka_unit_test(talking_out_of_turn_is_refused),
        cmocka_unit_test(a_full_buffer_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
