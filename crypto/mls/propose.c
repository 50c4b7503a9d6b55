/* RFC 9420 6, 12.1: sending application data and proposals; proposals from outside. */
#include "crypto/base/wipe.h"
#include "crypto/mls/group_state.h"

#include <stdlib.h>

static const struct mls_send plainly;

/* Sign a content of ours that is no commit. `opened` gets views into `framed` and `sig`. */
static enum err sign_content(const struct mls_group *g, const struct mls_world *w,
                             uint8_t content_type, struct span body, const struct mls_send *how,
                             uint8_t *sig, struct mls_opened *opened)
{
    struct mls_framed_content *c = &opened->content;
    size_t sig_len;

    *opened = (struct mls_opened){.framed = BUF_INIT(MLS_MESSAGE_BYTES_MAX)};
    opened->wire_format = how->public_message && content_type != MLS_CONTENT_APPLICATION
                              ? MLS_WIRE_PUBLIC_MESSAGE
                              : MLS_WIRE_PRIVATE_MESSAGE;
    *c = (struct mls_framed_content){.group_id = g->context.group_id,
                                     .epoch = g->context.epoch,
                                     .sender = {MLS_SENDER_MEMBER, g->own},
                                     .authenticated_data = how->authenticated_data,
                                     .content_type = content_type,
                                     .body = body};
    struct writer to = writer_to(&opened->framed);
    mls_write_framed_content(&to, c);
    TRY(writer_status(&to));
    c->encoded = buf_span(&opened->framed);
    TRY(mls_content_sign(w->signer, opened->wire_format, c->encoded, buf_span(&g->context_bytes),
                         sig, &sig_len));
    opened->auth.signature = span_of(sig, sig_len);
    return OK;
}

static enum err protect(struct mls_group *g, const struct mls_world *w, const struct mls_send *how,
                        const struct mls_opened *o, struct buf *out)
{
    if (o->wire_format == MLS_WIRE_PUBLIC_MESSAGE)
        return mls_public_protect(g->suite, &g->membership_key, &o->content, &o->auth,
                                  buf_span(&g->context_bytes), out);
    return mls_private_protect(&g->secrets, &g->sender_data, &o->content, &o->auth, how->padding,
                               w->rng, out);
}

static enum err may_send(const struct mls_group *g)
{
    if (g->reinit.len > 0)
        return mls_fail(MLS_SUSPENDED);
    return g->has_receive ? OK : mls_fail(MLS_DROPPED);
}

enum err mls_encrypt(struct mls_group *g, const struct mls_world *w, struct span plain,
                     const struct mls_send *how, struct buf *out)
{
    struct buf body = BUF_INIT(MLS_MESSAGE_BYTES_MAX);
    struct writer to = writer_to(&body);
    struct mls_opened o = {0};
    uint8_t sig[MLS_SIGNATURE_MAX];

    how = how == NULL ? &plainly : how;
    TRY(may_send(g));
    if (g->waiting_count > 0 && !how->despite_waiting)
        return mls_fail(MLS_PENDING_PROPOSALS);
    mls_write_vector(&to, plain);
    enum err err = writer_status(&to);
    if (err == OK)
        err = sign_content(g, w, MLS_CONTENT_APPLICATION, buf_span(&body), how, sig, &o);
    if (err == OK)
        err = protect(g, w, how, &o, out);
    buf_clear(&body);
    mls_opened_clear(&o);
    return err;
}

uint32_t mls_send_generation(const struct mls_group *g)
{
    return mls_secret_tree_generation(&g->secrets, g->own, MLS_RATCHET_APPLICATION);
}

enum err mls_send_skip_to(struct mls_group *g, uint32_t generation)
{
    return mls_secret_tree_skip_to(&g->secrets, g->own, MLS_RATCHET_APPLICATION, generation);
}

/* -- proposals as bytes -- */

static enum err append(const struct mls_proposal *p, struct buf *out)
{
    struct writer w = writer_to(out);
    size_t before = out->len;

    mls_write_proposal(&w, p);
    if (w.err != OK)
        buf_truncate(out, before);
    return w.err;
}

enum err mls_make_add(struct span key_package, struct buf *out)
{
    struct mls_proposal p = {.type = MLS_PROPOSAL_ADD};
    struct reader r = reader_of(key_package);

    mls_read_key_package(&r, &p.add);
    TRY(mls_read_end(&r));
    return append(&p, out);
}

enum err mls_make_remove(uint32_t leaf, struct buf *out)
{
    return append(&(struct mls_proposal){.type = MLS_PROPOSAL_REMOVE, .removed = leaf}, out);
}

