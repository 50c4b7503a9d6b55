/* Credentials, group data and heads as bytes, and the table of types. */
#include "node/chat/profile/profile_data.h"

#define DIRECT_ACCOUNTS 2u

/* @source CHAT.md 0, 4 */
static const struct profile_rules types[] = {
    {PROFILE_DIRECT, MLS_SUITE_XWING, 2 * IDENTITY_INSTALLATIONS_MAX, DIRECT_ACCOUNTS, false, true,
     1},
    {PROFILE_GROUP, MLS_SUITE_XWING, PROFILE_GROUP_LEAVES_MAX, PROFILE_GROUP_LEAVES_MAX, true, true,
     7},
    {PROFILE_CROWD, MLS_SUITE_X25519_CHACHA, MLS_LEAVES_MAX, MLS_LEAVES_MAX, true, false, 7},
    {PROFILE_SELF, MLS_SUITE_XWING, IDENTITY_INSTALLATIONS_MAX, 1, false, true, 1},
};

const struct profile_rules *profile_rules(uint64_t type)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].type == type)
            return &types[i];
    return NULL;
}

/* ---- what all objects have ---- */

enum err profile_open(struct span in, enum profile_object type, size_t fields,
                      struct pack_reader *r)
{
    TRY(pack_open(in, r));
    size_t parts = pack_read_array(r, 2, PACK_ITEMS_MAX);
    uint64_t got = pack_read_uint(r, UINT64_MAX), version = pack_read_uint(r, UINT64_MAX);
    if (r->err == OK && got == type && version != 1)
        return ERR_UNSUPPORTED;
    return r->err == OK && got == type && parts == 2 + fields + 1 ? OK : ERR_FORMAT;
}

enum err profile_close(struct pack_reader *r)
{
    struct pack_extensions x;

    pack_read_extensions(r, &x);
    TRY(pack_end(r));
    return pack_extensions_known(&x, NULL, 0);
}

struct pack_writer profile_begin(struct buf *out, enum profile_object type, size_t fields)
{
    struct pack_writer w = pack_writer_to(out);

    pack_write_array(&w, 2 + fields + 1);
    pack_write_uint(&w, type);
    pack_write_uint(&w, 1);
    return w;
}

enum err profile_end(struct pack_writer *w)
{
    pack_write_extensions(w, &(struct pack_extensions){0});
    return pack_writer_status(w);
}

/* ---- credentials ---- */

enum err profile_credential_decode(struct span in, struct profile_credential *out)
{
    struct pack_reader r;

    *out = (struct profile_credential){0};
    if (in.len > PROFILE_CREDENTIAL_BYTES_MAX)
        return ERR_LIMIT;
    TRY(profile_open(in, PROFILE_OBJECT_CREDENTIAL, 4, &r));
    pack_read_fixed(&r, out->account, sizeof out->account);
    pack_read_fixed(&r, out->key, sizeof out->key);
    out->seq = pack_read_uint(&r, UINT64_MAX);
    pack_read_fixed(&r, out->head, sizeof out->head);
    return profile_close(&r);
}

enum err profile_credential_encode(const struct profile_credential *c, struct buf *out)
{
    struct pack_writer w = profile_begin(out, PROFILE_OBJECT_CREDENTIAL, 4);

    pack_write_bin(&w, SPAN_ARRAY(c->account));
    pack_write_bin(&w, SPAN_ARRAY(c->key));
    pack_write_uint(&w, c->seq);
    pack_write_bin(&w, SPAN_ARRAY(c->head));
    return profile_end(&w);
}

enum err profile_credential_of(const struct mls_leaf_node *leaf, struct profile_credential *out)
{
    if (leaf->credential.type != MLS_CREDENTIAL_BASIC)
        return ERR_FORMAT;
    TRY(profile_credential_decode(leaf->credential.identity, out));
    return span_eq(leaf->signature_key, SPAN_ARRAY(out->key)) ? OK : ERR_FORMAT;
}

/* ---- group data ---- */

static bool well_formed(const struct profile_data *d)
{
    const struct profile_rules *rules = profile_rules(d->type);
    size_t owners = 0;

    if (rules == NULL || !pack_is_utf8(span_of(d->name, d->name_len)))
        return false;
    for (size_t i = 0; i < d->roles_count; i++) {
        if (i > 0 && memcmp(d->roles[i - 1].account, d->roles[i].account, ACCOUNT_ID_BYTES) >= 0)
            return false;
        if (rules->roles ? d->roles[i].role == PROFILE_MEMBER : d->roles[i].role != PROFILE_MEMBER)
            return false;
        owners += d->roles[i].role == PROFILE_OWNER;
    }
    return rules->roles
               ? owners > 0
               : d->roles_count == rules->accounts_max && d->name_len == 0 && d->policy == 0;
}

static void read_roles(struct pack_reader *r, struct profile_data *out)
{
    out->roles_count = pack_read_array(r, 1, PROFILE_ROLES_MAX);
    for (size_t i = 0; i < out->roles_count; i++) {
        (void)pack_read_array(r, 2, 2);
        pack_read_fixed(r, out->roles[i].account, ACCOUNT_ID_BYTES);
        out->roles[i].role = (enum profile_role)pack_read_uint(r, PROFILE_OWNER);
    }
}

/* The extension array as it stands, checked: a change of the name must not lose what a later
 * version wrote. */
static enum err keep_extensions(struct pack_reader *r, struct profile_data *out)
{
    struct pack_reader again = *r;
    struct span raw = pack_read_raw(&again);

    TRY(profile_close(r));
    if (raw.len > sizeof out->extra)
        return ERR_LIMIT;
    out->extra_len = raw.len > 1 ? raw.len : 0; /* one byte: an empty array */
    memcpy(out->extra, raw.ptr, out->extra_len);
    return OK;
}

