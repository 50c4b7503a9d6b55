#include "crypto/mls/treekem.h"

#include "crypto/mls/path.h"

#include "crypto/base/wipe.h"

#include <stdlib.h>

/* the child of path node `node` that is not on the sender's path */
uint32_t mls_copath_child(uint32_t node, uint32_t sender)
{
    return mls_sibling(mls_ancestor(sender, mls_level(node) - 1));
}

/* RFC 9420 7.4: node_secret and its key pair */
enum err mls_path_key_pair(const struct mls_suite *s, const struct mls_secret *path_secret,
                           struct mls_key_pair *out)
{
    struct mls_secret node = {0};

    mls_derive(s, mls_secret_span(s, path_secret), "node", &node);
    enum err err = mls_derive_key_pair(s, mls_secret_span(s, &node), out);
    wipe(&node, sizeof node);
    return err;
}

/* Parent hashes from the root down (RFC 9420 7.9); hashes[i] is what node i-1 (0: the leaf) holds.
 * The siblings must be hashed. */
static void chain_parent_hashes(const struct mls_tree *t, uint32_t sender, const uint32_t *nodes,
                                const struct span *keys, size_t count,
                                uint8_t (*hashes)[MLS_HASH_MAX], size_t *root_len)
{
    struct span above = SPAN_EMPTY;

    for (size_t i = count; i-- > 0;) {
        mls_parent_hash(t->suite, keys[i], above,
                        mls_tree_node_hash(t, mls_copath_child(nodes[i], sender)), hashes[i]);
        above = span_of(hashes[i], t->suite->hash->bytes);
    }
    *root_len = above.len;
}

/* Blank the direct path, then put keys and parent hashes at the filtered nodes. */
enum err mls_path_put(struct mls_tree *t, uint32_t sender, const uint32_t *nodes,
                      const struct span *keys, size_t count, uint8_t *leaf_hash,
                      size_t *leaf_hash_len)
{
    uint8_t hashes[MLS_LEVELS_MAX][MLS_HASH_MAX];
    size_t bytes = t->suite->hash->bytes;

    TRY(mls_tree_blank_path(t, sender));
    mls_tree_hash(t, NULL);
    chain_parent_hashes(t, sender, nodes, keys, count, hashes, leaf_hash_len);
    for (size_t i = 0; i < count; i++) {
        struct span hash = i + 1 < count ? span_of(hashes[i + 1], bytes) : SPAN_EMPTY;
        struct mls_parent *p = mls_parent_new(keys[i], hash);
        if (p == NULL)
            return ERR_MEMORY;
        enum err err = mls_tree_set_parent(t, nodes[i], p);
        mls_parent_unref(p);
        TRY(err);
    }
    if (count > 0)
        memcpy(leaf_hash, hashes[0], bytes);
    return OK;
}

/* -- sending -- */

static enum err derive_plan(const struct mls_suite *s, struct rng *rng, struct mls_path_plan *plan,
                            struct mls_key_pair *pairs)
{
    TRY(mls_key_pair(s, rng, &plan->leaf_key));
    rng_fill(rng, plan->secrets[0].bytes, s->hash->bytes);
    for (size_t i = 0; i < plan->count; i++) {
        TRY(mls_path_key_pair(s, &plan->secrets[i], &pairs[i]));
        memcpy(plan->node_secrets[i], pairs[i].secret, mls_private_bytes(s));
        mls_derive(s, mls_secret_span(s, &plan->secrets[i]), "path", &plan->secrets[i + 1]);
    }
    return OK;
}

static enum err put_leaf(struct mls_tree *t, const struct mls_leaf_node *content,
                         const struct mls_signer *signer, struct span group_id,
                         struct mls_path_plan *plan, struct span parent_hash)
{
    struct mls_leaf_node fresh = *content;
    struct mls_leaf *leaf;

    fresh.encryption_key = span_of(plan->leaf_key.pub, mls_public_bytes(t->suite));
    fresh.signature_key = signer->public_key;
    fresh.source = MLS_LEAF_COMMIT;
    fresh.parent_hash = parent_hash;
    TRY(mls_leaf_sign(&fresh, signer, group_id, plan->sender, &leaf));
    enum err err = mls_tree_set_leaf(t, plan->sender, leaf);
    mls_leaf_unref(leaf);
    return err;
}

enum err mls_path_plan_make(struct mls_tree *t, uint32_t sender,
                            const struct mls_leaf_node *content, const struct mls_signer *signer,
                            struct span group_id, struct rng *rng, struct mls_path_plan *plan)
{
    struct mls_key_pair *pairs = calloc(MLS_LEVELS_MAX, sizeof *pairs);
    struct span keys[MLS_LEVELS_MAX];
    uint8_t leaf_hash[MLS_HASH_MAX];
    size_t leaf_hash_len = 0;

    *plan = (struct mls_path_plan){.sender = sender};
    if (pairs == NULL)
        return ERR_MEMORY;
    plan->count = mls_tree_filtered_path(t, sender, plan->nodes);
    enum err err = derive_plan(t->suite, rng, plan, pairs);
    for (size_t i = 0; i < plan->count; i++)
        keys[i] = span_of(pairs[i].pub, mls_public_bytes(t->suite));
    if (err == OK)
        err = mls_path_put(t, sender, plan->nodes, keys, plan->count, leaf_hash, &leaf_hash_len);
    if (err == OK)
        err = put_leaf(t, content, signer, group_id, plan, span_of(leaf_hash, leaf_hash_len));
    if (err == OK)
        mls_tree_hash(t, NULL);
    else
        mls_path_plan_clear(plan);
    wipe(pairs, MLS_LEVELS_MAX * sizeof *pairs);
    free(pairs);
    return err;
}

