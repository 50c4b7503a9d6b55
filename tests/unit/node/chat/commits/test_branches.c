/* Real MLS states over the commit DAG: commits, tickets, acks, forks, what dies and what is kept.
 */
#include "node/chat/commits/branches.h"
#include "node/chat/commits/guests.h"
#include "tests/lib/mls_people.h"

#define PEOPLE 4

struct member {
    struct person p;
    struct keyring *ring;
    struct keyring_key *key;
    struct branches_world w;
    struct branches *b;
    enum commit_class cls;
    bool removed;
};

static struct member members[PEOPLE];
static struct test_env t;

static void judged(void *ctx, enum commit_class *cls, uint32_t *role)
{
    const struct member *m = ctx;
    *cls = m->cls;
    *role = 0;
}

/* Adds before updates, removals before both: what node/chat's policy does, in small. */
static enum err judge(void *ctx, const struct mls_commit_view *view)
{
    struct member *m = ctx;
    m->cls = COMMIT_UPDATES;
    for (size_t i = 0; i < view->proposal_count; i++) {
        if (view->proposals[i].proposal.type == MLS_PROPOSAL_ADD && m->cls > COMMIT_ADDS)
            m->cls = COMMIT_ADDS;
        if (view->proposals[i].proposal.type == MLS_PROPOSAL_REMOVE)
            m->cls = COMMIT_REMOVES_OTHER;
    }
    return OK;
}

static void member_init(struct member *m, uint32_t number)
{
    person_init(&m->p, mls_suite(3), number);
    m->p.w.ctx = m;
    m->p.w.commit = judge;
    assert_ok(keyring_new(&m->ring));
    assert_ok(
        keyring_add(m->ring, SPAN_LIT("i"), KEYRING_ED25519, KEYRING_MAY_SIGN_LABEL, m->p.secret));
    assert_ok(keyring_open(m->ring, SPAN_LIT("i"), KEYRING_MAY_SIGN_LABEL, &m->key));
    assert_span_equal(keyring_public(m->key), span_of(m->p.pub, 32));
    m->w = (struct branches_world){.mls = &m->p.w, .key = m->key, .ctx = m, .judged = judged};
}

/* Drain the outputs; returns the bits of their kinds. */
static unsigned poll(struct member *m, struct dag_out *last_adopt)
{
    struct dag_out out;
    unsigned kinds = 0;
    while (branches_poll(m->b, &out)) {
        kinds |= 1u << out.kind;
        if (out.kind == DAG_OUT_ADOPT && last_adopt != NULL)
            *last_adopt = out;
    }
    return kinds;
}

/* A group of `count` in which everybody stands in the same epoch. */
static void meet(size_t count)
{
    static const uint8_t id[GROUP_ID_BYTES] = {5};
    struct mls_group *first;
    struct buf adds = BUF_INIT(1 << 20);
    struct mls_commit_out made;

    memset(members, 0, sizeof members);
    test_env_init(&t, 7);
    for (uint32_t i = 0; i < count; i++)
        member_init(&members[i], i + 1);
    struct person *a = &members[0].p;
    assert_ok(mls_group_new(&a->w, a->s, &a->client, SPAN_ARRAY(id), SPAN_EMPTY, &first));
    for (size_t i = 1; i < count; i++)
        assert_ok(mls_make_add(buf_span(&members[i].p.package), &adds));
    struct mls_commit_options options = {.proposals = buf_span(&adds)};
    assert_ok(mls_commit(first, &a->w, &options, &made));
    mls_group_free(first);
    for (size_t i = 1; i < count; i++) {
        struct person *p = &members[i].p;
        person_join(p, buf_span(&made.welcome));
        assert_ok(branches_new(&members[i].b, &t.env, &members[i].w, p->g));
        p->g = NULL;
    }
    assert_ok(branches_new(&members[0].b, &t.env, &members[0].w, made.next));
    made.next = NULL;
    mls_commit_out_clear(&made);
    buf_clear(&adds);
}

static void part(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        branches_free(members[i].b);
        keyring_close(members[i].key);
        keyring_free(members[i].ring);
        person_clear(&members[i].p);
    }
    test_env_clear(&t);
}

