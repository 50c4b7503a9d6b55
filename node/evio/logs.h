/* Log lines on a stream: text for people, JSON for machines. Part of the door of node/evio.
 *
 *     2026-11-23T22:50:37.123Z INFO gossipsub: graft peer=7 topic=/waku/2/rs/66/0
 *     {"time":"2026-11-23T22:50:37.123Z","level":"INFO","room":"gossipsub","text":"graft","peer":"7",...}
 */
#pragma once

#include "crypto/base/env.h"

#include <stdio.h>

struct logs {
    struct log log; /* hand &logs.log to env */
    bool json;
    FILE *to;
};

void logs_init(struct logs *l, FILE *to, enum log_level min, bool json);

/** nwaku's names: TRACE, DEBUG, INFO, NOTICE, WARN, ERROR, FATAL, in either case. False: none. */
bool logs_level(const char *name, enum log_level *out);
