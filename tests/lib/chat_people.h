/* People of chat_world.h who know each other, have several devices, and are asked what they know.
 */
#pragma once

#include "tests/lib/chat_world.h"

static inline uint64_t people_seed(uint64_t fixed)
{
    const char *more = getenv("SEED");
    return fixed + (more != NULL ? strtoull(more, NULL, 10) : 0);
}

static inline void people_say(struct world *w, struct world_person *p,
                              const struct chat_conversation *id, const char *text)
{
    struct chat_entry_id entry;
    assert_ok(chat_send(p->chat, &w->t.env, id, span_str(text), NULL, &entry));
}

static inline struct chat_account people_account(struct world_person *p)
{
    struct chat_person self;
    assert_ok(chat_self(p->chat, &self));
    return self.account;
}

static inline struct chat_installation people_device(struct world_person *p)
{
    struct chat_installation key;
    memcpy(key.bytes, p->chat->self.installation, sizeof key.bytes);
    return key;
}

/* Two who know each other, online, by the card that everybody may know. */
static inline struct chat_conversation people_meet(struct world *w, struct world_person *a,
                                                   struct world_person *b)
{
    char card[CHAT_CARD_TEXT_MAX];
    struct chat_conversation id;
    world_online(w, a, true);
    world_online(w, b, true);
    world_run(w, 30);
    assert_ok(chat_card(a->chat, &w->t.env, false, card));
    assert_ok(chat_contact(b->chat, &w->t.env, span_str(card), &id));
    people_say(w, b, &id, "hello");
    world_run(w, 60);
    assert_ok(chat_accept(a->chat, &w->t.env, &id));
    people_say(w, a, &id, "hello yourself");
    world_run(w, 60);
    assert_true(world_reads(b, &id, "hello yourself"));
    return id;
}

/* A further device, which offers itself. */
static inline struct world_person *people_offer(struct world *w, char text[CHAT_PAIR_TEXT_MAX])
{
    struct world_person *p = world_place(w);
    struct chat_config config = world_config(p);
    assert_ok(chat_pair(&p->chat, &config, &w->t.env, text));
    world_online(w, p, true);
    return p;
}

static inline struct world_person *people_pair(struct world *w, struct world_person *keeper)
{
    char text[CHAT_PAIR_TEXT_MAX], words[CHAT_SIX_WORDS_MAX];
    struct chat_event ev;
    struct world_person *p = people_offer(w, text);
    world_run(w, 20);
    assert_ok(chat_pair_accept(keeper->chat, &w->t.env, span_str(text), words));
    world_run(w, 40);
    assert_true(world_event(p, CHAT_EVENT_PAIRED, &ev));
    return p;
}

/* How many devices that account has, as this one sees it. */
static inline size_t people_devices(struct world_person *viewer, const struct chat_account *account)
{
    struct chat_device d;
    size_t cursor = 0, n = 0;
    while (chat_devices(viewer->chat, account, &cursor, &d))
        n++;
    return n;
}

static inline bool people_alive(struct world_person *viewer, const struct chat_account *account)
{
    struct chat_person p;
    return chat_person(viewer->chat, account, &p) == OK && p.state == CHAT_ACCOUNT_ALIVE;
}

/* Was it told of that account (and of that device, unless NULL), since its beginning? */
static inline bool people_told(struct world_person *p, enum chat_event_kind kind,
                               const struct chat_account *account,
                               const struct chat_installation *device)
{
    struct chat_event ev = {.number = 0};
    while (chat_event(p->chat, ev.number, &ev) == OK)
        if (ev.kind == kind && memcmp(ev.account.bytes, account->bytes, 32) == 0 &&
            (device == NULL || memcmp(ev.installation.bytes, device->bytes, 32) == 0))
            return true;
    return false;
}

/* Lines of others that it can read, in all its conversations. */
static inline size_t people_lines(struct world_person *p)
{
    struct chat_summary s;
    size_t cursor = 0, lines = 0;
    while (chat_conversations(p->chat, &cursor, &s)) {
        struct chat_entry e;
        struct chat_entry_id at;
        const struct chat_entry_id *from = NULL;
        while (chat_history(p->chat, &s.id, from, true, &e) == OK) {
            lines += e.content != CHAT_NOTICE && !e.mine;
            at = e.id;
            from = &at;
        }
    }
    return lines;
}
