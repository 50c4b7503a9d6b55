/* The commit DAG: what goes in and what is asked. Who wins: dag_order.c; what is due: dag_life.c.
 */
#include "node/chat/commits/dag_state.h"

#include <stdlib.h>

/* ---- nodes ---- */

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
    size_t at = (size_t)(eid->bytes[0] << 8 | eid->bytes[1]) % DAG_INDEX;

    while (d->index[at] != 0 && !eid_eq(&d->nodes[d->index[at] - 1]->ticket.eid, eid))
        at = (at + 1) % DAG_INDEX;
    return at;
}

void dag_index(struct dag *d, size_t from)
{
    if (from == 0)
        memset(d->index, 0, sizeof d->index);
    for (size_t i = from; i < d->count; i++)
        d->index[slot_of(d, &d->nodes[i]->ticket.eid)] = (uint16_t)(i + 1);
}

struct dag_node *dag_find(const struct dag *d, const struct eid *eid)
{
    size_t i = d->index[slot_of(d, eid)];

    return i == 0 ? NULL : d->nodes[i - 1];
}

enum err dag_insert(struct dag *d, struct dag_node *n)
{
    if (d->count == DAG_NODES_MAX)
        return ERR_FULL;
    if (n->parent != NULL) {
        n->sibling = n->parent->child;
        n->parent->child = n;
    }
    n->dirty = true;
    d->nodes[d->count++] = n;
    dag_index(d, d->count - 1);
    return OK;
}

void dag_emit(struct dag *d, enum dag_out_kind kind, const struct dag_node *n,
              const struct dag_node *other)
{
    struct dag_out out = {.kind = kind};

    if (n != NULL)
        out.eid = n->ticket.eid;
    if (other != NULL)
        out.other = other->ticket.eid;
    out.rewound = kind == DAG_OUT_ADOPT && other != NULL && !other->path;
    if (fifo_push(&d->out, &out) != OK)
        return; /* memory is out, or nobody polls: what is asked for is due again, states tell */
    d->dirty = true;
}

/* The same set as the parent's is kept once. */
static struct dag_voters *voters_of(const struct dag_commit *c, const struct dag_node *parent)
{
    struct dag_voters *same = parent != NULL ? parent->voters : NULL;
    size_t bytes = c->voters_count * sizeof *c->voters;

    if (same != NULL && same->count == c->voters_count &&
        memcmp(same->list, c->voters, bytes) == 0) {
        same->refs++;
        return same;
    }
    struct dag_voters *v = calloc(1, sizeof *v);
    if (v == NULL)
        return NULL;
    v->refs = 1;
    v->count = c->voters_count;
    memcpy(v->list, c->voters, bytes);
    return v;
}

/* ---- a ticket becomes a node ---- */

static enum err check_ticket(const struct dag *d, const struct ticket *t,
                             const struct dag_node *parent)
{
    size_t same = 0;

    if (memcmp(t->group, d->group, GROUP_ID_BYTES) != 0)
        return ERR_PROTOCOL;
    if (parent == NULL)
        return OK;
    if (t->epoch != parent->epoch)
        return ERR_PROTOCOL;
    for (const struct dag_node *c = parent->child; c != NULL; c = c->sibling)
        same += ticket_is_double(&c->ticket, t);
    return same < DAG_DOUBLES_MAX ? OK : ERR_LIMIT;
}

static enum err node_from(struct dag *d, const struct env *env, struct span bytes,
                          const struct ticket *t, struct dag_node *parent, struct dag_node **out)
{
    struct dag_node *n = dag_node_new();

    *out = n;
    if (n == NULL)
        return ERR_MEMORY;
    n->ticket = *t;
    n->ticket.extensions.count = 0;
    n->epoch = t->epoch + 1;
    n->parent = parent;
    n->seen_ns = env->now.ns;
    n->own = memcmp(t->key, d->key, sizeof t->key) == 0;
    ticket_rank(t, n->rank);
    n->bytes = blob_new(bytes);
    if (n->bytes == NULL) {
        dag_node_free(n);
        return ERR_MEMORY;
    }
    int voter = parent != NULL && parent->voters != NULL ? dag_voter(parent->voters, t->key) : -1;
    if (voter >= 0)
        n->votes = 1ull << voter; /* the committer counts */
    return OK;
}

static enum err link_node(struct dag *d, struct dag_node *n)
{
    enum err err = dag_insert(d, n);

    if (err != OK) {
        dag_node_free(n);
        return err;
    }
    dag_mark_doubles(d, n);
    dag_raise(d, n);
    d->moved = true;
    for (size_t i = 0; i < d->lists_count; i++)
        dag_count_list(d, &d->lists[i], n);
    return OK;
}

static void note_held(struct dag *d, struct dag_node *n, const struct env *env)
{
    d->states_moved = true;
    n->held = n->rewind = n->receive = n->dirty = true;
    if (n->own)
        n->signed_ns = env->now.ns; /* a commit is a vote */
    if (n->parent != NULL && n->parent->child_ns == NEVER) {
        n->parent->child_ns = env->now.ns;
        n->parent->dirty = true;
    }
}

