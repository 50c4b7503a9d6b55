#include "net/reach/circuit.h"

#include "net/wire/protobuf.h"

enum field { /* what a field is; circuit-v2.md "Protobuf" */
    FIELD_TYPE,
    FIELD_PEER,
    FIELD_RESERVATION,
    FIELD_LIMIT,
    FIELD_STATUS,
    FIELDS
};

/* Numbers of these in each message; 0: has it not. */
static const uint32_t numbers[2][FIELDS] = {
    [CIRCUIT_HOP] = {1, 2, 3, 4, 5},
    [CIRCUIT_STOP] = {1, 2, 0, 3, 4},
};

enum {
    PEER_ID = 1,
    RESERVATION_EXPIRE = 1,
    RESERVATION_ADDRS = 2,
    RESERVATION_VOUCHER = 3,
    LIMIT_DURATION = 1,
    LIMIT_DATA = 2,
    VOUCHER_RELAY = 1,
    VOUCHER_PEER = 2,
    VOUCHER_EXPIRATION = 3,
};

static uint32_t type_number(enum circuit_protocol protocol, enum circuit_type type)
{
    return (uint32_t)type - (protocol == CIRCUIT_STOP ? 1 : 0);
}

static enum err read_peer(struct span in, struct circuit_message *m)
{
    struct pb p = pb_of(in);

    m->has_peer = true;
    for (struct pb_field f; pb_next(&p, &f);)
        if (f.number == PEER_ID)
            m->peer_id = pb_bytes(&p, &f);
    return pb_status(&p);
}

static enum err read_reservation(struct span in, struct circuit_message *m)
{
    struct pb p = pb_of(in);

    m->has_reservation = true;
    for (struct pb_field f; pb_next(&p, &f);) {
        if (f.number == RESERVATION_EXPIRE) {
            m->expire_s = pb_u64(&p, &f);
        } else if (f.number == RESERVATION_VOUCHER) {
            m->voucher = pb_bytes(&p, &f);
        } else if (f.number == RESERVATION_ADDRS) {
            struct span addr = pb_bytes(&p, &f);
            if (m->addrs_count < REACH_ADDRS_MAX)
                m->addrs[m->addrs_count++] = addr;
        }
    }
    return pb_status(&p);
}

static enum err read_limit(struct span in, struct circuit_message *m)
{
    struct pb p = pb_of(in);

    m->has_limit = true;
    for (struct pb_field f; pb_next(&p, &f);) {
        if (f.number == LIMIT_DURATION)
            m->limit.seconds = pb_u32(&p, &f);
        else if (f.number == LIMIT_DATA)
            m->limit.bytes = pb_u64(&p, &f);
    }
    return pb_status(&p);
}

static enum err read_field(enum circuit_protocol protocol, struct pb *p, const struct pb_field *f,
                           struct circuit_message *m)
{
    const uint32_t *n = numbers[protocol];

    if (f->number == n[FIELD_TYPE]) {
        uint64_t type = pb_u64(p, f) + (protocol == CIRCUIT_STOP ? 1 : 0);
        m->type = type < CIRCUIT_NO_TYPE ? (enum circuit_type)type : CIRCUIT_NO_TYPE;
    } else if (f->number == n[FIELD_PEER]) {
        return read_peer(pb_bytes(p, f), m);
    } else if (f->number == n[FIELD_RESERVATION]) {
        return read_reservation(pb_bytes(p, f), m);
    } else if (f->number == n[FIELD_LIMIT]) {
        return read_limit(pb_bytes(p, f), m);
    } else if (f->number == n[FIELD_STATUS]) {
        m->status = pb_u32(p, f);
    }
    return OK;
}

enum err circuit_decode(enum circuit_protocol protocol, struct span in, struct circuit_message *out)
{
    struct pb p = pb_of(in);

    *out = (struct circuit_message){.type = CIRCUIT_NO_TYPE};
    if (in.len > CIRCUIT_MESSAGE_MAX)
        return ERR_LIMIT;
    for (struct pb_field f; pb_next(&p, &f);)
        TRY(read_field(protocol, &p, &f, out));
    return pb_status(&p);
}

static void write_reservation(struct writer *w, const struct circuit_message *m)
{
    size_t begun = pb_begin(w, numbers[CIRCUIT_HOP][FIELD_RESERVATION]);

    pb_put_u64(w, RESERVATION_EXPIRE, m->expire_s);
    for (size_t i = 0; i < m->addrs_count; i++)
        pb_put_bytes(w, RESERVATION_ADDRS, m->addrs[i]);
    if (m->voucher.len > 0)
        pb_put_bytes(w, RESERVATION_VOUCHER, m->voucher);
    pb_end(w, begun);
}

enum err circuit_encode(enum circuit_protocol protocol, const struct circuit_message *m,
                        struct buf *out)
{
    const uint32_t *n = numbers[protocol];
    struct writer w = writer_to(out);

    if (m->type != CIRCUIT_NO_TYPE)
        pb_put_u64(&w, n[FIELD_TYPE], type_number(protocol, m->type));
    if (m->has_peer) {
        size_t begun = pb_begin(&w, n[FIELD_PEER]);
        pb_put_bytes(&w, PEER_ID, m->peer_id);
        pb_end(&w, begun);
    }
    if (m->has_reservation && protocol == CIRCUIT_HOP)
        write_reservation(&w, m);
    if (m->has_limit) {
        size_t begun = pb_begin(&w, n[FIELD_LIMIT]);
        pb_put_u64(&w, LIMIT_DURATION, m->limit.seconds);
        pb_put_u64(&w, LIMIT_DATA, m->limit.bytes);
        pb_end(&w, begun);
    }
    if (m->type == CIRCUIT_STATUS)
        pb_put_u64(&w, n[FIELD_STATUS], m->status);
    return writer_status(&w);
}

enum err circuit_voucher_encode(const struct peer_id *relay, const struct peer_id *peer,
                                uint64_t expire_s, struct buf *out)
{
    struct writer w = writer_to(out);

    pb_put_bytes(&w, VOUCHER_RELAY, peer_id_span(relay));
    pb_put_bytes(&w, VOUCHER_PEER, peer_id_span(peer));
    pb_put_u64(&w, VOUCHER_EXPIRATION, expire_s);
    return writer_status(&w);
}

enum err circuit_voucher_check(struct span payload, const struct peer_id *relay,
                               const struct peer_id *peer)
{
    struct pb p = pb_of(payload);
    struct span r = SPAN_EMPTY, who = SPAN_EMPTY;

    for (struct pb_field f; pb_next(&p, &f);) {
        if (f.number == VOUCHER_RELAY)
            r = pb_bytes(&p, &f);
        else if (f.number == VOUCHER_PEER)
            who = pb_bytes(&p, &f);
    }
    TRY(pb_status(&p));
    return span_eq(r, peer_id_span(relay)) && span_eq(who, peer_id_span(peer)) ? OK : ERR_AUTH;
}
