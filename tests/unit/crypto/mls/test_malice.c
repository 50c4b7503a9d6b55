/* A member, or a joiner, who signs properly but builds what he must not: each rule has its own
 * error, and the receiver's state stays bit for bit as it was. */
#include "tests/lib/mls_people.h"

#define MEMBERS 5u

struct scene {
    struct person p[MEMBERS + 1]; /* 0 is malicious, 1 receives, the last is outside */
    struct buf before, after, message, body;
};

static const struct mls_suite *suite;

static void follow_all(struct scene *c, size_t author, struct mls_commit_out *out)
{
    for (size_t i = 0; i < MEMBERS; i++)
        if (i != author && c->p[i].g != NULL)
            person_follow(&c->p[i], buf_span(&out->commit));
    person_adopt(&c->p[author], out->next);
    out->next = NULL;
}

static int setup(void **state)
{
    struct scene *c = calloc(1, sizeof *c);
    struct mls_commit_out out;
    struct buf list = BUF_INIT(1 << 20);

    assert_non_null(c);
    suite = mls_suite(3);
    c->before = c->after = c->message = c->body = BUF_INIT(1 << 24);
    for (uint32_t i = 0; i <= MEMBERS; i++)
        person_init(&c->p[i], suite, i + 1);
    assert_ok(mls_group_new(&c->p[0].w, suite, &c->p[0].client, SPAN_LIT("group"), SPAN_EMPTY,
                            &c->p[0].g));
    for (size_t i = 1; i < MEMBERS; i++)
        assert_ok(mls_make_add(buf_span(&c->p[i].package), &list));
    struct mls_commit_options o = {.proposals = buf_span(&list)};
    assert_ok(mls_commit(c->p[0].g, &c->p[0].w, &o, &out));
    follow_all(c, 0, &out);
    for (size_t i = 1; i < MEMBERS; i++)
        person_join(&c->p[i], buf_span(&out.welcome));
    mls_commit_out_clear(&out);
    for (size_t i = 1; i < MEMBERS; i++) {
        assert_ok(mls_commit(c->p[i].g, &c->p[i].w, NULL, &out));
        follow_all(c, i, &out);
        mls_commit_out_clear(&out);
    }
    buf_clear(&list);
    *state = c;
    return 0;
}

static int teardown(void **state)
{
    struct scene *c = *state;

    for (size_t i = 0; i <= MEMBERS; i++)
        person_clear(&c->p[i]);
    buf_clear(&c->before);
    buf_clear(&c->after);
    buf_clear(&c->message);
    buf_clear(&c->body);
    free(c);
    return 0;
}

static void refused(struct scene *c, struct span message, enum mls_error wanted)
{
    struct mls_event e;

    person_bytes(c->p[1].g, &c->before);
    enum err err = mls_receive(c->p[1].g, &c->p[1].w, message, &e);
    if ((int)err != (int)wanted)
        print_error("%s\n", mls_err_name(err));
    assert_int_equal(err, wanted);
    person_bytes(c->p[1].g, &c->after);
    assert_span_equal(buf_span(&c->after), buf_span(&c->before));
}

/* `body` as a PublicMessage of `sender`, signed by `p`, with a made-up confirmation tag. */
static void sign_as(struct scene *c, struct person *p, struct mls_sender sender, uint8_t type,
                    struct span body)
{
    person_say(p, c->p[0].g, sender, type, body, &c->message);
}

static void commit_refused(struct scene *c, struct span body, enum mls_error wanted)
{
    sign_as(c, &c->p[0], (struct mls_sender){MLS_SENDER_MEMBER, 0}, MLS_CONTENT_COMMIT, body);
    refused(c, buf_span(&c->message), wanted);
}

/* -- paths -- */

