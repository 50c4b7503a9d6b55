/* Tickets and their kin: one encoding, one signer, one meaning. */
#include "node/chat/commits/ticket.h"
#include "tests/lib/testing.h"

#include <stdlib.h>

static struct keyring *ring;

static struct keyring_key *key_of(uint8_t n)
{
    uint8_t seed[32] = {n, 1};
    struct keyring_key *key;
    enum err err = keyring_add(ring, span_of(&n, 1), KEYRING_ED25519, KEYRING_MAY_SIGN_LABEL, seed);
    assert_true(err == OK || err == ERR_EXISTS);
    assert_ok(keyring_open(ring, span_of(&n, 1), KEYRING_MAY_SIGN_LABEL, &key));
    return key;
}

static struct ticket ticket_of(uint8_t parent, uint8_t own, uint32_t leaf)
{
    struct ticket t = {.group = {7}, .epoch = 300, .cls = COMMIT_ADDS, .role = 1, .leaf = leaf};
    t.parent.bytes[0] = parent;
    t.eid.bytes[0] = own;
    return t;
}

/* With SOTTO_CORPUS set the bytes become the seed corpus of fuzz_ticket. */
static void keep(const char *name, struct span bytes)
{
    char path[200];
    const char *dir = getenv("SOTTO_CORPUS");
    if (dir == NULL)
        return;
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes.ptr, 1, bytes.len, f), bytes.len);
    (void)fclose(f);
}

