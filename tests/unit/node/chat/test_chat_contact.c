/* First contact of whole chats: how long keys live that strangers write to, who is invited how
 * long. */
#include "node/chat/timetable.h"
#include "tests/lib/chat_world.h"

#define DAY_S 86400

static uint64_t oldest_prekey_s(const struct world_person *p)
{
    uint64_t oldest = UINT64_MAX;
    for (size_t i = 0; i < p->chat->prekeys_count; i++)
        if (p->chat->prekeys[i].issued_s < oldest)
            oldest = p->chat->prekeys[i].issued_s;
    return oldest;
}

static void prekeys_die_on_time_online_and_offline(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 1);
    struct world_person *a = world_born(&w);
    world_online(&w, a, true);
    world_run(&w, 60);
    uint64_t first = oldest_prekey_s(a);
    world_run(&w, 5 * DAY_S / 2);
    world_online(&w, a, false); /* the first has a successor, and may be needed yet */
    assert_int_equal(oldest_prekey_s(a), first);
    world_run(&w, 3 * DAY_S); /* the inbox is not read: so it stays, */
    assert_int_equal(oldest_prekey_s(a), first);
    world_run(&w, (int64_t)first + PREKEY_LIFE_S - w.t.env.wall.ns / NS_PER_S - 60);
    assert_int_equal(oldest_prekey_s(a), first);
    world_run(&w, 120); /* at the latest for 14 days, */
    assert_true(oldest_prekey_s(a) > first);
    uint64_t second = oldest_prekey_s(a);
    assert_true(second != UINT64_MAX);
    world_online(&w, a, true);
    world_run(&w, 120); /* and is gone once the inbox was read */
    assert_true(oldest_prekey_s(a) > second);
    world_clear(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prekeys_die_on_time_online_and_offline),
    };
    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