/* An empty commit of member 0 with a path made of these pieces. */
static void write_commit(struct scene *c, struct span leaf, const struct mls_path_node *nodes,
                         size_t count)
{
    struct writer w = writer_to(&c->body);

    buf_reset(&c->body);
    mls_write_vector(&w, SPAN_EMPTY);
    write_u8(&w, 1);
    write_bytes(&w, leaf);
    size_t mark = mls_vector_begin(&w);
    for (size_t i = 0; i < count; i++)
        mls_write_path_node(&w, &nodes[i]);
    mls_vector_end(&w, mark);
    assert_ok(writer_status(&w));
}

struct path {
    struct mls_tree tree;
    struct mls_path_plan plan;
    struct buf bytes;
    struct mls_update_path view;
    struct mls_path_node nodes[8];
    size_t count;
};

/* A sound path of member 0, in pieces; `signer` signs the new leaf. */
static void make_path(struct scene *c, const struct mls_signer *signer, bool lie, struct path *p)
{
    struct mls_group *g = c->p[0].g;
    struct mls_leaf_node content = mls_tree_leaf(&g->tree, 0)->node;
    struct buf context = BUF_INIT(1 << 16);
    struct writer w, to;
    uint8_t hash[MLS_HASH_MAX];

    *p = (struct path){.bytes = BUF_INIT(1 << 24)};
    mls_tree_fork(&g->tree, &p->tree);
    assert_ok(mls_path_plan_make(&p->tree, 0, &content, signer, g->context.group_id, &c->p[0].rng,
                                 &p->plan));
    if (lie) /* other secrets than those of the public keys */
        for (size_t i = 0; i <= p->plan.count; i++)
            p->plan.secrets[i].bytes[0] ^= 1;
    mls_tree_hash(&p->tree, hash);
    struct mls_group_context provisional = g->context;
    provisional.epoch++;
    provisional.tree_hash = span_of(hash, suite->hash->bytes);
    w = writer_to(&context);
    mls_write_group_context(&w, &provisional);
    to = writer_to(&p->bytes);
    assert_ok(
        mls_path_encrypt(&p->tree, &p->plan, buf_span(&context), NULL, &c->p[0].rng, NULL, &to));
    struct reader r = reader_of(buf_span(&p->bytes));
    mls_read_update_path(&r, &p->view);
    assert_ok(mls_read_end(&r));
    struct reader in = reader_of(p->view.nodes);
    while (mls_read_more(&in))
        mls_read_path_node(&in, &p->nodes[p->count++]);
    buf_clear(&context);
}

static void path_clear(struct path *p)
{
    mls_tree_clear(&p->tree);
    mls_path_plan_clear(&p->plan);
    buf_clear(&p->bytes);
}

static void path_refused(struct scene *c, const struct path *p, enum mls_error wanted)
{
    write_commit(c, p->view.leaf.encoded, p->nodes, p->count);
    commit_refused(c, buf_span(&c->body), wanted);
}

static void paths_are_judged(void **state)
{
    struct scene *c = *state;
    struct path p;
    struct mls_path_node good;
    uint8_t other_key[32] = {9, 9};

    make_path(c, &c->p[0].signer, false, &p);
    path_refused(c, &p, MLS_BAD_CONFIRMATION); /* sound but for the tag */
    p.count--;
    path_refused(c, &p, MLS_PATH_LENGTH);
    p.count++;
    p.nodes[p.count] = p.nodes[0];
    p.nodes[p.count++].encryption_key = SPAN_ARRAY(other_key);
    path_refused(c, &p, MLS_PATH_LENGTH);
    p.count--;

    good = p.nodes[0];
    p.nodes[0].encryption_key = SPAN_ARRAY(other_key);
    path_refused(c, &p, MLS_BAD_PARENT_HASH);
    p.nodes[0].encryption_key = mls_tree_leaf(&c->p[0].g->tree, 3)->node.encryption_key;
    path_refused(c, &p, MLS_PATH_KEY_REUSED);
    p.nodes[0].encryption_key = span_of(other_key, 31);
    path_refused(c, &p, MLS_BAD_PUBLIC_KEY);
    p.nodes[0] = good;
    p.nodes[0].secrets = SPAN_EMPTY;
    path_refused(c, &p, MLS_PATH_CIPHERTEXTS);
    p.nodes[0] = good;
    uint8_t *first_byte = p.bytes.ptr + (p.nodes[0].secrets.ptr - p.bytes.ptr) + 40;
    *first_byte ^= 1; /* inside the ciphertext for member 1 */
    path_refused(c, &p, MLS_PATH_UNREADABLE);
    path_clear(&p);

    make_path(c, &c->p[0].signer, true, &p);
    path_refused(c, &p, MLS_PATH_KEY_MISMATCH);
    path_clear(&p);
    make_path(c, &c->p[3].signer, false, &p); /* the new leaf bears another member's key */
    path_refused(c, &p, MLS_DUPLICATE_SIGNATURE_KEY);
    path_clear(&p);
}

