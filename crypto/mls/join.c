/* RFC 9420 12.4.3.1: joining by Welcome, and what every newcomer verifies. */
#include "crypto/base/wipe.h"
#include "crypto/mls/group_state.h"

#include <stdlib.h>

/* -- the tree of a GroupInfo -- */

struct leaf_work {
    const struct mls_suite *suite;
    const struct mls_leaf **leaves;
    uint32_t *indices;
    enum err *errs;
    struct mls_leaf_rules rules;
    struct span group_id;
};

static void check_leaf(void *arg, size_t i)
{
    struct leaf_work *w = arg;
    const struct mls_leaf_node *l = &w->leaves[i]->node;

    w->errs[i] = mls_leaf_check(l, 0, &w->rules);
    if (w->errs[i] == OK)
        w->errs[i] = mls_leaf_verify(w->suite, l, w->group_id, w->indices[i]);
}

/* Each leaf alone, as jobs; then the application's word on each credential. */
static enum err check_leaves(const struct mls_world *world, const struct mls_tree *t,
                             const struct mls_group_context *context)
{
    size_t count = mls_tree_members(t), n = 0;
    struct leaf_work w = {.suite = t->suite,
                          .rules = mls_rules_of(world, t->suite, context->extensions),
                          .group_id = context->group_id};
    enum err err = OK;

    w.leaves = malloc((count + 1) * sizeof *w.leaves);
    w.indices = malloc((count + 1) * sizeof *w.indices);
    w.errs = calloc(count + 1, sizeof *w.errs);
    if (w.leaves == NULL || w.indices == NULL || w.errs == NULL)
        err = ERR_MEMORY;
    for (uint32_t i = 0; err == OK && mls_tree_next_member(t, i, &i); i++) {
        w.leaves[n] = mls_tree_leaf(t, i);
        w.indices[n++] = i;
    }
    if (err == OK)
        mls_parallel(world->pool, check_leaf, &w, n);
    for (size_t i = 0; err == OK && i < n; i++)
        err = w.errs[i] != OK ? w.errs[i] : mls_ask_credential(world, &w.leaves[i]->node, NULL);
    free(w.leaves);
    free(w.indices);
    free(w.errs);
    return err;
}

static enum err check_tree(const struct mls_world *w, const struct mls_group_info *info,
                           const struct mls_tree *t)
{
    const struct mls_leaf *signer = mls_tree_leaf(t, info->signer);

    if (signer == NULL)
        return mls_fail(MLS_BLANK_SIGNER);
    enum err err = mls_verify(t->suite, signer->node.signature_key, "GroupInfoTBS", &info->tbs, 1,
                              info->signature);
    if (err == ERR_AUTH)
        return mls_fail(MLS_BAD_GROUP_INFO_SIGNATURE);
    TRY(err);
    if (!span_eq(mls_tree_node_hash(t, mls_root(t->leaves)), info->context.tree_hash))
        return mls_fail(MLS_BAD_TREE_HASH);
    TRY(mls_tree_check(t));
    if (t->signature_keys.repeated > 0)
        return mls_fail(MLS_DUPLICATE_SIGNATURE_KEY);
    if (t->encryption_keys.repeated > 0)
        return mls_fail(MLS_DUPLICATE_ENCRYPTION_KEY);
    TRY(mls_group_extensions_check(info->context.extensions));
    TRY(mls_ask_external_senders(w, info->context.extensions));
    TRY(check_leaves(w, t, &info->context));
    return mls_tree_check_credentials(t);
}

enum err mls_open_group_info(const struct mls_world *w, const struct mls_group_info *info,
                             struct span tree_bytes, struct mls_tree *tree)
{
    const struct mls_suite *s = mls_suite(info->context.cipher_suite);
    struct span data;

    if (info->context.version != MLS_VERSION_10)
        return mls_fail(MLS_WRONG_VERSION);
    if (s == NULL)
        return mls_fail(MLS_UNSUPPORTED_SUITE);
    TRY(mls_extensions_check(info->extensions));
    if (mls_extension_find(info->extensions, MLS_EXTENSION_RATCHET_TREE, &data)) {
        struct reader r = reader_of(data);
        tree_bytes = mls_read_vector(&r);
        TRY(mls_read_end(&r));
    }
    if (tree_bytes.len == 0)
        return mls_fail(MLS_NO_TREE);
    TRY(mls_tree_read(tree_bytes, s, tree));
    enum err err = check_tree(w, info, tree);
    if (err != OK)
        mls_tree_clear(tree);
    return err;
}

