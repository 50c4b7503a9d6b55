/* Valid messages on their way to the disk. They gather in a batch while the one before is being
 * committed; a commit is a job, so relay is never delayed by it, and the longer a commit takes the
 * more messages share the next one.
 *
 * At the bound: CORE_OVERFLOW_WAIT stops reading what peers relay, and refuses own messages, until
 * there is room; CORE_OVERFLOW_DROP goes on and counts. A failing disk never stops the relaying.
 */
#include "net/waku/waku.h"
#include "node/core/inside.h"

#include <stdlib.h>

struct commit_job {
    struct job job;
    struct archive *archive;
    struct archive_batch *batch;
    enum err err;
};

struct retain_job {
    struct job job;
    struct archive *archive;
    struct retention keep;
    int64_t now_ns;
    struct archive_stats removed;
    enum err err;
};

enum err archiving_init(struct core *c, const struct env *env)
{
    struct archiving *a = &c->archiving;

    a->archive = c->config.archive;
    a->bytes_max = c->config.store_queue_bytes;
    a->overflow = c->config.store_overflow;
    a->retry = MONO_NEVER;
    a->retain = MONO_NEVER;
    fifo_init(&a->batches, sizeof(struct archive_batch *), SIZE_MAX);
    if (a->archive == NULL || c->config.retention == NULL)
        return OK;
    TRY(retention_parse(span_str(c->config.retention), &a->retention));
    a->retain = mono_add(env->now, NS_PER_S);
    return OK;
}

void archiving_clear(struct core *c)
{
    struct archive_batch *b;

    while (fifo_pop(&c->archiving.batches, &b))
        archive_batch_free(b);
    fifo_clear(&c->archiving.batches);
}

static size_t entry_bytes(size_t payload_bytes)
{
    return payload_bytes + 256; /* with topics and bookkeeping */
}

bool archiving_has_room(const struct core *c, size_t payload_bytes)
{
    const struct archiving *a = &c->archiving;

    return a->archive == NULL || a->overflow == CORE_OVERFLOW_DROP || a->failed ||
           a->bytes + entry_bytes(payload_bytes) <= a->bytes_max;
}

static enum err add_to_last(struct archiving *a, const struct host_out *out,
                            const struct waku_message *m)
{
    size_t count = fifo_count(&a->batches);
    enum err err = ERR_FULL;

    if (count > 0) {
        struct archive_batch *last = *(struct archive_batch **)fifo_at(&a->batches, count - 1);
        err = archive_batch_add(last, out->hash, m->timestamp_ns, out->topic, m->content_topic,
                                out->data, out->payload);
    }
    if (err != ERR_FULL)
        return err;
    struct archive_batch *b = archive_batch_new(ARCHIVE_BATCH_BYTES_MAX);
    if (b == NULL)
        return ERR_MEMORY;
    err = archive_batch_add(b, out->hash, m->timestamp_ns, out->topic, m->content_topic, out->data,
                            out->payload);
    if (err == OK)
        err = fifo_push(&a->batches, &b);
    if (err != OK)
        archive_batch_free(b);
    return err;
}

static void recount(struct core *c)
{
    struct archiving *a = &c->archiving;

    a->bytes = a->messages = 0;
    for (size_t i = 0; i <= fifo_count(&a->batches); i++) {
        const struct archive_batch *b = i < fifo_count(&a->batches)
                                            ? *(struct archive_batch **)fifo_at(&a->batches, i)
                                            : a->busy;
        if (b == NULL)
            continue;
        a->bytes += archive_batch_bytes(b);
        a->messages += archive_batch_count(b);
    }
}

static void set_paused(struct core *c)
{
    struct archiving *a = &c->archiving;
    size_t slack =
        a->bytes_max / 2 < CORE_QUEUE_SLACK_BYTES ? a->bytes_max / 2 : CORE_QUEUE_SLACK_BYTES;
    bool full = a->overflow == CORE_OVERFLOW_WAIT && !a->failed && a->bytes + slack > a->bytes_max;

    if (full == a->paused)
        return;
    a->paused = full;
    host_pause_relay(c->host, full);
    host_pause_sync(c->host, full);
}

static void add(struct core *c, const struct env *env, const struct host_out *out,
                const struct waku_message *m)
{
    struct archiving *a = &c->archiving;
    size_t bytes = entry_bytes(out->payload.len);
    enum err err = a->bytes + bytes > a->bytes_max ? ERR_FULL : add_to_last(a, out, m);

    if (err != OK) {
        if (c->counters.archive_dropped++ % 1000 == 0)
            log_unusual(env, "archive", "not stored err=%s waiting_bytes=%zu dropped=%llu",
                        err_name(err), a->bytes, (unsigned long long)c->counters.archive_dropped);
        return;
    }
    a->bytes += bytes;
    a->messages++;
    set_paused(c);
}

void archiving_add(struct core *c, const struct env *env, const struct host_out *out)
{
    struct waku_message m;

    if (c->archiving.archive == NULL)
        return;
    if (waku_message_decode(out->payload, &m) != OK || !waku_archivable(&m, env->wall))
        c->counters.archive_skipped++;
    else
        add(c, env, out, &m);
}

