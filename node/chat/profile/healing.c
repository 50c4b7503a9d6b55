/* Timers of healing. */
#include "node/chat/profile/healing_state.h"

#include <stdlib.h>

#define BIT(kind) (1u << (kind))

static uint64_t wall_s(const struct env *env)
{
    return env->wall.ns <= 0 ? 0 : (uint64_t)(env->wall.ns / NS_PER_S);
}

/* A random time from `from` to `to` seconds from now. */
static struct mono within(const struct env *env, int64_t from, int64_t to)
{
    uint64_t ms = rng_below(env->rng, (uint64_t)(to - from) * 1000 + 1);

    return mono_add(env->now, from * NS_PER_S + (int64_t)ms * NS_PER_MS);
}

enum err healing_new(struct healing **out, enum profile_type type)
{
    struct healing *h = calloc(1, sizeof *h);

    if (h == NULL)
        return ERR_MEMORY;
    h->type = type;
    h->changed = true;
    h->remove_at = h->gather_at = h->update_at = h->silent_at = MONO_NEVER;
    *out = h;
    return OK;
}

void healing_free(struct healing *h)
{
    if (h != NULL)
        free(h->peers);
    free(h);
}

/* ---- members ---- */

static int by_key(const void *a, const void *b)
{
    return memcmp(a, b, ED25519_PUBLIC_BYTES); /* the key is the first field */
}

struct healing_peer *healing_peer(const struct healing *h, const uint8_t key[32])
{
    if (h->peers_count == 0)
        return NULL;
    return bsearch(key, h->peers, h->peers_count, sizeof *h->peers, by_key);
}

/* Those who are members now; whoever is new has been heard today. */
static enum err count_members(struct healing *h, const struct mls_group *g)
{
    const struct mls_tree *tree = mls_group_tree(g);
    size_t room = mls_tree_members(tree), count = 0;
    struct profile_credential c;
    uint32_t leaf;

    room = room > HEALING_PEERS_MAX ? HEALING_PEERS_MAX : room;
    struct healing_peer *peers = calloc(room + 1, sizeof *peers);
    if (peers == NULL)
        return ERR_MEMORY;
    for (uint32_t from = 0; count < room && mls_tree_next_member(tree, from, &leaf);
         from = leaf + 1) {
        if (leaf == mls_group_own_leaf(g) || policy_member(tree, leaf, &c) != OK)
            continue;
        const struct healing_peer *known = healing_peer(h, c.key);
        h->changed |= known == NULL;
        peers[count] = known == NULL ? (struct healing_peer){.heard_day = h->days} : *known;
        memcpy(peers[count++].key, c.key, sizeof c.key);
    }
    qsort(peers, count, sizeof *peers, by_key);
    h->changed |= count != h->peers_count;
    free(h->peers);
    h->peers = peers;
    h->peers_count = count;
    h->members = mls_tree_members(tree);
    return OK;
}

static void find_role(struct healing *h, const struct mls_group *g)
{
    const struct mls_tree *tree = mls_group_tree(g);
    struct profile_credential own;
    struct profile_data data;

    h->admin = profile_data_find(mls_group_context(g)->extensions, &data) == OK &&
               policy_member(tree, mls_group_own_leaf(g), &own) == OK &&
               policy_role(&data, tree, own.account) >= PROFILE_ADMIN;
}

/* ---- our leaf ---- */

static uint64_t old_after_s(const struct healing *h)
{
    const struct profile_rules *rules = profile_rules(h->type);

    return (uint64_t)(rules == NULL ? 1 : rules->heal_days) * HEALING_DAY_S;
}

static bool by_turns(const struct healing *h)
{
    return h->type == PROFILE_DIRECT || h->type == PROFILE_SELF;
}

static enum healing_kind update_kind(const struct healing *h)
{
    return h->members > HEALING_COMMIT_LEAVES ? HEALING_PROPOSE : HEALING_UPDATE;
}

/* A leaf of a branch that was left is not renewed because the head has moved: it has the age that
 * it had. */
