/* Bundles: what a stranger makes of what lies about an account. */
#include "node/chat/intro/found.h"
#include "tests/lib/intro_people.h"

#define NOW 1767225600u
#define DAY (NOW / INTRO_DAY_S)

static struct intro_person raya;
static struct test_env t;

static int set_up(void **state)
{
    (void)state;
    test_env_init(&t, 7);
    intro_person_init(&raya, 1, 2);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    intro_person_clear(&raya);
    test_env_clear(&t);
    return 0;
}

/* The verdict on a part by raya's log as it is. */
static enum part_verdict judged(const struct part *p, uint64_t now_s)
{
    return part_judge(p, raya.log, now_s);
}

static void a_part_says_what_was_written(void **state)
{
    (void)state;
    struct part p = intro_part(&raya, 0, NOW), got;
    struct buf bytes = BUF_INIT(PART_BYTES_MAX);
    assert_ok(part_encode(&p, &bytes));
    assert_ok(part_decode(buf_span(&bytes), &got));
    assert_ok(part_verify(&got));
    assert_memory_equal(got.prekey, raya.prekey[0], PREKEY_BYTES);
    assert_int_equal(got.bits, 8);
    assert_int_equal(judged(&got, NOW), PART_GOOD);
    got.bits = 0; /* who asks for less work than was signed */
    assert_err(part_verify(&got), ERR_AUTH);
    buf_clear(&bytes);
}

static void a_part_lives_for_seven_days(void **state)
{
    (void)state;
    struct part p = intro_part(&raya, 0, NOW);
    struct buf bytes = BUF_INIT(PART_BYTES_MAX);
    assert_int_equal(judged(&p, NOW + PART_LIFE_S - 1), PART_GOOD);
    assert_int_equal(judged(&p, NOW + PART_LIFE_S), PART_EXPIRED);
    assert_int_equal(judged(&p, NOW - PART_SKEW_S), PART_GOOD);
    assert_int_equal(judged(&p, NOW - PART_SKEW_S - 1), PART_EARLY);
    p.expiry_s++;
    assert_ok(part_encode(&p, &bytes));
    assert_err(part_decode(buf_span(&bytes), &p), ERR_FORMAT);
    buf_clear(&bytes);
}

static void parts_of_a_revoked_installation_are_dropped(void **state)
{
    (void)state;
    struct part p = intro_part(&raya, 1, NOW);
    assert_int_equal(judged(&p, NOW), PART_GOOD);
    intro_revoke_device(&raya, 1);
    assert_int_equal(judged(&p, NOW), PART_REVOKED);
}

static void parts_older_than_the_last_revocation_are_dropped(void **state)
{
    (void)state;
    struct part before = intro_part(&raya, 0, NOW);
    intro_revoke_device(&raya, 1);
    assert_int_equal(judged(&before, NOW), PART_OUTDATED);
    struct part after = intro_part(&raya, 0, NOW);
    assert_int_equal(judged(&after, NOW), PART_GOOD);
    intro_add_device(&raya, 2); /* this takes nothing away */
    assert_int_equal(judged(&after, NOW), PART_GOOD);
}

static void parts_of_another_branch_are_dropped(void **state)
{
    (void)state;
    struct part p = intro_part(&raya, 0, NOW), ahead = p;
    p.head[0] ^= 1;
    assert_int_equal(judged(&p, NOW), PART_OTHER_BRANCH);
    ahead.seq++; /* it knew a longer log than we have */
    assert_int_equal(judged(&ahead, NOW), PART_OTHER_BRANCH);
    p.account[0] ^= 1;
    assert_int_equal(judged(&p, NOW), PART_OTHER_ACCOUNT);
}