static enum err make_psk(const struct mls_world *w, const struct mls_suite *s, struct mls_psk_id id,
                         struct buf *out)
{
    uint8_t nonce[MLS_HASH_MAX];

    rng_fill(w->rng, nonce, s->hash->bytes);
    id.nonce = span_of(nonce, s->hash->bytes);
    return append(&(struct mls_proposal){.type = MLS_PROPOSAL_PSK, .psk = id}, out);
}

enum err mls_make_psk_external(const struct mls_world *w, const struct mls_suite *s, struct span id,
                               struct buf *out)
{
    return make_psk(w, s, (struct mls_psk_id){.type = MLS_PSK_EXTERNAL, .id = id}, out);
}

enum err mls_make_psk_resumption(const struct mls_world *w, const struct mls_suite *s,
                                 struct span group_id, uint64_t epoch, uint8_t usage,
                                 struct buf *out)
{
    return make_psk(w, s,
                    (struct mls_psk_id){
                        .type = MLS_PSK_RESUMPTION, .usage = usage, .id = group_id, .epoch = epoch},
                    out);
}

enum err mls_make_reinit(const struct mls_reinit *r, struct buf *out)
{
    return append(&(struct mls_proposal){.type = MLS_PROPOSAL_REINIT, .reinit = *r}, out);
}

enum err mls_make_extensions(struct span extensions, struct buf *out)
{
    TRY(mls_group_extensions_check(extensions));
    return append(&(struct mls_proposal){.type = MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS,
                                         .extensions = extensions},
                  out);
}

/* -- proposals as messages -- */

/* Others judge what we send: so do we, first, and its lifetime by the clock as well (7.3). */
static enum err judge_own(const struct mls_group *g, const struct mls_world *w,
                          struct mls_listed *l, struct span proposal)
{
    struct reader r = reader_of(proposal);
    struct mls_leaf_rules rules = mls_rules_of(w, g->suite, SPAN_EMPTY);

    mls_read_proposal(&r, &l->proposal);
    TRY(mls_read_end(&r));
    TRY(mls_judge_proposal(g, w, l));
    rules.now_s = w->now_s;
    return l->proposal.type == MLS_PROPOSAL_ADD
               ? mls_leaf_check(&l->proposal.add.leaf, MLS_LEAF_KEY_PACKAGE, &rules)
               : OK;
}

/* Room for one own Update more; the old copy of the secrets is wiped. */
static enum err reserve_own_update(struct mls_group *g)
{
    size_t count = g->own_update_count;
    struct mls_own_update *more = calloc(count + 1, sizeof *more);

    if (more == NULL)
        return ERR_MEMORY;
    if (count > 0) {
        memcpy(more, g->own_updates, count * sizeof *more);
        wipe(g->own_updates, count * sizeof *more);
    }
    free(g->own_updates);
    g->own_updates = more;
    return OK;
}

/* Signed and judged: wait, and go out. `secret` is the new leaf key of an Update, or NULL. */
static enum err keep_and_send(struct mls_group *g, const struct mls_world *w,
                              const struct mls_listed *l, const uint8_t *secret,
                              const struct mls_send *how, const struct mls_opened *o,
                              struct buf *out)
{
    size_t waiting = g->waiting_count;

    if (secret != NULL)
        TRY(reserve_own_update(g));
    TRY(mls_group_add_waiting(g, l->ref, l->sender, o->content.body));
    enum err err = protect(g, w, how, o, out);
    if (err != OK && g->waiting_count > waiting)
        mls_group_forget(g, l->ref);
    if (err == OK && secret != NULL) {
        struct mls_own_update *u = &g->own_updates[g->own_update_count++];
        memcpy(u->ref, l->ref, sizeof u->ref);
        memcpy(u->secret, secret, sizeof u->secret);
    }
    return err;
}

static enum err propose(struct mls_group *g, const struct mls_world *w, struct span proposal,
                        const uint8_t *secret, const struct mls_send *how, struct buf *out)
{
    struct mls_listed l = {.sender = {MLS_SENDER_MEMBER, g->own}, .by_reference = true};
    struct mls_opened o = {0};
    uint8_t sig[MLS_SIGNATURE_MAX];

    if (how->public_message && w->private_only)
        return mls_fail(MLS_WRONG_WIRE_FORMAT);
    enum err err = sign_content(g, w, MLS_CONTENT_PROPOSAL, proposal, how, sig, &o);
    if (err == OK)
        err = mls_proposal_ref(g->suite, &o, l.ref);
    if (err == OK)
        err = judge_own(g, w, &l, proposal);
    if (err == OK)
        err = keep_and_send(g, w, &l, secret, how, &o, out);
    mls_opened_clear(&o);
    return err;
}

