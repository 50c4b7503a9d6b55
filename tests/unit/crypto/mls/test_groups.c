/* Random groups of up to 64 members: random operations by seed, and after every commit everybody
 * agrees, reads everybody, and the state survives a trip through bytes. */
#include "tests/lib/mls_people.h"

#define PEOPLE_MAX 64u
#define SPARE      256u /* people in all: joiners come and go */

struct crowd {
    const struct mls_suite *s;
    struct rng *dice;
    struct person *people[SPARE];
    size_t born;
    struct person *in[PEOPLE_MAX];
    size_t count;
    struct buf message;
    struct mls_send how;
    size_t add_at_least, most;
};

static struct person *newborn(struct crowd *c)
{
    struct person *p = malloc(sizeof *p);
    assert_non_null(p);
    assert_true(c->born < SPARE);
    person_init(p, c->s, (uint32_t)c->born + 1000);
    c->people[c->born++] = p;
    return p;
}

static struct person *somebody(struct crowd *c)
{
    return c->in[rng_below(c->dice, c->count)];
}

static void leave(struct crowd *c, size_t i)
{
    c->in[i] = c->in[--c->count];
}

static void check_agreement(struct crowd *c)
{
    struct person *first = c->in[0];

    for (size_t i = 1; i < c->count; i++) {
        struct mls_group *g = c->in[i]->g;
        assert_span_equal(mls_group_epoch_authenticator(g),
                          mls_group_epoch_authenticator(first->g));
        assert_span_equal(mls_group_context(g)->encoded, mls_group_context(first->g)->encoded);
    }
    assert_int_equal(mls_tree_members(mls_group_tree(first->g)), c->count);
    assert_ok(mls_tree_check(mls_group_tree(first->g)));
}

static void check_talk(struct crowd *c)
{
    struct person *from = somebody(c);
    struct mls_event e;

    buf_reset(&c->message);
    assert_ok(mls_encrypt(from->g, &from->w, SPAN_LIT("hello everybody"), NULL, &c->message));
    for (size_t i = 0; i < c->count; i++) {
        if (c->in[i] == from)
            continue;
        assert_ok(mls_receive(c->in[i]->g, &c->in[i]->w, buf_span(&c->message), &e));
        assert_int_equal(e.leaf, mls_group_own_leaf(from->g));
        assert_span_equal(buf_span(&e.data), SPAN_LIT("hello everybody"));
        mls_event_clear(&e);
    }
}

/* One state goes to bytes and back; it then stands for its owner. */
static void check_storage(struct crowd *c)
{
    struct person *p = somebody(c);
    struct buf parts[3] = {BUF_INIT(1 << 24), BUF_INIT(1 << 24), BUF_INIT(1 << 24)};
    struct buf before = BUF_INIT(1 << 24), after = BUF_INIT(1 << 24);
    struct mls_group *g, *fork;

    for (int i = 0; i < 3; i++)
        assert_ok(mls_save(p->g, (enum mls_part)i, &parts[i]));
    assert_ok(mls_load(buf_span(&parts[0]), buf_span(&parts[1]), buf_span(&parts[2]), &g));
    person_bytes(p->g, &before);
    person_bytes(g, &after);
    assert_span_equal(buf_span(&after), buf_span(&before));
    assert_ok(mls_group_fork(g, &fork));
    person_bytes(fork, &after);
    assert_span_equal(buf_span(&after), buf_span(&before));
    mls_group_free(fork);
    person_adopt(p, g);
    for (int i = 0; i < 3; i++)
        buf_clear(&parts[i]);
    buf_clear(&before);
    buf_clear(&after);
}

/* Everybody but the author hears a message; whoever is removed leaves. */
static void deliver_commit(struct crowd *c, struct person *author, struct mls_commit_out *out)
{
    for (size_t i = c->count; i-- > 0;)
        if (c->in[i] != author && !person_follow(c->in[i], buf_span(&out->commit)))
            leave(c, i);
    person_adopt(author, out->next);
    out->next = NULL;
}

static void deliver_proposal(struct crowd *c, struct person *author)
{
    struct mls_event e;

    for (size_t i = 0; i < c->count; i++)
        if (c->in[i] != author) {
            assert_ok(mls_receive(c->in[i]->g, &c->in[i]->w, buf_span(&c->message), &e));
            assert_int_equal(e.kind, MLS_EVENT_PROPOSAL);
            mls_event_clear(&e);
        }
}

static void add_some(struct crowd *c, struct buf *list, struct person **fresh, size_t *count)
{
    for (size_t n = c->add_at_least + rng_below(c->dice, 4); n > 0 && c->born < SPARE; n--) {
        if (c->count + *count == PEOPLE_MAX)
            return;
        fresh[*count] = newborn(c);
        assert_ok(mls_make_add(buf_span(&fresh[*count]->package), list));
        (*count)++;
    }
}

static void remove_some(struct crowd *c, const struct person *author, struct buf *list)
{
    uint32_t leaf = mls_group_own_leaf(somebody(c)->g);

    if (c->count > 2 && rng_below(c->dice, 3) == 0 && leaf != mls_group_own_leaf(author->g))
        assert_ok(mls_make_remove(leaf, list));
}

static void change_extensions(struct crowd *c, struct buf *list)
{
    struct buf extensions = BUF_INIT(1 << 16);
    struct writer w = writer_to(&extensions);
    static const uint8_t required[] = {0, 0, 2, 0, 1}; /* nothing but basic credentials */

    if (rng_below(c->dice, 6) == 0) {
        mls_write_extension(&w, MLS_EXTENSION_REQUIRED_CAPABILITIES, SPAN_ARRAY(required));
        assert_ok(mls_make_extensions(buf_span(&extensions), list));
    }
    buf_clear(&extensions);
}

