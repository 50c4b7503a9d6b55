/* What we ask, and what came of it. */
#include "net/discovery/inside.h"

#define RANDOM_BYTES 44u /* of a message that nobody can open: as long as a sealed PING */

static bool is_to(const struct request *r, const uint8_t id[ENR_ID_BYTES])
{
    return r->state != REQUEST_FREE && memcmp(r->to.node_id, id, ENR_ID_BYTES) == 0;
}

/* Is a handshake with this node under way, for another request? */
static bool is_shaking(const struct discv5 *d, const struct request *but)
{
    for (size_t i = 0; i < DISCV5_REQUESTS_MAX; i++) {
        const struct request *r = &d->requests[i];
        if (r != but && is_to(r, but->to.node_id) && udp_addr_eq(&r->addr, &but->addr) &&
            r->state != REQUEST_HELD && !r->had_session)
            return true;
    }
    return false;
}

/* discv5-theory.md step 1: without keys, a message of random content */
static void knock(struct discv5 *d, const struct env *env, struct request *r)
{
    struct packet p = {.flag = PACKET_MESSAGE};
    struct buf out = BUF_INIT(DISCV5_PACKET_MAX);
    uint8_t iv[PACKET_IV_BYTES], noise[RANDOM_BYTES];

    rng_fill(env->rng, p.nonce, sizeof p.nonce);
    rng_fill(env->rng, iv, sizeof iv);
    rng_fill(env->rng, noise, sizeof noise);
    memcpy(r->nonce, p.nonce, sizeof p.nonce);
    memcpy(p.src_id, d->self.node_id, ENR_ID_BYTES);
    packet_head(&p, d->protocol, iv);
    if (packet_write(&p, r->to.node_id, &out) == OK && buf_append(&out, SPAN_ARRAY(noise)) == OK)
        discv5_send(d, &r->addr, buf_span(&out));
    else
        d->counters.dropped++;
    buf_clear(&out);
}

static void send(struct discv5 *d, const struct env *env, struct request *r)
{
    struct kept_key key = kept_key_of(r->to.node_id, &r->addr);
    struct session *s = kept_get(&d->sessions, &key);

    r->had_session = s != NULL;
    if (s == NULL && is_shaking(d, r)) {
        r->state = REQUEST_HELD;
        return;
    }
    r->state = REQUEST_SENT;
    if (s != NULL)
        discv5_say(d, env, s, r->to.node_id, &r->addr, &r->message, r->nonce);
    else
        knock(d, env, r);
}

bool request_begin(struct discv5 *d, const struct env *env, const struct enr *to,
                   const struct udp_addr *addr, enum purpose purpose, const uint16_t *distances,
                   size_t count)
{
    struct request *r = d->requests;

    while (r < d->requests + DISCV5_REQUESTS_MAX && r->state != REQUEST_FREE)
        r++;
    if (r == d->requests + DISCV5_REQUESTS_MAX)
        return false;
    *r = (struct request){.purpose = purpose, .to = *to, .addr = *addr};
    r->message.kind = purpose == FOR_PROOF ? MESSAGE_PING : MESSAGE_FINDNODE;
    r->message.enr_seq = d->self.seq;
    r->message.id_len = DISCV5_REQUEST_ID_MAX;
    rng_fill(env->rng, r->message.id, DISCV5_REQUEST_ID_MAX);
    r->message.count = count;
    if (count > 0)
        memcpy(r->message.distances, distances, count * sizeof *distances);
    r->due = mono_add(env->now, DISCV5_REQUEST_MS * NS_PER_MS);
    d->counters.requests++;
    send(d, env, r);
    return true;
}

void requests_release(struct discv5 *d, const struct env *env, const uint8_t id[ENR_ID_BYTES])
{
    for (size_t i = 0; i < DISCV5_REQUESTS_MAX; i++)
        if (d->requests[i].state == REQUEST_HELD && is_to(&d->requests[i], id))
            send(d, env, &d->requests[i]);
}

struct request *request_of_nonce(struct discv5 *d, const uint8_t nonce[PACKET_NONCE_BYTES],
                                 const struct udp_addr *from)
{
    for (size_t i = 0; i < DISCV5_REQUESTS_MAX; i++) {
        struct request *r = &d->requests[i];
        if (r->state == REQUEST_SENT && udp_addr_eq(&r->addr, from) &&
            memcmp(r->nonce, nonce, PACKET_NONCE_BYTES) == 0)
            return r;
    }
    return NULL;
}

