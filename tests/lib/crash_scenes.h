/* What the victim of crash_points.h is about when it is killed: send, receive, commit, join,
 * accept, revoke, pair as keeper and as the new device, leave. */
#pragma once

#include "tests/lib/crash_points.h"

struct crash_act {
    enum err (*run)(struct stage *s);
    bool (*done)(struct stage *s); /* after a kill inside of it: need it not be done again? */
    int64_t seconds;               /* until the next */
};

struct crash_scene {
    const char *name;
    enum crash_who victim;
    struct crash_act acts[3];
    void (*judge)(struct stage *s);
    bool leaves; /* the victim is in no common conversation afterwards */
};

static inline bool crash_yes(struct stage *s)
{
    (void)s;
    return true;
}

static inline bool crash_no(struct stage *s)
{
    (void)s;
    return false;
}

/* ---- send, receive ---- */

static inline enum err send_direct(struct stage *s)
{
    return crash_say(s, VERA, &s->direct, "to Ana");
}
static inline bool sent_direct(struct stage *s)
{
    return crash_times(s, VERA, &s->direct, "to Ana") > 0;
}
static inline enum err send_group(struct stage *s)
{
    return crash_say(s, VERA, &s->group, "to all");
}
static inline bool sent_group(struct stage *s)
{
    return crash_times(s, VERA, &s->group, "to all") > 0;
}
static inline void judge_send(struct stage *s)
{
    crash_once(s, &s->direct, "to Ana", AT(VERA) | AT(ANA) | AT(DEVICE));
    crash_once(s, &s->group, "to all", AT(VERA) | AT(ANA) | AT(BEN) | AT(DEVICE));
}

static inline enum err hear_direct(struct stage *s)
{
    return crash_say(s, ANA, &s->direct, "from Ana");
}
static inline enum err hear_group(struct stage *s)
{
    return crash_say(s, BEN, &s->group, "from Ben");
}
static inline void judge_receive(struct stage *s)
{
    crash_once(s, &s->direct, "from Ana", AT(VERA) | AT(ANA) | AT(DEVICE));
    crash_once(s, &s->group, "from Ben", AT(VERA) | AT(ANA) | AT(BEN) | AT(DEVICE));
}

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
static inline enum err greet_joiners(struct stage *s)
{
    return crash_say(s, ANA, &s->other, "welcome");
}
static inline void judge_join(struct stage *s)
{
    crash_once(s, &s->other, "welcome", AT(VERA) | AT(ANA) | AT(DEVICE));
}

static inline enum err carl_contacts(struct stage *s)
{
    TRY(chat_contact(on(s, CARL)->chat, &s->w.t.env, span_str(s->card), &s->other));
    return crash_say(s, CARL, &s->other, "a stranger");
}
static inline enum err accept_carl(struct stage *s)
{
    return chat_accept(on(s, VERA)->chat, &s->w.t.env, &s->other);
}
static inline enum err answer_carl(struct stage *s)
{
    return crash_say(s, VERA, &s->other, "no stranger");
}
static inline bool answered_carl(struct stage *s)
{
    return crash_times(s, VERA, &s->other, "no stranger") > 0;
}
static inline void judge_accept(struct stage *s)
{
    crash_once(s, &s->other, "a stranger", AT(VERA) | AT(CARL));
    crash_once(s, &s->other, "no stranger", AT(VERA) | AT(CARL));
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
    return chat_leave(on(s, VERA)->chat, &s->w.t.env, &s->group);
}
static inline bool left_group(struct stage *s)
{
    return crash_state(s, VERA, &s->group) == CHAT_LEFT;
}
static inline void judge_leave(struct stage *s)
{
    struct chat_summary sum;
    crash_check(s, left_group(s), "Vera has not left");
    crash_check(s, chat_conversation(on(s, ANA)->chat, &s->group, &sum) == OK && sum.accounts == 2,
                "Ana does not see that Vera left");
}

static const struct crash_scene crash_scenes[] = {
    {"send",
     VERA,
     {{send_direct, sent_direct, 20}, {send_group, sent_group, 60}},
     judge_send,
     false},
    {"receive",
     VERA,
     {{hear_direct, crash_yes, 20}, {hear_group, crash_yes, 60}},
     judge_receive,
     false},
    {"commit",
     VERA,
     {{rename_group, crash_no, 60}, {remove_ben, crash_no, 120}},
     judge_commit,
     true},
    {"join",
     VERA,
     {{found_with_vera, crash_yes, 700}, {greet_joiners, crash_yes, 120}},
     judge_join,
     false},
    {"accept",
     VERA,
     {{carl_contacts, crash_yes, 120},
      {accept_carl, crash_no, 20},
      {answer_carl, answered_carl, 60}},
     judge_accept,
     false},
    {"revoke", VERA, {{revoke_device, crash_no, 180}}, judge_revoke, true},
    {"pair",
     VERA,
     {{offer_fresh, crash_yes, 20}, {let_fresh_in, crash_no, 120}},
     judge_pair,
     false},
    {"be paired",
     FRESH,
     {{offer_fresh, crash_no, 20}, {let_fresh_in, crash_yes, 120}},
     judge_pair,
     false},
    {"leave", VERA, {{leave_group, left_group, 120}}, judge_leave, true},
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

static inline void crash_do(struct stage *s, const struct crash_act *a)
{
    struct world_person *p = on(s, s->victim);
    enum err err = a->run(s);
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
    if (killed && !a->done(s)) {
        err = a->run(s);
        crash_check(s, err == OK, "it was refused when done again");
    }
    world_run(&s->w, a->seconds);
    crash_read_journal(s);
}

/* Everybody writes and is read by all who are there. */
static inline void crash_talk(struct stage *s, bool group)
{
    const unsigned two = AT(VERA) | AT(ANA) | AT(DEVICE);
    crash_check(s, crash_say(s, VERA, &s->direct, "still Vera") == OK, "Vera cannot speak");
    world_run(&s->w, 30);
    crash_check(s, crash_say(s, ANA, &s->direct, "still Ana") == OK, "Ana cannot speak");
    if (group)
        crash_check(s, crash_say(s, BEN, &s->group, "still Ben") == OK, "Ben cannot speak");
    world_run(&s->w, 30);
    if (group)
        crash_check(s, crash_say(s, VERA, &s->group, "Vera to all") == OK, "Vera cannot speak");
    world_run(&s->w, 120);
    crash_once(s, &s->direct, "still Vera", group ? two : AT(VERA) | AT(ANA));
    crash_once(s, &s->direct, "still Ana", group ? two : AT(VERA) | AT(ANA));
    if (group) {
        crash_once(s, &s->group, "still Ben", two | AT(BEN));
        crash_once(s, &s->group, "Vera to all", two | AT(BEN));
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
    s->victim = scene->victim;
    crash_check(s, crash_start(s, VERA), "the copy does not open");
    world_run(&s->w, 20);
    s->disks[s->victim].armed = true;
    s->disks[s->victim].left = at;
    for (size_t i = 0; i < 3 && scene->acts[i].run != NULL && s->wrong == NULL; i++)
        crash_do(s, &scene->acts[i]);
    s->disks[s->victim].armed = false;
    if (s->wrong == NULL) {
        world_run(&s->w, 2 * CRASH_SETTLE_S);
        scene->judge(s);
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
