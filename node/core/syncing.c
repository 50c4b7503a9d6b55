/* Store sync: reads the ids of the range from the archive at start, begins a session with a random
 * peer now and then, fetches what peers lack, stores what we lacked.
 *
 * What comes by sync goes into the archive and nowhere else: it is not relayed, and no event tells
 * of it.
 */
#include "net/sync/sync.h"
#include "node/core/inside.h"

#include <stdlib.h>

struct page_job { /* one page of the archive */
    struct job job;
    struct archive *archive;
    struct archive_query query;
    uint8_t cursor[32], hashes[32][32];
    uint64_t session; /* fetch: for whom; 0: the ids are read */
    uint64_t run;     /* of reading: an older one is of no use */
    struct archive_page page;
    enum err err;
};

static struct sync *engine(const struct core *c)
{
    return host_sync(c->host);
}

/* ---- pages ---- */

static void page_free(struct page_job *p)
{
    archive_page_clear(&p->page);
    free(p);
}

static void page_drop(struct job *job)
{
    page_free((struct page_job *)job);
}

static void page_run(struct job *job)
{
    struct page_job *p = (struct page_job *)job;

    p->err = archive_query(p->archive, &p->query, &p->page);
}

static struct page_job *page_new(struct core *c,
                                 void (*done)(void *owner, const struct env *env, struct job *job))
{
    struct page_job *p = calloc(1, sizeof *p);

    if (p == NULL)
        return NULL;
    archive_page_init(&p->page);
    p->job = (struct job){JOB_WORK, page_run, done, page_drop, .owner = c, .upkeep = true};
    p->archive = c->archiving.archive;
    p->query = ARCHIVE_QUERY_ALL;
    p->query.limit = ARCHIVE_PAGE_MAX;
    return p;
}

/* The next page with the same job, where this one ended. */
static bool page_again(struct core *c, struct page_job *p)
{
    if (!p->page.more || c->stopping)
        return false;
    memcpy(p->cursor, p->page.cursor, sizeof p->cursor);
    p->query.cursor = p->cursor;
    return core_queue_job(c, &p->job) == OK;
}

/* ---- the ids of the range ---- */

static void add(struct core *c, const struct env *env, const struct archive_entry *e)
{
    if (sync_add(engine(c), env, e->hash, e->timestamp_ns, e->pubsub_topic, e->content_topic) != OK)
        log_unusual(env, "sync", "no memory for the id of a message");
}

static void start_reading(struct core *c, const struct env *env);

static void read_done(void *owner, const struct env *env, struct job *job)
{
    struct core *c = owner;
    struct page_job *p = (struct page_job *)job;
    struct syncing *y = &c->syncing;
    bool current = p->run == y->run;

    for (size_t i = 0; current && p->err == OK && i < p->page.count; i++)
        add(c, env, &p->page.entries[i]);
    if (current && p->err == OK && page_again(c, p))
        return;
    if (current && p->err != OK &&
        !c->stopping) { /* the cursor's segment went, or the disk fails */
        log_unusual(env, "sync", "the archive cannot be read: %s", err_text(p->err));
        y->again = mono_add(env->now, CORE_SYNC_RETRY_MS * NS_PER_MS);
    } else if (current) {
        sync_ready(engine(c));
        log_info(env, "sync", "ready ids=%zu", sync_ids(engine(c)));
    }
    page_free(p);
}

static void start_reading(struct core *c, const struct env *env)
{
    struct page_job *p = page_new(c, read_done);

    c->syncing.again = mono_add(env->now, CORE_SYNC_RETRY_MS * NS_PER_MS);
    if (p == NULL)
        return;
    p->run = ++c->syncing.run;
    p->query.time_start_ns = sync_oldest_ns(engine(c), env);
    p->query.include_data = false;
    p->query.include_topics = true;
    if (core_queue_job(c, &p->job) == OK)
        c->syncing.again = MONO_NEVER;
    else
        page_free(p);
}

void syncing_stored(struct core *c, const struct env *env, const struct archive_entry *e)
{
    if (engine(c) != NULL)
        add(c, env, e);
}

void syncing_lost(struct core *c, const struct env *env)
{
    if (engine(c) == NULL || c->stopping)
        return;
    sync_forget(engine(c), env);
    start_reading(c, env);
}

