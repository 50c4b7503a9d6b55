/* How often a peer may ask a service: --rate-limit, once for all exchanges. A request over the
 * limit never reaches the service; the protocol answers it in its own words (429).
 *
 * To join: name the row in the protocol's `struct exchange`,
 *
 *     static const struct exchange exchange = {..., .rate = RATE_LIGHTPUSH, .refuse = too_many};
 *
 * where too_many(h, env, stream, request) gives the 429 with exchange_answer, as serve does.
 *
 * The rule is nwaku's (waku/common/rate_limit): a service has one bucket for all peers and one a
 * peer, which has 3/4 of the same rate over a longer period, so that one peer alone cannot use it
 * up; filter, whose clients ping, has only a bucket a peer. A bucket holds `volume` requests and is
 * filled again when `period` has passed since it was last full. (nwaku then fills it to 5/4, as if
 * something had been saved; here an operator gets the number that he wrote.)
 *
 * Buckets belong to peer ids, not connections: to come again does not help. A bucket that would be
 * full is forgotten; of more than RATE_PEERS_MAX the oldest is.
 */
#pragma once

#include "net/host/adapter.h"

enum rate_service {
    RATE_NONE, /* no limit: metadata */
    RATE_STORE,
    RATE_LIGHTPUSH,
    RATE_LIGHTPUSH_V2,
    RATE_PEER_EXCHANGE,
    RATE_FILTER,
    RATE_RENDEZVOUS,
    RATE_SERVICES,
};

struct rate_setting {
    uint32_t volume; /* requests in a period; 0: no limit */
    int64_t period_ns;
};

struct rate_bucket {
    uint32_t left;
    struct mono full_at; /* when it was last full */
};

/** Settings of all services from the texts of --rate-limit, "[PROTOCOL:]VOLUME/PERIOD(h|m|s|ms)". A
 * later one replaces an earlier; without a protocol it is for those that none names.
 *
 * @return OK; ERR_ARGUMENT one of them is malformed
 * @source nwaku waku/common/rate_limit/setting.nim */
enum err rate_settings_parse(const char *const *texts, size_t count,
                             struct rate_setting out[RATE_SERVICES]) MUST_CHECK;

/** Take one request out of a bucket; false: it is empty. */
bool rate_bucket_take(struct rate_bucket *b, struct rate_setting s, struct mono now);

struct rates;

enum err rates_new(struct host *h, const struct env *env) MUST_CHECK; /* of host_params */
void rates_free(struct host *h);

/** May this peer ask now? Counts it either way. */
bool rates_allow(struct host *h, const struct env *env, enum rate_service service, uint64_t peer);

/** Count bytes of requests (in) or answers. */
void rates_count(struct host *h, enum rate_service service, bool in, size_t bytes);
