/* The commit DAG: what goes in. Its nodes: dag_node.c; what others say: dag_said.c; who wins:
 * dag_order.c; what is due: dag_life.c. */
#include "node/chat/commits/dag_state.h"

#include <stdlib.h>

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
    free(d->nodes);
    free(d->index);
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
        dag_note_place(d, t.key, n, env->now.ns);
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
    dag_note_place(d, t.key, n, env->now.ns);
    dag_decide(d, env);
    return OK;
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
