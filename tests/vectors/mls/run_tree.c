/* tree-operations, tree-validation, treekem. */
#include "crypto/mls/treekem.h"
#include "tests/vectors/mls/run.h"

static bool load_tree(struct vector *t, const char *key, struct mls_tree *tree)
{
    struct reader r = reader_of(hex(t, key));
    struct span content = mls_read_vector(&r);

    NEED_OK(mls_read_end(&r));
    NEED_OK(mls_tree_read(content, t->s, tree));
    return true;
}

static bool tree_hash_is(struct vector *t, struct mls_tree *tree, struct span wanted)
{
    uint8_t hash[MLS_HASH_MAX];

    mls_tree_hash(tree, hash);
    NEED_SAME(span_of(hash, t->s->hash->bytes), wanted);
    return true;
}

static void drop_leaf(struct mls_leaf **leaf)
{
    mls_leaf_unref(*leaf);
}

static bool apply(const struct mls_proposal *p, uint32_t sender, struct mls_tree *tree)
{
    CLEARED(drop_leaf) struct mls_leaf *leaf = NULL;
    uint32_t index;

    switch (p->type) {
    case MLS_PROPOSAL_ADD:
        NEED_OK(mls_leaf_new(p->add.leaf.encoded, &leaf));
        NEED_OK(mls_tree_add(tree, leaf, &index));
        break;
    case MLS_PROPOSAL_UPDATE:
        NEED_OK(mls_leaf_new(p->update.encoded, &leaf));
        NEED_OK(mls_tree_update(tree, sender, leaf));
        break;
    case MLS_PROPOSAL_REMOVE:
        NEED_OK(mls_tree_remove(tree, p->removed));
        NEED_OK(mls_tree_truncate(tree));
        break;
    default:
        return wrong(__FILE__, __LINE__, "neither add, update nor remove");
    }
    return true;
}

bool run_tree_operations(struct vector *t)
{
    struct reader r = reader_of(hex(t, "proposal"));
    struct mls_proposal p;
    CLEARED(mls_tree_clear) struct mls_tree before = {0};
    CLEARED(mls_tree_clear) struct mls_tree tree = {0};
    CLEARED(buf_clear) struct buf out = BUF_INIT(1 << 24);
    struct writer w = writer_to(&out);

    mls_read_proposal(&r, &p);
    NEED_OK(mls_read_end(&r));
    NEED(load_tree(t, "tree_before", &before));
    NEED(tree_hash_is(t, &before, hex(t, "tree_hash_before")));
    mls_tree_fork(&before, &tree);
    NEED(apply(&p, (uint32_t)json_u64(t->v, "proposal_sender"), &tree));
    NEED(tree_hash_is(t, &tree, hex(t, "tree_hash_after")));
    size_t mark = mls_vector_begin(&w);
    mls_tree_write(&w, &tree);
    mls_vector_end(&w, mark);
    NEED_OK(writer_status(&w));
    NEED_SAME(buf_span(&out), hex(t, "tree_after"));
    NEED(tree_hash_is(t, &before, hex(t, "tree_hash_before"))); /* the fork left it alone */
    return true;
}

static bool resolution_is(const struct mls_tree *tree, uint32_t node, const struct json *wanted)
{
    uint32_t got[256];
    size_t i = 0;

    NEED(mls_tree_resolution_len(tree, node) <= 256);
    NEED(mls_tree_resolution(tree, node, NULL, got) == wanted->count);
    for (JSON_EACH(v, wanted)) {
        char text[16];
        snprintf(text, sizeof text, "%u", got[i++]);
        NEED_SAME(v->text, span_str(text));
    }
    return true;
}

bool run_tree_validation(struct vector *t)
{
    CLEARED(mls_tree_clear) struct mls_tree tree = {0};
    uint32_t node = 0;

    NEED(load_tree(t, "tree", &tree));
    for (JSON_EACH(v, json_get(t->v, "resolutions")))
        NEED(resolution_is(&tree, node++, v));
    NEED(node == mls_nodes(tree.leaves));
    node = 0;
    for (JSON_EACH(v, json_get(t->v, "tree_hashes")))
        NEED_SAME(mls_tree_node_hash(&tree, node++), json_bytes(t->a, v));
    NEED_OK(mls_tree_check(&tree));
    for (uint32_t i = 0; mls_tree_next_member(&tree, i, &i); i++)
        NEED_OK(mls_leaf_verify(t->s, &mls_tree_leaf(&tree, i)->node, hex(t, "group_id"), i));
    return true;
}

/* -- treekem -- */

struct member {
    bool present;
    struct mls_private_path keys;
    struct span signature_priv;
};

struct party {
    struct mls_tree tree;
    struct member *members;
};

static bool key_fits(struct vector *t, const struct mls_tree *tree, uint32_t node,
                     const uint8_t *secret)
{
    uint8_t pub[MLS_PUBLIC_MAX];

    NEED_OK(mls_public_of(t->s, span_of(secret, mls_private_bytes(t->s)), pub));
    NEED_SAME(span_of(pub, mls_public_bytes(t->s)), mls_tree_key(tree, node));
    return true;
}

