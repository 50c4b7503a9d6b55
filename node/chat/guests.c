/* The list of those who asked, and turns. */
#include "node/chat/guests.h"
#include "node/chat/params.h"

#include <stdlib.h>

struct asked {
    uint8_t key[32];
    struct eid eids[REJOIN_EIDS_MAX];
    size_t count;
    struct buf key_package;
    int64_t asked_ns; /* the last time */
    int64_t due_ns;
    struct eid in[GUESTS_ANSWERS]; /* epochs that let it in, newest first */
    int64_t in_ns;                 /* since when one of them is on our way; 0: none is */
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

static enum err make_room(struct guests *g, const struct env *env)
{
    for (size_t i = g->count; i-- > 0;)
        if (env->now.ns - g->list[i].asked_ns > GUESTS_KEPT_NS)
            forget(g, i);
    return g->count < GUESTS_MAX ? OK : ERR_FULL;
}

enum err guests_ask(struct guests *g, const struct env *env, const struct dag *d,
                    const struct rejoin *r)
{
    struct asked *a = find(g, r->key);

    if (a == NULL) {
        TRY(make_room(g, env));
        a = &g->list[g->count++];
        *a = (struct asked){.due_ns = 0, .key_package = BUF_INIT(REJOIN_PACKAGE_MAX)};
        memcpy(a->key, r->key, sizeof a->key);
    }
    a->count = r->count;
    memcpy(a->eids, r->eids, r->count * sizeof *r->eids);
    a->key_package.len = 0;
    a->asked_ns = env->now.ns;
    if (a->in_ns != 0 && env->now.ns - a->in_ns > GUESTS_AGAIN_NS) { /* the Welcome did not help */
        memset(a->in, 0, sizeof a->in);
        a->in_ns = a->due_ns = 0;
    }
    if (a->due_ns == 0)
        wait_for_turn(g, env, d, a);
    return buf_append(&a->key_package, r->key_package);
}

void guests_let_in(struct guests *g, const struct env *env, const uint8_t key[32],
                   const struct eid *in)
{
    struct asked *a = find(g, key);

    (void)env;
    if (a == NULL)
        return;
    memmove(a->in + 1, a->in, sizeof a->in - sizeof *a->in);
    a->in[0] = *in;
}

static bool is_in(const struct asked *a, const struct dag *d)
{
    for (size_t i = 0; i < GUESTS_ANSWERS; i++)
        if (!eid_is_none(&a->in[i]) && dag_on_path(d, &a->in[i]))
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
        struct guest guest = {.key_package = buf_span(&a->key_package)};
        bool in = is_in(a, d);
        if (in && a->in_ns == 0)
            a->in_ns = env->now.ns;
        if (!in && a->in_ns != 0) { /* what let it in has lost */
            a->in_ns = 0;
            wait_for_turn(g, env, d, a);
        }
        if (in || env->now.ns - a->asked_ns > GUESTS_KEPT_NS || !is_ours(a, env, d, &guest.at))
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
        if (g->list[i].in_ns == 0 && g->list[i].due_ns < at)
            at = g->list[i].due_ns;
    return (struct mono){at};
}
