/* Whatever is wrong with a message is refused with the error of its rule, and leaves the state bit
 * for bit as it was. */
#include "tests/lib/mls_people.h"

#define MEMBERS 5u

struct scene {
    struct person p[MEMBERS + 2]; /* the last two are outside */
    struct buf before, after, message;
};

static struct person *alice(struct scene *c)
{
    return &c->p[0];
}
static struct person *bob(struct scene *c)
{
    return &c->p[1];
}
static struct person *carol(struct scene *c)
{
    return &c->p[2];
}
static struct person *outsider(struct scene *c)
{
    return &c->p[MEMBERS];
}

static void adopt_all(struct scene *c, struct person *author, struct mls_commit_out *out)
{
    for (size_t i = 0; i < MEMBERS; i++)
        if (&c->p[i] != author && c->p[i].g != NULL)
            person_follow(&c->p[i], buf_span(&out->commit));
    person_adopt(author, out->next);
    out->next = NULL;
}

/* Five members, all of whom have committed once, so that the tree is full. */
static int setup(void **state)
{
    struct scene *c = calloc(1, sizeof *c);
    struct mls_commit_options o = {0};
    struct mls_commit_out out;
    struct buf list = BUF_INIT(1 << 20);

    assert_non_null(c);
    c->before = c->after = c->message = BUF_INIT(1 << 24);
    for (uint32_t i = 0; i < MEMBERS + 2; i++)
        person_init(&c->p[i], mls_suite(3), i + 1);
    assert_ok(mls_group_new(&alice(c)->w, mls_suite(3), &alice(c)->client, SPAN_LIT("group"),
                            SPAN_EMPTY, &alice(c)->g));
    for (size_t i = 1; i < MEMBERS; i++)
        assert_ok(mls_make_add(buf_span(&c->p[i].package), &list));
    o.proposals = buf_span(&list);
    assert_ok(mls_commit(alice(c)->g, &alice(c)->w, &o, &out));
    adopt_all(c, alice(c), &out);
    for (size_t i = 1; i < MEMBERS; i++)
        person_join(&c->p[i], buf_span(&out.welcome));
    mls_commit_out_clear(&out);
    for (size_t i = 1; i < MEMBERS; i++) {
        assert_ok(mls_commit(c->p[i].g, &c->p[i].w, NULL, &out));
        adopt_all(c, &c->p[i], &out);
        mls_commit_out_clear(&out);
    }
    buf_clear(&list);
    *state = c;
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
    free(c);
    return 0;
}

/* Bob takes `message`: the error is this one, and nothing changed. */
static void refused(struct scene *c, struct span message, enum mls_error wanted)
{
    struct mls_event e;

    person_bytes(bob(c)->g, &c->before);
    enum err err = mls_receive(bob(c)->g, &bob(c)->w, message, &e);
    if ((int)err != (int)wanted)
        print_error("%s\n", mls_err_name(err));
    assert_int_equal(err, wanted);
    person_bytes(bob(c)->g, &c->after);
    assert_span_equal(buf_span(&c->after), buf_span(&c->before));
}

static struct span speak(struct scene *c, struct person *from)
{
    buf_reset(&c->message);
    assert_ok(mls_encrypt(from->g, &from->w, SPAN_LIT("words"), NULL, &c->message));
    return buf_span(&c->message);
}

/* -- framing -- */

static void every_changed_bit_of_a_message_is_noticed(void **state)
{
    struct scene *c = *state;
    struct span m = speak(c, alice(c));
    struct mls_event e;

    person_bytes(bob(c)->g, &c->before);
    for (size_t i = 0; i < m.len; i++) {
        c->message.ptr[i] ^= 0x10;
        assert_int_not_equal(mls_receive(bob(c)->g, &bob(c)->w, m, &e), OK);
        c->message.ptr[i] ^= 0x10;
    }
    person_bytes(bob(c)->g, &c->after);
    assert_span_equal(buf_span(&c->after), buf_span(&c->before));
    assert_ok(mls_receive(bob(c)->g, &bob(c)->w, m, &e));
    mls_event_clear(&e);
}

static void truncated_and_lengthened_messages_are_malformed(void **state)
{
    struct scene *c = *state;
    struct span m = speak(c, alice(c));

    for (size_t n = 0; n < m.len; n++) {
        struct mls_event e;
        assert_int_not_equal(mls_receive(bob(c)->g, &bob(c)->w, span_sub(m, 0, n), &e), OK);
    }
    refused(c, span_sub(m, 0, m.len - 1), MLS_MALFORMED);
    assert_ok(buf_append(&c->message, SPAN_LIT("x")));
    refused(c, buf_span(&c->message), MLS_MALFORMED);
}

