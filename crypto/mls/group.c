#include "crypto/mls/group_state.h"

#include "crypto/base/wipe.h"

#include <stdlib.h>

struct mls_group *mls_group_alloc(const struct mls_suite *suite)
{
    struct mls_group *g = calloc(1, sizeof *g);
    if (g == NULL)
        return NULL;
    g->suite = suite;
    buf_init(&g->context_bytes, MLS_MESSAGE_BYTES_MAX);
    buf_init(&g->reinit, MLS_MESSAGE_BYTES_MAX);
    return g;
}

static void clear_own_updates(struct mls_group *g)
{
    if (g->own_updates != NULL)
        wipe(g->own_updates, g->own_update_count * sizeof *g->own_updates);
    free(g->own_updates);
    g->own_updates = NULL;
    g->own_update_count = 0;
}

void mls_group_clear_waiting(struct mls_group *g)
{
    for (size_t i = 0; i < g->waiting_count; i++)
        blob_unref(g->waiting[i].proposal);
    free(g->waiting);
    g->waiting = NULL;
    g->waiting_count = 0;
    clear_own_updates(g);
}

void mls_drop(struct mls_group *g, enum mls_part part)
{
    switch (part) {
    case MLS_PART_PUBLIC:
        break; /* is the state */
    case MLS_PART_REWIND:
        g->has_rewind = false;
        clear_own_updates(g);
        wipe(&g->keys, sizeof g->keys);
        wipe(&g->init, sizeof g->init);
        wipe(&g->exporter, sizeof g->exporter);
        wipe(&g->external, sizeof g->external);
        wipe(&g->resumption, sizeof g->resumption);
        wipe(g->past, sizeof g->past);
        g->past_count = 0;
        break;
    case MLS_PART_RECEIVE:
        g->has_receive = false;
        wipe(&g->membership_key, sizeof g->membership_key);
        wipe(&g->sender_data, sizeof g->sender_data);
        mls_secret_tree_clear(&g->secrets);
        break;
    }
}

void mls_group_free(struct mls_group *g)
{
    if (g == NULL)
        return;
    mls_drop(g, MLS_PART_REWIND);
    mls_drop(g, MLS_PART_RECEIVE);
    mls_group_clear_waiting(g);
    mls_tree_clear(&g->tree);
    buf_clear(&g->context_bytes);
    buf_clear(&g->reinit);
    wipe(g, sizeof *g);
    free(g);
}

enum err mls_group_set_context(struct mls_group *g, const struct mls_group_context *c)
{
    struct buf fresh = BUF_INIT(MLS_MESSAGE_BYTES_MAX);
    struct writer w = writer_to(&fresh);

    mls_write_group_context(&w, c);
    if (w.err != OK) {
        buf_clear(&fresh);
        return w.err;
    }
    buf_move(&g->context_bytes, &fresh);
    struct reader r = reader_of(buf_span(&g->context_bytes));
    mls_read_group_context(&r, &g->context);
    return mls_read_end(&r);
}

enum err mls_group_enter(struct mls_group *g, const struct mls_epoch_secrets *e)
{
    mls_secret_tree_clear(&g->secrets);
    TRY(mls_secret_tree_init(&g->secrets, g->suite, g->tree.leaves, &e->encryption));
    g->authenticator = e->authenticator;
    g->init = e->init;
    g->exporter = e->exporter;
    g->external = e->external;
    g->resumption = e->resumption;
    g->membership_key = e->membership_key;
    g->sender_data = e->sender_data;
    g->has_rewind = g->has_receive = true;
    return OK;
}

static bool is_member_sender(struct mls_sender s)
{
    return s.type == MLS_SENDER_MEMBER;
}

/* Room for one more of `sender`: all, and its share (params.h). */
static bool has_room(const struct mls_group *g, struct mls_sender sender, size_t bytes)
{
    size_t all = bytes, own = bytes, own_count = 0;

    for (size_t i = 0; i < g->waiting_count; i++) {
        const struct mls_waiting *w = &g->waiting[i];
        size_t len = blob_span(w->proposal).len;
        bool same = is_member_sender(sender) == is_member_sender(w->sender) &&
                    (!is_member_sender(sender) || w->sender.index == sender.index);
        all += len;
        own += same ? len : 0;
        own_count += same;
    }
    return g->waiting_count < MLS_WAITING_MAX && all <= MLS_WAITING_BYTES_MAX &&
           own_count < MLS_WAITING_SENDER_MAX && own <= MLS_WAITING_SENDER_BYTES_MAX;
}

