/* Metadata: what can be read comes back the same after writing. */
#include "net/waku/waku.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct waku_metadata m, again;
    struct buf b = BUF_INIT(METADATA_BYTES_MAX);

    if (waku_metadata_decode(span_of(data, len), &m) != OK)
        return 0;
    if (waku_metadata_encode(&m, &b) != OK || waku_metadata_decode(buf_span(&b), &again) != OK ||
        again.count != m.count || again.has_cluster != m.has_cluster ||
        again.cluster != m.cluster ||
        memcmp(again.shards, m.shards, m.count * sizeof *m.shards) != 0)
        abort();
    buf_clear(&b);
    return 0;
}
