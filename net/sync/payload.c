#include "net/sync/payload.h"

#include "net/waku/waku.h"
#include "net/wire/varint.h"

#include <stdlib.h>

/* ---- scope ---- */

static int by_number(const void *a, const void *b)
{
    return *(const uint16_t *)a - *(const uint16_t *)b;
}

static void sort_shards(struct scope *s)
{
    size_t kept = 0;

    qsort(s->shards, s->shards_count, sizeof *s->shards, by_number);
    for (size_t i = 0; i < s->shards_count; i++)
        if (kept == 0 || s->shards[kept - 1] != s->shards[i])
            s->shards[kept++] = s->shards[i];
    s->shards_count = kept;
}

static enum err add_topic(struct scope *s, struct span name, uint16_t cluster)
{
    struct waku_shard shard;

    if (waku_shard_parse(name, &shard) != OK || shard.cluster != cluster) {
        s->foreign = true;
        return OK;
    }
    if (s->shards_count == SYNC_TOPICS_MAX)
        return ERR_LIMIT;
    s->shards[s->shards_count++] = shard.index;
    return OK;
}

/* ERR_UNSUPPORTED: this is no list of names, but perhaps one of shards. */
static enum err read_topics(struct reader *r, struct scope *s, uint16_t cluster)
{
    uint64_t count = read_varint(r);

    for (uint64_t i = 0; i < count && !r->failed; i++) {
        struct span name = read_varint_bytes(r);
        if (!span_starts(name, SPAN_LIT("/waku/2/")))
            return ERR_UNSUPPORTED;
        TRY(add_topic(s, name, cluster));
    }
    s->all = count == 0;
    count = read_varint(r);
    for (uint64_t i = 0; i < count && !r->failed; i++) {
        struct span name = read_varint_bytes(r);
        if (!span_starts(name, SPAN_LIT("/")))
            return ERR_UNSUPPORTED;
        if (s->contents_count == SYNC_CONTENTS_MAX)
            return ERR_LIMIT;
        s->contents[s->contents_count++] = name;
    }
    return r->failed ? ERR_UNSUPPORTED : OK;
}

static enum err read_shards(struct reader *r, struct scope *s, uint16_t cluster)
{
    s->foreign = read_varint(r) != cluster;
    uint64_t count = read_varint(r);

    if (count > SYNC_TOPICS_MAX)
        return ERR_LIMIT;
    for (uint64_t i = 0; i < count && !r->failed; i++) {
        uint64_t shard = read_varint(r);
        if (shard > UINT16_MAX)
            return ERR_FORMAT;
        s->shards[s->shards_count++] = (uint16_t)shard;
    }
    return r->failed ? ERR_FORMAT : OK;
}

enum err payload_open(struct span in, uint16_t cluster, struct scope *scope,
                      struct payload_reader *out)
{
    struct reader r = reader_of(in);

    if (in.len <= 1)
        return ERR_NOT_FOUND;
    *scope = (struct scope){.kind = SCOPE_TOPICS};
    enum err err = read_topics(&r, scope, cluster);
    if (err == ERR_UNSUPPORTED) {
        *scope = (struct scope){.kind = SCOPE_SHARDS};
        r = reader_of(in);
        err = read_shards(&r, scope, cluster);
    }
    if (err != OK)
        return err;
    sort_shards(scope);
    uint64_t time = read_varint(&r);
    if (r.failed)
        return ERR_FORMAT;
    *out = (struct payload_reader){.rest = r.rest, .bound = SYNC_ID_AT((int64_t)time)};
    return OK;
}

/* ---- reading ranges ---- */

/* Times that grow beyond 63 bits poison the reader. */
static int64_t read_time(struct reader *r, int64_t before_ns)
{
    uint64_t more = read_varint(r);

    if (more > (uint64_t)(INT64_MAX - before_ns))
        r->failed = true;
    return r->failed ? 0 : before_ns + (int64_t)more;
}

static void read_bound(struct reader *r, const struct sync_id *lower, struct sync_id *upper)
{
    *upper = SYNC_ID_AT(read_time(r, lower->time_ns));
    if (upper->time_ns != lower->time_ns)
        return;
    struct span hash = read_bytes(r, read_u8(r));
    if (hash.len > sizeof upper->hash)
        r->failed = true;
    else if (hash.len > 0)
        memcpy(upper->hash, hash.ptr, hash.len);
}

static bool read_item(struct reader *r, int64_t *time_ns, struct sync_id *out)
{
    out->time_ns = *time_ns = read_time(r, *time_ns);
    struct span hash = read_bytes(r, sizeof out->hash);
    if (r->failed)
        return false;
    memcpy(out->hash, hash.ptr, hash.len);
    return true;
}

static enum err read_items(struct reader *r, struct range *out)
{
    struct sync_id id, last = out->lower;
    uint64_t count = read_varint(r);
    int64_t time = 0;

    if (r->failed || count > r->rest.len / (1 + sizeof id.hash))
        return ERR_FORMAT; /* each takes as much */
    out->items = (struct items){.rest = r->rest, .count = (size_t)count};
    for (uint64_t i = 0; i < count; i++) {
        if (!read_item(r, &time, &id))
            return ERR_FORMAT;
        int order = sync_id_cmp(&last, &id);
        if (order > 0 || (order == 0 && i > 0) || sync_id_cmp(&id, &out->upper) >= 0)
            return ERR_FORMAT;
        last = id;
    }
    uint8_t resolved = read_u8(r);
    out->resolved = resolved == 1;
    return r->failed || resolved > 1 ? ERR_FORMAT : OK;
}

