/* Chats and the node that carries them. A chat gets what relay, filter and stores bring under its
 * topics; what it wants of the network is polled:
 *
 *     CHAT_OUT_PUBLISH: our relay, by the stem; without one a service node -> chat_published
 *     CHAT_OUT_FETCH:   chatting_fetch.c -> chat_received, chat_fetched
 *     CHAT_OUT_LISTEN:  chatting_listen.c
 *
 * What is under way has a number of its own, so that tickets of several chats, and those of the
 * user, never meet; what belongs to a chat that was detached is dropped when its answer comes. */
#include "node/core/chatting.h"
#include "net/waku/waku.h"

#include <stdlib.h>

#define PREFIX SPAN_LIT("/sotto/1/")

/* ---- works ---- */

struct chat_work *chatting_work(struct core *c, enum work_kind kind, uint64_t *number)
{
    struct chat_work *w = calloc(1, sizeof *w);

    if (w == NULL)
        return NULL;
    w->kind = kind;
    *number = ++c->chatting->works_made;
    if (map_put(&c->chatting->works, MAP_KEY(*number), w) == OK)
        return w;
    free(w);
    return NULL;
}

void chatting_work_free(struct core *c, uint64_t number)
{
    free(map_take(&c->chatting->works, MAP_KEY(number)));
}

/* The work of a ticket, taken; NULL: it was given up. The caller frees it. */
static struct chat_work *take_work(struct core *c, uint64_t ticket, uint64_t *number)
{
    *number = ticket & ~CORE_TICKET_CHAT;
    return c->chatting == NULL ? NULL : map_take(&c->chatting->works, MAP_KEY(*number));
}

/* The chat of a work; NULL: it is not attached any more. */
static struct attached *chat_of(struct core *c, const struct chat_work *w)
{
    struct attached *a = &c->chatting->places[w->place];

    return a->chat != NULL && a->life == w->life ? a : NULL;
}

/* ---- topics ---- */

bool chatting_is_ours(struct span content_topic)
{
    return content_topic.len > PREFIX.len && memcmp(content_topic.ptr, PREFIX.ptr, PREFIX.len) == 0;
}

enum err chatting_topic_name(struct span from, struct topic_name *out)
{
    if (from.len == 0 || from.len > sizeof out->text)
        return ERR_LIMIT;
    out->len = from.len;
    memcpy(out->text, from.ptr, from.len);
    return OK;
}

struct span topic_name_span(const struct topic_name *t)
{
    return span_of(t->text, t->len);
}

/* The shard of all topics of chats: autosharding goes by the first two parts of a content topic,
 * and those are the same (51/WAKU2-RELAY-SHARDING). */
static void find_shard(const struct core *c, char out[WAKU_SHARD_TEXT_MAX])
{
    if (core_shard_of(c, SPAN_LIT("/sotto/1/b00/bin"), out) == OK)
        return;
    out[0] = '\0';
    if (c->has_static_shard)
        waku_shard_text((struct waku_shard){c->config.cluster, c->static_shard}, out);
}

/* ---- messages that came ---- */

void chatting_message(struct core *c, const struct env *env, struct span message)
{
    struct waku_message m;

    if (c->chatting == NULL || waku_message_decode(message, &m) != OK ||
        !chatting_is_ours(m.content_topic))
        return;
    for (size_t i = 0; i < CORE_CHATS_MAX; i++) {
        struct attached *a = &c->chatting->places[i];
        if (a->chat != NULL)
            a->calls->received(a->chat, env, m.content_topic, m.payload);
    }
}

/* ---- publishing ---- */

static void published(struct core *c, const struct env *env, const struct chat_work *w,
                      enum err err)
{
    struct attached *a = chat_of(c, w);

    if (a == NULL)
        return;
    a->publishing--;
    a->calls->published(a->chat, env, w->ticket, err);
}

