#include "node/chat/delivery/content.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Known content is within its bounds, so it can be said again; foreign content stands as it stood.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct content c, same;
    struct buf again = BUF_INIT(ENTRY_CONTENT_MAX);

    if (content_decode(span_of(data, len), &c) != OK)
        return 0;
    if (c.known) {
        assert(content_encode(&c, &again) == OK);
        assert(content_decode(buf_span(&again), &same) == OK && same.known);
        assert(same.tag == c.tag && span_eq(same.text, c.text) && same.size == c.size);
    } else if (c.domain != CONTENT_DOMAIN) {
        assert(content_encode_foreign(&c, &again) == OK);
        assert(span_eq(buf_span(&again), span_of(data, len)));
    }
    assert(c.known || (!content_passes(&c) && !content_changes(&c)));
    buf_clear(&again);
    return 0;
}
