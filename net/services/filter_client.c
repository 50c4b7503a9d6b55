/* The subscribing end: questions under way, what we want and from whom, and what is pushed to us.
 */
#include "net/services/filter.h"

#include "crypto/base/fifo.h"
#include "crypto/base/hex.h"
#include "crypto/base/map.h"
#include "net/services/filter_seen.h"
#include "net/waku/waku.h"

#include <stdlib.h>

#define KEY_BYTES_MAX (2 + 2 * FILTER_TOPIC_BYTES_MAX)

struct want {   /* a criterion that a service node has taken, and that we keep subscribed */
    bool asked; /* in this round of asking again */
    size_t pubsub_len, len;
    uint8_t key[]; /* length of the pubsub topic, both topics */
};

struct ask {
    uint64_t number, peer, ticket; /* ticket 0: of our own accord */
    struct mono deadline;
    enum filter_kind kind;
    char id[21];
    struct blob *request; /* its topics, for when it is answered */
    struct filter_request parts;
};

struct filter_client {
    uint64_t peer;
    struct map wants; /* struct want */
    struct map asks;  /* struct ask, by number: deadlines ascend */
    uint64_t next_ask;
    struct fifo out; /* struct filter_client_out */
    struct filter_seen seen;
    struct mono ping_at;
    unsigned pings_failed;
    struct filter_client_counters counters;
};

static struct span key_of(struct span pubsub, struct span topic, uint8_t out[KEY_BYTES_MAX])
{
    out[0] = (uint8_t)(pubsub.len >> 8);
    out[1] = (uint8_t)pubsub.len;
    memcpy(out + 2, pubsub.ptr, pubsub.len);
    memcpy(out + 2 + pubsub.len, topic.ptr, topic.len);
    return span_of(out, 2 + pubsub.len + topic.len);
}

static struct span want_key(const struct want *w)
{
    return span_of(w->key, w->len);
}

static struct span want_pubsub(const struct want *w)
{
    return span_of(w->key + 2, w->pubsub_len);
}

static struct span want_topic(const struct want *w)
{
    return span_of(w->key + 2 + w->pubsub_len, w->len - 2 - w->pubsub_len);
}

/* ---- life ---- */

enum err filter_client_new(struct filter_client **out, const struct env *env)
{
    uint8_t seed[16];
    struct filter_client *c = calloc(1, sizeof *c);

    if (c == NULL)
        return ERR_MEMORY;
    rng_fill(env->rng, seed, sizeof seed);
    map_init(&c->wants, seed, FILTER_WANTED_MAX);
    map_init(&c->asks, seed, FILTER_ASKS_MAX);
    fifo_init(&c->out, sizeof(struct filter_client_out),
              FILTER_CLIENT_OUT_MAX + 2 * FILTER_ASKS_MAX);
    filter_seen_init(&c->seen, env->rng);
    c->next_ask = 1;
    c->ping_at = MONO_NEVER;
    *out = c;
    return OK;
}

static void ask_free(struct filter_client *c, struct ask *a)
{
    map_take(&c->asks, MAP_KEY(a->number));
    blob_unref(a->request);
    free(a);
}

static void want_free(struct filter_client *c, struct want *w)
{
    map_take(&c->wants, want_key(w));
    free(w);
}

static void forget_wants(struct filter_client *c)
{
    size_t cursor = 0;
    struct want *w;

    while ((w = map_next(&c->wants, &cursor, NULL)) != NULL)
        want_free(c, w);
}

void filter_client_free(struct filter_client *c)
{
    struct filter_client_out o;
    struct ask *a;
    size_t cursor = 0;

    if (c == NULL)
        return;
    while ((a = map_next(&c->asks, &cursor, NULL)) != NULL)
        ask_free(c, a);
    forget_wants(c);
    while (fifo_pop(&c->out, &o))
        blob_unref(o.bytes);
    fifo_clear(&c->out);
    filter_seen_clear(&c->seen);
    map_clear(&c->asks);
    map_clear(&c->wants);
    free(c);
}

const struct filter_client_counters *filter_client_counters(const struct filter_client *c)
{
    return &c->counters;
}

uint64_t filter_client_peer(const struct filter_client *c)
{
    return c->peer;
}

/* ---- asking ---- */

