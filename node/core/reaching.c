/* Where we are, as told to others: the announced list, and dials that the host asks for. */
#include "net/reach/reach.h"

#include "node/core/inside.h"

#include <stdlib.h>

struct wanted_dial { /* of the host, by number of the swarm's dial */
    uint64_t ticket;
};

static struct announce_list list_of(const struct addr_list *l)
{
    return (struct announce_list){l->addrs, l->count};
}

/* The host keeps a pointer to the list; when it is too long for identify, the last ones go. */
static void tell_host(struct core *c, const struct env *env)
{
    struct reaching *r = &c->reaching;

    while (host_set_listen(c->host, env, r->announced, r->count) == ERR_FULL && r->count > 0)
        r->count--;
}

void reaching_update(struct core *c, const struct env *env)
{
    struct reaching *r = &c->reaching;
    struct multiaddr next[REACH_ADDRS_MAX];
    struct host_reach seen;

    host_reach(c->host, &seen);
    struct announce a = {.bound = list_of(&r->bound),
                         .heads = list_of(&r->heads),
                         .given = list_of(&r->given),
                         .given_only = c->config.given_only,
                         .reachable = seen.reach == AUTONAT_REACHABLE,
                         .observed_ip = seen.observed ? seen.observed_ip : NULL};
    size_t count = announce_write(&a, next);
    if (count == r->written_count && memcmp(next, r->written, count * sizeof *next) == 0)
        return;
    memset(r->written, 0, sizeof r->written);
    memcpy(r->written, next, count * sizeof *next);
    memcpy(r->announced, r->written, sizeof r->announced);
    r->written_count = r->count = count;
    tell_host(c, env);
    discovering_changed(c);
    if (r->begun)
        core_emit(c, env, &(struct event_slot){.event = {.kind = CORE_EVENT_ADDRESSES}});
    r->begun = true;
}

const struct multiaddr *core_announced(const struct core *c, size_t *count)
{
    *count = c->reaching.count;
    return c->reaching.announced;
}

void core_reach(const struct core *c, struct core_reach *out)
{
    struct host_reach seen;

    host_reach(c->host, &seen);
    *out = (struct core_reach){.reach = (enum core_reachability)seen.reach,
                               .confidence = seen.confidence,
                               .autonat = seen.counters};
}

/* ---- dials for the host ---- */

void reaching_dial(struct core *c, const struct env *env, const struct host_out *out)
{
    struct wanted_dial *w = calloc(1, sizeof *w);
    uint64_t dial = 0;
    enum err err = w == NULL ? ERR_MEMORY : c->swarm == NULL ? ERR_FULL : OK;

    if (err == OK)
        err = swarm_dial(c->swarm, env, &out->peer_id, out->addrs, out->addrs_count,
                         SWARM_DIAL_FORCE | SWARM_DIAL_PROBE, &dial);
    if (err == OK) {
        w->ticket = out->ticket;
        err = map_put(&c->reaching.dials, MAP_KEY(dial), w);
    }
    if (err == OK)
        return;
    free(w);
    host_dialed(c->host, out->ticket, err == ERR_LIMIT ? ERR_FULL : err, NULL);
}

void reaching_dialed(struct core *c, const struct swarm_dialed *d)
{
    uint64_t dial = d->dial;
    struct wanted_dial *w = map_take(&c->reaching.dials, MAP_KEY(dial));

    if (w == NULL)
        return;
    host_dialed(c->host, w->ticket, d->err, &d->at);
    free(w);
}

/* ---- life ---- */

static enum err parse(struct addr_list *l, const char *const *texts, size_t count)
{
    l->addrs = calloc(count + 1, sizeof *l->addrs);
    if (l->addrs == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < count; i++, l->count++)
        TRY(multiaddr_parse(span_str(texts[i]), &l->addrs[l->count]));
    return OK;
}

enum err reaching_config(struct core *c)
{
    struct reaching *r = &c->reaching;
    static const uint8_t seed[16]; /* the keys are numbers of ours */

    map_init(&r->dials, seed, SWARM_DIALS_MAX);
    TRY(parse(&r->bound, c->config.listen, c->config.listen_count));
    TRY(parse(&r->heads, c->config.external, c->config.external_count));
    return parse(&r->given, c->config.given, c->config.given_count);
}

void reaching_clear(struct core *c)
{
    struct reaching *r = &c->reaching;
    struct wanted_dial *w;
    size_t cursor = 0;

    while ((w = map_next(&r->dials, &cursor, NULL)) != NULL)
        free(w);
    map_clear(&r->dials);
    free(r->bound.addrs);
    free(r->heads.addrs);
    free(r->given.addrs);
}