static void nobody_writes_to_an_account_that_is_frozen(void **state)
{
    (void)state;
    struct part p = intro_part(&raya, 0, NOW), out[BUNDLE_PARTS_MAX];
    struct buf body = BUF_INIT(BUNDLE_BYTES_MAX), other = BUF_INIT(BUNDLE_BYTES_MAX);
    struct buf sent = BUF_INIT(IDENTITY_SENT_BYTES_MAX);
    struct identity_log *second;
    struct found *f;
    assert_ok(identity_log_write(raya.log, &sent));
    assert_ok(identity_log_read(buf_span(&sent), &second));
    intro_revoke_device(&raya, 1);
    intro_bundle(raya.log, &p, 1, &body);
    struct identity_log *mine = raya.log;
    raya.log = second; /* the root key signs another event of the same number */
    intro_add_device(&raya, 2);
    intro_bundle(raya.log, &p, 1, &other);
    raya.log = mine;
    assert_ok(found_new(raya.account, &f));
    assert_ok(found_add(f, buf_span(&body)));
    assert_null(found_fork(f));
    assert_ok(found_add(f, buf_span(&other)));
    assert_int_equal(identity_log_now(found_log(f))->status, IDENTITY_FROZEN);
    assert_non_null(found_fork(f));
    assert_int_equal(found_fork(f)->seq, 3);
    assert_int_equal(found_parts(f, NOW, out), 0);
    found_free(f);
    identity_log_free(second);
    buf_clear(&body);
    buf_clear(&other);
    buf_clear(&sent);
}

static void a_revocation_is_seen_in_whatever_order_bundles_are_found(void **state)
{
    (void)state;
    struct buf bodies[2] = {BUF_INIT(BUNDLE_BYTES_MAX), BUF_INIT(BUNDLE_BYTES_MAX)};
    struct part stolen = intro_part(&raya, 1, NOW), out[BUNDLE_PARTS_MAX];
    intro_bundle(raya.log, &stolen, 1, &bodies[0]); /* what the thief goes on publishing */
    intro_revoke_device(&raya, 1);
    struct part fresh = intro_part(&raya, 0, NOW);
    intro_bundle(raya.log, &fresh, 1, &bodies[1]);
    for (size_t first = 0; first < 2; first++) {
        struct found *f;
        assert_ok(found_new(raya.account, &f));
        assert_ok(found_add(f, buf_span(&bodies[first])));
        assert_ok(found_add(f, buf_span(&bodies[1 - first])));
        assert_int_equal(identity_log_now(found_log(f))->seq, 3);
        assert_int_equal(found_parts(f, NOW, out), 1);
        assert_memory_equal(out[0].installation, keyring_public(raya.device[0]).ptr, 32);
        found_free(f);
    }
    buf_clear(&bodies[0]);
    buf_clear(&bodies[1]);
}

static void the_newest_part_of_each_installation_counts(void **state)
{
    (void)state;
    struct buf body = BUF_INIT(BUNDLE_BYTES_MAX);
    struct part parts[] = {intro_part(&raya, 0, NOW + 5), intro_part(&raya, 0, NOW),
                           intro_part(&raya, 1, NOW)};
    struct part forged = intro_part(&raya, 1, NOW + 9), out[BUNDLE_PARTS_MAX];
    struct found *f;
    forged.signature[3] ^= 1;
    assert_ok(found_new(raya.account, &f));
    for (size_t i = 0; i < 3; i++) {
        buf_reset(&body);
        intro_bundle(raya.log, &parts[i], 1, &body);
        assert_ok(found_add(f, buf_span(&body)));
    }
    buf_reset(&body);
    intro_bundle(raya.log, &forged, 1, &body);
    assert_ok(found_add(f, buf_span(&body))); /* its log is as good as any */
    assert_int_equal(found_parts(f, NOW, out), 2);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(out[i].issued_s,
                         memcmp(out[i].installation, keyring_public(raya.device[0]).ptr, 32) == 0
                             ? NOW + 5
                             : NOW);
    found_free(f);
    buf_clear(&body);
}

