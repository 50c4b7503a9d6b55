/* WHOAREYOU and handshakes, both sides. @source discv5-theory.md "Handshake Steps" */
#include "net/discovery/inside.h"

#include "crypto/base/wipe.h"

/* ---- step 2: a packet that no session opens ---- */

/* Whom we know from this address is asked even when strangers have used up the allowance. */
static bool may_ask(struct discv5 *d, const struct env *env, const struct udp_addr *from,
                    const struct node *known)
{
    if (!limits_take(&d->unknown, env->now, from->ip))
        return false;
    if (known != NULL && udp_addr_eq(&known->addr, from))
        return true;
    return allowance_take(&d->unknown_all, env->now, DISCV5_UNKNOWN_ALL_S, DISCV5_UNKNOWN_ALL_S);
}

void shaking_challenge(struct discv5 *d, const struct env *env, const struct udp_addr *from,
                       const struct packet *p)
{
    struct packet who = {.flag = PACKET_WHOAREYOU};
    struct node *known = table_find(&d->table, p->src_id);
    struct kept_key key = kept_key_of(p->src_id, from);
    struct buf out = BUF_INIT(DISCV5_PACKET_MAX);
    uint8_t iv[PACKET_IV_BYTES];

    if (!may_ask(d, env, from, known)) {
        d->counters.limited++;
        return;
    }
    struct challenge *c = kept_touch(&d->challenges, &key);
    if (c == NULL)
        return;
    memcpy(who.nonce, p->nonce, sizeof who.nonce);
    rng_fill(env->rng, who.id_nonce, sizeof who.id_nonce);
    rng_fill(env->rng, iv, sizeof iv);
    who.enr_seq = known != NULL ? known->enr.seq : 0;
    packet_head(&who, d->protocol, iv);
    assert(who.head_len == sizeof c->data);
    memcpy(c->data, who.head, sizeof c->data);
    c->until = mono_add(env->now, DISCV5_CHALLENGE_MS * NS_PER_MS);
    c->tries = 0;
    if (packet_write(&who, p->src_id, &out) == OK) {
        d->counters.challenges++;
        discv5_send(d, from, buf_span(&out));
    }
    buf_clear(&out);
}

/* ---- step 3: we are asked ---- */

static enum err draw_keys(const struct env *env, const struct request *r, const struct handshake *h,
                          uint8_t ephemeral[ENR_KEY_BYTES], struct session_keys *keys)
{
    uint8_t secret[32];
    enum err err;

    do { /* one scalar in 2^128 is refused */
        rng_fill(env->rng, secret, sizeof secret);
        err = session_keys_initiate(secret, r->to.public_key, h, ephemeral, keys);
    } while (err == ERR_ARGUMENT);
    wipe(secret, sizeof secret);
    return err;
}

/* Lay out and send the handshake packet with the request in it. */
static enum err shake(struct discv5 *d, const struct env *env, struct request *r, struct session *s,
                      struct packet *p)
{
    struct buf plain = BUF_INIT(DISCV5_PACKET_MAX), out = BUF_INIT(DISCV5_PACKET_MAX);
    uint8_t iv[PACKET_IV_BYTES];

    session_nonce(s, env->rng, p->nonce);
    rng_fill(env->rng, iv, sizeof iv);
    packet_head(p, d->protocol, iv);
    enum err err = message_write(&r->message, &plain);
    if (err == OK)
        err = packet_write(p, r->to.node_id, &out);
    if (err == OK)
        err = session_seal(s, p->nonce, packet_ad(p), buf_span(&plain), &out);
    if (err == OK)
        discv5_send(d, &r->addr, buf_span(&out));
    buf_clear(&plain);
    buf_clear(&out);
    return err;
}

