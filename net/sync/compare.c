#include "net/sync/compare.h"

/* ---- differences ---- */

#define WANT_BYTES (32u + 8u)

static void want_key(const struct sync_id *id, uint8_t key[WANT_BYTES])
{
    memcpy(key, id->hash, 32);
    memcpy(key + 32, &id->time_ns, 8);
}

void differences_init(struct differences *d, const uint8_t seed[16])
{
    *d = (struct differences){0};
    map_init(&d->wants, seed, SYNC_WANTS_MAX);
    fifo_init(&d->sends, 32, SYNC_SENDS_MAX);
}

void differences_clear(struct differences *d)
{
    map_clear(&d->wants);
    fifo_clear(&d->sends);
}

bool differences_take(struct differences *d, const struct sync_id *id)
{
    uint8_t key[WANT_BYTES];

    want_key(id, key);
    return map_take(&d->wants, SPAN_ARRAY(key)) != NULL;
}

static enum err want(struct differences *d, const struct sync_id *id)
{
    uint8_t key[WANT_BYTES];

    want_key(id, key);
    enum err err = map_put(&d->wants, SPAN_ARRAY(key), d);
    d->count += err == OK;
    d->more = d->more || err == ERR_FULL;
    return err == ERR_EXISTS ? OK : err;
}

static enum err give(struct differences *d, const struct sync_id *id)
{
    enum err err = fifo_push(&d->sends, id->hash);

    d->count += err == OK;
    d->more = d->more || err == ERR_FULL;
    return err;
}

/* ---- sets ---- */

struct run { /* ids that one side lacks, and ours between them */
    bool open;
    int64_t last_ns; /* of its ids on either side */
    int64_t put_ns;  /* of ours */
    size_t count;
    struct buf *bytes;
};

struct merge {
    struct ids_cursor own;
    struct items theirs;
    const struct sync_id *mine;
    size_t set;
    struct sync_id their;
    bool has_their;
};

static void next_theirs(struct merge *m, const struct sync_id *lower, const struct sync_id *upper)
{
    do
        m->has_their = items_next(&m->theirs, &m->their);
    while (m->has_their && sync_id_cmp(&m->their, lower) < 0);
    m->has_their = m->has_their && sync_id_cmp(&m->their, upper) < 0;
}

static struct sync_id sooner(struct sync_id a, const struct sync_id *b)
{
    return sync_id_cmp(&a, b) < 0 ? a : *b;
}

static enum err close_run(struct comparing *c, struct run *r, const struct sync_id *upper)
{
    enum err err = OK;

    if (r->open) {
        struct sync_id end = sooner(SYNC_ID_AT(r->last_ns + 1), upper);
        err = payload_items(c->reply, &end, buf_span(r->bytes), r->count, true);
        if (err == ERR_FULL) { /* ids of one time that fill a payload */
            payload_skip(c->reply, &end);
            c->found->more = true;
            err = OK;
        }
    }
    buf_reset(r->bytes);
    *r = (struct run){.bytes = r->bytes};
    return err;
}

static enum err put_own(struct run *r, const struct sync_id *id)
{
    TRY(items_put(r->bytes, id, r->count == 0 ? 0 : r->put_ns));
    r->put_ns = id->time_ns;
    r->count++;
    return OK;
}

/* All ids of one time, ours and theirs. */
static enum err compare_time(struct comparing *c, struct merge *m, struct run *r, int64_t time_ns,
                             const struct range *range, bool *differs)
{
    for (;;) {
        bool mine = m->mine != NULL && m->mine->time_ns == time_ns;
        bool theirs = m->has_their && m->their.time_ns == time_ns;
        if (!mine && !theirs)
            return OK;
        int order = mine && theirs ? sync_id_cmp(m->mine, &m->their) : mine ? -1 : 1;
        *differs = *differs || order != 0;
        if (order < 0)
            TRY(give(c->found, m->mine));
        if (order > 0)
            TRY(want(c->found, &m->their));
        if (order <= 0) {
            if (!range->resolved)
                TRY(put_own(r, m->mine));
            ids_next(&m->own, m->set);
            m->mine = ids_peek(&m->own, &m->set);
        }
        if (order >= 0)
            next_theirs(m, &range->lower, &range->upper);
    }
}

static enum err settle_time(struct comparing *c, struct run *r, const struct run *before,
                            size_t len, int64_t time_ns, const struct range *range, bool differs)
{
    if (differs) {
        if (!before->open)
            payload_skip(c->reply, &SYNC_ID_AT(time_ns));
        r->open = true;
        r->last_ns = time_ns;
        return OK;
    }
    buf_truncate(r->bytes, len);
    *r = *before;
    return close_run(c, r, &range->upper);
}

static enum err compare_items(struct comparing *c, const struct range *range)
{
    struct run r = {.bytes = c->scratch};
    struct merge m = {.theirs = range->items};
    enum err err = OK;

