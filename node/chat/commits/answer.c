/* Answers to rejoin requests: bytes, sealing, parts. */
#include "node/chat/commits/answer.h"

#include "crypto/hpke/hpke.h"
#include "crypto/prim/labels.h"

/* ---- content ---- */

enum err answer_encode(const struct answer *a, struct buf *out)
{
    struct pack_writer w = pack_writer_to(out);

    pack_write_array(&w, 6);
    pack_write_uint(&w, TICKET_TYPE_ANSWER);
    pack_write_uint(&w, 1);
    pack_write_bin(&w, a->ticket);
    pack_write_array(&w, a->beacons_count);
    for (size_t i = 0; i < a->beacons_count; i++)
        pack_write_bin(&w, a->beacons[i]);
    pack_write_bin(&w, a->welcome);
    pack_write_extensions(&w, &a->extensions);
    return pack_writer_status(&w);
}

/* [type, version 1, ...]: more fields are of a later version. */
static enum err begin(struct span in, enum ticket_type type, size_t fields, struct pack_reader *r)
{
    TRY(pack_open(in, r));
    size_t count = pack_read_array(r, 2, PACK_ITEMS_MAX);
    if (pack_read_uint(r, UINT64_MAX) != (uint64_t)type)
        return ERR_FORMAT;
    if (r->err == OK && pack_read_uint(r, UINT64_MAX) != 1)
        return r->err == OK ? ERR_UNSUPPORTED : r->err;
    TRY(r->err);
    return count == fields ? OK : ERR_FORMAT;
}

static enum err end(struct pack_reader *r, struct pack_extensions *x)
{
    pack_read_extensions(r, x);
    TRY(pack_end(r));
    return pack_extensions_known(x, NULL, 0);
}

enum err answer_decode(struct span in, struct answer *out)
{
    struct pack_reader r;

    *out = (struct answer){0};
    if (in.len > ANSWER_BYTES_MAX)
        return ERR_LIMIT;
    TRY(begin(in, TICKET_TYPE_ANSWER, 6, &r));
    out->ticket = pack_read_bin(&r, 1, TICKET_BYTES_MAX);
    out->beacons_count = pack_read_array(&r, 0, ANSWER_BEACONS_MAX);
    for (size_t i = 0; i < out->beacons_count; i++)
        out->beacons[i] = pack_read_bin(&r, 1, BEACON_BYTES_MAX);
    out->welcome = pack_read_bin(&r, 1, ANSWER_BYTES_MAX);
    enum err err = end(&r, &out->extensions);
    if (err != OK)
        *out = (struct answer){0};
    return err;
}

/* ---- sealing ---- */

static enum err associated(const struct answer_to *to, struct buf *out)
{
    TRY(buf_append(out, span_of(to->group, GROUP_ID_BYTES)));
    return buf_append(out, to->key_package);
}

static enum err init_key(const struct answer_to *to, struct span *out)
{
    struct mls_key_package k;
    struct reader r = reader_of(to->key_package);

    mls_read_key_package(&r, &k);
    if (mls_read_end(&r) != OK || k.init_key.len != mls_public_bytes(to->suite))
        return ERR_FORMAT;
    *out = k.init_key;
    return OK;
}

static enum err seal(struct span content, const struct answer_to *to, struct rng *rng,
                     struct buf *out)
{
    struct buf ad = BUF_INIT(GROUP_ID_BYTES + REJOIN_PACKAGE_MAX);
    size_t enc = mls_kem_output_bytes(to->suite), before = out->len;
    struct span key;
    uint8_t *at = NULL;

    TRY(init_key(to, &key));
    enum err err = associated(to, &ad);
    if (err == OK)
        err = buf_extend(out, enc + content.len + AEAD_TAG_BYTES, &at);
    if (err == OK)
        err = hpke_seal(&to->suite->hpke, rng, key, label_text(LABEL_GROUP_ANSWER), buf_span(&ad),
                        content, at, at + enc);
    buf_clear(&ad);
    if (err != OK)
        buf_truncate(out, before);
    return err;
}

enum err answer_seal(const struct answer *a, const struct answer_to *to, struct rng *rng,
                     struct buf *out)
{
    struct buf content = BUF_INIT(ANSWER_BYTES_MAX);

    enum err err = answer_encode(a, &content);
    if (err == OK)
        err = seal(buf_span(&content), to, rng, out);
    buf_clear(&content);
    return err == ERR_FULL ? ERR_LIMIT : err;
}

