/* Asking others to dial us, and what their answers mean. Also the life of the engine. */
#include "net/reach/autonat_inside.h"

#include <stdlib.h>

#define OUTPUTS_MAX 1024u
#define PEERS_MAX   16384u

enum err autonat_emit(struct autonat *a, const struct autonat_output *o)
{
    return fifo_push(&a->out, o);
}

/* ---- what was said ---- */

static unsigned count(const struct autonat *a, bool reachable)
{
    unsigned n = 0;

    for (size_t i = 0; i < a->said_count; i++)
        n += a->said[i].reachable == reachable;
    return n;
}

enum autonat_reach autonat_reach(const struct autonat *a, double *confidence)
{
    unsigned yes = count(a, true), no = count(a, false), most = yes > no ? yes : no;
    unsigned all = yes + no > AUTONAT_ANSWERS_MIN ? yes + no : AUTONAT_ANSWERS_MIN;

    if (confidence != NULL)
        *confidence = (double)most / all;
    if (most < AUTONAT_ANSWERS_MIN || yes == no)
        return AUTONAT_UNKNOWN;
    return yes > no ? AUTONAT_REACHABLE : AUTONAT_NOT_REACHABLE;
}

static void tell_change(struct autonat *a)
{
    enum autonat_reach now = autonat_reach(a, NULL);

    if (now == a->reach ||
        autonat_emit(
            a, &(struct autonat_output){.out = {.kind = AUTONAT_OUT_REACH, .reach = now}}) != OK)
        return; /* told next time */
    a->reach = now;
}

static void drop_said(struct autonat *a, size_t i)
{
    memmove(&a->said[i], &a->said[i + 1], (--a->said_count - i) * sizeof a->said[0]);
}

/* One voice for each address that peers are at: its last; the list is in order of time. */
static void take_said(struct autonat *a, const struct env *env, const uint8_t ip[16],
                      bool reachable)
{
    for (size_t i = 0; i < a->said_count; i++)
        if (memcmp(a->said[i].ip, ip, 16) == 0) {
            drop_said(a, i);
            break;
        }
    if (a->said_count == AUTONAT_ANSWERS_MAX)
        drop_said(a, 0);
    struct autonat_said *s = &a->said[a->said_count++];
    *s = (struct autonat_said){.reachable = reachable, .at = env->now};
    memcpy(s->ip, ip, 16);
    tell_change(a);
}

static void forget_old(struct autonat *a, const struct env *env)
{
    while (a->said_count > 0 &&
           env->now.ns - a->said[0].at.ns >= AUTONAT_ANSWER_LIFE_MS * NS_PER_MS)
        drop_said(a, 0);
    tell_change(a);
}

/* ---- asking ---- */

void autonat_client_peer(struct autonat *a, const struct env *env, uint64_t peer,
                         const uint8_t ip[16])
{
    struct autonat_peer *p = map_get(&a->peers, MAP_KEY(peer));

    if (!a->params.ask || p != NULL || (p = calloc(1, sizeof *p)) == NULL)
        return;
    *p = (struct autonat_peer){.peer = peer, .since = env->now};
    memcpy(p->ip, ip, 16);
    if (map_put(&a->peers, MAP_KEY(peer), p) != OK) {
        free(p);
        return;
    }
    struct mono soon = mono_add(env->now, AUTONAT_ASK_AGE_MS * NS_PER_MS);
    if (a->said_count < AUTONAT_ANSWERS_MIN)
        a->round_at = mono_min(a->round_at, soon);
    else if (a->round_at.ns == MONO_NEVER.ns)
        a->round_at = mono_add(env->now, AUTONAT_ASK_SETTLED_MS * NS_PER_MS);
}

void autonat_client_peer_down(struct autonat *a, uint64_t peer)
{
    free(map_take(&a->peers, MAP_KEY(peer)));
}

static bool may_ask(const struct autonat_peer *p, const struct env *env)
{
    return !p->asking && env->now.ns - p->since.ns >= AUTONAT_ASK_AGE_MS * NS_PER_MS;
}

/* Who was not asked for the longest time; never asked comes first. */
static struct autonat_peer *next_peer(struct autonat *a, const struct env *env)
{
    struct autonat_peer *p, *best = NULL;
    size_t cursor = 0;