    buf_reset(r.bytes);
    ids_walk(&m.own, c->view, &range->lower, &range->upper);
    m.mine = ids_peek(&m.own, &m.set);
    next_theirs(&m, &range->lower, &range->upper);
    while (err == OK && !c->full && (m.mine != NULL || m.has_their)) {
        struct run before = r;
        size_t len = r.bytes->len;
        bool differs = false;
        int64_t t = m.mine == NULL                                     ? m.their.time_ns
                    : m.has_their && m.their.time_ns < m.mine->time_ns ? m.their.time_ns
                                                                       : m.mine->time_ns;
        if (c->reply->out->len + len > SYNC_PAYLOAD_OUT_BYTES) {
            err = close_run(c, &r, &range->upper);
            payload_skip(c->reply, &SYNC_ID_AT(t));
            c->full = true;
            break;
        }
        err = compare_time(c, &m, &r, t, range, &differs);
        if (err == OK && !range->resolved)
            err = settle_time(c, &r, &before, len, t, range, differs);
    }
    if (err == ERR_FULL) { /* more differences than we keep: the next session finds them */
        c->found->more = true;
        err = OK;
    }
    if (err == OK && !c->full) {
        err = close_run(c, &r, &range->upper);
        payload_skip(c->reply, &range->upper);
    }
    return err;
}

/* ---- fingerprints ---- */

static enum err tell_all(struct comparing *c, const struct range *range)
{
    struct ids_cursor own;
    struct run r = {.bytes = c->scratch};
    const struct sync_id *id;
    size_t set;

    buf_reset(r.bytes);
    ids_walk(&own, c->view, &range->lower, &range->upper);
    while ((id = ids_peek(&own, &set)) != NULL) {
        enum err err = put_own(&r, id);
        if (err == ERR_FULL)
            break;
        TRY(err);
        ids_next(&own, set);
    }
    enum err err = id == NULL
                       ? payload_items(c->reply, &range->upper, buf_span(r.bytes), r.count, false)
                       : ERR_FULL;
    if (err != ERR_FULL)
        return err;
    payload_skip(c->reply, &range->upper); /* as many ids of one nanosecond: nobody's clock */
    c->found->more = true;
    return OK;
}

static enum err tell_part(struct comparing *c, const struct sync_id *from, const struct sync_id *to)
{
    uint8_t sum[32];
    size_t count;

    ids_fingerprint(c->view, from, to, sum, &count);
    return count == 0 ? payload_items(c->reply, to, SPAN_EMPTY, 0, false)
                      : payload_fingerprint(c->reply, to, sum);
}

static enum err answer_unequal(struct comparing *c, const struct range *range, size_t count)
{
    int64_t cuts[SYNC_PARTS];
    struct sync_id from = range->lower;
    size_t n = count <= SYNC_SET_SMALL
                   ? 0
                   : ids_cut(c->view, &range->lower, &range->upper, SYNC_PARTS, cuts);

    if (n == 0)
        return tell_all(c, range);
    for (size_t i = 0; i < n; i++) {
        struct sync_id to = SYNC_ID_AT(cuts[i]);
        TRY(tell_part(c, &from, &to));
        from = to;
    }
    return tell_part(c, &from, &range->upper);
}

static enum err compare_fingerprint(struct comparing *c, const struct range *range)
{
    uint8_t sum[32];
    size_t count;

    ids_fingerprint(c->view, &range->lower, &range->upper, sum, &count);
    if (memcmp(sum, range->fingerprint, sizeof sum) != 0)
        return answer_unequal(c, range, count);
    payload_skip(c->reply, &range->upper);
    return OK;
}

/* ---- a payload ---- */

static enum err compare_range(struct comparing *c, struct range range)
{
    const struct sync_id whole = range.upper, from = SYNC_ID_AT(c->from_ns),
                         to = SYNC_ID_AT(c->to_ns);

    if (range.kind == RANGE_SKIP || sync_id_cmp(&range.upper, &from) <= 0 ||
        sync_id_cmp(&range.lower, &to) >= 0) {
        payload_skip(c->reply, &range.upper);
        return OK;
    }
    if (sync_id_cmp(&range.lower, &from) < 0) {
        range.lower = from;
        payload_skip(c->reply, &from);
    }
    range.upper = sooner(range.upper, &to);
    if (range.kind == RANGE_FINGERPRINT)
        TRY(compare_fingerprint(c, &range));
    else
        TRY(compare_items(c, &range));
    if (!c->full)
        payload_skip(c->reply, &whole);
    return OK;
}

/* What found no room in the reply, as one range. */
static enum err tell_rest(struct comparing *c)
{
    struct sync_id from = c->reply->skipping ? c->reply->skipped : c->reply->bound;
    struct sync_id to = sooner(SYNC_ID_AT(c->to_ns), &c->last);

    return sync_id_cmp(&from, &to) < 0 ? tell_part(c, &from, &to) : OK;
}

enum err compare_payload(struct comparing *c, struct payload_reader *r)
{
    struct range range;
    enum err err;

    while ((err = payload_range(r, &range)) == OK) {
        c->last = range.upper;
        c->full = c->full || c->reply->out->len > SYNC_PAYLOAD_OUT_BYTES;
        if (!c->full)
            TRY(compare_range(c, range));
    }
    if (err != ERR_MORE)
        return err;
    return c->full ? tell_rest(c) : OK;
}