enum err mls_group_add_waiting(struct mls_group *g, const uint8_t *ref, struct mls_sender sender,
                               struct span proposal)
{
    size_t bytes = g->suite->hash->bytes;

    for (size_t i = 0; i < g->waiting_count; i++)
        if (memcmp(g->waiting[i].ref, ref, bytes) == 0)
            return OK; /* the same message again */
    if (!has_room(g, sender, proposal.len))
        return ERR_FULL;
    struct blob *copy = blob_new(proposal);
    struct mls_waiting *list =
        copy == NULL ? NULL : realloc(g->waiting, (g->waiting_count + 1) * sizeof *list);
    if (list == NULL) {
        blob_unref(copy);
        return ERR_MEMORY;
    }
    g->waiting = list;
    struct mls_waiting *w = &list[g->waiting_count++];
    *w = (struct mls_waiting){.sender = sender, .proposal = copy};
    memcpy(w->ref, ref, bytes);
    return OK;
}

struct mls_listed mls_group_waiting_at(const struct mls_group *g, size_t i)
{
    struct mls_listed l = {.sender = g->waiting[i].sender, .by_reference = true};
    struct reader stored = reader_of(blob_span(g->waiting[i].proposal));

    mls_read_proposal(&stored, &l.proposal);
    memcpy(l.ref, g->waiting[i].ref, sizeof l.ref);
    return l;
}

static void forget_own_update(struct mls_group *g, const uint8_t *ref)
{
    for (size_t i = 0; i < g->own_update_count; i++) {
        struct mls_own_update *u = &g->own_updates[i];
        if (memcmp(u->ref, ref, g->suite->hash->bytes) != 0)
            continue;
        *u = g->own_updates[--g->own_update_count];
        wipe(&g->own_updates[g->own_update_count], sizeof *u);
        return;
    }
}

void mls_group_forget(struct mls_group *g, const uint8_t *ref)
{
    for (size_t i = 0; i < g->waiting_count; i++) {
        if (memcmp(g->waiting[i].ref, ref, g->suite->hash->bytes) != 0)
            continue;
        blob_unref(g->waiting[i].proposal);
        g->waiting_count--;
        memmove(&g->waiting[i], &g->waiting[i + 1], (g->waiting_count - i) * sizeof g->waiting[0]);
        forget_own_update(g, ref);
        return;
    }
}

static enum err copy_waiting(const struct mls_group *g, struct mls_group *out)
{
    for (size_t i = 0; i < g->waiting_count; i++)
        TRY(mls_group_add_waiting(out, g->waiting[i].ref, g->waiting[i].sender,
                                  blob_span(g->waiting[i].proposal)));
    if (g->own_update_count == 0)
        return OK;
    out->own_updates = malloc(g->own_update_count * sizeof *out->own_updates);
    if (out->own_updates == NULL)
        return ERR_MEMORY;
    memcpy(out->own_updates, g->own_updates, g->own_update_count * sizeof *out->own_updates);
    out->own_update_count = g->own_update_count;
    return OK;
}

enum err mls_group_fork(const struct mls_group *g, struct mls_group **out)
{
    struct mls_group *f = mls_group_alloc(g->suite);
    if (f == NULL)
        return ERR_MEMORY;
    struct buf context = f->context_bytes, reinit = f->reinit;
    *f = *g;
    f->context_bytes = context;
    f->reinit = reinit;
    f->waiting = NULL;
    f->own_updates = NULL;
    f->waiting_count = f->own_update_count = 0;
    f->secrets.root = NULL;
    mls_tree_fork(&g->tree, &f->tree);
    enum err err = mls_group_set_context(f, &g->context);
    if (err == OK)
        err = buf_append(&f->reinit, buf_span(&g->reinit));
    if (err == OK)
        err = mls_secret_tree_copy(&g->secrets, &f->secrets);
    if (err == OK)
        err = copy_waiting(g, f);
    if (err == OK)
        *out = f;
    else
        mls_group_free(f);
    return err;
}

