/* Who wins: votes, certificates, the order of siblings, the way from the root to the head. */
#include "node/chat/commits/dag_state.h"

/* ---- votes ---- */

/* More than half. */
size_t dag_quorum(size_t voters)
{
    return voters / 2 + 1;
}

int dag_voter(const struct dag_voters *v, const uint8_t key[32])
{
    for (size_t i = 0; v != NULL && i < v->count; i++)
        if (memcmp(v->list[i].key, key, 32) == 0)
            return (int)i;
    return -1;
}

/* Who votes on a commit: its parent's voters. Of the commit that let us in we know but its own, who
 * are the same installations. */
static const struct dag_voters *electorate(const struct dag_node *n)
{
    if (n->parent != NULL)
        return n->parent->voters;
    return n->bytes != NULL ? n->voters : NULL;
}

/* The voters of `from` as a mask over those of `to`: the same installations. */
static uint64_t carry(uint64_t mask, const struct dag_voters *from, const struct dag_voters *to)
{
    uint64_t out = 0;

    if (from == to || from == NULL || to == NULL)
        return from == to ? mask : 0;
    for (size_t i = 0; i < from->count; i++) {
        int at = (mask >> i & 1) != 0 ? dag_voter(to, from->list[i].key) : -1;
        if (at >= 0)
            out |= 1ull << at;
    }
    return out;
}

static void settle(struct dag *d, struct dag_node *n)
{
    const struct dag_voters *voters = electorate(n);

    if (n->certified || voters == NULL ||
        (size_t)__builtin_popcountll(n->votes) < dag_quorum(voters->count))
        return;
    n->certified = n->dirty = true;
    for (; n != NULL && !n->settled; n = n->parent)
        n->settled = n->dirty = true;
    d->moved = d->places_moved = true;
}

/* Who stands or stood behind an epoch, and all that led to it: support only grows, each voter
 * counts once. */
void dag_raise(struct dag *d, struct dag_node *n)
{
    uint64_t more = n->votes;

    for (struct dag_node *at = n; at != NULL && (at->support | more) != at->support;
         at = at->parent) {
        at->support |= more;
        d->moved = true;
        if (at->parent != NULL)
            more = carry(at->support, electorate(at), electorate(at->parent));
    }
    settle(d, n);
}

static void vote(struct dag *d, struct dag_node *n, const uint8_t key[32])
{
    int voter = dag_voter(electorate(n), key);

    if (voter < 0 || (n->votes >> voter & 1) != 0)
        return;
    n->votes |= 1ull << voter;
    n->dirty = true;
    dag_raise(d, n);
}

/* Count a list for all epochs that are known, or for one that has just become known. */
void dag_count_list(struct dag *d, const struct dag_list *l, struct dag_node *only)
{
    for (size_t i = 0; i < l->count; i++) {
        if (only != NULL && !eid_eq(&only->ticket.eid, &l->eids[i]))
            continue;
        struct dag_node *n = only != NULL ? only : dag_find(d, &l->eids[i]);
        if (n != NULL)
            vote(d, n, l->key);
    }
}

void dag_recount(struct dag *d, struct dag_node *n)
{
    n->votes = 0;
    vote(d, n, n->ticket.key);
    for (size_t i = 0; i < d->lists_count; i++)
        dag_count_list(d, &d->lists[i], n);
}

/* ---- siblings ---- */

static int compare(bool a, bool b)
{
    return (int)a - (int)b;
}

bool dag_before(const struct dag_node *a, const struct dag_node *b)
{
    int order = compare(b->settled, a->settled);

    if (order == 0 && a->settled) /* voters moved: where they are now counts */
        order = compare(b->present > a->present, a->present > b->present);
    if (order == 0)
        order = __builtin_popcountll(b->support) - __builtin_popcountll(a->support);
    if (order == 0)
        order = compare(a->doubled || dag_withdrawn(a), b->doubled || dag_withdrawn(b));
    if (order == 0)
        order = (int)a->ticket.cls - (int)b->ticket.cls;
    if (order == 0)
        order = (int)b->ticket.role - (int)a->ticket.role;
    if (order == 0)
        order = memcmp(a->rank, b->rank, sizeof a->rank);
    if (order == 0)
        order = eid_cmp(&a->ticket.eid, &b->ticket.eid);
    return order < 0;
}

void dag_mark_doubles(struct dag *d, struct dag_node *fresh)
{
    if (fresh->parent == NULL)
        return;
    for (struct dag_node *c = fresh->parent->child; c != NULL; c = c->sibling) {
        if (c == fresh || !ticket_is_double(&c->ticket, &fresh->ticket))
            continue;
        c->doubled = fresh->doubled = c->dirty = d->moved = true;
        bool told = c->evidence_told;
        c->evidence_told = fresh->evidence_told = true;
        if (!told)
            dag_emit(d, DAG_OUT_EVIDENCE, c, fresh);
    }
}

/* ---- where people are ---- */

bool dag_below(const struct dag_node *n, const struct dag_node *top)
{
    while (n != NULL && n != top && n->epoch > top->epoch)
        n = n->parent;
    return n == top;
}

void dag_move_place(struct dag_node *from, struct dag_node *to)
{
    while (from != to) {
        bool up = to == NULL || (from != NULL && from->epoch >= to->epoch);
        struct dag_node *n = up ? from : to;
        n->present += up ? (size_t)-1 : 1;
        from = up ? n->parent : from;
        to = up ? to : n->parent;
    }
}

