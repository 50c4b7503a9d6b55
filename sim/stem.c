#include "sim/stem.h"

#include "net/waku/stem.h"

#include <stdlib.h>

#define MARGIN_NS  (10 * NS_PER_S)
#define LATENCY_MS 10000u /* of the histogram; more counts as that */

enum purpose {
    WHOM,
    WHO_SPIES,
    WHO_SPEAKS,
    HOW_FAR,
};

struct run {
    const struct stem_scenario *sc;
    struct sim *sim;
    struct check_delivery *check;
    struct attack_first *attack;
    bool *spy;
    int64_t *delay; /* [a * nodes + b] */
    uint32_t *author;
    int64_t *at_ns; /* by message */
    uint32_t spoken;
    uint64_t refused, bytes_before;
    uint32_t latency[LATENCY_MS + 1];
};

static int64_t delay_of(const void *ctx, uint32_t src, uint32_t dst)
{
    const struct run *r = ctx;

    return r->delay[(size_t)src * r->sc->nodes + dst];
}

static void speak(void *ctx)
{
    struct run *r = ctx;
    uint8_t payload[1024] = {0};
    struct core_message m = {.payload = span_of(payload, r->sc->payload_bytes),
                             .content_topic = SPAN_LIT("/sim/1/stem/bin")};
    uint32_t node;

    do
        node = (uint32_t)sim_random(r->sim, WHO_SPEAKS, r->sc->nodes);
    while (r->spy[node]);
    attack_mark(r->spoken, payload);
    r->author[r->spoken] = node;
    r->at_ns[r->spoken++] = sim_now(r->sim);
    if (sim_publish(r->sim, node, SPAN_EMPTY, &m) != OK)
        r->refused++;
}

/* The latency of a delivery, in a histogram of milliseconds. */
static void on_event(void *ctx, struct sim *s, uint32_t node, const struct core_event *ev)
{
    struct run *r = ctx;
    struct core_message m;
    uint32_t number;

    if (ev->kind != CORE_EVENT_MESSAGE || core_message_read(ev->message, &m) != OK)
        return;
    number = (uint32_t)m.payload.ptr[8] | (uint32_t)m.payload.ptr[9] << 8 |
             (uint32_t)m.payload.ptr[10] << 16;
    if (r->author[number] == node)
        return;
    int64_t ms = (sim_now(s) - r->at_ns[number]) / NS_PER_MS;
    r->latency[ms < LATENCY_MS ? ms : LATENCY_MS]++;
}

static int64_t percentile(const struct run *r, uint32_t percent)
{
    uint64_t all = 0, sum = 0;

    for (size_t i = 0; i <= LATENCY_MS; i++)
        all += r->latency[i];
    for (size_t i = 0; i <= LATENCY_MS; i++) {
        sum += r->latency[i];
        if (sum * 100 >= all * percent)
            return (int64_t)i * NS_PER_MS;
    }
    return 0;
}

static enum err add_nodes(struct run *r)
{
    static const uint16_t all[] = {0};
    const struct stem_scenario *sc = r->sc;
    struct core_config config = {.agent_version = "sim",
                                 .cluster = 66,
                                 .shards_in_network = 1,
                                 .shards = all,
                                 .shards_count = 1,
                                 .hashes = true,
                                 .relay = true,
                                 .lightpush = true,
                                 .stem = sc->stem,
                                 .flood_publish = sc->flood_publish,
                                 .message_bytes_max = 153600,
                                 .connections_max = 1000,
                                 .connections_per_ip = 1000};
    uint32_t node;

    for (uint32_t i = 0; i < sc->nodes; i++)
        TRY(sim_add_node(r->sim, &config, false, &node));
    return OK;
}

static enum err join(struct run *r)
{
    const struct stem_scenario *sc = r->sc;
    uint64_t spread = (uint64_t)(sc->delay_max_ns - sc->delay_min_ns) + 1;

