/* The list of those who asked, and turns. */
#include "node/chat/commits/guests.h"
#include "node/chat/envelope/params.h"

#include <stdlib.h>

struct let_in_by {
    struct eid in;
    uint8_t package[SHA256_BYTES]; /* zeros: not known */
    bool vain;                     /* the Welcome did not help */
};

struct asked {
    uint8_t key[32];
    struct eid eids[REJOIN_EIDS_MAX];
    size_t count;
    struct eid under;
    bool door;
    struct buf key_package, request;
    int64_t asked_ns; /* the last time */
    int64_t due_ns;
    struct let_in_by by[GUESTS_ANSWERS]; /* newest first */
    int64_t in_ns;                       /* since when one of them is on our way; 0: none is */
    unsigned times;                      /* it was let in, of late */
    int64_t times_ns;                    /* the last time */
};

struct guests {
    uint8_t key[32];
    struct asked list[GUESTS_MAX];
    size_t count;
};

enum err guests_new(struct guests **out, const uint8_t key[32])
{
    struct guests *g = calloc(1, sizeof *g);

    *out = g;
    if (g == NULL)
        return ERR_MEMORY;
    memcpy(g->key, key, sizeof g->key);
    return OK;
}

static void forget(struct guests *g, size_t i)
{
    buf_clear(&g->list[i].key_package);
    buf_clear(&g->list[i].request);
    memmove(&g->list[i], &g->list[i + 1], (--g->count - i) * sizeof *g->list);
}

void guests_free(struct guests *g)
{
    while (g != NULL && g->count > 0)
        forget(g, 0);
    free(g);
}

static struct asked *find(struct guests *g, const uint8_t key[32])
{
    for (size_t i = 0; i < g->count; i++)
        if (memcmp(g->list[i].key, key, 32) == 0)
            return &g->list[i];
    return NULL;
}

/* Who comes before whom differs from guest to guest, so that nobody is asked too much. */
static void rank(const uint8_t member[32], const uint8_t guest[32], uint8_t out[SHA256_BYTES])
{
    uint8_t both[64];

    memcpy(both, guest, 32);
    memcpy(both + 32, member, 32);
    sha256(SPAN_ARRAY(both), out);
}

/* How many of our branch come before us. */
static size_t turn(const struct guests *g, const struct dag *d, const struct asked *a)
{
    uint8_t keys[DAG_PLACES_MAX][32], ours[SHA256_BYTES], theirs[SHA256_BYTES];
    size_t count = dag_members_at(d, &a->eids[0], keys, DAG_PLACES_MAX), before = 0;

    rank(g->key, a->key, ours);
    for (size_t i = 0; i < count; i++) {
        rank(keys[i], a->key, theirs);
        before += memcmp(keys[i], a->key, 32) != 0 && memcmp(theirs, ours, sizeof ours) < 0;
    }
    return before;
}

static void wait_for_turn(const struct guests *g, const struct env *env, const struct dag *d,
                          struct asked *a)
{
    size_t before = turn(g, d, a);

    a->due_ns = env->now.ns + GUESTS_GATHER_NS +
                (int64_t)(before < GUESTS_TURNS ? before : GUESTS_TURNS) * GUESTS_TURN_NS +
                (int64_t)rng_below(env->rng, GUESTS_SPREAD_NS);
}

static bool is_remembered(const struct asked *a, int64_t now)
{
    return a->times > 0 && now - a->times_ns < DAG_DAY_NS;
}

/* Who waits for nothing goes; of those who were let in of late the one let in first, when need be.
 */
static enum err make_room(struct guests *g, const struct env *env)
{
    size_t oldest = g->count;

    for (size_t i = g->count; i-- > 0;) {
        if (env->now.ns - g->list[i].asked_ns <= GUESTS_KEPT_NS)
            continue;
        if (!is_remembered(&g->list[i], env->now.ns))
            forget(g, i);
        else if (oldest >= g->count || g->list[i].times_ns < g->list[oldest].times_ns)
            oldest = i;
    }
    if (g->count == GUESTS_MAX && oldest < g->count)
        forget(g, oldest);
    return g->count < GUESTS_MAX ? OK : ERR_FULL;
}

static enum err take_in(struct guests *g, const struct env *env, const uint8_t key[32],
                        struct asked **out)
{
    *out = find(g, key);
    if (*out != NULL)
        return OK;
    TRY(make_room(g, env));
    *out = &g->list[g->count++];
    **out = (struct asked){.asked_ns = env->now.ns,
                           .key_package = BUF_INIT(REJOIN_PACKAGE_MAX),
                           .request = BUF_INIT(REJOIN_BYTES_MAX)};
    memcpy((*out)->key, key, 32);
    return OK;
}

/* So long it stays in before it is let in again. */
static int64_t again(const struct asked *a, int64_t now)
{
    unsigned more = is_remembered(a, now) && a->times > 1 ? a->times - 1 : 0;

    return GUESTS_AGAIN_NS << (more < GUESTS_AGAIN_STEPS ? more : GUESTS_AGAIN_STEPS);
}