static void leaves_of_paths_are_judged(void **state)
{
    struct scene *c = *state;
    struct mls_group *g = c->p[0].g;
    struct mls_leaf_node content = mls_tree_leaf(&g->tree, 0)->node;
    struct mls_leaf *leaf;
    struct path p;
    uint8_t fresh[32] = {7, 7};

    make_path(c, &c->p[0].signer, false, &p);
    content.source = MLS_LEAF_COMMIT; /* the old encryption key, signed anew */
    assert_ok(mls_leaf_sign(&content, &c->p[0].signer, g->context.group_id, 0, &leaf));
    p.view.leaf = leaf->node;
    path_refused(c, &p, MLS_ENCRYPTION_KEY_KEPT);
    mls_leaf_unref(leaf);
    content.encryption_key = SPAN_ARRAY(fresh);
    content.source = MLS_LEAF_UPDATE;
    assert_ok(mls_leaf_sign(&content, &c->p[0].signer, g->context.group_id, 0, &leaf));
    p.view.leaf = leaf->node;
    path_refused(c, &p, MLS_BAD_LEAF_SOURCE);
    mls_leaf_unref(leaf);
    content.source = MLS_LEAF_COMMIT;
    assert_ok(mls_leaf_sign(&content, &c->p[0].signer, g->context.group_id, 1, &leaf));
    p.view.leaf = leaf->node; /* for another place */
    path_refused(c, &p, MLS_BAD_LEAF_SIGNATURE);
    mls_leaf_unref(leaf);
    path_clear(&p);
}

/* -- references and senders -- */

static void a_committer_may_not_commit_its_own_update(void **state)
{
    struct scene *c = *state;
    struct writer w = writer_to(&c->body);
    struct mls_event e;

    assert_ok(mls_propose_update(c->p[0].g, &c->p[0].w, NULL, NULL, NULL, &c->message));
    assert_ok(mls_receive(c->p[1].g, &c->p[1].w, buf_span(&c->message), &e));
    mls_event_clear(&e);
    size_t mark = mls_vector_begin(&w);
    write_u8(&w, 2);
    mls_write_vector(&w, span_of(c->p[1].g->waiting[0].ref, suite->hash->bytes));
    mls_vector_end(&w, mark);
    write_u8(&w, 0);
    commit_refused(c, buf_span(&c->body), MLS_UPDATE_BY_COMMITTER);
}

