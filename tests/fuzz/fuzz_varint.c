#include "net/wire/varint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A number that was read is written back as the same bytes: the form is the only one. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    uint8_t again[PB_VARINT_BYTES_MAX];
    uint64_t v;
    size_t used;

    if (varint_decode(span_of(data, len), &v, &used) != OK)
        return 0;
    assert(used <= len && used == varint_encode(v, again) && used == varint_size(v));
    assert(memcmp(again, data, used) == 0);
    return 0;
}
