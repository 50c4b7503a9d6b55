/* Who must go; and healing at rest. */
#include "node/chat/profile/healing_state.h"

#include <stdlib.h>

/* ---- who ---- */

size_t healing_owed(const struct mls_group *g,
                    const struct identity_log *(*find)(void *ctx, const uint8_t *account),
                    void *ctx, const uint8_t own[32], struct healing_debt *out, size_t max)
{
    const struct mls_tree *tree = mls_group_tree(g);
    struct profile_credential c;
    size_t count = 0;
    uint32_t leaf;

    for (uint32_t from = 0; mls_tree_next_member(tree, from, &leaf); from = leaf + 1) {
        if (leaf == mls_group_own_leaf(g) || policy_member(tree, leaf, &c) != OK)
            continue;
        const struct identity_log *log = find(ctx, c.account);
        if (log == NULL)
            continue;
        const struct identity *now = identity_log_now(log);
        bool over = now->status == IDENTITY_ENDED || now->status == IDENTITY_MOVED;
        if (now->seq < c.seq || (!over && identity_has(now, c.key, NULL)))
            continue; /* we know less than the leaf, or all is well */
        if (count < max) {
            out[count] =
                (struct healing_debt){.leaf = leaf, .own = memcmp(c.account, own, 32) == 0};
            memcpy(out[count].account, c.account, ACCOUNT_ID_BYTES);
        }
        count++;
    }
    return count;
}

struct sight { /* what the removal of a leaf is judged by */
    const struct healing *h;
    const struct mls_tree *tree;
    struct profile_data data;
    struct profile_credential own;
    enum profile_role role;
    uint32_t *out;
    size_t count, max;
};

/* May all leaves of the account go, or must one stay? */
static bool may_go_whole(const struct sight *s, const struct profile_credential *c)
{
    if (memcmp(c->account, s->own.account, ACCOUNT_ID_BYTES) == 0)
        return true; /* we stay */
    return profile_rules(s->data.type)->roles &&
           profile_data_role(&s->data, c->account) == PROFILE_MEMBER &&
           policy_role(&s->data, s->tree, c->account) < s->role;
}

static bool is_silent(const struct healing *h, const uint8_t key[32])
{
    const struct healing_peer *p = healing_peer(h, key);

    return p != NULL && h->days - p->heard_day >= HEALING_SILENT_DAYS;
}

/* Leaves of this account that are not on the list of those who go. */
static size_t staying(const struct sight *s, const uint8_t account[32])
{
    uint32_t leaves[IDENTITY_INSTALLATIONS_MAX];
    size_t count = policy_leaves(s->tree, account, leaves, IDENTITY_INSTALLATIONS_MAX);
    size_t stay = count;

    for (size_t i = 0; i < count && i < IDENTITY_INSTALLATIONS_MAX; i++)
        for (size_t k = 0; k < s->count; k++)
            stay -= s->out[k] == leaves[i];
    return stay;
}

static void consider(struct sight *s, uint32_t leaf)
{
    struct profile_credential c;

    if (policy_member(s->tree, leaf, &c) != OK || !is_silent(s->h, c.key))
        return;
    bool own = memcmp(c.account, s->own.account, ACCOUNT_ID_BYTES) == 0;
    if (profile_rules(s->data.type)->roles && !own && s->role < PROFILE_ADMIN)
        return;
    if (may_go_whole(s, &c) || staying(s, c.account) > 1)
        s->out[s->count++] = leaf;
}

size_t healing_silent(const struct healing *h, const struct mls_group *g, uint32_t *out, size_t max)
{
    struct sight s = {.h = h, .tree = mls_group_tree(g), .out = out, .max = max};
    uint32_t leaf, own = mls_group_own_leaf(g);

    if (profile_data_find(mls_group_context(g)->extensions, &s.data) != OK ||
        policy_member(s.tree, own, &s.own) != OK)
        return 0;
    s.role = policy_role(&s.data, s.tree, s.own.account);
    for (uint32_t from = 0; s.count < max && mls_tree_next_member(s.tree, from, &leaf);
         from = leaf + 1)
        if (leaf != own)
            consider(&s, leaf);
    return s.count;
}

/* ---- at rest ---- */

bool healing_changed(const struct healing *h)
{
    return h->changed;
}

static void write_leaves(struct pack_writer *w, const struct healing *h)
{
    pack_write_array(w, h->leaves_count);
    for (size_t i = 0; i < h->leaves_count; i++) {
        const struct healing_leaf *l = &h->leaves[i];
        pack_write_array(w, 4);
        pack_write_bin(w, SPAN_ARRAY(l->name));
        pack_write_uint(w, l->updated_s);
        pack_write_uint(w, l->own_messages);
        pack_write_uint(w, l->fresh);
    }
}

static void read_leaves(struct pack_reader *r, struct healing *h)
{
    h->leaves_count = pack_read_array(r, 0, HEALING_LEAVES_KEPT);
    for (size_t i = 0; i < h->leaves_count; i++) {
        struct healing_leaf *l = &h->leaves[i];
        (void)pack_read_array(r, 4, 4);
        pack_read_fixed(r, l->name, sizeof l->name);
        l->updated_s = pack_read_uint(r, INT64_MAX);
        l->own_messages = pack_read_uint(r, UINT64_MAX);
        l->fresh = pack_read_uint(r, 1) == 1;
    }
}

enum err healing_save(struct healing *h, struct buf *out)
{
    struct pack_writer w = profile_begin(out, PROFILE_OBJECT_STATE, 5);

    pack_write_uint(&w, h->type);
    write_leaves(&w, h);
    pack_write_uint(&w, h->days);
    pack_write_uint(&w, h->last_day);
    pack_write_array(&w, h->peers_count);
    for (size_t i = 0; i < h->peers_count; i++) {
        pack_write_array(&w, 2);
        pack_write_bin(&w, SPAN_ARRAY(h->peers[i].key));
        pack_write_uint(&w, h->peers[i].heard_day);
    }
    TRY(profile_end(&w));
    h->changed = false;
    return OK;
}

static enum err read_state(struct pack_reader *r, struct healing *h)
{
    read_leaves(r, h);
    h->days = pack_read_uint(r, UINT32_MAX);
    h->last_day = pack_read_uint(r, UINT32_MAX);
    size_t count = pack_read_array(r, 0, HEALING_PEERS_MAX);
    h->peers = calloc(count + 1, sizeof *h->peers);
    if (h->peers == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < count; i++) {
        (void)pack_read_array(r, 2, 2);
        pack_read_fixed(r, h->peers[i].key, sizeof h->peers[i].key);
        h->peers[i].heard_day = pack_read_uint(r, h->days);
    }
    h->peers_count = count;
    h->changed = false;
    return profile_close(r);
}

enum err healing_load(struct span in, struct healing **out)
{
    struct pack_reader r;
    struct healing *h;

    if (profile_open(in, PROFILE_OBJECT_STATE, 5, &r) != OK)
        return ERR_CORRUPT;
    uint64_t type = pack_read_uint(&r, UINT32_MAX);
    if (profile_rules(type) == NULL)
        return ERR_CORRUPT;
    TRY(healing_new(&h, (enum profile_type)type));
    enum err err = read_state(&r, h);
    if (err == OK) {
        *out = h;
        return OK;
    }
    healing_free(h);
    return err == ERR_MEMORY ? err : ERR_CORRUPT;
}
