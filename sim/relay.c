#include "sim/relay.h"

#include "store/archive.h"

#include <stdio.h>
#include <stdlib.h>

#define MARGIN_NS    (10 * NS_PER_S)
#define AWAY_NS      (20 * NS_PER_S) /* of a node that leaves */
#define RECONNECT_NS NS_PER_S        /* after a peer was lost */

enum purpose {
    WHOM,
    WHO_LEAVES,
    WHO_SPEAKS,
    WHAT
};

struct run {
    const struct relay_scenario *sc;
    struct sim *sim;
    struct check_delivery *check;
    uint16_t shard;
    uint32_t *lost;  /* by node: peers to replace */
    bool *left_once; /* by node */
    uint8_t *side;
    bool parted;
    uint64_t refused, spoken;
    struct step *steps;
};

struct step { /* argument of a scenario call; kept until the end of the run */
    struct run *run;
    uint32_t node;
    struct step *next;
};

static struct step *step(struct run *r, uint32_t node)
{
    struct step *s = malloc(sizeof *s);
    if (s == NULL)
        abort();
    *s = (struct step){r, node, r->steps};
    r->steps = s;
    return s;
}

static void at(struct run *r, int64_t ns, void (*fn)(void *), uint32_t node)
{
    if (sim_at(r->sim, ns, fn, step(r, node)) != OK)
        abort();
}

static void connect_some(struct run *r, uint32_t node, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t other = (uint32_t)sim_random(r->sim, WHOM, sim_nodes(r->sim));
        for (uint32_t tries = 0; tries < 100 && (other == node || !sim_is_up(r->sim, other));
             tries++)
            other = (uint32_t)sim_random(r->sim, WHOM, sim_nodes(r->sim));
        sim_connect(r->sim, node, other);
    }
}

static void reconnect(void *ctx)
{
    struct step *s = ctx;
    struct run *r = s->run;

    if (sim_is_up(r->sim, s->node)) {
        connect_some(r, s->node, r->lost[s->node]);
        r->lost[s->node] = 0;
    }
}

static void on_event(void *ctx, struct sim *s, uint32_t node, const struct core_event *ev)
{
    struct run *r = ctx;

    if (ev->kind == CORE_EVENT_PEER_DOWN && r->lost[node]++ == 0)
        at(r, sim_now(s) + RECONNECT_NS, reconnect, node);
}

static void come_back(void *ctx)
{
    struct step *s = ctx;
    struct run *r = s->run;

    if (sim_restart(r->sim, s->node) == OK) {
        r->lost[s->node] = 0;
        connect_some(r, s->node, r->sc->degree);
    }
}

static void leave(void *ctx)
{
    const struct step *s = ctx;
    struct run *r = s->run;
    uint32_t node = (uint32_t)sim_random(r->sim, WHO_LEAVES, sim_nodes(r->sim));

    if (!sim_is_up(r->sim, node))
        return;
    r->left_once[node] = true;
    sim_crash(r->sim, node);
    at(r, sim_now(r->sim) + AWAY_NS, come_back, node);
}

static void speak(void *ctx)
{
    const struct step *s = ctx;
    struct run *r = s->run;
    uint32_t node = (uint32_t)sim_random(r->sim, WHO_SPEAKS, sim_nodes(r->sim));
    uint8_t *payload = calloc(1, r->sc->payload_bytes + 8);

    if (payload == NULL)
        abort();
    memcpy(payload, &r->spoken, sizeof r->spoken);
    r->spoken++;
    while (!sim_is_up(r->sim, node))
        node = (node + 1) % sim_nodes(r->sim);
    struct core_message m = {.payload = span_of(payload, r->sc->payload_bytes + 8),
                             .content_topic = SPAN_LIT("/sim/1/relay/bin")};
    if (!r->parted && sim_publish(r->sim, node, SPAN_EMPTY, &m) != OK)
        r->refused++;
    free(payload);
}

static void cut(void *ctx)
{
    struct step *s = ctx;

    s->run->parted = true;
    sim_partition(s->run->sim, s->run->side);
}

static void heal(void *ctx)
{
    struct step *s = ctx;

    sim_partition(s->run->sim, NULL);
}

static void speak_again(void *ctx)
{
    struct step *s = ctx;

    s->run->parted = false;
}

