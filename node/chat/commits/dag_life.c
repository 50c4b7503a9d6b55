/* What is due: states that die, acks, withdrawals, beacons, rejoining. */
#include "node/chat/commits/dag_state.h"

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t after(int64_t t, int64_t ns)
{
    return t == NEVER ? NEVER : t + ns;
}

/* ---- states that die ---- */

int64_t dag_rewind_ends(const struct dag *d, const struct dag_node *n)
{
    if (n->adopted_ns == NEVER)
        return NEVER;
    return later(n->adopted_ns, d->awake_ns) + DAG_REWIND_NS;
}

static const struct dag_node *taken(const struct dag_node *n)
{
    for (const struct dag_node *c = n->child; c != NULL; c = c->sibling)
        if (c->path)
            return c;
    return NULL;
}

static const struct dag_node *left_path_at(const struct dag_node *n)
{
    while (n != NULL && !n->path)
        n = n->parent;
    return n;
}

static bool rewind_is_over(const struct dag *d, const struct dag_node *n, int64_t now)
{
    if (!n->path) {
        const struct dag_node *fork = left_path_at(n), *next = fork != NULL ? taken(fork) : NULL;
        if (fork == NULL || (next != NULL && next->settled))
            return true;
        if (fork->rewind || fork == d->head || d->catching_up)
            return false;
        /* the branch that we were let in to may lose yet: so long we can go back */
        return now >= after(n->left_ns, DAG_REWIND_NS) || now >= dag_rewind_ends(d, n);
    }
    const struct dag_node *next = taken(n);
    if (next == NULL)
        return false; /* the head */
    return next->settled || (!d->catching_up && now >= dag_rewind_ends(d, n));
}

static void let_states_die(struct dag *d, int64_t now)
{
    for (size_t i = 0; i < d->count; i++) { /* parents first: what leaves the path follows them */
        struct dag_node *n = d->nodes[i];
        if (n->rewind && rewind_is_over(d, n, now))
            dag_drop(d, n, DAG_OUT_DROP_REWIND);
        if (n->receive && n != d->head && n->left_ns == NEVER) {
            n->left_ns = now;
            n->dirty = true;
        }
        if (n->receive && n != d->head && now >= after(n->left_ns, DAG_RECEIVE_NS))
            dag_drop(d, n, DAG_OUT_DROP_RECEIVE);
    }
}

/* When one of them, or a commit of ours, is to be looked at again though nothing comes in. */
static int64_t node_due(const struct dag *d, const struct dag_node *n, int64_t now)
{
    int64_t at = NEVER;

    if (n->rewind && n != d->head && !d->catching_up)
        at = n->path ? dag_rewind_ends(d, n)
                     : earlier(dag_rewind_ends(d, n), after(n->left_ns, DAG_REWIND_NS));
    if (n->receive && n != d->head)
        at = earlier(at, after(n->left_ns, DAG_RECEIVE_NS));
    if (n->own && !n->settled && !dag_withdrawn(n) && now < n->seen_ns + DAG_LONELY_NS)
        at = earlier(at, n->seen_ns + DAG_LONELY_NS);
    return at > now ? at : NEVER;
}

static void look_after_states(struct dag *d, const struct env *env)
{
    if (env->now.ns < d->life_ns)
        return;
    let_states_die(d, env->now.ns);
    dag_prune(d, env);
    d->life_ns = NEVER;
    for (size_t i = 0; i < d->count; i++)
        d->life_ns = earlier(d->life_ns, node_due(d, d->nodes[i], env->now.ns));
}

/* ---- acks ---- */

static bool our_vote(const struct dag *d, const struct dag_node *n)
{
    int voter = n->parent != NULL ? dag_voter(n->parent->voters, d->key) : -1;

    return voter >= 0 && (n->votes >> voter & 1) != 0;
}

