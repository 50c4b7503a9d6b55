/* Each attack on a trace made by hand, of which the answer is known. The truth is a list of pairs:
 * what is right to answer to which subject. */
#include "sim/attack/attack.h"
#include "tests/lib/testing.h"

#define NODES    20u
#define POSSIBLE 100u
#define S        NS_PER_S
#define MS       NS_PER_MS

static struct {
    uint64_t subject, who;
} pairs[64];
static size_t pairs_count;
static bool own[NODES], victims[NODES];

static void is_true(uint64_t subject, uint64_t who)
{
    pairs[pairs_count].subject = subject;
    pairs[pairs_count++].who = who;
}

static bool right(void *ctx, uint64_t subject, uint64_t who)
{
    (void)ctx;
    for (size_t i = 0; i < pairs_count; i++)
        if (pairs[i].subject == subject && pairs[i].who == who)
            return true;
    return false;
}

static uint64_t rights(void *ctx, uint64_t subject)
{
    uint64_t n = 0;

    (void)ctx;
    for (size_t i = 0; i < pairs_count; i++)
        n += pairs[i].subject == subject;
    return n;
}

static uint64_t person(void *ctx, uint64_t subject)
{
    (void)ctx;
    return subject / 100; /* subjects of one hundred are one person's */
}

static uint64_t possible(void *ctx)
{
    (void)ctx;
    return POSSIBLE;
}

static uint64_t wanted(void *ctx)
{
    (void)ctx;
    return pairs_count;
}

static struct truth truth;
static const struct attack *attack;
static void *state;

static int set_up(void **unused)
{
    (void)unused;
    pairs_count = 0;
    memset(own, 0, sizeof own);
    memset(victims, 0, sizeof victims);
    own[0] = own[1] = true; /* the relays of the adversary */
    for (size_t i = 0; i < QUESTIONS; i++)
        truth.rows[i] = (struct truth_row){right, rights, person, possible, wanted};
    return 0;
}

static void begin(const char *name)
{
    attack = attack_find(name);
    assert_non_null(attack);
    state = attack->start(&(struct attack_setup){NODES, own, 2, victims});
    assert_non_null(state);
}

static struct score_result ends(void)
{
    struct score_result r;
    struct score *score = score_new(&truth);

    attack->conclude(state, score);
    score_result(score, &r);
    score_free(score);
    attack->end(state);
    return r;
}

static void found(uint64_t claims, uint64_t hits)
{
    struct score_result r = ends();

    if (r.claims != claims || r.right != hits)
        print_error("%s: %u of %u claims are right\n", attack->name, (unsigned)r.right,
                    (unsigned)r.claims);
    assert_int_equal(r.claims, claims);
    assert_int_equal(r.right, hits);
}

static void arrives(int64_t at_ns, uint64_t message, uint64_t topic, uint32_t from,
                    int64_t delay_ns)
{
    attack->copy(state, &(struct tap_copy){.at_ns = at_ns,
                                           .from = from,
                                           .message = message,
                                           .topic = topic,
                                           .bytes = 300,
                                           .delay_ns = delay_ns,
                                           .mesh = true});
}

static void asks(int64_t at_ns, enum tap_request_kind kind, uint64_t client, uint64_t a, uint64_t b,
                 uint64_t c)
{
    struct tap_request r = {.at_ns = at_ns, .kind = kind, .client = client, .topics = {a, b, c}};

    r.topics_count = (a != 0) + (b != 0) + (c != 0);
    attack->request(state, &r);
}

/* ---- who wrote it ---- */

static void two_copies(void)
{
    is_true(1, 5);
    arrives(10 * MS, 1, 7, 6, 1 * MS); /* near */
    arrives(12 * MS, 1, 7, 5, 9 * MS); /* far, but sent first */
    arrives(1 * MS, 1, 7, 1, 0);       /* from a relay of ours: says nothing */
}

static void first_spy_is_deceived_by_delays(void **unused)
{
    (void)unused;
    begin("first-spy");
    two_copies();
    found(1, 0);
}