static bool load_member(struct vector *t, const struct json *v, struct party *p)
{
    uint32_t index = (uint32_t)json_u64(v, "index");
    struct member *m = &p->members[index];
    struct span leaf = json_hex(t->a, v, "encryption_priv");

    m->present = m->keys.have[0] = true;
    m->signature_priv = json_hex(t->a, v, "signature_priv");
    memcpy(m->keys.secrets[0], leaf.ptr, leaf.len);
    NEED(key_fits(t, &p->tree, 2 * index, m->keys.secrets[0]));
    for (JSON_EACH(s, json_get(v, "path_secrets"))) {
        uint32_t node = (uint32_t)json_u64(s, "node");
        struct mls_secret path = secret_of(t, s, "path_secret"), secret = {0};
        struct mls_key_pair pair;
        mls_derive(t->s, mls_secret_span(t->s, &path), "node", &secret);
        NEED_OK(mls_derive_key_pair(t->s, mls_secret_span(t->s, &secret), &pair));
        NEED(key_fits(t, &p->tree, node, pair.secret));
        m->keys.have[mls_level(node)] = true;
        memcpy(m->keys.secrets[mls_level(node)], pair.secret, mls_private_bytes(t->s));
    }
    return true;
}

static bool context_of(struct vector *t, struct mls_tree *tree, struct buf *out)
{
    uint8_t hash[MLS_HASH_MAX];
    struct writer w = writer_to(out);

    mls_tree_hash(tree, hash);
    struct mls_group_context c = {MLS_VERSION_10,
                                  t->s->code,
                                  hex(t, "group_id"),
                                  json_u64(t->v, "epoch"),
                                  span_of(hash, t->s->hash->bytes),
                                  hex(t, "confirmed_transcript_hash"),
                                  SPAN_EMPTY,
                                  SPAN_EMPTY};
    mls_write_group_context(&w, &c);
    NEED_OK(writer_status(&w));
    return true;
}

/* Every other member opens `path`; wanted: path secrets of the vector, NULL when it is ours. */
static bool all_open(struct vector *t, const struct party *p, const struct mls_tree *after,
                     uint32_t sender, const struct mls_update_path *path, struct span context,
                     const struct json *wanted, struct span commit_wanted)
{
    uint32_t i = 0;

    for (uint32_t j = 0; mls_tree_next_member(&p->tree, j, &j); j++) {
        struct mls_private_path keys = p->members[j].keys;
        struct mls_secret commit, found;
        if (j == sender)
            continue;
        NEED_OK(mls_path_decrypt(after, sender, j, path, NULL, context, &keys, &commit, &found));
        NEED_SAME(mls_secret_span(t->s, &commit), commit_wanted);
        const struct json *v = wanted == NULL ? NULL : wanted->first;
        for (i = 0; v != NULL && i < j; i++)
            v = v->next;
        if (v != NULL)
            NEED_SAME(mls_secret_span(t->s, &found), json_bytes(t->a, v));
    }
    return true;
}

/* Our own update path, opened by everybody. */
static bool make_path(struct vector *t, const struct party *p, uint32_t sender)
{
    const struct mls_leaf_node *old = &mls_tree_leaf(&p->tree, sender)->node;
    struct raw_signer raw = {t->s, p->members[sender].signature_priv, old->signature_key};
    struct mls_signer signer = {raw.pub, sign_raw, &raw};
    CLEARED(mls_tree_clear) struct mls_tree ours = {0};
    CLEARED(mls_tree_clear) struct mls_tree theirs = {0};
    struct mls_path_plan plan;
    struct mls_update_path path;
    CLEARED(buf_clear) struct buf context = BUF_INIT(1 << 16);
    CLEARED(buf_clear) struct buf encoded = BUF_INIT(1 << 24);
    struct writer w = writer_to(&encoded);

    mls_tree_fork(&p->tree, &ours);
    mls_tree_fork(&p->tree, &theirs);
    NEED_OK(mls_path_plan_make(&ours, sender, old, &signer, hex(t, "group_id"), t->rng, &plan));
    NEED(context_of(t, &ours, &context));
    NEED_OK(mls_path_encrypt(&ours, &plan, buf_span(&context), NULL, t->rng, NULL, &w));
    struct reader r = reader_of(buf_span(&encoded));
    mls_read_update_path(&r, &path);
    NEED_OK(mls_read_end(&r));
    NEED_OK(mls_path_merge(&theirs, sender, &path, NULL));
    NEED(all_open(t, p, &theirs, sender, &path, buf_span(&context), NULL,
                  mls_secret_span(t->s, &plan.secrets[plan.count])));
    NEED_OK(mls_tree_check(&theirs));
    mls_path_plan_clear(&plan);
    return true;
}

static bool update_path(struct vector *t, const struct party *p, const struct json *v)
{
    uint32_t sender = (uint32_t)json_u64(v, "sender");
    struct reader r = reader_of(json_hex(t->a, v, "update_path"));
    struct mls_update_path path;
    CLEARED(mls_tree_clear) struct mls_tree after = {0};
    CLEARED(buf_clear) struct buf context = BUF_INIT(1 << 16);

    mls_read_update_path(&r, &path);
    NEED_OK(mls_read_end(&r));
    mls_tree_fork(&p->tree, &after);
    NEED_OK(mls_path_merge(&after, sender, &path, NULL));
    NEED(tree_hash_is(t, &after, json_hex(t->a, v, "tree_hash_after")));
    NEED(context_of(t, &after, &context));
    NEED(all_open(t, p, &after, sender, &path, buf_span(&context), json_get(v, "path_secrets"),
                  json_hex(t->a, v, "commit_secret")));
    return make_path(t, p, sender);
}

static void party_clear(struct party *p)
{
    mls_tree_clear(&p->tree);
}

bool run_treekem(struct vector *t)
{
    CLEARED(party_clear) struct party p = {0};

    NEED(load_tree(t, "ratchet_tree", &p.tree));
    p.members = arena_alloc(t->a, p.tree.leaves * sizeof *p.members);
    NEED(p.members != NULL);
    for (JSON_EACH(v, json_get(t->v, "leaves_private")))
        NEED(load_member(t, v, &p));
    for (JSON_EACH(v, json_get(t->v, "update_paths")))
        NEED(update_path(t, &p, v));
    return true;
}