/* Settled for so long that another ack, to it or its ancestors, is of no use to anybody. */
static bool is_old(const struct dag_node *n, int64_t now)
{
    return n->settled && now - n->seen_ns > DAG_REWIND_NS;
}

/* When our ack to `n` may be signed; NEVER: it is not to be. */
static int64_t ack_due(const struct dag *d, const struct dag_node *n)
{
    if (d->doubted || !n->path || !n->held || n->own || n->parent == NULL || our_vote(d, n) ||
        dag_voter(n->parent->voters, d->key) < 0 || n->parent->child_ns == NEVER)
        return NEVER;
    for (const struct dag_node *c = n->parent->child; c != NULL; c = c->sibling)
        if (our_vote(d, c) && !(c->own && dag_withdrawn(c)))
            return NEVER;
    return n->parent->child_ns + DAG_ACK_NS;
}

static int64_t next_ack(const struct dag *d, int64_t now)
{
    int64_t next = NEVER;

    for (const struct dag_node *n = d->head; n != NULL && !is_old(n, now); n = n->parent)
        next = earlier(next, ack_due(d, n));
    return next;
}

size_t dag_acks_due(const struct dag *d, const struct env *env, struct eid *out, size_t max)
{
    size_t count = 0;

    for (const struct dag_node *n = d->head; n != NULL && count < max && !is_old(n, env->now.ns);
         n = n->parent)
        if (ack_due(d, n) <= env->now.ns)
            out[count++] = n->ticket.eid;
    for (size_t i = 0; i < count / 2; i++) { /* oldest first */
        struct eid e = out[i];
        out[i] = out[count - 1 - i];
        out[count - 1 - i] = e;
    }
    return count;
}

static void plan_lone_acks(struct dag *d, const struct env *env)
{
    d->acks_ns = env->now.ns;
    if (next_ack(d, env->now.ns) > env->now.ns) {
        d->lone_at = NEVER;
        return;
    }
    if (d->lone_at == NEVER) {
        int64_t from = d->lone_ns == INT64_MIN ? env->now.ns : d->lone_ns + DAG_LONE_NS;
        d->lone_at = later(from, env->now.ns) + (int64_t)rng_below(env->rng, DAG_SPREAD_NS);
        d->dirty = true;
    }
    if (env->now.ns < d->lone_at)
        return;
    d->lone_ns = env->now.ns;
    d->lone_at = NEVER;
    dag_emit(d, DAG_OUT_SIGN_ACK, NULL, NULL);
}

/* ---- withdrawing ---- */

/* Ours is old, nobody else is known to follow it, and there is another that somebody follows. */
static bool is_lonely(const struct dag_node *n, int64_t now)
{
    if (!n->own || n->settled || dag_withdrawn(n) || n->parent == NULL ||
        now - n->seen_ns < DAG_LONELY_NS || __builtin_popcountll(n->votes) > 1 || n->peopled)
        return false;
    for (const struct dag_node *c = n->parent->child; c != NULL; c = c->sibling)
        if (c != n && !dag_withdrawn(c) && (c->usable || c->settled || c->peopled))
            return true;
    return false;
}

void dag_give_up(struct dag *d, int64_t now)
{
    for (size_t i = 0; i < d->count && !d->catching_up && now >= d->life_ns; i++) {
        struct dag_node *n = d->nodes[i];
        if (!is_lonely(n, now))
            continue;
        n->given_up = n->dirty = d->moved = true;
        dag_emit(d, DAG_OUT_WITHDRAW, n, NULL);
    }
}

/* ---- beacons ---- */

static size_t beacons_today(const struct dag *d, int64_t now)
{
    size_t count = 0;

    while (count < DAG_BEACONS_DAY && d->beacons[count] != INT64_MIN &&
           now - d->beacons[count] < DAG_DAY_NS)
        count++;
    return count;
}

