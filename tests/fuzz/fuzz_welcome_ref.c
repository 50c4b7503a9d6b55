#include "node/chat/envelope/params.h"
#include "node/chat/profile/welcome_ref.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A reference that is accepted is within its bounds; without extensions, which are dropped, it is
 * written again byte for byte. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct buf again = BUF_INIT(1024);
    struct welcome_ref r, same;

    if (welcome_ref_decode(span_of(data, len), &r) == OK) {
        assert(welcome_ref_is(span_of(data, len)));
        assert(r.size >= 1 && r.size <= WELCOME_REF_BYTES_MAX);
        assert(welcome_ref_encode(&r, &again) == OK);
        assert(welcome_ref_decode(buf_span(&again), &same) == OK && again.len <= len);
        assert(same.size == r.size && memcmp(same.key, r.key, sizeof r.key) == 0);
    }
    buf_clear(&again);
    return 0;
}
