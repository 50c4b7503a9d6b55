/* One file a protocol: private to the room. */
#pragma once

#include "node/nat/nat.h"
#include "node/nat/params.h"

void nat_upnp(const struct portmap_request *request, struct portmap_answer *answer);
void nat_pmp(const struct portmap_request *request, struct portmap_answer *answer);

/** "203.0.113.7" to 16 bytes; false: no public IPv4 address. */
bool nat_public(const char *text, uint8_t ip[16]);
