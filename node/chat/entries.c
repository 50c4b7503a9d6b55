/* Entries as they arrive: what they mean for the person, for the entry that they change, for the
 * conversation. */
#include "node/chat/content.h"
#include "node/chat/notes.h"

#include <stdlib.h>

struct arriving {
    struct talk *t;
    struct entry_place place;
    struct entry_author author;
    struct content content;
};

static void happened(struct chat *c, const struct env *env, const struct arriving *a,
                     const struct entry_id *entry)
{
    journal_add(c, env,
                &(struct happened){.kind = CHAT_EVENT_ENTRY,
                                   .account = a->author.account,
                                   .installation = a->author.installation,
                                   .conversation = a->t->id.bytes,
                                   .entry = entry->bytes});
}

/* ---- entries that change others ---- */

static void react(struct note *n, const struct arriving *a)
{
    size_t i = 0;
    struct span text = a->content.text;
    while (i < n->reactions_count && (memcmp(n->reactions[i].account, a->author.account, 32) != 0 ||
                                      !span_eq(span_str(n->reactions[i].text), text)))
        i++;
    if (!a->content.on && i < n->reactions_count) {
        n->reactions_count--;
        memmove(&n->reactions[i], &n->reactions[i + 1],
                (n->reactions_count - i) * sizeof n->reactions[0]);
    } else if (a->content.on && i == n->reactions_count && i < NOTE_REACTIONS_MAX &&
               text.len <= CONTENT_REACTION_MAX) {
        memcpy(n->reactions[i].account, a->author.account, 32);
        memcpy(n->reactions[i].text, text.ptr, text.len);
        n->reactions[i].text[text.len] = '\0';
        n->reactions_count++;
    }
}

/* Only its own author changes an entry; what comes before its target waits in the note. */
static bool may_change(struct chat *c, const struct arriving *a, const struct note *n)
{
    struct timeline_entry target;
    (void)c;
    if (n->deleted || (n->edited && n->by_lamport > a->place.lamport))
        return false;
    return !timeline_get(delivery_timeline(a->t->delivery), &a->content.target, &target) ||
           memcmp(target.author.account, a->author.account, 32) == 0;
}

static enum err change(struct chat *c, const struct env *env, const struct arriving *a)
{
    struct note n;
    const struct entry_id *target = &a->content.target;
    enum err err = note_load(c, a->t, target, &n);

    if (err == OK && n.gone)
        err = ERR_EXISTS; /* nothing is said of it any more */
    if (err == OK && a->content.tag == CONTENT_REACTION) {
        react(&n, a);
    } else if (err == OK && may_change(c, a, &n)) {
        memcpy(n.by, a->author.account, sizeof n.by);
        n.by_lamport = a->place.lamport;
        buf_reset(&n.text);
        n.edited = a->content.tag == CONTENT_EDIT;
        n.deleted = a->content.tag == CONTENT_DELETE;
        if (n.edited)
            err = buf_append(&n.text, a->content.text);
        if (n.deleted)
            files_drop(c, a->t, target);
    }
    if (err == OK) {
        note_save(c, a->t, target, &n);
        happened(c, env, a, target);
    }
    note_clear(&n);
    return err == ERR_EXISTS ? OK : err;
}

/* ---- entries that are lines ---- */

void talk_last(struct talk *t, struct span text)
{
    size_t len = text.len < sizeof t->last - 1 ? text.len : sizeof t->last - 1;
    while (len > 0 && len < text.len && (text.ptr[len] & 0xc0) == 0x80)
        len--; /* whole characters */
    if (len > 0)
        memcpy(t->last, text.ptr, len);
    t->last[len] = '\0';
    t->changed = true;
}

static void settle(struct chat *c, const struct env *env, const struct arriving *a, bool late)
{
    struct talk *t = a->t;
    bool mine = memcmp(a->author.account, c->self.account, 32) == 0;
    if (!late) {
        talk_last(t, a->content.known && a->content.text.len > 0 ? a->content.text
                                                                 : a->content.fallback);
        t->last_ns = (int64_t)a->place.lamport * NS_PER_MS;
        t->ours_last = mine;
    }
    if (!mine)
        t->unread++;
    t->changed = true;
    happened(c, env, a, &a->place.id);
}

