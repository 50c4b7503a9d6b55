/* A group state as bytes, in three parts that can be stored and erased apart. */
#include "crypto/base/wipe.h"
#include "crypto/mls/group_state.h"

#include <stdlib.h>

enum {
    FORMAT_PUBLIC = 0x5301, /* first two bytes of each part: what it is and which layout */
    FORMAT_REWIND = 0x5311,
    FORMAT_RECEIVE = 0x5321
};

static void write_secret(struct writer *w, const struct mls_suite *s, const struct mls_secret *k)
{
    write_bytes(w, mls_secret_span(s, k));
}

static void write_public(struct writer *w, const struct mls_group *g)
{
    size_t bytes = g->suite->hash->bytes;

    write_be16(w, FORMAT_PUBLIC);
    mls_write_vector(w, buf_span(&g->context_bytes));
    write_be32(w, g->own);
    write_bytes(w, span_of(g->interim, bytes));
    write_bytes(w, span_of(g->confirmation_tag, bytes));
    write_secret(w, g->suite, &g->authenticator);
    mls_write_vector(w, buf_span(&g->reinit));
    size_t mark = mls_vector_begin(w);
    mls_tree_write(w, &g->tree);
    mls_vector_end(w, mark);
    write_be32(w, (uint32_t)g->waiting_count);
    for (size_t i = 0; i < g->waiting_count; i++) {
        write_bytes(w, span_of(g->waiting[i].ref, bytes));
        mls_write_sender(w, &g->waiting[i].sender);
        mls_write_vector(w, blob_span(g->waiting[i].proposal));
    }
}

static void write_rewind(struct writer *w, const struct mls_group *g)
{
    const struct mls_suite *s = g->suite;

    write_be16(w, FORMAT_REWIND);
    for (unsigned level = 0; level < MLS_LEVELS_MAX; level++) {
        write_u8(w, g->keys.have[level]);
        if (g->keys.have[level])
            write_bytes(w, span_of(g->keys.secrets[level], mls_private_bytes(s)));
    }
    write_secret(w, s, &g->init);
    write_secret(w, s, &g->exporter);
    write_secret(w, s, &g->external);
    write_secret(w, s, &g->resumption);
    write_be32(w, (uint32_t)g->own_update_count);
    for (size_t i = 0; i < g->own_update_count; i++) {
        write_bytes(w, span_of(g->own_updates[i].ref, s->hash->bytes));
        write_bytes(w, span_of(g->own_updates[i].secret, mls_private_bytes(s)));
    }
    write_u8(w, (uint8_t)g->past_keep);
    write_u8(w, (uint8_t)g->past_count);
    for (size_t i = 0; i < g->past_count; i++) {
        write_be64(w, g->past[i].epoch);
        write_secret(w, s, &g->past[i].psk);
    }
}

enum err mls_save(const struct mls_group *g, enum mls_part part, struct buf *out)
{
    struct writer w = writer_to(out);
    size_t before = out->len;

    switch (part) {
    case MLS_PART_PUBLIC:
        write_public(&w, g);
        break;
    case MLS_PART_REWIND:
        if (g->has_rewind)
            write_rewind(&w, g);
        break;
    case MLS_PART_RECEIVE:
        if (!g->has_receive)
            break;
        write_be16(&w, FORMAT_RECEIVE);
        write_secret(&w, g->suite, &g->membership_key);
        write_secret(&w, g->suite, &g->sender_data);
        mls_secret_tree_write(&w, &g->secrets);
        break;
    }
    if (w.err != OK)
        buf_truncate(out, before);
    return w.err;
}

static void read_into(struct reader *r, uint8_t *out, size_t len)
{
    struct span s = read_bytes(r, len);
    if (s.len > 0)
        memcpy(out, s.ptr, s.len);
}

static void read_secret(struct reader *r, const struct mls_suite *s, struct mls_secret *k)
{
    read_into(r, k->bytes, s->hash->bytes);
}

static enum err bad_unless_memory(enum err err)
{
    return err == OK || err == ERR_MEMORY ? err : mls_fail(MLS_BAD_STATE);
}

static enum err read_waiting(struct reader *r, struct mls_group *g)
{
    uint8_t ref[MLS_HASH_MAX];
    struct mls_sender sender;
    uint32_t count = read_be32(r);

    if (count > MLS_WAITING_MAX)
        return mls_fail(MLS_BAD_STATE);
    for (uint32_t i = 0; i < count && !r->failed; i++) {
        read_into(r, ref, g->suite->hash->bytes);
        mls_read_sender(r, &sender);
        struct span proposal = mls_read_vector(r);
        struct reader inner = reader_of(proposal);
        struct mls_proposal p;
        mls_read_proposal(&inner, &p);
        TRY(bad_unless_memory(mls_read_end(&inner)));
        TRY(mls_group_add_waiting(g, ref, sender, proposal));
    }
    return OK;
}

