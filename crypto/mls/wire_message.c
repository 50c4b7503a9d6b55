/* RFC 9420 6, 8.1, 12.4.3: framing, GroupInfo and Welcome. */
#include "crypto/mls/params.h"
#include "crypto/mls/wire.h"

void mls_read_sender(struct reader *r, struct mls_sender *out)
{
    *out = (struct mls_sender){.type = read_u8(r)};
    if (out->type < MLS_SENDER_MEMBER || out->type > MLS_SENDER_NEW_MEMBER_COMMIT)
        mls_read_poison(r);
    if (out->type == MLS_SENDER_MEMBER || out->type == MLS_SENDER_EXTERNAL)
        out->index = read_be32(r);
}

void mls_write_sender(struct writer *w, const struct mls_sender *s)
{
    write_u8(w, s->type);
    if (s->type == MLS_SENDER_MEMBER || s->type == MLS_SENDER_EXTERNAL)
        write_be32(w, s->index);
}

void mls_read_content_body(struct reader *r, struct mls_framed_content *content)
{
    struct reader from = *r;

    switch (content->content_type) {
    case MLS_CONTENT_APPLICATION:
        content->application = mls_read_vector(r);
        break;
    case MLS_CONTENT_PROPOSAL:
        mls_read_proposal(r, &content->proposal);
        break;
    case MLS_CONTENT_COMMIT:
        mls_read_commit(r, &content->commit);
        break;
    default:
        mls_read_poison(r);
    }
    content->body = mls_read_between(from, r);
}

void mls_read_framed_content(struct reader *r, struct mls_framed_content *out)
{
    struct reader from = *r;

    *out = (struct mls_framed_content){.group_id = mls_read_vector(r)};
    out->epoch = read_be64(r);
    mls_read_sender(r, &out->sender);
    out->authenticated_data = mls_read_vector(r);
    out->content_type = read_u8(r);
    mls_read_content_body(r, out);
    out->encoded = mls_read_between(from, r);
}

void mls_write_framed_content(struct writer *w, const struct mls_framed_content *c)
{
    mls_write_vector(w, c->group_id);
    write_be64(w, c->epoch);
    mls_write_sender(w, &c->sender);
    mls_write_vector(w, c->authenticated_data);
    write_u8(w, c->content_type);
    write_bytes(w, c->body);
}

void mls_read_content_auth(struct reader *r, uint8_t content_type, struct mls_content_auth *out)
{
    *out = (struct mls_content_auth){.signature = mls_read_vector(r)};
    if (content_type == MLS_CONTENT_COMMIT)
        out->confirmation_tag = mls_read_vector(r);
}

void mls_write_content_auth(struct writer *w, uint8_t content_type,
                            const struct mls_content_auth *a)
{
    mls_write_vector(w, a->signature);
    if (content_type == MLS_CONTENT_COMMIT)
        mls_write_vector(w, a->confirmation_tag);
}

void mls_read_public_message(struct reader *r, struct mls_public_message *out)
{
    mls_read_framed_content(r, &out->content);
    mls_read_content_auth(r, out->content.content_type, &out->auth);
    out->membership_tag =
        out->content.sender.type == MLS_SENDER_MEMBER ? mls_read_vector(r) : SPAN_EMPTY;
}

void mls_write_public_message(struct writer *w, const struct mls_public_message *m)
{
    mls_write_framed_content(w, &m->content);
    mls_write_content_auth(w, m->content.content_type, &m->auth);
    if (m->content.sender.type == MLS_SENDER_MEMBER)
        mls_write_vector(w, m->membership_tag);
}

void mls_read_private_message(struct reader *r, struct mls_private_message *out)
{
    out->group_id = mls_read_vector(r);
    out->epoch = read_be64(r);
    out->content_type = read_u8(r);
    if (out->content_type < MLS_CONTENT_APPLICATION || out->content_type > MLS_CONTENT_COMMIT)
        mls_read_poison(r);
    out->authenticated_data = mls_read_vector(r);
    out->sender_data = mls_read_vector(r);
    out->ciphertext = mls_read_vector(r);
}

void mls_write_private_message(struct writer *w, const struct mls_private_message *m)
{
    mls_write_vector(w, m->group_id);
    write_be64(w, m->epoch);
    write_u8(w, m->content_type);
    mls_write_vector(w, m->authenticated_data);
    mls_write_vector(w, m->sender_data);
    mls_write_vector(w, m->ciphertext);
}

void mls_read_group_context(struct reader *r, struct mls_group_context *out)
{
    struct reader from = *r;

    out->version = read_be16(r);
    out->cipher_suite = read_be16(r);
    out->group_id = mls_read_vector(r);
    out->epoch = read_be64(r);
    out->tree_hash = mls_read_vector(r);
    out->confirmed_transcript_hash = mls_read_vector(r);
    out->extensions = mls_read_extensions(r);
    out->encoded = mls_read_between(from, r);
}

void mls_write_group_context(struct writer *w, const struct mls_group_context *c)
{
    write_be16(w, c->version);
    write_be16(w, c->cipher_suite);
    mls_write_vector(w, c->group_id);
    write_be64(w, c->epoch);
    mls_write_vector(w, c->tree_hash);
    mls_write_vector(w, c->confirmed_transcript_hash);
    mls_write_vector(w, c->extensions);
}

