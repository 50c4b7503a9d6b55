/* People for the benches of the chat: they know each other, gather and talk, in the virtual world
 * of tests/lib/chat_world.h. */
#pragma once

#ifndef WORLD_PEOPLE_MAX
#define WORLD_PEOPLE_MAX 1024u
#endif
#include "tests/lib/chat_world.h"

#define TEXT_BYTES 100u /* characters of a text */

/* `a` knows `b`, and has its bundle: as it would have found it, without the stamps. */
static inline void acquaint(struct world *w, struct world_person *a, struct world_person *b)
{
    struct person *p = people_get(a->chat, b->chat->self.account);
    struct buf log = BUF_INIT(IDENTITY_SENT_BYTES_MAX), body = BUF_INIT(BUNDLE_BYTES_MAX);
    struct prekey *k;
    assert_non_null(p);
    p->consent = CHAT_CONSENT_GIVEN;
    p->changed = true;
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

/* A direct conversation: `b` finds the card of `a` and writes, `a` accepts. */
static inline struct chat_conversation meet(struct world *w, struct world_person *a,
                                            struct world_person *b)
{
    struct chat_conversation id;
    struct chat_entry_id entry;
    char card[CHAT_CARD_TEXT_MAX];
    assert_ok(chat_card(a->chat, &w->t.env, false, card));
    assert_ok(chat_contact(b->chat, &w->t.env, span_str(card), &id));
    assert_ok(chat_send(b->chat, &w->t.env, &id, SPAN_LIT("hello"), NULL, &entry));
    world_run(w, 120);
    assert_ok(chat_accept(a->chat, &w->t.env, &id));
    world_run(w, 120);
    return id;
}

static inline size_t joined(struct world *w, const struct chat_conversation *id)
{
    size_t count = 0;
    for (size_t i = 0; i < w->count; i++) {
        struct chat_summary s;
        count += chat_conversation(w->people[i].chat, id, &s) == OK && s.state == CHAT_JOINED &&
                 s.installations == w->count;
    }
    return count;
}

/* Two people: a direct conversation; up to 64: a group, founded by the first; more: a crowd. */
static inline struct chat_conversation gather(struct world *w, size_t count)
{
    struct chat_account *list = calloc(count, sizeof *list);
    struct chat_conversation id;
    assert_non_null(list);
    for (size_t i = 0; i < count; i++) {
        struct world_person *p = world_born(w);
        if (i > 0 && count > 2) {
            acquaint(w, &w->people[0], p);
            acquaint(w, p, &w->people[0]);
        }
        world_online(w, p, true);
        memcpy(list[i].bytes, p->chat->self.account, sizeof list[i].bytes);
    }
    world_run(w, 60);
    if (count == 2) {
        id = meet(w, &w->people[0], &w->people[1]);
    } else {
        assert_ok(chat_found(w->people[0].chat, &w->t.env, count > 64 ? CHAT_CROWD : CHAT_GROUP,
                             SPAN_LIT("all of us"), list + 1, count - 1, &id));
        for (int minute = 0; minute < 60 && joined(w, &id) < count; minute++)
            world_run(w, 60);
    }
    assert_int_equal(joined(w, &id), count);
    free(list);
    return id;
}

static inline struct chat_entry_id say(struct world *w, size_t who,
                                       const struct chat_conversation *id, unsigned number)
{
    char text[TEXT_BYTES + 1];
    struct chat_entry_id entry;
    snprintf(text, sizeof text, "%0*u", (int)TEXT_BYTES, number);
    assert_ok(
        chat_send(w->people[who].chat, &w->t.env, id, span_of(text, TEXT_BYTES), NULL, &entry));
    return entry;
}

/* Everybody sees the screen on which that is the last line. */
static inline void look(struct world *w, const struct chat_conversation *id,
                        const struct chat_entry_id *entry)
{
    struct chat_entry e;
    for (size_t i = 0; i < w->count; i++)
        if (chat_entry(w->people[i].chat, id, entry, &e) == OK && !e.mine)
            assert_ok(chat_set_read(w->people[i].chat, &w->t.env, id, entry));
}