static enum err encode(struct ask *a, const struct filter_request *r)
{
    struct buf b = BUF_INIT(FILTER_REQUEST_BYTES_MAX);
    const char *why;
    enum err err = filter_request_encode(r, &b);

    if (err == OK)
        err = (a->request = blob_new(buf_span(&b))) == NULL ? ERR_MEMORY : OK;
    buf_clear(&b);
    return err == OK ? filter_request_decode(blob_span(a->request), &a->parts, &why) : err;
}

static enum err enter(struct filter_client *c, struct ask *a)
{
    TRY(map_put(&c->asks, MAP_KEY(a->number), a));
    struct filter_client_out o = {.kind = FILTER_CLIENT_REQUEST,
                                  .peer = a->peer,
                                  .ask = a->number,
                                  .bytes = blob_ref(a->request)};
    enum err err = fifo_push(&c->out, &o);
    if (err != OK)
        blob_unref(o.bytes);
    return err;
}

static enum err ask_peer(struct filter_client *c, const struct env *env, uint64_t peer,
                         struct filter_request *r, uint64_t ticket)
{
    uint8_t random[10]; /* nwaku's length */
    struct ask *a = calloc(1, sizeof *a);

    if (a == NULL)
        return ERR_MEMORY;
    rng_fill(env->rng, random, sizeof random);
    hex_encode(SPAN_ARRAY(random), a->id);
    r->request_id = span_of(a->id, sizeof a->id - 1);
    a->number = c->next_ask++;
    a->peer = peer;
    a->ticket = ticket;
    a->kind = r->kind;
    a->deadline = mono_add(env->now, FILTER_ASK_TIMEOUT_NS);
    enum err err = encode(a, r);
    if (err == OK)
        err = enter(c, a);
    if (err != OK)
        ask_free(c, a);
    else
        c->counters.requests++;
    return err;
}

static enum err ask(struct filter_client *c, const struct env *env, struct filter_request *r,
                    uint64_t ticket)
{
    return ask_peer(c, env, c->peer, r, ticket);
}

static enum err within_bounds(const struct filter_client *c, enum filter_kind kind,
                              struct span pubsub, const struct span *topics, size_t count)
{
    bool needs = kind == FILTER_SUBSCRIBE || kind == FILTER_UNSUBSCRIBE;

    if (needs != (pubsub.len > 0) || needs != (count > 0) || count > FILTER_TOPICS_MAX ||
        pubsub.len > FILTER_TOPIC_BYTES_MAX)
        return ERR_ARGUMENT;
    for (size_t i = 0; i < count; i++)
        if (topics[i].len == 0 || topics[i].len > FILTER_TOPIC_BYTES_MAX)
            return ERR_ARGUMENT;
    return kind == FILTER_SUBSCRIBE && map_count(&c->wants) + count > FILTER_WANTED_MAX ? ERR_FULL
                                                                                        : OK;
}

enum err filter_client_ask(struct filter_client *c, const struct env *env, enum filter_kind kind,
                           struct span pubsub_topic, const struct span *content_topics,
                           size_t count, uint64_t ticket)
{
    struct filter_request r = {.kind = kind, .pubsub_topic = pubsub_topic, .count = count};

    if (c->peer == 0)
        return ERR_NOT_FOUND;
    TRY(within_bounds(c, kind, pubsub_topic, content_topics, count));
    for (size_t i = 0; i < count; i++)
        r.content_topics[i] = content_topics[i];
    return ask(c, env, &r, ticket);
}

/* Say something to a peer about everything that we want, in requests of one pubsub topic each. What
 * does not go now is asked with the answer to the next ping: 404. */
static void ask_for_all(struct filter_client *c, const struct env *env, uint64_t peer,
                        enum filter_kind kind)
{
    struct want *w, *first;
    size_t cursor = 0;

    while ((w = map_next(&c->wants, &cursor, NULL)) != NULL)
        w->asked = false;
    do {
        struct filter_request r = {.kind = kind};
        first = NULL;
        cursor = 0;
        while (r.count < FILTER_TOPICS_MAX && (w = map_next(&c->wants, &cursor, NULL)) != NULL) {
            if (w->asked || (first != NULL && !span_eq(want_pubsub(first), want_pubsub(w))))
                continue;
            first = first == NULL ? w : first;
            w->asked = true;
            r.content_topics[r.count++] = want_topic(w);
        }
        if (first == NULL)
            return;
        r.pubsub_topic = want_pubsub(first);
        if (ask_peer(c, env, peer, &r, 0) != OK)
            return;
    } while (first != NULL);
}

