#include "net/wire/peer_record.h"

#include "crypto/keyring/keyring.h"
#include "tests/lib/testing.h"

#define ADDR_1 "/ip4/192.0.2.1/tcp/60000"
#define ADDR_2 "/dns4/a.example/tcp/443/wss"

static void make(const struct keyring_host *signer, const struct peer_id *id, struct buf *out)
{
    struct multiaddr addrs[2];
    struct keyring_signature sig;
    struct buf record = BUF_INIT(4096), message = BUF_INIT(8192);
    assert_ok(multiaddr_parse(SPAN_LIT(ADDR_1), &addrs[0]));
    assert_ok(multiaddr_parse(SPAN_LIT(ADDR_2), &addrs[1]));
    assert_ok(peer_record_encode(id, 77, addrs, 2, &record));
    assert_ok(envelope_to_sign(buf_span(&record), &message));
    assert_span_equal(span_sub(buf_span(&message), 0, 22),
                      test_hex("12 6c69627032702d706565722d7265636f7264 02 0301"));
    assert_ok(keyring_host_sign(signer, buf_span(&message), &sig));
    assert_ok(envelope_encode(keyring_host_public(signer), buf_span(&record),
                              span_of(sig.bytes, sig.len), out));
    buf_clear(&record);
    buf_clear(&message);
}

static void what_was_signed_is_read(void **state)
{
    (void)state;
    static const enum keyring_host_kind kinds[] = {KEYRING_HOST_ED25519, KEYRING_HOST_SECP256K1};
    struct test_env t;
    test_env_init(&t, 1);
    for (size_t i = 0; i < 2; i++) {
        struct keyring_host *h;
        struct peer_id id;
        struct peer_record r;
        struct multiaddr got, wanted;
        struct buf envelope = BUF_INIT(4096);
        assert_ok(keyring_host_new(&h, &t.rng, kinds[i]));
        peer_id_from_key(keyring_host_public(h), &id);
        make(h, &id, &envelope);
        assert_ok(peer_record_open(buf_span(&envelope), &r));
        assert_true(peer_id_eq(&r.id, &id));
        assert_int_equal(r.seq, 77);
        assert_int_equal(r.count, 2);
        assert_ok(multiaddr_parse(SPAN_LIT(ADDR_2), &wanted));
        assert_ok(multiaddr_from_bytes(r.addrs[1], &got));
        assert_true(multiaddr_eq(&got, &wanted));
        for (size_t k = 0; k < envelope.len; k++) { /* no byte may change unnoticed */
            envelope.ptr[k] ^= 4;
            if (peer_record_open(buf_span(&envelope), &r) == OK)
                fail_msg("byte %zu changed", k);
            envelope.ptr[k] ^= 4;
            assert_int_not_equal(peer_record_open(span_of(envelope.ptr, k), &r), OK);
        }
        buf_clear(&envelope);
        keyring_host_free(h);
    }
    test_env_clear(&t);
}

static void nobody_signs_for_another(void **state)
{
    (void)state;
    struct test_env t;
    struct keyring_host *alice, *mallory;
    struct peer_id id;
    struct peer_record r;
    struct buf envelope = BUF_INIT(4096);
    uint8_t long_one[PEER_RECORD_BYTES_MAX + 1] = {0};
    test_env_init(&t, 1);
    assert_ok(keyring_host_new(&alice, &t.rng, KEYRING_HOST_ED25519));
    assert_ok(keyring_host_new(&mallory, &t.rng, KEYRING_HOST_ED25519));
    peer_id_from_key(keyring_host_public(alice), &id);
    make(mallory, &id, &envelope);
    assert_err(peer_record_open(buf_span(&envelope), &r), ERR_AUTH);
    assert_err(peer_record_open(SPAN_ARRAY(long_one), &r), ERR_LIMIT);
    assert_err(peer_record_open(SPAN_EMPTY, &r), ERR_UNSUPPORTED);
    buf_clear(&envelope);
    keyring_host_free(alice);
    keyring_host_free(mallory);
    test_env_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_signed_is_read),
        cmocka_unit_test(nobody_signs_for_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
