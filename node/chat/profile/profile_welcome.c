/* The blob of a Welcome, and joining by it. */
#include "node/chat/identity/identity_log.h"
#include "node/chat/profile/profile.h"

#include <stdlib.h>

/* ---- bytes ---- */

/* the accounts of a group, each once, sorted: a crowd has thousands */
struct accounts {
    uint8_t (*list)[ACCOUNT_ID_BYTES];
    size_t count;
};

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, ACCOUNT_ID_BYTES);
}

static enum err accounts_of(const struct mls_group *g, struct accounts *out)
{
    const struct mls_tree *tree = mls_group_tree(g);
    struct profile_credential c;
    size_t kept = 0;
    uint32_t leaf;

    out->count = 0;
    out->list = calloc(mls_tree_members(tree), sizeof *out->list);
    if (out->list == NULL)
        return ERR_MEMORY;
    for (uint32_t from = 0; mls_tree_next_member(tree, from, &leaf); from = leaf + 1) {
        TRY(policy_member(tree, leaf, &c));
        memcpy(out->list[out->count++], c.account, ACCOUNT_ID_BYTES);
    }
    qsort(out->list, out->count, sizeof *out->list, by_bytes);
    for (size_t i = 0; i < out->count; i++)
        if (kept == 0 || by_bytes(out->list[kept - 1], out->list[i]) != 0)
            memmove(out->list[kept++], out->list[i], ACCOUNT_ID_BYTES);
    out->count = kept;
    return OK;
}

static enum err write_logs(struct pack_writer *w, const struct accounts *accounts,
                           const struct identity_log *(*find)(void *ctx, const uint8_t *account),
                           void *ctx)
{
    struct buf log = BUF_INIT(IDENTITY_SENT_BYTES_MAX);
    enum err err = OK;

    pack_write_array(w, accounts->count);
    for (size_t i = 0; err == OK && i < accounts->count; i++) {
        const struct identity_log *l = find(ctx, accounts->list[i]);
        buf_reset(&log);
        err = l == NULL ? ERR_NOT_FOUND : identity_log_write(l, &log);
        if (err == OK)
            pack_write_bin(w, buf_span(&log));
    }
    buf_clear(&log);
    return err;
}

enum err profile_welcome_write(const struct mls_group *g, struct span welcome,
                               const struct profile_address *address,
                               const struct identity_log *(*find)(void *ctx,
                                                                  const uint8_t *account),
                               void *ctx, struct buf *out)
{
    size_t before = out->len;
    struct accounts accounts = {0};
    struct pack_writer w = profile_begin(out, PROFILE_OBJECT_WELCOME, 6);

    pack_write_bin(&w, welcome);
    pack_write_bin(&w, SPAN_EMPTY); /* the tree is in the Welcome */
    enum err err = accounts_of(g, &accounts);
    if (err == OK)
        err = accounts.count > WELCOME_LOGS_MAX ? ERR_LIMIT : write_logs(&w, &accounts, find, ctx);
    free(accounts.list);
    pack_write_bin(&w, SPAN_ARRAY(address->now));
    pack_write_bin(&w, SPAN_ARRAY(address->next));
    pack_write_uint(&w, address->next_from);
    if (err == OK)
        err = profile_end(&w);
    if (err == OK && out->len - before > WELCOME_BYTES_MAX)
        err = ERR_LIMIT;
    if (err != OK)
        buf_truncate(out, before);
    return err;
}

static enum err read_logs(struct pack_reader *r, struct profile_welcome *out)
{
    out->logs_count = pack_read_array(r, 1, WELCOME_LOGS_MAX);
    if (r->err != OK)
        return r->err;
    out->logs = calloc(out->logs_count, sizeof *out->logs); /* each takes a byte of the input */
    if (out->logs == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < out->logs_count; i++)
        out->logs[i] = pack_read_bin(r, 1, IDENTITY_SENT_BYTES_MAX);
    return r->err;
}

enum err profile_welcome_read(struct span in, struct profile_welcome *out)
{
    struct pack_reader r;

    *out = (struct profile_welcome){0};
    if (in.len > WELCOME_BYTES_MAX)
        return ERR_LIMIT;
    TRY(profile_open(in, PROFILE_OBJECT_WELCOME, 6, &r));
    out->welcome = pack_read_bin(&r, 1, WELCOME_BYTES_MAX);
    out->tree = pack_read_bin(&r, 0, WELCOME_BYTES_MAX);
    enum err err = read_logs(&r, out);
    pack_read_fixed(&r, out->address.now, sizeof out->address.now);
    pack_read_fixed(&r, out->address.next, sizeof out->address.next);
    out->address.next_from = pack_read_uint(&r, UINT32_MAX);
    return err == OK ? profile_close(&r) : err;
}

uint16_t profile_welcome_suite(struct span blob)
{
    struct profile_welcome w;
    struct mls_message m;
    uint16_t suite = 0;

    if (profile_welcome_read(blob, &w) == OK && mls_message_decode(w.welcome, &m) == OK &&
        m.wire_format == MLS_WIRE_WELCOME)
        suite = m.welcome.cipher_suite;
    profile_welcome_clear(&w);
    return suite;
}

void profile_welcome_clear(struct profile_welcome *w)
{
    free(w->logs);
    *w = (struct profile_welcome){0};
}

/* ---- joining ---- */

