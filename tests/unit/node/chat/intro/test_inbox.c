/* The inbox: whose invites are followed, and what strangers may cost. */
#include "node/chat/intro/inbox.h"
#include "tests/lib/intro_people.h"

#define NOW  1767225600u /* where test_env's wall clock begins */
#define DAY  (NOW / INTRO_DAY_S)
#define BITS 8u

/* raya's side of the world */
static struct raya {
    struct intro_person me;
    struct inbox *inbox;
    struct card card;
    bool prekey_dead, in_group;
    unsigned asked_prekey, joins;
    const struct identity_log *known;
    enum inbox_consent consent;
    uint8_t signer[32];
    enum err join_err;
} raya;

static struct intro_person sam;
static struct test_env t;
static struct inbox_result got;

static bool prekey(void *ctx, const uint8_t id[PREKEY_ID_BYTES], struct inbox_prekey *out)
{
    struct raya *r = ctx;
    uint8_t own[PREKEY_ID_BYTES];
    prekey_id(r->me.prekey[0], own);
    r->asked_prekey++;
    if (r->prekey_dead || memcmp(own, id, sizeof own) != 0)
        return false;
    *out = (struct inbox_prekey){SPAN_ARRAY(r->me.secret[0]), BITS};
    return true;
}

static const struct identity_log *known(void *ctx, const uint8_t account[ACCOUNT_ID_BYTES])
{
    struct raya *r = ctx;
    bool same = r->known != NULL && memcmp(identity_log_now(r->known)->account, account, 32) == 0;
    return same ? r->known : NULL;
}

static enum inbox_consent consent(void *ctx, const uint8_t account[ACCOUNT_ID_BYTES])
{
    (void)account;
    return ((struct raya *)ctx)->consent;
}

static enum err join(void *ctx, const struct invite *invite, const struct identity_log *log,
                     const uint8_t id[PREKEY_ID_BYTES], struct inbox_group *out)
{
    struct raya *r = ctx;
    (void)id;
    assert_non_null(log);
    assert_true(invite->welcome.len > 0);
    r->joins++;
    memcpy(out->signer, r->signer, 32);
    return r->in_group ? ERR_EXISTS : r->join_err;
}

static int set_up(void **state)
{
    (void)state;
    test_env_init(&t, 7);
    raya = (struct raya){0};
    intro_person_init(&raya.me, 1, 1);
    intro_person_init(&sam, 2, 2);
    memcpy(raya.card.account, raya.me.account, 32);
    memcpy(raya.signer, keyring_public(sam.device[0]).ptr, 32);
    assert_ok(inbox_new(&raya.inbox));
    got = (struct inbox_result){0};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    inbox_result_clear(&got);
    inbox_free(raya.inbox);
    intro_person_clear(&raya.me);
    intro_person_clear(&sam);
    test_env_clear(&t);
    return 0;
}

/* ---- what is sent ---- */

struct letter { /* how sam (or whoever) writes; zeros: as it should be */
    struct intro_person *from;
    const struct identity_log *log; /* that it shows */
    size_t device;
    uint32_t signed_day, day; /* 0: today */
    unsigned bits;            /* 0: BITS */
    bool short_stamp;
    bool cut_log;
    enum invite_purpose purpose;
    uint64_t *nonce; /* where the search for a stamp begins, and ended */
    struct span body;
};

static struct buf body_of(const struct letter *l)
{
    struct buf log = BUF_INIT(IDENTITY_SENT_BYTES_MAX), body = BUF_INIT(INVITE_BYTES_MAX);
    struct intro_person *from = l->from != NULL ? l->from : &sam;
    struct part part = intro_part(&raya.me, 0, NOW);
    assert_ok(identity_log_write(l->log != NULL ? l->log : from->log, &log));
    if (l->cut_log)
        log.ptr[log.len - 20] ^= 1; /* inside the last signature */
    struct invite i = {.purpose = l->purpose != 0 ? l->purpose : INVITE_WELCOME,
                       .log = buf_span(&log),
                       .welcome = SPAN_LIT("welcome"),
                       .message = SPAN_LIT("hello"),
                       .day = l->signed_day != 0 ? l->signed_day : DAY};
    memcpy(i.account, raya.me.account, 32);
    assert_ok(invite_seal(&i, from->device[l->device], &part, 1, t.env.rng, &body));
    buf_clear(&log);
    return body;
}

