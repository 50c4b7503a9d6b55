/* Peers over a restart: read once at the start, written now and then by a job, and when we leave.
 * What goes wrong costs what was remembered, nothing else. */
#include "net/peers/peers.h"
#include "node/core/inside.h"
#include "store/peers.h"

#include <stdlib.h>

struct save_job {
    struct job job;
    struct peer_table *table;
    struct peer_rows rows;
    uint64_t generation;
    enum err err;
};

/* ---- reading ---- */

struct loading {
    struct core *core;
    const struct env *env;
};

static enum err row(void *ctx, struct span id, struct span record)
{
    const struct loading *l = ctx;

    return peers_restore(l->core->candidates.peers, l->env, id, record);
}

void remembering_load(struct core *c, const struct env *env)
{
    struct loading l = {c, env};
    size_t loaded, skipped;

    if (c->config.known == NULL)
        return;
    enum err err = peer_table_load(c->config.known, row, &l, &loaded, &skipped);
    if (err != OK)
        log_unusual(env, "peers", "remembered peers not read err=%s", err_name(err));
    log_debug(env, "peers", "remembered peers=%zu skipped=%zu", loaded, skipped);
    c->candidates.saved = peers_generation(c->candidates.peers);
    c->candidates.save = mono_add(env->now, CORE_SAVE_PEERS_MS * NS_PER_MS);
}

/* ---- writing ---- */

static void run(struct job *job)
{
    struct save_job *s = (struct save_job *)job;

    s->err = peer_table_save(s->table, &s->rows);
}

static void drop(struct job *job)
{
    struct save_job *s = (struct save_job *)job;

    peer_rows_clear(&s->rows);
    free(s);
}

static void done(void *owner, const struct env *env, struct job *job)
{
    struct core *c = owner;
    struct save_job *s = (struct save_job *)job;

    c->candidates.saving = false;
    if (s->err == OK)
        c->candidates.saved = s->generation;
    else
        log_unusual(env, "peers", "peers not saved err=%s", err_name(s->err));
    drop(job);
}

static enum err add_row(struct save_job *s, const struct peers *p, const struct peer_id *id)
{
    struct buf record = BUF_INIT(PEERS_RECORD_BYTES_MAX);
    enum err err = peers_record(p, id, &record);

    if (err == OK)
        err = peer_rows_add(&s->rows, peer_id_span(id), buf_span(&record));
    buf_clear(&record);
    return err;
}

/* Connected ones, then those seen last. */
static void gather(struct save_job *s, const struct peers *p)
{
    struct peers_view view;

    for (int connected = 1; connected >= 0; connected--)
        for (size_t cursor = 0; peers_next(p, &cursor, &view) && s->rows.count < PEERS_SAVED_MAX;)
            if ((view.peer != 0) == connected)
                (void)!add_row(s, p, view.id); /* not worth it, or memory is out: left out */
}

static void save(struct core *c, const struct env *env)
{
    struct save_job *s = calloc(1, sizeof *s);

    if (s == NULL)
        return;
    s->job = (struct job){JOB_STORE, run, done, drop, .owner = c, .upkeep = true};
    s->table = c->config.known;
    s->generation = peers_generation(c->candidates.peers);
    gather(s, c->candidates.peers);
    if (core_queue_job(c, &s->job) != OK) {
        log_unusual(env, "peers", "peers not saved: too many jobs");
        drop(&s->job);
        return;
    }
    c->candidates.saving = true;
}

static bool has_news(const struct core *c)
{
    return c->config.known != NULL && c->candidates.peers != NULL && !c->candidates.saving &&
           peers_generation(c->candidates.peers) != c->candidates.saved;
}

void remembering_tick(struct core *c, const struct env *env)
{
    if (c->candidates.save.ns > env->now.ns)
        return;
    c->candidates.save = mono_add(env->now, CORE_SAVE_PEERS_MS * NS_PER_MS);
    if (has_news(c))
        save(c, env);
}

void remembering_stop(struct core *c, const struct env *env)
{
    if (has_news(c))
        save(c, env);
}