/* From another archive and verified: its age is no matter. */
void archiving_add_fetched(struct core *c, const struct env *env, const struct host_out *out)
{
    struct waku_message m;

    if (c->archiving.archive != NULL && waku_message_decode(out->payload, &m) == OK)
        add(c, env, out, &m);
}

/* ---- jobs ---- */

static void commit_run(struct job *job)
{
    struct commit_job *j = (struct commit_job *)job;

    j->err = archive_commit(j->archive, j->batch);
}

static void commit_drop(struct job *job)
{
    struct commit_job *j = (struct commit_job *)job;

    archive_batch_free(j->batch);
    free(j);
}

static void count_outcomes(struct core *c, const struct env *env, const struct archive_batch *b)
{
    for (size_t i = 0; i < archive_batch_count(b); i++) {
        enum archive_outcome o = archive_batch_outcome(b, i);
        c->counters.archive_stored += o == ARCHIVE_STORED;
        c->counters.archive_duplicates += o == ARCHIVE_DUPLICATE;
        c->counters.archive_dropped += o == ARCHIVE_REFUSED;
        if (o != ARCHIVE_STORED && o != ARCHIVE_DUPLICATE)
            continue;
        struct archive_entry e = archive_batch_entry(b, i);
        syncing_stored(c, env, &e);
    }
}

static void commit_done(void *owner, const struct env *env, struct job *job)
{
    struct core *c = owner;
    struct archiving *a = &c->archiving;
    struct commit_job *j = (struct commit_job *)job;

    a->busy = NULL;
    a->failed = j->err != OK;
    if (j->err == OK) {
        count_outcomes(c, env, j->batch);
        archive_batch_free(j->batch);
        if (a->health != OK)
            log_info(env, "archive", "storing again");
    } else {
        if (a->health != j->err)
            log_unusual(env, "archive", "commit failed, relaying goes on: %s", err_text(j->err));
        c->counters.archive_errors++;
        a->retry = mono_add(env->now, CORE_RETRY_COMMIT_MS * NS_PER_MS);
        if (fifo_push_front(&a->batches, &j->batch) != OK)
            archive_batch_free(j->batch);
    }
    a->health = j->err;
    free(j);
    recount(c);
    set_paused(c);
}

static void retain_run(struct job *job)
{
    struct retain_job *j = (struct retain_job *)job;

    j->err = archive_retain(j->archive, &j->keep, j->now_ns, &j->removed);
}

static void retain_drop(struct job *job)
{
    free(job);
}

static void retain_done(void *owner, const struct env *env, struct job *job)
{
    struct core *c = owner;
    struct retain_job *j = (struct retain_job *)job;

    c->archiving.retaining = false;
    if (j->err != OK)
        log_unusual(env, "archive", "retention failed: %s", err_text(j->err));
    else if (j->removed.entries > 0) {
        syncing_lost(c, env);
        log_info(env, "archive", "retention removed=%llu bytes=%llu",
                 (unsigned long long)j->removed.entries, (unsigned long long)j->removed.bytes);
    }
    free(j);
}

/* No room for the job: the batch is first again, for the next pump. */
static void commit_refused(struct core *c, struct commit_job *j)
{
    if (fifo_push_front(&c->archiving.batches, &j->batch) != OK)
        archive_batch_free(j->batch);
    c->archiving.busy = NULL;
    free(j);
}

static void start_commit(struct core *c)
{
    struct archiving *a = &c->archiving;
    struct commit_job *j = calloc(1, sizeof *j);

    if (j == NULL)
        return; /* the batch waits for the next pump */
    fifo_pop(&a->batches, &a->busy);
    *j = (struct commit_job){
        .job = {JOB_STORE, commit_run, commit_done, commit_drop, .owner = c},
        .archive = a->archive,
        .batch = a->busy,
    };
    if (core_queue_job(c, &j->job) != OK)
        commit_refused(c, j);
}

static void start_retain(struct core *c, const struct env *env)
{
    struct archiving *a = &c->archiving;
    struct retain_job *j = calloc(1, sizeof *j);

    a->retain = mono_add(env->now, CORE_RETAIN_MS * NS_PER_MS);
    if (j == NULL)
        return;
    *j = (struct retain_job){
        .job = {JOB_STORE, retain_run, retain_done, retain_drop, .owner = c, .upkeep = true},
        .archive = a->archive,
        .keep = a->retention,
        .now_ns = env->wall.ns,
    };
    a->retaining = core_queue_job(c, &j->job) == OK;
    if (!a->retaining)
        free(j);
}

void archiving_pump(struct core *c, const struct env *env)
{
    struct archiving *a = &c->archiving;

    if (a->archive == NULL)
        return;
    if (a->busy == NULL && fifo_count(&a->batches) > 0 &&
        (!a->failed || a->retry.ns <= env->now.ns))
        start_commit(c);
    if (!a->retaining && a->retain.ns <= env->now.ns)
        start_retain(c, env);
}

struct mono archiving_deadline(const struct core *c)
{
    const struct archiving *a = &c->archiving;
    struct mono due = a->retaining ? MONO_NEVER : a->retain;

    return a->failed && a->busy == NULL && fifo_count(&a->batches) > 0 ? mono_min(due, a->retry)
                                                                       : due;
}

bool archiving_idle(const struct core *c)
{
    const struct archiving *a = &c->archiving;

    return a->busy == NULL && !a->retaining && (fifo_count(&a->batches) == 0 || a->failed);
}
