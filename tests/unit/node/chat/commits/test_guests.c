/* Who is let in, by whom and when. */
#include "node/chat/commits/guests.h"
#include "tests/lib/testing.h"

#define VOTERS 5

static struct test_env t;
static struct dag *d;
static struct guests *g;
static struct dag_voter voters[VOTERS];
static struct eid root = {{0xee}}, fork = {{1}};
static uint8_t names;

static struct eid add(const struct eid *parent, uint64_t epoch, uint32_t leaf,
                      enum commit_class cls)
{
    struct buf bytes = BUF_INIT(TICKET_BYTES_MAX);
    struct ticket ticket = {
        .parent = *parent, .eid = {{++names}}, .epoch = epoch, .cls = cls, .leaf = leaf};
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

/* We are voter 0; voter 1 made the epoch that all on our branch went through. */
static void begin(void)
{
    static const uint8_t group[GROUP_ID_BYTES];
    test_env_init(&t, 3);
    names = 0;
    memset(voters, 0, sizeof voters);
    for (uint32_t i = 0; i < VOTERS; i++) {
        voters[i].leaf = i;
        voters[i].key[0] = (uint8_t)(i + 1);
    }
    struct dag_commit first = {.eid = root, .voters = voters, .voters_count = VOTERS};
    assert_ok(dag_new(&d, &t.env, group, voters[0].key, &first));
    assert_ok(guests_new(&g, voters[0].key));
    fork = add(&root, 0, 1, COMMIT_UPDATES);
}

static void end(void)
{
    guests_free(g);
    dag_free(d);
    test_env_clear(&t);
}

static void ask(uint32_t voter, const struct eid *first, const struct eid *second)
{
    struct rejoin r = {.eids = {*first}, .count = 1, .key_package = SPAN_LIT("package")};
    if (second != NULL)
        r.eids[r.count++] = *second;
    memcpy(r.key, voters[voter].key, 32);
    assert_ok(guests_ask(g, &t.env, d, &r, first, false, SPAN_LIT("request")));
}

static size_t due(struct guest out[4])
{
    return guests_due(g, &t.env, d, out, 4);
}

static void one_commit_lets_in_all_who_asked(void **state)
{
    (void)state;
    struct guest out[4];
    begin();
    ask(3, &fork, NULL);
    ask(4, &fork, NULL);
    assert_int_equal(due(out), 0); /* others may ask too, or come before us */
    test_env_advance(&t, GUESTS_GATHER_NS + 2 * GUESTS_TURN_NS + GUESTS_SPREAD_NS);
    assert_int_equal(due(out), 2);
    assert_memory_equal(out[1].key, voters[4].key, 32);
    assert_span_equal(out[1].key_package, SPAN_LIT("package"));
    assert_true(eid_eq(&out[1].at, &fork));
    struct eid in = add(&fork, 1, 0, COMMIT_REMOVES_EVIDENCE);
    guests_let_in(g, &t.env, d, voters[3].key, SPAN_LIT("package"), &in);
    guests_let_in(g, &t.env, d, voters[4].key, SPAN_LIT("package"), &in);
    test_env_advance(&t, GUESTS_TURN_NS);
    assert_int_equal(due(out), 0);
    end();
}

static void others_come_first_and_their_answer_is_enough(void **state)
{
    (void)state;
    struct guest out[4];
    bool waited = false, first = false;
    uint64_t epoch = 1;
    begin(); /* of us and voter 1, one comes first for guest 2, 3 or 4, the other for another */
    for (uint32_t v = 2; v < VOTERS; v++) {
        guests_free(g);
        assert_ok(guests_new(&g, voters[0].key));
        ask(v, &fork, NULL);
        test_env_advance(&t, GUESTS_GATHER_NS + GUESTS_SPREAD_NS);
        waited |= due(out) == 0;
        first |= due(out) == 1;
        if (due(out) > 0)
            continue;
        struct eid head = dag_head(d);
        struct eid in = add(&head, epoch++, 1, COMMIT_REMOVES_EVIDENCE);
        guests_let_in(g, &t.env, d, voters[v].key, SPAN_LIT("package"), &in);
        test_env_advance(&t, GUESTS_TURN_NS);
        assert_int_equal(due(out), 0);
    }
    assert_true(waited);
    assert_true(first);
    end();
}

static void a_guest_waits_again_when_its_commit_loses(void **state)
{
    (void)state;
    struct guest out[4];
    begin();
    ask(3, &fork, NULL);
    struct eid in = add(&fork, 1, 1, COMMIT_UPDATES);
    guests_let_in(g, &t.env, d, voters[3].key, SPAN_LIT("package"), &in);
    test_env_advance(&t, 2 * GUESTS_TURN_NS + GUESTS_GATHER_NS);
    assert_int_equal(due(out), 0);
    (void)add(&fork, 1, 2, COMMIT_ADDS);
    assert_false(dag_on_path(d, &in));
    assert_int_equal(due(out), 0);
    test_env_advance(&t, 4 * GUESTS_TURN_NS + GUESTS_GATHER_NS);
    assert_int_equal(due(out), 1);
    end();
}

static void nobody_is_let_in_to_a_branch_that_it_did_not_ask_for(void **state)
{
    (void)state;
    struct guest out[4];
    struct eid other = {{0x77}};
    begin();
    ask(3, &other, NULL);
    test_env_advance(&t, 4 * GUESTS_TURN_NS + GUESTS_GATHER_NS);
    assert_int_equal(due(out), 0);
    ask(3, &other, &root); /* lost: any will do */
    assert_int_equal(due(out), 1);
    test_env_advance(&t, DAG_REWIND_NS + DAG_LOST_NS);
    ask(3, &other, &root);
    assert_true(dag_is_lost(d, &t.env)); /* then we are no better */
    assert_int_equal(due(out), 0);
    end();
}

/* Asking costs everybody a commit; whoever asks without end is let in ever more seldom. */
static void who_asks_again_and_again_waits_longer_each_time(void **state)
{
    (void)state;
    struct guest out[4];
    unsigned times = 0;
    uint64_t epoch = 1;
    begin();
    struct eid head = fork;
    for (int64_t s = 0; s < 86400; s += 60) { /* a day of a request every minute */
        ask(3, &fork, NULL);
        if (due(out) == 1) {
            head = add(&head, epoch++, 1, COMMIT_UPDATES);
            guests_let_in(g, &t.env, d, voters[3].key, SPAN_LIT("package"), &head);
            (void)due(out);
            times++;
        }
        test_env_advance(&t, 60 * NS_PER_S);
        dag_tick(d, &t.env);
    }
    assert_in_range(times, 4, 8);
    test_env_advance(&t, 2 * DAG_DAY_NS); /* it is forgiven */
    ask(3, &fork, NULL);
    assert_int_equal(due(out), 0);
    test_env_advance(&t, 4 * GUESTS_TURN_NS + GUESTS_GATHER_NS);
    assert_int_equal(due(out), 1);
    end();
}

static void who_is_lost_where_we_stand_needs_no_commit(void **state)
{
    (void)state;
    struct guest out[4];
    begin();
    test_env_advance(&t, NS_PER_S);
    ask(1, &root, &root); /* it made the epoch that we are in */
    test_env_advance(&t, 4 * GUESTS_TURN_NS + GUESTS_GATHER_NS);
    assert_int_equal(due(out), 0);
    ask(1, &root, NULL); /* in doubt: whatever it made, it has it no more */
    test_env_advance(&t, 4 * GUESTS_TURN_NS + GUESTS_GATHER_NS);
    assert_int_equal(due(out), 1);
    guests_refuse(g, voters[1].key);
    assert_int_equal(due(out), 0);
    assert_int_equal(guests_deadline(g).ns, INT64_MAX);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_commit_lets_in_all_who_asked),
        cmocka_unit_test(others_come_first_and_their_answer_is_enough),
        cmocka_unit_test(a_guest_waits_again_when_its_commit_loses),
        cmocka_unit_test(nobody_is_let_in_to_a_branch_that_it_did_not_ask_for),
        cmocka_unit_test(who_asks_again_and_again_waits_longer_each_time),
        cmocka_unit_test(who_is_lost_where_we_stand_needs_no_commit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
