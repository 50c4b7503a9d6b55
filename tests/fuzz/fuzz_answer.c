#include "node/chat/commits/answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What is accepted has one encoding; parts go where they belong and nowhere else. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct buf again = BUF_INIT(ANSWER_BYTES_MAX);
    struct answer_parts parts = {0};
    struct answer_part part;
    struct answer answer;

    if (answer_part_decode(span_of(data, len), &part) == OK) {
        assert(answer_part_encode(&part, &again) == OK);
        assert(span_eq(buf_span(&again), span_of(data, len)));
        if (answer_parts_begin(&parts, &part) == OK) {
            assert(answer_parts_add(&parts, &part) == OK);
            assert(answer_parts_add(&parts, &part) == ERR_EXISTS);
            struct span whole = answer_parts_whole(&parts);
            assert(part.count == 1 ? span_eq(whole, part.bytes) : whole.len == 0);
        }
        answer_parts_clear(&parts);
    }
    buf_reset(&again);
    if (answer_decode(span_of(data, len), &answer) == OK) {
        assert(answer_encode(&answer, &again) == OK);
        assert(span_eq(buf_span(&again), span_of(data, len)));
    }
    buf_clear(&again);
    return 0;
}
