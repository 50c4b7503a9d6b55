#include "net/identify/identify.h"

#include "crypto/base/blob.h"
#include "crypto/base/fifo.h"
#include "crypto/base/heap.h"
#include "crypto/base/map.h"
#include "net/identify/message.h"
#include "net/wire/varint.h"

#include <stdlib.h>

#define OUTPUTS_MAX (4u * IDENTIFY_PEERS_MAX) /* one of each kind for every peer */

/* one stream that is being read */
struct reading {
    struct heap_node node; /* in the heap while the stream is open */
    struct mono deadline;
    uint64_t peer;
    enum identify_stream stream;
    struct buf bytes;
};

struct peer {
    uint64_t peer;
    struct peer_id id;
    struct blob *remote; /* binary address, NULL: unknown */
    bool takes_pushes;
    bool push_pending; /* a PUSH is in the queue already */
    uint64_t seq_seen; /* of its newest record */
    struct reading readings[IDENTIFY_STREAMS];
};

struct output {
    enum identify_out_kind kind;
    uint64_t peer;
    enum identify_stream stream;
    enum err err;
    struct buf bytes; /* INFO: the stream as it came, decoded when polled */
};

struct identify {
    struct map peers;
    struct heap deadlines;
    struct fifo outputs;
    struct buf self;  /* our message without the observed address; empty: not described yet */
    struct buf shown; /* what `info` borrows from */
    struct identify_info info;
};

static bool earlier(const struct heap_node *a, const struct heap_node *b)
{
    const struct reading *x = CONTAINER_OF(a, const struct reading, node);
    const struct reading *y = CONTAINER_OF(b, const struct reading, node);

    if (x->deadline.ns != y->deadline.ns)
        return x->deadline.ns < y->deadline.ns;
    return x->peer != y->peer ? x->peer < y->peer : x->stream < y->stream;
}

struct identify *identify_new(const struct env *env)
{
    struct identify *g = calloc(1, sizeof *g);
    uint8_t seed[16];

    if (g == NULL)
        return NULL;
    rng_fill(env->rng, seed, sizeof seed);
    map_init(&g->peers, seed, IDENTIFY_PEERS_MAX);
    heap_init(&g->deadlines, earlier);
    fifo_init(&g->outputs, sizeof(struct output), OUTPUTS_MAX);
    buf_init(&g->self, IDENTIFY_MESSAGE_MAX);
    buf_init(&g->shown, IDENTIFY_BYTES_MAX);
    return g;
}

static struct peer *find(const struct identify *g, uint64_t peer)
{
    return map_get(&g->peers, MAP_KEY(peer));
}

static void stop_reading(struct identify *g, struct reading *r)
{
    heap_remove(&g->deadlines, &r->node);
    buf_clear(&r->bytes);
}

static void free_peer(struct identify *g, struct peer *p)
{
    for (size_t i = 0; i < IDENTIFY_STREAMS; i++)
        stop_reading(g, &p->readings[i]);
    blob_unref(p->remote);
    free(p);
}

void identify_free(struct identify *g)
{
    struct output out;
    struct peer *p;
    size_t cursor = 0;

    if (g == NULL)
        return;
    while ((p = map_next(&g->peers, &cursor, NULL)) != NULL)
        free_peer(g, p);
    while (fifo_pop(&g->outputs, &out))
        buf_clear(&out.bytes);
    map_clear(&g->peers);
    heap_clear(&g->deadlines);
    fifo_clear(&g->outputs);
    buf_clear(&g->self);
    buf_clear(&g->shown);
    free(g);
}

/* Takes over out.bytes. A full queue loses the output: the peer stays unknown, nothing worse. */
static void emit_take(struct identify *g, struct output out)
{
    if (fifo_push(&g->outputs, &out) != OK)
        buf_clear(&out.bytes);
}

static void emit_failed(struct identify *g, uint64_t peer, enum identify_stream s, enum err err)
{
    emit_take(g, (struct output){IDENTIFY_OUT_FAILED, peer, s, err, BUF_INIT(0)});
}