void profile_joined_clear(struct profile_joined *j)
{
    for (size_t i = 0; i < j->logs_count; i++)
        identity_log_free(j->logs[i]);
    free(j->logs);
    mls_group_free(j->group);
    *j = (struct profile_joined){0};
}

static int by_account(const void *a, const void *b)
{
    const struct identity_log *const *x = a, *const *y = b;
    return by_bytes(identity_log_now(*x)->account, identity_log_now(*y)->account);
}

static enum err verify_logs(const struct profile_welcome *w, struct profile_joined *out)
{
    out->logs = calloc(w->logs_count, sizeof(struct identity_log *));
    if (out->logs == NULL)
        return ERR_MEMORY;
    for (; out->logs_count < w->logs_count; out->logs_count++)
        TRY(identity_log_read(w->logs[out->logs_count], &out->logs[out->logs_count]));
    qsort(out->logs, out->logs_count, sizeof(struct identity_log *), by_account);
    return OK;
}

/* The place of an account's log; logs_count: none. */
static size_t log_at(const struct profile_joined *j, const uint8_t account[32])
{
    size_t low = 0, high = j->logs_count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = by_bytes(identity_log_now(j->logs[mid])->account, account);
        if (order == 0)
            return mid;
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return j->logs_count;
}

/* Has this key been an installation of the account, now or at some known event? */
static bool was_active(const struct identity_log *log, const uint8_t key[32])
{
    if (identity_has(identity_log_now(log), key, NULL))
        return true;
    for (size_t i = 0; i < log->count; i++)
        if (!log->entries[i]->partial && identity_has(&log->entries[i]->after, key, NULL))
            return true;
    return false;
}

static enum policy_why check_leaf(const struct profile_joined *j, const struct profile_rules *rules,
                                  const struct profile_credential *c, uint8_t *counts)
{
    size_t at = log_at(j, c->account);

    if (!rules->roles && !profile_data_lists(&j->data, c->account))
        return POLICY_NOT_LISTED;
    if (at == j->logs_count)
        return POLICY_NO_LOG;
    if (!evidence_log_covers(j->logs[at], c->seq, c->head))
        return POLICY_OLD_LOG;
    if (++counts[at] > IDENTITY_INSTALLATIONS_MAX)
        return POLICY_TOO_MANY_OF_ACCOUNT;
    return was_active(j->logs[at], c->key) ? POLICY_FINE : POLICY_NOT_ACTIVE;
}

/* The leaves one by one; `counts` has those of the account of each log. */
static enum policy_why check_leaves(const struct profile_joined *j,
                                    const struct profile_rules *rules, uint8_t *counts)
{
    const struct mls_tree *tree = mls_group_tree(j->group);
    struct profile_credential c;
    uint32_t leaf;

    if (mls_tree_members(tree) > rules->leaves_max)
        return POLICY_TOO_MANY;
    for (uint32_t from = 0; mls_tree_next_member(tree, from, &leaf); from = leaf + 1) {
        if (policy_member(tree, leaf, &c) != OK)
            return POLICY_CREDENTIAL;
        enum policy_why why = check_leaf(j, rules, &c, counts);
        if (why != POLICY_FINE)
            return why;
    }
    return POLICY_FINE;
}

static enum policy_why check_context(struct profile_joined *j)
{
    const struct mls_group_context *context = mls_group_context(j->group);
    struct reader r = reader_of(context->extensions);
    struct mls_extension x;

    while (mls_read_more(&r)) {
        mls_read_extension(&r, &x);
        if (x.type != PROFILE_EXTENSION)
            return POLICY_EXTENSIONS;
    }
    if (profile_data_find(context->extensions, &j->data) != OK ||
        context->group_id.len != GROUP_ID_BYTES)
        return POLICY_DATA;
    return context->cipher_suite == profile_rules(j->data.type)->suite ? POLICY_FINE : POLICY_SUITE;
}

static enum err check(struct profile_joined *j)
{
    j->why = check_context(j);
    if (j->why == POLICY_FINE) {
        uint8_t *counts = calloc(j->logs_count, 1);
        if (counts == NULL)
            return ERR_MEMORY;
        j->why = check_leaves(j, profile_rules(j->data.type), counts);
        free(counts);
    }
    if (j->why != POLICY_FINE)
        return ERR_REFUSED;
    return policy_member(mls_group_tree(j->group), j->signer, &j->invited_by);
}

static enum err join_checked(const struct mls_world *w, const struct profile_join *join,
                             const struct profile_welcome *blob, struct profile_joined *out)
{
    struct mls_join j = {.welcome = blob->welcome,
                         .key_package = join->key_package,
                         .keys = join->keys,
                         .ratchet_tree = blob->tree,
                         .signer = &out->signer};

    TRY(verify_logs(blob, out));
    TRY(mls_group_join(w, &j, &out->group));
    out->address = blob->address;
    return check(out);
}

enum err profile_join(const struct mls_world *w, const struct profile_join *join,
                      struct profile_joined *out)
{
    struct profile_welcome blob;

    *out = (struct profile_joined){0};
    enum err err = profile_welcome_read(join->blob, &blob);
    if (err == OK)
        err = join_checked(w, join, &blob, out);
    profile_welcome_clear(&blob);
    if (err != OK) {
        enum policy_why why = out->why;
        profile_joined_clear(out);
        out->why = why;
    }
    return err;
}