static void first_sent_subtracts_them(void **unused)
{
    (void)unused;
    begin("first-sent");
    two_copies();
    struct score_result r = ends();
    assert_int_equal(r.right, 1);
    assert_float_equal(r.inverse_rank, 1, 1e-9);
}

static void first_sent_ranks_the_others(void **unused)
{
    (void)unused;
    begin("first-sent");
    is_true(1, 5);
    for (uint32_t n = 6; n >= 3; n--)
        arrives((10 - n) * MS, 1, 7, n, 0); /* 6, 5, 4, 3 */
    struct score_result r = ends();
    assert_int_equal(r.right, 0);
    assert_float_equal(r.inverse_rank, 0.5, 1e-9);
}

static void non_mesh_looks_past_the_mesh_alone(void **unused)
{
    (void)unused;
    begin("non-mesh");
    is_true(1, 5);
    is_true(2, 5);
    arrives(1 * MS, 1, 7, 6, 0);
    attack->copy(state, &(struct tap_copy){.at_ns = 9 * MS, .from = 5, .message = 1});
    attack->copy(state,
                 &(struct tap_copy){.at_ns = 3 * MS, .from = 6, .message = 2, .asked = true});
    attack->copy(state,
                 &(struct tap_copy){.at_ns = 3 * MS, .from = 6, .message = 2, .pushed = true});
    found(1, 1);
}

static void topic_linkage_outvotes_an_accident(void **unused)
{
    (void)unused;
    begin("topic-linkage");
    for (uint64_t m = 1; m <= 6; m++) {
        is_true(m, 5);
        arrives((int64_t)m * S, m, 7, m == 3 ? 9 : 5, 0);
    }
    found(6, 6);
}

static void eclipse_names_what_never_went_in(void **unused)
{
    (void)unused;
    victims[5] = true;
    begin("eclipse");
    is_true(1, 5);
    attack->sent(state, &(struct tap_copy){.at_ns = 1 * MS, .from = 5, .message = 2});
    arrives(2 * MS, 2, 7, 5, 0); /* comes back */
    arrives(3 * MS, 1, 7, 5, 0);
    arrives(4 * MS, 3, 7, 6, 0); /* no victim */
    found(1, 1);
}

static void withholding_believes_who_publishes_at_last(void **unused)
{
    (void)unused;
    begin("withholding");
    is_true(1, 5);
    is_true(2, 9);
    attack->copy(state, &(struct tap_copy){.at_ns = 0, .from = 5, .message = 1, .pushed = true});
    arrives(3 * S, 1, 7, 5, 0);
    attack->copy(state, &(struct tap_copy){.at_ns = 0, .from = 6, .message = 2, .pushed = true});
    arrives(3 * S, 2, 7, 9, 0); /* somebody upstream */
    found(2, 2);
}

static void an_insider_adds_up_what_an_account_says(void **unused)
{
    (void)unused;
    begin("insider");
    is_true(77, 5);
    for (uint64_t m = 1; m <= 5; m++) {
        attack->read(state, &(struct tap_read){.message = m, .account = 77});
        arrives((int64_t)m * S, m, m, m < 4 ? 5 : 9, 0); /* a topic for each: no matter */
    }
    arrives(9 * S, 6, 6, 9, 0); /* not read by it */
    arrives(9 * S, 7, 7, 9, 0);
    found(1, 1);
}

static void origin_finds_what_never_came_in(void **unused)
{
    (void)unused;
    begin("origin");
    is_true(5, 1000000);
    attack->segment(state, &(struct tap_segment){1000000, 5, 6, 500});
    attack->segment(state, &(struct tap_segment){1500000, 6, 7, 505}); /* handed on */
    attack->segment(state, &(struct tap_segment){1600000, 7, 8, 50});  /* too small */
    found(1, 1);
}

/* ---- who talks with whom ---- */

