/* What is no longer needed goes: epochs behind the last agreed one, ack lists that prove nothing.
 */
#include "node/chat/commits/dag_state.h"

#include <stdlib.h>

void dag_drop(struct dag *d, struct dag_node *n, enum dag_out_kind part)
{
    if (part == DAG_OUT_DROP_RECEIVE)
        n->receive = false;
    if (n->rewind)
        dag_emit(d, DAG_OUT_DROP_REWIND, n, NULL);
    n->rewind = false;
    d->states_moved = true;
    if (part == DAG_OUT_DROP_RECEIVE)
        dag_emit(d, DAG_OUT_DROP_RECEIVE, n, NULL);
    d->sweep = d->sweep || part == DAG_OUT_DROP_RECEIVE;
    n->dirty = true;
}

/* ---- epochs ---- */

static void unlink_node(struct dag_node *n)
{
    struct dag_node **at = n->parent != NULL ? &n->parent->child : NULL;

    while (at != NULL && *at != n)
        at = &(*at)->sibling;
    if (at != NULL)
        *at = n->sibling;
    n->parent = n->sibling = NULL;
}

static void remove_node(struct dag *d, size_t i)
{
    struct dag_node *n = d->nodes[i];

    d->moved = true;
    unlink_node(n);
    while (n->child != NULL)
        unlink_node(n->child);
    if (d->swept == n)
        d->swept = NULL;
    dag_forget_record(d, DAG_RECORD_NODE, n->ticket.eid.bytes);
    dag_node_free(n);
    memmove(&d->nodes[i], &d->nodes[i + 1], (--d->count - i) * sizeof *d->nodes);
    dag_index(d, 0);
}

static void sweep_nodes(struct dag *d, bool hard)
{
    for (size_t i = d->count; i-- > 0;) {
        struct dag_node *n = d->nodes[i];
        if (dag_below(n, d->root) || (n->receive && !hard))
            continue;
        if (n->receive)
            dag_drop(d, n, DAG_OUT_DROP_RECEIVE);
        remove_node(d, i);
    }
}

static struct dag_node *step(const struct dag *d)
{
    for (struct dag_node *c = d->root->child; c != NULL; c = c->sibling)
        if (c->path)
            return c;
    return NULL;
}

static void move_root(struct dag *d, struct dag_node *next)
{
    unlink_node(next);
    if (d->certified == d->root)
        d->certified = next;
    d->root->path = false;
    d->root = next;
    d->moved = true;
    next->dirty = true;
    if (d->winner != NULL && !dag_below(d->winner, next))
        d->winner = NULL;
}

/* The way from epochs that are over is kept for those who were away, but not for ever. */
static bool is_far(const struct dag *d)
{
    return d->head->epoch - d->root->epoch > DAG_SPINE_MAX;
}

static void prune_nodes(struct dag *d)
{
    struct dag_node *next = step(d);
    bool full = d->count == DAG_NODES_MAX; /* then the oldest epoch goes before its time */

    for (bool forced = full;
         next != NULL && (forced || (next->settled && !d->root->receive && is_far(d)));
         forced = false) {
        move_root(d, next);
        d->sweep = true;
        next = step(d);
    }
    if (d->sweep || full)
        sweep_nodes(d, full);
    d->sweep = false;
}

/* ---- ack lists ---- */

/* A list proves a certificate to those who ask for a day, and as long as nothing later is proven.
 */
static bool list_is_of_use(const struct dag *d, const struct dag_list *l, int64_t now)
{
    if (now - l->seen_ns < DAG_EARLY_NS)
        return true;
    for (size_t i = 0; i < l->count; i++) {
        const struct dag_node *n = dag_find(d, &l->eids[i]);
        if (n != NULL && (!n->settled || n == d->certified))
            return true;
    }
    return false;
}

void dag_list_clear(struct dag_list *l)
{
    blob_unref(l->bytes);
    free(l->eids);
}

static void prune_lists(struct dag *d, int64_t now)
{
    size_t kept = 0;

    if (d->swept == d->certified)
        return;
    d->swept = d->certified;
    for (size_t i = 0; i < d->lists_count; i++) {
        if (list_is_of_use(d, &d->lists[i], now)) {
            d->lists[kept++] = d->lists[i];
            continue;
        }
        dag_forget_record(d, DAG_RECORD_LIST, d->lists[i].name);
        dag_list_clear(&d->lists[i]);
    }
    d->lists_count = kept;
}

void dag_prune(struct dag *d, const struct env *env)
{
    prune_nodes(d);
    prune_lists(d, env->now.ns);
}
