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

static bool find_waiting(const struct mls_group *g, struct span ref, struct mls_listed *out)
{
    for (size_t i = 0; i < g->waiting_count; i++)
        if (span_eq(ref, span_of(g->waiting[i].ref, g->suite->hash->bytes))) {
            *out = mls_group_waiting_at(g, i);
            return true;
        }
    return false;
}

enum err mls_change_read(struct mls_change *c, struct span proposals)
{
    struct reader in = reader_of(proposals);
    struct mls_proposal_or_ref p;

    while (mls_read_more(&in)) {
        mls_read_proposal_or_ref(&in, &p);
        struct mls_listed l = {.proposal = p.proposal, .sender = c->sender};
        if (p.by_reference) {
            if (c->sender.type == MLS_SENDER_NEW_MEMBER_COMMIT)
                return mls_fail(MLS_EXTERNAL_REFERENCE);
            if (!find_waiting(c->g, p.reference, &l))
                return mls_fail(MLS_UNKNOWN_REFERENCE);
        }
        TRY(mls_change_push(c, &l));
    }
    return mls_read_status(&in);
}

/* -- the list as a whole -- */

enum err mls_seen_init(struct mls_seen *s, const struct mls_group *g)
{
    *s = (struct mls_seen){.leaves = calloc(1, g->tree.leaves / 8 + 1)};
    return s->leaves == NULL ? ERR_MEMORY : OK;
}

static enum err mark_leaf(struct mls_seen *s, uint32_t leaf)
{
    uint8_t bit = (uint8_t)(1u << leaf % 8);

    if (s->leaves[leaf / 8] & bit)
        return mls_fail(MLS_LEAF_CHANGED_TWICE);
    s->leaves[leaf / 8] |= bit;
    return OK;
}

static enum err check_psk(struct mls_seen *s, const struct mls_change *c,
                          const struct mls_listed *l)
{
    const struct mls_psk_id *id = &l->proposal.psk;
    bool successor = id->type == MLS_PSK_RESUMPTION && id->usage != MLS_PSK_APPLICATION;

    if (s->psks == MLS_PSKS_MAX)
        return mls_fail(MLS_TOO_MANY);
    if (id->nonce.len != c->g->suite->hash->bytes)
        return mls_fail(MLS_PSK_NONCE_LENGTH);
    if (successor && (c->resumes == NULL || id->usage != c->resume_usage))
        return mls_fail(MLS_PSK_MISPLACED);
    for (size_t i = 0; i < c->count && &c->list[i] != l; i++)
        if (c->list[i].proposal.type == MLS_PROPOSAL_PSK &&
            span_eq(c->list[i].proposal.psk.encoded, id->encoded))
            return mls_fail(MLS_PSK_TWICE);
    s->psks++;
    return OK;
}

static enum err check_remove(struct mls_seen *s, const struct mls_change *c, uint32_t leaf)
{
    if (mls_tree_leaf(&c->g->tree, leaf) == NULL)
        return mls_fail(MLS_REMOVE_BLANK);
    if (c->sender.type == MLS_SENDER_MEMBER && leaf == c->sender.index)
        return mls_fail(MLS_COMMITTER_REMOVED);
    if (s->removes > 0 && c->sender.type != MLS_SENDER_MEMBER)
        return mls_fail(MLS_EXTERNAL_REMOVES);
    TRY(mark_leaf(s, leaf));
    s->removes++;
    return OK;
}

static enum err check_update(struct mls_seen *s, const struct mls_change *c,
                             const struct mls_listed *l)
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

static enum err only_once(size_t *seen, enum mls_error otherwise)
{
    if (*seen > 0)
        return mls_fail(otherwise);
    ++*seen;
    return OK;
}

enum err mls_seen_add(struct mls_seen *s, const struct mls_change *c, const struct mls_listed *l)
{
    TRY(check_external(c, l));
    switch (l->proposal.type) {
    case MLS_PROPOSAL_ADD:
        return OK;
    case MLS_PROPOSAL_UPDATE:
        return check_update(s, c, l);
    case MLS_PROPOSAL_REMOVE:
        return check_remove(s, c, l->proposal.removed);
    case MLS_PROPOSAL_PSK:
        return check_psk(s, c, l);
    case MLS_PROPOSAL_REINIT:
        return l->proposal.reinit.version < MLS_VERSION_10 ? mls_fail(MLS_REINIT_DOWNGRADE) : OK;
    case MLS_PROPOSAL_EXTERNAL_INIT:
        if (c->sender.type == MLS_SENDER_MEMBER)
            return mls_fail(MLS_EXTERNAL_INIT_MISPLACED);
        return only_once(&s->external_inits, MLS_EXTERNAL_INIT_COUNT);
    case MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS:
        return only_once(&s->extensions, MLS_EXTENSIONS_TWICE);
    default:
        return mls_fail(MLS_PROPOSAL_UNSUPPORTED); /* we are a member that does not support it */
    }
}

void mls_seen_undo(struct mls_seen *s, const struct mls_seen *before, const struct mls_listed *l)
{
    uint32_t leaf = mls_changed_leaf(l);

    *s = *before; /* counters; the bits are shared */
    if (leaf != UINT32_MAX)
        s->leaves[leaf / 8] &= (uint8_t) ~(1u << leaf % 8);
}

uint32_t mls_changed_leaf(const struct mls_listed *l)
{
    if (l->proposal.type == MLS_PROPOSAL_REMOVE)
        return l->proposal.removed;
    return l->proposal.type == MLS_PROPOSAL_UPDATE ? l->sender.index : UINT32_MAX;
}

enum err mls_change_check_list(struct mls_change *c)
{
    struct mls_seen s;
    enum err err = mls_seen_init(&s, c->g);

    for (size_t i = 0; err == OK && i < c->count; i++) {
        err = mls_seen_add(&s, c, &c->list[i]);
        if (err == OK && c->list[i].proposal.type == MLS_PROPOSAL_REINIT && c->count > 1)
            err = mls_fail(MLS_REINIT_NOT_ALONE);
    }
    free(s.leaves);
    if (err == OK && c->sender.type != MLS_SENDER_MEMBER && s.external_inits != 1)
        err = mls_fail(MLS_EXTERNAL_INIT_COUNT);
    return err;
}
