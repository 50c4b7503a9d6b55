#include "node/chat/delivery/segments.h"

#include "crypto/base/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Segments of a file that the bytes are, given in the order and with the changes that its first
 * bytes choose, and the bytes themselves as one: what is put together is the file. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct reader r = reader_of(span_of(data, len));
    struct segments *s, *c;
    uint8_t hash[32], root[32], changes = read_u8(&r);
    struct buf b = BUF_INIT(1 << 17), file = BUF_INIT(1 << 17);

    if (r.failed || len > 65536 || segments_cut(span_of(data, len), &s) != OK)
        return 0;
    segments_announce(s, hash, root);
    assert(segments_collect(len, hash, root, &c) == OK);
    assert(segments_take(c, span_of(data, len)) != OK);
    for (size_t i = 0; i < segments_count(len); i++) {
        buf_reset(&b);
        assert(segments_write(s, (i + changes) % segments_count(len), &b) == OK);
        if ((changes >> (i % 8) & 1) != 0) {
            size_t at = (size_t)read_u8(&r) * 257 % b.len;
            b.ptr[at] ^= 0x20;
            assert(segments_take(c, buf_span(&b)) != OK);
        } else {
            assert(segments_take(c, buf_span(&b)) == OK);
        }
    }
    if (segments_needed(c) == 0) {
        assert(segments_file(c, &file) == OK);
        assert(span_eq(buf_span(&file), span_of(data, len)));
    }
    segments_free(s);
    segments_free(c);
    buf_clear(&b);
    buf_clear(&file);
    return 0;
}
