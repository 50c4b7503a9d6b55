#include "net/noise/noise.h"

#include "crypto/base/reader.h"
#include "crypto/base/wipe.h"
#include "crypto/keyring/keyring.h"
#include "crypto/noise/noise.h"
#include "net/noise/payload.h"
#include "net/noise/transport.h"

#include <stdlib.h>

#define PAYLOAD_MAX 256u /* bytes of ours: a key of at most 37, a signature of at most 72 */

struct noise_self {
    const struct aead *aead;
    struct noise_keypair keys;
    struct buf payload;
};

enum noise_state {
    NOISE_HANDSHAKE,
    NOISE_READY,
    NOISE_DEAD
};

struct noise {
    enum noise_state state;
    const struct noise_self *self;
    struct noise_xx *xx; /* owned; NULL when the handshake is over: an idle connection is small */
    struct noise_cipher send, receive;
    bool initiator;
    struct peer_id expected; /* len 0: anyone */
    struct peer_id remote;
};

enum err noise_self_new(struct noise_self **out, const struct env *env,
                        const struct keyring_host *host, const struct aead *aead)
{
    struct noise_self *self = calloc(1, sizeof *self);

    if (self == NULL)
        return ERR_MEMORY;
    self->aead = aead;
    self->payload = BUF_INIT(PAYLOAD_MAX);
    noise_keypair_new(&self->keys, env->rng);
    enum err err = noise_payload_make(host, self->keys.public, &self->payload);
    if (err == OK)
        *out = self;
    else
        noise_self_free(self);
    return err;
}

void noise_self_free(struct noise_self *self)
{
    if (self == NULL)
        return;
    buf_clear(&self->payload);
    wipe(self, sizeof *self);
    free(self);
}

enum err noise_new(struct noise **out, const struct env *env, bool initiator,
                   const struct noise_self *self, const struct peer_id *expected)
{
    (void)env; /* the ephemeral key is drawn when its message is written */
    struct noise *n = calloc(1, sizeof *n);
    struct noise_xx *xx = malloc(sizeof *xx);

    if (n == NULL || xx == NULL) {
        free(n);
        free(xx);
        return ERR_MEMORY;
    }
    noise_xx_init(xx, initiator, self->aead, &self->keys, SPAN_EMPTY);
    n->self = self;
    n->xx = xx;
    n->initiator = initiator;
    if (expected != NULL)
        n->expected = *expected;
    *out = n;
    return OK;
}

static void drop_handshake(struct noise *n)
{
    if (n->xx == NULL)
        return;
    noise_xx_clear(n->xx);
    free(n->xx);
    n->xx = NULL;
}

void noise_free(struct noise *n)
{
    if (n == NULL)
        return;
    drop_handshake(n);
    noise_cipher_clear(&n->send);
    noise_cipher_clear(&n->receive);
    wipe(n, sizeof *n);
    free(n);
}

static enum err die(struct noise *n, enum err err)
{
    n->state = NOISE_DEAD;
    drop_handshake(n);
    return err;
}

static enum err finish_if_done(struct noise *n)
{
    if (!noise_xx_done(n->xx))
        return OK;
    TRY(noise_xx_split(n->xx, &n->send, &n->receive));
    drop_handshake(n);
    n->state = NOISE_READY;
    return OK;
}

/* Messages 2 and 3 come with an identity; message 1 has nothing to prove it against. */
static enum err check_identity(struct noise *n, struct span payload)
{
    TRY(noise_payload_verify(payload, n->xx->rs, &n->remote));
    if (n->expected.len > 0 && !peer_id_eq(&n->expected, &n->remote))
        return ERR_AUTH;
    return OK;
}

static enum err read_message(struct noise *n, struct span message)
{
    struct buf payload = BUF_INIT(NOISE_HANDSHAKE_MAX);
    bool first = n->xx->step == 0;
    enum err err = ERR_PROTOCOL; /* the other side talks out of turn */

    if (!noise_xx_writes(n->xx))
        err = noise_xx_read(n->xx, message, &payload);
    if (err == OK && !first)
        err = check_identity(n, buf_span(&payload));
    if (err == OK)
        err = finish_if_done(n);
    buf_clear(&payload);
    return err;
}

/* One handshake frame at the front of `in`; ERR_MORE when it is not whole. */
static enum err feed_handshake(struct noise *n, struct span in, size_t *used)
{
    struct reader r = reader_of(in);
    uint16_t len = read_be16(&r);

    if (len > NOISE_HANDSHAKE_MAX)
        return ERR_LIMIT;
    struct span message = read_bytes(&r, len);
    TRY(reader_status(&r));
    TRY(read_message(n, message));
    *used += NOISE_FRAME_HEAD_BYTES + len;
    return OK;
}

enum err noise_feed(struct noise *n, const struct env *env, struct span in, size_t *used,
                    struct buf *plain)
{
    (void)env;
    enum err err = OK;

    *used = 0;
    if (n->state == NOISE_DEAD)
        return ERR_PROTOCOL;
    while (err == OK && n->state == NOISE_HANDSHAKE)
        err = feed_handshake(n, span_after(in, *used), used);
    if (err == OK)
        err = noise_transport_open(&n->receive, in, used, plain);
    if (err == ERR_MORE)
        return OK; /* the tail is kept by the caller */
    return err == OK || err == ERR_FULL ? err : die(n, err);
}

enum err noise_handshake_out(struct noise *n, const struct env *env, struct buf *wire)
{
    size_t begin = wire->len;
    uint8_t *head;

    if (n->state == NOISE_DEAD)
        return ERR_PROTOCOL;
    if (n->state == NOISE_READY || !noise_xx_writes(n->xx))
        return OK;
    /* message 1 must not tell who we are: it is not encrypted */
    struct span payload = n->xx->step == 0 ? SPAN_EMPTY : buf_span(&n->self->payload);
    TRY(buf_extend(wire, NOISE_FRAME_HEAD_BYTES, &head));
    enum err err = noise_xx_write(n->xx, env->rng, payload, wire);
    if (err == OK) {
        noise_frame_head(wire->ptr + begin, wire->len - begin - NOISE_FRAME_HEAD_BYTES);
        err = finish_if_done(n);
    }
    if (err == OK)
        return OK;
    buf_truncate(wire, begin);
    return err == ERR_FULL ? err : die(n, err);
}

bool noise_ready(const struct noise *n)
{
    return n->state == NOISE_READY;
}

const struct peer_id *noise_remote(const struct noise *n)
{
    return n->state == NOISE_READY ? &n->remote : NULL;
}

enum err noise_seal(struct noise *n, const struct span *parts, size_t count, struct buf *wire)
{
    if (n->state == NOISE_DEAD)
        return ERR_PROTOCOL;
    assert(n->state == NOISE_READY);
    enum err err = noise_transport_seal(&n->send, parts, count, wire);
    return err == OK || err == ERR_FULL || err == ERR_MEMORY ? err : die(n, err);
}