static void senders_must_be_what_they_say(void **state)
{
    struct scene *c = *state;
    struct buf remove = BUF_INIT(1 << 10);
    struct mls_sender blank = {MLS_SENDER_MEMBER, 6},
                      newcomer = {.type = MLS_SENDER_NEW_MEMBER_PROPOSAL},
                      joiner = {.type = MLS_SENDER_NEW_MEMBER_COMMIT};
    static const uint8_t empty_commit[] = {0, 0};

    assert_ok(mls_make_remove(3, &remove));
    sign_as(c, &c->p[0], blank, MLS_CONTENT_PROPOSAL, buf_span(&remove));
    refused(c, buf_span(&c->message), MLS_BAD_SENDER);
    sign_as(c, &c->p[MEMBERS], newcomer, MLS_CONTENT_PROPOSAL, buf_span(&remove));
    refused(c, buf_span(&c->message), MLS_BAD_SENDER); /* only an add */
    sign_as(c, &c->p[MEMBERS], joiner, MLS_CONTENT_PROPOSAL, buf_span(&remove));
    refused(c, buf_span(&c->message), MLS_BAD_SENDER); /* only a commit */
    sign_as(c, &c->p[MEMBERS], joiner, MLS_CONTENT_COMMIT, SPAN_ARRAY(empty_commit));
    refused(c, buf_span(&c->message), MLS_PATH_MISSING);
    c->p[0].g->own = 6;
    buf_reset(&c->message);
    assert_ok(mls_encrypt(c->p[0].g, &c->p[0].w, SPAN_LIT("x"), NULL, &c->message));
    refused(c, buf_span(&c->message), MLS_BAD_SENDER);
    c->p[0].g->own = 0;
    buf_clear(&remove);
}

static void private_messages_fail_for_their_own_reasons(void **state)
{
    struct scene *c = *state;
    struct mls_group *g = c->p[0].g;
    struct mls_message m;

    assert_ok(mls_encrypt(g, &c->p[0].w, SPAN_LIT("words"), NULL, &c->message));
    assert_ok(mls_message_decode(buf_span(&c->message), &m));
    size_t sender_data = (size_t)(m.private_message.sender_data.ptr - c->message.ptr);
    c->message.ptr[sender_data] ^= 1;
    refused(c, buf_span(&c->message), MLS_BAD_SENDER_DATA);
    c->message.ptr[sender_data] ^= 1;
    c->message.ptr[c->message.len - 1] ^= 1;
    refused(c, buf_span(&c->message), MLS_BAD_CIPHERTEXT);

    /* zeros are the only padding: a second auth behind the first is none */
    struct writer w = writer_to(&c->body);
    static const uint8_t sig[64] = {1};
    struct mls_content_auth auth = {SPAN_ARRAY(sig), SPAN_EMPTY};
    mls_write_vector(&w, SPAN_LIT("words"));
    mls_write_content_auth(&w, MLS_CONTENT_APPLICATION, &auth);
    struct mls_framed_content content = {.group_id = g->context.group_id,
                                         .epoch = g->context.epoch,
                                         .sender = {MLS_SENDER_MEMBER, 0},
                                         .content_type = MLS_CONTENT_APPLICATION,
                                         .body = buf_span(&c->body)};
    buf_reset(&c->message);
    assert_ok(mls_private_protect(&g->secrets, &g->sender_data, &content, &auth, 0, &c->p[0].rng,
                                  &c->message));
    refused(c, buf_span(&c->message), MLS_BAD_PADDING);

    struct mls_public_message open = {.content = content, .auth = auth};
    open.content.body = SPAN_LIT("\5words");
    open.membership_tag = SPAN_ARRAY(sig);
    buf_reset(&c->message);
    w = writer_to(&c->message);
    mls_write_message_head(&w, MLS_WIRE_PUBLIC_MESSAGE);
    mls_write_public_message(&w, &open);
    refused(c, buf_span(&c->message), MLS_WRONG_CONTENT);

    struct mls_ratchet_step step;
    assert_err(mls_secret_tree_peek(&g->secrets, 0, MLS_RATCHET_APPLICATION, UINT32_MAX, &step),
               mls_fail(MLS_GENERATION_SPENT));
}

/* -- external commits -- */

/* A joiner's commit of `list` (ProposalOrRef entries) around the path of a sound one. */
static void external_refused(struct scene *c, struct span list, const struct mls_update_path *path,
                             enum mls_error wanted)
{
    struct writer w = writer_to(&c->body);

