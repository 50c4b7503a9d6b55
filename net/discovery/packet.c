#include "net/discovery/packet.h"

#include "crypto/base/writer.h"
#include "crypto/prim/aes_ctr.h"

#define VERSION            0x0001u
#define WHOAREYOU_BYTES    24u
#define HANDSHAKE_HEAD     34u
#define SIGNATURE_BYTES    64u
#define MESSAGE_SEALED_MIN 16u /* the tag */

/* ---- reading ---- */

static enum err read_handshake(struct packet *p, struct reader *r)
{
    uint8_t signature_len, key_len;

    memcpy(p->src_id, read_bytes(r, ENR_ID_BYTES).ptr, ENR_ID_BYTES);
    signature_len = read_u8(r);
    key_len = read_u8(r);
    p->signature = read_bytes(r, signature_len);
    p->ephemeral = read_bytes(r, key_len);
    p->record = r->rest;
    r->rest = SPAN_EMPTY;
    return !r->failed && signature_len == SIGNATURE_BYTES && key_len == ENR_KEY_BYTES ? OK
                                                                                      : ERR_FORMAT;
}

static enum err read_authdata(struct packet *p, struct span authdata)
{
    struct reader r = reader_of(authdata);

    switch (p->flag) {
    case PACKET_MESSAGE:
        if (authdata.len != ENR_ID_BYTES || p->message.len < MESSAGE_SEALED_MIN)
            return ERR_FORMAT;
        memcpy(p->src_id, authdata.ptr, ENR_ID_BYTES);
        return OK;
    case PACKET_WHOAREYOU:
        if (authdata.len != WHOAREYOU_BYTES || p->message.len != 0)
            return ERR_FORMAT;
        memcpy(p->id_nonce, authdata.ptr, PACKET_ID_NONCE_BYTES);
        r.rest = span_after(r.rest, PACKET_ID_NONCE_BYTES);
        p->enr_seq = read_be64(&r);
        return OK;
    case PACKET_HANDSHAKE:
        if (authdata.len < HANDSHAKE_HEAD || p->message.len < MESSAGE_SEALED_MIN)
            return ERR_FORMAT;
        return read_handshake(p, &r);
    }
    return ERR_FORMAT;
}

enum err packet_read(struct packet *p, struct span datagram, const uint8_t protocol[6],
                     const uint8_t self[ENR_ID_BYTES])
{
    uint8_t *fixed = p->head + PACKET_IV_BYTES;

    if (datagram.len < DISCV5_PACKET_MIN || datagram.len > DISCV5_PACKET_MAX)
        return ERR_LIMIT;
    memcpy(p->head, datagram.ptr, PACKET_IV_BYTES);
    struct span masked = span_after(datagram, PACKET_IV_BYTES);
    TRY(aes128_ctr(self, p->head, span_sub(masked, 0, PACKET_STATIC_BYTES), fixed));
    struct reader r = reader_of(span_of(fixed, PACKET_STATIC_BYTES));
    bool ours = span_eq(read_bytes(&r, PACKET_ID_BYTES), span_of(protocol, PACKET_ID_BYTES)) &&
                read_be16(&r) == VERSION;
    uint8_t flag = read_u8(&r);
    memcpy(p->nonce, read_bytes(&r, PACKET_NONCE_BYTES).ptr, PACKET_NONCE_BYTES);
    size_t authdata = read_be16(&r), header = PACKET_STATIC_BYTES + authdata;
    if (!ours || flag > PACKET_HANDSHAKE || authdata > DISCV5_AUTHDATA_MAX || header > masked.len)
        return ERR_FORMAT;
    TRY(aes128_ctr(self, p->head, span_sub(masked, 0, header), fixed));
    p->flag = (enum packet_flag)flag;
    p->head_len = (uint16_t)(PACKET_IV_BYTES + header);
    p->message = span_after(masked, header);
    return read_authdata(p, span_of(fixed + PACKET_STATIC_BYTES, authdata));
}

/* ---- writing ---- */

static void put(struct packet *p, struct span bytes)
{
    assert(bytes.len <= sizeof p->head - p->head_len);
    if (bytes.len > 0)
        memcpy(p->head + p->head_len, bytes.ptr, bytes.len);
    p->head_len = (uint16_t)(p->head_len + bytes.len);
}

static void put_be(struct packet *p, uint64_t v, unsigned n)
{
    while (n-- > 0) {
        uint8_t byte = (uint8_t)(v >> (8 * n));
        put(p, span_of(&byte, 1));
    }
}

static size_t authdata_bytes(const struct packet *p)
{
    switch (p->flag) {
    case PACKET_MESSAGE:
        return ENR_ID_BYTES;
    case PACKET_WHOAREYOU:
        return WHOAREYOU_BYTES;
    case PACKET_HANDSHAKE:
        return HANDSHAKE_HEAD + p->signature.len + p->ephemeral.len + p->record.len;
    }
    return 0;
}

void packet_head(struct packet *p, const uint8_t protocol[6], const uint8_t iv[PACKET_IV_BYTES])
{
    p->head_len = 0;
    put(p, span_of(iv, PACKET_IV_BYTES));
    put(p, span_of(protocol, PACKET_ID_BYTES));
    put_be(p, VERSION, 2);
    put_be(p, p->flag, 1);
    put(p, SPAN_ARRAY(p->nonce));
    put_be(p, authdata_bytes(p), 2);
    if (p->flag == PACKET_WHOAREYOU) {
        put(p, SPAN_ARRAY(p->id_nonce));
        put_be(p, p->enr_seq, 8);
        return;
    }
    put(p, SPAN_ARRAY(p->src_id));
    if (p->flag == PACKET_MESSAGE)
        return;
    put_be(p, p->signature.len, 1);
    put_be(p, p->ephemeral.len, 1);
    put(p, p->signature);
    put(p, p->ephemeral);
    put(p, p->record);
}

enum err packet_write(const struct packet *p, const uint8_t to[ENR_ID_BYTES], struct buf *out)
{
    struct span header = span_after(packet_ad(p), PACKET_IV_BYTES);
    uint8_t *room;

    TRY(buf_append(out, span_of(p->head, PACKET_IV_BYTES)));
    TRY(buf_extend(out, header.len, &room));
    return aes128_ctr(to, p->head, header, room);
}
