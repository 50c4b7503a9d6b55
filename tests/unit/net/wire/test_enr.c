#include "net/wire/enr.h"

#include "crypto/keyring/keyring.h"
#include "crypto/prim/keccak.h"
#include "net/wire/ip.h"
#include "net/wire/rlp.h"
#include "tests/lib/testing.h"

#define EIP778                                                                                     \
    "enr:-IS4QHCYrYZbAKWCBRlAy5zzaDZXJBGkcnh4MHcBFZntXNFrdvJjX04jRzjzCBOonrkTfj499SZuOh8R33Ls8RRc" \
    "y5wBgmlkgnY0gmlwhH8AAAGJc2VjcDI1NmsxoQPKY0yuDUmstAHYpMa2_oxVtw0RW_QAdpzBQA8yWM0xOIN1ZHCCdl8"
#define EIP778_KEY "b71c71a67e1177ad4e901695e1b4b9ee17ae16c6668d313eac2f96dbcda3f291"
#define EIP778_ID  "a448f24c6d18e575453db13171562b71999873db5b286df957af199ec94617f7"

static struct keyring_host *the_key(void)
{
    struct keyring_host *h;
    assert_ok(keyring_host_from_bytes(&h, KEYRING_HOST_SECP256K1, test_hex(EIP778_KEY).ptr));
    return h;
}

static struct enr_content content_of(const struct keyring_host *h)
{
    struct enr_content c = {.seq = 1};
    memcpy(c.public_key, keyring_host_raw_public(h).ptr, ENR_KEY_BYTES);
    return c;
}

static enum err sign(const struct keyring_host *h, struct span content, struct enr *out)
{
    uint8_t hash[32], sig[64];
    keccak256(content, hash);
    assert_ok(keyring_host_sign_hash(h, hash, sig));
    return enr_from_content(content, sig, out);
}

static enum err make(const struct keyring_host *h, const struct enr_content *c, struct enr *out)
{
    struct buf content = BUF_INIT(8192);
    enum err err = enr_content_encode(c, &content);
    if (err == OK)
        err = sign(h, buf_span(&content), out);
    buf_clear(&content);
    return err;
}

static void add(struct multiaddr *list, size_t *count, const char *text)
{
    assert_ok(multiaddr_parse(span_str(text), &list[(*count)++]));
}

static void text_is(const struct multiaddr *m, const char *wanted)
{
    static char text[MULTIADDR_TEXT_MAX];
    multiaddr_text(m, text);
    assert_string_equal(text, wanted);
}

static void the_record_of_eip_778(void **state)
{
    (void)state;
    static char text[ENR_TEXT_MAX];
    struct enr e, made;
    struct span value;
    struct peer_id id, same;
    uint8_t ip[16];
    uint16_t port;
    struct keyring_host *h = the_key();
    struct enr_content c = content_of(h);
    assert_ok(enr_parse(SPAN_LIT(EIP778), &e));
    assert_span_equal(SPAN_ARRAY(e.node_id), test_hex(EIP778_ID));
    assert_int_equal(e.seq, 1);
    assert_true(enr_udp(&e, false, ip, &port));
    assert_int_equal(port, 30303);
    assert_true(ip_is_loopback(ip));
    assert_false(enr_udp(&e, true, ip, &port));
    assert_false(e.is_waku || e.sharded || e.has_ip6);
    assert_true(enr_get(&e, SPAN_LIT("udp"), &value));
    assert_span_equal(value, test_hex("765f"));
    assert_false(enr_get(&e, SPAN_LIT("tcp"), &value));
    enr_text(&e, text);
    assert_string_equal(text, EIP778);
    enr_peer_id(&e, &id);
    peer_id_from_key(keyring_host_public(h), &same);
    assert_true(peer_id_eq(&id, &same));
    /* and the other way round: signatures are deterministic */
    c.has_ip4 = true;
    ip_from_v4((const uint8_t[]){127, 0, 0, 1}, c.ip4);
    c.udp = 30303;
    assert_ok(make(h, &c, &made));
    assert_span_equal(enr_span(&made), enr_span(&e));
    keyring_host_free(h);
}

