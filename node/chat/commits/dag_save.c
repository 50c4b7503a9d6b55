/* The DAG as records: one of its own, one an epoch, one an ack list. Times are stored as wall-clock
 * times and come back as ages, so that what dies after T dies after T also when we were down. */
#include "node/chat/commits/dag_state.h"

#include <stdlib.h>

#define RECORD_VERSION 1u
#define VOTER_BYTES    36u

enum node_flag {
    HELD = 1,
    REWIND = 2,
    RECEIVE = 4,
    OWN = 8,
    DOUBLED = 16,
    EVIDENCE_TOLD = 32,
    LOST_TOLD = 64,
    FORK_TOLD = 128,
    GIVEN_UP = 256,
    CERTIFIED = 512,
    SETTLED = 1024,
};

void dag_forget_record(struct dag *d, enum dag_record_kind kind, const uint8_t name[16])
{
    struct dag_record r = {.kind = kind, .gone = true};

    memcpy(r.name, name, sizeof r.name);
    if (fifo_push(&d->gone, &r) != OK)
        return; /* memory is out: a record that is not needed stays; loading takes it */
}

/* ---- times ---- */

static void write_time(struct pack_writer *w, const struct env *env, int64_t t)
{
    bool none = t == NEVER || t == INT64_MIN;
    int64_t wall = none ? 0 : env->wall.ns - (env->now.ns - t);

    pack_write_uint(w, wall > 0 ? (uint64_t)wall : 0);
}

static int64_t read_time(struct pack_reader *r, const struct env *env, int64_t none)
{
    int64_t wall = (int64_t)pack_read_uint(r, INT64_MAX);

    if (wall == 0)
        return none;
    return wall >= env->wall.ns ? env->now.ns : env->now.ns - (env->wall.ns - wall);
}

/* ---- an epoch ---- */

static uint64_t flags_of(const struct dag_node *n)
{
    return (n->held ? HELD : 0u) | (n->rewind ? REWIND : 0u) | (n->receive ? RECEIVE : 0u) |
           (n->own ? OWN : 0u) | (n->doubled ? DOUBLED : 0u) |
           (n->evidence_told ? EVIDENCE_TOLD : 0u) | (n->lost_told ? LOST_TOLD : 0u) |
           (n->fork_told ? FORK_TOLD : 0u) | (n->given_up ? GIVEN_UP : 0u) |
           (n->certified ? CERTIFIED : 0u) | (n->settled ? SETTLED : 0u);
}

static void take_flags(struct dag_node *n, uint64_t flags)
{
    n->held = (flags & HELD) != 0;
    n->rewind = (flags & REWIND) != 0;
    n->receive = (flags & RECEIVE) != 0;
    n->own = (flags & OWN) != 0;
    n->doubled = (flags & DOUBLED) != 0;
    n->evidence_told = (flags & EVIDENCE_TOLD) != 0;
    n->lost_told = (flags & LOST_TOLD) != 0;
    n->fork_told = (flags & FORK_TOLD) != 0;
    n->given_up = (flags & GIVEN_UP) != 0;
    n->certified = (flags & CERTIFIED) != 0;
    n->settled = (flags & SETTLED) != 0;
}

static void write_voters(struct pack_writer *w, const struct dag_voters *v)
{
    uint8_t flat[DAG_VOTERS_MAX * VOTER_BYTES];

    for (size_t i = 0; i < v->count; i++) {
        uint8_t *at = flat + i * VOTER_BYTES;
        for (unsigned b = 0; b < 4; b++)
            at[b] = (uint8_t)(v->list[i].leaf >> (8 * (3 - b)));
        memcpy(at + 4, v->list[i].key, 32);
    }
    pack_write_bin(w, span_of(flat, v->count * VOTER_BYTES));
}

static enum err write_node(const struct dag_node *n, const struct env *env, struct buf *out)
{
    struct pack_writer w = pack_writer_to(out);

