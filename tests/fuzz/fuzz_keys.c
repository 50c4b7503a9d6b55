/* What a terminal sends, in one piece or byte by byte, gives the same keys; texts are valid. */
#include "node/evio/terminal_inside.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static size_t all(const uint8_t *data, size_t len, size_t step, struct buf *kinds)
{
    struct keys k;
    struct tui_key key;
    size_t count = 0;
    keys_init(&k);
    for (size_t at = 0; at <= len; at += step) {
        enum err err = keys_feed(&k, span_of(data + at, step < len - at ? step : len - at));
        assert(err == OK);
        while (keys_next(&k, false, &key)) {
            uint8_t kind = (uint8_t)key.kind;
            assert(key.kind != TUI_KEY_TEXT || key.text.len > 0);
            err = buf_append(kinds, span_of(&kind, 1));
            assert(err == OK && (err = buf_append(kinds, key.text)) == OK);
            count++;
        }
    }
    while (keys_next(&k, true, &key))
        count++;
    keys_clear(&k);
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct buf whole = BUF_INIT(1u << 20), bytes = BUF_INIT(1u << 20);
    len = len > 4096 ? 4096 : len;
    if (len > 0) {
        size_t a = all(data, len, len, &whole), b = all(data, len, 1, &bytes);
        assert(a == b && span_eq(buf_span(&whole), buf_span(&bytes)));
    }
    buf_clear(&whole);
    buf_clear(&bytes);
    return 0;
}
