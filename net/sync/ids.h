/* The ids of what the archive holds, ordered by (time, hash), one sequence for each shard, with
 * the XOR of any range at hand: private to the room.
 *
 * A sequence is a directory of chunks; a chunk knows the XOR of its hashes, so a range of a million
 * ids costs some thousand XORs, and one of ten costs ten. An insertion moves at most a chunk.
 */
#pragma once

#include "net/sync/params.h"

#include <stdbool.h>

struct sync_id {
    int64_t time_ns;
    uint8_t hash[32];
};

#define SYNC_ID_AT(t) ((struct sync_id){.time_ns = (t)})

int sync_id_cmp(const struct sync_id *a, const struct sync_id *b);

struct ids_entry {
    struct sync_id id;
    uint64_t content; /* keyed hash of the content topic */
};

struct ids_chunk {
    size_t count;
    uint8_t sum[32]; /* XOR of the hashes */
    struct ids_entry entries[SYNC_CHUNK_IDS];
};

struct ids_place {
    size_t chunk, entry;
};

struct ids_set {
    uint16_t shard;
    struct ids_chunk **chunks; /* owned */
    size_t chunks_count, chunks_cap;
    size_t count;
};

struct ids {
    struct ids_set *sets; /* by shard, ascending */
    size_t sets_count;
    size_t count, max;
    int64_t floor_ns; /* nothing older is known, though the archive may have it */
    uint8_t seed[16]; /* of content keys */
};

void ids_init(struct ids *ids, const uint8_t seed[16], size_t max);
void ids_clear(struct ids *ids);

uint64_t ids_content_key(const struct ids *ids, struct span content_topic);

/** OK; ERR_EXISTS; ERR_NOT_FOUND older than the floor; ERR_MEMORY. At the bound the oldest go, and
 * the floor rises. */
enum err ids_add(struct ids *ids, uint16_t shard, uint64_t content,
                 const struct sync_id *id) MUST_CHECK;

/** Where the first id of a shard stands that is not before `id`; behind the last chunk: none. */
struct ids_place ids_place_of(const struct ids_set *s, const struct sync_id *id);
bool ids_has(const struct ids *ids, uint16_t shard, const struct sync_id *id);

/** Forget what is older; the floor rises. */
void ids_prune(struct ids *ids, int64_t before_ns);

/* which ids are meant: some shards, and content topics if there are any */
struct ids_view {
    const struct ids_set *sets[SYNC_TOPICS_MAX];
    size_t sets_count;
    uint64_t contents[SYNC_CONTENTS_MAX];
    size_t contents_count; /* 0: all */
};

/** XOR and number of the ids in [from, to). */
void ids_fingerprint(const struct ids_view *v, const struct sync_id *from, const struct sync_id *to,
                     uint8_t sum[32], size_t *count);

/** Times that cut [from, to) into up to `parts` ranges of similar size.
 *
 * @return how many in `cuts`, ascending, between the bounds; at most parts - 1; 0: cannot be cut
 */
size_t ids_cut(const struct ids_view *v, const struct sync_id *from, const struct sync_id *to,
               size_t parts, int64_t *cuts);

/* walking in order through all shards of a view */
struct ids_cursor {
    const struct ids_view *view;
    struct sync_id to;
    struct ids_place at[SYNC_TOPICS_MAX];
};

void ids_walk(struct ids_cursor *c, const struct ids_view *v, const struct sync_id *from,
              const struct sync_id *to);

/** The id that the cursor stands at, NULL at the end; ids_next moves on. */
const struct sync_id *ids_peek(struct ids_cursor *c, size_t *set);
void ids_next(struct ids_cursor *c, size_t set);