static struct branches_made commit(struct member *m, const struct mls_commit_options *options)
{
    struct branches_made made;
    struct eid head = branches_head(m->b);
    assert_ok(branches_commit(m->b, &t.env, &m->w, &head, options, &made));
    return made;
}

static enum branches_follow follow(struct member *m, const struct branches_made *made)
{
    enum branches_follow verdict;
    struct eid eid;
    assert_ok(branches_follow(m->b, &t.env, &m->w, buf_span(&made->ticket),
                              buf_span(&made->mls.commit), &verdict, &eid));
    assert_true(eid_eq(&eid, &made->eid));
    return verdict;
}

static void tell(struct member *from, struct member *to, const char *text)
{
    struct buf out = BUF_INIT(1 << 20);
    struct mls_event e;
    struct eid head = branches_head(from->b);
    assert_ok(branches_seal(from->b, &from->w, NULL, span_str(text), NULL, &out));
    assert_ok(branches_open(to->b, &to->w, &head, buf_span(&out), &e));
    assert_span_equal(buf_span(&e.data), span_str(text));
    mls_event_clear(&e);
    buf_clear(&out);
}

static bool same_head(const struct member *a, const struct member *b)
{
    struct eid x = branches_head(a->b), y = branches_head(b->b);
    return eid_eq(&x, &y);
}

static const struct mls_commit_options update = {.with_path = true};

static void a_commit_is_adopted_acked_and_certified(void **state)
{
    (void)state;
    meet(3);
    struct member *a = &members[0], *b = &members[1], *c = &members[2];
    struct buf list = BUF_INIT(ACKS_BYTES_MAX);
    struct eid before = branches_head(a->b);
    struct branches_made made = commit(a, &update);
    struct dag_out adopt;

    assert_int_equal(poll(a, &adopt), 1u << DAG_OUT_ADOPT);
    assert_true(eid_eq(&adopt.eid, &made.eid) && eid_eq(&adopt.other, &before) && !adopt.rewound);
    assert_int_equal(follow(b, &made), BRANCHES_FOLLOWED);
    assert_int_equal(follow(c, &made), BRANCHES_FOLLOWED);
    assert_int_equal(follow(b, &made), BRANCHES_KNOWN);
    assert_true(same_head(a, b) && same_head(a, c));
    tell(b, c, "in the new epoch");
    assert_false(dag_is_certified(branches_dag(a->b), &made.eid));

    assert_err(branches_ack(b->b, &t.env, &b->w, &list), ERR_NOT_FOUND); /* not before 5 s */
    test_env_advance(&t, DAG_ACK_NS);
    assert_ok(branches_ack(b->b, &t.env, &b->w, &list));
    assert_ok(branches_take(a->b, &t.env, buf_span(&list)));
    assert_ok(branches_take(c->b, &t.env, buf_span(&list)));
    for (size_t i = 0; i < 3; i++)
        assert_true(dag_is_certified(branches_dag(members[i].b), &made.eid));
    assert_true(poll(a, NULL) & 1u << DAG_OUT_DROP_REWIND); /* the parent's */
    assert_int_equal(dag_state(branches_dag(a->b), &before), DAG_RECEIVE);
    assert_err(mls_group_export(branches_group(a->b, &before), SPAN_LIT("x"), SPAN_EMPTY,
                                (uint8_t[32]){0}, 32),
               MLS_DROPPED);
    buf_clear(&list);
    branches_made_clear(&made);
    part(3);
}

