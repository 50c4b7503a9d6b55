/* Questions to the archive, of peers and of the user: a job each, answered when it is done.
 *
 * Own messages are archived at once, but a peer gets none of them before it is public: it would
 * tell him who wrote it (stemming.c). */
#include "node/core/inside.h"

#include <stdlib.h>

struct query_job {
    struct job job;
    struct archive *archive;
    struct archive_query *query;
    struct archive_page page;
    enum err err;
    bool of_peer;
    uint64_t ticket; /* of the host, or of the user */
    size_t limit;    /* entries that were asked for; the query may ask for more */
    struct store_answer answer;
};

void query_free(struct query_job *q)
{
    if (q == NULL)
        return;
    archive_query_free(q->query);
    archive_page_clear(&q->page);
    free(q);
}

static void run(struct job *job)
{
    struct query_job *q = (struct query_job *)job;

    q->err = archive_query(q->archive, q->query, &q->page);
}

static void drop(struct job *job)
{
    query_free((struct query_job *)job);
}

static void fill_answer(struct query_job *q)
{
    struct store_answer *a = &q->answer;

    a->count = q->page.count;
    for (size_t i = 0; i < a->count; i++) {
        const struct archive_entry *e = &q->page.entries[i];
        struct store_entry *to = &a->entries[i];
        memcpy(to->hash, e->hash, sizeof to->hash);
        to->has_data = q->query->include_data;
        to->message = e->message;
        to->pubsub_topic = e->pubsub_topic;
    }
    a->status = STORE_STATUS_OK;
    a->has_cursor = q->page.more;
    memcpy(a->cursor, q->page.cursor, sizeof a->cursor);
}

/* Leave out what is hidden now, whatever it was when the query began, and what is over the limit:
 * the query asked for as many more as were hidden. */
static void leave_out(const struct core *c, struct query_job *q)
{
    struct store_answer *a = &q->answer;
    size_t kept = 0;

    if (stemming_hidden(c) == 0 && a->count <= q->limit)
        return;
    for (size_t i = 0; i < a->count; i++)
        if (!stemming_hides(c, a->entries[i].hash))
            a->entries[kept++] = a->entries[i];
    a->count = kept < q->limit ? kept : q->limit;
    a->has_cursor = (a->has_cursor || kept > q->limit) && a->count > 0;
    if (!q->query->forward) /* the newest are wanted: those at the end */
        memmove(a->entries, a->entries + (kept - a->count), a->count * sizeof a->entries[0]);
    if (a->has_cursor)
        memcpy(a->cursor, a->entries[q->query->forward ? a->count - 1 : 0].hash, sizeof a->cursor);
}

static void done(void *owner, const struct env *env, struct job *job)
{
    struct core *c = owner;
    struct query_job *q = (struct query_job *)job;

    c->queries_under_way--;
    if (q->err == OK)
        fill_answer(q);
    c->counters.queries_answered += q->err == OK;
    c->counters.queries_refused += q->err != OK;
    if (q->of_peer) {
        if (q->err == OK)
            leave_out(c, q);
        host_answer(c->host, env, q->ticket, q->err, &q->answer);
        query_free(q);
        return;
    }
    if ((q->ticket & CORE_TICKET_CHAT) != 0) {
        chatting_store_answered(c, env, q->ticket, q->err, &q->answer);
        query_free(q);
        return;
    }
    core_emit(c, env,
              &(struct event_slot){.event = {.kind = CORE_EVENT_STORE_ANSWER,
                                             .ticket = q->ticket,
                                             .err = q->err,
                                             .answer = q->err == OK ? &q->answer : NULL},
                                   .query = q});
}

static void translate(const struct core *c, const struct store_query *from,
                      struct archive_query *to)
{
    size_t page = c->config.store_page_max;

