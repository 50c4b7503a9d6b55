#include "net/wire/bases.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void base58(struct span in)
{
    uint8_t bytes[BASE58_BYTES_MAX];
    char text[BASE58_CHARS(BASE58_BYTES_MAX)];
    size_t n;

    if (base58_decode(in, bytes, sizeof bytes, &n) == OK) {
        base58_encode(span_of(bytes, n), text);
        assert(span_eq(span_str(text), in));
    }
}

/* What is decoded is encoded to the same text, whatever the case of base 32 was. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct span in = span_of(data, len);
    uint8_t *bytes = malloc(len + 1);
    char *text = malloc(2 * len + 2);
    size_t n;

    if (bytes == NULL || text == NULL)
        abort();
    base58(in);
    if (base32_decode(in, bytes, &n) == OK) {
        base32_encode(span_of(bytes, n), text);
        assert(strlen(text) == len);
    }
    if (base64url_decode(in, bytes, &n) == OK) {
        base64url_encode(span_of(bytes, n), text);
        assert(span_eq(span_str(text), in));
    }
    free(bytes);
    free(text);
    return 0;
}
