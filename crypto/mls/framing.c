#include "crypto/mls/framing.h"

#include "crypto/base/wipe.h"
#include "crypto/prim/hkdf.h"

void mls_opened_clear(struct mls_opened *o)
{
    buf_clear(&o->plain);
    buf_clear(&o->framed);
    mls_ratchet_step_clear(&o->step);
    wipe(o, sizeof *o);
}

/* FramedContentTBS: version || wire_format || content || context */
static void tbs_parts(uint16_t wire_format, struct span framed, struct span context,
                      uint8_t head[4], struct span parts[3])
{
    head[0] = 0;
    head[1] = MLS_VERSION_10;
    head[2] = (uint8_t)(wire_format >> 8);
    head[3] = (uint8_t)wire_format;
    parts[0] = span_of(head, 4);
    parts[1] = framed;
    parts[2] = context;
}

enum err mls_content_sign(const struct mls_signer *signer, uint16_t wire_format, struct span framed,
                          struct span context, uint8_t *sig, size_t *sig_len)
{
    uint8_t head[4];
    struct span parts[3];

    tbs_parts(wire_format, framed, context, head, parts);
    return mls_sign(signer, "FramedContentTBS", parts, 3, sig, sig_len);
}

/* The context enters for senders who know it: members and external joiners. */
static struct span signed_context(uint8_t sender_type, struct span context)
{
    return sender_type == MLS_SENDER_MEMBER || sender_type == MLS_SENDER_NEW_MEMBER_COMMIT
               ? context
               : SPAN_EMPTY;
}

enum err mls_content_verify(const struct mls_suite *s, struct span public_key,
                            const struct mls_opened *o, struct span context)
{
    uint8_t head[4];
    struct span parts[3];

    tbs_parts(o->wire_format, o->content.encoded, signed_context(o->content.sender.type, context),
              head, parts);
    enum err err = mls_verify(s, public_key, "FramedContentTBS", parts, 3, o->auth.signature);
    return err == ERR_AUTH ? mls_fail(MLS_BAD_SIGNATURE) : err;
}

/* MAC over AuthenticatedContentTBM = FramedContentTBS || FramedContentAuthData. @source 6.2 */
static enum err membership_tag(const struct mls_suite *s, const struct mls_secret *key,
                               struct span framed, uint8_t content_type,
                               const struct mls_content_auth *auth, struct span context,
                               uint8_t *out)
{
    uint8_t head[4];
    struct span parts[4];
    struct buf encoded = BUF_INIT(MLS_MESSAGE_BYTES_MAX);
    struct writer w = writer_to(&encoded);

    tbs_parts(MLS_WIRE_PUBLIC_MESSAGE, framed, context, head, parts);
    mls_write_content_auth(&w, content_type, auth);
    parts[3] = buf_span(&encoded);
    enum err err = writer_status(&w);
    if (err == OK)
        hmac(s->hash, mls_secret_span(s, key), parts, 4, out);
    buf_clear(&encoded);
    return err;
}

enum err mls_public_protect(const struct mls_suite *s, const struct mls_secret *membership_key,
                            const struct mls_framed_content *content,
                            const struct mls_content_auth *auth, struct span context,
                            struct buf *out)
{
    struct writer w = writer_to(out);
    uint8_t tag[MLS_HASH_MAX];
    size_t before = out->len;

    if (content->content_type == MLS_CONTENT_APPLICATION)
        return mls_fail(MLS_WRONG_CONTENT);
    mls_write_message_head(&w, MLS_WIRE_PUBLIC_MESSAGE);
    write_bytes(&w, content->encoded);
    mls_write_content_auth(&w, content->content_type, auth);
    if (w.err == OK && content->sender.type == MLS_SENDER_MEMBER) {
        w.err = membership_tag(s, membership_key, content->encoded, content->content_type, auth,
                               context, tag);
        mls_write_vector(&w, span_of(tag, s->hash->bytes));
    }
    if (w.err != OK)
        buf_truncate(out, before);
    return w.err;
}

enum err mls_public_unprotect(const struct mls_suite *s, const struct mls_secret *membership_key,
                              const struct mls_public_message *m, struct span context,
                              struct mls_opened *out)
{
    uint8_t tag[MLS_HASH_MAX];