static enum err outcome(const struct lightpush_result *r)
{
    switch (r->status) {
    case LIGHTPUSH_STATUS_OK:
        return OK;
    case LIGHTPUSH_STATUS_NO_PEERS:
        return ERR_NOT_FOUND;
    case LIGHTPUSH_STATUS_TOO_LARGE:
        return ERR_LIMIT;
    case LIGHTPUSH_STATUS_TOO_MANY:
    case LIGHTPUSH_STATUS_UNAVAILABLE:
        return ERR_FULL;
    case LIGHTPUSH_STATUS_BAD_REQUEST:
    case LIGHTPUSH_STATUS_UNSUPPORTED_TOPIC:
    case LIGHTPUSH_STATUS_INVALID_MESSAGE:
    case LIGHTPUSH_STATUS_FAILED:
        return ERR_REFUSED;
    }
    return ERR_REFUSED; /* a code that a later version invents */
}

void chatting_pushed(struct core *c, const struct env *env, uint64_t ticket,
                     const struct lightpush_result *result)
{
    uint64_t number;
    struct chat_work *w = take_work(c, ticket, &number);

    if (w == NULL)
        return;
    enum err err = outcome(result);
    if (err != OK && w->peer != 0 && w->peer == c->chatting->pusher) {
        c->chatting->pusher = 0; /* the next one goes through another */
        c->chatting->pusher_failed = w->peer;
    }
    published(c, env, w, err);
    free(w);
}

bool chatting_has_shard(const struct core *c, const struct host_peer *p)
{
    struct waku_shard shard;

    if (!p->metadata_known || p->shards_count == 0 ||
        waku_shard_parse(span_str(c->chatting->pubsub), &shard) != OK)
        return true; /* nobody knows: ask */
    for (size_t i = 0; i < p->shards_count; i++)
        if (p->shards[i] == shard.index)
            return true;
    return false;
}

static bool pushes(const struct core *c, const struct host_peer *p)
{
    return p != NULL && !p->going && chatting_has_shard(c, p) &&
           (host_peer_serves(p, LIGHTPUSH_PROTOCOL) || host_peer_serves(p, LIGHTPUSH_PROTOCOL_V2));
}

/* Who publishes for us: always the same one as long as it does, else a random other. 0: nobody. */
static uint64_t pusher(struct core *c, const struct env *env)
{
    struct chatting *t = c->chatting;
    const struct host_peer *p;
    uint64_t chosen = 0, seen = 0;

    if (t->pusher != 0 && pushes(c, host_peer(c->host, t->pusher)))
        return t->pusher;
    for (size_t cursor = 0; (p = host_peers(c->host, &cursor)) != NULL;)
        if (pushes(c, p) && p->peer != t->pusher_failed && rng_below(env->rng, ++seen) == 0)
            chosen = p->peer;
    if (chosen == 0 && pushes(c, host_peer(c->host, t->pusher_failed)))
        chosen = t->pusher_failed; /* there is no other */
    return t->pusher = chosen;
}

static enum err push(struct core *c, const struct env *env, const struct core_message *m,
                     struct chat_work *w, uint64_t number)
{
    struct span pubsub = span_str(c->chatting->pubsub);

    if (pubsub.len == 0)
        return ERR_ARGUMENT;
    if (c->config.relay || c->pushing.has_node)
        return core_push(c, env, pubsub, m, CORE_TICKET_CHAT | number);
    w->peer = pusher(c, env);
    return w->peer == 0 ? ERR_NOT_FOUND
                        : push_through(c, env, w->peer, pubsub, m, CORE_TICKET_CHAT | number);
}

static void publish(struct core *c, const struct env *env, size_t place, const struct chat_out *out)
{
    const struct core_message m = {
        .payload = out->payload, .content_topic = out->topic, .timestamp_ns = out->timestamp_ns};
    struct attached *a = &c->chatting->places[place];
    uint64_t number, ticket = out->ticket;
    struct chat_work *w = chatting_work(c, WORK_PUBLISH, &number);

    a->publishing++;
    if (w == NULL) {
        published(c, env, &(struct chat_work){.place = place, .life = a->life, .ticket = ticket},
                  ERR_FULL);
        return;
    }
    w->place = place;
    w->life = a->life;
    w->ticket = ticket;
    enum err err = push(c, env, &m, w, number); /* may have told, and freed w */
    if (err == OK)
        return;
    w = map_take(&c->chatting->works, MAP_KEY(number));
    if (w != NULL)
        published(c, env, w, err);
    free(w);
}

