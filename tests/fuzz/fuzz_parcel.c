#include "node/chat/delivery/parcel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What is accepted as a parcel is the one form of it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct parcel p;
    struct buf again = BUF_INIT(PARCEL_BYTES_MAX);

    if (parcel_decode(span_of(data, len), &p) != OK)
        return 0;
    enum err err = parcel_encode(&p, &again);
    assert(err == OK && span_eq(buf_span(&again), span_of(data, len)));
    buf_clear(&again);
    return 0;
}