/* -- Welcome -- */

struct joining {
    const struct mls_world *world;
    const struct mls_join *join;
    const struct mls_suite *suite;
    struct mls_message message;
    struct mls_key_package package;
    struct buf secrets_bytes, info_bytes; /* decrypted */
    struct mls_group_secrets secrets;
    struct mls_group_info info;
    struct mls_secret joiner, psk_secret;
    uint8_t usage; /* of a reinit or branch PSK, 0: none */
    struct mls_psk_id successor_of;
};

static bool find_entry(const struct mls_suite *s, const struct mls_welcome *m,
                       struct span key_package, struct mls_encrypted_secrets *out)
{
    uint8_t ref[MLS_HASH_MAX];
    struct reader list = reader_of(m->secrets);

    mls_key_package_ref(s, key_package, ref);
    while (mls_read_more(&list)) {
        mls_read_encrypted_secrets(&list, out);
        if (!list.failed && span_eq(out->new_member, span_of(ref, s->hash->bytes)))
            return true;
    }
    return false;
}

bool mls_welcome_is_for(struct span welcome, struct span key_package)
{
    struct mls_message m;
    struct mls_encrypted_secrets entry;

    if (mls_message_decode(welcome, &m) != OK || m.wire_format != MLS_WIRE_WELCOME)
        return false;
    const struct mls_suite *s = mls_suite(m.welcome.cipher_suite);
    return s != NULL && find_entry(s, &m.welcome, key_package, &entry);
}

static enum err read_inputs(struct joining *j)
{
    struct reader r = reader_of(j->join->key_package);

    TRY(mls_message_decode(j->join->welcome, &j->message));
    if (j->message.wire_format != MLS_WIRE_WELCOME)
        return mls_fail(MLS_WRONG_WIRE_FORMAT);
    mls_read_key_package(&r, &j->package);
    TRY(mls_read_end(&r));
    j->suite = mls_suite(j->message.welcome.cipher_suite);
    if (j->suite == NULL)
        return mls_fail(MLS_UNSUPPORTED_SUITE);
    return j->package.cipher_suite == j->suite->code ? OK : mls_fail(MLS_KEY_PACKAGE_MISMATCH);
}

static enum err open_secrets(struct joining *j)
{
    const struct mls_welcome *m = &j->message.welcome;
    struct mls_encrypted_secrets entry;
    struct mls_seal_context context;
    uint8_t *plain;

    if (!find_entry(j->suite, m, j->package.encoded, &entry))
        return mls_fail(MLS_NOT_FOR_US);
    if (entry.sealed.ciphertext.len < MLS_AEAD_TAG)
        return mls_fail(MLS_BAD_GROUP_SECRETS);
    TRY(buf_extend(&j->secrets_bytes, entry.sealed.ciphertext.len - MLS_AEAD_TAG, &plain));
    mls_seal_context_init(&context, j->suite, "Welcome", m->group_info);
    enum err err =
        mls_open(&context, span_of(j->join->keys->init, mls_private_bytes(j->suite)),
                 j->package.init_key, entry.sealed.kem_output, entry.sealed.ciphertext, plain);
    if (err != OK)
        return err == ERR_AUTH ? mls_fail(MLS_BAD_GROUP_SECRETS) : err;
    struct reader r = reader_of(buf_span(&j->secrets_bytes));
    mls_read_group_secrets(&r, &j->secrets);
    TRY(mls_read_end(&r));
    size_t bytes = j->suite->hash->bytes;
    if (j->secrets.joiner_secret.len != bytes ||
        (j->secrets.has_path_secret && j->secrets.path_secret.len != bytes))
        return mls_fail(MLS_MALFORMED);
    memcpy(j->joiner.bytes, j->secrets.joiner_secret.ptr, bytes);
    return OK;
}

