/* The asking end: questions under way, each with a deadline. */
#include "net/services/store_query.h"

#include "crypto/base/fifo.h"
#include "crypto/base/hex.h"
#include "crypto/base/map.h"

#include <stdlib.h>

#define OUTPUTS_MAX (4 * STORE_CLIENT_PENDING_MAX) /* a driver that does not poll stops asking */

struct question {
    uint64_t ticket;
    struct mono deadline;
    uint8_t id[STORE_QUERY_ID_BYTES_MAX];
    size_t id_len;
};

struct store_client {
    struct map questions;        /* by ticket, in order of asking: deadlines ascend */
    struct fifo out;             /* of struct store_client_out */
    struct fifo answers;         /* of struct buf: the bytes of good answers, in order of DONE */
    struct buf current;          /* of the answer that was polled last */
    struct store_answer *answer; /* decoded from it; NULL before the first */
};

enum err store_client_new(struct store_client **out, const struct env *env)
{
    uint8_t seed[16];
    struct store_client *c = calloc(1, sizeof *c);
    if (c == NULL)
        return ERR_MEMORY;
    rng_fill(env->rng, seed, sizeof seed);
    map_init(&c->questions, seed, STORE_CLIENT_PENDING_MAX);
    fifo_init(&c->out, sizeof(struct store_client_out), OUTPUTS_MAX);
    fifo_init(&c->answers, sizeof(struct buf), OUTPUTS_MAX);
    buf_init(&c->current, STORE_QUERY_ANSWER_BYTES_MAX);
    *out = c;
    return OK;
}

void store_client_free(struct store_client *c)
{
    struct store_client_out o;
    struct question *q;
    struct buf b;
    size_t cursor = 0;
    if (c == NULL)
        return;
    while ((q = map_next(&c->questions, &cursor, NULL)) != NULL)
        free(map_take(&c->questions, MAP_KEY(q->ticket)));
    while (fifo_pop(&c->out, &o))
        blob_unref(o.bytes);
    while (fifo_pop(&c->answers, &b))
        buf_clear(&b);
    fifo_clear(&c->out);
    fifo_clear(&c->answers);
    map_clear(&c->questions);
    buf_clear(&c->current);
    free(c->answer);
    free(c);
}

static bool within_bounds(const struct store_query *q)
{
    bool fine = q->request_id.len <= STORE_QUERY_ID_BYTES_MAX &&
                q->pubsub_topic.len <= STORE_QUERY_TOPIC_BYTES_MAX &&
                q->content_topics_count <= STORE_QUERY_TOPICS_MAX &&
                q->hashes_count <= STORE_QUERY_HASHES_MAX;
    for (size_t i = 0; fine && i < q->content_topics_count; i++)
        fine = q->content_topics[i].len <= STORE_QUERY_TOPIC_BYTES_MAX;
    return fine;
}

static void choose_id(struct question *t, const struct env *env, struct span given)
{
    if (given.len > 0) {
        memcpy(t->id, given.ptr, given.len);
        t->id_len = given.len;
        return;
    }
    uint8_t random[10]; /* nwaku's length */
    char hex[2 * sizeof random + 1];
    rng_fill(env->rng, random, sizeof random);
    hex_encode(SPAN_ARRAY(random), hex);
    t->id_len = sizeof hex - 1;
    memcpy(t->id, hex, t->id_len);
}

static enum err emit_request(struct store_client *c, const struct question *t,
                             const struct store_query *query)
{
    struct buf bytes = BUF_INIT(STORE_QUERY_REQUEST_BYTES_MAX);
    struct store_client_out o = {.kind = STORE_CLIENT_REQUEST, .ticket = t->ticket};
    struct store_query q = *query; /* its hashes stay the caller's */
    q.request_id = span_of(t->id, t->id_len);
    enum err err = store_query_encode(&q, &bytes);
    if (err == OK)
        err = (o.bytes = blob_new(buf_span(&bytes))) == NULL ? ERR_MEMORY : OK;
    buf_clear(&bytes);
    if (err == OK && (err = fifo_push(&c->out, &o)) != OK)
        blob_unref(o.bytes);
    return err;
}

