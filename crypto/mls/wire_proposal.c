/* RFC 9420 7.6, 8.4, 12.1, 12.4: proposals, update paths, commits. */
#include "crypto/mls/wire.h"

void mls_read_psk_id(struct reader *r, struct mls_psk_id *out)
{
    struct reader from = *r;

    *out = (struct mls_psk_id){.type = read_u8(r)};
    switch (out->type) {
    case MLS_PSK_EXTERNAL:
        out->id = mls_read_vector(r);
        break;
    case MLS_PSK_RESUMPTION:
        out->usage = read_u8(r);
        if (out->usage < MLS_PSK_APPLICATION || out->usage > MLS_PSK_BRANCH)
            mls_read_poison(r);
        out->id = mls_read_vector(r);
        out->epoch = read_be64(r);
        break;
    default:
        mls_read_poison(r);
    }
    out->nonce = mls_read_vector(r);
    out->encoded = mls_read_between(from, r);
}

void mls_write_psk_id(struct writer *w, const struct mls_psk_id *p)
{
    write_u8(w, p->type);
    if (p->type == MLS_PSK_RESUMPTION)
        write_u8(w, p->usage);
    mls_write_vector(w, p->id);
    if (p->type == MLS_PSK_RESUMPTION)
        write_be64(w, p->epoch);
    mls_write_vector(w, p->nonce);
}

void mls_read_reinit(struct reader *r, struct mls_reinit *out)
{
    out->group_id = mls_read_vector(r);
    out->version = read_be16(r);
    out->cipher_suite = read_be16(r);
    out->extensions = mls_read_extensions(r);
}

void mls_write_reinit(struct writer *w, const struct mls_reinit *p)
{
    mls_write_vector(w, p->group_id);
    write_be16(w, p->version);
    write_be16(w, p->cipher_suite);
    mls_write_vector(w, p->extensions);
}

void mls_read_proposal(struct reader *r, struct mls_proposal *out)
{
    struct reader from = *r;

    *out = (struct mls_proposal){.type = read_be16(r)};
    switch (out->type) {
    case MLS_PROPOSAL_ADD:
        mls_read_key_package(r, &out->add);
        break;
    case MLS_PROPOSAL_UPDATE:
        mls_read_leaf_node(r, &out->update);
        break;
    case MLS_PROPOSAL_REMOVE:
        out->removed = read_be32(r);
        break;
    case MLS_PROPOSAL_PSK:
        mls_read_psk_id(r, &out->psk);
        break;
    case MLS_PROPOSAL_REINIT:
        mls_read_reinit(r, &out->reinit);
        break;
    case MLS_PROPOSAL_EXTERNAL_INIT:
        out->kem_output = mls_read_vector(r);
        break;
    case MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS:
        out->extensions = mls_read_extensions(r);
        break;
    default:
        out->unknown = mls_read_vector(r);
    }
    out->encoded = mls_read_between(from, r);
}

void mls_write_proposal(struct writer *w, const struct mls_proposal *p)
{
    write_be16(w, p->type);
    switch (p->type) {
    case MLS_PROPOSAL_ADD:
        mls_write_key_package(w, &p->add);
        break;
    case MLS_PROPOSAL_UPDATE:
        mls_write_leaf_node(w, &p->update);
        break;
    case MLS_PROPOSAL_REMOVE:
        write_be32(w, p->removed);
        break;
    case MLS_PROPOSAL_PSK:
        mls_write_psk_id(w, &p->psk);
        break;
    case MLS_PROPOSAL_REINIT:
        mls_write_reinit(w, &p->reinit);
        break;
    case MLS_PROPOSAL_EXTERNAL_INIT:
        mls_write_vector(w, p->kem_output);
        break;
    case MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS:
        mls_write_vector(w, p->extensions);
        break;
    default:
        mls_write_vector(w, p->unknown);
    }
}

void mls_read_proposal_or_ref(struct reader *r, struct mls_proposal_or_ref *out)
{
    uint8_t type = read_u8(r);

    *out = (struct mls_proposal_or_ref){.by_reference = type == 2};
    if (type == 1)
        mls_read_proposal(r, &out->proposal);
    else if (type == 2)
        out->reference = mls_read_vector(r);
    else
        mls_read_poison(r);
}

void mls_write_proposal_or_ref(struct writer *w, const struct mls_proposal_or_ref *p)
{
    write_u8(w, p->by_reference ? 2 : 1);
    if (p->by_reference)
        mls_write_vector(w, p->reference);
    else
        mls_write_proposal(w, &p->proposal);
}

void mls_read_hpke_ciphertext(struct reader *r, struct mls_hpke_ciphertext *out)
{
    out->kem_output = mls_read_vector(r);
    out->ciphertext = mls_read_vector(r);
}

void mls_write_hpke_ciphertext(struct writer *w, const struct mls_hpke_ciphertext *c)
{
    mls_write_vector(w, c->kem_output);
    mls_write_vector(w, c->ciphertext);
}

void mls_read_path_node(struct reader *r, struct mls_path_node *out)
{
    struct mls_hpke_ciphertext c;

    out->encryption_key = mls_read_vector(r);
    out->secrets = mls_read_vector(r);
    struct reader in = reader_of(out->secrets);
    while (mls_read_more(&in))
        mls_read_hpke_ciphertext(&in, &c);
    r->failed |= in.failed;
}

void mls_write_path_node(struct writer *w, const struct mls_path_node *n)
{
    mls_write_vector(w, n->encryption_key);
    mls_write_vector(w, n->secrets);
}

void mls_read_update_path(struct reader *r, struct mls_update_path *out)
{
    struct mls_path_node n;

    mls_read_leaf_node(r, &out->leaf);
    out->nodes = mls_read_vector(r);
    struct reader in = reader_of(out->nodes);
    while (mls_read_more(&in))
        mls_read_path_node(&in, &n);
    r->failed |= in.failed;
}

void mls_write_update_path(struct writer *w, const struct mls_update_path *p)
{
    mls_write_leaf_node(w, &p->leaf);
    mls_write_vector(w, p->nodes);
}

void mls_read_commit(struct reader *r, struct mls_commit *out)
{
    struct mls_proposal_or_ref p;

    *out = (struct mls_commit){.proposals = mls_read_vector(r)};
    struct reader in = reader_of(out->proposals);
    while (mls_read_more(&in))
        mls_read_proposal_or_ref(&in, &p);
    r->failed |= in.failed;
    out->has_path = mls_read_present(r);
    if (out->has_path)
        mls_read_update_path(r, &out->path);
}

void mls_write_commit(struct writer *w, const struct mls_commit *c)
{
    mls_write_vector(w, c->proposals);
    write_u8(w, c->has_path ? 1 : 0);
    if (c->has_path)
        mls_write_update_path(w, &c->path);
}