    *out = (struct mls_opened){.wire_format = MLS_WIRE_PUBLIC_MESSAGE,
                               .content = m->content,
                               .auth = m->auth,
                               .membership_tag = m->membership_tag};
    if (m->content.content_type == MLS_CONTENT_APPLICATION)
        return mls_fail(MLS_WRONG_CONTENT);
    if (m->content.sender.type != MLS_SENDER_MEMBER)
        return OK;
    TRY(membership_tag(s, membership_key, m->content.encoded, m->content.content_type, &m->auth,
                       context, tag));
    if (m->membership_tag.len != s->hash->bytes ||
        !ct_equal(m->membership_tag.ptr, tag, s->hash->bytes))
        return mls_fail(MLS_BAD_MEMBERSHIP_TAG);
    return OK;
}

/* -- PrivateMessage -- */

static enum mls_ratchet_kind kind_of(uint8_t content_type)
{
    return content_type == MLS_CONTENT_APPLICATION ? MLS_RATCHET_APPLICATION
                                                   : MLS_RATCHET_HANDSHAKE;
}

#define SENDER_DATA_BYTES 12u /* leaf_index, generation, reuse_guard */

/* group_id, epoch, content_type: SenderDataAAD; authenticated_data behind it: PrivateContentAAD */
static void write_aad(struct writer *w, struct span group_id, uint64_t epoch, uint8_t content_type)
{
    mls_write_vector(w, group_id);
    write_be64(w, epoch);
    write_u8(w, content_type);
}

static void guard_nonce(uint8_t nonce[MLS_AEAD_NONCE], const uint8_t guard[4])
{
    for (int i = 0; i < 4; i++)
        nonce[i] ^= guard[i];
}

static enum err seal_content(const struct mls_suite *s, struct mls_ratchet_step *step,
                             const uint8_t guard[4], struct span aad,
                             const struct mls_framed_content *content, struct span auth,
                             size_t padding, struct buf *out)
{
    static const uint8_t zeros[256];
    uint8_t *at;
    struct buf plain = BUF_INIT(MLS_MESSAGE_BYTES_MAX);
    struct writer w = writer_to(&plain);

    for (size_t left = padding; left > 0;) { /* gathered behind the content, not copied with it */
        size_t n = left < sizeof zeros ? left : sizeof zeros;
        write_bytes(&w, span_of(zeros, n));
        left -= n;
    }
    struct span parts[] = {content->body, auth, buf_span(&plain)};
    enum err err = writer_status(&w);
    guard_nonce(step->key.nonce, guard);
    if (err == OK)
        err = buf_extend(out, content->body.len + auth.len + padding + MLS_AEAD_TAG, &at);
    if (err == OK)
        err = aead_seal_once(s->aead, step->key.key, step->key.nonce, aad, parts, 3, at);
    buf_clear(&plain);
    return err;
}

static void sender_data_bytes(uint32_t leaf, uint32_t generation, const uint8_t guard[4],
                              uint8_t out[SENDER_DATA_BYTES])
{
    for (int i = 0; i < 4; i++) {
        out[i] = (uint8_t)(leaf >> (24 - 8 * i));
        out[4 + i] = (uint8_t)(generation >> (24 - 8 * i));
        out[8 + i] = guard[i];
    }
}

static enum err seal_sender_data(const struct mls_suite *s, const struct mls_secret *secret,
                                 struct span aad, struct span ciphertext,
                                 const uint8_t plain[SENDER_DATA_BYTES], uint8_t *out)
{
    uint8_t key[MLS_AEAD_KEY_MAX], nonce[MLS_AEAD_NONCE];
    struct span part = span_of(plain, SENDER_DATA_BYTES);

    mls_sender_data_key(s, secret, ciphertext, key, nonce);
    enum err err = aead_seal_once(s->aead, key, nonce, aad, &part, 1, out);
    wipe(key, sizeof key);
    return err;
}

static enum err write_private(const struct mls_framed_content *c, const uint8_t *sender_data,
                              struct span ciphertext, struct buf *out)
{
    struct mls_private_message m = {c->group_id,
                                    c->epoch,
                                    c->content_type,
                                    c->authenticated_data,
                                    span_of(sender_data, SENDER_DATA_BYTES + MLS_AEAD_TAG),
                                    ciphertext};
    struct writer w = writer_to(out);
    size_t before = out->len;

