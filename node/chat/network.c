/* The network: what is listened to, what is read from stores, who takes what comes. */
#include "node/chat/doors.h"
#include "node/chat/intro/timetable.h"
#include "node/chat/welcomes.h"

#include <stdlib.h>

/* ---- which buckets ---- */

static void set_bit(uint8_t set[32], uint8_t bucket)
{
    set[bucket / 8] |= (uint8_t)(1u << bucket % 8);
}

static bool has_bit(const uint8_t set[32], unsigned bucket)
{
    return (set[bucket / 8] >> bucket % 8 & 1) != 0;
}

static unsigned bits(const uint8_t set[32])
{
    unsigned n = 0;
    for (unsigned i = 0; i < 256; i++)
        n += has_bit(set, i);
    return n;
}

/* Others' buckets beside ours, the same ones all week: whoever sees the list does not know which.
 */
static void cover(const struct chat *c, uint8_t set[32], unsigned wanted, uint64_t period)
{
    uint8_t be[8], from[256];
    for (unsigned i = 0; i < 8; i++)
        be[i] = (uint8_t)(period >> (56 - 8 * i));
    label_derive(LABEL_COVER, SPAN_ARRAY(c->cover_secret), SPAN_ARRAY(be), from, sizeof from);
    for (unsigned i = 0; i < sizeof from && bits(set) < wanted; i++)
        set_bit(set, from[i]);
}

void talk_buckets(const struct chat *c, int64_t wall_ns, uint8_t set[32])
{
    size_t cursor = 0;
    for (const struct talk *t; (t = map_next(&c->talks, &cursor, NULL)) != NULL;)
        if (t->branches != NULL && t->state != CHAT_LEFT)
            set_bit(set, talk_bucket(t, wall_ns));
}

/* Where who was away for long knocks. Who reads by topics is there only to hear the answer. */
static void door_buckets(const struct chat *c, int64_t wall_ns, uint8_t set[32])
{
    size_t cursor = 0;
    for (struct talk *t; (t = map_next(&c->talks, &cursor, NULL)) != NULL;)
        if (t->doors != NULL && t->state != CHAT_LEFT && (!c->light || t->doors->knocking))
            set_bit(set, doors_bucket(t, wall_ns));
}

static void intro_buckets(struct chat *c, uint8_t set[32])
{
    uint8_t bucket;
    size_t count;
    if (letting_bucket(c, &bucket))
        set_bit(set, bucket);
    if (c->phase == CHAT_PHASE_PAIRING)
        return;
    const struct own_address *ours = cards_addresses(c, &count);
    for (size_t i = 0; i < count; i++)
        set_bit(set, ours[i].bucket);
}

static size_t topics_of(struct chat *c, const uint8_t set[32], enum envelope_kind kind, size_t from,
                        struct chat_out *out)
{
    size_t i = from;
    for (; i < 256 && out->topics_count < CHAT_TOPICS_MAX; i++) {
        if (!has_bit(set, (unsigned)i))
            continue;
        char *text = c->topics[out->topics_count];
        envelope_topic(kind, (uint8_t)i, text);
        c->topic_spans[out->topics_count++] = span_str(text);
    }
    out->topics = c->topic_spans;
    return i;
}

static int64_t week_ns(void)
{
    return (int64_t)WEEK_S * NS_PER_S;
}

/* ---- LISTEN ---- */

void network_listen(struct chat *c)
{
    c->listen_changed = true;
    c->ours_count = 0;
}

static bool listen(struct chat *c, const struct env *env, struct chat_out *out)
{
    uint8_t talks[32] = {0}, intro[32] = {0};
    if (!c->listen_changed)
        return false;
    c->listen_changed = false;
    talk_buckets(c, env->wall.ns, talks);
    talk_buckets(c, env->wall.ns - LISTEN_LATE_S * NS_PER_S, talks); /* last week's, for an hour */
    door_buckets(c, env->wall.ns, talks);
    intro_buckets(c, intro);
    if (c->light) {
        cover(c, talks, LISTEN_COVER, (uint64_t)(env->wall.ns / week_ns()));
        cover(c, intro, LOOKUP_BUCKETS, (uint64_t)(env->wall.ns / week_ns()));
    }
    *out = (struct chat_out){.kind = CHAT_OUT_LISTEN};
    (void)topics_of(c, talks, ENVELOPE_BUCKET, 0, out);
    (void)topics_of(c, intro, ENVELOPE_INTRO, 0, out);
    c->listen_again = (struct mono){env->now.ns + week_ns() - env->wall.ns % week_ns()};
    return true;
}

/* ---- FETCH ---- */

static bool ask(struct chat *c, const struct env *env, struct sweep *s, struct chat_out *out)
{
    uint64_t other;
    if (!sweep_ask(s, env, c->ticket + 1, &other))
        return false;
    *out = (struct chat_out){.kind = CHAT_OUT_FETCH,
                             .ticket = ++c->ticket,
                             .other_than = other,
                             .from_ns = s->from.ns,
                             .to_ns = s->to.ns};
    return true;
}