/* ---- other answers ---- */

void chatting_store_answered(struct core *c, const struct env *env, uint64_t ticket, enum err err,
                             const struct store_answer *answer)
{
    uint64_t number;
    struct chat_work *w = take_work(c, ticket, &number);

    if (w != NULL)
        fetch_answered(c, env, w->fetch, err, answer);
    free(w);
}

void chatting_filter_told(struct core *c, const struct env *env, const struct host_out *out)
{
    uint64_t number;
    struct chat_work *w;

    switch (out->kind) {
    case HOST_OUT_FILTERED:
        chatting_message(c, env, out->payload);
        break;
    case HOST_OUT_FILTER_LOST:
        if (c->chatting != NULL)
            listen_lost(c, env, out->slot, out->peer);
        break;
    default:
        w = take_work(c, out->ticket, &number);
        if (w != NULL)
            listen_answered(c, env, w, number,
                            out->err == OK && out->status >= 200 && out->status < 300);
        free(w);
    }
}

/* ---- are there peers? ---- */

static bool reachable(const struct core *c)
{
    const struct gossipsub *g = host_gossipsub(c->host);
    const struct host_peer *p;
    uint64_t peer;

    if (g != NULL)
        return gossipsub_topic_peer(g, span_str(c->chatting->pubsub), false, 0, &peer);
    for (size_t cursor = 0; (p = host_peers(c->host, &cursor)) != NULL;)
        if (pushes(c, p))
            return true;
    return false;
}

void chatting_peers_changed(struct core *c)
{
    if (c->chatting != NULL)
        c->chatting->look = c->chatting->peers_changed = true;
}

static bool tell_online(struct core *c, const struct env *env)
{
    struct chatting *t = c->chatting;
    bool any = false;

    if (!t->reachable || t->look)
        t->reachable = !c->stopping && reachable(c);
    for (size_t i = 0; i < CORE_CHATS_MAX; i++) {
        struct attached *a = &t->places[i];
        if (a->chat == NULL || a->online == t->reachable)
            continue;
        a->online = t->reachable;
        a->calls->online(a->chat, env, a->online);
        any = true;
    }
    return any;
}

/* ---- outputs ---- */

static void listen_to(struct core *c, const struct env *env, struct attached *a,
                      const struct chat_out *out)
{
    a->topics_count = 0;
    for (size_t i = 0; i < out->topics_count; i++) {
        if (chatting_topic_name(out->topics[i], &a->topics[a->topics_count]) == OK)
            a->topics_count++;
        else
            log_broken(env, "chat", "topic to listen to is too long len=%zu", out->topics[i].len);
    }
    c->chatting->listen_changed = true;
}

static void take(struct core *c, const struct env *env, size_t place, const struct chat_out *out)
{
    struct attached *a = &c->chatting->places[place];
    uint64_t ticket = out->ticket;
    enum err err;

    switch (out->kind) {
    case CHAT_OUT_PUBLISH:
        publish(c, env, place, out);
        break;
    case CHAT_OUT_FETCH:
        err = fetch_begin(c, env, place, out);
        if (err != OK)
            a->calls->fetched(a->chat, env, ticket, err);
        break;
    case CHAT_OUT_LISTEN:
        listen_to(c, env, a, out);
        break;
    }
}