/* -- looking -- */

const struct mls_suite *mls_group_suite(const struct mls_group *g)
{
    return g->suite;
}

const struct mls_group_context *mls_group_context(const struct mls_group *g)
{
    return &g->context;
}

const struct mls_tree *mls_group_tree(const struct mls_group *g)
{
    return &g->tree;
}

uint32_t mls_group_own_leaf(const struct mls_group *g)
{
    return g->own;
}

struct span mls_group_confirmation_tag(const struct mls_group *g)
{
    return span_of(g->confirmation_tag, g->suite->hash->bytes);
}

struct span mls_group_epoch_authenticator(const struct mls_group *g)
{
    return mls_secret_span(g->suite, &g->authenticator);
}

bool mls_group_suspended(const struct mls_group *g, struct mls_reinit *reinit)
{
    if (g->reinit.len == 0)
        return false;
    if (reinit != NULL) {
        struct reader r = reader_of(buf_span(&g->reinit));
        mls_read_reinit(&r, reinit);
    }
    return true;
}

size_t mls_group_waiting(const struct mls_group *g)
{
    return g->waiting_count;
}

enum err mls_group_export(const struct mls_group *g, struct span label, struct span context,
                          uint8_t *out, size_t len)
{
    if (!g->has_rewind)
        return mls_fail(MLS_DROPPED);
    return mls_export_secret(g->suite, &g->exporter, label, context, out, len);
}

enum err mls_group_resumption_psk(const struct mls_group *g, uint8_t *out)
{
    if (!g->has_rewind)
        return mls_fail(MLS_DROPPED);
    memcpy(out, g->resumption.bytes, g->suite->hash->bytes);
    return OK;
}

void mls_group_keep_resumptions(struct mls_group *g, size_t epochs)
{
    g->past_keep = epochs > MLS_RESUMPTIONS_MAX ? MLS_RESUMPTIONS_MAX : epochs;
    while (g->past_count > g->past_keep)
        wipe(&g->past[--g->past_count], sizeof g->past[0]);
}

enum err mls_group_write_tree(const struct mls_group *g, struct buf *out)
{
    struct writer w = writer_to(out);
    size_t before = out->len;

    mls_tree_write(&w, &g->tree);
    if (w.err != OK)
        buf_truncate(out, before);
    return w.err;
}

enum err mls_group_external_pair(const struct mls_group *g, struct mls_key_pair *out)
{
    if (!g->has_rewind)
        return mls_fail(MLS_DROPPED);
    return mls_derive_key_pair(g->suite, mls_secret_span(g->suite, &g->external), out);
}

/* -- PSKs -- */

static const struct mls_secret *own_resumption(const struct mls_group *g,
                                               const struct mls_psk_id *id)
{
    if (g == NULL || !g->has_rewind || !span_eq(id->id, g->context.group_id))
        return NULL;
    if (id->epoch == g->context.epoch)
        return &g->resumption;
    for (size_t i = 0; i < g->past_count; i++)
        if (g->past[i].epoch == id->epoch)
            return &g->past[i].psk;
    return NULL;
}

enum err mls_find_psk(const struct mls_group *g, const struct mls_group *resumes,
                      const struct mls_world *w, const struct mls_psk_id *id, struct buf *out)
{
    const struct mls_group *holder = resumes;
    const struct mls_secret *own =
        id->type == MLS_PSK_RESUMPTION ? own_resumption(holder, id) : NULL;

    if (own == NULL && id->type == MLS_PSK_RESUMPTION)
        own = own_resumption(holder = g, id);
    if (own != NULL)
        return buf_append(out, mls_secret_span(holder->suite, own));
    enum err err = w->psk == NULL ? ERR_NOT_FOUND : w->psk(w->ctx, id, out);
    return err == ERR_NOT_FOUND ? mls_fail(MLS_PSK_UNKNOWN) : err;
}
