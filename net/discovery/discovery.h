/* Finding other nodes: the door of this room.
 *
 *     discv5.h   walks through the network by datagrams, and is found by others (discv5 v5.1)
 *     dns.h      reads signed lists of nodes out of DNS (EIP-1459)
 *     record.h   signs our own record with the host key
 *
 * All of them end in verified node records (net/wire/enr.h). Specs, what goes in and out, and what
 * drives each are told in its header; bounds in params.h.
 */
#pragma once

#include "net/discovery/discv5.h"
#include "net/discovery/dns.h"
#include "net/discovery/mdns.h"
#include "net/discovery/record.h"
