/* Messages, signatures, time and records of a conversation's MLS states. */
#include "node/chat/commits/branches_state.h"

#include <stdlib.h>

const struct dag *branches_dag(const struct branches *b)
{
    return b->dag;
}

struct eid branches_head(const struct branches *b)
{
    return dag_head(b->dag);
}

const struct mls_group *branches_group(const struct branches *b, const struct eid *eid)
{
    const struct branches_epoch *e = branches_find(b, eid);

    return e != NULL ? e->group : NULL;
}

static struct branches_epoch *at(const struct branches *b, const struct eid *eid)
{
    struct eid head = dag_head(b->dag);

    return branches_find(b, eid != NULL ? eid : &head);
}

/* ---- messages ---- */

enum err branches_seal(struct branches *b, const struct branches_world *w, const struct eid *eid,
                       struct span plain, const struct mls_send *how, struct buf *out)
{
    struct branches_epoch *e = at(b, eid);

    if (e == NULL)
        return ERR_NOT_FOUND;
    TRY(mls_encrypt(e->group, w->mls, plain, how, out));
    branches_touch(e);
    return OK;
}

enum err branches_open(struct branches *b, const struct branches_world *w, const struct eid *eid,
                       struct span message, struct mls_event *out)
{
    struct branches_epoch *e = at(b, eid);

    *out = (struct mls_event){0};
    if (e == NULL)
        return ERR_NOT_FOUND;
    TRY(mls_receive(e->group, w->mls, message, out));
    branches_touch(e);
    if (out->kind == MLS_EVENT_APPLICATION || out->kind == MLS_EVENT_PROPOSAL)
        return OK;
    mls_event_clear(out); /* a commit without its ticket */
    *out = (struct mls_event){0};
    return ERR_PROTOCOL;
}

enum err branches_propose(struct branches *b, const struct branches_world *w, struct span proposal,
                          const struct mls_send *how, struct buf *out)
{
    struct branches_epoch *e = at(b, NULL);

    if (proposal.len > 0)
        TRY(mls_propose(e->group, w->mls, proposal, how, out));
    else
        TRY(mls_propose_update(e->group, w->mls, NULL, NULL, how, out));
    branches_touch(e);
    e->dirty[MLS_PART_REWIND] = true; /* the private key of the update */
    return OK;
}

/* ---- what we sign ---- */

static void group_id(const struct branches *b, uint8_t out[GROUP_ID_BYTES])
{
    memcpy(out, mls_group_context(at(b, NULL)->group)->group_id.ptr, GROUP_ID_BYTES);
}

enum err branches_ack(struct branches *b, const struct env *env, const struct branches_world *w,
                      struct buf *out)
{
    struct acks a = {.count = 0};
    struct buf bytes = BUF_INIT(ACKS_BYTES_MAX);

    a.count = dag_acks_due(b->dag, env, a.eids, ACKS_EIDS_MAX);
    if (a.count == 0)
        return ERR_NOT_FOUND;
    group_id(b, a.group);
    enum err err = acks_sign(&a, w->key);
    if (err == OK)
        err = acks_encode(&a, &bytes);
    if (err == OK)
        err = buf_append(out, buf_span(&bytes));
    if (err == OK)
        err = dag_acks(b->dag, env, buf_span(&bytes));
    buf_clear(&bytes);
    return err;
}

enum err branches_withdraw(struct branches *b, const struct env *env,
                           const struct branches_world *w, const struct eid *eid, struct buf *out)
{
    struct withdrawal d = {.eid = *eid};
    struct ticket t;
    struct buf bytes = BUF_INIT(TICKET_BYTES_MAX);

    if (dag_ticket_of(b->dag, eid).len == 0)
        return ERR_NOT_FOUND;
    TRY(ticket_decode(dag_ticket_of(b->dag, eid), &t));
    d.parent = t.parent;
    group_id(b, d.group);
    enum err err = withdrawal_sign(&d, w->key);
    if (err == OK)
        err = withdrawal_encode(&d, &bytes);
    if (err == OK)
        err = buf_append(out, buf_span(&bytes));
    if (err == OK)
        err = dag_withdrawal(b->dag, env, buf_span(&bytes));
    buf_clear(&bytes);
    return err;
}

enum err branches_beacon(struct branches *b, const struct branches_world *w, const struct eid *from,
                         struct buf *out)
{
    struct beacon beacon;

    dag_beacon_fill(b->dag, from, &beacon);
    TRY(beacon_sign(&beacon, w->key));
    return beacon_encode(&beacon, out);
}

enum err branches_rejoin(struct branches *b, const struct branches_world *w,
                         const struct eid *winner, struct span key_package, struct eid *under,
                         struct buf *out)
{
    struct rejoin r = {.key_package = key_package};

    dag_rejoin_fill(b->dag, winner, under, &r);
    TRY(rejoin_sign(&r, w->key));
    return rejoin_encode(&r, out);
}

enum err branches_way(struct branches *b, const struct branches_world *w, struct eid *from,
                      struct buf *out)
{
    struct beacon beacon;
    struct ticket last;

