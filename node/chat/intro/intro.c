/* The stamped object, and the envelope around it. */
#include "node/chat/intro/intro.h"

#include "crypto/base/wipe.h"

enum err intro_encode(const struct intro *i, size_t padding, struct buf *out)
{
    static const uint8_t zeros[INTRO_PADDING_MAX];
    static const struct pack_extensions none;
    struct pack_writer w = pack_writer_to(out);

    assert(padding <= INTRO_PADDING_MAX);
    pack_write_array(&w, 6);
    pack_write_uint(&w, INTRO_STAMPED);
    pack_write_uint(&w, 1);
    pack_write_bin(&w, SPAN_ARRAY(i->stamp));
    pack_write_bin(&w, i->body);
    pack_write_bin(&w, span_of(zeros, padding));
    pack_write_extensions(&w, &none);
    return pack_writer_status(&w);
}

enum err intro_object(struct span in, size_t bytes_max, enum intro_type type, size_t fields,
                      struct pack_reader *r)
{
    if (in.len > bytes_max)
        return ERR_LIMIT;
    TRY(pack_open(in, r));
    size_t parts = pack_read_array(r, 2, PACK_ITEMS_MAX);
    uint64_t got = pack_read_uint(r, UINT64_MAX), version = pack_read_uint(r, UINT64_MAX);
    if (r->err != OK || got != (uint64_t)type || version == 0)
        return ERR_FORMAT;
    if (version != 1)
        return ERR_UNSUPPORTED;
    return parts == 2 + fields ? OK : ERR_FORMAT;
}

enum err intro_decode(struct span in, struct intro *out)
{
    struct pack_reader r;
    struct pack_extensions x;

    *out = (struct intro){0};
    TRY(intro_object(in, ENVELOPE_BYTES_MAX, INTRO_STAMPED, 4, &r));
    pack_read_fixed(&r, out->stamp, STAMP_BYTES);
    out->body = pack_read_bin(&r, 1, ENVELOPE_BYTES_MAX);
    struct span padding = pack_read_bin(&r, 0, INTRO_PADDING_MAX);
    pack_read_extensions(&r, &x);
    TRY(pack_end(&r));
    for (size_t i = 0; i < padding.len; i++)
        if (padding.ptr[i] != 0)
            return ERR_FORMAT;
    return pack_extensions_known(&x, NULL, 0);
}

uint64_t intro_body_type(struct span body)
{
    struct pack_reader r;

    if (pack_open(body, &r) != OK)
        return 0;
    (void)pack_read_array(&r, 2, PACK_ITEMS_MAX);
    uint64_t type = pack_read_uint(&r, UINT64_MAX);
    return r.err == OK ? type : 0;
}

static struct span topic_of(const struct card *card, char topic[ENVELOPE_TOPIC_BYTES])
{
    envelope_topic(ENVELOPE_INTRO, card_bucket(card), topic);
    return span_of(topic, ENVELOPE_TOPIC_BYTES - 1);
}

/* Classes are powers of two, and what is over half of one does not fit into the one below. */
static size_t padding_of(const struct intro *i)
{
    size_t least = intro_body_type(i->body) == INTRO_BUNDLE ? INTRO_BUNDLE_BYTES / 2 : 0;

    return i->body.len < least ? least - i->body.len : 0;
}

enum err intro_seal(const struct card *card, uint32_t day, const struct intro *i, struct rng *rng,
                    struct buf *out)
{
    struct buf content = BUF_INIT(envelope_content_max());
    struct envelope_keys keys;
    char topic[ENVELOPE_TOPIC_BYTES];
    enum err err = intro_encode(i, padding_of(i), &content);

    card_keys(card, day, &keys);
    if (err == OK)
        err = envelope_seal(&keys, rng, topic_of(card, topic), buf_span(&content), out);
    else if (err == ERR_FULL)
        err = ERR_LIMIT;
    wipe(&keys, sizeof keys);
    buf_clear(&content);
    return err;
}

enum err intro_open(const struct card *card, uint32_t day, struct span envelope, struct buf *keep,
                    struct intro *out)
{
    struct envelope_keys keys;
    char topic[ENVELOPE_TOPIC_BYTES];
    enum err err = ERR_NOT_FOUND;

    *out = (struct intro){0};
    buf_reset(keep);
    card_keys(card, day, &keys);
    if (envelope_matches(envelope, keys.header))
        err = envelope_open(&keys, topic_of(card, topic), envelope, keep);
    wipe(&keys, sizeof keys);
    return err == OK ? intro_decode(buf_span(keep), out) : err;
}