static void two_commits_at_once_end_in_one_epoch(void **state)
{
    (void)state;
    meet(4);
    struct branches_made x = commit(&members[0], &update), y = commit(&members[1], &update);
    struct buf lost = BUF_INIT(1 << 20);
    unsigned kinds[PEOPLE];
    struct mls_event e;

    assert_ok(branches_seal(members[0].b, &members[0].w, &x.eid, SPAN_LIT("x"), NULL, &lost));
    assert_int_equal(follow(&members[0], &y), BRANCHES_FOLLOWED);
    assert_int_equal(follow(&members[1], &x), BRANCHES_FOLLOWED);
    for (size_t i = 2; i < 4; i++) {
        assert_int_equal(follow(&members[i], i == 2 ? &x : &y), BRANCHES_FOLLOWED);
        assert_int_equal(follow(&members[i], i == 2 ? &y : &x), BRANCHES_FOLLOWED);
    }
    for (size_t i = 0; i < 4; i++) {
        kinds[i] = poll(&members[i], NULL);
        assert_true(same_head(&members[0], &members[i]));
    }
    struct eid head = branches_head(members[0].b);
    size_t loser = eid_eq(&head, &x.eid) ? 1 : 0;
    assert_true(kinds[loser] & 1u << DAG_OUT_REBASE);
    assert_false((kinds[1 - loser] | kinds[2] | kinds[3]) & 1u << DAG_OUT_REBASE);
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < 4; j++)
            if (i != j)
                tell(&members[i], &members[j], "one epoch");

    /* what was written on x can be read by who holds the parent, whichever won */
    assert_ok(branches_open(members[3].b, &members[3].w, &x.eid, buf_span(&lost), &e));
    assert_span_equal(buf_span(&e.data), SPAN_LIT("x"));
    mls_event_clear(&e);
    buf_clear(&lost);
    branches_made_clear(&x);
    branches_made_clear(&y);
    part(4);
}

static void a_removal_wins_against_an_update(void **state)
{
    (void)state;
    meet(4);
    struct buf proposal = BUF_INIT(100);
    assert_ok(mls_make_remove(3, &proposal));
    struct mls_commit_options remove = {.proposals = buf_span(&proposal)};
    struct branches_made x = commit(&members[3], &update), y = commit(&members[0], &remove);

    for (size_t i = 0; i < 3; i++) {
        if (i > 0)
            assert_int_equal(follow(&members[i], &x), BRANCHES_FOLLOWED);
        if (i > 0)
            assert_int_equal(follow(&members[i], &y), BRANCHES_FOLLOWED);
    }
    assert_int_equal(follow(&members[0], &x), BRANCHES_FOLLOWED);
    assert_int_equal(follow(&members[3], &y), BRANCHES_REMOVES);
    for (size_t i = 0; i < 3; i++) {
        struct eid head = branches_head(members[i].b);
        assert_true(eid_eq(&head, &y.eid));
    }
    buf_clear(&proposal);
    branches_made_clear(&x);
    branches_made_clear(&y);
    part(4);
}

/* After T the parent's keys are gone: a commit to it can be noted but not followed. */
static void what_must_die_dies_after_ten_minutes(void **state)
{
    (void)state;
    meet(3);
    struct eid parent = branches_head(members[0].b);
    struct branches_made x = commit(&members[0], &update), y = commit(&members[1], &update);
    struct buf bytes = BUF_INIT(1 << 20);

    assert_int_equal(follow(&members[2], &x), BRANCHES_FOLLOWED);
    test_env_advance(&t, DAG_REWIND_NS - 1);
    branches_tick(members[2].b, &t.env);
    (void)poll(&members[2], NULL);
    assert_int_equal(dag_state(branches_dag(members[2].b), &parent), DAG_WHOLE);
    assert_true(branches_deadline(members[2].b).ns <= t.env.now.ns + 1);
    test_env_advance(&t, 1);
    branches_tick(members[2].b, &t.env);
    assert_true(poll(&members[2], NULL) & 1u << DAG_OUT_DROP_REWIND);
    assert_int_equal(dag_state(branches_dag(members[2].b), &parent), DAG_RECEIVE);
    assert_ok(mls_save(branches_group(members[2].b, &parent), MLS_PART_REWIND, &bytes));
    assert_int_equal(bytes.len, 0); /* nothing is left of it */

    assert_int_equal(follow(&members[2], &y), BRANCHES_NOTED);
    struct eid head = branches_head(members[2].b);
    assert_true(eid_eq(&head, &x.eid)); /* it goes on where it is */

    test_env_advance(&t, DAG_RECEIVE_NS);
    branches_tick(members[2].b, &t.env);
    assert_true(poll(&members[2], NULL) & 1u << DAG_OUT_DROP_RECEIVE);
    assert_null(branches_group(members[2].b, &parent));
    buf_clear(&bytes);
    branches_made_clear(&x);
    branches_made_clear(&y);
    part(3);
}

