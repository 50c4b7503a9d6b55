/* The peer manager wants candidates: connected peers are asked for records (peer exchange). What
 * they send is verified, and counts against their share. */
#include "net/services/peer_exchange.h"
#include "node/core/inside.h"

static bool is_hungry(const struct core *c, const struct env *env)
{
    return c->candidates.hungry_until.ns > env->now.ns;
}

static void ask(struct core *c, const struct env *env, uint64_t peer)
{
    enum err err = host_ask_records(c->host, env, peer, CORE_PX_RECORDS);

    if (err == OK)
        c->candidates.asked++;
    else
        log_debug(env, "peers", "not asked for peers err=%s", err_name(err));
}

void asking_wanted(struct core *c, const struct env *env)
{
    c->candidates.hungry_until = mono_add(env->now, 2 * PEERS_WANT_MS_MAX * NS_PER_MS);
    if (c->candidates.asked >= CORE_PX_ASKED_MAX)
        return;
    uint64_t peer = candidates_somebody(c, env, PEERS_CAN_PX);
    if (peer != 0)
        ask(c, env, peer);
}

void asking_known(struct core *c, const struct env *env, uint64_t peer, unsigned capabilities)
{
    if ((capabilities & PEERS_CAN_PX) != 0 && is_hungry(c, env) &&
        c->candidates.asked < CORE_PX_ASKED_MAX)
        ask(c, env, peer);
}

static enum err take(struct core *c, const struct env *env, uint64_t peer, struct span message)
{
    struct px_answer *answer = arena_alloc(env->scratch, sizeof *answer);
    struct enr *enr = arena_alloc(env->scratch, sizeof *enr);

    if (answer == NULL || enr == NULL)
        return ERR_MEMORY;
    TRY(px_answer_decode(message, answer));
    if (answer->status != PX_STATUS_OK)
        return ERR_REFUSED;
    for (size_t i = 0; i < answer->count && i < CORE_PX_RECORDS; i++) {
        enum err err = enr_decode(answer->records[i], enr);
        c->candidates.px_records += err == OK;
        c->candidates.px_invalid += err != OK;
        if (err == OK)
            candidates_enr(c, env, enr, PEERS_PX, peer);
    }
    return OK;
}

void asking_answered(struct core *c, const struct env *env, const struct host_out *out)
{
    enum err err = out->err;

    c->candidates.asked--;
    if (err == OK)
        err = take(c, env, out->peer, out->record);
    c->candidates.px_errors += err != OK;
    if (err != OK)
        log_debug(env, "peers", "peer exchange failed peer=%llu err=%s",
                  (unsigned long long)out->peer, err_name(err));
}