/* The conversations' buckets of the whole span, week by week. */
static bool ask_talks(struct chat *c, const struct env *env, struct chat_out *out)
{
    uint8_t set[32] = {0};
    if (!ask(c, env, &c->catchup, out))
        return false;
    for (int64_t at = out->from_ns; at < out->to_ns + week_ns(); at += week_ns())
        talk_buckets(c, at < out->to_ns ? at : out->to_ns, set);
    cover(c, set, LISTEN_COVER, (uint64_t)(env->wall.ns / week_ns()));
    (void)topics_of(c, set, ENVELOPE_BUCKET, 0, out);
    return true;
}

static bool ask_intro(struct chat *c, const struct env *env, struct chat_out *out)
{
    uint8_t set[32] = {0};
    if (!ask(c, env, &c->intro, out))
        return false;
    intro_buckets(c, set);
    cover(c, set, LOOKUP_BUCKETS, 0);
    (void)topics_of(c, set, ENVELOPE_INTRO, 0, out);
    return true;
}

static bool ask_person(struct chat *c, const struct env *env, struct chat_out *out)
{
    size_t cursor = 0;
    for (struct person *p; (p = map_next(&c->people, &cursor, NULL)) != NULL;) {
        uint8_t set[32] = {0};
        struct card cards[FINDING_CARDS_MAX];
        if (!p->looking || !ask(c, env, &p->sweep, out))
            continue;
        size_t count = finding_cards(c, p, cards);
        for (size_t i = 0; i < count; i++) {
            uint8_t buckets[LOOKUP_BUCKETS];
            timetable_cover(c->cover_secret, &cards[i], buckets);
            for (size_t k = 0; k < LOOKUP_BUCKETS; k++)
                set_bit(set, buckets[k]);
        }
        (void)topics_of(c, set, ENVELOPE_INTRO, 0, out);
        return true;
    }
    return false;
}

/* The bucket of a Welcome beside its invite. */
static bool ask_welcome(struct chat *c, const struct env *env, struct chat_out *out)
{
    struct welcome_in *w;
    for (size_t i = 0; (w = welcomes_looking(c, i)) != NULL; i++) {
        uint8_t set[32] = {0};
        if (!ask(c, env, &w->sweep, out))
            continue;
        set_bit(set, welcome_ref_bucket(w->ref.key));
        cover(c, set, LISTEN_COVER, (uint64_t)(env->wall.ns / week_ns()));
        (void)topics_of(c, set, ENVELOPE_BUCKET, 0, out);
        return true;
    }
    return false;
}

bool network_ask(struct chat *c, const struct env *env, struct chat_out *out)
{
    if (!c->online)
        return false;
    return listen(c, env, out) || ask_talks(c, env, out) || ask_intro(c, env, out) ||
           ask_welcome(c, env, out) || ask_person(c, env, out);
}

/* ---- what a sweep has brought ---- */

static void ready(struct chat *c, const struct env *env)
{
    size_t cursor = 0;
    for (struct talk *t; (t = map_next(&c->talks, &cursor, NULL)) != NULL;) {
        if (t->branches == NULL || t->state == CHAT_LEFT)
            continue;
        t->active = true;
        branches_catchup(t->branches, env, false);
        healing_catchup(t->healing, false);
        delivery_ready(t->delivery, env, t->state != CHAT_REJOINING);
        rejoin_pump(c, env, t);
    }
}

static void caught_up(struct chat *c, const struct env *env)
{
    size_t cursor = 0;
    for (struct talk *t; (t = map_next(&c->talks, &cursor, NULL)) != NULL;)
        if (t->branches != NULL && t->caught_up_ns < c->catchup.to.ns) {
            t->caught_up_ns = c->catchup.to.ns;
            t->changed = true;
        }
    c->catchup.state = SWEEP_IDLE;
    bool moved = parking_retry(c, env, true);
    behind_read(c, moved);
    if (moved && c->rescans++ < RESCANS_MAX) {
        sweep_start(&c->catchup, env, c->catchup.from); /* what appeared may open more */
        return;
    }
    ready(c, env);
    if (c->gap_ns != 0)
        sweep_start(&c->catchup, env, (struct wall){c->gap_ns});
    c->gap_ns = 0;
}

/* Does the root key wait for stores? One alone may hide something, or be our own archive, which has
 * nothing of the time when we were away. */
static bool looks(const struct chat *c)
{
    return c->online && !c->looked && c->phase == CHAT_PHASE_READY;
}

/* Who finds no two stores must be able to revoke what was stolen, too. */
static void look_no_longer(struct chat *c, const struct env *env)
{
    c->looked = true;
    if (c->root != NULL)
        log_unusual(env, "chat", "the root key signs though no two stores have answered");
}

