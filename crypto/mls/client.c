/* Ourselves: leaf contents, key packages, GREASE (RFC 9420 7.2, 10, 13.5). */
#include "crypto/base/wipe.h"
#include "crypto/mls/group_state.h"

struct mls_capabilities mls_capabilities_default(void)
{
    static uint8_t suites[64];
    static const uint8_t versions[] = {0, MLS_VERSION_10},
                         credentials[] = {0, MLS_CREDENTIAL_BASIC, 0, MLS_CREDENTIAL_X509};
    size_t count = 0;

    for (const struct mls_suite *s; (s = mls_suite_at(count)) != NULL; count++) {
        suites[2 * count] = (uint8_t)(s->code >> 8);
        suites[2 * count + 1] = (uint8_t)s->code;
    }
    return (struct mls_capabilities){.versions = SPAN_ARRAY(versions),
                                     .cipher_suites = span_of(suites, 2 * count),
                                     .credentials = SPAN_ARRAY(credentials)};
}

/* One of 0x0A0A, 0x1A1A ... 0xEAEA. @source RFC 9420 13.5 */
uint16_t mls_grease_value(struct rng *rng)
{
    return (uint16_t)(0x0a0au + 0x1010u * (unsigned)rng_below(rng, 15));
}

/* `list` and one value more, in `scratch`, which has the room. */
static struct span greased(struct span list, uint16_t value, struct buf *scratch)
{
    struct writer w = writer_to(scratch);
    size_t from = scratch->len;

    write_bytes(&w, list);
    write_be16(&w, value);
    assert(w.err == OK);
    return span_sub(buf_span(scratch), from, scratch->len - from);
}

static enum err add_grease(struct rng *rng, struct mls_leaf_node *l, struct buf *scratch)
{
    struct mls_capabilities *c = &l->capabilities;
    uint16_t extension = mls_grease_value(rng);
    uint8_t noise[16];
    struct span taken;

    TRY(buf_reserve(scratch, c->cipher_suites.len + c->extensions.len + c->proposals.len +
                                 c->credentials.len + l->extensions.len + 64));
    c->cipher_suites = greased(c->cipher_suites, mls_grease_value(rng), scratch);
    c->extensions = greased(c->extensions, extension, scratch);
    c->proposals = greased(c->proposals, mls_grease_value(rng), scratch);
    c->credentials = greased(c->credentials, mls_grease_value(rng), scratch);
    if (mls_extension_find(l->extensions, extension, &taken))
        return OK;
    struct writer w = writer_to(scratch);
    size_t from = scratch->len;
    write_bytes(&w, l->extensions);
    rng_fill(rng, noise, sizeof noise);
    mls_write_extension(&w, extension, span_of(noise, rng_below(rng, sizeof noise)));
    l->extensions = span_sub(buf_span(scratch), from, scratch->len - from);
    return writer_status(&w);
}

enum err mls_leaf_content(const struct mls_world *w, const struct mls_client *client,
                          const struct mls_leaf_node *before, struct buf *scratch,
                          struct mls_leaf_node *out)
{
    *out = (struct mls_leaf_node){0};
    if (client == NULL) {
        *out = *before;
        return OK;
    }
    out->credential = client->credential;
    out->capabilities = client->capabilities;
    if (out->capabilities.versions.len == 0)
        out->capabilities = mls_capabilities_default();
    out->extensions = client->extensions;
    out->not_before = client->not_before;
    out->not_after = client->not_after;
    for (uint16_t i = 0; i <= MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS; i++) /* 7.2: never listed */
        if (mls_u16s_have(out->capabilities.proposals, i) ||
            (i <= MLS_EXTENSION_EXTERNAL_SENDERS && mls_u16s_have(out->capabilities.extensions, i)))
            return mls_fail(MLS_DEFAULT_LISTED);
    return client->grease ? add_grease(w->rng, out, scratch) : OK;
}

enum err mls_key_package_new(const struct mls_world *w, const struct mls_suite *suite,
                             const struct mls_client *client, struct span extensions,
                             struct mls_package_keys *keys, struct buf *out)
{
    struct buf scratch = BUF_INIT(MLS_MESSAGE_BYTES_MAX);
    struct mls_leaf_node content;
    struct mls_key_pair init, own;
    struct mls_leaf *leaf = NULL;

