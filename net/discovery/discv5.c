/* The conductor: datagrams in, outputs, clock. */
#include "net/discovery/inside.h"

#include <stdlib.h>

/* ---- outputs ---- */

static void slot_clear(struct out_slot *s)
{
    blob_unref(s->bytes);
    free(s->enr);
    *s = (struct out_slot){0};
}

void discv5_emit(struct discv5 *d, struct out_slot *slot)
{
    if (fifo_push(&d->out, slot) == OK)
        return;
    d->counters.dropped++; /* datagrams may be lost, and records are found again */
    slot_clear(slot);
}

void discv5_send(struct discv5 *d, const struct udp_addr *to, struct span bytes)
{
    struct out_slot slot = {.out = {.kind = DISCV5_OUT_DATAGRAM, .to = *to},
                            .bytes = blob_new(bytes)};

    if (slot.bytes == NULL) {
        d->counters.dropped++;
        return;
    }
    slot.out.bytes = blob_span(slot.bytes);
    d->counters.datagrams_out++;
    d->counters.bytes_out += bytes.len;
    discv5_emit(d, &slot);
}

void discv5_say(struct discv5 *d, const struct env *env, struct session *s,
                const uint8_t id[ENR_ID_BYTES], const struct udp_addr *to, const struct message *m,
                uint8_t nonce[PACKET_NONCE_BYTES])
{
    struct packet p = {.flag = PACKET_MESSAGE};
    struct buf plain = BUF_INIT(DISCV5_PACKET_MAX), out = BUF_INIT(DISCV5_PACKET_MAX);
    uint8_t iv[PACKET_IV_BYTES];

    session_nonce(s, env->rng, p.nonce);
    memcpy(nonce, p.nonce, sizeof p.nonce);
    memcpy(p.src_id, d->self.node_id, ENR_ID_BYTES);
    rng_fill(env->rng, iv, sizeof iv);
    packet_head(&p, d->protocol, iv);
    enum err err = message_write(m, &plain);
    if (err == OK)
        err = packet_write(&p, id, &out);
    if (err == OK)
        err = session_seal(s, p.nonce, packet_ad(&p), buf_span(&plain), &out);
    if (err == OK)
        discv5_send(d, to, buf_span(&out));
    else
        d->counters.dropped++;
    buf_clear(&plain);
    buf_clear(&out);
}

bool discv5_poll(struct discv5 *d, struct discv5_out *out)
{
    slot_clear(&d->told);
    if (!fifo_pop(&d->out, &d->told))
        return false;
    *out = d->told.out;
    return true;
}

/* ---- inputs ---- */

static void message(struct discv5 *d, const struct env *env, const struct udp_addr *from,
                    const struct packet *p)
{
    struct kept_key key = kept_key_of(p->src_id, from);
    struct session *s = kept_get(&d->sessions, &key);
    uint8_t plain[DISCV5_PACKET_MAX];
    size_t len;

    if (s == NULL || session_open(s, p, plain, &len) != OK) {
        shaking_challenge(d, env, from, p);
        return;
    }
    s = kept_touch(&d->sessions, &key);
    serving_message(d, env, s, p->src_id, from, span_of(plain, len));
}

void discv5_datagram(struct discv5 *d, const struct env *env, const struct udp_addr *from,
                     struct span bytes)
{
    struct packet p;

    d->counters.datagrams_in++;
    d->counters.bytes_in += bytes.len;
    if (packet_read(&p, bytes, d->protocol, d->self.node_id) != OK ||
        (p.flag != PACKET_WHOAREYOU && memcmp(p.src_id, d->self.node_id, ENR_ID_BYTES) == 0)) {
        d->counters.malformed++;
        return;
    }
    switch (p.flag) {
    case PACKET_MESSAGE:
        message(d, env, from, &p);
        break;
    case PACKET_WHOAREYOU:
        shaking_whoareyou(d, env, from, &p);
        break;
    case PACKET_HANDSHAKE:
        shaking_handshake(d, env, from, &p);
        break;
    }
}

void discv5_tick(struct discv5 *d, const struct env *env)
{
    requests_tick(d, env);
    upkeep_tick(d, env);
}

struct mono discv5_deadline(const struct discv5 *d)
{
    return mono_min(requests_deadline(d), upkeep_deadline(d));
}

/* ---- looking in ---- */

