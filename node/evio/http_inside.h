/* The parts of struct http: private to http.c and clients.c. */
#pragma once

#include "node/evio/http.h"
#include "node/evio/inside.h"

#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/listener.h>

/* One connection. evhttp tells of it only when it has a whole request, but how many there are and
 * how long each has been silent matters before that. */
struct client {
    struct http *http;
    struct client *next;
    struct bufferevent *fresh;            /* from accept until evhttp has set it up; a reference */
    struct evhttp_connection *connection; /* afterwards */
    struct evhttp_request *request;       /* whose answer will come; NULL: none */
    uint64_t ticket;                      /* of it */
    struct mono since;                    /* of accept or of the last answer */
    bool stream;                          /* the answer has begun and goes on */
    size_t unsent;                        /* bytes of it that the socket has not taken */
};

struct http {
    struct evio *evio;
    struct api *api;
    struct evhttp *rest, *metrics; /* on first use */
    struct client *clients;
    size_t clients_count;
    uint64_t next_ticket;
    struct event fresh; /* after an accept */
    struct event timer; /* while there are clients */
    struct evconnlistener *listeners[EVIO_LISTENERS_MAX];
    size_t listeners_count;
    struct event again; /* after EVIO_ACCEPT_PAUSE_MS */
    struct http *next;  /* of all */
};

/* clients.c */
void clients_init(struct http *h);
void clients_clear(struct http *h); /* after the servers are gone */

/** evhttp_set_bevcb: called for every connection that is accepted. */
struct bufferevent *clients_accepted(struct event_base *base, void *http);

/** The connection of a request; NULL: memory was out when it was accepted. */
struct client *clients_find(struct http *h, const struct evhttp_request *request);
struct client *clients_waiting(struct http *h, uint64_t ticket);

/** The request of `c` was answered. */
void clients_answered(struct client *c);

/* stream.c */

/** The answer begins: status and headers go. */
void stream_begin(struct client *c, const struct api_response *r);

/* http.c */
void http_add_headers(struct evhttp_request *request, const struct api_response *r);
void http_pause(struct http *h, int64_t ms); /* stop accepting for a while */