/* Encode, decode, verify; then every byte of the encoding matters. */
#define ROUND_TRIP(name, object)                                                                   \
    do {                                                                                           \
        struct buf bytes = BUF_INIT(65536), again = BUF_INIT(65536);                               \
        struct name got;                                                                           \
        assert_ok(name##_encode(&(object), &bytes));                                               \
        keep(#name, buf_span(&bytes));                                                             \
        assert_ok(name##_decode(buf_span(&bytes), &got));                                          \
        assert_ok(name##_verify(&got));                                                            \
        assert_ok(name##_encode(&got, &again));                                                    \
        assert_span_equal(buf_span(&again), buf_span(&bytes));                                     \
        for (size_t at = 0; at < bytes.len; at++) {                                                \
            bytes.ptr[at] ^= 1;                                                                    \
            assert_true(name##_decode(buf_span(&bytes), &got) != OK ||                             \
                        name##_verify(&got) == ERR_AUTH);                                          \
            bytes.ptr[at] ^= 1;                                                                    \
            assert_true(name##_decode(span_of(bytes.ptr, at), &got) != OK);                        \
        }                                                                                          \
        buf_clear(&bytes);                                                                         \
        buf_clear(&again);                                                                         \
    } while (0)

static void every_object_has_one_encoding_and_one_signer(void **state)
{
    (void)state;
    struct keyring_key *key = key_of(1);
    struct ticket t = ticket_of(1, 2, 5);
    assert_ok(ticket_sign(&t, key));
    ROUND_TRIP(ticket, t);

    struct acks a = {.group = {7}, .eids = {{{1}}, {{2}}}, .count = 2};
    assert_ok(acks_sign(&a, key));
    ROUND_TRIP(acks, a);

    struct withdrawal d = {.group = {7}, .parent = t.parent, .eid = t.eid};
    assert_ok(withdrawal_sign(&d, key));
    ROUND_TRIP(withdrawal, d);

    struct buf one = BUF_INIT(1024), two = BUF_INIT(1024), three = BUF_INIT(1024);
    assert_ok(ticket_encode(&t, &one));
    assert_ok(acks_encode(&a, &two));
    assert_ok(withdrawal_encode(&d, &three));
    struct beacon b = {.group = {7},
                       .certified = t.parent,
                       .head = t.eid,
                       .tickets = {buf_span(&one)},
                       .tickets_count = 1,
                       .acks = {buf_span(&two)},
                       .acks_count = 1,
                       .withdrawals = {buf_span(&three)},
                       .withdrawals_count = 1};
    assert_ok(beacon_sign(&b, key));
    ROUND_TRIP(beacon, b);

    struct rejoin j = {
        .group = {7}, .eids = {t.eid}, .count = 1, .key_package = SPAN_LIT("a key package")};
    assert_ok(rejoin_sign(&j, key));
    ROUND_TRIP(rejoin, j);
    buf_clear(&one);
    buf_clear(&two);
    buf_clear(&three);
    keyring_close(key);
}

static void a_signature_serves_one_kind_of_object(void **state)
{
    (void)state;
    struct keyring_key *key = key_of(1);
    struct ticket t = ticket_of(1, 2, 5);
    struct withdrawal d = {.group = {7}, .parent = t.parent, .eid = t.eid};
    assert_ok(ticket_sign(&t, key));
    assert_ok(withdrawal_sign(&d, key));
    memcpy(d.signature, t.signature, 64);
    assert_err(withdrawal_verify(&d), ERR_AUTH);
    keyring_close(key);
}

static void later_versions_are_told_from_nonsense(void **state)
{
    (void)state;
    struct keyring_key *key = key_of(1);
    struct ticket t = ticket_of(1, 2, 5), got;
    struct buf bytes = BUF_INIT(1024);
    assert_ok(ticket_sign(&t, key));
    assert_ok(ticket_encode(&t, &bytes));
    bytes.ptr[2] = 2; /* version */
    assert_err(ticket_decode(buf_span(&bytes), &got), ERR_UNSUPPORTED);

    t.extensions = (struct pack_extensions){.list = {{9, true, SPAN_LIT("x")}}, .count = 1};
    assert_ok(ticket_sign(&t, key));
    buf_reset(&bytes);
    assert_ok(ticket_encode(&t, &bytes));
    assert_err(ticket_decode(buf_span(&bytes), &got), ERR_UNSUPPORTED);
    t.extensions.list[0].critical = false;
    assert_ok(ticket_sign(&t, key));
    buf_reset(&bytes);
    assert_ok(ticket_encode(&t, &bytes));
    assert_ok(ticket_decode(buf_span(&bytes), &got));
    assert_ok(ticket_verify(&got)); /* kept, and covered by the signature */
    assert_int_equal(got.extensions.count, 1);
    buf_clear(&bytes);
    keyring_close(key);
}

static void rank_depends_on_place_and_not_on_content(void **state)
{
    (void)state;
    uint8_t a[32], b[32];
    struct ticket t = ticket_of(1, 2, 5), u = ticket_of(3, 4, 5);
    u.cls = COMMIT_UPDATES;
    u.key[3] = 9;
    ticket_rank(&t, a);
    ticket_rank(&u, b);
    assert_memory_equal(a, b, 32); /* nothing that the committer chooses */
    u.leaf = 6;
    ticket_rank(&u, b);
    assert_memory_not_equal(a, b, 32);
    u.leaf = 5;
    u.epoch++;
    ticket_rank(&u, b);
    assert_memory_not_equal(a, b, 32);
}

static void a_double_commit_is_proven_by_two_tickets(void **state)
{
    (void)state;
    struct ticket t = ticket_of(1, 2, 5), u = ticket_of(1, 3, 5);
    assert_true(ticket_is_double(&t, &u));
    assert_false(ticket_is_double(&t, &t));
    u.leaf = 6;
    assert_false(ticket_is_double(&t, &u));
    u = ticket_of(9, 3, 5);
    assert_false(ticket_is_double(&t, &u));
    u = ticket_of(1, 3, 5);
    u.key[0] = 1;
    assert_false(ticket_is_double(&t, &u));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_object_has_one_encoding_and_one_signer),
        cmocka_unit_test(a_signature_serves_one_kind_of_object),
        cmocka_unit_test(later_versions_are_told_from_nonsense),
        cmocka_unit_test(rank_depends_on_place_and_not_on_content),
        cmocka_unit_test(a_double_commit_is_proven_by_two_tickets),
    };
    assert_ok(keyring_new(&ring));
    int bad = cmocka_run_group_tests(tests, NULL, NULL);
    keyring_free(ring);
    return bad;
}