const struct discv5_counters *discv5_counters(const struct discv5 *d)
{
    return &d->counters;
}

size_t discv5_nodes(const struct discv5 *d, size_t *proven)
{
    if (proven != NULL)
        *proven = d->table.proven;
    return d->table.count;
}

size_t discv5_sessions(const struct discv5 *d, size_t *challenges)
{
    if (challenges != NULL)
        *challenges = map_count(&d->challenges.map);
    return map_count(&d->sessions.map);
}

const struct enr *discv5_next(const struct discv5 *d, size_t *cursor)
{
    struct node *n;

    while ((n = table_next(&d->table, cursor)) != NULL)
        if (n->proven)
            return &n->enr;
    return NULL;
}

/* ---- life ---- */

void discv5_set_self(struct discv5 *d, const struct enr *self)
{
    d->self = *self;
}

enum err discv5_bootstrap(struct discv5 *d, const struct enr *enr)
{
    struct udp_addr addr;

    if (!upkeep_addr(d, enr, &addr))
        return ERR_ARGUMENT;
    if (d->bootstraps_count == DISCV5_BOOTSTRAP_MAX)
        return ERR_FULL;
    d->bootstraps[d->bootstraps_count++] = *enr;
    return OK;
}

enum err discv5_new(struct discv5 **out, const struct env *env, const struct discv5_params *params,
                    const struct enr *self)
{
    uint8_t seed[16];

    if (keyring_host_kind(params->key) != KEYRING_HOST_SECP256K1)
        return ERR_UNSUPPORTED;
    struct discv5 *d = calloc(1, sizeof *d);
    if (d == NULL)
        return ERR_MEMORY;
    assert(strlen(params->protocol) == PACKET_ID_BYTES);
    d->params = *params;
    d->params.protocol = NULL;
    memcpy(d->protocol, params->protocol, PACKET_ID_BYTES);
    d->self = *self;
    rng_fill(env->rng, seed, sizeof seed);
    table_init(&d->table, self->node_id);
    d->table.ip_max = params->table_ip_limit;
    d->table.bucket_ip_max = params->bucket_ip_limit;
    kept_init(&d->sessions, seed, sizeof(struct session), DISCV5_SESSIONS_MAX);
    kept_init(&d->challenges, seed, sizeof(struct challenge), DISCV5_CHALLENGES_MAX);
    map_init(&d->found, seed, DISCV5_FOUND_MAX);
    fifo_init(&d->out, sizeof(struct out_slot), DISCV5_OUT_MAX);
    d->bootstraps = calloc(DISCV5_BOOTSTRAP_MAX, sizeof *d->bootstraps);
    d->look_at = mono_add(env->now, NS_PER_S); /* the first PONGs come before */
    d->prove_at = d->check_at = d->bootstrap_at = env->now;
    d->found_again_at = mono_add(env->now, DISCV5_FOUND_AGAIN_MS * NS_PER_MS);
    enum err err = d->bootstraps == NULL ? ERR_MEMORY : OK;
    if (err == OK)
        err = limits_init(&d->unknown, env->rng, DISCV5_UNKNOWN_PER_IP_S, DISCV5_UNKNOWN_BURST);
    if (err == OK)
        err = limits_init(&d->newcomers, env->rng, DISCV5_NEWCOMERS_S, DISCV5_NEWCOMERS_BURST);
    if (err == OK)
        err = limits_init(&d->serve, env->rng, DISCV5_SERVE_PER_IP_S, DISCV5_SERVE_BURST);
    if (err != OK) {
        discv5_free(d);
        return err;
    }
    *out = d;
    return OK;
}

void discv5_free(struct discv5 *d)
{
    struct out_slot slot;
    size_t cursor = 0;
    void *seq;

    if (d == NULL)
        return;
    slot_clear(&d->told);
    while (fifo_pop(&d->out, &slot))
        slot_clear(&slot);
    fifo_clear(&d->out);
    while ((seq = map_next(&d->found, &cursor, NULL)) != NULL)
        free(seq);
    map_clear(&d->found);
    table_clear(&d->table);
    lookup_clear(&d->lookup);
    kept_clear(&d->sessions);
    kept_clear(&d->challenges);
    limits_clear(&d->unknown);
    limits_clear(&d->newcomers);
    limits_clear(&d->serve);
    free(d->bootstraps);
    free(d);
}
