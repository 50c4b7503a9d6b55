/* RFC 9420 12.4.1: the steps that every commit we make goes through. */
#include "crypto/base/wipe.h"
#include "crypto/mls/group_state.h"

enum err mls_ask_commit(const struct mls_change *c, struct span authenticated_data)
{
    struct mls_commit_view v = {.parent = c->g,
                                .sender = c->sender,
                                .committer = c->committer,
                                .proposals = c->list,
                                .proposal_count = c->count,
                                .authenticated_data = authenticated_data,
                                .tree = &c->tree,
                                .extensions = c->extensions};

    enum err err = c->world->commit == NULL ? OK : c->world->commit(c->world->ctx, &v);
    return err == ERR_REFUSED ? mls_fail(MLS_COMMIT_REJECTED) : err;
}

void mls_making_clear(struct mls_making *m)
{
    mls_group_free(m->next);
    mls_path_plan_clear(&m->plan);
    buf_clear(&m->body);
    buf_clear(&m->framed);
    wipe(m, sizeof *m);
}

static const struct mls_signer *leaf_signer(const struct mls_making *m)
{
    return m->options->signer != NULL ? m->options->signer : m->change->world->signer;
}

/* New keys for our path, and our new leaf judged like anybody's. */
static enum err make_path(struct mls_making *m)
{
    struct mls_change *c = m->change;
    const struct mls_world *w = c->world;
    struct buf scratch = BUF_INIT(MLS_MESSAGE_BYTES_MAX);
    struct mls_leaf_node content;
    struct mls_leaf_rules rules = mls_rules_of(w, c->g->suite, c->extensions);

    enum err err = mls_leaf_content(w, m->options->client, m->before, &scratch, &content);
    if (err == OK)
        err = mls_path_plan_make(&c->tree, c->committer, &content, leaf_signer(m),
                                 c->g->context.group_id, w->rng, &m->plan);
    buf_clear(&scratch);
    TRY(err);
    const struct mls_leaf_node *fresh = &mls_tree_leaf(&c->tree, c->committer)->node;
    TRY(mls_leaf_check(fresh, MLS_LEAF_COMMIT, &rules));
    return mls_ask_credential(w, fresh, m->before);
}

/* Commit: proposals, by value or by reference, then the path. */
static enum err write_body(struct mls_making *m)
{
    const struct mls_change *c = m->change;
    struct mls_leaf_set added = mls_change_added(c);
    struct writer w = writer_to(&m->body);

    size_t mark = mls_vector_begin(&w);
    for (size_t i = 0; i < c->count; i++) {
        const struct mls_listed *l = &c->list[i];
        write_u8(&w, l->by_reference ? 2 : 1);
        if (l->by_reference)
            mls_write_vector(&w, span_of(l->ref, c->g->suite->hash->bytes));
        else
            write_bytes(&w, l->proposal.encoded);
    }
    mls_vector_end(&w, mark);
    write_u8(&w, m->has_path);
    if (!m->has_path)
        return writer_status(&w);
    return mls_path_encrypt(&m->next->tree, &m->plan, buf_span(&m->next->context_bytes), &added,
                            c->world->rng, c->world->pool, &w);
}

static enum err sign_content(struct mls_making *m)
{
    const struct mls_change *c = m->change;
    struct writer w = writer_to(&m->framed);
    size_t sig_len;

    m->content =
        (struct mls_framed_content){.group_id = c->g->context.group_id,
                                    .epoch = c->g->context.epoch,
                                    .sender = c->sender,
                                    .authenticated_data = m->options->send.authenticated_data,
                                    .content_type = MLS_CONTENT_COMMIT,
                                    .body = buf_span(&m->body)};
    TRY(buf_reserve(&m->framed, m->body.len + m->content.group_id.len +
                                    m->content.authenticated_data.len + 32));
    mls_write_framed_content(&w, &m->content);
    TRY(writer_status(&w));
    m->content.encoded = buf_span(&m->framed);
    /* a joiner signs with the key of its new leaf, a member with that of its old one (6.1) */
    const struct mls_signer *signer =
        c->sender.type == MLS_SENDER_MEMBER ? c->world->signer : leaf_signer(m);
    TRY(mls_content_sign(signer, m->wire_format, m->content.encoded, buf_span(&c->g->context_bytes),
                         m->sig, &sig_len));
    m->auth.signature = span_of(m->sig, sig_len);
    return OK;
}

enum err mls_making_run(struct mls_making *m)
{
    struct mls_change *c = m->change;
    struct mls_secret commit_secret = {0};

    buf_init(&m->body, MLS_MESSAGE_BYTES_MAX);
    buf_init(&m->framed, MLS_MESSAGE_BYTES_MAX);
    TRY(mls_change_apply(c));
    if (c->sender.type != MLS_SENDER_MEMBER)
        TRY(mls_change_place_joiner(c));
    m->has_path = c->needs_path || m->options->with_path || m->options->client != NULL ||
                  m->options->signer != NULL;
    if (m->has_path)
        TRY(make_path(m));
    TRY(mls_change_check_members(c));
    TRY(mls_ask_commit(c, m->options->send.authenticated_data));
    TRY(mls_next_begin(c, &m->next));
    m->next->own = c->committer;
    if (m->has_path) {
        mls_path_plan_keep(&m->plan, c->g->suite, &m->next->keys);
        commit_secret = m->plan.secrets[m->plan.count];
    } else {
        m->next->keys = c->g->keys;
    }
    mls_private_path_prune(&m->next->keys, &m->next->tree, m->next->own);
    TRY(write_body(m));
    TRY(sign_content(m));
    enum err err = mls_next_finish(m->next, c, &commit_secret, m->wire_format, m->content.encoded,
                                   m->auth.signature, &m->secrets);
    m->auth.confirmation_tag = span_of(m->secrets.tag, c->g->suite->hash->bytes);
    wipe(&commit_secret, sizeof commit_secret);
    return err;
}