/* The way from `from` on under the keys of `keys`, in as many beacons as it takes. */
static void tell_way(struct dag *d, const struct dag_node *from, const struct dag_node *keys)
{
    for (size_t i = 0; i < DAG_WAY_BEACONS && from != NULL && from->path; i++) {
        dag_emit(d, DAG_OUT_BEACON, from, keys);
        for (size_t k = 0; k < BEACON_TICKETS_MAX && from != NULL; k++)
            from = dag_next_on_path(from);
        if (from == d->head)
            break;
    }
}

static void send_beacon(struct dag *d, const struct dag_node *from, int64_t now)
{
    d->beacon_at = NEVER;
    d->beacon_woke = false;
    if (beacons_today(d, now) == DAG_BEACONS_DAY)
        return;
    memmove(d->beacons + 1, d->beacons, sizeof d->beacons - sizeof *d->beacons);
    d->beacons[0] = now;
    tell_way(d, from, from);
}

/* A branch that we cannot follow, and have not answered yet. */
static struct dag_node *strange_branch(const struct dag *d)
{
    for (size_t i = 0; i < d->count; i++) {
        struct dag_node *n = d->nodes[i];
        if (!n->path && !n->held && !n->fork_told && n->parent != NULL && n->parent->path &&
            !n->parent->rewind && n->parent->receive)
            return n;
    }
    return NULL;
}

/* When we have been uncertified for T, and then for twice as long each time; NEVER: we are not. */
static int64_t uncertified_for_long(const struct dag *d, int64_t now)
{
    int64_t at = dag_rewind_ends(d, d->certified);
    size_t said = beacons_today(d, now);

    if (d->certified == d->head || d->catching_up || at == NEVER || said == DAG_BEACONS_DAY)
        return NEVER;
    return said == 0 ? at : later(at, d->beacons[0] + (DAG_REWIND_NS << said));
}

/* Whoever stands on another branch is told of ours, unless somebody else does it first: from the
 * fork on, and under keys that it surely has, those of `from` when it said so. */
void dag_answer(struct dag *d, const struct env *env, const struct dag_node *stranger,
                const struct dag_node *from)
{
    const struct dag_node *fork = left_path_at(stranger);

    if (from == NULL || !from->path || !from->receive)
        from = fork;
    if (stranger->path || stranger->usable || fork == NULL || !fork->receive || fork == d->head)
        return;
    if (d->answer_at != NEVER) {
        const struct dag_node *planned = dag_find(d, &d->answer_from);
        if (planned == NULL || from->epoch < planned->epoch)
            d->answer_from = from->ticket.eid;
        return;
    }
    d->answer_eid = fork->ticket.eid;
    d->answer_from = from->ticket.eid;
    d->answer_at =
        later(env->now.ns,
              d->answered_ns == INT64_MIN ? env->now.ns : d->answered_ns + DAG_REWIND_NS) +
        (int64_t)rng_below(env->rng, DAG_SPREAD_NS);
}

/* All are uncertified at once: not all of them speak at once, and who hears in time that enough of
 * the others stand here is silent. */
static void plan_own_beacon(struct dag *d, const struct env *env)
{
    int64_t now = env->now.ns;
    bool overdue = now >= uncertified_for_long(d, now);

    if (d->asleep_ns != NEVER && d->awake_ns - d->asleep_ns > DAG_REWIND_NS)
        d->beacon_woke = true;
    d->asleep_ns = NEVER;
    if (!overdue && !d->beacon_woke)
        d->beacon_at = NEVER;
    else if (d->beacon_at == NEVER)
        d->beacon_at = now + (int64_t)rng_below(env->rng, DAG_SPREAD_NS);
    if (now >= d->beacon_at)
        send_beacon(d, dag_older(d, 2 * (unsigned)beacons_today(d, now)), now);
}

