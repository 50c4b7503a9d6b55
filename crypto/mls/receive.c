/* RFC 9420 6: from an MLSMessage to verified content, and on to where it belongs. */
#include "crypto/base/wipe.h"
#include "crypto/mls/group_state.h"

void mls_event_clear(struct mls_event *e)
{
    buf_clear(&e->data);
    buf_clear(&e->authenticated_data);
    mls_group_free(e->next);
    *e = (struct mls_event){0};
}

static bool is_member(const void *tree, uint32_t leaf)
{
    return mls_tree_leaf(tree, leaf) != NULL;
}

/* Does the message belong to this state? */
static enum err check_place(const struct mls_group *g, struct span group_id, uint64_t epoch)
{
    if (!span_eq(group_id, g->context.group_id))
        return mls_fail(MLS_WRONG_GROUP);
    return epoch == g->context.epoch ? OK : mls_fail(MLS_WRONG_EPOCH);
}

static enum err external_sender_key(const struct mls_group *g, uint32_t index, struct span *key)
{
    struct span data;
    struct mls_external_sender sender;

    if (!mls_extension_find(g->context.extensions, MLS_EXTENSION_EXTERNAL_SENDERS, &data))
        return mls_fail(MLS_EXTERNAL_SENDER_UNKNOWN);
    struct reader r = reader_of(data), list = reader_of(mls_read_vector(&r));
    for (uint32_t i = 0; mls_next_external_sender(&list, &sender); i++)
        if (i == index) {
            *key = sender.signature_key;
            return OK;
        }
    return mls_fail(MLS_EXTERNAL_SENDER_UNKNOWN);
}

static bool allowed_from_outside(uint16_t proposal_type)
{
    switch (proposal_type) {
    case MLS_PROPOSAL_ADD:
    case MLS_PROPOSAL_REMOVE:
    case MLS_PROPOSAL_PSK:
    case MLS_PROPOSAL_REINIT:
    case MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS:
        return true;
    default:
        return false;
    }
}

/* The key that must have signed, by sender type (RFC 9420 6.1), and what such a sender may send. */
static enum err sender_key(const struct mls_group *g, const struct mls_framed_content *c,
                           struct span *key)
{
    const struct mls_leaf *leaf;

    switch (c->sender.type) {
    case MLS_SENDER_MEMBER:
        leaf = mls_tree_leaf(&g->tree, c->sender.index);
        if (leaf == NULL)
            return mls_fail(MLS_BAD_SENDER);
        *key = leaf->node.signature_key;
        return OK;
    case MLS_SENDER_EXTERNAL:
        if (c->content_type != MLS_CONTENT_PROPOSAL)
            return mls_fail(MLS_BAD_SENDER);
        if (!allowed_from_outside(c->proposal.type))
            return mls_fail(MLS_EXTERNAL_TYPE);
        return external_sender_key(g, c->sender.index, key);
    case MLS_SENDER_NEW_MEMBER_PROPOSAL:
        if (c->content_type != MLS_CONTENT_PROPOSAL || c->proposal.type != MLS_PROPOSAL_ADD)
            return mls_fail(MLS_BAD_SENDER);
        *key = c->proposal.add.leaf.signature_key;
        return OK;
    case MLS_SENDER_NEW_MEMBER_COMMIT:
        if (c->content_type != MLS_CONTENT_COMMIT)
            return mls_fail(MLS_BAD_SENDER);
        if (!c->commit.has_path)
            return mls_fail(MLS_PATH_MISSING);
        *key = c->commit.path.leaf.signature_key;
        return OK;
    default:
        return mls_fail(MLS_BAD_SENDER);
    }
}

static enum err unprotect(struct mls_group *g, const struct mls_world *w,
                          const struct mls_message *m, struct mls_opened *o)
{
    const struct mls_private_message *private = &m->private_message;
    const struct mls_public_message *public = &m->public_message;

    if (m->wire_format == MLS_WIRE_PRIVATE_MESSAGE) {
        TRY(check_place(g, private->group_id, private->epoch));
        if (!g->has_receive)
            return mls_fail(MLS_DROPPED);
        return mls_private_unprotect(&g->secrets, &g->sender_data, private, g->own, is_member,
                                     &g->tree, o);
    }
    if (m->wire_format != MLS_WIRE_PUBLIC_MESSAGE || w->private_only)
        return mls_fail(MLS_WRONG_WIRE_FORMAT);
    TRY(check_place(g, public->content.group_id, public->content.epoch));
    if (!g->has_receive && public->content.sender.type == MLS_SENDER_MEMBER)
        return mls_fail(MLS_DROPPED);
    TRY(mls_public_unprotect(g->suite, &g->membership_key, public, buf_span(&g->context_bytes), o));
    if (o->content.sender.type == MLS_SENDER_MEMBER && o->content.sender.index == g->own)
        return mls_fail(MLS_OWN_MESSAGE);
    return OK;
}

static enum err receive_proposal(struct mls_group *g, const struct mls_world *w,
                                 const struct mls_opened *o, struct mls_event *event)
{
    struct mls_listed l = {
        .proposal = o->content.proposal, .sender = o->content.sender, .by_reference = true};

    event->kind = MLS_EVENT_PROPOSAL;
    TRY(mls_proposal_ref(g->suite, o, l.ref));
    TRY(mls_judge_proposal(g, w, &l));
    TRY(buf_append(&event->data, o->content.body));
    return mls_group_add_waiting(g, l.ref, l.sender, o->content.body);
}

/* Everything after decoding; whatever the group keeps is changed last. */
static enum err handle(struct mls_group *g, const struct mls_world *w, const struct mls_message *m,
                       struct mls_opened *o, struct mls_event *event)
{
    struct span key;

    TRY(unprotect(g, w, m, o));
    TRY(sender_key(g, &o->content, &key));
    TRY(mls_content_verify(g->suite, key, o, buf_span(&g->context_bytes)));
    if (o->content.sender.type == MLS_SENDER_MEMBER && o->content.sender.index == g->own)
        return mls_fail(MLS_OWN_AHEAD); /* truly ours: it is signed */
    event->sender = o->content.sender;
    event->leaf = o->content.sender.index;
    event->generation = o->has_step ? o->step.key.generation : 0;
    TRY(buf_append(&event->authenticated_data, o->content.authenticated_data));
    switch (o->content.content_type) {
    case MLS_CONTENT_APPLICATION:
        event->kind = MLS_EVENT_APPLICATION;
        TRY(buf_append(&event->data, o->content.application));
        break;
    case MLS_CONTENT_PROPOSAL:
        TRY(receive_proposal(g, w, o, event));
        break;
    case MLS_CONTENT_COMMIT:
        TRY(mls_follow(g, w, o, event));
        break;
    }
    return o->has_step ? mls_secret_tree_take(&g->secrets, &o->step) : OK;
}

enum err mls_receive(struct mls_group *g, const struct mls_world *w, struct span message,
                     struct mls_event *out)
{
    struct mls_message m;
    struct mls_opened o = {0};

    *out = (struct mls_event){.data = BUF_INIT(MLS_MESSAGE_BYTES_MAX),
                              .authenticated_data = BUF_INIT(MLS_MESSAGE_BYTES_MAX)};
    TRY(mls_message_decode(message, &m));
    enum err err = handle(g, w, &m, &o, out);
    mls_opened_clear(&o);
    if (err != OK)
        mls_event_clear(out);
    return err;
}
