/* People in virtual time, one of them on a disk and a network that its program is killed on
 * (killer.h): at each boundary of what it does, once. Afterwards it is started again; what its
 * person was not told to be done is done again; and then everybody compares notes.
 *
 * One world is prepared; each point is a process of its own that begins with a copy of it. */
#pragma once

#include "node/chat/commits/ticket.h"
#include "node/chat/talk.h"
#include "tests/lib/archive_model.h"
#include "tests/lib/chat_world.h"
#include "tests/lib/killer.h"

#include <sys/wait.h>
#include <unistd.h>

#define CRASH_TICKETS_MAX 256u
#define CRASH_EVENTS_MAX  512u
#define CRASH_SETTLE_S    900 /* beyond T: Welcomes have left */

enum crash_who {
    VERA, /* the victim, mostly */
    ANA,
    BEN,
    CARL,   /* a stranger to all */
    DEVICE, /* Vera's second */
    FRESH,  /* a device that nobody has let in yet; likewise on a disk that may end */
    CRASH_PEOPLE,
};

struct crash_ticket {
    uint8_t key[32], eid[16], parent[16];
};

struct stage {
    struct world w; /* first: watch gets it */
    struct killer disks[CRASH_PEOPLE];
    struct chat_conversation direct, group, other; /* other: of the scene */
    char card[CHAT_CARD_TEXT_MAX], offer[CHAT_PAIR_TEXT_MAX];
    enum crash_who victim;
    struct crash_ticket tickets[CRASH_TICKETS_MAX];
    size_t tickets_count, doubles;
    struct chat_event seen[CRASH_EVENTS_MAX]; /* by the victim's person */
    size_t seen_count, changed;
    const char *wrong; /* NULL: nothing yet */
};

static inline struct world_person *on(struct stage *s, enum crash_who who)
{
    return &s->w.people[who];
}

static inline void crash_check(struct stage *s, bool good, const char *what)
{
    if (!good && s->wrong == NULL)
        s->wrong = what;
}

/* ---- what leaves: no leaf signs two commits of one epoch ---- */

static inline void crash_ticket(struct stage *s, struct span encoded)
{
    struct ticket t;
    if (ticket_decode(encoded, &t) != OK)
        return;
    for (size_t i = 0; i < s->tickets_count; i++) {
        const struct crash_ticket *k = &s->tickets[i];
        if (memcmp(k->key, t.key, 32) == 0 && memcmp(k->parent, t.parent.bytes, 16) == 0) {
            s->doubles += memcmp(k->eid, t.eid.bytes, 16) != 0;
            return;
        }
    }
    assert_true(s->tickets_count < CRASH_TICKETS_MAX);
    struct crash_ticket *k = &s->tickets[s->tickets_count++];
    memcpy(k->key, t.key, sizeof k->key);
    memcpy(k->parent, t.parent.bytes, sizeof k->parent);
    memcpy(k->eid, t.eid.bytes, sizeof k->eid);
}

static inline void crash_frames(struct stage *s, const struct frames *f)
{
    struct beacon b;
    for (size_t i = 0; i < f->count; i++) {
        if (f->list[i].kind == FRAME_TICKET)
            crash_ticket(s, f->list[i].bytes);
        if (f->list[i].kind != FRAME_BEACON || beacon_decode(f->list[i].bytes, &b) != OK)
            continue;
        for (size_t k = 0; k < b.tickets_count; k++)
            crash_ticket(s, b.tickets[k]);
    }
}

static inline void crash_look(struct stage *s, const struct chat *c, const struct chat_out *out)
{
    struct buf content = BUF_INIT(ENVELOPE_BYTES_MAX);
    struct frames f;
    size_t cursor = 0;
    for (struct talk *t; (t = map_next(&c->talks, &cursor, NULL)) != NULL;) {
        const struct talk_keys *k = keys_match(t, out->payload);
        if (k != NULL && envelope_open(&k->keys, out->topic, out->payload, &content) == OK &&
            frames_decode(buf_span(&content), &f) == OK)
            crash_frames(s, &f);
    }
    buf_clear(&content);
}

/* ---- what its person sees: a number means one event for ever ---- */