static struct buf envelope_of(const struct letter *l)
{
    struct buf made = l->body.len > 0 ? BUF_INIT(1) : body_of(l);
    struct buf out = BUF_INIT(ENVELOPE_BYTES_MAX);
    struct intro intro = {.body = l->body.len > 0 ? l->body : buf_span(&made)};
    uint32_t day = l->day != 0 ? l->day : DAY;
    struct stamp_of of;
    uint64_t from = 0, *next = l->nonce != NULL ? l->nonce : &from;
    stamp_for(raya.me.account, day, intro.body, &of);
    do
        assert_true(stamp_make(&of, l->short_stamp ? 0 : BITS, next, UINT64_MAX, intro.stamp));
    while (l->short_stamp && stamp_holds(&of, intro.stamp, BITS));
    assert_ok(intro_seal(&raya.card, day, &intro, t.env.rng, &out));
    buf_clear(&made);
    return out;
}

static enum inbox_verdict receive(struct span envelope)
{
    const struct inbox_world world = {&raya, prekey, known, consent, join};
    const struct inbox_address address = {&raya.card, 0};
    inbox_result_clear(&got);
    inbox_receive(raya.inbox, &t.env, &world, &address, envelope, &got);
    return got.verdict;
}

static enum inbox_verdict deliver(const struct letter *l)
{
    struct buf envelope = envelope_of(l);
    enum inbox_verdict v = receive(buf_span(&envelope));
    buf_clear(&envelope);
    return v;
}

#define assert_verdict(letter, wanted)                                                             \
    assert_string_equal(inbox_verdict_text(deliver(letter)), inbox_verdict_text(wanted))

/* ---- taken ---- */

static void a_request_is_followed_silently_until_it_is_accepted(void **state)
{
    (void)state;
    assert_verdict(&(struct letter){0}, INBOX_TAKEN);
    assert_true(got.asks);
    assert_true(got.changed);
    assert_span_equal(got.invite.message, SPAN_LIT("hello"));
    assert_memory_equal(identity_log_now(got.log)->account, sam.account, 32);
    assert_int_equal(inbox_asking(raya.inbox), 1);
    raya.consent = INBOX_CONSENT_GIVEN;
    inbox_answered(raya.inbox, sam.account);
    assert_verdict(&(struct letter){0}, INBOX_TAKEN);
    assert_false(got.asks);
    assert_int_equal(inbox_asking(raya.inbox), 0);
}

static void an_invite_of_a_newer_version_is_told_so(void **state)
{
    (void)state;
    assert_verdict(&(struct letter){.purpose = (enum invite_purpose)9}, INBOX_NEWER_VERSION);
    assert_int_equal(raya.joins, 0);
}

/* ---- refused ---- */

static void an_invite_that_comes_twice_is_taken_once(void **state)
{
    (void)state;
    struct buf envelope = envelope_of(&(struct letter){0});
    assert_int_equal(receive(buf_span(&envelope)), INBOX_TAKEN);
    assert_int_equal(receive(buf_span(&envelope)), INBOX_STAMP_USED);
    assert_int_equal(raya.joins, 1);
    buf_clear(&envelope);
}

/* Who pays for another stamp still gets nothing from a body that was taken. */
static void a_replayed_invite_under_a_new_stamp_is_refused(void **state)
{
    (void)state;
    uint64_t nonce = 0;
    struct buf body = body_of(&(struct letter){0});
    struct letter again = {.body = buf_span(&body), .nonce = &nonce};
    assert_verdict(&again, INBOX_TAKEN);
    assert_verdict(&again, INBOX_REPLAYED);
    assert_int_equal(raya.joins, 1);
    buf_clear(&body);
}

static void the_inbox_remembers_over_a_restart(void **state)
{
    (void)state;
    uint64_t nonce = 0;
    struct buf body = body_of(&(struct letter){0}), record = BUF_INIT(1u << 20);
    struct letter l = {.body = buf_span(&body), .nonce = &nonce};
    struct buf first = envelope_of(&l);
    assert_int_equal(receive(buf_span(&first)), INBOX_TAKEN);
    assert_ok(inbox_save(raya.inbox, &record));
    inbox_free(raya.inbox);
    assert_err(inbox_load(span_sub(buf_span(&record), 0, record.len - 1), &raya.inbox),
               ERR_CORRUPT);
    assert_ok(inbox_load(buf_span(&record), &raya.inbox));
    assert_int_equal(receive(buf_span(&first)), INBOX_STAMP_USED);
    assert_verdict(&l, INBOX_REPLAYED);
    assert_int_equal(inbox_asking(raya.inbox), 1);
    buf_clear(&first);
    buf_clear(&body);
    buf_clear(&record);
}

