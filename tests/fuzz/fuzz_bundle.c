#include "node/chat/intro/found.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Any bytes as the body of a stamped message, and as a part: what is accepted is written again as
 * it stood. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const uint8_t account[ACCOUNT_ID_BYTES];
    struct buf again = BUF_INIT(BUNDLE_BYTES_MAX);
    struct span in = span_of(data, len);
    struct found *f;
    struct bundle b;
    struct part p;
    struct intro i;

    if (bundle_decode(in, &b) == OK)
        assert(bundle_encode(&b, &again) == OK && span_eq(buf_span(&again), in));
    buf_reset(&again);
    if (part_decode(in, &p) == OK)
        assert(part_encode(&p, &again) == OK && span_eq(buf_span(&again), in));
    (void)intro_decode(in, &i);
    if (found_new(account, &f) == OK) {
        (void)found_add(f, in);
        found_free(f);
    }
    buf_clear(&again);
    return 0;
}
