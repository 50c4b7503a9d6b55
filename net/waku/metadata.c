#include "crypto/base/fifo.h"
#include "crypto/base/map.h"
#include "net/waku/waku.h"
#include "net/wire/protobuf.h"

#include <stdlib.h>

enum {
    FIELD_CLUSTER = 1,
    FIELD_SHARDS = 2, /* js-waku reads it unpacked only */
    FIELD_SHARDS_PACKED = 3,
};

/* --- codec -------------------------------------------------------------------------------------
 */

static enum err add_shards(struct pb *p, const struct pb_field *f, struct waku_metadata *out)
{
    uint64_t v;

    for (struct pb_list l = pb_list(p, f); pb_list_next(p, &l, &v);) {
        if (v > UINT16_MAX || out->count == WAKU_SHARDS_MAX)
            return ERR_LIMIT;
        out->shards[out->count++] = (uint16_t)v;
    }
    return OK;
}

enum err waku_metadata_decode(struct span in, struct waku_metadata *out)
{
    struct pb p = pb_of(in);
    bool packed = false; /* field 3 repeats what field 2 says */

    out->has_cluster = false;
    out->cluster = 0;
    out->count = 0;
    if (in.len > METADATA_BYTES_MAX)
        return ERR_LIMIT;
    for (struct pb_field f; pb_next(&p, &f);) {
        if (f.number == FIELD_CLUSTER) {
            out->cluster = pb_u32(&p, &f);
            out->has_cluster = true;
        } else if (f.number == FIELD_SHARDS && !packed) {
            TRY(add_shards(&p, &f, out));
        } else if (f.number == FIELD_SHARDS_PACKED) {
            out->count = packed ? out->count : 0;
            packed = true;
            TRY(add_shards(&p, &f, out));
        }
    }
    return pb_status(&p);
}

enum err waku_metadata_encode(const struct waku_metadata *m, struct buf *out)
{
    struct writer w = writer_to(out);
    uint64_t packed[WAKU_SHARDS_MAX];

    if (m->has_cluster)
        pb_put_u64(&w, FIELD_CLUSTER, m->cluster);
    for (size_t i = 0; i < m->count; i++) {
        pb_put_u64(&w, FIELD_SHARDS, m->shards[i]);
        packed[i] = m->shards[i];
    }
    pb_put_packed(&w, FIELD_SHARDS_PACKED, packed, m->count);
    return writer_status(&w);
}

/* --- engine ------------------------------------------------------------------------------------
 */

/* a question under way */
struct asked {
    uint64_t peer;
    struct mono deadline;
};

struct waiting {
    enum metadata_kind kind;
    uint64_t peer, stream;
    struct waku_metadata *said; /* KNOWN; owned */
    bool foreign;
    enum err err;
};

struct metadata {
    struct waku_metadata own;
    struct buf encoded; /* our request and answer: the same bytes */
    struct map asked;   /* by peer, oldest first, all with the same patience */
    struct fifo out;
    struct waku_metadata *lent;
};

void metadata_set_own(struct metadata *m, const struct waku_metadata *own)
{
    m->own = *own;
    buf_reset(&m->encoded);
    if (waku_metadata_encode(&m->own, &m->encoded) != OK)
        buf_reset(&m->encoded); /* without memory: an empty message says nothing wrong */
}

struct metadata *metadata_new(const struct waku_metadata *own)
{
    static const uint8_t seed[16]; /* the keys are numbers of ours */
    struct metadata *m = calloc(1, sizeof *m);

    if (m == NULL)
        return NULL;
    buf_init(&m->encoded, METADATA_BYTES_MAX);
    map_init(&m->asked, seed, METADATA_ASKED_MAX);
    fifo_init(&m->out, sizeof(struct waiting), (size_t)4 * METADATA_ASKED_MAX);
    metadata_set_own(m, own);
    return m;
}

void metadata_free(struct metadata *m)
{
    struct waiting w;
    struct asked *a;

    if (m == NULL)
        return;
    while (fifo_pop(&m->out, &w))
        free(w.said);
    for (size_t cursor = 0; (a = map_next(&m->asked, &cursor, NULL)) != NULL;)
        free(a);
    map_clear(&m->asked);
    fifo_clear(&m->out);
    buf_clear(&m->encoded);
    free(m->lent);
    free(m);
}

