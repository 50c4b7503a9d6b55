#include "node/chat/decisions.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What is read can be said again, and any two of it are in a strict order. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct decision list[DECISIONS_MAX], same[DECISIONS_MAX];
    struct buf again = BUF_INIT(1u << 20);
    size_t count, count_again;

    if (decisions_decode(span_of(data, len), list, &count) != OK)
        return 0;
    assert(decisions_encode(list, count, &again) == OK);
    assert(decisions_decode(buf_span(&again), same, &count_again) == OK && count_again == count);
    for (size_t i = 0; i + 1 < count; i++) {
        assert(span_eq(list[i].value, same[i].value) && list[i].kind == same[i].kind);
        bool more = decision_replaces(&list[i], &list[i + 1]);
        bool less = decision_replaces(&list[i + 1], &list[i]);
        assert(!more || !less);
    }
    buf_clear(&again);
    return 0;
}
