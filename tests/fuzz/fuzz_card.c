#include "node/chat/intro/card.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Any bytes behind a sound checksum: what is accepted is a card that says the same again, but for
 * extensions, which a card of ours has none of. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static char text[CARD_TEXT_MAX], again[CARD_TEXT_MAX];
    struct buf keep = BUF_INIT(CARD_BYTES_MAX);
    struct card card, same;
    struct envelope_keys keys;

    if (len > CARD_BYTES_MAX)
        return 0;
    bech32m_encode("sottocard", span_of(data, len), text);
    if (card_parse(span_str(text), &card, &keep) == OK) {
        struct buf second = BUF_INIT(CARD_BYTES_MAX);
        card_keys(&card, 1, &keys);
        assert(card_text(&card, again) == OK && card_parse(span_str(again), &same, &second) == OK);
        assert(memcmp(card.account, same.account, 32) == 0 && card.hints_count == same.hints_count);
        buf_clear(&second);
    }
    buf_clear(&keep);
    return 0;
}