/* Who has been in with it makes a fresh one for the next time. */
static bool is_spent(const struct asked *a, const struct dag *d, struct span key_package)
{
    uint8_t id[SHA256_BYTES];

    if (key_package.len == 0)
        return false;
    sha256(key_package, id);
    for (size_t i = 0; i < GUESTS_ANSWERS; i++)
        if (memcmp(a->by[i].package, id, sizeof id) == 0 && dag_on_path(d, &a->by[i].in) &&
            dag_is_seen_behind(d, a->key, &a->by[i].in))
            return true;
    return false;
}

enum err guests_ask(struct guests *g, const struct env *env, const struct dag *d,
                    const struct rejoin *r, const struct eid *under, bool door, struct span bytes)
{
    struct asked *a = find(g, r->key);

    if (r->count > 1 && dag_is_with_us(d, r->key))
        return OK;
    if (a != NULL && is_spent(a, d, r->key_package))
        return OK;
    TRY(take_in(g, env, r->key, &a));
    a->count = r->count;
    memcpy(a->eids, r->eids, r->count * sizeof *r->eids);
    a->under = *under;
    a->door = door;
    a->key_package.len = a->request.len = 0;
    a->asked_ns = env->now.ns;
    if (a->in_ns != 0 && env->now.ns - a->in_ns > again(a, env->now.ns)) {
        for (size_t i = 0; i < GUESTS_ANSWERS; i++)
            a->by[i].vain = true;
        a->in_ns = a->due_ns = 0;
    }
    if (a->due_ns == 0)
        wait_for_turn(g, env, d, a);
    enum err err = buf_append(&a->key_package, r->key_package);
    if (err == OK)
        err = buf_append(&a->request, bytes);
    if (err != OK)
        a->count = 0;
    return err;
}

void guests_refuse(struct guests *g, const uint8_t key[32])
{
    struct asked *a = find(g, key);

    if (a != NULL)
        a->count = 0;
}

void guests_let_in(struct guests *g, const struct env *env, const struct dag *d,
                   const uint8_t key[32], struct span key_package, const struct eid *in)
{
    struct asked *a;

    if (take_in(g, env, key, &a) != OK || is_spent(a, d, key_package))
        return; /* nobody to remember it for */
    memmove(a->by + 1, a->by, sizeof a->by - sizeof *a->by);
    a->by[0] = (struct let_in_by){.in = *in};
    if (key_package.len > 0)
        sha256(key_package, a->by[0].package);
}

static bool is_in(const struct asked *a, const struct dag *d)
{
    for (size_t i = 0; i < GUESTS_ANSWERS; i++)
        if (!a->by[i].vain && !eid_is_none(&a->by[i].in) && dag_on_path(d, &a->by[i].in))
            return true;
    return false;
}

/* Does it want what we have, and is there nothing better that we know? Who names one epoch wants
 * that branch; who names several is lost, and wants any that is not. */
static bool is_ours(const struct asked *a, const struct env *env, const struct dag *d,
                    struct eid *at)
{
    for (size_t i = 0; i < a->count; i++) {
        if (!dag_on_path(d, &a->eids[i]))
            continue;
        *at = a->eids[i];
        return (a->count == 1 || !dag_is_lost(d, env)) && !dag_is_beaten(d);
    }
    return false;
}

size_t guests_due(struct guests *g, const struct env *env, const struct dag *d, struct guest *out,
                  size_t max)
{
    struct eid head = dag_head(d);
    size_t count = 0;
    bool due = false;

    for (size_t i = 0; i < g->count; i++) {
        struct asked *a = &g->list[i];
        struct guest guest = {.under = a->under,
                              .door = a->door,
                              .key_package = buf_span(&a->key_package),
                              .request = buf_span(&a->request)};
        bool in = is_in(a, d);
        if (in && a->in_ns == 0) {
            a->times = is_remembered(a, env->now.ns) ? a->times + 1 : 1;
            a->in_ns = a->times_ns = env->now.ns;
        }
        if (!in && a->in_ns != 0) { /* what let it in has lost */
            a->in_ns = 0;
            wait_for_turn(g, env, d, a);
        }
        if (env->now.ns - a->asked_ns > GUESTS_KEPT_NS && a->count > 0) {
            a->count = 0; /* whoever still wants to be let in asks again */
            a->due_ns = 0;
        }
        if (in || !is_ours(a, env, d, &guest.at))
            continue;
        due |= env->now.ns >= a->due_ns;
        memcpy(guest.key, a->key, 32);
        if (count < max)
            out[count++] = guest;
    }
    return due && dag_may_commit(d, &head) ? count : 0;
}

struct mono guests_deadline(const struct guests *g)
{
    int64_t at = INT64_MAX;

    for (size_t i = 0; i < g->count; i++)
        if (g->list[i].count > 0 && g->list[i].in_ns == 0 && g->list[i].due_ns < at)
            at = g->list[i].due_ns;
    return (struct mono){at};
}
