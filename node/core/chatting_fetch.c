/* What a chat missed: store queries for its content topics, page by page, from one store; of many
 * topics CORE_CHAT_SLICE at a time, each over the whole span.
 *
 *     choose a store -> query -> page good: chat_received each, the next page
 *                             -> page bad, no answer: another store goes on where this one stopped
 *     all read, or CORE_CHAT_TRIES_MAX stores failed, or none is there: chat_fetched
 *
 * Our own archive is a store, but it may have the same hole as the chat: we were both away. So a
 * peer is asked first, and the archive as the other one. */
#include "net/waku/waku.h"
#include "node/core/chatting.h"

#include <stdlib.h>

static bool same_store(const struct store_choice *a, const struct store_choice *b)
{
    if (a->own || b->own)
        return a->own && b->own;
    return a->peer != 0 && b->peer != 0 && peer_id_eq(&a->id, &b->id);
}

/* ---- which store ---- */

static void remember(struct core *c, const struct chat_fetch *f)
{
    struct chatting *t = c->chatting;

    t->asked[t->asked_next] = (struct asked_store){t->places[f->place].life, f->ticket, f->store};
    t->asked_next = (t->asked_next + 1) % CORE_CHAT_ASKED_MAX;
}

/* The store that was asked last for a ticket; one that nobody remembers excludes none. */
static struct store_choice asked_for(const struct core *c, size_t place, uint64_t ticket)
{
    const struct chatting *t = c->chatting;

    for (size_t i = 1; i <= CORE_CHAT_ASKED_MAX && ticket != 0; i++) {
        const struct asked_store *a =
            &t->asked[(t->asked_next + CORE_CHAT_ASKED_MAX - i) % CORE_CHAT_ASKED_MAX];
        if (a->ticket == ticket && a->life == t->places[place].life)
            return a->store;
    }
    return (struct store_choice){0};
}

/* Our archive has what we relay. */
static bool archive_has(const struct core *c)
{
    return c->archiving.archive != NULL &&
           map_get(&c->topics.names, span_str(c->chatting->pubsub)) != NULL;
}

static bool has_failed(const struct chat_fetch *f, const struct peer_id *id)
{
    for (size_t i = 0; i < f->failed_count; i++)
        if (peer_id_eq(&f->failed[i], id))
            return true;
    return false;
}

static bool may_ask(const struct host_peer *p, const struct chat_fetch *f)
{
    const struct store_choice it = {.peer = p->peer, .id = p->id};

    return !p->going && host_peer_serves(p, STORE_QUERY_PROTOCOL) && !has_failed(f, &p->id) &&
           !same_store(&it, &f->other);
}

/* A random one; those that lack the shard only when there is no other. */
static uint64_t choose_peer(const struct core *c, const struct env *env, const struct chat_fetch *f)
{
    uint64_t chosen = 0, second = 0, seen = 0, lacking = 0;
    const struct host_peer *p;

    for (size_t cursor = 0; (p = host_peers(c->host, &cursor)) != NULL;) {
        if (!may_ask(p, f))
            continue;
        if (chatting_has_shard(c, p)) {
            if (rng_below(env->rng, ++seen) == 0)
                chosen = p->peer;
        } else if (rng_below(env->rng, ++lacking) == 0) {
            second = p->peer;
        }
    }
    return chosen != 0 ? chosen : second;
}

static bool choose(struct core *c, const struct env *env, struct chat_fetch *f)
{
    bool own = archive_has(c) && !f->own_failed && !f->other.own;
    uint64_t peer = own && f->other.peer != 0 ? 0 : choose_peer(c, env, f);

    f->store = (struct store_choice){0};
    f->has_cursor = false;
    if (peer != 0) {
        f->store.peer = peer;
        f->store.id = host_peer(c->host, peer)->id;
    } else if (own) {
        f->store.own = true;
    } else {
        return false;
    }
    remember(c, f);
    return true;
}

/* ---- its end ---- */

static void drop(struct core *c, struct chat_fetch *f)
{
    struct chatting *t = c->chatting;

    for (size_t i = 0; i < t->fetches_count; i++)
        if (t->fetches[i] == f) {
            memmove(&t->fetches[i], &t->fetches[i + 1],
                    (--t->fetches_count - i) * sizeof t->fetches[0]);
            break;
        }
    if (f->work != 0)
        chatting_work_free(c, f->work);
    free(f);
}