static void push_to_all(struct identify *g)
{
    struct peer *p;
    size_t cursor = 0;

    while ((p = map_next(&g->peers, &cursor, NULL)) != NULL) {
        if (!p->takes_pushes || p->push_pending)
            continue;
        p->push_pending = true;
        emit_take(g, (struct output){.kind = IDENTIFY_OUT_PUSH, .peer = p->peer});
    }
}

enum err identify_describe(struct identify *g, const struct identify_self *self)
{
    /* room for the observed address, which is added for each peer */
    struct buf next = BUF_INIT(IDENTIFY_MESSAGE_MAX - MULTIADDR_BYTES_MAX - 4);
    enum err err = identify_message_encode(self, &next);

    if (err != OK || span_eq(buf_span(&next), buf_span(&g->self))) {
        buf_clear(&next);
        return err;
    }
    buf_move(&g->self, &next);
    push_to_all(g);
    return OK;
}

enum err identify_peer_up(struct identify *g, uint64_t peer, const struct peer_id *id,
                          const struct multiaddr *remote)
{
    struct peer *p = calloc(1, sizeof *p);
    enum err err = ERR_MEMORY;

    if (p == NULL)
        return ERR_MEMORY;
    p->peer = peer;
    p->id = *id;
    for (size_t i = 0; i < IDENTIFY_STREAMS; i++) {
        p->readings[i].peer = peer;
        p->readings[i].stream = (enum identify_stream)i;
        buf_init(&p->readings[i].bytes, IDENTIFY_BYTES_MAX);
    }
    p->remote = remote == NULL ? NULL : blob_new(multiaddr_span(remote));
    if (remote == NULL || p->remote != NULL)
        err = map_put(&g->peers, MAP_KEY(peer), p);
    if (err != OK) {
        free_peer(g, p);
        return err;
    }
    emit_take(g, (struct output){.kind = IDENTIFY_OUT_ASK, .peer = peer});
    return OK;
}

void identify_peer_down(struct identify *g, uint64_t peer)
{
    struct peer *p = map_take(&g->peers, MAP_KEY(peer));

    if (p != NULL)
        free_peer(g, p); /* outputs about it are dropped when they are polled */
}

enum err identify_message(const struct identify *g, uint64_t peer, struct buf *out)
{
    const struct peer *p = find(g, peer);
    struct buf observed = BUF_INIT(MULTIADDR_BYTES_MAX + 4);
    struct writer w = writer_to(out);
    size_t begin = out->len;

    if (p == NULL)
        return ERR_NOT_FOUND;
    if (g->self.len == 0)
        return ERR_BUSY;
    enum err err =
        p->remote == NULL ? OK : identify_observed_encode(blob_span(p->remote), &observed);
    if (err == OK) {
        write_varint(&w, g->self.len + observed.len);
        write_bytes(&w, buf_span(&g->self));
        write_bytes(&w, buf_span(&observed));
        err = writer_status(&w);
    }
    if (err != OK)
        buf_truncate(out, begin);
    buf_clear(&observed);
    return err;
}

enum err identify_begin(struct identify *g, const struct env *env, uint64_t peer,
                        enum identify_stream stream)
{
    struct peer *p = find(g, peer);

    if (p == NULL)
        return ERR_NOT_FOUND;
    struct reading *r = &p->readings[stream];
    if (r->node.place != 0)
        return ERR_BUSY;
    r->deadline = mono_add(env->now, IDENTIFY_TIMEOUT_NS);
    return heap_insert(&g->deadlines, &r->node);
}

/* The stream that is being read, NULL when none is. */
static struct reading *reading_of(struct identify *g, uint64_t peer, enum identify_stream stream)
{
    struct peer *p = find(g, peer);

    return p == NULL || p->readings[stream].node.place == 0 ? NULL : &p->readings[stream];
}

enum err identify_feed(struct identify *g, uint64_t peer, enum identify_stream stream,
                       struct span in)
{
    struct reading *r = reading_of(g, peer, stream);

    if (r == NULL)
        return ERR_NOT_FOUND;
    enum err err = buf_append(&r->bytes, in);
    if (err == OK)
        return OK;
    err = err == ERR_FULL ? ERR_LIMIT : err;
    stop_reading(g, r);
    emit_failed(g, peer, stream, err);
    return err;
}

