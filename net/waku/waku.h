/* The Waku layer over gossipsub: messages and their hash, shards, what relay accepts, what the
 * archive keeps, and the metadata protocol.
 *
 * Sources: 14/WAKU2-MESSAGE, 23/WAKU2-TOPICS, 51/WAKU2-RELAY-SHARDING, 64/WAKU2-NETWORK,
 * 66/WAKU2-METADATA; what nwaku and js-waku do where these are silent.
 *
 * In:  encoded messages, topics, metadata messages. Out: their fields (borrowed), verdicts, hashes.
 * All of it is pure but for the metadata engine, which has a deadline per question.
 * A message is never encoded again on its way: relay and archive keep the bytes that came.
 */
#pragma once

#include "crypto/base/buf.h"
#include "crypto/base/env.h"
#include "net/gossipsub/gossipsub.h"
#include "net/waku/params.h"

/* --- messages ----------------------------------------------------------------------------------
 */

struct waku_message { /* spans borrowed */
    struct span payload, content_topic;
    struct span meta;  /* empty: absent */
    struct span proof; /* rate_limit_proof, opaque; empty: absent */
    uint32_t version;
    int64_t timestamp_ns; /* of the sender's wall clock; 0: absent */
    bool ephemeral;
    bool has_payload, has_content_topic; /* the field is there, maybe empty */
};

/** Read the fields. Unknown fields are skipped; of a repeated one the last counts.
 *
 * @return OK, also without payload or topic; ERR_FORMAT; ERR_LIMIT meta over WAKU_META_BYTES_MAX
 * @source 14/WAKU2-MESSAGE "Wire Format"
 */
enum err waku_message_decode(struct span in, struct waku_message *out) MUST_CHECK;

/** Append an encoded message: for messages of our own only. Absent fields are left out. ERR_LIMIT
 * meta too long; ERR_FULL; ERR_MEMORY. */
enum err waku_message_encode(const struct waku_message *m, struct buf *out) MUST_CHECK;

/** Append a timestamp to an encoded message that has none: the last field counts. ERR_FULL;
 * ERR_MEMORY. */
enum err waku_message_stamp(struct wall now, struct buf *encoded) MUST_CHECK;

/** The deterministic message hash, the key of the archive. A missing timestamp counts as 8 zero
 * bytes, as nwaku does.
 *
 * @source 14/WAKU2-MESSAGE "Deterministic message hashing"
 */
void waku_message_hash(struct span pubsub_topic, const struct waku_message *m, uint8_t hash[32]);

/* --- what relay lets through, what the archive keeps --------------------------------------------
 */

/** May a message be relayed?
 *
 * REJECT (the sender loses score): longer than `bytes_max`, malformed, meta too long, payload or
 * content topic missing: nwaku rejects these as well. IGNORE: payload or content topic there but
 * empty: nwaku accepts and js-waku rejects that, so neither forwarding nor punishing is safe.
 * Timestamps are not looked at: that is the archive's rule.
 *
 * @param data  the data of the gossip message (in)
 * @param out   its fields, when they could be read (out)
 */
enum gossipsub_verdict waku_relay_verdict(struct span data, size_t bytes_max,
                                          struct waku_message *out);

/** Does the archive take it: not ephemeral, and its timestamp at most WAKU_ARCHIVE_DRIFT_NS from
 * our clock either way? */
bool waku_archivable(const struct waku_message *m, struct wall now);

/* The bytes of each pubsub topic that are let in ("Free bandwidth exceeded"). */
struct bandwidth;

/** `limit_bytes_s` of each topic; 0: no limit. NULL when memory is out. */
struct bandwidth *bandwidth_new(const struct env *env, uint64_t limit_bytes_s) MUST_CHECK;
void bandwidth_free(struct bandwidth *b);

/** Is a message of so many bytes let in? False: the topic's last second is at the limit; IGNORE it.
 *
 * @source 64/WAKU2-NETWORK "Free bandwidth exceeded"
 */
bool bandwidth_admits(struct bandwidth *b, const struct env *env, struct span topic, size_t bytes);

/* --- shards -------------------------------------------------------------------------------------
 */

struct waku_shard {
    uint16_t cluster, index;
};

/** Read "/waku/2/rs/CLUSTER/INDEX", decimal without leading zeros. ERR_FORMAT. */
enum err waku_shard_parse(struct span pubsub_topic, struct waku_shard *out) MUST_CHECK;

/** Write the pubsub topic and NUL; returns its length. */
size_t waku_shard_text(struct waku_shard shard, char out[WAKU_SHARD_TEXT_MAX]);