static enum err fixed_psk(void *ctx, const struct mls_psk_id *id, struct buf *out)
{
    (void)ctx;
    return id->type == MLS_PSK_EXTERNAL ? buf_append(out, SPAN_LIT("a shared secret"))
                                        : ERR_NOT_FOUND;
}

static void step_propose(struct crowd *c)
{
    struct person *p = somebody(c);

    buf_reset(&c->message);
    assert_ok(mls_propose_update(p->g, &p->w, NULL, NULL, &c->how, &c->message));
    deliver_proposal(c, p);
}

static void step_commit(struct crowd *c)
{
    struct person *author = somebody(c), *fresh[16];
    struct buf list = BUF_INIT(1 << 20);
    struct mls_commit_options o = {.send = c->how};
    struct mls_commit_out out;
    size_t joined = 0;

    if (rng_below(c->dice, 4) != 0)
        add_some(c, &list, fresh, &joined);
    remove_some(c, author, &list);
    change_extensions(c, &list);
    if (rng_below(c->dice, 5) == 0)
        assert_ok(mls_make_psk_external(&author->w, c->s, SPAN_LIT("psk"), &list));
    o.proposals = buf_span(&list);
    o.with_path = rng_below(c->dice, 2);
    o.tree_apart = rng_below(c->dice, 2);
    assert_ok(mls_commit(author->g, &author->w, &o, &out));
    deliver_commit(c, author, &out);
    for (size_t i = 0; i < joined; i++) {
        struct buf tree = BUF_INIT(1 << 24);
        struct mls_join j = {.welcome = buf_span(&out.welcome),
                             .key_package = buf_span(&fresh[i]->package),
                             .keys = &fresh[i]->keys};
        assert_ok(mls_group_write_tree(author->g, &tree));
        j.ratchet_tree = o.tree_apart ? buf_span(&tree) : SPAN_EMPTY;
        fresh[i]->w.psk = fixed_psk;
        assert_ok(mls_group_join(&fresh[i]->w, &j, &fresh[i]->g));
        c->in[c->count++] = fresh[i];
        buf_clear(&tree);
    }
    mls_commit_out_clear(&out);
    buf_clear(&list);
}

/* Somebody joins by himself; half the time it is a member that lost his state. */
static void step_external(struct crowd *c)
{
    struct person *host = somebody(c), *p;
    struct mls_external_join j = {0};
    struct buf info = BUF_INIT(1 << 24);
    struct mls_commit_out out = {.commit = BUF_INIT(1 << 24), .welcome = BUF_INIT(1)};
    size_t at = rng_below(c->dice, c->count);

    j.resync = c->count == PEOPLE_MAX || c->born == SPARE || rng_below(c->dice, 2) == 0;
    assert_ok(mls_group_info(host->g, &host->w, true, true, &info));
    if (j.resync) {
        p = c->in[at];
        j.old_leaf = mls_group_own_leaf(p->g);
        leave(c, at);
    } else {
        p = newborn(c);
        p->w.psk = fixed_psk;
    }
    j.group_info = buf_span(&info);
    j.client = &p->client;
    assert_ok(mls_group_join_external(&p->w, &j, &out.commit, &out.next));
    deliver_commit(c, p, &out);
    c->in[c->count++] = p;
    mls_commit_out_clear(&out);
    buf_clear(&info);
}

static size_t run_crowd(uint16_t suite, uint64_t seed, size_t steps, size_t add_at_least)
{
    struct test_env t;
    struct crowd *c = calloc(1, sizeof *c);

    test_env_init(&t, seed);
    assert_non_null(c);
    c->s = mls_suite(suite);
    c->dice = &t.rng;
    c->add_at_least = add_at_least;
    c->message = BUF_INIT(1 << 24);
    c->in[c->count++] = newborn(c);
    c->in[0]->w.psk = fixed_psk;
    assert_ok(mls_group_new(&c->in[0]->w, c->s, &c->in[0]->client, SPAN_LIT("crowd"), SPAN_EMPTY,
                            &c->in[0]->g));
    for (size_t i = 0; i < steps; i++) {
        c->how.public_message = rng_below(c->dice, 2);
        c->how.padding = rng_below(c->dice, 100);
        for (size_t n = rng_below(c->dice, 3); n > 0; n--)
            step_propose(c);
        if (rng_below(c->dice, 8) == 0)
            step_external(c);
        else
            step_commit(c);
        check_agreement(c);
        if (c->count > 1)
            check_talk(c);
        check_storage(c);
        c->most = c->count > c->most ? c->count : c->most;
    }
    print_message("suite %04x seed %u: %zu members at the end\n", suite, (unsigned)seed, c->count);
    for (size_t i = 0; i < c->born; i++) {
        person_clear(c->people[i]);
        free(c->people[i]);
    }
    size_t most = c->most;
    buf_clear(&c->message);
    free(c);
    test_env_clear(&t);
    return most;
}

static void members_agree_after_every_commit_whatever_happened(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++)
        run_crowd(seed % 2 ? 0x0003 : 0x0001, seed, 40, 0);
    assert_int_equal(run_crowd(0x0003, 7, 40, 4), PEOPLE_MAX);
}

static void every_suite_lives(void **state)
{
    (void)state;
    for (size_t i = 0; mls_suite_at(i) != NULL; i++)
        run_crowd(mls_suite_at(i)->code, 100 + i, 6, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_agree_after_every_commit_whatever_happened),
        cmocka_unit_test(every_suite_lives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
