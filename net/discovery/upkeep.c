/* Who is known, told and checked; where we are. */
#include "net/discovery/inside.h"

#include "net/wire/ip.h"

#include <stdlib.h>

/* ---- addresses ---- */

static bool is_usable(const struct udp_addr *a)
{
    static const uint8_t zero[16];
    const uint8_t *v4 = ip_v4(a->ip);

    if (a->port == 0)
        return false;
    if (v4 != NULL)
        return v4[0] != 0 && v4[0] < 224; /* not "this network", no multicast or broadcast */
    return a->ip[0] != 0xff && memcmp(a->ip, zero, 16) != 0;
}

bool upkeep_addr(const struct discv5 *d, const struct enr *enr, struct udp_addr *addr)
{
    if (enr_udp(enr, false, addr->ip, &addr->port) && is_usable(addr))
        return true;
    return d->params.v6 && enr_udp(enr, true, addr->ip, &addr->port) && is_usable(addr);
}

/* Nobody out there knows what is on our own machine or in our own network. */
static bool may_tell(const struct udp_addr *source, const struct udp_addr *told)
{
    if (ip_is_loopback(told->ip))
        return ip_is_loopback(source->ip);
    return !ip_is_private(told->ip) || ip_is_private(source->ip);
}

/* ---- records ---- */

static bool is_wanted(const struct discv5 *d, const struct enr *enr)
{
    return enr->is_waku && enr->offers != 0 && /* 31/WAKU2-ENR "Key Usage" */
           (d->params.any_cluster || (enr->sharded && enr->cluster == d->params.cluster));
}

/* Remember the seq that was told. False: this one, or a newer, was told before. */
static bool is_news(struct discv5 *d, const struct enr *enr)
{
    uint64_t *seq = map_get(&d->found, SPAN_ARRAY(enr->node_id));

    if (seq != NULL) {
        bool newer = enr->seq > *seq;
        *seq = newer ? enr->seq : *seq;
        return newer;
    }
    seq = malloc(sizeof *seq);
    if (seq == NULL || map_put(&d->found, SPAN_ARRAY(enr->node_id), seq) != OK) {
        free(seq); /* full: told in the next round */
        return false;
    }
    *seq = enr->seq;
    return true;
}

static void forget_found(struct discv5 *d)
{
    size_t cursor = 0;
    struct span id;
    void *seq;

    while ((seq = map_next(&d->found, &cursor, &id)) != NULL) {
        map_take(&d->found, id);
        free(seq);
    }
}

static void tell(struct discv5 *d, const struct enr *enr)
{
    struct out_slot slot = {.out = {.kind = DISCV5_OUT_FOUND}};

    if (!is_wanted(d, enr) || !is_news(d, enr) || (slot.enr = malloc(sizeof *enr)) == NULL)
        return;
    *slot.enr = *enr;
    slot.out.enr = slot.enr;
    d->counters.found++;
    discv5_emit(d, &slot);
}

void upkeep_learn(struct discv5 *d, const struct env *env, const struct enr *enr,
                  const struct udp_addr *source)
{
    struct udp_addr addr;

    if (memcmp(enr->node_id, d->self.node_id, ENR_ID_BYTES) == 0)
        return;
    if (!upkeep_addr(d, enr, &addr)) { /* it cannot be asked, but perhaps dialed */
        if (source == NULL)
            tell(d, enr);
        return;
    }
    if (source != NULL && !may_tell(source, &addr)) {
        d->counters.records_bad++;
        return;
    }
    tell(d, enr);
    struct node *n = table_add(&d->table, enr, &addr);
    if (n != NULL && !n->proven && !n->asked)
        d->prove_at = mono_min(d->prove_at, env->now);
    if (d->lookup.count > 0)
        lookup_add(&d->lookup, enr, &addr);
}

