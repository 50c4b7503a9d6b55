#include "net/gossipsub/params.h"

static const struct gossipsub_subnet loopback[] = {
    {.bytes = {127}, .len = 4, .bits = 8},
    {.bytes = {[15] = 1}, .len = 16, .bits = 128},
};

/* 29/WAKU2-CONFIG has no delivery rate to expect, so P3 and P3b weigh nothing until someone sets
 * them; their counters run all the same. */
static struct gossipsub_topic_score waku_topic_score(void)
{
    return (struct gossipsub_topic_score){
        .topic_weight = 1,
        .time_in_mesh_weight = 0.01,
        .time_in_mesh_quantum_ns = NS_PER_S,
        .time_in_mesh_cap = 10,
        .first_deliveries_weight = 1,
        .first_deliveries_decay = 0.5,
        .first_deliveries_cap = 10,
        .mesh_deliveries_weight = 0,
        .mesh_deliveries_decay = 0.5,
        .mesh_deliveries_cap = 10,
        .mesh_deliveries_threshold = 1,
        .mesh_deliveries_window_ns = 5 * NS_PER_MS,
        .mesh_deliveries_activation_ns = 60 * NS_PER_S,
        .mesh_failure_weight = 0,
        .mesh_failure_decay = 0.5,
        .invalid_weight = -100,
        .invalid_decay = 0.5,
    };
}

static void set_score_defaults(struct gossipsub_params *p)
{
    p->gossip_threshold = -100;
    p->publish_threshold = -1000;
    p->graylist_threshold = -10000;
    p->accept_px_threshold = 0;
    p->opportunistic_graft_threshold = 1;
    p->decay_interval_ns = 12 * NS_PER_S;
    p->decay_to_zero = 0.01;
    p->retain_score_ns = 600 * NS_PER_S;
    p->retained_peers_max = 4096;
    p->topic_score_cap = 0;
    p->app_weight = 1;
    p->colocation_weight = -50;
    p->colocation_threshold = 5;
    p->behaviour_weight = -10;
    p->behaviour_decay = 0.986;
    p->topic_score = waku_topic_score();
    for (uint32_t i = 0; i < sizeof loopback / sizeof *loopback; i++)
        p->colocation_exempt[p->colocation_exempt_count++] = loopback[i];
}

static void set_limit_defaults(struct gossipsub_params *p)
{
    p->mcache_len = 6;
    p->mcache_gossip = 3;
    p->mcache_bytes_max = (size_t)24 << 20;
    p->seen_ttl_ns = 120 * NS_PER_S;
    p->seen_bytes_max = (size_t)24 << 20;
    p->ihave_messages_max = 10;
    p->ihave_ids_max = 5000;
    p->retransmissions_max = 3;
    p->iwant_followup_ns = 3 * NS_PER_S;
    p->idontwant_messages_max = 1000;
    p->idontwant_ids_max = 1024;
    p->idontwant_ttl = 3;
    p->idontwant_bytes_min = 4096;
    p->message_bytes_max = GOSSIPSUB_MESSAGE_BYTES_MAX;
    p->peer_queue_bytes_max = (size_t)16 << 20;
    p->peer_queue_stall_ns = 10 * NS_PER_S;
    p->validating_bytes_max = (size_t)16 << 20;
}

struct gossipsub_params gossipsub_params_default(void)
{
    struct gossipsub_params p = {
        .d = 6,
        .d_low = 4,
        .d_high = 8,
        .d_score = 4,
        .d_out = 3,
        .d_lazy = 6,
        .gossip_factor = 0.25,
        .heartbeat_ns = NS_PER_S,
        .fanout_ttl_ns = 60 * NS_PER_S,
        .prune_backoff_ns = 60 * NS_PER_S,
        .unsubscribe_backoff_ns = 5 * NS_PER_S,
        .graft_flood_ns = 10 * NS_PER_S,
        .backoff_slack = 2,
        .opportunistic_graft_ns = 60 * NS_PER_S,
        .opportunistic_graft_peers = 2,
        .direct_connect_ns = 300 * NS_PER_S,
        .flood_publish = false,
        .px = true,
        .px_peers = 16,
        .disconnect_graylisted = true,
    };
    set_limit_defaults(&p);
    set_score_defaults(&p);
    return p;
}

static bool is_decay(double factor)
{
    return factor >= 0 && factor < 1;
}

static bool topic_score_fits(const struct gossipsub_topic_score *t)
{
    return t->topic_weight >= 0 && t->time_in_mesh_weight >= 0 && t->time_in_mesh_quantum_ns > 0 &&
           t->first_deliveries_weight >= 0 && t->mesh_deliveries_weight <= 0 &&
           t->mesh_deliveries_cap >= t->mesh_deliveries_threshold && t->mesh_failure_weight <= 0 &&
           t->invalid_weight <= 0 && is_decay(t->first_deliveries_decay) &&
           is_decay(t->mesh_deliveries_decay) && is_decay(t->mesh_failure_decay) &&
           is_decay(t->invalid_decay);
}

/* A bootstrapper runs without a mesh: all degrees 0. */
static bool degrees_fit(const struct gossipsub_params *p)
{
    bool no_mesh = p->d == 0 && p->d_low == 0 && p->d_high == 0 && p->d_out == 0;
    bool mesh = p->d_low <= p->d && p->d <= p->d_high && p->d_score <= p->d &&
                p->d_out < p->d_low && p->d_out <= p->d / 2;

    return no_mesh || mesh;
}

static bool thresholds_fit(const struct gossipsub_params *p)
{
    return p->gossip_threshold < 0 && p->publish_threshold <= p->gossip_threshold &&
           p->graylist_threshold < p->publish_threshold && p->accept_px_threshold >= 0 &&
           p->opportunistic_graft_threshold >= 0;
}

enum err gossipsub_params_check(const struct gossipsub_params *p)
{
    bool scores = topic_score_fits(&p->topic_score) && p->app_weight >= 0 &&
                  p->colocation_weight <= 0 && p->colocation_threshold >= 1 &&
                  p->behaviour_weight <= 0 && is_decay(p->behaviour_decay) &&
                  p->decay_interval_ns > 0 && p->decay_to_zero > 0 &&
                  p->colocation_exempt_count <= GOSSIPSUB_SUBNETS_MAX;
    bool times = p->heartbeat_ns > 0 && p->prune_backoff_ns >= 0 &&
                 p->unsubscribe_backoff_ns >= 0 && p->opportunistic_graft_ns > 0 &&
                 p->direct_connect_ns > 0 && p->seen_ttl_ns > 0;
    bool caches = p->mcache_gossip <= p->mcache_len && p->mcache_len > 0 && p->gossip_factor >= 0 &&
                  p->gossip_factor <= 1 && p->message_bytes_max <= GOSSIPSUB_MESSAGE_BYTES_MAX &&
                  p->px_peers <= 64 && p->ihave_ids_max > 0 &&
                  p->ihave_ids_max <= 16384 && /* fits an RPC */
                  p->peer_queue_bytes_max > p->message_bytes_max;

    return degrees_fit(p) && thresholds_fit(p) && scores && times && caches ? OK : ERR_ARGUMENT;
}
