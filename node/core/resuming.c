/* Resuming the archive after an outage: the time that we were last complete is kept on disk; at
 * the next start other stores are asked for what came since, page by page.
 *
 *     read the time -> (none: first start, nothing was missed)
 *     wait for a peer that serves store -> query [time - overlap, now] forward, pages of 100
 *         page good: verified, stored; the time on disk moves to the page's last message
 *         page bad, no answer: another store from there on, after a pause
 *     done, or no store could tell: from now on the time on disk is now, once a minute
 *
 * A crash at any moment leaves a time up to which the archive is complete, so the next start goes
 * on from there. The gap is bounded by CORE_RESUME_RANGE_NS, whatever the disk says.
 *
 * @source Waku Store Synchronization "Store Resume"; nwaku waku_store/resume.nim
 */
#include "crypto/base/reader.h"
#include "crypto/base/writer.h"
#include "net/waku/waku.h"
#include "node/core/inside.h"
#include "store/kv.h"

#include <stdlib.h>

#define KEY_COMPLETE SPAN_LIT("complete-until-ns")

/* ---- the time on disk ---- */

struct time_job {
    struct job job;
    struct kv *kv;
    bool write;
    int64_t time_ns; /* 0: there is none */
    enum err err;
};

static enum err read_time(struct kv *kv, int64_t *out)
{
    struct kv_txn *txn;
    struct span value;

