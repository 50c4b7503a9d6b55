/* RFC 9420 12.2: is a list of proposals valid as a whole? 12.4: which are meant? */
#include "crypto/mls/group_state.h"

#include "crypto/base/wipe.h"

#include <stdlib.h>

void mls_change_init(struct mls_change *c, const struct mls_group *g, const struct mls_world *w)
{
    *c = (struct mls_change){.g = g,
                             .world = w,
                             .extensions = g->context.extensions,
                             .psk_ids = BUF_INIT(MLS_MESSAGE_BYTES_MAX)};
}

void mls_change_clear(struct mls_change *c)
{
    free(c->list);
    free(c->added);
    buf_clear(&c->psk_ids);
    if (c->has_tree)
        mls_tree_clear(&c->tree);
    wipe(c, sizeof *c);
}

enum err mls_change_push(struct mls_change *c, const struct mls_listed *p)
{
    if (c->count == MLS_PROPOSALS_COMMIT_MAX)
        return mls_fail(MLS_TOO_MANY);
    if (c->count == c->cap) {
        size_t cap = c->cap == 0 ? 8 : 2 * c->cap;
        struct mls_listed *list = realloc(c->list, cap * sizeof *list);
        if (list == NULL)
            return ERR_MEMORY;
        c->list = list;
        c->cap = cap;
    }
    c->list[c->count++] = *p;
    return OK;
}

static const struct mls_waiting *find_waiting(const struct mls_group *g, struct span ref)
{
    for (size_t i = 0; i < g->waiting_count; i++)
        if (span_eq(ref, span_of(g->waiting[i].ref, g->suite->hash->bytes)))
            return &g->waiting[i];
    return NULL;
}

enum err mls_change_read(struct mls_change *c, struct span proposals)
{
    struct reader in = reader_of(proposals);
    struct mls_proposal_or_ref p;

    while (mls_read_more(&in)) {
        mls_read_proposal_or_ref(&in, &p);
        struct mls_listed l = {.proposal = p.proposal, .sender = c->sender};
        if (p.by_reference) {
            const struct mls_waiting *w = find_waiting(c->g, p.reference);
            if (c->sender.type == MLS_SENDER_NEW_MEMBER_COMMIT)
                return mls_fail(MLS_EXTERNAL_REFERENCE);
            if (w == NULL)
                return mls_fail(MLS_UNKNOWN_REFERENCE);
            struct reader stored = reader_of(blob_span(w->proposal));
            mls_read_proposal(&stored, &l.proposal);
            l.sender = w->sender;
            l.by_reference = true;
            memcpy(l.ref, w->ref, sizeof l.ref);
        }
        TRY(mls_change_push(c, &l));
    }
    return mls_read_status(&in);
}

/* -- the list as a whole -- */

/* what was seen of a list so far */
struct seen {
    uint8_t *leaves; /* a bit for each leaf that an Update or Remove changes */
    size_t extensions, external_inits, removes, psks;
};

static enum err mark_leaf(struct seen *s, uint32_t leaf)
{
    uint8_t bit = (uint8_t)(1u << leaf % 8);

    if (s->leaves[leaf / 8] & bit)
        return mls_fail(MLS_LEAF_CHANGED_TWICE);
    s->leaves[leaf / 8] |= bit;
    return OK;
}

static enum err check_psk(const struct mls_change *c, size_t at)
{
    const struct mls_psk_id *id = &c->list[at].proposal.psk;
    bool successor = id->type == MLS_PSK_RESUMPTION && id->usage != MLS_PSK_APPLICATION;

    if (id->nonce.len != c->g->suite->hash->bytes)
        return mls_fail(MLS_PSK_NONCE_LENGTH);
    if (successor && (c->resumes == NULL || id->usage != c->resume_usage))
        return mls_fail(MLS_PSK_MISPLACED);
    for (size_t i = 0; i < at; i++)
        if (c->list[i].proposal.type == MLS_PROPOSAL_PSK &&
            span_eq(c->list[i].proposal.psk.encoded, id->encoded))
            return mls_fail(MLS_PSK_TWICE);
    return OK;
}

