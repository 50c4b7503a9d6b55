#include "node/chat/profile/pairing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* An offer as text and a finish as bytes; the messages between them are read by the same code. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static char text[PAIR_TEXT_MAX];
    struct pair_offer offer, same;
    struct identity_log *log = NULL;
    struct span blob;

    if (len > 0 && len <= PAIR_OFFER_MAX) {
        bech32m_encode("sottopair", span_of(data, len), text);
        if (pair_offer_parse(span_str(text), &offer) == OK) {
            assert(pair_offer_text(&offer, text) == OK);
            assert(pair_offer_parse(span_str(text), &same) == OK);
            assert(memcmp(&offer, &same, sizeof offer) == 0);
        }
    }
    if (pair_finished(span_of(data, len), &log, &blob) == OK)
        assert(blob.len > 0 && blob.len < len);
    identity_log_free(log);
    return 0;
}
