/* The order of commits, without MLS: what each rule promises. */
#include "node/chat/commits/dag.h"
#include "tests/lib/testing.h"

#define VOTERS 5

static struct test_env t;
static struct dag *d;
static struct dag_voter voters[VOTERS];
static struct eid root;

static void begin(void)
{
    static const uint8_t group[GROUP_ID_BYTES];
    test_env_init(&t, 3);
    memset(voters, 0, sizeof voters);
    for (uint32_t i = 0; i < VOTERS; i++) {
        voters[i].leaf = i;
        voters[i].key[0] = (uint8_t)(i + 1);
    }
    root = (struct eid){{0xee}};
    struct dag_commit first = {.eid = root, .voters = voters, .voters_count = VOTERS};
    assert_ok(dag_new(&d, &t.env, group, voters[0].key, &first));
}

static void end(void)
{
    dag_free(d);
    test_env_clear(&t);
}

static struct eid add(const struct eid *parent, uint64_t epoch, uint8_t name, uint32_t leaf,
                      enum commit_class cls)
{
    struct buf bytes = BUF_INIT(TICKET_BYTES_MAX);
    struct ticket ticket = {
        .parent = *parent, .eid = {{name}}, .epoch = epoch, .cls = cls, .leaf = leaf};
    memcpy(ticket.key, voters[leaf].key, 32);
    assert_ok(ticket_encode(&ticket, &bytes));
    struct dag_commit c = {.eid = ticket.eid,
                           .epoch = epoch + 1,
                           .ticket = buf_span(&bytes),
                           .voters = voters,
                           .voters_count = VOTERS};
    assert_ok(dag_add(d, &t.env, &c));
    buf_clear(&bytes);
    return ticket.eid;
}

static void ack(const struct eid *eid, uint32_t leaf)
{
    struct buf bytes = BUF_INIT(ACKS_BYTES_MAX);
    struct acks a = {.eids = {*eid}, .count = 1};
    memcpy(a.key, voters[leaf].key, 32);
    assert_ok(acks_encode(&a, &bytes));
    assert_ok(dag_acks(d, &t.env, buf_span(&bytes)));
    buf_clear(&bytes);
}

static void withdraw(const struct eid *parent, const struct eid *eid, uint32_t leaf)
{
    struct buf bytes = BUF_INIT(TICKET_BYTES_MAX);
    struct withdrawal w = {.parent = *parent, .eid = *eid};
    memcpy(w.key, voters[leaf].key, 32);
    assert_ok(withdrawal_encode(&w, &bytes));
    assert_ok(dag_withdrawal(d, &t.env, buf_span(&bytes)));
    buf_clear(&bytes);
}

static struct span ticket_of(struct buf *bytes, const struct eid *parent, uint64_t epoch,
                             uint8_t name, uint32_t leaf)
{
    struct ticket ticket = {
        .parent = *parent, .eid = {{name}}, .epoch = epoch, .cls = COMMIT_UPDATES, .leaf = leaf};
    memcpy(ticket.key, voters[leaf].key, 32);
    assert_ok(ticket_encode(&ticket, bytes));
    return buf_span(bytes);
}

static void assert_head(const struct eid *wanted)
{
    struct eid head = dag_head(d);
    assert_memory_equal(head.bytes, wanted->bytes, EID_BYTES);
}

static bool told(enum dag_out_kind kind)
{
    struct dag_out out;
    bool found = false;
    while (dag_poll(d, &out))
        found |= out.kind == kind;
    return found;
}

static void a_better_class_wins_among_those_with_as_many_voters(void **state)
{
    (void)state;
    begin();
    struct eid a = add(&root, 0, 1, 1, COMMIT_UPDATES), b = add(&root, 0, 2, 2, COMMIT_ADDS);
    assert_head(&b);
    ack(&a, 3);
    assert_head(&a); /* two voters against one */
    ack(&b, 0);
    assert_head(&b); /* two against two */
    ack(&a, 4);
    assert_head(&a); /* with its committer three of five */
    assert_true(dag_is_certified(d, &a));
    struct eid c = add(&root, 0, 3, 3, COMMIT_REMOVES_OTHER); /* kept back until now */
    assert_head(&a);
    assert_int_equal(dag_state(d, &c), DAG_RECEIVE); /* its keys die with its parent's */
    end();
}

