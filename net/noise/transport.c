#include "net/noise/transport.h"

#include "crypto/base/reader.h"
#include "net/noise/noise.h"

void noise_frame_head(uint8_t head[NOISE_FRAME_HEAD_BYTES], size_t len)
{
    assert(len <= NOISE_FRAME_MAX);
    head[0] = (uint8_t)(len >> 8);
    head[1] = (uint8_t)len;
}

static enum err open_frame(struct noise_cipher *c, struct span sealed, struct buf *plain)
{
    uint8_t *out;

    if (sealed.len < NOISE_TAG_BYTES)
        return ERR_AUTH;
    TRY(buf_extend(plain, sealed.len - NOISE_TAG_BYTES, &out));
    enum err err = noise_cipher_open(c, sealed, out);
    if (err != OK)
        buf_truncate(plain, plain->len - (sealed.len - NOISE_TAG_BYTES));
    return err;
}

enum err noise_transport_open(struct noise_cipher *c, struct span in, size_t *used,
                              struct buf *plain)
{
    struct reader r = reader_of(span_after(in, *used));

    while (r.rest.len > 0) {
        uint16_t len = read_be16(&r);
        struct span sealed = read_bytes(&r, len);
        TRY(reader_status(&r));
        TRY(open_frame(c, sealed, plain));
        *used = in.len - r.rest.len;
    }
    return OK;
}

/* A place in a list of parts. */
struct gather {
    const struct span *parts;
    size_t count, at, offset;
};

/* The spans of the next frame, at most NOISE_PLAIN_MAX bytes; 0 bytes when nothing is left. */
static size_t next_frame(struct gather *g, struct span out[NOISE_SEAL_PARTS_MAX], size_t *spans)
{
    size_t bytes = 0;

    *spans = 0;
    while (g->at < g->count && *spans < NOISE_SEAL_PARTS_MAX && bytes < NOISE_PLAIN_MAX) {
        struct span rest = span_after(g->parts[g->at], g->offset);
        size_t room = NOISE_PLAIN_MAX - bytes;
        size_t take = rest.len < room ? rest.len : room;
        if (take > 0)
            out[(*spans)++] = span_sub(rest, 0, take);
        bytes += take;
        g->offset += take;
        if (take == rest.len) {
            g->at++;
            g->offset = 0;
        }
    }
    return bytes;
}

size_t noise_sealed_size(const struct span *parts, size_t count)
{
    struct gather g = {.parts = parts, .count = count};
    struct span spans[NOISE_SEAL_PARTS_MAX];
    size_t n, bytes, total = 0;

    while ((bytes = next_frame(&g, spans, &n)) > 0)
        total += NOISE_FRAME_HEAD_BYTES + bytes + NOISE_TAG_BYTES;
    return total;
}

enum err noise_transport_seal(struct noise_cipher *c, const struct span *parts, size_t count,
                              struct buf *wire)
{
    struct gather g = {.parts = parts, .count = count};
    struct span spans[NOISE_SEAL_PARTS_MAX];
    size_t n, bytes, begin = wire->len;
    uint8_t *out;

    TRY(buf_reserve(wire,
                    noise_sealed_size(parts, count))); /* all or nothing: no nonce is spent yet */
    while ((bytes = next_frame(&g, spans, &n)) > 0) {
        size_t len = bytes + NOISE_TAG_BYTES;
        TRY(buf_extend(wire, NOISE_FRAME_HEAD_BYTES + len, &out));
        noise_frame_head(out, len);
        enum err err = noise_cipher_seal(c, spans, n, out + NOISE_FRAME_HEAD_BYTES);
        if (err != OK) {
            buf_truncate(wire, begin);
            return err;
        }
    }
    return OK;
}
