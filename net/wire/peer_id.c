#include "net/wire/peer_id.h"

#include "crypto/prim/sha2.h"
#include "net/wire/varint.h"

#define HASH_IDENTITY    0x00u /* multicodec table */
#define HASH_SHA2_256    0x12u
#define CODEC_LIBP2P_KEY 0x72u
#define CID_VERSION      1u
#define CID_BYTES_MAX    (PEER_ID_BYTES_MAX + 2u)

void peer_id_from_key(struct span key, struct peer_id *out)
{
    assert(key.len > 0);
    if (key.len <= PEER_ID_KEY_INLINE_MAX) {
        out->bytes[0] = HASH_IDENTITY;
        out->bytes[1] = (uint8_t)key.len;
        memcpy(out->bytes + 2, key.ptr, key.len);
    } else {
        out->bytes[0] = HASH_SHA2_256;
        out->bytes[1] = 32;
        sha256(key, out->bytes + 2);
    }
    out->len = (uint8_t)(2 + out->bytes[1]);
}

enum err peer_id_from_bytes(struct span bytes, struct peer_id *out)
{
    struct reader r = reader_of(bytes);
    uint64_t hash = read_varint(&r);
    struct span digest = read_varint_bytes(&r);

    TRY(reader_end(&r));
    if (hash != HASH_IDENTITY && hash != HASH_SHA2_256)
        return ERR_UNSUPPORTED;
    if (hash == HASH_SHA2_256 ? digest.len != 32
                              : digest.len == 0 || digest.len > PEER_ID_KEY_INLINE_MAX)
        return ERR_FORMAT;
    out->len = (uint8_t)bytes.len;
    memcpy(out->bytes, bytes.ptr, bytes.len);
    return OK;
}

static enum err from_cid(struct span cid, struct peer_id *out)
{
    struct reader r = reader_of(cid);
    uint64_t version = read_varint(&r);
    uint64_t codec = read_varint(&r);

    if (r.failed)
        return ERR_FORMAT;
    if (version != CID_VERSION || codec != CODEC_LIBP2P_KEY)
        return ERR_UNSUPPORTED;
    return peer_id_from_bytes(r.rest, out);
}

enum err peer_id_parse(struct span text, struct peer_id *out)
{
    uint8_t bytes[CID_BYTES_MAX];
    size_t len;

    if (text.len == 0 || text.len > BASE32_CHARS(CID_BYTES_MAX))
        return ERR_FORMAT;
    if (text.ptr[0] == '1' || span_starts(text, SPAN_LIT("Qm"))) {
        if (base58_decode(text, bytes, sizeof bytes, &len) != OK)
            return ERR_FORMAT;
        return peer_id_from_bytes(span_of(bytes, len), out);
    }
    struct span digits = span_after(text, 1); /* behind the multibase prefix */
    if (text.ptr[0] == 'z') {
        if (base58_decode(digits, bytes, sizeof bytes, &len) != OK)
            return ERR_FORMAT;
    } else if (text.ptr[0] == 'b') {
        if (digits.len * 5 / 8 > sizeof bytes)
            return ERR_FORMAT;
        TRY(base32_decode(digits, bytes, &len));
    } else {
        return ERR_UNSUPPORTED;
    }
    return from_cid(span_of(bytes, len), out);
}

void peer_id_text(const struct peer_id *id, char out[PEER_ID_TEXT_MAX])
{
    base58_encode(peer_id_span(id), out);
}

struct span peer_id_key(const struct peer_id *id)
{
    if (id->len < 2 || id->bytes[0] != HASH_IDENTITY)
        return SPAN_EMPTY;
    return span_of(id->bytes + 2, id->len - 2u);
}
