/* Promise: killed at any instruction, the client loses nothing and repeats nothing for its person,
 * its ratchets agree with everybody's, no leaf signs two commits of one epoch, and a number of the
 * journal means one event for ever (chat.h; CHAT.md 5 and 9). Here: 54 of the boundaries of the
 * disk and of the network, spread over eight things to do. POINTS=all in the environment: every
 * one; SCENE=name and POINTS=n: one.
 *
 * Fails without its mechanism, once: talks_load that does not take up again what was wished for:
 * "commit", boundaries 10 and 11, Ben is in the group still; commits that are not kept until they
 * have left: "commit", boundary 3, likewise; invites dropped as soon as their commit is off the
 * way: "pair" 78, and bundles that count as laid out before they have left: "be paired" 21, the new
 * device never comes into a conversation. */
#include "tests/lib/crash_scenes.h"

#define POINTS_OF_ONE 6u

static void killed_anywhere_nothing_is_lost_or_repeated(void **state)
{
    (void)state;
    const char *points = getenv("POINTS"), *only = getenv("SCENE");
    struct stage *s = calloc(1, sizeof *s);
    unsigned bad = 0, done = 0;
    assert_non_null(s);
    crash_prepare(s);
    for (size_t i = 0; i < CRASH_SCENES; i++) {
        const struct crash_scene *scene = &crash_scenes[i];
        uint32_t all = 0;
        if (only != NULL && strcmp(only, scene->name) != 0)
            continue;
        if (points != NULL && strcmp(points, "all") != 0) {
            bad += !crash_try(s, scene, (uint32_t)strtoul(points, NULL, 10), NULL);
            done++;
            continue;
        }
        bad += !crash_try(s, scene, KILLER_NEVER, &all);
        uint32_t tried = points != NULL || all < POINTS_OF_ONE ? all : POINTS_OF_ONE;
        for (uint32_t k = 0; k < tried; k++, done++) {
            uint32_t at = (uint32_t)((uint64_t)k * all / tried);
            bad += !crash_try(s, scene, at, NULL);
        }
        print_message("%s: %u boundaries, killed at %u\n", scene->name, all, tried);
    }
    assert_int_equal(bad, 0);
    print_message("%u points\n", done);
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
