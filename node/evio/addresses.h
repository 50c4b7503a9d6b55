/* Endpoints as the sockets want them. */
#pragma once

#include "net/host/port.h"

#include <sys/socket.h>

/** Length of what was written. */
socklen_t endpoint_to(const struct endpoint *ep, struct sockaddr_storage *ss);
struct endpoint endpoint_from(const struct sockaddr_storage *ss);

/** Set the address of `out` from text. OK; ERR_ARGUMENT. */
enum err endpoint_parse(const char *ip, struct endpoint *out) MUST_CHECK;

/** A nonblocking socket of a type (SOCK_STREAM, SOCK_DGRAM) bound there.
 *
 * @return OK; ERR_EXISTS the port is taken; ERR_REFUSED; ERR_ARGUMENT no address of ours; ERR_IO
 */
enum err endpoint_bind(const struct endpoint *at, int type, int *fd) MUST_CHECK;

/** What an errno of bind or listen means. */
enum err endpoint_bind_error(int error);