static void a_message_opens_once(void **state)
{
    struct scene *c = *state;
    struct span m = speak(c, alice(c));
    struct mls_event e;

    assert_ok(mls_receive(bob(c)->g, &bob(c)->w, m, &e));
    mls_event_clear(&e);
    refused(c, m, MLS_KEY_CONSUMED);
}

static void late_messages_open_but_only_within_bounds(void **state)
{
    struct scene *c = *state;
    struct buf first = BUF_INIT(1 << 16);
    struct mls_event e;

    assert_ok(buf_append(&first, speak(c, alice(c))));
    for (size_t i = 0; i < MLS_SKIP_MAX; i++)
        speak(c, alice(c));
    refused(c, speak(c, alice(c)), MLS_TOO_FAR_AHEAD); /* 1,001 skipped */
    assert_ok(mls_receive(bob(c)->g, &bob(c)->w, buf_span(&first), &e));
    mls_event_clear(&e);
    assert_ok(mls_receive(bob(c)->g, &bob(c)->w, buf_span(&c->message), &e)); /* now 1,000 */
    mls_event_clear(&e);
    buf_clear(&first);
}

static void own_messages_are_known(void **state)
{
    struct scene *c = *state;
    refused(c, speak(c, bob(c)), MLS_OWN_MESSAGE);
}

static void another_group_or_epoch_is_told(void **state)
{
    struct scene *c = *state;
    struct mls_group *other;
    struct mls_commit_out out;

    assert_ok(mls_group_new(&outsider(c)->w, mls_suite(3), &outsider(c)->client, SPAN_LIT("other"),
                            SPAN_EMPTY, &other));
    assert_ok(mls_encrypt(other, &outsider(c)->w, SPAN_LIT("x"), NULL, &c->message));
    refused(c, buf_span(&c->message), MLS_WRONG_GROUP);
    mls_group_free(other);
    assert_ok(mls_commit(alice(c)->g, &alice(c)->w, NULL, &out));
    person_adopt(alice(c), out.next);
    out.next = NULL;
    refused(c, speak(c, alice(c)), MLS_WRONG_EPOCH);
    mls_commit_out_clear(&out);
}

static void oversize_is_refused_before_it_is_read(void **state)
{
    struct scene *c = *state;
    uint8_t byte = 0;
    refused(c, span_of(&byte, (size_t)MLS_MESSAGE_BYTES_MAX + 1), MLS_TOO_LARGE);
}

static void other_wire_formats_are_out_of_place(void **state)
{
    struct scene *c = *state;
    struct buf info = BUF_INIT(1 << 20);

    assert_ok(mls_group_info(alice(c)->g, &alice(c)->w, true, true, &info));
    refused(c, buf_span(&info), MLS_WRONG_WIRE_FORMAT);
    info.ptr[1] = 9;
    refused(c, buf_span(&info), MLS_WRONG_VERSION);
    buf_clear(&info);
}

static enum err sign_badly(void *ctx, struct span message, uint8_t *sig, size_t *sig_len)
{
    enum err err = person_sign(ctx, message, sig, sig_len);
    sig[3] ^= 1;
    return err;
}

static void a_wrong_signature_is_refused_in_both_framings(void **state)
{
    struct scene *c = *state;
    struct mls_send public = {.public_message = true};
    struct buf list = BUF_INIT(1 << 10);

    assert_ok(mls_make_remove(4, &list));
    alice(c)->signer.sign = sign_badly;
    refused(c, speak(c, alice(c)), MLS_BAD_SIGNATURE);
    buf_reset(&c->message);
    assert_ok(mls_propose(alice(c)->g, &alice(c)->w, buf_span(&list), &public, &c->message));
    refused(c, buf_span(&c->message), MLS_BAD_SIGNATURE);
    buf_clear(&list);
}

static void a_public_message_needs_the_membership_tag(void **state)
{
    struct scene *c = *state;
    struct mls_send public = {.public_message = true};
    struct buf list = BUF_INIT(1 << 10);

    assert_ok(mls_make_remove(4, &list));
    assert_ok(mls_propose(alice(c)->g, &alice(c)->w, buf_span(&list), &public, &c->message));
    c->message.ptr[c->message.len - 1] ^= 1;
    refused(c, buf_span(&c->message), MLS_BAD_MEMBERSHIP_TAG);
    buf_clear(&list);
}

