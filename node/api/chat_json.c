/* Objects of the chat as JSON. Members without a value are left out. */
#include "node/api/chat.h"

#include "crypto/base/hex.h"

#include <stdlib.h>

const char *const chat_types[] = {"", "direct", "group", "crowd", "self", NULL};
const char *const chat_roles[] = {"member", "admin", "owner", NULL};
const char *const chat_policies[] = {"open", "links", "groups", NULL};
const char *const chat_reasons[] = {"", "retired", "lost", "stolen", NULL};

static const char *const account_states[] = {"alive",  "ended", "moved",
                                             "frozen", "lost",  "unknown"};
static const char *const consents[] = {"none", "asked", "given", "blocked"};
static const char *const conversation_states[] = {"looking", "joined", "requested", "left",
                                                  "rejoining"};
static const char *const contents[] = {"", "text", "attachment", "custom", "notice", "unknown"};
static const char *const entry_states[] = {"received",  "queued", "sent",  "stored",
                                           "delivered", "read",   "failed"};

#define NAME(table, i) ((size_t)(i) < sizeof table / sizeof *table ? table[i] : "unknown")

json_t *chat_json_id(const uint8_t *bytes, size_t len)
{
    char text[2 * 32 + 1];
    bool any = false;

    for (size_t i = 0; i < len; i++)
        any = any || bytes[i] != 0;
    hex_encode(span_of(bytes, len), text);
    return any ? json_string(text) : NULL; /* zeros: there is none */
}

json_t *chat_json_text(const char *s)
{
    return json_span(span_str(s));
}

/* A NULL is left out. */
static void put(json_t *o, const char *name, json_t *value)
{
    if (value != NULL)
        json_object_set_new(o, name, value);
}

#define PUT_ID(o, name, id)  put(o, name, chat_json_id((id).bytes, sizeof(id).bytes))
#define PUT_INT(o, name, i)  put(o, name, json_integer((json_int_t)(i)))
#define PUT_BOOL(o, name, b) put(o, name, json_boolean(b))
#define PUT_WORD(o, name, s) put(o, name, json_string(s))
#define PUT_TEXT(o, name, s) put(o, name, *(s) == '\0' ? NULL : chat_json_text(s))
#define PUT_SPAN(o, name, s) put(o, name, (s).len == 0 ? NULL : json_span(s))

json_t *chat_json_person(const struct chat_person *p)
{
    json_t *o = json_object();

    PUT_ID(o, "account", p->account);
    PUT_TEXT(o, "text", p->text);
    PUT_TEXT(o, "name", p->name);
    PUT_TEXT(o, "callsSelf", p->calls_self);
    PUT_WORD(o, "state", NAME(account_states, p->state));
    PUT_WORD(o, "consent", NAME(consents, p->consent));
    PUT_BOOL(o, "self", p->self);
    PUT_BOOL(o, "verified", p->verified);
    PUT_INT(o, "installations", p->installations);
    PUT_INT(o, "confirmed", p->confirmed_ns);
    return o;
}

json_t *chat_json_conversation(const struct chat_summary *s)
{
    json_t *o = json_object();

    PUT_ID(o, "conversation", s->id);
    PUT_WORD(o, "type", NAME(chat_types, s->type));
    PUT_WORD(o, "state", NAME(conversation_states, s->state));
    PUT_TEXT(o, "name", s->name);
    PUT_ID(o, "with", s->with);
    PUT_INT(o, "accounts", s->accounts);
    PUT_INT(o, "installations", s->installations);
    PUT_INT(o, "unread", s->unread);
    PUT_BOOL(o, "muted", s->muted);
    PUT_INT(o, "last", s->last_ns);
    PUT_TEXT(o, "lastText", s->last);
    PUT_INT(o, "disappearing", s->disappearing_s);
    PUT_WORD(o, "role", NAME(chat_roles, s->role));
    return o;
}

static json_t *base64(struct span s)
{
    char *text = malloc(JSON_BASE64_CHARS(s.len));

    if (text == NULL)
        return NULL;
    base64_encode(s, text);
    json_t *j = json_string(text);
    free(text);
    return j;
}