/* Who else is where; what is settled needs no company. */
static void judge_peopled(struct dag *d)
{
    if (!d->places_moved)
        return;
    d->places_moved = false;
    d->moved = true;
    for (size_t i = 0; i < d->count; i++)
        d->nodes[i]->peopled = false;
    for (size_t i = 0; i < d->places_count; i++) {
        struct dag_node *n = dag_find(d, &d->places[i].eid);
        if (memcmp(d->places[i].key, d->key, sizeof d->key) == 0)
            continue;
        for (; n != NULL && !n->peopled && !n->settled; n = n->parent)
            n->peopled = true;
    }
}

bool dag_is_with_us(const struct dag *d, const uint8_t key[32])
{
    for (size_t i = 0; i < d->places_count; i++)
        if (memcmp(d->places[i].key, key, 32) == 0)
            return eid_eq(&d->places[i].eid, &d->head->ticket.eid);
    return false;
}

bool dag_is_behind(const struct dag *d, const struct eid *eid, const struct eid *top)
{
    const struct dag_node *n = dag_find(d, eid), *above = dag_find(d, top);

    return n != NULL && above != NULL && dag_below(n, above);
}

bool dag_is_seen_behind(const struct dag *d, const uint8_t key[32], const struct eid *top)
{
    for (size_t i = 0; i < d->places_count; i++)
        if (memcmp(d->places[i].key, key, 32) == 0)
            return dag_is_behind(d, &d->places[i].eid, top);
    return false;
}

size_t dag_members_at(const struct dag *d, const struct eid *eid, uint8_t (*keys)[32], size_t max)
{
    const struct dag_node *top = dag_find(d, eid);
    size_t count = 0;

    for (size_t i = 0; top != NULL && i < d->places_count && count < max; i++) {
        const struct dag_node *at = dag_find(d, &d->places[i].eid);
        if (at != NULL && dag_below(at, top) && memcmp(d->places[i].key, d->key, 32) != 0)
            memcpy(keys[count++], d->places[i].key, 32);
    }
    return count;
}

/* ---- the way ---- */

static void judge_usable(struct dag *d)
{
    if (!d->states_moved)
        return;
    d->states_moved = false;
    d->moved = true;
    for (size_t i = 0; i < d->count; i++)
        d->nodes[i]->usable = d->nodes[i]->rewind && d->nodes[i]->receive;
    for (size_t i = d->count; i-- > 0;)
        if (d->nodes[i]->usable && d->nodes[i]->parent != NULL)
            d->nodes[i]->parent->usable = true;
}

static struct dag_node *best_usable(const struct dag_node *n)
{
    struct dag_node *best = NULL;

    for (struct dag_node *c = n->child; c != NULL; c = c->sibling)
        if (c->usable && (best == NULL || dag_before(c, best)))
            best = c;
    return best;
}

/* A sibling that would win if we could follow it. One where nobody is known to be does not count:
 * there would be nobody to ask. */
static struct dag_node *best_beyond(const struct dag_node *n, const struct dag_node *usable)
{
    struct dag_node *best = NULL;

    for (struct dag_node *c = n->child; c != NULL; c = c->sibling)
        if (!c->usable && (usable == NULL || dag_before(c, usable)) &&
            (best == NULL || dag_before(c, best)) && (c->settled || c->peopled))
            best = c;
    return best;
}

static void note_adopted(struct dag_node *parent, int64_t now)
{
    if (parent->adopted_ns != NEVER)
        return;
    parent->adopted_ns = now;
    parent->dirty = true;
}

static void walk(struct dag *d, int64_t now)
{
    struct dag_node *n = d->root, *next;

    for (struct dag_node *was = d->head; was != NULL; was = was->parent)
        was->path = false;
    d->winner = NULL;
    for (d->certified = n, n->path = true;; n = next) {
        next = best_usable(n);
        if (d->winner == NULL)
            d->winner = best_beyond(n, next);
        if (next == NULL)
            break;
        note_adopted(n, now);
        next->path = true;
        if (next->certified && next->held)
            d->certified = next;
    }
    d->head = n;
}

static void tell_losses(struct dag *d)
{
    for (size_t i = 0; i < d->count; i++) {
        struct dag_node *n = d->nodes[i];
        if (!n->own || n->path || n->lost_told || n->parent == NULL || !n->parent->path)
            continue;
        n->lost_told = n->dirty = true;
        dag_emit(d, DAG_OUT_REBASE, n, best_usable(n->parent));
    }
}

void dag_decide(struct dag *d, const struct env *env)
{
    struct dag_node *was = d->head;

    judge_usable(d);
    judge_peopled(d);
    if (d->moved)
        d->life_ns = INT64_MIN;
    dag_give_up(d, env->now.ns);
    if (d->moved)
        walk(d, env->now.ns);
    if (d->head != was) {
        dag_emit(d, DAG_OUT_ADOPT, d->head, was);
        if (was != NULL && was->left_ns == NEVER)
            was->left_ns = env->now.ns;
        if (was != NULL)
            was->dirty = true;
        d->head->left_ns = NEVER;
        d->head->dirty = true;
    }
    if (d->moved)
        tell_losses(d);
    if (d->head != was)
        d->life_ns = INT64_MIN;
    d->moved = false;
    dag_live(d, env);
}
