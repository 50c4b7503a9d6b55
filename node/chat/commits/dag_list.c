/* Ack lists as kept, beacons made of them, and what is asked about the DAG. */
#include "node/chat/commits/dag_state.h"

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

struct choice { /* of lists, for a beacon */
    const struct dag_list *lists[BEACON_ACKS_MAX];
    size_t since; /* of these each key counts once */
    size_t room;
};

static bool is_chosen(const struct choice *c, size_t count, const struct dag_list *l)
{
    for (size_t i = 0; i < count; i++)
        if (c->lists[i] == l || (i >= c->since && memcmp(c->lists[i]->key, l->key, 32) == 0))
            return true;
    return false;
}

static void add_votes(const struct dag *d, const struct dag_node *n, struct beacon *out,
                      struct choice *c)
{
    for (size_t i = d->lists_count; i-- > 0 && out->acks_count < BEACON_ACKS_MAX;) {
        const struct dag_list *l = &d->lists[i];
        struct span bytes = blob_span(l->bytes);
        if (!list_votes(l, n) || is_chosen(c, out->acks_count, l) || bytes.len + 3 > c->room)
            continue;
        c->lists[out->acks_count] = l;
        out->acks[out->acks_count++] = bytes;
        c->room -= bytes.len + 3;
    }
}

static void add_withdrawals(const struct dag_node *parent, struct beacon *out)
{
    for (const struct dag_node *c = parent->child; c != NULL; c = c->sibling)
        if (c->withdrawal != NULL && out->withdrawals_count < BEACON_WITHDRAWALS_MAX)
            out->withdrawals[out->withdrawals_count++] = blob_span(c->withdrawal);
}

const struct dag_node *dag_next_on_path(const struct dag_node *n)
{
    for (n = n->child; n != NULL && !n->path;)
        n = n->sibling;
    return n != NULL && n->bytes != NULL ? n : NULL;
}

void dag_beacon_fill(const struct dag *d, const struct eid *from, struct beacon *out)
{
    const struct dag_node *way[BEACON_TICKETS_MAX], *n = dag_find(d, from);
    struct choice c = {.room = BEACON_BYTES_MAX - BEACON_TICKETS_MAX * 200 -
                               BEACON_WITHDRAWALS_MAX * 200 - 512};

    *out = (struct beacon){.certified = *from, .head = d->head->ticket.eid};
    memcpy(out->group, d->group, GROUP_ID_BYTES);
    while (n != NULL && n->path && out->tickets_count < BEACON_TICKETS_MAX) {
        add_withdrawals(n, out);
        n = dag_next_on_path(n);
        if (n == NULL)
            break;
        way[out->tickets_count] = n;
        out->tickets[out->tickets_count++] = blob_span(n->bytes);
    }
    for (size_t i = 0; i < out->tickets_count; i++) /* one of everybody who voted for this way */
        add_votes(d, way[i], out, &c);
    c.since = out->acks_count;
    for (size_t i = out->tickets_count; i-- > 0;) /* one of everybody who was at its end */
        add_votes(d, way[i], out, &c);
    c.since = BEACON_ACKS_MAX;
    for (size_t i = 0; i < out->tickets_count; i++)
        if (way[i]->certified) /* a certificate proves all before it */
            add_votes(d, way[i], out, &c);
}

/* What was tried in vain may have been told under keys that the others do not have: each second
 * try goes back further, to an epoch that more of them were in. */
static const struct dag_node *older(const struct dag_node *n, bool settled, unsigned tries)
{
    size_t back = (1u << (tries / 2 % DAG_OLDER_STEPS)) - 1;
    const struct dag_node *good = NULL;

    for (; n != NULL; n = n->parent) {
        if (!n->receive || (settled && !n->settled && n->parent != NULL))
            continue;
        good = n;
        if (back-- == 0)
            break;
    }
    return good;
}

const struct dag_node *dag_older(const struct dag *d, unsigned tries)
{
    const struct dag_node *n = older(d->certified, true, tries);

    return n != NULL ? n : d->certified;
}

void dag_rejoin_fill(const struct dag *d, const struct eid *winner, struct eid *under,
                     struct rejoin *out)
{
    const struct dag_node *n = eid_is_none(winner) ? NULL : dag_find(d, winner);
    const struct dag_node *keys = n != NULL ? older(n->parent, false, d->rejoin_tries) : NULL;

    memcpy(out->group, d->group, GROUP_ID_BYTES);
    if (keys != NULL) {
        *under = keys->ticket.eid;
        out->eids[0] = *winner;
        out->count = 1;
        return;
    }
    *under = out->eids[0] = dag_older(d, d->rejoin_tries)->ticket.eid;
    out->eids[1] = d->root->ticket.eid;
    out->count = d->doubted ? 1 : 2; /* who is not lost but in doubt wants any that goes on there */
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

    if (n == NULL || !n->rewind || !n->receive || d->doubted || dag_is_beaten(d))
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
