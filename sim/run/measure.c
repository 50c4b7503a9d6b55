/* Metrics of a run: prices and what the network did. Leaks are added by adversary.c. */
#include "net/waku/stem.h"
#include "sim/run/inside.h"

#include <stdio.h>

void measure_add(struct run *r, const char *name, const char *unit, double value)
{
    if (r->out->metrics_count == RUN_METRICS_MAX)
        return;
    struct run_metric *m = &r->out->metrics[r->out->metrics_count++];
    *m = (struct run_metric){.unit = unit, .value = value};
    snprintf(m->name, sizeof m->name, "%s", name);
}

void measure_share(struct run *r, const char *name, double value, double n, double lower,
                   double upper)
{
    measure_add(r, name, "share", value);
    struct run_metric *m = &r->out->metrics[r->out->metrics_count - 1];
    m->interval = true;
    m->lower = lower;
    m->upper = upper;
    m->n = n;
}

static void gossip_sum(struct run *r, struct gossipsub_counts *sum)
{
    *sum = (struct gossipsub_counts){0};
    for (uint32_t i = 0; i < r->nodes; i++) {
        struct core *c = sim_is_up(r->sim, i) ? sim_core(r->sim, i) : NULL;
        if (c == NULL || core_gossipsub(c) == NULL)
            continue;
        const struct gossipsub_counts *k = gossipsub_counts(core_gossipsub(c));
#define X(field, name, help) sum->field += k->field;
        GOSSIPSUB_COUNTS(X)
#undef X
    }
}

void measure_begin(struct run *r)
{
    r->bytes_before = r->sampled_bytes = sim_stats(r->sim)->bytes;
    gossip_sum(r, &r->gossip_before);
}

void measure_sample(struct run *r)
{
    uint32_t up = 0;

    if (r->out->samples_count == RUN_SAMPLES_MAX)
        return;
    for (uint32_t i = 0; i < r->nodes; i++)
        up += sim_is_up(r->sim, i);
    r->out->samples[r->out->samples_count++] =
        (struct run_sample){.t_s = (double)(sim_now(r->sim) - run_begin_ns(r)) / 1e9,
                            .published = (double)(r->messages_count - r->sampled_messages),
                            .delivered = (double)(r->delivered - r->sampled_deliveries),
                            .bytes = (double)(sim_stats(r->sim)->bytes - r->sampled_bytes),
                            .up = up};
    r->sampled_messages = r->messages_count;
    r->sampled_deliveries = r->delivered;
    r->sampled_bytes = sim_stats(r->sim)->bytes;
}

/* The mean degree; 0: nobody relays. */
static double mesh(struct run *r)
{
    double sum = 0, count = 0;

    for (uint32_t i = 0; i < r->nodes; i++) {
        struct core *c = sim_is_up(r->sim, i) ? sim_core(r->sim, i) : NULL;
        struct gossipsub_topic_view v;
        size_t cursor = 0;
        while (c != NULL && core_gossipsub(c) != NULL &&
               gossipsub_topic_next(core_gossipsub(c), &cursor, &v))
            if (v.subscribed) {
                sum += v.mesh;
                count++;
            }
    }
    if (count <= 0)
        return 0;
    measure_add(r, "mesh.degree", "peers", sum / count);
    return sum / count;
}

/* IWANTs for each delivery. */
static double gossip(struct run *r, double node_s)
{
    struct gossipsub_counts now;
    const struct gossipsub_counts *b = &r->gossip_before;

    gossip_sum(r, &now);
    double received = (double)now.received - (double)b->received;
    if (received > 0)
        measure_add(r, "gossip.duplicates_per_delivery", "copies",
                    ((double)now.duplicates - (double)b->duplicates) / received);
    measure_add(r, "gossip.transmissions", "copies",
                (double)now.sent_messages - (double)b->sent_messages);
    measure_add(r, "gossip.ihave", "per node and s",
                ((double)now.sent_ihave - (double)b->sent_ihave) / node_s);
    measure_add(r, "gossip.iwant", "per node and s",
                ((double)now.sent_iwant - (double)b->sent_iwant) / node_s);
    measure_add(r, "gossip.graft", "per node and s",
                ((double)now.sent_graft - (double)b->sent_graft) / node_s);
    return received > 0 ? ((double)now.sent_iwant - (double)b->sent_iwant) / received : 0;
}

static void stems(struct run *r)
{
    double failsafe = 0, direct = 0;

    for (uint32_t i = 0; i < r->nodes; i++) {
        const struct stem_counters *k =
            sim_is_up(r->sim, i) ? core_stem(sim_core(r->sim, i)) : NULL;
        failsafe += k != NULL ? (double)k->failsafe : 0;
        direct += k != NULL ? (double)k->direct : 0;
    }
    measure_add(r, "stem.failsafe", "messages", failsafe);
    measure_add(r, "stem.direct", "messages", direct);
}

static void delivery(struct run *r)
{
    double lower, upper, got = (double)(r->owed - r->missing);
    double ratio = r->owed > 0 ? got / (double)r->owed : 0;

    num_wilson95(ratio, (double)r->owed, &lower, &upper);
    measure_share(r, "delivery.ratio", ratio, (double)r->owed, lower, upper);
    measure_add(r, "delivery.missing", "deliveries", (double)r->missing);
    measure_add(r, "delivery.twice", "deliveries", (double)r->twice);
    if (r->light_owed > 0)
        measure_add(r, "delivery.light_ratio", "share",
                    (double)r->light_delivered / (double)r->light_owed);
    measure_add(r, "messages.published", "messages", r->messages_count);
    measure_add(r, "messages.refused", "messages", (double)r->refused);
    measure_add(r, "queries.asked", "queries", (double)r->queries);
    measure_add(r, "queries.refused", "queries", (double)r->query_errors);
}

void measure_end(struct run *r)
{
    static const struct {
        const char *name;
        double part;
    } quantiles[] = {
        {"latency.p50", .5}, {"latency.p90", .9}, {"latency.p95", .95}, {"latency.p99", .99}};
    const struct histogram *h = &r->out->latency;
    double node_s = (double)r->nodes * r->sc->net_seconds;
    double bytes = (double)(sim_stats(r->sim)->bytes - r->bytes_before);

    delivery(r);
    for (size_t i = 0; i < 4; i++)
        measure_add(r, quantiles[i].name, "ms",
                    (double)histogram_quantile(h, quantiles[i].part) / 1e6);
    measure_add(r, "latency.mean", "ms", h->all > 0 ? (double)h->sum_ns / (double)h->all / 1e6 : 0);
    measure_add(r, "latency.max", "ms", (double)h->max_ns / 1e6);
    measure_add(r, "bytes.per_node_s", "bytes each way", bytes / node_s);
    if (r->messages_count > 0)
        measure_add(r, "bytes.per_message_node", "bytes",
                    bytes / (double)r->messages_count / r->nodes);
    double iwants = gossip(r, node_s), degree = mesh(r);
    closed_measure(r, degree, iwants);
    stems(r);
}