void mls_read_group_info(struct reader *r, struct mls_group_info *out)
{
    struct reader from = *r;

    mls_read_group_context(r, &out->context);
    out->extensions = mls_read_extensions(r);
    out->confirmation_tag = mls_read_vector(r);
    out->signer = read_be32(r);
    out->tbs = mls_read_between(from, r);
    out->signature = mls_read_vector(r);
}

void mls_write_group_info_unsigned(struct writer *w, const struct mls_group_info *g)
{
    mls_write_group_context(w, &g->context);
    mls_write_vector(w, g->extensions);
    mls_write_vector(w, g->confirmation_tag);
    write_be32(w, g->signer);
}

void mls_write_group_info(struct writer *w, const struct mls_group_info *g)
{
    mls_write_group_info_unsigned(w, g);
    mls_write_vector(w, g->signature);
}

void mls_read_group_secrets(struct reader *r, struct mls_group_secrets *out)
{
    struct mls_psk_id id;

    *out = (struct mls_group_secrets){.joiner_secret = mls_read_vector(r)};
    out->has_path_secret = mls_read_present(r);
    if (out->has_path_secret)
        out->path_secret = mls_read_vector(r);
    out->psks = mls_read_vector(r);
    struct reader in = reader_of(out->psks);
    while (mls_read_more(&in))
        mls_read_psk_id(&in, &id);
    r->failed |= in.failed;
}

void mls_write_group_secrets(struct writer *w, const struct mls_group_secrets *s)
{
    mls_write_vector(w, s->joiner_secret);
    write_u8(w, s->has_path_secret ? 1 : 0);
    if (s->has_path_secret)
        mls_write_vector(w, s->path_secret);
    mls_write_vector(w, s->psks);
}

void mls_read_encrypted_secrets(struct reader *r, struct mls_encrypted_secrets *out)
{
    out->new_member = mls_read_vector(r);
    mls_read_hpke_ciphertext(r, &out->sealed);
}

void mls_write_encrypted_secrets(struct writer *w, const struct mls_encrypted_secrets *s)
{
    mls_write_vector(w, s->new_member);
    mls_write_hpke_ciphertext(w, &s->sealed);
}

void mls_read_welcome(struct reader *r, struct mls_welcome *out)
{
    struct mls_encrypted_secrets s;

    out->cipher_suite = read_be16(r);
    out->secrets = mls_read_vector(r);
    struct reader in = reader_of(out->secrets);
    while (mls_read_more(&in))
        mls_read_encrypted_secrets(&in, &s);
    r->failed |= in.failed;
    out->group_info = mls_read_vector(r);
}

void mls_write_welcome(struct writer *w, const struct mls_welcome *m)
{
    write_be16(w, m->cipher_suite);
    mls_write_vector(w, m->secrets);
    mls_write_vector(w, m->group_info);
}

void mls_write_message_head(struct writer *w, enum mls_wire_format format)
{
    write_be16(w, MLS_VERSION_10);
    write_be16(w, (uint16_t)format);
}

void mls_read_message(struct reader *r, struct mls_message *out)
{
    *out = (struct mls_message){.version = read_be16(r)};
    out->wire_format = read_be16(r);
    switch (out->wire_format) {
    case MLS_WIRE_PUBLIC_MESSAGE:
        mls_read_public_message(r, &out->public_message);
        break;
    case MLS_WIRE_PRIVATE_MESSAGE:
        mls_read_private_message(r, &out->private_message);
        break;
    case MLS_WIRE_WELCOME:
        mls_read_welcome(r, &out->welcome);
        break;
    case MLS_WIRE_GROUP_INFO:
        mls_read_group_info(r, &out->group_info);
        break;
    case MLS_WIRE_KEY_PACKAGE:
        mls_read_key_package(r, &out->key_package);
        break;
    default:
        mls_read_poison(r);
    }
}

void mls_write_message(struct writer *w, const struct mls_message *m)
{
    mls_write_message_head(w, (enum mls_wire_format)m->wire_format);
    switch (m->wire_format) {
    case MLS_WIRE_PUBLIC_MESSAGE:
        mls_write_public_message(w, &m->public_message);
        break;
    case MLS_WIRE_PRIVATE_MESSAGE:
        mls_write_private_message(w, &m->private_message);
        break;
    case MLS_WIRE_WELCOME:
        mls_write_welcome(w, &m->welcome);
        break;
    case MLS_WIRE_GROUP_INFO:
        mls_write_group_info(w, &m->group_info);
        break;
    case MLS_WIRE_KEY_PACKAGE:
        mls_write_key_package(w, &m->key_package);
        break;
    }
}

enum err mls_message_decode(struct span in, struct mls_message *out)
{
    if (in.len > MLS_MESSAGE_BYTES_MAX)
        return mls_fail(MLS_TOO_LARGE);
    struct reader r = reader_of(in);
    mls_read_message(&r, out);
    if (in.len >= 2 && out->version != MLS_VERSION_10)
        return mls_fail(MLS_WRONG_VERSION);
    TRY(mls_read_end(&r));
    if (out->wire_format == MLS_WIRE_KEY_PACKAGE && out->key_package.version != out->version)
        return mls_fail(MLS_WRONG_VERSION); /* RFC 9420 10 */
    return OK;
}
