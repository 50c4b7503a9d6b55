/* What the victim of crash_points.h is about when it is killed: send, receive, commit, join,
 * accept, revoke, pair as keeper and as the new device, leave. */
#pragma once

#include "tests/lib/crash_points.h"

#define CRASH_ACTS 3u

struct crash_act {
    enum err (*run)(struct stage *s); /* NULL: somebody says something: */
    struct {
        enum crash_who who;
        size_t where; /* offset in struct stage */
        const char *text;
        unsigned readers;
    } say;
    int64_t seconds; /* until the next */
    bool others;     /* not the victim does it: it need not be done again */
};

struct crash_scene {
    const char *name;
    enum crash_who victim;
    struct crash_act acts[CRASH_ACTS];
    void (*judge)(struct stage *s); /* beside what was said; may be NULL */
    bool leaves;                    /* the victim is in no common conversation afterwards */
};

/* ---- commit ---- */

static inline enum err rename_group(struct stage *s)
{
    return chat_set_group_name(on(s, VERA)->chat, &s->w.t.env, &s->group, SPAN_LIT("cake"));
}
static inline enum err remove_ben(struct stage *s)
{
    struct chat_account ben = crash_account(s, BEN);
    enum err err = chat_remove(on(s, VERA)->chat, &s->w.t.env, &s->group, &ben);
    return err == ERR_NOT_FOUND ? OK : err; /* done again */
}
static inline void judge_commit(struct stage *s)
{
    struct chat_summary sum;
    crash_check(s, chat_conversation(on(s, ANA)->chat, &s->group, &sum) == OK && sum.accounts == 2,
                "Ben is in the group still");
    crash_check(s, strcmp(sum.name, "cake") == 0, "the group has its old name");
    crash_check(s, crash_state(s, BEN, &s->group) == CHAT_LEFT, "Ben does not know");
}

/* ---- join, accept ---- */

static inline enum err found_with_vera(struct stage *s)
{
    struct chat_account vera = crash_account(s, DEVICE);
    return chat_found(on(s, ANA)->chat, &s->w.t.env, CHAT_GROUP, SPAN_LIT("new"), &vera, 1,
                      &s->other);
}

static inline enum err carl_contacts(struct stage *s)
{
    TRY(chat_contact(on(s, CARL)->chat, &s->w.t.env, span_str(s->card), &s->other));
    return crash_say(s, CARL, &s->other, "a stranger");
}
static inline enum err accept_carl(struct stage *s)
{
    enum err err = chat_accept(on(s, VERA)->chat, &s->w.t.env, &s->other);
    return err == ERR_EXISTS ? OK : err;
}
static inline void judge_accept(struct stage *s)
{
    crash_once(s, &s->other, "a stranger", AT(VERA) | AT(CARL));
    crash_check(s, crash_state(s, VERA, &s->other) == CHAT_JOINED, "Carl was not accepted");
}

/* ---- devices ---- */

static inline enum err revoke_device(struct stage *s)
{
    struct chat_installation key;
    memcpy(key.bytes, on(s, DEVICE)->chat->self.installation, sizeof key.bytes);
    enum err err = chat_revoke(on(s, VERA)->chat, &s->w.t.env, &key, CHAT_REASON_STOLEN);
    return err == ERR_NOT_FOUND ? OK : err;
}
static inline void judge_revoke(struct stage *s)
{
    crash_check(s, crash_devices(s, VERA, VERA) == 1, "the device is not revoked");
    crash_check(s, crash_devices(s, ANA, VERA) == 1, "Ana does not know of the revocation");
    crash_check(s, crash_say(s, ANA, &s->direct, "not for thieves") == OK, "Ana cannot speak");
    world_run(&s->w, 120);
    crash_once(s, &s->direct, "not for thieves", AT(VERA) | AT(ANA));
    crash_check(s, crash_times(s, DEVICE, &s->direct, "not for thieves") == 0, "the thief reads");
}

static inline enum err offer_fresh(struct stage *s)
{
    return crash_offer(s, FRESH);
}
static inline enum err let_fresh_in(struct stage *s)
{
    char words[CHAT_SIX_WORDS_MAX];
    enum err err = chat_pair_accept(on(s, VERA)->chat, &s->w.t.env, span_str(s->offer), words);
    return err == ERR_EXISTS ? OK : err;
}
static inline void judge_pair(struct stage *s)
{
    crash_check(s, crash_devices(s, VERA, VERA) == 3, "the keeper has no third device");
    crash_check(s, crash_devices(s, ANA, VERA) == 3, "Ana does not know of the third device");
    crash_check(s, crash_devices(s, FRESH, VERA) == 3, "the new device does not know itself");
    if (crash_state(s, FRESH, &s->direct) != CHAT_JOINED)
        printf("the new device's direct conversation: %u\n", crash_state(s, FRESH, &s->direct));
    crash_check(s, crash_say(s, ANA, &s->direct, "for all three") == OK, "Ana cannot speak");
    world_run(&s->w, 120);
    crash_once(s, &s->direct, "for all three", AT(VERA) | AT(ANA) | AT(DEVICE) | AT(FRESH));
}