void upkeep_met(struct discv5 *d, const struct env *env, const struct enr *enr,
                const struct udp_addr *from)
{
    struct udp_addr addr;
    bool known = table_find(&d->table, enr->node_id) != NULL;

    if ((upkeep_addr(d, enr, &addr) && !may_tell(from, &addr)) ||
        (!known && !limits_take(&d->newcomers, env->now, from->ip))) {
        d->counters.records_bad++;
        return;
    }
    upkeep_learn(d, env, enr, NULL);
}

/* ---- alive or not ---- */

void upkeep_alive(struct discv5 *d, const struct env *env, const uint8_t id[ENR_ID_BYTES],
                  const struct udp_addr *from, uint64_t seq)
{
    static const uint16_t own = 0;
    struct node *n = table_find(&d->table, id);

    if (n == NULL || !udp_addr_eq(&n->addr, from))
        return;
    n->asked = false;
    table_prove(&d->table, n, env->now);
    if (seq > n->enr.seq && requests_for(d, FOR_RECORD) < DISCV5_PROVE_MAX)
        request_begin(d, env, &n->enr, &n->addr, FOR_RECORD, &own, 1);
}

void upkeep_silent(struct discv5 *d, const uint8_t id[ENR_ID_BYTES], const struct udp_addr *addr)
{
    struct node *n = table_find(&d->table, id);

    if (n == NULL || !udp_addr_eq(&n->addr, addr))
        return;
    n->asked = false;
    if (++n->fails < DISCV5_FAILS_MAX)
        return;
    table_remove(&d->table, n);
    d->prove_at = (struct mono){0}; /* a spare may stand there now */
}

/* Nodes that never answered first; else whoever was checked longest ago. */
static struct node *whom_to_check(const struct discv5 *d, bool proven)
{
    struct node *n, *best = NULL;
    size_t cursor = 0;

    while ((n = table_next(&d->table, &cursor)) != NULL)
        if (n->proven == proven && !n->asked && (best == NULL || n->checked.ns < best->checked.ns))
            best = n;
    return best;
}

static bool check(struct discv5 *d, const struct env *env, bool proven)
{
    struct node *n = whom_to_check(d, proven);

    if (n == NULL || !request_begin(d, env, &n->enr, &n->addr, FOR_PROOF, NULL, 0))
        return false;
    n->asked = true;
    n->checked = env->now;
    return true;
}

static void prove(struct discv5 *d, const struct env *env)
{
    if (env->now.ns < d->prove_at.ns)
        return;
    d->prove_at = MONO_NEVER; /* until a record is learnt, or one of these was silent */
    if (d->table.proven == d->table.count)
        return;
    d->prove_at = mono_add(env->now, DISCV5_PROVE_MS * NS_PER_MS);
    while (requests_for(d, FOR_PROOF) < DISCV5_PROVE_MAX && check(d, env, false))
        ;
}

static void check_one(struct discv5 *d, const struct env *env)
{
    if (env->now.ns < d->check_at.ns)
        return;
    d->check_at = mono_add(env->now, DISCV5_CHECK_MS * NS_PER_MS);
    (void)check(d, env, true);
}

/* ---- walks ---- */

void upkeep_walk(struct discv5 *d, const struct env *env)
{
    struct candidate *c;
    uint16_t distances[3];

    while (d->lookup.count > 0 && (c = lookup_next(&d->lookup)) != NULL) {
        lookup_distances(d->lookup.target, c->enr.node_id, distances);
        if (!request_begin(d, env, &c->enr, &c->addr, FOR_LOOKUP, distances, 3))
            c->state = CANDIDATE_FAILED; /* all requests are under way */
    }
    if (d->lookup.count > 0 && lookup_ended(&d->lookup))
        lookup_clear(&d->lookup);
}

