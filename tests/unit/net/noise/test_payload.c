#include "net/noise/payload.h"

#include "crypto/keyring/keyring.h"
#include "net/wire/protobuf.h"
#include "tests/lib/testing.h"

static const uint8_t STATIC_KEY[32] = {1, 2, 3};

static void every_change_is_noticed(void **state)
{
    (void)state;
    struct test_env t;
    struct keyring_host *host;
    struct peer_id id, wanted;
    struct buf b = BUF_INIT(1000);
    test_env_init(&t, 1);
    assert_ok(keyring_host_new(&host, &t.rng, KEYRING_HOST_SECP256K1));
    assert_ok(noise_payload_make(host, STATIC_KEY, &b));
    assert_ok(noise_payload_verify(buf_span(&b), STATIC_KEY, &id));
    peer_id_from_key(keyring_host_public(host), &wanted);
    assert_true(peer_id_eq(&id, &wanted));
    for (size_t i = 0; i < b.len; i++) {
        b.ptr[i] ^= 2;
        if (noise_payload_verify(buf_span(&b), STATIC_KEY, &id) == OK)
            fail_msg("byte %zu changed", i);
        b.ptr[i] ^= 2;
    }
    const uint8_t other[32] = {1, 2, 4}; /* somebody else's payload, replayed */
    assert_err(noise_payload_verify(buf_span(&b), other, &id), ERR_AUTH);
    buf_clear(&b);
    keyring_host_free(host);
    test_env_clear(&t);
}

static void extensions_are_read_and_ignored(void **state)
{
    (void)state;
    struct test_env t;
    struct keyring_host *host;
    struct peer_id id;
    struct buf b = BUF_INIT(1000);
    struct writer w = writer_to(&b);
    test_env_init(&t, 1);
    assert_ok(keyring_host_new(&host, &t.rng, KEYRING_HOST_ED25519));
    assert_ok(noise_payload_make(host, STATIC_KEY, &b));
    size_t whole = b.len;
    pb_put_bytes(&w, 3, SPAN_LIT("early data of old versions"));
    size_t begun = pb_begin(&w, 4); /* as js-libp2p sends it */
    pb_put_bytes(&w, 2, SPAN_LIT("/mplex/6.7.0"));
    pb_put_bytes(&w, 2, SPAN_LIT("/yamux/1.0.0"));
    pb_put_bytes(&w, 1, SPAN_LIT("hash"));
    pb_end(&w, begun);
    assert_ok(noise_payload_verify(buf_span(&b), STATIC_KEY, &id));
    buf_truncate(&b, whole);
    w = writer_to(&b);
    pb_put_bytes(&w, 4, test_hex("1205")); /* cut inside */
    assert_err(noise_payload_verify(buf_span(&b), STATIC_KEY, &id), ERR_FORMAT);
    buf_clear(&b);
    keyring_host_free(host);
    test_env_clear(&t);
}

static void a_missing_identity_is_refused(void **state)
{
    (void)state;
    struct peer_id id;
    assert_err(noise_payload_verify(SPAN_EMPTY, STATIC_KEY, &id), ERR_FORMAT);
    assert_err(noise_payload_verify(test_hex("0a0508011201 61"), STATIC_KEY, &id), ERR_FORMAT);
    assert_err(noise_payload_verify(test_hex("0a050804120161"), STATIC_KEY, &id), ERR_UNSUPPORTED);
    assert_err(noise_payload_verify(test_hex("08ff"), STATIC_KEY, &id), ERR_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_change_is_noticed),
        cmocka_unit_test(extensions_are_read_and_ignored),
        cmocka_unit_test(a_missing_identity_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