    TRY(buf_reserve(out, c->group_id.len + c->authenticated_data.len + ciphertext.len + 128));
    mls_write_message_head(&w, MLS_WIRE_PRIVATE_MESSAGE);
    mls_write_private_message(&w, &m);
    if (w.err != OK)
        buf_truncate(out, before);
    return w.err;
}

enum err mls_private_protect(struct mls_secret_tree *secrets, const struct mls_secret *sender_data,
                             const struct mls_framed_content *content,
                             const struct mls_content_auth *auth, size_t padding, struct rng *rng,
                             struct buf *out)
{
    const struct mls_suite *s = secrets->suite;
    struct buf aad = BUF_INIT(MLS_MESSAGE_BYTES_MAX), encoded = BUF_INIT(MLS_MESSAGE_BYTES_MAX),
               ciphertext = BUF_INIT(MLS_MESSAGE_BYTES_MAX);
    struct writer a = writer_to(&aad), e = writer_to(&encoded);
    uint32_t leaf = content->sender.index;
    size_t before = out->len;
    enum mls_ratchet_kind kind = kind_of(content->content_type);
    struct mls_ratchet_step step;
    uint8_t guard[4], plain[SENDER_DATA_BYTES], sealed[SENDER_DATA_BYTES + MLS_AEAD_TAG];

    assert(content->sender.type == MLS_SENDER_MEMBER);
    TRY(mls_secret_tree_peek(secrets, leaf, kind, mls_secret_tree_generation(secrets, leaf, kind),
                             &step));
    rng_fill(rng, guard, sizeof guard);
    sender_data_bytes(leaf, step.key.generation, guard, plain);
    mls_write_content_auth(&e, content->content_type, auth);
    write_aad(&a, content->group_id, content->epoch, content->content_type);
    size_t sender_aad = aad.len;
    mls_write_vector(&a, content->authenticated_data);
    enum err err = a.err != OK ? a.err : e.err;
    if (err == OK)
        err = seal_content(s, &step, guard, buf_span(&aad), content, buf_span(&encoded), padding,
                           &ciphertext);
    if (err == OK)
        err = seal_sender_data(s, sender_data, span_sub(buf_span(&aad), 0, sender_aad),
                               buf_span(&ciphertext), plain, sealed);
    if (err == OK)
        err = write_private(content, sealed, buf_span(&ciphertext), out);
    if (err == OK)
        err = mls_secret_tree_take(secrets, &step);
    if (err != OK) /* its key is still unused: it must not get out */
        buf_truncate(out, before);
    mls_ratchet_step_clear(&step);
    buf_clear(&aad);
    buf_clear(&encoded);
    buf_clear(&ciphertext);
    return err;
}

static enum err open_sender_data(const struct mls_suite *s, const struct mls_secret *secret,
                                 const struct mls_private_message *m,
                                 uint8_t out[SENDER_DATA_BYTES])
{
    uint8_t key[MLS_AEAD_KEY_MAX], nonce[MLS_AEAD_NONCE];
    struct buf aad = BUF_INIT(MLS_MESSAGE_BYTES_MAX);
    struct writer w = writer_to(&aad);

    if (m->sender_data.len != SENDER_DATA_BYTES + MLS_AEAD_TAG)
        return mls_fail(MLS_BAD_SENDER_DATA);
    write_aad(&w, m->group_id, m->epoch, m->content_type);
    mls_sender_data_key(s, secret, m->ciphertext, key, nonce);
    enum err err = writer_status(&w);
    if (err == OK)
        err = aead_open_once(s->aead, key, nonce, buf_span(&aad), m->sender_data, out);
    wipe(key, sizeof key);
    buf_clear(&aad);
    return err == ERR_AUTH ? mls_fail(MLS_BAD_SENDER_DATA) : err;
}