static enum err fold_psks(struct joining *j)
{
    struct reader list = reader_of(j->secrets.psks), again = list;
    struct buf key = BUF_INIT(MLS_MESSAGE_BYTES_MAX);
    struct mls_psk_id id;
    uint16_t count = 0, index = 0;
    enum err err = OK;

    for (; mls_read_more(&list); count++) {
        mls_read_psk_id(&list, &id);
        if (count == MLS_PSKS_MAX)
            return mls_fail(MLS_TOO_MANY);
        if (id.nonce.len != j->suite->hash->bytes)
            return mls_fail(MLS_PSK_NONCE_LENGTH);
        if (id.type != MLS_PSK_RESUMPTION || id.usage == MLS_PSK_APPLICATION)
            continue;
        if (j->usage != 0)
            return mls_fail(MLS_WELCOME_PSKS);
        j->usage = id.usage;
        j->successor_of = id;
    }
    mls_psk_begin(&j->psk_secret);
    while (err == OK && index < count) {
        mls_read_psk_id(&again, &id);
        buf_reset(&key);
        err = mls_find_psk(NULL, j->join->parent, j->world, &id, &key);
        if (err == OK)
            err =
                mls_psk_fold(j->suite, id.encoded, buf_span(&key), index++, count, &j->psk_secret);
    }
    buf_clear(&key);
    return err;
}

static enum err open_info(struct joining *j)
{
    struct span sealed = j->message.welcome.group_info;
    struct mls_secret welcome;
    uint8_t key[MLS_AEAD_KEY_MAX], nonce[MLS_AEAD_NONCE], *plain;

    if (sealed.len < MLS_AEAD_TAG)
        return mls_fail(MLS_BAD_GROUP_INFO);
    TRY(buf_extend(&j->info_bytes, sealed.len - MLS_AEAD_TAG, &plain));
    mls_welcome_secret(j->suite, &j->joiner, &j->psk_secret, &welcome);
    mls_welcome_key(j->suite, &welcome, key, nonce);
    enum err err = aead_open_once(j->suite->aead, key, nonce, SPAN_EMPTY, sealed, plain);
    wipe(&welcome, sizeof welcome);
    wipe(key, sizeof key);
    if (err != OK)
        return err == ERR_AUTH ? mls_fail(MLS_BAD_GROUP_INFO) : err;
    struct reader r = reader_of(buf_span(&j->info_bytes));
    mls_read_group_info(&r, &j->info);
    TRY(mls_read_end(&r));
    return j->info.context.cipher_suite == j->suite->code ? OK : mls_fail(MLS_KEY_PACKAGE_MISMATCH);
}

/* -- the new state -- */

static enum err find_own_leaf(const struct joining *j, struct mls_group *g)
{
    uint8_t pub[MLS_PUBLIC_MAX];
    struct span secret = span_of(j->join->keys->leaf, mls_private_bytes(j->suite));

    if (mls_public_of(j->suite, secret, pub) != OK ||
        !span_eq(span_of(pub, mls_public_bytes(j->suite)), j->package.leaf.encryption_key))
        return mls_fail(MLS_PRIVATE_KEY_MISMATCH);
    for (uint32_t i = 0; mls_tree_next_member(&g->tree, i, &i); i++)
        if (span_eq(mls_tree_leaf(&g->tree, i)->node.encoded, j->package.leaf.encoded)) {
            g->own = i;
            g->keys.have[0] = true;
            memcpy(g->keys.secrets[0], secret.ptr, secret.len);
            return OK;
        }
    return mls_fail(MLS_NOT_IN_TREE);
}

static enum err climb(const struct joining *j, struct mls_group *g)
{
    struct mls_secret path = {0}, commit;

    if (!j->secrets.has_path_secret)
        return OK;
    if (j->info.signer == g->own)
        return mls_fail(MLS_BAD_SENDER);
    memcpy(path.bytes, j->secrets.path_secret.ptr, j->secrets.path_secret.len);
    enum err err = mls_path_climb(&g->tree, g->own, mls_common_level(g->own, j->info.signer), &path,
                                  &g->keys, &commit);
    wipe(&path, sizeof path);
    wipe(&commit, sizeof commit);
    return err;
}

