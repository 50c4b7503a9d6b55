#include "net/multistream/multistream.h"

#define HEADER           "/multistream/1.0.0"
#define PREFIX_BYTES_MAX 2u /* of a varint up to MULTISTREAM_LINE_BYTES_MAX */

/* ---- lines out ---- */

static enum err write_prefix(struct buf *out, size_t len)
{
    uint8_t prefix[3];
    size_t n = 0;

    assert(len < 1u << 21);
    for (; len >= 0x80; len >>= 7)
        prefix[n++] = (uint8_t)(len | 0x80);
    prefix[n++] = (uint8_t)len;
    return buf_append(out, span_of(prefix, n));
}

static enum err write_line(struct buf *out, struct span text)
{
    TRY(write_prefix(out, text.len + 1));
    TRY(buf_append(out, text));
    return buf_append(out, SPAN_LIT("\n"));
}

static size_t line_bytes(const char *text)
{
    size_t len = strlen(text) + 1;
    return (len < 0x80 ? 1 : 2) + len;
}

/* All ids as lines inside one line. */
static enum err write_list(const struct multistream *m, struct buf *out)
{
    size_t len = 1;

    for (size_t i = 0; m->protocols[i] != NULL; i++)
        len += line_bytes(m->protocols[i]);
    TRY(write_prefix(out, len));
    for (size_t i = 0; m->protocols[i] != NULL; i++)
        TRY(write_line(out, span_str(m->protocols[i])));
    return buf_append(out, SPAN_LIT("\n"));
}

/* ---- roles ---- */

enum err multistream_dial(struct multistream *m, const char *const *protocols, struct buf *out)
{
    assert(protocols[0] != NULL);
    *m = (struct multistream){.protocols = protocols, .dialer = true};
    buf_init(&m->partial, MULTISTREAM_LINE_BYTES_MAX + PREFIX_BYTES_MAX);
    TRY(write_line(out, SPAN_LIT(HEADER)));
    return write_line(out, span_str(protocols[0]));
}

void multistream_listen(struct multistream *m, const char *const *protocols)
{
    *m = (struct multistream){.protocols = protocols};
    buf_init(&m->partial, MULTISTREAM_LINE_BYTES_MAX + PREFIX_BYTES_MAX);
}

void multistream_clear(struct multistream *m)
{
    buf_clear(&m->partial);
}

static enum err dialer_line(struct multistream *m, struct span text, struct buf *out)
{
    const char *proposed = m->protocols[m->proposal];

    if (span_eq(text, span_str(proposed))) {
        m->chosen = proposed;
        return OK;
    }
    if (!span_eq(text, SPAN_LIT("na")))
        return ERR_PROTOCOL;
    if (m->protocols[m->proposal + 1] == NULL)
        return ERR_UNSUPPORTED;
    m->proposal++;
    TRY(write_line(out, span_str(m->protocols[m->proposal])));
    return ERR_MORE;
}

static const char *lookup(const struct multistream *m, struct span text)
{
    for (size_t i = 0; m->protocols[i] != NULL; i++)
        if (span_eq(text, span_str(m->protocols[i])))
            return m->protocols[i];
    return NULL;
}

static enum err listener_line(struct multistream *m, struct span text, struct buf *out)
{
    if (span_eq(text, SPAN_LIT("ls"))) {
        if (++m->lists > MULTISTREAM_LS_MAX)
            return ERR_LIMIT;
        TRY(write_list(m, out));
        return ERR_MORE;
    }
    m->chosen = lookup(m, text);
    if (m->chosen == NULL) {
        TRY(write_line(out, SPAN_LIT("na")));
        return ERR_MORE;
    }
    return write_line(out, text);
}

static enum err on_line(struct multistream *m, struct span text, struct buf *out)
{
    if (!m->greeted) {
        if (!span_eq(text, SPAN_LIT(HEADER)))
            return ERR_PROTOCOL;
        m->greeted = true;
        if (!m->dialer)
            TRY(write_line(out, text));
        return ERR_MORE;
    }
    if (++m->lines > MULTISTREAM_PROPOSALS_MAX)
        return ERR_LIMIT;
    return m->dialer ? dialer_line(m, text, out) : listener_line(m, text, out);
}

/* ---- lines in ---- */

/* Find the first whole line: its text without newline, and its bytes with the prefix. */
static enum err cut_line(struct span in, struct span *text, size_t *bytes)
{
    if (in.len < 1)
        return ERR_MORE;
    size_t len = in.ptr[0] & 0x7f, prefix = 1;
    if (in.ptr[0] & 0x80) {
        if (in.len < 2)
            return ERR_MORE;
        len |= (size_t)in.ptr[1] << 7;
        prefix = 2;
    }
    if (len > MULTISTREAM_LINE_BYTES_MAX) /* a third prefix byte is beyond it too */
        return ERR_LIMIT;
    if (len == 0 || (prefix == 2 && in.ptr[1] == 0))
        return ERR_FORMAT;
    if (in.len - prefix < len)
        return ERR_MORE;
    if (in.ptr[prefix + len - 1] != '\n')
        return ERR_FORMAT;
    *text = span_sub(in, prefix, len - 1);
    *bytes = prefix + len;
    return OK;
}

/* The next line lies whole in `in`, or is completed in m->partial. */
static enum err next_line(struct multistream *m, struct span in, size_t *used, struct span *text)
{
    size_t bytes = 0;
    enum err err;

    if (m->partial.len == 0) {
        err = cut_line(in, text, &bytes);
        if (err != ERR_MORE) {
            *used = bytes;
            return err;
        }
    }
    /* byte by byte, because the length may arrive in pieces too; lines that are cut are rare */
    for (*used = 0; *used < in.len;) {
        TRY(buf_append(&m->partial, span_sub(in, (*used)++, 1)));
        err = cut_line(buf_span(&m->partial), text, &bytes);
        if (err != ERR_MORE)
            return err;
    }
    return ERR_MORE;
}

enum err multistream_feed(struct multistream *m, struct span in, size_t *used, struct buf *out)
{
    enum err err = ERR_MORE;

    *used = 0;
    if (!m->greeted && m->partial.len == 0 && in.len > 0 && in.ptr[0] != sizeof HEADER)
        return ERR_PROTOCOL; /* garbage is not waited for */
    while (err == ERR_MORE) {
        struct span text;
        size_t n = 0;
        err = next_line(m, span_after(in, *used), &n, &text);
        *used += n;
        if (err != OK)
            return err;
        err = on_line(m, text, out);
        buf_reset(&m->partial); /* `text` may lie in it */
    }
    if (err == OK)
        buf_clear(&m->partial);
    return err;
}