static void branches_are_compared_by_their_voters_not_by_length(void **state)
{
    (void)state;
    begin();
    struct eid at = add(&root, 0, 1, 1, COMMIT_UPDATES);
    for (uint8_t i = 0; i < 5; i++)
        at = add(&at, 1u + i, (uint8_t)(10 + i), 1, COMMIT_UPDATES);
    assert_head(&at);
    struct eid b = add(&root, 0, 2, 2, COMMIT_ADDS);
    assert_head(&b); /* one voter each */
    at = add(&at, 6, 20, 3, COMMIT_UPDATES);
    assert_head(&at); /* a second one works there */
    ack(&b, 4);
    assert_head(&b);
    end();
}

static void a_certificate_settles_what_led_to_it(void **state)
{
    (void)state;
    begin();
    struct eid a = add(&root, 0, 1, 1, COMMIT_UPDATES), b = add(&a, 1, 4, 2, COMMIT_UPDATES);
    ack(&b, 3);
    ack(&b, 4);
    assert_true(dag_is_certified(d, &a));
    (void)add(&root, 0, 2, 2, COMMIT_REMOVES_OTHER);
    assert_head(&b);
    end();
}

/* Two certificates at one fork, which one voter who acks both sides makes possible. */
static void of_two_settled_branches_the_one_with_people_wins(void **state)
{
    (void)state;
    begin();
    struct eid a = add(&root, 0, 1, 1, COMMIT_ADDS), b = add(&root, 0, 2, 2, COMMIT_UPDATES);
    ack(&a, 3);
    ack(&a, 4);
    assert_true(dag_is_certified(d, &a));
    ack(&b, 4);
    ack(&b, 0);
    assert_true(dag_is_certified(d, &b));
    assert_head(&a);               /* the state of the other is gone */
    assert_true(dag_is_beaten(d)); /* 0, 2 and 4 were seen there last, 1 and 3 here */
    ack(&a, 2);
    assert_false(dag_is_beaten(d)); /* one came back */
    end();
}

static void double_commits_lose_and_are_evidence(void **state)
{
    (void)state;
    begin();
    struct eid a = add(&root, 0, 1, 1, COMMIT_REMOVES_OTHER);
    struct eid c = add(&root, 0, 3, 2, COMMIT_UPDATES);
    assert_head(&a);
    (void)told(DAG_OUT_ADOPT);
    (void)add(&root, 0, 2, 1, COMMIT_ADDS);
    assert_true(told(DAG_OUT_EVIDENCE));
    assert_head(&c);
    end();
}

static void withdrawing_undoes_nothing_that_is_certified(void **state)
{
    (void)state;
    begin();
    struct eid a = add(&root, 0, 1, 1, COMMIT_ADDS), b = add(&root, 0, 2, 2, COMMIT_UPDATES);
    withdraw(&root, &a, 1);
    assert_head(&b);
    ack(&a, 3);
    ack(&a, 4);
    assert_head(&a);
    end();
}

static void nobody_acks_two_children_of_one_parent(void **state)
{
    (void)state;
    begin();
    struct eid due[4], a = add(&root, 0, 1, 1, COMMIT_UPDATES);
    assert_int_equal(dag_acks_due(d, &t.env, due, 4), 0); /* not before 5 s */
    test_env_advance(&t, DAG_ACK_NS);
    assert_int_equal(dag_acks_due(d, &t.env, due, 4), 1);
    assert_true(eid_eq(&due[0], &a));
    ack(&a, 0);
    (void)add(&root, 0, 2, 2, COMMIT_ADDS); /* better: followed, not acked */
    test_env_advance(&t, DAG_ACK_NS);
    assert_int_equal(dag_acks_due(d, &t.env, due, 4), 0);
    end();
}

