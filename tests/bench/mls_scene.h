/* What the MLS bench measures on: a group with two members that act, in one of two shapes, and a
 * parallel-for of two threads. Header only; include it in one .c file a program. */
#pragma once

#include "tests/lib/mls_people.h"

#include <pthread.h>

#define CORES 2u

static void need(enum err err)
{
    if (err == OK)
        return;
    fprintf(stderr, "bench_mls: %s\n", mls_err_name(err));
    exit(1);
}

/* -- two threads as the world's parallel-for -- */

struct share {
    void (*fn)(void *arg, size_t i);
    void *arg;
    size_t from, to;
};

static void *run_share(void *arg)
{
    const struct share *h = arg;

    for (size_t i = h->from; i < h->to; i++)
        h->fn(h->arg, i);
    return NULL;
}

static void run_on_cores(void *state, void (*fn)(void *arg, size_t i), void *arg, size_t count)
{
    struct share shares[CORES];
    pthread_t threads[CORES];
    (void)state;

    for (size_t k = 0; k < CORES; k++) {
        shares[k] = (struct share){fn, arg, count * k / CORES, count * (k + 1) / CORES};
        if (k + 1 < CORES && pthread_create(&threads[k], NULL, run_share, &shares[k]) != 0)
            abort();
    }
    run_share(&shares[CORES - 1]);
    for (size_t k = 0; k + 1 < CORES; k++)
        pthread_join(threads[k], NULL);
}

static const struct mls_pool cores = {run_on_cores, NULL};

/* -- the scene: a committer, one other who follows, and packages of the rest -- */

struct scene {
    struct person a, b, extra;
    struct person **rest; /* their packages and signature keys */
    size_t n;
    struct buf adds;
};

static void scene_init(struct scene *c, const struct mls_suite *s, size_t n)
{
    *c = (struct scene){.n = n, .adds = BUF_INIT(1 << 28)};
    person_init(&c->a, s, 1);
    person_init(&c->b, s, 2);
    person_init(&c->extra, s, 3);
    c->a.client.grease = c->b.client.grease = c->extra.client.grease = false;
    c->rest = calloc(n, sizeof *c->rest);
    need(mls_make_add(buf_span(&c->b.package), &c->adds));
    for (size_t i = 2; i < n; i++) {
        c->rest[i] = malloc(sizeof **c->rest);
        person_init(c->rest[i], s, (uint32_t)(10 + i));
        need(mls_make_add(buf_span(&c->rest[i]->package), &c->adds));
    }
}

static void scene_clear(struct scene *c)
{
    for (size_t i = 2; i < c->n; i++) {
        person_clear(c->rest[i]);
        free(c->rest[i]);
    }
    free(c->rest);
    buf_clear(&c->adds);
    person_clear(&c->a);
    person_clear(&c->b);
    person_clear(&c->extra);
}

static void on_cores(struct scene *c, bool two)
{
    c->a.w.pool = c->b.w.pool = two ? &cores : NULL;
}

/* Everybody else commits, as far as the tree shows it; a and b learn their path secrets. */
static void warm(struct scene *c)
{
    struct mls_group *a = c->a.g, *b = c->b.g;
    struct mls_tree t;
    struct mls_path_plan plan;
    struct mls_secret commit;
    uint8_t hash[MLS_HASH_MAX];

    mls_tree_fork(&a->tree, &t);
    for (uint32_t i = 2; i < c->n; i++) {
        struct mls_leaf_node content = mls_tree_leaf(&t, i)->node;
        need(mls_path_plan_make(&t, i, &content, &c->rest[i]->signer, a->context.group_id,
                                &c->a.rng, &plan));
        for (size_t k = 0; k < plan.count; k++) {
            unsigned level = mls_level(plan.nodes[k]);
            if (level == mls_common_level(a->own, i))
                need(mls_path_climb(&t, a->own, level, &plan.secrets[k], &a->keys, &commit));
            if (level == mls_common_level(b->own, i))
                need(mls_path_climb(&t, b->own, level, &plan.secrets[k], &b->keys, &commit));
        }
        mls_path_plan_clear(&plan);
    }
    mls_tree_hash(&t, hash);
    struct mls_group_context context = a->context;
    context.tree_hash = span_of(hash, a->suite->hash->bytes);
    struct mls_group *both[] = {a, b};
    for (int i = 0; i < 2; i++) {
        mls_tree_clear(&both[i]->tree);
        mls_tree_fork(&t, &both[i]->tree);
        mls_private_path_prune(&both[i]->keys, &t, both[i]->own);
    }
    struct buf encoded = BUF_INIT(1 << 20);
    need(buf_append(&encoded, a->context.encoded)); /* keeps the spans of `context` alive */
    struct reader r = reader_of(buf_span(&encoded));
    mls_read_group_context(&r, &context);
    context.tree_hash = span_of(hash, a->suite->hash->bytes);
    need(mls_group_set_context(b, &context));
    need(mls_group_set_context(a, &context));
    buf_clear(&encoded);
    mls_tree_clear(&t);
}
