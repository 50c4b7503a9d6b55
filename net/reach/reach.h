/* How others reach us, and we those who cannot be reached: engines without sockets or a swarm.
 *
 *     announce  what we tell others about where we are
 *     observed  where others see us: votes of different peers
 *     autonat   whether others can dial us; dialing back those who ask
 *
 * Specs are named in each header. Bounds: params.h.
 */
#pragma once

#include "net/reach/announce.h"
#include "net/reach/autonat.h"
#include "net/reach/observed.h"
#include "net/reach/params.h"