/* -- proposal lists: a careless or malicious committer, made of our own pieces -- */

/* Alice commits `list` without judging it: the change is pushed past her own checks. */
static void commit_unchecked(struct scene *c, struct span list, struct buf *out)
{
    struct person *a = alice(c);
    struct mls_group *g = a->g;
    struct buf body = BUF_INIT(1 << 20), framed = BUF_INIT(1 << 20);
    struct writer b = writer_to(&body), f = writer_to(&framed);
    struct reader in = reader_of(list);
    struct mls_proposal p;
    uint8_t sig[MLS_SIGNATURE_MAX], tag[MLS_HASH_MAX] = {0};
    size_t sig_len;

    size_t mark = mls_vector_begin(&b);
    while (mls_read_more(&in)) {
        mls_read_proposal(&in, &p);
        write_u8(&b, 1);
        write_bytes(&b, p.encoded);
    }
    mls_vector_end(&b, mark);
    write_u8(&b, 0);
    struct mls_framed_content content = {.group_id = g->context.group_id,
                                         .epoch = g->context.epoch,
                                         .sender = {MLS_SENDER_MEMBER, g->own},
                                         .content_type = MLS_CONTENT_COMMIT,
                                         .body = buf_span(&body)};
    mls_write_framed_content(&f, &content);
    content.encoded = buf_span(&framed);
    assert_ok(mls_content_sign(&a->signer, MLS_WIRE_PUBLIC_MESSAGE, content.encoded,
                               buf_span(&g->context_bytes), sig, &sig_len));
    struct mls_content_auth auth = {span_of(sig, sig_len), span_of(tag, g->suite->hash->bytes)};
    buf_reset(out);
    assert_ok(mls_public_protect(g->suite, &g->membership_key, &content, &auth,
                                 buf_span(&g->context_bytes), out));
    buf_clear(&body);
    buf_clear(&framed);
}

static void list_refused(struct scene *c, struct buf *list, enum mls_error wanted)
{
    commit_unchecked(c, buf_span(list), &c->message);
    refused(c, buf_span(&c->message), wanted);
    buf_reset(list);
}

static void invalid_lists_have_their_own_errors(void **state)
{
    struct scene *c = *state;
    struct buf list = BUF_INIT(1 << 20);
    struct mls_reinit reinit = {SPAN_LIT("next"), MLS_VERSION_10, 3, SPAN_EMPTY};

    list_refused(c, &list, MLS_PATH_MISSING); /* an empty commit needs a path */
    assert_ok(mls_make_remove(0, &list));
    list_refused(c, &list, MLS_COMMITTER_REMOVED);
    assert_ok(mls_make_remove(7, &list));
    list_refused(c, &list, MLS_REMOVE_BLANK);
    assert_ok(mls_make_remove(3, &list));
    assert_ok(mls_make_remove(3, &list));
    list_refused(c, &list, MLS_LEAF_CHANGED_TWICE);
    assert_ok(mls_make_remove(3, &list));
    list_refused(c, &list, MLS_PATH_MISSING);
    assert_ok(mls_make_add(buf_span(&outsider(c)->package), &list));
    assert_ok(mls_make_add(buf_span(&outsider(c)->package), &list));
    list_refused(c, &list, MLS_ADDED_TWICE);
    assert_ok(mls_make_add(buf_span(&carol(c)->package), &list));
    list_refused(c, &list, MLS_ALREADY_MEMBER);
    assert_ok(mls_make_extensions(SPAN_EMPTY, &list));
    assert_ok(mls_make_extensions(SPAN_EMPTY, &list));
    list_refused(c, &list, MLS_EXTENSIONS_TWICE);
    assert_ok(mls_make_reinit(&reinit, &list));
    assert_ok(mls_make_remove(3, &list));
    list_refused(c, &list, MLS_REINIT_NOT_ALONE);
    reinit.version = 0;
    assert_ok(mls_make_reinit(&reinit, &list));
    list_refused(c, &list, MLS_REINIT_DOWNGRADE);
    assert_ok(mls_make_psk_external(&alice(c)->w, mls_suite(3), SPAN_LIT("nobody's"), &list));
    list_refused(c, &list, MLS_PSK_UNKNOWN);
    assert_ok(mls_make_psk_external(&alice(c)->w, mls_suite(3), SPAN_LIT("x"), &list));
    struct buf twice = BUF_INIT(1 << 10);
    assert_ok(buf_append(&twice, buf_span(&list)));
    assert_ok(buf_append(&list, buf_span(&twice)));
    list_refused(c, &list, MLS_PSK_TWICE);
    buf_clear(&twice);
    assert_ok(mls_make_psk_resumption(&alice(c)->w, mls_suite(3), SPAN_LIT("group"), 1,
                                      MLS_PSK_REINIT, &list));
    list_refused(c, &list, MLS_PSK_MISPLACED);
    assert_ok(mls_make_psk_external(&alice(c)->w, mls_suite(7), SPAN_LIT("x"), &list));
    list_refused(c, &list, MLS_PSK_NONCE_LENGTH);
    static const uint8_t external_init[] = {0, 6, 1, 0}, unknown[] = {0x0a, 0x0a, 0};
    assert_ok(buf_append(&list, SPAN_ARRAY(external_init)));
    list_refused(c, &list, MLS_EXTERNAL_INIT_MISPLACED);
    assert_ok(buf_append(&list, SPAN_ARRAY(unknown)));
    list_refused(c, &list, MLS_PROPOSAL_UNSUPPORTED);
    assert_ok(mls_make_add(buf_span(&outsider(c)->package), &list));
    list_refused(c, &list, MLS_BAD_CONFIRMATION); /* a valid list; the tag is made up */
    buf_clear(&list);
}

