/* evhttp onto node/api. */
#include "node/evio/http_inside.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/keyvalq_struct.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

/* evhttp owns the argument of its listeners' callbacks, so one of ours finds its http here. */
static struct http *all;

static enum api_method method_of(struct evhttp_request *request)
{
    switch ((int)evhttp_request_get_command(request)) {
    case EVHTTP_REQ_GET:
        return API_GET;
    case EVHTTP_REQ_POST:
        return API_POST;
    case EVHTTP_REQ_PUT:
        return API_PUT;
    case EVHTTP_REQ_DELETE:
        return API_DELETE;
    case EVHTTP_REQ_OPTIONS:
        return API_OPTIONS;
    default:
        return API_OTHER;
    }
}

static struct span header(struct evhttp_request *request, const char *name)
{
    const char *text = evhttp_find_header(evhttp_request_get_input_headers(request), name);
    return text == NULL ? SPAN_EMPTY : span_str(text);
}

/* ---- answers ---- */

static void body_sent(const void *data, size_t len, void *arg)
{
    struct buf *body = arg;
    (void)data, (void)len;
    buf_clear(body);
    free(body);
}

/* The body goes to the socket from where it is. */
static void give_body(struct evbuffer *out, struct buf *body)
{
    struct buf *kept = body->len > 0 ? malloc(sizeof *kept) : NULL;
    if (kept == NULL)
        return;
    *kept = BUF_INIT(0);
    buf_move(kept, body);
    if (evbuffer_add_reference(out, kept->ptr, kept->len, body_sent, kept) != 0)
        body_sent(NULL, 0, kept);
}

void http_add_headers(struct evhttp_request *request, const struct api_response *r)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    evhttp_add_header(headers, "Content-Type", r->type);
    evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
    if (r->allow != NULL)
        evhttp_add_header(headers, "Allow", r->allow);
    if (r->allow_origin[0] == '\0')
        return;
    evhttp_add_header(headers, "Access-Control-Allow-Origin", r->allow_origin);
    evhttp_add_header(headers, "Vary", "Origin");
    evhttp_add_header(headers, "Access-Control-Allow-Headers",
                      "Content-Type, Authorization, Last-Event-ID");
    if (r->allow != NULL)
        evhttp_add_header(headers, "Access-Control-Allow-Methods", r->allow);
}

static void reply(struct evhttp_request *request, struct api_response *r)
{
    struct evbuffer *body = evbuffer_new();
    http_add_headers(request, r);
    if (body != NULL)
        give_body(body, &r->body);
    evhttp_send_reply(request, r->status, NULL, body);
    if (body != NULL)
        evbuffer_free(body);
    api_response_clear(r);
}

void http_flush(struct http *h)
{
    uint64_t ticket;
    struct api_response r;
    while (api_poll(h->api, &ticket, &r)) {
        struct client *c = clients_waiting(h, ticket);
        if (c == NULL) {
            api_response_clear(&r);
            continue;
        }
        struct evhttp_request *request = c->request;
        clients_answered(c);
        reply(request, &r);
    }
}

/* ---- requests ---- */

static void wait_for(struct http *h, struct client *c, struct evhttp_request *request,
                     uint64_t ticket)
{
    if (c == NULL) {
        api_gone(h->api, ticket);
        evhttp_send_error(request, 503, NULL);
        return;
    }
    c->request = request;
    c->ticket = ticket;
}

static void on_request(struct evhttp_request *request, void *arg)
{
    struct http *h = arg;
    struct evbuffer *in = evhttp_request_get_input_buffer(request);
    size_t len = evbuffer_get_length(in);
    struct api_request rq = {.method = method_of(request),
                             .target = span_str(evhttp_request_get_uri(request)),
                             .host = header(request, "Host"),
                             .origin = header(request, "Origin"),
                             .fetch_site = header(request, "Sec-Fetch-Site"),
                             .content_type = header(request, "Content-Type"),
                             .authorization = header(request, "Authorization"),
                             .last_event_id = header(request, "Last-Event-ID"),
                             .body = len == 0 ? SPAN_EMPTY : span_of(evbuffer_pullup(in, -1), len)};
    struct api_response r = {0};
    uint64_t ticket = ++h->next_ticket;
    struct client *c = clients_find(h, request);
    evio_wake(h->evio);
    if (api_request(h->api, evio_env(h->evio), ticket, &rq, &r)) {
        if (c != NULL)
            clients_answered(c);
        reply(request, &r);
    } else {
        wait_for(h, c, request, ticket);
        if (r.stream && c != NULL)
            stream_begin(c, &r);
        api_response_clear(&r);
    }
    evio_touch(h->evio);
}