static void ask_again(struct filter_client *c, const struct env *env)
{
    ask_for_all(c, env, c->peer, FILTER_SUBSCRIBE);
}

void filter_client_use(struct filter_client *c, const struct env *env, uint64_t peer)
{
    uint64_t former = c->peer;

    if (peer == former)
        return;
    c->peer = peer;
    c->pings_failed = 0;
    c->ping_at = peer == 0 ? MONO_NEVER : mono_add(env->now, FILTER_PING_NS);
    if (peer == 0)
        return;
    ask_again(c, env);
    if (former != 0)
        ask_for_all(c, env, former, FILTER_UNSUBSCRIBE);
}

/* ---- answers ---- */

static void want(struct filter_client *c, struct span pubsub, struct span topic)
{
    uint8_t key[KEY_BYTES_MAX];
    struct span k = key_of(pubsub, topic, key);
    struct want *w = map_get(&c->wants, k) != NULL ? NULL : calloc(1, sizeof *w + k.len);

    if (w == NULL)
        return;
    w->pubsub_len = pubsub.len;
    w->len = k.len;
    memcpy(w->key, k.ptr, k.len);
    if (map_put(&c->wants, k, w) != OK)
        free(w);
}

static void unwant(struct filter_client *c, struct span pubsub, struct span topic)
{
    uint8_t key[KEY_BYTES_MAX];

    free(map_take(&c->wants, key_of(pubsub, topic, key)));
}

/* Whatever the answer to an UNSUBSCRIBE was, we do not want it any more. */
static void settle(struct filter_client *c, const struct env *env, const struct ask *a, bool good)
{
    const struct filter_request *r = &a->parts;
    bool kept = a->kind == FILTER_SUBSCRIBE && good && a->ticket != 0;

    if (a->kind == FILTER_UNSUBSCRIBE_ALL)
        forget_wants(c);
    for (size_t i = 0; i < r->count; i++)
        if (a->kind == FILTER_UNSUBSCRIBE && a->ticket != 0) /* else: of a former service */
            unwant(c, r->pubsub_topic, r->content_topics[i]);
        else if (kept)
            want(c, r->pubsub_topic, r->content_topics[i]);
    if (kept && a->peer == c->peer)
        c->ping_at = mono_add(env->now, FILTER_PING_NS);
    else if (kept && c->peer != 0)
        ask_again(c, env); /* another peer serves us meanwhile */
}

/* Pings, ours and the user's, tell whether the peer still serves us. */
static void judge_peer(struct filter_client *c, const struct env *env, const struct ask *a,
                       enum err err, uint32_t status)
{
    if (a->kind != FILTER_PING || a->peer != c->peer)
        return;
    c->pings_failed = err == OK ? 0 : c->pings_failed + 1;
    if (err == OK && status == FILTER_STATUS_NOT_FOUND)
        ask_again(c, env);
    if (c->pings_failed < FILTER_PINGS_LOST)
        return;
    c->pings_failed = 0;
    struct filter_client_out lost = {.kind = FILTER_CLIENT_LOST, .peer = c->peer};
    if (fifo_push(&c->out, &lost) != OK)
        log_unusual(env, "filter", "lost peer not told");
}

static void done(struct filter_client *c, const struct env *env, struct ask *a, enum err err,
                 struct span answer)
{
    struct filter_answer said = {0};
    struct filter_client_out o = {.kind = FILTER_CLIENT_DONE, .ticket = a->ticket};

    if (err == OK)
        err = filter_answer_decode(answer, &said);
    if (err == OK && said.status != FILTER_STATUS_TOO_MANY && /* which nwaku gives without the id */
        !span_eq(said.request_id, a->parts.request_id))
        err = ERR_PROTOCOL;
    bool good = err == OK && said.status >= 200 && said.status < 300;
    c->counters.request_errors += !good;
    settle(c, env, a, good);
    judge_peer(c, env, a, err, said.status);
    if (a->ticket != 0) {
        o.err = err;
        o.bytes = err == OK ? blob_new(answer) : NULL; /* decoded again when it is polled */
        if (err == OK && o.bytes == NULL)
            o.err = ERR_MEMORY;
        if (fifo_push(&c->out, &o) != OK)
            blob_unref(o.bytes);
    }
    ask_free(c, a);
}

