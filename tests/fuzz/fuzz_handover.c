#include "node/chat/handover.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What is read can be handed over again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct handover h, same;
    struct buf again = BUF_INIT(2 * HANDOVER_BYTES_MAX);

    if (handover_decode(span_of(data, len), &h) != OK)
        return 0;
    assert(handover_encode(&h, &again) == OK);
    assert(handover_decode(buf_span(&again), &same) == OK);
    assert(same.contacts_count <= h.contacts_count && span_eq(same.decisions, h.decisions));
    for (size_t i = 0; i < same.contacts_count; i++)
        assert(same.contacts[i].consent == h.contacts[i].consent &&
               span_eq(same.contacts[i].name, h.contacts[i].name));
    handover_clear(&same);
    handover_clear(&h);
    buf_clear(&again);
    return 0;
}