    dag_beacon_fill(b->dag, from, &beacon);
    if (beacon.tickets_count == 0)
        return ERR_NOT_FOUND;
    TRY(ticket_decode(beacon.tickets[beacon.tickets_count - 1], &last));
    TRY(beacon_sign(&beacon, w->key));
    TRY(beacon_encode(&beacon, out));
    *from = last.eid;
    return OK;
}

/* ---- time ---- */

void branches_tick(struct branches *b, const struct env *env)
{
    dag_tick(b->dag, env);
}

void branches_catchup(struct branches *b, const struct env *env, bool going_on)
{
    dag_catchup(b->dag, env, going_on);
}

void branches_doubt(struct branches *b, const struct env *env)
{
    dag_doubt(b->dag, env);
}

struct mono branches_deadline(const struct branches *b)
{
    return dag_deadline(b->dag);
}

bool branches_poll(struct branches *b, struct dag_out *out)
{
    if (!dag_poll(b->dag, out))
        return false;
    struct branches_epoch *e = branches_find(b, &out->eid);
    if (out->kind == DAG_OUT_DROP_REWIND && e != NULL) {
        mls_drop(e->group, MLS_PART_REWIND);
        e->dirty[MLS_PART_REWIND] = true;
    }
    if (out->kind == DAG_OUT_DROP_RECEIVE)
        branches_forget(b, &out->eid);
    return true;
}

/* ---- records ---- */

static enum err save_dag(struct branches *b, const struct env *env, struct branches_record *out,
                         struct buf *value)
{
    struct dag_record r;

    TRY(dag_save_next(b->dag, env, &r, value));
    *out = (struct branches_record){BRANCHES_RECORD_DAG, r.kind, {0}, r.gone};
    memcpy(out->name, r.name, sizeof out->name);
    return OK;
}

static enum err save_part(struct branches_epoch *e, enum mls_part part, struct branches_record *out,
                          struct buf *value)
{
    size_t before = value->len;

    TRY(mls_save(e->group, part, value));
    *out = (struct branches_record){
        .kind = (enum branches_record_kind)(BRANCHES_RECORD_PUBLIC + part),
        .gone = value->len == before, /* it was dropped */
    };
    memcpy(out->name, e->eid.bytes, sizeof out->name);
    e->dirty[part] = false;
    return OK;
}

enum err branches_save_next(struct branches *b, const struct env *env, struct branches_record *out,
                            struct buf *value)
{
    if (fifo_pop(&b->gone, out))
        return OK;
    for (size_t i = 0; i < b->count; i++)
        for (enum mls_part p = MLS_PART_PUBLIC; p <= MLS_PART_RECEIVE; p++)
            if (b->list[i].dirty[p])
                return save_part(&b->list[i], p, out, value);
    return save_dag(b, env, out, value);
}

enum err branches_load_begin(struct branches **out)
{
    struct branches *b = calloc(1, sizeof *b);

    *out = b;
    if (b == NULL)
        return ERR_MEMORY;
    fifo_init(&b->gone, sizeof(struct branches_record), 3 * DAG_NODES_MAX);
    return dag_load_begin(&b->dag);
}

enum err branches_load(struct branches *b, const struct env *env,
                       const struct branches_record *record, struct span value)
{
    struct branches_epoch *e;
    struct eid eid;

    if (record->kind == BRANCHES_RECORD_DAG)
        return dag_load(b->dag, env, record->dag_kind, value);
    memcpy(eid.bytes, record->name, sizeof eid.bytes);
    e = branches_find(b, &eid);
    if (e == NULL)
        TRY(branches_slot(b, &eid, &e));
    return buf_append(&e->loading[record->kind - BRANCHES_RECORD_PUBLIC], value);
}

static enum err load_epoch(struct branches_epoch *e)
{
    enum err err =
        mls_load(buf_span(&e->loading[MLS_PART_PUBLIC]), buf_span(&e->loading[MLS_PART_REWIND]),
                 buf_span(&e->loading[MLS_PART_RECEIVE]), &e->group);

    for (size_t i = 0; i < BRANCHES_PARTS; i++) {
        buf_clear(&e->loading[i]);
        e->dirty[i] = false;
    }
    return err == OK || err == ERR_MEMORY ? err : ERR_CORRUPT;
}

/* The DAG's word and the states must agree, or a secret would outlive its time. */
static enum err check_epoch(const struct branches *b, struct branches_epoch *e)
{
    enum dag_state state = dag_state(b->dag, &e->eid);

    if (state != DAG_WHOLE && state != DAG_RECEIVE)
        return ERR_CORRUPT;
    if (state == DAG_RECEIVE)
        mls_drop(e->group, MLS_PART_REWIND);
    return OK;
}

enum err branches_load_end(struct branches *b, const struct env *env)
{
    struct eid head;

    TRY(dag_load_end(b->dag, env));
    for (size_t i = 0; i < b->count; i++) {
        TRY(load_epoch(&b->list[i]));
        TRY(check_epoch(b, &b->list[i]));
    }
    head = dag_head(b->dag);
    return branches_find(b, &head) != NULL ? OK : ERR_CORRUPT;
}