enum err metadata_ask(struct metadata *m, const struct env *env, uint64_t peer)
{
    struct waiting w = {.kind = METADATA_REQUEST, .peer = peer};

    if (map_get(&m->asked, MAP_KEY(peer)) != NULL)
        return OK;
    struct asked *a = calloc(1, sizeof *a);
    if (a == NULL)
        return ERR_MEMORY;
    *a = (struct asked){.peer = peer, .deadline = mono_add(env->now, METADATA_TIMEOUT_NS)};
    enum err err = map_put(&m->asked, MAP_KEY(peer), a);
    if (err == OK) {
        err = fifo_push(&m->out, &w);
        if (err == OK)
            return OK;
        (void)map_take(&m->asked, MAP_KEY(peer));
    }
    free(a);
    return err;
}

static enum err emit_known(struct metadata *m, uint64_t peer, const struct waku_metadata *said)
{
    struct waiting w = {.kind = METADATA_KNOWN, .peer = peer, .said = malloc(sizeof *w.said)};

    if (w.said == NULL)
        return ERR_MEMORY;
    *w.said = *said;
    w.foreign = m->own.has_cluster && (!said->has_cluster || said->cluster != m->own.cluster);
    enum err err = fifo_push(&m->out, &w);
    if (err != OK)
        free(w.said);
    return err;
}

static void emit_failed(struct metadata *m, uint64_t peer, enum err why)
{
    struct waiting w = {.kind = METADATA_FAILED, .peer = peer, .err = why};
    (void)!fifo_push(&m->out, &w); /* full: who asks can see that nothing came */
}

enum err metadata_answer(struct metadata *m, const struct env *env, uint64_t peer, struct span in)
{
    struct asked *a = map_take(&m->asked, MAP_KEY(peer));
    struct waku_metadata said;

    (void)env;
    if (a == NULL)
        return ERR_PROTOCOL;
    free(a);
    enum err err = waku_metadata_decode(in, &said);
    if (err == OK)
        err = emit_known(m, peer, &said);
    if (err != OK)
        emit_failed(m, peer, err);
    return err;
}

enum err metadata_request(struct metadata *m, const struct env *env, uint64_t peer, uint64_t stream,
                          struct span in)
{
    struct waiting w = {.kind = METADATA_ANSWER, .peer = peer, .stream = stream};
    struct waku_metadata said;

    (void)env;
    TRY(waku_metadata_decode(in, &said));
    TRY(fifo_push(&m->out, &w));
    return emit_known(m, peer, &said);
}

void metadata_gone(struct metadata *m, uint64_t peer, enum err why)
{
    struct asked *a = map_take(&m->asked, MAP_KEY(peer));

    if (a == NULL)
        return;
    free(a);
    emit_failed(m, peer, why);
}

bool metadata_poll(struct metadata *m, struct metadata_out *out)
{
    struct waiting w;

    free(m->lent);
    m->lent = NULL;
    if (!fifo_pop(&m->out, &w))
        return false;
    m->lent = w.said;
    *out = (struct metadata_out){.kind = w.kind,
                                 .peer = w.peer,
                                 .stream = w.stream,
                                 .said = w.said,
                                 .foreign = w.foreign,
                                 .err = w.err};
    if (w.kind == METADATA_REQUEST || w.kind == METADATA_ANSWER)
        out->bytes = buf_span(&m->encoded);
    return true;
}

struct mono metadata_deadline(const struct metadata *m)
{
    size_t cursor = 0;
    const struct asked *oldest = map_next(&m->asked, &cursor, NULL);

    return oldest == NULL ? MONO_NEVER : oldest->deadline;
}

void metadata_tick(struct metadata *m, const struct env *env)
{
    struct asked *a;

    for (size_t cursor = 0; (a = map_next(&m->asked, &cursor, NULL)) != NULL;) {
        if (a->deadline.ns > env->now.ns)
            return;
        metadata_gone(m, a->peer, ERR_TIMEOUT);
    }
}