enum err profile_data_decode(struct span in, struct profile_data *out)
{
    struct pack_reader r;

    *out = (struct profile_data){0};
    if (in.len > PROFILE_DATA_BYTES_MAX)
        return ERR_LIMIT;
    TRY(profile_open(in, PROFILE_OBJECT_DATA, 4, &r));
    uint64_t type = pack_read_uint(&r, UINT64_MAX);
    struct span name = pack_read_str(&r, 0, PROFILE_NAME_BYTES_MAX);
    out->policy = pack_read_uint(&r, UINT64_MAX);
    read_roles(&r, out);
    TRY(keep_extensions(&r, out));
    if (profile_rules(type) == NULL)
        return ERR_UNSUPPORTED;
    out->type = (enum profile_type)type;
    out->name_len = name.len;
    if (name.len > 0)
        memcpy(out->name, name.ptr, name.len);
    return well_formed(out) ? OK : ERR_FORMAT;
}

enum err profile_data_find(struct span extensions, struct profile_data *out)
{
    struct span data;

    *out = (struct profile_data){0};
    if (!mls_extension_find(extensions, PROFILE_EXTENSION, &data))
        return ERR_NOT_FOUND;
    return profile_data_decode(data, out);
}

enum err profile_data_encode(const struct profile_data *d, struct buf *out)
{
    if (d->roles_count > PROFILE_ROLES_MAX || d->name_len > PROFILE_NAME_BYTES_MAX ||
        !well_formed(d))
        return ERR_ARGUMENT;
    struct pack_writer w = profile_begin(out, PROFILE_OBJECT_DATA, 4);
    pack_write_uint(&w, d->type);
    pack_write_str(&w, span_of(d->name, d->name_len));
    pack_write_uint(&w, d->policy);
    pack_write_array(&w, d->roles_count);
    for (size_t i = 0; i < d->roles_count; i++) {
        pack_write_array(&w, 2);
        pack_write_bin(&w, SPAN_ARRAY(d->roles[i].account));
        pack_write_uint(&w, d->roles[i].role);
    }
    if (d->extra_len == 0)
        return profile_end(&w);
    pack_write_raw(&w, span_of(d->extra, d->extra_len));
    return pack_writer_status(&w);
}

enum err profile_data_extensions(const struct profile_data *d, struct buf *out)
{
    struct buf data = BUF_INIT(PROFILE_DATA_BYTES_MAX);
    struct writer w = writer_to(out);

    enum err err = profile_data_encode(d, &data);
    if (err == OK) {
        mls_write_extension(&w, PROFILE_EXTENSION, buf_span(&data));
        err = writer_status(&w);
    }
    buf_clear(&data);
    return err;
}

/* Place of an account in the list, or where it would stand. */
static size_t place(const struct profile_data *d, const uint8_t account[32], bool *there)
{
    size_t i = 0;

    while (i < d->roles_count && memcmp(d->roles[i].account, account, ACCOUNT_ID_BYTES) < 0)
        i++;
    *there = i < d->roles_count && memcmp(d->roles[i].account, account, ACCOUNT_ID_BYTES) == 0;
    return i;
}

enum profile_role profile_data_role(const struct profile_data *d, const uint8_t account[32])
{
    bool there;
    size_t i = place(d, account, &there);

    return there ? d->roles[i].role : PROFILE_MEMBER;
}

bool profile_data_lists(const struct profile_data *d, const uint8_t account[32])
{
    bool there;

    (void)place(d, account, &there);
    return there;
}

enum err profile_data_set_role(struct profile_data *d, const uint8_t account[32],
                               enum profile_role role)
{
    const struct profile_rules *rules = profile_rules(d->type);
    bool there, keep = role != PROFILE_MEMBER || (rules != NULL && !rules->roles);
    size_t i = place(d, account, &there);
    struct profile_role_entry *at = &d->roles[i];

    if (!keep && !there)
        return OK;
    if (keep && !there) {
        if (d->roles_count == PROFILE_ROLES_MAX)
            return ERR_FULL;
        memmove(at + 1, at, (d->roles_count++ - i) * sizeof *at);
        memcpy(at->account, account, ACCOUNT_ID_BYTES);
    } else if (!keep) {
        memmove(at, at + 1, (--d->roles_count - i) * sizeof *at);
        return OK;
    }
    at->role = role;
    return OK;
}

bool profile_data_same(const struct profile_data *a, const struct profile_data *b)
{
    bool same = a->type == b->type && a->policy == b->policy && a->roles_count == b->roles_count &&
                span_eq(span_of(a->name, a->name_len), span_of(b->name, b->name_len)) &&
                span_eq(span_of(a->extra, a->extra_len), span_of(b->extra, b->extra_len));

    for (size_t i = 0; same && i < a->roles_count; i++)
        same = a->roles[i].role == b->roles[i].role &&
               memcmp(a->roles[i].account, b->roles[i].account, ACCOUNT_ID_BYTES) == 0;
    return same;
}

/* ---- heads ---- */

enum err profile_heads_decode(struct span in, struct profile_heads *out)
{
    struct pack_reader r;

    *out = (struct profile_heads){0};
    TRY(profile_open(in, PROFILE_OBJECT_HEADS, 2, &r));
    out->seq = pack_read_uint(&r, UINT64_MAX);
    pack_read_fixed(&r, out->head, sizeof out->head);
    return profile_close(&r);
}

enum err profile_heads_encode(const struct profile_heads *h, struct buf *out)
{
    struct pack_writer w = profile_begin(out, PROFILE_OBJECT_HEADS, 2);

    pack_write_uint(&w, h->seq);
    pack_write_bin(&w, SPAN_ARRAY(h->head));
    return profile_end(&w);
}