/* The end of a request, whichever; the slot is free when others are begun. */
static void end(struct discv5 *d, const struct env *env, struct request *r, bool failed)
{
    struct enr to = r->to;
    struct udp_addr addr = r->addr;
    enum purpose purpose = r->purpose;
    bool silent = failed && r->got == 0;

    r->state = REQUEST_FREE;
    if (silent) {
        d->counters.timeouts++;
        upkeep_silent(d, to.node_id, &addr);
    }
    requests_release(d, env, to.node_id);
    if (purpose == FOR_LOOKUP) {
        lookup_answered(&d->lookup, to.node_id, silent);
        upkeep_walk(d, env);
    }
}

/* ---- answers ---- */

static bool was_asked(const struct request *r, const struct enr *enr)
{
    unsigned distance = log_distance(r->to.node_id, enr->node_id);

    for (size_t i = 0; i < r->message.count; i++)
        if (r->message.distances[i] == distance)
            return true;
    return false;
}

static void take_records(struct discv5 *d, const struct env *env, struct request *r,
                         const struct message *m)
{
    struct enr enr;

    for (size_t i = 0; i < m->count && r->records < DISCV5_NODES_MAX; i++, r->records++) {
        if (enr_decode(m->records[i], &enr) != OK || !was_asked(r, &enr))
            d->counters.records_bad++;
        else if (memcmp(enr.node_id, r->to.node_id, ENR_ID_BYTES) == 0)
            upkeep_met(d, env, &enr, &r->addr);
        else
            upkeep_learn(d, env, &enr, &r->addr);
    }
}

/* One NODES message more: all must say the same total, and no more than that may come. */
static void nodes(struct discv5 *d, const struct env *env, struct request *r,
                  const struct message *m)
{
    bool first = r->got == 0;

    if (m->total == 0 || m->total > DISCV5_TOTAL_MAX || (!first && m->total != r->total)) {
        d->counters.answers_bad++;
        end(d, env, r, true);
        return;
    }
    r->total = m->total;
    r->got++;
    take_records(d, env, r, m);
    if (r->got == r->total || r->records == DISCV5_NODES_MAX)
        end(d, env, r, false);
}

static struct request *asked(struct discv5 *d, const uint8_t id[ENR_ID_BYTES],
                             const struct udp_addr *from, const struct message *m)
{
    enum message_kind kind = m->kind == MESSAGE_PONG ? MESSAGE_PING : MESSAGE_FINDNODE;

    for (size_t i = 0; i < DISCV5_REQUESTS_MAX; i++) {
        struct request *r = &d->requests[i];
        if (is_to(r, id) && r->state != REQUEST_HELD && udp_addr_eq(&r->addr, from) &&
            r->message.kind == kind &&
            span_eq(span_of(r->message.id, r->message.id_len), span_of(m->id, m->id_len)))
            return r;
    }
    return NULL;
}

void request_answered(struct discv5 *d, const struct env *env, const uint8_t id[ENR_ID_BYTES],
                      const struct udp_addr *from, const struct message *m)
{
    struct request *r = asked(d, id, from, m);

    if (r == NULL) {
        d->counters.answers_bad++;
        return;
    }
    if (m->kind == MESSAGE_NODES) {
        upkeep_alive(d, env, id, from, 0);
        nodes(d, env, r, m);
        return;
    }
    struct udp_addr seen = {.port = m->port};
    memcpy(seen.ip, m->ip, sizeof seen.ip);
    end(d, env, r, false);
    upkeep_vote(d, env, from, &seen);
    upkeep_alive(d, env, id, from, m->enr_seq);
}

/* ---- clock ---- */

void requests_tick(struct discv5 *d, const struct env *env)
{
    for (size_t i = 0; i < DISCV5_REQUESTS_MAX; i++)
        if (d->requests[i].state != REQUEST_FREE && d->requests[i].due.ns <= env->now.ns)
            end(d, env, &d->requests[i], true);
}

struct mono requests_deadline(const struct discv5 *d)
{
    struct mono due = MONO_NEVER;

    for (size_t i = 0; i < DISCV5_REQUESTS_MAX; i++)
        if (d->requests[i].state != REQUEST_FREE)
            due = mono_min(due, d->requests[i].due);
    return due;
}

size_t requests_for(const struct discv5 *d, enum purpose purpose)
{
    size_t count = 0;

    for (size_t i = 0; i < DISCV5_REQUESTS_MAX; i++)
        count += d->requests[i].state != REQUEST_FREE && d->requests[i].purpose == purpose;
    return count;
}
