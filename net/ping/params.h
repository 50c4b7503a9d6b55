/* Limits of ping: unit and source. */
#pragma once

#define PING_PROTOCOL "/ipfs/ping/1.0.0"
#define PING_BYTES    32u /* of one payload; libp2p ping */
#define PING_STREAMS_IN_MAX                                                                        \
    32u /* inbound streams per peer; libp2p ping says SHOULD 2, js peers open more */
#define PING_INTERVAL_NS 30000000000ll /* between a pong and the next ping; own choice */
#define PING_TIMEOUT_NS  10000000000ll /* until a silent peer counts as gone; go-libp2p */
