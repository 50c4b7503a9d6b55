/* Limits of ping: unit and source. */
#pragma once

#define PING_PROTOCOL "/ipfs/ping/1.0.0"
#define PING_BYTES    32u /* of one payload; libp2p ping */
#define PING_STREAMS_IN_MAX                                                                        \
    32u /* inbound streams per peer; libp2p ping says SHOULD 2, js peers open more */