static inline bool crash_same(const struct chat_event *a, const struct chat_event *b)
{
    return a->number == b->number && a->kind == b->kind && a->time_ns == b->time_ns &&
           memcmp(&a->account, &b->account, sizeof a->account) == 0 &&
           memcmp(&a->installation, &b->installation, sizeof a->installation) == 0 &&
           memcmp(&a->conversation, &b->conversation, sizeof a->conversation) == 0 &&
           memcmp(&a->entry, &b->entry, sizeof a->entry) == 0;
}

static inline void crash_read_journal(struct stage *s)
{
    struct world_person *p = on(s, s->victim);
    uint64_t after = s->seen_count == 0 ? 0 : s->seen[s->seen_count - 1].number;
    struct chat_event e;
    if (p->chat == NULL || p->dead)
        return;
    for (size_t i = 0; i < s->seen_count; i++)
        s->changed +=
            chat_event(p->chat, s->seen[i].number - 1, &e) != OK || !crash_same(&e, &s->seen[i]);
    while (s->seen_count < CRASH_EVENTS_MAX && chat_event(p->chat, after, &e) == OK) {
        s->seen[s->seen_count++] = e;
        after = e.number;
    }
}

static inline void crash_watch(struct world *w, struct world_person *p, enum world_boundary at,
                               const struct chat_out *out)
{
    struct stage *s = (struct stage *)w;
    if (at == WORLD_LEFT)
        crash_look(s, p->chat, out);
    if (p == on(s, s->victim))
        (void)killer_strikes(&s->disks[s->victim]);
}

/* ---- disks ---- */

static inline void crash_place(struct stage *s, enum crash_who who)
{
    struct killer *k = &s->disks[who];
    struct world_person *p = on(s, who);
    k->dead = &p->dead;
    killer_open(k, chat_tables);
    p->kv = &k->kv;
    p->wipe.file = k->page;
}

static inline void crash_end(struct stage *s, enum crash_who who)
{
    struct world_person *p = on(s, who);
    if (p->chat != NULL) {
        vault_drop(p->chat->vault);
        p->chat->vault = NULL;
        chat_close(p->chat);
        p->chat = NULL;
    }
    kv_close(&s->disks[who].kv);
    s->disks[who].armed = false;
    p->dead = false;
}

static inline bool crash_start(struct stage *s, enum crash_who who)
{
    struct world_person *p = on(s, who);
    crash_place(s, who);
    struct chat_config config = world_config(p);
    enum err err = chat_open(&p->chat, &config, &s->w.t.env);
    if (err == OK)
        world_online(&s->w, p, true);
    return err == OK;
}

static inline void crash_copy(const char *from, const char *to)
{
    static const char *const files[] = {"kv.mdb", "wipe.key"};
    for (size_t i = 0; i < 2; i++) {
        char path[2][96];
        static uint8_t block[65536];
        size_t n;
        (void)snprintf(path[0], sizeof path[0], "%s/%s", from, files[i]);
        (void)snprintf(path[1], sizeof path[1], "%s/%s", to, files[i]);
        FILE *in = fopen(path[0], "rb"), *out = fopen(path[1], "wb");
        assert_non_null(in);
        assert_non_null(out);
        while ((n = fread(block, 1, sizeof block, in)) > 0)
            assert_int_equal(fwrite(block, 1, n, out), n);
        (void)fclose(in);
        (void)fclose(out);
    }
}

/* ---- what they do ---- */

static inline enum err crash_say(struct stage *s, enum crash_who who,
                                 const struct chat_conversation *id, const char *text)
{
    struct chat_entry_id entry;
    return chat_send(on(s, who)->chat, &s->w.t.env, id, span_str(text), NULL, &entry);
}

static inline size_t crash_times(struct stage *s, enum crash_who who,
                                 const struct chat_conversation *id, const char *text)
{
    struct chat_entry e;
    struct chat_entry_id at;
    size_t n = 0;
    for (const struct chat_entry_id *from = NULL;
         chat_history(on(s, who)->chat, id, from, false, &e) == OK; from = &at) {
        n += span_eq(e.text, span_str(text));
        at = e.id;
    }
    return n;
}