static void a_ticket_must_be_its_committers_and_tell_the_truth(void **state)
{
    (void)state;
    meet(3);
    struct branches_made x = commit(&members[0], &update);
    struct ticket ticket;
    struct buf bytes = BUF_INIT(1024);
    enum branches_follow verdict;
    struct eid eid;
    static const enum err wanted[] = {ERR_AUTH, ERR_AUTH, ERR_PROTOCOL, ERR_NOT_FOUND};

    for (size_t i = 0; i < 4; i++) {
        assert_ok(ticket_decode(buf_span(&x.ticket), &ticket));
        if (i == 2)
            ticket.cls = COMMIT_REMOVES_OTHER; /* a better place than it deserves */
        if (i == 3)
            ticket.parent.bytes[0] ^= 1;
        assert_ok(ticket_sign(&ticket, members[i == 0 ? 1 : 0].key));
        if (i == 1)
            ticket.signature[5] ^= 1;
        buf_reset(&bytes);
        assert_ok(ticket_encode(&ticket, &bytes));
        assert_err(branches_follow(members[2].b, &t.env, &members[2].w, buf_span(&bytes),
                                   buf_span(&x.mls.commit), &verdict, &eid),
                   wanted[i]);
    }
    struct eid head = branches_head(members[2].b);
    assert_true(eid_eq(&head, &x.parent));
    buf_clear(&bytes);
    branches_made_clear(&x);
    part(3);
}

#define RECORDS_MAX 64

struct disk { /* what a vault would hold */
    struct branches_record records[RECORDS_MAX];
    struct buf values[RECORDS_MAX];
    size_t count;
};

static bool same_record(const struct branches_record *a, const struct branches_record *b)
{
    return a->kind == b->kind && memcmp(a->name, b->name, 16) == 0 &&
           (a->kind != BRANCHES_RECORD_DAG || a->dag_kind == b->dag_kind);
}

static void store(struct member *m, struct disk *disk)
{
    struct branches_record r;
    struct buf value = BUF_INIT(BRANCHES_STATE_MAX);
    while (branches_save_next(m->b, &t.env, &r, &value) == OK) {
        size_t i = 0;
        while (i < disk->count && !same_record(&disk->records[i], &r))
            i++;
        if (i == disk->count)
            disk->count++;
        assert_true(disk->count <= RECORDS_MAX);
        disk->records[i] = r;
        buf_move(&disk->values[i], &value);
        value = BUF_INIT(BRANCHES_STATE_MAX);
    }
    buf_clear(&value);
}

static void restart(struct member *m, const struct disk *disk)
{
    branches_free(m->b);
    assert_ok(branches_load_begin(&m->b));
    for (unsigned pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < disk->count; i++) {
            bool first = disk->records[i].kind == BRANCHES_RECORD_DAG &&
                         disk->records[i].dag_kind == DAG_RECORD_HEAD;
            if (first == (pass == 0) && !disk->records[i].gone)
                assert_ok(
                    branches_load(m->b, &t.env, &disk->records[i], buf_span(&disk->values[i])));
        }
    assert_ok(branches_load_end(m->b, &t.env));
}

static void a_restart_loses_nothing_and_revives_nothing(void **state)
{
    (void)state;
    meet(4);
    struct disk *disk = calloc(1, sizeof *disk);
    struct eid parent = branches_head(members[2].b);
    struct branches_made x = commit(&members[0], &update), y = commit(&members[1], &update);
    struct member *m = &members[2];

    store(m, disk);
    restart(m, disk);
    assert_int_equal(follow(m, &x), BRANCHES_FOLLOWED);
    store(m, disk);
    restart(m, disk); /* between two siblings */
    assert_int_equal(follow(m, &y), BRANCHES_FOLLOWED);
    assert_int_equal(follow(&members[0], &y), BRANCHES_FOLLOWED);
    (void)poll(m, NULL);
    store(m, disk);
    restart(m, disk);
    assert_true(same_head(m, &members[0]));
    tell(m, &members[0], "still here");
    assert_int_equal(follow(m, &x), BRANCHES_KNOWN);

    branches_catchup(m->b, &t.env, false);
    test_env_advance(&t, DAG_REWIND_NS);
    branches_tick(m->b, &t.env);
    (void)poll(m, NULL);
    store(m, disk);
    for (size_t i = 0; i < disk->count; i++)
        if (disk->records[i].kind == BRANCHES_RECORD_REWIND &&
            memcmp(disk->records[i].name, parent.bytes, 16) == 0)
            assert_true(disk->records[i].gone);
    restart(m, disk);
    assert_int_equal(dag_state(branches_dag(m->b), &parent), DAG_RECEIVE);
    for (size_t i = 0; i < disk->count; i++)
        buf_clear(&disk->values[i]);
    free(disk);
    branches_made_clear(&x);
    branches_made_clear(&y);
    part(4);
}