static enum err read_public(struct span in, struct mls_group **out)
{
    struct reader r = reader_of(in);
    uint16_t format = read_be16(&r);
    struct reader inner = reader_of(mls_read_vector(&r));
    struct mls_group_context context;

    mls_read_group_context(&inner, &context);
    const struct mls_suite *s = inner.failed ? NULL : mls_suite(context.cipher_suite);
    if (format != FORMAT_PUBLIC || r.failed || s == NULL)
        return mls_fail(MLS_BAD_STATE);
    struct mls_group *g = *out = mls_group_alloc(s);
    if (g == NULL)
        return ERR_MEMORY;
    TRY(mls_group_set_context(g, &context));
    g->own = read_be32(&r);
    read_into(&r, g->interim, s->hash->bytes);
    read_into(&r, g->confirmation_tag, s->hash->bytes);
    read_secret(&r, s, &g->authenticator);
    TRY(buf_append(&g->reinit, mls_read_vector(&r)));
    struct span tree = mls_read_vector(&r);
    if (r.failed)
        return mls_fail(MLS_BAD_STATE);
    TRY(bad_unless_memory(mls_tree_read(tree, s, &g->tree)));
    if (mls_tree_leaf(&g->tree, g->own) == NULL ||
        !span_eq(mls_tree_node_hash(&g->tree, mls_root(g->tree.leaves)), context.tree_hash))
        return mls_fail(MLS_BAD_STATE);
    TRY(read_waiting(&r, g));
    return bad_unless_memory(mls_read_end(&r));
}

static enum err read_own_updates(struct reader *r, struct mls_group *g)
{
    uint32_t count = read_be32(r);

    if (r->failed || count > MLS_WAITING_MAX)
        return mls_fail(MLS_BAD_STATE);
    if (count == 0)
        return OK;
    g->own_updates = calloc(count, sizeof *g->own_updates);
    if (g->own_updates == NULL)
        return ERR_MEMORY;
    g->own_update_count = count;
    for (uint32_t i = 0; i < count; i++) {
        read_into(r, g->own_updates[i].ref, g->suite->hash->bytes);
        read_into(r, g->own_updates[i].secret, mls_private_bytes(g->suite));
    }
    return OK;
}

static enum err read_rewind(struct span in, struct mls_group *g)
{
    const struct mls_suite *s = g->suite;
    struct reader r = reader_of(in);

    if (read_be16(&r) != FORMAT_REWIND)
        return mls_fail(MLS_BAD_STATE);
    for (unsigned level = 0; level < MLS_LEVELS_MAX; level++) {
        g->keys.have[level] = read_u8(&r) == 1;
        if (g->keys.have[level])
            read_into(&r, g->keys.secrets[level], mls_private_bytes(s));
    }
    read_secret(&r, s, &g->init);
    read_secret(&r, s, &g->exporter);
    read_secret(&r, s, &g->external);
    read_secret(&r, s, &g->resumption);
    TRY(read_own_updates(&r, g));
    g->past_keep = read_u8(&r);
    size_t count = read_u8(&r);
    if (r.failed || g->past_keep > MLS_RESUMPTIONS_MAX || count > g->past_keep)
        return mls_fail(MLS_BAD_STATE);
    for (g->past_count = 0; g->past_count < count; g->past_count++) {
        g->past[g->past_count].epoch = read_be64(&r);
        read_secret(&r, s, &g->past[g->past_count].psk);
    }
    g->has_rewind = true;
    return bad_unless_memory(mls_read_end(&r));
}

static enum err read_receive(struct span in, struct mls_group *g)
{
    struct reader r = reader_of(in);

    if (read_be16(&r) != FORMAT_RECEIVE)
        return mls_fail(MLS_BAD_STATE);
    read_secret(&r, g->suite, &g->membership_key);
    read_secret(&r, g->suite, &g->sender_data);
    TRY(mls_secret_tree_read(&r, g->suite, g->tree.leaves, &g->secrets));
    g->has_receive = true;
    return bad_unless_memory(mls_read_end(&r));
}

enum err mls_load(struct span public_part, struct span rewind, struct span receive,
                  struct mls_group **out)
{
    struct mls_group *g = NULL;

    enum err err = read_public(public_part, &g);
    if (err == OK && rewind.len > 0)
        err = read_rewind(rewind, g);
    if (err == OK && receive.len > 0)
        err = read_receive(receive, g);
    if (err == OK)
        *out = g;
    else
        mls_group_free(g);
    return err;
}