static bool poll(struct core *c, const struct env *env, size_t place)
{
    struct attached *a = &c->chatting->places[place];
    struct chat_out out;
    size_t n = 0;

    while (a->chat != NULL && n < CORE_CHAT_OUTS_MAX && a->publishing < CORE_CHAT_PUBLISHING_MAX &&
           a->fetching < CORE_CHAT_FETCHES_MAX && a->calls->poll(a->chat, env, &out)) {
        take(c, env, place, &out);
        n++;
    }
    return n > 0;
}

bool chatting_pump(struct core *c, const struct env *env)
{
    bool any;

    if (c->chatting == NULL)
        return false;
    any = tell_online(c, env);
    for (size_t i = 0; i < CORE_CHATS_MAX && !c->stopping; i++)
        any = poll(c, env, i) || any;
    if (!c->stopping) {
        any = listen_pump(c, env) || any;
        any = fetch_pump(c, env) || any;
    }
    c->chatting->look = false;
    return any;
}

/* ---- time ---- */

void chatting_tick(struct core *c, const struct env *env)
{
    if (c->chatting == NULL)
        return;
    c->chatting->look = true;
    for (size_t i = 0; i < CORE_CHATS_MAX; i++) {
        struct attached *a = &c->chatting->places[i];
        if (a->chat != NULL)
            a->calls->tick(a->chat, env);
    }
}

struct mono chatting_deadline(const struct core *c)
{
    struct mono due = MONO_NEVER;

    if (c->chatting == NULL || c->stopping)
        return due;
    for (size_t i = 0; i < CORE_CHATS_MAX; i++) {
        const struct attached *a = &c->chatting->places[i];
        if (a->chat != NULL)
            due = mono_min(due, a->calls->deadline(a->chat));
    }
    return mono_min(due, mono_min(fetch_deadline(c), listen_deadline(c)));
}

/* ---- life ---- */

static enum err begin(struct core *c, const struct env *env)
{
    uint8_t seed[16];

    c->chatting = calloc(1, sizeof *c->chatting);
    if (c->chatting == NULL)
        return ERR_MEMORY;
    rng_fill(env->rng, seed, sizeof seed);
    map_init(&c->chatting->works, seed, CORE_CHAT_WORKS_MAX);
    c->chatting->listen_next = MONO_NEVER;
    c->chatting->look = c->chatting->peers_changed = true;
    find_shard(c, c->chatting->pubsub);
    if (c->chatting->pubsub[0] == '\0')
        log_unusual(env, "chat", "no shard: neither autosharding nor --shard");
    return OK;
}

enum err chatting_attach(struct core *c, const struct env *env, struct chat *chat,
                         const struct chat_calls *calls)
{
    struct attached *free_place = NULL;

    if (c->chatting == NULL)
        TRY(begin(c, env));
    for (size_t i = CORE_CHATS_MAX; i-- > 0;) {
        struct attached *a = &c->chatting->places[i];
        if (a->chat == chat)
            return ERR_EXISTS;
        if (a->chat == NULL)
            free_place = a;
    }
    if (free_place == NULL)
        return ERR_FULL;
    c->chatting->listen_changed = true;
    *free_place = (struct attached){.chat = chat, .calls = calls, .life = ++c->chatting->lives};
    return OK;
}

void core_detach_chat(struct core *c, const struct env *env, struct chat *chat)
{
    for (size_t i = 0; c->chatting != NULL && i < CORE_CHATS_MAX; i++) {
        struct attached *a = &c->chatting->places[i];
        if (a->chat != chat)
            continue;
        fetch_forget(c, i);
        *a = (struct attached){0};
        c->chatting->listen_changed = true;
        log_debug(env, "chat", "detached place=%zu", i);
    }
}

void chatting_clear(struct core *c)
{
    struct chat_work *w;

    if (c->chatting == NULL)
        return;
    for (size_t i = 0; i < CORE_CHATS_MAX; i++)
        fetch_forget(c, i);
    for (size_t cursor = 0; (w = map_next(&c->chatting->works, &cursor, NULL)) != NULL;)
        free(w);
    map_clear(&c->chatting->works);
    free(c->chatting);
    c->chatting = NULL;
}
