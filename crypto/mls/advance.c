/* From a validated change to the next state: what committing and following share (RFC 9420 12.4).
 */
#include "crypto/base/wipe.h"
#include "crypto/mls/group_state.h"

static void remember_resumption(const struct mls_group *g, struct mls_group *next)
{
    next->past_keep = g->past_keep;
    if (!g->has_rewind || g->past_keep == 0)
        return;
    next->past[0] = (struct mls_resumption){g->context.epoch, g->resumption};
    next->past_count = 1;
    for (size_t i = 0; i < g->past_count && next->past_count < g->past_keep; i++)
        next->past[next->past_count++] = g->past[i];
}

enum err mls_next_begin(struct mls_change *c, struct mls_group **out)
{
    const struct mls_group *g = c->g;
    struct mls_group *next = mls_group_alloc(g->suite);
    uint8_t tree_hash[MLS_HASH_MAX];
    struct mls_group_context context = g->context;

    if (next == NULL)
        return ERR_MEMORY;
    mls_tree_hash(&c->tree, tree_hash);
    next->own = g->own;
    next->tree = c->tree;
    c->has_tree = false;
    remember_resumption(g, next);
    context.epoch++;
    context.tree_hash = span_of(tree_hash, g->suite->hash->bytes);
    context.extensions = c->extensions;
    enum err err = mls_group_set_context(next, &context); /* provisional */
    if (err == OK && c->reinit != NULL) {
        struct writer w = writer_to(&next->reinit);
        mls_write_reinit(&w, c->reinit);
        err = writer_status(&w);
    }
    if (err == OK)
        *out = next;
    else
        mls_group_free(next);
    return err;
}

enum err mls_next_finish(struct mls_group *next, const struct mls_change *c,
                         const struct mls_secret *commit_secret, uint16_t wire_format,
                         struct span framed, struct span signature, struct mls_next *out)
{
    const struct mls_suite *s = next->suite;
    uint8_t confirmed[MLS_HASH_MAX];
    struct span confirmed_span = span_of(confirmed, s->hash->bytes);
    struct mls_group_context context = next->context;
    struct mls_epoch_secrets e;

    mls_confirmed_transcript_hash(s, span_of(c->g->interim, s->hash->bytes), wire_format, framed,
                                  signature, confirmed);
    context.confirmed_transcript_hash = confirmed_span;
    TRY(mls_group_set_context(next, &context));
    mls_joiner_secret(s, &c->init, commit_secret, buf_span(&next->context_bytes), &out->joiner);
    mls_welcome_secret(s, &out->joiner, &c->psk_secret, &out->welcome);
    mls_epoch_derive(s, &out->joiner, &c->psk_secret, buf_span(&next->context_bytes), &e);
    mls_mac(s, mls_secret_span(s, &e.confirmation_key), confirmed_span, out->tag);
    memcpy(next->confirmation_tag, out->tag, sizeof next->confirmation_tag);
    mls_interim_transcript_hash(s, confirmed_span, mls_group_confirmation_tag(next), next->interim);
    enum err err = mls_group_enter(next, &e);
    wipe(&e, sizeof e);
    return err;
}
