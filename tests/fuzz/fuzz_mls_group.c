/* Messages in a live group of four. The fuzz bytes are a whole message, or a proposal, commit or
 * text that a member signs and protects properly, or an Add that a stranger signs, so that they get
 * past the signatures. Whatever is refused leaves the state as it was; whatever waits, the group
 * can commit. First byte: which. */
#include "tests/lib/mls_people.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define MEMBERS 4u

static struct person *people;
static struct buf before, after;

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void begin(void)
{
    struct buf list = BUF_INIT(1 << 20);
    struct mls_commit_options o = {.with_path = true};
    struct mls_commit_out out;

    before = after = BUF_INIT(1 << 24);
    people = calloc(MEMBERS, sizeof *people);
    must(people != NULL);
    for (uint32_t i = 0; i < MEMBERS; i++)
        person_init(&people[i], mls_suite(3), i + 1);
    must(mls_group_new(&people[0].w, mls_suite(3), &people[0].client, SPAN_LIT("fuzz"), SPAN_EMPTY,
                       &people[0].g) == OK);
    for (size_t i = 1; i < MEMBERS; i++)
        must(mls_make_add(buf_span(&people[i].package), &list) == OK);
    o.proposals = buf_span(&list);
    must(mls_commit(people[0].g, &people[0].w, &o, &out) == OK);
    person_adopt(&people[0], out.next);
    out.next = NULL;
    for (size_t i = 1; i < MEMBERS; i++)
        person_join(&people[i], buf_span(&out.welcome));
    mls_commit_out_clear(&out);
    buf_clear(&list);
}

/* Member 0 says `body`, signed and protected, with a made-up confirmation tag. */
static enum err say(struct span body, uint8_t content_type, bool public, struct buf *out)
{
    struct person *p = &people[0];
    struct mls_group *g = p->g;
    uint16_t format = public ? MLS_WIRE_PUBLIC_MESSAGE : MLS_WIRE_PRIVATE_MESSAGE;
    struct buf framed = BUF_INIT(1 << 24);
    struct writer w = writer_to(&framed);
    uint8_t sig[MLS_SIGNATURE_MAX], tag[MLS_HASH_MAX] = {0};
    size_t sig_len;
    struct mls_framed_content c = {.group_id = g->context.group_id,
                                   .epoch = g->context.epoch,
                                   .sender = {MLS_SENDER_MEMBER, g->own},
                                   .content_type = content_type,
                                   .body = body};
    struct mls_secret_tree secrets;

    mls_write_framed_content(&w, &c);
    c.encoded = buf_span(&framed);
    must(mls_content_sign(&p->signer, format, c.encoded, buf_span(&g->context_bytes), sig,
                          &sig_len) == OK);
    struct mls_content_auth auth = {span_of(sig, sig_len), span_of(tag, g->suite->hash->bytes)};
    must(mls_secret_tree_copy(&g->secrets, &secrets) == OK);
    enum err err = public
                       ? mls_public_protect(g->suite, &g->membership_key, &c, &auth,
                                            buf_span(&g->context_bytes), out)
                       : mls_private_protect(&secrets, &g->sender_data, &c, &auth, 3, &p->rng, out);
    mls_secret_tree_clear(&secrets);
    buf_clear(&framed);
    return err;
}

/* Member 1, in a fork, takes it. */
static void take(struct span message)
{
    struct mls_group *g;
    struct mls_event e;

    must(mls_group_fork(people[1].g, &g) == OK);
    person_bytes(g, &before);
    if (mls_receive(g, &people[1].w, message, &e) == OK) {
        struct mls_commit_out out;
        if (e.kind == MLS_EVENT_PROPOSAL) {
            must(mls_commit(g, &people[1].w, NULL, &out) == OK);
            mls_commit_out_clear(&out);
        }
        mls_event_clear(&e);
    } else {
        person_bytes(g, &after);
        must(span_eq(buf_span(&before), buf_span(&after)));
    }
    mls_group_free(g);
}

/* A stranger proposes to add whoever is in the key package. */
static void take_from_outside(struct span package)
{
    const struct mls_group_context *at = mls_group_context(people[1].g);
    struct buf message = BUF_INIT(1 << 24);

    if (mls_propose_self(&people[0].w, people[0].s, at->group_id, at->epoch, package, &message) ==
        OK)
        take(buf_span(&message));
    buf_clear(&message);
}

static void join(struct span in, bool external)
{
    struct buf commit = BUF_INIT(1 << 24);
    struct mls_group *g = NULL;
    struct mls_join j = {
        .welcome = in, .key_package = buf_span(&people[1].package), .keys = &people[1].keys};
    struct mls_external_join x = {.group_info = in, .client = &people[2].client};

    if (external ? mls_group_join_external(&people[2].w, &x, &commit, &g) == OK
                 : mls_group_join(&people[1].w, &j, &g) == OK)
        mls_group_free(g);
    buf_clear(&commit);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct buf message = BUF_INIT(1 << 24);

    if (people == NULL)
        begin();
    if (len < 1)
        return 0;
    struct span in = span_of(data + 1, len - 1);
    bool public = data[0] & 0x80;
    switch (data[0] % 8) {
    case 0:
        take(in);
        break;
    case 1:
    case 2:
    case 3:
        if (say(in, data[0] % 8, public, &message) == OK)
            take(buf_span(&message));
        break;
    case 4:
        join(in, false);
        break;
    case 5:
        join(in, true);
        break;
    case 6:
        take_from_outside(in);
        break;
    }
    buf_clear(&message);
    return 0;
}
