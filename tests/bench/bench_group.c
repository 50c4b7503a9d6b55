/* One conversation of thousands of installations with real MLS (suite 3, that of CHAT_CROWD): each
 * holds its own state, keys and secret tree; every commit is made by one and followed by all
 * others.
 *
 *     bench_group MEMBERS COMMITS            shared: what equal members have in common is held and
 *                                            worked out once, and checked to be equal
 *     bench_group MEMBERS COMMITS apart      each joins by the Welcome and holds a tree of its own
 *
 * Shared are (and nothing else): the ratchet tree, after its hash was found equal in the member's
 * own signed context; signatures (crypto/prim/sign_memo.h); digests and decryptions of the same
 * large message under the same key (crypto/prim/large_memo.h); and joining: one joins by the
 * Welcome, the states of the others are made from his and their own keys, and of two of them
 * compared byte by byte with what the Welcome gives. The digest is over the epoch authenticators of
 * all members after each commit, and the whole states of three at the end: it is that of `apart`.
 */
#include "crypto/prim/large_memo.h"
#include "crypto/prim/sign_memo.h"
#include "tests/bench/figures.h"
#include "tests/lib/mls_people.h"

#include <sys/resource.h>

struct crowd {
    struct person **people;
    size_t count;
    bool apart;
    struct drbg drbg;
    struct rng rng;
    struct hash_state digest;
    size_t commit_bytes;
};

static double cpu_s(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (double)u.ru_utime.tv_sec + (double)u.ru_utime.tv_usec / 1e6;
}

static void need(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "bench_group: %s\n", what);
    exit(1);
}

static void done(enum err err)
{
    need(err == OK, mls_err_name(err));
}

static struct person *born(uint32_t number)
{
    struct person *p = malloc(sizeof *p);

    need(p != NULL, "no memory");
    person_init(p, mls_suite(MLS_SUITE_X25519_CHACHA), number);
    p->client.grease = p->w.grease = false;
    person_new_package(p);
    return p;
}

/* ---- sharing ---- */

static void share_tree(struct mls_group *g, const struct mls_group *model)
{
    need(span_eq(g->context.tree_hash, model->context.tree_hash), "trees differ");
    mls_tree_clear(&g->tree);
    mls_tree_fork(&model->tree, &g->tree);
}

/* What the Welcome of a commit without a path gives to the member of that leaf. */
static void join_as(struct person *p, const struct mls_group *model, uint32_t leaf)
{
    struct mls_group *g;

    done(mls_group_fork(model, &g));
    g->own = leaf;
    g->keys = (struct mls_private_path){.have = {true}};
    memcpy(g->keys.secrets[0], p->keys.leaf, sizeof p->keys.leaf);
    person_adopt(p, g);
}

static void same_as_by_welcome(struct person *p, struct span welcome)
{
    struct buf made = BUF_INIT(1 << 28), joined = BUF_INIT(1 << 28);

    person_bytes(p->g, &made);
    person_join(p, welcome);
    person_bytes(p->g, &joined);
    need(span_eq(buf_span(&made), buf_span(&joined)),
         "a state that was made is not the joined one");
    buf_clear(&made);
    buf_clear(&joined);
}

/* ---- the group ---- */

static void join_all(struct crowd *c, struct span welcome)
{
    person_join(c->people[1], welcome);
    const struct mls_group *model = c->people[1]->g;
    for (size_t i = 2; i < c->count; i++)
        if (c->apart)
            person_join(c->people[i], welcome);
        else
            join_as(c->people[i], model, (uint32_t)i);
    if (!c->apart && c->count > 3) {
        same_as_by_welcome(c->people[2], welcome);
        same_as_by_welcome(c->people[c->count - 1], welcome);
        share_tree(c->people[2]->g, model);
        share_tree(c->people[c->count - 1]->g, model);
        share_tree(c->people[0]->g, model);
    }
}

