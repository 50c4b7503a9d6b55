/* How others reach us, and we those who cannot be reached: engines without sockets or a swarm.
 *
 *     announce  what we tell others about where we are
 *     observed  where others see us: votes of different peers
 *     autonat   whether others can dial us; dialing back those who ask
 *     circuit   messages of circuit relay v2
 *     relay     what we relay for others, and its limits
 *     dcutr     from a circuit to a direct connection
 *     portmap   when to ask a gateway for a port, and to renew it
 *     reserve   relays that keep a place for us
 *
 * Specs are named in each header. Bounds: params.h.
 */
#pragma once

#include "net/reach/announce.h"
#include "net/reach/autonat.h"
#include "net/reach/circuit.h"
#include "net/reach/dcutr.h"
#include "net/reach/observed.h"
#include "net/reach/params.h"
#include "net/reach/portmap.h"
#include "net/reach/relay.h"
#include "net/reach/reserve.h"