enum err mls_propose(struct mls_group *g, const struct mls_world *w, struct span proposal,
                     const struct mls_send *how, struct buf *out)
{
    struct reader r = reader_of(proposal);
    struct mls_proposal p;

    TRY(may_send(g));
    mls_read_proposal(&r, &p);
    TRY(mls_read_end(&r));
    if (p.type == MLS_PROPOSAL_UPDATE || p.type == MLS_PROPOSAL_EXTERNAL_INIT)
        return ERR_ARGUMENT; /* nobody but mls_propose_update and joiners make these */
    return propose(g, w, proposal, NULL, how == NULL ? &plainly : how, out);
}

static enum err make_update(const struct mls_group *g, const struct mls_world *w,
                            const struct mls_client *client, const struct mls_signer *signer,
                            struct mls_key_pair *pair, struct buf *out)
{
    struct buf scratch = BUF_INIT(MLS_MESSAGE_BYTES_MAX);
    const struct mls_leaf_node *before = &mls_tree_leaf(&g->tree, g->own)->node;
    struct mls_leaf_node content;
    struct mls_leaf *leaf = NULL;

    enum err err = mls_leaf_content(w, client, before, &scratch, &content);
    if (err == OK)
        err = mls_key_pair(g->suite, w->rng, pair);
    if (err == OK) {
        content.encryption_key = span_of(pair->pub, mls_public_bytes(g->suite));
        content.signature_key = signer->public_key;
        content.source = MLS_LEAF_UPDATE;
        err = mls_leaf_sign(&content, signer, g->context.group_id, g->own, &leaf);
    }
    if (err == OK)
        err =
            append(&(struct mls_proposal){.type = MLS_PROPOSAL_UPDATE, .update = leaf->node}, out);
    mls_leaf_unref(leaf);
    buf_clear(&scratch);
    return err;
}

enum err mls_propose_update(struct mls_group *g, const struct mls_world *w,
                            const struct mls_client *client, const struct mls_signer *signer,
                            const struct mls_send *how, struct buf *out)
{
    struct buf proposal = BUF_INIT(MLS_MESSAGE_BYTES_MAX);
    struct mls_key_pair pair = {0};

    TRY(may_send(g));
    enum err err = make_update(g, w, client, signer == NULL ? w->signer : signer, &pair, &proposal);
    if (err == OK)
        err = propose(g, w, buf_span(&proposal), pair.secret, how == NULL ? &plainly : how, out);
    wipe(&pair, sizeof pair);
    buf_clear(&proposal);
    return err;
}

/* -- from outside -- */

static enum err propose_outside(const struct mls_world *w, const struct mls_suite *s,
                                struct span group_id, uint64_t epoch, struct mls_sender sender,
                                struct span proposal, struct buf *out)
{
    struct mls_framed_content c = {.group_id = group_id,
                                   .epoch = epoch,
                                   .sender = sender,
                                   .content_type = MLS_CONTENT_PROPOSAL,
                                   .body = proposal};
    struct buf framed = BUF_INIT(MLS_MESSAGE_BYTES_MAX);
    struct writer to = writer_to(&framed);
    struct mls_content_auth auth = {0};
    uint8_t sig[MLS_SIGNATURE_MAX];
    size_t sig_len;

    mls_write_framed_content(&to, &c);
    c.encoded = buf_span(&framed);
    enum err err = writer_status(&to);
    if (err == OK)
        err = mls_content_sign(w->signer, MLS_WIRE_PUBLIC_MESSAGE, c.encoded, SPAN_EMPTY, sig,
                               &sig_len);
    if (err == OK) {
        auth.signature = span_of(sig, sig_len);
        err = mls_public_protect(s, NULL, &c, &auth, SPAN_EMPTY, out);
    }
    buf_clear(&framed);
    return err;
}

enum err mls_propose_external(const struct mls_world *w, const struct mls_suite *s,
                              struct span group_id, uint64_t epoch, uint32_t sender_index,
                              struct span proposal, struct buf *out)
{
    struct mls_sender sender = {MLS_SENDER_EXTERNAL, sender_index};
    return propose_outside(w, s, group_id, epoch, sender, proposal, out);
}

enum err mls_propose_self(const struct mls_world *w, const struct mls_suite *s,
                          struct span group_id, uint64_t epoch, struct span key_package,
                          struct buf *out)
{
    struct mls_sender sender = {.type = MLS_SENDER_NEW_MEMBER_PROPOSAL};
    struct buf proposal = BUF_INIT(MLS_MESSAGE_BYTES_MAX);

    enum err err = mls_make_add(key_package, &proposal);
    if (err == OK)
        err = propose_outside(w, s, group_id, epoch, sender, buf_span(&proposal), out);
    buf_clear(&proposal);
    return err;
}