static enum err add_nodes(struct run *r)
{
    static const uint16_t all[] = {0};
    const struct relay_scenario *sc = r->sc;
    struct core_config config = {.agent_version = "sim",
                                 .cluster = 66,
                                 .shards_in_network = 1,
                                 .shards = all,
                                 .shards_count = 1,
                                 .hashes = true,
                                 .relay = true,
                                 .message_bytes_max = 153600,
                                 .store_queue_bytes = 64u << 20,
                                 .store_page_max = 100,
                                 .connections_max = 300,
                                 .connections_per_ip = 300};
    uint32_t node;

    for (uint32_t i = 0; i < sc->nodes; i++)
        TRY(sim_add_node(r->sim, &config, sc->store && i % 10 == 0, &node));
    for (uint32_t i = 0; i < sc->nodes; i++)
        connect_some(r, i, sc->degree);
    return OK;
}

static void plan(struct run *r)
{
    const struct relay_scenario *sc = r->sc;
    int64_t begin = sc->warm_up_s * NS_PER_S, end = begin + sc->seconds * NS_PER_S;
    int64_t leavers = (int64_t)sc->nodes * sc->churn_percent / 100;

    for (int64_t k = 0, n = sc->per_minute * sc->seconds / 60; k < n; k++)
        at(r, begin + k * (end - begin) / n, speak, 0);
    if (leavers > 0)
        for (int64_t t = begin; t < end; t += 60 * NS_PER_S / leavers)
            at(r, t, leave, 0);
    if (sc->partition_from_s > 0) {
        int64_t from = begin + sc->partition_from_s * NS_PER_S;
        at(r, from, cut, 0);
        at(r, from + sc->partition_for_s * NS_PER_S, heal, 0);
        at(r, from + (sc->partition_for_s + 15) * NS_PER_S, speak_again, 0);
    }
}

static uint64_t fewest_archived(struct run *r)
{
    uint64_t fewest = UINT64_MAX;

    for (uint32_t i = 0; i < sim_nodes(r->sim); i += 10) {
        struct archive_stats st;
        if (!r->left_once[i] && sim_archive(r->sim, i) != NULL &&
            archive_stats(sim_archive(r->sim, i), &st) == OK && st.entries < fewest)
            fewest = st.entries;
    }
    return fewest;
}

static enum err run_all(struct run *r, struct relay_result *out)
{
    const struct relay_scenario *sc = r->sc;
    struct sim_params params = {sc->seed,   sc->tier, sc->nodes, sc->trace,
                                UINT32_MAX, sc->link, NULL,      NULL};
    struct sim_watcher watcher = {.ctx = r, .event = on_event};

    TRY(check_delivery_new(&r->check, sc->nodes, MARGIN_NS));
    TRY(sim_new(&r->sim, &params));
    watcher.ctx = r;
    sim_watch(r->sim, &watcher);
    struct sim_watcher checker = check_delivery_watcher(r->check);
    sim_watch(r->sim, &checker);
    TRY(add_nodes(r));
    plan(r);
    for (uint32_t i = 0; i < sc->nodes; i++)
        r->side[i] = (uint8_t)(i % 2);
    sim_run(r->sim, (sc->warm_up_s + sc->seconds + 15) * NS_PER_S);
    check_delivery_report(r->check, r->sim, &out->delivery);
    out->digest = sim_digest(r->sim);
    out->stats = *sim_stats(r->sim);
    out->refused = r->refused;
    out->archived_min = sc->store ? fewest_archived(r) : 0;
    return OK;
}

enum err relay_run(const struct relay_scenario *scenario, struct relay_result *out)
{
    if (scenario->nodes < 2 || scenario->seconds <= 0)
        return ERR_ARGUMENT;
    struct run r = {.sc = scenario};

    *out = (struct relay_result){0};
    r.lost = calloc(scenario->nodes, sizeof *r.lost);
    r.left_once = calloc(scenario->nodes, sizeof *r.left_once);
    r.side = calloc(scenario->nodes, 1);
    enum err err =
        r.lost == NULL || r.left_once == NULL || r.side == NULL ? ERR_MEMORY : run_all(&r, out);
    sim_free(r.sim);
    while (r.steps != NULL) {
        struct step *s = r.steps;
        r.steps = s->next;
        free(s);
    }
    check_delivery_free(r.check);
    free(r.lost);
    free(r.left_once);
    free(r.side);
    return err;
}