static void no_byte_may_change(void **state)
{
    (void)state;
    struct enr e, out;
    assert_ok(enr_parse(SPAN_LIT(EIP778), &e));
    for (size_t i = 0; i < e.len; i++) {
        uint8_t bytes[ENR_BYTES_MAX];
        memcpy(bytes, e.bytes, e.len);
        bytes[i] ^= 1;
        if (enr_decode(span_of(bytes, e.len), &out) == OK)
            fail_msg("byte %zu changed", i);
        assert_int_not_equal(enr_decode(span_of(e.bytes, i), &out), OK);
    }
    uint8_t more[ENR_BYTES_MAX + 1] = {0};
    memcpy(more, e.bytes, e.len);
    assert_err(enr_decode(span_of(more, e.len + 1u), &out), ERR_FORMAT);
    assert_err(enr_decode(SPAN_ARRAY(more), &out), ERR_LIMIT);
    assert_err(enr_parse(SPAN_LIT("enr:"), &out), ERR_FORMAT);
    assert_err(enr_parse(SPAN_LIT("enrtree:-IS4"), &out), ERR_FORMAT);
    assert_err(enr_parse(SPAN_LIT(EIP778 "="), &out), ERR_FORMAT);
}

/* Content with these items after seq, signed by the key. */
static enum err signed_items(const char *items, struct enr *out)
{
    struct buf b = BUF_INIT(4096);
    struct writer w = writer_to(&b);
    struct keyring_host *h = the_key();
    size_t begun = rlp_begin(&w);
    write_bytes(&w, test_hex(items));
    rlp_end(&w, begun);
    assert_ok(writer_status(&w));
    enum err err = sign(h, buf_span(&b), out);
    buf_clear(&b);
    keyring_host_free(h);
    return err;
}

#define ID "826964 827634"
#define KEY                                                                                        \
    "89736563703235366b31 a103ca634cae0d49acb401d8a4c6b6fe8c55b70d115bf400769cc1400f3258cd3138"

