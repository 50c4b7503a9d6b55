/* Answers that go on: server-sent events, in chunks. The api gives bytes, the socket tells when it
 * has taken them; a client that stops reading costs what the api holds for it, and no more. */
#include "node/evio/http_inside.h"

#include <event2/buffer.h>
#include <limits.h>

/* evhttp's output buffer is empty. */
static void on_drained(struct evhttp_connection *connection, void *arg)
{
    struct client *c = arg;
    size_t n = c->unsent;
    (void)connection;

    evio_wake(c->http->evio);
    c->unsent = 0;
    api_stream_sent(c->http->api, evio_env(c->http->evio), c->ticket, n);
    evio_touch(c->http->evio); /* there is room for more */
}

void stream_begin(struct client *c, const struct api_response *r)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(c->request);

    http_add_headers(c->request, r);
    evhttp_add_header(headers, "Cache-Control", "no-store");
    c->stream = true;
    c->unsent = 0;
    evhttp_connection_set_timeout(c->connection, INT_MAX / 1000); /* the api knows who is silent */
    evhttp_send_reply_start(c->request, r->status, NULL);
}

static void end(struct client *c)
{
    struct evhttp_connection *connection = c->connection;

    c->stream = false;
    evhttp_send_reply_end(c->request);
    c->request = NULL;
    evhttp_connection_free(connection); /* one that does not read would never take the end */
}

static void write_some(struct client *c, struct span bytes)
{
    struct evbuffer *chunk = evbuffer_new();

    if (chunk == NULL || evbuffer_add(chunk, bytes.ptr, bytes.len) != 0) {
        log_unusual(evio_env(c->http->evio), "http", "stream ended: memory is out");
        api_gone(c->http->api, c->ticket);
        end(c);
    } else {
        c->unsent += bytes.len;
        evhttp_send_reply_chunk_with_cb(c->request, chunk, on_drained, c);
    }
    if (chunk != NULL)
        evbuffer_free(chunk);
}

void http_stream(struct http *h)
{
    struct api_stream_out out;

    api_stream_pump(h->api, evio_env(h->evio));
    while (api_stream_poll(h->api, &out)) {
        struct client *c = clients_waiting(h, out.ticket);
        if (c == NULL || !c->stream)
            api_gone(h->api, out.ticket);
        else if (out.close)
            end(c);
        else
            write_some(c, out.bytes);
    }
}
