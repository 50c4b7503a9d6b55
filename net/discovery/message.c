#include "net/discovery/message.h"

#include "net/wire/ip.h"
#include "net/wire/rlp.h"

#define DISTANCE_MAX 256u

static void read_ip(struct message *m, struct reader *r)
{
    struct span ip = read_rlp_bytes(r);

    if (ip.len == 4)
        ip_from_v4(ip.ptr, m->ip);
    else if (ip.len == 16)
        memcpy(m->ip, ip.ptr, 16);
    else
        r->failed = true;
    uint64_t port = read_rlp_uint(r);
    m->port = (uint16_t)port;
    r->failed = r->failed || port > UINT16_MAX;
}

static void read_distances(struct message *m, struct reader *r)
{
    struct reader list = read_rlp_list(r);

    while (rlp_more(&list)) {
        uint64_t distance = read_rlp_uint(&list);
        if (distance > DISTANCE_MAX)
            list.failed = true;
        else if (m->count < DISCV5_DISTANCES_MAX)
            m->distances[m->count++] = (uint16_t)distance;
    }
    r->failed = r->failed || list.failed;
}

static void read_records(struct message *m, struct reader *r)
{
    m->total = read_rlp_uint(r);
    struct reader list = read_rlp_list(r);

    while (rlp_more(&list)) {
        struct rlp_item item = read_rlp(&list);
        if (!item.is_list)
            list.failed = true;
        else if (m->count < DISCV5_NODES_MAX)
            m->records[m->count++] = item.whole;
    }
    r->failed = r->failed || list.failed;
}

enum err message_read(struct span in, struct message *out)
{
    struct reader r = reader_of(in);

    *out = (struct message){.kind = (enum message_kind)read_u8(&r)};
    if (!r.failed && (out->kind < MESSAGE_PING || out->kind > MESSAGE_TALKRESP))
        return ERR_UNSUPPORTED;
    struct reader list = read_rlp_list(&r);
    struct span id = read_rlp_bytes(&list);
    if (id.len > DISCV5_REQUEST_ID_MAX)
        return ERR_FORMAT;
    out->id_len = (uint8_t)id.len;
    if (id.len > 0)
        memcpy(out->id, id.ptr, id.len);
    switch (out->kind) {
    case MESSAGE_PONG:
        out->enr_seq = read_rlp_uint(&list);
        read_ip(out, &list);
        break;
    case MESSAGE_PING:
        out->enr_seq = read_rlp_uint(&list);
        break;
    case MESSAGE_FINDNODE:
        read_distances(out, &list);
        break;
    case MESSAGE_NODES:
        read_records(out, &list);
        break;
    case MESSAGE_TALKREQ:
        read_rlp_bytes(&list); /* protocol */
        read_rlp_bytes(&list); /* request */
        break;
    case MESSAGE_TALKRESP:
        read_rlp_bytes(&list);
        break;
    }
    TRY(reader_end(&list));
    return reader_end(&r);
}

static void write_body(const struct message *m, struct writer *w)
{
    const uint8_t *v4 = ip_v4(m->ip);
    size_t begun;

    switch (m->kind) {
    case MESSAGE_PONG:
        write_rlp_uint(w, m->enr_seq);
        write_rlp_bytes(w, v4 != NULL ? span_of(v4, 4) : SPAN_ARRAY(m->ip));
        write_rlp_uint(w, m->port);
        break;
    case MESSAGE_PING:
        write_rlp_uint(w, m->enr_seq);
        break;
    case MESSAGE_FINDNODE:
        begun = rlp_begin(w);
        for (size_t i = 0; i < m->count; i++)
            write_rlp_uint(w, m->distances[i]);
        rlp_end(w, begun);
        break;
    case MESSAGE_NODES:
        write_rlp_uint(w, m->total);
        begun = rlp_begin(w);
        for (size_t i = 0; i < m->count; i++)
            write_bytes(w, m->records[i]);
        rlp_end(w, begun);
        break;
    case MESSAGE_TALKREQ:
        write_rlp_bytes(w, SPAN_EMPTY);
        write_rlp_bytes(w, SPAN_EMPTY);
        break;
    case MESSAGE_TALKRESP:
        write_rlp_bytes(w, SPAN_EMPTY);
        break;
    }
}

enum err message_write(const struct message *m, struct buf *out)
{
    struct writer w = writer_to(out);

    write_u8(&w, (uint8_t)m->kind);
    size_t begun = rlp_begin(&w);
    write_rlp_bytes(&w, span_of(m->id, m->id_len));
    write_body(m, &w);
    rlp_end(&w, begun);
    return writer_status(&w);
}

size_t message_nodes_bytes(size_t records)
{
    /* type, list prefix, request id, total, list prefix */
    return 1 + 3 + 1 + DISCV5_REQUEST_ID_MAX + 1 + 3 + records;
}
