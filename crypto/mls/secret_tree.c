#include "crypto/mls/secret_tree.h"

#include "crypto/base/wipe.h"
#include "crypto/mls/secret_node.h"

#include <stdlib.h>

/* -- nodes -- */

static struct mls_secret_node *node_new(const struct mls_secret *secret)
{
    struct mls_secret_node *n = calloc(1, sizeof *n);
    if (n != NULL && secret != NULL) {
        n->secret = *secret;
        n->live = true;
    }
    return n;
}

static void ratchet_clear(struct mls_ratchet *r)
{
    if (r->kept != NULL)
        wipe(r->kept, r->kept_cap * sizeof *r->kept);
    free(r->kept);
}

void mls_secret_node_free(struct mls_secret_node *n)
{
    if (n == NULL)
        return;
    mls_secret_node_free(n->side[0]);
    mls_secret_node_free(n->side[1]);
    if (n->sender != NULL) {
        ratchet_clear(&n->sender->ratchets[0]);
        ratchet_clear(&n->sender->ratchets[1]);
        wipe(n->sender, sizeof *n->sender);
        free(n->sender);
    }
    wipe(n, sizeof *n);
    free(n);
}

static bool ratchet_copy(const struct mls_ratchet *r, struct mls_ratchet *out)
{
    *out = *r;
    out->kept = NULL;
    out->kept_cap = r->kept_count;
    if (r->kept_count == 0)
        return true;
    out->kept = malloc(r->kept_count * sizeof *out->kept);
    if (out->kept != NULL)
        memcpy(out->kept, r->kept, r->kept_count * sizeof *out->kept);
    return out->kept != NULL;
}

static struct mls_secret_node *node_copy(const struct mls_secret_node *n)
{
    struct mls_secret_node *c = node_new(n->live ? &n->secret : NULL);
    bool ok = c != NULL;

    for (int i = 0; ok && i < 2; i++)
        if (n->side[i] != NULL)
            ok = (c->side[i] = node_copy(n->side[i])) != NULL;
    if (ok && n->sender != NULL) {
        c->sender = calloc(1, sizeof *c->sender);
        ok = c->sender != NULL && ratchet_copy(&n->sender->ratchets[0], &c->sender->ratchets[0]) &&
             ratchet_copy(&n->sender->ratchets[1], &c->sender->ratchets[1]);
    }
    if (ok)
        return c;
    mls_secret_node_free(c);
    return NULL;
}

enum err mls_secret_tree_init(struct mls_secret_tree *t, const struct mls_suite *suite,
                              uint32_t leaves, const struct mls_secret *encryption)
{
    *t = (struct mls_secret_tree){suite, leaves, node_new(encryption)};
    return t->root == NULL ? ERR_MEMORY : OK;
}

enum err mls_secret_tree_copy(const struct mls_secret_tree *t, struct mls_secret_tree *out)
{
    *out = *t;
    if (t->root != NULL)
        out->root = node_copy(t->root);
    return t->root != NULL && out->root == NULL ? ERR_MEMORY : OK;
}

void mls_secret_tree_clear(struct mls_secret_tree *t)
{
    mls_secret_node_free(t->root);
    t->root = NULL;
}

/* -- from the root to a sender -- */

static void derive_child(const struct mls_suite *s, struct mls_secret *secret, unsigned side)
{
    struct mls_secret child = {0};

    mls_expand(s, mls_secret_span(s, secret), SPAN_LIT("tree"),
               side == 0 ? SPAN_LIT("left") : SPAN_LIT("right"), child.bytes, s->hash->bytes);
    *secret = child;
    wipe(&child, sizeof child);
}

static void derive_ratchet(const struct mls_suite *s, const struct mls_secret *leaf,
                           enum mls_ratchet_kind kind, struct mls_secret *out)
{
    *out = (struct mls_secret){0};
    mls_derive(s, mls_secret_span(s, leaf),
               kind == MLS_RATCHET_HANDSHAKE ? "handshake" : "application", out);
}

static unsigned side_of(uint32_t leaf, uint32_t width)
{
    return leaf & (width / 2) ? 1 : 0; /* width: leaves below the node we stand on */
}

/* The ratchet of a leaf as it is, or as it would begin: nothing is stored. */
static enum err ratchet_view(const struct mls_secret_tree *t, uint32_t leaf,
                             enum mls_ratchet_kind kind, struct mls_ratchet *out)
{
    const struct mls_secret_node *n = t->root;
    struct mls_secret secret = {0};
    uint32_t width = t->leaves;

