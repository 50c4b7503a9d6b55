#include "crypto/mls/leaf.h"

#include "crypto/mls/x509.h"

static void index_bytes(uint32_t index, uint8_t out[4])
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(index >> (24 - 8 * i));
}

/* LeafNodeTBS after the common fields: group_id<V> || leaf_index, or nothing */
static size_t tbs_parts(uint8_t source, struct span unsigned_leaf, struct span group_id,
                        uint8_t index[4], struct buf *header, struct span parts[4])
{
    struct writer w = writer_to(header);

    parts[0] = unsigned_leaf;
    if (source == MLS_LEAF_KEY_PACKAGE)
        return 1;
    mls_write_length(&w, group_id.len);
    parts[1] = buf_span(header);
    parts[2] = group_id;
    parts[3] = span_of(index, 4);
    return 4;
}

enum err mls_leaf_sign(const struct mls_leaf_node *content, const struct mls_signer *signer,
                       struct span group_id, uint32_t index, struct mls_leaf **out)
{
    struct buf encoded = BUF_INIT(MLS_MESSAGE_BYTES_MAX);
    struct writer w = writer_to(&encoded);
    uint8_t at[4], header[4], sig[MLS_SIGNATURE_MAX];
    struct buf length = {header, 0, sizeof header, sizeof header};
    struct span parts[4];
    size_t sig_len = 0;

    index_bytes(index, at);
    mls_write_leaf_node_unsigned(&w, content);
    enum err err = writer_status(&w);
    if (err == OK) {
        size_t n = tbs_parts(content->source, buf_span(&encoded), group_id, at, &length, parts);
        err = mls_sign(signer, "LeafNodeTBS", parts, n, sig, &sig_len);
    }
    if (err == OK) {
        mls_write_vector(&w, span_of(sig, sig_len));
        err = writer_status(&w);
    }
    if (err == OK)
        err = mls_leaf_new(buf_span(&encoded), out);
    buf_clear(&encoded);
    return err;
}

enum err mls_leaf_verify(const struct mls_suite *s, const struct mls_leaf_node *leaf,
                         struct span group_id, uint32_t index)
{
    uint8_t at[4], header[4];
    struct buf length = {header, 0, sizeof header, sizeof header};
    struct span parts[4];

    index_bytes(index, at);
    size_t n = tbs_parts(leaf->source, leaf->tbs, group_id, at, &length, parts);
    enum err err = mls_verify(s, leaf->signature_key, "LeafNodeTBS", parts, n, leaf->signature);
    return err == ERR_AUTH ? mls_fail(MLS_BAD_LEAF_SIGNATURE) : err;
}

/* -- RFC 9420 7.2, 7.3 -- */

static bool is_default_extension(uint16_t type)
{
    return type >= MLS_EXTENSION_APPLICATION_ID && type <= MLS_EXTENSION_EXTERNAL_SENDERS;
}

static bool is_default_proposal(uint16_t type)
{
    return type >= MLS_PROPOSAL_ADD && type <= MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS;
}

static enum err check_capabilities(const struct mls_capabilities *c)
{
    const struct span *lists[] = {&c->versions, &c->cipher_suites, &c->extensions, &c->proposals,
                                  &c->credentials};

    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        if (lists[i]->len / 2 > MLS_CAPABILITIES_MAX)
            return mls_fail(MLS_TOO_MANY);
    return OK;
}

static enum err check_lifetime(const struct mls_leaf_node *l, const struct mls_leaf_rules *rules)
{
    if (l->source != MLS_LEAF_KEY_PACKAGE)
        return OK;
    if (l->not_before > l->not_after)
        return mls_fail(MLS_LEAF_EXPIRED);
    if (rules->lifetime_max_s > 0 && l->not_after - l->not_before > rules->lifetime_max_s)
        return mls_fail(MLS_LIFETIME_TOO_LONG);
    if (rules->now_s > 0 && (rules->now_s < l->not_before || rules->now_s > l->not_after))
        return mls_fail(MLS_LEAF_EXPIRED);
    return OK;
}

/* Every type of an extension list is listed in the capabilities, or needs no listing. */
static bool lists_all(const struct mls_capabilities *c, struct span extensions)
{
    struct reader in = reader_of(extensions);
    struct mls_extension e;

    while (mls_read_more(&in)) {
        mls_read_extension(&in, &e);
        if (!is_default_extension(e.type) && !mls_u16s_have(c->extensions, e.type))
            return false;
    }
    return true;
}

static bool required_listed(struct span wanted, struct span have, bool (*is_default)(uint16_t))
{
    for (size_t i = 0; i < wanted.len / 2; i++) {
        uint16_t type = mls_u16s_at(wanted, i);
        if (!(is_default != NULL && is_default(type)) && !mls_u16s_have(have, type))
            return false;
    }
    return true;
}

static enum err check_required(const struct mls_capabilities *c, struct span group_extensions)
{
    struct mls_required_capabilities need;
    struct span data;

    if (!lists_all(c, group_extensions))
        return mls_fail(MLS_GROUP_EXTENSION_UNSUPPORTED);
    if (!mls_extension_find(group_extensions, MLS_EXTENSION_REQUIRED_CAPABILITIES, &data))
        return OK;
    struct reader r = reader_of(data);
    mls_read_required_capabilities(&r, &need);
    TRY(mls_read_end(&r));
    if (!required_listed(need.extensions, c->extensions, is_default_extension) ||
        !required_listed(need.proposals, c->proposals, is_default_proposal) ||
        !required_listed(need.credentials, c->credentials, NULL))
        return mls_fail(MLS_CAPABILITY_MISSING);
    return OK;
}