static void finish(struct core *c, const struct env *env, struct chat_fetch *f, enum err err)
{
    struct attached *a = &c->chatting->places[f->place];
    uint64_t ticket = f->ticket;

    log_debug(env, "chat", "fetched pages=%zu own=%d err=%s", f->pages, f->store.own,
              err_name(err));
    drop(c, f);
    a->fetching--;
    a->calls->fetched(a->chat, env, ticket, err);
}

/* The next try is with another store, from the last good page on. */
static void fail(struct core *c, const struct env *env, struct chat_fetch *f, enum err err)
{
    log_debug(env, "chat", "store failed peer=%llu err=%s", (unsigned long long)f->store.peer,
              err_name(err));
    if (f->store.own)
        f->own_failed = true;
    else
        f->failed[f->failed_count++] = f->store.id;
    if (f->failed_count + f->own_failed >= CORE_CHAT_TRIES_MAX || !choose(c, env, f))
        finish(c, env, f, err);
}

/* ---- asking ---- */

static size_t slice_end(const struct chat_fetch *f)
{
    size_t end = f->slice + CORE_CHAT_SLICE;

    return end < f->topics_count ? end : f->topics_count;
}

static void make_query(const struct core *c, const struct chat_fetch *f, struct store_query *q)
{
    *q = (struct store_query){.include_data = true,
                              .has_pubsub_topic = true,
                              .has_time_start = true,
                              .has_time_end = true,
                              .has_limit = true,
                              .forward = true,
                              .pubsub_topic = span_str(c->chatting->pubsub),
                              .time_start_ns = f->from_ns,
                              .time_end_ns = f->to_ns,
                              .has_cursor = f->has_cursor,
                              .limit = STORE_QUERY_PAGE_MAX};
    memcpy(q->cursor, f->cursor, sizeof q->cursor);
    for (size_t i = f->slice; i < slice_end(f); i++)
        q->content_topics[q->content_topics_count++] = topic_name_span(&f->topics[i]);
}

static enum err send(struct core *c, const struct env *env, const struct chat_fetch *f,
                     uint64_t ticket)
{
    struct store_query q;

    make_query(c, f, &q);
    if (f->store.own)
        return core_query(c, env, &q, SPAN_EMPTY, ticket);
    return host_query(c->host, env, f->store.peer, &q, ticket);
}

static void ask(struct core *c, const struct env *env, struct chat_fetch *f)
{
    struct chat_work *w = chatting_work(c, WORK_FETCH, &f->work);

    f->next = MONO_NEVER;
    if (w != NULL) {
        w->fetch = f;
        enum err err = send(c, env, f, CORE_TICKET_CHAT | f->work);
        if (err == OK)
            return;
        chatting_work_free(c, f->work);
        if (err != ERR_FULL) {
            f->work = 0;
            f->next = env->now;
            fail(c, env, f, err);
            return;
        }
    }
    f->work = 0;
    f->next = mono_add(env->now, CORE_CHAT_RETRY_MS * NS_PER_MS);
}

/* So many questions are at its store that one more would be refused, or be late: it waits. */
static bool must_wait(const struct core *c, const struct chat_fetch *f)
{
    const struct chatting *t = c->chatting;
    size_t asking = 0;

    for (size_t i = 0; i < t->fetches_count; i++)
        asking += t->fetches[i]->work != 0 && same_store(&t->fetches[i]->store, &f->store);
    return !f->store.own && asking >= CORE_CHAT_ASKING_MAX;
}

/* Who has waited longest, of those that may ask: who reads page after page without end does not
 * keep the others waiting. */
static struct chat_fetch *next_to_ask(const struct core *c, const struct env *env)
{
    const struct chatting *t = c->chatting;
    struct chat_fetch *first = NULL;

    for (size_t i = 0; i < t->fetches_count; i++) {
        struct chat_fetch *f = t->fetches[i];
        if (f->work == 0 && f->next.ns <= env->now.ns && (first == NULL || f->turn < first->turn) &&
            !must_wait(c, f))
            first = f;
    }
    return first;
}

bool fetch_pump(struct core *c, const struct env *env)
{
    struct chat_fetch *f;
    bool any = false;

    for (; (f = next_to_ask(c, env)) != NULL; any = true)
        ask(c, env, f); /* under way, later, with another store, or gone: bounded tries */
    return any;
}

struct mono fetch_deadline(const struct core *c)
{
    struct mono due = MONO_NEVER;

    for (size_t i = 0; i < c->chatting->fetches_count; i++)
        if (c->chatting->fetches[i]->work == 0 && !must_wait(c, c->chatting->fetches[i]))
            due = mono_min(due, c->chatting->fetches[i]->next);
    return due;
}

/* ---- answers ---- */

