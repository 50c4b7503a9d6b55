/* RFC 9420 12.4.3.2: joining by an external commit. */
#include "crypto/base/wipe.h"
#include "crypto/mls/group_state.h"

struct external {
    const struct mls_world *world;
    const struct mls_external_join *join;
    struct mls_message message;
    struct mls_group *seen; /* the group as its GroupInfo shows it: no secrets */
    struct mls_change change;
    struct mls_commit_options options;
    uint8_t kem_output[MLS_KEM_OUTPUT_MAX];
};

static enum err look(struct external *x)
{
    const struct mls_group_info *info = &x->message.group_info;
    const struct mls_suite *s;

    TRY(mls_message_decode(x->join->group_info, &x->message));
    if (x->message.wire_format != MLS_WIRE_GROUP_INFO)
        return mls_fail(MLS_WRONG_WIRE_FORMAT);
    s = mls_suite(info->context.cipher_suite);
    if (s == NULL)
        return mls_fail(MLS_UNSUPPORTED_SUITE);
    if (!x->join->resync && x->world->in_group != NULL &&
        x->world->in_group(x->world->ctx, info->context.group_id))
        return mls_fail(MLS_GROUP_EXISTS);
    x->seen = mls_group_alloc(s);
    if (x->seen == NULL)
        return ERR_MEMORY;
    TRY(mls_open_group_info(x->world, info, x->join->ratchet_tree, &x->seen->tree));
    x->seen->own = UINT32_MAX;
    mls_interim_transcript_hash(s, info->context.confirmed_transcript_hash, info->confirmation_tag,
                                x->seen->interim);
    return mls_group_set_context(x->seen, &info->context);
}

/* ExternalInit, and the init secret that it carries */
static enum err begin_init(struct external *x)
{
    const struct mls_suite *s = x->seen->suite;
    struct mls_listed l = {.sender = x->change.sender,
                           .proposal = {.type = MLS_PROPOSAL_EXTERNAL_INIT}};
    struct span data;

    if (!mls_extension_find(x->message.group_info.extensions, MLS_EXTENSION_EXTERNAL_PUB, &data))
        return mls_fail(MLS_NO_EXTERNAL_PUB);
    struct reader r = reader_of(data);
    struct span external_pub = mls_read_vector(&r);
    TRY(mls_read_end(&r));
    TRY(mls_external_init_make(s, external_pub, x->world->rng, x->kem_output, &x->change.init));
    x->change.init_given = true;
    l.proposal.kem_output = span_of(x->kem_output, mls_kem_output_bytes(s));
    return mls_change_push(&x->change, &l);
}

static enum err push_rest(struct external *x)
{
    struct mls_listed l = {.sender = x->change.sender};
    struct reader psks = reader_of(x->join->psks);

    if (x->join->resync) {
        l.proposal =
            (struct mls_proposal){.type = MLS_PROPOSAL_REMOVE, .removed = x->join->old_leaf};
        TRY(mls_change_push(&x->change, &l));
    }
    while (mls_read_more(&psks)) {
        l.proposal = (struct mls_proposal){.type = MLS_PROPOSAL_PSK};
        mls_read_psk_id(&psks, &l.proposal.psk);
        TRY(mls_read_status(&psks));
        TRY(mls_change_push(&x->change, &l));
    }
    return OK;
}

/* The list was made of structures: give each its encoding, in one buffer that no longer grows. */
static enum err encode_list(struct mls_change *c, struct buf *out)
{
    struct writer w = writer_to(out);

    for (size_t i = 0; i < c->count; i++)
        mls_write_proposal(&w, &c->list[i].proposal);
    TRY(writer_status(&w));
    struct reader r = reader_of(buf_span(out));
    for (size_t i = 0; i < c->count; i++)
        mls_read_proposal(&r, &c->list[i].proposal);
    return mls_read_end(&r);
}

static enum err commit(struct external *x, struct mls_making *m, struct buf *list, struct buf *out)
{
    struct mls_change *c = &x->change;

    TRY(begin_init(x));
    TRY(push_rest(x));
    TRY(encode_list(c, list));
    if (x->join->resync && mls_tree_leaf(&x->seen->tree, x->join->old_leaf) == NULL)
        return mls_fail(MLS_REMOVE_BLANK);
    TRY(mls_making_run(m));
    return mls_public_protect(x->seen->suite, NULL, &m->content, &m->auth,
                              buf_span(&x->seen->context_bytes), out);
}

enum err mls_group_join_external(const struct mls_world *w, const struct mls_external_join *join,
                                 struct buf *commit_out, struct mls_group **out)
{
    struct external x = {.world = w, .join = join};
    struct mls_making m = {
        .change = &x.change, .options = &x.options, .wire_format = MLS_WIRE_PUBLIC_MESSAGE};
    struct buf list = BUF_INIT(MLS_MESSAGE_BYTES_MAX);

    enum err err = look(&x);
    if (err == OK) {
        mls_change_init(&x.change, x.seen, w);
        x.change.sender = (struct mls_sender){.type = MLS_SENDER_NEW_MEMBER_COMMIT};
        x.options.client = join->client;
        x.options.send.authenticated_data = join->authenticated_data;
        err = commit(&x, &m, &list, commit_out);
    }
    if (err == OK) {
        *out = m.next;
        m.next = NULL;
    }
    mls_making_clear(&m);
    mls_change_clear(&x.change);
    mls_group_free(x.seen);
    buf_clear(&list);
    wipe(&x, sizeof x);
    return err;
}
