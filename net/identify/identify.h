/* libp2p identify and identify/push, both ends. libp2p/specs identify/README.md r1 (2021), with the
 * signed peer record (field 8) that go-libp2p, js-libp2p and nim-libp2p add; RFC 0002 and 0003.
 *
 * In: who is connected (peer_up, peer_down), what we are (describe), and the bytes of two kinds of
 * streams a peer may have with us: its answer to our question, and its push. Out, by poll:
 *
 *     ASK     open IDENTIFY_PROTOCOL to the peer, then begin(ANSWER), feed, end
 *     PUSH    open IDENTIFY_PUSH_PROTOCOL to it, write identify_message, close
 *     INFO    what the peer says about itself, checked
 *     FAILED  it did not, and why; reset the stream
 *
 *     (a peer opens IDENTIFY_PROTOCOL)       write identify_message to it, close
 *     (a peer opens IDENTIFY_PUSH_PROTOCOL)  begin(PUSHED), feed, end
 *
 * Checked means: the public key hashes to the id that the secure channel proved; the signed record
 * is the peer's own, verified, and not older than one seen before. All else is hearsay: addresses
 * may be of protocols that we do not know, or of other hosts.
 *
 * Bounds: params.h. At most one stream of each kind is read per peer; a stream that does not end
 * within IDENTIFY_TIMEOUT_NS ends with what it said so far, or FAILED.
 */
#pragma once

#include "crypto/base/buf.h"
#include "crypto/base/env.h"
#include "net/identify/params.h"
#include "net/wire/peer_record.h"

struct identify;

/* what we say about ourselves; borrowed during the call */
struct identify_self {
    struct span protocol_version, agent_version;
    struct span public_key; /* serialized PublicKey */
    const struct multiaddr *addrs;
    size_t addr_count;
    const char *const *protocols; /* ids that we serve, NULL-terminated */
    struct span signed_record;    /* envelope of peer_record.h; empty: none */
};

/* what a peer says; spans are borrowed until the next call. In a push only what has changed is
 * there: empty fields and lists say nothing. */
struct identify_info {
    struct span protocol_version, agent_version; /* printable ASCII, maybe empty */
    struct span public_key;
    struct span observed_addr; /* binary: where the peer sees us; not checked */
    size_t addr_count, protocol_count;
    struct span addrs[IDENTIFY_ADDRS_MAX]; /* binary, not checked */
    struct span protocols[IDENTIFY_PROTOCOLS_MAX];
    struct span signed_record; /* the envelope as it came, when has_record */
    bool has_record;           /* verified */
    struct peer_record record; /* its content */
};

enum identify_stream {
    IDENTIFY_ANSWER, /* to our question */
    IDENTIFY_PUSHED, /* unasked */
    IDENTIFY_STREAMS
};

enum identify_out_kind {
    IDENTIFY_OUT_ASK,
    IDENTIFY_OUT_PUSH,
    IDENTIFY_OUT_INFO,
    IDENTIFY_OUT_FAILED,
};

struct identify_out {
    enum identify_out_kind kind;
    uint64_t peer;
    enum identify_stream stream;      /* INFO, FAILED */
    const struct identify_info *info; /* INFO; borrowed until the next call */
    enum err err;                     /* FAILED */
};

/** NULL when memory is out. */
struct identify *identify_new(const struct env *env) MUST_CHECK;

/** Accepts NULL. */
void identify_free(struct identify *g);

/** Say from now on this about us. When it differs from before, PUSH follows for every peer that
 * takes pushes.
 *
 * @return OK; ERR_FULL it does not fit into IDENTIFY_MESSAGE_MAX, nothing changed; ERR_MEMORY
 */
enum err identify_describe(struct identify *g, const struct identify_self *self) MUST_CHECK;

/** A peer is connected; ASK follows.
 *
 * @param remote  where we see it: what we tell it as its observed address; may be NULL
 * @return OK; ERR_EXISTS; ERR_FULL; ERR_MEMORY
 */
enum err identify_peer_up(struct identify *g, uint64_t peer, const struct peer_id *id,
                          const struct multiaddr *remote) MUST_CHECK;

/** Its last connection ended; nothing more comes out about it. */
void identify_peer_down(struct identify *g, uint64_t peer);

/** Append our message for this peer, with its length before it: to answer, and to push.
 *
 * @return OK; ERR_NOT_FOUND no such peer; ERR_BUSY nothing is described yet; ERR_FULL; ERR_MEMORY
 */
enum err identify_message(const struct identify *g, uint64_t peer, struct buf *out) MUST_CHECK;

/** Such a stream is open now. OK; ERR_NOT_FOUND no such peer; ERR_BUSY one is being read: reset it.
 */
enum err identify_begin(struct identify *g, const struct env *env, uint64_t peer,
                        enum identify_stream stream) MUST_CHECK;

/** Bytes from it.
 *
 * @return OK; ERR_LIMIT it says too much, ERR_MEMORY: FAILED follows; ERR_NOT_FOUND not begun
 */
enum err identify_feed(struct identify *g, uint64_t peer, enum identify_stream stream,
                       struct span in) MUST_CHECK;

/** The peer closed its side: INFO or FAILED follows. */
void identify_end(struct identify *g, uint64_t peer, enum identify_stream stream);

/** The stream could not be opened, or was reset: FAILED follows. */
void identify_fail(struct identify *g, uint64_t peer, enum identify_stream stream, enum err err);

/** When it next wants a tick. */
struct mono identify_deadline(const struct identify *g);

/** Give up streams whose time is over. */
void identify_tick(struct identify *g, const struct env *env);

/** What is to be done or known; false: nothing left. */
bool identify_poll(struct identify *g, struct identify_out *out);