    pack_write_array(&w, 13);
    pack_write_uint(&w, RECORD_VERSION);
    pack_write_bin(&w, SPAN_ARRAY(n->ticket.eid.bytes));
    pack_write_uint(&w, n->epoch);
    pack_write_bin(&w, n->bytes != NULL ? blob_span(n->bytes) : SPAN_EMPTY);
    pack_write_bin(&w, n->withdrawal != NULL ? blob_span(n->withdrawal) : SPAN_EMPTY);
    pack_write_uint(&w, n->votes);
    pack_write_uint(&w, flags_of(n));
    write_voters(&w, n->voters);
    write_time(&w, env, n->seen_ns);
    write_time(&w, env, n->child_ns);
    write_time(&w, env, n->adopted_ns);
    write_time(&w, env, n->left_ns);
    write_time(&w, env, n->signed_ns);
    return pack_writer_status(&w);
}

static struct dag_voters *read_voters(const struct dag *d, struct span flat)
{
    struct dag_voters *v = calloc(1, sizeof *v);

    if (v == NULL)
        return NULL;
    v->refs = 1;
    v->count = flat.len / VOTER_BYTES;
    for (size_t i = 0; i < v->count; i++) {
        const uint8_t *at = flat.ptr + i * VOTER_BYTES;
        v->list[i].leaf =
            (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
        memcpy(v->list[i].key, at + 4, 32);
    }
    for (size_t i = d->count; i-- > 0;) { /* the same set is kept once */
        struct dag_voters *same = d->nodes[i]->voters;
        if (same->count != v->count || memcmp(same->list, v->list, sizeof v->list) != 0)
            continue;
        free(v);
        same->refs++;
        return same;
    }
    return v;
}

static enum err read_blob(struct pack_reader *r, struct blob **out)
{
    struct span bytes = pack_read_bin(r, 0, TICKET_BYTES_MAX);

    if (bytes.len == 0)
        return OK;
    *out = blob_new(bytes);
    return *out != NULL ? OK : ERR_MEMORY;
}

static enum err read_node_fields(const struct dag *d, const struct env *env, struct pack_reader *r,
                                 struct dag_node *n)
{
    struct eid eid;

    pack_read_fixed(r, eid.bytes, EID_BYTES);
    n->epoch = pack_read_uint(r, UINT64_MAX);
    TRY(read_blob(r, &n->bytes));
    TRY(read_blob(r, &n->withdrawal));
    if (n->bytes != NULL) {
        TRY(ticket_decode(blob_span(n->bytes), &n->ticket));
        n->ticket.extensions.count = 0;
        ticket_rank(&n->ticket, n->rank);
    }
    n->ticket.eid = eid;
    n->votes = pack_read_uint(r, UINT64_MAX);
    take_flags(n, pack_read_uint(r, UINT64_MAX));
    struct span voters = pack_read_bin(r, VOTER_BYTES, DAG_VOTERS_MAX * VOTER_BYTES);
    if (voters.len % VOTER_BYTES != 0)
        return ERR_CORRUPT;
    n->voters = read_voters(d, voters);
    if (n->voters == NULL)
        return ERR_MEMORY;
    n->seen_ns = read_time(r, env, env->now.ns);
    n->child_ns = read_time(r, env, NEVER);
    n->adopted_ns = read_time(r, env, NEVER);
    n->left_ns = read_time(r, env, NEVER);
    n->signed_ns = read_time(r, env, NEVER);
    return pack_end(r);
}

static enum err load_node(struct dag *d, const struct env *env, struct pack_reader *r)
{
    struct dag_node *n = dag_node_new();

    if (n == NULL)
        return ERR_MEMORY;
    enum err err = read_node_fields(d, env, r, n);
    if (err == OK)
        err = dag_insert(d, n);
    if (err != OK) {
        dag_node_free(n);
        return err;
    }
    n->dirty = false;
    return OK;
}

/* ---- the rest ---- */

static enum err write_head(const struct dag *d, const struct env *env, struct buf *out)
{
    struct pack_writer w = pack_writer_to(out);

