/* net/mplex as decoder and engine: see tests/lib/muxfuzz.h. */
#include "net/mplex/mplex.h"
#include "tests/lib/muxfuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    return mux_fuzz(&muxer_mplex, data, len);
}
