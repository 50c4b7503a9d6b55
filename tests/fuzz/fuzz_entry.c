#include "node/chat/delivery/entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What is accepted as an entry is the one form of it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const struct entry_author author;
    struct entry e;
    struct entry_id id;
    struct buf again = BUF_INIT(ENTRY_BYTES_MAX);

    if (entry_decode(span_of(data, len), &e) != OK)
        return 0;
    enum err err = entry_encode(&e, &again);
    assert(err == OK && span_eq(buf_span(&again), span_of(data, len)));
    assert(entry_id_of(&e, SPAN_LIT("c"), &author, &id) == OK);
    assert(entry_verify(&e, SPAN_LIT("c"), &author) == ERR_AUTH);
    buf_clear(&again);
    return 0;
}
