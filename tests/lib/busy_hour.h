/* An hour of people who talk in pairs and in groups, seen from the network: blocks of acquainted
 * people, everybody writing, reacting, editing, reading and sending files, and new ones being
 * invited. Of every payload that leaves it is known what it belongs to, and how it would look if
 * its nonce were fixed or a part of the group's id stood outside. */
#pragma once

#define WORLD_PEOPLE_MAX 50u
#include "node/chat/files.h"
#include "node/chat/talk.h"
#include "tests/lib/chat_world.h"
#include "tests/lib/looks.h"

#define HOUR_FOLD   8192u
#define HOUR_PLACES 1024u /* conversations, and buckets of first contact */

enum hour_sight { /* what the network sees */
    HOUR_TRUE,
    HOUR_NONCE_FIXED, /* as the envelope would be with always the same nonce */
    HOUR_ID_OUTSIDE,  /* with 4 bytes of the group's id for the check */
    HOUR_SIGHTS,
};

struct hour_place {
    uint8_t id[32]; /* of the conversation; of first contact: the topic */
    struct looks looks;
};

struct hour_sums {
    struct looks all;
    struct hour_place places[HOUR_PLACES];
    size_t places_count;
};

struct hour {
    struct world w;
    size_t block; /* people who know each other */
    struct chat_conversation direct[WORLD_PEOPLE_MAX], group[WORLD_PEOPLE_MAX];
    struct hour_sums *sums[HOUR_SIGHTS];
    uint64_t wanted;  /* payloads of each class up to `classes` */
    unsigned classes; /* that are asked for */
    uint64_t strangers, odd_topics, odd_times;
};

static inline struct world_person *hour_person(struct hour *h, size_t i)
{
    return &h->w.people[i];
}

/* ---- seeing ---- */

static inline struct looks *hour_place(struct hour_sums *s, const uint8_t id[32])
{
    size_t i = 0;
    while (i < s->places_count && memcmp(s->places[i].id, id, 32) != 0)
        i++;
    assert_true(i < HOUR_PLACES);
    if (i == s->places_count) {
        memcpy(s->places[i].id, id, 32);
        s->places[i].looks = (struct looks){.fold = HOUR_FOLD};
        s->places_count++;
    }
    return &s->places[i].looks;
}

static inline void hour_add(struct hour_sums *s, const uint8_t id[32], struct span payload)
{
    if (s == NULL)
        return;
    looks_add(&s->all, payload);
    looks_add(hour_place(s, id), payload);
}

/* Whose it is, by the keys of its sender; false: nobody's. `keys` NULL: of first contact. */
static inline bool hour_belongs(const struct chat *c, const struct chat_out *out, uint8_t id[32],
                                const struct envelope_keys **keys)
{
    size_t cursor = 0;
    const struct talk_keys *k = NULL;
    *keys = NULL;
    if (out->topic.ptr[9] == 'i') {
        memset(id, 0, 32);
        memcpy(id, out->topic.ptr, out->topic.len);
        return true;
    }
    for (size_t i = 0; i < c->files_count; i++)
        if (envelope_matches(out->payload, c->files[i]->keys.header)) {
            memcpy(id, c->files[i]->id.bytes, 32);
            *keys = &c->files[i]->keys;
            return true;
        }
    for (struct talk *t; (t = map_next(&c->talks, &cursor, NULL)) != NULL;)
        if ((k = keys_match(t, out->payload)) != NULL) {
            memcpy(id, t->id.bytes, 32);
            *keys = &k->keys;
            return true;
        }
    return false;
}

static inline void hour_sevens(void *state, uint8_t *out, size_t len)
{
    (void)state;
    memset(out, 7, len);
}

/* The same content under the same keys, by the same code, with a nonce that is always the same. */
static inline void hour_fixed(struct hour *h, const struct chat_out *out, const uint8_t id[32],
                              const struct envelope_keys *keys)
{
    struct buf content = BUF_INIT(ENVELOPE_BYTES_MAX), again = BUF_INIT(ENVELOPE_BYTES_MAX);
    struct rng same = {hour_sevens, NULL};
    assert_ok(envelope_open(keys, out->topic, out->payload, &content));
    assert_ok(envelope_seal(keys, &same, out->topic, buf_span(&content), &again));
    hour_add(h->sums[HOUR_NONCE_FIXED], id, buf_span(&again));
    buf_clear(&content);
    buf_clear(&again);
}

static inline void hour_outside(struct hour *h, const struct chat_out *out, const uint8_t id[32])
{
    struct buf copy = BUF_INIT(ENVELOPE_BYTES_MAX);
    assert_ok(buf_append(&copy, out->payload));
    memcpy(copy.ptr + 13, id, 4);
    hour_add(h->sums[HOUR_ID_OUTSIDE], id, buf_span(&copy));
    buf_clear(&copy);
}

