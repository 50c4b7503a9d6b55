/* What strangers can throw at a chat, and what it weighs afterwards. Over chat_world.h. */
#pragma once

#include "node/chat/intro/intro.h"
#include "tests/lib/chat_world.h"

#define FLOOD_BITS 4u /* of stamps, so that a test makes many */

struct flood_size { /* of a person's folder */
    size_t rows, bytes;
    uint64_t events;
};

static inline void flood_table(struct kv_txn *txn, unsigned table, struct flood_size *s)
{
    struct span key, value, found;
    uint8_t last[KV_KEY_BYTES_MAX];
    enum err err = kv_seek(txn, table, SPAN_EMPTY, &key, &value);
    while (err == OK) {
        s->rows++;
        s->bytes += key.len + value.len;
        memcpy(last, key.ptr, key.len);
        err = kv_next(txn, table, span_of(last, key.len), &found, &value);
        key = found;
    }
}

static inline struct flood_size flood_size(struct world_person *p)
{
    struct flood_size s = {.events = chat_event_last(p->chat)};
    struct kv_txn *txn;
    assert_ok(kv_begin(p->kv, false, &txn));
    for (unsigned i = 0; chat_tables[i] != NULL; i++)
        flood_table(txn, i, &s);
    kv_abort(txn);
    return s;
}

/* The open card of somebody: what every stranger may know. */
static inline struct card flood_card(const struct world_person *p)
{
    struct card card = {0};
    memcpy(card.account, p->chat->self.account, sizeof card.account);
    return card;
}

/* Random bytes where somebody listens. */
static inline void flood_junk(struct world *w, struct world_person *p, enum envelope_kind kind,
                              uint8_t bucket)
{
    uint8_t payload[ENVELOPE_BYTES_MIN];
    char topic[ENVELOPE_TOPIC_BYTES];
    rng_fill(w->t.env.rng, payload, sizeof payload);
    payload[0] = 1; /* the version */
    envelope_topic(kind, bucket, topic);
    chat_received(p->chat, &w->t.env, span_str(topic), SPAN_ARRAY(payload));
}

/* A body under the right keys, with a stamp of so many bits or none. */
static inline void flood_intro(struct world *w, struct world_person *p, const struct card *card,
                               struct span body, unsigned bits)
{
    struct intro i = {.body = body};
    struct buf envelope = BUF_INIT(ENVELOPE_BYTES_MAX);
    char topic[ENVELOPE_TOPIC_BYTES];
    uint32_t day = (uint32_t)(w->t.env.wall.ns / NS_PER_S / INTRO_DAY_S);
    struct stamp_of of;
    uint64_t next = rng_below(w->t.env.rng, UINT32_MAX);
    stamp_for(card->account, day, body, &of);
    if (bits > 0)
        assert_true(stamp_make(&of, bits, &next, UINT64_MAX, i.stamp));
    else
        rng_fill(w->t.env.rng, i.stamp, sizeof i.stamp);
    assert_ok(intro_seal(card, day, &i, w->t.env.rng, &envelope));
    envelope_topic(ENVELOPE_INTRO, card_bucket(card), topic);
    chat_received(p->chat, &w->t.env, span_str(topic), buf_span(&envelope));
    buf_clear(&envelope);
}

/* `a` has the bundle of `b`, as it would have found it. */
static inline void flood_finds(struct world *w, struct world_person *a, struct world_person *b)
{
    struct person *p = people_get(a->chat, b->chat->self.account);
    struct buf log = BUF_INIT(IDENTITY_SENT_BYTES_MAX), body = BUF_INIT(BUNDLE_BYTES_MAX);
    struct prekey *k;
    assert_non_null(p);
    step_open(b->chat);
    assert_ok(prekeys_current(b->chat, &w->t.env, &k));
    assert_ok(identity_log_write(b->chat->me->log, &log));
    const struct bundle bundle = {.log = buf_span(&log), .parts = {buf_span(&k->part)}, .count = 1};
    assert_ok(bundle_encode(&bundle, &body));
    assert_ok(step_close(b->chat, &w->t.env));
    if (p->found == NULL)
        assert_ok(found_new(p->account, &p->found));
    assert_ok(found_add(p->found, buf_span(&body)));
    step_open(a->chat);
    assert_ok(people_learn_log(a->chat, &w->t.env, found_log(p->found)));
    assert_ok(step_close(a->chat, &w->t.env));
    buf_clear(&log);
    buf_clear(&body);
}