static void intersection_wants_a_common_topic_at_each_change(void **unused)
{
    (void)unused;
    begin("intersection");
    is_true(1, 2);
    is_true(2, 1);
    asks(0, TAP_SUBSCRIBE, 1, 10, 0, 0);
    asks(1 * S, TAP_SUBSCRIBE, 2, 10, 11, 0);
    asks(1 * S, TAP_SUBSCRIBE, 3, 11, 0, 0);
    asks(100 * S, TAP_SUBSCRIBE, 1, 20, 0, 0);
    asks(101 * S, TAP_SUBSCRIBE, 2, 20, 0, 0);
    asks(102 * S, TAP_SUBSCRIBE, 3, 20, 0, 0); /* now all three: but 1 and 3 had none before */
    asks(0, TAP_SUBSCRIBE, 5, 10, 0, 0);       /* stays behind when 1 and 2 move on */
    asks(102 * S, TAP_STORE, 4, 20, 10, 11);   /* another service */
    found(4, 2);                               /* 1-2, 2-1, and 2-3 by chance */
}

static void disclosure_finds_who_answers(void **unused)
{
    (void)unused;
    begin("disclosure");
    is_true(5, 6);
    for (uint64_t m = 0; m < 12; m++) {
        int64_t at = (int64_t)(m * 97 + m * m % 7) * S;
        arrives(at, 3 * m, 1, 5, 0);
        arrives(at + 1 * S, 3 * m + 1, 1, 6, 0);
        arrives((int64_t)(m * 83 + 50) * S, 3 * m + 2, 1, 7, 0); /* on its own */
    }
    found(3, 1); /* 5 is answered by 6; of 6 and 7 it guesses */
}

static void topic_pairs_write_on_one_topic(void **unused)
{
    (void)unused;
    begin("topic-pairs");
    is_true(5, 6);
    is_true(6, 5);
    for (uint64_t m = 0; m < 8; m++)
        arrives((int64_t)m * S, m, 1, m % 2 == 0 ? 5 : 6, 0);
    arrives(20 * S, 20, 1, 7, 0); /* an accident */
    for (uint64_t m = 30; m < 36; m++)
        arrives((int64_t)m * S, m, 2, 7, 0);
    found(2, 2);
}

static void linkage_takes_the_last_one_on_the_topic(void **unused)
{
    (void)unused;
    begin("linkage");
    is_true(3, 1);
    is_true(4, 2);
    arrives(1 * S, 1, 10, 5, 0);
    arrives(2 * S, 2, 20, 5, 0);
    arrives(3 * S, 3, 10, 6, 0);
    arrives(4 * S, 4, 20, 6, 0);
    arrives(4 * S, 4, 20, 7, 0);    /* another copy */
    arrives(4000 * S, 5, 20, 6, 0); /* long after */
    found(2, 2);
}

static void membership_weighs_rare_topics(void **unused)
{
    (void)unused;
    begin("membership");
    is_true(1, 2);
    is_true(2, 1);
    asks(0, TAP_SUBSCRIBE, 1, 10, 30, 0);
    asks(0, TAP_SUBSCRIBE, 2, 10, 0, 0);
    for (uint64_t c = 3; c <= 5; c++)
        asks(0, TAP_SUBSCRIBE, c, 30, 0, 0); /* many follow it: 1 is none of theirs */
    asks(0, TAP_SUBSCRIBE, 6, 32, 0, 0);     /* nothing in common with anybody */
    found(5, 2);
}

static void commits_that_race_are_of_one_group(void **unused)
{
    (void)unused;
    begin("commit-races");
    is_true(5, 6);
    is_true(6, 5);
    for (uint64_t m = 0; m < 3; m++)
        for (uint32_t n = 5; n <= 7; n++) /* 7 commits long after the others */
            attack->copy(state, &(struct tap_copy){.at_ns = (int64_t)m * 1000 * S +
                                                            (n == 7 ? 300 * S : n * S),
                                                   .from = n,
                                                   .message = m * 10 + n,
                                                   .topic = 1,
                                                   .bytes = 6000});
    arrives(6 * S, 99, 1, 8, 0); /* a text */
    found(2, 2);
}

