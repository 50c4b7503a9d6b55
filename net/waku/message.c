#include "crypto/prim/sha2.h"
#include "net/waku/waku.h"
#include "net/wire/protobuf.h"

enum {
    FIELD_PAYLOAD = 1,
    FIELD_CONTENT_TOPIC = 2,
    FIELD_VERSION = 3,
    FIELD_TIMESTAMP = 10, /* sint64 */
    FIELD_META = 11,
    FIELD_PROOF = 21,
    FIELD_EPHEMERAL = 31,
};

static void read_field(struct pb *p, const struct pb_field *f, struct waku_message *out)
{
    switch (f->number) {
    case FIELD_PAYLOAD:
        out->payload = pb_bytes(p, f);
        out->has_payload = true;
        break;
    case FIELD_CONTENT_TOPIC:
        out->content_topic = pb_bytes(p, f);
        out->has_content_topic = true;
        break;
    case FIELD_VERSION:
        out->version = pb_u32(p, f);
        break;
    case FIELD_TIMESTAMP:
        out->timestamp_ns = pb_sint64(p, f);
        break;
    case FIELD_META:
        out->meta = pb_bytes(p, f);
        break;
    case FIELD_PROOF:
        out->proof = pb_bytes(p, f);
        break;
    case FIELD_EPHEMERAL:
        out->ephemeral = pb_bool(p, f);
        break;
    default:
        break;
    }
}

enum err waku_message_decode(struct span in, struct waku_message *out)
{
    struct pb p = pb_of(in);

    *out = (struct waku_message){0};
    for (struct pb_field f; pb_next(&p, &f);)
        read_field(&p, &f, out);
    TRY(pb_status(&p));
    return out->meta.len <= WAKU_META_BYTES_MAX ? OK : ERR_LIMIT;
}

enum err waku_message_encode(const struct waku_message *m, struct buf *out)
{
    struct writer w = writer_to(out);

    if (m->meta.len > WAKU_META_BYTES_MAX)
        return ERR_LIMIT;
    pb_put_bytes(&w, FIELD_PAYLOAD, m->payload);
    pb_put_bytes(&w, FIELD_CONTENT_TOPIC, m->content_topic);
    if (m->version != 0)
        pb_put_u64(&w, FIELD_VERSION, m->version);
    if (m->timestamp_ns != 0)
        pb_put_sint64(&w, FIELD_TIMESTAMP, m->timestamp_ns);
    if (m->meta.len > 0)
        pb_put_bytes(&w, FIELD_META, m->meta);
    if (m->proof.len > 0)
        pb_put_bytes(&w, FIELD_PROOF, m->proof);
    if (m->ephemeral)
        pb_put_bool(&w, FIELD_EPHEMERAL, true);
    return writer_status(&w);
}

enum err waku_message_stamp(struct wall now, struct buf *encoded)
{
    struct writer w = writer_to(encoded);

    pb_put_sint64(&w, FIELD_TIMESTAMP, now.ns);
    return writer_status(&w);
}

void waku_message_hash(struct span pubsub_topic, const struct waku_message *m, uint8_t hash[32])
{
    uint8_t time[8];
    struct span parts[] = {pubsub_topic, m->payload, m->content_topic, m->meta, SPAN_ARRAY(time)};

    for (size_t i = 0; i < sizeof time; i++)
        time[i] = (uint8_t)((uint64_t)m->timestamp_ns >> (8 * (7 - i)));
    sha256_parts(parts, sizeof parts / sizeof *parts, hash);
}

enum gossipsub_verdict waku_relay_verdict(struct span data, size_t bytes_max,
                                          struct waku_message *out)
{
    *out = (struct waku_message){0};
    if (data.len > bytes_max || waku_message_decode(data, out) != OK || !out->has_payload ||
        !out->has_content_topic)
        return GOSSIPSUB_REJECT;
    if (out->payload.len == 0 || out->content_topic.len == 0)
        return GOSSIPSUB_IGNORE;
    return GOSSIPSUB_ACCEPT;
}

bool waku_archivable(const struct waku_message *m, struct wall now)
{
    int64_t t = m->timestamp_ns;

    if (m->ephemeral)
        return false;
    /* unsigned, because a stranger's timestamp may be anything */
    uint64_t distance =
        t > now.ns ? (uint64_t)t - (uint64_t)now.ns : (uint64_t)now.ns - (uint64_t)t;
    return distance <= (uint64_t)WAKU_ARCHIVE_DRIFT_NS;
}
