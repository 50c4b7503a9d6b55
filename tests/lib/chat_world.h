/* A small world for whole chats: everybody hears what is published, two stores keep it, time is
 * virtual, and people go offline, lose messages and are killed as the test says. */
#pragma once

#include "node/chat/chat.h"
#include "node/chat/inside.h"
#include "store/kv.h"
#include "tests/lib/testing.h"
#include "tests/lib/wipe_memory.h"

#include <stdlib.h>

#ifndef WORLD_PEOPLE_MAX
#define WORLD_PEOPLE_MAX 24u
#endif

struct world_message { /* a stored Waku message */
    char topic[32];
    uint8_t *payload;
    size_t len;
    int64_t time_ns;
    unsigned side; /* of the network, while it is cut */
};

struct world_person {
    struct chat *chat;
    struct kv *kv;
    struct wipe_memory wipe;
    bool online;
    char words[CHAT_WORDS_TEXT_MAX];
    uint64_t cursor; /* of the journal, for the test */
    unsigned side;
    unsigned fetches; /* questions to stores */
    size_t heard;     /* messages of the world that were delivered or passed over */
    bool dead;        /* killed: it does nothing until world_restart */
    char listens[CHAT_TOPICS_MAX][32]; /* as CHAT_OUT_LISTEN said last */
    size_t listens_count;
};

/* Where somebody may be killed between our network and theirs. */
enum world_boundary {
    WORLD_LEAVES, /* chat_poll has handed a message out, the network does not have it yet */
    WORLD_LEFT,   /* the network has it, chat_published was not called yet */
    WORLD_TOLD,   /* chat_published was called, nothing was written since */
};

struct world {
    struct test_env t;
    struct world_person people[WORLD_PEOPLE_MAX];
    size_t count;
    struct world_message *messages; /* in order of publishing */
    size_t messages_count, messages_cap;
    unsigned loss_percent; /* of live deliveries; stores keep all */
    bool stores;           /* are there any? */
    bool one_store;        /* ... and no second one */
    int64_t stores_keep_s; /* they forget what is older; 0: nothing */
    bool cut;              /* nothing goes from one side to another; stores keep all */
    unsigned published_bytes;
    bool by_topic; /* live messages come to those who listen to their topic, not to all */
    /* called at each boundary of each message, unless NULL; may set p->dead */
    void (*watch)(struct world *w, struct world_person *p, enum world_boundary at,
                  const struct chat_out *out);
};

/* SEED=n in the environment: another world of the same kind. */
static inline void world_init(struct world *w, uint64_t seed)
{
    const char *other = getenv("SEED");
    *w = (struct world){.stores = true};
    test_env_init(&w->t, seed + (other == NULL ? 0 : strtoull(other, NULL, 10)));
    if (getenv("WORLD_LOG") != NULL)
        w->t.log.min = LOG_INFO;
}

static inline struct chat_config world_config(struct world_person *p)
{
    static const uint8_t key_file[32] = {7, 7, 7};
    return (struct chat_config){
        .kv = p->kv, .wipe = &p->wipe.file, .key_file = SPAN_ARRAY(key_file)};
}

static inline struct world_person *world_place(struct world *w)
{
    struct world_person *p = &w->people[w->count++];
    assert_true(w->count <= WORLD_PEOPLE_MAX);
    *p = (struct world_person){.heard = w->messages_count};
    wipe_memory_init(&p->wipe);
    assert_ok(kv_open_mem(&p->kv, chat_tables));
    return p;
}

static inline struct world_person *world_born(struct world *w)
{
    struct world_person *p = world_place(w);
    struct chat_config config = world_config(p);
    assert_ok(chat_create(&p->chat, &config, &w->t.env, p->words));
    return p;
}

static inline void world_online(struct world *w, struct world_person *p, bool online)
{
    p->online = online;
    p->heard = w->messages_count; /* what was missed is in the stores */
    if (p->chat != NULL)
        chat_online(p->chat, &w->t.env, online);
}

/* As a kill and a new start: what was not committed is gone. */
static inline void world_restart(struct world *w, struct world_person *p)
{
    struct chat_config config = world_config(p);
    bool online = p->online;
    vault_drop(p->chat->vault);
    p->chat->vault = NULL;
    chat_close(p->chat);
    p->chat = NULL;
    assert_ok(chat_open(&p->chat, &config, &w->t.env));
    p->online = p->dead = false;
    if (online)
        world_online(w, p, true);
}

