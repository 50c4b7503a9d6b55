#include "crypto/pack/pack.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Copy one element through the cursor and the writer. */
static void copy(struct pack_reader *r, struct pack_writer *w)
{
    struct pack_reader probe = *r;
    size_t count = pack_read_array(&probe, 0, PACK_ITEMS_MAX);

    if (probe.err == OK) {
        *r = probe;
        pack_write_array(w, count);
        for (size_t i = 0; i < count; i++)
            copy(r, w);
        return;
    }
    probe = *r;
    struct span bytes = pack_read_bin(&probe, 0, SIZE_MAX);
    if (probe.err == OK) {
        *r = probe;
        pack_write_bin(w, bytes);
        return;
    }
    probe = *r;
    struct span text = pack_read_str(&probe, 0, SIZE_MAX);
    if (probe.err == OK) {
        assert(pack_is_utf8(text));
        *r = probe;
        pack_write_str(w, text);
        return;
    }
    probe = *r;
    uint64_t u = pack_read_uint(&probe, UINT64_MAX);
    if (probe.err == OK) {
        *r = probe;
        pack_write_uint(w, u);
        return;
    }
    pack_write_int(w, pack_read_int(r));
}

/* What is accepted is written again as the same bytes: the form is the only one. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct pack_reader r, raw, list;
    struct pack_extensions x;
    struct buf again = BUF_INIT(len);

    if (pack_open(span_of(data, len), &r) != OK)
        return 0;
    raw = list = r;
    assert(span_eq(pack_read_raw(&raw), span_of(data, len)) && pack_end(&raw) == OK);
    struct pack_writer w = pack_writer_to(&again);
    copy(&r, &w);
    assert(pack_end(&r) == OK && pack_writer_status(&w) == OK);
    assert(span_eq(buf_span(&again), span_of(data, len)));
    pack_read_extensions(&list, &x);
    if (pack_end(&list) == OK) {
        buf_reset(&again);
        w = pack_writer_to(&again);
        pack_write_extensions(&w, &x);
        assert(span_eq(buf_span(&again), span_of(data, len)));
    }
    buf_clear(&again);
    return 0;
}
