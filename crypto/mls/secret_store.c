/* A secret tree as bytes: for each node in preorder one tag, then what it has. */
#include "crypto/mls/secret_node.h"

#include <stdlib.h>

enum {
    TAG_LIVE = 1,  /* the secret follows */
    TAG_SPLIT = 2, /* both children follow */
    TAG_HEARD = 3  /* a leaf: both ratchets follow */
};

static void write_secret(struct writer *w, const struct mls_suite *s, const struct mls_secret *k)
{
    write_bytes(w, mls_secret_span(s, k));
}

static void write_ratchet(struct writer *w, const struct mls_suite *s, const struct mls_ratchet *r)
{
    write_secret(w, s, &r->secret);
    write_be32(w, r->next);
    write_be32(w, (uint32_t)r->kept_count);
    for (size_t i = 0; i < r->kept_count; i++) {
        write_be32(w, r->kept[i].generation);
        write_bytes(w, span_of(r->kept[i].key, s->key_bytes));
        write_bytes(w, SPAN_ARRAY(r->kept[i].nonce));
    }
}

static void write_node(struct writer *w, const struct mls_suite *s, const struct mls_secret_node *n)
{
    if (n->live) {
        write_u8(w, TAG_LIVE);
        write_secret(w, s, &n->secret);
    } else if (n->sender != NULL) {
        write_u8(w, TAG_HEARD);
        write_ratchet(w, s, &n->sender->ratchets[0]);
        write_ratchet(w, s, &n->sender->ratchets[1]);
    } else {
        write_u8(w, TAG_SPLIT);
        write_node(w, s, n->side[0]);
        write_node(w, s, n->side[1]);
    }
}

void mls_secret_tree_write(struct writer *w, const struct mls_secret_tree *t)
{
    write_u8(w, t->root != NULL);
    if (t->root != NULL)
        write_node(w, t->suite, t->root);
}

static void read_into(struct reader *r, uint8_t *out, size_t len)
{
    struct span s = read_bytes(r, len);
    if (s.len > 0)
        memcpy(out, s.ptr, s.len);
}

static enum err read_ratchet(struct reader *r, const struct mls_suite *s, struct mls_ratchet *out)
{
    read_into(r, out->secret.bytes, s->hash->bytes);
    out->next = read_be32(r);
    uint32_t count = read_be32(r);
    if (r->failed || count > MLS_SKIP_MAX)
        return mls_fail(MLS_BAD_STATE);
    if (count > 0 && (out->kept = calloc(count, sizeof *out->kept)) == NULL)
        return ERR_MEMORY;
    out->kept_count = out->kept_cap = count;
    for (uint32_t i = 0; i < count; i++) {
        out->kept[i].generation = read_be32(r);
        read_into(r, out->kept[i].key, s->key_bytes);
        read_into(r, out->kept[i].nonce, MLS_AEAD_NONCE);
    }
    return r->failed ? mls_fail(MLS_BAD_STATE) : OK;
}

static enum err read_sender(struct reader *r, const struct mls_suite *s, struct mls_secret_node *n)
{
    n->sender = calloc(1, sizeof *n->sender);
    if (n->sender == NULL)
        return ERR_MEMORY;
    TRY(read_ratchet(r, s, &n->sender->ratchets[0]));
    return read_ratchet(r, s, &n->sender->ratchets[1]);
}

static enum err read_node(struct reader *r, const struct mls_suite *s, uint32_t width,
                          struct mls_secret_node **out)
{
    uint8_t tag = read_u8(r);

    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return ERR_MEMORY;
    if (tag == TAG_LIVE) {
        (*out)->live = true;
        read_into(r, (*out)->secret.bytes, s->hash->bytes);
        return r->failed ? mls_fail(MLS_BAD_STATE) : OK;
    }
    if (tag == TAG_HEARD && width == 1)
        return read_sender(r, s, *out);
    if (tag != TAG_SPLIT || width == 1)
        return mls_fail(MLS_BAD_STATE);
    TRY(read_node(r, s, width / 2, &(*out)->side[0]));
    return read_node(r, s, width / 2, &(*out)->side[1]);
}

enum err mls_secret_tree_read(struct reader *r, const struct mls_suite *suite, uint32_t leaves,
                              struct mls_secret_tree *out)
{
    *out = (struct mls_secret_tree){.suite = suite, .leaves = leaves};
    uint8_t present = read_u8(r);
    if (r->failed || present > 1)
        return mls_fail(MLS_BAD_STATE);
    if (present == 0)
        return OK;
    enum err err = read_node(r, suite, leaves, &out->root);
    if (err != OK)
        mls_secret_tree_clear(out);
    return err;
}
