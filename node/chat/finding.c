/* Finding others: their bundles, looked up; and stamps, the work behind every message to an intro
 * address. */
#include "node/chat/talk.h"

#include <stdlib.h>

/* ---- stamps: work, in slices ---- */

/* Ask for a stamp on a body; then it is published. Takes `body`. The queue ends with the
 * program: who asks notes that it has left only when it has (laying_left, inviting_left). */
enum err stamping_add(struct chat *c, const struct stamping *what, struct buf *body)
{
    struct stamping *s = malloc(sizeof *s);
    if (s == NULL)
        return ERR_MEMORY;
    *s = *what;
    buf_init(&s->body, ENVELOPE_BYTES_MAX);
    buf_move(&s->body, body);
    enum err err = fifo_push(&c->stampings, &s);
    if (err != OK) {
        buf_clear(&s->body);
        free(s);
    }
    return err;
}

void stampings_clear(struct chat *c)
{
    struct stamping *s;
    while (fifo_pop(&c->stampings, &s)) {
        buf_clear(&s->body);
        free(s);
    }
    fifo_clear(&c->stampings);
}

static void stamped(struct chat *c, const struct env *env, const struct stamping *s,
                    const uint8_t stamp[STAMP_BYTES])
{
    struct intro i = {.body = buf_span(&s->body)};
    struct buf envelope = BUF_INIT(ENVELOPE_BYTES_MAX);
    char topic[ENVELOPE_TOPIC_BYTES];

    memcpy(i.stamp, stamp, sizeof i.stamp);
    envelope_topic(ENVELOPE_INTRO, card_bucket(&s->card), topic);
    enum err err = intro_seal(&s->card, s->day, &i, env->rng, &envelope);
    if (err == OK)
        err = s->bundle ? chat_publish_bundle(c, topic, &envelope, s->day)
                        : chat_publish(c, env, topic, &envelope, NULL, 0);
    if (err == OK && s->bundle)
        laying_left(c, &s->card);
    if (!s->bundle)
        inviting_left(c, env, s->invite, err);
    if (err != OK)
        log_unusual(env, "chat", "first contact not sent err=%s", err_name(err));
    buf_clear(&envelope);
}

static void stamp_slice(struct chat *c, const struct env *env)
{
    struct stamping **at = fifo_peek(&c->stampings), *s;
    uint8_t stamp[STAMP_BYTES];
    struct stamp_of of;

    if (at == NULL)
        return;
    s = *at;
    stamp_for(s->card.account, s->day, buf_span(&s->body), &of);
    if (!stamp_make(&of, s->bits, &s->next, STAMP_SLICE, stamp))
        return;
    step_open(c);
    stamped(c, env, s, stamp);
    (void)fifo_pop(&c->stampings, &s);
    buf_clear(&s->body);
    free(s);
}

/* ---- others' ---- */

size_t finding_cards(const struct chat *c, const struct person *p,
                     struct card out[FINDING_CARDS_MAX])
{
    size_t count = 0;
    struct card open = {0};
    memcpy(open.account, p->account, sizeof open.account);
    if (p->private_link || p == c->me) {
        out[count] = open;
        out[count].private_link = true;
        memcpy(out[count++].secret, p == c->me ? c->words_secret : p->secret, CARD_SECRET_BYTES);
    }
    out[count++] = open;
    return count;
}

void finding_start(struct chat *c, const struct env *env, struct person *p)
{
    if (p->looking)
        return;
    p->looking = true;
    int64_t back = (int64_t)PART_LIFE_S * NS_PER_S;
    sweep_start(&p->sweep, env, (struct wall){env->wall.ns - back});
    (void)c;
}

static void took(struct chat *c, const struct env *env, struct person *p)
{
    const struct identity_log *log = found_log(p->found);
    if (log == NULL)
        return;
    if (people_learn_log(c, env, log) != OK)
        return;
    if (c->phase == CHAT_PHASE_RECOVERING && p == c->me)
        return; /* not before two stores were read: the longest log counts */
    talks_found(c, env, p);
}

static bool same_address(const struct card *a, const struct card *b)
{
    return a->private_link == b->private_link &&
           memcmp(a->secret, b->secret, sizeof a->secret) == 0;
}