static void plan_beacon(struct dag *d, const struct env *env)
{
    int64_t now = env->now.ns;
    struct dag_node *strange = strange_branch(d);

    if (d->catching_up)
        return;
    plan_own_beacon(d, env);
    if (strange != NULL) {
        dag_answer(d, env, strange, NULL);
        strange->fork_told = strange->dirty = true;
    }
    if (now < d->answer_at)
        return;
    const struct dag_node *fork = dag_find(d, &d->answer_eid), *from = dag_find(d, &d->answer_from);
    d->answer_at = NEVER;
    d->answered_ns = now;
    if (fork != NULL && fork->path && fork->receive)
        tell_way(d, fork, fork);
    if (from != NULL && from != fork && from->path && from->receive)
        tell_way(d, from, from);
}

/* ---- rejoining ---- */

/* What we could follow if somebody showed it to us is nobody's loss: a commit beside it will win.
 */
bool dag_is_beaten(const struct dag *d)
{
    return d->winner != NULL && (d->winner->held || !d->winner->parent->rewind);
}

/* When we must think that we are lost: nothing was certified for long, not even the
 * commit that let us in. NEVER: we need not. */
static int64_t lost_at(const struct dag *d)
{
    const struct dag_node *c = d->certified;

    if (d->catching_up)
        return NEVER;
    if (c != d->head)
        return after(dag_rewind_ends(d, c), DAG_LOST_NS);
    if (c != d->root || c->bytes == NULL || c->settled)
        return NEVER;
    return later(c->seen_ns, d->awake_ns) + DAG_REWIND_NS + DAG_LOST_NS;
}

bool dag_is_lost(const struct dag *d, const struct env *env)
{
    return env->now.ns >= lost_at(d);
}

void dag_doubt(struct dag *d, const struct env *env)
{
    if (d->doubted)
        return;
    d->doubted = d->dirty = true;
    dag_decide(d, env);
}

bool dag_is_doubted(const struct dag *d)
{
    return d->doubted;
}

bool dag_wants_in(const struct dag *d)
{
    return (d->doubted || dag_is_beaten(d)) && !d->catching_up;
}

static void plan_rejoin(struct dag *d, const struct env *env)
{
    bool beaten = dag_is_beaten(d) && !d->catching_up;

    if (!dag_wants_in(d) && !dag_is_lost(d, env)) {
        d->rejoin_at = NEVER;
        d->rejoin_tries = 0;
        return;
    }
    if (d->rejoin_at == NEVER)
        d->rejoin_at = env->now.ns + DAG_SPREAD_NS + (int64_t)rng_below(env->rng, DAG_SPREAD_NS);
    if (env->now.ns < d->rejoin_at)
        return;
    d->rejoin_at = env->now.ns + (DAG_REJOIN_NS << d->rejoin_tries / DAG_REJOIN_ROUND) +
                   (int64_t)rng_below(env->rng, DAG_SPREAD_NS);
    d->rejoin_tries =
        d->rejoin_tries < 5 * DAG_REJOIN_ROUND ? d->rejoin_tries + 1 : d->rejoin_tries - 1;
    /* who is lost does not know enough: it names the winner and asks anybody by turns */
    bool named = beaten && (d->rejoin_tries % 2 == 1 || !dag_is_lost(d, env));
    dag_emit(d, DAG_OUT_REJOIN, named ? d->winner : NULL, NULL);
}

/* ---- all of it ---- */

void dag_live(struct dag *d, const struct env *env)
{
    look_after_states(d, env);
    plan_lone_acks(d, env);
    plan_beacon(d, env);
    plan_rejoin(d, env);
}

struct mono dag_deadline(const struct dag *d)
{
    int64_t at = earlier(earlier(d->lone_at, d->beacon_at), earlier(d->rejoin_at, d->answer_at));

    at = earlier(at, d->life_ns);
    if (d->lone_at == NEVER)
        at = earlier(at, next_ack(d, d->acks_ns));
    if (d->rejoin_at == NEVER)
        at = earlier(at, lost_at(d));
    if (d->beacon_at == NEVER)
        at = earlier(at, uncertified_for_long(d, d->beacons[0]));
    return (struct mono){at};
}
