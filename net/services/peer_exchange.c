/* The messages of peer exchange. */
#include "net/services/peer_exchange.h"

#include "net/wire/protobuf.h"

enum { /* PeerExchangeRPC */
    RPC_QUERY = 1,
    RPC_RESPONSE = 2,
    QUERY_NUM_PEERS = 1,
    RESPONSE_PEER_INFOS = 1,
    RESPONSE_STATUS = 10,
    RESPONSE_DESCRIPTION = 11,
    INFO_ENR = 1,
};

enum err px_request_encode(uint64_t count, struct buf *out)
{
    struct writer w = writer_to(out);
    size_t begun = pb_begin(&w, RPC_QUERY);

    pb_put_u64(&w, QUERY_NUM_PEERS, count);
    pb_end(&w, begun);
    return writer_status(&w);
}

static void read_query(struct pb *p, const struct pb_field *f, uint64_t *count)
{
    struct pb q = pb_of(pb_bytes(p, f));

    for (struct pb_field g; pb_next(&q, &g);)
        if (g.number == QUERY_NUM_PEERS)
            *count = pb_u64(&q, &g);
    if (pb_status(&q) != OK)
        p->failed = true;
}

enum err px_request_decode(struct span in, uint64_t *count)
{
    struct pb p = pb_of(in);
    bool any = false;

    *count = 0;
    for (struct pb_field f; pb_next(&p, &f);)
        if (f.number == RPC_QUERY) {
            read_query(&p, &f, count);
            any = true;
        }
    TRY(pb_status(&p));
    return any ? OK : ERR_FORMAT;
}

enum err px_answer_encode(const struct px_answer *answer, struct buf *out)
{
    struct writer w = writer_to(out);

    pb_put_bytes(&w, RPC_QUERY, SPAN_EMPTY); /* nwaku reads no answer without it */
    size_t begun = pb_begin(&w, RPC_RESPONSE);
    for (size_t i = 0; i < answer->count; i++) {
        size_t info = pb_begin(&w, RESPONSE_PEER_INFOS);
        pb_put_bytes(&w, INFO_ENR, answer->records[i]);
        pb_end(&w, info);
    }
    pb_put_u64(&w, RESPONSE_STATUS, answer->status);
    if (answer->description.len > 0)
        pb_put_bytes(&w, RESPONSE_DESCRIPTION, answer->description);
    pb_end(&w, begun);
    return writer_status(&w);
}

static struct span read_info(struct pb *p, const struct pb_field *f)
{
    struct pb q = pb_of(pb_bytes(p, f));
    struct span record = SPAN_EMPTY;

    for (struct pb_field g; pb_next(&q, &g);)
        if (g.number == INFO_ENR)
            record = pb_bytes(&q, &g);
    if (pb_status(&q) != OK)
        p->failed = true;
    return record;
}

static void read_response(struct pb *p, const struct pb_field *f, struct px_answer *out)
{
    struct pb q = pb_of(pb_bytes(p, f));
    bool has_status = false;

    *out = (struct px_answer){.status = PX_STATUS_UNKNOWN};
    for (struct pb_field g; pb_next(&q, &g);)
        switch (g.number) {
        case RESPONSE_PEER_INFOS: {
            struct span record = read_info(&q, &g);
            if (record.len > 0 && out->count < PX_ANSWER_MAX)
                out->records[out->count++] = record;
            break;
        }
        case RESPONSE_STATUS:
            out->status = pb_u32(&q, &g);
            has_status = true;
            break;
        case RESPONSE_DESCRIPTION:
            out->description = pb_bytes(&q, &g);
            break;
        }
    if (pb_status(&q) != OK)
        p->failed = true;
    if (!has_status)
        out->status = out->count > 0 ? PX_STATUS_OK : PX_STATUS_UNAVAILABLE;
}

enum err px_answer_decode(struct span in, struct px_answer *out)
{
    struct pb p = pb_of(in);
    bool any = false;

    for (struct pb_field f; pb_next(&p, &f);)
        if (f.number == RPC_RESPONSE) {
            read_response(&p, &f, out);
            any = true;
        }
    TRY(pb_status(&p));
    return any ? OK : ERR_FORMAT;
}