void filter_client_answer(struct filter_client *c, const struct env *env, uint64_t number,
                          struct span answer)
{
    struct ask *a = map_get(&c->asks, MAP_KEY(number));

    if (a != NULL)
        done(c, env, a, OK, answer);
}

void filter_client_gone(struct filter_client *c, const struct env *env, uint64_t number,
                        enum err why)
{
    struct ask *a = map_get(&c->asks, MAP_KEY(number));

    if (a != NULL)
        done(c, env, a, why == OK ? ERR_CLOSED : why, SPAN_EMPTY);
}

/* ---- pushes ---- */

/* 12/WAKU2-FILTER "Message Push": of a service node and for topics that we subscribed to. */
static bool is_wanted(const struct filter_client *c, uint64_t peer, struct span pubsub,
                      struct span topic)
{
    uint8_t key[KEY_BYTES_MAX];

    return peer == c->peer && peer != 0 && pubsub.len <= FILTER_TOPIC_BYTES_MAX && topic.len > 0 &&
           topic.len <= FILTER_TOPIC_BYTES_MAX &&
           map_get(&c->wants, key_of(pubsub, topic, key)) != NULL;
}

enum err filter_client_push(struct filter_client *c, const struct env *env, uint64_t peer,
                            struct span push)
{
    struct filter_push p;
    struct waku_message m;
    struct filter_client_out o = {.kind = FILTER_CLIENT_MESSAGE, .peer = peer};

    if (filter_push_decode(push, &p) != OK || waku_message_decode(p.message, &m) != OK) {
        c->counters.malformed++;
        return ERR_FORMAT;
    }
    if (!is_wanted(c, peer, p.pubsub_topic, m.content_topic)) {
        c->counters.unwanted++;
        return ERR_REFUSED;
    }
    waku_message_hash(p.pubsub_topic, &m, o.hash);
    if (filter_seen_before(&c->seen, env->now, o.hash)) {
        c->counters.duplicates++;
        return OK;
    }
    o.bytes = fifo_count(&c->out) < FILTER_CLIENT_OUT_MAX ? blob_new(push) : NULL;
    if (o.bytes == NULL || fifo_push(&c->out, &o) != OK) {
        log_unusual(env, "filter", "pushed message lost waiting=%zu", fifo_count(&c->out));
        blob_unref(o.bytes);
        return OK;
    }
    c->counters.messages++;
    return OK;
}

bool filter_client_poll(struct filter_client *c, struct filter_client_out *out)
{
    struct filter_answer said;
    struct filter_push p;

    if (!fifo_pop(&c->out, out))
        return false;
    if (out->kind == FILTER_CLIENT_DONE && out->err == OK) {
        out->err = filter_answer_decode(blob_span(out->bytes), &said);
        out->status = said.status;
        out->desc = said.desc;
    }
    if (out->kind == FILTER_CLIENT_MESSAGE) {
        out->err = filter_push_decode(blob_span(out->bytes), &p);
        out->pubsub_topic = p.pubsub_topic;
        out->message = p.message;
    }
    return true;
}

/* ---- time ---- */

struct mono filter_client_deadline(const struct filter_client *c)
{
    size_t cursor = 0;
    const struct ask *a = map_next(&c->asks, &cursor, NULL);
    struct mono ping = map_count(&c->wants) > 0 ? c->ping_at : MONO_NEVER;

    return a == NULL ? ping : mono_min(ping, a->deadline);
}

void filter_client_tick(struct filter_client *c, const struct env *env)
{
    struct filter_request ping = {.kind = FILTER_PING};
    struct ask *a;
    size_t cursor = 0;

    while ((a = map_next(&c->asks, &cursor, NULL)) != NULL && a->deadline.ns <= env->now.ns)
        done(c, env, a, ERR_TIMEOUT, SPAN_EMPTY);
    if (c->peer == 0 || map_count(&c->wants) == 0 || c->ping_at.ns > env->now.ns)
        return;
    c->ping_at = mono_add(env->now, FILTER_PING_NS);
    enum err err = ask(c, env, &ping, 0);
    if (err != OK)
        log_unusual(env, "filter", "no ping err=%s", err_name(err));
}