    buf_reset(&c->body);
    mls_write_vector(&w, list);
    write_u8(&w, 1);
    mls_write_update_path(&w, path);
    assert_ok(writer_status(&w));
    sign_as(c, &c->p[MEMBERS], (struct mls_sender){.type = MLS_SENDER_NEW_MEMBER_COMMIT},
            MLS_CONTENT_COMMIT, buf_span(&c->body));
    refused(c, buf_span(&c->message), wanted);
}

static void append_value(struct buf *list, struct span proposal)
{
    assert_ok(buf_append(list, SPAN_LIT("\1")));
    assert_ok(buf_append(list, proposal));
}

static void external_commits_hold_little(void **state)
{
    struct scene *c = *state;
    struct person *x = &c->p[MEMBERS];
    struct buf info = BUF_INIT(1 << 20), sound = BUF_INIT(1 << 20), list = BUF_INIT(1 << 20),
               extra = BUF_INIT(1 << 20);
    struct mls_external_join j = {.client = &x->client};
    struct mls_message m;
    struct mls_group *g;

    assert_ok(mls_group_info(c->p[0].g, &c->p[0].w, true, true, &info));
    j.group_info = buf_span(&info);
    assert_ok(mls_group_join_external(&x->w, &j, &sound, &g));
    mls_group_free(g);
    assert_ok(mls_message_decode(buf_span(&sound), &m));
    const struct mls_commit *commit = &m.public_message.content.commit;

    external_refused(c, SPAN_EMPTY, &commit->path, MLS_EXTERNAL_INIT_COUNT);
    assert_ok(buf_append(&list, commit->proposals));
    assert_ok(buf_append(&list, commit->proposals));
    external_refused(c, buf_span(&list), &commit->path, MLS_EXTERNAL_INIT_COUNT);
    buf_truncate(&list, commit->proposals.len);
    assert_ok(mls_make_add(buf_span(&x->package), &extra));
    append_value(&list, buf_span(&extra));
    external_refused(c, buf_span(&list), &commit->path, MLS_EXTERNAL_PROPOSALS);
    buf_truncate(&list, commit->proposals.len);
    for (uint32_t i = 2; i < 4; i++) {
        buf_reset(&extra);
        assert_ok(mls_make_remove(i, &extra));
        append_value(&list, buf_span(&extra));
    }
    external_refused(c, buf_span(&list), &commit->path, MLS_EXTERNAL_REMOVES);
    external_refused(c, SPAN_LIT("\2\3ref"), &commit->path, MLS_EXTERNAL_REFERENCE);
    struct mls_update_path path = commit->path;
    path.nodes = SPAN_EMPTY;
    external_refused(c, commit->proposals, &path, MLS_PATH_LENGTH);
    buf_clear(&info);
    buf_clear(&sound);
    buf_clear(&list);
    buf_clear(&extra);
}

/* -- what a group demands of its members -- */

static void make_refused(struct scene *c, struct span proposals, enum mls_error wanted)
{
    struct mls_commit_options o = {.proposals = proposals};
    struct mls_commit_out out;

    enum err err = mls_commit(c->p[0].g, &c->p[0].w, &o, &out);
    if ((int)err != (int)wanted)
        print_error("%s\n", mls_err_name(err));
    assert_int_equal(err, wanted);
}

static void extensions_need_everybodys_support(void **state)
{
    struct scene *c = *state;
    struct buf extensions = BUF_INIT(1 << 16), list = BUF_INIT(1 << 16);
    struct writer w = writer_to(&extensions);
    static const uint8_t required[] = {0, 2, 0xff, 1, 0}; /* a proposal type */

    mls_write_extension(&w, 0xff01, SPAN_EMPTY);
    assert_ok(mls_make_extensions(buf_span(&extensions), &list));
    make_refused(c, buf_span(&list), MLS_GROUP_EXTENSION_UNSUPPORTED);
    mls_write_extension(&w, 0xff01, SPAN_EMPTY);
    assert_err(mls_make_extensions(buf_span(&extensions), &list),
               mls_fail(MLS_DUPLICATE_EXTENSION));
    buf_reset(&extensions);
    buf_reset(&list);
    mls_write_extension(&w, MLS_EXTENSION_REQUIRED_CAPABILITIES, SPAN_ARRAY(required));
    assert_ok(mls_make_extensions(buf_span(&extensions), &list));
    make_refused(c, buf_span(&list), MLS_CAPABILITY_MISSING);
    buf_clear(&extensions);
    buf_clear(&list);
}