/* ---- the rest ---- */

static void store_linkage_takes_the_most_alike(void **unused)
{
    (void)unused;
    begin("store-linkage");
    is_true(3, 1);
    asks(0, TAP_STORE, 1, 10, 11, 12);
    asks(0, TAP_STORE, 2, 10, 20, 0);
    asks(0, TAP_STORE, 5, 11, 12, 0); /* like 1, and nobody's */
    asks(0, TAP_STORE, 6, 10, 0, 0);  /* half like 3, as 2 is like it */
    asks(9 * S, TAP_STORE, 3, 10, 11, 0);
    asks(9 * S, TAP_STORE, 4, 99, 0, 0); /* new */
    found(3, 1);
}

static void interest_counts_cover_as_wrong(void **unused)
{
    (void)unused;
    begin("interest");
    is_true(1, 10);
    asks(0, TAP_SUBSCRIBE, 1, 10, 11, 12);
    asks(5 * S, TAP_STORE, 1, 10, 11, 13);
    asks(5 * S, TAP_PUSH, 1, 14, 0, 0);
    found(4, 1);
}

static void activity_leaves_hops_of_stems_out(void **unused)
{
    (void)unused;
    begin("activity");
    is_true(1, 60 * (uint64_t)S);
    is_true(1, 120 * (uint64_t)S);
    asks(0, TAP_SUBSCRIBE, 1, 10, 0, 0);
    asks(61 * S, TAP_PUSH, 1, 10, 0, 0);
    asks(65 * S, TAP_PUSH, 1, 10, 0, 0);  /* the same minute */
    asks(130 * S, TAP_PUSH, 1, 10, 0, 0); /* the next */
    asks(61 * S, TAP_PUSH, 2, 10, 0, 0);  /* never asked for anything: a relay */
    found(2, 2);
}

static void sizes_tell_receipts(void **unused)
{
    (void)unused;
    begin("sizes");
    for (uint64_t m = 0; m < 20; m++) {
        is_true(m, m % 2); /* the odd ones are receipts */
        attack->copy(state,
                     &(struct tap_copy){.message = m, .from = 5, .bytes = m % 2 ? 100 : 300});
    }
    found(20, 20);
}

/* ---- score ---- */

static struct score *score;

static struct score_result scored(void)
{
    struct score_result r;

    score_result(score, &r);
    score_free(score);
    return r;
}

static void a_tie_of_two_is_one_bit(void **unused)
{
    (void)unused;
    score = score_new(&truth);
    for (uint64_t m = 0; m < 4; m++) {
        const struct answer answers[] = {{5, 1}, {6, 1}, {7, 0}};
        is_true(m, 5);
        claim(score, &(struct claim){QUESTION_AUTHOR, m, answers, 3, false, 0});
    }
    struct score_result r = scored();
    assert_float_equal(r.entropy, 1, 1e-6);
    assert_float_equal(r.set, 2, 1e-6);
    assert_float_equal(r.inverse_rank, 1 / 1.5, 1e-9); /* expected place of one of two */
}

static void who_is_not_listed_hides_among_all_others(void **unused)
{
    (void)unused;
    score = score_new(&truth);
    const struct answer answers[] = {{5, 2}, {6, 1}};
    is_true(1, 5);
    is_true(2, 50);
    claim(score, &(struct claim){QUESTION_AUTHOR, 1, answers, 2, false, 0});
    claim(score, &(struct claim){QUESTION_AUTHOR, 2, answers, 2, false, 0});
    struct score_result r = scored();
    /* half the mass on the first, half on 98 others: -log2(1/2) / 2 - log2(1/196) / 2 */
    assert_float_equal(r.entropy, 0.5 + 0.5 * 7.614709844, 1e-6);
    assert_float_equal(r.precision, 0.5, 1e-9);
    assert_float_equal(r.inverse_rank, (1 + 1 / 51.5) / 2, 1e-9); /* the middle of 3..100 */
}

