/* Any bytes as a request: refused or read, and what was read survives encoding. The server answers
 * whatever comes exactly once. */
#include "net/services/store_query.h"
#include "tests/lib/testing.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void serve(struct span in)
{
    struct test_env t;
    struct store_server *s;
    struct store_server_out o;
    static struct store_answer answer;
    test_env_init(&t, 1);
    if (store_server_new(&s, &t.env) != OK || store_server_request(s, &t.env, 1, 2, in) != OK)
        abort();
    if (!store_server_poll(s, &o))
        abort();
    if (o.kind == STORE_SERVER_QUERY) {
        if (store_server_answer(s, &t.env, o.ticket, &answer) != OK || !store_server_poll(s, &o))
            abort();
    }
    if (o.kind != STORE_SERVER_ANSWER || store_answer_decode(blob_span(o.bytes), &answer) != OK)
        abort();
    blob_unref(o.bytes);
    memset(&answer, 0, sizeof answer);
    store_server_free(s);
    test_env_clear(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct store_query q, back;
    const char *why;
    struct span in = span_of(data, len);
    serve(in);
    if (store_query_decode(in, &q, &why) != OK)
        return 0;
    struct buf bytes = BUF_INIT(2 * STORE_QUERY_REQUEST_BYTES_MAX);
    if (store_query_encode(&q, &bytes) != OK)
        abort();
    if (store_query_decode(buf_span(&bytes), &back, &why) == OK) {
        if (back.hashes_count != q.hashes_count || back.limit != q.limit ||
            back.content_topics_count != q.content_topics_count ||
            !span_eq(back.request_id, q.request_id) || back.time_end_ns != q.time_end_ns)
            abort();
        store_query_clear(&back);
    }
    store_query_clear(&q);
    buf_clear(&bytes);
    return 0;
}