static bool asked_topic(const struct chat_fetch *f, struct span topic)
{
    for (size_t i = f->slice; i < slice_end(f); i++)
        if (span_eq(topic_name_span(&f->topics[i]), topic))
            return true;
    return false;
}

/* Is it what was asked for, and does it lead on? What a message is worth the chat finds out. */
static enum err verify(const struct chat_fetch *f, const struct store_entry *e,
                       struct waku_message *m, int64_t *last_ns)
{
    if (!e->has_data)
        return ERR_FORMAT;
    TRY(waku_message_decode(e->message, m));
    if (!asked_topic(f, m->content_topic) || m->timestamp_ns < *last_ns ||
        m->timestamp_ns > f->to_ns)
        return ERR_PROTOCOL;
    *last_ns = m->timestamp_ns;
    return OK;
}

static enum err verify_page(const struct chat_fetch *f, const struct store_answer *a,
                            int64_t *last_ns)
{
    struct waku_message m;

    for (size_t i = 0; i < a->count; i++)
        TRY(verify(f, &a->entries[i], &m, last_ns));
    return OK;
}

static void give_page(struct core *c, const struct env *env, const struct chat_fetch *f,
                      const struct store_answer *a)
{
    struct attached *to = &c->chatting->places[f->place];
    struct waku_message m;

    for (size_t i = 0; i < a->count; i++)
        if (waku_message_decode(a->entries[i].message, &m) == OK)
            to->calls->received(to->chat, env, m.content_topic, m.payload);
}

static void next_page(struct core *c, const struct env *env, struct chat_fetch *f,
                      const struct store_answer *a, int64_t last_ns)
{
    f->next = env->now;
    f->has_cursor = a->has_cursor && a->count > 0;
    f->from_ns = last_ns; /* for another store, should this one fail; a cursor outranks it */
    memcpy(f->cursor, a->cursor, sizeof f->cursor);
    if (!f->has_cursor && slice_end(f) == f->topics_count) {
        finish(c, env, f, OK);
        return;
    }
    if (!f->has_cursor) {
        f->slice = slice_end(f);
        f->from_ns = f->begin_ns;
    }
    if (++f->pages >= CORE_CHAT_PAGES_MAX)
        finish(c, env, f, ERR_LIMIT);
}

void fetch_answered(struct core *c, const struct env *env, struct chat_fetch *f, enum err err,
                    const struct store_answer *answer)
{
    int64_t last_ns = f->from_ns;

    f->work = 0;
    f->turn = ++c->chatting->turns;
    f->next = env->now;
    if (err == OK && answer->status != STORE_STATUS_OK)
        err = ERR_REFUSED;
    if (err == OK)
        err = verify_page(f, answer, &last_ns);
    if (err != OK) {
        fail(c, env, f, err);
        return;
    }
    give_page(c, env, f, answer);
    next_page(c, env, f, answer, last_ns);
}

/* ---- life ---- */

static enum err copy_topics(const struct core *c, struct chat_fetch *f, const struct chat_out *out)
{
    if (out->topics_count == 0 || out->topics_count > CHAT_TOPICS_MAX ||
        c->chatting->pubsub[0] == '\0')
        return ERR_ARGUMENT;
    for (size_t i = 0; i < out->topics_count; i++)
        TRY(chatting_topic_name(out->topics[i], &f->topics[i]));
    f->topics_count = out->topics_count;
    return OK;
}

enum err fetch_begin(struct core *c, const struct env *env, size_t place,
                     const struct chat_out *out)
{
    struct chatting *t = c->chatting;
    struct chat_fetch *f = calloc(1, sizeof *f);

    if (f == NULL)
        return ERR_MEMORY;
    f->place = place;
    f->ticket = out->ticket;
    f->from_ns = f->begin_ns = out->from_ns;
    f->to_ns = out->to_ns;
    f->next = env->now;
    f->turn = ++t->turns;
    f->other = asked_for(c, place, out->other_than);
    enum err err = copy_topics(c, f, out);
    if (err == OK && !choose(c, env, f))
        err = ERR_NOT_FOUND;
    if (err != OK) {
        free(f);
        return err;
    }
    t->fetches[t->fetches_count++] = f; /* poll() keeps to CORE_CHAT_FETCHES_MAX a chat */
    t->places[place].fetching++;
    return OK;
}

void fetch_forget(struct core *c, size_t place)
{
    struct chatting *t = c->chatting;

    for (size_t i = t->fetches_count; i-- > 0;)
        if (t->fetches[i]->place == place)
            drop(c, t->fetches[i]);
}
