/* The parts of filter on streams: private to filter.c, which serves, and subscribing.c, where we
 * are a subscriber ourselves. */
#pragma once

#include "crypto/base/heap.h"
#include "net/host/exchange.h"
#include "net/services/filter.h"

struct filter_adapter {
    struct filter_server *server; /* NULL: not mounted */
    struct filter_client *clients[HOST_FILTER_SLOTS];
    struct heap pushes;            /* struct push */
    struct filter_client_out told; /* what the last poll lent */
    size_t told_slot;              /* whose poll comes next */
};

extern const struct exchange filter_exchange;

/* subscribing.c */
enum err subscribing_new(struct host *h, const struct env *env) MUST_CHECK;
void subscribing_free(struct host *h);
void subscribing_peer_down(struct host *h, const struct env *env, uint64_t peer);
void subscribing_tick(struct host *h, const struct env *env);
struct mono subscribing_deadline(const struct host *h);

/* streams on which a service pushes to us */
void subscribing_incoming(struct host *h, const struct env *env, struct host_stream *s);
void subscribing_bytes(struct host *h, const struct env *env, struct host_stream *s,
                       struct span bytes);
void subscribing_ended(struct host *h, struct host_stream *s);
