/* RFC 9420 7.5: following an update path. */
#include "crypto/base/wipe.h"
#include "crypto/mls/path.h"

#include <stdlib.h>

/* The keys of a path, after the checks that need no secret. */
static enum err check_path(const struct mls_tree *t, uint32_t sender,
                           const struct mls_update_path *path, const struct mls_leaf_set *added,
                           const uint32_t *nodes, size_t count, struct span *keys)
{
    struct reader in = reader_of(path->nodes);
    struct mls_path_node n;
    size_t k = 0;

    for (; mls_read_more(&in); k++) {
        if (k == count)
            return mls_fail(MLS_PATH_LENGTH);
        mls_read_path_node(&in, &n);
        keys[k] = n.encryption_key;
        if (keys[k].len != mls_public_bytes(t->suite))
            return mls_fail(MLS_BAD_PUBLIC_KEY);
        if (mls_keyset_count(&t->encryption_keys, keys[k]) > 0)
            return mls_fail(MLS_PATH_KEY_REUSED);

        struct reader list = reader_of(n.secrets);
        struct mls_hpke_ciphertext c;
        uint32_t child = mls_copath_child(nodes[k], sender), *out;
        size_t have = 0;
        for (; mls_read_more(&list); have++)
            mls_read_hpke_ciphertext(&list, &c);
        out = malloc((mls_tree_resolution_len(t, child) + 1) * sizeof *out);
        if (out == NULL)
            return ERR_MEMORY;
        size_t wanted = mls_tree_resolution(t, child, added, out);
        free(out);
        if (have != wanted)
            return mls_fail(MLS_PATH_CIPHERTEXTS);
    }
    return k == count ? OK : mls_fail(MLS_PATH_LENGTH);
}

enum err mls_path_merge(struct mls_tree *t, uint32_t sender, const struct mls_update_path *path,
                        const struct mls_leaf_set *added)
{
    uint32_t nodes[MLS_LEVELS_MAX];
    struct span keys[MLS_LEVELS_MAX];
    uint8_t leaf_hash[MLS_HASH_MAX];
    size_t count = mls_tree_filtered_path(t, sender, nodes), leaf_hash_len = 0;
    const struct mls_leaf *old = mls_tree_leaf(t, sender);
    struct mls_leaf *leaf;

    if (old != NULL && span_eq(old->node.encryption_key, path->leaf.encryption_key))
        return mls_fail(MLS_ENCRYPTION_KEY_KEPT);
    if (mls_keyset_count(&t->encryption_keys, path->leaf.encryption_key) > 0)
        return mls_fail(MLS_PATH_KEY_REUSED);
    TRY(check_path(t, sender, path, added, nodes, count, keys));
    TRY(mls_path_put(t, sender, nodes, keys, count, leaf_hash, &leaf_hash_len));
    if (!span_eq(path->leaf.parent_hash, span_of(leaf_hash, leaf_hash_len)))
        return mls_fail(MLS_BAD_PARENT_HASH);
    TRY(mls_leaf_new(path->leaf.encoded, &leaf));
    enum err err = mls_tree_set_leaf(t, sender, leaf);
    mls_leaf_unref(leaf);
    TRY(err);
    if (t->encryption_keys.repeated > 0)
        return mls_fail(MLS_PATH_KEY_REUSED);
    mls_tree_hash(t, NULL);
    return OK;
}

enum err mls_path_climb(const struct mls_tree *t, uint32_t own, unsigned level,
                        const struct mls_secret *path_secret, struct mls_private_path *keys,
                        struct mls_secret *commit)
{
    const struct mls_suite *s = t->suite;
    struct mls_private_path next = *keys;
    struct mls_secret secret = *path_secret;
    struct mls_key_pair pair = {0};
    enum err err = OK;

