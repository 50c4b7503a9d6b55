/* AutoNAT 1.0.0: can others dial us? Both ends. libp2p/specs autonat/autonat-v1.md.
 *
 * Server (autonat_server): a peer asks to be dialed. Only the IP that it is seen at is dialed,
 * whatever it asks for (RFC 3489 12.1.1: nobody is made to dial a third party), at most
 * AUTONAT_ADDRS_MAX ports of it, at most once in AUTONAT_PEER_PAUSE_MS for a peer and for an
 * address, AUTONAT_DIALS_MAX at a time. Requests over a circuit, and from private addresses, are
 * refused.
 *
 *     request -> DIAL (ticket, peer, addresses) -> autonat_server_dialed -> ANSWER (stream, bytes)
 *             -> ANSWER at once: refused, malformed
 *
 * Client (autonat_client): connected peers are asked in rounds; the last answers of different
 * addresses make the result. Refusals and errors say nothing.
 *
 *     candidates -> ASK (peer) -> autonat_client_answer | autonat_client_failed -> autonat_reach
 *
 * One struct autonat is both; it is driven by autonat_tick at autonat_deadline and by
 * autonat_poll.
 */
#pragma once

#include "crypto/base/buf.h"
#include "crypto/base/env.h"
#include "net/reach/params.h"
#include "net/wire/multiaddr.h"

enum autonat_status { /* Message.ResponseStatus */
    AUTONAT_OK = 0,
    AUTONAT_DIAL_ERROR = 100,
    AUTONAT_DIAL_REFUSED = 101,
    AUTONAT_BAD_REQUEST = 200,
    AUTONAT_INTERNAL_ERROR = 300,
};

struct autonat_message {
    bool is_answer;
    /* DIAL */
    bool has_peer;
    struct span peer_id; /* empty: not said */
    size_t addrs_count;
    struct span addrs[REACH_ADDRS_MAX]; /* binary, not checked; those beyond are left out */
    /* DIAL_RESPONSE */
    uint32_t status;
    struct span text, addr;
};

/** Read a message; spans are borrowed from it. OK; ERR_FORMAT; ERR_LIMIT. */
enum err autonat_decode(struct span in, struct autonat_message *out) MUST_CHECK;

/** Append a message. OK; ERR_FULL; ERR_MEMORY. */
enum err autonat_encode(const struct autonat_message *m, struct buf *out) MUST_CHECK;

enum autonat_reach {
    AUTONAT_UNKNOWN,
    AUTONAT_REACHABLE,
    AUTONAT_NOT_REACHABLE,
};

#define AUTONAT_COUNTERS(X)                                                                        \
    X(dial_backs)    /* dials that we began for others */                                          \
    X(dial_backs_ok) /* of these reached the peer */                                               \
    X(refused)       /* requests over a limit, or of an address that we do not dial */             \
    X(malformed)                                                                                   \
    X(asked)          /* peers that we asked */                                                    \
    X(answers_ok)     /* they dialed us */                                                         \
    X(answers_failed) /* they could not */                                                         \
    X(answers_none)   /* refused, malformed, or no answer */

struct autonat_counters {
#define X(name) uint64_t name;
    AUTONAT_COUNTERS(X)
#undef X
};

struct autonat_params {
    bool serve;
    bool ask;
    bool private_counts; /* private and loopback addresses are dialed as well: closed networks */
};

struct autonat;

enum autonat_out_kind {
    AUTONAT_OUT_ANSWER, /* stream, bytes */
    AUTONAT_OUT_DIAL,   /* ticket, peer_id, addrs: once, to exactly these, then server_dialed */
    AUTONAT_OUT_ASK,    /* peer: send it autonat_request, then client_answer or client_failed */
    AUTONAT_OUT_REACH,  /* reach has changed */
};

struct autonat_out { /* borrowed until the next call */
    enum autonat_out_kind kind;
    uint64_t stream, peer, ticket;
    struct span bytes;
    const struct peer_id *peer_id;
    const struct multiaddr *addrs; /* with /p2p */
    size_t addrs_count;
    enum autonat_reach reach;
};

enum err autonat_new(struct autonat **out, const struct env *env,
                     const struct autonat_params *params) MUST_CHECK;
void autonat_free(struct autonat *a);

/** A peer asks on a stream; ANSWER follows, now or after a DIAL.
 *
 * @param remote  where it is connected from
 */
void autonat_server_request(struct autonat *a, const struct env *env, uint64_t stream,
                            const struct peer_id *peer, const struct multiaddr *remote,
                            struct span request);

/** The end of a DIAL. `at`: the address that answered, when err is OK. */
void autonat_server_dialed(struct autonat *a, uint64_t ticket, enum err err,
                           const struct multiaddr *at);

/** A peer that could be asked: it speaks the protocol, and we dialed it directly. */
void autonat_client_peer(struct autonat *a, const struct env *env, uint64_t peer,
                         const uint8_t ip[16]);
void autonat_client_peer_down(struct autonat *a, uint64_t peer);

/** What to send it. */
enum err autonat_request(const struct peer_id *self, const struct multiaddr *addrs, size_t count,
                         struct buf *out) MUST_CHECK;

void autonat_client_answer(struct autonat *a, const struct env *env, uint64_t peer,
                           struct span answer);
void autonat_client_failed(struct autonat *a, uint64_t peer);

/** What the answers of the last half hour say.
 *
 * @param confidence  share of the answers that agree, 0..1 (out, may be NULL)
 */
enum autonat_reach autonat_reach(const struct autonat *a, double *confidence);

struct mono autonat_deadline(const struct autonat *a);
void autonat_tick(struct autonat *a, const struct env *env);
bool autonat_poll(struct autonat *a, struct autonat_out *out);

const struct autonat_counters *autonat_counters(const struct autonat *a);