enum err mls_leaf_check(const struct mls_leaf_node *leaf, enum mls_leaf_source source,
                        const struct mls_leaf_rules *rules)
{
    const struct mls_capabilities *c = &leaf->capabilities;

    if (source != 0 && leaf->source != source)
        return mls_fail(MLS_BAD_LEAF_SOURCE);
    if (leaf->encryption_key.len != mls_public_bytes(rules->suite) ||
        leaf->signature_key.len != rules->suite->sign->public_bytes)
        return mls_fail(MLS_BAD_PUBLIC_KEY);
    TRY(check_capabilities(c));
    if (!mls_u16s_have(c->versions, MLS_VERSION_10))
        return mls_fail(MLS_VERSION_NOT_LISTED);
    if (!mls_u16s_have(c->cipher_suites, rules->suite->code))
        return mls_fail(MLS_SUITE_NOT_LISTED);
    TRY(mls_extensions_check(leaf->extensions));
    if (!lists_all(c, leaf->extensions))
        return mls_fail(MLS_EXTENSION_NOT_LISTED);
    if (!mls_u16s_have(c->credentials, leaf->credential.type))
        return mls_fail(MLS_CREDENTIAL_NOT_LISTED);
    if (leaf->credential.type == MLS_CREDENTIAL_X509)
        TRY(mls_x509_check(leaf->credential.identity, leaf->signature_key));
    TRY(check_required(c, rules->group_extensions));
    return check_lifetime(leaf, rules);
}

static enum err check_external_senders(struct span data)
{
    struct reader r = reader_of(data);
    struct reader list = reader_of(mls_read_vector(&r));
    struct mls_external_sender sender;

    while (mls_read_more(&list))
        mls_read_external_sender(&list, &sender);
    TRY(mls_read_status(&list));
    return mls_read_end(&r);
}

enum err mls_group_extensions_check(struct span extensions)
{
    struct mls_required_capabilities need;
    struct span data;

    TRY(mls_extensions_check(extensions));
    if (mls_extension_find(extensions, MLS_EXTENSION_REQUIRED_CAPABILITIES, &data)) {
        struct reader r = reader_of(data);
        mls_read_required_capabilities(&r, &need);
        TRY(mls_read_end(&r));
        if (need.extensions.len / 2 > MLS_CAPABILITIES_MAX ||
            need.proposals.len / 2 > MLS_CAPABILITIES_MAX ||
            need.credentials.len / 2 > MLS_CAPABILITIES_MAX)
            return mls_fail(MLS_TOO_MANY);
    }
    if (mls_extension_find(extensions, MLS_EXTENSION_EXTERNAL_SENDERS, &data))
        TRY(check_external_senders(data));
    return OK;
}

/* -- RFC 9420 10 -- */

enum err mls_key_package_sign(const struct mls_suite *s, struct span init_key,
                              const struct mls_leaf *leaf, struct span extensions,
                              const struct mls_signer *signer, struct buf *out)
{
    struct mls_key_package k = {.version = MLS_VERSION_10,
                                .cipher_suite = s->code,
                                .init_key = init_key,
                                .leaf = leaf->node,
                                .extensions = extensions};
    struct buf encoded = BUF_INIT(MLS_MESSAGE_BYTES_MAX);
    struct writer w = writer_to(&encoded);
    uint8_t sig[MLS_SIGNATURE_MAX];
    size_t sig_len;

    mls_write_key_package_unsigned(&w, &k);
    enum err err = writer_status(&w);
    if (err == OK) {
        struct span tbs = buf_span(&encoded);
        err = mls_sign(signer, "KeyPackageTBS", &tbs, 1, sig, &sig_len);
    }
    if (err == OK) {
        mls_write_vector(&w, span_of(sig, sig_len));
        err = writer_status(&w);
    }
    if (err == OK)
        err = buf_append(out, buf_span(&encoded));
    buf_clear(&encoded);
    return err;
}

enum err mls_key_package_check(const struct mls_key_package *k, const struct mls_leaf_rules *rules)
{
    if (k->version != MLS_VERSION_10 || k->cipher_suite != rules->suite->code)
        return mls_fail(MLS_KEY_PACKAGE_MISMATCH);
    TRY(mls_leaf_check(&k->leaf, MLS_LEAF_KEY_PACKAGE, rules));
    if (k->init_key.len != mls_public_bytes(rules->suite))
        return mls_fail(MLS_BAD_PUBLIC_KEY);
    if (span_eq(k->init_key, k->leaf.encryption_key))
        return mls_fail(MLS_INIT_KEY_REUSED);
    TRY(mls_extensions_check(k->extensions));
    if (!lists_all(&k->leaf.capabilities, k->extensions))
        return mls_fail(MLS_EXTENSION_NOT_LISTED);
    TRY(mls_leaf_verify(rules->suite, &k->leaf, SPAN_EMPTY, 0));
    enum err err =
        mls_verify(rules->suite, k->leaf.signature_key, "KeyPackageTBS", &k->tbs, 1, k->signature);
    return err == ERR_AUTH ? mls_fail(MLS_BAD_KEY_PACKAGE_SIGNATURE) : err;
}

void mls_key_package_ref(const struct mls_suite *s, struct span encoded, uint8_t *out)
{
    mls_ref_hash(s, "KeyPackage", encoded, out);
}
