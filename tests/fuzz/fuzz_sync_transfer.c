/* A transferred message: topic and message lie in the input and have their bounds. */
#include "net/sync/sync.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct span topic, message;

    if (sync_transfer_decode(span_of(data, len), &topic, &message) != OK)
        return 0;
    if (topic.len == 0 || topic.len > SYNC_TOPIC_BYTES_MAX || message.len == 0 ||
        topic.ptr < data || topic.ptr + topic.len > data + len || message.ptr < data ||
        message.ptr + message.len > data + len)
        abort();
    return 0;
}