    struct buf listed = BUF_INIT(MLS_MESSAGE_BYTES_MAX);
    enum err err = mls_leaf_content(w, client, NULL, &scratch, &content);
    if (err == OK && client->grease) { /* of the type that the capabilities already list */
        struct writer e = writer_to(&listed);
        struct span types = content.capabilities.extensions;
        write_bytes(&e, extensions);
        mls_write_extension(&e, mls_u16s_at(types, types.len / 2 - 1), SPAN_EMPTY);
        extensions = buf_span(&listed);
        err = writer_status(&e);
    }
    if (err == OK)
        err = mls_key_pair(suite, w->rng, &init);
    if (err == OK)
        err = mls_key_pair(suite, w->rng, &own);
    if (err == OK) {
        content.encryption_key = span_of(own.pub, mls_public_bytes(suite));
        content.signature_key = w->signer->public_key;
        content.source = MLS_LEAF_KEY_PACKAGE;
        err = mls_leaf_sign(&content, w->signer, SPAN_EMPTY, 0, &leaf);
    }
    if (err == OK)
        err = mls_key_package_sign(suite, span_of(init.pub, mls_public_bytes(suite)), leaf,
                                   extensions, w->signer, out);
    if (err == OK) {
        memcpy(keys->init, init.secret, sizeof keys->init);
        memcpy(keys->leaf, own.secret, sizeof keys->leaf);
    }
    mls_leaf_unref(leaf);
    wipe(&init, sizeof init);
    wipe(&own, sizeof own);
    buf_clear(&scratch);
    buf_clear(&listed);
    return err;
}

/* -- RFC 9420 11: a group of one -- */

static enum err first_leaf(const struct mls_world *w, const struct mls_client *client,
                           struct mls_group *g)
{
    struct buf scratch = BUF_INIT(MLS_MESSAGE_BYTES_MAX);
    struct mls_leaf_node content;
    struct mls_key_pair pair;
    struct mls_leaf *leaf = NULL;

    enum err err = mls_leaf_content(w, client, NULL, &scratch, &content);
    if (err == OK)
        err = mls_key_pair(g->suite, w->rng, &pair);
    if (err == OK) {
        content.encryption_key = span_of(pair.pub, mls_public_bytes(g->suite));
        content.signature_key = w->signer->public_key;
        content.source = MLS_LEAF_KEY_PACKAGE;
        err = mls_leaf_sign(&content, w->signer, SPAN_EMPTY, 0, &leaf);
    }
    if (err == OK)
        err = mls_tree_init(&g->tree, g->suite);
    if (err == OK)
        err = mls_tree_set_leaf(&g->tree, 0, leaf);
    if (err == OK) {
        g->keys.have[0] = true;
        memcpy(g->keys.secrets[0], pair.secret, mls_private_bytes(g->suite));
    }
    mls_leaf_unref(leaf);
    wipe(&pair, sizeof pair);
    buf_clear(&scratch);
    return err;
}

static enum err first_epoch(const struct mls_world *w, struct mls_group *g, struct span group_id,
                            struct span extensions)
{
    uint8_t tree_hash[MLS_HASH_MAX];
    struct mls_secret epoch = {0};
    struct mls_epoch_secrets e;
    size_t bytes = g->suite->hash->bytes;

    mls_tree_hash(&g->tree, tree_hash);
    struct mls_group_context c = {.version = MLS_VERSION_10,
                                  .cipher_suite = g->suite->code,
                                  .group_id = group_id,
                                  .tree_hash = span_of(tree_hash, bytes),
                                  .extensions = extensions};
    TRY(mls_group_set_context(g, &c));
    rng_fill(w->rng, epoch.bytes, bytes);
    mls_epoch_derive_first(g->suite, &epoch, &e);
    mls_mac(g->suite, mls_secret_span(g->suite, &e.confirmation_key), SPAN_EMPTY,
            g->confirmation_tag);
    mls_interim_transcript_hash(g->suite, SPAN_EMPTY, mls_group_confirmation_tag(g), g->interim);
    enum err err = mls_group_enter(g, &e);
    wipe(&epoch, sizeof epoch);
    wipe(&e, sizeof e);
    return err;
}

enum err mls_group_new(const struct mls_world *w, const struct mls_suite *suite,
                       const struct mls_client *client, struct span group_id,
                       struct span extensions, struct mls_group **out)
{
    struct mls_leaf_rules rules = mls_rules_of(w, suite, extensions);

    rules.now_s = w->now_s; /* 7.3: it is we who send it */
    TRY(mls_group_extensions_check(extensions));
    TRY(mls_ask_external_senders(w, extensions));
    struct mls_group *g = mls_group_alloc(suite);
    if (g == NULL)
        return ERR_MEMORY;
    enum err err = first_leaf(w, client, g);
    if (err == OK)
        err = mls_leaf_check(&mls_tree_leaf(&g->tree, 0)->node, MLS_LEAF_KEY_PACKAGE, &rules);
    if (err == OK)
        err = first_epoch(w, g, group_id, extensions);
    if (err == OK)
        *out = g;
    else
        mls_group_free(g);
    return err;
}
