/* The parts of struct discv5: private to the room.
 *
 *     discv5.c     the conductor: datagrams in, outputs, clock
 *     requests.c   what we ask, and what came of it
 *     shaking.c    WHOAREYOU and handshakes, both sides
 *     serving.c    what others ask
 *     upkeep.c     who is known, told, checked; where we are
 */
#pragma once

#include "crypto/base/blob.h"
#include "crypto/base/fifo.h"
#include "net/discovery/discv5.h"
#include "net/discovery/limits.h"
#include "net/discovery/lookup.h"
#include "net/discovery/message.h"
#include "net/discovery/session.h"

struct challenge { /* a WHOAREYOU of ours */
    struct kept_entry entry;
    uint8_t data[PACKET_CHALLENGE];
    struct mono until;
    unsigned tries;
};

enum purpose {
    FOR_PROOF,  /* PING: is it there */
    FOR_LOOKUP, /* FINDNODE on a walk */
    FOR_RECORD, /* FINDNODE 0: its newer record */
};

enum request_state {
    REQUEST_FREE,
    REQUEST_HELD, /* a handshake with this node is under way */
    REQUEST_SENT,
    REQUEST_SHAKEN, /* sent in a handshake */
};

struct request {
    enum request_state state;
    enum purpose purpose;
    bool had_session;
    struct enr to;
    struct udp_addr addr;
    struct message message; /* PING or FINDNODE, with its id */
    uint8_t nonce[PACKET_NONCE_BYTES];
    struct mono due;
    uint64_t total, got; /* NODES messages */
    size_t records;
};

struct vote {
    uint8_t voter[16];
    struct udp_addr seen;
    struct mono until;
};

struct out_slot {
    struct discv5_out out;
    struct blob *bytes;
    struct enr *enr;
};

struct discv5 {
    struct discv5_params params;
    uint8_t protocol[PACKET_ID_BYTES];
    struct enr self;
    struct table table;
    struct kept sessions, challenges;
    struct limits unknown, newcomers, serve;
    struct allowance unknown_all;
    struct request requests[DISCV5_REQUESTS_MAX];
    struct lookup lookup;
    struct mono look_at, prove_at, check_at, bootstrap_at, found_again_at;
    struct enr *bootstraps;
    size_t bootstraps_count;
    struct map found; /* node id -> its seq, boxed */
    struct vote votes[DISCV5_VOTERS_MAX];
    struct udp_addr endpoint; /* told last */
    bool walked;              /* the first walk leads to ourselves */
    struct fifo out;          /* struct out_slot */
    struct out_slot told;
    struct discv5_counters counters;
};

/* discv5.c */
void discv5_send(struct discv5 *d, const struct udp_addr *to, struct span bytes);
void discv5_emit(struct discv5 *d, struct out_slot *slot);

/** Seal a message for a session and send it. */
void discv5_say(struct discv5 *d, const struct env *env, struct session *s,
                const uint8_t id[ENR_ID_BYTES], const struct udp_addr *to, const struct message *m,
                uint8_t nonce[PACKET_NONCE_BYTES]);

/* requests.c */
bool request_begin(struct discv5 *d, const struct env *env, const struct enr *to,
                   const struct udp_addr *addr, enum purpose purpose, const uint16_t *distances,
                   size_t count);
void request_answered(struct discv5 *d, const struct env *env, const uint8_t id[ENR_ID_BYTES],
                      const struct udp_addr *from, const struct message *m);
struct request *request_of_nonce(struct discv5 *d, const uint8_t nonce[PACKET_NONCE_BYTES],
                                 const struct udp_addr *from);
void requests_release(struct discv5 *d, const struct env *env, const uint8_t id[ENR_ID_BYTES]);
void requests_tick(struct discv5 *d, const struct env *env);
struct mono requests_deadline(const struct discv5 *d);
size_t requests_for(const struct discv5 *d, enum purpose purpose);

/* shaking.c */
void shaking_challenge(struct discv5 *d, const struct env *env, const struct udp_addr *from,
                       const struct packet *p);
void shaking_whoareyou(struct discv5 *d, const struct env *env, const struct udp_addr *from,
                       const struct packet *p);
void shaking_handshake(struct discv5 *d, const struct env *env, const struct udp_addr *from,
                       const struct packet *p);

/* serving.c: a message that a session has opened */
void serving_message(struct discv5 *d, const struct env *env, struct session *s,
                     const uint8_t id[ENR_ID_BYTES], const struct udp_addr *from,
                     struct span plain);

/* upkeep.c */
void upkeep_tick(struct discv5 *d, const struct env *env);
struct mono upkeep_deadline(const struct discv5 *d);

/** The own record of a node that answers at `from`. It may say no more of addresses than others
 * may, and one address does not introduce ever new names. */
void upkeep_met(struct discv5 *d, const struct env *env, const struct enr *enr,
                const struct udp_addr *from);

/** A verified record, told by `source` (NULL: by the operator, or upkeep_met). */
void upkeep_learn(struct discv5 *d, const struct env *env, const struct enr *enr,
                  const struct udp_addr *source);

/** The node has answered from this address; `seq` of its record as it says. */
void upkeep_alive(struct discv5 *d, const struct env *env, const uint8_t id[ENR_ID_BYTES],
                  const struct udp_addr *from, uint64_t seq);

/** The node has not answered. */
void upkeep_silent(struct discv5 *d, const uint8_t id[ENR_ID_BYTES], const struct udp_addr *addr);

/** A node says where it sees us. */
void upkeep_vote(struct discv5 *d, const struct env *env, const struct udp_addr *voter,
                 const struct udp_addr *seen);

/** Ask on for the walk under way. */
void upkeep_walk(struct discv5 *d, const struct env *env);

/** The address at which we speak with the node; false: none that we can use. */
bool upkeep_addr(const struct discv5 *d, const struct enr *enr, struct udp_addr *addr);