/* A key package of the outsider with this leaf content and init key. */
static void forge_package(struct scene *c, const struct mls_leaf_node *content, struct span init)
{
    struct person *x = &c->p[MEMBERS];
    struct mls_leaf *leaf;
    struct buf package = BUF_INIT(1 << 20);

    assert_ok(mls_leaf_sign(content, &x->signer, SPAN_EMPTY, 0, &leaf));
    assert_ok(mls_key_package_sign(suite, init, leaf, SPAN_EMPTY, &x->signer, &package));
    buf_reset(&c->body);
    assert_ok(mls_make_add(buf_span(&package), &c->body));
    mls_leaf_unref(leaf);
    buf_clear(&package);
}

static void keys_of_packages_are_judged(void **state)
{
    struct scene *c = *state;
    struct reader r = reader_of(buf_span(&c->p[MEMBERS].package));
    struct mls_key_package k;
    static const uint8_t many[2 * (MLS_CAPABILITIES_MAX + 1)] = {0, 1};

    mls_read_key_package(&r, &k);
    struct mls_leaf_node content = k.leaf;
    forge_package(c, &content, content.encryption_key);
    make_refused(c, buf_span(&c->body), MLS_INIT_KEY_REUSED);
    forge_package(c, &content, span_sub(k.init_key, 0, 31));
    make_refused(c, buf_span(&c->body), MLS_BAD_PUBLIC_KEY);
    content.encryption_key = mls_tree_leaf(&c->p[0].g->tree, 2)->node.encryption_key;
    forge_package(c, &content, k.init_key);
    make_refused(c, buf_span(&c->body), MLS_DUPLICATE_ENCRYPTION_KEY);
    content.encryption_key = span_sub(k.init_key, 0, 31);
    forge_package(c, &content, k.init_key);
    make_refused(c, buf_span(&c->body), MLS_BAD_PUBLIC_KEY);
    content = k.leaf;
    content.capabilities.extensions = SPAN_ARRAY(many);
    forge_package(c, &content, k.init_key);
    make_refused(c, buf_span(&c->body), MLS_TOO_MANY);
    static const uint8_t listed[] = {0, 3};
    c->p[0].client.capabilities = mls_capabilities_default();
    c->p[0].client.capabilities.proposals = SPAN_ARRAY(listed);
    buf_reset(&c->body);
    assert_err(mls_key_package_new(&c->p[0].w, suite, &c->p[0].client, SPAN_EMPTY, &c->p[0].keys,
                                   &c->body),
               mls_fail(MLS_DEFAULT_LISTED));
}

/* -- joining -- */

static bool in_every_group(void *ctx, struct span group_id)
{
    (void)ctx;
    return span_eq(group_id, SPAN_LIT("group"));
}

static enum err one_psk(void *ctx, const struct mls_psk_id *id, struct buf *out)
{
    (void)id;
    return buf_append(out, span_str(ctx));
}

