/* The pushing end: pushes under way, each with a deadline. */
#include "net/services/lightpush.h"

#include "crypto/base/fifo.h"
#include "crypto/base/hex.h"
#include "crypto/base/map.h"

#include <stdlib.h>

#define OUTPUTS_MAX (4 * LIGHTPUSH_CLIENT_PENDING_MAX) /* who does not poll stops pushing */

struct push {
    uint64_t ticket;
    struct mono deadline;
    enum lightpush_version version;
    char id[21]; /* nwaku's length: 10 random bytes in hexadecimal */
};

struct lightpush_client {
    struct map pushes; /* by ticket, in order of pushing: deadlines ascend */
    struct fifo out;   /* of struct lightpush_client_out */
};

enum err lightpush_client_new(struct lightpush_client **out, const struct env *env)
{
    uint8_t seed[16];
    struct lightpush_client *c = calloc(1, sizeof *c);
    if (c == NULL)
        return ERR_MEMORY;
    rng_fill(env->rng, seed, sizeof seed);
    map_init(&c->pushes, seed, LIGHTPUSH_CLIENT_PENDING_MAX);
    fifo_init(&c->out, sizeof(struct lightpush_client_out), OUTPUTS_MAX);
    *out = c;
    return OK;
}

void lightpush_client_free(struct lightpush_client *c)
{
    struct lightpush_client_out o;
    struct push *p;
    size_t cursor = 0;
    if (c == NULL)
        return;
    while ((p = map_next(&c->pushes, &cursor, NULL)) != NULL)
        free(map_take(&c->pushes, MAP_KEY(p->ticket)));
    while (fifo_pop(&c->out, &o))
        blob_unref(o.bytes);
    fifo_clear(&c->out);
    map_clear(&c->pushes);
    free(c);
}

static enum err emit_request(struct lightpush_client *c, const struct push *p, struct span topic,
                             struct span message)
{
    struct buf bytes = BUF_INIT(LIGHTPUSH_REQUEST_BYTES_MAX);
    struct lightpush_client_out o = {
        .kind = LIGHTPUSH_CLIENT_REQUEST, .ticket = p->ticket, .version = p->version};
    struct lightpush_request r = {
        .request_id = span_str(p->id), .pubsub_topic = topic, .message = message};
    enum err err = lightpush_codecs[p->version].write_request(&r, &bytes);
    if (err == OK)
        err = (o.bytes = blob_new(buf_span(&bytes))) == NULL ? ERR_MEMORY : OK;
    buf_clear(&bytes);
    if (err == OK && (err = fifo_push(&c->out, &o)) != OK)
        blob_unref(o.bytes);
    return err == ERR_FULL ? ERR_ARGUMENT : err; /* of the buffer: the message is too long */
}

enum err lightpush_client_push(struct lightpush_client *c, const struct env *env, uint64_t ticket,
                               enum lightpush_version version, struct span pubsub_topic,
                               struct span message)
{
    uint8_t random[10];
    if (pubsub_topic.len > LIGHTPUSH_TOPIC_BYTES_MAX)
        return ERR_ARGUMENT;
    if (fifo_count(&c->out) + map_count(&c->pushes) + 2 > OUTPUTS_MAX)
        return ERR_FULL;
    struct push *p = calloc(1, sizeof *p);
    if (p == NULL)
        return ERR_MEMORY;
    p->ticket = ticket;
    p->version = version;
    p->deadline = mono_add(env->now, LIGHTPUSH_CLIENT_TIMEOUT_NS);
    rng_fill(env->rng, random, sizeof random);
    hex_encode(SPAN_ARRAY(random), p->id);
    enum err err = map_put(&c->pushes, MAP_KEY(ticket), p);
    if (err == OK && (err = emit_request(c, p, pubsub_topic, message)) != OK)
        map_take(&c->pushes, MAP_KEY(ticket));
    if (err != OK)
        free(p);
    return err;
}

static void done(struct lightpush_client *c, struct push *p, enum err err,
                 const struct lightpush_result *result)
{
    struct lightpush_client_out o = {
        .kind = LIGHTPUSH_CLIENT_DONE, .ticket = p->ticket, .version = p->version, .err = err};
    if (result != NULL)
        o.result = *result;
    bool room = fifo_push(&c->out, &o) == OK;
    assert(room); /* lightpush_client_push kept it */
    free(map_take(&c->pushes, MAP_KEY(p->ticket)));
}

/* A refusal for too many requests comes without our id: nwaku does not read such a request. */
static bool is_ours(const struct push *p, const struct lightpush_answer *a)
{
    return span_eq(a->request_id, span_str(p->id)) || a->result.status != LIGHTPUSH_STATUS_OK;
}

void lightpush_client_answer(struct lightpush_client *c, uint64_t ticket, struct span answer)
{
    struct push *p = map_get(&c->pushes, MAP_KEY(ticket));
    struct lightpush_answer a;
    if (p == NULL)
        return;
    enum err err = lightpush_codecs[p->version].read_answer(answer, &a);
    if (err == OK && !is_ours(p, &a))
        err = ERR_PROTOCOL;
    done(c, p, err, err == OK ? &a.result : NULL);
}

void lightpush_client_gone(struct lightpush_client *c, uint64_t ticket, enum err why)
{
    struct push *p = map_get(&c->pushes, MAP_KEY(ticket));
    if (p != NULL)
        done(c, p, why == OK ? ERR_CLOSED : why, NULL);
}

struct mono lightpush_client_deadline(const struct lightpush_client *c)
{
    size_t cursor = 0;
    const struct push *p = map_next(&c->pushes, &cursor, NULL);
    return p == NULL ? MONO_NEVER : p->deadline;
}

void lightpush_client_tick(struct lightpush_client *c, const struct env *env)
{
    struct push *p;
    size_t cursor = 0;
    while ((p = map_next(&c->pushes, &cursor, NULL)) != NULL && p->deadline.ns <= env->now.ns)
        done(c, p, ERR_TIMEOUT, NULL);
}

bool lightpush_client_poll(struct lightpush_client *c, struct lightpush_client_out *out)
{
    return fifo_pop(&c->out, out);
}
