#include "net/wire/rlp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What was read, written again, is what was read: there is one encoding. */
static void copy(struct reader *r, struct writer *w, unsigned depth)
{
    while (rlp_more(r)) {
        struct rlp_item item = read_rlp(r);
        if (r->failed)
            return;
        struct reader inner = reader_of(item.body);
        size_t begun = w->out->len;
        if (item.is_list && depth < 8) {
            begun = rlp_begin(w);
            copy(&inner, w, depth + 1);
            rlp_end(w, begun);
        } else if (!item.is_list) {
            write_rlp_bytes(w, item.body);
        }
        if (!inner.failed && depth < 8)
            assert(span_eq(span_after(buf_span(w->out), begun), item.whole));
        else if (inner.failed)
            r->failed = true;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct buf out = BUF_INIT(1u << 20);
    struct writer w = writer_to(&out);
    struct reader r = reader_of(span_of(data, len)), number = r, list = r;

    if (len > 65536)
        return 0;
    copy(&r, &w, 0);
    (void)read_rlp_uint(&number);
    (void)read_rlp_list(&list);
    buf_clear(&out);
    return 0;
}
