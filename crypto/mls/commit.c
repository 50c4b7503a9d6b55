/* RFC 9420 12.4.1: a member's commit, and which waiting proposals it takes along. */
#include "crypto/base/wipe.h"
#include "crypto/mls/group_state.h"

#include <stdlib.h>

void mls_commit_out_clear(struct mls_commit_out *o)
{
    buf_clear(&o->commit);
    buf_clear(&o->welcome);
    mls_group_free(o->next);
    free(o->added);
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

/* The leaf that an Update or Remove changes; UINT32_MAX for others. */
static uint32_t changed_leaf(const struct mls_listed *l)
{
    if (l->proposal.type == MLS_PROPOSAL_REMOVE)
        return l->proposal.removed;
    return l->proposal.type == MLS_PROPOSAL_UPDATE ? l->sender.index : UINT32_MAX;
}

static bool only_one_allowed(uint16_t type)
{
    return type == MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS || type == MLS_PROPOSAL_REINIT;
}

/* Does a waiting proposal go with what is listed? RFC 9420 12.2: prefer Removes, then the most
 * recent Update; others before a ReInit. May replace an Update in the list. */
static bool fits(struct mls_change *c, const struct mls_listed *l)
{
    uint32_t leaf = changed_leaf(l);

    if (leaf == c->g->own)
        return false; /* our own Update, or our removal */
    if (l->proposal.type == MLS_PROPOSAL_REINIT && c->count > 0)
        return false;
    for (size_t i = 0; i < c->count; i++) {
        struct mls_listed *other = &c->list[i];
        if (only_one_allowed(l->proposal.type) && other->proposal.type == l->proposal.type)
            return false;
        if (other->proposal.type == MLS_PROPOSAL_REINIT)
            return false;
        if (l->proposal.type == MLS_PROPOSAL_ADD && other->proposal.type == MLS_PROPOSAL_ADD &&
            span_eq(l->proposal.add.leaf.signature_key, other->proposal.add.leaf.signature_key))
            return false;
        if (leaf == UINT32_MAX || changed_leaf(other) != leaf)
            continue;
        if (other->by_reference && other->proposal.type == MLS_PROPOSAL_UPDATE)
            *other = *l;
        return false;
    }
    return true;
}

static enum err push_waiting(struct mls_change *c, bool but_reinit)
{
    const struct mls_group *g = c->g;

    for (size_t i = 0; i < g->waiting_count; i++) {
        struct mls_listed l = {.sender = g->waiting[i].sender, .by_reference = true};
        struct reader stored = reader_of(blob_span(g->waiting[i].proposal));
        mls_read_proposal(&stored, &l.proposal);
        memcpy(l.ref, g->waiting[i].ref, sizeof l.ref);
        if ((l.proposal.type == MLS_PROPOSAL_REINIT) == but_reinit)
            continue;
        if (fits(c, &l))
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

    TRY(push_values(c, options->proposals));
    if (!options->without_waiting) {
        TRY(push_waiting(c, true)); /* a ReInit only when there is nothing else */
        TRY(push_waiting(c, false));
    }
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

enum err mls_commit(struct mls_group *g, const struct mls_world *w,
                    const struct mls_commit_options *options, struct mls_commit_out *out)
{
    static const struct mls_commit_options none;
    struct mls_change c;
    struct mls_making m = {.change = &c, .options = options == NULL ? &none : options};

    *out = (struct mls_commit_out){.commit = BUF_INIT(MLS_MESSAGE_BYTES_MAX),
                                   .welcome = BUF_INIT(MLS_MESSAGE_BYTES_MAX)};
    if (g->reinit.len > 0)
        return mls_fail(MLS_SUSPENDED);
    if (!g->has_rewind || !g->has_receive)
        return mls_fail(MLS_DROPPED);
    mls_change_init(&c, g, w);
    c.sender = (struct mls_sender){MLS_SENDER_MEMBER, g->own};
    c.committer = g->own;
    c.resumes = m.options->resumes;
    c.resume_usage = m.options->resume_usage;
    m.before = &mls_tree_leaf(&g->tree, g->own)->node;
    m.wire_format =
        m.options->send.public_message ? MLS_WIRE_PUBLIC_MESSAGE : MLS_WIRE_PRIVATE_MESSAGE;
    enum err err = make(g, &m, out);
    mls_making_clear(&m);
    mls_change_clear(&c);
    if (err != OK)
        mls_commit_out_clear(out);
    return err;
}
