/* What chats want to receive. With relay the whole shard of their topics, of which nobody can tell
 * which are wanted; without it filter subscriptions, spread over up to three service nodes so that
 * no single one has the list.
 *
 * A shard that was not relayed here before is given up again with the last chat; one that the
 * configuration or the user relays is left alone. */
#include "net/services/filter.h"
#include "net/waku/waku.h"
#include "node/core/chatting.h"

#define SLOT_FIRST 1u /* of host_filter: 0 is the user's */
#define SLOTS      (HOST_FILTER_SLOTS - SLOT_FIRST)

/* ---- the shard of our relay ---- */

static bool any_chat(const struct chatting *t)
{
    for (size_t i = 0; i < CORE_CHATS_MAX; i++)
        if (t->places[i].chat != NULL)
            return true;
    return false;
}

static void relay_shard(struct core *c, const struct env *env)
{
    struct chatting *t = c->chatting;
    struct span pubsub = span_str(t->pubsub);
    bool relayed = map_get(&c->topics.names, pubsub) != NULL, wanted = any_chat(t);
    enum err err = OK;

    if (pubsub.len > 0 && wanted && !relayed) {
        err = core_subscribe(c, env, pubsub);
        t->ours = err == OK;
    } else if (!wanted && t->ours) {
        err = relayed ? core_unsubscribe(c, env, pubsub) : OK;
        t->ours = false;
    }
    if (err != OK)
        log_unusual(env, "chat", "shard %s: %s", t->pubsub, err_text(err));
}

/* ---- light: which service has which slot ---- */

static bool serves(const struct core *c, const struct host_peer *p)
{
    return !p->going && host_peer_serves(p, FILTER_SUBSCRIBE_PROTOCOL) &&
           (c->filternode.len == 0 || peer_id_eq(&p->id, &c->filternode));
}

static bool is_shared(const struct core *c, size_t slot, uint64_t peer)
{
    for (size_t i = 0; i < SLOTS; i++)
        if (i != slot && host_filter_peer(c->host, SLOT_FIRST + i) == peer)
            return true;
    return false;
}

/* A random one that no other slot has, else any; `except` comes last. 0: nobody. */
static uint64_t choose(const struct core *c, const struct env *env, size_t slot, uint64_t except,
                       bool *alone)
{
    uint64_t found[2] = {0}, seen[2] = {0}; /* shared; alone */
    const struct host_peer *p;
    bool last = false;

    for (size_t cursor = 0; (p = host_peers(c->host, &cursor)) != NULL;) {
        if (!serves(c, p))
            continue;
        bool free_one = !is_shared(c, slot, p->peer);
        last = last || p->peer == except;
        if (p->peer != except && rng_below(env->rng, ++seen[free_one]) == 0)
            found[free_one] = p->peer;
    }
    *alone = found[1] != 0;
    return found[1] != 0 ? found[1] : found[0] != 0 ? found[0] : last ? except : 0;
}

static void choose_services(struct core *c, const struct env *env)
{
    bool alone;

    for (size_t i = 0; i < SLOTS; i++) {
        uint64_t now = host_filter_peer(c->host, SLOT_FIRST + i);
        if (now != 0 && !is_shared(c, i, now))
            continue;
        uint64_t peer = choose(c, env, i, 0, &alone);
        if (peer != 0 && (now == 0 || alone))
            host_filter_use(c->host, env, SLOT_FIRST + i, peer);
    }
}

void listen_lost(struct core *c, const struct env *env, size_t slot, uint64_t peer)
{
    bool alone;

    log_info(env, "chat", "filter service lost peer=%llu", (unsigned long long)peer);
    host_filter_use(c->host, env, slot, choose(c, env, slot - SLOT_FIRST, peer, &alone));
}

/* ---- light: topics ---- */

static struct light_topic *find(struct chatting *t, const struct topic_name *name)
{
    for (size_t i = 0; i < t->light_count; i++)
        if (span_eq(topic_name_span(&t->light[i].name), topic_name_span(name)))
            return &t->light[i];
    return NULL;
}

/* The slot with the fewest topics. */
static size_t emptiest(const struct chatting *t)
{
    size_t counts[SLOTS] = {0}, best = 0;

    for (size_t i = 0; i < t->light_count; i++)
        counts[t->light[i].slot]++;
    for (size_t i = 1; i < SLOTS; i++)
        if (counts[i] < counts[best])
            best = i;
    return best;
}

static void merge(struct chatting *t)
{
    for (size_t i = 0; i < t->light_count; i++)
        t->light[i].used = false;
    for (size_t i = 0; i < CORE_CHATS_MAX; i++)
        for (size_t k = 0; k < t->places[i].topics_count; k++) {
            const struct topic_name *name = &t->places[i].topics[k];
            struct light_topic *l = find(t, name);
            if (l == NULL && t->light_count < CHAT_TOPICS_MAX) {
                struct light_topic fresh = {.name = *name, .slot = emptiest(t)};
                l = &t->light[t->light_count++];
                *l = fresh;
            }
            if (l != NULL)
                l->used = true;
        }
}

