/* The parts of struct core: private to the room.
 *
 *     core.c       the conductor: the world's calls, the pump, events
 *     telling.c    what the host tells, and whom it concerns
 *     archiving.c  valid messages -> batches -> commit jobs
 *     queries.c    questions of peers and of the user -> jobs -> answers
 *     publishing.c messages of the user -> topic, bytes, hash -> relay
 *     pushing.c    messages that come by lightpush, or that we publish so
 *     reaching.c   where we are, as told to others; dials that the host asks for
 *     filtering.c  messages to filter subscribers; our own subscriptions
 *     clock.c      is our wall clock that of the others?
 *     mapping.c    ports that a gateway forwards to us
 *     stemming.c   both on their way along the stem
 *     candidates.c the peer manager: who is dialed, who is asked to leave
 *     asking.c     peers that are asked for peers
 *     meeting.c    meeting points: rendezvous
 *     remembering.c peers over a restart
 *     topics.c     our pubsub topics and shards
 *     syncing.c    store sync: ids, sessions, what is fetched and stored
 *     resuming.c   what was missed while we were away
 *     discovering.c our node record, discv5, lists in DNS
 *     nearby.c     the local network: mDNS
 *     chatting*.c  chats that we carry: messages, look-ups, subscriptions; attaching.c
 *     view.c       looking in
 */
#pragma once

#include "crypto/base/fifo.h"
#include "crypto/base/map.h"
#include "net/host/host.h"
#include "net/peers/peers.h"
#include "net/reach/reach.h"
#include "net/services/lightpush.h"
#include "net/services/store_query.h"
#include "net/swarm/swarm.h"
#include "net/waku/stem.h"
#include "net/wire/enr.h"
#include "node/core/clock.h"
#include "node/core/core.h"
#include "node/core/params.h"
#include "store/archive.h"

struct event_slot { /* an event and what it owns */
    struct core_event event;
    struct blob *message, *topic;
    struct query_job *query;
    struct lightpush_result *pushed;
};

struct archiving {
    struct archive *archive; /* NULL: no store */
    struct retention retention;
    struct fifo batches;        /* struct archive_batch *: the last one is open */
    struct archive_batch *busy; /* on the store thread */
    bool retaining;             /* a retention job is under way */
    bool failed;                /* the last commit */
    enum err health;
    struct mono retry, retain; /* when */
    size_t bytes, messages;    /* that wait for their commit */
    size_t bytes_max;
    enum core_overflow overflow;
    bool paused; /* we asked the host to read more slowly */
};

struct lent { /* what core_peers lends for a peer that is not connected */
    const char *protocols[CORE_ABILITIES_MAX];
    uint16_t shards[PEERS_SHARDS_MAX];
};

struct candidates {
    struct peers *peers; /* NULL: the streams are the world's */
    struct lent *lent;
    struct map dials;         /* dial number -> struct dialing */
    struct mono save;         /* when to look whether peers are to be saved */
    uint64_t saved;           /* generation on disk */
    bool saving;              /* a job is under way */
    struct mono hungry_until; /* the manager wants candidates */
    struct mono meet;         /* when to leave our records again */
    unsigned points;          /* where they were left since */
    unsigned asked;           /* questions for records under way */
    uint64_t px_records, px_invalid, px_errors;
};

struct topics {
    struct map names; /* topic -> itself (struct topic) */
    uint16_t shards[CORE_TOPICS_MAX];
    size_t shards_count;
};

struct pushing {
    bool has_node;
    struct peer_id node; /* that publishes for us */
    struct map users;    /* number of a push through a service node -> ticket of the user */
    uint64_t next;
};

struct addr_list { /* owned */
    struct multiaddr *addrs;
    size_t count;
};

struct reaching {
    struct addr_list bound, heads, given; /* of the configuration */
    struct addr_list announced;           /* what the host tells */
    struct addr_list written;             /* what it was told to */
    bool begun;                           /* the first list needs no event */
    struct map dials;                     /* number of the swarm's dial -> struct wanted_dial */
};

struct syncing {
    struct mono next;  /* session of ours */
    struct mono again; /* reading the ids; MONO_NEVER: under way or done */
    uint64_t run;      /* readings so far */
};

