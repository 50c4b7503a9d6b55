#include "net/wire/peer_record.h"
#include "net/wire/public_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct span in = span_of(data, len);
    struct peer_record r;
    struct public_key k;

    if (peer_record_open(in, &r) == OK)
        assert(r.count <= PEER_RECORD_ADDRS_MAX && r.id.len > 0);
    if (public_key_decode(in, &k) == OK)
        (void)!public_key_verify(in, in, span_sub(in, 0, len < 64 ? len : 64));
    return 0;
}
