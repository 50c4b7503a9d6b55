/* Lightpush in both directions: what peers ask us to relay is judged as strictly as what relay
 * brings, then goes the way of own messages; what the user pushes goes by our relay or through a
 * service node. The codes are those of nwaku's waku_lightpush, but for a message that is too large:
 * 413, as WAKU-LIGHTPUSH says. */
#include "net/waku/waku.h"
#include "node/core/inside.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- judging ---- */

struct judged { /* a message that may be relayed */
    char text[32];
    struct span topic;
    struct buf stamped; /* the message, with our time when it had none */
};

/* Malformed, or in words that relay would not pass on: why not. */
static bool judge_message(const struct core *c, struct span message, struct waku_message *m,
                          struct lightpush_result *why)
{
    enum err err = waku_message_decode(message, m);

    if (message.len > c->config.message_bytes_max) {
        snprintf(why->desc, sizeof why->desc, "Message size exceeded maximum of %zu bytes",
                 c->config.message_bytes_max);
        why->status = LIGHTPUSH_STATUS_TOO_LARGE;
    } else if (err == ERR_FORMAT) {
        *why = lightpush_result(LIGHTPUSH_STATUS_BAD_REQUEST, "the message is malformed");
    } else if (err != OK) {
        *why = lightpush_result(LIGHTPUSH_STATUS_INVALID_MESSAGE, "the meta field is too long");
    } else if (m->payload.len == 0 || m->content_topic.len == 0) {
        *why = lightpush_result(LIGHTPUSH_STATUS_INVALID_MESSAGE,
                                "the message has no payload or no content topic");
    }
    return why->status == 0;
}

static bool judge_topic(const struct core *c, struct span given, const struct waku_message *m,
                        struct judged *j, struct lightpush_result *why)
{
    enum err err = publishing_topic(c, given, m->content_topic, j->text, &j->topic);

    if (err == OK)
        return true;
    if (err == ERR_NOT_FOUND)
        *why = lightpush_result(LIGHTPUSH_STATUS_UNSUPPORTED_TOPIC, NULL);
    else if (c->config.shards_in_network == 0)
        *why = lightpush_result(LIGHTPUSH_STATUS_INVALID_MESSAGE,
                                "Pubsub topic must be specified when static sharding is enabled");
    else
        *why = lightpush_result(LIGHTPUSH_STATUS_INVALID_MESSAGE, "Invalid content-topic");
    return false;
}

/* The archive needs a time, and nwaku adds one: behind the rest, so that nothing else changes. */
static enum err stamp(const struct env *env, struct span message, const struct waku_message *m,
                      struct buf *out)
{
    TRY(buf_append(out, message));
    return m->timestamp_ns != 0 ? OK : waku_message_stamp(env->wall, out);
}

static bool judge(const struct core *c, const struct env *env, struct span topic,
                  struct span message, struct judged *j, struct lightpush_result *why)
{
    struct waku_message m;

    *j = (struct judged){.stamped = BUF_INIT(c->config.message_bytes_max + 64)};
    if (!judge_message(c, message, &m, why) || !judge_topic(c, topic, &m, j, why))
        return false;
    if (stamp(env, message, &m, &j->stamped) != OK) {
        *why = lightpush_result(LIGHTPUSH_STATUS_FAILED, NULL);
        return false;
    }
    if (c->stopping || !archiving_has_room(c, j->stamped.len)) {
        *why = lightpush_result(LIGHTPUSH_STATUS_UNAVAILABLE,
                                c->stopping ? "the node is stopping" : "the queues are full");
        return false;
    }
    return true;
}

/* ---- by our own relay ---- */

/* No result yet. */
#define HELD ((struct lightpush_result){0})

static struct lightpush_result relayed(size_t peers)
{
    if (peers == 0)
        return lightpush_result(LIGHTPUSH_STATUS_NO_PEERS, NULL);
    return (struct lightpush_result){
        .status = LIGHTPUSH_STATUS_OK, .has_relay_peers = true, .relay_peers = (uint32_t)peers};
}

/* A message that would reach nobody is not taken at all: its sender looks for another node. */
static bool has_peers(const struct core *c, struct span topic)
{
    const struct gossipsub *g = host_gossipsub(c->host);
    uint64_t peer;

    return g != NULL && gossipsub_topic_peer(g, topic, false, 0, &peer);
}

