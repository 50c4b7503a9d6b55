#include "net/wire/peer_record.h"

#include "net/wire/protobuf.h"
#include "net/wire/public_key.h"
#include "net/wire/varint.h"

static const uint8_t TYPE_RECORD[] = {0x03, 0x01};
static const uint8_t TYPE_VOUCHER[] = {0x03, 0x02};
static const uint8_t TYPE_WAKU[] = {0x30, 0x00, 0x00};

const struct envelope_kind envelope_peer_record = {
    "libp2p-peer-record", {TYPE_RECORD, sizeof TYPE_RECORD}, true, false};
const struct envelope_kind envelope_voucher = {
    "libp2p-relay-rsvp", {TYPE_VOUCHER, sizeof TYPE_VOUCHER}, false, false};
const struct envelope_kind envelope_waku = {
    "libp2p-custom-peer-record", {TYPE_WAKU, sizeof TYPE_WAKU}, false, true};

enum { /* record.pb.Envelope */
    ENVELOPE_PUBLIC_KEY = 1,
    ENVELOPE_PAYLOAD_TYPE = 2,
    ENVELOPE_PAYLOAD = 3,
    ENVELOPE_SIGNATURE = 5,
};

enum { /* peer.pb.PeerRecord */
    RECORD_PEER_ID = 1,
    RECORD_SEQ = 2,
    RECORD_ADDRESSES = 3,
    RECORD_MIX_KEY = 4,
    ADDRESS_MULTIADDR = 1,
};

struct envelope {
    struct span public_key, type, payload, signature;
};

enum err envelope_record(const struct envelope_kind *kind, const struct peer_id *id, uint64_t seq,
                         const struct multiaddr *addrs, size_t count, struct buf *out)
{
    struct writer w = writer_to(out);

    pb_put_bytes(&w, RECORD_PEER_ID, peer_id_span(id));
    pb_put_u64(&w, RECORD_SEQ, seq);
    for (size_t i = 0; i < count; i++) {
        size_t begun = kind->nested ? pb_begin(&w, RECORD_ADDRESSES) : 0;
        pb_put_bytes(&w, kind->nested ? ADDRESS_MULTIADDR : RECORD_ADDRESSES,
                     multiaddr_span(&addrs[i]));
        if (kind->nested)
            pb_end(&w, begun);
    }
    if (kind->mix_key)
        pb_put_bytes(&w, RECORD_MIX_KEY, SPAN_EMPTY);
    return writer_status(&w);
}

enum err peer_record_encode(const struct peer_id *id, uint64_t seq, const struct multiaddr *addrs,
                            size_t count, struct buf *out)
{
    return envelope_record(&envelope_peer_record, id, seq, addrs, count, out);
}

static void write_prefixed(struct writer *w, struct span bytes)
{
    write_varint(w, bytes.len);
    write_bytes(w, bytes);
}

enum err envelope_to_sign_as(const struct envelope_kind *kind, struct span payload, struct buf *out)
{
    struct writer w = writer_to(out);

    write_prefixed(&w, span_str(kind->domain));
    write_prefixed(&w, kind->type);
    write_prefixed(&w, payload);
    return writer_status(&w);
}

enum err envelope_to_sign(struct span record, struct buf *out)
{
    return envelope_to_sign_as(&envelope_peer_record, record, out);
}

enum err envelope_encode_as(const struct envelope_kind *kind, struct span public_key,
                            struct span payload, struct span signature, struct buf *out)
{
    struct writer w = writer_to(out);

    pb_put_bytes(&w, ENVELOPE_PUBLIC_KEY, public_key);
    pb_put_bytes(&w, ENVELOPE_PAYLOAD_TYPE, kind->type);
    pb_put_bytes(&w, ENVELOPE_PAYLOAD, payload);
    pb_put_bytes(&w, ENVELOPE_SIGNATURE, signature);
    return writer_status(&w);
}

