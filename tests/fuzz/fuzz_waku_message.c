/* WakuMessage: what can be read can be written and read again, and hashes the same. */
#include "net/waku/waku.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct waku_message m, again;
    struct buf b = BUF_INIT(len + 256);
    uint8_t one[32], two[32];

    (void)waku_relay_verdict(span_of(data, len), WAKU_MESSAGE_BYTES_MAX, &m);
    if (waku_message_decode(span_of(data, len), &m) != OK)
        return 0;
    (void)waku_archivable(&m, (struct wall){0});
    if (waku_message_encode(&m, &b) != OK || waku_message_decode(buf_span(&b), &again) != OK)
        abort();
    waku_message_hash(SPAN_LIT("/waku/2/rs/0/0"), &m, one);
    waku_message_hash(SPAN_LIT("/waku/2/rs/0/0"), &again, two);
    if (memcmp(one, two, 32) != 0 || m.ephemeral != again.ephemeral || m.version != again.version ||
        !span_eq(m.proof, again.proof))
        abort();
    buf_clear(&b);
    return 0;
}