static void joiners_look_closely(void **state)
{
    struct scene *c = *state;
    struct person *x = &c->p[MEMBERS];
    struct buf list = BUF_INIT(1 << 20), info = BUF_INIT(1 << 20), commit = BUF_INIT(1 << 20);
    struct mls_commit_out out;
    struct mls_group *g;

    c->p[0].w.psk = x->w.psk = one_psk;
    c->p[0].w.ctx = "one key";
    x->w.ctx = "another key";
    assert_ok(mls_make_add(buf_span(&x->package), &list));
    assert_ok(mls_make_psk_external(&c->p[0].w, suite, SPAN_LIT("id"), &list));
    struct mls_commit_options o = {.proposals = buf_span(&list)};
    assert_ok(mls_commit(c->p[0].g, &c->p[0].w, &o, &out));
    struct mls_join j = {
        .welcome = buf_span(&out.welcome), .key_package = buf_span(&x->package), .keys = &x->keys};
    assert_err(mls_group_join(&x->w, &j, &g), mls_fail(MLS_BAD_GROUP_INFO));
    x->w.ctx = "one key";
    x->w.in_group = in_every_group;
    assert_err(mls_group_join(&x->w, &j, &g), mls_fail(MLS_GROUP_EXISTS));
    out.welcome.ptr[4] = 0xee;
    assert_err(mls_group_join(&x->w, &j, &g), mls_fail(MLS_UNSUPPORTED_SUITE));
    mls_commit_out_clear(&out);

    struct mls_external_join e = {.client = &x->client};
    assert_ok(mls_group_info(c->p[0].g, &c->p[0].w, true, true, &info));
    e.group_info = buf_span(&info);
    assert_err(mls_group_join_external(&x->w, &e, &commit, &g), mls_fail(MLS_GROUP_EXISTS));
    x->w.in_group = NULL;
    info.ptr[info.len - 66 - 1] = 6; /* the signer, before a vector of 64 bytes */
    assert_err(mls_group_join_external(&x->w, &e, &commit, &g), mls_fail(MLS_BLANK_SIGNER));
    buf_clear(&list);
    buf_clear(&info);
    buf_clear(&commit);
}

static void trees_and_stored_states_are_checked(void **state)
{
    struct scene *c = *state;
    struct mls_tree t;
    struct mls_group *g;
    struct buf bytes = BUF_INIT(1 << 24);
    uint32_t path[MLS_LEVELS_MAX];

    mls_tree_fork(&c->p[0].g->tree, &t);
    assert_true(mls_tree_filtered_path(&t, 0, path) > 0);
    struct mls_parent *p = mls_parent_new(mls_tree_key(&t, path[0]), SPAN_EMPTY);
    p->unmerged = malloc(sizeof *p->unmerged);
    p->unmerged[0] = 6; /* not below */
    p->unmerged_count = p->unmerged_cap = 1;
    assert_ok(mls_tree_set_parent(&t, path[0], p));
    mls_tree_hash(&t, NULL);
    assert_err(mls_tree_check(&t), mls_fail(MLS_BAD_UNMERGED));
    p->unmerged_count = 0;
    assert_err(mls_tree_check(&t), mls_fail(MLS_BAD_PARENT_HASH));
    mls_parent_unref(p);
    mls_tree_clear(&t);

    assert_ok(mls_save(c->p[0].g, MLS_PART_PUBLIC, &bytes));
    assert_err(mls_load(span_sub(buf_span(&bytes), 0, bytes.len - 1), SPAN_EMPTY, SPAN_EMPTY, &g),
               mls_fail(MLS_BAD_STATE));
    assert_err(mls_load(buf_span(&bytes), SPAN_LIT("nonsense"), SPAN_EMPTY, &g),
               mls_fail(MLS_BAD_STATE));
    bytes.ptr[bytes.len / 2] ^= 1; /* in the tree */
    assert_err(mls_load(buf_span(&bytes), SPAN_EMPTY, SPAN_EMPTY, &g), mls_fail(MLS_BAD_STATE));
    buf_clear(&bytes);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(paths_are_judged),
        CASE(leaves_of_paths_are_judged),
        CASE(a_committer_may_not_commit_its_own_update),
        CASE(senders_must_be_what_they_say),
        CASE(private_messages_fail_for_their_own_reasons),
        CASE(external_commits_hold_little),
        CASE(extensions_need_everybodys_support),
        CASE(keys_of_packages_are_judged),
        CASE(joiners_look_closely),
        CASE(trees_and_stored_states_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