static struct dag_place *place_of(struct dag *d, const uint8_t key[32])
{
    struct dag_place *p, *oldest = d->places;

    for (size_t i = 0; i < d->places_count; i++) {
        p = &d->places[i];
        if (memcmp(p->key, key, 32) == 0)
            return p;
        if (p->seen_ns < oldest->seen_ns)
            oldest = p;
    }
    if (d->places_count < DAG_PLACES_MAX)
        p = &d->places[d->places_count++];
    else
        dag_move_place(dag_find(d, &(p = oldest)->eid), NULL);
    *p = (struct dag_place){0};
    memcpy(p->key, key, 32);
    return p;
}

static void note_place(struct dag *d, const uint8_t key[32], const struct dag_node *at, int64_t now)
{
    struct dag_place *p = place_of(d, key);
    const struct dag_node *was = dag_find(d, &p->eid);

    if (was != NULL && was->epoch > at->epoch && dag_below(was, at))
        return; /* an older message that came late */
    dag_move_place(dag_find(d, &p->eid), dag_find(d, &at->ticket.eid));
    d->places_moved = true;
    p->eid = at->ticket.eid;
    p->seen_ns = now;
}

enum err dag_new(struct dag **out, const struct env *env, const uint8_t group[GROUP_ID_BYTES],
                 const uint8_t key[32], const struct dag_commit *first)
{
    struct dag *d;

    *out = NULL;
    TRY(dag_load_begin(&d));
    memcpy(d->group, group, GROUP_ID_BYTES);
    memcpy(d->key, key, sizeof d->key);
    d->awake_ns = env->now.ns;
    struct dag_commit begin = *first;
    begin.joined = true;
    enum err err = dag_add(d, env, &begin);
    if (err != OK) {
        dag_free(d);
        return err;
    }
    struct dag_out adopted; /* the caller stands there already */
    while (dag_poll(d, &adopted))
        ;
    *out = d;
    return OK;
}

void dag_free(struct dag *d)
{
    if (d == NULL)
        return;
    for (size_t i = 0; i < d->count; i++)
        dag_node_free(d->nodes[i]);
    for (size_t i = 0; i < d->lists_count; i++)
        dag_list_clear(&d->lists[i]);
    free(d->lists);
    fifo_clear(&d->out);
    fifo_clear(&d->gone);
    free(d);
}

/* We were let in at `n`. What led there is known to us by its tickets alone; who votes there are
 * the installations that are there now. */
static void join_at(struct dag *d, struct dag_node *n)
{
    struct dag_node *parent = n->parent;

    if (d->root == NULL) {
        d->root = n;
        return;
    }
    if (parent->held)
        return;
    dag_voters_unref(parent->voters);
    parent->voters = n->voters;
    parent->voters->refs++;
    parent->dirty = true;
    for (struct dag_node *c = parent->child; c != NULL; c = c->sibling)
        dag_recount(d, c);
}

static enum err add_held(struct dag *d, const struct env *env, const struct dag_commit *c,
                         const struct ticket *t, struct dag_node *parent)
{
    struct dag_node *n = NULL;
    struct dag_voters *voters = voters_of(c, parent);

    if (voters == NULL)
        return ERR_MEMORY;
    enum err err = OK;
    if (c->ticket.len > 0)
        err = node_from(d, env, c->ticket, t, parent, &n);
    else if ((n = dag_node_new()) == NULL)
        err = ERR_MEMORY;
    if (err != OK) {
        dag_voters_unref(voters);
        return err;
    }
    n->ticket.eid = c->eid;
    n->epoch = c->epoch;
    n->voters = voters;
    n->seen_ns = env->now.ns;
    TRY(link_node(d, n));
    note_held(d, n, env);
    return OK;
}

/* A ticket that was known gets its state. */
static enum err hold_known(struct dag *d, struct dag_node *n, const struct env *env,
                           const struct dag_commit *c)
{
    struct dag_voters *voters = voters_of(c, n->parent);

    if (voters == NULL)
        return ERR_MEMORY;
    dag_voters_unref(n->voters);
    n->voters = voters;
    note_held(d, n, env);
    return OK;
}

enum err dag_add(struct dag *d, const struct env *env, const struct dag_commit *c)
{
    struct ticket t = {.eid = c->eid};
    struct dag_node *n = dag_find(d, &c->eid), *parent = NULL;

