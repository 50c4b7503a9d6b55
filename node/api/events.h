/* Server-sent events: clients that follow a numbered journal, each at its own place.
 *
 *     api_events_open(ticket, Last-Event-ID)          a GET with Accept: text/event-stream came
 *     api_events_wants -> the owner reads its journal behind `after` -> api_events_give
 *     api_events_poll  -> bytes for the socket -> api_events_sent when they have left
 *
 * The journal is the queue: a client is given more only while less than EVENTS_QUEUE_BYTES of it
 * wait for its socket, so a slow one costs a bounded buffer and loses nothing: it comes later. One
 * that takes no byte for EVENTS_STALL_S is closed; it reconnects with the id that it saw last.
 * Silence is broken by a comment every EVENTS_BEAT_S. Knows neither sockets nor chats.
 *
 * Bounds: params.h. @source HTML Living Standard 9.2 (event stream format, Last-Event-ID)
 */
#pragma once

#include "crypto/base/buf.h"
#include "crypto/base/env.h"
#include "node/api/params.h"

#define EVENTS_TYPE "text/event-stream" /* Content-Type */

struct api_events;

/** OK; ERR_MEMORY. */
enum err api_events_new(struct api_events **out) MUST_CHECK;
void api_events_free(struct api_events *e); /* accepts NULL */

/** A client begins to follow.
 *
 * @param ticket  the caller's number of it, not in use (in)
 * @param last    what stood in Last-Event-ID or in the query, a decimal number (in)
 * @param first   the place when `last` is empty: 0 for all, the last number for only what comes
 * (in)
 * @return OK; ERR_FORMAT no number; ERR_FULL EVENTS_CLIENTS_MAX; ERR_MEMORY
 */
enum err api_events_open(struct api_events *e, const struct env *env, uint64_t ticket,
                         struct span last, uint64_t first) MUST_CHECK;

/** It went away. Unknown tickets are ignored. */
void api_events_gone(struct api_events *e, uint64_t ticket);

/** Step through the clients that can take more; start with *cursor = 0.
 *
 * @param after  the number of the last event it was given (out)
 */
bool api_events_wants(const struct api_events *e, size_t *cursor, uint64_t *ticket,
                      uint64_t *after);

/** Give it the next event.
 *
 * @param number  over `after`; 0: an event that is in no journal and has no id (in)
 * @param name    1..EVENTS_NAME_BYTES_MAX of a-z, 0-9, _ (in)
 * @param data    UTF-8, EVENTS_DATA_BYTES_MAX at most; line breaks are kept (in)
 * @return OK; ERR_FULL not now; ERR_ARGUMENT; ERR_NOT_FOUND no such client; ERR_MEMORY
 */
enum err api_events_give(struct api_events *e, const struct env *env, uint64_t ticket,
                         uint64_t number, struct span name, struct span data) MUST_CHECK;

struct api_events_out {
    uint64_t ticket;
    bool close;        /* end the answer; the client is forgotten */
    struct span bytes; /* else: to be written; borrowed until the next call */
};

/** What is to be written; each byte is given once. False: nothing. */
bool api_events_poll(struct api_events *e, struct api_events_out *out);

/** The socket has taken `n` bytes more of what was polled. */
void api_events_sent(struct api_events *e, const struct env *env, uint64_t ticket, size_t n);

struct mono api_events_deadline(const struct api_events *e);
void api_events_tick(struct api_events *e, const struct env *env);

/** Is this the Authorization header of somebody who has read the token file: "Bearer " and the
 * token? In constant time. */
bool api_events_token_ok(struct span authorization, struct span token);
