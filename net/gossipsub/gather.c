/* next_rpc: what waits in a queue becomes one RPC.
 *
 *     head  length prefix
 *     parts subscriptions | messages ... | control: header, GRAFT PRUNE IWANT IDONTWANT | IHAVEs
 * ...
 *
 * All control stands in a single ControlMessage field, as some decoders keep only the last one. */
#include "net/gossipsub/control.h"
#include "net/gossipsub/rpc.h"
#include "net/gossipsub/state.h"
#include "net/wire/protobuf.h"
#include "net/wire/varint.h"

#define HEAD_RESERVE    10u /* a length prefix */
#define CONTROL_RESERVE 16u /* key and length of the control field */
#define ID_FIELD_BYTES  (GOSSIPSUB_ID_BYTES + 2)

struct draft {
    struct gossipsub_rpc_out *out;
    size_t left;     /* bytes that may still be added */
    size_t body;     /* bytes of the parts */
    struct buf subs; /* RPC fields */
    struct buf mesh; /* ControlMessage fields */
    size_t controls; /* entries of the lane that are in subs and mesh */
    size_t iwant, idontwant, ihaves, ihave_bytes;
};

static void add_part(struct draft *d, struct blob *b)
{
    d->out->parts[d->out->count++] = b;
    d->body += b->len;
}

/* Plan only: nothing is taken before its blob exists. */
static void plan_controls(struct draft *d, const struct queue *q)
{
    struct writer subs = writer_to(&d->subs), mesh = writer_to(&d->mesh);

    for (size_t i = 0; i < fifo_count(&q->controls); i++) {
        const struct control *c = fifo_at(&q->controls, i);
        if (control_size(c) > d->left)
            break;
        size_t before = d->subs.len + d->mesh.len;
        control_write(control_is_mesh(c->kind) ? &mesh : &subs, c);
        if (writer_status(&subs) != OK || writer_status(&mesh) != OK)
            break;
        d->left -= d->subs.len + d->mesh.len - before;
        d->controls++;
    }
}

static size_t plan_ids(struct draft *d, const struct buf *ids)
{
    size_t count = ids->len / GOSSIPSUB_ID_BYTES, fit = d->left / ID_FIELD_BYTES;

    count = count < fit ? count : fit;
    d->left -= count * ID_FIELD_BYTES;
    return count;
}

static void plan_ihaves(struct draft *d, const struct queue *q)
{
    size_t parts = GOSSIPSUB_OUT_PARTS - 1 - d->out->count; /* one for the control header */

    if (fifo_count(&q->messages) > 0)
        return;
    while (d->ihaves < fifo_count(&q->ihaves) && d->ihaves < parts) {
        const struct queued *item = fifo_at(&q->ihaves, d->ihaves);
        if (item->blob->len > d->left)
            return;
        d->left -= item->blob->len;
        d->ihave_bytes += item->blob->len;
        d->ihaves++;
    }
}

static void took(struct gossipsub *g, struct queue *q, const struct blob *b)
{
    q->bytes -= b->len + QUEUE_ITEM_OVERHEAD;
    g->queued_bytes -= b->len + QUEUE_ITEM_OVERHEAD;
}

/* Messages go out in the order of arrival. IDONTWANT must not wait behind a megabyte of them: an
 * RPC that has some takes no messages. */
static void take_messages(struct gossipsub *g, struct peer *p, struct draft *d)
{
    struct queue *q = &p->queue;
    struct queued item, *first;

    while (d->out->count < GOSSIPSUB_OUT_PARTS - 1 && (first = fifo_peek(&q->messages)) != NULL) {
        bool unwanted = recent_get(&p->unwanted, first->key) != NULL;
        if (!unwanted && first->blob->len > d->left)
            return;
        (void)fifo_pop(&q->messages, &item);
        took(g, q, item.blob);
        if (unwanted) { /* IDONTWANT came after it was queued [1.2] */
            g->counts.idontwant_saved++;
            blob_unref(item.blob);
            continue;
        }
        d->left -= item.blob->len;
        add_part(d, item.blob);
    }
}

