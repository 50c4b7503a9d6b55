/* Gateways: UPnP IGD through libminiupnpc and NAT-PMP through libnatpmp. One call that blocks for
 * seconds, to be run as a job; net/reach/portmap.h decides what it is asked.
 *
 * Bounds: params.h. Nothing is kept between calls.
 */
#pragma once

#include "net/reach/reach.h"

/** Map, renew or unmap the ports of a request. From any thread.
 *
 * answer->err: OK; ERR_NOT_FOUND no such gateway; ERR_TIMEOUT; ERR_REFUSED the gateway said no;
 * ERR_UNSUPPORTED no such method, or the gateway has no public address
 */
void nat_ask(const struct portmap_request *request, struct portmap_answer *answer);
