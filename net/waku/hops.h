/* Who is the next hop of the stem: private to the room. Peers that we dialed are preferred, for a
 * stranger can make himself many peers of ours, but not whom we dial. */
#pragma once

#include "crypto/base/map.h"
#include "net/waku/stem.h"

struct hops {
    uint8_t key[16]; /* of the day's choices; a secret that outlives restarts */
    bool started;
    int64_t epoch;
    bool fluffing;         /* this epoch, messages of peers are published at once */
    uint8_t epoch_key[16]; /* who of the relays serves which peer */
    struct map topics;     /* topic -> struct hop_topic */
};

void hops_init(struct hops *h, const struct env *env, const uint8_t seed[32]);
void hops_clear(struct hops *h);

/** Redraw what lasts an epoch, when one has begun. */
void hops_turn(struct hops *h, const struct env *env);

/** The hop of own messages; 0: none. */
uint64_t hops_guard(struct hops *h, const struct env *env, const struct stem_message *m);

/** The hop of messages that `m->from` pushes; 0: none. */
uint64_t hops_relay(struct hops *h, const struct env *env, const struct stem_message *m);

/** Any other hop: none of `not`, nor m->from; 0: none. */
uint64_t hops_other(const struct hops *h, const struct env *env, const struct stem_message *m,
                    const uint64_t * not, size_t count);
