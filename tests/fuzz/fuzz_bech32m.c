#include "net/wire/bech32m.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What is accepted in lower case is written again as the same text. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static uint8_t out[BECH32M_BYTES_MAX];
    static char again[BECH32M_CHARS(5, BECH32M_BYTES_MAX)];
    size_t n;

    if (bech32m_decode("sotto", span_of(data, len), out, sizeof out, &n) != OK)
        return 0;
    bech32m_encode("sotto", span_of(out, n), again);
    assert(strlen(again) == len);
    for (size_t i = 0; i < len; i++)
        assert((data[i] | 32) == (again[i] | 32));
    return 0;
}