static void an_unknown_reference_is_refused(void **state)
{
    struct scene *c = *state;
    struct mls_send public = {.public_message = true};
    struct mls_commit_options o = {.send.public_message = true};
    struct mls_commit_out out;
    struct buf list = BUF_INIT(1 << 10);

    assert_ok(mls_make_remove(4, &list));
    assert_ok(mls_propose(alice(c)->g, &alice(c)->w, buf_span(&list), &public, &c->message));
    assert_ok(mls_commit(alice(c)->g, &alice(c)->w, &o, &out)); /* Bob never saw the proposal */
    refused(c, buf_span(&out.commit), MLS_UNKNOWN_REFERENCE);
    mls_commit_out_clear(&out);
    buf_clear(&list);
}

static void data_waits_while_proposals_wait(void **state)
{
    struct scene *c = *state;
    struct buf list = BUF_INIT(1 << 10);
    struct mls_send despite = {.despite_waiting = true};

    assert_ok(mls_make_remove(4, &list));
    assert_ok(mls_propose(alice(c)->g, &alice(c)->w, buf_span(&list), NULL, &c->message));
    assert_err(mls_encrypt(alice(c)->g, &alice(c)->w, SPAN_LIT("x"), NULL, &c->message),
               mls_fail(MLS_PENDING_PROPOSALS));
    assert_ok(mls_encrypt(alice(c)->g, &alice(c)->w, SPAN_LIT("x"), &despite, &c->message));
    buf_clear(&list);
}

/* -- key packages and leaves -- */

static void package_refused(struct scene *c, struct person *p, enum mls_error wanted)
{
    struct buf list = BUF_INIT(1 << 20);
    struct mls_commit_options o = {0};
    struct mls_commit_out out;

    assert_ok(mls_make_add(buf_span(&p->package), &list));
    o.proposals = buf_span(&list);
    person_bytes(alice(c)->g, &c->before);
    enum err err = mls_commit(alice(c)->g, &alice(c)->w, &o, &out);
    if ((int)err != (int)wanted)
        print_error("%s\n", mls_err_name(err));
    assert_int_equal(err, wanted);
    person_bytes(alice(c)->g, &c->after);
    assert_span_equal(buf_span(&c->after), buf_span(&c->before));
    buf_clear(&list);
}