static void a_log_without_a_signature_is_refused(void **state)
{
    (void)state;
    assert_verdict(&(struct letter){.cut_log = true}, INBOX_BAD_LOG);
    assert_int_equal(raya.joins, 0);
}

static void an_invite_whose_groupinfo_another_signed_is_refused(void **state)
{
    (void)state;
    memcpy(raya.signer, keyring_public(sam.device[1]).ptr, 32);
    assert_verdict(&(struct letter){0}, INBOX_SIGNER_DIFFERS);
    assert_null(got.log);
    assert_int_equal(inbox_asking(raya.inbox), 0);
}

static void an_invite_from_a_revoked_installation_is_refused(void **state)
{
    (void)state;
    intro_revoke_device(&sam, 1);
    assert_verdict(&(struct letter){.device = 1}, INBOX_NOT_INSTALLED);
    assert_verdict(&(struct letter){.device = 0}, INBOX_TAKEN);
}

/* The thief shows the log as it was before the theft; raya has heard of the revocation. */
static void an_old_log_does_not_bring_a_revoked_installation_back(void **state)
{
    (void)state;
    struct buf sent = BUF_INIT(IDENTITY_SENT_BYTES_MAX);
    struct identity_log *before;
    assert_ok(identity_log_write(sam.log, &sent));
    assert_ok(identity_log_read(buf_span(&sent), &before));
    intro_revoke_device(&sam, 1);
    raya.known = sam.log;
    assert_verdict(&((struct letter){.device = 1, .log = before}), INBOX_NOT_INSTALLED);
    assert_verdict(&((struct letter){.device = 0, .log = before}), INBOX_TAKEN);
    assert_int_equal(identity_log_now(got.log)->seq, 3); /* the longest log is handed out */
    identity_log_free(before);
    buf_clear(&sent);
}

static void an_invite_of_another_day_is_refused(void **state)
{
    (void)state;
    assert_verdict(&(struct letter){.signed_day = DAY - 1}, INBOX_WRONG_DAY);
    assert_verdict(&((struct letter){.signed_day = DAY - 3, .day = DAY - 3}), INBOX_TAKEN);
    assert_verdict(&((struct letter){.signed_day = DAY + 1, .day = DAY + 1}), INBOX_TAKEN);
    assert_verdict(&((struct letter){.signed_day = DAY + 2, .day = DAY + 2}), INBOX_NOT_OURS);
    assert_verdict(&((struct letter){.signed_day = DAY - 16, .day = DAY - 16}), INBOX_NOT_OURS);
}

static void an_invite_with_a_short_stamp_is_refused_before_decapsulation(void **state)
{
    (void)state;
    memset(raya.me.secret[0], 1, PREKEY_SECRET_BYTES); /* opening would fail otherwise */
    assert_verdict(&(struct letter){.short_stamp = true}, INBOX_STAMP_SHORT);
    assert_false(got.changed);
    assert_verdict(&(struct letter){0}, INBOX_NOT_SEALED);
}

static void an_invite_for_a_prekey_that_died_is_not_ours(void **state)
{
    (void)state;
    raya.prekey_dead = true;
    assert_verdict(&(struct letter){0}, INBOX_NOT_OURS);
    assert_int_equal(raya.asked_prekey, 1);
}

static void a_blocked_account_is_refused(void **state)
{
    (void)state;
    raya.consent = INBOX_CONSENT_BLOCKED;
    assert_verdict(&(struct letter){0}, INBOX_BLOCKED);
    assert_int_equal(raya.joins, 0);
}

static void a_group_that_we_are_in_is_refused(void **state)
{
    (void)state;
    raya.in_group = true;
    assert_verdict(&(struct letter){0}, INBOX_GROUP_AGAIN);
}

static void a_welcome_that_leads_nowhere_is_refused(void **state)
{
    (void)state;
    raya.join_err = ERR_AUTH;
    assert_verdict(&(struct letter){0}, INBOX_NO_WELCOME);
    assert_false(got.again);
}

static void what_fails_on_our_side_is_read_again(void **state)
{
    (void)state;
    struct buf envelope = envelope_of(&(struct letter){0});
    raya.join_err = ERR_MEMORY;
    assert_int_equal(receive(buf_span(&envelope)), INBOX_FAILED);
    assert_true(got.again);
    raya.join_err = OK;
    assert_int_equal(receive(buf_span(&envelope)), INBOX_TAKEN);
    buf_clear(&envelope);
}

