/* What the person says, and does with a conversation for itself. */
#include "node/chat/delivery/content.h"
#include "node/chat/self.h"

/* ---- saying ---- */

/* Not what changes another entry (it goes with that one), nor what is said of us or the timer. */
static bool is_line(const struct content *k)
{
    return k->tag != CONTENT_REACTION && k->tag != CONTENT_EDIT && k->tag != CONTENT_DELETE &&
           k->tag != CONTENT_TIMER && k->tag != CONTENT_PROFILE;
}

enum err talk_say(struct chat *c, const struct env *env, struct talk *t,
                  const struct content *content, struct chat_entry_id *out)
{
    struct buf bytes = BUF_INIT(ENTRY_CONTENT_MAX);
    struct content say = *content;
    struct entry_id id;

    if (t->state == CHAT_LEFT || t->state == CHAT_REQUESTED || t->delivery == NULL)
        return ERR_REFUSED;
    step_open(c);
    if (is_line(content))
        say.vanishes_s = t->disappearing_s;
    enum err err = content_encode(&say, &bytes);
    if (err == OK)
        err = delivery_say(t->delivery, env, buf_span(&bytes), &id);
    buf_clear(&bytes);
    TRY(err);
    t->active = true;
    if (out != NULL)
        memcpy(out->bytes, id.bytes, sizeof out->bytes);
    return OK;
}

static enum err say(struct chat *c, const struct env *env, struct talk *t,
                    const struct content *content, struct chat_entry_id *out)
{
    TRY(talk_say(c, env, t, content, out));
    return step_close(c, env);
}

static struct entry_id id_of(const struct chat_entry_id *e)
{
    struct entry_id id;
    memcpy(id.bytes, e->bytes, sizeof id.bytes);
    return id;
}

static_assert(CHAT_TEXT_BYTES_MAX == CONTENT_TEXT_MAX, "the door says what the entry holds");

static enum err check_text(struct span text)
{
    if (text.len == 0)
        return ERR_ARGUMENT;
    if (text.len > CHAT_TEXT_BYTES_MAX)
        return ERR_LIMIT;
    return pack_is_utf8(text) ? OK : ERR_FORMAT;
}

enum err chat_send(struct chat *c, const struct env *env, const struct chat_conversation *id,
                   struct span text, const struct chat_entry_id *reply_to,
                   struct chat_entry_id *out)
{
    struct talk *t;
    struct content content = {.tag = CONTENT_TEXT, .text = text};
    TRY(talks_named(c, id, &t));
    TRY(check_text(text));
    if (reply_to != NULL) {
        content.tag = CONTENT_REPLY;
        content.target = id_of(reply_to);
    }
    return say(c, env, t, &content, out);
}

enum err chat_send_custom(struct chat *c, const struct env *env, const struct chat_conversation *id,
                          struct span domain, uint64_t tag, struct span payload,
                          struct span fallback, struct chat_entry_id *out)
{
    struct talk *t;
    struct content content = {
        .tag = CONTENT_CUSTOM, .name = domain, .bytes = payload, .fallback = fallback};
    TRY(talks_named(c, id, &t));
    (void)tag;
    return say(c, env, t, &content, out);
}

enum err chat_react(struct chat *c, const struct env *env, const struct chat_conversation *id,
                    const struct chat_entry_id *entry, struct span reaction, bool on)
{
    struct talk *t;
    struct content content = {
        .tag = CONTENT_REACTION, .target = id_of(entry), .text = reaction, .on = on};
    TRY(talks_named(c, id, &t));
    return say(c, env, t, &content, NULL);
}

static enum err own_entry(struct chat *c, const struct chat_conversation *id,
                          const struct chat_entry_id *entry)
{
    struct chat_entry e;
    TRY(chat_entry(c, id, entry, &e));
    return e.mine && !e.deleted ? OK : ERR_REFUSED;
}

enum err chat_edit(struct chat *c, const struct env *env, const struct chat_conversation *id,
                   const struct chat_entry_id *entry, struct span text)
{
    struct talk *t;
    struct content content = {.tag = CONTENT_EDIT, .target = id_of(entry), .text = text};
    TRY(talks_named(c, id, &t));
    TRY(check_text(text));
    TRY(own_entry(c, id, entry));
    return say(c, env, t, &content, NULL);
}

