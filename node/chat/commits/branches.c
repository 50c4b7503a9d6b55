/* Commits: made, followed, noted; the states that they lead to. */
#include "node/chat/commits/branches_state.h"

#include <stdlib.h>

/* ---- the table of states ---- */

struct branches_epoch *branches_find(const struct branches *b, const struct eid *eid)
{
    for (size_t i = b->count; i-- > 0;)
        if (eid_eq(&b->list[i].eid, eid))
            return &b->list[i];
    return NULL;
}

enum err branches_slot(struct branches *b, const struct eid *eid, struct branches_epoch **out)
{
    if (b->count == b->cap) {
        size_t cap = b->cap == 0 ? 8 : b->cap * 2;
        struct branches_epoch *more = realloc(b->list, cap * sizeof *more);
        if (more == NULL)
            return ERR_MEMORY;
        b->list = more;
        b->cap = cap;
    }
    *out = &b->list[b->count++];
    **out = (struct branches_epoch){.eid = *eid, .dirty = {true, true, true}};
    for (size_t i = 0; i < BRANCHES_PARTS; i++)
        buf_init(&(*out)->loading[i], BRANCHES_STATE_MAX);
    return OK;
}

static void clear_epoch(struct branches_epoch *e)
{
    mls_group_free(e->group);
    for (size_t i = 0; i < BRANCHES_PARTS; i++)
        buf_clear(&e->loading[i]);
}

static void forget_record(struct branches *b, enum branches_record_kind kind, const struct eid *eid)
{
    struct branches_record r = {.kind = kind, .gone = true};

    memcpy(r.name, eid->bytes, sizeof r.name);
    if (fifo_push(&b->gone, &r) != OK)
        return; /* memory is out: the vault sweeps what no DAG names */
}

void branches_forget(struct branches *b, const struct eid *eid)
{
    struct branches_epoch *e = branches_find(b, eid);

    if (e == NULL)
        return;
    for (enum branches_record_kind k = BRANCHES_RECORD_PUBLIC; k <= BRANCHES_RECORD_RECEIVE; k++)
        forget_record(b, k, eid);
    clear_epoch(e);
    memmove(e, e + 1, (size_t)(&b->list[--b->count] - e) * sizeof *e);
}

void branches_touch(struct branches_epoch *e)
{
    e->dirty[MLS_PART_PUBLIC] = e->dirty[MLS_PART_RECEIVE] = true;
}

struct eid branches_eid(const struct mls_group *g)
{
    return eid_of(mls_group_context(g)->confirmed_transcript_hash, mls_group_confirmation_tag(g));
}

/* ---- voters ---- */

static size_t all_leaves(const struct mls_group *g, struct dag_voter *out)
{
    const struct mls_tree *tree = mls_group_tree(g);
    size_t count = 0;
    uint32_t leaf;

    for (uint32_t from = 0; count < DAG_VOTERS_MAX && mls_tree_next_member(tree, from, &leaf);
         from = leaf + 1) {
        struct span key = mls_tree_leaf(tree, leaf)->node.signature_key;
        if (key.len != 32)
            continue;
        out[count].leaf = leaf;
        memcpy(out[count++].key, key.ptr, 32);
    }
    return count;
}

static size_t voters_of(const struct branches_world *w, const struct mls_group *g,
                        struct dag_voter *out)
{
    memset(out, 0, DAG_VOTERS_MAX * sizeof *out);
    return w->voters != NULL ? w->voters(w->ctx, g, out) : all_leaves(g, out);
}

/* ---- beginning ---- */

enum err branches_new(struct branches **out, const struct env *env, const struct branches_world *w,
                      struct mls_group *first)
{
    struct branches *b;
    struct branches_epoch *e;
    struct dag_voter voters[DAG_VOTERS_MAX];
    struct span group = mls_group_context(first)->group_id;
    struct eid eid = branches_eid(first);
    struct dag_commit begin = {.eid = eid,
                               .epoch = mls_group_context(first)->epoch,
                               .voters = voters,
                               .voters_count = voters_of(w, first, voters)};

    *out = NULL;
    enum err err = branches_load_begin(&b);
    if (err == OK)
        err = branches_slot(b, &eid, &e);
    if (err != OK) {
        branches_free(b);
        mls_group_free(first);
        return err;
    }
    e->group = first;
    err = group.len == GROUP_ID_BYTES && keyring_public(w->key).len == 32 ? OK : ERR_ARGUMENT;
    dag_free(b->dag);
    b->dag = NULL;
    if (err == OK)
        err = dag_new(&b->dag, env, group.ptr, keyring_public(w->key).ptr, &begin);
    if (err == OK)
        *out = b;
    else
        branches_free(b);
    return err;
}

