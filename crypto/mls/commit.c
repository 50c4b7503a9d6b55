/* RFC 9420 12.4.1: a member's commit. */
#include "crypto/base/wipe.h"
#include "crypto/mls/group_state.h"

#include <stdlib.h>

void mls_commit_out_clear(struct mls_commit_out *o)
{
    buf_clear(&o->commit);
    buf_clear(&o->welcome);
    mls_group_free(o->next);
    free(o->added);
    free(o->skipped);
    *o = (struct mls_commit_out){0};
}

static enum err push_values(struct mls_change *c, struct span proposals)
{
    struct reader in = reader_of(proposals);
    struct mls_listed l = {.sender = c->sender};

    while (mls_read_more(&in)) {
        mls_read_proposal(&in, &l.proposal);
        TRY(mls_read_status(&in));
        TRY(mls_change_push(c, &l));
    }
    return OK;
}

static enum err protect(struct mls_group *g, const struct mls_world *w, struct mls_making *m,
                        struct buf *out)
{
    if (m->wire_format == MLS_WIRE_PUBLIC_MESSAGE)
        return mls_public_protect(g->suite, &g->membership_key, &m->content, &m->auth,
                                  buf_span(&g->context_bytes), out);
    return mls_private_protect(&g->secrets, &g->sender_data, &m->content, &m->auth,
                               m->options->send.padding, w->rng, out);
}

static enum err make(struct mls_group *g, struct mls_making *m, struct mls_commit_out *out)
{
    const struct mls_commit_options *options = m->options;
    struct mls_change *c = m->change;

    TRY(mls_making_run(m));
    if (c->added_count > 0)
        TRY(mls_write_welcome_to(m->next, c, m->has_path ? &m->plan : NULL, &m->secrets, options,
                                 options->signer != NULL ? options->signer : c->world->signer,
                                 &out->welcome));
    TRY(protect(g, c->world, m, &out->commit));
    out->next = m->next;
    m->next = NULL;
    out->added = c->added;
    out->added_count = c->added_count;
    c->added = NULL;
    return OK;
}

static void begin(struct mls_change *c, const struct mls_group *g, const struct mls_world *w,
                  const struct mls_commit_options *options)
{
    mls_change_init(c, g, w);
    c->ours = true;
    c->sender = (struct mls_sender){MLS_SENDER_MEMBER, g->own};
    c->committer = g->own;
    c->resumes = options->resumes;
    c->resume_usage = options->resume_usage;
}

/* One attempt; `took` says how many waiting proposals are in it. */
static enum err attempt(struct mls_group *g, const struct mls_world *w,
                        const struct mls_commit_options *options, bool with_waiting, size_t *took,
                        struct mls_commit_out *out)
{
    struct mls_change c;
    struct mls_making m = {.change = &c,
                           .options = options,
                           .before = &mls_tree_leaf(&g->tree, g->own)->node,
                           .wire_format = options->send.public_message ? MLS_WIRE_PUBLIC_MESSAGE
                                                                       : MLS_WIRE_PRIVATE_MESSAGE};

    begin(&c, g, w, options);
    enum err err = push_values(&c, options->proposals);
    *took = c.count;
    if (err == OK && with_waiting)
        err = mls_select_waiting(&c, options->waiting_max, out);
    *took = c.count - *took;
    if (err == OK)
        err = make(g, &m, out);
    mls_making_clear(&m);
    mls_change_clear(&c);
    return err;
}

static enum err skip_all(const struct mls_group *g, enum err why, struct mls_commit_out *out)
{
    free(out->skipped);
    out->skipped_count = 0;
    out->skipped = calloc(g->waiting_count, sizeof *out->skipped);
    if (out->skipped == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < g->waiting_count; i++) {
        struct mls_skipped *k = &out->skipped[out->skipped_count++];
        *k = (struct mls_skipped){.sender = g->waiting[i].sender, .why = why};
        memcpy(k->ref, g->waiting[i].ref, sizeof k->ref);
    }
    return OK;
}

enum err mls_commit(struct mls_group *g, const struct mls_world *w,
                    const struct mls_commit_options *options, struct mls_commit_out *out)
{
    static const struct mls_commit_options none;
    size_t took;

    options = options == NULL ? &none : options;
    *out = (struct mls_commit_out){.commit = BUF_INIT(MLS_MESSAGE_BYTES_MAX),
                                   .welcome = BUF_INIT(MLS_MESSAGE_BYTES_MAX)};
    if (g->reinit.len > 0)
        return mls_fail(MLS_SUSPENDED);
    if (!g->has_rewind || !g->has_receive)
        return mls_fail(MLS_DROPPED);
    if (options->send.public_message && w->private_only)
        return mls_fail(MLS_WRONG_WIRE_FORMAT);
    enum err err = attempt(g, w, options, !options->without_waiting, &took, out);
    if (err != OK && took > 0) { /* the commit hook may refuse what fits together: not a deadlock */
        enum err why = err;
        buf_reset(&out->welcome);
        err = skip_all(g, why, out);
        if (err == OK)
            err = attempt(g, w, options, false, &took, out);
    }
    if (err != OK)
        mls_commit_out_clear(out);
    return err;
}
