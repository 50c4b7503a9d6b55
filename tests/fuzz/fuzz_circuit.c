/* Circuit relay v2: the first byte says which message; what can be read comes back the same after
 * writing. */
#include "net/reach/reach.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    enum circuit_protocol protocol = len > 0 && data[0] & 1 ? CIRCUIT_STOP : CIRCUIT_HOP;
    struct span in = len > 0 ? span_of(data + 1, len - 1) : SPAN_EMPTY;
    struct circuit_message m, again;
    struct peer_id id = {.len = 36, .bytes = {0x00, 0x22}};
    struct buf b = BUF_INIT(4 * CIRCUIT_MESSAGE_MAX);

    if (circuit_voucher_check(in, &id, &id) == OK && in.len < 2 * (size_t)id.len)
        abort();
    if (circuit_decode(protocol, in, &m) != OK)
        return 0;
    if (circuit_encode(protocol, &m, &b) != OK)
        abort();
    if (b.len <= CIRCUIT_MESSAGE_MAX &&
        (circuit_decode(protocol, buf_span(&b), &again) != OK || again.type != m.type ||
         again.has_peer != m.has_peer || !span_eq(again.peer_id, m.peer_id) ||
         again.has_limit != m.has_limit || again.limit.bytes != m.limit.bytes ||
         again.addrs_count != (protocol == CIRCUIT_HOP ? m.addrs_count : 0)))
        abort();
    buf_clear(&b);
    return 0;
}