    *to = ARCHIVE_QUERY_ALL;
    to->pubsub_topic = from->has_pubsub_topic ? from->pubsub_topic : SPAN_EMPTY;
    to->content_topics = from->content_topics;
    to->content_topics_count = from->content_topics_count;
    to->hashes = (const uint8_t(*)[ARCHIVE_HASH_BYTES])from->hashes;
    to->hashes_count = from->hashes_count;
    if (from->has_time_start)
        to->time_start_ns = from->time_start_ns;
    if (from->has_time_end)
        to->time_end_ns = from->time_end_ns;
    to->cursor = from->has_cursor ? from->cursor : NULL;
    to->limit = from->has_limit && from->limit > 0 ? from->limit : STORE_QUERY_PAGE_DEFAULT;
    if (to->limit > page)
        to->limit = page;
    to->forward = from->forward;
    to->include_data = from->include_data;
}

static enum err start(struct core *c, const struct store_query *query, bool of_peer,
                      uint64_t ticket)
{
    struct archive_query wanted;

    if (c->archiving.archive == NULL)
        return ERR_NOT_FOUND;
    if (c->queries_under_way >= CORE_QUERIES_MAX || c->stopping)
        return ERR_FULL;
    struct query_job *q = calloc(1, sizeof *q);
    if (q == NULL)
        return ERR_MEMORY;
    translate(c, query, &wanted);
    q->limit = wanted.limit;
    if (of_peer && stemming_hidden(c) > 0)
        wanted.limit = wanted.limit + stemming_hidden(c) < ARCHIVE_PAGE_MAX
                           ? wanted.limit + stemming_hidden(c)
                           : ARCHIVE_PAGE_MAX;
    archive_page_init(&q->page);
    q->job = (struct job){JOB_WORK, run, done, drop, .owner = c};
    q->archive = c->archiving.archive;
    q->of_peer = of_peer;
    q->ticket = ticket;
    q->query = archive_query_copy(&wanted);
    enum err err = q->query == NULL ? ERR_MEMORY : core_queue_job(c, &q->job);
    if (err != OK)
        query_free(q);
    else
        c->queries_under_way++;
    return err;
}

void query_of_peer(struct core *c, const struct env *env, const struct host_out *out)
{
    bool known = !out->query->has_cursor || !stemming_hides(c, out->query->cursor);
    enum err err = known ? start(c, out->query, true, out->ticket) : ERR_NOT_FOUND;

    if (err == OK)
        return;
    c->counters.queries_refused++;
    host_answer(c->host, env, out->ticket, err, NULL);
}

/* A store answered a question of ours. */
void query_answered(struct core *c, const struct env *env, const struct host_out *out)
{
    struct query_job *q = calloc(1, sizeof *q);
    enum err err = q == NULL ? ERR_MEMORY : out->err;

    if (err == OK) { /* a copy whose spans live in the job's page */
        archive_page_init(&q->page);
        err = store_answer_encode(out->answer, &q->page.bytes);
    }
    if (err == OK)
        err = store_answer_decode(buf_span(&q->page.bytes), &q->answer);
    core_emit(c, env,
              &(struct event_slot){.event = {.kind = CORE_EVENT_STORE_ANSWER,
                                             .ticket = out->ticket,
                                             .err = err,
                                             .answer = err == OK ? &q->answer : NULL},
                                   .query = q});
}

static uint64_t connected(const struct core *c, const struct peer_id *id)
{
    size_t cursor = 0;
    const struct host_peer *p;

    while ((p = host_peers(c->host, &cursor)) != NULL)
        if (!p->going && peer_id_eq(&p->id, id))
            return p->peer;
    return 0;
}

enum err core_query(struct core *c, const struct env *env, const struct store_query *query,
                    struct span peer_addr, uint64_t ticket)
{
    struct multiaddr addr;
    struct peer_id id;

    if (peer_addr.len == 0)
        return start(c, query, false, ticket);
    TRY(multiaddr_parse(peer_addr, &addr));
    if (!multiaddr_peer(&addr, &id))
        return ERR_ARGUMENT;
    uint64_t peer = connected(c, &id);
    if (peer == 0)
        return ERR_CLOSED; /* connect first: core_connect */
    return host_query(c->host, env, peer, query, ticket);
}
