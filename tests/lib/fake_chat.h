/* The chat as the core sees it, played by a test: outputs are what the test queues, inputs are
 * counted. Only for tests of node/core. */
#pragma once

#include "node/core/chatting.h"
#include "tests/lib/testing.h"

#include <stdio.h>

#define FAKE_CHAT_OUTS 64
#define FAKE_CHAT_LOG  8192

struct chat {
    struct chat_out outs[FAKE_CHAT_OUTS];
    size_t first, last;
    unsigned received, published, fetched;
    uint64_t ticket; /* of the last published or fetched */
    enum err err;
    bool online;
    unsigned online_told;
    char payloads[FAKE_CHAT_LOG]; /* of the received, one after another */
    struct mono due;
    unsigned ticks;
};

static inline bool fake_chat_poll(struct chat *c, const struct env *env, struct chat_out *out)
{
    (void)env;
    if (c->first == c->last)
        return false;
    *out = c->outs[c->first++];
    return true;
}

static inline void fake_chat_received(struct chat *c, const struct env *env, struct span topic,
                                      struct span payload)
{
    size_t used = strlen(c->payloads);
    (void)env;
    assert_true(topic.len > 9 && memcmp(topic.ptr, "/sotto/1/", 9) == 0);
    assert_true(used + payload.len < sizeof c->payloads);
    memcpy(c->payloads + used, payload.ptr, payload.len);
    c->received++;
}

static inline void fake_chat_published(struct chat *c, const struct env *env, uint64_t ticket,
                                       enum err err)
{
    (void)env;
    c->published++;
    c->ticket = ticket;
    c->err = err;
}

static inline void fake_chat_fetched(struct chat *c, const struct env *env, uint64_t ticket,
                                     enum err err)
{
    (void)env;
    c->fetched++;
    c->ticket = ticket;
    c->err = err;
}

static inline void fake_chat_online(struct chat *c, const struct env *env, bool online)
{
    (void)env;
    assert_true(c->online != online); /* only changes are told */
    c->online = online;
    c->online_told++;
}

static inline void fake_chat_tick(struct chat *c, const struct env *env)
{
    if (env->now.ns < c->due.ns)
        return;
    c->ticks++;
    c->due = MONO_NEVER;
}

static inline struct mono fake_chat_deadline(const struct chat *c)
{
    return c->due;
}

static const struct chat_calls fake_chat_calls = {
    .poll = fake_chat_poll,
    .received = fake_chat_received,
    .published = fake_chat_published,
    .fetched = fake_chat_fetched,
    .online = fake_chat_online,
    .tick = fake_chat_tick,
    .deadline = fake_chat_deadline,
};

static inline struct chat_out *fake_chat_wants(struct chat *c, enum chat_out_kind kind,
                                               uint64_t ticket)
{
    assert_true(c->last < FAKE_CHAT_OUTS);
    struct chat_out *o = &c->outs[c->last++];
    *o = (struct chat_out){.kind = kind, .ticket = ticket};
    return o;
}
