/* Requests and answers of peer exchange; what decodes, encodes to what decodes to the same. */
#include "net/services/peer_exchange.h"
#include "tests/lib/testing.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct px_answer *answer = calloc(2, sizeof *answer);
    struct buf again = BUF_INIT(2u << 20);
    uint64_t count;

    if (px_request_decode(span_of(data, len), &count) == OK) {
        assert_ok(px_request_encode(count, &again));
        uint64_t same = 0;
        assert_ok(px_request_decode(buf_span(&again), &same));
        assert_int_equal(same, count);
    }
    buf_reset(&again);
    if (px_answer_decode(span_of(data, len), answer) == OK) {
        assert_ok(px_answer_encode(answer, &again));
        assert_ok(px_answer_decode(buf_span(&again), answer + 1));
        assert_int_equal(answer[1].count, answer->count);
        assert_int_equal(answer[1].status, answer->status);
        for (size_t i = 0; i < answer->count; i++)
            assert_span_equal(answer[1].records[i], answer->records[i]);
    }
    buf_clear(&again);
    free(answer);
    return 0;
}
