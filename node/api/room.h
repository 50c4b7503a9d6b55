/* Private to node/api: the object, a call on its way to a handler, and the table of routes. */
#pragma once

#include "node/api/api.h"
#include "node/api/http.h"
#include "node/api/inbox.h"
#include "node/api/json.h"

struct waiting { /* a request whose answer the core will give */
    bool used;
    uint64_t ticket;     /* the caller's */
    uint64_t first;      /* of the tickets given to the core */
    uint32_t count;      /* how many of them */
    uint32_t unanswered; /* one bit each */
    uint32_t failed;     /* one bit each */
    json_t *asked;       /* POST peers: the addresses; filter: the request */
    bool legacy;         /* POST lightpush: version 1 of the route */
    struct mono deadline, since;
    char allow_origin[API_ORIGIN_BYTES_MAX];
};

struct late {
    uint64_t ticket;
    struct api_response response;
};

struct call;
struct chats; /* chat.h */

struct chats_calls { /* of chat.c, which only those link who host chats */
    bool (*request)(struct call *c, struct span path);
    void (*pump)(struct api *a, const struct env *env);
    bool (*poll)(struct api *a, struct api_stream_out *out);
    void (*sent)(struct api *a, const struct env *env, uint64_t ticket, size_t n);
    void (*gone)(struct api *a, uint64_t ticket);
    void (*tick)(struct api *a, const struct env *env);
    struct mono (*deadline)(const struct api *a);
    void (*free)(struct api *a);
};

struct api {
    struct chats *chats; /* NULL: none is hosted */
    const struct chats_calls *chats_calls;
    struct api_config config;
    struct api_backend backend;
    struct inboxes inboxes;
    struct waiting waiting[API_WAITING_MAX];
    size_t waiting_end; /* no more of them were ever used: the rest need not be looked at */
    struct fifo late;   /* of struct late */
    uint64_t next_ticket;
    int64_t tokens_ns; /* of the rate limit: a request costs NS_PER_S / rate */
    struct mono tokens_at;
    struct api_histogram message_bytes;
    uint64_t messages;
};

extern const double api_bytes_bounds[API_HISTOGRAM_BUCKETS];

struct call {
    struct api *a;
    const struct env *env;
    uint64_t ticket;
    const struct api_request *rq;
    struct span query;     /* behind '?', encoded */
    struct span parameter; /* of the path, decoded */
    struct api_response *out;
};

struct route {
    enum api_method method;
    const char *path; /* {x}: one segment, into call.parameter */
    bool (*handle)(struct call *c);
    bool admin;
    size_t body_bytes_max; /* 0: no body */
    const char *summary;
    const char *query;    /* names, separated by blanks; "" */
    const char *body;     /* schema of docs/openapi.json; "" */
    const char *answer;   /* schema of 200; "": text */
    const char *statuses; /* besides 200 */
};

extern const struct route api_routes[];
extern const size_t api_routes_count;
extern const struct route api_chat_routes[]; /* without handlers; chat_routes.h */
extern const size_t api_chat_routes_count;
struct schema {
    const char *name, *shape; /* shape: JSON */
};
extern const struct schema api_chat_schemas[];
extern const size_t api_chat_schemas_count;

/** The route of a path; NULL: none. `allow` gets the methods of the path, as for the Allow header;
 * NULL: no such path. */
const struct route *route_find(struct arena *scratch, enum api_method method, struct span path,
                               bool admin, struct span *parameter, const char **allow);

/** The Allow header of a set of methods, a bit each. Static. */
const char *route_allow(unsigned methods);

/* answers; all return true: answered */
bool answer_text(struct call *c, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool answer_json(struct call *c, int status, json_t *j);

/** Make room for a request that waits for `count` answers of the core; NULL: too many wait. */
struct waiting *waiting_new(struct call *c, uint32_t count);
struct waiting *waiting_find(struct api *a, uint64_t core_ticket);
void waiting_free(struct waiting *w);

/** Give the late answer of `w`, and forget it. */
void waiting_answer(struct api *a, struct waiting *w, struct api_response *r);

/* handlers, by file */
bool relay_subscribe(struct call *c);
bool relay_unsubscribe(struct call *c);
bool relay_messages(struct call *c);
bool relay_publish(struct call *c);
bool auto_subscribe(struct call *c);
bool auto_unsubscribe(struct call *c);
bool auto_messages(struct call *c);
bool auto_publish(struct call *c);
bool store_messages(struct call *c);
void store_answered(struct api *a, struct waiting *w, const struct core_event *ev);
bool lightpush_v1_message(struct call *c);
bool lightpush_v3_message(struct call *c);
void lightpush_answered(struct api *a, struct waiting *w, const struct core_event *ev);
bool filter_subscribe(struct call *c);
bool filter_unsubscribe(struct call *c);
bool filter_unsubscribe_all(struct call *c);
bool filter_ping(struct call *c);
bool filter_messages(struct call *c);
void filter_answered(struct api *a, struct waiting *w, const struct core_event *ev);
void filter_keep(struct api *a, const struct core_event *ev);
bool info_health(struct call *c);
bool info_info(struct call *c);
bool info_version(struct call *c);
bool info_openapi(struct call *c);
bool info_metrics(struct call *c);
bool admin_peers(struct call *c);
bool admin_connect(struct call *c);
void admin_dialed(struct api *a, const struct env *env, struct waiting *w,
                  const struct core_event *ev);
bool admin_peer(struct call *c);
bool admin_stats(struct call *c);
bool admin_service(struct call *c);
bool admin_connected(struct call *c);
bool admin_connected_on(struct call *c);
bool admin_relay(struct call *c);
bool admin_relay_on(struct call *c);
bool admin_mesh(struct call *c);
bool admin_mesh_on(struct call *c);
bool admin_filter(struct call *c);
bool admin_log_level(struct call *c);
