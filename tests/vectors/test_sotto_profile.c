/* Objects of conversations against bytes that another implementation made. */
#include "node/chat/profile/pairing.h"
#include "tests/lib/json.h"

static struct arena arena;
static const struct json *file;

static void fixed(const struct json *o, const char *name, uint8_t *out, size_t len)
{
    struct span s = json_hex(&arena, o, name);
    assert_int_equal(s.len, len);
    memcpy(out, s.ptr, len);
}

static void a_credential_has_these_bytes(void **state)
{
    (void)state;
    const struct json *o = json_get(file, "credential");
    struct profile_credential c = {.seq = json_u64(o, "seq")}, got;
    struct buf bytes = BUF_INIT(512);

    fixed(o, "account", c.account, 32);
    fixed(o, "key", c.key, 32);
    fixed(o, "head", c.head, 32);
    assert_ok(profile_credential_encode(&c, &bytes));
    assert_span_equal(buf_span(&bytes), json_hex(&arena, o, "bytes"));
    assert_ok(profile_credential_decode(buf_span(&bytes), &got));
    assert_memory_equal(&got, &c, sizeof c);

    struct profile_heads h = {.seq = json_u64(json_get(file, "heads"), "seq")};
    fixed(json_get(file, "heads"), "head", h.head, 32);
    buf_reset(&bytes);
    assert_ok(profile_heads_encode(&h, &bytes));
    assert_span_equal(buf_span(&bytes), json_hex(&arena, json_get(file, "heads"), "bytes"));
    buf_clear(&bytes);
}

static void group_data_have_these_bytes(void **state)
{
    (void)state;
    size_t count = 0;

    for (JSON_EACH(v, json_get(file, "data"))) {
        struct profile_data d = {.type = (enum profile_type)json_u64(v, "type"),
                                 .policy = json_u64(v, "policy")},
                            got;
        struct span name = json_hex(&arena, v, "name");
        struct buf bytes = BUF_INIT(PROFILE_DATA_BYTES_MAX);

        d.name_len = name.len;
        if (name.len > 0)
            memcpy(d.name, name.ptr, name.len);
        for (JSON_EACH(r, json_get(v, "roles")))
            assert_ok(profile_data_set_role(&d, json_hex(&arena, r, "account").ptr,
                                            (enum profile_role)json_u64(r, "role")));
        assert_ok(profile_data_encode(&d, &bytes));
        assert_span_equal(buf_span(&bytes), json_hex(&arena, v, "bytes"));
        assert_ok(profile_data_decode(buf_span(&bytes), &got));
        assert_true(profile_data_same(&d, &got));
        buf_clear(&bytes);
        count++;
    }
    assert_int_equal(count, 4);
}

static void evidence_has_these_bytes_and_proves_this(void **state)
{
    (void)state;
    const struct json *o = json_get(file, "evidence");
    struct span bytes = json_hex(&arena, o, "bytes"), group = json_hex(&arena, o, "group");
    struct span ticket = json_bytes(&arena, json_get(o, "tickets")->first);
    struct span second = json_bytes(&arena, json_get(o, "tickets")->first->next);
    const uint8_t *key = json_hex(&arena, o, "key").ptr;
    struct evidence e;
    struct evidence_draft d;
    struct identity_log *log;
    struct buf again = BUF_INIT(EVIDENCE_BYTES_MAX);

    assert_ok(evidence_decode(bytes, &e));
    assert_int_equal(e.week, json_u64(o, "week"));
    assert_true(evidence_double(&e, group, key));
    assert_true(evidence_rejoin(&e, group, key, json_hex(&arena, o, "key_package")));
    assert_false(evidence_rejoin(&e, group, key, SPAN_LIT("another")));

    assert_ok(identity_log_read(json_hex(&arena, o, "log"), &log));
    const uint8_t *account = identity_log_now(log)->account;
    const struct identity *id = evidence_identity(&e, account);
    assert_non_null(id);
    assert_true(identity_has(id, key, NULL));
    assert_false(identity_has(id, json_hex(&arena, o, "revoked").ptr, NULL));

    evidence_draft_init(&d);
    assert_ok(evidence_bring(&d, log));
    assert_ok(evidence_bring(&d, log)); /* once is enough */
    assert_ok(evidence_bring_double(&d, ticket, second));
    assert_ok(evidence_bring_rejoin(&d, json_hex(&arena, o, "rejoin")));
    assert_ok(evidence_write(&d, json_u64(o, "week"), &again));
    assert_span_equal(buf_span(&again), bytes);
    evidence_draft_clear(&d);
    evidence_clear(&e);
    identity_log_free(log);
    buf_clear(&again);
}

static void pairing_uses_this_text_and_these_keys(void **state)
{
    (void)state;
    const struct json *o = json_get(file, "pair");
    struct pair_offer offer, got;
    struct envelope_keys device, keeper;
    char text[PAIR_TEXT_MAX];
    uint8_t bucket;

    fixed(o, "key", offer.key, 32);
    fixed(o, "secret", offer.secret, 16);
    fixed(o, "nonce", offer.nonce, 16);
    assert_ok(pair_offer_text(&offer, text));
    assert_span_equal(span_str(text), json_text(o, "text"));
    assert_ok(pair_offer_parse(json_text(o, "text"), &got));
    pair_keys(&got, &device, &keeper, &bucket);
    assert_span_equal(SPAN_ARRAY(device.header), json_hex(&arena, o, "device_header"));
    assert_span_equal(SPAN_ARRAY(device.body), json_hex(&arena, o, "device_body"));
    assert_span_equal(SPAN_ARRAY(keeper.header), json_hex(&arena, o, "keeper_header"));
    assert_span_equal(SPAN_ARRAY(keeper.body), json_hex(&arena, o, "keeper_body"));
    assert_int_equal(bucket, json_u64(o, "bucket"));
}

static void of_two_direct_conversations_this_one_stays(void **state)
{
    (void)state;
    const struct json *o = json_get(file, "direct");
    const uint8_t *one = json_hex(&arena, o, "one").ptr, *two = json_hex(&arena, o, "two").ptr;
    const uint8_t *a = json_hex(&arena, o, "a").ptr, *b = json_hex(&arena, o, "b").ptr;

    assert_int_equal(profile_direct_stays(one, two, a, b), json_bool(o, "a_stays"));
    assert_int_equal(profile_direct_stays(two, one, a, b), json_bool(o, "a_stays"));
    assert_int_equal(profile_direct_stays(one, two, b, a), !json_bool(o, "a_stays"));
}

static void addresses_turn_in_this_week(void **state)
{
    (void)state;
    const struct json *o = json_get(file, "address");
    struct profile_address a = {.next_from = json_u64(o, "next_from")};

    fixed(o, "now", a.now, 32);
    fixed(o, "next", a.next, 32);
    for (JSON_EACH(v, json_get(o, "buckets")))
        assert_int_equal(profile_address_bucket(&a, json_u64(v, "week")), json_u64(v, "bucket"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_credential_has_these_bytes),
        cmocka_unit_test(group_data_have_these_bytes),
        cmocka_unit_test(evidence_has_these_bytes_and_proves_this),
        cmocka_unit_test(pairing_uses_this_text_and_these_keys),
        cmocka_unit_test(of_two_direct_conversations_this_one_stays),
        cmocka_unit_test(addresses_turn_in_this_week),
    };
    arena_init(&arena, 1 << 20);
    file = json_load(&arena, "tests/vectors/sotto/profile.json");
    int bad = cmocka_run_group_tests(tests, NULL, NULL);
    arena_clear(&arena);
    return bad;
}
