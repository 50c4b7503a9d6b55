/* A round: whom to ask to leave, whom to dial, and what is missing when nobody is left to dial.
 *
 * Slots are counted over all connected peers and dials under way, so a dial that will probably
 * fill a slot is not started twice. */
#include "net/peers/inside.h"

#include <stdlib.h>

#define WORDS (PEERS_SHARDS_MAX / 64)

struct tally {
    uint32_t connections, dials, relay_in, relay_out, service_out;
    uint32_t shard_peers[PEERS_SHARDS_MAX];
    uint32_t able[PEERS_CAPABILITIES]; /* peers that have it */
    struct peers_shards lacking;       /* shards of ours with too few peers */
    unsigned wanted;                   /* capabilities that too few have */
};

/* ---- what a peer is good for ---- */

static unsigned common(const struct peers_shards *a, const struct peers_shards *b)
{
    unsigned n = 0;

    for (size_t i = 0; i < WORDS; i++)
        for (uint64_t both = a->bits[i] & b->bits[i]; both != 0; both &= both - 1)
            n++;
    return n;
}

static unsigned count_bits(unsigned v)
{
    unsigned n = 0;

    for (; v != 0; v &= v - 1)
        n++;
    return n;
}

/* Before it has said what it is, a peer is taken for a relay of all shards. */
static bool relays_for_us(const struct peers *p, const struct entry *e)
{
    return p->params.relay && p->shards_count > 0 &&
           (!e->capabilities_known || (e->capabilities & PEERS_CAN_RELAY) != 0) &&
           (!e->shards_known || common(&e->shards, &p->shards) > 0);
}

static unsigned services(const struct peers *p, const struct entry *e)
{
    unsigned able = 0;

    for (unsigned i = 0; i < PEERS_CAPABILITIES; i++)
        if (p->params.service_target[i] > 0)
            able |= e->capabilities & 1u << i;
    return e->capabilities_known ? able : 0;
}

/* ---- counting ---- */

static void count_shards(const struct peers *p, const struct entry *e, struct tally *t)
{
    for (size_t i = 0; i < WORDS; i++) {
        uint64_t ours = p->shards.bits[i] & (e->shards_known ? e->shards.bits[i] : UINT64_MAX);
        for (unsigned b = 0; ours != 0; b++, ours >>= 1)
            t->shard_peers[i * 64 + b] += ours & 1;
    }
}

static void count_one(const struct peers *p, const struct entry *e, struct tally *t)
{
    bool relay = relays_for_us(p, e), outbound = e->dialing || e->outbound;

    t->connections++;
    t->dials += e->dialing;
    if (relay) {
        t->relay_out += outbound;
        t->relay_in += !outbound && e->identified;
        count_shards(p, e, t);
    } else {
        t->service_out += outbound;
    }
    for (unsigned i = 0; i < PEERS_CAPABILITIES; i++)
        t->able[i] += e->capabilities_known && (e->capabilities >> i & 1) != 0;
}

static void find_missing(const struct peers *p, struct tally *t)
{
    for (uint16_t s = 0; s < PEERS_SHARDS_MAX; s++)
        if (p->params.relay && peers_shards_has(&p->shards, s) &&
            t->shard_peers[s] < p->params.shard_target)
            peers_shards_add(&t->lacking, s);
    for (unsigned i = 0; i < PEERS_CAPABILITIES; i++)
        if (t->able[i] < p->params.service_target[i])
            t->wanted |= 1u << i;
}

static void count(struct peers *p, struct tally *t)
{
    for (const struct entry *e = p->first[SHELF_HELD]; e != NULL; e = e->next)
        if ((e->connected && !e->leaving) || e->dialing)
            count_one(p, e, t);
    find_missing(p, t);
    p->counters.relay_in = t->relay_in;
    p->counters.relay_out = t->relay_out;
}

/* ---- leaving ---- */

static bool may_go(const struct entry *e)
{
    return e->connected && e->identified && !e->leaving && !e->fixed && !e->asked && !e->in_mesh;
}