    pack_write_array(&w, 10 + DAG_BEACONS_DAY);
    pack_write_uint(&w, RECORD_VERSION);
    pack_write_bin(&w, SPAN_ARRAY(d->group));
    pack_write_bin(&w, SPAN_ARRAY(d->key));
    pack_write_bin(&w, SPAN_ARRAY(d->root->ticket.eid.bytes));
    pack_write_bin(&w, SPAN_ARRAY(d->head->ticket.eid.bytes));
    write_time(&w, env, env->now.ns); /* when we were last alive */
    write_time(&w, env, d->awake_ns);
    write_time(&w, env, d->lone_ns);
    for (size_t i = 0; i < DAG_BEACONS_DAY; i++)
        write_time(&w, env, d->beacons[i]);
    pack_write_uint(&w, d->doubted);
    pack_write_array(&w, d->places_count);
    for (size_t i = 0; i < d->places_count; i++) {
        pack_write_array(&w, 3);
        pack_write_bin(&w, SPAN_ARRAY(d->places[i].key));
        pack_write_bin(&w, SPAN_ARRAY(d->places[i].eid.bytes));
        write_time(&w, env, d->places[i].seen_ns);
    }
    return pack_writer_status(&w);
}

static enum err load_head(struct dag *d, const struct env *env, struct pack_reader *r)
{
    pack_read_fixed(r, d->group, sizeof d->group);
    pack_read_fixed(r, d->key, sizeof d->key);
    pack_read_fixed(r, d->root_eid.bytes, EID_BYTES);
    pack_read_fixed(r, d->head_eid.bytes, EID_BYTES);
    d->asleep_ns = read_time(r, env, env->now.ns);
    d->awake_ns = read_time(r, env, env->now.ns);
    d->lone_ns = read_time(r, env, INT64_MIN);
    for (size_t i = 0; i < DAG_BEACONS_DAY; i++)
        d->beacons[i] = read_time(r, env, INT64_MIN);
    d->doubted = pack_read_uint(r, 1) == 1;
    d->places_count = pack_read_array(r, 0, DAG_PLACES_MAX);
    for (size_t i = 0; i < d->places_count; i++) {
        pack_read_array(r, 3, 3);
        pack_read_fixed(r, d->places[i].key, 32);
        pack_read_fixed(r, d->places[i].eid.bytes, EID_BYTES);
        d->places[i].seen_ns = read_time(r, env, env->now.ns);
    }
    return pack_end(r);
}

static enum err write_list(const struct dag_list *l, const struct env *env, struct buf *out)
{
    struct pack_writer w = pack_writer_to(out);

    pack_write_array(&w, 3);
    pack_write_uint(&w, RECORD_VERSION);
    pack_write_bin(&w, blob_span(l->bytes));
    write_time(&w, env, l->seen_ns);
    return pack_writer_status(&w);
}

static enum err load_list(struct dag *d, const struct env *env, struct pack_reader *r)
{
    struct dag_list *l;

    struct span bytes = pack_read_bin(r, 1, ACKS_BYTES_MAX);
    int64_t seen = read_time(r, env, env->now.ns);
    TRY(pack_end(r));
    TRY(dag_list_add(d, bytes, seen, &l));
    if (l != NULL)
        l->dirty = false;
    return OK;
}

/* ---- out ---- */

static enum err save_node(struct dag_node *n, const struct env *env, struct dag_record *out,
                          struct buf *value)
{
    *out = (struct dag_record){.kind = DAG_RECORD_NODE};
    memcpy(out->name, n->ticket.eid.bytes, sizeof out->name);
    TRY(write_node(n, env, value));
    n->dirty = false;
    return OK;
}

static enum err save_list(struct dag_list *l, const struct env *env, struct dag_record *out,
                          struct buf *value)
{
    *out = (struct dag_record){.kind = DAG_RECORD_LIST};
    memcpy(out->name, l->name, sizeof out->name);
    TRY(write_list(l, env, value));
    l->dirty = false;
    return OK;
}

enum err dag_save_next(struct dag *d, const struct env *env, struct dag_record *out,
                       struct buf *value)
{
    if (fifo_pop(&d->gone, out))
        return OK;
    for (size_t i = 0; i < d->count; i++)
        if (d->nodes[i]->dirty)
            return d->dirty = true, save_node(d->nodes[i], env, out, value);
    for (size_t i = 0; i < d->lists_count; i++)
        if (d->lists[i].dirty)
            return d->dirty = true, save_list(&d->lists[i], env, out, value);
    if (!d->dirty)
        return ERR_NOT_FOUND;
    *out = (struct dag_record){.kind = DAG_RECORD_HEAD};
    TRY(write_head(d, env, value));
    d->dirty = false;
    return OK;
}

/* ---- and in ---- */

enum err dag_load_begin(struct dag **out)
{
    struct dag *d = calloc(1, sizeof *d);