void chat_fetched(struct chat *c, const struct env *env, uint64_t ticket, enum err err)
{
    size_t cursor = 0;
    step_open(c);
    if (sweep_answered(&c->catchup, env, ticket, err)) {
        if (c->catchup.state == SWEEP_ENDED)
            caught_up(c, env);
        else if (err == ERR_NOT_FOUND)
            ready(c, env); /* no store anywhere: go on without */
        return;
    }
    if (sweep_answered(&c->intro, env, ticket, err)) {
        if (c->intro.state == SWEEP_ENDED) {
            c->intro.state = SWEEP_IDLE;
            inviting_read(c, env, c->intro.to.ns, c->intro.stores);
            c->looked |= c->intro.stores >= 2; /* our own bundles lie there as well */
            uint8_t bucket;
            int64_t wait = letting_bucket(c, &bucket) ? PAIR_LOOK_S
                           : c->inbox_again || looks(c)
                               ? INBOX_AGAIN_S
                               : LOOKUP_EVERY_S + (int64_t)rng_below(env->rng, LOOKUP_EVERY_S / 2);
            c->intro_at = mono_add(env->now, wait * NS_PER_S);
        }
        return;
    }
    struct welcome_in *w;
    for (size_t i = 0; (w = welcomes_looking(c, i)) != NULL; i++)
        if (sweep_answered(&w->sweep, env, ticket, err)) {
            if (w->sweep.state == SWEEP_ENDED)
                welcomes_swept(c, env, w);
            return;
        }
    for (struct person *p; (p = map_next(&c->people, &cursor, NULL)) != NULL;)
        if (p->looking && sweep_answered(&p->sweep, env, ticket, err)) {
            if (p->sweep.state == SWEEP_ENDED)
                finding_swept(c, env, p);
            return;
        }
}

/* ---- what comes ---- */

/* The number in "/sotto/1/b3f/bin". */
uint8_t topic_bucket(struct span topic)
{
    unsigned n = 0;
    for (size_t i = 10; i < 12; i++) {
        uint8_t ch = topic.ptr[i];
        n = n * 16 + (ch >= 'a' ? ch - 'a' + 10u : ch - '0');
    }
    return (uint8_t)n;
}

/* Is it a topic of ours, as we write it? */
static bool is_topic(struct span topic, enum envelope_kind kind)
{
    char text[ENVELOPE_TOPIC_BYTES];
    if (topic.len != ENVELOPE_TOPIC_BYTES - 1)
        return false;
    envelope_topic(kind, topic_bucket(topic), text);
    return span_eq(topic, span_str(text));
}

void chat_received(struct chat *c, const struct env *env, struct span topic, struct span payload)
{
    if (payload.len < ENVELOPE_BYTES_MIN || payload.len > ENVELOPE_BYTES_MAX)
        return;
    if (is_topic(topic, ENVELOPE_INTRO)) {
        if (letting_received(c, env, topic, payload))
            return;
        finding_received(c, env, topic, payload);
        inviting_received(c, env, topic, payload);
    } else if (is_topic(topic, ENVELOPE_BUCKET)) {
        parking_received(c, env, topic, payload);
    }
}

/* ---- when ---- */

/* Entries are missing since then: read the stores again from there. */
void network_gap(struct chat *c, const struct env *env, int64_t from_ns)
{
    if (c->catchup.state == SWEEP_IDLE)
        sweep_start(&c->catchup, env, (struct wall){from_ns});
    else if (c->gap_ns == 0 || from_ns < c->gap_ns)
        c->gap_ns = from_ns; /* when this one has ended */
}

void network_back(struct chat *c, const struct env *env)
{
    int64_t from = env->wall.ns;
    size_t cursor = 0;
    for (struct talk *t; (t = map_next(&c->talks, &cursor, NULL)) != NULL;)
        if (t->branches != NULL && t->state != CHAT_LEFT) {
            from = t->caught_up_ns < from ? t->caught_up_ns : from;
            branches_catchup(t->branches, env, true);
            healing_catchup(t->healing, true);
            delivery_ready(t->delivery, env, false);
            t->active = true;
        }
    c->rescans = 0;
    behind_begin(c, env);
    sweep_start(&c->catchup, env, (struct wall){from - CATCHUP_OVERLAP_S * NS_PER_S});
    inviting_look(c, env);
    network_listen(c);
}

void network_tick(struct chat *c, const struct env *env)
{
    parking_tick(c, env);
    if (env->now.ns >= c->listen_again.ns)
        network_listen(c);
    behind_tick(c, env);
    if (c->online && env->now.ns >= c->intro_at.ns && c->intro.state == SWEEP_IDLE)
        inviting_look(c, env);
    if (looks(c) && env->now.ns >= c->look_until.ns)
        look_no_longer(c, env);
}

struct mono network_deadline(const struct chat *c)
{
    size_t cursor = 0;
    struct mono at = c->listen_again;
    if (!c->online)
        return MONO_NEVER;
    at = mono_min(at, parking_deadline(c));
    at = mono_min(at, sweep_deadline(&c->catchup));
    at = mono_min(at, sweep_deadline(&c->intro));
    at = mono_min(at, behind_deadline(c));
    if (c->intro.state == SWEEP_IDLE)
        at = mono_min(at, c->intro_at);
    if (looks(c))
        at = mono_min(at, c->look_until);
    for (const struct person *p; (p = map_next(&c->people, &cursor, NULL)) != NULL;)
        if (p->looking)
            at = mono_min(at, sweep_deadline(&p->sweep));
    return at;
}