static inline enum err leave_group(struct stage *s)
{
    if (crash_state(s, VERA, &s->group) == CHAT_LEFT)
        return OK; /* done again */
    return chat_leave(on(s, VERA)->chat, &s->w.t.env, &s->group);
}
static inline void judge_leave(struct stage *s)
{
    struct chat_summary sum;
    crash_check(s, crash_state(s, VERA, &s->group) == CHAT_LEFT, "Vera has not left");
    crash_check(s, chat_conversation(on(s, ANA)->chat, &s->group, &sum) == OK && sum.accounts == 2,
                "Ana does not see that Vera left");
}

#define IN(talk) offsetof(struct stage, talk)
#define TWO      (AT(VERA) | AT(ANA) | AT(DEVICE))
#define THREE    (TWO | AT(BEN))
#define STRANGER (AT(VERA) | AT(CARL))

static const struct crash_scene crash_scenes[] = {
    {.name = "send",
     .acts = {{.say = {VERA, IN(direct), "to Ana", TWO}, .seconds = 20},
              {.say = {VERA, IN(group), "to all", THREE}, .seconds = 60}}},
    {.name = "receive",
     .acts = {{.say = {ANA, IN(direct), "from Ana", TWO}, .seconds = 20},
              {.say = {BEN, IN(group), "from Ben", THREE}, .seconds = 60}}},
    {.name = "commit",
     .acts = {{rename_group, .seconds = 60}, {remove_ben, .seconds = 120}},
     .judge = judge_commit,
     .leaves = true},
    {.name = "join",
     .acts = {{found_with_vera, .seconds = 700, .others = true},
              {.say = {ANA, IN(other), "welcome", TWO}, .seconds = 120}}},
    {.name = "accept",
     .acts = {{carl_contacts, .seconds = 120, .others = true},
              {accept_carl, .seconds = 20},
              {.say = {VERA, IN(other), "no stranger", STRANGER}, .seconds = 60}},
     .judge = judge_accept},
    {.name = "revoke",
     .acts = {{revoke_device, .seconds = 180}},
     .judge = judge_revoke,
     .leaves = true},
    {.name = "pair",
     .acts = {{offer_fresh, .seconds = 20, .others = true}, {let_fresh_in, .seconds = 120}},
     .judge = judge_pair},
    {.name = "be paired",
     .victim = FRESH,
     .acts = {{offer_fresh, .seconds = 20}, {let_fresh_in, .seconds = 120, .others = true}},
     .judge = judge_pair},
    {.name = "leave",
     .acts = {{leave_group, .seconds = 120}},
     .judge = judge_leave,
     .leaves = true},
};

#define CRASH_SCENES (sizeof crash_scenes / sizeof *crash_scenes)

/* ---- one point ---- */

/* It was killed: start it again. A new device that had not begun yet begins from nothing: its
 * person has seen no offer. */
static inline void crash_again(struct stage *s, bool fresh)
{
    crash_end(s, s->victim);
    if (fresh) {
        model_folder_remove(s->disks[s->victim].folder);
        model_folder(s->disks[s->victim].folder);
        crash_place(s, s->victim);
        return;
    }
    crash_check(s, crash_start(s, s->victim), "it does not open any more");
}

static inline struct chat_conversation *crash_where(struct stage *s, const struct crash_act *a)
{
    return (struct chat_conversation *)((uint8_t *)s + a->say.where);
}

static inline enum err crash_run(struct stage *s, const struct crash_act *a)
{
    return a->run != NULL ? a->run(s) : crash_say(s, a->say.who, crash_where(s, a), a->say.text);
}

/* Killed inside of it: does its person see that it is done? */
static inline bool crash_sees(struct stage *s, const struct crash_act *a)
{
    return a->others ||
           (a->run == NULL && crash_times(s, s->victim, crash_where(s, a), a->say.text) > 0);
}

