/* Parked payloads: what came in our buckets and no key opens. It may be under an epoch that we do
 * not know yet, or not for us at all; it is tried again whenever a key appears.
 *
 * Bounds: PARKED_BYTES_MAX in all, the oldest leave first, and nobody's stay longer than 7 days.
 * Not kept on disk: after a start the stores still have what is not older. Pure.
 * @source CHAT.md 6
 */
#pragma once

#include "node/chat/envelope/envelope.h"

struct parked;

struct parked_item { /* borrowed until it is taken or the next parked_add or parked_tick */
    uint64_t number; /* from parked_add on */
    struct span payload;
    uint8_t bucket;
    int64_t timestamp_ns; /* of the Waku message */
    bool lacks;           /* parked_lacks was told so */
};

/** OK; ERR_MEMORY. @param seed of its hash table (in) */
enum err parked_new(struct parked **out, const uint8_t seed[16]) MUST_CHECK;
void parked_free(struct parked *p); /* accepts NULL */

/** Park a payload. A copy of one that is here is passed over.
 *
 * @param known  as after parked_known (in)
 * @return OK; ERR_ARGUMENT no envelope's size; ERR_MEMORY
 */
enum err parked_add(struct parked *p, const struct env *env, uint8_t bucket, int64_t timestamp_ns,
                    struct span payload, bool known) MUST_CHECK;

/** The next that may be under a header key, oldest first; start with *cursor = 0. Taking while
 * looking is allowed. */
bool parked_next(const struct parked *p, const uint8_t header[ENVELOPE_KEY_BYTES], uint64_t *cursor,
                 struct parked_item *out);

/** The number that the next payload gets. */
uint64_t parked_mark(const struct parked *p);

/** As parked_next, of those with a smaller number alone. */
bool parked_before(const struct parked *p, const uint8_t header[ENVELOPE_KEY_BYTES], uint64_t mark,
                   uint64_t *cursor, struct parked_item *out);

/** A key opens it, but it needs an epoch that is not here yet: parked_again finds it. */
void parked_known(struct parked *p, uint64_t number);

/** As parked_next, of those alone that parked_known has marked: looking for them costs nothing as
 * long as there are none. `lacking`: those of parked_lacks as well. */
bool parked_again(const struct parked *p, const uint8_t header[ENVELOPE_KEY_BYTES], bool lacking,
                  uint64_t *cursor, struct parked_item *out);

enum parked_lack {
    PARKED_LACKS,       /* as before, or it is not here */
    PARKED_LACKS_FIRST, /* it was not known */
    PARKED_LACKS_VAIN,  /* for PARKED_LACKS_S, or it was the last of PARKED_TRIES_MAX tries */
};

/** A key opens it and its epoch is here, but something else is not: what anybody can make without
 * end is not tried for ever. Two tries at one instant are one. */
enum parked_lack parked_lacks(struct parked *p, const struct env *env, struct span payload);
/** Is a copy of it here, and parked_lacks was told so? */
bool parked_is_lacking(const struct parked *p, struct span payload);

/** Is anything here of what came from that number on? */
bool parked_since(const struct parked *p, uint64_t mark);

/** It was opened, or will never be. */
void parked_take(struct parked *p, uint64_t number);

/** Let go what is too old. */
void parked_tick(struct parked *p, const struct env *env);
struct mono parked_deadline(const struct parked *p);

size_t parked_count(const struct parked *p);
size_t parked_bytes(const struct parked *p);