static enum err enter(const struct joining *j, struct mls_group *g)
{
    const struct mls_suite *s = j->suite;
    struct mls_epoch_secrets e;
    struct span confirmed = j->info.context.confirmed_transcript_hash,
                tag = j->info.confirmation_tag;
    size_t bytes = s->hash->bytes;

    TRY(mls_group_set_context(g, &j->info.context));
    mls_epoch_derive(s, &j->joiner, &j->psk_secret, buf_span(&g->context_bytes), &e);
    mls_mac(s, mls_secret_span(s, &e.confirmation_key), confirmed, g->confirmation_tag);
    enum err err = OK;
    if (tag.len != bytes || !ct_equal(tag.ptr, g->confirmation_tag, bytes))
        err = mls_fail(MLS_BAD_CONFIRMATION);
    mls_interim_transcript_hash(s, confirmed, tag, g->interim);
    if (err == OK)
        err = mls_group_enter(g, &e);
    wipe(&e, sizeof e);
    return err;
}

/* RFC 9420 11.2, 11.3: does the group follow from the one it claims to? */
static enum err check_successor(const struct joining *j, const struct mls_group *g)
{
    const struct mls_group *parent = j->join->parent;
    const struct mls_group_context *c = &g->context;
    struct mls_reinit reinit;
    bool within;

    if (j->usage == 0) /* said to follow from `parent`, but nothing binds it */
        return parent == NULL ? OK : mls_fail(MLS_SUCCESSOR_UNBOUND);
    if (c->epoch != 1)
        return mls_fail(MLS_WELCOME_EPOCH);
    if (parent == NULL || !span_eq(j->successor_of.id, parent->context.group_id) ||
        j->successor_of.epoch != parent->context.epoch)
        return mls_fail(MLS_PSK_UNKNOWN);
    if (j->usage == MLS_PSK_BRANCH) {
        TRY(mls_members_within(&g->tree, &parent->tree, &within));
        return c->cipher_suite == parent->context.cipher_suite && within
                   ? OK
                   : mls_fail(MLS_BRANCH_MISMATCH);
    }
    TRY(mls_members_within(&parent->tree, &g->tree, &within));
    if (!mls_group_suspended(parent, &reinit) || !span_eq(reinit.group_id, c->group_id) ||
        reinit.version != c->version || reinit.cipher_suite != c->cipher_suite ||
        !span_eq(reinit.extensions, c->extensions) || !within)
        return mls_fail(MLS_REINIT_MISMATCH);
    return OK;
}

static enum err build(struct joining *j, struct mls_group *g)
{
    const struct mls_world *w = j->world;

    if (w->in_group != NULL && w->in_group(w->ctx, j->info.context.group_id))
        return mls_fail(MLS_GROUP_EXISTS);
    TRY(mls_open_group_info(j->world, &j->info, j->join->ratchet_tree, &g->tree));
    TRY(find_own_leaf(j, g));
    TRY(climb(j, g));
    TRY(enter(j, g));
    return check_successor(j, g);
}

enum err mls_group_join(const struct mls_world *w, const struct mls_join *join,
                        struct mls_group **out)
{
    struct joining j = {.world = w,
                        .join = join,
                        .secrets_bytes = BUF_INIT(MLS_MESSAGE_BYTES_MAX),
                        .info_bytes = BUF_INIT(MLS_MESSAGE_BYTES_MAX)};
    struct mls_group *g = NULL;

    enum err err = read_inputs(&j);
    if (err == OK)
        err = open_secrets(&j);
    if (err == OK)
        err = fold_psks(&j);
    if (err == OK)
        err = open_info(&j);
    if (err == OK && (g = mls_group_alloc(j.suite)) == NULL)
        err = ERR_MEMORY;
    if (err == OK)
        err = build(&j, g);
    if (err == OK && join->signer != NULL)
        *join->signer = j.info.signer;
    if (err == OK)
        *out = g;
    else
        mls_group_free(g);
    buf_clear(&j.secrets_bytes);
    buf_clear(&j.info_bytes);
    wipe(&j, sizeof j);
    return err;
}