enum resume_state {
    RESUME_OFF,
    RESUME_READING, /* the time of the last run */
    RESUME_ASKING,
    RESUME_KEEPING, /* note that we are there */
};

struct resuming {
    enum resume_state state;
    bool busy;  /* a job is under way */
    bool asked; /* a store has our question */
    struct mono next;
    int64_t from_ns, to_ns;
    int64_t last_ns, kept_ns; /* of the last good page; of what is on disk */
    uint64_t peer, ticket, asked_count;
    uint8_t cursor[32];
    bool has_cursor;
    unsigned tries;
    uint64_t failed[CORE_RESUME_TRIES_MAX];
    uint64_t messages, pages, stored_before;
};

struct discv5;
struct mdns;
struct dns;

struct discovering {
    struct enr self;         /* len 0: none, the host key is not secp256k1 */
    char text[ENR_TEXT_MAX]; /* "" without a record */
    bool stale;              /* what it says may have changed */
    uint8_t seen_ip[16];     /* by other nodes */
    uint16_t seen_port;      /* 0: not yet */
    struct discv5 *discv5;   /* NULL: off */
    struct dns *dns;         /* NULL: no lists */
    uint64_t candidates[CORE_SOURCES];
    uint64_t *by_shard; /* CORE_SHARDS_MAX; NULL: no candidate yet */
};

struct envelope_kind;

struct core {
    struct core_config config;
    struct noise_self *noise;
    struct swarm *swarm; /* NULL: the streams are the world's */
    struct streams streams;
    struct host *host;
    struct peer_id self;
    char id[PEER_ID_TEXT_MAX];
    struct fifo events;
    struct event_slot told;
    struct fifo jobs; /* struct job * for the next pump */
    size_t jobs_under_way;
    struct archiving archiving;
    struct reaching reaching;
    struct portmap mapping;
    char map_gateway[PORTMAP_GATEWAY_MAX];
    struct portmap_port map_ports[PORTMAP_PORTS_MAX];
    struct candidates candidates;
    struct topics topics;
    struct syncing syncing;
    struct resuming resuming;
    struct discovering discovering;
    struct mdns *mdns; /* NULL: off */
    struct map dials;  /* dial number -> ticket of the user */
    struct pushing pushing;
    struct stem *stem;         /* NULL: off */
    struct chatting *chatting; /* NULL: no chat was ever attached; chatting.h */
    bool has_static_shard;     /* static sharding: content topics are on this shard */
    uint16_t static_shard;
    size_t queries_under_way;
    struct clock_watch clock;
    struct peer_id filternode; /* len 0: any */
    bool stopping, left;       /* left: the connections are being closed */
    struct mono leave_by;
    struct core_counters counters;
    char **strings; /* copies that config points to */
    size_t strings_count;
};

void core_emit(struct core *c, const struct env *env, struct event_slot *slot);
enum err core_queue_job(struct core *c, struct job *job) MUST_CHECK;

/* telling.c */
void core_host_told(struct core *c, const struct env *env, const struct host_out *out);

/** A message became public: it is archived, shown, and given to strangers who asked for such. */
void core_message_seen(struct core *c, const struct env *env, const struct host_out *out);

/** Of an own message that is not public yet: archived and shown, but only to us. */
void core_message_show(struct core *c, const struct env *env, const struct host_out *out);

/** What strangers are given of a message: of an own one that was shown, when it has become public.
 */
void core_message_public(struct core *c, const struct env *env, const struct host_out *out);

/* archiving.c */
enum err archiving_init(struct core *c, const struct env *env) MUST_CHECK;
void archiving_clear(struct core *c);
bool archiving_has_room(const struct core *c, size_t payload_bytes);
void archiving_add(struct core *c, const struct env *env, const struct host_out *out);
void archiving_add_fetched(struct core *c, const struct env *env, const struct host_out *out);
void archiving_pump(struct core *c, const struct env *env);
struct mono archiving_deadline(const struct core *c);
bool archiving_idle(const struct core *c);

/* queries.c */
void query_of_peer(struct core *c, const struct env *env, const struct host_out *out);
void query_answered(struct core *c, const struct env *env, const struct host_out *out);
void query_free(struct query_job *q);