    if (n == NULL)
        return mls_fail(MLS_DROPPED);
    if (leaf >= t->leaves)
        return mls_fail(MLS_BAD_SENDER);
    for (; !n->live && width > 1; width /= 2)
        n = n->side[side_of(leaf, width)];
    if (width == 1 && n->sender != NULL) {
        *out = n->sender->ratchets[kind];
        return OK;
    }
    secret = n->secret;
    for (; width > 1; width /= 2)
        derive_child(t->suite, &secret, side_of(leaf, width));
    *out = (struct mls_ratchet){0};
    derive_ratchet(t->suite, &secret, kind, &out->secret);
    wipe(&secret, sizeof secret);
    return OK;
}

static enum err split(const struct mls_suite *s, struct mls_secret_node *n)
{
    for (unsigned side = 0; side < 2; side++) {
        struct mls_secret child = n->secret;
        derive_child(s, &child, side);
        if (n->side[side] == NULL)
            n->side[side] = node_new(&child);
        wipe(&child, sizeof child);
        if (n->side[side] == NULL)
            return ERR_MEMORY; /* still live: the next attempt makes what is missing */
    }
    n->live = false;
    wipe(&n->secret, sizeof n->secret);
    return OK;
}

/* The stored ratchets of a leaf, splitting what is above it. */
static enum err sender_of(struct mls_secret_tree *t, uint32_t leaf,
                          struct mls_sender_ratchets **out)
{
    struct mls_secret_node *n = t->root;

    for (uint32_t width = t->leaves; width > 1; width /= 2) {
        if (n->live)
            TRY(split(t->suite, n));
        n = n->side[side_of(leaf, width)];
    }
    if (n->sender == NULL) {
        n->sender = calloc(1, sizeof *n->sender);
        if (n->sender == NULL)
            return ERR_MEMORY;
        for (int kind = 0; kind < 2; kind++)
            derive_ratchet(t->suite, &n->secret, (enum mls_ratchet_kind)kind,
                           &n->sender->ratchets[kind].secret);
        n->live = false;
        wipe(&n->secret, sizeof n->secret);
    }
    *out = n->sender;
    return OK;
}

/* -- ratchets -- */

static void derive_key(const struct mls_suite *s, const struct mls_secret *ratchet,
                       uint32_t generation, struct mls_message_key *out)
{
    struct span from = mls_secret_span(s, ratchet);

    out->generation = generation;
    mls_derive_tree(s, from, "nonce", generation, out->nonce, MLS_AEAD_NONCE);
    mls_derive_tree(s, from, "key", generation, out->key, s->key_bytes);
}

static void advance(const struct mls_suite *s, struct mls_secret *ratchet, uint32_t generation)
{
    struct mls_secret next = {0};

    mls_derive_tree(s, mls_secret_span(s, ratchet), "secret", generation, next.bytes,
                    s->hash->bytes);
    *ratchet = next;
    wipe(&next, sizeof next);
}

uint32_t mls_secret_tree_generation(const struct mls_secret_tree *t, uint32_t leaf,
                                    enum mls_ratchet_kind kind)
{
    struct mls_ratchet r = {0};

    if (ratchet_view(t, leaf, kind, &r) != OK)
        return 0;
    uint32_t next = r.next;
    wipe(&r, sizeof r);
    return next;
}

static enum err peek_kept(const struct mls_ratchet *r, uint32_t generation,
                          struct mls_ratchet_step *step)
{
    for (size_t i = 0; i < r->kept_count; i++) {
        if (r->kept[i].generation != generation)
            continue;
        step->key = r->kept[i];
        step->was_skipped = true;
        return OK;
    }
    return mls_fail(MLS_KEY_CONSUMED);
}

static enum err peek_ahead(const struct mls_suite *s, const struct mls_ratchet *r,
                           uint32_t generation, struct mls_ratchet_step *step)
{
    size_t skips = generation - r->next;

    if (generation == UINT32_MAX)
        return mls_fail(MLS_GENERATION_SPENT);
    if (skips > MLS_SKIP_MAX)
        return mls_fail(MLS_TOO_FAR_AHEAD);
    if (skips > 0 && (step->skipped = calloc(skips, sizeof *step->skipped)) == NULL)
        return ERR_MEMORY;
    step->skipped_count = skips;
    step->next = r->secret;
    for (size_t i = 0; i < skips; i++) {
        uint32_t g = r->next + (uint32_t)i;
        derive_key(s, &step->next, g, &step->skipped[i]);
        advance(s, &step->next, g);
    }
    derive_key(s, &step->next, generation, &step->key);
    advance(s, &step->next, generation);
    return OK;
}

