/* What others say to the commit DAG: acks, withdrawals, and where they are. */
#include "node/chat/commits/dag_state.h"

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

void dag_note_place(struct dag *d, const uint8_t key[32], const struct dag_node *at, int64_t now)
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
            dag_note_place(d, l->key, n, env->now.ns);
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
    dag_note_place(d, b->key, n, env->now.ns);
    if (n->path && !ours && rng_below(env->rng, 2) == 0)
        d->answer_at = NEVER; /* said for our branch; by a liar, perhaps */
    dag_decide(d, env);
    if (!ours)
        dag_answer(d, env, n, dag_find(d, &b->certified));
}