void shaking_whoareyou(struct discv5 *d, const struct env *env, const struct udp_addr *from,
                       const struct packet *p)
{
    struct request *r = request_of_nonce(d, p->nonce, from);
    struct packet answer = {.flag = PACKET_HANDSHAKE};
    struct session_keys keys = {0};
    uint8_t ephemeral[ENR_KEY_BYTES], signature[ENR_SIGNATURE_BYTES];

    if (r == NULL) { /* nothing of ours is waiting: a replay, or a guess */
        d->counters.answers_bad++;
        return;
    }
    const struct handshake h = {d->self.node_id, r->to.node_id, packet_ad(p)};
    enum err err = draw_keys(env, r, &h, ephemeral, &keys);
    if (err == OK)
        err = id_proof_sign(d->params.key, &h, SPAN_ARRAY(ephemeral), signature);
    struct kept_key key = kept_key_of(r->to.node_id, &r->addr);
    struct session *s = err == OK ? kept_touch(&d->sessions, &key) : NULL;
    if (s != NULL) {
        session_add(s, &keys, true);
        r->state = REQUEST_SHAKEN;
        r->had_session = false; /* others wait until this one is answered */
        memcpy(answer.src_id, d->self.node_id, ENR_ID_BYTES);
        answer.signature = SPAN_ARRAY(signature);
        answer.ephemeral = SPAN_ARRAY(ephemeral);
        answer.record = p->enr_seq < d->self.seq ? enr_span(&d->self) : SPAN_EMPTY;
        err = shake(d, env, r, s, &answer);
        d->counters.handshakes += err == OK;
    }
    wipe(&keys, sizeof keys);
}

/* ---- step 4: the answer to our question ---- */

/* The record in the packet, or the one that we have. ERR_FORMAT none, or another node's. */
static enum err record_of(struct discv5 *d, const struct packet *p, struct enr *out)
{
    const struct node *known = table_find(&d->table, p->src_id);

    if (p->record.len > 0) {
        TRY(enr_decode(p->record, out));
        return memcmp(out->node_id, p->src_id, ENR_ID_BYTES) == 0 ? OK : ERR_FORMAT;
    }
    if (known == NULL)
        return ERR_FORMAT;
    *out = known->enr;
    return OK;
}

static enum err accept(struct discv5 *d, const struct packet *p, const struct challenge *c,
                       struct enr *record, struct session *fresh)
{
    const struct handshake h = {p->src_id, d->self.node_id, SPAN_ARRAY(c->data)};
    struct session_keys keys = {0};

    TRY(record_of(d, p, record));
    TRY(id_proof_verify(record->public_key, &h, p->ephemeral, p->signature));
    TRY(session_keys_accept(d->params.key, p->ephemeral, &h, &keys));
    session_add(fresh, &keys, false);
    wipe(&keys, sizeof keys);
    return OK;
}

void shaking_handshake(struct discv5 *d, const struct env *env, const struct udp_addr *from,
                       const struct packet *p)
{
    struct kept_key key = kept_key_of(p->src_id, from);
    struct challenge *c = kept_get(&d->challenges, &key);
    struct session fresh = {0}, *s = NULL;
    struct enr record;
    uint8_t plain[DISCV5_PACKET_MAX];
    size_t len = 0;

    if (c == NULL || c->until.ns < env->now.ns || c->tries == DISCV5_CHALLENGE_TRIES) {
        d->counters.handshakes_bad++;
        return;
    }
    c->tries++; /* a forged one must not end it, nor may there be many */
    enum err err = accept(d, p, c, &record, &fresh);
    if (err == OK)
        err = session_open(&fresh, p, plain, &len);
    if (err == OK)
        s = kept_touch(&d->sessions, &key);
    if (s == NULL) {
        d->counters.handshakes_bad++;
        wipe(&fresh, sizeof fresh);
        return;
    }
    kept_drop(&d->challenges, &key);
    s->pairs[1] = s->pairs[0]; /* until it is clear which the other side uses */
    s->pairs[0] = fresh.pairs[0];
    s->count = s->count == 0 ? 1 : 2;
    wipe(&fresh, sizeof fresh);
    d->counters.handshakes++;
    upkeep_met(d, env, &record, from);
    upkeep_alive(d, env, p->src_id, from, 0);
    serving_message(d, env, s, p->src_id, from, span_of(plain, len));
    requests_release(d, env, p->src_id);
}
