#include "net/gossipsub/control.h"

#include "net/gossipsub/rpc.h"
#include "net/gossipsub/state.h"
#include "net/wire/protobuf.h"

#define CONTROL_OVERHEAD 32u /* keys, lengths and the backoff of one entry, generously */

size_t control_size(const struct control *c)
{
    return CONTROL_OVERHEAD + c->topic->name_len + (c->px == NULL ? 0 : c->px->len);
}

static void write_subscription(struct writer *w, struct span topic, bool subscribe)
{
    size_t begun = pb_begin(w, RPC_SUBSCRIPTIONS);

    pb_put_bool(w, SUBOPTS_SUBSCRIBE, subscribe);
    pb_put_bytes(w, SUBOPTS_TOPIC, topic);
    pb_end(w, begun);
}

static void write_prune(struct writer *w, const struct control *c)
{
    size_t begun = pb_begin(w, CONTROL_FIELD_PRUNE);

    pb_put_bytes(w, PRUNE_TOPIC, topic_name(c->topic));
    if (c->px != NULL)
        write_bytes(w, blob_span(c->px));
    if (c->backoff_s > 0)
        pb_put_u64(w, PRUNE_BACKOFF, c->backoff_s);
    pb_end(w, begun);
}

void control_write(struct writer *w, const struct control *c)
{
    size_t begun;

    switch (c->kind) {
    case CONTROL_SUBSCRIBE:
    case CONTROL_UNSUBSCRIBE:
        write_subscription(w, topic_name(c->topic), c->kind == CONTROL_SUBSCRIBE);
        return;
    case CONTROL_GRAFT:
        begun = pb_begin(w, CONTROL_FIELD_GRAFT);
        pb_put_bytes(w, GRAFT_TOPIC, topic_name(c->topic));
        pb_end(w, begun);
        return;
    case CONTROL_PRUNE:
        write_prune(w, c);
        return;
    }
}

void control_write_ids(struct writer *w, uint32_t field, struct span ids)
{
    if (ids.len == 0)
        return;
    size_t begun = pb_begin(w, field);
    for (size_t at = 0; at < ids.len; at += GOSSIPSUB_ID_BYTES)
        pb_put_bytes(w, IDS_ID, span_sub(ids, at, GOSSIPSUB_ID_BYTES));
    pb_end(w, begun);
}

void control_write_px(struct writer *w, struct span peer_id, struct span record)
{
    size_t begun = pb_begin(w, PRUNE_PEERS);

    pb_put_bytes(w, PEERINFO_ID, peer_id);
    if (record.len > 0)
        pb_put_bytes(w, PEERINFO_RECORD, record);
    pb_end(w, begun);
}

struct blob *control_ihave(struct span topic, const uint8_t *const *ids, size_t count)
{
    size_t body = pb_head_size(IHAVE_TOPIC, topic.len) + topic.len +
                  count * (pb_head_size(IHAVE_ID, GOSSIPSUB_ID_BYTES) + GOSSIPSUB_ID_BYTES);
    struct buf out = BUF_INIT(body + CONTROL_OVERHEAD);
    struct writer w = writer_to(&out);

    pb_put_head(&w, CONTROL_FIELD_IHAVE, body);
    pb_put_bytes(&w, IHAVE_TOPIC, topic);
    for (size_t i = 0; i < count; i++)
        pb_put_bytes(&w, IHAVE_ID, span_of(ids[i], GOSSIPSUB_ID_BYTES));
    struct blob *b = writer_status(&w) == OK ? blob_new(buf_span(&out)) : NULL;
    buf_clear(&out);
    return b;
}
