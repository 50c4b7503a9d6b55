/* What the core keeps for its chats: private to the room.
 *
 *     chatting.c          attached chats, messages to and from them, whether there are peers
 *     chatting_fetch.c    CHAT_OUT_FETCH: store queries, page by page
 *     chatting_listen.c   CHAT_OUT_LISTEN: the shard of our relay, or filter subscriptions
 *     attaching.c         the functions of node/chat as struct chat_calls
 */
#pragma once

#include "node/chat/chat.h"
#include "node/core/inside.h"

/* The functions of chat.h of these names. A test gives its own. */
struct chat_calls {
    bool (*poll)(struct chat *c, const struct env *env, struct chat_out *out);
    void (*received)(struct chat *c, const struct env *env, struct span topic, struct span payload);
    void (*published)(struct chat *c, const struct env *env, uint64_t ticket, enum err err);
    void (*fetched)(struct chat *c, const struct env *env, uint64_t ticket, enum err err);
    void (*online)(struct chat *c, const struct env *env, bool online);
    void (*tick)(struct chat *c, const struct env *env);
    struct mono (*deadline)(const struct chat *c);
};

struct topic_name { /* a content topic */
    size_t len;
    char text[CORE_CHAT_TOPIC_BYTES_MAX];
};

struct attached {
    struct chat *chat; /* NULL: the place is free */
    const struct chat_calls *calls;
    uint64_t life; /* number of this attachment */
    bool online;   /* as it was told */
    size_t publishing, fetching;
    struct topic_name topics[CHAT_TOPICS_MAX];
    size_t topics_count;
};

/* A store: our own archive, or a peer. */
struct store_choice {
    bool own;
    uint64_t peer; /* 0 and !own: none */
    struct peer_id id;
};

struct chat_fetch {
    size_t place; /* of the chat */
    uint64_t ticket;
    struct store_choice store, other; /* other: not this one */
    struct peer_id failed[CORE_CHAT_TRIES_MAX];
    size_t failed_count;
    bool own_failed;
    uint64_t work; /* the question under way; 0: none */
    struct mono next;
    uint64_t turn;          /* since when it waits: the smaller, the longer */
    int64_t from_ns, to_ns; /* of the next question; from moves with the pages */
    struct topic_name topics[CHAT_TOPICS_MAX];
    size_t topics_count;
    size_t slice; /* the first of those that are asked for now */
    int64_t begin_ns;
    bool has_cursor;
    uint8_t cursor[32];
    size_t pages;
};

enum work_kind {
    WORK_PUBLISH,
    WORK_FETCH,
    WORK_SUBSCRIBE,
    WORK_UNSUBSCRIBE,
};

struct chat_work { /* by the number in its ticket */
    enum work_kind kind;
    size_t place; /* PUBLISH, FETCH */
    uint64_t life, ticket, peer;
    struct chat_fetch *fetch;
    size_t slot; /* SUBSCRIBE */
};

enum light_state {
    LIGHT_WANTED,
    LIGHT_ASKED,
    LIGHT_SUBSCRIBED,
};

struct light_topic { /* a filter subscription */
    struct topic_name name;
    enum light_state state;
    size_t slot;
    uint64_t work;
    bool used;
};

struct chatting {
    char pubsub[WAKU_SHARD_TEXT_MAX]; /* the shard of all topics of chats; "": there is none */
    bool ours;                        /* it is relayed for the chats only */
    struct attached places[CORE_CHATS_MAX];
    uint64_t lives, works_made;
    struct map works; /* number -> struct chat_work */
    bool reachable, look;
    bool listen_changed, peers_changed;
    struct mono listen_next;        /* light: asking again after a failure */
    uint64_t pusher, pusher_failed; /* the service node of our publications */
    struct chat_fetch *fetches[CORE_CHATS_MAX * CORE_CHAT_FETCHES_MAX];
    size_t fetches_count;
    uint64_t turns;
    struct asked_store { /* for other_than */
        uint64_t life, ticket;
        struct store_choice store;
    } asked[CORE_CHAT_ASKED_MAX];
    size_t asked_next;
    struct light_topic light[CHAT_TOPICS_MAX];
    size_t light_count;
};

enum err chatting_attach(struct core *c, const struct env *env, struct chat *chat,
                         const struct chat_calls *calls) MUST_CHECK;

/** A new work, which the caller fills; NULL: too many, or memory is out. */
struct chat_work *chatting_work(struct core *c, enum work_kind kind, uint64_t *number);
void chatting_work_free(struct core *c, uint64_t number);

/** Does a peer say that it has the shard of the chats? One that says nothing may have it. */
bool chatting_has_shard(const struct core *c, const struct host_peer *p);

bool chatting_is_ours(struct span content_topic);
enum err chatting_topic_name(struct span from, struct topic_name *out) MUST_CHECK;
struct span topic_name_span(const struct topic_name *t);

/* chatting_fetch.c */
enum err fetch_begin(struct core *c, const struct env *env, size_t place,
                     const struct chat_out *out) MUST_CHECK;
bool fetch_pump(struct core *c, const struct env *env);
struct mono fetch_deadline(const struct core *c);
void fetch_answered(struct core *c, const struct env *env, struct chat_fetch *f, enum err err,
                    const struct store_answer *answer);
void fetch_forget(struct core *c, size_t place); /* of a chat that goes */

/* chatting_listen.c */
bool listen_pump(struct core *c, const struct env *env);
struct mono listen_deadline(const struct core *c);
void listen_answered(struct core *c, const struct env *env, const struct chat_work *w,
                     uint64_t number, bool fine);
void listen_lost(struct core *c, const struct env *env, size_t slot, uint64_t peer);
