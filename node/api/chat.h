/* The chat over HTTP: private to node/api. One request is one call of node/chat/chat.h; what comes
 * and goes is JSON. No key, and none of the 24 words, passes here: accounts are made, recovered,
 * paired and exported elsewhere.
 *
 *     chat_routes.*   the table          chat.c         who may ask, dispatch, results
 *     chat_schemas.c  shapes             chat_json.c    objects of the chat as JSON
 *     chat_people.c   persons, devices   chat_talk.c    conversations
 *     chat_entries.c  entries, files     chat_events.c  the journal as server-sent events
 */
#pragma once

#include "node/api/events.h"
#include "node/api/room.h"
#include "node/chat/chat.h"

struct hosted { /* an account */
    char name[API_CHAT_NAME_MAX];
    struct chat *chat;
    struct api_events *events;
};

struct chats {
    char token[API_CHAT_TOKEN_MAX];
    struct hosted list[API_CHATS_MAX];
    size_t count;
};

#define CHAT_PARTS_MAX 2u /* {x} in a path */

struct chat_call {
    struct call *c;
    struct hosted *host;
    struct chat *chat;
    const struct env *env;
    struct span parts[CHAT_PARTS_MAX]; /* of the path, decoded */
    json_t *body;                      /* an object or array; NULL: none. Of the dispatcher */
};

/* ---- answers: all return true, answered ---- */

/** 200 "OK", or what the error means. */
bool chat_answer(struct chat_call *q, enum err err);
bool chat_answer_json(struct chat_call *q, enum err err, json_t *j);

/** 400 that says which field is wrong. */
bool chat_bad(struct chat_call *q, const char *field);

/* ---- reading ---- */

bool chat_part_id(const struct chat_call *q, size_t part, uint8_t *out, size_t len);
bool chat_hex(struct span text, uint8_t *out, size_t len);

/** A query parameter; empty: it is not there. */
struct span chat_query(struct chat_call *q, const char *name);

/** Members of the body. False: it is there and is of another type. `there` may be NULL: needed. */
bool chat_get_text(const struct chat_call *q, const char *name, struct span *out, bool *there);
bool chat_get_bool(const struct chat_call *q, const char *name, bool *out, bool *there);
bool chat_get_number(const struct chat_call *q, const char *name, uint64_t *out, bool *there);
bool chat_get_word(const struct chat_call *q, const char *name, const char *const *words,
                   size_t *out, bool *there);

/** Account ids of an array of strings. The caller frees them; NULL: malformed, or over the bound.
 */
struct chat_account *chat_get_accounts(const json_t *array, size_t *count);

/* ---- writing ---- */

json_t *chat_json_id(const uint8_t *bytes, size_t len);
json_t *chat_json_text(const char *s);
json_t *chat_json_person(const struct chat_person *p);
json_t *chat_json_conversation(const struct chat_summary *s);
json_t *chat_json_entry(const struct chat_entry *e);
json_t *chat_json_event(struct chat *chat, const struct chat_event *ev);
const char *chat_event_name(enum chat_event_kind kind);

extern const char *const chat_types[], *const chat_roles[], *const chat_policies[],
                                                                *const chat_reasons[];

/* ---- handlers ---- */

#include "node/api/chat_routes.h"
#define X(handler, method, path, bytes, summary, query, body, answer, statuses)                    \
    bool chat_on_##handler(struct chat_call *q);
CHAT_ROUTES(X)
#undef X

/* ---- chat_events.c ---- */

void chat_events_pump(struct api *a, const struct env *env);
bool chat_events_poll(struct api *a, struct api_stream_out *out);
void chat_events_sent(struct api *a, const struct env *env, uint64_t ticket, size_t n);
void chat_events_gone(struct api *a, uint64_t ticket);
void chat_events_tick(struct api *a, const struct env *env);
struct mono chat_events_deadline(const struct api *a);
