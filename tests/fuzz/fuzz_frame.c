#include "node/chat/envelope/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A list that is accepted is written again byte for byte, unknown kinds included. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct buf again = BUF_INIT(1u << 18);
    struct frames f;

    if (frames_decode(span_of(data, len), &f) == OK) {
        assert(f.count >= 1 && f.count <= FRAMES_MAX);
        assert(frames_encode(&f, &again) == OK);
        assert(span_eq(buf_span(&again), span_of(data, len)));
    } else {
        assert(f.count == 0);
    }
    buf_clear(&again);
    return 0;
}