static inline void world_keep(struct world *w, const struct world_person *from,
                              const struct chat_out *out)
{
    if (w->messages_count == w->messages_cap) {
        w->messages_cap = w->messages_cap == 0 ? 256 : 2 * w->messages_cap;
        w->messages = realloc(w->messages, w->messages_cap * sizeof *w->messages);
        assert_non_null(w->messages);
    }
    struct world_message *m = &w->messages[w->messages_count++];
    *m = (struct world_message){
        .len = out->payload.len, .time_ns = out->timestamp_ns, .side = from->side};
    assert_true(out->topic.len < sizeof m->topic);
    memcpy(m->topic, out->topic.ptr, out->topic.len);
    m->payload = malloc(m->len);
    memcpy(m->payload, out->payload.ptr, m->len);
    w->published_bytes += (unsigned)m->len;
}

static inline void world_fetch(struct world *w, struct world_person *p, const struct chat_out *out)
{
    struct chat_out ask = *out;
    char topics[CHAT_TOPICS_MAX][32] = {{0}};
    p->fetches++;
    if (!w->stores || (w->one_store && ask.other_than != 0)) {
        chat_fetched(p->chat, &w->t.env, ask.ticket, ERR_NOT_FOUND);
        return;
    }
    for (size_t i = 0; i < ask.topics_count; i++)
        memcpy(topics[i], ask.topics[i].ptr, ask.topics[i].len);
    for (size_t i = 0; i < w->messages_count; i++) {
        const struct world_message *m = &w->messages[i];
        if (w->cut && m->side != p->side)
            continue;
        if (w->stores_keep_s > 0 && m->time_ns < w->t.env.wall.ns - w->stores_keep_s * NS_PER_S)
            continue;
        for (size_t k = 0; k < ask.topics_count; k++)
            if (strcmp(topics[k], m->topic) == 0 && m->time_ns >= ask.from_ns &&
                m->time_ns <= ask.to_ns)
                chat_received(p->chat, &w->t.env, span_str(m->topic), span_of(m->payload, m->len));
    }
    chat_fetched(p->chat, &w->t.env, ask.ticket, OK);
}

/* True: the person was killed there. */
static inline bool world_pass(struct world *w, struct world_person *p, enum world_boundary at,
                              const struct chat_out *out)
{
    if (w->watch != NULL)
        w->watch(w, p, at, out);
    return p->dead;
}

static inline void world_listen(struct world_person *p, const struct chat_out *out)
{
    p->listens_count = out->topics_count;
    for (size_t i = 0; i < out->topics_count; i++) {
        memset(p->listens[i], 0, sizeof p->listens[i]);
        memcpy(p->listens[i], out->topics[i].ptr, out->topics[i].len);
    }
}

static inline bool world_listens(const struct world *w, const struct world_person *p,
                                 const char *topic)
{
    bool yes = !w->by_topic;
    for (size_t i = 0; i < p->listens_count && !yes; i++)
        yes = strcmp(p->listens[i], topic) == 0;
    return yes;
}

static inline void world_publish(struct world *w, struct world_person *p,
                                 const struct chat_out *out)
{
    uint64_t ticket = out->ticket;
    if (world_pass(w, p, WORLD_LEAVES, out))
        return;
    world_keep(w, p, out);
    if (world_pass(w, p, WORLD_LEFT, out))
        return;
    chat_published(p->chat, &w->t.env, ticket, OK);
    (void)world_pass(w, p, WORLD_TOLD, NULL);
}

/* Everything that one chat wants now. */
static inline bool world_pump(struct world *w, struct world_person *p)
{
    struct chat_out out;
    bool moved = false;
    while (p->chat != NULL && !p->dead && chat_poll(p->chat, &w->t.env, &out)) {
        moved = true;
        if (getenv("WORLD_LOG") != NULL)
            printf("%.1f person %d: %s %.*s %zu\n", (double)w->t.env.now.ns / 1e9,
                   (int)(p - w->people),
                   out.kind == CHAT_OUT_PUBLISH ? "publishes"
                   : out.kind == CHAT_OUT_FETCH ? "fetches"
                                                : "listens",
                   (int)out.topic.len, (const char *)out.topic.ptr,
                   out.kind == CHAT_OUT_PUBLISH ? out.payload.len : out.topics_count);
        if (p->dead)
            break; /* it did not live to see this output */
        if (out.kind == CHAT_OUT_PUBLISH)
            world_publish(w, p, &out);
        else if (out.kind == CHAT_OUT_FETCH)
            world_fetch(w, p, &out);
        else
            world_listen(p, &out);
    }
    return moved;
}

static inline bool world_hear(struct world *w, struct world_person *p)
{
    bool moved = false;
    while (p->online && p->chat != NULL && !p->dead && p->heard < w->messages_count) {
        const struct world_message *m = &w->messages[p->heard++];
        moved = true;
        if (w->cut && m->side != p->side)
            continue;
        if (rng_below(&w->t.rng, 100) >= w->loss_percent && world_listens(w, p, m->topic))
            chat_received(p->chat, &w->t.env, span_str(m->topic), span_of(m->payload, m->len));
    }
    return moved;
}

