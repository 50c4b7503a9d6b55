/* A backend over a core, and what only the world knows. */
#pragma once

#include "node/api/api.h"

struct api_world { /* node/evio */
    void *state;
    const char *(*address)(void *state, size_t i);
    bool (*log_level)(void *state, const char *name);
    void (*process)(void *state, struct api_numbers *out); /* resident_bytes ... cpu_seconds */
};

struct api_node { /* the caller's; outlives the backend */
    struct core *core;
    struct api_world world;
};

/** Fill a backend that speaks to node->core. */
void api_backend_core(struct api_backend *out, struct api_node *node);