enum err envelope_encode(struct span public_key, struct span record, struct span signature,
                         struct buf *out)
{
    return envelope_encode_as(&envelope_peer_record, public_key, record, signature, out);
}

static enum err read_envelope(struct span in, struct envelope *e)
{
    struct pb p = pb_of(in);

    *e = (struct envelope){.public_key = SPAN_EMPTY};
    for (struct pb_field f; pb_next(&p, &f);)
        switch (f.number) {
        case ENVELOPE_PUBLIC_KEY:
            e->public_key = pb_bytes(&p, &f);
            break;
        case ENVELOPE_PAYLOAD_TYPE:
            e->type = pb_bytes(&p, &f);
            break;
        case ENVELOPE_PAYLOAD:
            e->payload = pb_bytes(&p, &f);
            break;
        case ENVELOPE_SIGNATURE:
            e->signature = pb_bytes(&p, &f);
            break;
        }
    return pb_status(&p);
}

static struct span read_address(struct pb *p, const struct pb_field *f)
{
    struct pb q = pb_of(pb_bytes(p, f));
    struct span addr = SPAN_EMPTY;

    for (struct pb_field g; pb_next(&q, &g);)
        if (g.number == ADDRESS_MULTIADDR)
            addr = pb_bytes(&q, &g);
    if (pb_status(&q) != OK)
        p->failed = true;
    return addr;
}

static enum err read_record(const struct envelope_kind *kind, struct span in, struct peer_record *r)
{
    struct pb p = pb_of(in);
    struct span id = SPAN_EMPTY;
    bool mix_key = false;

    r->seq = 0;
    r->count = 0;
    for (struct pb_field f; pb_next(&p, &f);)
        switch (f.number) {
        case RECORD_PEER_ID:
            id = pb_bytes(&p, &f);
            break;
        case RECORD_SEQ:
            r->seq = pb_u64(&p, &f);
            break;
        case RECORD_ADDRESSES: {
            struct span addr = kind->nested ? read_address(&p, &f) : pb_bytes(&p, &f);
            if (addr.len > 0 && r->count < PEER_RECORD_ADDRS_MAX)
                r->addrs[r->count++] = addr;
            break;
        }
        case RECORD_MIX_KEY:
            mix_key = true;
            break;
        }
    TRY(pb_status(&p));
    if (kind->mix_key && !mix_key)
        return ERR_FORMAT;
    return peer_id_from_bytes(id, &r->id);
}

static enum err verify(const struct envelope_kind *kind, const struct envelope *e)
{
    struct buf message = BUF_INIT(2 * PEER_RECORD_BYTES_MAX);
    enum err err = envelope_to_sign_as(kind, e->payload, &message);

    if (err == OK)
        err = public_key_verify(e->public_key, buf_span(&message), e->signature);
    buf_clear(&message);
    return err;
}

/* RFC 0003: verified before the payload is even parsed */
static enum err open(const struct envelope_kind *kind, struct span envelope, struct envelope *e)
{
    if (envelope.len > PEER_RECORD_BYTES_MAX)
        return ERR_LIMIT;
    TRY(read_envelope(envelope, e));
    if (!span_eq(e->type, kind->type))
        return ERR_UNSUPPORTED;
    return verify(kind, e);
}

enum err envelope_open_as(const struct envelope_kind *kind, struct span envelope,
                          struct span *payload)
{
    struct envelope e;

    TRY(open(kind, envelope, &e));
    *payload = e.payload;
    return OK;
}

enum err envelope_open_record(const struct envelope_kind *kind, struct span envelope,
                              struct peer_record *out)
{
    struct envelope e;
    struct peer_id signer;

    TRY(open(kind, envelope, &e));
    TRY(read_record(kind, e.payload, out));
    peer_id_from_key(e.public_key, &signer);
    return peer_id_eq(&signer, &out->id) ? OK : ERR_AUTH;
}

enum err peer_record_open(struct span envelope, struct peer_record *out)
{
    return envelope_open_record(&envelope_peer_record, envelope, out);
}
