/* Entries as they arrive, in any order: what they mean for the person, for the entry that they
 * change, for the conversation (notes.h). */
#include "node/chat/delivery/content.h"
#include "node/chat/notes.h"
#include "node/chat/self.h"

#include <stdlib.h>

struct arriving {
    struct talk *t;
    struct entry_place place;
    struct entry_author author;
    struct content content;
    bool quiet; /* from an export: nobody is told */
};

static const struct entry_id nothing;

static void happened(struct chat *c, const struct env *env, const struct arriving *a,
                     const struct entry_id *entry)
{
    if (a->quiet || people_blocked(c, a->author.account))
        return;
    journal_add(c, env,
                &(struct happened){.kind = CHAT_EVENT_ENTRY,
                                   .account = a->author.account,
                                   .installation = a->author.installation,
                                   .conversation = a->t->id.bytes,
                                   .entry = entry->bytes});
}

/* ---- entries that change others ---- */

static bool react(struct chat *c, const struct arriving *a)
{
    struct span text = a->content.text;
    struct reaction r = {.at = a->place, .on = a->content.on};
    if (memchr(text.ptr, 0, text.len) != NULL)
        return false;
    text_copy(r.text, text);
    return reaction_take(c, a->t, &a->content.target, a->author.account, &r);
}

/* An edit or deletion of an entry that is here; true: it holds. */
static bool alter(struct note *n, const struct entry_place *place, const uint8_t account[32],
                  const struct content *k)
{
    if (memcmp(n->author, account, sizeof n->author) != 0 || n->deleted)
        return false;
    if (k->tag == CONTENT_DELETE) {
        n->deleted = true;
        return true;
    }
    if (n->edited && entry_place_cmp(&n->edit, place) >= 0)
        return false;
    n->edited = true;
    n->edit = *place;
    return true;
}

static void altered(struct chat *c, const struct arriving *a, const struct entry_id *target,
                    const struct note *n)
{
    if (n->deleted)
        files_drop(c, a->t, target);
    if (entry_id_eq(target, &a->t->last_at.id))
        a->t->last_stale = true;
}

/* What erases the target erases it as well: it is put into the target's chain. */
static enum err change(struct chat *c, const struct env *env, const struct arriving *a,
                       struct note *own)
{
    const struct entry_id *target = &a->content.target;
    bool reaction = a->content.tag == CONTENT_REACTION, holds;
    struct note n;

    TRY(note_load(c, a->t, target, &n));
    if (n.gone) { /* nothing is said of it any more */
        vanishing_add(c, a->t, &a->place.id, env->wall.ns);
        return OK;
    }
    own->next = n.changes;
    n.changes = a->place.id;
    if (reaction)
        holds = react(c, a) && !n.deleted;
    else
        holds = n.here && alter(&n, &a->place, a->author.account, &a->content);
    if (holds && !reaction)
        altered(c, a, target, &n);
    note_save(c, a->t, target, &n);
    if (holds && n.here && !n.hidden)
        happened(c, env, a, target);
    return OK;
}

/* What was said of it before it came. */
static void take_waiting(struct chat *c, const struct arriving *a, struct note *n)
{
    struct buf keep = BUF_INIT(VAULT_VALUE_BYTES_MAX);
    struct note m = {.next = n->changes};
    while (!entry_id_eq(&m.next, &nothing)) {
        struct entry_author author;
        struct content k;
        struct entry_place at = {.id = m.next};
        if (note_load(c, a->t, &at.id, &m) != OK || !m.here)
            break;
        at.lamport = m.lamport;
        if (entry_read(c, a->t, &at, &keep, &author, &k) == OK && k.tag != CONTENT_REACTION &&
            alter(n, &at, author.account, &k))
            altered(c, a, &a->place.id, n);
    }
    buf_clear(&keep);
}

/* ---- entries that are lines ---- */

void talk_show_last(struct chat *c, struct talk *t)
{
    struct chat_entry e;
    struct span text = chat_history(c, &t->id, NULL, true, &e) == OK ? e.text : SPAN_EMPTY;
    size_t len = text.len < sizeof t->last - 1 ? text.len : sizeof t->last - 1;
    while (len > 0 && len < text.len && (text.ptr[len] & 0xc0) == 0x80)
        len--; /* whole characters */
    text_copy(t->last, span_of(text.ptr, len));
    t->last_stale = false;
    t->changed = true;
}

/* A line that the person has not seen. */
static void settle(struct chat *c, const struct env *env, const struct arriving *a)
{
    struct talk *t = a->t;
    bool mine = memcmp(a->author.account, c->self.account, 32) == 0;
    t->changed = true;
    if (entry_place_cmp(&a->place, &t->last_at) > 0) {
        t->last_at = a->place;
        if (!people_blocked(c, a->author.account))
            t->last_ns = (int64_t)a->place.lamport * NS_PER_MS;
    }
    t->last_stale = true;
    bool read = entry_place_cmp(&a->place, &t->seen) <= 0; /* on another device */
    if (!mine && !read && !a->quiet && !people_blocked(c, a->author.account))
        t->unread++;
    happened(c, env, a, &a->place.id);
}

