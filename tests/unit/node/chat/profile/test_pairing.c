/* A further device, from the QR to self/1. */
#include "tests/lib/profile_people.h"

#include "node/chat/profile/pairing.h"

struct scene {
    struct account a;
    struct device keeper;
    struct keyring_key *key; /* of the new device */
    struct pair_offer offer;
    struct identity_event event;
    char words[PAIR_WORDS_MAX];
    struct buf proposal;
    struct pair_replied replied;
};

static int setup(void **state)
{
    struct scene *s = calloc(1, sizeof *s);

    assert_non_null(s);
    account_init(&s->a, 1);
    device_init(&s->keeper, &s->a, MLS_SUITE_XWING);
    s->key = account_key(&s->a);
    pair_offer_make(&s->offer, s->key, &s->a.rng);
    s->event.time_s = NOW_S;
    s->event.capabilities = 1;
    s->proposal = BUF_INIT(ENVELOPE_BYTES_MAX);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct scene *s = *state;

    buf_clear(&s->proposal);
    pair_replied_clear(&s->replied);
    keyring_close(s->key);
    device_clear(&s->keeper);
    account_clear(&s->a);
    free(s);
    return 0;
}

static void propose(struct scene *s)
{
    assert_ok(pair_propose(&s->offer, s->a.log, s->a.root, &s->event, s->words, &s->proposal));
}

static void reply(struct scene *s)
{
    assert_ok(pair_reply(&s->offer, s->key, buf_span(&s->proposal), &s->a.rng, NOW_S, &s->replied));
}

static const struct identity_log *find(void *ctx, const uint8_t *account)
{
    struct scene *s = ctx;
    return memcmp(identity_log_now(s->a.log)->account, account, 32) == 0 ? s->a.log : NULL;
}

static void a_new_device_is_let_in_and_shares_the_self_conversation(void **state)
{
    struct scene *s = *state;
    char text[PAIR_TEXT_MAX];
    struct pair_offer scanned;
    struct span package, blob;
    struct device fresh = {.of = &s->a, .key = s->key};
    struct making m;

    assert_ok(pair_offer_text(&s->offer, text));
    assert_ok(pair_offer_parse(span_str(text), &scanned));
    assert_memory_equal(&scanned, &s->offer, sizeof scanned);
    propose(s);
    reply(s);
    assert_string_equal(s->words, s->replied.words);
    assert_int_equal(strspn(s->words, "abcdefghijklmnopqrstuvwxyz "), strlen(s->words));
    assert_ok(
        pair_accept(&scanned, &s->event, buf_span(&s->replied.message), NOW_S, s->a.log, &package));
    assert_true(identity_has(identity_log_now(s->a.log), s->offer.key, NULL));

    /* self/1 of the keeper takes it in */
    struct profile_data self = {.type = PROFILE_SELF};
    assert_ok(profile_data_set_role(&self, identity_log_now(s->a.log)->account, PROFILE_MEMBER));
    device_refresh(&s->keeper);
    assert_ok(profile_found(&s->keeper.us, &s->keeper.w, &self, &s->keeper.g));
    assert_ok(profile_address_begin(s->keeper.g, &s->keeper.address));
    making_init(&m);
    assert_ok(mls_make_add(package, &m.proposals));
    assert_ok(device_commit(&s->keeper, &m));
    device_take_own(&s->keeper, &m);
    struct buf welcome = BUF_INIT(WELCOME_BYTES_MAX), finish = BUF_INIT(WELCOME_BYTES_MAX);
    assert_ok(profile_welcome_write(s->keeper.g, buf_span(&m.out.welcome), &s->keeper.address, find,
                                    s, &welcome));
    assert_ok(pair_finish(s->a.log, buf_span(&welcome), &finish));

    struct identity_log *log;
    struct profile_joined joined;
    assert_ok(pair_finished(buf_span(&finish), &log, &blob));
    device_refresh(&fresh);
    assert_ok(profile_join(
        &fresh.w, &(struct profile_join){blob, buf_span(&s->replied.package), &s->replied.keys},
        &joined));
    assert_span_equal(mls_group_epoch_authenticator(joined.group),
                      mls_group_epoch_authenticator(s->keeper.g));
    profile_joined_clear(&joined);
    identity_log_free(log);
    profile_us_clear(&fresh.us);
    making_clear(&m);
    buf_clear(&welcome);
    buf_clear(&finish);
}