static struct lightpush_result outcome(enum err err, size_t peers)
{
    if (err == OK)
        return relayed(peers);
    if (err == ERR_NOT_FOUND)
        return relayed(0);
    if (err == ERR_FULL)
        return lightpush_result(LIGHTPUSH_STATUS_UNAVAILABLE, "the queues are full");
    return lightpush_result(LIGHTPUSH_STATUS_FAILED, err_text(err));
}

static struct lightpush_result send_judged(struct core *c, const struct env *env,
                                           const struct judged *j, uint64_t from, uint64_t asker)
{
    struct outgoing m = {j->topic, buf_span(&j->stamped), from, asker};
    enum sent how;
    size_t peers = 0;

    if (!has_peers(c, j->topic))
        return relayed(0);
    enum err err = publishing_send(c, env, &m, NULL, &how, &peers);
    if (err == ERR_EXISTS) { /* pushed again, or relayed already: what was asked has happened */
        err = OK;
        peers = core_mesh_size(c, j->topic);
    }
    return err == OK && how == SENT_HELD ? HELD : outcome(err, peers);
}

/* HELD: push_done will tell the asker. */
static struct lightpush_result relay(struct core *c, const struct env *env, struct span topic,
                                     struct span message, uint64_t from, uint64_t asker)
{
    struct lightpush_result why = {0};
    struct judged j;

    if (judge(c, env, topic, message, &j, &why))
        why = send_judged(c, env, &j, from, asker);
    buf_clear(&j.stamped);
    return why;
}

/* Who waits for a held message: a ticket of the host or of the user, told apart by its last bit. */
static uint64_t asker_of(uint64_t ticket, bool user)
{
    return ticket << 1 | (user ? 1 : 0);
}

void push_of_peer(struct core *c, const struct env *env, const struct host_out *out)
{
    struct lightpush_result result =
        relay(c, env, out->topic, out->payload, out->peer, asker_of(out->ticket, false));

    if (result.status != HELD.status)
        host_push_answer(c->host, env, out->ticket, &result);
}

/* ---- of the user ---- */

static void tell_user(struct core *c, const struct env *env, uint64_t ticket,
                      const struct lightpush_result *result)
{
    struct lightpush_result *kept;

    if ((ticket & CORE_TICKET_CHAT) != 0) {
        chatting_pushed(c, env, ticket, result);
        return;
    }
    kept = malloc(sizeof *kept);
    if (kept != NULL)
        *kept = *result;
    core_emit(c, env,
              &(struct event_slot){.event = {.kind = CORE_EVENT_PUSHED,
                                             .ticket = ticket,
                                             .err = kept == NULL ? ERR_MEMORY : OK,
                                             .pushed = kept},
                                   .pushed = kept});
}

static uint64_t peer_that_serves(const struct core *c, const char *protocol)
{
    size_t cursor = 0;

    for (const struct host_peer *p; (p = host_peers(c->host, &cursor)) != NULL;)
        if (!p->going && host_peer_serves(p, protocol))
            return p->peer;
    return 0;
}

void push_done(struct core *c, const struct env *env, uint64_t asker, enum err err,
               uint32_t relay_peers)
{
    /* seen in gossip before the next hop answered: whoever sent it to us relays it */
    struct lightpush_result result = outcome(err, relay_peers == 0 ? 1 : relay_peers);

    if ((asker & 1) != 0)
        tell_user(c, env, asker >> 1, &result);
    else
        host_push_answer(c->host, env, asker >> 1, &result);
}

/* The named node when it is connected, else any that serves it. 0: none. */
static uint64_t service_node(const struct core *c)
{
    uint64_t named =
        c->pushing.has_node && c->swarm != NULL ? swarm_find(c->swarm, &c->pushing.node) : 0;

    if (named != 0 && host_peer(c->host, named) != NULL)
        return named;
    uint64_t peer = peer_that_serves(c, LIGHTPUSH_PROTOCOL);
    return peer != 0 ? peer : peer_that_serves(c, LIGHTPUSH_PROTOCOL_V2);
}

static struct lightpush_result refused(enum err err)
{
    if (err == ERR_NOT_FOUND)
        return lightpush_result(LIGHTPUSH_STATUS_UNAVAILABLE, "No suitable service peer");
    if (err == ERR_FULL)
        return lightpush_result(LIGHTPUSH_STATUS_UNAVAILABLE, "too many pushes are under way");
    if (err == ERR_ARGUMENT)
        return lightpush_result(LIGHTPUSH_STATUS_TOO_LARGE, NULL);
    if (err == ERR_TIMEOUT)
        return lightpush_result(LIGHTPUSH_STATUS_UNAVAILABLE, "Push request timed out");
    if (err == ERR_UNSUPPORTED || err == ERR_CLOSED)
        return lightpush_result(LIGHTPUSH_STATUS_NO_PEERS, "Peer is not accessible: dial_failure");
    return lightpush_result(LIGHTPUSH_STATUS_FAILED, err_text(err));
}