static void ask_to_leave(struct peers *p, const struct env *env, struct entry *e)
{
    e->leaving = true;
    p->counters.disconnects++;
    peers_emit(
        p, env,
        &(struct out_slot){.out = {.kind = PEERS_OUT_DISCONNECT, .id = e->id, .peer = e->peer}});
}

/* We dialed it for what it turned out not to have. */
static void release_useless(struct peers *p, const struct env *env, struct tally *t)
{
    for (struct entry *e = p->first[SHELF_HELD]; e != NULL; e = e->next) {
        if (!may_go(e) || !e->by_us || relays_for_us(p, e) || services(p, e) != 0)
            continue;
        ask_to_leave(p, env, e);
        t->connections--;
        t->service_out--;
    }
}

/* Who goes first of two that dialed us: the one without our shards, else the younger: whoever
 * floods us gets its own connections closed, not those that have proved themselves. The shelf is in
 * order of connection. */
static struct entry *least_needed(struct peers *p)
{
    struct entry *found = NULL;

    for (struct entry *e = p->last[SHELF_HELD]; e != NULL; e = e->prev) {
        if (!may_go(e) || e->outbound || !relays_for_us(p, e))
            continue;
        if (found == NULL)
            found = e;
        if (!e->shards_known)
            return e;
    }
    return found;
}

static void balance(struct peers *p, const struct env *env, struct tally *t)
{
    for (size_t n = 0; n < PEERS_BALANCE_MAX && t->relay_in > p->params.in_target; n++) {
        struct entry *e = least_needed(p);
        if (e == NULL)
            return;
        ask_to_leave(p, env, e);
        t->relay_in--;
        t->connections--;
    }
}

/* ---- dialing ---- */

static void dial(struct peers *p, const struct env *env, struct entry *e, struct tally *t)
{
    struct out_slot slot = {.out = {.kind = PEERS_OUT_DIAL, .id = e->id, .fixed = e->fixed}};
    size_t cursor = 0;

    slot.addrs = calloc(e->addrs_count, sizeof *slot.addrs);
    if (slot.addrs == NULL) {
        peers_failed(p, env, e);
        return;
    }
    while (book_addr(e, &cursor, &slot.addrs[slot.out.count]))
        slot.out.count++;
    slot.out.addrs = slot.addrs;
    book_set_active(e, false, true);
    book_shelve(p, env, e);
    count_one(p, e, t);
    p->counters.dials++;
    p->counters.dials_by[e->source]++;
    peers_emit(p, env, &slot);
}

static void soonest(struct peers *p, const struct env *env, struct mono at)
{
    if (at.ns > env->now.ns)
        p->due = mono_min(p->due, at);
}

static void dial_fixed(struct peers *p, const struct env *env, struct tally *t)
{
    struct entry *end = p->last[SHELF_HELD], *next;

    for (struct entry *e = p->first[SHELF_HELD]; e != NULL; e = e == end ? NULL : next) {
        next = e->next; /* dial() puts it behind `end` */
        if (!e->fixed || e->connected || e->dialing || e->addrs_count == 0)
            continue;
        if (e->next_dial.ns <= env->now.ns)
            dial(p, env, e, t);
        else
            soonest(p, env, e->next_dial);
    }
}

/* A dial whose end was not told is over. */
static void end_old_dials(struct peers *p, const struct env *env)
{
    struct entry *next;

    for (struct entry *e = p->first[SHELF_HELD]; e != NULL; e = next) {
        next = e->next;
        struct mono over = mono_add(e->since, PEERS_DIAL_MS * NS_PER_MS);
        if (!e->dialing)
            continue;
        if (over.ns > env->now.ns) {
            soonest(p, env, over);
            continue;
        }
        book_set_active(e, false, false);
        peers_failed(p, env, e);
    }
}

static bool is_empty(const struct peers_shards *s)
{
    return common(s, s) == 0;
}

static bool relay_open(const struct peers *p, const struct tally *t)
{
    return p->params.relay && t->relay_out < p->params.out_target;
}

/* Half as many again, for those alone that serve a shard with too few peers: when the slots were
 * filled by peers of our other shards. */
