/* Where who was away for long knocks: for each of the last epochs a key that opens nothing but
 * requests to be let in and their answers, and a bucket that all who were ever members know.
 *
 *     door secret = exporter(epoch, "sotto/1/group/door-secret")
 *     header key 32, body key 32 = derive(door secret, group/door-keys, "", 64)
 *     bucket = first byte of derive(group id, group/door-bucket, week u64)
 *
 * The envelope keys of an epoch die a week after it was left, and the address turns when somebody
 * is removed; doors stay for DOORS_MAX epochs, as long as the DAG can tell the way from there, and
 * their bucket stays where it is: they give nothing away of what was said, acked or committed. Who
 * relays the whole shard always listens at the door. Who reads by topics does so only while it
 * knocks itself: former members know that bucket, and nobody shall tell by it who is still one.
 *
 * @source docs/protocol/commits.md, Letting in
 */
#pragma once

#include "node/chat/envelope/frame.h"
#include "node/chat/inside.h"

struct door {
    struct eid eid;
    uint64_t epoch;
    uint8_t secret[32];
    uint8_t header[ENVELOPE_KEY_BYTES]; /* of its keys: what strangers send is compared with it */
};

struct doors {
    struct door list[DOORS_MAX]; /* by epoch */
    size_t count;
    uint64_t week; /* of the bucket that was asked for last, + 1 */
    uint8_t bucket;
    bool knocking; /* we listen for an answer */
};

void doors_free(struct doors *d); /* accepts NULL; wipes */

/** Keep the door of an epoch whose exporter is there. OK also when it is kept already. */
enum err doors_note(struct chat *c, struct talk *t, const struct mls_group *g) MUST_CHECK;
enum err doors_load(struct chat *c, struct talk *t) MUST_CHECK;

/* ---- as the protocol has them ---- */
void door_keys(const uint8_t secret[32], struct envelope_keys *out);
uint8_t door_bucket(const uint8_t group[32], uint64_t week);

/** The bucket of the week at that wall time; doors_note or doors_load came before. */
uint8_t doors_bucket(struct talk *t, int64_t wall_ns);

/** Seal frames under the door of `eid` and publish them in the bucket of now. ERR_NOT_FOUND. */
enum err doors_publish(struct chat *c, const struct env *env, struct talk *t, const struct eid *eid,
                       const struct frames *frames) MUST_CHECK;

/** Open what came to the door.
 *
 * @param eid      whose door it was (out)
 * @param content  cleared first (out)
 * @return OK; ERR_NOT_FOUND: it is for no door of ours
 */
enum err doors_open(struct talk *t, const struct env *env, struct span topic, struct span envelope,
                    struct eid *eid, struct buf *content) MUST_CHECK;

/** At which door to knock: `eid`'s, and further back with each try, for what was committed last may
 * be known to nobody else. NULL: we have none. */
const struct door *doors_knock(const struct talk *t, const struct eid *eid, unsigned tries);
