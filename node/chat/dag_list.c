/* Ack lists as kept, beacons made of them, and what is asked about the DAG. */
#include "node/chat/dag_state.h"

#include <stdlib.h>

static bool list_known(const struct dag *d, const uint8_t name[16])
{
    for (size_t i = d->lists_count; i-- > 0;)
        if (memcmp(d->lists[i].name, name, 16) == 0)
            return true;
    return false;
}

static enum err make_room(struct dag *d)
{
    if (d->lists_count == DAG_LISTS_MAX) { /* the oldest goes; its votes stay counted */
        dag_forget_record(d, DAG_RECORD_LIST, d->lists[0].name);
        dag_list_clear(&d->lists[0]);
        memmove(d->lists, d->lists + 1, --d->lists_count * sizeof *d->lists);
    }
    if (d->lists_count < d->lists_cap)
        return OK;
    size_t cap = d->lists_cap == 0 ? 32 : d->lists_cap * 2;
    struct dag_list *more = realloc(d->lists, cap * sizeof *more);
    if (more == NULL)
        return ERR_MEMORY;
    d->lists = more;
    d->lists_cap = cap;
    return OK;
}

enum err dag_list_add(struct dag *d, struct span bytes, int64_t seen_ns, struct dag_list **out)
{
    struct dag_list l = {.seen_ns = seen_ns, .dirty = true};
    struct acks acks;
    uint8_t hash[SHA256_BYTES];

    *out = NULL;
    TRY(acks_decode(bytes, &acks));
    if (memcmp(acks.group, d->group, GROUP_ID_BYTES) != 0)
        return ERR_PROTOCOL;
    sha256(bytes, hash);
    memcpy(l.name, hash, sizeof l.name);
    if (list_known(d, l.name))
        return OK;
    TRY(make_room(d));
    l.count = acks.count;
    memcpy(l.key, acks.key, sizeof l.key);
    l.eids = malloc(acks.count * sizeof *l.eids);
    l.bytes = blob_new(bytes);
    if (l.eids == NULL || l.bytes == NULL) {
        dag_list_clear(&l);
        return ERR_MEMORY;
    }
    memcpy(l.eids, acks.eids, acks.count * sizeof *l.eids);
    d->lists[d->lists_count] = l;
    *out = &d->lists[d->lists_count++];
    return OK;
}

/* ---- beacons ---- */

static bool list_votes(const struct dag_list *l, const struct dag_node *n)
{
    for (size_t i = 0; i < l->count; i++)
        if (eid_eq(&l->eids[i], &n->ticket.eid))
            return true;
    return false;
}

static bool has_span(const struct span *list, size_t count, struct span s)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].ptr == s.ptr)
            return true;
    return false;
}

static void add_certificate(const struct dag *d, const struct dag_node *n, struct beacon *out,
                            size_t *room)
{
    for (size_t i = d->lists_count; i-- > 0 && out->acks_count < BEACON_ACKS_MAX;) {
        struct span bytes = blob_span(d->lists[i].bytes);
        if (!list_votes(&d->lists[i], n) || has_span(out->acks, out->acks_count, bytes) ||
            bytes.len + 3 > *room)
            continue;
        out->acks[out->acks_count++] = bytes;
        *room -= bytes.len + 3;
    }
}

static void add_withdrawals(const struct dag_node *parent, struct beacon *out)
{
    for (const struct dag_node *c = parent->child; c != NULL; c = c->sibling)
        if (c->withdrawal != NULL && out->withdrawals_count < BEACON_WITHDRAWALS_MAX)
            out->withdrawals[out->withdrawals_count++] = blob_span(c->withdrawal);
}

void dag_beacon_fill(const struct dag *d, const struct eid *from, struct beacon *out)
{
    const struct dag_node *way[BEACON_TICKETS_MAX], *n = dag_find(d, from);
    size_t room = BEACON_BYTES_MAX - BEACON_TICKETS_MAX * 200 - BEACON_WITHDRAWALS_MAX * 200 - 512;

    *out = (struct beacon){.certified = *from, .head = d->head->ticket.eid};
    memcpy(out->group, d->group, GROUP_ID_BYTES);
    for (size_t i = 0; n != NULL && n->path && i < BEACON_TICKETS_MAX; i++) {
        add_withdrawals(n, out);
        for (n = n->child; n != NULL && !n->path;)
            n = n->sibling;
        if (n == NULL || n->bytes == NULL)
            break;
        way[i] = n;
        out->tickets[out->tickets_count++] = blob_span(n->bytes);
    }
    for (size_t i = 0, proven = 0; i < out->tickets_count && proven < 1; i++)
        if (way[i]->certified) { /* the first proves the way taken at `from` */
            add_certificate(d, way[i], out, &room);
            proven++;
        }
    for (size_t i = out->tickets_count; i-- > 0;) /* the rest tells who is here */
        add_certificate(d, way[i], out, &room);
}

/* ---- what there is ---- */

struct eid dag_certified(const struct dag *d)
{
    return d->certified->ticket.eid;
}

struct eid dag_head(const struct dag *d)
{
    return d->head->ticket.eid;
}

enum dag_state dag_state(const struct dag *d, const struct eid *eid)
{
    const struct dag_node *n = dag_find(d, eid);

    if (n == NULL)
        return DAG_UNKNOWN;
    if (!n->held)
        return DAG_TICKET;
    return n->rewind ? DAG_WHOLE : n->receive ? DAG_RECEIVE : DAG_PAST;
}

bool dag_is_certified(const struct dag *d, const struct eid *eid)
{
    const struct dag_node *n = dag_find(d, eid);

    return n != NULL && n->settled;
}

bool dag_on_path(const struct dag *d, const struct eid *eid)
{
    const struct dag_node *n = dag_find(d, eid);

    return n != NULL && n->path;
}

bool dag_may_commit(const struct dag *d, const struct eid *parent)
{
    const struct dag_node *n = dag_find(d, parent);

    if (n == NULL || !n->rewind || !n->receive)
        return false;
    for (const struct dag_node *c = n->child; c != NULL; c = c->sibling)
        if (c->settled || c->own)
            return false;
    return true;
}

struct span dag_ticket_of(const struct dag *d, const struct eid *eid)
{
    const struct dag_node *n = dag_find(d, eid);

    return n != NULL && n->bytes != NULL ? blob_span(n->bytes) : SPAN_EMPTY;
}