    *out = 0;
    TRY(kv_begin(kv, false, &txn));
    enum err err = kv_get(txn, CORE_RESUME_TABLE, KEY_COMPLETE, &value);
    if (err == OK && value.len == 8) {
        struct reader r = reader_of(value);
        *out = (int64_t)read_be64(&r);
    }
    kv_abort(txn);
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err write_time(struct kv *kv, int64_t time_ns)
{
    uint8_t value[8];
    struct kv_txn *txn;

    for (size_t i = 0; i < 8; i++)
        value[i] = (uint8_t)((uint64_t)time_ns >> (8 * (7 - i)));
    TRY(kv_begin(kv, true, &txn));
    enum err err = kv_put(txn, CORE_RESUME_TABLE, KEY_COMPLETE, SPAN_ARRAY(value));
    if (err != OK) {
        kv_abort(txn);
        return err;
    }
    return kv_commit(txn);
}

static void time_run(struct job *job)
{
    struct time_job *t = (struct time_job *)job;

    t->err = t->write ? write_time(t->kv, t->time_ns) : read_time(t->kv, &t->time_ns);
}

static void time_drop(struct job *job)
{
    free(job);
}

static bool queue_time(struct core *c, bool write, int64_t time_ns,
                       void (*done)(void *owner, const struct env *env, struct job *job))
{
    struct time_job *t = c->resuming.busy ? NULL : calloc(1, sizeof *t);

    if (t == NULL)
        return false;
    *t =
        (struct time_job){.job = {JOB_STORE, time_run, done, time_drop, .owner = c, .upkeep = true},
                          .kv = c->config.state,
                          .write = write,
                          .time_ns = time_ns};
    if (core_queue_job(c, &t->job) != OK) {
        free(t);
        return false;
    }
    c->resuming.busy = true;
    return true;
}

static void written(void *owner, const struct env *env, struct job *job)
{
    struct core *c = owner;
    struct time_job *t = (struct time_job *)job;

    c->resuming.busy = false;
    if (t->err != OK)
        log_unusual(env, "resume", "the time cannot be kept: %s", err_text(t->err));
    free(t);
}

/* ---- asking ---- */

static void rest(struct core *c, const struct env *env, int64_t ms)
{
    c->resuming.next = mono_add(env->now, ms * NS_PER_MS);
}

static void finish(struct core *c, const struct env *env, bool complete)
{
    struct resuming *r = &c->resuming;

    r->state = RESUME_KEEPING;
    if (complete)
        log_info(env, "resume", "complete: %llu messages in %llu pages, %llu of them new to us",
                 (unsigned long long)r->messages, (unsigned long long)r->pages,
                 (unsigned long long)(c->counters.archive_stored - r->stored_before));
    else
        log_unusual(env, "resume", "given up: no store told what came since the outage");
    rest(c, env, 0);
}

/* The next try is with another store, from the last good page on. */
static void fail(struct core *c, const struct env *env, const char *why, enum err err)
{
    struct resuming *r = &c->resuming;

    log_unusual(env, "resume", "store %llu failed: %s (%s)", (unsigned long long)r->peer, why,
                err_text(err));
    r->failed[r->tries % CORE_RESUME_TRIES_MAX] = r->peer;
    r->peer = 0;
    r->from_ns = r->last_ns;
    r->has_cursor = false;
    r->asked = false;
    if (++r->tries >= CORE_RESUME_TRIES_MAX)
        finish(c, env, false);
    else
        rest(c, env, r->tries < 3 ? CORE_RESUME_RETRY_MS / 10 : CORE_RESUME_RETRY_MS);
}

static bool has_failed(const struct resuming *r, uint64_t peer)
{
    for (unsigned i = 0; i < r->tries && i < CORE_RESUME_TRIES_MAX; i++)
        if (r->failed[i] == peer)
            return true;
    return false;
}

static bool serves_store(const struct host_peer *p)
{
    for (size_t i = 0; i < p->protocols_count; i++)
        if (strcmp(p->protocols[i], STORE_QUERY_PROTOCOL) == 0)
            return !p->going;
    return false;
}

/* A random one; those that failed only when there is no other. */
static uint64_t choose(struct core *c, const struct env *env)
{
    uint64_t chosen = 0, second = 0, seen = 0, again = 0;
    const struct host_peer *p;

    for (size_t cursor = 0; (p = host_peers(c->host, &cursor)) != NULL;) {
        if (!serves_store(p))
            continue;
        if (has_failed(&c->resuming, p->peer)) {
            if (rng_below(env->rng, ++again) == 0)
                second = p->peer;
        } else if (rng_below(env->rng, ++seen) == 0) {
            chosen = p->peer;
        }
    }
    return chosen != 0 ? chosen : second;
}

static void ask(struct core *c, const struct env *env)
{
    struct resuming *r = &c->resuming;
    struct store_query q = {.include_data = true,
                            .has_time_start = true,
                            .has_time_end = true,
                            .has_limit = true,
                            .forward = true,
                            .time_start_ns = r->from_ns,
                            .time_end_ns = r->to_ns,
                            .has_cursor = r->has_cursor,
                            .limit = STORE_QUERY_PAGE_MAX};

    if (r->peer == 0 || host_peer(c->host, r->peer) == NULL) {
        r->peer = choose(c, env);
        r->from_ns = r->last_ns;
        r->has_cursor = q.has_cursor = false;
        if (r->peer == 0) {
            rest(c, env, CORE_RESUME_POLL_MS);
            return;
        }
        log_info(env, "resume", "asking store %llu for %lld s", (unsigned long long)r->peer,
                 (long long)((r->to_ns - r->from_ns) / NS_PER_S));
    }
    memcpy(q.cursor, r->cursor, sizeof q.cursor);
    r->ticket = CORE_TICKET_OWN | ++r->asked_count;
    enum err err = host_query(c->host, env, r->peer, &q, r->ticket);
    r->asked = err == OK;
    r->next = MONO_NEVER;
    if (err != OK)
        fail(c, env, "it could not be asked", err);
}

/* ---- answers ---- */

static bool is_ours(const struct core *c, struct span topic)
{
    struct waku_shard shard;

    if (waku_shard_parse(topic, &shard) != OK || shard.cluster != c->config.cluster)
        return false;
    for (size_t i = 0; i < c->topics.shards_count; i++)
        if (c->topics.shards[i] == shard.index)
            return true;
    return c->topics.shards_count == 0;
}

/* ERR_NOT_FOUND: honest, but nothing for us. */
static enum err verify(const struct core *c, const struct store_entry *e, int64_t *last_ns)
{
    struct waku_message m;
    uint8_t hash[32];

