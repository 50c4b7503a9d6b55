#include "node/chat/profile_data.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Whatever is read as group data is written again byte for byte; a credential and heads are when
 * they hold no extensions, which ours never do. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct span in = span_of(data, len);
    struct buf again = BUF_INIT(1u << 16);
    struct profile_credential c;
    struct profile_data d;
    struct profile_heads h;

    if (profile_data_decode(in, &d) == OK) {
        assert(profile_data_encode(&d, &again) == OK);
        assert(span_eq(buf_span(&again), in));
    }
    buf_reset(&again);
    if (profile_credential_decode(in, &c) == OK)
        assert(profile_credential_encode(&c, &again) == OK && again.len <= len);
    buf_reset(&again);
    if (profile_heads_decode(in, &h) == OK)
        assert(profile_heads_encode(&h, &again) == OK && again.len <= len);
    buf_clear(&again);
    return 0;
}