/* Every envelope of first contact is compared with all of them. */
static void derive_address(const struct chat *c, struct person *p)
{
    struct card cards[FINDING_CARDS_MAX];
    size_t count = finding_cards(c, p, cards), same = 0;
    while (same < count && same < p->address.count &&
           same_address(&cards[same], &p->address.cards[same]))
        same++;
    if (same == count && count == p->address.count)
        return;
    for (size_t i = 0; i < count; i++) {
        p->address.cards[i] = cards[i];
        p->address.buckets[i] = card_bucket(&cards[i]);
    }
    p->address.count = count;
}

void finding_received(struct chat *c, const struct env *env, struct span topic,
                      struct span envelope)
{
    size_t cursor = 0;
    uint8_t bucket = topic_bucket(topic);
    for (struct person *p; (p = map_next(&c->people, &cursor, NULL)) != NULL;) {
        derive_address(c, p);
        for (size_t i = 0; i < p->address.count; i++) {
            if (p->address.buckets[i] != bucket ||
                (p->found == NULL && found_new(p->account, &p->found) != OK))
                continue;
            enum err err = found_received(p->found, &p->address.cards[i],
                                          (uint64_t)(env->wall.ns / NS_PER_S), envelope);
            if (err == OK)
                took(c, env, p);
        }
    }
}

void finding_swept(struct chat *c, const struct env *env, struct person *p)
{
    p->looking = false;
    p->sweep.state = SWEEP_IDLE;
    if (c->phase == CHAT_PHASE_RECOVERING && p == c->me) {
        recovering_found(c, env);
        return;
    }
    struct part parts[BUNDLE_PARTS_MAX];
    bool there =
        p->found != NULL && found_parts(p->found, (uint64_t)(env->wall.ns / NS_PER_S), parts) > 0;
    p->misses = there ? 0 : p->misses + 1;
    int64_t wait = there ? FINDING_EVERY_S : FINDING_RETRY_S << (p->misses < 8 ? p->misses : 8);
    p->look_at =
        mono_add(env->now, (wait + (int64_t)rng_below(env->rng, (uint64_t)wait)) * NS_PER_S);
    if (!there)
        talks_unreached(c, env, p);
}

/* Ourselves at once: further devices of ours, and whatever else our log may say. Contacts within
 * half a day, who is waited for at once. */
void finding_begin(struct chat *c, const struct env *env)
{
    size_t cursor = 0;
    int64_t spread = FINDING_EVERY_S;
    for (struct person *p; (p = map_next(&c->people, &cursor, NULL)) != NULL;)
        if (p->consent == CHAT_CONSENT_GIVEN)
            p->look_at =
                mono_add(env->now, (int64_t)rng_below(env->rng, (uint64_t)spread) * NS_PER_S);
    if (c->phase != CHAT_PHASE_PAIRING)
        c->me->look_at = env->now;
    cursor = 0;
    for (struct talk *t; (t = map_next(&c->talks, &cursor, NULL)) != NULL;)
        for (size_t i = 0; i < t->wishes_count; i++) {
            struct person *p =
                t->wishes[i].kind == WISH_ADD ? people_find(c, t->wishes[i].account) : NULL;
            if (p != NULL)
                p->look_at = env->now;
        }
}

/* ---- time ---- */

void finding_tick(struct chat *c, const struct env *env)
{
    size_t cursor = 0;
    stamp_slice(c, env);
    if (c->online && env->now.ns >= c->bundle_at.ns)
        laying_tick(c, env);
    for (struct person *p; (p = map_next(&c->people, &cursor, NULL)) != NULL;)
        if (c->online && !p->looking && env->now.ns >= p->look_at.ns) {
            p->look_at = MONO_NEVER;
            finding_start(c, env, p);
        }
}

struct mono finding_deadline(const struct chat *c)
{
    size_t cursor = 0;
    struct mono at = fifo_count(&c->stampings) > 0 ? (struct mono){0} : MONO_NEVER;
    if (!c->online)
        return at;
    at = mono_min(at, c->bundle_at);
    for (const struct person *p; (p = map_next(&c->people, &cursor, NULL)) != NULL;)
        if (!p->looking)
            at = mono_min(at, p->look_at);
    return at;
}
