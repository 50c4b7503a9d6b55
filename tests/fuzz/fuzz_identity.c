#include "node/chat/identity/identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* An event that is accepted has one encoding; a log that is accepted is one that we would send. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct identity_event e;
    struct identity_log *log;
    struct buf again = BUF_INIT(IDENTITY_SENT_BYTES_MAX);

    if (identity_event_decode(span_of(data, len), &e) == OK) {
        assert(identity_event_encode(&e, &again) == OK);
        assert(span_eq(buf_span(&again), span_of(data, len)));
        buf_reset(&again);
    }
    if (identity_log_read(span_of(data, len), &log) == OK) {
        assert(identity_log_write(log, &again) == OK);
        identity_log_free(log);
    }
    buf_clear(&again);
    return 0;
}