    for (; err == OK && level <= mls_depth(t->leaves); level++) {
        struct span key = mls_tree_key(t, mls_ancestor(own, level));
        next.have[level] = key.len > 0;
        wipe(next.secrets[level], sizeof next.secrets[level]);
        if (key.len == 0)
            continue;
        err = mls_path_key_pair(s, &secret, &pair);
        if (err == OK && !span_eq(key, span_of(pair.pub, mls_public_bytes(s))))
            err = mls_fail(MLS_PATH_KEY_MISMATCH);
        memcpy(next.secrets[level], pair.secret, mls_private_bytes(s));
        mls_derive(s, mls_secret_span(s, &secret), "path", &secret);
    }
    if (err == OK) {
        *keys = next;
        *commit = secret;
    }
    wipe(&next, sizeof next);
    wipe(&secret, sizeof secret);
    wipe(&pair, sizeof pair);
    return err;
}

/* Which ciphertext of the path is for us, and the key that opens it. */
static enum err find_ciphertext(const struct mls_tree *t, uint32_t sender, uint32_t own,
                                const struct mls_update_path *path,
                                const struct mls_leaf_set *added,
                                const struct mls_private_path *keys,
                                struct mls_hpke_ciphertext *found, uint32_t *with)
{
    unsigned level = mls_common_level(sender, own);
    uint32_t nodes[MLS_LEVELS_MAX], child = mls_ancestor(own, level - 1);
    size_t count = mls_tree_filtered_path(t, sender, nodes), at = 0, i = 0;
    struct reader in = reader_of(path->nodes);
    struct mls_path_node n = {0};

    while (at < count && mls_level(nodes[at]) != level)
        at++;
    for (size_t k = 0; k <= at && mls_read_more(&in); k++)
        mls_read_path_node(&in, &n);

    uint32_t *resolution = malloc((mls_tree_resolution_len(t, child) + 1) * sizeof *resolution);
    if (resolution == NULL)
        return ERR_MEMORY;
    size_t len = mls_tree_resolution(t, child, added, resolution);
    while (i < len && !(mls_is_below(own, resolution[i]) && keys->have[mls_level(resolution[i])]))
        i++;
    *with = i < len ? resolution[i] : 0;
    free(resolution);
    if (i == len)
        return mls_fail(MLS_PATH_UNREADABLE);
    struct reader list = reader_of(n.secrets);
    for (size_t k = 0; k <= i && mls_read_more(&list); k++)
        mls_read_hpke_ciphertext(&list, found);
    return OK;
}

enum err mls_path_decrypt(const struct mls_tree *t, uint32_t sender, uint32_t own,
                          const struct mls_update_path *path, const struct mls_leaf_set *added,
                          struct span context, struct mls_private_path *keys,
                          struct mls_secret *commit, struct mls_secret *found)
{
    const struct mls_suite *s = t->suite;
    struct mls_hpke_ciphertext c = {0};
    struct mls_seal_context sealed;
    struct mls_secret secret = {0};
    uint32_t with;

    TRY(find_ciphertext(t, sender, own, path, added, keys, &c, &with));
    if (c.ciphertext.len != s->hash->bytes + MLS_AEAD_TAG)
        return mls_fail(MLS_PATH_UNREADABLE);
    mls_seal_context_init(&sealed, s, "UpdatePathNode", context);
    enum err err = mls_open(&sealed, span_of(keys->secrets[mls_level(with)], mls_private_bytes(s)),
                            mls_tree_key(t, with), c.kem_output, c.ciphertext, secret.bytes);
    if (err == ERR_AUTH)
        err = mls_fail(MLS_PATH_UNREADABLE);
    if (err == OK)
        err = mls_path_climb(t, own, mls_common_level(sender, own), &secret, keys, commit);
    if (err == OK && found != NULL)
        *found = secret;
    wipe(&secret, sizeof secret);
    return err;
}

void mls_private_path_prune(struct mls_private_path *keys, const struct mls_tree *t, uint32_t own)
{
    for (unsigned level = 1; level < MLS_LEVELS_MAX; level++) {
        bool there =
            level <= mls_depth(t->leaves) && mls_tree_parent(t, mls_ancestor(own, level)) != NULL;
        if (there)
            continue;
        keys->have[level] = false;
        wipe(keys->secrets[level], sizeof keys->secrets[level]);
    }
}
