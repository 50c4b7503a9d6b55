/* Proposals that wait: judged when they come, bounded, and never in the way of a commit. */
#include "tests/lib/mls_people.h"

#define MEMBERS 5u

struct scene {
    struct person p[MEMBERS + 2]; /* the last two are outside */
    struct buf before, after, message, body;
};

static const struct mls_suite *suite;

static void adopt_all(struct scene *c, size_t author, struct mls_commit_out *out)
{
    for (size_t i = 0; i < MEMBERS; i++)
        if (i != author && c->p[i].g != NULL)
            person_follow(&c->p[i], buf_span(&out->commit));
    person_adopt(&c->p[author], out->next);
    out->next = NULL;
    for (size_t i = 1; i < MEMBERS; i++)
        if (c->p[i].g != NULL && c->p[0].g != NULL)
            assert_span_equal(mls_group_epoch_authenticator(c->p[i].g),
                              mls_group_epoch_authenticator(c->p[0].g));
}

static void begin(struct scene *c, struct span extensions)
{
    struct buf list = BUF_INIT(1 << 20);
    struct mls_commit_out out;

    assert_ok(mls_group_new(&c->p[0].w, suite, &c->p[0].client, SPAN_LIT("group"), extensions,
                            &c->p[0].g));
    for (size_t i = 1; i < MEMBERS; i++)
        assert_ok(mls_make_add(buf_span(&c->p[i].package), &list));
    struct mls_commit_options o = {.proposals = buf_span(&list)};
    assert_ok(mls_commit(c->p[0].g, &c->p[0].w, &o, &out));
    adopt_all(c, 0, &out);
    for (size_t i = 1; i < MEMBERS; i++)
        person_join(&c->p[i], buf_span(&out.welcome));
    mls_commit_out_clear(&out);
    buf_clear(&list);
}

static int setup_alone(void **state)
{
    struct scene *c = calloc(1, sizeof *c);

    assert_non_null(c);
    suite = mls_suite(3);
    c->before = c->after = c->message = c->body = BUF_INIT(1 << 24);
    for (uint32_t i = 0; i < MEMBERS + 2; i++)
        person_init(&c->p[i], suite, i + 1);
    *state = c;
    return 0;
}

static int setup(void **state)
{
    setup_alone(state);
    begin(*state, SPAN_EMPTY);
    return 0;
}

static int teardown(void **state)
{
    struct scene *c = *state;

    for (size_t i = 0; i < MEMBERS + 2; i++)
        person_clear(&c->p[i]);
    buf_clear(&c->before);
    buf_clear(&c->after);
    buf_clear(&c->message);
    buf_clear(&c->body);
    free(c);
    return 0;
}

/* Member 1 takes c->message: the error is this one, and nothing changed. */
static void refused(struct scene *c, enum err wanted)
{
    struct mls_event e;

    person_bytes(c->p[1].g, &c->before);
    enum err err = mls_receive(c->p[1].g, &c->p[1].w, buf_span(&c->message), &e);
    if (err != wanted)
        print_error("%s, wanted %s\n", mls_err_name(err), mls_err_name(wanted));
    assert_int_equal(err, wanted);
    person_bytes(c->p[1].g, &c->after);
    assert_span_equal(buf_span(&c->after), buf_span(&c->before));
}

/* c->message reaches all members but its author. */
static void deliver(struct scene *c, size_t author)
{
    struct mls_event e;

    for (size_t i = 0; i < MEMBERS; i++)
        if (i != author && c->p[i].g != NULL) {
            assert_ok(mls_receive(c->p[i].g, &c->p[i].w, buf_span(&c->message), &e));
            assert_int_equal(e.kind, MLS_EVENT_PROPOSAL);
            mls_event_clear(&e);
        }
}

/* Member `author` proposes c->body to all. */
static void propose(struct scene *c, size_t author)
{
    buf_reset(&c->message);
    assert_ok(mls_propose(c->p[author].g, &c->p[author].w, buf_span(&c->body), NULL, &c->message));
    deliver(c, author);
    buf_reset(&c->body);
}

static void propose_update(struct scene *c, size_t author)
{
    buf_reset(&c->message);
    assert_ok(mls_propose_update(c->p[author].g, &c->p[author].w, NULL, NULL, NULL, &c->message));
    deliver(c, author);
}

