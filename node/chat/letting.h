/* A device is being let in, over the network: pairing.h's messages, kept and sent again until they
 * are answered.
 *
 *     device    OFFERED --proposal--> REPLIED --finish--> DONE (the words stay to be compared)
 *     keeper    PROPOSED ---reply--> DONE (the finish again for each reply that comes again)
 *
 *     letting.c         the record, the bucket, the time    handover.h  what goes with the finish
 *     letting_keeper.c, letting_device.c  the two sides
 */
#pragma once

#include "node/chat/inside.h"
#include "node/chat/profile/pairing.h"

enum letting_state { /* numbers are stored */
    LETTING_OFFERED = 0,
    LETTING_PROPOSED = 1,
    LETTING_REPLIED = 2,
    LETTING_DONE = 3,
};

struct letting {
    enum letting_state state;
    bool keeper; /* our side */
    struct pair_offer offer;
    struct buf known;   /* keeper: the event as proposed; device: the log as in the reply */
    struct buf message; /* what we have said last */
    char words[PAIR_WORDS_MAX];
    int64_t until_ns; /* wall; a device that was not let in yet waits for longer */
    struct mono again_at;
};

/* ---- letting.c ---- */

/** A new record in place of a former one. ERR_MEMORY. */
enum err letting_new(struct chat *c, const struct env *env, bool keeper,
                     const struct pair_offer *offer) MUST_CHECK;
void letting_save(struct chat *c);
void letting_drop(struct chat *c);
/** Send `message`. */
void letting_send(struct chat *c, const struct env *env);

/* ---- the sides: a message came ---- */
void letting_answered(struct chat *c, const struct env *env, struct span message);
void letting_told(struct chat *c, const struct env *env, struct span message);