    if (!e->has_data || e->message.len > c->config.message_bytes_max)
        return ERR_FORMAT;
    TRY(waku_message_decode(e->message, &m));
    waku_message_hash(e->pubsub_topic, &m, hash);
    if (memcmp(hash, e->hash, sizeof hash) != 0)
        return ERR_AUTH;
    if (m.timestamp_ns < *last_ns || m.timestamp_ns > c->resuming.to_ns)
        return ERR_PROTOCOL; /* not what was asked, or no progress */
    *last_ns = m.timestamp_ns;
    return m.ephemeral || !is_ours(c, e->pubsub_topic) ? ERR_NOT_FOUND : OK;
}

static void store_entry(struct core *c, const struct env *env, const struct store_entry *e)
{
    struct host_out out = {
        .kind = HOST_OUT_SYNC_MESSAGE, .topic = e->pubsub_topic, .data = blob_new(e->message)};

    if (out.data == NULL)
        return;
    out.payload = blob_span(out.data);
    memcpy(out.hash, e->hash, sizeof out.hash);
    archiving_add_fetched(c, env, &out);
    blob_unref(out.data);
}

static void take_page(struct core *c, const struct env *env, const struct store_answer *a)
{
    struct resuming *r = &c->resuming;
    int64_t last_ns = r->last_ns;

    for (size_t i = 0; i < a->count; i++) {
        enum err err = verify(c, &a->entries[i], &last_ns);
        if (err != OK && err != ERR_NOT_FOUND) {
            fail(c, env, "a message is not what it should be", err);
            return;
        }
    }
    last_ns = r->last_ns;
    for (size_t i = 0; i < a->count; i++)
        if (verify(c, &a->entries[i], &last_ns) == OK)
            store_entry(c, env, &a->entries[i]);
    r->messages += a->count;
    r->pages++;
    r->last_ns = last_ns;
    if (r->pages % CORE_RESUME_LOG_PAGES == 0)
        log_info(env, "resume", "%llu messages, %lld s to go", (unsigned long long)r->messages,
                 (long long)((r->to_ns - last_ns) / NS_PER_S));
    if (!a->has_cursor || a->count == 0 || r->pages >= CORE_RESUME_PAGES_MAX) {
        finish(c, env, true);
        return;
    }
    r->has_cursor = true;
    memcpy(r->cursor, a->cursor, sizeof r->cursor);
    rest(c, env, 0);
}

void resuming_answered(struct core *c, const struct env *env, const struct host_out *out)
{
    struct resuming *r = &c->resuming;

    if (r->state != RESUME_ASKING || out->ticket != r->ticket)
        return;
    r->asked = false;
    if (out->err != OK)
        fail(c, env, "no answer", out->err);
    else if (out->answer->status != STORE_STATUS_OK)
        fail(c, env, "it refused", ERR_REFUSED);
    else
        take_page(c, env, out->answer);
}

/* ---- time ---- */

static void begin(void *owner, const struct env *env, struct job *job)
{
    struct core *c = owner;
    struct time_job *t = (struct time_job *)job;
    struct resuming *r = &c->resuming;
    int64_t least = env->wall.ns - CORE_RESUME_RANGE_NS;

    r->busy = false;
    if (t->err != OK || t->time_ns == 0) {
        if (t->err != OK)
            log_unusual(env, "resume", "the time of the last run is lost: %s", err_text(t->err));
        r->state = RESUME_KEEPING;
    } else {
        r->state = RESUME_ASKING;
        r->from_ns = t->time_ns - CORE_RESUME_OVERLAP_NS;
        r->from_ns = r->from_ns < least ? least : r->from_ns;
        r->to_ns = env->wall.ns;
        r->last_ns = r->kept_ns = r->from_ns;
        r->stored_before = c->counters.archive_stored;
        if (r->from_ns >= r->to_ns) /* the clock was set back */
            r->state = RESUME_KEEPING;
        else
            log_info(env, "resume", "away since %lld s",
                     (long long)((r->to_ns - t->time_ns) / NS_PER_S));
    }
    rest(c, env, 0);
    free(t);
}

enum err resuming_init(struct core *c, const struct env *env)
{
    c->resuming.next = MONO_NEVER;
    if (c->config.state == NULL || c->archiving.archive == NULL)
        return OK;
    c->resuming.state = RESUME_READING;
    (void)env;
    return queue_time(c, false, 0, begin) ? OK : ERR_MEMORY;
}

/* What is on disk never runs ahead of the commits of the archive. */
static void keep_progress(struct core *c)
{
    struct resuming *r = &c->resuming;

    if (r->last_ns > r->kept_ns && archiving_idle(c) && queue_time(c, true, r->last_ns, written))
        r->kept_ns = r->last_ns;
}

void resuming_tick(struct core *c, const struct env *env)
{
    struct resuming *r = &c->resuming;

    if (c->stopping || r->state == RESUME_OFF)
        return;
    if (r->state == RESUME_ASKING)
        keep_progress(c);
    if (r->next.ns > env->now.ns)
        return;
    if (r->state == RESUME_KEEPING) {
        queue_time(c, true, env->wall.ns, written);
        rest(c, env, CORE_RESUME_KEEP_MS);
    } else if (r->state == RESUME_ASKING && !r->asked) {
        if (c->archiving.bytes > c->archiving.bytes_max / 2)
            rest(c, env, CORE_RESUME_FULL_MS);
        else
            ask(c, env);
    }
}

struct mono resuming_deadline(const struct core *c)
{
    return c->stopping || c->resuming.state == RESUME_OFF ? MONO_NEVER : c->resuming.next;
}
