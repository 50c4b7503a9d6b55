/* An entry: one thing that somebody said in a conversation, signed by the installation that said
 * it.
 *
 * Packed (crypto/pack):
 *
 *     [1, 1, lamport, [parent 16, ...], content, signature 64, extensions]
 *
 * lamport is milliseconds since 1970 at the author, or one more than the highest that it had seen.
 * Parents are up to four entries of which the author had everything before them, in rising order of
 * their bytes. What is signed and named is the packed array
 *
 *     [1, 1, conversation, account 32, installation 32, lamport, [parent, ...],
 *      content hash 32, extensions]
 *
 * content hash: the content under "sotto/1/entry/content"; id: the first 16 bytes of the hash of
 * the array under "sotto/1/entry/id"; signature: by the installation under "sotto/1/entry/author".
 *
 * So neither id nor author is a part of the entry: the first message tells the author by its MLS
 * leaf, a parcel that hands on the entry of another names him beside it, and both must fit the
 * signature. An author cannot give two entries one id, nor put its entry into another conversation,
 * and nobody can put an entry into another's mouth, however often it was sent again, repaired or
 * handed on as history.
 *
 * Order of a conversation: (lamport, id). @source CHAT.md 7
 */
#pragma once

#include "crypto/base/buf.h"
#include "crypto/keyring/keyring.h"
#include "crypto/pack/pack.h"
#include "node/chat/envelope/params.h"

#define ENTRY_ID_BYTES 16u

struct entry_id {
    uint8_t bytes[ENTRY_ID_BYTES];
};

struct entry_author {
    uint8_t account[32], installation[32]; /* account id, Ed25519 public key */
};

struct entry {
    uint64_t lamport; /* ms; up to INT64_MAX */
    struct entry_id parents[ENTRY_PARENTS_MAX];
    size_t parents_count;
    struct span content; /* packed, 1..ENTRY_CONTENT_MAX bytes; borrowed */
    uint8_t signature[64];
    struct pack_extensions extensions; /* bytes borrowed */
};

/** Decode. Says nothing about the signature.
 *
 * @return OK; ERR_FORMAT; ERR_LIMIT over ENTRY_BYTES_MAX; ERR_UNSUPPORTED a later version, another
 *         type or an unknown critical extension: "needs a newer version"
 */
enum err entry_decode(struct span in, struct entry *out) MUST_CHECK;

/** Append the encoding. OK; ERR_ARGUMENT content too long or none, or parents not in order;
 * ERR_FULL; ERR_MEMORY. */
enum err entry_encode(const struct entry *e, struct buf *out) MUST_CHECK;

/** The name that it has in this conversation when this author said it.
 *
 * @param conversation  1..CONVERSATION_ID_MAX bytes (in)
 * @return OK; ERR_MEMORY
 */
enum err entry_id_of(const struct entry *e, struct span conversation,
                     const struct entry_author *author, struct entry_id *out) MUST_CHECK;

/** Sign as the author, whose installation key `key` is.
 *
 * @return OK; ERR_ARGUMENT it is not that key; ERR_REFUSED, ERR_UNSUPPORTED of the keyring;
 *         ERR_MEMORY
 */
enum err entry_sign(struct entry *e, struct span conversation, const struct entry_author *author,
                    const struct keyring_key *key) MUST_CHECK;

/** Did this author say it in this conversation? Whether the installation is one of the account is
 * for the account's log to say (identity.h).
 *
 * @return OK; ERR_AUTH; ERR_MEMORY
 */
enum err entry_verify(const struct entry *e, struct span conversation,
                      const struct entry_author *author) MUST_CHECK;

static inline bool entry_id_eq(const struct entry_id *a, const struct entry_id *b)
{
    return memcmp(a->bytes, b->bytes, ENTRY_ID_BYTES) == 0;
}

static inline bool entry_author_eq(const struct entry_author *a, const struct entry_author *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* A place in the order of a conversation. */
struct entry_place {
    uint64_t lamport;
    struct entry_id id;
};

/** Below, at or above zero, as `a` is before, at or behind `b`. */
int entry_place_cmp(const struct entry_place *a, const struct entry_place *b);

/** Ids of an array in rising order of their bytes, as entries and acknowledgements have them. */
void entry_ids_sort(struct entry_id *ids, size_t count);
void entry_ids_write(struct pack_writer *w, const struct entry_id *ids, size_t count);
/** @return how many; not in rising order, or over `max`: ERR_FORMAT (sticky) */
size_t entry_ids_read(struct pack_reader *r, struct entry_id *ids, size_t max);