/* Member `author` commits what waits; all follow. Its skipped[0] is this, the count that. */
static void commit_skips(struct scene *c, size_t author, size_t count, enum err why)
{
    struct mls_commit_out out;

    assert_ok(mls_commit(c->p[author].g, &c->p[author].w, NULL, &out));
    if (out.skipped_count > 0 && out.skipped[0].why != why)
        print_error("%s, wanted %s\n", mls_err_name(out.skipped[0].why), mls_err_name(why));
    assert_int_equal(out.skipped_count, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(out.skipped[i].why, why);
    adopt_all(c, author, &out);
    mls_commit_out_clear(&out);
}

/* -- on receipt -- */

static void a_strangers_unfit_add_never_waits(void **state)
{
    struct scene *c = *state;
    struct person *x = &c->p[MEMBERS];
    const struct mls_group_context *at = mls_group_context(c->p[0].g);

    x->package.ptr[x->package.len - 1] ^= 1; /* signed message, broken key package */
    assert_ok(mls_propose_self(&x->w, suite, at->group_id, at->epoch, buf_span(&x->package),
                               &c->message));
    refused(c, mls_fail(MLS_BAD_KEY_PACKAGE_SIGNATURE));
    x->s = mls_suite(1);
    person_new_package(x);
    buf_reset(&c->message);
    assert_ok(mls_propose_self(&x->w, suite, at->group_id, at->epoch, buf_span(&x->package),
                               &c->message));
    refused(c, mls_fail(MLS_KEY_PACKAGE_MISMATCH));
    x->s = suite;
    commit_skips(c, 1, 0, OK);
}

/* Member 0 says what its own engine would refuse to say. */
static void say_refused(struct scene *c, const struct mls_proposal *p, enum mls_error wanted)
{
    struct writer w = writer_to(&c->body);

    buf_reset(&c->body);
    mls_write_proposal(&w, p);
    assert_ok(writer_status(&w));
    person_say(&c->p[0], c->p[0].g, (struct mls_sender){MLS_SENDER_MEMBER, 0}, MLS_CONTENT_PROPOSAL,
               buf_span(&c->body), &c->message);
    refused(c, mls_fail(wanted));
}

static void an_unfit_proposal_of_any_kind_never_waits(void **state)
{
    struct scene *c = *state;
    const struct mls_leaf_node *mine = &mls_tree_leaf(&c->p[0].g->tree, 0)->node;
    static const uint8_t nonce[32] = {1}, twice[] = {0xff, 1, 0, 0xff, 1, 0}, kem[32] = {9};
    struct mls_leaf_node content = *mine;
    struct mls_leaf *leaf;
    struct mls_proposal p = {.type = MLS_PROPOSAL_REMOVE, .removed = MEMBERS + 1};

    say_refused(c, &p, MLS_REMOVE_BLANK);
    p = (struct mls_proposal){.type = MLS_PROPOSAL_PSK,
                              .psk = {.type = MLS_PSK_EXTERNAL, .nonce = span_of(nonce, 31)}};
    say_refused(c, &p, MLS_PSK_NONCE_LENGTH);
    p.psk = (struct mls_psk_id){.type = MLS_PSK_RESUMPTION,
                                .usage = MLS_PSK_BRANCH,
                                .id = SPAN_LIT("group"),
                                .nonce = SPAN_ARRAY(nonce)};
    say_refused(c, &p, MLS_PSK_MISPLACED);
    p = (struct mls_proposal){.type = MLS_PROPOSAL_REINIT,
                              .reinit = {SPAN_LIT("next"), 0, 3, SPAN_EMPTY}};
    say_refused(c, &p, MLS_REINIT_DOWNGRADE);
    p = (struct mls_proposal){.type = MLS_PROPOSAL_EXTERNAL_INIT, .kem_output = SPAN_ARRAY(kem)};
    say_refused(c, &p, MLS_EXTERNAL_INIT_MISPLACED);
    p = (struct mls_proposal){.type = MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS,
                              .extensions = SPAN_ARRAY(twice)};
    say_refused(c, &p, MLS_DUPLICATE_EXTENSION);
    p = (struct mls_proposal){.type = 0x0a0a, .unknown = SPAN_LIT("new")};
    say_refused(c, &p, MLS_PROPOSAL_UNSUPPORTED);

    content.source = MLS_LEAF_UPDATE; /* signed anew, with the old key */
    assert_ok(mls_leaf_sign(&content, &c->p[0].signer, SPAN_LIT("group"), 0, &leaf));
    p = (struct mls_proposal){.type = MLS_PROPOSAL_UPDATE, .update = leaf->node};
    say_refused(c, &p, MLS_ENCRYPTION_KEY_KEPT);
    mls_leaf_unref(leaf);
    content.encryption_key = SPAN_ARRAY(kem);
    assert_ok(mls_leaf_sign(&content, &c->p[0].signer, SPAN_LIT("group"), 1, &leaf));
    p.update = leaf->node; /* for another place */
    say_refused(c, &p, MLS_BAD_LEAF_SIGNATURE);
    mls_leaf_unref(leaf);
    content.source = MLS_LEAF_COMMIT;
    assert_ok(mls_leaf_sign(&content, &c->p[0].signer, SPAN_LIT("group"), 0, &leaf));
    p.update = leaf->node;
    say_refused(c, &p, MLS_BAD_LEAF_SOURCE);
    mls_leaf_unref(leaf);
}

static void nobody_proposes_what_others_would_refuse(void **state)
{
    struct scene *c = *state;
    struct person *x = &c->p[MEMBERS];

    assert_ok(mls_make_remove(MEMBERS + 1, &c->body));
    assert_err(mls_propose(c->p[0].g, &c->p[0].w, buf_span(&c->body), NULL, &c->message),
               mls_fail(MLS_REMOVE_BLANK));
    x->client.not_after = 2000;
    person_new_package(x);
    buf_reset(&c->body);
    assert_ok(mls_make_add(buf_span(&x->package), &c->body));
    c->p[0].w.now_s = 2001;
    assert_err(mls_propose(c->p[0].g, &c->p[0].w, buf_span(&c->body), NULL, &c->message),
               mls_fail(MLS_LEAF_EXPIRED));
    c->p[0].w.now_s = 2000;
    assert_ok(mls_propose(c->p[0].g, &c->p[0].w, buf_span(&c->body), NULL, &c->message));
}

/* -- hooks -- */

static enum err members_only(void *ctx, const struct mls_group *g, const struct mls_listed *l)
{
    (void)ctx, (void)g;
    return l->sender.type == MLS_SENDER_MEMBER ? OK : ERR_REFUSED;
}

static enum err nothing_by_reference(void *ctx, const struct mls_commit_view *v)
{
    (void)ctx;
    for (size_t i = 0; i < v->proposal_count; i++)
        if (v->proposals[i].by_reference)
            return ERR_REFUSED;
    return OK;
}

static void the_application_judges_proposals(void **state)
{
    struct scene *c = *state;
    struct person *x = &c->p[MEMBERS];
    const struct mls_group_context *at = mls_group_context(c->p[0].g);

    assert_ok(mls_propose_self(&x->w, suite, at->group_id, at->epoch, buf_span(&x->package),
                               &c->message));
    c->p[1].w.proposal = members_only;
    refused(c, mls_fail(MLS_PROPOSAL_REJECTED));
    c->p[1].w.proposal = NULL;
    deliver(c, MEMBERS);
    c->p[1].w.proposal = members_only; /* and changes its mind */
    commit_skips(c, 1, 1, mls_fail(MLS_PROPOSAL_REJECTED));
}

static void a_commit_hook_cannot_block_the_group(void **state)
{
    struct scene *c = *state;

    propose_update(c, 2);
    propose_update(c, 3);
    c->p[1].w.commit = nothing_by_reference;
    commit_skips(c, 1, 2, mls_fail(MLS_COMMIT_REJECTED));
}

struct guard {
    size_t outside; /* external senders shown */
    bool refuse;
};

static enum err watch(void *ctx, const struct mls_claim *claim)
{
    struct guard *g = ctx;

    if (claim->leaf != NULL)
        return OK;
    g->outside++;
    assert_span_equal(claim->signature_key, SPAN_LIT("key of the outsider"));
    assert_span_equal(claim->credential->identity, SPAN_LIT("outsider"));
    return g->refuse ? ERR_REFUSED : OK;
}

static void write_senders(struct buf *out)
{
    struct mls_external_sender sender = {SPAN_LIT("key of the outsider"),
                                         {MLS_CREDENTIAL_BASIC, SPAN_LIT("outsider")}};
    struct buf data = BUF_INIT(1 << 10);
    struct writer d = writer_to(&data), w = writer_to(out);

    size_t mark = mls_vector_begin(&d);
    mls_write_external_sender(&d, &sender);
    mls_vector_end(&d, mark);
    mls_write_extension(&w, MLS_EXTENSION_EXTERNAL_SENDERS, buf_span(&data));
    assert_ok(writer_status(&w));
    buf_clear(&data);
}

static void external_senders_are_shown_to_the_application(void **state)
{
    struct scene *c = *state;
    struct buf extensions = BUF_INIT(1 << 10);
    struct guard guard = {.refuse = true};
    struct mls_commit_out out;
    struct mls_group *g;
    enum err no = mls_fail(MLS_CREDENTIAL_REJECTED);

    write_senders(&extensions);
    for (size_t i = 0; i < MEMBERS + 2; i++)
        c->p[i].w.ctx = &guard;
    c->p[0].w.credential = watch;
    assert_err(mls_group_new(&c->p[0].w, suite, &c->p[0].client, SPAN_LIT("group"),
                             buf_span(&extensions), &g),
               no);
    c->p[0].w.credential = NULL;
    begin(c, SPAN_EMPTY);
    assert_ok(mls_make_extensions(buf_span(&extensions), &c->body));

    /* by value: committer and follower */
    struct mls_commit_options o = {.proposals = buf_span(&c->body)};
    c->p[0].w.credential = watch;
    assert_err(mls_commit(c->p[0].g, &c->p[0].w, &o, &out), no);
    c->p[0].w.credential = NULL;
    assert_ok(mls_commit(c->p[0].g, &c->p[0].w, &o, &out));
    c->p[1].w.credential = watch;
    buf_reset(&c->message);
    assert_ok(buf_append(&c->message, buf_span(&out.commit)));
    refused(c, no);
    mls_commit_out_clear(&out);

    /* by reference: on receipt, and when it is committed */
    buf_reset(&c->message);
    assert_ok(mls_propose(c->p[0].g, &c->p[0].w, buf_span(&c->body), NULL, &c->message));
    refused(c, no);
    c->p[1].w.credential = NULL;
    deliver(c, 0);
    propose_update(c, 2); /* is taken */
    c->p[1].w.credential = watch;
    assert_ok(mls_commit(c->p[1].g, &c->p[1].w, NULL, &out));
    assert_int_equal(out.skipped_count, 1);
    assert_int_equal(out.skipped[0].why, no);
    mls_commit_out_clear(&out);

    /* whoever joins */
    buf_reset(&c->body);
    struct person *x = &c->p[MEMBERS];
    assert_ok(mls_make_add(buf_span(&x->package), &c->body));
    o.proposals = buf_span(&c->body);
    assert_ok(mls_commit(c->p[0].g, &c->p[0].w, &o, &out)); /* takes the extensions along */
    struct mls_join j = {
        .welcome = buf_span(&out.welcome), .key_package = buf_span(&x->package), .keys = &x->keys};
    x->w.credential = watch;
    assert_err(mls_group_join(&x->w, &j, &g), no);
    guard = (struct guard){0};
    assert_ok(mls_group_join(&x->w, &j, &x->g));
    assert_int_equal(guard.outside, 1);
    mls_commit_out_clear(&out);
    buf_clear(&extensions);
}

static void a_private_group_takes_and_sends_nothing_public(void **state)
{
    struct scene *c = *state;
    struct person *x = &c->p[MEMBERS];
    const struct mls_group_context *at = mls_group_context(c->p[0].g);
    struct mls_send public = {.public_message = true};
    struct mls_commit_options o = {.send = public};
    struct mls_external_join join = {.client = &x->client};
    struct buf info = BUF_INIT(1 << 20);
    struct mls_commit_out out;
    enum err no = mls_fail(MLS_WRONG_WIRE_FORMAT);

    c->p[1].w.private_only = true;
    assert_ok(mls_propose_self(&x->w, suite, at->group_id, at->epoch, buf_span(&x->package),
                               &c->message));
    refused(c, no);
    assert_ok(mls_commit(c->p[0].g, &c->p[0].w, &o, &out));
    buf_move(&c->message, &out.commit);
    refused(c, no);
    mls_commit_out_clear(&out);
    assert_ok(mls_group_info(c->p[0].g, &c->p[0].w, true, true, &info));
    join.group_info = buf_span(&info);
    buf_reset(&c->message);
    assert_ok(mls_group_join_external(&x->w, &join, &c->message, &x->g));
    refused(c, no);
    assert_err(mls_commit(c->p[1].g, &c->p[1].w, &o, &out), no);
    assert_err(mls_propose_update(c->p[1].g, &c->p[1].w, NULL, NULL, &public, &c->body), no);
    propose_update(c, 2); /* private handshakes work */
    commit_skips(c, 1, 0, OK);
    buf_clear(&info);
}

static void a_joiner_learns_who_let_it_in(void **state)
{
    struct scene *c = *state;
    struct person *x = &c->p[MEMBERS];
    struct mls_commit_out out;
    uint32_t signer = UINT32_MAX;

    assert_ok(mls_make_add(buf_span(&x->package), &c->body));
    struct mls_commit_options o = {.proposals = buf_span(&c->body)};
    assert_ok(mls_commit(c->p[3].g, &c->p[3].w, &o, &out));
    struct mls_join j = {.welcome = buf_span(&out.welcome),
                         .key_package = buf_span(&x->package),
                         .keys = &x->keys,
                         .signer = &signer};
    assert_ok(mls_group_join(&x->w, &j, &x->g));
    assert_int_equal(signer, 3);
    mls_commit_out_clear(&out);
}

/* -- time -- */

static void no_clock_parts_the_members(void **state)
{
    struct scene *c = *state;
    struct person *x = &c->p[MEMBERS];
    struct mls_commit_out out;
    struct mls_group *g;

    x->client.not_after = 2000;
    person_new_package(x);
    for (size_t i = 0; i < MEMBERS; i++)
        c->p[i].w.now_s = 1999 + i; /* members 2.. are past its end */
    assert_ok(mls_make_add(buf_span(&x->package), &c->body));
    propose(c, 0); /* waits with everybody */
    propose_update(c, 3);
    assert_int_equal(mls_group_waiting(c->p[4].g), 2);

    assert_ok(mls_commit(c->p[2].g, &c->p[2].w, NULL, &out)); /* who sends it must not */
    assert_int_equal(out.skipped_count, 1);
    assert_int_equal(out.skipped[0].why, MLS_LEAF_EXPIRED);
    mls_commit_out_clear(&out);
    struct mls_commit_options o = {.without_waiting = true};
    struct buf value = BUF_INIT(1 << 16);
    assert_ok(mls_make_add(buf_span(&x->package), &value));
    o.proposals = buf_span(&value);
    assert_err(mls_commit(c->p[2].g, &c->p[2].w, &o, &out), mls_fail(MLS_LEAF_EXPIRED));

    assert_ok(mls_commit(c->p[1].g, &c->p[1].w, NULL, &out)); /* in time: everybody follows */
    assert_int_equal(out.added_count, 1);
    x->w.now_s = 3000;
    struct mls_join j = {
        .welcome = buf_span(&out.welcome), .key_package = buf_span(&x->package), .keys = &x->keys};
    assert_ok(mls_group_join(&x->w, &j, &g)); /* a member meanwhile, whatever the hour */
    mls_group_free(g);
    adopt_all(c, 1, &out);
    mls_commit_out_clear(&out);
    buf_clear(&value);
}

static void the_last_epoch_is_the_last(void **state)
{
    struct scene *c = *state;
    static const uint8_t empty[] = {0, 0};
    struct mls_commit_out out;

    for (size_t i = 0; i < 2; i++) {
        struct mls_group_context last = c->p[i].g->context;
        struct buf old = BUF_INIT(1 << 16);
        buf_move(&old, &c->p[i].g->context_bytes);
        last.epoch = UINT64_MAX;
        assert_ok(mls_group_set_context(c->p[i].g, &last));
        buf_clear(&old);
    }
    assert_err(mls_commit(c->p[0].g, &c->p[0].w, NULL, &out), mls_fail(MLS_EPOCHS_SPENT));
    person_say(&c->p[0], c->p[0].g, (struct mls_sender){MLS_SENDER_MEMBER, 0}, MLS_CONTENT_COMMIT,
               SPAN_ARRAY(empty), &c->message);
    refused(c, mls_fail(MLS_EPOCHS_SPENT));
}

/* -- what does not go together -- */

static void two_adds_of_one_client_become_one(void **state)
{
    struct scene *c = *state;
    struct person *x = &c->p[MEMBERS];

    assert_ok(mls_make_add(buf_span(&x->package), &c->body));
    propose(c, 2);
    person_new_package(x);
    assert_ok(mls_make_add(buf_span(&x->package), &c->body));
    propose(c, 3);
    commit_skips(c, 1, 1, mls_fail(MLS_ADDED_TWICE));
    assert_int_equal(mls_tree_members(mls_group_tree(c->p[1].g)), MEMBERS + 1);
}

static void a_member_is_added_only_when_it_is_removed(void **state)
{
    struct scene *c = *state;
    struct person again = c->p[4];
    struct buf fresh = BUF_INIT(1 << 20);

    again.package = fresh;
    again.g = NULL;
    assert_ok(mls_key_package_new(&c->p[4].w, suite, &c->p[4].client, SPAN_EMPTY, &again.keys,
                                  &again.package));
    assert_ok(mls_make_add(buf_span(&again.package), &c->body));
    propose(c, 2);
    commit_skips(c, 1, 1, mls_fail(MLS_ALREADY_MEMBER));
    assert_ok(mls_make_add(buf_span(&again.package), &c->body));
    propose(c, 2);
    assert_ok(mls_make_remove(4, &c->body));
    propose(c, 3);
    commit_skips(c, 1, 0, OK);
    assert_null(c->p[4].g);
    assert_int_equal(mls_tree_members(mls_group_tree(c->p[1].g)), MEMBERS);
    buf_clear(&again.package);
}

static void an_add_with_a_key_of_the_tree_is_left_out(void **state)
{
    struct scene *c = *state;
    struct person *x = &c->p[MEMBERS];
    struct mls_leaf_node content = mls_tree_leaf(&c->p[0].g->tree, 3)->node; /* its HPKE key */
    struct mls_leaf *leaf;
    static const uint8_t init[32] = {5};

    content.credential = x->client.credential;
    content.signature_key = x->signer.public_key;
    content.source = MLS_LEAF_KEY_PACKAGE;
    content.not_after = UINT64_MAX;
    assert_ok(mls_leaf_sign(&content, &x->signer, SPAN_EMPTY, 0, &leaf));
    buf_reset(&x->package);
    assert_ok(
        mls_key_package_sign(suite, SPAN_ARRAY(init), leaf, SPAN_EMPTY, &x->signer, &x->package));
    mls_leaf_unref(leaf);
    assert_ok(mls_make_add(buf_span(&x->package), &c->body));
    propose(c, 2);
    propose_update(c, 4); /* is taken */
    commit_skips(c, 1, 1, mls_fail(MLS_DUPLICATE_ENCRYPTION_KEY));
}

static void removes_go_before_updates_and_new_updates_before_old(void **state)
{
    struct scene *c = *state;
    struct mls_group *before = c->p[1].g;
    struct span newest;

    propose_update(c, 3);
    propose_update(c, 2);
    propose_update(c, 2);
    struct mls_listed last = mls_group_waiting_at(before, 2);
    struct buf key = BUF_INIT(1 << 10);
    assert_ok(buf_append(&key, last.proposal.update.encryption_key));
    assert_ok(mls_make_remove(3, &c->body));
    propose(c, 4);
    commit_skips(c, 1, 2, mls_fail(MLS_LEAF_CHANGED_TWICE));
    newest = mls_tree_leaf(&c->p[1].g->tree, 2)->node.encryption_key;
    assert_span_equal(newest, buf_span(&key));
    assert_null(c->p[3].g);
    buf_clear(&key);
}

static void ones_own_removal_and_update_wait_for_somebody_else(void **state)
{
    struct scene *c = *state;

    assert_ok(mls_make_remove(1, &c->body)); /* member 1 leaves */
    propose(c, 1);
    commit_skips(c, 1, 1, mls_fail(MLS_COMMITTER_REMOVED));
    propose_update(c, 1);
    commit_skips(c, 1, 1, mls_fail(MLS_UPDATE_BY_COMMITTER));
    assert_ok(mls_make_remove(1, &c->body));
    propose(c, 1);
    commit_skips(c, 2, 0, OK);
    assert_null(c->p[1].g);
}

static enum err one_key(void *ctx, const struct mls_psk_id *id, struct buf *out)
{
    (void)ctx;
    return span_eq(id->id, SPAN_LIT("known")) ? buf_append(out, SPAN_LIT("key")) : ERR_NOT_FOUND;
}

static void an_unknown_psk_is_left_out(void **state)
{
    struct scene *c = *state;

    for (size_t i = 0; i < MEMBERS; i++)
        c->p[i].w.psk = one_key;
    assert_ok(mls_make_psk_external(&c->p[2].w, suite, SPAN_LIT("lost"), &c->body));
    propose(c, 2);
    assert_ok(mls_make_psk_external(&c->p[2].w, suite, SPAN_LIT("known"), &c->body));
    propose(c, 2);
    commit_skips(c, 1, 1, mls_fail(MLS_PSK_UNKNOWN));
}

static void extensions_must_suit_all_and_adds_the_extensions(void **state)
{
    struct scene *c = *state;
    static const uint8_t foreign[] = {0xff, 1, 0}, need_credential[] = {0, 3, 5, 0, 0, 2, 0, 2};
    struct mls_capabilities less = mls_capabilities_default();
    struct person *x = &c->p[MEMBERS];

    assert_ok(mls_make_extensions(SPAN_ARRAY(foreign), &c->body)); /* which nobody lists */
    propose(c, 2);
    commit_skips(c, 1, 1, mls_fail(MLS_GROUP_EXTENSION_UNSUPPORTED));

    less.credentials = span_sub(less.credentials, 0, 2); /* basic, not x509 */
    x->client.capabilities = less;
    person_new_package(x);
    assert_ok(mls_make_add(buf_span(&x->package), &c->body));
    propose(c, 3);
    assert_ok(mls_make_extensions(SPAN_ARRAY(need_credential), &c->body));
    propose(c, 2);
    commit_skips(c, 1, 1, mls_fail(MLS_CAPABILITY_MISSING));
    assert_true(mls_group_context(c->p[1].g)->extensions.len > 0);

    assert_ok(mls_make_extensions(SPAN_EMPTY, &c->body));
    propose(c, 2);
    assert_ok(mls_make_extensions(SPAN_ARRAY(need_credential), &c->body));
    propose(c, 3);
    commit_skips(c, 1, 1, mls_fail(MLS_EXTENSIONS_TWICE));
    assert_int_equal(mls_group_context(c->p[1].g)->extensions.len, 0);
}

static void a_reinit_waits_until_it_is_alone(void **state)
{
    struct scene *c = *state;
    struct mls_reinit r = {SPAN_LIT("next"), MLS_VERSION_10, 3, SPAN_EMPTY};

    assert_ok(mls_make_reinit(&r, &c->body));
    propose(c, 2);
    propose_update(c, 3);
    commit_skips(c, 1, 1, mls_fail(MLS_REINIT_NOT_ALONE));
    assert_false(mls_group_suspended(c->p[1].g, NULL));
    assert_ok(mls_make_reinit(&r, &c->body));
    propose(c, 2);
    commit_skips(c, 1, 0, OK);
    assert_true(mls_group_suspended(c->p[1].g, NULL));
}

static void what_is_committed_by_value_goes_first(void **state)
{
    struct scene *c = *state;
    struct person *x = &c->p[MEMBERS];
    struct buf value = BUF_INIT(1 << 16);
    struct mls_commit_out out;

    assert_ok(mls_make_add(buf_span(&x->package), &c->body));
    propose(c, 2);
    person_new_package(x);
    assert_ok(mls_make_add(buf_span(&x->package), &value));
    assert_ok(mls_make_remove(4, &value));
    propose_update(c, 4);
    struct mls_commit_options o = {.proposals = buf_span(&value)};
    assert_ok(mls_commit(c->p[1].g, &c->p[1].w, &o, &out));
    assert_int_equal(out.skipped_count, 2);
    assert_int_equal(out.skipped[0].why, MLS_LEAF_CHANGED_TWICE);
    assert_int_equal(out.skipped[1].why, MLS_ADDED_TWICE);
    adopt_all(c, 1, &out);
    mls_commit_out_clear(&out);
    buf_clear(&value);
}

/* -- bounds -- */

/* A proposal of about `bytes`, of member `author`, to member 1 alone. */
static enum err flood(struct scene *c, size_t author, size_t bytes)
{
    struct mls_event e;
    struct writer w = writer_to(&c->body);
    static const uint8_t fill[1 << 16];

    buf_reset(&c->body);
    mls_write_extension(&w, 0xff00, span_of(fill, bytes));
    struct buf p = BUF_INIT(1 << 20);
    assert_ok(mls_make_extensions(buf_span(&c->body), &p));
    rng_fill(&c->p[author].rng, p.ptr + p.len - 4, 4); /* each its own */
    person_say(&c->p[author], c->p[author].g,
               (struct mls_sender){MLS_SENDER_MEMBER, (uint32_t)author}, MLS_CONTENT_PROPOSAL,
               buf_span(&p), &c->message);
    buf_clear(&p);
    enum err err = mls_receive(c->p[1].g, &c->p[1].w, buf_span(&c->message), &e);
    if (err == OK)
        mls_event_clear(&e);
    return err;
}

static void no_sender_fills_the_room_of_others(void **state)
{
    struct scene *c = *state;

    for (size_t i = 0; i < MLS_WAITING_SENDER_MAX; i++)
        assert_ok(flood(c, 0, 16));
    assert_int_equal(flood(c, 0, 16), ERR_FULL);
    refused(c, ERR_FULL);
    size_t kept = 0;
    while (kept < 100 && flood(c, 2, 60000) == OK)
        kept++;
    assert_int_equal(kept, MLS_WAITING_SENDER_BYTES_MAX / 60000); /* by bytes */
    assert_ok(flood(c, 3, 60000));

    struct mls_listed l = mls_group_waiting_at(c->p[1].g, 0);
    mls_group_forget(c->p[1].g, l.ref);
    assert_ok(flood(c, 0, 16));
    for (size_t i = 0; i < MEMBERS; i++)
        c->p[i].w.psk = one_key;
    struct mls_commit_out out; /* and committing is not hindered */
    assert_ok(mls_commit(c->p[1].g, &c->p[1].w, NULL, &out));
    assert_int_equal(out.skipped_count, mls_group_waiting(c->p[1].g));
    mls_commit_out_clear(&out);
}

/* Proposals of `bytes` wait from one sender after the other until there is no room for more. */
static size_t fill(struct scene *c, struct span proposal)
{
    uint8_t ref[MLS_HASH_MAX] = {0};
    size_t kept = 0;

    for (uint32_t sender = 0; sender < 32; sender++) {
        enum err err = OK;
        while (err == OK) {
            ref[0]++;
            ref[1] = (uint8_t)(ref[1] + (ref[0] == 0));
            err = mls_group_add_waiting(c->p[1].g, ref,
                                        (struct mls_sender){MLS_SENDER_MEMBER, sender}, proposal);
            kept += err == OK;
        }
        assert_int_equal(err, ERR_FULL);
    }
    mls_group_clear_waiting(c->p[1].g);
    return kept;
}

static void all_senders_together_are_bounded_too(void **state)
{
    static const uint8_t large[1 << 16];

    assert_int_equal(fill(*state, span_of(large, 8)), MLS_WAITING_MAX);
    assert_int_equal(fill(*state, SPAN_ARRAY(large)), MLS_WAITING_BYTES_MAX / sizeof large);
}

static void strangers_share_one_room(void **state)
{
    struct scene *c = *state;
    struct person *x = &c->p[MEMBERS];
    const struct mls_group_context *at = mls_group_context(c->p[0].g);
    struct mls_event e;
    enum err err = OK;
    size_t kept = 0;

    for (size_t i = 0; err == OK && i < 2 * MLS_WAITING_SENDER_MAX; i++, kept += err == OK) {
        person_new_signature_key(x); /* another stranger */
        person_new_package(x);
        buf_reset(&c->message);
        assert_ok(mls_propose_self(&x->w, suite, at->group_id, at->epoch, buf_span(&x->package),
                                   &c->message));
        err = mls_receive(c->p[1].g, &c->p[1].w, buf_span(&c->message), &e);
        if (err == OK)
            mls_event_clear(&e);
    }
    assert_int_equal(err, ERR_FULL);
    assert_int_equal(kept, MLS_WAITING_SENDER_MAX);
    propose_update(c, 2);
}

static void a_forgotten_proposal_cannot_be_followed_until_it_is_given_again(void **state)
{
    struct scene *c = *state;
    struct mls_commit_out out;
    struct mls_event e;
    struct mls_send public = {.public_message = true};

    assert_ok(mls_propose_update(c->p[2].g, &c->p[2].w, NULL, NULL, &public, &c->message));
    deliver(c, 2);
    assert_ok(mls_commit(c->p[0].g, &c->p[0].w, NULL, &out));
    struct mls_listed l = mls_group_waiting_at(c->p[1].g, 0);
    mls_group_forget(c->p[1].g, l.ref);
    assert_int_equal(mls_group_waiting(c->p[1].g), 0);
    mls_group_forget(c->p[2].g, l.ref); /* its author: the new key goes with it */
    assert_int_equal(c->p[2].g->own_update_count, 0);
    assert_int_equal(mls_receive(c->p[1].g, &c->p[1].w, buf_span(&out.commit), &e),
                     MLS_UNKNOWN_REFERENCE);
    assert_ok(mls_receive(c->p[1].g, &c->p[1].w, buf_span(&c->message), &e));
    mls_event_clear(&e);
    person_follow(&c->p[1], buf_span(&out.commit));
    mls_commit_out_clear(&out);
}

/* -- whatever waits -- */

struct tally {
    size_t by_reference;
};

static enum err count_references(void *ctx, const struct mls_commit_view *v)
{
    struct tally *t = ctx;

    t->by_reference = 0;
    for (size_t i = 0; i < v->proposal_count; i++)
        t->by_reference += v->proposals[i].by_reference;
    return OK;
}

static void say_something(struct scene *c, struct rng *rng)
{
    static const uint8_t foreign[] = {0xff, 1, 0}, need_credential[] = {0, 3, 5, 0, 0, 2, 0, 2};
    size_t author = rng_below(rng, MEMBERS);
    struct person *who = &c->p[rng_below(rng, MEMBERS + 2)];
    struct mls_reinit r = {SPAN_LIT("next"), MLS_VERSION_10, 3, SPAN_EMPTY};
    struct buf package = BUF_INIT(1 << 16);

    buf_reset(&c->body);
    switch (rng_below(rng, 8)) {
    case 0:
    case 1: /* anybody, member or not, with a fresh package */
        assert_ok(
            mls_key_package_new(&who->w, suite, &who->client, SPAN_EMPTY, &who->keys, &package));
        assert_ok(mls_make_add(buf_span(&package), &c->body));
        break;
    case 2:
        assert_ok(mls_make_remove((uint32_t)rng_below(rng, MEMBERS), &c->body));
        break;
    case 3:
        assert_ok(mls_make_psk_external(
            &who->w, suite, rng_below(rng, 2) ? SPAN_LIT("known") : SPAN_LIT("lost"), &c->body));
        break;
    case 4:
        assert_ok(mls_make_extensions(
            rng_below(rng, 2) ? SPAN_ARRAY(foreign) : SPAN_ARRAY(need_credential), &c->body));
        break;
    case 5:
        if (rng_below(rng, 4) == 0) {
            assert_ok(mls_make_reinit(&r, &c->body));
            break;
        } /* fall through */
    default:
        propose_update(c, author);
    }
    if (c->body.len > 0)
        propose(c, author);
    buf_clear(&package);
}

static void whatever_waits_a_commit_is_made_and_followed(void **state)
{
    struct scene *c = *state;
    struct rng *rng = &c->p[MEMBERS].rng;
    struct tally tally = {0};
    size_t taken = 0, skipped = 0;

    for (size_t i = 0; i < MEMBERS; i++)
        c->p[i].w.psk = one_key;
    for (size_t round = 0; round < 150; round++) {
        struct mls_commit_out out;
        size_t author = rng_below(rng, MEMBERS);
        for (size_t i = rng_below(rng, 14); i > 0; i--)
            say_something(c, rng);
        size_t waiting = mls_group_waiting(c->p[author].g);
        struct mls_commit_options o = {.waiting_max = rng_below(rng, 6)}; /* 0: all */
        c->p[author].w.ctx = &tally;
        c->p[author].w.commit = count_references;
        assert_ok(mls_commit(c->p[author].g, &c->p[author].w, &o, &out));
        c->p[author].w.commit = NULL;
        assert_true(o.waiting_max == 0 || tally.by_reference <= o.waiting_max);
        assert_int_equal(tally.by_reference + out.skipped_count, waiting);
        taken += tally.by_reference;
        skipped += out.skipped_count;
        /* nothing taken although an Update fits: then the selection was not sound */
        bool update = false;
        for (size_t i = 0; i < waiting; i++) {
            struct mls_listed l = mls_group_waiting_at(c->p[author].g, i);
            update |= l.proposal.type == MLS_PROPOSAL_UPDATE && l.sender.index != author;
        }
        assert_true(!update || o.waiting_max > 0 || tally.by_reference > 0);
        for (size_t i = 0; i < MEMBERS; i++) {
            struct mls_event e;
            if (i == author)
                continue;
            assert_ok(mls_receive(c->p[i].g, &c->p[i].w, buf_span(&out.commit), &e));
            if (e.kind == MLS_EVENT_COMMIT)
                assert_span_equal(mls_group_epoch_authenticator(e.next),
                                  mls_group_epoch_authenticator(out.next));
            mls_event_clear(&e);
        }
        mls_commit_out_clear(&out);
        for (size_t i = 0; i < MEMBERS; i++) { /* the next round begins with a new group */
            mls_group_free(c->p[i].g);
            c->p[i].g = NULL;
            person_new_package(&c->p[i]);
        }
        begin(c, SPAN_EMPTY);
    }
    assert_true(taken > 300 && skipped > 100);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_strangers_unfit_add_never_waits),
        CASE(an_unfit_proposal_of_any_kind_never_waits),
        CASE(nobody_proposes_what_others_would_refuse),
        CASE(the_application_judges_proposals),
        CASE(a_commit_hook_cannot_block_the_group),
        cmocka_unit_test_setup_teardown(external_senders_are_shown_to_the_application, setup_alone,
                                        teardown),
        CASE(a_private_group_takes_and_sends_nothing_public),
        CASE(a_joiner_learns_who_let_it_in),
        CASE(no_clock_parts_the_members),
        CASE(the_last_epoch_is_the_last),
        CASE(two_adds_of_one_client_become_one),
        CASE(a_member_is_added_only_when_it_is_removed),
        CASE(an_add_with_a_key_of_the_tree_is_left_out),
        CASE(removes_go_before_updates_and_new_updates_before_old),
        CASE(ones_own_removal_and_update_wait_for_somebody_else),
        CASE(an_unknown_psk_is_left_out),
        CASE(extensions_must_suit_all_and_adds_the_extensions),
        CASE(a_reinit_waits_until_it_is_alone),
        CASE(what_is_committed_by_value_goes_first),
        CASE(no_sender_fills_the_room_of_others),
        CASE(all_senders_together_are_bounded_too),
        CASE(strangers_share_one_room),
        CASE(a_forgotten_proposal_cannot_be_followed_until_it_is_given_again),
        CASE(whatever_waits_a_commit_is_made_and_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
