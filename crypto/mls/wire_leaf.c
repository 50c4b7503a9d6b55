/* RFC 9420 5.3, 7.1, 7.2, 10, 11.1, 12.1.8.1: what describes clients and nodes. */
#include "crypto/mls/params.h"
#include "crypto/mls/wire.h"

void mls_read_extension(struct reader *r, struct mls_extension *out)
{
    out->type = read_be16(r);
    out->data = mls_read_vector(r);
}

void mls_write_extension(struct writer *w, uint16_t type, struct span data)
{
    write_be16(w, type);
    mls_write_vector(w, data);
}

struct span mls_read_extensions(struct reader *r)
{
    struct span list = mls_read_vector(r);
    struct reader in = reader_of(list);
    struct mls_extension e;

    while (mls_read_more(&in))
        mls_read_extension(&in, &e);
    r->failed |= in.failed;
    return list;
}

bool mls_extension_find(struct span list, uint16_t type, struct span *data)
{
    struct reader in = reader_of(list);
    struct mls_extension e;

    while (mls_read_more(&in)) {
        mls_read_extension(&in, &e);
        if (e.type == type && !in.failed) {
            *data = e.data;
            return true;
        }
    }
    return false;
}

enum err mls_extensions_check(struct span list)
{
    struct reader in = reader_of(list);
    struct mls_extension e;
    struct span twin;

    for (size_t count = 0; mls_read_more(&in); count++) { /* all, before any is compared */
        if (count == MLS_CAPABILITIES_MAX)
            return mls_fail(MLS_TOO_MANY);
        mls_read_extension(&in, &e);
    }
    in = reader_of(list);
    while (mls_read_more(&in)) {
        mls_read_extension(&in, &e);
        if (mls_extension_find(in.rest, e.type, &twin))
            return mls_fail(MLS_DUPLICATE_EXTENSION);
    }
    return OK;
}

static bool is_list_of_vectors(struct span list)
{
    struct reader in = reader_of(list);

    while (mls_read_more(&in))
        mls_read_vector(&in);
    return !in.failed;
}

void mls_read_credential(struct reader *r, struct mls_credential *out)
{
    out->type = read_be16(r);
    out->identity = mls_read_vector(r);
    if (out->type == MLS_CREDENTIAL_X509 && !is_list_of_vectors(out->identity))
        mls_read_poison(r);
}

void mls_write_credential(struct writer *w, const struct mls_credential *c)
{
    write_be16(w, c->type);
    mls_write_vector(w, c->identity);
}

void mls_read_capabilities(struct reader *r, struct mls_capabilities *out)
{
    out->versions = mls_read_u16s(r);
    out->cipher_suites = mls_read_u16s(r);
    out->extensions = mls_read_u16s(r);
    out->proposals = mls_read_u16s(r);
    out->credentials = mls_read_u16s(r);
}

void mls_write_capabilities(struct writer *w, const struct mls_capabilities *c)
{
    mls_write_vector(w, c->versions);
    mls_write_vector(w, c->cipher_suites);
    mls_write_vector(w, c->extensions);
    mls_write_vector(w, c->proposals);
    mls_write_vector(w, c->credentials);
}

void mls_read_leaf_node(struct reader *r, struct mls_leaf_node *out)
{
    struct reader from = *r;

    *out = (struct mls_leaf_node){0};
    out->encryption_key = mls_read_vector(r);
    out->signature_key = mls_read_vector(r);
    mls_read_credential(r, &out->credential);
    mls_read_capabilities(r, &out->capabilities);
    out->source = read_u8(r);
    switch (out->source) {
    case MLS_LEAF_KEY_PACKAGE:
        out->not_before = read_be64(r);
        out->not_after = read_be64(r);
        break;
    case MLS_LEAF_UPDATE:
        break;
    case MLS_LEAF_COMMIT:
        out->parent_hash = mls_read_vector(r);
        break;
    default:
        mls_read_poison(r);
    }
    out->extensions = mls_read_extensions(r);
    out->tbs = mls_read_between(from, r);
    out->signature = mls_read_vector(r);
    out->encoded = mls_read_between(from, r);
}

void mls_write_leaf_node_unsigned(struct writer *w, const struct mls_leaf_node *l)
{
    mls_write_vector(w, l->encryption_key);
    mls_write_vector(w, l->signature_key);
    mls_write_credential(w, &l->credential);
    mls_write_capabilities(w, &l->capabilities);
    write_u8(w, l->source);
    if (l->source == MLS_LEAF_KEY_PACKAGE) {
        write_be64(w, l->not_before);
        write_be64(w, l->not_after);
    }
    if (l->source == MLS_LEAF_COMMIT)
        mls_write_vector(w, l->parent_hash);
    mls_write_vector(w, l->extensions);
}

void mls_write_leaf_node(struct writer *w, const struct mls_leaf_node *l)
{
    mls_write_leaf_node_unsigned(w, l);
    mls_write_vector(w, l->signature);
}

void mls_read_key_package(struct reader *r, struct mls_key_package *out)
{
    struct reader from = *r;

    out->version = read_be16(r);
    out->cipher_suite = read_be16(r);
    out->init_key = mls_read_vector(r);
    mls_read_leaf_node(r, &out->leaf);
    out->extensions = mls_read_extensions(r);
    out->tbs = mls_read_between(from, r);
    out->signature = mls_read_vector(r);
    out->encoded = mls_read_between(from, r);
}

void mls_write_key_package_unsigned(struct writer *w, const struct mls_key_package *k)
{
    write_be16(w, k->version);
    write_be16(w, k->cipher_suite);
    mls_write_vector(w, k->init_key);
    mls_write_leaf_node(w, &k->leaf);
    mls_write_vector(w, k->extensions);
}

void mls_write_key_package(struct writer *w, const struct mls_key_package *k)
{
    mls_write_key_package_unsigned(w, k);
    mls_write_vector(w, k->signature);
}

void mls_read_parent_node(struct reader *r, struct mls_parent_view *out)
{
    out->encryption_key = mls_read_vector(r);
    out->parent_hash = mls_read_vector(r);
    out->unmerged = mls_read_vector(r);
    if (out->unmerged.len % 4 != 0)
        mls_read_poison(r);
}

void mls_write_parent_node(struct writer *w, const struct mls_parent_view *p)
{
    mls_write_vector(w, p->encryption_key);
    mls_write_vector(w, p->parent_hash);
    mls_write_vector(w, p->unmerged);
}

void mls_read_required_capabilities(struct reader *r, struct mls_required_capabilities *out)
{
    out->extensions = mls_read_u16s(r);
    out->proposals = mls_read_u16s(r);
    out->credentials = mls_read_u16s(r);
}

void mls_write_required_capabilities(struct writer *w, const struct mls_required_capabilities *c)
{
    mls_write_vector(w, c->extensions);
    mls_write_vector(w, c->proposals);
    mls_write_vector(w, c->credentials);
}

void mls_read_external_sender(struct reader *r, struct mls_external_sender *out)
{
    out->signature_key = mls_read_vector(r);
    mls_read_credential(r, &out->credential);
}

void mls_write_external_sender(struct writer *w, const struct mls_external_sender *s)
{
    mls_write_vector(w, s->signature_key);
    mls_write_credential(w, &s->credential);
}
