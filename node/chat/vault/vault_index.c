/* The order of keys. Names in the database are hashed, so it is kept beside them: a B+
 * tree for each table whose nodes are sealed values of VAULT_T_INDEX.
 *
 *     node     key = table 1 || id 4; root: id 0
 *     value  = level 1 || count 1 || count times: length of key 1 || key || child 4 (level > 0)
 *     counter  key = table 1 || ffffffff, value = the last id given out, 4 bytes
 *
 * The key of a child bounds the keys below it from below, but for the first, which has no bound. A
 * node that becomes empty is taken out; nodes are not merged. */
#include "crypto/base/reader.h"
#include "crypto/base/writer.h"
#include "node/chat/vault/vault_inside.h"

#define ROOT           0u
#define COUNTER        UINT32_MAX
#define NODE_BYTES_MAX (2u + (VAULT_NODE_KEYS + 1) * (1u + VAULT_KEY_BYTES_MAX + 4u))

struct entry {
    struct vault_key key;
    uint32_t child;
};

struct node {
    uint8_t level; /* 0: a leaf */
    size_t count;
    struct entry entries[VAULT_NODE_KEYS + 1]; /* one more until it is split */
};

static struct span bytes_of(const struct vault_key *k)
{
    return span_of(k->bytes, k->len);
}

static void key_set(struct vault_key *k, struct span bytes)
{
    assert(bytes.len <= VAULT_KEY_BYTES_MAX);
    k->len = (uint8_t)bytes.len;
    if (bytes.len > 0)
        memcpy(k->bytes, bytes.ptr, bytes.len);
}

/* ---- nodes as values ---- */

static struct span node_key(enum vault_table t, uint32_t id, uint8_t out[5])
{
    out[0] = (uint8_t)t;
    for (size_t i = 0; i < 4; i++)
        out[1 + i] = (uint8_t)(id >> 8 * (3 - i));
    return span_of(out, 5);
}

static enum err decode(struct span in, struct node *n)
{
    struct reader r = reader_of(in);

    n->level = read_u8(&r);
    n->count = read_u8(&r);
    if (n->count > VAULT_NODE_KEYS || n->level >= VAULT_LEVELS_MAX)
        return ERR_CORRUPT;
    for (size_t i = 0; i < n->count; i++) {
        struct span key = read_bytes(&r, read_u8(&r));
        if (key.len > VAULT_KEY_BYTES_MAX)
            return ERR_CORRUPT;
        key_set(&n->entries[i].key, key);
        n->entries[i].child = n->level > 0 ? read_be32(&r) : 0;
    }
    return reader_end(&r) == OK ? OK : ERR_CORRUPT;
}

static enum err load(struct vault *v, enum vault_table t, uint32_t id, struct node *n)
{
    struct buf b = BUF_INIT(NODE_BYTES_MAX);
    uint8_t key[5];

    enum err err = vault_get(v, VAULT_T_INDEX, node_key(t, id, key), &b);
    if (err == OK)
        err = decode(buf_span(&b), n);
    else if (err == ERR_NOT_FOUND && id == ROOT)
        *n = (struct node){0}, err = OK;
    else if (err == ERR_NOT_FOUND || err == ERR_FULL)
        err = ERR_CORRUPT;
    buf_clear(&b);
    return err;
}

static enum err save(struct vault *v, enum vault_table t, uint32_t id, const struct node *n)
{
    struct buf b = BUF_INIT(NODE_BYTES_MAX);
    struct writer w = writer_to(&b);
    uint8_t key[5];

    write_u8(&w, n->level);
    write_u8(&w, (uint8_t)n->count);
    for (size_t i = 0; i < n->count; i++) {
        write_u8(&w, n->entries[i].key.len);
        write_bytes(&w, bytes_of(&n->entries[i].key));
        if (n->level > 0)
            write_be32(&w, n->entries[i].child);
    }
    enum err err = writer_status(&w);
    if (err == OK)
        err = vault_put_raw(v, VAULT_T_INDEX, node_key(t, id, key), buf_span(&b));
    buf_clear(&b);
    return err;
}

