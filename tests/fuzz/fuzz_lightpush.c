/* First byte: version, and what the rest is. As a request: the server answers it exactly once, and
 * what was read survives encoding. As an answer: the client is done once. */
#include "net/services/lightpush.h"
#include "tests/lib/testing.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool fine)
{
    if (!fine)
        abort();
}

static void serve(struct test_env *t, enum lightpush_version v, struct span in)
{
    struct lightpush_server *s;
    struct lightpush_server_out o;
    struct lightpush_answer a;
    struct lightpush_result fine = {
        .status = LIGHTPUSH_STATUS_OK, .has_relay_peers = true, .relay_peers = 1};
    must(lightpush_server_new(&s, &t->env) == OK);
    must(lightpush_server_request(s, &t->env, v, 1, 2, in) == OK && lightpush_server_poll(s, &o));
    if (o.kind == LIGHTPUSH_SERVER_PUSH)
        must(lightpush_server_answer(s, o.ticket, &fine) == OK && lightpush_server_poll(s, &o));
    must(o.kind == LIGHTPUSH_SERVER_ANSWER &&
         lightpush_codecs[v].read_answer(blob_span(o.bytes), &a) == OK);
    blob_unref(o.bytes);
    must(!lightpush_server_poll(s, &o));
    lightpush_server_free(s);
}

static void again(enum lightpush_version v, struct span in)
{
    struct lightpush_request r, back;
    const char *why = NULL;
    struct buf bytes = BUF_INIT(2 * LIGHTPUSH_REQUEST_BYTES_MAX);
    if (lightpush_codecs[v].read_request(in, &r, &why) != OK) {
        must(why != NULL);
        return;
    }
    must(lightpush_codecs[v].write_request(&r, &bytes) == OK);
    must(lightpush_codecs[v].read_request(buf_span(&bytes), &back, &why) == OK);
    must(span_eq(r.message, back.message) && span_eq(r.pubsub_topic, back.pubsub_topic) &&
         span_eq(r.request_id, back.request_id));
    buf_clear(&bytes);
}

static void ask(struct test_env *t, enum lightpush_version v, struct span in)
{
    struct lightpush_client *c;
    struct lightpush_client_out o;
    must(lightpush_client_new(&c, &t->env) == OK);
    must(lightpush_client_push(c, &t->env, 1, v, SPAN_LIT("t"), SPAN_LIT("m")) == OK);
    must(lightpush_client_poll(c, &o) && o.kind == LIGHTPUSH_CLIENT_REQUEST);
    blob_unref(o.bytes);
    lightpush_client_answer(c, 1, in);
    must(lightpush_client_poll(c, &o) && o.kind == LIGHTPUSH_CLIENT_DONE);
    must(memchr(o.result.desc, '\0', sizeof o.result.desc) != NULL);
    must(!lightpush_client_poll(c, &o));
    lightpush_client_free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct test_env t;
    if (len == 0)
        return 0;
    enum lightpush_version v = (data[0] & 1) == 0 ? LIGHTPUSH_V3 : LIGHTPUSH_V2;
    struct span in = span_of(data + 1, len - 1);
    test_env_init(&t, 1);
    if ((data[0] & 2) == 0) {
        serve(&t, v, in);
        again(v, in);
    } else {
        ask(&t, v, in);
    }
    test_env_clear(&t);
    return 0;
}