static void found(struct crowd *c)
{
    struct buf adds = BUF_INIT(1 << 28);
    struct mls_commit_out out;
    struct mls_group *g;

    for (size_t i = 0; i < c->count; i++) {
        c->people[i] = born((uint32_t)i);
        if (i > 0)
            done(mls_make_add(buf_span(&c->people[i]->package), &adds));
    }
    struct person *founder = c->people[0];
    done(mls_group_new(&founder->w, founder->s, &founder->client, SPAN_LIT("crowd"), SPAN_EMPTY,
                       &g));
    person_adopt(founder, g);
    const struct mls_commit_options o = {.proposals = buf_span(&adds)};
    done(mls_commit(founder->g, &founder->w, &o, &out));
    person_adopt(founder, out.next);
    out.next = NULL;
    join_all(c, buf_span(&out.welcome));
    mls_commit_out_clear(&out);
    buf_clear(&adds);
}

static void follow(struct crowd *c, size_t i, struct span commit, const struct mls_group *model)
{
    struct person *p = c->people[i];

    need(person_follow(p, commit), "removed");
    if (model != NULL && !c->apart)
        share_tree(p->g, model);
}

static void round_of(struct crowd *c)
{
    size_t who = (size_t)rng_below(&c->rng, c->count), first = who == 0 ? 1 : 0;
    struct person *p = c->people[who];
    struct mls_commit_out out;

    done(mls_commit(p->g, &p->w, NULL, &out));
    follow(c, first, buf_span(&out.commit), NULL);
    for (size_t i = first + 1; i < c->count; i++)
        if (i != who)
            follow(c, i, buf_span(&out.commit), c->people[first]->g);
    person_adopt(p, out.next);
    out.next = NULL;
    if (!c->apart)
        share_tree(p->g, c->people[first]->g);
    c->commit_bytes += out.commit.len;
    mls_commit_out_clear(&out);
    for (size_t i = 0; i < c->count; i++)
        hash_add(&c->digest, mls_group_epoch_authenticator(c->people[i]->g));
}

static void finish(struct crowd *c)
{
    struct buf all = BUF_INIT(1 << 28);
    const size_t shown[] = {0, c->count / 2, c->count - 1};
    uint8_t digest[SHA256_BYTES];

    for (size_t k = 0; k < 3; k++) {
        person_bytes(c->people[shown[k]]->g, &all);
        hash_add(&c->digest, buf_span(&all));
    }
    buf_clear(&all);
    hash_end(&c->digest, digest);
    printf("digest ");
    for (size_t i = 0; i < 8; i++)
        printf("%02x", digest[i]);
    printf("\n");
}

static void one(const struct crowd *c, const char *metric, const char *unit, double value)
{
    char name[96];

    snprintf(name, sizeof name, "%zu members%s: %s", c->count, c->apart ? " apart" : "", metric);
    figure("group", name, unit, "sotto", &value, 1);
}

int main(int argc, char **argv)
{
    struct crowd c = {.count = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 1000,
                      .apart = argc > 3 && strcmp(argv[3], "apart") == 0};
    size_t commits = argc > 2 ? (size_t)strtoul(argv[2], NULL, 10) : 3;
    static const uint8_t seed[DRBG_SEED_BYTES] = {9};
    struct rusage u;

    need(c.count >= 2 && c.count <= MLS_LEAVES_MAX, "2 members at least");
    need((c.people = calloc(c.count, sizeof *c.people)) != NULL, "no memory");
    drbg_init(&c.drbg, seed);
    c.rng = drbg_rng(&c.drbg);
    hash_init(&c.digest, &hash_sha256);
    if (!c.apart) {
        done(sign_memo_begin(1 << 15));
        done(large_memo_begin());
    }
    double at = cpu_s();
    found(&c);
    one(&c, "founded", "CPU-s", cpu_s() - at);
    at = cpu_s();
    for (size_t i = 0; i < commits; i++)
        round_of(&c);
    one(&c, "each commit, made and followed by all", "CPU-s", (cpu_s() - at) / (double)commits);
    one(&c, "mean of a commit", "B", (double)c.commit_bytes / (double)commits);
    getrusage(RUSAGE_SELF, &u);
    one(&c, "large digests and decryptions not made again", "", (double)large_memo_hits());
    one(&c, "signatures not verified again", "", (double)sign_memo_hits());
    one(&c, "memory", "MB", (double)u.ru_maxrss / 1024);
    finish(&c);
    for (size_t i = 0; i < c.count; i++) {
        person_clear(c.people[i]);
        free(c.people[i]);
    }
    free(c.people);
    sign_memo_end();
    large_memo_end();
    return 0;
}