static void one_commit_per_parent(void **state)
{
    (void)state;
    meet(2);
    struct eid parent = branches_head(members[0].b);
    struct branches_made x = commit(&members[0], &update), again;
    assert_err(branches_commit(members[0].b, &t.env, &members[0].w, &parent, &update, &again),
               ERR_REFUSED);
    branches_made_clear(&x);
    part(2);
}

static void hear_acks(struct member *m)
{
    struct buf list = BUF_INIT(ACKS_BYTES_MAX);
    assert_ok(branches_ack(m->b, &t.env, &m->w, &list));
    for (size_t i = 0; i < PEOPLE; i++)
        if (&members[i] != m)
            assert_ok(branches_take(members[i].b, &t.env, buf_span(&list)));
    buf_clear(&list);
}

/* Until it has something to say. */
static struct dag_out wait_for(struct member *m, enum dag_out_kind kind, int64_t until_ns)
{
    struct dag_out out = {.kind = DAG_OUT_ADOPT};
    for (int64_t i = 0; i < until_ns / NS_PER_S; i++) {
        test_env_advance(&t, NS_PER_S);
        branches_tick(m->b, &t.env);
        while (branches_poll(m->b, &out))
            if (out.kind == kind)
                return out;
    }
    fail();
    return out;
}

/* 0 and 1 commit at once and hear of each other when it is too late; the others went with 1. */
static void part_for_ever(struct branches_made *x, struct branches_made *y)
{
    *x = commit(&members[0], &update);
    *y = commit(&members[1], &update);
    for (size_t i = 2; i < PEOPLE; i++)
        assert_int_equal(follow(&members[i], y), BRANCHES_FOLLOWED);
    test_env_advance(&t, DAG_REWIND_NS);
    for (size_t i = 0; i < PEOPLE; i++) {
        branches_tick(members[i].b, &t.env);
        (void)poll(&members[i], NULL);
    }
    assert_int_equal(follow(&members[0], y), BRANCHES_NOTED);
    assert_int_equal(follow(&members[1], x), BRANCHES_NOTED);
}

/* {Remove, Add} of member 0 by member `m`. */
static struct branches_made let_in(struct member *m, const struct guest *guest)
{
    struct buf proposals = BUF_INIT(1 << 16);
    assert_ok(mls_make_remove(0, &proposals));
    assert_ok(mls_make_add(guest->key_package, &proposals));
    struct mls_commit_options options = {.proposals = buf_span(&proposals)};
    struct branches_made made = commit(m, &options);
    buf_clear(&proposals);
    return made;
}

static struct eid ask_to_be_let_in(struct member *m, struct guests *g)
{
    struct dag_out out = wait_for(m, DAG_OUT_REJOIN, 2 * DAG_SPREAD_NS + NS_PER_S);
    struct buf request = BUF_INIT(8192);
    struct rejoin r;
    struct eid under;
    person_new_package(&m->p);
    assert_ok(branches_rejoin(m->b, &m->w, &out.eid, buf_span(&m->p.package), &under, &request));
    assert_ok(rejoin_decode(buf_span(&request), &r));
    assert_ok(rejoin_verify(&r));
    assert_ok(
        guests_ask(g, &t.env, branches_dag(members[1].b), &r, &under, false, buf_span(&request)));
    buf_clear(&request);
    return out.eid;
}

static void join(struct member *m, const struct branches_made *made)
{
    struct mls_join j = {.welcome = buf_span(&made->mls.welcome),
                         .key_package = buf_span(&m->p.package),
                         .keys = &m->p.keys};
    struct mls_group *g;
    assert_ok(mls_group_join(&m->p.w, &j, &g));
    assert_ok(branches_joined(m->b, &t.env, &m->w, buf_span(&made->ticket), g));
}

