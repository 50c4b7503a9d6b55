/* What the system says about this process, for /metrics. */
#pragma once

#include "node/api/api.h"

/** Fill resident_bytes, virtual_bytes, open_fds, max_fds, heap_*, cpu_seconds. */
void process_numbers(struct api_numbers *out);