static inline bool hour_is_bucket(struct span topic)
{
    static const char hex[] = "0123456789abcdef";
    return topic.len == 16 && memcmp(topic.ptr, "/sotto/1/", 9) == 0 &&
           (topic.ptr[9] == 'b' || topic.ptr[9] == 'i') && strchr(hex, topic.ptr[10]) != NULL &&
           strchr(hex, topic.ptr[11]) != NULL && memcmp(topic.ptr + 12, "/bin", 4) == 0;
}

static inline void hour_watch(struct world *w, struct world_person *p, enum world_boundary at,
                              const struct chat_out *out)
{
    struct hour *h = (struct hour *)w; /* its first member */
    const struct envelope_keys *keys;
    uint8_t id[32];
    if (at != WORLD_LEAVES)
        return;
    h->odd_topics += !hour_is_bucket(out->topic);
    h->odd_times += out->timestamp_ns % NS_PER_S != 0 || out->timestamp_ns > w->t.env.wall.ns ||
                    out->timestamp_ns < w->t.env.wall.ns - 60 * NS_PER_S;
    if (!hour_belongs(p->chat, out, id, &keys)) {
        h->strangers++;
        return;
    }
    hour_add(h->sums[HOUR_TRUE], id, out->payload);
    if (keys != NULL && h->sums[HOUR_NONCE_FIXED] != NULL)
        hour_fixed(h, out, id, keys);
    if (keys != NULL && h->sums[HOUR_ID_OUTSIDE] != NULL)
        hour_outside(h, out, id);
}

/* ---- people who get acquainted ---- */

/* The first of each block knows all others of it, and founds a group of them. */
static inline void hour_meet(struct hour *h, uint64_t seed, size_t people, size_t block)
{
    struct chat_entry_id entry;
    char card[CHAT_CARD_TEXT_MAX];
    struct world *w = &h->w;
    world_init(w, seed);
    w->watch = hour_watch;
    w->by_topic = true;
    h->block = block;
    for (size_t i = 0; i < people; i++)
        world_online(w, world_born(w), true);
    world_run(w, 90);
    for (size_t i = 0; i < people; i++) {
        if (i % block == 0)
            continue;
        struct world_person *first = hour_person(h, i - i % block), *p = hour_person(h, i);
        assert_ok(chat_card(p->chat, &w->t.env, i % 2 == 0, card));
        world_run(w, 3); /* a private link is laid out first */
        assert_ok(chat_contact(first->chat, &w->t.env, span_str(card), &h->direct[i]));
        assert_ok(
            chat_send(first->chat, &w->t.env, &h->direct[i], SPAN_LIT("hello"), NULL, &entry));
    }
    world_run(w, 600); /* a bundle that was not there yet is looked for again and again */
    for (size_t i = 0; i < people; i++)
        if (i % block != 0)
            assert_ok(chat_accept(hour_person(h, i)->chat, &w->t.env, &h->direct[i]));
    world_run(w, 60);
    for (size_t i = 0; i < people; i += block) {
        struct chat_account members[WORLD_PEOPLE_MAX];
        size_t count = block < people - i ? block : people - i;
        for (size_t k = 1; k < count; k++)
            memcpy(members[k - 1].bytes, hour_person(h, i + k)->chat->self.account, 32);
        assert_ok(chat_found(hour_person(h, i)->chat, &w->t.env, CHAT_GROUP, SPAN_LIT("block"),
                             members, count - 1, &h->group[i]));
        for (size_t k = 1; k < count; k++)
            h->group[i + k] = h->group[i];
    }
    world_run(w, 120);
}

/* ---- people who talk ---- */

/* The class that has fewest payloads yet. */
static inline unsigned hour_lacking(const struct hour *h)
{
    const struct looks *l = &h->sums[HOUR_TRUE]->all;
    unsigned least = 0;
    for (unsigned i = 1; i < h->classes; i++)
        if (l->count[i] < l->count[least])
            least = i;
    return least;
}

static inline bool hour_enough(const struct hour *h)
{
    const struct looks *l = &h->sums[HOUR_TRUE]->all;
    for (unsigned i = 0; i < h->classes; i++)
        if (l->count[i] < h->wanted)
            return false;
    return true;
}

/* A text whose message is of that class, mostly. */
static inline void hour_write(struct hour *h, struct world_person *p,
                              const struct chat_conversation *id, unsigned cls)
{
    static char text[CHAT_TEXT_BYTES_MAX];
    struct rng *rng = &h->w.t.rng;
    struct chat_entry_id entry;
    size_t size = looks_class_bytes(cls), len = size / 2 + rng_below(rng, size / 8);
    if (cls == 0)
        len = 1 + rng_below(rng, 80);
    if (len > sizeof text || cls + 1 == LOOKS_CLASSES)
        len = sizeof text - rng_below(rng, 400);
    memset(text, "etaoin shrdlu"[rng_below(rng, 13)], len);
    enum err err =
        chat_send(p->chat, &h->w.t.env, id, span_of((const uint8_t *)text, len), NULL, &entry);
    assert_true(err == OK || err == ERR_FULL || err == ERR_REFUSED);
}

