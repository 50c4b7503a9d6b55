/* The stem: a message of ours, or one that a peer pushes to us, first goes from hand to hand along
 * single peers, and enters gossip (the fluff) somewhere on its way. Who sees it in gossip sees who
 * fluffed it, not who wrote it. docs/privacy.md has the measured effect and the price.
 *
 * Sources: WAKU2-DANDELION (messaging/application/raw/dandelion.md) with three changes, of which
 * docs/privacy.md says why: the first hop of own messages stays for a day, over restarts too; the
 * fail-safe is 2 to 4 s; what comes round again is handed on once more instead of being fluffed by
 * who may be its author.
 *
 * In:  messages (stem_take) with the peers that could be the next hop, answers of next hops, news
 *      that a message was seen in gossip, ticks.
 * Out: PUSH, to be sent to one peer by lightpush 3.0.0; FLUFF, to be published; DONE, for who
 *      waits for the outcome; WARM, a peer that will be pushed to again.
 * Drives it: a deadline for the earliest fail-safe or answer.
 * Bounds: params.h; incoming and own messages are counted apart, so no flood pushes own ones out.
 *
 *     take(own)      -> no hop: NOW, publish at once     take(of peer): in a fluff epoch NOW, else
 *          | HELD                                          | HELD    by the relay of that peer
 *          v                                               v
 *     OUT_PUSH hop ----> answered(OK) ----------> OUT_DONE, and wait to see it in gossip
 *          |                                          |-- seen(): gone
 *          |-- refused, or no answer in 3 s           `-- not seen in 2 to 4 s
 *          v                                               v
 *     OUT_FLUFF -> fluffed() -> OUT_DONE <-----------------'
 *
 * A receiver cannot tell a hop of a stem from a light client's push, and need not: it treats both
 * alike, so light clients are hidden too.
 */
#pragma once

#include "crypto/base/blob.h"
#include "crypto/base/env.h"
#include "net/waku/params.h"
#include "net/wire/peer_id.h"

struct stem;

struct stem_peer { /* a connected peer that lists lightpush 3.0.0 and is on the message's shard */
    uint64_t peer;
    const struct peer_id *id; /* borrowed */
    bool outbound;            /* we dialed it: preferred, for nobody can make himself our hop */
};

struct stem_message {    /* borrowed */
    const uint8_t *hash; /* 32 bytes, what stem_seen will be told */
    uint64_t from;       /* the peer that pushed it; 0: our own */
    struct span topic;
    struct blob *data;             /* the encoded message; referenced while it is held */
    uint64_t asker;                /* who waits for OUT_DONE; 0: nobody */
    const struct stem_peer *peers; /* who could be the next hop */
    size_t peers_count;
};

enum stem_verdict {
    STEM_NOW,  /* not held: publish it at once, and answer `asker` yourself */
    STEM_HELD, /* outputs follow */
};

enum stem_sight { /* of a hash that was seen in gossip */
    STEM_UNKNOWN,
    STEM_FOREIGN, /* of a peer */
    STEM_OWN,     /* ours: it was shown already */
};

enum stem_kind {
    STEM_PUSH,
    STEM_FLUFF,
    STEM_DONE,
    STEM_WARM,
};

struct stem_out { /* spans and blobs borrowed until the next call */
    enum stem_kind kind;
    uint64_t number;   /* PUSH: for stem_answered; FLUFF: for stem_fluffed */
    uint64_t peer;     /* PUSH, WARM */
    struct span topic; /* PUSH, FLUFF */
    struct blob *data; /* PUSH, FLUFF */
    const uint8_t *hash;
    bool own;             /* FLUFF: it was shown already */
    uint64_t asker;       /* DONE */
    enum err err;         /* DONE: OK, or why it could not be published */
    uint32_t relay_peers; /* DONE: as the next hop or stem_fluffed said; 0: it was seen in gossip,
                             so the caller's own mesh has it */
};

#define STEM_COUNTERS(X)                                                                           \
    X(own, "own messages sent along the stem")                                                     \
    X(relayed, "messages of peers handed on along the stem")                                       \
    X(fluffed, "messages of peers published because this epoch fluffs")                            \
    X(direct, "messages published at once because no peer could be the next hop")                  \
    X(full, "messages published at once because too many were held")                               \
    X(again, "messages that came round and were handed to another hop")                            \
    X(refused, "next hops that refused or did not answer: published here")                         \
    X(failsafe, "messages not seen in gossip in time: published here")                             \
    X(seen, "messages seen in gossip after their stem")

struct stem_counters {
#define X(name, help) uint64_t name;
    STEM_COUNTERS(X)
#undef X
};

/** A new engine. `seed` is a secret that outlives restarts: the same seed among the same peers
 * chooses the same first hop. NULL: memory is out. */
struct stem *stem_new(const struct env *env, const uint8_t seed[32]) MUST_CHECK;
void stem_free(struct stem *s);

/** A message to be sent. HELD messages are not to be shown, stored for strangers or told of in
 * gossip before stem_seen or OUT_FLUFF; own ones may be shown to their author. */
enum stem_verdict stem_take(struct stem *s, const struct env *env, const struct stem_message *m);

/** What the hop of an OUT_PUSH said; `fine`: it took the message. Unknown numbers are ignored. */
void stem_answered(struct stem *s, const struct env *env, uint64_t number, bool fine,
                   uint32_t relay_peers);

/** What became of an OUT_FLUFF. ERR_FULL: it is tried again; else its askers are told. */
void stem_fluffed(struct stem *s, const struct env *env, uint64_t number, enum err err,
                  uint32_t relay_peers);

/** A message came by gossip. */
enum stem_sight stem_seen(struct stem *s, const uint8_t hash[32]);

/** Is this an own message that strangers must not learn of yet? */
bool stem_hides(const struct stem *s, const uint8_t hash[32]);

/** How many of them there are. */
size_t stem_hidden(const struct stem *s);

bool stem_poll(struct stem *s, struct stem_out *out);
struct mono stem_deadline(const struct stem *s);
void stem_tick(struct stem *s, const struct env *env);

const struct stem_counters *stem_counters(const struct stem *s);