static void look(struct discv5 *d, const struct env *env)
{
    uint8_t target[ENR_ID_BYTES];
    bool few = d->table.count < DISCV5_LOOKUP_FEW;

    if (env->now.ns < d->look_at.ns)
        return;
    d->look_at = mono_add(env->now, (few ? DISCV5_LOOKUP_MS : DISCV5_LOOKUP_CALM_MS) * NS_PER_MS);
    if (d->table.count == 0 || d->lookup.count > 0)
        return;
    if (d->walked)
        rng_fill(env->rng, target, sizeof target);
    else
        memcpy(target, d->self.node_id, sizeof target); /* those close to us, who must know us */
    d->walked = true;
    d->counters.lookups++;
    lookup_start(&d->lookup, &d->table, target);
    upkeep_walk(d, env);
}

static void refill(struct discv5 *d, const struct env *env)
{
    if (env->now.ns < d->bootstrap_at.ns)
        return;
    d->bootstrap_at = mono_add(env->now, DISCV5_BOOTSTRAP_MS * NS_PER_MS);
    if (d->table.count > 0)
        return;
    d->walked = false;
    for (size_t i = 0; i < d->bootstraps_count; i++)
        upkeep_learn(d, env, &d->bootstraps[i], NULL);
}

/* ---- where we are ---- */

static size_t votes_for(const struct discv5 *d, const struct env *env, const struct udp_addr *seen,
                        size_t *all)
{
    size_t count = 0;

    *all = 0;
    for (size_t i = 0; i < DISCV5_VOTERS_MAX; i++) {
        const struct vote *v = &d->votes[i];
        if (v->until.ns <= env->now.ns)
            continue;
        ++*all;
        count += udp_addr_eq(&v->seen, seen);
    }
    return count;
}

/* One vote an address; the oldest makes room. */
static void cast(struct discv5 *d, const struct env *env, const uint8_t voter[16],
                 const struct udp_addr *seen)
{
    struct vote *at = d->votes;

    for (size_t i = 0; i < DISCV5_VOTERS_MAX; i++) {
        struct vote *v = &d->votes[i];
        if (memcmp(v->voter, voter, sizeof v->voter) == 0) {
            at = v;
            break;
        }
        if (v->until.ns < at->until.ns)
            at = v;
    }
    *at = (struct vote){.seen = *seen, .until = mono_add(env->now, DISCV5_VOTE_MS * NS_PER_MS)};
    memcpy(at->voter, voter, sizeof at->voter);
}

void upkeep_vote(struct discv5 *d, const struct env *env, const struct udp_addr *voter,
                 const struct udp_addr *seen)
{
    struct out_slot slot = {.out = {.kind = DISCV5_OUT_ENDPOINT, .to = *seen}};
    struct udp_addr now = {0};
    uint8_t key[16];
    size_t all;

    if (!d->params.auto_update || !is_usable(seen) || !may_tell(voter, seen))
        return;
    limits_key(voter->ip, key);
    if (ip_is_loopback(voter->ip))
        key[0] = (uint8_t)(voter->port >> 8),
        key[1] = (uint8_t)voter->port; /* many on one machine */
    cast(d, env, key, seen);
    size_t count = votes_for(d, env, seen, &all);
    if (count < DISCV5_VOTES_MIN || 2 * count <= all || udp_addr_eq(&d->endpoint, seen))
        return;
    bool known = enr_udp(&d->self, ip_v4(seen->ip) == NULL, now.ip, &now.port);
    d->endpoint = *seen;
    if (!known || !udp_addr_eq(&now, seen))
        discv5_emit(d, &slot);
}

/* ---- clock ---- */

void upkeep_tick(struct discv5 *d, const struct env *env)
{
    if (env->now.ns >= d->found_again_at.ns) {
        d->found_again_at = mono_add(env->now, DISCV5_FOUND_AGAIN_MS * NS_PER_MS);
        forget_found(d);
    }
    refill(d, env);
    prove(d, env);
    check_one(d, env);
    look(d, env);
}

struct mono upkeep_deadline(const struct discv5 *d)
{
    struct mono due = mono_min(d->bootstrap_at, d->found_again_at);

    return mono_min(mono_min(due, d->prove_at), mono_min(d->check_at, d->look_at));
}