    *out = d;
    if (d == NULL)
        return ERR_MEMORY;
    fifo_init(&d->out, sizeof(struct dag_out), DAG_OUT_MAX);
    fifo_init(&d->gone, sizeof(struct dag_record), DAG_NODES_MAX + DAG_LISTS_MAX);
    d->lone_at = d->beacon_at = d->rejoin_at = d->answer_at = d->asleep_ns = NEVER;
    d->lone_ns = d->answered_ns = INT64_MIN;
    for (size_t i = 0; i < DAG_BEACONS_DAY; i++)
        d->beacons[i] = INT64_MIN;
    d->dirty = true;
    return OK;
}

enum err dag_load(struct dag *d, const struct env *env, enum dag_record_kind kind,
                  struct span value)
{
    static enum err (*const loaders[])(struct dag *, const struct env *, struct pack_reader *) = {
        [DAG_RECORD_HEAD] = load_head,
        [DAG_RECORD_NODE] = load_node,
        [DAG_RECORD_LIST] = load_list,
    };
    struct pack_reader r;

    if (pack_open(value, &r) != OK || pack_read_array(&r, 2, 32) == 0 ||
        pack_read_uint(&r, RECORD_VERSION) != RECORD_VERSION)
        return ERR_CORRUPT;
    enum err err = loaders[kind](d, env, &r);
    return err == OK || err == ERR_MEMORY || err == ERR_FULL ? err : ERR_CORRUPT;
}

static int by_epoch(const void *a, const void *b)
{
    const struct dag_node *x = *(struct dag_node *const *)a, *y = *(struct dag_node *const *)b;

    if (x->epoch != y->epoch)
        return x->epoch < y->epoch ? -1 : 1;
    return eid_cmp(&x->ticket.eid, &y->ticket.eid);
}

enum err dag_load_end(struct dag *d, const struct env *env)
{
    if (d->count == 0)
        return ERR_CORRUPT;
    qsort(d->nodes, d->count, sizeof *d->nodes, by_epoch);
    dag_index(d, 0);
    d->root = dag_find(d, &d->root_eid);
    d->head = dag_find(d, &d->head_eid);
    if (d->root == NULL || d->head == NULL || !d->head->receive)
        return ERR_CORRUPT;
    for (size_t i = 0; i < d->count; i++) {
        struct dag_node *n = d->nodes[i];
        struct dag_node *parent = n->bytes != NULL ? dag_find(d, &n->ticket.parent) : NULL;
        if (n == d->root || parent == NULL || parent->epoch >= n->epoch)
            continue;
        n->parent = parent;
        n->sibling = parent->child;
        parent->child = n;
    }
    for (size_t i = 0; i < d->lists_count; i++)
        dag_count_list(d, &d->lists[i], NULL);
    for (size_t i = d->count; i-- > 0;)
        dag_raise(d, d->nodes[i]);
    for (size_t i = 0; i < d->places_count; i++)
        dag_move_place(NULL, dag_find(d, &d->places[i].eid));
    d->moved = d->states_moved = d->places_moved = true;
    d->catching_up = true; /* until the caller says otherwise */
    dag_decide(d, env);
    return OK;
}