/* publishing.c */

/** The pubsub topic of a message; an empty one is found by autosharding. ERR_ARGUMENT no shard;
 * ERR_NOT_FOUND not subscribed. */
enum err publishing_topic(const struct core *c, struct span given, struct span content_topic,
                          char text[32], struct span *out) MUST_CHECK;

/** Encode a message of the user, with our time when it has none. ERR_ARGUMENT, ERR_LIMIT. */
enum err publishing_encode(const struct core *c, const struct env *env,
                           const struct core_message *from, struct buf *out) MUST_CHECK;

struct outgoing { /* an encoded message on its way out */
    struct span topic, encoded;
    uint64_t from;  /* the peer that pushed it; 0: ours */
    uint64_t asker; /* who is told by push_done when it is held; 0: nobody */
};

enum sent {
    SENT_RELAYED, /* to relay_peers; archived and shown like one that came */
    SENT_HELD,    /* it goes along the stem */
};

/** Send a message, by the stem or at once. */
enum err publishing_send(struct core *c, const struct env *env, const struct outgoing *m,
                         uint8_t hash[32], enum sent *how, size_t *relay_peers) MUST_CHECK;

/* pushing.c */
enum err pushing_init(struct core *c, const struct env *env) MUST_CHECK;
void pushing_clear(struct core *c);
void push_of_peer(struct core *c, const struct env *env, const struct host_out *out);
void push_answered(struct core *c, const struct env *env, const struct host_out *out);

/** What became of a held message that `asker` waits for. */
void push_done(struct core *c, const struct env *env, uint64_t asker, enum err err,
               uint32_t relay_peers);
/** Publish through this peer. CORE_EVENT_PUSHED follows, or for a ticket of a chat chatting_pushed.
 * As publishing_encode; ERR_NOT_FOUND, ERR_FULL. */
enum err push_through(struct core *c, const struct env *env, uint64_t peer, struct span topic,
                      const struct core_message *message, uint64_t ticket) MUST_CHECK;

/* chatting.c */
void chatting_message(struct core *c, const struct env *env, struct span message);
void chatting_pushed(struct core *c, const struct env *env, uint64_t ticket,
                     const struct lightpush_result *result);
void chatting_store_answered(struct core *c, const struct env *env, uint64_t ticket, enum err err,
                             const struct store_answer *answer);
void chatting_filter_told(struct core *c, const struct env *env, const struct host_out *out);
void chatting_peers_changed(struct core *c);
bool chatting_pump(struct core *c, const struct env *env);
void chatting_tick(struct core *c, const struct env *env);
struct mono chatting_deadline(const struct core *c);
void chatting_clear(struct core *c);

/* syncing.c */
void syncing_init(struct core *c, const struct env *env);
void syncing_stored(struct core *c, const struct env *env, const struct archive_entry *e);
void syncing_lost(struct core *c, const struct env *env); /* retention took some */
void syncing_fetch(struct core *c, const struct env *env, const struct host_out *out);
void syncing_ended(struct core *c, const struct env *env, const struct host_out *out);
void syncing_tick(struct core *c, const struct env *env);
struct mono syncing_deadline(const struct core *c);

/* resuming.c */
enum err resuming_init(struct core *c, const struct env *env) MUST_CHECK;
void resuming_answered(struct core *c, const struct env *env, const struct host_out *out);
void resuming_tick(struct core *c, const struct env *env);
struct mono resuming_deadline(const struct core *c);

/* mapping.c */
void mapping_init(struct core *c, const struct env *env);
void mapping_pump(struct core *c, const struct env *env);
void mapping_tick(struct core *c, const struct env *env);
size_t mapping_addrs(const struct core *c, struct multiaddr *out, size_t max);

/* reaching.c */
enum err reaching_config(struct core *c) MUST_CHECK;
void reaching_clear(struct core *c);
void reaching_update(struct core *c, const struct env *env);
void reaching_dial(struct core *c, const struct env *env, const struct host_out *out);
void reaching_dialed(struct core *c, const struct env *env, const struct swarm_dialed *d);
void reaching_pump(struct core *c, const struct env *env);