static void write_control(struct draft *d, const struct queue *q, struct buf *out)
{
    struct buf ids = BUF_INIT((size_t)GOSSIPSUB_OUT_BYTES_MAX + CONTROL_RESERVE);
    struct writer w = writer_to(&ids), all = writer_to(out);

    control_write_ids(&w, CONTROL_FIELD_IWANT,
                      span_of(q->iwant.ptr, d->iwant * GOSSIPSUB_ID_BYTES));
    control_write_ids(&w, CONTROL_FIELD_IDONTWANT,
                      span_of(q->idontwant.ptr, d->idontwant * GOSSIPSUB_ID_BYTES));
    pb_put_head(&all, RPC_CONTROL, d->mesh.len + ids.len + d->ihave_bytes);
    write_bytes(&all, buf_span(&d->mesh));
    write_bytes(&all, buf_span(&ids));
    if (writer_status(&w) != OK || writer_status(&all) != OK)
        buf_reset(out);
    buf_clear(&ids);
}

static void take_controls(struct gossipsub *g, struct draft *d, struct queue *q)
{
    struct control c;

    for (; d->controls > 0 && fifo_pop(&q->controls, &c); d->controls--) {
        topic_unref(g, c.topic);
        blob_unref(c.px);
    }
}

static void take_ihaves(struct gossipsub *g, struct draft *d, struct queue *q)
{
    struct queued item;

    for (; d->ihaves > 0 && fifo_pop(&q->ihaves, &item); d->ihaves--) {
        took(g, q, item.blob);
        add_part(d, item.blob);
    }
}

/* A blob that is needed and cannot be had leaves its entries in the queue. */
static void take_control_message(struct gossipsub *g, struct draft *d, struct queue *q)
{
    if (d->mesh.len + d->iwant + d->idontwant + d->ihave_bytes == 0)
        return;
    struct buf out = BUF_INIT((size_t)GOSSIPSUB_OUT_BYTES_MAX + CONTROL_RESERVE);
    write_control(d, q, &out);
    struct blob *b = out.len > 0 ? blob_new(buf_span(&out)) : NULL;
    buf_clear(&out);
    if (b == NULL) {
        d->controls = 0;
        return;
    }
    add_part(d, b);
    buf_drop(&q->iwant, d->iwant * GOSSIPSUB_ID_BYTES);
    buf_drop(&q->idontwant, d->idontwant * GOSSIPSUB_ID_BYTES);
    take_ihaves(g, d, q);
}

static void gather(struct gossipsub *g, struct peer *p, struct draft *d)
{
    struct queue *q = &p->queue;

    plan_controls(d, q);
    struct blob *subs = d->subs.len > 0 ? blob_new(buf_span(&d->subs)) : NULL;
    if (d->subs.len > 0 && subs == NULL)
        return;
    if (subs != NULL)
        add_part(d, subs);
    d->idontwant = plan_ids(d, &q->idontwant);
    d->iwant = plan_ids(d, &q->iwant);
    if (d->idontwant == 0)
        take_messages(g, p, d);
    plan_ihaves(d, q);
    take_control_message(g, d, q);
    take_controls(g, d, q);
}

bool gossipsub_next_rpc(struct gossipsub *g, const struct env *env, uint64_t peer, size_t room,
                        struct gossipsub_rpc_out *out)
{
    struct peer *p = peer_get(g, peer);

    taken_release(g);
    out->count = out->bytes = out->head_len = 0;
    out->more = p != NULL && !queue_empty(&p->queue);
    if (p == NULL || room < HEAD_RESERVE + CONTROL_RESERVE)
        return false;
    if (!out->more) {
        p->queue.announced = false;
        return false;
    }
    size_t limit = room < GOSSIPSUB_OUT_BYTES_MAX ? room : GOSSIPSUB_OUT_BYTES_MAX;
    struct draft d = {.out = out,
                      .left = limit - HEAD_RESERVE - CONTROL_RESERVE,
                      .subs = BUF_INIT(GOSSIPSUB_OUT_BYTES_MAX),
                      .mesh = BUF_INIT(GOSSIPSUB_OUT_BYTES_MAX)};
    gather(g, p, &d);
    buf_clear(&d.subs);
    buf_clear(&d.mesh);
    out->more = !queue_empty(&p->queue);
    if (!out->more)
        p->queue.announced = false;
    if (out->count == 0)
        return false;
    p->queue.moved_ns = env->now.ns;
    out->head_len = varint_encode(d.body, out->head);
    out->bytes = out->head_len + d.body;
    memcpy(g->taken, out->parts, out->count * sizeof(struct blob *));
    g->taken_count = out->count;
    return true;
}