/* Is it to be asked for in a request of this kind? */
static bool is_due(const struct light_topic *l, enum work_kind kind)
{
    return kind == WORK_SUBSCRIBE ? l->used && l->state == LIGHT_WANTED
                                  : !l->used && l->state == LIGHT_SUBSCRIBED;
}

/* One request: the topics of a slot. False: there are none. */
static bool gather(const struct core *c, size_t slot, enum work_kind kind, struct filter_request *r,
                   struct light_topic *of[FILTER_TOPICS_MAX])
{
    struct chatting *t = c->chatting;

    *r = (struct filter_request){.kind =
                                     kind == WORK_SUBSCRIBE ? FILTER_SUBSCRIBE : FILTER_UNSUBSCRIBE,
                                 .pubsub_topic = span_str(t->pubsub)};
    for (size_t i = 0; i < t->light_count && r->count < FILTER_TOPICS_MAX; i++) {
        struct light_topic *l = &t->light[i];
        if (l->slot != slot || !is_due(l, kind))
            continue;
        of[r->count] = l;
        r->content_topics[r->count++] = topic_name_span(&l->name);
    }
    return r->count > 0;
}

static bool ask(struct core *c, const struct env *env, size_t slot, enum work_kind kind)
{
    struct light_topic *of[FILTER_TOPICS_MAX];
    struct filter_request r;
    uint64_t number;

    if (!gather(c, slot, kind, &r, of))
        return false;
    struct chat_work *w = chatting_work(c, kind, &number);
    enum err err =
        w == NULL ? ERR_FULL
                  : host_filter_ask(c->host, env, SLOT_FIRST + slot, &r, CORE_TICKET_CHAT | number);
    if (err != OK) {
        if (w != NULL)
            chatting_work_free(c, number);
        c->chatting->listen_next = mono_add(env->now, CORE_CHAT_SUBSCRIBE_MS * NS_PER_MS);
        return false;
    }
    w->slot = slot;
    w->peer = host_filter_peer(c->host, SLOT_FIRST + slot);
    for (size_t i = 0; i < r.count; i++) {
        of[i]->state = LIGHT_ASKED;
        of[i]->work = number;
    }
    return true;
}

static void forget_unused(struct chatting *t)
{
    for (size_t i = 0; i < t->light_count;)
        if (!t->light[i].used && t->light[i].state == LIGHT_WANTED)
            t->light[i] = t->light[--t->light_count];
        else
            i++;
}

void listen_answered(struct core *c, const struct env *env, const struct chat_work *w,
                     uint64_t number, bool fine)
{
    struct chatting *t = c->chatting;
    bool alone;

    for (size_t i = 0; i < t->light_count; i++) {
        struct light_topic *l = &t->light[i];
        if (l->work != number)
            continue;
        l->work = 0;
        l->state = w->kind == WORK_SUBSCRIBE && fine ? LIGHT_SUBSCRIBED : LIGHT_WANTED;
    }
    t->listen_changed = true;
    if (fine || w->kind != WORK_SUBSCRIBE)
        return;
    t->listen_next = mono_add(env->now, CORE_CHAT_SUBSCRIBE_MS * NS_PER_MS);
    if (host_filter_peer(c->host, SLOT_FIRST + w->slot) == w->peer)
        host_filter_use(c->host, env, SLOT_FIRST + w->slot,
                        choose(c, env, w->slot, w->peer, &alone));
}

/* All that can be asked now. */
static bool subscribe(struct core *c, const struct env *env)
{
    bool any = false;

    for (size_t slot = 0; slot < SLOTS; slot++) {
        if (host_filter_peer(c->host, SLOT_FIRST + slot) == 0)
            continue;
        while (ask(c, env, slot, WORK_SUBSCRIBE))
            any = true;
        while (ask(c, env, slot, WORK_UNSUBSCRIBE))
            any = true;
    }
    return any;
}

/* ---- both ---- */

bool listen_pump(struct core *c, const struct env *env)
{
    struct chatting *t = c->chatting;
    bool due = t->listen_next.ns <= env->now.ns;

    if (c->config.relay && (t->listen_changed || t->look)) {
        relay_shard(c, env);
        t->listen_changed = false;
    }
    if (c->config.relay || (!due && !t->listen_changed && !t->peers_changed))
        return false;
    t->listen_changed = t->peers_changed = false;
    merge(t);
    forget_unused(t);
    if (t->light_count > 0)
        choose_services(c, env);
    if (!due && t->listen_next.ns != MONO_NEVER.ns)
        return false; /* a subscription failed just now */
    t->listen_next = MONO_NEVER;
    return subscribe(c, env);
}

struct mono listen_deadline(const struct core *c)
{
    return c->chatting->listen_next;
}
