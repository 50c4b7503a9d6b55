#include "crypto/noise/noise.h"

#include "crypto/base/reader.h"
#include "crypto/base/wipe.h"
#include "crypto/noise/symmetric.h"
#include "crypto/prim/dh.h"

#define MESSAGES   3u
#define TOKENS_MAX 4u

enum token {
    END,
    E,
    S,
    EE,
    ES,
    SE
};

/* Noise 7.5 */
static const enum token XX[MESSAGES][TOKENS_MAX + 1] = {
    {E, END},            /* -> e */
    {E, EE, S, ES, END}, /* <- e, ee, s, es */
    {S, SE, END},        /* -> s, se */
};

static const char NAME[] = "Noise_XX_25519_ChaChaPoly_SHA256";

void noise_keypair_new(struct noise_keypair *k, struct rng *rng)
{
    rng_fill(rng, k->secret, sizeof k->secret);
    x25519_public(k->secret, k->public);
}

void noise_xx_init(struct noise_xx *x, bool initiator, const struct aead *aead,
                   const struct noise_keypair *s, struct span prologue)
{
    *x = (struct noise_xx){.initiator = initiator, .s = *s};
    noise_symmetric_init(&x->sym, aead, span_str(NAME));
    noise_mix_hash(&x->sym, prologue);
}

void noise_xx_clear(struct noise_xx *x)
{
    wipe(x, sizeof *x);
}

bool noise_xx_done(const struct noise_xx *x)
{
    return x->step == MESSAGES;
}

bool noise_xx_writes(const struct noise_xx *x)
{
    return !noise_xx_done(x) && (x->step % 2 == 0) == x->initiator;
}

static enum err mix_dh(struct noise_xx *x, const struct noise_keypair *ours,
                       const uint8_t theirs[NOISE_KEY_BYTES])
{
    uint8_t shared[NOISE_KEY_BYTES];
    enum err err = x25519(ours->secret, theirs, shared);

    if (err == OK)
        noise_mix_key(&x->sym, shared);
    wipe(shared, sizeof shared);
    return err;
}

/* The tokens that writing and reading have in common. */
static enum err agree(struct noise_xx *x, enum token token)
{
    switch (token) {
    case EE:
        return mix_dh(x, &x->e, x->re);
    case ES:
        return x->initiator ? mix_dh(x, &x->e, x->rs) : mix_dh(x, &x->s, x->re);
    case SE:
        return x->initiator ? mix_dh(x, &x->s, x->re) : mix_dh(x, &x->e, x->rs);
    case E:
    case S:
    case END:
        break;
    }
    return OK;
}

static enum err write_token(struct noise_xx *x, enum token token, struct rng *rng, struct buf *out)
{
    if (token == E) {
        noise_keypair_new(&x->e, rng);
        noise_mix_hash(&x->sym, SPAN_ARRAY(x->e.public));
        return buf_append(out, SPAN_ARRAY(x->e.public));
    }
    if (token == S)
        return noise_encrypt_and_hash(&x->sym, SPAN_ARRAY(x->s.public), out);
    return agree(x, token);
}

enum err noise_xx_write(struct noise_xx *x, struct rng *rng, struct span payload, struct buf *out)
{
    struct noise_xx next = *x;
    size_t begin = out->len;
    enum err err = OK;

    assert(noise_xx_writes(x));
    for (const enum token *t = XX[x->step]; *t != END && err == OK; t++)
        err = write_token(&next, *t, rng, out);
    if (err == OK)
        err = noise_encrypt_and_hash(&next.sym, payload, out);
    if (err == OK && out->len - begin > NOISE_MESSAGE_MAX)
        err = ERR_LIMIT;
    if (err == OK) {
        *x = next;
        x->step++;
    } else {
        buf_truncate(out, begin);
    }
    wipe(&next, sizeof next);
    return err;
}

static enum err read_static(struct noise_xx *x, struct reader *r)
{
    struct buf s = BUF_INIT(NOISE_KEY_BYTES);
    struct span sealed = read_bytes(r, NOISE_KEY_BYTES + NOISE_TAG_BYTES);

    if (r->failed)
        return ERR_FORMAT;
    enum err err = noise_decrypt_and_hash(&x->sym, sealed, &s);
    if (err == OK)
        memcpy(x->rs, s.ptr, sizeof x->rs);
    buf_clear(&s);
    return err;
}

static enum err read_token(struct noise_xx *x, enum token token, struct reader *r)
{
    if (token == E) {
        struct span re = read_bytes(r, NOISE_KEY_BYTES);
        if (r->failed)
            return ERR_FORMAT;
        memcpy(x->re, re.ptr, sizeof x->re);
        noise_mix_hash(&x->sym, re);
        return OK;
    }
    return token == S ? read_static(x, r) : agree(x, token);
}

enum err noise_xx_read(struct noise_xx *x, struct span message, struct buf *payload)
{
    struct noise_xx next = *x; /* trial copy: a forged message must not move our state */
    struct reader r = reader_of(message);
    enum err err = message.len > NOISE_MESSAGE_MAX ? ERR_LIMIT : OK;

    assert(!noise_xx_writes(x) && !noise_xx_done(x));
    for (const enum token *t = XX[x->step]; *t != END && err == OK; t++)
        err = read_token(&next, *t, &r);
    if (err == OK)
        err = noise_decrypt_and_hash(&next.sym, r.rest, payload);
    if (err == OK) {
        *x = next; /* the only commit point, after authentication */
        x->step++;
    }
    wipe(&next, sizeof next);
    return err;
}

enum err noise_xx_split(struct noise_xx *x, struct noise_cipher *send, struct noise_cipher *receive)
{
    uint8_t k1[NOISE_KEY_BYTES], k2[NOISE_KEY_BYTES]; /* from the initiator, to it */

    assert(noise_xx_done(x));
    noise_split_keys(&x->sym, k1, k2);
    *send = *receive = (struct noise_cipher){.nonce = 0};
    enum err err = aead_key_init(&send->key, x->sym.aead, x->initiator ? k1 : k2);
    if (err == OK)
        err = aead_key_init(&receive->key, x->sym.aead, x->initiator ? k2 : k1);
    if (err != OK)
        noise_cipher_clear(send);
    wipe(k1, sizeof k1);
    wipe(k2, sizeof k2);
    noise_xx_clear(x);
    return err;
}