static enum err open_content(const struct mls_suite *s, const struct mls_private_message *m,
                             const uint8_t guard[4], struct mls_opened *o)
{
    struct buf aad = BUF_INIT(MLS_MESSAGE_BYTES_MAX);
    struct writer w = writer_to(&aad);
    uint8_t *plain;

    if (m->ciphertext.len < MLS_AEAD_TAG)
        return mls_fail(MLS_BAD_CIPHERTEXT);
    write_aad(&w, m->group_id, m->epoch, m->content_type);
    mls_write_vector(&w, m->authenticated_data);
    enum err err = writer_status(&w);
    if (err == OK)
        err = buf_extend(&o->plain, m->ciphertext.len - MLS_AEAD_TAG, &plain);
    guard_nonce(o->step.key.nonce, guard);
    if (err == OK)
        err = aead_open_once(s->aead, o->step.key.key, o->step.key.nonce, buf_span(&aad),
                             m->ciphertext, plain);
    guard_nonce(o->step.key.nonce, guard);
    buf_clear(&aad);
    return err == ERR_AUTH ? mls_fail(MLS_BAD_CIPHERTEXT) : err;
}

/* PrivateMessageContent: body, auth, zeros */
static enum err parse_content(struct mls_opened *o)
{
    struct reader r = reader_of(buf_span(&o->plain));
    uint8_t any = 0;

    mls_read_content_body(&r, &o->content);
    mls_read_content_auth(&r, o->content.content_type, &o->auth);
    TRY(mls_read_status(&r));
    for (size_t i = 0; i < r.rest.len; i++)
        any |= r.rest.ptr[i];
    return any == 0 ? OK : mls_fail(MLS_BAD_PADDING);
}

static enum err rebuild_framed(struct mls_opened *o)
{
    struct writer w = writer_to(&o->framed);

    TRY(buf_reserve(&o->framed, o->content.group_id.len + o->content.authenticated_data.len +
                                    o->content.body.len + 32));
    mls_write_framed_content(&w, &o->content);
    o->content.encoded = buf_span(&o->framed);
    return writer_status(&w);
}

static uint32_t be32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

enum err mls_private_unprotect(const struct mls_secret_tree *secrets,
                               const struct mls_secret *sender_data,
                               const struct mls_private_message *m, uint32_t own,
                               bool (*present)(const void *tree, uint32_t leaf), const void *tree,
                               struct mls_opened *out)
{
    const struct mls_suite *s = secrets->suite;
    uint8_t data[SENDER_DATA_BYTES];

    *out = (struct mls_opened){.wire_format = MLS_WIRE_PRIVATE_MESSAGE,
                               .plain = BUF_INIT(MLS_MESSAGE_BYTES_MAX),
                               .framed = BUF_INIT(MLS_MESSAGE_BYTES_MAX)};
    TRY(open_sender_data(s, sender_data, m, data));
    uint32_t leaf = be32(data), generation = be32(data + 4);
    if (leaf >= secrets->leaves || (present != NULL && !present(tree, leaf)))
        return mls_fail(MLS_BAD_SENDER);
    if (leaf == own &&
        generation < mls_secret_tree_generation(secrets, own, kind_of(m->content_type)))
        return mls_fail(MLS_OWN_MESSAGE);
    TRY(mls_secret_tree_peek(secrets, leaf, kind_of(m->content_type), generation, &out->step));
    out->has_step = true;
    out->content = (struct mls_framed_content){.group_id = m->group_id,
                                               .epoch = m->epoch,
                                               .sender = {MLS_SENDER_MEMBER, leaf},
                                               .authenticated_data = m->authenticated_data,
                                               .content_type = m->content_type};
    TRY(open_content(s, m, data + 8, out));
    TRY(parse_content(out));
    return rebuild_framed(out);
}

enum err mls_proposal_ref(const struct mls_suite *s, const struct mls_opened *o, uint8_t *out)
{
    struct buf encoded = BUF_INIT(MLS_MESSAGE_BYTES_MAX);
    struct writer w = writer_to(&encoded);

    write_be16(&w, o->wire_format);
    write_bytes(&w, o->content.encoded);
    mls_write_content_auth(&w, o->content.content_type, &o->auth);
    enum err err = writer_status(&w);
    if (err == OK)
        mls_ref_hash(s, "Proposal", buf_span(&encoded), out);
    buf_clear(&encoded);
    return err;
}
