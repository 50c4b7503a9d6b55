/* What came before what: parents, gaps, completeness, heads, and the past of an acknowledgement. */
#include "node/chat/delivery/timeline_inside.h"

#include <stdlib.h>

/* ---- gaps ---- */

static void note_gap(struct timeline *t, const struct env *env, const struct entry_id *id,
                     uint64_t lamport)
{
    struct timeline_gap *gap = map_get(&t->gaps, SPAN_ARRAY(id->bytes));

    if (gap != NULL) {
        gap->lamport = lamport < gap->lamport ? lamport : gap->lamport;
        return;
    }
    gap = malloc(sizeof *gap);
    if (gap == NULL)
        return; /* found again with the next entry that names it, or by its author's sending */
    *gap = (struct timeline_gap){.id = *id, .lamport = lamport, .since = env->now, .due = env->now};
    if (map_put(&t->gaps, SPAN_ARRAY(id->bytes), gap) != OK)
        free(gap);
}

void timeline_gap_close(struct timeline *t, const struct entry_id *id)
{
    free(map_take(&t->gaps, SPAN_ARRAY(id->bytes)));
}

struct timeline_gap *timeline_gap(const struct timeline *t, size_t *cursor)
{
    return map_next(&t->gaps, cursor, NULL);
}

size_t timeline_gaps(const struct timeline *t)
{
    return map_count(&t->gaps);
}

static bool is_outside(const struct timeline *t, const struct entry_id *id)
{
    return map_get(&t->outside, SPAN_ARRAY(id->bytes)) != NULL;
}

bool timeline_knows(const struct timeline *t, const struct entry_id *id)
{
    return timeline_node_of(t, id) != NULL || is_outside(t, id);
}

void timeline_hint(struct timeline *t, const struct env *env, const struct entry_id *id,
                   uint64_t lamport)
{
    if (!timeline_knows(t, id))
        note_gap(t, env, id, lamport);
}

/* ---- parents ---- */

/* The i-th parent of a node: here, outside, or a gap. */
static void look_for(struct timeline *t, const struct env *env, struct timeline_node *n, size_t i)
{
    struct timeline_node *parent = timeline_node_of(t, &n->parents[i]);

    n->at[i] = parent != NULL && !parent->held ? parent : NULL;
    n->outside[i] = parent == NULL && is_outside(t, &n->parents[i]);
    if (parent == NULL && !n->outside[i])
        note_gap(t, env, &n->parents[i], n->place.lamport);
}

void timeline_join(struct timeline *t, const struct env *env, struct timeline_node *n)
{
    for (size_t i = 0; i < n->parents_count; i++)
        look_for(t, env, n, i);
    timeline_gap_close(t, &n->place.id);
    for (size_t k = 0; k < t->open.count; k++) {
        struct timeline_node *child = t->open.list[k];
        for (size_t i = 0; i < child->parents_count; i++) {
            if (entry_id_eq(&child->parents[i], &n->place.id)) {
                child->at[i] = n;
                child->outside[i] = false;
            }
        }
    }
}

void timeline_outside(struct timeline *t, const struct entry_id *id)
{
    if (timeline_knows(t, id))
        return;
    if (map_put(&t->outside, SPAN_ARRAY(id->bytes), t) != OK) {
        size_t cursor = 0;
        struct span oldest;
        if (map_next(&t->outside, &cursor, &oldest) == NULL)
            return;
        (void)map_take(&t->outside, oldest);
        if (map_put(&t->outside, SPAN_ARRAY(id->bytes), t) != OK)
            return;
    }
    timeline_gap_close(t, id);
    for (size_t k = 0; k < t->open.count; k++) {
        struct timeline_node *child = t->open.list[k];
        for (size_t i = 0; i < child->parents_count; i++)
            if (entry_id_eq(&child->parents[i], id))
                child->outside[i] = true;
    }
    t->changed = true;
    timeline_settle(t);
}

/* ---- completeness ---- */

static bool has_its_past(const struct timeline_node *n)
{
    for (size_t i = 0; i < n->parents_count; i++)
        if (n->at[i] != NULL ? !n->at[i]->complete : !n->outside[i])
            return false;
    return true;
}

