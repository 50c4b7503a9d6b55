#include "node/chat/intro/card.h"

#include "crypto/base/wipe.h"
#include "net/wire/params.h"

#define CARD_TYPE 1u
#define PREFIX    "sottocard"

static enum err write_card(const struct card *card, struct buf *out)
{
    struct pack_writer w = pack_writer_to(out);
    static const struct pack_extensions none;

    pack_write_array(&w, 6);
    pack_write_uint(&w, CARD_TYPE);
    pack_write_uint(&w, 1);
    pack_write_bin(&w, SPAN_ARRAY(card->account));
    pack_write_bin(&w, card->private_link ? SPAN_ARRAY(card->secret) : SPAN_EMPTY);
    pack_write_array(&w, card->hints_count);
    for (size_t i = 0; i < card->hints_count; i++)
        pack_write_bin(&w, card->hints[i]);
    pack_write_extensions(&w, &none);
    return pack_writer_status(&w);
}

enum err card_text(const struct card *card, char out[CARD_TEXT_MAX])
{
    struct buf bytes = BUF_INIT(CARD_BYTES_MAX);

    assert(card->hints_count <= CARD_HINTS_MAX);
    enum err err = write_card(card, &bytes);
    if (err == OK)
        bech32m_encode(PREFIX, buf_span(&bytes), out);
    buf_clear(&bytes);
    return err == ERR_FULL ? ERR_LIMIT : err;
}

static enum err read_card(struct span in, struct card *out)
{
    struct pack_reader r;
    struct pack_extensions x;

    TRY(pack_open(in, &r));
    size_t parts = pack_read_array(&r, 2, PACK_ITEMS_MAX);
    uint64_t type = pack_read_uint(&r, UINT64_MAX), version = pack_read_uint(&r, UINT64_MAX);
    if (r.err == OK && (type != CARD_TYPE || version != 1))
        return ERR_UNSUPPORTED;
    if (r.err != OK || parts != 6)
        return ERR_FORMAT;
    pack_read_fixed(&r, out->account, sizeof out->account);
    struct span secret = pack_read_bin(&r, 0, CARD_SECRET_BYTES);
    out->hints_count = pack_read_array(&r, 0, CARD_HINTS_MAX);
    for (size_t i = 0; i < out->hints_count; i++)
        out->hints[i] = pack_read_bin(&r, 1, ENR_BYTES_MAX);
    pack_read_extensions(&r, &x);
    TRY(pack_end(&r));
    if (secret.len != 0 && secret.len != CARD_SECRET_BYTES)
        return ERR_FORMAT;
    out->private_link = secret.len != 0;
    if (out->private_link)
        memcpy(out->secret, secret.ptr, secret.len);
    return pack_extensions_known(&x, NULL, 0);
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

enum err card_parse(struct span text, struct card *out, struct buf *keep)
{
    uint8_t *bytes;
    size_t len;

    *out = (struct card){0};
    buf_reset(keep);
    while (text.len > 0 && is_blank(text.ptr[0]))
        text = span_after(text, 1);
    while (text.len > 0 && is_blank(text.ptr[text.len - 1]))
        text.len--;
    TRY(buf_extend(keep, CARD_BYTES_MAX, &bytes));
    TRY(bech32m_decode(PREFIX, text, bytes, CARD_BYTES_MAX, &len));
    buf_truncate(keep, len);
    enum err err = read_card(buf_span(keep), out);
    if (err != OK)
        *out = (struct card){0};
    return err;
}

/* ---- what it stands for ---- */

/* The intro secret as a key of HKDF's expansion: uniform, or zeros that everybody knows. */
static void derive(const struct card *card, enum label label, struct span context, uint8_t *out,
                   size_t len)
{
    uint8_t secret[32] = {0};

    memcpy(secret, card->secret, CARD_SECRET_BYTES);
    label_derive(label, SPAN_ARRAY(secret), context, out, len);
    wipe(secret, sizeof secret);
}

void card_keys(const struct card *card, uint32_t day, struct envelope_keys *out)
{
    uint8_t context[ACCOUNT_ID_BYTES + 4];

    memcpy(context, card->account, ACCOUNT_ID_BYTES);
    for (unsigned i = 0; i < 4; i++)
        context[ACCOUNT_ID_BYTES + i] = (uint8_t)(day >> (8 * (3 - i)));
    derive(card, LABEL_INTRO_HEADER, SPAN_ARRAY(context), out->header, sizeof out->header);
    derive(card, LABEL_INTRO_BUNDLE_KEY, SPAN_ARRAY(context), out->body, sizeof out->body);
}

uint8_t card_bucket(const struct card *card)
{
    uint8_t bucket;

    derive(card, LABEL_INTRO_BUCKET, SPAN_ARRAY(card->account), &bucket, 1);
    return bucket;
}
