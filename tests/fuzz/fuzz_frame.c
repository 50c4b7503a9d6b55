#include "net/wire/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static uint64_t digest(uint64_t sum, struct span m)
{
    sum = sum * 31 + m.len;
    for (size_t i = 0; i < m.len; i++)
        sum = sum * 31 + m.ptr[i];
    return sum;
}

/* Feed in pieces of `step` bytes; how it is cut must not change what comes out. */
static uint64_t run(struct span in, size_t step)
{
    struct frames f;
    uint64_t sum = 0;
    enum err err = ERR_MORE;

    frames_init(&f, 1000);
    while (in.len > 0 && err == ERR_MORE) {
        struct span piece = span_sub(in, 0, in.len < step ? in.len : step), m;
        in = span_after(in, piece.len);
        while ((err = frames_next(&f, &piece, &m)) == OK)
            sum = digest(sum, m);
    }
    assert(f.part.cap <= 1000 || f.part.cap <= FRAME_KEEP_BYTES);
    frames_clear(&f);
    return sum + (uint64_t)(int64_t)err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    uint64_t whole = run(span_of(data, len), len);

    assert(run(span_of(data, len), 1) == whole);
    assert(run(span_of(data, len), 7) == whole);
    return 0;
}
