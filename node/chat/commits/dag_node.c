/* Nodes of the commit DAG, and how they are found by name. */
#include "node/chat/commits/dag_state.h"

#include <stdlib.h>

struct dag_node *dag_node_new(void)
{
    struct dag_node *n = calloc(1, sizeof *n);

    if (n != NULL)
        n->child_ns = n->adopted_ns = n->left_ns = n->signed_ns = NEVER;
    return n;
}

void dag_voters_unref(struct dag_voters *v)
{
    if (v != NULL && --v->refs == 0)
        free(v);
}

void dag_node_free(struct dag_node *n)
{
    if (n == NULL)
        return;
    blob_unref(n->bytes);
    blob_unref(n->withdrawal);
    dag_voters_unref(n->voters);
    free(n);
}

static size_t slot_of(const struct dag *d, const struct eid *eid)
{
    size_t slots = 2 * d->cap, at = (size_t)(eid->bytes[0] << 8 | eid->bytes[1]) % slots;

    while (d->index[at] != 0 && !eid_eq(&d->nodes[d->index[at] - 1]->ticket.eid, eid))
        at = (at + 1) % slots;
    return at;
}

void dag_index(struct dag *d, size_t from)
{
    if (from == 0)
        memset(d->index, 0, 2 * d->cap * sizeof *d->index);
    for (size_t i = from; i < d->count; i++)
        d->index[slot_of(d, &d->nodes[i]->ticket.eid)] = (uint16_t)(i + 1);
}

struct dag_node *dag_find(const struct dag *d, const struct eid *eid)
{
    size_t i = d->count == 0 ? 0 : d->index[slot_of(d, eid)];

    return i == 0 ? NULL : d->nodes[i - 1];
}

/* Most conversations have a few epochs. */
static enum err make_room(struct dag *d)
{
    size_t cap = d->cap == 0 ? 32 : 2 * d->cap;

    if (d->count == DAG_NODES_MAX)
        return ERR_FULL;
    if (d->count < d->cap)
        return OK;
    cap = cap < DAG_NODES_MAX ? cap : DAG_NODES_MAX;
    struct dag_node **nodes = realloc(d->nodes, cap * sizeof *nodes);
    if (nodes != NULL)
        d->nodes = nodes;
    uint16_t *index = malloc(2 * cap * sizeof *index);
    if (nodes == NULL || index == NULL) {
        free(index);
        return ERR_MEMORY;
    }
    free(d->index);
    d->index = index;
    d->cap = cap;
    dag_index(d, 0);
    return OK;
}

enum err dag_insert(struct dag *d, struct dag_node *n)
{
    TRY(make_room(d));
    if (n->parent != NULL) {
        n->sibling = n->parent->child;
        n->parent->child = n;
    }
    n->dirty = true;
    d->nodes[d->count++] = n;
    dag_index(d, d->count - 1);
    return OK;
}