static enum err fresh_id(struct vault *v, enum vault_table t, uint32_t *out)
{
    struct buf b = BUF_INIT(4);
    struct writer w = writer_to(&b);
    uint8_t key[5];

    enum err err = vault_get(v, VAULT_T_INDEX, node_key(t, COUNTER, key), &b);
    struct reader r = reader_of(buf_span(&b));
    *out = (err == OK ? read_be32(&r) : ROOT) + 1;
    buf_reset(&b);
    write_be32(&w, *out);
    if (err == OK || err == ERR_NOT_FOUND)
        err = *out == COUNTER ? ERR_FULL : writer_status(&w);
    if (err == OK)
        err = vault_put_raw(v, VAULT_T_INDEX, node_key(t, COUNTER, key), buf_span(&b));
    buf_clear(&b);
    return err;
}

/* ---- places in a node ---- */

/* The first entry whose key is not before `key`. */
static size_t lower(const struct node *n, struct span key)
{
    size_t low = 0, high = n->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (span_cmp(bytes_of(&n->entries[mid].key), key) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static bool is_at(const struct node *n, size_t at, struct span key)
{
    return at < n->count && span_eq(bytes_of(&n->entries[at].key), key);
}

/* The child under which `key` belongs. */
static size_t child_at(const struct node *n, struct span key)
{
    size_t at = lower(n, key);
    return is_at(n, at, key) || at == 0 ? at : at - 1;
}

static void insert_at(struct node *n, size_t at, struct span key, uint32_t child)
{
    memmove(n->entries + at + 1, n->entries + at, (n->count - at) * sizeof n->entries[0]);
    key_set(&n->entries[at].key, key);
    n->entries[at].child = child;
    n->count++;
}

static void take_at(struct node *n, size_t at)
{
    n->count--;
    memmove(n->entries + at, n->entries + at + 1, (n->count - at) * sizeof n->entries[0]);
}

/* ---- add ---- */

/* Keys mostly come in rising order: then the left node stays full. */
static enum err split(struct vault *v, enum vault_table t, struct node *n, size_t at,
                      struct entry *right)
{
    struct node other = {.level = n->level};
    size_t from = at + 1 == n->count ? n->count - 1 : n->count / 2;

    TRY(fresh_id(v, t, &right->child));
    other.count = n->count - from;
    memcpy(other.entries, n->entries + from, other.count * sizeof other.entries[0]);
    n->count = from;
    right->key = other.entries[0].key;
    return save(v, t, right->child, &other);
}

/* The root keeps its id: what it held goes one level down. */
static enum err grow(struct vault *v, enum vault_table t, struct node *root,
                     const struct entry *right)
{
    struct node top = {.level = (uint8_t)(root->level + 1)};
    uint32_t left;

    if (top.level >= VAULT_LEVELS_MAX)
        return ERR_FULL;
    TRY(fresh_id(v, t, &left));
    TRY(save(v, t, left, root));
    insert_at(&top, 0, bytes_of(&root->entries[0].key), left);
    insert_at(&top, 1, bytes_of(&right->key), right->child);
    return save(v, t, ROOT, &top);
}

/* right->child is 0 unless the node was split. */
static enum err add(struct vault *v, enum vault_table t, uint32_t id, struct span key,
                    struct entry *right)
{
    struct entry below = {.child = ROOT};
    struct node n;
    size_t at;

    right->child = ROOT;
    TRY(load(v, t, id, &n));
    if (n.level > 0) {
        at = child_at(&n, key);
        TRY(add(v, t, n.entries[at].child, key, &below));
        if (below.child == ROOT)
            return OK;
        insert_at(&n, ++at, bytes_of(&below.key), below.child);
    } else {
        at = lower(&n, key);
        if (is_at(&n, at, key))
            return OK;
        insert_at(&n, at, key, 0);
    }
    if (n.count > VAULT_NODE_KEYS)
        TRY(split(v, t, &n, at, right));
    return id == ROOT && right->child != ROOT ? grow(v, t, &n, right) : save(v, t, id, &n);
}

enum err vault_index_add(struct vault *v, enum vault_table t, struct span key)
{
    struct entry right;
    return add(v, t, ROOT, key, &right);
}

/* ---- remove ---- */

static enum err remove_below(struct vault *v, enum vault_table t, uint32_t id, struct span key,
                             bool *empty)
{
    uint8_t own[5];
    struct node n;

    *empty = false;
    TRY(load(v, t, id, &n));
    if (n.level > 0) {
        size_t at = child_at(&n, key);
        bool gone;
        TRY(remove_below(v, t, n.entries[at].child, key, &gone));
        if (!gone)
            return OK;
        take_at(&n, at);
    } else {
        size_t at = lower(&n, key);
        if (!is_at(&n, at, key))
            return OK;
        take_at(&n, at);
    }
    if (n.count > 0)
        return save(v, t, id, &n);
    if (id == ROOT)
        return save(v, t, id, &(struct node){0});
    *empty = true;
    return vault_delete_raw(v, VAULT_T_INDEX, node_key(t, id, own));
}

enum err vault_index_remove(struct vault *v, enum vault_table t, struct span key)
{
    bool empty;
    return remove_below(v, t, ROOT, key, &empty);
}

/* ---- look ---- */

struct look {
    struct span key;
    bool back, inclusive;
};

static enum err look_leaf(const struct node *n, const struct look *l, struct vault_key *out)
{
    size_t at = lower(n, l->key);
    bool here = is_at(n, at, l->key);

    if (l->back) {
        at += here && l->inclusive ? 1 : 0;
        if (at == 0)
            return ERR_NOT_FOUND;
        at--;
    } else {
        at += here && !l->inclusive ? 1 : 0;
        if (at == n->count)
            return ERR_NOT_FOUND;
    }
    *out = n->entries[at].key;
    return OK;
}

static enum err look_below(struct vault *v, enum vault_table t, uint32_t id, const struct look *l,
                           struct vault_key *out)
{
    struct node n;

    TRY(load(v, t, id, &n));
    if (n.level == 0)
        return look_leaf(&n, l, out);
    enum err err = ERR_NOT_FOUND;
    size_t at = child_at(&n, l->key);
    while (err == ERR_NOT_FOUND) {
        err = look_below(v, t, n.entries[at].child, l, out);
        if (l->back ? at == 0 : at + 1 == n.count)
            break;
        at = l->back ? at - 1 : at + 1;
    }
    return err;
}

static enum err step(struct vault *v, enum vault_table t, struct span prefix, bool back,
                     struct vault_key *key, struct buf *value)
{
    struct vault_key from = *key, found;
    struct look l = {.back = back, .inclusive = from.len == 0};
    enum err err = ERR_NOT_FOUND;

    assert(t != VAULT_T_INDEX);
    if (prefix.len > VAULT_KEY_BYTES_MAX)
        return ERR_ARGUMENT;
    if (from.len == 0)
        key_set(&from, prefix);
    if (l.inclusive && back) { /* behind all that begin with it */
        memset(from.bytes + from.len, 0xff, VAULT_KEY_BYTES_MAX - from.len);
        from.len = VAULT_KEY_BYTES_MAX;
    }
    do { /* past keys whose value died with a restored backup */
        l.key = bytes_of(&from);
        TRY(look_below(v, t, ROOT, &l, &found));
        if (!span_starts(bytes_of(&found), prefix))
            return ERR_NOT_FOUND;
        if (value != NULL)
            buf_reset(value);
        err = vault_get(v, t, bytes_of(&found), value);
        from = found;
        l.inclusive = false;
    } while (err == ERR_NOT_FOUND);
    if (err == OK)
        *key = found;
    return err;
}

enum err vault_next(struct vault *v, enum vault_table t, struct span prefix, struct vault_key *key,
                    struct buf *value)
{
    return step(v, t, prefix, false, key, value);
}

enum err vault_prev(struct vault *v, enum vault_table t, struct span prefix, struct vault_key *key,
                    struct buf *value)
{
    return step(v, t, prefix, true, key, value);
}
