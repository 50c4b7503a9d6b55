#include "sim/check_delivery.h"

#include "crypto/base/map.h"

#include <stdio.h>
#include <stdlib.h>

struct life { /* one time that a node was up */
    int64_t from_ns, to_ns;
};

struct node_lives {
    struct life *list;
    size_t count;
};

struct message {
    int64_t at_ns;
    uint32_t from;
    uint8_t *got; /* by node: how often */
};

struct check_delivery {
    uint32_t nodes_max;
    int64_t margin_ns;
    struct map messages; /* hash -> struct message */
    struct node_lives *lives;
    int64_t *latencies;
    size_t latencies_count, latencies_cap;
};

static void *need(void *p)
{
    if (p == NULL) {
        fprintf(stderr, "sim: out of memory\n");
        exit(3);
    }
    return p;
}

enum err check_delivery_new(struct check_delivery **out, uint32_t nodes_max, int64_t margin_ns)
{
    static const uint8_t seed[16];
    struct check_delivery *c = calloc(1, sizeof *c);

    if (c == NULL)
        return ERR_MEMORY;
    c->nodes_max = nodes_max;
    c->margin_ns = margin_ns;
    map_init(&c->messages, seed, SIZE_MAX);
    c->lives = calloc(nodes_max, sizeof *c->lives);
    if (c->lives == NULL) {
        free(c);
        return ERR_MEMORY;
    }
    *out = c;
    return OK;
}

void check_delivery_free(struct check_delivery *c)
{
    struct message *m;
    size_t cursor = 0;

    if (c == NULL)
        return;
    while ((m = map_next(&c->messages, &cursor, NULL)) != NULL) {
        free(m->got);
        free(m);
    }
    for (uint32_t i = 0; i < c->nodes_max; i++)
        free(c->lives[i].list);
    map_clear(&c->messages);
    free(c->lives);
    free(c->latencies);
    free(c);
}

static struct message *message_of(struct check_delivery *c, const struct sim *s,
                                  const uint8_t hash[32], uint32_t node)
{
    struct message *m = map_get(&c->messages, span_of(hash, 32));

    if (m != NULL)
        return m;
    m = need(calloc(1, sizeof *m));
    m->got = need(calloc(c->nodes_max, 1));
    m->at_ns = sim_now(s);
    m->from = node;
    if (map_put(&c->messages, span_of(hash, 32), m) != OK)
        abort();
    return m;
}

/* The publisher is told of its own message too, before `published` is called. */
static void on_event(void *ctx, struct sim *s, uint32_t node, const struct core_event *ev)
{
    struct check_delivery *c = ctx;

    if (ev->kind != CORE_EVENT_MESSAGE)
        return;
    struct message *m = message_of(c, s, ev->hash, node);
    if (m->got[node] < UINT8_MAX)
        m->got[node]++;
    if (c->latencies_count == c->latencies_cap) {
        c->latencies_cap = c->latencies_cap == 0 ? 1024 : c->latencies_cap * 2;
        c->latencies = need(realloc(c->latencies, c->latencies_cap * sizeof *c->latencies));
    }
    c->latencies[c->latencies_count++] = sim_now(s) - m->at_ns;
}

static void on_published(void *ctx, struct sim *s, uint32_t node, const uint8_t hash[32])
{
    message_of(ctx, s, hash, node);
}

static void on_life(void *ctx, struct sim *s, uint32_t node, bool up)
{
    struct check_delivery *c = ctx;
    struct node_lives *l = &c->lives[node];

    if (up) {
        l->list = need(realloc(l->list, (l->count + 1) * sizeof *l->list));
        l->list[l->count++] = (struct life){sim_now(s), INT64_MAX};
    } else if (l->count > 0) {
        l->list[l->count - 1].to_ns = sim_now(s);
    }
}

struct sim_watcher check_delivery_watcher(struct check_delivery *c)
{
    return (struct sim_watcher){
        .ctx = c, .event = on_event, .published = on_published, .life = on_life};
}

static bool owes(const struct check_delivery *c, uint32_t node, const struct message *m)
{
    const struct node_lives *l = &c->lives[node];

    for (size_t i = 0; i < l->count; i++)
        if (l->list[i].from_ns <= m->at_ns - c->margin_ns &&
            l->list[i].to_ns >= m->at_ns + c->margin_ns)
            return true;
    return false;
}

static void judge(uint32_t node, const struct message *m, struct delivery_report *r)
{
    bool once = m->got[node] == 1;

    r->owed++;
    r->delivered += m->got[node] > 0;
    r->missing += m->got[node] == 0;
    r->twice += m->got[node] > 1;
    if (!once && r->first[0] == '\0')
        snprintf(r->first, sizeof r->first, "node %u got %u times what node %u published at %.3f s",
                 node, m->got[node], m->from, (double)m->at_ns / 1e9);
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

void check_delivery_report(struct check_delivery *c, const struct sim *s,
                           struct delivery_report *out)
{
    size_t cursor = 0;
    struct message *m;

    *out = (struct delivery_report){0};
    while ((m = map_next(&c->messages, &cursor, NULL)) != NULL) {
        if (m->at_ns + c->margin_ns > sim_now(s))
            continue;
        out->published++;
        for (uint32_t i = 0; i < sim_nodes(s); i++)
            if (owes(c, i, m))
                judge(i, m, out);
    }
    if (c->latencies_count == 0)
        return;
    qsort(c->latencies, c->latencies_count, sizeof *c->latencies, by_value);
    out->latency_p50_ns = c->latencies[c->latencies_count / 2];
    out->latency_p99_ns = c->latencies[c->latencies_count * 99 / 100];
    out->latency_max_ns = c->latencies[c->latencies_count - 1];
}