static void odd_key_packages_have_their_own_errors(void **state)
{
    struct scene *c = *state;
    struct person *p = outsider(c);
    static const uint8_t none[] = {0, 9}, one[] = {0, 1}, three[] = {0, 3};
    static const uint8_t extension[] = {0xff, 1, 0};
    struct mls_capabilities all = mls_capabilities_default();

    p->client.capabilities = all;
    p->client.capabilities.versions = SPAN_ARRAY(none);
    person_new_package(p);
    package_refused(c, p, MLS_VERSION_NOT_LISTED);
    p->client.capabilities = all;
    p->client.capabilities.cipher_suites = SPAN_ARRAY(one);
    person_new_package(p);
    package_refused(c, p, MLS_SUITE_NOT_LISTED);
    p->client.capabilities = all;
    p->client.capabilities.credentials = SPAN_ARRAY(three);
    person_new_package(p);
    package_refused(c, p, MLS_CREDENTIAL_NOT_LISTED);
    p->client.capabilities = all;
    p->client.extensions = SPAN_ARRAY(extension);
    person_new_package(p);
    package_refused(c, p, MLS_EXTENSION_NOT_LISTED);
    p->client.extensions = SPAN_EMPTY;
    p->client.credential = (struct mls_credential){MLS_CREDENTIAL_X509, SPAN_EMPTY};
    person_new_package(p);
    package_refused(c, p, MLS_CERTIFICATE_KEY_DIFFERS);
    p->client.credential = (struct mls_credential){3, SPAN_LIT("new kind")};
    p->client.capabilities.credentials = SPAN_ARRAY(three);
    person_new_package(p);
    package_refused(c, p, MLS_CREDENTIAL_UNSUPPORTED);
    p->client.credential = (struct mls_credential){MLS_CREDENTIAL_BASIC, SPAN_LIT("p")};
    p->client.capabilities = all;

    p->client.not_before = 1000;
    p->client.not_after = 2000;
    person_new_package(p);
    alice(c)->w.now_s = 999;
    package_refused(c, p, MLS_LEAF_EXPIRED);
    alice(c)->w.now_s = 2001;
    package_refused(c, p, MLS_LEAF_EXPIRED);
    alice(c)->w.now_s = 1500;
    alice(c)->w.lifetime_max_s = 999;
    package_refused(c, p, MLS_LIFETIME_TOO_LONG);
    alice(c)->w.lifetime_max_s = 0;
    p->s = mls_suite(1);
    person_new_package(p);
    package_refused(c, p, MLS_KEY_PACKAGE_MISMATCH);
    p->s = mls_suite(3);
    person_new_package(p);
    p->package.ptr[p->package.len - 1] ^= 1;
    package_refused(c, p, MLS_BAD_KEY_PACKAGE_SIGNATURE);
    p->signer.sign = sign_badly;
    person_new_package(p);
    package_refused(c, p, MLS_BAD_LEAF_SIGNATURE);
}

static enum err no(void *ctx, const struct mls_claim *claim)
{
    (void)ctx, (void)claim;
    return ERR_REFUSED;
}

static enum err no_commit(void *ctx, const struct mls_commit_view *v)
{
    (void)ctx;
    return v->proposal_count == 0 ? ERR_REFUSED : OK;
}

static void the_application_has_the_last_word(void **state)
{
    struct scene *c = *state;
    struct mls_commit_out out;

    assert_ok(mls_commit(alice(c)->g, &alice(c)->w, NULL, &out));
    bob(c)->w.credential = no;
    refused(c, buf_span(&out.commit), MLS_CREDENTIAL_REJECTED);
    bob(c)->w.credential = NULL;
    bob(c)->w.commit = no_commit;
    refused(c, buf_span(&out.commit), MLS_COMMIT_REJECTED);
    mls_commit_out_clear(&out);
    alice(c)->w.credential = no;
    package_refused(c, outsider(c), MLS_CREDENTIAL_REJECTED);
}

/* -- welcome and group info -- */

