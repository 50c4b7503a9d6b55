/* Messages of rendezvous, and the meeting point that is sent them: what decodes, encodes to what
 * decodes to the same; the house stays within its bounds. */
#include "net/reach/rendezvous.h"
#include "tests/lib/testing.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void same(const struct rendezvous_message *a, const struct rendezvous_message *b)
{
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->status, b->status);
    assert_int_equal(a->count, b->count);
    assert_span_equal(a->cookie, b->cookie);
    assert_span_equal(a->registration.ns, b->registration.ns);
    for (size_t i = 0; i < a->count; i++)
        assert_span_equal(a->registrations[i].record, b->registrations[i].record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct rendezvous_message *m = calloc(2, sizeof *m);
    struct buf out = BUF_INIT(4u << 20);
    struct rendezvous_server *s;
    struct test_env t;
    struct peer_id from = {.len = 3, .bytes = {0, 1, 1}};

    if (rendezvous_decode(span_of(data, len), &m[0]) == OK) {
        assert_ok(rendezvous_encode(&m[0], &out));
        assert_ok(rendezvous_decode(buf_span(&out), &m[1]));
        same(&m[0], &m[1]);
    }
    buf_reset(&out);
    test_env_init(&t, 1);
    assert_ok(rendezvous_server_new(&s, &t.env, &envelope_peer_record));
    for (int i = 0; i < 2; i++)
        (void)!rendezvous_server_request(s, &t.env, &from, span_of(data, len), &out);
    rendezvous_server_free(s);
    test_env_clear(&t);
    buf_clear(&out);
    free(m);
    return 0;
}
