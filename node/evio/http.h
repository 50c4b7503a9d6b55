/* HTTP servers for the REST API and the metrics: evhttp cuts the requests, node/api answers them.
 * Part of the door of node/evio.
 *
 *     request -> api_request -> at once: sent
 *                            -> later: http_flush, after the api was told an event, sends it
 *
 * Bounds: bodies and headers as in node/api/params.h; EVIO_HTTP_CLIENTS_MAX connections. One is
 * closed when it is silent for EVIO_HTTP_TIMEOUT_S, or takes longer than EVIO_HTTP_REQUEST_S for a
 * request and its answer, or is the most silent of too many. */
#pragma once

#include "node/api/api.h"
#include "node/evio/evio.h"

struct http;

/** Servers over a loop and an api, both borrowed. ERR_MEMORY. */
enum err http_new(struct http **out, struct evio *e, struct api *api) MUST_CHECK;

/** Stop listening, close all connections. Before api_free and evio_free. Accepts NULL. */
void http_free(struct http *h);

/** Listen.
 *
 * @param metrics_only  serve /metrics and nothing else (in)
 * @param bound         the port that it is (out)
 * @return OK; ERR_EXISTS the port is taken; ERR_REFUSED not allowed; ERR_ARGUMENT no such address;
 *         ERR_IO
 */
enum err http_listen(struct http *h, const char *ip, uint16_t port, bool metrics_only,
                     uint16_t *bound) MUST_CHECK;

/** After every pump of the core: give streams what has happened. */
void http_stream(struct http *h);

/** Send the answers that were waited for. */
void http_flush(struct http *h);