    if (c->voters_count == 0 || c->voters_count > DAG_VOTERS_MAX)
        return ERR_ARGUMENT;
    if (n != NULL && n->held)
        return ERR_EXISTS;
    if (c->ticket.len > 0) {
        TRY(ticket_decode(c->ticket, &t));
        parent = dag_find(d, &t.parent);
        if (!eid_eq(&t.eid, &c->eid) || c->epoch != t.epoch + 1)
            return ERR_PROTOCOL;
    }
    if (d->root != NULL && (parent == NULL || (c->joined && !dag_below(parent, d->root))))
        return ERR_NOT_FOUND;
    if (n == NULL && c->ticket.len > 0)
        TRY(check_ticket(d, &t, parent));
    TRY(n != NULL ? hold_known(d, n, env, c) : add_held(d, env, c, &t, parent));
    n = dag_find(d, &c->eid);
    if (c->joined) {
        join_at(d, n);
        d->doubted = false;
    }
    if (c->ticket.len > 0)
        note_place(d, t.key, n, env->now.ns);
    dag_decide(d, env);
    return OK;
}

static size_t without_state(const struct dag *d)
{
    size_t count = 0;

    for (size_t i = 0; i < d->count; i++)
        count += !d->nodes[i]->held;
    return count;
}

enum err dag_ticket(struct dag *d, const struct env *env, struct span bytes, bool checked)
{
    struct ticket t;
    struct dag_node *n;

    TRY(ticket_decode(bytes, &t));
    if (dag_find(d, &t.eid) != NULL)
        return OK;
    struct dag_node *parent = dag_find(d, &t.parent);
    if (parent == NULL)
        return ERR_NOT_FOUND;
    TRY(check_ticket(d, &t, parent));
    if (!checked && parent->held && dag_voter(parent->voters, t.key) < 0)
        return ERR_AUTH;
    if (without_state(d) >= DAG_TICKETS_MAX)
        return ERR_FULL;
    TRY(node_from(d, env, bytes, &t, parent, &n));
    n->voters = parent->voters;
    n->voters->refs++;
    TRY(link_node(d, n));
    note_place(d, t.key, n, env->now.ns);
    dag_decide(d, env);
    return OK;
}

/* ---- what others say ---- */

enum err dag_acks(struct dag *d, const struct env *env, struct span bytes)
{
    struct dag_list *l;

    TRY(dag_list_add(d, bytes, env->now.ns, &l));
    if (l == NULL)
        return OK; /* known */
    dag_count_list(d, l, NULL);
    bool placed = false, ours = memcmp(l->key, d->key, sizeof d->key) == 0;
    for (size_t i = l->count; i-- > 0;) {
        struct dag_node *n = dag_find(d, &l->eids[i]);
        if (n != NULL && !placed)
            note_place(d, l->key, n, env->now.ns);
        placed = placed || n != NULL;
        if (n != NULL && ours && n->signed_ns == NEVER)
            n->signed_ns = env->now.ns;
    }
    dag_decide(d, env);
    return OK;
}

enum err dag_withdrawal(struct dag *d, const struct env *env, struct span bytes)
{
    struct withdrawal w;

    TRY(withdrawal_decode(bytes, &w));
    struct dag_node *n = dag_find(d, &w.eid);
    if (n == NULL || n->bytes == NULL)
        return ERR_NOT_FOUND;
    if (memcmp(w.group, d->group, GROUP_ID_BYTES) != 0 || !eid_eq(&w.parent, &n->ticket.parent))
        return ERR_PROTOCOL;
    if (memcmp(w.key, n->ticket.key, sizeof w.key) != 0)
        return ERR_AUTH;
    if (n->withdrawal != NULL)
        return OK;
    n->withdrawal = blob_new(bytes);
    if (n->withdrawal == NULL)
        return ERR_MEMORY;
    n->dirty = d->moved = true;
    dag_decide(d, env);
    return OK;
}

/* Where its sender is for all that we know: the head, or as far along its way as we can follow. */
static struct dag_node *place_in(const struct dag *d, const struct beacon *b)
{
    struct dag_node *n = dag_find(d, &b->head);
    struct ticket t;

    for (size_t i = b->tickets_count; n == NULL && i-- > 0;)
        if (ticket_decode(b->tickets[i], &t) == OK)
            n = dag_find(d, &t.eid);
    return n;
}

void dag_place(struct dag *d, const struct env *env, const struct beacon *b)
{
    struct dag_node *n = place_in(d, b);
    bool ours = memcmp(b->key, d->key, sizeof d->key) == 0;

    if (n == NULL)
        return;
    note_place(d, b->key, n, env->now.ns);
    if (n->path && !ours && rng_below(env->rng, 2) == 0)
        d->answer_at = NEVER; /* said for our branch; by a liar, perhaps */
    dag_decide(d, env);
    if (!ours)
        dag_answer(d, env, n, dag_find(d, &b->certified));
}

void dag_catchup(struct dag *d, const struct env *env, bool going_on)
{
    if (d->catching_up == going_on)
        return;
    d->catching_up = going_on;
    d->life_ns = INT64_MIN;
    if (going_on) {
        d->asleep_ns = env->now.ns;
        return;
    }
    d->awake_ns = env->now.ns;
    dag_decide(d, env);
}

void dag_tick(struct dag *d, const struct env *env)
{
    dag_decide(d, env);
}

bool dag_poll(struct dag *d, struct dag_out *out)
{
    return fifo_pop(&d->out, out);
}