static enum err check_remove(const struct mls_change *c, struct seen *s, uint32_t leaf)
{
    if (mls_tree_leaf(&c->g->tree, leaf) == NULL)
        return mls_fail(MLS_REMOVE_BLANK);
    if (c->sender.type == MLS_SENDER_MEMBER && leaf == c->sender.index)
        return mls_fail(MLS_COMMITTER_REMOVED);
    if (++s->removes > 1 && c->sender.type != MLS_SENDER_MEMBER)
        return mls_fail(MLS_EXTERNAL_REMOVES);
    return mark_leaf(s, leaf);
}

static enum err check_update(const struct mls_change *c, struct seen *s, const struct mls_listed *l)
{
    if (l->sender.type != MLS_SENDER_MEMBER || mls_tree_leaf(&c->g->tree, l->sender.index) == NULL)
        return mls_fail(MLS_BAD_SENDER);
    if (c->sender.type == MLS_SENDER_MEMBER && l->sender.index == c->sender.index)
        return mls_fail(MLS_UPDATE_BY_COMMITTER);
    return mark_leaf(s, l->sender.index);
}

/* What an external commit may hold. */
static enum err check_external(const struct mls_change *c, const struct mls_listed *l)
{
    if (c->sender.type == MLS_SENDER_MEMBER)
        return OK;
    switch (l->proposal.type) {
    case MLS_PROPOSAL_EXTERNAL_INIT:
    case MLS_PROPOSAL_REMOVE:
    case MLS_PROPOSAL_PSK:
        return OK;
    default:
        return mls_fail(MLS_EXTERNAL_PROPOSALS);
    }
}

static enum err check_one(const struct mls_change *c, struct seen *s, size_t at)
{
    const struct mls_listed *l = &c->list[at];

    TRY(check_external(c, l));
    switch (l->proposal.type) {
    case MLS_PROPOSAL_ADD:
        return OK;
    case MLS_PROPOSAL_UPDATE:
        return check_update(c, s, l);
    case MLS_PROPOSAL_REMOVE:
        return check_remove(c, s, l->proposal.removed);
    case MLS_PROPOSAL_PSK:
        return ++s->psks > MLS_PSKS_MAX ? mls_fail(MLS_TOO_MANY) : check_psk(c, at);
    case MLS_PROPOSAL_REINIT:
        if (c->count > 1)
            return mls_fail(MLS_REINIT_NOT_ALONE);
        return l->proposal.reinit.version < MLS_VERSION_10 ? mls_fail(MLS_REINIT_DOWNGRADE) : OK;
    case MLS_PROPOSAL_EXTERNAL_INIT:
        if (c->sender.type == MLS_SENDER_MEMBER)
            return mls_fail(MLS_EXTERNAL_INIT_MISPLACED);
        return ++s->external_inits > 1 ? mls_fail(MLS_EXTERNAL_INIT_COUNT) : OK;
    case MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS:
        return ++s->extensions > 1 ? mls_fail(MLS_EXTENSIONS_TWICE) : OK;
    default:
        return mls_fail(MLS_PROPOSAL_UNSUPPORTED); /* we are a member that does not support it */
    }
}

enum err mls_change_check_list(struct mls_change *c)
{
    struct seen s = {.leaves = calloc(1, c->g->tree.leaves / 8 + 1)};
    enum err err = s.leaves == NULL ? ERR_MEMORY : OK;

    for (size_t i = 0; err == OK && i < c->count; i++)
        err = check_one(c, &s, i);
    free(s.leaves);
    if (err == OK && c->sender.type != MLS_SENDER_MEMBER && s.external_inits != 1)
        err = mls_fail(MLS_EXTERNAL_INIT_COUNT);
    return err;
}