static enum err through_node(struct core *c, const struct env *env, uint64_t peer,
                             struct span topic, struct span message, uint64_t ticket)
{
    uint64_t number = ++c->pushing.next, *kept = malloc(sizeof *kept);

    if (kept == NULL)
        return ERR_MEMORY;
    *kept = ticket;
    enum err err = map_put(&c->pushing.users, MAP_KEY(number), kept);
    if (err != OK) {
        free(kept);
        return err;
    }
    err = host_push(c->host, env, peer, topic, message, number);
    if (err != OK)
        free(map_take(&c->pushing.users, MAP_KEY(number)));
    return err;
}

void push_answered(struct core *c, const struct env *env, const struct host_out *out)
{
    if (stemming_answered(c, env, out))
        return;
    struct lightpush_result result = out->err == OK ? *out->pushed : refused(out->err);
    uint64_t number = out->ticket, *ticket = map_take(&c->pushing.users, MAP_KEY(number));

    if (ticket == NULL)
        return;
    /* as nwaku: reaching nobody is no success */
    if (result.status == LIGHTPUSH_STATUS_OK && result.has_relay_peers && result.relay_peers == 0)
        result = lightpush_result(LIGHTPUSH_STATUS_NO_PEERS, NULL);
    tell_user(c, env, *ticket, &result);
    free(ticket);
}

static struct lightpush_result push(struct core *c, const struct env *env, struct span topic,
                                    struct span message, uint64_t ticket)
{
    char text[32];

    if (c->config.relay && !c->pushing.has_node)
        return relay(c, env, topic, message, 0, asker_of(ticket, true));
    if (topic.len == 0) { /* the node would find it as well, but version 2 wants it named */
        struct waku_message m;
        if (waku_message_decode(message, &m) == OK && core_shard_of(c, m.content_topic, text) == OK)
            topic = span_str(text);
    }
    enum err err = through_node(c, env, service_node(c), topic, message, ticket);
    return err == OK ? HELD : refused(err);
}

enum err core_push(struct core *c, const struct env *env, struct span pubsub_topic,
                   const struct core_message *message, uint64_t ticket)
{
    struct buf encoded = BUF_INIT(c->config.message_bytes_max + 1024);
    struct lightpush_result result;
    enum err err = publishing_encode(c, env, message, &encoded);

    if (err == ERR_LIMIT)
        result = lightpush_result(LIGHTPUSH_STATUS_TOO_LARGE, NULL);
    else if (err == ERR_ARGUMENT)
        result = lightpush_result(LIGHTPUSH_STATUS_INVALID_MESSAGE, NULL);
    else if (err == OK)
        result = push(c, env, pubsub_topic, buf_span(&encoded), ticket);
    buf_clear(&encoded);
    if (err != OK && err != ERR_LIMIT && err != ERR_ARGUMENT)
        return err;
    if (result.status != HELD.status) /* a service node will answer, or the stem */
        tell_user(c, env, ticket, &result);
    return OK;
}

enum err push_through(struct core *c, const struct env *env, uint64_t peer, struct span topic,
                      const struct core_message *message, uint64_t ticket)
{
    struct buf encoded = BUF_INIT(c->config.message_bytes_max + 1024);
    enum err err = publishing_encode(c, env, message, &encoded);

    if (err == OK)
        err = through_node(c, env, peer, topic, buf_span(&encoded), ticket);
    buf_clear(&encoded);
    return err;
}

/* ---- life ---- */

enum err pushing_init(struct core *c, const struct env *env)
{
    uint8_t seed[16];
    struct multiaddr addr;

    rng_fill(env->rng, seed, sizeof seed);
    map_init(&c->pushing.users, seed, LIGHTPUSH_CLIENT_PENDING_MAX);
    if (c->config.lightpush_node == NULL)
        return OK;
    TRY(multiaddr_parse(span_str(c->config.lightpush_node), &addr));
    c->pushing.has_node = multiaddr_peer(&addr, &c->pushing.node);
    return c->pushing.has_node ? OK : ERR_ARGUMENT;
}

void pushing_clear(struct core *c)
{
    size_t cursor = 0;
    uint64_t *ticket;

    while ((ticket = map_next(&c->pushing.users, &cursor, NULL)) != NULL)
        free(ticket);
    map_clear(&c->pushing.users);
}
