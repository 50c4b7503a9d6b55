#include "net/yamux/yamux.h"

enum err yamux_read_header(struct span in, struct yamux_header *hd)
{
    struct reader r = reader_of(in);

    hd->version = read_u8(&r);
    hd->type = read_u8(&r);
    hd->flags = read_be16(&r);
    hd->stream = read_be32(&r);
    hd->length = read_be32(&r);
    TRY(reader_status(&r));
    return hd->version == 0 && hd->type <= YAMUX_GO_AWAY ? OK : ERR_FORMAT;
}

static uint8_t *put_be32(uint8_t *out, uint32_t v)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        *out++ = (uint8_t)(v >> shift);
    return out;
}

void yamux_write_header(const struct yamux_header *hd, uint8_t out[YAMUX_HEADER_BYTES])
{
    out[0] = hd->version;
    out[1] = hd->type;
    out[2] = (uint8_t)(hd->flags >> 8);
    out[3] = (uint8_t)hd->flags;
    put_be32(put_be32(out + 4, hd->stream), hd->length);
}
