/* Lines: where they stand, how they read, when they disappear. */
#include "node/chat/view_inside.h"

#include <stdlib.h>

enum err view_new(struct view **out, const uint8_t self[32], const uint8_t seed[16],
                  const struct view_rights *rights)
{
    struct view *v = calloc(1, sizeof *v);

    *out = v;
    if (v == NULL)
        return ERR_MEMORY;
    memcpy(v->self, self, sizeof v->self);
    if (rights != NULL)
        v->rights = *rights;
    map_init(&v->nodes, seed, VIEW_LINES_MAX);
    map_init(&v->changes, seed, VIEW_LINES_MAX);
    map_init(&v->profiles, seed, VIEW_PROFILES_MAX);
    return OK;
}

static void empty(struct view_node *n)
{
    view_change_free(n->edit);
    n->edit = NULL;
    for (size_t i = 0; i < n->reactions_count; i++)
        view_change_free(n->reactions[i]);
    for (size_t i = 0; i < n->waiting_count; i++)
        view_change_free(n->waiting[i]);
    free(n->reactions);
    free(n->waiting);
    n->reactions = n->waiting = NULL;
    n->reactions_count = n->waiting_count = 0;
    buf_clear(&n->bytes);
    buf_clear(&n->expanded);
    n->content = (struct content){0};
}

static void node_free(struct view_node *n)
{
    empty(n);
    free(n);
}

void view_free(struct view *v)
{
    size_t cursor = 0;

    if (v == NULL)
        return;
    for (struct view_node *n; (n = map_next(&v->nodes, &cursor, NULL)) != NULL;)
        node_free(n);
    cursor = 0;
    for (struct view_change *c; (c = map_next(&v->profiles, &cursor, NULL)) != NULL;)
        view_change_free(c);
    map_clear(&v->nodes);
    map_clear(&v->changes);
    map_clear(&v->profiles);
    free(v->lines);
    free(v);
}

/* ---- lines ---- */

