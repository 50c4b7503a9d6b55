/* Any bytes as a filter request, answer and push: refused or read, and what was read survives
 * encoding; the server answers whatever comes exactly once. */
#include "net/services/filter.h"
#include "net/wire/varint.h"
#include "tests/lib/testing.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void serve(struct span in)
{
    struct test_env t;
    struct filter_server *s;
    struct filter_answer a;
    struct filter_params p = {2, 3, NS_PER_S};
    struct peer_id id = {.len = 2, .bytes = {0, 1}};
    struct buf out = BUF_INIT(FILTER_ANSWER_BYTES_MAX);
    test_env_init(&t, 1);
    if (filter_server_new(&s, &t.env, &p) != OK ||
        filter_server_request(s, &t.env, 1, &id, in, &out) != OK ||
        filter_answer_decode(buf_span(&out), &a) != OK || a.status < 200 || a.status > 503)
        abort();
    buf_clear(&out);
    filter_server_free(s);
    test_env_clear(&t);
}

static void request(struct span in)
{
    struct filter_request r, back;
    const char *why;
    struct buf b = BUF_INIT(2 * FILTER_REQUEST_BYTES_MAX);
    if (filter_request_decode(in, &r, &why) != OK)
        return;
    if (filter_request_encode(&r, &b) != OK ||
        filter_request_decode(buf_span(&b), &back, &why) != OK || back.kind != r.kind ||
        back.count != r.count || !span_eq(back.request_id, r.request_id) ||
        !span_eq(back.pubsub_topic, r.pubsub_topic))
        abort();
    buf_clear(&b);
}

static void answer(struct span in)
{
    struct filter_answer a, back;
    struct buf b = BUF_INIT(in.len + 64);
    if (filter_answer_decode(in, &a) != OK)
        return;
    if (filter_answer_encode(&a, &b) != OK || filter_answer_decode(buf_span(&b), &back) != OK ||
        back.status != a.status || !span_eq(back.desc, a.desc))
        abort();
    buf_clear(&b);
}

static void push(struct span in)
{
    struct filter_push p, back;
    uint64_t len;
    size_t used;
    if (filter_push_decode(in, &p) != OK)
        return;
    struct blob *frame = filter_push_frame(&p);
    if (frame == NULL || varint_decode(blob_span(frame), &len, &used) != OK ||
        filter_push_decode(span_after(blob_span(frame), used), &back) != OK ||
        !span_eq(back.message, p.message) || !span_eq(back.pubsub_topic, p.pubsub_topic))
        abort();
    blob_unref(frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct span in = span_of(data, len);
    serve(in);
    request(in);
    answer(in);
    push(in);
    return 0;
}