void branches_free(struct branches *b)
{
    if (b == NULL)
        return;
    for (size_t i = 0; i < b->count; i++)
        clear_epoch(&b->list[i]);
    free(b->list);
    fifo_clear(&b->gone);
    dag_free(b->dag);
    free(b);
}

/* ---- one state more ---- */

/* Takes `next`, also on failure. */
static enum err keep(struct branches *b, const struct env *env, const struct branches_world *w,
                     struct span ticket, struct mls_group *next, bool joined)
{
    struct dag_voter voters[DAG_VOTERS_MAX];
    struct branches_epoch *e;
    struct dag_commit c = {.eid = branches_eid(next),
                           .epoch = mls_group_context(next)->epoch,
                           .ticket = ticket,
                           .voters = voters,
                           .voters_count = voters_of(w, next, voters),
                           .joined = joined};

    enum err err = branches_slot(b, &c.eid, &e);
    if (err != OK) {
        mls_group_free(next);
        return err;
    }
    e->group = next;
    err = dag_add(b->dag, env, &c);
    if (err != OK) {
        clear_epoch(e);
        b->count--;
    }
    return err;
}

/* ---- our own ---- */

void branches_made_clear(struct branches_made *m)
{
    mls_commit_out_clear(&m->mls);
    buf_clear(&m->ticket);
}

static enum err make_ticket(const struct branches *b, const struct branches_world *w,
                            const struct mls_group *parent, const struct mls_group *next,
                            struct branches_made *out)
{
    const struct mls_group_context *at = mls_group_context(parent);
    struct ticket t = {.parent = branches_eid(parent),
                       .eid = branches_eid(next),
                       .epoch = at->epoch,
                       .cls = COMMIT_UPDATES,
                       .leaf = mls_group_own_leaf(parent)};

    (void)b;
    memcpy(t.group, at->group_id.ptr, GROUP_ID_BYTES);
    if (w->judged != NULL)
        w->judged(w->ctx, &t.cls, &t.role);
    out->parent = t.parent;
    out->eid = t.eid;
    TRY(ticket_sign(&t, w->key));
    return ticket_encode(&t, &out->ticket);
}

enum err branches_commit(struct branches *b, const struct env *env, const struct branches_world *w,
                         const struct eid *parent, const struct mls_commit_options *options,
                         struct branches_made *out)
{
    struct branches_epoch *e = branches_find(b, parent);

    *out = (struct branches_made){.ticket = BUF_INIT(TICKET_BYTES_MAX)};
    if (e == NULL || !dag_may_commit(b->dag, parent))
        return ERR_REFUSED;
    TRY(mls_commit(e->group, w->mls, options, &out->mls));
    branches_touch(e); /* a generation is used up, whatever follows */
    enum err err = make_ticket(b, w, e->group, out->mls.next, out);
    if (err == OK) {
        struct mls_group *next = out->mls.next;
        out->mls.next = NULL;
        err = keep(b, env, w, buf_span(&out->ticket), next, false);
    }
    if (err != OK) {
        branches_made_clear(out);
        *out = (struct branches_made){.ticket = BUF_INIT(TICKET_BYTES_MAX)};
    }
    return err;
}

/* ---- others' ---- */

/* Is it the ticket of the leaf that it names? Needs the parent's tree, no secret. */
static enum err check_ticket(const struct branches *b, struct span bytes, struct ticket *t,
                             struct branches_epoch **parent)
{
    TRY(ticket_decode(bytes, t));
    *parent = branches_find(b, &t->parent);
    if (*parent == NULL)
        return ERR_NOT_FOUND;
    const struct mls_leaf *leaf = mls_tree_leaf(mls_group_tree((*parent)->group), t->leaf);
    if (leaf == NULL || !span_eq(leaf->node.signature_key, SPAN_ARRAY(t->key)))
        return ERR_AUTH;
    return ticket_verify(t);
}

/* Do commit and ticket say the same? */
static enum err agree(const struct branches_world *w, const struct ticket *t,
                      const struct mls_event *e)
{
    enum commit_class cls = COMMIT_UPDATES;
    uint32_t role = 0;

    if (e->kind != MLS_EVENT_COMMIT && e->kind != MLS_EVENT_REMOVED)
        return ERR_PROTOCOL;
    if (w->judged != NULL)
        w->judged(w->ctx, &cls, &role);
    if (e->leaf != t->leaf || cls != t->cls || role != t->role)
        return ERR_PROTOCOL;
    if (e->kind == MLS_EVENT_REMOVED)
        return OK; /* its eid cannot be computed by who is removed */
    struct eid eid = branches_eid(e->next);
    return eid_eq(&eid, &t->eid) ? OK : ERR_PROTOCOL;
}

static enum err follow(struct branches *b, const struct env *env, const struct branches_world *w,
                       struct branches_epoch *parent, const struct ticket *t, struct span ticket,
                       struct span commit, enum branches_follow *verdict)
{
    struct mls_event e;