static inline void crash_do(struct stage *s, const struct crash_act *a)
{
    struct world_person *p = on(s, s->victim);
    enum err err = crash_run(s, a);
    bool killed = p->dead; /* inside: nobody was told the outcome */
    crash_check(s, killed || err == OK, "it was refused");
    crash_read_journal(s);
    if (!killed)
        world_run(&s->w, a->seconds);
    crash_read_journal(s);
    if (!p->dead)
        return;
    crash_again(s, killed && a->run == offer_fresh);
    if (s->wrong != NULL)
        return;
    crash_read_journal(s);
    if (killed && !crash_sees(s, a)) {
        err = crash_run(s, a);
        if (err == ERR_BUSY) { /* the root signs where it has looked */
            world_run(&s->w, 5);
            err = crash_run(s, a);
        }
        crash_check(s, err == OK, "it was refused when done again");
    }
    world_run(&s->w, a->seconds);
    crash_read_journal(s);
}

static inline void crash_judge(struct stage *s, const struct crash_scene *scene)
{
    for (size_t i = 0; i < CRASH_ACTS; i++)
        if (scene->acts[i].say.text != NULL)
            crash_once(s, crash_where(s, &scene->acts[i]), scene->acts[i].say.text,
                       scene->acts[i].say.readers);
    if (scene->judge != NULL)
        scene->judge(s);
}

/* Everybody writes and is read by all who are there. */
static inline void crash_talk(struct stage *s, bool group)
{
    crash_check(s, crash_say(s, VERA, &s->direct, "still Vera") == OK, "Vera cannot speak");
    world_run(&s->w, 30);
    crash_check(s, crash_say(s, ANA, &s->direct, "still Ana") == OK, "Ana cannot speak");
    if (group)
        crash_check(s, crash_say(s, BEN, &s->group, "still Ben") == OK, "Ben cannot speak");
    world_run(&s->w, 30);
    if (group)
        crash_check(s, crash_say(s, VERA, &s->group, "Vera to all") == OK, "Vera cannot speak");
    world_run(&s->w, 120);
    crash_once(s, &s->direct, "still Vera", group ? TWO : AT(VERA) | AT(ANA));
    crash_once(s, &s->direct, "still Ana", group ? TWO : AT(VERA) | AT(ANA));
    if (group) {
        crash_once(s, &s->group, "still Ben", THREE);
        crash_once(s, &s->group, "Vera to all", THREE);
    }
}

/* In a process of its own, and where that is killed in its copy. Returns the boundaries passed. */
static inline uint32_t crash_point(struct stage *s, const struct crash_scene *scene, uint32_t at)
{
    struct killer *k = &s->disks[VERA];
    char from[64];
    memcpy(from, k->folder, sizeof from);
    model_folder(k->folder);
    crash_copy(from, k->folder);
    model_folder(s->disks[FRESH].folder);
    kv_close(on(s, FRESH)->kv);
    crash_place(s, FRESH);
    if (scene->victim != s->victim)
        s->seen_count = 0; /* another person's journal */
    s->victim = scene->victim;
    crash_check(s, crash_start(s, VERA), "the copy does not open");
    world_run(&s->w, 20);
    s->disks[s->victim].armed = true;
    s->disks[s->victim].left = at;
    for (size_t i = 0; i < CRASH_ACTS && scene->acts[i].seconds > 0 && s->wrong == NULL; i++)
        crash_do(s, &scene->acts[i]);
    s->disks[s->victim].armed = false;
    if (s->wrong == NULL) {
        world_run(&s->w, 2 * CRASH_SETTLE_S);
        crash_judge(s, scene);
    }
    if (s->wrong == NULL)
        crash_talk(s, !scene->leaves);
    crash_read_journal(s);
    crash_check(s, s->doubles == 0, "a leaf has signed two commits of one epoch");
    crash_check(s, s->changed == 0, "a number of the journal means another event");
    crash_end(s, VERA);
    crash_end(s, FRESH);
    model_folder_remove(k->folder);
    model_folder_remove(s->disks[FRESH].folder);
    if (s->wrong != NULL)
        printf("%s, killed at boundary %u: %s\n", scene->name, at, s->wrong);
    (void)fflush(stdout);
    return s->disks[s->victim].count;
}

struct crash_result {
    uint32_t passed;   /* boundaries */
    bool good, killed; /* killed: by SIGKILL */
};

/* What is wrong was said. */
static inline struct crash_result crash_try(struct stage *s, const struct crash_scene *scene,
                                            uint32_t at)
{
    struct crash_result r = {.good = false};
    int ends[2], status;
    assert_int_equal(pipe(ends), 0);
    (void)fflush(stdout);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        r.passed = crash_point(s, scene, at);
        r.good = s->wrong == NULL;
        _exit(write(ends[1], &r, sizeof r) == sizeof r ? 0 : 1);
    }
    (void)close(ends[1]);
    if (read(ends[0], &r, sizeof r) != sizeof r)
        r.good = false; /* it fell over */
    (void)close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    r.killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    r.good = r.good && r.killed == (r.passed > at);
    if (!r.good)
        printf("FAILED: %s, boundary %u\n", scene->name, at);
    return r;
}