    for (uint32_t a = 0; a < sc->nodes; a++)
        for (uint32_t b = 0; b < a; b++) {
            struct sim_link link = {.delay_ns = sc->delay_min_ns +
                                                (int64_t)sim_random(r->sim, HOW_FAR, spread),
                                    .jitter_ns = sc->jitter_ns};
            r->delay[(size_t)a * sc->nodes + b] = r->delay[(size_t)b * sc->nodes + a] =
                link.delay_ns;
            TRY(sim_link_between(r->sim, a, b, &link));
            TRY(sim_link_between(r->sim, b, a, &link));
        }
    for (uint32_t spies = 0; spies < sc->spies;) {
        uint32_t node = (uint32_t)sim_random(r->sim, WHO_SPIES, sc->nodes);
        spies += !r->spy[node];
        r->spy[node] = true;
    }
    for (uint32_t a = 0; a < sc->nodes; a++)
        for (uint32_t i = 0; i < sc->degree; i++) {
            uint32_t b = (uint32_t)sim_random(r->sim, WHOM, sc->nodes - 1);
            sim_connect(r->sim, a, b < a ? b : b + 1);
        }
    return OK;
}

static void count_stems(struct run *r, struct stem_result *out)
{
    for (uint32_t i = 0; i < r->sc->nodes; i++) {
        const struct stem_counters *k = core_stem(sim_core(r->sim, i));
        if (k == NULL)
            continue;
        out->failsafe += k->failsafe;
        out->direct += k->direct;
    }
}

static void note_bytes(void *ctx)
{
    struct run *r = ctx;

    r->bytes_before = sim_stats(r->sim)->bytes;
}

static enum err run_all(struct run *r, struct stem_result *out)
{
    const struct stem_scenario *sc = r->sc;
    struct sim_params params = {sc->seed, sc->tier, sc->nodes, false, UINT32_MAX, {0}, NULL, NULL};
    struct sim_watcher watcher = {.ctx = r, .event = on_event};
    int64_t begin = sc->warm_up_s * NS_PER_S, step = NS_PER_S / sc->per_s;

    TRY(check_delivery_new(&r->check, sc->nodes, MARGIN_NS));
    TRY(attack_first_new(&r->attack, sc->messages, r->spy, delay_of, r));
    TRY(sim_new(&r->sim, &params));
    sim_watch(r->sim, &watcher);
    struct sim_watcher checker = check_delivery_watcher(r->check);
    sim_watch(r->sim, &checker);
    struct sim_watcher spies = attack_first_watcher(r->attack);
    sim_watch(r->sim, &spies);
    TRY(add_nodes(r));
    TRY(join(r));
    TRY(sim_at(r->sim, begin, note_bytes, r));
    for (uint32_t i = 0; i < sc->messages; i++)
        TRY(sim_at(r->sim, begin + i * step, speak, r));
    sim_run(r->sim, begin + sc->messages * step + MARGIN_NS + NS_PER_S);
    attack_first_report(r->attack, r->author, &out->attack);
    check_delivery_report(r->check, r->sim, &out->delivery);
    out->latency_p50_ns = percentile(r, 50);
    out->latency_p95_ns = percentile(r, 95);
    out->bytes = sim_stats(r->sim)->bytes - r->bytes_before;
    out->refused = r->refused;
    out->digest = sim_digest(r->sim);
    count_stems(r, out);
    return OK;
}

enum err stem_run(const struct stem_scenario *scenario, struct stem_result *out)
{
    size_t nodes = scenario->nodes;
    struct run *r = calloc(1, sizeof *r);

    *out = (struct stem_result){0};
    if (r == NULL)
        return ERR_MEMORY;
    enum err err = ERR_ARGUMENT;
    r->sc = scenario;
    if (nodes >= 2 && scenario->spies < nodes && scenario->messages > 0 && scenario->per_s > 0 &&
        scenario->payload_bytes >= ATTACK_MARK_BYTES && scenario->payload_bytes <= 1024 &&
        scenario->delay_min_ns <= scenario->delay_max_ns) {
        r->spy = calloc(nodes, sizeof *r->spy);
        r->delay = calloc(nodes * nodes, sizeof *r->delay);
        r->author = calloc(scenario->messages, sizeof *r->author);
        r->at_ns = calloc(scenario->messages, sizeof *r->at_ns);
        bool whole = r->spy != NULL && r->delay != NULL && r->author != NULL && r->at_ns != NULL;
        err = whole ? run_all(r, out) : ERR_MEMORY;
    }
    sim_free(r->sim);
    check_delivery_free(r->check);
    attack_first_free(r->attack);
    free(r->spy);
    free(r->delay);
    free(r->author);
    free(r->at_ns);
    free(r);
    return err;
}