static size_t find_place(const struct view *v, const struct entry_place *place)
{
    size_t low = 0, high = v->count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (entry_place_cmp(&v->lines[mid]->place, place) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static struct view_node *node_of(const struct view *v, const struct entry_id *id)
{
    return map_get(&v->nodes, SPAN_ARRAY(id->bytes));
}

static enum err node_make(struct view *v, const struct entry_id *id, struct view_node **out)
{
    *out = node_of(v, id);
    if (*out != NULL)
        return OK;
    struct view_node *n = calloc(1, sizeof *n);
    if (n == NULL)
        return ERR_MEMORY;
    buf_init(&n->bytes, ENTRY_CONTENT_MAX);
    buf_init(&n->expanded, CONTENT_ATTACHMENT_MAX);
    n->place.id = *id;
    enum err err = map_put(&v->nodes, SPAN_ARRAY(id->bytes), n);
    if (err != OK) {
        node_free(n);
        return err;
    }
    *out = n;
    return OK;
}

static enum err room(struct view *v)
{
    if (v->count < v->cap)
        return OK;
    size_t cap = v->cap == 0 ? 64 : 2 * v->cap;
    struct view_node **lines = realloc(v->lines, cap * sizeof(struct view_node *));
    if (lines == NULL)
        return ERR_MEMORY;
    v->lines = lines;
    v->cap = cap;
    return OK;
}

static enum err add_line(struct view *v, const struct entry_place *place,
                         const struct entry_author *author, struct span content)
{
    struct view_node *n;

    TRY(room(v));
    TRY(node_make(v, &place->id, &n));
    if (n->here)
        return OK;
    TRY(buf_append(&n->bytes, content));
    if (content_decode(buf_span(&n->bytes), &n->content) != OK)
        n->content = (struct content){0};
    n->place = *place;
    n->author = *author;
    n->here = true;
    size_t at = find_place(v, place);
    memmove(v->lines + at + 1, v->lines + at, (v->count - at) * sizeof *v->lines);
    v->lines[at] = n;
    v->count++;
    size_t waiting = n->waiting_count;
    n->waiting_count = 0;
    for (size_t i = 0; i < waiting; i++)
        view_change_take(v, n, n->waiting[i]);
    free(n->waiting);
    n->waiting = NULL;
    return OK;
}

/* ---- timers and profiles ---- */

static void add_timer(struct view *v, const struct entry_place *place, uint64_t seconds)
{
    size_t at = v->timers_count;

    if (v->timers_count == VIEW_TIMERS_MAX) { /* the oldest matter to the oldest lines alone */
        v->timers_count--;
        memmove(v->timers, v->timers + 1, v->timers_count * sizeof *v->timers);
        at--;
    }
    while (at > 0 && entry_place_cmp(&v->timers[at - 1].place, place) > 0)
        at--;
    memmove(v->timers + at + 1, v->timers + at, (v->timers_count - at) * sizeof *v->timers);
    v->timers[at] = (struct view_timer){*place, seconds};
    v->timers_count++;
}

static int64_t expires_of(const struct view *v, const struct view_node *n)
{
    uint64_t seconds = 0;

    if (n->content.known && n->content.tag == CONTENT_TIMER)
        return 0;
    for (size_t i = 0; i < v->timers_count; i++)
        if (entry_place_cmp(&v->timers[i].place, &n->place) < 0)
            seconds = v->timers[i].seconds;
    if (seconds == 0 || n->place.lamport > INT64_MAX - seconds * 1000)
        return 0;
    return (int64_t)(n->place.lamport + seconds * 1000);
}

static enum err change_new(const struct entry_place *place, const struct entry_author *author,
                           struct span content, struct view_change **out)
{
    struct view_change *c = calloc(1, sizeof *c);

    *out = c;
    if (c == NULL)
        return ERR_MEMORY;
    c->place = *place;
    c->author = *author;
    buf_init(&c->bytes, ENTRY_CONTENT_MAX);
    enum err err = buf_append(&c->bytes, content);
    if (err == OK)
        err = content_decode(buf_span(&c->bytes), &c->content);
    if (err != OK) {
        view_change_free(c);
        *out = NULL;
    }
    return err;
}

static enum err set_profile(struct view *v, const struct entry_place *place,
                            const struct entry_author *author, struct span content)
{
    struct view_change *was = map_get(&v->profiles, SPAN_ARRAY(author->account)), *c;

    if (was != NULL && entry_place_cmp(&was->place, place) >= 0)
        return OK;
    TRY(change_new(place, author, content, &c));
    view_change_free(map_take(&v->profiles, SPAN_ARRAY(author->account)));
    enum err err = map_put(&v->profiles, SPAN_ARRAY(author->account), c);
    if (err != OK)
        view_change_free(c);
    return err == ERR_FULL ? OK : err;
}

struct span view_name(const struct view *v, const uint8_t account[32])
{
    const struct view_change *c = map_get(&v->profiles, span_of(account, 32));

    return c == NULL ? SPAN_EMPTY : c->content.name;
}

/* ---- changes ---- */

static enum err add_change(struct view *v, const struct entry_place *place,
                           const struct entry_author *author, struct span content,
                           const struct entry_id *target)
{
    struct view_node *n;
    struct view_change *c;

    TRY(node_make(v, target, &n));
    if (!n->here && n->waiting_count == VIEW_WAITING_MAX)
        return OK;
    TRY(map_put(&v->changes, SPAN_ARRAY(place->id.bytes), v));
    enum err err = change_new(place, author, content, &c);
    if (err != OK) {
        (void)map_take(&v->changes, SPAN_ARRAY(place->id.bytes));
        return err;
    }
    if (n->here) {
        view_change_take(v, n, c);
        return OK;
    }
    struct view_change **list =
        realloc(n->waiting, (n->waiting_count + 1) * sizeof(struct view_change *));
    if (list == NULL) {
        view_change_free(c);
        (void)map_take(&v->changes, SPAN_ARRAY(place->id.bytes));
        return ERR_MEMORY;
    }
    n->waiting = list;
    n->waiting[n->waiting_count++] = c;
    return OK;
}

enum err view_apply(struct view *v, const struct entry_place *place,
                    const struct entry_author *author, struct span content)
{
    const struct view_node *n = node_of(v, &place->id);
    struct content c;

    if ((n != NULL && n->here) || map_get(&v->changes, SPAN_ARRAY(place->id.bytes)) != NULL)
        return OK;
    if (content_decode(content, &c) != OK || !c.known)
        return add_line(v, place, author, content);
    if (content_passes(&c))
        return OK; /* said in passing is nothing to keep */
    if (content_changes(&c))
        return add_change(v, place, author, content, &c.target);
    TRY(add_line(v, place, author, content));
    if (c.tag == CONTENT_TIMER)
        add_timer(v, place, c.seconds);
    return c.tag == CONTENT_PROFILE ? set_profile(v, place, author, content) : OK;
}

enum err view_expand(struct view *v, const struct entry_id *id, struct span content)
{
    struct view_node *n = node_of(v, id);
    struct content c;

    if (n == NULL || !n->here || n->deleted || !n->content.known || n->content.tag != CONTENT_LONG)
        return ERR_NOT_FOUND;
    TRY(content_decode(content, &c));
    if (!c.known || content_changes(&c) || content_passes(&c) || c.tag == CONTENT_LONG ||
        c.tag == CONTENT_TIMER || c.tag == CONTENT_PROFILE)
        return ERR_FORMAT;
    buf_reset(&n->expanded);
    TRY(buf_append(&n->expanded, content));
    return content_decode(buf_span(&n->expanded), &n->content);
}

/* ---- looking ---- */

size_t view_count(const struct view *v)
{
    return v->count;
}

size_t view_index(const struct view *v, const struct entry_id *id)
{
    const struct view_node *n = node_of(v, id);

    return n == NULL || !n->here || n->expired ? v->count : find_place(v, &n->place);
}

static enum view_kind kind_of(const struct content *c)
{
    static const struct {
        enum content_tag tag;
        enum view_kind kind;
    } rows[] = {
        {CONTENT_TEXT, VIEW_TEXT},     {CONTENT_REPLY, VIEW_TEXT},
        {CONTENT_LONG, VIEW_LONG},     {CONTENT_ATTACHMENT, VIEW_ATTACHMENT},
        {CONTENT_TIMER, VIEW_TIMER},   {CONTENT_PROFILE, VIEW_PROFILE},
        {CONTENT_CUSTOM, VIEW_CUSTOM},
    };

    for (size_t i = 0; c->known && i < sizeof rows / sizeof *rows; i++)
        if ((uint64_t)rows[i].tag == c->tag)
            return rows[i].kind;
    return VIEW_UNKNOWN;
}

void view_line(const struct view *v, size_t i, struct view_line *out)
{
    assert(i < v->count);
    const struct view_node *n = v->lines[i];

    *out = (struct view_line){.place = n->place,
                              .author = n->author,
                              .kind = kind_of(&n->content),
                              .deleted = n->deleted,
                              .mine = memcmp(n->author.account, v->self, 32) == 0,
                              .expires_ms = expires_of(v, n)};
    if (n->deleted)
        return;
    bool plain = out->kind != VIEW_UNKNOWN && out->kind != VIEW_CUSTOM;
    out->content = n->content;
    out->edited = n->edit != NULL;
    out->replies = n->content.known && n->content.tag == CONTENT_REPLY;
    out->text = n->edit != NULL ? n->edit->content.text
                : plain         ? n->content.text
                                : n->content.fallback;
    view_reactions_show(v, n, out);
}

/* ---- disappearing ---- */

bool view_expire(struct view *v, const struct env *env, struct entry_place *gone)
{
    int64_t now_ms = env->wall.ns / NS_PER_MS;

    for (size_t i = 0; i < v->count; i++) {
        struct view_node *n = v->lines[i];
        int64_t expires_ms = expires_of(v, n);
        if (expires_ms == 0 || expires_ms > now_ms)
            continue;
        *gone = n->place;
        empty(n);
        n->expired = true; /* it stays known, so that it does not come again */
        v->count--;
        memmove(v->lines + i, v->lines + i + 1, (v->count - i) * sizeof *v->lines);
        return true;
    }
    return false;
}

struct mono view_deadline(const struct view *v, const struct env *env)
{
    int64_t now_ms = env->wall.ns / NS_PER_MS;
    struct mono next = MONO_NEVER;

    for (size_t i = 0; v->timers_count > 0 && i < v->count; i++) {
        int64_t expires_ms = expires_of(v, v->lines[i]);
        int64_t wait_ms = expires_ms > now_ms ? expires_ms - now_ms : 0;
        if (expires_ms != 0 && wait_ms <= INT64_MAX / NS_PER_MS)
            next = mono_min(next, mono_add(env->now, wait_ms * NS_PER_MS));
    }
    return next;
}
