/* The list of frames as bytes. */
#include "node/chat/envelope/frame.h"
#include "node/chat/envelope/envelope.h"

#define FRAME_OVERHEAD_MAX 11u /* array of two, a kind of 32 bits, a bin of 32 bits */

enum err frames_add(struct frames *f, uint64_t kind, struct span bytes)
{
    if (kind == 0 || kind > FRAME_KIND_MAX || bytes.len == 0)
        return ERR_ARGUMENT;
    if (f->count == FRAMES_MAX)
        return ERR_FULL;
    f->list[f->count++] = (struct frame){.kind = kind, .bytes = bytes};
    return OK;
}

bool frame_known(uint64_t kind)
{
    return kind >= FRAME_MLS && kind <= FRAME_ANSWER;
}

enum err frames_decode(struct span in, struct frames *out)
{
    struct pack_reader r;

    *out = (struct frames){0};
    if (in.len > envelope_content_max())
        return ERR_LIMIT;
    TRY(pack_open(in, &r));
    size_t count = pack_read_array(&r, 1, FRAMES_MAX);
    for (size_t i = 0; i < count; i++) {
        (void)pack_read_array(&r, 2, 2);
        uint64_t kind = pack_read_uint(&r, FRAME_KIND_MAX);
        struct span bytes = pack_read_bin(&r, 1, envelope_content_max());
        if (r.err != OK || kind == 0)
            break;
        out->list[out->count++] = (struct frame){.kind = kind, .bytes = bytes};
    }
    enum err err = out->count == count ? pack_end(&r) : ERR_FORMAT;
    if (err != OK)
        *out = (struct frames){0};
    return err;
}

enum err frames_encode(const struct frames *f, struct buf *out)
{
    size_t before = out->len;
    struct pack_writer w = pack_writer_to(out);

    if (f->count == 0)
        return ERR_ARGUMENT;
    pack_write_array(&w, f->count);
    for (size_t i = 0; i < f->count; i++) {
        pack_write_array(&w, 2);
        pack_write_uint(&w, f->list[i].kind);
        pack_write_bin(&w, f->list[i].bytes);
    }
    enum err err = pack_writer_status(&w);
    if (err == OK && out->len - before > envelope_content_max())
        err = ERR_LIMIT;
    if (err != OK)
        buf_truncate(out, before);
    return err;
}

size_t frame_bytes(size_t content)
{
    return content + FRAME_OVERHEAD_MAX;
}