    while ((p = map_next(&a->peers, &cursor, NULL)) != NULL)
        if (may_ask(p, env) && p->asked_at.ns < env->now.ns &&
            (best == NULL || p->asked_at.ns < best->asked_at.ns))
            best = p;
    return best;
}

static void ask_round(struct autonat *a, const struct env *env)
{
    struct autonat_peer *p;

    for (unsigned i = 0; i < AUTONAT_ASK_PEERS && (p = next_peer(a, env)) != NULL; i++) {
        struct autonat_output o = {.out = {.kind = AUTONAT_OUT_ASK, .peer = p->peer}};
        p->asked_at = env->now;
        p->asking = autonat_emit(a, &o) == OK;
        a->counters.asked += p->asking;
    }
    bool clear = a->reach != AUTONAT_UNKNOWN;
    a->round_at =
        map_count(&a->peers) == 0
            ? MONO_NEVER
            : mono_add(env->now,
                       (clear ? AUTONAT_ASK_SETTLED_MS : AUTONAT_ASK_INTERVAL_MS) * NS_PER_MS);
}

void autonat_client_answer(struct autonat *a, const struct env *env, uint64_t peer,
                           struct span answer)
{
    struct autonat_peer *p = map_get(&a->peers, MAP_KEY(peer));
    struct autonat_message m;
    bool good = autonat_decode(answer, &m) == OK && m.is_answer;
    bool ok = good && m.status == AUTONAT_OK, failed = good && m.status == AUTONAT_DIAL_ERROR;

    if (p == NULL)
        return;
    p->asking = false;
    a->counters.answers_ok += ok;
    a->counters.answers_failed += failed;
    a->counters.answers_none += !ok && !failed;
    if (ok || failed)
        take_said(a, env, p->ip, ok);
}

void autonat_client_failed(struct autonat *a, uint64_t peer)
{
    struct autonat_peer *p = map_get(&a->peers, MAP_KEY(peer));

    a->counters.answers_none++;
    if (p != NULL)
        p->asking = false;
}

/* ---- the engine ---- */

struct mono autonat_deadline(const struct autonat *a)
{
    struct mono at = a->round_at;

    if (a->said_count > 0)
        at = mono_min(at, mono_add(a->said[0].at, AUTONAT_ANSWER_LIFE_MS * NS_PER_MS));
    return at;
}

void autonat_tick(struct autonat *a, const struct env *env)
{
    forget_old(a, env);
    if (env->now.ns >= a->round_at.ns)
        ask_round(a, env);
}

bool autonat_poll(struct autonat *a, struct autonat_out *out)
{
    struct autonat_output o;

    buf_clear(&a->lent);
    if (!fifo_pop(&a->out, &o))
        return false;
    *out = o.out;
    if (o.dial != NULL) { /* alive: it ends only by autonat_server_dialed, after this */
        out->peer_id = &o.dial->peer;
        out->addrs = o.dial->addrs;
        out->addrs_count = o.dial->count;
    }
    a->lent = o.bytes;
    out->bytes = buf_span(&a->lent);
    return true;
}

const struct autonat_counters *autonat_counters(const struct autonat *a)
{
    return &a->counters;
}

enum err autonat_new(struct autonat **out, const struct env *env,
                     const struct autonat_params *params)
{
    struct autonat *a = calloc(1, sizeof *a);
    uint8_t seed[16];

    if (a == NULL)
        return ERR_MEMORY;
    a->params = *params;
    rng_fill(env->rng, seed, sizeof seed);
    fifo_init(&a->out, sizeof(struct autonat_output), OUTPUTS_MAX);
    map_init(&a->dials, seed, AUTONAT_DIALS_MAX);
    map_init(&a->recent, seed, AUTONAT_RECENT_MAX + 1);
    map_init(&a->peers, seed, PEERS_MAX);
    a->round_at = MONO_NEVER;
    a->minute_from = env->now;
    *out = a;
    return OK;
}

static void free_all(struct map *m)
{
    size_t cursor = 0;
    void *value;

    while ((value = map_next(m, &cursor, NULL)) != NULL)
        free(value);
    map_clear(m);
}

void autonat_free(struct autonat *a)
{
    struct autonat_output o;

    if (a == NULL)
        return;
    while (fifo_pop(&a->out, &o))
        buf_clear(&o.bytes);
    fifo_clear(&a->out);
    buf_clear(&a->lent);
    free_all(&a->dials);
    free_all(&a->recent);
    free_all(&a->peers);
    free(a);
}
