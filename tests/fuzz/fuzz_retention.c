#include "store/retention.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct retention r;
    if (retention_parse(span_of(data, len), &r) == OK && r.time_ns < 0)
        abort();
    return 0;
}
