/* Content topics and pubsub topics as strangers write them. */
#include "net/waku/waku.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct span text = span_of(data, len);
    struct waku_content_topic t;
    struct waku_shard s;
    char out[WAKU_SHARD_TEXT_MAX];

    if (waku_content_topic_parse(text, &t) == OK) {
        if (t.application.len == 0 || t.version.len == 0 || t.name.len == 0 || t.encoding.len == 0)
            abort();
        if (waku_autoshard(text, 66, 8, &s) == OK && (s.index >= 8 || t.generation != 0))
            abort();
    }
    if (waku_shard_parse(text, &s) == OK) {
        size_t n = waku_shard_text(s, out);
        if (!span_eq(text, span_of(out, n))) /* one shard, one text */
            abort();
    }
    return 0;
}