static inline void hour_send_file(struct hour *h, struct world_person *p,
                                  const struct chat_conversation *id, unsigned cls)
{
    struct rng *rng = &h->w.t.rng;
    struct chat_entry_id entry;
    size_t len = looks_class_bytes(cls) / 2 + rng_below(rng, 400);
    len = cls + 2 >= LOOKS_CLASSES ? 1u << 20 : len;
    uint8_t *bytes = calloc(1, len); /* zeros: what could show more? */
    assert_non_null(bytes);
    enum err err = chat_send_file(p->chat, &h->w.t.env, id, SPAN_LIT("a.bin"), SPAN_LIT("x/y"),
                                  span_of(bytes, len), &entry);
    assert_true(err == OK || err == ERR_FULL || err == ERR_REFUSED);
    free(bytes);
}

/* Something about the last entry: seen, liked, edited, being answered. Refusals are no harm. */
static inline void hour_react(struct hour *h, struct world_person *p,
                              const struct chat_conversation *id)
{
    const struct env *env = &h->w.t.env;
    struct chat_entry e;
    enum err err = chat_history(p->chat, id, NULL, true, &e);
    if (err != OK || e.content == CHAT_NOTICE)
        return;
    struct chat_entry_id last = e.id;
    switch (rng_below(&h->w.t.rng, 4)) {
    case 0:
        err = chat_set_read(p->chat, env, id, &last);
        break;
    case 1:
        err = chat_react(p->chat, env, id, &last, SPAN_LIT("+1"), true);
        break;
    case 2:
        err = chat_edit(p->chat, env, id, &last, SPAN_LIT("never mind"));
        break;
    default:
        err = chat_typing(p->chat, env, id);
        break;
    }
    assert_true(err == OK || err == ERR_REFUSED || err == ERR_LIMIT || err == ERR_FULL);
}

/* Until there is enough, or an hour is over: somebody does something every `pause_ms`. */
static inline void hour_talk(struct hour *h, int64_t pause_ms)
{
    struct rng *rng = &h->w.t.rng;
    int64_t end = h->w.t.env.now.ns + 3600 * NS_PER_S;
    while (!hour_enough(h) && h->w.t.env.now.ns < end) {
        size_t i = rng_below(rng, (uint32_t)h->w.count);
        if (i % h->block == 0) /* the first of a block speaks with all of them */
            i += rng_below(rng, (uint32_t)h->block - 1) + 1;
        i = i < h->w.count ? i : h->w.count - 1;
        bool group = rng_below(rng, 3) == 0;
        const struct chat_conversation *id = group ? &h->group[i] : &h->direct[i];
        struct world_person *p = hour_person(h, rng_below(rng, 2) ? i : i - i % h->block);
        unsigned cls = hour_lacking(h), what = (unsigned)rng_below(rng, 10);
        if (what < 2)
            hour_react(h, p, id);
        else if (what < 4 && cls > 1 && cls + 1 < LOOKS_CLASSES)
            hour_send_file(h, p, id, cls);
        else
            hour_write(h, p, id, cls);
        test_env_advance(&h->w.t, pause_ms * NS_PER_MS / 2);
        world_run(&h->w, 0);
        test_env_advance(&h->w.t, pause_ms * NS_PER_MS / 2);
        for (size_t k = 0; k < h->w.count; k++)
            if (chat_deadline(h->w.people[k].chat).ns <= h->w.t.env.now.ns)
                chat_tick(h->w.people[k].chat, &h->w.t.env);
    }
    world_run(&h->w, 60);
}

/* ---- the verdict ---- */

struct hour_verdict {
    double chance, chance_of_one; /* overall; of the worst conversation */
    unsigned cls, cls_of_one;
    size_t offset, offset_of_one, judged; /* judged: conversations and classes of them */
};

static inline struct hour_verdict hour_judge(const struct hour_sums *s)
{
    struct hour_verdict v = {.chance = 1, .chance_of_one = 1};
    for (unsigned cls = 0; cls < LOOKS_CLASSES; cls++) {
        struct looks_worst w = looks_judge(&s->all, cls);
        if (w.chance < v.chance)
            v = (struct hour_verdict){w.chance, v.chance_of_one, cls,     v.cls_of_one,
                                      w.offset, v.offset_of_one, v.judged};
    }
    for (size_t i = 0; i < s->places_count; i++)
        for (unsigned cls = 0; cls < LOOKS_CLASSES; cls++) {
            struct looks_worst w = looks_judge(&s->places[i].looks, cls);
            v.judged += w.tests > 0;
            if (w.chance < v.chance_of_one) {
                v.chance_of_one = w.chance;
                v.cls_of_one = cls;
                v.offset_of_one = w.offset;
            }
        }
    if (v.judged > 0)
        v.chance_of_one = fmin(1, v.chance_of_one * (double)v.judged);
    return v;
}

static inline void hour_sums_clear(struct hour_sums *s, bool all)
{
    for (size_t i = 0; i < s->places_count; i++)
        looks_clear(&s->places[i].looks);
    s->places_count = 0;
    if (all)
        looks_clear(&s->all);
}
