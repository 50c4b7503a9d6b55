#include "net/gossipsub/gossipsub.h"
#include "tests/lib/testing.h"

static void defaults_keep_the_constraints_of_the_specification(void **state)
{
    (void)state;
    struct gossipsub_params p = gossipsub_params_default();
    assert_ok(gossipsub_params_check(&p));
    assert_false(p.flood_publish); /* it would name the sender */
}

static void bootstrapper_without_a_mesh_is_allowed(void **state)
{
    (void)state;
    struct gossipsub_params p = gossipsub_params_default();
    p.d = p.d_low = p.d_high = p.d_score = p.d_out = 0;
    assert_ok(gossipsub_params_check(&p));
}

static void d_out_must_be_below_d_low_and_at_most_half_of_d(void **state)
{
    (void)state;
    struct gossipsub_params p = gossipsub_params_default();
    p.d_out = 4;
    assert_err(gossipsub_params_check(&p), ERR_ARGUMENT);
    p.d_low = 5;
    assert_err(gossipsub_params_check(&p), ERR_ARGUMENT); /* 4 > 6 / 2 */
    p.d = 8;
    assert_ok(gossipsub_params_check(&p));
}

static void thresholds_must_be_ordered(void **state)
{
    (void)state;
    struct gossipsub_params p = gossipsub_params_default();
    p.gossip_threshold = 0;
    assert_err(gossipsub_params_check(&p), ERR_ARGUMENT);
    p = gossipsub_params_default();
    p.publish_threshold = p.gossip_threshold + 1;
    assert_err(gossipsub_params_check(&p), ERR_ARGUMENT);
    p = gossipsub_params_default();
    p.graylist_threshold = p.publish_threshold;
    assert_err(gossipsub_params_check(&p), ERR_ARGUMENT);
    p = gossipsub_params_default();
    p.accept_px_threshold = -1;
    assert_err(gossipsub_params_check(&p), ERR_ARGUMENT);
    p = gossipsub_params_default();
    p.opportunistic_graft_threshold = -1;
    assert_err(gossipsub_params_check(&p), ERR_ARGUMENT);
}

static void weights_must_have_their_sign_and_decays_lie_below_one(void **state)
{
    (void)state;
    struct gossipsub_params p = gossipsub_params_default();
    p.topic_score.invalid_weight = 1;
    assert_err(gossipsub_params_check(&p), ERR_ARGUMENT);
    p = gossipsub_params_default();
    p.topic_score.first_deliveries_decay = 1;
    assert_err(gossipsub_params_check(&p), ERR_ARGUMENT);
    p = gossipsub_params_default();
    p.topic_score.mesh_deliveries_cap = p.topic_score.mesh_deliveries_threshold - 0.5;
    assert_err(gossipsub_params_check(&p), ERR_ARGUMENT);
    p = gossipsub_params_default();
    p.colocation_threshold = 0;
    assert_err(gossipsub_params_check(&p), ERR_ARGUMENT);
    p = gossipsub_params_default();
    p.behaviour_weight = 1;
    assert_err(gossipsub_params_check(&p), ERR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_keep_the_constraints_of_the_specification),
        cmocka_unit_test(bootstrapper_without_a_mesh_is_allowed),
        cmocka_unit_test(d_out_must_be_below_d_low_and_at_most_half_of_d),
        cmocka_unit_test(thresholds_must_be_ordered),
        cmocka_unit_test(weights_must_have_their_sign_and_decays_lie_below_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