void mls_path_plan_clear(struct mls_path_plan *plan)
{
    wipe(plan, sizeof *plan);
}

void mls_path_plan_keep(const struct mls_path_plan *plan, const struct mls_suite *s,
                        struct mls_private_path *out)
{
    wipe(out, sizeof *out);
    out->have[0] = true;
    memcpy(out->secrets[0], plan->leaf_key.secret, mls_private_bytes(s));
    for (size_t i = 0; i < plan->count; i++) {
        unsigned level = mls_level(plan->nodes[i]);
        out->have[level] = true;
        memcpy(out->secrets[level], plan->node_secrets[i], mls_private_bytes(s));
    }
}

/* one path secret to one node, and where the result goes */
struct seal_job {
    struct span key;
    size_t secret; /* index into plan->secrets */
    enum err err;
};

struct seal_work {
    struct mls_seal_context context;
    const struct mls_path_plan *plan;
    struct seal_job *jobs;
    uint8_t *seeds, *outputs; /* per job: seed; kem output and ciphertext */
    size_t seed_bytes, kem_bytes, output_bytes, count;
};

static void seal_one(void *arg, size_t i)
{
    struct seal_work *w = arg;
    struct seal_job *j = &w->jobs[i];
    uint8_t *out = w->outputs + i * w->output_bytes;

    j->err = mls_seal(&w->context, j->key,
                      mls_secret_span(w->context.suite, &w->plan->secrets[j->secret]),
                      w->seeds + i * w->seed_bytes, out, out + w->kem_bytes);
}

static enum err seal_work_init(struct seal_work *w, const struct mls_suite *s, size_t most)
{
    w->seed_bytes = mls_seed_bytes(s);
    w->kem_bytes = mls_kem_output_bytes(s);
    w->output_bytes = w->kem_bytes + s->hash->bytes + MLS_AEAD_TAG;
    w->jobs = calloc(most + 1, sizeof *w->jobs);
    w->seeds = malloc((most + 1) * w->seed_bytes);
    w->outputs = malloc((most + 1) * w->output_bytes);
    return w->jobs == NULL || w->seeds == NULL || w->outputs == NULL ? ERR_MEMORY : OK;
}

static void seal_work_clear(struct seal_work *w)
{
    if (w->seeds != NULL)
        wipe(w->seeds, w->count * w->seed_bytes);
    free(w->jobs);
    free(w->seeds);
    free(w->outputs);
}

static void write_node(struct writer *out, const struct seal_work *w, struct span key, size_t first,
                       size_t count)
{
    mls_write_vector(out, key);
    size_t mark = mls_vector_begin(out);
    for (size_t i = first; i < first + count; i++) {
        const uint8_t *at = w->outputs + i * w->output_bytes;
        mls_write_vector(out, span_of(at, w->kem_bytes));
        mls_write_vector(out, span_of(at + w->kem_bytes, w->output_bytes - w->kem_bytes));
    }
    mls_vector_end(out, mark);
}

/* Collect the recipients of each path node; counts[k] of node k. */
static enum err collect(const struct mls_tree *t, const struct mls_path_plan *plan,
                        const struct mls_leaf_set *added, struct seal_work *w, size_t *counts)
{
    uint32_t *nodes = malloc((2 * (size_t)t->leaves) * sizeof *nodes);
    if (nodes == NULL)
        return ERR_MEMORY;
    for (size_t k = 0; k < plan->count; k++) {
        uint32_t child = mls_copath_child(plan->nodes[k], plan->sender);
        counts[k] = mls_tree_resolution(t, child, added, nodes);
        for (size_t i = 0; i < counts[k]; i++)
            w->jobs[w->count++] = (struct seal_job){mls_tree_key(t, nodes[i]), k, OK};
    }
    free(nodes);
    return OK;
}

static size_t recipients_max(const struct mls_tree *t, const struct mls_path_plan *plan)
{
    size_t most = 0;

    for (size_t k = 0; k < plan->count; k++)
        most += mls_tree_resolution_len(t, mls_copath_child(plan->nodes[k], plan->sender));
    return most;
}

enum err mls_path_encrypt(const struct mls_tree *t, const struct mls_path_plan *plan,
                          struct span context, const struct mls_leaf_set *added, struct rng *rng,
                          const struct mls_pool *pool, struct writer *out)
{
    struct seal_work w = {.plan = plan};
    size_t counts[MLS_LEVELS_MAX], first = 0;

    mls_seal_context_init(&w.context, t->suite, "UpdatePathNode", context);
    enum err err = seal_work_init(&w, t->suite, recipients_max(t, plan));
    if (err == OK)
        err = collect(t, plan, added, &w, counts);
    if (err == OK) {
        rng_fill(rng, w.seeds, w.count * w.seed_bytes);
        mls_parallel(pool, seal_one, &w, w.count);
    }
    for (size_t i = 0; err == OK && i < w.count; i++)
        err = w.jobs[i].err;
    if (err == OK) {
        write_bytes(out, mls_tree_leaf(t, plan->sender)->node.encoded);
        size_t mark = mls_vector_begin(out);
        for (size_t k = 0; k < plan->count; first += counts[k++])
            write_node(out, &w, mls_tree_key(t, plan->nodes[k]), first, counts[k]);
        mls_vector_end(out, mark);
        err = writer_status(out);
    }
    seal_work_clear(&w);
    return err;
}