static void take_profile(struct chat *c, const struct arriving *a)
{
    struct person *p = people_find(c, a->author.account);
    struct span name = a->content.name;
    if (p == NULL || name.len >= sizeof p->calls_self ||
        entry_place_cmp(&a->place, &p->called_at) <= 0)
        return;
    p->called_at = a->place;
    text_copy(p->calls_self, name);
    p->changed = true;
}

/* The timer that holds for what we say: the last that was set; where we know of none, because it
 * was set before our time, that of the last line. */
static void take_timer(const struct arriving *a, bool set, uint64_t seconds)
{
    struct talk *t = a->t;
    if (t->timer_set > set ||
        (t->timer_set == set && entry_place_cmp(&a->place, &t->timer_at) <= 0))
        return;
    t->timer_set = set;
    t->timer_at = a->place;
    t->disappearing_s = seconds;
    t->changed = true;
}

static int64_t vanishes_at(const struct arriving *a)
{
    int64_t most = INT64_MAX / NS_PER_MS - (int64_t)CONTENT_TIMER_S_MAX * 1000;
    if (a->content.vanishes_s == 0 || a->place.lamport > (uint64_t)most)
        return 0;
    return ((int64_t)a->place.lamport + (int64_t)a->content.vanishes_s * 1000) * NS_PER_MS;
}

static void line(struct chat *c, const struct env *env, const struct arriving *a, struct note *n)
{
    const struct content *k = &a->content;
    take_timer(a, false, k->vanishes_s);
    n->vanishes_ns = vanishes_at(a);
    if (n->vanishes_ns != 0 && n->vanishes_ns <= env->wall.ns) { /* too late to be seen */
        n->gone = true;
        if (!entry_id_eq(&n->changes, &nothing))
            vanishing_add(c, a->t, &n->changes, env->wall.ns);
        return;
    }
    if (n->vanishes_ns != 0)
        vanishing_add(c, a->t, &a->place.id, n->vanishes_ns);
    take_waiting(c, a, n);
    settle(c, env, a);
    if (k->known && k->tag == CONTENT_ATTACHMENT && !n->deleted && !a->quiet &&
        !people_blocked(c, a->author.account))
        files_announced(c, env, a->t, &a->place, k);
}

/* ---- all of them ---- */

static bool no_line(const struct content *k)
{
    return content_changes(k) ||
           (k->known && (k->tag == CONTENT_TIMER || k->tag == CONTENT_PROFILE));
}

static enum err take(struct chat *c, const struct env *env, struct arriving *a)
{
    const struct content *k = &a->content;
    struct note n;

    TRY(note_load(c, a->t, &a->place.id, &n));
    if (n.here)
        return OK; /* also when it is gone */
    n.here = true;
    n.lamport = a->place.lamport;
    memcpy(n.author, a->author.account, sizeof n.author);
    n.hidden = a->t->type == CHAT_SELF || no_line(k);
    if (a->t->type == CHAT_SELF)
        self_heard(c, env, a->t, &a->author, k);
    else if (!n.hidden)
        line(c, env, a, &n);
    else if (k->tag == CONTENT_TIMER)
        take_timer(a, true, k->seconds);
    else if (k->tag == CONTENT_PROFILE)
        take_profile(c, a);
    else
        TRY(change(c, env, a, &n));
    note_save(c, a->t, &a->place.id, &n);
    return OK;
}

static void take_bytes(struct chat *c, const struct env *env, struct arriving *a, struct span bytes)
{
    struct entry e;
    enum err err = entry_decode(bytes, &e);
    if (err == OK && content_decode(e.content, &a->content) != OK)
        a->content = (struct content){.known = false}; /* it keeps its place */
    if (err == OK)
        err = take(c, env, a);
    if (err != OK)
        log_unusual(env, "chat", "entry not shown err=%s", err_name(err));
}

void entry_arrived(struct chat *c, const struct env *env, struct talk *t,
                   const struct entry_place *place)
{
    struct timeline_entry te;
    if (!timeline_get(delivery_timeline(t->delivery), &place->id, &te))
        return;
    struct arriving a = {.t = t, .place = *place, .author = te.author};
    take_bytes(c, env, &a, te.bytes);
}

void entry_row_arrived(struct chat *c, const struct env *env, struct talk *t,
                       const struct entry_place *place, struct span row, bool quiet)
{
    struct arriving a = {.t = t, .place = *place, .quiet = quiet};
    struct span bytes;
    if (entry_row(row, &a.author, &bytes) == OK)
        take_bytes(c, env, &a, bytes);
}

bool entry_stored(struct chat *c, const struct talk *t, const struct entry_id *id)
{
    struct note n;
    return note_load(c, t, id, &n) == OK && n.here;
}

bool entry_gone(struct chat *c, const struct talk *t, const struct entry_id *id)
{
    struct note n;
    return note_load(c, t, id, &n) == OK && n.gone;
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
    if (k.tag != CONTENT_TYPING || !k.on || people_blocked(c, who->account))
        return;
    journal_pass(c, env,
                 &(struct happened){.kind = CHAT_EVENT_TYPING,
                                    .account = who->account,
                                    .installation = who->installation,
                                    .conversation = t->id.bytes});
}