/* stemming.c */
enum err stemming_init(struct core *c, const struct env *env) MUST_CHECK;
void stemming_clear(struct core *c);

/** Take a message (peer: who pushed it, 0: ours). False: publish it at once. */
bool stemming_take(struct core *c, const struct env *env, const struct host_out *m, uint64_t asker);

/** The outcome of a push of the stem; false: it is none. */
bool stemming_answered(struct core *c, const struct env *env, const struct host_out *out);

/** A message came by gossip; true: it is ours, and was shown. */
bool stemming_seen(struct core *c, const uint8_t hash[32]);
bool stemming_hides(const struct core *c, const uint8_t hash[32]);
size_t stemming_hidden(const struct core *c);
bool stemming_pump(struct core *c, const struct env *env);
void stemming_tick(struct core *c, const struct env *env);
struct mono stemming_deadline(const struct core *c);

/* filtering.c */
enum err filtering_init(struct core *c) MUST_CHECK;
void filtering_message(struct core *c, const struct env *env, const struct host_out *out);
void filtering_peers_changed(struct core *c, const struct env *env);
void filtering_told(struct core *c, const struct env *env, const struct host_out *out);

/* candidates.c */
enum err candidates_init(struct core *c, const struct env *env) MUST_CHECK;
void candidates_clear(struct core *c);
void candidates_enr(struct core *c, const struct env *env, const struct enr *enr,
                    enum peers_source source, uint64_t via);
void candidates_record(struct core *c, const struct env *env, const struct envelope_kind *kind,
                       struct span envelope, enum peers_source source, uint64_t via);
void candidates_address(struct core *c, const struct env *env, const struct multiaddr *addr,
                        enum peers_source source);
void candidates_up(struct core *c, const struct env *env, uint64_t peer);
void candidates_known(struct core *c, const struct env *env, uint64_t peer);
void candidates_down(struct core *c, const struct env *env, const struct host_out *out);
void candidates_dialed(struct core *c, const struct env *env, const struct swarm_dialed *d);
void candidates_shards(struct core *c, const struct env *env);
void candidates_tick(struct core *c, const struct env *env);
struct mono candidates_deadline(const struct core *c);

/** Names of the protocols behind capabilities; how many. */
size_t candidates_protocols(unsigned capabilities, const char *out[CORE_ABILITIES_MAX]);

/** A random one of those connected that can do this; 0: none. */
uint64_t candidates_somebody(const struct core *c, const struct env *env, unsigned capability);

/* meeting.c */
void meeting_known(struct core *c, const struct env *env, uint64_t peer);
void meeting_wanted(struct core *c, const struct env *env);
void meeting_tick(struct core *c, const struct env *env);
struct mono meeting_deadline(const struct core *c);
void meeting_answered(struct core *c, const struct env *env, const struct host_out *out);

/* asking.c */
void asking_wanted(struct core *c, const struct env *env);
void asking_known(struct core *c, const struct env *env, uint64_t peer, unsigned capabilities);
void asking_answered(struct core *c, const struct env *env, const struct host_out *out);

/* remembering.c */
void remembering_load(struct core *c, const struct env *env);
void remembering_tick(struct core *c, const struct env *env);
void remembering_stop(struct core *c, const struct env *env);

/* nearby.c */
enum err nearby_init(struct core *c, const struct env *env) MUST_CHECK;
void nearby_clear(struct core *c);
void nearby_tick(struct core *c, const struct env *env);
void nearby_pump(struct core *c, const struct env *env, const struct port *port);
struct mono nearby_deadline(const struct core *c);

/* topics.c */
enum err topics_init(struct core *c, const struct env *env) MUST_CHECK;
void topics_clear(struct core *c);

/* discovering.c */
enum err discovering_init(struct core *c, const struct env *env) MUST_CHECK;
void discovering_clear(struct core *c);
void discovering_changed(struct core *c); /* shards, addresses or services did */
void discovering_pump(struct core *c, const struct env *env, const struct port *port);
bool discovering_resolved(struct core *c, const struct env *env, uint64_t query, enum err err,
                          const struct span *answers, size_t count);
void discovering_tick(struct core *c, const struct env *env);
struct mono discovering_deadline(const struct core *c);