static void evidence_is_told_apart(void **unused)
{
    (void)unused;
    score = score_new(&truth);
    const struct answer answer = {5, 0};
    is_true(1, 5);
    is_true(2, 50);
    claim(score, &(struct claim){QUESTION_AUTHOR, 1, &answer, 1, false, 1});
    claim(score, &(struct claim){QUESTION_AUTHOR, 2, &answer, 1, false, 0});
    struct score_result r = scored();
    assert_float_equal(r.entropy, 6.629356620 / 2, 1e-6); /* certain, and one of 99 */
}

static void two_right_answers_are_no_doubt(void **unused)
{
    (void)unused;
    score = score_new(&truth);
    const struct answer answers[] = {{5, 0}, {6, 0}};
    is_true(1, 5);
    is_true(1, 6);
    claim(score, &(struct claim){QUESTION_CONTACT, 1, answers, 2, true, 0});
    struct score_result r = scored();
    assert_float_equal(r.precision, 1, 1e-9);
    assert_float_equal(r.entropy, 0, 1e-9);
    assert_float_equal(r.inverse_rank, 1, 1e-9);
}

static void claims_about_one_person_are_one_draw(void **unused)
{
    (void)unused;
    score = score_new(&truth);
    for (uint64_t p = 1; p <= 10; p++)
        for (uint64_t m = 0; m < 10; m++) {
            if (p <= 5 && m == 0)
                is_true(p * 100, 5);
            claim_one(score, QUESTION_AUTHOR, p * 100, 5); /* right for five persons, ten times */
        }
    struct score_result r = scored();
    assert_int_equal(r.claims, 100);
    assert_int_equal(r.persons, 10);
    assert_float_equal(r.precision, 0.5, 1e-9);
    /* ten draws have 9 degrees of freedom: n = 9 (1.96 / 2.262)^2 = 6.757; Wilson of a half */
    assert_float_equal(r.lower, 0.1990, 5e-4);
    assert_float_equal(r.upper, 0.8010, 5e-4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(first_spy_is_deceived_by_delays, set_up),
        cmocka_unit_test_setup(first_sent_subtracts_them, set_up),
        cmocka_unit_test_setup(first_sent_ranks_the_others, set_up),
        cmocka_unit_test_setup(non_mesh_looks_past_the_mesh_alone, set_up),
        cmocka_unit_test_setup(topic_linkage_outvotes_an_accident, set_up),
        cmocka_unit_test_setup(eclipse_names_what_never_went_in, set_up),
        cmocka_unit_test_setup(withholding_believes_who_publishes_at_last, set_up),
        cmocka_unit_test_setup(an_insider_adds_up_what_an_account_says, set_up),
        cmocka_unit_test_setup(origin_finds_what_never_came_in, set_up),
        cmocka_unit_test_setup(intersection_wants_a_common_topic_at_each_change, set_up),
        cmocka_unit_test_setup(disclosure_finds_who_answers, set_up),
        cmocka_unit_test_setup(topic_pairs_write_on_one_topic, set_up),
        cmocka_unit_test_setup(linkage_takes_the_last_one_on_the_topic, set_up),
        cmocka_unit_test_setup(membership_weighs_rare_topics, set_up),
        cmocka_unit_test_setup(commits_that_race_are_of_one_group, set_up),
        cmocka_unit_test_setup(store_linkage_takes_the_most_alike, set_up),
        cmocka_unit_test_setup(interest_counts_cover_as_wrong, set_up),
        cmocka_unit_test_setup(activity_leaves_hops_of_stems_out, set_up),
        cmocka_unit_test_setup(sizes_tell_receipts, set_up),
        cmocka_unit_test_setup(a_tie_of_two_is_one_bit, set_up),
        cmocka_unit_test_setup(who_is_not_listed_hides_among_all_others, set_up),
        cmocka_unit_test_setup(evidence_is_told_apart, set_up),
        cmocka_unit_test_setup(two_right_answers_are_no_doubt, set_up),
        cmocka_unit_test_setup(claims_about_one_person_are_one_draw, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
