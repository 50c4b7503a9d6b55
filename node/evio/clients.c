/* HTTP connections: at most EVIO_HTTP_CLIENTS_MAX, each with a time to say what it wants, so that
 * whoever reaches the REST port cannot take the descriptors that peers need. */
#include "node/evio/http_inside.h"

#include <stdlib.h>

static void on_closed(struct evhttp_connection *connection, void *arg)
{
    struct client *c = arg;
    struct http *h = c->http;
    (void)connection;

    evio_wake(h->evio);
    if (c->request != NULL) {
        api_gone(h->api, c->ticket);
        if (evhttp_request_get_connection(c->request) == NULL)
            evhttp_request_free(c->request); /* evhttp gave it to whoever would answer */
    }
    for (struct client **at = &h->clients; *at != NULL; at = &(*at)->next)
        if (*at == c) {
            *at = c->next;
            break;
        }
    h->clients_count--;
    free(c);
}

/* The connection that has been silent for the longest makes room, if none of its requests waits. */
static struct client *most_silent(struct http *h)
{
    struct client *found = NULL;

    for (struct client *c = h->clients; c != NULL; c = c->next)
        if (c->fresh == NULL && c->request == NULL &&
            (found == NULL || c->since.ns < found->since.ns))
            found = c;
    return found;
}

static void make_room(struct http *h)
{
    struct client *c;

    while (h->clients_count > EVIO_HTTP_CLIENTS_MAX && (c = most_silent(h)) != NULL)
        evhttp_connection_free(c->connection); /* calls on_closed */
}

/* evhttp has made its connection of the bufferevent: its callbacks carry it. Without callbacks it
 * could not, and has let go. */
static void adopt(struct client *c)
{
    bufferevent_event_cb has_gone;
    void *connection;

    bufferevent_getcb(c->fresh, NULL, NULL, &has_gone, &connection);
    bufferevent_decref(c->fresh);
    c->fresh = NULL;
    if (has_gone == NULL) {
        on_closed(NULL, c);
        return;
    }
    c->connection = connection;
    evhttp_connection_set_closecb(c->connection, on_closed, c);
}

static void on_fresh(evutil_socket_t fd, short what, void *arg)
{
    struct http *h = arg;
    (void)fd, (void)what;

    evio_wake(h->evio);
    for (struct client *c = h->clients, *next; c != NULL; c = next) {
        next = c->next;
        if (c->fresh != NULL)
            adopt(c);
    }
    make_room(h);
}

struct bufferevent *clients_accepted(struct event_base *base, void *http)
{
    static const struct timeval now = {0, 0}, second = {1, 0};
    struct http *h = http;
    struct client *c = calloc(1, sizeof *c);
    struct bufferevent *b = bufferevent_socket_new(base, -1, 0);

    evio_wake(h->evio);
    if (c == NULL || b == NULL) { /* evhttp makes its own; nobody counts this one */
        free(c);
        return b;
    }
    bufferevent_incref(b);
    *c =
        (struct client){.http = h, .next = h->clients, .fresh = b, .since = evio_env(h->evio)->now};
    h->clients = c;
    if (++h->clients_count >= EVIO_HTTP_CLIENTS_MAX + EVIO_HTTP_CLIENTS_SLACK)
        http_pause(h, 1); /* all wait for answers, or they come faster than we count them */
    evtimer_add(&h->fresh, &now);
    if (!evtimer_pending(&h->timer, NULL))
        evtimer_add(&h->timer, &second);
    return b;
}

struct client *clients_find(struct http *h, const struct evhttp_request *request)
{
    const struct evhttp_connection *wanted =
        evhttp_request_get_connection((struct evhttp_request *)(uintptr_t)request);

    for (struct client *c = h->clients; c != NULL; c = c->next) {
        if (c->fresh != NULL)
            adopt(c);
        if (c->connection == wanted)
            return c;
    }
    return NULL;
}

struct client *clients_waiting(struct http *h, uint64_t ticket)
{
    for (struct client *c = h->clients; c != NULL; c = c->next)
        if (c->request != NULL && c->ticket == ticket)
            return c;
    return NULL;
}

void clients_answered(struct client *c)
{
    c->request = NULL;
    c->since = evio_env(c->http->evio)->now;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    static const struct timeval second = {1, 0}; /* deadlines here are tens of seconds */
    struct http *h = arg;
    (void)fd, (void)what;

    evio_wake(h->evio);
    api_tick(h->api, evio_env(h->evio));
    http_flush(h);
    http_stream(h);
    int64_t oldest_ns = evio_env(h->evio)->now.ns - EVIO_HTTP_REQUEST_S * NS_PER_S;
    for (struct client *c = h->clients, *next; c != NULL; c = next) {
        next = c->next;
        if (c->fresh == NULL && c->request == NULL && c->since.ns < oldest_ns)
            evhttp_connection_free(c->connection);
    }
    if (h->clients != NULL)
        evtimer_add(&h->timer, &second);
}

void clients_init(struct http *h)
{
    evtimer_assign(&h->fresh, h->evio->base, on_fresh, h);
    evtimer_assign(&h->timer, h->evio->base, on_timer, h);
}

void clients_clear(struct http *h)
{
    evtimer_del(&h->fresh);
    evtimer_del(&h->timer);
    while (h->clients != NULL) { /* accepted in the last wake-up */
        struct client *c = h->clients;
        h->clients = c->next;
        if (c->fresh != NULL)
            bufferevent_decref(c->fresh);
        free(c);
    }
}
