/* Invites: for whom they open, and what makes them void. */
#include "node/chat/intro/invite.h"
#include "tests/lib/intro_people.h"

#define NOW 1767225600u
#define DAY (NOW / INTRO_DAY_S)

static struct intro_person raya, sam;
static struct test_env t;
static struct buf sent, body, keep;

static int set_up(void **state)
{
    (void)state;
    test_env_init(&t, 7);
    intro_person_init(&raya, 1, 3);
    intro_person_init(&sam, 2, 1);
    sent = BUF_INIT(IDENTITY_SENT_BYTES_MAX);
    body = keep = BUF_INIT(INVITE_BYTES_MAX);
    assert_ok(identity_log_write(sam.log, &sent));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    intro_person_clear(&raya);
    intro_person_clear(&sam);
    test_env_clear(&t);
    buf_clear(&sent);
    buf_clear(&body);
    buf_clear(&keep);
    return 0;
}

static struct invite from_sam(void)
{
    struct invite i = {.purpose = INVITE_WELCOME,
                       .log = buf_span(&sent),
                       .welcome = SPAN_LIT("welcome"),
                       .message = SPAN_LIT("first message"),
                       .day = DAY};
    memcpy(i.account, raya.account, 32);
    return i;
}

/* Sam invites `count` installations of raya, from `first` on. */
static enum err seal(struct invite i, size_t first, size_t count)
{
    struct part parts[INTRO_DEVICES];
    for (size_t n = 0; n < count; n++)
        parts[n] = intro_part(&raya, first + n, NOW);
    buf_reset(&body);
    return invite_seal(&i, sam.device[0], parts, count, t.env.rng, &body);
}

static enum err open_as(struct intro_person *p, size_t device, uint32_t day, struct invite *out,
                        uint8_t hash[32])
{
    struct invite_sealed sealed;
    uint8_t id[PREKEY_ID_BYTES];
    prekey_id(p->prekey[device], id);
    TRY(invite_decode(buf_span(&body), &sealed));
    return invite_open(&sealed, &(struct invite_key){p->account, id, SPAN_ARRAY(p->secret[device])},
                       day, &keep, out, hash);
}

static void one_message_reaches_all_installations(void **state)
{
    (void)state;
    struct invite got;
    uint8_t hash[3][32];
    assert_ok(seal(from_sam(), 0, 3));
    for (size_t i = 0; i < 3; i++) {
        assert_ok(open_as(&raya, i, DAY, &got, hash[i]));
        assert_span_equal(got.message, SPAN_LIT("first message"));
        assert_span_equal(got.welcome, SPAN_LIT("welcome"));
        assert_memory_equal(got.installation, keyring_public(sam.device[0]).ptr, 32);
    }
    assert_memory_equal(hash[0], hash[2], 32);
}

static void an_invite_is_not_for_other_prekeys(void **state)
{
    (void)state;
    struct invite got;
    uint8_t hash[32];
    assert_ok(seal(from_sam(), 0, 1));
    assert_err(open_as(&raya, 1, DAY, &got, hash), ERR_NOT_FOUND);
    memcpy(raya.secret[0], raya.secret[1], PREKEY_SECRET_BYTES);
    assert_err(open_as(&raya, 0, DAY, &got, hash), ERR_AUTH);
}

static void an_invite_for_another_day_is_refused(void **state)
{
    (void)state;
    struct invite got;
    uint8_t hash[32];
    assert_ok(seal(from_sam(), 0, 1));
    assert_err(open_as(&raya, 0, DAY + 1, &got, hash), ERR_PROTOCOL);
    assert_null(got.message.ptr);
}

static void reseal(struct invite *i, const uint8_t account[32], const struct part *to,
                   const struct keyring_key *signer)
{
    intro_reseal(i, account, to, signer, t.env.rng, &body);
}

