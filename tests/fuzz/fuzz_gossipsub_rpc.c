/* The RPC decoder: what rpc_check accepts, the readers must be able to walk. */
#include "net/gossipsub/rpc.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void walk_control(struct span control)
{
    struct pb p = pb_of(control);
    struct span id;

    for (struct pb_field f; pb_next(&p, &f);) {
        struct rpc_px px;
        if (f.number < CONTROL_FIELD_IHAVE || f.number > CONTROL_FIELD_IDONTWANT)
            continue;
        (void)rpc_topic(f.bytes);
        (void)rpc_prune(f.bytes);
        for (struct pb q = pb_of(f.bytes); rpc_next(&q, IHAVE_ID, &id);)
            if (id.ptr == NULL && id.len > 0)
                abort();
        if (f.number == CONTROL_FIELD_PRUNE)
            for (struct pb q = pb_of(f.bytes); rpc_next_px(&q, &px);)
                if (px.peer_id.len + px.record.len > f.bytes.len)
                    abort();
    }
}

static void round_trip(struct rpc_message m)
{
    struct span at, body;

    if (m.topic.len == 0)
        return;
    struct blob *b = rpc_encode_message(m.topic, m.data, &at);
    if (b == NULL)
        abort();
    struct pb p = pb_of(blob_span(b));
    if (!span_eq(at, m.data) || rpc_check(blob_span(b)) != OK || !rpc_next(&p, RPC_PUBLISH, &body))
        abort();
    struct rpc_message again = rpc_message(body);
    if (again.named || !span_eq(again.topic, m.topic) || !span_eq(again.data, m.data))
        abort();
    blob_unref(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct span rpc = span_of(data, len);
    struct pb p = pb_of(rpc);

    if (rpc_check(rpc) != OK)
        return 0;
    for (struct pb_field f; pb_next(&p, &f);) {
        if (f.number == RPC_SUBSCRIPTIONS)
            (void)rpc_subscription(f.bytes);
        else if (f.number == RPC_PUBLISH)
            round_trip(rpc_message(f.bytes));
        else if (f.number == RPC_CONTROL)
            walk_control(f.bytes);
    }
    return 0;
}