static void welcomes_are_judged(void **state)
{
    struct scene *c = *state;
    struct buf list = BUF_INIT(1 << 20);
    struct mls_commit_options o = {.tree_apart = true};
    struct mls_commit_out out;
    struct mls_group *g;

    assert_ok(mls_make_add(buf_span(&outsider(c)->package), &list));
    o.proposals = buf_span(&list);
    assert_ok(mls_commit(alice(c)->g, &alice(c)->w, &o, &out));
    struct mls_join j = {.welcome = buf_span(&out.welcome),
                         .key_package = buf_span(&outsider(c)->package),
                         .keys = &outsider(c)->keys};
    assert_true(mls_welcome_is_for(j.welcome, j.key_package));
    assert_err(mls_group_join(&outsider(c)->w, &j, &g), mls_fail(MLS_NO_TREE));
    struct buf tree = BUF_INIT(1 << 20);
    assert_ok(mls_group_write_tree(alice(c)->g, &tree)); /* of the epoch before */
    j.ratchet_tree = buf_span(&tree);
    assert_err(mls_group_join(&outsider(c)->w, &j, &g), mls_fail(MLS_BAD_TREE_HASH));
    buf_reset(&tree);
    assert_ok(mls_group_write_tree(out.next, &tree));
    assert_ok(buf_append(&tree, SPAN_LIT("\0")));
    j.ratchet_tree = buf_span(&tree);
    assert_err(mls_group_join(&outsider(c)->w, &j, &g), mls_fail(MLS_TREE_TRAILING_BLANK));
    buf_truncate(&tree, tree.len - 1);
    j.ratchet_tree = buf_span(&tree);
    struct mls_package_keys swapped = outsider(c)->keys;
    memcpy(swapped.leaf, outsider(c)->keys.init, sizeof swapped.leaf);
    j.keys = &swapped;
    assert_err(mls_group_join(&outsider(c)->w, &j, &g), mls_fail(MLS_PRIVATE_KEY_MISMATCH));
    memcpy(swapped.init, outsider(c)->keys.leaf, sizeof swapped.init);
    assert_err(mls_group_join(&outsider(c)->w, &j, &g), mls_fail(MLS_BAD_GROUP_SECRETS));
    j.keys = &outsider(c)->keys;
    j.key_package = buf_span(&c->p[MEMBERS + 1].package);
    assert_err(mls_group_join(&outsider(c)->w, &j, &g), mls_fail(MLS_NOT_FOR_US));
    assert_false(mls_welcome_is_for(j.welcome, j.key_package));
    j.key_package = buf_span(&outsider(c)->package);
    out.welcome.ptr[out.welcome.len - 1] ^= 1; /* the group info is what the secrets are bound to */
    assert_err(mls_group_join(&outsider(c)->w, &j, &g), mls_fail(MLS_BAD_GROUP_SECRETS));
    out.welcome.ptr[out.welcome.len - 1] ^= 1;
    assert_ok(mls_group_join(&outsider(c)->w, &j, &g));
    mls_group_free(g);
    mls_commit_out_clear(&out);
    buf_clear(&tree);
    buf_clear(&list);
}

static void group_infos_are_judged(void **state)
{
    struct scene *c = *state;
    struct buf info = BUF_INIT(1 << 20), commit = BUF_INIT(1 << 20);
    struct mls_external_join j = {.client = &outsider(c)->client};
    struct mls_group *g;

    assert_ok(mls_group_info(alice(c)->g, &alice(c)->w, true, false, &info));
    j.group_info = buf_span(&info);
    assert_err(mls_group_join_external(&outsider(c)->w, &j, &commit, &g),
               mls_fail(MLS_NO_EXTERNAL_PUB));
    buf_reset(&info);
    assert_ok(mls_group_info(alice(c)->g, &alice(c)->w, true, true, &info));
    info.ptr[info.len - 1] ^= 1;
    j.group_info = buf_span(&info);
    assert_err(mls_group_join_external(&outsider(c)->w, &j, &commit, &g),
               mls_fail(MLS_BAD_GROUP_INFO_SIGNATURE));
    info.ptr[info.len - 1] ^= 1;
    j.resync = true;
    j.old_leaf = 6;
    assert_err(mls_group_join_external(&outsider(c)->w, &j, &commit, &g),
               mls_fail(MLS_REMOVE_BLANK));
    j.resync = false;
    assert_ok(mls_group_join_external(&outsider(c)->w, &j, &commit, &g));
    commit.ptr[commit.len - 3] ^= 1; /* the confirmation tag: nothing signs it */
    refused(c, buf_span(&commit), MLS_BAD_CONFIRMATION);
    commit.ptr[commit.len - 3] ^= 1;
    assert_true(person_follow(bob(c), buf_span(&commit)));
    assert_span_equal(mls_group_epoch_authenticator(bob(c)->g), mls_group_epoch_authenticator(g));
    mls_group_free(g);
    buf_clear(&info);
    buf_clear(&commit);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_changed_bit_of_a_message_is_noticed),
        CASE(truncated_and_lengthened_messages_are_malformed),
        CASE(a_message_opens_once),
        CASE(late_messages_open_but_only_within_bounds),
        CASE(own_messages_are_known),
        CASE(another_group_or_epoch_is_told),
        CASE(oversize_is_refused_before_it_is_read),
        CASE(other_wire_formats_are_out_of_place),
        CASE(a_wrong_signature_is_refused_in_both_framings),
        CASE(a_public_message_needs_the_membership_tag),
        CASE(invalid_lists_have_their_own_errors),
        CASE(an_unknown_reference_is_refused),
        CASE(data_waits_while_proposals_wait),
        CASE(odd_key_packages_have_their_own_errors),
        CASE(the_application_has_the_last_word),
        CASE(welcomes_are_judged),
        CASE(group_infos_are_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