static void an_invite_resealed_to_somebody_else_is_refused(void **state)
{
    (void)state;
    struct intro_person zoe;
    struct invite got, out;
    uint8_t hash[32];
    intro_person_init(&zoe, 3, 1);
    struct part hers = intro_part(&zoe, 0, NOW);
    assert_ok(seal(from_sam(), 0, 1));
    assert_ok(open_as(&raya, 0, DAY, &got, hash));
    struct buf held = keep; /* what `got` points to */
    keep = BUF_INIT(INVITE_BYTES_MAX);
    reseal(&got, zoe.account, &hers, NULL); /* with the words that name raya */
    assert_err(open_as(&zoe, 0, DAY, &out, hash), ERR_AUTH);
    memcpy(got.account, zoe.account, 32); /* with words that sam never signed */
    reseal(&got, zoe.account, &hers, NULL);
    assert_err(open_as(&zoe, 0, DAY, &out, hash), ERR_AUTH);
    buf_clear(&held);
    intro_person_clear(&zoe);
}

/* The signature names prekeys and encapsulations: nothing of an old invite serves a second time. */
static void an_invite_resealed_to_its_own_recipient_is_refused(void **state)
{
    (void)state;
    struct invite got, out;
    uint8_t hash[32];
    struct part to = intro_part(&raya, 0, NOW);
    assert_ok(seal(from_sam(), 0, 1));
    assert_ok(open_as(&raya, 0, DAY, &got, hash));
    struct buf held = keep;
    keep = BUF_INIT(INVITE_BYTES_MAX);
    reseal(&got, raya.account, &to, NULL);
    assert_err(open_as(&raya, 0, DAY, &out, hash), ERR_AUTH);
    buf_clear(&held);
}

/* Sam himself signs for zoe and seals it to raya: she could not prove to whom he spoke. */
static void an_invite_that_names_another_account_is_refused(void **state)
{
    (void)state;
    struct invite got, out;
    uint8_t hash[32];
    struct part to = intro_part(&raya, 0, NOW);
    assert_ok(seal(from_sam(), 0, 1));
    assert_ok(open_as(&raya, 0, DAY, &got, hash));
    struct buf held = keep;
    keep = BUF_INIT(INVITE_BYTES_MAX);
    reseal(&got, raya.account, &to, sam.device[0]);
    assert_ok(open_as(&raya, 0, DAY, &out, hash)); /* so the test can seal */
    got.account[0] ^= 1;
    reseal(&got, raya.account, &to, sam.device[0]);
    assert_err(open_as(&raya, 0, DAY, &out, hash), ERR_AUTH);
    buf_clear(&held);
}

static void a_changed_invite_does_not_open(void **state)
{
    (void)state;
    struct invite got;
    uint8_t hash[32];
    assert_ok(seal(from_sam(), 0, 2));
    for (size_t i = 0; i < body.len; i += 37) {
        body.ptr[i] ^= 1;
        assert_int_not_equal(open_as(&raya, 0, DAY, &got, hash), OK);
        body.ptr[i] ^= 1;
    }
    assert_ok(open_as(&raya, 0, DAY, &got, hash));
}

static void an_invite_has_what_its_purpose_needs(void **state)
{
    (void)state;
    struct invite i = from_sam(), got;
    uint8_t hash[32];
    i.welcome = SPAN_EMPTY;
    assert_ok(seal(i, 0, 1));
    assert_err(open_as(&raya, 0, DAY, &got, hash), ERR_FORMAT);
    i.purpose = (enum invite_purpose)2;
    assert_ok(seal(i, 0, 1));
    assert_err(open_as(&raya, 0, DAY, &got, hash), ERR_UNSUPPORTED);
}

static void an_invite_over_one_envelope_is_not_made(void **state)
{
    (void)state;
    static uint8_t large[INVITE_BYTES_MAX];
    struct invite i = from_sam();
    i.message = span_of(large, INVITE_BYTES_MAX - 1000);
    assert_err(seal(i, 0, 1), ERR_LIMIT);
    assert_int_equal(body.len, 0);
    i.message = span_of(large, INVITE_BYTES_MAX - 4000);
    assert_ok(seal(i, 0, 1));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(one_message_reaches_all_installations),
        CASE(an_invite_is_not_for_other_prekeys),
        CASE(an_invite_for_another_day_is_refused),
        CASE(an_invite_resealed_to_somebody_else_is_refused),
        CASE(an_invite_resealed_to_its_own_recipient_is_refused),
        CASE(an_invite_that_names_another_account_is_refused),
        CASE(a_changed_invite_does_not_open),
        CASE(an_invite_has_what_its_purpose_needs),
        CASE(an_invite_over_one_envelope_is_not_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
