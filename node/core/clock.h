/* Private to node/core: is our wall clock that of the others?
 *
 * All that tells of other clocks are the timestamps of messages, and those are their authors'; who
 * forwards a message is not its author, and an author may write what he likes. So a sample (our
 * time of arrival less the timestamp) counts once for the peer that brought it and once for its
 * content topic: a peer's last samples, one a topic, have a median, and the estimate is the median
 * of those medians. A peer that lies moves one vote of at least CLOCK_PEERS_MIN, an application
 * that lies one sample of each vote. It takes more topics, or more peers, than all honest ones have
 * to move the estimate, and it moves nothing but a warning.
 *
 * What was on its way for long (a peer that fetches old messages) makes single samples too large;
 * the medians drop these as well.
 */
#pragma once

#include "crypto/base/env.h"
#include "crypto/base/map.h"

struct clock_watch {
    struct map votes; /* of struct clock_vote, by peer */
};

void clock_init(struct clock_watch *c, struct rng *rng);
void clock_clear(struct clock_watch *c);

/** A message came from a peer, for the first time. Without a timestamp (0) it says nothing. */
void clock_sample(struct clock_watch *c, const struct env *env, uint64_t peer,
                  struct span content_topic, int64_t timestamp_ns);
void clock_peer_down(struct clock_watch *c, uint64_t peer);

/** How far our clock is ahead of theirs (behind: negative); false: too few have told. */
bool clock_offset(const struct clock_watch *c, int64_t *ns);