static void complete(struct timeline *t, struct timeline_node *n)
{
    n->complete = true;
    for (size_t i = 0; i < n->parents_count; i++) {
        if (n->at[i] == NULL)
            continue;
        n->at[i]->followers++;
        timeline_nodes_remove(&t->heads, n->at[i]);
    }
    timeline_nodes_insert(&t->heads, n);
}

/* Parents stand before their children, so one pass in order is enough; an author that gives a child
 * a lower lamport than its parent has, waits for the next pass. */
void timeline_settle(struct timeline *t)
{
    size_t kept = 0;

    for (size_t i = 0; i < t->open.count; i++) {
        struct timeline_node *n = t->open.list[i];
        if (has_its_past(n))
            complete(t, n);
        else
            t->open.list[kept++] = n;
    }
    t->open.count = kept;
}

/* ---- heads ---- */

static size_t newest(const struct timeline_nodes *l, struct entry_id *out, size_t max)
{
    size_t count = l->count < max ? l->count : max;

    for (size_t i = 0; i < count; i++)
        out[i] = l->list[l->count - 1 - i]->place.id;
    entry_ids_sort(out, count);
    return count;
}

size_t timeline_heads(const struct timeline *t, struct entry_id out[TIMELINE_HEADS_MAX])
{
    return newest(&t->heads, out, TIMELINE_HEADS_MAX);
}

size_t timeline_beyond(const struct timeline *t, struct entry_id out[TIMELINE_HEADS_MAX])
{
    return newest(&t->open, out, TIMELINE_HEADS_MAX);
}

static bool names(const struct entry *e, const struct entry_id *id)
{
    for (size_t i = 0; i < e->parents_count; i++)
        if (entry_id_eq(&e->parents[i], id))
            return true;
    return false;
}

/* Up to four heads, the newest first, and where there is one alone, the newest entry besides: who
 * misses both learns of both at once. Only such as stand before the new one. */
void timeline_next(struct timeline *t, const struct env *env, struct entry *e)
{
    int64_t now = env->wall.ns / NS_PER_MS;
    uint64_t wall = now < 0 ? 0 : (uint64_t)now, limit = wall + TIMELINE_AHEAD_MS;
    uint64_t next = t->seen + 1 > wall ? t->seen + 1 : wall;

    next = next < limit ? next : limit;
    e->lamport = next > t->own ? next : t->own + 1;
    t->own = e->lamport;
    t->changed = true;
    e->parents_count = 0;
    for (size_t i = t->heads.count; i > 0 && e->parents_count < ENTRY_PARENTS_MAX; i--)
        if (t->heads.list[i - 1]->place.lamport < e->lamport)
            e->parents[e->parents_count++] = t->heads.list[i - 1]->place.id;
    for (size_t i = t->order.count; i > 0 && e->parents_count == 1; i--) {
        const struct timeline_node *n = t->order.list[i - 1];
        if (n->complete && n->place.lamport < e->lamport && !names(e, &n->place.id))
            e->parents[e->parents_count++] = n->place.id;
    }
    entry_ids_sort(e->parents, e->parents_count);
}

/* ---- the past ---- */

void timeline_mark_also(struct timeline *t, const struct entry_id *ids, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct timeline_node *n = timeline_node_of(t, &ids[i]);
        if (n != NULL && !n->held)
            n->mark = t->mark;
    }
}

void timeline_mark(struct timeline *t, const struct entry_id *ids, size_t count, uint64_t from)
{
    t->mark++;
    timeline_mark_also(t, ids, count);
    for (size_t k = t->order.count; k > 0 && t->order.list[k - 1]->place.lamport >= from; k--) {
        struct timeline_node *n = t->order.list[k - 1];
        if (n->mark != t->mark)
            continue;
        for (size_t i = 0; i < n->parents_count; i++)
            if (n->at[i] != NULL)
                n->at[i]->mark = t->mark;
    }
}

bool timeline_marked(const struct timeline *t, const struct entry_id *id)
{
    const struct timeline_node *n = timeline_node_of(t, id);

    return n != NULL && n->mark == t->mark;
}
