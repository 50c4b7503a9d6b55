#include "node/chat/commits/ticket.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Whatever is accepted has exactly one encoding, and its signature can be judged. */
#define OBJECT(name)                                                                               \
    static void try_##name(struct span in)                                                         \
    {                                                                                              \
        struct buf again = BUF_INIT(65536);                                                        \
        struct name o;                                                                             \
        if (name##_decode(in, &o) == OK) {                                                         \
            assert(name##_encode(&o, &again) == OK);                                               \
            assert(span_eq(buf_span(&again), in));                                                 \
            enum err err = name##_verify(&o);                                                      \
            assert(err == OK || err == ERR_AUTH);                                                  \
        }                                                                                          \
        buf_clear(&again);                                                                         \
    }

OBJECT(ticket)
OBJECT(acks)
OBJECT(withdrawal)
OBJECT(beacon)
OBJECT(rejoin)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    try_ticket(span_of(data, len));
    try_acks(span_of(data, len));
    try_withdrawal(span_of(data, len));
    try_beacon(span_of(data, len));
    try_rejoin(span_of(data, len));
    return 0;
}