/* ---- sessions ---- */

static bool speaks_sync(const struct host_peer *p)
{
    for (size_t i = 0; i < p->protocols_count; i++)
        if (strcmp(p->protocols[i], SYNC_RECONCILIATION_PROTOCOL) == 0)
            return !p->going;
    return false;
}

/* Any of them, evenly: WAKU-SYNC "Peer Choice". */
static uint64_t choose(struct core *c, const struct env *env)
{
    uint64_t chosen = 0, seen = 0;
    const struct host_peer *p;

    for (size_t cursor = 0; (p = host_peers(c->host, &cursor)) != NULL;)
        if (speaks_sync(p) && !sync_shuns(engine(c), env, p->peer) &&
            rng_below(env->rng, ++seen) == 0)
            chosen = p->peer;
    return chosen;
}

static void plan(struct core *c, const struct env *env)
{
    struct syncing *y = &c->syncing;
    int64_t interval = c->config.sync_interval_ns;

    if (interval <= 0) {
        y->next = MONO_NEVER;
        return;
    }
    /* a tenth either way, lest two nodes begin at the same moment for ever */
    y->next = mono_add(env->now, interval - interval / 10 +
                                     (int64_t)rng_below(env->rng, (uint64_t)interval / 5 + 1));
}

static void begin(struct core *c, const struct env *env)
{
    uint64_t peer = choose(c, env);

    plan(c, env);
    enum err err = peer == 0 ? ERR_NOT_FOUND : sync_begin(engine(c), env, peer);
    if (err == OK)
        log_debug(env, "sync", "begin peer=%llu ids=%zu", (unsigned long long)peer,
                  sync_ids(engine(c)));
    else
        log_debug(env, "sync", "not now: %s", err_text(err));
}

static void fetch_done(void *owner, const struct env *env, struct job *job)
{
    struct core *c = owner;
    struct page_job *p = (struct page_job *)job;

    for (size_t i = 0; p->err == OK && i < p->page.count; i++)
        sync_fetched(engine(c), env, p->session, p->page.entries[i].pubsub_topic,
                     p->page.entries[i].message);
    if (p->err != OK)
        log_unusual(env, "sync", "what a peer lacks cannot be read: %s", err_text(p->err));
    else if (page_again(c, p))
        return;
    sync_fetch_end(engine(c), env, p->session);
    page_free(p);
}

void syncing_fetch(struct core *c, const struct env *env, const struct host_out *out)
{
    struct page_job *p = c->stopping ? NULL : page_new(c, fetch_done);

    if (p != NULL) {
        p->session = out->ticket;
        memcpy(p->hashes, out->sync->hashes, out->sync->count * sizeof *p->hashes);
        p->query.hashes = (const uint8_t(*)[32])p->hashes;
        p->query.hashes_count = out->sync->count;
        if (core_queue_job(c, &p->job) == OK)
            return;
        page_free(p);
    }
    sync_fetch_end(engine(c), env, out->ticket);
}

void syncing_ended(struct core *c, const struct env *env, const struct host_out *out)
{
    const struct host_sync *s = out->sync;
    (void)c;

    if (out->err == OK)
        log_info(env, "sync", "done peer=%llu rounds=%llu differences=%llu received=%llu sent=%llu",
                 (unsigned long long)out->peer, (unsigned long long)s->rounds,
                 (unsigned long long)s->differences, (unsigned long long)s->received,
                 (unsigned long long)s->sent);
}

/* ---- time ---- */

void syncing_init(struct core *c, const struct env *env)
{
    c->syncing.next = c->syncing.again = MONO_NEVER;
    if (engine(c) == NULL)
        return;
    if (!c->config.relay)
        sync_set_shards(engine(c), c->config.shards, c->config.shards_count);
    start_reading(c, env);
    plan(c, env);
}

void syncing_tick(struct core *c, const struct env *env)
{
    if (engine(c) == NULL || c->stopping)
        return;
    if (c->syncing.again.ns <= env->now.ns)
        start_reading(c, env);
    if (c->syncing.next.ns <= env->now.ns)
        begin(c, env);
}

struct mono syncing_deadline(const struct core *c)
{
    return engine(c) == NULL || c->stopping ? MONO_NEVER
                                            : mono_min(c->syncing.next, c->syncing.again);
}
