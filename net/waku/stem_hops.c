#include "crypto/base/siphash.h"
#include "net/waku/hops.h"

#include <stdlib.h>

struct guard {
    struct peer_id id;
    struct mono chosen, missed; /* missed: since when it is away; MONO_NEVER: it is here */
};

struct hop_topic {
    struct guard guards[STEM_GUARDS_MAX]; /* the first that is here is used */
    size_t guards_count;
    int64_t epoch; /* of the relays */
    uint64_t relays[STEM_RELAYS];
};

void hops_init(struct hops *h, const struct env *env, const uint8_t seed[32])
{
    uint8_t map_seed[16];

    *h = (struct hops){0};
    memcpy(h->key, seed, sizeof h->key);
    rng_fill(env->rng, map_seed, sizeof map_seed);
    map_init(&h->topics, map_seed, STEM_TOPICS_MAX);
}

void hops_clear(struct hops *h)
{
    struct hop_topic *t;

    for (size_t cursor = 0; (t = map_next(&h->topics, &cursor, NULL)) != NULL;)
        free(t);
    map_clear(&h->topics);
}

void hops_turn(struct hops *h, const struct env *env)
{
    int64_t epoch = env->wall.ns / (STEM_EPOCH_S * NS_PER_S);

    if (h->started && epoch == h->epoch)
        return;
    h->started = true;
    h->epoch = epoch;
    h->fluffing = rng_below(env->rng, 1000) < STEM_FLUFF_PER_MILLE;
    rng_fill(env->rng, h->epoch_key, sizeof h->epoch_key);
}

static struct hop_topic *topic_of(struct hops *h, struct span name)
{
    struct hop_topic *t = map_get(&h->topics, name);

    if (t != NULL)
        return t;
    t = calloc(1, sizeof *t);
    if (t != NULL && map_put(&h->topics, name, t) != OK) {
        free(t);
        t = NULL;
    }
    return t;
}

/* ---- choosing ---- */

struct choice { /* who may not be chosen */
    const struct stem_message *m;
    const uint64_t * not ;
    size_t count;
    bool outbound; /* only such */
};

static bool eligible(const struct choice *c, const struct stem_peer *p)
{
    if (p->peer == c->m->from || (c->outbound && !p->outbound))
        return false;
    for (size_t i = 0; i < c->count; i++)
        if (c->not [i] == p->peer)
            return false;
    return true;
}

/* By a keyed order, which nobody without the key can aim at. NULL: nobody is eligible. */
static const struct stem_peer *least(const struct choice *c, const uint8_t key[16])
{
    const struct stem_peer *best = NULL;
    uint64_t best_rank = 0;

    for (size_t i = 0; i < c->m->peers_count; i++) {
        const struct stem_peer *p = &c->m->peers[i];
        if (!eligible(c, p))
            continue;
        uint64_t rank = siphash(key, span_of(p->id->bytes, p->id->len));
        if (best == NULL || rank < best_rank) {
            best = p;
            best_rank = rank;
        }
    }
    return best;
}

static const struct stem_peer *choose(const struct stem_message *m, const uint64_t * not,
                                      size_t count, const uint8_t key[16])
{
    struct choice c = {m, not, count, true};
    const struct stem_peer *p = least(&c, key);

    c.outbound = false;
    return p != NULL ? p : least(&c, key);
}

static const struct stem_peer *find_id(const struct stem_message *m, const struct peer_id *id)
{
    for (size_t i = 0; i < m->peers_count; i++)
        if (peer_id_eq(m->peers[i].id, id))
            return &m->peers[i];
    return NULL;
}

static bool is_here(const struct stem_message *m, uint64_t peer)
{
    for (size_t i = 0; i < m->peers_count; i++)
        if (m->peers[i].peer == peer)
            return true;
    return false;
}

/* ---- own messages: like an entry guard, for every new one is a new chance for a spy ---- */

static bool is_over(const struct guard *g, struct mono now)
{
    return now.ns - g->chosen.ns >= STEM_GUARD_S * NS_PER_S ||
           (g->missed.ns != MONO_NEVER.ns && now.ns - g->missed.ns >= STEM_GUARD_GONE_S * NS_PER_S);
}