static inline void crash_once(struct stage *s, const struct chat_conversation *id, const char *text,
                              unsigned readers)
{
    static const char *const names[] = {"Vera", "Ana",        "Ben",
                                        "Carl", "the device", "the fresh one"};
    for (unsigned who = 0; who < CRASH_PEOPLE; who++)
        if ((readers >> who & 1) != 0) {
            size_t n = crash_times(s, (enum crash_who)who, id, text);
            if (n != 1)
                printf("'%s' %zu times at %s\n", text, n, names[who]);
            crash_check(s, n == 1, n == 0 ? "an entry is lost" : "an entry is there twice");
        }
}

#define AT(who) (1u << (who))

static inline struct chat_account crash_account(struct stage *s, enum crash_who who)
{
    struct chat_account a;
    memcpy(a.bytes, on(s, who)->chat->self.account, sizeof a.bytes);
    return a;
}

static inline size_t crash_devices(struct stage *s, enum crash_who viewer, enum crash_who of)
{
    struct chat_account a = crash_account(s, of);
    struct chat_device d;
    size_t cursor = 0, n = 0;
    while (chat_devices(on(s, viewer)->chat, &a, &cursor, &d))
        n++;
    return n;
}

static inline unsigned crash_state(struct stage *s, enum crash_who who,
                                   const struct chat_conversation *id)
{
    struct chat_summary sum;
    return chat_conversation(on(s, who)->chat, id, &sum) == OK ? (unsigned)sum.state : 99u;
}

/* ---- the common past ---- */

static inline struct chat_conversation crash_friends(struct stage *s, enum crash_who who)
{
    struct chat_conversation id;
    char card[CHAT_CARD_TEXT_MAX];
    assert_ok(chat_card(on(s, VERA)->chat, &s->w.t.env, false, card));
    assert_ok(chat_contact(on(s, who)->chat, &s->w.t.env, span_str(card), &id));
    assert_ok(crash_say(s, who, &id, "hello"));
    world_run(&s->w, 60);
    assert_ok(chat_accept(on(s, VERA)->chat, &s->w.t.env, &id));
    assert_ok(crash_say(s, VERA, &id, "hello yourself"));
    world_run(&s->w, 60);
    return id;
}

static inline enum err crash_offer(struct stage *s, enum crash_who who)
{
    struct world_person *p = on(s, who);
    struct chat_config config = world_config(p);
    enum err err = chat_pair(&p->chat, &config, &s->w.t.env, s->offer);
    if (err == OK && !p->dead)
        world_online(&s->w, p, true);
    return err;
}

static inline void crash_prepare(struct stage *s)
{
    char words[CHAT_SIX_WORDS_MAX];
    struct chat_account both[2];
    world_init(&s->w, 1);
    s->w.watch = crash_watch;
    s->victim = FRESH; /* nobody yet */
    for (unsigned i = 0; i < CRASH_PEOPLE; i++) {
        struct world_person *p = world_place(&s->w);
        struct chat_config config;
        s->disks[i].dead = &p->dead;
        if (i == VERA || i == FRESH)
            model_folder(s->disks[i].folder);
        if (i == VERA) {
            kv_close(p->kv);
            crash_place(s, VERA);
        }
        config = world_config(p);
        if (i <= CARL) {
            assert_ok(chat_create(&p->chat, &config, &s->w.t.env, p->words));
            world_online(&s->w, p, true);
        }
    }
    world_run(&s->w, 30);
    s->direct = crash_friends(s, ANA);
    (void)crash_friends(s, BEN);
    both[0] = crash_account(s, ANA);
    both[1] = crash_account(s, BEN);
    assert_ok(chat_found(on(s, VERA)->chat, &s->w.t.env, CHAT_GROUP, SPAN_LIT("tea"), both, 2,
                         &s->group));
    world_run(&s->w, 60);
    assert_ok(crash_offer(s, DEVICE));
    world_run(&s->w, 20);
    assert_ok(chat_pair_accept(on(s, VERA)->chat, &s->w.t.env, span_str(s->offer), words));
    world_run(&s->w, CRASH_SETTLE_S);
    assert_ok(chat_card(on(s, VERA)->chat, &s->w.t.env, false, s->card));
    assert_ok(crash_say(s, BEN, &s->group, "all here?"));
    world_run(&s->w, 60);
    crash_once(s, &s->group, "all here?", AT(VERA) | AT(ANA) | AT(BEN) | AT(DEVICE));
    assert_null(s->wrong);
    s->victim = VERA;
    crash_read_journal(s);
    crash_end(s, VERA);
}