    enum err err = mls_receive(parent->group, w->mls, commit, &e);
    if (err != OK)
        return err;
    branches_touch(parent); /* its key is used up, even when the ticket turns out to be wrong */
    err = agree(w, t, &e);
    if (err == OK && e.kind == MLS_EVENT_REMOVED) {
        *verdict = BRANCHES_REMOVES;
        err = dag_ticket(b->dag, env, ticket, true);
    } else if (err == OK) {
        *verdict = BRANCHES_FOLLOWED;
        struct mls_group *next = e.next;
        e.next = NULL;
        err = keep(b, env, w, ticket, next, false);
    }
    mls_event_clear(&e);
    return err;
}

enum err branches_follow(struct branches *b, const struct env *env, const struct branches_world *w,
                         struct span ticket, struct span commit, enum branches_follow *verdict,
                         struct eid *eid)
{
    struct ticket t;
    struct branches_epoch *parent;

    TRY(check_ticket(b, ticket, &t, &parent));
    *eid = t.eid;
    *verdict = BRANCHES_KNOWN;
    enum dag_state held = dag_state(b->dag, &t.eid);
    if (held != DAG_UNKNOWN && held != DAG_TICKET)
        return OK;
    if (dag_state(b->dag, &t.parent) == DAG_WHOLE)
        return follow(b, env, w, parent, &t, ticket, commit, verdict);
    *verdict = BRANCHES_NOTED;
    return dag_ticket(b->dag, env, ticket, true);
}

enum err branches_joined(struct branches *b, const struct env *env, const struct branches_world *w,
                         struct span ticket, struct mls_group *joined)
{
    struct ticket t;

    enum err err = ticket_decode(ticket, &t);
    if (err == OK)
        err = ticket_verify(&t);
    if (err != OK) {
        mls_group_free(joined);
        return err;
    }
    return keep(b, env, w, ticket, joined, true);
}

/* ---- tickets alone ---- */

static enum err take_ticket(struct branches *b, const struct env *env, struct span bytes)
{
    struct ticket t;
    struct branches_epoch *parent;

    enum err err = check_ticket(b, bytes, &t, &parent);
    if (err == OK)
        return dag_ticket(b->dag, env, bytes, true);
    if (err != ERR_NOT_FOUND)
        return err;
    TRY(ticket_verify(&t)); /* further along a branch that we do not hold */
    return dag_ticket(b->dag, env, bytes, false);
}

static enum err take_acks(struct branches *b, const struct env *env, struct span bytes)
{
    struct acks a;

    TRY(acks_decode(bytes, &a));
    TRY(acks_verify(&a));
    return dag_acks(b->dag, env, bytes);
}

static enum err take_withdrawal(struct branches *b, const struct env *env, struct span bytes)
{
    struct withdrawal d;

    TRY(withdrawal_decode(bytes, &d));
    TRY(withdrawal_verify(&d));
    return dag_withdrawal(b->dag, env, bytes);
}

/* What is wrong or unknown in it is passed over: its sender does not vouch for others' words. */
static enum err take_beacon(struct branches *b, const struct env *env, struct span bytes)
{
    struct beacon in;
    enum err worst = OK, err;

    TRY(beacon_decode(bytes, &in));
    TRY(beacon_verify(&in));
    for (size_t i = 0; i < in.tickets_count; i++)
        if ((err = take_ticket(b, env, in.tickets[i])) == ERR_MEMORY)
            worst = err;
    for (size_t i = 0; i < in.withdrawals_count; i++)
        if ((err = take_withdrawal(b, env, in.withdrawals[i])) == ERR_MEMORY)
            worst = err;
    for (size_t i = 0; i < in.acks_count; i++)
        if ((err = take_acks(b, env, in.acks[i])) == ERR_MEMORY)
            worst = err;
    dag_place(b->dag, env, &in);
    return worst;
}

enum err branches_take(struct branches *b, const struct env *env, struct span object)
{
    static const struct {
        enum ticket_type type;
        enum err (*take)(struct branches *, const struct env *, struct span);
    } kinds[] = {
        {TICKET_TYPE_TICKET, take_ticket},
        {TICKET_TYPE_ACKS, take_acks},
        {TICKET_TYPE_WITHDRAWAL, take_withdrawal},
        {TICKET_TYPE_BEACON, take_beacon},
    };
    struct pack_reader r;

    if (object.len > BEACON_BYTES_MAX)
        return ERR_LIMIT;
    TRY(pack_open(object, &r));
    pack_read_array(&r, 2, PACK_ITEMS_MAX);
    uint64_t type = pack_read_uint(&r, UINT64_MAX);
    for (size_t i = 0; r.err == OK && i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].type == type)
            return kinds[i].take(b, env, object);
    return r.err == OK ? ERR_UNSUPPORTED : r.err;
}
