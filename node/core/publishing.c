/* Messages of the user and of who pushes to us: which topic, which bytes, which hash, and whether
 * by the stem. A published one is archived and shown like one that came from a peer. */
#include "net/waku/waku.h"
#include "node/core/inside.h"

#include <stdlib.h>

enum err core_message_read(struct span encoded, struct core_message *out)
{
    struct waku_message m;

    TRY(waku_message_decode(encoded, &m));
    *out = (struct core_message){.payload = m.payload,
                                 .content_topic = m.content_topic,
                                 .meta = m.meta,
                                 .version = m.version,
                                 .timestamp_ns = m.timestamp_ns,
                                 .ephemeral = m.ephemeral};
    return OK;
}

enum err publishing_topic(const struct core *c, struct span given, struct span content_topic,
                          char text[32], struct span *out)
{
    *out = given;
    if (given.len == 0) {
        TRY(core_shard_of(c, content_topic, text));
        *out = span_str(text);
    }
    return map_get(&c->topics.names, *out) == NULL ? ERR_NOT_FOUND : OK;
}

enum err publishing_encode(const struct core *c, const struct env *env,
                           const struct core_message *from, struct buf *out)
{
    struct waku_message m = {
        .payload = from->payload,
        .content_topic = from->content_topic,
        .meta = from->meta,
        .version = from->version,
        .timestamp_ns = from->timestamp_ns != 0 ? from->timestamp_ns : env->wall.ns,
        .ephemeral = from->ephemeral,
    };

    if (from->payload.len == 0 || from->content_topic.len == 0)
        return ERR_ARGUMENT;
    enum err err = waku_message_encode(&m, out);
    if (err == ERR_FULL || out->len > c->config.message_bytes_max)
        return ERR_LIMIT;
    return err;
}

/* At once. */
static enum err relay(struct core *c, const struct env *env, const struct host_out *m,
                      size_t *relay_peers)
{
    TRY(host_publish(c->host, env, m->topic, m->payload, relay_peers));
    c->counters.messages_published++;
    core_message_seen(c, env, m);
    return OK;
}

enum err publishing_send(struct core *c, const struct env *env, const struct outgoing *m,
                         uint8_t hash[32], enum sent *how, size_t *relay_peers)
{
    struct waku_message fields;
    struct host_out out = {.kind = HOST_OUT_MESSAGE, .peer = m->from, .topic = m->topic};
    enum err err = OK;

    if (waku_relay_verdict(m->encoded, c->config.message_bytes_max, &fields) != GOSSIPSUB_ACCEPT)
        return m->encoded.len > c->config.message_bytes_max ? ERR_LIMIT : ERR_FORMAT;
    out.data = blob_new(m->encoded);
    if (out.data == NULL)
        return ERR_MEMORY;
    out.payload = blob_span(out.data);
    waku_message_hash(m->topic, &fields, out.hash);
    if (hash != NULL)
        memcpy(hash, out.hash, sizeof out.hash);
    *how = stemming_take(c, env, &out, m->asker) ? SENT_HELD : SENT_RELAYED;
    out.peer = 0;
    if (*how == SENT_RELAYED)
        err = relay(c, env, &out, relay_peers);
    else if (m->from == 0)
        core_message_show(c, env, &out);
    blob_unref(out.data);
    return err;
}

enum err core_publish(struct core *c, const struct env *env, struct span pubsub_topic,
                      const struct core_message *message, uint8_t hash[32])
{
    char text[32];
    struct span topic;
    size_t relay_peers;
    enum sent how;
    struct buf encoded = BUF_INIT(c->config.message_bytes_max + 1024);

    if (c->stopping)
        return ERR_FULL;
    TRY(publishing_topic(c, pubsub_topic, message->content_topic, text, &topic));
    enum err err = publishing_encode(c, env, message, &encoded);
    if (err == OK && !archiving_has_room(c, encoded.len))
        err = ERR_FULL;
    if (err == OK)
        err = publishing_send(c, env,
                              &(struct outgoing){.topic = topic, .encoded = buf_span(&encoded)},
                              hash, &how, &relay_peers);
    buf_clear(&encoded);
    return err;
}