/* We alone on one branch, the others three epochs along another, whose states are not ours. */
static void who_is_let_in_knows_the_way_and_votes(void **state)
{
    (void)state;
    begin();
    struct buf bytes[3] = {BUF_INIT(TICKET_BYTES_MAX), BUF_INIT(TICKET_BYTES_MAX),
                           BUF_INIT(TICKET_BYTES_MAX)};
    struct eid due[4], x = {{30}}, y = {{31}}, z = {{32}}, ours;
    ours = add(&root, 0, 1, 0, COMMIT_UPDATES);
    test_env_advance(&t, DAG_REWIND_NS);
    dag_tick(d, &t.env);
    struct span to_x = ticket_of(&bytes[0], &root, 0, 30, 1);
    struct span to_y = ticket_of(&bytes[1], &x, 1, 31, 2),
                to_z = ticket_of(&bytes[2], &y, 2, 32, 3);
    struct dag_commit joined = {.eid = z,
                                .epoch = 3,
                                .ticket = to_z,
                                .voters = voters,
                                .voters_count = VOTERS,
                                .joined = true};
    assert_int_equal(dag_add(d, &t.env, &joined), ERR_NOT_FOUND); /* the way is not known */
    assert_head(&ours);
    assert_ok(dag_ticket(d, &t.env, to_x, false));
    assert_ok(dag_ticket(d, &t.env, to_y, false));
    assert_true(dag_is_beaten(d));
    assert_ok(dag_add(d, &t.env, &joined));
    assert_head(&z);
    assert_true(dag_on_path(d, &x));
    assert_false(dag_is_certified(d, &x));
    test_env_advance(&t, DAG_ACK_NS);
    assert_int_equal(dag_acks_due(d, &t.env, due, 4), 1);
    assert_true(eid_eq(&due[0], &z));
    ack(&z, 0);
    ack(&z, 4);
    assert_true(dag_is_certified(d, &x)); /* two acks and its committer, of five */
    for (size_t i = 0; i < 3; i++)
        buf_clear(&bytes[i]);
    end();
}

/* Shown to others alone: we may yet see it, and a commit beside it can win. */
static void a_commit_kept_from_us_does_not_stop_us(void **state)
{
    (void)state;
    begin();
    struct buf bytes = BUF_INIT(TICKET_BYTES_MAX);
    struct eid x = {{30}};
    assert_ok(dag_ticket(d, &t.env, ticket_of(&bytes, &root, 0, 30, 1), false));
    ack(&x, 2);
    assert_head(&root);
    assert_false(dag_is_beaten(d));
    assert_true(dag_may_commit(d, &root));
    struct eid ours = add(&root, 0, 1, 0, COMMIT_UPDATES);
    assert_head(&ours);
    test_env_advance(&t, DAG_REWIND_NS);
    dag_tick(d, &t.env);
    assert_true(dag_is_beaten(d)); /* now it is too late */
    assert_false(dag_may_commit(d, &ours));
    buf_clear(&bytes);
    end();
}

static void who_was_let_in_to_a_loser_can_go_back_for_ten_minutes(void **state)
{
    (void)state;
    begin();
    struct buf bytes[2] = {BUF_INIT(TICKET_BYTES_MAX), BUF_INIT(TICKET_BYTES_MAX)};
    struct eid x = {{30}}, ours = add(&root, 0, 1, 0, COMMIT_UPDATES);
    test_env_advance(&t, DAG_REWIND_NS);
    dag_tick(d, &t.env);
    assert_ok(dag_ticket(d, &t.env, ticket_of(&bytes[0], &root, 0, 30, 1), false));
    struct dag_commit joined = {.eid = {{31}},
                                .epoch = 2,
                                .ticket = ticket_of(&bytes[1], &x, 1, 31, 2),
                                .voters = voters,
                                .voters_count = VOTERS,
                                .joined = true};
    assert_ok(dag_add(d, &t.env, &joined));
    assert_head(&joined.eid);
    assert_int_equal(dag_state(d, &ours), DAG_WHOLE);
    ack(&ours, 3);
    ack(&ours, 4);
    assert_head(&ours);
    end();
    begin();
    ours = add(&root, 0, 1, 0, COMMIT_UPDATES);
    test_env_advance(&t, DAG_REWIND_NS);
    dag_tick(d, &t.env);
    assert_ok(dag_ticket(d, &t.env, buf_span(&bytes[0]), false));
    assert_ok(dag_add(d, &t.env, &joined));
    test_env_advance(&t, DAG_REWIND_NS);
    dag_tick(d, &t.env);
    assert_int_equal(dag_state(d, &ours), DAG_RECEIVE);
    buf_clear(&bytes[0]);
    buf_clear(&bytes[1]);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_better_class_wins_among_those_with_as_many_voters),
        cmocka_unit_test(branches_are_compared_by_their_voters_not_by_length),
        cmocka_unit_test(a_certificate_settles_what_led_to_it),
        cmocka_unit_test(of_two_settled_branches_the_one_with_people_wins),
        cmocka_unit_test(double_commits_lose_and_are_evidence),
        cmocka_unit_test(withdrawing_undoes_nothing_that_is_certified),
        cmocka_unit_test(nobody_acks_two_children_of_one_parent),
        cmocka_unit_test(who_is_let_in_knows_the_way_and_votes),
        cmocka_unit_test(a_commit_kept_from_us_does_not_stop_us),
        cmocka_unit_test(who_was_let_in_to_a_loser_can_go_back_for_ten_minutes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
