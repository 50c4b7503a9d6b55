/* Tickets and their kin against bytes that another implementation made from the same fields. */
#include "node/chat/commits/answer.h"
#include "node/chat/commits/ticket.h"
#include "tests/lib/json.h"

static struct arena arena;
static const struct json *file;
static struct keyring *ring;
static struct keyring_key *key;

static void fixed(const struct json *o, const char *name, uint8_t *out, size_t len)
{
    struct span s = json_hex(&arena, o, name);
    assert_int_equal(s.len, len);
    memcpy(out, s.ptr, len);
}

static void list_of_eids(const struct json *o, struct eid *out, size_t *count)
{
    for (JSON_EACH(v, json_get(o, "eids"))) {
        assert_int_equal(json_bytes(&arena, v).len, EID_BYTES);
        memcpy(out[(*count)++].bytes, json_bytes(&arena, v).ptr, EID_BYTES);
    }
}

/* Made from its fields and our key it has these bytes; these bytes are read as it, and verify. */
#define CHECK(name, object, o)                                                                     \
    do {                                                                                           \
        struct buf bytes = BUF_INIT(65536);                                                        \
        struct name got;                                                                           \
        fixed(file, "group", (object).group, GROUP_ID_BYTES);                                      \
        assert_ok(name##_sign(&(object), key));                                                    \
        assert_ok(name##_encode(&(object), &bytes));                                               \
        assert_span_equal(buf_span(&bytes), json_hex(&arena, o, "bytes"));                         \
        assert_ok(name##_decode(json_hex(&arena, o, "bytes"), &got));                              \
        assert_ok(name##_verify(&got));                                                            \
        buf_clear(&bytes);                                                                         \
    } while (0)

static void objects_have_these_bytes(void **state)
{
    (void)state;
    const struct json *o = json_get(file, "ticket");
    struct ticket t = {.epoch = json_u64(o, "epoch"),
                       .cls = (enum commit_class)json_u64(o, "class"),
                       .role = (uint32_t)json_u64(o, "role"),
                       .leaf = (uint32_t)json_u64(o, "leaf")};
    fixed(o, "parent", t.parent.bytes, EID_BYTES);
    fixed(o, "eid", t.eid.bytes, EID_BYTES);
    CHECK(ticket, t, o);

    struct acks a = {.count = 0};
    list_of_eids(json_get(file, "acks"), a.eids, &a.count);
    CHECK(acks, a, json_get(file, "acks"));

    struct withdrawal w = {.parent = t.parent, .eid = t.eid};
    CHECK(withdrawal, w, json_get(file, "withdrawal"));

    o = json_get(file, "beacon");
    struct beacon b = {.tickets = {json_hex(&arena, json_get(file, "ticket"), "bytes")},
                       .tickets_count = 1,
                       .acks = {json_hex(&arena, json_get(file, "acks"), "bytes")},
                       .acks_count = 1,
                       .withdrawals = {json_hex(&arena, json_get(file, "withdrawal"), "bytes")},
                       .withdrawals_count = 1};
    fixed(o, "from", b.certified.bytes, EID_BYTES);
    fixed(o, "head", b.head.bytes, EID_BYTES);
    CHECK(beacon, b, o);

    o = json_get(file, "rejoin");
    struct rejoin j = {.key_package = json_hex(&arena, o, "key_package")};
    list_of_eids(o, j.eids, &j.count);
    CHECK(rejoin, j, o);
}

static void ranks_and_names_are_these(void **state)
{
    (void)state;
    struct ticket t = {.cls = COMMIT_ADDS};
    uint8_t rank[32];
    size_t count = 0;
    fixed(file, "group", t.group, GROUP_ID_BYTES);
    for (JSON_EACH(v, json_get(file, "ranks"))) {
        t.epoch = json_u64(v, "epoch");
        t.leaf = (uint32_t)json_u64(v, "leaf");
        ticket_rank(&t, rank);
        assert_span_equal(SPAN_ARRAY(rank), json_hex(&arena, v, "rank"));
        count++;
    }
    assert_int_equal(count, 5);
    const struct json *o = json_get(file, "eid");
    struct eid e = eid_of(json_hex(&arena, o, "transcript"), json_hex(&arena, o, "tag"));
    assert_span_equal(SPAN_ARRAY(e.bytes), json_hex(&arena, o, "eid"));
}

/* Of the suite of crowds: X25519. */
static void an_answer_has_these_bytes(void **state)
{
    (void)state;
    const struct json *o = json_get(file, "answer");
    struct buf bytes = BUF_INIT(4096), keep = BUF_INIT(4096);
    struct answer a = {.ticket = json_hex(&arena, o, "ticket"),
                       .welcome = json_hex(&arena, o, "welcome")},
                  got;
    struct answer_part p = {.number = (uint32_t)json_u64(o, "number"),
                            .count = (uint32_t)json_u64(o, "count"),
                            .bytes = json_hex(&arena, o, "sealed")},
                       back;
    uint8_t group[GROUP_ID_BYTES], secret[MLS_PRIVATE_MAX] = {0};
    for (JSON_EACH(v, json_get(o, "beacons")))
        a.beacons[a.beacons_count++] = json_bytes(&arena, v);
    assert_ok(answer_encode(&a, &bytes));
    assert_span_equal(buf_span(&bytes), json_hex(&arena, o, "content"));
    fixed(file, "group", group, sizeof group);
    fixed(o, "secret", secret, 32);
    struct answer_to to = {mls_suite(MLS_SUITE_X25519_CHACHA), group,
                           json_hex(&arena, o, "key_package")};
    assert_ok(answer_open(p.bytes, &to, secret, &keep, &got));
    assert_span_equal(buf_span(&keep), json_hex(&arena, o, "content"));
    memcpy(p.group, group, sizeof group);
    answer_guest(to.key_package, p.guest);
    assert_span_equal(SPAN_ARRAY(p.guest), json_hex(&arena, o, "guest"));
    fixed(o, "answer", p.answer, sizeof p.answer);
    buf_reset(&bytes);
    assert_ok(answer_part_encode(&p, &bytes));
    assert_span_equal(buf_span(&bytes), json_hex(&arena, o, "part"));
    assert_ok(answer_part_decode(buf_span(&bytes), &back));
    assert_span_equal(back.bytes, p.bytes);
    buf_clear(&bytes);
    buf_clear(&keep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_have_these_bytes),
        cmocka_unit_test(ranks_and_names_are_these),
        cmocka_unit_test(an_answer_has_these_bytes),
    };
    uint8_t seed[32];

    arena_init(&arena, 1 << 20);
    file = json_load(&arena, "tests/vectors/sotto/commits.json");
    fixed(file, "seed", seed, sizeof seed);
    assert_ok(keyring_new(&ring));
    assert_ok(keyring_add(ring, SPAN_LIT("i"), KEYRING_ED25519, KEYRING_MAY_SIGN_LABEL, seed));
    assert_ok(keyring_open(ring, SPAN_LIT("i"), KEYRING_MAY_SIGN_LABEL, &key));
    assert_span_equal(keyring_public(key), json_hex(&arena, file, "key"));
    int bad = cmocka_run_group_tests(tests, NULL, NULL);
    keyring_close(key);
    keyring_free(ring);
    arena_clear(&arena);
    return bad;
}