enum err chat_delete(struct chat *c, const struct env *env, const struct chat_conversation *id,
                     const struct chat_entry_id *entry)
{
    struct talk *t;
    struct content content = {.tag = CONTENT_DELETE, .target = id_of(entry)};
    TRY(talks_named(c, id, &t));
    TRY(own_entry(c, id, entry));
    return say(c, env, t, &content, NULL);
}

enum err chat_set_disappearing(struct chat *c, const struct env *env,
                               const struct chat_conversation *id, uint64_t seconds)
{
    struct talk *t;
    struct content content = {.tag = CONTENT_TIMER, .seconds = seconds};
    TRY(talks_named(c, id, &t));
    return say(c, env, t, &content, NULL);
}

enum err chat_set_profile(struct chat *c, const struct env *env, struct span name)
{
    size_t cursor = 0;
    struct content content = {.tag = CONTENT_PROFILE, .name = name};
    if (name.len >= CHAT_NAME_MAX)
        return ERR_LIMIT;
    if (!pack_is_utf8(name) || (name.len > 0 && memchr(name.ptr, 0, name.len) != NULL))
        return ERR_FORMAT;
    step_open(c);
    text_copy(c->profile, name);
    settings_save(c);
    self_decided(c, env, DECISION_PROFILE, SPAN_EMPTY);
    for (struct talk *t; (t = map_next(&c->talks, &cursor, NULL)) != NULL;)
        if (t->state == CHAT_JOINED && t->type != CHAT_SELF)
            TRY(say(c, env, t, &content, NULL));
    return step_close(c, env);
}

enum err chat_typing(struct chat *c, const struct env *env, const struct chat_conversation *id)
{
    struct talk *t;
    struct buf bytes = BUF_INIT(ENTRY_CONTENT_MAX);
    const struct content content = {.tag = CONTENT_TYPING, .on = true};
    TRY(talks_named(c, id, &t));
    if (t->state != CHAT_JOINED || t->delivery == NULL)
        return ERR_REFUSED;
    if (env->now.ns < t->typing_at.ns)
        return OK; /* they know */
    t->typing_at = mono_add(env->now, CHAT_TYPING_EVERY_S * NS_PER_S);
    step_open(c);
    enum err err = content_encode(&content, &bytes);
    if (err == OK)
        err = delivery_pass(t->delivery, env, buf_span(&bytes));
    buf_clear(&bytes);
    t->active = true;
    return err == OK ? step_close(c, env) : err;
}

/* ---- for oneself ---- */

enum err chat_set_muted(struct chat *c, const struct env *env, const struct chat_conversation *id,
                        bool muted)
{
    struct talk *t;
    TRY(talks_named(c, id, &t));
    step_open(c);
    t->muted = muted;
    t->changed = true;
    self_decided(c, env, DECISION_MUTED, SPAN_ARRAY(t->id.bytes));
    return step_close(c, env);
}

enum err chat_set_draft(struct chat *c, const struct env *env, const struct chat_conversation *id,
                        struct span text)
{
    struct talk *t;
    struct buf value = BUF_INIT(CHAT_TEXT_BYTES_MAX);
    TRY(talks_named(c, id, &t));
    if (text.len > CHAT_TEXT_BYTES_MAX)
        return ERR_LIMIT;
    TRY(buf_append(&value, text));
    step_put(c, VAULT_T_DRAFTS, SPAN_ARRAY(t->id.bytes), text.len == 0 ? NULL : &value);
    buf_clear(&value);
    return step_close(c, env);
}

enum err chat_draft(struct chat *c, const struct chat_conversation *id, struct buf *out)
{
    enum err err = vault_get(c->vault, VAULT_T_DRAFTS, SPAN_ARRAY(id->bytes), out);
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err chat_set_read(struct chat *c, const struct env *env, const struct chat_conversation *id,
                       const struct chat_entry_id *entry)
{
    struct talk *t;
    struct timeline_entry e;
    struct entry_id target = id_of(entry);
    TRY(talks_named(c, id, &t));
    if (t->delivery == NULL || !timeline_get(delivery_timeline(t->delivery), &target, &e))
        return ERR_NOT_FOUND;
    step_open(c);
    if (entry_place_cmp(&t->seen, &e.place) < 0) {
        t->seen = e.place;
        self_decided(c, env, DECISION_SEEN, SPAN_ARRAY(t->id.bytes));
    }
    t->unread = 0;
    t->changed = t->active = true;
    if (t->state == CHAT_JOINED)
        delivery_seen(t->delivery, env, &e.place);
    return step_close(c, env);
}
