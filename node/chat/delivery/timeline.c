/* The order: what comes in, what is held, what leaves memory. */
#include "node/chat/delivery/timeline_inside.h"

#include <stdlib.h>

#define OUT_MAX (TIMELINE_HELD_MAX + 64u)

static int64_t wall_ms(const struct env *env)
{
    return env->wall.ns / NS_PER_MS;
}

/* ---- lists by place ---- */

size_t timeline_nodes_find(const struct timeline_nodes *l, const struct entry_place *place)
{
    size_t low = 0, high = l->count;

    if (high > 0 && entry_place_cmp(&l->list[high - 1]->place, place) < 0)
        return high; /* as good as always */
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (entry_place_cmp(&l->list[mid]->place, place) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

enum err timeline_nodes_room(struct timeline_nodes *l)
{
    if (l->count < l->cap)
        return OK;
    size_t cap = l->cap == 0 ? 16 : 2 * l->cap;
    struct timeline_node **list = realloc(l->list, cap * sizeof(struct timeline_node *));
    if (list == NULL)
        return ERR_MEMORY;
    l->list = list;
    l->cap = cap;
    return OK;
}

void timeline_nodes_insert(struct timeline_nodes *l, struct timeline_node *n)
{
    size_t at = timeline_nodes_find(l, &n->place);

    assert(l->count < l->cap);
    memmove(l->list + at + 1, l->list + at, (l->count - at) * sizeof *l->list);
    l->list[at] = n;
    l->count++;
}

void timeline_nodes_remove(struct timeline_nodes *l, const struct timeline_node *n)
{
    size_t at = timeline_nodes_find(l, &n->place);

    if (at == l->count || l->list[at] != n)
        return;
    l->count--;
    memmove(l->list + at, l->list + at + 1, (l->count - at) * sizeof *l->list);
}

/* ---- life ---- */

enum err timeline_new(struct timeline **out, const uint8_t seed[16])
{
    struct timeline *t = calloc(1, sizeof *t);

    *out = t;
    if (t == NULL)
        return ERR_MEMORY;
    map_init(&t->nodes, seed, 2 * TIMELINE_ENTRIES_MAX + TIMELINE_HELD_MAX);
    map_init(&t->gaps, seed, TIMELINE_GAPS_MAX);
    map_init(&t->outside, seed, TIMELINE_OUTSIDE_MAX);
    fifo_init(&t->out, sizeof(struct timeline_out), OUT_MAX);
    return OK;
}

void timeline_node_free(struct timeline_node *n)
{
    if (n == NULL)
        return;
    buf_clear(&n->bytes);
    free(n);
}

void timeline_free(struct timeline *t)
{
    size_t cursor = 0;

    if (t == NULL)
        return;
    for (struct timeline_node *n; (n = map_next(&t->nodes, &cursor, NULL)) != NULL;)
        timeline_node_free(n);
    cursor = 0;
    for (void *gap; (gap = map_next(&t->gaps, &cursor, NULL)) != NULL;)
        free(gap);
    map_clear(&t->nodes);
    map_clear(&t->gaps);
    map_clear(&t->outside);
    fifo_clear(&t->out);
    free(t->order.list);
    free(t->held.list);
    free(t->open.list);
    free(t->heads.list);
    free(t);
}

struct timeline_node *timeline_node_of(const struct timeline *t, const struct entry_id *id)
{
    return map_get(&t->nodes, SPAN_ARRAY(id->bytes));
}

enum err timeline_node_new(struct timeline *t, const struct env *env, const struct timeline_in *in,
                           struct timeline_node **out)
{
    struct timeline_node *n = calloc(1, sizeof *n);

    if (n == NULL)
        return ERR_MEMORY;
    n->place = (struct entry_place){in->entry->lamport, in->id};
    n->author = in->author;
    n->epoch = in->epoch;
    n->received_ms = wall_ms(env);
    n->parents_count = in->entry->parents_count;
    memcpy(n->parents, in->entry->parents, sizeof n->parents);
    buf_init(&n->bytes, ENTRY_BYTES_MAX);
    enum err err = buf_append(&n->bytes, in->bytes);
    if (err == OK)
        err = map_put(&t->nodes, SPAN_ARRAY(in->id.bytes), n);
    if (err != OK) {
        timeline_node_free(n);
        return err;
    }
    *out = n;
    return OK;
}

/* ---- leaving memory ---- */

static void forget_parents(struct timeline_node *n)
{
    for (size_t i = 0; i < n->parents_count; i++) {
        if (n->at[i] == NULL || !n->at[i]->leaving)
            continue;
        n->at[i] = NULL;
        n->outside[i] = true; /* it is in the store */
    }
}

/* One of the heads that our next entries and acknowledgements name. */
static bool is_named_next(const struct timeline *t, const struct timeline_node *n)
{
    size_t heads = t->heads.count, named = heads < TIMELINE_HEADS_MAX ? heads : TIMELINE_HEADS_MAX;

    return n->complete && n->followers == 0 &&
           entry_place_cmp(&n->place, &t->heads.list[heads - named]->place) >= 0;
}

static void shrink(struct timeline *t)
{
    size_t leave = t->order.count - TIMELINE_ENTRIES_KEPT, kept = 0;

    for (size_t i = 0; i < t->order.count && leave > 0; i++) {
        struct timeline_node *n = t->order.list[i];
        if (is_named_next(t, n))
            continue;
        n->leaving = true;
        t->horizon = n->place;
        leave--;
    }
    for (size_t i = 0; i < t->order.count; i++)
        forget_parents(t->order.list[i]);
    for (size_t i = 0; i < t->order.count; i++) {
        struct timeline_node *n = t->order.list[i];
        if (!n->leaving) {
            t->order.list[kept++] = n;
            continue;
        }
        timeline_nodes_remove(&t->open, n);
        timeline_nodes_remove(&t->heads, n);
        (void)map_take(&t->nodes, SPAN_ARRAY(n->place.id.bytes));
        timeline_node_free(n);
    }
    t->order.count = kept;
    t->changed = true;
    timeline_settle(t);
}

void timeline_trim(struct timeline *t)
{
    if (t->order.count > TIMELINE_ENTRIES_MAX)
        shrink(t);
}

/* ---- coming in ---- */

enum err timeline_put(struct timeline *t, const struct env *env, struct timeline_node *n, bool tell)
{
    struct timeline_out out = {.place = n->place,
                               .late = timeline_nodes_find(&t->order, &n->place) < t->order.count};

    TRY(timeline_nodes_room(&t->order));
    TRY(timeline_nodes_room(&t->open));
    if (t->heads.cap < t->order.cap) { /* settling must not fail */
        struct timeline_node **list =
            realloc(t->heads.list, t->order.cap * sizeof(struct timeline_node *));
        if (list == NULL)
            return ERR_MEMORY;
        t->heads.list = list;
        t->heads.cap = t->order.cap;
    }
    if (tell)
        TRY(fifo_push(&t->out, &out));
    n->held = false;
    timeline_nodes_insert(&t->order, n);
    timeline_nodes_insert(&t->open, n);
    if (n->place.lamport > t->seen)
        t->seen = n->place.lamport;
    timeline_join(t, env, n);
    timeline_settle(t);
    return OK;
}

static size_t held_of(const struct timeline *t, const struct entry_author *author)
{
    size_t count = 0;

    for (size_t i = 0; i < t->held.count; i++)
        count += entry_author_eq(&t->held.list[i]->author, author);
    return count;
}

static bool is_ahead(const struct env *env, uint64_t lamport)
{
    int64_t now = wall_ms(env);

    return lamport > (now < 0 ? 0 : (uint64_t)now) + TIMELINE_AHEAD_MS;
}

static enum err hold(struct timeline *t, struct timeline_node *n)
{
    if (t->held.count >= TIMELINE_HELD_MAX || held_of(t, &n->author) >= TIMELINE_HELD_AUTHOR_MAX)
        return ERR_LIMIT;
    TRY(timeline_nodes_room(&t->held));
    n->held = true;
    timeline_nodes_insert(&t->held, n);
    timeline_gap_close(t, &n->place.id);
    t->changed = true;
    return OK;
}

enum err timeline_add(struct timeline *t, const struct env *env, const struct timeline_in *in,
                      enum timeline_verdict *verdict)
{
    const struct entry_place place = {in->entry->lamport, in->id};
    struct timeline_node *n;

    *verdict = TIMELINE_DUPLICATE;
    if (timeline_node_of(t, &in->id) != NULL)
        return OK;
    *verdict = TIMELINE_OLD;
    if (entry_place_cmp(&place, &t->horizon) <= 0)
        return OK;
    bool ahead = !in->own && is_ahead(env, place.lamport);
    TRY(timeline_node_new(t, env, in, &n));
    *verdict = ahead ? TIMELINE_HELD : TIMELINE_NEW;
    enum err err = ahead ? hold(t, n) : timeline_put(t, env, n, true);
    if (err != OK) {
        (void)map_take(&t->nodes, SPAN_ARRAY(in->id.bytes));
        timeline_node_free(n);
        return err;
    }
    return OK;
}

void timeline_tick(struct timeline *t, const struct env *env)
{
    while (t->held.count > 0 && !is_ahead(env, t->held.list[0]->place.lamport)) {
        struct timeline_node *n = t->held.list[0];
        if (timeline_put(t, env, n, true) != OK)
            return; /* at the next tick */
        timeline_nodes_remove(&t->held, n);
        t->changed = true;
    }
}

struct mono timeline_deadline(const struct timeline *t, const struct env *env)
{
    if (t->held.count == 0)
        return MONO_NEVER;
    uint64_t due = t->held.list[0]->place.lamport - TIMELINE_AHEAD_MS;
    uint64_t now = (uint64_t)wall_ms(env), wait = due > now ? due - now : 0;
    return mono_add(env->now, wait > INT64_MAX / NS_PER_MS ? INT64_MAX : (int64_t)wait * NS_PER_MS);
}

bool timeline_poll(struct timeline *t, struct timeline_out *out)
{
    return fifo_pop(&t->out, out);
}

size_t timeline_held(const struct timeline *t, size_t *accounts)
{
    *accounts = 0;
    for (size_t i = 0; i < t->held.count; i++) {
        bool first = true;
        for (size_t j = 0; j < i && first; j++)
            first =
                memcmp(t->held.list[i]->author.account, t->held.list[j]->author.account, 32) != 0;
        *accounts += first;
    }
    return t->held.count;
}

/* ---- looking ---- */

static struct timeline_entry entry_of(const struct timeline_node *n)
{
    struct timeline_entry e = {.place = n->place,
                               .author = n->author,
                               .epoch = n->epoch,
                               .received_ms = n->received_ms,
                               .bytes = buf_span(&n->bytes),
                               .complete = n->complete};

    for (size_t i = 0; i < n->parents_count; i++)
        e.missing += n->at[i] == NULL && !n->outside[i];
    return e;
}

size_t timeline_count(const struct timeline *t)
{
    return t->order.count;
}

struct timeline_entry timeline_at(const struct timeline *t, size_t i)
{
    assert(i < t->order.count);
    return entry_of(t->order.list[i]);
}

bool timeline_get(const struct timeline *t, const struct entry_id *id, struct timeline_entry *out)
{
    const struct timeline_node *n = timeline_node_of(t, id);

    if (n == NULL || n->held)
        return false;
    *out = entry_of(n);
    return true;
}

size_t timeline_find(const struct timeline *t, const struct entry_place *place)
{
    return timeline_nodes_find(&t->order, place);
}