static bool is_known_leaf(struct healing *h, const uint8_t name[16])
{
    for (size_t i = 0; i < h->leaves_count; i++) {
        struct healing_leaf found = h->leaves[i];
        if (memcmp(found.name, name, sizeof found.name) != 0)
            continue;
        memmove(&h->leaves[1], &h->leaves[0], i * sizeof found);
        h->leaves[0] = found;
        h->changed |= i > 0;
        return true;
    }
    return false;
}

static void look_at_own_leaf(struct healing *h, const struct env *env, const struct mls_group *g)
{
    const struct mls_leaf *own = mls_tree_leaf(mls_group_tree(g), mls_group_own_leaf(g));
    uint8_t hash[SHA256_BYTES];

    assert(own != NULL);
    label_hash(LABEL_GROUP_LEAF, &own->node.encryption_key, 1, hash);
    if (is_known_leaf(h, hash))
        return;
    h->leaves_count += h->leaves_count < HEALING_LEAVES_KEPT;
    memmove(&h->leaves[1], &h->leaves[0], (h->leaves_count - 1) * sizeof h->leaves[0]);
    h->leaves[0] = (struct healing_leaf){
        .updated_s = wall_s(env),
        .fresh = own->node.source == MLS_LEAF_KEY_PACKAGE && h->members > 1,
    };
    memcpy(h->leaves[0].name, hash, sizeof h->leaves[0].name);
    h->update_at = MONO_NEVER;
    h->due &= ~(BIT(HEALING_UPDATE) | BIT(HEALING_PROPOSE));
    h->changed = true;
}

enum err healing_epoch(struct healing *h, const struct env *env, const struct mls_group *g)
{
    TRY(count_members(h, g));
    look_at_own_leaf(h, env, g);
    find_role(h, g);
    h->gather_at = MONO_NEVER; /* what waited has ended with its epoch */
    h->due &= ~(BIT(HEALING_GATHER) | BIT(HEALING_SILENT));
    return OK;
}

/* ---- messages ---- */

void healing_heard(struct healing *h, const struct env *env, const uint8_t key[32])
{
    struct healing_peer *p = healing_peer(h, key);

    h->their_turn = true;
    if (p == NULL)
        return;
    p->heard = env->now;
    h->changed |= p->heard_day != h->days;
    p->heard_day = h->days;
}

enum healing_kind healing_before(const struct healing *h, const struct env *env)
{
    const struct healing_leaf *own = &h->leaves[0];
    uint64_t age = wall_s(env) > own->updated_s ? wall_s(env) - own->updated_s : 0;

    if (h->owed > 0)
        return HEALING_REMOVE;
    if (own->fresh || age >= old_after_s(h))
        return update_kind(h);
    if (by_turns(h) ? h->their_turn && age >= HEALING_TURN_S
                    : own->own_messages >= HEALING_OWN_MESSAGES)
        return update_kind(h);
    return HEALING_NOTHING;
}

void healing_sent(struct healing *h, const struct env *env)
{
    (void)env;
    h->their_turn = false;
    h->leaves[0].own_messages++;
    h->changed = true;
}

/* ---- what waits, what is owed ---- */

/* The rank that tickets of these leaves would have: no clock and nobody's wish is in it. */
static bool ranks_before(const struct mls_group *g, uint32_t a, uint32_t b)
{
    const struct mls_group_context *c = mls_group_context(g);
    struct ticket t = {.epoch = c->epoch, .leaf = a};
    uint8_t of_a[32], of_b[32];

    memcpy(t.group, c->group_id.ptr,
           c->group_id.len < GROUP_ID_BYTES ? c->group_id.len : GROUP_ID_BYTES);
    ticket_rank(&t, of_a);
    t.leaf = b;
    ticket_rank(&t, of_b);
    return memcmp(of_a, of_b, sizeof of_a) < 0;
}

static bool ours_is_least(const struct healing *h, const struct env *env, const struct mls_group *g)
{
    const struct mls_tree *tree = mls_group_tree(g);
    uint32_t own = mls_group_own_leaf(g), leaf;
    struct profile_credential c;

    for (uint32_t from = 0; mls_tree_next_member(tree, from, &leaf); from = leaf + 1) {
        if (leaf == own || policy_member(tree, leaf, &c) != OK)
            continue;
        const struct healing_peer *p = healing_peer(h, c.key);
        bool online = p != NULL && p->heard.ns != 0 &&
                      env->now.ns - p->heard.ns < HEALING_ONLINE_S * NS_PER_S;
        if (online && ranks_before(g, leaf, own))
            return false;
    }
    return true;
}

