#include "net/discovery/session.h"

#include "crypto/prim/aead.h"

void session_add(struct session *s, const struct session_keys *keys, bool initiator)
{
    s->pairs[1] = s->pairs[0];
    s->pairs[0] = (struct session_pair){0};
    memcpy(s->pairs[0].seal, initiator ? keys->initiator : keys->recipient, SESSION_KEY_BYTES);
    memcpy(s->pairs[0].open, initiator ? keys->recipient : keys->initiator, SESSION_KEY_BYTES);
    s->count = s->count == 0 ? 1 : 2;
}

void session_nonce(struct session *s, struct rng *rng, uint8_t nonce[PACKET_NONCE_BYTES])
{
    uint32_t n = s->pairs[0].sealed++;

    rng_fill(rng, nonce, PACKET_NONCE_BYTES);
    for (unsigned i = 0; i < 4; i++)
        nonce[i] = (uint8_t)(n >> (24 - 8 * i));
}

enum err session_seal(struct session *s, const uint8_t nonce[PACKET_NONCE_BYTES], struct span ad,
                      struct span message, struct buf *out)
{
    uint8_t *room;

    TRY(buf_extend(out, message.len + AEAD_TAG_BYTES, &room));
    return aead_seal_once(&aead_aes128gcm, s->pairs[0].seal, nonce, ad, &message, 1, room);
}

enum err session_open(struct session *s, const struct packet *p, uint8_t *out, size_t *len)
{
    for (unsigned i = 0; i < s->count; i++) {
        enum err err = aead_open_once(&aead_aes128gcm, s->pairs[i].open, p->nonce, packet_ad(p),
                                      p->message, out);
        if (err == ERR_AUTH)
            continue;
        TRY(err);
        struct session_pair used = s->pairs[i];
        s->pairs[i] = s->pairs[0];
        s->pairs[0] = used;
        *len = p->message.len - AEAD_TAG_BYTES;
        return OK;
    }
    return ERR_AUTH;
}