enum err payload_range(struct payload_reader *p, struct range *out)
{
    struct reader r = reader_of(p->rest);

    if (p->rest.len == 0)
        return ERR_MORE;
    *out = (struct range){.lower = p->bound};
    read_bound(&r, &out->lower, &out->upper);
    uint8_t kind = read_u8(&r);
    if (r.failed || kind > RANGE_ITEMS || sync_id_cmp(&out->lower, &out->upper) >= 0)
        return ERR_FORMAT;
    out->kind = (enum range_kind)kind;
    if (out->kind == RANGE_FINGERPRINT)
        out->fingerprint = read_bytes(&r, 32).ptr;
    else if (out->kind == RANGE_ITEMS)
        TRY(read_items(&r, out));
    if (r.failed)
        return ERR_FORMAT;
    p->rest = r.rest;
    p->bound = out->upper;
    return OK;
}

bool items_next(struct items *i, struct sync_id *out)
{
    struct reader r = reader_of(i->rest);

    if (i->count == 0 || !read_item(&r, &i->time_ns, out))
        return false;
    i->count--;
    i->rest = r.rest;
    return true;
}

/* ---- writing ---- */

void payload_begin(struct payload_writer *w, struct buf *out, uint16_t cluster,
                   const struct scope *scope, const struct sync_id *lower)
{
    *w = (struct payload_writer){.out = out, .cluster = cluster, .scope = scope, .bound = *lower};
}

static void write_scope(struct writer *w, const struct payload_writer *p)
{
    const struct scope *s = p->scope;
    char name[WAKU_SHARD_TEXT_MAX];

    if (s->kind == SCOPE_SHARDS)
        write_varint(w, p->cluster);
    write_varint(w, s->shards_count);
    for (size_t i = 0; i < s->shards_count; i++) {
        if (s->kind == SCOPE_SHARDS) {
            write_varint(w, s->shards[i]);
            continue;
        }
        size_t len = waku_shard_text((struct waku_shard){p->cluster, s->shards[i]}, name);
        write_varint(w, len);
        write_bytes(w, span_of(name, len));
    }
    if (s->kind == SCOPE_TOPICS)
        write_varint(w, 0); /* content topics: any */
}

static void write_upper(struct writer *w, struct sync_id *bound, const struct sync_id *upper)
{
    size_t len = sizeof upper->hash;

    write_varint(w, (uint64_t)(upper->time_ns - bound->time_ns));
    if (upper->time_ns == bound->time_ns) {
        while (len > 0 && upper->hash[len - 1] == 0)
            len--;
        write_u8(w, (uint8_t)len);
        write_bytes(w, span_of(upper->hash, len));
    }
    *bound = *upper;
}

static void write_head(struct writer *w, struct payload_writer *p, const struct sync_id *upper,
                       enum range_kind kind)
{
    if (!p->begun) {
        write_scope(w, p);
        write_varint(w, (uint64_t)p->bound.time_ns);
    }
    if (p->skipping) {
        write_upper(w, &p->bound, &p->skipped);
        write_u8(w, RANGE_SKIP);
    }
    write_upper(w, &p->bound, upper);
    write_u8(w, (uint8_t)kind);
    p->begun = p->any = true;
    p->skipping = false;
}

void payload_skip(struct payload_writer *p, const struct sync_id *upper)
{
    if (sync_id_cmp(p->skipping ? &p->skipped : &p->bound, upper) >= 0)
        return;
    p->skipping = true;
    p->skipped = *upper;
}

static enum err settle(struct payload_writer *p, const struct payload_writer *before, size_t len,
                       enum err err)
{
    if (err == OK)
        return OK;
    buf_truncate(p->out, len);
    *p = *before;
    return err;
}

enum err payload_fingerprint(struct payload_writer *p, const struct sync_id *upper,
                             const uint8_t fingerprint[32])
{
    struct payload_writer before = *p;
    struct writer w = writer_to(p->out);
    size_t len = p->out->len;

    write_head(&w, p, upper, RANGE_FINGERPRINT);
    write_bytes(&w, span_of(fingerprint, 32));
    return settle(p, &before, len, writer_status(&w));
}

enum err payload_items(struct payload_writer *p, const struct sync_id *upper, struct span items,
                       size_t count, bool resolved)
{
    struct payload_writer before = *p;
    struct writer w = writer_to(p->out);
    size_t len = p->out->len;

    write_head(&w, p, upper, RANGE_ITEMS);
    write_varint(&w, count);
    write_bytes(&w, items);
    write_u8(&w, resolved);
    return settle(p, &before, len, writer_status(&w));
}

/* A skip at the end says nothing that silence does not, but nwaku reads on to the last bound. */
enum err payload_end(struct payload_writer *p)
{
    struct writer w = writer_to(p->out);

    if (!p->any) {
        buf_reset(p->out);
        write_u8(&w, 0);
    }
    return writer_status(&w);
}

enum err items_put(struct buf *out, const struct sync_id *id, int64_t before_ns)
{
    struct writer w = writer_to(out);
    size_t len = out->len;

    write_varint(&w, (uint64_t)(id->time_ns - before_ns));
    write_bytes(&w, span_of(id->hash, sizeof id->hash));
    if (writer_status(&w) != OK)
        buf_truncate(out, len);
    return writer_status(&w);
}