static void on_metrics(struct evhttp_request *request, void *arg)
{
    const char *uri = evhttp_request_get_uri(request);
    if (strcmp(uri, "/metrics") == 0 || strncmp(uri, "/metrics?", 9) == 0)
        on_request(request, arg);
    else
        evhttp_send_error(request, 404, "Only /metrics is served here");
}

/* ---- servers ---- */

static struct evhttp *server(struct http *h, void (*handle)(struct evhttp_request *, void *))
{
    struct evhttp *s = evhttp_new(h->evio->base);
    if (s == NULL)
        return NULL;
    evhttp_set_gencb(s, handle, h);
    evhttp_set_bevcb(s, clients_accepted, h);
    evhttp_set_flags(s, EVHTTP_SERVER_LINGERING_CLOSE); /* or a reset overtakes the 413 */
    evhttp_set_allowed_methods(s, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_PUT |
                                      EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS);
    evhttp_set_max_body_size(s, (ev_ssize_t)api_body_bytes_max(h->api));
    evhttp_set_max_headers_size(s, API_TARGET_BYTES_MAX + EVIO_HTTP_HEADERS_BYTES);
    evhttp_set_timeout(s, EVIO_HTTP_TIMEOUT_S);
    return s;
}

static struct http *owner_of(const struct evconnlistener *listener)
{
    for (struct http *h = all; h != NULL; h = h->next)
        for (size_t i = 0; i < h->listeners_count; i++)
            if (h->listeners[i] == listener)
                return h;
    return NULL;
}

/* The system has no descriptors left: what waits in the backlog would wake us again and again. */
static void on_accept_error(struct evconnlistener *listener, void *arg)
{
    struct http *h = owner_of(listener);
    (void)arg;
    if (h == NULL)
        return;
    evio_wake(h->evio);
    log_unusual(evio_env(h->evio), "http", "accept paused errno=%d", EVUTIL_SOCKET_ERROR());
    http_pause(h, EVIO_ACCEPT_PAUSE_MS);
}

void http_pause(struct http *h, int64_t ms)
{
    struct timeval wait = {ms / 1000, ms % 1000 * 1000};
    for (size_t i = 0; i < h->listeners_count; i++)
        evconnlistener_disable(h->listeners[i]);
    evtimer_add(&h->again, &wait);
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
    struct http *h = arg;
    (void)fd, (void)what;
    for (size_t i = 0; i < h->listeners_count; i++)
        evconnlistener_enable(h->listeners[i]);
}

enum err http_new(struct http **out, struct evio *e, struct api *api)
{
    struct http *h = calloc(1, sizeof *h);
    if (h == NULL)
        return ERR_MEMORY;
    h->evio = e;
    h->api = api;
    clients_init(h);
    evtimer_assign(&h->again, e->base, on_again, h);
    h->next = all;
    all = h;
    *out = h;
    return OK;
}

void http_free(struct http *h)
{
    if (h == NULL)
        return;
    for (struct http **at = &all; *at != NULL; at = &(*at)->next)
        if (*at == h) {
            *at = h->next;
            break;
        }
    evtimer_del(&h->again);
    if (h->rest != NULL)
        evhttp_free(h->rest);
    if (h->metrics != NULL)
        evhttp_free(h->metrics);
    clients_clear(h);
    free(h);
}

static uint16_t port_of(evutil_socket_t fd)
{
    struct sockaddr_storage ss;
    socklen_t len = sizeof ss;
    if (getsockname(fd, (struct sockaddr *)&ss, &len) != 0)
        return 0;
    return ntohs(ss.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&ss)->sin6_port
                                          : ((struct sockaddr_in *)&ss)->sin_port);
}

enum err http_listen(struct http *h, const char *ip, uint16_t port, bool metrics_only,
                     uint16_t *bound)
{
    struct evhttp **s = metrics_only ? &h->metrics : &h->rest;
    if (*s == NULL)
        *s = server(h, metrics_only ? on_metrics : on_request);
    if (*s == NULL)
        return ERR_MEMORY;
    if (h->listeners_count == EVIO_LISTENERS_MAX)
        return ERR_FULL;
    errno = 0;
    struct evhttp_bound_socket *socket = evhttp_bind_socket_with_handle(*s, ip, port);
    if (socket == NULL)
        return errno == EADDRINUSE                                       ? ERR_EXISTS
               : errno == EACCES || errno == EPERM                       ? ERR_REFUSED
               : errno == EADDRNOTAVAIL || errno == 0 || errno == EINVAL ? ERR_ARGUMENT
                                                                         : ERR_IO;
    struct evconnlistener *listener = evhttp_bound_socket_get_listener(socket);
    evconnlistener_set_error_cb(listener, on_accept_error);
    h->listeners[h->listeners_count++] = listener;
    *bound = port_of(evhttp_bound_socket_get_fd(socket));
    return OK;
}