/* Let so many seconds pass: everybody does what is due at its time. */
static inline void world_run(struct world *w, int64_t seconds)
{
    int64_t end = w->t.env.now.ns + seconds * NS_PER_S;
    for (;;) {
        bool moved = true;
        for (int round = 0; moved && round < 1000; round++) {
            moved = false;
            for (size_t i = 0; i < w->count; i++) {
                moved |= world_pump(w, &w->people[i]);
                moved |= world_hear(w, &w->people[i]);
            }
        }
        struct mono next = {end};
        for (size_t i = 0; i < w->count; i++)
            if (w->people[i].chat != NULL && !w->people[i].dead)
                next = mono_min(next, chat_deadline(w->people[i].chat));
        if (w->t.env.now.ns >= end)
            return;
        int64_t wait = next.ns - w->t.env.now.ns;
        test_env_advance(&w->t, wait > NS_PER_MS ? wait : NS_PER_MS);
        for (size_t i = 0; i < w->count; i++)
            if (w->people[i].chat != NULL && !w->people[i].dead)
                chat_tick(w->people[i].chat, &w->t.env);
    }
}

/* What is in the folder of a person now. */
struct world_copy {
    struct kv *kv;
    struct wipe_memory wipe;
};

static inline void world_copy_table(struct kv_txn *from, struct kv_txn *to, unsigned table)
{
    struct span key, value, found;
    uint8_t last[KV_KEY_BYTES_MAX];
    enum err err = kv_seek(from, table, SPAN_EMPTY, &key, &value);
    while (err == OK) {
        assert_ok(kv_put(to, table, key, value));
        memcpy(last, key.ptr, key.len);
        err = kv_next(from, table, span_of(last, key.len), &found, &value);
        key = found;
    }
}

static inline struct world_copy world_copy(struct world_person *p)
{
    struct world_copy copy = {.wipe = p->wipe};
    struct kv_txn *from, *to;
    assert_ok(kv_open_mem(&copy.kv, chat_tables));
    assert_ok(kv_begin(p->kv, false, &from));
    assert_ok(kv_begin(copy.kv, true, &to));
    for (unsigned i = 0; chat_tables[i] != NULL; i++)
        world_copy_table(from, to, i);
    kv_abort(from);
    assert_ok(kv_commit(to));
    return copy;
}

/* The person's folder is replaced by the copy; `elsewhere`: by other files, as cp makes them, not
 * as a snapshot of the disk. The person is killed and begins anew. */
static inline void world_put_back(struct world *w, struct world_person *p, struct world_copy *copy,
                                  bool elsewhere)
{
    struct chat_config config;
    bool online = p->online;
    vault_drop(p->chat->vault);
    p->chat->vault = NULL;
    chat_close(p->chat);
    p->chat = NULL;
    kv_close(p->kv);
    p->kv = copy->kv;
    copy->kv = NULL;
    p->wipe = copy->wipe;
    p->wipe.file.state = &p->wipe;
    p->wipe.place[0] += elsewhere;
    config = world_config(p);
    assert_ok(chat_open(&p->chat, &config, &w->t.env));
    p->online = false;
    if (online)
        world_online(w, p, true);
}

static inline void world_clear(struct world *w)
{
    for (size_t i = 0; i < w->count; i++) {
        chat_close(w->people[i].chat);
        kv_close(w->people[i].kv);
    }
    for (size_t i = 0; i < w->messages_count; i++)
        free(w->messages[i].payload);
    free(w->messages);
    test_env_clear(&w->t);
}

/* The first event of this kind behind the person's cursor, which moves behind it. */
static inline bool world_event(struct world_person *p, enum chat_event_kind kind,
                               struct chat_event *out)
{
    while (chat_event(p->chat, p->cursor, out) == OK) {
        p->cursor = out->number;
        if (out->kind == kind)
            return true;
    }
    return false;
}

static inline struct chat_conversation world_only(struct world_person *p)
{
    struct chat_summary s;
    size_t cursor = 0;
    assert_true(chat_conversations(p->chat, &cursor, &s));
    return s.id;
}

static inline bool world_reads(struct world_person *p, const struct chat_conversation *id,
                               const char *text)
{
    struct chat_entry e;
    const struct chat_entry_id *from = NULL;
    struct chat_entry_id at;
    while (chat_history(p->chat, id, from, true, &e) == OK) {
        if (span_eq(e.text, span_str(text)))
            return true;
        at = e.id;
        from = &at;
    }
    return false;
}
