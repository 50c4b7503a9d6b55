/* Light clients ask a store now and then for the topics of their conversations, and for some that
 * are none of theirs. */
#include "net/services/store_query.h"
#include "sim/run/inside.h"

#include <stdio.h>

static void ask(struct run *r, uint32_t node, uint32_t store)
{
    static char text[RUN_TOPICS_OF_MAX + 1024][64], peer[200];
    struct store_query q = {.include_data = true};
    uint32_t i = 0, own = (uint32_t)people_follows(r, node, text);

    for (; i < own && i < STORE_QUERY_TOPICS_MAX; i++)
        q.content_topics[i] = span_str(text[i]);
    for (uint32_t k = 0; k < (uint32_t)r->sc->fetch_cover && i < STORE_QUERY_TOPICS_MAX; k++, i++) {
        uint32_t other = (node * 7919u + k * 104729u) % (r->conversations_count + 1);
        q.content_topics[i] = span_of(text[i], people_topic(r, other, sim_now(r->sim), text[i]));
    }
    q.content_topics_count = i;
    char shard[32];
    if (i == 0 || core_shard_of(sim_core(r->sim, node), q.content_topics[0], shard) != OK)
        return;
    q.has_pubsub_topic = true;
    q.pubsub_topic = span_str(shard);
    int len =
        snprintf(peer, sizeof peer, "/ip6/fd00::1/tcp/1/p2p/%s", core_id(sim_core(r->sim, store)));
    r->queries++;
    r->query_errors += core_query(sim_core(r->sim, node), sim_env(r->sim, node), &q,
                                  span_of(peer, (size_t)len), r->queries) != OK;
    sim_touch(r->sim, node);
}

static void comes(void *step)
{
    const struct step *s = step;
    struct run *r = s->run;

    if (!sim_is_up(r->sim, s->a))
        return;
    for (uint32_t i = 0; i < r->nodes; i++) { /* the store that it is connected with */
        uint32_t n = (s->a * 31u + i) % r->nodes;
        if (r->people[n].stores && sim_is_up(r->sim, n) && sim_linked(r->sim, s->a, n)) {
            ask(r, s->a, n);
            return;
        }
    }
}

void fetch_plan(struct run *r)
{
    double mean = 3600.0 * (double)NS_PER_S / r->sc->fetch_per_hour;

    for (uint32_t i = 0; i < r->nodes && r->sc->fetch_per_hour > 0; i++) {
        double t = (double)run_begin_ns(r);
        while (r->people[i].role == ROLE_LIGHT &&
               (t += sim_exponential(r->sim, SIM_RANDOM_STORES, mean)) < (double)run_end_ns(r))
            run_at(r, (int64_t)t, comes, i, 0, 0);
    }
}
