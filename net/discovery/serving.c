/* What others ask, once a session has opened it. */
#include "net/discovery/inside.h"

/* iv, static header, src-id, tag */
#define AROUND_BYTES (PACKET_IV_BYTES + PACKET_STATIC_BYTES + ENR_ID_BYTES + 16u)

struct asker {
    struct session *session;
    const uint8_t *id;
    const struct udp_addr *addr;
};

static void answer(struct discv5 *d, const struct env *env, const struct asker *a,
                   const struct message *question, struct message *m)
{
    uint8_t nonce[PACKET_NONCE_BYTES];

    memcpy(m->id, question->id, sizeof m->id);
    m->id_len = question->id_len;
    discv5_say(d, env, a->session, a->id, a->addr, m, nonce);
}

static void pong(struct discv5 *d, const struct env *env, const struct asker *a,
                 const struct message *ping)
{
    struct message m = {.kind = MESSAGE_PONG, .enr_seq = d->self.seq, .port = a->addr->port};

    memcpy(m.ip, a->addr->ip, sizeof m.ip);
    answer(d, env, a, ping, &m);
    upkeep_alive(d, env, a->id, a->addr, ping->enr_seq);
}

/* Proven nodes at the distances, and for 0 ourselves. */
static size_t collect(const struct discv5 *d, const struct message *q, struct span *out)
{
    struct node *nodes[DISCV5_NODES_MAX];
    size_t count = 0;

    for (size_t i = 0; i < q->count; i++) {
        bool again = false;
        for (size_t k = 0; k < i; k++)
            again = again || q->distances[k] == q->distances[i];
        if (again || count == DISCV5_NODES_MAX)
            continue;
        if (q->distances[i] == 0) {
            out[count++] = enr_span(&d->self);
            continue;
        }
        size_t n = table_at(&d->table, q->distances[i], nodes, DISCV5_NODES_MAX - count);
        for (size_t k = 0; k < n; k++)
            out[count++] = enr_span(&nodes[k]->enr);
    }
    return count;
}

/* How many of the records from `at` on go into one message. */
static size_t fill(const struct span *records, size_t at, size_t count)
{
    size_t n = 0, bytes = 0;

    while (at + n < count &&
           AROUND_BYTES + message_nodes_bytes(bytes + records[at + n].len) <= DISCV5_PACKET_MAX)
        bytes += records[at + n++].len;
    return n;
}

static void findnode(struct discv5 *d, const struct env *env, const struct asker *a,
                     const struct message *q)
{
    struct span records[DISCV5_NODES_MAX];
    size_t count = collect(d, q, records), at = 0;
    struct message m = {.kind = MESSAGE_NODES};

    for (; at < count; m.total++)
        at += fill(records, at, count);
    if (m.total == 0)
        m.total = 1; /* that there is none is an answer too */
    at = 0;
    for (uint64_t i = 0; i < m.total; i++) {
        m.count = fill(records, at, count);
        if (m.count > 0)
            memcpy(m.records, records + at, m.count * sizeof *records);
        at += m.count;
        answer(d, env, a, q, &m);
    }
}

void serving_message(struct discv5 *d, const struct env *env, struct session *s,
                     const uint8_t id[ENR_ID_BYTES], const struct udp_addr *from, struct span plain)
{
    const struct asker a = {s, id, from};
    struct message m, empty = {.kind = MESSAGE_TALKRESP};

    if (message_read(plain, &m) != OK) {
        d->counters.malformed++;
        return;
    }
    bool is_answer = m.kind == MESSAGE_PONG || m.kind == MESSAGE_NODES;
    if (!is_answer && !limits_take(&d->serve, env->now, from->ip)) {
        d->counters.limited++;
        return;
    }
    switch (m.kind) {
    case MESSAGE_PING:
        pong(d, env, &a, &m);
        break;
    case MESSAGE_FINDNODE:
        findnode(d, env, &a, &m);
        break;
    case MESSAGE_TALKREQ:
        answer(d, env, &a, &m, &empty); /* no protocol of ours runs over it */
        break;
    case MESSAGE_TALKRESP:
        break;
    case MESSAGE_PONG:
    case MESSAGE_NODES:
        request_answered(d, env, id, from, &m);
        break;
    }
}