static void finish(struct identify *g, struct reading *r)
{
    struct output out = {.kind = IDENTIFY_OUT_INFO, .peer = r->peer, .stream = r->stream};

    buf_init(&out.bytes, IDENTIFY_BYTES_MAX);
    buf_move(&out.bytes, &r->bytes);
    stop_reading(g, r);
    emit_take(g, out);
}

void identify_end(struct identify *g, uint64_t peer, enum identify_stream stream)
{
    struct reading *r = reading_of(g, peer, stream);

    if (r != NULL)
        finish(g, r);
}

void identify_fail(struct identify *g, uint64_t peer, enum identify_stream stream, enum err err)
{
    struct peer *p = find(g, peer);

    if (p == NULL)
        return;
    stop_reading(g, &p->readings[stream]);
    emit_failed(g, peer, stream, err);
}

static struct reading *next_due(const struct identify *g)
{
    struct heap_node *n = heap_peek(&g->deadlines);

    return n == NULL ? NULL : CONTAINER_OF(n, struct reading, node);
}

struct mono identify_deadline(const struct identify *g)
{
    const struct reading *r = next_due(g);

    return r == NULL ? MONO_NEVER : r->deadline;
}

void identify_tick(struct identify *g, const struct env *env)
{
    struct reading *r;

    while ((r = next_due(g)) != NULL && r->deadline.ns <= env->now.ns) {
        if (r->bytes.len > 0) { /* some peers never close: what they said counts */
            finish(g, r);
            continue;
        }
        stop_reading(g, r);
        emit_failed(g, r->peer, r->stream, ERR_TIMEOUT);
    }
}

/* The record is kept only when it is the peer's own and not an old one replayed. */
static void check_record(struct identify_info *info, struct peer *p)
{
    if (info->signed_record.len == 0 || peer_record_open(info->signed_record, &info->record) != OK)
        return;
    if (!peer_id_eq(&info->record.id, &p->id) || info->record.seq < p->seq_seen)
        return;
    p->seq_seen = info->record.seq;
    info->has_record = true;
}

static enum err check_key(const struct identify_info *info, const struct peer *p)
{
    struct peer_id id;

    if (info->public_key.len == 0)
        return OK; /* the secure channel has proved it */
    peer_id_from_key(info->public_key, &id);
    return peer_id_eq(&id, &p->id) ? OK : ERR_AUTH;
}

static bool says(const struct identify_info *info, const char *protocol)
{
    for (size_t i = 0; i < info->protocol_count; i++)
        if (span_eq(info->protocols[i], span_str(protocol)))
            return true;
    return false;
}

/* Decode what a stream said into g->info. */
static enum err show(struct identify *g, struct peer *p, struct buf *bytes)
{
    buf_move(&g->shown, bytes);
    memset(&g->info, 0, sizeof g->info);
    TRY(identify_stream_decode(&g->info, buf_span(&g->shown)));
    TRY(check_key(&g->info, p));
    check_record(&g->info, p);
    if (!g->info.has_record)
        g->info.signed_record = SPAN_EMPTY;
    if (g->info.protocol_count > 0)
        p->takes_pushes = says(&g->info, IDENTIFY_PUSH_PROTOCOL);
    return OK;
}

bool identify_poll(struct identify *g, struct identify_out *out)
{
    struct output o;

    buf_clear(&g->shown);
    while (fifo_pop(&g->outputs, &o)) {
        struct peer *p = find(g, o.peer);
        if (p == NULL) {
            buf_clear(&o.bytes);
            continue;
        }
        *out = (struct identify_out){.kind = o.kind, .peer = o.peer, .stream = o.stream};
        out->err = o.err;
        if (o.kind == IDENTIFY_OUT_PUSH)
            p->push_pending = false;
        if (o.kind != IDENTIFY_OUT_INFO)
            return true;
        out->err = show(g, p, &o.bytes);
        out->kind = out->err == OK ? IDENTIFY_OUT_INFO : IDENTIFY_OUT_FAILED;
        out->info = out->err == OK ? &g->info : NULL;
        return true;
    }
    return false;
}