enum err answer_open(struct span sealed, const struct answer_to *to, const uint8_t *secret,
                     struct buf *keep, struct answer *out)
{
    struct buf ad = BUF_INIT(GROUP_ID_BYTES + REJOIN_PACKAGE_MAX);
    size_t enc = mls_kem_output_bytes(to->suite);
    uint8_t *at = NULL;

    *out = (struct answer){0};
    buf_reset(keep);
    if (sealed.len <= enc + AEAD_TAG_BYTES)
        return ERR_AUTH;
    struct span text = span_after(sealed, enc);
    enum err err = associated(to, &ad);
    if (err == OK)
        err = buf_extend(keep, text.len - AEAD_TAG_BYTES, &at);
    if (err == OK)
        err = hpke_open(&to->suite->hpke, span_of(sealed.ptr, enc),
                        span_of(secret, mls_private_bytes(to->suite)), SPAN_EMPTY,
                        label_text(LABEL_GROUP_ANSWER), buf_span(&ad), text, at);
    buf_clear(&ad);
    return err == OK ? answer_decode(buf_span(keep), out) : err;
}

void answer_guest(struct span key_package, uint8_t out[ANSWER_ID_BYTES])
{
    uint8_t hash[SHA256_BYTES];

    label_hash(LABEL_GROUP_GUEST, &key_package, 1, hash);
    memcpy(out, hash, ANSWER_ID_BYTES);
}

/* ---- parts ---- */

enum err answer_part_encode(const struct answer_part *p, struct buf *out)
{
    struct pack_writer w = pack_writer_to(out);

    pack_write_array(&w, 9);
    pack_write_uint(&w, TICKET_TYPE_ANSWER_PART);
    pack_write_uint(&w, 1);
    pack_write_bin(&w, SPAN_ARRAY(p->group));
    pack_write_bin(&w, SPAN_ARRAY(p->guest));
    pack_write_bin(&w, SPAN_ARRAY(p->answer));
    pack_write_uint(&w, p->number);
    pack_write_uint(&w, p->count);
    pack_write_bin(&w, p->bytes);
    pack_write_extensions(&w, &p->extensions);
    return pack_writer_status(&w);
}

enum err answer_part_decode(struct span in, struct answer_part *out)
{
    struct pack_reader r;

    *out = (struct answer_part){0};
    if (in.len > ENVELOPE_BYTES_MAX)
        return ERR_LIMIT;
    TRY(begin(in, TICKET_TYPE_ANSWER_PART, 9, &r));
    pack_read_fixed(&r, out->group, sizeof out->group);
    pack_read_fixed(&r, out->guest, sizeof out->guest);
    pack_read_fixed(&r, out->answer, sizeof out->answer);
    out->number = (uint32_t)pack_read_uint(&r, ANSWER_PARTS_MAX - 1);
    out->count = (uint32_t)pack_read_uint(&r, ANSWER_PARTS_MAX);
    out->bytes = pack_read_bin(&r, 1, ANSWER_PART_BYTES);
    TRY(end(&r, &out->extensions));
    bool last = out->number + 1 == out->count;
    return out->number < out->count && (last || out->bytes.len == ANSWER_PART_BYTES) ? OK
                                                                                     : ERR_FORMAT;
}

enum err answer_parts_begin(struct answer_parts *p, const struct answer_part *first)
{
    uint8_t *at;

    *p = (struct answer_parts){.count = first->count, .bytes = BUF_INIT(ANSWER_BYTES_MAX)};
    memcpy(p->answer, first->answer, sizeof p->answer);
    return buf_extend(&p->bytes, (size_t)first->count * ANSWER_PART_BYTES, &at);
}

enum err answer_parts_add(struct answer_parts *p, const struct answer_part *part)
{
    if (part->count != p->count || memcmp(part->answer, p->answer, sizeof p->answer) != 0)
        return ERR_PROTOCOL;
    if ((p->got >> part->number & 1) != 0)
        return ERR_EXISTS;
    memcpy(p->bytes.ptr + (size_t)part->number * ANSWER_PART_BYTES, part->bytes.ptr,
           part->bytes.len);
    p->got |= 1ull << part->number;
    p->have++;
    if (part->number + 1 == part->count)
        p->last_len = part->bytes.len;
    return OK;
}

struct span answer_parts_whole(const struct answer_parts *p)
{
    if (p->count == 0 || p->have < p->count)
        return SPAN_EMPTY;
    return span_of(p->bytes.ptr, (size_t)(p->count - 1) * ANSWER_PART_BYTES + p->last_len);
}

void answer_parts_clear(struct answer_parts *p)
{
    buf_clear(&p->bytes);
    *p = (struct answer_parts){0};
}
