/* Who talks with whom, and under which content topics. */
#include "net/services/filter.h"
#include "sim/run/inside.h"

#include <stdio.h>
#include <stdlib.h>

static struct conversation *begin(struct run *r, enum conversation_kind kind, uint32_t count)
{
    r->conversations = run_need(
        realloc(r->conversations, (r->conversations_count + 1) * sizeof *r->conversations));
    struct conversation *c = &r->conversations[r->conversations_count++];
    *c = (struct conversation){
        .kind = kind, .members = run_need(calloc(count, sizeof *c->members)), .count = count};
    return c;
}

static void enter(struct run *r, uint32_t node)
{
    struct person *p = &r->people[node];

    p->conversations = run_need(
        realloc(p->conversations, (p->conversations_count + 1) * sizeof *p->conversations));
    p->conversations[p->conversations_count++] = r->conversations_count - 1;
}

/* Different people at random: a shuffle of which the first are taken. */
static void draw(struct run *r, uint32_t purpose, struct conversation *c)
{
    for (uint32_t i = 0; i < c->count; i++) {
        uint32_t j = i + (uint32_t)sim_random(r->sim, purpose, r->speakers_count - i);
        uint32_t t = r->speakers[i];
        r->speakers[i] = r->speakers[j];
        r->speakers[j] = t;
        c->members[i] = r->speakers[i];
        enter(r, c->members[i]);
    }
}

void people_meet(struct run *r)
{
    const struct scenario *sc = r->sc;
    uint32_t pairs = (uint32_t)(sc->direct_pairs_per_person * r->speakers_count / 2);

    if (r->speakers_count < 2)
        return;
    for (uint32_t i = 0; i < pairs; i++)
        draw(r, SIM_RANDOM_DIRECT, begin(r, CONVERSATION_DIRECT, 2));
    for (uint32_t i = 0; i < (uint32_t)sc->groups_count; i++) {
        double size = sc->groups_size_min * num_pow(sim_uniform(r->sim, SIM_RANDOM_GROUPS),
                                                    -1 / sc->groups_size_exponent);
        if (size > sc->groups_size_max)
            size = sc->groups_size_max;
        if (size > r->speakers_count)
            size = r->speakers_count;
        draw(r, SIM_RANDOM_GROUPS, begin(r, CONVERSATION_GROUP, (uint32_t)size));
        r->conversations[r->conversations_count - 1].told =
            sim_uniform(r->sim, SIM_RANDOM_SPIES) < sc->adversary_insiders;
    }
}

bool people_share(const struct run *r, uint32_t a, uint32_t b)
{
    const struct person *x = &r->people[a], *y = &r->people[b];

    for (uint32_t i = 0; i < x->conversations_count; i++)
        for (uint32_t j = 0; j < y->conversations_count; j++)
            if (x->conversations[i] == y->conversations[j])
                return true;
    return false;
}

/* A bucket is the same for all who know the conversation and the epoch, and chance for others. */
static uint32_t bucket(const struct run *r, uint32_t conversation, int64_t at_ns)
{
    uint64_t epoch = 0;

    if (r->sc->topics_epoch_s > 0)
        epoch = (uint64_t)((double)at_ns / (r->sc->topics_epoch_s * (double)NS_PER_S));
    uint64_t z = ((uint64_t)conversation << 32 ^ epoch) + 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (uint32_t)((z ^ z >> 31) % (uint64_t)r->sc->topics_buckets);
}

size_t people_topic(const struct run *r, uint32_t conversation, int64_t at_ns, char out[64])
{
    if (conversation == UINT32_MAX || r->sc->topics_model == 0)
        return (size_t)snprintf(out, 64, "/sim/1/all/bin");
    if (r->sc->topics_model == 1)
        return (size_t)snprintf(out, 64, "/sim/1/c%u/bin", conversation);
    return (size_t)snprintf(out, 64, "/sim/1/b%u/bin", bucket(r, conversation, at_ns));
}

/* Where somebody is invited: what one follows who has no conversation yet. Numbered behind the
 * conversations, so that nobody else's topic is meant by it unless it is a bucket. */
size_t people_inbox(const struct run *r, uint32_t node, int64_t at_ns, char out[64])
{
    return people_topic(r, r->conversations_count + node, at_ns, out);
}

static size_t add_topic(char all[RUN_TOPICS_OF_MAX][64], size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(all[i], all[count]) == 0)
            return count;
    return count + 1;
}

size_t people_follows(const struct run *r, uint32_t node, char out[RUN_TOPICS_OF_MAX][64])
{
    const struct person *p = &r->people[node];
    int64_t now = sim_now(r->sim);
    size_t n = 0, cover = (size_t)r->sc->topics_cover;

    if (p->conversations_count == 0)
        (void)people_inbox(r, node, now, out[n++]);
    for (uint32_t i = 0; i < p->conversations_count && n < RUN_TOPICS_OF_MAX; i++) {
        (void)people_topic(r, p->conversations[i], now, out[n]);
        n = add_topic(out, n);
    }
    for (uint32_t i = 0; r->sc->topics_model == 2 && n < cover && i < 65536; i++) {
        (void)people_topic(r, UINT32_MAX - 1 - i * 65536 - node, 0, out[n]);
        n = add_topic(out, n);
    }
    return n;
}

static void subscribe_again(void *step)
{
    const struct step *s = step;

    if (sim_is_up(s->run->sim, s->a))
        people_subscribe(s->run, s->a);
}

void people_subscribe(struct run *r, uint32_t node)
{
    static char text[RUN_TOPICS_OF_MAX][64];
    struct filter_request q = {.kind = FILTER_SUBSCRIBE};
    int64_t now = sim_now(r->sim), epoch_ns = (int64_t)(r->sc->topics_epoch_s * (double)NS_PER_S);

    q.count = people_follows(r, node, text);
    for (size_t i = 0; i < q.count; i++)
        q.content_topics[i] = span_str(text[i]);
    char shard[32];
    enum err err = core_shard_of(sim_core(r->sim, node), q.content_topics[0], shard);
    q.pubsub_topic = span_str(shard);
    if (err == OK)
        err = core_filter(sim_core(r->sim, node), sim_env(r->sim, node), &q, 1);
    sim_touch(r->sim, node);
    if (err != OK) /* not connected or not identified yet */
        run_at(r, now + NS_PER_S, subscribe_again, node, 0, 0);
    else if (r->sc->topics_model == 2 && epoch_ns > 0)
        run_at(r, (now / epoch_ns + 1) * epoch_ns, subscribe_again, node, 0, 0);
}
