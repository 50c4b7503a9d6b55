#include "net/wire/protobuf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static uint64_t sum; /* so that every byte handed out is read */

static void walk(struct span in, int depth)
{
    struct pb p = pb_of(in);
    uint64_t v;

    for (struct pb_field f; pb_next(&p, &f);) {
        struct pb q = pb_of(in); /* asking for the wrong type poisons only this one */
        sum += pb_u64(&q, &f) + pb_u32(&q, &f) + (uint64_t)pb_sint64(&q, &f) + pb_bool(&q, &f);
        q.failed = false;
        for (struct pb_list l = pb_list(&q, &f); pb_list_next(&q, &l, &v);)
            sum += v;
        if (f.wire != PB_BYTES)
            continue;
        for (size_t i = 0; i < f.bytes.len; i++)
            sum += f.bytes.ptr[i];
        if (depth < 4)
            walk(f.bytes, depth + 1);
    }
    if (pb_status(&p) == OK)
        sum++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    walk(span_of(data, len), 0);
    return 0;
}
