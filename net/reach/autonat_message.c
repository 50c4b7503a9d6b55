/* The message of autonat 1.0.0. */
#include "net/reach/autonat.h"

#include "net/wire/protobuf.h"

enum { /* libp2p/specs autonat-v1.md "RPC messages" */
    MESSAGE_TYPE = 1,
    MESSAGE_DIAL = 2,
    MESSAGE_RESPONSE = 3,
    DIAL_PEER = 1,
    PEER_ID = 1,
    PEER_ADDRS = 2,
    RESPONSE_STATUS = 1,
    RESPONSE_TEXT = 2,
    RESPONSE_ADDR = 3,
};

static enum err read_peer(struct span in, struct autonat_message *m)
{
    struct pb p = pb_of(in);

    m->has_peer = true;
    for (struct pb_field f; pb_next(&p, &f);) {
        if (f.number == PEER_ID) {
            m->peer_id = pb_bytes(&p, &f);
        } else if (f.number == PEER_ADDRS) {
            struct span addr = pb_bytes(&p, &f);
            if (m->addrs_count < REACH_ADDRS_MAX)
                m->addrs[m->addrs_count++] = addr;
        }
    }
    return pb_status(&p);
}

static enum err read_dial(struct span in, struct autonat_message *m)
{
    struct pb p = pb_of(in);

    for (struct pb_field f; pb_next(&p, &f);)
        if (f.number == DIAL_PEER)
            TRY(read_peer(pb_bytes(&p, &f), m));
    return pb_status(&p);
}

static enum err read_response(struct span in, struct autonat_message *m)
{
    struct pb p = pb_of(in);

    for (struct pb_field f; pb_next(&p, &f);)
        switch (f.number) {
        case RESPONSE_STATUS:
            m->status = pb_u32(&p, &f);
            break;
        case RESPONSE_TEXT:
            m->text = pb_bytes(&p, &f);
            break;
        case RESPONSE_ADDR:
            m->addr = pb_bytes(&p, &f);
            break;
        }
    return pb_status(&p);
}

enum err autonat_decode(struct span in, struct autonat_message *out)
{
    struct pb p = pb_of(in);

    *out = (struct autonat_message){.is_answer = false};
    if (in.len > AUTONAT_MESSAGE_MAX)
        return ERR_LIMIT;
    for (struct pb_field f; pb_next(&p, &f);)
        switch (f.number) {
        case MESSAGE_TYPE:
            out->is_answer = pb_u32(&p, &f) != 0;
            break;
        case MESSAGE_DIAL:
            TRY(read_dial(pb_bytes(&p, &f), out));
            break;
        case MESSAGE_RESPONSE:
            TRY(read_response(pb_bytes(&p, &f), out));
            break;
        }
    return pb_status(&p);
}

static void write_dial(struct writer *w, const struct autonat_message *m)
{
    size_t dial = pb_begin(w, MESSAGE_DIAL);

    if (m->has_peer) {
        size_t peer = pb_begin(w, DIAL_PEER);
        if (m->peer_id.len > 0)
            pb_put_bytes(w, PEER_ID, m->peer_id);
        for (size_t i = 0; i < m->addrs_count; i++)
            pb_put_bytes(w, PEER_ADDRS, m->addrs[i]);
        pb_end(w, peer);
    }
    pb_end(w, dial);
}

static void write_response(struct writer *w, const struct autonat_message *m)
{
    size_t response = pb_begin(w, MESSAGE_RESPONSE);

    pb_put_u64(w, RESPONSE_STATUS, m->status);
    if (m->text.len > 0)
        pb_put_bytes(w, RESPONSE_TEXT, m->text);
    if (m->addr.len > 0)
        pb_put_bytes(w, RESPONSE_ADDR, m->addr);
    pb_end(w, response);
}

enum err autonat_encode(const struct autonat_message *m, struct buf *out)
{
    struct writer w = writer_to(out);

    pb_put_u64(&w, MESSAGE_TYPE, m->is_answer ? 1 : 0);
    if (m->is_answer)
        write_response(&w, m);
    else
        write_dial(&w, m);
    return writer_status(&w);
}

enum err autonat_request(const struct peer_id *self, const struct multiaddr *addrs, size_t count,
                         struct buf *out)
{
    struct autonat_message m = {.has_peer = true, .peer_id = peer_id_span(self)};

    for (size_t i = 0; i < count && m.addrs_count < REACH_ADDRS_MAX; i++)
        m.addrs[m.addrs_count++] = multiaddr_span(&addrs[i]);
    return autonat_encode(&m, out);
}
