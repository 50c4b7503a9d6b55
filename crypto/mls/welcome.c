/* RFC 9420 12.4.3: GroupInfo and Welcome, as their sender makes them. */
#include "crypto/base/wipe.h"
#include "crypto/mls/group_state.h"

#include <stdlib.h>

/* Something that everybody must ignore. @source RFC 9420 13.5 */
static void write_grease(struct writer *w, struct rng *rng)
{
    uint8_t noise[16];

    rng_fill(rng, noise, sizeof noise);
    mls_write_extension(w, mls_grease_value(rng), span_of(noise, rng_below(rng, sizeof noise)));
}

/* extensions of a GroupInfo: ratchet_tree, external_pub */
static enum err info_extensions(const struct mls_group *g, const struct mls_world *world,
                                bool with_tree, bool with_external_pub, struct buf *out)
{
    struct writer w = writer_to(out);
    struct mls_key_pair external;

    if (with_tree) {
        write_be16(&w, MLS_EXTENSION_RATCHET_TREE);
        size_t data = mls_vector_begin(&w), list = mls_vector_begin(&w);
        mls_tree_write(&w, &g->tree);
        mls_vector_end(&w, list);
        mls_vector_end(&w, data);
    }
    if (with_external_pub) {
        TRY(mls_group_external_pair(g, &external));
        write_be16(&w, MLS_EXTENSION_EXTERNAL_PUB);
        size_t data = mls_vector_begin(&w);
        mls_write_vector(&w, span_of(external.pub, mls_public_bytes(g->suite)));
        mls_vector_end(&w, data);
        wipe(&external, sizeof external);
    }
    if (world->grease)
        write_grease(&w, world->rng);
    return writer_status(&w);
}

enum err mls_sign_group_info(const struct mls_group *g, const struct mls_world *w,
                             const struct mls_signer *signer, bool with_tree,
                             bool with_external_pub, struct writer *out)
{
    struct buf extensions = BUF_INIT(MLS_MESSAGE_BYTES_MAX), tbs = BUF_INIT(MLS_MESSAGE_BYTES_MAX);
    struct writer t = writer_to(&tbs);
    uint8_t sig[MLS_SIGNATURE_MAX];
    size_t sig_len;

    enum err err = info_extensions(g, w, with_tree, with_external_pub, &extensions);
    struct mls_group_info info = {.context = g->context,
                                  .extensions = buf_span(&extensions),
                                  .confirmation_tag = mls_group_confirmation_tag(g),
                                  .signer = g->own};
    mls_write_group_info_unsigned(&t, &info);
    if (err == OK)
        err = writer_status(&t);
    if (err == OK) {
        struct span content = buf_span(&tbs);
        err = mls_sign(signer, "GroupInfoTBS", &content, 1, sig, &sig_len);
    }
    if (err == OK) {
        write_bytes(out, buf_span(&tbs));
        mls_write_vector(out, span_of(sig, sig_len));
        err = writer_status(out);
    }
    buf_clear(&extensions);
    buf_clear(&tbs);
    return err;
}

enum err mls_group_info(const struct mls_group *g, const struct mls_world *w, bool with_tree,
                        bool with_external_pub, struct buf *out)
{
    struct writer to = writer_to(out);
    size_t before = out->len;

    mls_write_message_head(&to, MLS_WIRE_GROUP_INFO);
    enum err err = mls_sign_group_info(g, w, w->signer, with_tree, with_external_pub, &to);
    if (err != OK)
        buf_truncate(out, before);
    return err;
}

/* -- the secrets of each new member, as independent jobs -- */

struct welcome_work {
    struct mls_seal_context context;
    const struct mls_group *next;
    const struct mls_change *c;
    const struct mls_path_plan *plan;
    const struct mls_key_package **packages; /* in the order of c->added */
    uint8_t *seeds, *outputs;
    size_t output_bytes, kem_bytes;
    enum err *errs;
    struct span joiner, psks;
};

/* GroupSecrets; path_secret is the one of the lowest common ancestor with the committer. */
static enum err write_secrets(const struct welcome_work *w, uint32_t leaf, struct buf *out)
{
    const struct mls_suite *s = w->next->suite;
    struct mls_group_secrets secrets = {.joiner_secret = w->joiner, .psks = w->psks};
    struct writer to = writer_to(out);

    for (size_t k = 0; w->plan != NULL && k < w->plan->count; k++)
        if (mls_level(w->plan->nodes[k]) == mls_common_level(leaf, w->plan->sender)) {
            secrets.has_path_secret = true;
            secrets.path_secret = mls_secret_span(s, &w->plan->secrets[k]);
        }
    mls_write_group_secrets(&to, &secrets);
    return writer_status(&to);
}

