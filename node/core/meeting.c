/* Meeting points: we leave our record with some of those connected, under the namespaces of our
 * shards, and ask them for others when the peer manager wants candidates. */
#include "net/reach/rendezvous.h"
#include "node/core/inside.h"

static bool speaks(const struct host_peer *p, const char *protocol)
{
    for (size_t i = 0; i < p->protocols_count; i++)
        if (strcmp(p->protocols[i], protocol) == 0)
            return true;
    return false;
}

/* The protocol of libp2p goes first: its records are what everybody reads. */
static bool kind_of(const struct core *c, uint64_t peer, enum host_meet *kind)
{
    const struct host_peer *p = host_peer(c->host, peer);

    if (p == NULL)
        return false;
    *kind = speaks(p, RENDEZVOUS_PROTOCOL) ? HOST_MEET_LIBP2P : HOST_MEET_WAKU;
    return *kind == HOST_MEET_LIBP2P || speaks(p, RENDEZVOUS_WAKU_PROTOCOL);
}

static void leave_records(struct core *c, const struct env *env, enum host_meet kind, uint64_t peer)
{
    char ns[RENDEZVOUS_NAMESPACE_TEXT];
    size_t count = c->topics.shards_count;

    if (count > CORE_MEET_SHARDS_MAX)
        count = CORE_MEET_SHARDS_MAX;
    for (size_t i = 0; i < count; i++) {
        size_t len = rendezvous_namespace(c->config.cluster, c->topics.shards[i], ns);
        enum err err = host_register(c->host, env, kind, peer, span_of(ns, len));
        if (err != OK)
            log_debug(env, "rendezvous", "not registered ns=%s err=%s", ns, err_name(err));
    }
    if (count > 0)
        c->candidates.points++;
}

static void discover(struct core *c, const struct env *env, enum host_meet kind, uint64_t peer)
{
    char ns[RENDEZVOUS_NAMESPACE_TEXT];

    if (c->topics.shards_count == 0)
        return;
    size_t which = (size_t)rng_below(env->rng, c->topics.shards_count);
    size_t len = rendezvous_namespace(c->config.cluster, c->topics.shards[which], ns);
    enum err err = host_discover(c->host, env, kind, peer, span_of(ns, len), CORE_MEET_RECORDS);
    if (err != OK)
        log_debug(env, "rendezvous", "not asked err=%s", err_name(err));
}

void meeting_known(struct core *c, const struct env *env, uint64_t peer)
{
    enum host_meet kind;

    if (!c->config.rendezvous || !kind_of(c, peer, &kind))
        return;
    if (c->candidates.points < CORE_MEET_POINTS && c->config.relay)
        leave_records(c, env, kind, peer);
    if (c->candidates.hungry_until.ns > env->now.ns)
        discover(c, env, kind, peer);
}

void meeting_wanted(struct core *c, const struct env *env)
{
    uint64_t peer = candidates_somebody(c, env, PEERS_CAN_RENDEZVOUS);
    enum host_meet kind;

    if (c->config.rendezvous && peer != 0 && kind_of(c, peer, &kind))
        discover(c, env, kind, peer);
}

/* Registrations end: leave new ones, with others. */
void meeting_tick(struct core *c, const struct env *env)
{
    enum host_meet kind;

    if (!c->config.rendezvous || c->candidates.meet.ns > env->now.ns)
        return;
    c->candidates.meet = mono_add(env->now, CORE_MEET_AGAIN_MS * NS_PER_MS);
    c->candidates.points = 0;
    for (int i = 0; i < CORE_MEET_POINTS && c->config.relay; i++) {
        uint64_t peer = candidates_somebody(c, env, PEERS_CAN_RENDEZVOUS);
        if (peer != 0 && kind_of(c, peer, &kind))
            leave_records(c, env, kind, peer);
    }
}

struct mono meeting_deadline(const struct core *c)
{
    return c->config.rendezvous ? c->candidates.meet : MONO_NEVER;
}

void meeting_answered(struct core *c, const struct env *env, const struct host_out *out)
{
    struct rendezvous_message *m = arena_alloc(env->scratch, sizeof *m);
    const struct envelope_kind *kind =
        out->ticket == HOST_MEET_LIBP2P ? &envelope_peer_record : &envelope_waku;
    enum err err = m == NULL ? ERR_MEMORY : out->err;

    if (err == OK)
        err = rendezvous_decode(out->record, m);
    if (err == OK && m->status != RENDEZVOUS_OK)
        err = ERR_REFUSED;
    if (err != OK) {
        log_debug(env, "rendezvous", "failed peer=%llu err=%s", (unsigned long long)out->peer,
                  err_name(err));
        return;
    }
    for (size_t i = 0;
         m->type == RENDEZVOUS_DISCOVER_RESPONSE && i < m->count && i < CORE_MEET_RECORDS; i++)
        candidates_record(c, env, kind, m->registrations[i].record, PEERS_RENDEZVOUS, out->peer);
}
