/* The first byte chooses role and piece length, the rest is what the other side says. */
#include "net/multistream/multistream.h"

#include <stdlib.h>

static const char *const protocols[] = {"/yamux/1.0.0", "/mplex/6.7.0", "/noise", NULL};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct buf out = BUF_INIT(MULTISTREAM_OUT_BYTES_MAX);
    struct multistream m;
    enum err err = ERR_MORE;

    if (len < 1)
        return 0;
    size_t piece = data[0] >> 1;
    struct span in = span_of(data + 1, len - 1);
    if (data[0] & 1)
        multistream_listen(&m, protocols);
    else if (multistream_dial(&m, protocols, &out) != OK)
        abort();
    while (err == ERR_MORE && in.len > 0) {
        size_t used, n = piece > 0 && piece < in.len ? piece : in.len;
        err = multistream_feed(&m, span_sub(in, 0, n), &used, &out);
        if (used > n || (err == ERR_MORE && used != n) || (err == OK && m.chosen == NULL))
            abort();
        in = span_after(in, used);
    }
    multistream_clear(&m);
    buf_clear(&out);
    return 0;
}