static bool shard_open(const struct peers *p, const struct tally *t)
{
    return p->params.relay &&
           t->relay_out < p->params.out_target + (p->params.out_target + 1) / 2 &&
           !is_empty(&t->lacking);
}

static bool service_open(const struct peers *p, const struct tally *t)
{
    return t->wanted != 0 && t->service_out < p->params.service_max;
}

/* How much a candidate is worth now: what it fills, then how well it is known. 0: nothing. */
static unsigned worth(const struct peers *p, const struct entry *e, const struct tally *t)
{
    unsigned fills = 0;

    if (relay_open(p, t) && relays_for_us(p, e))
        fills += 1 + 2 * (e->shards_known ? common(&e->shards, &t->lacking) : 1);
    else if (shard_open(p, t) && e->shards_known && relays_for_us(p, e))
        fills += 2 * common(&e->shards, &t->lacking);
    if (service_open(p, t))
        fills += 2 * count_bits(services(p, e) & t->wanted);
    if (fills == 0)
        return 0;
    return fills * 16 + (e->shelf == SHELF_WORKED ? 12u : 8u) - (e->failures < 8 ? e->failures : 8);
}

static bool address_free(const struct peers *p, const struct entry *e)
{
    return e->group == NULL || p->params.per_ip == 0 || e->group->active < p->params.per_ip;
}

/* The best; among equals a random one, so that nobody can choose our peers by being told first. */
static struct entry *choose(struct peers *p, const struct env *env, const struct tally *t)
{
    struct entry *best = NULL;
    unsigned most = 0;
    uint64_t equals = 0;

    for (int s = SHELF_HELD - 1; s >= 0; s--)
        for (struct entry *e = p->first[s]; e != NULL; e = e->next) {
            unsigned w = e->addrs_count == 0 || !address_free(p, e) ? 0 : worth(p, e, t);
            if (w == 0 || e->next_dial.ns > env->now.ns) {
                soonest(p, env, w == 0 ? MONO_NEVER : e->next_dial);
                continue;
            }
            equals = w == most ? equals + 1 : w > most ? 1 : equals;
            if (w > most || (w == most && rng_below(env->rng, equals) == 0))
                best = e;
            most = w > most ? w : most;
        }
    return best;
}

static bool may_dial(const struct peers *p, const struct tally *t)
{
    return t->dials < PEERS_DIALS_MAX && t->connections < p->params.connections_max;
}

static void call_for_candidates(struct peers *p, const struct env *env, const struct tally *t)
{
    if (p->want.ns > env->now.ns) {
        soonest(p, env, p->want);
        return;
    }
    p->counters.wants++;
    peers_emit(
        p, env,
        &(struct out_slot){
            .out = {.kind = PEERS_OUT_WANT, .shards = t->lacking, .capabilities = t->wanted}});
    p->want = mono_add(env->now, p->want_ms * NS_PER_MS);
    p->want_ms = p->want_ms < PEERS_WANT_MS_MAX / 2 ? p->want_ms * 2 : PEERS_WANT_MS_MAX;
    soonest(p, env, p->want);
}

static void fill(struct peers *p, const struct env *env, struct tally *t)
{
    while (relay_open(p, t) || shard_open(p, t) || service_open(p, t)) {
        if (!may_dial(p, t))
            return; /* a round follows when a dial or a connection ends */
        struct entry *e = choose(p, env, t);
        if (e == NULL) {
            call_for_candidates(p, env, t);
            return;
        }
        dial(p, env, e, t);
        t->lacking = (struct peers_shards){0};
        t->wanted = 0;
        find_missing(p, t);
    }
    p->want_ms = PEERS_WANT_MS_MIN;
}

void slots_round(struct peers *p, const struct env *env)
{
    struct tally *t = calloc(1, sizeof *t); /* 4 KiB: not on the stack of every caller */

    if (t == NULL) {
        soonest(p, env, mono_add(env->now, PEERS_ROUND_MS * NS_PER_MS));
        return;
    }
    end_old_dials(p, env);
    count(p, t);
    release_useless(p, env, t);
    balance(p, env, t);
    dial_fixed(p, env, t);
    fill(p, env, t);
    free(t);
}