static void seal_one(void *arg, size_t i)
{
    struct welcome_work *w = arg;
    struct buf plain = BUF_INIT(MLS_MESSAGE_BYTES_MAX);
    uint8_t *out = w->outputs + i * w->output_bytes;

    w->errs[i] = write_secrets(w, w->c->added[i], &plain);
    if (w->errs[i] == OK)
        w->errs[i] =
            mls_seal(&w->context, w->packages[i]->init_key, buf_span(&plain),
                     w->seeds + i * mls_seed_bytes(w->next->suite), out, out + w->kem_bytes);
    buf_clear(&plain);
}

static enum err work_init(struct welcome_work *w)
{
    size_t count = w->c->added_count, n = 0;
    struct buf longest = BUF_INIT(MLS_MESSAGE_BYTES_MAX);

    /* every GroupSecrets of one commit has the same length: all have a path secret or none */
    enum err err = write_secrets(w, w->c->added[0], &longest);
    w->kem_bytes = mls_kem_output_bytes(w->next->suite);
    w->output_bytes = w->kem_bytes + longest.len + MLS_AEAD_TAG;
    buf_clear(&longest);
    TRY(err);
    w->packages = malloc(count * sizeof *w->packages);
    w->errs = calloc(count, sizeof *w->errs);
    w->seeds = malloc(count * mls_seed_bytes(w->next->suite));
    w->outputs = malloc(count * w->output_bytes);
    if (w->packages == NULL || w->errs == NULL || w->seeds == NULL || w->outputs == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < w->c->count; i++)
        if (w->c->list[i].proposal.type == MLS_PROPOSAL_ADD)
            w->packages[n++] = &w->c->list[i].proposal.add;
    assert(n == count);
    return OK;
}

static void work_clear(struct welcome_work *w)
{
    if (w->seeds != NULL)
        wipe(w->seeds, w->c->added_count * mls_seed_bytes(w->next->suite));
    free(w->packages);
    free(w->errs);
    free(w->seeds);
    free(w->outputs);
}

static void write_entries(const struct welcome_work *w, struct writer *out)
{
    uint8_t ref[MLS_HASH_MAX];
    const struct mls_suite *s = w->next->suite;

    size_t mark = mls_vector_begin(out);
    for (size_t i = 0; i < w->c->added_count; i++) {
        const uint8_t *at = w->outputs + i * w->output_bytes;
        mls_key_package_ref(s, w->packages[i]->encoded, ref);
        mls_write_vector(out, span_of(ref, s->hash->bytes));
        mls_write_vector(out, span_of(at, w->kem_bytes));
        mls_write_vector(out, span_of(at + w->kem_bytes, w->output_bytes - w->kem_bytes));
    }
    mls_vector_end(out, mark);
}

static enum err seal_info(const struct mls_group *next, const struct mls_change *c,
                          const struct mls_next *n, const struct mls_commit_options *options,
                          const struct mls_signer *signer, struct buf *out)
{
    struct buf info = BUF_INIT(MLS_MESSAGE_BYTES_MAX);
    struct writer w = writer_to(&info);
    uint8_t key[MLS_AEAD_KEY_MAX], nonce[MLS_AEAD_NONCE], *at;

    enum err err = mls_sign_group_info(next, c->world, signer, !options->tree_apart,
                                       options->external_pub, &w);
    if (err == OK)
        err = buf_extend(out, info.len + MLS_AEAD_TAG, &at);
    if (err == OK) {
        struct span plain = buf_span(&info);
        mls_welcome_key(next->suite, &n->welcome, key, nonce);
        err = aead_seal_once(next->suite->aead, key, nonce, SPAN_EMPTY, &plain, 1, at);
    }
    wipe(key, sizeof key);
    buf_clear(&info);
    return err;
}

enum err mls_write_welcome_to(const struct mls_group *next, const struct mls_change *c,
                              const struct mls_path_plan *plan, const struct mls_next *n,
                              const struct mls_commit_options *options,
                              const struct mls_signer *signer, struct buf *out)
{
    struct welcome_work w = {.next = next, .c = c, .plan = plan};
    struct buf info = BUF_INIT(MLS_MESSAGE_BYTES_MAX);
    struct writer to = writer_to(out);
    size_t before = out->len;

    w.joiner = mls_secret_span(next->suite, &n->joiner);
    w.psks = buf_span(&c->psk_ids);
    enum err err = seal_info(next, c, n, options, signer, &info);
    if (err == OK)
        err = work_init(&w);
    if (err == OK) {
        mls_seal_context_init(&w.context, next->suite, "Welcome", buf_span(&info));
        rng_fill(c->world->rng, w.seeds, c->added_count * mls_seed_bytes(next->suite));
        mls_parallel(c->world->pool, seal_one, &w, c->added_count);
    }
    for (size_t i = 0; err == OK && i < c->added_count; i++)
        err = w.errs[i];
    if (err == OK) {
        mls_write_message_head(&to, MLS_WIRE_WELCOME);
        write_be16(&to, next->suite->code);
        write_entries(&w, &to);
        mls_write_vector(&to, buf_span(&info));
        err = writer_status(&to);
    }
    if (err != OK)
        buf_truncate(out, before);
    work_clear(&w);
    buf_clear(&info);
    return err;
}