/* Somebody with a photo of the QR answers first, with an account of his own. */
static void another_account_shows_other_words(void **state)
{
    struct scene *s = *state;
    struct account thief;
    struct device d;
    struct identity_event event = {.time_s = NOW_S};
    char words[PAIR_WORDS_MAX];
    struct buf proposal = BUF_INIT(ENVELOPE_BYTES_MAX);

    account_init(&thief, 66);
    device_init(&d, &thief, MLS_SUITE_XWING);
    propose(s);
    assert_ok(pair_propose(&s->offer, thief.log, thief.root, &event, words, &proposal));
    assert_ok(pair_reply(&s->offer, s->key, buf_span(&proposal), &s->a.rng, NOW_S, &s->replied));
    assert_string_not_equal(s->replied.words, s->words);
    buf_clear(&proposal);
    device_clear(&d);
    account_clear(&thief);
}

static void only_the_key_of_the_offer_is_let_in(void **state)
{
    struct scene *s = *state;
    struct keyring_key *other = account_key(&s->a);
    struct pair_offer forged;
    struct span package;
    size_t before = identity_log_now(s->a.log)->installations.count;

    propose(s);
    pair_offer_make(&forged, other, &s->a.rng);
    assert_err(pair_reply(&forged, other, buf_span(&s->proposal), &s->a.rng, NOW_S, &s->replied),
               ERR_PROTOCOL);
    reply(s);
    struct identity_event changed = s->event;
    changed.capabilities ^= 4; /* not what the keeper proposed */
    assert_err(
        pair_accept(&s->offer, &changed, buf_span(&s->replied.message), NOW_S, s->a.log, &package),
        ERR_PROTOCOL);
    assert_err(
        pair_accept(&forged, &s->event, buf_span(&s->replied.message), NOW_S, s->a.log, &package),
        ERR_PROTOCOL);
    assert_int_equal(identity_log_now(s->a.log)->installations.count, before);
    keyring_close(other);
}

static void a_proposal_without_the_root_is_refused(void **state)
{
    struct scene *s = *state;
    struct keyring_key *root = s->a.root;

    s->a.root = s->keeper.key; /* a stolen installation key */
    propose(s);
    s->a.root = root;
    assert_err(pair_reply(&s->offer, s->key, buf_span(&s->proposal), &s->a.rng, NOW_S, &s->replied),
               ERR_AUTH);
}

static void whoever_is_in_is_not_let_in_again_and_ten_are_enough(void **state)
{
    struct scene *s = *state;
    struct pair_offer again;
    struct buf out = BUF_INIT(ENVELOPE_BYTES_MAX);

    pair_offer_make(&again, s->keeper.key, &s->a.rng);
    assert_err(pair_propose(&again, s->a.log, s->a.root, &s->event, s->words, &out), ERR_EXISTS);
    while (identity_log_now(s->a.log)->installations.count < IDENTITY_INSTALLATIONS_MAX)
        keyring_close(account_install(&s->a, s->a.log));
    assert_err(pair_propose(&s->offer, s->a.log, s->a.root, &s->event, s->words, &out), ERR_LIMIT);
    assert_int_equal(out.len, 0);
    buf_clear(&out);
}

static void both_directions_have_keys_of_their_own(void **state)
{
    struct scene *s = *state;
    struct envelope_keys down, up, other;
    uint8_t bucket, same;
    struct pair_offer second = s->offer;

    pair_keys(&s->offer, &down, &up, &bucket);
    assert_memory_not_equal(&down, &up, sizeof down);
    assert_memory_not_equal(down.header, down.body, 32);
    second.nonce[0] ^= 1;
    pair_keys(&second, &other, &up, &same);
    assert_memory_not_equal(&down, &other, sizeof down);
}

static void mistyped_offers_are_refused(void **state)
{
    struct scene *s = *state;
    char text[PAIR_TEXT_MAX + 2];
    struct pair_offer got;

    assert_ok(pair_offer_text(&s->offer, text));
    text[20] = text[20] == 'q' ? 'p' : 'q';
    assert_err(pair_offer_parse(span_str(text), &got), ERR_FORMAT);
    bech32m_encode("sottocard", SPAN_LIT("something else"), text);
    assert_err(pair_offer_parse(span_str(text), &got), ERR_UNSUPPORTED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_device_is_let_in_and_shares_the_self_conversation),
        TEST(another_account_shows_other_words),
        TEST(only_the_key_of_the_offer_is_let_in),
        TEST(a_proposal_without_the_root_is_refused),
        TEST(whoever_is_in_is_not_let_in_again_and_ten_are_enough),
        TEST(both_directions_have_keys_of_their_own),
        TEST(mistyped_offers_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