enum err mls_secret_tree_peek(const struct mls_secret_tree *t, uint32_t leaf,
                              enum mls_ratchet_kind kind, uint32_t generation,
                              struct mls_ratchet_step *step)
{
    struct mls_ratchet r = {0};

    *step = (struct mls_ratchet_step){.leaf = leaf, .kind = kind};
    TRY(ratchet_view(t, leaf, kind, &r));
    enum err err = generation < r.next ? peek_kept(&r, generation, step)
                                       : peek_ahead(t->suite, &r, generation, step);
    wipe(&r, sizeof r); /* a view: its kept keys belong to the tree */
    return err;
}

void mls_ratchet_step_clear(struct mls_ratchet_step *step)
{
    if (step->skipped != NULL)
        wipe(step->skipped, step->skipped_count * sizeof *step->skipped);
    free(step->skipped);
    wipe(step, sizeof *step);
}

/* Erase `count` kept keys from the i-th on. */
static void drop_kept(struct mls_ratchet *r, size_t i, size_t count)
{
    r->kept_count -= count;
    memmove(&r->kept[i], &r->kept[i + count], (r->kept_count - i) * sizeof *r->kept);
    wipe(&r->kept[r->kept_count], count * sizeof *r->kept);
}

/* Room for `more` kept keys; the oldest go when the bound is reached. */
static enum err make_room(struct mls_ratchet *r, size_t more)
{
    if (r->kept_count + more > r->kept_cap) {
        size_t cap = r->kept_count + more;
        struct mls_message_key *kept = malloc(cap * sizeof *kept);
        if (kept == NULL)
            return ERR_MEMORY;
        if (r->kept_count > 0)
            memcpy(kept, r->kept, r->kept_count * sizeof *kept);
        ratchet_clear(r);
        r->kept = kept;
        r->kept_cap = cap;
    }
    return OK;
}

static enum err take_ahead(struct mls_ratchet *r, const struct mls_ratchet_step *step)
{
    size_t old = r->kept_count, more = step->skipped_count;

    if (more > 0) {
        TRY(make_room(r, more));
        memcpy(r->kept + old, step->skipped, more * sizeof *r->kept);
        r->kept_count += more;
        if (r->kept_count > MLS_SKIP_MAX)
            drop_kept(r, 0, r->kept_count - MLS_SKIP_MAX);
    }
    r->secret = step->next;
    r->next = step->key.generation + 1;
    return OK;
}

static void take_kept(struct mls_ratchet *r, uint32_t generation)
{
    for (size_t i = 0; i < r->kept_count; i++)
        if (r->kept[i].generation == generation) {
            drop_kept(r, i, 1);
            return;
        }
}

enum err mls_secret_tree_take(struct mls_secret_tree *t, struct mls_ratchet_step *step)
{
    struct mls_sender_ratchets *sender;
    enum err err = sender_of(t, step->leaf, &sender);

    if (err == OK && step->was_skipped)
        take_kept(&sender->ratchets[step->kind], step->key.generation);
    else if (err == OK)
        err = take_ahead(&sender->ratchets[step->kind], step);
    mls_ratchet_step_clear(step);
    return err;
}

enum err mls_secret_tree_skip_to(struct mls_secret_tree *t, uint32_t leaf,
                                 enum mls_ratchet_kind kind, uint32_t generation)
{
    struct mls_sender_ratchets *sender;
    uint32_t now = mls_secret_tree_generation(t, leaf, kind);

    if (t->root == NULL)
        return mls_fail(MLS_DROPPED);
    if (generation <= now)
        return OK;
    if (generation - now > 65536)
        return mls_fail(MLS_TOO_FAR_AHEAD);
    TRY(sender_of(t, leaf, &sender));
    struct mls_ratchet *r = &sender->ratchets[kind];
    while (r->next < generation)
        advance(t->suite, &r->secret, r->next++);
    return OK;
}