static void strangers_cannot_take_the_places_of_installations(void **state)
{
    (void)state;
    struct buf body = BUF_INIT(BUNDLE_BYTES_MAX);
    struct intro_person mallory;
    struct part out[BUNDLE_PARTS_MAX];
    struct found *f;
    intro_person_init(&mallory, 9, 3);
    assert_ok(found_new(raya.account, &f));
    for (size_t i = 0; i < 3; i++) { /* parts in raya's name, signed by keys of somebody else */
        struct part p = intro_part(&mallory, i, NOW);
        memcpy(p.account, raya.account, 32);
        assert_ok(part_sign(&p, mallory.device[i]));
        buf_reset(&body);
        intro_bundle(raya.log, &p, 1, &body);
        assert_ok(found_add(f, buf_span(&body)));
    }
    assert_int_equal(found_parts(f, NOW, out), 0);
    struct part own = intro_part(&mallory, 0, NOW);
    buf_reset(&body);
    intro_bundle(mallory.log, &own, 1, &body);
    assert_err(found_add(f, buf_span(&body)), ERR_ARGUMENT);
    found_free(f);
    intro_person_clear(&mallory);
    buf_clear(&body);
}

/* An envelope with raya's bundle, stamped with so many bits, sealed for that day. */
static struct buf enveloped(const struct card *card, unsigned bits, uint32_t day)
{
    struct buf body = BUF_INIT(BUNDLE_BYTES_MAX), out = BUF_INIT(ENVELOPE_BYTES_MAX);
    struct part p = intro_part(&raya, 0, NOW);
    struct intro intro = {0};
    struct stamp_of of;
    uint64_t next = 0;
    intro_bundle(raya.log, &p, 1, &body);
    intro.body = buf_span(&body);
    stamp_for(raya.account, day, intro.body, &of);
    assert_true(stamp_make(&of, bits, &next, UINT64_MAX, intro.stamp));
    while (bits < STAMP_BITS_BUNDLE && stamp_holds(&of, intro.stamp, STAMP_BITS_BUNDLE))
        assert_true(stamp_make(&of, bits, &next, UINT64_MAX, intro.stamp));
    assert_ok(intro_seal(card, day, &intro, t.env.rng, &out));
    assert_int_equal(out.len, INTRO_BUNDLE_BYTES);
    buf_clear(&body);
    return out;
}

static void a_bundle_is_found_by_holders_of_the_card_alone(void **state)
{
    (void)state;
    struct card card = {0}, link = {.private_link = true, .secret = {1}};
    struct part out[BUNDLE_PARTS_MAX];
    struct found *f;
    memcpy(card.account, raya.account, 32);
    memcpy(link.account, raya.account, 32);
    struct buf envelope = enveloped(&link, STAMP_BITS_BUNDLE, DAY);
    assert_ok(found_new(raya.account, &f));
    assert_err(found_received(f, &card, NOW, buf_span(&envelope)), ERR_NOT_FOUND);
    assert_ok(found_received(f, &link, NOW, buf_span(&envelope)));
    assert_ok(found_received(f, &link, NOW + 7 * 86400, buf_span(&envelope)));
    assert_err(found_received(f, &link, NOW + 9 * 86400, buf_span(&envelope)), ERR_NOT_FOUND);
    assert_int_equal(found_parts(f, NOW, out), 1);
    found_free(f);
    buf_clear(&envelope);
}

static void a_bundle_without_its_stamp_costs_no_signature(void **state)
{
    (void)state;
    struct card card = {0};
    struct found *f;
    memcpy(card.account, raya.account, 32);
    struct buf envelope = enveloped(&card, 4, DAY);
    assert_ok(found_new(raya.account, &f));
    assert_err(found_received(f, &card, NOW, buf_span(&envelope)), ERR_REFUSED);
    assert_null(found_log(f));
    found_free(f);
    buf_clear(&envelope);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_part_says_what_was_written),
        CASE(a_part_lives_for_seven_days),
        CASE(parts_of_a_revoked_installation_are_dropped),
        CASE(parts_older_than_the_last_revocation_are_dropped),
        CASE(parts_of_another_branch_are_dropped),
        CASE(nobody_writes_to_an_account_that_is_frozen),
        CASE(a_revocation_is_seen_in_whatever_order_bundles_are_found),
        CASE(the_newest_part_of_each_installation_counts),
        CASE(strangers_cannot_take_the_places_of_installations),
        CASE(a_bundle_is_found_by_holders_of_the_card_alone),
        CASE(a_bundle_without_its_stamp_costs_no_signature),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
