#include "net/gossipsub/rpc.h"

#include "net/wire/varint.h"

#define KEY(number) ((uint8_t)((number) << 3 | PB_BYTES)) /* of a bytes field below 16 */

/* --- checking ----------------------------------------------------------------------------------
 */

static enum err check_subscription(struct span body)
{
    struct pb p = pb_of(body);

    for (struct pb_field f; pb_next(&p, &f);) {
        if (f.number == SUBOPTS_SUBSCRIBE)
            (void)pb_bool(&p, &f);
        else if (f.number == SUBOPTS_TOPIC)
            (void)pb_bytes(&p, &f);
    }
    return pb_status(&p);
}

static enum err check_message(struct span body)
{
    struct pb p = pb_of(body);

    for (struct pb_field f; pb_next(&p, &f);)
        if (f.number >= MESSAGE_FROM && f.number <= MESSAGE_KEY)
            (void)pb_bytes(&p, &f);
    return pb_status(&p);
}

/* IHAVE, IWANT, GRAFT, IDONTWANT and PeerInfo: fields 1 and 2 are bytes */
static enum err check_pair(struct span body)
{
    struct pb p = pb_of(body);

    for (struct pb_field f; pb_next(&p, &f);)
        if (f.number == 1 || f.number == 2)
            (void)pb_bytes(&p, &f);
    return pb_status(&p);
}

static enum err check_prune(struct span body)
{
    struct pb p = pb_of(body);

    for (struct pb_field f; pb_next(&p, &f);) {
        if (f.number == PRUNE_TOPIC)
            (void)pb_bytes(&p, &f);
        else if (f.number == PRUNE_PEERS)
            TRY(check_pair(pb_bytes(&p, &f)));
        else if (f.number == PRUNE_BACKOFF)
            (void)pb_u64(&p, &f);
    }
    return pb_status(&p);
}

static enum err check_control(struct span body)
{
    struct pb p = pb_of(body);

    for (struct pb_field f; pb_next(&p, &f);) {
        if (f.number == CONTROL_FIELD_PRUNE)
            TRY(check_prune(pb_bytes(&p, &f)));
        else if (f.number >= CONTROL_FIELD_IHAVE && f.number <= CONTROL_FIELD_IDONTWANT)
            TRY(check_pair(pb_bytes(&p, &f)));
    }
    return pb_status(&p);
}

enum err rpc_check(struct span rpc)
{
    struct pb p = pb_of(rpc);

    for (struct pb_field f; pb_next(&p, &f);) {
        if (f.number == RPC_SUBSCRIPTIONS)
            TRY(check_subscription(pb_bytes(&p, &f)));
        else if (f.number == RPC_PUBLISH)
            TRY(check_message(pb_bytes(&p, &f)));
        else if (f.number == RPC_CONTROL)
            TRY(check_control(pb_bytes(&p, &f)));
    }
    return pb_status(&p);
}

/* --- reading -----------------------------------------------------------------------------------
 */

struct rpc_subscription rpc_subscription(struct span body)
{
    struct rpc_subscription s = {0};
    struct pb p = pb_of(body);

    for (struct pb_field f; pb_next(&p, &f);) {
        if (f.number == SUBOPTS_SUBSCRIBE)
            s.subscribe = f.value != 0;
        else if (f.number == SUBOPTS_TOPIC)
            s.topic = f.bytes;
    }
    return s;
}

struct rpc_message rpc_message(struct span body)
{
    struct rpc_message m = {0};
    struct pb p = pb_of(body);

    for (struct pb_field f; pb_next(&p, &f);) {
        switch (f.number) {
        case MESSAGE_DATA:
            m.data = f.bytes;
            break;
        case MESSAGE_TOPIC:
            m.topic = f.bytes;
            break;
        case MESSAGE_FROM:
        case MESSAGE_SEQNO:
        case MESSAGE_SIGNATURE:
        case MESSAGE_KEY:
            m.named = true;
            break;
        default: /* fields of later versions are not forwarded */
            break;
        }
    }
    return m;
}

struct rpc_prune rpc_prune(struct span body)
{
    struct rpc_prune r = {.body = body};
    struct pb p = pb_of(body);

    for (struct pb_field f; pb_next(&p, &f);) {
        if (f.number == PRUNE_TOPIC)
            r.topic = f.bytes;
        if (f.number == PRUNE_BACKOFF) {
            r.has_backoff = true;
            r.backoff_s = f.value;
        }
    }
    return r;
}

struct span rpc_topic(struct span body)
{
    struct span topic = SPAN_EMPTY;
    struct pb p = pb_of(body);

    for (struct pb_field f; pb_next(&p, &f);)
        if (f.number == 1)
            topic = f.bytes;
    return topic;
}

bool rpc_next(struct pb *p, uint32_t number, struct span *entry)
{
    for (struct pb_field f; pb_next(p, &f);)
        if (f.number == number) {
            *entry = f.bytes;
            return true;
        }
    return false;
}

bool rpc_next_px(struct pb *p, struct rpc_px *out)
{
    struct span body;

    if (!rpc_next(p, PRUNE_PEERS, &body))
        return false;
    *out = (struct rpc_px){0};
    struct pb q = pb_of(body);
    for (struct pb_field f; pb_next(&q, &f);) {
        if (f.number == PEERINFO_ID)
            out->peer_id = f.bytes;
        else if (f.number == PEERINFO_RECORD)
            out->record = f.bytes;
    }
    return true;
}

/* --- writing -----------------------------------------------------------------------------------
 */

static uint8_t *put(uint8_t *at, uint32_t number, size_t len)
{
    *at++ = KEY(number);
    return at + varint_encode(len, at);
}

struct blob *rpc_encode_message(struct span topic, struct span data, struct span *data_at)
{
    size_t body = pb_head_size(MESSAGE_DATA, data.len) + data.len +
                  pb_head_size(MESSAGE_TOPIC, topic.len) + topic.len;
    struct blob *b = blob_alloc(pb_head_size(RPC_PUBLISH, body) + body);

    if (b == NULL)
        return NULL;
    uint8_t *at = put(put(b->bytes, RPC_PUBLISH, body), MESSAGE_DATA, data.len);
    *data_at = span_of(at, data.len);
    if (data.len > 0)
        memcpy(at, data.ptr, data.len);
    at = put(at + data.len, MESSAGE_TOPIC, topic.len);
    memcpy(at, topic.ptr, topic.len);
    assert(at + topic.len == b->bytes + b->len);
    return b;
}
