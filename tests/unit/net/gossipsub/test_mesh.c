#include "tests/lib/gossip.h"

static void grafts_up_to_d_when_mesh_is_low(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    assert_ok(gossipsub_subscribe(s.g, s.env, TOPIC));
    script_up_range(&s, 1, 3);
    script_beat(&s);
    assert_int_equal(script_mesh(&s), 3); /* all there are, below D_low */
    script_up_range(&s, 4, 20);
    script_beat(&s);
    assert_int_equal(script_mesh(&s), 6);
    uint32_t grafts = 0;
    for (uint64_t i = 1; i <= 20; i++) {
        struct heard h = script_hear(&s, i);
        assert_int_equal(h.subscribe, 1);
        assert_int_equal(h.graft, script_in_mesh(&s, i));
        grafts += h.graft;
    }
    assert_int_equal(grafts, 6);
    script_end(&s);
}

static void leaves_the_mesh_alone_between_d_low_and_d_high(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    p.d_out = 0;
    script_begin(&s, &p);
    script_join(&s, 1, 4);
    script_up_range(&s, 5, 30);
    assert_int_equal(script_mesh(&s), 4);
    script_run(&s, 10 * NS_PER_S);
    assert_int_equal(script_mesh(&s), 4);
    for (uint64_t i = 5; i <= 8; i++)
        script_graft(&s, i, TOPIC);
    script_run(&s, 10 * NS_PER_S);
    assert_int_equal(script_mesh(&s), 8);
    script_end(&s);
}

static void prunes_to_d_when_mesh_is_high(void **state)
{
    (void)state;
    struct script s;
    struct gossipsub_params p = script_params();
    script_begin(&s, &p);
    script_join(&s, 1, 4);
    for (uint64_t i = 5; i <= 12; i++) { /* outbound ones are accepted beyond D_high */
        script_up_outbound(&s, i);
        script_graft(&s, i, TOPIC);
    }
    assert_int_equal(script_mesh(&s), 12);
    script_hush(&s, 1, 12);
    script_beat(&s);
    assert_int_equal(script_mesh(&s), 6);
    uint32_t prunes = 0;
    for (uint64_t i = 1; i <= 12; i++)
        prunes += script_hear(&s, i).prune;
    assert_int_equal(prunes, 6);
    script_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grafts_up_to_d_when_mesh_is_low),
        cmocka_unit_test(leaves_the_mesh_alone_between_d_low_and_d_high),
        cmocka_unit_test(prunes_to_d_when_mesh_is_high),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