static void who_cannot_follow_is_let_in_and_votes(void **state)
{
    (void)state;
    meet(PEOPLE);
    struct branches_made x, y;
    struct guests *g;
    struct guest guest;
    struct buf way = BUF_INIT(BEACON_BYTES_MAX);
    part_for_ever(&x, &y);
    assert_ok(guests_new(&g, keyring_public(members[1].key).ptr));
    hear_acks(&members[2]);
    hear_acks(&members[3]); /* under the keys of the fork: 0 hears them too */
    struct eid wanted = ask_to_be_let_in(&members[0], g);
    assert_true(eid_eq(&wanted, &y.eid));
    test_env_advance(&t, GUESTS_GATHER_NS + GUESTS_TURNS * GUESTS_TURN_NS);
    assert_int_equal(guests_due(g, &t.env, branches_dag(members[1].b), &guest, 1), 1);
    struct branches_made in = let_in(&members[1], &guest);
    assert_int_equal(follow(&members[2], &in), BRANCHES_FOLLOWED);
    assert_int_equal(follow(&members[3], &in), BRANCHES_FOLLOWED);

    struct eid from = guest.at;
    while (branches_way(members[1].b, &members[1].w, &from, &way) == OK) {
        assert_ok(branches_take(members[0].b, &t.env, buf_span(&way)));
        buf_reset(&way);
    }
    join(&members[0], &in);
    for (size_t i = 1; i < PEOPLE; i++) {
        assert_true(same_head(&members[0], &members[i]));
        tell(&members[0], &members[i], "back");
        tell(&members[i], &members[0], "welcome back");
    }
    assert_false(dag_is_certified(branches_dag(members[0].b), &in.eid));
    test_env_advance(&t, DAG_ACK_NS);
    hear_acks(&members[0]);
    hear_acks(&members[2]);
    for (size_t i = 0; i < PEOPLE; i++)
        assert_true(dag_is_certified(branches_dag(members[i].b), &in.eid));
    buf_clear(&way);
    guests_free(g);
    branches_made_clear(&x);
    branches_made_clear(&y);
    branches_made_clear(&in);
    part(PEOPLE);
}

/* A backup of its states is put back, and it commits to the same epoch again. The second commit
 * uses the keys of the first: who opened one cannot open the other, but its ticket is enough. */
static void who_commits_twice_is_removed(void **state)
{
    (void)state;
    meet(PEOPLE);
    struct disk *disk = calloc(1, sizeof *disk);
    struct buf proposal = BUF_INIT(100);
    struct member *bad = &members[3];
    store(bad, disk);
    struct branches_made x = commit(bad, &update);
    restart(bad, disk);
    branches_catchup(bad->b, &t.env, false);
    struct branches_made y = commit(bad, &update);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(follow(&members[i], i < 2 ? &x : &y), BRANCHES_FOLLOWED);
        assert_false(poll(&members[i], NULL) & 1u << DAG_OUT_EVIDENCE);
        assert_ok(branches_take(members[i].b, &t.env, buf_span(i < 2 ? &y.ticket : &x.ticket)));
        assert_true(poll(&members[i], NULL) & 1u << DAG_OUT_EVIDENCE);
    }
    assert_ok(mls_make_remove(3, &proposal));
    struct mls_commit_options remove = {.proposals = buf_span(&proposal)};
    struct branches_made z;
    assert_true(dag_may_commit(branches_dag(members[0].b), &x.parent));
    assert_ok(branches_commit(members[0].b, &t.env, &members[0].w, &x.parent, &remove, &z));
    for (size_t i = 0; i < 3; i++) {
        if (i > 0)
            assert_int_equal(follow(&members[i], &z), BRANCHES_FOLLOWED);
        struct eid head = branches_head(members[i].b);
        assert_true(eid_eq(&head, &z.eid));
    }
    tell(&members[1], &members[2], "without it");
    for (size_t i = 0; i < disk->count; i++)
        buf_clear(&disk->values[i]);
    free(disk);
    buf_clear(&proposal);
    branches_made_clear(&x);
    branches_made_clear(&y);
    branches_made_clear(&z);
    part(PEOPLE);
}

