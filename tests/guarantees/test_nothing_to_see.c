/* Promise: sender, members, group id, epoch and kind are hidden from everyone else, up to size
 * class and time (CHAT.md 0). Here: whatever leaves in some busy time shows no byte that is more
 * probable than another, over all and within each conversation; nothing of its size but the class,
 * of its topic but the bucket, of its time but the second. The long form, with 50 people and at
 * least 10,000 payloads of each class: ./check bench nothing_to_see.
 *
 * Fails without its mechanism: the same payloads, with the nonce fixed or with a part of the
 * group's id outside, are seen by the same judge, here. */
#include "tests/lib/busy_hour.h"

#define PEOPLE 3u
#define PAUSE  1500 /* ms between what people do */
#define WANTED                                                                                     \
    520u /* payloads of each of the first classes: enough for halves of bytes, also in one place   \
          */
#define CLASSES 2u

static void a_busy_time_shows_nothing(void **state)
{
    (void)state;
    struct hour *h = calloc(1, sizeof *h);
    assert_non_null(h);
    for (size_t i = 0; i < HOUR_SIGHTS; i++)
        assert_non_null(h->sums[i] = calloc(1, sizeof *h->sums[i]));
    h->wanted = WANTED;
    h->classes = CLASSES;
    hour_meet(h, 1, PEOPLE, PEOPLE);
    hour_talk(h, PAUSE);
    for (unsigned i = 0; i < LOOKS_CLASSES; i++)
        print_message("%zu bytes: %u payloads\n", looks_class_bytes(i),
                      (unsigned)h->sums[HOUR_TRUE]->all.count[i]);
    assert_true(hour_enough(h));
    assert_int_equal(h->strangers, 0); /* each belongs to somebody's conversation */
    assert_int_equal(h->odd_topics, 0);
    assert_int_equal(h->odd_times, 0);
    for (size_t i = 0; i < HOUR_SIGHTS; i++) {
        struct hour_verdict v = hour_judge(h->sums[i]);
        print_message(
            "sight %zu: p = %.3g at offset %zu of %zu bytes; of one conversation p = %.3g "
            "at offset %zu of %zu bytes (%zu judged)\n",
            i, v.chance, v.offset, looks_class_bytes(v.cls), v.chance_of_one, v.offset_of_one,
            looks_class_bytes(v.cls_of_one), v.judged);
        assert_true(v.judged >= 3);
        assert_true((v.chance > LOOKS_SHOWS) == (i == HOUR_TRUE));
        assert_true((v.chance_of_one > LOOKS_SHOWS) == (i == HOUR_TRUE));
        hour_sums_clear(h->sums[i], true);
        free(h->sums[i]);
    }
    world_clear(&h->w);
    free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_busy_time_shows_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
