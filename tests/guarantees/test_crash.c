/* Promise: killed at any instruction, the client loses nothing and repeats nothing for its person,
 * its ratchets agree with everybody's, no leaf signs two commits of one epoch, and a number of the
 * journal means one event for ever (chat.h; CHAT.md 5 and 9). Here: 54 of the boundaries of the
 * disk and of the network, spread over nine things to do; at each the process ends by SIGKILL.
 * POINTS=all in the environment: every one; SCENE=name and POINTS=n: one.
 *
 * Fails without its mechanism: README.md says which were taken out, and what was seen then. */
#include "tests/lib/crash_scenes.h"

#define POINTS_OF_ONE 6u

struct tally {
    unsigned bad, killed;
};

static struct crash_result killed_at(struct tally *t, struct stage *s,
                                     const struct crash_scene *scene, uint32_t at)
{
    struct crash_result r = crash_try(s, scene, at);
    t->bad += !r.good;
    t->killed += r.killed;
    return r;
}

static void scene_at(struct tally *t, struct stage *s, const struct crash_scene *scene,
                     const char *points)
{
    if (points != NULL && strcmp(points, "all") != 0) {
        (void)killed_at(t, s, scene, (uint32_t)strtoul(points, NULL, 10));
        return;
    }
    uint32_t all = killed_at(t, s, scene, KILLER_NEVER).passed;
    uint32_t tried = points != NULL || all < POINTS_OF_ONE ? all : POINTS_OF_ONE;
    for (uint32_t k = 0; k < tried; k++)
        (void)killed_at(t, s, scene, (uint32_t)((uint64_t)k * all / tried));
    print_message("%s: %u boundaries, killed at %u\n", scene->name, all, tried);
}

static void killed_anywhere_nothing_is_lost_or_repeated(void **state)
{
    (void)state;
    const char *points = getenv("POINTS"), *only = getenv("SCENE");
    struct stage *s = calloc(1, sizeof *s);
    struct tally t = {.bad = 0};
    assert_non_null(s);
    crash_prepare(s);
    for (size_t i = 0; i < CRASH_SCENES; i++)
        if (only == NULL || strcmp(only, crash_scenes[i].name) == 0)
            scene_at(&t, s, &crash_scenes[i], points);
    print_message("%u killed, %u of them badly\n", t.killed, t.bad);
    assert_int_equal(t.bad, 0);
    model_folder_remove(s->disks[VERA].folder);
    model_folder_remove(s->disks[FRESH].folder);
    world_clear(&s->w);
    free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_anywhere_nothing_is_lost_or_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
