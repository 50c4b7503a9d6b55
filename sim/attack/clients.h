/* What services remember of their clients: for each peer id, the sets of topics it asked for. */
#pragma once

#include "crypto/base/map.h"
#include "sim/attack/attack.h"

struct topic_set {
    int64_t at_ns;
    uint64_t topics[TAP_TOPICS_MAX];
    size_t count;
};

struct client {
    uint64_t id;
    struct topic_set *sets;
    size_t count;
};

struct clients {
    struct map by_id; /* peer id -> struct client */
};

struct clients *clients_new(void); /* NULL: memory is out */
void clients_free(void *clients);

/** Remember a request of one kind. */
void clients_note(struct clients *c, const struct tap_request *r);

/** Topics that both have. */
size_t topic_sets_common(const struct topic_set *a, const struct topic_set *b);
