/* RFC 9420 12.1, 5.3.1: what a proposal must be by itself, and the application's word on it. */
#include "crypto/mls/group_state.h"

/* -- hooks -- */

static enum err ask(const struct mls_world *w, const struct mls_claim *claim)
{
    enum err err = w->credential == NULL ? OK : w->credential(w->ctx, claim);
    return err == ERR_REFUSED ? mls_fail(MLS_CREDENTIAL_REJECTED) : err;
}

enum err mls_ask_credential(const struct mls_world *w, const struct mls_leaf_node *leaf,
                            const struct mls_leaf_node *before)
{
    return ask(w, &(struct mls_claim){&leaf->credential, leaf->signature_key, leaf, before});
}

bool mls_next_external_sender(struct reader *list, struct mls_external_sender *out)
{
    if (!mls_read_more(list))
        return false;
    mls_read_external_sender(list, out);
    return !list->failed;
}

enum err mls_ask_external_senders(const struct mls_world *w, struct span extensions)
{
    struct mls_external_sender sender;
    struct span data;

    if (!mls_extension_find(extensions, MLS_EXTENSION_EXTERNAL_SENDERS, &data))
        return OK;
    struct reader r = reader_of(data), list = reader_of(mls_read_vector(&r));
    while (mls_next_external_sender(&list, &sender))
        TRY(ask(w, &(struct mls_claim){.credential = &sender.credential,
                                       .signature_key = sender.signature_key}));
    return OK;
}

enum err mls_ask_proposal(const struct mls_group *g, const struct mls_world *w,
                          const struct mls_listed *l)
{
    enum err err = w->proposal == NULL ? OK : w->proposal(w->ctx, g, l);
    return err == ERR_REFUSED ? mls_fail(MLS_PROPOSAL_REJECTED) : err;
}

/* -- rules -- */

/* Not against the group's extensions: a GroupContextExtensions beside it may change them. */
static struct mls_leaf_rules rules_alone(const struct mls_group *g, const struct mls_world *w)
{
    return mls_rules_of(w, g->suite, SPAN_EMPTY);
}

static enum err judge_add(const struct mls_group *g, const struct mls_world *w,
                          const struct mls_key_package *k)
{
    struct mls_leaf_rules rules = rules_alone(g, w);

    TRY(mls_key_package_check(k, &rules));
    return mls_ask_credential(w, &k->leaf, NULL);
}

static enum err judge_update(const struct mls_group *g, const struct mls_world *w,
                             const struct mls_listed *l)
{
    const struct mls_leaf_node *fresh = &l->proposal.update;
    struct mls_leaf_rules rules = rules_alone(g, w);

    if (l->sender.type != MLS_SENDER_MEMBER)
        return mls_fail(MLS_BAD_SENDER);
    const struct mls_leaf_node *before = &mls_tree_leaf(&g->tree, l->sender.index)->node;
    TRY(mls_leaf_check(fresh, MLS_LEAF_UPDATE, &rules));
    if (span_eq(fresh->encryption_key, before->encryption_key))
        return mls_fail(MLS_ENCRYPTION_KEY_KEPT);
    TRY(mls_leaf_verify(g->suite, fresh, g->context.group_id, l->sender.index));
    return mls_ask_credential(w, fresh, before);
}

static enum err judge_psk(const struct mls_group *g, const struct mls_psk_id *id)
{
    if (id->nonce.len != g->suite->hash->bytes)
        return mls_fail(MLS_PSK_NONCE_LENGTH);
    if (id->type == MLS_PSK_RESUMPTION && id->usage != MLS_PSK_APPLICATION)
        return mls_fail(MLS_PSK_MISPLACED); /* in the first commit of a successor alone */
    return OK;
}

static enum err judge_extensions(const struct mls_world *w, struct span extensions)
{
    TRY(mls_group_extensions_check(extensions));
    return mls_ask_external_senders(w, extensions);
}

static enum err judge_rules(const struct mls_group *g, const struct mls_world *w,
                            const struct mls_listed *l)
{
    const struct mls_proposal *p = &l->proposal;

    switch (p->type) {
    case MLS_PROPOSAL_ADD:
        return judge_add(g, w, &p->add);
    case MLS_PROPOSAL_UPDATE:
        return judge_update(g, w, l);
    case MLS_PROPOSAL_REMOVE:
        return mls_tree_leaf(&g->tree, p->removed) == NULL ? mls_fail(MLS_REMOVE_BLANK) : OK;
    case MLS_PROPOSAL_PSK:
        return judge_psk(g, &p->psk);
    case MLS_PROPOSAL_REINIT:
        return p->reinit.version < MLS_VERSION_10 ? mls_fail(MLS_REINIT_DOWNGRADE) : OK;
    case MLS_PROPOSAL_EXTERNAL_INIT:
        return mls_fail(MLS_EXTERNAL_INIT_MISPLACED); /* by value, in an external commit alone */
    case MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS:
        return judge_extensions(w, p->extensions);
    default:
        return mls_fail(MLS_PROPOSAL_UNSUPPORTED); /* we are a member that does not support it */
    }
}

enum err mls_judge_proposal(const struct mls_group *g, const struct mls_world *w,
                            const struct mls_listed *l)
{
    TRY(judge_rules(g, w, l));
    return mls_ask_proposal(g, w, l);
}
