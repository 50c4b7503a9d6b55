/* Reconciliation payloads: what is read ascends, lies in its range, and comes back the same after
 * writing. */
#include "net/sync/payload.h"
#include "tests/lib/testing.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void copy_set(const struct range *r, struct buf *items)
{
    struct items i = r->items;
    struct sync_id id;
    int64_t before = 0;
    size_t n = 0;

    buf_reset(items);
    for (; items_next(&i, &id); n++, before = id.time_ns)
        if (sync_id_cmp(&id, &r->lower) < 0 || sync_id_cmp(&id, &r->upper) >= 0 ||
            items_put(items, &id, before) != OK)
            abort();
    if (n != r->items.count)
        abort();
}

static enum err rewrite(struct payload_reader *r, struct payload_writer *w, struct buf *items)
{
    struct range g;
    enum err err;

    while ((err = payload_range(r, &g)) == OK) {
        if (sync_id_cmp(&g.lower, &g.upper) >= 0)
            abort();
        if (g.kind == RANGE_SKIP) {
            payload_skip(w, &g.upper);
        } else if (g.kind == RANGE_FINGERPRINT) {
            if (payload_fingerprint(w, &g.upper, g.fingerprint) != OK)
                abort();
        } else {
            copy_set(&g, items);
            if (payload_items(w, &g.upper, buf_span(items), g.items.count, g.resolved) != OK)
                abort();
        }
    }
    return err;
}

static struct buf again(struct span in, uint16_t cluster, bool *whole)
{
    struct buf out = BUF_INIT(1u << 22), items = BUF_INIT(1u << 22);
    struct payload_reader r;
    struct payload_writer w;
    struct scope s;

    *whole = payload_open(in, cluster, &s, &r) == OK;
    if (*whole) {
        s.contents_count = 0;
        payload_begin(&w, &out, cluster, &s, &r.bound);
        *whole = rewrite(&r, &w, &items) == ERR_MORE && payload_end(&w) == OK;
    }
    buf_clear(&items);
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    bool whole;
    struct buf first = again(span_of(data, len), 66, &whole);

    if (whole && first.len > 1) {
        struct buf second = again(buf_span(&first), 66, &whole);
        if (!whole || !span_eq(buf_span(&first), buf_span(&second)))
            abort();
        buf_clear(&second);
    }
    buf_clear(&first);
    return 0;
}
