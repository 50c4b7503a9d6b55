/* What comes in our buckets and may be of a conversation: taken, or parked until there is what it
 * needs: a key, the epoch that it builds on, the proposals that a commit gathers. */
#include "crypto/base/wipe.h"
#include "node/chat/talk.h"
#include "node/chat/welcomes.h"

/* A payload of one of our buckets that no key opens, or that came before what it builds on. */
static void park(struct chat *c, const struct env *env, struct span topic, struct span payload,
                 bool known)
{
    uint8_t set[32] = {0}, bucket = topic_bucket(topic);
    talk_buckets(c, env->wall.ns, set);
    talk_buckets(c, env->wall.ns - (int64_t)WEEK_S * NS_PER_S, set);
    uint64_t mark = parked_mark(c->parked);
    if ((set[bucket / 8] >> bucket % 8 & 1) != 0 &&
        parked_add(c->parked, env, bucket, env->wall.ns, payload, known) != OK)
        log_unusual(env, "chat", "a payload was not parked: memory is out");
    if (parked_mark(c->parked) != mark)
        behind_parked(c, env);
}

/* Where the payload is noted when it was taken: relay and two stores bring most of them thrice. */
static uint64_t *had(struct chat *c, struct span payload, uint64_t *hash)
{
    uint8_t full[SHA256_BYTES];
    sha256(payload, full);
    memcpy(hash, full, sizeof *hash);
    return &c->had[*hash % CHAT_HAD_MAX];
}

/* ---- proposals that have not reached us ---- */

/* Stores have them. A member may send commits of proposals that nobody ever made: what is not found
 * is looked for at longer and longer intervals. */
static void look(struct chat *c, const struct env *env, struct talk *t)
{
    int64_t wait = TALK_PROPOSALS_S;
    t->proposals_due = env->now.ns < t->proposals_at.ns;
    if (t->proposals_due)
        return;
    if (mono_add(t->proposals_at, TALK_PROPOSALS_S_MAX * NS_PER_S).ns < env->now.ns)
        t->proposals_vain = 0;
    for (unsigned i = 0; i < t->proposals_vain && wait < TALK_PROPOSALS_S_MAX; i++)
        wait *= 2;
    wait = wait < TALK_PROPOSALS_S_MAX ? wait : TALK_PROPOSALS_S_MAX;
    t->proposals_vain++;
    t->proposals_at = mono_add(env->now, wait * NS_PER_S);
    network_gap(c, env, env->wall.ns - TALK_BEACON_S * NS_PER_S);
}

/* False: it was tried often enough. What is looked for once is not looked for again. */
static bool lacks(struct chat *c, const struct env *env, struct talk *t, struct span payload)
{
    uint64_t hash;
    switch (parked_lacks(c->parked, env, payload)) {
    case PARKED_LACKS_FIRST:
        look(c, env, t);
        return true;
    case PARKED_LACKS:
        return true;
    default: {
        uint64_t *slot = had(c, payload, &hash);
        *slot = hash;
        log_info(env, "chat", "a commit is given up: nobody has its proposals");
        return false;
    }
    }
}

/* ---- again ---- */

static bool retry_item(struct chat *c, const struct env *env, struct talk *t,
                       const struct parked_item *item)
{
    char topic[ENVELOPE_TOPIC_BYTES];
    bool moved = true;
    envelope_topic(ENVELOPE_BUCKET, item->bucket, topic);
    enum talk_verdict v = talk_received(c, env, t, span_str(topic), item->payload);
    if (v == TALK_AGAIN) {
        parked_known(c->parked, item->number);
        return false;
    }
    if (v == TALK_LACKS) {
        if (lacks(c, env, t, item->payload))
            return false;
        moved = false;
    } else if (item->lacks) {
        t->proposals_vain = 0;
    }
    parked_take(c->parked, item->number);
    return moved;
}

/* What was parked before the key came is gone through once, then only what it opened already: a
 * stranger's flood costs each key once. */
static bool retry_key(struct chat *c, const struct env *env, struct talk *t, struct talk_keys *k,
                      bool swept)
{
    struct parked_item item;
    uint64_t cursor = 0, mark = k->mark;
    uint8_t header[ENVELOPE_KEY_BYTES];
    bool moved = false;
    memcpy(header, k->keys.header, sizeof header);
    k->mark = 0;
    while (mark > 0 && parked_before(c->parked, header, mark, &cursor, &item))
        moved |= retry_item(c, env, t, &item);
    cursor = mark;
    while (parked_again(c->parked, header, swept, &cursor, &item))
        moved |= retry_item(c, env, t, &item);
    wipe(header, sizeof header);
    return moved;
}

bool parking_retry(struct chat *c, const struct env *env, bool swept)
{
    bool any = false, moved = parked_count(c->parked) > 0;
    for (unsigned rounds = 0; moved && rounds < RESCANS_MAX; rounds++) {
        size_t cursor = 0;
        moved = false;
        for (struct talk *t; (t = map_next(&c->talks, &cursor, NULL)) != NULL;)
            for (size_t i = 0; i < t->keys_count; i++)
                moved |= retry_key(c, env, t, &t->keys[i], swept);
        any |= moved;
    }
    return any;
}

/* ---- what comes ---- */

static enum talk_verdict offer(struct chat *c, const struct env *env, struct span topic,
                               struct span payload, struct talk **of)
{
    size_t cursor = 0;
    while ((*of = map_next(&c->talks, &cursor, NULL)) != NULL) {
        enum talk_verdict v = talk_received(c, env, *of, topic, payload);
        if (v != TALK_NOT_OURS)
            return v;
    }
    return TALK_NOT_OURS;
}

void parking_received(struct chat *c, const struct env *env, struct span topic, struct span payload)
{
    uint64_t keys = c->keys_noted, hash;
    uint64_t *slot = had(c, payload, &hash);
    struct talk *t = NULL;
    if (*slot == hash || parked_is_lacking(c->parked, payload))
        return;
    bool other =
        welcomes_received(c, env, topic, payload) || files_received(c, env, topic, payload);
    enum talk_verdict v = other ? TALK_TAKEN : offer(c, env, topic, payload, &t);
    if (v == TALK_TAKEN)
        *slot = hash;
    else
        park(c, env, topic, payload, v != TALK_NOT_OURS);
    if (v == TALK_LACKS)
        (void)lacks(c, env, t, payload);
    if (c->keys_noted != keys)
        (void)parking_retry(c, env, false);
}

/* ---- when ---- */

void parking_tick(struct chat *c, const struct env *env)
{
    size_t cursor = 0;
    parked_tick(c->parked, env);
    for (struct talk *t; c->online && (t = map_next(&c->talks, &cursor, NULL)) != NULL;)
        if (t->proposals_due && t->branches != NULL && t->state != CHAT_LEFT)
            look(c, env, t);
}

struct mono parking_deadline(const struct chat *c)
{
    struct mono at = MONO_NEVER;
    size_t cursor = 0;
    for (const struct talk *t; (t = map_next(&c->talks, &cursor, NULL)) != NULL;)
        if (t->proposals_due && t->branches != NULL && t->state != CHAT_LEFT)
            at = mono_min(at, t->proposals_at);
    return at;
}

void parking_clear(struct chat *c)
{
    parked_free(c->parked);
}