static void what_is_signed_must_be_a_record(void **state)
{
    (void)state;
    struct enr e;
    static const struct {
        const char *items;
        enum err wanted;
    } rows[] = {
        {"01" ID KEY, OK},
        {"01" ID KEY "8378797a c20102", OK},       /* an unknown key may have a list */
        {"01" ID KEY "8378797a", ERR_FORMAT},      /* but not nothing */
        {"01" KEY ID, ERR_FORMAT},                 /* not sorted */
        {"01" ID ID KEY, ERR_FORMAT},              /* twice */
        {"01" ID, ERR_FORMAT},                     /* no key */
        {"01" KEY, ERR_FORMAT},                    /* no scheme */
        {"01 826964 827635" KEY, ERR_UNSUPPORTED}, /* "v5" */
        {"8200 01" ID KEY, ERR_FORMAT},            /* seq 0 written in two bytes */
        {"c0" ID KEY, ERR_FORMAT},                 /* seq is a list */
        {"01" ID "826970 83010203" KEY, ERR_FORMAT},
        {"01" ID "826970 8401020304" KEY, OK},
        {"01" ID "826970 c401020304" KEY, ERR_FORMAT},
        {"01" ID KEY "83746370 83010203", ERR_FORMAT},
        {"01" ID KEY "83746370 820050", OK}, /* as js-waku writes port 80 */
        {"01" ID KEY "83746370 50", OK},
        {"01" ID KEY "85 77616b7532 0f", OK},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (signed_items(rows[i].items, &e) != rows[i].wanted)
            fail_msg("%s", rows[i].items);
    assert_ok(signed_items("01" ID KEY "83746370 820050", &e));
    assert_int_equal(e.tcp, 80);
    assert_ok(signed_items("01" ID KEY "85 77616b7532 0f", &e));
    assert_true(e.is_waku);
    assert_int_equal(e.offers, 15);
}

static void waku_keys_that_cannot_be_read_are_absent(void **state)
{
    (void)state;
    struct enr e;
    struct multiaddr m[4];
    assert_ok(signed_items("01" ID "827273 850042010007" KEY, &e)); /* rs 66: 7 */
    assert_true(enr_has_shard(&e, 66, 7));
    assert_false(enr_has_shard(&e, 66, 6) || enr_has_shard(&e, 65, 7));
    static const char *const bad[] = {"827273 850042020007", "827273 850042010400", "827273 820042",
                                      "827273 80"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char items[512];
        snprintf(items, sizeof items, "01" ID "%s" KEY, bad[i]);
        assert_ok(signed_items(items, &e));
        assert_false(e.sharded);
    }
    assert_ok(signed_items("01" ID KEY "85 77616b7532 820f01", &e));
    assert_false(e.is_waku);
    /* multiaddrs: one of an unknown protocol (code 9), one that is cut off */
    assert_ok(signed_items("01" ID "8a6d756c74696164647273"
                           "92 0002 0901 0008 0401020304060050 0004 0401" KEY,
                           &e));
    assert_int_equal(enr_addresses(&e, m, 4), 1);
    text_is(&m[0], "/ip4/1.2.3.4/tcp/80");
}

static void ours_reads_as_it_was_meant(void **state)
{
    (void)state;
    struct keyring_host *h = the_key();
    struct enr_content c = content_of(h);
    struct enr e;
    struct peer_id self;
    struct multiaddr addrs[8], got[8];
    size_t count = 0;
    uint16_t shards[] = {0, 3, 1023};
    char own[128];
    peer_id_from_key(keyring_host_public(h), &self);
    char text[PEER_ID_TEXT_MAX];
    peer_id_text(&self, text);
    snprintf(own, sizeof own, "/ip4/192.0.2.9/tcp/60000/p2p/%s", text);
    add(addrs, &count, "/ip4/10.0.0.1/tcp/1");
    add(addrs, &count, own);
    add(addrs, &count, "/ip4/192.0.2.10/tcp/2");
    add(addrs, &count, "/ip6/2001:db8::1/tcp/60001");
    add(addrs, &count, "/dns4/a.example/tcp/443/wss");
    add(addrs, &count,
        "/ip4/198.51.100.1/tcp/5/p2p/16Uiu2HAmPLe7Mzm8TsYUubgCAW1aJoeFScxrLj8ppHFivPo97bUZ/"
        "p2p-circuit");
    enr_content_addresses(&c, addrs, count);
    c.udp = 9000;
    c.offers = ENR_RELAY | ENR_STORE;
    c.sharded = true;
    c.cluster = 66;
    c.shards = shards;
    c.shards_count = 3;
    c.seq = 0x1234567890;
    assert_ok(make(h, &c, &e));
    assert_int_equal(e.seq, 0x1234567890);
    assert_int_equal(enr_addresses(&e, got, 8), 4);
    text_is(&got[0], "/ip4/192.0.2.9/tcp/60000");
    text_is(&got[1], "/ip6/2001:db8::1/tcp/60001");
    text_is(&got[2], "/dns4/a.example/tcp/443/wss");
    assert_true(multiaddr_eq(&got[3], &addrs[5]));
    assert_int_equal(enr_addresses(&e, got, 3), 3);
    assert_int_equal(e.offers, ENR_RELAY | ENR_STORE);
    for (uint16_t s = 0; s < 1024; s++)
        assert_int_equal(enr_has_shard(&e, 66, s), s == 0 || s == 3 || s == 1023);
    assert_false(enr_has_shard(&e, 66, 1024));
    keyring_host_free(h);
}

static void many_shards_become_a_bit_vector(void **state)
{
    (void)state;
    struct keyring_host *h = the_key();
    struct enr_content c = content_of(h);
    struct enr e;
    struct span value;
    uint16_t shards[64];
    for (uint16_t i = 0; i < 64; i++)
        shards[i] = (uint16_t)(i * 16);
    c.sharded = true;
    c.cluster = 16;
    c.shards = shards;
    c.shards_count = 63;
    assert_ok(make(h, &c, &e));
    assert_true(enr_get(&e, SPAN_LIT("rs"), &value) && value.len == 129);
    c.shards_count = 64;
    assert_ok(make(h, &c, &e));
    assert_false(enr_get(&e, SPAN_LIT("rs"), &value));
    assert_true(enr_get(&e, SPAN_LIT("rsv"), &value) && value.len == 130);
    assert_int_equal(value.ptr[2], 1);
    for (uint16_t s = 0; s < 1024; s++)
        assert_int_equal(enr_has_shard(&e, 16, s), s % 16 == 0);
    shards[5] = 1024;
    assert_err(make(h, &c, &e), ERR_ARGUMENT);
    keyring_host_free(h);
}

static void what_does_not_fit_is_left_out(void **state)
{
    (void)state;
    struct keyring_host *h = the_key();
    struct enr e;
    struct span value;
    uint16_t shards[70];
    for (uint16_t i = 0; i < 70; i++)
        shards[i] = i;
    for (size_t name = 1; name < 60; name++) { /* every length around the limit */
        struct enr_content c = content_of(h);
        struct multiaddr addrs[8], got[9];
        size_t count = 0;
        char text[128];
        add(addrs, &count, "/ip4/192.0.2.9/tcp/60000");
        for (size_t i = 0; i < 4; i++) {
            snprintf(text, sizeof text, "/dns4/%.*s/tcp/443/wss", (int)name,
                     "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnop");
            add(addrs, &count, text);
        }
        enr_content_addresses(&c, addrs, count);
        assert_ok(make(h, &c, &e));
        size_t n = enr_addresses(&e, got, 9);
        assert_in_range(n, name < 30 ? 5 : 2, 5);
        assert_in_range(e.len + (5 - n) * (name + 10), n == 5 ? 0 : 290, 600);
    }
    struct enr_content c = content_of(h);
    c.has_ip4 = c.has_ip6 = true;
    ip_from_v4((const uint8_t[]){192, 0, 2, 1}, c.ip4);
    c.ip6[0] = 0x20;
    c.tcp = c.udp = c.tcp6 = c.udp6 = 60000;
    c.offers = 31;
    c.sharded = true;
    c.shards = shards;
    c.shards_count = 70;
    c.seq = UINT64_MAX;
    assert_ok(make(h, &c, &e)); /* the bit vector takes the room of IPv6 */
    assert_true(e.has_ip4 && !e.has_ip6 && e.tcp6 == 0 && e.tcp == 60000);
    assert_true(enr_get(&e, SPAN_LIT("rsv"), &value));
    keyring_host_free(h);
}

static void others_cannot_sign_for_us(void **state)
{
    (void)state;
    struct test_env t;
    struct keyring_host *h = the_key(), *mallory, *ed;
    struct enr_content c = content_of(h);
    struct enr e;
    uint8_t hash[32] = {0}, sig[64];
    test_env_init(&t, 1);
    assert_ok(keyring_host_new(&mallory, &t.rng, KEYRING_HOST_SECP256K1));
    assert_err(make(mallory, &c, &e), ERR_AUTH);
    assert_ok(keyring_host_new(&ed, &t.rng, KEYRING_HOST_ED25519));
    assert_err(keyring_host_sign_hash(ed, hash, sig), ERR_UNSUPPORTED); /* such a host has no ENR */
    keyring_host_free(h);
    keyring_host_free(mallory);
    keyring_host_free(ed);
    test_env_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_record_of_eip_778),
        cmocka_unit_test(no_byte_may_change),
        cmocka_unit_test(what_is_signed_must_be_a_record),
        cmocka_unit_test(waku_keys_that_cannot_be_read_are_absent),
        cmocka_unit_test(ours_reads_as_it_was_meant),
        cmocka_unit_test(many_shards_become_a_bit_vector),
        cmocka_unit_test(what_does_not_fit_is_left_out),
        cmocka_unit_test(others_cannot_sign_for_us),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