static void a_revoked_link_opens_nothing(void **state)
{
    (void)state;
    struct buf envelope = envelope_of(&(struct letter){0});
    raya.card.private_link = true; /* she listens at a link only */
    raya.card.secret[0] = 1;
    assert_int_equal(receive(buf_span(&envelope)), INBOX_NOT_OURS);
    assert_int_equal(raya.asked_prekey, 0);
    buf_clear(&envelope);
}

/* ---- floods ---- */

static void a_flood_is_decapsulated_at_a_bounded_rate_and_not_lost(void **state)
{
    (void)state;
    struct buf body = body_of(&(struct letter){0});
    uint64_t nonce = 0;
    struct letter l = {.body = buf_span(&body), .nonce = &nonce};
    unsigned opened = 0;
    for (unsigned i = 0; i < INBOX_BURST + 40; i++) {
        enum inbox_verdict v = deliver(&l);
        opened += v == INBOX_TAKEN || v == INBOX_REPLAYED;
        if (v == INBOX_TOO_FAST)
            assert_true(got.again);
    }
    assert_int_equal(opened, INBOX_BURST);
    struct buf late = envelope_of(&l);
    assert_int_equal(receive(buf_span(&late)), INBOX_TOO_FAST);
    test_env_advance(&t, NS_PER_S);
    assert_int_equal(receive(buf_span(&late)), INBOX_REPLAYED); /* its stamp was not used up */
    assert_int_equal(receive(buf_span(&late)), INBOX_STAMP_USED);
    buf_clear(&late);
    buf_clear(&body);
}

static void only_so_many_strangers_wait_for_an_answer(void **state)
{
    (void)state;
    for (unsigned i = 0; i < INBOX_ASKING_MAX; i++) {
        struct intro_person stranger;
        intro_person_init(&stranger, (uint8_t)(i + 10), 1);
        memcpy(raya.signer, keyring_public(stranger.device[0]).ptr, 32);
        assert_verdict(&(struct letter){.from = &stranger}, INBOX_TAKEN);
        intro_person_clear(&stranger);
    }
    memcpy(raya.signer, keyring_public(sam.device[0]).ptr, 32);
    struct buf envelope = envelope_of(&(struct letter){0});
    assert_int_equal(receive(buf_span(&envelope)), INBOX_TOO_MANY_ASK);
    assert_true(got.again);
    assert_int_equal(raya.joins, INBOX_ASKING_MAX);
    struct intro_person first;
    intro_person_init(&first, 10, 1);
    inbox_answered(raya.inbox, first.account);
    intro_person_clear(&first);
    assert_int_equal(receive(buf_span(&envelope)), INBOX_TAKEN);
    buf_clear(&envelope);
}

static void one_stranger_asks_with_few_groups(void **state)
{
    (void)state;
    for (unsigned i = 0; i < INBOX_ASKED_GROUPS_MAX; i++)
        assert_verdict(&(struct letter){0}, INBOX_TAKEN);
    assert_verdict(&(struct letter){0}, INBOX_TOO_MANY_ASK);
    assert_int_equal(inbox_asking(raya.inbox), 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_request_is_followed_silently_until_it_is_accepted),
        CASE(an_invite_of_a_newer_version_is_told_so),
        CASE(an_invite_that_comes_twice_is_taken_once),
        CASE(a_replayed_invite_under_a_new_stamp_is_refused),
        CASE(the_inbox_remembers_over_a_restart),
        CASE(a_log_without_a_signature_is_refused),
        CASE(an_invite_whose_groupinfo_another_signed_is_refused),
        CASE(an_invite_from_a_revoked_installation_is_refused),
        CASE(an_old_log_does_not_bring_a_revoked_installation_back),
        CASE(an_invite_of_another_day_is_refused),
        CASE(an_invite_with_a_short_stamp_is_refused_before_decapsulation),
        CASE(an_invite_for_a_prekey_that_died_is_not_ours),
        CASE(a_blocked_account_is_refused),
        CASE(a_group_that_we_are_in_is_refused),
        CASE(a_welcome_that_leads_nowhere_is_refused),
        CASE(what_fails_on_our_side_is_read_again),
        CASE(a_revoked_link_opens_nothing),
        CASE(a_flood_is_decapsulated_at_a_bounded_rate_and_not_lost),
        CASE(only_so_many_strangers_wait_for_an_answer),
        CASE(one_stranger_asks_with_few_groups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