struct waku_content_topic { /* spans borrowed */
    bool has_generation;
    uint64_t generation;
    struct span application, version, name, encoding;
};

/** Read "/APPLICATION/VERSION/NAME/ENCODING", or the same behind "/GENERATION". No part may be
 * empty.
 *
 * @return OK; ERR_FORMAT
 * @source 23/WAKU2-TOPICS, 51/WAKU2-RELAY-SHARDING "Content Topics Format for Autosharding"
 */
enum err waku_content_topic_parse(struct span text, struct waku_content_topic *out) MUST_CHECK;

/** The shard of a content topic: SHA-256(application, version), the last 8 bytes modulo the shards.
 *
 * @param shards  of the network, 1..WAKU_SHARDS_MAX (in)
 * @return OK; ERR_FORMAT no content topic; ERR_UNSUPPORTED a generation other than 0
 * @source 51/WAKU2-RELAY-SHARDING "Automatic Sharding"
 */
enum err waku_autoshard(struct span content_topic, uint16_t cluster, uint32_t shards,
                        struct waku_shard *out) MUST_CHECK;

/* --- metadata 1.0.0 -----------------------------------------------------------------------------
 */

#define WAKU_METADATA_PROTOCOL "/vac/waku/metadata/1.0.0"

struct waku_metadata {
    bool has_cluster;
    uint32_t cluster;
    uint16_t shards[WAKU_SHARDS_MAX];
    size_t count;
};

/** Requests and answers look the same. Shards may come in field 2 (unpacked or packed) or field 3
 * (packed), which wins; js-waku sends none.
 *
 * @return OK; ERR_FORMAT; ERR_LIMIT more than WAKU_SHARDS_MAX or no 16-bit number
 */
enum err waku_metadata_decode(struct span in, struct waku_metadata *out) MUST_CHECK;

/** Field 2 unpacked, which is all that js-waku reads, and field 3 packed, as nwaku does. */
enum err waku_metadata_encode(const struct waku_metadata *m, struct buf *out) MUST_CHECK;

/* One engine for all peers. Messages are whole, without their length prefix; after each message
 * both sides close their writing half (js-waku reads to the end of the stream).
 *
 *     metadata_ask(peer) -> OUT_REQUEST -> metadata_answer(peer) -> OUT_KNOWN
 *                                       `-> metadata_gone(peer), deadline -> OUT_FAILED
 *     metadata_request(peer, stream) -> OUT_ANSWER stream, OUT_KNOWN peer
 */
struct metadata;

enum metadata_kind {
    METADATA_REQUEST, /* open a stream to `peer`, send `bytes`, close writing, read the answer */
    METADATA_ANSWER,  /* send `bytes` on `stream`, close writing */
    METADATA_KNOWN,   /* what `peer` said; when foreign: disconnect it */
    METADATA_FAILED,  /* `peer` gave no proper answer: err; no reason to disconnect */
};

struct metadata_out {
    enum metadata_kind kind;
    uint64_t peer, stream;
    struct span bytes;                /* REQUEST, ANSWER; borrowed until the next call */
    const struct waku_metadata *said; /* KNOWN; borrowed until the next call */
    bool foreign; /* KNOWN: it names no cluster or another one than ours (64/WAKU2-NETWORK) */
    enum err err; /* FAILED */
};

/** `own` is copied. NULL when memory is out. */
struct metadata *metadata_new(const struct waku_metadata *own) MUST_CHECK;
void metadata_free(struct metadata *m);

/** Our shards changed. */
void metadata_set_own(struct metadata *m, const struct waku_metadata *own);

/** Ask a peer, once after it connected. OK also while a question is under way; ERR_FULL. */
enum err metadata_ask(struct metadata *m, const struct env *env, uint64_t peer) MUST_CHECK;

/** The answer to our question. ERR_FORMAT, ERR_LIMIT: METADATA_FAILED follows; ERR_PROTOCOL: we did
 * not ask. */
enum err metadata_answer(struct metadata *m, const struct env *env, uint64_t peer,
                         struct span in) MUST_CHECK;

/** A peer asks on a stream. ERR_FORMAT, ERR_LIMIT: reset it. ERR_FULL. */
enum err metadata_request(struct metadata *m, const struct env *env, uint64_t peer, uint64_t stream,
                          struct span in) MUST_CHECK;

/** The stream of our question ended without an answer, or the peer is gone. */
void metadata_gone(struct metadata *m, uint64_t peer, enum err why);

bool metadata_poll(struct metadata *m, struct metadata_out *out);
struct mono metadata_deadline(const struct metadata *m);
void metadata_tick(struct metadata *m, const struct env *env);