void healing_proposal(struct healing *h, const struct env *env, const struct mls_group *g)
{
    if (h->gather_at.ns != INT64_MAX || (h->due & BIT(HEALING_GATHER)) != 0)
        return;
    bool least = ours_is_least(h, env, g);
    h->gather_at = least ? within(env, HEALING_GATHER_MIN_S, HEALING_GATHER_MAX_S)
                         : within(env, HEALING_GATHER_MAX_S, 2 * HEALING_GATHER_MAX_S);
}

void healing_owe(struct healing *h, const struct env *env, size_t count, bool own)
{
    h->owed = count;
    if (count == 0) {
        h->remove_at = MONO_NEVER;
        h->due &= ~BIT(HEALING_REMOVE);
    } else if (h->remove_at.ns == INT64_MAX && (h->due & BIT(HEALING_REMOVE)) == 0) {
        h->remove_at = own ? within(env, 0, HEALING_OWN_REMOVE_S)
                           : within(env, HEALING_GATHER_MIN_S, HEALING_GATHER_MAX_S);
    }
}

void healing_catchup(struct healing *h, bool going_on)
{
    h->catching_up = going_on;
}

/* ---- time ---- */

static bool somebody_is_silent(const struct healing *h)
{
    for (size_t i = 0; i < h->peers_count; i++)
        if (h->days - h->peers[i].heard_day >= HEALING_SILENT_DAYS)
            return true;
    return false;
}

static void count_day(struct healing *h, const struct env *env)
{
    uint64_t day = wall_s(env) / HEALING_DAY_S;

    if (day == h->last_day)
        return;
    h->days += h->last_day != 0;
    h->last_day = day;
    h->changed = true;
    if (somebody_is_silent(h))
        h->silent_at = within(env, 0, 2 * HEALING_GATHER_MAX_S);
}

static void passed(struct healing *h, const struct env *env, struct mono *at,
                   enum healing_kind kind)
{
    if (env->now.ns < at->ns)
        return;
    *at = MONO_NEVER;
    h->due |= BIT(kind);
}

void healing_tick(struct healing *h, const struct env *env)
{
    if (h->catching_up)
        return;
    count_day(h, env);
    if (h->leaves[0].updated_s > wall_s(env) + HEALING_DAY_S)
        h->leaves[0].updated_s = wall_s(env); /* the clock went back */
    if (h->members > 1 && h->update_at.ns == INT64_MAX &&
        wall_s(env) >= h->leaves[0].updated_s + old_after_s(h))
        h->update_at = within(env, 0, HEALING_SPREAD_S);
    if (env->now.ns >= h->update_at.ns) {
        h->due |= BIT(update_kind(h));
        h->update_at = within(env, HEALING_SPREAD_S, 2 * HEALING_SPREAD_S); /* if it fails */
    }
    passed(h, env, &h->remove_at, HEALING_REMOVE);
    passed(h, env, &h->gather_at, HEALING_GATHER);
    passed(h, env, &h->silent_at, HEALING_SILENT);
    h->wake = mono_add(env->now, HEALING_LOOK_S * NS_PER_S);
}

struct mono healing_deadline(const struct healing *h)
{
    if (h->catching_up)
        return MONO_NEVER;
    return mono_min(mono_min(mono_min(h->wake, h->update_at), h->remove_at),
                    mono_min(h->gather_at, h->silent_at));
}

bool healing_poll(struct healing *h, enum healing_kind *out)
{
    /* removals first: they renew our leaf as well */
    static const enum healing_kind order[] = {HEALING_REMOVE, HEALING_SILENT, HEALING_GATHER,
                                              HEALING_UPDATE, HEALING_PROPOSE};

    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        if ((h->due & BIT(order[i])) == 0)
            continue;
        h->due &= ~BIT(order[i]);
        *out = order[i];
        return true;
    }
    return false;
}
