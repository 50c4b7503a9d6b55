#include "net/wire/peer_id.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void survives_text(const struct peer_id *id)
{
    char text[PEER_ID_TEXT_MAX];
    struct peer_id again;

    peer_id_text(id, text);
    enum err err = peer_id_parse(span_str(text), &again);
    assert(err == OK && peer_id_eq(id, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct peer_id id;

    if (peer_id_from_bytes(span_of(data, len), &id) == OK)
        survives_text(&id);
    if (peer_id_parse(span_of(data, len), &id) == OK)
        survives_text(&id);
    if (len > 0)
        peer_id_from_key(span_of(data, len), &id);
    return 0;
}