enum err store_client_ask(struct store_client *c, const struct env *env, uint64_t ticket,
                          const struct store_query *query)
{
    if (!within_bounds(query))
        return ERR_ARGUMENT;
    if (fifo_count(&c->out) + map_count(&c->questions) + 2 > OUTPUTS_MAX)
        return ERR_FULL;
    struct question *t = calloc(1, sizeof *t);
    if (t == NULL)
        return ERR_MEMORY;
    t->ticket = ticket;
    t->deadline = mono_add(env->now, STORE_CLIENT_TIMEOUT_NS);
    choose_id(t, env, query->request_id);
    enum err err = map_put(&c->questions, MAP_KEY(ticket), t);
    if (err == OK && (err = emit_request(c, t, query)) != OK)
        map_take(&c->questions, MAP_KEY(ticket));
    if (err != OK)
        free(t);
    return err;
}

/* store_client_ask keeps a place in the queue for the DONE of each question. */
static void done(struct store_client *c, struct question *t, enum err err)
{
    struct store_client_out o = {.kind = STORE_CLIENT_DONE, .ticket = t->ticket, .err = err};
    map_take(&c->questions, MAP_KEY(t->ticket));
    free(t);
    enum err pushed = fifo_push(&c->out, &o);
    assert(pushed == OK || pushed == ERR_MEMORY);
}

static enum err check_answer(struct store_client *c, const struct question *t, struct span in)
{
    if (c->answer == NULL)
        c->answer = calloc(1, sizeof *c->answer);
    struct store_answer *a = c->answer;
    if (a == NULL)
        return ERR_MEMORY;
    TRY(store_answer_decode(in, a));
    bool good = a->status >= 200 && a->status < 300; /* errors may come without the id */
    return good && !span_eq(a->request_id, span_of(t->id, t->id_len)) ? ERR_PROTOCOL : OK;
}

enum err store_client_answer(struct store_client *c, const struct env *env, uint64_t ticket,
                             struct span answer)
{
    (void)env;
    struct question *t = map_get(&c->questions, MAP_KEY(ticket));
    if (t == NULL)
        return OK;
    struct buf keep = BUF_INIT(STORE_QUERY_ANSWER_BYTES_MAX);
    enum err err = check_answer(c, t, answer);
    if (c->answer != NULL)
        c->answer->count = 0; /* its spans are the caller's: decoded again when polled */
    if (err == OK)
        err = buf_append(&keep, answer);
    if (err == OK)
        err = fifo_push(&c->answers, &keep);
    if (err != OK)
        buf_clear(&keep);
    done(c, t, err);
    return err == ERR_MEMORY ? ERR_MEMORY : OK;
}

void store_client_gone(struct store_client *c, uint64_t ticket, enum err why)
{
    struct question *t = map_get(&c->questions, MAP_KEY(ticket));
    if (t != NULL)
        done(c, t, why == OK ? ERR_CLOSED : why);
}

struct mono store_client_deadline(const struct store_client *c)
{
    size_t cursor = 0;
    const struct question *t = map_next(&c->questions, &cursor, NULL);
    return t == NULL ? MONO_NEVER : t->deadline;
}

void store_client_tick(struct store_client *c, const struct env *env)
{
    struct question *t;
    size_t cursor = 0;
    while ((t = map_next(&c->questions, &cursor, NULL)) != NULL && t->deadline.ns <= env->now.ns)
        done(c, t, ERR_TIMEOUT);
}

bool store_client_poll(struct store_client *c, struct store_client_out *out)
{
    if (!fifo_pop(&c->out, out))
        return false;
    if (out->kind != STORE_CLIENT_DONE || out->err != OK)
        return true;
    struct buf bytes;
    bool some = fifo_pop(&c->answers, &bytes);
    assert(some);
    buf_move(&c->current, &bytes);
    out->err = store_answer_decode(buf_span(&c->current), c->answer);
    out->answer = c->answer;
    return true;
}