static void take_profile(struct chat *c, const struct arriving *a)
{
    struct person *p = people_find(c, a->author.account);
    struct span name = a->content.name;
    if (p == NULL || name.len >= sizeof p->calls_self)
        return;
    text_copy(p->calls_self, name);
    p->changed = true;
}

static enum err note_place(struct chat *c, const struct env *env, const struct arriving *a,
                           bool hidden)
{
    struct note n;
    enum err err = note_load(c, a->t, &a->place.id, &n);
    if (err == OK) {
        if ((n.edited || n.deleted) && memcmp(n.by, a->author.account, 32) != 0)
            n.edited = n.deleted = false; /* somebody else wanted to change it */
        n.here = true;
        n.lamport = a->place.lamport;
        n.hidden = hidden;
        if (!hidden && a->t->disappearing_s > 0) {
            n.vanishes_ns = env->wall.ns + (int64_t)a->t->disappearing_s * NS_PER_S;
            vanishing_add(c, a->t, &a->place.id, n.vanishes_ns);
        }
        note_save(c, a->t, &a->place.id, &n);
    }
    note_clear(&n);
    return err;
}

static enum err take(struct chat *c, const struct env *env, struct arriving *a, bool late)
{
    const struct content *k = &a->content;
    bool ours = k->known && k->domain == CONTENT_DOMAIN;
    bool hidden =
        ours && (content_changes(k) || k->tag == CONTENT_TIMER || k->tag == CONTENT_PROFILE);

    TRY(note_place(c, env, a, hidden));
    if (!hidden) {
        settle(c, env, a, late);
        if (ours && k->tag == CONTENT_ATTACHMENT)
            files_announced(c, env, a->t, &a->place, k);
        return OK;
    }
    switch (k->tag) {
    case CONTENT_TIMER:
        a->t->disappearing_s = k->seconds;
        a->t->changed = true;
        return OK;
    case CONTENT_PROFILE:
        take_profile(c, a);
        return OK;
    default:
        return change(c, env, a);
    }
}

void entry_arrived(struct chat *c, const struct env *env, struct talk *t,
                   const struct entry_place *place, bool late)
{
    struct arriving a = {.t = t, .place = *place};
    struct timeline_entry te;
    struct entry e;

    if (!timeline_get(delivery_timeline(t->delivery), &place->id, &te))
        return;
    if (entry_gone(c, t, &place->id))
        return;
    a.author = te.author;
    enum err err = entry_decode(te.bytes, &e);
    if (err == OK)
        err = content_decode(e.content, &a.content);
    if (err == OK)
        err = take(c, env, &a, late);
    if (err != OK)
        log_unusual(env, "chat", "entry not shown err=%s", err_name(err));
}

bool entry_stored(struct chat *c, const struct talk *t, const struct entry_id *id)
{
    struct note n;
    bool here = note_load(c, t, id, &n) == OK && n.here;
    note_clear(&n);
    return here;
}

bool entry_gone(struct chat *c, const struct talk *t, const struct entry_id *id)
{
    struct note n;
    bool gone = note_load(c, t, id, &n) == OK && n.gone;
    note_clear(&n);
    return gone;
}

/* ---- in passing ---- */

void entry_passing(struct chat *c, const struct env *env, struct talk *t,
                   const struct entry_author *who, struct span content)
{
    struct content k;
    if (content_decode(content, &k) != OK || !k.known)
        return;
    if (k.tag == CONTENT_WANTED)
        files_wanted(c, env, t, &k);
    if (k.tag != CONTENT_TYPING || !k.on)
        return;
    journal_pass(c, env,
                 &(struct happened){.kind = CHAT_EVENT_TYPING,
                                    .account = who->account,
                                    .installation = who->installation,
                                    .conversation = t->id.bytes});
}