/* A backup is put back after the member had spoken and committed: what it sent itself tells it so.
 */
static void who_was_restored_learns_it_and_takes_no_part_until_let_in(void **state)
{
    (void)state;
    meet(PEOPLE);
    struct disk *disk = calloc(1, sizeof *disk);
    struct buf said = BUF_INIT(1 << 16), later = BUF_INIT(1 << 16);
    struct member *old = &members[3];
    struct mls_event e;
    struct eid eid;
    enum branches_follow verdict;
    assert_ok(branches_seal(old->b, &old->w, NULL, SPAN_LIT("before"), NULL, &said));
    store(old, disk);
    assert_ok(branches_seal(old->b, &old->w, NULL, SPAN_LIT("after"), NULL, &later));
    struct branches_made x = commit(old, &update);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(follow(&members[i], &x), BRANCHES_FOLLOWED);
    restart(old, disk);
    branches_catchup(old->b, &t.env, false);
    struct eid head = branches_head(old->b);
    assert_err(branches_open(old->b, &old->w, &head, buf_span(&said), &e), MLS_OWN_MESSAGE);
    assert_err(branches_open(old->b, &old->w, &head, buf_span(&later), &e), MLS_OWN_AHEAD);
    assert_err(branches_follow(old->b, &t.env, &old->w, buf_span(&x.ticket),
                               buf_span(&x.mls.commit), &verdict, &eid),
               MLS_OWN_AHEAD);
    assert_true(dag_may_commit(branches_dag(old->b), &head));
    branches_doubt(old->b, &t.env);
    assert_false(dag_may_commit(branches_dag(old->b), &head));
    assert_true(dag_wants_in(branches_dag(old->b)));
    store(old, disk);
    restart(old, disk);
    assert_true(dag_is_doubted(branches_dag(old->b)));
    branches_catchup(old->b, &t.env, false);

    struct guests *g;
    struct guest guest;
    struct buf way = BUF_INIT(BEACON_BYTES_MAX), proposals = BUF_INIT(1 << 16);
    assert_ok(guests_new(&g, keyring_public(members[1].key).ptr));
    struct eid wanted = ask_to_be_let_in(old, g);
    assert_true(eid_is_none(&wanted));
    test_env_advance(&t, GUESTS_GATHER_NS + GUESTS_TURNS * GUESTS_TURN_NS);
    assert_int_equal(guests_due(g, &t.env, branches_dag(members[1].b), &guest, 1), 1);
    assert_ok(mls_make_remove(3, &proposals));
    assert_ok(mls_make_add(guest.key_package, &proposals));
    struct mls_commit_options options = {.proposals = buf_span(&proposals)};
    struct branches_made in = commit(&members[1], &options);
    for (struct eid from = guest.at; branches_way(members[1].b, &members[1].w, &from, &way) == OK;
         buf_reset(&way))
        assert_ok(branches_take(old->b, &t.env, buf_span(&way)));
    join(old, &in);
    assert_false(dag_is_doubted(branches_dag(old->b)));
    assert_true(same_head(old, &members[1]));
    tell(old, &members[1], "back");
    for (size_t i = 0; i < disk->count; i++)
        buf_clear(&disk->values[i]);
    free(disk);
    buf_clear(&said);
    buf_clear(&later);
    buf_clear(&way);
    buf_clear(&proposals);
    guests_free(g);
    branches_made_clear(&x);
    branches_made_clear(&in);
    part(PEOPLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_commit_is_adopted_acked_and_certified),
        cmocka_unit_test(two_commits_at_once_end_in_one_epoch),
        cmocka_unit_test(a_removal_wins_against_an_update),
        cmocka_unit_test(what_must_die_dies_after_ten_minutes),
        cmocka_unit_test(a_ticket_must_be_its_committers_and_tell_the_truth),
        cmocka_unit_test(a_restart_loses_nothing_and_revives_nothing),
        cmocka_unit_test(one_commit_per_parent),
        cmocka_unit_test(who_cannot_follow_is_let_in_and_votes),
        cmocka_unit_test(who_commits_twice_is_removed),
        cmocka_unit_test(who_was_restored_learns_it_and_takes_no_part_until_let_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
