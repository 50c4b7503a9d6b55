/* Files: bytes that are announced by an entry and travel in segments (segments.h).
 *
 *     files.c       the person's calls; what is under way
 *     files_row.c   how a file lies in the vault
 *     files_in.c    segments, collected live and from stores, and asked for when nobody has them
 *     files_out.c   segments, published a few at a time
 *
 * In the vault, VAULT_T_FILES, key conversation 32 || entry 16 || part 4, most significant first:
 * part 0 says how the file stands, 1 and on are its bytes in FILE_PART_BYTES, and from
 * FILE_SEGMENTS_FROM on lie the segments of a file that is not complete. Each segment is durable
 * when it came, each that was published is noted: a restart goes on where it was.
 */
#pragma once

#include "node/chat/delivery/content.h"
#include "node/chat/delivery/segments.h"
#include "node/chat/talk.h"

#define FILE_SEGMENTS_FROM 0x80000000u

enum file_state { /* numbers are stored */
    FILE_HERE = 1,
    FILE_SENDING = 2,    /* here, and segments are still to be published */
    FILE_COLLECTING = 3, /* segments are still to come */
};

struct file_under_way {
    uint64_t token;
    uint32_t segment;
};

struct file {
    struct chat_conversation id;
    struct entry_id entry;
    enum file_state state;
    bool ours; /* this installation cut it: it answers who asks for segments */
    uint64_t size;
    uint8_t hash[32], root[32], key[32];
    int64_t from_ns;                /* wall; no segment is older */
    int64_t asked_ns;               /* wall; somebody asked for segments, and got them */
    uint8_t todo[SEGMENTS_MAX / 8]; /* bit: to be published */
    /* while it is under way */
    struct envelope_keys keys;
    struct segments *segments; /* NULL: waits for memory */
    uint32_t rows;             /* segments in the vault */
    struct mono at;            /* the next try */
    unsigned tries;
    struct file_under_way under_way[FILE_UNDER_WAY_MAX];
    size_t under_way_count;
};

/* ---- files_row.c ---- */

/** Append to `out` nothing, set *f: how the file of an entry stands. ERR_NOT_FOUND; ERR_CORRUPT. */
enum err file_read(struct chat *c, const struct chat_conversation *id, const struct entry_id *entry,
                   struct file *f) MUST_CHECK;
/** Read a row of part 0. ERR_CORRUPT. */
enum err file_decode(struct span row, struct file *f) MUST_CHECK;
enum err file_encode(const struct file *f, struct buf *out) MUST_CHECK;
void file_save(struct chat *c, const struct file *f);
struct row_key file_key(const struct file *f, uint32_t part);
void file_put_bytes(struct chat *c, const struct file *f, struct span bytes);
enum err file_get_bytes(struct chat *c, const struct file *f, struct buf *out) MUST_CHECK;
void file_erase_segments(struct chat *c, const struct file *f);
void file_erase(struct chat *c, const struct file *f); /* all of it */

/* ---- files.c ---- */

/** Among those under way. */
struct file *files_find(const struct chat *c, const struct chat_conversation *id,
                        const struct entry_id *entry);
/** Take up a file, which is copied, until it is done. ERR_FULL; ERR_MEMORY. */
enum err files_begin(struct chat *c, const struct file *f, struct file **out) MUST_CHECK;
/** It is done, or given up: no longer under way. What the vault holds stays. */
void files_end(struct chat *c, struct file *f);
/** May so many bytes more be in memory? */
bool files_room(const struct chat *c, uint64_t bytes);
/** Give back the memory of its segments. */
void file_shut(struct file *f);

/* ---- files_in.c ---- */
void file_collect(struct chat *c, const struct env *env, struct file *f);
void file_collect_tick(struct chat *c, const struct env *env, struct file *f);

/* ---- files_out.c ---- */
bool file_publishes(const struct file *f); /* there is a segment to hand out */