static json_t *reactions(const struct chat_entry *e)
{
    json_t *all = json_array();

    for (size_t i = 0; i < e->reactions_count; i++) {
        json_t *o = json_object();
        PUT_TEXT(o, "reaction", e->reactions[i].text);
        PUT_INT(o, "count", e->reactions[i].count);
        PUT_BOOL(o, "mine", e->reactions[i].mine);
        json_array_append_new(all, o);
    }
    return all;
}

static json_t *file(const struct chat_entry *e)
{
    json_t *o = json_object();

    PUT_SPAN(o, "name", e->file_name);
    PUT_SPAN(o, "type", e->file_type);
    PUT_INT(o, "bytes", e->file_bytes);
    PUT_BOOL(o, "here", e->file_here);
    return o;
}

static json_t *custom(const struct chat_entry *e)
{
    json_t *o = json_object();

    PUT_SPAN(o, "domain", e->domain);
    PUT_INT(o, "tag", e->tag);
    put(o, "payload", base64(e->payload));
    return o;
}

static json_t *notice(const struct chat_entry *e)
{
    static const char *const kinds[] = {
        "",         "added",        "removed",        "left",    "named",    "role",
        "rejoined", "device_added", "device_revoked", "rotated", "recovered"};
    json_t *o = json_object();

    PUT_WORD(o, "kind", NAME(kinds, e->tag));
    PUT_ID(o, "subject", e->subject);
    return o;
}

json_t *chat_json_entry(const struct chat_entry *e)
{
    json_t *o = json_object();

    PUT_ID(o, "entry", e->id);
    PUT_ID(o, "conversation", e->conversation);
    PUT_ID(o, "author", e->author);
    PUT_ID(o, "installation", e->device);
    PUT_BOOL(o, "mine", e->mine);
    PUT_INT(o, "time", e->time_ns);
    PUT_WORD(o, "content", NAME(contents, e->content));
    put(o, "text", json_span(e->text));
    PUT_ID(o, "replyTo", e->reply_to);
    PUT_BOOL(o, "edited", e->edited);
    PUT_BOOL(o, "deleted", e->deleted);
    PUT_BOOL(o, "history", e->history);
    if (e->vanishes_ns != 0)
        PUT_INT(o, "vanishes", e->vanishes_ns);
    if (e->reactions_count > 0)
        put(o, "reactions", reactions(e));
    PUT_WORD(o, "state", NAME(entry_states, e->state));
    if (e->mine) {
        PUT_INT(o, "delivered", e->delivered);
        PUT_INT(o, "read", e->read);
        PUT_INT(o, "recipients", e->recipients);
    }
    if (e->state == CHAT_ENTRY_FAILED)
        PUT_WORD(o, "why", err_text(e->why));
    if (e->content == CHAT_ATTACHMENT)
        put(o, "file", file(e));
    if (e->content == CHAT_CUSTOM)
        put(o, "custom", custom(e));
    if (e->content == CHAT_NOTICE)
        put(o, "notice", notice(e));
    return o;
}

const char *chat_event_name(enum chat_event_kind kind)
{
    static const char *const names[] = {
        "",          "entry",        "state",          "conversation",
        "request",   "device_added", "device_revoked", "rotated",
        "recovered", "frozen",       "lost",           "ended",
        "paired",    "unreached",    "unsupported",    "rejoined",
        "file",      "typing",       "expelled"};

    return NAME(names, kind);
}

json_t *chat_json_event(struct chat *chat, const struct chat_event *ev)
{
    json_t *o = json_object();
    struct chat_entry e;

    if (ev->number > 0)
        PUT_INT(o, "number", ev->number);
    PUT_WORD(o, "kind", chat_event_name(ev->kind));
    PUT_INT(o, "time", ev->time_ns);
    PUT_ID(o, "account", ev->account);
    PUT_ID(o, "installation", ev->installation);
    PUT_ID(o, "conversation", ev->conversation);
    PUT_ID(o, "entry", ev->entry);
    if ((ev->kind == CHAT_EVENT_ENTRY || ev->kind == CHAT_EVENT_STATE ||
         ev->kind == CHAT_EVENT_FILE) &&
        chat_entry(chat, &ev->conversation, &ev->entry, &e) == OK)
        put(o, "item", chat_json_entry(&e)); /* as it is now */
    return o;
}