static void drop_old(struct hop_topic *t, struct mono now)
{
    size_t kept = 0;

    for (size_t i = 0; i < t->guards_count; i++)
        if (!is_over(&t->guards[i], now))
            t->guards[kept++] = t->guards[i];
    t->guards_count = kept;
}

/* A guard of another topic that is on this one too: the fewer guards, the fewer who may be spies.
 */
static const struct stem_peer *shared(const struct hops *h, const struct stem_message *m)
{
    const struct hop_topic *t;

    for (size_t cursor = 0; (t = map_next(&h->topics, &cursor, NULL)) != NULL;)
        for (size_t i = 0; i < t->guards_count; i++) {
            const struct stem_peer *p = find_id(m, &t->guards[i].id);
            if (p != NULL)
                return p;
        }
    return NULL;
}

/* The order of a day: a restart among the same peers finds the same guard. */
static void day_key(const struct hops *h, struct wall wall, uint8_t key[16])
{
    uint64_t shift = siphash(h->key, SPAN_LIT("day")) % STEM_GUARD_S; /* not all at midnight */
    uint64_t day = ((uint64_t)(wall.ns / NS_PER_S) + shift) / STEM_GUARD_S;
    uint64_t word = siphash(h->key, span_of(&day, sizeof day));

    memcpy(key, h->key, 16);
    memcpy(key, &word, sizeof word);
}

uint64_t hops_guard(struct hops *h, const struct env *env, const struct stem_message *m)
{
    struct hop_topic *t = topic_of(h, m->topic);
    uint8_t key[16];

    if (t == NULL)
        return 0;
    drop_old(t, env->now);
    for (size_t i = 0; i < t->guards_count;
         i++) { /* when none of them is here, a new one follows */
        struct guard *g = &t->guards[i];
        const struct stem_peer *p = find_id(m, &g->id);
        if (p != NULL) {
            g->missed = MONO_NEVER;
            return p->peer;
        }
        g->missed = mono_min(g->missed, env->now);
    }
    if (t->guards_count == STEM_GUARDS_MAX)
        return 0;
    const struct stem_peer *p = shared(h, m);
    if (p == NULL) {
        day_key(h, env->wall, key);
        p = choose(m, NULL, 0, key);
    }
    if (p == NULL)
        return 0;
    t->guards[t->guards_count++] =
        (struct guard){.id = *p->id, .chosen = env->now, .missed = MONO_NEVER};
    return p->peer;
}

/* ---- messages of peers: two relays an epoch, and each peer has one of them ---- */

static void fill_relays(struct hops *h, const struct env *env, struct hop_topic *t,
                        const struct stem_message *m)
{
    uint8_t key[16];

    if (t->epoch != h->epoch)
        memset(t->relays, 0, sizeof t->relays);
    t->epoch = h->epoch;
    for (size_t i = 0; i < STEM_RELAYS; i++)
        if (t->relays[i] != 0 && !is_here(m, t->relays[i]))
            t->relays[i] = 0;
    for (size_t i = 0; i < STEM_RELAYS; i++) {
        if (t->relays[i] != 0)
            continue;
        rng_fill(env->rng, key, sizeof key);
        const struct stem_peer *p = choose(m, t->relays, STEM_RELAYS, key);
        t->relays[i] = p == NULL ? 0 : p->peer;
    }
}

uint64_t hops_relay(struct hops *h, const struct env *env, const struct stem_message *m)
{
    struct hop_topic *t = topic_of(h, m->topic);

    if (t == NULL)
        return 0;
    fill_relays(h, env, t, m);
    size_t first = siphash(h->epoch_key, span_of(&m->from, sizeof m->from)) % STEM_RELAYS;
    for (size_t i = 0; i < STEM_RELAYS; i++) {
        uint64_t relay = t->relays[(first + i) % STEM_RELAYS];
        if (relay != 0 && relay != m->from)
            return relay;
    }
    return 0;
}

uint64_t hops_other(const struct hops *h, const struct env *env, const struct stem_message *m,
                    const uint64_t * not, size_t count)
{
    const struct stem_peer *p = choose(m, not, count, h->epoch_key);
    (void)env;

    return p == NULL ? 0 : p->peer;
}
